//! Is a provider well, as far as that shows without anybody signing in? Asks it anew, past every kept copy.

use axum::http::Request;
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

use super::openid_connect::{ALGORITHMS, metadata_address};
use crate::app::App;
use crate::config::{OAuth2Provider, Upstream, UpstreamProtocol};
use crate::outgoing::FetchError;

/// What is repeated of a provider's words, in characters.
const LONGEST_QUOTE: usize = 200;

/// What was found out about a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Examined {
    /// Can people sign in with it, as far as that can be told? Whether the client id and the secret are right, the first
    /// sign-in shows.
    pub good: bool,
    /// What was looked at, in the order of a sign-in, up to what stands in its way.
    pub findings: Vec<Looked>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Looked {
    /// What.
    pub check: &'static str,
    /// Is it as it should be?
    pub good: bool,
    /// What was found, and where it is wrong what would be right.
    pub found: String,
}

#[derive(Default)]
struct Findings(Vec<Looked>);

impl Findings {
    fn good(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Looked { check, good: true, found: found.into() });
    }

    fn bad(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Looked { check, good: false, found: found.into() });
    }
}

/// Looks at a provider, by requests that anybody could make.
pub async fn examine(app: &App, upstream: &Upstream) -> Examined {
    let mut findings = Findings::default();
    match &upstream.protocol {
        UpstreamProtocol::OpenIdConnect { issuer } => {
            openid_connect(app, issuer, &upstream.scopes, &mut findings).await;
        }
        UpstreamProtocol::OAuth2(provider) => oauth2(app, provider, &mut findings).await,
    }
    Examined { good: findings.0.iter().all(|one| one.good), findings: findings.0 }
}

/// As another wrote it: short, and on one line.
fn quoted(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_QUOTE).collect();
    format!("{text:?}")
}

async fn openid_connect(app: &App, issuer: &str, scopes: &[String], findings: &mut Findings) {
    let address = metadata_address(issuer);
    let document = match app.outgoing.get(&address).await {
        Ok(document) => document,
        Err(error) => return findings.bad("discovery", format!("{address} {error}")),
    };
    let Ok(document) = serde_json::from_slice::<Value>(&document) else {
        return findings.bad("discovery", format!("{address} is not JSON"));
    };
    findings.good("discovery", format!("{address} answers"));
    match document.get("issuer").and_then(Value::as_str) {
        Some(told) if told == issuer => findings.good("issuer", issuer),
        // OpenID Connect Discovery §4.3.
        Some(told) => findings.bad(
            "issuer",
            format!(
                "it calls itself {}, and here stands {}: they must be the same, to the last character",
                quoted(told),
                quoted(issuer)
            ),
        ),
        None => findings.bad("issuer", "its discovery document names no issuer"),
    }
    let mut addresses = true;
    for check in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        match document.get(check).and_then(Value::as_str) {
            None => {
                addresses = false;
                findings.bad(check, format!("its discovery document has no {check}"));
            }
            // The browser goes to the first by itself, wherever that is.
            Some(told) if check == "authorization_endpoint" => {
                if Url::parse(told).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
                    findings.good(check, told);
                } else {
                    addresses = false;
                    findings.bad(check, format!("{} is no address", quoted(told)));
                }
            }
            Some(told) => match app.outgoing.may(told) {
                Ok(()) => findings.good(check, told),
                Err(error) => {
                    addresses = false;
                    findings.bad(check, format!("{} {error}", quoted(told)));
                }
            },
        }
    }
    if !addresses {
        return;
    }
    let metadata = match serde_json::from_value::<CoreProviderMetadata>(document) {
        Ok(metadata) => metadata,
        Err(error) => {
            let what = format!("its discovery document cannot be used: {}", quoted(&error.to_string()));
            return findings.bad("discovery", what);
        }
    };
    if !metadata.id_token_signing_alg_values_supported().iter().any(|alg| ALGORITHMS.contains(alg)) {
        findings.bad(
            "ID token",
            "it signs ID tokens by no algorithm that is believed here (such as ES256, RS256)",
        );
    }
    if let Some(known) = metadata.scopes_supported() {
        let missing: Vec<&str> = scopes
            .iter()
            .map(String::as_str)
            .filter(|scope| !known.iter().any(|known| known.as_str() == *scope))
            .collect();
        if !missing.is_empty() {
            // Not an error: what is published need not be all.
            findings.good("scopes", format!("it does not publish that it knows {}", missing.join(", ")));
        }
    }
    let address = metadata.jwks_uri().as_str();
    match app.outgoing.get(address).await {
        Err(error) => findings.bad("keys", format!("{address} {error}")),
        Ok(keys) => match serde_json::from_slice::<CoreJsonWebKeySet>(&keys) {
            Ok(keys) if !keys.keys().is_empty() => {
                findings.good("keys", format!("{} keys that can be read", keys.keys().len()));
            }
            Ok(_) => findings.bad("keys", format!("{address} has no key that can be read")),
            Err(_) => findings.bad("keys", format!("{address} is no JWK set")),
        },
    }
}

async fn oauth2(app: &App, provider: &OAuth2Provider, findings: &mut Findings) {
    let emails = provider.emails.as_ref().map(|address| ("emails_endpoint", address));
    let endpoints = [
        ("authorization_endpoint", &provider.authorization),
        ("token_endpoint", &provider.token),
        ("userinfo_endpoint", &provider.userinfo),
    ];
    for (check, address) in endpoints.into_iter().chain(emails) {
        let Ok(request) = Request::get(address.as_str()).body(Vec::new()) else {
            findings.bad(check, format!("{address} cannot be asked"));
            continue;
        };
        // Without a sign-in each refuses in its own way; that it answers is all that can be seen.
        match app.outgoing.exchange(request).await {
            Ok(answer) if answer.status().is_server_error() => {
                findings.bad(check, format!("{address} answers with status {}", answer.status().as_u16()));
            }
            Ok(_) | Err(FetchError::Redirect(_) | FetchError::TooLarge | FetchError::Compressed) => {
                findings.good(check, format!("{address} answers"));
            }
            Err(error) => findings.bad(check, format!("{address} {error}")),
        }
    }
}
