//! `/admin/api/clients`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::list::{cursor, fifty, place};
use super::problem::{Body, Patch, Path, Problem, Query, check_if_match, versioned};
use crate::admin::clients::{self, ClientView, Issued};
use crate::admin::preview::{self, Preview};
use crate::admin::settings::{self, Settings};
use crate::app::App;
use crate::protocol::registration::{ClientInput, Kind};

/// Which clients.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Only those whose id or name holds this.
    #[serde(default)]
    query: String,
    /// Go on after this: `next` of the answer before, to the same search.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// Some clients.
#[derive(Serialize, ToSchema)]
pub struct ClientList {
    /// In the order of registration.
    clients: Vec<ClientView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// Clients in the order of registration.
#[utoipa::path(get, path = "/admin/api/clients", operation_id = "list_clients", tag = "clients", params(Search),
    responses((status = 200, body = ClientList)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<ClientList>, Problem> {
    let list = format!("clients {}", search.query);
    let after = place(&app, &list, &search.after, search.limit)?;
    let page = clients::list(&app, &caller.origin, &search.query, &after, search.limit).await?;
    let clients = page.clients.into_iter().map(ClientView::from).collect();
    Ok(Json(ClientList { clients, next: cursor(&app, &list, page.next) }))
}

/// Of which kind a new client is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfKind {
    /// `web`, `spa`, `native`, `machine`, `agent` or `device`: what the body leaves out is as such an application needs it, and its
    /// redirect URIs are judged as such.
    #[param(inline)]
    kind: Option<Kind>,
}

/// Registers a client. The answer holds its secret, which is never shown again.
#[utoipa::path(post, path = "/admin/api/clients", operation_id = "create_client", tag = "clients", params(OfKind),
    request_body = ClientInput,
    responses((status = 201, body = ClientView),
        (status = 409, description = "The client_id is in use.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Query(OfKind { kind }): Query<OfKind>,
    Body(input): Body<ClientInput>,
) -> Result<Response, Problem> {
    let issued = match kind {
        Some(kind) => clients::create_kind(&app, &caller.origin, kind, input).await?,
        None => clients::create(&app, &caller.origin, &input).await?,
    };
    Ok(answer(StatusCode::CREATED, issued))
}

/// Settings for the libraries that fit a client.
#[derive(Serialize, ToSchema)]
pub struct ClientSettings {
    /// One for each library.
    settings: Vec<Settings>,
}

/// Settings to paste for the libraries that fit a client, with a placeholder for its secret.
#[utoipa::path(get, path = "/admin/api/clients/{id}/settings", operation_id = "client_settings", tag = "clients",
    params(("id" = String, Path)), responses((status = 200, body = ClientSettings)))]
pub async fn settings(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<ClientSettings>, Problem> {
    let client = clients::seen(&app, &caller.origin, &id).await?;
    let all_must_push = app.config.authorization.require_pushed_requests;
    Ok(Json(ClientSettings { settings: settings::of(&app.config.issuer, &client, None, all_must_push) }))
}

/// One client.
#[utoipa::path(get, path = "/admin/api/clients/{id}", operation_id = "show_client", tag = "clients",
    params(("id" = String, Path)), responses((status = 200, body = ClientView)))]
pub async fn show(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Response, Problem> {
    let client = clients::seen(&app, &caller.origin, &id).await?;
    Ok(versioned(StatusCode::OK, client.updated_at, ClientView::from(client)))
}

/// Changes a client: what is named replaces, null restores the default, the rest stays (RFC 7396). One that becomes
/// confidential gets a secret, which the answer holds and which is never shown again.
#[utoipa::path(patch, path = "/admin/api/clients/{id}", operation_id = "update_client", tag = "clients",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = ClientInput,
    responses((status = 200, body = ClientView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    patch: Patch<ClientInput>,
) -> Result<Response, Problem> {
    let before = clients::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, before.updated_at)?;
    let input = patch.onto(&ClientInput::from(&before))?;
    Ok(answer(StatusCode::OK, clients::change(&app, &caller.origin, before, &input).await?))
}

/// Who, and what the client asks for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct About {
    /// The user: an id, a user name, or an e-mail address.
    #[serde(default)]
    #[param(required = true)]
    user: String,
    /// The scope that the client asks for; without, all that it is registered for.
    scope: Option<String>,
}

/// What a user would get in a client, token by token; nothing is issued. That somebody looked is recorded.
#[utoipa::path(get, path = "/admin/api/clients/{id}/preview", operation_id = "preview_client", tag = "clients",
    params(("id" = String, Path), About), responses((status = 200, body = Preview)))]
pub async fn preview(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    Query(about): Query<About>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(preview::of(&app, &caller.origin, &id, &about.user, about.scope.as_deref()).await?))
}

/// Deletes a client with everybody's consent to it and all its tokens.
#[utoipa::path(delete, path = "/admin/api/clients/{id}", operation_id = "delete_client", tag = "clients",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let client = clients::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, client.updated_at)?;
    clients::delete_unchanged(&app, &caller.origin, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For how long the old secret goes on working.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Overlap {
    /// In seconds; 0 for not at all, 604800 (7 days) at most.
    #[serde(default = "a_day")]
    #[param(default = 86_400)]
    pub(super) keep_old_seconds: u64,
}

const fn a_day() -> u64 {
    clients::OVERLAP.as_secs()
}

/// Replaces a client's secret; the old one works beside it for a day, or as long as is said, so that the application can be
/// given the new one. The answer holds the new one, which is never shown again.
#[utoipa::path(post, path = "/admin/api/clients/{id}/secret", operation_id = "rotate_client_secret", tag = "clients",
    params(("id" = String, Path), Overlap,
        ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 200, body = ClientView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn rotate_secret(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    Query(overlap): Query<Overlap>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let before = clients::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, before.updated_at)?;
    let overlap = Duration::from_secs(overlap.keep_old_seconds);
    Ok(answer(StatusCode::OK, clients::rotate_secret(&app, &caller.origin, before, overlap).await?))
}

/// Ends a client's old secret before its time.
#[utoipa::path(delete, path = "/admin/api/clients/{id}/old-secret", operation_id = "end_old_client_secret", tag = "clients",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "It does not work any more."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn end_old_secret(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let before = clients::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, before.updated_at)?;
    clients::end_old_secret(&app, &caller.origin, before).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(status: StatusCode, issued: Issued) -> Response {
    versioned(status, issued.client.updated_at, ClientView::from(issued))
}
