//! OpenID Connect from the relying party's side, by the `openidconnect` crate.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreUserInfoClaims};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, CsrfToken, EndSessionUrl, HttpRequest, HttpResponse,
    IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse as _,
};
use serde_json::Value;
use url::Url;

use super::Settings;

/// The provider starts at the same time: how often, and how long apart, it is looked for.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(300);

/// No answer of the provider takes longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The provider, as the application is set up for it.
pub(super) struct Provider {
    http: Http,
    issuer: IssuerUrl,
    client_id: ClientId,
    redirect_uri: RedirectUrl,
    post_logout_redirect_uri: PostLogoutRedirectUrl,
}

/// A sign-in that was begun.
pub(super) struct Begun {
    /// Where to send the browser.
    pub(super) address: Url,
    /// What to remember until it comes back.
    pub(super) pending: Pending,
}

/// What ties an authorization response to the request.
pub(super) struct Pending {
    pub(super) state: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Who signed in, by tokens that were checked.
#[derive(Default)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) id_token: String,
    pub(super) header_json: String,
    pub(super) claims_json: String,
    pub(super) userinfo_json: String,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: String,
    pub(super) description: String,
}

impl Refused {
    pub(super) fn new(error: &str, description: impl Into<String>) -> Self {
        Self { error: error.to_owned(), description: description.into() }
    }

    /// The provider's answer could not be used.
    fn because(error: &str, what: &str, cause: &dyn std::error::Error) -> Self {
        tracing::warn!(error, %cause, "the demo and the provider do not understand each other");
        Self::new(error, format!("{what}: {cause}"))
    }
}

impl Provider {
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            http: Http(
                reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .timeout(ANSWER_WITHIN)
                    .no_proxy()
                    .build()
                    .context("the demo application has no HTTP client")?,
            ),
            issuer: IssuerUrl::new(settings.issuer.clone())?,
            client_id: ClientId::new(settings.client_id.clone()),
            redirect_uri: RedirectUrl::new(settings.redirect_uri())?,
            post_logout_redirect_uri: PostLogoutRedirectUrl::new(settings.post_logout_redirect_uri())?,
        })
    }

    /// Makes an authorization request (OpenID Connect Core §3.1.2.1).
    pub(super) async fn begin(&self) -> Result<Begun, Refused> {
        let client = CoreClient::from_provider_metadata(self.discover().await?, self.client_id.clone(), None)
            .set_redirect_uri(self.redirect_uri.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun { address, pending: Pending { state: state.into_secret(), nonce, verifier } })
    }

    /// Exchanges the code, checks the ID token and asks for `UserInfo` (OpenID Connect Core §3.1.3, §5.3).
    pub(super) async fn finish(&self, pending: Pending, code: String) -> Result<Identity, Refused> {
        let client = CoreClient::from_provider_metadata(self.discover().await?, self.client_id.clone(), None)
            .set_redirect_uri(self.redirect_uri.clone());
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| {
                Refused::because("no_token_endpoint", "The provider has no token endpoint", &error)
            })?
            .set_pkce_verifier(pending.verifier)
            .request_async(&self.http)
            .await
            .map_err(|error| {
                Refused::because("code_refused", "The code was not exchanged for tokens", &error)
            })?;
        let id_token =
            tokens.id_token().ok_or_else(|| Refused::new("no_id_token", "The provider sent no ID token."))?;
        let claims = id_token.claims(&client.id_token_verifier(), &pending.nonce).map_err(|error| {
            Refused::because("id_token_refused", "The ID token does not check out", &error)
        })?;
        let userinfo: CoreUserInfoClaims = client
            .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|error| {
                Refused::because("no_userinfo_endpoint", "The provider has no UserInfo endpoint", &error)
            })?
            .request_async(&self.http)
            .await
            .map_err(|error| Refused::because("userinfo_refused", "UserInfo was not answered", &error))?;
        let id_token = id_token.to_string();
        let userinfo = serde_json::to_value(&userinfo).unwrap_or_default();
        Ok(Identity {
            name: ["name", "preferred_username", "sub"]
                .iter()
                .find_map(|claim| userinfo.get(claim)?.as_str())
                .unwrap_or_default()
                .to_owned(),
            header_json: part_of_jws(&id_token, 0),
            claims_json: part_of_jws(&id_token, 1),
            userinfo_json: indented(&userinfo),
            id_token,
        })
    }

    /// Where to send the browser to sign out there too.
    pub(super) async fn sign_out_address(&self, id_token: &str, state: String) -> Result<Url, Refused> {
        let endpoint: Option<EndSessionUrl> =
            self.discover().await?.additional_metadata().end_session_endpoint.clone();
        let id_token: Option<CoreIdToken> = id_token.parse().ok();
        endpoint
            .zip(id_token)
            .map(|(endpoint, id_token)| {
                LogoutRequest::from(endpoint)
                    .set_id_token_hint(&id_token)
                    .set_client_id(self.client_id.clone())
                    .set_post_logout_redirect_uri(self.post_logout_redirect_uri.clone())
                    .set_state(CsrfToken::new(state))
                    .http_get_url()
            })
            .ok_or_else(|| {
                Refused::new("no_logout", "You are signed out here, but the provider cannot be told.")
            })
    }

    /// The provider's metadata and keys, as they are now.
    async fn discover(&self) -> Result<ProviderMetadataWithLogout, Refused> {
        let mut tries = 0;
        loop {
            tries += 1;
            match ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) if tries == TRIES => {
                    return Err(Refused::because(
                        "provider_unreachable",
                        "The provider does not answer",
                        &error,
                    ));
                }
                Err(_) => tokio::time::sleep(BETWEEN_TRIES).await,
            }
        }
    }
}

/// The application's HTTP client, as the `openidconnect` crate wants one.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async {
            let answer = self.0.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

/// Header (0) or claims (1) of a compact JWS that was verified, to be looked at.
fn part_of_jws(token: &str, index: usize) -> String {
    let decoded = token.split('.').nth(index).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let value: Option<Value> = decoded.and_then(|json| serde_json::from_slice(&json).ok());
    indented(&value.unwrap_or_default())
}

fn indented(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
impl Pending {
    pub(super) fn for_tests(state: &str) -> Self {
        Self {
            state: state.to_owned(),
            nonce: Nonce::new("nonce".to_owned()),
            verifier: PkceCodeVerifier::new("verifier".to_owned()),
        }
    }
}
