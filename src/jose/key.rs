//! One signing key: made, read back, and shown in public as a JWK.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::json;
use zeroize::Zeroizing;

use super::provider::{self, ParsedKey};
use crate::protocol::client::SigningAlg;
use crate::protocol::ids::KeyId;

/// A parsed signing key with its public half.
pub struct SigningKey {
    /// Its algorithm: a key has exactly one (RFC 8725 §3.1).
    pub alg: SigningAlg,
    /// Its RFC 7638 thumbprint.
    pub kid: KeyId,
    /// The public half as published (RFC 7517).
    pub jwk: serde_json::Value,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    /// Keeps the parsed key alive, to which `encoding` is only a handle.
    _parsed: Arc<ParsedKey>,
}

/// The bytes are no private key for this algorithm, or no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("not a usable {0} key")]
pub struct UnusableKey(pub SigningAlg);

/// What a key is, by its algorithm.
enum Kind {
    Ecdsa(Curve),
    Ed25519,
    Rsa,
}

/// An elliptic curve, under its name (RFC 7518 §6.2.1.1), with the hash that belongs to it.
struct Curve {
    name: &'static str,
    algorithm: &'static EcdsaSigningAlgorithm,
}

impl Kind {
    /// None for algorithms without a private key.
    fn of(alg: SigningAlg) -> Option<Self> {
        use SigningAlg::{
            EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512, None as Unsigned, Ps256, Ps384, Ps512, Rs256,
            Rs384, Rs512,
        };
        match alg {
            Es256 => Some(Self::Ecdsa(Curve { name: "P-256", algorithm: &ECDSA_P256_SHA256_FIXED_SIGNING })),
            Es384 => Some(Self::Ecdsa(Curve { name: "P-384", algorithm: &ECDSA_P384_SHA384_FIXED_SIGNING })),
            Es512 => Some(Self::Ecdsa(Curve { name: "P-521", algorithm: &ECDSA_P521_SHA512_FIXED_SIGNING })),
            EdDsa => Some(Self::Ed25519),
            Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512 => Some(Self::Rsa),
            Hs256 | Hs384 | Hs512 | Unsigned => None,
        }
    }
}

/// Makes a new private key, as PKCS#8 (RFC 5208). aws-lc draws its own randomness: keys are the one thing that no
/// test may make predictable.
///
/// # Errors
/// aws-lc could not make one.
pub fn generate(alg: SigningAlg) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
    let random = SystemRandom::new();
    let pkcs8 = match Kind::of(alg).ok_or(UnusableKey(alg))? {
        Kind::Ecdsa(curve) => {
            EcdsaKeyPair::generate_pkcs8(curve.algorithm, &random).map(|document| document.as_ref().to_vec())
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
        provider::install();
        let unusable = || UnusableKey(alg);
        let (parsed, mut jwk) = match Kind::of(alg).ok_or_else(unusable)? {
            Kind::Ecdsa(curve) => {
                let pair = EcdsaKeyPair::from_pkcs8(curve.algorithm, pkcs8).map_err(|_| unusable())?;
                // SEC 1 §2.3.3: 4, then the two coordinates.
                let point = pair.public_key().as_ref().strip_prefix(&[4]).ok_or_else(unusable)?;
                let (x, y) = point.split_at_checked(point.len() / 2).ok_or_else(unusable)?;
                let jwk = json!({ "kty": "EC", "crv": curve.name, "x": base64url(x), "y": base64url(y) });
                (ParsedKey::Ecdsa(pair), jwk)
            }
            Kind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let jwk =
                    json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref()) });
                (ParsedKey::Ed25519(pair), jwk)
            }
            Kind::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let public = pair.public_key();
                let n = base64url(public.modulus().big_endian_without_leading_zero());
                let e = base64url(public.exponent().big_endian_without_leading_zero());
                let jwk = json!({ "kty": "RSA", "n": n, "e": e });
                (ParsedKey::Rsa(pair), jwk)
            }
        };
        let public: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| unusable())?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| unusable())?;
        let decoding = DecodingKey::from_jwk(&public).map_err(|_| unusable())?;
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(kid));
            members.insert("alg".to_owned(), json!(alg));
            members.insert("use".to_owned(), json!("sig"));
        }
        let parsed = Arc::new(parsed);
        let encoding = provider::handle_for(&parsed);
        Ok(Self { alg, kid: kid.into(), jwk, encoding, decoding, _parsed: parsed })
    }
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// jsonwebtoken's name of the algorithm, where it has one.
pub(super) fn algorithm(alg: SigningAlg) -> Option<Algorithm> {
    alg.as_str().parse().ok()
}
