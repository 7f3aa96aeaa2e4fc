//! What is remembered of the database, so that using a session or a token asks it nothing.
//!
//! Two things keep it true. A fact carries the moment it was read *as of*, and every change of a row moves the moment
//! *since when* facts about its [`Topic`] count: a fact from before is not used again, even one that a slow reader puts
//! here after the change. And facts are used only while this process is known to have heard of every change that others
//! committed; what it has not heard of for [`LEASE`], it does not know (`changes.rs` listens).
//!
//! Nothing here is written before its commit, and nothing that is remembered ever decides a redemption: the gates of the
//! grant ledger ask the database.

use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::fast::{FixedState, RandomState};
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use serde_json::Value;

use super::changes::Topic;
use crate::protocol::client::Client;
use crate::protocol::grant::Grant;
use crate::protocol::group::Memberships;
use crate::protocol::ids::{ClientId, GrantId, SessionId, TokenId, UserId};
use crate::protocol::scope_definition::{Definitions, ScopeDefinition};
use crate::protocol::session::Session;
use crate::protocol::user::User;
use crate::store::{Consent, DirectoryGroups, Sorts, StoredUpstream, StoredUpstreams};

/// For how long facts are used after the last time that this process heard of everything that was committed.
pub(super) const LEASE: Duration = Duration::from_millis(500);

/// Bytes of the sorts of imported password hashes, beside the memory's own: there are a few of some hundred bytes.
const LARGEST_SORTS: u64 = 64 << 10;

/// The same for upstream providers: there are 50 at most, whose descriptions are bounded.
const LARGEST_UPSTREAMS: u64 = 8 << 20;
/// Bytes of the definitions of scopes, beside the memory's own: mostly some kilobytes, and what the rules allow at most.
const LARGEST_DEFINITIONS: u64 = 64 << 20;

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
    pub memberships: Shelf<UserId, Memberships>,
    pub directory_groups: Shelf<UserId, DirectoryGroups>,
    pub sessions: Shelf<SessionId, Session>,
    pub consents: Shelf<(UserId, ClientId), Consent>,
    pub grants: Shelf<GrantId, Grant>,
    pub tokens: Shelf<TokenId, OwnState>,
    pub sorts: Shelf<(), Sorts>,
    pub upstreams: Shelf<(), StoredUpstreams>,
    pub definitions: Shelf<(), Definitions>,
}

/// A moment: everything that was read from the database after it was taken is at least as new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(u64);

/// Facts of one kind. Their ids are this server's or an administrator's, so a quick hash does: nobody else can choose ids that
/// meet.
pub(super) struct Shelf<K, T>(Cache<K, Kept<T>, ByWeight, RandomState>);

/// A shelf is full by the bytes on it.
#[derive(Clone)]
struct ByWeight;

impl<K, T> Weighter<K, Kept<T>> for ByWeight {
    fn weight(&self, _: &K, kept: &Kept<T>) -> u64 {
        kept.weight
    }
}

/// What a fact takes in the mean, roughly: it only decides into how many parts a shelf is divided.
const USUAL_WEIGHT: u64 = 1_000;

struct Kept<T> {
    fact: Arc<T>,
    as_of: AsOf,
    /// The counters of what it is about.
    about: [u16; 3],
    weight: u64,
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
        let facts = usize::try_from(bytes / USUAL_WEIGHT).unwrap_or(usize::MAX);
        Self(Cache::with(facts, bytes, ByWeight, RandomState::default(), DefaultLifecycle::default()))
    }

    /// A shelf of one fact, which may be as large as the shelf: nothing is divided.
    fn of_one(bytes: u64) -> Self {
        Self(Cache::with(1, bytes, ByWeight, RandomState::default(), DefaultLifecycle::default()))
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
            weight: u64::try_from(bytes).unwrap_or(u64::MAX),
        };
        self.0.insert(key, kept);
    }

    /// Changes a fact that is here in a detail. It stays as old as it was: what was forgotten stays so. The change is made
    /// to what is here and not to what somebody read before: that may not know of an end yet.
    pub fn renew(&self, key: &K, change: impl FnOnce(&T) -> T)
    where
        K: Clone,
        T: Fact,
    {
        if let Some(kept) = self.0.get(key) {
            self.keep(key.clone(), &Arc::new(change(&kept.fact)), kept.as_of);
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
            users: Shelf::of(share(15)),
            memberships: Shelf::of(share(3)),
            directory_groups: Shelf::of(share(2)),
            sessions: Shelf::of(share(20)),
            consents: Shelf::of(share(10)),
            grants: Shelf::of(share(25)),
            tokens: Shelf::of(share(10)),
            // One fact each.
            sorts: Shelf::of_one(LARGEST_SORTS),
            upstreams: Shelf::of_one(LARGEST_UPSTREAMS),
            definitions: Shelf::of_one(LARGEST_DEFINITIONS),
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
        self.counts(&kept.about, kept.as_of).then_some(kept.fact)
    }

    /// May what was read as of then about this topic still be used?
    pub fn still_knows(&self, topic: &Topic<'_>, as_of: AsOf) -> bool {
        self.counts(&[counter_of(topic)], as_of)
    }

    fn counts(&self, about: &[u16], as_of: AsOf) -> bool {
        // First: a lease that was over when the counters were read, and that somebody renewed meanwhile with the news of what
        // they do not say yet, must not count.
        let trusted_until = self.trusted_until.load(Ordering::SeqCst);
        let newest = about.iter().map(|counter| self.counter(*counter).load(Ordering::SeqCst));
        let known_since = newest.max().unwrap_or(0).max(self.all_since.load(Ordering::SeqCst));
        // Last: a lease that ends while the counters are read ends the use of what they say.
        let is_trusted = nanoseconds(self.started.elapsed()) < trusted_until;
        as_of.0 >= known_since && is_trusted
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
    let hash = FixedState::default().hash_one(topic);
    #[expect(clippy::cast_possible_truncation, reason = "a remainder by a number below 2^16")]
    let number = (hash % COUNTERS as u64) as u16;
    number
}

impl Fact for Client {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.id).into(), (&self.id).into(), (&self.id).into()]
    }
    fn extra(&self) -> usize {
        // Many short lists and texts; what a registration of usual size takes, and what can be large.
        let metadata = &self.metadata;
        let addresses = metadata
            .redirect_uris
            .iter()
            .chain(&metadata.post_logout_redirect_uris)
            .chain(&metadata.request_uris);
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

impl Fact for Sorts {
    fn about(&self) -> [Topic<'_>; 3] {
        [Topic::ImportedHashes, Topic::ImportedHashes, Topic::ImportedHashes]
    }
    fn extra(&self) -> usize {
        self.decoys.iter().map(|decoy| 24 + decoy.len()).sum()
    }
}

impl Fact for StoredUpstreams {
    fn about(&self) -> [Topic<'_>; 3] {
        [Topic::Upstreams, Topic::Upstreams, Topic::Upstreams]
    }
    fn extra(&self) -> usize {
        let texts = |row: &StoredUpstream| row.settings.len() + row.secret.as_ref().map_or(0, String::len);
        self.0.iter().map(|row| 200 + texts(row)).sum()
    }
}

impl Fact for Definitions {
    fn about(&self) -> [Topic<'_>; 3] {
        [Topic::Scopes, Topic::Scopes, Topic::Scopes]
    }
    fn extra(&self) -> usize {
        let text = |text: &String| 24 + text.len();
        let of = |scope: &ScopeDefinition| {
            let texts: usize = scope.localized.iter().map(|(key, value)| 100 + text(key) + text(value)).sum();
            // A fixed value as JSON is a tree of small pieces.
            let claims: usize = scope.claims.iter().map(|mapping| 2000 + text(&mapping.claim)).sum();
            size_of::<ScopeDefinition>()
                + text(&scope.name)
                + text(&scope.title)
                + text(&scope.description)
                + texts
                + claims
        };
        self.iter().map(of).sum()
    }
}

impl Fact for Memberships {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.user_id).into(), Topic::Groups, Topic::Groups]
    }
    fn extra(&self) -> usize {
        100 + self.groups.iter().map(|group| 100 + group.name.len()).sum::<usize>()
    }
}

impl Fact for DirectoryGroups {
    fn about(&self) -> [Topic<'_>; 3] {
        [(&self.user).into(), (&self.user).into(), (&self.user).into()]
    }
    fn extra(&self) -> usize {
        100 + self.names.iter().map(|name| 24 + name.len()).sum::<usize>()
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
        let wishes = self.claims.userinfo.iter().chain(&self.claims.id_token);
        let claims =
            wishes.map(|(name, wish)| 200 + name.len() + wish.values.iter().map(bytes_of).sum::<usize>());
        500 + 2 * self.scope.to_string().len() + claims.sum::<usize>()
    }
}

/// What a client's JSON takes: many times its text, where it is a tree of small pieces.
fn bytes_of(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(values) => 100 + values.iter().map(bytes_of).sum::<usize>(),
            // A node of a tree has room for eleven.
            Value::Object(members) => {
                700 + members.iter().map(|(name, value)| 24 + name.len() + bytes_of(value)).sum::<usize>()
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{AsOf, Fact, LEASE, Memory, OwnState, Shelf};
    use crate::protocol::claims_request::ClaimsRequest;
    use crate::protocol::grant::Grant;
    use crate::protocol::ids::{SessionId, TokenId};
    use crate::protocol::scope::Scope;
    use crate::protocol::scope_definition::Definitions;
    use crate::protocol::session::Session;
    use crate::protocol::timestamp::Timestamp;
    use crate::store::changes::Topic;

    /// A row, as it was after so many changes.
    struct Version {
        id: TokenId,
        number: u64,
    }

    /// With another detail.
    fn renewed(version: &Version) -> Version {
        Version { id: version.id.clone(), ..*version }
    }

    impl Fact for Version {
        fn about(&self) -> [Topic<'_>; 3] {
            [(&self.id).into(), (&self.id).into(), (&self.id).into()]
        }
        fn extra(&self) -> usize {
            0
        }
    }

    fn version(number: u64) -> Arc<Version> {
        Arc::new(Version { id: "row".into(), number })
    }

    fn trusted() -> (Memory, Shelf<TokenId, Version>) {
        let memory = Memory::new(1 << 20);
        memory.trust_since(Instant::now());
        (memory, Shelf::of(1 << 20))
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        TakeMoment(usize),
        Load(usize),
        Keep(usize),
        Renew,
        Commit,
        Forget,
        ForgetEverything,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let reader = 0..3_usize;
        let step = prop_oneof![
            2 => reader.clone().prop_map(Step::TakeMoment),
            2 => reader.clone().prop_map(Step::Load),
            3 => reader.prop_map(Step::Keep),
            2 => Just(Step::Renew),
            2 => Just(Step::Commit),
            2 => Just(Step::Forget),
            1 => Just(Step::ForgetEverything),
        ];
        prop::collection::vec(step, 0..60)
    }

    #[derive(Default)]
    struct Reader {
        as_of: Option<AsOf>,
        loaded: Option<Arc<Version>>,
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn whatever_the_order_nothing_older_than_the_last_change_that_was_answered_is_recalled(steps in steps()) {
            let (memory, shelf) = trusted();
            let (row, mut readers) = (TokenId::from("row"), [(); 3].map(|()| Reader::default()));
            let (mut stored, mut answered) = (0, 0);
            for step in steps {
                match step {
                    Step::TakeMoment(reader) => {
                        readers[reader] = Reader { as_of: Some(memory.as_of()), ..Reader::default() };
                    }
                    Step::Load(reader) if readers[reader].as_of.is_some() => {
                        readers[reader].loaded = Some(version(stored));
                    }
                    Step::Keep(reader) => {
                        if let Reader { as_of: Some(as_of), loaded: Some(loaded), .. } = &readers[reader] {
                            shelf.keep(row.clone(), loaded, *as_of);
                        }
                    }
                    Step::Renew => shelf.renew(&row, renewed),
                    Step::Commit => stored += 1,
                    Step::Forget => {
                        memory.forget(&[(&row).into()]);
                        answered = stored;
                    }
                    Step::ForgetEverything => {
                        memory.forget(&[Topic::Everything]);
                        answered = stored;
                    }
                    Step::Load(_) => {}
                }
                let recalled = memory.recall(&shelf, &row).map(|version| version.number);
                prop_assert!(recalled.is_none_or(|number| number >= answered), "{recalled:?} of {answered}");
            }
        }
    }

    #[test]
    fn readers_and_writers_at_once_recall_nothing_older_than_what_was_answered() {
        let (memory, shelf) = trusted();
        let (stored, answered, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let (row, recalled) = (TokenId::from("row"), AtomicU64::new(0));
        std::thread::scope(|threads| {
            let reader = || {
                while !over.load(Ordering::SeqCst) {
                    let floor = answered.load(Ordering::SeqCst);
                    if let Some(known) = memory.recall(&shelf, &row) {
                        assert!(known.number >= floor, "{} after {floor} was answered", known.number);
                        shelf.renew(&row, renewed);
                        recalled.fetch_add(1, Ordering::SeqCst);
                    } else {
                        let as_of = memory.as_of();
                        let read = version(stored.load(Ordering::SeqCst));
                        shelf.keep(row.clone(), &read, as_of);
                    }
                }
            };
            let readers = [threads.spawn(reader), threads.spawn(reader), threads.spawn(reader)];
            let (begun, mut number) = (Instant::now(), 0);
            // A writer on a busy machine may have done all of it before a reader has its first turn.
            let nobody_read =
                || recalled.load(Ordering::SeqCst) == 0 && begun.elapsed() < Duration::from_secs(20);
            while number < 2_000 || nobody_read() {
                number += 1;
                memory.trust_since(Instant::now());
                stored.store(number, Ordering::SeqCst);
                memory.forget(&[(&row).into()]);
                answered.store(number, Ordering::SeqCst);
                std::thread::yield_now();
            }
            over.store(true, Ordering::SeqCst);
            for reader in readers {
                reader.join().unwrap();
            }
        });
        assert!(recalled.into_inner() > 0, "nothing was ever recalled");
    }

    #[test]
    fn the_one_fact_of_a_shelf_may_nearly_fill_it() {
        struct Large;
        impl Fact for Large {
            fn about(&self) -> [Topic<'_>; 3] {
                [Topic::Scopes, Topic::Scopes, Topic::Scopes]
            }
            fn extra(&self) -> usize {
                9 << 19
            }
        }
        let memory = Memory::new(1 << 20);
        memory.trust_since(Instant::now());
        let shelf = Shelf::of_one(5 << 20);
        for _ in 0..2 {
            shelf.keep((), &Arc::new(Large), memory.as_of());
            assert!(memory.recall(&shelf, &()).is_some());
            memory.forget(&[Topic::Scopes]);
            assert!(memory.recall(&shelf, &()).is_none());
        }
    }

    #[test]
    fn nothing_is_recalled_before_anybody_listens_or_after_the_lease() {
        let (memory, row) = (Memory::new(1 << 20), TokenId::from("row"));
        let shelf = Shelf::of(1 << 20);
        shelf.keep(row.clone(), &version(0), memory.as_of());
        assert!(memory.recall(&shelf, &row).is_none());
        memory.trust_since(Instant::now());
        assert!(memory.recall(&shelf, &row).is_some());
        std::thread::sleep(LEASE);
        assert!(memory.recall(&shelf, &row).is_none());
        memory.trust_since(Instant::now());
        assert!(memory.recall(&shelf, &row).is_some(), "heard again, and nothing changed");
    }

    #[test]
    fn a_hundred_thousand_facts_take_no_more_than_the_memory_that_is_theirs() {
        let bytes = 1 << 20;
        let memory = Memory::new(bytes);
        let mut most = 0;
        for number in 0..100_000 {
            let id = SessionId::from(format!("session {number}"));
            let session = Session {
                id: id.clone(),
                secret_hash: "hash".repeat(16),
                user_id: format!("user {number}").as_str().into(),
                active: true,
                auth_time: Timestamp(0),
                methods: "pwd".to_owned(),
                acr: String::new(),
                remembered: false,
                ip: "192.0.2.1".to_owned(),
                user_agent: "browser".repeat(number % 50),
                created_at: Timestamp(0),
                last_seen_at: Timestamp(0),
                expires_at: Timestamp(1),
            };
            memory.sessions.keep(id, &Arc::new(session), memory.as_of());
            let token = TokenId::from(format!("token {number}"));
            let state = OwnState { id: token.clone(), revoked: false };
            memory.tokens.keep(token, &Arc::new(state), memory.as_of());
            if number % 1_000 == 0 {
                most = most.max(memory.sessions.0.weight() + memory.tokens.0.weight());
            }
        }
        assert!((bytes / 10..=bytes).contains(&most), "{most} of {bytes} bytes");
        assert!(memory.sessions.0.len() > 50, "and it is put to use");
    }

    #[test]
    fn what_a_client_asks_for_weighs_at_least_what_it_takes() {
        let grant = |claims: &Value| Grant {
            id: "grant".into(),
            client_id: "client".into(),
            user_id: "user".into(),
            session_id: "session".into(),
            consent_id: None,
            offline: false,
            scope: Scope::default(),
            claims: ClaimsRequest::parse(&claims.to_string(), &Definitions::none()).unwrap(),
            auth_time: Timestamp(0),
            acr: String::new(),
            amr: String::new(),
            secret: String::new(),
            dpop_jkt: None,
            generation: 0,
            rotated_at: Timestamp(0),
            active: true,
            created_at: Timestamp(0),
            expires_at: Timestamp(1),
        };
        for (values, least) in [
            (json!(vec![0; 4_000]), 4_000 * size_of::<Value>()),
            (json!(vec![json!([]); 2_000]), 2_000 * size_of::<Value>()),
            (json!(vec![json!([0]); 2_000]), 2_000 * 5 * size_of::<Value>()),
            (json!(vec![json!({ "a": 0 }); 900]), 900 * 11 * (size_of::<String>() + size_of::<Value>())),
            (json!(["x".repeat(8_000)]), 8_000),
        ] {
            let weight = grant(&json!({ "id_token": { "acr": { "values": values } } })).extra();
            assert!(weight >= least, "{weight} of {least}");
        }
        assert!(grant(&json!({})).extra() < 1_000);
    }
}
