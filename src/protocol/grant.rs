//! The grant: what a user allowed a client, from the code's redemption until the last token of it is dead.

use std::time::Duration;

use super::claims_request::ClaimsRequest;
use super::dpop::Thumbprint;
use super::error::Rule;
use super::ids::{ClientId, ConsentId, GrantId, SessionId, UserId};
use super::scope::Scope;
use super::timestamp::Timestamp;

/// One row of the ledger.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its id, which the code already carried.
    pub id: GrantId,
    /// The client it was made for.
    pub client_id: ClientId,
    /// The user who made it.
    pub user_id: UserId,
    /// The session it was made in.
    pub session_id: SessionId,
    /// The consent it rests on; none where the client needs none.
    pub consent_id: Option<ConsentId>,
    /// Outlives the session (Core §11)?
    pub offline: bool,
    /// What was allowed.
    pub scope: Scope,
    /// Claims that were asked for one by one (Core §5.5).
    pub claims: ClaimsRequest,
    /// When the user had proved who they are.
    pub auth_time: Timestamp,
    /// Authentication context class.
    pub acr: String,
    /// Authentication methods, space-delimited.
    pub amr: String,
    /// Half of the key that its refresh tokens are derived under.
    pub secret: String,
    /// The key that its refresh tokens are bound to (RFC 9449 §5).
    pub dpop_jkt: Option<Thumbprint>,
    /// Number of the refresh token that is current; the first one is 0.
    pub generation: i64,
    /// When that one became current.
    pub rotated_at: Timestamp,
    /// Not revoked.
    pub active: bool,
    /// When the code was redeemed.
    pub created_at: Timestamp,
    /// When everything of it is dead.
    pub expires_at: Timestamp,
}

/// What a grant rests on, as it stands now.
#[derive(Clone, Debug)]
pub struct Footing {
    /// Disabled users have no grants.
    pub user_disabled: bool,
    /// The session's end; none when the session is gone or was ended.
    pub session_expires_at: Option<Timestamp>,
    /// The consent is still there.
    pub consent_stands: bool,
}

/// Why a grant no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadGrant {
    /// By the client, the user, an administrator, or after a replay.
    #[error("the grant was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the grant has expired")]
    Expired,
    /// The account was switched off.
    #[error("the user is disabled")]
    UserDisabled,
    /// The user signed out, and the grant was not for offline access.
    #[error("the session has ended")]
    SessionEnded,
    /// The user withdrew it.
    #[error("the consent was withdrawn")]
    ConsentWithdrawn,
}

impl Rule for DeadGrant {
    fn advice(&self) -> &'static str {
        match self {
            Self::Revoked => {
                "Have the person sign in again. The audit log tells why: a token or code that was used twice, or somebody \
                 who revoked it."
            }
            Self::Expired | Self::ConsentWithdrawn => "Have the person sign in again.",
            Self::UserDisabled => "An administrator switched the account off.",
            Self::SessionEnded => {
                "Have the person sign in again; an application that needs access after that asks for offline_access."
            }
        }
    }
}

impl Grant {
    /// Does this grant still count? Decided on every use, from what it rests on, so that ending a session or a
    /// consent needs no second write to take its grants along. A session's idle time does not matter here: using
    /// a token is use.
    ///
    /// # Errors
    /// Why it does not.
    pub fn standing(&self, footing: &Footing, now: Timestamp) -> Result<(), DeadGrant> {
        if !self.active {
            return Err(DeadGrant::Revoked);
        }
        if now.reached(self.expires_at) {
            return Err(DeadGrant::Expired);
        }
        if footing.user_disabled {
            return Err(DeadGrant::UserDisabled);
        }
        if self.consent_id.is_some() && !footing.consent_stands {
            return Err(DeadGrant::ConsentWithdrawn);
        }
        let session_over = footing.session_expires_at.is_none_or(|end| now.reached(end));
        if !self.offline && session_over {
            return Err(DeadGrant::SessionEnded);
        }
        Ok(())
    }

    /// When it is over if nothing happens before.
    #[must_use]
    pub fn ends_at(&self, footing: &Footing) -> Timestamp {
        match footing.session_expires_at {
            Some(session_end) if !self.offline => self.expires_at.min(session_end),
            _ => self.expires_at,
        }
    }

    /// Was the current refresh token left unused for too long (RFC 9700 §4.14.2)?
    #[must_use]
    pub fn refresh_went_idle(&self, idle: Duration, now: Timestamp) -> bool {
        now.reached(self.rotated_at.plus(idle))
    }
}
