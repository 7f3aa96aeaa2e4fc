//! The pages where a person connects a device that has no browser (RFC 8628 §3.3).

use askama::Template;

use super::{App, Page, Scope, address};
use crate::i18n::Words;

/// `GET /device`: where the code is typed. The form goes to `POST /device` with `flow`, `csrf` and `user_code`.
#[derive(Template)]
#[template(path = "device.html")]
pub struct EnterUserCode {
    /// The language.
    pub words: Words,
    /// What was typed so far, sealed.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The signed-in account: its name, username or e-mail address.
    pub account: String,
    /// The code, as an address brought it or as it was typed.
    pub code: String,
    /// Why it was not taken.
    pub problem: Option<DeviceProblem>,
}

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceProblem {
    /// It cannot be one.
    Malformed,
    /// Nothing waits for it, or not any more.
    NotWaiting,
    /// Too many were typed.
    TooManyAttempts {
        /// Seconds to wait.
        retry_after_seconds: u64,
    },
}

/// `GET /device` once the code was right: the question. The form goes to `POST /device` with `flow`, `csrf` and `decision`
/// (`allow` or `deny`).
#[derive(Template)]
#[template(path = "device_allow.html")]
pub struct AllowDevice {
    /// The language.
    pub words: Words,
    /// Which request it is about, sealed.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application on the device.
    pub app: App,
    /// The signed-in account: its name, username or e-mail address.
    pub account: String,
    /// The code, for comparing.
    pub code: String,
    /// What the application asks for; see [`describe_scope`](super::describe_scope).
    pub scopes: Vec<Scope>,
}

/// `GET /device` once it was decided.
#[derive(Template)]
#[template(path = "device_done.html")]
pub struct DeviceDone {
    /// The language.
    pub words: Words,
    /// What was decided, sealed.
    pub flow: String,
    /// Name of the application on the device.
    pub app: String,
    /// Yes or no.
    pub allowed: bool,
}

impl Page for EnterUserCode {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/device", &[("flow", &self.flow)]))
    }
}

impl Page for AllowDevice {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/device", &[("flow", &self.flow)]))
    }
}

impl Page for DeviceDone {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/device", &[("flow", &self.flow)]))
    }
}
