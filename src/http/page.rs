//! Sending a page: HTML with its language and the content security policy that fits it.

use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::edge::CROSS_ORIGIN_OPENER_POLICY;
use crate::pages::Page;

/// What one page may do beyond showing itself.
#[derive(Clone, Debug, Default)]
pub struct Csp {
    form_targets: Vec<String>,
    frames: Vec<String>,
    script: bool,
    chosen_images: bool,
    in_any_frame: bool,
}

impl Csp {
    /// Its forms may lead to this source too, after our redirects. Chromium applies `form-action` to the whole chain,
    /// also to what comes after the client's address: brokers send the browser on to applications of their own, so
    /// every https address is allowed besides.
    #[must_use]
    pub fn form_to(mut self, source: String) -> Self {
        self.form_targets.push("https:".to_owned());
        if !source.is_empty() && !source.starts_with("https:") {
            self.form_targets.push(source);
        }
        self
    }

    /// It shows a frame from this source.
    #[must_use]
    pub fn frame(mut self, source: &str) -> Self {
        if !self.frames.iter().any(|known| known == source) {
            self.frames.push(source.to_owned());
        }
        self
    }

    /// It runs a script of ours.
    #[must_use]
    pub fn script(self) -> Self {
        Self { script: true, ..self }
    }

    /// Its script shows images that were chosen and not sent yet.
    #[must_use]
    pub fn chosen_images(self) -> Self {
        Self { chosen_images: true, ..self }
    }

    /// It may be shown in a frame of anybody's.
    #[must_use]
    pub fn in_any_frame(self) -> Self {
        Self { in_any_frame: true, ..self }
    }

    fn header(&self) -> Option<HeaderValue> {
        let ancestors = if self.in_any_frame { "*" } else { "'none'" };
        let mut text = format!(
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors {ancestors}; img-src 'self'"
        );
        if self.chosen_images {
            text.push_str(" blob:");
        }
        if self.script {
            text.push_str("; script-src 'self'");
        }
        if !self.frames.is_empty() {
            text.push_str("; frame-src");
        }
        for source in &self.frames {
            text.push(' ');
            text.push_str(source);
        }
        text.push_str("; form-action 'self'");
        for source in &self.form_targets {
            text.push(' ');
            text.push_str(source);
        }
        HeaderValue::from_str(&text).ok()
    }
}

/// Does a policy let anybody show the page in a frame?
#[must_use]
pub fn allows_any_frame(policy: &HeaderValue) -> bool {
    policy.to_str().is_ok_and(|policy| policy.contains("frame-ancestors *"))
}

/// Middleware for the pages that an application may open in a window of its own: cutting that window off from its
/// opener, as the edge does everywhere else, would make the application believe that it was closed.
pub async fn in_a_popup(mut response: Response) -> Response {
    response.headers_mut().insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
    response
}

/// Renders a page.
pub fn html(page: &impl Page, csp: &Csp) -> Response {
    let Ok(body) = page.render() else {
        // Writing to memory does not fail; if it does, the panic barrier's words will do.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(words) = page.words() {
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(words.tag()));
        headers.append(VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    }
    if let Some(policy) = csp.header() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
