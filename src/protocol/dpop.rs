//! Demonstrating proof of possession: RFC 9449.
//!
//! A client signs a short JWT about each request, with a key of its own; the tokens that it gets are bound to that key. The
//! signature is verified elsewhere; here is judged what a proof must say, and what its key may be used for.

use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use super::client::{Client, SigningAlg};
use super::client_assertion::OneTimeId;
use super::error::{ErrorCode, Rule};
use super::secret::sha256_hex;
use super::timestamp::Timestamp;

/// What kind of JWT a proof is (§4.2).
pub const TYP: &str = "dpop+jwt";

/// The authentication scheme of tokens that are bound, and their `token_type` (§5, §7.1).
pub const SCHEME: &str = "DPoP";

/// How old a proof may be (§11.1: "a relatively brief period on the order of seconds or minutes").
pub const OLDEST: Duration = Duration::from_secs(60);
/// How far the clock of whoever made it may be ahead (§11.1: "the reasonably near future").
const CLOCK_SKEW: Duration = Duration::from_secs(10);
/// The longest `jti`, in bytes (§11.1: "should reject … unnecessarily large `jti` values").
const LONGEST_JTI: usize = 256;

/// SHA-256 of a key's members (RFC 7638), by which a token names the key that it is bound to (§6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Reads one; nothing for any text that is none: 32 bytes in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let of_its_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        // 43 characters hold two bits more than 32 bytes.
        let canonical = text.bytes().last().is_some_and(|last| b"AEIMQUYcgkosw048".contains(&last));
        let fits = text.len() == 43 && text.bytes().all(of_its_alphabet) && canonical;
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a token is bound to (RFC 7800 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The key (§6.1).
    pub jkt: Thumbprint,
}

/// The claims of a proof (§4.2).
#[derive(Clone, Debug, Deserialize)]
pub struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    #[serde(deserialize_with = "Timestamp::deserialize_date")]
    iat: Timestamp,
    #[serde(default)]
    ath: Option<String>,
}

/// The request that a proof came with.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its address as the world knows it, without query.
    pub uri: &'a str,
    /// SHA-256 of the access token that it presents, in base64url.
    pub token_hash: Option<&'a str>,
}

/// What is wrong with a proof (§4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Check 1.
    #[error("there is more than one DPoP header")]
    Several,
    /// Checks 2 and 3.
    #[error("the DPoP proof must be a signed JWT with jti, htm, htu and iat (a number of seconds)")]
    Malformed,
    /// Check 4.
    #[error("typ of the DPoP proof must be dpop+jwt")]
    Kind,
    /// Check 5.
    #[error(
        "alg of the DPoP proof must be one of dpop_signing_alg_values_supported in the discovery document"
    )]
    Algorithm,
    /// Check 3: there is no key of use.
    #[error("jwk in the header of the DPoP proof must be a public key that fits its alg")]
    Key,
    /// Check 7.
    #[error("jwk in the header of the DPoP proof holds a private key: that key is no secret any more")]
    PrivateKey,
    /// Check 6.
    #[error("the signature of the DPoP proof does not verify with the key in its header")]
    Signature,
    /// Check 8.
    #[error("htm of the DPoP proof must be the method of the request")]
    Method,
    /// Check 9.
    #[error("htu of the DPoP proof must be the address of the request, as the discovery document has it")]
    Uri,
    /// Check 11.
    #[error("the DPoP proof is older than a minute: make a new one for each request, and compare the clocks")]
    TooOld,
    /// Check 11.
    #[error("iat of the DPoP proof is more than ten seconds ahead of this server's clock")]
    FromTheFuture,
    /// §11.1.
    #[error("jti of the DPoP proof must have 1 to 256 bytes")]
    Jti,
    /// Check 12.
    #[error("ath of the DPoP proof must be the base64url of the SHA-256 of the access token")]
    TokenHash,
    /// §11.1.
    #[error("the DPoP proof was used before: every request needs one with a new jti")]
    Used,
    /// §5.2: "MUST reject token requests from this client that do not contain the `DPoP` header".
    #[error("the client is registered for tokens that are bound to a key: send a DPoP header")]
    Missing,
    /// §7.1: "MUST check that a `DPoP` proof was also received".
    #[error("an access token that is sent as DPoP needs a DPoP header beside it")]
    MissingBesideToken,
}

impl Rule for ProofError {
    fn section(&self) -> &'static str {
        match self {
            Self::Several
            | Self::Malformed
            | Self::Kind
            | Self::Algorithm
            | Self::Key
            | Self::PrivateKey
            | Self::Signature
            | Self::Method
            | Self::Uri
            | Self::TooOld
            | Self::FromTheFuture
            | Self::TokenHash => "RFC 9449 §4.3",
            Self::Jti | Self::Used => "RFC 9449 §11.1",
            Self::Missing => "RFC 9449 §5.2",
            Self::MissingBesideToken => "RFC 9449 §7.1",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Several => "Send one DPoP header; look for a proxy or an interceptor that adds another.",
            Self::Malformed | Self::Kind | Self::Key => {
                "Have a library make the proofs: one that knows DPoP writes all that a proof must hold."
            }
            Self::Algorithm => "Make the key for an algorithm such as ES256.",
            Self::PrivateKey => "Make a new key, and put only its public half into jwk.",
            Self::Signature => "Sign the proof with the private half of the key in jwk.",
            Self::Method | Self::Uri => {
                "Make the proof for this very request. Behind a proxy, htu is the address that the application calls, which \
                 begins with the issuer."
            }
            Self::TooOld | Self::FromTheFuture => {
                "Compare the clock of the machine that the application runs on with this server's."
            }
            Self::Jti => "Use 128 random bits, or a UUID.",
            Self::TokenHash => "Make a new proof for each access token, with its hash as ath.",
            Self::Used => {
                "Make a new proof for each request, also when a request is sent again. If the application did, somebody \
                 else has seen the proof."
            }
            Self::Missing => {
                "Switch DPoP on in the application's library. If it knows none, take the requirement off the client."
            }
            Self::MissingBesideToken => "",
        }
    }
}

/// Why what is bound to a key is of no use with this request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no proof.
    #[error("it is bound to a key: send a DPoP header with a proof by that key")]
    NoProof,
    /// The proof is another key's.
    #[error("it is bound to another key than the one that the DPoP proof is signed with")]
    OtherKey,
    /// It was used without a proof a moment ago, and what it was used for is bound to nothing.
    #[error("it was used a moment ago without a DPoP proof: repeat that request as it was")]
    UsedWithout,
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NoProof => {
                "Send a DPoP proof with every request, by the key that the application began with."
            }
            Self::UsedWithout => {
                "Use each refresh token once, and begin with proofs at the newest one: look for several processes that \
                 share a sign-in."
            }
            Self::OtherKey => {
                "The application must keep one key for a sign-in and all that comes of it: look for several tabs or \
                 processes with keys of their own. If it does, somebody else may have the code or token."
            }
        }
    }
}

/// Is what is bound to `bound` of use with a proof by `shown`? What is bound to nothing always is.
///
/// # Errors
/// There is no proof, or it is by another key.
pub fn fits(bound: Option<&Thumbprint>, shown: Option<&Thumbprint>) -> Result<(), KeyError> {
    match (bound, shown) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(KeyError::NoProof),
        (Some(bound), Some(shown)) if bound == shown => Ok(()),
        (Some(_), Some(_)) => Err(KeyError::OtherKey),
    }
}

/// Must a token request of this client have a proof (§5.2)?
#[must_use]
pub fn is_required(client: &Client) -> bool {
    client.metadata.dpop_bound_access_tokens
}

/// May a proof be signed so (§4.3, checks 4 and 5)?
///
/// # Errors
/// It is another kind of JWT, unsigned, or signed with a secret.
pub fn may_sign(is_of_this_kind: bool, alg: SigningAlg) -> Result<(), ProofError> {
    if !is_of_this_kind {
        return Err(ProofError::Kind);
    }
    if alg.is_asymmetric() { Ok(()) } else { Err(ProofError::Algorithm) }
}

/// The algorithms of proofs.
pub const ALGS: &[SigningAlg] = SigningAlg::ASYMMETRIC;

/// A challenge to send a token as §7.1 has it; with what was wrong.
#[must_use]
pub fn challenge(error: Option<(ErrorCode, &str)>) -> String {
    let algs: Vec<&str> = ALGS.iter().map(|alg| alg.as_str()).collect();
    let algs = algs.join(" ");
    match error {
        None => format!("{SCHEME} algs=\"{algs}\""),
        Some((code, description)) => {
            format!("{SCHEME} error=\"{code}\", error_description=\"{description}\", algs=\"{algs}\"")
        }
    }
}

/// Judges what a proof says whose signature is verified (§4.3). The answer must still be found unused.
///
/// # Errors
/// The rule that it breaks.
pub fn judge(
    claims: &ProofClaims,
    key: &Thumbprint,
    target: Target<'_>,
    now: Timestamp,
) -> Result<OneTimeId, ProofError> {
    if claims.htm != target.method {
        return Err(ProofError::Method);
    }
    if !is_same_address(&claims.htu, target.uri) {
        return Err(ProofError::Uri);
    }
    if claims.iat < now.minus(OLDEST) {
        return Err(ProofError::TooOld);
    }
    if claims.iat > now.plus(CLOCK_SKEW) {
        return Err(ProofError::FromTheFuture);
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_JTI {
        return Err(ProofError::Jti);
    }
    if target.token_hash.is_some() && claims.ath.as_deref() != target.token_hash {
        return Err(ProofError::TokenHash);
    }
    // §11.1: "in the context of the target URI". A key's too: nobody can use up what another key's proof says. Neither a
    // thumbprint nor an address of ours holds a line break, so no two make the same text.
    let id = sha256_hex(&format!("dpop\n{key}\n{}\n{}", target.uri, claims.jti));
    Ok(OneTimeId { id, expires_at: claims.iat.plus(OLDEST).plus(Duration::from_secs(1)) })
}

/// §4.3: the same address after the normalization of RFC 3986 §6.2.2 and §6.2.3, "ignoring any query and fragment parts".
fn is_same_address(said: &str, known: &str) -> bool {
    let (Ok(said), Ok(known)) = (Url::parse(said), Url::parse(known)) else { return false };
    let decoded = percent_decode_str(said.path()).decode_utf8();
    // No address of ours needs an escape; an escaped slash is no slash.
    let same_path = decoded.is_ok_and(|path| path == known.path())
        && said.path().matches('/').count() == known.path().matches('/').count();
    let nobody = said.username().is_empty() && said.password().is_none();
    nobody && same_path && said.origin() == known.origin()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{KeyError, ProofClaims, ProofError, Target, Thumbprint, challenge, fits, judge, may_sign};
    use crate::protocol::client::SigningAlg;
    use crate::protocol::client_assertion::OneTimeId;
    use crate::protocol::error::ErrorCode;
    use crate::protocol::timestamp::Timestamp;

    const NOW: i64 = 1_562_262_616;
    const URI: &str = "https://server.example.com/token";
    const KEY: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    fn key() -> Thumbprint {
        Thumbprint::parse(KEY).unwrap()
    }

    fn judged(changes: &Value, token_hash: Option<&str>) -> Result<OneTimeId, ProofError> {
        // The example of §4.2.
        let mut claims = json!({ "jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": URI, "iat": NOW });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims: ProofClaims = serde_json::from_value(claims).map_err(|_| ProofError::Malformed)?;
        judge(&claims, &key(), Target { method: "POST", uri: URI, token_hash }, Timestamp(NOW))
    }

    #[test]
    fn rfc9449_4_3_each_claim_is_judged() {
        for (changes, outcome) in [
            (json!({}), None),
            (json!({ "nonce": "whatever", "more": [1] }), None),
            (json!({ "iat": NOW - 60 }), None),
            (json!({ "iat": NOW + 10 }), None),
            (json!({ "iat": 1_562_262_616.5 }), None),
            (json!({ "iat": NOW - 61 }), Some(ProofError::TooOld)),
            (json!({ "iat": 0 }), Some(ProofError::TooOld)),
            (json!({ "iat": i64::MIN }), Some(ProofError::TooOld)),
            (json!({ "iat": NOW + 11 }), Some(ProofError::FromTheFuture)),
            (json!({ "iat": NOW * 1000 }), Some(ProofError::FromTheFuture)),
            (json!({ "iat": i64::MAX }), Some(ProofError::FromTheFuture)),
            (json!({ "iat": "now" }), Some(ProofError::Malformed)),
            (json!({ "iat": null }), Some(ProofError::Malformed)),
            (json!({ "jti": "" }), Some(ProofError::Jti)),
            (json!({ "jti": "j".repeat(256) }), None),
            (json!({ "jti": "j".repeat(257) }), Some(ProofError::Jti)),
            (json!({ "jti": 5 }), Some(ProofError::Malformed)),
            (json!({ "jti": null }), Some(ProofError::Malformed)),
            (json!({ "htm": "GET" }), Some(ProofError::Method)),
            (json!({ "htm": "post" }), Some(ProofError::Method)),
            (json!({ "htm": null }), Some(ProofError::Malformed)),
            (json!({ "htu": null }), Some(ProofError::Malformed)),
        ] {
            assert_eq!(judged(&changes, None).err(), outcome, "{changes}");
        }
        let (one, other) = (judged(&json!({}), None).unwrap(), judged(&json!({ "jti": "2" }), None).unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(one.expires_at, Timestamp(NOW + 61), "for as long as it would be accepted");
    }

    #[test]
    fn rfc9449_4_3_addresses_are_normalized() {
        for (htu, same) in [
            (URI, true),
            ("https://server.example.com/token?x=1", true),
            ("https://server.example.com/token#x", true),
            ("https://server.example.com:443/token", true),
            ("HTTPS://SERVER.example.COM/token", true),
            ("https://server.example.com/a/../token", true),
            ("https://server.example.com/./token", true),
            ("https://server.example.com/%74oken", true),
            ("https://server.example.com/Token", false),
            ("https://server.example.com/token/", false),
            ("https://server.example.com//token", false),
            ("https://server.example.com%2Ftoken", false),
            ("https://server.example.com/%2Ftoken", false),
            ("https://server.example.com/%00token", false),
            ("https://server.example.com/%fftoken", false),
            ("https://server.example.com", false),
            ("https://server.example.com:8443/token", false),
            ("http://server.example.com/token", false),
            ("https://server.example.com.evil.example/token", false),
            ("https://server.example.com@evil.example/token", false),
            ("https://me@server.example.com/token", false),
            ("/token", false),
            ("token", false),
            ("", false),
        ] {
            let expected = if same { None } else { Some(ProofError::Uri) };
            assert_eq!(judged(&json!({ "htu": htu }), None).err(), expected, "{htu}");
        }
    }

    #[test]
    fn rfc9449_4_3_12_a_token_is_named_by_its_hash() {
        let hash = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
        assert!(judged(&json!({ "ath": hash }), Some(hash)).is_ok());
        for ath in [json!(null), json!(""), json!("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp")] {
            assert_eq!(
                judged(&json!({ "ath": ath }), Some(hash)).err(),
                Some(ProofError::TokenHash),
                "{ath}"
            );
        }
        assert!(judged(&json!({ "ath": hash }), None).is_ok(), "without a token it says nothing");
    }

    #[test]
    fn rfc9449_4_3_4_and_5_kind_and_algorithm() {
        for alg in SigningAlg::ALL.iter().copied() {
            let expected = if alg.is_asymmetric() { Ok(()) } else { Err(ProofError::Algorithm) };
            assert_eq!(may_sign(true, alg), expected, "{alg}");
            assert_eq!(may_sign(false, alg), Err(ProofError::Kind), "{alg}");
        }
    }

    #[test]
    fn rfc9449_5_and_10_what_is_bound_is_of_use_with_its_key_only() {
        let other = Thumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap();
        assert_eq!(fits(None, None), Ok(()));
        assert_eq!(fits(None, Some(&other)), Ok(()));
        assert_eq!(fits(Some(&key()), Some(&key())), Ok(()));
        assert_eq!(fits(Some(&key()), None), Err(KeyError::NoProof));
        assert_eq!(fits(Some(&key()), Some(&other)), Err(KeyError::OtherKey));
    }

    #[test]
    fn rfc9449_10_only_one_text_is_a_thumbprint() {
        assert_eq!(Thumbprint::parse(KEY).unwrap().as_str(), KEY);
        for text in ["", "x", &KEY[1..], &format!("{KEY}="), &format!("{KEY}I"), &KEY.replace('I', "J"), " "]
        {
            assert_eq!(Thumbprint::parse(text), None, "{text}");
        }
        assert_eq!(Thumbprint::parse(&KEY.replace('-', "+")), None);
        assert_eq!(Thumbprint::parse(&"ä".repeat(43)), None);
    }

    #[test]
    fn rfc9449_7_1_challenges_name_the_algorithms() {
        assert!(challenge(None).starts_with("DPoP algs=\"ES256 "), "{}", challenge(None));
        let told = challenge(Some((ErrorCode::InvalidToken, "no")));
        assert!(
            told.starts_with("DPoP error=\"invalid_token\", error_description=\"no\", algs=\""),
            "{told}"
        );
    }
}
