//! What is measured: one virtual user does one thing over and over, and checks what it is answered.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use clap::ValueEnum;
use countersign::entropy::Entropy;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;
use url::{Position, Url};

use crate::driver::{Agent, Answer, Field, Form, forms};

pub const CLIENT_ID: &str = "bench";
pub const REDIRECT_URI: &str = "http://127.0.0.1:9999/cb";
pub const SCOPE: &str = "openid api";
pub const PASSWORD: &str = "correct horse battery staple";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    SignIn,
    CodeFlow,
    Refresh,
    ClientCredentials,
    Introspection,
    #[value(name = "userinfo")]
    UserInfo,
    Jwks,
    Discovery,
}

/// An OpenID provider, as its discovery document describes it.
#[derive(Clone)]
pub struct Provider {
    pub server: SocketAddr,
    issuer: Url,
    client: HeaderValue,
    authorization: Url,
    token: String,
    introspection: String,
    userinfo: String,
    pub jwks: String,
    /// Where its sign-in page posts names and passwords as JSON, if that page is a script and has no forms.
    json_sign_in: Option<&'static str>,
}

pub const DISCOVERY: &str = "/.well-known/openid-configuration";

impl Provider {
    pub async fn discover(server: SocketAddr, client_secret: &str) -> Result<Self> {
        Self::discover_at(server, DISCOVERY, client_secret).await
    }

    /// With its discovery document at a path of its own.
    pub async fn discover_at(server: SocketAddr, discovery: &str, client_secret: &str) -> Result<Self> {
        let answer = Agent::new(server).send(discovery, None, None).await?;
        let document: Value = serde_json::from_slice(&answer.body).with_context(|| answer.excerpt())?;
        let url = |member: &str| -> Result<Url> {
            let text =
                document.get(member).and_then(Value::as_str).with_context(|| format!("no {member}"))?;
            Ok(Url::parse(text)?)
        };
        let path = |member: &str| url(member).map(|url| url.path().to_owned());
        let credentials = STANDARD.encode(format!("{CLIENT_ID}:{client_secret}"));
        Ok(Self {
            server,
            issuer: url("issuer")?,
            client: HeaderValue::from_str(&format!("Basic {credentials}"))?,
            authorization: url("authorization_endpoint")?,
            token: path("token_endpoint")?,
            introspection: path("introspection_endpoint")?,
            userinfo: path("userinfo_endpoint")?,
            jwks: path("jwks_uri")?,
            json_sign_in: None,
        })
    }

    /// Whose sign-in page is a script, which posts JSON to `path` and then sends the browser back with `go_on` in the query. The
    /// driver does both without the page, and the second from the start: that the page is not loaded spares this provider work.
    pub fn with_scripted_sign_in(mut self, path: &'static str, go_on: &str) -> Self {
        self.json_sign_in = Some(path);
        self.authorization.query_pairs_mut().append_pair(go_on, "");
        self
    }

    /// The same documents, served elsewhere.
    pub fn at(&self, server: SocketAddr) -> Self {
        Self { server, ..self.clone() }
    }
}

pub struct VirtualUser {
    provider: Arc<Provider>,
    username: String,
    browser: Agent,
    relying_party: Agent,
    entropy: Entropy,
    subject: String,
    access_token: String,
    refresh_token: String,
    /// A document whose content was checked: the same bytes need no second look.
    seen: Option<Bytes>,
}

impl VirtualUser {
    pub fn new(provider: &Arc<Provider>, username: String) -> Self {
        Self {
            provider: Arc::clone(provider),
            username,
            browser: Agent::new(provider.server),
            relying_party: Agent::new(provider.server),
            entropy: Entropy::system(),
            subject: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            seen: None,
        }
    }

    /// What has to be there before the scenario can be repeated.
    pub async fn prepare(&mut self, scenario: Scenario) -> Result<()> {
        match scenario {
            Scenario::SignIn | Scenario::ClientCredentials | Scenario::Jwks | Scenario::Discovery => Ok(()),
            Scenario::CodeFlow | Scenario::Refresh | Scenario::Introspection | Scenario::UserInfo => {
                self.sign_in().await
            }
        }
    }

    pub async fn step(&mut self, scenario: Scenario) -> Result<()> {
        match scenario {
            Scenario::SignIn => {
                self.browser.forget_cookies();
                self.sign_in().await
            }
            Scenario::CodeFlow => self.code_flow(Pages::None).await,
            Scenario::Refresh => self.refresh().await,
            Scenario::ClientCredentials => {
                let tokens = self.token(&[("grant_type", "client_credentials"), ("scope", "api")]).await?;
                text(&tokens, "access_token").map(drop)
            }
            Scenario::Introspection => self.introspect().await,
            Scenario::UserInfo => self.ask_userinfo().await,
            Scenario::Jwks => {
                let target = self.provider.jwks.clone();
                let has_keys = |set: &Value| {
                    set.get("keys").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty())
                };
                self.document(&target, has_keys).await
            }
            Scenario::Discovery => {
                self.document(DISCOVERY, |document| document.get("token_endpoint").is_some()).await
            }
        }
    }

    /// And a first code flow.
    async fn sign_in(&mut self) -> Result<()> {
        let Some(path) = self.provider.json_sign_in else { return self.code_flow(Pages::Fill).await };
        let credentials = json!({ "username": self.username, "password": PASSWORD });
        let answer = self.browser.send_json(Method::POST, path, &credentials).await?;
        ensure!(answer.status == StatusCode::OK, "{path}: {}", refusal(&answer));
        self.code_flow(Pages::None).await
    }

    async fn code_flow(&mut self, pages: Pages) -> Result<()> {
        let [verifier, state, nonce] = [(); 3].map(|()| self.entropy.secret());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let mut start = self.provider.authorization.clone();
        start
            .query_pairs_mut()
            .append_pair("client_id", CLIENT_ID)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("response_type", "code")
            .append_pair("scope", SCOPE)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let code = self.authorize(start, &state, pages).await?;
        let tokens = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", &verifier),
            ])
            .await?;
        let id_token = claims(text(&tokens, "id_token")?)?;
        ensure!(text(&id_token, "nonce")? == nonce, "an ID token for another request: {id_token}");
        ensure!(Url::parse(text(&id_token, "iss")?)? == self.provider.issuer, "another issuer: {id_token}");
        text(&id_token, "sub")?.clone_into(&mut self.subject);
        text(&tokens, "access_token")?.clone_into(&mut self.access_token);
        text(&tokens, "refresh_token")?.clone_into(&mut self.refresh_token);
        Ok(())
    }

    /// Follows redirects and fills in pages until the browser is sent back with a code.
    async fn authorize(&mut self, start: Url, state: &str, pages: Pages) -> Result<String> {
        let (mut url, mut form) = (start, None);
        for _ in 0..12 {
            let answer = self.browser.send(&url[Position::BeforePath..], None, form.take()).await?;
            if answer.status.is_redirection() {
                url = url.join(answer.location()?)?;
                if url.as_str().starts_with(REDIRECT_URI) {
                    let parameter = |wanted: &str| {
                        url.query_pairs()
                            .find(|(name, _)| name == wanted)
                            .map(|(_, value)| value.into_owned())
                    };
                    ensure!(parameter("state").as_deref() == Some(state), "another state: {url}");
                    return parameter("code").with_context(|| format!("no code: {url}"));
                }
                continue;
            }
            ensure!(answer.status == StatusCode::OK && pages == Pages::Fill, "a page: {}", refusal(&answer));
            let found = forms(&String::from_utf8_lossy(&answer.body));
            let wanted = found.iter().find(|form| form.has_password()).or(found.first());
            let wanted = wanted.with_context(|| format!("no form: {}", answer.excerpt()))?;
            if let Some(action) = &wanted.action {
                url = url.join(action)?;
            }
            form = Some(self.filled_in(wanted));
        }
        bail!("no end of redirects and pages, at {url}")
    }

    /// The form as the user sends it, by its first button.
    fn filled_in(&self, form: &Form) -> String {
        let mut sent = Serializer::new(String::new());
        let mut pressed = false;
        for Field { name, value, kind } in &form.fields {
            match kind.as_str() {
                "password" => sent.append_pair(name, PASSWORD),
                "text" => sent.append_pair(name, &self.username),
                "hidden" => sent.append_pair(name, value),
                "submit" if !pressed => {
                    pressed = true;
                    sent.append_pair(name, value)
                }
                _ => &mut sent,
            };
        }
        sent.finish()
    }

    async fn token(&mut self, form: &[(&str, &str)]) -> Result<Value> {
        let answer = self.as_client(&self.provider.token.clone(), form).await?;
        let tokens: Value = serde_json::from_slice(&answer.body)?;
        ensure!(text(&tokens, "token_type")?.eq_ignore_ascii_case("Bearer"), "another type: {tokens}");
        Ok(tokens)
    }

    async fn as_client(&mut self, target: &str, form: &[(&str, &str)]) -> Result<Answer> {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = self.relying_party.send(target, Some(&self.provider.client), Some(form)).await?;
        ensure!(answer.status == StatusCode::OK, "{target}: {}", refusal(&answer));
        Ok(answer)
    }

    async fn refresh(&mut self) -> Result<()> {
        let before = std::mem::take(&mut self.refresh_token);
        let tokens = self.token(&[("grant_type", "refresh_token"), ("refresh_token", &before)]).await?;
        text(&tokens, "refresh_token")?.clone_into(&mut self.refresh_token);
        ensure!(self.refresh_token != before, "the refresh token was not rotated");
        text(&tokens, "access_token").map(drop)
    }

    async fn introspect(&mut self) -> Result<()> {
        let (target, token) = (self.provider.introspection.clone(), self.access_token.clone());
        let answer = self.as_client(&target, &[("token", &token)]).await?;
        let said: Value = serde_json::from_slice(&answer.body)?;
        let is_right = said.get("active") == Some(&Value::Bool(true)) && text(&said, "sub")? == self.subject;
        ensure!(is_right, "not this user's live token: {said}");
        Ok(())
    }

    async fn ask_userinfo(&mut self) -> Result<()> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.access_token))?;
        let answer = self.relying_party.send(&self.provider.userinfo, Some(&bearer), None).await?;
        ensure!(answer.status == StatusCode::OK, "UserInfo: {}", refusal(&answer));
        let said: Value = serde_json::from_slice(&answer.body)?;
        ensure!(text(&said, "sub")? == self.subject, "another user: {said}");
        Ok(())
    }

    async fn document(&mut self, target: &str, is_right: impl Fn(&Value) -> bool) -> Result<()> {
        let answer = self.relying_party.send(target, None, None).await?;
        ensure!(answer.status == StatusCode::OK, "{target}: {}", refusal(&answer));
        if self.seen.as_ref() != Some(&answer.body) {
            ensure!(is_right(&serde_json::from_slice(&answer.body)?), "{target}: {}", answer.excerpt());
            self.seen = Some(answer.body);
        }
        Ok(())
    }
}

/// Does the browser expect pages?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    Fill,
    None,
}

fn text<'a>(value: &'a Value, member: &str) -> Result<&'a str> {
    value.get(member).and_then(Value::as_str).with_context(|| format!("no {member} in {value}"))
}

/// What a JWT says; its signature is the server's business here.
fn claims(jwt: &str) -> Result<Value> {
    let payload = jwt.split('.').nth(1).context("not a JWT")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

fn refusal(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.excerpt())
}
