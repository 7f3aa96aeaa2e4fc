//! What is going on: counts over the last hour, day or month, and what an administrator should look at.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use super::Refusal;
use crate::app::App;
use crate::jose::KeyState;
use crate::protocol::audit_chain::ChainRow;
use crate::protocol::timestamp::{Timestamp, seconds};
use crate::protocol::webhook::{self, host_of};
use crate::statistics::{COUNTERS, LATENCY_BOUNDS, SESSIONS};

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The last hour, by the minute.
    Hour,
    /// The last day, by the quarter of an hour.
    Day,
    /// The last 31 days, by half days.
    Month,
}

impl Span {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// Its name in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// How many parts, of how many seconds, from rows of which width.
    const fn parts(self) -> (usize, i64, i64) {
        match self {
            Self::Hour => (60, 60, 60),
            Self::Day => (96, 900, 60),
            Self::Month => (62, 43_200, 3_600),
        }
    }
}

impl FromStr for Span {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|span| span.as_str() == text)
            .ok_or_else(|| Refusal::field("span", "is hour, day or month"))
    }
}

/// What was counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// When the first part begins (Unix seconds).
    pub begin: i64,
    /// How long each part is, in seconds.
    pub step: i64,
    /// Sign-ins that worked, in each part.
    pub sign_ins: Vec<i64>,
    /// Sign-ins that were refused, by why.
    pub refused: Vec<Series>,
    /// Requests of applications that were refused, by error code.
    pub failures: Vec<Series>,
    /// Tokens given out, by grant.
    pub tokens: Vec<Series>,
    /// Live sessions at most, in each part; none where nobody counted them.
    pub sessions: Vec<Option<i64>>,
    /// The time within which half of all answers were made, in milliseconds; estimated between bounds that are a factor of
    /// two to ten apart.
    pub median_ms: Vec<Option<f64>>,
    /// The time within which 95 of 100 answers were made, in milliseconds.
    pub p95_ms: Vec<Option<f64>>,
    /// Answers that were failures of this server, in each part.
    pub errors: Vec<i64>,
    /// What an administrator should look at.
    pub warnings: Vec<String>,
}

/// Counts of one thing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Series {
    /// Of what.
    pub name: String,
    /// In each part.
    pub counts: Vec<i64>,
}

impl Series {
    /// Together.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }
}

/// The overview of a span that ends now.
///
/// # Errors
/// The database is unavailable.
pub async fn load(app: &App, span: Span) -> Result<Overview, Refusal> {
    // What this node counted, somebody who looks now wants to see; others' comes within ten seconds.
    let now = app.clock.now();
    app.statistics.write(&app.store, now).await?;
    let (parts, step, width) = span.parts();
    // Parts begin on the clock's own marks, and the running one is the last.
    let end = Timestamp(now.0 - now.0.rem_euclid(step) + step);
    let begin = Timestamp(end.0 - step * i64::try_from(parts).unwrap_or_default());
    let sums = app.store.statistics(width, begin, end, step).await?;
    let counts_of = |name: &str| -> Vec<i64> {
        let mut counts = vec![0; parts];
        for sum in sums.iter().filter(|sum| sum.name == name) {
            if let Some(count) = usize::try_from(sum.part).ok().and_then(|part| counts.get_mut(part)) {
                *count = sum.total;
            }
        }
        counts
    };
    let series_of = |prefix: &str| -> Vec<Series> {
        let named = COUNTERS.iter().filter_map(|counter| Some((*counter, counter.strip_prefix(prefix)?)));
        named.map(|(counter, name)| Series { name: name.to_owned(), counts: counts_of(counter) }).collect()
    };
    let happened = |prefix: &str| -> Vec<Series> {
        series_of(prefix).into_iter().filter(|series| series.total() > 0).collect()
    };
    let mut sessions = vec![None; parts];
    for sum in sums.iter().filter(|sum| sum.name == SESSIONS) {
        if let Some(count) = usize::try_from(sum.part).ok().and_then(|part| sessions.get_mut(part)) {
            *count = Some(sum.largest);
        }
    }
    let latency = series_of("latency.");
    let quantile = |of: f64| -> Vec<Option<f64>> {
        let times = |part: usize| -> Vec<i64> {
            latency.iter().map(|bound| bound.counts.get(part).copied().unwrap_or_default()).collect()
        };
        (0..parts).map(|part| quantile_ms(&times(part), of)).collect()
    };
    let (sign_ins, errors, refused) = (counts_of("sign_in"), counts_of("error"), happened("refused."));
    let warnings = warnings(app, now, &sign_ins, &refused, &errors).await?;
    Ok(Overview {
        begin: begin.0,
        step,
        refused,
        failures: happened("failure."),
        tokens: happened("token."),
        sessions,
        median_ms: quantile(0.5),
        p95_ms: quantile(0.95),
        sign_ins,
        errors,
        warnings,
    })
}

/// The time within which a part of the answers was made, in milliseconds, as if the times between two bounds were spread
/// evenly; none where there were no answers.
#[expect(clippy::cast_precision_loss, reason = "counts for a plot")]
fn quantile_ms(counts: &[i64], of: f64) -> Option<f64> {
    let total: i64 = counts.iter().sum();
    let wanted = total as f64 * of;
    let (mut before, mut lower) = (0.0, 0.0);
    for (place, count) in counts.iter().enumerate() {
        // What took longer than the last bound, took at least that.
        let upper =
            LATENCY_BOUNDS.get(place).or(LATENCY_BOUNDS.last()).map_or(0.0, |bound| *bound as f64 / 1000.0);
        let here = *count as f64;
        if here > 0.0 && before + here >= wanted {
            return Some(lower + (upper - lower) * ((wanted - before) / here));
        }
        before += here;
        lower = upper;
    }
    None
}

/// Rows of the audit log that wait longer than this for their place in the chain are news (seconds).
const CHAINED_WITHIN: i64 = 60;

/// So many refused sign-ins, and more of them than three times those that worked, look like an attack.
const MANY_REFUSED: i64 = 30;

async fn warnings(
    app: &App,
    now: Timestamp,
    sign_ins: &[i64],
    refused: &[Series],
    errors: &[i64],
) -> Result<Vec<String>, Refusal> {
    let mut warnings = Vec::new();
    let rotate_every = seconds(app.config.keys.rotate_every);
    for key in app.keys.view(now).into_iter().filter(|key| key.state == KeyState::Active) {
        let age = now.since(key.active_from);
        // A day for a server that was not running when it was time.
        if age > rotate_every + 86_400 {
            warnings.push(format!(
                "The {} key {} is {} days old, and was to be replaced after {}: is a server running that may write to the \
                 database?",
                key.alg,
                key.kid,
                age / 86_400,
                in_days(rotate_every)
            ));
        }
    }
    let waits = app.store.audit_without_place(1).await?;
    if let Some(ChainRow { at, .. }) = waits.first()
        && now.0 - at > CHAINED_WITHIN
        && app.store.last_audit_place().await? > 0
    {
        warnings.push(
            "Rows of the audit log wait to be chained for more than a minute: countersign audit verify says why.".to_owned(),
        );
    }
    for webhook in app.store.webhooks().await? {
        if webhook.state == webhook::State::Stopped {
            let host = host_of(&webhook.url);
            let what = if webhook.description.is_empty() { host } else { &webhook.description };
            warnings.push(format!("The webhook {what} is stopped: it {}.", webhook.cause));
        }
    }
    let (worked, refused): (i64, i64) = (sign_ins.iter().sum(), refused.iter().map(Series::total).sum());
    if refused >= MANY_REFUSED && refused > 3 * worked {
        warnings.push(format!(
            "{refused} sign-ins were refused, and {worked} worked: somebody may be guessing passwords."
        ));
    }
    let errors: i64 = errors.iter().sum();
    if errors > 0 {
        warnings.push(format!("{errors} answers were failures of this server (5xx): its log says why."));
    }
    Ok(warnings)
}

fn in_days(seconds: i64) -> String {
    if seconds < 2 * 86_400 {
        format!("{} hours", seconds / 3_600)
    } else {
        format!("{} days", seconds / 86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::quantile_ms;

    #[test]
    fn quantiles_lie_between_the_bounds_of_their_answers() {
        assert_eq!(quantile_ms(&[0; 13], 0.5), None);
        let close = |counts: &[i64], of, expected: f64| {
            let found = quantile_ms(counts, of).unwrap();
            assert!((found - expected).abs() < 1e-9, "{counts:?} {of}: {found}");
        };
        // Ten answers within 0.25 ms.
        close(&[10], 0.5, 0.125);
        // Half within 0.25 ms, half between 0.5 and 1 ms.
        close(&[5, 0, 5], 0.5, 0.25);
        close(&[5, 0, 5], 0.95, 0.95);
        let slow: Vec<i64> = (0..13).map(|place| i64::from(place == 12)).collect();
        close(&slow, 0.5, 10_000.0);
    }
}
