//! A form body, read strictly.

use std::ops::Deref;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::http::error::{OAuthError, PageError};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::{MalformedParams, Params};

/// The fields of a form: each once, none empty.
#[derive(Clone, Debug, Default)]
pub struct FormFields(pub Params);

/// Why a body is no such form.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// Another media type.
    #[error("the body must be application/x-www-form-urlencoded, and {}", said(.0.as_deref()))]
    ContentType(Option<String>),
    /// The body did not arrive whole, or is too large.
    #[error("the body cannot be read")]
    Body(StatusCode),
    /// No form with files (RFC 7578), or too large.
    #[error("the body cannot be read as multipart/form-data")]
    Multipart(StatusCode),
    /// RFC 6749 §3.2.
    #[error("{0}")]
    Malformed(#[from] MalformedParams),
}

/// What the request says about its body.
fn said(media_type: Option<&str>) -> String {
    match media_type {
        Some(media_type) => format!("Content-Type says {media_type}"),
        None => "there is no Content-Type".to_owned(),
    }
}

impl FormFields {
    /// Reads a request's body. No body at all is a form without fields.
    ///
    /// # Errors
    /// It is something else.
    pub async fn read(request: Request) -> Result<Self, FormError> {
        let media_type =
            request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?").to_owned());
        let body =
            Bytes::from_request(request, &()).await.map_err(|error| FormError::Body(error.status()))?;
        match media_type.as_deref().map(|text| text.split(';').next().unwrap_or_default().trim()) {
            None if body.is_empty() => {}
            Some(kind) if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") => {}
            kind => return Err(FormError::ContentType(kind.map(|kind| kind.chars().take(80).collect()))),
        }
        Ok(Self(Params::parse(&body)?))
    }
}

impl Deref for FormFields {
    type Target = Params;
    fn deref(&self) -> &Params {
        &self.0
    }
}

impl<S: Send + Sync> FromRequest<S> for FormFields {
    type Rejection = FormError;
    async fn from_request(request: Request, _: &S) -> Result<Self, FormError> {
        Self::read(request).await
    }
}

impl From<FormError> for PageError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Body(status) | FormError::Multipart(status) => {
                Self { status, ..Self::malformed(&error) }
            }
            _ => Self::malformed(&error),
        }
    }
}

impl From<FormError> for OAuthError {
    fn from(error: FormError) -> Self {
        Self::new(ErrorCode::InvalidRequest, &error)
    }
}

impl IntoResponse for FormError {
    fn into_response(self) -> Response {
        PageError::from(self).into_response()
    }
}
