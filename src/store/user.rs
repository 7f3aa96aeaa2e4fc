//! Users.

use std::sync::Arc;

use super::audit::write_audit;
use super::kept_name::{keep_name, refuse_kept_name};
use super::ledger::BEGIN;
use super::mail::write_noted;
use super::session::{bind_session, end_sessions_of_user};
use super::session_client::announce_ended_sessions;
use super::{AuditEntry, NewSession, Noted, Store, StoreError, in_transaction, on_db, version};
use crate::protocol::ids::UserId;
use crate::protocol::sign_in::Required;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct UserRow {
    id: String,
    username: String,
    email: Option<String>,
    email_verified: bool,
    name: Option<String>,
    claims: String,
    password_hash: Option<String>,
    is_admin: bool,
    disabled: bool,
    new_password_required: bool,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;
    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            claims: serde_json::from_str(&row.claims)
                .map_err(|error| StoreError::Corrupt("user", error.to_string()))?,
            id: row.id.into(),
            username: row.username,
            email: row.email,
            email_verified: row.email_verified,
            name: row.name,
            password_hash: row.password_hash,
            is_admin: row.is_admin,
            disabled: row.disabled,
            new_password_required: row.new_password_required,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// The column of the claims.
pub(super) fn to_json(claims: &StandardClaims) -> Result<String, StoreError> {
    serde_json::to_string(claims).map_err(|error| StoreError::Corrupt("user", error.to_string()))
}

/// Inserts a [`User`] inside the caller's transaction.
macro_rules! insert_user {
    ($tx:ident, $user:expr) => {
        sqlx::query(
            "INSERT INTO users (id, username, email, email_verified, name, password_hash, is_admin, disabled,
                                created_at, updated_at, claims)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind($user.id.as_str())
        .bind(&$user.username)
        .bind(&$user.email)
        .bind($user.email_verified)
        .bind(&$user.name)
        .bind(&$user.password_hash)
        .bind($user.is_admin)
        .bind($user.disabled)
        .bind($user.created_at.0)
        .bind($user.updated_at.0)
        .bind(crate::store::user::to_json(&$user.claims)?)
        .execute(&mut *$tx)
        .await?
    };
}
pub(super) use insert_user;

/// Takes an address, inside the caller's transaction, from an account that has not shown that it is its own.
macro_rules! take_claimed_address {
    ($tx:ident, $claimant:expr, $email:expr, $lost:expr) => {
        let taken = sqlx::query(
            "UPDATE users SET email = NULL, words_known = FALSE,
                    updated_at = CASE WHEN updated_at < $1 THEN $1 ELSE updated_at + 1 END
             WHERE id = $2 AND email = $3 AND NOT email_verified",
        )
        .bind($lost.at.0)
        .bind($claimant.as_str())
        .bind($email)
        .execute(&mut *$tx)
        .await?
        .rows_affected();
        if taken == 1 {
            write_audit!($tx, $lost);
        }
    };
}
pub(super) use take_claimed_address;

/// Ends every session and grant of a user inside the caller's transaction. Codes and device requests that wait for their
/// application are over with the session they were allowed in.
macro_rules! end_everything_of_user {
    ($tx:ident, $user:expr, $now:expr) => {{
        end_sessions_of_user!($tx, $user, "", $now);
        sqlx::query("UPDATE grants SET state = 'revoked' WHERE user_id = $1 AND state = 'active'")
            .bind($user.as_str())
            .execute(&mut *$tx)
            .await?;
    }};
}

pub(super) use end_everything_of_user;

/// Refuses, inside the caller's transaction, to go on with a change after which nobody could administer the server.
macro_rules! keep_an_administrator {
    ($tx:ident, $user:expr) => {{
        // One row that every such change writes: on PostgreSQL two of them at once wait for each other, so that two
        // administrators cannot switch each other off.
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ('administrators lock', '')
             ON CONFLICT (name) DO UPDATE SET value = ''",
        )
        .execute(&mut *$tx)
        .await?;
        let able: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM users WHERE is_admin AND NOT disabled LIMIT 2")
                .fetch_all(&mut *$tx)
                .await?;
        if matches!(able.as_slice(), [(only,)] if only == $user.as_str()) {
            return Err(StoreError::LastAdministrator);
        }
    }};
}

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name or the address belongs to somebody else, or the name did a short while ago.
    pub async fn insert_user(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            insert_user!(tx, user);
            refuse_kept_name!(self, tx, user, user.created_at);
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// The user with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn user(&self, id: &UserId) -> Result<Option<Arc<User>>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE id = $1";
        let load = async {
            let row: Option<UserRow> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
            row.map(User::try_from).transpose()
        };
        self.recall_or(&self.memory.users, id, load).await
    }

    /// The user who signs in with this canonical user name or e-mail address. A user name cannot hold an `@`, so the
    /// two never mean different people.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<User>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE username = $1 OR email = $1";
        let row: Option<UserRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(login).fetch_optional(db).await)?;
        row.map(User::try_from).transpose()
    }

    /// Users after the user name `after`, `limit` at most, by user name.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn users(&self, after: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE username > $1 ORDER BY username LIMIT $2";
        let rows: Vec<UserRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).fetch_all(db).await)?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// Is there an administrator who can sign in?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM users WHERE is_admin AND NOT disabled LIMIT 1";
        let row: Option<(String,)> = on_db!(self, |db| sqlx::query_as(SQL).fetch_optional(db).await)?;
        Ok(row.is_some())
    }

    /// Writes a user's profile and switches. Switching a user off ends every session and grant of theirs for good.
    /// Answers whether the user was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name or the address belongs to somebody else;
    /// [`StoreError::LastAdministrator`] when nobody could administer the server any more.
    pub async fn update_user(
        &self,
        user: &User,
        read_at: Timestamp,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let updated = in_transaction!(self, changing[(&user.id).into()], |tx| {
            if user.disabled || !user.is_admin {
                keep_an_administrator!(tx, user.id);
            }
            keep_name!(self, tx, &user.id, Some(user.username.as_str()), noted.audit.at);
            let updated = sqlx::query(
                "UPDATE users SET username = $1, email = $2, email_verified = $3, name = $4, is_admin = $5,
                        disabled = $6, updated_at = $7, claims = $8, words_known = FALSE
                 WHERE id = $9 AND updated_at = $10",
            )
            .bind(&user.username)
            .bind(&user.email)
            .bind(user.email_verified)
            .bind(&user.name)
            .bind(user.is_admin)
            .bind(user.disabled)
            .bind(user.updated_at.0)
            .bind(to_json(&user.claims)?)
            .bind(user.id.as_str())
            .bind(read_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if updated != 1 {
                return Ok(false);
            }
            refuse_kept_name!(self, tx, user, noted.audit.at);
            if user.disabled {
                end_everything_of_user!(tx, user.id, noted.audit.at);
            }
            write_noted!(tx, noted);
            updated
        });
        Ok(updated == 1)
    }

    /// Sets a user's password and ends every session and grant of theirs. Whoever does so themselves has the `next` session
    /// from then on. Answers whether the user was there, and the session that it is to take the place of was active.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn set_password(
        &self,
        user: &UserId,
        password_hash: &str,
        next: Option<&NewSession>,
        now: Timestamp,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        self.set_password_read(user, password_hash, next, now, None, noted).await
    }

    /// The same for a user who is as they were when they were read, at `read_at` if that is said.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn set_password_read(
        &self,
        user: &UserId,
        password_hash: &str,
        next: Option<&NewSession>,
        now: Timestamp,
        read_at: Option<Timestamp>,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let updated = in_transaction!(self, changing[user.into()], |tx| {
            // A sign-in that is under way with the old password goes by `updated_at`, so that must not stand still.
            let updated = sqlx::query(
                "UPDATE users SET password_hash = $1, new_password_required = FALSE,
                        updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at + 1 END
                 WHERE id = $3 AND ($4 = -1 OR updated_at = $4)",
            )
            .bind(password_hash)
            .bind(now.0)
            .bind(user.as_str())
            .bind(version(read_at))
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if updated == 1 {
                if let Some(NewSession { former, .. }) = next {
                    // Whoever was signed out while they chose has nothing that another session could take the place of.
                    let active = sqlx::query(
                        "UPDATE sessions SET state = 'active' WHERE id = $1 AND user_id = $2 AND state = 'active'",
                    )
                    .bind(former.as_str())
                    .bind(user.as_str())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                    if active == 0 {
                        return Ok(false);
                    }
                }
                end_everything_of_user!(tx, user, noted.audit.at);
                if let Some(NewSession { session, audit, .. }) = next {
                    bind_session!(sqlx::query(BEGIN.of(&self.db, 1)), session).execute(&mut *tx).await?;
                    write_audit!(tx, audit);
                }
                write_noted!(tx, noted);
            }
            updated
        });
        Ok(updated == 1)
    }

    /// Has a user choose another password before this one opens anything, and ends every session and grant of theirs. A sign-in
    /// that is under way begins anew. Answers whether the user was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn require_new_password(
        &self,
        user: &UserId,
        read_at: Timestamp,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let required = in_transaction!(self, changing[user.into()], |tx| {
            let required = sqlx::query(
                "UPDATE users SET new_password_required = TRUE, updated_at = $1 WHERE id = $2 AND updated_at = $3",
            )
            .bind(now.0)
            .bind(user.as_str())
            .bind(read_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if required == 1 {
                end_everything_of_user!(tx, user, audit.at);
                write_audit!(tx, audit);
            }
            required
        });
        Ok(required == 1)
    }

    /// Sets the password that a user had to choose, and ends every session and grant of theirs.
    /// Answers when the account changed by it; not if it was changed before, as by another tab.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn choose_required_password(
        &self,
        required: &Required,
        password_hash: &str,
        noted: impl Into<Noted<'_>>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let noted = noted.into();
        let (user, at) = (required.user(), noted.audit.at);
        let changed_at: i64 = in_transaction!(self, changing[user.into()], |tx| {
            let changed: Option<(i64,)> = sqlx::query_as(
                "UPDATE users SET password_hash = $1, new_password_required = FALSE,
                        updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at + 1 END
                 WHERE id = $3 AND updated_at = $4 AND new_password_required AND NOT disabled RETURNING updated_at",
            )
            .bind(password_hash)
            .bind(at.0)
            .bind(user.as_str())
            .bind(required.unchanged_since().0)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((changed_at,)) = changed else { return Ok(None) };
            end_everything_of_user!(tx, user, at);
            write_noted!(tx, noted);
            changed_at
        });
        Ok(Some(Timestamp(changed_at)))
    }

    /// Replaces a password's hash by one of the same password with today's parameters, unless the password was
    /// changed meanwhile.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn upgrade_password_hash(&self, user: &UserId, old: &str, new: &str) -> Result<(), StoreError> {
        in_transaction!(self, changing[user.into()], |tx| {
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(new)
                .bind(user.as_str())
                .bind(old)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// Deletes a user with their sessions, consents, grants and mails, and tells them so; the clients of those sessions are told. Answers
    /// whether the user was there.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`] when nobody could administer the server any more.
    pub async fn delete_user(&self, id: &UserId, noted: impl Into<Noted<'_>>) -> Result<bool, StoreError> {
        self.delete_user_read(id, None, noted).await
    }

    /// The same for a user who is as they were when they were read, at `read_at` if that is said.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`] when nobody could administer the server any more.
    pub async fn delete_user_read(
        &self,
        id: &UserId,
        read_at: Option<Timestamp>,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let audit = noted.audit;
        let deleted = in_transaction!(self, changing[id.into()], |tx| {
            keep_an_administrator!(tx, id);
            sqlx::query(
                "DELETE FROM mails WHERE to_address =
                 (SELECT email FROM users WHERE id = $1 AND ($2 = -1 OR updated_at = $2))",
            )
            .bind(id.as_str())
            .bind(version(read_at))
            .execute(&mut *tx)
            .await?;
            keep_name!(self, tx, id, None, audit.at);
            let deleted = sqlx::query("DELETE FROM users WHERE id = $1 AND ($2 = -1 OR updated_at = $2)")
                .bind(id.as_str())
                .bind(version(read_at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            // Then nothing is kept of a name that is still theirs.
            if deleted != 1 {
                return Ok(false);
            }
            // Their sessions went with them. Their clients hear of that all the same.
            announce_ended_sessions!(tx, id.as_str(), audit.at);
            // News of it go to the address whose other mails went.
            write_noted!(tx, noted);
            deleted
        });
        Ok(deleted == 1)
    }
}
