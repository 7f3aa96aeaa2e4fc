//! The grant ledger. Each of the two gates is one conditional statement: inserting a grant redeems its code, raising
//! its generation redeems a refresh token. Who loses finds out from the statement itself.

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::claims_request::ClaimsRequest;
use crate::protocol::code::{Code, Redeem};
use crate::protocol::grant::{Footing, Grant};
use crate::protocol::ids::{ConsentId, GrantId, TokenId};
use crate::protocol::refresh::Rotate;
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;

/// What became of a redemption.
#[derive(Debug)]
pub enum Opened {
    /// This was the first; the grant is committed.
    Now,
    /// The code was redeemed before.
    AlreadyUsed,
    /// The session that the code came from was ended meanwhile; nothing was written.
    SessionOver,
}

/// What became of a rotation.
#[derive(Debug, PartialEq, Eq)]
pub enum Rotated {
    /// This token was current; its successor is now.
    Now,
    /// Another request was first, or the grant was revoked meanwhile.
    Lost,
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    id: String,
    client_id: String,
    user_id: String,
    session_id: String,
    consent_id: Option<String>,
    offline: bool,
    scope: String,
    claims: Option<String>,
    auth_time: i64,
    acr: String,
    amr: String,
    secret: String,
    generation: i64,
    rotated_at: i64,
    state: String,
    created_at: i64,
    expires_at: i64,
    // What it rests on.
    user_disabled: bool,
    session_expires_at: Option<i64>,
    consent_found: Option<String>,
    // The access token that was asked about, if it was revoked by itself.
    revoked_jti: Option<String>,
}

impl Store {
    /// Opens a grant: the one that a code stands for, or that of an access token from the front channel. A [`Redeem`]
    /// comes from `code::may_redeem` and `code::may_open_at_once` only.
    ///
    /// # Errors
    /// The database is unavailable: the code is then unused. [`StoreError::Gone`] when the user or the client was
    /// deleted meanwhile.
    pub async fn open_grant(&self, redeem: &Redeem) -> Result<Opened, StoreError> {
        let grant = redeem.grant();
        let claims = claims_to_json(&grant.claims)?;
        let inserted = in_transaction!(self, |tx| {
            let inserted: Option<(String,)> = sqlx::query_as(
                "INSERT INTO grants (id, client_id, user_id, session_id, consent_id, offline, scope, claims, auth_time,
                                     acr, amr, secret, generation, rotated_at, state, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'active', $15, $16)
                 ON CONFLICT (id) DO NOTHING RETURNING id",
            )
            .bind(grant.id.as_str())
            .bind(grant.client_id.as_str())
            .bind(grant.user_id.as_str())
            .bind(grant.session_id.as_str())
            .bind(grant.consent_id.as_ref().map(ConsentId::as_str))
            .bind(grant.offline)
            .bind(grant.scope.to_string())
            .bind(&claims)
            .bind(grant.auth_time.0)
            .bind(&grant.acr)
            .bind(&grant.amr)
            .bind(&grant.secret)
            .bind(grant.generation)
            .bind(grant.rotated_at.0)
            .bind(grant.created_at.0)
            .bind(grant.expires_at.0)
            .fetch_optional(&mut *tx)
            .await?;
            // A grant for online access asks about its session at every use. One for offline access never asks again,
            // so it must not slip in behind a password change or a switched-off account that found no grant to
            // revoke yet: both end the session first, and this write waits for theirs, or theirs for this one.
            if inserted.is_some() && grant.offline {
                let live =
                    sqlx::query("UPDATE sessions SET state = 'active' WHERE id = $1 AND state = 'active'")
                        .bind(grant.session_id.as_str())
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                if live == 0 {
                    return Ok(Opened::SessionOver);
                }
            }
            inserted
        });
        Ok(if inserted.is_some() { Opened::Now } else { Opened::AlreadyUsed })
    }

    /// The grant with this id and what it rests on; and whether `token`, an access token of it, was revoked by itself.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn grant(
        &self,
        id: &GrantId,
        token: Option<&TokenId>,
    ) -> Result<Option<(Grant, Footing, bool)>, StoreError> {
        const SQL: &str = "SELECT g.*, u.disabled AS user_disabled,
                    CASE WHEN s.state = 'active' THEN s.expires_at END AS session_expires_at,
                    c.id AS consent_found, r.jti AS revoked_jti
             FROM grants g
             JOIN users u ON u.id = g.user_id
             LEFT JOIN sessions s ON s.id = g.session_id
             LEFT JOIN consents c ON c.id = g.consent_id
             LEFT JOIN revoked_tokens r ON r.jti = $2
             WHERE g.id = $1";
        let row: Option<GrantRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(id.as_str()).bind(token.map(TokenId::as_str)).fetch_optional(db).await
        })?;
        row.map(|row| {
            let footing = Footing {
                user_disabled: row.user_disabled,
                session_expires_at: row.session_expires_at.map(Timestamp),
                consent_stands: row.consent_found.is_some(),
            };
            let token_revoked = row.revoked_jti.is_some();
            Ok((
                Grant {
                    id: row.id.into(),
                    client_id: row.client_id.into(),
                    user_id: row.user_id.into(),
                    session_id: row.session_id.into(),
                    consent_id: row.consent_id.map(Into::into),
                    offline: row.offline,
                    scope: Scope::parse(&row.scope)
                        .map_err(|error| StoreError::Corrupt("grant", error.to_string()))?,
                    claims: claims_from_json(row.claims.as_deref())?,
                    auth_time: Timestamp(row.auth_time),
                    acr: row.acr,
                    amr: row.amr,
                    secret: row.secret,
                    generation: row.generation,
                    rotated_at: Timestamp(row.rotated_at),
                    active: row.state == "active",
                    created_at: Timestamp(row.created_at),
                    expires_at: Timestamp(row.expires_at),
                },
                footing,
                token_revoked,
            ))
        })
        .transpose()
    }

    /// What the grant that a code stands for would rest on now; none when its user is no more.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn footing(&self, code: &Code) -> Result<Option<Footing>, StoreError> {
        const SQL: &str = "SELECT u.disabled AS user_disabled,
                    CASE WHEN s.state = 'active' THEN s.expires_at END AS session_expires_at, c.id AS consent_found
             FROM users u
             LEFT JOIN sessions s ON s.id = $2
             LEFT JOIN consents c ON c.id = $3
             WHERE u.id = $1";
        let row: Option<(bool, Option<i64>, Option<String>)> = on_db!(self, |db| {
            sqlx::query_as(SQL)
                .bind(code.user_id.as_str())
                .bind(code.session_id.as_str())
                .bind(code.consent_id.as_ref().map(ConsentId::as_str))
                .fetch_optional(db)
                .await
        })?;
        Ok(row.map(|(user_disabled, session_expires_at, consent_found)| Footing {
            user_disabled,
            session_expires_at: session_expires_at.map(Timestamp),
            consent_stands: consent_found.is_some(),
        }))
    }

    /// Redeems the current refresh token of a grant. The only way to get a [`Rotate`] is `refresh::may_rotate`.
    ///
    /// # Errors
    /// The database is unavailable: the token is then unused.
    pub async fn rotate(&self, rotate: &Rotate) -> Result<Rotated, StoreError> {
        let raised: Option<(String,)> = in_transaction!(self, |tx| {
            sqlx::query_as(
                "UPDATE grants SET generation = generation + 1, rotated_at = $1
                 WHERE id = $2 AND generation = $3 AND state = 'active' RETURNING id",
            )
            .bind(rotate.at().0)
            .bind(rotate.grant_id().as_str())
            .bind(rotate.generation())
            .fetch_optional(&mut *tx)
            .await?
        });
        Ok(if raised.is_some() { Rotated::Now } else { Rotated::Lost })
    }

    /// Revokes a grant, in a transaction of its own, whatever the request that led here is answered. Answers whether
    /// it was active.
    ///
    /// # Errors
    /// The database is unavailable: the caller must not say that the grant is revoked.
    pub async fn revoke_grant(&self, id: &GrantId, audit: &AuditEntry) -> Result<bool, StoreError> {
        let revoked = in_transaction!(self, |tx| {
            let revoked =
                sqlx::query("UPDATE grants SET state = 'revoked' WHERE id = $1 AND state = 'active'")
                    .bind(id.as_str())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if revoked == 1 {
                write_audit!(tx, audit);
            }
            revoked
        });
        Ok(revoked == 1)
    }
}

/// The claims column: nothing for a grant that asks for none, which most do.
fn claims_to_json(claims: &ClaimsRequest) -> Result<Option<String>, StoreError> {
    if claims.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(claims).map(Some).map_err(|error| StoreError::Corrupt("grant", error.to_string()))
}

fn claims_from_json(text: Option<&str>) -> Result<ClaimsRequest, StoreError> {
    let claims = text.map(serde_json::from_str).transpose();
    Ok(claims.map_err(|error| StoreError::Corrupt("grant", error.to_string()))?.unwrap_or_default())
}
