//! The audit log: who did what to what, from where, committed together with the change itself.

use super::ledger::{Entry, ManyRows};
use super::{Store, StoreError, on_db};
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::Timestamp;

/// One entry to be written. `id` sorts by time.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Row id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who: `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
    pub actor: String,
    /// What, as `<thing>.<verb>`: `client.create`, `grant.replayed`.
    pub action: &'static str,
    /// To what: `client:<id>`, `user:<id>` …
    pub target: String,
    /// In which way; free text without secrets.
    pub detail: String,
    /// From where; empty for the command line and for background work.
    pub ip: String,
    /// With which browser, as it calls itself; empty where there is none.
    pub user_agent: String,
    /// The request it came with, as in the logs.
    pub correlation_id: String,
}

/// One entry as it is read back.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuditRow {
    /// Unix time.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// In which way.
    pub detail: String,
    /// From where.
    pub ip: String,
    /// With which browser.
    pub user_agent: String,
    /// With which request.
    pub correlation_id: String,
}

pub(super) static AUDITS: ManyRows = ManyRows::new(
    "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent) VALUES",
    9,
    "",
);

/// Binds an entry's columns.
macro_rules! bind_entry {
    ($query:expr, $entry:expr) => {
        $query
            .bind(&$entry.id)
            .bind($entry.at.0)
            .bind(&$entry.actor)
            .bind($entry.action)
            .bind(&$entry.target)
            .bind(&$entry.detail)
            .bind(&$entry.ip)
            .bind(&$entry.correlation_id)
            .bind(&$entry.user_agent)
    };
}
pub(super) use bind_entry;

/// Writes up to [`MOST_ROWS`](super::ledger::MOST_ROWS) entries inside the caller's transaction.
macro_rules! write_audits {
    ($store:expr, $tx:ident, $entries:expr) => {{
        let entries: &[&crate::store::AuditEntry] = $entries;
        let mut query = sqlx::query(crate::store::audit::AUDITS.of(&$store.db, entries.len()));
        for entry in entries {
            query = crate::store::audit::bind_entry!(query, entry);
        }
        query.execute(&mut *$tx).await?;
    }};
}
pub(super) use write_audits;

/// Writes an [`AuditEntry`] inside the caller's transaction.
macro_rules! write_audit {
    ($tx:ident, $entry:expr) => {{
        let entry: &crate::store::AuditEntry = $entry;
        let query = sqlx::query(
            "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        crate::store::audit::bind_entry!(query, entry).execute(&mut *$tx).await?;
    }};
}
pub(super) use write_audit;

impl Store {
    /// Writes an entry for something that changed no other row (a refused sign-in, for example).
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.ledger.write(entry.clone(), Entry::Note).await
    }

    /// The newest entries, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        const SQL: &str =
            "SELECT at, actor, action, target, detail, ip, user_agent, correlation_id FROM audit_log
             ORDER BY id DESC LIMIT $1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(db).await)?)
    }

    /// The newest entries about what was done by a user or to their account, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_of_user(&self, user: &UserId, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        // Each half is read from its index; an OR would sort everything that an old account has.
        const SQL: &str = "SELECT at, actor, action, target, detail, ip, user_agent, correlation_id FROM (
                 SELECT * FROM (SELECT * FROM audit_log WHERE actor = $1 ORDER BY id DESC LIMIT $2) AS done
                 UNION
                 SELECT * FROM (SELECT * FROM audit_log WHERE target = $1 ORDER BY id DESC LIMIT $2) AS suffered
             ) AS either ORDER BY id DESC LIMIT $2";
        let name = format!("user:{user}");
        Ok(on_db!(self, |db| { sqlx::query_as(SQL).bind(&name).bind(i64::from(limit)).fetch_all(db).await })?)
    }
}
