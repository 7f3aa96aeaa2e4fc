//! `/.well-known/passkey-endpoints`: where password managers send people to add and to manage passkeys (W3C, A Well-Known URL
//! for Relying Party Passkey Endpoints §3).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::error::PageError;
use crate::app::App;

/// The document; none where there can be no passkeys.
pub async fn get(State(app): State<App>) -> Result<Response, PageError> {
    if !app.passkeys.is_possible() {
        return Err(PageError::not_found("This server has no passkeys."));
    }
    let issuer = &app.config.issuer;
    let endpoints =
        json!({ "enroll": issuer.at("/account/sign-in/passkeys"), "manage": issuer.at("/account/sign-in") });
    Ok(Json(endpoints).into_response())
}
