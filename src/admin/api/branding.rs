//! `/admin/api/branding`

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth::Administrator;
use super::problem::{Body, Problem, check_if_match, versioned};
use crate::admin::branding::{self, BrandingView};
use crate::app::App;
use crate::branding::BrandingInput;
use crate::store::StoredBranding;

/// How this server looks: what administrators chose, what is shown, and where it comes from.
#[utoipa::path(get, path = "/admin/api/branding", operation_id = "show_branding", tag = "branding",
    responses((status = 200, body = BrandingView)))]
pub async fn show(_: Administrator, State(app): State<App>) -> Result<Response, Problem> {
    Ok(answer(&app, &app.store.branding().await?))
}

/// Replaces what administrators chose; an empty object takes all of it back. Every node shows it within a second.
#[utoipa::path(put, path = "/admin/api/branding", operation_id = "replace_branding", tag = "branding",
    params(("If-Match" = Option<String>, Header, description = "The ETag that was seen")),
    request_body = BrandingInput,
    responses((status = 200, body = BrandingView),
        (status = 412, description = "Changed meanwhile.", body = Problem)))]
pub async fn replace(
    caller: Administrator,
    State(app): State<App>,
    headers: HeaderMap,
    Body(input): Body<BrandingInput>,
) -> Result<Response, Problem> {
    let before = app.store.branding().await?;
    check_if_match(&headers, before.updated_at)?;
    Ok(answer(&app, &branding::change(&app, &caller.origin, &before, &input).await?))
}

fn answer(app: &App, stored: &StoredBranding) -> Response {
    versioned(StatusCode::OK, stored.updated_at, branding::view(app, stored))
}
