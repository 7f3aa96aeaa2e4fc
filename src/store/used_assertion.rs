//! Client assertions that were accepted: each counts once.

use super::ledger::Entry;
use super::{Store, StoreError};
use crate::protocol::client_assertion::OneTimeId;

impl Store {
    /// Notes that an assertion is used. Answers whether it was not used before: of two requests with the same one, on
    /// whatever nodes, one is told so.
    ///
    /// # Errors
    /// The database is unavailable: the assertion is then unused.
    pub async fn use_assertion(&self, once: &OneTimeId) -> Result<bool, StoreError> {
        self.ledger.write(once.clone(), Entry::Use).await
    }
}
