//! Providers that speak OAuth 2 and no more: the code flow with PKCE, and a document about who is signed in.

use axum::http::header::{ACCEPT, AUTHORIZATION};
use axum::http::{HeaderValue, Request};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use serde_json::Value;
use url::Url;

use super::{Pending, client_secret, redirect_uri, unanswered, ungranted};
use crate::app::App;
use crate::config::{OAuth2Provider, Upstream};
use crate::protocol::linking::Told;
use crate::protocol::params::Params;
use crate::protocol::upstream::{UpstreamError, code_of};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client(app: &App, upstream: &Upstream, provider: &OAuth2Provider) -> Result<Client, UpstreamError> {
    let address = RedirectUrl::new(redirect_uri(app, &upstream.id))
        .map_err(|error| UpstreamError::NotBelieved(error.to_string()))?;
    let mut client = BasicClient::new(ClientId::new(upstream.client_id.clone()));
    if let Some(secret) = client_secret(app, upstream, provider.token.as_str())? {
        client = client.set_client_secret(secret);
    }
    Ok(client
        .set_auth_type(if provider.secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
        .set_auth_uri(AuthUrl::from_url(provider.authorization.clone()))
        .set_token_uri(TokenUrl::from_url(provider.token.clone()))
        .set_redirect_uri(address))
}

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).
pub(super) fn begin(
    app: &App,
    upstream: &Upstream,
    provider: &OAuth2Provider,
    state: String,
    pending: &Pending,
) -> Result<Url, UpstreamError> {
    let client = client(app, upstream, provider)?;
    let verifier = PkceCodeVerifier::new(pending.verifier.clone());
    let request = client
        .authorize_url(move || CsrfToken::new(state))
        .add_scopes(upstream.scopes.iter().map(|scope| Scope::new(scope.clone())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    let request =
        if upstream.form_post { request.add_extra_param("response_mode", "form_post") } else { request };
    let (address, _) = request.url();
    Ok(address)
}

/// Exchanges the code and asks who it is about.
pub(super) async fn finish(
    app: &App,
    upstream: &Upstream,
    provider: &OAuth2Provider,
    pending: &Pending,
    answer: &Params,
) -> Result<Told, UpstreamError> {
    let code = code_of(answer, None, false)?;
    let http = |request| {
        let outgoing = app.outgoing.clone();
        async move { outgoing.exchange(request).await }
    };
    let tokens = client(app, upstream, provider)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
        .request_async(&http)
        .await
        .map_err(ungranted)?;
    let token = tokens.access_token().secret();
    let document = ask(app, &provider.userinfo, token).await?;
    let names = &provider.claims;
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut told = Told {
        subject: match document.get(&names.subject) {
            Some(Value::String(subject)) => subject.clone(),
            // Of a number that is not whole, several might look the same.
            Some(Value::Number(subject)) if subject.is_i64() || subject.is_u64() => subject.to_string(),
            _ => return Err(UpstreamError::NotBelieved(format!("its document has no {}", names.subject))),
        },
        email: text(&names.email),
        email_verified: document.get(&names.email_verified).and_then(Value::as_bool) == Some(true),
        name: text(&names.name),
        username: text(&names.username),
        auth_time: None,
    };
    if let Some(emails) = &provider.emails {
        let list = ask(app, emails, token).await?;
        let primary = list
            .as_array()
            .and_then(|list| list.iter().find(|entry| entry.get("primary") == Some(&Value::Bool(true))));
        told.email = primary.and_then(|entry| entry.get("email")?.as_str()).map(str::to_owned);
        told.email_verified = primary.and_then(|entry| entry.get("verified")?.as_bool()) == Some(true);
    }
    Ok(told)
}

/// A document that the token opens (RFC 6750 §2.1).
async fn ask(app: &App, address: &Url, token: &str) -> Result<Value, UpstreamError> {
    let unusable = |what: &str| UpstreamError::NotBelieved(format!("{address}: {what}"));
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| unusable("the access token is none"))?;
    bearer.set_sensitive(true);
    let request = Request::get(address.as_str())
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, bearer)
        .body(Vec::new())
        .map_err(|_| unusable("cannot be asked"))?;
    let answer = app.outgoing.exchange(request).await.map_err(unanswered)?;
    if !answer.status().is_success() {
        return Err(unusable(&format!("status {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|_| unusable("no JSON"))
}
