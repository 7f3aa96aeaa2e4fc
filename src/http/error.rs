//! Refusals on the wire: OAuth errors as JSON, and everything that ends on a page of ours.
//!
//! What is said in public is fixed by the rule that was broken; the private cause is logged once, here.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::failures;
use super::locale::Locale;
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use crate::admin::Refusal;
use crate::authn::SignInError;
use crate::authn::device::DeviceError;
use crate::authn::passkey::PasskeyError;
use crate::i18n::{Phrase, Words, key};
use crate::jose::SignError;
use crate::mail::MailError;
use crate::pages;
use crate::protocol::authorize::ShowToUser;
use crate::protocol::client_auth::ClientAuthError;
use crate::protocol::diagnosis::{Failure, of_interest};
use crate::protocol::error::{ErrorCode, Rule, description};
use crate::protocol::ids::ClientId;
use crate::protocol::params::Params;
use crate::protocol::registration::FieldProblem;
use crate::sealing::SealError;
use crate::store::StoreError;

/// How long a client should wait when the server could not answer, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// An error of a machine's endpoint (RFC 6749 §5.2, RFC 6750 §3).
#[derive(Debug)]
pub struct OAuthError {
    status: StatusCode,
    code: ErrorCode,
    description: String,
    /// More, for whoever administers the client.
    cause: Option<String>,
    section: &'static str,
    advice: &'static str,
    client_id: Option<String>,
    request: Vec<(String, String)>,
    challenge: Option<String>,
    retry_after: Option<u32>,
}

impl OAuthError {
    /// An error by a rule that says where it stands.
    #[must_use]
    pub fn broken(code: ErrorCode, rule: &(impl Rule + ?Sized)) -> Self {
        Self { cause: rule.cause(), section: rule.section(), advice: rule.advice(), ..Self::new(code, rule) }
    }

    /// An error with its status: 401 for a client or token of no use, 403 for a token that does not allow this, else 400.
    #[must_use]
    pub fn new(code: ErrorCode, cause: &(impl std::fmt::Display + ?Sized)) -> Self {
        let status = match code {
            ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
            ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Self {
            status,
            code,
            description: description(&cause.to_string()),
            cause: None,
            section: "",
            advice: "",
            client_id: None,
            request: Vec::new(),
            challenge: None,
            retry_after: None,
        }
    }

    /// Adds a `WWW-Authenticate` challenge.
    #[must_use]
    pub fn with_challenge(self, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// Says it with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Says which request it answers, for whoever wants to know why.
    #[must_use]
    pub fn to_request(self, client_id: Option<&ClientId>, form: &Params) -> Self {
        Self { client_id: client_id.map(ToString::to_string), request: of_interest(form), ..self }
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What is said about it.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The server cannot answer now. The cause goes to the log only.
    pub fn unavailable(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request could not be answered");
        let words = "the server cannot answer at the moment; try again in a few seconds";
        Self::new(ErrorCode::TemporarilyUnavailable, words)
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .with_retry_after(RETRY_AFTER_SECONDS)
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code.as_str(), "error_description": &self.description });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let failure = Failure {
            client_id: self.client_id,
            error: self.code,
            cause: self.cause.unwrap_or(self.description),
            section: self.section,
            advice: self.advice.to_owned(),
            request: self.request,
        };
        failures::attach(response, failure)
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone => Self::new(ErrorCode::InvalidGrant, &error),
            _ => Self::unavailable(&error),
        }
    }
}
/// RFC 7591 §3.2.2: one code, and a description that names every field.
impl From<Vec<FieldProblem>> for OAuthError {
    fn from(problems: Vec<FieldProblem>) -> Self {
        let code = problems.first().map_or(ErrorCode::InvalidClientMetadata, FieldProblem::code);
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Self::new(code, &words.join("; "))
    }
}
impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(problems) => problems.into(),
            Refusal::WeakPassword(weakness) => Refusal::field("password", weakness).into(),
            // Nobody administers anything here.
            Refusal::Forbidden(_) => {
                Self::new(ErrorCode::AccessDenied, &refusal).with_status(StatusCode::FORBIDDEN)
            }
            // Deleted since its token was looked at.
            Refusal::NotFound(_) => Self::new(ErrorCode::InvalidToken, &refusal),
            Refusal::Changed(_) => {
                Self::new(ErrorCode::InvalidRequest, &refusal).with_status(StatusCode::CONFLICT)
            }
            Refusal::Store(error) => error.into(),
            Refusal::Busy | Refusal::Keys(_) | Refusal::Hashing(_) | Refusal::Sealing(_) => {
                Self::unavailable(&refusal)
            }
        }
    }
}
impl From<SignError> for OAuthError {
    fn from(error: SignError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<SealError> for OAuthError {
    fn from(error: SealError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<ClientAuthError> for OAuthError {
    fn from(error: ClientAuthError) -> Self {
        if error.is_malformed_request() {
            Self::broken(ErrorCode::InvalidRequest, &error)
        } else {
            // RFC 6749 §5.2: with the scheme that the client may use.
            Self::broken(ErrorCode::InvalidClient, &error)
                .with_challenge("Basic realm=\"countersign\"".to_owned())
        }
    }
}

/// A refusal that a person reads. Rendered by [`render`], which knows the correlation id and the reader's language.
#[derive(Clone, Debug)]
pub struct PageError {
    /// HTTP status.
    pub status: StatusCode,
    /// Heading.
    pub title: Phrase,
    /// What is wrong.
    pub what: Phrase,
    /// Whose matter it is.
    pub for_whom: Option<Phrase>,
    /// What to do about it.
    pub how_to_fix: Phrase,
    /// Values that help.
    pub facts: Vec<(String, String)>,
    /// OAuth error code.
    pub code: Option<ErrorCode>,
    /// Where the rule stands.
    pub section: &'static str,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
}

impl PageError {
    /// A refusal with its words: messages of the catalogues, by their [`key`], or what is said to developers and
    /// administrators, in English.
    #[must_use]
    pub fn new(
        status: StatusCode,
        title: impl Into<Phrase>,
        what: impl Into<Phrase>,
        how_to_fix: impl Into<Phrase>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            what: what.into(),
            for_whom: None,
            how_to_fix: how_to_fix.into(),
            facts: Vec::new(),
            code: None,
            section: "",
            retry_after: None,
        }
    }

    /// Says whose matter it is, as the end of "For …:".
    #[must_use]
    pub fn for_whom(self, whom: impl Into<Phrase>) -> Self {
        Self { for_whom: Some(whom.into()), ..self }
    }

    /// Adds a value that helps.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push((name.to_owned(), value.into()));
        self
    }

    /// Adds the OAuth error code.
    #[must_use]
    pub fn code(self, code: ErrorCode) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Adds where the rule stands.
    #[must_use]
    pub fn section(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    /// 400: the form or address cannot be read.
    #[must_use]
    pub fn malformed(what: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            key("unreadable-title"),
            sentence(&what.to_string()),
            key("unreadable-fix"),
        )
        .code(ErrorCode::InvalidRequest)
    }

    /// 403: somebody else's page or form.
    #[must_use]
    pub fn forbidden(what: impl Into<Phrase>, how_to_fix: impl Into<Phrase>) -> Self {
        Self::new(StatusCode::FORBIDDEN, key("forbidden-title"), what, how_to_fix)
    }

    /// 404.
    #[must_use]
    pub fn not_found(what: impl Into<Phrase>) -> Self {
        Self::new(StatusCode::NOT_FOUND, key("not-found-title"), what, key("not-found-fix"))
    }

    /// 503: the server cannot answer now. The cause goes to the log only.
    #[must_use]
    pub fn unavailable(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a page could not be answered");
        let refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            key("unavailable-title"),
            key("unavailable"),
            key("unavailable-fix"),
        );
        Self { retry_after: Some(RETRY_AFTER_SECONDS), ..refusal.code(ErrorCode::TemporarilyUnavailable) }
    }
}

/// Makes a rule's words a sentence.
#[must_use]
pub fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}")
}

/// The same, when a page begins with them.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone => {
                Self::new(StatusCode::CONFLICT, key("gone-title"), key("gone"), key("gone-fix"))
            }
            _ => Self::unavailable(&error),
        }
    }
}
impl From<SignInError> for PageError {
    fn from(error: SignInError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<PasskeyError> for PageError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Seal(error) => error.into(),
            PasskeyError::NoName => Self::not_found(key("methods-no-host")),
            PasskeyError::Wrong(_) | PasskeyError::Challenge => Self::new(
                StatusCode::BAD_REQUEST,
                key("passkey-not-added-title"),
                key("new-passkey-failed"),
                key("gone-fix"),
            )
            .fact("webauthn", description(&error.to_string())),
        }
    }
}
impl From<SealError> for PageError {
    fn from(error: SealError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<DeviceError> for PageError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Store(error) => error.into(),
            DeviceError::Seal(error) => error.into(),
        }
    }
}
impl From<MailError> for PageError {
    fn from(error: MailError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<SignError> for PageError {
    fn from(error: SignError) -> Self {
        Self::unavailable(&error)
    }
}
impl From<ShowToUser> for PageError {
    fn from(error: ShowToUser) -> Self {
        let code = error.code();
        let (title, what) = (key("bad-request-title"), sentence(&error.to_string()));
        Self::new(StatusCode::BAD_REQUEST, title, what, error.advice())
            .for_whom(key("error-developer"))
            .code(code)
            .section(error.section())
    }
}

/// The longest address that an error page's switch of languages goes back to.
const LONGEST_HERE: usize = 8 * 1024;

/// Who reads a page that is made at the edge.
pub(super) struct Reader<'a> {
    /// The request.
    pub info: &'a RequestInfo,
    /// The reader's languages.
    pub locale: &'a Locale,
    /// What was asked for.
    pub address: &'a Uri,
    /// Was it by GET?
    pub by_get: bool,
}

impl Reader<'_> {
    /// The words for them. Whatever else is wrong with a request, the languages that it names are spoken.
    pub(super) fn words(&self) -> Words {
        let query = self.address.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let named = pairs.find(|(name, _)| name == "ui_locales").map(|(_, value)| value);
        self.locale.words_of(named.as_deref())
    }

    /// The address for the page's switch of languages, where asking again does no harm.
    pub(super) fn here(&self) -> Option<String> {
        let address = self.address.path_and_query()?.as_str();
        (self.by_get && address.len() <= LONGEST_HERE).then(|| address.to_owned())
    }
}

/// Turns a [`PageError`] into its page.
pub(super) fn render(mut response: Response, to: &Reader<'_>) -> Response {
    let Some(error) = response.extensions_mut().remove::<PageError>() else { return response };
    tracing::info!(status = error.status.as_u16(), what = %error.what, "refused with a page");
    let retry_after = error.retry_after;
    let page = pages::ErrorPage {
        words: to.words(),
        status: error.status.as_u16(),
        title: error.title,
        what: error.what,
        for_whom: error.for_whom,
        how_to_fix: error.how_to_fix,
        facts: error.facts,
        error_code: error.code.map(|code| code.as_str().to_owned()),
        correlation_id: to.info.correlation_id.clone(),
        here: to.here(),
    };
    let mut rendered = html(&page, &Csp::default());
    *rendered.status_mut() = error.status;
    if let Some(seconds) = retry_after {
        rendered.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        rendered.headers_mut().append(name.clone(), value.clone());
    }
    rendered
}
