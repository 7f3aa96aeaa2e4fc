//! `/admin/api/scopes`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::list::{Range, page};
use super::problem::{Body, Patch, Path, Problem, Query, check_if_match, versioned};
use crate::admin::scopes::{self, ScopeView};
use crate::app::App;
use crate::protocol::scope_definition::{ScopeDefinition, ScopeInput};

/// Some scopes.
#[derive(Serialize, ToSchema)]
pub struct ScopeList {
    /// By name.
    scopes: Vec<ScopeView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// The scopes that are defined, by name. Others are words that mean something to the API they are for, and stand in no list.
#[utoipa::path(get, path = "/admin/api/scopes", operation_id = "list_scopes", tag = "scopes", params(Range),
    responses((status = 200, body = ScopeList)))]
pub async fn list(
    _: Administrator,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<ScopeList>, Problem> {
    let all = scopes::list(&app).await?;
    let (scopes, next) = page(&app, "scopes", &range, all, |scope: &ScopeDefinition| scope.name.clone())?;
    Ok(Json(ScopeList { scopes: scopes.iter().map(ScopeView::from).collect(), next }))
}

/// Defines a scope. Whoever was allowed it before, while it was a word only, gets its claims from now on.
#[utoipa::path(post, path = "/admin/api/scopes", operation_id = "create_scope", tag = "scopes",
    request_body = ScopeInput,
    responses((status = 201, body = ScopeView), (status = 409, description = "The name is in use.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<ScopeInput>,
) -> Result<Response, Problem> {
    let scope = scopes::create(&app, &caller.origin, &input).await?;
    Ok(versioned(StatusCode::CREATED, scope.updated_at, ScopeView::from(&scope)))
}

/// One scope. Its name stands in the address with percent signs where it needs them.
#[utoipa::path(get, path = "/admin/api/scopes/{name}", operation_id = "show_scope", tag = "scopes",
    params(("name" = String, Path)), responses((status = 200, body = ScopeView)))]
pub async fn show(_: Administrator, State(app): State<App>, Path(name): Path) -> Result<Response, Problem> {
    let scope = scopes::find(&app, &name).await?;
    Ok(versioned(StatusCode::OK, scope.updated_at, ScopeView::from(&scope)))
}

/// Changes a scope: what is named replaces, null removes, the rest stays (RFC 7396); the list of claims is replaced as a whole.
/// Tokens that were issued already stay as they are.
#[utoipa::path(patch, path = "/admin/api/scopes/{name}", operation_id = "update_scope", tag = "scopes",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = ScopeInput,
    responses((status = 200, body = ScopeView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(name): Path,
    headers: HeaderMap,
    patch: Patch<ScopeInput>,
) -> Result<Response, Problem> {
    let before = scopes::find(&app, &name).await?;
    check_if_match(&headers, before.updated_at)?;
    let input = patch.onto(&ScopeInput::from(&before))?;
    let scope = scopes::change(&app, &caller.origin, &before, &input).await?;
    Ok(versioned(StatusCode::OK, scope.updated_at, ScopeView::from(&scope)))
}

/// Deletes what is defined of a scope. Applications may ask for it as before, and it brings no claims any more.
#[utoipa::path(delete, path = "/admin/api/scopes/{name}", operation_id = "delete_scope", tag = "scopes",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(name): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let scope = scopes::find(&app, &name).await?;
    check_if_match(&headers, scope.updated_at)?;
    scopes::delete(&app, &caller.origin, &scope).await?;
    Ok(StatusCode::NO_CONTENT)
}
