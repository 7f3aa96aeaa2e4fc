//! `/admin/api/users`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Administrator;
use super::list::{Range, cursor, fifty, page, place};
use super::problem::{Body, Patch, Path, PathPair, Problem, Query, check_if_match, versioned};
use crate::admin::users::{self, SessionView, UserView};
use crate::app::App;
use crate::i18n::Language;
use crate::mail::Fate;
use crate::protocol::ids::SessionId;
use crate::protocol::profile::UserInput;

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Only those whose name, user name or e-mail address holds each word of this. Those who have a word that begins so come
    /// first; a page may be empty and yet lead on.
    #[serde(default)]
    query: String,
    /// Go on after this: `next` of the answer before, to the same search.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// Some users.
#[derive(Serialize, ToSchema)]
pub struct UserList {
    /// By user name; what a search found, by the word that it was found by.
    users: Vec<UserView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

impl UserList {
    /// A page of this list.
    pub(super) fn of(app: &App, list: &str, page: users::Page) -> Self {
        Self {
            users: page.users.into_iter().map(UserView::from).collect(),
            next: cursor(app, list, page.next),
        }
    }
}

/// Users by user name.
#[utoipa::path(get, path = "/admin/api/users", operation_id = "list_users", tag = "users", params(Search),
    responses((status = 200, body = UserList)))]
pub async fn list(
    caller: Administrator,
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<UserList>, Problem> {
    let list = format!("users {}", search.query);
    let after = place(&app, &list, &search.after, search.limit)?;
    let page = users::list_for(&app, &caller.origin, &search.query, &after, search.limit).await?;
    Ok(Json(UserList::of(&app, &list, page)))
}

/// Adds a user.
#[utoipa::path(post, path = "/admin/api/users", operation_id = "create_user", tag = "users",
    request_body = UserInput,
    responses((status = 201, body = UserView),
        (status = 409, description = "The user name or the address is in use.", body = Problem)))]
pub async fn create(
    caller: Administrator,
    State(app): State<App>,
    Body(input): Body<UserInput>,
) -> Result<Response, Problem> {
    let user = users::create(&app, &caller.origin, input).await?;
    Ok(versioned(StatusCode::CREATED, user.updated_at, UserView::from(user)))
}

/// One user.
#[utoipa::path(get, path = "/admin/api/users/{id}", operation_id = "show_user", tag = "users",
    params(("id" = String, Path)), responses((status = 200, body = UserView)))]
pub async fn show(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<Response, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    Ok(versioned(StatusCode::OK, user.updated_at, UserView::from(user)))
}

/// Changes a user: what is named replaces, null removes, the rest stays (RFC 7396). Switching a user off signs them
/// out everywhere and ends every token.
#[utoipa::path(patch, path = "/admin/api/users/{id}", operation_id = "update_user", tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = UserInput,
    responses((status = 200, body = UserView),
        (status = 409, description = "The user name or the address is in use, or it is the last administrator.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn update(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    patch: Patch<UserInput>,
) -> Result<Response, Problem> {
    let before = users::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, before.updated_at)?;
    let input = patch.onto(&UserInput::from(&before))?;
    let user = users::change(&app, &caller.origin, &before, &input, Language::English).await?;
    Ok(versioned(StatusCode::OK, user.updated_at, UserView::from(user)))
}

/// Deletes a user with their sessions, consents and tokens.
#[utoipa::path(delete, path = "/admin/api/users/{id}", operation_id = "delete_user", tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    responses((status = 204, description = "Deleted."),
        (status = 409, description = "It is the last administrator.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn delete(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, user.updated_at)?;
    users::delete(&app, &caller.origin, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// 8 to 1024 characters.
    #[schema(write_only)]
    password: String,
}

/// Sets a user's password and signs them out everywhere.
#[utoipa::path(put, path = "/admin/api/users/{id}/password", operation_id = "set_password", tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = NewPassword,
    responses((status = 204, description = "Set."),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn set_password(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    Body(body): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, user.updated_at)?;
    users::set_password(&app, &caller.origin, &user, body.password, Language::English).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the user is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirePassword {
    /// Mail them the link to choose one, if their address is known to be theirs.
    #[serde(default)]
    by_mail: bool,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub struct PasswordRequired {
    /// Is the link on its way? Not without an address that is known to be the user's, without mail, or where too many were sent.
    mailed: bool,
}

/// Has a user choose another password before the one that they have opens anything again, and signs them out everywhere.
#[utoipa::path(post, path = "/admin/api/users/{id}/require-new-password", operation_id = "require_new_password",
    tag = "users",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = RequirePassword,
    responses((status = 200, body = PasswordRequired),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn require_new_password(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    headers: HeaderMap,
    Body(wish): Body<RequirePassword>,
) -> Result<Json<PasswordRequired>, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    check_if_match(&headers, user.updated_at)?;
    let fate = users::require_new_password(&app, &caller.origin, &user, wish.by_mail).await?;
    Ok(Json(PasswordRequired { mailed: matches!(fate, Some(Fate::Queued)) }))
}

/// Where a user is signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// In the order in which they began.
    sessions: Vec<SessionView>,
    /// The value of `after` that leads to the next ones; none at the end.
    next: Option<String>,
}

/// Where a user is signed in.
#[utoipa::path(get, path = "/admin/api/users/{id}/sessions", operation_id = "list_sessions", tag = "users",
    params(("id" = String, Path), Range), responses((status = 200, body = SessionList)))]
pub async fn list_sessions(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
    Query(range): Query<Range>,
) -> Result<Json<SessionList>, Problem> {
    let user = users::account_seen(&app, &caller.origin, &id).await?;
    let sessions = users::sessions(&app, &user).await?;
    let list = format!("sessions of {}", user.id);
    let (sessions, next) = page(&app, &list, &range, sessions, |session| session.id.clone())?;
    Ok(Json(SessionList { sessions, next }))
}

/// Signs one of a user's browsers out.
#[utoipa::path(delete, path = "/admin/api/users/{id}/sessions/{session}", operation_id = "end_session", tag = "users",
    params(("id" = String, Path), ("session" = String, Path)), responses((status = 204, description = "Signed out.")))]
pub async fn end_session(
    caller: Administrator,
    State(app): State<App>,
    PathPair(id, session): PathPair,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    users::end_session(&app, &caller.origin, &user, &SessionId::from(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs a user out everywhere.
#[utoipa::path(delete, path = "/admin/api/users/{id}/sessions", operation_id = "end_sessions", tag = "users",
    params(("id" = String, Path)), responses((status = 204, description = "Signed out.")))]
pub async fn end_sessions(
    caller: Administrator,
    State(app): State<App>,
    Path(id): Path,
) -> Result<StatusCode, Problem> {
    let user = users::seen(&app, &caller.origin, &id).await?;
    users::end_sessions(&app, &caller.origin, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
