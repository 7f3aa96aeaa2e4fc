//! Nobody waits for PostgreSQL without end. A line to it can go silent with nobody being told (a machine that is gone, a
//! firewall that has forgotten the connection), and only a quarter of an hour later does TCP give up.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sqlx::postgres::{PgConnection, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Either, Execute, Executor, PgPool, Postgres, SqlStr, Transaction};
use tokio_stream::{Stream, StreamExt as _};

/// What is not answered by then will not be: the server breaks a statement off before (`statement_timeout`), and no request
/// is given longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection between two uses may take to say that it is well.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection that was used so lately is not asked whether it is well.
const FRESH: Duration = Duration::from_secs(1);

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;
type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = Result<T, sqlx::Error>> + Send + 'a>>;

/// What statements are run on, each of which is answered in time or fails.
#[derive(Debug)]
pub(super) struct InTime<L>(pub L);

/// What leads to the database.
pub(super) trait Leads: Debug + Send {
    fn executor(&mut self) -> impl Executor<'_, Database = Postgres>;
}

impl Leads for &PgPool {
    fn executor(&mut self) -> impl Executor<'_, Database = Postgres> {
        *self
    }
}

impl Leads for PoolConnection<Postgres> {
    fn executor(&mut self) -> impl Executor<'_, Database = Postgres> {
        &mut **self
    }
}

impl Leads for Transaction<'static, Postgres> {
    fn executor(&mut self) -> impl Executor<'_, Database = Postgres> {
        &mut **self
    }
}

impl<'c, L: Leads> Executor<'c> for &'c mut InTime<L> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Either<PgQueryResult, PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answers = self.0.executor().fetch_many(query).timeout(ANSWER_TIMEOUT);
        Box::pin(answers.map(|answer| answer.unwrap_or_else(|_| Err(silent()))))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(within(ANSWER_TIMEOUT, self.0.executor().fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, PgStatement>
    where
        'c: 'e,
    {
        Box::pin(within(ANSWER_TIMEOUT, self.0.executor().prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        Box::pin(within(ANSWER_TIMEOUT, self.0.executor().describe(sql)))
    }
}

/// Begins a transaction.
pub(super) async fn begin(pool: &PgPool) -> Result<Box<InTime<Transaction<'static, Postgres>>>, sqlx::Error> {
    Ok(Box::new(InTime(within(ANSWER_TIMEOUT, pool.begin()).await?)))
}

impl InTime<Transaction<'static, Postgres>> {
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        within(ANSWER_TIMEOUT, self.0.commit()).await
    }
}

/// Takes a connection for one statement.
pub(super) async fn acquire(pool: &PgPool) -> Result<Box<InTime<PoolConnection<Postgres>>>, sqlx::Error> {
    Ok(Box::new(InTime(pool.acquire().await?)))
}

/// Has a pool close connections that have gone silent instead of keeping their places for them. sqlx asks them too, and waits
/// for as long as it takes.
pub(super) fn without_silent_connections(pool: PgPoolOptions) -> PgPoolOptions {
    pool.test_before_acquire(false)
        .before_acquire(|connection, known| Box::pin(is_well_after_idling(connection, known)))
        .after_release(|connection, _| Box::pin(is_well(connection)))
}

async fn is_well_after_idling(
    connection: &mut PgConnection,
    known: PoolConnectionMetadata,
) -> Result<bool, sqlx::Error> {
    if known.idle_for < FRESH { Ok(true) } else { is_well(connection).await }
}

async fn is_well(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    within(PING_TIMEOUT, connection.ping()).await.map(|()| true)
}

async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(silent()))
}

fn silent() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the database has gone silent").into()
}
