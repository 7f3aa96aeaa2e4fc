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
use crate::store::AuditRow;

/// So many rows are shown.
const SHOWN: u32 = 50;

/// The page.
pub async fn show(State(app): State<App>, me: SignedIn) -> Result<Response, PageError> {
    let words = me.browser.locale.words();
    let mut events = Vec::new();
    for row in of_user(&app, &me.user.id, SHOWN).await? {
        let what = describe(&app, &words, &row).await?;
        let device =
            if row.user_agent.is_empty() { String::new() } else { describe_device(&words, &row.user_agent) };
        let by_administrator = by_somebody_else(&row);
        let place = place_of(&app, &words, &row.ip);
        events.push(Event { at: row.at, what, device, ip: row.ip, place, by_administrator });
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

/// A row in words. What has none yet is told by its code.
async fn describe(app: &App, words: &Words, row: &AuditRow) -> Result<String, PageError> {
    let said = match row.action.as_str() {
        "session.begin" => words.text("activity-signed-in"),
        "session.end" if row.detail == "sign-out" => words.text("activity-signed-out"),
        "session.end" => words.text("activity-device-signed-out"),
        "session.refused" => words.text("activity-sign-in-refused"),
        "user.end_sessions" => words.text("activity-others-signed-out"),
        "user.create" | "user.import" => words.text("activity-account-made"),
        "user.update" if names(&row.detail, "email") => words.text("activity-address-changed"),
        "user.update" => words.text("activity-profile-changed"),
        "address.verify" => words.text("activity-address-confirmed"),
        "user.set_password" => words.text("activity-password-changed"),
        "consent.allow" => words.with("activity-app-allowed", "app", client_name(app, row).await?),
        "consent.withdraw" => words.with("activity-app-removed", "app", client_name(app, row).await?),
        "app.add" => words.text("activity-authenticator-added"),
        "app.remove" => words.text("activity-authenticator-removed"),
        "passkey.add" => words.text("activity-passkey-added"),
        "passkey.remove" => words.text("activity-passkey-removed"),
        "identity.link" => words.text("activity-account-linked"),
        "identity.unlink" => words.text("activity-account-unlinked"),
        "recovery_codes.make" => words.text("activity-codes-made"),
        other => words.with("activity-other", "action", other),
    };
    Ok(said.into_owned())
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
