//! `/register/{client_id}`: what registered itself looks after itself. RFC 7592 §2.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

use super::error::{OAuthError, PageError};
use super::extract::PathPart;
use super::register::{answer, bearer, read, throttled, token_refused, wanted};
use super::request_info::RequestInfo;
use crate::admin::clients::{self, Issued};
use crate::app::{App, Origin};
use crate::protocol::client::{Client, ClientMetadata};
use crate::protocol::error::ErrorCode;
use crate::protocol::registration::{FieldProblem, tokens_that_nobody_binds};
use crate::protocol::secret::{same_secret, sha256_hex};
use crate::protocol::subject::sector;

/// The registration as it stands (RFC 7592 §2.1).
pub async fn get(
    State(app): State<App>,
    id: Result<PathPart, PageError>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let own = Own::prove(&app, id, &headers).await?;
    // Nobody can read the secret again, not even the client.
    answer(&app, StatusCode::OK, &Issued { client: own.client, secret: None }, &own.token)
}

/// Another registration in its place (RFC 7592 §2.2): what is left out is gone, or has its default again.
pub async fn put(
    State(app): State<App>,
    id: Result<PathPart, PageError>,
    info: RequestInfo,
    request: Request,
) -> Result<Response, OAuthError> {
    let own = Own::prove(&app, id, request.headers()).await?;
    let members = read(request).await?;
    is_about(&members, &own.client)?;
    let mut wanted = wanted(&app, members)?;
    // What an administrator asks of it and of its users is not the client's to take back.
    wanted.metadata.least_acr = own.client.metadata.least_acr;
    wanted.metadata.accent_color = own.client.metadata.accent_color;
    wanted.metadata.require_pushed_authorization_requests |=
        own.client.metadata.require_pushed_authorization_requests;
    wanted.metadata.dpop_bound_access_tokens |= own.client.metadata.dpop_bound_access_tokens;
    if let Some(problem) = tokens_that_nobody_binds(&wanted.metadata) {
        return Err(vec![problem].into());
    }
    stays_in_its_sector(&own.client, &wanted.metadata)?;
    throttled(&app, info.ip).await?;
    let issued = clients::replace(&app, &own.origin(&info), own.client, wanted).await?;
    answer(&app, StatusCode::OK, &issued, &own.token)
}

/// Nothing in its place (RFC 7592 §2.3): its consents, grants and tokens go with it.
pub async fn delete(
    State(app): State<App>,
    id: Result<PathPart, PageError>,
    info: RequestInfo,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let own = Own::prove(&app, id, &headers).await?;
    clients::remove(&app, &own.origin(&info), &own.client.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A client that proved that this is its registration.
struct Own {
    client: Client,
    token: String,
}

impl Own {
    /// RFC 7592 §2: by the registration access token. Clients that are no more, or that an administrator registered, have
    /// none: all three are not told apart.
    async fn prove(
        app: &App,
        id: Result<PathPart, PageError>,
        headers: &HeaderMap,
    ) -> Result<Self, OAuthError> {
        let Some(token) = bearer(headers)? else {
            return Err(OAuthError::new(
                ErrorCode::InvalidToken,
                "this address needs the registration_access_token that the client got when it registered",
            )
            .with_challenge("Bearer realm=\"countersign\"".to_owned()));
        };
        let client = match id {
            // Its owner is about to change it, or was just given another token.
            Ok(PathPart(id)) => app.store.asked_anew().client(&id.as_str().into()).await?,
            Err(_) => None,
        };
        let is_its_token = |client: &Arc<Client>| {
            client
                .self_registration
                .as_ref()
                .is_some_and(|own| same_secret(&sha256_hex(token), &own.token_hash))
        };
        let client = client
            .filter(is_its_token)
            .ok_or_else(|| token_refused("the registration access token is not that of this client"))?;
        if client.disabled {
            // RFC 7592 §2.1: "If the client does not have permission … the server MUST return an HTTP 403".
            return Err(OAuthError::new(
                ErrorCode::AccessDenied,
                "an administrator has switched this client off",
            )
            .with_status(StatusCode::FORBIDDEN));
        }
        Ok(Self { token: token.to_owned(), client: Arc::unwrap_or_clone(client) })
    }

    fn origin(&self, info: &RequestInfo) -> Origin {
        info.anonymous().by_client(&self.client.id)
    }
}

/// RFC 7592 §2.2: which members must be there, which must not, and which must not differ.
fn is_about(members: &Map<String, Value>, client: &Client) -> Result<(), OAuthError> {
    let mut problems = Vec::new();
    if members.get("client_id").and_then(Value::as_str) != Some(client.id.as_str()) {
        problems.push(FieldProblem::new("client_id", "must be that of this client"));
    }
    let is_current = |secret: &Value| {
        secret
            .as_str()
            .zip(client.secret_hash.as_deref())
            .is_some_and(|(shown, hash)| same_secret(&sha256_hex(shown), hash))
    };
    if members.get("client_secret").is_some_and(|secret| !secret.is_null() && !is_current(secret)) {
        problems.push(FieldProblem::new("client_secret", "must be the current one, or left out"));
    }
    for issued_here in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        if members.contains_key(issued_here) {
            problems.push(FieldProblem::new(issued_here, "must be left out"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// Core §8.1: whoever could change its sector would learn by which `sub` the clients of another one know its users.
fn stays_in_its_sector(client: &Client, wanted: &ClientMetadata) -> Result<(), OAuthError> {
    if sector(&client.id, &client.metadata) == sector(&client.id, wanted) {
        return Ok(());
    }
    let problem = FieldProblem::new(
        "subject_type",
        "how this client knows its users cannot change, nor the host that this depends on: register another client",
    );
    Err(vec![problem].into())
}
