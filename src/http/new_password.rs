//! `/login/new-password`: who signed in with a password that an administrator wants replaced chooses another one, before anything
//! opens.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::{login, session};
use crate::app::App;
use crate::authn::means::account_of;
use crate::authn::password::HashingError;
use crate::authn::{SignInError, is_refused_password, throttle};
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Problem, describe_weakness};
use crate::protocol::password_strength::words_about_user;
use crate::protocol::sign_in::{Next, Required};
use crate::protocol::user::{User, acceptable_password};

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
    let again = |status, message| form(&app, &browser, &flow, &user, Some((status, message)));
    let Ok(password) = acceptable_password(fields.get("password").unwrap_or_default()) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, words.text("mistake-password").into_owned());
    };
    let known = words_about_user(&user, &app.own_words());
    let busy = |again: &dyn Fn(StatusCode, String) -> Result<Response, PageError>| {
        again(StatusCode::SERVICE_UNAVAILABLE, words.text("server-busy").into_owned())
    };
    match is_refused_password(&app, &user, password).await {
        Ok(false) => {}
        Ok(true) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, words.text("mistake-same-password").into_owned());
        }
        Err(SignInError::Hashing(HashingError::Busy)) => return busy(&again),
        Err(error) => return Err(error.into()),
    }
    let hash = match app.passwords.hash_chosen(password.to_owned().into(), known).await {
        Ok(Ok(hash)) => hash,
        Ok(Err(weakness)) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, describe_weakness(&words, &weakness));
        }
        Err(HashingError::Busy) => return busy(&again),
        Err(error) => return Err(SignInError::from(error).into()),
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
    refused: Option<(StatusCode, String)>,
) -> Result<Response, PageError> {
    let (status, problems) = match refused {
        None => (StatusCode::OK, Vec::new()),
        Some((status, message)) => (status, vec![Problem::new("password", message)]),
    };
    let page = pages::RequiredPassword {
        words: browser.locale.words(),
        csrf: browser.csrf(&app.seals),
        flow: flow.seal(app)?,
        account: user.username.clone(),
        problems,
    };
    let mut response = html(&page, &Csp::default());
    *response.status_mut() = status;
    Ok(response)
}
