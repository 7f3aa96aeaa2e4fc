//! The audit log: who did what to what, from where, committed together with the change itself.

use std::time::Duration;

use super::ledger::{Entry, ManyRows};
use super::{Store, StoreError, on_db};
use crate::protocol::audit::AuditFilter;
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
    /// Row id; sorts by time.
    pub id: String,
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

/// Some rows of the audit log, newest first, and where to go on.
#[derive(Debug)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// The id to go on before; none at the end of the log.
    pub next: Option<String>,
}

/// Rows that are looked through for one page at most. Who searches for text in ten million rows gets there in steps, each
/// of which answers quickly.
const LOOKED_THROUGH: u32 = 5_000;

/// After the id of every row.
pub(super) const NEWEST: &str = "zzzz";

/// The part of the log that is looked through: the rows that one index leads to, newest first.
macro_rules! window {
    ($columns:literal, $of:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM audit_log WHERE ",
            $of,
            " AND id < $2 AND id >= $3 ORDER BY id DESC ",
            $rest
        )
    };
}

/// Of the rows in the window, those that the whole filter means.
macro_rules! page {
    ($of:literal) => {
        concat!(
            "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id FROM (",
            window!("*", $of, "LIMIT $4"),
            ") AS looked_through
             WHERE ($5 = '' OR actor = $5) AND ($6 = '' OR target = $6) AND ($7 = '' OR action = $7)
               AND at >= $8 AND at < $9
               AND ($10 = '' OR LOWER(detail) LIKE LOWER($10) ESCAPE '!')
               AND ($11 = '' OR LOWER(actor || ' ' || action || ' ' || target || ' ' || detail || ' ' || ip || ' '
                                      || user_agent || ' ' || correlation_id) LIKE LOWER($11) ESCAPE '!')
             ORDER BY id DESC LIMIT $12"
        )
    };
}

/// How a page is found by an index, and how far its window reaches.
struct Way {
    page: &'static str,
    end: &'static str,
}

macro_rules! way {
    ($of:literal) => {
        Way { page: page!($of), end: window!("id", $of, "LIMIT 1 OFFSET $4") }
    };
}

const BY_CORRELATION_ID: Way = way!("correlation_id = $1");
const BY_TARGET: Way = way!("target = $1");
const BY_ACTOR: Way = way!("actor = $1");
const BY_ACTION: Way = way!("action = $1");
const BY_TIME: Way = way!("$1 = ''");

impl Way {
    /// The index that leads to the fewest rows, and the value to look up in it.
    fn to(filter: &AuditFilter) -> (&'static Self, &str) {
        [
            (&BY_CORRELATION_ID, &filter.correlation_id),
            (&BY_TARGET, &filter.target),
            (&BY_ACTOR, &filter.actor),
            (&BY_ACTION, &filter.action),
        ]
        .into_iter()
        .find(|(_, value)| !value.is_empty())
        .map_or((&BY_TIME, ""), |(way, value)| (way, value.as_str()))
    }
}

/// What the ids of this second begin with: the time in milliseconds.
fn first_id(at: Timestamp) -> String {
    let millis = at.0.saturating_mul(1000);
    format!("{:012x}", millis.max(0))
}

/// A pattern for LIKE that finds this text anywhere; empty for none.
pub(super) fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
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
            "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id FROM audit_log
             WHERE id < $1 ORDER BY id DESC LIMIT $2";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(NEWEST).bind(i64::from(limit)).fetch_all(db).await)?)
    }

    /// Has this user signed in once, and no more, for as long as anybody remembers?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn has_signed_in_once(&self, user: &UserId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM (
                 SELECT id FROM audit_log WHERE actor = $1 AND action = 'session.begin' LIMIT 2
             ) AS sessions";
        let name = format!("user:{user}");
        let (count,): (i64,) = on_db!(self, |db| sqlx::query_as(SQL).bind(&name).fetch_one(db).await)?;
        Ok(count < 2)
    }

    /// The newest rows that a filter means, older than the row `before` if it is named; `limit` at most. A page may hold
    /// fewer, or none, before the end of the log: no more than [`LOOKED_THROUGH`] rows are looked through for it.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        before: &str,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        let (way, value) = Way::to(filter);
        let by_index = [&filter.correlation_id, &filter.target, &filter.actor, &filter.action];
        let sifted = by_index.iter().filter(|value| !value.is_empty()).count() > 1
            || !filter.cause.is_empty()
            || !filter.search.is_empty();
        let window = i64::from(if sifted { LOOKED_THROUGH } else { limit.saturating_add(1) });
        let (since, until) =
            (filter.since.unwrap_or(Timestamp(i64::MIN)), filter.until.unwrap_or(Timestamp(i64::MAX)));
        // A second more on either side: the id of a row and its time are taken one after the other.
        let newest = match filter.until {
            Some(until) => first_id(until.plus(Duration::from_secs(1))),
            None => NEWEST.to_owned(),
        };
        let below = if before.is_empty() || *before > *newest { newest.as_str() } else { before };
        let floor =
            filter.since.map(|since| first_id(since.minus(Duration::from_secs(1)))).unwrap_or_default();
        let mut rows: Vec<AuditRow> = on_db!(self, |db| {
            sqlx::query_as(way.page)
                .bind(value)
                .bind(below)
                .bind(&floor)
                .bind(window)
                .bind(&filter.actor)
                .bind(&filter.target)
                .bind(&filter.action)
                .bind(since.0)
                .bind(until.0)
                .bind(pattern(&filter.cause))
                .bind(pattern(&filter.search))
                .bind(i64::from(limit) + 1)
                .fetch_all(db)
                .await
        })?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() > most {
            rows.truncate(most);
            let next = rows.last().map(|row| row.id.clone());
            return Ok(AuditPage { rows, next });
        }
        // Nothing more in this window: is there anything below it?
        let end: Option<(String,)> = on_db!(self, |db| {
            sqlx::query_as(way.end)
                .bind(value)
                .bind(below)
                .bind(&floor)
                .bind(window - 1)
                .fetch_optional(db)
                .await
        })?;
        Ok(AuditPage { rows, next: end.map(|(id,)| id) })
    }

    /// Every action that stands in the log, by name: each is one look into an index.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_actions(&self) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "WITH RECURSIVE known (action) AS (
                 SELECT MIN(action) FROM audit_log
                 UNION ALL
                 SELECT (SELECT MIN(action) FROM audit_log WHERE action > known.action)
                 FROM known WHERE known.action IS NOT NULL
             ) SELECT action FROM known WHERE action IS NOT NULL LIMIT 200";
        let rows: Vec<(String,)> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(action,)| action).collect())
    }

    /// The newest entries about what was done by a user or to their account, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_of_user(&self, user: &UserId, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        // Each half is read from its index; an OR would sort everything that an old account has.
        const SQL: &str = "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id FROM (
                 SELECT * FROM (SELECT * FROM audit_log WHERE actor = $1 ORDER BY id DESC LIMIT $2) AS done
                 UNION
                 SELECT * FROM (SELECT * FROM audit_log WHERE target = $1 ORDER BY id DESC LIMIT $2) AS suffered
             ) AS either ORDER BY id DESC LIMIT $2";
        let name = format!("user:{user}");
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(&name).bind(i64::from(limit)).fetch_all(db).await)?)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;
    use tempfile::TempDir;

    use crate::config::{Database, Engine};
    use crate::store::{Db, Store};

    /// The statements of a way, asked how they would be carried out.
    macro_rules! plans {
        ($of:literal) => {
            [
                concat!("EXPLAIN QUERY PLAN ", page!($of)),
                concat!("EXPLAIN QUERY PLAN ", window!("id", $of, "LIMIT 1 OFFSET $4")),
            ]
        };
    }

    /// However many rows there are, a page reads those that its index leads to, in their order: no table is scanned, and
    /// nothing is sorted below the limit of the window.
    #[tokio::test]
    async fn every_page_is_found_by_an_index() {
        let folder = TempDir::new().unwrap();
        let engine = Engine::Sqlite(folder.path().join("test.db"));
        let store =
            Store::open(&Database { engine, max_connections: 1, memory_bytes: 1 << 20 }).await.unwrap();
        let Db::Sqlite { readers, .. } = &store.db else { panic!("SQLite") };
        for (statements, index) in [
            (
                plans!("correlation_id = $1"),
                "audit_log_by_correlation_id (correlation_id=? AND id>? AND id<?)",
            ),
            (plans!("target = $1"), "audit_log_by_target (target=? AND id>? AND id<?)"),
            (plans!("actor = $1"), "audit_log_by_actor (actor=? AND id>? AND id<?)"),
            (plans!("action = $1"), "audit_log_by_action (action=? AND id>? AND id<?)"),
            (plans!("$1 = ''"), "sqlite_autoindex_audit_log_1 (id>? AND id<?)"),
        ] {
            for sql in statements {
                let steps: Vec<String> = sqlx::query(sql)
                    .fetch_all(readers)
                    .await
                    .unwrap()
                    .iter()
                    .map(|row| row.get("detail"))
                    .collect();
                let reads: Vec<&String> = steps.iter().filter(|step| step.contains("audit_log")).collect();
                assert_eq!(reads.len(), 1, "{steps:?}");
                assert!(
                    reads[0].starts_with("SEARCH audit_log USING") && reads[0].ends_with(index),
                    "{steps:?}"
                );
                let sorted = steps.iter().position(|step| step.contains("TEMP B-TREE"));
                let window = steps.iter().position(|step| step.contains("SEARCH")).unwrap();
                assert!(sorted.is_none_or(|sorted| sorted > window), "only the window is sorted: {steps:?}");
            }
        }
    }
}
