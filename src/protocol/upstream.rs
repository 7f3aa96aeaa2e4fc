//! The answer of an upstream provider's authorization endpoint, as far as it can be judged by itself.

use super::params::Params;

/// Why a provider's answer signs nobody in. Shown in public as a kind; the cause goes to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// RFC 6749 §4.1.2.1 `access_denied`: its user said no.
    #[error("denied")]
    Denied,
    /// Another error code, or a request that the provider did not grant.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// RFC 9207 §2.4: the answer is not the provider's that was asked.
    #[error("the answer's iss is another provider's")]
    MixUp,
    /// It cannot be reached, or not in time.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// It says something that does not check out.
    #[error("the provider's answer is not believed: {0}")]
    NotBelieved(String),
    /// The way back was taken before.
    #[error("this answer was used already")]
    Replayed,
    /// The way back was left too late.
    #[error("the answer came too late")]
    TooLate,
}

/// Reads an authorization response (RFC 6749 §4.1.2) and answers its code. `issuer` is the provider's, where it has one.
/// RFC 9207 §2.4: "clients MUST extract the value of the iss parameter … and compare it to the issuer identifier of the
/// authorization server where the authorization request was sent to", and "if the authorization server … indicates that
/// it supports the parameter … MUST reject authorization responses without it"; errors are no exception.
///
/// # Errors
/// It is a refusal, or not this provider's.
pub fn code_of<'a>(
    response: &'a Params,
    issuer: Option<&str>,
    always_names_itself: bool,
) -> Result<&'a str, UpstreamError> {
    let named = response.get("iss");
    let is_theirs = match (named, issuer) {
        (Some(named), Some(issuer)) => named == issuer,
        (None, _) => !always_names_itself,
        // Nothing to compare with. The way back is this provider's own all the same (RFC 9700 §4.4.2.2).
        (Some(_), None) => true,
    };
    if !is_theirs {
        return Err(UpstreamError::MixUp);
    }
    match response.get("error") {
        Some("access_denied" | "user_cancelled_login" | "user_cancelled_authorize") => {
            Err(UpstreamError::Denied)
        }
        Some(error) => Err(UpstreamError::Refused(error.chars().take(100).collect())),
        None => response.get("code").ok_or_else(|| UpstreamError::Refused("no code".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{UpstreamError, code_of};
    use crate::protocol::params::Params;

    #[test]
    fn rfc9207_2_4_an_answer_of_another_issuer_is_refused_whatever_it_says() {
        let read = |query: &str, issuer, always| {
            let params = Params::parse(query.as_bytes()).unwrap();
            code_of(&params, issuer, always).map(str::to_owned)
        };
        let ours = Some("https://op.example");
        assert_eq!(read("code=c&iss=https://op.example", ours, true).as_deref(), Ok("c"));
        assert_eq!(read("code=c", ours, false).as_deref(), Ok("c"));
        assert_eq!(read("code=c&iss=https://any.example", None, false).as_deref(), Ok("c"));
        for (query, always) in [
            ("code=c", true),
            ("error=access_denied", true),
            ("code=c&iss=https://op.example/", false),
            ("code=c&iss=https://evil.example", false),
            ("error=access_denied&iss=https://evil.example", true),
        ] {
            assert_eq!(read(query, ours, always), Err(UpstreamError::MixUp), "{query}");
        }
    }

    #[test]
    fn rfc6749_4_1_2_1_errors_and_answers_without_a_code_sign_nobody_in() {
        let read =
            |query: &str| code_of(&Params::parse(query.as_bytes()).unwrap(), None, false).map(str::to_owned);
        assert_eq!(read("error=access_denied&code=c"), Err(UpstreamError::Denied));
        assert_eq!(read("error=server_error"), Err(UpstreamError::Refused("server_error".to_owned())));
        for query in ["", "code=", "state=x"] {
            assert_eq!(read(query), Err(UpstreamError::Refused("no code".to_owned())), "{query}");
        }
        assert!(
            matches!(read(&format!("error={}", "x".repeat(900))), Err(UpstreamError::Refused(e)) if e.len() == 100)
        );
    }
}
