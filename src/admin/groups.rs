//! Groups: add, change, delete, and who is in them.

use serde::Serialize;
use utoipa::ToSchema;

use super::access::{allow, group_facts, managed_by, user_facts};
use super::clients::next_version;
use super::{Refusal, changes, cut, users};
use crate::app::{App, Origin};
use crate::protocol::assurance::Level;
use crate::protocol::group::{self, Group, GroupInput, Membership};
use crate::protocol::ids::GroupId;
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::user::User;

/// A group in answers.
#[derive(Serialize, ToSchema)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Its name, as in the claim `groups`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How surely its members prove who they are to applications, at least.
    pub least_acr: Option<Level>,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it last changed (Unix seconds).
    pub updated_at: i64,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name,
            description: group.description,
            least_acr: group.least_acr,
            created_at: group.created_at.0,
            updated_at: group.updated_at.0,
        }
    }
}

/// Some groups, and where the next ones begin.
pub struct Page {
    /// By name.
    pub groups: Vec<Group>,
    /// The name to go on after; none at the end.
    pub next: Option<String>,
}

/// Groups after the name `after`, `limit` at most.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App, after: &str, limit: u32) -> Result<Page, Refusal> {
    let (groups, more) = cut(app.store.groups(after, limit.saturating_add(1)).await?, limit);
    let next = groups.last().filter(|_| more).map(|group| group.name.clone());
    Ok(Page { groups, next })
}

/// The same as far as somebody may see them.
///
/// # Errors
/// The database is unavailable.
pub async fn list_for(app: &App, origin: &Origin, after: &str, limit: u32) -> Result<Page, Refusal> {
    let Some(holder) = managed_by(origin, Permission::Read(Resource::Groups)) else {
        return list(app, after, limit).await;
    };
    let found = app.store.groups_managed_by(&holder, after, limit.saturating_add(1)).await?;
    let (groups, more) = cut(found, limit);
    let next = groups.last().filter(|_| more).map(|group| group.name.clone());
    Ok(Page { groups, next })
}

/// Adds a group.
///
/// # Errors
/// It breaks a rule, or its name is in use.
pub async fn create(app: &App, origin: &Origin, input: &GroupInput) -> Result<Group, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Groups)), "group:").await?;
    let group = made(app, group::check(input).map_err(Refusal::Invalid)?);
    let audit = app.audit(origin, "group.create", target(&group.id), summary(&group));
    app.store.insert_group(&group, &audit).await?;
    Ok(group)
}

/// A group to be stored.
pub(super) fn made(app: &App, wanted: group::Wanted) -> Group {
    let now = app.clock.now();
    Group {
        id: app.entropy.opaque_id().into(),
        name: wanted.name,
        description: wanted.description,
        least_acr: wanted.least_acr,
        created_at: now,
        updated_at: now,
    }
}

/// A group as it shall be.
pub(super) fn changed(app: &App, before: &Group, wanted: group::Wanted) -> Group {
    Group {
        name: wanted.name,
        description: wanted.description,
        least_acr: wanted.least_acr,
        updated_at: next_version(app, before.updated_at),
        ..before.clone()
    }
}

/// What a change did, for the audit log.
pub(super) fn difference(before: &Group, after: &Group) -> String {
    format!("{} ({})", summary(after), changes(&GroupInput::from(before), &GroupInput::from(after)))
}

/// The group with this id.
///
/// # Errors
/// There is none.
pub async fn find(app: &App, id: &str) -> Result<Group, Refusal> {
    app.store.group(&id.into()).await?.ok_or(Refusal::NotFound("group"))
}

/// The group with this id, for somebody who looks at it.
///
/// # Errors
/// It is not theirs to see, or there is none.
pub async fn seen(app: &App, origin: &Origin, id: &str) -> Result<Group, Refusal> {
    let group = GroupId::from(id);
    allow(app, origin, &Deed::SeeGroup(&group), &target(&group)).await?;
    find(app, id).await
}

/// Changes a group from what it was when it was read to what it should be. What it asks of its members holds from their
/// next sign-in at an application on; what applications hold already stays theirs.
///
/// # Errors
/// It breaks a rule, its name is in use, or somebody else changed or deleted it meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &Group,
    input: &GroupInput,
) -> Result<Group, Refusal> {
    let wanted = group::check(input).map_err(Refusal::Invalid)?;
    let after = changed(app, before, wanted);
    let deed = Deed::ChangeGroup {
        group: group_facts(app, origin, &before.id).await?,
        only_description: (&after.name, after.least_acr) == (&before.name, before.least_acr),
    };
    allow(app, origin, &deed, &target(&before.id)).await?;
    let detail = difference(before, &after);
    let audit = app.audit(origin, "group.update", target(&after.id), detail);
    if app.store.update_group(&after, before.updated_at, &audit).await? {
        Ok(after)
    } else {
        Err(Refusal::Changed("group"))
    }
}

/// Deletes a group; its members stay users.
///
/// # Errors
/// There is none with this id.
pub async fn delete(app: &App, origin: &Origin, group: &Group) -> Result<(), Refusal> {
    let facts = group_facts(app, origin, &group.id).await?;
    allow(app, origin, &Deed::DeleteGroup(facts), &target(&group.id)).await?;
    let audit = app.audit(origin, "group.delete", target(&group.id), group.name.as_str());
    if app.store.delete_group(&group.id, Some(group.updated_at), &audit).await? {
        return Ok(());
    }
    find(app, group.id.as_str()).await?;
    Err(Refusal::Changed("group"))
}

/// Sorting so many members by user name takes no time to speak of.
const SORTED: u32 = 1_000;

/// What a cursor in a large group begins with: no user name has it.
const BY_ID: char = ':';

/// Members of a group after the cursor `after`, `limit` at most: by user name, or, of more than [`SORTED`], as they come.
///
/// # Errors
/// The database is unavailable.
pub async fn members(app: &App, group: &Group, after: &str, limit: u32) -> Result<users::Page, Refusal> {
    let by_id = match after.strip_prefix(BY_ID) {
        Some(id) => Some(id),
        None if after.is_empty() && app.store.group_exceeds(&group.id, SORTED).await? => Some(""),
        None => None,
    };
    let asked = limit.saturating_add(1);
    let found = match by_id {
        Some(id) => app.store.members_of_large_group(&group.id, id, asked).await?,
        None => app.store.members_of_group(&group.id, after, asked).await?,
    };
    let (users, more) = cut(found, limit);
    let next = users.last().filter(|_| more).map(|user| match by_id {
        Some(_) => format!("{BY_ID}{}", user.id),
        None => user.username.clone(),
    });
    Ok(users::Page { users, next, reached: None })
}

/// Puts a user into a group. One who is in it stays.
///
/// # Errors
/// The group or the user was deleted meanwhile.
pub async fn add(app: &App, origin: &Origin, group: &Group, user: &User) -> Result<(), Refusal> {
    may_change_members(app, origin, group, user).await?;
    let audit = app.audit(origin, "group.add_member", target(&group.id), member(user));
    app.store.add_member(&group.id, &user.id, &audit).await?;
    Ok(())
}

/// The same for somebody who is named by user name or address. Who may not see all users does not learn that there is nobody.
///
/// # Errors
/// There is nobody, or as in [`add`].
pub async fn add_named(app: &App, origin: &Origin, group: &Group, login: &str) -> Result<(), Refusal> {
    if let Some(user) = app.store.user_by_login(&login.trim().to_lowercase()).await? {
        return add(app, origin, group, &user).await;
    }
    allow(app, origin, &Deed::Whole(Permission::Read(Resource::Users)), &target(&group.id)).await?;
    Err(Refusal::field("member", "nobody has this user name or e-mail address"))
}

async fn may_change_members(app: &App, origin: &Origin, group: &Group, user: &User) -> Result<(), Refusal> {
    let facts = user_facts(app, origin, user).await?;
    let deed = Deed::ChangeMembers { group: group_facts(app, origin, &group.id).await?, user: &facts };
    allow(app, origin, &deed, &target(&group.id)).await
}

/// Takes a user out of a group.
///
/// # Errors
/// They are not in it.
pub async fn remove(app: &App, origin: &Origin, group: &Group, user: &User) -> Result<(), Refusal> {
    may_change_members(app, origin, group, user).await?;
    let audit = app.audit(origin, "group.remove_member", target(&group.id), member(user));
    if app.store.remove_member(&group.id, &user.id, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("member"))
    }
}

/// The groups that a user is in, by name.
///
/// # Errors
/// The database is unavailable.
pub async fn of_user(app: &App, user: &User) -> Result<Vec<Membership>, Refusal> {
    Ok(app.store.asked_anew().groups_of_user(&user.id).await?.groups.clone())
}

/// A level that is asked of people is worth knowing when it came.
pub(super) fn summary(group: &Group) -> String {
    match group.least_acr {
        Some(level) => format!("{} least_acr={level}", group.name),
        None => group.name.clone(),
    }
}

fn member(user: &User) -> String {
    format!("user:{} {}", user.id, user.username)
}

pub(super) fn target(id: &GroupId) -> String {
    format!("group:{id}")
}
