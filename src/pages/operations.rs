//! The administrator's pages about what the server does by itself: webhooks, mails, keys, registrations.

use askama::Template;

use super::admin::in_one_language;
use super::{Notice, Page, Problem, Shell};
use crate::i18n::Words;
use crate::protocol::webhook::host_of;

in_one_language!(AdminWebhooks, AdminWebhookForm, AdminMails, AdminKeys, AdminKeyQuestion, AdminRegistration);

/// `GET /admin/webhooks`.
#[derive(Template)]
#[template(path = "admin_webhooks.html")]
pub struct AdminWebhooks {
    /// The frame.
    pub shell: Shell,
    /// All endpoints.
    pub rows: Vec<WebhookRow>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One endpoint in the list.
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// Where to; only the host, for its path may hold a secret.
    pub host: String,
    /// What it is; may be empty.
    pub description: String,
    /// Which events.
    pub events: Vec<String>,
    /// `active`, `paused` or `stopped`.
    pub state: String,
    /// Since when nothing has arrived (unix seconds).
    pub failing_since: Option<i64>,
    /// Rows of the audit log that it is behind.
    pub behind: i64,
}

/// `GET /admin/webhooks/new` and `GET /admin/webhooks/{id}`. Forms, each with `csrf`: `POST /admin/webhooks` (new) or
/// `POST /admin/webhooks/{id}` with `url`, `description`, `enabled` (a checkbox) and a checkbox `event_<name>` for each event;
/// `…/test`, `…/skip`, `…/rotate-secret` (`keep_old`), `…/end-old-secret`, `…/delete`,
/// `…/deliveries/{delivery}/redeliver`.
#[derive(Template)]
#[template(path = "admin_webhook_form.html")]
pub struct AdminWebhookForm {
    /// The frame.
    pub shell: Shell,
    /// Whether it is yet to be made.
    pub new: bool,
    /// The form's contents.
    pub webhook: WebhookFields,
    /// Every event.
    pub events: Vec<EventBox>,
    /// `active`, `paused` or `stopped`.
    pub state: String,
    /// Why the last attempt failed, or why it was stopped; may be empty.
    pub cause: String,
    /// Since when nothing has arrived (unix seconds).
    pub failing_since: Option<i64>,
    /// When the next attempt is made (unix seconds), while messages fail.
    pub next_attempt: Option<i64>,
    /// Rows of the audit log that it is behind.
    pub behind: i64,
    /// Until when messages are signed with the old secret as well (unix seconds).
    pub old_secret_until: Option<i64>,
    /// The latest messages, the newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// A secret just made: shown on this page and never again.
    pub secret_shown_once: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// An endpoint as a form has it.
#[derive(Clone, Debug, Default)]
pub struct WebhookFields {
    /// Its id; empty when new.
    pub id: String,
    /// What the form was filled in from.
    pub version: i64,
    /// Where to.
    pub url: String,
    /// What it is.
    pub description: String,
    /// Whether it is told.
    pub enabled: bool,
}

impl WebhookFields {
    /// How the page calls it.
    fn title(&self) -> &str {
        if self.description.is_empty() { host_of(&self.url) } else { &self.description }
    }
}

/// One event as a checkbox.
pub struct EventBox {
    /// The name of the input.
    pub input: String,
    /// The event.
    pub name: &'static str,
    /// In words.
    pub means: &'static str,
    /// Whether it is ticked.
    pub on: bool,
}

/// One message.
pub struct DeliveryRow {
    /// Its `webhook-id`.
    pub id: String,
    /// Which event.
    pub event: String,
    /// `waiting`, `retrying`, `delivered` or `failed`.
    pub state: String,
    /// The status that came back; none where no answer came.
    pub status: Option<i64>,
    /// Why it failed; may be empty.
    pub cause: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was tried last (unix seconds).
    pub tried: i64,
}

/// How a state looks.
pub(super) fn delivery_tone(state: &str) -> &'static str {
    match state {
        "delivered" | "active" => " good",
        "failed" | "stopped" => " bad",
        _ => "",
    }
}

/// `GET /admin/mails?state=…&before=…`. Forms, each with `csrf`: `POST /admin/mails/{id}/retry`, `…/cancel`.
#[derive(Template)]
#[template(path = "admin_mails.html")]
pub struct AdminMails {
    /// The frame.
    pub shell: Shell,
    /// Does this server send mail?
    pub is_on: bool,
    /// The state that is shown; empty for all.
    pub state: String,
    /// The newest first.
    pub rows: Vec<MailRow>,
    /// Where the older ones are.
    pub next: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One mail. What it says is not shown.
pub struct MailRow {
    /// Its id.
    pub id: String,
    /// To whom.
    pub to: String,
    /// What kind of message, in words.
    pub kind: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was asked for (unix seconds).
    pub created: i64,
    /// When it is tried next (unix seconds).
    pub next_attempt: Option<i64>,
    /// Why the last attempt failed; may be empty.
    pub cause: String,
    /// Whether its next attempt can be made now.
    pub may_hurry: bool,
}

/// How a mail's state looks.
pub(super) fn mail_tone(state: &str) -> &'static str {
    match state {
        "sent" => " good",
        "failed" => " bad",
        _ => "",
    }
}

/// `GET /admin/keys`.
#[derive(Template)]
#[template(path = "admin_keys.html")]
pub struct AdminKeys {
    /// The frame.
    pub shell: Shell,
    /// By algorithm, the newest first.
    pub rows: Vec<KeyLine>,
    /// After how many days a key is replaced.
    pub rotate_days: i64,
    /// For how many hours a key is published before it signs.
    pub publish_hours: i64,
    /// Whether one should have been replaced already.
    pub overdue: bool,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One key of the server.
pub struct KeyLine {
    /// Key id as in the JWKS.
    pub kid: String,
    /// The algorithm that it signs or decrypts by.
    pub alg: String,
    /// `published`, `active`, `retired`, `gone` or `revoked`.
    pub state: String,
    /// From when on it signs, or signed (unix seconds).
    pub signs_from: i64,
    /// When the next one takes its place (unix seconds), while it is active.
    pub next: Option<i64>,
}

/// `GET /admin/keys/rotate` and `GET /admin/keys/{kid}/revoke`; the form, with `csrf`, goes to the same address: to rotate with
/// `alg` (empty for each) and `at_once` (a checkbox).
#[derive(Template)]
#[template(path = "admin_key_question.html")]
pub struct AdminKeyQuestion {
    /// The frame.
    pub shell: Shell,
    /// What is about to be done.
    pub question: KeyQuestion,
}

/// What is about to be done.
pub enum KeyQuestion {
    /// The next keys are made.
    Rotate {
        /// The algorithms that there are keys of.
        algs: Vec<String>,
        /// For how many hours a key is published before it signs.
        publish_hours: i64,
    },
    /// A key is revoked.
    Revoke {
        /// Which.
        kid: String,
        /// Its algorithm.
        alg: String,
        /// Where it is in its life.
        state: String,
        /// Whether clients encrypt to it.
        decrypts: bool,
    },
}

/// `GET /admin/registration`. Forms, each with `csrf`: `POST /admin/registration` with the inputs named like the fields of
/// [`TokenFields`], `POST /admin/registration/{id}/revoke`.
#[derive(Template)]
#[template(path = "admin_registration.html")]
pub struct AdminRegistration {
    /// The frame.
    pub shell: Shell,
    /// `off`, `token` or `open`.
    pub mode: &'static str,
    /// After how many days an application that was never used is deleted.
    pub unused_days: i64,
    /// Initial access tokens that still work.
    pub tokens: Vec<TokenRow>,
    /// What was registered, the newest first.
    pub registered: Vec<RegisteredRow>,
    /// The form's contents.
    pub fields: TokenFields,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// A token just made: shown on this page and never again.
    pub token_shown_once: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// An initial access token.
pub struct TokenRow {
    /// Its public name.
    pub id: String,
    /// What it is for; may be empty.
    pub note: String,
    /// When it was made (unix seconds).
    pub created: i64,
    /// When it stops working (unix seconds).
    pub expires: i64,
    /// How many applications it may still register; none for any number.
    pub uses_left: Option<i64>,
}

/// An application that registered itself.
pub struct RegisteredRow {
    /// When (unix seconds).
    pub at: i64,
    /// By what: the note of a token, or that there was none.
    pub by: String,
    /// From which address.
    pub ip: String,
    /// Client id.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// `never used`, `in use`, `off` or `gone`.
    pub state: &'static str,
}

/// A token as a form has it.
#[derive(Default)]
pub struct TokenFields {
    /// What it is for.
    pub note: String,
    /// For how many days it works.
    pub days: String,
    /// How many applications it may register; empty for any number.
    pub uses: String,
}
