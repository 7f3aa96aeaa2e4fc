//! What the server does without being asked.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::admin::import;
use crate::app::App;
use crate::audit_chain;
use crate::failures;
use crate::http::metrics;
use crate::logout_notices;
use crate::mail::outbox;
use crate::statistics;
use crate::store::{MOST_READ, Store, StoreError};
use crate::webhooks;

/// How often keys are looked at when nobody says that they changed: one may be published no more.
const KEYS: Duration = Duration::from_secs(10);
/// What could not be read is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is written down which sessions were used.
const LAST_SEEN: Duration = Duration::from_secs(5);
/// How often the words are written by which users are found.
const USER_WORDS: Duration = Duration::from_secs(1);
/// How often keys are rotated if it is time, and what is dead is deleted.
const HOUSEKEEPING: Duration = Duration::from_hours(1);
/// How often measured times are folded into their histograms.
const METRICS: Duration = Duration::from_secs(5);
/// How long nobody may have typed a password for the memory of hashing to be given back.
const UNUSED_MEMORY: Duration = Duration::from_secs(60);
/// For how long the audit log is kept.
const KEEP_AUDIT: Duration = Duration::from_hours(365 * 24);

/// Starts the work; dropping or aborting the set ends it. A statement that is cut off is rolled back.
#[must_use]
pub fn start(app: &App) -> JoinSet<()> {
    let mut work = JoinSet::new();
    work.spawn(listen(app.clone()));
    work.spawn(follow_keys(app.clone()));
    work.spawn(follow_branding(app.clone()));
    work.spawn(write_last_seen(app.clone()));
    work.spawn(write_user_words(app.clone()));
    work.spawn(keep_house(app.clone()));
    work.spawn(logout_notices::run(app.clone()));
    work.spawn(outbox::run(app.clone()));
    work.spawn(failures::run(app.clone()));
    work.spawn(audit_chain::run(app.clone()));
    work.spawn(statistics::run(app.clone()));
    work.spawn(webhooks::run(app.clone()));
    work.spawn(fold_metrics());
    work.spawn(free_memory(app.clone()));
    work
}

async fn listen(app: App) {
    app.store.listen().await;
}

async fn write_last_seen(app: App) {
    let mut ticks = interval(LAST_SEEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.store.write_last_seen().await {
            tracing::warn!(%error, "last-seen times cannot be written; tried again in a few seconds");
        }
    }
}

async fn write_user_words(app: App) {
    let mut ticks = interval(USER_WORDS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = false;
    loop {
        ticks.tick().await;
        match user_words(&app.store).await {
            Ok(_) => outage = false,
            Err(error) if !outage => {
                tracing::warn!(%error, "new users are not found by their words yet; tried again every second");
                outage = true;
            }
            Err(_) => {}
        }
    }
}

/// Writes the words by which users are found, of all who have none yet or were renamed. Answers of how many.
///
/// # Errors
/// The database is unavailable.
pub async fn user_words(store: &Store) -> Result<usize, StoreError> {
    let mut written = 0;
    loop {
        let began = Instant::now();
        let some = store.write_user_words().await?;
        written += some;
        if some < usize::try_from(MOST_READ).unwrap_or(usize::MAX) {
            return Ok(written);
        }
        // Of a million who were just imported, whoever signs in meanwhile has the writer for at least half of the time.
        tokio::time::sleep(began.elapsed()).await;
    }
}

/// Publishes what other nodes and the command line made and revoked. Whoever uses a key asks by themselves.
async fn follow_keys(app: App) {
    let mut outage = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(if outage { AGAIN } else { KEYS }) => {}
            () = app.store.keys_change() => {}
        }
        match app.keys.reload(&app.store, app.clock.now()).await {
            Ok(()) if outage => {
                tracing::info!("signing keys are read from the database again");
                outage = false;
            }
            Err(error) if !outage => {
                tracing::error!(%error, "signing keys cannot be read; the JWKS is the one from before");
                outage = true;
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Shows what other nodes and the command line chose for how this server looks.
pub async fn follow_branding(app: App) {
    loop {
        app.store.branding_change().await;
        // Until it is read; what is shown meanwhile is what was shown before.
        while let Err(error) = app.reload_branding().await {
            tracing::warn!(%error, "what this server looks like cannot be read; tried again in a second");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

async fn keep_house(app: App) {
    let mut ticks = interval(HOUSEKEEPING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.keys.rotate_when_due(&app.store, &app.clock).await {
            tracing::error!(%error, "signing keys cannot be rotated; tried again in an hour");
        }
        let now = app.clock.now();
        match app.store.clean_up(now).await {
            Ok(deleted) => tracing::debug!(deleted, "dead rows deleted"),
            Err(error) => tracing::error!(%error, "dead rows cannot be deleted; tried again in an hour"),
        }
        match import::forget_sorts(&app).await {
            Ok(forgotten) => tracing::debug!(forgotten, "sorts of imported password hashes that nobody has"),
            Err(error) => tracing::error!(%error, "sorts of imported password hashes are not counted"),
        }
        match audit_chain::forget(&app, now.minus(KEEP_AUDIT)).await {
            Ok(deleted) => tracing::debug!(deleted, "old rows of the audit log deleted"),
            Err(error) => tracing::error!(%error, "old rows of the audit log are not deleted"),
        }
        match app.store.delete_unused_clients(now.minus(app.config.registration.unused_expiry)).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "clients that registered themselves were never used"),
            Err(error) => tracing::error!(%error, "unused clients cannot be deleted; tried again in an hour"),
        }
    }
}

async fn free_memory(app: App) {
    let mut ticks = interval(UNUSED_MEMORY);
    loop {
        ticks.tick().await;
        app.passwords.free_unused_memory();
    }
}

async fn fold_metrics() {
    let mut ticks = interval(METRICS);
    loop {
        ticks.tick().await;
        metrics::fold();
    }
}
