//! `/jwks`: the public keys (RFC 7517 §5), from memory.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::published::published;
use crate::app::App;

/// How long verifiers may keep it: not for long, so that a revoked key is forgotten soon.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// The JWKS.
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    let document = app.keys.jwks();
    published(&headers, "application/jwk-set+json", &document.etag, document.body.clone(), KEPT)
}
