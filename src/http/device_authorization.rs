//! `/device_authorization`: where a device without a browser asks for a code to show (RFC 8628 §3.1 and §3.2).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::client_auth::authenticate;
use super::error::OAuthError;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::authn::throttle;
use crate::protocol::authorize::allowed_scope;
use crate::protocol::client::{AuthMethod, Client, GrantType, ResponseType};
use crate::protocol::device::{
    DeviceCode, INTERVAL, LIFETIME, MOST_OF_CLIENT, MOST_WAITING, State as Progress, UserCode,
};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::sealing::Purpose;
use crate::store::{DeviceRequest, MostWaiting, StoreError, Waits};

/// User codes that are tried before giving up: of 25,600 million, 10,000 at most are taken.
const TRIES: usize = 5;

/// When there are too many, some will have expired by then.
const RETRY_WHEN_FULL: u32 = 60;

/// The endpoint.
pub async fn post(
    State(app): State<App>,
    info: RequestInfo,
    request: Request,
) -> Result<Response, OAuthError> {
    let from = authenticate(&app, request).await?;
    let outcome = ask(&app, &info, &from.client, &from.form).await;
    Ok(from.answer("device authorization request", outcome))
}

async fn ask(app: &App, info: &RequestInfo, client: &Client, form: &Params) -> Result<Response, OAuthError> {
    if !client.may_use(GrantType::DeviceCode) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            &format!("the client is not registered for the grant type {}", GrantType::DeviceCode),
        ));
    }
    // As at /authorize for a code.
    let scope = allowed_scope(client, form.get("scope"), ResponseType::Code)
        .map_err(|error| OAuthError::broken(error.code(), &error))?;
    let now = app.clock.now();
    // Whoever proves who they are answers for what they do; others might be anybody.
    if client.metadata.token_endpoint_auth_method == AuthMethod::None {
        let config = &app.config.throttle;
        let wait = throttle::count_device(&app.store, &app.seals, config, info.ip, now).await?;
        if let Some(seconds) = wait {
            return Err(too_many("too many requests of devices from this address; try again later", seconds));
        }
    }
    let most = MostWaiting { of_all: MOST_WAITING, of_client: MOST_OF_CLIENT };
    for _ in 0..TRIES {
        let user_code = UserCode::of_random(app.entropy.bytes());
        let request = DeviceRequest {
            id: app.entropy.ordered_id(&app.clock),
            user_code_hash: app.seals.user_code(user_code.as_str()),
            client_id: client.id.clone(),
            scope: scope.clone(),
            state: Progress::Pending,
            grant_code: String::new(),
            created_at: now,
            expires_at: now.plus(LIFETIME),
        };
        match app.store.insert_device_request(&request, most).await {
            Ok(Waits::Now) => return Ok(answer(&body(app, &request, &user_code)?)),
            Ok(Waits::CodeTaken) => {}
            Ok(Waits::TooMany) => break,
            Err(StoreError::Gone) => {
                return Err(OAuthError::new(ErrorCode::InvalidClient, "the client was deleted meanwhile"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let words =
        "too many devices wait for somebody to decide; try again when some of their codes have expired";
    Err(too_many(words, i64::from(RETRY_WHEN_FULL)))
}

fn too_many(words: &str, seconds: i64) -> OAuthError {
    OAuthError::new(ErrorCode::TemporarilyUnavailable, words)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .with_retry_after(u32::try_from(seconds).unwrap_or(RETRY_WHEN_FULL))
}

/// RFC 8628 §3.2.
fn body(app: &App, request: &DeviceRequest, user_code: &UserCode) -> Result<Value, OAuthError> {
    let device_code = DeviceCode {
        id: request.id.clone(),
        client_id: request.client_id.clone(),
        expires_at: request.expires_at,
    };
    let (issuer, user_code) = (&app.config.issuer, user_code.shown());
    Ok(json!({
        "device_code": app.seals.seal(Purpose::DeviceCode, &device_code, &app.entropy)?,
        "user_code": user_code,
        "verification_uri": issuer.at("/device"),
        "verification_uri_complete": issuer.at(&format!("/device?user_code={user_code}")),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL,
    }))
}

fn answer(body: &Value) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
