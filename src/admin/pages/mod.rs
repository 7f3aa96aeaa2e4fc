//! The administrator's pages: the services of [`admin`](super), as forms.
#![expect(clippy::missing_errors_doc, reason = "an error is the page that says what is wrong")]

pub mod audit;
pub mod branding;
pub mod clients;
pub mod delegations;

pub mod failures;
pub mod groups;
pub mod home;
pub mod invitations;
pub mod keys;
pub mod mails;
pub mod policies;
pub mod providers;
pub mod reference;
pub mod registration;
pub mod scopes;
pub mod users;
pub mod webhooks;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::Refusal;
use crate::account;
use crate::app::App;
use crate::http::error::{PageError, capitalised, sentence};
use crate::http::extract::FormFields;
use crate::http::page::{Csp, html};
use crate::http::session::SignedIn;
use crate::i18n::Words;
use crate::pages::{Notice, Page, Problem, Shell};
use crate::protocol::timestamp::Timestamp;
use crate::store::StoreError;

/// The frame, in English as these pages are.
fn shell(app: &App, me: &SignedIn) -> Shell {
    account::shell(app, Words::ENGLISH.on(app.branding()), me)
}

/// A page to an administrator's browser.
fn shown(app: &App, me: &SignedIn, status: StatusCode, page: &impl Page) -> Response {
    // A script of ours copies what is shown once.
    shown_with(app, me, status, page, &Csp::default().script())
}

/// The same for a page that may do more than show itself.
fn shown_with(app: &App, me: &SignedIn, status: StatusCode, page: &impl Page, csp: &Csp) -> Response {
    // A remembered session outlives the cookie that forms are bound to.
    let mut response = me.browser.remember(&app.config, html(page, csp));
    *response.status_mut() = status;
    response
}

/// Did somebody else change what this form was filled in from?
fn changed_meanwhile(form: &FormFields, version: Timestamp) -> bool {
    form.get("version") != Some(version.0.to_string().as_str())
}

/// On to the page that says what was done.
fn done(path: &str, notice: Notice) -> Response {
    Redirect::to(&format!("{path}?done={}", notice.code())).into_response()
}

/// What is wrong with a form, and the status that says so; or an error that no form can show.
fn mistakes(
    refusal: Refusal,
    input_of: impl Fn(&'static str) -> (&'static str, &'static str),
) -> Result<(StatusCode, Vec<Problem>), PageError> {
    let whole = |status, what: &str| Ok((status, vec![Problem::new("", sentence(&capitalised(what)))]));
    let what = refusal.to_string();
    match refusal {
        Refusal::Invalid(problems) => {
            let problems = problems.into_iter().map(|problem| {
                let (input, label) = input_of(problem.field);
                Problem::new(input, sentence(&format!("{label}: {}", problem.message)))
            });
            Ok((StatusCode::BAD_REQUEST, problems.collect()))
        }
        Refusal::WeakPassword(weakness) => mistakes(Refusal::field("password", weakness), input_of),
        Refusal::Changed(_) => whole(StatusCode::PRECONDITION_FAILED, &what),
        Refusal::Busy => whole(StatusCode::SERVICE_UNAVAILABLE, &what),
        Refusal::Store(StoreError::Taken(_) | StoreError::LastAdministrator) => {
            whole(StatusCode::CONFLICT, &what)
        }
        other => Err(other.into()),
    }
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        let what = sentence(&capitalised(&refusal.to_string()));
        match refusal {
            Refusal::NotFound(_) => Self::not_found(what),
            Refusal::Forbidden(_) => Self::forbidden(what, "Ask an administrator of this server to do it."),
            Refusal::Store(StoreError::LastAdministrator | StoreError::Taken(_)) | Refusal::Changed(_) => {
                Self::new(StatusCode::CONFLICT, "This was not done", what, "Go back and look at it again.")
            }
            Refusal::Invalid(_) | Refusal::WeakPassword(_) => Self::malformed(&what),
            Refusal::Store(error) => error.into(),
            Refusal::Busy | Refusal::Keys(_) | Refusal::Hashing(_) | Refusal::Sealing(_) => {
                Self::unavailable(&what)
            }
        }
    }
}
