//! A form that is known to come from a page of ours, in the same browser.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};

use super::FormFields;
use crate::app::App;
use crate::http::browser::Browser;
use crate::http::error::PageError;
use crate::http::session::session_named_by;
use crate::i18n::key;

/// The fields of a form whose `csrf` field, `Origin` and `Sec-Fetch-Site` say that it is ours.
#[derive(Clone, Debug)]
pub struct CheckedForm(pub FormFields);

impl CheckedForm {
    /// Checks a form that was read already.
    ///
    /// # Errors
    /// It came from elsewhere.
    pub fn check(
        app: &App,
        browser: &Browser,
        headers: &HeaderMap,
        form: FormFields,
    ) -> Result<Self, PageError> {
        let token_is_right = form.get("csrf").is_some_and(|token| browser.csrf_is(&app.seals, token));
        if came_from_elsewhere(headers, &app.config.issuer.origin()) || !token_is_right {
            return Err(PageError::forbidden(key("foreign-form"), key("foreign-form-fix")));
        }
        Ok(Self(form))
    }
}

impl FromRequest<App> for CheckedForm {
    type Rejection = PageError;
    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (browser, headers, form) = read(request, app).await?;
        Self::check(app, &browser, &headers, form)
    }
}

/// The fields of a [`CheckedForm`] of a signed-in person's page, which was made in the session that the browser has now: nobody
/// writes into the account of whoever signed in since, in another tab.
#[derive(Clone, Debug)]
pub struct OwnForm(pub FormFields);

impl OwnForm {
    pub(super) fn check(
        app: &App,
        browser: &Browser,
        headers: &HeaderMap,
        form: FormFields,
    ) -> Result<Self, PageError> {
        let CheckedForm(form) = CheckedForm::check(app, browser, headers, form)?;
        let token = form.get("csrf").unwrap_or_default();
        let current = session_named_by(app, headers)
            .is_some_and(|session| browser.csrf_is_of(&app.seals, token, &session));
        if current {
            return Ok(Self(form));
        }
        Err(PageError::new(
            StatusCode::FORBIDDEN,
            key("stale-form-title"),
            key("stale-form"),
            key("stale-form-fix"),
        ))
    }
}

impl FromRequest<App> for OwnForm {
    type Rejection = PageError;
    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (browser, headers, form) = read(request, app).await?;
        Self::check(app, &browser, &headers, form)
    }
}

async fn read(request: Request, app: &App) -> Result<(Browser, HeaderMap, FormFields), PageError> {
    let (mut parts, body) = request.into_parts();
    let browser = match Browser::from_request_parts(&mut parts, app).await {
        Ok(browser) => browser,
        Err(never) => match never {},
    };
    let headers = parts.headers.clone();
    let form = FormFields::read(Request::from_parts(parts, body)).await?;
    Ok((browser, headers, form))
}

/// Browsers say where a request comes from; whoever leaves both headers out is no browser, and still needs the token.
pub(crate) fn came_from_elsewhere(headers: &HeaderMap, our_origin: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    text(ORIGIN.as_str()).is_some_and(|origin| origin != our_origin)
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
