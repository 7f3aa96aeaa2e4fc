//! Machine values in plain English: scopes, devices, times.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::Scope;

/// What a scope lets an application do, in words. Scopes of no known meaning are shown by their name.
#[must_use]
pub fn describe_scope(name: &str) -> Scope {
    let (title, description) = match name {
        "openid" => {
            ("Know that it is you", "It gets an identifier for your account, and when and how you signed in.")
        }
        "profile" => ("See your profile", "Your name, username and the other details of your profile."),
        "email" => ("See your e-mail address", "And whether the address is confirmed."),
        "address" => ("See your postal address", "The postal address in your profile."),
        "phone" => ("See your phone number", "And whether the number is confirmed."),
        "offline_access" => {
            ("Stay connected", "It keeps its access while you are not using it, until you withdraw it.")
        }
        other => {
            return Scope {
                name: other.into(),
                title: format!("Use “{other}”"),
                description: "A permission that the application and its service define.".into(),
            };
        }
    };
    Scope { name: name.into(), title: title.into(), description: description.into() }
}

/// "Firefox on Windows" from a `User-Agent` header: a hint for people to recognise a device, nothing to decide by.
#[must_use]
pub fn describe_device(user_agent: &str) -> String {
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
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.into(),
        (None, None) => "Unknown device".into(),
    }
}

/// An authentication method reference (RFC 8176 §2) in words.
pub(super) fn describe_method(amr: &str) -> &str {
    match amr {
        "pwd" => "password",
        "otp" => "one-time code",
        "hwk" => "security key",
        "mfa" => "two steps",
        other => other,
    }
}

/// `2026-11-23T21:55:00Z`, for the `datetime` attribute.
pub(super) fn iso(at: &i64) -> String {
    OffsetDateTime::from_unix_timestamp(*at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// `23 Nov 2026, 21:55 UTC`.
pub(super) fn day_time(at: &i64) -> String {
    let format = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
    OffsetDateTime::from_unix_timestamp(*at)
        .ok()
        .and_then(|at| at.format(format).ok())
        .unwrap_or_else(|| "at an unknown time".into())
}

/// `5 minutes ago`; from a day on it is the date.
pub(super) fn ago(now: &i64, at: &i64) -> String {
    match u64::try_from(now.saturating_sub(*at)).unwrap_or_default() {
        ..60 => "just now".into(),
        seconds @ 60..3_600 => format!("{} ago", counted(seconds / 60, "minute")),
        seconds @ 3_600..86_400 => format!("{} ago", counted(seconds / 3_600, "hour")),
        _ => day_time(at),
    }
}

/// How long to wait, rounded up: `45 seconds`, `2 minutes`, `3 hours`.
pub(super) fn duration(seconds: &u64) -> String {
    match *seconds {
        seconds @ ..=90 => counted(seconds, "second"),
        seconds @ 91..=5_400 => counted(seconds.div_ceil(60), "minute"),
        seconds => counted(seconds.div_ceil(3_600), "hour"),
    }
}

fn counted(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
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
