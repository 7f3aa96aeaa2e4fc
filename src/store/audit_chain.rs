//! The chain of the audit log, in the database. Rows are written without a place; in the background they are given one,
//! on whichever node comes first: the gate is one conditional UPDATE of the chain's head, so that it cannot fork.

use super::audit::write_audit;
use super::ledger::{MOST_ROWS, ManyRows};
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::audit_chain::{ChainMark, ChainRow, Mark};

/// Rows that are given their places at once.
pub const MOST_CHAINED: usize = MOST_ROWS;

/// The last place that a row has. The first one is 1; said like this, both engines find the end of the index of places.
pub(super) const LAST_PLACE: &str =
    "SELECT COALESCE((SELECT seq FROM audit_log WHERE seq > 0 ORDER BY seq DESC LIMIT 1), 0)";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    at: i64,
    actor: String,
    action: String,
    target: String,
    detail: String,
    ip: String,
    user_agent: String,
    correlation_id: String,
    seq: Option<i64>,
    mac: Option<String>,
    link: Option<String>,
}

impl From<Row> for ChainRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            detail: row.detail,
            ip: row.ip,
            user_agent: row.user_agent,
            correlation_id: row.correlation_id,
            seq: row.seq.unwrap_or_default(),
            mac: row.mac.unwrap_or_default(),
            link: row.link.unwrap_or_default(),
        }
    }
}

/// Gives rows their places; one that has a place already, or is gone, is not counted.
static PLACE: ManyRows = ManyRows::new(
    "WITH v (id, seq, mac, link) AS (VALUES",
    4,
    ")
     UPDATE audit_log SET seq = v.seq, mac = v.mac, link = v.link FROM v
     WHERE audit_log.id = v.id AND audit_log.seq IS NULL",
);

/// Moves a mark from where it was.
const MOVE: &str = "UPDATE audit_chain SET seq = $1, link = $2, mac = $3
     WHERE name = $4 AND seq = $5 AND link = $6 AND mac = $7";

/// Moves a mark inside the caller's transaction. Was it where it was thought to be?
macro_rules! move_mark {
    ($tx:ident, $mark:expr, $from:expr, $to:expr) => {{
        let (from, to): (&ChainMark, &ChainMark) = ($from, $to);
        sqlx::query(MOVE)
            .bind(to.seq)
            .bind(&to.link)
            .bind(&to.mac)
            .bind($mark.as_str())
            .bind(from.seq)
            .bind(&from.link)
            .bind(&from.mac)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
            == 1
    }};
}

impl Store {
    /// A mark of the chain; none before it was begun.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_mark(&self, mark: Mark) -> Result<Option<ChainMark>, StoreError> {
        const SQL: &str = "SELECT seq, link, mac FROM audit_chain WHERE name = $1";
        let row: Option<(i64, String, String)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(mark.as_str()).fetch_optional(db).await)?;
        Ok(row.map(|(seq, link, mac)| ChainMark { seq, link, mac }))
    }

    /// Begins the chain, unless it was begun before: that it was is an entry of its own.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn begin_audit_chain(
        &self,
        head: &ChainMark,
        anchor: &ChainMark,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        const BEGIN: &str = "INSERT INTO audit_chain (name, seq, link, mac)
             SELECT $1, CAST($2 AS BIGINT), $3, $4
             WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE seq IS NOT NULL)
             ON CONFLICT (name) DO NOTHING";
        Ok(in_transaction!(self, |tx| {
            for (mark, at) in [(Mark::Head, head), (Mark::Anchor, anchor)] {
                let begun = sqlx::query(BEGIN)
                    .bind(mark.as_str())
                    .bind(at.seq)
                    .bind(&at.link)
                    .bind(&at.mac)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if begun == 0 {
                    return Ok(false);
                }
            }
            write_audit!(tx, audit);
            true
        }))
    }

    /// Rows that have no place yet, the oldest first. One that was committed after younger ones is among them when it is
    /// there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_without_place(&self, limit: usize) -> Result<Vec<ChainRow>, StoreError> {
        const SQL: &str =
            "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id, seq, mac, link
             FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT $1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on_db!(self, |db| sqlx::query_as(SQL).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// How many rows have no place yet.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_audit_without_place(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM audit_log WHERE seq IS NULL";
        let (count,): (i64,) = on_db!(self, |db| sqlx::query_as(SQL).fetch_one(db).await)?;
        Ok(count)
    }

    /// Writes down the places of up to [`MOST_ROWS`] rows and moves the head behind them. No:
    /// another node was first, or a row is not as it was read, and nothing was written.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn chain_audit(
        &self,
        head: &ChainMark,
        new_head: &ChainMark,
        rows: &[ChainRow],
    ) -> Result<bool, StoreError> {
        Ok(in_transaction!(self, |tx| {
            if !move_mark!(tx, Mark::Head, head, new_head) {
                return Ok(false);
            }
            let mut query = sqlx::query(PLACE.of(&self.db, rows.len()));
            for row in rows {
                query = query.bind(&row.id).bind(row.seq).bind(&row.mac).bind(&row.link);
            }
            if query.execute(&mut *tx).await?.rows_affected() != rows.len() as u64 {
                return Ok(false);
            }
            true
        }))
    }

    /// Puts both marks where a new chain begins, and its first row, which says so, into it. Answers whether nothing was placed
    /// behind the anchor meanwhile.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn restart_audit_chain(
        &self,
        anchor: &ChainMark,
        head: &ChainMark,
        audit: &AuditEntry,
        row: &ChainRow,
    ) -> Result<bool, StoreError> {
        const BEHIND: &str = "SELECT id FROM audit_log WHERE seq IS NOT NULL AND seq > $1 LIMIT 1";
        Ok(in_transaction!(self, |tx| {
            // Whoever chains rows at this moment has moved the head before, or finds it gone.
            sqlx::query("DELETE FROM audit_chain").execute(&mut *tx).await?;
            let behind: Option<(String,)> =
                sqlx::query_as(BEHIND).bind(anchor.seq).fetch_optional(&mut *tx).await?;
            if behind.is_some() {
                return Ok(false);
            }
            for (mark, at) in [(Mark::Head, head), (Mark::Anchor, anchor)] {
                sqlx::query("INSERT INTO audit_chain (name, seq, link, mac) VALUES ($1, $2, $3, $4)")
                    .bind(mark.as_str())
                    .bind(at.seq)
                    .bind(&at.link)
                    .bind(&at.mac)
                    .execute(&mut *tx)
                    .await?;
            }
            write_audit!(tx, audit);
            sqlx::query("UPDATE audit_log SET seq = $1, mac = $2, link = $3 WHERE id = $4")
                .bind(row.seq)
                .bind(&row.mac)
                .bind(&row.link)
                .bind(&row.id)
                .execute(&mut *tx)
                .await?;
            true
        }))
    }

    /// Every row behind a place that is no further than `reach` behind it, in the order of the chain. Where a place is
    /// taken twice, both are there; `2 * reach` at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_along(&self, seq: i64, reach: u32) -> Result<Vec<ChainRow>, StoreError> {
        const SQL: &str =
            "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id, seq, mac, link
             FROM audit_log WHERE seq IS NOT NULL AND seq > $1 AND seq <= $2 ORDER BY seq, id LIMIT $3";
        let (to, limit) = (seq.saturating_add(i64::from(reach)), 2 * i64::from(reach));
        let rows: Vec<Row> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(seq).bind(to).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// The last place that a row has; 0 where none has one.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn last_audit_place(&self) -> Result<i64, StoreError> {
        let (place,): (i64,) = on_db!(self, |db| sqlx::query_as(LAST_PLACE).fetch_one(db).await)?;
        Ok(place)
    }

    /// The first rows behind a place, in the order of the chain.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_behind(&self, seq: i64, limit: u32) -> Result<Vec<ChainRow>, StoreError> {
        const SQL: &str =
            "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id, seq, mac, link
             FROM audit_log WHERE seq IS NOT NULL AND seq > $1 ORDER BY seq, id LIMIT $2";
        let limit = i64::from(limit);
        let rows: Vec<Row> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(seq).bind(limit).fetch_all(db).await)?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// Forgets the rows up to the new anchor. Answers how many went; none if another node was first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn forget_audit(
        &self,
        anchor: &ChainMark,
        new_anchor: &ChainMark,
    ) -> Result<Option<u64>, StoreError> {
        Ok(in_transaction!(self, |tx| {
            if !move_mark!(tx, Mark::Anchor, anchor, new_anchor) {
                return Ok(None);
            }
            let gone = sqlx::query("DELETE FROM audit_log WHERE seq IS NOT NULL AND seq <= $1")
                .bind(new_anchor.seq)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            Some(gone)
        }))
    }
}
