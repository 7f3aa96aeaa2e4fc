//! A client's own keys: registered by value, or fetched from where it publishes them.

use std::sync::Arc;

use serde::de::DeserializeOwned;

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
    #[error("the client has no keys registered")]
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
        return Ok(jws.verify_with_secret(&secret(app, client).ok_or(ClientKeysError::None)?)?);
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

/// The public keys of a client, as they are known.
///
/// # Errors
/// It has none, or they cannot be fetched.
pub async fn published(app: &App, client: &Client) -> Result<ClientKeys, ClientKeysError> {
    if let Some(jwks) = &client.metadata.jwks {
        return Ok(ClientKeys::parse(jwks));
    }
    let address = client.metadata.jwks_uri.as_deref().ok_or(ClientKeysError::None)?;
    Ok(ClientKeys::parse(&*app.outgoing.json(address, Freshness::Any).await?))
}

/// A client's secret, where it may serve as a key.
#[must_use]
pub fn secret(app: &App, client: &Client) -> Option<String> {
    let sealed = client.sealed_secret.as_deref()?;
    app.seals.open(Purpose::ClientSecret, sealed).ok()
}
