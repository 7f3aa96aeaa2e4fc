//! From what was written to what the server uses: every value checked, every problem told.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ipnet::IpNet;
use url::Url;
use zeroize::Zeroizing;

use super::raw::{self, Raw, Written, variable};
use super::{
    Assurance, Authorization, Config, Database, Engine, Keys, Legacy, Listen, Log, MailTransport,
    MasterSecret, Metrics, Outgoing, Passwords, Problems, Registration, RegistrationMode, Sessions, SignIn,
    SignUpMode, SmtpSecurity, Throttle, Tls, Tokens,
};
use crate::branding::{self, Branding, Choices};
use crate::geoip::Places;
use crate::protocol::assurance::{Classes, Level};
use crate::protocol::colour::Colour;
use crate::protocol::issuer::Issuer;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// As long as GitHub keeps the names of accounts that were deleted.
const KEEP_NAMES: Duration = Duration::from_hours(90 * 24);
const TEN_YEARS: Duration = Duration::from_hours(3650 * 24);

/// How to get a secret, at the end of every refusal of one.
const MAKE_A_SECRET: &str = "make one with: openssl rand -base64 32";

/// Browsers look at five registered names of them or so; whoever has more than these wants something else.
const MOST_RELATED_ORIGINS: usize = 20;

/// Words that stand in examples and never in 32 random bytes.
const EXAMPLE_WORDS: [&str; 5] = ["changeme", "change-me", "example", "secret", "password"];

/// Checks everything that was written.
///
/// # Errors
/// Every problem.
pub(super) fn resolve(written: Written) -> Result<Config, Problems> {
    let Written { raw, from_environment, folder } = written;
    let label = |key: &str| {
        if from_environment.contains(key) { variable(key) } else { key.to_owned() }
    };
    let path =
        |key: &str, path: PathBuf| if from_environment.contains(key) { path } else { folder.join(path) };
    let mut checks = Checks { label: &label, path: &path, problems: Vec::new() };
    let config = checks.config(raw);
    match config {
        Some(config) if checks.problems.is_empty() => Ok(config),
        _ => Err(Problems(checks.problems)),
    }
}

/// What an operator may want to know about a configuration that is fine all the same.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    let listen = &config.listen;
    if !config.issuer.is_plain_http() && listen.tls.is_none() {
        notes.push(if listen.trusted_proxies.is_empty() {
            "the issuer is https and this server speaks plain HTTP: put a TLS proxy in front of it and name the proxy \
             in listen.trusted_proxies, or set listen.tls_certificate and listen.tls_key"
                .to_owned()
        } else {
            "the issuer is https and this server speaks plain HTTP: its proxy must speak TLS".to_owned()
        });
    }
    if config.issuer.is_plain_http() && !listen.address.ip().is_loopback() {
        notes.push(format!("the issuer is on loopback, but {} is open to other machines", listen.address));
    }
    if let MailTransport::Smtp(smtp) = &config.mail.transport
        && smtp.security == SmtpSecurity::StartTlsIfOffered
    {
        notes.push(format!(
            "mail.allow_plain is true: mails with links and codes may go to {} unencrypted",
            smtp.host
        ));
    }
    if config.sign_in.email_code && matches!(config.mail.transport, MailTransport::None) {
        notes.push("sign_in.email_code is true, and no mail is sent: set mail.transport".to_owned());
    }
    if !config.forward_auth.is_empty() && listen.trusted_proxies.is_empty() {
        notes.push(
            "applications stand under [[forward_auth]], and no proxy may ask about them: name it in \
             listen.trusted_proxies"
                .to_owned(),
        );
    }
    if let Some(directory) = &config.directory
        && directory.url.scheme() == "ldap"
        && !directory.start_tls
    {
        notes.push("directory.allow_plain is true: passwords go to the directory unencrypted".to_owned());
    }
    if config.passwords.memory_kib < 19_456 {
        notes.push("passwords.memory_kib is below 19456, the recommended strength".to_owned());
    }
    notes
}

pub(super) struct Checks<'a> {
    label: &'a dyn Fn(&str) -> String,
    pub(super) path: &'a dyn Fn(&str, PathBuf) -> PathBuf,
    problems: Vec<String>,
}

impl Checks<'_> {
    fn config(&mut self, raw: Raw) -> Option<Config> {
        let issuer = self.issuer(raw.issuer);
        let secret = self.secret(raw.secret, raw.secret_file);
        let data_dir = raw
            .data_dir
            .map_or_else(|| PathBuf::from("countersign-data"), |data_dir| (self.path)("data_dir", data_dir));
        let places = raw.geoip_file.and_then(|file| self.places(&file));
        let database = self.database(raw.database, &data_dir);
        let listen = self.listen(raw.listen);
        let sessions = self.sessions(raw.sessions);
        let tokens = self.tokens(raw.tokens);
        let passwords = self.passwords(&raw.passwords);
        let throttle = Throttle {
            account_failures: self.number(
                "throttle.account_failures",
                raw.throttle.account_failures,
                10,
                1..=100_000,
            ),
            address_failures: self.number(
                "throttle.address_failures",
                raw.throttle.address_failures,
                100,
                1..=1_000_000,
            ),
            window: self.duration("throttle.window", raw.throttle.window, 15 * MINUTE, SECOND..=DAY),
        };
        let keys = self.keys(raw.keys);
        let assurance = self.assurance(raw.assurance);
        let sign_up = self.sign_up(&raw.sign_up, &raw.accounts);
        let (key, kept) = ("sign_up.keep_names_for", raw.sign_up.keep_names_for);
        let keep_names_for = self.duration(key, kept, KEEP_NAMES, Duration::ZERO..=TEN_YEARS);
        let sign_in = SignIn {
            email_code: raw.sign_in.email_code,
            related_origins: self.related_origins(&raw.sign_in.related_origins),
        };
        let upstreams = self.upstreams(raw.upstream, issuer.as_ref());
        let registration = self.registration(raw.registration);
        let authorization =
            Authorization { require_pushed_requests: raw.authorization.require_pushed_requests };
        let legacy = Legacy { front_channel_tokens: raw.legacy.front_channel_tokens };
        let outgoing = self.outgoing(raw.outgoing);
        let branding = self.branding(raw.branding);
        let mail = self.mail(raw.mail, &data_dir);
        let directory = self.directory(raw.directory);
        let forward_auth = self.forward_auth(raw.forward_auth, issuer.as_ref());
        let log = self.log(raw.log);
        let metrics = self.metrics(raw.metrics);
        let (issuer, listen) = (issuer?, listen?);
        if issuer.is_plain_http() && listen.tls.is_some() {
            self.refuse(
                "issuer",
                "begins with http:// although listen.tls_certificate is set; write https://",
            );
        }
        Some(Config {
            issuer,
            secret: secret?,
            data_dir,
            places,
            database: database?,
            listen,
            sessions,
            tokens,
            passwords,
            throttle,
            keys,
            assurance,
            sign_up,
            keep_names_for,
            sign_in,
            upstreams,
            registration,
            authorization,
            legacy,
            outgoing,
            branding,
            mail: mail?,
            directory: directory?,
            forward_auth,
            log,
            metrics,
        })
    }

    pub(super) fn refuse(&mut self, key: &str, what: impl Display) {
        self.problems.push(format!("{}: {what}", (self.label)(key)));
    }

    /// Refuses a value that may be shown.
    pub(super) fn refuse_value(&mut self, key: &str, value: impl Display, what: impl Display) {
        self.problems.push(format!("{} = {value}: {what}", (self.label)(key)));
    }

    fn issuer(&mut self, text: Option<String>) -> Option<Issuer> {
        let Some(text) = text else {
            self.refuse(
                "issuer",
                "is missing; write the address that browsers will use, as in issuer = \"https://id.example.com\", \
                 at the top of countersign.toml, or set COUNTERSIGN_ISSUER",
            );
            return None;
        };
        Issuer::parse(&text).map_err(|error| self.refuse_value("issuer", format!("{text:?}"), error)).ok()
    }

    fn secret(&mut self, text: Option<String>, file: Option<PathBuf>) -> Option<MasterSecret> {
        let (key, text) = match (text, file) {
            (Some(_), Some(_)) => {
                self.refuse("secret", "is set beside secret_file; keep one of the two");
                return None;
            }
            (None, None) => {
                self.refuse(
                    "secret",
                    format!(
                        "is missing; write secret_file = \"/path/of/a/file\" at the top of countersign.toml, or set \
                         COUNTERSIGN_SECRET; {MAKE_A_SECRET}"
                    ),
                );
                return None;
            }
            (Some(text), None) => ("secret", Zeroizing::new(text)),
            (None, Some(file)) => {
                let file = (self.path)("secret_file", file);
                match read_secret_file(&file) {
                    Ok(text) => ("secret_file", text),
                    Err(what) => {
                        self.refuse_value("secret_file", file.display(), what);
                        return None;
                    }
                }
            }
        };
        parse_secret(&text).map_err(|what| self.refuse(key, format!("{what}; {MAKE_A_SECRET}"))).ok()
    }

    fn places(&mut self, file: &Path) -> Option<Places> {
        let key = "geoip_file";
        let bytes = self.read(key, file.to_owned())?;
        Places::new(bytes).map_err(|problem| self.refuse_value(key, file.display(), problem)).ok()
    }

    fn database(&mut self, raw: raw::Database, data_dir: &Path) -> Option<Database> {
        let max_connections = self.number("database.max_connections", raw.max_connections, 16, 1..=1000);
        let memory_mib = self.number("database.memory_mib", raw.memory_mib, 64, 1..=65_536);
        let url = raw.url.unwrap_or_else(|| "sqlite:countersign.db".to_owned());
        let engine = if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() || file.starts_with(':') || file.contains('?') {
                self.refuse(
                    "database.url",
                    "names no file; write url = \"sqlite:countersign.db\" under [database]",
                );
                return None;
            }
            Engine::Sqlite(data_dir.join(file))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            if !Url::parse(&url).is_ok_and(|url| !url.path().contains('@')) {
                self.refuse(
                    "database.url",
                    "is not a URL; write url = \"postgres://user:password@host:5432/database\" under [database], \
                     with %-escapes for special characters in the password",
                );
                return None;
            }
            Engine::Postgres(url)
        } else {
            self.refuse(
                "database.url",
                "must begin with sqlite: or postgres://; write url = \"sqlite:countersign.db\" or \
                 url = \"postgres://user:password@host:5432/database\" under [database]",
            );
            return None;
        };
        Some(Database { engine, max_connections, memory_bytes: u64::from(memory_mib) << 20 })
    }

    fn listen(&mut self, raw: raw::Listen) -> Option<Listen> {
        let text = raw.address.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let address = text
            .parse::<SocketAddr>()
            .map_err(|_| {
                self.refuse_value(
                    "listen.address",
                    format!("{text:?}"),
                    "must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
                );
            })
            .ok();
        let tls = match (raw.tls_certificate, raw.tls_key) {
            (Some(certificate), Some(key)) => {
                let tls = Tls {
                    certificate: (self.path)("listen.tls_certificate", certificate),
                    key: (self.path)("listen.tls_key", key),
                };
                if let Err(error) = crate::tls::load(&tls) {
                    self.problems.push(error.to_string());
                }
                Some(tls)
            }
            (None, None) => None,
            (Some(_), None) => {
                self.refuse(
                    "listen.tls_key",
                    "is missing beside tls_certificate; write tls_key = \"key.pem\" under [listen]",
                );
                None
            }
            (None, Some(_)) => {
                self.refuse(
                    "listen.tls_certificate",
                    "is missing beside tls_key; write tls_certificate = \"cert.pem\" under [listen]",
                );
                None
            }
        };
        let trusted_proxies = raw
            .trusted_proxies
            .iter()
            .filter_map(|text| self.network("listen.trusted_proxies", text))
            .collect();
        Some(Listen { address: address?, tls, trusted_proxies })
    }

    fn network(&mut self, key: &str, text: &str) -> Option<IpNet> {
        let net = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address)));
        let what = match net {
            Some(net) if net.prefix_len() > 0 => return Some(net),
            Some(_) => "would be everybody; name the addresses that are meant",
            None => "must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8",
        };
        self.refuse_value(key, format!("{text:?}"), what);
        None
    }

    fn sessions(&mut self, raw: raw::Sessions) -> Sessions {
        let sessions = Sessions {
            idle: self.duration("sessions.idle", raw.idle, 2 * HOUR, MINUTE..=TEN_YEARS),
            absolute: self.duration("sessions.absolute", raw.absolute, 12 * HOUR, MINUTE..=TEN_YEARS),
            remembered_idle: self.duration(
                "sessions.remembered_idle",
                raw.remembered_idle,
                14 * DAY,
                MINUTE..=TEN_YEARS,
            ),
            remembered_absolute: self.duration(
                "sessions.remembered_absolute",
                raw.remembered_absolute,
                90 * DAY,
                MINUTE..=TEN_YEARS,
            ),
        };
        self.not_longer("sessions.idle", sessions.idle, "sessions.absolute", sessions.absolute);
        self.not_longer(
            "sessions.remembered_idle",
            sessions.remembered_idle,
            "sessions.remembered_absolute",
            sessions.remembered_absolute,
        );
        sessions
    }

    fn tokens(&mut self, raw: raw::Tokens) -> Tokens {
        let tokens = Tokens {
            // RFC 6749 §4.1.2: ten minutes at most.
            code: self.duration("tokens.code", raw.code, MINUTE, SECOND..=10 * MINUTE),
            access_token: self.duration("tokens.access_token", raw.access_token, 5 * MINUTE, SECOND..=DAY),
            id_token: self.duration("tokens.id_token", raw.id_token, 5 * MINUTE, SECOND..=DAY),
            refresh_idle: self.duration(
                "tokens.refresh_idle",
                raw.refresh_idle,
                30 * DAY,
                SECOND..=TEN_YEARS,
            ),
            refresh_absolute: self.duration(
                "tokens.refresh_absolute",
                raw.refresh_absolute,
                180 * DAY,
                SECOND..=TEN_YEARS,
            ),
            refresh_grace: self.duration(
                "tokens.refresh_grace",
                raw.refresh_grace,
                10 * SECOND,
                Duration::ZERO..=MINUTE,
            ),
        };
        self.not_longer(
            "tokens.refresh_idle",
            tokens.refresh_idle,
            "tokens.refresh_absolute",
            tokens.refresh_absolute,
        );
        tokens
    }

    fn passwords(&mut self, raw: &raw::Passwords) -> Passwords {
        let parallelism = self.number("passwords.parallelism", raw.parallelism, 1, 1..=16);
        // RFC 9106 §3.1: at least 8 KiB for each lane.
        let memory_kib =
            self.number("passwords.memory_kib", raw.memory_kib, 19_456, 8 * parallelism..=4_194_304);
        let queue = self.number("passwords.queue", raw.queue, 64, 1..=10_000);
        Passwords {
            memory_kib,
            iterations: self.number("passwords.iterations", raw.iterations, 2, 1..=100),
            parallelism,
            queue: usize::try_from(queue).unwrap_or(usize::MAX),
        }
    }

    fn keys(&mut self, raw: raw::Keys) -> Keys {
        let keys = Keys {
            rotate_every: self.duration("keys.rotate_every", raw.rotate_every, 90 * DAY, HOUR..=TEN_YEARS),
            publish_before: self.duration("keys.publish_before", raw.publish_before, DAY, MINUTE..=TEN_YEARS),
        };
        if keys.publish_before >= keys.rotate_every {
            self.refuse_value(
                "keys.publish_before",
                in_words(keys.publish_before),
                format!("must be shorter than keys.rotate_every, which is {}", in_words(keys.rotate_every)),
            );
        }
        keys
    }

    fn sign_up(&mut self, raw: &raw::SignUp, accounts: &raw::Accounts) -> SignUpMode {
        let mode = match raw.mode.as_deref() {
            None if accounts.sign_up => SignUpMode::Open,
            None | Some("invitation") => SignUpMode::Invitation,
            Some("closed") => SignUpMode::Closed,
            Some("open") => SignUpMode::Open,
            Some(other) => {
                let rule = "must be \"closed\", \"invitation\" or \"open\"";
                self.refuse_value("sign_up.mode", format!("{other:?}"), rule);
                return SignUpMode::Closed;
            }
        };
        if accounts.sign_up && !mode.is_open() {
            self.refuse(
                "accounts.sign_up",
                "says that everybody may sign up, and sign_up.mode does not: leave it out",
            );
        }
        mode
    }

    fn registration(&mut self, raw: raw::Registration) -> Registration {
        let mode = match raw.mode.as_deref() {
            None | Some("off") => RegistrationMode::Off,
            Some("token") => RegistrationMode::Token,
            Some("open") => RegistrationMode::Open,
            Some(other) => {
                self.refuse_value(
                    "registration.mode",
                    format!("{other:?}"),
                    "must be \"off\", \"token\" or \"open\"",
                );
                RegistrationMode::Off
            }
        };
        let software_statement_keys = raw.software_statement_keys.and_then(|file| {
            let key = "registration.software_statement_keys";
            let text = self.read(key, file)?;
            let set = serde_json::from_slice::<serde_json::Value>(&text).ok();
            let set = set.filter(|set| set.get("keys").is_some_and(serde_json::Value::is_array));
            if set.is_none() {
                self.refuse(key, "is not a JWK set: {\"keys\": […]}");
            }
            set
        });
        Registration {
            mode,
            require_pkce: raw.require_pkce.unwrap_or(true),
            unused_expiry: self.duration(
                "registration.unused_expiry",
                raw.unused_expiry,
                DAY,
                MINUTE..=TEN_YEARS,
            ),
            most_unused: self.number("registration.most_unused", raw.most_unused, 1000, 1..=1_000_000),
            software_statement_keys,
        }
    }

    fn outgoing(&mut self, raw: raw::Outgoing) -> Outgoing {
        let ca_certificates = raw.ca_file.and_then(|file| self.read("outgoing.ca_file", file));
        let allowed_hosts =
            raw.allowed_hosts.iter().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
        let allowed_networks = raw
            .allowed_networks
            .iter()
            .filter_map(|text| self.network("outgoing.allowed_networks", text))
            .collect();
        Outgoing { ca_certificates, allowed_hosts: allowed_hosts.collect(), allowed_networks }
    }

    fn branding(&mut self, raw: raw::Branding) -> Arc<Branding> {
        let name = self.brand("branding.name", raw.name, branding::name);
        let light = self.brand("branding.accent_light", raw.accent_light, Colour::on_light);
        let dark = self.brand("branding.accent_dark", raw.accent_dark, Colour::on_dark);
        let logo = raw.logo_file.and_then(|file| {
            let bytes = self.read("branding.logo_file", file)?;
            branding::logo(bytes).map_err(|problem| self.refuse("branding.logo_file", problem)).ok()
        });
        Arc::new(Branding::from(Choices { name, logo, accent_light: light, accent_dark: dark }))
    }

    fn brand<T, E: Display>(
        &mut self,
        key: &str,
        text: Option<String>,
        rule: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text?;
        rule(&text).map_err(|problem| self.refuse_value(key, format!("{text:?}"), problem.to_string())).ok()
    }

    /// The bytes of a file that a setting names.
    pub(super) fn read(&mut self, key: &str, file: PathBuf) -> Option<Vec<u8>> {
        let file = (self.path)(key, file);
        std::fs::read(&file)
            .map_err(|error| self.refuse_value(key, file.display(), format!("cannot be read: {error}")))
            .ok()
    }

    fn log(&mut self, raw: raw::Log) -> Log {
        let json = match raw.format.as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => {
                self.refuse_value("log.format", format!("{other:?}"), "must be \"text\" or \"json\"");
                false
            }
        };
        let filter = raw.filter.unwrap_or_else(|| "info".to_owned());
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
            self.refuse_value(
                "log.filter",
                format!("{filter:?}"),
                format!("{error}; write a level such as \"info\", or \"info,countersign::http=debug\""),
            );
        }
        Log { json, filter }
    }

    fn metrics(&mut self, raw: raw::Metrics) -> Metrics {
        if raw
            .token
            .as_ref()
            .is_some_and(|token| token.len() < 16 || !token.bytes().all(|b| b.is_ascii_graphic()))
        {
            self.refuse(
                "metrics.token",
                format!("must have at least 16 visible ASCII characters; {MAKE_A_SECRET}"),
            );
        }
        Metrics { token: raw.token }
    }

    /// `WebAuthn` Level 3 §5.11: the origins where this server's passkeys may be used, as browsers write them.
    fn related_origins(&mut self, written: &[String]) -> Vec<String> {
        let key = "sign_in.related_origins";
        if written.len() > MOST_RELATED_ORIGINS {
            self.refuse(key, format_args!("has more than {MOST_RELATED_ORIGINS} origins"));
        }
        let mut origins = Vec::new();
        for text in written {
            let is_site = |url: &url::Url| {
                url.scheme() == "https" && url.domain().is_some_and(|host| !host.contains('*'))
            };
            let url = url::Url::parse(text).ok().filter(is_site);
            // Nothing but scheme, host and port: a browser compares no more.
            let origin = url.map(|url| url.origin().ascii_serialization());
            match origin.filter(|origin| text.strip_suffix('/').unwrap_or(text).eq_ignore_ascii_case(origin))
            {
                Some(origin) if origins.contains(&origin) => {
                    self.refuse(key, format_args!("names {origin} twice"));
                }
                Some(origin) => origins.push(origin),
                None => self.refuse(
                    key,
                    format_args!(
                        "holds \"{text}\": must be origins such as https://example.org, without a path"
                    ),
                ),
            }
        }
        origins
    }

    fn assurance(&mut self, raw: raw::Assurance) -> Assurance {
        let Classes([one, two, resistant]) = Classes::default();
        let classes = Classes([
            raw.one_factor.unwrap_or(one),
            raw.two_factors.unwrap_or(two),
            raw.phishing_resistant.unwrap_or(resistant),
        ]);
        let Classes(names) = &classes;
        for (key, name) in ["one_factor", "two_factors", "phishing_resistant"].into_iter().zip(names) {
            let key = format!("assurance.{key}");
            // OpenID Connect Core §3.1.2.1: `acr_values` is space-separated.
            if name.is_empty() || name.len() > 200 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                self.refuse_value(&key, name, "must be 1 to 200 visible ASCII characters without a space");
            } else if names.iter().filter(|other| *other == name).count() > 1 {
                self.refuse_value(&key, name, "is the name of another level; give each its own");
            }
        }
        let administrators = self.level("assurance.administrators", raw.administrators.as_deref());
        Assurance { classes, administrators }
    }

    pub(super) fn level(&mut self, key: &str, text: Option<&str>) -> Level {
        let Some(text) = text else { return Level::OneFactor };
        text.parse().unwrap_or_else(|_| {
            self.refuse_value(key, text, "must be one-factor, two-factors or phishing-resistant");
            Level::OneFactor
        })
    }

    fn number(&mut self, key: &str, value: Option<u32>, default: u32, allowed: RangeInclusive<u32>) -> u32 {
        let value = value.unwrap_or(default);
        if !allowed.contains(&value) {
            self.refuse_value(key, value, format!("must be from {} to {}", allowed.start(), allowed.end()));
        }
        value
    }

    pub(super) fn duration(
        &mut self,
        key: &str,
        text: Option<String>,
        default: Duration,
        allowed: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(text) = text else { return default };
        match parse_duration(&text) {
            Some(length) if allowed.contains(&length) => length,
            Some(_) => {
                self.refuse_value(
                    key,
                    format!("{text:?}"),
                    format!("must be from {} to {}", in_words(*allowed.start()), in_words(*allowed.end())),
                );
                default
            }
            None => {
                self.refuse_value(
                    key,
                    format!("{text:?}"),
                    "must be a whole number and one of s, m, h, d, such as \"90s\", \"10m\", \"12h\" or \"30d\"",
                );
                default
            }
        }
    }

    fn not_longer(&mut self, key: &str, length: Duration, limit_key: &str, limit: Duration) {
        if length > limit {
            self.refuse_value(
                key,
                in_words(length),
                format!("must not be longer than {limit_key}, which is {}", in_words(limit)),
            );
        }
    }
}

/// A length of time as it is written: a whole number and one of s, m, h, d.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(unit).map(Duration::from_secs)
}

/// A length of time as it would be written in the file.
pub(super) fn in_words(length: Duration) -> String {
    let seconds = length.as_secs();
    let (number, unit) = [(86_400, 'd'), (3600, 'h'), (60, 'm')]
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit))
        .map_or((seconds, 's'), |(unit, name)| (seconds / unit, name));
    format!("{number}{unit}")
}

pub(super) fn read_secret_file(file: &Path) -> Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let mode = std::fs::metadata(file).map(|meta| meta.permissions().mode());
    match (text, mode) {
        (Ok(_), Ok(mode)) if mode & 0o077 != 0 => {
            Err(format!("others can read it; run: chmod 600 {}", file.display()))
        }
        (Ok(text), Ok(_)) => Ok(text),
        (Err(error), _) | (_, Err(error)) => Err(format!("cannot be read: {error}")),
    }
}

/// At least 32 bytes as hexadecimal or base64 text (either alphabet, padded or not), which look random.
fn parse_secret(text: &str) -> Result<MasterSecret, &'static str> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if EXAMPLE_WORDS.iter().any(|word| lower.contains(word)) {
        return Err("is an example, which everybody knows");
    }
    let bytes =
        decode_secret(text).ok_or("must be base64 or hexadecimal text of at least 32 random bytes")?;
    if bytes.len() < 32 {
        return Err("is shorter than 32 bytes");
    }
    let mut distinct = [false; 256];
    for byte in bytes.iter() {
        if let Some(seen) = distinct.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    let in_order =
        text.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1)).count();
    if distinct.iter().filter(|seen| **seen).count() < 16 || in_order * 2 > text.len() {
        return Err("is not random");
    }
    Ok(MasterSecret(bytes))
}

fn decode_secret(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let hexadecimal = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = if hexadecimal {
        text.as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect::<Option<Vec<u8>>>()
    } else {
        [&alphabet::STANDARD, &alphabet::URL_SAFE]
            .into_iter()
            .find_map(|alphabet| GeneralPurpose::new(alphabet, padding).decode(text).ok())
    };
    bytes.map(Zeroizing::new)
}
