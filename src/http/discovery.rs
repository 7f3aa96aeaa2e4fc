//! `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: what this deployment can do
//! (OpenID Connect Discovery §4, RFC 8414 §3), from memory.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::published::published;
use crate::app::App;
use crate::config::RegistrationMode;
use crate::protocol::discovery::{Offer, document};
use crate::protocol::secret::sha256_hex;

/// How long clients may keep it, in seconds.
const MAX_AGE: u32 = 300;

/// The metadata document.
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    let offer = Offer {
        registration: app.config.registration.mode != RegistrationMode::Off,
        legacy_front_channel_tokens: app.config.legacy.front_channel_tokens,
        sign_up: app.config.accounts.sign_up,
    };
    let body = document(&app.config.issuer, offer).to_string();
    let etag = format!("\"{}\"", sha256_hex(&body));
    published(&headers, "application/json", &etag, body, MAX_AGE)
}
