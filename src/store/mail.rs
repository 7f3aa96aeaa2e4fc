//! The outbox: mails that wait to be sent, and how often each address was written to. A waiting row is the order to send
//! one mail; its content is there, sealed, until the mail is sent or given up.

use super::audit::{NEWEST, write_audit};
use super::invitation::keep_invitation;
use super::mailed_link::keep_link;
use super::sign_in_code::keep_sign_in_code;
use super::{AuditEntry, Invitation, SignInCode, Store, StoreError, in_transaction, on_db};
use crate::protocol::recovery::MailedLink;
use crate::protocol::timestamp::Timestamp;

/// No lease of a mail is longer, in seconds.
pub const LONGEST_LEASE: i64 = 120;

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Row id; sorts by time.
    pub id: String,
    /// Canonical address.
    pub to: String,
    /// What kind of message it is.
    pub kind: &'static str,
    /// Language and message, sealed.
    pub content: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is of no use any more.
    pub ends_at: Timestamp,
}

/// What a mail puts into its reader's hands. It works if, and only if, the mail is in the outbox.
#[derive(Clone, Copy, Debug)]
pub enum Carried<'a> {
    /// A link for a user. It takes the place of the one before.
    Link(&'a MailedLink, &'a AuditEntry),
    /// An invitation, with the hash of its token. An administrator's takes the place of the one before.
    Invitation(&'a Invitation, &'a str, &'a AuditEntry),
    /// A code to sign in with.
    SignInCode(&'a SignInCode),
}

/// How often one address may be written to: three times in `window`.
#[derive(Clone, Debug)]
pub struct MailLimit {
    /// What the address is known by.
    pub bucket: String,
    /// How long a mail counts, in seconds.
    pub window: i64,
    /// What this mail is counted with.
    pub share: Share,
}

/// A part of what an address gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All three, for what gets an account's owner in again. It goes at once or not at all.
    Recovery,
    /// Two of the three, for everything else: whoever uses them up keeps nobody from recovering their account.
    Rest {
        /// For how many seconds this mail may be put off until it is within the limit.
        may_wait: i64,
    },
}

/// News for a user, to be put into the outbox in the commit of what they tell of.
#[derive(Clone, Debug)]
pub struct News {
    /// The mail.
    pub mail: NewMail,
    /// The limit of its address. News that would have to wait for too long are not sent; what they tell of is done all the same.
    pub limit: MailLimit,
}

/// What is written down with a change: the audit log's entry, and the news to whom it is about, if they are to be told.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'a> {
    pub(super) audit: &'a AuditEntry,
    pub(super) news: Option<&'a News>,
}

impl AuditEntry {
    /// With news of it.
    #[must_use]
    pub const fn telling<'a>(&'a self, news: Option<&'a News>) -> Noted<'a> {
        Noted { audit: self, news }
    }
}

impl<'a> From<&'a AuditEntry> for Noted<'a> {
    fn from(audit: &'a AuditEntry) -> Self {
        audit.telling(None)
    }
}

/// A mail that is to be sent, leased to whoever holds this.
#[derive(Clone, Debug)]
pub struct LeasedMail {
    /// Row id.
    pub id: String,
    /// Canonical address.
    pub to: String,
    /// What kind of message it is.
    pub kind: String,
    /// Language and message, sealed.
    pub content: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is of no use any more.
    pub ends_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// Until when nobody else tries.
    leased_until: Timestamp,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug)]
pub enum MailEnd<'a> {
    /// A mail server took it.
    Sent,
    /// It is not tried again.
    Failed {
        /// Why, without secrets.
        cause: &'a str,
        /// Committed with it.
        audit: &'a AuditEntry,
    },
}

/// A mail as operators see it: never its content.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailRow {
    /// Row id.
    pub id: String,
    /// Canonical address.
    pub to_address: String,
    /// What kind of message it is.
    pub kind: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// Why the last attempt failed; empty where none did.
    pub cause: String,
    /// When it was asked for (Unix seconds).
    pub created_at: i64,
    /// When it is tried next (Unix seconds); only while it waits.
    pub due_at: Option<i64>,
    /// How often it was tried.
    pub attempts: i64,
}

#[derive(sqlx::FromRow)]
struct LeasedRow {
    id: String,
    to_address: String,
    kind: String,
    content: Option<String>,
    created_at: i64,
    ends_at: i64,
    attempts: i64,
    due_at: i64,
}

impl From<LeasedRow> for LeasedMail {
    fn from(row: LeasedRow) -> Self {
        Self {
            id: row.id,
            to: row.to_address,
            kind: row.kind,
            content: row.content.unwrap_or_default(),
            created_at: Timestamp(row.created_at),
            ends_at: Timestamp(row.ends_at),
            attempts: row.attempts,
            leased_until: Timestamp(row.due_at),
        }
    }
}

/// Within the caller's transaction: when a mail that is asked for now goes to its address, if it goes; and the count of it.
///
/// The gate is the one statement: the row of an address tells when its last mails went (or will go), and takes another only
/// where no hour gets more than three of them, nor more than two that recover no account. Whoever asks at the same moment, on
/// any node, waits for that row. Recovery never waits, so that what is put off to later leaves room for it.
macro_rules! due_at {
    ($tx:ident, $limit:expr, $now:expr) => {{
        let (limit, now): (&MailLimit, Timestamp) = ($limit, $now);
        let counted_since = now.0.saturating_sub(limit.window);
        let due: Option<(i64,)> = match limit.share {
            Share::Recovery => {
                sqlx::query_as(
                    "INSERT INTO mail_limits (bucket, last_at, second_last_at, recovery_at) VALUES ($1, 0, 0, $2)
                     ON CONFLICT (bucket) DO UPDATE SET
                        recovery_at = $2,
                        second_recovery_at = mail_limits.recovery_at,
                        third_recovery_at = mail_limits.second_recovery_at
                     WHERE mail_limits.third_recovery_at <= $3
                        AND (mail_limits.last_at <= $3 OR mail_limits.second_recovery_at <= $3)
                        AND (mail_limits.second_last_at <= $3 OR mail_limits.recovery_at <= $3)
                     RETURNING recovery_at",
                )
                .bind(&limit.bucket)
                .bind(now.0)
                .bind(counted_since)
                .fetch_optional(&mut *$tx)
                .await?
            }
            // A window after the latest of three: the second last of these mails, the third last of recovery, and whichever
            // is older of the last of these and the second last of recovery.
            Share::Rest { may_wait } => {
                sqlx::query_as(
                    "INSERT INTO mail_limits (bucket, last_at, second_last_at) VALUES ($1, $2, 0)
                     ON CONFLICT (bucket) DO UPDATE SET
                        last_at = CASE
                            WHEN mail_limits.second_last_at > $3
                                AND mail_limits.second_last_at >= mail_limits.third_recovery_at
                                AND (mail_limits.second_last_at >= mail_limits.last_at
                                     OR mail_limits.second_last_at >= mail_limits.second_recovery_at)
                                THEN mail_limits.second_last_at + $4
                            WHEN mail_limits.third_recovery_at > $3
                                AND (mail_limits.third_recovery_at >= mail_limits.last_at
                                     OR mail_limits.third_recovery_at >= mail_limits.second_recovery_at)
                                THEN mail_limits.third_recovery_at + $4
                            WHEN mail_limits.last_at > $3 AND mail_limits.second_recovery_at > mail_limits.last_at
                                THEN mail_limits.last_at + $4
                            WHEN mail_limits.last_at > $3 AND mail_limits.second_recovery_at > $3
                                THEN mail_limits.second_recovery_at + $4
                            ELSE $2 END,
                        second_last_at = mail_limits.last_at
                     WHERE mail_limits.second_last_at <= $3 + $5 AND mail_limits.third_recovery_at <= $3 + $5
                        AND (mail_limits.last_at <= $3 + $5 OR mail_limits.second_recovery_at <= $3 + $5)
                     RETURNING last_at",
                )
                .bind(&limit.bucket)
                .bind(now.0)
                .bind(counted_since)
                .bind(limit.window)
                .bind(may_wait)
                .fetch_optional(&mut *$tx)
                .await?
            }
        };
        due.map(|(due_at,)| Timestamp(due_at))
    }};
}

/// Puts a mail into the outbox inside the caller's transaction.
macro_rules! insert_mail {
    ($tx:ident, $mail:expr, $due_at:expr) => {{
        let (mail, due_at): (&NewMail, Timestamp) = ($mail, $due_at);
        sqlx::query(
            "INSERT INTO mails (id, to_address, kind, content, state, cause, created_at, due_at, attempts, ends_at)
             VALUES ($1, $2, $3, $4, 'waiting', '', $5, $6, 0, $7)",
        )
        .bind(&mail.id)
        .bind(&mail.to)
        .bind(mail.kind)
        .bind(&mail.content)
        .bind(mail.created_at.0)
        .bind(due_at.0)
        .bind(mail.ends_at.0)
        .execute(&mut *$tx)
        .await?;
    }};
}

/// Writes down a change inside the transaction that makes it: its entry in the audit log, and the news of it.
macro_rules! write_noted {
    ($tx:ident, $noted:expr) => {{
        let noted: crate::store::Noted<'_> = $noted;
        crate::store::audit::write_audit!($tx, noted.audit);
        if let Some(news) = noted.news {
            crate::store::mail::insert_news!($tx, news);
        }
    }};
}
pub(super) use write_noted;

/// Puts news into the outbox inside the caller's transaction, if they may go to their address in time.
macro_rules! insert_news {
    ($tx:ident, $news:expr) => {{
        use crate::protocol::timestamp::Timestamp;
        use crate::store::{MailLimit, NewMail, News, Share};
        let news: &News = $news;
        if let Some(due_at) = crate::store::mail::due_at!($tx, &news.limit, news.mail.created_at) {
            crate::store::mail::insert_mail!($tx, &news.mail, due_at);
        }
    }};
}
pub(super) use {due_at, insert_mail, insert_news};

impl Store {
    /// Does a mail of this kind wait to be sent to an address?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mail_waits(&self, to: &str, kind: &str) -> Result<bool, StoreError> {
        // The index of what is due holds nothing but mails that wait.
        const SQL: &str =
            "SELECT COUNT(*) FROM mails WHERE due_at IS NOT NULL AND to_address = $1 AND kind = $2";
        let (count,): (i64,) =
            on_db!(self, |db| sqlx::query_as(SQL).bind(to).bind(kind).fetch_one(db).await)?;
        Ok(count > 0)
    }

    /// Puts a mail into the outbox, due now or as soon as it is within the limit of its address. Answers whether it is in
    /// there: it is not if it would have to wait for too long.
    ///
    /// What the mail carries is kept in the same commit.
    ///
    /// # Errors
    /// The database is unavailable, or ([`StoreError::Gone`]) the user is gone who it is for: neither mail nor count is
    /// there.
    pub async fn enqueue_mail(
        &self,
        mail: &NewMail,
        limit: &MailLimit,
        carried: Option<Carried<'_>>,
    ) -> Result<bool, StoreError> {
        let due = in_transaction!(self, |tx| {
            let due = due_at!(tx, limit, mail.created_at);
            if let Some(due_at) = due {
                insert_mail!(tx, mail, due_at);
                match carried {
                    None => {}
                    Some(Carried::Link(link, audit)) => {
                        keep_link!(tx, link);
                        write_audit!(tx, audit);
                    }
                    Some(Carried::Invitation(invitation, token_hash, audit)) => {
                        keep_invitation!(tx, invitation, token_hash);
                        write_audit!(tx, audit);
                    }
                    Some(Carried::SignInCode(code)) => keep_sign_in_code!(tx, code),
                }
            }
            due
        });
        Ok(due.is_some())
    }

    /// Is there a mail to be sent?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mail_is_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM mails WHERE due_at <= $1 LIMIT 1";
        let due: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(now.0).fetch_optional(db).await)?;
        Ok(due.is_some())
    }

    /// Takes due mails, `limit` at most. The gate: they stop being due in the statement that hands them out, so that of any
    /// number of nodes one gets each. They are due again at `until`, unless their holder settles them.
    ///
    /// # Errors
    /// The database is unavailable: nobody has them then.
    pub async fn lease_mails(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        let rows: Vec<LeasedRow> = in_transaction!(self, |tx| {
            sqlx::query_as(
                "UPDATE mails SET due_at = $1, attempts = attempts + 1
                 WHERE due_at <= $2 AND id IN
                    (SELECT id FROM mails WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3)
                 RETURNING id, to_address, kind, content, created_at, ends_at, attempts, due_at",
            )
            .bind(until.0)
            .bind(now.0)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?
        });
        Ok(rows.into_iter().map(LeasedMail::from).collect())
    }

    /// Puts a leased mail off to another time. Answers whether it was still leased to the holder.
    ///
    /// # Errors
    /// The database is unavailable: it is due again when the lease ends.
    pub async fn put_off_mail(
        &self,
        mail: &LeasedMail,
        due_at: Timestamp,
        cause: &str,
    ) -> Result<bool, StoreError> {
        let put_off = in_transaction!(self, |tx| {
            sqlx::query("UPDATE mails SET due_at = $1, cause = $2 WHERE id = $3 AND due_at = $4")
                .bind(due_at.0)
                .bind(cause)
                .bind(&mail.id)
                .bind(mail.leased_until.0)
                .execute(&mut *tx)
                .await?
                .rows_affected()
        });
        Ok(put_off == 1)
    }

    /// Takes a leased mail's content away: it was sent, or is given up. What is left of it is forgotten at `forget_at`.
    /// Answers whether it was still leased to the holder.
    ///
    /// # Errors
    /// The database is unavailable: it is due again when the lease ends.
    pub async fn settle_mail(
        &self,
        mail: &LeasedMail,
        end: MailEnd<'_>,
        forget_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (state, cause) = match end {
            MailEnd::Sent => ("sent", ""),
            MailEnd::Failed { cause, .. } => ("failed", cause),
        };
        let settled = in_transaction!(self, |tx| {
            let settled = sqlx::query(
                "UPDATE mails SET state = $1, cause = $2, content = NULL, due_at = NULL, ends_at = $3
                 WHERE id = $4 AND due_at = $5",
            )
            .bind(state)
            .bind(cause)
            .bind(forget_at.0)
            .bind(&mail.id)
            .bind(mail.leased_until.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if settled == 1
                && let MailEnd::Failed { audit, .. } = end
            {
                write_audit!(tx, audit);
            }
            settled
        });
        Ok(settled == 1)
    }

    /// How many mails wait.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn count_waiting_mails(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM mails WHERE due_at IS NOT NULL";
        let (count,): (i64,) = on_db!(self, |db| sqlx::query_as(SQL).fetch_one(db).await)?;
        Ok(count)
    }

    /// What is kept of the mails to this canonical address, newest first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mails_to(&self, address: &str) -> Result<Vec<MailRow>, StoreError> {
        const SQL: &str = "SELECT id, to_address, kind, state, cause, created_at, due_at, attempts FROM mails
             WHERE to_address = $1 ORDER BY id DESC";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(address).fetch_all(db).await)?)
    }

    /// The newest mails, newest first, all or those in this state.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mails(&self, state: Option<&str>, limit: u32) -> Result<Vec<MailRow>, StoreError> {
        self.mails_before(state, "", limit).await
    }

    /// The newest mails before the mail `before` (any, if it is empty), newest first, all or those in this state.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mails_before(
        &self,
        state: Option<&str>,
        before: &str,
        limit: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        const ALL: &str = "SELECT id, to_address, kind, state, cause, created_at, due_at, attempts FROM mails
             WHERE id < $1 ORDER BY id DESC LIMIT $2";
        const OF_STATE: &str =
            "SELECT id, to_address, kind, state, cause, created_at, due_at, attempts FROM mails
             WHERE id < $1 AND state = $3 ORDER BY id DESC LIMIT $2";
        let (before, limit) = (if before.is_empty() { NEWEST } else { before }, i64::from(limit));
        Ok(match state {
            None => on_db!(self, |db| sqlx::query_as(ALL).bind(before).bind(limit).fetch_all(db).await)?,
            Some(state) => on_db!(self, |db| {
                sqlx::query_as(OF_STATE).bind(before).bind(limit).bind(state).fetch_all(db).await
            })?,
        })
    }

    /// One mail.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn mail(&self, id: &str) -> Result<Option<MailRow>, StoreError> {
        const SQL: &str = "SELECT id, to_address, kind, state, cause, created_at, due_at, attempts FROM mails
             WHERE id = $1";
        Ok(on_db!(self, |db| sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?)
    }

    /// Makes a mail due that waits for another attempt. Answers whether it did: not one that may be leased, and not one that was
    /// never tried, for it waits until its address may be written to again.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn hurry_mail(&self, id: &str, now: Timestamp, audit: &AuditEntry) -> Result<bool, StoreError> {
        let hurried = in_transaction!(self, |tx| {
            let hurried = sqlx::query(
                "UPDATE mails SET due_at = $1 WHERE id = $2 AND due_at > $1 + $3 AND attempts > 0",
            )
            .bind(now.0)
            .bind(id)
            .bind(LONGEST_LEASE)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if hurried == 1 {
                write_audit!(tx, audit);
            }
            hurried
        });
        Ok(hurried == 1)
    }

    /// Takes a waiting mail's content away, so that it is not sent. Answers whether it waited.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn cancel_mail(
        &self,
        id: &str,
        cause: &str,
        forget_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let cancelled = in_transaction!(self, |tx| {
            let cancelled = sqlx::query(
                "UPDATE mails SET state = 'failed', cause = $1, content = NULL, due_at = NULL, ends_at = $2
                 WHERE id = $3 AND due_at IS NOT NULL",
            )
            .bind(cause)
            .bind(forget_at.0)
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if cancelled == 1 {
                write_audit!(tx, audit);
            }
            cancelled
        });
        Ok(cancelled == 1)
    }
}
