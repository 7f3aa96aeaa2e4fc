//! An upstream provider on loopback, which behaves as a test says: OpenID Connect, and OAuth 2 with documents like GitHub's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::config::{ClaimNames, OAuth2Provider, Upstream, UpstreamProtocol, UpstreamSecret};
use countersign::protocol::linking::Policy;
use serde_json::{Value, json};
use url::Url;

use super::START;
use super::client_key::{ClientKey, sign_with_secret, unsigned};

const CLIENT: &str = "countersign";
const SECRET: &str = "s3cret & more";

/// How the ID token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signed {
    #[default]
    Right,
    Not,
    WithTheSecret,
    ByAKeyOfTheSameName,
    /// By a key that is published from now on.
    ByANewKey,
}

/// What the provider does wrong.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub signed: Signed,
    /// Claims of the ID token in place of the right ones; `null` leaves one out.
    pub claims: Value,
    /// Claims of `UserInfo`, where there is such an endpoint.
    pub userinfo: Option<Value>,
    /// The answer of the token endpoint, whatever is sent.
    pub token: Option<(u16, String)>,
    /// The token endpoint redirects.
    pub redirects: bool,
    pub no_id_token: bool,
    /// The secret is a token that is signed by this key (an uncompressed point of P-256).
    pub secret_signed_by: Option<Vec<u8>>,
    /// How long the token endpoint thinks.
    pub slow: Duration,
    /// Metadata in place of the right ones.
    pub metadata: Value,
}

pub struct Provider {
    pub address: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    address: String,
    key: ClientKey,
    new_key: ClientKey,
    impostor: ClientKey,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    plan: Plan,
    /// Who signs in: the claims about them.
    person: Value,
    /// Codes that were not redeemed: the request's parameters, and who said yes.
    codes: BTreeMap<String, (BTreeMap<String, String>, Value)>,
    issued: usize,
    /// What its clock says, where that was set.
    now: i64,
    redeemed: usize,
    new_key_is_published: bool,
}

impl Provider {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            address: address.clone(),
            key: ClientKey::new("k1"),
            new_key: ClientKey::new("k2"),
            impostor: ClientKey::new("k1"),
            inner: Mutex::new(Inner { person: ada(), ..Inner::default() }),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/user/emails", get(emails))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, serving }
    }

    /// As `[[upstream]]` would have it: `acme`, where strangers may sign up and addresses are believed.
    pub fn openid_connect(&self) -> Upstream {
        Upstream {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            protocol: UpstreamProtocol::OpenIdConnect { issuer: self.address.clone() },
            client_id: CLIENT.to_owned(),
            client_secret: Some(UpstreamSecret::Text(SECRET.to_owned().into())),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            form_post: false,
            policy: Policy { sign_up: true, trust_email: true },
        }
    }

    /// The same without OpenID Connect, `hub`.
    pub fn oauth2(&self) -> Upstream {
        let at = |path: &str| Url::parse(&format!("{}{path}", self.address)).unwrap();
        let provider = OAuth2Provider {
            authorization: at("/authorize"),
            token: at("/token"),
            userinfo: at("/userinfo"),
            emails: Some(at("/user/emails")),
            secret_in_body: true,
            claims: ClaimNames {
                subject: "id".to_owned(),
                email: "email".to_owned(),
                email_verified: "email_verified".to_owned(),
                name: "name".to_owned(),
                username: "login".to_owned(),
            },
        };
        Upstream {
            id: "hub".to_owned(),
            name: "Hub".to_owned(),
            protocol: UpstreamProtocol::OAuth2(Box::new(provider)),
            ..self.openid_connect()
        }
    }

    /// What it does from now on.
    pub fn plans(&self, plan: Plan) {
        self.shared.inner.lock().unwrap().plan = plan;
    }

    /// What its clock says from now on.
    pub fn time(&self, now: i64) {
        self.shared.inner.lock().unwrap().now = now;
    }

    /// Who signs in from now on.
    pub fn person(&self, claims: Value) {
        self.shared.inner.lock().unwrap().person = claims;
    }

    /// How many codes were exchanged.
    pub fn redeemed(&self) -> usize {
        self.shared.inner.lock().unwrap().redeemed
    }

    /// Signs the person in who is sent with this authorization request, and answers where they are sent back to. Checks what every
    /// request must be.
    pub fn approve(&self, authorization: &str) -> String {
        let url = Url::parse(authorization).unwrap();
        assert!(authorization.starts_with(&format!("{}/authorize?", self.address)), "{authorization}");
        let params: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(params.len(), url.query_pairs().count(), "each once");
        assert_eq!((params["response_type"].as_str(), params["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(params["code_challenge_method"], "S256");
        let mut inner = self.shared.inner.lock().unwrap();
        inner.issued += 1;
        let code = format!("code{}", inner.issued);
        let person = inner.person.clone();
        inner.codes.insert(code.clone(), (params.clone(), person));
        drop(inner);
        let mut back = Url::parse(&params["redirect_uri"]).unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &params["state"])
            .append_pair("iss", &self.address)
            .append_pair("scope", "what else providers send");
        back.to_string()
    }
}

/// A provider that nobody is at home at.
pub fn nowhere(id: &str) -> Upstream {
    Upstream {
        id: id.to_owned(),
        name: "Nowhere".to_owned(),
        protocol: UpstreamProtocol::OpenIdConnect { issuer: "http://localhost:1024".to_owned() },
        client_id: CLIENT.to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        form_post: false,
        policy: Policy { sign_up: true, trust_email: true },
    }
}

/// Ada, as the provider knows her.
fn ada() -> Value {
    json!({
        "sub": "ada at acme", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace",
        "preferred_username": "ada.lovelace",
    })
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn merged(mut document: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        document[name.as_str()] = value.clone();
        if value.is_null() {
            document.as_object_mut().unwrap().remove(name);
        }
    }
    document
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let plan = shared.inner.lock().unwrap().plan.clone();
    let at = |path: &str| format!("{}{path}", shared.address);
    let mut document = json!({
        "issuer": shared.address,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    });
    if plan.userinfo.is_some() {
        document["userinfo_endpoint"] = json!(at("/userinfo"));
    }
    Json(merged(document, &plan.metadata))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Response {
    let both = shared.inner.lock().unwrap().new_key_is_published;
    let keys = if both { vec![shared.key.jwk(), shared.new_key.jwk()] } else { vec![shared.key.jwk()] };
    Json(json!({ "keys": keys })).into_response()
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let plan = shared.inner.lock().unwrap().plan.clone();
    tokio::time::sleep(plan.slow).await;
    if plan.redirects {
        return Redirect::temporary("/jwks").into_response();
    }
    if let Some((status, body)) = plan.token {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    // RFC 6749 §2.3.1: both halves are encoded as forms are.
    let basic = format!("Basic {}", STANDARD.encode("countersign:s3cret+%26+more"));
    let by_header = headers.get(header::AUTHORIZATION).is_some_and(|sent| *sent == *basic);
    let by_form =
        form.get("client_secret").is_some_and(|secret| secret == SECRET) && form["client_id"] == CLIENT;
    let by_signed = plan.secret_signed_by.as_ref().map(|key| is_signed(&shared, &form, key));
    if !by_signed.unwrap_or(by_header || by_form) {
        return refused("invalid_client");
    }
    let redeemed = shared.inner.lock().unwrap().codes.remove(&form["code"]);
    let Some((request, person)) = redeemed else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if request["code_challenge"] != challenge || request["redirect_uri"] != form["redirect_uri"] {
        return refused("invalid_grant");
    }
    shared.inner.lock().unwrap().redeemed += 1;
    let access_token = format!("token-of-{}", person["sub"].as_str().unwrap_or_default());
    let mut answer = json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 60 });
    if let Some(nonce) = request.get("nonce").filter(|_| !plan.no_id_token) {
        // Core §3.1.2.1 max_age: "the ID Token returned MUST include an auth_time Claim Value".
        let auth_time = request.get("max_age").map(|_| shared.inner.lock().unwrap().now.max(START));
        let right = json!({
            "iss": shared.address, "aud": CLIENT, "exp": START + 100_000, "iat": START, "nonce": nonce,
            "auth_time": auth_time,
        });
        let claims = merged(merged(right, &person), &plan.claims);
        answer["id_token"] = json!(match plan.signed {
            Signed::Right => shared.key.sign(&claims),
            Signed::Not => unsigned(&claims),
            Signed::WithTheSecret => sign_with_secret(SECRET, &claims),
            Signed::ByAKeyOfTheSameName => shared.impostor.sign(&claims),
            Signed::ByANewKey => {
                shared.inner.lock().unwrap().new_key_is_published = true;
                shared.new_key.sign(&claims)
            }
        });
    }
    Json(answer).into_response()
}

/// Is the form's secret what Apple's documentation wants it to be?
fn is_signed(shared: &Shared, form: &BTreeMap<String, String>, key: &[u8]) -> bool {
    let Some([header, claims, signature]) = form.get("client_secret").and_then(|secret| {
        let parts: Vec<&str> = secret.split('.').collect();
        <[&str; 3]>::try_from(parts).ok()
    }) else {
        return false;
    };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let read = |text: &str| serde_json::from_slice::<Value>(&decoded(text)).unwrap();
    let (head, told) = (read(header), read(claims));
    let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(format!("{header}.{claims}").as_bytes(), &decoded(signature));
    let (from, until) = (told["iat"].as_i64().unwrap(), told["exp"].as_i64().unwrap());
    verified.is_ok()
        && form["client_id"] == CLIENT
        && (&head["alg"], &head["kid"]) == (&json!("ES256"), &json!("KEY1234567"))
        && (&told["iss"], &told["sub"], &told["aud"])
            == (&json!("TEAM123456"), &json!(CLIENT), &json!(shared.address))
        && from >= START
        && until > from
        && until - from <= 15_777_000
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !headers
        .get(header::AUTHORIZATION)
        .is_some_and(|token| token.as_bytes().starts_with(b"Bearer token-of-"))
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let inner = shared.inner.lock().unwrap();
    Json(inner.plan.userinfo.clone().unwrap_or_else(|| inner.person.clone())).into_response()
}

async fn emails(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let person = shared.inner.lock().unwrap().person.clone();
    Json(json!([
        { "email": "old@example.com", "primary": false, "verified": true },
        { "email": person["mail"], "primary": true, "verified": person["mail_is_verified"] },
    ]))
}
