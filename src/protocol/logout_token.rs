//! Logout tokens, by which clients are told that a session is over (OpenID Connect Back-Channel Logout 1.0), and how
//! often one is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::{ClientMetadata, SigningAlg};
use super::ids::{ClientId, SessionId, TokenId};
use super::timestamp::Timestamp;

/// §2.4: the type in the header, so that it is taken for no other kind of token.
pub const TYP: &str = "logout+jwt";

/// The member of `events` that makes a JWT a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// §4: "short expiration times in Logout Tokens, preferably at most two minutes".
const LIFE: Duration = Duration::from_secs(120);

/// How long is waited after the first attempt that failed, the second …: a client that restarts is told soon, one that
/// is down for a night is told in the morning.
const WAITS: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(8 * 3600),
];

/// The claims (§2.4). There is no `nonce`, which is prohibited, and always both of `sub` and `sid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutToken {
    /// The issuer.
    pub iss: String,
    /// The user, as this client knows them.
    pub sub: String,
    /// The client.
    pub aud: ClientId,
    /// When it was made.
    pub iat: Timestamp,
    /// When it stops counting.
    pub exp: Timestamp,
    /// Its id: another one at every attempt.
    pub jti: TokenId,
    /// What happened.
    pub events: BTreeMap<String, BTreeMap<String, String>>,
    /// The session that is over.
    pub sid: SessionId,
}

impl LogoutToken {
    /// Tells `client` that `session` of `subject` is over.
    #[must_use]
    pub fn new(
        issuer: &str,
        client: &ClientId,
        subject: String,
        session: &SessionId,
        jti: TokenId,
        now: Timestamp,
    ) -> Self {
        Self {
            iss: issuer.to_owned(),
            sub: subject,
            aud: client.clone(),
            iat: now,
            exp: now.plus(LIFE),
            jti,
            events: BTreeMap::from([(EVENT.to_owned(), BTreeMap::new())]),
            sid: session.clone(),
        }
    }
}

/// §2.6: signed as the client's ID tokens are; but `none` "MUST NOT be used for Logout Tokens", and the default stands
/// in for it.
#[must_use]
pub fn signing_alg(client: &ClientMetadata) -> SigningAlg {
    match client.id_token_signed_response_alg {
        SigningAlg::None => SigningAlg::Rs256,
        alg => alg,
    }
}

/// §2.8: 200, or the 204 that some frameworks make of it.
#[must_use]
pub fn is_success(status: u16) -> bool {
    matches!(status, 200 | 204)
}

/// §2.5: "the OP SHOULD delay retransmission for an appropriate amount of time to avoid overwhelming the RP": when to try
/// again after `attempts` that failed; never after the last. A 400 is retried too: §2.8 has this one status for a token
/// that is refused and for a logout that failed, which it may not do the next time.
#[must_use]
pub fn next_attempt(attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let failed = usize::try_from(attempts).ok()?;
    WAITS.get(failed.checked_sub(1)?).map(|wait| now.plus(*wait))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LogoutToken, is_success, next_attempt, signing_alg};
    use crate::protocol::client::SigningAlg;
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn back_channel_logout_2_4_the_claims_of_a_logout_token() {
        let (client, session) = ("s6BhdRkqt3".into(), "08a5019c".into());
        let token = LogoutToken::new(
            "https://server.example.com",
            &client,
            "248289761001".to_owned(),
            &session,
            "bWJq".into(),
            Timestamp(1_471_566_154),
        );
        assert_eq!(
            serde_json::to_value(token).unwrap(),
            json!({
                "iss": "https://server.example.com",
                "sub": "248289761001",
                "aud": "s6BhdRkqt3",
                "iat": 1_471_566_154,
                "exp": 1_471_566_274,
                "jti": "bWJq",
                "sid": "08a5019c",
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            })
        );
    }

    #[test]
    fn back_channel_logout_2_6_it_is_signed_as_id_tokens_are_and_never_not_at_all() {
        let mut client = samples::client("c").metadata;
        for (registered, used) in [
            (SigningAlg::Es256, SigningAlg::Es256),
            (SigningAlg::Hs256, SigningAlg::Hs256),
            (SigningAlg::None, SigningAlg::Rs256),
        ] {
            client.id_token_signed_response_alg = registered;
            assert_eq!(signing_alg(&client), used);
        }
    }

    #[test]
    fn back_channel_logout_2_8_what_counts_as_success() {
        for status in [200, 204] {
            assert!(is_success(status), "{status}");
        }
        for status in [0, 100, 201, 202, 205, 301, 302, 303, 307, 400, 401, 404, 429, 500, 503] {
            assert!(!is_success(status), "{status}");
        }
    }

    #[test]
    fn back_channel_logout_2_5_retries_are_delayed_more_and_more_and_end() {
        let waits: Vec<_> =
            (1..=7).map(|attempts| next_attempt(attempts, Timestamp(100)).map(|at| at.0 - 100)).collect();
        assert_eq!(
            waits,
            [Some(10), Some(60), Some(300), Some(1800), Some(7200), Some(28800), None],
            "seven attempts within half a day"
        );
        assert_eq!(next_attempt(0, Timestamp(100)), None);
        assert_eq!(next_attempt(-1, Timestamp(100)), None);
    }
}
