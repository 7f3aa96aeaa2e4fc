//! Groups, and who is in them.

use std::sync::Arc;

use super::audit::write_audit;
use super::changes::Topic;
use super::user::UserRow;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db, version};
use crate::protocol::assurance::Level;
use crate::protocol::group::{Group, Membership, Memberships};
use crate::protocol::ids::{GroupId, UserId};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

#[derive(sqlx::FromRow)]
pub(super) struct GroupRow {
    id: String,
    name: String,
    description: String,
    least_acr: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<GroupRow> for Group {
    type Error = StoreError;
    fn try_from(row: GroupRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            description: row.description,
            least_acr: level(row.least_acr)?,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// Inserts a row of `groups` inside the caller's transaction.
macro_rules! insert_group {
    ($tx:ident, $group:expr) => {
        sqlx::query(
            "INSERT INTO groups (id, name, description, least_acr, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind($group.id.as_str())
        .bind(&$group.name)
        .bind(&$group.description)
        .bind($group.least_acr.map(crate::protocol::assurance::Level::as_str))
        .bind($group.created_at.0)
        .bind($group.updated_at.0)
        .execute(&mut *$tx)
        .await?
    };
}

/// Writes a row of `groups` inside the caller's transaction, if it is as it was at `$read_at`. Answers how many rows that
/// were.
macro_rules! update_group {
    ($tx:ident, $group:expr, $read_at:expr) => {
        sqlx::query(
            "UPDATE groups SET name = $1, description = $2, least_acr = $3, updated_at = $4
             WHERE id = $5 AND updated_at = $6",
        )
        .bind(&$group.name)
        .bind(&$group.description)
        .bind($group.least_acr.map(crate::protocol::assurance::Level::as_str))
        .bind($group.updated_at.0)
        .bind($group.id.as_str())
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use {insert_group, update_group};

fn level(column: Option<String>) -> Result<Option<Level>, StoreError> {
    column.map(|text| text.parse().map_err(|_| StoreError::Corrupt("group", text))).transpose()
}

impl Store {
    /// The groups that ask their members for a level of assurance, by name, `limit` at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn groups_with_level(&self, limit: u32) -> Result<Vec<Group>, StoreError> {
        const SQL: &str = "SELECT * FROM groups WHERE least_acr IS NOT NULL ORDER BY LOWER(name) LIMIT $1";
        let rows: Vec<GroupRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(db).await)?;
        rows.into_iter().map(Group::try_from).collect()
    }

    /// Adds a group.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another one has the name.
    pub async fn insert_group(&self, group: &Group, audit: &AuditEntry) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            insert_group!(tx, group);
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// The group with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn group(&self, id: &GroupId) -> Result<Option<Group>, StoreError> {
        const SQL: &str = "SELECT * FROM groups WHERE id = $1";
        let row: Option<GroupRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
        row.map(Group::try_from).transpose()
    }

    /// The group of this name, in whatever case it is written.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn group_by_name(&self, name: &str) -> Result<Option<Group>, StoreError> {
        const SQL: &str = "SELECT * FROM groups WHERE LOWER(name) = LOWER($1)";
        let row: Option<GroupRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(name).fetch_optional(db).await)?;
        row.map(Group::try_from).transpose()
    }

    /// Groups after the name `after`, `limit` at most, by name, whatever its case.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn groups(&self, after: &str, limit: u32) -> Result<Vec<Group>, StoreError> {
        const SQL: &str = "SELECT * FROM groups WHERE LOWER(name) > LOWER($1) ORDER BY LOWER(name) LIMIT $2";
        let rows: Vec<GroupRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).fetch_all(db).await)?;
        rows.into_iter().map(Group::try_from).collect()
    }

    /// Writes a group. Answers whether it was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another one has the name.
    pub async fn update_group(
        &self,
        group: &Group,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let updated = in_transaction!(self, changing[Topic::Groups], |tx| {
            let updated = update_group!(tx, group, read_at);
            if updated == 1 {
                write_audit!(tx, audit);
            }
            updated
        });
        Ok(updated == 1)
    }

    /// Deletes a group as it was when it was read, at `read_at` if that is said; its members stay users. Answers whether it
    /// was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_group(
        &self,
        id: &GroupId,
        read_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, changing[Topic::Groups], |tx| {
            let deleted = sqlx::query("DELETE FROM groups WHERE id = $1 AND ($2 = -1 OR updated_at = $2)")
                .bind(id.as_str())
                .bind(version(read_at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if deleted == 1 {
                write_audit!(tx, audit);
            }
            deleted
        });
        Ok(deleted == 1)
    }

    /// Puts a user into a group. Answers whether they were not in it yet.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such group or user any more.
    pub async fn add_member(
        &self,
        group: &GroupId,
        user: &UserId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let added = in_transaction!(self, changing[user.into()], |tx| {
            let added = sqlx::query(
                "INSERT INTO group_members (group_id, user_id, added_at) VALUES ($1, $2, $3)
                 ON CONFLICT (group_id, user_id) DO NOTHING",
            )
            .bind(group.as_str())
            .bind(user.as_str())
            .bind(audit.at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if added == 1 {
                write_audit!(tx, audit);
            }
            added
        });
        Ok(added == 1)
    }

    /// Takes a user out of a group. Answers whether they were in it.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn remove_member(
        &self,
        group: &GroupId,
        user: &UserId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let removed = in_transaction!(self, changing[user.into()], |tx| {
            let removed = sqlx::query("DELETE FROM group_members WHERE group_id = $1 AND user_id = $2")
                .bind(group.as_str())
                .bind(user.as_str())
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if removed == 1 {
                write_audit!(tx, audit);
            }
            removed
        });
        Ok(removed == 1)
    }

    /// Does a group have more members than this?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn group_exceeds(&self, group: &GroupId, members: u32) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT user_id FROM group_members WHERE group_id = $1 LIMIT 1 OFFSET $2";
        let row: Option<(String,)> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(group.as_str()).bind(i64::from(members)).fetch_optional(db).await
        })?;
        Ok(row.is_some())
    }

    /// Members of a group after the user id `after`, `limit` at most, in the order of their ids: that of the index, however
    /// many there are.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn members_of_large_group(
        &self,
        group: &GroupId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        const SQL: &str = "SELECT users.* FROM group_members JOIN users ON users.id = user_id
             WHERE group_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3";
        let rows: Vec<UserRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(group.as_str()).bind(after).bind(i64::from(limit)).fetch_all(db).await
        })?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// Members of a group after the user name `after`, `limit` at most, by user name.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn members_of_group(
        &self,
        group: &GroupId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        const SQL: &str = "SELECT users.* FROM users JOIN group_members ON user_id = users.id
             WHERE group_id = $1 AND username > $2 ORDER BY username LIMIT $3";
        let rows: Vec<UserRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(group.as_str()).bind(after).bind(i64::from(limit)).fetch_all(db).await
        })?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// The groups that a user is in.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn groups_of_user(&self, user: &UserId) -> Result<Arc<Memberships>, StoreError> {
        const SQL: &str = "SELECT id, name, least_acr FROM groups JOIN group_members ON group_id = id
             WHERE user_id = $1 ORDER BY LOWER(name)";
        if let Some(known) = self.recall(&self.memory.memberships, user) {
            return Ok(known);
        }
        let as_of = self.memory.as_of();
        let rows: Vec<(String, String, Option<String>)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_all(db).await)?;
        let groups: Result<Vec<Membership>, StoreError> = rows
            .into_iter()
            .map(|(id, name, least)| Ok(Membership { id: id.into(), name, least_acr: level(least)? }))
            .collect();
        // To be in no group is a fact too.
        let read = Arc::new(Memberships { user_id: user.clone(), groups: groups? });
        self.memory.memberships.keep(user.clone(), &read, as_of);
        Ok(read)
    }

    /// The names of all groups of a user: those that they are in here, and those that their organisation's directory named.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn group_names(&self, user: &UserId) -> Result<Vec<String>, StoreError> {
        let (here, there) = tokio::try_join!(self.groups_of_user(user), self.directory_groups(user))?;
        let mut names: Vec<String> = here.names().map(str::to_owned).collect();
        names.extend(there.names.iter().filter(|name| !here.names().any(|known| known == *name)).cloned());
        Ok(names)
    }
}
