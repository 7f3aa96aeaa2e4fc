//! `/admin/api/audit`

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts as _, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::Frame;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::problem::{Problem, Query};
use crate::admin::audit::{self, Entry, Export};
use crate::app::App;
use crate::protocol::audit::AuditInput;

/// Exports that are written at the same time; others wait for their turn.
static EXPORTS: Semaphore = Semaphore::const_new(4);

/// A reader of an export that takes no more than a piece within this time has gone away.
const PATIENCE: Duration = Duration::from_secs(60);

/// Declares a query that filters the audit log, with further fields.
macro_rules! filtered {
    ($(#[$about:meta])* $name:ident { $($further:tt)* }) => {
        $(#[$about])*
        #[derive(Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// Only what was done by this one: a user name, `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
            #[serde(default)]
            actor: String,
            /// Only what was done to this: a user name, `user:<id>`, `client:<id>` …
            #[serde(default)]
            target: String,
            /// Only this action, as `<thing>.<verb>`.
            #[serde(default)]
            action: String,
            /// Only with this text within `detail`.
            #[serde(default)]
            cause: String,
            /// Only what came with this request.
            #[serde(default)]
            correlation_id: String,
            /// Only with this text within any field.
            #[serde(default)]
            search: String,
            /// From this moment on: a date, RFC 3339, or Unix seconds.
            #[serde(default)]
            since: String,
            /// Until before this moment; a date means the end of its day.
            #[serde(default)]
            until: String,
            $($further)*
        }

        impl $name {
            fn filter(&self) -> AuditInput {
                AuditInput {
                    actor: self.actor.clone(),
                    target: self.target.clone(),
                    action: self.action.clone(),
                    cause: self.cause.clone(),
                    correlation_id: self.correlation_id.clone(),
                    search: self.search.clone(),
                    since: self.since.clone(),
                    until: self.until.clone(),
                }
            }
        }
    };
}

filtered!(
    /// Which entries.
    Search {
        /// Go on after these: `next` of the answer before, with the same filter.
        #[serde(default)]
        after: String,
        /// How many entries at most, 1 to 1000.
        #[serde(default = "hundred")]
        #[param(minimum = 1, maximum = 1000, default = 100)]
        limit: u32,
    }
);

filtered!(
    /// Which entries, in which form.
    Wanted {
        /// `csv`, for spreadsheets: what one would take for a formula has an apostrophe in front. Or `jsonl`, one JSON
        /// object a line, exactly as it is stored.
        #[param(default = "csv")]
        #[serde(default = "csv")]
        format: String,
    }
);

const fn hundred() -> u32 {
    100
}

fn csv() -> String {
    "csv".to_owned()
}

/// The audit log.
#[derive(Serialize, ToSchema)]
pub struct AuditLog {
    /// Newest first.
    entries: Vec<Entry>,
    /// The value of `after` that leads on; none at the end of the log. A search for text looks through a part of the log
    /// at a time, so that an answer may hold few entries, or none, and yet lead on.
    next: Option<String>,
}

/// The newest entries of the audit log that a filter means.
#[utoipa::path(get, path = "/admin/api/audit", operation_id = "recent_audit", tag = "audit", params(Search),
    responses((status = 200, body = AuditLog)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<AuditLog>, Problem> {
    if !(1..=1000).contains(&search.limit) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "limit is a number from 1 to 1000"));
    }
    audit::may_see(&app, &caller.origin, &search.filter()).await?;
    let page = audit::list(&app, &search.filter(), &search.after, search.limit).await?;
    Ok(Json(AuditLog { entries: page.entries, next: page.next }))
}

/// All entries of the audit log that a filter means, newest first, as a file.
#[utoipa::path(get, path = "/admin/api/audit/export", operation_id = "export_audit", tag = "audit", params(Wanted),
    responses((status = 200, description = "The entries", content((String = "text/csv"), (String = "application/jsonl")))))]
pub async fn export(
    caller: Administrator,
    mut request: Parts,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let format = wanted.format.parse()?;
    audit::may_see(&app, &caller.origin, &wanted.filter()).await?;
    let mut export = Export::new(&app, &wanted.filter(), format).await?;
    // If the database does not answer now, the answer says so.
    let first = export.piece().await?;
    let (pieces, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let Ok(_turn) = EXPORTS.acquire().await else { return };
        let mut next = Ok(first);
        while let Some(piece) = next.transpose() {
            let failed = piece.is_err();
            if !matches!(timeout(PATIENCE, pieces.send(piece)).await, Ok(Ok(()))) || failed {
                return;
            }
            next = if may_go_on(&app, &mut request, &wanted).await {
                export.piece().await.map_err(|error| BrokenOff(error.to_string()))
            } else {
                Err(BrokenOff("it is not known that whoever asked may still see it".to_owned()))
            };
        }
    });
    let head = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"audit.{}\"", format.ending())),
    ];
    Ok((head, Body::new(Pieces(receiver))).into_response())
}

/// An export takes its time. Whoever was signed out meanwhile, or lost the power to see it, gets no more of it.
async fn may_go_on(app: &App, request: &mut Parts, wanted: &Wanted) -> bool {
    match Administrator::from_request_parts(request, app).await {
        Ok(caller) => audit::may_see(app, &caller.origin, &wanted.filter()).await.is_ok(),
        Err(_) => false,
    }
}

/// Why an export ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BrokenOff(String);

/// A body that is made while it is sent. An error breaks it off, so that no reader takes a part for the whole.
struct Pieces(mpsc::Receiver<Result<String, BrokenOff>>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(|text| Frame::data(text.into()))))
    }
}
