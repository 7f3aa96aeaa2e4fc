//! The rules of single fields.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr as _;

use serde_json::Value;
use url::Url;

use super::{LOCALIZABLE, Problems, RegistrationPolicy};
use crate::protocol::client::{GrantType, ResponseType};
use crate::protocol::ids::ClientId;
use crate::protocol::redirect_uri::{self, is_loopback};
use crate::protocol::scope::{OFFLINE_ACCESS, Scope};
use crate::protocol::user::changes_the_text_around;

/// URIs in one list at most.
pub(super) const MOST_URIS: usize = 50;
/// Bytes in a URI, and in a list of scope values, at most.
const LONGEST: usize = 2048;
/// Bytes in a text that is only kept, at most.
const LONGEST_TEXT: usize = 256;
/// Characters in a name at most.
pub(super) const LONGEST_NAME: usize = 64;
/// Bytes in a JWK set by value, at most.
const LONGEST_JWKS: usize = 32 * 1024;
/// Values in a list of names, at most.
const MOST_VALUES: usize = 20;

/// RFC 9700 §4.15: a client must not be able to pass for a user, whose `sub` is 32 hexadecimal digits.
pub(super) fn client_id(problems: &mut Problems, text: &str) -> Option<ClientId> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let looks_like_a_user = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if text.len() > 64 || !begins_well || !text.bytes().all(allowed) {
        problems.add("client_id", "1 to 64 of: letters, digits and . _ -, beginning with a letter or digit");
        return None;
    }
    if looks_like_a_user {
        problems.add("client_id", "must not look like the identifier of a user (32 hexadecimal digits)");
        return None;
    }
    // The page that registers a client is /admin/clients/new.
    if text == "new" {
        problems.add("client_id", "new is reserved");
        return None;
    }
    Some(text.into())
}

pub(super) fn client_name(problems: &mut Problems, text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.chars().count() > LONGEST_NAME || text.chars().any(changes_the_text_around) {
        problems.add("client_name", "1 to 64 characters, without control, direction or invisible characters");
    }
    text.to_owned()
}

/// A list of redirect URIs, each once.
pub(super) fn uris(problems: &mut Problems, field: &'static str, uris: Option<&[String]>) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        problems.add(field, format_args!("{MOST_URIS} at most"));
        return Vec::new();
    }
    for uri in uris {
        if let Err(unfit) = redirect_uri::check_for_registration(uri) {
            problems.add(field, format_args!("{} {unfit}", shortened(uri)));
        }
    }
    let mut seen = BTreeSet::new();
    uris.iter().filter(|uri| seen.insert(uri.as_str())).cloned().collect()
}

/// A list of values, each once, in their own order; none when the field was left out.
pub(super) fn values<T: Ord, E: fmt::Display>(
    problems: &mut Problems,
    field: &'static str,
    texts: Option<&[String]>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let texts = texts?;
    let mut found = BTreeSet::new();
    // More than there are can only be repetitions or mistakes; a handful of messages is enough.
    for text in texts.iter().take(MOST_VALUES) {
        match parse(text) {
            Ok(value) => {
                found.insert(value);
            }
            Err(error) => problems.add(field, format_args!("{} {error}", shortened(text))),
        }
    }
    if texts.len() > MOST_VALUES {
        problems.add(field, format_args!("{MOST_VALUES} at most"));
    }
    Some(found.into_iter().collect())
}

/// The grant types that were named, or those that the response types need, with refresh tokens.
pub(super) fn grant_types(
    problems: &mut Problems,
    texts: Option<&[String]>,
    response_types: Option<&[ResponseType]>,
) -> Vec<GrantType> {
    if let Some(named) = values(problems, "grant_types", texts, GrantType::from_str) {
        return named;
    }
    let mut needed = grant_types_of(response_types.unwrap_or(&[ResponseType::Code]));
    if needed.contains(&GrantType::AuthorizationCode) {
        needed.insert(GrantType::RefreshToken);
    }
    needed.into_iter().collect()
}

/// The grant types that these response types need.
pub(super) fn grant_types_of(response_types: &[ResponseType]) -> BTreeSet<GrantType> {
    let mut needed = BTreeSet::new();
    if response_types.iter().any(|response_type| response_type.has_code()) {
        needed.insert(GrantType::AuthorizationCode);
    }
    if response_types.iter().any(|response_type| response_type.is_implicit()) {
        needed.insert(GrantType::Implicit);
    }
    needed
}

/// OpenID Connect Registration §2: `code` when left out; nothing for a client that is sent nowhere.
pub(super) fn default_response_types(grant_types: &[GrantType]) -> Vec<ResponseType> {
    if grant_types.contains(&GrantType::AuthorizationCode) {
        vec![ResponseType::Code]
    } else if grant_types.contains(&GrantType::Implicit) {
        vec![ResponseType::IdToken]
    } else {
        Vec::new()
    }
}

/// A JWK set with public keys only (RFC 7517 §5). Whether a key can be used shows when it is.
pub(super) fn jwks(problems: &mut Problems, value: Option<&Value>) -> Option<Value> {
    let value = value.filter(|value| !value.is_null())?;
    let keys = value.get("keys").and_then(Value::as_array);
    let well_formed =
        keys.is_some_and(|keys| keys.iter().all(|key| key.get("kty").is_some_and(Value::is_string)));
    if !well_formed || value.to_string().len() > LONGEST_JWKS {
        problems.add("jwks", "must be a JWK set, {\"keys\": […]}, of 32 kB at most");
        return None;
    }
    // RFC 7517 §9.3: whoever hands out a private key has none any more.
    let is_secret = |key: &Value| {
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        key.get("kty").is_some_and(|kty| kty == "oct")
            || private.iter().any(|member| key.get(member).is_some())
    };
    if keys.is_some_and(|keys| keys.iter().any(is_secret)) {
        problems.add("jwks", "must hold public keys only; a private key was sent: make new ones");
        return None;
    }
    Some(value.clone())
}

/// Addresses of request objects (Core §6.2), each once.
pub(super) fn request_uris(
    problems: &mut Problems,
    uris: Option<&[String]>,
    policy: RegistrationPolicy,
) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        problems.add("request_uris", format_args!("{MOST_URIS} at most"));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    uris.iter()
        .filter(|uri| seen.insert(uri.as_str()))
        .filter_map(|uri| server_address(problems, "request_uris", Some(uri), policy))
        .collect()
}

/// An address that this server fetches, calls or sends browsers to: https, or, for a development server, http on
/// loopback.
pub(super) fn server_address(
    problems: &mut Problems,
    field: &'static str,
    text: Option<&str>,
    policy: RegistrationPolicy,
) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    // Only the address of a request object has a use for a fragment (Core §6.2).
    let fragment = text.contains('#') && field != "request_uris";
    if fragment || !is_web_page(text) || text.starts_with("http://") && !policy.development {
        let shown = shortened(text);
        problems.add(
            field,
            format_args!("{shown} must be an https:// address, in ASCII, without user name or fragment"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// A text that is kept and shown as it is.
pub(super) fn short_text(problems: &mut Problems, field: &'static str, text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if text.len() > LONGEST_TEXT || text.chars().any(changes_the_text_around) {
        problems.add(
            field,
            format_args!("{LONGEST_TEXT} bytes at most, without control or direction characters"),
        );
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn short_texts(
    problems: &mut Problems,
    field: &'static str,
    texts: Option<&[String]>,
) -> Vec<String> {
    let texts = texts.unwrap_or_default();
    if texts.len() > MOST_VALUES {
        problems.add(field, format_args!("{MOST_VALUES} at most"));
    }
    texts.iter().take(MOST_VALUES).filter_map(|text| short_text(problems, field, Some(text))).collect()
}

pub(super) fn scope(problems: &mut Problems, text: Option<&str>, grant_types: &[GrantType]) -> Scope {
    let signs_in = grant_types.iter().any(|grant| grant.signs_people_in());
    let refresh = grant_types.contains(&GrantType::RefreshToken);
    let default = match (signs_in, refresh) {
        (true, true) => "openid profile email offline_access",
        (true, false) => "openid profile email",
        (false, _) => "",
    };
    let text = text.unwrap_or(default);
    if text.len() > LONGEST {
        problems.add("scope", format_args!("{LONGEST} bytes at most"));
        return Scope::default();
    }
    match Scope::parse(text) {
        Ok(scope) => {
            // OpenID Connect Core §11: offline access is a refresh token.
            problems.unless(
                refresh || !scope.contains(OFFLINE_ACCESS),
                "scope",
                "offline_access needs the grant type refresh_token",
            );
            scope
        }
        Err(error) => {
            problems.add("scope", error);
            Scope::default()
        }
    }
}

/// A page that users are led to: https (http on loopback), and nothing that reads like another host.
pub(super) fn web_page(problems: &mut Problems, field: &'static str, text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if !is_web_page(text) {
        problems.add(
            field,
            "must be an https:// address (http:// only for localhost, 127.0.0.1 and [::1]), in ASCII, without user name",
        );
        return None;
    }
    Some(text.to_owned())
}

fn is_web_page(text: &str) -> bool {
    let characters = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let Ok(url) = Url::parse(text) else { return false };
    let scheme = text.starts_with("https://") || text.starts_with("http://") && is_loopback(&url);
    let authority = text.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    characters && scheme && authority.is_some_and(|authority| !authority.contains('@'))
}

/// Names and pages for people who read other languages (RFC 7591 §2.2), each by the rule of its member.
pub(super) fn localized(
    problems: &mut Problems,
    texts: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(texts) = texts else { return found };
    if texts.len() > MOST_URIS {
        problems.add("localized", format_args!("{MOST_URIS} at most"));
        return found;
    }
    for (member, text) in texts {
        let (name, tag) = member.split_once('#').unwrap_or_default();
        let Some(field) = LOCALIZABLE.into_iter().find(|known| *known == name).filter(|_| is_a_language(tag))
        else {
            problems.add(
                "localized",
                format_args!(
                    "{} is no member with a language tag, such as client_name#ja",
                    shortened(member)
                ),
            );
            continue;
        };
        let text = if field == "client_name" {
            Some(client_name(problems, Some(text)))
        } else {
            web_page(problems, field, Some(text))
        };
        if let Some(text) = text {
            found.insert(member.clone(), text);
        }
    }
    found
}

/// Has it the form of a language tag (RFC 5646 §2.1)? §4.4.1: 35 characters are enough for any.
#[must_use]
pub fn is_a_language(tag: &str) -> bool {
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(is_subtag)
}

/// Enough of a text to recognise it by.
pub(super) fn shortened(text: &str) -> String {
    let mut start: String =
        text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
