//! `/logout`: sign-out at a client's request (OpenID Connect RP-Initiated Logout 1.0), and the page that asks.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::browser::Browser;
use super::cookie::Cookie;
use super::error::{PageError, sentence};
use super::extract::{CheckedForm, FormFields, QueryFields};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::session::{self, Live};
use crate::app::App;
use crate::pages::{self, ReturnTo};
use crate::protocol::claims::{ID_TOKEN_TYP, IdToken};
use crate::protocol::client::Client;
use crate::protocol::error::ErrorCode;
use crate::protocol::ids::ClientId;
use crate::protocol::logout::{LogoutError, LogoutPlan, LogoutRequest, plan};
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::SafeRedirect;

/// What a client may send (§2); everything else is left behind.
const CARRIED: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

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
        return sign_out(&app, &info, asked, &params).await;
    }
    let page = pages::LogoutConfirm {
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
    sign_out(&app, &info, asked, &form).await
}

/// A request with everything it refers to.
struct Asked {
    live: Option<Live>,
    client: Option<Client>,
    plan: LogoutPlan,
}

impl Asked {
    async fn load(app: &App, headers: &HeaderMap, params: &Params) -> Result<Self, PageError> {
        // §2: an expired hint is accepted; a tampered one, or another issuer's, is not.
        let hint = params
            .get("id_token_hint")
            .map(|hint| app.keys.verify::<IdToken>(hint, ID_TOKEN_TYP).map_err(|_| LogoutError::Hint))
            .transpose()?
            .map(|verified| verified.claims);
        if hint.as_ref().is_some_and(|hint| hint.iss != app.config.issuer.as_str()) {
            return Err(LogoutError::Hint.into());
        }
        let client = client_of(app, hint.as_ref(), params.get("client_id")).await?;
        let live = session::of_request(app, headers).await?;
        let plan = plan(&LogoutRequest {
            hint: hint.as_ref(),
            client: client.as_ref(),
            redirect_uri: params.get("post_logout_redirect_uri"),
            session: live.as_ref().map(|live| &live.session),
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
) -> Result<Option<Client>, PageError> {
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
    info: &RequestInfo,
    asked: Asked,
    params: &Params,
) -> Result<Response, PageError> {
    if let Some(Live { session, user }) = &asked.live {
        let origin = info.anonymous().by_user(&user.id);
        let audit = app.audit(&origin, "session.end", format!("session:{}", session.id), "sign-out");
        app.store.end_session(&user.id, &session.id, &audit).await?;
    }
    let mut response = match asked.plan.redirect {
        Some(redirect) => {
            let state: Vec<_> = params.get("state").map(|state| ("state", state)).into_iter().collect();
            let to =
                if state.is_empty() { redirect.as_str().to_owned() } else { redirect.with_query(&state) };
            Redirect::to(&to).into_response()
        }
        None => signed_out_page(asked.client.as_ref()),
    };
    response.headers_mut().append(SET_COOKIE, Cookie::Session.clear(&app.config));
    Ok(response)
}

/// The page after a sign-out that leads nowhere else; with a way back to the client's home page, if it has one.
#[must_use]
pub fn signed_out_page(client: Option<&Client>) -> Response {
    let return_to = client.and_then(|client| {
        let uri = client.metadata.client_uri.clone()?;
        Some(ReturnTo { name: client.metadata.client_name.clone(), uri })
    });
    html(&pages::SignedOut { return_to }, &Csp::default())
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
        Self::new(
            StatusCode::BAD_REQUEST,
            "The application sent a sign-out request that cannot be answered",
            sentence(&error.to_string()),
            how_to_fix,
        )
        .for_whom("the developer of the application")
        .code(ErrorCode::InvalidRequest)
    }
}
