//! How a user signs in; and what an administrator takes off an account whose owner lost it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Refusal, users};
use crate::app::{App, Origin};
use crate::authn::means::linked;
use crate::i18n::Language;
use crate::mail::Change;
use crate::mail::to_users::{Event, news};
use crate::protocol::user::User;
use crate::store::{StoredIdentity, StoredPasskey};

/// How a user signs in.
#[derive(Serialize, ToSchema)]
pub struct SignInMethods {
    /// Is there a password here?
    pub password: bool,
    /// Is the account the directory's, whose password opens it?
    pub directory: bool,
    /// The authenticator app, if there is one.
    pub authenticator_app: Option<AppView>,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
    /// The oldest first.
    pub passkeys: Vec<PasskeyView>,
    /// Accounts elsewhere that open this one, the oldest first; those of providers that are configured.
    pub linked_accounts: Vec<LinkedView>,
}

/// An account elsewhere.
#[derive(Serialize, ToSchema)]
pub struct LinkedView {
    /// The provider, by its id in the configuration.
    pub upstream: String,
    /// What its owner knows it by.
    pub label: String,
    /// When it was linked (Unix seconds).
    pub created_at: i64,
    /// Last use (Unix seconds).
    pub last_used_at: i64,
}

impl From<StoredIdentity> for LinkedView {
    fn from(identity: StoredIdentity) -> Self {
        let StoredIdentity { upstream, label, created_at, last_used_at, .. } = identity;
        Self { upstream, label, created_at, last_used_at }
    }
}

/// An authenticator app.
#[derive(Serialize, ToSchema)]
pub struct AppView {
    /// When it was set up (Unix seconds).
    pub created_at: i64,
    /// Last use (Unix seconds).
    pub last_used_at: i64,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub struct PasskeyView {
    /// The credential's id.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// When it was added (Unix seconds).
    pub created_at: i64,
    /// Last use (Unix seconds).
    pub last_used_at: i64,
}

impl From<StoredPasskey> for PasskeyView {
    fn from(passkey: StoredPasskey) -> Self {
        let StoredPasskey { id, name, created_at, last_used_at, .. } = passkey;
        Self { id, name, created_at, last_used_at }
    }
}

/// How a user signs in.
///
/// # Errors
/// The database is unavailable.
pub async fn of(app: &App, user: &User) -> Result<SignInMethods, Refusal> {
    let authenticator_app = app.store.authenticator_app(&user.id).await?;
    Ok(SignInMethods {
        password: user.password_hash.is_some(),
        directory: app.store.entry_of_user(&user.id).await?.is_some() && app.config.directory.is_some(),
        authenticator_app: authenticator_app
            .map(|app| AppView { created_at: app.created_at, last_used_at: app.last_used_at }),
        recovery_codes: app.store.means(&user.id).await?.recovery_codes,
        passkeys: app.store.passkeys_of_user(&user.id).await?.into_iter().map(PasskeyView::from).collect(),
        linked_accounts: linked(app, &user.id).await?.into_iter().map(LinkedView::from).collect(),
    })
}

/// Takes the authenticator app and its recovery codes off an account: the password alone signs in then. Its owner is told by mail,
/// in English unless they have another language.
///
/// # Errors
/// There is no app.
pub async fn remove_authenticator_app(app: &App, origin: &Origin, user: &User) -> Result<(), Refusal> {
    users::may_change(app, origin, user, &[]).await?;
    let audit = app.audit(origin, "app.remove", format!("user:{}", user.id), &user.username[..]);
    let news = news(app, origin, user, Language::English, Event::Methods(Change::AppRemoved));
    if app.store.remove_authenticator_app(&user.id, audit.telling(news.as_ref())).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("authenticator app"))
    }
}

/// Takes a passkey off an account, even the only way to sign in: whoever lost it gets a password. Its owner is told by mail, as
/// above.
///
/// # Errors
/// The account has no such passkey.
pub async fn remove_passkey(app: &App, origin: &Origin, user: &User, id: &str) -> Result<(), Refusal> {
    users::may_change(app, origin, user, &[]).await?;
    let audit = app.audit(origin, "passkey.remove", format!("passkey:{id}"), &user.username[..]);
    let passkeys = app.store.passkeys_of_user(&user.id).await?;
    let Some(passkey) = passkeys.into_iter().find(|passkey| passkey.id == id) else {
        return Err(Refusal::NotFound("passkey"));
    };
    let change = Change::PasskeyRemoved { passkey: passkey.name };
    let news = news(app, origin, user, Language::English, Event::Methods(change));
    if app.store.remove_passkey(&user.id, id, audit.telling(news.as_ref())).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("passkey"))
    }
}
