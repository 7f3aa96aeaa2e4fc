//! `/admin/api/users/{id}/sign-in-methods`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::Administrator;
use super::problem::{Path, PathPair, Problem};
use crate::admin::sign_in_methods::{self, SignInMethods};
use crate::admin::users;
use crate::app::App;

/// How a user signs in.
#[utoipa::path(get, path = "/admin/api/users/{id}/sign-in-methods", operation_id = "list_sign_in_methods", tag = "users",
    params(("id" = String, Path)), responses((status = 200, body = SignInMethods)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<SignInMethods>, Problem> {
    let user = users::account_seen(&app, &caller.origin, &id).await?;
    Ok(Json(sign_in_methods::of(&app, &user).await?))
}

/// Takes the authenticator app and its recovery codes off an account: the password alone signs in then.
#[utoipa::path(delete, path = "/admin/api/users/{id}/sign-in-methods/app", operation_id = "remove_authenticator_app",
    tag = "users", params(("id" = String, Path)), responses((status = 204, description = "Removed.")))]
pub async fn remove_app(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    sign_in_methods::remove_authenticator_app(&app, &caller.origin, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a passkey off an account.
#[utoipa::path(delete, path = "/admin/api/users/{id}/sign-in-methods/passkeys/{passkey}",
    operation_id = "remove_passkey", tag = "users",
    params(("id" = String, Path), ("passkey" = String, Path, description = "The credential's id")),
    responses((status = 204, description = "Removed.")))]
pub async fn remove_passkey(
    caller: Administrator,
    State(app): State<App>,
    PathPair(id, passkey): PathPair,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    sign_in_methods::remove_passkey(&app, &caller.origin, &user, &passkey).await?;
    Ok(StatusCode::NO_CONTENT)
}
