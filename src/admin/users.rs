//! Users: add, change, set a password, sign out, delete.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::access::{allow, managed_by, user_facts};
use super::clients::next_version;
use super::{Refusal, changes, cut};
use crate::app::{App, Origin};
use crate::authn::{is_refused_password, throttle};
use crate::http::session;
use crate::i18n::{Language, Words};
use crate::mail::Fate;
use crate::mail::to_users::{self, Event, news};
use crate::pages::describe_device;
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::password_strength::{words_about, words_about_user};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::profile::{self, UserInput};
use crate::protocol::recovery::Aim;
use crate::protocol::session::Session;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::{User, acceptable_password, canonical_username};
use crate::protocol::user_search::UserSearch;
use crate::sealing::BadCursor;
use crate::store::NewSession;

/// A user in answers.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct UserView {
    /// Doubles as `sub`.
    pub id: String,
    /// User name.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Was the address shown to be the user's?
    pub email_verified: bool,
    /// Name to show.
    pub name: Option<String>,
    /// What else the standard claims tell, each by its name.
    #[serde(flatten)]
    pub claims: StandardClaims,
    /// May administer this server.
    pub is_admin: bool,
    /// Switched off.
    pub disabled: bool,
    /// Is there a password to sign in with?
    pub has_password: bool,
    /// Must the user choose another password before this one opens anything?
    pub new_password_required: bool,
    /// When the account was made (Unix seconds).
    pub created_at: i64,
    /// When it last changed (Unix seconds).
    pub updated_at: i64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            email: user.email,
            email_verified: user.email_verified,
            name: user.name,
            claims: user.claims,
            is_admin: user.is_admin,
            disabled: user.disabled,
            has_password: user.password_hash.is_some(),
            new_password_required: user.new_password_required,
            created_at: user.created_at.0,
            updated_at: user.updated_at.0,
        }
    }
}

/// A signed-in browser.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Its public name (`sid`).
    pub id: String,
    /// The device, as far as its browser tells.
    pub device: String,
    /// Address at sign-in.
    pub ip: String,
    /// How the user proved who they are (RFC 8176).
    pub methods: Vec<String>,
    /// When it began (Unix seconds).
    pub created_at: i64,
    /// Last use, to the minute (Unix seconds).
    pub last_seen_at: i64,
    /// When it ends whatever happens (Unix seconds).
    pub expires_at: i64,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            device: describe_device(&Words::ENGLISH, &session.user_agent),
            id: session.id.to_string(),
            ip: session.ip,
            methods: session.methods.split_whitespace().map(str::to_owned).collect(),
            created_at: session.created_at.0,
            last_seen_at: session.last_seen_at.0,
            expires_at: session.expires_at.0,
        }
    }
}

/// Some users, and where the next ones begin.
pub struct Page {
    /// By user name; where they were searched for, those first whom a word leads to.
    pub users: Vec<User>,
    /// The place to go on after; none at the end.
    pub next: Option<String>,
    /// Until this user name everybody was looked at; none where that was not needed, or came to its end.
    pub reached: Option<String>,
}

/// Words that are followed for one page at most, and how many at once.
const WORDS: (u32, u32) = (1_000, 200);

/// Users who are looked through for one page at most, where the words do not fill it.
const LOOKED_THROUGH: u32 = 5_000;

/// How far a search has come.
enum Place {
    /// Behind a word of the index and a user.
    Word(String, String),
    /// Through the words, and of all users behind this user name.
    User(String),
}

impl Place {
    fn to_text(&self) -> String {
        match self {
            Self::Word(word, user) => format!("w{word}:{user}"),
            Self::User(username) => format!("u{username}"),
        }
    }

    fn of(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("w", place) => {
                place.split_once(':').map(|(word, user)| Self::Word(word.to_owned(), user.to_owned()))
            }
            ("u", username) => Some(Self::User(username.to_owned())),
            _ => None,
        }
    }
}

/// Users after the place `after`, `limit` at most: everybody by user name, or those whose user name, address or name holds
/// each word of `query`. Of a million, those come first who have a word that begins so, found by an index; then, a part of
/// all users at a time, those who hold it anywhere: a page may be empty and yet lead on.
///
/// # Errors
/// There is no such place, or the database is unavailable.
pub async fn list(app: &App, query: &str, after: &str, limit: u32) -> Result<Page, Refusal> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let Some(search) = UserSearch::parse(query) else {
        let (users, more) = cut(app.store.users(after, limit.saturating_add(1)).await?, limit);
        let next = users.last().filter(|_| more).map(|user| user.username.clone());
        return Ok(Page { users, next, reached: None });
    };
    let place = match after {
        "" => Place::Word(search.lead().to_owned(), String::new()),
        place => Place::of(place).ok_or_else(|| Refusal::field("after", BadCursor::Forged))?,
    };
    let mut users = Vec::new();
    let username = match place {
        Place::User(username) => username,
        Place::Word(word, user) => {
            if let Some(next) = by_word(app, &search, (word, user), most, &mut users).await? {
                return Ok(Page { users, next: Some(next.to_text()), reached: None });
            }
            String::new()
        }
    };
    let window = app.store.users_holding(search.longest_term(), &username, LOOKED_THROUGH).await?;
    let mut behind = username;
    for (user, words_known) in window.users {
        if !search.means(&user) || (words_known && search.first_word(&user).is_some()) {
            continue;
        }
        if users.len() == most {
            return Ok(Page { users, next: Some(Place::User(behind).to_text()), reached: None });
        }
        behind.clone_from(&user.username);
        users.push(user);
    }
    let next = window.reached.clone().map(|username| Place::User(username).to_text());
    Ok(Page { users, next, reached: window.reached })
}

/// Follows the words of a search from behind a place on, and adds whom they lead to. Answers where to go on; none at the end
/// of the words.
async fn by_word(
    app: &App,
    search: &UserSearch,
    mut behind: (String, String),
    most: usize,
    users: &mut Vec<User>,
) -> Result<Option<Place>, Refusal> {
    let end = search.end();
    let (all, at_once) = WORDS;
    let mut followed = 0;
    while followed < all {
        let rows = app.store.users_by_word((&behind.0, &behind.1), &end, at_once).await?;
        let at_end = rows.len() < usize::try_from(at_once).unwrap_or(usize::MAX);
        for (word, user) in rows {
            // Several words may lead to one user: the first counts.
            if search.means(&user) && search.first_word(&user).as_ref() == Some(&word) {
                if users.len() == most {
                    return Ok(Some(Place::Word(behind.0, behind.1)));
                }
                behind = (word, user.id.to_string());
                users.push(user);
            } else {
                behind = (word, user.id.to_string());
            }
        }
        if at_end {
            return Ok(None);
        }
        followed += at_once;
    }
    Ok(Some(Place::Word(behind.0, behind.1)))
}

/// The same as far as somebody may see them.
///
/// # Errors
/// As [`list`].
pub async fn list_for(
    app: &App,
    origin: &Origin,
    query: &str,
    after: &str,
    limit: u32,
) -> Result<Page, Refusal> {
    let Some(holder) = managed_by(origin, Permission::Read(Resource::Users)) else {
        return list(app, query, after, limit).await;
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (search, asked) = (UserSearch::parse(query), limit.saturating_add(1));
    let (mut users, mut behind, mut looked) = (Vec::new(), after.to_owned(), 0);
    while looked < LOOKED_THROUGH {
        let some = app.store.users_managed_by(&holder, &behind, asked).await?;
        looked += asked;
        let at_end = some.len() <= most;
        for user in some {
            if search.as_ref().is_none_or(|search| search.means(&user)) {
                if users.len() == most {
                    return Ok(Page { users, next: Some(behind), reached: None });
                }
                users.push(user.clone());
            }
            behind = user.username;
        }
        if at_end {
            return Ok(Page { users, next: None, reached: None });
        }
    }
    Ok(Page { users, next: Some(behind.clone()), reached: Some(behind) })
}

/// Makes a user of what was asked for, and hashes the first password. Nothing is written.
///
/// # Errors
/// The profile breaks a rule, or the password is too easy to guess.
pub async fn prepare(app: &App, mut input: UserInput) -> Result<User, Refusal> {
    let wanted = profile::check(&input, None).map_err(Refusal::Invalid)?;
    let password_hash = match input.password.take() {
        Some(password) => {
            let (email, name) = (wanted.email.as_deref(), wanted.name.as_deref());
            let known = words_about(&wanted.username, email, name, &app.own_words());
            Some(app.passwords.hash_chosen(password.into(), known).await??)
        }
        None => None,
    };
    let now = app.clock.now();
    Ok(User {
        id: app.entropy.opaque_id().into(),
        username: wanted.username,
        email: wanted.email,
        email_verified: wanted.email_verified,
        name: wanted.name,
        claims: wanted.claims,
        password_hash,
        is_admin: wanted.is_admin,
        new_password_required: false,
        disabled: wanted.disabled,
        created_at: now,
        updated_at: now,
    })
}

/// Adds a user.
///
/// # Errors
/// The profile breaks a rule, or its user name or address is in use.
pub async fn create(app: &App, origin: &Origin, input: UserInput) -> Result<User, Refusal> {
    let deed = Deed::CreateUser { is_admin: input.is_admin == Some(true) };
    allow(app, origin, &deed, "user:").await?;
    insert(app, origin, input).await
}

/// Adds a user who signs up.
///
/// # Errors
/// The profile breaks a rule, or its user name or address is in use.
pub(crate) async fn insert(app: &App, origin: &Origin, input: UserInput) -> Result<User, Refusal> {
    let user = prepare(app, input).await?;
    let detail =
        if user.is_admin { format!("{} is_admin=true", user.username) } else { user.username.clone() };
    let audit = app.audit(origin, "user.create", target(&user.id), detail);
    app.store.insert_user(&user, &audit).await?;
    Ok(user)
}

/// The user with this id.
///
/// # Errors
/// There is none.
pub async fn find(app: &App, id: &str) -> Result<User, Refusal> {
    let user = app.store.asked_anew().user(&id.into()).await?;
    user.map(Arc::unwrap_or_clone).ok_or(Refusal::NotFound("user"))
}

/// The user with this id, for somebody who looks at their profile.
///
/// # Errors
/// They are not theirs to see, or there is none.
pub async fn seen(app: &App, origin: &Origin, id: &str) -> Result<User, Refusal> {
    let user = known(app, origin, id).await?;
    let facts = user_facts(app, origin, &user).await?;
    allow(app, origin, &Deed::SeeUser(&facts), &target(&user.id)).await?;
    Ok(user)
}

/// The user with this id, for somebody who looks at their sessions and ways to sign in.
///
/// # Errors
/// They are not theirs to see, or there is none.
pub async fn account_seen(app: &App, origin: &Origin, id: &str) -> Result<User, Refusal> {
    let user = known(app, origin, id).await?;
    let facts = user_facts(app, origin, &user).await?;
    allow(app, origin, &Deed::SeeAccount(&facts), &target(&user.id)).await?;
    Ok(user)
}

/// The user with this id. Who may not see all users does not learn that there is none.
pub(super) async fn known(app: &App, origin: &Origin, id: &str) -> Result<User, Refusal> {
    let found = find(app, id).await;
    if matches!(found, Err(Refusal::NotFound(_))) {
        let deed = Deed::Whole(Permission::Read(Resource::Users));
        allow(app, origin, &deed, &target(&id.into())).await?;
    }
    found
}

/// May somebody change this user in this way?
pub(super) async fn may_change(
    app: &App,
    origin: &Origin,
    user: &User,
    widened: &[&'static str],
) -> Result<(), Refusal> {
    let facts = user_facts(app, origin, user).await?;
    allow(app, origin, &Deed::ChangeUser { user: &facts, widened }, &target(&user.id)).await
}

/// Changes a user from what it was when it was read to what it should be. Switching a user off ends every session
/// and grant of theirs. An address that they have no more is told, in this language unless they have another one, if it was known
/// to be theirs.
///
/// # Errors
/// The profile breaks a rule or is in use, the user is the last administrator, or somebody else changed or deleted
/// the user meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &User,
    input: &UserInput,
    language: Language,
) -> Result<User, Refusal> {
    let wanted = profile::check(input, Some(before)).map_err(Refusal::Invalid)?;
    let widened: Vec<_> = [
        ("is_admin", wanted.is_admin && !before.is_admin),
        ("username", wanted.username != before.username),
        ("email", wanted.email != before.email),
        // Taken away, too: nothing is told to an address that is not known to be theirs.
        ("email_verified", wanted.email_verified != before.email_verified),
        ("disabled", before.disabled && !wanted.disabled),
        (
            "phone_number_verified",
            wanted.claims.phone_number_verified == Some(true)
                && before.claims.phone_number_verified != Some(true),
        ),
    ]
    .into_iter()
    .filter_map(|(field, wider)| wider.then_some(field))
    .collect();
    may_change(app, origin, before, &widened).await?;
    store_change(app, origin, before, input, language).await
}

/// The same for a user who changes their own profile, by the rules of the account's pages.
///
/// # Errors
/// As there.
pub(crate) async fn store_change(
    app: &App,
    origin: &Origin,
    before: &User,
    input: &UserInput,
    language: Language,
) -> Result<User, Refusal> {
    let wanted = profile::check(input, Some(before)).map_err(Refusal::Invalid)?;
    let after = User {
        username: wanted.username,
        email: wanted.email,
        email_verified: wanted.email_verified,
        name: wanted.name,
        claims: wanted.claims,
        is_admin: wanted.is_admin,
        disabled: wanted.disabled,
        updated_at: next_version(app, before.updated_at),
        ..before.clone()
    };
    let audit = app.audit(origin, "user.update", target(&after.id), changes(&whole(before), &whole(&after)));
    let moved = before.email != after.email;
    let news = if moved { news(app, origin, before, language, Event::AddressChanged) } else { None };
    if app.store.update_user(&after, before.updated_at, audit.telling(news.as_ref())).await? {
        Ok(after)
    } else {
        Err(Refusal::Changed("user"))
    }
}

/// Sets a user's password, and ends every session and grant of theirs. They are told by mail, in this language unless they have
/// another one.
///
/// # Errors
/// The password breaks a rule or is too easy to guess, or the user is gone.
pub async fn set_password(
    app: &App,
    origin: &Origin,
    user: &User,
    password: String,
    language: Language,
) -> Result<(), Refusal> {
    may_change(app, origin, user, &[]).await?;
    store_password(app, origin, user, password, None, language).await
}

/// The same for a user who changes their own password, by the rules of the account's pages, and has the `next` session from then
/// on.
///
/// # Errors
/// As there.
pub(crate) async fn store_password(
    app: &App,
    origin: &Origin,
    user: &User,
    password: String,
    next: Option<&NewSession>,
    language: Language,
) -> Result<(), Refusal> {
    if app.directory.is_some() && app.store.entry_of_user(&user.id).await?.is_some() {
        return Err(Refusal::field("password", "is kept by the directory: change it there"));
    }
    acceptable_password(&password).map_err(|problem| Refusal::field("password", problem))?;
    let known = words_about_user(user, &app.own_words());
    let hash = app.passwords.hash_chosen(password.clone().into(), known).await??;
    // What is easy to guess was refused before: the answer tells nobody whether they guessed the old one.
    if is_refused_password(app, user, &password).await? {
        return Err(Refusal::field("password", "is the one that is to be replaced: choose another"));
    }
    let now = next_version(app, user.updated_at);
    let audit = app.audit(origin, "user.set_password", target(&user.id), "");
    let news = news(app, origin, user, language, Event::PasswordChanged);
    // What was decided about the user as they were read holds for nobody else: they may be an administrator by now.
    let read_at = Some(user.updated_at);
    let noted = audit.telling(news.as_ref());
    if app.store.set_password_read(&user.id, &hash, next, now, read_at, noted).await? {
        // It is changed, whatever fails from here on.
        if let Err(error) = throttle::lift(&app.store, &app.seals, user).await {
            tracing::warn!(%error, "what was guessed at the former password still counts");
        }
        Ok(())
    } else {
        find(app, user.id.as_str()).await?;
        Err(Refusal::Changed("user"))
    }
}

/// Has a user choose another password before the one that they have opens anything again, and ends every session and grant of
/// theirs. With `by_mail` they get the link to do so; answers what became of it, and nothing where there is no address that is
/// known to be theirs, or no mail is sent.
///
/// # Errors
/// They are not theirs to change, the account has no password of its own, or somebody else changed or deleted the user
/// meanwhile.
pub async fn require_new_password(
    app: &App,
    origin: &Origin,
    user: &User,
    by_mail: bool,
) -> Result<Option<Fate>, Refusal> {
    may_change(app, origin, user, &[]).await?;
    if app.directory.is_some() && app.store.entry_of_user(&user.id).await?.is_some() {
        return Err(Refusal::field("password", "is kept by the directory: replace it there"));
    }
    if user.password_hash.is_none() {
        return Err(Refusal::field("password", "there is none that could be replaced"));
    }
    let now = next_version(app, user.updated_at);
    let audit = app.audit(origin, "user.require_password", target(&user.id), "");
    if !app.store.require_new_password(&user.id, user.updated_at, now, &audit).await? {
        return Err(Refusal::Changed("user"));
    }
    if !by_mail || !app.mail.is_on() {
        return Ok(None);
    }
    let user = find(app, user.id.as_str()).await?;
    Ok(to_users::link(app, origin, Aim::ResetPassword, &user, Language::English).await?)
}

/// Where a user is signed in, the session used last first.
///
/// # Errors
/// The database is unavailable.
pub async fn sessions(app: &App, user: &User) -> Result<Vec<SessionView>, Refusal> {
    Ok(session::live_of_user(app, &user.id).await?.into_iter().map(SessionView::from).collect())
}

/// Signs a user out everywhere. Answers how many sessions that ended.
///
/// # Errors
/// The database is unavailable.
pub async fn end_sessions(app: &App, origin: &Origin, user: &User) -> Result<u64, Refusal> {
    may_change(app, origin, user, &[]).await?;
    let audit = app.audit(origin, "user.end_sessions", target(&user.id), "");
    Ok(app.store.end_sessions_of_user(&user.id, None, &audit).await?)
}

/// Signs one of a user's devices out.
///
/// # Errors
/// The user has no such session any more, or the database is unavailable.
pub async fn end_session(app: &App, origin: &Origin, user: &User, id: &SessionId) -> Result<(), Refusal> {
    may_change(app, origin, user, &[]).await?;
    let audit = app.audit(origin, "session.end", format!("session:{id}"), format!("of {}", user.username));
    if app.store.end_session(&user.id, id, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("session"))
    }
}

/// Deletes a user with their sessions, consents and grants. They are told, if an address is known to be theirs.
///
/// # Errors
/// There is none with this id, it is the last administrator, or somebody else changed them meanwhile.
pub async fn delete(app: &App, origin: &Origin, user: &User) -> Result<(), Refusal> {
    let facts = user_facts(app, origin, user).await?;
    allow(app, origin, &Deed::DeleteUser(&facts), &target(&user.id)).await?;
    let audit = app.audit(origin, "user.delete", target(&user.id), user.username.as_str());
    let news = news(app, origin, user, Language::English, Event::Deleted);
    if app.store.delete_user_read(&user.id, Some(user.updated_at), audit.telling(news.as_ref())).await? {
        return Ok(());
    }
    find(app, user.id.as_str()).await?;
    Err(Refusal::Changed("user"))
}

/// Lets anybody have a user name again that was given up a short while ago: its owner's new account, for example.
///
/// # Errors
/// The name is not kept, or is none.
pub async fn free_name(app: &App, origin: &Origin, name: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Users)), "user:").await?;
    let name = canonical_username(name).map_err(|problem| Refusal::field("username", problem))?;
    let audit = app.audit(origin, "user_name.free", "user:unknown".to_owned(), &name[..]);
    if app.store.free_name(&app.seals, &name, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("name that is kept"))
    }
}

/// A profile with what was verified.
fn whole(user: &User) -> UserInput {
    UserInput {
        email_verified: Some(user.email_verified),
        claims: user.claims.clone(),
        ..UserInput::from(user)
    }
}

fn target(id: &UserId) -> String {
    format!("user:{id}")
}
