//! What an account asks of whoever signs in to it, and how surely its user can prove who they are.

use crate::app::App;
use crate::protocol::assurance::Level;
use crate::protocol::sign_in::Account;
use crate::protocol::user::User;
use crate::store::{Means, StoreError};

/// Looks an account up.
///
/// # Errors
/// The database is unavailable.
pub async fn account_of(app: &App, user: &User) -> Result<Account, StoreError> {
    let means = app.store.means(&user.id).await?;
    Ok(Account {
        unchanged_since: user.updated_at,
        has_second_factor: means.apps > 0,
        attainable: attainable(means, user.password_hash.is_some() || means.directory_entries > 0),
    })
}

fn attainable(means: Means, has_password: bool) -> Level {
    if means.passkeys > 0 {
        Level::PhishingResistant
    } else if means.apps > 0 && has_password {
        Level::TwoFactors
    } else {
        Level::OneFactor
    }
}
