//! Tokens that bring the key along which they are signed with (`jwk` in the header, RFC 7515 §4.1.3). That proves nothing but
//! that whoever made the token has the private half of that key.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client_keys::{About, is_private};
use super::jwk::{PublicKey, VerifyingKey};
use super::jws::{Jws, VerifyError};

/// Why a token does not prove that whoever made it has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedKeyError {
    /// There is no key in the header, or none of use for the token's algorithm.
    NoKey,
    /// The key is private, and so no secret any more.
    Private,
    /// Somebody else signed.
    Signature,
    /// Signed, but the claims are not of the expected form.
    Claims,
}

/// Checks that a token is signed with the key that it brings along. Answers what it says, and the key's thumbprint (RFC 7638).
///
/// # Errors
/// See [`CarriedKeyError`].
pub fn verify_by_carried_key<T: DeserializeOwned>(jws: &Jws<'_>) -> Result<(T, String), CarriedKeyError> {
    let jwk = jws.jwk().and_then(Value::as_object).ok_or(CarriedKeyError::NoKey)?;
    if is_private(jwk) {
        return Err(CarriedKeyError::Private);
    }
    let about = About::of(jwk).ok_or(CarriedKeyError::NoKey)?;
    if !about.is_for("sig", &["verify"]) || !about.allows(jws.alg()) {
        return Err(CarriedKeyError::NoKey);
    }
    let public = PublicKey::from_members(jwk).ok_or(CarriedKeyError::NoKey)?;
    let key = VerifyingKey::new(jws.alg(), &public).ok_or(CarriedKeyError::NoKey)?;
    key.verify(jws).map_err(|_: VerifyError| CarriedKeyError::Signature)?;
    let claims = jws.claims().map_err(|_| CarriedKeyError::Claims)?;
    Ok((claims, public.thumbprint()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CarriedKeyError, verify_by_carried_key};
    use crate::jose::jws::Jws;
    use crate::jose::key::{KeyAlg, SigningKey, generate};
    use crate::jose::samples::{compact, tampered};
    use crate::protocol::client::SigningAlg;

    /// The example of RFC 9449 §4.1.
    const PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik\
        VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR\
        nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE\
        QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj\
        oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia\
        WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg\
        4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    fn verify(token: &str) -> Result<(Value, String), CarriedKeyError> {
        verify_by_carried_key(&Jws::parse(token).unwrap())
    }

    #[test]
    fn rfc9449_4_1_and_6_1_the_example_proves_its_key() {
        let (claims, thumbprint) = verify(PROOF).unwrap();
        assert_eq!(claims["jti"], "-BwC3ESc6acc2lTc");
        assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        for forged in tampered(PROOF) {
            let outcome = Jws::parse(&forged).map(|jws| verify_by_carried_key::<Value>(&jws));
            assert!(!matches!(outcome, Ok(Ok(_))), "{forged}");
        }
    }

    /// A token with this header beside `alg`, signed with the key.
    fn signed(key: &SigningKey, header: &Value) -> String {
        let mut whole = json!({ "alg": key.alg });
        for (name, value) in header.as_object().unwrap() {
            whole[name] = value.clone();
        }
        key.sign_raw(&whole, &json!({ "jti": "1" }))
    }

    #[test]
    fn rfc9449_4_3_5_to_7_the_key_is_public_of_its_algorithm_and_signed() {
        for alg in SigningAlg::ASYMMETRIC.iter().copied() {
            let [ours, other] = [(); 2]
                .map(|()| SigningKey::from_pkcs8(alg, &generate(KeyAlg::Signing(alg)).unwrap()).unwrap());
            let mut plain = ours.jwk.clone();
            for member in ["use", "alg", "kid"] {
                plain.as_object_mut().unwrap().remove(member);
            }
            let with = |member: &str, value: Value| {
                let mut jwk = plain.clone();
                jwk[member] = value;
                json!({ "jwk": jwk })
            };
            for (header, expected) in [
                (json!({ "jwk": plain }), None),
                (json!({ "jwk": ours.jwk }), None),
                (with("key_ops", json!(["verify"])), None),
                (with("ext", json!(true)), None),
                (json!({}), Some(CarriedKeyError::NoKey)),
                (json!({ "jwk": {} }), Some(CarriedKeyError::NoKey)),
                (json!({ "jwk": null }), Some(CarriedKeyError::NoKey)),
                (json!({ "jwk": [plain] }), Some(CarriedKeyError::NoKey)),
                (json!({ "jwk": "key" }), Some(CarriedKeyError::NoKey)),
                (with("use", json!("enc")), Some(CarriedKeyError::NoKey)),
                (with("alg", json!("HS256")), Some(CarriedKeyError::NoKey)),
                (with("kty", json!("oct")), Some(CarriedKeyError::NoKey)),
                (with("d", json!("AAAA")), Some(CarriedKeyError::Private)),
                (with("k", json!("AAAA")), Some(CarriedKeyError::Private)),
                (json!({ "jwk": other.jwk }), Some(CarriedKeyError::Signature)),
            ] {
                let token = signed(&ours, &header);
                assert_eq!(verify(&token).err(), expected, "{alg} {header}");
            }
        }
        // A key of another algorithm, and a secret that everybody can read.
        let hmac = compact(&json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "AAAA" } }), b"{}", b"x");
        assert_eq!(verify(&hmac).err(), Some(CarriedKeyError::Private));
        let unsigned = compact(&json!({ "alg": "none", "jwk": { "kty": "EC" } }), b"{}", b"");
        assert_eq!(verify(&unsigned).err(), Some(CarriedKeyError::NoKey));
    }
}
