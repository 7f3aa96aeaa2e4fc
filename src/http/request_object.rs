//! The request object of an authorization request: read, decrypted, verified. OpenID Connect Core §6.

use serde_json::{Map, Value};

use super::client_keys;
use crate::app::App;
use crate::jose::{Jwe, Jws};
use crate::protocol::authorize::RequestError;
use crate::protocol::client::Client;
use crate::protocol::params::Params;
use crate::protocol::request_object::{
    ObjectError, address_is_registered, is_of_this_kind, may_sign, unfold,
};
use crate::store::StoreError;

/// The parameters that count: those of a request object over those of the request. A request without an object is
/// answered as it is.
///
/// # Errors
/// The database is unavailable; and inside, that the object is of no use, or cannot be had.
pub async fn unfolded(
    app: &App,
    client: &Client,
    params: Params,
) -> Result<Result<Params, RequestError>, StoreError> {
    let (text, refused): (String, fn(ObjectError) -> RequestError) =
        match (params.get("request"), params.get("request_uri")) {
            (None, None) => return Ok(Ok(params)),
            (Some(_), Some(_)) => return Ok(Err(RequestError::TwoRequestObjects)),
            (Some(text), None) => (text.to_owned(), RequestError::RequestObject),
            (None, Some(address)) => match fetched(app, client, address).await {
                Ok(text) => (text, RequestError::FetchedObject),
                Err(error) => return Ok(Err(error)),
            },
        };
    app.keys.keep_up(&app.store, app.clock.now()).await?;
    Ok(read(app, client, &params, &text).await.map_err(refused))
}

/// Core §6.2.3: the document at `request_uri`, as it is now.
async fn fetched(app: &App, client: &Client, address: &str) -> Result<String, RequestError> {
    if !address_is_registered(&client.metadata.request_uris, address) {
        return Err(RequestError::RequestUriNotRegistered);
    }
    let bytes = app
        .outgoing
        .get(address)
        .await
        .map_err(|error| RequestError::RequestUriUnreachable(error.to_string()))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| RequestError::FetchedObject(ObjectError::Malformed))
}

async fn read(app: &App, client: &Client, params: &Params, text: &str) -> Result<Params, ObjectError> {
    let text = decrypted(app, client, text.trim())?;
    let jws = Jws::parse(&text).map_err(|_| ObjectError::Malformed)?;
    is_of_this_kind(jws.typ())?;
    may_sign(client, jws.alg())?;
    let claims: Map<String, Value> = if jws.is_unsigned() {
        jws.unverified_claims().map_err(|_| ObjectError::Malformed)?
    } else {
        client_keys::verify(app, client, &jws).await.map_err(|error| {
            tracing::info!(client_id = %client.id, cause = %error, "request object refused");
            ObjectError::Signature
        })?
    };
    unfold(params, &claims, &client.id, app.config.issuer.as_str(), app.clock.now())
}

/// Core §6.1: "it MUST be signed then encrypted, with the result being a Nested JWT". A client that registered how it
/// encrypts may still send what is only signed (OpenID Connect Registration §2).
fn decrypted(app: &App, client: &Client, text: &str) -> Result<String, ObjectError> {
    let Ok(jwe) = Jwe::parse(text) else { return Ok(text.to_owned()) };
    if let Some(alg) = client.metadata.request_object_encryption_alg {
        let (used, enc) = (jwe.encryption(), client.metadata.request_object_encryption_enc);
        if used.alg != alg || enc.is_some_and(|enc| enc != used.enc) {
            return Err(ObjectError::Encryption);
        }
    }
    let plain = app.keys.decrypt(text).map_err(|_| ObjectError::Malformed)?;
    String::from_utf8(plain).map_err(|_| ObjectError::Malformed)
}
