//! `/admin/api/keys`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Administrator;
use super::problem::{Body, Path, Problem};
use crate::admin::keys;
use crate::app::App;
use crate::jose::{KeyAlg, KeyView};

/// A key of this server.
#[derive(Serialize, ToSchema)]
pub struct Key {
    /// Its `kid`.
    kid: String,
    /// The algorithm it signs by; `RSA-OAEP-256` or `ECDH-ES` if clients encrypt to it.
    alg: &'static str,
    /// `published`, `active`, `retired`, `gone` or `revoked`.
    state: &'static str,
    /// From when on it signs (Unix seconds); one that clients encrypt to decrypts from the beginning.
    active_from: i64,
}

impl From<KeyView> for Key {
    fn from(key: KeyView) -> Self {
        Self {
            kid: key.kid.to_string(),
            alg: key.alg.as_str(),
            state: key.state.as_str(),
            active_from: key.active_from.0,
        }
    }
}

/// This server's keys.
#[derive(Serialize, ToSchema)]
pub struct KeyList {
    /// By algorithm, in the order in which they were made.
    keys: Vec<Key>,
}

/// This server's keys and where each is in its life.
#[utoipa::path(get, path = "/admin/api/keys", operation_id = "list_keys", tag = "keys",
    responses((status = 200, body = KeyList)))]
pub async fn list(_: Administrator, State(app): State<App>) -> Json<KeyList> {
    Json(KeyList { keys: app.keys.view(app.clock.now()).into_iter().map(Key::from).collect() })
}

/// Which keys to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The algorithm; each of them when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    alg: Option<KeyAlg>,
    /// Sign at once instead of being published first: after a leak.
    #[serde(default)]
    now: bool,
}

/// The keys that were made.
#[derive(Serialize, ToSchema)]
pub struct Rotated {
    /// Their `kid`s; fewer than asked for when another node was first.
    kids: Vec<String>,
}

/// Makes the next key of an algorithm, or of each.
#[utoipa::path(post, path = "/admin/api/keys", operation_id = "rotate_keys", tag = "keys", request_body = Rotation,
    responses((status = 201, body = Rotated)))]
pub async fn rotate(
    caller: Administrator,
    State(app): State<App>,
    Body(wish): Body<Rotation>,
) -> Result<(StatusCode, Json<Rotated>), Problem> {
    let made = keys::rotate(&app, &caller.origin, wish.alg, wish.now).await?;
    let kids = made.iter().map(ToString::to_string).collect();
    Ok((StatusCode::CREATED, Json(Rotated { kids })))
}

/// Revokes a key: nothing that it signed counts any more.
#[utoipa::path(delete, path = "/admin/api/keys/{kid}", operation_id = "revoke_key", tag = "keys",
    params(("kid" = String, Path)), responses((status = 204, description = "Revoked.")))]
pub async fn revoke(
    caller: Administrator,
    State(app): State<App>,
    Path(kid): Path,
) -> Result<StatusCode, Problem> {
    keys::revoke(&app, &caller.origin, &kid).await?;
    Ok(StatusCode::NO_CONTENT)
}
