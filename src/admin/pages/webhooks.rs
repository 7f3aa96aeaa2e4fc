//! `/admin/webhooks`

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{changed_meanwhile, done, mistakes, shell, shown};
use crate::admin::webhooks::{self, Issued};
use crate::admin::{Refusal, clients};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{FormFields, OwnForm, PathPair, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{
    AdminWebhookForm, AdminWebhooks, DeliveryRow, EventBox, Notice, Problem, WebhookFields, WebhookRow,
};
use crate::protocol::webhook::{EVENTS, Webhook, WebhookInput, host_of};

const LIST: &str = "/admin/webhooks";

/// All endpoints.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let rows = webhooks::list(&app).await?.into_iter().map(|webhook| WebhookRow {
        host: host_of(&webhook.url).to_owned(),
        id: webhook.id,
        description: webhook.description,
        events: webhook.events,
        state: webhook.state.to_owned(),
        failing_since: webhook.failing_since,
        behind: webhook.behind,
    });
    let page = AdminWebhooks {
        shell: shell(&app, &me),
        rows: rows.collect(),
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// An empty form.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    let input = WebhookInput { enabled: Some(true), ..WebhookInput::default() };
    shown(&app, &me, StatusCode::OK, &blank(&app, &me, &input, Vec::new()))
}

/// Adds an endpoint, and shows its secret.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let input = input_of(&sent);
    match webhooks::create(&app, &me.origin(&info), &input).await {
        Ok(issued) => secret_page(&app, &me, issued).await,
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(shown(&app, &me, status, &blank(&app, &me, &input, problems)))
        }
    }
}

/// One endpoint.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let page = page(&app, &me, webhooks::find(&app, &id).await?).await?;
    let page = AdminWebhookForm { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Changes an endpoint.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = webhooks::find(&app, &id).await?;
    let input = input_of(&sent);
    let changed = if changed_meanwhile(&sent, before.updated_at) {
        Err(Refusal::Changed("webhook"))
    } else {
        webhooks::change(&app, &me.origin(&info), &before, &input).await
    };
    match changed {
        Ok(_) => Ok(done(&format!("{LIST}/{id}"), Notice::WebhookSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = page(&app, &me, before).await?;
            // What was typed is shown where it can be mended; where it was overtaken, what is stored.
            let page = if status == StatusCode::PRECONDITION_FAILED {
                page
            } else {
                let WebhookFields { id, version, .. } = page.webhook;
                let webhook = WebhookFields { id, version, ..fields_of(&input) };
                AdminWebhookForm { webhook, events: boxes(&input), ..page }
            };
            Ok(shown(&app, &me, status, &AdminWebhookForm { problems, ..page }))
        }
    }
}

/// Makes a new secret, and shows it.
pub async fn rotate_secret(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = webhooks::find(&app, &id).await?;
    // The answer shows the secret, so it is no redirect: loading it again must not make another one.
    if changed_meanwhile(&sent, before.updated_at) {
        return overtaken(&app, &me, before).await;
    }
    let overlap = match sent.get("keep_old").map(str::parse) {
        None => clients::OVERLAP,
        Some(Ok(seconds)) => Duration::from_secs(seconds),
        Some(Err(_)) => return Err(PageError::malformed("keep_old must be a number of seconds")),
    };
    let issued = webhooks::rotate_secret(&app, &me.origin(&info), &before, overlap).await?;
    secret_page(&app, &me, issued).await
}

/// Ends the old secret before its time.
pub async fn end_old_secret(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = webhooks::find(&app, &id).await?;
    if changed_meanwhile(&sent, before.updated_at) {
        return overtaken(&app, &me, before).await;
    }
    webhooks::end_old_secret(&app, &me.origin(&info), &before).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::WebhookOldSecretEnded))
}

/// Sends a test.
pub async fn test(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let webhook = webhooks::find(&app, &id).await?;
    webhooks::test(&app, &me.origin(&info), &webhook).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::WebhookAsked))
}

/// Sends a message once more.
pub async fn redeliver(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPair(id, delivery): PathPair,
    _: OwnForm,
) -> Result<Response, PageError> {
    let webhook = webhooks::find(&app, &id).await?;
    webhooks::redeliver(&app, &me.origin(&info), &webhook, &delivery).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::WebhookAsked))
}

/// Leaves out what it was not told.
pub async fn skip(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let webhook = webhooks::find(&app, &id).await?;
    webhooks::skip(&app, &me.origin(&info), &webhook).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::WebhookSkipped))
}

/// Deletes an endpoint.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let webhook = webhooks::find(&app, &id).await?;
    webhooks::delete(&app, &me.origin(&info), &webhook).await?;
    Ok(done(LIST, Notice::WebhookDeleted))
}

async fn secret_page(app: &App, me: &SignedIn, issued: Issued) -> Result<Response, PageError> {
    let page = page(app, me, issued.webhook).await?;
    let notice = Some(Notice::WebhookSaved);
    let page = AdminWebhookForm { secret_shown_once: issued.secret, notice, ..page };
    Ok(shown(app, me, StatusCode::OK, &page))
}

async fn overtaken(app: &App, me: &SignedIn, before: Webhook) -> Result<Response, PageError> {
    let (status, problems) = mistakes(Refusal::Changed("webhook"), input_name)?;
    let page = page(app, me, before).await?;
    Ok(shown(app, me, status, &AdminWebhookForm { problems, ..page }))
}

/// The form of an endpoint as it is stored.
async fn page(app: &App, me: &SignedIn, webhook: Webhook) -> Result<AdminWebhookForm, PageError> {
    let input = WebhookInput::from(&webhook);
    let fields = WebhookFields { id: webhook.id.clone(), version: webhook.updated_at.0, ..fields_of(&input) };
    let deliveries = webhooks::deliveries(app, &webhook).await?.into_iter().map(|delivery| DeliveryRow {
        id: delivery.id,
        event: delivery.event,
        state: delivery.state,
        status: delivery.status,
        cause: delivery.cause,
        attempts: delivery.attempts,
        tried: delivery.tried_at,
    });
    let deliveries = deliveries.collect();
    let view = webhooks::shown(app, webhook).await?;
    Ok(AdminWebhookForm {
        webhook: fields,
        state: view.state.to_owned(),
        cause: view.cause,
        failing_since: view.failing_since,
        next_attempt: view.next_attempt_at,
        behind: view.behind,
        old_secret_until: view.old_secret_expires_at,
        new: false,
        deliveries,
        ..blank(app, me, &input, Vec::new())
    })
}

/// The form of an endpoint that is yet to be made.
fn blank(app: &App, me: &SignedIn, input: &WebhookInput, problems: Vec<Problem>) -> AdminWebhookForm {
    AdminWebhookForm {
        shell: shell(app, me),
        new: true,
        webhook: fields_of(input),
        events: boxes(input),
        state: String::new(),
        cause: String::new(),
        failing_since: None,
        next_attempt: None,
        behind: 0,
        old_secret_until: None,
        deliveries: Vec::new(),
        problems,
        secret_shown_once: None,
        notice: None,
    }
}

fn input_of(form: &FormFields) -> WebhookInput {
    let ticked = |name: &&str| form.get(&format!("event_{name}")).is_some();
    WebhookInput {
        url: form.get("url").map(str::to_owned),
        description: form.get("description").map(str::to_owned),
        events: Some(EVENTS.iter().map(|event| event.name).filter(ticked).map(str::to_owned).collect()),
        enabled: Some(form.get("enabled").is_some()),
    }
}

fn fields_of(input: &WebhookInput) -> WebhookFields {
    WebhookFields {
        id: String::new(),
        version: 0,
        url: input.url.clone().unwrap_or_default(),
        description: input.description.clone().unwrap_or_default(),
        enabled: input.enabled.unwrap_or_default(),
    }
}

fn boxes(input: &WebhookInput) -> Vec<EventBox> {
    let chosen = input.events.as_deref().unwrap_or_default();
    let boxes = EVENTS.iter().map(|event| EventBox {
        input: format!("event_{}", event.name),
        name: event.name,
        means: event.means,
        on: chosen.iter().any(|name| name == event.name),
    });
    boxes.collect()
}

/// The input of the form that a field comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "url" => (field, "Address"),
        "description" => (field, "What it is"),
        "events" => (field, "Events"),
        other => ("", other),
    }
}
