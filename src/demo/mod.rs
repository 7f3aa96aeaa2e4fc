//! The demonstration application: another product, on another origin, which people sign in to with Countersign. It
//! shares the listener's edge and the pages with the provider, but what it knows comes over HTTP alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use self::provider::{Provider, Refused};
use self::sessions::{Sessions, SignedIn};
use crate::entropy::Entropy;
use crate::http::{assets, edge};
use crate::pages::{DemoClaims, DemoCredentials, DemoHome, DemoProblem};
use crate::protocol::secret::same_secret;

mod provider;
mod sessions;

/// Cookies do not know ports, so this one must not be called like one of the provider's.
const COOKIE_NAME: &str = "acme_notes";

/// What the application is told when it is installed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom it signs people in with.
    pub issuer: String,
    /// Its own origin.
    pub origin: String,
    /// Its name at the provider; it is a public client.
    pub client_id: String,
    /// A user to try it with.
    pub try_with: Option<(String, String)>,
}

impl Settings {
    /// Where it wants authorization responses.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Where a sign-in begins that the provider sets off (OpenID Connect Core §4).
    #[must_use]
    pub fn initiate_login_uri(&self) -> String {
        format!("{}/login", self.origin)
    }

    /// Where it wants browsers after sign-out.
    #[must_use]
    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}/", self.origin)
    }
}

#[derive(Clone)]
struct Demo(Arc<Inner>);

struct Inner {
    settings: Settings,
    provider: Provider,
    sessions: Mutex<Sessions>,
    entropy: Entropy,
}

impl Demo {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        // Sessions are only ever replaced whole, so a panic elsewhere leaves them usable.
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The application.
///
/// # Errors
/// No HTTP client can be made on this machine.
pub fn router(settings: Settings, entropy: Entropy) -> anyhow::Result<Router> {
    // Chromium applies form-action to the redirect that follows the sign-out form.
    let policy = HeaderValue::try_from(format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' {}",
        settings.issuer
    ))?;
    let demo = Demo(Arc::new(Inner {
        provider: Provider::new(&settings)?,
        settings,
        sessions: Mutex::default(),
        entropy,
    }));
    Ok(Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", post(logout))
        .route("/assets/{name}", get(assets::of_the_product))
        .with_state(demo)
        .layer(from_fn(move |request: Request, next: Next| {
            let policy = policy.clone();
            async move {
                let mut response = next.run(request).await;
                let headers = response.headers_mut();
                headers.insert(CONTENT_SECURITY_POLICY, policy);
                edge::add_security_headers(headers, false);
                response
            }
        })))
}

async fn home(State(demo): State<Demo>, headers: HeaderMap) -> Response {
    let issuer = demo.0.settings.issuer.clone();
    match session_id(&headers).and_then(|id| demo.sessions().signed_in(id)) {
        Some(user) => page(&DemoClaims {
            issuer,
            name: user.name.clone(),
            csrf: user.csrf.clone(),
            id_token_header_json: user.id_token_header_json.clone(),
            claims_json: user.claims_json.clone(),
            userinfo_json: user.userinfo_json.clone(),
        }),
        None => page(&DemoHome {
            issuer,
            try_with: demo
                .0
                .settings
                .try_with
                .clone()
                .map(|(username, password)| DemoCredentials { username, password }),
        }),
    }
}

async fn login(State(demo): State<Demo>, headers: HeaderMap) -> Response {
    match demo.0.provider.begin().await {
        Ok(begun) => {
            let location = begun.address.to_string();
            let id = demo.sessions().remember(session_id(&headers), begun.pending, &demo.0.entropy);
            (keep(&id), redirect(&location)).into_response()
        }
        Err(refused) => problem(&refused),
    }
}

/// An authorization response (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn callback(State(demo): State<Demo>, headers: HeaderMap, Query(answer): Query<Answer>) -> Response {
    let pending = answer
        .state
        .as_deref()
        .zip(session_id(&headers))
        .and_then(|(state, id)| demo.sessions().take_pending(id, state));
    let Some(pending) = pending else {
        return problem(&Refused::new(
            "unknown_state",
            "This answer does not belong to a sign-in that this browser began here. Start again.",
        ));
    };
    if answer.iss.as_deref() != Some(demo.0.settings.issuer.as_str()) {
        return problem(&Refused::new("wrong_issuer", "This answer comes from another provider."));
    }
    if let Some(error) = answer.error {
        let description = answer.error_description.unwrap_or_else(|| "You were not signed in.".to_owned());
        return problem(&Refused::new(&error, description));
    }
    let Some(code) = answer.code else {
        return problem(&Refused::new("no_code", "The answer holds neither a code nor an error."));
    };
    match demo.0.provider.finish(pending, code).await {
        Ok(identity) => {
            let user = SignedIn::new(identity, &demo.0.entropy);
            let id = demo.sessions().sign_in(session_id(&headers), user, &demo.0.entropy);
            (keep(&id), redirect("/")).into_response()
        }
        Err(refused) => problem(&refused),
    }
}

#[derive(Deserialize)]
struct SignOut {
    csrf: String,
}

/// OpenID Connect RP-Initiated Logout §2.
async fn logout(State(demo): State<Demo>, headers: HeaderMap, Form(form): Form<SignOut>) -> Response {
    let Some(id) = session_id(&headers) else { return redirect("/") };
    let user = {
        let mut sessions = demo.sessions();
        match sessions.signed_in(id) {
            Some(user) if same_secret(&user.csrf, &form.csrf) => sessions.end(id),
            Some(_) => return (StatusCode::FORBIDDEN, "This form is not from this page.").into_response(),
            None => None,
        }
    };
    let Some(user) = user else { return redirect("/") };
    match demo.0.provider.sign_out_address(&user.id_token, demo.0.entropy.secret()).await {
        Ok(address) => redirect(address.as_str()),
        // Signed out here all the same.
        Err(refused) => problem(&refused),
    }
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

fn keep(id: &str) -> [(axum::http::HeaderName, String); 1] {
    [(SET_COOKIE, format!("{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Lax"))]
}

fn redirect(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, location.to_owned())]).into_response()
}

fn page(page: &impl Template) -> Response {
    page.render()
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |html| Html(html).into_response())
}

fn problem(refused: &Refused) -> Response {
    tracing::info!(error = refused.error, "the demo did not sign anybody in");
    page(&DemoProblem { error: refused.error.clone(), description: refused.description.clone() })
}
