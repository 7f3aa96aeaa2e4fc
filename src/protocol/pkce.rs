//! Proof Key for Code Exchange: RFC 7636, with `S256` only (RFC 9700 §2.1.1).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::error::Rule;
use super::secret::same_secret;

/// The only method: `plain` would show the verifier to whoever reads the request.
pub const S256: &str = "S256";

/// A well-formed `S256` code challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

/// What is wrong with a challenge or verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// RFC 7636 §4.4.1: the method is missing (then `plain`) or another one.
    #[error("code_challenge_method must be S256 (without it, plain is meant)")]
    Method,
    /// RFC 7636 §4.2: 32 bytes in base64url without padding are 43 characters.
    #[error("code_challenge must be the 43 characters of BASE64URL(SHA256(code_verifier))")]
    Challenge,
    /// RFC 7636 §4.4.1.
    #[error("code_challenge is required: this client must use PKCE, with code_challenge_method=S256")]
    ChallengeMissing,
    /// A method without a challenge.
    #[error("code_challenge_method was sent without a code_challenge")]
    MethodAlone,
    /// RFC 7636 §4.6: the challenge was sent, the verifier was not.
    #[error("code_verifier is required: the authorization request had a code_challenge")]
    VerifierMissing,
    /// RFC 7636 §4.1: 43 to 128 unreserved characters.
    #[error("code_verifier must be 43 to 128 characters out of A-Z a-z 0-9 - . _ ~")]
    VerifierMalformed,
    /// RFC 7636 §4.6.
    #[error("code_verifier does not match the code_challenge")]
    Mismatch,
    /// RFC 9700 §4.8.2: a verifier for a request that had no challenge is a downgrade.
    #[error("code_verifier was sent, but the authorization request had no code_challenge")]
    VerifierUnexpected,
}

impl Rule for PkceError {
    fn section(&self) -> &'static str {
        match self {
            Self::Method | Self::ChallengeMissing | Self::MethodAlone => "RFC 7636 §4.4.1",
            Self::Challenge => "RFC 7636 §4.2",
            Self::VerifierMalformed => "RFC 7636 §4.1",
            Self::VerifierMissing | Self::Mismatch => "RFC 7636 §4.6",
            Self::VerifierUnexpected => "RFC 9700 §4.8.2",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Method | Self::Challenge | Self::ChallengeMissing | Self::MethodAlone => {
                "Switch PKCE with S256 on in the application's library."
            }
            Self::VerifierMissing | Self::VerifierMalformed | Self::Mismatch | Self::VerifierUnexpected => {
                "The application must send the verifier whose challenge it sent with this very authorization request: look \
                 for one that is kept for the browser rather than for each sign-in, or that a restart lost."
            }
        }
    }
}

impl CodeChallenge {
    /// RFC 7636 §4.3: reads `code_challenge` and `code_challenge_method` of an authorization request.
    ///
    /// # Errors
    /// A malformed challenge, another method than `S256`, or none where one is `required`.
    pub fn from_request(
        challenge: Option<&str>,
        method: Option<&str>,
        required: bool,
    ) -> Result<Option<Self>, PkceError> {
        match (challenge, method) {
            (None, None) if required => Err(PkceError::ChallengeMissing),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PkceError::MethodAlone),
            (Some(_), method) if method != Some(S256) => Err(PkceError::Method),
            (Some(challenge), _) => {
                let base64url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                if challenge.len() == 43 && challenge.bytes().all(base64url) {
                    Ok(Some(Self(challenge.to_owned())))
                } else {
                    Err(PkceError::Challenge)
                }
            }
        }
    }
}

/// RFC 7636 §4.6: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge`.
///
/// # Errors
/// The verifier is missing, malformed, wrong, or there without a challenge.
pub fn verify(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> Result<(), PkceError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(PkceError::VerifierUnexpected),
        (Some(_), None) => Err(PkceError::VerifierMissing),
        (Some(challenge), Some(verifier)) => {
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
            if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
                return Err(PkceError::VerifierMalformed);
            }
            let computed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            if same_secret(&computed, &challenge.0) { Ok(()) } else { Err(PkceError::Mismatch) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeChallenge, PkceError, verify};

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge() -> CodeChallenge {
        CodeChallenge::from_request(Some(CHALLENGE), Some("S256"), true).unwrap().unwrap()
    }

    #[test]
    fn rfc7636_appendix_b_example_verifies() {
        assert_eq!(verify(Some(&challenge()), Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn rfc7636_4_3_only_a_well_formed_s256_challenge_is_accepted() {
        let (short, long) = ("a".repeat(42), "a".repeat(129));
        for (challenge, method, error) in [
            (None, None, PkceError::ChallengeMissing),
            (None, Some("S256"), PkceError::MethodAlone),
            (Some(CHALLENGE), None, PkceError::Method),
            (Some(CHALLENGE), Some("plain"), PkceError::Method),
            (Some(CHALLENGE), Some("s256"), PkceError::Method),
            (Some(CHALLENGE), Some("S512"), PkceError::Method),
            (Some(short.as_str()), Some("S256"), PkceError::Challenge),
            (Some(long.as_str()), Some("S256"), PkceError::Challenge),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), Some("S256"), PkceError::Challenge),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="), Some("S256"), PkceError::Challenge),
        ] {
            assert_eq!(
                CodeChallenge::from_request(challenge, method, true),
                Err(error),
                "{challenge:?} {method:?}"
            );
        }
        assert_eq!(CodeChallenge::from_request(None, None, false), Ok(None));
    }

    #[test]
    fn rfc7636_4_6_wrong_missing_or_unexpected_verifier_is_refused() {
        let long = "a".repeat(129);
        let other = "a".repeat(43);
        for (verifier, error) in [
            (None, PkceError::VerifierMissing),
            (Some("short"), PkceError::VerifierMalformed),
            (Some(long.as_str()), PkceError::VerifierMalformed),
            (Some("dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk"), PkceError::VerifierMalformed),
            (Some(other.as_str()), PkceError::Mismatch),
            (Some(CHALLENGE), PkceError::Mismatch),
        ] {
            assert_eq!(verify(Some(&challenge()), verifier), Err(error), "{verifier:?}");
        }
        // RFC 9700 §4.8.2.
        assert_eq!(verify(None, Some(VERIFIER)), Err(PkceError::VerifierUnexpected));
        assert_eq!(verify(None, None), Ok(()));
    }
}
