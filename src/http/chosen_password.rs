//! A password that somebody chooses in the place of another: what `/login/new-password` and `/recover/password` share.

use axum::http::StatusCode;
use axum::response::Response;

use super::error::PageError;
use super::page::{Csp, html};
use crate::app::App;
use crate::authn::password::HashingError;
use crate::authn::{SignInError, is_refused_password};
use crate::i18n::Words;
use crate::pages::{Page, Problem, describe_weakness};
use crate::protocol::password_strength::words_about_user;
use crate::protocol::user::{User, acceptable_password};

/// Why the form is shown again.
pub struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn unfit(message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message: message.into() }
    }

    fn busy(words: &Words) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: words.text("server-busy").into_owned() }
    }
}

/// The hash of a password that this user may have from now on.
pub async fn hash_of(
    app: &App,
    words: &Words,
    user: &User,
    chosen: &str,
) -> Result<Result<String, Refused>, PageError> {
    let Ok(password) = acceptable_password(chosen) else {
        return Ok(Err(Refused::unfit(words.text("mistake-password"))));
    };
    match is_refused_password(app, user, password).await {
        Ok(false) => {}
        Ok(true) => return Ok(Err(Refused::unfit(words.text("mistake-same-password")))),
        Err(SignInError::Hashing(HashingError::Busy)) => return Ok(Err(Refused::busy(words))),
        Err(error) => return Err(error.into()),
    }
    let known = words_about_user(user, &app.own_words());
    match app.passwords.hash_chosen(password.to_owned().into(), known).await {
        Ok(Ok(hash)) => Ok(Ok(hash)),
        Ok(Err(weakness)) => Ok(Err(Refused::unfit(describe_weakness(words, &weakness)))),
        Err(HashingError::Busy) => Ok(Err(Refused::busy(words))),
        Err(error) => Err(SignInError::from(error).into()),
    }
}

/// The form, made with what was wrong the last time.
pub fn form<P: Page>(refused: Option<Refused>, page: impl FnOnce(Vec<Problem>) -> P) -> Response {
    let (status, problems) = match refused {
        None => (StatusCode::OK, Vec::new()),
        Some(Refused { status, message }) => (status, vec![Problem::new("password", message)]),
    };
    let mut response = html(&page(problems), &Csp::default());
    *response.status_mut() = status;
    response
}
