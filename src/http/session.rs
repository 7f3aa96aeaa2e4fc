//! The session of a request: from its cookie to a live session and its user.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};

use super::browser::Browser;
use super::cookie::Cookie;
use super::error::PageError;
use super::flow::{Flow, Goal};
use super::known_device;
use super::request_info::RequestInfo;
use crate::admin::access;
use crate::app::{App, Origin};
use crate::authn::by_new_method;
use crate::authn::device::{DeviceError, Devices};
use crate::authn::means::account_of;
use crate::config::Assurance;
use crate::i18n::key;
use crate::protocol::assurance::Level;
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::powers::Powers;
use crate::protocol::secret::{same_secret, sha256_hex};
use crate::protocol::session::Session;
use crate::protocol::sign_in::{self, Authenticated, Next, SignIn};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::store::{AuditEntry, NewSession, Store, StoreError};

/// A live session and its user.
#[derive(Clone, Debug)]
pub struct Live {
    /// The session.
    pub session: Arc<Session>,
    /// Its user, who is not disabled.
    pub user: Arc<User>,
}

/// Finds the live session of a request, if there is one, and notes that it was used.
///
/// # Errors
/// The database is unavailable.
pub async fn of_request(app: &App, headers: &HeaderMap) -> Result<Option<Live>, StoreError> {
    match known_of(app, &app.store, headers).await? {
        // What is remembered may be a moment behind; nobody is signed out by it.
        None => known_of(app, &app.store.asked_anew(), headers).await,
        live => Ok(live),
    }
}

/// The same, as far as this handle of the database knows.
///
/// # Errors
/// The database is unavailable.
pub async fn known_of(app: &App, store: &Store, headers: &HeaderMap) -> Result<Option<Live>, StoreError> {
    let Some((id, secret)) = cookie_of(app, headers) else { return Ok(None) };
    live(app, store, &id, &sha256_hex(secret)).await
}

fn cookie_of<'a>(app: &App, headers: &'a HeaderMap) -> Option<(SessionId, &'a str)> {
    let (id, secret) = Cookie::Session.read(&app.config, headers)?.split_once('.')?;
    Some((SessionId::from(id), secret))
}

/// The session that a request says it belongs to. Whether that is so is for [`of_request`] to say.
#[must_use]
pub fn session_named_by(app: &App, headers: &HeaderMap) -> Option<SessionId> {
    cookie_of(app, headers).map(|(id, _)| id)
}

/// Finds a live session by its name, for as long as its secret is the one that was seen once, and notes that it was used.
///
/// # Errors
/// The database is unavailable.
pub async fn still_live(app: &App, id: &SessionId, secret_hash: &str) -> Result<Option<Live>, StoreError> {
    match live(app, &app.store, id, secret_hash).await? {
        None => live(app, &app.store.asked_anew(), id, secret_hash).await,
        live => Ok(live),
    }
}

async fn live(
    app: &App,
    store: &Store,
    id: &SessionId,
    secret_hash: &str,
) -> Result<Option<Live>, StoreError> {
    let Some(session) = store.session(id).await? else { return Ok(None) };
    let now = app.clock.now();
    if !same_secret(secret_hash, &session.secret_hash) || !session.is_live(idle_limit(app, &session), now) {
        return Ok(None);
    }
    let Some(user) = store.user(&session.user_id).await?.filter(|user| !user.disabled) else {
        return Ok(None);
    };
    if session.should_be_touched(now) {
        store.touch_session(&session, now);
    }
    Ok(Some(Live { session, user }))
}

/// A user's sessions that count now, the one used last first.
///
/// # Errors
/// The database is unavailable.
pub async fn live_of_user(app: &App, user: &UserId) -> Result<Vec<Session>, StoreError> {
    let now = app.clock.now();
    let mut sessions = app.store.sessions_of_user(user, now).await?;
    sessions.retain(|session| session.is_live(idle_limit(app, session), now));
    Ok(sessions)
}

/// When a session ends if it is not used again.
#[must_use]
pub fn ends_at(app: &App, session: &Session) -> Timestamp {
    session.expires_at.min(session.last_seen_at.plus(idle_limit(app, session)))
}

/// How a session came about.
struct Begun<'a> {
    user: &'a UserId,
    methods: String,
    acr: String,
    auth_time: Timestamp,
    remember: bool,
    former: Option<&'a Session>,
}

/// Begins a session for who was authenticated. The browser's secret is new every time (CVE-2026-7507). The same user's session
/// goes on under its name (`sid`): other applications that were signed in to from it stay so, and their sign-out hints
/// stay true. Another user's session is ended. Answers the session and its cookies; none when the user was switched off
/// or got another password meanwhile.
///
/// # Errors
/// The database is unavailable.
pub async fn begin(
    app: &App,
    info: &RequestInfo,
    who: &Authenticated,
    devices: &Devices,
    remember: bool,
    former: Option<&Session>,
) -> Result<Option<(Session, Cookies)>, DeviceError> {
    let user = app.store.asked_anew().user(who.user()).await?;
    // The gate asks again.
    let Some(user) = user.filter(|user| user.updated_at == who.unchanged_since()) else { return Ok(None) };
    let begun = Begun {
        user: &user.id,
        methods: who.amr(),
        acr: app.config.assurance.classes.name(who.level()).to_owned(),
        auth_time: who.auth_time(),
        remember,
        former,
    };
    let (session, audit, mut cookies) = compose(app, info, begun);
    cookies.0.push(known_device::cookie(app, devices, &user).await?);
    if !app.store.begin_session(&session, &user, former.map(|former| &former.id), &audit).await? {
        return Ok(None);
    }
    app.statistics.count("sign_in");
    Ok(Some((session, cookies)))
}

/// Raises a live session whose user just proved something more on a page of their account: whoever set an app up or made a passkey
/// there need not prove it once more a moment later. Answers its cookies; none where it stays as it is.
///
/// # Errors
/// The database is unavailable.
pub async fn raise(
    app: &App,
    info: &RequestInfo,
    devices: &Devices,
    session: &Session,
    by: sign_in::Method,
) -> Result<Option<Cookies>, DeviceError> {
    let now = app.clock.now();
    let Some(user) = app.store.asked_anew().user(&session.user_id).await? else { return Ok(None) };
    let mut sign_in = SignIn::raising(session, user.updated_at, now);
    sign_in.proved(by_new_method(app, &user, by));
    let account = account_of(app, &user).await?;
    let Next::Done(who) = sign_in.next(&account, Some(&session.id), Level::default(), now) else {
        return Ok(None);
    };
    let begun = begin(app, info, &who, devices, session.remembered, Some(session)).await?;
    Ok(begun.map(|(_, cookies)| cookies))
}

/// A session to take the place of one that ends, after a change that whoever had that one must not profit by. It is another one,
/// though it stands for the same sign-in.
#[must_use]
pub fn successor(app: &App, info: &RequestInfo, former: &Session) -> (NewSession, Cookies) {
    let begun = Begun {
        user: &former.user_id,
        methods: former.methods.clone(),
        acr: former.acr.clone(),
        auth_time: former.auth_time,
        remember: former.remembered,
        former: None,
    };
    let (session, audit, cookies) = compose(app, info, begun);
    (NewSession { former: former.id.clone(), session, audit }, cookies)
}

fn compose(app: &App, info: &RequestInfo, begun: Begun<'_>) -> (Session, AuditEntry, Cookies) {
    let Begun { user, methods, acr, auth_time, remember, former } = begun;
    let now = app.clock.now();
    let secret = app.entropy.secret();
    let lifetime =
        if remember { app.config.sessions.remembered_absolute } else { app.config.sessions.absolute };
    let same_user = former.filter(|former| former.user_id == *user);
    let session = Session {
        id: same_user.map_or_else(|| app.entropy.ordered_id(&app.clock).into(), |former| former.id.clone()),
        secret_hash: sha256_hex(&secret),
        user_id: user.clone(),
        active: true,
        auth_time,
        methods,
        acr,
        remembered: remember,
        ip: info.ip.to_string(),
        user_agent: info.user_agent.clone(),
        created_at: same_user.map_or(now, |former| former.created_at),
        last_seen_at: now,
        expires_at: now.plus(lifetime),
    };
    let origin = info.anonymous().by_user(user);
    let audit = app.audit(&origin, "session.begin", format!("session:{}", session.id), &session.methods[..]);
    let (cookie, lifetime) = (format!("{}.{secret}", session.id), remember.then_some(lifetime));
    let state = app.seals.browser_state(session.id.as_str());
    let cookies = Cookies(vec![
        Cookie::Session.write(&app.config, &cookie, lifetime),
        Cookie::BrowserState.write(&app.config, &state, lifetime),
    ]);
    (session, audit, cookies)
}

/// The cookies that make a session the browser's, and after a sign-in the browser one that is known.
#[derive(Clone, Debug)]
pub struct Cookies(Vec<HeaderValue>);

impl Cookies {
    /// Sends them along.
    pub fn set_on(self, response: &mut Response) {
        for cookie in self.0 {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

/// Has the browser forget its session, and with it every sign-in in progress and every form that is still open there: they are
/// bound to the browser's own cookie, and the next page gives it another.
pub fn forget(app: &App, response: &mut Response) {
    for cookie in [Cookie::Session, Cookie::BrowserState, Cookie::Browser] {
        response.headers_mut().append(SET_COOKIE, cookie.clear(&app.config));
    }
}

/// Has the browser forget a session that is over already. Sign-ins in progress stay: anybody's link leads to a sign-out of nobody.
pub fn forget_ended(app: &App, response: &mut Response) {
    for cookie in [Cookie::Session, Cookie::BrowserState] {
        response.headers_mut().append(SET_COOKIE, cookie.clear(&app.config));
    }
}

/// What the frame of Session Management §3.2 reads once this request is answered, and so what `session_state` is computed
/// from; empty where nobody is signed in.
#[must_use]
pub fn browser_state(app: &App, headers: &HeaderMap, live: Option<&Session>) -> String {
    match (live, Cookie::Session.read(&app.config, headers)) {
        (Some(session), _) => app.seals.browser_state(session.id.as_str()),
        // It ran out, or was ended elsewhere.
        (None, Some(_)) => String::new(),
        // In another site's frame the session's cookie does not come along (`SameSite=Lax`), and this one does: whether
        // anybody is signed in is not known here.
        (None, None) => Cookie::BrowserState.read(&app.config, headers).unwrap_or_default().to_owned(),
    }
}

/// Has the browser's cookie agree with its [`browser_state`] where it does not: the session ran out, was ended elsewhere, or
/// began before there was such a cookie. Without this, an application that asks anew because the state has changed would
/// find it changed again.
pub fn correct_browser_state(
    app: &App,
    headers: &HeaderMap,
    live: Option<&Session>,
    right: &str,
    response: &mut Response,
) {
    if Cookie::BrowserState.read(&app.config, headers).unwrap_or_default() == right {
        return;
    }
    let cookie = match live {
        Some(session) => {
            let left = u64::try_from(session.expires_at.since(app.clock.now())).unwrap_or(0);
            let lifetime = session.remembered.then_some(Duration::from_secs(left));
            Cookie::BrowserState.write(&app.config, right, lifetime)
        }
        None => Cookie::BrowserState.clear(&app.config),
    };
    response.headers_mut().append(SET_COOKIE, cookie);
}

fn idle_limit(app: &App, session: &Session) -> Duration {
    if session.remembered { app.config.sessions.remembered_idle } else { app.config.sessions.idle }
}

/// A signed-in user's request. Whoever is not signed in is sent to the sign-in page and comes back.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: Arc<User>,
    /// The session.
    pub session: Arc<Session>,
    /// The browser.
    pub browser: Browser,
    /// What the user may administer.
    pub powers: Powers,
}

impl SignedIn {
    /// The token of the forms of this request's page.
    #[must_use]
    pub fn csrf(&self, app: &App) -> String {
        self.browser.csrf_in(&app.seals, &self.session.id)
    }

    /// Who does what this request asks for.
    #[must_use]
    pub fn origin(&self, info: &RequestInfo) -> Origin {
        info.anonymous().by_user(&self.user.id).with_powers(self.powers.clone())
    }
}

/// What a user may administer.
///
/// # Errors
/// The database is unavailable.
pub async fn powers_of(app: &App, user: &User) -> Result<Powers, StoreError> {
    if user.is_admin {
        return Ok(Powers::all());
    }
    Ok(Powers::of_user(&user.id, app.store.delegated_to_user(&user.id).await?))
}

/// A request to administer something, of somebody who may call this address.
#[derive(Clone, Debug)]
pub struct AdminSession(pub SignedIn);

/// A request of a user who proved who they are a moment ago, as surely as their account can: for what decides who can sign in
/// tomorrow. Others are sent to prove it and come back. Whoever knows the password alone must not add a passkey to an account
/// that has one, and so become as sure as its owner.
#[derive(Clone, Debug)]
pub struct JustSignedIn(pub SignedIn);

/// For how many seconds a sign-in is fresh.
const FRESH: i64 = 900;

impl FromRequestParts<App> for JustSignedIn {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        let attainable = match account_of(app, &signed_in.user).await {
            Ok(account) => account.attainable,
            Err(error) => return Err(PageError::from(error).into_response()),
        };
        let asked = if app.clock.now().since(signed_in.session.auth_time) >= FRESH {
            ask_to_sign_in(parts, app, &signed_in.browser, attainable)
        } else if app.config.assurance.classes.level_of_session(&signed_in.session.acr) < attainable {
            ask_to_step_up(parts, app, &signed_in, attainable).await
        } else {
            return Ok(Self(signed_in));
        };
        Err(asked.unwrap_or_else(IntoResponse::into_response))
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let browser = match Browser::from_request_parts(parts, app).await {
            Ok(browser) => browser,
            Err(never) => match never {},
        };
        match of_request(app, &parts.headers).await {
            Ok(Some(Live { session, user })) => match powers_of(app, &user).await {
                Ok(powers) => Ok(Self { user, session, browser, powers }),
                Err(error) => Err(PageError::from(error).into_response()),
            },
            Ok(None) => {
                let asked = ask_to_sign_in(parts, app, &browser, Level::default());
                Err(asked.unwrap_or_else(IntoResponse::into_response))
            }
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

fn ask_to_sign_in(parts: &Parts, app: &App, browser: &Browser, level: Level) -> Result<Response, PageError> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(PageError::forbidden(key("not-signed-in"), key("not-signed-in-fix")));
    }
    let mut flow = Flow::begin(Goal::Page(parts.uri.path().to_owned()), browser, app.clock.now());
    flow.wanted = level;
    let response = flow.go_to(app, "/login")?;
    Ok(browser.remember(&app.config, response))
}

/// Has a signed-in user prove it by something more, and come back.
async fn ask_to_step_up(
    parts: &Parts,
    app: &App,
    signed_in: &SignedIn,
    level: Level,
) -> Result<Response, PageError> {
    let SignedIn { user, session, browser, .. } = signed_in;
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(PageError::forbidden(key("not-sure-enough"), key("not-sure-enough-fix")));
    }
    if account_of(app, user).await?.attainable < level {
        return Err(PageError::forbidden(
            key("administrators-need-more"),
            key("administrators-need-more-fix"),
        ));
    }
    let mut flow = Flow::begin(Goal::Page(parts.uri.path().to_owned()), browser, app.clock.now());
    flow.raise(session, user, level, app.clock.now());
    Ok(flow.go_to(app, "/login/second")?)
}

impl FromRequestParts<App> for AdminSession {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        if !signed_in.powers.is_any() {
            let refusal = PageError::forbidden(key("administrators-only"), key("administrators-only-fix"));
            return Err(refusal.into_response());
        }
        let Assurance { classes, administrators } = &app.config.assurance;
        if classes.level_of_session(&signed_in.session.acr) < *administrators {
            let more = ask_to_step_up(parts, app, &signed_in, *administrators).await;
            return Err(more.unwrap_or_else(IntoResponse::into_response));
        }
        let info = match RequestInfo::from_request_parts(parts, app).await {
            Ok(info) => info,
            Err(never) => match never {},
        };
        match access::admit(app, &signed_in.origin(&info), parts).await {
            Ok(()) => Ok(Self(signed_in)),
            Err(refusal) => Err(PageError::from(refusal).into_response()),
        }
    }
}
