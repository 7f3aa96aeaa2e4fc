//! The six cookies: which browser this is, who is signed in there, what applications may know of that, who has signed in
//! there before, which language its reader chose, and, on the hosts of applications behind a proxy, whose session opens them.
//!
//! `__Host-` names cannot be set by another host or over plain HTTP (RFC 6265bis §4.1.3.2). On a loopback issuer
//! without TLS browsers would refuse them, so plain names are used there.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::COOKIE;

use crate::config::Config;

/// Which cookie.
#[derive(Clone, Copy, Debug)]
pub enum Cookie {
    /// Binds forms and sign-ins in progress to the browser that began them.
    Browser,
    /// The session.
    Session,
    /// Changes with the session, and says nothing about it: for the script of the frame that other applications show
    /// (OpenID Connect Session Management §3.2).
    BrowserState,
    /// What an application behind a proxy is opened by, on its own host.
    App,
    /// Who has signed in there before, sealed. It opens nothing, and stays when they sign out.
    Device,
    /// The tag of the language that the reader chose, and nothing else.
    Language,
}

impl Cookie {
    /// Its name at this deployment.
    #[must_use]
    pub fn name(self, config: &Config) -> &'static str {
        match (self, config.issuer.is_plain_http()) {
            (Self::Browser, false) => "__Host-countersign-browser",
            (Self::Browser, true) => "countersign-browser",
            (Self::Session, false) => "__Host-countersign-session",
            (Self::Session, true) => "countersign-session",
            (Self::BrowserState, false) => "__Host-countersign-state",
            (Self::BrowserState, true) => "countersign-state",
            (Self::App, false) => "__Host-countersign-app",
            (Self::App, true) => "countersign-app",
            (Self::Device, false) => "__Host-countersign-device",
            (Self::Device, true) => "countersign-device",
            // Whoever plants one changes the language, which the page's switch changes back.
            (Self::Language, _) => "lang",
        }
    }

    /// The value that the browser sent; none when it sent several, of which one may be planted.
    #[must_use]
    pub fn read<'a>(self, config: &Config, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(config);
        let mut found = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The `Set-Cookie` value; without a lifetime the cookie goes when the browser is closed. The value must be of
    /// characters that cookies allow.
    #[must_use]
    pub fn write(self, config: &Config, value: &str, lifetime: Option<Duration>) -> HeaderValue {
        let name = self.name(config);
        let access = match (self, config.issuer.is_plain_http()) {
            // Browsers take None with Secure only; on one machine Lax reaches every port.
            (Self::BrowserState, true) => "SameSite=Lax",
            (Self::BrowserState, false) => "SameSite=None; Secure",
            (_, true) => "HttpOnly; SameSite=Lax",
            (_, false) => "HttpOnly; SameSite=Lax; Secure",
        };
        let max_age = lifetime.map(|length| format!("; Max-Age={}", length.as_secs())).unwrap_or_default();
        HeaderValue::from_str(&format!("{name}={value}; Path=/; {access}{max_age}"))
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The `Set-Cookie` value that makes the browser forget it.
    #[must_use]
    pub fn clear(self, config: &Config) -> HeaderValue {
        self.write(config, "", Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

    use super::Cookie;
    use crate::config::samples;

    fn read(header: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static(header));
        Cookie::Session.read(&samples::config("https://id.example"), &headers).map(str::to_owned)
    }

    #[test]
    fn rfc6265bis_host_prefix_wherever_tls_is() {
        let secure = samples::config("https://id.example");
        assert_eq!(
            Cookie::Session.write(&secure, "v", None),
            "__Host-countersign-session=v; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        let development = samples::config("http://localhost:8080");
        assert_eq!(
            Cookie::Session.clear(&development),
            "countersign-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn session_management_3_2_a_script_in_another_applications_page_can_read_the_browser_state() {
        assert_eq!(
            Cookie::BrowserState.write(&samples::config("https://id.example"), "v", None),
            "__Host-countersign-state=v; Path=/; SameSite=None; Secure"
        );
        assert_eq!(
            Cookie::BrowserState.write(&samples::config("http://localhost:8080"), "v", None),
            "countersign-state=v; Path=/; SameSite=Lax"
        );
    }

    #[test]
    fn planted_cookies_do_not_count() {
        assert_eq!(read("a=1; __Host-countersign-session=v").as_deref(), Some("v"));
        assert_eq!(read("countersign-session=v"), None);
        assert_eq!(read("__Host-countersign-session=a; __Host-countersign-session=b"), None);
        assert_eq!(read("__Host-countersign-session"), None);
    }
}
