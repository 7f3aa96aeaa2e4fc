//! Client authentication by a signed assertion: RFC 7523 §2.2 and §3, OpenID Connect Core §9.
//!
//! The signature is verified elsewhere; here is judged who may sign, by what, and what must be said.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::{AuthMethod, Client, SigningAlg};
use super::ids::ClientId;
use super::media_type::is_typ;
use super::secret::sha256_hex;
use super::timestamp::Timestamp;

/// The one kind of assertion (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far a client's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// How long an assertion may live: its id is remembered for so long.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The claims of an assertion (RFC 7523 §3), whoever signed it.
#[derive(Clone, Debug, Deserialize)]
pub struct AssertionClaims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "Timestamp::deserialize_date")]
    exp: Timestamp,
    jti: String,
    #[serde(default, deserialize_with = "Timestamp::deserialize_optional_date")]
    iat: Option<Timestamp>,
    #[serde(default, deserialize_with = "Timestamp::deserialize_optional_date")]
    nbf: Option<Timestamp>,
}

/// One or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Are only these meant? What is made out to somebody else, too, could be used here by them.
    #[must_use]
    pub fn names_only(&self, accepted: &[&str]) -> bool {
        match self {
            Self::One(named) => accepted.contains(&named.as_str()),
            Self::Several(named) => {
                !named.is_empty() && named.iter().all(|named| accepted.contains(&named.as_str()))
            }
        }
    }

    /// Is one of these meant?
    #[must_use]
    pub fn names_one_of(&self, accepted: &[&str]) -> bool {
        match self {
            Self::One(named) => accepted.contains(&named.as_str()),
            Self::Several(named) => named.iter().any(|named| accepted.contains(&named.as_str())),
        }
    }
}

/// The id of an assertion that is good, once; or of something else that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeId {
    /// SHA-256 of client and `jti`, in hexadecimal; of something else, what begins otherwise.
    pub id: String,
    /// Until when it must be remembered.
    pub expires_at: Timestamp,
}

/// What is wrong with an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// RFC 7521 §4.2.
    #[error("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    Type,
    /// RFC 7519, or a claim of RFC 7523 §3 is missing.
    #[error(
        "the client_assertion must be a signed JWT with iss, sub, aud, exp (a number of seconds) and jti"
    )]
    Malformed,
    /// RFC 8725 §3.11.
    #[error("typ of the client_assertion names another kind of JWT: leave it out")]
    Kind,
    /// Not by the client's key.
    #[error("the signature of the client_assertion cannot be verified with the keys of the client")]
    Signature,
    /// OpenID Connect Registration §2, `token_endpoint_auth_signing_alg`.
    #[error(
        "the client is not registered for client assertions with this algorithm: compare token_endpoint_auth_method and \
         token_endpoint_auth_signing_alg"
    )]
    Algorithm,
    /// RFC 7523 §3: for client authentication both are the `client_id`.
    #[error("iss and sub of the client_assertion must be the client_id")]
    Subject,
    /// RFC 7523 §3.
    #[error("iss and sub of the client_assertion name no client that is registered and enabled here")]
    UnknownClient,
    /// RFC 7523 §3.
    #[error(
        "aud of the client_assertion must be the issuer, exactly as the discovery document has it, or the endpoint that \
         it is sent to"
    )]
    Audience,
    /// RFC 7523 §3.
    #[error("the client_assertion has expired: make a new one for each request, and compare the clocks")]
    Expired,
    /// RFC 7523 §3: "MAY reject JWTs with an exp claim value that is unreasonably far in the future".
    #[error("the client_assertion lives for longer than a day (exp is in seconds, not in milliseconds)")]
    TooLong,
    /// RFC 7523 §3.
    #[error(
        "the client_assertion is from the future: iat or nbf is a minute or more ahead of this server's clock"
    )]
    FromTheFuture,
    /// Core §9: "A unique identifier for the token, which can be used to prevent reuse".
    #[error("the client_assertion was used before: every request needs one with a new jti")]
    Used,
}

/// The method that an assertion with this algorithm is an attempt at.
#[must_use]
pub fn method_of(alg: SigningAlg) -> AuthMethod {
    if alg.is_symmetric() { AuthMethod::ClientSecretJwt } else { AuthMethod::PrivateKeyJwt }
}

/// RFC 8725 §3.11: a JWT of another kind, such as a request object that went through a browser, authenticates nobody.
///
/// # Errors
/// Its header names another type than that of client assertions.
pub fn is_of_this_kind(typ: Option<&str>) -> Result<(), AssertionError> {
    let known = ["JWT", "client-authentication+jwt"];
    if typ.is_none_or(|typ| known.iter().any(|known| is_typ(typ, known))) {
        Ok(())
    } else {
        Err(AssertionError::Kind)
    }
}

/// May the client sign its assertions with this algorithm?
///
/// # Errors
/// It registered another one, or another method.
pub fn may_sign(client: &Client, alg: SigningAlg) -> Result<(), AssertionError> {
    let registered = client.metadata.token_endpoint_auth_signing_alg;
    let fits = alg != SigningAlg::None
        && client.metadata.token_endpoint_auth_method == method_of(alg)
        && registered.is_none_or(|registered| registered == alg);
    if fits { Ok(()) } else { Err(AssertionError::Algorithm) }
}

/// Judges what a verified assertion says. The answer must still be found unused.
///
/// # Errors
/// The rule that it breaks.
pub fn judge(
    claims: &AssertionClaims,
    client: &ClientId,
    accepted_audiences: &[&str],
    now: Timestamp,
) -> Result<OneTimeId, AssertionError> {
    if claims.iss != client.as_str() || claims.sub != client.as_str() {
        return Err(AssertionError::Subject);
    }
    if !claims.aud.names_only(accepted_audiences) {
        return Err(AssertionError::Audience);
    }
    if now.reached(claims.exp) {
        return Err(AssertionError::Expired);
    }
    if claims.exp > now.plus(LONGEST_LIFE) {
        return Err(AssertionError::TooLong);
    }
    let latest = now.plus(CLOCK_SKEW);
    if [claims.iat, claims.nbf].into_iter().flatten().any(|moment| moment > latest) {
        return Err(AssertionError::FromTheFuture);
    }
    if claims.jti.is_empty() {
        return Err(AssertionError::Malformed);
    }
    // A client_id holds no line break, so no two pairs make the same text.
    Ok(OneTimeId { id: sha256_hex(&format!("{client}\n{}", claims.jti)), expires_at: claims.exp })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{AssertionClaims, AssertionError, is_of_this_kind, judge, may_sign};
    use crate::protocol::client::{AuthMethod, SigningAlg};
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;

    const NOW: i64 = 1_000_000;
    const AUDIENCES: [&str; 2] = ["https://id.example", "https://id.example/token"];

    fn with(changes: &Value) -> Result<super::OneTimeId, AssertionError> {
        let mut claims = json!({
            "iss": "c", "sub": "c", "aud": "https://id.example", "exp": NOW + 60, "iat": NOW, "jti": "1",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims: AssertionClaims =
            serde_json::from_value(claims).map_err(|_| AssertionError::Malformed)?;
        judge(&claims, &"c".into(), &AUDIENCES, Timestamp(NOW))
    }

    #[test]
    fn rfc7523_3_each_claim_is_judged() {
        for (changes, outcome) in [
            (json!({ "aud": ["https://id.example", "https://id.example/token"] }), None),
            (json!({ "iat": NOW + 10, "nbf": NOW + 10 }), None),
            (json!({ "iat": 1_000_000.25, "exp": 1_000_060.75 }), None),
            (json!({ "exp": "soon" }), Some(AssertionError::Malformed)),
            (json!({ "iss": "d" }), Some(AssertionError::Subject)),
            (json!({ "sub": "d" }), Some(AssertionError::Subject)),
            (json!({ "aud": "https://id.example/" }), Some(AssertionError::Audience)),
            (json!({ "aud": [] }), Some(AssertionError::Audience)),
            (
                json!({ "aud": ["https://other.example", "https://id.example"] }),
                Some(AssertionError::Audience),
            ),
            (json!({ "aud": 7 }), Some(AssertionError::Malformed)),
            (json!({ "exp": NOW }), Some(AssertionError::Expired)),
            (json!({ "exp": null }), Some(AssertionError::Malformed)),
            (json!({ "exp": NOW + 86_401 }), Some(AssertionError::TooLong)),
            (json!({ "iat": NOW + 61 }), Some(AssertionError::FromTheFuture)),
            (json!({ "nbf": NOW + 61 }), Some(AssertionError::FromTheFuture)),
            (json!({ "jti": "" }), Some(AssertionError::Malformed)),
            (json!({ "jti": null }), Some(AssertionError::Malformed)),
        ] {
            assert_eq!(with(&changes).err(), outcome, "{changes}");
        }
        let (one, other) = (with(&json!({})).unwrap(), with(&json!({ "jti": "2" })).unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(one.expires_at, Timestamp(NOW + 60));
    }

    #[test]
    fn rfc8725_3_11_other_kinds_of_jwts_are_no_assertions() {
        for typ in
            [None, Some("JWT"), Some("jwt"), Some("client-authentication+jwt"), Some("application/jwt")]
        {
            assert_eq!(is_of_this_kind(typ), Ok(()), "{typ:?}");
        }
        for typ in ["oauth-authz-req+jwt", "at+jwt", "logout+jwt", ""] {
            assert_eq!(is_of_this_kind(Some(typ)), Err(AssertionError::Kind), "{typ}");
        }
    }

    #[test]
    fn openid_core_9_only_the_registered_method_and_algorithm_sign() {
        let mut client = samples::client("c");
        assert_eq!(may_sign(&client, SigningAlg::Hs256), Err(AssertionError::Algorithm));
        client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        assert_eq!(may_sign(&client, SigningAlg::Es256), Ok(()));
        assert_eq!(may_sign(&client, SigningAlg::Hs256), Err(AssertionError::Algorithm));
        assert_eq!(may_sign(&client, SigningAlg::None), Err(AssertionError::Algorithm));
        client.metadata.token_endpoint_auth_signing_alg = Some(SigningAlg::Ps256);
        assert_eq!(may_sign(&client, SigningAlg::Es256), Err(AssertionError::Algorithm));
        client.metadata.token_endpoint_auth_signing_alg = None;
        client.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
        assert_eq!(may_sign(&client, SigningAlg::Hs512), Ok(()));
        assert_eq!(may_sign(&client, SigningAlg::Rs256), Err(AssertionError::Algorithm));
    }
}
