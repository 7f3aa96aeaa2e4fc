//! Problem details (RFC 9457), and the strict reading of requests that answers with them.

use std::marker::PhantomData;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::auth::Asker;
use crate::admin::{Refusal, access};
use crate::app::App;
use crate::http::extract::{self, PathPart};
use crate::http::request_info::RequestInfo;
use crate::protocol::merge_patch::merge;
use crate::protocol::params::Params;
use crate::protocol::registration::FieldProblem;
use crate::protocol::timestamp::Timestamp;
use crate::store::StoreError;

/// Why a request was not carried out, as `application/problem+json`. Nothing was changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What is wrong.
    pub detail: String,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// With 403: the scope that it would take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The id of the request in the logs.
    pub correlation_id: String,
    #[serde(skip)]
    challenge: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with its words.
    pub fn new(status: StatusCode, detail: impl std::fmt::Display) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            detail: detail.to_string(),
            errors: Vec::new(),
            missing: None,
            correlation_id: String::new(),
            challenge: None,
            retry_after: None,
        }
    }

    /// Adds a `WWW-Authenticate` challenge (RFC 6750 §3).
    #[must_use]
    pub fn with_challenge(self, challenge: impl Into<String>) -> Self {
        Self { challenge: Some(challenge.into()), ..self }
    }

    /// 503. The cause goes to the log only.
    fn unavailable(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "an administrator's request could not be answered");
        let detail = "the server cannot answer at the moment; nothing was changed";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// What is written down of it, where whoever asked was let in and got something wrong. Values that were sent are not repeated:
    /// one may be a secret in the wrong place.
    fn mistake(&self) -> Option<String> {
        if !matches!(self.status, 400 | 404 | 409 | 412 | 413 | 415 | 422) {
            return None;
        }
        let fields: Vec<&str> = self.errors.iter().map(|error| error.field).collect();
        let what: String = without_values(&self.detail).chars().take(LONGEST_NOTE).collect();
        Some(format!(
            "{} {what}{}{}",
            self.status,
            if fields.is_empty() { "" } else { ": " },
            fields.join(" ")
        ))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Invalid(errors) => {
                Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "some fields break rules") }
            }
            Refusal::WeakPassword(weakness) => Refusal::field("password", weakness).into(),
            Refusal::Forbidden(missing) => {
                // RFC 6750 §3.1.
                let challenge = format!(
                    "Bearer realm=\"countersign\", error=\"insufficient_scope\", scope=\"{}\"",
                    missing.scope
                );
                let problem = Self::new(StatusCode::FORBIDDEN, detail).with_challenge(challenge);
                Self { missing: Some(missing.scope), ..problem }
            }
            Refusal::NotFound(_) => Self::new(StatusCode::NOT_FOUND, detail),
            Refusal::Changed(_) => Self::new(StatusCode::PRECONDITION_FAILED, detail),
            Refusal::Busy => {
                Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
            }
            Refusal::Store(StoreError::Taken(_) | StoreError::Gone | StoreError::LastAdministrator) => {
                Self::new(StatusCode::CONFLICT, detail)
            }
            Refusal::Store(_) | Refusal::Keys(_) | Refusal::Hashing(_) | Refusal::Sealing(_) => {
                Self::unavailable(&detail)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What is wrong, up to where serde repeats a value.
fn without_values(text: &str) -> &str {
    const BEFORE_A_VALUE: [&str; 3] = ["invalid type", "invalid value", "unknown variant"];
    let ends = BEFORE_A_VALUE.iter().filter_map(|phrase| text.find(phrase).map(|at| at + phrase.len()));
    ends.min().and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Characters of a detail in the audit log.
const LONGEST_NOTE: usize = 300;

/// Middleware: writes out a [`Problem`] with the request's correlation id, and lets nobody store any answer.
pub async fn render(State(app): State<App>, info: RequestInfo, mut request: Request, next: Next) -> Response {
    let asker = Asker::default();
    request.extensions_mut().insert(asker.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    let known = if reads { tags(request.headers(), IF_NONE_MATCH) } else { Vec::new() };
    let mut response = next.run(request).await;
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        if let (Some(origin), Some(what)) = (asker.get(), problem.mistake())
            && let Err(error) = access::note_mistake(&app, origin, &method, &path, what).await
        {
            problem = error.into();
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        let (challenge, retry_after) = (problem.challenge.clone(), problem.retry_after);
        let body = Problem { correlation_id: info.correlation_id, ..problem };
        // Over the answer as it was, for the headers that were put there already (405 has its `Allow`).
        *response.body_mut() = Json(body).into_response().into_body();
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
    }
    // RFC 9110 §13.1.2: the weak comparison, and nothing of what has not changed.
    let current = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let is_known = |tag: &String| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current;
    if response.status() == StatusCode::OK && !current.is_empty() && known.iter().any(is_known) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 404 in the form of the API.
pub async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address")
}

/// 405 in the form of the API.
pub async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
}

/// The parameter of the route's path: text that an identifier could be.
pub struct Path(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match PathPart::from_request_parts(parts, state).await {
            Ok(PathPart(text)) => Ok(Self(text)),
            Err(_) => Err(not_found().await),
        }
    }
}

/// Two parts of the path.
pub struct PathPair(pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathPair {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match extract::PathPair::from_request_parts(parts, state).await {
            Ok(extract::PathPair(first, second)) => Ok(Self(first, second)),
            Err(_) => Err(not_found().await),
        }
    }
}

/// The query, whose fields `T` names: others, and repeated ones, are refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let refused = |what: String| Problem::new(StatusCode::BAD_REQUEST, what);
        // Text that is no UTF-8 would be mended on the way into `T`.
        Params::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .map_err(|error| refused(error.to_string()))?;
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|error| refused(error.body_text()))
    }
}

/// A JSON body, whose fields `T` names: others, and repeated ones, are refused.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&read(request, &["application/json"]).await?).map(Self)
    }
}

/// A JSON merge patch (RFC 7396) of a `T`.
pub struct Patch<T> {
    fields: Map<String, Value>,
    of: PhantomData<T>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Patch<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let body = read(request, &["application/merge-patch+json", "application/json"]).await?;
        // Reading it as a whole first refuses what no `T` has, and what it would have twice.
        parse::<T>(&body)?;
        Ok(Self { fields: parse(&body)?, of: PhantomData })
    }
}

impl<T: Serialize + DeserializeOwned> Patch<T> {
    /// Is this field to be removed? For what no answer holds, so that removing it shows nowhere else.
    #[must_use]
    pub fn removes(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(Value::is_null)
    }

    /// What is named replaces, null removes (so that the default counts again), the rest stays.
    ///
    /// # Errors
    /// Never for a patch that was read from a request.
    pub fn onto(self, base: &T) -> Result<T, Problem> {
        let unreadable = |error: serde_json::Error| Problem::new(StatusCode::BAD_REQUEST, error);
        let mut merged = serde_json::to_value(base).map_err(unreadable)?;
        if let Some(members) = merged.as_object_mut() {
            merge(members, self.fields);
        }
        serde_json::from_value(merged).map_err(unreadable)
    }
}

async fn read(request: Request, media_types: &[&str]) -> Result<Bytes, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !media_types.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let detail = format!("the body must be {}", media_types.join(" or "));
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    Bytes::from_request(request, &())
        .await
        .map_err(|error| Problem::new(error.status(), "the body is too large or did not arrive whole"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let unreadable = |what: &dyn std::fmt::Display| {
        Problem::new(StatusCode::BAD_REQUEST, format_args!("the body cannot be read: {what}"))
    };
    // serde would take an array of the same values for an object.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(unreadable(&"it is no JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

/// An answer with its version as entity tag (RFC 9110 §8.8.3).
pub fn versioned<T: Serialize>(status: StatusCode, version: Timestamp, body: T) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&entity_tag(version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// RFC 9110 §13.1.1: with `If-Match`, only the version that the asker saw is changed.
///
/// # Errors
/// It is another one now.
pub fn check_if_match(headers: &HeaderMap, version: Timestamp) -> Result<(), Problem> {
    let (tags, current) = (tags(headers, IF_MATCH), entity_tag(version));
    if tags.is_empty() || tags.iter().any(|tag| tag == "*" || *tag == current) {
        Ok(())
    } else {
        let detail = format!("it was changed meanwhile: its entity tag is {current} now");
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, detail))
    }
}

/// The entity tags of a header; what is none matches none.
fn tags(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|tag| tag.trim().to_owned())
        .collect()
}

fn entity_tag(version: Timestamp) -> String {
    format!("\"{}\"", version.0)
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use axum::http::header::IF_MATCH;
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Patch, check_if_match, parse};
    use crate::protocol::registration::ClientInput;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn rfc9110_13_1_1_if_match_is_strong_and_may_name_several() {
        let matches = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IF_MATCH, HeaderValue::from_static(value));
            }
            check_if_match(&headers, Timestamp(7)).is_ok()
        };
        for good in [&[][..], &["*"], &["\"7\""], &["\"6\", \"7\""], &["\"6\"", "\"7\""]] {
            assert!(matches(good), "{good:?}");
        }
        for bad in [&["\"6\""][..], &["W/\"7\""], &["7"], &[""]] {
            assert!(!matches(bad), "{bad:?}");
        }
    }

    #[test]
    fn rfc7396_2_null_removes_and_the_rest_stays() {
        let base = ClientInput {
            client_name: Some("App".to_owned()),
            logo_uri: Some("https://app.example/l".to_owned()),
            ..ClientInput::default()
        };
        let fields = parse(br#"{"logo_uri":null,"scope":"openid"}"#).unwrap();
        let after = Patch { fields, of: PhantomData }.onto(&base).unwrap();
        assert_eq!(after, ClientInput { logo_uri: None, scope: Some("openid".to_owned()), ..base });
    }
}
