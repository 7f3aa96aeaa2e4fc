//! `/login/second`: what is still missing after the first proof.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::login::{self, Purpose};
use super::page::html;
use super::request_info::RequestInfo;
use super::{known_device, passkey, session};
use crate::app::App;
use crate::authn::means::account_of;
use crate::authn::{Refusal, prove, recovery_code, totp};
use crate::mail::to_users;
use crate::pages::{self, LoginProblem};
use crate::protocol::assurance::Level;
use crate::protocol::sign_in::{Method, Next};
use crate::protocol::user::User;

/// The form.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    match user_of(&app, &headers, &flow).await? {
        Some((user, level)) => {
            Ok(browser.remember(&app.config, show(&app, &browser, &flow, &user, level, None).await?))
        }
        // Nothing was proved yet, or too long ago.
        None => Ok(flow.go_to(&app, "/login")?),
    }
}

/// The attempt: a code of the authenticator app, or a recovery code.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let Some((user, level)) = user_of(&app, &headers, &flow).await? else {
        return Ok(flow.go_to(&app, "/login")?);
    };
    let code = form.get("code").unwrap_or_default();
    let (origin, devices) = (info.anonymous(), known_device::of_request(&app, &headers));
    // Apps show six digits; recovery codes are longer.
    let outcome = if code.chars().filter(|c| !c.is_whitespace()).count() <= 8 {
        prove(&app, &origin, &devices, None, Some(user.clone()), &totp::Typed(code)).await?
    } else {
        let language = browser.locale.words_in(&flow).language();
        let typed = recovery_code::Typed { code, origin: &origin, language };
        prove(&app, &origin, &devices, None, Some(user.clone()), &typed).await?
    };
    match outcome {
        Ok(proved) => login::take_in(&app, &info, &headers, flow, proved.proof).await,
        Err(refusal) => {
            if refusal == Refusal::WrongCredentials && flow.sign_in.has(Method::Password) {
                let language = browser.locale.words_in(&flow).language();
                to_users::second_factor_refused(&app, &origin, &devices, &user, language).await;
            }
            let problem = match refusal {
                Refusal::WrongCredentials => LoginProblem::WrongCode,
                other => login::problem_of(other),
            };
            let response = show(&app, &browser, &flow, &user, level, Some(problem)).await?;
            Ok(login::refused(response, problem))
        }
    }
}

/// Whose second factor is missing, and the level that it is to bring; none if it is not a second factor that is missing.
async fn user_of(app: &App, headers: &HeaderMap, flow: &Flow) -> Result<Option<(User, Level)>, PageError> {
    let Some(id) = flow.sign_in.user() else { return Ok(None) };
    let Some(user) = app.store.user(id).await?.filter(|user| !user.disabled) else { return Ok(None) };
    let account = account_of(app, &user).await?;
    let live = session::of_request(app, headers).await?.map(|live| live.session.id.clone());
    Ok(match flow.sign_in.next(&account, live.as_ref(), flow.wanted, app.clock.now()) {
        Next::Second { level } => Some(((*user).clone(), level)),
        Next::First | Next::NewPassword(_) | Next::Done(_) => None,
    })
}

async fn show(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    user: &User,
    level: Level,
    problem: Option<LoginProblem>,
) -> Result<Response, PageError> {
    let purpose = Purpose::of(app, browser, flow).await?;
    let means = app.store.means(&user.id).await?;
    let by_code = level < Level::PhishingResistant && means.apps > 0;
    let passkey = if means.passkeys > 0 { passkey::challenge(app, browser)? } else { None };
    let page = pages::SecondFactor {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        app: purpose.app,
        account: user.display_name().to_owned(),
        by_code,
        has_recovery_codes: by_code && means.recovery_codes > 0,
        passkey,
        problem,
    };
    Ok(html(&page, &purpose.csp.script()))
}
