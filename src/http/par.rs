//! `/par`: the pushed authorization request endpoint, RFC 9126. What is pushed is judged as at `/authorize` and handed
//! back sealed; nothing is stored for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::authorize::judged;
use super::client_auth::authenticate;
use super::dpop::{self, SentProof};
use super::error::OAuthError;
use super::id_token::read_hint;
use super::request_object;
use crate::app::App;
use crate::protocol::authorize::{RequestError, ShowToUser, answer_address};
use crate::protocol::client::Client;
use crate::protocol::params::Params;
use crate::protocol::pushed::{
    LIFETIME, LONGEST_REFERENCE, PushError, PushedRequest, URN, asked_for, asked_for_by_object, bound_to_key,
};
use crate::sealing::Purpose;

/// A successful answer (§2.2).
#[derive(Serialize)]
struct Pushed {
    request_uri: String,
    expires_in: u64,
}

/// The endpoint.
pub async fn post(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let proof = dpop::sent(request.headers());
    let from = authenticate(&app, request).await?;
    let outcome = push(&app, &from.client, &from.form, proof).await.map(|pushed| {
        (StatusCode::CREATED, [(CACHE_CONTROL, "no-cache, no-store")], Json(pushed)).into_response()
    });
    Ok(from.answer("pushed request", outcome))
}

async fn push(
    app: &App,
    client: &Arc<Client>,
    form: &Params,
    proof: SentProof,
) -> Result<Pushed, OAuthError> {
    // RFC 9449 §10.1. Nothing is remembered of the proof: sent again, it gets a request that only the owner of the key can redeem.
    let key = dpop::proven(app, &proof, "/par")?.map(|proven| proven.key);
    let asked = asked_for(form, &client.id)?;
    let params = if asked.get("request").is_some() {
        let unfolded = request_object::unfolded(app, client, asked).await??;
        asked_for_by_object(&unfolded, &client.id)?
    } else {
        asked
    };
    let params = match &key {
        Some(key) => bound_to_key(params, key)?,
        None => params,
    };
    let reply_to = answer_address(client, &params)?;
    let request = judged(app, client, &params, reply_to.redirect).await??;
    if let Some(hint) = &request.id_token_hint
        && read_hint(app, hint).await?.is_none()
    {
        return Err(RequestError::IdTokenHint.into());
    }
    let pushed = PushedRequest::new(app.entropy.opaque_id(), &client.id, &params, app.clock.now());
    let reference = app.seals.seal(Purpose::PushedRequest, &pushed, &app.entropy)?;
    if reference.len() > LONGEST_REFERENCE {
        return Err(PushError::TooLarge.into());
    }
    Ok(Pushed { request_uri: format!("{URN}{reference}"), expires_in: LIFETIME.as_secs() })
}

impl From<RequestError> for OAuthError {
    fn from(error: RequestError) -> Self {
        Self::broken(error.code(), &error)
    }
}

/// §2.3: where nobody could be redirected to, "the `invalid_request` error code can be used".
impl From<ShowToUser> for OAuthError {
    fn from(error: ShowToUser) -> Self {
        Self::broken(error.code(), &error)
    }
}

impl From<PushError> for OAuthError {
    fn from(error: PushError) -> Self {
        let refusal = Self::broken(error.code(), &error);
        match error {
            PushError::TooLarge => refusal.with_status(StatusCode::PAYLOAD_TOO_LARGE),
            PushError::RequestUri | PushError::ObjectOfAnother => refusal,
        }
    }
}
