//! Mail: what this server writes to people, and how it gets there.
//!
//! An endpoint puts a mail into the outbox ([`Mailer::send`]), which is a write to the database and no more: whether the mail
//! server can be reached is nothing that a request waits for. The work in the background ([`outbox`]) sends what is due.
//! `docs/mail.md` has it for operators.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};

use crate::app::App;
use crate::config::{Config, Sender};
use crate::http::metrics::{self, MailOutcome};
use crate::i18n::Language;
use crate::protocol::timestamp::seconds;
use crate::protocol::user::canonical_email;
use crate::sealing::{Purpose, SealError};
use crate::store::{Carried, MailLimit, NewMail, News, Share, StoreError};

use transport::Transport;

pub use messages::{Change, Happened, Letter, Link, Message};
pub use transport::{TransportError, Written};

mod messages;
pub mod outbox;
pub mod to_users;
mod transport;

#[cfg(test)]
mod tests;

/// Within so long an address is written to three times at most; one of the three is kept for recovery, so that strangers who ask
/// for codes, and news, keep nobody from it.
const LIMIT_WINDOW: Duration = Duration::from_secs(3600);
/// News of what happened to an account are not lost to the limit, which somebody else could use up on purpose: they wait, but
/// not longer than this.
const NEWS_WAIT: Duration = Duration::from_hours(12);
/// A mail that could not be sent for so long is given up.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// To whom: one address, in any spelling.
    pub to: &'a str,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub message: Message,
}

/// What became of a request to send a mail. A visitor should be told none of it: it would say which addresses have accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the outbox, and will be sent whatever restarts.
    Queued,
    /// The address was written to as often as may be within the hour.
    TooMany,
    /// `mail.transport` is `none`.
    SwitchedOff,
    /// The text is no address.
    NoAddress,
}

/// Why a mail is not in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What is sealed in a waiting row. The address is in it, so that no row's message can be moved to another's.
#[derive(Serialize, Deserialize)]
struct Content {
    to: String,
    /// Its tag.
    language: String,
    message: Message,
}

/// What a message is counted with. A link to a new password lets an account's owner in again. An invitation does so for somebody
/// who has none, and administrators alone send it. Confirming an address is not among them: whoever gives somebody else's address
/// for an account of theirs can ask for it.
fn share_of(message: &Message) -> Share {
    match message {
        Message::ResetPassword { .. } | Message::Invitation { .. } => Share::Recovery,
        message => Share::Rest { may_wait: message.works_for().map_or(seconds(NEWS_WAIT), |_| 0) },
    }
}

/// Takes mails. Cloning it is cheap.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    transport: Transport,
    from: Sender,
    site: String,
    asked: Notify,
}

impl Mailer {
    /// As configured.
    ///
    /// # Errors
    /// The mail server cannot be spoken to that way. Whether it is there is found out later.
    pub fn new(config: &Config) -> Result<Self, TransportError> {
        let authorities = config.outgoing.ca_certificates.as_deref();
        let transport = Transport::new(&config.mail.transport, authorities)?;
        let site = config.issuer.as_str();
        let site = site.split_once("://").map_or(site, |(_, host)| host).to_owned();
        Ok(Self(Arc::new(Inner { transport, from: config.mail.from.clone(), site, asked: Notify::new() })))
    }

    /// Is mail sent at all? Pages offer nothing that needs it otherwise.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self.0.transport, Transport::None)
    }

    /// Could a mail leave now? Speaks to the mail server as for a mail, up to where a mail would begin. Answers where they go,
    /// or nothing when none are sent.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn probe(&self) -> Result<Option<String>, String> {
        self.0.transport.probe().await
    }

    /// Puts a mail into the outbox: one write, which waits for no mail server.
    ///
    /// # Errors
    /// The database is unavailable: nothing is sent.
    pub async fn send(&self, app: &App, mail: Mail<'_>) -> Result<Fate, MailError> {
        let share = share_of(&mail.message);
        self.put_into_outbox(app, mail, None, share).await
    }

    /// The same for a mail that carries something, which works if, and only if, the mail is in the outbox.
    ///
    /// # Errors
    /// The database is unavailable, or the user is gone who it is for: nothing is sent.
    pub async fn send_with(
        &self,
        app: &App,
        mail: Mail<'_>,
        carried: Carried<'_>,
    ) -> Result<Fate, MailError> {
        let share = share_of(&mail.message);
        self.put_into_outbox(app, mail, Some(carried), share).await
    }

    /// The same for a mail that lets its reader in again, out of all that their address gets within the hour.
    ///
    /// # Errors
    /// As [`send_with`](Self::send_with).
    pub async fn send_to_recover(
        &self,
        app: &App,
        mail: Mail<'_>,
        carried: Carried<'_>,
    ) -> Result<Fate, MailError> {
        self.put_into_outbox(app, mail, Some(carried), Share::Recovery).await
    }

    /// News to be put into the outbox with what they tell of; none where they cannot be sent.
    ///
    /// # Errors
    /// The message could not be sealed.
    pub fn news(&self, app: &App, mail: Mail<'_>) -> Result<Option<News>, MailError> {
        let share = share_of(&mail.message);
        Ok(self.prepare(app, mail, share)?.ok().map(|(mail, limit)| News { mail, limit }))
    }

    async fn put_into_outbox(
        &self,
        app: &App,
        mail: Mail<'_>,
        carried: Option<Carried<'_>>,
        share: Share,
    ) -> Result<Fate, MailError> {
        let fate = self.queue(app, mail, carried, share).await?;
        match fate {
            Fate::Queued => self.0.asked.notify_one(),
            Fate::TooMany => metrics::count_mail(MailOutcome::TooMany),
            Fate::SwitchedOff | Fate::NoAddress => {}
        }
        Ok(fate)
    }

    async fn queue(
        &self,
        app: &App,
        mail: Mail<'_>,
        carried: Option<Carried<'_>>,
        share: Share,
    ) -> Result<Fate, MailError> {
        let (new, limit) = match self.prepare(app, mail, share)? {
            Ok(prepared) => prepared,
            Err(fate) => return Ok(fate),
        };
        if app.store.enqueue_mail(&new, &limit, carried).await? {
            return Ok(Fate::Queued);
        }
        tracing::info!(
            kind = new.kind,
            "a mail is not sent: its address was written to as often as may be within the hour"
        );
        Ok(Fate::TooMany)
    }

    /// What the store is to keep of a mail; or why it is not sent.
    fn prepare(
        &self,
        app: &App,
        mail: Mail<'_>,
        share: Share,
    ) -> Result<Result<(NewMail, MailLimit), Fate>, MailError> {
        let Mail { to, language, message } = mail;
        if !self.is_on() {
            return Ok(Err(Fate::SwitchedOff));
        }
        // In this form an address has no character that means anything in a header or to a mail server.
        let Some(to) = canonical_email(to).ok().filter(|to| transport::can_be_written_to(to)) else {
            return Ok(Err(Fate::NoAddress));
        };
        let (kind, works_for) = (message.kind(), message.works_for());
        let now = app.clock.now();
        let limit = MailLimit { bucket: app.seals.mailed_address(&to), window: seconds(LIMIT_WINDOW), share };
        let content = Content { to: to.clone(), language: language.tag().to_owned(), message };
        let new = NewMail {
            id: app.entropy.ordered_id(&app.clock),
            to,
            kind,
            content: app.seals.seal(Purpose::Mail, &content, &app.entropy)?,
            created_at: now,
            ends_at: now.plus(works_for.map_or(LONGEST_WAIT, |works_for| works_for.min(LONGEST_WAIT))),
        };
        Ok(Ok((new, limit)))
    }

    /// Hears of every mail that is written to a file from now on; of none where mail goes elsewhere.
    #[must_use]
    pub fn written(&self) -> broadcast::Receiver<Written> {
        match &self.0.transport {
            Transport::File { written, .. } => written.subscribe(),
            Transport::None | Transport::Smtp(_) => broadcast::Sender::new(1).subscribe(),
        }
    }

    /// Waits until this process puts a mail into the outbox.
    async fn asked(&self) {
        self.0.asked.notified().await;
    }

    fn transport(&self) -> &Transport {
        &self.0.transport
    }

    fn sender(&self) -> &Sender {
        &self.0.from
    }

    /// This server, as people know it.
    fn site(&self) -> &str {
        &self.0.site
    }
}
