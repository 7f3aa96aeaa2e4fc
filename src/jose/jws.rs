//! Compact JWS (RFC 7515 §7.1): read without being believed, written, and verified under a shared secret.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LONGEST, decoded, object, present};
use crate::protocol::client::SigningAlg;
use crate::protocol::media_type::is_typ;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is no key of this algorithm that signs, or the algorithm needs another kind of key.
    #[error("there is no {0} key to sign with")]
    NoKey(SigningAlg),
    /// The claims cannot be written as JSON.
    #[error("claims cannot be written as JSON: {0}")]
    Claims(#[from] serde_json::Error),
    /// aws-lc failed; it says no more.
    #[error("a {0} key failed to sign")]
    Failed(SigningAlg),
}

/// Why a token is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No compact JWS, or its claims are not of the expected form.
    #[error("not a token of the expected form")]
    Malformed,
    /// RFC 8725 §3.11: another kind of token.
    #[error("a token of another type")]
    OtherType,
    /// Its key is unknown or revoked. Where keys are fetched, fetching them again may help.
    #[error("signed with a key that is unknown or revoked")]
    UnknownKey,
    /// The signature is wrong, or made with another algorithm than the key's.
    #[error("the signature does not verify")]
    BadSignature,
}

/// A compact JWS that is well-formed. Nothing that it says is verified.
#[derive(Debug)]
pub struct Jws<'a> {
    header: Header,
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The members of the header that are understood (RFC 7515 §4.1). serde refuses one that stands there twice.
#[derive(Debug, Deserialize)]
struct Header {
    #[serde(deserialize_with = "named_alg")]
    alg: SigningAlg,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    cty: Option<String>,
    #[serde(default, deserialize_with = "present")]
    jwk: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

fn named_alg<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SigningAlg, D::Error> {
    let name = String::deserialize(deserializer)?;
    SigningAlg::named(&name).ok_or_else(|| serde::de::Error::custom("alg is not known"))
}

impl<'a> Jws<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`]: it has not exactly three parts of unpadded base64url, its header is no JSON object
    /// with an `alg` that is known here, demands an extension (`crit`, RFC 7515 §4.1.11) or says the same twice; it is
    /// longer than 64 kB; or it claims to be unsigned and has a signature (RFC 7518 §3.6).
    pub fn parse(text: &'a str) -> Result<Self, VerifyError> {
        Self::read(text).ok_or(VerifyError::Malformed)
    }

    /// Is its `alg` one that nothing here knows?
    #[must_use]
    pub fn has_unknown_alg(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Named {
            alg: String,
        }
        let header = text.split('.').next().filter(|_| text.len() <= LONGEST).and_then(decoded);
        let named: Option<Named> = header.and_then(|header| serde_json::from_slice(&header).ok());
        named.is_some_and(|named| SigningAlg::named(&named.alg).is_none())
    }

    fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signing_input, signature) = text.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        let header: Header = object(&decoded(header)?)?;
        let (payload, signature) = (decoded(payload)?, decoded(signature)?);
        let contradictory = header.alg == SigningAlg::None && !signature.is_empty();
        (header.crit.is_none() && !contradictory).then_some(Self {
            header,
            signing_input,
            payload,
            signature,
        })
    }

    /// The algorithm that the token claims.
    #[must_use]
    pub fn alg(&self) -> SigningAlg {
        self.header.alg
    }

    /// Which key the token claims to be signed with (RFC 7515 §4.1.4).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// What kind of token it claims to be (RFC 7515 §4.1.9).
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// Does it claim to be of this type (RFC 7515 §4.1.9)?
    #[must_use]
    pub fn is_typ(&self, typ: &str) -> bool {
        self.typ().is_some_and(|found| is_typ(found, typ))
    }

    /// What its content claims to be (RFC 7515 §4.1.10).
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.header.cty.as_deref()
    }

    /// The key that the token claims to be signed with, if it brings one along (RFC 7515 §4.1.3).
    pub(super) fn jwk(&self) -> Option<&Value> {
        self.header.jwk.as_ref()
    }

    /// Not signed at all (`alg` `none`, RFC 7518 §3.6).
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.header.alg == SigningAlg::None
    }

    /// What the token says, whoever wrote it: only to find out whose keys can verify it.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`]: no JSON object.
    pub fn unverified_claims(&self) -> Result<Map<String, Value>, VerifyError> {
        self.claims()
    }

    /// Checks that the token was signed with this secret (RFC 7518 §3.2).
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`]: another secret, or an algorithm of public keys, for which a secret is no key;
    /// [`VerifyError::Malformed`]: signed, but the claims are no such `T`.
    pub fn verify_with_secret<T: DeserializeOwned>(&self, secret: &str) -> Result<T, VerifyError> {
        if self.is_signed_with(secret.as_bytes()) { self.claims() } else { Err(VerifyError::BadSignature) }
    }

    fn is_signed_with(&self, secret: &[u8]) -> bool {
        let key = hmac_key(self.header.alg, secret);
        key.is_some_and(|key| hmac::verify(&key, self.signing_input.as_bytes(), &self.signature).is_ok())
    }

    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, VerifyError> {
        object(&self.payload).ok_or(VerifyError::Malformed)
    }

    pub(super) fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// Signs claims with a secret that is shared with their reader (RFC 7518 §3.2).
///
/// # Errors
/// The algorithm is none of HS256, HS384 and HS512, or the claims cannot be written.
pub fn sign_with_secret(
    alg: SigningAlg,
    secret: &str,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String, SignError> {
    let key = hmac_key(alg, secret.as_bytes()).ok_or(SignError::NoKey(alg))?;
    let mut text = signing_input(alg, None, typ, claims)?;
    let tag = hmac::sign(&key, text.as_bytes());
    append(&mut text, tag.as_ref());
    Ok(text)
}

/// Writes claims that nobody signs (RFC 7518 §3.6): for clients that registered `none`, and over channels that prove
/// by themselves who speaks.
///
/// # Errors
/// The claims cannot be written.
pub fn unsigned(typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
    let mut text = signing_input(SigningAlg::None, None, typ, claims)?;
    append(&mut text, &[]);
    Ok(text)
}

/// Header and claims, encoded, with room for the signature.
pub(super) fn signing_input(
    alg: SigningAlg,
    kid: Option<&str>,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String, SignError> {
    #[derive(Serialize)]
    struct Written<'a> {
        alg: SigningAlg,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
        typ: &'a str,
    }
    /// Header and claims of nearly every token, in bytes.
    const USUAL_LENGTH: usize = 1024;
    /// The base64url of an RSA signature of 2048 bits.
    const SIGNATURE: usize = 342;
    let mut json = Vec::with_capacity(USUAL_LENGTH);
    serde_json::to_writer(&mut json, &Written { alg, kid, typ })?;
    let end_of_header = json.len();
    serde_json::to_writer(&mut json, claims)?;
    let (header, claims) = json.split_at(end_of_header);
    let mut text = String::with_capacity(json.len() * 4 / 3 + SIGNATURE + 8);
    URL_SAFE_NO_PAD.encode_string(header, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    Ok(text)
}

/// Completes a compact JWS.
pub(super) fn append(text: &mut String, signature: &[u8]) {
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, text);
}

/// None for algorithms that no secret is the key of, and for the secret that everybody knows.
fn hmac_key(alg: SigningAlg, secret: &[u8]) -> Option<hmac::Key> {
    let algorithm = match alg {
        SigningAlg::Hs256 => hmac::HMAC_SHA256,
        SigningAlg::Hs384 => hmac::HMAC_SHA384,
        SigningAlg::Hs512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    (!secret.is_empty()).then(|| hmac::Key::new(algorithm, secret))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Jws, VerifyError, sign_with_secret, unsigned};
    use crate::jose::samples::{compact, signed_vectors, tampered};
    use crate::jose::{base64url, decoded};
    use crate::protocol::client::SigningAlg;

    const SECRET: &str = "a secret of as many bytes as SHA-512 has, and a few more than those";

    #[test]
    fn rfc7515_a_1_rfc7520_4_4_hmac_examples() {
        let examples: Vec<_> =
            signed_vectors().into_iter().filter(|(_, key, _)| key["kty"] == "oct").collect();
        assert_eq!(examples.len(), 2);
        for (name, key, token) in examples {
            let secret = decoded(key["k"].as_str().unwrap()).unwrap();
            assert!(Jws::parse(&token).unwrap().is_signed_with(&secret), "{name}");
            for forged in tampered(&token) {
                assert!(!Jws::parse(&forged).is_ok_and(|jws| jws.is_signed_with(&secret)), "{name} {forged}");
            }
        }
    }

    #[test]
    fn rfc7518_3_2_a_secret_signs_and_verifies() {
        let claims = json!({ "iss": "me" });
        for alg in SigningAlg::ALL.iter().copied() {
            let token = sign_with_secret(alg, SECRET, "JWT", &claims);
            assert_eq!(token.is_ok(), alg.is_symmetric(), "{alg}");
            assert!(sign_with_secret(alg, "", "JWT", &claims).is_err(), "{alg}: everybody knows that secret");
            let Ok(token) = token else { continue };
            let jws = Jws::parse(&token).unwrap();
            assert_eq!((jws.alg(), jws.typ(), jws.kid(), jws.cty()), (alg, Some("JWT"), None, None));
            assert_eq!(jws.verify_with_secret::<Value>(SECRET), Ok(claims.clone()));
            assert_eq!(jws.unverified_claims().unwrap()["iss"], "me");
            for secret in ["", "another", &SECRET[1..]] {
                assert_eq!(jws.verify_with_secret::<Value>(secret), Err(VerifyError::BadSignature));
            }
            for forged in tampered(&token) {
                let outcome = Jws::parse(&forged).and_then(|jws| jws.verify_with_secret::<Value>(SECRET));
                assert!(outcome.is_err(), "{forged}");
            }
        }
    }

    #[test]
    fn rfc8725_3_1_a_secret_verifies_hmacs_only() {
        for alg in SigningAlg::ALL.iter().filter(|alg| !alg.is_symmetric()) {
            let token = compact(&json!({ "alg": alg }), b"{}", b"");
            let jws = Jws::parse(&token).unwrap();
            assert_eq!(jws.verify_with_secret::<Value>(SECRET), Err(VerifyError::BadSignature), "{alg}");
            assert_eq!(jws.verify_with_secret::<Value>(""), Err(VerifyError::BadSignature), "{alg}");
        }
    }

    #[test]
    fn rfc7518_3_6_unsigned_has_no_signature() {
        let token = unsigned("JWT", &json!({ "iss": "me" })).unwrap();
        assert!(token.ends_with('.'));
        let jws = Jws::parse(&token).unwrap();
        assert!(jws.is_unsigned());
        assert_eq!(jws.unverified_claims().unwrap()["iss"], "me");
        assert_eq!(Jws::parse(&format!("{token}AA")).unwrap_err(), VerifyError::Malformed);
        let signed = sign_with_secret(SigningAlg::Hs256, SECRET, "JWT", &json!({})).unwrap();
        assert!(!Jws::parse(&signed).unwrap().is_unsigned());
    }

    #[test]
    fn rfc7515_5_2_what_is_no_compact_jws_is_refused() {
        let header = json!({ "alg": "HS256" });
        let good = compact(&header, b"{}", b"sig");
        assert!(Jws::parse(&good).is_ok());
        let raw = |header: &str| format!("{}.e30.AAAA", base64url(header));
        let mut wrong = vec![
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            "e30.e30".to_owned(),
            "e30.e30.e30".to_owned(),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}="),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}\n"),
            good.replace('.', ".="),
            // Bits that no byte has: two texts would say the same.
            good.replacen(".e30.", ".e31.", 1),
            compact(&header, b"{}", &vec![0; 64 * 1024]),
        ];
        for header in [
            "",
            "null",
            "[]",
            r#"["HS256"]"#,
            r#"{"alg":"HS256"} x"#,
            r#"{"alg":"HS256"#,
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":5}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"NONE"}"#,
            r#"{"alg":"RSA1_5"}"#,
            r#"{"alg":"HS256","alg":"none"}"#,
            r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
            r#"{"alg":"HS256","kid":null}"#,
            r#"{"alg":"HS256","kid":5}"#,
            r#"{"alg":"HS256","typ":{}}"#,
            r#"{"alg":"HS256","cty":[]}"#,
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":null}"#,
            "{\"alg\":\"HS256\",\"x\":\"\u{0}\"}",
        ] {
            wrong.push(raw(header));
        }
        for text in wrong {
            let shown = &text[..text.len().min(100)];
            assert_eq!(Jws::parse(&text).unwrap_err(), VerifyError::Malformed, "{shown}");
        }
        assert!(Jws::parse(&raw(r#" {"x":{"deep":[1]},"alg":"HS256","jwk":{},"jku":"https://x"}"#)).is_ok());
    }

    #[test]
    fn rfc7519_4_claims_are_a_json_object() {
        for payload in [&b""[..], b"null", b"[]", b"[1]", b"\"x\"", b"5", b"{", b"{} {}", b"\xff", b"{\"a\"}"]
        {
            let token = compact(&json!({ "alg": "none" }), payload, b"");
            assert_eq!(Jws::parse(&token).unwrap().unverified_claims(), Err(VerifyError::Malformed));
        }
    }

    #[test]
    fn rfc7515_4_1_9_types_are_media_types() {
        for (typ, fits) in [
            ("at+jwt", true),
            ("AT+JWT", true),
            ("application/at+jwt", true),
            ("Application/AT+jwt", true),
            ("JWT", false),
            ("text/at+jwt", false),
            ("application/", false),
            ("", false),
        ] {
            let token = compact(&json!({ "alg": "none", "typ": typ }), b"{}", b"");
            assert_eq!(Jws::parse(&token).unwrap().is_typ("at+jwt"), fits, "{typ}");
        }
        assert!(!Jws::parse(&compact(&json!({ "alg": "none" }), b"{}", b"")).unwrap().is_typ("JWT"));
    }
}
