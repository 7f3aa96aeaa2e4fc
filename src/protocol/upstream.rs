//! The answer of an upstream provider's authorization endpoint, as far as it can be judged by itself.

use super::params::Params;
use super::timestamp::Timestamp;

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
    /// Its user was to sign in once more there, and nothing shows that they did.
    #[error("the provider does not say that its user signed in once more")]
    NotAnew,
}

/// A sign-in of no known time is taken for one of so many seconds ago: nothing that asks for a fresh one rests on it.
const UNKNOWN_AGE: i64 = 900;

/// By so many seconds a provider's clock may be behind ours where it says when somebody signed in.
const CLOCK_SKEW: i64 = 30;

/// What is known of a sign-in at a provider.
#[derive(Clone, Copy, Debug)]
pub struct SignedInThere {
    /// `auth_time`, where the provider says it.
    pub told: Option<Timestamp>,
    /// When the provider was asked to have its user sign in once more; none where it was not.
    pub anew_since: Option<Timestamp>,
    /// Its user has nothing else to prove who they are by, and wants to get to a page of their account. Whoever has an account at a
    /// provider alone that never says when could change nothing about their account otherwise, nor add a better way.
    pub nothing_better: bool,
}

/// When a provider's user signed in there. OpenID Connect Core §3.1.2.1 `max_age`: "When `max_age` is used, the ID Token returned MUST
/// include an `auth_time` Claim Value"; §3.1.3.7: "the Client SHOULD check the `auth_time` Claim value and request
/// re-authentication if it determines too much time has elapsed since the last End-User authentication".
///
/// # Errors
/// A sign-in was to be asked for, and nothing shows that it was: the word of a session there that has long been open is not taken for
/// its user's.
pub fn signed_in_there_at(known: SignedInThere, now: Timestamp) -> Result<Timestamp, UpstreamError> {
    let SignedInThere { told, anew_since, nothing_better } = known;
    match (told, anew_since) {
        (Some(told), Some(asked)) if told.0 < asked.0.saturating_sub(CLOCK_SKEW) => {
            Err(UpstreamError::NotAnew)
        }
        (Some(told), _) => Ok(told.min(now)),
        (None, _) if nothing_better => Ok(now),
        (None, Some(_)) => Err(UpstreamError::NotAnew),
        (None, None) => Ok(Timestamp(now.0.saturating_sub(UNKNOWN_AGE))),
    }
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
        // RFC 6749 §4.1.2.1: `%x20-21 / %x23-5B / %x5D-7E`.
        Some(error) => {
            let meant = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
            Err(UpstreamError::Refused(error.chars().filter(meant).take(100).collect()))
        }
        None => response.get("code").ok_or_else(|| UpstreamError::Refused("no code".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{SignedInThere, UpstreamError, code_of, signed_in_there_at};
    use crate::protocol::params::Params;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn core_3_1_2_1_a_sign_in_that_was_to_be_made_anew_is_one_only_if_the_provider_says_so() {
        let now = Timestamp(100_000);
        let at = |told: Option<i64>, anew_since: Option<i64>, nothing_better| {
            let (told, anew_since) = (told.map(Timestamp), anew_since.map(Timestamp));
            signed_in_there_at(SignedInThere { told, anew_since, nothing_better }, now).map(|at| at.0)
        };
        for (told, anew_since, nothing_better, expected) in [
            // Not asked: as it says, or long enough ago.
            (Some(99_000), None, false, Ok(99_000)),
            (Some(100_020), None, false, Ok(100_000)),
            (Some(1), None, true, Ok(1)),
            (None, None, false, Ok(99_100)),
            (None, None, true, Ok(100_000)),
            // Asked at 99 900.
            (Some(99_950), Some(99_900), false, Ok(99_950)),
            (Some(99_870), Some(99_900), false, Ok(99_870)),
            (Some(99_869), Some(99_900), false, Err(UpstreamError::NotAnew)),
            (Some(0), Some(99_900), false, Err(UpstreamError::NotAnew)),
            (Some(-5), Some(99_900), false, Err(UpstreamError::NotAnew)),
            (None, Some(99_900), false, Err(UpstreamError::NotAnew)),
            // What it says counts, also where there is nothing better.
            (Some(99_000), Some(99_900), true, Err(UpstreamError::NotAnew)),
            (None, Some(99_900), true, Ok(100_000)),
        ] {
            assert_eq!(
                at(told, anew_since, nothing_better),
                expected,
                "{told:?} {anew_since:?} {nothing_better}"
            );
        }
    }

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
        // What a terminal would obey, or a log take for a line of its own.
        assert_eq!(read("error=a%1b[2J%0ab%22%e2%80%ae"), Err(UpstreamError::Refused("a[2Jb".to_owned())));
        for query in ["", "code=", "state=x"] {
            assert_eq!(read(query), Err(UpstreamError::Refused("no code".to_owned())), "{query}");
        }
        assert!(
            matches!(read(&format!("error={}", "x".repeat(900))), Err(UpstreamError::Refused(e)) if e.len() == 100)
        );
    }
}
