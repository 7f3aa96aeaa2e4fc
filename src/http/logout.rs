//! `/logout`: sign-out at a client's request (OpenID Connect RP-Initiated Logout 1.0), and the page that asks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::browser::Browser;
use super::error::{PageError, sentence};
use super::extract::{CheckedForm, FormFields, QueryFields};
use super::id_token::read_hint;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::session::{self, Live};
use super::sign_out::{self, Next};
use crate::app::App;
use crate::i18n::key;
use crate::pages;
use crate::protocol::claims::IdToken;
use crate::protocol::client::Client;
use crate::protocol::error::ErrorCode;
use crate::protocol::ids::ClientId;
use crate::protocol::logout::{LogoutError, LogoutPlan, LogoutRequest, plan};
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::SafeRedirect;

/// What a client may send (§2); everything else is left behind.
const CARRIED: [&str; 5] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// A request: signs out at once when the hint proves that it is about this very session, else asks.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let asked = Asked::load(&app, &headers, &params).await?;
    if !asked.plan.ask {
        return sign_out(&app, &browser, &info, asked, &params).await;
    }
    let page = pages::LogoutConfirm {
        words: browser.locale.words_for(&params),
        csrf: browser.csrf(&app.seals),
        account: asked.live.as_ref().map(|live| live.user.display_name().to_owned()),
        app: asked.client.as_ref().map(|client| client.metadata.client_name.clone()),
        fields: CARRIED
            .iter()
            .filter_map(|name| params.get(name).map(|value| ((*name).to_owned(), value.to_owned())))
            .collect(),
    };
    let target = asked.plan.redirect.as_ref().map(SafeRedirect::csp_source).unwrap_or_default();
    Ok(browser.remember(&app.config, html(&page, &Csp::default().form_to(target))))
}

/// The page's answer; or a client's request by POST (§2), to which the session cookie did not come along, so that it is
/// begun again as the GET that it means.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    form: FormFields,
) -> Result<Response, PageError> {
    if form.get("csrf").is_none() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(CARRIED.iter().filter_map(|name| form.get(name).map(|value| (*name, value))));
        return Ok(Redirect::to(&format!("/logout?{}", query.finish())).into_response());
    }
    let CheckedForm(form) = CheckedForm::check(&app, &browser, &headers, form)?;
    let asked = Asked::load(&app, &headers, &form).await?;
    sign_out(&app, &browser, &info, asked, &form).await
}

/// A request with everything it refers to.
struct Asked {
    live: Option<Live>,
    client: Option<Arc<Client>>,
    plan: LogoutPlan,
}

impl Asked {
    async fn load(app: &App, headers: &HeaderMap, params: &Params) -> Result<Self, PageError> {
        // §2: "the OP MUST validate that it was the issuer of the ID Token", which may have expired since.
        let hint = match params.get("id_token_hint") {
            Some(text) => Some(read_hint(app, text).await?.ok_or(LogoutError::Hint)?.token),
            None => None,
        };
        let client = client_of(app, hint.as_ref(), params.get("client_id")).await?;
        let live = session::of_request(app, headers).await?;
        let plan = plan(&LogoutRequest {
            hint: hint.as_ref(),
            client: client.as_deref(),
            redirect_uri: params.get("post_logout_redirect_uri"),
            session: live.as_ref().map(|live| &*live.session),
        })?;
        Ok(Self { live, client, plan })
    }
}

/// The client that a request is from, by its hint or its `client_id`. One that was deleted or disabled since the hint was
/// issued has no say in where the browser goes.
async fn client_of(
    app: &App,
    hint: Option<&IdToken>,
    named: Option<&str>,
) -> Result<Option<Arc<Client>>, PageError> {
    if let (Some(hint), Some(named)) = (hint, named)
        && hint.aud.as_str() != named
    {
        return Err(LogoutError::ClientDiffers.into());
    }
    let Some(id) = named.map(ClientId::from).or_else(|| hint.map(|hint| hint.aud.clone())) else {
        return Ok(None);
    };
    match app.store.client(&id).await? {
        None if hint.is_none() => Err(LogoutError::UnknownClient.into()),
        client => Ok(client.filter(|client| !client.disabled)),
    }
}

/// Ends the session, and sends the browser where the plan says.
async fn sign_out(
    app: &App,
    browser: &Browser,
    info: &RequestInfo,
    asked: Asked,
    params: &Params,
) -> Result<Response, PageError> {
    let next = match (asked.plan.redirect, params.get("state")) {
        (Some(redirect), Some(state)) => Next::Address(redirect.with_query(&[("state", state)])),
        (Some(redirect), None) => Next::Address(redirect.as_str().to_owned()),
        (None, _) => Next::Page(asked.client),
    };
    let session = asked.live.map(|live| live.session);
    let origin = match &session {
        Some(session) => info.anonymous().by_user(&session.user_id),
        None => info.anonymous(),
    };
    Ok(sign_out::sign_out(app, browser.locale.words_for(params), &origin, session.as_deref(), next).await?)
}

impl From<LogoutError> for PageError {
    fn from(error: LogoutError) -> Self {
        let how_to_fix = match error {
            LogoutError::Hint => "Send the ID token as it was issued, or leave id_token_hint out.",
            LogoutError::ClientDiffers => {
                "Send the client_id that the ID token was issued to, or leave it out."
            }
            LogoutError::UnknownClient => {
                "Compare client_id with the one shown by “countersign client list”."
            }
            LogoutError::RedirectNotRegistered => {
                "Send a post_logout_redirect_uri exactly as it is registered, or register this one."
            }
        };
        Self::new(StatusCode::BAD_REQUEST, key("bad-logout-title"), sentence(&error.to_string()), how_to_fix)
            .for_whom(key("error-developer"))
            .code(ErrorCode::InvalidRequest)
    }
}
