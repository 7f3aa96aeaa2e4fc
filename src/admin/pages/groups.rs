//! `/admin/groups`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{changed_meanwhile, done, mistakes, shell, shown};
use crate::admin::{Refusal, groups, users};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{FormFields, OwnForm, PathPair, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminGroupForm, AdminGroups, GroupFields, GroupRow, MemberRow, Notice, Problem};
use crate::protocol::group::{Group, GroupInput};

const LIST: &str = "/admin/groups";
/// Groups or members on one page.
const PAGE: u32 = 50;

/// Groups, page by page.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let found =
        groups::list_for(&app, &me.origin(&info), query.get("after").unwrap_or_default(), PAGE).await?;
    let rows = found.groups.into_iter().map(|group| GroupRow {
        id: group.id.to_string(),
        name: group.name,
        description: group.description,
        least_acr: group.least_acr,
        created: group.created_at.0,
    });
    let page = AdminGroups {
        shell: shell(&app, &me),
        rows: rows.collect(),
        next: found.next,
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// An empty form.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    blank(&app, &me, GroupFields::default(), StatusCode::OK, Vec::new())
}

/// Adds a group.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let input = input_of(&sent);
    match groups::create(&app, &me.origin(&info), &input).await {
        // On to where its members are added.
        Ok(group) => Ok(done(&format!("{LIST}/{}", group.id), Notice::GroupCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(blank(&app, &me, fields_of(&input), status, problems))
        }
    }
}

/// One group.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let group = groups::seen(&app, &me.origin(&info), &id).await?;
    let page = page(&app, &me, &group, query.get("after").unwrap_or_default()).await?;
    let page = AdminGroupForm { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Changes a group.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = groups::seen(&app, &me.origin(&info), &id).await?;
    let input = input_of(&sent);
    let changed = if changed_meanwhile(&sent, before.updated_at) {
        Err(Refusal::Changed("group"))
    } else {
        groups::change(&app, &me.origin(&info), &before, &input).await
    };
    match changed {
        Ok(group) => Ok(done(&format!("{LIST}/{}", group.id), Notice::GroupSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = page(&app, &me, &before, "").await?;
            // What was typed is shown where it can be mended; where it was overtaken, what is stored.
            let group = if status == StatusCode::PRECONDITION_FAILED {
                page.group
            } else {
                GroupFields { id: page.group.id, version: page.group.version, ..fields_of(&input) }
            };
            Ok(shown(&app, &me, status, &AdminGroupForm { group, problems, ..page }))
        }
    }
}

/// Puts a user, by user name or address, into a group.
pub async fn add_member(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let group = groups::seen(&app, &me.origin(&info), &id).await?;
    let typed = sent.get("member").unwrap_or_default();
    match groups::add_named(&app, &me.origin(&info), &group, typed).await {
        Ok(()) => Ok(done(&format!("{LIST}/{id}"), Notice::MemberAdded)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = page(&app, &me, &group, "").await?;
            let member = typed.chars().take(254).collect();
            Ok(shown(&app, &me, status, &AdminGroupForm { problems, member, ..page }))
        }
    }
}

/// Takes a user out of a group.
pub async fn remove_member(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPair(id, user): PathPair,
    _: OwnForm,
) -> Result<Response, PageError> {
    let group = groups::seen(&app, &me.origin(&info), &id).await?;
    let user = users::seen(&app, &me.origin(&info), &user).await?;
    groups::remove(&app, &me.origin(&info), &group, &user).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::MemberRemoved))
}

/// Deletes a group.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let group = groups::seen(&app, &me.origin(&info), &id).await?;
    groups::delete(&app, &me.origin(&info), &group).await?;
    Ok(done(LIST, Notice::GroupDeleted))
}

/// The form of a group as it is stored.
async fn page(app: &App, me: &SignedIn, group: &Group, after: &str) -> Result<AdminGroupForm, PageError> {
    let members = groups::members(app, group, after, PAGE).await?;
    Ok(AdminGroupForm {
        shell: shell(app, me),
        new: false,
        group: GroupFields {
            id: group.id.to_string(),
            version: group.updated_at.0,
            ..fields_of(&GroupInput::from(group))
        },
        problems: Vec::new(),
        member: String::new(),
        members: members
            .users
            .into_iter()
            .map(|user| MemberRow {
                id: user.id.to_string(),
                name: user.name.unwrap_or_default(),
                username: user.username,
            })
            .collect(),
        next: members.next,
        notice: None,
    })
}

/// The form of a group that is yet to be made.
fn blank(
    app: &App,
    me: &SignedIn,
    group: GroupFields,
    status: StatusCode,
    problems: Vec<Problem>,
) -> Response {
    let page = AdminGroupForm {
        shell: shell(app, me),
        new: true,
        group,
        problems,
        member: String::new(),
        members: Vec::new(),
        next: None,
        notice: None,
    };
    shown(app, me, status, &page)
}

fn input_of(form: &FormFields) -> GroupInput {
    let text = |name| form.get(name).map(str::to_owned);
    GroupInput { name: text("name"), description: text("description"), least_acr: text("least_acr") }
}

fn fields_of(input: &GroupInput) -> GroupFields {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    GroupFields {
        id: String::new(),
        version: 0,
        name: text(&input.name),
        description: text(&input.description),
        least_acr: text(&input.least_acr),
    }
}

/// The input of the form that a field of the group comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "name" => (field, "Name"),
        "description" => (field, "What it is for"),
        "least_acr" => (field, "How people sign in, at least"),
        "member" => (field, "Username or e-mail"),
        other => ("", other),
    }
}
