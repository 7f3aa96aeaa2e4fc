//! Password hashes that another system made: bcrypt, PBKDF2, scrypt, SHA-crypt and argon2. They are verified until their
//! owner signs in once, and then replaced by this server's own.
//!
//! What a hash says decides how much work verifying it is, so a stranger's file could stall the server: [`ImportedHash::parse`]
//! takes none that costs more than the bounds below, and only what it took is ever verified.

use std::fmt;
use std::num::NonZeroU32;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha_crypt::{PasswordVerifier as _, ShaCrypt};

/// Two to this power rounds of bcrypt at most; about a second.
const MOST_BCRYPT_COST: u32 = 14;

/// Rounds of SHA-crypt at most.
const SHA_CRYPT_ROUNDS: std::ops::RangeInclusive<u32> = 1_000..=1_000_000;

/// Iterations of PBKDF2, times the blocks of its output, at most.
const MOST_PBKDF2_WORK: u64 = 4_000_000;

/// KiB that scrypt or argon2 may fill at most.
const MOST_MEMORY_KIB: u64 = 128 * 1024;

/// KiB that they may go over in all, with every repetition.
const MOST_MEMORY_WORK_KIB: u64 = 4 * MOST_MEMORY_KIB;

/// Lanes of scrypt or argon2 at most.
const MOST_LANES: u32 = 16;

/// Bytes of a salt, and of an output.
const SALT_BYTES: std::ops::RangeInclusive<usize> = 1..=64;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Characters of a hash at most.
const LONGEST: usize = 512;

/// Unpadded where we write; with or without padding where others did.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A hash in the form in which it is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum ImportedHash {
    /// `$2b$10$…`, as it came.
    Bcrypt {
        /// Two to this power rounds.
        cost: u32,
        /// All of it.
        text: String,
    },
    /// `$5$…` or `$6$…`, as it came.
    ShaCrypt {
        /// `5` or `6`.
        id: char,
        /// How many.
        rounds: u32,
        /// All of it.
        text: String,
    },
    /// `$pbkdf2-sha256$i=600000,l=32$salt$hash`.
    Pbkdf2 {
        /// With which hash function.
        digest: Digest,
        /// How many.
        iterations: NonZeroU32,
        /// As bytes.
        salt: Vec<u8>,
        /// As bytes.
        output: Vec<u8>,
    },
    /// `$scrypt$ln=16,r=8,p=1$salt$hash`.
    Scrypt {
        /// Cost, block size and lanes.
        params: ScryptParams,
        /// As bytes.
        salt: Vec<u8>,
        /// As bytes.
        output: Vec<u8>,
    },
    /// In PHC form, of any sort of argon2.
    Argon2 {
        /// All of it.
        text: String,
    },
}

/// Hash functions of PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// What scrypt costs (RFC 7914 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptParams {
    /// N is two to this power.
    pub log_n: u8,
    /// Block size.
    pub r: u32,
    /// Parallelisation.
    pub p: u32,
}

/// Why a hash is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Nothing that is known here.
    #[error("the password hash is none of bcrypt, PBKDF2, scrypt, argon2 and SHA-crypt ($5$, $6$)")]
    Unknown,
    /// Its form is known and this is not it.
    #[error("the password hash is broken: {0}")]
    Broken(&'static str),
    /// Whoever brought it could stall the server with it.
    #[error("verifying the password hash would cost too much: {0}")]
    TooDear(&'static str),
}

impl Digest {
    const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "pbkdf2-sha1",
            Self::Sha256 => "pbkdf2-sha256",
            Self::Sha512 => "pbkdf2-sha512",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// By the names that systems give it: `pbkdf2`, `pbkdf2-sha256`, `pbkdf2_sha512`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        match text.replace('_', "-").as_str() {
            "pbkdf2" | "pbkdf2-sha1" => Some(Self::Sha1),
            "pbkdf2-sha256" => Some(Self::Sha256),
            "pbkdf2-sha512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

impl ImportedHash {
    /// Reads a hash in the form of crypt, PHC, passlib or Django.
    ///
    /// # Errors
    /// It is none that is taken.
    pub fn parse(text: &str) -> Result<Self, NotTaken> {
        if text.len() > LONGEST {
            return Err(NotTaken::Broken("it is too long"));
        }
        let (django, text) = match text.strip_prefix('$') {
            Some(rest) => (false, rest),
            None if text.starts_with("pbkdf2_") => (true, text),
            None => return Err(NotTaken::Unknown),
        };
        let parts: Vec<&str> = text.split('$').collect();
        match parts.as_slice() {
            ["2a" | "2b" | "2y", cost, rest] => bcrypt(cost, rest, text),
            [id @ ("5" | "6"), rest @ ..] => sha_crypt(id, rest, text),
            [name, params, salt, output] if Digest::named(name).is_some() => {
                let digest = Digest::named(name).ok_or(NotTaken::Unknown)?;
                // Django hashes with the salt's text itself.
                let salt = if django { salt.as_bytes().to_vec() } else { bytes(salt)? };
                let iterations = match *params {
                    plain if plain.bytes().all(|byte| byte.is_ascii_digit()) => number(plain)?,
                    named => parameter(named, "i")?,
                };
                Self::pbkdf2(digest, iterations, salt, bytes(output)?)
            }
            ["scrypt", params, salt, output] => {
                let log_n = u8::try_from(parameter(params, "ln")?)
                    .map_err(|_| NotTaken::TooDear("N is two to the power of more than 255"))?;
                let params = ScryptParams { log_n, r: parameter(params, "r")?, p: parameter(params, "p")? };
                Self::scrypt(params, bytes(salt)?, bytes(output)?)
            }
            [name, ..] if name.starts_with("argon2") => argon2(&format!("${text}")),
            _ => Err(NotTaken::Unknown),
        }
    }

    /// One of its parts.
    ///
    /// # Errors
    /// Too much work, or a salt or an output of no use.
    pub fn pbkdf2(digest: Digest, iterations: u32, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, NotTaken> {
        sized(&salt, &output)?;
        let iterations = NonZeroU32::new(iterations).ok_or(NotTaken::Broken("no iterations"))?;
        let blocks = u64::try_from(output.len().div_ceil(digest.bytes())).unwrap_or(u64::MAX);
        if u64::from(iterations.get()).saturating_mul(blocks) > MOST_PBKDF2_WORK {
            return Err(NotTaken::TooDear("4,000,000 iterations, times the blocks of its output, at most"));
        }
        Ok(Self::Pbkdf2 { digest, iterations, salt, output })
    }

    /// One of its parts.
    ///
    /// # Errors
    /// Too much work, or a salt or an output of no use.
    pub fn scrypt(params: ScryptParams, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, NotTaken> {
        sized(&salt, &output)?;
        if params.log_n == 0 || params.r == 0 || params.p == 0 {
            return Err(NotTaken::Broken("N, r and p are 1 at least"));
        }
        let memory = 1_u64
            .checked_shl(params.log_n.into())
            .filter(|_| params.log_n < 64)
            .and_then(|n| n.checked_mul(u64::from(params.r)))
            .map_or(u64::MAX, |blocks| blocks / 8);
        if params.p > MOST_LANES
            || memory > MOST_MEMORY_KIB
            || memory.saturating_mul(params.p.into()) > MOST_MEMORY_WORK_KIB
        {
            return Err(NotTaken::TooDear("128 MiB, times p 512 MiB, at most"));
        }
        scrypt::Params::new(params.log_n, params.r, params.p)
            .map_err(|_| NotTaken::Broken("N, r and p do not fit together"))?;
        Ok(Self::Scrypt { params, salt, output })
    }

    /// Is it the password that this hash was made of? Compared in constant time. argon2 is the caller's, who has the
    /// memory for it.
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt { text, .. } => bcrypt::verify(password, text).unwrap_or(false),
            Self::ShaCrypt { text, .. } => {
                ShaCrypt::default().verify_password(password.as_bytes(), text.as_str()).is_ok()
            }
            Self::Pbkdf2 { digest, iterations, salt, output } => {
                pbkdf2::verify(digest.algorithm(), *iterations, salt, password.as_bytes(), output).is_ok()
            }
            Self::Scrypt { params, salt, output } => {
                let Ok(params) = scrypt::Params::new(params.log_n, params.r, params.p) else { return false };
                let mut made = vec![0; output.len()];
                scrypt::scrypt(password.as_bytes(), salt, &params, &mut made).is_ok()
                    && bool::from(subtle::ConstantTimeEq::ct_eq(made.as_slice(), output.as_slice()))
            }
            Self::Argon2 { .. } => false,
        }
    }

    /// A hash of nobody's password that costs the same to verify: what every refusal costs while such hashes are here, so
    /// that time does not tell whose they are.
    #[must_use]
    pub fn decoy(&self) -> String {
        match self {
            Self::Bcrypt { cost, .. } => format!("$2b${cost:02}${}", ".".repeat(53)),
            Self::ShaCrypt { id, rounds, .. } => {
                let length = if *id == '5' { 43 } else { 86 };
                format!("${id}$rounds={rounds}${}${}", "0".repeat(16), ".".repeat(length))
            }
            Self::Pbkdf2 { digest, iterations, output, .. } => {
                let (salt, output) = (vec![0; 16], vec![0; output.len()]);
                Self::Pbkdf2 { digest: *digest, iterations: *iterations, salt, output }.to_string()
            }
            Self::Scrypt { params, output, .. } => {
                let (salt, output) = (vec![0; 16], vec![0; output.len()]);
                Self::Scrypt { params: *params, salt, output }.to_string()
            }
            Self::Argon2 { text } => {
                // Its beginning up to the salt says what it costs.
                let mut parts: Vec<&str> = text.split('$').collect();
                let output = parts.pop().map_or(0, str::len);
                parts.pop();
                format!("{}$AAAAAAAAAAAAAAAAAAAAAA${}", parts.join("$"), "A".repeat(output))
            }
        }
    }
}

/// As it is stored.
impl fmt::Display for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt { text, .. } | Self::ShaCrypt { text, .. } | Self::Argon2 { text } => {
                f.write_str(text)
            }
            Self::Pbkdf2 { digest, iterations, salt, output } => write!(
                f,
                "${}$i={iterations},l={}${}${}",
                digest.name(),
                output.len(),
                BASE64.encode(salt),
                BASE64.encode(output)
            ),
            Self::Scrypt { params: ScryptParams { log_n, r, p }, salt, output } => {
                write!(f, "$scrypt$ln={log_n},r={r},p={p}${}${}", BASE64.encode(salt), BASE64.encode(output))
            }
        }
    }
}

/// Never the hash itself.
impl fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decoy())
    }
}

fn bcrypt(cost: &str, rest: &str, text: &str) -> Result<ImportedHash, NotTaken> {
    let cost_is_fine = cost.len() == 2 && (4..=31).contains(&number(cost)?);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    if !cost_is_fine || rest.len() != 53 || !rest.bytes().all(known) {
        return Err(NotTaken::Broken("bcrypt has a cost of 04 to 31 and 53 characters behind it"));
    }
    let cost = number(cost)?;
    if cost > MOST_BCRYPT_COST {
        return Err(NotTaken::TooDear("bcrypt with a cost of 14 at most"));
    }
    let text = format!("${text}");
    // The last character of salt and hash must leave no bits over.
    text.parse::<bcrypt::HashParts>().map_err(|_| NotTaken::Broken("bcrypt's base64 does not read"))?;
    Ok(ImportedHash::Bcrypt { cost, text })
}

fn sha_crypt(id: &str, rest: &[&str], text: &str) -> Result<ImportedHash, NotTaken> {
    let (rounds, salt, output) = match rest {
        [salt, output] => (5_000, *salt, *output),
        [rounds, salt, output] => match rounds.strip_prefix("rounds=") {
            Some(rounds) => (number(rounds)?, *salt, *output),
            None => return Err(NotTaken::Broken("SHA-crypt reads $6$rounds=…$salt$hash")),
        },
        _ => return Err(NotTaken::Broken("SHA-crypt reads $6$salt$hash")),
    };
    let (id, length) = if id == "5" { ('5', 43) } else { ('6', 86) };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    if salt.len() > 16 || salt.is_empty() || !salt.bytes().all(known) {
        return Err(NotTaken::Broken("SHA-crypt's salt has 1 to 16 letters, digits, . and /"));
    }
    if output.len() != length || !output.bytes().all(known) {
        return Err(NotTaken::Broken("SHA-crypt's hash has 43 ($5$) or 86 ($6$) letters, digits, . and /"));
    }
    if rounds > *SHA_CRYPT_ROUNDS.end() {
        return Err(NotTaken::TooDear("SHA-crypt with 1,000,000 rounds at most"));
    }
    if !SHA_CRYPT_ROUNDS.contains(&rounds) {
        return Err(NotTaken::Broken("SHA-crypt has 1,000 rounds at least"));
    }
    Ok(ImportedHash::ShaCrypt { id, rounds, text: format!("${text}") })
}

fn argon2(text: &str) -> Result<ImportedHash, NotTaken> {
    let hash = PasswordHash::new(text).map_err(|_| NotTaken::Broken("argon2 is not in PHC form"))?;
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(NotTaken::Broken("argon2 needs salt and hash"));
    }
    if argon2::Algorithm::try_from(hash.algorithm.as_str()).is_err() {
        return Err(NotTaken::Unknown);
    }
    if hash.version.is_some_and(|version| argon2::Version::try_from(version).is_err()) {
        return Err(NotTaken::Broken("argon2 has the version 16 or 19"));
    }
    let params =
        Params::try_from(&hash).map_err(|_| NotTaken::Broken("argon2's m, t and p do not fit together"))?;
    let memory = u64::from(params.m_cost());
    if memory > MOST_MEMORY_KIB
        || memory.saturating_mul(params.t_cost().into()) > MOST_MEMORY_WORK_KIB
        || params.p_cost() > MOST_LANES
    {
        return Err(NotTaken::TooDear("argon2 with 128 MiB, times its iterations 512 MiB, and p=16 at most"));
    }
    Ok(ImportedHash::Argon2 { text: text.to_owned() })
}

fn sized(salt: &[u8], output: &[u8]) -> Result<(), NotTaken> {
    if !SALT_BYTES.contains(&salt.len()) {
        return Err(NotTaken::Broken("a salt has 1 to 64 bytes"));
    }
    if !OUTPUT_BYTES.contains(&output.len()) {
        return Err(NotTaken::Broken("a hash has 16 to 64 bytes"));
    }
    Ok(())
}

/// Base64 as the formats write it: passlib has `.` for `+`.
fn bytes(text: &str) -> Result<Vec<u8>, NotTaken> {
    BASE64.decode(text.replace('.', "+")).map_err(|_| NotTaken::Broken("its base64 does not read"))
}

fn number(text: &str) -> Result<u32, NotTaken> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ if digits => Err(NotTaken::TooDear("a number is beyond all bounds")),
        _ => Err(NotTaken::Broken("a number does not read")),
    }
}

/// One of `i=600000,l=32`.
fn parameter(params: &str, name: &str) -> Result<u32, NotTaken> {
    let value = params.split(',').find_map(|param| param.strip_prefix(name)?.strip_prefix('='));
    number(value.ok_or(NotTaken::Broken("a parameter is missing"))?)
}

#[cfg(test)]
mod tests {
    use super::{Digest, ImportedHash, NotTaken, ScryptParams};

    const PASSWORD: &str = "correct horse";

    /// Made by glibc's crypt and by Python's hashlib.
    const VECTORS: [&str; 15] = [
        "$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC",
        "$5$rounds=10000$saltstringsaltst$ffO6RHJbzihHqETll0c/MLDJrGhQw9fAaO1LcVIStWB",
        "$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
        "$6$rounds=1400$anotherlongsalts$BIJq9mRCZh1kev4gsEFy0R5hLBKgZM.fwvpxgy31e6bRJqRdXTpSE8TJFJysi3GwDPeX9bz4aZklq669D26ai0",
        "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$pbkdf2-sha1$i=1000,l=20$AQIDc2FsdP7/AA$B53cJHiWM19WkY3gtzm0K6RnYq0",
        "$pbkdf2$1000$AQIDc2FsdP7/AA==$B53cJHiWM19WkY3gtzm0K6RnYq0n30ef+4SS/hhDRaXJ5P1sMRRhn5SIE4D0Y4JHl2NMMuxNmYTMoc8sjpBU7g==",
        "$pbkdf2-sha256$i=27500,l=64$AQIDc2FsdP7/AA$Tj+I267XaeU+PH9DS9+WvHlJ7iOQQVN7aGoE+op2ISAc+pi8zvub2HAIjuNeIBYJztGviL2TVmbw4oUUGXFuSA",
        "$pbkdf2-sha256$i=1000$AQIDc2FsdP7/AA==$AkHjW1jXSdUAPK+/tf8Eu9WG/UYeUlGWAOO4JG0/xcU=",
        "$pbkdf2-sha512$i=1000,l=64$AQIDc2FsdP7/AA$O/fTxruLKUNpS50tAr1uY92w3+GK3Brw9TstE81yRxGn9aj0H9Ic0xwm0WFoPOaP9lU2MyY2XNp0YUussRwL2A",
        "$pbkdf2-sha512$25000$AQIDc2FsdP7/AA$HonHriLgp6jOO.YfENx27TgK.vIZDtw9S5UImPOKtFbc0CCENLm5.M0gWOmjP1upC/EmLP2ndQNl3SvJvOuIgw",
        "pbkdf2_sha256$1200$seasalt$o1GNTavDBbrKK7a64SqUwALfSBiLSjIVl+HdtWkfRPE=",
        "$scrypt$ln=14,r=8,p=1$AQIDc2FsdP7/AA$aG+bcSzCeMo7oNavV6yoPfCvnqJA5VEJ0DE2Lk6BcEE",
    ];

    #[test]
    fn hashes_of_others_are_verified_also_as_they_are_stored() {
        for text in VECTORS {
            let hash = ImportedHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let stored = hash.to_string();
            let again = ImportedHash::parse(&stored).unwrap();
            assert!(again == hash && stored.starts_with('$'), "{text} → {stored}");
            for hash in [&hash, &again] {
                assert!(hash.matches(PASSWORD), "{text}");
                for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
                    assert!(!hash.matches(wrong), "{text} {wrong:?}");
                }
            }
            let decoy = hash.decoy();
            let nobodys = ImportedHash::parse(&decoy).unwrap_or_else(|error| panic!("{decoy}: {error}"));
            assert!(!nobodys.matches(PASSWORD) && !nobodys.matches(""), "{decoy}");
            assert_eq!(nobodys.decoy(), decoy, "it costs the same");
            assert_eq!(format!("{hash:?}"), decoy, "and is all that a log may see");
        }
    }

    #[test]
    fn what_is_broken_unknown_or_too_dear_is_not_taken() {
        let bcrypt = "abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
        let sha512 = ".".repeat(86);
        let output = "A".repeat(43);
        let salt = "c29tZXNhbHQ";
        for (text, kind) in [
            (String::new(), "unknown"),
            ("password".to_owned(), "unknown"),
            ("$".to_owned(), "unknown"),
            ("$1$salt$qJH7.N4xYta3aEG/dfqo/0".to_owned(), "unknown"),
            ("5f4dcc3b5aa765d61d8327deb882cf99".to_owned(), "unknown"),
            ("{SSHA}x".to_owned(), "unknown"),
            (format!("$2x$04${bcrypt}"), "unknown"),
            (format!("$2b$03${bcrypt}"), "broken"),
            (format!("$2b$4${bcrypt}"), "broken"),
            (format!("$2b$04${bcrypt}x"), "broken"),
            (format!("$2b$04${}", bcrypt.replace('/', "é")), "broken"),
            (format!("$2b$15${bcrypt}"), "dear"),
            (format!("$2b$31${bcrypt}"), "dear"),
            (format!("$6$${sha512}"), "broken"),
            (format!("$6$rounds=999$salt${sha512}"), "broken"),
            (format!("$6$rounds=x$salt${sha512}"), "broken"),
            (format!("$6$r=5000$salt${sha512}"), "broken"),
            (format!("$6$12345678901234567${sha512}"), "broken"),
            (format!("$5$salt${sha512}"), "broken"),
            (format!("$6$salt${sha512}$x"), "broken"),
            (format!("$6$rounds=1000001$salt${sha512}"), "dear"),
            (format!("$6$rounds=99999999999$salt${sha512}"), "dear"),
            (format!("$pbkdf2-sha256$i=0${salt}${output}"), "broken"),
            (format!("$pbkdf2-sha256$i=-1${salt}${output}"), "broken"),
            (format!("$pbkdf2-sha256$l=32${salt}${output}"), "broken"),
            (format!("$pbkdf2-sha256$i=1000$${output}"), "broken"),
            (format!("$pbkdf2-sha256$i=1000${salt}$AAAA"), "broken"),
            (format!("$pbkdf2-sha256$i=1000${salt}$*{output}"), "broken"),
            (format!("$pbkdf2-sha256$i=4000001${salt}${output}"), "dear"),
            (format!("$pbkdf2-sha1$i=2000001${salt}${output}"), "dear"),
            (format!("$pbkdf2-md5$i=1000${salt}${output}"), "unknown"),
            (format!("$scrypt$ln=0,r=8,p=1${salt}${output}"), "broken"),
            (format!("$scrypt$r=8,p=1${salt}${output}"), "broken"),
            (format!("$scrypt$ln=18,r=8,p=1${salt}${output}"), "dear"),
            (format!("$scrypt$ln=17,r=8,p=5${salt}${output}"), "dear"),
            (format!("$scrypt$ln=63,r=4294967295,p=4294967295${salt}${output}"), "dear"),
            (format!("$scrypt$ln=200,r=8,p=1${salt}${output}"), "dear"),
            (format!("$scrypt$ln=4,r=1,p=17${salt}${output}"), "dear"),
            ("$argon2id$nonsense".to_owned(), "broken"),
            (format!("$argon2id$v=19$m=8,t=1,p=1${salt}"), "broken"),
            (format!("$argon2id$v=18$m=8,t=1,p=1${salt}${output}"), "broken"),
            (format!("$argon2id$v=19$m=1,t=1,p=1${salt}${output}"), "broken"),
            (format!("$argon2x$v=19$m=8,t=1,p=1${salt}${output}"), "unknown"),
            (format!("$argon2id$v=19$m=131073,t=1,p=1${salt}${output}"), "dear"),
            (format!("$argon2id$v=19$m=131072,t=5,p=1${salt}${output}"), "dear"),
            (format!("$argon2id$v=19$m=1024,t=1,p=17${salt}${output}"), "dear"),
            (format!("$2b$04${}", "a".repeat(600)), "broken"),
        ] {
            let found = match ImportedHash::parse(&text) {
                Ok(_) => "taken",
                Err(NotTaken::Unknown) => "unknown",
                Err(NotTaken::Broken(_)) => "broken",
                Err(NotTaken::TooDear(_)) => "dear",
            };
            assert_eq!(found, kind, "{text}");
        }
        for dearest in [
            format!("$2b$14${bcrypt}"),
            format!("$6$rounds=1000000$salt${sha512}"),
            format!("$pbkdf2-sha256$i=4000000${salt}${output}"),
            format!("$scrypt$ln=17,r=8,p=4${salt}${output}"),
            format!("$argon2id$v=19$m=131072,t=4,p=16${salt}${output}"),
        ] {
            assert!(ImportedHash::parse(&dearest).is_ok(), "{dearest}");
        }
        assert!(ImportedHash::pbkdf2(Digest::Sha512, 1, Vec::new(), vec![0; 64]).is_err());
        let params = ScryptParams { log_n: 4, r: 8, p: 1 };
        assert!(ImportedHash::scrypt(params, vec![0; 65], vec![0; 64]).is_err());
    }
}
