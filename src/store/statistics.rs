//! Counts per minute and per hour, summed over all nodes. Bounded: so many names, so many minutes, so many hours.

use super::ledger::{MOST_ROWS, ManyRows};
use super::{Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;

/// The widths of the rows, in seconds, and for how many seconds each is kept.
const WIDTHS: [(i64, i64); 2] = [(60, 26 * 3600), (3600, 33 * 24 * 3600)];

/// Something counted, or measured.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// What.
    pub name: &'static str,
    /// How many.
    pub count: i64,
}

/// What was counted of something within a part of a span.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Sum {
    /// Which part: 0 for the first.
    pub part: i64,
    /// Of what.
    pub name: String,
    /// Together.
    pub total: i64,
    /// The largest of the rows.
    pub largest: i64,
}

static ADD: ManyRows = ManyRows::new(
    "INSERT INTO statistics (width, at, name, count) VALUES",
    4,
    "ON CONFLICT (width, at, name) DO UPDATE SET count = statistics.count + excluded.count",
);

static SET: ManyRows = ManyRows::new(
    "INSERT INTO statistics (width, at, name, count) VALUES",
    4,
    "ON CONFLICT (width, at, name) DO UPDATE SET count = excluded.count",
);

/// The rows that hold this moment.
fn rows(now: Timestamp, measures: &[Measure]) -> Vec<(i64, i64, Measure)> {
    let of_width =
        |(width, _)| measures.iter().map(move |measure| (width, now.0 - now.0.rem_euclid(width), *measure));
    WIDTHS.into_iter().flat_map(of_width).collect()
}

impl Store {
    /// Adds to the counts of this minute and this hour. Every node takes the rows in the same order, so that none waits for
    /// another that waits for it.
    ///
    /// # Errors
    /// The database is unavailable; nothing was added.
    pub async fn add_statistics(&self, now: Timestamp, measures: &[Measure]) -> Result<(), StoreError> {
        let rows = rows(now, measures);
        in_transaction!(self, |tx| {
            for some in rows.chunks(MOST_ROWS) {
                let mut query = sqlx::query(ADD.of(&self.db, some.len()));
                for (width, at, measure) in some {
                    query = query.bind(width).bind(at).bind(measure.name).bind(measure.count);
                }
                query.execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// Sets what is measured and not counted, in this minute and this hour.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn set_statistic(&self, now: Timestamp, measure: Measure) -> Result<(), StoreError> {
        let rows = rows(now, &[measure]);
        in_transaction!(self, |tx| {
            let mut query = sqlx::query(SET.of(&self.db, rows.len()));
            for (width, at, measure) in &rows {
                query = query.bind(width).bind(at).bind(measure.name).bind(measure.count);
            }
            query.execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// What was counted from `begin` until before `end`, in parts of `step` seconds, from the rows of this width.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn statistics(
        &self,
        width: i64,
        begin: Timestamp,
        end: Timestamp,
        step: i64,
    ) -> Result<Vec<Sum>, StoreError> {
        const SQL: &str =
            "SELECT (at - $2) / $4 AS part, name, CAST(SUM(count) AS BIGINT) AS total, MAX(count) AS largest
             FROM statistics WHERE width = $1 AND at >= $2 AND at < $3 GROUP BY 1, 2 ORDER BY 1, 2";
        Ok(on_db!(self, |db| {
            sqlx::query_as(SQL).bind(width).bind(begin.0).bind(end.0).bind(step).fetch_all(db).await
        })?)
    }

    /// Sessions that were not ended and have not reached their absolute end.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_sessions(&self, now: Timestamp) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM sessions WHERE state = 'active' AND expires_at > $1";
        let (count,): (i64,) = on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).fetch_one(db).await)?;
        Ok(count)
    }

    /// The live ones of the first `most` sessions that have not reached their absolute end; none where there are more.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_few_sessions(&self, now: Timestamp, most: i64) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT COUNT(*), COUNT(CASE WHEN state = 'active' THEN 1 END) FROM (
                 SELECT state FROM sessions WHERE expires_at > $1 LIMIT $2
             ) AS some_sessions";
        let (all, live): (i64, i64) =
            on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).bind(most + 1).fetch_one(db).await)?;
        Ok((all <= most).then_some(live))
    }

    /// Forgets rows that no plot shows any more. Answers how many went.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(super) async fn forget_old_statistics(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for (width, kept) in WIDTHS {
            gone += in_transaction!(self, |tx| {
                sqlx::query("DELETE FROM statistics WHERE width = $1 AND at < $2")
                    .bind(width)
                    .bind(now.0 - kept)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected()
            });
        }
        Ok(gone)
    }
}
