//! What administrators chose for how this server looks: one row, which the migration makes.

use super::audit::write_audit;
use super::changes::Topic;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::branding::BrandingInput;
use crate::protocol::timestamp::Timestamp;

/// The row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBranding {
    /// What was chosen.
    pub input: BrandingInput,
    /// When it was last changed, which is its version; 0 before it ever was.
    pub updated_at: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct BrandingRow {
    name: Option<String>,
    logo: Option<String>,
    accent_light: Option<String>,
    accent_dark: Option<String>,
    updated_at: i64,
}

impl From<BrandingRow> for StoredBranding {
    fn from(row: BrandingRow) -> Self {
        let BrandingRow { name, logo, accent_light, accent_dark, updated_at } = row;
        let input = BrandingInput { name, logo, accent_light, accent_dark };
        Self { input, updated_at: Timestamp(updated_at) }
    }
}

/// Writes the row, if it is still of this version. The gate: answers how many rows were.
macro_rules! update_branding {
    ($tx:ident, $stored:expr, $read_at:expr) => {
        sqlx::query(
            "UPDATE branding SET name = $1, logo = $2, accent_light = $3, accent_dark = $4, updated_at = $5
             WHERE id = 1 AND updated_at = $6",
        )
        .bind(&$stored.input.name)
        .bind(&$stored.input.logo)
        .bind(&$stored.input.accent_light)
        .bind(&$stored.input.accent_dark)
        .bind($stored.updated_at.0)
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use update_branding;

impl Store {
    /// What administrators chose.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn branding(&self) -> Result<StoredBranding, StoreError> {
        const SQL: &str =
            "SELECT name, logo, accent_light, accent_dark, updated_at FROM branding WHERE id = 1";
        let row: BrandingRow = on_db!(self, |db| sqlx::query_as(SQL).fetch_one(db).await)?;
        Ok(row.into())
    }

    /// Writes what administrators choose, and has every node look at it. Answers whether it was unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_branding(
        &self,
        stored: &StoredBranding,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, changing[Topic::Branding], |tx| {
            if update_branding!(tx, stored, read_at) != 1 {
                return Ok(false);
            }
            write_audit!(tx, audit);
        });
        Ok(true)
    }

    /// Waits until what administrators chose for how this server looks may have changed.
    pub async fn branding_change(&self) {
        self.branding_changed.notified().await;
    }
}
