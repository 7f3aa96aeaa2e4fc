//! The scopes that administrators define. There are few, and all of them are remembered together.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::audit::write_audit;
use super::changes::Topic;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db, version};
use crate::protocol::client::Client;
use crate::protocol::scope_definition::{Definitions, ScopeDefinition};
use crate::protocol::timestamp::Timestamp;

#[derive(sqlx::FromRow)]
pub(super) struct ScopeRow {
    name: String,
    title: String,
    description: String,
    localized: String,
    claims: String,
    published: bool,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<ScopeRow> for ScopeDefinition {
    type Error = StoreError;
    fn try_from(row: ScopeRow) -> Result<Self, StoreError> {
        Ok(Self {
            localized: read(&row.localized, &row.name)?,
            claims: read(&row.claims, &row.name)?,
            name: row.name,
            title: row.title,
            description: row.description,
            published: row.published,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

fn read<T: DeserializeOwned>(json: &str, name: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt("scope", format!("{name}: {error}")))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt("scope", error.to_string()))
}

/// Inserts a row of `scopes` inside the caller's transaction, unless there are enough. Answers how many rows that were.
macro_rules! insert_scope {
    ($tx:ident, $scope:expr) => {{
        let (localized, claims) = (
            crate::store::scope::to_json(&$scope.localized)?,
            crate::store::scope::to_json(&$scope.claims)?,
        );
        sqlx::query(
            "INSERT INTO scopes (name, title, description, localized, claims, published, created_at, updated_at)
             SELECT $1, $2, $3, $4, $5, CAST($6 AS BOOLEAN), CAST($7 AS BIGINT), CAST($8 AS BIGINT)
             WHERE (SELECT COUNT(*) FROM scopes) < $9",
        )
        .bind(&$scope.name)
        .bind(&$scope.title)
        .bind(&$scope.description)
        .bind(localized)
        .bind(claims)
        .bind($scope.published)
        .bind($scope.created_at.0)
        .bind($scope.updated_at.0)
        .bind(crate::protocol::scope_definition::MOST_DEFINITIONS)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    }};
}

/// Writes a row of `scopes` inside the caller's transaction, if it is as it was at `$read_at`. Answers how many rows that
/// were.
macro_rules! update_scope {
    ($tx:ident, $scope:expr, $read_at:expr) => {{
        let (localized, claims) =
            (crate::store::scope::to_json(&$scope.localized)?, crate::store::scope::to_json(&$scope.claims)?);
        sqlx::query(
            "UPDATE scopes SET title = $1, description = $2, localized = $3, claims = $4, published = $5,
                updated_at = $6
             WHERE name = $7 AND updated_at = $8",
        )
        .bind(&$scope.title)
        .bind(&$scope.description)
        .bind(localized)
        .bind(claims)
        .bind($scope.published)
        .bind($scope.updated_at.0)
        .bind(&$scope.name)
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    }};
}

/// Deletes a row of `scopes` inside the caller's transaction; at `$read_at`, unless that is -1. Answers how many rows that
/// were.
macro_rules! delete_scope {
    ($tx:ident, $name:expr, $read_at:expr) => {
        sqlx::query("DELETE FROM scopes WHERE name = $1 AND ($2 = -1 OR updated_at = $2)")
            .bind($name)
            .bind($read_at)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
    };
}
pub(super) use {delete_scope, insert_scope, update_scope};

impl Store {
    /// Every scope that is defined, from memory where it is trusted: what a token gets costs no query.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn scope_definitions(&self) -> Result<Arc<Definitions>, StoreError> {
        let load = async {
            const SQL: &str = "SELECT * FROM scopes";
            let rows: Vec<ScopeRow> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
            let scopes: Result<Vec<ScopeDefinition>, StoreError> =
                rows.into_iter().map(ScopeDefinition::try_from).collect();
            // That there are none is remembered as well.
            Ok(Some(Definitions::of(scopes?)))
        };
        Ok(self.recall_or(&self.memory.definitions, &(), load).await?.unwrap_or_default())
    }

    /// The same if it is remembered, without asking the database.
    #[must_use]
    pub fn remembered_scope_definitions(&self) -> Option<Arc<Definitions>> {
        self.recall(&self.memory.definitions, &())
    }

    /// Adds a definition. No when there are enough already.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one of this name.
    pub async fn insert_scope(
        &self,
        scope: &ScopeDefinition,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let added = in_transaction!(self, changing[Topic::Scopes], |tx| {
            let added = insert_scope!(tx, scope);
            if added == 1 {
                write_audit!(tx, audit);
            }
            added
        });
        Ok(added == 1)
    }

    /// Writes a definition. Answers whether it was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_scope(
        &self,
        scope: &ScopeDefinition,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let updated = in_transaction!(self, changing[Topic::Scopes], |tx| {
            let updated = update_scope!(tx, scope, read_at);
            if updated == 1 {
                write_audit!(tx, audit);
            }
            updated
        });
        Ok(updated == 1)
    }

    /// Deletes a definition as it was when it was read, at `read_at` if that is said. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_scope(
        &self,
        name: &str,
        read_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, changing[Topic::Scopes], |tx| {
            let deleted = delete_scope!(tx, name, version(read_at));
            if deleted == 1 {
                write_audit!(tx, audit);
            }
            deleted
        });
        Ok(deleted == 1)
    }

    /// Clients that are registered for a scope, `limit` at most, in the order of registration. There are thousands at most:
    /// they are all looked through.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_registered_for(&self, scope: &str, limit: usize) -> Result<Vec<Client>, StoreError> {
        // A scope stands in JSON as it is.
        let meant = |client: &Client| client.metadata.scope.contains(scope);
        self.look_through_clients(&scope.to_lowercase(), (-1, String::new()), limit, meant).await
    }
}
