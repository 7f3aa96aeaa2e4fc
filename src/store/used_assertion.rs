//! Client assertions that were accepted: each counts once.

use super::{Store, StoreError, in_transaction};
use crate::protocol::client_assertion::OneTimeId;

impl Store {
    /// Notes that an assertion is used. Answers whether it was not used before: of two requests with the same one, on
    /// whatever nodes, one is told so.
    ///
    /// # Errors
    /// The database is unavailable: the assertion is then unused.
    pub async fn use_assertion(&self, once: &OneTimeId) -> Result<bool, StoreError> {
        let inserted = in_transaction!(self, |tx| {
            sqlx::query(
                "INSERT INTO used_assertions (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            )
            .bind(&once.id)
            .bind(once.expires_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(inserted == 1)
    }
}
