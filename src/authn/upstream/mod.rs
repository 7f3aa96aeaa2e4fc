//! Upstream providers: people sign in with an account elsewhere. This server is their relying party, by the `openidconnect`
//! and `oauth2` crates; every request goes through the guarded client.

mod examine;
mod oauth2;
mod openid_connect;
mod registry;

use std::time::Duration;

use ::oauth2::ClientSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{Check, SignInError};
use crate::app::App;
use crate::config::{Upstream, UpstreamProtocol, UpstreamSecret};
use crate::entropy::Entropy;
use crate::outgoing::FetchError;
use crate::protocol::linking::Identity;
use crate::protocol::params::Params;
use crate::protocol::sign_in::Method;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::upstream::UpstreamError;
use crate::protocol::user::User;

pub use self::examine::{Examined, Looked, examine};
pub use self::registry::{Providers, Registry, Standing};

/// A signed secret is made for one request.
const SECRET_WORKS_FOR: Duration = Duration::from_mins(5);

/// What ties an answer to its request. Travels sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// OpenID Connect Core §3.1.2.1.
    nonce: String,
    /// RFC 7636 §4.1.
    verifier: String,
    /// Since when its user is to have signed in there once more.
    #[serde(default)]
    anew_since: Option<Timestamp>,
}

impl Pending {
    /// For a new request. With a time, the provider is to have its user sign in once more.
    #[must_use]
    pub fn new(entropy: &Entropy, anew_since: Option<Timestamp>) -> Self {
        Self { nonce: entropy.secret(), verifier: entropy.secret(), anew_since }
    }

    /// Since when its user is to have signed in there once more.
    #[must_use]
    pub fn anew_since(&self) -> Option<Timestamp> {
        self.anew_since
    }
}

/// Where the provider sends the browser back to; to be registered there.
#[must_use]
pub fn redirect_uri(app: &App, upstream: &str) -> String {
    app.config.issuer.at(&format!("/upstream/{upstream}/callback"))
}

/// Where to send the browser.
///
/// # Errors
/// The provider cannot be asked where that is.
pub async fn begin(
    app: &App,
    upstream: &Upstream,
    state: String,
    pending: &Pending,
) -> Result<Url, UpstreamError> {
    match &upstream.protocol {
        UpstreamProtocol::OpenIdConnect { issuer } => {
            openid_connect::begin(app, upstream, issuer, state, pending).await
        }
        UpstreamProtocol::OAuth2(provider) => oauth2::begin(app, upstream, provider, state, pending),
    }
}

/// What this server shows the provider as its secret, where it has one there. `audience` is the provider's issuer.
fn client_secret(
    app: &App,
    upstream: &Upstream,
    audience: &str,
) -> Result<Option<ClientSecret>, UpstreamError> {
    Ok(match &upstream.client_secret {
        None => None,
        Some(UpstreamSecret::Text(text)) => Some(ClientSecret::new(text.to_string())),
        Some(UpstreamSecret::Signed(signed)) => {
            let now = app.clock.now();
            // Apple's names for what RFC 7523 §3 asks for; it takes half a year at most.
            let claims = json!({
                "iss": signed.team_id, "sub": upstream.client_id, "aud": audience,
                "iat": now.0, "exp": now.plus(SECRET_WORKS_FOR).0,
            });
            let token = signed.key.sign("JWT", &claims);
            Some(ClientSecret::new(token.map_err(|error| UpstreamError::NotBelieved(error.to_string()))?))
        }
    })
}

/// Who came back from a provider.
pub struct CameBack {
    /// Who.
    pub identity: Identity,
    /// When they signed in there, if it says so.
    pub auth_time: Option<Timestamp>,
}

/// Who signed in there, by the answer that the browser brings.
///
/// # Errors
/// Nobody did, or nobody knows.
pub async fn finish(
    app: &App,
    upstream: &Upstream,
    pending: &Pending,
    answer: &Params,
) -> Result<CameBack, UpstreamError> {
    let told = match &upstream.protocol {
        UpstreamProtocol::OpenIdConnect { issuer } => {
            openid_connect::finish(app, upstream, issuer, pending, answer).await?
        }
        UpstreamProtocol::OAuth2(provider) => {
            oauth2::finish(app, upstream, provider, pending, answer).await?
        }
    };
    let auth_time = told.auth_time;
    let identity = Identity::of(&upstream.id, told)
        .ok_or_else(|| UpstreamError::NotBelieved("the subject is none".to_owned()))?;
    Ok(CameBack { identity, auth_time })
}

/// An identity that a provider vouched for just now, as proof of the user whose it is.
pub struct Vouched<'a>(pub &'a Identity);

impl Check for Vouched<'_> {
    fn method(&self) -> Method {
        Method::Upstream
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let Some(user) = user else { return Ok(false) };
        let Identity { upstream, subject, .. } = self.0;
        Ok(app.store.use_identity(&user.id, upstream, subject, app.clock.now()).await?)
    }
}

/// A request that failed before its answer could be judged.
fn unanswered(error: FetchError) -> UpstreamError {
    match error {
        FetchError::TooLarge
        | FetchError::Compressed
        | FetchError::NotJson
        | FetchError::NotAnImage
        | FetchError::Redirect(_) => UpstreamError::NotBelieved(format!("it {error}")),
        _ => UpstreamError::Unreachable(format!("it {error}")),
    }
}

/// A token request that came to nothing.
fn ungranted<T: ::oauth2::ErrorResponse + 'static>(
    error: ::oauth2::RequestTokenError<FetchError, T>,
) -> UpstreamError {
    match error {
        ::oauth2::RequestTokenError::Request(error) => unanswered(error),
        ::oauth2::RequestTokenError::ServerResponse(error) => UpstreamError::Refused(error.to_string()),
        other => UpstreamError::NotBelieved(other.to_string()),
    }
}
