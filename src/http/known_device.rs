//! The cookie by which a device is known again.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::cookie::Cookie;
use super::error::PageError;
use crate::app::App;
use crate::authn::device::{DeviceError, Devices, KNOWN_FOR};
use crate::protocol::user::User;

/// What a request's browser brings along.
#[must_use]
pub fn of_request(app: &App, headers: &HeaderMap) -> Devices {
    let cookie = Cookie::Device.read(&app.config, headers);
    cookie.map(|text| Devices::open(&app.seals, text, app.clock.now())).unwrap_or_default()
}

/// The cookie after a sign-in of this user.
pub(super) async fn cookie(app: &App, devices: &Devices, user: &User) -> Result<HeaderValue, DeviceError> {
    let sealed = devices.remembering(app, user).await?;
    Ok(Cookie::Device.write(&app.config, &sealed, Some(KNOWN_FOR)))
}

/// Has the browser stay known after its user, who has just proved who they are, changed what the account is guarded by.
pub async fn remember(
    app: &App,
    headers: &HeaderMap,
    user: &User,
    response: &mut Response,
) -> Result<(), PageError> {
    let cookie = cookie(app, &of_request(app, headers), user).await?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(())
}
