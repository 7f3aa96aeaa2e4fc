//! What an account asks of whoever signs in to it, and how surely its user can prove who they are.

use crate::app::App;
use crate::protocol::assurance::Level;
use crate::protocol::ids::UserId;
use crate::protocol::sign_in::Account;
use crate::protocol::user::User;
use crate::store::{Means, StoreError, StoredIdentity};

/// Looks an account up.
///
/// # Errors
/// The database is unavailable.
pub async fn account_of(app: &App, user: &User) -> Result<Account, StoreError> {
    let means = app.store.means(&user.id).await?;
    // Something to begin with that an app's code makes two of.
    let has_first = user.password_hash.is_some()
        || means.directory_entries > 0
        || means.apps > 0 && !linked(app, &user.id).await?.is_empty();
    Ok(Account {
        unchanged_since: user.updated_at,
        has_second_factor: means.apps > 0,
        attainable: attainable(means, has_first),
        new_password_required: user.new_password_required,
    })
}

/// Has this user nothing to prove who they are by but accounts elsewhere?
///
/// # Errors
/// The database is unavailable.
pub async fn has_providers_alone(app: &App, user: &User) -> Result<bool, StoreError> {
    let means = app.store.means(&user.id).await?;
    Ok(user.password_hash.is_none() && means.passkeys == 0 && means.directory_entries == 0)
}

fn attainable(means: Means, has_first: bool) -> Level {
    if means.passkeys > 0 {
        Level::PhishingResistant
    } else if means.apps > 0 && has_first {
        Level::TwoFactors
    } else {
        Level::OneFactor
    }
}

/// A user's accounts elsewhere that can be signed in with: those at providers that are there and switched on.
///
/// # Errors
/// The database is unavailable.
pub async fn linked(app: &App, user: &UserId) -> Result<Vec<StoredIdentity>, StoreError> {
    let mut identities = app.store.identities_of_user(user).await?;
    if !identities.is_empty() {
        let providers = app.providers().await?;
        identities.retain(|identity| providers.get(&identity.upstream).is_some());
    }
    Ok(identities)
}
