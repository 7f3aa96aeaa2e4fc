//! `/.countersign/start`, `/forward-auth/start` and `/.countersign/callback`: how a browser gets the cookie that opens an
//! application behind a proxy. The session's own cookie never leaves the issuer's host; so the browser goes there, and comes
//! back with a ticket: sealed, for this host and this browser, for a minute, once.
//!
//! Nobody can be sent elsewhere: an address is made of a host in the configuration and a path, and the path is sealed.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::browser::Browser;
use super::cookie::Cookie;
use super::error::PageError;
use super::extract::QueryFields;
use super::flow::{Flow, Goal};
use super::forward_auth::{app_asked_for, forbidden, groups_of, origin_of};
use super::request_info::RequestInfo;
use super::session::{self, Live};
use crate::app::App;
use crate::authn::means::account_of;
use crate::i18n::key;
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::forward_auth::{PathOfApp, ProtectedApp, Verdict};
use crate::protocol::ids::SessionId;
use crate::protocol::secret::sha256_hex;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::Purpose;

/// How long a sign-in may take, as every other.
const LONGEST_SIGN_IN: Duration = Duration::from_secs(3600);

/// How long the way back may take.
const LONGEST_WAY_BACK: Duration = Duration::from_secs(60);

/// What is handed out sealed. Being of one kind, none of these passes for another.
#[derive(Serialize, Deserialize)]
enum Sealed {
    Start(Start),
    Ticket(Ticket),
    Pass(Pass),
}

/// The way there: what the issuer's host needs to know.
#[derive(Serialize, Deserialize)]
struct Start {
    host: String,
    path: PathOfApp,
    /// The browser, by its cookie on the application's host.
    browser: String,
    expires_at: Timestamp,
}

/// The way back.
#[derive(Serialize, Deserialize)]
struct Ticket {
    pass: Pass,
    path: PathOfApp,
    browser: String,
    /// Its name at the gate.
    id: String,
    expires_at: Timestamp,
}

/// What the cookie on an application's host holds: it opens this host alone, while this session lives.
#[derive(Serialize, Deserialize)]
pub(super) struct Pass {
    /// The host.
    pub host: String,
    /// The session.
    pub session: SessionId,
    /// The session's secret, hashed: a session that got a new one opens nothing by what was handed out before.
    pub secret_hash: String,
}

/// The pass in a request's cookie, if it is one of ours.
pub(super) fn pass_of(app: &App, headers: &HeaderMap) -> Option<Pass> {
    match app.seals.open(Purpose::ForwardAuth, Cookie::App.read(&app.config, headers)?) {
        Ok(Sealed::Pass(pass)) => Some(pass),
        _ => None,
    }
}

/// On the application's host: off to the issuer.
pub async fn start(
    State(app): State<App>,
    info: RequestInfo,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let protected = app_asked_for(&app, &info, &headers)?;
    let start = Start {
        host: protected.host.clone(),
        path: PathOfApp::of(params.get("path").unwrap_or("/")),
        // Only the browser that began can end it: nobody is signed in to somebody else's account by a link.
        browser: browser.fingerprint(),
        expires_at: app.clock.now().plus(LONGEST_SIGN_IN),
    };
    let to = app.seals.seal(Purpose::ForwardAuth, &Sealed::Start(start), &app.entropy)?;
    let issuer = app.config.issuer.at(&format!("/forward-auth/start?to={to}"));
    Ok(browser.remember(&app.config, Redirect::to(&issuer).into_response()))
}

/// On the issuer's host: sign in if need be, then back.
pub async fn at_issuer(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let to = params.get("to").ok_or_else(|| PageError::malformed("the parameter to is missing"))?;
    let Ok(Sealed::Start(start)) = app.seals.open(Purpose::ForwardAuth, to) else { return Err(not_ours()) };
    if app.clock.now().reached(start.expires_at) {
        return Err(too_long());
    }
    let protected = app.config.forward_auth.iter().find(|app| app.host == start.host).ok_or_else(not_ours)?;
    let goal = Goal::ProtectedApp { origin: origin_of(&app, protected), to: to.to_owned() };
    let mut flow = Flow::begin(goal, &browser, app.clock.now());
    flow.wanted = protected.level;
    let Some(live) = session::of_request(&app, &headers).await? else {
        let response = flow.go_to(&app, "/login")?;
        return Ok(browser.remember(&app.config, response));
    };
    let (groups, least) = groups_of(&app.store.asked_anew(), &live.user).await?;
    flow.wanted = protected.level_for(least);
    let reached = app.config.assurance.classes.level_of_session(&live.session.acr);
    match protected.judge(&groups, least, reached) {
        Verdict::Allow => back(&app, protected, start, &live),
        Verdict::Forbid => Err(forbidden()),
        Verdict::StepUp => {
            if account_of(&app, &live.user).await?.attainable < flow.wanted {
                return Err(PageError::forbidden(key("forward-auth-level"), key("forward-auth-level-fix")));
            }
            flow.raise(&live.session, &live.user, flow.wanted, app.clock.now());
            let response = flow.go_to(&app, "/login/second")?;
            Ok(browser.remember(&app.config, response))
        }
    }
}

fn back(app: &App, protected: &ProtectedApp, start: Start, live: &Live) -> Result<Response, PageError> {
    let ticket = Ticket {
        pass: Pass {
            host: start.host,
            session: live.session.id.clone(),
            secret_hash: live.session.secret_hash.clone(),
        },
        path: start.path,
        browser: start.browser,
        id: app.entropy.opaque_id(),
        expires_at: app.clock.now().plus(LONGEST_WAY_BACK),
    };
    let ticket = app.seals.seal(Purpose::ForwardAuth, &Sealed::Ticket(ticket), &app.entropy)?;
    let address = format!("{}/.countersign/callback?ticket={ticket}", origin_of(app, protected));
    Ok(Redirect::to(&address).into_response())
}

/// On the application's host again: the cookie, and on to where the browser wanted.
pub async fn callback(
    State(app): State<App>,
    info: RequestInfo,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let protected = app_asked_for(&app, &info, &headers)?;
    let text = params.get("ticket").ok_or_else(|| PageError::malformed("the parameter ticket is missing"))?;
    let Ok(Sealed::Ticket(ticket)) = app.seals.open(Purpose::ForwardAuth, text) else {
        return Err(not_ours());
    };
    if ticket.pass.host != protected.host {
        return Err(not_ours());
    }
    if ticket.browser != browser.fingerprint() {
        return Err(PageError::forbidden(key("other-browser"), key("sign-in-again-from-app")));
    }
    if app.clock.now().reached(ticket.expires_at) {
        return Err(too_long());
    }
    // A line break keeps it apart from every client's assertion.
    let once = OneTimeId { id: sha256_hex(&format!("\n{}", ticket.id)), expires_at: ticket.expires_at };
    let page = format!("{}{}", origin_of(&app, protected), ticket.path.as_str());
    let live = session::still_live(&app, &ticket.pass.session, &ticket.pass.secret_hash).await?;
    let mut response = Redirect::to(&page).into_response();
    // Signed out meanwhile, or used before: whoever has no cookie there begins anew.
    let Some(live) = live else { return Ok(response) };
    if !app.store.use_assertion(&once).await? {
        return Ok(response);
    }
    let pass = app.seals.seal(Purpose::ForwardAuth, &Sealed::Pass(ticket.pass), &app.entropy)?;
    let left = u64::try_from(live.session.expires_at.since(app.clock.now())).unwrap_or(0);
    let lifetime = live.session.remembered.then_some(Duration::from_secs(left));
    response.headers_mut().append(SET_COOKIE, Cookie::App.write(&app.config, &pass, lifetime));
    Ok(response)
}

fn not_ours() -> PageError {
    PageError::malformed("the address is not one that this server made for this application")
}

fn too_long() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        key("took-too-long-title"),
        key("took-too-long"),
        key("sign-in-again-from-app"),
    )
}
