//! `/authorize`: the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2), and the hub that every page of
//! a sign-in returns to.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::browser::Browser;
use super::error::PageError;
use super::extract::{FormFields, QueryFields};
use super::flow::{Flow, Goal};
use super::session;
use crate::app::App;
use crate::protocol::authorize::{self, AuthorizationRequest, RequestError, ShowToUser};
use crate::protocol::claims::{ID_TOKEN_TYP, IdToken};
use crate::protocol::client::Client;
use crate::protocol::code::Code;
use crate::protocol::error::{ErrorCode, description};
use crate::protocol::ids::{ClientId, ConsentId, UserId};
use crate::protocol::params::Params;
use crate::protocol::prompt::{Situation, Step, next_step};
use crate::protocol::redirect_uri::SafeRedirect;
use crate::protocol::session::Session;
use crate::sealing::Purpose;

/// A new request, or a flow that comes back from one of our pages.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    // A request of a client's may hold a parameter of that name too, which means nothing here (RFC 6749 §3.1).
    let flow = match params.get("flow").filter(|_| params.get("client_id").is_none()) {
        Some(text) => Flow::open(&app, text, &browser)?,
        None => Flow::begin(Goal::Authorize(params.pairs().to_vec()), &browser, app.clock.now()),
    };
    let response = advance(&app, &headers, flow).await?;
    Ok(browser.remember(&app.config, response))
}

/// Core §3.1.2.1 wants POST too. The session cookie is `SameSite=Lax` and does not come with another site's POST, so
/// the request is begun again as the GET that it means.
pub async fn post(FormFields(params): FormFields) -> Result<Response, PageError> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params.pairs());
    go(&format!("/authorize?{}", query.finish()))
}

/// What fits into a request line of ours (64 kB), and into a form of ours with room for its other fields.
const LONGEST_ADDRESS: usize = 56 * 1024;

/// Goes on at an address of ours, which carries the whole request along.
fn go(address: &str) -> Result<Response, PageError> {
    if address.len() > LONGEST_ADDRESS {
        return Err(PageError::malformed("the request is too long to be carried through a sign-in"));
    }
    Ok(Redirect::to(address).into_response())
}

/// Asks the rule for the next step, and takes it.
async fn advance(app: &App, headers: &HeaderMap, flow: Flow) -> Result<Response, PageError> {
    let params =
        flow.params().ok_or_else(|| PageError::malformed("the flow is not an authorization request's"))?;
    let asked = Asked::load(app, &params).await?;
    let request = match &asked.request {
        Ok(request) => request,
        Err(error) => return Ok(refuse(app, &asked.redirect, &params, error.code(), error)),
    };
    let hinted_user = match hinted_user(app, request) {
        Ok(user) => user,
        Err(error) => return Ok(refuse(app, &asked.redirect, &params, error.code(), &error)),
    };
    let live = session::of_request(app, headers).await?;
    let consent = match &live {
        Some(live) => app.store.consent(&live.user.id, &asked.client.id).await?,
        None => None,
    };
    let step = next_step(&Situation {
        client: &asked.client,
        request,
        hinted_user: hinted_user.as_ref(),
        session: live.as_ref().map(|live| &live.session),
        consented_scope: consent.as_ref().map(|consent| &consent.scope),
        progress: &flow.progress,
        now: app.clock.now(),
    });
    match (step, live) {
        (Step::Issue, Some(live)) => {
            let consent_id =
                consent.map(|consent| consent.id).filter(|_| !asked.client.metadata.skip_consent);
            issue(app, &asked.client, request, &params, &live.session, consent_id)
        }
        (Step::Consent, Some(_)) => go(&format!("/consent?flow={}", flow.seal(app)?)),
        (Step::Refuse(refusal), _) => Ok(refuse(app, &asked.redirect, &params, refusal.code(), &refusal)),
        (Step::Login | Step::Issue | Step::Consent, _) => go(&format!("/login?flow={}", flow.seal(app)?)),
    }
}

/// An authorization request with the client that it comes from.
pub(super) struct Asked {
    /// Who asks.
    pub client: Client,
    /// Where every answer goes.
    pub redirect: SafeRedirect,
    /// What for; or what is wrong with the request.
    pub request: Result<AuthorizationRequest, RequestError>,
}

impl Asked {
    /// Loads the client and judges the request.
    ///
    /// # Errors
    /// What must be shown, because nobody may be sent anywhere.
    pub(super) async fn load(app: &App, params: &Params) -> Result<Self, PageError> {
        let id = ClientId::from(params.get("client_id").ok_or(ShowToUser::NoClientId)?);
        let client = app.store.client(&id).await?.ok_or_else(|| {
            PageError::from(ShowToUser::UnknownClient).fact("client_id", short(id.as_str()))
        })?;
        let redirect = authorize::answer_address(&client, params).map_err(|error| {
            let mut page = PageError::from(error)
                .for_whom(format!("the developer of {}", client.metadata.client_name))
                .fact("client_id", short(client.id.as_str()));
            if let Some(uri) = params.get("redirect_uri") {
                page = page.fact("redirect_uri", short(uri));
            }
            page
        })?;
        let request = AuthorizationRequest::validate(&client, params, redirect.clone());
        Ok(Self { client, redirect, request })
    }
}

/// A value from a request, short enough for a page.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Core §3.1.2.1 `id_token_hint`: an ID token of ours, expired or not.
fn hinted_user(app: &App, request: &AuthorizationRequest) -> Result<Option<UserId>, RequestError> {
    let Some(hint) = &request.id_token_hint else { return Ok(None) };
    let verified = app.keys.verify::<IdToken>(hint, ID_TOKEN_TYP).map_err(|_| RequestError::IdTokenHint)?;
    if verified.claims.iss != app.config.issuer.as_str() {
        return Err(RequestError::IdTokenHint);
    }
    Ok(Some(verified.claims.sub))
}

/// RFC 6749 §4.1.2: sends the code.
fn issue(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    params: &Params,
    session: &Session,
    consent_id: Option<ConsentId>,
) -> Result<Response, PageError> {
    let code = Code {
        grant_id: app.entropy.ordered_id(&app.clock).into(),
        client_id: client.id.clone(),
        redirect_uri: request.redirect.as_str().to_owned(),
        redirect_uri_was_named: request.redirect_uri_was_named,
        challenge: request.challenge.clone(),
        user_id: session.user_id.clone(),
        session_id: session.id.clone(),
        consent_id,
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        auth_time: session.auth_time,
        acr: session.acr.clone(),
        amr: session.methods.clone(),
        expires_at: app.clock.now().plus(app.config.tokens.code),
    };
    let sealed = app.seals.seal(Purpose::Code, &code, &app.entropy)?;
    Ok(answer(app, &request.redirect, params, &[("code", &sealed)]))
}

/// RFC 6749 §4.1.2.1: sends an error.
pub(super) fn refuse(
    app: &App,
    redirect: &SafeRedirect,
    params: &Params,
    code: ErrorCode,
    cause: &(impl std::fmt::Display + ?Sized),
) -> Response {
    let text = description(&cause.to_string());
    tracing::info!(error = %code, cause = %text, "authorization refused");
    answer(app, redirect, params, &[("error", code.as_str()), ("error_description", &text)])
}

/// Sends the browser to the client, with `state` as it came and `iss` (RFC 9207 §2) in every answer. 303, so that a
/// form's body is never sent along (RFC 9700 §4.12).
fn answer(app: &App, redirect: &SafeRedirect, params: &Params, parameters: &[(&str, &str)]) -> Response {
    let mut all = parameters.to_vec();
    all.extend(authorize::state(params).map(|state| ("state", state)));
    all.push(("iss", app.config.issuer.as_str()));
    Redirect::to(&redirect.with_query(&all)).into_response()
}
