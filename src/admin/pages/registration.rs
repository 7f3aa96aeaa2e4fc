//! `/admin/registration`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{done, mistakes, shell, shown};
use crate::admin::registration_tokens::{self, RegistrationTokenInput};
use crate::app::App;
use crate::config::RegistrationMode;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminRegistration, Notice, RegisteredRow, TokenFields, TokenRow};
use crate::protocol::audit::AuditFilter;
use crate::protocol::timestamp::seconds;

const LIST: &str = "/admin/registration";
/// Registrations that are shown.
const RECENT: u32 = 50;

/// Who may register applications, with what, and what was registered.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let page = page(&app, &me).await?;
    let page = AdminRegistration { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Makes an initial access token, and shows it.
pub async fn create_token(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let typed = TokenFields {
        note: sent.get("note").unwrap_or_default().to_owned(),
        days: sent.get("days").unwrap_or("30").trim().to_owned(),
        uses: sent.get("uses").unwrap_or_default().trim().to_owned(),
    };
    // What is no number is as wrong as one that is too large.
    let number = |text: &str| (!text.is_empty()).then(|| text.parse::<u32>().unwrap_or(0));
    let input = RegistrationTokenInput {
        note: typed.note.clone(),
        expires_in: number(&typed.days).map(|days| u64::from(days) * 86_400),
        uses: number(&typed.uses),
    };
    // The answer shows the token, so it is no redirect. Whoever loads it again makes another one, which the list shows.
    match registration_tokens::create(&app, &me.origin(&info), input).await {
        Ok(made) => {
            let page = AdminRegistration { token_shown_once: made.token, ..page(&app, &me).await? };
            Ok(shown(&app, &me, StatusCode::OK, &page))
        }
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, |field| match field {
                "note" => (field, "What it is for"),
                "expires_in" => ("days", "Days"),
                "uses" => (field, "Applications"),
                other => ("", other),
            })?;
            let page = AdminRegistration { problems, fields: typed, ..page(&app, &me).await? };
            Ok(shown(&app, &me, status, &page))
        }
    }
}

/// Revokes an initial access token.
pub async fn revoke_token(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    registration_tokens::revoke(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::RegistrationTokenRevoked))
}

async fn page(app: &App, me: &SignedIn) -> Result<AdminRegistration, PageError> {
    let tokens = registration_tokens::list(app).await?;
    let named = |detail: &str| {
        let id = detail.rsplit_once("(initial access token ")?.1.strip_suffix(')')?;
        let note = tokens.iter().find(|token| token.id == id).map(|token| token.note.clone());
        Some(note.filter(|note| !note.is_empty()).unwrap_or_else(|| format!("token {id}")))
    };
    let filter = AuditFilter { action: "client.register".to_owned(), ..AuditFilter::default() };
    let mut registered = Vec::new();
    for row in app.store.audit_page(&filter, "", RECENT).await?.rows {
        let id = row.target.strip_prefix("client:").unwrap_or(&row.target).to_owned();
        let client = app.store.client(&id.as_str().into()).await?;
        registered.push(RegisteredRow {
            at: row.at,
            by: named(&row.detail).unwrap_or_else(|| "no token".to_owned()),
            ip: row.ip,
            name: match &client {
                Some(client) => client.metadata.client_name.clone(),
                None => row.detail.rsplit_once(" (").map_or("", |(name, _)| name).to_owned(),
            },
            state: match &client {
                None => "gone",
                Some(client) if client.disabled => "off",
                Some(client)
                    if client.self_registration.as_ref().is_some_and(|own| own.used_at.is_none()) =>
                {
                    "never used"
                }
                Some(_) => "in use",
            },
            id,
        });
    }
    let registration = &app.config.registration;
    Ok(AdminRegistration {
        shell: shell(app, me),
        mode: match registration.mode {
            RegistrationMode::Off => "off",
            RegistrationMode::Token => "token",
            RegistrationMode::Open => "open",
        },
        unused_days: seconds(registration.unused_expiry) / 86_400,
        tokens: tokens
            .iter()
            .map(|token| TokenRow {
                id: token.id.clone(),
                note: token.note.clone(),
                created: token.created_at,
                expires: token.expires_at,
                uses_left: token.uses_left,
            })
            .collect(),
        registered,
        fields: TokenFields { days: "30".to_owned(), ..TokenFields::default() },
        problems: Vec::new(),
        token_shown_once: None,
        notice: None,
    })
}
