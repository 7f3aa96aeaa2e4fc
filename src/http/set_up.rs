//! `/login/set-up`: what is asked of somebody who has nothing to prove it by yet, and where to set it up. Their sign-in waits
//! here for them.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::browser::Browser;
use super::error::PageError;
use super::extract::QueryFields;
use super::flow::Flow;
use super::login::Purpose;
use super::page::html;
use super::session;
use crate::app::App;
use crate::authn::means::account_of;
use crate::pages;
use crate::protocol::assurance::Level;

/// The page. Whoever is not signed in, or has set it up by now, is not kept.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    let next = flow.next(&app)?;
    let Some(live) = session::of_request(&app, &headers).await? else {
        return Ok(Redirect::to(&next).into_response());
    };
    if account_of(&app, &live.user).await?.attainable >= flow.wanted {
        return Ok(Redirect::to(&next).into_response());
    }
    let purpose = Purpose::of(&app, &browser, &flow).await?;
    let page = pages::SetUp {
        words: purpose.words,
        flow: purpose.flow,
        app: purpose.app,
        account: live.user.display_name().to_owned(),
        only_passkey: flow.wanted == Level::PhishingResistant,
        next,
    };
    Ok(browser.remember(&app.config, html(&page, &purpose.csp)))
}
