//! Webhooks: endpoints, how far along the audit log each was told, and its latest deliveries. The audit log is the outbox:
//! nothing else need be written when something happens.

use super::audit::write_audit;
use super::audit_chain::LAST_PLACE;
use super::{AuditEntry, AuditRow, Store, StoreError, in_transaction, on_db};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::{State, Webhook};

/// Endpoints that there may be: every one of them reads along the whole log.
pub const MOST_WEBHOOKS: i64 = 50;

/// Deliveries that are remembered of each endpoint.
pub const KEPT_DELIVERIES: i64 = 100;

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: String,
    url: String,
    description: String,
    events: String,
    state: String,
    cause: String,
    secret: String,
    old_secret: Option<String>,
    old_secret_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
    place: i64,
    due_at: i64,
    attempts: i64,
    failing_since: Option<i64>,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StoreError;
    fn try_from(row: WebhookRow) -> Result<Self, StoreError> {
        let state = State::parse(&row.state).ok_or(StoreError::Corrupt("webhook", row.state))?;
        Ok(Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.split_whitespace().map(str::to_owned).collect(),
            state,
            cause: row.cause,
            secret: row.secret,
            old_secret: row.old_secret.zip(row.old_secret_until.map(Timestamp)),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            place: row.place,
            due_at: Timestamp(row.due_at),
            attempts: row.attempts,
            failing_since: row.failing_since.map(Timestamp),
        })
    }
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    /// `webhook-id` of the message.
    pub id: String,
    /// Id of the row of the audit log; empty for a test.
    pub audit_id: String,
    /// Which event.
    pub event: String,
    /// `waiting`, `retrying`, `delivered` or `failed`.
    pub state: String,
    /// The status that came back, if an answer came.
    pub status: Option<i64>,
    /// Why it failed; may be empty.
    pub cause: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it happened (Unix seconds).
    pub at: i64,
    /// When it was tried last, or asked for (Unix seconds).
    pub tried_at: i64,
}

/// A row of the audit log with its place.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PlacedRow {
    /// Its place in the chain.
    pub seq: i64,
    /// The row.
    #[sqlx(flatten)]
    pub row: AuditRow,
}

/// How an endpoint stands after some attempts.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The place up to which it was told.
    pub place: i64,
    /// When the next is told at the earliest, or until when the lease goes on.
    pub due_at: Timestamp,
    /// How often the next one failed.
    pub attempts: i64,
    /// Since when nothing has arrived.
    pub failing_since: Option<Timestamp>,
    /// Why the last attempt failed; empty if it did not.
    pub cause: &'a str,
    /// It is stopped, and this is committed with it.
    pub stop: Option<&'a AuditEntry>,
}

/// Writes a delivery down, over what was there of it.
macro_rules! keep_delivery {
    ($tx:ident, $webhook:expr, $delivery:expr) => {
        sqlx::query(
            "INSERT INTO webhook_deliveries
                (webhook_id, id, audit_id, event, state, status, cause, attempts, at, tried_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (webhook_id, id) DO UPDATE SET state = excluded.state, status = excluded.status,
                cause = excluded.cause, attempts = excluded.attempts, tried_at = excluded.tried_at",
        )
        .bind($webhook)
        .bind(&$delivery.id)
        .bind(&$delivery.audit_id)
        .bind(&$delivery.event)
        .bind(&$delivery.state)
        .bind($delivery.status)
        .bind(&$delivery.cause)
        .bind($delivery.attempts)
        .bind($delivery.at)
        .bind($delivery.tried_at)
        .execute(&mut *$tx)
        .await?
    };
}

/// Adds an endpoint, unless there are too many. Answers how many rows were.
macro_rules! insert_webhook {
    ($tx:ident, $webhook:expr) => {
        sqlx::query(
            "INSERT INTO webhooks (id, url, description, events, state, cause, secret, created_at, updated_at, place,
                due_at, attempts)
             SELECT $1, $2, $3, $4, $5, '', $6, CAST($7 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT),
                CAST($7 AS BIGINT), 0
             WHERE (SELECT COUNT(*) FROM webhooks) < $9",
        )
        .bind(&$webhook.id)
        .bind(&$webhook.url)
        .bind(&$webhook.description)
        .bind($webhook.events.join(" "))
        .bind($webhook.state.as_str())
        .bind(&$webhook.secret)
        .bind($webhook.created_at.0)
        .bind($webhook.place)
        .bind(crate::store::MOST_WEBHOOKS)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use insert_webhook;

/// Writes what an administrator decides about an endpoint, if it is still of this version. A lease stays: an attempt may be
/// under way.
macro_rules! update_webhook {
    ($tx:ident, $webhook:expr, $read_at:expr, $audit:expr) => {
        sqlx::query(
            "UPDATE webhooks SET url = $1, description = $2, events = $3, state = $4, secret = $5, old_secret = $6,
                old_secret_until = $7, updated_at = $8, cause = '', failing_since = NULL,
                due_at = CASE WHEN attempts > 0 THEN $9 ELSE due_at END, attempts = 0
             WHERE id = $10 AND updated_at = $11",
        )
        .bind(&$webhook.url)
        .bind(&$webhook.description)
        .bind($webhook.events.join(" "))
        .bind($webhook.state.as_str())
        .bind(&$webhook.secret)
        .bind($webhook.old_secret.as_ref().map(|(secret, _)| secret.as_str()))
        .bind($webhook.old_secret.as_ref().map(|(_, until)| until.0))
        .bind($webhook.updated_at.0)
        .bind($audit.at.0)
        .bind(&$webhook.id)
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
    };
}
pub(super) use update_webhook;

/// Deletes an endpoint, if it is still of this version.
macro_rules! delete_webhook {
    ($tx:ident, $id:expr, $read_at:expr) => {
        sqlx::query("DELETE FROM webhooks WHERE id = $1 AND updated_at = $2")
            .bind($id)
            .bind($read_at.0)
            .execute(&mut *$tx)
            .await?
            .rows_affected()
    };
}
pub(super) use delete_webhook;

/// How endpoints stand, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct WebhookStanding {
    /// Told, and taking it.
    pub active: i64,
    /// Told, and not taking it at the moment.
    pub failing: i64,
    /// Switched off by an administrator.
    pub paused: i64,
    /// Given up by the server.
    pub stopped: i64,
    /// Rows of the audit log that the one farthest behind was not told yet.
    pub behind: i64,
}

impl Store {
    /// Adds an endpoint. No when there are [`MOST_WEBHOOKS`] already.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn insert_webhook(&self, webhook: &Webhook, audit: &AuditEntry) -> Result<bool, StoreError> {
        let added = in_transaction!(self, |tx| {
            let added = insert_webhook!(tx, webhook);
            if added == 1 {
                write_audit!(tx, audit);
            }
            added
        });
        Ok(added == 1)
    }

    /// Every endpoint, in the order they were made.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        const SQL: &str = "SELECT * FROM webhooks ORDER BY id";
        let rows: Vec<WebhookRow> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// How they stand, all together.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn webhook_standing(&self) -> Result<WebhookStanding, StoreError> {
        const SQL: &str =
            "SELECT COUNT(CASE WHEN state = 'active' AND failing_since IS NULL THEN 1 END) AS active,
                COUNT(CASE WHEN state = 'active' AND failing_since IS NOT NULL THEN 1 END) AS failing,
                COUNT(CASE WHEN state = 'paused' THEN 1 END) AS paused,
                COUNT(CASE WHEN state = 'stopped' THEN 1 END) AS stopped,
                COALESCE((SELECT seq FROM audit_log WHERE seq > 0 ORDER BY seq DESC LIMIT 1)
                    - MIN(CASE WHEN state = 'active' THEN place END), 0) AS behind
             FROM webhooks";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).fetch_one(db).await)?)
    }

    /// The endpoint with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn webhook(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        const SQL: &str = "SELECT * FROM webhooks WHERE id = $1";
        let row: Option<WebhookRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.map(Webhook::try_from).transpose()
    }

    /// Writes what an administrator decides about an endpoint, and nothing of how far it was told: but whoever switches it on
    /// or changes it begins a new row of attempts, at once. Answers whether it was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_webhook(
        &self,
        webhook: &Webhook,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let updated = in_transaction!(self, |tx| {
            let updated = update_webhook!(tx, webhook, read_at, audit);
            if updated == 1 {
                write_audit!(tx, audit);
            }
            updated
        });
        Ok(updated == 1)
    }

    /// Leaves out what an endpoint was not told yet. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn skip_webhook(&self, id: &str, audit: &AuditEntry) -> Result<bool, StoreError> {
        let skipped = in_transaction!(self, |tx| {
            let (place,): (i64,) = sqlx::query_as(LAST_PLACE).fetch_one(&mut *tx).await?;
            let skipped =
                sqlx::query("UPDATE webhooks SET place = $1, attempts = 0, due_at = $2 WHERE id = $3")
                    .bind(place)
                    .bind(audit.at.0)
                    .bind(id)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if skipped == 1 {
                write_audit!(tx, audit);
            }
            skipped
        });
        Ok(skipped == 1)
    }

    /// Deletes an endpoint and what is known of its deliveries. Answers whether it was there, and unchanged since `read_at`.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_webhook(
        &self,
        id: &str,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, |tx| {
            let deleted = delete_webhook!(tx, id, read_at);
            if deleted == 1 {
                write_audit!(tx, audit);
            }
            deleted
        });
        Ok(deleted == 1)
    }

    /// The endpoints that may have something to be told now.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn webhooks_with_work(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT id FROM webhooks WHERE state = 'active' AND due_at <= $1
             AND (place < COALESCE(
                    (SELECT seq FROM audit_log WHERE seq > 0 ORDER BY seq DESC LIMIT 1), 0)
                OR EXISTS (SELECT 1 FROM webhook_deliveries
                    WHERE webhook_id = webhooks.id AND webhook_deliveries.state = 'waiting'))
             ORDER BY due_at, id";
        let rows: Vec<(String,)> = on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Rows of the audit log behind a place, in the order of the chain.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_after_place(&self, place: i64, limit: u32) -> Result<Vec<PlacedRow>, StoreError> {
        const SQL: &str =
            "SELECT seq, id, at, actor, action, target, detail, ip, user_agent, correlation_id FROM audit_log
             WHERE seq IS NOT NULL AND seq > $1 ORDER BY seq LIMIT $2";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(place).bind(i64::from(limit)).fetch_all(db).await)?)
    }

    /// One row of the audit log.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn audit_row(&self, id: &str) -> Result<Option<AuditRow>, StoreError> {
        const SQL: &str = "SELECT id, at, actor, action, target, detail, ip, user_agent, correlation_id
             FROM audit_log WHERE id = $1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?)
    }

    /// Takes an endpoint that is due. The gate: it stops being due in the statement that hands it out, so that of any number
    /// of nodes one tells it. It is due again at `until`, unless its holder says otherwise.
    ///
    /// # Errors
    /// The database is unavailable: nobody has it then.
    pub async fn lease_webhook(
        &self,
        id: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Webhook>, StoreError> {
        let row: Option<WebhookRow> = in_transaction!(self, |tx| {
            sqlx::query_as(
                "UPDATE webhooks SET due_at = $1 WHERE id = $2 AND state = 'active' AND due_at <= $3 RETURNING *",
            )
            .bind(until.0)
            .bind(id)
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?
        });
        row.map(Webhook::try_from).transpose()
    }

    /// Goes past rows that an endpoint is not told of. Answers whether it still stood where it did, and was nobody's.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn pass_webhook(
        &self,
        id: &str,
        from: i64,
        to: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let passed = in_transaction!(self, |tx| {
            sqlx::query("UPDATE webhooks SET place = $1 WHERE id = $2 AND place = $3 AND due_at <= $4")
                .bind(to)
                .bind(id)
                .bind(from)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
        });
        Ok(passed == 1)
    }

    /// Writes down what became of a leased endpoint's messages. Answers whether it was still leased to the holder, and stood
    /// where it did; if not, nothing was written, and what was sent is sent again.
    ///
    /// # Errors
    /// The database is unavailable: it is due again when the lease ends.
    pub async fn settle_webhook(
        &self,
        leased: &Webhook,
        progress: &Progress<'_>,
        deliveries: &[Delivery],
    ) -> Result<bool, StoreError> {
        const FORGET: &str = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND state <> 'waiting' AND id IN
            (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY tried_at DESC, id DESC LIMIT 1000 OFFSET $2)";
        Ok(in_transaction!(self, |tx| {
            let state = if progress.stop.is_some() { State::Stopped } else { State::Active };
            let settled = sqlx::query(
                "UPDATE webhooks SET place = $1, due_at = $2, attempts = $3, failing_since = $4, cause = $5,
                    state = CASE WHEN state = 'active' THEN $6 ELSE state END
                 WHERE id = $7 AND due_at = $8 AND place = $9",
            )
            .bind(progress.place)
            .bind(progress.due_at.0)
            .bind(progress.attempts)
            .bind(progress.failing_since.map(|since| since.0))
            .bind(progress.cause)
            .bind(state.as_str())
            .bind(&leased.id)
            .bind(leased.due_at.0)
            .bind(leased.place)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if settled != 1 {
                return Ok(false);
            }
            for delivery in deliveries {
                keep_delivery!(tx, &leased.id, delivery);
            }
            if !deliveries.is_empty() {
                sqlx::query(FORGET).bind(&leased.id).bind(KEPT_DELIVERIES).execute(&mut *tx).await?;
            }
            if let Some(audit) = progress.stop {
                write_audit!(tx, audit);
            }
            true
        }))
    }

    /// Asks for a message besides the others. Answers whether the endpoint is there, and no more than a few of these wait.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn ask_for_delivery(
        &self,
        webhook: &str,
        delivery: &Delivery,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        const ROOM: &str =
            "SELECT (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'waiting')
             FROM webhooks WHERE id = $1";
        Ok(in_transaction!(self, |tx| {
            let waiting: Option<(i64,)> = sqlx::query_as(ROOM).bind(webhook).fetch_optional(&mut *tx).await?;
            if waiting.is_none_or(|(waiting,)| waiting >= KEPT_DELIVERIES) {
                return Ok(false);
            }
            keep_delivery!(tx, webhook, delivery);
            // Whoever asks has a reason to think that it gets through now.
            sqlx::query("UPDATE webhooks SET due_at = $1 WHERE id = $2 AND attempts > 0")
                .bind(audit.at.0)
                .bind(webhook)
                .execute(&mut *tx)
                .await?;
            write_audit!(tx, audit);
            true
        }))
    }

    /// What is known of an endpoint's latest deliveries, the newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn webhook_deliveries(&self, webhook: &str) -> Result<Vec<Delivery>, StoreError> {
        const SQL: &str =
            "SELECT id, audit_id, event, state, status, cause, attempts, at, tried_at FROM webhook_deliveries
             WHERE webhook_id = $1 ORDER BY tried_at DESC, id DESC LIMIT 200";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(webhook).fetch_all(db).await)?)
    }

    /// Messages that an administrator asked for, the oldest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn waiting_deliveries(&self, webhook: &str, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        const SQL: &str =
            "SELECT id, audit_id, event, state, status, cause, attempts, at, tried_at FROM webhook_deliveries
             WHERE webhook_id = $1 AND state = 'waiting' ORDER BY id LIMIT $2";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(webhook).bind(i64::from(limit)).fetch_all(db).await)?)
    }
}
