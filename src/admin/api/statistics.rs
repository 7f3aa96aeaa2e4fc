//! `/admin/api/statistics`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::Administrator;
use super::problem::{Problem, Query};
use crate::admin::overview::{self, Overview};
use crate::app::App;

/// How far back.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `hour` (by the minute), `day` (by the quarter of an hour) or `month` (31 days, by half days).
    #[serde(default = "hour")]
    #[param(default = "hour")]
    span: String,
}

fn hour() -> String {
    "hour".to_owned()
}

/// What went on: sign-ins, refusals by cause, tokens by grant, sessions, times to answer; and what to look at.
#[utoipa::path(get, path = "/admin/api/statistics", operation_id = "statistics", tag = "statistics", params(Wanted),
    responses((status = 200, body = Overview)))]
pub async fn show(
    _: Administrator,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Overview>, Problem> {
    Ok(Json(overview::load(&app, wanted.span.parse()?).await?))
}
