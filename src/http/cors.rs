//! Cross-origin access for browser applications: to a client's own endpoints, from the web origins of its redirect
//! URIs (RFC 10017), and never to the authorization endpoint (RFC 9700 §2.6).

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::edge::CROSS_ORIGIN_RESOURCE_POLICY;
use crate::app::App;
use crate::config::RegistrationMode;
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
        let methods = preflight.then_some("GET, POST");
        let exposed = "www-authenticate, x-request-id";
        let_read(&mut response, origin, methods, exposed);
        // There are libraries that send cookies along (keycloak-js). They count for nothing here: who asks is told by what is
        // in the request, and an origin that is not registered reads nothing.
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

/// Middleware for the endpoints that applications register themselves at. Where everybody may, an application in a
/// browser may too, from an origin that nobody knows yet. Cookies count for nothing there, so that a page elsewhere
/// can do no more than any program; where a token is needed, it belongs to a program and not into a page.
pub async fn by_anybody(State(app): State<App>, request: Request, next: Next) -> Response {
    let open = app.config.registration.mode == RegistrationMode::Open;
    let preflight = request.method() == Method::OPTIONS;
    let mut response =
        if open && preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if open {
        let methods = preflight.then_some("GET, POST, PUT, DELETE");
        let exposed = "www-authenticate, x-request-id, retry-after";
        let_read(&mut response, HeaderValue::from_static("*"), methods, exposed);
    }
    response
}

/// Lets pages of an origin read an answer; `methods` are what the answer to a preflight allows.
fn let_read(
    response: &mut Response,
    origin: HeaderValue,
    methods: Option<&'static str>,
    exposed: &'static str,
) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if let Some(methods) = methods {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, dpop"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
    }
}
