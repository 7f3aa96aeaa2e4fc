//! The keys of this deployment in memory: signs, verifies, and answers the JWKS without asking the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use zeroize::Zeroizing;

use super::jwe::{DecryptError, Jwe};
use super::jws::{Jws, SignError, VerifyError};
use super::key::{self, DecryptionKey, KeyAlg, OwnKey, UnusableKey};
use super::rotation::{KeyState, KeyTimes, next_activation, state};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::protocol::client::{ClientMetadata, SigningAlg};
use crate::protocol::ids::KeyId;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::{Purpose, SealError, Seals};
use crate::store::{AsOf, AuditEntry, Store, StoreError, StoredKey};

/// How far verifiers' clocks may lag behind ours.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// So many keys are tried on what names none, the newest first.
const MOST_TRIED: usize = 3;

/// The keys. Cloning it is cheap.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    keys: ArcSwap<KeySet>,
    seals: Arc<Seals>,
    entropy: Entropy,
    rotate_every: Duration,
    publish_before: Duration,
    token_life: Duration,
    /// Counts how often the keys were read.
    readings: AtomicU64,
    /// Held while a missing key is made: one request makes it, the others wait for it.
    making: tokio::sync::Mutex<()>,
}

/// A consistent picture of all keys.
struct KeySet {
    keys: Vec<LoadedKey>,
    /// Those that do not open, or are of an algorithm that only a later version knows.
    unreadable: Vec<StoredKey>,
    jwks: Arc<JwksDocument>,
    /// None before they were first read.
    as_of: Option<AsOf>,
    /// Which reading this came of, by when it began.
    reading: u64,
}

impl KeySet {
    /// Newest first: the one that is active now, as `rotation::state` would say, without building its siblings.
    fn active(&self, alg: KeyAlg, now: Timestamp) -> Option<&OwnKey> {
        self.keys
            .iter()
            .filter(|key| {
                key.times.revoked_at.is_none() && now >= key.times.active_from && key.key.alg() == alg
            })
            .max_by_key(|key| key.times.sequence)
            .map(|key| &*key.key)
    }
}

#[derive(Clone)]
struct LoadedKey {
    key: Arc<OwnKey>,
    times: KeyTimes,
}

/// The JWKS (RFC 7517 §5) as bytes, with the validator that tells clients whether theirs is still good.
#[derive(Debug, PartialEq, Eq)]
pub struct JwksDocument {
    /// JSON.
    pub body: Bytes,
    /// Strong entity tag (RFC 9110 §8.8.3), with its quotes.
    pub etag: String,
}

/// One key for an administrator's eyes.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    /// Its `kid`.
    pub kid: KeyId,
    /// Its algorithm.
    pub alg: KeyAlg,
    /// Where it is in its life.
    pub state: KeyState,
    /// From when on it signs.
    pub active_from: Timestamp,
}

/// Why the keys cannot be loaded or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key does not open under the master secret.
    #[error("key {0} cannot be opened: was the secret changed?")]
    Sealed(KeyId),
    /// A stored algorithm is not known to this version.
    #[error("key {0} has an algorithm that this version does not know")]
    UnknownAlgorithm(KeyId),
    /// A key is broken.
    #[error(transparent)]
    Unusable(#[from] UnusableKey),
    /// A new key could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealError),
}

/// A token whose signature is ours. Its times and audience are still to be judged.
#[derive(Debug)]
pub struct Verified<T> {
    /// What it says.
    pub claims: T,
    /// Which key it was signed with.
    pub kid: KeyId,
}

impl Keyring {
    /// Loads the keys, and makes those that are missing or due.
    ///
    /// # Errors
    /// The database is unavailable, or a key cannot be opened.
    pub async fn open(
        store: &Store,
        seals: &Arc<Seals>,
        config: &Config,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Self, KeyringError> {
        let longest = config.tokens.access_token.max(config.tokens.id_token);
        let ring = Self(Arc::new(Inner {
            keys: ArcSwap::from_pointee(KeySet {
                keys: Vec::new(),
                unreadable: Vec::new(),
                jwks: Arc::new(jwks_document(&[])),
                as_of: None,
                reading: 0,
            }),
            seals: Arc::clone(seals),
            entropy: entropy.clone(),
            rotate_every: config.keys.rotate_every,
            publish_before: config.keys.publish_before,
            token_life: longest.saturating_add(CLOCK_SKEW),
            readings: AtomicU64::new(0),
            making: tokio::sync::Mutex::new(()),
        }));
        if let Some(error) = ring.read(store, clock.now()).await?.into_iter().next() {
            return Err(error);
        }
        ring.rotate_when_due(store, clock).await?;
        Ok(ring)
    }

    /// Reads the keys anew unless nothing can have become of them since they were read. Comes before every use of them: none
    /// counts any more that was revoked, on whichever node.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn keep_up(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        if self.0.keys.load().as_of.is_some_and(|as_of| store.still_knows_signing_keys(as_of)) {
            return Ok(());
        }
        self.reload(store, now).await
    }

    /// Takes in what other nodes and the command line did, and the passing of time. A key that cannot be read is said to be so in
    /// the log, once, and the others are used.
    ///
    /// # Errors
    /// The database is unavailable; the keys in memory stay as they were.
    pub async fn reload(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        for error in self.read(store, now).await? {
            tracing::error!(%error, "a key that was found in the database is not used");
        }
        Ok(())
    }

    /// Answers what is wrong with keys that are new. One that is known already is not parsed again.
    async fn read(&self, store: &Store, now: Timestamp) -> Result<Vec<KeyringError>, StoreError> {
        let reading = self.0.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let (stored, as_of) = store.signing_keys().await?;
        let known = self.0.keys.load_full();
        let (mut keys, mut unreadable, mut errors) =
            (Vec::with_capacity(stored.len()), Vec::new(), Vec::new());
        for row in stored {
            let times =
                KeyTimes { sequence: row.sequence, active_from: row.active_from, revoked_at: row.revoked_at };
            let key = match known.keys.iter().find(|known| *known.key.kid() == row.kid) {
                Some(known) => Ok(Arc::clone(&known.key)),
                None => self.unseal(&row).map(Arc::new),
            };
            match key {
                Ok(key) => keys.push(LoadedKey { key, times }),
                Err(error) => {
                    if known.unreadable.iter().all(|known| known.kid != row.kid) {
                        errors.push(error);
                    }
                    unreadable.push(row);
                }
            }
        }
        // Clients that take the first key of a type should find one that signs.
        keys.sort_by_key(|key| matches!(*key.key, OwnKey::Decryption(_)));
        let published: Vec<_> = keys
            .iter()
            .filter(|key| self.state_of(key, &keys, now).is_published())
            .flat_map(|key| key.key.jwks())
            .collect();
        let document = jwks_document(&published);
        let jwks = if *known.jwks == document { Arc::clone(&known.jwks) } else { Arc::new(document) };
        let read = Arc::new(KeySet { keys, unreadable, jwks, as_of: Some(as_of), reading });
        // A slow reader brings nothing back that was revoked meanwhile: what was begun to be read later is as new as it needs.
        self.0.keys.rcu(|current| Arc::clone(if current.reading > reading { current } else { &read }));
        Ok(errors)
    }

    /// Makes the next key of every algorithm whose time has come. Of several nodes that find this at once, one wins
    /// and the others take its key.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn rotate_when_due(&self, store: &Store, clock: &Clock) -> Result<(), KeyringError> {
        let mut algs = self.algorithms();
        for alg in SigningAlg::FROM_THE_START.iter().map(|alg| KeyAlg::Signing(*alg)) {
            if !algs.contains(&alg) {
                algs.push(alg);
            }
        }
        for alg in algs {
            let times = self.times_of(alg);
            // Asked after the keys were read: to an earlier moment, a key that another node has just made would look
            // like one that signs only later.
            let now = clock.now();
            if let Some(active_from) =
                next_activation(&times, self.0.rotate_every, self.0.publish_before, now)
            {
                let audit = self.made_by_itself(alg, "scheduled", clock, now);
                self.add(store, alg, now, active_from, audit).await?;
            }
        }
        Ok(())
    }

    /// Makes sure that a key of this algorithm signs. The first client that needs an algorithm brings its key about;
    /// from then on this asks nobody. Algorithms without a key of this server are always ready.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn ready(&self, store: &Store, alg: SigningAlg, clock: &Clock) -> Result<(), KeyringError> {
        if alg.is_asymmetric() { self.bring_about(store, KeyAlg::Signing(alg), clock).await } else { Ok(()) }
    }

    /// The same for everything that a client registered: when it registers, so that its keys are published before they
    /// are used; and before they are, for clients that came about in another way.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn ready_for(
        &self,
        store: &Store,
        client: &ClientMetadata,
        clock: &Clock,
    ) -> Result<(), KeyringError> {
        let own = [client.id_token_signed_response_alg, client.access_token_signed_response_alg];
        for alg in own.into_iter().chain(client.userinfo_signed_response_alg) {
            self.ready(store, alg, clock).await?;
        }
        match client.request_object_encryption_alg {
            Some(_) => self.encryption_ready(store, clock).await,
            None => Ok(()),
        }
    }

    /// Makes sure that there are keys that clients can encrypt to.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn encryption_ready(&self, store: &Store, clock: &Clock) -> Result<(), KeyringError> {
        for alg in KeyAlg::ENCRYPTION {
            self.bring_about(store, alg, clock).await?;
        }
        Ok(())
    }

    async fn bring_about(&self, store: &Store, alg: KeyAlg, clock: &Clock) -> Result<(), KeyringError> {
        self.keep_up(store, clock.now()).await?;
        if self.has_active(alg, clock.now()) {
            return Ok(());
        }
        let _making = self.0.making.lock().await;
        self.reload(store, clock.now()).await?;
        // Who loses to another node takes its key, which is active already unless that node's clock is ahead.
        while !self.has_active(alg, clock.now()) {
            let now = clock.now();
            let audit = self.made_by_itself(alg, "first needed", clock, now);
            self.add(store, alg, now, now, audit).await?;
        }
        Ok(())
    }

    fn has_active(&self, alg: KeyAlg, now: Timestamp) -> bool {
        self.0.keys.load().active(alg, now).is_some()
    }

    fn made_by_itself(&self, alg: KeyAlg, why: &str, clock: &Clock, now: Timestamp) -> AuditEntry {
        AuditEntry {
            id: self.0.entropy.ordered_id(clock),
            at: now,
            actor: "system".to_owned(),
            action: "key.rotate",
            target: format!("alg:{alg}"),
            detail: why.to_owned(),
            ip: String::new(),
            user_agent: String::new(),
            correlation_id: String::new(),
        }
    }

    /// Makes the next key of an algorithm now; it signs at once, or after it has been published for as long as the
    /// configuration says. Answers its `kid`; none when another node was first.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn rotate(
        &self,
        store: &Store,
        alg: KeyAlg,
        at_once: bool,
        audit: AuditEntry,
    ) -> Result<Option<KeyId>, KeyringError> {
        let now = audit.at;
        let active_from = if at_once { now } else { now.plus(self.0.publish_before) };
        self.add(store, alg, now, active_from, audit).await
    }

    /// Revokes a key, and makes another one at once if none is left that signs. Answers whether the key was there.
    ///
    /// # Errors
    /// The database is unavailable, or no key could be made.
    pub async fn revoke(
        &self,
        store: &Store,
        clock: &Clock,
        kid: &KeyId,
        audit: &AuditEntry,
    ) -> Result<bool, KeyringError> {
        let revoked = store.revoke_signing_key(kid, audit.at, audit).await?;
        self.reload(store, audit.at).await?;
        self.rotate_when_due(store, clock).await?;
        Ok(revoked)
    }

    async fn add(
        &self,
        store: &Store,
        alg: KeyAlg,
        now: Timestamp,
        active_from: Timestamp,
        audit: AuditEntry,
    ) -> Result<Option<KeyId>, KeyringError> {
        // By the same picture of the keys that the caller decided by: what another node adds from here on takes this
        // number, and makes this attempt lose.
        let unreadable = self.unreadable_of(alg);
        let last =
            self.times_of(alg).iter().map(|key| key.sequence).chain(unreadable).max().unwrap_or_default();
        // RSA keys take some 60 ms of a core to find.
        let pkcs8 =
            tokio::task::spawn_blocking(move || key::generate(alg)).await.map_err(|_| UnusableKey(alg))??;
        let made = OwnKey::from_pkcs8(alg, &pkcs8)?;
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(&*pkcs8));
        let row = StoredKey {
            kid: made.kid().clone(),
            alg: alg.to_string(),
            sequence: last.saturating_add(1),
            private_key: self.0.seals.seal(Purpose::SigningKey, &*text, &self.0.entropy)?,
            created_at: now,
            active_from,
            revoked_at: None,
        };
        let inserted = store.insert_signing_key(&row, &audit).await?;
        self.reload(store, now).await?;
        Ok(inserted.then(|| made.kid().clone()))
    }

    fn unseal(&self, row: &StoredKey) -> Result<OwnKey, KeyringError> {
        let alg: KeyAlg = row.alg.parse().map_err(|_| KeyringError::UnknownAlgorithm(row.kid.clone()))?;
        let sealed = || KeyringError::Sealed(row.kid.clone());
        let text: Zeroizing<String> =
            Zeroizing::new(self.0.seals.open(Purpose::SigningKey, &row.private_key).map_err(|_| sealed())?);
        let pkcs8 = Zeroizing::new(STANDARD_NO_PAD.decode(&*text).map_err(|_| sealed())?);
        Ok(OwnKey::from_pkcs8(alg, &pkcs8)?)
    }

    fn times_of(&self, alg: KeyAlg) -> Vec<KeyTimes> {
        let set = self.0.keys.load();
        set.keys.iter().filter(|key| key.key.alg() == alg).map(|key| key.times.clone()).collect()
    }

    /// The numbers that are taken by keys of this algorithm that cannot be read.
    fn unreadable_of(&self, alg: KeyAlg) -> Vec<i64> {
        let set = self.0.keys.load();
        let of_it = set.unreadable.iter().filter(|row| row.alg.parse() == Ok(alg));
        of_it.map(|row| row.sequence).collect()
    }

    fn state_of(&self, key: &LoadedKey, all: &[LoadedKey], now: Timestamp) -> KeyState {
        let siblings: Vec<KeyTimes> = all
            .iter()
            .filter(|other| other.key.alg() == key.key.alg())
            .map(|other| other.times.clone())
            .collect();
        state(&key.times, &siblings, self.0.token_life, now)
    }

    /// The algorithms that there are keys of.
    #[must_use]
    pub fn algorithms(&self) -> Vec<KeyAlg> {
        let set = self.0.keys.load();
        let mut algs: Vec<_> = set.keys.iter().map(|key| key.key.alg()).collect();
        algs.sort_unstable();
        algs.dedup();
        algs
    }

    /// Every key with its state.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> Vec<KeyView> {
        let set = self.0.keys.load();
        set.keys
            .iter()
            .map(|key| KeyView {
                kid: key.key.kid().clone(),
                alg: key.key.alg(),
                state: self.state_of(key, &set.keys, now),
                active_from: key.times.active_from,
            })
            .collect()
    }

    /// The JWKS.
    #[must_use]
    pub fn jwks(&self) -> Arc<JwksDocument> {
        Arc::clone(&self.0.keys.load().jwks)
    }

    /// Signs claims as a compact JWS of the given type. Comes after [`ready`](Self::ready).
    ///
    /// # Errors
    /// There is no active key of this algorithm.
    pub fn sign<T: Serialize>(
        &self,
        alg: SigningAlg,
        typ: &str,
        claims: &T,
        now: Timestamp,
    ) -> Result<String, SignError> {
        let set = self.0.keys.load();
        match set.active(KeyAlg::Signing(alg), now) {
            Some(OwnKey::Signing(key)) => key.sign(typ, claims),
            Some(OwnKey::Decryption(_)) | None => Err(SignError::NoKey(alg)),
        }
    }

    /// Checks that this server signed a token of the given type, with a key that was not revoked. The key decides the
    /// algorithm, never the token (RFC 8725 §3.1). Comes after [`keep_up`](Self::keep_up).
    ///
    /// # Errors
    /// Why it is not such a token.
    pub fn verify<T: DeserializeOwned>(&self, token: &str, typ: &str) -> Result<Verified<T>, VerifyError> {
        let jws = Jws::parse(token)?;
        if !jws.is_typ(typ) {
            return Err(VerifyError::OtherType);
        }
        let set = self.0.keys.load();
        let named = set.keys.iter().find(|key| Some(key.key.kid().as_str()) == jws.kid());
        match named.filter(|key| key.times.revoked_at.is_none()).map(|key| &*key.key) {
            Some(OwnKey::Signing(key)) => {
                key.verify(&jws)?;
                Ok(Verified { claims: jws.claims()?, kid: key.kid.clone() })
            }
            Some(OwnKey::Decryption(_)) | None => Err(VerifyError::UnknownKey),
        }
    }

    /// Does what this key signed count? Not since it was revoked. Comes after [`keep_up`](Self::keep_up).
    #[must_use]
    pub fn is_trusted(&self, kid: &KeyId) -> bool {
        let set = self.0.keys.load();
        set.keys.iter().any(|key| key.key.kid() == kid && key.times.revoked_at.is_none())
    }

    /// Decrypts what was encrypted to this server: with the key that it names, or with any that fits if it names none. A
    /// key that was rotated away still decrypts, for clients that kept it; a revoked one does not. Comes after
    /// [`keep_up`](Self::keep_up).
    ///
    /// # Errors
    /// It was not, without saying why.
    pub fn decrypt(&self, compact: &str) -> Result<Vec<u8>, DecryptError> {
        let jwe = Jwe::parse(compact)?;
        let set = self.0.keys.load();
        let mut fitting: Vec<(i64, &DecryptionKey)> = set
            .keys
            .iter()
            .filter(|key| key.times.revoked_at.is_none())
            .filter_map(|key| match &*key.key {
                OwnKey::Decryption(own) => Some((key.times.sequence, own)),
                OwnKey::Signing(_) => None,
            })
            .filter(|(_, key)| {
                let alg = jwe.encryption().alg;
                key.fits(alg) && jwe.kid().is_none_or(|kid| key.is_named(kid))
            })
            .collect();
        fitting.sort_unstable_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
        fitting
            .into_iter()
            .take(MOST_TRIED)
            .find_map(|(_, key)| key.decrypt(&jwe, &self.0.entropy).ok())
            .ok_or(DecryptError)
    }
}

fn jwks_document(keys: &[&serde_json::Value]) -> JwksDocument {
    let body = json!({ "keys": keys }).to_string();
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, body.as_bytes())));
    JwksDocument { body: body.into(), etag }
}
