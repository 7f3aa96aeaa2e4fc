//! Authorization responses on their way to the client: RFC 6749 §4.1.2, OAuth 2.0 Multiple Response Types §2.1, Form Post
//! Response Mode §2.

use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Redirect, Response};

use super::error::Reader;
use super::failures;
use super::page::{Csp, html};
use crate::app::App;
use crate::pages::FormPost;
use crate::protocol::authorize::ReplyTo;
use crate::protocol::diagnosis::Failure;
use crate::protocol::error::{ErrorCode, Rule, description};
use crate::protocol::response_type::ResponseMode;

/// Sends the browser to the client, with `state` as it came and `iss` (RFC 9207 §2) in every answer. 303, so that a
/// form's body is never sent along (RFC 9700 §4.12).
#[must_use]
pub fn send(app: &App, to: &ReplyTo, parameters: &[(&str, &str)]) -> Response {
    let mut all = parameters.to_vec();
    all.extend(to.state.as_deref().map(|state| ("state", state)));
    all.push(("iss", app.config.issuer.as_str()));
    match to.mode {
        ResponseMode::Query => Redirect::to(&to.redirect.with_query(&all)).into_response(),
        ResponseMode::Fragment => Redirect::to(&to.redirect.with_fragment(&all)).into_response(),
        ResponseMode::FormPost => form_post(to, &all),
    }
}

/// RFC 6749 §4.1.2.1: sends an error.
#[must_use]
pub fn refuse(app: &App, to: &ReplyTo, code: ErrorCode, cause: &(impl Rule + ?Sized)) -> Response {
    refuse_with(app, to, code, cause, None)
}

/// The same, with the `session_state` of OpenID Connect Session Management §2.
#[must_use]
pub fn refuse_with(
    app: &App,
    to: &ReplyTo,
    code: ErrorCode,
    cause: &(impl Rule + ?Sized),
    session_state: Option<&str>,
) -> Response {
    let text = description(&cause.to_string());
    tracing::info!(error = %code, cause = %text, "authorization refused");
    let mut parameters = vec![("error", code.as_str()), ("error_description", text.as_str())];
    parameters.extend(session_state.map(|state| ("session_state", state)));
    let response = send(app, to, &parameters);
    let (section, advice) = (cause.section(), cause.advice().to_owned());
    let failure = Failure { client_id: None, error: code, cause: text, section, advice, request: Vec::new() };
    failures::attach(response, failure)
}

/// A page whose form posts itself; [`render`] makes it.
#[derive(Clone, Debug)]
struct Posted {
    to: ReplyTo,
    fields: Vec<(String, String)>,
}

fn form_post(to: &ReplyTo, parameters: &[(&str, &str)]) -> Response {
    let fields = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(Posted { to: to.clone(), fields });
    response
}

/// Makes the page of an answer that travels by form, at the edge, which knows the reader's language.
pub(super) fn render(mut response: Response, reader: &Reader<'_>) -> Response {
    let Some(Posted { to, fields }) = response.extensions_mut().remove::<Posted>() else { return response };
    let page = FormPost {
        words: reader.locale.words_of(to.ui_locales.as_deref()),
        action: to.redirect.as_str().to_owned(),
        destination: to.redirect.destination(),
        fields,
    };
    let csp = Csp::default().form_to(to.redirect.csp_source()).script();
    let mut rendered = html(&page, &csp);
    for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        rendered.headers_mut().append(name.clone(), value.clone());
    }
    rendered
}
