//! Unix time in whole seconds, as tokens and tables hold it.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Seconds since 1970-01-01T00:00:00Z (`NumericDate`, RFC 7519 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `length` later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(seconds(length)))
    }

    /// The moment `length` earlier.
    #[must_use]
    pub fn minus(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(seconds(length)))
    }

    /// Whole seconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Has `expiry` been reached? A thing is dead at its expiry, not a second after.
    #[must_use]
    pub fn reached(self, expiry: Self) -> bool {
        self >= expiry
    }
}

impl Timestamp {
    /// Reads a `NumericDate` (RFC 7519 §2), which may have a fraction; none for anything else.
    #[must_use]
    pub fn of_numeric_date(value: &Value) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds beyond an i64 saturate")]
        let whole = |seconds: f64| Self(seconds.floor() as i64);
        value.as_i64().map(Self).or_else(|| value.as_f64().map(whole))
    }

    /// The same for the claims of a JWT that somebody else made.
    ///
    /// # Errors
    /// It is no number.
    pub fn deserialize_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of_numeric_date(&value).ok_or_else(|| D::Error::custom("not a NumericDate"))
    }

    /// The same for a claim that may be missing.
    ///
    /// # Errors
    /// It is there and no number.
    pub fn deserialize_optional_date<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Self>, D::Error> {
        Self::deserialize_date(deserializer).map(Some)
    }
}

impl From<i64> for Timestamp {
    fn from(seconds: i64) -> Self {
        Self(seconds)
    }
}

/// A length of time in the whole seconds that tokens and tables use.
#[must_use]
pub fn seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}
