//! `/.well-known/webauthn`: the other origins on whose pages this server's passkeys may be used (Web Authentication Level 3
//! §5.11.1).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::edge::CROSS_ORIGIN_RESOURCE_POLICY;
use super::error::PageError;
use crate::app::App;

/// The document; none where there are no such origins.
pub async fn get(State(app): State<App>) -> Result<Response, PageError> {
    let origins = &app.config.sign_in.related_origins;
    if !app.passkeys.is_possible() || origins.is_empty() {
        return Err(PageError::not_found("This server's passkeys are used on its own pages alone."));
    }
    // Browsers ask for it on behalf of those origins.
    let for_all = [(CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin")];
    Ok((for_all, Json(json!({ "origins": origins }))).into_response())
}
