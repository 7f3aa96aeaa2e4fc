//! JOSE: signatures (RFC 7515), encryption (RFC 7516), keys (RFC 7517), this server's and its clients', and what is
//! published about them. On aws-lc alone: docs/decisions/0008-own-jose-layer.md.

mod carried_key;
pub mod client_keys;
mod content;
pub mod jwe;
mod jwk;
pub mod jws;
mod key;
mod keyring;
pub mod rotation;
#[cfg(test)]
mod samples;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use carried_key::{CarriedKeyError, verify_by_carried_key};
pub use client_keys::ClientKeys;
pub use jwe::{DecryptError, EncryptionKey, Jwe, JweError};
pub use jws::{Jws, SignError, VerifyError};
pub use key::{DecryptionKey, KeyAlg, OwnKey, SigningKey};
pub use keyring::{JwksDocument, KeyView, Keyring, KeyringError, Verified};
pub use rotation::KeyState;

/// The longest compact serialization that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;

/// RFC 7515 §2: base64url without padding, and nothing else.
fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// RFC 7515 §2.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JSON object as `T`: serde would take an array of the same values for one.
fn object<T: serde::de::DeserializeOwned>(json: &[u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

/// A member that may be missing, but not null.
fn present<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
