//! `/account/activity`: what happened to one's account lately, in plain words.

use axum::extract::State;
use axum::response::Response;

use super::{place_of, shell};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::page::{Csp, html};
use crate::http::session::SignedIn;
use crate::i18n::Words;
use crate::pages::{self, Event, describe_device};
use crate::protocol::ids::UserId;
use crate::protocol::sign_in::Method;
use crate::store::AuditRow;

/// So many lines are shown.
const SHOWN: usize = 50;

/// So many rows are read for them.
const READ: u32 = 500;

/// A sign-in that failed.
const REFUSED: &str = "session.refused";

/// The page.
pub async fn show(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let words = me.browser.locale.words();
    let mut events: Vec<Event> = Vec::new();
    for row in of_user(&app, &me.user.id, READ).await? {
        let what = describe(&app, &words, &me.user.id, &row).await?;
        let device =
            if row.user_agent.is_empty() { String::new() } else { describe_device(&words, &row.user_agent) };
        let by_administrator = by_somebody_else(&row);
        let place = place_of(&app, &words, &row.ip);
        let event = Event { at: row.at, what, device, ip: row.ip, place, by_administrator, times: 1 };
        // Somebody who tries again and again fills one line, and hides nothing.
        let lines = events.len();
        match events.last_mut() {
            Some(last) if row.action == REFUSED && last.is_like(&event) => last.times += 1,
            _ if lines == SHOWN => break,
            _ => events.push(event),
        }
    }
    let page = pages::Activity { shell: shell(&app, words, &me), events };
    Ok(me.browser.remember(&app.config, html(&page, &Csp::default())))
}

/// The newest rows of the audit log about a user, the latest first. Who else did something, and from where, is left out.
pub(super) async fn of_user(app: &App, user: &UserId, limit: u32) -> Result<Vec<AuditRow>, PageError> {
    let own = format!("user:{user}");
    let mut rows = app.store.audit_of_user(user, limit).await?;
    for row in &mut rows {
        // Nobody was signed in when a sign-in was refused: from where it was tried is what its owner has to know.
        if row.actor != own && row.actor != "anonymous" {
            "administrator".clone_into(&mut row.actor);
            row.detail.clear();
            row.ip.clear();
            row.user_agent.clear();
        }
    }
    Ok(rows)
}

fn by_somebody_else(row: &AuditRow) -> bool {
    row.actor == "administrator"
}

/// A row in words.
async fn describe(app: &App, words: &Words, me: &UserId, row: &AuditRow) -> Result<String, PageError> {
    let said = match words_of(&row.action, &row.detail, Whose::of(row, me)) {
        Some(of_app) if of_app.is_about_an_app => words.with(of_app.key, "app", client_name(app, row).await?),
        Some(said) => words.text(said.key),
        // There is none such; a test sees to it.
        None => words.with("activity-other", "action", row.action.as_str()),
    };
    Ok(said.into_owned())
}

/// Whom a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The account that looks at it.
    Own,
    /// Somebody else's: it was administered.
    Others,
}

impl Whose {
    fn of(row: &AuditRow, me: &UserId) -> Self {
        let of_another = row.target.strip_prefix("user:").is_some_and(|user| user != me.as_str());
        // An administrator's row names whose passkey it was.
        let of_anothers_passkey = row.action == "passkey.remove" && !row.detail.is_empty();
        if of_another || of_anothers_passkey { Self::Others } else { Self::Own }
    }
}

/// Which words tell of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Their key.
    pub key: &'static str,
    /// Do they name the application that the row is about?
    pub is_about_an_app: bool,
}

/// The words for a row of the audit log that has the account as its actor or target; none for what concerns no account.
#[must_use]
pub fn words_of(action: &str, detail: &str, whose: Whose) -> Option<Said> {
    let family = action.split('.').next().unwrap_or_default();
    let said = |asked: Asked| Some(Said { key: asked.key, is_about_an_app: false });
    let about_an_app = |asked: Asked| Some(Said { key: asked.key, is_about_an_app: true });
    if action == "administration.refuse" {
        return said(key("activity-admin-refused"));
    }
    if action == "administration.mistake" {
        return None;
    }
    if whose == Whose::Others {
        return said(key("activity-admin-users"));
    }
    match action {
        "session.begin" => said(key("activity-signed-in")),
        "session.end" if detail == "sign-out" => said(key("activity-signed-out")),
        "session.end" => said(key("activity-device-signed-out")),
        // Neither is what anybody begins with.
        REFUSED if [Method::Totp, Method::RecoveryCode].iter().any(|method| detail == method.as_str()) => {
            said(key("activity-second-refused"))
        }
        REFUSED => said(key("activity-sign-in-refused")),
        "user.end_sessions" => said(key("activity-others-signed-out")),
        "user.create" | "user.import" => said(key("activity-account-made")),
        "user.update" if names(detail, "email") => said(key("activity-address-changed")),
        "user.update" => said(key("activity-profile-changed")),
        "user.delete" => said(key("activity-deleted")),
        "address.ask" => said(key("activity-address-asked")),
        "address.verify" => said(key("activity-address-confirmed")),
        "recovery.ask" => said(key("activity-recovery-asked")),
        "user.reset_password" => said(key("activity-password-reset")),
        "user.set_password" => said(key("activity-password-changed")),
        "user.require_password" => said(key("activity-password-required")),
        "consent.allow" => about_an_app(key("activity-app-allowed")),
        "device.allow" => about_an_app(key("activity-device-allowed")),
        "device.deny" => about_an_app(key("activity-device-denied")),
        "consent.withdraw" => about_an_app(key("activity-app-removed")),
        "app.add" => said(key("activity-authenticator-added")),
        "app.remove" => said(key("activity-authenticator-removed")),
        "passkey.add" => said(key("activity-passkey-added")),
        "passkey.remove" => said(key("activity-passkey-removed")),
        "identity.link" => said(key("activity-account-linked")),
        "identity.unlink" => said(key("activity-account-unlinked")),
        "recovery_codes.make" => said(key("activity-codes-made")),
        "client.preview" | "scope.preview" => said(key("activity-previewed")),
        _ => match family {
            "client" => said(key("activity-admin-applications")),
            "group" => said(key("activity-admin-groups")),
            "key" => said(key("activity-admin-keys")),
            "webhook" => said(key("activity-admin-webhooks")),
            "delegation" => said(key("activity-admin-powers")),
            "invitation" => said(key("activity-admin-invitations")),
            "registration_token" => said(key("activity-admin-registration")),
            "mail" => said(key("activity-admin-mails")),
            "scope" => said(key("activity-admin-scopes")),
            "upstream" => said(key("activity-admin-providers")),
            "branding" => said(key("activity-admin-branding")),
            "user_name" => said(key("activity-admin-users")),
            _ => None,
        },
    }
}

/// A key, written so that the test finds it that looks for keys nobody asks for.
struct Asked {
    key: &'static str,
}

const fn key(key: &'static str) -> Asked {
    Asked { key }
}

/// Is it among the fields that a change names?
fn names(detail: &str, field: &str) -> bool {
    detail.split_whitespace().any(|name| name == field)
}

/// What the application of a row is called; its id, when it is no more.
async fn client_name(app: &App, row: &AuditRow) -> Result<String, PageError> {
    let id = row.target.strip_prefix("client:").unwrap_or(&row.target);
    let client = app.store.client(&id.into()).await?;
    Ok(client.map_or_else(|| id.to_owned(), |client| client.metadata.client_name.clone()))
}
