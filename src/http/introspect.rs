//! `/introspect`: is this token active? RFC 7662.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::access_token::{self, Active, Subject};
use super::client_auth::{ClientForm, authenticate};
use super::error::OAuthError;
use super::refresh_token::genuine;
use super::subject::subject_of;
use super::user_claims;
use crate::app::App;
use crate::protocol::client::Client;
use crate::protocol::client_auth::ClientAuthError;
use crate::protocol::error::ErrorCode;
use crate::protocol::introspection;
use crate::protocol::refresh::RefreshToken;
use crate::store::StoreError;

/// The endpoint. `token_type_hint` is not needed: the token says what it is.
pub async fn post(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let ClientForm { client, form } = authenticate(&app, request).await?;
    // RFC 7662 §2.1: "the endpoint MUST also require some form of authorization".
    if client.is_public() {
        return Err(ClientAuthError::PublicClient.into());
    }
    let token =
        form.get("token").ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "token is missing"))?;
    let answer = match RefreshToken::parse(token) {
        Some(token) => refresh_token(&app, &client, &token).await?,
        None => access_token(&app, &client, token).await?,
    };
    Ok(Json(answer.unwrap_or_else(introspection::inactive)).into_response())
}

async fn access_token(app: &App, caller: &Client, text: &str) -> Result<Option<Value>, StoreError> {
    let Some(Active { token, client, grant }) = access_token::active(app, text).await? else {
        return Ok(None);
    };
    if !introspection::may_introspect(caller, &client.id) {
        return Ok(None);
    }
    let subject = grant.as_deref().map_or(Subject::Client, Subject::User);
    let claims = user_claims::in_access_token(app, &client, subject, &token.scope).await?;
    let user = match grant.filter(|_| introspection::may_see_username(caller, &token.scope)) {
        Some(grant) => app.store.user(&grant.user_id).await?,
        None => None,
    };
    Ok(Some(introspection::access_token(&token, user.as_ref().map(|user| user.username.as_str()), claims)))
}

async fn refresh_token(
    app: &App,
    caller: &Client,
    token: &RefreshToken,
) -> Result<Option<Value>, StoreError> {
    let now = app.clock.now();
    let Some((grant, footing)) = genuine(app, &app.store.asked_anew(), token).await? else { return Ok(None) };
    let Some(client) = app.store.client(&grant.client_id).await?.filter(|client| !client.disabled) else {
        return Ok(None);
    };
    let idle_end = grant.rotated_at.plus(app.config.tokens.refresh_idle);
    let active = token.generation == grant.generation
        && introspection::may_introspect(caller, &grant.client_id)
        && grant.standing(&footing, now).is_ok()
        && !now.reached(idle_end);
    let expires_at = grant.ends_at(&footing).min(idle_end);
    Ok(active.then(|| {
        let subject = subject_of(app, &client, &grant.user_id);
        introspection::refresh_token(&grant, &subject, app.config.issuer.as_str(), expires_at)
    }))
}
