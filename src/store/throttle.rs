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
    /// Counts an attempt in a bucket. A window that began before `window_floor` is over: a new one begins now.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_attempt(
        &self,
        bucket: &str,
        now: Timestamp,
        window_floor: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let (count, window_start): (i64, i64) = in_transaction!(self, |tx| {
            sqlx::query_as(
                "INSERT INTO throttle (bucket, failures, window_start) VALUES ($1, 1, $2)
                 ON CONFLICT (bucket) DO UPDATE SET
                    failures = CASE WHEN throttle.window_start <= $3 THEN 1 ELSE throttle.failures + 1 END,
                    window_start = CASE WHEN throttle.window_start <= $3 THEN $2 ELSE throttle.window_start END
                 RETURNING failures, window_start",
            )
            .bind(bucket)
            .bind(now.0)
            .bind(window_floor.0)
            .fetch_one(&mut *tx)
            .await?
        });
        Ok(Attempt { count, window_start: Timestamp(window_start) })
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

    /// Forgets an account's failures.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn forget_attempts(&self, account_bucket: &str) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query("DELETE FROM throttle WHERE bucket = $1")
                .bind(account_bucket)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// After a success: forgets an account's failures, and takes this attempt back from its address, whose other
    /// failures still count.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn forgive_attempt(
        &self,
        account_bucket: &str,
        address_bucket: &str,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query("DELETE FROM throttle WHERE bucket = $1")
                .bind(account_bucket)
                .execute(&mut *tx)
                .await?;
            sqlx::query("UPDATE throttle SET failures = failures - 1 WHERE bucket = $1 AND failures > 0")
                .bind(address_bucket)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }
}
