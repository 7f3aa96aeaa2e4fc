//! What the server was told: every value resolved, checked and in the type that its user needs.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;
use zeroize::Zeroizing;

pub(crate) use self::resolve::parse_duration;
pub use self::upstream::KeptProof;
use crate::branding::Branding;
use crate::geoip::Places;
use crate::jose::SigningKey;
use crate::protocol::assurance::{Classes, Level};
use crate::protocol::forward_auth::ProtectedApp;
pub use crate::protocol::issuer::Issuer;
use crate::protocol::linking::Policy;
pub use crate::protocol::provider::{ClaimNames, OAuth2Provider, UpstreamProtocol};
pub use crate::tls::Tls;

mod directory;
mod forward_auth;
mod mail;
mod raw;
mod resolve;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod upstream;

/// Everything that is wrong with a configuration, each with its key and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not usable")?;
        for problem in &self.0 {
            write!(f, "\n  - {}", problem.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// The configuration in a file, if there is one, and in the environment, which wins.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Problems> {
        raw::read(file, &[], environment).and_then(resolve::resolve)
    }

    /// The configuration of a quickstart: everything in one folder, on loopback; the environment wins.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn quickstart(
        data_dir: &Path,
        port: u16,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Problems> {
        let given = [
            ("issuer", format!("http://localhost:{port}")),
            ("listen.address", format!("127.0.0.1:{port}")),
            ("data_dir", data_dir.display().to_string()),
            // What happened is in the audit log; the terminal is for what to open.
            ("log.filter", "warn".to_owned()),
            ("secret_file", data_dir.join(QUICKSTART_SECRET).display().to_string()),
            ("mail.transport", "file".to_owned()),
        ];
        raw::read(None, &given, environment).and_then(resolve::resolve)
    }

    /// What the operator may want to know although the configuration is fine.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        resolve::notes(self)
    }
}

/// The file in a quickstart's folder that holds its secret.
pub const QUICKSTART_SECRET: &str = "secret";

/// The file in a quickstart's folder that holds the port it was started on last: commands beside it speak of that one.
pub const QUICKSTART_PORT: &str = "port";

/// The whole configuration, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    /// The issuer identifier, under which relying parties know this server.
    pub issuer: Issuer,
    /// The master secret, from which every sealing and signing-at-rest key is derived.
    pub secret: MasterSecret,
    /// Where the embedded database lives.
    pub data_dir: PathBuf,
    /// Where addresses are, if a file says so.
    pub places: Option<Places>,
    /// Database.
    pub database: Database,
    /// Listener.
    pub listen: Listen,
    /// Browser sessions.
    pub sessions: Sessions,
    /// Lifetimes of codes and tokens.
    pub tokens: Tokens,
    /// Password hashing.
    pub passwords: Passwords,
    /// Limits on failed sign-ins.
    pub throttle: Throttle,
    /// Rotation of signing keys.
    pub keys: Keys,
    /// How sure to be of who somebody is.
    pub assurance: Assurance,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// For how long a user name that was given up is nobody else's.
    pub keep_names_for: Duration,
    /// Ways to sign in that are not there for everybody.
    pub sign_in: SignIn,
    /// What it looks like, where administrators chose nothing else.
    pub branding: Arc<Branding>,
    /// Providers elsewhere that people sign in with, as far as they stand in the file; `App::providers` has all.
    pub upstreams: Vec<Upstream>,
    /// Clients that register themselves.
    pub registration: Registration,
    /// Authorization requests.
    pub authorization: Authorization,
    /// What newer applications do without.
    pub legacy: Legacy,
    /// Requests that this server makes.
    pub outgoing: Outgoing,
    /// Mail that this server sends.
    pub mail: Mail,
    /// The directory of the organisation, if it has one.
    pub directory: Option<Directory>,
    /// Applications behind a proxy that asks here.
    pub forward_auth: Vec<ProtectedApp>,
    /// Logs.
    pub log: Log,
    /// Metrics.
    pub metrics: Metrics,
}

/// At least 32 bytes that only the operator knows. Never printed.
#[derive(Clone)]
pub struct MasterSecret(pub Zeroizing<Vec<u8>>);

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(…)")
    }
}

/// Where rows are kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// The engine and where it is.
    pub engine: Engine,
    /// Connections at most (readers on SQLite).
    pub max_connections: u32,
    /// What may be remembered of the database, in bytes.
    pub memory_bytes: u64,
}

/// The two engines. Shown without credentials.
#[derive(Clone)]
pub enum Engine {
    /// Embedded, in this file.
    Sqlite(PathBuf),
    /// A server, by its URL (with credentials, so never printed whole).
    Postgres(String),
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "SQLite in {}", file.display()),
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(url) => write!(
                    f,
                    "PostgreSQL at {}:{}{}",
                    url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost"),
                    url.port().unwrap_or(5432),
                    url.path()
                ),
                Err(_) => f.write_str("PostgreSQL"),
            },
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The listener.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate and key; without, plain HTTP (behind a proxy, or on loopback).
    pub tls: Option<Tls>,
    /// Peers whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// How long a browser stays signed in.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Without use.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
    /// Without use, on a device the user chose to be remembered on.
    pub remembered_idle: Duration,
    /// At most, on a remembered device.
    pub remembered_absolute: Duration,
}

/// Lifetimes of what is issued.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Authorization code (RFC 6749 §4.1.2).
    pub code: Duration,
    /// Access token.
    pub access_token: Duration,
    /// ID token.
    pub id_token: Duration,
    /// Refresh token, without use.
    pub refresh_idle: Duration,
    /// Refresh tokens of one grant, at most.
    pub refresh_absolute: Duration,
    /// For how long a public client may repeat its last refresh and get the same successor.
    pub refresh_grace: Duration,
}

/// Password hashing (argon2id, RFC 9106).
#[derive(Clone, Debug)]
pub struct Passwords {
    /// Memory of one hash.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Sign-ins that may wait for a core; one more is answered 503.
    pub queue: usize,
}

/// Failed sign-ins that are allowed within `window`.
#[derive(Clone, Debug)]
pub struct Throttle {
    /// For one account.
    pub account_failures: u32,
    /// From one address (IPv4 address or IPv6 /64).
    pub address_failures: u32,
    /// How long a failure counts.
    pub window: Duration,
}

/// Rotation of signing keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// How long a key signs.
    pub rotate_every: Duration,
    /// How long a key stands in the JWKS before it signs.
    pub publish_before: Duration,
}

/// How sure to be of who somebody is.
#[derive(Clone, Debug, Default)]
pub struct Assurance {
    /// What the levels are called (`acr`).
    pub classes: Classes,
    /// What the administration pages ask for.
    pub administrators: Level,
}

/// Who may make an account for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUpMode {
    /// Nobody: administrators make all of them.
    Closed,
    /// Whom an administrator invites.
    #[default]
    Invitation,
    /// Everybody (`prompt=create`).
    Open,
}

impl SignUpMode {
    /// May everybody make one?
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Self::Open
    }
}

/// Ways to sign in that are not there for everybody.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// By a code that is mailed.
    pub email_code: bool,
    /// Other web origins where this server's passkeys may be used (`WebAuthn` Level 3 §5.11).
    pub related_origins: Vec<String>,
}

/// A provider elsewhere that people sign in with.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name in addresses and in the database.
    pub id: String,
    /// What its button says.
    pub name: String,
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
    /// Who this server is there.
    pub client_id: String,
    /// How this server proves it there; none where it is a public client.
    pub client_secret: Option<UpstreamSecret>,
    /// What is asked for, besides `openid`.
    pub scopes: Vec<String>,
    /// Does its answer come by a form (OAuth 2.0 Form Post Response Mode)?
    pub form_post: bool,
    /// What its word counts for.
    pub policy: Policy,
}

impl Upstream {
    /// The origin that the browser is sent to first.
    #[must_use]
    pub fn origin(&self) -> String {
        let address = match &self.protocol {
            UpstreamProtocol::OpenIdConnect { issuer } => Url::parse(issuer).ok(),
            UpstreamProtocol::OAuth2(provider) => Some(provider.authorization.clone()),
        };
        address.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

/// What this server shows a provider as its secret. Never printed.
#[derive(Clone)]
pub enum UpstreamSecret {
    /// A text that both know.
    Text(Zeroizing<String>),
    /// A token that is signed anew each time.
    Signed(Arc<SignedSecret>),
}

/// A key whose public half the provider has, as Apple does it.
pub struct SignedSecret {
    /// Who signs: this server's owner, as the provider knows them.
    pub team_id: String,
    /// ES256, under the provider's name for it.
    pub key: SigningKey,
}

impl fmt::Debug for UpstreamSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpstreamSecret(…)")
    }
}

/// Clients that register themselves (RFC 7591).
#[derive(Clone, Debug)]
pub struct Registration {
    /// Who may.
    pub mode: RegistrationMode,
    /// Must confidential clients among them use PKCE? Public ones always must.
    pub require_pkce: bool,
    /// One that was not used for so long after its registration is deleted.
    pub unused_expiry: Duration,
    /// How many unused ones there may be.
    pub most_unused: u32,
    /// The JWK set of those whose software statements are believed (RFC 7591 §2.3).
    pub software_statement_keys: Option<serde_json::Value>,
}

/// Who may register a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Only administrators.
    Off,
    /// Whoever has an initial access token (RFC 7591 §3).
    Token,
    /// Everybody.
    Open,
}

/// What is asked of authorization requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Authorization {
    /// Must every one be pushed (RFC 9126 §5), whatever its client registered?
    pub require_pushed_requests: bool,
}

/// What newer applications do without.
#[derive(Clone, Copy, Debug, Default)]
pub struct Legacy {
    /// Access tokens from the authorization endpoint (RFC 9700 §2.1.2 advises against them).
    pub front_channel_tokens: bool,
}

/// Requests that this server makes: to keys, request objects and logout addresses of clients.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Certificates (PEM) of a company's own authorities, trusted beside the public ones.
    pub ca_certificates: Option<Vec<u8>>,
    /// Host names that may lead to private addresses.
    pub allowed_hosts: Vec<String>,
    /// Private networks that may be reached.
    pub allowed_networks: Vec<IpNet>,
}

/// Mail that this server sends.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Which way it goes.
    pub transport: MailTransport,
    /// Who it is from.
    pub from: Sender,
}

/// Which way mail goes.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// None: it is not sent.
    None,
    /// Into this folder, a file each: for development.
    File(PathBuf),
    /// To a mail server.
    Smtp(Smtp),
}

/// Who a mail is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name beside the address.
    pub name: Option<String>,
    /// Canonical address.
    pub address: String,
}

/// A mail server that takes this server's mail (RFC 6409).
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Who this server is there.
    pub credentials: Option<SmtpCredentials>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// By TLS from its first byte (RFC 8314 §3.3).
    Tls,
    /// By STARTTLS (RFC 3207), or not used.
    StartTls,
    /// By STARTTLS if the mail server offers it: the operator wants mail sent even if not.
    StartTlsIfOffered,
    /// Not at all: it does not leave this machine.
    Plain,
}

/// User name and password at a mail server. The password is never printed.
#[derive(Clone)]
pub struct SmtpCredentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpCredentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The directory (LDAP) that knows an organisation's people and their passwords.
#[derive(Clone, Debug)]
pub struct Directory {
    /// `ldap` or `ldaps`, host and port.
    pub url: url::Url,
    /// Protected by `StartTLS` (RFC 4511 §4.14), or not used.
    pub start_tls: bool,
    /// Certificates (PEM) of authorities that are trusted beside the public ones.
    pub ca_certificates: Option<Vec<u8>>,
    /// As whom entries are looked for.
    pub bind: Bind,
    /// Below which entry.
    pub base: String,
    /// By which filter (RFC 4515), with `{login}` for the name that was typed.
    pub filter: String,
    /// What is read of an entry.
    pub attributes: Attributes,
    /// Groups right below this entry go by a short name.
    pub groups_base: Option<String>,
    /// Are its e-mail addresses verified ones?
    pub trust_email: bool,
    /// How long it may take to answer.
    pub timeout: Duration,
}

/// As whom entries are looked for. The password is never printed.
#[derive(Clone)]
pub enum Bind {
    /// As this server.
    AsService {
        /// Its name there.
        dn: String,
        /// Its password.
        password: Zeroizing<String>,
    },
    /// As whoever signs in: a name with `{login}` in it.
    AsUser(String),
    /// As nobody.
    Anonymous,
}

impl fmt::Debug for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsService { dn, .. } => write!(f, "AsService({dn:?}, …)"),
            Self::AsUser(template) => write!(f, "AsUser({template:?})"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

/// Names of attributes (RFC 4512 §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// What no two entries share and no renaming changes.
    pub id: String,
    /// User name.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// Groups.
    pub groups: String,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct Log {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// Filter in the syntax of `tracing-subscriber`'s `EnvFilter`.
    pub filter: String,
}

/// Metrics. The token is never printed.
#[derive(Clone)]
pub struct Metrics {
    /// The bearer token that a scraper shows; without one, `/metrics` answers only on a loopback issuer.
    pub token: Option<String>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("token", &self.token.as_ref().map(|_| "…")).finish()
    }
}
