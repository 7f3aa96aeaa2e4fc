//! `/recover/password`: the link of a mail, where a new password is chosen. Opening it changes nothing and uses nothing up, as
//! mail programs do that by themselves.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::{Flow, Goal};
use super::login;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::password::HashingError;
use crate::authn::{SignInError, by_reset, is_refused_password, throttle};
use crate::i18n::key;
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Notice, Problem, describe_weakness};
use crate::protocol::password_strength::words_about_user;
use crate::protocol::recovery::{Aim, Reset, may_reset};
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::{User, acceptable_password};

/// The form, as long as the link works.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let token = params.get("token").unwrap_or_default();
    let (_, user) = permitted(&app, token).await?;
    Ok(browser.remember(&app.config, form(&app, &browser, token, &user, None)))
}

/// Sets the password, and goes on as after a sign-in with it: whoever has a second factor is asked for it.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(fields): CheckedForm,
) -> Result<Response, PageError> {
    let (token, words) = (fields.get("token").unwrap_or_default(), browser.locale.words());
    let (reset, user) = permitted(&app, token).await?;
    let again = |status, message| Ok(form(&app, &browser, token, &user, Some((status, message))));
    let Ok(password) = acceptable_password(fields.get("password").unwrap_or_default()) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, words.text("mistake-password").into_owned());
    };
    match is_refused_password(&app, &user, password).await {
        Ok(false) => {}
        Ok(true) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, words.text("mistake-same-password").into_owned());
        }
        Err(SignInError::Hashing(HashingError::Busy)) => {
            return again(StatusCode::SERVICE_UNAVAILABLE, words.text("server-busy").into_owned());
        }
        Err(error) => return Err(error.into()),
    }
    let known = words_about_user(&user, &app.own_words());
    let hash = match app.passwords.hash_chosen(password.to_owned().into(), known).await {
        Ok(Ok(hash)) => hash,
        Ok(Err(weakness)) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, describe_weakness(&words, &weakness));
        }
        Err(HashingError::Busy) => {
            return again(StatusCode::SERVICE_UNAVAILABLE, words.text("server-busy").into_owned());
        }
        Err(error) => return Err(SignInError::from(error).into()),
    };
    let origin = info.anonymous().by_user(&user.id);
    let audit = app.audit(&origin, "user.reset_password", format!("user:{}", user.id), "by mailed link");
    let news = news(&app, &origin, &user, words.language(), Event::PasswordChanged);
    let noted = audit.telling(news.as_ref());
    let Some(changed_at) = app.store.reset_password(&reset, &hash, noted).await? else {
        return Err(dead_link());
    };
    // Whoever guessed at the old one does not keep the owner out.
    throttle::lift(&app.store, &app.seals, &user).await?;
    let page = format!("/account?done={}", Notice::PasswordChanged.code());
    let mut flow = Flow::begin(Goal::Page(page), &browser, app.clock.now());
    flow.told = true;
    login::take_in(&app, &info, &headers, flow, by_reset(&app, &reset, changed_at)).await
}

/// What the link lets its holder do, and to whom.
async fn permitted(app: &App, token: &str) -> Result<(Reset, User), PageError> {
    let link = app.store.mailed_link(Aim::ResetPassword, &sha256_hex(token)).await?.ok_or_else(dead_link)?;
    let user = app.store.asked_anew().user(&link.user).await?.ok_or_else(dead_link)?;
    let reset = may_reset(&link, &user, app.clock.now()).ok_or_else(dead_link)?;
    Ok((reset, (*user).clone()))
}

fn dead_link() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, key("dead-link-title"), key("dead-link"), key("recover-dead-fix"))
}

fn form(
    app: &App,
    browser: &Browser,
    token: &str,
    user: &User,
    refused: Option<(StatusCode, String)>,
) -> Response {
    let (status, problems) = match refused {
        None => (StatusCode::OK, Vec::new()),
        Some((status, message)) => (status, vec![Problem::new("password", message)]),
    };
    let page = pages::NewPassword {
        words: browser.locale.words(),
        csrf: browser.csrf(&app.seals),
        token: token.to_owned(),
        account: user.username.clone(),
        problems,
    };
    let mut response = html(&page, &Csp::default());
    *response.status_mut() = status;
    response
}
