//! The time as a parameter: the one place that asks the operating system, and the handle everything else is given.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::protocol::timestamp::Timestamp;

/// Tells the time. Tests give a frozen one.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
            let now = SystemTime::now();
            let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
        }))
    }

    /// A clock that asks `millis` for Unix milliseconds.
    pub fn from_fn(millis: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(millis))
    }

    /// Now, in seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.millis().div_euclid(1000))
    }

    /// Now, in Unix milliseconds.
    #[must_use]
    pub fn millis(&self) -> i64 {
        (self.0)()
    }
}
