//! `/admin/api/registration-tokens`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::list::{Range, page};
use super::problem::{Body, Path, Problem, Query};
use crate::admin::registration_tokens::{self, RegistrationTokenInput, RegistrationTokenView};
use crate::app::App;

/// Initial access tokens.
#[derive(Serialize, ToSchema)]
pub struct RegistrationTokenList {
    /// Those that still work, in the order they were made.
    tokens: Vec<RegistrationTokenView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// The initial access tokens that still work.
#[utoipa::path(get, path = "/admin/api/registration-tokens", operation_id = "list_registration_tokens",
    tag = "registration tokens", params(Range), responses((status = 200, body = RegistrationTokenList)))]
pub async fn list(
    _: Administrator,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<RegistrationTokenList>, Problem> {
    let working = registration_tokens::list(&app).await?;
    let (tokens, next) = page(&app, "registration tokens", &range, working, |token| token.id.clone())?;
    Ok(Json(RegistrationTokenList { tokens, next }))
}

/// Makes an initial access token, by which somebody else may register clients. The answer holds it, and it is never
/// shown again.
#[utoipa::path(post, path = "/admin/api/registration-tokens", operation_id = "create_registration_token",
    tag = "registration tokens", request_body = RegistrationTokenInput,
    responses((status = 201, body = RegistrationTokenView)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<RegistrationTokenInput>,
) -> Result<(StatusCode, Json<RegistrationTokenView>), Problem> {
    let view = registration_tokens::create(&app, &caller.origin, input).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Revokes an initial access token. The clients that it registered stay.
#[utoipa::path(delete, path = "/admin/api/registration-tokens/{id}", operation_id = "revoke_registration_token",
    tag = "registration tokens", params(("id" = String, Path)),
    responses((status = 204, description = "Revoked.")))]
pub async fn revoke(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    registration_tokens::revoke(&app, &caller.origin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
