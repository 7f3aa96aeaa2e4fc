//! A sign-in in progress: what it is for and how far it got, sealed, and bound to the browser that began it. Nothing
//! is stored for a visitor who has not signed in yet.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::browser::Browser;
use super::error::PageError;
use crate::app::App;
use crate::authn::email_code::Awaited;
use crate::i18n::{Language, key};
use crate::protocol::assurance::Level;
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::linking::Offer;
use crate::protocol::params::Params;
use crate::protocol::prompt::Progress;
use crate::protocol::session::Session;
use crate::protocol::sign_in::SignIn;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::{Purpose, SealError};

/// How long a sign-in may take.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// Where a sign-in without a purpose leads.
const DEFAULT_PAGE: &str = "/account";

/// A sign-in in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// What for.
    pub goal: Goal,
    /// How far.
    pub progress: Progress,
    /// What its user proved so far.
    #[serde(default)]
    pub sign_in: SignIn,
    /// The level of assurance to reach.
    #[serde(default)]
    pub wanted: Level,
    /// The user wants to be remembered on this device.
    #[serde(default)]
    pub remember: bool,
    /// Its user has just been written to about it: a device that is new is no news.
    #[serde(default)]
    pub told: bool,
    /// The mailed code that the browser waits for.
    #[serde(default)]
    pub awaited: Option<Awaited>,
    /// An account elsewhere that is to be linked once its owner has signed in.
    #[serde(default)]
    pub offer: Option<Offer>,
    /// The pushed request that it is for, which is answered once (RFC 9126 §4).
    #[serde(default)]
    pub pushed: Option<OneTimeId>,
    browser: String,
    expires_at: Timestamp,
}

/// What a sign-in is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Goal {
    /// An authorization request, with the parameters as they were sent: they are judged anew at every step.
    Authorize(Vec<(String, String)>),
    /// A page of this server.
    Page(String),
    /// The address where an application begins its sign-ins, as it registered it.
    Application(String),
    /// A device whose code is typed (RFC 8628 §3.3).
    Device(Typing),
    /// An application behind a proxy.
    ProtectedApp {
        /// Its web origin.
        origin: String,
        /// What goes on after the sign-in, sealed.
        to: String,
    },
}

/// How far somebody came who connects a device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Typing {
    /// The code, as an address brought it or as it was typed.
    pub code: String,
    /// The request that it is the code of, once it was looked up.
    pub request: Option<String>,
    /// What was decided, once it was.
    pub allowed: Option<bool>,
}

impl Flow {
    /// Begins one.
    #[must_use]
    pub fn begin(goal: Goal, browser: &Browser, now: Timestamp) -> Self {
        Self {
            goal,
            progress: Progress::default(),
            sign_in: SignIn::default(),
            wanted: Level::default(),
            remember: false,
            told: false,
            awaited: None,
            offer: None,
            pushed: None,
            browser: browser.fingerprint(),
            expires_at: now.plus(LONGEST),
        }
    }

    /// The one that a page of ours came with; without one, it is for one's own account.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_page(app: &App, text: Option<&str>, browser: &Browser) -> Result<Self, PageError> {
        match text {
            Some(text) => Self::open(app, text, browser),
            None => Ok(Self::begin(Goal::Page(DEFAULT_PAGE.to_owned()), browser, app.clock.now())),
        }
    }

    /// Opens one that comes back.
    ///
    /// # Errors
    /// It is not ours, too old, or another browser's (CVE-2022-39222).
    pub fn open(app: &App, text: &str, browser: &Browser) -> Result<Self, PageError> {
        let flow: Self = app
            .seals
            .open(Purpose::Flow, text)
            .map_err(|_| PageError::malformed("the flow parameter is not one that this server made"))?;
        flow.check(app, browser)?;
        Ok(flow)
    }

    /// Checks one that comes back within something else that was sealed.
    ///
    /// # Errors
    /// It is too old, or another browser's.
    pub fn check(&self, app: &App, browser: &Browser) -> Result<(), PageError> {
        if self.browser != browser.fingerprint() {
            return Err(PageError::forbidden(key("other-browser"), key("sign-in-again-from-app")));
        }
        if app.clock.now().reached(self.expires_at) {
            return Err(PageError::new(
                StatusCode::BAD_REQUEST,
                key("took-too-long-title"),
                key("took-too-long"),
                key("sign-in-again-from-app"),
            ));
        }
        Ok(())
    }

    /// Seals it for an address or a hidden field.
    ///
    /// # Errors
    /// Never for what fits into a request.
    pub fn seal(&self, app: &App) -> Result<String, SealError> {
        app.seals.seal(Purpose::Flow, self, &app.entropy)
    }

    /// The address of a page that it goes on at.
    ///
    /// # Errors
    /// Never for what fits into a request.
    pub fn at(&self, app: &App, page: &str) -> Result<String, SealError> {
        Ok(format!("{page}?flow={}", self.seal(app)?))
    }

    /// Has the browser go on at a page.
    ///
    /// # Errors
    /// Never for what fits into a request.
    pub fn go_to(&self, app: &App, page: &str) -> Result<Response, SealError> {
        Ok(Redirect::to(&self.at(app, page)?).into_response())
    }

    /// Has whoever is signed in prove it by something more.
    pub fn raise(&mut self, session: &Session, user: &User, level: Level, now: Timestamp) {
        self.sign_in = SignIn::raising(session, user.updated_at, now);
        self.wanted = level;
        self.remember = session.remembered;
    }

    /// The authorization request it is for, if it is for one.
    #[must_use]
    pub fn params(&self) -> Option<Params> {
        match &self.goal {
            Goal::Authorize(pairs) => Some(Params::from_pairs(pairs.clone())),
            Goal::Page(_) | Goal::Application(_) | Goal::Device(_) | Goal::ProtectedApp { .. } => None,
        }
    }

    /// Has the rest of it speak this language: what the reader chose takes the place of what the application asked for.
    pub fn speak(&mut self, language: Language) {
        if let Goal::Authorize(pairs) = &mut self.goal {
            pairs.retain(|(name, _)| name != "ui_locales");
            pairs.push(("ui_locales".to_owned(), language.tag().to_owned()));
        }
    }

    /// Where it goes on after a page is done.
    ///
    /// # Errors
    /// Never for what fits into a request.
    pub fn next(&self, app: &App) -> Result<String, SealError> {
        match &self.goal {
            Goal::Authorize(_) => self.at(app, "/authorize"),
            Goal::Device(_) => self.at(app, "/device"),
            Goal::Page(address) | Goal::Application(address) => Ok(address.clone()),
            Goal::ProtectedApp { to, .. } => Ok(format!("/forward-auth/start?to={to}")),
        }
    }
}
