//! The passwords of an organisation's directory (LDAP, RFC 4511): looked up there, proved by a bind there, and kept nowhere
//! here. Whoever signs in for the first time gets an account, which belongs to the entry's unique id from then on.

use std::sync::Arc;

use ldap3::{
    LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, dn_escape, ldap_escape,
};
use rustls::ClientConfig;
use tokio::sync::Semaphore;

use super::throttle::{self, Counted};
use super::{Check, SignInError, password};
use crate::app::{App, Origin, Parts};
use crate::config::{Attributes, Bind, Directory as Settings};
use crate::protocol::ids::UserId;
use crate::protocol::secret::hex;
use crate::protocol::sign_in::Method;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::{LONGEST_PASSWORD, User, canonical_email, canonical_username, display_name};
use crate::store::StoreError;

/// Conversations with the directory at once.
const MOST_AT_ONCE: usize = 64;

/// Groups of one user, and bytes in the name of one; what is beyond is passed over.
const MOST_GROUPS: usize = 500;
const LONGEST_GROUP: usize = 512;

/// Result codes of a bind (RFC 4511 appendix A) that mean: not with this password. Noted beside each is who says so.
const NOT_LET_IN: [u32; 6] = [
    19, // constraintViolation: a locked account (password policies)
    32, // noSuchObject: no entry of this name
    34, // invalidDNSyntax: no name that an entry could have
    48, // inappropriateAuthentication: an entry without a password
    49, // invalidCredentials; Active Directory says so of switched-off and locked accounts too
    53, // unwillingToPerform: an account that is switched off
];

/// Why the directory said nothing.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be reached, is too slow, or what it says cannot be understood.
    #[error("the directory does not answer: {0}")]
    Silent(String),
    /// It does not take this server's own name and password.
    #[error("the directory refuses directory.bind_dn: {0}")]
    Refused(String),
    /// Too many ask it.
    #[error("too many ask the directory at once")]
    Busy,
    /// The entry's password was guessed at too often, under whichever of its names.
    #[error("too many guesses at one entry of the directory")]
    TooManyGuesses {
        /// Seconds until the window is over.
        retry_after: i64,
    },
    /// The guess could not be counted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificates to trust.
    #[error("directory.ca_file: {0}")]
    Certificates(String),
}

impl From<LdapError> for DirectoryError {
    fn from(error: LdapError) -> Self {
        Self::Silent(error.to_string())
    }
}

/// The directory, as a client of it.
pub struct Directory {
    settings: Arc<Settings>,
    tls: Arc<ClientConfig>,
    places: Semaphore,
}

/// What the directory says about somebody whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its unique id, in hexadecimal.
    pub id: String,
    /// Canonical user name.
    pub username: String,
    /// Canonical address.
    pub email: Option<String>,
    /// Name to show.
    pub name: Option<String>,
    /// Names of groups.
    pub groups: Vec<String>,
}

impl Directory {
    /// Prepares the way there; nothing is asked yet.
    ///
    /// # Errors
    /// The certificates are of no use.
    pub fn new(settings: Settings) -> Result<Self, DirectoryError> {
        let tls = crate::outgoing::client_config(settings.ca_certificates.as_deref())
            .map_err(DirectoryError::Certificates)?;
        Ok(Self { settings: Arc::new(settings), tls: Arc::new(tls), places: Semaphore::new(MOST_AT_ONCE) })
    }

    /// The entry of whoever has this name and this password; none if either is wrong. The guess is counted at the entry, unless it
    /// is counted at a known device.
    ///
    /// # Errors
    /// The directory said nothing; or there were too many guesses at the entry.
    pub async fn entry(
        &self,
        guesses: &Guesses,
        login: &str,
        password: &str,
    ) -> Result<Option<Entry>, DirectoryError> {
        // RFC 4513 §5.1.2: a bind with a name and no password is no proof of anything, and directories answer "success".
        if password.is_empty() || password.chars().count() > LONGEST_PASSWORD {
            return Ok(None);
        }
        // Directories take many spellings for the same name (RFC 4518); each would have a limit on guesses of its own.
        if canonical_username(login).is_err() && canonical_email(login).is_err() {
            return Ok(None);
        }
        let (settings, tls) = (Arc::clone(&self.settings), Arc::clone(&self.tls));
        let asked = (login.to_owned(), zeroize::Zeroizing::new(password.to_owned()));
        let guesses = guesses.clone();
        self.within_limits(async move { talk(&settings, tls, &guesses, &asked.0, &asked.1).await }).await
    }

    /// Does the directory still let this user in, as far as it says so without their password: is there an entry of this id that
    /// the filter finds by this user name? Where only users themselves may look, that is not known, and taken for granted.
    ///
    /// # Errors
    /// The directory said nothing.
    pub async fn still_has(&self, entry_id: &str, username: &str) -> Result<bool, DirectoryError> {
        if matches!(self.settings.bind, Bind::AsUser(_)) {
            return Ok(true);
        }
        let (settings, tls) = (Arc::clone(&self.settings), Arc::clone(&self.tls));
        let (entry_id, username) = (entry_id.to_owned(), username.to_owned());
        self.within_limits(async move {
            let mut ldap = connect(&settings, tls).await?;
            introduce(&settings, &mut ldap).await?;
            let found = search(&settings, &mut ldap, &settings.base, Scope::Subtree, &username).await?;
            let _ = ldap.unbind().await;
            let entry = found.and_then(|found| entry_of(&settings, &found));
            Ok(entry.is_some_and(|entry| entry.id == entry_id))
        })
        .await
    }

    async fn within_limits<T: Send + 'static>(
        &self,
        talk: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let _place = self.places.try_acquire().map_err(|_| DirectoryError::Busy)?;
        // In a task of its own: the parser of answers panics at what is no LDAP.
        let talk = tokio::spawn(talk);
        let abort = talk.abort_handle();
        match tokio::time::timeout(self.settings.timeout, talk).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(DirectoryError::Silent("its answer is no LDAP".to_owned())),
            Err(_) => {
                abort.abort();
                Err(DirectoryError::Silent(format!("nothing within {:?}", self.settings.timeout)))
            }
        }
    }
}

/// Where a guess at an entry's password is counted.
#[derive(Clone)]
pub enum Guesses {
    /// At the entry: it has one limit, whichever of its names is typed.
    AtTheEntry(App),
    /// Elsewhere: at a device that its user is known on, whom guesses made elsewhere do not lock out.
    Elsewhere,
}

impl Guesses {
    /// A bind that proves a password, counted before it is made. A right password forgets the count, and what the directory says
    /// nothing to does not count.
    async fn bind(&self, ldap: &mut ldap3::Ldap, dn: &str, password: &str) -> Result<bool, DirectoryError> {
        let Self::AtTheEntry(app) = self else { return binds(ldap, dn, password).await };
        let Parts { store, seals, config, clock, .. } = &**app;
        let counted = throttle::count_entry(store, seals, &config.throttle, dn, clock.now()).await?;
        let attempt = match counted {
            Counted::Allowed(attempt) => attempt,
            Counted::TooMany { retry_after } => return Err(DirectoryError::TooManyGuesses { retry_after }),
        };
        let proved = binds(ldap, dn, password).await;
        match proved {
            Ok(true) => throttle::forgive(store, &attempt).await?,
            Ok(false) => {}
            Err(_) => throttle::take_back(store, &attempt).await?,
        }
        proved
    }
}

/// One conversation: find the entry, and prove the password by a bind as it.
async fn talk(
    settings: &Settings,
    tls: Arc<ClientConfig>,
    guesses: &Guesses,
    login: &str,
    password: &str,
) -> Result<Option<Entry>, DirectoryError> {
    let mut ldap = connect(settings, tls).await?;
    let (base, scope) = match &settings.bind {
        Bind::AsUser(template) => {
            let dn = template.replace("{login}", &dn_escape(login));
            if !guesses.bind(&mut ldap, &dn, password).await? {
                return Ok(None);
            }
            // Nobody's entry but their own.
            (dn, Scope::Base)
        }
        Bind::AsService { .. } | Bind::Anonymous => {
            introduce(settings, &mut ldap).await?;
            (settings.base.clone(), Scope::Subtree)
        }
    };
    let Some(found) = search(settings, &mut ldap, &base, scope, login).await? else { return Ok(None) };
    // A bind without a name is anonymous, and says nothing either.
    if found.dn.is_empty() {
        return Ok(None);
    }
    let proved = match &settings.bind {
        Bind::AsUser(_) => true,
        Bind::AsService { .. } | Bind::Anonymous => guesses.bind(&mut ldap, &found.dn, password).await?,
    };
    // The directory need not see why we go.
    let _ = ldap.unbind().await;
    Ok(if proved { entry_of(settings, &found) } else { None })
}

async fn connect(settings: &Settings, tls: Arc<ClientConfig>) -> Result<ldap3::Ldap, DirectoryError> {
    let connection = LdapConnSettings::new()
        .set_conn_timeout(settings.timeout)
        .set_starttls(settings.start_tls)
        .set_config(tls);
    let (driver, mut ldap) = LdapConnAsync::from_url_with_settings(connection, &settings.url).await?;
    tokio::spawn(async move {
        if let Err(error) = driver.drive().await {
            tracing::debug!(%error, "a connection to the directory broke");
        }
    });
    ldap.with_timeout(settings.timeout);
    Ok(ldap)
}

/// Says who this server is, if it has a name there.
async fn introduce(settings: &Settings, ldap: &mut ldap3::Ldap) -> Result<(), DirectoryError> {
    let Bind::AsService { dn, password } = &settings.bind else { return Ok(()) };
    let result = ldap.simple_bind(dn, password).await?;
    if result.rc == 0 { Ok(()) } else { Err(DirectoryError::Refused(result.to_string())) }
}

async fn binds(ldap: &mut ldap3::Ldap, dn: &str, password: &str) -> Result<bool, DirectoryError> {
    let result = ldap.simple_bind(dn, password).await?;
    match result.rc {
        0 => Ok(true),
        code if NOT_LET_IN.contains(&code) => Ok(false),
        _ => Err(DirectoryError::Silent(result.to_string())),
    }
}

/// The only entry that the filter finds. Two would be two people; referrals are not followed.
async fn search(
    settings: &Settings,
    ldap: &mut ldap3::Ldap,
    base: &str,
    scope: Scope,
    login: &str,
) -> Result<Option<SearchEntry>, DirectoryError> {
    // RFC 4515 §3: nothing that was typed ends the value that it stands in.
    let filter = settings.filter.replace("{login}", &ldap_escape(login));
    let Attributes { id, username, email, name, groups } = &settings.attributes;
    let seconds = i32::try_from(settings.timeout.as_secs()).unwrap_or(1).max(1);
    ldap.with_search_options(SearchOptions::new().sizelimit(2).timelimit(seconds));
    let result = ldap.search(base, scope, &filter, vec![id, username, email, name, groups]).await?;
    let ldap3::SearchResult(entries, end) = result;
    match end.rc {
        // sizeLimitExceeded (4) says that there are more.
        0 | 4 => {}
        32 => return Ok(None),
        _ => return Err(DirectoryError::Silent(end.to_string())),
    }
    let mut entries = entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
    match (entries.next(), entries.next()) {
        (Some(only), None) if end.rc == 0 => Ok(Some(SearchEntry::construct(only))),
        (None, _) => Ok(None),
        _ => {
            tracing::warn!("directory.filter finds several entries for one login: nobody is let in by it");
            Ok(None)
        }
    }
}

/// What an entry says, as far as it can be used.
fn entry_of(settings: &Settings, found: &SearchEntry) -> Option<Entry> {
    let texts = |name: &str| {
        let values = found.attrs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, values)| values.as_slice()).unwrap_or_default()
    };
    let Attributes { id, username, email, name, groups } = &settings.attributes;
    let binary = found.bin_attrs.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
    // objectGUID is 16 bytes, which may or may not be text.
    let id_value = binary
        .and_then(|(_, values)| values.first().cloned())
        .or_else(|| texts(id).first().map(|text| text.clone().into_bytes()))
        .filter(|bytes| !bytes.is_empty());
    let username_value = texts(username).iter().find_map(|text| canonical_username(text).ok());
    let (Some(id_value), Some(username_value)) = (id_value, username_value) else {
        tracing::warn!(
            dn = found.dn,
            "an entry of the directory has no {id}, or no {username} that can be a user name here"
        );
        return None;
    };
    let groups = texts(groups)
        .iter()
        .map(|group| group_name(group, settings.groups_base.as_deref()))
        .filter(|group| !group.is_empty() && group.len() <= LONGEST_GROUP)
        .take(MOST_GROUPS);
    Some(Entry {
        id: hex(&id_value),
        username: username_value,
        email: texts(email).iter().find_map(|text| canonical_email(text).ok()),
        name: texts(name).iter().find_map(|text| display_name(text).ok()),
        groups: groups.collect(),
    })
}

/// The name of a group: of one that stands right below the base, its own part alone (`cn=staff,ou=groups,…` is `staff`).
/// Others keep the whole name: somebody else's `cn=staff` is another group.
fn group_name(text: &str, base: Option<&str>) -> String {
    let short = || {
        let base = base?;
        let (own, rest) = text.split_once(',')?;
        // An escaped comma, or more than one attribute, makes a name that is not worth taking apart.
        let (_, value) = own.split_once('=').filter(|_| !own.contains(['\\', '+']))?;
        let plain = |dn: &str| -> String {
            dn.split(',').map(|part| part.trim().to_lowercase()).collect::<Vec<_>>().join(",")
        };
        (plain(rest) == plain(base)).then(|| value.trim().to_owned())
    };
    short().unwrap_or_else(|| text.to_owned())
}

/// A password that somebody typed whose account is the directory's, or who has none yet.
pub struct Typed<'a> {
    /// The directory.
    pub directory: &'a Directory,
    /// Who asks, for the audit log.
    pub origin: &'a Origin,
    /// Where the guess is counted, besides at the name.
    pub guesses: Guesses,
    /// The name as it is looked for.
    pub login: &'a str,
    /// The password.
    pub password: &'a str,
}

impl Check for Typed<'_> {
    fn method(&self) -> Method {
        Method::Password
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let opened = self.opens(app, user.cloned()).await?;
        Ok(opened.is_some_and(|opened| user.is_some_and(|user| user.id == opened.id)))
    }

    /// The directory is left alone: what it was asked here would count against somebody there.
    async fn pretend(&self, app: &App) -> Result<(), SignInError> {
        password::Typed(self.password).is_right(app, None).await?;
        Ok(())
    }

    /// The account that belongs to the entry, whoever was named: names are given to other people, unique ids never are.
    async fn opens(&self, app: &App, _: Option<User>) -> Result<Option<User>, SignInError> {
        let Some(entry) = self.directory.entry(&self.guesses, self.login, self.password).await? else {
            // As long as for a wrong password of an account of this server's own, so that the time tells less about which it is.
            password::Typed(self.password).is_right(app, None).await?;
            return Ok(None);
        };
        match app.store.user_of_entry(&entry.id).await? {
            Some(user) if user.disabled => Ok(Some(user)),
            Some(user) => Ok(self.refreshed(app, user, &entry).await?),
            None => Ok(self.new_account(app, &entry).await?),
        }
    }
}

impl Typed<'_> {
    /// Writes what the directory says today.
    async fn refreshed(&self, app: &App, user: User, entry: &Entry) -> Result<Option<User>, StoreError> {
        let mut after = User {
            username: entry.username.clone(),
            email: entry.email.clone(),
            // What was confirmed here stays so for as long as it is the same address.
            email_verified: entry.email.is_some()
                && (self.directory.settings.trust_email || user.email_verified && entry.email == user.email),
            name: entry.name.clone(),
            ..user.clone()
        };
        let same_profile = (&after.username, &after.email, after.email_verified, &after.name)
            == (&user.username, &user.email, user.email_verified, &user.name);
        if same_profile && app.store.asked_anew().directory_groups(&user.id).await?.names == entry.groups {
            return Ok(Some(user));
        }
        // A sign-in that is under way goes by `updated_at`, so that must not stand still.
        after.updated_at.0 = app.clock.now().0.max(user.updated_at.0 + 1);
        let audit = app.audit(self.origin, "user.update", format!("user:{}", user.id), "by the directory");
        let written = app.store.update_directory_user(&after, user.updated_at, &entry.groups, &audit).await;
        let written = match written {
            Err(StoreError::Taken(what)) => {
                tracing::warn!(user = %user.id, "the directory gives an account a name that another has: {what}");
                (after.username, after.email, after.email_verified) =
                    (user.username, user.email, user.email_verified);
                app.store.update_directory_user(&after, user.updated_at, &entry.groups, &audit).await?
            }
            written => written?,
        };
        // Else somebody changed it at the same moment.
        if written { Ok(Some(after)) } else { app.store.user_of_entry(&entry.id).await }
    }

    /// Makes the account. One that is here already under the same name or address is never taken over.
    async fn new_account(&self, app: &App, entry: &Entry) -> Result<Option<User>, StoreError> {
        let now = app.clock.now();
        let user = User {
            id: UserId::from(app.entropy.opaque_id()),
            username: entry.username.clone(),
            email: entry.email.clone(),
            email_verified: entry.email.is_some() && self.directory.settings.trust_email,
            name: entry.name.clone(),
            claims: StandardClaims::default(),
            password_hash: None,
            is_admin: false,
            new_password_required: false,
            disabled: false,
            created_at: now,
            updated_at: now,
        };
        let audit = app.audit(self.origin, "user.create", format!("user:{}", user.id), "from the directory");
        match app.store.insert_directory_user(&user, &entry.id, &entry.groups, &audit).await {
            Ok(()) => Ok(Some(user)),
            Err(StoreError::Taken(what)) => {
                // Of two first sign-ins at once, the second finds the account of the first.
                let other = app.store.user_of_entry(&entry.id).await?;
                if other.is_none() {
                    let detail = format!("{} of the directory: {what} by another account", entry.username);
                    tracing::warn!("somebody cannot sign in: {detail}");
                    app.store
                        .audit(&app.audit(self.origin, "directory.clash", "user:unknown".to_owned(), detail))
                        .await?;
                }
                Ok(other)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::group_name;

    #[test]
    fn only_groups_right_below_the_base_have_a_short_name() {
        let base = Some("ou=Groups, dc=example,dc=org");
        for (text, expected) in [
            ("cn=staff,ou=groups,dc=example,dc=org", "staff"),
            ("CN=Staff Members, OU=Groups,DC=example,DC=org", "Staff Members"),
            ("cn=staff,ou=x,ou=groups,dc=example,dc=org", "cn=staff,ou=x,ou=groups,dc=example,dc=org"),
            ("cn=staff,ou=groups,dc=evil,dc=org", "cn=staff,ou=groups,dc=evil,dc=org"),
            ("cn=a\\,ou=groups,dc=example,dc=org", "cn=a\\,ou=groups,dc=example,dc=org"),
            ("cn=a+sn=b,ou=groups,dc=example,dc=org", "cn=a+sn=b,ou=groups,dc=example,dc=org"),
            ("staff", "staff"),
            ("", ""),
        ] {
            assert_eq!(group_name(text, base), expected);
            assert_eq!(group_name(text, None), text);
        }
    }
}
