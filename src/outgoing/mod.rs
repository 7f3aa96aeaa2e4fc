//! Requests that this server makes: to keys, request objects and logout addresses of clients.

use bytes::Bytes;

use crate::config;

/// The one client that every outgoing request goes through. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Outgoing;

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The answer did not come.
    #[error("cannot be reached")]
    Unreachable,
}

/// Why the client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("outgoing.ca_file: {0}")]
pub struct OutgoingError(String);

impl Outgoing {
    /// A client by this configuration; `development` also allows plain http to loopback.
    ///
    /// # Errors
    /// The certificates are of no use.
    pub fn new(_config: &config::Outgoing, _development: bool) -> Result<Self, OutgoingError> {
        Ok(Self)
    }

    /// A document, as it is now.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn get(&self, _address: &str) -> Result<Bytes, FetchError> {
        Err(FetchError::Unreachable)
    }

    /// Posts a form and answers the status.
    ///
    /// # Errors
    /// It did not arrive.
    pub async fn post_form(&self, _address: &str, _fields: &[(&str, &str)]) -> Result<u16, FetchError> {
        Err(FetchError::Unreachable)
    }
}
