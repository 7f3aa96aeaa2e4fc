//! Passkeys.

use super::mail::write_noted;
use super::{Noted, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::UserId;

/// A passkey as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredPasskey {
    /// The credential's id, base64url.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// As its owner calls it.
    pub name: String,
    /// Its public key and what was learnt about it, as JSON.
    pub credential: String,
    /// Signature counter.
    pub sign_count: i64,
    /// Since when, in unix seconds.
    pub created_at: i64,
    /// Last use, in unix seconds.
    pub last_used_at: i64,
}

/// An account holds so many at most.
pub const MOST_PASSKEYS: i64 = 20;

/// Inserts a [`StoredPasskey`] inside the caller's transaction, unless there is one of this id already or its user has
/// [`MOST_PASSKEYS`]. Says how many were inserted.
macro_rules! insert_passkey {
    ($tx:ident, $passkey:expr) => {{
        let passkey: &crate::store::StoredPasskey = $passkey;
        sqlx::query(
            "INSERT INTO passkeys (id, user_id, name, credential, sign_count, created_at, last_used_at)
             SELECT $1, u.id, $3, $4, $5, $6, $7 FROM users u
             WHERE u.id = $2 AND (SELECT COUNT(*) FROM passkeys WHERE user_id = $2) < $8
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(&passkey.id)
        .bind(&passkey.user_id)
        .bind(&passkey.name)
        .bind(&passkey.credential)
        .bind(passkey.sign_count)
        .bind(passkey.created_at)
        .bind(passkey.last_used_at)
        .bind(crate::store::MOST_PASSKEYS)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    }};
}
pub(super) use insert_passkey;

impl StoredPasskey {
    /// The credential's id as bytes.
    #[must_use]
    pub fn credential_id(&self) -> Option<Vec<u8>> {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&self.id).ok()
    }
}

impl Store {
    /// A user's passkeys, the oldest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn passkeys_of_user(&self, user: &UserId) -> Result<Vec<StoredPasskey>, StoreError> {
        const SQL: &str = "SELECT * FROM passkeys WHERE user_id = $1 ORDER BY created_at, id";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_all(db).await)?)
    }

    /// The passkey with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn passkey(&self, id: &str) -> Result<Option<StoredPasskey>, StoreError> {
        const SQL: &str = "SELECT * FROM passkeys WHERE id = $1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?)
    }

    /// Adds a passkey. Answers whether it was added: not where there is one of this id already (Web Authentication §7.1:
    /// "the Relying Party SHOULD fail this registration ceremony"), nor beyond [`MOST_PASSKEYS`].
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn add_passkey(
        &self,
        passkey: &StoredPasskey,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let added = in_transaction!(self, |tx| {
            let added = insert_passkey!(tx, passkey);
            if added == 1 {
                write_noted!(tx, noted);
            }
            added
        });
        Ok(added == 1)
    }

    /// Gives a passkey of a user another name. Answers whether there is one.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn rename_passkey(&self, user: &UserId, id: &str, name: &str) -> Result<bool, StoreError> {
        let renamed = in_transaction!(self, |tx| {
            sqlx::query("UPDATE passkeys SET name = $1 WHERE id = $2 AND user_id = $3")
                .bind(name)
                .bind(id)
                .bind(user.as_str())
                .execute(&mut *tx)
                .await?
                .rows_affected()
        });
        Ok(renamed == 1)
    }

    /// Removes a passkey of a user. Answers whether there was one.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn remove_passkey(
        &self,
        user: &UserId,
        id: &str,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let removed = in_transaction!(self, |tx| {
            let removed = sqlx::query("DELETE FROM passkeys WHERE id = $1 AND user_id = $2")
                .bind(id)
                .bind(user.as_str())
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if removed == 1 {
                write_noted!(tx, noted);
            }
            removed
        });
        Ok(removed == 1)
    }

    /// Removes a passkey that is not its user's last way to sign in: there is a password, another passkey, a directory's entry,
    /// or an identity at a provider that is `usable`. Answers whether it did.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn remove_spare_passkey(
        &self,
        user: &UserId,
        id: &str,
        usable: &[&str],
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        // Ids hold neither bars nor what LIKE takes for a wildcard.
        let usable = format!("|{}|", usable.join("|"));
        let removed = in_transaction!(self, |tx| {
            // Of two at once the second waits here, and then sees what the first one left.
            sqlx::query("UPDATE users SET updated_at = updated_at WHERE id = $1")
                .bind(user.as_str())
                .execute(&mut *tx)
                .await?;
            let removed = sqlx::query(
                "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 AND (
                    EXISTS (SELECT 1 FROM users WHERE id = $2 AND password_hash IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM passkeys other WHERE other.user_id = $2 AND other.id <> $1)
                    OR EXISTS (SELECT 1 FROM directory_entries WHERE user_id = $2)
                    OR EXISTS (SELECT 1 FROM identities WHERE user_id = $2
                               AND $3 LIKE '%|' || upstream || '|%'))",
            )
            .bind(id)
            .bind(user.as_str())
            .bind(&usable)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if removed == 1 {
                write_noted!(tx, noted);
            }
            removed
        });
        Ok(removed == 1)
    }

    /// The gate of a passkey's use: its counter goes up, unless the authenticator has none (Web Authentication §7.2, step
    /// 22). Answers whether it did.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn use_passkey(&self, used: &StoredPasskey) -> Result<bool, StoreError> {
        let gone_up = in_transaction!(self, |tx| {
            sqlx::query(
                "UPDATE passkeys SET credential = $1, sign_count = $2, last_used_at = $3
                 WHERE id = $4 AND user_id = $5 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
            )
            .bind(&used.credential)
            .bind(used.sign_count)
            .bind(used.last_used_at)
            .bind(&used.id)
            .bind(&used.user_id)
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(gone_up == 1)
    }
}
