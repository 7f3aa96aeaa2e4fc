//! User names that were given up, and are nobody else's for a while: applications behind a proxy know people by them, and would take
//! whoever came next for whoever left.

use std::sync::Arc;
use std::time::Duration;

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction};
use crate::protocol::ids::UserId;
use crate::sealing::Seals;

/// How names are kept.
pub(super) struct KeptNames {
    seals: Arc<Seals>,
    keep_for: Duration,
}

impl KeptNames {
    pub(super) fn hashes(&self, name: &str, owner: &UserId) -> [String; 2] {
        [self.seals.kept_name("name", name), self.seals.kept_name("owner", owner.as_str())]
    }

    pub(super) fn keep_for(&self) -> Duration {
        self.keep_for
    }
}

/// Keeps the name of a user inside the caller's transaction, which is about to give it up, unless it is `$next`.
macro_rules! keep_name {
    ($store:expr, $tx:ident, $user:expr, $next:expr, $now:expr) => {{
        let (user, next): (&UserId, Option<&str>) = ($user, $next);
        if let Some(names) = $store.kept_names.get() {
            let name: Option<(String,)> = sqlx::query_as("SELECT username FROM users WHERE id = $1")
                .bind(user.as_str())
                .fetch_optional(&mut *$tx)
                .await?;
            if let Some((name,)) = name.filter(|(name,)| next != Some(name.as_str())) {
                let [name_hash, owner_hash] = names.hashes(&name, user);
                sqlx::query(
                    "INSERT INTO kept_names (name_hash, owner_hash, ends_at) VALUES ($1, $2, $3)
                     ON CONFLICT (name_hash) DO UPDATE SET owner_hash = excluded.owner_hash, ends_at = excluded.ends_at",
                )
                .bind(&name_hash)
                .bind(&owner_hash)
                .bind($now.plus(names.keep_for()).0)
                .execute(&mut *$tx)
                .await?;
            }
        }
    }};
}

/// Refuses a name inside the caller's transaction, which has just given it to a user, if it is kept from them. Asked afterwards:
/// whoever takes a name while it is given up waits for that, and then sees the row.
macro_rules! refuse_kept_name {
    ($store:expr, $tx:ident, $user:expr, $now:expr) => {{
        if let Some(names) = $store.kept_names.get() {
            let [name_hash, owner_hash] = names.hashes(&$user.username, &$user.id);
            let kept: Option<(String,)> = sqlx::query_as(
                "SELECT name_hash FROM kept_names WHERE name_hash = $1 AND owner_hash <> $2 AND ends_at > $3",
            )
            .bind(&name_hash)
            .bind(&owner_hash)
            .bind($now.0)
            .fetch_optional(&mut *$tx)
            .await?;
            if kept.is_some() {
                return Err(StoreError::Taken(crate::store::Unique::Username));
            }
        }
    }};
}
pub(super) use {keep_name, refuse_kept_name};

impl Store {
    /// Has names that are given up from now on kept for so long; for no time, not at all. Once.
    pub fn keep_names(&self, seals: &Arc<Seals>, keep_for: Duration) {
        if !keep_for.is_zero() {
            // A second call would be this application's second start.
            let _ = self.kept_names.set(KeptNames { seals: Arc::clone(seals), keep_for });
        }
    }

    /// Gives a kept name free. Answers whether it was kept.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn free_name(&self, seals: &Seals, name: &str, audit: &AuditEntry) -> Result<bool, StoreError> {
        let name_hash = seals.kept_name("name", name);
        let freed = in_transaction!(self, |tx| {
            let freed = sqlx::query("DELETE FROM kept_names WHERE name_hash = $1 AND ends_at > $2")
                .bind(&name_hash)
                .bind(audit.at.0)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if freed == 1 {
                write_audit!(tx, audit);
            }
            freed
        });
        Ok(freed == 1)
    }
}
