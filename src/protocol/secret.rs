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

/// The shortest secret that an operator may choose for a client: what is kept of it is a fast hash.
const SHORTEST_CLIENT_SECRET: usize = 32;

/// The shortest that serves as a key: HS512 needs 512 bits (RFC 7518 §3.2).
const SHORTEST_CLIENT_KEY: usize = 64;

/// The longest.
const LONGEST_CLIENT_SECRET: usize = 512;

/// Judges a secret that an operator chose for a client; `as_key`: something signs or verifies with it.
///
/// # Errors
/// It is too short, too long, or has other characters than RFC 6749 appendix A.2 allows.
pub fn acceptable_client_secret(secret: &str, as_key: bool) -> Result<(), String> {
    let shortest = if as_key { SHORTEST_CLIENT_KEY } else { SHORTEST_CLIENT_SECRET };
    let printable = secret.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) && secret.trim() == secret;
    if printable && (shortest..=LONGEST_CLIENT_SECRET).contains(&secret.len()) {
        Ok(())
    } else {
        Err(format!(
            "a secret has {shortest} to {LONGEST_CLIENT_SECRET} printable ASCII characters here, without \
             space around it"
        ))
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{acceptable_client_secret, same_secret, sha256_hex};

    #[test]
    fn rfc_6749_a_2_and_rfc_7518_3_2_secrets_that_an_operator_may_choose() {
        for (secret, plain, key) in [
            ("", false, false),
            (&"s".repeat(31), false, false),
            (&"s".repeat(32), true, false),
            (&"s".repeat(63), true, false),
            (&"s".repeat(64), true, true),
            (&"s".repeat(512), true, true),
            (&"s".repeat(513), false, false),
            (&format!("{} ", "s".repeat(64)), false, false),
            (&format!("{} {}", "s".repeat(32), "s".repeat(32)), true, true),
            (&format!("{}\n{}", "s".repeat(32), "s".repeat(32)), false, false),
            (&"é".repeat(40), false, false),
        ] {
            let judged = [false, true].map(|as_key| acceptable_client_secret(secret, as_key).is_ok());
            assert_eq!(judged, [plain, key], "{secret:?}");
        }
    }

    #[test]
    fn fips_180_4_example_and_comparison() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(same_secret(&sha256_hex("abc"), abc));
        assert!(!same_secret(&sha256_hex("abd"), abc));
        assert!(!same_secret(&abc[..63], abc));
    }
}
