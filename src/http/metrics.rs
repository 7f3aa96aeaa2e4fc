//! `GET /metrics` in Prometheus' text format, and every measurement by its name. `docs/metrics.md` explains them.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::protocol::secret::same_secret;
use crate::store::WebhookStanding;

const REQUESTS: &str = "countersign_http_requests_total";
const DURATION: &str = "countersign_http_request_duration_seconds";
const PANICS: &str = "countersign_panics_total";
const LOST_LOG_LINES: &str = "countersign_log_lines_lost_total";
const MAILS: &str = "countersign_mails_total";
const WAITING_MAILS: &str = "countersign_mails_waiting";
const WEBHOOK_MESSAGES: &str = "countersign_webhook_messages_total";
const WEBHOOKS: &str = "countersign_webhooks";
const WEBHOOK_BEHIND: &str = "countersign_webhook_rows_behind";

/// Upper bounds of the histogram, in seconds: from an answer out of memory to the time limit.
const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0];

/// One recorder for the process, as the `metrics` crate wants it.
static RECORDER: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new();
    let recorder = builder
        .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS)
        .unwrap_or_else(|_| PrometheusBuilder::new())
        .build_recorder();
    let handle = recorder.handle();
    // Somebody who embeds this library may have installed a recorder of their own: theirs counts then.
    let _ = metrics::set_global_recorder(recorder);
    handle
});

/// Makes every measurement known, so that counters stand at zero before anything happened.
pub fn describe() {
    LazyLock::force(&RECORDER);
    metrics::describe_counter!(REQUESTS, "HTTP requests by route, method and class of status.");
    metrics::describe_histogram!(DURATION, metrics::Unit::Seconds, "Time to answer, by route and method.");
    metrics::describe_counter!(PANICS, "Requests answered 500 because of a defect.");
    metrics::describe_counter!(
        LOST_LOG_LINES,
        "Log lines that were dropped because their reader is too slow."
    );
    metrics::describe_counter!(MAILS, "Mails, and attempts to send one, by what became of them.");
    metrics::describe_gauge!(WAITING_MAILS, "Mails in the outbox, of all nodes.");
    metrics::describe_counter!(
        WEBHOOK_MESSAGES,
        "Attempts to tell a webhook something, by what became of them."
    );
    metrics::describe_gauge!(WEBHOOKS, "Webhooks of all nodes, by state.");
    metrics::describe_gauge!(
        WEBHOOK_BEHIND,
        "Rows of the audit log that the webhook farthest behind was not told yet, of all nodes."
    );
    for counter in [PANICS, LOST_LOG_LINES] {
        metrics::counter!(counter).absolute(0);
    }
    for outcome in WebhookOutcome::ALL {
        metrics::counter!(WEBHOOK_MESSAGES, "outcome" => outcome.label()).absolute(0);
    }
    for outcome in MailOutcome::ALL {
        metrics::counter!(MAILS, "outcome" => outcome.label()).absolute(0);
    }
}

/// Counts a request. Routes come from the router's table, so that no peer can make up a label.
pub fn count_request(route: &str, method: &'static str, status: StatusCode, took: Duration) {
    let known = METERS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(meter) = known.get(route).and_then(|meters| meters.get(method)) {
        return meter.count(status, took);
    }
    drop(known);
    let mut known = METERS.write().unwrap_or_else(PoisonError::into_inner);
    let meters = known.entry(route.to_owned()).or_default();
    meters.entry(method).or_insert_with(|| Meter::of(route, method)).count(status, took);
}

/// The measurements of each route and method that was asked for. To look one up by its labels takes longer than to count.
static METERS: LazyLock<RwLock<HashMap<String, HashMap<&'static str, Meter>>>> =
    LazyLock::new(RwLock::default);

/// Classes of status, as their label calls them.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is measured of one route and method.
struct Meter {
    route: String,
    method: &'static str,
    /// By class of status; one that never was is not shown.
    answers: [OnceLock<Counter>; CLASSES.len()],
    duration: Histogram,
}

impl Meter {
    fn of(route: &str, method: &'static str) -> Self {
        let duration = metrics::histogram!(DURATION, "route" => route.to_owned(), "method" => method);
        Self { route: route.to_owned(), method, answers: Default::default(), duration }
    }

    fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        if let (Some(answers), Some(class)) = (self.answers.get(class), CLASSES.get(class)) {
            let (route, method) = (&self.route, self.method);
            let counter = answers.get_or_init(
                || metrics::counter!(REQUESTS, "route" => route.clone(), "method" => method, "status" => *class),
            );
            counter.increment(1);
        }
        self.duration.record(took.as_secs_f64());
    }
}

/// Counts a panic.
pub fn count_panic() {
    metrics::counter!(PANICS).increment(1);
}

/// Counts a log line that was dropped.
pub fn count_lost_log_line() {
    metrics::counter!(LOST_LOG_LINES).increment(1);
}

/// What became of a mail, or of an attempt to send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailOutcome {
    /// It was sent.
    Sent,
    /// An attempt failed; there will be another.
    PutOff,
    /// It is not tried any more.
    GivenUp,
    /// Its address was written to too often.
    TooMany,
}

impl MailOutcome {
    const ALL: [Self; 4] = [Self::Sent, Self::PutOff, Self::GivenUp, Self::TooMany];

    const fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::PutOff => "put_off",
            Self::GivenUp => "given_up",
            Self::TooMany => "too_many",
        }
    }
}

/// Counts a mail, or an attempt to send it.
pub fn count_mail(outcome: MailOutcome) {
    metrics::counter!(MAILS, "outcome" => outcome.label()).increment(1);
}

/// Shows how many mails wait.
pub fn show_waiting_mails(count: i64) {
    // More than fit into a float's whole numbers never wait.
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    metrics::gauge!(WAITING_MAILS).set(count as f64);
}

/// What became of an attempt to tell a webhook something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// It was taken.
    Delivered,
    /// It was not taken, or not reached; there will be another attempt, or an administrator may ask for one.
    Refused,
    /// It was not taken for too often, and is left out.
    GivenUp,
    /// It was not taken for too long, and the webhook is stopped.
    Stopped,
}

impl WebhookOutcome {
    const ALL: [Self; 4] = [Self::Delivered, Self::Refused, Self::GivenUp, Self::Stopped];

    const fn label(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Stopped => "stopped",
        }
    }
}

/// Counts an attempt to tell a webhook something.
pub fn count_webhook_message(outcome: WebhookOutcome) {
    metrics::counter!(WEBHOOK_MESSAGES, "outcome" => outcome.label()).increment(1);
}

/// Shows how webhooks stand.
pub fn show_webhooks(standing: &WebhookStanding) {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    let number = |count: i64| count.max(0) as f64;
    for (state, count) in [
        ("active", standing.active),
        ("failing", standing.failing),
        ("paused", standing.paused),
        ("stopped", standing.stopped),
    ] {
        metrics::gauge!(WEBHOOKS, "state" => state).set(number(count));
    }
    metrics::gauge!(WEBHOOK_BEHIND).set(number(standing.behind));
}

/// Folds measured times into their histograms; without this they pile up until the next scrape.
pub fn fold() {
    RECORDER.run_upkeep();
}

/// Shows the measurements to whoever has the token; without one in the configuration, to visitors of a server on
/// loopback.
pub async fn scrape(State(app): State<App>, headers: HeaderMap) -> Response {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match (&app.config.metrics.token, shown) {
        (Some(token), Some(shown)) if same_secret(token, shown) => {}
        (Some(_), _) => return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response(),
        (None, _) if app.config.issuer.is_plain_http() => {}
        (None, _) => return StatusCode::NOT_FOUND.into_response(),
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], RECORDER.render()).into_response()
}
