//! `/account`: what people do with their own account.
#![expect(clippy::missing_errors_doc, reason = "an error is the page that says what is wrong")]

pub mod activity;
pub mod address;
pub mod data;
pub mod linked;
pub mod methods;
pub mod profile;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::admin::{Refusal, users};
use crate::app::App;
use crate::authn::{self, by_own_password};
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::known_device;
use crate::http::page::{Csp, html};
use crate::http::request_info::RequestInfo;
use crate::http::session::{self, SignedIn, ends_at, live_of_user};
use crate::http::sign_out;
use crate::i18n::{Words, key};
use crate::pages::{
    self, AppRow, Notice, PasswordProblem, SessionRow, Shell, describe_device, describe_scope,
};
use crate::protocol::ids::{ClientId, SessionId};
use crate::protocol::session::Session;
use crate::protocol::user::{LONGEST_PASSWORD, SHORTEST_PASSWORD};

/// Whoever comes to the bare address wants to see their account.
pub async fn front_door() -> Redirect {
    Redirect::to("/account")
}

/// The page.
pub async fn show(
    State(app): State<App>,
    me: SignedIn,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    page(&app, &me, query.get("done").and_then(Notice::parse), None).await
}

/// Signs one device out; this one, too.
pub async fn end_session(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let id = SessionId::from(id);
    if id == me.session.id {
        return end_own_session(&app, &me, &info).await;
    }
    let audit = app.audit(&me.origin(&info), "session.end", format!("session:{id}"), "from another device");
    if app.store.end_session(&me.user.id, &id, &audit).await? {
        Ok(done(Notice::SessionEnded))
    } else {
        Err(PageError::not_found(key("no-such-session")))
    }
}

/// Signs every other device out.
pub async fn end_other_sessions(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    _: OwnForm,
) -> Result<Response, PageError> {
    let target = format!("user:{}", me.user.id);
    let audit = app.audit(&me.origin(&info), "user.end_sessions", target, "all but one");
    app.store.end_sessions_of_user(&me.user.id, Some(&me.session.id), &audit).await?;
    Ok(done(Notice::OtherSessionsEnded))
}

/// Takes an application's access back.
pub async fn revoke_app(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let client = ClientId::from(id);
    let audit = app.audit(&me.origin(&info), "consent.withdraw", format!("client:{client}"), "");
    if app.store.withdraw(&me.user.id, &client, &audit).await? {
        Ok(done(Notice::AppRevoked))
    } else {
        Err(PageError::not_found(key("no-such-app")))
    }
}

/// Changes the password: the old one is asked for as at a sign-in, within the same limits. Every session ends, and with this one
/// whatever an application was about to get by it; the browser has another.
pub async fn change_password(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    headers: HeaderMap,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    if app.store.entry_of_user(&me.user.id).await?.is_some() {
        return Err(PageError::forbidden(key("password-of-directory"), key("password-of-directory-fix")));
    }
    let new = form.get("new").unwrap_or_default();
    let length = new.chars().count();
    if length < SHORTEST_PASSWORD {
        return again(&app, &me, PasswordProblem::TooShort { minimum: SHORTEST_PASSWORD }).await;
    }
    if length > LONGEST_PASSWORD {
        return again(&app, &me, PasswordProblem::TooLong { maximum: LONGEST_PASSWORD }).await;
    }
    let current = form.get("current").unwrap_or_default();
    let devices = known_device::of_request(&app, &headers);
    let user = match by_own_password(&app, &me.origin(&info), &devices, &me.user, current).await? {
        Ok(proved) => proved.user,
        Err(refusal) => return again(&app, &me, refusal.into()).await,
    };
    // Not before the current one was right: the answer tells nobody what it is.
    if new == current {
        return again(&app, &me, PasswordProblem::Same).await;
    }
    let (next, cookies) = session::successor(&app, &info, &me.session);
    let language = me.browser.locale.words().language();
    match users::store_password(&app, &me.origin(&info), &user, new.to_owned(), Some(&next), language).await {
        Ok(()) => {}
        Err(Refusal::WeakPassword(weakness)) => {
            return again(&app, &me, PasswordProblem::Weak(weakness)).await;
        }
        Err(Refusal::Busy) => return again(&app, &me, PasswordProblem::Busy).await,
        Err(other) => return Err(other.into()),
    }
    let mut response = done(Notice::PasswordChanged);
    cookies.set_on(&mut response);
    // With the password that they have now. Without it the device is one that is not known; they are signed in by it all the same.
    if let Ok(user) = users::find(&app, user.id.as_str()).await {
        let _ = known_device::remember(&app, &headers, &user, &mut response).await;
    }
    Ok(response)
}

/// Signs out here.
pub async fn sign_out(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    _: OwnForm,
) -> Result<Response, PageError> {
    end_own_session(&app, &me, &info).await
}

async fn end_own_session(app: &App, me: &SignedIn, info: &RequestInfo) -> Result<Response, PageError> {
    Ok(sign_out::sign_out(
        app,
        me.browser.locale.words(),
        &me.origin(info),
        Some(&me.session),
        sign_out::Next::Page(None),
    )
    .await?)
}

fn done(notice: Notice) -> Response {
    Redirect::to(&format!("/account?done={}", notice.code())).into_response()
}

async fn again(app: &App, me: &SignedIn, problem: PasswordProblem) -> Result<Response, PageError> {
    let mut response = page(app, me, None, Some(problem)).await?;
    *response.status_mut() = match problem {
        PasswordProblem::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        PasswordProblem::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    Ok(response)
}

impl From<authn::Refusal> for PasswordProblem {
    fn from(refusal: authn::Refusal) -> Self {
        match refusal {
            authn::Refusal::WrongCredentials => Self::WrongCurrent,
            authn::Refusal::TooManyAttempts { retry_after_seconds } => {
                Self::TooManyAttempts { retry_after_seconds }
            }
            authn::Refusal::Busy | authn::Refusal::DirectorySilent => Self::Busy,
        }
    }
}

async fn page(
    app: &App,
    me: &SignedIn,
    notice: Option<Notice>,
    password_problem: Option<PasswordProblem>,
) -> Result<Response, PageError> {
    let words = me.browser.locale.words();
    let live = live_of_user(app, &me.user.id).await?;
    let mut sessions: Vec<SessionRow> =
        live.into_iter().map(|session| session_row(app, &words, session, Some(&me.session.id))).collect();
    sessions.sort_by_key(|row| !row.current);
    let grants = app.store.grants_of_user(&me.user.id).await?;
    let defined = app.store.scope_definitions().await?;
    let mut apps = Vec::new();
    for consent in app.store.consents_of_user(&me.user.id).await? {
        let Some(client) = app.store.client(&consent.client_id).await? else { continue };
        apps.push(AppRow {
            client_id: client.id.to_string(),
            open: client.metadata.start_of_sign_in(&app.config.issuer),
            name: client.metadata.client_name.clone(),
            scopes: consent.scope.iter().map(|scope| describe_scope(&words, scope, &defined)).collect(),
            since: consent.created_at.0,
            last_used: grants
                .iter()
                .filter(|grant| grant.client_id == client.id.as_str())
                .map(|grant| grant.rotated_at.max(grant.created_at))
                .max(),
        });
    }
    let page = pages::Account {
        shell: shell(app, words, me),
        username: me.user.username.clone(),
        name: me.user.name.clone().unwrap_or_default(),
        email: me.user.email.clone().unwrap_or_default(),
        unverified: address::can_be_verified(app, &me.user),
        sessions,
        apps,
        notice,
        password_problem,
    };
    // A remembered session outlives the cookie that forms are bound to.
    Ok(me.browser.remember(&app.config, html(&page, &Csp::default())))
}

/// The frame of a signed-in person's pages.
pub(crate) fn shell(app: &App, words: Words, me: &SignedIn) -> Shell {
    Shell {
        words,
        name: me.user.display_name().to_owned(),
        csrf: me.csrf(app),
        is_admin: me.powers.is_any(),
        manages_all: me.powers.is_all(),
        now: app.clock.now().0,
    }
}

/// Where an address is; empty where nobody knows.
fn place_of(app: &App, words: &Words, ip: &str) -> String {
    app.config.places.as_ref().and_then(|places| places.of(ip, words)).unwrap_or_default()
}

/// A session as pages show it.
pub(crate) fn session_row(
    app: &App,
    words: &Words,
    session: Session,
    current: Option<&SessionId>,
) -> SessionRow {
    SessionRow {
        device: describe_device(words, &session.user_agent),
        methods: session.methods.split_whitespace().map(str::to_owned).collect(),
        first_seen: session.created_at.0,
        last_seen: session.last_seen_at.0,
        expires: ends_at(app, &session).0,
        current: current == Some(&session.id),
        id: session.id.to_string(),
        place: place_of(app, words, &session.ip),
        ip: session.ip,
    }
}
