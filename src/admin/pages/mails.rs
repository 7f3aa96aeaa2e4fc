//! `/admin/mails`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{done, shell, shown};
use crate::admin::mails;
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::AdminSession;
use crate::pages::{AdminMails, MailRow, Notice};
use crate::store::LONGEST_LEASE;

const LIST: &str = "/admin/mails";
/// Mails on one page.
const PAGE: u32 = 50;

/// The outbox, all of it or one state.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let state = query.get("state").filter(|state| !state.is_empty());
    let found = mails::list(&app, state, query.get("before").unwrap_or_default(), PAGE).await?;
    let rows = found.mails.into_iter().map(|mail| MailRow {
        id: mail.id,
        to: mail.to,
        kind: mail.kind.replace('_', " "),
        // What is due sooner than a lease ends may be on its way.
        may_hurry: mail.attempts > 0
            && mail.next_attempt_at.is_some_and(|next| next > app.clock.now().0 + LONGEST_LEASE),
        state: mail.state,
        attempts: mail.attempts,
        created: mail.created_at,
        next_attempt: mail.next_attempt_at,
        cause: mail.cause,
    });
    let page = AdminMails {
        shell: shell(&app, &me),
        is_on: app.mail.is_on(),
        state: state.unwrap_or_default().to_owned(),
        rows: rows.collect(),
        next: found.next,
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Tries a mail at once.
pub async fn retry(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    mails::hurry(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::MailHurried))
}

/// Has a mail not be sent.
pub async fn cancel(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    mails::cancel(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::MailCancelled))
}
