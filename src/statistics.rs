//! What this server does, counted: for the plots of the administrator's first page. A request costs an addition in memory;
//! now and then each node adds what it counted to rows that all nodes share. The names are those below, whatever visitors
//! send.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::protocol::error::ErrorCode;
use crate::protocol::timestamp::Timestamp;
use crate::store::{Measure, Store, StoreError};

/// How often the counters are written.
const EVERY: Duration = Duration::from_secs(10);

/// How often live sessions are counted; more rarely where that takes long.
const SESSIONS_EVERY: Duration = Duration::from_secs(60);

/// Upper bounds of the times to answer that are told apart, in microseconds; the last counter has what took longer.
pub const LATENCY_BOUNDS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000];

/// Everything that is counted. The first part of a name is its plot.
pub const COUNTERS: [&str; 53] = [
    "latency.0",
    "latency.1",
    "latency.2",
    "latency.3",
    "latency.4",
    "latency.5",
    "latency.6",
    "latency.7",
    "latency.8",
    "latency.9",
    "latency.10",
    "latency.11",
    "latency.12",
    "error",
    "sign_in",
    "refused.password",
    "refused.passkey",
    "refused.totp",
    "refused.email_code",
    "refused.recovery_code",
    "refused.upstream",
    "refused.no_second_factor",
    "refused.directory_silent",
    "refused.too_many_attempts",
    "token.authorization_code",
    "token.refresh_token",
    "token.client_credentials",
    "token.device_code",
    "token.front_channel",
    "failure.invalid_request",
    "failure.invalid_client",
    "failure.invalid_grant",
    "failure.unauthorized_client",
    "failure.unsupported_grant_type",
    "failure.unsupported_response_type",
    "failure.invalid_scope",
    "failure.access_denied",
    "failure.login_required",
    "failure.consent_required",
    "failure.interaction_required",
    "failure.account_selection_required",
    "failure.unmet_authentication_requirements",
    "failure.invalid_request_object",
    "failure.invalid_request_uri",
    "failure.registration_not_supported",
    "failure.invalid_token",
    "failure.insufficient_scope",
    "failure.invalid_redirect_uri",
    "failure.invalid_client_metadata",
    "failure.invalid_dpop_proof",
    "failure.expired_token",
    "failure.server_error",
    "failure.other",
];

/// The gauge of live sessions.
pub const SESSIONS: &str = "sessions";

/// The counters since they were last written.
pub struct Statistics([AtomicU64; COUNTERS.len()]);

impl Default for Statistics {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNTERS.len()])
    }
}

impl Statistics {
    /// Counts one of [`COUNTERS`]; any other name is nothing.
    pub fn count(&self, name: &'static str) {
        let place = COUNTERS.iter().position(|known| *known == name);
        if let Some(counter) = place.and_then(|place| self.0.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an answer: how long it took, and whether it was a failure of this server.
    pub fn count_answer(&self, took: Duration, failed: bool) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // The counters of the times come first.
        let place = LATENCY_BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(LATENCY_BOUNDS.len());
        if let Some(counter) = self.0.get(place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if failed {
            self.count("error");
        }
    }

    /// Counts a refused request by its error code.
    pub fn count_failure(&self, error: ErrorCode) {
        let code = error.as_str();
        let known =
            COUNTERS.iter().find(|name| name.strip_prefix("failure.").is_some_and(|known| known == code));
        self.count(known.copied().unwrap_or("failure.other"));
    }

    /// Adds what was counted to what is stored.
    ///
    /// # Errors
    /// The database is unavailable: what was counted goes with the next attempt.
    pub async fn write(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let counted: Vec<(&'static str, u64)> = COUNTERS
            .iter()
            .zip(&self.0)
            .map(|(name, counter)| (*name, counter.swap(0, Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        if counted.is_empty() {
            return Ok(());
        }
        let measures: Vec<Measure> = counted
            .iter()
            .map(|(name, count)| Measure { name, count: i64::try_from(*count).unwrap_or(i64::MAX) })
            .collect();
        let written = store.add_statistics(now, &measures).await;
        if written.is_err() {
            for (name, count) in counted {
                let place = COUNTERS.iter().position(|known| *known == name);
                if let Some(counter) = place.and_then(|place| self.0.get(place)) {
                    counter.fetch_add(count, Ordering::Relaxed);
                }
            }
        }
        written
    }
}

/// Writes the counters, and how many sessions there are, for as long as the server runs.
pub async fn run(app: App) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count_sessions_at = Instant::now();
    loop {
        ticks.tick().await;
        if let Err(error) = app.statistics.write(&app.store, app.clock.now()).await {
            tracing::warn!(%error, "statistics cannot be written; tried again in a few seconds");
            continue;
        }
        let began = Instant::now();
        if began >= count_sessions_at {
            let counted = note_sessions(&app).await;
            if let Err(error) = counted {
                tracing::warn!(%error, "live sessions cannot be counted");
            }
            // Counting takes the database half a per cent of its time at most.
            count_sessions_at = began + SESSIONS_EVERY.max(began.elapsed() * 200);
        }
    }
}

/// Writes down how many sessions there are.
///
/// # Errors
/// The database is unavailable.
pub async fn note_sessions(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let count = app.store.count_sessions(now).await?;
    app.store.set_statistic(now, Measure { name: SESSIONS, count }).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{COUNTERS, LATENCY_BOUNDS, Statistics};
    use crate::protocol::error::ErrorCode;
    use std::sync::atomic::Ordering;

    fn of(statistics: &Statistics, name: &str) -> u64 {
        let place = COUNTERS.iter().position(|known| *known == name).unwrap();
        statistics.0[place].load(Ordering::Relaxed)
    }

    #[test]
    fn every_counter_has_a_name_of_its_own_and_the_times_come_first() {
        assert_eq!(COUNTERS.iter().collect::<BTreeSet<_>>().len(), COUNTERS.len());
        for (place, name) in COUNTERS.iter().enumerate() {
            let is_time = place <= LATENCY_BOUNDS.len();
            assert_eq!(name.starts_with("latency."), is_time, "{name}");
            assert!(!is_time || *name == format!("latency.{place}"));
        }
    }

    #[test]
    fn each_thing_is_counted_where_it_belongs() {
        let statistics = Statistics::default();
        statistics.count("sign_in");
        statistics.count("made up");
        statistics.count_failure(ErrorCode::InvalidGrant);
        statistics.count_failure(ErrorCode::InvalidSoftwareStatement);
        for micros in [0, 250, 251, 10_000_000, 10_000_001] {
            statistics.count_answer(Duration::from_micros(micros), micros > 10_000_000);
        }
        for (name, count) in [
            ("sign_in", 1),
            ("failure.invalid_grant", 1),
            ("failure.other", 1),
            ("latency.0", 2),
            ("latency.1", 1),
            ("latency.11", 1),
            ("latency.12", 1),
            ("error", 1),
        ] {
            assert_eq!(of(&statistics, name), count, "{name}");
        }
    }
}
