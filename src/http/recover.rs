//! `/recover`: asking for a new password by mail. Whoever is named, the answer is the same and comes as soon: whether there is
//! such an account is looked up after it (OWASP ASVS 6.3.8).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::login::{self, Purpose};
use super::page::html;
use super::request_info::RequestInfo;
use crate::app::{App, Origin};
use crate::authn::throttle;
use crate::i18n::{Language, key};
use crate::mail::{MailError, to_users};
use crate::pages::{self, LoginProblem, Problem};
use crate::protocol::recovery::Aim;

/// The form.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    must_be_possible(&app)?;
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    let purpose = Purpose::of(&app, &browser, &flow).await?;
    Ok(browser.remember(&app.config, form(purpose, None, Vec::new())))
}

/// Has the mail sent, if there is somebody to send it to.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    CheckedForm(fields): CheckedForm,
) -> Result<Response, PageError> {
    must_be_possible(&app)?;
    let flow = Flow::of_page(&app, fields.get("flow"), &browser)?;
    let purpose = Purpose::of(&app, &browser, &flow).await?;
    let words = purpose.words.clone();
    let login = fields.get("username").unwrap_or_default().trim().to_lowercase();
    if login.is_empty() {
        let mistake = Problem::new("username", words.text("recover-nobody"));
        let mut response = form(purpose, None, vec![mistake]);
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let (limits, now) = (&app.config.throttle, app.clock.now());
    if let Some(wait) = throttle::count_mail(&app.store, &app.seals, limits, info.ip, now).await? {
        let retry_after_seconds = u64::try_from(wait).unwrap_or(1);
        let problem = LoginProblem::TooManyAttempts { retry_after_seconds };
        return Ok(login::refused(form(purpose, Some(problem), Vec::new()), problem));
    }
    let language = words.language();
    let page = pages::RecoverySent { words, flow: purpose.flow };
    tokio::spawn(async move {
        if let Err(error) = send(&app, &info.anonymous(), &login, language).await {
            tracing::error!(%error, "a mail for a new password was asked for and is not sent");
        }
    });
    Ok(html(&page, &purpose.csp))
}

async fn send(app: &App, origin: &Origin, login: &str, language: Language) -> Result<(), MailError> {
    let Some(user) = app.store.user_by_login(login).await? else { return Ok(()) };
    to_users::link(app, origin, Aim::ResetPassword, &user, language).await.map(drop)
}

fn must_be_possible(app: &App) -> Result<(), PageError> {
    if app.mail.is_on() { Ok(()) } else { Err(PageError::not_found(key("recover-no-mail"))) }
}

fn form(purpose: Purpose, problem: Option<LoginProblem>, mistakes: Vec<Problem>) -> Response {
    let page = pages::Recover {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        username: purpose.login_hint,
        problem,
        mistakes,
    };
    html(&page, &purpose.csp)
}
