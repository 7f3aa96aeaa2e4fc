//! Refresh tokens and their rotation: RFC 6749 §6, RFC 9700 §4.14.2.
//!
//! A refresh token is derived, not stored: the grant's id, a generation, and a code over both. The ledger knows which
//! generation is current. Presenting the one before it within the grace window is a retry of a client that lost our
//! answer, and gets the same successor; presenting it later, or an older one, is reuse.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::dpop::{self, KeyError, Thumbprint};
use super::error::Rule;
use super::grant::{DeadGrant, Footing, Grant};
use super::ids::GrantId;
use super::scope::{MalformedScope, Scope};
use super::timestamp::Timestamp;

/// Tells people and secret scanners what they found.
const PREFIX: &str = "cs_rt_";

/// A refresh token that is well-formed; whether it is genuine shows when the grant's secret is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The grant.
    pub grant_id: GrantId,
    /// Which of its tokens.
    pub generation: i64,
    /// The code over both.
    pub mac: String,
}

impl RefreshToken {
    /// Reads `cs_rt_<grant id>.<generation>.<mac>`; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        let (grant_id, generation, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || grant_id.is_empty() {
            return None;
        }
        let canonical = generation
            .parse::<i64>()
            .ok()
            .filter(|number| *number >= 0 && number.to_string() == generation)?;
        Some(Self { grant_id: grant_id.into(), generation: canonical, mac: mac.to_owned() })
    }

    /// The text to hand out.
    #[must_use]
    pub fn format(&self) -> String {
        format!("{PREFIX}{}.{}.{}", self.grant_id, self.generation, self.mac)
    }
}

/// Why a refresh token is not redeemed. All but the last two are `invalid_grant` (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// RFC 6749 §6: "ensure that the refresh token was issued to the authenticated client".
    #[error("the refresh token was issued to another client")]
    OtherClient,
    /// The grant is over.
    #[error("{0}")]
    Dead(#[from] DeadGrant),
    /// RFC 9449 §5: "The binding MUST be validated when the refresh token is later presented".
    #[error("the refresh token cannot be used so: {0}")]
    Key(KeyError),
    /// RFC 9700 §4.14.2: expired through inactivity.
    #[error("the refresh token has not been used for too long")]
    Idle,
    /// RFC 9700 §4.14.2: a token that was redeemed before.
    #[error("the refresh token was used before; the grant is revoked")]
    Reused,
    /// RFC 6749 §6: "MUST NOT include any scope not originally granted".
    #[error("scope goes beyond what was granted")]
    WiderScope,
    /// RFC 6749 §3.3.
    #[error(transparent)]
    MalformedScope(#[from] MalformedScope),
}

impl Rule for RefreshError {
    fn section(&self) -> &'static str {
        match self {
            Self::OtherClient | Self::WiderScope => "RFC 6749 §6",
            Self::Key(_) => "RFC 9449 §5",
            Self::Idle | Self::Reused => "RFC 9700 §4.14.2",
            Self::MalformedScope(_) => "RFC 6749 §3.3",
            Self::Dead(error) => error.section(),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::OtherClient => "Compare the client_id with the one that the refresh token was issued to.",
            Self::Dead(error) => error.advice(),
            Self::Key(error) => error.advice(),
            Self::Idle => "Have the person sign in again, or let refresh tokens live longer in [tokens].",
            Self::Reused => {
                "The application must keep the newest refresh token of each answer, and refresh once at a time: look for \
                 several processes or tabs that share one. If it does, the token may have been stolen."
            }
            Self::WiderScope => "Leave scope out, or ask for no more than was granted.",
            Self::MalformedScope(_) => "Send scope as words with one space between them.",
        }
    }
}

/// What to do with a token that may be redeemed.
#[derive(Debug)]
pub enum Decision {
    /// It is current: raise the generation, which only one request can.
    Rotate(Rotate),
    /// It was current until a moment ago: hand out the same successor again.
    Repeat {
        /// The generation that is current now.
        successor: i64,
    },
}

/// Proof that a refresh token may be redeemed; made by [`may_rotate`] only, and accepted by the ledger only.
#[derive(Debug)]
pub struct Rotate {
    grant: Arc<Grant>,
    generation: i64,
    key: Option<Thumbprint>,
    at: Timestamp,
}

impl Rotate {
    /// The grant.
    #[must_use]
    pub fn grant(&self) -> &Arc<Grant> {
        &self.grant
    }

    /// The generation that is redeemed.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The key that the successor is bound to.
    #[must_use]
    pub fn key(&self) -> Option<&Thumbprint> {
        self.key.as_ref()
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// The limits that a refresh is held to.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPolicy {
    /// A token unused for this long is dead.
    pub idle: Duration,
    /// For how long the token before the current one gets the same successor.
    pub grace: Duration,
}

/// A refresh token that is known to be genuine, as it is presented.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Which of its grant's tokens.
    pub generation: i64,
    /// The key that the request is proven with (RFC 9449 §5).
    pub key: Option<&'a Thumbprint>,
}

/// May this client redeem this generation of the grant now?
///
/// # Errors
/// The rule that forbids it. [`RefreshError::Reused`] obliges the caller to revoke the grant.
pub fn may_rotate(
    client: &Client,
    grant: &Arc<Grant>,
    footing: &Footing,
    Presented { generation, key }: Presented<'_>,
    policy: RefreshPolicy,
    now: Timestamp,
) -> Result<Decision, RefreshError> {
    if grant.client_id != client.id {
        return Err(RefreshError::OtherClient);
    }
    grant.standing(footing, now)?;
    // A stolen old token must be noticed even when the current one has gone idle, and whoever shows what key, so reuse is judged
    // first: the thief may have bound the grant since.
    let behind = grant.generation.saturating_sub(generation);
    // The window is counted from the first use and never extended: `rotated_at` moves only with the generation. Without a
    // window nothing is repeated, also not for who began a second before the first use and was overtaken by it.
    let repeats = behind == 1 && !policy.grace.is_zero() && now < grant.rotated_at.plus(policy.grace);
    if behind != 0 && !repeats {
        return Err(RefreshError::Reused);
    }
    // Whoever does not have the key has not used the token: nothing is revoked for it.
    dpop::fits(grant.dpop_jkt.as_ref(), key).map_err(RefreshError::Key)?;
    let binds = key.filter(|_| client.is_public());
    if repeats {
        // The successor was made without a key, and would be answered as if it had one.
        return match (&grant.dpop_jkt, binds) {
            (None, Some(_)) => Err(RefreshError::Key(KeyError::UsedWithout)),
            _ => Ok(Decision::Repeat { successor: grant.generation }),
        };
    }
    if grant.refresh_went_idle(policy.idle, now) {
        return Err(RefreshError::Idle);
    }
    // A public client may begin with proofs later: what it gets then is bound.
    Ok(Decision::Rotate(Rotate { grant: Arc::clone(grant), generation, key: binds.cloned(), at: now }))
}

/// RFC 6749 §6: the scope of the new access token; narrower than granted if the request asks for that.
///
/// # Errors
/// A malformed scope, or one beyond the grant's.
pub fn narrowed_scope(granted: &Scope, requested: Option<&str>) -> Result<Scope, RefreshError> {
    let Some(requested) = requested else { return Ok(granted.clone()) };
    let requested = Scope::parse(requested)?;
    if granted.covers(&requested) { Ok(requested) } else { Err(RefreshError::WiderScope) }
}

#[cfg(test)]
mod tests {
    use crate::protocol::claims_request::ClaimsRequest;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Decision, Presented, RefreshError, RefreshPolicy, RefreshToken, may_rotate, narrowed_scope};
    use crate::protocol::client::AuthMethod;
    use crate::protocol::dpop::{KeyError, Thumbprint};
    use crate::protocol::grant::{DeadGrant, Footing, Grant};
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use crate::protocol::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(10_000);
    const CURRENT: Presented<'static> = Presented { generation: 5, key: None };

    fn grant() -> Grant {
        Grant {
            id: "grant".into(),
            client_id: "client".into(),
            user_id: "user".into(),
            session_id: "session".into(),
            consent_id: Some("consent".into()),
            offline: false,
            scope: Scope::parse("openid email").unwrap(),
            claims: ClaimsRequest::default(),
            auth_time: Timestamp(9_000),
            acr: "1".to_owned(),
            amr: "pwd".to_owned(),
            secret: "secret".to_owned(),
            dpop_jkt: None,
            generation: 5,
            rotated_at: Timestamp(9_995),
            active: true,
            created_at: Timestamp(9_000),
            expires_at: Timestamp(20_000),
        }
    }

    fn footing() -> Footing {
        Footing { user_disabled: false, session_expires_at: Some(Timestamp(15_000)), consent_stands: true }
    }

    fn policy(grace: u64) -> RefreshPolicy {
        RefreshPolicy { idle: Duration::from_secs(3_600), grace: Duration::from_secs(grace) }
    }

    fn decide(grant: &Grant, generation: i64, grace: u64) -> Result<Decision, RefreshError> {
        may_rotate(
            &samples::client("client"),
            &Arc::new(grant.clone()),
            &footing(),
            Presented { generation, key: None },
            policy(grace),
            NOW,
        )
    }

    #[test]
    fn rfc9700_4_14_2_the_current_token_rotates_and_any_older_one_is_reuse() {
        assert!(matches!(decide(&grant(), 5, 0), Ok(Decision::Rotate(rotate)) if rotate.generation() == 5));
        for old in [4, 3, 0] {
            assert_eq!(decide(&grant(), old, 0).unwrap_err(), RefreshError::Reused, "{old}");
        }
    }

    #[test]
    fn rfc9700_4_14_2_without_a_window_who_was_overtaken_by_the_first_use_gets_nothing() {
        let overtaken = Grant { rotated_at: Timestamp(NOW.0 + 1), ..grant() };
        assert_eq!(decide(&overtaken, 4, 0).unwrap_err(), RefreshError::Reused);
        assert!(matches!(decide(&overtaken, 4, 10), Ok(Decision::Repeat { successor: 5 })));
    }

    #[test]
    fn rfc9700_4_14_2_a_retry_inside_the_grace_window_gets_the_same_successor() {
        assert!(matches!(decide(&grant(), 4, 10), Ok(Decision::Repeat { successor: 5 })));
        assert_eq!(decide(&grant(), 3, 10).unwrap_err(), RefreshError::Reused, "its successor was used");
        assert_eq!(decide(&grant(), 4, 5).unwrap_err(), RefreshError::Reused, "the window is over");
    }

    #[test]
    fn rfc9449_5_a_bound_token_needs_its_key_and_without_it_is_not_used() {
        let [key, other] =
            ["0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]
                .map(|text| Thumbprint::parse(text).unwrap());
        let bound = Grant { dpop_jkt: Some(key.clone()), ..grant() };
        let mut public = samples::client("client");
        public.metadata.token_endpoint_auth_method = AuthMethod::None;
        let decide = |client, grant: &Grant, generation, key| {
            let grant = Arc::new(grant.clone());
            may_rotate(client, &grant, &footing(), Presented { generation, key }, policy(10), NOW)
        };
        for generation in [5, 4] {
            for (shown, error) in [(None, KeyError::NoProof), (Some(&other), KeyError::OtherKey)] {
                let outcome = decide(&public, &bound, generation, shown);
                assert_eq!(outcome.unwrap_err(), RefreshError::Key(error));
            }
        }
        assert!(matches!(decide(&public, &bound, 4, Some(&key)), Ok(Decision::Repeat { successor: 5 })));
        // Whoever bound the grant might be a thief: an old token that comes back is reuse, whoever shows what.
        for shown in [None, Some(&other), Some(&key)] {
            assert_eq!(decide(&public, &bound, 3, shown).unwrap_err(), RefreshError::Reused);
        }
        let late = decide(&public, &grant(), 4, Some(&key)).unwrap_err();
        assert_eq!(late, RefreshError::Key(KeyError::UsedWithout), "its successor is bound to nothing");
        let confidential = samples::client("client");
        assert!(matches!(
            decide(&confidential, &grant(), 4, Some(&key)),
            Ok(Decision::Repeat { successor: 5 })
        ));
        let key_of = |decision| match decision {
            Ok(Decision::Rotate(rotate)) => rotate.key().cloned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(key_of(decide(&public, &bound, 5, Some(&key))), Some(key.clone()));
        // §5: what was bound to nothing is bound when a public client first shows a key.
        assert_eq!(key_of(decide(&public, &grant(), 5, Some(&key))), Some(key.clone()));
        assert_eq!(key_of(decide(&public, &grant(), 5, None)), None);
        assert_eq!(key_of(decide(&samples::client("client"), &grant(), 5, Some(&key))), None, "confidential");
    }

    #[test]
    fn rfc6749_6_only_the_client_it_was_issued_to_may_refresh() {
        let other =
            may_rotate(&samples::client("other"), &Arc::new(grant()), &footing(), CURRENT, policy(0), NOW);
        assert_eq!(other.unwrap_err(), RefreshError::OtherClient);
    }

    #[test]
    fn cve_2026_43983_whatever_ends_the_grant_stops_the_refresh() {
        let refused = |grant: &Grant, footing: &Footing| {
            may_rotate(&samples::client("client"), &Arc::new(grant.clone()), footing, CURRENT, policy(0), NOW)
                .unwrap_err()
        };
        let revoked = Grant { active: false, ..grant() };
        assert_eq!(refused(&revoked, &footing()), RefreshError::Dead(DeadGrant::Revoked));
        let expired = Grant { expires_at: NOW, ..grant() };
        assert_eq!(refused(&expired, &footing()), RefreshError::Dead(DeadGrant::Expired));
        let disabled = Footing { user_disabled: true, ..footing() };
        assert_eq!(refused(&grant(), &disabled), RefreshError::Dead(DeadGrant::UserDisabled));
        let withdrawn = Footing { consent_stands: false, ..footing() };
        assert_eq!(refused(&grant(), &withdrawn), RefreshError::Dead(DeadGrant::ConsentWithdrawn));
        for over in [None, Some(NOW)] {
            let ended = Footing { session_expires_at: over, ..footing() };
            assert_eq!(refused(&grant(), &ended), RefreshError::Dead(DeadGrant::SessionEnded));
        }
        let idle = Grant { rotated_at: Timestamp(6_400), ..grant() };
        assert_eq!(refused(&idle, &footing()), RefreshError::Idle);
    }

    #[test]
    fn openid_core_11_offline_access_outlives_the_session() {
        let offline = Grant { offline: true, ..grant() };
        let ended = Footing { session_expires_at: None, ..footing() };
        assert!(
            may_rotate(&samples::client("client"), &Arc::new(offline), &ended, CURRENT, policy(0), NOW)
                .is_ok()
        );
    }

    #[test]
    fn rfc6749_6_scope_may_be_narrowed_never_widened() {
        let granted = Scope::parse("openid email").unwrap();
        assert_eq!(narrowed_scope(&granted, None).unwrap(), granted);
        assert_eq!(narrowed_scope(&granted, Some("email")).unwrap().to_string(), "email");
        assert_eq!(narrowed_scope(&granted, Some("email profile")), Err(RefreshError::WiderScope));
        assert!(narrowed_scope(&granted, Some("a\"b")).is_err());
    }

    #[test]
    fn only_one_text_means_a_token() {
        let token = RefreshToken { grant_id: "g".into(), generation: 7, mac: "m".to_owned() };
        assert_eq!(RefreshToken::parse(&token.format()), Some(token));
        for other in [
            "",
            "cs_rt_",
            "g.7.m",
            "cs_rt_g.7",
            "cs_rt_g.07.m",
            "cs_rt_g.+7.m",
            "cs_rt_g.-7.m",
            "cs_rt_g.7.m.x",
            "cs_rt_.7.m",
            "cs_rt_g.99999999999999999999.m",
        ] {
            assert_eq!(RefreshToken::parse(other), None, "{other}");
        }
    }
}
