//! Ways to prove who one is. Each is a [`Check`] in a file of its own; [`prove`] puts the same things around all of them:
//! limits, the audit log, and that a switched-off account stays out.

use std::future::Future;

use self::device::Devices;
use self::directory::{DirectoryError, Guesses};
use self::password::HashingError;
use self::throttle::{CountedSignIn, Guessed};
use crate::app::{App, Origin};
use crate::protocol::recovery::Reset;
use crate::protocol::sign_in::{Method, Proof};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::NotSealedHere;
use crate::store::StoreError;

pub mod device;
pub mod directory;
pub mod email_code;
pub mod imported_hash;
pub mod means;
pub mod passkey;
pub mod password;
pub mod recovery_code;
pub mod throttle;
pub mod totp;
pub mod upstream;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown user, disabled user, wrong password or code: not told apart.
    WrongCredentials,
    /// Beyond a limit.
    TooManyAttempts {
        /// Until the window is over.
        retry_after_seconds: u64,
    },
    /// Too many are waiting for a core.
    Busy,
    /// The directory that knows the password does not answer.
    DirectorySilent,
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
    /// A secret in the database.
    #[error("a secret in the database cannot be opened")]
    Sealed(#[from] NotSealedHere),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Somebody who proved who they are.
pub struct Proved {
    /// Who, as they were when it was checked.
    pub user: User,
    /// That they did.
    pub proof: Proof,
}

/// One attempt at one method.
pub trait Check: Sync {
    /// What it would prove.
    fn method(&self) -> Method;

    /// Is it right for this user? Without a user it does the same work and is wrong.
    ///
    /// # Errors
    /// Nothing could be found out; [`HashingError::Busy`] is taken for [`Refusal::Busy`].
    fn is_right(
        &self,
        app: &App,
        user: Option<&User>,
    ) -> impl Future<Output = Result<bool, SignInError>> + Send;

    /// Takes as long as if it were looked at, and is not: nothing that it says is used up.
    ///
    /// # Errors
    /// As [`is_right`](Self::is_right).
    fn pretend(&self, app: &App) -> impl Future<Output = Result<(), SignInError>> + Send {
        async move { self.is_right(app, None).await.map(drop) }
    }

    /// Whose account it opens: that of the user who was named, if it is right for them.
    ///
    /// # Errors
    /// As [`is_right`](Self::is_right).
    fn opens(
        &self,
        app: &App,
        user: Option<User>,
    ) -> impl Future<Output = Result<Option<User>, SignInError>> + Send {
        async move {
            let right = self.is_right(app, user.as_ref()).await?;
            Ok(user.filter(|_| right))
        }
    }
}

/// Checks what somebody brings forward who says that they are `login`, if they say anything, and is known as `user` if there is
/// such a user. Counted before it is looked at, so that attempts made at the same moment, on any node, cannot outrun the limit: as those of
/// this device, if it is one that the user signed in on before, and else as anybody's.
///
/// By one name of an account nobody learns of another: the account's own limit is answered like wrong credentials, and the limit
/// of the name, which names nobody has have as well, is the one that is told.
///
/// # Errors
/// The database is unavailable, or hashing failed. A refusal is no error.
pub async fn prove(
    app: &App,
    origin: &Origin,
    devices: &Devices,
    login: Option<&str>,
    user: Option<User>,
    check: &impl Check,
) -> Result<Result<Proved, Refusal>, SignInError> {
    let method = check.method();
    let now = app.clock.now();
    let (store, limits) = (&app.store, &app.config.throttle);
    let device = match &user {
        Some(user) => devices.counted_as(app, user).await?,
        None => None,
    };
    let guessed = guessed_at(method);
    let counted = if let Some(device) = device {
        throttle::count_on_device(store, &app.seals, limits, guessed, &device, now).await?
    } else {
        let whose = (login, user.as_ref().map(|user| &user.id));
        throttle::count(store, &app.seals, limits, guessed, whose, origin.ip, now).await?
    };
    let (counted, hopeless) = match counted {
        CountedSignIn::Allowed(attempt) => (attempt, false),
        CountedSignIn::Hopeless(attempt) => (attempt, true),
        CountedSignIn::TooMany { retry_after } => {
            let retry_after_seconds = u64::try_from(retry_after).unwrap_or(1);
            app.statistics.count("refused.too_many_attempts");
            return Ok(Err(Refusal::TooManyAttempts { retry_after_seconds }));
        }
    };
    let target = |user: Option<&User>| {
        user.map_or_else(|| "user:unknown".to_owned(), |user| format!("user:{}", user.id))
    };
    let opened = if hopeless {
        app.statistics.count("refused.too_many_attempts");
        check.pretend(app).await.map(|()| None)
    } else {
        check.opens(app, user.clone()).await
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(SignInError::Hashing(HashingError::Busy) | SignInError::Directory(DirectoryError::Busy)) => {
            // A busy server must not lock honest people out.
            throttle::take_back(store, &counted).await?;
            return Ok(Err(Refusal::Busy));
        }
        // Of the entry, by whichever of its names: like the limit of an account.
        Err(SignInError::Directory(DirectoryError::TooManyGuesses { .. })) => {
            app.statistics.count("refused.too_many_attempts");
            check.pretend(app).await?;
            None
        }
        Err(SignInError::Directory(DirectoryError::Store(error))) => return Err(error.into()),
        Err(SignInError::Directory(error)) => {
            tracing::error!(%error, "nobody of the directory can sign in");
            throttle::take_back(store, &counted).await?;
            app.statistics.count("refused.directory_silent");
            return Ok(Err(Refusal::DirectorySilent));
        }
        Err(error) => return Err(error),
    };
    let opened = match opened {
        Some(user) if method != Method::Password && has_left(app, &user).await? => None,
        opened => opened,
    };
    match opened {
        Some(user) if !user.disabled => {
            throttle::forgive(store, &counted).await?;
            let proof = Proof::new(user.id.clone(), method, now, user.updated_at);
            Ok(Ok(Proved { user, proof }))
        }
        opened => {
            app.statistics.count(match method {
                Method::Password => "refused.password",
                Method::Passkey => "refused.passkey",
                Method::Totp => "refused.totp",
                Method::EmailCode => "refused.email_code",
                Method::RecoveryCode => "refused.recovery_code",
                Method::Upstream => "refused.upstream",
            });
            let target = target(opened.or(user).as_ref());
            store.audit(&app.audit(origin, "session.refused", target, method.as_str())).await?;
            Ok(Err(Refusal::WrongCredentials))
        }
    }
}

/// Is this an account of the directory's whose entry is gone there? Whoever left the organisation does not come in by a passkey
/// that they still have. A directory that says nothing keeps nobody out.
async fn has_left(app: &App, user: &User) -> Result<bool, StoreError> {
    let Some(directory) = &app.directory else { return Ok(false) };
    let Some(entry) = app.store.entry_of_user(&user.id).await? else { return Ok(false) };
    match directory.still_has(&entry, &user.username).await {
        Ok(there) => Ok(!there),
        Err(error) => {
            tracing::warn!(%error, user = %user.id, "the directory was not asked whether somebody is still there");
            Ok(false)
        }
    }
}

fn guessed_at(method: Method) -> Guessed {
    match method {
        Method::Password | Method::EmailCode => Guessed::FirstFactor,
        Method::Totp | Method::RecoveryCode => Guessed::SecondFactor,
        Method::Passkey => Guessed::Passkey,
        Method::Upstream => Guessed::Upstream,
    }
}

/// Checks a user name or e-mail address and its password.
///
/// # Errors
/// As [`prove`].
pub async fn by_password(
    app: &App,
    origin: &Origin,
    devices: &Devices,
    login: &str,
    password: &str,
) -> Result<Result<Proved, Refusal>, SignInError> {
    // The canonical form of both user names and addresses is lower case.
    let login = login.trim().to_lowercase();
    let user = app.store.user_by_login(&login).await?;
    if let Some(directory) = &app.directory {
        // An account is the directory's or this server's own. One that is here under the same name is not asked for there.
        let is_directorys = match &user {
            Some(user) => app.store.entry_of_user(&user.id).await?.is_some(),
            None => true,
        };
        if is_directorys {
            let guesses = match &user {
                Some(user) if devices.counted_as(app, user).await?.is_some() => Guesses::Elsewhere,
                _ => Guesses::AtTheEntry(app.clone()),
            };
            let typed = directory::Typed { directory, origin, guesses, login: &login, password };
            return prove(app, origin, devices, Some(&login), user, &typed).await;
        }
    }
    prove(app, origin, devices, Some(&login), user, &password::Typed(password)).await
}

/// Checks the password of somebody who is signed in, and whose password is this server's to know: that there is such an account
/// is no secret to them, and so its limit is told.
///
/// # Errors
/// As [`prove`].
pub async fn by_own_password(
    app: &App,
    origin: &Origin,
    devices: &Devices,
    user: &User,
    password: &str,
) -> Result<Result<Proved, Refusal>, SignInError> {
    prove(app, origin, devices, None, Some(user.clone()), &password::Typed(password)).await
}

/// Is this the password of a user who must choose another one?
///
/// # Errors
/// As [`prove`].
pub async fn is_refused_password(app: &App, user: &User, chosen: &str) -> Result<bool, SignInError> {
    Ok(user.new_password_required && password::Typed(chosen).is_right(app, Some(user)).await?)
}

/// The password that somebody just chose by a mailed link, which is used up: a first proof, in the state of the account that
/// it left behind.
#[must_use]
pub fn by_reset(app: &App, reset: &Reset, changed_at: Timestamp) -> Proof {
    Proof::new(reset.user().clone(), Method::Password, app.clock.now(), changed_at)
}

/// The password or passkey of an account that was just made by whoever asks.
#[must_use]
pub fn by_new_account(app: &App, user: &User) -> Proof {
    let method = if user.password_hash.is_some() { Method::Password } else { Method::Passkey };
    Proof::new(user.id.clone(), method, app.clock.now(), user.updated_at)
}

/// The app or passkey that somebody just set up on their account's page, by using it.
#[must_use]
pub fn by_new_method(app: &App, user: &User, method: Method) -> Proof {
    Proof::new(user.id.clone(), method, app.clock.now(), user.updated_at)
}
