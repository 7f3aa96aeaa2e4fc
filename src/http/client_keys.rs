//! A client's own keys: registered by value, or fetched from where it publishes them.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::App;
use crate::jose::{ClientKeys, Jws, VerifyError};
use crate::outgoing::{FetchError, Freshness};
use crate::protocol::client::Client;
use crate::protocol::jwa::KeyManagementAlg;
use crate::sealing::Purpose;

/// Why a client's keys were of no use.
#[derive(Debug, thiserror::Error)]
pub enum ClientKeysError {
    /// It registered neither `jwks` nor `jwks_uri`, or no secret that could be a key.
    #[error("the client has no key, or no secret that may serve as one")]
    None,
    /// They cannot be fetched.
    #[error("jwks_uri {0}")]
    Unreachable(#[from] FetchError),
    /// None of them verifies.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// None of them encrypts by this algorithm.
    #[error("the client has no key for {0}")]
    NoEncryptionKey(KeyManagementAlg),
}

/// Verifies what a client signed: with its secret, or with one of its public keys. An unknown key may be new: the document
/// at `jwks_uri` is read once more then (OpenID Connect Core §10.1.1).
///
/// # Errors
/// It is not the client's.
pub async fn verify<T: DeserializeOwned>(
    app: &App,
    client: &Client,
    jws: &Jws<'_>,
) -> Result<T, ClientKeysError> {
    if jws.alg().is_symmetric() {
        return verify_by_secret(app, client, jws);
    }
    if let Some(jwks) = &client.metadata.jwks {
        return Ok(ClientKeys::parse(jwks).verify(jws)?);
    }
    let address = client.metadata.jwks_uri.as_deref().ok_or(ClientKeysError::None)?;
    let known = app.outgoing.json(address, Freshness::Any).await?;
    match ClientKeys::parse(&known).verify(jws) {
        // A key without a name may be new too.
        Err(VerifyError::UnknownKey | VerifyError::BadSignature) => {
            let fresh = app.outgoing.json(address, Freshness::NewerThan(Arc::clone(&known))).await?;
            Ok(ClientKeys::parse(&fresh).verify(jws)?)
        }
        outcome => Ok(outcome?),
    }
}

/// Verifies what was signed with a client's secret, or with the one before it while that still works.
///
/// # Errors
/// It was not.
pub fn verify_by_secret<T: DeserializeOwned>(
    app: &App,
    client: &Client,
    jws: &Jws<'_>,
) -> Result<T, ClientKeysError> {
    let outcome = secret(app, client)
        .ok_or(ClientKeysError::None)
        .and_then(|secret| Ok(jws.verify_with_secret(&secret)?));
    let old = client.old_secret_at(app.clock.now()).and_then(|old| old.sealed.as_deref());
    match (outcome, old.and_then(|sealed| app.seals.open::<String>(Purpose::ClientSecret, sealed).ok())) {
        (Err(ClientKeysError::Verify(VerifyError::BadSignature)), Some(old)) => {
            Ok(jws.verify_with_secret(&old)?)
        }
        (outcome, _) => outcome,
    }
}

/// A client's keys, among which there is one to encrypt to by this algorithm. The document at `jwks_uri` is read once more
/// if what is known of it has none (Core §10.2.1).
///
/// # Errors
/// There is none, or they cannot be fetched.
pub async fn to_encrypt_to(
    app: &App,
    client: &Client,
    alg: KeyManagementAlg,
) -> Result<ClientKeys, ClientKeysError> {
    let with_one = |jwks: &Value| {
        let keys = ClientKeys::parse(jwks);
        keys.encryption_key(alg).is_some().then_some(keys)
    };
    let none = ClientKeysError::NoEncryptionKey(alg);
    if let Some(jwks) = &client.metadata.jwks {
        return with_one(jwks).ok_or(none);
    }
    let address = client.metadata.jwks_uri.as_deref().ok_or(ClientKeysError::None)?;
    let known = app.outgoing.json(address, Freshness::Any).await?;
    if let Some(keys) = with_one(&known) {
        return Ok(keys);
    }
    let fresh = app.outgoing.json(address, Freshness::NewerThan(known)).await?;
    with_one(&fresh).ok_or(none)
}

/// A client's secret, where it may serve as a key.
#[must_use]
pub fn secret(app: &App, client: &Client) -> Option<String> {
    let sealed = client.sealed_secret.as_deref()?;
    app.seals.open(Purpose::ClientSecret, sealed).ok()
}
