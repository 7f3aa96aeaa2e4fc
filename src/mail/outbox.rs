//! Working off the outbox: every node takes what is due, tries it, and writes down what became of it.
//!
//! The rows of the store are the queue. A mail is sent at least once: if a node ends between the mail server's answer and the
//! row's, it is sent again, with the same Message-ID.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Content;
use super::transport::{Parcel, Unsent};
use crate::app::{App, Origin};
use crate::http::metrics::{self, MailOutcome};
use crate::i18n::Language;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::Purpose;
use crate::store::{LeasedMail, MailEnd, StoreError};

/// How often due mails are looked for; those of this process are tried at once.
const POLL: Duration = Duration::from_secs(1);
/// Mails that are tried at the same time.
const BATCH: u32 = 16;
/// For how long nobody else tries: longer than any attempt takes.
const LEASE: Duration = Duration::from_secs(120);
/// For how long it is remembered what became of a mail.
const KEEP_ENDED: Duration = Duration::from_hours(7 * 24);
/// The wait after the first attempt that failed; each later one is three times as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: i64 = 10;
/// Between two attempts at most, in seconds.
const LONGEST_WAIT: i64 = 3600;

/// When to try again after `attempts` that failed; never when the mail is of no use any more then.
fn next_attempt(attempts: i64, now: Timestamp, ends_at: Timestamp) -> Option<Timestamp> {
    let failed_before = u32::try_from(attempts.saturating_sub(1).max(0)).unwrap_or(u32::MAX);
    let wait = FIRST_WAIT.saturating_mul(3_i64.saturating_pow(failed_before)).min(LONGEST_WAIT);
    let next = Timestamp(now.0.saturating_add(wait));
    (!next.reached(ends_at)).then_some(next)
}

/// Sends what is due, for as long as the server runs.
pub async fn run(app: App) {
    if !app.mail.is_on() {
        return;
    }
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.mail.asked() => {}
        }
        match work_off(&app).await {
            Ok(()) => outage = false,
            Err(error) if !outage => {
                tracing::error!(%error, "due mails cannot be read; tried again every second");
                outage = true;
            }
            Err(_) => {}
        }
    }
}

async fn work_off(app: &App) -> Result<(), StoreError> {
    // Looked at first: taking nothing would cost a write every second.
    while app.store.mail_is_due(app.clock.now()).await? {
        let now = app.clock.now();
        let mails = app.store.lease_mails(now, now.plus(LEASE), BATCH).await?;
        let deliveries = mails.into_iter().map(|mail| deliver(app.clone(), mail));
        deliveries.collect::<JoinSet<()>>().join_all().await;
    }
    metrics::show_waiting_mails(app.store.count_waiting_mails().await?);
    Ok(())
}

/// One attempt, and what becomes of the mail. If that cannot be written down, the lease runs out and it is sent once more.
async fn deliver(app: App, mail: LeasedMail) {
    let sent = send(&app, &mail).await;
    let now = app.clock.now();
    let (outcome, settled) = match (sent, next_attempt(mail.attempts, now, mail.ends_at)) {
        (Ok(()), _) => {
            let settled = app.store.settle_mail(&mail, MailEnd::Sent, now.plus(KEEP_ENDED)).await;
            (MailOutcome::Sent, settled)
        }
        (Err(Unsent::Later(cause)), Some(again)) => {
            tracing::info!(
                mail = %mail.id, kind = %mail.kind, attempt = mail.attempts, retry_in = again.since(now), %cause,
                "a mail was not sent"
            );
            (MailOutcome::PutOff, app.store.put_off_mail(&mail, again, &cause).await)
        }
        (Err(Unsent::Later(cause) | Unsent::Never(cause)), _) => {
            tracing::warn!(
                mail = %mail.id, kind = %mail.kind, attempts = mail.attempts, %cause,
                "a mail was not sent, and is not tried again"
            );
            let detail = format!("{}: {cause}", mail.kind);
            let audit = app.audit(&Origin::system(), "mail.give_up", format!("mail:{}", mail.id), detail);
            let end = MailEnd::Failed { cause: &cause, audit: &audit };
            (MailOutcome::GivenUp, app.store.settle_mail(&mail, end, now.plus(KEEP_ENDED)).await)
        }
    };
    metrics::count_mail(outcome);
    match settled {
        Ok(true) => {}
        Ok(false) => tracing::warn!(mail = %mail.id, "a mail took so long that another node tries it too"),
        Err(error) => {
            tracing::error!(%error, mail = %mail.id, "what became of a mail cannot be written down");
        }
    }
}

async fn send(app: &App, mail: &LeasedMail) -> Result<(), Unsent> {
    if app.clock.now().reached(mail.ends_at) {
        return Err(Unsent::Never("it could not be sent in time".to_owned()));
    }
    // A newer version's message is left to the nodes that know it.
    let content = app.seals.open::<Content>(Purpose::Mail, &mail.content);
    let Content { to, language, message } = content.map_err(|error| Unsent::Later(error.to_string()))?;
    // One that another version knows and this one does not is English here.
    let language = Language::of_tag(&language).unwrap_or_default();
    let letter = message.letter(language, app.mail.site());
    let parcel = Parcel {
        id: &mail.id,
        from: app.mail.sender(),
        to: &to,
        created_at: mail.created_at,
        letter: &letter,
        language: language.tag(),
        link: message.link(),
        code: message.code(),
    };
    app.mail.transport().send(&parcel).await
}

#[cfg(test)]
mod tests {
    use super::next_attempt;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn attempts_come_more_and_more_seldom_until_the_mail_is_of_no_use() {
        let day = Timestamp(86_400);
        let waits: Vec<_> = (1..9).map(|n| next_attempt(n, Timestamp(0), day).map(|at| at.0)).collect();
        let expected = [10, 30, 90, 270, 810, 2430, 3600, 3600];
        assert_eq!(waits, expected.map(Some));
        assert_eq!(next_attempt(i64::MAX, Timestamp(0), day), Some(Timestamp(3600)));
        assert_eq!(next_attempt(1, Timestamp(86_390), day), None, "a thing is dead at its end");
        assert_eq!(next_attempt(1, Timestamp(86_389), day), Some(Timestamp(86_399)));
        assert_eq!(next_attempt(0, Timestamp(0), day), Some(Timestamp(10)));
    }
}
