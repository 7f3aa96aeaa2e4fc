//! `/setup`: the one-time link that makes the first administrator.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::sign_up::{mistake, taken};
use crate::admin::{Refusal, users};
use crate::app::App;
use crate::i18n::key;
use crate::pages::{self, Problem, describe_weakness};
use crate::protocol::profile::UserInput;
use crate::protocol::secret::sha256_hex;
use crate::store::StoreError;

/// The form, as long as the link works. Looking at it does not use it up.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let token = params.get("token").unwrap_or_default();
    if !app.store.administrator_link_works(&sha256_hex(token), app.clock.now()).await? {
        return Err(dead_link());
    }
    Ok(browser.remember(&app.config, form(&app, &browser, token, "", "", Vec::new())))
}

/// Makes the administrator.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    CheckedForm(fields): CheckedForm,
) -> Result<Response, PageError> {
    let get = |name| fields.get(name).unwrap_or_default();
    let (token, words) = (get("token"), browser.locale.words());
    let link = sha256_hex(token);
    if !app.store.administrator_link_works(&link, app.clock.now()).await? {
        return Err(dead_link());
    }
    let again = |problems| Ok(form(&app, &browser, token, get("username"), get("email"), problems));
    let wanted = UserInput {
        username: Some(get("username").to_owned()),
        email: fields.get("email").map(str::to_owned),
        // Unlike an administrator's new user, this one cannot wait for a first password.
        password: Some(get("password").to_owned()),
        is_admin: Some(true),
        ..UserInput::default()
    };
    let user = match users::prepare(&app, wanted).await {
        Ok(user) => user,
        Err(Refusal::Invalid(problems)) => {
            return again(problems.iter().map(|problem| mistake(&words, problem)).collect());
        }
        Err(Refusal::WeakPassword(weakness)) => {
            return again(vec![Problem::new("password", describe_weakness(&words, &weakness))]);
        }
        Err(Refusal::Busy) => return again(vec![Problem::new("", words.text("server-busy"))]),
        Err(other) => return Err(other.into()),
    };
    let origin = info.anonymous();
    let audit =
        app.audit(&origin, "user.create", format!("user:{}", user.id), "administrator, by one-time link");
    match app.store.set_up_administrator(&link, &user, app.clock.now(), &audit).await {
        Ok(true) => Ok(html(&pages::SetupDone { words, username: user.username }, &Csp::default())),
        Ok(false) => Err(dead_link()),
        Err(StoreError::Taken(what)) => again(vec![taken(&words, what)]),
        Err(error) => Err(error.into()),
    }
}

fn dead_link() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, key("dead-link-title"), key("dead-link"), key("dead-link-fix"))
}

fn form(
    app: &App,
    browser: &Browser,
    token: &str,
    username: &str,
    email: &str,
    problems: Vec<Problem>,
) -> Response {
    let refused = !problems.is_empty();
    let page = pages::Setup {
        words: browser.locale.words(),
        csrf: browser.csrf(&app.seals),
        token: token.to_owned(),
        username: username.to_owned(),
        email: email.to_owned(),
        problems,
    };
    let mut response = html(&page, &Csp::default());
    if refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}
