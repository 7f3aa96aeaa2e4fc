//! `/recover/password`: the link of a mail, where a new password is chosen. Opening it changes nothing and uses nothing up, as
//! mail programs do that by themselves.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::browser::Browser;
use super::chosen_password::{self, Refused};
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::{Flow, Goal};
use super::login;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::{by_reset, throttle};
use crate::i18n::key;
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Notice};
use crate::protocol::recovery::{Aim, Reset, may_reset};
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::User;

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
    let chosen = fields.get("password").unwrap_or_default();
    let hash = match chosen_password::hash_of(&app, &words, &user, chosen).await? {
        Ok(hash) => hash,
        Err(refused) => return Ok(form(&app, &browser, token, &user, Some(refused))),
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

fn form(app: &App, browser: &Browser, token: &str, user: &User, refused: Option<Refused>) -> Response {
    chosen_password::form(refused, |problems| pages::NewPassword {
        words: browser.locale.words(),
        csrf: browser.csrf(&app.seals),
        token: token.to_owned(),
        account: user.username.clone(),
        problems,
    })
}
