//! Machine values in words: scopes, devices, times.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::{Scope, SessionRow};
use crate::i18n::{Argument as _, Words};
use crate::protocol::password_strength::Weakness;
use crate::protocol::scope_definition::Definitions;

/// What a scope lets an application do, in words: those of its definition, if it has one. Scopes of no known meaning are shown
/// by their name.
#[must_use]
pub fn describe_scope(words: &Words, name: &str, defined: &Definitions) -> Scope {
    if let Some(scope) = defined.get(name) {
        let (title, description) = (scope.title_in(words.tag()), scope.description_in(words.tag()));
        return Scope { name: name.into(), title: title.into(), description: description.into() };
    }
    let (title, description) = match name {
        "openid" => (words.text("scope-openid"), words.text("scope-openid-more")),
        "profile" => (words.text("scope-profile"), words.text("scope-profile-more")),
        "email" => (words.text("scope-email"), words.text("scope-email-more")),
        "address" => (words.text("scope-address"), words.text("scope-address-more")),
        "phone" => (words.text("scope-phone"), words.text("scope-phone-more")),
        "groups" => (words.text("scope-groups"), words.text("scope-groups-more")),
        "offline_access" => (words.text("scope-offline"), words.text("scope-offline-more")),
        other => (words.with("scope-other", "scope", other), words.text("scope-other-more")),
    };
    Scope { name: name.into(), title: title.into(), description: description.into() }
}

/// Why a password is too easy to guess, and what to do instead.
#[must_use]
pub fn describe_weakness(words: &Words, weakness: &Weakness) -> String {
    match weakness {
        Weakness::Common => words.text("weak-common"),
        Weakness::Personal => words.text("weak-personal"),
        Weakness::Pattern => words.text("weak-pattern"),
        Weakness::Simple => words.text("weak-simple"),
    }
    .into()
}

/// "Firefox on Windows" from a `User-Agent` header: a hint for people to recognise a device, nothing to decide by.
#[must_use]
pub fn describe_device(words: &Words, user_agent: &str) -> String {
    // Order matters: browsers name the ones they descend from.
    const BROWSERS: [(&str, &str); 10] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("HeadlessChrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 8] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "Mac"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    ];
    let known = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => {
            let parts = [("browser", browser.value()), ("system", system.value())];
            words.with_all("device-browser-on-system", &parts).into()
        }
        (Some(name), None) | (None, Some(name)) => name.into(),
        (None, None) => words.text("device-unknown").into(),
    }
}

/// Where from and how a session was signed in, around the time when it was.
pub(super) fn signed_in(words: &Words, session: &SessionRow) -> (String, String) {
    let methods: Vec<_> = session.methods.iter().map(|amr| describe_method(words, amr)).collect();
    let methods = methods.join(&words.text("list-separator"));
    let SessionRow { ip, place, .. } = session;
    let from = if place.is_empty() { ip.clone() } else { format!("{place} ({ip})") };
    let ip = ("ip", from.value());
    if methods.is_empty() {
        words.around_with("session-signed-in", "when", &[ip])
    } else {
        words.around_with("session-signed-in-with", "when", &[ip, ("methods", methods.value())])
    }
}

/// An authentication method reference (RFC 8176 §2) in words.
fn describe_method(words: &Words, amr: &str) -> String {
    match amr {
        "pwd" => words.text("method-password").into(),
        "otp" => words.text("method-one-time-code").into(),
        "hwk" => words.text("method-security-key").into(),
        "mca" => words.text("method-mailed-code").into(),
        "mfa" => words.text("method-two-steps").into(),
        "fed" => words.text("method-upstream").into(),
        other => other.to_owned(),
    }
}

/// `2026-11-23T21:55:00Z`, for the `datetime` attribute.
pub(super) fn iso(at: &i64) -> String {
    OffsetDateTime::from_unix_timestamp(*at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// `23 Nov 2026, 21:55 UTC`.
pub(super) fn day_time(words: &Words, at: &i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(*at) else { return words.text("date-unknown").into() };
    let time = at.format(format_description!("[hour]:[minute]")).unwrap_or_default();
    let parts = [
        ("day", at.day().into()),
        ("month", u8::from(at.month()).into()),
        ("year", at.year().into()),
        ("time", time.value()),
    ];
    words.with_all("date-time", &parts).into()
}

/// `5 minutes ago`; from a day on it is the date.
pub(super) fn ago(words: &Words, now: &i64, at: &i64) -> String {
    match u64::try_from(now.saturating_sub(*at)).unwrap_or_default() {
        ..60 => words.text("ago-now").into(),
        seconds @ 60..3_600 => words.with("ago-minutes", "count", seconds / 60).into(),
        seconds @ 3_600..86_400 => words.with("ago-hours", "count", seconds / 3_600).into(),
        _ => day_time(words, at),
    }
}

/// How long to wait, rounded up: `45 seconds`, `2 minutes`, `3 hours`.
#[must_use]
pub fn duration(words: &Words, seconds: &u64) -> String {
    match *seconds {
        seconds @ ..=90 => words.with("duration-seconds", "count", seconds).into(),
        seconds @ 91..=5_400 => words.with("duration-minutes", "count", seconds.div_ceil(60)).into(),
        seconds => words.with("duration-hours", "count", seconds.div_ceil(3_600)).into(),
    }
}

/// `48,211`.
pub(super) fn grouped(number: &u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
