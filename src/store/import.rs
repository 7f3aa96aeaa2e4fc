//! Users that come from another system, many in one transaction; and which sorts of password hashes came with them.

use super::audit::write_audit;
use super::user::insert_user;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::GroupId;
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

/// Where the sorts are kept: one hash of nobody's for each, a line each.
const SORTS: &str = "imported hashes";

impl Store {
    /// One hash of nobody's password for each sort that was imported here.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn decoys(&self) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT value FROM settings WHERE name = $1";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(SORTS).fetch_optional(db).await)?;
        Ok(row.map(|(value,)| value.lines().map(str::to_owned).collect()).unwrap_or_default())
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
        let outcome = in_transaction!(self, |tx| {
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
            let mut lines: Vec<&str> = known.lines().collect();
            for decoy in decoys {
                if !lines.contains(&decoy.as_str()) {
                    lines.push(decoy);
                }
            }
            sqlx::query("UPDATE settings SET value = $1 WHERE name = $2")
                .bind(lines.join("\n"))
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
