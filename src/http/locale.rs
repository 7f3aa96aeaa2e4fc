//! In which language a request is answered.

use std::sync::Arc;

use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, HeaderValue};

use super::cookie::Cookie;
use super::flow::Flow;
use crate::app::App;
use crate::branding::Branding;
use crate::i18n::{Language, Words, negotiate};
use crate::protocol::params::Params;

/// What is known of a reader's languages. Which one it comes to is only found out for a page.
#[derive(Clone, Debug)]
pub struct Locale {
    chosen: Option<Language>,
    accepted: Option<HeaderValue>,
    branding: Arc<Branding>,
}

impl Locale {
    /// What a request says of them: the reader's choice in a cookie, and what the browser prefers.
    #[must_use]
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        Self {
            chosen: Cookie::Language.read(&app.config, headers).and_then(Language::of_tag),
            accepted: headers.get(ACCEPT_LANGUAGE).cloned(),
            branding: app.branding(),
        }
    }

    /// The words for a page that nobody asked for in a certain language.
    #[must_use]
    pub fn words(&self) -> Words {
        self.words_of(None)
    }

    /// OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2: `ui_locales`, "End-User's preferred languages and scripts", say
    /// it for a page that an application sends the browser to.
    #[must_use]
    pub fn words_for(&self, params: &Params) -> Words {
        self.words_of(params.get("ui_locales"))
    }

    /// The words for a page of a sign-in: its request may say which.
    #[must_use]
    pub fn words_in(&self, flow: &Flow) -> Words {
        self.words_of(flow.params().as_ref().and_then(|params| params.get("ui_locales")))
    }

    /// The same for languages that were kept from a request.
    #[must_use]
    pub fn words_of(&self, ui_locales: Option<&str>) -> Words {
        let accepted = self.accepted.as_ref().and_then(|value| value.to_str().ok());
        Words::of(negotiate(ui_locales, self.chosen.map(Language::tag), accepted))
            .on(Arc::clone(&self.branding))
    }
}
