//! The policies of this deployment in one place, each with its present value, what it means, and where it is changed. Read
//! only: those of countersign.toml are read at the start, and each application and group has its own page.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Refusal, cut};
use crate::app::App;
use crate::config::{Config, MailTransport, RegistrationMode, SignUpMode, Upstream};
use crate::protocol::assurance::Level;

/// Applications and groups of each kind that are listed; more are only said to be there.
const LISTED: u32 = 100;

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Policy {
    /// What it is about.
    pub name: String,
    /// Its present value.
    pub value: String,
    /// What that means, in a sentence.
    pub means: String,
    /// The key of countersign.toml that sets it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'static str>,
    /// The page where it is changed, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// Policies about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Section {
    /// What about.
    pub title: &'static str,
    /// Each of them.
    pub policies: Vec<Policy>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Policies {
    /// In the order in which they matter to people.
    pub sections: Vec<Section>,
    /// Are there more applications or groups with a level of their own than are listed?
    pub more: bool,
}

/// A policy of the file.
fn of_file(key: &'static str, name: &str, value: impl Into<String>, means: impl Into<String>) -> Policy {
    Policy { name: name.to_owned(), value: value.into(), means: means.into(), key: Some(key), page: None }
}

/// The present policies.
///
/// # Errors
/// The database is unavailable.
pub async fn load(app: &App) -> Result<Policies, Refusal> {
    let (clients, more_clients) = cut(app.store.clients_with_level(LISTED + 1).await?, LISTED);
    let (groups, more_groups) = cut(app.store.groups_with_level(LISTED + 1).await?, LISTED);
    let mut levels = levels(&app.config);
    levels.extend(groups.into_iter().filter_map(|group| {
        let least = group.least_acr?;
        let means = format!("Whoever is in this group signs in {} at least, wherever they do.", with(least));
        let page = Some(address("groups", group.id.as_str()));
        Some(Policy {
            name: format!("Group {}", group.name),
            value: least.to_string(),
            means,
            key: None,
            page,
        })
    }));
    levels.extend(clients.into_iter().filter_map(|client| {
        let least = client.metadata.least_acr?;
        let means = format!("Whoever comes from this application signs in {} at least.", with(least));
        let page = Some(address("clients", client.id.as_str()));
        let name = format!("Application {}", client.metadata.client_name);
        Some(Policy { name, value: least.to_string(), means, key: None, page })
    }));
    let config = &app.config;
    let providers = app.providers().await?;
    let registered = providers.iter().filter(|one| !providers.is_hidden(&one.id));
    let vouching = names_of_vouching(registered);
    let sections = vec![
        Section { title: "Accounts", policies: accounts(config, &vouching) },
        Section { title: "Recovery", policies: recovery(config) },
        Section { title: "Levels of assurance", policies: levels },
        Section { title: "Throttling", policies: throttling(config) },
        Section { title: "Sessions", policies: sessions(config) },
        Section { title: "Tokens and keys", policies: tokens(config) },
        Section { title: "Applications that register themselves", policies: registration(config) },
    ];
    Ok(Policies { sections, more: more_clients || more_groups })
}

/// The page of one of these.
fn address(kind: &str, id: &str) -> String {
    let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    format!("/admin/{kind}/{id}")
}

/// How somebody signs in at a level.
const fn with(level: Level) -> &'static str {
    match level {
        Level::OneFactor => "with a password",
        Level::TwoFactors => "with two factors",
        Level::PhishingResistant => "with a passkey",
    }
}

const fn on(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// As in countersign.toml: `30d`, `90s`.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    for (unit, letter) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if seconds > 0 && seconds.is_multiple_of(unit) {
            return format!("{}{letter}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

/// Providers whose word makes an account.
fn names_of_vouching<'a>(providers: impl Iterator<Item = &'a Upstream>) -> Vec<&'a str> {
    providers.filter(|one| one.policy.sign_up).map(|one| one.name.as_str()).collect()
}

/// `vouching` are the providers whose word makes an account, of those that were registered at run time.
fn accounts(config: &Config, vouching: &[&str]) -> Vec<Policy> {
    let (mode, means) = match config.sign_up {
        SignUpMode::Closed => ("closed", "Administrators make every account."),
        SignUpMode::Invitation => ("invitation", "Whom an administrator invites may make an account."),
        SignUpMode::Open => ("open", "Everybody may make an account, at /sign-up."),
    };
    let mut policies = vec![of_file("sign_up.mode", "Sign-up", mode, means)];
    let (name, means) = ("Sign-up by providers", "Everybody whom these providers vouch for gets an account.");
    let of_the_file = names_of_vouching(config.upstreams.iter());
    if !of_the_file.is_empty() {
        policies.push(of_file("upstream.sign_up", name, of_the_file.join(", "), means));
    }
    if !vouching.is_empty() {
        policies.push(Policy {
            name: name.to_owned(),
            value: vouching.join(", "),
            means: means.to_owned(),
            key: None,
            page: Some("/admin/providers".to_owned()),
        });
    }
    policies.extend([
        of_file(
            "sign_up.keep_names_for",
            "Names that were given up",
            short(config.keep_names_for),
            "For so long the user name of an account that was deleted or renamed is nobody else’s.",
        ),
        of_file(
            "sign_in.email_code",
            "Sign-in by a mailed code",
            on(config.sign_in.email_code),
            "Whether a code that is mailed to a confirmed address signs its owner in.",
        ),
        of_file(
            "sign_in.related_origins",
            "Other origins of passkeys",
            if config.sign_in.related_origins.is_empty() {
                "none".to_owned()
            } else {
                config.sign_in.related_origins.join(", ")
            },
            "On whose pages, besides this server’s, its passkeys may be used.",
        ),
        of_file(
            "directory.url",
            "Directory",
            on(config.directory.is_some()),
            "Whether people sign in with the passwords of the organisation’s directory.",
        ),
    ]);
    policies
}

fn recovery(config: &Config) -> Vec<Policy> {
    let by_mail = match config.mail.transport {
        MailTransport::None => {
            ("no mail", "Nobody gets a new password by themselves: an administrator sets one.")
        }
        MailTransport::File(_) => {
            ("mail into a folder", "Links to a new password are only written into files.")
        }
        MailTransport::Smtp(_) => {
            ("by mail", "Whoever lost their password gets a link by mail; second factors stay.")
        }
    };
    vec![of_file("mail.transport", "A new password", by_mail.0, by_mail.1)]
}

fn levels(config: &Config) -> Vec<Policy> {
    let classes = &config.assurance.classes;
    let named = |key, level: Level, name| {
        of_file(
            key,
            name,
            classes.name(level),
            format!("What acr says when somebody signed in {}.", with(level)),
        )
    };
    vec![
        of_file(
            "assurance.administrators",
            "Administration pages",
            config.assurance.administrators.to_string(),
            format!("Administrators sign in {} at least.", with(config.assurance.administrators)),
        ),
        named("assurance.one_factor", Level::OneFactor, "One factor"),
        named("assurance.two_factors", Level::TwoFactors, "Two factors"),
        named("assurance.phishing_resistant", Level::PhishingResistant, "Phishing-resistant"),
    ]
}

fn throttling(config: &Config) -> Vec<Policy> {
    let limits = &config.throttle;
    let window = short(limits.window);
    vec![
        of_file(
            "throttle.account_failures",
            "Failures at one account",
            limits.account_failures.to_string(),
            format!("After so many within {window}, the account is closed to unknown devices for a while."),
        ),
        of_file(
            "throttle.address_failures",
            "Failures from one address",
            limits.address_failures.to_string(),
            format!("After so many within {window}, nothing more is tried for that address."),
        ),
        of_file("throttle.window", "Window", window.clone(), "For so long a failure counts."),
    ]
}

fn sessions(config: &Config) -> Vec<Policy> {
    let sessions = &config.sessions;
    vec![
        of_file(
            "sessions.idle",
            "Without use",
            short(sessions.idle),
            "A session that is not used for so long is over.",
        ),
        of_file(
            "sessions.absolute",
            "At most",
            short(sessions.absolute),
            "After so long everybody signs in anew.",
        ),
        of_file(
            "sessions.remembered_idle",
            "Without use, remembered",
            short(sessions.remembered_idle),
            "The same on a device that its user chose to stay signed in on.",
        ),
        of_file(
            "sessions.remembered_absolute",
            "At most, remembered",
            short(sessions.remembered_absolute),
            "The same on a device that its user chose to stay signed in on.",
        ),
    ]
}

fn tokens(config: &Config) -> Vec<Policy> {
    let (tokens, keys) = (&config.tokens, &config.keys);
    vec![
        of_file(
            "tokens.code",
            "Authorization code",
            short(tokens.code),
            "For so long an application may redeem it.",
        ),
        of_file(
            "tokens.access_token",
            "Access token",
            short(tokens.access_token),
            "For so long it is good, unless it is revoked.",
        ),
        of_file("tokens.id_token", "ID token", short(tokens.id_token), "For so long it may be relied on."),
        of_file(
            "tokens.refresh_idle",
            "Refresh token, without use",
            short(tokens.refresh_idle),
            "One that is not used for so long is over.",
        ),
        of_file(
            "tokens.refresh_absolute",
            "Refresh tokens, at most",
            short(tokens.refresh_absolute),
            "After so long people sign in at the application anew.",
        ),
        of_file(
            "tokens.refresh_grace",
            "Grace of a refresh",
            short(tokens.refresh_grace),
            "For so long a public application may repeat its last refresh.",
        ),
        of_file("keys.rotate_every", "Signing key", short(keys.rotate_every), "For so long a key signs."),
        of_file(
            "keys.publish_before",
            "Published before",
            short(keys.publish_before),
            "For so long a new key is published before it signs.",
        ),
        of_file(
            "authorization.require_pushed_requests",
            "Pushed requests",
            on(config.authorization.require_pushed_requests),
            "Whether every application must push its authorization requests; else those that are registered so.",
        ),
        of_file(
            "legacy.front_channel_tokens",
            "Tokens in the front channel",
            on(config.legacy.front_channel_tokens),
            "Whether older applications may get access tokens from the authorization endpoint.",
        ),
    ]
}

fn registration(config: &Config) -> Vec<Policy> {
    let rules = &config.registration;
    let (mode, means) = match rules.mode {
        RegistrationMode::Off => ("off", "Only administrators register applications."),
        RegistrationMode::Token => {
            ("token", "Whoever has an initial access token may register an application.")
        }
        RegistrationMode::Open => ("open", "Everybody may register an application."),
    };
    vec![
        of_file("registration.mode", "Who may", mode, means),
        of_file(
            "registration.require_pkce",
            "PKCE",
            on(rules.require_pkce),
            "Whether confidential ones among them must use it; public ones always must.",
        ),
        of_file(
            "registration.unused_expiry",
            "Unused ones",
            short(rules.unused_expiry),
            "One that was not used for so long after its registration is deleted.",
        ),
        of_file(
            "registration.most_unused",
            "Unused ones at once",
            rules.most_unused.to_string(),
            "With so many, no other registers itself.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{accounts, levels, recovery, registration, sessions, short, throttling, tokens};
    use crate::config::samples;

    #[test]
    fn times_read_as_in_the_file() {
        for (seconds, text) in
            [(0, "0s"), (45, "45s"), (90, "90s"), (300, "5m"), (7_200, "2h"), (86_400, "1d"), (90_000, "25h")]
        {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn every_key_is_one_of_the_document_and_every_policy_is_told_in_a_sentence() {
        let config = samples::config("https://id.example");
        let document = include_str!("../../docs/configuration.md");
        let sections = [recovery, levels, throttling, sessions, tokens, registration];
        let all = sections.into_iter().flat_map(|section| section(&config));
        for policy in accounts(&config, &[]).into_iter().chain(all) {
            let (section, name) = policy.key.unwrap().split_once('.').unwrap();
            assert!(
                document.contains(&format!("`[{section}]`")) && document.contains(&format!("`{name}`")),
                "{policy:?}"
            );
            assert!(
                policy.means.ends_with('.') && !policy.value.is_empty() && !policy.name.is_empty(),
                "{policy:?}"
            );
        }
    }
}
