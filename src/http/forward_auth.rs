//! `/forward-auth` and `/forward-auth/nginx`: may this request through to an application that stands behind a proxy? Traefik
//! and Caddy hand our answer on to the browser; nginx's `auth_request` knows 2xx, 401 and 403 only, and makes the redirect
//! itself. Which application it is, only a trusted proxy may say.

use axum::extract::State;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::access_token;
use super::error::PageError;
use super::forward_auth_sign_in::pass_of;
use super::request_info::RequestInfo;
use super::session::{self, Live};
use crate::app::App;
use crate::authn::device::Devices;
use crate::authn::means::account_of;
use crate::authn::{Refusal, by_password};
use crate::i18n::key;
use crate::protocol::assurance::Level;
use crate::protocol::forward_auth::{
    PathOfApp, ProtectedApp, Verdict, canonical_host, header_list, header_text,
};
use crate::protocol::sign_in::{Next, SignIn};
use crate::protocol::user::User;
use crate::store::{Store, StoreError};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// For Traefik and Caddy.
pub async fn check(
    State(app): State<App>,
    info: RequestInfo,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let asked = Asked::of(&app, &info, &headers)?;
    Ok(match decide(&app, &info, &headers, asked.app).await? {
        Decision::Allow(who) => who.answer(),
        Decision::SignIn(_) if asked.is_navigation => {
            Redirect::to(&asked.sign_in_address(&app)).into_response()
        }
        Decision::SignIn(challenge) => unauthorized(asked.app, challenge),
        Decision::Forbid => forbidden().into_response(),
        Decision::Later(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, HeaderValue::from(seconds))]).into_response()
        }
    })
}

/// For nginx: every refusal is a 401, with the address to sign in at, or a 403.
pub async fn check_for_nginx(
    State(app): State<App>,
    info: RequestInfo,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let asked = Asked::of(&app, &info, &headers)?;
    Ok(match decide(&app, &info, &headers, asked.app).await? {
        Decision::Allow(who) => who.answer(),
        Decision::SignIn(challenge) => {
            let mut response = unauthorized(asked.app, challenge);
            if let Ok(address) = HeaderValue::from_str(&asked.sign_in_address(&app)) {
                response.headers_mut().insert(LOCATION, address);
            }
            response
        }
        Decision::Forbid | Decision::Later(_) => StatusCode::FORBIDDEN.into_response(),
    })
}

/// The application that a trusted proxy asks for.
pub(super) fn app_asked_for<'a>(
    app: &'a App,
    info: &RequestInfo,
    headers: &HeaderMap,
) -> Result<&'a ProtectedApp, PageError> {
    if !info.by_trusted_proxy {
        return Err(PageError::forbidden(
            "This address is for reverse proxies that the configuration names.",
            "Add the proxy's address to listen.trusted_proxies.",
        ));
    }
    let plain_http = app.config.issuer.is_plain_http();
    let mut hosts = headers.get_all(X_FORWARDED_HOST).iter();
    let host = match (hosts.next().map(HeaderValue::to_str), hosts.next()) {
        (Some(Ok(only)), None) => canonical_host(only, plain_http),
        _ => None,
    };
    let known = host.as_ref().and_then(|host| app.config.forward_auth.iter().find(|app| app.host == *host));
    known.ok_or_else(|| {
        tracing::warn!(host = ?host, "a proxy asks for a host that no [[forward_auth]] names");
        PageError::forbidden(
            "No application with this host is known here.",
            "Have the proxy send one X-Forwarded-Host, and name that host under [[forward_auth]].",
        )
    })
}

/// The web origin of an application.
pub(super) fn origin_of(app: &App, protected: &ProtectedApp) -> String {
    let scheme = if app.config.issuer.is_plain_http() { "http" } else { "https" };
    format!("{scheme}://{}", protected.host)
}

/// What may be a member's business only.
pub(super) fn forbidden() -> PageError {
    PageError::forbidden(key("forward-auth-group"), key("forward-auth-group-fix"))
}

/// What a proxy asks about.
struct Asked<'a> {
    app: &'a ProtectedApp,
    /// Would a page be shown in place of the answer?
    is_navigation: bool,
    /// Where to go back to after a sign-in.
    path: PathOfApp,
}

impl<'a> Asked<'a> {
    fn of(app: &'a App, info: &RequestInfo, headers: &HeaderMap) -> Result<Self, PageError> {
        let protected = app_asked_for(app, info, headers)?;
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let repeatable = text(&X_FORWARDED_METHOD).is_none_or(|method| matches!(method, "GET" | "HEAD"));
        // What a form sent is gone after a sign-in, and must not be asked for as if it were a page.
        let path = text(&X_FORWARDED_URI).filter(|_| repeatable).unwrap_or("/");
        Ok(Self {
            app: protected,
            is_navigation: text(&ACCEPT).is_some_and(|accept| accept.contains("text/html")),
            path: PathOfApp::of(path),
        })
    }

    fn sign_in_address(&self, app: &App) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("path", self.path.as_str());
        format!("{}/.countersign/start?{}", origin_of(app, self.app), query.finish())
    }
}

/// What becomes of a request.
enum Decision {
    /// Through.
    Allow(Who),
    /// Not without a sign-in; with what is wrong with the credentials, as a challenge.
    SignIn(Option<String>),
    /// Not for this user.
    Forbid,
    /// Too many wrong passwords, for so many seconds.
    Later(u64),
}

/// Who asks, as the application gets to know them.
struct Who(HeaderMap);

impl Who {
    /// All headers are there every time, empty if need be: a proxy that copies them leaves none of the browser's own.
    fn new(user: &User, groups: &[String]) -> Self {
        // An address that nobody verified must not open somebody else's account.
        let email = user.email.as_deref().filter(|_| user.email_verified).unwrap_or_default();
        let header = |name, text: String| {
            let value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
            (HeaderName::from_static(name), value)
        };
        Self(HeaderMap::from_iter([
            header("remote-user", header_text(&user.username)),
            header("remote-email", header_text(email)),
            header("remote-name", header_text(user.display_name())),
            header("remote-groups", header_list(groups)),
        ]))
    }

    fn answer(self) -> Response {
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().extend(self.0);
        response
    }
}

/// By the session first; then by what a program sends.
async fn decide(
    app: &App,
    info: &RequestInfo,
    headers: &HeaderMap,
    protected: &ProtectedApp,
) -> Result<Decision, PageError> {
    let classes = &app.config.assurance.classes;
    if let Some(live) = session_of_pass(app, headers, protected).await? {
        let reached = classes.level_of_session(&live.session.acr);
        return Ok(match judge(app, protected, &live.user, reached).await? {
            (Verdict::Allow, who) => Decision::Allow(who),
            (Verdict::StepUp, _) => Decision::SignIn(None),
            (Verdict::Forbid, _) => Decision::Forbid,
        });
    }
    match Credentials::of(headers) {
        Some(Credentials::Basic { login, password }) if protected.basic => {
            by_basic(app, info, protected, &login, &password).await
        }
        Some(Credentials::Bearer(token)) => match &protected.scope {
            Some(scope) => by_token(app, protected, scope, &token).await,
            None => Ok(Decision::SignIn(None)),
        },
        // Others are the application's own.
        _ => Ok(Decision::SignIn(None)),
    }
}

async fn judge(
    app: &App,
    protected: &ProtectedApp,
    user: &User,
    reached: Level,
) -> Result<(Verdict, Who), StoreError> {
    let (mut groups, mut least) = groups_of(&app.store, user).await?;
    let mut verdict = protected.judge(&groups, least, reached);
    if verdict != Verdict::Allow {
        // What is remembered may be a moment behind; nobody is refused by it.
        (groups, least) = groups_of(&app.store.asked_anew(), user).await?;
        verdict = protected.judge(&groups, least, reached);
    }
    Ok((verdict, Who::new(user, &groups)))
}

/// The names of a user's groups, and what those ask of their members.
pub(super) async fn groups_of(
    store: &Store,
    user: &User,
) -> Result<(Vec<String>, Option<Level>), StoreError> {
    let names = store.group_names(&user.id).await?;
    Ok((names, store.groups_of_user(&user.id).await?.least_acr()))
}

async fn session_of_pass(
    app: &App,
    headers: &HeaderMap,
    protected: &ProtectedApp,
) -> Result<Option<Live>, StoreError> {
    let Some(pass) = pass_of(app, headers) else { return Ok(None) };
    if pass.host != protected.host {
        return Ok(None);
    }
    session::still_live(app, &pass.session, &pass.secret_hash).await
}

/// What a program sends in `Authorization`.
enum Credentials {
    /// RFC 7617.
    Basic { login: String, password: String },
    /// RFC 6750 §2.1.
    Bearer(String),
}

impl Credentials {
    /// Those of a request; none if there are several, or others.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(only), None) = (values.next(), values.next()) else { return None };
        let (scheme, rest) = only.to_str().ok()?.split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self::Bearer(rest.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (login, password) = text.split_once(':').filter(|_| !text.contains('\0'))?;
        Some(Self::Basic { login: login.to_owned(), password: password.to_owned() })
    }
}

/// User name and password, at every request anew. An account that asks for a second factor is not opened by half of it.
async fn by_basic(
    app: &App,
    info: &RequestInfo,
    protected: &ProtectedApp,
    login: &str,
    password: &str,
) -> Result<Decision, PageError> {
    let origin = info.anonymous();
    // On the application's host there is no cookie of this server's.
    let devices = Devices::default();
    let proved = match by_password(app, &origin, &devices, login, password).await? {
        Ok(proved) => proved,
        Err(Refusal::WrongCredentials) => return Ok(Decision::SignIn(None)),
        Err(Refusal::TooManyAttempts { retry_after_seconds }) => {
            return Ok(Decision::Later(retry_after_seconds));
        }
        Err(Refusal::Busy) => return Ok(Decision::Later(2)),
        Err(Refusal::DirectorySilent) => return Ok(Decision::Later(60)),
    };
    let user = proved.user;
    let mut sign_in = SignIn::default();
    sign_in.proved(proved.proof);
    let account = account_of(app, &user).await?;
    let (_, least) = groups_of(&app.store.asked_anew(), &user).await?;
    let level = protected.level_for(least);
    let who = match sign_in.next(&account, None, level, app.clock.now()) {
        Next::Done(who) => who,
        Next::First | Next::Second { .. } | Next::NewPassword(_) => {
            let cause = if user.new_password_required {
                "password that is to be replaced"
            } else {
                app.statistics.count("refused.no_second_factor");
                "password without second factor"
            };
            let target = format!("user:{}", user.id);
            app.store.audit(&app.audit(&origin, "session.refused", target, cause)).await?;
            return Ok(Decision::SignIn(None));
        }
    };
    Ok(match judge(app, protected, &user, who.level()).await? {
        (Verdict::Allow, who) => Decision::Allow(who),
        (Verdict::StepUp, _) => Decision::SignIn(None),
        (Verdict::Forbid, _) => Decision::Forbid,
    })
}

/// An access token of a user's (RFC 6750) with the scope that this application asks for.
async fn by_token(
    app: &App,
    protected: &ProtectedApp,
    scope: &str,
    token: &str,
) -> Result<Decision, PageError> {
    let challenge = |error: &str| {
        Decision::SignIn(Some(format!("Bearer realm=\"{}\", error=\"{error}\"", protected.host)))
    };
    let active = access_token::active(app, token).await?;
    // RFC 9449 §7.2: one that is bound to a key is no bearer token; whose proof it was, a proxy could not say.
    let Some(active) = active.filter(|active| active.token.bound_to().is_none()) else {
        return Ok(challenge("invalid_token"));
    };
    // A client's own token speaks for nobody.
    let Some(grant) = active.grant.filter(|_| active.token.scope.contains(scope)) else {
        return Ok(challenge("insufficient_scope"));
    };
    let Some(user) = app.store.user(&grant.user_id).await?.filter(|user| !user.disabled) else {
        return Ok(challenge("invalid_token"));
    };
    let classes = &app.config.assurance.classes;
    let reached = classes.level_of_session(active.token.acr.as_deref().unwrap_or_default());
    Ok(match judge(app, protected, &user, reached).await? {
        (Verdict::Allow, who) => Decision::Allow(who),
        // RFC 9470 §3
        (Verdict::StepUp, _) => {
            let (_, least) = groups_of(&app.store.asked_anew(), &user).await?;
            Decision::SignIn(Some(format!(
                "Bearer realm=\"{}\", error=\"insufficient_user_authentication\", acr_values=\"{}\"",
                protected.host,
                classes.name(protected.level_for(least))
            )))
        }
        (Verdict::Forbid, _) => Decision::Forbid,
    })
}

/// RFC 9110 §15.5.2: with at least one challenge; a browser is asked for a password by a page of ours, never by this.
fn unauthorized(protected: &ProtectedApp, challenge: Option<String>) -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let bearer = challenge.unwrap_or_else(|| format!("Bearer realm=\"{}\"", protected.host));
    let basic = protected.basic.then(|| format!("Basic realm=\"{}\", charset=\"UTF-8\"", protected.host));
    for challenge in [Some(bearer), basic].into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    response
}
