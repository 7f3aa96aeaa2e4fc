//! What a client sends that registers itself: RFC 7591 §2 and §3.1, OpenID Connect Registration §2 and §3.1.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use super::fields::{LONGEST_NAME, grant_types_of};
use super::{ClientInput, FieldProblem, LOCALIZABLE, Problems};
use crate::protocol::client::{GrantType, ResponseType};
use crate::protocol::scope::Scope;

/// The JSON type of a member.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Number,
    Flag,
    Object,
}

/// What a client may say about itself. Any other member is ignored (RFC 7591 §2: "The authorization server MUST ignore any
/// client metadata sent by the client that it does not understand"), and so are those that only an administrator may
/// decide: `client_id`, `require_pkce`, `skip_consent`, `least_acr`, `accent_color`, `introspects_any_token`,
/// `disabled`.
const MEMBERS: [(&str, Kind); 44] = [
    ("client_name", Kind::Text),
    ("redirect_uris", Kind::Texts),
    ("post_logout_redirect_uris", Kind::Texts),
    ("grant_types", Kind::Texts),
    ("response_types", Kind::Texts),
    ("application_type", Kind::Text),
    ("token_endpoint_auth_method", Kind::Text),
    ("token_endpoint_auth_signing_alg", Kind::Text),
    ("jwks", Kind::Object),
    ("jwks_uri", Kind::Text),
    ("scope", Kind::Text),
    ("id_token_signed_response_alg", Kind::Text),
    ("id_token_encrypted_response_alg", Kind::Text),
    ("id_token_encrypted_response_enc", Kind::Text),
    ("userinfo_signed_response_alg", Kind::Text),
    ("userinfo_encrypted_response_alg", Kind::Text),
    ("userinfo_encrypted_response_enc", Kind::Text),
    ("request_object_signing_alg", Kind::Text),
    ("request_object_encryption_alg", Kind::Text),
    ("request_object_encryption_enc", Kind::Text),
    ("request_uris", Kind::Texts),
    ("require_pushed_authorization_requests", Kind::Flag),
    ("dpop_bound_access_tokens", Kind::Flag),
    ("subject_type", Kind::Text),
    ("sector_identifier_uri", Kind::Text),
    ("default_max_age", Kind::Number),
    ("require_auth_time", Kind::Flag),
    ("claims_in_id_token", Kind::Flag),
    ("default_acr_values", Kind::Texts),
    ("initiate_login_uri", Kind::Text),
    ("frontchannel_logout_uri", Kind::Text),
    ("frontchannel_logout_session_required", Kind::Flag),
    ("backchannel_logout_uri", Kind::Text),
    ("backchannel_logout_session_required", Kind::Flag),
    ("access_token_format", Kind::Text),
    ("access_token_signed_response_alg", Kind::Text),
    ("refresh_grace_seconds", Kind::Number),
    ("client_uri", Kind::Text),
    ("logo_uri", Kind::Text),
    ("policy_uri", Kind::Text),
    ("tos_uri", Kind::Text),
    ("contacts", Kind::Texts),
    ("software_id", Kind::Text),
    ("software_version", Kind::Text),
];

/// What clients that nobody here has looked at may ask for: what users are asked about, and no API.
const SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Number => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "must be a text",
            Self::Texts => "must be an array of texts",
            Self::Number => "must be a whole number that is not negative",
            Self::Flag => "must be true or false",
            Self::Object => "must be an object",
        }
    }
}

/// Reads what a client sent, and fills in the defaults of clients that register themselves. `require_pkce` is what the
/// deployment says about confidential ones.
///
/// # Errors
/// Members of another JSON type, and scopes beyond what such clients may ask for.
pub fn by_itself(members: &Map<String, Value>, require_pkce: bool) -> Result<ClientInput, Vec<FieldProblem>> {
    let mut problems = Problems::default();
    let mut taken = Map::new();
    for (name, kind) in MEMBERS {
        match members.get(name) {
            // RFC 7592 §2.2: "null" is as good as left out.
            None | Some(Value::Null) => {}
            Some(value) if kind.fits(value) => {
                taken.insert(name.to_owned(), value.clone());
            }
            Some(_) => problems.add(name, kind.words()),
        }
    }
    let localized = localized(&mut problems, members);
    let read = match serde_json::from_value::<ClientInput>(Value::Object(taken)) {
        Ok(read) => read,
        Err(error) => return Err(vec![FieldProblem::new("client_metadata", error)]),
    };
    let grant_types = read.grant_types.clone().unwrap_or_else(|| default_grant_types(&read));
    let scope = read.scope.clone().unwrap_or_else(|| default_scope(&grant_types));
    if let Ok(named) = Scope::parse(&scope) {
        problems.unless(
            named.iter().all(|token| SCOPES.contains(&token)),
            "scope",
            "clients that register themselves may ask for: openid, profile, email, address, phone, offline_access",
        );
    }
    let is_public = read.token_endpoint_auth_method.as_deref() == Some("none");
    let input = ClientInput {
        client_name: Some(read.client_name.clone().unwrap_or_else(|| default_name(&read))),
        grant_types: Some(grant_types),
        scope: Some(scope),
        require_pkce: Some(is_public || require_pkce),
        localized: Some(localized),
        ..read
    };
    if problems.0.is_empty() { Ok(input) } else { Err(problems.0) }
}

/// RFC 7591 §2.3: what a software statement says "MUST take precedence" over what the client says by itself.
#[must_use]
pub fn over_ridden(mut members: Map<String, Value>, statement: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in statement {
        if MEMBERS.iter().any(|(known, _)| known == name) || is_localized(name) {
            members.insert(name.clone(), value.clone());
        }
    }
    members
}

/// Is this a human-readable member with a language tag, as `client_name#ja` (RFC 7591 §2.2)?
fn is_localized(member: &str) -> bool {
    member.split_once('#').is_some_and(|(name, _)| LOCALIZABLE.contains(&name))
}

fn localized(problems: &mut Problems, members: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (member, value) in members.iter().filter(|(member, value)| is_localized(member) && !value.is_null()) {
        match value.as_str() {
            Some(text) => {
                found.insert(member.clone(), text.to_owned());
            }
            None => problems.add("localized", format_args!("{member} {}", Kind::Text.words())),
        }
    }
    found
}

/// OpenID Connect Registration §2: only `authorization_code` when left out, and what the response types need.
fn default_grant_types(read: &ClientInput) -> Vec<String> {
    let named = read.response_types.as_deref();
    let response_types: Vec<ResponseType> = named.map_or_else(ResponseType::only_code, |texts| {
        texts.iter().filter_map(|text| ResponseType::parse(text).ok()).collect()
    });
    grant_types_of(&response_types).iter().map(ToString::to_string).collect()
}

/// Everything that it may ask for.
fn default_scope(grant_types: &[String]) -> String {
    let has = |grant: GrantType| grant_types.iter().any(|named| named == grant.as_str());
    let signs_people_in = GrantType::ALL.iter().any(|grant| grant.signs_people_in() && has(*grant));
    let scopes = SCOPES.into_iter().filter(|scope| {
        signs_people_in && (*scope != crate::protocol::scope::OFFLINE_ACCESS || has(GrantType::RefreshToken))
    });
    scopes.collect::<Vec<_>>().join(" ")
}

/// RFC 7591 §2: "If omitted, the authorization server MAY display the raw `client_id`": where it sends people tells more.
fn default_name(read: &ClientInput) -> String {
    let address = read.redirect_uris.as_ref().and_then(|uris| Url::parse(uris.first()?).ok());
    let name = address.map(|url| url.host_str().unwrap_or_else(|| url.scheme()).to_owned());
    name.filter(|name| name.len() <= LONGEST_NAME).unwrap_or_else(|| "Unnamed application".to_owned())
}
