//! Algorithms of signatures and encryption: RFC 7518, RFC 8037.

use super::wire::wire_enum;

wire_enum! {
    /// Signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1).
    SigningAlg {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// ECDSA on P-521 with SHA-512.
        Es512 = "ES512",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        Rs384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        Rs512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PSS with SHA-384.
        Ps384 = "PS384",
        /// RSASSA-PSS with SHA-512.
        Ps512 = "PS512",
        /// Ed25519.
        EdDsa = "EdDSA",
        /// HMAC with SHA-256, under the client's secret.
        Hs256 = "HS256",
        /// HMAC with SHA-384, under the client's secret.
        Hs384 = "HS384",
        /// HMAC with SHA-512, under the client's secret.
        Hs512 = "HS512",
        /// Not signed (RFC 7518 §3.6).
        None = "none",
    }
}
wire_enum! {
    /// How the content encryption key of a JWE is agreed on (RFC 7518 §4.1).
    KeyManagementAlg {
        /// RSAES-OAEP with SHA-1.
        RsaOaep = "RSA-OAEP",
        /// RSAES-OAEP with SHA-256.
        RsaOaep256 = "RSA-OAEP-256",
        /// Elliptic-curve Diffie-Hellman, used directly.
        EcdhEs = "ECDH-ES",
        /// The same, wrapping a key with AES-128.
        EcdhEsA128Kw = "ECDH-ES+A128KW",
        /// The same, wrapping a key with AES-256.
        EcdhEsA256Kw = "ECDH-ES+A256KW",
    }
}
wire_enum! {
    /// How the content of a JWE is encrypted (RFC 7518 §5.1).
    ContentEncryption {
        /// AES-128 in CBC mode with HMAC SHA-256.
        A128CbcHs256 = "A128CBC-HS256",
        /// AES-256 in CBC mode with HMAC SHA-512.
        A256CbcHs512 = "A256CBC-HS512",
        /// AES-128 in Galois/counter mode.
        A128Gcm = "A128GCM",
        /// AES-256 in Galois/counter mode.
        A256Gcm = "A256GCM",
    }
}

/// Both algorithms of a JWE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `alg`.
    pub alg: KeyManagementAlg,
    /// `enc`.
    pub enc: ContentEncryption,
}

impl SigningAlg {
    /// Those that this server has keys of its own for.
    pub const ASYMMETRIC: &'static [Self] = &[
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// Those whose keys are made at the first start; the others' when a client first needs one.
    pub const FROM_THE_START: &'static [Self] = &[Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    /// The algorithm that a header or a key names (RFC 7515 §4.1.1, RFC 7517 §4.4). RFC 9864 §2.2 has another name for
    /// `EdDSA` with the one curve that there is here.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "Ed25519" { Some(Self::EdDsa) } else { name.parse().ok() }
    }

    /// Is the client's secret the key (OpenID Connect Core §10.1)?
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Signed with a private key?
    #[must_use]
    pub fn is_asymmetric(self) -> bool {
        !self.is_symmetric() && self != Self::None
    }
}
