//! The outbox: what waits, what was sent lately, what could not be; try again at once, cancel. What a mail says is nobody's to
//! read here: its link or code would open an account.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::access::allow;
use super::{Refusal, cut};
use crate::app::{App, Origin};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::store::MailRow;

/// What became of a cancelled mail is remembered as long as of others.
const KEEP_ENDED: Duration = Duration::from_hours(7 * 24);

/// The states that a mail can be in.
pub const STATES: [&str; 3] = ["waiting", "failed", "sent"];

/// A mail in answers: never what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailView {
    /// Its id, which sorts by time.
    pub id: String,
    /// To whom.
    pub to: String,
    /// What kind of message, such as `reset_password`.
    pub kind: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was asked for (Unix seconds).
    pub created_at: i64,
    /// When it is tried next (Unix seconds); only while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<i64>,
    /// Why the last attempt failed; empty where none did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
}

impl From<MailRow> for MailView {
    fn from(row: MailRow) -> Self {
        Self {
            id: row.id,
            to: row.to_address,
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: row.due_at,
            cause: row.cause,
        }
    }
}

/// Some mails, and where the older ones are.
pub struct Page {
    /// The newest first.
    pub mails: Vec<MailView>,
    /// The id to go on before; none at the end.
    pub next: Option<String>,
}

/// The newest mails of the last seven days, of all states or of this one, older than the mail `before`.
///
/// # Errors
/// There is no such state.
pub async fn list(app: &App, state: Option<&str>, before: &str, limit: u32) -> Result<Page, Refusal> {
    if state.is_some_and(|state| !STATES.contains(&state)) {
        return Err(Refusal::field("state", format_args!("is one of {}", STATES.join(", "))));
    }
    let found = app.store.mails_before(state, before, limit.saturating_add(1)).await?;
    let (mails, more) = cut(found, limit);
    let next = mails.last().filter(|_| more).map(|mail| mail.id.clone());
    Ok(Page { mails: mails.into_iter().map(MailView::from).collect(), next })
}

/// Has a mail that failed and waits for its next attempt tried at once.
///
/// # Errors
/// There is no such mail, or it waits for nothing that could be shortened: it is being tried, was never tried (as when too many
/// went to its address), or is over.
pub async fn hurry(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Mails)), &target(id)).await?;
    let audit = app.audit(origin, "mail.hurry", target(id), "");
    if app.store.hurry_mail(id, app.clock.now(), &audit).await? {
        Ok(())
    } else {
        Err(why_not(app, id).await?)
    }
}

/// Has a mail not be sent: its link or code reaches nobody. One that is on its way to the mail server at this moment may arrive
/// all the same.
///
/// # Errors
/// There is no such mail, or it is over.
pub async fn cancel(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Mails)), &target(id)).await?;
    let audit = app.audit(origin, "mail.cancel", target(id), "");
    let forget_at = app.clock.now().plus(KEEP_ENDED);
    let cancelled = app.store.cancel_mail(id, "cancelled by an administrator", forget_at, &audit).await?;
    if cancelled { Ok(()) } else { Err(why_not(app, id).await?) }
}

async fn why_not(app: &App, id: &str) -> Result<Refusal, Refusal> {
    Ok(match app.store.mail(id).await? {
        None => Refusal::NotFound("mail"),
        Some(mail) if mail.state == "waiting" => Refusal::field(
            "id",
            "it is tried within two minutes, or waits until its address may be written to again",
        ),
        Some(mail) => Refusal::field("id", format_args!("it is {} already", mail.state)),
    })
}

fn target(id: &str) -> String {
    format!("mail:{id}")
}
