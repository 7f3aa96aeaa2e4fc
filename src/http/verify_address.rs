//! `/verify-address`: the link of a mail that shows that an address is its user's. It counts in a browser where that user is
//! signed in, and only when they say so: whoever gets mail about somebody else's account confirms nothing by opening it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::browser::Browser;
use super::error::PageError;
use super::extract::{OwnForm, QueryFields};
use super::flow::{Flow, Goal};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use super::session::{self, SignedIn};
use crate::account::profile::must_be_kept_here;
use crate::app::App;
use crate::i18n::key;
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Notice};
use crate::protocol::ids::UserId;
use crate::protocol::recovery::{Aim, Verification, may_verify};
use crate::protocol::secret::sha256_hex;
use crate::store::StoreError;

/// Asks whether it is so.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let token = params.get("token").unwrap_or_default();
    let verification = permitted(&app, token).await?;
    let Some(live) = session::of_request(&app, &headers).await? else {
        // The secret is one that this server made, so it is what an address may hold.
        let flow =
            Flow::begin(Goal::Page(format!("/verify-address?token={token}")), &browser, app.clock.now());
        let response = flow.go_to(&app, "/login")?;
        return Ok(browser.remember(&app.config, response));
    };
    must_be_theirs(&verification, &live.user.id)?;
    let page = pages::VerifyAddress {
        words: browser.locale.words(),
        csrf: browser.csrf_in(&app.seals, &live.session.id),
        token: token.to_owned(),
        account: live.user.username.clone(),
        address: verification.address().to_owned(),
    };
    Ok(browser.remember(&app.config, html(&page, &Csp::default())))
}

/// It is.
pub async fn post(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let verification = permitted(&app, form.get("token").unwrap_or_default()).await?;
    must_be_theirs(&verification, &me.user.id)?;
    if verification.moves() {
        must_be_kept_here(&app, &me.user).await?;
    }
    let target = format!("user:{}", me.user.id);
    let audit = app.audit(&me.origin(&info), "address.verify", target, verification.address());
    // Whoever typed it into their account and shows no mail of it keeps nobody from it.
    let claimant = app.store.asked_anew().user_by_login(verification.address()).await?;
    let claimant = claimant.filter(|other| other.id != me.user.id && !other.email_verified);
    let lost = claimant.as_ref().map(|other| {
        let detail = "its unconfirmed address is somebody else's";
        (&other.id, app.audit(&info.anonymous(), "user.update", format!("user:{}", other.id), detail))
    });
    let lost = lost.as_ref().map(|(id, audit)| (*id, audit));
    let language = me.browser.locale.words().language();
    let event = verification.moves().then_some(Event::AddressChanged);
    let news = event.and_then(|event| news(&app, &me.origin(&info), &me.user, language, event));
    match app.store.verify_address(&verification, lost, audit.telling(news.as_ref())).await {
        Ok(true) => {
            Ok(Redirect::to(&format!("/account?done={}", Notice::AddressVerified.code())).into_response())
        }
        Ok(false) => Err(dead_link()),
        // Who opened the link reads what comes to the address: they may know.
        Err(StoreError::Taken(_)) => Err(PageError::new(
            StatusCode::CONFLICT,
            key("verify-taken-title"),
            key("verify-taken"),
            key("verify-taken-fix"),
        )),
        Err(error) => Err(error.into()),
    }
}

/// What the link shows, about whomever.
async fn permitted(app: &App, token: &str) -> Result<Verification, PageError> {
    let link = app.store.mailed_link(Aim::VerifyAddress, &sha256_hex(token)).await?.ok_or_else(dead_link)?;
    let user = app.store.asked_anew().user(&link.user).await?.ok_or_else(dead_link)?;
    may_verify(&link, &user, app.clock.now()).ok_or_else(dead_link)
}

fn must_be_theirs(verification: &Verification, signed_in: &UserId) -> Result<(), PageError> {
    if verification.user() == signed_in {
        Ok(())
    } else {
        Err(PageError::forbidden(key("verify-other-account"), key("verify-other-account-fix")))
    }
}

fn dead_link() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, key("dead-link-title"), key("dead-link"), key("verify-dead-fix"))
}
