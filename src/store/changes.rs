//! How processes hear of each other's changes. Whatever a process may remember, a change of it is written down in the
//! transaction that makes it, with the next number; every process reads what is new ten times a second, and on
//! PostgreSQL as soon as it is told that there is something (LISTEN/NOTIFY). A notification that is lost costs a tenth of
//! a second; a process that cannot read does not trust its memory for long.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Sqlite, SqlitePool};
use tokio::sync::Mutex;

use super::{Store, StoreError};
use crate::protocol::ids::{ClientId, GrantId, SessionId, TokenId, UserId};

/// Between two looks when nobody calls. A quarter second is what a change may take to be seen everywhere.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A look that takes longer has failed.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// Changes to catch up with one by one; whoever is further behind forgets everything instead.
const MOST_BEHIND: i64 = 500;

/// Changes that are kept; all but the last few have been seen by everybody who listens.
pub(super) const KEEP_CHANGES: i64 = 10 * MOST_BEHIND;

/// Where PostgreSQL calls.
const CHANNEL: &str = "countersign_changes";

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic<'a> {
    /// A client: its registration, and all that users allowed it.
    Client(Cow<'a, ClientId>),
    /// A user: who they are, and all of their sessions, consents and grants.
    User(Cow<'a, UserId>),
    /// One session.
    Session(Cow<'a, SessionId>),
    /// One grant.
    Grant(Cow<'a, GrantId>),
    /// One access token.
    Token(Cow<'a, TokenId>),
    /// The groups themselves, and so what every member is told to be in.
    Groups,
    /// The scopes that are defined.
    Scopes,
    /// The server's keys.
    Keys,
    /// What administrators chose for how this server looks.
    Branding,
    /// Which sorts of password hashes came from other systems.
    ImportedHashes,
    /// The upstream providers that administrators registered.
    Upstreams,
    /// All of it.
    Everything,
}

/// Borrowed topics by the short names of what they are about.
macro_rules! topics_about {
    ($($id:ident => $topic:ident),*) => {
        $(impl<'a> From<&'a $id> for Topic<'a> {
            fn from(id: &'a $id) -> Self {
                Self::$topic(Cow::Borrowed(id))
            }
        })*
    };
}
topics_about!(ClientId => Client, UserId => User, SessionId => Session, GrantId => Grant, TokenId => Token);

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Grant(id) => write!(f, "grant:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Groups => f.write_str("groups"),
            Self::Scopes => f.write_str("scopes"),
            Self::Keys => f.write_str("keys"),
            Self::Branding => f.write_str("branding"),
            Self::ImportedHashes => f.write_str("imported-hashes"),
            Self::Upstreams => f.write_str("upstreams"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

/// A later version of this software may tell of things that this one does not know.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownTopic;

impl FromStr for Topic<'static> {
    type Err = UnknownTopic;
    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        Ok(match text.split_once(':') {
            Some(("client", id)) => Self::Client(Cow::Owned(id.into())),
            Some(("user", id)) => Self::User(Cow::Owned(id.into())),
            Some(("session", id)) => Self::Session(Cow::Owned(id.into())),
            Some(("grant", id)) => Self::Grant(Cow::Owned(id.into())),
            Some(("token", id)) => Self::Token(Cow::Owned(id.into())),
            None if text == "groups" => Self::Groups,
            None if text == "scopes" => Self::Scopes,
            None if text == "keys" => Self::Keys,
            None if text == "branding" => Self::Branding,
            None if text == "imported-hashes" => Self::ImportedHashes,
            None if text == "upstreams" => Self::Upstreams,
            None if text == "everything" => Self::Everything,
            _ => return Err(UnknownTopic),
        })
    }
}

/// Topics as they are written down.
pub(super) fn in_lines(topics: &[Topic<'_>]) -> String {
    topics.iter().map(Topic::to_string).collect::<Vec<_>>().join("\n")
}

/// Writes a change down inside the caller's transaction, last of all: from here on, other changes wait.
macro_rules! write_change {
    ($tx:ident, $topics:expr) => {{
        let (number,): (i64,) =
            sqlx::query_as("UPDATE last_change SET id = id + 1 RETURNING id").fetch_one(&mut *$tx).await?;
        sqlx::query("INSERT INTO changes (id, topics) VALUES ($1, $2)")
            .bind(number)
            .bind(crate::store::changes::in_lines($topics))
            .execute(&mut *$tx)
            .await?;
    }};
}
pub(super) use write_change;

/// Calls the other nodes when the caller's transaction commits. PostgreSQL only.
macro_rules! call_nodes {
    ($tx:ident) => {
        sqlx::query("NOTIFY countersign_changes").execute(&mut *$tx).await?
    };
}
pub(super) use call_nodes;

/// A change that is under way. Whatever becomes of it, what it is about is not known any more when this is dropped.
pub(super) struct Changing<'a> {
    store: &'a Store,
    topics: &'a [Topic<'a>],
    over: bool,
}

impl<'a> Changing<'a> {
    pub fn begin(store: &'a Store, topics: &'a [Topic<'a>]) -> Self {
        Self { store, topics, over: false }
    }

    /// It is known whether it was committed.
    pub fn over(mut self) {
        self.over = true;
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.store.memory.forget(self.topics);
        self.store.call_followers(self.topics);
        if !self.over {
            // Whoever asked hung up, or the commit failed: it may still happen. On PostgreSQL it announces itself; on
            // SQLite it is over when the only connection that writes is free again.
            self.store.forget_when_writer_is_free(in_lines(self.topics));
        }
    }
}

/// Where this process reads what others changed, and how far it has read.
pub(super) struct Ears(Mutex<Hearing>);

enum Hearing {
    NotYet,
    On(Listening),
    /// For good: a connection that was taken while the store closes would keep it from ever being closed.
    Over,
}

struct Listening {
    line: Line,
    last: i64,
    /// Begins with everything forgotten.
    caught_up: bool,
}

enum Line {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PgListener),
}

/// What a process listens with.
#[derive(Clone)]
pub(super) enum Source {
    Sqlite(SqlitePool),
    /// A connection for nothing else: it must not wait for a place behind requests, nor behind its predecessor, which may have
    /// gone silent.
    Postgres(Box<PgConnectOptions>),
}

impl Ears {
    pub fn new() -> Self {
        Self(Mutex::new(Hearing::NotYet))
    }
}

impl Listening {
    async fn begin(source: &Source) -> Result<Self, StoreError> {
        let line = match source {
            Source::Sqlite(readers) => Line::Sqlite(readers.acquire().await?),
            Source::Postgres(options) => {
                let own = PgPoolOptions::new().max_connections(1).connect_lazy_with((**options).clone());
                let mut listener = PgListener::connect_with(&own).await?;
                listener.listen(CHANNEL).await?;
                Line::Postgres(listener)
            }
        };
        Ok(Self { line, last: 0, caught_up: false })
    }

    async fn last_change(&mut self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT id FROM last_change";
        let (last,): (i64,) = match &mut self.line {
            Line::Sqlite(connection) => sqlx::query_as(SQL).fetch_one(&mut **connection).await?,
            Line::Postgres(listener) => sqlx::query_as(SQL).fetch_one(listener).await?,
        };
        Ok(last)
    }

    /// What changed after `self.last`, up to `last`; nothing when that is not known any more.
    async fn changes(&mut self, last: i64) -> Result<Option<Vec<String>>, StoreError> {
        const SQL: &str = "SELECT topics FROM changes WHERE id > $1 AND id <= $2";
        let behind = last - self.last;
        if !(0..=MOST_BEHIND).contains(&behind) {
            return Ok(None);
        }
        let rows: Vec<(String,)> = match &mut self.line {
            Line::Sqlite(connection) => {
                sqlx::query_as(SQL).bind(self.last).bind(last).fetch_all(&mut **connection).await?
            }
            Line::Postgres(listener) => {
                sqlx::query_as(SQL).bind(self.last).bind(last).fetch_all(listener).await?
            }
        };
        let all = i64::try_from(rows.len()).is_ok_and(|rows| rows == behind);
        Ok(all.then(|| rows.into_iter().map(|(topics,)| topics).collect()))
    }

    /// Waits for a call, or until it is time to look anyway.
    async fn wait(&mut self) {
        let call = async {
            match &mut self.line {
                // A call that fails shows when the line is used. One look answers all that came by now.
                Line::Postgres(listener) => {
                    drop(listener.recv().await);
                    while listener.next_buffered().is_some() {}
                }
                Line::Sqlite(_) => std::future::pending().await,
            }
        };
        let _ = tokio::time::timeout(LOOK_EVERY, call).await;
    }
}

impl Store {
    /// Hears of everything that was committed up to now, and forgets what is not true any more. From then on what is
    /// remembered is used for a while.
    ///
    /// # Errors
    /// The database did not answer in time: nothing that is remembered is used soon.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        let mut ears = self.ears.0.lock().await;
        let mut listening = match std::mem::replace(&mut *ears, Hearing::NotYet) {
            Hearing::On(listening) => listening,
            Hearing::NotYet => self.in_time(Listening::begin(&self.source)).await?,
            Hearing::Over => {
                *ears = Hearing::Over;
                return Err(sqlx::Error::PoolClosed.into());
            }
        };
        // Put back only after it did its work: a line that failed is not used again.
        self.in_time(self.look(&mut listening)).await?;
        *ears = Hearing::On(listening);
        Ok(())
    }

    async fn look(&self, listening: &mut Listening) -> Result<(), StoreError> {
        let now = Instant::now();
        let last = listening.last_change().await?;
        // A process that did not listen for a while has missed nothing only if it starts anew.
        let heard_lately = listening.caught_up && self.memory.is_trusted();
        if last != listening.last || !heard_lately {
            let changes = if heard_lately { listening.changes(last).await? } else { None };
            match changes {
                Some(changes) => changes.iter().for_each(|topics| self.hear(topics)),
                None => self.hear(&Topic::Everything.to_string()),
            }
            listening.last = last;
            listening.caught_up = true;
        }
        self.memory.trust_since(now);
        Ok(())
    }

    /// Forgets what others changed.
    pub(super) fn hear(&self, topics: &str) {
        let topics: Vec<Topic<'_>> =
            topics.lines().map(|topic| topic.parse().unwrap_or(Topic::Everything)).collect();
        self.memory.forget(&topics);
        self.call_followers(&topics);
    }

    /// Calls those who keep a copy of their own of what these topics are about.
    fn call_followers(&self, topics: &[Topic<'_>]) {
        let about = |one: &Topic<'_>| topics.iter().any(|topic| topic == one || *topic == Topic::Everything);
        if about(&Topic::Keys) {
            self.keys_changed.notify_one();
        }
        if about(&Topic::Branding) {
            self.branding_changed.notify_one();
        }
    }

    async fn in_time<T>(&self, look: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(LOOK_TIMEOUT, look)
            .await
            .unwrap_or_else(|_| Err(StoreError::from(sqlx::Error::PoolTimedOut)))
    }

    /// Listens until the store is closed. Without this nothing that is remembered is used, which is slower and never wrong.
    pub async fn listen(&self) {
        let mut outage = false;
        loop {
            match self.catch_up().await {
                Ok(()) if outage => {
                    tracing::info!("other nodes' changes are heard again");
                    outage = false;
                }
                Err(error) if !outage => {
                    tracing::error!(%error, "other nodes' changes cannot be heard; the database is asked every time");
                    outage = true;
                }
                Ok(()) | Err(_) => {}
            }
            match &mut *self.ears.0.lock().await {
                Hearing::On(listening) => listening.wait().await,
                Hearing::NotYet => tokio::time::sleep(LOOK_EVERY).await,
                Hearing::Over => return,
            }
        }
    }

    /// Gives back what this process listens with, and takes it no more.
    pub(super) async fn stop_listening(&self) {
        *self.ears.0.lock().await = Hearing::Over;
    }

    /// Waits until the server's keys may have changed.
    pub async fn keys_change(&self) {
        self.keys_changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Topic, UnknownTopic, in_lines};
    use crate::protocol::ids::{ClientId, UserId};

    #[test]
    fn topics_read_back_as_they_are_written_down() {
        let (client, user) = (ClientId::from("https://a.example:8443/x"), UserId::from("u"));
        let topics = [
            Topic::from(&client),
            Topic::from(&user),
            Topic::Groups,
            Topic::Scopes,
            Topic::Keys,
            Topic::Branding,
            Topic::ImportedHashes,
            Topic::Upstreams,
            Topic::Everything,
        ];
        let read: Vec<Topic<'static>> = in_lines(&topics).lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(read, topics);
        for unknown in ["", "device:d", "user", "u"] {
            assert_eq!(unknown.parse::<Topic<'static>>(), Err(UnknownTopic), "{unknown}");
        }
    }
}
