//! `/setup`: the one-time link that makes the first administrator.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::password::HashingError;
use crate::pages::{self, Problem};
use crate::protocol::ids::UserId;
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::{User, UserProblem, acceptable_password, canonical_email, canonical_username};
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
    let token = get("token");
    let now = app.clock.now();
    if !app.store.administrator_link_works(&sha256_hex(token), now).await? {
        return Err(dead_link());
    }
    let again = |problems| Ok(form(&app, &browser, token, get("username"), get("email"), problems));
    let mut problems = Vec::new();
    let mut judge = |field: &str, verdict: Result<String, UserProblem>| {
        verdict.inspect_err(|problem| problems.push(Problem::new(field, problem.to_string()))).ok()
    };
    let username = judge("username", canonical_username(get("username")));
    let email = match fields.get("email") {
        Some(email) => judge("email", canonical_email(email)),
        None => None,
    };
    let password = judge("password", acceptable_password(get("password")).map(str::to_owned));
    let (Some(username), Some(password), true) = (username, password, problems.is_empty()) else {
        return again(problems);
    };
    let password_hash = match app.passwords.hash(password.into()).await {
        Ok(hash) => hash,
        Err(HashingError::Busy) => {
            return again(vec![Problem::new("", "The server is busy. Please try again.")]);
        }
        Err(error) => return Err(PageError::unavailable(&error)),
    };
    let id = UserId::from(app.entropy.opaque_id());
    let user = User {
        id: id.clone(),
        username,
        email,
        email_verified: false,
        name: None,
        password_hash: Some(password_hash),
        is_admin: true,
        disabled: false,
        created_at: now,
        updated_at: now,
    };
    let audit =
        app.audit(&info.anonymous(), "user.create", format!("user:{id}"), "administrator, by one-time link");
    match app.store.set_up_administrator(&sha256_hex(token), &user, now, &audit).await {
        Ok(true) => Ok(html(&pages::SetupDone { username: user.username }, &Csp::default())),
        Ok(false) => Err(dead_link()),
        Err(StoreError::Taken(what)) => again(vec![Problem::new("", format!("{what} is already in use."))]),
        Err(error) => Err(error.into()),
    }
}

fn dead_link() -> PageError {
    PageError::new(
        StatusCode::FORBIDDEN,
        "This link does not work any more",
        "It was used, or has expired, or a newer one was made.",
        "Start the server again for a new link, or add an administrator with “countersign user create --admin”.",
    )
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
