//! Proving who one is with a password: throttled, audited, and the same work whoever it is.

use super::password::{HashingError, Verdict};
use super::throttle::{self, Counted};
use crate::app::{App, Origin};
use crate::protocol::user::{LONGEST_PASSWORD, User};
use crate::store::StoreError;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown user, disabled user or wrong password: not told apart.
    WrongCredentials,
    /// Beyond a limit.
    TooManyAttempts {
        /// Until the window is over.
        retry_after_seconds: u64,
    },
    /// Too many are waiting for a core.
    Busy,
}

/// Why nothing was found out.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Hashing.
    #[error(transparent)]
    Hashing(#[from] HashingError),
}

/// Checks a user name or e-mail address and its password.
///
/// # Errors
/// The database is unavailable, or hashing failed. A refusal is no error.
pub async fn by_password(
    app: &App,
    origin: &Origin,
    login: &str,
    password: &str,
) -> Result<Result<User, Refusal>, SignInError> {
    // The canonical form of both user names and addresses is lower case.
    let login = login.trim().to_lowercase();
    let now = app.clock.now();
    let user = app.store.user_by_login(&login).await?;
    // An account has one limit, whichever of its names is typed.
    let subject = user.as_ref().map_or(login.as_str(), |user| user.id.as_str());
    let counted =
        throttle::count(&app.store, &app.seals, &app.config.throttle, Some(subject), origin.ip, now).await?;
    let counted = match counted {
        Counted::Allowed(attempt) => attempt,
        Counted::TooMany { retry_after } => {
            let retry_after_seconds = u64::try_from(retry_after).unwrap_or(1);
            return Ok(Err(Refusal::TooManyAttempts { retry_after_seconds }));
        }
    };
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    // A longer text is nobody's password; hashing it whole would cost more than hashing any other.
    let typed = if password.chars().count() > LONGEST_PASSWORD { String::new() } else { password.to_owned() };
    let verdict = match app.passwords.check(typed.into(), stored.clone()).await {
        Ok(verdict) => verdict,
        Err(HashingError::Busy) => {
            // A busy server must not lock honest people out.
            throttle::take_back(&app.store, &counted).await?;
            return Ok(Err(Refusal::Busy));
        }
        Err(error) => return Err(error.into()),
    };
    match (user, verdict) {
        (Some(user), Verdict::Right { upgraded }) if !user.disabled => {
            throttle::forgive(&app.store, &counted).await?;
            if let (Some(old), Some(new)) = (stored, upgraded) {
                app.store.upgrade_password_hash(&user.id, &old, &new).await?;
            }
            Ok(Ok(user))
        }
        (user, _) => {
            let target = user.map_or_else(|| "user:unknown".to_owned(), |user| format!("user:{}", user.id));
            app.store.audit(&app.audit(origin, "session.refused", target, "password")).await?;
            Ok(Err(Refusal::WrongCredentials))
        }
    }
}
