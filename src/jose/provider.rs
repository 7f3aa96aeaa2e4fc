//! Signing with keys that were parsed once.
//!
//! jsonwebtoken parses the private key anew at every signature, which costs two thirds of an RSA signature's time. It
//! does let a provider make the signers, so ours looks the parsed key up by a handle: the "bytes" of our encoding
//! keys are that handle. Everything else, verification included, is jsonwebtoken's own aws-lc provider.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, Weak};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, aws_lc};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};

/// A private key, ready to sign.
pub(super) enum ParsedKey {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The keys in use, by handle. Weak: a key that the keyring lets go is forgotten here too.
static PARSED: LazyLock<RwLock<HashMap<u64, Weak<ParsedKey>>>> = LazyLock::new(RwLock::default);
static NEXT_HANDLE: AtomicU64 = AtomicU64::new(0);

static PROVIDER: LazyLock<CryptoProvider> =
    LazyLock::new(|| CryptoProvider { signer_factory, ..aws_lc::DEFAULT_PROVIDER.clone() });

/// Makes this provider the process's; must come before the first token is signed or verified.
pub(super) fn install() {
    // A second installation finds this same provider in place.
    let _ = LazyLock::force(&PROVIDER).install_default();
}

/// Lets jsonwebtoken sign with a parsed key, for as long as `key` is kept.
pub(super) fn handle_for(key: &Arc<ParsedKey>) -> EncodingKey {
    let handle = NEXT_HANDLE.fetch_add(1, Ordering::Relaxed);
    let mut parsed = PARSED.write().unwrap_or_else(PoisonError::into_inner);
    parsed.retain(|_, key| key.strong_count() > 0);
    parsed.insert(handle, Arc::downgrade(key));
    let bytes = handle.to_be_bytes();
    match **key {
        ParsedKey::Ecdsa(_) => EncodingKey::from_ec_der(&bytes),
        ParsedKey::Ed25519(_) => EncodingKey::from_ed_der(&bytes),
        ParsedKey::Rsa(_) => EncodingKey::from_rsa_der(&bytes),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that jsonwebtoken asks for")]
fn signer_factory(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if key.family() == AlgorithmFamily::Hmac {
        return (aws_lc::DEFAULT_PROVIDER.signer_factory)(algorithm, key);
    }
    let unknown = || Error::from(ErrorKind::InvalidKeyFormat);
    let handle = u64::from_be_bytes(key.as_bytes().try_into().map_err(|_| unknown())?);
    let parsed = PARSED.read().unwrap_or_else(PoisonError::into_inner).get(&handle).and_then(Weak::upgrade);
    Ok(Box::new(ParsedSigner { algorithm: *algorithm, key: parsed.ok_or_else(unknown)? }))
}

struct ParsedSigner {
    algorithm: Algorithm,
    key: Arc<ParsedKey>,
}

impl Signer<Vec<u8>> for ParsedSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let random = SystemRandom::new();
        match (&*self.key, self.algorithm) {
            (ParsedKey::Ecdsa(key), Algorithm::ES256) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(signature::Error::from_source),
            (ParsedKey::Ed25519(key), Algorithm::EdDSA) => Ok(key.sign(message).as_ref().to_vec()),
            (ParsedKey::Rsa(key), Algorithm::RS256 | Algorithm::PS256) => {
                let padding: &'static dyn RsaEncoding =
                    if self.algorithm == Algorithm::RS256 { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature).map_err(signature::Error::from_source)?;
                Ok(signature)
            }
            // RFC 8725 §3.1: a key is used with its own algorithm only.
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtSigner for ParsedSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
