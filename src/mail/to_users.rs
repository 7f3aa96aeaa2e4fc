//! What users are written to about their accounts: links that they asked for, and news of what happened.

use std::time::Duration;

use super::{Change, Fate, Happened, Link, Mail, MailError, Message};
use crate::app::{App, Origin};
use crate::authn::device::Devices;
use crate::authn::throttle;
use crate::i18n::{Language, Words, negotiate};
use crate::pages::describe_device;
use crate::protocol::recovery::{Aim, MailedLink};
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::User;
use crate::store::{Carried, News, StoreError};

/// Where somebody asks for a new password.
const RECOVER: &str = "/recover";

/// Mails the link of an aim to a user who asked for it in this language. Answers what became of it; nothing where the link
/// could do nothing.
///
/// # Errors
/// The database is unavailable: no link is made.
pub async fn link(
    app: &App,
    origin: &Origin,
    aim: Aim,
    user: &User,
    language: Language,
) -> Result<Option<Fate>, MailError> {
    let token = app.entropy.secret();
    match MailedLink::for_user(aim, user, sha256_hex(&token), app.clock.now()) {
        Some(made) => mail_link(app, origin, &made, &token, user, language).await.map(Some),
        None => Ok(None),
    }
}

/// Mails a user the link that gives them another address, at that address. Whoever else it may belong to is told nothing, and
/// neither is the user: that it is somebody's is found out by who reads what comes there.
///
/// # Errors
/// The database is unavailable: no link is made.
pub async fn link_to_another_address(
    app: &App,
    origin: &Origin,
    user: &User,
    address: String,
    language: Language,
) -> Result<Option<Fate>, MailError> {
    let token = app.entropy.secret();
    match MailedLink::for_another_address(user, address, sha256_hex(&token), app.clock.now()) {
        Some(made) => mail_link(app, origin, &made, &token, user, language).await.map(Some),
        None => Ok(None),
    }
}

async fn mail_link(
    app: &App,
    origin: &Origin,
    made: &MailedLink,
    token: &str,
    user: &User,
    language: Language,
) -> Result<Fate, MailError> {
    let aim = made.aim;
    let to = |path: &str| Link::to(&app.config.issuer, &format!("{path}?token={token}"));
    let (account, works_for) = (user.username.clone(), aim.works_for());
    let (message, action) = match aim {
        Aim::ResetPassword => {
            (Message::ResetPassword { account, link: to("/recover/password"), works_for }, "recovery.ask")
        }
        Aim::VerifyAddress => {
            (Message::VerifyAddress { account, link: to("/verify-address"), works_for }, "address.ask")
        }
    };
    let audit = app.audit(origin, action, format!("user:{}", user.id), "");
    let mail = Mail { to: &made.address, language: language_of(user, language), message };
    app.mail.send_with(app, mail, Carried::Link(made, &audit)).await
}

/// Mails a new user the link that shows that their address is theirs. They can ask for it again.
pub async fn ask_to_verify(app: &App, origin: &Origin, user: &User, language: Language) {
    if let Err(error) = link(app, origin, Aim::VerifyAddress, user, language).await {
        tracing::warn!(%error, "a new user is not asked to confirm their address");
    }
}

/// What a user is told of: the store puts it into the outbox in the commit that makes the change.
pub enum Event<'a> {
    /// Another password.
    PasswordChanged,
    /// Another passkey, and what its owner calls it.
    PasskeyAdded(&'a str),
    /// Another address; the one before is told.
    AddressChanged,
    /// The account is deleted.
    Deleted,
    /// Anything else about how they sign in.
    Methods(Change),
}

/// News for a user, as they were before it happened; none where nobody can be told: no mail is sent, or no address is known to be
/// theirs. Nothing that happens depends on it.
#[must_use]
pub fn news(app: &App, origin: &Origin, user: &User, language: Language, event: Event<'_>) -> Option<News> {
    let to = user.email.as_deref().filter(|_| user.email_verified && app.mail.is_on())?;
    let language = language_of(user, language);
    let (account, happened) = (user.username.clone(), happened(app, origin, user, language));
    let link = |path: &str| Link::to(&app.config.issuer, path);
    let message = match event {
        Event::PasswordChanged => Message::PasswordChanged { account, happened, link: link(RECOVER) },
        Event::PasskeyAdded(passkey) => {
            Message::PasskeyAdded { account, passkey: passkey.to_owned(), happened, link: link("/account") }
        }
        Event::AddressChanged => Message::AddressChanged { account, happened, link: link("/account") },
        Event::Deleted => Message::AccountDeleted { account, happened, link: link("/") },
        Event::Methods(change) => {
            Message::MethodsChanged { account, change, happened, link: link("/account") }
        }
    };
    let kind = message.kind();
    app.mail.news(app, Mail { to, language, message }).unwrap_or_else(|error| {
        tracing::warn!(%error, kind, "a user is not told what happened to their account");
        None
    })
}

/// Tells a user that this session began on a device that they never signed in on before; but for the very first one, of which
/// there is nothing to tell. Whoever signs in again and again does not fill the outbox: while one such mail waits, it tells of
/// the others, too, which stand on the account's page.
pub async fn signed_in_anew(app: &App, origin: &Origin, user: &User, language: Language) {
    let Some(to) = user.email.as_deref().filter(|_| user.email_verified && app.mail.is_on()) else { return };
    let language = language_of(user, language);
    let message = Message::NewSignIn {
        account: user.username.clone(),
        happened: happened(app, origin, user, language),
        link: Link::to(&app.config.issuer, "/account"),
    };
    let is_news = async {
        let first = app.store.has_signed_in_once(&user.id).await?;
        Ok::<_, StoreError>(!first && !app.store.mail_waits(to, message.kind()).await?)
    };
    match is_news.await {
        Ok(true) => tell(app, user, language, message).await,
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "a user is not told of a new device"),
    }
}

/// How often at most a user is told that somebody got as far as their second factor.
const SECOND_FACTOR_TOLD: Duration = Duration::from_hours(24);

/// Tells a user that somebody who knows their password went no further than a wrong code (OWASP ASVS 6.3.5): on a device that is
/// not known, since everybody mistypes, and once a day at most.
pub async fn second_factor_refused(
    app: &App,
    origin: &Origin,
    devices: &Devices,
    user: &User,
    language: Language,
) {
    if devices.know(&user.id) || user.email.is_none() || !user.email_verified || !app.mail.is_on() {
        return;
    }
    let language = language_of(user, language);
    let message = Message::SecondFactorRefused {
        account: user.username.clone(),
        happened: happened(app, &origin.clone().by_user(&user.id), user, language),
        link: Link::to(&app.config.issuer, RECOVER),
    };
    match throttle::count_news(
        &app.store,
        &app.seals,
        message.kind(),
        &user.id,
        app.clock.now(),
        SECOND_FACTOR_TOLD,
    )
    .await
    {
        Ok(true) => tell(app, user, language, message).await,
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "a user is not told of a wrong second factor"),
    }
}

/// Sends news to whom they are about, if their address is known to be theirs. It is a write to the outbox, which nothing
/// that happened depends on.
async fn tell(app: &App, user: &User, language: Language, message: Message) {
    let Some(to) = user.email.as_deref().filter(|_| user.email_verified) else { return };
    let kind = message.kind();
    if let Err(error) = app.mail.send(app, Mail { to, language, message }).await {
        tracing::warn!(%error, kind, "a user is not told what happened to their account");
    }
}

/// What the profile says that the user reads, else what the request was made in.
fn language_of(user: &User, asked_in: Language) -> Language {
    negotiate(user.claims.locale.as_deref(), Some(asked_in.tag()), None)
}

/// When and where. An administrator's device and address are not told.
fn happened(app: &App, origin: &Origin, user: &User, language: Language) -> Happened {
    let by_themselves = origin.actor == Origin::actor_of(&user.id);
    Happened {
        at: app.clock.now(),
        device: if by_themselves && !origin.user_agent.is_empty() {
            describe_device(&Words::of(language), &origin.user_agent)
        } else {
            String::new()
        },
        ip: origin.ip.filter(|_| by_themselves),
    }
}
