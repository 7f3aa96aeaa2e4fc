//! A relying party, reduced: asks for codes, redeems them, refreshes.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::protocol::client::{AuthMethod, Client};
use serde_json::Value;
use tower::ServiceExt as _;

use super::browser::encode;
use super::{Browser, Page, TestApp};

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client and how it talks.
#[derive(Clone)]
pub struct Rp {
    router: Router,
    pub client_id: String,
    pub redirect_uri: String,
    method: AuthMethod,
    pub secret: String,
}

/// What a successful token request brought.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub json: Value,
}

impl Tokens {
    pub fn get(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.json))
    }

    pub fn access(&self) -> &str {
        self.get("access_token")
    }

    pub fn refresh(&self) -> &str {
        self.get("refresh_token")
    }

    /// The claims of a JWS, unverified.
    pub fn claims(&self, name: &str) -> Value {
        claims(self.get(name))
    }
}

/// The claims of a JWS, unverified.
pub fn claims(jws: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jws.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

impl Rp {
    pub fn new(app: &TestApp, client: &Client) -> Self {
        Self {
            router: app.router.clone(),
            client_id: client.id.as_str().to_owned(),
            redirect_uri: client.metadata.redirect_uris.first().cloned().unwrap_or_default(),
            method: client.metadata.token_endpoint_auth_method,
            secret: "secret".to_owned(),
        }
    }

    /// A client that was registered elsewhere.
    pub fn of(router: &Router, id: &str, method: AuthMethod, secret: &str, redirect_uri: &str) -> Self {
        Self {
            router: router.clone(),
            client_id: id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            method,
            secret: secret.to_owned(),
        }
    }

    /// The same client, talking to another node.
    pub fn at(&self, router: &Router) -> Self {
        Self { router: router.clone(), ..self.clone() }
    }

    /// An authorization request for `scope`, with more parameters or other values for the usual ones.
    pub fn authorization(&self, scope: &str, extra: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        fields.retain(|(known, _)| !extra.iter().any(|(name, _)| name == known));
        fields.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        format!("/authorize?{}", encode(&fields))
    }

    /// Signs `username` in and consents, as far as the browser has to, and brings home the code.
    pub async fn code(&self, browser: &mut Browser, username: &str, scope: &str) -> String {
        let page = self.answer(browser, username, &self.authorization(scope, &[])).await;
        page.sent("code").unwrap_or_else(|| panic!("no code: {}", page.location()))
    }

    /// Goes through sign-in and consent, as far as asked for, to the answer.
    pub async fn answer(&self, browser: &mut Browser, username: &str, authorization: &str) -> Page {
        let mut page = browser.open(authorization).await;
        if page.body.contains("id=\"login-submit\"") {
            page = browser.sign_in(&page, username).await;
        }
        if page.body.contains("id=\"consent-allow\"") {
            page = browser.consent(&page, "allow").await;
        }
        page
    }

    /// A token request, authenticated the way this client is registered.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Page {
        self.post("/token", fields).await
    }

    /// A form from this client to one of the endpoints.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_with(path, fields, &[]).await
    }

    /// The same with more headers.
    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let mut fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.method {
            AuthMethod::ClientSecretBasic => {
                let credentials = STANDARD.encode(format!("{}:{}", self.client_id, self.secret));
                request = request.header(header::AUTHORIZATION, format!("Basic {credentials}"));
            }
            AuthMethod::ClientSecretPost => {
                fields.push(("client_id".to_owned(), self.client_id.clone()));
                fields.push(("client_secret".to_owned(), self.secret.clone()));
            }
            // One that sends an assertion brings it among the fields.
            AuthMethod::None | AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => {
                fields.push(("client_id".to_owned(), self.client_id.clone()));
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(encode(&fields))).unwrap();
        Page::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn redeem(&self, code: &str) -> Page {
        let redirect_uri = self.redirect_uri.as_str();
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn refresh(&self, token: &str) -> Page {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Everything from the authorization request to the tokens.
    pub async fn tokens(&self, browser: &mut Browser, username: &str, scope: &str) -> Tokens {
        let code = self.code(browser, username, scope).await;
        granted(&self.redeem(&code).await)
    }

    /// What introspection says about a token.
    pub async fn introspect(&self, token: &str) -> Value {
        self.post("/introspect", &[("token", token)]).await.json()
    }

    pub async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"].as_bool().unwrap()
    }

    pub async fn userinfo(&self, access_token: &str) -> Page {
        let request =
            Request::get("/userinfo").header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        Page::of(self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
    }
}

/// The tokens of an answer that must be successful.
pub fn granted(page: &Page) -> Tokens {
    assert_eq!(page.status, 200, "{}", page.body);
    Tokens { json: page.json() }
}

/// HTTP Basic credentials of a client whose secret is `secret`.
pub fn basic(client_id: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:secret")))
}

/// The error code of an answer that must be a refusal.
pub fn refused(page: &Page) -> String {
    assert!(page.status.is_client_error(), "{} {}", page.status, page.body);
    page.json()["error"].as_str().unwrap().to_owned()
}
