//! Initial access tokens (RFC 7591 §3), by which others may register clients. Using one is part of
//! [`Store::insert_self_registered`].

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;

/// An initial access token, without the token.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RegistrationToken {
    /// Its public name.
    pub id: String,
    /// What it is for, in the administrator's words.
    pub note: String,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it stops working (Unix seconds).
    pub expires_at: i64,
    /// How many clients it may still register; none for any number.
    pub uses_left: Option<i64>,
}

impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn insert_registration_token(
        &self,
        token: &RegistrationToken,
        token_hash: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query(
                "INSERT INTO initial_access_tokens (id, token_hash, note, created_at, expires_at, uses_left)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&token.id)
            .bind(token_hash)
            .bind(&token.note)
            .bind(token.created_at)
            .bind(token.expires_at)
            .bind(token.uses_left)
            .execute(&mut *tx)
            .await?;
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// The tokens that still work, in the order they were made.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn registration_tokens(&self, now: Timestamp) -> Result<Vec<RegistrationToken>, StoreError> {
        const SQL: &str = "SELECT id, note, created_at, expires_at, uses_left FROM initial_access_tokens
             WHERE expires_at > $1 AND (uses_left IS NULL OR uses_left > 0) ORDER BY created_at, id";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).fetch_all(db).await)?)
    }

    /// The name of a token that would still register a client. Asked before anything else is looked at; using it is the
    /// gate.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn live_registration_token(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT id FROM initial_access_tokens
             WHERE token_hash = $1 AND expires_at > $2 AND (uses_left IS NULL OR uses_left > 0)";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(token_hash).bind(now.0).fetch_optional(db).await)?;
        Ok(row.map(|row| row.0))
    }

    /// Revokes a token; what it registered stays. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_registration_token(&self, id: &str, audit: &AuditEntry) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, |tx| {
            let deleted = sqlx::query("DELETE FROM initial_access_tokens WHERE id = $1")
                .bind(id)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if deleted == 1 {
                write_audit!(tx, audit);
            }
            deleted
        });
        Ok(deleted == 1)
    }
}
