//! `grant_type=urn:ietf:params:oauth:grant-type:device_code`: RFC 8628 §3.4 and §3.5. A device asks again and again; until
//! somebody has decided that costs a read, and nothing is written.

use moka::ops::compute::Op;
use moka::sync::Cache;

use super::{Granted, TokenRequest};
use crate::http::error::OAuthError;
use crate::protocol::code::{Code, RedeemRequest};
use crate::protocol::device::{self, DeviceCode, DeviceError, LIFETIME, MOST_WAITING, Pace, State};
use crate::protocol::error::ErrorCode;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::Purpose;

/// When each device asked last, as far as this node answered it: a device that asks several nodes in turn is told later to
/// slow down, and no node remembers more than may wait.
#[derive(Clone)]
pub struct Paces(Cache<String, Pace>);

impl Default for Paces {
    fn default() -> Self {
        let most = u64::try_from(MOST_WAITING).unwrap_or_default();
        Self(Cache::builder().max_capacity(most).time_to_live(LIFETIME).build())
    }
}

impl Paces {
    /// Notes that a device asks now, and tells what it is answered while nobody has decided.
    fn ask(&self, id: &str, now: Timestamp) -> DeviceError {
        let mut answer = DeviceError::Pending;
        self.0.entry_by_ref(id).and_compute_with(|before| {
            let (after, said) = Pace::after(before.map(moka::Entry::into_value), now);
            answer = said;
            Op::Put(after)
        });
        answer
    }
}

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let TokenRequest { app, client, form, now, .. } = *request;
    let text = form
        .get("device_code")
        .ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "device_code is missing"))?;
    let code: DeviceCode =
        app.seals.open(Purpose::DeviceCode, text).map_err(|_| refused(DeviceError::Unknown))?;
    device::may_ask(client, &code, now).map_err(refused)?;
    // Gone before its time: with its client, which was registered anew under the same name.
    let asked = app.store.device_request(&code.id).await?.ok_or_else(|| refused(DeviceError::Unknown))?;
    match asked.state {
        State::Pending => Err(refused(app.paces.ask(&code.id, now))),
        State::Denied => Err(refused(DeviceError::Denied)),
        State::Allowed => {
            let allowed: Code = app
                .seals
                .open(Purpose::DeviceGrant, &asked.grant_code)
                .map_err(|error| OAuthError::unavailable(&error))?;
            let sent = RedeemRequest { key: request.key(), ..RedeemRequest::default() };
            request.redeem(&allowed, sent, |error| refused(error.into())).await
        }
    }
}

fn refused(error: DeviceError) -> OAuthError {
    OAuthError::broken(error.code(), &error)
}
