//! Access tokens: made, and recognised when they come back.

use std::sync::Arc;

use moka::sync::Cache;

use super::client_keys::ClientKeysError;
use super::subject::subject_of;
use super::user_claims;
use crate::app::App;
use crate::jose::{JweError, Keyring, KeyringError, SignError, Verified};
use crate::protocol::access_token::{AccessToken, TYP, WithClaims};
use crate::protocol::client::{AccessTokenFormat, Client};
use crate::protocol::dpop::{Confirmation, Thumbprint};
use crate::protocol::grant::Grant;
use crate::protocol::ids::KeyId;
use crate::protocol::scope::Scope;
use crate::protocol::secret::sha256;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::{Purpose, SealError};
use crate::store::{Store, StoreError};

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
    /// There is no key to sign it with, and none could be made.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The client has no key that it could be encrypted for, or signed with.
    #[error("what this client gets is signed or encrypted with a key of its own, but {0}")]
    ClientKeys(#[from] ClientKeysError),
    /// It could not be encrypted.
    #[error(transparent)]
    Encrypt(#[from] JweError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// What an access token says; with the key that it is bound to, if it is (RFC 9449 §6).
#[must_use]
pub fn content(
    app: &App,
    client: &Client,
    subject: Subject<'_>,
    scope: &Scope,
    life: Life,
    key: Option<&Thumbprint>,
) -> AccessToken {
    let issuer = app.config.issuer.as_str();
    let grant = match subject {
        Subject::User(grant) => Some(grant),
        Subject::Client => None,
    };
    AccessToken {
        iss: issuer.to_owned(),
        sub: grant.map_or_else(|| client.id.to_string(), |grant| subject_of(app, client, &grant.user_id)),
        aud: issuer.to_owned(),
        exp: life.ends,
        iat: life.begins,
        jti: app.entropy.ordered_id(&app.clock).into(),
        client_id: client.id.clone(),
        scope: scope.clone(),
        auth_time: grant.map(|grant| grant.auth_time),
        acr: grant.map(|grant| grant.acr.clone()),
        gid: grant.map(|grant| grant.id.clone()),
        cnf: key.cloned().map(|jkt| Confirmation { jkt }),
    }
}

/// Makes an access token in the form that its client is registered for.
///
/// # Errors
/// There is no key.
pub async fn issue(
    app: &App,
    client: &Client,
    subject: Subject<'_>,
    scope: &Scope,
    life: Life,
    key: Option<&Thumbprint>,
) -> Result<String, IssueError> {
    let token = content(app, client, subject, scope, life, key);
    match client.metadata.access_token_format {
        AccessTokenFormat::Jwt => {
            let alg = client.metadata.access_token_signed_response_alg;
            let claims = user_claims::in_access_token(app, client, subject, scope).await?;
            app.keys.ready(&app.store, alg, &app.clock).await?;
            if claims.is_empty() {
                return Ok(app.keys.sign(alg, TYP, &token, life.begins)?);
            }
            Ok(app.keys.sign(alg, TYP, &WithClaims { token: &token, claims: &claims }, life.begins)?)
        }
        // Nobody reads it but this server, which says what defined scopes bring when it is asked: it is as short as before.
        AccessTokenFormat::Opaque => {
            Ok(format!("{OPAQUE_PREFIX}{}", app.seals.seal(Purpose::AccessToken, &token, &app.entropy)?))
        }
    }
}

/// Reads a token that this server made, whatever became of it since.
///
/// # Errors
/// The database is unavailable, and it is not known which keys were revoked.
pub async fn recognise(app: &App, text: &str) -> Result<Option<Arc<AccessToken>>, StoreError> {
    if let Some(sealed) = text.strip_prefix(OPAQUE_PREFIX) {
        return Ok(app.seals.open(Purpose::AccessToken, sealed).ok().map(Arc::new));
    }
    app.keys.keep_up(&app.store, app.clock.now()).await?;
    Ok(app.access_tokens.recognise(&app.keys, text))
}

/// Signed access tokens whose signature was verified a while ago. Their key may have been revoked since, so that is asked
/// every time; the mathematics need not be done again.
#[derive(Clone)]
pub struct Recognised(Arc<Cache<Digest, (Arc<AccessToken>, KeyId)>>);

/// SHA-256 of a token.
type Digest = [u8; 32];

impl Recognised {
    /// What is remembered takes some 1.5 kB a token.
    #[must_use]
    pub fn new(most: u64) -> Self {
        Self(Arc::new(Cache::new(most)))
    }

    fn recognise(&self, keys: &Keyring, text: &str) -> Option<Arc<AccessToken>> {
        // Of the whole text, signature included: another signature is another token.
        let digest = sha256(text);
        if let Some((token, kid)) = self.0.get(&digest) {
            return keys.is_trusted(&kid).then_some(token);
        }
        let verified: Verified<AccessToken> = keys.verify(text, TYP).ok()?;
        let token = Arc::new(verified.claims);
        self.0.insert(digest, (Arc::clone(&token), verified.kid));
        Some(token)
    }
}

/// A token that counts now.
pub struct Active {
    /// What it says.
    pub token: Arc<AccessToken>,
    /// The client it was issued to; enabled.
    pub client: Arc<Client>,
    /// The grant it belongs to; none for a client's own token.
    pub grant: Option<Arc<Grant>>,
}

/// Does this token count now? Not if it expired, was revoked, or if its grant or its client is no more.
///
/// # Errors
/// The database is unavailable.
pub async fn active(app: &App, text: &str) -> Result<Option<Active>, StoreError> {
    let now = app.clock.now();
    let current =
        recognise(app, text).await?.filter(|token| token.is_current(app.config.issuer.as_str(), now));
    let Some(token) = current else { return Ok(None) };
    match standing(&app.store, &token, now).await? {
        // What is remembered may be a moment behind; nobody is refused by it.
        None => standing(&app.store.asked_anew(), &token, now).await,
        active => Ok(active),
    }
}

/// What a token that is current rests on, if that stands.
async fn standing(
    store: &Store,
    token: &Arc<AccessToken>,
    now: Timestamp,
) -> Result<Option<Active>, StoreError> {
    let token = Arc::clone(token);
    if store.token_is_revoked(&token.jti).await? {
        return Ok(None);
    }
    let Some(client) = store.client(&token.client_id).await?.filter(|client| !client.disabled) else {
        return Ok(None);
    };
    let Some(grant_id) = &token.gid else { return Ok(Some(Active { token, client, grant: None })) };
    let Some((grant, footing)) = store.grant(grant_id).await? else { return Ok(None) };
    let stands = grant.client_id == client.id && grant.standing(&footing, now).is_ok();
    Ok(stands.then_some(Active { token, client, grant: Some(grant) }))
}
