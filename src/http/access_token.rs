//! Access tokens: made, and recognised when they come back.

use crate::app::App;
use crate::jose::SignError;
use crate::protocol::access_token::{AccessToken, TYP};
use crate::protocol::client::{AccessTokenFormat, Client};
use crate::protocol::grant::Grant;
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::{Purpose, SealError};
use crate::store::StoreError;

/// Tells people and secret scanners what they found.
const OPAQUE_PREFIX: &str = "cs_at_";

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A user, by their grant.
    User(&'a Grant),
    /// The client itself.
    Client,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// From when until when a token counts.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Now.
    pub begins: Timestamp,
    /// Its expiry: never later than what it rests on.
    pub ends: Timestamp,
}

impl Life {
    /// The life of an access token that is made now and rests on something that ends at `latest`.
    #[must_use]
    pub fn of_access_token(app: &App, now: Timestamp, latest: Timestamp) -> Self {
        Self { begins: now, ends: now.plus(app.config.tokens.access_token).min(latest) }
    }

    /// `expires_in` (RFC 6749 §5.1).
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.ends.since(self.begins)
    }
}

/// Makes an access token in the form that its client is registered for.
///
/// # Errors
/// There is no key.
pub fn issue(
    app: &App,
    client: &Client,
    subject: Subject<'_>,
    scope: &Scope,
    life: Life,
) -> Result<String, IssueError> {
    let issuer = app.config.issuer.as_str();
    let grant = match subject {
        Subject::User(grant) => Some(grant),
        Subject::Client => None,
    };
    let token = AccessToken {
        iss: issuer.to_owned(),
        sub: grant.map_or(client.id.as_str(), |grant| grant.user_id.as_str()).to_owned(),
        aud: issuer.to_owned(),
        exp: life.ends,
        iat: life.begins,
        jti: app.entropy.ordered_id(&app.clock).into(),
        client_id: client.id.clone(),
        scope: scope.clone(),
        auth_time: grant.map(|grant| grant.auth_time),
        acr: grant.map(|grant| grant.acr.clone()),
        gid: grant.map(|grant| grant.id.clone()),
    };
    match client.metadata.access_token_format {
        AccessTokenFormat::Jwt => {
            Ok(app.keys.sign(client.metadata.access_token_signed_response_alg, TYP, &token, life.begins)?)
        }
        AccessTokenFormat::Opaque => {
            Ok(format!("{OPAQUE_PREFIX}{}", app.seals.seal(Purpose::AccessToken, &token, &app.entropy)?))
        }
    }
}

/// Reads a token that this server made, whatever became of it since.
#[must_use]
pub fn recognise(app: &App, text: &str) -> Option<AccessToken> {
    match text.strip_prefix(OPAQUE_PREFIX) {
        Some(sealed) => app.seals.open(Purpose::AccessToken, sealed).ok(),
        None => app.keys.verify(text, TYP).ok().map(|verified| verified.claims),
    }
}

/// A token that counts now.
pub struct Active {
    /// What it says.
    pub token: AccessToken,
    /// The client it was issued to; enabled.
    pub client: Client,
}

/// Does this token count now? Not if it expired, was revoked, or if its grant or its client is no more.
///
/// # Errors
/// The database is unavailable.
pub async fn active(app: &App, text: &str) -> Result<Option<Active>, StoreError> {
    let now = app.clock.now();
    let current = recognise(app, text).filter(|token| token.is_current(app.config.issuer.as_str(), now));
    let Some(token) = current else { return Ok(None) };
    let Some(client) = app.store.client(&token.client_id).await?.filter(|client| !client.disabled) else {
        return Ok(None);
    };
    let stands = match &token.gid {
        Some(grant_id) => match app.store.grant(grant_id, Some(&token.jti)).await? {
            Some((grant, footing, token_revoked)) => {
                !token_revoked && grant.client_id == client.id && grant.standing(&footing, now).is_ok()
            }
            None => false,
        },
        None => !app.store.token_is_revoked(&token.jti).await?,
    };
    Ok(stands.then_some(Active { token, client }))
}
