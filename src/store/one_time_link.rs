//! Links that work once.

use super::audit::write_audit;
use super::user::insert_user;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

/// The purpose of a link that sets up the first administrator.
const ADMINISTRATOR: &str = "administrator";

impl Store {
    /// Makes a link that sets up the first administrator; earlier ones stop working.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn offer_administrator_link(
        &self,
        token_hash: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query("DELETE FROM one_time_links WHERE purpose = $1")
                .bind(ADMINISTRATOR)
                .execute(&mut *tx)
                .await?;
            sqlx::query("INSERT INTO one_time_links (token_hash, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4)")
                .bind(token_hash)
                .bind(ADMINISTRATOR)
                .bind(now.0)
                .bind(expires_at.0)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// Would this link still set up an administrator?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn administrator_link_works(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT token_hash FROM one_time_links
             WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
        let row: Option<(String,)> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(token_hash).bind(ADMINISTRATOR).bind(now.0).fetch_optional(db).await
        })?;
        Ok(row.is_some())
    }

    /// Uses the link to add the administrator; the link's mark, the user and the audit row commit together.
    /// Answers whether the link still worked.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name or the address belongs to somebody else; the link then still works.
    pub async fn set_up_administrator(
        &self,
        token_hash: &str,
        user: &User,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let worked = in_transaction!(self, |tx| {
            let marked = sqlx::query(
                "UPDATE one_time_links SET used_at = $1
                 WHERE token_hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1",
            )
            .bind(now.0)
            .bind(token_hash)
            .bind(ADMINISTRATOR)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if marked == 1 {
                insert_user!(tx, user);
                write_audit!(tx, audit);
            }
            marked
        });
        Ok(worked == 1)
    }
}
