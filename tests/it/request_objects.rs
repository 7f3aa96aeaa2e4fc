//! Request objects, by value and by reference: OpenID Connect Core §6.

use countersign::protocol::client::{Client, SigningAlg};
use countersign::protocol::jwa::{ContentEncryption, Encryption, KeyManagementAlg};
use serde_json::{Value, json};

use crate::support::client_key::{ClientKey, unsigned};
use crate::support::{CHALLENGE, Engine, ISSUER, Rp, START, Site, TestApp, on_both};

async fn signing(app: &TestApp, key: &ClientKey) -> (Client, Rp) {
    let client = app.client("web", |metadata| metadata.jwks = Some(key.jwks())).await;
    let rp = Rp::new(app, &client);
    (client, rp)
}

/// What is inside; state and nonce are only there.
fn object() -> Value {
    json!({
        "iss": "web", "aud": ISSUER, "client_id": "web", "response_type": "code",
        "redirect_uri": "https://web.example/cb", "scope": "openid", "state": "inner", "nonce": "inner nonce",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    })
}

/// A request with nothing outside but what Core §6.1 wants there.
fn with_object(rp: &Rp, object: &str) -> String {
    let outside = [
        ("request", object),
        ("state", ""),
        ("nonce", ""),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    rp.authorization("openid", &outside)
}

on_both!(openid_core_6_1_a_signed_request_object_counts, |app| {
    app.user("ada").await;
    let key = ClientKey::new("k1");
    let (_, rp) = signing(&app, &key).await;
    let mut browser = app.browser();
    let answer = rp.answer(&mut browser, "ada", &with_object(&rp, &key.sign(&object()))).await;
    assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{}", answer.location());
    let tokens = crate::support::granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    assert_eq!(tokens.claims("id_token")["nonce"], "inner nonce");

    // What is inside wins over what is outside, all the way through the pages.
    let mut inside = object();
    (inside["prompt"], inside["max_age"]) = (json!("login"), json!(100));
    let both = rp.authorization("openid", &[("request", &key.sign(&inside)), ("prompt", "none")]);
    let mut browser = app.browser();
    let answer = rp.answer(&mut browser, "ada", &both).await;
    assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{}", answer.body);
    assert!(answer.sent("code").is_some());

    let alone = format!("/authorize?client_id=web&request={}", key.sign(&object()));
    let answer = rp.answer(&mut browser, "ada", &alone).await;
    assert!(answer.sent("code").is_some(), "RFC 9101 §5: the object may hold everything");
});

#[tokio::test]
async fn openid_core_6_1_each_wrong_object_is_refused_at_the_clients_address() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let (key, other) = (ClientKey::new("k1"), ClientKey::new("k1"));
    let (_, rp) = signing(&app, &key).await;
    let with = |name: &str, value: Value| {
        let mut claims = object();
        claims[name] = value;
        key.sign(&claims)
    };
    for (name, text) in [
        ("garbage", "x".to_owned()),
        ("unsigned", unsigned(&object())),
        ("another key", other.sign(&object())),
        ("iss", with("iss", json!("other"))),
        ("aud", with("aud", json!("https://other.example"))),
        ("expired", with("exp", json!(START))),
        ("from the future", with("nbf", json!(START + 100))),
        ("nested", with("request", json!("x"))),
        ("client_id", with("client_id", json!("other"))),
        ("response_type", with("response_type", json!("id_token"))),
    ] {
        let page = app.browser().open(&rp.authorization("openid", &[("request", &text)])).await;
        assert_eq!(
            page.sent("error").as_deref(),
            Some("invalid_request_object"),
            "{name}: {}",
            page.location()
        );
        assert_eq!(page.sent("state").as_deref(), Some("the state"), "{name}");
        assert_eq!(page.sent("iss").as_deref(), Some(ISSUER), "{name}");
    }
    // An address inside that nobody registered is shown, never redirected to.
    let elsewhere = with("redirect_uri", json!("https://evil.example/cb"));
    let page = app.browser().open(&rp.authorization("openid", &[("request", &elsewhere)])).await;
    assert!(page.refusal(400).contains("redirect_uri is not registered"), "{}", page.body);
}

#[tokio::test]
async fn openid_core_6_1_unsigned_objects_only_where_they_are_registered() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let client =
        app.client("web", |metadata| metadata.request_object_signing_alg = Some(SigningAlg::None)).await;
    let rp = Rp::new(&app, &client);
    let answer = rp.answer(&mut app.browser(), "ada", &with_object(&rp, &unsigned(&object()))).await;
    assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{}", answer.location());
    let key = ClientKey::new("k1");
    let page = app.browser().open(&with_object(&rp, &key.sign(&object()))).await;
    assert_eq!(page.sent("error").as_deref(), Some("invalid_request_object"), "another algorithm");
}

#[tokio::test]
async fn openid_core_6_1_encrypted_to_this_server() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    app.app.keys.encryption_ready(&app.app.store, &app.app.clock).await.unwrap();
    let jwks = app.browser().open("/jwks").await.json();
    let server = countersign::jose::ClientKeys::parse(&jwks);
    let key = ClientKey::new("k1");
    let (_, rp) = signing(&app, &key).await;
    let signed = key.sign(&object());
    for alg in KeyManagementAlg::ALL {
        for enc in ContentEncryption::ALL {
            let encryption = Encryption { alg: *alg, enc: *enc };
            let recipient = server.encryption_key(*alg).unwrap();
            let entropy = &app.app.entropy;
            let text = countersign::jose::jwe::encrypt(
                encryption,
                recipient,
                Some("JWT"),
                signed.as_bytes(),
                entropy,
            )
            .unwrap();
            let answer = rp.answer(&mut app.browser(), "ada", &with_object(&rp, &text)).await;
            assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{alg} {enc}: {}", answer.location());
            let mut broken = text.clone();
            broken.replace_range(broken.len() - 4.., "AAAA");
            let page = app.browser().open(&rp.authorization("openid", &[("request", &broken)])).await;
            assert_eq!(page.sent("error").as_deref(), Some("invalid_request_object"), "{alg} {enc}");
        }
    }
}

#[tokio::test]
async fn openid_core_6_2_by_reference_from_registered_addresses_only() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let site = Site::open().await;
    let key = ClientKey::new("k1");
    let address = site.put("/request.jwt", key.sign(&object()));
    let nonsense = site.put("/nonsense", "nonsense");
    let missing = format!("{}/missing", site.address);
    let registered = vec![format!("{address}#version1"), nonsense.clone(), missing.clone()];
    let client = app
        .client("web", |metadata| {
            metadata.jwks = Some(key.jwks());
            metadata.request_uris = registered;
        })
        .await;
    let rp = Rp::new(&app, &client);
    let by_reference = |address: &str| rp.authorization("openid", &[("request_uri", address)]);
    for address in [address.clone(), format!("{address}#version2")] {
        let answer = rp.answer(&mut app.browser(), "ada", &by_reference(&address)).await;
        assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{}", answer.location());
    }
    assert_eq!(site.asked("/request.jwt"), 2, "once for each request, however many pages it takes");
    let mut unregistered = site.put("/other.jwt", key.sign(&object()));
    for refused in [&nonsense, &missing, &unregistered] {
        let page = app.browser().open(&by_reference(refused)).await;
        assert_eq!(page.sent("error").as_deref(), Some("invalid_request_uri"), "{refused}");
        assert_eq!(page.sent("state").as_deref(), Some("the state"), "{refused}");
    }
    assert_eq!(site.asked("/other.jwt"), 0, "what is not registered is not even asked for");
    unregistered.push_str("?x");
    let both = [("request_uri", address.as_str()), ("request", "x")];
    let page = app.browser().open(&rp.authorization("openid", &both)).await;
    assert_eq!(page.sent("error").as_deref(), Some("invalid_request"));
}
