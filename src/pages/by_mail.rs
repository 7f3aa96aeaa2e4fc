//! The pages whose way leads through a mailbox: invitations, sign-up by mail, codes to sign in with.

use askama::Template;

use super::{App, LoginProblem, Page, PasskeyChallenge, Problem, address};
use crate::i18n::Words;

/// `GET /invitation?token=…`: makes the account of an address. The forms go to `POST /invitation` with `csrf`, `token`,
/// `username`, `name`, and either `password` or `challenge` and `credential`.
#[derive(Template)]
#[template(path = "invitation.html")]
pub struct Invitation {
    /// The language.
    pub words: Words,
    /// CSRF token of the forms.
    pub csrf: String,
    /// The one-time token of the link.
    pub token: String,
    /// The address that the account will have.
    pub email: String,
    /// Name of the application that it leads to.
    pub app: Option<String>,
    /// Text to put into the username field.
    pub username: String,
    /// Text to put into the name field.
    pub full_name: String,
    /// What the account is opened with.
    pub key: FirstKey,
    /// Why the submitted form was not looked at.
    pub problem: Option<LoginProblem>,
    /// What is wrong with the submitted form; fields `username`, `name`, `password`.
    pub mistakes: Vec<Problem>,
}

/// What an account that is yet to be made will be opened with.
pub enum FirstKey {
    /// A passkey or a password.
    PasskeyOrPassword(PasskeyChallenge),
    /// A password: there can be no passkeys here.
    Password,
    /// The passkey that was just made, while something else is wrong.
    Made {
        /// The server's half of the challenge, sealed.
        challenge: String,
        /// The browser's answer.
        credential: String,
    },
}

/// `GET /sign-up` where the address is asked by mail; the form goes to `POST /sign-up` with `flow`, `csrf`, `email`.
#[derive(Template)]
#[template(path = "sign_up_by_mail.html")]
pub struct SignUpByMail {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asked for the account.
    pub app: Option<App>,
    /// Text to put into the e-mail field.
    pub email: String,
    /// Why the submitted form was not looked at.
    pub problem: Option<LoginProblem>,
    /// What is wrong with the submitted form; field `email`.
    pub mistakes: Vec<Problem>,
}

/// The answer to every address that was given to make an account with.
#[derive(Template)]
#[template(path = "sign_up_sent.html")]
pub struct SignUpSent {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// As it was typed.
    pub email: String,
}

/// Where the name of an account is missing to mail a code to; the form goes to `POST /login/email` with `flow`, `csrf`,
/// `username`, `remember`.
#[derive(Template)]
#[template(path = "ask_for_code.html")]
pub struct AskForCode {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asked for the sign-in.
    pub app: Option<App>,
    /// Text to put into the username field.
    pub username: String,
    /// Whether this device is to be remembered.
    pub remember: bool,
    /// Why no code is sent.
    pub problem: Option<LoginProblem>,
}

/// `GET /login/code`; the form goes to `POST /login/code` with `flow`, `csrf`, `code`.
#[derive(Template)]
#[template(path = "enter_code.html")]
pub struct EnterCode {
    /// The language.
    pub words: Words,
    /// The sealed sign-in in progress.
    pub flow: String,
    /// CSRF token of the form.
    pub csrf: String,
    /// The application that asked for the sign-in.
    pub app: Option<App>,
    /// The user name or address that was typed.
    pub account: String,
    /// The code of the link that was opened; empty where it is to be typed.
    pub code: String,
    /// Why the last attempt failed.
    pub problem: Option<LoginProblem>,
}

/// The link of a mailed code, opened in another browser than the one that waits for it.
#[derive(Template)]
#[template(path = "code_elsewhere.html")]
pub struct CodeElsewhere {
    /// The language.
    pub words: Words,
    /// The code.
    pub code: String,
}

impl Invitation {
    /// The form that user name and name are sent with, if no script sends them with another.
    fn form(&self) -> &'static str {
        match self.key {
            FirstKey::Made { .. } => "by-passkey",
            FirstKey::PasskeyOrPassword(_) | FirstKey::Password => "by-password",
        }
    }
}

impl Page for Invitation {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/invitation", &[("token", &self.token)]))
    }
}

impl Page for SignUpByMail {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/sign-up", &[("flow", &self.flow)]))
    }
}

/// Shown once.
impl Page for SignUpSent {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
}

impl Page for AskForCode {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login", &[("flow", &self.flow)]))
    }
}

impl Page for EnterCode {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }

    fn here(&self) -> Option<String> {
        Some(address("/login/code", &[("flow", &self.flow)]))
    }
}

/// Shown once.
impl Page for CodeElsewhere {
    fn words(&self) -> Option<&Words> {
        Some(&self.words)
    }
}
