//! Upstream providers that administrators registered. All of them are remembered together: every sign-in page shows them.

use std::sync::Arc;

use super::audit::write_audit;
use super::changes::Topic;
use super::{AuditEntry, MOST_COUNTED, Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;

/// Providers that there may be: each is a button on the sign-in page.
pub const MOST_UPSTREAMS: i64 = 50;

/// A provider as it is stored.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredUpstream {
    /// Its id.
    pub id: String,
    /// What is said of it, as JSON.
    pub settings: String,
    /// Its secret or private key, sealed.
    pub secret: Option<String>,
    /// Can people sign in with it?
    pub enabled: bool,
    /// When it was registered, in unix seconds.
    pub created_at: i64,
    /// When it last changed, in unix seconds.
    pub updated_at: i64,
}

impl std::fmt::Debug for StoredUpstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredUpstream").field("id", &self.id).finish_non_exhaustive()
    }
}

/// All of them, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredUpstreams(pub Vec<StoredUpstream>);

/// Whose accounts are linked to one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct LinksOfUpstream {
    /// Accounts here; one more than [`MOST_COUNTED`] where there are more.
    pub accounts: i64,
    /// Those among them that have no other way to sign in.
    pub only_way: i64,
}

/// Adds a provider inside the caller's transaction. Answers the rows: none when there are [`MOST_UPSTREAMS`] already.
macro_rules! insert_upstream {
    ($tx:ident, $upstream:expr) => {
        sqlx::query(
            "INSERT INTO upstreams (id, settings, secret, enabled, created_at, updated_at)
             SELECT $1, $2, $3, CAST($4 AS BOOLEAN), CAST($5 AS BIGINT), CAST($6 AS BIGINT)
             WHERE (SELECT COUNT(*) FROM upstreams) < $7",
        )
        .bind(&$upstream.id)
        .bind(&$upstream.settings)
        .bind(&$upstream.secret)
        .bind($upstream.enabled)
        .bind($upstream.created_at)
        .bind($upstream.updated_at)
        .bind(crate::store::upstream::MOST_UPSTREAMS)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use insert_upstream;

/// Writes a provider inside the caller's transaction, unless it changed since. Answers the rows.
macro_rules! update_upstream {
    ($tx:ident, $upstream:expr, $read_at:expr) => {
        sqlx::query(
            "UPDATE upstreams SET settings = $1, secret = $2, enabled = $3, updated_at = $4
             WHERE id = $5 AND updated_at = $6",
        )
        .bind(&$upstream.settings)
        .bind(&$upstream.secret)
        .bind($upstream.enabled)
        .bind($upstream.updated_at)
        .bind(&$upstream.id)
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use update_upstream;

/// Deletes a provider inside the caller's transaction, unless it changed since. Answers the rows.
macro_rules! delete_upstream {
    ($tx:ident, $id:expr, $read_at:expr) => {
        sqlx::query("DELETE FROM upstreams WHERE id = $1 AND updated_at = $2")
            .bind($id)
            .bind($read_at.0)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
    };
}
pub(super) use delete_upstream;

impl Store {
    /// Every provider that administrators registered, from memory where it is trusted.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn upstreams(&self) -> Result<Arc<StoredUpstreams>, StoreError> {
        let load = async {
            const SQL: &str = "SELECT * FROM upstreams ORDER BY id";
            let rows: Vec<StoredUpstream> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
            // That there are none is remembered as well.
            Ok(Some(StoredUpstreams(rows)))
        };
        Ok(self.recall_or(&self.memory.upstreams, &(), load).await?.unwrap_or_default())
    }

    /// Registers a provider. No when there are [`MOST_UPSTREAMS`] already.
    ///
    /// # Errors
    /// The database is unavailable, or its id is in use.
    pub async fn insert_upstream(
        &self,
        upstream: &StoredUpstream,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let added = in_transaction!(self, changing[Topic::Upstreams], |tx| {
            let added = insert_upstream!(tx, upstream);
            if added != 1 {
                return Ok(false);
            }
            write_audit!(tx, audit);
            added
        });
        Ok(added == 1)
    }

    /// Writes a provider. Answers whether it was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_upstream(
        &self,
        upstream: &StoredUpstream,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let updated = in_transaction!(self, changing[Topic::Upstreams], |tx| {
            let updated = update_upstream!(tx, upstream, read_at);
            if updated != 1 {
                return Ok(false);
            }
            write_audit!(tx, audit);
            updated
        });
        Ok(updated == 1)
    }

    /// Deletes a provider; the accounts that are linked to it stay so. Answers whether it was there, and unchanged since
    /// `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_upstream(
        &self,
        id: &str,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, changing[Topic::Upstreams], |tx| {
            let deleted = delete_upstream!(tx, id, read_at);
            if deleted != 1 {
                return Ok(false);
            }
            write_audit!(tx, audit);
            deleted
        });
        Ok(deleted == 1)
    }

    /// How many accounts are linked to a provider, and how many of them have no other way to sign in: no password, no passkey,
    /// no entry of the directory, no account at one of the `others`, and no checked address where a code may be mailed to it.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn links_of_upstream(
        &self,
        id: &str,
        others: &[&str],
        mails_codes: bool,
    ) -> Result<LinksOfUpstream, StoreError> {
        const SQL: &str = "SELECT COUNT(*) AS accounts, CAST(COALESCE(SUM(CASE WHEN u.password_hash IS NULL
                AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = u.id)
                AND NOT EXISTS (SELECT 1 FROM directory_entries WHERE user_id = u.id)
                AND NOT EXISTS (SELECT 1 FROM identities other WHERE other.user_id = u.id
                                AND $2 LIKE '%|' || other.upstream || '|%')
                AND NOT ($3 AND u.email_verified AND u.email IS NOT NULL)
             THEN 1 ELSE 0 END), 0) AS BIGINT) AS only_way
             FROM (SELECT DISTINCT user_id FROM identities WHERE upstream = $1 LIMIT $4) AS linked
             JOIN users u ON u.id = linked.user_id";
        // Ids hold neither bars nor what LIKE takes for a wildcard.
        let others = format!(
            "|{}|",
            others.iter().filter(|other| **other != id).copied().collect::<Vec<_>>().join("|")
        );
        Ok(on_db!(self, |db| sqlx::query_as(SQL)
            .bind(id)
            .bind(&others)
            .bind(mails_codes)
            .bind(MOST_COUNTED + 1)
            .fetch_one(db)
            .await)?)
    }
}
