//! This server's keys: made, read back, and shown in public as JWKs.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::jwk::{Curve, PublicKey, VerifyingKey};
use super::jws::{self, Jws, SignError, VerifyError};
use crate::protocol::client::SigningAlg;
use crate::protocol::ids::KeyId;

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
pub struct UnusableKey(pub SigningAlg);

/// What a key is, by its algorithm.
enum Kind {
    Ecdsa(Curve),
    Ed25519,
    Rsa(&'static RsaSignatureEncoding),
}

impl Kind {
    /// None for algorithms without a private key.
    fn of(alg: SigningAlg) -> Option<Self> {
        match alg {
            SigningAlg::Es256 => Some(Self::Ecdsa(Curve::P256)),
            SigningAlg::Es384 => Some(Self::Ecdsa(Curve::P384)),
            SigningAlg::Es512 => Some(Self::Ecdsa(Curve::P521)),
            SigningAlg::EdDsa => Some(Self::Ed25519),
            SigningAlg::Rs256 => Some(Self::Rsa(&RSA_PKCS1_SHA256)),
            SigningAlg::Rs384 => Some(Self::Rsa(&RSA_PKCS1_SHA384)),
            SigningAlg::Rs512 => Some(Self::Rsa(&RSA_PKCS1_SHA512)),
            SigningAlg::Ps256 => Some(Self::Rsa(&RSA_PSS_SHA256)),
            SigningAlg::Ps384 => Some(Self::Rsa(&RSA_PSS_SHA384)),
            SigningAlg::Ps512 => Some(Self::Rsa(&RSA_PSS_SHA512)),
            SigningAlg::Hs256 | SigningAlg::Hs384 | SigningAlg::Hs512 | SigningAlg::None => None,
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
            EcdsaKeyPair::generate_pkcs8(curve.signing(), &random).map(|document| document.as_ref().to_vec())
        }
        Kind::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random).map(|document| document.as_ref().to_vec()),
        Kind::Rsa(_) => aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048)
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
        let unusable = || UnusableKey(alg);
        let (private, public) = match Kind::of(alg).ok_or_else(unusable)? {
            Kind::Ecdsa(curve) => {
                let pair = EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map_err(|_| unusable())?;
                let public = PublicKey::Ec(curve, pair.public_key().as_ref().to_vec());
                (PrivateKey::Ecdsa(pair), public)
            }
            Kind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let public = PublicKey::Ed25519(pair.public_key().as_ref().to_vec());
                (PrivateKey::Ed25519(pair), public)
            }
            Kind::Rsa(encoding) => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| unusable())?;
                let numbers = pair.public_key();
                let public = PublicKey::Rsa {
                    n: numbers.modulus().big_endian_without_leading_zero().to_vec(),
                    e: numbers.exponent().big_endian_without_leading_zero().to_vec(),
                };
                (PrivateKey::Rsa(pair, encoding), public)
            }
        };
        let kid = KeyId::from(public.thumbprint());
        let mut jwk = public.members();
        jwk.insert("kid".to_owned(), json!(kid));
        jwk.insert("alg".to_owned(), json!(alg));
        jwk.insert("use".to_owned(), json!("sig"));
        let public = VerifyingKey::new(alg, &public).ok_or_else(unusable)?;
        Ok(Self { alg, kid, jwk: Value::Object(jwk), private, public })
    }

    /// Signs claims as a compact JWS of the given type.
    pub(super) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let mut text = jws::signing_input(self.alg, Some(self.kid.as_str()), typ, claims)?;
        let signature = self.private.sign(text.as_bytes()).ok_or(SignError::Failed(self.alg))?;
        jws::append(&mut text, &signature);
        Ok(text)
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
