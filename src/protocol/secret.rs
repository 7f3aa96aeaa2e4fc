//! How secrets are compared, and kept.

use aws_lc_rs::digest;

/// SHA-256.
#[must_use]
pub fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}

/// SHA-256 in hexadecimal: how secrets of 256 random bits are kept.
#[must_use]
pub fn sha256_hex(text: &str) -> String {
    hex(&sha256(text))
}

/// Compares two texts in time that depends on their lengths only.
#[must_use]
pub fn same_secret(a: &str, b: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(a.as_bytes(), b.as_bytes()).into()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{same_secret, sha256_hex};

    #[test]
    fn fips_180_4_example_and_comparison() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(same_secret(&sha256_hex("abc"), abc));
        assert!(!same_secret(&sha256_hex("abd"), abc));
        assert!(!same_secret(&abc[..63], abc));
    }
}
