//! Response type × response mode × client authentication × signature × encryption: every pair of values meets in one of
//! these sign-ins, and in each the client's attempt to pass without its proof is refused.

use std::collections::BTreeSet;

use countersign::jose::Jws;
use countersign::protocol::client::{AuthMethod, Client, GrantType, ResponseType, SigningAlg};
use countersign::protocol::jwa::{ContentEncryption, Encryption, KeyManagementAlg};
use countersign::protocol::response_type::ResponseMode;
use serde_json::{Value, json};

use crate::support::client_key::{ClientKey, sign_with_secret};
use crate::support::{Engine, ISSUER, Page, Rp, START, TestApp, VERIFIER, claims, granted, refused};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One client's choices.
#[derive(Clone, Copy, Debug)]
struct Choice {
    response_type: ResponseType,
    mode: ResponseMode,
    method: AuthMethod,
    alg: SigningAlg,
    encryption: Option<Encryption>,
}

impl Choice {
    /// Could a client register this (OpenID Connect Registration §2)?
    fn is_possible(self) -> bool {
        let symmetric_needs_secret = !self.alg.is_symmetric() || self.method.uses_secret();
        let signed = self.alg != SigningAlg::None || !self.response_type.has_id_token();
        self.response_type.may_travel_by(self.mode) && symmetric_needs_secret && signed
    }

    /// The pairs of values in it, as texts.
    fn pairs(self) -> Vec<String> {
        let values = [
            format!("type {}", self.response_type),
            format!("mode {}", self.mode),
            format!("method {}", self.method),
            format!("alg {}", self.alg),
            format!("encryption {:?}", self.encryption),
        ];
        let mut pairs = Vec::new();
        for (number, one) in values.iter().enumerate() {
            pairs.extend(values[number + 1..].iter().map(|other| format!("{one} with {other}")));
        }
        pairs
    }
}

fn every_choice() -> Vec<Choice> {
    let mut encryptions = vec![None];
    for alg in KeyManagementAlg::ALL {
        encryptions
            .extend(ContentEncryption::ALL.iter().map(|enc| Some(Encryption { alg: *alg, enc: *enc })));
    }
    let mut choices = Vec::new();
    for &response_type in ResponseType::ALL {
        for &mode in ResponseMode::ALL {
            for &method in AuthMethod::ALL {
                for &alg in SigningAlg::ALL {
                    choices.extend(encryptions.iter().map(|&encryption| Choice {
                        response_type,
                        mode,
                        method,
                        alg,
                        encryption,
                    }));
                }
            }
        }
    }
    choices.retain(|choice| choice.is_possible());
    choices
}

/// Some choices in which every pair of values occurs that is possible at all: whichever holds most new pairs, again and
/// again.
fn covering() -> Vec<Choice> {
    let all: Vec<(Choice, Vec<String>)> =
        every_choice().into_iter().map(|choice| (choice, choice.pairs())).collect();
    let mut open: BTreeSet<&String> = all.iter().flat_map(|(_, pairs)| pairs).collect();
    let mut taken = Vec::new();
    while !open.is_empty() {
        let new = |pairs: &Vec<String>| pairs.iter().filter(|pair| open.contains(pair)).count();
        let (choice, pairs) = all.iter().max_by_key(|(_, pairs)| new(pairs)).unwrap();
        open.retain(|pair| !pairs.contains(pair));
        taken.push(*choice);
    }
    taken
}

/// Registers the client of a choice. Its encryption keys are the server's own, so that this test can decrypt.
async fn client_of(app: &TestApp, id: &str, choice: Choice, key: &ClientKey) -> Client {
    let published = app.browser().open("/jwks").await.json();
    let mut keys: Vec<Value> =
        published["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "enc").cloned().collect();
    keys.push(key.jwk());
    app.client(id, |metadata| {
        metadata.jwks = Some(json!({ "keys": keys }));
        metadata.response_types = vec![choice.response_type];
        metadata.grant_types =
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::Implicit];
        metadata.token_endpoint_auth_method = choice.method;
        metadata.id_token_signed_response_alg = choice.alg;
        metadata.userinfo_signed_response_alg = Some(choice.alg);
        metadata.id_token_encrypted_response_alg = choice.encryption.map(|encryption| encryption.alg);
        metadata.id_token_encrypted_response_enc = choice.encryption.map(|encryption| encryption.enc);
        metadata.userinfo_encrypted_response_alg = choice.encryption.map(|encryption| encryption.alg);
        metadata.userinfo_encrypted_response_enc = choice.encryption.map(|encryption| encryption.enc);
        metadata.skip_consent = true;
    })
    .await
}

/// Decrypts and verifies what a client was given.
fn opened(app: &TestApp, jwks: &Value, choice: Choice, text: &str) -> Value {
    let decrypted = match choice.encryption {
        Some(_) => String::from_utf8(app.app.keys.decrypt(text).unwrap()).unwrap(),
        None => text.to_owned(),
    };
    let token = Jws::parse(&decrypted).unwrap();
    assert_eq!(token.alg(), choice.alg);
    if choice.alg == SigningAlg::None {
        assert!(token.is_unsigned());
        return claims(&decrypted);
    }
    if choice.alg.is_symmetric() {
        return token.verify_with_secret("secret").unwrap();
    }
    countersign::jose::ClientKeys::parse(jwks).verify(&token).unwrap()
}

/// A token request with the client's own proof, or with a wrong one.
async fn token(
    rp: &Rp,
    choice: Choice,
    key: &ClientKey,
    jti: &str,
    fields: &[(&str, &str)],
    wrong: bool,
) -> Page {
    let id = rp.client_id.as_str();
    let said = json!({ "iss": id, "sub": id, "aud": ISSUER, "exp": START + 60, "jti": jti });
    let assertion = match choice.method {
        AuthMethod::PrivateKeyJwt if wrong => Some(ClientKey::new(&key.kid).sign(&said)),
        AuthMethod::PrivateKeyJwt => Some(key.sign(&said)),
        AuthMethod::ClientSecretJwt => Some(sign_with_secret(if wrong { "wrong" } else { "secret" }, &said)),
        _ => None,
    };
    let mut fields = fields.to_vec();
    if let Some(assertion) = &assertion {
        fields.extend([("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())]);
    }
    let mut rp = rp.clone();
    if wrong {
        "wrong".clone_into(&mut rp.secret);
    }
    rp.token(&fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_core_3_9_10_every_pair_of_choices_works_and_only_with_its_proof() {
    let app =
        TestApp::start(Engine::Sqlite).await.configured(|config| config.legacy.front_channel_tokens = true);
    app.user("ada").await;
    app.app.keys.encryption_ready(&app.app.store, &app.app.clock).await.unwrap();
    let mut browser = app.browser();
    let key = ClientKey::new("client's");
    for (number, choice) in covering().into_iter().enumerate() {
        let id = format!("client{number}");
        let rp = Rp::new(&app, &client_of(&app, &id, choice, &key).await);
        let jwks = app.browser().open("/jwks").await.json();
        let asked =
            [("response_type", choice.response_type.as_str()), ("response_mode", choice.mode.as_str())];
        let page = rp.answer(&mut browser, "ada", &rp.authorization("openid email", &asked)).await;
        let answer: std::collections::BTreeMap<String, String> = match choice.mode {
            ResponseMode::FormPost => page.form(&rp.redirect_uri).into_iter().collect(),
            ResponseMode::Query | ResponseMode::Fragment => {
                let names = ["code", "id_token", "access_token", "state", "error", "error_description"];
                names.iter().filter_map(|name| Some(((*name).to_owned(), page.sent(name)?))).collect()
            }
        };
        assert_eq!(answer.get("error"), None, "{choice:?}: {answer:?}");
        assert_eq!(answer["state"], "the state", "{choice:?}");
        let mut subjects = BTreeSet::new();
        if let Some(id_token) = answer.get("id_token") {
            let told = opened(&app, &jwks, choice, id_token);
            assert_eq!(told["nonce"], "the nonce", "{choice:?}");
            subjects.insert(told["sub"].to_string());
        }
        let mut access_tokens: Vec<String> = answer.get("access_token").cloned().into_iter().collect();
        if let Some(code) = answer.get("code") {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", rp.redirect_uri.as_str()),
                ("code_verifier", VERIFIER),
            ];
            if choice.method != AuthMethod::None {
                let page = token(&rp, choice, &key, &format!("{number} wrong"), &fields, true).await;
                assert_eq!(refused(&page), "invalid_client", "{choice:?}");
            }
            let tokens = granted(&token(&rp, choice, &key, &format!("{number} right"), &fields, false).await);
            let told = opened(&app, &jwks, choice, tokens.get("id_token"));
            assert_eq!((&told["iss"], &told["aud"]), (&json!(ISSUER), &json!(id)), "{choice:?}");
            subjects.insert(told["sub"].to_string());
            access_tokens.push(tokens.access().to_owned());
        }
        for access_token in access_tokens {
            let page = rp.userinfo(&access_token).await;
            assert_eq!(page.header("content-type"), Some("application/jwt"), "{choice:?}");
            let told = opened(&app, &jwks, choice, &page.body);
            assert_eq!(told["email"], "ada@example.com", "{choice:?}");
            subjects.insert(told["sub"].to_string());
        }
        assert_eq!(subjects.len(), 1, "one sub everywhere: {choice:?}");
    }
}
