//! Access tokens that were revoked one by one (RFC 7009).

use super::memory::OwnState;
use super::{Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::TokenId;
use crate::protocol::timestamp::Timestamp;

impl Store {
    /// Remembers that a token is revoked, until it would have expired.
    ///
    /// # Errors
    /// The database is unavailable: the caller must not say that the token is revoked.
    pub async fn revoke_token(&self, id: &TokenId, expires_at: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, changing[id.into()], |tx| {
            let revoked = sqlx::query(
                "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
            )
            .bind(id.as_str())
            .bind(expires_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if revoked == 0 {
                // Whoever was first has told everybody.
                return Ok(());
            }
        });
        Ok(())
    }

    /// Was this token revoked by itself?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn token_is_revoked(&self, id: &TokenId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT jti FROM revoked_tokens WHERE jti = $1";
        let kind = &self.memory.tokens;
        let state = self.recall_or(kind, id, async {
            let row: Option<(String,)> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
            Ok(Some(OwnState { id: id.clone(), revoked: row.is_some() }))
        });
        Ok(state.await?.is_some_and(|state| state.revoked))
    }
}
