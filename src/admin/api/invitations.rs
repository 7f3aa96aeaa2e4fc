//! `/admin/api/invitations`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::list::{Range, page};
use super::problem::{Body, Path, Problem, Query};
use crate::admin::invitations::{self, InvitationInput, InvitationView};
use crate::app::App;

/// Invitations.
#[derive(Serialize, ToSchema)]
pub struct InvitationList {
    /// Those that still work, in the order they were made.
    invitations: Vec<InvitationView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// The invitations that still work.
#[utoipa::path(get, path = "/admin/api/invitations", operation_id = "list_invitations", tag = "invitations",
    params(Range), responses((status = 200, body = InvitationList)))]
pub async fn list(
    _: Administrator,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<InvitationList>, Problem> {
    let open = invitations::list(&app).await?;
    let (invitations, next) = page(&app, "invitations", &range, open, |invitation| invitation.id.clone())?;
    Ok(Json(InvitationList { invitations, next }))
}

/// Invites somebody to make an account: by mail, or, where this server sends none, by the link in the answer. An earlier
/// invitation of the same address ends.
#[utoipa::path(post, path = "/admin/api/invitations", operation_id = "create_invitation", tag = "invitations",
    request_body = InvitationInput, responses((status = 201, body = InvitationView)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<InvitationInput>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let view = invitations::create(&app, &caller.origin, "", input).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Withdraws an invitation: its link is dead.
#[utoipa::path(delete, path = "/admin/api/invitations/{id}", operation_id = "withdraw_invitation",
    tag = "invitations", params(("id" = String, Path)), responses((status = 204, description = "Withdrawn.")))]
pub async fn withdraw(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    invitations::withdraw(&app, &caller.origin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
