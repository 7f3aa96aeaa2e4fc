//! This server's keys: made, read back, and shown in public as JWKs.

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::jwe::{DecryptError, Jwe, PrivateDecryption};
use super::jwk::{Curve, PublicKey, VerifyingKey};
use super::jws::{self, Jws, SignError, VerifyError};
use crate::entropy::Entropy;
use crate::protocol::client::SigningAlg;
use crate::protocol::ids::KeyId;
use crate::protocol::jwa::KeyManagementAlg;

/// What a key of this server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&str", try_from = "String")]
pub enum KeyAlg {
    /// Signs by this algorithm.
    Signing(SigningAlg),
    /// Decrypts what comes by this algorithm and by those of its kind.
    Encryption(KeyManagementAlg),
}

/// There are no keys of this algorithm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKeyAlg {
    /// It has another kind of key, or none.
    #[error("{0} has no key of this server: HS256 to HS512 use the client's secret, none uses nothing")]
    NoKey(SigningAlg),
    /// It is not known, or shares the key of another one.
    #[error("must be one of: {}", KeyAlg::names())]
    Unknown,
}

impl KeyAlg {
    /// The keys that clients encrypt to: one RSA key for both forms of RSA-OAEP, one of a curve for every form of ECDH-ES.
    pub const ENCRYPTION: [Self; 2] =
        [Self::Encryption(KeyManagementAlg::RsaOaep256), Self::Encryption(KeyManagementAlg::EcdhEs)];

    /// Its JOSE name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signing(alg) => alg.as_str(),
            Self::Encryption(alg) => alg.as_str(),
        }
    }

    fn names() -> String {
        let signing = SigningAlg::ASYMMETRIC.iter().map(|alg| Self::Signing(*alg));
        signing.chain(Self::ENCRYPTION).map(Self::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl std::fmt::Display for KeyAlg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<KeyAlg> for &str {
    fn from(alg: KeyAlg) -> Self {
        alg.as_str()
    }
}

impl std::str::FromStr for KeyAlg {
    type Err = NoKeyAlg;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<SigningAlg>() {
            Ok(alg) if alg.is_asymmetric() => Ok(Self::Signing(alg)),
            Ok(alg) => Err(NoKeyAlg::NoKey(alg)),
            Err(_) => Self::ENCRYPTION.into_iter().find(|alg| alg.as_str() == text).ok_or(NoKeyAlg::Unknown),
        }
    }
}

impl TryFrom<String> for KeyAlg {
    type Error = NoKeyAlg;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A key of this server, parsed once, with its public half.
pub enum OwnKey {
    /// For signatures.
    Signing(SigningKey),
    /// For what is encrypted to this server.
    Decryption(DecryptionKey),
}

impl OwnKey {
    /// Parses a PKCS#8 private key for what it is made for.
    ///
    /// # Errors
    /// The bytes are not such a key.
    pub fn from_pkcs8(alg: KeyAlg, pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        match alg {
            KeyAlg::Signing(alg) => SigningKey::from_pkcs8(alg, pkcs8).map(Self::Signing),
            KeyAlg::Encryption(alg) => DecryptionKey::from_pkcs8(alg, pkcs8).map(Self::Decryption),
        }
    }

    /// What it is for.
    #[must_use]
    pub fn alg(&self) -> KeyAlg {
        match self {
            Self::Signing(key) => KeyAlg::Signing(key.alg),
            Self::Decryption(key) => KeyAlg::Encryption(key.alg),
        }
    }

    /// Its RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        match self {
            Self::Signing(key) => &key.kid,
            Self::Decryption(key) => &key.kid,
        }
    }

    /// The public half as published (RFC 7517): once for each algorithm that it is for.
    #[must_use]
    pub fn jwks(&self) -> &[Value] {
        match self {
            Self::Signing(key) => std::slice::from_ref(&key.jwk),
            Self::Decryption(key) => &key.jwks,
        }
    }
}

/// A key that clients encrypt to.
pub struct DecryptionKey {
    /// The algorithm that stands for its kind: `RSA-OAEP-256` or `ECDH-ES`.
    pub alg: KeyManagementAlg,
    /// Its RFC 7638 thumbprint.
    pub kid: KeyId,
    /// The public half as published (RFC 7517): once for each algorithm of its kind.
    pub jwks: Vec<Value>,
    private: PrivateDecryption,
}

/// A signing key, parsed once, with its public half.
pub struct SigningKey {
    /// Its algorithm: a key has exactly one (RFC 8725 §3.1).
    pub alg: SigningAlg,
    /// Its RFC 7638 thumbprint.
    pub kid: KeyId,
    /// The public half as published (RFC 7517).
    pub jwk: Value,
    private: PrivateKey,
    public: VerifyingKey,
}

enum PrivateKey {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
}

/// The bytes are no private key for this algorithm, or no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("not a usable {0} key")]
pub struct UnusableKey(pub KeyAlg);

/// What a key is, by its algorithm.
enum Kind {
    Ec(Curve),
    Ed25519,
    Rsa,
}

impl Kind {
    /// None for algorithms without a private key.
    fn of(alg: KeyAlg) -> Option<Self> {
        match alg {
            KeyAlg::Signing(SigningAlg::Es256)
            | KeyAlg::Encryption(
                KeyManagementAlg::EcdhEs | KeyManagementAlg::EcdhEsA128Kw | KeyManagementAlg::EcdhEsA256Kw,
            ) => Some(Self::Ec(Curve::P256)),
            KeyAlg::Signing(SigningAlg::Es384) => Some(Self::Ec(Curve::P384)),
            KeyAlg::Signing(SigningAlg::Es512) => Some(Self::Ec(Curve::P521)),
            KeyAlg::Signing(SigningAlg::EdDsa) => Some(Self::Ed25519),
            KeyAlg::Signing(alg) => rsa_encoding(alg).map(|_| Self::Rsa),
            KeyAlg::Encryption(KeyManagementAlg::RsaOaep | KeyManagementAlg::RsaOaep256) => Some(Self::Rsa),
        }
    }
}

fn rsa_encoding(alg: SigningAlg) -> Option<&'static RsaSignatureEncoding> {
    match alg {
        SigningAlg::Rs256 => Some(&RSA_PKCS1_SHA256),
        SigningAlg::Rs384 => Some(&RSA_PKCS1_SHA384),
        SigningAlg::Rs512 => Some(&RSA_PKCS1_SHA512),
        SigningAlg::Ps256 => Some(&RSA_PSS_SHA256),
        SigningAlg::Ps384 => Some(&RSA_PSS_SHA384),
        SigningAlg::Ps512 => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

/// Makes a new private key, as PKCS#8 (RFC 5208). aws-lc draws its own randomness: keys are the one thing that no
/// test may make predictable.
///
/// # Errors
/// aws-lc could not make one.
pub fn generate(alg: KeyAlg) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
    let random = SystemRandom::new();
    let pkcs8 = match Kind::of(alg).ok_or(UnusableKey(alg))? {
        Kind::Ec(curve) => {
            EcdsaKeyPair::generate_pkcs8(curve.signing(), &random).map(|document| document.as_ref().to_vec())
        }
        Kind::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random).map(|document| document.as_ref().to_vec()),
        Kind::Rsa => aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048)
            .and_then(|pair| pair.as_der().map(|der| der.as_ref().to_vec())),
    };
    pkcs8.map(Zeroizing::new).map_err(|_| UnusableKey(alg))
}

impl SigningKey {
    /// Parses a PKCS#8 private key for one algorithm.
    ///
    /// # Errors
    /// The bytes are not such a key.
    pub fn from_pkcs8(alg: SigningAlg, pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let unusable = || UnusableKey(KeyAlg::Signing(alg));
        let (private, public) = match Kind::of(KeyAlg::Signing(alg)).ok_or_else(unusable)? {
            Kind::Ec(curve) => {
                let pair = EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map_err(|_| unusable())?;
                let public = PublicKey::Ec(curve, pair.public_key().as_ref().to_vec());
                (PrivateKey::Ecdsa(pair), public)
            }
            Kind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let public = PublicKey::Ed25519(pair.public_key().as_ref().to_vec());
                (PrivateKey::Ed25519(pair), public)
            }
            Kind::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let public = numbers(&pair);
                (PrivateKey::Rsa(pair, rsa_encoding(alg).ok_or_else(unusable)?), public)
            }
        };
        let kid = KeyId::from(public.thumbprint());
        let mut jwk = published(&public, &kid, "sig");
        jwk.insert("alg".to_owned(), json!(alg));
        let public = VerifyingKey::new(alg, &public).ok_or_else(unusable)?;
        Ok(Self { alg, kid, jwk: Value::Object(jwk), private, public })
    }

    /// The same under the name by which somebody else knows it.
    #[must_use]
    pub fn named(self, kid: &str) -> Self {
        Self { kid: KeyId::from(kid.to_owned()), ..self }
    }

    /// Signs claims as a compact JWS of the given type.
    ///
    /// # Errors
    /// The claims are no JSON.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let mut text = jws::signing_input(self.alg, Some(self.kid.as_str()), typ, claims)?;
        let signature = self.private.sign(text.as_bytes()).ok_or(SignError::Failed(self.alg))?;
        jws::append(&mut text, &signature);
        Ok(text)
    }

    /// Signs with any header.
    #[cfg(test)]
    pub(super) fn sign_raw(&self, header: &Value, claims: &Value) -> String {
        let mut text = [header, claims].map(|part| super::base64url(part.to_string())).join(".");
        let signature = self.private.sign(text.as_bytes()).unwrap();
        jws::append(&mut text, &signature);
        text
    }

    /// Checks that this key signed a token.
    pub(super) fn verify(&self, jws: &Jws<'_>) -> Result<(), VerifyError> {
        self.public.verify(jws)
    }
}

impl PrivateKey {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => {
                pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => pair.try_sign(message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok().map(|()| signature)
            }
        }
    }
}

impl DecryptionKey {
    fn from_pkcs8(alg: KeyManagementAlg, pkcs8: &[u8]) -> Result<Self, UnusableKey> {
        let unusable = || UnusableKey(KeyAlg::Encryption(alg));
        let (private, public) = match Kind::of(KeyAlg::Encryption(alg)).ok_or_else(unusable)? {
            Kind::Ec(curve) => {
                let key = agreement::PrivateKey::from_private_key_der(curve.agreement(), pkcs8)
                    .map_err(|_| unusable())?;
                let point = key.compute_public_key().map_err(|_| unusable())?;
                let public = PublicKey::Ec(curve, point.as_ref().to_vec());
                (PrivateDecryption::Agreement(key), public)
            }
            Kind::Rsa => {
                let public = numbers(&RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?);
                let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let key = OaepPrivateDecryptingKey::new(key).map_err(|_| unusable())?;
                (PrivateDecryption::Rsa(key), public)
            }
            Kind::Ed25519 => return Err(unusable()),
        };
        let kid = KeyId::from(public.thumbprint());
        // Each with its `alg`: without one there are libraries that read nothing of the whole set (firebase/php-jwt), and
        // with one only, clients do not find the key by another algorithm of its kind.
        let fitting = KeyManagementAlg::ALL.iter().copied().filter(|other| private.fits(*other));
        let jwks = fitting
            .map(|other| {
                let name = KeyId::from(if other == alg { kid.to_string() } else { name_for(&kid, other) });
                let mut jwk = published(&public, &name, "enc");
                jwk.insert("alg".to_owned(), json!(other));
                Value::Object(jwk)
            })
            .collect();
        Ok(Self { alg, kid, jwks, private })
    }

    /// Is this how it is named in the key set, for any algorithm? Some clients look for a key of the right kind alone, and
    /// name it as it is called for another.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.jwks.iter().any(|jwk| jwk.get("kid").is_some_and(|kid| kid == name))
    }

    /// Is it a key of this algorithm?
    pub(super) fn fits(&self, alg: KeyManagementAlg) -> bool {
        self.private.fits(alg)
    }

    /// Decrypts what is encrypted to this key.
    pub(super) fn decrypt(&self, jwe: &Jwe<'_>, entropy: &Entropy) -> Result<Vec<u8>, DecryptError> {
        jwe.decrypt(&self.private, entropy)
    }
}

/// RFC 7517 §4.5: "different keys within the JWK Set SHOULD use distinct \"kid\" values".
fn name_for(kid: &KeyId, alg: KeyManagementAlg) -> String {
    format!("{kid}.{alg}")
}

fn numbers(pair: &RsaKeyPair) -> PublicKey {
    let public = pair.public_key();
    PublicKey::Rsa {
        n: public.modulus().big_endian_without_leading_zero().to_vec(),
        e: public.exponent().big_endian_without_leading_zero().to_vec(),
    }
}

fn published(public: &PublicKey, kid: &KeyId, intended: &str) -> Map<String, Value> {
    let mut jwk = public.members();
    jwk.insert("kid".to_owned(), json!(kid));
    jwk.insert("use".to_owned(), json!(intended));
    jwk
}
