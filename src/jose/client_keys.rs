//! A client's public keys: its JWK set (RFC 7517 §5).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::jwe::EncryptionKey;
use super::jwk::{PublicKey, VerifyingKey};
use super::jws::{Jws, VerifyError};
use crate::protocol::client::SigningAlg;
use crate::protocol::jwa::KeyManagementAlg;

/// So many keys of a set are looked at.
const MOST_KEYS: usize = 50;

/// The keys of a client's JWK set that are of use here.
#[derive(Default)]
pub struct ClientKeys {
    verifying: Vec<Named<VerifyingKey>>,
    encryption: Vec<ForEncryption>,
}

/// A key that things can be encrypted to, with the algorithm that its set restricts it to.
struct ForEncryption {
    alg: Option<String>,
    key: EncryptionKey,
}

/// A key under the name that its set gives it.
struct Named<K> {
    kid: Option<String>,
    key: K,
}

impl ClientKeys {
    /// Reads a JWK set. RFC 7517 §5: keys of unknown types, with missing members or with values out of range are
    /// skipped; so are keys that are no secret any more because their private half was sent along, RSA keys below 2048
    /// bits, and everything after the fiftieth.
    #[must_use]
    pub fn parse(set: &Value) -> Self {
        let mut keys = Self::default();
        let members = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for jwk in members.iter().take(MOST_KEYS).filter_map(Value::as_object) {
            keys.take_in(jwk);
        }
        keys
    }

    fn take_in(&mut self, jwk: &Map<String, Value>) -> Option<()> {
        if is_private(jwk) {
            return None;
        }
        let about = About::of(jwk)?;
        let public = PublicKey::from_members(jwk)?;
        if about.is_for("sig", &["verify"]) {
            let algs = public.signing_algs().iter().filter(|alg| about.allows(**alg));
            let usable = algs.filter_map(|alg| VerifyingKey::new(*alg, &public));
            self.verifying.extend(usable.map(|key| Named { kid: about.kid.clone(), key }));
        }
        let operations: &[&str] = match public {
            PublicKey::Rsa { .. } => &["encrypt", "wrapKey"],
            _ => &["deriveKey", "deriveBits"],
        };
        if about.is_for("enc", operations) {
            let key = EncryptionKey::new(about.kid, &public)?;
            self.encryption.push(ForEncryption { alg: about.alg, key });
        }
        Some(())
    }

    /// No key is of use.
    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.verifying.is_empty() && self.encryption.is_empty()
    }

    /// The first key that things can be encrypted to with this algorithm.
    #[must_use]
    pub fn encryption_key(&self, alg: KeyManagementAlg) -> Option<&EncryptionKey> {
        let allowed = |said: Option<&str>| said.is_none_or(|said| said == alg.as_str());
        self.encryption
            .iter()
            .find(|candidate| allowed(candidate.alg.as_deref()) && candidate.key.fits(alg))
            .map(|candidate| &candidate.key)
    }

    /// Checks that one of these keys signed a token: the one with its `kid`, or, if it names none, any that fits.
    ///
    /// # Errors
    /// [`VerifyError::UnknownKey`]: no key has this `kid`, or none of those that fit signed a token without one; newer
    /// keys may help. [`VerifyError::BadSignature`]: the named key did not sign it, is of another algorithm, or the
    /// algorithm is none of public keys. [`VerifyError::Malformed`]: signed, but the claims are no such `T`.
    pub fn verify<T: DeserializeOwned>(&self, jws: &Jws<'_>) -> Result<T, VerifyError> {
        if !jws.alg().is_asymmetric() {
            return Err(VerifyError::BadSignature);
        }
        let named = |key: &&Named<VerifyingKey>| jws.kid().is_none_or(|kid| key.kid.as_deref() == Some(kid));
        let mut candidates = self.verifying.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(VerifyError::UnknownKey);
        }
        if candidates.any(|candidate| candidate.key.verify(jws).is_ok()) {
            return jws.claims();
        }
        Err(if jws.kid().is_some() { VerifyError::BadSignature } else { VerifyError::UnknownKey })
    }

    /// The algorithms that there are keys for.
    #[must_use]
    pub fn signing_algs(&self) -> Vec<SigningAlg> {
        let mut algs: Vec<_> = self.verifying.iter().map(|named| named.key.alg).collect();
        algs.sort_unstable();
        algs.dedup();
        algs
    }
}

/// Does a JWK hold more than a public key?
pub(super) fn is_private(jwk: &Map<String, Value>) -> bool {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    PRIVATE.iter().any(|member| jwk.contains_key(*member))
}

/// What a JWK says about its key (RFC 7517 §4.2 to §4.5).
pub(super) struct About {
    kid: Option<String>,
    intended: Option<String>,
    /// RFC 7517 §4.3 has none for the public half of an agreement, so that an empty list says as little as a missing one.
    operations: Vec<String>,
    alg: Option<String>,
}

impl About {
    /// None if a member is not of its type.
    pub(super) fn of(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| match jwk.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        };
        let operations: Vec<String> = match jwk.get("key_ops") {
            None => Vec::new(),
            Some(value) => serde_json::from_value(value.clone()).ok()?,
        };
        Some(Self { kid: text("kid")?, intended: text("use")?, operations, alg: text("alg")? })
    }

    /// May the key be used so? What is not said is not forbidden.
    pub(super) fn is_for(&self, intended: &str, operations: &[&str]) -> bool {
        self.intended.as_deref().is_none_or(|said| said == intended)
            && (self.operations.is_empty()
                || self.operations.iter().any(|said| operations.contains(&said.as_str())))
    }

    pub(super) fn allows(&self, alg: SigningAlg) -> bool {
        self.alg.as_deref().is_none_or(|said| SigningAlg::named(said) == Some(alg))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::{Value, json};

    use super::{ClientKeys, MOST_KEYS};
    use crate::jose::jwk::PublicKey;
    use crate::jose::jws::{Jws, VerifyError, sign_with_secret};
    use crate::jose::key::{KeyAlg, SigningKey, generate};
    use crate::jose::samples::{compact, keys, public, signed_vectors, tampered, thumbprints};
    use crate::jose::{base64url, decoded};
    use crate::protocol::client::SigningAlg;

    fn key(alg: SigningAlg) -> SigningKey {
        SigningKey::from_pkcs8(alg, &generate(KeyAlg::Signing(alg)).unwrap()).unwrap()
    }

    /// A key that says nothing about itself but its name.
    fn plain(key: &SigningKey) -> Value {
        let mut jwk = key.jwk.clone();
        for member in ["use", "alg"] {
            jwk.as_object_mut().unwrap().remove(member);
        }
        jwk
    }

    fn verify(keys: &ClientKeys, token: &str) -> Result<Value, VerifyError> {
        Jws::parse(token).and_then(|jws| keys.verify(&jws))
    }

    #[test]
    fn rfc7515_a_rfc7520_4_rfc8037_a_4_examples_of_public_keys() {
        let examples: Vec<_> =
            signed_vectors().into_iter().filter(|(_, key, _)| key["kty"] != "oct").collect();
        let algs: Vec<_> =
            examples.iter().map(|(_, _, token)| Jws::parse(token).unwrap().alg().as_str()).collect();
        assert_eq!(algs, ["RS256", "ES256", "ES512", "RS256", "PS384", "ES512", "EdDSA"]);
        for (name, key, token) in examples {
            let keys = keys(&[public(&key)]);
            // Some of them sign prose, which is no claims.
            let signed = |token: &str| {
                !matches!(verify(&keys, token), Err(VerifyError::BadSignature | VerifyError::UnknownKey))
            };
            assert!(signed(&token), "{name}");
            for forged in tampered(&token) {
                assert!(Jws::parse(&forged).is_err() || !signed(&forged), "{name} {forged}");
            }
        }
    }

    #[test]
    fn rfc7638_3_1_rfc8037_a_3_thumbprints() {
        let examples = thumbprints();
        assert_eq!(examples.len(), 2);
        for (jwk, thumbprint) in examples {
            let key = PublicKey::from_members(jwk.as_object().unwrap()).unwrap();
            assert_eq!(key.thumbprint(), thumbprint);
            assert_eq!(json!(key.members()), jwk);
        }
    }

    #[test]
    fn rfc8725_3_1_every_algorithm_verifies_with_its_own_key_only() {
        let claims = json!({ "iss": "me", "list": [1, 2] });
        let ours: Vec<SigningKey> = SigningAlg::ASYMMETRIC.iter().map(|alg| key(*alg)).collect();
        for signer in &ours {
            let token = signer.sign("JWT", &claims).unwrap();
            let alg = signer.alg;
            for other in &ours {
                let own = other.kid == signer.kid;
                let expected = if own { Ok(claims.clone()) } else { Err(VerifyError::UnknownKey) };
                assert_eq!(
                    verify(&keys(std::slice::from_ref(&other.jwk)), &token),
                    expected,
                    "{alg} {}",
                    other.alg
                );
                // The same under the name of the key that the token was signed with.
                let mut posing = plain(other);
                posing["kid"] = json!(signer.kid);
                let expected = if own { Ok(claims.clone()) } else { Err(VerifyError::BadSignature) };
                assert_eq!(verify(&keys(&[posing]), &token), expected, "{alg} {}", other.alg);
            }
            for forged in tampered(&token) {
                assert!(verify(&keys(std::slice::from_ref(&signer.jwk)), &forged).is_err(), "{alg} {forged}");
            }
            // Its public half as a secret, and the same signature under another algorithm's name.
            for alg in [SigningAlg::Hs256, SigningAlg::Hs384, SigningAlg::Hs512] {
                for secret in [signer.jwk.to_string(), signer.jwk["x"].to_string(), signer.kid.to_string()] {
                    let forged = sign_with_secret(alg, &secret, "JWT", &claims).unwrap();
                    assert_eq!(verify(&keys(&[plain(signer)]), &forged), Err(VerifyError::BadSignature));
                }
            }
            let (input, signature) = token.rsplit_once('.').unwrap();
            let payload = decoded(input.split_once('.').unwrap().1).unwrap();
            for alg in SigningAlg::ALL.iter().filter(|other| **other != alg) {
                let signature =
                    if *alg == SigningAlg::None { Vec::new() } else { decoded(signature).unwrap() };
                let forged = compact(&json!({ "alg": alg, "kid": signer.kid }), &payload, &signature);
                assert_eq!(verify(&keys(&[plain(signer)]), &forged), Err(VerifyError::BadSignature), "{alg}");
            }
        }
    }

    #[test]
    fn rfc9864_2_2_ed25519_is_another_name_of_eddsa() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let claims = json!({ "iss": "me" });
        for name in ["EdDSA", "Ed25519"] {
            let unsigned = compact(&json!({ "alg": name }), claims.to_string().as_bytes(), b"");
            let input = unsigned.trim_end_matches('.');
            let token = format!("{input}.{}", base64url(pair.sign(input.as_bytes())));
            let jwk = |said: Value| {
                let x = base64url(pair.public_key());
                let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": said });
                jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
                keys(&[jwk])
            };
            for said in [json!("EdDSA"), json!("Ed25519"), Value::Null] {
                assert_eq!(verify(&jwk(said), &token), Ok(claims.clone()), "{name}");
            }
            assert!(verify(&jwk(json!("Ed448")), &token).is_err(), "{name}");
        }
    }

    #[test]
    fn rfc7515_4_1_4_the_named_key_or_any_that_fits() {
        let (a, b) = (key(SigningAlg::Es256), key(SigningAlg::Es256));
        let named = |jwk: &SigningKey, kid: Option<&str>| {
            let mut jwk = plain(jwk);
            match kid {
                Some(kid) => jwk["kid"] = json!(kid),
                None => drop(jwk.as_object_mut().unwrap().remove("kid")),
            }
            jwk
        };
        let by_a = a.sign("JWT", &json!({})).unwrap();
        // An example without a kid.
        let nameless = {
            let (_, key, token) =
                signed_vectors().into_iter().find(|(name, _, _)| name == "RFC 7515 A.3").unwrap();
            (public(&key), token)
        };
        let kid = a.kid.as_str();
        for (set, token, expected) in [
            (vec![named(&a, Some(kid))], &by_a, Ok(())),
            (vec![named(&b, Some("b")), named(&a, Some(kid))], &by_a, Ok(())),
            (vec![named(&b, Some(kid)), named(&a, Some(kid))], &by_a, Ok(())),
            (vec![named(&b, Some(kid))], &by_a, Err(VerifyError::BadSignature)),
            (vec![named(&a, Some("b"))], &by_a, Err(VerifyError::UnknownKey)),
            (vec![named(&a, None)], &by_a, Err(VerifyError::UnknownKey)),
            (vec![], &by_a, Err(VerifyError::UnknownKey)),
            (vec![named(&a, None), nameless.0.clone()], &nameless.1, Ok(())),
            (vec![named(&a, Some("a"))], &nameless.1, Err(VerifyError::UnknownKey)),
            (vec![], &nameless.1, Err(VerifyError::UnknownKey)),
        ] {
            assert_eq!(verify(&keys(&set), token).map(drop), expected, "{set:?}");
        }
    }

    #[test]
    fn rfc7517_5_keys_that_are_of_no_use_are_skipped() {
        let signer = key(SigningAlg::Es256);
        let token = signer.sign("JWT", &json!({})).unwrap();
        let good = plain(&signer);
        let with = |member: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[member] = value;
            jwk
        };
        let coordinate = decoded(good["x"].as_str().unwrap()).unwrap();
        for (jwk, useful) in [
            (good.clone(), true),
            (with("use", json!("sig")), true),
            (with("key_ops", json!(["verify"])), true),
            (with("key_ops", json!(["sign", "verify"])), true),
            (with("key_ops", json!([])), true),
            (with("alg", json!("ES256")), true),
            (with("x5c", json!(["whatever"])), true),
            (with("use", json!("enc")), false),
            (with("use", json!(5)), false),
            (with("key_ops", json!(["sign"])), false),
            (with("key_ops", json!([5])), false),
            (with("key_ops", json!("verify")), false),
            (with("alg", json!("ES384")), false),
            (with("alg", json!("ECDH-ES")), false),
            (with("alg", json!(null)), false),
            (with("kid", json!(5)), false),
            (with("kty", json!("oct")), false),
            (with("kty", json!("RSA")), false),
            (with("kty", json!(["EC"])), false),
            (with("crv", json!("P-384")), false),
            (with("crv", json!("secp256k1")), false),
            (with("crv", json!("p-256")), false),
            (with("d", json!("AAAA")), false),
            (with("k", json!("AAAA")), false),
            (with("x", json!("")), false),
            (with("x", json!(5)), false),
            (with("x", json!(format!("{}=", good["x"].as_str().unwrap()))), false),
            // No point of the curve, and one of another length.
            (with("x", json!(base64url([1; 32]))), false),
            (with("x", json!(base64url([0; 32]))), false),
            (with("x", json!(base64url([0xff; 32]))), false),
            (with("x", good["y"].clone()), false),
            (with("x", json!(base64url(&coordinate[1..]))), false),
            (with("x", json!(base64url([&[0][..], &coordinate].concat()))), false),
            (json!({}), false),
            (json!([good.clone()]), false),
            (json!("key"), false),
            (json!(null), false),
        ] {
            assert_eq!(verify(&keys(std::slice::from_ref(&jwk)), &token).is_ok(), useful, "{jwk}");
            // And it hides no other.
            assert!(verify(&keys(&[jwk, good.clone()]), &token).is_ok());
        }
        for set in [json!(null), json!([]), json!({}), json!({ "keys": {} }), json!({ "keys": "x" })] {
            assert!(ClientKeys::parse(&set).is_empty(), "{set}");
        }
        assert_eq!(keys(std::slice::from_ref(&good)).signing_algs(), [SigningAlg::Es256]);
    }

    #[test]
    fn rfc7518_3_3_rsa_keys_have_at_least_2048_bits() {
        let modulus = |bytes: usize, first: u8| {
            let mut n = vec![0xff; bytes];
            n[0] = first;
            json!({ "kty": "RSA", "n": base64url(n), "e": "AQAB" })
        };
        for (jwk, useful) in [
            (modulus(256, 0x80), true),
            (modulus(1024, 0xff), true),
            (modulus(256, 0x7f), false),
            (modulus(128, 0xff), false),
            (modulus(1025, 0x01), false),
            (modulus(100_000, 0xff), false),
            (json!({ "kty": "RSA", "n": base64url([0; 256]), "e": "AQAB" }), false),
            (json!({ "kty": "RSA", "n": "", "e": "AQAB" }), false),
            (json!({ "kty": "RSA", "e": "AQAB" }), false),
            (json!({ "kty": "RSA", "n": base64url([0xff; 256]) }), false),
            (json!({ "kty": "RSA", "n": base64url([0xff; 256]), "e": "" }), false),
            (json!({ "kty": "RSA", "n": base64url([0xff; 256]), "e": "AA" }), false),
        ] {
            assert_eq!(!keys(std::slice::from_ref(&jwk)).is_empty(), useful, "{jwk:.100}");
        }
        // RFC 7518 §6.3.1.1: a zero in front, as some libraries write it.
        let signer = key(SigningAlg::Rs256);
        let mut jwk = signer.jwk.clone();
        let n = decoded(jwk["n"].as_str().unwrap()).unwrap();
        jwk["n"] = json!(base64url([&[0][..], &n].concat()));
        let token = signer.sign("JWT", &json!({})).unwrap();
        assert!(verify(&keys(&[jwk]), &token).is_ok());
    }

    #[test]
    fn a_set_has_an_end() {
        let signer = key(SigningAlg::Es256);
        let token = signer.sign("JWT", &json!({})).unwrap();
        for (before, found) in [(MOST_KEYS - 1, true), (MOST_KEYS, false)] {
            let mut set = vec![json!({ "kty": "other" }); before];
            set.push(plain(&signer));
            assert_eq!(verify(&keys(&set), &token).is_ok(), found);
        }
    }
}
