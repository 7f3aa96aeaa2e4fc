//! Webhooks: add, change, test, and what became of their messages.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::access::allow;
use super::clients::{LONGEST_OVERLAP, next_version};
use super::{Refusal, changes};
use crate::app::{App, Origin};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::webhook::{self, State, TEST, Wanted, Webhook, WebhookInput, host_of, secret_text};
use crate::sealing::Purpose;
use crate::store::{Delivery, MOST_WEBHOOKS};

/// An endpoint in answers.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where events are posted to.
    pub url: String,
    /// What it is.
    pub description: String,
    /// Which events it is told of.
    pub events: Vec<String>,
    /// `active`, `paused` by an administrator, or `stopped` by the server.
    pub state: &'static str,
    /// Why the last attempt failed, or why it was stopped; empty otherwise.
    pub cause: String,
    /// What messages are signed with, in the answer to the request that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when messages are signed with the old secret as well (Unix seconds), if they are.
    pub old_secret_expires_at: Option<i64>,
    /// Rows of the audit log, of every kind, that it is behind.
    pub behind: i64,
    /// How often the message that is next failed.
    pub attempts: i64,
    /// Since when nothing has arrived (Unix seconds).
    pub failing_since: Option<i64>,
    /// When the next attempt is made (Unix seconds), while messages fail.
    pub next_attempt_at: Option<i64>,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When an administrator last changed it (Unix seconds).
    pub updated_at: i64,
}

/// A message in answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its `webhook-id`.
    pub id: String,
    /// Which event.
    pub event: String,
    /// The row of the audit log; empty for a test.
    pub audit_id: String,
    /// `waiting` (asked for by an administrator), `retrying`, `delivered` or `failed`.
    pub state: String,
    /// The status that came back, if an answer came.
    pub status: Option<i64>,
    /// Why it failed; empty if it did not.
    pub cause: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it happened (Unix seconds).
    pub at: i64,
    /// When it was tried last, or asked for (Unix seconds).
    pub tried_at: i64,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, audit_id, event, state, status, cause, attempts, at, tried_at } = delivery;
        Self { id, event, audit_id, state, status, cause, attempts, at, tried_at }
    }
}

/// An endpoint, and its secret where that was just made.
#[derive(Debug)]
pub struct Issued {
    /// The endpoint.
    pub webhook: Webhook,
    /// Its secret: nobody can read it again.
    pub secret: Option<String>,
}

impl From<Webhook> for Issued {
    fn from(webhook: Webhook) -> Self {
        Self { webhook, secret: None }
    }
}

/// An endpoint as answers have it; `place` is that of the last row of the audit log.
#[must_use]
pub fn view(app: &App, issued: Issued, place: i64) -> WebhookView {
    let Issued { webhook, secret } = issued;
    let now = app.clock.now();
    let old = webhook.old_secret.filter(|(_, until)| !now.reached(*until));
    WebhookView {
        id: webhook.id,
        url: webhook.url,
        description: webhook.description,
        events: webhook.events,
        state: webhook.state.as_str(),
        cause: webhook.cause,
        secret,
        old_secret_expires_at: old.map(|(_, until)| until.0),
        behind: (place - webhook.place).max(0),
        attempts: webhook.attempts,
        failing_since: webhook.failing_since.map(|since| since.0),
        next_attempt_at: (webhook.attempts > 0 && webhook.state == State::Active).then_some(webhook.due_at.0),
        created_at: webhook.created_at.0,
        updated_at: webhook.updated_at.0,
    }
}

/// The same with the audit log as it is now.
///
/// # Errors
/// The database is unavailable.
pub async fn shown(app: &App, issued: impl Into<Issued>) -> Result<WebhookView, Refusal> {
    let place = app.store.last_audit_place().await?;
    Ok(view(app, issued.into(), place))
}

/// Every endpoint, in the order they were made.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App) -> Result<Vec<WebhookView>, Refusal> {
    let place = app.store.last_audit_place().await?;
    let webhooks = app.store.webhooks().await?.into_iter();
    Ok(webhooks.map(|webhook| view(app, webhook.into(), place)).collect())
}

/// The endpoint with this id.
///
/// # Errors
/// There is none.
pub async fn find(app: &App, id: &str) -> Result<Webhook, Refusal> {
    app.store.webhook(id).await?.ok_or(Refusal::NotFound("webhook"))
}

/// Adds an endpoint, which is told of what happens from now on.
///
/// # Errors
/// It breaks a rule, or there are too many.
pub async fn create(app: &App, origin: &Origin, input: &WebhookInput) -> Result<Issued, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), "webhook:").await?;
    let wanted = check(app, input)?;
    let Issued { webhook, secret } = made(app, wanted).await?;
    let audit = app.audit(origin, "webhook.create", target(&webhook.id), host_of(&webhook.url));
    if app.store.insert_webhook(&webhook, &audit).await? {
        Ok(Issued { webhook, secret })
    } else {
        Err(Refusal::field("url", format_args!("there are {MOST_WEBHOOKS} webhooks, and may be no more")))
    }
}

/// A new endpoint, which is not stored yet, and its secret.
pub(super) async fn made(app: &App, wanted: Wanted) -> Result<Issued, Refusal> {
    let now = app.clock.now();
    let (secret, sealed) = new_secret(app)?;
    let webhook = Webhook {
        id: app.entropy.ordered_id(&app.clock),
        url: wanted.url,
        description: wanted.description,
        events: wanted.events,
        state: if wanted.enabled { State::Active } else { State::Paused },
        cause: String::new(),
        secret: sealed,
        old_secret: None,
        created_at: now,
        updated_at: now,
        place: app.store.last_audit_place().await?,
        due_at: now,
        attempts: 0,
        failing_since: None,
    };
    Ok(Issued { webhook, secret: Some(secret) })
}

/// An endpoint as it should be.
pub(super) fn changed(app: &App, before: &Webhook, wanted: Wanted) -> Webhook {
    let state = match (wanted.enabled, before.state) {
        (true, _) => State::Active,
        (false, State::Stopped) => State::Stopped,
        (false, _) => State::Paused,
    };
    Webhook {
        url: wanted.url,
        description: wanted.description,
        events: wanted.events,
        state,
        updated_at: next_version(app, before.updated_at),
        ..before.clone()
    }
}

/// Changes an endpoint from what it was when it was read to what it should be. Switched on again, it goes on where it
/// stopped.
///
/// # Errors
/// It breaks a rule, or somebody else changed or deleted it meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &Webhook,
    input: &WebhookInput,
) -> Result<Webhook, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&before.id)).await?;
    let wanted = check(app, input)?;
    let after = changed(app, before, wanted);
    let detail = changes(&WebhookInput::from(before), &WebhookInput::from(&after));
    store(app, origin, "webhook.update", &detail, before, after).await
}

/// Replaces the secret. Messages are signed with the old one as well for as long as `overlap`, so that the receiver takes
/// them whichever it knows.
///
/// # Errors
/// The overlap is too long, or somebody else changed or deleted it meanwhile.
pub async fn rotate_secret(
    app: &App,
    origin: &Origin,
    before: &Webhook,
    overlap: Duration,
) -> Result<Issued, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&before.id)).await?;
    if overlap > LONGEST_OVERLAP {
        return Err(Refusal::field("keep_old_seconds", "7 days (604800 seconds) at most"));
    }
    let (secret, sealed) = new_secret(app)?;
    let old = (!overlap.is_zero()).then(|| (before.secret.clone(), app.clock.now().plus(overlap)));
    let after = Webhook {
        secret: sealed,
        old_secret: old,
        updated_at: next_version(app, before.updated_at),
        ..before.clone()
    };
    let detail = format!("old one signs as well for {} s", overlap.as_secs());
    let webhook = store(app, origin, "webhook.rotate_secret", &detail, before, after).await?;
    Ok(Issued { webhook, secret: Some(secret) })
}

/// Ends the old secret before its time.
///
/// # Errors
/// There is none, or somebody else changed or deleted the endpoint meanwhile.
pub async fn end_old_secret(app: &App, origin: &Origin, before: &Webhook) -> Result<Webhook, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&before.id)).await?;
    let now = app.clock.now();
    if before.old_secret.as_ref().is_none_or(|(_, until)| now.reached(*until)) {
        return Err(Refusal::NotFound("old secret"));
    }
    let after =
        Webhook { old_secret: None, updated_at: next_version(app, before.updated_at), ..before.clone() };
    store(app, origin, "webhook.end_old_secret", "", before, after).await
}

async fn store(
    app: &App,
    origin: &Origin,
    action: &'static str,
    detail: &str,
    before: &Webhook,
    after: Webhook,
) -> Result<Webhook, Refusal> {
    let audit = app.audit(origin, action, target(&after.id), detail);
    if !app.store.update_webhook(&after, before.updated_at, &audit).await? {
        return Err(Refusal::Changed("webhook"));
    }
    find(app, &after.id).await
}

/// Leaves out everything that the endpoint was not told yet.
///
/// # Errors
/// It was deleted meanwhile.
pub async fn skip(app: &App, origin: &Origin, webhook: &Webhook) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&webhook.id)).await?;
    let audit = app.audit(origin, "webhook.skip", target(&webhook.id), "");
    there(app.store.skip_webhook(&webhook.id, &audit).await?)
}

/// Deletes an endpoint as it was when it was read.
///
/// # Errors
/// Somebody else changed or deleted it meanwhile.
pub async fn delete(app: &App, origin: &Origin, webhook: &Webhook) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&webhook.id)).await?;
    let audit = app.audit(origin, "webhook.delete", target(&webhook.id), host_of(&webhook.url));
    if app.store.delete_webhook(&webhook.id, webhook.updated_at, &audit).await? {
        return Ok(());
    }
    // It is another one now, or none.
    find(app, &webhook.id).await?;
    Err(Refusal::Changed("webhook"))
}

fn there(done: bool) -> Result<(), Refusal> {
    if done { Ok(()) } else { Err(Refusal::NotFound("webhook")) }
}

/// What became of the latest messages, the newest first.
///
/// # Errors
/// The database is unavailable.
pub async fn deliveries(app: &App, webhook: &Webhook) -> Result<Vec<DeliveryView>, Refusal> {
    let deliveries = app.store.webhook_deliveries(&webhook.id).await?;
    Ok(deliveries.into_iter().map(DeliveryView::from).collect())
}

/// Sends a message that says nothing, to see whether it arrives. It is tried once.
///
/// # Errors
/// The endpoint is not told at the moment.
pub async fn test(app: &App, origin: &Origin, webhook: &Webhook) -> Result<DeliveryView, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&webhook.id)).await?;
    let now = app.clock.now().0;
    let delivery = Delivery {
        id: format!("msg_{}", app.entropy.ordered_id(&app.clock)),
        audit_id: String::new(),
        event: TEST.to_owned(),
        state: "waiting".to_owned(),
        status: None,
        cause: String::new(),
        attempts: 0,
        at: now,
        tried_at: now,
    };
    ask(app, origin, webhook, delivery, "webhook.test").await
}

/// Sends a message once more, besides the others; it is tried once.
///
/// # Errors
/// It is not among the latest ones, or the endpoint is not told at the moment.
pub async fn redeliver(
    app: &App,
    origin: &Origin,
    webhook: &Webhook,
    delivery: &str,
) -> Result<DeliveryView, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Webhooks)), &target(&webhook.id)).await?;
    let known = app.store.webhook_deliveries(&webhook.id).await?;
    let known = known.into_iter().find(|known| known.id == delivery).ok_or(Refusal::NotFound("delivery"))?;
    let again = Delivery {
        state: "waiting".to_owned(),
        status: None,
        cause: String::new(),
        tried_at: app.clock.now().0,
        ..known
    };
    ask(app, origin, webhook, again, "webhook.redeliver").await
}

async fn ask(
    app: &App,
    origin: &Origin,
    webhook: &Webhook,
    delivery: Delivery,
    action: &'static str,
) -> Result<DeliveryView, Refusal> {
    if webhook.state != State::Active {
        return Err(Refusal::field("enabled", "nothing is sent to it: switch it on first"));
    }
    let audit = app.audit(origin, action, target(&webhook.id), delivery.id.as_str());
    if app.store.ask_for_delivery(&webhook.id, &delivery, &audit).await? {
        Ok(delivery.into())
    } else {
        Err(Refusal::field("enabled", "too many messages wait already, or it was deleted"))
    }
}

/// What the rules make of it.
pub(super) fn check(app: &App, input: &WebhookInput) -> Result<Wanted, Refusal> {
    let address = |url: &str| app.outgoing.may(url).map_err(|error| error.to_string());
    webhook::check(input, address).map_err(Refusal::Invalid)
}

fn new_secret(app: &App) -> Result<(String, String), Refusal> {
    let secret = secret_text(&app.entropy.bytes());
    let sealed = app.seals.seal(Purpose::Webhook, &secret, &app.entropy)?;
    Ok((secret, sealed))
}

pub(super) fn target(id: &str) -> String {
    format!("webhook:{id}")
}
