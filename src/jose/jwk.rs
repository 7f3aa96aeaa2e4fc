//! Public keys as JWKs (RFC 7517; RFC 7518 §6, RFC 8037 §2): read, written, and named by their thumbprint (RFC 7638).

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, ED25519,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};
use serde_json::{Map, Value, json};

use super::jws::{Jws, VerifyError};
use super::{base64url, decoded};
use crate::protocol::client::SigningAlg;

/// The lengths of RSA moduli that are good enough (RFC 7518 §3.3) and not too slow, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A curve of NIST SP 800-186 (RFC 7518 §6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The bytes of a coordinate (RFC 7518 §6.2.1.2).
    pub(super) fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    pub(super) fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    /// The algorithm of its signatures: each has exactly one (RFC 7518 §3.4).
    fn signing_alg(self) -> SigningAlg {
        match self {
            Self::P256 => SigningAlg::Es256,
            Self::P384 => SigningAlg::Es384,
            Self::P521 => SigningAlg::Es512,
        }
    }
}

/// A public key, as its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// The point as SEC 1 §2.3.3 writes it: 4, then both coordinates.
    Ec(Curve, Vec<u8>),
    Ed25519(Vec<u8>),
    X25519(Vec<u8>),
    /// Modulus and exponent without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads the members that make up the key, and none of those about it. Whether a point lies on its curve, aws-lc
    /// says when the key is prepared for its use.
    pub(super) fn from_members(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(decoded);
        match text("kty")? {
            "EC" => {
                let curve = Curve::ALL.into_iter().find(|curve| Some(curve.name()) == text("crv"))?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                let whole = x.len() == curve.coordinate_len() && y.len() == curve.coordinate_len();
                whole.then(|| Self::Ec(curve, [&[4], x.as_slice(), y.as_slice()].concat()))
            }
            "OKP" => {
                let x = bytes("x").filter(|x| x.len() == 32)?;
                match text("crv")? {
                    "Ed25519" => Some(Self::Ed25519(x)),
                    "X25519" => Some(Self::X25519(x)),
                    _ => None,
                }
            }
            "RSA" => {
                // RFC 7518 §6.3.1.1 forbids leading zeros, and says that libraries write them.
                let number = |name: &str| {
                    let bytes = bytes(name)?;
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    bytes.get(zeros..).map(<[u8]>::to_vec)
                };
                let (n, e) = (number("n")?, number("e")?);
                let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
                RSA_BITS.contains(&bits).then_some(Self::Rsa { n, e })
            }
            _ => None,
        }
    }

    /// The members that make up the key.
    pub(super) fn members(&self) -> Map<String, Value> {
        let jwk = match self {
            Self::Ec(curve, point) => {
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                json!({ "crv": curve.name(), "kty": "EC", "x": base64url(x), "y": base64url(y) })
            }
            Self::Ed25519(x) => json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url(x) }),
            Self::X25519(x) => json!({ "crv": "X25519", "kty": "OKP", "x": base64url(x) }),
            Self::Rsa { n, e } => json!({ "e": base64url(e), "kty": "RSA", "n": base64url(n) }),
        };
        match jwk {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// RFC 7638 §3: SHA-256 of the members in the order of their names.
    pub(super) fn thumbprint(&self) -> String {
        let members = self.members();
        let sorted: std::collections::BTreeMap<_, _> = members.iter().collect();
        base64url(digest::digest(&digest::SHA256, json!(sorted).to_string().as_bytes()))
    }

    /// The algorithms whose signatures it can verify.
    pub(super) fn signing_algs(&self) -> &'static [SigningAlg] {
        match self {
            Self::Ec(Curve::P256, _) => &[SigningAlg::Es256],
            Self::Ec(Curve::P384, _) => &[SigningAlg::Es384],
            Self::Ec(Curve::P521, _) => &[SigningAlg::Es512],
            Self::Ed25519(_) => &[SigningAlg::EdDsa],
            Self::X25519(_) => &[],
            Self::Rsa { .. } => &[
                SigningAlg::Rs256,
                SigningAlg::Rs384,
                SigningAlg::Rs512,
                SigningAlg::Ps256,
                SigningAlg::Ps384,
                SigningAlg::Ps512,
            ],
        }
    }
}

/// A public key, parsed, for one algorithm.
pub(super) struct VerifyingKey {
    pub(super) alg: SigningAlg,
    parsed: ParsedPublicKey,
}

impl VerifyingKey {
    /// None if the key is not of this algorithm, or no key at all: a point that is not on its curve.
    pub(super) fn new(alg: SigningAlg, public: &PublicKey) -> Option<Self> {
        let parsed = match public {
            PublicKey::Ec(curve, point) if curve.signing_alg() == alg => {
                ParsedPublicKey::new(curve.verification(), point)
            }
            PublicKey::Ed25519(x) if alg == SigningAlg::EdDsa => ParsedPublicKey::new(&ED25519, x),
            PublicKey::Rsa { n, e } => RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa(alg)?),
            _ => return None,
        };
        Some(Self { alg, parsed: parsed.ok()? })
    }

    /// RFC 8725 §3.1: the key decides the algorithm, never the token.
    pub(super) fn verify(&self, jws: &Jws<'_>) -> Result<(), VerifyError> {
        if jws.alg() != self.alg {
            return Err(VerifyError::BadSignature);
        }
        self.parsed
            .verify_sig(jws.signing_input().as_bytes(), jws.signature())
            .map_err(|_| VerifyError::BadSignature)
    }
}

fn rsa(alg: SigningAlg) -> Option<&'static RsaParameters> {
    match alg {
        SigningAlg::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        SigningAlg::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        SigningAlg::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        SigningAlg::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        SigningAlg::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        SigningAlg::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
