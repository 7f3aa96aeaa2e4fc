//! Browser sessions.

use std::sync::{Arc, PoisonError};

use super::audit::write_audit;
use super::ledger::{BEGIN, Beginning, Entry, MOST_ROWS, ManyRows};
use super::session_client::announce_ended_sessions;
use super::{AuditEntry, Store, StoreError, Topic, in_transaction, on_db};
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::session::Session;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: String,
    secret_hash: String,
    user_id: String,
    state: String,
    auth_time: i64,
    methods: String,
    acr: String,
    remembered: bool,
    ip: String,
    user_agent: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id.into(),
            secret_hash: row.secret_hash,
            user_id: row.user_id.into(),
            active: row.state == "active",
            auth_time: Timestamp(row.auth_time),
            methods: row.methods,
            acr: row.acr,
            remembered: row.remembered,
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: Timestamp(row.created_at),
            last_seen_at: Timestamp(row.last_seen_at),
            expires_at: Timestamp(row.expires_at),
        }
    }
}

/// A session that takes the place of another, in the same commit as something else, and what the audit log says of it.
pub struct NewSession {
    /// The one that it takes the place of, which must be active.
    pub former: SessionId,
    /// The session.
    pub session: Session,
    /// That it began.
    pub audit: AuditEntry,
}

/// Binds a session's columns, but for its state.
macro_rules! bind_session {
    ($query:expr, $session:expr) => {
        $query
            .bind($session.id.as_str())
            .bind(&$session.secret_hash)
            .bind($session.user_id.as_str())
            .bind($session.auth_time.0)
            .bind(&$session.methods)
            .bind(&$session.acr)
            .bind($session.remembered)
            .bind(&$session.ip)
            .bind(&$session.user_agent)
            .bind($session.created_at.0)
            .bind($session.last_seen_at.0)
            .bind($session.expires_at.0)
    };
}
pub(super) use bind_session;

static LAST_SEEN: ManyRows = ManyRows::new(
    "WITH v (id, at) AS (VALUES",
    2,
    ")
     UPDATE sessions SET last_seen_at = v.at FROM v
     WHERE sessions.id = v.id AND sessions.state = 'active' AND sessions.last_seen_at < v.at",
);

/// Ends every session of a user inside the caller's transaction, except the session `$keep`, and has their clients
/// told. Says how many.
macro_rules! end_sessions_of_user {
    ($tx:ident, $user:expr, $keep:expr, $now:expr) => {{
        let ended = sqlx::query(
            "UPDATE sessions SET state = 'ended' WHERE user_id = $1 AND state = 'active' AND id <> $2",
        )
        .bind($user.as_str())
        .bind($keep)
        .execute(&mut *$tx)
        .await?
        .rows_affected();
        crate::store::session_client::announce_ended_sessions!($tx, $user.as_str(), $now);
        ended
    }};
}
pub(super) use end_sessions_of_user;

impl Store {
    /// Begins a session of `user`. The browser's `former` one goes on with a new secret if it has the same id, and else
    /// ends, in the same commit: a browser never has two. Answers whether it did: not if the user was changed since they
    /// were read, and so perhaps was the password that was checked; nor if the session that was to go on was ended
    /// meanwhile.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn begin_session(
        &self,
        session: &Session,
        user: &User,
        former: Option<&SessionId>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        if let Some(former) = former {
            return self.begin_session_after(former, session, user, audit).await;
        }
        let as_of = self.memory.as_of();
        let beginning = Beginning {
            session: session.clone(),
            user_unchanged_since: user.updated_at,
            audit: audit.clone(),
        };
        let begun = self.ledger.write(Box::new(beginning), Entry::Begin).await?;
        if begun {
            let session = Arc::new(session.clone());
            self.memory.sessions.keep(session.id.clone(), &session, as_of);
        }
        Ok(begun)
    }

    async fn begin_session_after(
        &self,
        former: &SessionId,
        session: &Session,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, changing [Topic::from(&session.id), Topic::from(former)], |tx| {
            // Whoever changes the user ends their sessions in the same transaction. This write waits for that one, or
            // that one for this, so that no session slips in between.
            let unchanged = sqlx::query(
                "UPDATE users SET updated_at = updated_at WHERE id = $1 AND updated_at = $2 AND NOT disabled",
            )
            .bind(user.id.as_str())
            .bind(user.updated_at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if unchanged == 0 {
                return Ok(false);
            }
            if *former == session.id {
                // Nothing is inserted here: a session that was ended may be deleted by now, and does not come back.
                let goes_on = sqlx::query(
                    "UPDATE sessions SET secret_hash = $3, auth_time = $4, methods = $5, acr = $6, remembered = $7,
                                         ip = $8, user_agent = $9, last_seen_at = $10, expires_at = $11
                     WHERE id = $1 AND user_id = $2 AND state = 'active'",
                )
                .bind(session.id.as_str())
                .bind(session.user_id.as_str())
                .bind(&session.secret_hash)
                .bind(session.auth_time.0)
                .bind(&session.methods)
                .bind(&session.acr)
                .bind(session.remembered)
                .bind(&session.ip)
                .bind(&session.user_agent)
                .bind(session.last_seen_at.0)
                .bind(session.expires_at.0)
                .execute(&mut *tx)
                .await?
                .rows_affected();
                if goes_on == 0 {
                    return Ok(false);
                }
            } else {
                bind_session!(sqlx::query(BEGIN.of(&self.db, 1)), session).execute(&mut *tx).await?;
                let ended: Option<(String,)> = sqlx::query_as(
                    "UPDATE sessions SET state = 'ended' WHERE id = $1 AND state = 'active' RETURNING user_id",
                )
                .bind(former.as_str())
                .fetch_optional(&mut *tx)
                .await?;
                if let Some((former_user,)) = ended {
                    announce_ended_sessions!(tx, former_user, audit.at);
                }
            }
            write_audit!(tx, audit);
        });
        Ok(true)
    }

    /// The session with this id, whatever its state.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn session(&self, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        const SQL: &str = "SELECT * FROM sessions WHERE id = $1";
        let load = async {
            let row: Option<SessionRow> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
            Ok(row.map(|row| self.as_last_seen(row.into())))
        };
        self.recall_or(&self.memory.sessions, id, load).await
    }

    /// A user's sessions that were not ended and have not reached their absolute end, the one used last first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn sessions_of_user(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        const SQL: &str = "SELECT * FROM sessions WHERE user_id = $1 AND state = 'active' AND expires_at > $2
             ORDER BY last_seen_at DESC, id DESC";
        let rows: Vec<SessionRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(user.as_str()).bind(now.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|row| self.as_last_seen(row.into())).collect())
    }

    /// A session as it was read, with a use of it that is not written down yet.
    fn as_last_seen(&self, mut session: Session) -> Session {
        let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = touched.get(&session.id) {
            session.last_seen_at = session.last_seen_at.max(*at);
        }
        session
    }

    /// Notes that a session was used. Written down a few seconds later, together with others; a crash before costs some
    /// seconds of the time that it may go unused.
    pub fn touch_session(&self, session: &Arc<Session>, now: Timestamp) {
        if now <= session.last_seen_at {
            return;
        }
        self.memory.sessions.renew(&session.id, |known| Session {
            last_seen_at: now.max(known.last_seen_at),
            ..known.clone()
        });
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let last = touched.entry(session.id.clone()).or_insert(now);
        *last = now.max(*last);
    }

    /// Writes down which sessions were used. Never revives one that was ended.
    ///
    /// # Errors
    /// The database is unavailable: what is not written yet is written the next time.
    pub async fn write_last_seen(&self) -> Result<(), StoreError> {
        loop {
            let some: Vec<(SessionId, Timestamp)> = {
                let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
                touched.iter().take(MOST_ROWS).map(|(id, at)| (id.clone(), *at)).collect()
            };
            if some.is_empty() {
                return Ok(());
            }
            in_transaction!(self, |tx| {
                let mut query = sqlx::query(LAST_SEEN.of(&self.db, some.len()));
                for (id, at) in &some {
                    query = query.bind(id.as_str()).bind(at.0);
                }
                query.execute(&mut *tx).await?;
            });
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in some {
                if touched.get(&id) == Some(&at) {
                    touched.remove(&id);
                }
            }
        }
    }

    /// Ends one session of this user. Answers whether it was active. Its grants for online access die with it,
    /// because they are asked about their session at every use.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn end_session(
        &self,
        user: &UserId,
        id: &SessionId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let ended = in_transaction!(self, changing[id.into()], |tx| {
            let ended = sqlx::query(
                "UPDATE sessions SET state = 'ended' WHERE id = $1 AND user_id = $2 AND state = 'active'",
            )
            .bind(id.as_str())
            .bind(user.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if ended == 1 {
                announce_ended_sessions!(tx, user.as_str(), audit.at);
                write_audit!(tx, audit);
            }
            ended
        });
        Ok(ended == 1)
    }

    /// Ends every session of a user, except `keep`. Answers how many.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn end_sessions_of_user(
        &self,
        user: &UserId,
        keep: Option<&SessionId>,
        audit: &AuditEntry,
    ) -> Result<u64, StoreError> {
        let ended = in_transaction!(self, changing[user.into()], |tx| {
            let keep = keep.map(SessionId::as_str).unwrap_or_default();
            let ended = end_sessions_of_user!(tx, user, keep, audit.at);
            write_audit!(tx, audit);
            ended
        });
        Ok(ended)
    }
}
