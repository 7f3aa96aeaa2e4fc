//! Facts about the deployment that are set once.

use super::{Store, StoreError, in_transaction};

impl Store {
    /// Sets a value unless there is one, and answers the one that stands: of several nodes that start together, all
    /// get the same.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let standing: (String,) = in_transaction!(self, |tx| {
            sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .bind(value)
                .execute(&mut *tx)
                .await?;
            sqlx::query_as("SELECT value FROM settings WHERE name = $1")
                .bind(name)
                .fetch_one(&mut *tx)
                .await?
        });
        Ok(standing.0)
    }
}
