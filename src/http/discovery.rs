//! `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: what this deployment can do
//! (OpenID Connect Discovery §4, RFC 8414 §3), from memory.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get};

use super::published::published;
use crate::app::App;
use crate::config::RegistrationMode;
use crate::i18n::Language;
use crate::protocol::discovery::{Offer, document};
use crate::protocol::secret::sha256_hex;

/// How long clients may keep it, in seconds.
const MAX_AGE: u32 = 300;

/// The metadata document, made once.
pub fn endpoint(app: &App) -> MethodRouter<App> {
    let offer = Offer {
        classes: app.config.assurance.classes.clone(),
        registration: app.config.registration.mode != RegistrationMode::Off,
        legacy_front_channel_tokens: app.config.legacy.front_channel_tokens,
        sign_up: app.config.sign_up.is_open(),
        ui_locales: &Language::TAGS,
    };
    let text = document(&app.config.issuer, &offer).to_string();
    let (etag, body) = (format!("\"{}\"", sha256_hex(&text)), Bytes::from(text));
    get(async move |headers: HeaderMap| published(&headers, "application/json", &etag, body, MAX_AGE))
}
