//! Providers that speak OpenID Connect: discovery, the code flow with PKCE, and an ID token that is checked.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims,
    CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError, TokenResponse as _, UserInfoError,
};
use serde_json::Value;
use url::Url;

use super::{Pending, client_secret, redirect_uri, unanswered, ungranted};
use crate::app::App;
use crate::config::Upstream;
use crate::outgoing::Freshness;
use crate::protocol::linking::Told;
use crate::protocol::params::Params;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::upstream::{UpstreamError, code_of};

/// Signatures that are believed: those of keys that the provider alone has. A secret that two know proves less, and `none`
/// proves nothing (RFC 8725 §3.1).
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Its documentation names `none`, `consent` and `select_account` as values of `prompt`.
const GOOGLE: &str = "https://accounts.google.com";

/// For how many seconds a provider's clock may be ahead of ours.
const CLOCK_SKEW: i64 = 120;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider's metadata as it was published, and what of it the crate does not read.
struct Discovered {
    metadata: CoreProviderMetadata,
    /// RFC 9207 §3.
    always_names_itself: bool,
    /// May it be asked with `prompt=login`?
    knows_login: bool,
}

/// Where a provider's metadata are (OpenID Connect Discovery §4).
pub(super) fn metadata_address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Metadata is kept like every document, so that it costs a request in five minutes at most.
async fn discover(app: &App, issuer: &str) -> Result<Discovered, UpstreamError> {
    let address = metadata_address(issuer);
    let document = app.outgoing.json(&address, Freshness::Any).await.map_err(unanswered)?;
    let metadata: CoreProviderMetadata = serde_json::from_value(Value::clone(&document))
        .map_err(|error| UpstreamError::NotBelieved(format!("its metadata: {error}")))?;
    // OpenID Connect Discovery §4.3: "MUST be identical to the Issuer URL that was used as the prefix".
    if metadata.issuer().as_str() != issuer {
        return Err(UpstreamError::NotBelieved("its metadata names another issuer".to_owned()));
    }
    let always_names_itself =
        document.get("authorization_response_iss_parameter_supported").and_then(Value::as_bool) == Some(true);
    // Initiating User Registration §3. Google, which does not publish it, refuses a value that it does not know.
    let knows_login = match document.get("prompt_values_supported").and_then(Value::as_array) {
        Some(values) => values.iter().any(|value| value == "login"),
        None => issuer != GOOGLE,
    };
    Ok(Discovered { metadata, always_names_itself, knows_login })
}

/// The crate's client for a provider with these keys.
fn client(
    app: &App,
    upstream: &Upstream,
    metadata: &CoreProviderMetadata,
    keys: CoreJsonWebKeySet,
) -> Result<Client, UpstreamError> {
    let address = RedirectUrl::new(redirect_uri(app, &upstream.id))
        .map_err(|error| UpstreamError::NotBelieved(error.to_string()))?;
    let secret = client_secret(app, upstream, metadata.issuer().as_str())?;
    // OpenID Connect Discovery §3: "If omitted, the default is client_secret_basic".
    let basic = metadata
        .token_endpoint_auth_methods_supported()
        .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
    Ok(CoreClient::from_provider_metadata(
        metadata.clone().set_jwks(keys),
        ClientId::new(upstream.client_id.clone()),
        secret,
    )
    .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
    .set_redirect_uri(address))
}

/// An authorization request (Core §3.1.2.1).
pub(super) async fn begin(
    app: &App,
    upstream: &Upstream,
    issuer: &str,
    state: String,
    pending: &Pending,
) -> Result<Url, UpstreamError> {
    let Discovered { metadata, knows_login, .. } = discover(app, issuer).await?;
    let client = client(app, upstream, &metadata, CoreJsonWebKeySet::default())?;
    let nonce = Nonce::new(pending.nonce.clone());
    let verifier = PkceCodeVerifier::new(pending.verifier.clone());
    let request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(state),
            move || nonce,
        )
        .add_scopes(upstream.scopes.iter().map(|scope| Scope::new(scope.clone())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    let request =
        if upstream.form_post { request.add_extra_param("response_mode", "form_post") } else { request };
    // Both: Microsoft knows no `max_age`, and `prompt` alone leaves no trace in the ID token (Core §3.1.2.1, §15.1).
    let request = if pending.anew_since.is_some() {
        let request = request.set_max_age(Duration::ZERO);
        if knows_login { request.add_prompt(CoreAuthPrompt::Login) } else { request }
    } else {
        request
    };
    let (address, _, _) = request.url();
    Ok(address)
}

/// Exchanges the code, checks the ID token, and asks `UserInfo` for an address that the token does not hold (Core §3.1.3, §5.3).
pub(super) async fn finish(
    app: &App,
    upstream: &Upstream,
    issuer: &str,
    pending: &Pending,
    answer: &Params,
) -> Result<Told, UpstreamError> {
    let Discovered { metadata, always_names_itself, .. } = discover(app, issuer).await?;
    let code = code_of(answer, Some(issuer), always_names_itself)?;
    let keys = keys(app, &metadata, Freshness::Any).await?;
    let with_keys = |keys: &Value| client(app, upstream, &metadata, key_set(keys)?);
    let mut client = with_keys(&keys)?;
    let http = |request| {
        let outgoing = app.outgoing.clone();
        async move { outgoing.exchange(request).await }
    };
    let tokens = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(|error| UpstreamError::NotBelieved(format!("its metadata: {error}")))?
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
        .request_async(&http)
        .await
        .map_err(ungranted)?;
    let id_token =
        tokens.id_token().ok_or_else(|| UpstreamError::NotBelieved("there is no ID token".to_owned()))?;
    let token = tokens.access_token();
    let checked = match check(app, &client, id_token, token, &pending.nonce) {
        // It may sign with a key that is newer than our copy of its keys.
        Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
            let newer = self::keys(app, &metadata, Freshness::NewerThan(keys)).await?;
            client = with_keys(&newer)?;
            check(app, &client, id_token, token, &pending.nonce)
        }
        checked => checked,
    };
    let claims = checked.map_err(|error| UpstreamError::NotBelieved(format!("the ID token: {error}")))?;
    let mut told = Told {
        subject: claims.subject().to_string(),
        email: claims.email().map(|email| email.to_string()),
        email_verified: claims.email_verified().unwrap_or(false),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        username: claims.preferred_username().map(|name| name.to_string()),
        auth_time: claims.auth_time().map(|at| Timestamp(at.timestamp())),
    };
    if told.email.is_none() && metadata.userinfo_endpoint().is_some() {
        let request = client
            .user_info(token.clone(), Some(claims.subject().clone()))
            .map_err(|error| UpstreamError::NotBelieved(format!("its metadata: {error}")))?;
        let more: CoreUserInfoClaims = request.request_async(&http).await.map_err(|error| match error {
            UserInfoError::Request(error) => unanswered(error),
            error => UpstreamError::NotBelieved(format!("UserInfo: {error}")),
        })?;
        told.email = more.email().map(|email| email.to_string());
        told.email_verified = more.email_verified().unwrap_or(false);
        told.name =
            told.name.or_else(|| more.name().and_then(|name| name.get(None)).map(|name| name.to_string()));
        told.username = told.username.or_else(|| more.preferred_username().map(|name| name.to_string()));
    }
    if upstream.form_post {
        told.name = told.name.or_else(|| name_beside(answer));
    }
    Ok(told)
}

/// Apple tells the name beside its first answer, unsigned: whoever brings it could call themselves anything here anyway.
fn name_beside(answer: &Params) -> Option<String> {
    let user: Value = serde_json::from_str(answer.get("user")?).ok()?;
    let part = |name: &str| Some(user.get("name")?.get(name)?.as_str()?.trim().to_owned());
    let parts: Vec<String> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
    let name = parts.join(" ").trim().to_owned();
    (!name.is_empty()).then_some(name)
}

async fn keys(
    app: &App,
    metadata: &CoreProviderMetadata,
    freshness: Freshness<Value>,
) -> Result<Arc<Value>, UpstreamError> {
    app.outgoing.json(metadata.jwks_uri().as_str(), freshness).await.map_err(unanswered)
}

fn key_set(keys: &Value) -> Result<CoreJsonWebKeySet, UpstreamError> {
    serde_json::from_value(keys.clone())
        .map_err(|error| UpstreamError::NotBelieved(format!("its keys: {error}")))
}

/// Core §3.1.3.7, by the crate; what it leaves to its caller is `azp`, `iat` and `at_hash`.
fn check<'t>(
    app: &App,
    client: &Client,
    id_token: &'t CoreIdToken,
    access_token: &AccessToken,
    nonce: &str,
) -> Result<&'t CoreIdTokenClaims, ClaimsVerificationError> {
    let now = DateTime::<Utc>::from_timestamp(app.clock.now().0, 0).unwrap_or_default();
    let newest = now + TimeDelta::seconds(CLOCK_SKEW);
    let in_time = move |issued| {
        if issued <= newest { Ok(()) } else { Err("the ID token is issued in the future".to_owned()) }
    };
    let verifier: CoreIdTokenVerifier<'_> = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(in_time);
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    if claims.authorized_party().is_some_and(|party| *party != *client.client_id()) {
        return Err(ClaimsVerificationError::InvalidAudience("azp is another client".to_owned()));
    }
    if let Some(expected) = claims.access_token_hash() {
        let wrong = |error: String| ClaimsVerificationError::Other(format!("at_hash: {error}"));
        let algorithm = id_token.signing_alg().map_err(ClaimsVerificationError::SignatureVerification)?;
        let key = id_token.signing_key(&verifier).map_err(ClaimsVerificationError::SignatureVerification)?;
        let actual = AccessTokenHash::from_token(access_token, algorithm, key)
            .map_err(|error| wrong(error.to_string()))?;
        if actual != *expected {
            return Err(wrong("is another token's".to_owned()));
        }
    }
    Ok(claims)
}
