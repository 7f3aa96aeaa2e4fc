//! Everything an endpoint needs, built once.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use crate::authn::directory::{Directory, DirectoryError};
use crate::authn::passkey::RelyingParty;
use crate::authn::password::{HashingError, PasswordHasher};
use crate::authn::upstream::Registry;
use crate::branding::{Branding, Current};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::failures::Failures;
use crate::http::access_token::Recognised;
use crate::http::dpop::UsedProofs;
use crate::http::token::Paces;
use crate::jose::Keyring;
use crate::jose::KeyringError;
use crate::mail::{Mailer, TransportError};
use crate::outgoing::{Outgoing, OutgoingError};
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::powers::Powers;
use crate::protocol::user::changes_the_text_around;
use crate::sealing::Seals;
use crate::statistics::Statistics;
use crate::store::{AuditEntry, Store, StoreError};

/// The application. Cloning it costs one count: every layer of the router holds one, for every request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the application is made of.
#[derive(Clone)]
pub struct Parts {
    /// What the operator decided.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Signing keys, parsed.
    pub keys: Keyring,
    /// Access tokens that were verified.
    pub access_tokens: Recognised,
    /// Proofs of possession that were used here a moment ago.
    pub proofs: UsedProofs,
    /// When devices asked for their tokens last.
    pub paces: Paces,
    /// Sealing keys.
    pub seals: Arc<Seals>,
    /// Requests of its own.
    pub outgoing: Outgoing,
    /// Mail.
    pub mail: Mailer,
    /// Refused requests, until they are written down.
    pub failures: Arc<Failures>,
    /// What was counted, until it is written down.
    pub statistics: Arc<Statistics>,
    /// What administrators chose for how this server looks.
    pub branding: Arc<Current>,
    /// Passkeys.
    pub passkeys: Arc<RelyingParty>,
    /// The organisation's directory, if it has one.
    pub directory: Option<Arc<Directory>>,
    /// Upstream providers that administrators registered, read back; [`App::providers`] has them.
    pub registry: Registry,
    /// Password hashing.
    pub passwords: PasswordHasher,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The hashing parameters.
    #[error("[passwords]: {0}")]
    Passwords(#[from] HashingError),
    /// The way to the directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The client of outgoing requests.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// The way to the mail server.
    #[error(transparent)]
    Mail(#[from] TransportError),
    /// Another secret than the one that the database was made with.
    #[error(
        "the secret is not the one this database was made with: its signing keys cannot be opened. \
         Put the former secret back (secret or secret_file in countersign.toml, or COUNTERSIGN_SECRET)"
    )]
    OtherSecret,
    /// The secret is of no use.
    #[error("no keys can be derived from the secret")]
    Secret,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for App {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl App {
    /// Opens the database, brings its schema and signing keys up to date, and puts everything together.
    ///
    /// # Errors
    /// Says what is wrong in words for the operator.
    pub async fn start(config: Config, clock: Clock, entropy: Entropy) -> Result<Self, StartError> {
        let store = Store::open(&config.database).await?;
        let seals = Arc::new(Seals::derive(&config.secret).map_err(|_| StartError::Secret)?);
        store.keep_names(&seals, config.keep_names_for);
        let fingerprint = store.setting_or_insert("secret fingerprint", seals.fingerprint()).await?;
        if fingerprint != seals.fingerprint() {
            return Err(StartError::OtherSecret);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let passwords = PasswordHasher::new(&config.passwords, cores, &entropy)?;
        let keys = Keyring::open(&store, &seals, &config, &clock, &entropy).await?;
        let outgoing = Outgoing::new(&config.outgoing, config.issuer.is_plain_http())?
            .told_time_by(clock.clone())
            .except(&config.issuer.origin());
        let mail = Mailer::new(&config)?;
        let access_tokens = Recognised::new(config.database.memory_bytes / 8192);
        let proofs = UsedProofs::new(config.database.memory_bytes / 1024);
        let related = &config.sign_in.related_origins;
        let passkeys = Arc::new(RelyingParty::new(&config.issuer, config.branding.name(), related));
        let directory = config.directory.clone().map(Directory::new).transpose()?.map(Arc::new);
        let branding = Arc::new(Current::default());
        branding.reload(&store, config.branding.choices()).await?;
        let config = Arc::new(config);
        let parts = Parts {
            config,
            store,
            keys,
            access_tokens,
            proofs,
            paces: Paces::default(),
            seals,
            outgoing,
            mail,
            failures: Arc::default(),
            statistics: Arc::default(),
            branding,
            passkeys,
            directory,
            registry: Registry::default(),
            passwords,
            clock,
            entropy,
        };
        Ok(parts.into())
    }

    /// What this server looks like now.
    #[must_use]
    pub fn branding(&self) -> Arc<Branding> {
        self.branding.shown().unwrap_or_else(|| Arc::clone(&self.config.branding))
    }

    /// Words of this server that everybody guesses in passwords: its host and its name.
    #[must_use]
    pub fn own_words(&self) -> [String; 2] {
        [self.config.issuer.host(), self.branding().name().to_owned()]
    }

    /// Takes in what administrators chose for how this server looks.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn reload_branding(&self) -> Result<(), StoreError> {
        self.branding.reload(&self.store, self.config.branding.choices()).await
    }

    /// An audit entry for something done now.
    #[must_use]
    pub fn audit(
        &self,
        origin: &Origin,
        action: &'static str,
        target: String,
        detail: impl Into<String>,
    ) -> AuditEntry {
        AuditEntry {
            id: self.entropy.ordered_id(&self.clock),
            at: self.clock.now(),
            actor: origin.actor.clone(),
            action,
            target: readable(target),
            detail: readable(detail.into()),
            ip: origin.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            user_agent: origin.user_agent.clone(),
            correlation_id: origin.correlation_id.clone(),
        }
    }
}

/// A text that a terminal and a page show as it is, whoever chose a part of it.
fn readable(text: String) -> String {
    if text.contains(changes_the_text_around) {
        return text.replace(changes_the_text_around, "\u{fffd}");
    }
    text
}

/// Who does something, and from where: what the audit log wants to know.
#[derive(Clone, Debug)]
pub struct Origin {
    /// `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
    pub actor: String,
    /// The client's address, where there is one.
    pub ip: Option<IpAddr>,
    /// The browser's `User-Agent`, where there is one.
    pub user_agent: String,
    /// The request, where there is one.
    pub correlation_id: String,
    /// What they may administer; that they do something to their own account needs none.
    pub powers: Powers,
}

impl Origin {
    /// A command at the operator's terminal.
    #[must_use]
    pub fn cli() -> Self {
        Self::without_request("cli")
    }

    /// Work the server does by itself.
    #[must_use]
    pub fn system() -> Self {
        Self::without_request("system")
    }

    fn without_request(actor: &str) -> Self {
        Self {
            actor: actor.to_owned(),
            ip: None,
            user_agent: String::new(),
            correlation_id: String::new(),
            powers: Powers::all(),
        }
    }

    /// The same request, done by this client.
    #[must_use]
    pub fn by_client(self, id: &ClientId) -> Self {
        Self { actor: format!("client:{id}"), ..self }
    }

    /// The same request, done as this user.
    #[must_use]
    pub fn by_user(self, id: &UserId) -> Self {
        Self { actor: Self::actor_of(id), ..self }
    }

    /// The same, done by somebody who may administer this.
    #[must_use]
    pub fn with_powers(self, powers: Powers) -> Self {
        Self { powers, ..self }
    }

    /// A user, as who does something.
    #[must_use]
    pub fn actor_of(id: &UserId) -> String {
        format!("user:{id}")
    }
}
