//! `/admin/api/audit`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::problem::{Problem, Query};
use crate::app::App;
use crate::store::AuditRow;

/// How far back.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Recent {
    /// How many entries at most, 1 to 1000.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// One entry of the audit log.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    /// When (Unix seconds).
    at: i64,
    /// Who: `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
    actor: String,
    /// What, as `<thing>.<verb>`.
    action: String,
    /// To what.
    target: String,
    /// In which way.
    detail: String,
    /// From where; empty for the command line and for background work.
    ip: String,
    /// With which browser, as it calls itself; empty where there is none.
    user_agent: String,
    /// With which request.
    correlation_id: String,
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        Self {
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            detail: row.detail,
            ip: row.ip,
            user_agent: row.user_agent,
            correlation_id: row.correlation_id,
        }
    }
}

/// The audit log.
#[derive(Serialize, ToSchema)]
pub struct AuditLog {
    /// Newest first.
    entries: Vec<Entry>,
}

/// The newest entries of the audit log.
#[utoipa::path(get, path = "/admin/api/audit", operation_id = "recent_audit", tag = "audit", params(Recent),
    responses((status = 200, body = AuditLog)))]
pub async fn recent(
    _: Administrator,
    State(app): State<App>,
    Query(recent): Query<Recent>,
) -> Result<Json<AuditLog>, Problem> {
    if !(1..=1000).contains(&recent.limit) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "limit is a number from 1 to 1000"));
    }
    let entries = app.store.recent_audit(recent.limit).await?.into_iter().map(Entry::from).collect();
    Ok(Json(AuditLog { entries }))
}
