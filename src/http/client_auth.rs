//! Who a request of a machine comes from: the same steps at every endpoint.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse as _, Response};

use serde_json::Value;

use super::client_keys::{self, ClientKeysError};
use super::cors::AnswerFor;
use super::error::OAuthError;
use super::extract::FormFields;
use crate::app::App;
use crate::jose::{Jws, VerifyError};
use crate::protocol::client::Client;
use crate::protocol::client_assertion::{
    AssertionClaims, AssertionError, OneTimeId, is_of_this_kind, judge, may_sign,
};
use crate::protocol::client_auth::{ClientAuthError, Credentials, Proof, Unproven, prove_by_secret};
use crate::protocol::error::{ErrorCode, Rule as _};
use crate::protocol::ids::ClientId;
use crate::protocol::params::Params;

const UNKNOWN: ClientAuthError = ClientAuthError::Refused(Unproven::Unknown);

/// A form from a client that proved who it is.
pub struct ClientForm {
    /// The client; enabled.
    pub client: Arc<Client>,
    /// The form.
    pub form: Params,
}

impl ClientForm {
    /// The answer to its request. Of a refusal is logged what was refused, and it says which request it is of.
    #[must_use]
    pub fn answer(&self, what: &'static str, outcome: Result<Response, OAuthError>) -> Response {
        let response = outcome.unwrap_or_else(|error| {
            let (code, cause) = (error.code(), error.description());
            tracing::info!(client_id = %self.client.id, error = %code, cause, "{what} refused");
            error.to_request(Some(&self.client.id), &self.form).into_response()
        });
        AnswerFor(self.client.id.clone()).attach(response)
    }
}

/// Reads a form and authenticates its client.
///
/// # Errors
/// The request is malformed, or the client did not prove who it is.
pub async fn authenticate(app: &App, request: Request) -> Result<ClientForm, OAuthError> {
    // RFC 6749 §2.3.1: "The parameters … MUST NOT be included in the request URI."
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "parameters belong into the body, not into the address",
        ));
    }
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let authorization = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(only), None) => Some(only.to_str().map_err(|_| ClientAuthError::MalformedBasic)?.to_owned()),
        (Some(_), Some(_)) => return Err(ClientAuthError::SeveralMethods.into()),
    };
    let uri = request.uri().clone();
    let FormFields(form) = FormFields::read(request).await?;
    let credentials = Credentials::from_request(authorization.as_deref(), &form)
        .map_err(|error| OAuthError::from(error).to_request(None, &form))?;
    match client_of(app, &credentials, uri.path()).await {
        Ok(client) => Ok(ClientForm { client, form }),
        Err(error) => Err(error.to_request(credentials.client_id.as_ref(), &form)),
    }
}

/// The client that the credentials are good for.
async fn client_of(app: &App, credentials: &Credentials, path: &str) -> Result<Arc<Client>, OAuthError> {
    match &credentials.proof {
        Proof::Assertion(text) => {
            let endpoint = app.config.issuer.at(path);
            by_assertion(app, credentials.client_id.as_ref(), text, &endpoint).await
        }
        proof => {
            let id = credentials.client_id.as_ref().ok_or(ClientAuthError::Missing)?;
            let client = app.store.client(id).await?.ok_or(UNKNOWN)?;
            if prove_by_secret(&client, proof, app.clock.now()).is_ok() {
                Ok(client)
            } else {
                // What is remembered may be a moment behind; nobody is refused by it.
                let client = app.store.asked_anew().client(id).await?.ok_or(UNKNOWN)?;
                prove_by_secret(&client, proof, app.clock.now()).inspect_err(|error| {
                    note(&client, &error.cause().unwrap_or_else(|| error.to_string()));
                })?;
                Ok(client)
            }
        }
    }
}

/// Authenticates a client by an assertion (RFC 7523 §3), which counts once.
async fn by_assertion(
    app: &App,
    named: Option<&ClientId>,
    text: &str,
    endpoint: &str,
) -> Result<Arc<Client>, OAuthError> {
    let jws = Jws::parse(text).map_err(|_| refused(AssertionError::Malformed))?;
    // Who it says it is decides only whose keys are tried.
    let claims = jws.unverified_claims().map_err(|_| refused(AssertionError::Malformed))?;
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let id = named.cloned().unwrap_or_else(|| subject.into());
    let client = app.store.client(&id).await?.filter(|client| !client.disabled);
    let client = client.ok_or_else(|| refused(AssertionError::UnknownClient))?;
    let once = judged(app, &client, &jws, endpoint).await.inspect_err(|error| note(&client, error))?;
    if app.store.use_assertion(&once).await? {
        return Ok(client);
    }
    note(&client, &AssertionError::Used);
    Err(refused(AssertionError::Used))
}

async fn judged(
    app: &App,
    client: &Client,
    jws: &Jws<'_>,
    endpoint: &str,
) -> Result<OneTimeId, ClientAuthError> {
    is_of_this_kind(jws.typ())?;
    may_sign(client, jws.alg())?;
    let claims: AssertionClaims = client_keys::verify(app, client, jws).await.map_err(|error| {
        tracing::info!(client_id = %client.id, cause = %error, "client assertion not verified");
        match error {
            ClientKeysError::Verify(VerifyError::Malformed) => AssertionError::Malformed,
            _ => AssertionError::Signature,
        }
    })?;
    // Core §9: "The Audience value MUST be the OP's Issuer Identifier". Its earlier revisions had clients name the token
    // endpoint, and RFC 7523 §3 allows that: most libraries still do.
    let token_endpoint = app.config.issuer.at("/token");
    let audiences = [app.config.issuer.as_str(), token_endpoint.as_str(), endpoint];
    Ok(judge(&claims, &client.id, &audiences, app.clock.now())?)
}

fn refused(error: AssertionError) -> OAuthError {
    ClientAuthError::from(error).into()
}

fn note(client: &Client, error: &dyn std::fmt::Display) {
    tracing::info!(client_id = %client.id, cause = %error, "client authentication refused");
}
