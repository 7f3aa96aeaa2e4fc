//! `/login/new-password`: who signed in with a password that an administrator wants replaced chooses another one, before anything
//! opens.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::browser::Browser;
use super::chosen_password::{self, Refused};
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::request_info::RequestInfo;
use super::{login, session};
use crate::app::App;
use crate::authn::means::account_of;
use crate::authn::throttle;
use crate::mail::to_users::{Event, news};
use crate::pages;
use crate::protocol::sign_in::{Next, Required};
use crate::protocol::user::User;

/// The form.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    match wanted_of(&app, &headers, &flow).await? {
        Some(Wanted { user, .. }) => {
            let form = form(&app, &browser, &flow, &user, None)?;
            Ok(browser.remember(&app.config, form))
        }
        None => Ok(flow.go_to(&app, "/login")?),
    }
}

/// Sets the password, and goes on with the sign-in.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(fields): CheckedForm,
) -> Result<Response, PageError> {
    let mut flow = Flow::of_page(&app, fields.get("flow"), &browser)?;
    let Some(Wanted { user, required }) = wanted_of(&app, &headers, &flow).await? else {
        return Ok(flow.go_to(&app, "/login")?);
    };
    let words = browser.locale.words();
    let chosen = fields.get("password").unwrap_or_default();
    let hash = match chosen_password::hash_of(&app, &words, &user, chosen).await? {
        Ok(hash) => hash,
        Err(refused) => return form(&app, &browser, &flow, &user, Some(refused)),
    };
    let origin = info.anonymous().by_user(&user.id);
    let audit = app.audit(&origin, "user.set_password", format!("user:{}", user.id), "as was required");
    let news = news(&app, &origin, &user, words.language(), Event::PasswordChanged);
    let noted = audit.telling(news.as_ref());
    let changed = app.store.choose_required_password(&required, &hash, noted).await?;
    // Another tab was first, or an administrator: what holds now is found out there.
    let Some(changed_at) = changed else { return Ok(flow.go_to(&app, "/login")?) };
    throttle::lift(&app.store, &app.seals, &user).await?;
    let proof = flow.sign_in.chosen(&required, app.clock.now(), changed_at);
    flow.told = true;
    login::take_in(&app, &info, &headers, flow, proof).await
}

/// Who must choose, and on what ground.
struct Wanted {
    user: User,
    required: Required,
}

/// Whose password is to be replaced; none if that is not what is missing.
async fn wanted_of(app: &App, headers: &HeaderMap, flow: &Flow) -> Result<Option<Wanted>, PageError> {
    let Some(id) = flow.sign_in.user() else { return Ok(None) };
    let user = app.store.asked_anew().user(id).await?.filter(|user| !user.disabled);
    let Some(user) = user else { return Ok(None) };
    let account = account_of(app, &user).await?;
    let live = session::of_request(app, headers).await?.map(|live| live.session.id.clone());
    Ok(match flow.sign_in.next(&account, live.as_ref(), flow.wanted, app.clock.now()) {
        Next::NewPassword(required) => Some(Wanted { user: (*user).clone(), required }),
        Next::First | Next::Second { .. } | Next::Done(_) => None,
    })
}

fn form(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    user: &User,
    refused: Option<Refused>,
) -> Result<Response, PageError> {
    let flow = flow.seal(app)?;
    Ok(chosen_password::form(refused, |problems| pages::RequiredPassword {
        words: browser.locale.words(),
        csrf: browser.csrf(&app.seals),
        flow,
        account: user.username.clone(),
        problems,
    }))
}
