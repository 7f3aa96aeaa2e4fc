//! `POST /login/passkey`: the answer of a passkey, from the sign-in page or as second factor.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::browser::Browser;
use super::error::PageError;
use super::extract::CheckedForm;
use super::flow::Flow;
use super::known_device;
use super::login;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::passkey::{Asking, Assertion, Shown};
use crate::authn::{Refusal, prove};
use crate::pages::PasskeyChallenge;
use crate::protocol::ids::UserId;

/// The attempt.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let mut flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let field = |name| form.get(name).unwrap_or_default();
    let asking = asking(&app, &browser);
    let assertion = match Assertion::read(field("challenge"), field("credential"), &asking) {
        Ok(assertion) => assertion,
        Err(error) => {
            tracing::info!(cause = %error, "passkey not looked at");
            return login::again(&app, &browser, &flow, Refusal::WrongCredentials).await;
        }
    };
    let stored = app.store.passkey(&assertion.credential_id).await?;
    let user = match &stored {
        Some(stored) => app.store.asked_anew().user(&UserId::from(stored.user_id.as_str())).await?,
        None => None,
    };
    let name = assertion.credential_id.clone();
    let unknown = stored.is_none().then(|| assertion.credential_id.clone());
    let shown = Shown { assertion, stored };
    let (origin, devices) = (info.anonymous(), known_device::of_request(&app, &headers));
    match prove(&app, &origin, &devices, Some(&name), user.map(|user| (*user).clone()), &shown).await? {
        Ok(proved) => {
            flow.remember |= field("remember") == "true";
            login::take_in(&app, &info, &headers, flow, proved.proof).await
        }
        Err(refusal) => match unknown.filter(|_| refusal == Refusal::WrongCredentials) {
            Some(credential) => login::after_unknown_passkey(&app, &browser, &flow, &credential).await,
            None => login::again(&app, &browser, &flow, refusal).await,
        },
    }
}

/// A page's challenge; none where there can be no passkeys.
///
/// # Errors
/// Never, but for what the library refuses.
pub(super) fn challenge(app: &App, browser: &Browser) -> Result<Option<PasskeyChallenge>, PageError> {
    if !app.passkeys.is_possible() {
        return Ok(None);
    }
    let challenge = app.passkeys.begin_sign_in(&asking(app, browser))?;
    Ok(Some(PasskeyChallenge { options: challenge.options, sealed: challenge.sealed }))
}

/// This browser, now.
pub(crate) fn asking<'a>(app: &'a App, browser: &Browser) -> Asking<'a> {
    Asking { browser: browser.fingerprint(), seals: &app.seals, entropy: &app.entropy, now: app.clock.now() }
}
