//! `/admin/invitations`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{done, mistakes, shell, shown};
use crate::admin::clients;
use crate::admin::invitations::{self, InvitationInput};
use crate::app::{App, Origin};
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminInvitations, InvitationFields, InvitationRow, Notice};
use crate::protocol::client::Client;

const LIST: &str = "/admin/invitations";

/// Nobody finds an application in a longer menu.
const MOST_CHOICES: u32 = 200;

/// Open invitations, and the form for another.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let page = page(&app, &me, &me.origin(&info), InvitationFields::default()).await?;
    let page = AdminInvitations { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Invites somebody. Where no mail is sent, the answer shows the link, once.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let text = |name| sent.get(name).map(str::to_owned);
    let input = InvitationInput {
        email: text("email").unwrap_or_default(),
        username: text("username"),
        is_admin: sent.get("admin").is_some(),
        client_id: text("client_id"),
        language: text("language"),
        expires_in: None,
    };
    let typed = InvitationFields {
        email: input.email.clone(),
        username: input.username.clone().unwrap_or_default(),
        admin: input.is_admin,
        client_id: input.client_id.clone().unwrap_or_default(),
        language: input.language.clone().unwrap_or_default(),
    };
    match invitations::create(&app, &me.origin(&info), me.user.display_name(), input).await {
        Ok(invitation) => match invitation.link {
            None => Ok(done(LIST, Notice::InvitationSent)),
            Some(link) => {
                let page = page(&app, &me, &me.origin(&info), InvitationFields::default()).await?;
                let page = AdminInvitations { link_shown_once: Some((invitation.email, link)), ..page };
                Ok(shown(&app, &me, StatusCode::OK, &page))
            }
        },
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = AdminInvitations { problems, ..page(&app, &me, &me.origin(&info), typed).await? };
            Ok(shown(&app, &me, status, &page))
        }
    }
}

/// Withdraws an invitation.
pub async fn withdraw(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    invitations::withdraw(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::InvitationWithdrawn))
}

async fn page(
    app: &App,
    me: &SignedIn,
    origin: &Origin,
    typed: InvitationFields,
) -> Result<AdminInvitations, PageError> {
    let open = invitations::list(app).await?;
    let clients = clients::list(app, origin, "", "", MOST_CHOICES).await?;
    Ok(AdminInvitations {
        shell: shell(app, me),
        by_mail: app.mail.is_on(),
        rows: open
            .into_iter()
            .map(|invitation| InvitationRow {
                id: invitation.id,
                email: invitation.email,
                admin: invitation.is_admin,
                client_id: invitation.client_id.unwrap_or_default(),
                created: invitation.created_at,
                expires: invitation.expires_at,
            })
            .collect(),
        clients: clients.next.is_none().then(|| {
            let named = |client: Client| (client.id.to_string(), client.metadata.client_name);
            clients.clients.into_iter().map(named).collect()
        }),
        fields: typed,
        problems: Vec::new(),
        link_shown_once: None,
        notice: None,
    })
}

/// The input of a field, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "email" => ("email", "E-mail"),
        "username" => ("username", "Username"),
        "client_id" => ("client_id", "Application"),
        "language" => ("language", "Language"),
        other => (other, other),
    }
}
