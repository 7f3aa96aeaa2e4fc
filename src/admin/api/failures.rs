//! `/admin/api/failures`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::list::{cursor, fifty, place};
use super::problem::{Path, Problem, Query};
use crate::admin::clients::ClientView;
use crate::admin::cut;
use crate::admin::failures::{self, Diagnosis, FailureView};
use crate::app::App;

/// Which ones.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Only those of this client.
    #[serde(default)]
    client_id: String,
    /// Go on after these: `next` of the answer before, with the same `client_id`.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// Refused requests.
#[derive(Serialize, ToSchema)]
pub struct FailureList {
    /// Newest first.
    failures: Vec<FailureView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// The newest requests of applications that were refused.
#[utoipa::path(get, path = "/admin/api/failures", operation_id = "list_failures", tag = "failures", params(Search),
    responses((status = 200, body = FailureList)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<FailureList>, Problem> {
    let list = format!("failures {}", search.client_id);
    let before = place(&app, &list, &search.after, search.limit)?;
    let found =
        failures::list_for(&app, &caller.origin, &search.client_id, &before, search.limit + 1).await?;
    let (failures, more) = cut(found, search.limit);
    let next = failures.last().filter(|_| more).map(|failure| failure.id.clone());
    Ok(Json(FailureList { failures, next: cursor(&app, &list, next) }))
}

/// Why the request with this correlation id was refused.
#[utoipa::path(get, path = "/admin/api/failures/{id}", operation_id = "show_failure", tag = "failures",
    params(("id" = String, Path, description = "The correlation id")), responses((status = 200, body = Diagnosis)))]
pub async fn show(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<Diagnosis>, Problem> {
    Ok(Json(failures::seen(&app, &caller.origin, &id).await?))
}

/// Registers the redirect URI that the request was refused for, if it is on a host that the client has registered.
#[utoipa::path(post, path = "/admin/api/failures/{id}/register-redirect-uri", operation_id = "register_redirect_uri",
    tag = "failures", params(("id" = String, Path, description = "The correlation id")),
    responses((status = 200, body = ClientView)))]
pub async fn register_redirect_uri(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<ClientView>, Problem> {
    let client = failures::register_redirect_uri(&app, &caller.origin, &id).await?;
    Ok(Json(client.into()))
}
