//! Who manages which applications and groups without being an administrator.

use super::audit::{NEWEST, write_audit};
use super::client::ClientRow;
use super::group::GroupRow;
use super::user::UserRow;
use super::{AuditEntry, FailureRow, Store, StoreError, Unique, in_transaction, on_db};
use crate::protocol::client::Client;
use crate::protocol::group::Group;
use crate::protocol::ids::{ClientId, GroupId, UserId};
use crate::protocol::powers::Delegated;
use crate::protocol::user::User;

/// Rows that one holder has at most: all of them are read at every request of theirs.
pub const MOST_DELEGATED: i64 = 500;

/// To whom something is delegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A user.
    User(UserId),
    /// Whoever is in a group.
    Group(GroupId),
    /// A client, for its own tokens.
    Client(ClientId),
}

/// What is delegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// An application.
    Client(ClientId),
    /// A group and its members.
    Group(GroupId),
}

/// One thing that is delegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Its id; sorts by time.
    pub id: String,
    /// To whom.
    pub holder: Holder,
    /// What.
    pub over: Over,
    /// Since when (Unix seconds).
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct DelegationRow {
    id: String,
    holder_user: Option<String>,
    holder_group: Option<String>,
    holder_client: Option<String>,
    over_client: Option<String>,
    over_group: Option<String>,
    created_at: i64,
}

impl TryFrom<DelegationRow> for Delegation {
    type Error = StoreError;
    fn try_from(row: DelegationRow) -> Result<Self, StoreError> {
        let holder = match (row.holder_user, row.holder_group, row.holder_client) {
            (Some(id), None, None) => Holder::User(id.into()),
            (None, Some(id), None) => Holder::Group(id.into()),
            (None, None, Some(id)) => Holder::Client(id.into()),
            _ => return Err(StoreError::Corrupt("delegation", row.id)),
        };
        let over = match (row.over_client, row.over_group) {
            (Some(id), None) => Over::Client(id.into()),
            (None, Some(id)) => Over::Group(id.into()),
            _ => return Err(StoreError::Corrupt("delegation", row.id)),
        };
        Ok(Self { id: row.id, holder, over, created_at: row.created_at })
    }
}

impl Holder {
    /// As the columns have it: user, group, client.
    fn columns(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        match self {
            Self::User(id) => (Some(id.as_str()), None, None),
            Self::Group(id) => (None, Some(id.as_str()), None),
            Self::Client(id) => (None, None, Some(id.as_str())),
        }
    }
}

impl Over {
    /// As the columns have it: client, group.
    fn columns(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Client(id) => (Some(id.as_str()), None),
            Self::Group(id) => (None, Some(id.as_str())),
        }
    }
}

fn gathered(rows: Vec<(Option<String>, Option<String>)>) -> Delegated {
    let mut delegated = Delegated::default();
    for (client, group) in rows {
        delegated.clients.extend(client.map(ClientId::from));
        delegated.groups.extend(group.map(GroupId::from));
    }
    delegated
}

/// What is delegated to the user `$1`, by themselves or with a group, or to the client `$2`: a condition on `delegations`.
macro_rules! held {
    () => {
        "(holder_user = $1 OR holder_client = $2
          OR holder_group IN (SELECT group_id FROM group_members WHERE user_id = $1))"
    };
}

impl Store {
    /// What is delegated to a user, by themselves or with a group that they are in.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delegated_to_user(&self, id: &UserId) -> Result<Delegated, StoreError> {
        const SQL: &str = "SELECT over_client, over_group FROM delegations WHERE holder_user = $1
             OR holder_group IN (SELECT group_id FROM group_members WHERE user_id = $1)";
        Ok(gathered(on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_all(db).await)?))
    }

    /// What is delegated to a client.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delegated_to_client(&self, id: &ClientId) -> Result<Delegated, StoreError> {
        const SQL: &str = "SELECT over_client, over_group FROM delegations WHERE holder_client = $1";
        Ok(gathered(on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_all(db).await)?))
    }

    /// Is anything delegated to the members of this group?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn group_manages(&self, id: &GroupId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM delegations WHERE holder_group = $1 LIMIT 1";
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
        Ok(row.is_some())
    }

    /// What is delegated, after the row `after`, `limit` at most, in the order in which it was.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delegations(&self, after: &str, limit: u32) -> Result<Vec<Delegation>, StoreError> {
        const SQL: &str = "SELECT * FROM delegations WHERE id > $1 ORDER BY id LIMIT $2";
        let rows: Vec<DelegationRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).fetch_all(db).await)?;
        rows.into_iter().map(Delegation::try_from).collect()
    }

    /// Delegates something. Answers whether the holder has room for it.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when it was delegated before, [`StoreError::Gone`] when there is no such holder or thing any
    /// more.
    pub async fn delegate(&self, delegation: &Delegation, audit: &AuditEntry) -> Result<bool, StoreError> {
        let (user, group, client) = delegation.holder.columns();
        let (over_client, over_group) = delegation.over.columns();
        let inserted = in_transaction!(self, |tx| {
            let (held,): (i64,) = sqlx::query_as(
                "SELECT COUNT(*) FROM delegations
                 WHERE holder_user = $1 OR holder_group = $2 OR holder_client = $3",
            )
            .bind(user)
            .bind(group)
            .bind(client)
            .fetch_one(&mut *tx)
            .await?;
            if held >= MOST_DELEGATED {
                return Ok(false);
            }
            let inserted = sqlx::query(
                "INSERT INTO delegations (id, holder_user, holder_group, holder_client, over_client, over_group,
                                          created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            )
            .bind(&delegation.id)
            .bind(user)
            .bind(group)
            .bind(client)
            .bind(over_client)
            .bind(over_group)
            .bind(delegation.created_at)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if inserted == 1 {
                write_audit!(tx, audit);
            }
            inserted
        });
        if inserted == 1 { Ok(true) } else { Err(StoreError::Taken(Unique::Delegation)) }
    }

    /// Takes something back that was delegated. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn end_delegation(&self, id: &str, audit: &AuditEntry) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, |tx| {
            let deleted = sqlx::query("DELETE FROM delegations WHERE id = $1")
                .bind(id)
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

    /// One thing that is delegated.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delegation(&self, id: &str) -> Result<Option<Delegation>, StoreError> {
        const SQL: &str = "SELECT * FROM delegations WHERE id = $1";
        let row: Option<DelegationRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.map(Delegation::try_from).transpose()
    }

    /// The applications that are delegated to a user or client, in the order of registration.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_managed_by(&self, holder: &Holder) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = concat!(
            "SELECT * FROM clients WHERE id IN (SELECT over_client FROM delegations WHERE ",
            held!(),
            ") ORDER BY created_at, id"
        );
        let (user, _, client) = holder.columns();
        let rows: Vec<ClientRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user).bind(client).fetch_all(db).await)?;
        rows.into_iter().map(Client::try_from).collect()
    }

    /// The groups that are delegated to a user or client, after the name `after`, `limit` at most, by name.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn groups_managed_by(
        &self,
        holder: &Holder,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Group>, StoreError> {
        const SQL: &str = concat!(
            "SELECT * FROM groups WHERE id IN (SELECT over_group FROM delegations WHERE ",
            held!(),
            ") AND LOWER(name) > LOWER($3) ORDER BY LOWER(name) LIMIT $4"
        );
        let (user, _, client) = holder.columns();
        let rows: Vec<GroupRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(user).bind(client).bind(after).bind(i64::from(limit)).fetch_all(db).await
        })?;
        rows.into_iter().map(Group::try_from).collect()
    }

    /// The newest refused requests of applications that are delegated to a user or client, newest first, older than the row
    /// `before` if it is named.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn failures_managed_by(
        &self,
        holder: &Holder,
        before: &str,
        limit: u32,
    ) -> Result<Vec<FailureRow>, StoreError> {
        const SQL: &str = concat!(
            "SELECT * FROM failures WHERE client_id IN (SELECT over_client FROM delegations WHERE ",
            held!(),
            ") AND id < $3 ORDER BY id DESC LIMIT $4"
        );
        let (user, _, client) = holder.columns();
        let before = if before.is_empty() { NEWEST } else { before };
        Ok(on_db!(self, |db| {
            sqlx::query_as(SQL)
                .bind(user)
                .bind(client)
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(db)
                .await
        })?)
    }

    /// Members of the groups that are delegated to a user or client, by user name.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn users_managed_by(
        &self,
        holder: &Holder,
        after: &str,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        const SQL: &str = concat!(
            "SELECT * FROM users WHERE id IN (SELECT user_id FROM group_members WHERE group_id IN
                 (SELECT over_group FROM delegations WHERE ",
            held!(),
            ")) AND username > $3 ORDER BY username LIMIT $4"
        );
        let (user, _, client) = holder.columns();
        let rows: Vec<UserRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(user).bind(client).bind(after).bind(i64::from(limit)).fetch_all(db).await
        })?;
        rows.into_iter().map(User::try_from).collect()
    }
}
