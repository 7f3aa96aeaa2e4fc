//! `/account/data`: taking along what is stored about oneself, and having all of it deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{activity, shell};
use crate::admin::users::{self, UserView};
use crate::app::{App, Origin};
use crate::http::error::PageError;
use crate::http::extract::OwnForm;
use crate::http::page::{Csp, html};
use crate::http::request_info::RequestInfo;
use crate::http::session::{self, JustSignedIn, SignedIn};
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Problem};
use crate::protocol::user::User;
use crate::store::StoreError;

/// More of somebody's audit rows than there are.
const ALL: u32 = 1_000_000;

/// The page. It asks for a fresh sign-in itself: a download has no page that could.
pub async fn show(State(app): State<App>, JustSignedIn(me): JustSignedIn) -> Response {
    page(&app, &me, StatusCode::OK, Vec::new())
}

fn page(app: &App, me: &SignedIn, status: StatusCode, problems: Vec<Problem>) -> Response {
    let page = pages::YourData {
        shell: shell(app, me.browser.locale.words(), me),
        username: me.user.username.clone(),
        problems,
    };
    let mut response = me.browser.remember(&app.config, html(&page, &Csp::default()));
    *response.status_mut() = status;
    response
}

/// Everything that is stored about the user, as a file; no secrets and no other person's data.
pub async fn download(State(app): State<App>, JustSignedIn(me): JustSignedIn) -> Result<Response, PageError> {
    let user = users::find(&app, me.user.id.as_str()).await?;
    let headers =
        [(CONTENT_DISPOSITION, "attachment; filename=\"account.json\""), (CACHE_CONTROL, "no-store")];
    Ok((headers, Json(everything(&app, user).await?)).into_response())
}

async fn everything(app: &App, user: User) -> Result<Value, PageError> {
    let (store, id) = (&app.store, &user.id);
    let sessions = store.sessions_of_user(id, app.clock.now()).await?;
    let consents = store.consents_of_user(id).await?;
    let grants = store.grants_of_user(id).await?;
    let passkeys = store.passkeys_of_user(id).await?;
    let authenticator = store.authenticator_app(id).await?;
    let means = store.means(id).await?;
    let mails = match &user.email {
        Some(email) => store.mails_to(email).await?,
        None => Vec::new(),
    };
    let identities = store.identities_of_user(id).await?;
    let groups = store.group_names(id).await?;
    let activity = activity::of_user(app, id, ALL).await?;
    Ok(json!({
        "issuer": app.config.issuer.as_str(),
        "written_at": app.clock.now().0,
        "sessions": sessions.iter().map(|session| json!({
            "id": session.id.as_str(),
            "signed_in_at": session.auth_time.0,
            "methods": session.methods,
            "acr": session.acr,
            "remembered": session.remembered,
            "ip": session.ip,
            "user_agent": session.user_agent,
            "created_at": session.created_at.0,
            "last_seen_at": session.last_seen_at.0,
            "expires_at": session.expires_at.0,
        })).collect::<Vec<_>>(),
        "consents": consents.iter().map(|consent| json!({
            "client_id": consent.client_id.as_str(),
            "scope": consent.scope.to_string(),
            "created_at": consent.created_at.0,
        })).collect::<Vec<_>>(),
        "grants": grants.iter().map(|grant| json!({
            "client_id": grant.client_id,
            "scope": grant.scope,
            "offline": grant.offline,
            "state": grant.state,
            "created_at": grant.created_at,
            "renewed_at": grant.rotated_at,
            "expires_at": grant.expires_at,
        })).collect::<Vec<_>>(),
        "groups": groups,
        "accounts_elsewhere": identities.iter().map(|identity| json!({
            "provider": identity.upstream,
            "subject": identity.subject,
            "label": identity.label,
            "created_at": identity.created_at,
        })).collect::<Vec<_>>(),
        "passkeys": passkeys.iter().map(|passkey| json!({
            "id": passkey.id,
            "name": passkey.name,
            "created_at": passkey.created_at,
            "last_used_at": passkey.last_used_at,
        })).collect::<Vec<_>>(),
        "authenticator_app": authenticator.map(|authenticator| json!({
            "created_at": authenticator.created_at,
            "last_used_at": authenticator.last_used_at,
        })),
        "recovery_codes_left": means.recovery_codes,
        "mails": mails.iter().map(|mail| json!({
            "to": mail.to_address,
            "kind": mail.kind,
            "state": mail.state,
            "created_at": mail.created_at,
        })).collect::<Vec<_>>(),
        "activity": activity.iter().map(|row| json!({
            "at": row.at,
            "by": row.actor,
            "action": row.action,
            "target": row.target,
            "detail": row.detail,
            "ip": row.ip,
            "user_agent": row.user_agent,
        })).collect::<Vec<_>>(),
        "account": UserView::from(user),
    }))
}

/// Deletes the account. Its sessions and grants end with it, on every node, and the applications are told.
pub async fn delete(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let words = me.browser.locale.words();
    if form.get("username").unwrap_or_default().trim().to_lowercase() != me.user.username {
        let problem = Problem::new("username", words.text("delete-wrong"));
        return Ok(page(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, vec![problem]));
    }
    // What stays in the audit log tells of the person nothing but the id.
    let origin = Origin { ip: None, user_agent: String::new(), ..me.origin(&info) };
    let audit = app.audit(&origin, "user.delete", format!("user:{}", me.user.id), "by the user");
    let news = news(&app, &me.origin(&info), &me.user, words.language(), Event::Deleted);
    match app.store.delete_user(&me.user.id, audit.telling(news.as_ref())).await {
        // Whether it was this request or another one: it is gone.
        Ok(_) => {}
        Err(StoreError::LastAdministrator) => {
            let problem = Problem::new("username", words.text("delete-last-administrator"));
            return Ok(page(&app, &me, StatusCode::CONFLICT, vec![problem]));
        }
        Err(other) => return Err(other.into()),
    }
    let mut response = html(&pages::AccountDeleted { words }, &Csp::default());
    session::forget(&app, &mut response);
    Ok(response)
}
