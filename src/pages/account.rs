//! The page where people look after their own account.

use askama::Template;

use super::{Notice, Page, PasskeyChallenge, Scope, Shell, UpstreamButton, address};
use crate::i18n::{Phrase, Words};

/// `GET /account`. Forms, each with `csrf`: `POST /account/sessions/{id}/end`, `/account/sessions/end-others`,
/// `/account/apps/{client_id}/revoke`, `/account/password` (`current`, `new`), `/account/sign-out`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct Account {
    /// The frame.
    pub shell: Shell,
    /// Username.
    pub username: String,
    /// Full name; may be empty.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Live sessions, the current one first.
    pub sessions: Vec<SessionRow>,
    /// Applications with a remembered consent.
    pub apps: Vec<AppRow>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Why the password was not changed.
    pub password_problem: Option<PasswordProblem>,
}

impl Page for Account {
    fn words(&self) -> Option<Words> {
        Some(self.shell.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/account", &[]))
    }
}

/// One signed-in device.
pub struct SessionRow {
    /// Public id of the session (not the cookie's value).
    pub id: String,
    /// The device in words; see [`describe_device`](super::describe_device).
    pub device: String,
    /// IP address that it was signed in from.
    pub ip: String,
    /// Authentication method references, such as `pwd`.
    pub methods: Vec<String>,
    /// Sign-in (unix seconds).
    pub first_seen: i64,
    /// Last request (unix seconds).
    pub last_seen: i64,
    /// When it ends at the latest, given no further use (unix seconds).
    pub expires: i64,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// One application with access to the account.
pub struct AppRow {
    /// Client id.
    pub client_id: String,
    /// Display name.
    pub name: String,
    /// What it may do; see [`describe_scope`](super::describe_scope).
    pub scopes: Vec<Scope>,
    /// When access was first given (unix seconds).
    pub since: i64,
    /// An address at the application where a sign-in begins.
    pub open: Option<String>,
}

/// Why a password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The current password is not the one typed.
    WrongCurrent,
    /// The new password is too short.
    TooShort {
        /// Fewest characters allowed.
        minimum: usize,
    },
    /// The new password is too long.
    TooLong {
        /// Most characters allowed.
        maximum: usize,
    },
    /// Throttled.
    TooManyAttempts {
        /// Seconds until another attempt is allowed.
        retry_after_seconds: u64,
    },
    /// The server has too many passwords to check at once.
    Busy,
}

/// `GET /account/sign-in`: what one proves who one is with.
#[derive(Template)]
#[template(path = "sign_in_methods.html")]
pub struct SignInMethods {
    /// The frame.
    pub shell: Shell,
    /// Is there a password?
    pub has_password: bool,
    /// Can there be passkeys on this server?
    pub passkeys_possible: bool,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Since when there is an authenticator app (unix seconds).
    pub app_since: Option<i64>,
    /// Recovery codes that were not used.
    pub recovery_codes: u64,
    /// Are there providers elsewhere to sign in with?
    pub upstreams: bool,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// A passkey.
pub struct PasskeyRow {
    /// The credential's id.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Since when (unix seconds).
    pub since: i64,
    /// Last use after that (unix seconds).
    pub last_used: Option<i64>,
}

/// `GET /account/sign-in/app`; the form goes to `POST` with `secret`, `code`.
#[derive(Template)]
#[template(path = "new_app.html")]
pub struct NewApp {
    /// The frame.
    pub shell: Shell,
    /// The secret, sealed.
    pub sealed: String,
    /// The secret for those who type it, in groups.
    pub secret: String,
    /// `otpauth:` address of the account.
    pub address: String,
    /// The QR code as a path of an SVG.
    pub qr: String,
    /// Its modules on a side.
    pub width: usize,
    /// The code that was typed is not right.
    pub wrong: bool,
}

/// New recovery codes, shown once.
#[derive(Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodes {
    /// The frame.
    pub shell: Shell,
    /// The codes.
    pub codes: Vec<String>,
}

/// `GET /account/sign-in/passkeys`; the form goes to `POST` with `name`, `challenge`, `credential`.
#[derive(Template)]
#[template(path = "new_passkey.html")]
pub struct NewPasskey {
    /// The frame.
    pub shell: Shell,
    /// What the passkey is called unless its owner knows better.
    pub name: String,
    /// What the browser is asked with.
    pub passkey: PasskeyChallenge,
}

/// `GET /account/linked`: accounts elsewhere. Forms: `POST /account/linked/{upstream}`, `/account/linked/{id}/remove`.
#[derive(Template)]
#[template(path = "linked_accounts.html")]
pub struct LinkedAccounts {
    /// The frame.
    pub shell: Shell,
    /// Those that are linked, the oldest first.
    pub linked: Vec<LinkedRow>,
    /// Providers whose accounts can be linked.
    pub upstreams: Vec<UpstreamButton>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Why it was not done.
    pub problem: Option<Phrase>,
}

/// An account elsewhere.
pub struct LinkedRow {
    /// Its row.
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// What its owner recognises it by.
    pub label: String,
    /// Since when (unix seconds).
    pub since: i64,
    /// Last use after that (unix seconds).
    pub last_used: Option<i64>,
}

/// The pages about one's own account, in the reader's language.
macro_rules! about_the_account {
    ($($page:ident $here:expr;)*) => {
        $(impl Page for $page {
            fn words(&self) -> Option<Words> {
                Some(self.shell.words)
            }

            fn here(&self) -> Option<String> {
                $here.map(|path| address(path, &[]))
            }
        })*
    };
}
about_the_account! {
    SignInMethods Some("/account/sign-in");
    LinkedAccounts Some("/account/linked");
    NewApp Some("/account/sign-in/app");
    NewPasskey Some("/account/sign-in/passkeys");
    // Shown once.
    RecoveryCodes None::<&str>;
}
