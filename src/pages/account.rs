//! The page where people look after their own account.

use std::collections::BTreeMap;

use askama::Template;

use super::{Notice, Page, PasskeyChallenge, Problem, Scope, Shell, UpstreamButton, address};
use crate::i18n::{Phrase, Words, key};
use crate::protocol::password_strength::Weakness;

/// The navigation between the account's pages: each address and its name.
pub(super) const TABS: [(&str, Phrase); 5] = [
    ("/account", key("tab-overview")),
    ("/account/profile", key("tab-profile")),
    ("/account/sign-in", key("methods-title")),
    ("/account/activity", key("activity-title")),
    ("/account/data", key("data-title")),
];

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
    /// Can its owner show that the address is theirs, and has not yet?
    pub unverified: bool,
    /// Live sessions, the current one first.
    pub sessions: Vec<SessionRow>,
    /// Applications with a remembered consent.
    pub apps: Vec<AppRow>,
    /// What was just done.
    pub notice: Option<Notice>,
    /// Why the password was not changed.
    pub password_problem: Option<PasswordProblem>,
}

/// One signed-in device.
pub struct SessionRow {
    /// Public id of the session (not the cookie's value).
    pub id: String,
    /// The device in words; see [`describe_device`](super::describe_device).
    pub device: String,
    /// IP address that it was signed in from.
    pub ip: String,
    /// Where that is; empty where nobody knows.
    pub place: String,
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
    /// When it last got or renewed a token (unix seconds), as far as that is still known.
    pub last_used: Option<i64>,
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
    /// The new password is the current one.
    Same,
    /// The new password is too easy to guess.
    Weak(Weakness),
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
    /// What the browser is to be told of them, as `passkey.js` takes it.
    pub signals: Option<String>,
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

/// `GET /account/profile`; the form goes to `POST` with `name` and what [`PROFILE_INPUTS`] has.
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile {
    /// The frame.
    pub shell: Shell,
    /// User name.
    pub username: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Was it shown to be the user's?
    pub email_verified: bool,
    /// Another one, which waits to be confirmed.
    pub waiting: Option<String>,
    /// Full name; may be empty.
    pub full_name: String,
    /// What else the profile tells, by the name of the input.
    pub claims: BTreeMap<&'static str, String>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// What was just done.
    pub notice: Option<Notice>,
}

impl Profile {
    fn claim(&self, name: &str) -> &str {
        self.claims.get(name).map_or("", String::as_str)
    }
}

/// An input of one's own profile.
pub(super) struct ProfileInput {
    name: &'static str,
    label: Phrase,
    kind: &'static str,
    autocomplete: &'static str,
    /// The form that is asked for, where it is not any text.
    example: &'static str,
}

const fn input(
    name: &'static str,
    label: Phrase,
    kind: &'static str,
    autocomplete: &'static str,
    example: &'static str,
) -> ProfileInput {
    ProfileInput { name, label, kind, autocomplete, example }
}

/// What the profile has besides the full name.
pub(super) const PROFILE_INPUTS: [ProfileInput; 12] = [
    input("given_name", key("claim-given-names"), "text", "given-name", ""),
    input("middle_name", key("claim-middle-names"), "text", "additional-name", ""),
    input("family_name", key("claim-family-names"), "text", "family-name", ""),
    input("nickname", key("claim-nickname"), "text", "nickname", ""),
    input("phone_number", key("claim-phone"), "tel", "tel", "+1 425 555 1212"),
    input("birthdate", key("claim-birthdate"), "text", "bday", "1990-12-31"),
    input("gender", key("claim-gender"), "text", "sex", ""),
    input("locale", key("claim-locale"), "text", "language", "en, en-US"),
    input("zoneinfo", key("claim-time-zone"), "text", "off", "Europe/Paris"),
    input("picture", key("claim-picture"), "url", "photo", "https://…"),
    input("profile", key("claim-profile"), "url", "off", "https://…"),
    input("website", key("claim-website"), "url", "url", "https://…"),
];

/// And the postal address.
pub(super) const ADDRESS_INPUTS: [ProfileInput; 6] = [
    input("address.street_address", key("claim-street"), "lines", "street-address", ""),
    input("address.formatted", key("claim-formatted"), "lines", "off", ""),
    input("address.postal_code", key("claim-postal-code"), "text", "postal-code", ""),
    input("address.locality", key("claim-city"), "text", "address-level2", ""),
    input("address.region", key("claim-region"), "text", "address-level1", ""),
    input("address.country", key("claim-country"), "text", "country-name", ""),
];

/// The label of an input of one's own profile.
#[must_use]
pub fn profile_label(name: &str) -> Option<Phrase> {
    PROFILE_INPUTS
        .iter()
        .chain(&ADDRESS_INPUTS)
        .find(|input| input.name == name)
        .map(|input| input.label.clone())
}

/// `GET /account/profile/address`; the form goes to `POST` with `email`.
#[derive(Template)]
#[template(path = "new_address.html")]
pub struct NewAddress {
    /// The frame.
    pub shell: Shell,
    /// Does it count only once it is confirmed by mail?
    pub confirmed_first: bool,
    /// The address that is told of the change; none where there is none that was confirmed.
    pub told: Option<String>,
    /// What was typed.
    pub email: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// `GET /account/activity`.
#[derive(Template)]
#[template(path = "activity.html")]
pub struct Activity {
    /// The frame.
    pub shell: Shell,
    /// What happened, the latest first.
    pub events: Vec<Event>,
}

/// Something that happened to an account.
pub struct Event {
    /// When (unix seconds).
    pub at: i64,
    /// What, in words.
    pub what: String,
    /// On which device and from which address; empty where that is nobody's but an administrator's.
    pub device: String,
    /// The address; empty likewise.
    pub ip: String,
    /// Where that is; empty where nobody knows.
    pub place: String,
    /// Did an administrator do it?
    pub by_administrator: bool,
    /// How often, one time after the other.
    pub times: u32,
}

impl Event {
    /// Is it the same, at another time?
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.what, &self.device, &self.ip, self.by_administrator)
            == (&other.what, &other.device, &other.ip, other.by_administrator)
    }
}

/// `GET /account/data`; the form goes to `POST /account/delete` with `username`.
#[derive(Template)]
#[template(path = "your_data.html")]
pub struct YourData {
    /// The frame.
    pub shell: Shell,
    /// What is to be typed to delete the account.
    pub username: String,
    /// Why nothing was deleted.
    pub problems: Vec<Problem>,
}

/// The account is gone.
#[derive(Template)]
#[template(path = "account_deleted.html")]
pub struct AccountDeleted {
    /// The language.
    pub words: Words,
}

impl Page for AccountDeleted {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
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

/// The pages about one's own account, in the reader's language: in which part of the navigation each stands, and its address.
macro_rules! about_the_account {
    ($($page:ident in $tab:literal at $here:expr;)*) => {
        $(impl Page for $page {
            fn words(&self) -> Option<&Words> {
                Some(&self.shell.words)
            }

            fn here(&self) -> Option<String> {
                $here.map(|path| address(path, &[]))
            }
        }

        impl $page {
            fn tab(&self) -> &'static str {
                $tab
            }
        })*
    };
}
about_the_account! {
    Account in "/account" at Some("/account");
    Profile in "/account/profile" at Some("/account/profile");
    NewAddress in "/account/profile" at Some("/account/profile/address");
    SignInMethods in "/account/sign-in" at Some("/account/sign-in");
    LinkedAccounts in "/account/sign-in" at Some("/account/linked");
    NewApp in "/account/sign-in" at Some("/account/sign-in/app");
    NewPasskey in "/account/sign-in" at Some("/account/sign-in/passkeys");
    // Shown once.
    RecoveryCodes in "/account/sign-in" at None::<&str>;
    Activity in "/account/activity" at Some("/account/activity");
    YourData in "/account/data" at Some("/account/data");
}
