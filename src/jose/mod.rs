//! Signing keys, signatures, and what is published about them.

mod key;
mod keyring;
mod provider;
pub mod rotation;

pub use key::SigningKey;
pub use keyring::{JwksDocument, KeyView, Keyring, KeyringError, SignError, Verified, VerifyError};
