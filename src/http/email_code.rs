//! `/login/email` and `/login/code`: a code by mail, and where it is typed.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::known_device;
use super::login::{self, Purpose};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::email_code::{self, Awaited, Typed};
use crate::authn::{Refusal, prove, throttle};
use crate::i18n::key;
use crate::pages::{self, LoginProblem};

/// Does the sign-in page offer it?
pub(super) fn is_offered(app: &App) -> bool {
    app.config.sign_in.email_code && app.mail.is_on()
}

fn must_be_offered(app: &App) -> Result<(), PageError> {
    if is_offered(app) { Ok(()) } else { Err(PageError::not_found(key("code-off"))) }
}

/// Mails a code to whoever this user name or address belongs to. The answer is the same for every name, and does not wait to
/// find out.
pub async fn ask(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    must_be_offered(&app)?;
    let mut flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    flow.remember = form.get("remember").is_some();
    let typed: String = form.get("username").unwrap_or_default().trim().chars().take(254).collect();
    let problem = if typed.is_empty() { None } else { counted(&app, &info).await? };
    if typed.is_empty() || problem.is_some() {
        return ask_again(&app, &browser, &flow, typed, problem).await;
    }
    // The canonical form of both user names and addresses is lower case.
    let awaited = Awaited::new(typed.to_lowercase(), &app.entropy);
    flow.awaited = Some(awaited.clone());
    let sealed = flow.seal(&app)?;
    let response = Redirect::to(&format!("/login/code?flow={sealed}")).into_response();
    let language = browser.locale.words_in(&flow).language();
    let devices = known_device::of_request(&app, &headers);
    let waits = (sealed, browser.fingerprint());
    tokio::spawn(async move {
        if let Err(error) = email_code::send(&app, &awaited, &devices, waits, language).await {
            tracing::error!(%error, "a code was not mailed");
        }
    });
    Ok(response)
}

/// Why no mail is sent at all.
async fn counted(app: &App, info: &RequestInfo) -> Result<Option<LoginProblem>, PageError> {
    let now = app.clock.now();
    let wait = throttle::count_mail(&app.store, &app.seals, &app.config.throttle, info.ip, now).await?;
    Ok(wait.map(|seconds| LoginProblem::TooManyAttempts {
        retry_after_seconds: u64::try_from(seconds).unwrap_or(1),
    }))
}

async fn ask_again(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    username: String,
    problem: Option<LoginProblem>,
) -> Result<Response, PageError> {
    let purpose = Purpose::of(app, browser, flow).await?;
    let page = pages::AskForCode {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        app: purpose.app,
        username,
        remember: flow.remember,
        problem,
    };
    let response = html(&page, &purpose.csp);
    Ok(match problem {
        Some(problem) => login::refused(response, problem),
        None => response,
    })
}

/// The form, where somebody asked for a code or opens the link of its mail. Looking at it does not use the code up.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    must_be_offered(&app)?;
    let response = match params.get("id") {
        None => {
            let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
            show(&app, &browser, &flow, String::new(), None).await?
        }
        Some(id) => open_link(&app, &browser, id, params.get("code").unwrap_or_default()).await?,
    };
    Ok(browser.remember(&app.config, response))
}

/// In the browser that waits for the code, its form, filled in; elsewhere, what to type there.
async fn open_link(app: &App, browser: &Browser, id: &str, code: &str) -> Result<Response, PageError> {
    let waiting = app.store.sign_in_code(id, app.clock.now()).await?;
    let (Some((_, flow)), Some(code)) = (waiting, email_code::digits_of(code)) else {
        return Err(PageError::new(
            StatusCode::FORBIDDEN,
            key("dead-link-title"),
            key("code-dead"),
            key("code-dead-fix"),
        ));
    };
    let code = email_code::grouped(&code);
    if let Ok(flow) = Flow::open(app, &flow, browser) {
        return show(app, browser, &flow, code, None).await;
    }
    let page = pages::CodeElsewhere { words: browser.locale.words(), code };
    Ok(html(&page, &Csp::default()))
}

/// The attempt.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    must_be_offered(&app)?;
    let mut flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let Some(awaited) = flow.awaited.clone() else {
        return Ok(flow.go_to(&app, "/login")?);
    };
    let code = form.get("code").unwrap_or_default();
    let user = app.store.user_by_login(awaited.login()).await?;
    let typed = Typed { awaited: &awaited, code };
    let (origin, devices) = (info.anonymous(), known_device::of_request(&app, &headers));
    match prove(&app, &origin, &devices, Some(awaited.login()), user, &typed).await? {
        Ok(proved) => {
            (flow.awaited, flow.told) = (None, true);
            login::take_in(&app, &info, &headers, flow, proved.proof).await
        }
        Err(refusal) => {
            let problem = match refusal {
                Refusal::WrongCredentials => LoginProblem::WrongMailedCode,
                other => login::problem_of(other),
            };
            let response = show(&app, &browser, &flow, String::new(), Some(problem)).await?;
            Ok(login::refused(response, problem))
        }
    }
}

async fn show(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    code: String,
    problem: Option<LoginProblem>,
) -> Result<Response, PageError> {
    let Some(awaited) = &flow.awaited else {
        return Ok(flow.go_to(app, "/login")?);
    };
    let account = awaited.login().to_owned();
    let purpose = Purpose::of(app, browser, flow).await?;
    let page = pages::EnterCode {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        app: purpose.app,
        account,
        code,
        problem,
    };
    Ok(html(&page, &purpose.csp))
}
