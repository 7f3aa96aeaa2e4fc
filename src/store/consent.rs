//! Remembered consents.

use std::sync::Arc;

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::ids::{ClientId, ConsentId, UserId};
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;

/// What a user allowed a client, until withdrawn.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Its id: withdrawing and allowing again makes another one, on which older grants do not rest.
    pub id: ConsentId,
    /// Who.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// What.
    pub scope: Scope,
    /// Since when.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ConsentRow {
    id: String,
    user_id: String,
    client_id: String,
    scope: String,
    created_at: i64,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;
    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            user_id: row.user_id.into(),
            client_id: row.client_id.into(),
            scope: Scope::parse(&row.scope)
                .map_err(|error| StoreError::Corrupt("consent", error.to_string()))?,
            created_at: Timestamp(row.created_at),
        })
    }
}

impl Store {
    /// The standing consent of a user to a client.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn consent(
        &self,
        user: &UserId,
        client: &ClientId,
    ) -> Result<Option<Arc<Consent>>, StoreError> {
        const SQL: &str = "SELECT id, user_id, client_id, scope, created_at FROM consents WHERE user_id = $1 AND client_id = $2";
        let load = async {
            let row: Option<ConsentRow> = on_db!(self, |db| {
                sqlx::query_as(SQL).bind(user.as_str()).bind(client.as_str()).fetch_optional(db).await
            })?;
            row.map(Consent::try_from).transpose()
        };
        self.recall_or(&self.memory.consents, &(user.clone(), client.clone()), load).await
    }

    /// Every standing consent of a user, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn consents_of_user(&self, user: &UserId) -> Result<Vec<Consent>, StoreError> {
        const SQL: &str = "SELECT id, user_id, client_id, scope, created_at FROM consents WHERE user_id = $1
             ORDER BY created_at DESC, id DESC";
        let rows: Vec<ConsentRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).fetch_all(db).await)?;
        rows.into_iter().map(Consent::try_from).collect()
    }

    /// Remembers a consent. One that stands already is widened, never narrowed: two consents at once must not lose
    /// one of them, so the scope that was there is read and written in the same transaction.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn allow(
        &self,
        consent: &Consent,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (user, client) = (&consent.user_id, &consent.client_id);
        in_transaction!(self, changing[user.into()], |tx| {
            // The insert takes the row's lock on PostgreSQL, so that the read below sees what the write will replace.
            let standing: (String,) = sqlx::query_as(
                "INSERT INTO consents (id, user_id, client_id, scope, created_at, updated_at)
                 VALUES ($1, $2, $3, '', $4, $4)
                 ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = $4
                 RETURNING scope",
            )
            .bind(consent.id.as_str())
            .bind(user.as_str())
            .bind(client.as_str())
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
            let widened = Scope::parse(&standing.0)
                .map_err(|error| StoreError::Corrupt("consent", error.to_string()))?
                .union(&consent.scope);
            sqlx::query("UPDATE consents SET scope = $1 WHERE user_id = $2 AND client_id = $3")
                .bind(widened.to_string())
                .bind(user.as_str())
                .bind(client.as_str())
                .execute(&mut *tx)
                .await?;
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// Withdraws a consent and revokes every grant of the user to the client. Answers whether there was one.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn withdraw(
        &self,
        user: &UserId,
        client: &ClientId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let withdrawn = in_transaction!(self, changing[user.into()], |tx| {
            let withdrawn = sqlx::query("DELETE FROM consents WHERE user_id = $1 AND client_id = $2")
                .bind(user.as_str())
                .bind(client.as_str())
                .execute(&mut *tx)
                .await?
                .rows_affected();
            sqlx::query(
                "UPDATE grants SET state = 'revoked' WHERE user_id = $1 AND client_id = $2 AND state = 'active'",
            )
            .bind(user.as_str())
            .bind(client.as_str())
            .execute(&mut *tx)
            .await?;
            if withdrawn == 1 {
                write_audit!(tx, audit);
            }
            withdrawn
        });
        Ok(withdrawn == 1)
    }
}
