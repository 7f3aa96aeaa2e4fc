//! A query string, read strictly.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::http::error::PageError;
use crate::protocol::params::Params;

/// The parameters of the query: each once, none empty.
#[derive(Clone, Debug)]
pub struct QueryFields(pub Params);

impl Deref for QueryFields {
    type Target = Params;
    fn deref(&self) -> &Params {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for QueryFields {
    type Rejection = PageError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let query = parts.uri.query().unwrap_or_default();
        Params::parse(query.as_bytes()).map(Self).map_err(|error| PageError::malformed(&error))
    }
}
