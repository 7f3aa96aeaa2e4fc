//! Cross-origin access for browser applications: to a client's own endpoints, from the web origins of its redirect
//! URIs (RFC 10017), and never to the authorization endpoint (RFC 9700 §2.6).

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::protocol::ids::ClientId;

/// Marks an answer with the client that it is for: only that client's origins may read it.
#[derive(Clone, Debug)]
pub struct AnswerFor(pub ClientId);

impl AnswerFor {
    /// Marks the answer.
    #[must_use]
    pub fn attach(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware for the endpoints that browser applications use. An answer that came before its client was known
/// (a malformed request) may be read from every client's origin, so that its developer can see the error.
pub async fn by_client_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let client = response.extensions_mut().remove::<AnswerFor>();
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return response };
    let registered = match origin.to_str() {
        Ok(text) => app.store.origin_is_registered(text, client.as_ref().map(|client| &client.0)).await,
        Err(_) => Ok(false),
    };
    // Without the database nobody's origin is known; the answer itself says what is wrong.
    if registered.unwrap_or(false) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("authorization, content-type"),
            );
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        } else {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("www-authenticate, x-request-id"),
            );
        }
    }
    response
}
