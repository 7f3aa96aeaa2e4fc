//! Counters of failed sign-ins. An attempt is counted before the password is looked at, so that attempts made at the
//! same moment, on any node, cannot outrun the limit; a success takes its count back.

use super::{Store, StoreError, in_transaction};
use crate::protocol::timestamp::Timestamp;

/// The counters after an attempt was counted.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Attempts in this window, this one included.
    pub count: i64,
    /// When the window began.
    pub window_start: Timestamp,
}

impl Store {
    /// Counts an attempt in each of these buckets, and answers how they stand. A window that began before `window_floor` is
    /// over: a new one begins now. Buckets of names come before those of accounts, so that no two writers wait for each other.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_attempts(
        &self,
        buckets: &[impl AsRef<str> + Sync],
        now: Timestamp,
        window_floor: Timestamp,
    ) -> Result<Vec<Attempt>, StoreError> {
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
                .bind(bucket.as_ref())
                .bind(now.0)
                .bind(window_floor.0)
                .fetch_one(&mut *tx)
                .await?;
                attempts.push(Attempt { count, window_start: Timestamp(window_start) });
            }
            attempts
        }))
    }

    /// Takes an attempt back that was never looked at.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn take_back_attempt(&self, bucket: &str) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query("UPDATE throttle SET failures = failures - 1 WHERE bucket = $1 AND failures > 0")
                .bind(bucket)
                .execute(&mut *tx)
                .await?;
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
            for bucket in buckets {
                sqlx::query("DELETE FROM throttle WHERE bucket = $1")
                    .bind(bucket.as_ref())
                    .execute(&mut *tx)
                    .await?;
            }
            if let Some(address) = address_bucket {
                sqlx::query("UPDATE throttle SET failures = failures - 1 WHERE bucket = $1 AND failures > 0")
                    .bind(address)
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }
}
