//! Forgetting what is dead. Nothing depends on this having run: expiry is decided on read.

use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::{ConnectOptions as _, Connection as _};

use super::changes::KEEP_CHANGES;
use super::ledger::{MOST_ROWS, ManyRows};
use super::{Db, LOCK_TIMEOUT, Store, StoreError, Topic, in_transaction, on_db};
use crate::protocol::ids::ClientId;
use crate::protocol::timestamp::Timestamp;

/// Rows deleted in one statement, so that no lock is held for long.
const BATCH: i64 = 500;

/// A used code must be known for longer than any code lives, whatever the grant's own lifetime.
const KEEP_DEAD_GRANTS: Duration = Duration::from_secs(3600);

/// What rests on a session goes with it: its grants, but for those that outlive it. One that was opened just now stays for as
/// long as the code that it was opened by could be tried again, and its session with it. SQLite takes the tables of a CROSS JOIN
/// in the order in which they stand: there are few such sessions, and many grants.
const ENDED_SESSIONS: [&str; 2] = [
    "DELETE FROM grants WHERE id IN
        (SELECT g.id FROM sessions s CROSS JOIN grants g
         WHERE s.state = 'ended' AND s.created_at <= $1
           AND g.session_id = s.id AND NOT g.offline AND g.created_at <= $1 LIMIT $2)",
    "DELETE FROM sessions WHERE id IN
        (SELECT s.id FROM sessions s WHERE s.state = 'ended' AND s.created_at <= $1
         AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id AND NOT g.offline)
         LIMIT $2)",
];

/// The same of sessions that ran out. Nobody is told of them.
const SESSIONS_THAT_RAN_OUT: [&str; 3] = [
    "DELETE FROM grants WHERE id IN
        (SELECT g.id FROM sessions s CROSS JOIN grants g
         WHERE s.expires_at <= $1
           AND g.session_id = s.id AND NOT g.offline AND g.created_at <= $1 LIMIT $2)",
    "DELETE FROM session_clients WHERE (session_id, client_id) IN
        (SELECT c.session_id, c.client_id FROM sessions s JOIN session_clients c ON c.session_id = s.id
         WHERE s.expires_at <= $1 AND c.due_at IS NULL LIMIT $2)",
    "DELETE FROM sessions WHERE id IN
        (SELECT s.id FROM sessions s WHERE s.expires_at <= $1
         AND NOT EXISTS (SELECT 1 FROM session_clients c WHERE c.session_id = s.id AND c.due_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id AND NOT g.offline)
         LIMIT $2)",
];

/// Rows of one table whose time has come.
const DEAD_ROWS: [&str; 13] = [
    "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)",
    // The code that it was opened by has run out: there is nothing left of it that could be tried again.
    "DELETE FROM grants WHERE id IN
        (SELECT id FROM grants WHERE state = 'revoked' AND created_at <= $1 LIMIT $2)",
    "DELETE FROM revoked_tokens WHERE jti IN (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM used_assertions WHERE id IN (SELECT id FROM used_assertions WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM one_time_links WHERE token_hash IN
        (SELECT token_hash FROM one_time_links WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM initial_access_tokens WHERE id IN
        (SELECT id FROM initial_access_tokens WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM sign_in_codes WHERE id IN (SELECT id FROM sign_in_codes WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM device_requests WHERE id IN (SELECT id FROM device_requests WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM mailed_links WHERE token_hash IN
        (SELECT token_hash FROM mailed_links WHERE expires_at <= $1 LIMIT $2)",
    "DELETE FROM kept_names WHERE name_hash IN (SELECT name_hash FROM kept_names WHERE ends_at <= $1 LIMIT $2)",
    "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE ends_at <= $1 LIMIT $2)",
    // Mail counts for an hour: what is older counts no more.
    "DELETE FROM mail_limits WHERE bucket IN
        (SELECT bucket FROM mail_limits WHERE last_at <= $1 AND recovery_at <= $1 LIMIT $2)",
];

/// The newest are kept, for nodes that are behind.
const OLD_CHANGES: &str = "DELETE FROM changes WHERE id IN
    (SELECT id FROM changes WHERE id <= (SELECT id FROM last_change) - $1 ORDER BY id LIMIT $2)";

/// A change of the same rows takes them in an order of its own, so that each could wait for the other: PostgreSQL would look for
/// that after a second, and might break off the change. What is dead can wait for the next time.
const GIVE_WAY: &str = "SET LOCAL lock_timeout = 200";

/// Says again that they are unused: one may be used for the first time while this waits for its row.
static DELETE_UNUSED: ManyRows =
    ManyRows::new("DELETE FROM clients WHERE used_at IS NULL AND id IN (VALUES", 1, ")");

/// Has somebody else the rows?
fn is_held(error: &sqlx::Error) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}

impl Store {
    /// Deletes what has been dead for an hour, in batches. Answers how many rows went; what somebody is changing stays until the
    /// next run. The audit log has its own way, along
    /// its chain.
    ///
    /// # Errors
    /// The database is unavailable; the next run goes on where this one stopped.
    pub async fn clean_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let dead_since = now.minus(KEEP_DEAD_GRANTS);
        let mut deleted = 0;
        deleted += self.delete_in_batches(&ENDED_SESSIONS, dead_since.0).await?;
        deleted += self.delete_in_batches(&SESSIONS_THAT_RAN_OUT, dead_since.0).await?;
        for sql in DEAD_ROWS {
            deleted += self.delete_in_batches(&[sql], dead_since.0).await?;
        }
        self.look_at_sizes().await?;
        deleted += self.forget_old_failures().await?;
        deleted += self.forget_old_statistics(now).await?;
        deleted += self.delete_in_batches(&[OLD_CHANGES], KEEP_CHANGES).await?;
        Ok(deleted)
    }

    /// Deletes the clients that registered themselves until `floor` and were never used, in batches. Answers how many
    /// went.
    ///
    /// # Errors
    /// The database is unavailable; the next run goes on where this one stopped.
    pub async fn delete_unused_clients(&self, floor: Timestamp) -> Result<u64, StoreError> {
        const UNUSED: &str =
            "SELECT id FROM clients WHERE registration_token_hash IS NOT NULL AND used_at IS NULL
             AND created_at <= $1 LIMIT $2";
        let most = i64::try_from(MOST_ROWS).unwrap_or(BATCH);
        let mut deleted = 0;
        loop {
            let unused: Vec<(String,)> =
                on_db!(self, |db| sqlx::query_as(UNUSED).bind(floor.0).bind(most).fetch_all(db).await)?;
            if unused.is_empty() {
                return Ok(deleted);
            }
            let ids: Vec<ClientId> = unused.into_iter().map(|(id,)| id.into()).collect();
            let topics: Vec<Topic<'_>> = ids.iter().map(Topic::from).collect();
            deleted += in_transaction!(self, changing topics, |tx| {
                let mut query = sqlx::query(DELETE_UNUSED.of(&self.db, ids.len()));
                for id in &ids {
                    query = query.bind(id.as_str());
                }
                query.execute(&mut *tx).await?.rows_affected()
            });
        }
    }

    /// Lets SQLite look at tables that have grown. It chooses indexes by the sizes that it knows: of a table that was small
    /// when the last process ended, it would read all rows where an index leads to a few. PostgreSQL does this by itself.
    async fn look_at_sizes(&self) -> Result<(), StoreError> {
        if let Db::Sqlite { writer, .. } = &self.db {
            // By a connection of its own, and not by the one that everybody writes with: so nobody waits for more than the look at
            // one table, and that is at some hundred rows of each index. Nobody asks it again: it waits for the lock itself.
            let options = (*writer.connect_options()).clone();
            let options = options
                .pragma("analysis_limit", "400")
                .pragma("busy_timeout", LOCK_TIMEOUT.as_millis().to_string())
                .optimize_on_close(false, None);
            let mut own = options.connect().await?;
            sqlx::query("PRAGMA optimize").execute(&mut own).await?;
            own.close().await?;
        }
        Ok(())
    }

    /// Deletes by statements with a bound and the size of a batch, all of them in turn until there is nothing left of any.
    pub(super) async fn delete_in_batches(
        &self,
        statements: &[&'static str],
        bound: i64,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let began = Instant::now();
            let mut largest = 0;
            for sql in statements {
                match self.delete_batch(sql, bound).await {
                    Ok(batch) => {
                        deleted += batch;
                        largest = largest.max(batch);
                    }
                    Err(StoreError::Unavailable(error)) if is_held(&error) => return Ok(deleted),
                    Err(error) => return Err(error),
                }
            }
            if largest < BATCH.unsigned_abs() {
                return Ok(deleted);
            }
            // Whoever signs in meanwhile has the writer for at least half of the time.
            tokio::time::sleep(began.elapsed()).await;
        }
    }

    async fn delete_batch(&self, sql: &'static str, bound: i64) -> Result<u64, StoreError> {
        Ok(in_transaction!(self, |tx| {
            if let Db::Postgres(_) = &self.db {
                sqlx::query(GIVE_WAY).execute(&mut *tx).await?;
            }
            sqlx::query(sql).bind(bound).bind(BATCH).execute(&mut *tx).await?.rows_affected()
        }))
    }
}
