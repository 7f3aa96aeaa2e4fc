//! `/admin/api/webhooks`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::clients::Overlap;
use super::problem::{Body, Patch, Path, PathPair, Problem, Query, check_if_match, versioned};
use crate::admin::webhooks::{self, DeliveryView, Issued, WebhookView};
use crate::app::App;
use crate::protocol::webhook::{Webhook, WebhookInput};

/// Endpoints elsewhere.
#[derive(Serialize, ToSchema)]
pub struct WebhookList {
    /// All, in the order they were made.
    webhooks: Vec<WebhookView>,
}

/// Messages.
#[derive(Serialize, ToSchema)]
pub struct DeliveryList {
    /// The latest, the newest first.
    deliveries: Vec<DeliveryView>,
}

/// The endpoints that are told of events, and how each stands.
#[utoipa::path(get, path = "/admin/api/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList)))]
pub async fn list(_: Administrator, State(app): State<App>) -> Result<Json<WebhookList>, Problem> {
    Ok(Json(WebhookList { webhooks: webhooks::list(&app).await? }))
}

/// Adds an endpoint, which is told of what happens from now on. The answer holds the secret that messages are signed with, which
/// is never shown again.
#[utoipa::path(post, path = "/admin/api/webhooks", operation_id = "create_webhook", tag = "webhooks",
    request_body = WebhookInput, responses((status = 201, body = WebhookView)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<WebhookInput>,
) -> Result<Response, Problem> {
    answer(&app, StatusCode::CREATED, webhooks::create(&app, &caller.origin, &input).await?).await
}

/// One endpoint.
#[utoipa::path(get, path = "/admin/api/webhooks/{id}", operation_id = "show_webhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 200, body = WebhookView)))]
pub async fn show(_: Administrator, State(app): State<App>, Path(id): Path) -> Result<Response, Problem> {
    answer(&app, StatusCode::OK, webhooks::find(&app, &id).await?).await
}

/// Changes an endpoint: what is named replaces, null removes, the rest stays (RFC 7396). Switched on again (`enabled`), it goes
/// on where it stopped.
#[utoipa::path(patch, path = "/admin/api/webhooks/{id}", operation_id = "update_webhook", tag = "webhooks",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = WebhookInput,
    responses((status = 200, body = WebhookView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    patch: Patch<WebhookInput>,
) -> Result<Response, Problem> {
    let before = seen(&app, &id, &headers).await?;
    let input = patch.onto(&WebhookInput::from(&before))?;
    answer(&app, StatusCode::OK, webhooks::change(&app, &caller.origin, &before, &input).await?).await
}

/// Deletes an endpoint.
#[utoipa::path(delete, path = "/admin/api/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let webhook = seen(&app, &id, &headers).await?;
    webhooks::delete(&app, &caller.origin, &webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the secret; messages are signed with both for a day, or as long as is said, so that the receiver can be given the
/// new one. The answer holds it, and it is never shown again.
#[utoipa::path(post, path = "/admin/api/webhooks/{id}/secret", operation_id = "rotate_webhook_secret", tag = "webhooks",
    params(("id" = String, Path), Overlap,
        ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 200, body = WebhookView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn rotate_secret(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    Query(overlap): Query<Overlap>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let before = seen(&app, &id, &headers).await?;
    let overlap = Duration::from_secs(overlap.keep_old_seconds);
    answer(&app, StatusCode::OK, webhooks::rotate_secret(&app, &caller.origin, &before, overlap).await?).await
}

/// Ends the old secret before its time.
#[utoipa::path(delete, path = "/admin/api/webhooks/{id}/old-secret", operation_id = "end_old_webhook_secret",
    tag = "webhooks",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Nothing is signed with it any more."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn end_old_secret(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let before = seen(&app, &id, &headers).await?;
    webhooks::end_old_secret(&app, &caller.origin, &before).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test, `webhook.test`; it is tried once. What became of it is among the deliveries.
#[utoipa::path(post, path = "/admin/api/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 202, body = DeliveryView)))]
pub async fn test(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let webhook = webhooks::find(&app, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(webhooks::test(&app, &caller.origin, &webhook).await?)))
}

/// Leaves out everything that the endpoint was not told yet.
#[utoipa::path(post, path = "/admin/api/webhooks/{id}/skip", operation_id = "skip_webhook", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 204, description = "It is told of what happens from now on.")))]
pub async fn skip(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    let webhook = webhooks::find(&app, &id).await?;
    webhooks::skip(&app, &caller.origin, &webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of the latest messages.
#[utoipa::path(get, path = "/admin/api/webhooks/{id}/deliveries", operation_id = "list_deliveries", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 200, body = DeliveryList)))]
pub async fn deliveries(
    _: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<DeliveryList>, Problem> {
    let webhook = webhooks::find(&app, &id).await?;
    Ok(Json(DeliveryList { deliveries: webhooks::deliveries(&app, &webhook).await? }))
}

/// Sends a message once more, with the same `webhook-id`, besides the others; it is tried once.
#[utoipa::path(post, path = "/admin/api/webhooks/{id}/deliveries/{delivery}/redeliver", operation_id = "redeliver",
    tag = "webhooks", params(("id" = String, Path), ("delivery" = String, Path, description = "Its webhook-id")),
    responses((status = 202, body = DeliveryView)))]
pub async fn redeliver(
    caller: Administrator,
    State(app): State<App>,
    PathPair(id, delivery): PathPair,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let webhook = webhooks::find(&app, &id).await?;
    let asked = webhooks::redeliver(&app, &caller.origin, &webhook, &delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

async fn seen(app: &App, id: &str, headers: &HeaderMap) -> Result<Webhook, Problem> {
    let webhook = webhooks::find(app, id).await?;
    check_if_match(headers, webhook.updated_at)?;
    Ok(webhook)
}

async fn answer(app: &App, status: StatusCode, issued: impl Into<Issued>) -> Result<Response, Problem> {
    let issued = issued.into();
    let version = issued.webhook.updated_at;
    Ok(versioned(status, version, webhooks::shown(app, issued).await?))
}
