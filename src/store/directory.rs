//! Accounts of people whom the organisation's directory knows: which entry is whose, and the groups it named.

use std::sync::Arc;

use super::audit::write_audit;
use super::kept_name::keep_name;
use super::user::insert_user;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

/// The groups of a user that the directory named.
#[derive(Clone, Debug)]
pub struct DirectoryGroups {
    /// Whose.
    pub user: UserId,
    /// Their names; none for an account that is not the directory's.
    pub names: Vec<String>,
}

fn to_json(groups: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(groups).map_err(|error| StoreError::Corrupt("list of groups", error.to_string()))
}

impl Store {
    /// The groups of a user, as the directory named them at the last sign-in.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn directory_groups(&self, user: &UserId) -> Result<Arc<DirectoryGroups>, StoreError> {
        const SQL: &str = "SELECT group_names FROM directory_entries WHERE user_id = $1";
        let load = async {
            let row: Option<(String,)> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_optional(db).await)?;
            let names = row.map_or(Ok(Vec::new()), |(names,)| serde_json::from_str(&names));
            let names = names.map_err(|error| StoreError::Corrupt("list of groups", error.to_string()))?;
            Ok(Some(DirectoryGroups { user: user.clone(), names }))
        };
        let groups = self.recall_or(&self.memory.directory_groups, user, load).await?;
        Ok(groups.unwrap_or_else(|| Arc::new(DirectoryGroups { user: user.clone(), names: Vec::new() })))
    }

    /// Whose account belongs to this entry of the directory.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn user_of_entry(&self, entry: &str) -> Result<Option<User>, StoreError> {
        const SQL: &str = "SELECT user_id FROM directory_entries WHERE entry_id = $1";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(entry).fetch_optional(db).await)?;
        let Some((id,)) = row else { return Ok(None) };
        Ok(self.asked_anew().user(&id.into()).await?.map(Arc::unwrap_or_clone))
    }

    /// The directory's entry of a user.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn entry_of_user(&self, user: &UserId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT entry_id FROM directory_entries WHERE user_id = $1";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_optional(db).await)?;
        Ok(row.map(|(entry,)| entry))
    }

    /// Adds the account of somebody whom the directory knows.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name, the address or the entry belongs to somebody else.
    pub async fn insert_directory_user(
        &self,
        user: &User,
        entry: &str,
        groups: &[String],
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            insert_user!(tx, user);
            sqlx::query(
                "INSERT INTO directory_entries (user_id, entry_id, group_names, seen_at) VALUES ($1, $2, $3, $4)",
            )
            .bind(user.id.as_str())
            .bind(entry)
            .bind(to_json(groups)?)
            .bind(user.created_at.0)
            .execute(&mut *tx)
            .await?;
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// Writes what the directory says about a user today. Answers whether the user was there, and unchanged since
    /// `read_at`.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the user name or the address belongs to somebody else.
    pub async fn update_directory_user(
        &self,
        user: &User,
        read_at: Timestamp,
        groups: &[String],
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let updated = in_transaction!(self, changing[(&user.id).into()], |tx| {
            keep_name!(self, tx, &user.id, Some(user.username.as_str()), audit.at);
            let updated = sqlx::query(
                "UPDATE users SET username = $1, email = $2, email_verified = $3, name = $4, updated_at = $5,
                        words_known = FALSE
                 WHERE id = $6 AND updated_at = $7",
            )
            .bind(&user.username)
            .bind(&user.email)
            .bind(user.email_verified)
            .bind(&user.name)
            .bind(user.updated_at.0)
            .bind(user.id.as_str())
            .bind(read_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            // Then nothing is kept of a name that is still theirs.
            if updated != 1 {
                return Ok(false);
            }
            sqlx::query("UPDATE directory_entries SET group_names = $1, seen_at = $2 WHERE user_id = $3")
                .bind(to_json(groups)?)
                .bind(audit.at.0)
                .bind(user.id.as_str())
                .execute(&mut *tx)
                .await?;
            write_audit!(tx, audit);
            updated
        });
        Ok(updated == 1)
    }
}
