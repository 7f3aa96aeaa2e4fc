//! `/authorize`: the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2), and the hub that every page of
//! a sign-in returns to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::access_token::{self, IssueError, Life, Subject};
use super::browser::Browser;
use super::error::PageError;
use super::extract::{FormFields, QueryFields};
use super::failures::to_request;
use super::flow::{self, Flow, Goal};
use super::id_token::{self, Authentication, Bound, Hint, read_hint};
use super::reply::{self, refuse};
use super::request_object;
use super::session::{self, Live};
use super::subject::subject_of;
use super::user_claims;
use crate::app::App;
use crate::authn::means::account_of;
use crate::i18n::key;
use crate::protocol::assurance::Level;
use crate::protocol::authorize::{
    self, AuthorizationRequest, ReplyTo, RequestError, RequestPolicy, ShowToUser,
};
use crate::protocol::client::{Client, ResponseType};
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::code::{self, Code};
use crate::protocol::diagnosis::{Difference, nearest};
use crate::protocol::error::{ErrorCode, Rule as _};
use crate::protocol::grant::DeadGrant;
use crate::protocol::ids::{ClientId, ConsentId};
use crate::protocol::params::Params;
use crate::protocol::prompt::{Refusal, Situation, Step, level_of_sign_in, next_step};
use crate::protocol::pushed::{self, PushedError, PushedRequest};
use crate::protocol::redirect_uri::{RedirectUriError, SafeRedirect};
use crate::protocol::session::Session;
use crate::protocol::session_state::session_state;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::Purpose;
use crate::store::{Consent, Opened, Store, StoreError};

/// A new request, or a flow that comes back from one of our pages.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    // A request of a client's may hold a parameter of that name too, which means nothing here (RFC 6749 §3.1).
    let mut flow = if let Some(text) = params.get("flow").filter(|_| params.get("client_id").is_none()) {
        Flow::open(&app, text, &browser)?
    } else {
        let client = client_of(&app, &params).await?;
        match asked_for(&app, &client, &params).await? {
            Ok((params, pushed)) => {
                let mut flow =
                    Flow::begin(Goal::Authorize(params.pairs().to_vec()), &browser, app.clock.now());
                flow.pushed = pushed;
                flow
            }
            Err(error) => {
                let to = reply_to(&client, &params).map_err(|page| match error {
                    // Whoever must push need not say here where they want to go.
                    RequestError::NotPushed => for_developer(&client, ShowToUser::NotPushed),
                    _ => page,
                })?;
                return Ok(to_request(refuse(&app, &to, error.code(), &error), || Some(params)));
            }
        }
    };
    let response = advance(&app, &headers, &mut flow).await?;
    let response = to_request(response, || flow.params());
    Ok(browser.remember(&app.config, response))
}

/// The parameters that count of a new request: those that were pushed, those of its request object, or its own. Of one
/// that was pushed, the id by which it is answered once.
async fn asked_for(
    app: &App,
    client: &Client,
    params: &Params,
) -> Result<Result<(Params, Option<OneTimeId>), RequestError>, PageError> {
    if let Some(reference) = params.get("request_uri").and_then(pushed::reference) {
        // RFC 9101 §6.3: what stands beside it does not count.
        let (params, once) =
            pushed_request(app, client, params, reference).map_err(|error| not_answered(client, error))?;
        return Ok(Ok((params, Some(once))));
    }
    // Before anything is fetched for it.
    if pushed::is_required(client, app.config.authorization.require_pushed_requests) {
        return Ok(Err(RequestError::NotPushed));
    }
    Ok(request_object::unfolded(app, client, params.clone()).await?.map(|params| (params, None)))
}

/// The request that was pushed (RFC 9126 §4).
fn pushed_request(
    app: &App,
    client: &Client,
    params: &Params,
    reference: &str,
) -> Result<(Params, OneTimeId), PushedError> {
    if params.get("request").is_some() {
        return Err(PushedError::WithObject);
    }
    let pushed: PushedRequest =
        app.seals.open(Purpose::PushedRequest, reference).map_err(|_| PushedError::Unknown)?;
    pushed.may_be_used(&client.id, flow::LONGEST, app.clock.now())
}

/// The page for who comes with the `request_uri` of a pushed request that is not answered: nobody is sent anywhere. That
/// it is late is the matter of whoever reads it, and not only of developers.
fn not_answered(client: &Client, error: PushedError) -> PageError {
    let (title, what) = match error {
        PushedError::Expired => (key("took-too-long-title"), key("request-expired")),
        PushedError::Used => (key("request-used-title"), key("request-used")),
        PushedError::Unknown | PushedError::OtherClient | PushedError::WithObject => {
            return for_developer(client, error.into());
        }
    };
    PageError::new(StatusCode::BAD_REQUEST, title, what, key("sign-in-again-from-app"))
        .fact("client_id", short(client.id.as_str()))
        .code(ShowToUser::from(error).code())
        .section(error.section())
}

/// A page for the developer of a client.
fn for_developer(client: &Client, error: ShowToUser) -> PageError {
    PageError::from(error)
        .for_whom(key("error-developer-of").about("app", &client.metadata.client_name))
        .fact("client_id", short(client.id.as_str()))
}

/// Core §3.1.2.1 wants POST too. The session cookie is `SameSite=Lax` and does not come with another site's POST, so
/// the request is begun again as the GET that it means.
pub async fn post(FormFields(params): FormFields) -> Result<Response, PageError> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params.pairs());
    go(&format!("/authorize?{}", query.finish()))
}

/// What fits into a request line of ours (64 kB), and into a form of ours with room for its other fields.
pub(super) const LONGEST_ADDRESS: usize = 56 * 1024;

/// Goes on at an address of ours, which carries the whole request along.
fn go(address: &str) -> Result<Response, PageError> {
    if address.len() > LONGEST_ADDRESS {
        return Err(PageError::malformed("the request is too long to be carried through a sign-in"));
    }
    Ok(Redirect::to(address).into_response())
}

/// Asks the rule for the next step, and takes it.
async fn advance(app: &App, headers: &HeaderMap, flow: &mut Flow) -> Result<Response, PageError> {
    let params =
        flow.params().ok_or_else(|| PageError::malformed("the flow is not an authorization request's"))?;
    let asked = Asked::load(app, &params).await?;
    let request = match &asked.request {
        Ok(request) => request,
        Err(error) => return Ok(refuse(app, &asked.reply_to, error.code(), error)),
    };
    // Judged anew at every step, as everything is: the client may have been told to push meanwhile.
    let must_be_pushed = pushed::is_required(&asked.client, app.config.authorization.require_pushed_requests);
    if must_be_pushed && flow.pushed.is_none() {
        let error = RequestError::NotPushed;
        return Ok(refuse(app, &asked.reply_to, error.code(), &error));
    }
    let hint = match &request.id_token_hint {
        Some(text) => read_hint(app, text).await?,
        None => None,
    };
    if request.id_token_hint.is_some() && hint.is_none() {
        let error = RequestError::IdTokenHint;
        return Ok(refuse(app, &asked.reply_to, error.code(), &error));
    }
    let classes = &app.config.assurance.classes;
    let judge = |known: &Known, attainable: Option<Level>| {
        let live = known.live.as_ref();
        next_step(&Situation {
            client: &asked.client,
            request,
            is_expected_user: live.and_then(|live| is_expected(app, &asked, hint.as_ref(), &live.user)),
            session: live.map(|live| &*live.session),
            consented_scope: known.consent.as_ref().map(|consent| &consent.scope),
            progress: &flow.progress,
            classes,
            least_of_groups: known.least_of_groups,
            attainable,
            now: app.clock.now(),
        })
    };
    let mut known = Known::load(app, &app.store, headers, &asked).await?;
    let mut step = judge(&known, None);
    if step != Step::Issue {
        // What is remembered may be a moment behind; nobody is asked or refused anything by it.
        known = Known::load(app, &app.store.asked_anew(), headers, &asked).await?;
        step = judge(&known, None);
    }
    if let (Step::StepUp(_) | Step::Refuse(Refusal::UnmetAcr), Some(live)) = (step, &known.live) {
        let attainable = account_of(app, &live.user).await?.attainable;
        step = judge(&known, Some(attainable));
    }
    // Nobody is asked anything for what was answered before.
    if step != Step::Issue
        && let Some(once) = &flow.pushed
        && app.store.assertion_is_used(once).await?
    {
        return Err(not_answered(&asked.client, PushedError::Used));
    }
    let Known { live, consent, .. } = known;
    let session = live.as_ref().map(|live| &*live.session);
    let browser_state = session::browser_state(app, headers, session);
    let mut response = match (step, &live) {
        (Step::Issue, Some(live)) => {
            let consent_id = consent.map(|consent| consent.id.clone());
            issue(app, &browser_state, &asked, request, live, consent_id, flow.pushed.as_ref()).await?
        }
        (Step::Consent, Some(_)) => go(&flow.at(app, "/consent")?)?,
        (Step::SignUp, _) => go(&flow.at(app, "/sign-up")?)?,
        (Step::Refuse(refusal), _) => {
            // Session Management §2: also in an error, so that whoever asks because the state changed learns the new one.
            let state = state_of_session(app, &browser_state, &asked);
            let code = refusal.code();
            reply::refuse_with(app, &asked.reply_to, code, &refusal, state.as_deref())
        }
        (Step::StepUp(level), Some(live)) => {
            flow.raise(&live.session, &live.user, level, app.clock.now());
            go(&flow.at(app, "/login/second")?)?
        }
        (Step::SetUp(level), Some(_)) => {
            flow.wanted = level;
            go(&flow.at(app, "/login/set-up")?)?
        }
        (Step::Login | Step::StepUp(_) | Step::SetUp(_) | Step::Issue | Step::Consent, _) => {
            // All at once, rather than one after the other.
            flow.wanted = level_of_sign_in(classes, &asked.client, request);
            go(&flow.at(app, "/login")?)?
        }
    };
    session::correct_browser_state(app, headers, session, &browser_state, &mut response);
    Ok(response)
}

/// What is known of who is signed in.
#[derive(Default)]
struct Known {
    live: Option<Live>,
    /// What they allowed the client before.
    consent: Option<Arc<Consent>>,
    /// What their groups ask of them.
    least_of_groups: Option<Level>,
}

impl Known {
    /// As far as this handle of the database knows. A client that skips consent needs none: what it is given rests on no
    /// consent either.
    async fn load(app: &App, store: &Store, headers: &HeaderMap, asked: &Asked) -> Result<Self, StoreError> {
        let Some(live) = session::known_of(app, store, headers).await? else { return Ok(Self::default()) };
        let consent = if asked.client.metadata.skip_consent {
            None
        } else {
            store.consent(&live.user.id, &asked.client.id).await?
        };
        let least_of_groups = store.groups_of_user(&live.user.id).await?.least_acr();
        Ok(Self { live: Some(live), consent, least_of_groups })
    }
}

/// Is this the user that the client expects, by a hint or by a value for `sub` (Core §3.1.2.1, §5.5.1)?
fn is_expected(app: &App, asked: &Asked, hint: Option<&Hint>, user: &User) -> Option<bool> {
    let subjects = asked.request.as_ref().ok().and_then(|request| request.claims.subjects());
    let by_hint = hint.map(|hint| hint.names(app, &user.id));
    let by_subject = subjects.map(|subjects| {
        let subject = subject_of(app, &asked.client, &user.id);
        subjects.iter().any(|expected| *expected == subject)
    });
    match (by_hint, by_subject) {
        (None, expected) | (expected, None) => expected,
        (Some(by_hint), Some(by_subject)) => Some(by_hint && by_subject),
    }
}

/// An authorization request with the client that it comes from.
pub(super) struct Asked {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where every answer goes.
    pub reply_to: ReplyTo,
    /// What for; or what is wrong with the request.
    pub request: Result<AuthorizationRequest, RequestError>,
}

impl Asked {
    /// Loads the client and judges the request.
    ///
    /// # Errors
    /// What must be shown, because nobody may be sent anywhere.
    pub(super) async fn load(app: &App, params: &Params) -> Result<Self, PageError> {
        let client = client_of(app, params).await?;
        let reply_to = reply_to(&client, params)?;
        let request = judged(app, &client, params, reply_to.redirect.clone()).await?;
        Ok(Self { client, reply_to, request })
    }
}

/// Judges a request by what this deployment allows: here, and where it is pushed.
pub(super) async fn judged(
    app: &App,
    client: &Client,
    params: &Params,
    redirect: SafeRedirect,
) -> Result<Result<AuthorizationRequest, RequestError>, StoreError> {
    // Definitions matter to claims that are asked for one by one.
    let defined = match params.get("claims") {
        Some(_) => Some(app.store.scope_definitions().await?),
        None => None,
    };
    let policy = RequestPolicy {
        defined: defined.as_deref().unwrap_or_default(),
        legacy_front_channel_tokens: app.config.legacy.front_channel_tokens,
        sign_up: app.config.sign_up.is_open(),
    };
    Ok(AuthorizationRequest::validate(client, params, redirect, policy))
}

async fn client_of(app: &App, params: &Params) -> Result<Arc<Client>, PageError> {
    let id = ClientId::from(params.get("client_id").ok_or(ShowToUser::NoClientId)?);
    let client = app.store.client(&id).await?;
    let client = client
        .ok_or_else(|| PageError::from(ShowToUser::UnknownClient).fact("client_id", short(id.as_str())))?;
    // Nothing is fetched for it either.
    if client.disabled {
        reply_to(&client, params)?;
    }
    Ok(client)
}

/// The address that answers go to; or a page for its developer.
fn reply_to(client: &Client, params: &Params) -> Result<ReplyTo, PageError> {
    authorize::answer_address(client, params).map_err(|error| {
        let not_registered = error == ShowToUser::RedirectUri(RedirectUriError::NotRegistered);
        let mut page = for_developer(client, error);
        if let Some(uri) = params.get("redirect_uri") {
            page = page.fact("redirect_uri", short(uri));
            // The registered address itself is not for whoever sent another one.
            let nearest = nearest(&client.metadata.redirect_uris, uri).filter(|_| not_registered);
            let difference = nearest.map(|(_, difference)| difference);
            if let Some(difference) = difference.filter(|difference| *difference != Difference::Several) {
                page = page.fact("the registered one differs in", difference.words());
            }
        }
        page
    })
}

/// A value from a request, short enough for a page.
fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Sends what was asked for: a code (RFC 6749 §4.1.2), an ID token and an access token (Core §3.2.2.5, §3.3.2.5).
async fn issue(
    app: &App,
    browser_state: &str,
    asked: &Asked,
    request: &AuthorizationRequest,
    live: &Live,
    consent_id: Option<ConsentId>,
    pushed: Option<&OneTimeId>,
) -> Result<Response, PageError> {
    let (client, now) = (&asked.client, app.clock.now());
    let granted = Granted { app, client, request, session: &live.session, consent_id, now };
    let code = if request.response_type.has_code() {
        Some(app.seals.seal(Purpose::Code, &granted.code(), &app.entropy)?)
    } else {
        None
    };
    let access_token = if request.response_type.has_token() {
        match granted.access_token().await {
            Ok(token) => Some(token),
            Err(error) => return not_issued(app, asked, error),
        }
    } else {
        None
    };
    let id_token = if request.response_type.has_id_token() {
        let bound = Bound {
            nonce: request.nonce.as_deref(),
            access_token: access_token.as_ref().map(|(token, _)| token.as_str()),
            code: code.as_deref(),
            state: asked.reply_to.state.as_deref(),
        };
        match granted.id_token(&live.user, bound).await {
            Ok(token) => Some(token),
            Err(error) => return not_issued(app, asked, error),
        }
    } else {
        None
    };
    // RFC 9126 §4: once. Here and not when it was first seen, so that a page may be loaded again until then; and last, so that
    // what could not be made uses nothing up.
    if let Some(once) = pushed
        && !app.store.use_assertion(once).await?
    {
        return Err(not_answered(client, PushedError::Used));
    }
    if client.was_never_used() {
        app.store.note_client_use(&client.id, now).await?;
    }
    if client.metadata.is_told_of_logout() {
        app.store.note_session_client(&live.session.id, &client.id, &live.user.id, now).await?;
    }
    let session_state = state_of_session(app, browser_state, asked);
    let scope = request.scope.to_string();
    let mut parameters: Vec<(&str, &str)> = Vec::new();
    parameters.extend(code.as_deref().map(|code| ("code", code)));
    if let Some((token, lifetime)) = &access_token {
        // RFC 6749 §4.2.2
        parameters.extend([
            ("access_token", token.as_str()),
            ("token_type", "Bearer"),
            ("expires_in", lifetime),
            ("scope", &scope),
        ]);
    }
    parameters.extend(id_token.as_deref().map(|token| ("id_token", token)));
    parameters.extend(session_state.as_deref().map(|state| ("session_state", state)));
    Ok(reply::send(app, &asked.reply_to, &parameters))
}

/// Session Management §2: the `session_state`, for clients with a web origin that could ask about it.
fn state_of_session(app: &App, browser_state: &str, asked: &Asked) -> Option<String> {
    let origin = asked.reply_to.redirect.web_origin()?;
    Some(session_state(&asked.client.id, &origin, browser_state, &app.entropy.opaque_id()))
}

/// What the client registered cannot be done: its matter. Everything else is the server's.
fn not_issued(app: &App, asked: &Asked, error: IssueError) -> Result<Response, PageError> {
    match error {
        IssueError::ClientKeys(_) => {
            Ok(refuse(app, &asked.reply_to, ErrorCode::InvalidRequest, &error.to_string()))
        }
        error => Err(PageError::unavailable(&error)),
    }
}

/// What the answer rests on.
struct Granted<'a> {
    app: &'a App,
    client: &'a Client,
    request: &'a AuthorizationRequest,
    session: &'a Session,
    consent_id: Option<ConsentId>,
    now: Timestamp,
}

impl Granted<'_> {
    /// What the answer states as `acr`.
    fn acr(&self) -> &str {
        let classes = &self.app.config.assurance.classes;
        classes.stated(&classes.wanted(self.request), classes.level_of_session(&self.session.acr))
    }

    /// A code, which opens a grant of its own.
    fn code(&self) -> Code {
        let Self { app, request, session, now, .. } = self;
        Code {
            grant_id: app.entropy.ordered_id(&app.clock).into(),
            client_id: self.client.id.clone(),
            redirect_uri: request.redirect.as_str().to_owned(),
            redirect_uri_was_named: request.redirect_uri_was_named,
            challenge: request.challenge.clone(),
            user_id: session.user_id.clone(),
            session_id: session.id.clone(),
            consent_id: self.consent_id.clone(),
            scope: request.scope.clone(),
            claims: request.claims.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            nonce: request.nonce.clone(),
            auth_time: session.auth_time,
            acr: self.acr().to_owned(),
            amr: session.methods.clone(),
            expires_at: now.plus(app.config.tokens.code),
        }
    }

    /// An access token with its lifetime in seconds, and the grant that it can be revoked by.
    async fn access_token(&self) -> Result<(String, String), IssueError> {
        let Self { app, client, now, .. } = *self;
        let ground = self.code();
        let dead = |_: DeadGrant| StoreError::Gone;
        let footing = app.store.footing(&ground).await?.ok_or(StoreError::Gone)?;
        let lifetime = app.config.tokens.access_token;
        let opened =
            code::may_open_at_once(&ground, &footing, app.entropy.secret(), lifetime, now).map_err(dead)?;
        let grant = opened.grant();
        let life = Life::of_access_token(app, now, grant.ends_at(&footing));
        let token = access_token::issue(app, client, Subject::User(grant), &grant.scope, life, None).await?;
        app.statistics.count("token.front_channel");
        match app.store.open_grant(&opened).await? {
            Opened::Now => Ok((token, life.seconds().to_string())),
            Opened::AlreadyUsed | Opened::NotAnyMore => Err(StoreError::Gone.into()),
        }
    }

    /// An ID token. Without an access token it holds the claims that the scopes ask for (Core §5.4), else where the client is
    /// registered so.
    async fn id_token(&self, user: &User, bound: Bound<'_>) -> Result<String, IssueError> {
        let Self { app, client, request, session, now, .. } = *self;
        let only = request.response_type == ResponseType::IdToken;
        let claims =
            user_claims::in_id_token_at_once(app, client, user, &request.scope, &request.claims, only)
                .await?;
        let authentication = Authentication {
            user: &session.user_id,
            session: &session.id,
            auth_time: session.auth_time,
            acr: self.acr(),
            amr: &session.methods,
        };
        id_token::issue(app, client, authentication, bound, claims, now).await
    }
}
