//! `/admin/keys`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{done, shell, shown};
use crate::admin::{Refusal, keys};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, JustSignedIn};
use crate::jose::{KeyAlg, KeyState, KeyView};
use crate::pages::{AdminKeyQuestion, AdminKeys, KeyLine, KeyQuestion, Notice};
use crate::protocol::timestamp::seconds;

const LIST: &str = "/admin/keys";

/// Every key, where it is in its life, and when its algorithm gets the next one.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Response {
    let now = app.clock.now();
    let rotate_every = seconds(app.config.keys.rotate_every);
    let mut keys = app.keys.view(now);
    keys.sort_by_key(|key| (key.alg.to_string(), std::cmp::Reverse(key.active_from)));
    let rows = keys.iter().map(|key| KeyLine {
        kid: key.kid.to_string(),
        alg: key.alg.to_string(),
        state: key.state.as_str().to_owned(),
        signs_from: key.active_from.0,
        next: (key.state == KeyState::Active)
            .then(|| next_of(&keys, key).unwrap_or(key.active_from.0 + rotate_every)),
    });
    let page = AdminKeys {
        shell: shell(&app, &me),
        rows: rows.collect(),
        rotate_days: rotate_every / 86_400,
        publish_hours: seconds(app.config.keys.publish_before) / 3600,
        overdue: keys
            .iter()
            .any(|key| key.state == KeyState::Active && now.since(key.active_from) > rotate_every + 86_400),
        notice: query.get("done").and_then(Notice::parse),
    };
    shown(&app, &me, StatusCode::OK, &page)
}

/// When the next key of the same algorithm begins to sign, if it is there already.
fn next_of(keys: &[KeyView], key: &KeyView) -> Option<i64> {
    let published = keys.iter().filter(|other| other.alg == key.alg && other.state == KeyState::Published);
    published.map(|other| other.active_from.0).min()
}

/// Asks whether to make the next keys. Only of somebody who has just proved who they are.
pub async fn ask_to_rotate(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
) -> Response {
    let algs = app.keys.algorithms().iter().map(ToString::to_string).collect();
    let page = AdminKeyQuestion {
        shell: shell(&app, &me),
        question: KeyQuestion::Rotate { algs, publish_hours: seconds(app.config.keys.publish_before) / 3600 },
    };
    shown(&app, &me, StatusCode::OK, &page)
}

/// Makes the next key of an algorithm, or of each.
pub async fn rotate(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let alg = match sent.get("alg").filter(|alg| !alg.is_empty()).map(str::parse::<KeyAlg>) {
        None => None,
        Some(Ok(alg)) if app.keys.algorithms().contains(&alg) => Some(alg),
        Some(_) => return Err(PageError::malformed("there are no keys of this algorithm")),
    };
    keys::rotate(&app, &me.origin(&info), alg, sent.get("at_once").is_some()).await?;
    Ok(done(LIST, Notice::KeyMade))
}

/// Asks whether to revoke a key. Only of somebody who has just proved who they are.
pub async fn ask_to_revoke(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    PathPart(kid): PathPart,
) -> Result<Response, PageError> {
    let keys = app.keys.view(app.clock.now());
    let key = keys.into_iter().find(|key| key.kid.as_str() == kid && key.state != KeyState::Revoked);
    let key = key.ok_or(Refusal::NotFound("key (or it is revoked already)"))?;
    let page = AdminKeyQuestion {
        shell: shell(&app, &me),
        question: KeyQuestion::Revoke {
            kid,
            alg: key.alg.to_string(),
            state: key.state.as_str().to_owned(),
            decrypts: matches!(key.alg, KeyAlg::Encryption(_)),
        },
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Revokes a key.
pub async fn revoke(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    info: RequestInfo,
    PathPart(kid): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    keys::revoke(&app, &me.origin(&info), &kid).await?;
    Ok(done(LIST, Notice::KeyRevoked))
}
