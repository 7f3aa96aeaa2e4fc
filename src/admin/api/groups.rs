//! `/admin/api/groups`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Administrator;
use super::list::{Range, cursor, place};
use super::problem::{Body, Patch, Path, PathPair, Problem, Query, check_if_match, versioned};
use super::users::UserList;
use crate::admin::groups::{self, GroupView};
use crate::admin::users;
use crate::app::App;
use crate::protocol::assurance::Level;
use crate::protocol::group::GroupInput;

/// Some groups.
#[derive(Serialize, ToSchema)]
pub struct GroupList {
    /// By name.
    groups: Vec<GroupView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// Groups by name.
#[utoipa::path(get, path = "/admin/api/groups", operation_id = "list_groups", tag = "groups", params(Range),
    responses((status = 200, body = GroupList)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<GroupList>, Problem> {
    let after = place(&app, "groups", &range.after, range.limit)?;
    let page = groups::list_for(&app, &caller.origin, &after, range.limit).await?;
    let groups = page.groups.into_iter().map(GroupView::from).collect();
    Ok(Json(GroupList { groups, next: cursor(&app, "groups", page.next) }))
}

/// Adds a group.
#[utoipa::path(post, path = "/admin/api/groups", operation_id = "create_group", tag = "groups",
    request_body = GroupInput,
    responses((status = 201, body = GroupView), (status = 409, description = "The name is in use.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<GroupInput>,
) -> Result<Response, Problem> {
    let group = groups::create(&app, &caller.origin, &input).await?;
    Ok(versioned(StatusCode::CREATED, group.updated_at, GroupView::from(group)))
}

/// One group.
#[utoipa::path(get, path = "/admin/api/groups/{id}", operation_id = "show_group", tag = "groups",
    params(("id" = String, Path)), responses((status = 200, body = GroupView)))]
pub async fn show(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Response, Problem> {
    let group = groups::seen(&app, &caller.origin, &id).await?;
    Ok(versioned(StatusCode::OK, group.updated_at, GroupView::from(group)))
}

/// Changes a group: what is named replaces, null removes, the rest stays (RFC 7396).
#[utoipa::path(patch, path = "/admin/api/groups/{id}", operation_id = "update_group", tag = "groups",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = GroupInput,
    responses((status = 200, body = GroupView),
        (status = 409, description = "The name is in use.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    patch: Patch<GroupInput>,
) -> Result<Response, Problem> {
    let before = groups::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, before.updated_at)?;
    let input = patch.onto(&GroupInput::from(&before))?;
    let group = groups::change(&app, &caller.origin, &before, &input).await?;
    Ok(versioned(StatusCode::OK, group.updated_at, GroupView::from(group)))
}

/// Deletes a group; its members stay users.
#[utoipa::path(delete, path = "/admin/api/groups/{id}", operation_id = "delete_group", tag = "groups",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let group = groups::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, group.updated_at)?;
    groups::delete(&app, &caller.origin, &group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Members of a group by user name.
#[utoipa::path(get, path = "/admin/api/groups/{id}/members", operation_id = "list_members", tag = "groups",
    params(("id" = String, Path), Range), responses((status = 200, body = UserList)))]
pub async fn members(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    Query(range): Query<Range>,
) -> Result<Json<UserList>, Problem> {
    let group = groups::seen(&app, &caller.origin, &id).await?;
    let list = format!("members of {}", group.id);
    let after = place(&app, &list, &range.after, range.limit)?;
    let page = groups::members(&app, &group, &after, range.limit).await?;
    Ok(Json(UserList::of(&app, &list, page)))
}

/// Puts a user into a group. One who is in it stays.
#[utoipa::path(put, path = "/admin/api/groups/{id}/members/{user}", operation_id = "add_member", tag = "groups",
    params(("id" = String, Path), ("user" = String, Path, description = "The user's id")),
    responses((status = 204, description = "The user is in the group.")))]
pub async fn add(
    caller: Administrator,
    State(app): State<App>,
    PathPair(id, user): PathPair,
) -> Result<StatusCode, Problem> {
    let group = groups::seen(&app, &caller.origin, &id).await?;
    let user = users::known(&app, &caller.origin, &user).await?;
    groups::add(&app, &caller.origin, &group, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a user out of a group.
#[utoipa::path(delete, path = "/admin/api/groups/{id}/members/{user}", operation_id = "remove_member", tag = "groups",
    params(("id" = String, Path), ("user" = String, Path, description = "The user's id")),
    responses((status = 204, description = "The user is not in the group any more.")))]
pub async fn remove(
    caller: Administrator,
    State(app): State<App>,
    PathPair(id, user): PathPair,
) -> Result<StatusCode, Problem> {
    let group = groups::seen(&app, &caller.origin, &id).await?;
    let user = users::known(&app, &caller.origin, &user).await?;
    groups::remove(&app, &caller.origin, &group, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups of a user.
#[derive(Serialize, ToSchema)]
pub struct MembershipList {
    /// By name.
    groups: Vec<MembershipView>,
}

/// A group of a user.
#[derive(Serialize, ToSchema)]
pub struct MembershipView {
    /// Its id.
    id: String,
    /// Its name, as in the claim `groups`.
    name: String,
    /// How surely its members prove who they are to applications, at least.
    least_acr: Option<Level>,
}

/// The groups that a user is in.
#[utoipa::path(get, path = "/admin/api/users/{id}/groups", operation_id = "list_groups_of_user", tag = "groups",
    params(("id" = String, Path)), responses((status = 200, body = MembershipList)))]
pub async fn of_user(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Json<MembershipList>, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    let memberships = groups::of_user(&app, &user).await?.into_iter().map(|group| MembershipView {
        id: group.id.to_string(),
        name: group.name,
        least_acr: group.least_acr,
    });
    Ok(Json(MembershipList { groups: memberships.collect() }))
}
