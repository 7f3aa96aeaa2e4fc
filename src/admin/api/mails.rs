//! `/admin/api/mails`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::list::{cursor, fifty, place};
use super::problem::{Path, Problem, Query};
use crate::admin::mails::{self, MailView};
use crate::app::App;

/// Which mails.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// `waiting`, `sent` or `failed`; all when left out.
    state: Option<String>,
    /// Go on after these: `next` of the answer before, with the same `state`.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// Some mails.
#[derive(Serialize, ToSchema)]
pub struct MailList {
    /// The newest first.
    mails: Vec<MailView>,
    /// The value of `after` that leads to older ones; none at the end.
    next: Option<String>,
}

/// Mails that wait, and those of the last seven days that were sent or could not be; never what they say.
#[utoipa::path(get, path = "/admin/api/mails", operation_id = "list_mails", tag = "mails", params(Search),
    responses((status = 200, body = MailList)))]
pub async fn list(
    _: Administrator,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<MailList>, Problem> {
    let list = format!("mails {}", search.state.as_deref().unwrap_or_default());
    let before = place(&app, &list, &search.after, search.limit)?;
    let page = mails::list(&app, search.state.as_deref(), &before, search.limit).await?;
    Ok(Json(MailList { mails: page.mails, next: cursor(&app, &list, page.next) }))
}

/// Has a mail that failed, and waits for its next attempt, tried at once.
#[utoipa::path(post, path = "/admin/api/mails/{id}/retry", operation_id = "retry_mail", tag = "mails",
    params(("id" = String, Path)), responses((status = 204, description = "It is tried now.")))]
pub async fn retry(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    mails::hurry(&app, &caller.origin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a waiting mail not be sent.
#[utoipa::path(delete, path = "/admin/api/mails/{id}", operation_id = "cancel_mail", tag = "mails",
    params(("id" = String, Path)), responses((status = 204, description = "It is not sent.")))]
pub async fn cancel(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    mails::cancel(&app, &caller.origin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
