//! Codes to sign in with that were mailed.

use super::{Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::Timestamp;

/// How often a code may be guessed at, the right time included.
pub(super) const GUESSES: i64 = 5;

/// A code on its way to somebody, without the code.
#[derive(Clone, Debug)]
pub struct SignInCode {
    /// Its name, which tells nothing.
    pub id: String,
    /// Whom it signs in.
    pub user: UserId,
    /// What is known of the code.
    pub code_hash: String,
    /// When the account was last changed.
    pub unchanged_since: Timestamp,
    /// The sign-in in progress that it is part of, sealed.
    pub flow: String,
    /// The browser that waits for it, by the hash of its cookie.
    pub browser: String,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

/// Whom a right code signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightCode {
    /// Who.
    pub user: UserId,
    /// When their account was last changed before the code was sent.
    pub unchanged_since: Timestamp,
}

/// Keeps what is known of a code inside the caller's transaction. Whatever code the same browser waits for to sign the same user in
/// is worth nothing any more. Those of other browsers stay: nobody who asks for codes takes somebody else's away.
macro_rules! keep_sign_in_code {
    ($tx:ident, $code:expr) => {{
        sqlx::query("UPDATE sign_in_codes SET guesses_left = 0 WHERE user_id = $1 AND browser = $2")
            .bind($code.user.as_str())
            .bind(&$code.browser)
            .execute(&mut *$tx)
            .await?;
        sqlx::query(
            "INSERT INTO sign_in_codes (id, user_id, code_hash, unchanged_since, flow, guesses_left, expires_at, browser)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&$code.id)
        .bind($code.user.as_str())
        .bind(&$code.code_hash)
        .bind($code.unchanged_since.0)
        .bind(&$code.flow)
        .bind($crate::store::sign_in_code::GUESSES)
        .bind($code.expires_at.0)
        .bind(&$code.browser)
        .execute(&mut *$tx)
        .await?;
    }};
}
pub(super) use keep_sign_in_code;

impl Store {
    /// Whom a code would sign in that is still worth something, and the sign-in that it is part of.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn sign_in_code(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<(UserId, String)>, StoreError> {
        const SQL: &str = "SELECT user_id, flow FROM sign_in_codes
             WHERE id = $1 AND guesses_left > 0 AND expires_at > $2";
        let row: Option<(String, String)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id).bind(now.0).fetch_optional(db).await)?;
        Ok(row.map(|(user, flow)| (user.into(), flow)))
    }

    /// The gate of a mailed code: one statement counts the guess, and uses the code up if it is right. Answers whom it
    /// signs in, if it is.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn guess_sign_in_code(
        &self,
        id: &str,
        code_hash: &str,
        now: Timestamp,
    ) -> Result<Option<RightCode>, StoreError> {
        let row: Option<(String, i64, bool)> = in_transaction!(self, |tx| {
            sqlx::query_as(
                "UPDATE sign_in_codes
                 SET guesses_left = CASE WHEN code_hash = $1 THEN 0 ELSE guesses_left - 1 END
                 WHERE id = $2 AND guesses_left > 0 AND expires_at > $3
                 RETURNING user_id, unchanged_since, code_hash = $1",
            )
            .bind(code_hash)
            .bind(id)
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?
        });
        Ok(row.filter(|(.., right)| *right).map(|(user, unchanged_since, _)| RightCode {
            user: user.into(),
            unchanged_since: Timestamp(unchanged_since),
        }))
    }
}
