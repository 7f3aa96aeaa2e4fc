//! Ids that count once: of client assertions, of proofs of possession, of pushed requests that were answered.

use super::ledger::Entry;
use super::{Store, StoreError, on_db};
use crate::protocol::client_assertion::OneTimeId;

impl Store {
    /// Notes that an assertion is used. Answers whether it was not used before: of two requests with the same one, on
    /// whatever nodes, one is told so.
    ///
    /// # Errors
    /// The database is unavailable: the assertion is then unused.
    pub async fn use_assertion(&self, once: &OneTimeId) -> Result<bool, StoreError> {
        self.ledger.write(once.clone(), Entry::Use).await
    }

    /// Was it used before? Only to say so early: whether it may be used, [`Store::use_assertion`] decides.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn assertion_is_used(&self, once: &OneTimeId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM used_assertions WHERE id = $1";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(&once.id).fetch_optional(db).await)?;
        Ok(row.is_some())
    }
}
