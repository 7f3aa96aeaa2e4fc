//! Accounts at upstream providers, and whose they are here.

use super::audit::write_audit;
use super::changes::Topic;
use super::kept_name::refuse_kept_name;
use super::mail::write_noted;
use super::user::{insert_user, take_claimed_address};
use super::{AuditEntry, Noted, Store, StoreError, Unique, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::linking::{Link, MOST_IDENTITIES, NewAccount};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

/// An account elsewhere that somebody here signs in with.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredIdentity {
    /// Row id.
    pub id: String,
    /// Whose it is here.
    pub user_id: String,
    /// The provider, by its id in the configuration.
    pub upstream: String,
    /// What the provider knows its user by.
    pub subject: String,
    /// For its owner to recognise it by.
    pub label: String,
    /// Since when, in unix seconds.
    pub created_at: i64,
    /// Last use, in unix seconds.
    pub last_used_at: i64,
}

/// What a link came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It is there now.
    Now,
    /// The identity belongs to somebody already, or the account holds as many as it can.
    Not,
}

/// Inserts an identity inside the caller's transaction, where nobody has it and its user has room. Answers the rows.
macro_rules! insert_identity {
    ($tx:ident, $id:expr, $user:expr, $identity:expr, $now:expr) => {
        sqlx::query(
            "INSERT INTO identities (id, user_id, upstream, subject, label, created_at, last_used_at)
             SELECT $1, u.id, $3, $4, $5, $6, $6 FROM users u
             WHERE u.id = $2 AND (SELECT COUNT(*) FROM identities WHERE user_id = $2) < $7
             ON CONFLICT (upstream, subject) DO NOTHING",
        )
        .bind($id)
        .bind($user.as_str())
        .bind(&$identity.upstream)
        .bind(&$identity.subject)
        .bind($identity.label())
        .bind($now.0)
        .bind(MOST_IDENTITIES)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}

impl Store {
    /// Whose this account at a provider is.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn identity(
        &self,
        upstream: &str,
        subject: &str,
    ) -> Result<Option<StoredIdentity>, StoreError> {
        const SQL: &str = "SELECT * FROM identities WHERE upstream = $1 AND subject = $2";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(upstream).bind(subject).fetch_optional(db).await)?)
    }

    /// A user's accounts elsewhere, the oldest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn identities_of_user(&self, user: &UserId) -> Result<Vec<StoredIdentity>, StoreError> {
        const SQL: &str = "SELECT * FROM identities WHERE user_id = $1 ORDER BY created_at, id";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_all(db).await)?)
    }

    /// Gives an account here an account elsewhere.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn link_identity(
        &self,
        id: &str,
        link: &Link,
        now: Timestamp,
        noted: impl Into<Noted<'_>>,
    ) -> Result<Linked, StoreError> {
        let noted = noted.into();
        let linked = in_transaction!(self, |tx| {
            let linked = insert_identity!(tx, id, link.user(), link.identity(), now);
            if linked == 1 {
                write_noted!(tx, noted);
            }
            linked
        });
        Ok(if linked == 1 { Linked::Now } else { Linked::Not })
    }

    /// Makes an account for somebody whom a provider vouches for; `user` is it, with a name that is hoped to be free. Whoever
    /// claims its address without having shown that it is theirs loses it, which `lost` tells.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name or the address belongs to somebody else, or the identity was linked
    /// meanwhile. Nothing was made then.
    pub async fn insert_user_with_identity(
        &self,
        id: &str,
        user: &User,
        account: &NewAccount,
        lost: Option<&AuditEntry>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let changed: Vec<Topic<'_>> = account.claimant().map(Topic::from).into_iter().collect();
        in_transaction!(self, changing changed, |tx| {
            if let (Some(claimant), Some(email), Some(lost)) = (account.claimant(), &user.email, lost) {
                take_claimed_address!(tx, claimant, email, lost);
            }
            insert_user!(tx, user);
            refuse_kept_name!(self, tx, user, user.created_at);
            let linked = insert_identity!(tx, id, user.id, account.identity(), user.created_at);
            if linked != 1 {
                return Err(StoreError::Taken(Unique::Identity));
            }
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// Notes that an identity was used. Answers whether it is this user's, still.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn use_identity(
        &self,
        user: &UserId,
        upstream: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rows = in_transaction!(self, |tx| {
            sqlx::query(
                "UPDATE identities SET last_used_at = $1 WHERE upstream = $2 AND subject = $3 AND user_id = $4",
            )
            .bind(now.0)
            .bind(upstream)
            .bind(subject)
            .bind(user.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(rows == 1)
    }

    /// Takes an account elsewhere away from a user, unless it is their last way to sign in: a password, a passkey, or
    /// another identity at one of the `usable` providers. Sign-ins in progress begin anew. Answers whether it went.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn unlink_identity(
        &self,
        user: &UserId,
        id: &str,
        usable: &[&str],
        now: Timestamp,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        // Ids hold neither bars nor what LIKE takes for a wildcard.
        let usable = format!("|{}|", usable.join("|"));
        let unlinked = in_transaction!(self, changing[user.into()], |tx| {
            // Written first: of two at once the second waits here, and then sees what the first one left.
            sqlx::query(
                "UPDATE users SET updated_at = CASE WHEN updated_at < $1 THEN $1 ELSE updated_at + 1 END
                 WHERE id = $2",
            )
            .bind(now.0)
            .bind(user.as_str())
            .execute(&mut *tx)
            .await?;
            let unlinked = sqlx::query(
                "DELETE FROM identities WHERE id = $1 AND user_id = $2 AND (
                    EXISTS (SELECT 1 FROM users WHERE id = $2 AND password_hash IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = $2)
                    OR EXISTS (SELECT 1 FROM identities other WHERE other.user_id = $2 AND other.id <> $1
                               AND $3 LIKE '%|' || other.upstream || '|%'))",
            )
            .bind(id)
            .bind(user.as_str())
            .bind(&usable)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if unlinked != 1 {
                return Ok(false);
            }
            write_noted!(tx, noted);
            true
        });
        Ok(unlinked)
    }
}
