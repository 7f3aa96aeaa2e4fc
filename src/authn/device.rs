//! Devices that somebody signed in on before ("device cookies", OWASP): what such a browser may guess is counted by itself, so
//! that nobody who guesses elsewhere locks its user out, and a sign-in on any other device is news.
//!
//! The browser keeps it all, sealed; nothing is stored here. It opens nothing by itself: it is never a factor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::protocol::ids::UserId;
use crate::protocol::secret::sha256_hex;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::{Purpose, SealError, Seals};
use crate::store::StoreError;

/// A browser remembers so many users, who signed in there last.
const MOST_USERS: usize = 5;

/// For how long a device is known after a sign-in.
pub const KNOWN_FOR: Duration = Duration::from_hours(180 * 24);

/// What a browser brings along.
#[derive(Clone, Debug, Default)]
pub struct Devices(Vec<Device>);

/// That a user signed in there.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Device {
    user: UserId,
    /// New at every sign-in: whoever copied the cookie does not use up its owner's guesses for long.
    id: String,
    guards: String,
    expires_at: Timestamp,
}

impl Devices {
    /// What this text says, if it was sealed here: anything else is a browser without past.
    #[must_use]
    pub fn open(seals: &Seals, text: &str, now: Timestamp) -> Self {
        let mut devices: Vec<Device> = seals.open(Purpose::Device, text).unwrap_or_default();
        devices.retain(|device| !now.reached(device.expires_at));
        Self(devices)
    }

    /// Has this user signed in there before?
    #[must_use]
    pub fn know(&self, user: &UserId) -> bool {
        self.of(user).is_some()
    }

    fn of(&self, user: &UserId) -> Option<&Device> {
        self.0.iter().find(|device| device.user == *user)
    }

    /// By what the guesses of this browser at this user's account are counted; none where they count as anybody's. It was earned
    /// by a whole sign-in with what the account is guarded by today, and so there is one at most for each of those.
    pub(super) async fn counted_as(&self, app: &App, user: &User) -> Result<Option<String>, StoreError> {
        let Some(device) = self.of(&user.id) else { return Ok(None) };
        let guards = guards_of(app, user).await?;
        Ok((device.guards == guards).then(|| format!("{} {guards} of {}", device.id, user.id)))
    }

    /// The same after a sign-in of this user, sealed.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn remembering(&self, app: &App, user: &User) -> Result<String, DeviceError> {
        let others = self.0.iter().filter(|device| device.user != user.id).cloned();
        let this = Device {
            user: user.id.clone(),
            id: app.entropy.opaque_id(),
            guards: guards_of(app, user).await?,
            expires_at: app.clock.now().plus(KNOWN_FOR),
        };
        let devices: Vec<Device> = std::iter::once(this).chain(others).take(MOST_USERS).collect();
        Ok(app.seals.seal(Purpose::Device, &devices, &app.entropy)?)
    }
}

/// Why a device is not remembered.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What somebody would have to guess. It is another one after another password or authenticator app, and says nothing about
/// them. The password of a directory's account is kept there, and is not in it.
async fn guards_of(app: &App, user: &User) -> Result<String, StoreError> {
    let password = user.password_hash.as_deref().unwrap_or_default();
    let authenticator = app.store.authenticator_app(&user.id).await?;
    let authenticator = authenticator.map(|authenticator| authenticator.sealed_secret).unwrap_or_default();
    Ok(sha256_hex(&format!("{password}\n{authenticator}")).chars().take(32).collect())
}
