//! Refused requests on their way into the database, for whoever asks why: written behind, and so many a second, that nobody
//! fills the disk with mistakes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::store::{FailureRow, Store, StoreError};

/// How often they are written.
const EVERY: Duration = Duration::from_secs(1);

/// Kept of each such time. Of a flood of mistakes a sample tells what the rest would.
const MOST: usize = 16;

/// Refused requests that are not written yet.
#[derive(Default)]
pub struct Failures(Mutex<Vec<FailureRow>>);

impl Failures {
    /// Keeps a refused request, unless there were many this second.
    pub fn note(&self, failure: FailureRow) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            waiting.push(failure);
        }
    }

    /// Writes down what waits: before somebody looks, and now and then.
    ///
    /// # Errors
    /// The database is unavailable: what waited is lost.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() { Ok(()) } else { store.insert_failures(&waiting).await }
    }
}

/// Writes them for as long as the server runs.
pub async fn run(app: App) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.failures.write(&app.store).await {
            tracing::warn!(%error, "refused requests cannot be written down");
        }
    }
}
