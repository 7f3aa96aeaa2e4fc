//! What is remembered of the database, so that using a session or a token asks it nothing.
//!
//! Two things keep it true. A fact carries the moment it was read *as of*, and every change of a row moves the moment
//! *since when* facts about its [`Topic`] count: a fact from before is not used again, even one that a slow reader puts
//! here after the change. And facts are used only while this process is known to have heard of every change that others
//! committed; what it has not heard of for [`LEASE`], it does not know (`changes.rs` listens).
//!
//! Nothing here is written before its commit, and nothing that is remembered ever decides a redemption: the gates of the
//! grant ledger ask the database.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use super::changes::Topic;
use crate::protocol::client::Client;
use crate::protocol::grant::Grant;
use crate::protocol::ids::{ClientId, GrantId, SessionId, TokenId, UserId};
use crate::protocol::session::Session;
use crate::protocol::user::User;
use crate::store::Consent;

/// For how long facts are used after the last time that this process heard of everything that was committed.
pub(super) const LEASE: Duration = Duration::from_millis(500);

/// Topics share this many counters. Two that share one are forgotten together, which costs a read and nothing else.
const COUNTERS: usize = 1 << 14;

/// The memory of one process. Its size is bounded by the configuration, in bytes, roughly: what is used least goes first.
pub(super) struct Memory {
    /// Counts changes.
    moment: AtomicU64,
    /// Facts from before this moment are forgotten, whatever they are about.
    all_since: AtomicU64,
    /// For each counter, the moment since which facts about its topics count.
    since: Box<[AtomicU64]>,
    started: Instant,
    /// Until when facts are used, in nanoseconds since `started`; 0 while nobody listens.
    trusted_until: AtomicU64,
    pub clients: Shelf<ClientId, Client>,
    pub users: Shelf<UserId, User>,
    pub sessions: Shelf<SessionId, Session>,
    pub consents: Shelf<(UserId, ClientId), Consent>,
    pub grants: Shelf<GrantId, Grant>,
    pub tokens: Shelf<TokenId, OwnState>,
}

/// A moment: everything that was read from the database after it was taken is at least as new.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsOf(u64);

/// Facts of one kind.
pub(super) struct Shelf<K, T>(Cache<K, Kept<T>>);

struct Kept<T> {
    fact: Arc<T>,
    as_of: AsOf,
    /// The counters of what it is about.
    about: [u16; 3],
    weight: u32,
}

// Derived, it would ask for a T that can be cloned.
impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { fact: Arc::clone(&self.fact), ..*self }
    }
}

/// What became of an access token by itself.
pub(super) struct OwnState {
    pub id: TokenId,
    pub revoked: bool,
}

/// What a fact is about, and what it takes.
pub(super) trait Fact {
    /// A change of any of these makes it untrue.
    fn about(&self) -> [Topic<'_>; 3];
    /// Bytes beyond those of the type itself, roughly.
    fn extra(&self) -> usize;
}

impl<K: Hash + Eq + Send + Sync + 'static, T: Send + Sync + 'static> Shelf<K, T> {
    fn of(bytes: u64) -> Self {
        Self(Cache::builder().max_capacity(bytes).weigher(|_, kept: &Kept<T>| kept.weight).build())
    }

    /// Keeps a fact that was read, or committed, after `as_of` was taken.
    pub fn keep(&self, key: K, fact: &Arc<T>, as_of: AsOf)
    where
        T: Fact,
    {
        // The entry itself, its key, and what the cache keeps about it.
        let bytes = size_of::<T>() + size_of::<Kept<T>>() + fact.extra() + 200;
        let kept = Kept {
            fact: Arc::clone(fact),
            as_of,
            about: fact.about().map(|topic| counter_of(&topic)),
            weight: u32::try_from(bytes).unwrap_or(u32::MAX),
        };
        self.0.insert(key, kept);
    }

    /// Puts a newer form of a fact that is here in its place. It stays as old as it was: what was forgotten stays so.
    pub fn renew(&self, key: &K, fact: &Arc<T>)
    where
        K: Clone,
        T: Fact,
    {
        if let Some(kept) = self.0.get(key) {
            self.keep(key.clone(), fact, kept.as_of);
        }
    }
}

impl Memory {
    /// A memory of so many bytes, in which nothing is trusted yet.
    pub fn new(bytes: u64) -> Self {
        let share = |percent: u64| bytes / 100 * percent;
        Self {
            moment: AtomicU64::new(0),
            all_since: AtomicU64::new(0),
            since: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            started: Instant::now(),
            trusted_until: AtomicU64::new(0),
            clients: Shelf::of(share(15)),
            users: Shelf::of(share(20)),
            sessions: Shelf::of(share(20)),
            consents: Shelf::of(share(10)),
            grants: Shelf::of(share(25)),
            tokens: Shelf::of(share(10)),
        }
    }

    /// To be taken before a read whose result is to be kept.
    pub fn as_of(&self) -> AsOf {
        AsOf(self.moment.load(Ordering::SeqCst))
    }

    /// The fact, if it is here and can be trusted.
    pub fn recall<K, T>(&self, kind: &Shelf<K, T>, key: &K) -> Option<Arc<T>>
    where
        K: Hash + Eq + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let kept = kind.0.get(key)?;
        let newest = kept.about.iter().map(|counter| self.counter(*counter).load(Ordering::SeqCst));
        let known_since = newest.max().unwrap_or(0).max(self.all_since.load(Ordering::SeqCst));
        // Last: a lease that ends while the counters are read ends the use of what they say.
        (kept.as_of.0 >= known_since && self.is_trusted()).then_some(kept.fact)
    }

    /// Forgets what is known about these topics.
    pub fn forget(&self, topics: &[Topic<'_>]) {
        let now = self.next_moment();
        for topic in topics {
            match topic {
                Topic::Everything => self.all_since.fetch_max(now, Ordering::SeqCst),
                topic => self.counter(counter_of(topic)).fetch_max(now, Ordering::SeqCst),
            };
        }
    }

    fn next_moment(&self) -> u64 {
        self.moment.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn counter(&self, number: u16) -> &AtomicU64 {
        #[expect(clippy::indexing_slicing, reason = "counter_of makes no number beyond the last one")]
        &self.since[usize::from(number)]
    }

    /// This process has heard of everything that was committed before `moment`.
    pub fn trust_since(&self, moment: Instant) {
        let until = moment.saturating_duration_since(self.started).saturating_add(LEASE);
        self.trusted_until.fetch_max(nanoseconds(until), Ordering::SeqCst);
    }

    /// May what is remembered be used?
    pub fn is_trusted(&self) -> bool {
        nanoseconds(self.started.elapsed()) < self.trusted_until.load(Ordering::SeqCst)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn counter_of(topic: &Topic<'_>) -> u16 {
    let mut hasher = DefaultHasher::new();
    topic.hash(&mut hasher);
    #[expect(clippy::cast_possible_truncation, reason = "a remainder by a number below 2^16")]
    let number = (hasher.finish() % COUNTERS as u64) as u16;
    number
}

impl Fact for Client {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.id).into(), (&self.id).into()]
    }
    fn extra(&self) -> usize {
        // Many short lists and texts; what a registration of usual size takes, and what can be large.
        let metadata = &self.metadata;
        let addresses = metadata.redirect_uris.iter().chain(&metadata.post_logout_redirect_uris);
        let keys = metadata.jwks.as_ref().map_or(0, |jwks| jwks.to_string().len());
        2048 + 2 * addresses.map(String::len).sum::<usize>() + 4 * keys
    }
}

impl Fact for User {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.id).into(), (&self.id).into()]
    }
    fn extra(&self) -> usize {
        let texts = [&self.email, &self.name, &self.password_hash];
        512 + self.username.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

impl Fact for Session {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.user_id).into(), (&self.user_id).into()]
    }
    fn extra(&self) -> usize {
        300 + self.user_agent.len()
    }
}

impl Fact for Consent {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.user_id).into(), (&self.client_id).into(), (&self.client_id).into()]
    }
    fn extra(&self) -> usize {
        200 + 2 * self.scope.to_string().len()
    }
}

impl Fact for Grant {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.user_id).into(), (&self.client_id).into()]
    }
    fn extra(&self) -> usize {
        500 + 2 * self.scope.to_string().len()
    }
}

impl Fact for OwnState {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.id).into(), (&self.id).into()]
    }
    fn extra(&self) -> usize {
        2 * self.id.as_str().len()
    }
}
