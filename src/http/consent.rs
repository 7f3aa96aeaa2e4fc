//! `/consent`: the page that asks the user. OpenID Connect Core §3.1.2.4.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::authorize::Asked;
use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::failures::to_request;
use super::flow::Flow;
use super::login::about;
use super::page::{Csp, html};
use super::reply::refuse;
use super::request_info::RequestInfo;
use super::session::{self, Live};
use crate::app::App;
use crate::pages;
use crate::protocol::error::ErrorCode;
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::params::Params;
use crate::protocol::prompt::{Question, scopes_to_show};
use crate::protocol::scope::Scope;
use crate::store::{Consent, StoreError};

/// The question.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let (mut flow, params) = open(&app, query.get("flow"), &browser)?;
    let asked = Asked::load(&app, &params).await?;
    let live = session::of_request(&app, &headers).await?;
    // Whatever else is missing is the hub's matter.
    let (Some(live), Ok(request)) = (live, &asked.request) else {
        return Ok(Redirect::to(&flow.next(&app)?).into_response());
    };
    flow.progress.asked =
        Some(Question { session: live.session.id.clone(), scope: request.consent_scope.clone() });
    let words = browser.locale.words_in(&flow);
    let scopes = scopes_to_show(&request.consent_scope);
    let defined = app.store.scope_definitions().await?;
    let scopes = scopes.into_iter().map(|scope| pages::describe_scope(&words, scope, &defined)).collect();
    let page = pages::Consent {
        words,
        flow: flow.seal(&app)?,
        csrf: browser.csrf(&app.seals),
        app: about(&asked.client, asked.reply_to.redirect.destination()),
        account: live.user.display_name().to_owned(),
        scopes,
    };
    let csp = Csp::default().form_to(asked.reply_to.redirect.csp_source());
    Ok(html(&page, &csp))
}

/// The answer.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let (mut flow, params) = open(&app, form.get("flow"), &browser)?;
    let asked = Asked::load(&app, &params).await?;
    let live = session::of_request(&app, &headers).await?;
    let (Some(Live { session, user }), Ok(request)) = (live, &asked.request) else {
        return Ok(Redirect::to(&flow.next(&app)?).into_response());
    };
    let answered = flow
        .progress
        .asked
        .as_ref()
        .is_some_and(|asked| asked.is_answered_by(&session.id, &request.consent_scope));
    if !answered {
        return Ok(Redirect::to(&flow.next(&app)?).into_response());
    }
    match form.get("decision") {
        Some("allow") => {
            remember(&app, &info, &user.id, &asked.client.id, &request.consent_scope).await?;
            flow.progress.consented = Some(session.id.clone());
            Ok(Redirect::to(&flow.next(&app)?).into_response())
        }
        Some("deny") => {
            let refusal = refuse(&app, &asked.reply_to, ErrorCode::AccessDenied, "the user said no");
            Ok(to_request(refusal, || Some(params)))
        }
        _ => Err(PageError::malformed("decision must be allow or deny")),
    }
}

/// Remembers what a user allowed a client, beside what they allowed it before.
pub(super) async fn remember(
    app: &App,
    info: &RequestInfo,
    user: &UserId,
    client: &ClientId,
    scope: &Scope,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let consent = Consent {
        id: app.entropy.ordered_id(&app.clock).into(),
        user_id: user.clone(),
        client_id: client.clone(),
        scope: scope.clone(),
        created_at: now,
    };
    let origin = info.anonymous().by_user(user);
    let audit = app.audit(&origin, "consent.allow", format!("client:{client}"), scope.to_string());
    app.store.allow(&consent, now, &audit).await
}

fn open(app: &App, flow: Option<&str>, browser: &Browser) -> Result<(Flow, Params), PageError> {
    let flow = flow.ok_or_else(|| PageError::malformed("the flow parameter is missing"))?;
    let flow = Flow::open(app, flow, browser)?;
    let params =
        flow.params().ok_or_else(|| PageError::malformed("the flow is not an authorization request's"))?;
    Ok((flow, params))
}
