//! A browser session: who signed in, how, and until when that counts.

use std::time::Duration;

use super::ids::{SessionId, UserId};
use super::timestamp::Timestamp;

/// A session as it is stored.
#[derive(Clone, Debug)]
pub struct Session {
    /// Public name (`sid`).
    pub id: SessionId,
    /// SHA-256 of the secret in the cookie, in hexadecimal.
    pub secret_hash: String,
    /// Who.
    pub user_id: UserId,
    /// Not ended by a sign-out, an administrator or a password change.
    pub active: bool,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// How, as `amr` values (RFC 8176), space-delimited.
    pub methods: String,
    /// Authentication context class (Core §2).
    pub acr: String,
    /// The user chose to be remembered on this device.
    pub remembered: bool,
    /// Address at sign-in.
    pub ip: String,
    /// Browser at sign-in.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// Last use, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

impl Session {
    /// Does this session count now? `idle` is how long it may go unused.
    #[must_use]
    pub fn is_live(&self, idle: Duration, now: Timestamp) -> bool {
        self.active && !now.reached(self.expires_at) && !now.reached(self.last_seen_at.plus(idle))
    }

    /// Is it time to write down that it was used? Once a minute is enough for every idle timeout.
    #[must_use]
    pub fn should_be_touched(&self, now: Timestamp) -> bool {
        now.since(self.last_seen_at) >= 60
    }
}
