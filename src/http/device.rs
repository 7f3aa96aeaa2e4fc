//! `/device`: where a person types the code that a device shows, and decides (RFC 8628 §3.3). Whoever is not signed in signs in
//! first, so that nobody guesses at codes who has no account; and everybody is asked, whatever they allowed before.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::browser::Browser;
use super::consent;
use super::error::PageError;
use super::extract::{OwnForm, QueryFields};
use super::flow::{Flow, Goal, Typing};
use super::login::about;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::session::{self, Live};
use crate::app::App;
use crate::authn::means::account_of;
use crate::authn::throttle::{self, Counted};
use crate::pages::{self, DeviceProblem};
use crate::protocol::assurance::Level;
use crate::protocol::claims_request::ClaimsRequest;
use crate::protocol::client::Client;
use crate::protocol::code::Code;
use crate::protocol::device::{
    Situation, Step, UserCode, level_of_sign_in, may_be_decided, next_step, scope_now, wanted,
};
use crate::protocol::ids::ConsentId;
use crate::protocol::prompt::{Question, scopes_to_show};
use crate::protocol::scope::Scope;
use crate::sealing::Purpose;
use crate::store::{Decided, DeviceRequest};

/// No code that is shown again in the form is longer, in characters.
const LONGEST_SHOWN: usize = 40;

/// The form for the code, the question, or what was decided.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let mut flow = if let Some(text) = params.get("flow") {
        Flow::open(&app, text, &browser)?
    } else {
        // RFC 8628 §3.3.1: it saves the typing, and nothing else.
        let code = params.get("user_code").map(shown).unwrap_or_default();
        let goal = Goal::Device(Typing { code, ..Typing::default() });
        Flow::begin(goal, &browser, app.clock.now())
    };
    let typing = typing_of(&flow)?;
    let Some(live) = session::of_request(&app, &headers).await? else {
        let response = flow.go_to(&app, "/login")?;
        return Ok(browser.remember(&app.config, response));
    };
    let response = match (&typing.request, typing.allowed) {
        (None, _) => form(&app, &browser, &live, &flow, None)?,
        (Some(id), Some(allowed)) => done(&app, &browser, &flow, id, allowed).await?,
        (Some(id), None) => match Waiting::load(&app, id).await? {
            Some(waiting) => go_on(&app, &browser, &live, &mut flow, &waiting).await?,
            None => form(&app, &browser, &live, &flow, Some(DeviceProblem::NotWaiting))?,
        },
    };
    Ok(browser.remember(&app.config, response))
}

/// A code that was typed, or a decision.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let text = sent.get("flow").ok_or_else(|| PageError::malformed("the flow parameter is missing"))?;
    let flow = Flow::open(&app, text, &browser)?;
    let typing = typing_of(&flow)?;
    let Some(live) = session::of_request(&app, &headers).await? else {
        return Ok(Redirect::to(&flow.next(&app)?).into_response());
    };
    match (sent.get("decision"), typing.request) {
        (None, _) => {
            let typed = sent.get("user_code").unwrap_or_default();
            look_up(&app, &browser, &info, &live, flow, typed).await
        }
        (Some(decision @ ("allow" | "deny")), Some(id)) => {
            decide(&app, &browser, &info, &live, flow, &id, decision == "allow").await
        }
        (Some(_), Some(_)) => Err(PageError::malformed("decision must be allow or deny")),
        (Some(_), None) => Err(PageError::malformed("no code was typed yet that could be decided about")),
    }
}

fn typing_of(flow: &Flow) -> Result<Typing, PageError> {
    match &flow.goal {
        Goal::Device(typing) => Ok(typing.clone()),
        _ => Err(PageError::malformed("the flow is not one of a device")),
    }
}

/// What was typed, short enough for a page.
fn shown(typed: &str) -> String {
    typed.chars().take(LONGEST_SHOWN).collect()
}

/// A request that somebody may decide about, with its client.
struct Waiting {
    request: DeviceRequest,
    client: Arc<Client>,
}

impl Waiting {
    async fn load(app: &App, id: &str) -> Result<Option<Self>, PageError> {
        match app.store.device_request(id).await? {
            Some(request) => Self::of(app, request).await,
            None => Ok(None),
        }
    }

    async fn of(app: &App, request: DeviceRequest) -> Result<Option<Self>, PageError> {
        // Not as it is remembered: what is decided here holds for long.
        let Some(client) = app.store.asked_anew().client(&request.client_id).await? else { return Ok(None) };
        let now = app.clock.now();
        let open = may_be_decided(&client, request.state, request.expires_at, now)
            && !scope_now(&client, &request.scope).is_empty();
        Ok(open.then_some(Self { request, client }))
    }

    fn scope(&self) -> Scope {
        scope_now(&self.client, &self.request.scope)
    }

    async fn step(&self, app: &App, live: &Live, flow: &Flow) -> Result<Step, PageError> {
        let least_of_groups = app.store.asked_anew().groups_of_user(&live.user.id).await?.least_acr();
        let judge = |attainable: Option<Level>| {
            next_step(&Situation {
                client: &self.client,
                session: &live.session,
                signed_in: flow.progress.signed_in.as_ref(),
                classes: &app.config.assurance.classes,
                least_of_groups,
                attainable,
                now: app.clock.now(),
            })
        };
        Ok(match judge(None) {
            Step::StepUp(_) => judge(Some(account_of(app, &live.user).await?.attainable)),
            step => step,
        })
    }
}

/// Looks for what waits for a code. Every one is counted before, the right ones are taken back.
async fn look_up(
    app: &App,
    browser: &Browser,
    info: &RequestInfo,
    live: &Live,
    mut flow: Flow,
    typed: &str,
) -> Result<Response, PageError> {
    flow.goal = Goal::Device(Typing { code: shown(typed), ..Typing::default() });
    let problem = |flow: &Flow, problem| form(app, browser, live, flow, Some(problem));
    let Some(code) = UserCode::read(typed) else { return problem(&flow, DeviceProblem::Malformed) };
    let now = app.clock.now();
    let config = &app.config.throttle;
    let counted =
        throttle::count_user_code(&app.store, &app.seals, config, &live.user.id, info.ip, now).await?;
    let attempt = match counted {
        Counted::Allowed(attempt) => attempt,
        Counted::TooMany { retry_after } => {
            let retry_after_seconds = u64::try_from(retry_after).unwrap_or(1);
            return problem(&flow, DeviceProblem::TooManyAttempts { retry_after_seconds });
        }
    };
    let found = app.store.waiting_device(&app.seals.user_code(code.as_str()), now).await?;
    let waiting = match found {
        Some(request) => Waiting::of(app, request).await?,
        None => None,
    };
    let Some(waiting) = waiting else { return problem(&flow, DeviceProblem::NotWaiting) };
    throttle::take_back(&app.store, &attempt).await?;
    flow.goal = Goal::Device(Typing { code: code.shown(), request: Some(waiting.request.id), allowed: None });
    Ok(Redirect::to(&flow.next(app)?).into_response())
}

/// What comes before the question, or the question.
async fn go_on(
    app: &App,
    browser: &Browser,
    live: &Live,
    flow: &mut Flow,
    waiting: &Waiting,
) -> Result<Response, PageError> {
    let address = match waiting.step(app, live, flow).await? {
        Step::Ask => return ask(app, browser, live, flow, waiting).await,
        Step::Login => {
            flow.wanted = level_of_sign_in(&app.config.assurance.classes, &waiting.client);
            flow.at(app, "/login")?
        }
        Step::StepUp(level) => {
            flow.raise(&live.session, &live.user, level, app.clock.now());
            flow.at(app, "/login/second")?
        }
        Step::SetUp(level) => {
            flow.wanted = level;
            flow.at(app, "/login/set-up")?
        }
    };
    Ok(Redirect::to(&address).into_response())
}

fn form(
    app: &App,
    browser: &Browser,
    live: &Live,
    flow: &Flow,
    problem: Option<DeviceProblem>,
) -> Result<Response, PageError> {
    let page = pages::EnterUserCode {
        words: browser.locale.words_in(flow),
        flow: flow.seal(app)?,
        csrf: browser.csrf_in(&app.seals, &live.session.id),
        account: live.user.display_name().to_owned(),
        code: typing_of(flow)?.code,
        problem,
    };
    let mut response = html(&page, &Csp::default());
    match problem {
        None => {}
        Some(DeviceProblem::Malformed | DeviceProblem::NotWaiting) => {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        Some(DeviceProblem::TooManyAttempts { retry_after_seconds }) => {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(RETRY_AFTER, retry_after_seconds.into());
        }
    }
    Ok(response)
}

/// RFC 8628 §3.3.1 and §5.4: who asks, for what, which code that is, and that nobody may have sent it.
async fn ask(
    app: &App,
    browser: &Browser,
    live: &Live,
    flow: &mut Flow,
    waiting: &Waiting,
) -> Result<Response, PageError> {
    let scope = waiting.scope();
    flow.progress.asked = Some(Question { session: live.session.id.clone(), scope: scope.clone() });
    let words = browser.locale.words_in(flow);
    let defined = app.store.scope_definitions().await?;
    let scopes = scopes_to_show(&scope);
    let scopes = scopes.into_iter().map(|scope| pages::describe_scope(&words, scope, &defined)).collect();
    let page = pages::AllowDevice {
        words,
        flow: flow.seal(app)?,
        csrf: browser.csrf_in(&app.seals, &live.session.id),
        // It sends no browser anywhere.
        app: about(&waiting.client, String::new()),
        account: live.user.display_name().to_owned(),
        code: typing_of(flow)?.code,
        scopes,
    };
    Ok(html(&page, &Csp::default()))
}

/// Takes a decision, of whoever was asked and for what they were asked about.
async fn decide(
    app: &App,
    browser: &Browser,
    info: &RequestInfo,
    live: &Live,
    mut flow: Flow,
    id: &str,
    allowed: bool,
) -> Result<Response, PageError> {
    let typing = typing_of(&flow)?;
    let Some(waiting) = Waiting::load(app, id).await? else {
        return form(app, browser, live, &flow, Some(DeviceProblem::NotWaiting));
    };
    let scope = waiting.scope();
    let was_asked =
        flow.progress.asked.as_ref().is_some_and(|asked| asked.is_answered_by(&live.session.id, &scope));
    if !was_asked || waiting.step(app, live, &flow).await? != Step::Ask {
        return Ok(Redirect::to(&flow.next(app)?).into_response());
    }
    let (now, origin) = (app.clock.now(), info.anonymous().by_user(&live.user.id));
    let target = format!("client:{}", waiting.client.id);
    let decided = if allowed {
        let Some(consent_id) = consented(app, info, live, &waiting, &scope).await? else {
            // Withdrawn at this very moment, elsewhere: they are asked once more.
            return Ok(Redirect::to(&flow.next(app)?).into_response());
        };
        let code = code_of(app, live, &waiting, scope.clone(), consent_id);
        let sealed = app.seals.seal(Purpose::DeviceGrant, &code, &app.entropy)?;
        if waiting.client.was_never_used() {
            app.store.note_client_use(&waiting.client.id, now).await?;
        }
        if waiting.client.metadata.is_told_of_logout() {
            let (session, client) = (&live.session.id, &waiting.client.id);
            app.store.note_session_client(session, client, &live.user.id, now).await?;
        }
        let audit = app.audit(&origin, "device.allow", target, scope.to_string());
        app.store.decide_device(id, Decided::Allow(&sealed), now, &audit).await?
    } else {
        let audit = app.audit(&origin, "device.deny", target, scope.to_string());
        app.store.decide_device(id, Decided::Deny, now, &audit).await?
    };
    if !decided {
        return form(app, browser, live, &flow, Some(DeviceProblem::NotWaiting));
    }
    flow.goal = Goal::Device(Typing { allowed: Some(allowed), ..typing });
    Ok(Redirect::to(&flow.next(app)?).into_response())
}

/// The consent that what is allowed rests on, remembered as in the code flow; some none for a client that needs none.
async fn consented(
    app: &App,
    info: &RequestInfo,
    live: &Live,
    waiting: &Waiting,
    scope: &Scope,
) -> Result<Option<Option<ConsentId>>, PageError> {
    let client = &waiting.client;
    if client.metadata.skip_consent {
        return Ok(Some(None));
    }
    let store = app.store.asked_anew();
    let standing = store.consent(&live.user.id, &client.id).await?;
    if let Some(consent) = standing.filter(|consent| consent.scope.covers(scope)) {
        return Ok(Some(Some(consent.id.clone())));
    }
    consent::remember(app, info, &live.user.id, &client.id, scope).await?;
    // Its id is that of the consent that was there before, if one was.
    let standing = store.consent(&live.user.id, &client.id).await?;
    Ok(standing.filter(|consent| consent.scope.covers(scope)).map(|consent| Some(consent.id.clone())))
}

/// What the device gets: what an authorization code would hold that had been sent to the client now.
fn code_of(app: &App, live: &Live, waiting: &Waiting, scope: Scope, consent_id: Option<ConsentId>) -> Code {
    let (session, classes) = (&live.session, &app.config.assurance.classes);
    let reached = classes.level_of_session(&session.acr);
    Code {
        grant_id: app.entropy.ordered_id(&app.clock).into(),
        client_id: waiting.client.id.clone(),
        redirect_uri: String::new(),
        redirect_uri_was_named: false,
        challenge: None,
        user_id: session.user_id.clone(),
        session_id: session.id.clone(),
        consent_id,
        scope,
        claims: ClaimsRequest::default(),
        dpop_jkt: None,
        nonce: None,
        auth_time: session.auth_time,
        acr: classes.stated(&wanted(classes, &waiting.client), reached).to_owned(),
        amr: session.methods.clone(),
        // The device fetches it when it asks next; after that, nobody can.
        expires_at: waiting.request.expires_at,
    }
}

/// What was decided, and where to go on.
async fn done(
    app: &App,
    browser: &Browser,
    flow: &Flow,
    id: &str,
    allowed: bool,
) -> Result<Response, PageError> {
    let client = match app.store.device_request(id).await? {
        Some(request) => app.store.client(&request.client_id).await?,
        None => None,
    };
    let Some(client) = client else { return Ok(Redirect::to("/device").into_response()) };
    let page = pages::DeviceDone {
        words: browser.locale.words_in(flow),
        flow: flow.seal(app)?,
        app: client.metadata.client_name.clone(),
        allowed,
    };
    Ok(html(&page, &Csp::default()))
}
