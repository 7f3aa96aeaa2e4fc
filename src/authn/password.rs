//! Passwords: argon2id (RFC 9106), at most as many at once as there are cores, and a bounded queue behind them. Hashes that
//! another system made ([`ImportedHash`]) are verified on the same cores, and replaced when they are right.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::imported_hash::ImportedHash;
use super::{Check, SignInError};
use crate::app::App;
use crate::config::Passwords;
use crate::entropy::Entropy;
use crate::protocol::password_strength::{Weakness, strong_enough};
use crate::protocol::sign_in::Method;
use crate::protocol::user::{LONGEST_PASSWORD, User};

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    /// Who is served or waits; one more is turned away.
    places: Arc<Semaphore>,
    /// Who is served.
    cores: Arc<Semaphore>,
    /// Checked where there is no hash, so that an unknown user costs what a known one costs.
    dummy: String,
    /// Memory that nobody hashes in just now. It is kept: getting it from the operating system anew, page by page, takes a
    /// third as long as the hashing does.
    spare: Mutex<Vec<Vec<Block>>>,
    /// Was anything hashed since the memory was last looked at?
    used: AtomicBool,
    entropy: Entropy,
}

/// A password as it was typed; wiped when dropped, never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password that somebody typed.
pub struct Typed<'a>(pub &'a str);

impl Check for Typed<'_> {
    fn method(&self) -> Method {
        Method::Password
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let stored = user.and_then(|user| user.password_hash.clone());
        // A longer text is nobody's password; hashing it whole would cost more than hashing any other.
        let typed = if self.0.chars().count() > LONGEST_PASSWORD { "" } else { self.0 };
        let decoys = app.store.imported_sorts().await?.decoys.clone();
        let verdict = app.passwords.check(typed.to_owned().into(), stored.clone(), decoys).await?;
        let Verdict::Right { upgraded } = verdict else { return Ok(false) };
        if let (Some(user), Some(old), Some(new)) = (user.filter(|user| !user.disabled), stored, upgraded) {
            app.store.upgrade_password_hash(&user.id, &old, &new).await?;
        }
        Ok(true)
    }
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password. The hash to keep from now on, if the old one was made with other parameters.
    Right {
        /// A new hash of the same password.
        upgraded: Option<String>,
    },
    /// It is not, or there is none to compare with.
    Wrong,
}

/// Why nothing was hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many are waiting already; try again in a moment.
    #[error("too many sign-ins at once")]
    Busy,
    /// The parameters are out of argon2's range.
    #[error("argon2 refuses: {0}")]
    Argon2(String),
}

impl PasswordHasher {
    /// Prepares hashing with these parameters.
    ///
    /// # Errors
    /// The parameters are out of argon2's range.
    pub fn new(config: &Passwords, cores: usize, entropy: &Entropy) -> Result<Self, HashingError> {
        let params = Params::new(config.memory_kib, config.iterations, config.parallelism, None)
            .map_err(|error| HashingError::Argon2(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_with(&argon2, "", &entropy.bytes::<16>(), &mut Vec::new())?;
        Ok(Self(Arc::new(Inner {
            argon2,
            places: Arc::new(Semaphore::new(cores.max(1).saturating_add(config.queue))),
            cores: Arc::new(Semaphore::new(cores.max(1))),
            dummy,
            spare: Mutex::default(),
            used: AtomicBool::new(false),
            entropy: entropy.clone(),
        })))
    }

    /// Hashes a password that somebody chose for an account which these words are known about, unless it is too easy to
    /// guess.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when the queue is full.
    pub async fn hash_chosen(
        &self,
        password: Password,
        known: Vec<String>,
    ) -> Result<Result<String, Weakness>, HashingError> {
        self.on_a_core(move |inner, memory| match strong_enough(&password.0, &known) {
            Ok(()) => hash_with(&inner.argon2, &password.0, &inner.entropy.bytes::<16>(), memory).map(Ok),
            Err(weakness) => Ok(Err(weakness)),
        })
        .await?
    }

    /// Hashes a new password in PHC form.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<String, HashingError> {
        self.on_a_core(move |inner, memory| {
            hash_with(&inner.argon2, &password.0, &inner.entropy.bytes::<16>(), memory)
        })
        .await?
    }

    /// Compares a password with a stored hash; with none, does the same work and finds it wrong. `decoys` are one hash of
    /// each sort that was imported here: every refusal costs what verifying one of each does.
    ///
    /// # Errors
    /// [`HashingError::Busy`] when the queue is full.
    pub async fn check(
        &self,
        password: Password,
        stored: Option<String>,
        decoys: Vec<String>,
    ) -> Result<Verdict, HashingError> {
        self.on_a_core(move |inner, memory| inner.check(&password, stored.as_deref(), &decoys, memory))
            .await?
    }

    /// Gives the memory of hashing back to the operating system, if nothing was hashed since this was last called.
    pub fn free_unused_memory(&self) {
        if !self.0.used.swap(false, Ordering::Relaxed) {
            self.0.spare().clear();
        }
    }

    /// Waits for a free core, unless too many wait already, and works there.
    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| HashingError::Busy)?;
        let core = Arc::clone(&self.0.cores).acquire_owned().await.map_err(|_| HashingError::Busy)?;
        let inner = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || {
            // They go with the work, not with the request: hanging up does not free the core.
            let _held = (place, core);
            let mut memory = inner.spare().pop().unwrap_or_default();
            let outcome = work(&inner, &mut memory);
            inner.used.store(true, Ordering::Relaxed);
            // What an old hash needed beyond is not kept.
            memory.truncate(inner.argon2.params().block_count());
            memory.shrink_to_fit();
            inner.spare().push(memory);
            outcome
        });
        working.await.map_err(|error| HashingError::Argon2(error.to_string()))
    }
}

impl Inner {
    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(
        &self,
        password: &Password,
        stored: Option<&str>,
        decoys: &[String],
        memory: &mut Vec<Block>,
    ) -> Result<Verdict, HashingError> {
        let stored = stored.and_then(Hash::read);
        // Another system may have let somebody have none; it is also what a text that is too long was cut to.
        let right = is_right(stored.as_ref(), &self.dummy, decoys, |hash| {
            hash.is_of(&password.0, memory) && !password.0.is_empty()
        });
        if !right {
            return Ok(Verdict::Wrong);
        }
        let made_with = match &stored {
            Some(Hash::Argon2(hash)) if hash.algorithm == Algorithm::Argon2id.ident() => {
                Params::try_from(&**hash).ok()
            }
            _ => None,
        };
        let today = self.argon2.params();
        let as_today = made_with.is_some_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (today.m_cost(), today.t_cost(), today.p_cost())
        });
        let upgraded = if as_today {
            None
        } else {
            Some(hash_with(&self.argon2, &password.0, &self.entropy.bytes::<16>(), memory)?)
        };
        Ok(Verdict::Right { upgraded })
    }
}

/// A stored hash that can be verified.
enum Hash {
    Argon2(Box<PasswordHash>),
    Imported(ImportedHash),
}

impl Hash {
    fn read(text: &str) -> Option<Self> {
        PasswordHash::new(text)
            .ok()
            .filter(|hash| Algorithm::try_from(hash.algorithm.as_str()).is_ok())
            .map(|hash| Self::Argon2(Box::new(hash)))
            .or_else(|| ImportedHash::parse(text).ok().map(Self::Imported))
    }

    /// A hash of nobody's that costs the same.
    fn decoy(&self) -> String {
        match self {
            Self::Argon2(hash) => ImportedHash::Argon2 { text: hash.to_string() }.decoy(),
            Self::Imported(hash) => hash.decoy(),
        }
    }

    fn is_of(&self, password: &str, memory: &mut Vec<Block>) -> bool {
        match self {
            Self::Argon2(hash) => matches(password, hash, memory),
            Self::Imported(hash) => hash.matches(password),
        }
    }
}

/// Is the stored hash the password's? Where it is not, the work that is left is done as well, so that every refusal costs
/// the same: one hash of ours (`dummy`) and one of each sort that was imported, whoever was asked for.
fn is_right(
    stored: Option<&Hash>,
    dummy: &str,
    decoys: &[String],
    mut verify: impl FnMut(&Hash) -> bool,
) -> bool {
    if stored.is_some_and(&mut verify) {
        return true;
    }
    let done = stored.map(Hash::decoy);
    let is_ours =
        matches!(stored, Some(Hash::Argon2(_))) && !decoys.iter().any(|decoy| done.as_ref() == Some(decoy));
    let ours = (!is_ours).then_some(dummy);
    let others = decoys.iter().filter(|decoy| done.as_ref() != Some(decoy)).map(String::as_str);
    for hash in ours.into_iter().chain(others).filter_map(Hash::read) {
        // It is nobody's, whatever comes out.
        verify(&hash);
    }
    false
}

/// Is it the password that this hash was made of? A hash that is no argon2 hash is nobody's.
fn matches(password: &str, hash: &PasswordHash, memory: &mut Vec<Block>) -> bool {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
    let (Ok(algorithm), Ok(version), Ok(params)) =
        (Algorithm::try_from(hash.algorithm.as_str()), version, Params::try_from(hash))
    else {
        return false;
    };
    let argon2 = Argon2::new(algorithm, version, params);
    // Compared in constant time.
    output(&argon2, password, salt, expected.len(), memory).is_ok_and(|output| output == *expected)
}

fn hash_with(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Result<String, HashingError> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(refused)?,
        salt: Some(Salt::new(salt).map_err(refused)?),
        hash: Some(output(argon2, password, salt, Params::DEFAULT_OUTPUT_LEN, memory)?),
    };
    Ok(hash.to_string())
}

/// Hashes in this memory, which grows as needed.
fn output(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    length: usize,
    memory: &mut Vec<Block>,
) -> Result<Output, HashingError> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let mut bytes = vec![0; length];
    let memory = memory.get_mut(..blocks).unwrap_or_default();
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, memory).map_err(refused)?;
    Output::new(&bytes).map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> HashingError {
    HashingError::Argon2(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Hash, HashingError, PasswordHasher, Verdict, is_right};
    use crate::config::Passwords;
    use crate::entropy::Entropy;

    fn cheap(iterations: u32, queue: usize) -> PasswordHasher {
        let config = Passwords { memory_kib: 8, iterations, parallelism: 1, queue };
        PasswordHasher::new(&config, 1, &Entropy::system()).unwrap()
    }

    fn typed(text: &str) -> super::Password {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn owasp_asvs_6_2_8_passwords_are_compared_whole_and_as_they_are() {
        let hasher = cheap(1, 8);
        let long = "correct horse battery staple ".repeat(8);
        let hash = hasher.hash(typed(&long)).await.unwrap();
        let check = |text: String| hasher.check(text.into(), Some(hash.clone()), Vec::new());
        assert_eq!(check(long.clone()).await.unwrap(), Verdict::Right { upgraded: None });
        for wrong in
            [long.to_uppercase(), long.trim_end().to_owned(), long[..72].to_owned(), format!("{long}\0")]
        {
            assert_eq!(check(wrong).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn memory_is_kept_between_hashes_and_given_back_when_there_are_none() {
        let hasher = cheap(1, 8);
        hasher.hash(typed("password")).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..2 {
            hasher.free_unused_memory();
            kept.push(hasher.0.spare().len());
        }
        assert_eq!(kept, [1, 0]);
        hasher.hash(typed("password")).await.unwrap();
        assert_eq!(hasher.0.spare().len(), 1);
    }

    #[tokio::test]
    async fn without_a_hash_nothing_is_right() {
        let hasher = cheap(1, 8);
        for stored in [None, Some(String::new()), Some("$argon2id$nonsense".to_owned())] {
            assert_eq!(hasher.check(typed(""), stored, Vec::new()).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_upgraded_when_the_password_is_right() {
        let (old, today) = (cheap(1, 8), cheap(2, 8));
        let hash = old.hash(typed("password")).await.unwrap();
        assert_eq!(
            today.check(typed("wrong"), Some(hash.clone()), Vec::new()).await.unwrap(),
            Verdict::Wrong
        );
        let Verdict::Right { upgraded: Some(upgraded) } =
            today.check(typed("password"), Some(hash), Vec::new()).await.unwrap()
        else {
            panic!("not upgraded")
        };
        assert_eq!(
            today.check(typed("password"), Some(upgraded), Vec::new()).await.unwrap(),
            Verdict::Right { upgraded: None }
        );
    }

    #[tokio::test]
    async fn hashes_of_other_systems_are_replaced_when_the_password_is_right() {
        let hasher = cheap(1, 8);
        let other = cheap(3, 8).hash(typed("correct horse")).await.unwrap();
        for stored in [
            "$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC".to_owned(),
            "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned(),
            "$pbkdf2-sha256$i=1000$AQIDc2FsdP7/AA$AkHjW1jXSdUAPK+/tf8Eu9WG/UYeUlGWAOO4JG0/xcU".to_owned(),
            other,
        ] {
            let decoys = vec![super::ImportedHash::parse(&stored).unwrap().decoy()];
            for decoys in [Vec::new(), decoys, vec!["nonsense".to_owned()]] {
                let wrong = hasher.check(typed("wrong"), Some(stored.clone()), decoys.clone()).await.unwrap();
                assert_eq!(wrong, Verdict::Wrong, "{stored}");
                let right = hasher.check(typed("correct horse"), Some(stored.clone()), decoys.clone()).await;
                let Verdict::Right { upgraded: Some(upgraded) } = right.unwrap() else { panic!("{stored}") };
                assert!(upgraded.starts_with("$argon2id$"), "{upgraded}");
                let again = hasher.check(typed("correct horse"), Some(upgraded), decoys).await.unwrap();
                assert_eq!(again, Verdict::Right { upgraded: None });
            }
        }
    }

    #[tokio::test]
    async fn no_password_is_nobodys_password() {
        let hasher = cheap(1, 8);
        let own = hasher.hash(typed("")).await.unwrap();
        let imported = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$PgZh7gahAL7ZcynQb3HBarjKdqFLfcH+atPymuPv/9s";
        assert!(super::ImportedHash::parse(imported).unwrap().matches(""));
        for stored in [own, imported.to_owned()] {
            assert_eq!(hasher.check(typed(""), Some(stored), Vec::new()).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn every_refusal_costs_one_of_each_sort() {
        let of = async |iterations| cheap(iterations, 8).hash(typed("correct horse")).await.unwrap();
        let (dummy, own, argon2) = (of(1).await, of(1).await, of(2).await);
        let bcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned();
        let pbkdf2 =
            "$pbkdf2-sha256$i=1000$AQIDc2FsdP7/AA$AkHjW1jXSdUAPK+/tf8Eu9WG/UYeUlGWAOO4JG0/xcU".to_owned();
        let sort = |text: &String| Hash::read(text).unwrap().decoy();
        let sorted = |mut sorts: Vec<String>| {
            sorts.sort();
            sorts
        };
        let verified = |stored: Option<&String>, decoys: &[String]| {
            let mut verified = Vec::new();
            let stored = stored.and_then(|text| Hash::read(text));
            assert!(!is_right(stored.as_ref(), &dummy, decoys, |hash| {
                verified.push(hash.decoy());
                false
            }));
            sorted(verified)
        };
        let decoys: Vec<String> = [&argon2, &bcrypt, &pbkdf2].map(sort).into();
        // The last one: a system whose argon2 was as ours is.
        for decoys in [Vec::new(), decoys.clone(), [decoys, vec![sort(&own)]].concat()] {
            let each = sorted([decoys.clone(), vec![sort(&own)]].concat());
            assert_eq!(verified(None, &decoys), each);
            assert_eq!(verified(Some(&"$argon2id$nonsense".to_owned()), &decoys), each);
            assert_eq!(verified(Some(&own), &decoys), each);
            for imported in [&argon2, &bcrypt, &pbkdf2] {
                if decoys.contains(&sort(imported)) {
                    assert_eq!(verified(Some(imported), &decoys), each, "{imported}");
                }
            }
        }
        // What is right is looked at alone.
        let mut looks = 0;
        assert!(is_right(Hash::read(&bcrypt).as_ref(), &dummy, &[sort(&pbkdf2)], |_| {
            looks += 1;
            true
        }));
        assert_eq!(looks, 1);
    }

    #[tokio::test]
    async fn a_full_queue_turns_the_next_one_away() {
        let hasher = cheap(1, 2);
        let core = hasher.0.cores.acquire().await.unwrap();
        let served = hasher.0.places.acquire().await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let hasher = hasher.clone();
            waiting.push(tokio::spawn(async move { hasher.hash(typed("password")).await }));
        }
        while hasher.0.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.hash(typed("password")).await, Err(HashingError::Busy)));
        drop((core, served));
        for hashing in waiting {
            assert!(hashing.await.unwrap().is_ok());
        }
        assert_eq!(hasher.0.places.available_permits(), 3, "every place is given back");
    }

    #[tokio::test]
    async fn hanging_up_does_not_free_the_core() {
        let hasher = cheap(1, 2);
        let (begun, on_a_core) = tokio::sync::oneshot::channel();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let request = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                let work = move |_: &super::Inner, _: &mut Vec<super::Block>| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                };
                hasher.on_a_core(work).await
            }
        });
        on_a_core.await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.0.cores.available_permits(), 0, "the work still runs");
        go_on.send(()).unwrap();
        assert!(hasher.hash(typed("password")).await.is_ok(), "and then the next one is served");
    }
}
