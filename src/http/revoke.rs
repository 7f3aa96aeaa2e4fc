//! `/revoke`: token revocation, RFC 7009. Answered 200 only after it is committed.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access_token;
use super::client_auth::authenticate;
use super::error::OAuthError;
use super::refresh_token::genuine;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::protocol::client::Client;
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::protocol::refresh::RefreshToken;

/// The endpoint. `token_type_hint` is not needed: the token says what it is.
pub async fn post(
    State(app): State<App>,
    info: RequestInfo,
    request: Request,
) -> Result<Response, OAuthError> {
    let from = authenticate(&app, request).await?;
    let outcome = revoke(&app, &info, &from.client, &from.form).await;
    // RFC 7009 §2.2: "The authorization server responds with HTTP status code 200 if the token has been revoked
    // successfully or if the client submitted an invalid token." It has nothing to say; there are clients that read JSON
    // from every answer.
    let answer = |()| ([(CACHE_CONTROL, "no-store")], Json(json!({}))).into_response();
    Ok(from.answer("revocation request", outcome.map(answer)))
}

async fn revoke(app: &App, info: &RequestInfo, client: &Client, form: &Params) -> Result<(), OAuthError> {
    let token =
        form.get("token").ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "token is missing"))?;
    match RefreshToken::parse(token) {
        Some(token) => revoke_refresh_token(app, info, client, &token).await,
        None => revoke_access_token(app, client, token).await,
    }
}

/// RFC 7009 §2.1: a refresh token takes along the access tokens of its grant.
async fn revoke_refresh_token(
    app: &App,
    info: &RequestInfo,
    client: &Client,
    token: &RefreshToken,
) -> Result<(), OAuthError> {
    let Some((grant, _)) = genuine(app, &app.store, token).await? else { return Ok(()) };
    if grant.client_id != client.id {
        return Err(other_client());
    }
    let origin = info.anonymous().by_client(&client.id);
    let audit = app.audit(&origin, "grant.revoke", format!("grant:{}", grant.id), "by its client");
    app.store.revoke_grant(&grant.id, &audit).await?;
    Ok(())
}

/// An access token goes alone: its grant may have others.
async fn revoke_access_token(app: &App, client: &Client, text: &str) -> Result<(), OAuthError> {
    let Some(token) = access_token::recognise(app, text).await? else { return Ok(()) };
    if token.client_id != client.id {
        return Err(other_client());
    }
    // Of one that has run out nothing is left to revoke, and nothing is written down.
    if app.clock.now().reached(token.exp) {
        return Ok(());
    }
    app.store.revoke_token(&token.jti, token.exp).await?;
    Ok(())
}

/// RFC 7009 §2.1: "If this validation fails, the request is refused and the client is informed of the error".
fn other_client() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, "the token was issued to another client")
}
