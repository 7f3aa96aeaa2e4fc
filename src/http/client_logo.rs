//! `GET /apps/{id}/logo`: an application's logo, fetched here and served from here. No page makes a browser ask somebody else:
//! who signs in is told to nobody by a picture.

use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::assets;
use super::error::PageError;
use super::extract::PathPart;
use crate::app::App;
use crate::protocol::ids::ClientId;

/// The image; 404 where there is none, or none that may be shown. Whatever it is, it is kept for five minutes, here and by
/// browsers.
pub async fn get(
    State(app): State<App>,
    PathPart(id): PathPart,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let client = app.store.client(&ClientId::from(id.as_str())).await?.filter(|client| !client.disabled);
    let Some(uri) = client.and_then(|client| client.metadata.logo_uri.clone()) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    // Why it cannot be had is in the log.
    let Ok(logo) = app.outgoing.image(&uri).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let mut response = assets::answer(Some(&logo), query.as_deref(), &headers);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// Where pages find it.
pub(super) fn address(client: &ClientId) -> String {
    let id: String = url::form_urlencoded::byte_serialize(client.as_str().as_bytes()).collect();
    format!("/apps/{id}/logo")
}
