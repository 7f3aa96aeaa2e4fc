//! Is this deployment well? Looks at everything that a deployment stands on, each within five seconds, and changes nothing
//! that a start would not.

use std::collections::HashMap;
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::admin;
use crate::app::{App, StartError};
use crate::authn::upstream;
use crate::clock::Clock;
use crate::config::{Config, Engine, Issuer};
use crate::entropy::Entropy;
use crate::jose::KeyState;
use crate::outgoing::{FetchError, Outgoing};
use crate::protocol::webhook::{FARTHEST_BEHIND, State, Webhook, host_of};
use crate::store::{self, StoreError};
use crate::tls::{self, Certificate};

/// For one look.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Seconds that two clocks may differ: codes live a minute.
const CLOCKS_DIFFER: i64 = 5;
const CLOCKS_DIFFER_MUCH: i64 = 30;

/// No deployment of this software is older (2025-01-01).
const BEFORE_ALL: i64 = 1_735_689_600;

/// Days before its end that a certificate should have been renewed by.
const RENEW_DAYS: i64 = 14;

/// Rows of the audit log that a webhook should not be behind.
const FAR_BEHIND: i64 = 10_000;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Fine.
    Ok,
    /// Works, and will or may not for long.
    Warning,
    /// Does not work.
    Problem,
}

impl Status {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub check: &'static str,
    /// How it is.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do; empty where nothing is.
    pub advice: String,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, found: found.into(), advice: String::new() }
    }

    fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, found: found.into(), advice: advice.into() }
    }

    fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Problem, found: found.into(), advice: advice.into() }
    }
}

/// The configuration that cannot be used.
#[must_use]
pub fn no_configuration(problem: &str) -> Vec<Finding> {
    vec![Finding::problem("configuration", problem, "mend it; docs/configuration.md lists every setting")]
}

/// Looks at everything.
pub async fn examine(config: Config, clock: Clock) -> Vec<Finding> {
    let now = clock.now().0;
    let mut findings = vec![configuration(&config), own_clock(now)];
    findings.extend(data_directory(&config));
    let database = in_time("database", database(&config, &clock)).await;
    let usable =
        database.iter().all(|finding| finding.check != "database" || finding.status != Status::Problem);
    findings.extend(database);
    findings.extend(certificate(&config, now));
    if usable {
        findings.extend(Box::pin(in_time("server", whole(config, clock))).await);
    } else {
        let skipped = "not looked at: the database comes first";
        findings.extend(
            ["signing keys", "mail", "issuer", "webhooks"].map(|check| Finding::warning(check, skipped, "")),
        );
    }
    findings
}

/// What takes longer is a problem by itself.
async fn in_time(check: &'static str, look: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    // Several looks share the limit of the slowest, and each of them has its own below.
    tokio::time::timeout(TIME_LIMIT * 3, look).await.unwrap_or_else(|_| {
        vec![Finding::problem(check, "did not answer in time", "is it overloaded, or a firewall silent?")]
    })
}

fn configuration(config: &Config) -> Finding {
    let notes = config.notes();
    if notes.is_empty() {
        Finding::ok("configuration", format!("fine; the issuer is {}", config.issuer))
    } else {
        Finding::warning("configuration", notes.join("; "), "see docs/configuration.md")
    }
}

fn own_clock(now: i64) -> Finding {
    if now < BEFORE_ALL {
        Finding::problem(
            "clock",
            "this machine's clock is years behind",
            "set it, and keep it right with NTP: every token's time depends on it",
        )
    } else {
        Finding::ok("clock", format!("Unix time {now}"))
    }
}

/// What others on this machine could read.
fn data_directory(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "data directory";
    let open = |path: &Path| {
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o077 != 0).then(|| format!("{} is open to others (mode {:o})", path.display(), mode & 0o777))
    };
    let Engine::Sqlite(file) = &config.database.engine else {
        return Vec::new();
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let advice = "the first start makes it, if it may";
        return vec![Finding::warning(CHECK, format!("{} is not there", folder.display()), advice)];
    }
    match open(folder).into_iter().chain(open(file)).collect::<Vec<_>>() {
        none if none.is_empty() => {
            vec![Finding::ok(CHECK, format!("{} is the owner's alone", folder.display()))]
        }
        found => {
            vec![Finding::warning(CHECK, found.join("; "), format!("chmod -R go= {}", folder.display()))]
        }
    }
}

async fn database(config: &Config, clock: &Clock) -> Vec<Finding> {
    const CHECK: &str = "database";
    let engine = &config.database.engine;
    if let Engine::Sqlite(file) = engine
        && !file.exists()
    {
        let found = format!("{} is not there", file.display());
        return vec![Finding::problem(CHECK, found, "the first `countersign serve` makes it")];
    }
    let examined = tokio::time::timeout(TIME_LIMIT, store::examine(&config.database)).await;
    let examined = match examined {
        Ok(Ok(examined)) => examined,
        Ok(Err(error)) => {
            let advice = "is it running, and is url under [database] right?";
            return vec![Finding::problem(CHECK, format!("{engine}: {error}"), advice)];
        }
        Err(_) => {
            let advice = "is it running, and is no firewall between?";
            return vec![Finding::problem(CHECK, format!("{engine} does not answer within 5 s"), advice)];
        }
    };
    let now = clock.now().0;
    let mut findings = Vec::new();
    if examined.unknown_migrations > 0 {
        let found = format!("{engine} was used by a later version of this software");
        findings.push(Finding::problem(CHECK, found, "run that version, or put back a copy from before it"));
    } else if examined.missing_migrations > 0 {
        let found = format!("{engine}: {} migrations are to be made", examined.missing_migrations);
        // Going on would make them.
        findings.push(Finding::problem(
            CHECK,
            found,
            "the next `countersign serve` makes them; make a copy first",
        ));
    } else if let Some(cause) = examined.not_writable {
        findings.push(Finding::problem(
            CHECK,
            format!("{engine} cannot be written to: {cause}"),
            "disk full, read-only, or not this user's?",
        ));
    } else {
        findings.push(Finding::ok(CHECK, format!("{engine}: reachable, migrated, writable")));
    }
    if let Some(millis) = examined.database_millis {
        let apart = (millis / 1000 - now).abs();
        let found = format!("the database's clock and this machine's are {apart} s apart");
        findings.push(if apart <= CLOCKS_DIFFER {
            Finding::ok("clock difference", found)
        } else if apart <= CLOCKS_DIFFER_MUCH {
            Finding::warning("clock difference", found, "keep both right with NTP")
        } else {
            Finding::problem("clock difference", found, "keep both right with NTP")
        });
    }
    if let Some(newest) = examined.newest_entry
        && newest > now + CLOCKS_DIFFER_MUCH
    {
        let found = format!("the audit log has an entry from {} s in the future", newest - now);
        let advice = "this machine's clock went back, or another node's is fast: keep them right with NTP";
        findings.push(Finding::warning("clock", found, advice));
    }
    findings
}

/// The certificate that is served, and whether it is for the issuer's host.
fn certificate(config: &Config, now: i64) -> Vec<Finding> {
    const CHECK: &str = "TLS certificate";
    let Some(files) = &config.listen.tls else {
        let local = config.issuer.is_plain_http();
        return if local {
            vec![Finding::ok(CHECK, "none: plain HTTP on loopback, for development")]
        } else {
            vec![Finding::ok(CHECK, "none here: the proxy before this server has it")]
        };
    };
    if let Err(error) = tls::load(files) {
        let advice = "put a certificate and its key there; the running server goes on with the former one";
        return vec![Finding::problem(CHECK, error.to_string(), advice)];
    }
    let host = host(&config.issuer);
    match tls::look_at(files, host.trim_start_matches('[').trim_end_matches(']')) {
        Ok(Certificate { ends_at, begins_at, is_for_host }) => {
            let days = (ends_at - now).div_euclid(DAY);
            let mut findings = vec![if ends_at <= now {
                Finding::problem(CHECK, format!("expired {} days ago", -days), "renew it")
            } else if begins_at > now {
                Finding::problem(CHECK, "is not valid yet", "is this machine's clock right?")
            } else if days < RENEW_DAYS {
                Finding::warning(CHECK, format!("expires in {days} days"), "is it renewed by itself?")
            } else {
                Finding::ok(CHECK, format!("good for {days} days"))
            }];
            if !is_for_host {
                findings.push(Finding::problem(
                    CHECK,
                    format!("is not for {host}, the issuer's host"),
                    "get one that names it, or mend issuer",
                ));
            }
            findings
        }
        Err(what) => vec![Finding::problem(CHECK, what, "put another certificate there")],
    }
}

/// The issuer's host without a port; IPv6 in brackets.
fn host(issuer: &Issuer) -> String {
    let host = issuer.host();
    let name = match host.rsplit_once(':') {
        // `[::1]` ends with no number.
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host.as_str(),
    };
    name.to_owned()
}

/// What needs the whole application: signing keys, mail, and what the world sees.
async fn whole(config: Config, clock: Clock) -> Vec<Finding> {
    let rotate_every = i64::try_from(config.keys.rotate_every.as_secs()).unwrap_or(i64::MAX);
    let app = match App::start(config, clock, Entropy::system()).await {
        Ok(app) => app,
        Err(error @ StartError::OtherSecret) => {
            return vec![Finding::problem("signing keys", error.to_string(), "put the former secret back")];
        }
        Err(error) => {
            return vec![Finding::problem("server", error.to_string(), "it would not start either")];
        }
    };
    let mut findings = vec![keys(&app, rotate_every)];
    let (mail, issuer, webhooks, providers) =
        tokio::join!(mail(&app), issuer(&app), webhooks(&app), providers(&app));
    findings.extend([mail, issuer]);
    findings.extend(webhooks);
    findings.extend(providers);
    app.store.close().await;
    findings
}

fn keys(app: &App, rotate_every: i64) -> Finding {
    const CHECK: &str = "signing keys";
    let now = app.clock.now();
    let view = app.keys.view(now);
    let active: Vec<_> = view.iter().filter(|key| key.state == KeyState::Active).collect();
    let Some(oldest) = active.iter().map(|key| now.0 - key.active_from.0).max() else {
        let advice = "make one with `countersign key rotate --now`";
        return Finding::problem(CHECK, "no key signs", advice);
    };
    let mut algs: Vec<String> = active.iter().map(|key| key.alg.to_string()).collect();
    algs.sort();
    algs.dedup();
    let found = format!("{}; the oldest has signed for {} days", algs.join(", "), oldest / DAY);
    // The work in the background makes the next one in time, wherever a server runs.
    if oldest > rotate_every.saturating_add(7 * DAY) {
        let advice = "no server has run for long enough to rotate: start one, or `countersign key rotate`";
        Finding::warning(CHECK, found, advice)
    } else {
        Finding::ok(CHECK, found)
    }
}

async fn mail(app: &App) -> Finding {
    const CHECK: &str = "mail";
    match tokio::time::timeout(TIME_LIMIT, app.mail.probe()).await {
        Ok(Ok(Some(found))) => Finding::ok(CHECK, found),
        Ok(Ok(None)) => Finding::warning(
            CHECK,
            "no mail is sent: nobody can get a new password by themselves",
            "set [mail]; docs/mail.md",
        ),
        Ok(Err(cause)) => {
            Finding::problem(CHECK, cause, "mails wait for a day: mend [mail] or the mail server")
        }
        Err(_) => Finding::problem(
            CHECK,
            "the mail server does not answer within 5 s",
            "is it running, and is no firewall between?",
        ),
    }
}

/// Does every webhook take what it is told, and can those be reached that are to be told? Nothing is posted to them.
async fn webhooks(app: &App) -> Vec<Finding> {
    const CHECK: &str = "webhooks";
    let known = tokio::time::timeout(TIME_LIMIT, async {
        Ok::<_, StoreError>((app.store.webhooks().await?, app.store.last_audit_place().await?))
    });
    let (webhooks, place) = match known.await {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => return vec![Finding::problem(CHECK, error.to_string(), "is the database well?")],
        Err(_) => return vec![Finding::problem(CHECK, "the database does not answer within 5 s", "")],
    };
    let mut looks = JoinSet::new();
    for webhook in webhooks.iter().filter(|webhook| webhook.state == State::Active) {
        let (outgoing, id, url) = (app.outgoing.clone(), webhook.id.clone(), webhook.url.clone());
        looks.spawn(async move {
            // Whatever it answers, it is there.
            let looked = tokio::time::timeout(TIME_LIMIT, outgoing.get(&url)).await;
            let problem = match looked.unwrap_or(Err(FetchError::TimedOut)) {
                Err(error) if error.nobody_answered() => Some(error),
                Ok(_) | Err(_) => None,
            };
            (id, problem)
        });
    }
    let unreachable: HashMap<String, FetchError> =
        looks.join_all().await.into_iter().filter_map(|(id, problem)| Some((id, problem?))).collect();
    let findings: Vec<Finding> = webhooks
        .iter()
        .filter_map(|webhook| of_webhook(CHECK, webhook, place - webhook.place, unreachable.get(&webhook.id)))
        .collect();
    if !findings.is_empty() {
        return findings;
    }
    let told = webhooks.iter().filter(|webhook| webhook.state == State::Active).count();
    vec![Finding::ok(
        CHECK,
        match (webhooks.len(), told) {
            (0, _) => "there are none".to_owned(),
            (all, told) => format!("{told} of {all} are told, and answer"),
        },
    )]
}

/// What is wrong with one, if anything is.
fn of_webhook(
    check: &'static str,
    webhook: &Webhook,
    behind: i64,
    unreachable: Option<&FetchError>,
) -> Option<Finding> {
    let host = host_of(&webhook.url);
    let name = if webhook.description.is_empty() {
        host.to_owned()
    } else {
        format!("{} ({host})", webhook.description)
    };
    let on_again = format!("`countersign webhook update {} --enabled true`", webhook.id);
    match (webhook.state, unreachable) {
        (State::Stopped, _) => Some(Finding::problem(
            check,
            format!("{name} is stopped, and told nothing: it {}", webhook.cause),
            format!("mend its receiver, then switch it on: {on_again}, or on its page under /admin/webhooks"),
        )),
        (State::Active, Some(error)) => {
            let advice = match error {
                FetchError::NotPublic => {
                    "name its host in outgoing.allowed_hosts, if it is meant to be private"
                }
                FetchError::UnknownHost => "is its name spelled right, and does this machine's DNS know it?",
                FetchError::Untrusted => "renew its certificate, or name its authority in outgoing.ca_file",
                _ => "is it running, and is no firewall between?",
            };
            Some(Finding::problem(check, format!("{name} {error}"), advice))
        }
        (State::Active, None) if webhook.failing_since.is_some() => Some(Finding::warning(
            check,
            format!("{name} does not take its messages: it {}", webhook.cause),
            "look at its latest messages under /admin/webhooks; after a day it is stopped",
        )),
        (State::Active, None) if behind > FAR_BEHIND => Some(Finding::warning(
            check,
            format!("{name} is {behind} rows of the audit log behind"),
            format!("does a server run, and how fast does it answer? More than {FARTHEST_BEHIND} stop it"),
        )),
        (State::Paused, _) | (State::Active, None) => None,
    }
}

/// Does the world find this server under its name?
async fn issuer(app: &App) -> Finding {
    const CHECK: &str = "issuer";
    let issuer = app.config.issuer.as_str();
    let address = format!("{issuer}/.well-known/openid-configuration");
    // The application's own client never asks this server, nor, unless it is told to, a private address, where an issuer may
    // well be.
    let mut rules = app.config.outgoing.clone();
    rules.allowed_hosts.push(host(&app.config.issuer));
    let outgoing = match Outgoing::new(&rules, app.config.issuer.is_plain_http()) {
        Ok(outgoing) => outgoing,
        Err(error) => return Finding::problem(CHECK, error.to_string(), "mend [outgoing]"),
    };
    let document = match tokio::time::timeout(TIME_LIMIT, outgoing.get(&address)).await {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => {
            let advice = "is a server running, and does the name lead to it (DNS, proxy, certificate)?";
            return Finding::problem(CHECK, format!("{address} {error}"), advice);
        }
        Err(_) => {
            let advice = "is a server running, and is no firewall between?";
            return Finding::problem(CHECK, format!("{address} does not answer within 5 s"), advice);
        }
    };
    match serde_json::from_slice::<Value>(&document).ok().as_ref().and_then(|known| known.get("issuer")) {
        Some(Value::String(told)) if told == issuer => {
            Finding::ok(CHECK, format!("{issuer} answers as itself"))
        }
        Some(told) => Finding::problem(
            CHECK,
            format!("whoever answers at {issuer} is the issuer {told}"),
            "clients will refuse its tokens: does the proxy lead to another deployment?",
        ),
        None => Finding::problem(
            CHECK,
            format!("{address} is no discovery document"),
            "does the proxy lead here, and pass /.well-known on?",
        ),
    }
}

/// Can people sign in with the providers that there are? Those of the file and those that were registered are asked alike.
async fn providers(app: &App) -> Vec<Finding> {
    const CHECK: &str = "upstream provider";
    let providers = match app.providers_anew().await {
        Ok(providers) => providers,
        Err(error) => return vec![Finding::problem(CHECK, error.to_string(), "the database comes first")],
    };
    let mut looks = tokio::task::JoinSet::new();
    for upstream in providers.iter().cloned() {
        let app = app.clone();
        looks.spawn(async move {
            let examined = tokio::time::timeout(TIME_LIMIT * 2, upstream::examine(&app, &upstream)).await;
            let id = upstream.id;
            match examined {
                Err(_) => Finding::problem(
                    CHECK,
                    format!("{id}: it does not answer in time"),
                    "is no firewall between, and is [outgoing] right?",
                ),
                Ok(examined) if examined.good => Finding::ok(CHECK, format!("{id}: it answers as it should")),
                Ok(examined) => {
                    let wrong = examined.findings.into_iter().filter(|one| !one.good);
                    let wrong: Vec<String> =
                        wrong.map(|one| format!("{}: {}", one.check, one.found)).collect();
                    Finding::problem(
                        CHECK,
                        format!("{id}: {}", wrong.join("; ")),
                        "nobody signs in with it: mend its settings, or switch it off",
                    )
                }
            }
        });
    }
    let mut findings = looks.join_all().await;
    findings.extend(providers.registered().iter().filter_map(|standing| {
        let complaints = standing.usable.as_ref().err()?;
        let why: Vec<String> = complaints.iter().map(|one| format!("{}: {}", one.field, one.what)).collect();
        let found = format!("{}: it cannot be used: {}", standing.row.id, why.join("; "));
        Some(Finding::problem(CHECK, found, "change it at /admin/providers"))
    }));
    for id in admin::providers::in_both_places(&providers) {
        let found = format!(
            "{id}: countersign.toml has it, and it was registered at run time as well: the file's is used"
        );
        findings.push(Finding::warning(CHECK, found, "delete the one, or take the other out of the file"));
    }
    // As they came in no order.
    findings.sort_by(|one, other| one.found.cmp(&other.found));
    findings
}

#[cfg(test)]
mod tests {
    use super::{BEFORE_ALL, Status, own_clock};

    #[test]
    fn a_clock_that_was_never_set_is_a_problem() {
        assert_eq!(own_clock(0).status, Status::Problem);
        assert_eq!(own_clock(BEFORE_ALL - 1).status, Status::Problem);
        assert_eq!(own_clock(BEFORE_ALL).status, Status::Ok);
    }
}
