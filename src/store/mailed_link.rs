//! Links that were mailed. A link is made together with the mail that carries it (`mail.rs`), and used together with what it
//! was for: deleting its row is the gate.

use super::audit::write_audit;
use super::mail::write_noted;
use super::session::end_sessions_of_user;
use super::user::{end_everything_of_user, take_claimed_address};
use super::{AuditEntry, Noted, Store, StoreError, Topic, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::recovery::{Aim, MailedLink, Reset, Verification};
use crate::protocol::timestamp::Timestamp;

#[derive(sqlx::FromRow)]
struct LinkRow {
    user_id: String,
    token_hash: String,
    address: String,
    former: String,
    unchanged_since: i64,
    expires_at: i64,
}

/// Keeps a link in place of the one that its user had, inside the caller's transaction.
macro_rules! keep_link {
    ($tx:ident, $link:expr) => {
        sqlx::query(
            "INSERT INTO mailed_links (user_id, aim, token_hash, address, unchanged_since, expires_at, former)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (user_id, aim) DO UPDATE SET
                token_hash = excluded.token_hash, address = excluded.address,
                unchanged_since = excluded.unchanged_since, expires_at = excluded.expires_at,
                former = excluded.former",
        )
        .bind($link.user.as_str())
        .bind($link.aim.as_str())
        .bind(&$link.token_hash)
        .bind(&$link.address)
        .bind($link.unchanged_since.0)
        .bind($link.expires_at.0)
        .bind($link.former.as_deref().unwrap_or_default())
        .execute(&mut *$tx)
        .await?
    };
}
pub(super) use keep_link;

/// Uses a link up inside the caller's transaction. Answers how many there were: one or none.
macro_rules! use_link {
    ($tx:ident, $token_hash:expr, $aim:expr, $now:expr) => {
        sqlx::query("DELETE FROM mailed_links WHERE token_hash = $1 AND aim = $2 AND expires_at > $3")
            .bind($token_hash)
            .bind($aim.as_str())
            .bind($now.0)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
    };
}

impl Store {
    /// The link with this secret, if it was not used. Looking at it does not use it up.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mailed_link(&self, aim: Aim, token_hash: &str) -> Result<Option<MailedLink>, StoreError> {
        const SQL: &str =
            "SELECT user_id, token_hash, address, former, unchanged_since, expires_at FROM mailed_links
             WHERE token_hash = $1 AND aim = $2";
        let row: Option<LinkRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(token_hash).bind(aim.as_str()).fetch_optional(db).await
        })?;
        Ok(row.map(|row| MailedLink {
            token_hash: row.token_hash,
            aim,
            user: row.user_id.into(),
            address: row.address,
            former: Some(row.former).filter(|former| !former.is_empty()),
            unchanged_since: Timestamp(row.unchanged_since),
            expires_at: Timestamp(row.expires_at),
        }))
    }

    /// Uses the link up and sets the password; ends every session and grant of the user. Answers when the account was changed
    /// by that; nothing if the link was used, has run out, or the account is not what it was when the link was made.
    ///
    /// # Errors
    /// The database is unavailable: the link still works then.
    pub async fn reset_password(
        &self,
        reset: &Reset,
        password_hash: &str,
        noted: impl Into<Noted<'_>>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let noted = noted.into();
        let changed_at: i64 = in_transaction!(self, changing[reset.user().into()], |tx| {
            if use_link!(tx, reset.token_hash(), Aim::ResetPassword, noted.audit.at) == 0 {
                return Ok(None);
            }
            let changed: Option<(i64,)> = sqlx::query_as(
                "UPDATE users SET password_hash = $1, new_password_required = FALSE,
                        updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at + 1 END
                 WHERE id = $3 AND updated_at = $4 AND NOT disabled RETURNING updated_at",
            )
            .bind(password_hash)
            .bind(noted.audit.at.0)
            .bind(reset.user().as_str())
            .bind(reset.unchanged_since().0)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((changed_at,)) = changed else { return Ok(None) };
            end_everything_of_user!(tx, reset.user(), noted.audit.at);
            write_noted!(tx, noted);
            changed_at
        });
        Ok(Some(Timestamp(changed_at)))
    }

    /// The other address that a user said is theirs, and that waits to be confirmed.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn waiting_address(&self, user: &UserId, now: Timestamp) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT address FROM mailed_links l
             WHERE user_id = $1 AND aim = 'verify_address' AND expires_at > $2 AND address <> former
             AND EXISTS (SELECT 1 FROM users WHERE id = l.user_id AND COALESCE(email, '') = l.former)";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).bind(now.0).fetch_optional(db).await)?;
        Ok(row.map(|(address,)| address))
    }

    /// Uses the link up: the address is the user's, whatever they had before. Whoever claims it without having shown that it is
    /// theirs loses it, which `lost` tells. Answers whether it was done: not if the link was used, has run out, or the user got
    /// another address meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where it is somebody else's, who confirmed it. The database is unavailable: the link still works
    /// then.
    pub async fn verify_address(
        &self,
        verification: &Verification,
        lost: Option<(&UserId, &AuditEntry)>,
        noted: impl Into<Noted<'_>>,
    ) -> Result<bool, StoreError> {
        let noted = noted.into();
        let mut changed: Vec<Topic<'_>> = vec![verification.user().into()];
        changed.extend(lost.iter().map(|(id, _)| Topic::from(*id)));
        in_transaction!(self, changing changed, |tx| {
            if use_link!(tx, verification.token_hash(), Aim::VerifyAddress, noted.audit.at) == 0 {
                return Ok(false);
            }
            if let Some((claimant, lost)) = lost {
                take_claimed_address!(tx, claimant, verification.address(), lost);
            }
            let updated = sqlx::query(
                "UPDATE users SET email = $3, email_verified = TRUE, words_known = FALSE,
                        updated_at = CASE WHEN updated_at < $1 THEN $1 ELSE updated_at + 1 END
                 WHERE id = $2 AND COALESCE(email, '') = $4 AND NOT disabled",
            )
            .bind(noted.audit.at.0)
            .bind(verification.user().as_str())
            .bind(verification.address())
            .bind(verification.former().unwrap_or_default())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if updated == 0 {
                return Ok(false);
            }
            write_noted!(tx, noted);
        });
        Ok(true)
    }
}
