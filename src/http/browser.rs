//! The browser itself, before anybody has signed in: a random cookie that forms and sign-ins in progress are bound to, and
//! the languages of its reader.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::Response;

use super::cookie::Cookie;
use super::locale::Locale;
use crate::app::App;
use crate::config::Config;
use crate::protocol::ids::SessionId;
use crate::protocol::secret::{same_secret, sha256_hex};
use crate::sealing::Seals;

/// A browser. Its cookie is kept for as long as the browser runs, across sign-ins, so that several tabs work.
#[derive(Clone, Debug)]
pub struct Browser {
    id: String,
    is_new: bool,
    /// Its reader's languages: where a page gets its words.
    pub locale: Locale,
}

impl Browser {
    /// The token that proves that a form came from a page of ours in this browser.
    #[must_use]
    pub fn csrf(&self, seals: &Seals) -> String {
        seals.csrf_token(&self.id)
    }

    /// Is this the token of a page in this browser, whoever was signed in then? A browser without a cookie has none.
    #[must_use]
    pub fn csrf_is(&self, seals: &Seals, token: &str) -> bool {
        let of_browser = token.split_once('.').map_or(token, |(of_browser, _)| of_browser);
        !self.is_new && same_secret(&self.csrf(seals), of_browser)
    }

    /// The token of a signed-in person's page: it counts for as long as this session is the browser's. What a page left open
    /// says is about whoever was signed in when it was made.
    #[must_use]
    pub fn csrf_in(&self, seals: &Seals, session: &SessionId) -> String {
        format!("{}.{}", self.csrf(seals), self.session_token(seals, session))
    }

    fn session_token(&self, seals: &Seals, session: &SessionId) -> String {
        // The id of a browser holds no space.
        seals.csrf_token(&format!("{} {session}", self.id))
    }

    /// Is this the token of a page that was made in this session?
    #[must_use]
    pub fn csrf_is_of(&self, seals: &Seals, token: &str, session: &SessionId) -> bool {
        token
            .split_once('.')
            .is_some_and(|(_, of_session)| same_secret(&self.session_token(seals, session), of_session))
    }

    /// What a sealed sign-in remembers of its browser.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.id)
    }

    /// Gives the browser its cookie, if it is new.
    #[must_use]
    pub fn remember(&self, config: &Config, mut response: Response) -> Response {
        if self.is_new {
            response.headers_mut().append(SET_COOKIE, Cookie::Browser.write(config, &self.id, None));
        }
        response
    }
}

impl FromRequestParts<App> for Browser {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let well_formed = |id: &&str| {
            id.len() == 43
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let known = Cookie::Browser.read(&app.config, &parts.headers).filter(well_formed);
        let locale = Locale::of(app, &parts.headers);
        Ok(match known {
            Some(id) => Self { id: id.to_owned(), is_new: false, locale },
            None => Self { id: app.entropy.secret(), is_new: true, locale },
        })
    }
}
