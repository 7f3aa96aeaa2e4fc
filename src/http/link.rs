//! `/login/link`: somebody who came from an upstream provider, and has an account here with the same address, signed in to
//! it; and says now whether the two are linked.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, QueryFields};
use super::flow::Flow;
use super::page::html;
use super::request_info::RequestInfo;
use super::session::{self, Live};
use super::upstream;
use crate::app::App;
use crate::i18n::key;
use crate::pages;
use crate::protocol::linking::{Link, confirm};

/// The question.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    let Some((link, live)) = possible(&app, &headers, &flow).await? else { return go_on(&app, flow) };
    let page = pages::LinkAccount {
        words: browser.locale.words_in(&flow),
        flow: flow.seal(&app)?,
        csrf: browser.csrf(&app.seals),
        provider: upstream::named(&app.providers().await?, &link.identity().upstream)?.name.clone(),
        label: link.identity().label().to_owned(),
        account: live.user.display_name().to_owned(),
    };
    // After the answer the hub may lead to the application at once.
    let purpose = super::login::Purpose::of(&app, &browser, &flow).await?;
    Ok(html(&page, &purpose.csp))
}

/// The answer.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let possible = possible(&app, &headers, &flow).await?;
    match (form.get("decision"), possible) {
        (Some("link"), Some((link, _))) => {
            if !upstream::link_now(&app, &info, &link, browser.locale.words_in(&flow).language()).await? {
                return Err(PageError::new(
                    StatusCode::CONFLICT,
                    key("link-taken-title"),
                    key("link-taken"),
                    key("link-taken-fix"),
                ));
            }
        }
        (Some("link" | "skip"), _) => {}
        _ => return Err(PageError::malformed("decision must be link or skip")),
    }
    go_on(&app, flow)
}

/// What can be linked, to whose account.
async fn possible(app: &App, headers: &HeaderMap, flow: &Flow) -> Result<Option<(Link, Live)>, PageError> {
    let Some(offer) = &flow.offer else { return Ok(None) };
    let Some(live) = session::of_request(app, headers).await? else { return Ok(None) };
    // A provider that was switched off since links nobody, nor does another one in its place.
    if app.providers_anew().await?.vouching(&offer.identity.upstream, &offer.voucher).is_none() {
        return Ok(None);
    }
    let begun = flow.progress.signed_in.as_ref();
    let link = confirm(offer, begun, &live.session.id, &live.user.id, app.clock.now());
    Ok(link.map(|link| (link, live)))
}

fn go_on(app: &App, mut flow: Flow) -> Result<Response, PageError> {
    flow.offer = None;
    Ok(Redirect::to(&flow.next(app)?).into_response())
}
