//! `/login`: the sign-in page.

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::authorize::Asked;
use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::{Flow, Goal};
use super::locale::Locale;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::{client_logo, email_code, known_device, passkey, session, upstream};
use crate::app::App;
use crate::authn::means::account_of;
use crate::authn::{Refusal, by_password};
use crate::branding::accent_address;
use crate::i18n::{Phrase, Words, key};
use crate::mail::to_users;
use crate::pages::{self, LoginProblem};
use crate::protocol::client::Client;
use crate::protocol::sign_in::{Authenticated, Next, Proof, SignIn};

/// The form.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let mut flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    let live = session::of_request(&app, &headers).await?;
    flow.progress.offered = live.as_ref().map(|live| live.session.id.clone());
    let mut purpose = Purpose::of(&app, &browser, &flow).await?;
    if purpose.offers_choice {
        purpose.signed_in_as = live.map(|live| live.user.display_name().to_owned());
    }
    let expected = purpose.login_hint.clone();
    Ok(browser.remember(&app.config, show(&app, &browser, purpose, expected, false, None).await?))
}

/// The attempt.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let mut flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let login = form.get("username").unwrap_or_default();
    flow.remember = form.get("remember").is_some();
    let (origin, devices) = (info.anonymous(), known_device::of_request(&app, &headers));
    let password = form.get("password").unwrap_or_default();
    match by_password(&app, &origin, &devices, login, password).await? {
        Ok(proved) => take_in(&app, &info, &headers, flow, proved.proof).await,
        Err(refusal) => {
            let purpose = Purpose::of(&app, &browser, &flow).await?;
            let typed = login.chars().take(254).collect();
            show(&app, &browser, purpose, typed, flow.remember, Some(problem_of(refusal))).await
        }
    }
}

/// The page once more, after an attempt that was refused.
pub(super) async fn again(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    refusal: Refusal,
) -> Result<Response, PageError> {
    let purpose = Purpose::of(app, browser, flow).await?;
    show(app, browser, purpose, String::new(), flow.remember, Some(problem_of(refusal))).await
}

/// The page once more, after somebody showed a passkey that nobody has here any more.
pub(super) async fn after_unknown_passkey(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    credential: &str,
) -> Result<Response, PageError> {
    let mut purpose = Purpose::of(app, browser, flow).await?;
    purpose.signals = app.passkeys.signals_of_unknown(credential);
    show(app, browser, purpose, String::new(), flow.remember, Some(LoginProblem::WrongCredentials)).await
}

/// The page once more, after an upstream provider did not sign anybody in.
pub(super) async fn after_upstream(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    problem: Phrase,
) -> Result<Response, PageError> {
    let mut purpose = Purpose::of(app, browser, flow).await?;
    purpose.upstream_problem = Some(problem);
    show(app, browser, purpose, String::new(), flow.remember, None).await
}

/// A refusal in the words of the page.
pub(super) fn problem_of(refusal: Refusal) -> LoginProblem {
    match refusal {
        Refusal::WrongCredentials => LoginProblem::WrongCredentials,
        Refusal::TooManyAttempts { retry_after_seconds } => {
            LoginProblem::TooManyAttempts { retry_after_seconds }
        }
        Refusal::Busy => LoginProblem::Busy,
        Refusal::DirectorySilent => LoginProblem::DirectorySilent,
    }
}

/// Takes in what somebody proved, and goes where the machine says.
pub(super) async fn take_in(
    app: &App,
    info: &RequestInfo,
    headers: &HeaderMap,
    mut flow: Flow,
    proof: Proof,
) -> Result<Response, PageError> {
    let Some(user) = app.store.asked_anew().user(proof.user()).await? else { return Err(changed()) };
    let live = session::of_request(app, headers).await?.map(|live| live.session.id.clone());
    flow.sign_in.without_ended(live.as_ref());
    flow.sign_in.proved(proof);
    let account = account_of(app, &user).await?;
    match flow.sign_in.next(&account, live.as_ref(), flow.wanted, app.clock.now()) {
        Next::First => Ok(flow.go_to(app, "/login")?),
        Next::Second { .. } => Ok(flow.go_to(app, "/login/second")?),
        Next::NewPassword(_) => Ok(flow.go_to(app, "/login/new-password")?),
        Next::Done(who) => begin_session(app, info, headers, flow, &who).await,
    }
}

/// Where the client wants the account to be chosen (Core §3.1.2.1, `select_account`): the choice of the one that is signed
/// in. Whether that will do is the hub's matter.
pub async fn go_on(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let flow = form.get("flow").ok_or_else(|| PageError::malformed("the flow parameter is missing"))?;
    let mut flow = Flow::open(&app, flow, &browser)?;
    let live = session::of_request(&app, &headers).await?.map(|live| live.session.id.clone());
    // Not if somebody else has signed in meanwhile, in another tab: the page named who it was about.
    flow.progress.selected = live.filter(|live| flow.progress.offered.as_ref() == Some(live));
    Ok(Redirect::to(&flow.next(&app)?).into_response())
}

/// Begins a session in place of the one that this browser had, and goes on.
async fn begin_session(
    app: &App,
    info: &RequestInfo,
    headers: &HeaderMap,
    mut flow: Flow,
    who: &Authenticated,
) -> Result<Response, PageError> {
    let former = session::of_request(app, headers).await?;
    let former = former.as_ref().map(|live| &*live.session);
    let devices = known_device::of_request(app, headers);
    let begun = session::begin(app, info, who, &devices, flow.remember, former).await?;
    let Some((session, cookies)) = begun else {
        return Err(changed());
    };
    // A browser that is signed in is known, also if it was signed in before there was the cookie.
    let is_known = devices.know(who.user()) || former.is_some_and(|former| former.user_id == *who.user());
    if !is_known
        && !flow.told
        && let Some(user) = app.store.user(who.user()).await?
    {
        let language = Locale::of(app, headers).words_in(&flow).language();
        to_users::signed_in_anew(app, &info.anonymous().by_user(&user.id), &user, language).await;
    }
    (flow.sign_in, flow.told) = (SignIn::default(), false);
    flow.progress.selected = Some(session.id.clone());
    flow.progress.signed_in = Some(session.id);
    let next = match &flow.offer {
        Some(_) => flow.at(app, "/login/link")?,
        None => flow.next(app)?,
    };
    let mut response = Redirect::to(&next).into_response();
    cookies.set_on(&mut response);
    Ok(response)
}

/// The provider of the account that is to be linked, while that can still be done.
async fn offered(app: &App, flow: &Flow) -> Result<Option<String>, PageError> {
    let offer = flow.offer.as_ref().filter(|offer| offer.counts(app.clock.now()));
    let Some(offer) = offer else { return Ok(None) };
    let providers = app.providers().await?;
    Ok(providers.get(&offer.identity.upstream).map(|upstream| upstream.name.clone()))
}

fn changed() -> PageError {
    PageError::new(
        StatusCode::CONFLICT,
        key("account-changed-title"),
        key("account-changed"),
        key("account-changed-fix"),
    )
}

/// What a page before a sign-in knows of its flow: how it is carried on, and for whom.
pub(super) struct Purpose {
    /// The language.
    pub words: Words,
    /// The flow, sealed.
    pub flow: String,
    /// CSRF token of the page's form.
    pub csrf: String,
    /// The application that asks.
    pub app: Option<pages::App>,
    /// Whom it expects: Core §3.1.2.1 `login_hint`.
    pub login_hint: String,
    /// May the user go on as who is signed in (Core §3.1.2.1, `select_account`)?
    offers_choice: bool,
    /// Who that is.
    signed_in_as: Option<String>,
    /// The provider whose account is to be linked after the sign-in.
    offer: Option<String>,
    /// Why an upstream provider did not sign anybody in.
    upstream_problem: Option<Phrase>,
    /// What the browser is to be told of its passkeys.
    signals: Option<String>,
    /// What the page may lead to and show.
    pub csp: Csp,
}

impl Purpose {
    /// # Errors
    /// The application's request is not one that can be answered any more.
    pub(super) async fn of(app: &App, browser: &Browser, flow: &Flow) -> Result<Self, PageError> {
        let mut purpose = Self {
            words: browser.locale.words_in(flow),
            flow: flow.seal(app)?,
            csrf: browser.csrf(&app.seals),
            app: None,
            login_hint: String::new(),
            offers_choice: false,
            signed_in_as: None,
            offer: offered(app, flow).await?,
            upstream_problem: None,
            signals: None,
            csp: Csp::default(),
        };
        if let Goal::ProtectedApp { origin, .. } = &flow.goal {
            purpose.csp = Csp::default().form_to(origin.clone());
        }
        if let Some(params) = flow.params() {
            let asked = Asked::load(app, &params).await?;
            purpose.csp = Csp::default().form_to(asked.reply_to.redirect.csp_source());
            if let Ok(request) = &asked.request {
                purpose.login_hint = request.login_hint.clone().unwrap_or_default();
                purpose.offers_choice = request.prompt.select_account
                    && !request.prompt.login
                    // Who chose and is here again must prove who they are.
                    && flow.progress.selected.is_none();
            }
            purpose.app = Some(about(&asked.client, asked.reply_to.redirect.destination()));
        }
        Ok(purpose)
    }
}

/// The page as it is shown.
async fn show(
    app: &App,
    browser: &Browser,
    purpose: Purpose,
    username: String,
    remember: bool,
    problem: Option<LoginProblem>,
) -> Result<Response, PageError> {
    let sign_up = app.config.sign_up.is_open().then(|| format!("/sign-up?flow={}", purpose.flow));
    let recover = app.mail.is_on().then(|| format!("/recover?flow={}", purpose.flow));
    let unproved = purpose.upstream_problem.is_some();
    let providers = app.providers().await?;
    let page = pages::Login {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        app: purpose.app,
        signed_in_as: purpose.signed_in_as,
        username,
        remember,
        email_code: email_code::is_offered(app),
        recover,
        sign_up,
        passkey: passkey::challenge(app, browser)?,
        signals: purpose.signals,
        upstreams: upstream::buttons(&providers),
        offer: purpose.offer,
        upstream_problem: purpose.upstream_problem,
        problem,
    };
    let mut response = html(&page, &upstream::reachable(&providers, purpose.csp).script());
    if unproved {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    Ok(match problem {
        Some(problem) => refused(response, problem),
        None => response,
    })
}

/// The status that goes with a problem.
pub(super) fn refused(mut response: Response, problem: LoginProblem) -> Response {
    let (status, retry_after) = match problem {
        LoginProblem::WrongCredentials | LoginProblem::WrongCode | LoginProblem::WrongMailedCode => {
            (StatusCode::UNAUTHORIZED, None)
        }
        LoginProblem::TooManyAttempts { retry_after_seconds } => {
            (StatusCode::TOO_MANY_REQUESTS, Some(retry_after_seconds))
        }
        LoginProblem::Busy => (StatusCode::SERVICE_UNAVAILABLE, Some(2)),
        LoginProblem::DirectorySilent => (StatusCode::SERVICE_UNAVAILABLE, Some(60)),
    };
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// The application as its users see it.
pub(super) fn about(client: &Client, redirect_host: String) -> pages::App {
    let metadata = &client.metadata;
    pages::App {
        name: metadata.client_name.clone(),
        logo: metadata.logo_uri.is_some().then(|| client_logo::address(&client.id)),
        accent: metadata.accent_color.and_then(accent_address),
        client_uri: metadata.client_uri.clone(),
        policy_uri: metadata.policy_uri.clone(),
        tos_uri: metadata.tos_uri.clone(),
        redirect_host,
        unverified: client.self_registration.is_some(),
    }
}
