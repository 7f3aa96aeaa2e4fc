//! `/admin/delegations`: who manages which applications and groups.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::audit::party;
use super::{done, mistakes, shell, shown};
use crate::admin::delegations::{self, DelegationInput};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminDelegations, DelegationFields, DelegationRow, Notice};

const LIST: &str = "/admin/delegations";
/// Rows on one page.
const PAGE: u32 = 50;

/// What is delegated, and the form for more.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let page = page(&app, &me, query.get("after").unwrap_or_default(), DelegationFields::default()).await?;
    let page = AdminDelegations { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Delegates something.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let text = |name| sent.get(name).unwrap_or_default().trim().chars().take(300).collect::<String>();
    let typed = DelegationFields {
        holder_kind: text("holder_kind"),
        holder: text("holder"),
        over_kind: text("over_kind"),
        over: text("over"),
    };
    let input = DelegationInput {
        holder: format!("{}:{}", typed.holder_kind, typed.holder),
        over: format!("{}:{}", typed.over_kind, typed.over),
    };
    match delegations::create(&app, &me.origin(&info), &input).await {
        Ok(_) => Ok(done(LIST, Notice::Delegated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, |field| match field {
                "holder" => (field, "Who"),
                "over" => (field, "What"),
                other => ("", other),
            })?;
            let page = AdminDelegations { problems, ..page(&app, &me, "", typed).await? };
            Ok(shown(&app, &me, status, &page))
        }
    }
}

/// Takes back what was delegated.
pub async fn end(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    delegations::end(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::DelegationEnded))
}

async fn page(
    app: &App,
    me: &SignedIn,
    after: &str,
    fields: DelegationFields,
) -> Result<AdminDelegations, PageError> {
    let found = delegations::list(app, after, PAGE).await?;
    let mut rows = Vec::new();
    for delegation in found.delegations {
        rows.push(DelegationRow {
            id: delegation.id,
            holder_kind: kind(&delegation.holder),
            holder: party(app, delegation.holder).await?,
            over_kind: kind(&delegation.over),
            over: party(app, delegation.over).await?,
            created: delegation.created_at,
        });
    }
    Ok(AdminDelegations {
        shell: shell(app, me),
        rows,
        next: found.next,
        fields,
        problems: Vec::new(),
        notice: None,
    })
}

fn kind(id: &str) -> &'static str {
    match id.split_once(':') {
        Some(("group", _)) => "group",
        Some(("client", _)) => "application",
        _ => "user",
    }
}
