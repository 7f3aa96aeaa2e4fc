//! Refused requests.

use super::audit::NEWEST;
use super::ledger::ManyRows;
use super::{Store, StoreError, in_transaction, on_db};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FailureRow {
    /// Row id; sorts by time.
    pub id: String,
    /// When, in unix seconds.
    pub at: i64,
    /// The request, as in the logs.
    pub correlation_id: String,
    /// Where it was sent.
    pub endpoint: String,
    /// By which client, as far as it said; may be empty.
    pub client_id: String,
    /// The error code that was answered.
    pub error: String,
    /// The rule that was broken, in words.
    pub cause: String,
    /// Where the rule stands.
    pub section: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// What was asked for: pairs of names and values, as JSON.
    pub request: String,
}

/// The newest are kept.
const KEEP: i64 = 10_000;

static FAILURES: ManyRows = ManyRows::new(
    "INSERT INTO failures (id, at, correlation_id, endpoint, client_id, error, cause, section, advice, request) VALUES",
    10,
    "",
);

impl Store {
    /// Keeps refused requests, [`MOST_ROWS`](super::ledger::MOST_ROWS) at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn insert_failures(&self, failures: &[FailureRow]) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            let mut query = sqlx::query(FAILURES.of(&self.db, failures.len()));
            for failure in failures {
                query = query
                    .bind(&failure.id)
                    .bind(failure.at)
                    .bind(&failure.correlation_id)
                    .bind(&failure.endpoint)
                    .bind(&failure.client_id)
                    .bind(&failure.error)
                    .bind(&failure.cause)
                    .bind(&failure.section)
                    .bind(&failure.advice)
                    .bind(&failure.request);
            }
            query.execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The newest refused request of this correlation id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn failure(&self, correlation_id: &str) -> Result<Option<FailureRow>, StoreError> {
        const SQL: &str = "SELECT * FROM failures WHERE correlation_id = $1 ORDER BY id DESC LIMIT 1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(correlation_id).fetch_optional(db).await)?)
    }

    /// The newest refused requests, of one client or of all, newest first, older than the row `before` if it is named.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn failures(
        &self,
        client_id: &str,
        before: &str,
        limit: u32,
    ) -> Result<Vec<FailureRow>, StoreError> {
        const OF_ALL: &str = "SELECT * FROM failures WHERE id < $1 ORDER BY id DESC LIMIT $2";
        const OF_CLIENT: &str =
            "SELECT * FROM failures WHERE client_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2";
        let before = if before.is_empty() { NEWEST } else { before };
        let limit = i64::from(limit);
        let rows = if client_id.is_empty() {
            on_db!(self, |db| sqlx::query_as(OF_ALL).bind(before).bind(limit).fetch_all(db).await)
        } else {
            on_db!(self, |db| {
                sqlx::query_as(OF_CLIENT).bind(before).bind(limit).bind(client_id).fetch_all(db).await
            })
        };
        Ok(rows?)
    }

    /// Forgets all but the newest [`KEEP`], in batches. Answers how many went.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(super) async fn forget_old_failures(&self) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM failures WHERE id IN
            (SELECT id FROM failures WHERE id <= (SELECT id FROM failures ORDER BY id DESC LIMIT 1 OFFSET $1)
             ORDER BY id LIMIT $2)";
        self.delete_in_batches(&[SQL], KEEP).await
    }
}
