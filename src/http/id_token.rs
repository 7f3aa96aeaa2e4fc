//! ID tokens: made the way their client is registered for, and recognised when they come back as a hint. OpenID Connect
//! Core §2 and §10.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::access_token::IssueError;
use super::client_keys::{self, ClientKeysError};
use super::subject::subject_of;
use crate::app::App;
use crate::jose::{Jws, jwe, jws};
use crate::protocol::claims::{ID_TOKEN_TYP, IdToken, half_hash};
use crate::protocol::client::{Client, SigningAlg};
use crate::protocol::grant::Grant;
use crate::protocol::ids::{ClientId, SessionId, UserId};
use crate::protocol::jwa::Encryption;
use crate::protocol::timestamp::Timestamp;
use crate::store::StoreError;

/// Who signed in, when and how.
#[derive(Clone, Copy, Debug)]
pub struct Authentication<'a> {
    /// Who.
    pub user: &'a UserId,
    /// In which session.
    pub session: &'a SessionId,
    /// When.
    pub auth_time: Timestamp,
    /// How well.
    pub acr: &'a str,
    /// By which methods, space-delimited.
    pub amr: &'a str,
}

impl<'a> From<&'a Grant> for Authentication<'a> {
    fn from(grant: &'a Grant) -> Self {
        Self {
            user: &grant.user_id,
            session: &grant.session_id,
            auth_time: grant.auth_time,
            acr: &grant.acr,
            amr: &grant.amr,
        }
    }
}

/// What an ID token is bound to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bound<'a> {
    /// The request's `nonce`.
    pub nonce: Option<&'a str>,
    /// The access token that comes along.
    pub access_token: Option<&'a str>,
    /// The code that comes along.
    pub code: Option<&'a str>,
    /// The `state` that comes along.
    pub state: Option<&'a str>,
}

/// What an ID token says.
#[must_use]
pub fn content(
    app: &App,
    client: &Client,
    authentication: Authentication<'_>,
    bound: Bound<'_>,
    claims: Map<String, Value>,
    now: Timestamp,
) -> IdToken {
    let alg = client.metadata.id_token_signed_response_alg;
    let hash = |text: Option<&str>| text.map(|text| half_hash(alg, text));
    IdToken {
        iss: app.config.issuer.as_str().to_owned(),
        sub: subject_of(app, client, authentication.user),
        aud: client.id.clone(),
        exp: now.plus(app.config.tokens.id_token),
        iat: now,
        auth_time: authentication.auth_time,
        nonce: bound.nonce.map(str::to_owned),
        acr: authentication.acr.to_owned(),
        amr: authentication.amr.split(' ').map(str::to_owned).collect(),
        sid: authentication.session.clone(),
        at_hash: hash(bound.access_token),
        c_hash: hash(bound.code),
        s_hash: hash(bound.state),
        claims,
    }
}

/// Makes an ID token.
///
/// # Errors
/// It cannot be signed, or the client has no key to encrypt it for.
pub async fn issue(
    app: &App,
    client: &Client,
    authentication: Authentication<'_>,
    bound: Bound<'_>,
    claims: Map<String, Value>,
    now: Timestamp,
) -> Result<String, IssueError> {
    let alg = client.metadata.id_token_signed_response_alg;
    let token = content(app, client, authentication, bound, claims, now);
    protect(app, client, alg, ID_TOKEN_TYP, &token).await
}

/// Signs claims for a client, and encrypts them if its ID tokens are encrypted (Core §10.2: signed, then encrypted).
///
/// # Errors
/// They cannot be signed, or the client has no key to encrypt them for.
pub async fn protect<T: Serialize + Sync>(
    app: &App,
    client: &Client,
    alg: SigningAlg,
    typ: &str,
    claims: &T,
) -> Result<String, IssueError> {
    let signed = sign(app, client, alg, typ, claims).await?;
    match client.metadata.id_token_encryption() {
        None => Ok(signed),
        Some(encryption) => encrypt(app, client, encryption, Some("JWT"), signed.as_bytes()).await,
    }
}

/// Signs claims with the server's key, the client's secret, or not at all (Core §10.1).
///
/// # Errors
/// There is no such key.
pub async fn sign<T: Serialize + Sync>(
    app: &App,
    client: &Client,
    alg: SigningAlg,
    typ: &str,
    claims: &T,
) -> Result<String, IssueError> {
    if alg == SigningAlg::None {
        return Ok(jws::unsigned(typ, claims)?);
    }
    if alg.is_symmetric() {
        let secret = client_keys::secret(app, client).ok_or(ClientKeysError::None)?;
        return Ok(jws::sign_with_secret(alg, &secret, typ, claims)?);
    }
    app.keys.ready(&app.store, alg, &app.clock).await?;
    Ok(app.keys.sign(alg, typ, claims, app.clock.now())?)
}

/// Encrypts for a client (Core §10.2).
///
/// # Errors
/// It has no key for that.
pub async fn encrypt(
    app: &App,
    client: &Client,
    encryption: Encryption,
    content_type: Option<&str>,
    plaintext: &[u8],
) -> Result<String, IssueError> {
    let keys = client_keys::to_encrypt_to(app, client, encryption.alg).await?;
    let key = keys.encryption_key(encryption.alg).ok_or(ClientKeysError::NoEncryptionKey(encryption.alg))?;
    Ok(jwe::encrypt(encryption, key, content_type, plaintext, &app.entropy)?)
}

/// An ID token of ours that came back, with the client that it was issued to.
#[derive(Clone, Debug)]
pub struct Hint {
    /// What it says. It may have expired.
    pub token: IdToken,
    /// To whom it was issued; none when the client is no more.
    pub client: Option<Arc<Client>>,
}

impl Hint {
    /// Is this the user that it names?
    #[must_use]
    pub fn names(&self, app: &App, user: &UserId) -> bool {
        self.client.as_ref().is_some_and(|client| subject_of(app, client, user) == self.token.sub)
    }
}

/// Reads an `id_token_hint` (Core §3.1.2.1, RP-Initiated Logout §2): an ID token of this issuer, expired or not. Answers
/// none for anything else, unsigned ID tokens included: anybody could have made those.
///
/// # Errors
/// The database is unavailable.
pub async fn read_hint(app: &App, text: &str) -> Result<Option<Hint>, StoreError> {
    app.keys.keep_up(&app.store, app.clock.now()).await?;
    // Core §3.1.2.1: an encrypted ID token may come back encrypted to this server.
    let decrypted = if text.split('.').count() == 5 { app.keys.decrypt(text).ok() } else { None };
    let decrypted = decrypted.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = decrypted.as_deref().unwrap_or(text);
    let Ok(jws) = Jws::parse(text) else { return Ok(None) };
    if jws.alg().is_symmetric() {
        return signed_with_secret(app, &jws).await;
    }
    let Ok(verified) = app.keys.verify::<IdToken>(text, ID_TOKEN_TYP) else { return Ok(None) };
    let token = verified.claims;
    if token.iss != app.config.issuer.as_str() {
        return Ok(None);
    }
    let client = app.store.client(&token.aud).await?;
    Ok(Some(Hint { token, client }))
}

/// The secret is that of the client that the token names: it proves that this client or this server made it.
async fn signed_with_secret(app: &App, jws: &Jws<'_>) -> Result<Option<Hint>, StoreError> {
    let claims = jws.unverified_claims().ok();
    let audience = claims.as_ref().and_then(|claims| claims.get("aud")?.as_str());
    let Some(audience) = audience else { return Ok(None) };
    let Some(client) = app.store.client(&ClientId::from(audience)).await? else { return Ok(None) };
    if client.metadata.id_token_signed_response_alg != jws.alg() {
        return Ok(None);
    }
    let verified = client_keys::verify_by_secret::<IdToken>(app, &client, jws).ok();
    let ours = verified.filter(|token| token.iss == app.config.issuer.as_str() && token.aud == client.id);
    Ok(ours.map(|token| Hint { token, client: Some(client) }))
}
