//! Counters of failed sign-ins. An attempt is counted before the password is looked at, so that attempts made at the
//! same moment, on any node, cannot outrun the limit; a success takes its count back.

use super::{Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;

/// The counters after an attempt was counted.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Attempts in this window, this one included.
    pub count: i64,
    /// When the window began.
    pub window_start: Timestamp,
}

const ONE_LESS: &str = "UPDATE throttle SET failures = failures - 1 WHERE bucket = $1 AND failures > 0";

/// What is counted together, and how much is within its limit.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// Attempts in a window.
    pub most: u32,
}

impl Store {
    /// Counts an attempt in these buckets, up to the first that it is too much for, and answers how they stand. A window that
    /// began before `window_floor` is over: a new one begins now. Buckets of addresses come before those of names, and those
    /// before those of accounts, so that no two writers wait for each other. Where the first one is full nothing is written:
    /// nobody has this server write by being refused.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_attempts(
        &self,
        buckets: &[Bucket<'_>],
        now: Timestamp,
        window_floor: Timestamp,
    ) -> Result<Vec<Attempt>, StoreError> {
        const FULL: &str = "SELECT failures, window_start FROM throttle
             WHERE bucket = $1 AND failures >= $2 AND window_start > $3";
        if let Some(first) = buckets.first() {
            let full: Option<(i64, i64)> = on_db!(self, |db| {
                let query = sqlx::query_as(FULL).bind(first.name).bind(i64::from(first.most));
                query.bind(window_floor.0).fetch_optional(db).await
            })?;
            if let Some((failures, window_start)) = full {
                return Ok(vec![Attempt { count: failures + 1, window_start: Timestamp(window_start) }]);
            }
        }
        Ok(in_transaction!(self, |tx| {
            let mut attempts = Vec::with_capacity(buckets.len());
            for bucket in buckets {
                let (count, window_start): (i64, i64) = sqlx::query_as(
                    "INSERT INTO throttle (bucket, failures, window_start) VALUES ($1, 1, $2)
                     ON CONFLICT (bucket) DO UPDATE SET
                        failures = CASE WHEN throttle.window_start <= $3 THEN 1 ELSE throttle.failures + 1 END,
                        window_start = CASE WHEN throttle.window_start <= $3 THEN $2 ELSE throttle.window_start END
                     RETURNING failures, window_start",
                )
                .bind(bucket.name)
                .bind(now.0)
                .bind(window_floor.0)
                .fetch_one(&mut *tx)
                .await?;
                attempts.push(Attempt { count, window_start: Timestamp(window_start) });
                if count > i64::from(bucket.most) {
                    break;
                }
            }
            attempts
        }))
    }

    /// Takes an attempt back from these buckets that was never looked at. They stand in the order that they were counted in.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn take_back_attempt(&self, buckets: &[impl AsRef<str> + Sync]) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            for bucket in buckets {
                sqlx::query(ONE_LESS).bind(bucket.as_ref()).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// After a success: forgets the failures of these buckets, and takes this attempt back from its address, whose other
    /// failures still count.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn forgive_attempt(
        &self,
        buckets: &[impl AsRef<str> + Sync],
        address_bucket: Option<&str>,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            if let Some(address) = address_bucket {
                sqlx::query(ONE_LESS).bind(address).execute(&mut *tx).await?;
            }
            for bucket in buckets {
                sqlx::query("DELETE FROM throttle WHERE bucket = $1")
                    .bind(bucket.as_ref())
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }
}
