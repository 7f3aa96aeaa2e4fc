//! The life of a signing key: published → active → retired → gone. Every state follows from times that are stored
//! with the keys, so all nodes agree on it and nothing has to run at the moment of a change.

use std::time::Duration;

use serde::Serialize;

use crate::protocol::timestamp::Timestamp;

/// What the rules need to know about a key.
#[derive(Clone, Debug)]
pub struct KeyTimes {
    /// Its number within its algorithm.
    pub sequence: i64,
    /// From when on it signs, until its successor does.
    pub active_from: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// In the JWKS, so that verifiers know it before it signs.
    Published,
    /// Signs.
    Active,
    /// Signs no more; in the JWKS while a token it signed may live.
    Retired,
    /// Out of the JWKS.
    Gone,
    /// Compromised: out of the JWKS, and nothing that it signed counts.
    Revoked,
}

impl KeyState {
    /// Does it stand in the JWKS?
    #[must_use]
    pub fn is_published(self) -> bool {
        matches!(self, Self::Published | Self::Active | Self::Retired)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Gone => "gone",
            Self::Revoked => "revoked",
        }
    }
}

/// The state of `key` among the keys of its algorithm. `token_life` is how long a token that it signed may be shown
/// to somebody.
#[must_use]
pub fn state(key: &KeyTimes, siblings: &[KeyTimes], token_life: Duration, now: Timestamp) -> KeyState {
    if key.revoked_at.is_some() {
        return KeyState::Revoked;
    }
    if now < key.active_from {
        return KeyState::Published;
    }
    // It retired when the first later key that was not revoked began to sign.
    let superseded = siblings
        .iter()
        .filter(|other| {
            other.sequence > key.sequence && other.revoked_at.is_none() && now >= other.active_from
        })
        .map(|other| other.active_from)
        .min();
    match superseded {
        None => KeyState::Active,
        Some(since) if now.reached(since.plus(token_life)) => KeyState::Gone,
        Some(_) => KeyState::Retired,
    }
}

/// When the next key of an algorithm must become active, if it is time to make one: at once when none signs, else
/// `publish_before` ahead of the end of the newest one's term.
#[must_use]
pub fn next_activation(
    keys: &[KeyTimes],
    rotate_every: Duration,
    publish_before: Duration,
    now: Timestamp,
) -> Option<Timestamp> {
    let newest = keys.iter().filter(|key| key.revoked_at.is_none()).max_by_key(|key| key.sequence);
    match newest {
        None => Some(now),
        // A first key that is only published signs for nobody yet.
        Some(_) if !keys.iter().any(|key| key.revoked_at.is_none() && now >= key.active_from) => Some(now),
        Some(newest) => {
            let term_ends = newest.active_from.plus(rotate_every);
            now.reached(term_ends.minus(publish_before)).then(|| term_ends.max(now.plus(publish_before)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyState, KeyTimes, next_activation, state};
    use crate::protocol::timestamp::Timestamp;
    use std::time::Duration;

    const LIFE: Duration = Duration::from_secs(300);

    fn key(sequence: i64, active_from: i64, revoked_at: Option<i64>) -> KeyTimes {
        KeyTimes { sequence, active_from: Timestamp(active_from), revoked_at: revoked_at.map(Timestamp) }
    }

    #[test]
    fn a_key_is_published_then_active_then_retired_while_tokens_live_then_gone() {
        let keys = [key(1, 0, None), key(2, 1000, None)];
        for (now, first, second) in [
            (0, KeyState::Active, KeyState::Published),
            (999, KeyState::Active, KeyState::Published),
            (1000, KeyState::Retired, KeyState::Active),
            (1299, KeyState::Retired, KeyState::Active),
            (1300, KeyState::Gone, KeyState::Active),
        ] {
            assert_eq!(state(&keys[0], &keys, LIFE, Timestamp(now)), first, "first at {now}");
            assert_eq!(state(&keys[1], &keys, LIFE, Timestamp(now)), second, "second at {now}");
        }
    }

    #[test]
    fn exactly_one_key_is_active_whatever_was_revoked() {
        let keys = [key(1, 0, None), key(2, 1000, Some(1500)), key(3, 2000, None)];
        for now in [0, 999, 1000, 1500, 1999, 2000, 5000] {
            let active =
                keys.iter().filter(|key| state(key, &keys, LIFE, Timestamp(now)) == KeyState::Active).count();
            assert_eq!(active, 1, "at {now}");
        }
    }

    #[test]
    fn a_key_made_at_once_takes_over_from_the_active_and_from_the_scheduled_one() {
        let keys = [key(1, 0, None), key(2, 1000, None), key(3, 100, None)];
        let at = |now| [0, 1, 2].map(|index: usize| state(&keys[index], &keys, LIFE, Timestamp(now)));
        assert_eq!(at(100), [KeyState::Retired, KeyState::Published, KeyState::Active]);
        assert_eq!(at(400), [KeyState::Gone, KeyState::Published, KeyState::Active]);
        assert_eq!(at(1000), [KeyState::Gone, KeyState::Gone, KeyState::Active]);
    }

    #[test]
    fn the_next_key_is_made_in_time_to_be_published_before_it_signs() {
        let (every, before) = (Duration::from_secs(1000), Duration::from_secs(100));
        let due =
            |keys: &[KeyTimes], now| next_activation(keys, every, before, Timestamp(now)).map(|at| at.0);
        assert_eq!(due(&[], 5), Some(5), "the first one at once");
        assert_eq!(due(&[key(1, 0, Some(4))], 5), Some(5), "after the only one was revoked");
        assert_eq!(due(&[key(1, 0, None)], 899), None);
        assert_eq!(due(&[key(1, 0, None)], 900), Some(1000));
        assert_eq!(due(&[key(1, 0, None), key(2, 1000, None)], 950), None, "it is there already");
        assert_eq!(due(&[key(1, 0, None)], 5000), Some(5100), "a late one is published first all the same");
        assert_eq!(due(&[key(1, 0, Some(5)), key(2, 1000, None)], 10), Some(10), "none signs now");
    }
}
