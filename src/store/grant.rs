//! Grants. Each of the two gates is one conditional statement (`ledger.rs`): inserting a grant redeems its code, raising
//! its generation redeems a refresh token. Who loses finds out from the statement itself.

use std::sync::Arc;

use super::audit::write_audit;
use super::ledger::{Entry, Rotation};
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::claims_request::ClaimsRequest;
use crate::protocol::code::{Code, Redeem};
use crate::protocol::dpop::Thumbprint;
use crate::protocol::grant::{Footing, Grant};
use crate::protocol::ids::{ClientId, ConsentId, GrantId, SessionId, UserId};
use crate::protocol::refresh::Rotate;
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;

/// What became of a redemption.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// This was the first; the grant is committed.
    Now,
    /// The code was redeemed before.
    AlreadyUsed,
    /// The user, the client, the session or the consent that it would rest on is no more; nothing was written.
    NotAnyMore,
}

/// What became of a rotation.
#[derive(Debug, PartialEq, Eq)]
pub enum Rotated {
    /// This token was current; its successor is now.
    Now,
    /// Another request was first, or the grant was revoked meanwhile.
    Lost,
}

/// What is told of a grant to the user who made it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct GrantOfUser {
    /// The client it was made for.
    pub client_id: String,
    /// What was allowed, space-delimited.
    pub scope: String,
    /// Outlives the session?
    pub offline: bool,
    /// `active` or `revoked`.
    pub state: String,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it was last renewed (Unix seconds).
    pub rotated_at: i64,
    /// When it ends whatever happens (Unix seconds).
    pub expires_at: i64,
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
    dpop_jkt: Option<String>,
    generation: i64,
    rotated_at: i64,
    state: String,
    created_at: i64,
    expires_at: i64,
    // What it rests on.
    user_disabled: bool,
    session_expires_at: Option<i64>,
    consent_found: Option<String>,
}

impl TryFrom<GrantRow> for Grant {
    type Error = StoreError;
    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        Ok(Self {
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
            dpop_jkt: row.dpop_jkt.as_deref().map(key_from_text).transpose()?,
            generation: row.generation,
            rotated_at: Timestamp(row.rotated_at),
            active: row.state == "active",
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

impl Store {
    /// Opens a grant: the one that a code stands for, or that of an access token from the front channel. A [`Redeem`]
    /// comes from `code::may_redeem` and `code::may_open_at_once` only.
    ///
    /// # Errors
    /// The database is unavailable. The code is then unused; or it is used, where only the answer to the commit was lost.
    pub async fn open_grant(&self, redeem: &Redeem) -> Result<Opened, StoreError> {
        let (grant, as_of) = (redeem.grant(), self.memory.as_of());
        let opened = self.ledger.write(Arc::clone(grant), Entry::Open).await?;
        if opened == Opened::Now {
            self.memory.grants.keep(grant.id.clone(), grant, as_of);
        }
        Ok(opened)
    }

    /// The grant with this id and what it rests on. A remembered one may be a generation behind: that only its gate
    /// knows.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn grant(&self, id: &GrantId) -> Result<Option<(Arc<Grant>, Footing)>, StoreError> {
        const SQL: &str = "SELECT g.*, u.disabled AS user_disabled,
                    CASE WHEN s.state = 'active' THEN s.expires_at END AS session_expires_at,
                    c.id AS consent_found
             FROM grants g
             JOIN users u ON u.id = g.user_id
             LEFT JOIN sessions s ON s.id = g.session_id
             LEFT JOIN consents c ON c.id = g.consent_id
             WHERE g.id = $1";
        if let Some(grant) = self.recall(&self.memory.grants, id) {
            let consent = grant.consent_id.as_ref();
            let footing =
                self.footing_of(&grant.user_id, &grant.session_id, consent, &grant.client_id).await?;
            return Ok(footing.map(|footing| (grant, footing)));
        }
        let as_of = self.memory.as_of();
        let row: Option<GrantRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        let footing = Footing {
            user_disabled: row.user_disabled,
            session_expires_at: row.session_expires_at.map(Timestamp),
            consent_stands: row.consent_found.is_some(),
        };
        let grant = Arc::new(Grant::try_from(row)?);
        self.memory.grants.keep(id.clone(), &grant, as_of);
        Ok(Some((grant, footing)))
    }

    /// What the grant that a code stands for would rest on now; none when its user is no more.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn footing(&self, code: &Code) -> Result<Option<Footing>, StoreError> {
        self.footing_of(&code.user_id, &code.session_id, code.consent_id.as_ref(), &code.client_id).await
    }

    async fn footing_of(
        &self,
        user: &UserId,
        session: &SessionId,
        consent: Option<&ConsentId>,
        client: &ClientId,
    ) -> Result<Option<Footing>, StoreError> {
        let Some(known) = self.user(user).await? else { return Ok(None) };
        let session = self.session(session).await?.filter(|session| session.active);
        let standing = match consent {
            Some(_) => self.consent(user, client).await?,
            None => None,
        };
        Ok(Some(Footing {
            user_disabled: known.disabled,
            session_expires_at: session.map(|session| session.expires_at),
            consent_stands: standing.is_some_and(|standing| Some(&standing.id) == consent),
        }))
    }

    /// Every grant of a user that is still kept, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn grants_of_user(&self, user: &UserId) -> Result<Vec<GrantOfUser>, StoreError> {
        const SQL: &str =
            "SELECT client_id, scope, offline, state, created_at, rotated_at, expires_at FROM grants
             WHERE user_id = $1 ORDER BY created_at DESC, id DESC";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_all(db).await)?)
    }

    /// Redeems the current refresh token of a grant. The only way to get a [`Rotate`] is `refresh::may_rotate`.
    ///
    /// # Errors
    /// The database is unavailable. The token is then unused; or it is used, where only the answer to the commit was lost.
    pub async fn rotate(&self, rotate: &Rotate) -> Result<Rotated, StoreError> {
        let grant = rotate.grant();
        let rotation = Rotation {
            id: grant.id.as_str().to_owned(),
            generation: rotate.generation(),
            at: rotate.at(),
            key: rotate.key().cloned(),
        };
        let rotated = self.ledger.write(rotation, Entry::Rotate).await?;
        if rotated == Rotated::Now {
            let successor = rotate.generation().saturating_add(1);
            self.memory.grants.renew(&grant.id, |known| Grant {
                generation: successor.max(known.generation),
                rotated_at: rotate.at().max(known.rotated_at),
                dpop_jkt: known.dpop_jkt.clone().or_else(|| rotate.key().cloned()),
                ..known.clone()
            });
        }
        Ok(rotated)
    }

    /// Revokes a grant, in a transaction of its own, whatever the request that led here is answered. Answers whether
    /// it was active.
    ///
    /// # Errors
    /// The database is unavailable: the caller must not say that the grant is revoked.
    pub async fn revoke_grant(&self, id: &GrantId, audit: &AuditEntry) -> Result<bool, StoreError> {
        in_transaction!(self, changing[id.into()], |tx| {
            let revoked =
                sqlx::query("UPDATE grants SET state = 'revoked' WHERE id = $1 AND state = 'active'")
                    .bind(id.as_str())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if revoked == 0 {
                // Whoever was first has told everybody.
                return Ok(false);
            }
            write_audit!(tx, audit);
        });
        Ok(true)
    }
}

/// The claims column: nothing for a grant that asks for none, which most do.
pub(super) fn claims_to_json(claims: &ClaimsRequest) -> Result<Option<String>, StoreError> {
    if claims.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(claims).map(Some).map_err(|error| StoreError::Corrupt("grant", error.to_string()))
}

fn key_from_text(text: &str) -> Result<Thumbprint, StoreError> {
    Thumbprint::parse(text).ok_or_else(|| StoreError::Corrupt("grant", "dpop_jkt".to_owned()))
}

fn claims_from_json(text: Option<&str>) -> Result<ClaimsRequest, StoreError> {
    let claims = text.map(serde_json::from_str).transpose();
    Ok(claims.map_err(|error| StoreError::Corrupt("grant", error.to_string()))?.unwrap_or_default())
}
