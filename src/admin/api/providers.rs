//! `/admin/api/providers`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::problem::{Body, Patch, Path, Problem, check_if_match, versioned};
use crate::admin::providers::{self, Known, LinksView, ProviderView};
use crate::app::App;
use crate::authn::upstream::{Examined, Standing};
use crate::protocol::provider::ProviderInput;

/// Upstream providers.
#[derive(Serialize, ToSchema)]
pub struct ProviderList {
    /// Those of countersign.toml in its order, then those that were registered here.
    providers: Vec<ProviderView>,
}

/// The providers elsewhere that people sign in with: those of countersign.toml, and those that were registered here.
#[utoipa::path(get, path = "/admin/api/providers", operation_id = "list_providers", tag = "providers",
    responses((status = 200, body = ProviderList)))]
pub async fn list(_: Administrator, State(app): State<App>) -> Result<Json<ProviderList>, Problem> {
    Ok(Json(ProviderList { providers: providers::list(&app).await? }))
}

/// Registers a provider. `preset` fills in what is well known of Google, GitHub, Microsoft or Apple. The answer says which redirect
/// URI is to be registered there.
#[utoipa::path(post, path = "/admin/api/providers", operation_id = "create_provider", tag = "providers",
    request_body = ProviderInput, responses((status = 201, body = ProviderView),
        (status = 409, description = "The id is in use.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<ProviderInput>,
) -> Result<Response, Problem> {
    Ok(answer(&app, StatusCode::CREATED, &providers::create(&app, &caller.origin, &input).await?))
}

/// One provider. Its secret is never shown.
#[utoipa::path(get, path = "/admin/api/providers/{id}", operation_id = "show_provider", tag = "providers",
    params(("id" = String, Path)), responses((status = 200, body = ProviderView)))]
pub async fn show(_: Administrator, State(app): State<App>, Path(id): Path) -> Result<Response, Problem> {
    Ok(answer(&app, StatusCode::OK, &providers::find(&app, &id).await?))
}

/// Changes a provider that was registered here: what is named replaces, null removes, the rest stays (RFC 7396). The secret stays
/// where none is named.
#[utoipa::path(patch, path = "/admin/api/providers/{id}", operation_id = "update_provider", tag = "providers",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = ProviderInput,
    responses((status = 200, body = ProviderView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    patch: Patch<ProviderInput>,
) -> Result<Response, Problem> {
    let before = seen(&app, &id, &headers).await?;
    let forget = patch.removes("client_secret") || patch.removes("private_key");
    let input = patch.onto(&before.input)?;
    let after = providers::change(&app, &caller.origin, &before, &input, forget).await?;
    Ok(answer(&app, StatusCode::OK, &after))
}

/// Deletes a provider that was registered here. The accounts that are linked to it stay linked, and cannot be signed in to by it: see
/// its links before.
#[utoipa::path(delete, path = "/admin/api/providers/{id}", operation_id = "delete_provider", tag = "providers",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let before = seen(&app, &id, &headers).await?;
    providers::delete(&app, &caller.origin, &before).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many accounts sign in with a provider, and how many of them have no other way in.
#[utoipa::path(get, path = "/admin/api/providers/{id}/links", operation_id = "links_of_provider", tag = "providers",
    params(("id" = String, Path)), responses((status = 200, body = LinksView)))]
pub async fn links(
    _: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<LinksView>, Problem> {
    providers::find(&app, &id).await?;
    Ok(Json(providers::links(&app, &id).await?))
}

/// Asks a provider, anew, whether people could sign in with it: its discovery document and keys, or whether its endpoints answer.
#[utoipa::path(post, path = "/admin/api/providers/{id}/test", operation_id = "test_provider", tag = "providers",
    params(("id" = String, Path)), responses((status = 200, body = Examined)))]
pub async fn test(
    _: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<Examined>, Problem> {
    Ok(Json(providers::examine(&app, &id).await?))
}

async fn seen(app: &App, id: &str, headers: &HeaderMap) -> Result<Arc<Standing>, Problem> {
    let standing = providers::registered(providers::find(app, id).await?)?;
    check_if_match(headers, Known::Registered(Arc::clone(&standing)).version())?;
    Ok(standing)
}

fn answer(app: &App, status: StatusCode, known: &Known) -> Response {
    versioned(status, known.version(), providers::view(app, known))
}
