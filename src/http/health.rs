//! `GET /health/live` and `GET /health/ready`: for whoever restarts the process, and for whoever sends it traffic.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::app::App;

/// The database answers within this time, or it does not count as ready.
const DATABASE_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The process runs.
pub async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

/// The process can do its work: the database answers.
pub async fn ready(State(app): State<App>) -> Response {
    match tokio::time::timeout(DATABASE_ANSWERS_WITHIN, app.store.ping()).await {
        Ok(Ok(())) => Json(json!({ "status": "ready" })).into_response(),
        Ok(Err(_)) | Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, "5")],
            Json(json!({ "status": "unavailable", "reason": "the database does not answer" })),
        )
            .into_response(),
    }
}
