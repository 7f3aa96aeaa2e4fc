//! `GET /assets/{name}`: the static files, those of this deployment's branding and applications' colours, which may be kept for ever under an address with their version.

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::branding::{accent_file, sample_file};
use crate::pages::assets::{self, Asset};

/// A file of the product, or of this deployment.
pub async fn file(
    State(app): State<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (branding, of_colours) = (app.branding(), accent_file(&name).or_else(|| sample_file(&name)));
    let asset = assets::find(&name).or_else(|| branding.file(&name)).or(of_colours.as_ref());
    answer(asset, query.as_deref(), &headers)
}

/// A file of the product.
pub async fn of_the_product(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(assets::find(&name), query.as_deref(), &headers)
}

/// Answers a file, or 304 to a browser that has it.
pub(super) fn answer(asset: Option<&Asset>, query: Option<&str>, headers: &HeaderMap) -> Response {
    let Some(asset) = asset else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{}\"", asset.version);
    let asked_by_version = query.and_then(|query| query.strip_prefix("v=")) == Some(&asset.version);
    let caching = if asked_by_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    let has_it = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        // RFC 9110 §13.1.2: compared weakly.
        .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag);
    let headers = [(CACHE_CONTROL, caching.to_owned()), (ETAG, etag)];
    if has_it {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, asset.content_type)], asset.bytes.clone()).into_response()
}
