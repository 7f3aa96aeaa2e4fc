//! Request objects: OpenID Connect Core §6.
//!
//! Decrypting, verifying and fetching happen elsewhere; here is judged who may sign by what, what must be said, and which
//! parameters count in the end.

use std::time::Duration;

use serde_json::{Map, Value};

use super::client::{Client, SigningAlg};
use super::client_assertion::Audience;
use super::ids::ClientId;
use super::media_type::is_typ;
use super::params::Params;
use super::timestamp::Timestamp;

/// How far a client's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Claims that say something about the object, and nothing about the request.
const ABOUT_THE_OBJECT: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

/// What is wrong with a request object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// RFC 7519; or it cannot be decrypted.
    #[error("the request object must be a JWT, signed by the client or, where registered, unsigned")]
    Malformed,
    /// RFC 9101 §10.8: it could pass for a client assertion.
    #[error(
        "sub of a request object must not be the client_id, and its typ, if any, is JWT or oauth-authz-req+jwt"
    )]
    Kind,
    /// Not by the client's key.
    #[error("the signature of the request object cannot be verified with the keys of the client")]
    Signature,
    /// OpenID Connect Registration §2, `request_object_signing_alg`.
    #[error("the request object is not signed with an algorithm that the client is registered for")]
    Algorithm,
    /// OpenID Connect Registration §2, `request_object_encryption_alg`.
    #[error("the request object is not encrypted the way the client is registered for")]
    Encryption,
    /// Core §6.1: "The "iss" value SHOULD be the Client ID of the RP".
    #[error("iss of the request object is not the client_id")]
    Issuer,
    /// Core §6.1: "The "aud" value MUST be the OP's Issuer Identifier."
    #[error("aud of the request object is not this issuer")]
    Audience,
    /// RFC 7519 §4.1.4.
    #[error("the request object has expired")]
    Expired,
    /// RFC 7519 §4.1.5.
    #[error("the request object is from the future (iat or nbf)")]
    FromTheFuture,
    /// Core §6.1: neither `request` nor `request_uri` may be in a request object.
    #[error("a request object must not hold request or request_uri")]
    Nested,
    /// Core §6.1: "The values for these parameters MUST match those in the Request Object, if present."
    #[error("client_id and response_type must not differ between the request and its request object")]
    Differs,
    /// A parameter that no parameter can be.
    #[error("a parameter in the request object is empty or holds a NUL")]
    Parameter,
}

/// RFC 8725 §3.11: a JWT of another kind is no request object.
///
/// # Errors
/// Its header names another type.
pub fn is_of_this_kind(typ: Option<&str>) -> Result<(), ObjectError> {
    let known = ["JWT", "oauth-authz-req+jwt"];
    let fits = typ.is_none_or(|typ| known.iter().any(|known| is_typ(typ, known)));
    if fits { Ok(()) } else { Err(ObjectError::Kind) }
}

/// May the client sign its request objects with this algorithm? Unsigned ones only where that is registered.
///
/// # Errors
/// It may not.
pub fn may_sign(client: &Client, alg: SigningAlg) -> Result<(), ObjectError> {
    let allowed = match client.metadata.request_object_signing_alg {
        Some(registered) => registered == alg,
        // A secret that the server keeps as a hash only is no key.
        None if alg.is_symmetric() => client.sealed_secret.is_some(),
        None => alg != SigningAlg::None,
    };
    if allowed { Ok(()) } else { Err(ObjectError::Algorithm) }
}

/// Judges a verified request object's claims and puts its parameters over those of the request (Core §6.1: "the
/// OpenID Connect request parameter values contained in the JWT supersede those passed using the OAuth 2.0 request syntax").
///
/// # Errors
/// The rule that it breaks.
pub fn unfold(
    outer: &Params,
    object: &Map<String, Value>,
    client: &ClientId,
    issuer: &str,
    now: Timestamp,
) -> Result<Params, ObjectError> {
    // A request object goes through the browser: with this in it, whoever sees it could pass for the client.
    if object.get("sub").is_some_and(|sub| sub == client.as_str()) {
        return Err(ObjectError::Kind);
    }
    if object.get("iss").is_some_and(|iss| iss != client.as_str()) {
        return Err(ObjectError::Issuer);
    }
    if let Some(aud) = object.get("aud") {
        let aud: Audience = serde_json::from_value(aud.clone()).map_err(|_| ObjectError::Audience)?;
        if !aud.names_one_of(&[issuer]) {
            return Err(ObjectError::Audience);
        }
    }
    let moment = |name: &str| match object.get(name) {
        None => Ok(None),
        Some(value) => Timestamp::of_numeric_date(value).map(Some).ok_or(ObjectError::Malformed),
    };
    if moment("exp")?.is_some_and(|exp| now.reached(exp)) {
        return Err(ObjectError::Expired);
    }
    let latest = now.plus(CLOCK_SKEW);
    if [moment("iat")?, moment("nbf")?].into_iter().flatten().any(|moment| moment > latest) {
        return Err(ObjectError::FromTheFuture);
    }
    if object.contains_key("request") || object.contains_key("request_uri") {
        return Err(ObjectError::Nested);
    }
    let differs = |name| matches!((outer.get(name), object.get(name)), (Some(outer), Some(inner)) if !same_words(outer, inner));
    if differs("client_id") || differs("response_type") {
        return Err(ObjectError::Differs);
    }
    let mut pairs: Vec<(String, String)> = outer
        .pairs()
        .iter()
        .filter(|(name, _)| name != "request" && name != "request_uri" && !object.contains_key(name))
        .cloned()
        .collect();
    // What is null is not there.
    let said =
        object.iter().filter(|(name, value)| !ABOUT_THE_OBJECT.contains(&name.as_str()) && !value.is_null());
    for (name, value) in said {
        let text = match value {
            Value::String(text) => text.clone(),
            // `max_age` is a number, `claims` an object (Core §6.1).
            other => other.to_string(),
        };
        if text.is_empty() || text.contains('\0') || name.contains('\0') {
            return Err(ObjectError::Parameter);
        }
        pairs.push((name.clone(), text));
    }
    Ok(Params::from_pairs(pairs))
}

/// Response types are sets of words (RFC 6749 §3.1.1).
fn same_words(outer: &str, inner: &Value) -> bool {
    let words = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    inner.as_str().is_some_and(|inner| words(outer) == words(inner))
}

/// Is this address registered (Core §6.2)? The fragment tells versions of a document apart, and is no part of where it is.
#[must_use]
pub fn address_is_registered(registered: &[String], requested: &str) -> bool {
    let place = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
    registered.iter().any(|known| place(known) == place(requested))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ObjectError, address_is_registered, may_sign, unfold};
    use crate::protocol::client::SigningAlg;
    use crate::protocol::params::Params;
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;

    const NOW: i64 = 1_000;

    fn merged(outer: &str, object: &Value) -> Result<Params, ObjectError> {
        let outer = Params::parse(outer.as_bytes()).unwrap();
        unfold(&outer, object.as_object().unwrap(), &"c".into(), "https://id.example", Timestamp(NOW))
    }

    #[test]
    fn openid_core_6_1_what_is_inside_supersedes_what_is_outside() {
        let params = merged(
            "client_id=c&response_type=id_token+code&state=outer&request=x&ui_locales=en",
            &json!({
                "iss": "c", "aud": ["https://id.example"], "response_type": "code id_token", "state": "inner",
                "max_age": 5, "claims": { "userinfo": { "name": null } },
            }),
        )
        .unwrap();
        assert_eq!(params.get("state"), Some("inner"));
        assert_eq!(params.get("max_age"), Some("5"));
        assert_eq!(params.get("claims"), Some(r#"{"userinfo":{"name":null}}"#));
        assert_eq!(params.get("ui_locales"), Some("en"), "what the object does not name stays");
        for gone in ["request", "iss", "aud"] {
            assert_eq!(params.get(gone), None, "{gone}");
        }
    }

    #[test]
    fn openid_core_6_1_each_rule_has_its_error() {
        for (object, error) in [
            (json!({ "sub": "c" }), ObjectError::Kind),
            (json!({ "iss": "d" }), ObjectError::Issuer),
            (json!({ "iss": 7 }), ObjectError::Issuer),
            (json!({ "aud": "https://other.example" }), ObjectError::Audience),
            (json!({ "aud": 7 }), ObjectError::Audience),
            (json!({ "exp": NOW }), ObjectError::Expired),
            (json!({ "exp": "soon" }), ObjectError::Malformed),
            (json!({ "iat": NOW + 61 }), ObjectError::FromTheFuture),
            (json!({ "nbf": NOW + 61 }), ObjectError::FromTheFuture),
            (json!({ "request": "x" }), ObjectError::Nested),
            (json!({ "request_uri": "https://app.example/" }), ObjectError::Nested),
            (json!({ "client_id": "d" }), ObjectError::Differs),
            (json!({ "response_type": "id_token" }), ObjectError::Differs),
            (json!({ "response_type": 7 }), ObjectError::Differs),
            (json!({ "state": "" }), ObjectError::Parameter),
            (json!({ "state": "a\u{0}b" }), ObjectError::Parameter),
        ] {
            assert_eq!(merged("client_id=c&response_type=code", &object), Err(error), "{object}");
        }
        assert!(merged("client_id=c", &json!({ "exp": NOW + 1, "iat": NOW + 10, "nbf": NOW + 10 })).is_ok());
        assert!(
            merged("client_id=c", &json!({ "exp": 1_000.5 })).is_err(),
            "RFC 7519 §2: not only whole seconds"
        );
        assert!(merged("client_id=c", &json!({ "exp": 1_001.5 })).is_ok());
        assert_eq!(merged("client_id=c", &json!({ "state": null })).unwrap().get("state"), None);
    }

    #[test]
    fn openid_core_6_1_unsigned_only_where_that_is_registered() {
        let mut client = samples::client("c");
        assert_eq!(may_sign(&client, SigningAlg::None), Err(ObjectError::Algorithm));
        assert_eq!(may_sign(&client, SigningAlg::Rs256), Ok(()));
        assert_eq!(
            may_sign(&client, SigningAlg::Hs256),
            Err(ObjectError::Algorithm),
            "its secret is not known"
        );
        client.metadata.request_object_signing_alg = Some(SigningAlg::None);
        assert_eq!(may_sign(&client, SigningAlg::None), Ok(()));
        assert_eq!(may_sign(&client, SigningAlg::Rs256), Err(ObjectError::Algorithm));
    }

    #[test]
    fn openid_core_6_2_addresses_are_compared_without_their_fragment() {
        let known = ["https://app.example/request.jwt#abc".to_owned(), "https://app.example/two".to_owned()];
        assert!(address_is_registered(&known, "https://app.example/request.jwt#def"));
        assert!(address_is_registered(&known, "https://app.example/two"));
        for other in ["https://app.example/request.jwt?x", "https://app.example/tw", "", "#abc"] {
            assert!(!address_is_registered(&known, other), "{other}");
        }
    }
}
