//! `/register`: applications register themselves. RFC 7591 §3, OpenID Connect Registration §3.

use std::net::IpAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::error::OAuthError;
use super::request_info::RequestInfo;
use crate::admin::clients::{self, Issued};
use crate::app::App;
use crate::authn::throttle;
use crate::config::RegistrationMode;
use crate::jose::{ClientKeys, Jws, VerifyError};
use crate::protocol::client::SelfRegistration;
use crate::protocol::error::ErrorCode;
use crate::protocol::registration::{self, Registration, software_statement};
use crate::protocol::secret::sha256_hex;
use crate::store::SelfRegistered;

/// A retry is worth it when others' unused registrations have expired.
const RETRY_WHEN_FULL: u32 = 3600;

/// A new client.
pub async fn post(
    State(app): State<App>,
    info: RequestInfo,
    request: Request,
) -> Result<Response, OAuthError> {
    let permit = may_register(&app, &info, request.headers()).await?;
    let wanted = wanted(&app, read(request).await?)?;
    // The beginning lets scanners recognise a leaked one.
    let access_token = format!("cs_rat_{}", app.entropy.secret());
    let own = SelfRegistration { token_hash: sha256_hex(&access_token), used_at: None };
    let issued = clients::made(&app, wanted, Some(own)).await?;
    let client = &issued.client;
    let detail = format!("{} ({})", client.metadata.client_name, permit.by);
    let audit = app.audit(&info.anonymous(), "client.register", format!("client:{}", client.id), detail);
    let most_unused = app.config.registration.most_unused;
    let outcome =
        app.store.insert_self_registered(client, permit.token_hash.as_deref(), most_unused, &audit).await?;
    match outcome {
        SelfRegistered::Now => answer(&app, StatusCode::CREATED, &issued, &access_token),
        SelfRegistered::TokenRefused => Err(token_refused("the initial access token is expired or used up")),
        SelfRegistered::TooMany => Err(OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "too many clients have registered themselves and were never used; try again when they have expired, or ask \
             an administrator",
        )
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .with_retry_after(RETRY_WHEN_FULL)),
    }
}

/// Leave to register.
struct Permit {
    /// By what, for the audit log.
    by: String,
    /// SHA-256 of the initial access token whose use it costs.
    token_hash: Option<String>,
}

/// May whoever asks register a client (RFC 7591 §3: open, or with an initial access token)?
async fn may_register(app: &App, info: &RequestInfo, headers: &HeaderMap) -> Result<Permit, OAuthError> {
    let now = app.clock.now();
    match app.config.registration.mode {
        // 403 and not 404: no credentials would help, and the developer learns what would.
        RegistrationMode::Off => Err(OAuthError::new(
            ErrorCode::AccessDenied,
            "this server lets no application register itself: its operator can allow it with registration.mode in \
             countersign.toml, or an administrator can register the application",
        )
        .with_status(StatusCode::FORBIDDEN)),
        RegistrationMode::Token => {
            let Some(token) = bearer(headers)? else {
                // RFC 6750 §3.1: without any authentication information, no error code in the challenge.
                return Err(OAuthError::new(
                    ErrorCode::InvalidToken,
                    "registering an application here needs an initial access token, which an administrator can make",
                )
                .with_challenge("Bearer realm=\"countersign\"".to_owned()));
            };
            let token_hash = sha256_hex(token);
            let Some(id) = app.store.live_registration_token(&token_hash, now).await? else {
                return Err(token_refused("the initial access token is unknown, expired or used up"));
            };
            Ok(Permit { by: format!("initial access token {id}"), token_hash: Some(token_hash) })
        }
        RegistrationMode::Open => {
            throttled(app, info.ip).await?;
            Ok(Permit { by: "open".to_owned(), token_hash: None })
        }
    }
}

/// One address registers, and changes what it registered, only so often.
pub(super) async fn throttled(app: &App, address: IpAddr) -> Result<(), OAuthError> {
    let (config, now) = (&app.config.throttle, app.clock.now());
    match throttle::count_registration(&app.store, &app.seals, config, address, now).await? {
        None => Ok(()),
        Some(retry_after) => Err(OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "too many registrations from this address; try again later",
        )
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .with_retry_after(u32::try_from(retry_after).unwrap_or(u32::MAX))),
    }
}

/// RFC 6750 §2.1: the token in the `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => {
            let (scheme, token) = only.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
            // RFC 6750 §3.1: another scheme is as good as none.
            Ok(Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer")))
        }
        (Some(_), Some(_)) => {
            Err(OAuthError::new(ErrorCode::InvalidRequest, "more than one Authorization header"))
        }
    }
}

/// RFC 6750 §3.1.
pub(super) fn token_refused(cause: &str) -> OAuthError {
    let error = OAuthError::new(ErrorCode::InvalidToken, cause);
    let challenge = format!(
        "Bearer realm=\"countersign\", error=\"invalid_token\", error_description=\"{}\"",
        error.description()
    );
    error.with_challenge(challenge)
}

/// RFC 7591 §3.1: "The client sends an HTTP POST … with a content type of application/json": one JSON object.
pub(super) async fn read(request: Request) -> Result<Map<String, Value>, OAuthError> {
    let refused = |cause: &str| OAuthError::new(ErrorCode::InvalidClientMetadata, cause);
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(refused("the body must be application/json"));
    }
    let body =
        Bytes::from_request(request, &()).await.map_err(|_| refused("the body did not arrive whole"))?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(refused("the body must be one JSON object")),
    }
}

/// The registration that was asked for, if it keeps every rule.
pub(super) fn wanted(app: &App, mut members: Map<String, Value>) -> Result<Registration, OAuthError> {
    let statement = match members.remove("software_statement") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            let cause = "software_statement must be a signed JWT";
            return Err(OAuthError::new(ErrorCode::InvalidSoftwareStatement, cause));
        }
    };
    if let Some(text) = &statement {
        members = registration::over_ridden(members, &vouched_for(app, text)?);
    }
    let input = registration::by_itself(&members, app.config.registration.require_pkce)?;
    let mut wanted = registration::check(&input, clients::policy(app))?;
    wanted.metadata.software_statement = statement;
    Ok(wanted)
}

/// What a software statement says (RFC 7591 §2.3), if it is of somebody whom this server believes.
fn vouched_for(app: &App, text: &str) -> Result<Map<String, Value>, OAuthError> {
    let unapproved = |cause: &str| OAuthError::new(ErrorCode::UnapprovedSoftwareStatement, cause);
    let Some(keys) = &app.config.registration.software_statement_keys else {
        return Err(unapproved("this server believes no software statements: leave software_statement out"));
    };
    let invalid = |cause: VerifyError| match cause {
        VerifyError::UnknownKey => unapproved("the software statement is signed by somebody unknown here"),
        cause => {
            let cause = format!("software_statement: {cause}");
            OAuthError::new(ErrorCode::InvalidSoftwareStatement, &cause)
        }
    };
    let statement = Jws::parse(text).map_err(invalid)?;
    let claims: Map<String, Value> = ClientKeys::parse(keys).verify(&statement).map_err(invalid)?;
    software_statement::judge(&claims, app.config.issuer.as_str(), app.clock.now())
        .map_err(|cause| OAuthError::new(ErrorCode::InvalidSoftwareStatement, &cause))?;
    Ok(claims)
}

/// RFC 7591 §3.2.1, RFC 7592 §3: everything that is registered, also what the client did not ask for.
pub(super) fn answer(
    app: &App,
    status: StatusCode,
    issued: &Issued,
    access_token: &str,
) -> Result<Response, OAuthError> {
    let client = &issued.client;
    let metadata = serde_json::to_value(&client.metadata).map_err(|cause| OAuthError::unavailable(&cause))?;
    let Value::Object(mut members) = metadata else {
        return Err(OAuthError::unavailable(&"metadata is no object"));
    };
    // Administrators' matters.
    for internal in ["skip_consent", "least_acr", "accent_color", "introspects_any_token", "localized"] {
        members.remove(internal);
    }
    members.extend(client.metadata.localized.iter().map(|(name, text)| (name.clone(), json!(text))));
    if let Some(secret) = &issued.secret {
        members.insert("client_secret".to_owned(), json!(secret));
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    for (name, value) in [
        ("client_id", json!(client.id)),
        ("client_id_issued_at", json!(client.created_at)),
        ("registration_access_token", json!(access_token)),
        ("registration_client_uri", json!(format!("{}/register/{}", app.config.issuer, client.id))),
    ] {
        members.insert(name.to_owned(), value);
    }
    let mut response = (status, Json(members)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
