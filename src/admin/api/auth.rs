//! Who uses the API: a client by its own token, or somebody who administers something in a page of ours; and whether the route
//! admits them.

use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use super::problem::Problem;
use super::query_of;
use crate::admin::access;
use crate::app::{App, Origin};
use crate::config::Assurance;
use crate::http::request_info::RequestInfo;
use crate::http::{access_token, session};
use crate::protocol::powers::{Delegated, Powers};
use crate::protocol::scope::{DELEGATED, Scope};

/// Somebody who may call this address.
pub struct Administrator {
    /// Who, for the audit log, and with which powers.
    pub origin: Origin,
}

/// Who asks, once that is known: for whoever answers a request that went wrong.
#[derive(Clone, Default)]
pub struct Asker(Arc<OnceLock<Origin>>);

impl Asker {
    fn is(&self, origin: &Origin) {
        // Asked once for each request.
        let _ = self.0.set(origin.clone());
    }

    /// Them.
    #[must_use]
    pub fn get(&self) -> Option<&Origin> {
        self.0.get()
    }
}

/// RFC 6750 §3: nothing was sent.
const ASK: &str = "Bearer realm=\"countersign\", scope=\"countersign:admin\"";
/// RFC 6750 §3.1.
const INVALID: &str = "Bearer realm=\"countersign\", error=\"invalid_token\"";

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let info = match RequestInfo::from_request_parts(parts, app).await {
            Ok(info) => info,
            Err(never) => match never {},
        };
        let origin = if parts.headers.contains_key(AUTHORIZATION) {
            by_token(app, &parts.headers, info.anonymous()).await?
        } else {
            by_session(app, parts, info.anonymous()).await?
        };
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(&origin);
        }
        access::admit(app, &origin, parts).await?;
        only_known_parameters(parts)?;
        Ok(Self { origin })
    }
}

/// Refuses parameters that the description does not name, also where a route takes none.
fn only_known_parameters(parts: &Parts) -> Result<(), Problem> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let known = query_of(parts.method.as_str(), path);
    let query = parts.uri.query().unwrap_or_default();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if !known.is_some_and(|known| known.contains(name.as_ref())) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(50).collect();
            let what = format!("there is no parameter `{name}` here");
            return Err(Problem::new(StatusCode::BAD_REQUEST, what));
        }
    }
    Ok(())
}

async fn by_token(app: &App, headers: &HeaderMap, origin: Origin) -> Result<Origin, Problem> {
    let refused = |what| Problem::new(StatusCode::UNAUTHORIZED, what).with_challenge(INVALID);
    let text = bearer(headers)
        .ok_or_else(|| refused("send one Authorization header with Bearer and an access token"))?;
    let active = access_token::active(app, text)
        .await?
        .ok_or_else(|| refused("the access token is not, or no longer, valid"))?;
    if active.token.bound_to().is_some() {
        return Err(refused("the access token is bound to a key (DPoP); this API takes bearer tokens"));
    }
    // No user can hand on this power: only what a client was given for itself counts.
    // Taken away from the client, it is taken away from the tokens that it has.
    let scope = match active.token.gid {
        Some(_) => Scope::default(),
        None => active.token.scope.within(&active.client.metadata.scope),
    };
    let delegated = if scope.contains(DELEGATED) {
        app.store.delegated_to_client(&active.client.id).await?
    } else {
        Delegated::default()
    };
    Ok(origin.by_client(&active.client.id).with_powers(Powers::of_client(&scope, delegated)))
}

async fn by_session(app: &App, parts: &Parts, origin: Origin) -> Result<Origin, Problem> {
    let Some(live) = session::of_request(app, &parts.headers).await? else {
        let what = "send an access token with a scope of this API, or sign in";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, what).with_challenge(ASK));
    };
    let powers = session::powers_of(app, &live.user).await?;
    let Assurance { classes, administrators } = &app.config.assurance;
    if powers.is_any() && classes.level_of_session(&live.session.acr) < *administrators {
        let what = "the session is not as sure as administrators' must be here: sign in at /admin";
        return Err(Problem::new(StatusCode::FORBIDDEN, what));
    }
    let only_reads = parts.method == Method::GET || parts.method == Method::HEAD;
    if !only_reads && !came_from_our_pages(&parts.headers, &app.config.issuer.origin()) {
        let what =
            "a change with a session cookie must come from a page of this server (Sec-Fetch-Site, Origin)";
        return Err(Problem::new(StatusCode::FORBIDDEN, what));
    }
    Ok(origin.by_user(&live.user.id).with_powers(powers))
}

/// A cookie travels with requests that other sites start. Whoever sends one must say where the request comes from.
fn came_from_our_pages(headers: &HeaderMap, our_origin: &str) -> bool {
    let (site, from) = (headers.get("sec-fetch-site"), headers.get(ORIGIN));
    (site.is_some() || from.is_some())
        && site.is_none_or(|site| site == "same-origin")
        && from.is_none_or(|from| from == our_origin)
}

/// RFC 6750 §2.1: the token of the only `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{bearer, came_from_our_pages};

    #[test]
    fn changes_with_a_cookie_come_from_our_own_origin_or_not_at_all() {
        for (site, origin, ours) in [
            (Some("same-origin"), Some("https://id.example"), true),
            (Some("same-origin"), None, true),
            (None, Some("https://id.example"), true),
            (None, None, false),
            (Some("none"), None, false),
            (Some("same-site"), Some("https://id.example"), false),
            (Some("cross-site"), None, false),
            (Some("same-origin"), Some("https://evil.example"), false),
            (None, Some("null"), false),
            (None, Some("https://id.example.evil.example"), false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(came_from_our_pages(&headers, "https://id.example"), ours, "{site:?} {origin:?}");
        }
    }

    #[test]
    fn rfc6750_2_1_one_header_one_token() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("authorization", HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(of(&["bearer abc"]).as_deref(), Some("abc"));
        for bad in [&["Basic abc"][..], &["Bearer"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
