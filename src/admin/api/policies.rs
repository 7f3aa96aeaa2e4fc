//! `/admin/api/policies`

use axum::Json;
use axum::extract::State;

use super::auth::Administrator;
use super::problem::Problem;
use crate::admin::policies::{self, Policies};
use crate::app::App;

/// The policies of this deployment: what each is now, what that means, and where it is changed.
#[utoipa::path(get, path = "/admin/api/policies", operation_id = "show_policies", tag = "policies",
    responses((status = 200, body = Policies)))]
pub async fn show(_: Administrator, State(app): State<App>) -> Result<Json<Policies>, Problem> {
    Ok(Json(policies::load(&app).await?))
}
