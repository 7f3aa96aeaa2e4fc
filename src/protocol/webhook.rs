//! Webhooks: which events there are, what is sent of them, how it is signed (Standard Webhooks 1.0.0), and when it is tried
//! again.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::registration::FieldProblem;
use super::timestamp::Timestamp;
use super::user::changes_the_text_around;

/// The longest address, in bytes.
const LONGEST_URL: usize = 2048;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// An endpoint that is further behind the audit log than so many rows is stopped.
pub const FARTHEST_BEHIND: i64 = 1_000_000;

/// An endpoint that has taken nothing for so long is stopped.
pub const PATIENCE: Duration = Duration::from_hours(24);

/// An event that the receiver itself refuses so often is given up, so that those after it get through.
pub const MOST_REFUSALS: i64 = 6;

/// The waits after the first attempts that failed, in seconds …
const WAITS: [i64; 6] = [5, 15, 60, 300, 900, 1800];

/// … and after each later one.
const LAST_WAIT: i64 = 3600;

/// What a test sends.
pub const TEST: &str = "webhook.test";

/// An event that can be chosen.
#[derive(Debug)]
pub struct EventType {
    /// Its name in `type`.
    pub name: &'static str,
    /// What happened, in words.
    pub means: &'static str,
    /// The actions of the audit log that it stands for.
    actions: &'static [&'static str],
    /// Text in the details that tells it from others with the same action; empty for none.
    detail: &'static str,
}

const fn event(
    name: &'static str,
    means: &'static str,
    actions: &'static [&'static str],
    detail: &'static str,
) -> EventType {
    EventType { name, means, actions, detail }
}

/// Every event that can be chosen. A name, once here, keeps its meaning. The first that fits counts.
pub const EVENTS: &[EventType] = &[
    event("session.begun", "Somebody signed in", &["session.begin"], ""),
    event("session.refused", "A sign-in was refused", &["session.refused", "upstream.refused"], ""),
    event(
        "session.ended",
        "Somebody signed out, or their sessions were ended, where no other event tells it",
        &["session.end", "user.end_sessions"],
        "",
    ),
    event(
        "administration.refused",
        "Somebody asked for more than they may administer",
        &["administration.refuse"],
        "",
    ),
    event(
        "delegation.changed",
        "Something was delegated, or taken back",
        &["delegation.create", "delegation.end"],
        "",
    ),
    event("user.created", "A user was added", &["user.create", "user.import"], ""),
    event("user.disabled", "A user was switched off", &["user.update"], "disabled=true"),
    event("user.enabled", "A user was switched on again", &["user.update"], "disabled=false"),
    event("user.updated", "A user’s data changed", &["user.update", "address.verify"], ""),
    event("user.deleted", "A user was deleted", &["user.delete"], ""),
    event(
        "user.password_changed",
        "A password was set or changed",
        &["user.set_password", "user.reset_password"],
        "",
    ),
    event("user.password_required", "A user must choose a new password", &["user.require_password"], ""),
    event(
        "user.methods_changed",
        "A passkey, an app, recovery codes or a linked account came or went",
        &[
            "app.add",
            "app.remove",
            "passkey.add",
            "passkey.remove",
            "recovery_codes.make",
            "identity.link",
            "identity.unlink",
        ],
        "",
    ),
    event("consent.given", "A user allowed an application", &["consent.allow"], ""),
    event("device.allowed", "A user let a device sign in", &["device.allow"], ""),
    event("device.denied", "A user kept a device from signing in", &["device.deny"], ""),
    event("consent.withdrawn", "A user took that back", &["consent.withdraw"], ""),
    event("grant.revoked", "An application gave its tokens back", &["grant.revoke"], ""),
    event(
        "grant.replayed",
        "A code or refresh token was used twice; its grant is revoked",
        &["grant.code_replayed", "grant.refresh_reused"],
        "",
    ),
    event("client.created", "An application was registered", &["client.create", "client.register"], ""),
    event("client.updated", "An application was changed", &["client.update"], ""),
    event(
        "client.secret_changed",
        "An application got a new secret, or its old one ended",
        &["client.rotate_secret", "client.end_old_secret"],
        "",
    ),
    event("client.deleted", "An application was deleted", &["client.delete"], ""),
    event(
        "group.changed",
        "A group was added, changed or deleted",
        &["group.create", "group.update", "group.delete"],
        "",
    ),
    event(
        "group.members_changed",
        "Somebody joined or left a group",
        &["group.add_member", "group.remove_member"],
        "",
    ),
    event(
        "scope.changed",
        "A scope was defined, changed or deleted",
        &["scope.create", "scope.update", "scope.delete"],
        "",
    ),
    event(
        "invitation.changed",
        "An invitation was made or withdrawn",
        &["invitation.create", "invitation.withdraw"],
        "",
    ),
    event(
        "registration_token.changed",
        "An initial access token was made or revoked",
        &["registration_token.create", "registration_token.revoke"],
        "",
    ),
    event(
        "provider.changed",
        "A provider that people sign in with was added, changed or deleted",
        &["upstream.create", "upstream.update", "upstream.delete"],
        "",
    ),
    event("key.rotated", "The next signing key was made", &["key.rotate"], ""),
    event("key.revoked", "A signing key was revoked", &["key.revoke"], ""),
    event("mail.failed", "A mail was given up", &["mail.give_up"], ""),
    event("logout_token.failed", "An application was not told of a sign-out", &["logout_token.give_up"], ""),
    event(
        "webhook.changed",
        "A webhook was added, changed or deleted",
        &[
            "webhook.create",
            "webhook.update",
            "webhook.delete",
            "webhook.rotate_secret",
            "webhook.end_old_secret",
            "webhook.skip",
        ],
        "",
    ),
    event("branding.changed", "How this server looks was changed", &["branding.update"], ""),
    event("webhook.stopped", "A webhook was stopped, because nothing arrived", &["webhook.stop"], ""),
];

/// The event that a row of the audit log is; none for what nobody can choose.
#[must_use]
pub fn event_of(action: &str, detail: &str) -> Option<&'static str> {
    let fits = |event: &&EventType| {
        event.actions.contains(&action)
            && (event.detail.is_empty()
                || detail.split([' ', ',', '(', ')']).any(|word| word == event.detail))
    };
    EVENTS.iter().find(fits).map(|event| event.name)
}

/// Is it told, and to whom it may concern?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Active,
    /// An administrator wants nothing sent for now.
    Paused,
    /// The server gave up.
    Stopped,
}

impl State {
    /// As in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Stopped].into_iter().find(|state| state.as_str() == text)
    }
}

/// An endpoint as the server knows it.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Where events are posted to.
    pub url: String,
    /// What it is; may be empty.
    pub description: String,
    /// Which events it is told of, by name.
    pub events: Vec<String>,
    /// Whether it is told.
    pub state: State,
    /// Why the last attempt failed, or why the server stopped it; may be empty.
    pub cause: String,
    /// What messages are signed with, sealed.
    pub secret: String,
    /// What they were signed with before, sealed, and until when they are signed with it as well.
    pub old_secret: Option<(String, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an administrator last changed it.
    pub updated_at: Timestamp,
    /// The place in the audit log up to which it was told.
    pub place: i64,
    /// When the next event is told at the earliest, or until when it is leased.
    pub due_at: Timestamp,
    /// How often the next event failed.
    pub attempts: i64,
    /// Since when nothing has arrived.
    pub failing_since: Option<Timestamp>,
}

impl Webhook {
    /// Is it told of this event?
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|wanted| wanted == event)
    }
}

/// An endpoint as somebody wants it to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookInput {
    /// Where events are posted to: an https address that this server may reach.
    pub url: Option<String>,
    /// What it is, 200 characters at most.
    pub description: Option<String>,
    /// Which events it is told of, by name; at least one.
    pub events: Option<Vec<String>>,
    /// Whether it is told. Default: yes. Switched on again, it goes on where it stopped.
    pub enabled: Option<bool>,
}

impl From<&Webhook> for WebhookInput {
    fn from(webhook: &Webhook) -> Self {
        Self {
            url: Some(webhook.url.clone()),
            description: Some(webhook.description.clone()).filter(|text| !text.is_empty()),
            events: Some(webhook.events.clone()),
            enabled: Some(webhook.state == State::Active),
        }
    }
}

/// What an endpoint may be, but for its address, which only the guarded client can judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where to.
    pub url: String,
    /// What it is.
    pub description: String,
    /// Each once, in the order of [`EVENTS`].
    pub events: Vec<String>,
    /// Is it told?
    pub enabled: bool,
}

/// The host of an address: all that lists and the audit log name, for paths and queries of such addresses often hold a secret.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Judges an endpoint; `address` says what is wrong with where it leads.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(
    input: &WebhookInput,
    address: impl FnOnce(&str) -> Result<(), String>,
) -> Result<Wanted, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let url = input.url.as_deref().unwrap_or_default().trim();
    if url.is_empty() {
        problems.push(FieldProblem::new("url", "is missing"));
    } else if url.len() > LONGEST_URL || url.chars().any(|c| c.is_whitespace() || changes_the_text_around(c))
    {
        problems.push(FieldProblem::new("url", format_args!("is no address of {LONGEST_URL} bytes at most")));
    } else if let Err(problem) = address(url) {
        problems.push(FieldProblem::new("url", problem));
    }
    let description = input.description.as_deref().unwrap_or_default().trim();
    if description.chars().count() > LONGEST_DESCRIPTION || description.chars().any(changes_the_text_around) {
        problems.push(FieldProblem::new(
            "description",
            "one line of 200 characters at most, without control or direction characters",
        ));
    }
    let named = input.events.as_deref().unwrap_or_default();
    let unknown = named.iter().find(|name| EVENTS.iter().all(|event| event.name != name.as_str()));
    if let Some(name) = unknown {
        // Shown in part: it may be long.
        let name: String = name.chars().filter(|c| !changes_the_text_around(*c)).take(50).collect();
        problems.push(FieldProblem::new("events", format_args!("there is no event {name:?}")));
    } else if named.is_empty() {
        problems.push(FieldProblem::new("events", "choose at least one"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let chosen = EVENTS.iter().map(|event| event.name).filter(|known| named.iter().any(|name| name == known));
    Ok(Wanted {
        url: url.to_owned(),
        description: description.to_owned(),
        events: chosen.map(str::to_owned).collect(),
        enabled: input.enabled.unwrap_or(true),
    })
}

/// What is told of an event.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Told<'a> {
    /// Id of the row in the audit log; empty in a test.
    pub id: &'a str,
    /// The action as the audit log names it.
    pub action: &'a str,
    /// Who did it: `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
    pub actor: &'a str,
    /// To what, such as `user:<id>`.
    pub target: &'a str,
    /// In which way: words for people, which may change.
    pub detail: &'a str,
    /// From which address; empty where there was none.
    pub ip: &'a str,
    /// With which browser, as it calls itself; empty where there was none.
    pub user_agent: &'a str,
    /// The request, as in the logs; empty where there was none.
    pub correlation_id: &'a str,
}

/// The body of a message: `type`, `timestamp` (of the event, RFC 3339) and `data`.
#[must_use]
pub fn body(event: &str, at: Timestamp, data: &Told<'_>) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        r#type: &'a str,
        timestamp: String,
        data: &'a Told<'a>,
    }
    let timestamp = OffsetDateTime::from_unix_timestamp(at.0)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default();
    // Texts always have a form in JSON.
    serde_json::to_string(&Body { r#type: event, timestamp, data }).unwrap_or_default()
}

/// A signing secret, in the form in which receivers' libraries want it.
#[must_use]
pub fn secret_text(secret: &[u8; 32]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// `webhook-signature`: over `id.timestamp.body`, once with each secret (in the form of [`secret_text`]), separated by spaces.
/// A secret of another form signs nothing.
#[must_use]
pub fn signatures(secrets: &[String], id: &str, at: Timestamp, body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.0);
    let sign = |secret: &String| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(code)))
    };
    secrets.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
}

/// What an attempt means for the event and the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// It is tried again at that time.
    Again(Timestamp),
    /// This event is left out; the next one is told, at that time at the earliest.
    GiveUp(Timestamp),
    /// Nothing more is sent until an administrator says so.
    Stop,
}

/// Judges an attempt by the status that came back (none where no answer came); `attempts` counts it, `failing_since` is when
/// the first one of an unbroken row of failures was. `noise` spreads the waits.
#[must_use]
pub fn judge(
    status: Option<u16>,
    attempts: i64,
    failing_since: Timestamp,
    now: Timestamp,
    noise: u8,
) -> Verdict {
    match status {
        Some(200..=299) => return Verdict::Delivered,
        // "Gone": the receiver wants no more.
        Some(410) => return Verdict::Stop,
        _ if now.reached(failing_since.plus(PATIENCE)) => return Verdict::Stop,
        _ => {}
    }
    let failed_before = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    let wait = WAITS.get(failed_before).copied().unwrap_or(LAST_WAIT);
    // Up to a quarter longer, so that many do not come back at the same moment.
    let next = Timestamp(now.0.saturating_add(wait + wait * i64::from(noise) / 1024));
    let refused = matches!(status, Some(400..=499)) && !matches!(status, Some(408 | 425 | 429));
    if refused && attempts >= MOST_REFUSALS { Verdict::GiveUp(now) } else { Verdict::Again(next) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        EVENTS, MOST_REFUSALS, Told, Verdict, WebhookInput, body, check, event_of, judge, secret_text,
        signatures,
    };
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn every_event_has_one_name_and_is_found_by_its_actions() {
        for (index, event) in EVENTS.iter().enumerate() {
            assert!(EVENTS[..index].iter().all(|other| other.name != event.name), "{}", event.name);
            for action in event.actions {
                assert_eq!(event_of(action, event.detail), Some(event.name), "{action}");
            }
        }
        assert_eq!(event_of("user.update", "profile (disabled=true email)"), Some("user.disabled"));
        assert_eq!(event_of("user.update", "disabled=true"), Some("user.disabled"));
        assert_eq!(event_of("user.update", "name disabled=false"), Some("user.enabled"));
        assert_eq!(event_of("user.update", "xdisabled=true"), Some("user.updated"));
        assert_eq!(event_of("audit_chain.begin", ""), None);
    }

    #[test]
    fn standard_webhooks_known_answer() {
        // Computed with another implementation (Python's hmac), over msg_1.1700000000.{"a":1}.
        let secret = secret_text(&[7; 32]);
        assert_eq!(secret, "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        let signed =
            signatures(std::slice::from_ref(&secret), "msg_1", Timestamp(1_700_000_000), "{\"a\":1}");
        assert_eq!(signed, "v1,LInk7lWC3DLGgRP3k/Xpm933fgj/SEGrik4mpkLgnKE=");
        let two =
            signatures(&[secret, secret_text(&[8; 32])], "msg_1", Timestamp(1_700_000_000), "{\"a\":1}");
        assert!(two.starts_with(&format!("{signed} v1,")), "{two}");
        assert_eq!(signatures(&["whsec_%".to_owned()], "m", Timestamp(0), ""), "");
    }

    #[test]
    fn a_message_tells_what_the_log_has_and_nothing_else() {
        let told =
            Told { id: "1", action: "user.create", actor: "cli", target: "user:\"x\"", ..Told::default() };
        let told: Value =
            serde_json::from_str(&body("user.created", Timestamp(1_795_910_400), &told)).unwrap();
        assert_eq!(
            told,
            json!({
                "type": "user.created", "timestamp": "2026-11-29T00:00:00Z",
                "data": { "id": "1", "action": "user.create", "actor": "cli", "target": "user:\"x\"", "detail": "",
                    "ip": "", "user_agent": "", "correlation_id": "" },
            })
        );
    }

    #[test]
    fn attempts_come_more_and_more_seldom_and_end() {
        let zero = Timestamp(0);
        assert_eq!(judge(Some(204), 1, zero, zero, 0), Verdict::Delivered);
        assert_eq!(judge(Some(410), 1, zero, zero, 0), Verdict::Stop);
        for status in [None, Some(500), Some(302), Some(408), Some(425), Some(429), Some(199)] {
            for (attempts, wait) in
                [(1, 5), (2, 15), (3, 60), (4, 300), (5, 900), (6, 1800), (7, 3600), (99, 3600)]
            {
                assert_eq!(
                    judge(status, attempts, zero, zero, 0),
                    Verdict::Again(Timestamp(wait)),
                    "{status:?}"
                );
            }
        }
        assert_eq!(judge(None, 7, zero, zero, 255), Verdict::Again(Timestamp(3600 + 896)));
        assert_eq!(judge(None, 30, zero, Timestamp(86_399), 0), Verdict::Again(Timestamp(86_399 + 3600)));
        assert_eq!(judge(None, 30, zero, Timestamp(86_400), 0), Verdict::Stop);
        assert_eq!(judge(Some(400), MOST_REFUSALS - 1, zero, zero, 0), Verdict::Again(Timestamp(900)));
        assert_eq!(judge(Some(400), MOST_REFUSALS, zero, zero, 0), Verdict::GiveUp(zero));
        assert_eq!(judge(None, i64::MIN, zero, Timestamp(i64::MAX), 0), Verdict::Stop);
    }

    #[test]
    fn each_wrong_field_is_told() {
        let good = || WebhookInput {
            url: Some(" https://siem.example/in ".to_owned()),
            description: None,
            events: Some(vec![
                "user.deleted".to_owned(),
                "session.begun".to_owned(),
                "user.deleted".to_owned(),
            ]),
            enabled: None,
        };
        let wanted = check(&good(), |_| Ok(())).unwrap();
        assert_eq!(wanted.url, "https://siem.example/in");
        assert_eq!(wanted.events, ["session.begun", "user.deleted"], "each once, in one order");
        assert!(wanted.enabled);
        let text = |text: &str| Some(text.to_owned());
        for (field, bad) in [
            ("url", WebhookInput { url: None, ..good() }),
            ("url", WebhookInput { url: text(" "), ..good() }),
            ("url", WebhookInput { url: text("https://a b"), ..good() }),
            ("url", WebhookInput { url: text("https://a/\u{202e}"), ..good() }),
            ("url", WebhookInput { url: Some(format!("https://a/{}", "x".repeat(2048))), ..good() }),
            ("description", WebhookInput { description: Some("x".repeat(201)), ..good() }),
            ("description", WebhookInput { description: text("a\nb"), ..good() }),
            ("events", WebhookInput { events: None, ..good() }),
            ("events", WebhookInput { events: Some(Vec::new()), ..good() }),
            ("events", WebhookInput { events: Some(vec!["*".to_owned()]), ..good() }),
            ("events", WebhookInput { events: Some(vec!["User.Deleted".to_owned()]), ..good() }),
        ] {
            let problems = check(&bad, |_| Ok(())).unwrap_err();
            assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), [field], "{bad:?}");
        }
        let refused = check(&good(), |_| Err("must begin with https://".to_owned())).unwrap_err();
        assert_eq!(refused[0].to_string(), "url: must begin with https://");
    }
}
