//! `/admin/audit`: who did what.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{mistakes, shell, shown};
use crate::admin::audit::{self, Entry};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::QueryFields;
use crate::http::request_info::RequestInfo;
use crate::http::session::AdminSession;
use crate::pages::{AdminAudit, AuditFields, AuditLine, Party, Problem};
use crate::protocol::audit::{AuditInput, check};
use crate::protocol::params::Params;
use crate::protocol::powers::{Permission, Resource};
use crate::protocol::timestamp::Timestamp;

const LIST: &str = "/admin/audit";
const EXPORT: &str = "/admin/api/audit/export";

/// Entries on one page.
const PAGE: u32 = 50;

/// The newest entries that the form's filter means.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let input = input(&query);
    let about_nothing = !me.powers.has(Permission::Read(Resource::Audit)) && input.target.trim().is_empty();
    if !about_nothing {
        audit::may_see(&app, &me.origin(&info), &input).await?;
    }
    let mut page = AdminAudit {
        shell: shell(&app, &me),
        fields: fields(&input),
        actions: if about_nothing { Vec::new() } else { app.store.audit_actions().await? },
        rows: Vec::new(),
        reached: None,
        next: None,
        exports: None,
        problems: Vec::new(),
    };
    if about_nothing {
        let what = "Say to what: client: or group: and an id, or a user name, of what you manage.";
        page.problems = vec![Problem::new("target", what)];
        return Ok(shown(&app, &me, StatusCode::OK, &page));
    }
    let status = match audit::list(&app, &input, query.get("after").unwrap_or_default(), PAGE).await {
        Ok(found) => {
            for entry in found.entries {
                page.rows.push(line(&app, entry).await?);
            }
            page.reached = found.reached;
            page.next = found.next.map(|cursor| address(LIST, &input, &[("after", &cursor)]));
            let export = |format| address(EXPORT, &input, &[("format", format)]);
            page.exports = Some((export("csv"), export("jsonl")));
            StatusCode::OK
        }
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, label)?;
            page.problems = problems;
            status
        }
    };
    Ok(shown(&app, &me, status, &page))
}

fn input(query: &Params) -> AuditInput {
    let get = |name| query.get(name).unwrap_or_default().to_owned();
    AuditInput {
        actor: get("actor"),
        target: get("target"),
        action: get("action"),
        cause: get("cause"),
        correlation_id: get("correlation_id"),
        search: get("search"),
        since: get("since"),
        until: get("until"),
    }
}

/// The form as it was sent, with its times as an input for date and time wants them.
fn fields(input: &AuditInput) -> AuditFields {
    let moments = check(&AuditInput {
        since: input.since.clone(),
        until: input.until.clone(),
        ..AuditInput::default()
    });
    let (since, until) = match moments {
        Ok(filter) => (filter.since.map(minute), filter.until.map(minute)),
        Err(_) => (Some(input.since.clone()), Some(input.until.clone())),
    };
    AuditFields {
        search: input.search.clone(),
        actor: input.actor.clone(),
        target: input.target.clone(),
        action: input.action.clone(),
        cause: input.cause.clone(),
        correlation_id: input.correlation_id.clone(),
        since: since.unwrap_or_default(),
        until: until.unwrap_or_default(),
    }
}

fn minute(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    OffsetDateTime::from_unix_timestamp(at.0).ok().and_then(|at| at.format(format).ok()).unwrap_or_default()
}

/// The input of a field, and what stands beside it.
fn label(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "actor" => (field, "Who"),
        "target" => (field, "To what"),
        "action" => (field, "What"),
        "cause" => (field, "Details"),
        "correlation_id" => (field, "Request"),
        "since" => (field, "From"),
        "until" => (field, "Until"),
        "search" => (field, "Search"),
        _ => ("", "The link to older entries"),
    }
}

/// A page of this filter.
fn address(path: &str, input: &AuditInput, further: &[(&str, &str)]) -> String {
    let AuditInput { actor, target, action, cause, correlation_id, search, since, until } = input;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let fields = [
        ("search", search),
        ("actor", actor),
        ("target", target),
        ("action", action),
        ("cause", cause),
        ("correlation_id", correlation_id),
        ("since", since),
        ("until", until),
    ];
    query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
    query.extend_pairs(further);
    format!("{path}?{}", query.finish())
}

async fn line(app: &App, entry: Entry) -> Result<AuditLine, PageError> {
    Ok(AuditLine {
        at: entry.at,
        actor: party(app, entry.actor).await?,
        action: entry.action,
        target: party(app, entry.target).await?,
        detail: entry.detail,
        ip: entry.ip,
        reference: entry.correlation_id,
    })
}

/// What people call somebody or something, while it is there.
pub(super) async fn party(app: &App, id: String) -> Result<Party, PageError> {
    if let Some(user) = id.strip_prefix("user:")
        && let Some(user) = app.store.user(&user.into()).await?
    {
        let link = format!("/admin/users/{}", encoded(user.id.as_str()));
        return Ok(Party { name: user.username.clone(), link: Some(link) });
    }
    if let Some(client) = id.strip_prefix("client:")
        && let Some(client) = app.store.client(&client.into()).await?
    {
        let link = format!("/admin/clients/{}", encoded(client.id.as_str()));
        return Ok(Party { name: client.metadata.client_name.clone(), link: Some(link) });
    }
    if let Some(group) = id.strip_prefix("group:")
        && let Some(group) = app.store.group(&group.into()).await?
    {
        let link = format!("/admin/groups/{}", encoded(group.id.as_str()));
        return Ok(Party { name: group.name, link: Some(link) });
    }
    Ok(Party { name: id, link: None })
}

fn encoded(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
