//! Who may use the API: a client with the scope `countersign:admin`, or an administrator in a page of ours.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use super::problem::Problem;
use crate::app::{App, Origin};
use crate::http::request_info::RequestInfo;
use crate::http::{access_token, session};
use crate::protocol::scope::ADMIN;

/// Somebody who may administer this server.
pub struct Administrator {
    /// Who, for the audit log.
    pub origin: Origin,
}

/// RFC 6750 §3: nothing was sent.
const ASK: &str = "Bearer realm=\"countersign\", scope=\"countersign:admin\"";
/// RFC 6750 §3.1.
const INVALID: &str = "Bearer realm=\"countersign\", error=\"invalid_token\"";
/// RFC 6750 §3.1.
const TOO_NARROW: &str =
    "Bearer realm=\"countersign\", error=\"insufficient_scope\", scope=\"countersign:admin\"";

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let info = match RequestInfo::from_request_parts(parts, app).await {
            Ok(info) => info,
            Err(never) => match never {},
        };
        if parts.headers.contains_key(AUTHORIZATION) {
            by_token(app, &parts.headers, info.anonymous()).await
        } else {
            by_session(app, parts, info.anonymous()).await
        }
    }
}

async fn by_token(app: &App, headers: &HeaderMap, origin: Origin) -> Result<Administrator, Problem> {
    let refused = |what| Problem::new(StatusCode::UNAUTHORIZED, what).with_challenge(INVALID);
    let text = bearer(headers)
        .ok_or_else(|| refused("send one Authorization header with Bearer and an access token"))?;
    let active = access_token::active(app, text)
        .await?
        .ok_or_else(|| refused("the access token is not, or no longer, valid"))?;
    // No user can hand on this power: only what a client was given for itself counts.
    // Taken away from the client, it is taken away from the tokens that it has.
    let still_given = active.client.metadata.scope.contains(ADMIN);
    if !active.token.scope.contains(ADMIN) || active.token.gid.is_some() || !still_given {
        let what = "the access token was not issued to a client for countersign:admin";
        return Err(Problem::new(StatusCode::FORBIDDEN, what).with_challenge(TOO_NARROW));
    }
    Ok(Administrator { origin: Origin { actor: format!("client:{}", active.client.id), ..origin } })
}

async fn by_session(app: &App, parts: &Parts, origin: Origin) -> Result<Administrator, Problem> {
    let Some(live) = session::of_request(app, &parts.headers).await? else {
        let what = "send an access token with the scope countersign:admin, or sign in";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, what).with_challenge(ASK));
    };
    if !live.user.is_admin {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this is for administrators"));
    }
    let only_reads = parts.method == Method::GET || parts.method == Method::HEAD;
    if !only_reads && !came_from_our_pages(&parts.headers, &app.config.issuer.origin()) {
        let what =
            "a change with a session cookie must come from a page of this server (Sec-Fetch-Site, Origin)";
        return Err(Problem::new(StatusCode::FORBIDDEN, what));
    }
    Ok(Administrator { origin: origin.by_user(&live.user.id) })
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
