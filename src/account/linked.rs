//! `/account/linked`: accounts elsewhere that this one is signed in to with. The page asks for a sign-in of the last minutes, so
//! that its forms need none.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::shell;
use crate::app::App;
use crate::authn::means::linked;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::flow::{Flow, Goal};
use crate::http::page::{Csp, html};
use crate::http::request_info::RequestInfo;
use crate::http::session::{JustSignedIn, SignedIn};
use crate::http::upstream;
use crate::i18n::{Phrase, key};
use crate::mail::Change;
use crate::mail::to_users::{Event, news};
use crate::pages::{self, LinkedRow, Notice};
use crate::store::StoredIdentity;

/// The page.
pub async fn show(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    page(&app, &me, query.get("done").and_then(Notice::parse), None).await
}

/// Sends the browser to a provider for another identity.
pub async fn add(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let providers = upstream::knowing(&app, &id).await?;
    let there = upstream::named(&providers, &id)?;
    let flow = Flow::begin(Goal::Page("/account/linked".to_owned()), &me.browser, app.clock.now());
    match upstream::leave(&app, there, flow, Some(me.session.id.clone()), None).await? {
        Ok(response) => Ok(response),
        Err(problem) => again(&app, &me, problem).await,
    }
}

/// Takes an identity away.
pub async fn remove(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let mine = linked(&app, &me.user.id).await?;
    let Some(identity) = mine.iter().find(|identity| identity.id == id) else {
        return Err(PageError::not_found(key("linked-none-such")));
    };
    let detail = format!("{} {}", identity.upstream, identity.label);
    let audit = app.audit(&me.origin(&info), "identity.unlink", format!("identity:{id}"), detail);
    // As it is now: one that was switched off a moment ago is no way to sign in.
    let providers = app.providers_anew().await?;
    let usable = providers.ids();
    let provider = providers.name_of(&identity.upstream);
    let change = Change::AccountUnlinked { provider, label: identity.label.clone() };
    let language = me.browser.locale.words().language();
    let news = news(&app, &me.origin(&info), &me.user, language, Event::Methods(change));
    let noted = audit.telling(news.as_ref());
    if app.store.unlink_identity(&me.user.id, &id, &usable, app.clock.now(), noted).await? {
        Ok(done(Notice::AccountUnlinked))
    } else {
        again(&app, &me, key("linked-only-way")).await
    }
}

/// Back to the page, after something was done.
pub(crate) fn done(notice: Notice) -> Response {
    Redirect::to(&format!("/account/linked?done={}", notice.code())).into_response()
}

/// The page once more, with why nothing was done.
pub(crate) async fn again(app: &App, me: &SignedIn, problem: Phrase) -> Result<Response, PageError> {
    let mut response = page(app, me, None, Some(problem)).await?;
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

async fn page(
    app: &App,
    me: &SignedIn,
    notice: Option<Notice>,
    problem: Option<Phrase>,
) -> Result<Response, PageError> {
    let providers = app.providers().await?;
    let row = |identity: StoredIdentity| {
        let provider = providers.get(&identity.upstream)?.name.clone();
        Some(LinkedRow {
            id: identity.id,
            provider,
            label: identity.label,
            since: identity.created_at,
            last_used: (identity.last_used_at > identity.created_at).then_some(identity.last_used_at),
        })
    };
    let page = pages::LinkedAccounts {
        shell: shell(app, me.browser.locale.words(), me),
        linked: linked(app, &me.user.id).await?.into_iter().filter_map(row).collect(),
        upstreams: upstream::buttons(&providers),
        notice,
        problem,
    };
    Ok(me.browser.remember(&app.config, html(&page, &upstream::reachable(&providers, Csp::default()))))
}
