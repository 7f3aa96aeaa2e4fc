//! Tells endpoints elsewhere what happened here (Standard Webhooks 1.0.0). The audit log is the outbox: an endpoint's row says
//! up to which place of the log's chain it was told, and one node at a time, which holds the lease of the endpoint, goes on
//! from there, in order. A message is sent at least once: if a node ends between the answer and the row's update, what was
//! sent since is sent again, with the same `webhook-id`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, Origin};
use crate::http::metrics::{self, WebhookOutcome};
use crate::outgoing::FetchError;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::{
    FARTHEST_BEHIND, State, TEST, Told, Verdict, Webhook, body, event_of, judge, signatures,
};
use crate::sealing::Purpose;
use crate::store::{AuditRow, Delivery, PlacedRow, Progress, StoreError};

/// How often it is looked for what endpoints were not told yet.
const POLL: Duration = Duration::from_secs(1);
/// Looks between two counts of how they stand.
const COUNT_EVERY: u32 = 5;
/// Rows of the audit log that are read at once.
const LOOK: u32 = 500;
/// Messages between two notes of how far an endpoint was told: so many are sent again at most.
const BATCH: u32 = 32;
/// A turn begins no attempt after this time …
const TURN: Duration = Duration::from_secs(20);
/// … and nobody else tells the endpoint for this one: longer than a turn and an attempt take.
const LEASE: Duration = Duration::from_secs(60);

/// Tells what is to be told, for as long as the server runs. Each endpoint has a lane of its own, so that one that does not
/// answer holds up nobody but itself.
pub async fn run(app: App) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lanes = JoinSet::new();
    let mut open: HashMap<String, AbortHandle> = HashMap::new();
    let mut outage = false;
    let mut looks = 0_u32;
    loop {
        ticks.tick().await;
        if looks.is_multiple_of(COUNT_EVERY)
            && let Ok(standing) = app.store.webhook_standing().await
        {
            metrics::show_webhooks(&standing);
        }
        looks = looks.wrapping_add(1);
        while lanes.try_join_next().is_some() {}
        open.retain(|_, lane| !lane.is_finished());
        match app.store.webhooks_with_work(app.clock.now()).await {
            Ok(due) => {
                outage = false;
                for id in due {
                    if let Entry::Vacant(place) = open.entry(id) {
                        let (app, webhook) = (app.clone(), place.key().clone());
                        place.insert(lanes.spawn(async move { lane(&app, &webhook).await }));
                    }
                }
            }
            Err(error) if !outage => {
                tracing::error!(%error, "webhooks cannot be read; tried again every second");
                outage = true;
            }
            Err(_) => {}
        }
    }
}

/// Tells every endpoint what it can be told now, once.
///
/// # Errors
/// The database is unavailable.
pub async fn tell_all(app: &App) -> Result<(), StoreError> {
    for id in app.store.webhooks_with_work(app.clock.now()).await? {
        tell(app, &id).await?;
    }
    Ok(())
}

async fn lane(app: &App, id: &str) {
    if let Err(error) = tell(app, id).await {
        tracing::error!(%error, webhook = id, "a webhook is not told for now; tried again when its lease ends");
    }
}

/// Tells one endpoint until there is nothing more, or it does not take it.
async fn tell(app: &App, id: &str) -> Result<(), StoreError> {
    loop {
        let Some(webhook) = app.store.webhook(id).await? else { return Ok(()) };
        let now = app.clock.now();
        if webhook.state != State::Active || !now.reached(webhook.due_at) {
            return Ok(());
        }
        let asked = app.store.waiting_deliveries(id, BATCH).await?;
        let rows = app.store.audit_after_place(webhook.place, LOOK).await?;
        let whole_page = rows.len() == LOOK as usize;
        if asked.is_empty() && rows.iter().all(|row| event_for(&webhook, &row.row).is_none()) {
            // Nothing in these for it: no lease is needed to go past them.
            let Some(last) = rows.last() else { return Ok(()) };
            if app.store.pass_webhook(id, webhook.place, last.seq, now).await? && whole_page {
                continue;
            }
            return Ok(());
        }
        let Some(leased) = app.store.lease_webhook(id, now, now.plus(LEASE)).await? else { return Ok(()) };
        // An administrator may have moved it since.
        let rows = if leased.place == webhook.place {
            rows
        } else {
            app.store.audit_after_place(leased.place, LOOK).await?
        };
        let mut turn = Turn::of(app, leased).await?;
        turn.tell_asked(asked).await?;
        turn.tell_rows(rows).await?;
        if !turn.settle().await? || !whole_page {
            return Ok(());
        }
    }
}

fn event_for(webhook: &Webhook, row: &AuditRow) -> Option<&'static str> {
    event_of(&row.action, &row.detail).filter(|event| webhook.wants(event))
}

/// What came of one attempt.
struct Answer {
    status: Option<u16>,
    /// Empty if it arrived.
    cause: String,
}

/// Some messages to one endpoint, under one lease.
struct Turn<'a> {
    app: &'a App,
    leased: Webhook,
    began: Instant,
    place: i64,
    attempts: i64,
    failing_since: Option<Timestamp>,
    cause: String,
    /// When to go on, if not at once.
    due: Option<Timestamp>,
    /// Why nothing more is sent.
    stop: Option<String>,
    /// Somebody else decides now, or the time is over.
    over: bool,
    deliveries: Vec<Delivery>,
}

impl<'a> Turn<'a> {
    async fn of(app: &'a App, leased: Webhook) -> Result<Self, StoreError> {
        let behind = app.store.last_audit_place().await? - leased.place;
        let stop = (behind > FARTHEST_BEHIND)
            .then(|| format!("is more than {FARTHEST_BEHIND} rows of the audit log behind"));
        Ok(Self {
            app,
            began: Instant::now(),
            place: leased.place,
            attempts: leased.attempts,
            failing_since: leased.failing_since,
            cause: leased.cause.clone(),
            due: None,
            over: stop.is_some(),
            stop,
            deliveries: Vec::new(),
            leased,
        })
    }

    /// The endpoint as it is now, if this turn may still send something: an administrator who switches it off, changes its
    /// address or replaces its secret is obeyed from the next message on.
    async fn next(&mut self) -> Result<Option<Webhook>, StoreError> {
        if self.over || self.deliveries.len() >= BATCH as usize || self.began.elapsed() >= TURN {
            self.over = true;
            return Ok(None);
        }
        let current = self.app.store.webhook(&self.leased.id).await?.filter(|current| {
            current.state == State::Active
                && current.due_at == self.leased.due_at
                && current.place == self.leased.place
        });
        self.over = current.is_none();
        Ok(current)
    }

    /// What an administrator asked for: tried once each.
    async fn tell_asked(&mut self, asked: Vec<Delivery>) -> Result<(), StoreError> {
        for delivery in asked {
            let Some(webhook) = self.next().await? else { return Ok(()) };
            let row = if delivery.audit_id.is_empty() {
                None
            } else {
                self.app.store.audit_row(&delivery.audit_id).await?
            };
            let answer = match (&row, delivery.audit_id.is_empty()) {
                (None, false) => {
                    Answer { status: None, cause: "is not in the audit log any more".to_owned() }
                }
                (None, true) => {
                    let text = body(TEST, Timestamp(delivery.at), &Told::default());
                    self.send(&webhook, &delivery.id, text).await
                }
                (Some(row), _) => {
                    let text = message(&delivery.event, row);
                    self.send(&webhook, &delivery.id, text).await
                }
            };
            if answer.cause.is_empty() {
                self.failing_since = None;
                metrics::count_webhook_message(WebhookOutcome::Delivered);
            } else {
                metrics::count_webhook_message(WebhookOutcome::Refused);
            }
            self.note(Delivery {
                state: if answer.cause.is_empty() { "delivered" } else { "failed" }.to_owned(),
                status: answer.status.map(i64::from),
                cause: answer.cause,
                attempts: delivery.attempts + 1,
                ..delivery
            });
        }
        Ok(())
    }

    /// What happened, in order, up to the first message that does not arrive.
    async fn tell_rows(&mut self, rows: Vec<PlacedRow>) -> Result<(), StoreError> {
        for PlacedRow { seq, row } in rows {
            if self.over || self.due.is_some() {
                return Ok(());
            }
            if event_for(&self.leased, &row).is_none() {
                self.place = seq;
                continue;
            }
            let Some(webhook) = self.next().await? else { return Ok(()) };
            let Some(event) = event_for(&webhook, &row) else {
                self.place = seq;
                continue;
            };
            let id = format!("msg_{}", row.id);
            self.attempts += 1;
            let answer = self.send(&webhook, &id, message(event, &row)).await;
            let now = self.app.clock.now();
            let since = self.failing_since.unwrap_or(now);
            let [noise] = self.app.entropy.bytes::<1>();
            let verdict = judge(answer.status, self.attempts, since, now, noise);
            let tries = self.attempts;
            metrics::count_webhook_message(match verdict {
                Verdict::Delivered => WebhookOutcome::Delivered,
                Verdict::Again(_) => WebhookOutcome::Refused,
                Verdict::GiveUp(_) => WebhookOutcome::GivenUp,
                Verdict::Stop => WebhookOutcome::Stopped,
            });
            let state = match verdict {
                Verdict::Delivered => {
                    (self.place, self.attempts, self.failing_since) = (seq, 0, None);
                    "delivered"
                }
                Verdict::Again(at) => {
                    (self.due, self.failing_since) = (Some(at), Some(since));
                    tracing::info!(
                        webhook = %webhook.id, message = %id, attempt = tries, retry_in = at.since(now),
                        cause = %answer.cause, "a webhook did not take a message"
                    );
                    "retrying"
                }
                // What one message says is no reason to stop the endpoint: a visitor may have chosen words that it refuses.
                Verdict::GiveUp(at) => {
                    (self.place, self.attempts, self.failing_since) = (seq, 0, None);
                    self.due = Some(at);
                    tracing::warn!(
                        webhook = %webhook.id, message = %id, attempts = tries, cause = %answer.cause,
                        "a message was not taken by a webhook, and is left out"
                    );
                    "failed"
                }
                Verdict::Stop => {
                    self.failing_since = Some(since);
                    self.stop = Some(answer.cause.clone());
                    self.over = true;
                    "failed"
                }
            };
            self.cause.clone_from(&answer.cause);
            self.note(Delivery {
                id,
                audit_id: row.id,
                event: event.to_owned(),
                state: state.to_owned(),
                status: answer.status.map(i64::from),
                cause: answer.cause,
                attempts: tries,
                at: row.at,
                tried_at: now.0,
            });
        }
        Ok(())
    }

    fn note(&mut self, delivery: Delivery) {
        let tried_at = self.app.clock.now().0;
        self.deliveries.push(Delivery { tried_at, ..delivery });
    }

    async fn send(&self, webhook: &Webhook, id: &str, text: String) -> Answer {
        let app = self.app;
        let now = app.clock.now();
        let old = webhook.old_secret.as_ref().filter(|(_, until)| !now.reached(*until));
        let sealed = [Some(&webhook.secret), old.map(|(secret, _)| secret)];
        let opened: Result<Vec<String>, _> =
            sealed.into_iter().flatten().map(|sealed| app.seals.open(Purpose::Webhook, sealed)).collect();
        let secrets = match opened {
            Ok(secrets) => secrets,
            Err(error) => {
                return Answer { status: None, cause: format!("has a secret that cannot be read: {error}") };
            }
        };
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", &now.0.to_string()),
            ("webhook-signature", &signatures(&secrets, id, now, &text)),
        ];
        match app.outgoing.post_json(&webhook.url, &headers, text).await {
            Ok(status @ 200..=299) => Answer { status: Some(status), cause: String::new() },
            Ok(status) => Answer { status: Some(status), cause: format!("answered with status {status}") },
            Err(error @ FetchError::Redirect(status)) => {
                Answer { status: Some(status), cause: error.to_string() }
            }
            Err(error) => Answer { status: None, cause: error.to_string() },
        }
    }

    /// Writes down what became of it all. Answers whether the endpoint can be told more at once.
    async fn settle(self) -> Result<bool, StoreError> {
        let audit = self.stop.as_ref().map(|cause| {
            tracing::warn!(webhook = %self.leased.id, %cause, "a webhook is stopped");
            let target = format!("webhook:{}", self.leased.id);
            self.app.audit(&Origin::system(), "webhook.stop", target, cause.as_str())
        });
        let progress = Progress {
            place: self.place,
            due_at: self.due.unwrap_or_else(|| self.app.clock.now()),
            attempts: self.attempts,
            failing_since: self.failing_since,
            cause: self.stop.as_deref().unwrap_or(&self.cause),
            stop: audit.as_ref(),
        };
        let settled = self.app.store.settle_webhook(&self.leased, &progress, &self.deliveries).await?;
        if !settled {
            tracing::warn!(webhook = %self.leased.id, "a webhook was changed or taken while it was told");
        }
        Ok(settled && self.stop.is_none() && self.due.is_none())
    }
}

fn message(event: &str, row: &AuditRow) -> String {
    let told = Told {
        id: &row.id,
        action: &row.action,
        actor: &row.actor,
        target: &row.target,
        detail: &row.detail,
        ip: &row.ip,
        user_agent: &row.user_agent,
        correlation_id: &row.correlation_id,
    };
    body(event, Timestamp(row.at), &told)
}
