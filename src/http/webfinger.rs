//! `/.well-known/webfinger`: which issuer a user is of (RFC 7033, OpenID Connect Discovery §2).

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::protocol::webfinger::{WebFingerError, answer};

/// The answer, readable from every web origin (RFC 7033 §5). Unlike everywhere else, a parameter may be repeated here:
/// `rel` (RFC 7033 §4.1).
pub async fn get(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let all =
        |name: &'static str| pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value);
    let relations: Vec<&str> = all("rel").collect();
    let mut resources = all("resource");
    let outcome = match (resources.next(), resources.next()) {
        (resource, None) => answer(&app.config.issuer, resource, &relations),
        (_, Some(_)) => Err(WebFingerError::Malformed),
    };
    let mut response = match outcome {
        Ok(found) => {
            let mut response = Json(found).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jrd+json"));
            response
        }
        Err(error) => {
            let status = match error {
                WebFingerError::Malformed => StatusCode::BAD_REQUEST,
                WebFingerError::NotHere => StatusCode::NOT_FOUND,
            };
            (status, Json(json!({ "error": error.to_string() }))).into_response()
        }
    };
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
