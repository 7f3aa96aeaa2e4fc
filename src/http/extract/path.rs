//! A part of the path.

use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;

use crate::http::error::PageError;

/// The parameter of the route's path.
#[derive(Clone, Debug, serde::Deserialize, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(PageError))]
pub struct PathPart(pub String);

impl From<PathRejection> for PageError {
    fn from(_: PathRejection) -> Self {
        Self::not_found("The address holds text that cannot be read.")
    }
}
