//! What is kept of refused requests, so that an administrator can find out why: each refusal says what it was on its answer,
//! the edge takes it off again with the request's correlation id, and it is written down a moment later.

use axum::response::Response;

use super::error::PageError;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::protocol::diagnosis::{Failure, kept, of_interest, section_of_endpoint};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::store::FailureRow;

/// Where applications send requests that an administrator may want explained.
const ENDPOINTS: [&str; 8] = [
    "/authorize",
    "/par",
    "/consent",
    "/token",
    "/device_authorization",
    "/introspect",
    "/revoke",
    "/logout",
];

/// Says on an answer what was refused.
#[must_use]
pub fn attach(mut response: Response, failure: Failure) -> Response {
    response.extensions_mut().insert(failure);
    response
}

/// Adds to a refusal what was asked for, and by whom.
#[must_use]
pub fn to_request(mut response: Response, params: impl FnOnce() -> Option<Params>) -> Response {
    if let Some(failure) = response.extensions_mut().get_mut::<Failure>() {
        let params = params();
        failure.request = params.as_ref().map(of_interest).unwrap_or_default();
        failure.client_id = params.and_then(|params| params.get("client_id").map(str::to_owned));
    }
    response
}

/// Takes what was refused off an answer on its way out.
pub(super) fn note(app: &App, endpoint: &str, info: &RequestInfo, response: &mut Response) {
    let failure = response.extensions_mut().remove::<Failure>();
    let failure = failure.or_else(|| of_page(response.extensions().get::<PageError>()?));
    let Some(failure) = failure.filter(|failure| ENDPOINTS.contains(&endpoint) && failure.is_one()) else {
        return;
    };
    app.statistics.count_failure(failure.error);
    let request: Vec<(&str, String)> =
        failure.request.iter().map(|(name, value)| (name.as_str(), kept(value))).collect();
    let section = if failure.section.is_empty() { section_of_endpoint(endpoint) } else { failure.section };
    app.failures.note(FailureRow {
        id: app.entropy.ordered_id(&app.clock),
        at: app.clock.now().0,
        correlation_id: info.correlation_id.clone(),
        endpoint: endpoint.to_owned(),
        client_id: failure.client_id.as_deref().map(kept).unwrap_or_default(),
        error: failure.error.as_str().to_owned(),
        cause: kept(&failure.cause),
        section: section.to_owned(),
        advice: failure.advice,
        request: serde_json::to_string(&request).unwrap_or_default(),
    });
}

fn of_page(error: &PageError) -> Option<Failure> {
    let value =
        |name: &str| error.facts.iter().find(|(fact, _)| fact == name).map(|(_, value)| value.clone());
    Some(Failure {
        client_id: value("client_id"),
        error: error.code.filter(|code| *code != ErrorCode::TemporarilyUnavailable)?,
        cause: error.what.to_string().trim_end_matches('.').to_owned(),
        section: error.section,
        advice: error.how_to_fix.to_string(),
        request: error.facts.clone(),
    })
}
