//! Users that come from another system, many in one transaction; and which sorts of password hashes came with them.

use std::sync::Arc;

use super::audit::write_audit;
use super::changes::Topic;
use super::user::insert_user;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::{GroupId, UserId};
use crate::protocol::user::User;

/// A user to be added, and what is committed with them.
#[derive(Debug)]
pub struct Newcomer {
    /// Who.
    pub user: User,
    /// The groups that they are in.
    pub groups: Vec<GroupId>,
    /// What says so in the audit log.
    pub audit: AuditEntry,
}

/// Which sorts of password hashes (an algorithm with its cost) came from other systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorts {
    /// Counts what was imported: two that are the same saw the same users.
    version: u64,
    /// One hash of nobody's password for each.
    pub decoys: Vec<String>,
}

impl Sorts {
    /// As they are kept: the version, then a decoy a line.
    fn read(value: &str) -> Self {
        let mut lines = value.lines();
        let version = lines.next().and_then(|line| line.parse().ok()).unwrap_or_default();
        Self { version, decoys: lines.map(str::to_owned).collect() }
    }

    fn written(&self) -> String {
        std::iter::once(self.version.to_string())
            .chain(self.decoys.iter().cloned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn grown(mut self, decoys: &[String]) -> Self {
        for decoy in decoys {
            if !self.decoys.contains(decoy) {
                self.decoys.push(decoy.clone());
            }
        }
        Self { version: self.version.wrapping_add(1), ..self }
    }
}

/// Where they are kept.
const SORTS: &str = "imported hashes";

impl Store {
    /// The sorts of password hashes that were imported here, from memory where it is trusted.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn imported_sorts(&self) -> Result<Arc<Sorts>, StoreError> {
        let load = async {
            const SQL: &str = "SELECT value FROM settings WHERE name = $1";
            let row: Option<(String,)> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(SORTS).fetch_optional(db).await)?;
            // That there are none is remembered as well.
            Ok(Some(row.map(|(value,)| Sorts::read(&value)).unwrap_or_default()))
        };
        Ok(self.recall_or(&self.memory.sorts, &(), load).await?.unwrap_or_default())
    }

    /// Password hashes of users after this one, in the order of their ids, so many at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn password_hashes(
        &self,
        after: &UserId,
        most: i64,
    ) -> Result<Vec<(UserId, String)>, StoreError> {
        const SQL: &str = "SELECT id, password_hash FROM users
             WHERE id > $1 AND password_hash IS NOT NULL ORDER BY id LIMIT $2";
        let rows: Vec<(String, String)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(after.as_str()).bind(most).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, hash)| (id.into(), hash)).collect())
    }

    /// Leaves only these decoys, unless there was an import since the sorts were read. Answers whether it did.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn keep_sorts(&self, read: &Sorts, decoys: Vec<String>) -> Result<bool, StoreError> {
        let kept = Sorts { version: read.version, decoys };
        let done = in_transaction!(self, changing[Topic::ImportedHashes], |tx| {
            let done = sqlx::query("UPDATE settings SET value = $1 WHERE name = $2 AND value = $3")
                .bind(kept.written())
                .bind(SORTS)
                .bind(read.written())
                .execute(&mut *tx)
                .await?;
            done.rows_affected() > 0
        });
        Ok(done)
    }

    /// Adds users, and these sorts of hashes to those that are known. Answers for each what of theirs is in use by somebody
    /// else: such a one changes nothing. With `try_only`, nobody is added.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when somebody else took a name at the same moment: nobody was added, and another attempt finds
    /// whose it is. Or the database is unavailable.
    pub async fn import_users(
        &self,
        users: &[Newcomer],
        decoys: &[String],
        try_only: bool,
    ) -> Result<Vec<Option<&'static str>>, StoreError> {
        let outcome = in_transaction!(self, changing[Topic::ImportedHashes], |tx| {
            // The row first: on PostgreSQL two imports at once wait for each other here.
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ($1, '')
                 ON CONFLICT (name) DO UPDATE SET value = settings.value",
            )
            .bind(SORTS)
            .execute(&mut *tx)
            .await?;
            let (known,): (String,) = sqlx::query_as("SELECT value FROM settings WHERE name = $1")
                .bind(SORTS)
                .fetch_one(&mut *tx)
                .await?;
            sqlx::query("UPDATE settings SET value = $1 WHERE name = $2")
                .bind(Sorts::read(&known).grown(decoys).written())
                .bind(SORTS)
                .execute(&mut *tx)
                .await?;
            let mut outcome = Vec::with_capacity(users.len());
            for Newcomer { user, groups, audit } in users {
                let standing: Option<(String, String)> = sqlx::query_as(
                    "SELECT id, username FROM users WHERE id = $1 OR username = $2 OR email = $3 LIMIT 1",
                )
                .bind(user.id.as_str())
                .bind(&user.username)
                .bind(&user.email)
                .fetch_optional(&mut *tx)
                .await?;
                if let Some((id, username)) = standing {
                    outcome.push(Some(if id == user.id.as_str() {
                        "its id"
                    } else if username == user.username {
                        "this user name"
                    } else {
                        "this e-mail address"
                    }));
                    continue;
                }
                insert_user!(tx, user);
                for group in groups {
                    sqlx::query(
                        "INSERT INTO group_members (group_id, user_id, added_at) VALUES ($1, $2, $3)
                         ON CONFLICT (group_id, user_id) DO NOTHING",
                    )
                    .bind(group.as_str())
                    .bind(user.id.as_str())
                    .bind(audit.at.0)
                    .execute(&mut *tx)
                    .await?;
                }
                write_audit!(tx, audit);
                outcome.push(None);
            }
            if try_only {
                return Ok(outcome);
            }
            outcome
        });
        Ok(outcome)
    }
}
