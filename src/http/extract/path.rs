//! A part of the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::http::error::PageError;
use crate::i18n::key;

/// The parameter of the route's path: text that an identifier could be.
#[derive(Clone, Debug)]
pub struct PathPart(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathPart {
    type Rejection = PageError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Path::<String>::from_request_parts(parts, state).await {
            // PostgreSQL takes no NUL in a text, not even to look for it.
            Ok(Path(text)) if !text.contains('\0') => Ok(Self(text)),
            _ => Err(PageError::not_found(key("unreadable-address"))),
        }
    }
}

/// Two parts of the path.
pub struct PathPair(pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathPair {
    type Rejection = PageError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((first, second))) if !first.contains('\0') && !second.contains('\0') => {
                Ok(Self(first, second))
            }
            _ => Err(PageError::not_found(key("unreadable-address"))),
        }
    }
}
