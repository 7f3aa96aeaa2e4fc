//! `/userinfo`: claims about the user (OpenID Connect Core §5.3), for a bearer token (RFC 6750) or one that
//! is bound to a key (RFC 9449 §7).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::access_token::active;
use super::cors::AnswerFor;
use super::dpop;
use super::error::OAuthError;
use super::extract::{FormError, FormFields};
use super::id_token;
use super::user_claims;
use crate::app::App;
use crate::jose::Jws;
use crate::protocol::access_token;
use crate::protocol::client::Client;
use crate::protocol::dpop::{SCHEME, challenge};
use crate::protocol::error::ErrorCode;
use crate::protocol::media_type::is_typ;
use crate::protocol::params::Params;
use crate::protocol::scope::OPENID;

/// The type of signed answers in the header.
const USERINFO_TYP: &str = "JWT";

/// By GET, with the token in the header; or by POST, with the token in the header or in the form (Core §5.3.1).
pub async fn get_or_post(State(app): State<App>, request: Request) -> Result<Response, OAuthError> {
    let (proof, method) = (dpop::sent(request.headers()), request.method().clone());
    let Some((scheme, text)) = access_token_of(request).await? else {
        return Ok(unauthenticated());
    };
    let refused = |code, cause: &str| refused(scheme, code, cause);
    let Some(active) = active(&app, &text).await? else {
        // Not a secret: whoever sends a JWT can read its header.
        let of_another_kind =
            Jws::parse(&text).is_ok_and(|jws| jws.typ().is_none_or(|typ| !is_typ(typ, access_token::TYP)));
        return Err(refused(
            ErrorCode::InvalidToken,
            if of_another_kind {
                "this JWT is not an access token of this server: send the access_token, not the id_token"
            } else {
                "the access token is malformed, expired or revoked"
            },
        ));
    };
    match (scheme, active.token.bound_to()) {
        (Scheme::Bearer, None) => {}
        (Scheme::Dpop, Some(key)) => {
            dpop::proven_with_token(&app, &proof, (&method, "/userinfo"), &text, key)
                .map_err(|error| refused(error.code(), &error.to_string()))?;
        }
        // RFC 9449 §7.2: "MUST reject a DPoP-bound access token received as a bearer token".
        (Scheme::Bearer, Some(_)) => {
            let cause = "the access token is bound to a key: send it as DPoP, with a proof";
            return Err(refused(ErrorCode::InvalidToken, cause));
        }
        (Scheme::Dpop, None) => {
            let cause = "the access token is bound to no key: send it as Bearer";
            return Err(refused(ErrorCode::InvalidToken, cause));
        }
    }
    let Some(grant) = active.grant.filter(|_| active.token.scope.contains(OPENID)) else {
        return Err(refused(ErrorCode::InsufficientScope, "the access token is not for openid"));
    };
    let Some(user) = app.store.user(&grant.user_id).await?.filter(|user| !user.disabled) else {
        return Err(refused(ErrorCode::InvalidToken, "the user is no more"));
    };
    let client = &active.client;
    let claims = user_claims::in_userinfo(&app, client, &user, &grant, &active.token.scope).await?;
    let answer = answer(&app, client, claims).await?;
    Ok(AnswerFor(client.id.clone()).attach(answer))
}

/// Core §5.3.2: JSON, or, as the client registered it, a JWT that is signed, encrypted, or both.
async fn answer(app: &App, client: &Client, mut claims: Map<String, Value>) -> Result<Response, OAuthError> {
    let (alg, encryption) =
        (client.metadata.userinfo_signed_response_alg, client.metadata.userinfo_encryption());
    if alg.is_none() && encryption.is_none() {
        return Ok(Json(claims).into_response());
    }
    let mut body = match alg {
        // "If signed, the UserInfo Response MUST contain the Claims iss … and aud".
        Some(alg) => {
            claims.insert("iss".to_owned(), json!(app.config.issuer.as_str()));
            claims.insert("aud".to_owned(), json!(client.id));
            claims.insert("iat".to_owned(), json!(app.clock.now()));
            id_token::sign(app, client, alg, USERINFO_TYP, &claims).await?
        }
        None => Value::Object(claims).to_string(),
    };
    if let Some(encryption) = encryption {
        let content_type = alg.map(|_| "JWT");
        body = id_token::encrypt(app, client, encryption, content_type, body.as_bytes()).await?;
    }
    Ok(([(CONTENT_TYPE, "application/jwt"), (CACHE_CONTROL, "no-store")], body).into_response())
}

/// How an access token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// RFC 6750 §2.
    Bearer,
    /// RFC 9449 §7.1.
    Dpop,
}

/// RFC 6750 §3.1: without any authentication information, no error code. RFC 9449 §7.2: with both challenges.
fn unauthenticated() -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let headers = response.headers_mut();
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
    if let Ok(challenge) = HeaderValue::from_str(&challenge(None)) {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request", and never in the
/// address (RFC 9700 §4.3.2).
async fn access_token_of(request: Request) -> Result<Option<(Scheme, String)>, OAuthError> {
    let malformed = |cause: &str| refused(Scheme::Bearer, ErrorCode::InvalidRequest, cause);
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes())
        .map_err(|error| malformed(&error.to_string()))?;
    if query.get("access_token").is_some() {
        return Err(malformed("an access token does not belong into the address"));
    }
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let in_header = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(only), None) => {
            let (scheme, token) = only.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
            let scheme = if scheme.eq_ignore_ascii_case("bearer") {
                Scheme::Bearer
            } else if scheme.eq_ignore_ascii_case(SCHEME) {
                Scheme::Dpop
            } else {
                // RFC 6750 §3.1: another method is as good as none.
                return Ok(None);
            };
            if token.trim().is_empty() {
                return Err(refused(
                    scheme,
                    ErrorCode::InvalidRequest,
                    "the Authorization header holds no token",
                ));
            }
            Some((scheme, token.trim().to_owned()))
        }
        (Some(_), Some(_)) => return Err(malformed("more than one Authorization header")),
    };
    let is_post = request.method() == Method::POST;
    let in_form = match if is_post { FormFields::read(request).await } else { Ok(FormFields::default()) } {
        Ok(form) => form.get("access_token").map(|token| (Scheme::Bearer, token.to_owned())),
        // A body of another type is not ours to read (RFC 6750 §2.2).
        Err(FormError::ContentType(_)) => None,
        Err(error) => return Err(malformed(&error.to_string())),
    };
    match (in_header, in_form) {
        (Some((scheme, _)), Some(_)) => {
            Err(refused(scheme, ErrorCode::InvalidRequest, "the access token is sent in more than one way"))
        }
        (header, form) => Ok(header.or(form)),
    }
}

/// RFC 6750 §3, RFC 9449 §7.1: the error stands in the challenge too, in that of the scheme that was used.
fn refused(scheme: Scheme, code: ErrorCode, cause: &str) -> OAuthError {
    let error = OAuthError::new(code, cause);
    let description = error.description();
    let challenge = match scheme {
        Scheme::Bearer => {
            format!("Bearer realm=\"countersign\", error=\"{code}\", error_description=\"{description}\"")
        }
        Scheme::Dpop => challenge(Some((code, description))),
    };
    let error = error.with_challenge(challenge);
    // RFC 9449 §7.1: "a challenge is made using the 401 (Unauthorized) response status code".
    if code == ErrorCode::InvalidDpopProof { error.with_status(StatusCode::UNAUTHORIZED) } else { error }
}
