//! `/admin/users`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::shell;
use super::{changed_meanwhile, done, mistakes, shown};
use crate::account::session_row;
use crate::admin::sign_in_methods::{self, LinkedView, PasskeyView};
use crate::admin::{Refusal, groups, users};
use crate::app::App;
use crate::authn::upstream::Providers;
use crate::http::error::PageError;
use crate::http::extract::{FormFields, OwnForm, PathPair, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn, live_of_user};
use crate::i18n::{Language, Words};
use crate::mail::Fate;
use crate::pages::{
    AdminUserForm, AdminUsers, LinkedRow, Notice, PasskeyRow, Problem, UserFields, UserRow, claim_label,
};
use crate::protocol::ids::SessionId;
use crate::protocol::profile::UserInput;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::User;

const LIST: &str = "/admin/users";
/// Users on one page.
const PAGE: u32 = 50;

/// Users, searched and page by page.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let get = |name| query.get(name).unwrap_or_default();
    let found = users::list_for(&app, &me.origin(&info), get("query"), get("after"), PAGE).await?;
    let rows = found.users.into_iter().map(|user| UserRow {
        id: user.id.to_string(),
        username: user.username,
        email: user.email.unwrap_or_default(),
        name: user.name.unwrap_or_default(),
        admin: user.is_admin,
        disabled: user.disabled,
        created: user.created_at.0,
    });
    let page = AdminUsers {
        shell: shell(&app, &me),
        query: get("query").to_owned(),
        rows: rows.collect(),
        next: found.next,
        reached: found.reached,
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// An empty form.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    blank(&app, &me, UserFields::default(), StatusCode::OK, Vec::new())
}

/// Adds a user.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let input = input_of(&sent);
    let typed = fields_of_input(&input);
    // Without one the user could not sign in; the form says so, the API need not.
    let password = sent.get("password").unwrap_or_default().to_owned();
    match users::create(&app, &me.origin(&info), UserInput { password: Some(password), ..input }).await {
        Ok(_) => Ok(done(LIST, Notice::UserCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(blank(&app, &me, typed, status, problems))
        }
    }
}

/// One user.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    let page = page(&app, &me, &user).await?;
    let page = AdminUserForm { notice: query.get("done").and_then(Notice::parse), ..page };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Changes a user.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = users::account_seen(&app, &me.origin(&info), &id).await?;
    if changed_meanwhile(&sent, before.updated_at) {
        return refused(&app, &me, &before, None, Refusal::Changed("user")).await;
    }
    let input = input_of(&sent);
    match users::change(&app, &me.origin(&info), &before, &input, Language::English).await {
        Ok(user) => Ok(done(&format!("{LIST}/{}", user.id), Notice::UserSaved)),
        Err(refusal) => refused(&app, &me, &before, Some(&input), refusal).await,
    }
}

/// Sets a password.
pub async fn set_password(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    let password = sent.get("password").unwrap_or_default().to_owned();
    match users::set_password(&app, &me.origin(&info), &user, password, Language::English).await {
        Ok(()) => Ok(done(&format!("{LIST}/{}", user.id), Notice::UserPasswordSet)),
        Err(refusal) => refused(&app, &me, &user, None, refusal).await,
    }
}

/// Has a user choose another password.
pub async fn require_new_password(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    let by_mail = sent.get("by_mail").is_some();
    match users::require_new_password(&app, &me.origin(&info), &user, by_mail).await {
        Ok(Some(Fate::Queued)) => Ok(done(&format!("{LIST}/{id}"), Notice::PasswordRequiredByMail)),
        Ok(_) => Ok(done(&format!("{LIST}/{id}"), Notice::PasswordRequired)),
        Err(refusal) => refused(&app, &me, &user, None, refusal).await,
    }
}

/// Signs a user out everywhere.
pub async fn end_sessions(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    users::end_sessions(&app, &me.origin(&info), &user).await?;
    Ok(done(&format!("{LIST}/{}", user.id), Notice::UserSessionsEnded))
}

/// Signs one of a user's devices out.
pub async fn end_session(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPair(id, session): PathPair,
    _: OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    users::end_session(&app, &me.origin(&info), &user, &SessionId::from(session)).await?;
    Ok(done(&format!("{LIST}/{}", user.id), Notice::UserSessionEnded))
}

/// Takes the authenticator app and its recovery codes off the account.
pub async fn remove_app(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    sign_in_methods::remove_authenticator_app(&app, &me.origin(&info), &user).await?;
    Ok(done(&format!("{LIST}/{}", user.id), Notice::UserMethodRemoved))
}

/// Takes a passkey off the account.
pub async fn remove_passkey(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPair(id, passkey): PathPair,
    _: OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    sign_in_methods::remove_passkey(&app, &me.origin(&info), &user, &passkey).await?;
    Ok(done(&format!("{LIST}/{}", user.id), Notice::UserMethodRemoved))
}

/// Deletes a user.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let user = users::account_seen(&app, &me.origin(&info), &id).await?;
    match users::delete(&app, &me.origin(&info), &user).await {
        Ok(()) => Ok(done(LIST, Notice::UserDeleted)),
        Err(refusal) => refused(&app, &me, &user, None, refusal).await,
    }
}

/// The form of a user as it is stored.
async fn page(app: &App, me: &SignedIn, user: &User) -> Result<AdminUserForm, PageError> {
    let sessions = live_of_user(app, &user.id).await?;
    let methods = sign_in_methods::of(app, user).await?;
    let providers = app.providers().await?;
    Ok(AdminUserForm {
        shell: shell(app, me),
        new: false,
        user: UserFields {
            id: user.id.to_string(),
            version: user.updated_at.0,
            ..fields_of_input(&UserInput::from(user))
        },
        problems: Vec::new(),
        sessions: sessions
            .into_iter()
            .map(|session| session_row(app, &Words::ENGLISH, session, Some(&me.session.id)))
            .collect(),
        password: methods.password,
        directory: methods.directory,
        new_password_required: user.new_password_required,
        by_mail: app.mail.is_on() && user.email.is_some() && user.email_verified,
        linked: methods.linked_accounts.into_iter().map(|account| linked_row(&providers, account)).collect(),
        passkeys: methods.passkeys.into_iter().map(passkey_row).collect(),
        app_since: methods.authenticator_app.map(|app| app.created_at),
        recovery_codes: methods.recovery_codes,
        groups: groups::of_user(app, user).await?,
        notice: None,
    })
}

fn linked_row(providers: &Providers, account: LinkedView) -> LinkedRow {
    LinkedRow {
        id: String::new(),
        provider: providers.name_of(&account.upstream),
        label: account.label,
        since: account.created_at,
        last_used: (account.last_used_at > account.created_at).then_some(account.last_used_at),
    }
}

fn passkey_row(passkey: PasskeyView) -> PasskeyRow {
    PasskeyRow {
        id: passkey.id,
        name: passkey.name,
        since: passkey.created_at,
        last_used: (passkey.last_used_at > passkey.created_at).then_some(passkey.last_used_at),
    }
}

/// The form again, with what is wrong, and with what was typed where it can be mended.
async fn refused(
    app: &App,
    me: &SignedIn,
    user: &User,
    typed: Option<&UserInput>,
    refusal: Refusal,
) -> Result<Response, PageError> {
    let (status, problems) = mistakes(refusal, input_name)?;
    let mut page = page(app, me, user).await?;
    if let Some(typed) = typed {
        page.user = UserFields { id: page.user.id, version: page.user.version, ..fields_of_input(typed) };
    }
    page.problems = problems;
    Ok(shown(app, me, status, &page))
}

/// The form of a user who is yet to be created.
fn blank(app: &App, me: &SignedIn, user: UserFields, status: StatusCode, problems: Vec<Problem>) -> Response {
    let page = AdminUserForm {
        shell: shell(app, me),
        new: true,
        user,
        problems,
        sessions: Vec::new(),
        password: false,
        directory: false,
        new_password_required: false,
        by_mail: false,
        linked: Vec::new(),
        passkeys: Vec::new(),
        app_since: None,
        recovery_codes: 0,
        groups: Vec::new(),
        notice: None,
    };
    shown(app, me, status, &page)
}

fn input_of(form: &FormFields) -> UserInput {
    let text = |name| form.get(name).map(str::to_owned);
    UserInput {
        username: text("username"),
        email: text("email"),
        email_verified: None,
        name: text("name"),
        is_admin: Some(form.get("admin").is_some()),
        disabled: Some(form.get("disabled").is_some()),
        password: None,
        claims: StandardClaims::from_texts(text),
    }
}

fn fields_of_input(input: &UserInput) -> UserFields {
    UserFields {
        id: String::new(),
        version: 0,
        username: input.username.clone().unwrap_or_default(),
        email: input.email.clone().unwrap_or_default(),
        name: input.name.clone().unwrap_or_default(),
        admin: input.is_admin.unwrap_or_default(),
        disabled: input.disabled.unwrap_or_default(),
        claims: input
            .claims
            .texts()
            .into_iter()
            .map(|(name, text)| (name, text.unwrap_or_default().to_owned()))
            .collect(),
    }
}

/// The input of the form that a field of the profile comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "username" => (field, "Username"),
        "email" => (field, "E-mail"),
        "name" => (field, "Name"),
        "password" => (field, "Password"),
        other => claim_label(other).map_or(("", other), |label| (other, label)),
    }
}
