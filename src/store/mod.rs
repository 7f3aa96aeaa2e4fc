//! SQL, and nothing else: one text for both engines, one file per table family.
//!
//! Reads go through [`on_db!`], writes through [`in_transaction!`]; both run the same body on either engine. A write
//! that changes something security-relevant takes the [`AuditEntry`] that is committed with it; one that changes what
//! may be remembered says what ([`Topic`]). What happens at every sign-in and refresh is committed together with what
//! others want to write at the same moment (`ledger.rs`), by one statement where that is enough.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{PgPool, SqlitePool, Transaction};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::config::{Database, Engine};
use crate::protocol::ids::SessionId;
use crate::protocol::timestamp::Timestamp;

use changes::{Ears, Source};
use kept_name::KeptNames;
use ledger::Ledger;
use memory::{Fact, Memory, Shelf};

pub use as_code::{Edit, Versions, What};
pub use audit::{AuditEntry, AuditPage, AuditRow};
pub use audit_chain::MOST_CHAINED;
pub use branding::StoredBranding;
pub use changes::Topic;
pub use client::SelfRegistered;
pub use consent::Consent;
pub use delegation::{Delegation, Holder, MOST_DELEGATED, Over};
pub use device_request::{Decided, DeviceRequest, MostWaiting, Waits};
pub use directory::DirectoryGroups;
pub use examine::{Examined, examine};
pub use failure::FailureRow;
pub use grant::{GrantOfUser, Opened, Rotated};
pub use identity::{Linked, StoredIdentity};
pub use import::{Newcomer, Sorts};
pub use invitation::Invitation;
pub use key::StoredKey;
pub use mail::{
    Carried, LONGEST_LEASE, LeasedMail, MailEnd, MailLimit, MailRow, NewMail, News, Noted, Share,
};
pub use memory::AsOf;
pub use passkey::{MOST_PASSKEYS, StoredPasskey};
pub use registration_token::RegistrationToken;
pub use second_factor::{AuthenticatorApp, Means};
pub use session::NewSession;
pub use session_client::{LogoutNotice, NoticesOf};
pub use sign_in_code::{RightCode, SignInCode};
pub use statistics::{Measure, Sum};
pub use throttle::{Attempt, Bucket};
pub use upstream::{LinksOfUpstream, MOST_UPSTREAMS, StoredUpstream, StoredUpstreams};
pub use user_search::{MOST_READ, UserWindow};
pub use webhook::{Delivery, KEPT_DELIVERIES, MOST_WEBHOOKS, PlacedRow, Progress, WebhookStanding};

mod as_code;
mod audit;
mod audit_chain;
mod branding;
mod changes;
mod cleanup;
mod client;
mod consent;
mod delegation;
mod device_request;
mod directory;
mod examine;
mod failure;
mod grant;
mod group;
mod identity;
mod import;
mod in_time;
mod invitation;
mod kept_name;
mod key;
mod ledger;
mod mail;
mod mailed_link;
mod memory;
mod one_time_link;
mod passkey;
mod registration_token;
mod revoked_token;
mod scope;
mod second_factor;
mod session;
mod session_client;
mod setting;
mod sign_in_code;
mod statistics;
mod throttle;
mod upstream;
mod used_assertion;
mod user;
mod user_search;
mod webhook;

/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a write waits while another connection writes to the file of SQLite.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// So often it looks whether that is over.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Statements that a connection keeps prepared: those about many rows are another one for each number of rows.
const STATEMENTS: usize = 256;

/// The database, and what is remembered of it. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// Does this handle answer from memory?
    remembers: bool,
}

/// What every handle of a database has in common.
pub struct Shared {
    db: Db,
    memory: Memory,
    ears: Ears,
    source: Source,
    keys_changed: Notify,
    branding_changed: Notify,
    ledger: Ledger,
    kept_names: OnceLock<KeptNames>,
    /// Sessions that were used, and when; not written down yet.
    touched: Mutex<HashMap<SessionId, Timestamp>>,
}

impl Deref for Store {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// The two engines. SQLite has one writer, which takes its lock when a transaction begins, and several readers.
#[derive(Clone)]
enum Db {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

/// What two rows cannot both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// A user's e-mail address.
    Email,
    /// A user name.
    Username,
    /// A client's id.
    ClientId,
    /// A group's name.
    GroupName,
    /// The id of an upstream provider.
    ProviderId,
    /// A scope's name.
    ScopeName,
    /// An account at an upstream provider.
    Identity,
    /// A passkey.
    Passkey,
    /// What is delegated to somebody.
    Delegation,
    /// Anything else.
    Other,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "this e-mail address",
            Self::Username => "this user name",
            Self::ClientId => "this client_id",
            Self::GroupName => "this group name",
            Self::ProviderId => "this provider's id",
            Self::ScopeName => "this scope name",
            Self::Identity => "this identity",
            Self::Passkey => "this passkey",
            Self::Delegation => "this delegation",
            Self::Other => "this value",
        })
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused. Nothing was changed, unless it was only the answer to a commit that was lost.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Arc<sqlx::Error>),
    /// Another row has this value already.
    #[error("{0} is already in use")]
    Taken(Unique),
    /// A row that the write refers to (its user, its client) was deleted meanwhile. Nothing was changed.
    #[error("what this belongs to was deleted meanwhile")]
    Gone,
    /// Nobody could administer the server any more.
    #[error("this is the last administrator who can sign in: make another one first")]
    LastAdministrator,
    /// A row does not read back as what was written: a defect or tampering.
    #[error("a stored {0} cannot be read: {1}")]
    Corrupt(&'static str, String),
    /// The schema could not be brought up to date.
    #[error("the database schema cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL or file name is of no use.
    #[error("the database cannot be opened: {0}")]
    Unusable(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => {
                // PostgreSQL names the constraint, SQLite the column; both hold the column's name.
                let text = format!("{} {}", cause.constraint().unwrap_or_default(), cause.message());
                let named = [
                    ("email", Unique::Email),
                    ("username", Unique::Username),
                    ("clients", Unique::ClientId),
                    ("groups", Unique::GroupName),
                    ("upstreams", Unique::ProviderId),
                    ("scopes", Unique::ScopeName),
                ];
                let found = named.into_iter().find(|(name, _)| text.contains(name));
                Self::Taken(found.map_or(Unique::Other, |(_, unique)| unique))
            }
            sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => Self::Gone,
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Counts {
    /// Registered clients.
    pub clients: i64,
    /// Users.
    pub users: i64,
}

/// Counting for a page stops behind this: what is more than so many, is.
pub const MOST_COUNTED: i64 = 10_000;

/// Runs a read on whichever engine there is.
macro_rules! on_db {
    ($store:expr, |$connection:ident| $body:expr) => {
        match &$store.db {
            crate::store::Db::Sqlite { readers: $connection, .. } => $body,
            crate::store::Db::Postgres(pool) => {
                let $connection = &mut crate::store::in_time::InTime(pool);
                $body
            }
        }
    };
}
pub(crate) use on_db;

/// Runs a write in a transaction of its own on whichever engine there is, and commits it. The body may leave early
/// with `?` or `return`: the transaction is rolled back then. What may be remembered and changes is named first.
///
/// The beginning is boxed: it may have to open a connection, and the four kilobytes for that would be a part of whatever may
/// write, carried through every layer around a request.
macro_rules! in_transaction {
    ($store:expr, |$tx:ident| $body:expr) => {
        match &$store.db {
            crate::store::Db::Sqlite { writer, .. } => {
                let mut $tx = Box::pin(crate::store::begin_writing(writer)).await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
            crate::store::Db::Postgres(pool) => {
                let mut $tx = Box::pin(crate::store::in_time::begin(pool)).await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
        }
    };
    ($store:expr, changing $topics:expr, |$tx:ident| $body:expr) => {{
        let topics = $topics;
        let changing = crate::store::changes::Changing::begin($store, &topics);
        let outcome = match &$store.db {
            crate::store::Db::Sqlite { writer, .. } => {
                let mut $tx = Box::pin(crate::store::begin_writing(writer)).await?;
                let outcome = $body;
                crate::store::changes::write_change!($tx, &topics);
                $tx.commit().await?;
                outcome
            }
            crate::store::Db::Postgres(pool) => {
                let mut $tx = Box::pin(crate::store::in_time::begin(pool)).await?;
                let outcome = $body;
                crate::store::changes::call_nodes!($tx);
                crate::store::changes::write_change!($tx, &topics);
                $tx.commit().await?;
                outcome
            }
        };
        changing.over();
        outcome
    }};
}
pub(crate) use in_transaction;

/// Begins a write on SQLite. It takes the lock at the start: a transaction that reads first fails instead of waiting. Another
/// connection may have it, above all that of a command at the terminal; it is waited for here rather than inside SQLite, so that
/// whoever leaves meanwhile is noticed before anything is begun for them.
async fn begin_writing(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    let asked = Instant::now();
    loop {
        match writer.begin_with("BEGIN IMMEDIATE").await {
            Err(error) if is_locked(&error) && asked.elapsed() < LOCK_TIMEOUT => {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// Has another connection the lock that SQLite writes under? Then nothing was begun.
fn is_locked(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    let sqlx::Error::Database(cause) = error else { return false };
    let cause = cause.try_downcast_ref::<SqliteError>();
    // The last eight bits of an extended code say what it extends.
    cause.and_then(|cause| cause.code()?.parse::<i32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// A version as statements compare it; -1 for any.
fn version(read_at: Option<Timestamp>) -> i64 {
    read_at.map_or(-1, |at| at.0)
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// It cannot be reached, opened or migrated.
    pub async fn open(config: &Database) -> Result<Self, StoreError> {
        let (db, source) = match &config.engine {
            Engine::Sqlite(file) => open_sqlite(file, config.max_connections).await?,
            Engine::Postgres(url) => open_postgres(url, config.max_connections).await?,
        };
        let migrator = sqlx::migrate!("./migrations");
        match &db {
            Db::Sqlite { writer, .. } => {
                // sqlx keeps migrations apart on PostgreSQL only. Here the lock of one transaction around them does, so
                // that of two processes that start at once the second finds everything done.
                let mut tx = begin_writing(writer).await?;
                migrator.run(&mut *tx).await?;
                tx.commit().await?;
            }
            Db::Postgres(pool) => migrator.run(pool).await?,
        }
        let shared = Shared {
            ledger: Ledger::open(&db),
            memory: Memory::new(config.memory_bytes),
            ears: Ears::new(),
            source,
            keys_changed: Notify::new(),
            branding_changed: Notify::new(),
            touched: Mutex::default(),
            kept_names: OnceLock::new(),
            db,
        };
        Ok(Self { shared: Arc::new(shared), remembers: true })
    }

    /// The same database, asked every time: for whoever is about to change what they read, or to refuse somebody.
    #[must_use]
    pub fn asked_anew(&self) -> Self {
        Self { remembers: false, ..self.clone() }
    }

    fn recall<K, T>(&self, kind: &Shelf<K, T>, key: &K) -> Option<Arc<T>>
    where
        K: Hash + Eq + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        if self.remembers { self.memory.recall(kind, key) } else { None }
    }

    /// A fact from memory, or else from the database. That something is not there is never remembered.
    async fn recall_or<K, T>(
        &self,
        kind: &Shelf<K, T>,
        key: &K,
        load: impl Future<Output = Result<Option<T>, StoreError>>,
    ) -> Result<Option<Arc<T>>, StoreError>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        T: Fact + Send + Sync + 'static,
    {
        if let Some(fact) = self.recall(kind, key) {
            return Ok(Some(fact));
        }
        let as_of = self.memory.as_of();
        let Some(fact) = load.await?.map(Arc::new) else { return Ok(None) };
        kind.keep(key.clone(), &fact, as_of);
        Ok(Some(fact))
    }

    /// May this handle answer from memory?
    #[must_use]
    pub fn is_remembering(&self) -> bool {
        self.remembers
    }

    /// Forgets what a write changed that nobody waited for, when it is over.
    fn forget_when_writer_is_free(&self, topics: String) {
        let (Db::Sqlite { writer, .. }, Ok(runtime)) = (&self.db, Handle::try_current()) else { return };
        let (store, writer) = (self.clone(), writer.clone());
        runtime.spawn(async move {
            // Whatever this comes to, the connection is not in the middle of that write any more; or it is closed.
            drop(writer.acquire().await);
            store.hear(&topics);
        });
    }

    /// Does the database answer?
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_db!(self, |pool| sqlx::query("SELECT 1").execute(pool).await.map(drop))?;
        Ok(())
    }

    /// How many clients and users there are; one more than [`MOST_COUNTED`] where there are more.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        const SQL: &str =
            "SELECT (SELECT COUNT(*) FROM (SELECT id FROM clients WHERE id > '' LIMIT $1) AS some_clients) AS clients,
                    (SELECT COUNT(*) FROM (SELECT id FROM users WHERE id > '' LIMIT $1) AS some_users) AS users";
        Ok(on_db!(self, |pool| sqlx::query_as(SQL).bind(MOST_COUNTED + 1).fetch_one(pool).await)?)
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        // First: a pool is closed only when every connection is back.
        self.stop_listening().await;
        match &self.db {
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(file: &Path, readers: u32) -> Result<(Db, Source), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered must survive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCK_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        // A whole page of the ledger comes back without waiting for its reader.
        .row_buffer_size(ledger::MOST_ROWS)
        .pragma("journal_size_limit", "67108864")
        // A statement of many rows keeps what it might have to undo; in a file, that costs as much as its commit.
        .pragma("temp_store", "memory")
        .optimize_on_close(true, None);
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // The last pragma: until then it waits, as where two processes make the file. Afterwards whoever asks it does.
    let writer = pool(1).connect_with(options.clone().pragma("busy_timeout", "0")).await?;
    // One more, which listens for other processes' changes.
    let readers = pool(readers.max(1) + 1).connect_with(options.read_only(true)).await?;
    Ok((Db::Sqlite { writer, readers: readers.clone() }, Source::Sqlite(readers)))
}

async fn open_postgres(url: &str, connections: u32) -> Result<(Db, Source), StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Unusable("database.url is not a PostgreSQL URL".to_owned()))?
        .application_name("countersign")
        .statement_cache_capacity(STATEMENTS)
        // A request must not wait for a lock or a slow query longer than its own deadline.
        .options([
            ("statement_timeout", "8000"),
            ("lock_timeout", "5000"),
            // Shorter than others wait for what a node holds that was stopped in the middle of a change.
            ("idle_in_transaction_session_timeout", "3000"),
        ]);
    let pool = PgPoolOptions::new().max_connections(connections.max(2)).acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = in_time::without_silent_connections(pool).connect_with(options.clone()).await?;
    Ok((Db::Postgres(pool), Source::Postgres(Box::new(options))))
}
