//! Users (and from Keycloak, clients and groups) that come from another system. Each reader makes [`Found`] things of a file;
//! [`run`] judges them by the rules of every other way in, and adds them in batches. What is there already stays as it is.

mod auth0;
mod keycloak;
mod sheet;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Serialize;

pub use self::auth0::read as read_auth0;
pub use self::keycloak::read as read_keycloak;
pub use self::sheet::read as read_csv;
use super::clients::{self, take_secret};
use super::{Refusal, groups};
use crate::app::{App, Origin};
use crate::authn::imported_hash::{ImportedHash, NotTaken};
use crate::protocol::group::{self, GroupInput};
use crate::protocol::ids::{GroupId, UserId};
use crate::protocol::profile::{self, UserInput};
use crate::protocol::registration::{self, ClientInput};
use crate::protocol::secret::{acceptable_client_secret, sha256_hex};
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::store::{Newcomer, StoreError, Unique};

/// Users in one transaction.
const BATCH: usize = 200;

/// Sorts of password hashes at most: every refused sign-in costs one of each.
const MOST_SORTS: usize = 8;

/// Users whose hashes are looked at in one query.
const HASHES_A_PAGE: i64 = 1000;

/// Bytes of a file at most.
const LARGEST_FILE: u64 = 1 << 30;

/// Why a file cannot be read at all. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The operating system.
    #[error("{0}")]
    Io(String),
    /// It is not in the format that was named.
    #[error("{0}")]
    Format(String),
}

/// What a file holds.
#[derive(Default)]
pub struct Found {
    /// Groups by name, those that users are in among them.
    pub groups: Vec<String>,
    /// Clients, or why one cannot be here.
    pub clients: Vec<Item<FoundClient>>,
    /// Users, or why one cannot be here.
    pub users: Vec<Item<FoundUser>>,
}

/// One thing of a file.
pub struct Item<T> {
    /// Where it stands: `line 12`, `user 3`.
    pub place: String,
    /// What it calls itself.
    pub name: String,
    /// It, or why it is passed over.
    pub what: Result<T, String>,
}

/// A client of another system.
pub struct FoundClient {
    /// As it would be here.
    pub input: ClientInput,
    /// Its secret, where that is known.
    pub secret: Option<String>,
    /// What of it has no place here.
    pub notes: Vec<String>,
}

/// A user of another system.
#[derive(Default)]
pub struct FoundUser {
    /// The `sub` by which applications know them; another one is made up when it is left out.
    pub id: Option<String>,
    /// As they would be here.
    pub input: UserInput,
    /// Their password's hash, or why it is of no use.
    pub hash: Option<Result<ImportedHash, NotTaken>>,
    /// The names of their groups.
    pub groups: Vec<String>,
    /// When their account was made (Unix seconds).
    pub created_at: Option<i64>,
    /// What of them has no place here.
    pub notes: Vec<String>,
}

/// What became of a file.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Was nothing written, because only a try was asked for?
    pub dry_run: bool,
    /// What was added.
    pub taken: Taken,
    /// What was not, and why.
    pub skipped: Vec<Note>,
    /// What was added, but not all of it.
    pub notes: Vec<Note>,
    /// Secrets that were made up, because the file's could not be kept.
    pub secrets: Vec<super::as_code::NewSecret>,
}

/// How much was added.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Users, those without a password among them.
    pub users: usize,
    /// Of these, those whose password goes on working.
    pub with_password: usize,
    /// Clients.
    pub clients: usize,
    /// Groups.
    pub groups: usize,
}

/// One thing, and something about it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where it stands in the file.
    pub place: String,
    /// What it calls itself.
    pub name: String,
    /// What there is to say.
    pub reason: String,
}

/// A file's text.
fn text_of(file: &Path) -> Result<String, Unreadable> {
    let unreadable = |error: std::io::Error| Unreadable::Io(format!("{}: {error}", file.display()));
    if std::fs::metadata(file).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(Unreadable::Io(format!("{} is larger than 1 GiB: split it", file.display())));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    // As spreadsheets write it.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Adds what was found. `progress` hears how many users were looked at so far.
///
/// # Errors
/// The database is unavailable. What was added before stays, and a second run passes it over.
pub async fn run(
    app: &App,
    origin: &Origin,
    found: Found,
    dry_run: bool,
    progress: &mut dyn FnMut(usize),
) -> Result<Report, Refusal> {
    let mut importing = Importing {
        app,
        origin,
        report: Report { dry_run, ..Report::default() },
        groups: BTreeMap::new(),
        sorts: app.store.asked_anew().imported_sorts().await?.decoys.clone(),
        seen: HashSet::new(),
    };
    for name in found.groups {
        importing.group(name).await?;
    }
    for client in found.clients {
        importing.client(client).await?;
    }
    let (mut looked_at, mut batch) = (0, Vec::new());
    for user in found.users {
        looked_at += 1;
        batch.extend(importing.judged(user).await?);
        if batch.len() == BATCH {
            importing.add(std::mem::take(&mut batch)).await?;
            progress(looked_at);
        }
    }
    importing.add(batch).await?;
    progress(looked_at);
    Ok(importing.report)
}

/// Forgets the sorts of hashes that nobody has any more, so that refused passwords do not cost their checks for ever. Looks at
/// every user, a thousand at a time, until each sort was found; where nothing was imported, at none.
///
/// # Errors
/// The database is unavailable.
pub async fn forget_sorts(app: &App) -> Result<usize, StoreError> {
    let sorts = app.store.asked_anew().imported_sorts().await?;
    let mut missing: HashSet<&str> = sorts.decoys.iter().map(String::as_str).collect();
    let mut after = UserId::from("");
    while !missing.is_empty() {
        let page = app.store.password_hashes(&after, HASHES_A_PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for hash in page.iter().filter_map(|(_, hash)| ImportedHash::parse(hash).ok()) {
            missing.remove(hash.decoy().as_str());
        }
    }
    if missing.is_empty() {
        return Ok(0);
    }
    let forgotten = missing.len();
    let kept = sorts.decoys.iter().filter(|decoy| !missing.contains(decoy.as_str())).cloned().collect();
    Ok(if app.store.keep_sorts(&sorts, kept).await? { forgotten } else { 0 })
}

struct Importing<'a> {
    app: &'a App,
    origin: &'a Origin,
    report: Report,
    groups: BTreeMap<String, GroupId>,
    sorts: Vec<String>,
    /// Ids, names and addresses of this file, so that a try sees what is there twice.
    seen: HashSet<String>,
}

/// A user who breaks no rule.
struct Judged {
    place: String,
    name: String,
    newcomer: Newcomer,
}

impl Importing<'_> {
    fn skip(&mut self, place: String, name: String, reason: String) {
        self.report.skipped.push(Note { place, name, reason });
    }

    fn note(&mut self, place: &str, name: &str, reason: String) {
        self.report.notes.push(Note { place: place.to_owned(), name: name.to_owned(), reason });
    }

    async fn group(&mut self, name: String) -> Result<(), Refusal> {
        let key = name.to_lowercase();
        if self.groups.contains_key(&key) {
            return Ok(());
        }
        let input = GroupInput { name: Some(name.clone()), ..GroupInput::default() };
        if let Err(problems) = group::check(&input) {
            self.skip("group".to_owned(), name, Refusal::Invalid(problems).to_string());
            return Ok(());
        }
        // Who is in a group that is here already joins it.
        if let Some(standing) = self.app.store.group_by_name(name.trim()).await? {
            self.groups.insert(key, standing.id);
            return Ok(());
        }
        let id = if self.report.dry_run {
            self.app.entropy.opaque_id().into()
        } else {
            groups::create(self.app, self.origin, &input).await?.id
        };
        self.groups.insert(key, id);
        self.report.taken.groups += 1;
        Ok(())
    }

    async fn client(&mut self, item: Item<FoundClient>) -> Result<(), Refusal> {
        let Item { place, name, what } = item;
        let client = match what {
            Ok(client) => client,
            Err(reason) => {
                self.skip(place, name, reason);
                return Ok(());
            }
        };
        match self.one_client(&client).await {
            Ok(secret) => {
                self.report.taken.clients += 1;
                for reason in client.notes {
                    self.note(&place, &name, reason);
                }
                if let Some(client_secret) = secret {
                    let reason = "its secret could not be kept: it has a new one".to_owned();
                    self.note(&place, &name, reason);
                    self.report
                        .secrets
                        .push(super::as_code::NewSecret::Client { client_id: name, client_secret });
                }
            }
            Err(refusal @ (Refusal::Invalid(_) | Refusal::Store(StoreError::Taken(_)))) => {
                self.skip(place, name, refusal.to_string());
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Answers a secret that was made up.
    async fn one_client(&self, found: &FoundClient) -> Result<Option<String>, Refusal> {
        let app = self.app;
        let wanted = registration::check(&found.input, clients::policy(app)).map_err(Refusal::Invalid)?;
        if let Some(id) = &wanted.client_id
            && app.store.asked_anew().client(id).await?.is_some()
        {
            return Err(Refusal::Store(StoreError::Taken(Unique::ClientId)));
        }
        if self.report.dry_run {
            return Ok(None);
        }
        let mut issued = clients::made(app, wanted, None).await?;
        let as_key = issued.client.metadata.needs_secret_as_key();
        let kept = found.secret.as_ref().filter(|secret| acceptable_client_secret(secret, as_key).is_ok());
        if let (Some(secret), true) = (kept, issued.client.needs_secret()) {
            take_secret(app, &mut issued.client, secret)?;
            issued.secret = None;
        }
        let client = &issued.client;
        let detail = format!("{} (imported)", client.metadata.client_name);
        let audit = app.audit(self.origin, "client.create", clients::target(&client.id), detail);
        app.store.insert_client(client, &audit).await?;
        Ok(issued.secret)
    }

    /// A user who can be here, or nobody.
    async fn judged(&mut self, item: Item<FoundUser>) -> Result<Option<Judged>, Refusal> {
        let Item { place, name, what } = item;
        let mut user = match what {
            Ok(user) => user,
            Err(reason) => {
                self.skip(place, name, reason);
                return Ok(None);
            }
        };
        if let Err(reason) = self.give_name(&mut user).await? {
            self.skip(place, name, reason);
            return Ok(None);
        }
        let wanted = match self.checked(&place, &name, &mut user.input) {
            Ok(wanted) => wanted,
            Err(refusal) => {
                self.skip(place, name, refusal.to_string());
                return Ok(None);
            }
        };
        let password_hash = self.hash(&place, &name, user.hash.take());
        let app = self.app;
        let id = match user.id.take() {
            Some(id) if is_id(&id) => id,
            Some(_) => {
                let reason = "its id cannot be kept: applications will know this user by another sub";
                self.note(&place, &name, reason.to_owned());
                app.entropy.opaque_id()
            }
            None => app.entropy.opaque_id(),
        };
        let keys = [
            Some(format!("id:{id}")),
            Some(format!("username:{}", wanted.username)),
            wanted.email.as_ref().map(|email| format!("email:{email}")),
        ];
        if let Some(twice) = keys.iter().flatten().find(|key| self.seen.contains(*key)) {
            let reason = format!("stands in this file twice ({twice})");
            self.skip(place, name, reason);
            return Ok(None);
        }
        self.seen.extend(keys.into_iter().flatten());
        for reason in user.notes {
            self.note(&place, &name, reason);
        }
        let known = user.groups.iter().filter_map(|group| self.groups.get(&group.to_lowercase()));
        let groups: Vec<GroupId> = known.cloned().collect();
        let now = app.clock.now();
        let user = User {
            id: id.into(),
            username: wanted.username,
            email: wanted.email,
            email_verified: wanted.email_verified,
            name: wanted.name,
            claims: wanted.claims,
            password_hash,
            is_admin: wanted.is_admin,
            new_password_required: false,
            disabled: wanted.disabled,
            created_at: user.created_at.map(Timestamp).filter(|at| at.0 > 0 && *at < now).unwrap_or(now),
            updated_at: now,
        };
        let detail =
            if user.is_admin { format!("{} is_admin=true", user.username) } else { user.username.clone() };
        let audit = app.audit(self.origin, "user.import", format!("user:{}", user.id), detail);
        Ok(Some(Judged { place, name, newcomer: Newcomer { user, groups, audit } }))
    }

    /// Whoever has no user name that can be one here gets one after their address, by which they go on signing in.
    async fn give_name(&self, user: &mut FoundUser) -> Result<Result<(), String>, Refusal> {
        let input = &mut user.input;
        let named = input.username.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let address = match named {
            Some(name) if name.contains('@') => {
                let name = name.to_owned();
                input.email.get_or_insert_with(|| name.clone());
                name
            }
            Some(_) => return Ok(Ok(())),
            None => match &input.email {
                Some(email) => email.clone(),
                None => return Ok(Err("has neither a user name nor an e-mail address".to_owned())),
            },
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
        let local = address.rsplit_once('@').map_or(address.as_str(), |(local, _)| local);
        let local: String =
            local.chars().take(48).map(|c| if allowed(c) { c.to_ascii_lowercase() } else { '.' }).collect();
        let local = if local.is_empty() { "user".to_owned() } else { local };
        let is_taken = self.seen.contains(&format!("username:{local}"))
            || self.app.store.user_by_login(&local).await?.is_some();
        input.username = Some(if is_taken {
            // The same in every run.
            let mark: String = sha256_hex(&address.to_lowercase()).chars().take(8).collect();
            format!("{local}-{mark}")
        } else {
            local
        });
        Ok(Ok(()))
    }

    /// A profile that keeps every rule. Claims that break one are left out; user name and address are not to be spared.
    fn checked(
        &mut self,
        place: &str,
        name: &str,
        input: &mut UserInput,
    ) -> Result<profile::Profile, Refusal> {
        let problems = match profile::check(input, None) {
            Ok(wanted) => return Ok(wanted),
            Err(problems) => problems,
        };
        let essential = |field: &str| matches!(field, "username" | "email" | "email_verified" | "password");
        if problems.iter().any(|problem| essential(problem.field)) {
            return Err(Refusal::Invalid(problems));
        }
        let wrong: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        let verified = input.claims.phone_number_verified.filter(|_| !wrong.contains(&"phone_number"));
        let texts: BTreeMap<&str, String> = input
            .claims
            .texts()
            .into_iter()
            .filter_map(|(field, text)| {
                text.filter(|_| !wrong.contains(&field)).map(|text| (field, text.to_owned()))
            })
            .collect();
        input.claims = StandardClaims {
            phone_number_verified: verified,
            ..StandardClaims::from_texts(|field| texts.get(field).cloned())
        };
        if wrong.contains(&"name") {
            input.name = None;
        }
        let wanted = profile::check(input, None).map_err(Refusal::Invalid)?;
        self.note(place, name, format!("left out, as it breaks a rule: {}", wrong.join(", ")));
        Ok(wanted)
    }

    /// The hash to store.
    fn hash(
        &mut self,
        place: &str,
        name: &str,
        found: Option<Result<ImportedHash, NotTaken>>,
    ) -> Option<String> {
        let why_not = match found? {
            Ok(hash) => {
                let sort = hash.decoy();
                if self.sorts.contains(&sort) {
                    return Some(hash.to_string());
                }
                if self.sorts.len() < MOST_SORTS {
                    self.sorts.push(sort);
                    return Some(hash.to_string());
                }
                format!("there are {MOST_SORTS} sorts of password hashes here already")
            }
            Err(why_not) => why_not.to_string(),
        };
        self.note(place, name, format!("comes without a password: {why_not}"));
        None
    }

    async fn add(&mut self, batch: Vec<Judged>) -> Result<(), Refusal> {
        if batch.is_empty() {
            return Ok(());
        }
        let (mut names, mut newcomers) = (Vec::new(), Vec::new());
        for judged in batch {
            names.push((judged.place, judged.name));
            newcomers.push(judged.newcomer);
        }
        let (store, dry_run) = (&self.app.store, self.report.dry_run);
        if dry_run {
            // The groups are not there.
            for newcomer in &mut newcomers {
                newcomer.groups.clear();
            }
        }
        let outcome = match store.import_users(&newcomers, &self.sorts, dry_run).await {
            // Somebody signed up at the same moment; now it is seen who.
            Err(StoreError::Taken(_)) => store.import_users(&newcomers, &self.sorts, dry_run).await?,
            other => other?,
        };
        for (((place, name), newcomer), taken) in names.into_iter().zip(newcomers).zip(outcome) {
            if let Some(what) = taken {
                self.skip(place, name, format!("{what} is already in use"));
            } else {
                self.report.taken.users += 1;
                self.report.taken.with_password += usize::from(newcomer.user.password_hash.is_some());
            }
        }
        Ok(())
    }
}

/// May this be somebody's `sub` here (Core §2: 255 ASCII characters at most)? None looks like a client's.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with("c-")
}
