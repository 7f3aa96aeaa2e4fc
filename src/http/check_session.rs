//! `/check-session`: the frame that applications ask whether the browser's session has changed (OpenID Connect Session
//! Management 1.0 §3.2). The answer is computed in the browser; this is the same page for everybody.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;

use super::cookie::Cookie;
use super::edge::CROSS_ORIGIN_RESOURCE_POLICY;
use super::page::{Csp, html};
use crate::app::App;
use crate::pages;

/// The page.
pub async fn get(State(app): State<App>) -> Response {
    let page = pages::CheckSession { cookie: Cookie::BrowserState.name(&app.config) };
    let mut response = html(&page, &Csp::default().script().in_any_frame());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // Pages that let in only what agrees to it may frame this one, too.
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}
