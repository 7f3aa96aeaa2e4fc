//! Which clients signed users in from which sessions, and whom of them the end of a session is still to be told. A row
//! that is due is the order to deliver one logout token: it is there until the token arrived, whatever restarts.

use super::audit::write_audit;
use super::client::ClientRow;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::client::Client;
use crate::protocol::ids::{ClientId, SessionId, UserId};
use crate::protocol::timestamp::Timestamp;

/// Makes it due, inside the caller's transaction, to tell the clients of those of a user's sessions that are not active
/// any more. Comes after the statement that ends them: whoever wants to note a client meanwhile waits for that one, and
/// then finds no active session.
macro_rules! announce_ended_sessions {
    ($tx:ident, $user:expr, $now:expr) => {
        sqlx::query(
            "UPDATE session_clients SET due_at = $1 WHERE user_id = $2 AND due_at IS NULL AND NOT EXISTS
                (SELECT 1 FROM sessions WHERE sessions.id = session_id AND sessions.state = 'active')",
        )
        .bind($now.0)
        .bind($user)
        .execute(&mut *$tx)
        .await?
    };
}
pub(super) use announce_ended_sessions;

/// One client that is to be told of the end of one session, leased to whoever holds this.
#[derive(Clone, Debug)]
pub struct LogoutNotice {
    /// The session.
    pub session_id: SessionId,
    /// The client.
    pub client_id: ClientId,
    /// The session's user, who may be gone.
    pub user_id: UserId,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Until when nobody else tries.
    leased_until: Timestamp,
}

/// Which notices are asked for.
#[derive(Clone, Copy, Debug)]
pub enum NoticesOf<'a> {
    /// Those to one client, of any session.
    Client(&'a ClientId),
    /// Those of one session, to any client.
    Session(&'a SessionId),
}

#[derive(sqlx::FromRow)]
struct NoticeRow {
    session_id: String,
    client_id: String,
    user_id: String,
    attempts: i64,
    due_at: i64,
}

impl From<NoticeRow> for LogoutNotice {
    fn from(row: NoticeRow) -> Self {
        Self {
            session_id: row.session_id.into(),
            client_id: row.client_id.into(),
            user_id: row.user_id.into(),
            attempts: row.attempts,
            leased_until: Timestamp(row.due_at),
        }
    }
}

impl Store {
    /// Notes that a client signs a user in from a session and wants to hear of its end. Changes nothing when that is
    /// known, or when the session is not active (any more).
    ///
    /// # Errors
    /// The database is unavailable. [`StoreError::Gone`] when the client was deleted meanwhile.
    pub async fn note_session_client(
        &self,
        session: &SessionId,
        client: &ClientId,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const KNOWN: &str = "SELECT client_id FROM session_clients WHERE session_id = $1 AND client_id = $2";
        let known: Option<(String,)> = on_db!(self, |db| {
            sqlx::query_as(KNOWN).bind(session.as_str()).bind(client.as_str()).fetch_optional(db).await
        })?;
        if known.is_some() {
            return Ok(());
        }
        in_transaction!(self, |tx| {
            // Whoever ends the session writes its row first, too: this write waits for theirs, or theirs for this, so
            // that no client slips in behind the announcement.
            let active =
                sqlx::query("UPDATE sessions SET state = 'active' WHERE id = $1 AND state = 'active'")
                    .bind(session.as_str())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if active == 1 {
                sqlx::query(
                    "INSERT INTO session_clients (session_id, client_id, user_id, created_at)
                     VALUES ($1, $2, $3, $4) ON CONFLICT (session_id, client_id) DO NOTHING",
                )
                .bind(session.as_str())
                .bind(client.as_str())
                .bind(user.as_str())
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            }
        });
        Ok(())
    }

    /// The clients that want to hear of a session's end and are not switched off, by their ids.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_of_session(&self, session: &SessionId) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = "SELECT c.* FROM session_clients s JOIN clients c ON c.id = s.client_id
             WHERE s.session_id = $1 AND NOT c.disabled ORDER BY c.id";
        let rows: Vec<ClientRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(session.as_str()).fetch_all(db).await)?;
        rows.into_iter().map(Client::try_from).collect()
    }

    /// The clients that there are due notices to, `limit` at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_with_due_notices(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError> {
        const SQL: &str = "SELECT client_id FROM session_clients WHERE due_at <= $1
             GROUP BY client_id ORDER BY MIN(due_at), client_id LIMIT $2";
        let rows: Vec<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).bind(i64::from(limit)).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id,)| id.into()).collect())
    }

    /// Takes due notices, `limit` at most. The gate: they stop being due in the statement that hands them out, so that
    /// of any number of nodes one gets each. They are due again at `until`, unless their holder settles them.
    ///
    /// # Errors
    /// The database is unavailable: nobody has them then.
    pub async fn lease_logout_notices(
        &self,
        of: NoticesOf<'_>,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        let (client, session) = match of {
            NoticesOf::Client(client) => (Some(client.as_str()), None),
            NoticesOf::Session(session) => (None, Some(session.as_str())),
        };
        let rows: Vec<NoticeRow> = in_transaction!(self, |tx| {
            sqlx::query_as(
                "UPDATE session_clients SET due_at = $1, attempts = attempts + 1
                 WHERE due_at <= $2 AND (session_id, client_id) IN
                    (SELECT session_id, client_id FROM session_clients
                     WHERE due_at <= $2 AND ($3 IS NULL OR client_id = $3) AND ($4 IS NULL OR session_id = $4)
                     ORDER BY due_at LIMIT $5)
                 RETURNING session_id, client_id, user_id, attempts, due_at",
            )
            .bind(until.0)
            .bind(now.0)
            .bind(client)
            .bind(session)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?
        });
        Ok(rows.into_iter().map(LogoutNotice::from).collect())
    }

    /// Puts a leased notice off to another time. Answers whether it was still leased to the holder.
    ///
    /// # Errors
    /// The database is unavailable: it is due again when the lease ends.
    pub async fn put_off_logout_notice(
        &self,
        notice: &LogoutNotice,
        due_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let put_off = in_transaction!(self, |tx| {
            sqlx::query(
                "UPDATE session_clients SET due_at = $1
                 WHERE session_id = $2 AND client_id = $3 AND due_at = $4",
            )
            .bind(due_at.0)
            .bind(notice.session_id.as_str())
            .bind(notice.client_id.as_str())
            .bind(notice.leased_until.0)
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(put_off == 1)
    }

    /// Forgets a leased notice: it was delivered, or, with an audit entry, given up. Answers whether it was still leased
    /// to the holder.
    ///
    /// # Errors
    /// The database is unavailable: it is due again when the lease ends.
    pub async fn settle_logout_notice(
        &self,
        notice: &LogoutNotice,
        audit: Option<&AuditEntry>,
    ) -> Result<bool, StoreError> {
        let settled = in_transaction!(self, |tx| {
            let settled = sqlx::query(
                "DELETE FROM session_clients WHERE session_id = $1 AND client_id = $2 AND due_at = $3",
            )
            .bind(notice.session_id.as_str())
            .bind(notice.client_id.as_str())
            .bind(notice.leased_until.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if settled == 1
                && let Some(audit) = audit
            {
                write_audit!(tx, audit);
            }
            settled
        });
        Ok(settled == 1)
    }
}
