//! Invitations: links by which one person makes one account.

use super::audit::write_audit;
use super::changes::Topic;
use super::kept_name::refuse_kept_name;
use super::passkey::insert_passkey;
use super::user::{insert_user, take_claimed_address};
use super::{AuditEntry, Store, StoreError, StoredPasskey, Unique, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

/// An invitation, without its token.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Invitation {
    /// Its public name.
    pub id: String,
    /// Canonical address, which the account will have.
    pub email: String,
    /// Asked for by whoever wants the account; else an administrator invites.
    pub self_asked: bool,
    /// The user name that is proposed; empty where none is.
    pub username: String,
    /// The account may administer this server.
    pub is_admin: bool,
    /// It went by mail: who has it reads what comes to the address.
    pub mailed: bool,
    /// The application that it leads to; empty where it leads to the account.
    pub client_id: String,
    /// The sign-in in progress that it is part of, sealed; empty for an administrator's.
    pub flow: String,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it stops working (Unix seconds).
    pub expires_at: i64,
}

/// Keeps an invitation inside the caller's transaction; an administrator's in place of the one before to the same address,
/// whose link is dead then.
macro_rules! keep_invitation {
    ($tx:ident, $invitation:expr, $token_hash:expr) => {
        sqlx::query(
            "INSERT INTO invitations (id, token_hash, email, self_asked, username, is_admin, mailed, client_id,
                                      flow, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (email) WHERE NOT self_asked DO UPDATE SET
                id = excluded.id, token_hash = excluded.token_hash, username = excluded.username,
                is_admin = excluded.is_admin, mailed = excluded.mailed, client_id = excluded.client_id,
                created_at = excluded.created_at, expires_at = excluded.expires_at",
        )
        .bind(&$invitation.id)
        .bind($token_hash)
        .bind(&$invitation.email)
        .bind($invitation.self_asked)
        .bind(&$invitation.username)
        .bind($invitation.is_admin)
        .bind($invitation.mailed)
        .bind(&$invitation.client_id)
        .bind(&$invitation.flow)
        .bind($invitation.created_at)
        .bind($invitation.expires_at)
        .execute(&mut *$tx)
        .await?
    };
}
pub(super) use keep_invitation;

impl Store {
    /// Adds an invitation that no mail carries: whoever made it hands it on.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn invite(
        &self,
        invitation: &Invitation,
        token_hash: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            keep_invitation!(tx, invitation, token_hash);
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// The administrators' invitations that still work, in the order they were made.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        const SQL: &str =
            "SELECT id, email, self_asked, username, is_admin, mailed, client_id, flow, created_at,
                expires_at FROM invitations WHERE NOT self_asked AND expires_at > $1 ORDER BY created_at, id";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).fetch_all(db).await)?)
    }

    /// The invitation of this token, if it still works. Looking does not use it up.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn invitation(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<Invitation>, StoreError> {
        const SQL: &str =
            "SELECT id, email, self_asked, username, is_admin, mailed, client_id, flow, created_at,
                expires_at FROM invitations WHERE token_hash = $1 AND expires_at > $2";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(token_hash).bind(now.0).fetch_optional(db).await)?)
    }

    /// Uses an invitation: makes the account, with its first passkey if it has one, and ends every other link to its address,
    /// all in one commit. Answers whether the link still worked. `claimant` is an account that has the address without
    /// having shown that it is its own: it loses the address to whoever has.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name, the address or the passkey belongs to somebody else; the link then still
    /// works.
    pub async fn accept_invitation(
        &self,
        token_hash: &str,
        user: &User,
        passkey: Option<&StoredPasskey>,
        claimant: Option<(&UserId, &AuditEntry)>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let changed: Vec<Topic<'_>> = claimant.iter().map(|(id, _)| Topic::from(*id)).collect();
        in_transaction!(self, changing changed, |tx| {
            let email: Option<(String,)> = sqlx::query_as(
                "DELETE FROM invitations WHERE token_hash = $1 AND expires_at > $2 RETURNING email",
            )
            .bind(token_hash)
            .bind(audit.at.0)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((email,)) = email else { return Ok(false) };
            if let Some((claimant, lost)) = claimant {
                take_claimed_address!(tx, claimant, &email, lost);
            }
            insert_user!(tx, user);
            refuse_kept_name!(self, tx, user, user.created_at);
            if let Some(passkey) = passkey
                && insert_passkey!(tx, passkey) == 0
            {
                return Err(StoreError::Taken(Unique::Passkey));
            }
            sqlx::query("DELETE FROM invitations WHERE email = $1").bind(&email).execute(&mut *tx).await?;
            write_audit!(tx, audit);
        });
        Ok(true)
    }

    /// Withdraws an administrator's invitation. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn withdraw_invitation(&self, id: &str, audit: &AuditEntry) -> Result<bool, StoreError> {
        let withdrawn = in_transaction!(self, |tx| {
            let withdrawn =
                sqlx::query("DELETE FROM invitations WHERE id = $1 AND NOT self_asked AND expires_at > $2")
                    .bind(id)
                    .bind(audit.at.0)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if withdrawn == 1 {
                write_audit!(tx, audit);
            }
            withdrawn
        });
        Ok(withdrawn == 1)
    }
}
