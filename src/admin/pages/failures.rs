//! `/admin/failures`: why did this fail?

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::shell;
use super::{done, mistakes, shown};
use crate::admin::Refusal;
use crate::admin::cut;
use crate::admin::failures::{self, Diagnosis, FailureView};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminFailure, AdminFailures, FailedRedirectUri, FailureLine, Notice, Problem};
use crate::protocol::audit::AuditFilter;
use crate::protocol::powers::{Permission, Resource};

const LIST: &str = "/admin/failures";

/// Refused requests on one page.
const PAGE: u32 = 50;

/// The newest refused requests; or the one of a correlation id that was typed in.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let get = |name| query.get(name).unwrap_or_default();
    let reference = get("reference").trim();
    if !reference.is_empty() {
        return Ok(Redirect::to(&address(reference)).into_response());
    }
    let found = failures::list_for(&app, &me.origin(&info), get("client"), get("before"), PAGE + 1).await?;
    let (rows, more) = cut(found, PAGE);
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    let page = AdminFailures {
        shell: shell(&app, &me),
        client: get("client").to_owned(),
        rows: rows.into_iter().map(line).collect(),
        next,
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Why one request was refused.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let found = failures::seen(&app, &me.origin(&info), &id).await;
    if matches!(found, Err(Refusal::NotFound(_))) {
        // Sign-ins that were refused have their reference in the audit log, for those who may read it.
        let filter = AuditFilter { correlation_id: id.clone(), ..AuditFilter::default() };
        if me.powers.has(Permission::Read(Resource::Audit))
            && !app.store.audit_page(&filter, "", 1).await?.rows.is_empty()
        {
            return Ok(Redirect::to(&format!("/admin/audit?correlation_id={id}")).into_response());
        }
        return Err(PageError::new(
            StatusCode::NOT_FOUND,
            "No such failed request",
            "Nothing is known about this reference: it may be mistyped, older than what is kept, or of a request that did \
             not fail.",
            "Copy the reference from the page or the answer that the failed request got, or from the logs.",
        ));
    }
    let notice = query.get("done").and_then(Notice::parse);
    Ok(shown(&app, &me, StatusCode::OK, &page(&app, &me, found?, notice, Vec::new())))
}

/// Registers the redirect URI that a request was refused for.
pub async fn register_redirect_uri(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    match failures::register_redirect_uri(&app, &me.origin(&info), &id).await {
        Ok(_) => Ok(done(&address(&id), Notice::RedirectUriRegistered)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, |field| ("", field))?;
            let diagnosis = failures::seen(&app, &me.origin(&info), &id).await?;
            Ok(shown(&app, &me, status, &page(&app, &me, diagnosis, None, problems)))
        }
    }
}

fn address(reference: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
    format!("{LIST}/{encoded}")
}

fn line(failure: FailureView) -> FailureLine {
    FailureLine {
        at: failure.at,
        reference: failure.correlation_id,
        endpoint: failure.endpoint,
        client: failure.client_id,
        error: failure.error,
        cause: failure.cause,
    }
}

fn page(
    app: &App,
    me: &SignedIn,
    diagnosis: Diagnosis,
    notice: Option<Notice>,
    problems: Vec<Problem>,
) -> AdminFailure {
    let Diagnosis { failure, client_name, redirect_uri, flow } = diagnosis;
    AdminFailure {
        shell: shell(app, me),
        client_name,
        section: failure.section.clone(),
        advice: failure.advice.clone(),
        request: failure.request.clone().into_iter().collect(),
        redirect_uri: redirect_uri.map(|uri| FailedRedirectUri {
            received: uri.received,
            nearest: uri.nearest,
            difference: uri.difference,
            can_be_registered: uri.can_be_registered,
        }),
        flow,
        failure: line(failure),
        problems,
        notice,
    }
}
