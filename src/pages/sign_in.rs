//! The pages around signing in and out, and the error page.

use askama::Template;

use super::{App, LogoutFrame, Page, Problem, Scope, address};
use crate::i18n::{Phrase, Words};

/// `GET /login`; the form goes to `POST /login` with `flow`, `csrf`, `username`, `password`, `remember`.
#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asked for the sign-in.
    pub app: Option<App>,
    /// Who is signed in already, where one may go on as that: the choice is offered.
    pub signed_in_as: Option<String>,
    /// Text to put into the username field (what was typed before, or a `login_hint`).
    pub username: String,
    /// Whether "remember this device" is ticked.
    pub remember: bool,
    /// May one ask for a code by mail? The form goes to `POST /login/email` then.
    pub email_code: bool,
    /// Where people who forgot their password ask for a new one; none where no mail is sent.
    pub recover: Option<String>,
    /// Where people who have no account make one; none where only administrators do.
    pub sign_up: Option<String>,
    /// For a sign-in without a user name; none where there can be no passkeys.
    pub passkey: Option<PasskeyChallenge>,
    /// What the browser is to be told of its passkeys, as `passkey.js` takes it.
    pub signals: Option<String>,
    /// Providers elsewhere to sign in with; the form goes to `POST /login/upstream/{id}`.
    pub upstreams: Vec<UpstreamButton>,
    /// The provider whose account is linked after this sign-in, if its owner says so.
    pub offer: Option<String>,
    /// Why a provider did not sign anybody in.
    pub upstream_problem: Option<Phrase>,
    /// Why the last attempt failed.
    pub problem: Option<LoginProblem>,
}

/// A provider elsewhere.
pub struct UpstreamButton {
    /// Its id in the configuration.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// `GET /login/link`; the form goes to `POST /login/link` with `flow`, `csrf`, `decision` (`link` or `skip`).
#[derive(Template)]
#[template(path = "link_account.html")]
pub struct LinkAccount {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The provider's name.
    pub provider: String,
    /// What its account is recognised by.
    pub label: String,
    /// The signed-in account here.
    pub account: String,
}

/// What the script of a page asks the browser with.
pub struct PasskeyChallenge {
    /// `PublicKeyCredentialRequestOptionsJSON` or `PublicKeyCredentialCreationOptionsJSON`.
    pub options: String,
    /// The server's half of the challenge, sealed.
    pub sealed: String,
}

/// `GET /login/second`; the form goes to `POST /login/second` with `flow`, `csrf`, `code`, or to `POST /login/passkey`.
#[derive(Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactor {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the forms.
    pub csrf: String,
    /// The application that asked for the sign-in.
    pub app: Option<App>,
    /// Who gave the first proof.
    pub account: String,
    /// Will a code of the authenticator app do?
    pub by_code: bool,
    /// Is there a recovery code left?
    pub has_recovery_codes: bool,
    /// For a passkey; none where the account has none.
    pub passkey: Option<PasskeyChallenge>,
    /// Why the last attempt failed.
    pub problem: Option<LoginProblem>,
}

/// `GET /login/set-up`: something has to be set up before the sign-in can go on.
#[derive(Template)]
#[template(path = "set_up.html")]
pub struct SetUp {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// The application that asked for the sign-in.
    pub app: Option<App>,
    /// Who is signed in.
    pub account: String,
    /// Will nothing but a passkey do?
    pub only_passkey: bool,
    /// Where the sign-in goes on.
    pub next: String,
}

/// Why a sign-in attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// Unknown user, wrong password or disabled account: the page does not tell which.
    WrongCredentials,
    /// Wrong code of an authenticator app, or a recovery code that is none or was used.
    WrongCode,
    /// Wrong code of a mail, or one that does not work any more.
    WrongMailedCode,
    /// Throttled.
    TooManyAttempts {
        /// Seconds until another attempt is allowed.
        retry_after_seconds: u64,
    },
    /// The server has too many passwords to check at once.
    Busy,
    /// The directory that knows the password does not answer.
    DirectorySilent,
}

/// `GET /sign-up`; the form goes to `POST /sign-up` with `flow`, `csrf`, `username`, `email`, `name`, `password`.
#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUp {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asked for the account.
    pub app: Option<App>,
    /// Text to put into the username field.
    pub username: String,
    /// Text to put into the e-mail field.
    pub email: String,
    /// Text to put into the name field.
    pub full_name: String,
    /// Why the submitted form was not looked at.
    pub problem: Option<LoginProblem>,
    /// What is wrong with the submitted form; fields `username`, `email`, `name`, `password`.
    pub mistakes: Vec<Problem>,
}

/// `GET /recover`; the form goes to `POST /recover` with `flow`, `csrf`, `username`.
#[derive(Template)]
#[template(path = "recover.html")]
pub struct Recover {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// Text to put into the field.
    pub username: String,
    /// Why the submitted form was not looked at.
    pub problem: Option<LoginProblem>,
    /// What is wrong with the submitted form; field `username`.
    pub mistakes: Vec<Problem>,
}

/// After `POST /recover`, whoever was named.
#[derive(Template)]
#[template(path = "recovery_sent.html")]
pub struct RecoverySent {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
}

/// `GET /recover/password?token=…`; the form goes to `POST /recover/password` with `csrf`, `token`, `password`.
#[derive(Template)]
#[template(path = "new_password.html")]
pub struct NewPassword {
    /// The language.
    pub words: Words,
    /// CSRF token of the form.
    pub csrf: String,
    /// The secret of the link.
    pub token: String,
    /// Whose password: the user name.
    pub account: String,
    /// What is wrong with the submitted form; field `password`.
    pub problems: Vec<Problem>,
}

/// `GET /login/new-password?flow=…`; the form goes to `POST /login/new-password` with `csrf`, `flow`, `password`.
#[derive(Template)]
#[template(path = "required_password.html")]
pub struct RequiredPassword {
    /// The language.
    pub words: Words,
    /// CSRF token of the form.
    pub csrf: String,
    /// The sign-in, sealed.
    pub flow: String,
    /// Whose password: the user name.
    pub account: String,
    /// What is wrong with the submitted form; field `password`.
    pub problems: Vec<Problem>,
}

/// `GET /verify-address?token=…`; the form goes to `POST /verify-address` with `csrf`, `token`.
#[derive(Template)]
#[template(path = "verify_address.html")]
pub struct VerifyAddress {
    /// The language.
    pub words: Words,
    /// CSRF token of the form.
    pub csrf: String,
    /// The secret of the link.
    pub token: String,
    /// Whose address: the user name.
    pub account: String,
    /// The address.
    pub address: String,
}

/// `GET /consent`; the form goes to `POST /consent` with `flow`, `csrf`, `decision` (`allow` or `deny`).
#[derive(Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asks.
    pub app: App,
    /// The signed-in account: its name, username or e-mail address.
    pub account: String,
    /// What the application asks for; see [`describe_scope`](super::describe_scope).
    pub scopes: Vec<Scope>,
}

/// An authorization response that the browser posts to the application (Form Post Response Mode); by itself, or, without
/// scripts, when its button is pressed.
#[derive(Template)]
#[template(path = "form_post.html")]
pub struct FormPost {
    /// The language.
    pub words: Words,
    /// The application's address.
    pub action: String,
    /// Its host, for people.
    pub destination: String,
    /// The parameters.
    pub fields: Vec<(String, String)>,
}

/// Any refusal that ends at this server: what is wrong, for whom, and how to fix it.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The language.
    pub words: Words,
    /// HTTP status, shown small.
    pub status: u16,
    /// Heading: the problem in a few words.
    pub title: Phrase,
    /// What is wrong, in a sentence or two.
    pub what: Phrase,
    /// Who can fix it, as the end of "For …:", such as "the developer of Acme Notes".
    pub for_whom: Option<Phrase>,
    /// How to fix it, in a sentence or two.
    pub how_to_fix: Phrase,
    /// Values that help to fix it, as (name, value).
    pub facts: Vec<(String, String)>,
    /// OAuth error code, such as `invalid_request`.
    pub error_code: Option<String>,
    /// The id of the request in the logs.
    pub correlation_id: String,
    /// The address that was asked for, where asking again does no harm.
    pub here: Option<String>,
}

/// `GET /logout` without proof that the application may sign this user out; the form goes to `POST /logout`.
#[derive(Template)]
#[template(path = "logout_confirm.html")]
pub struct LogoutConfirm {
    /// The language.
    pub words: Words,
    /// CSRF token of the form.
    pub csrf: String,
    /// The signed-in account: its name, username or e-mail address.
    pub account: Option<String>,
    /// Name of the application that asked.
    pub app: Option<String>,
    /// Further hidden fields (name, value) that carry the request along.
    pub fields: Vec<(String, String)>,
}

/// After signing out, when there is nowhere to send the browser.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// The language.
    pub words: Words,
    /// A place to go back to.
    pub return_to: Option<ReturnTo>,
    /// The application that asked for the sign-out.
    pub client_id: Option<String>,
}

/// After signing out of a session that applications want to hear the end of: loads their frames, then goes on.
#[derive(Template)]
#[template(path = "signing_out.html")]
pub struct SigningOut {
    /// The language.
    pub words: Words,
    /// One for every application.
    pub frames: Vec<LogoutFrame>,
    /// Where the browser goes then.
    pub next: String,
}

/// `GET /check-session`: never seen, it runs in a frame of other applications.
#[derive(Template)]
#[template(path = "check_session.html")]
pub struct CheckSession {
    /// Name of the cookie that its script reads.
    pub cookie: &'static str,
}

/// A link back to an application.
pub struct ReturnTo {
    /// Name of the application.
    pub name: String,
    /// Its address; shown as a link when it is a web address.
    pub uri: String,
}

/// `GET /setup?token=…`: makes the first administrator. The form goes to `POST /setup` with `csrf`, `token`,
/// `username`, `email`, `password`.
#[derive(Template)]
#[template(path = "setup.html")]
pub struct Setup {
    /// The language.
    pub words: Words,
    /// CSRF token of the form.
    pub csrf: String,
    /// The one-time token of the link.
    pub token: String,
    /// Text to put into the username field.
    pub username: String,
    /// Text to put into the e-mail field.
    pub email: String,
    /// What is wrong with the submitted form; fields `username`, `email`, `password`.
    pub problems: Vec<Problem>,
}

/// The first administrator exists.
#[derive(Template)]
#[template(path = "setup_done.html")]
pub struct SetupDone {
    /// The language.
    pub words: Words,
    /// The administrator's username.
    pub username: String,
}

impl Page for Login {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login", &[("flow", &self.flow)]))
    }
}

impl Page for SecondFactor {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login/second", &[("flow", &self.flow)]))
    }
}

impl Page for SetUp {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login/set-up", &[("flow", &self.flow)]))
    }
}

impl Page for LinkAccount {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login/link", &[("flow", &self.flow)]))
    }
}

impl Page for SignUp {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/sign-up", &[("flow", &self.flow)]))
    }
}

impl Page for Recover {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/recover", &[("flow", &self.flow)]))
    }
}

/// Leads back to the question.
impl Page for RecoverySent {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/recover", &[("flow", &self.flow)]))
    }
}

impl Page for RequiredPassword {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login/new-password", &[("flow", &self.flow)]))
    }
}

impl Page for NewPassword {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/recover/password", &[("token", &self.token)]))
    }
}

impl Page for VerifyAddress {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/verify-address", &[("token", &self.token)]))
    }
}

impl Page for Consent {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/consent", &[("flow", &self.flow)]))
    }
}

/// Gone in a moment.
impl Page for FormPost {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
}

impl Page for ErrorPage {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        self.here.clone()
    }
}

impl Page for LogoutConfirm {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        // The choice takes the place of the application's wish.
        let others = self.fields.iter().filter(|(name, _)| name != "ui_locales");
        let fields: Vec<_> = others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(address("/logout", &fields))
    }
}

/// To somebody who is not signed in, `/logout` says that they are signed out.
impl Page for SignedOut {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(match &self.client_id {
            Some(id) => address("/logout", &[("client_id", id)]),
            None => address("/logout", &[]),
        })
    }
}

/// Gone in a moment.
impl Page for SigningOut {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
}

impl Page for CheckSession {
    fn words(&self) -> Option<&Words> {
        None
    }
}

impl Page for Setup {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/setup", &[("token", &self.token)]))
    }
}

/// Shown once.
impl Page for SetupDone {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
}
