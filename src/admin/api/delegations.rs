//! `/admin/api/delegations`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::list::{Range, cursor, place};
use super::problem::{Body, Path, Problem, Query};
use crate::admin::delegations::{self, DelegationInput, DelegationView};
use crate::app::App;

/// Who manages what.
#[derive(Serialize, ToSchema)]
pub struct DelegationList {
    /// In the order in which it was delegated.
    delegations: Vec<DelegationView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// Who manages which applications and groups.
#[utoipa::path(get, path = "/admin/api/delegations", operation_id = "list_delegations", tag = "delegations",
    params(Range), responses((status = 200, body = DelegationList)))]
pub async fn list(
    _: Administrator,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<DelegationList>, Problem> {
    let after = place(&app, "delegations", &range.after, range.limit)?;
    let page = delegations::list(&app, &after, range.limit).await?;
    let next = cursor(&app, "delegations", page.next);
    Ok(Json(DelegationList { delegations: page.delegations, next }))
}

/// Lets a user, the members of a group, or a client manage an application or a group with its members. They can never gain
/// or hand on what they have not: see the documentation.
#[utoipa::path(post, path = "/admin/api/delegations", operation_id = "create_delegation", tag = "delegations",
    request_body = DelegationInput,
    responses((status = 201, body = DelegationView),
        (status = 409, description = "It was delegated before.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<DelegationInput>,
) -> Result<(StatusCode, Json<DelegationView>), Problem> {
    Ok((StatusCode::CREATED, Json(delegations::create(&app, &caller.origin, &input).await?)))
}

/// Takes back what was delegated.
#[utoipa::path(delete, path = "/admin/api/delegations/{id}", operation_id = "end_delegation", tag = "delegations",
    params(("id" = String, Path)), responses((status = 204, description = "Taken back.")))]
pub async fn end(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    delegations::end(&app, &caller.origin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
