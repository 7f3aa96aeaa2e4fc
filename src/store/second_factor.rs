//! Authenticator apps and recovery codes.

use super::mail::{insert_news, write_noted};
use super::{News, Noted, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::Timestamp;

/// A user's authenticator app.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuthenticatorApp {
    /// The shared secret, sealed.
    pub sealed_secret: String,
    /// The time step of the last code that was accepted.
    pub last_step: i64,
    /// Since when, in unix seconds.
    pub created_at: i64,
    /// Last use, in unix seconds.
    pub last_used_at: i64,
}

/// What a user can prove who they are with, besides a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Means {
    /// Authenticator apps: one or none.
    pub apps: i64,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
    /// Passkeys.
    pub passkeys: i64,
    /// Entries of the directory, whose passwords count like one of its own: one or none.
    pub directory_entries: i64,
}

/// Replaces a user's recovery codes inside the caller's transaction.
macro_rules! replace_recovery_codes {
    ($tx:ident, $user:expr, $hashes:expr) => {{
        let (user, hashes): (&UserId, &[String]) = ($user, $hashes);
        sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
            .bind(user.as_str())
            .execute(&mut *$tx)
            .await?;
        for hash in hashes {
            sqlx::query("INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)")
                .bind(user.as_str())
                .bind(hash)
                .execute(&mut *$tx)
                .await?;
        }
    }};
}

impl Store {
    /// What a user can prove who they are with, besides a password.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn means(&self, user: &UserId) -> Result<Means, StoreError> {
        const SQL: &str = "SELECT
            (SELECT COUNT(*) FROM authenticator_apps WHERE user_id = $1) AS apps,
            (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL) AS recovery_codes,
            (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) AS passkeys,
            (SELECT COUNT(*) FROM directory_entries WHERE user_id = $1) AS directory_entries";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_one(db).await)?)
    }

    /// A user's authenticator app.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn authenticator_app(&self, user: &UserId) -> Result<Option<AuthenticatorApp>, StoreError> {
        const SQL: &str = "SELECT sealed_secret, last_step, created_at, last_used_at FROM authenticator_apps
             WHERE user_id = $1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_optional(db).await)?)
    }

    /// Sets an authenticator app up in place of the one before, if there was one, with new recovery codes.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn set_authenticator_app(
        &self,
        user: &UserId,
        app: &AuthenticatorApp,
        recovery_codes: &[String],
        noted: impl Into<Noted<'_>>,
    ) -> Result<(), StoreError> {
        let noted = noted.into();
        in_transaction!(self, |tx| {
            sqlx::query(
                "INSERT INTO authenticator_apps (user_id, sealed_secret, last_step, created_at, last_used_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (user_id) DO UPDATE SET
                    sealed_secret = excluded.sealed_secret, last_step = excluded.last_step,
                    created_at = excluded.created_at, last_used_at = excluded.last_used_at",
            )
            .bind(user.as_str())
            .bind(&app.sealed_secret)
            .bind(app.last_step)
            .bind(app.created_at)
            .bind(app.last_used_at)
            .execute(&mut *tx)
            .await?;
            replace_recovery_codes!(tx, user, recovery_codes);
            write_noted!(tx, noted);
        });
        Ok(())
    }

    /// Removes a user's authenticator app and recovery codes. Answers whether there was an app.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn remove_authenticator_app(
        &self,
        user: &UserId,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let removed = in_transaction!(self, |tx| {
            replace_recovery_codes!(tx, user, &[]);
            let removed = sqlx::query("DELETE FROM authenticator_apps WHERE user_id = $1")
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

    /// Replaces a user's recovery codes.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn set_recovery_codes(
        &self,
        user: &UserId,
        hashes: &[String],
        noted: impl Into<Noted<'_>>,
    ) -> Result<(), StoreError> {
        let noted = noted.into();
        in_transaction!(self, |tx| {
            replace_recovery_codes!(tx, user, hashes);
            write_noted!(tx, noted);
        });
        Ok(())
    }

    /// The gate of an authenticator app's codes: each time step counts once, and none before it any more (RFC 6238 §5.2:
    /// "The verifier MUST NOT accept the second attempt of the OTP"). Answers whether this one was the first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn use_time_step(&self, user: &UserId, step: i64, now: Timestamp) -> Result<bool, StoreError> {
        let rows = in_transaction!(self, |tx| {
            sqlx::query(
                "UPDATE authenticator_apps SET last_step = $1, last_used_at = $2
                 WHERE user_id = $3 AND last_step < $1",
            )
            .bind(step)
            .bind(now.0)
            .bind(user.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(rows == 1)
    }

    /// The gate of a recovery code, of whose use its owner is told. Answers whether it was there and unused.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn use_recovery_code(
        &self,
        user: &UserId,
        hash: &str,
        news: Option<&News>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rows = in_transaction!(self, |tx| {
            let rows = sqlx::query(
                "UPDATE recovery_codes SET used_at = $1 WHERE user_id = $2 AND code_hash = $3 AND used_at IS NULL",
            )
            .bind(now.0)
            .bind(user.as_str())
            .bind(hash)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if rows == 1
                && let Some(news) = news
            {
                insert_news!(tx, news);
            }
            rows
        });
        Ok(rows == 1)
    }
}
