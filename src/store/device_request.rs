//! Requests of devices (RFC 8628). Deciding is one conditional statement; what was decided is redeemed at the gate of all
//! codes, which the row has nothing to do with.

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::device::State;
use crate::protocol::ids::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;

/// What a device asked for, and how far that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Its name, which the device code holds.
    pub id: String,
    /// What is known of the code that a person types.
    pub user_code_hash: String,
    /// Who asked.
    pub client_id: ClientId,
    /// For what.
    pub scope: Scope,
    /// How far it came.
    pub state: State,
    /// What was allowed, sealed; empty until then.
    pub grant_code: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

/// How many requests may wait.
#[derive(Clone, Copy, Debug)]
pub struct MostWaiting {
    /// Of everybody together.
    pub of_all: i64,
    /// Of one client.
    pub of_client: i64,
}

/// What became of a new request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It is there.
    Now,
    /// Another one has the same user code: make a new one up.
    CodeTaken,
    /// As many wait as may.
    TooMany,
}

/// What a person decided.
#[derive(Clone, Copy, Debug)]
pub enum Decided<'a> {
    /// Yes, and what the device gets for it, sealed.
    Allow(&'a str),
    /// No.
    Deny,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    user_code_hash: String,
    client_id: String,
    scope: String,
    state: String,
    grant_code: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for DeviceRequest {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt =
            |error: &dyn std::fmt::Display| StoreError::Corrupt("device request", error.to_string());
        Ok(Self {
            id: row.id,
            user_code_hash: row.user_code_hash,
            client_id: row.client_id.into(),
            scope: Scope::parse(&row.scope).map_err(|error| corrupt(&error))?,
            state: row.state.parse().map_err(|error| corrupt(&error))?,
            grant_code: row.grant_code,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

impl Store {
    /// Keeps a new request, unless as many wait as may: the statement asks. On PostgreSQL, as many more may wait as are
    /// written at the same moment.
    ///
    /// # Errors
    /// The database is unavailable, or the client was deleted meanwhile.
    pub async fn insert_device_request(
        &self,
        request: &DeviceRequest,
        most: MostWaiting,
    ) -> Result<Waits, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let inserted = sqlx::query(
                "INSERT INTO device_requests (id, user_code_hash, client_id, scope, created_at, expires_at)
                 SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT)
                 WHERE (SELECT COUNT(*) FROM device_requests WHERE state = 'pending' AND expires_at > $5) < $7
                   AND (SELECT COUNT(*) FROM device_requests
                        WHERE client_id = $3 AND state = 'pending' AND expires_at > $5) < $8
                 ON CONFLICT (user_code_hash) DO NOTHING",
            )
            .bind(&request.id)
            .bind(&request.user_code_hash)
            .bind(request.client_id.as_str())
            .bind(request.scope.to_string())
            .bind(request.created_at.0)
            .bind(request.expires_at.0)
            .bind(most.of_all)
            .bind(most.of_client)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if inserted == 1 {
                Waits::Now
            } else {
                let taken: Option<(String,)> =
                    sqlx::query_as("SELECT id FROM device_requests WHERE user_code_hash = $1")
                        .bind(&request.user_code_hash)
                        .fetch_optional(&mut *tx)
                        .await?;
                if taken.is_some() { Waits::CodeTaken } else { Waits::TooMany }
            }
        }))
    }

    /// The request of this name. It is never remembered: a device is told at once what was decided, on whichever node.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn device_request(&self, id: &str) -> Result<Option<DeviceRequest>, StoreError> {
        const SQL: &str =
            "SELECT id, user_code_hash, client_id, scope, state, grant_code, created_at, expires_at
             FROM device_requests WHERE id = $1";
        let row: Option<Row> = on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.map(DeviceRequest::try_from).transpose()
    }

    /// The request that waits for whoever types this code.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn waiting_device(
        &self,
        user_code_hash: &str,
        now: Timestamp,
    ) -> Result<Option<DeviceRequest>, StoreError> {
        const SQL: &str =
            "SELECT id, user_code_hash, client_id, scope, state, grant_code, created_at, expires_at
             FROM device_requests WHERE user_code_hash = $1 AND state = 'pending' AND expires_at > $2";
        let row: Option<Row> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(user_code_hash).bind(now.0).fetch_optional(db).await
        })?;
        row.map(DeviceRequest::try_from).transpose()
    }

    /// The gate of a decision: one statement, so that of two people who decide at the same moment one does. Answers whether it
    /// was this one, and commits the audit row with it.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn decide_device(
        &self,
        id: &str,
        decided: Decided<'_>,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (state, grant_code) = match decided {
            Decided::Allow(grant_code) => (State::Allowed, grant_code),
            Decided::Deny => (State::Denied, ""),
        };
        Ok(in_transaction!(self, |tx| {
            let decided = sqlx::query(
                "UPDATE device_requests SET state = $1, grant_code = $2
                 WHERE id = $3 AND state = 'pending' AND expires_at > $4",
            )
            .bind(state.as_str())
            .bind(grant_code)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1;
            if decided {
                write_audit!(tx, audit);
            }
            decided
        }))
    }
}
