//! `/admin/policies`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{shell, shown};
use crate::admin::policies;
use crate::app::App;
use crate::http::error::PageError;
use crate::http::session::AdminSession;
use crate::pages::AdminPolicies;

/// All of them.
pub async fn show(State(app): State<App>, AdminSession(me): AdminSession) -> Result<Response, PageError> {
    let page = AdminPolicies { shell: shell(&app, &me), policies: policies::load(&app).await? };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}
