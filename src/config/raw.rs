//! What stands in `countersign.toml` and in the environment, before anything is checked.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::Problems;

/// Every variable begins like this.
const PREFIX: &str = "COUNTERSIGN_";

/// Variables of this project's tests begin like this.
const TESTS: &str = "COUNTERSIGN_TEST_";

/// Names the configuration file itself; read by the command line.
const CONFIG_VARIABLE: &str = "COUNTERSIGN_CONFIG";

/// How the text of a variable becomes a value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    List,
    Flag,
}

/// Every setting. Its variable is `COUNTERSIGN_` and the key in capitals, with `_` for the dot.
pub(super) const SETTINGS: &[(&str, Kind)] = &[
    ("issuer", Kind::Text),
    ("secret", Kind::Text),
    ("secret_file", Kind::Text),
    ("data_dir", Kind::Text),
    ("geoip_file", Kind::Text),
    ("database.url", Kind::Text),
    ("database.max_connections", Kind::Number),
    ("database.memory_mib", Kind::Number),
    ("listen.address", Kind::Text),
    ("listen.tls_certificate", Kind::Text),
    ("listen.tls_key", Kind::Text),
    ("listen.trusted_proxies", Kind::List),
    ("sessions.idle", Kind::Text),
    ("sessions.absolute", Kind::Text),
    ("sessions.remembered_idle", Kind::Text),
    ("sessions.remembered_absolute", Kind::Text),
    ("tokens.code", Kind::Text),
    ("tokens.access_token", Kind::Text),
    ("tokens.id_token", Kind::Text),
    ("tokens.refresh_idle", Kind::Text),
    ("tokens.refresh_absolute", Kind::Text),
    ("tokens.refresh_grace", Kind::Text),
    ("passwords.memory_kib", Kind::Number),
    ("passwords.iterations", Kind::Number),
    ("passwords.parallelism", Kind::Number),
    ("passwords.queue", Kind::Number),
    ("throttle.account_failures", Kind::Number),
    ("throttle.address_failures", Kind::Number),
    ("throttle.window", Kind::Text),
    ("keys.rotate_every", Kind::Text),
    ("keys.publish_before", Kind::Text),
    ("assurance.one_factor", Kind::Text),
    ("assurance.two_factors", Kind::Text),
    ("assurance.phishing_resistant", Kind::Text),
    ("assurance.administrators", Kind::Text),
    ("branding.name", Kind::Text),
    ("branding.logo_file", Kind::Text),
    ("branding.accent_light", Kind::Text),
    ("branding.accent_dark", Kind::Text),
    ("accounts.sign_up", Kind::Flag),
    ("sign_up.mode", Kind::Text),
    ("sign_up.keep_names_for", Kind::Text),
    ("sign_in.email_code", Kind::Flag),
    ("sign_in.related_origins", Kind::List),
    ("registration.mode", Kind::Text),
    ("registration.require_pkce", Kind::Flag),
    ("registration.unused_expiry", Kind::Text),
    ("registration.most_unused", Kind::Number),
    ("registration.software_statement_keys", Kind::Text),
    ("authorization.require_pushed_requests", Kind::Flag),
    ("legacy.front_channel_tokens", Kind::Flag),
    ("outgoing.ca_file", Kind::Text),
    ("outgoing.allowed_hosts", Kind::List),
    ("outgoing.allowed_networks", Kind::List),
    ("mail.transport", Kind::Text),
    ("mail.smtp_url", Kind::Text),
    ("mail.smtp_password_file", Kind::Text),
    ("mail.allow_plain", Kind::Flag),
    ("mail.from", Kind::Text),
    ("mail.folder", Kind::Text),
    ("directory.url", Kind::Text),
    ("directory.allow_plain", Kind::Flag),
    ("directory.ca_file", Kind::Text),
    ("directory.bind_dn", Kind::Text),
    ("directory.bind_password", Kind::Text),
    ("directory.bind_password_file", Kind::Text),
    ("directory.user_dn", Kind::Text),
    ("directory.base", Kind::Text),
    ("directory.filter", Kind::Text),
    ("directory.id_attribute", Kind::Text),
    ("directory.username_attribute", Kind::Text),
    ("directory.email_attribute", Kind::Text),
    ("directory.name_attribute", Kind::Text),
    ("directory.groups_attribute", Kind::Text),
    ("directory.groups_base", Kind::Text),
    ("directory.trust_email", Kind::Flag),
    ("directory.timeout", Kind::Text),
    ("log.format", Kind::Text),
    ("log.filter", Kind::Text),
    ("metrics.token", Kind::Text),
];

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Everything that was written, and where.
pub(super) struct Written {
    pub(super) raw: Raw,
    /// Keys whose value is the environment's.
    pub(super) from_environment: BTreeSet<&'static str>,
    /// The folder that relative paths of the file start from.
    pub(super) folder: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) issuer: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) geoip_file: Option<PathBuf>,
    pub(super) database: Database,
    pub(super) listen: Listen,
    pub(super) sessions: Sessions,
    pub(super) tokens: Tokens,
    pub(super) passwords: Passwords,
    pub(super) throttle: Throttle,
    pub(super) keys: Keys,
    pub(super) assurance: Assurance,
    pub(super) branding: Branding,
    pub(super) accounts: Accounts,
    pub(super) sign_up: SignUp,
    pub(super) sign_in: SignIn,
    pub(super) upstream: Vec<Upstream>,
    pub(super) registration: Registration,
    pub(super) authorization: Authorization,
    pub(super) legacy: Legacy,
    pub(super) outgoing: Outgoing,
    pub(super) mail: Mail,
    pub(super) directory: Directory,
    pub(super) forward_auth: Vec<ForwardAuth>,
    pub(super) log: Log,
    pub(super) metrics: Metrics,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Branding {
    pub(super) name: Option<String>,
    pub(super) logo_file: Option<PathBuf>,
    pub(super) accent_light: Option<String>,
    pub(super) accent_dark: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Database {
    pub(super) url: Option<String>,
    pub(super) max_connections: Option<u32>,
    pub(super) memory_mib: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Listen {
    pub(super) address: Option<String>,
    pub(super) tls_certificate: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) trusted_proxies: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sessions {
    pub(super) idle: Option<String>,
    pub(super) absolute: Option<String>,
    pub(super) remembered_idle: Option<String>,
    pub(super) remembered_absolute: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tokens {
    pub(super) code: Option<String>,
    pub(super) access_token: Option<String>,
    pub(super) id_token: Option<String>,
    pub(super) refresh_idle: Option<String>,
    pub(super) refresh_absolute: Option<String>,
    pub(super) refresh_grace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Passwords {
    pub(super) memory_kib: Option<u32>,
    pub(super) iterations: Option<u32>,
    pub(super) parallelism: Option<u32>,
    pub(super) queue: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Throttle {
    pub(super) account_failures: Option<u32>,
    pub(super) address_failures: Option<u32>,
    pub(super) window: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    pub(super) rotate_every: Option<String>,
    pub(super) publish_before: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Assurance {
    pub(super) one_factor: Option<String>,
    pub(super) two_factors: Option<String>,
    pub(super) phishing_resistant: Option<String>,
    pub(super) administrators: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Accounts {
    pub(super) sign_up: bool,
}

/// In the file only: variables have no lists of tables.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Upstream {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) preset: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) team_id: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) form_post: Option<bool>,
    pub(super) client_auth: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) sign_up: bool,
    pub(super) trust_email: Option<bool>,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) emails_endpoint: Option<String>,
    pub(super) subject_claim: Option<String>,
    pub(super) email_claim: Option<String>,
    pub(super) email_verified_claim: Option<String>,
    pub(super) name_claim: Option<String>,
    pub(super) username_claim: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SignUp {
    pub(super) mode: Option<String>,
    pub(super) keep_names_for: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SignIn {
    pub(super) email_code: bool,
    pub(super) related_origins: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Registration {
    pub(super) mode: Option<String>,
    pub(super) require_pkce: Option<bool>,
    pub(super) unused_expiry: Option<String>,
    pub(super) most_unused: Option<u32>,
    pub(super) software_statement_keys: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Authorization {
    pub(super) require_pushed_requests: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Legacy {
    pub(super) front_channel_tokens: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Outgoing {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) allowed_networks: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mail {
    pub(super) transport: Option<String>,
    pub(super) smtp_url: Option<String>,
    pub(super) smtp_password_file: Option<PathBuf>,
    pub(super) allow_plain: bool,
    pub(super) from: Option<String>,
    pub(super) folder: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Directory {
    pub(super) url: Option<String>,
    pub(super) allow_plain: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) bind_dn: Option<String>,
    pub(super) bind_password: Option<String>,
    pub(super) bind_password_file: Option<PathBuf>,
    pub(super) user_dn: Option<String>,
    pub(super) base: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) id_attribute: Option<String>,
    pub(super) username_attribute: Option<String>,
    pub(super) email_attribute: Option<String>,
    pub(super) name_attribute: Option<String>,
    pub(super) groups_attribute: Option<String>,
    pub(super) groups_base: Option<String>,
    pub(super) trust_email: bool,
    pub(super) timeout: Option<String>,
}

/// A list of tables has no variable: it stands in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ForwardAuth {
    pub(super) host: String,
    pub(super) groups: Vec<String>,
    pub(super) level: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) basic: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) format: Option<String>,
    pub(super) filter: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Metrics {
    pub(super) token: Option<String>,
}

/// Reads the file, if there is one, puts `given` values over it and the environment over both.
///
/// # Errors
/// The file cannot be read or understood, or a variable is unknown or of the wrong form.
pub(super) fn read(
    file: Option<&Path>,
    given: &[(&'static str, String)],
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Written, Problems> {
    let mut problems = Vec::new();
    let mut settings = file.map_or_else(Table::new, |file| {
        read_file(file).unwrap_or_else(|problem| {
            problems.push(problem);
            Table::new()
        })
    });
    for (key, value) in given {
        put(&mut settings, key, Value::String(value.clone()));
    }
    let from_environment = apply_environment(&mut settings, environment, &mut problems);
    let raw = settings.try_into::<Raw>().unwrap_or_else(|error| {
        problems.push(error.message().to_owned());
        Raw::default()
    });
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let folder = file.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned);
    Ok(Written { raw, from_environment, folder })
}

fn read_file(file: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    // Once into the structs, whose refusals name line and column; then as a table that variables are put over.
    toml::from_str::<Raw>(&text)
        .and_then(|_| toml::from_str::<Table>(&text))
        .map_err(|error| format!("{}: {}", file.display(), error.to_string().trim_end()))
}

fn apply_environment(
    settings: &mut Table,
    environment: impl Iterator<Item = (OsString, OsString)>,
    problems: &mut Vec<String>,
) -> BTreeSet<&'static str> {
    let mut set = BTreeSet::new();
    let mut unknown = false;
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        // The tests' own variables are theirs.
        if name == CONFIG_VARIABLE || name.starts_with(TESTS) || value.is_empty() {
            continue;
        }
        let Some(&(key, kind)) = SETTINGS.iter().find(|(key, _)| variable(key) == name) else {
            problems.push(format!("{name}: there is no such setting"));
            unknown = true;
            continue;
        };
        let value = value.to_str().ok_or_else(|| format!("{name}: is not UTF-8 text"));
        match value.and_then(|value| kind.value(name, value)) {
            Ok(value) => {
                put(settings, key, value);
                set.insert(key);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if unknown {
        let mut known = String::from("the variables are:");
        for (key, _) in SETTINGS {
            // Writing to a String cannot fail.
            let _ = write!(known, " {}", variable(key));
        }
        problems.push(known);
    }
    // The secret has two keys: the environment's one replaces the file's other one.
    for (one, other) in [("secret", "secret_file"), ("secret_file", "secret")] {
        if set.contains(one) && !set.contains(other) {
            settings.remove(other);
        }
    }
    set
}

impl Kind {
    fn value(self, name: &str, text: &str) -> Result<Value, String> {
        Ok(match self {
            Self::Text => Value::String(text.to_owned()),
            Self::Number => Value::Integer(i64::from(
                text.parse::<u32>().map_err(|_| format!("{name} = {text:?}: must be a whole number"))?,
            )),
            Self::Flag => {
                Value::Boolean(text.parse().map_err(|_| format!("{name} = {text:?}: must be true or false"))?)
            }
            Self::List => Value::Array(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Value::String(item.to_owned()))
                    .collect(),
            ),
        })
    }
}

/// Puts a value at `section.key` or `key`.
fn put(settings: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            settings.insert(key.to_owned(), value);
        }
        Some((section, key)) => {
            let section = settings.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(key.to_owned(), value);
            }
        }
    }
}
