//! Keys and what is published about them and about the server: `/jwks`, discovery, rotation and revocation.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use countersign::admin::keys;
use countersign::app::{App, Origin};
use countersign::config::RegistrationMode;
use countersign::entropy::Entropy;
use countersign::jose::{ClientKeys, DecryptError, Jws, KeyAlg, jwe};
use countersign::protocol::client::{AccessTokenFormat, ClientMetadata, GrantType, ResponseType, SigningAlg};
use countersign::protocol::jwa::{ContentEncryption, Encryption, KeyManagementAlg};
use countersign::protocol::scope::Scope;
use countersign::store::StoredKey;
use serde_json::{Value, json};

use crate::support::{Engine, ISSUER, Page, Rp, TestApp, at_once, granted, on_both};

const METADATA: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

async fn get(app: &TestApp, path: &str, known: &str) -> Page {
    let request = Request::get(path).header("if-none-match", known).body(Body::empty());
    app.send(request.unwrap()).await
}

/// The `kid`s that the server publishes, after it took notice of the time.
async fn published(app: &TestApp) -> Vec<String> {
    app.app.keys.reload(&app.app.store, app.app.clock.now()).await.unwrap();
    let document = get(app, "/jwks", "").await.json();
    document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    Jws::parse(token).unwrap().kid().unwrap().to_owned()
}

#[tokio::test]
async fn rfc7517_the_key_set_holds_public_keys_of_every_algorithm_and_nothing_else() {
    let app = TestApp::start(Engine::Sqlite).await;
    let page = get(&app, "/jwks", "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("application/jwk-set+json"));
    let document = page.json();
    let keys = document["keys"].as_array().unwrap();
    let mut algs: Vec<&str> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
    algs.sort_unstable();
    assert_eq!(algs, ["ES256", "EdDSA", "PS256", "RS256"]);
    for key in keys {
        let mut members: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected: &[&str] = match key["kty"].as_str().unwrap() {
            "RSA" => &["alg", "e", "kid", "kty", "n", "use"],
            "EC" => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            _ => &["alg", "crv", "kid", "kty", "use", "x"],
        };
        assert_eq!(members, expected);
        assert_eq!(key["use"], "sig");
    }
}

#[tokio::test]
async fn rfc9110_13_1_2_published_documents_are_cached_and_revalidated() {
    let app = TestApp::start(Engine::Sqlite).await;
    for (path, caching) in [
        ("/jwks", "public, max-age=60"),
        (METADATA[0], "public, max-age=300"),
        (METADATA[1], "public, max-age=300"),
    ] {
        let page = get(&app, path, "").await;
        let etag = page.header("etag").unwrap().to_owned();
        assert_eq!(page.header("cache-control"), Some(caching));
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            let page = get(&app, path, &known).await;
            assert_eq!((page.status.as_u16(), page.body.as_str()), (304, ""), "{known}");
            assert_eq!(page.header("etag"), Some(etag.as_str()));
            assert_eq!(page.header("cache-control"), Some(caching));
        }
        for other in ["\"x\"", "x", &etag[1..]] {
            assert_eq!(get(&app, path, other).await.status, 200, "{other}");
        }
        // What no client says changes the document: CVE-2025-64101, CVE-2025-67494.
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "host=evil.example;proto=https"),
        ] {
            let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
            assert_eq!(app.send(request).await.body, page.body, "{name}");
        }
    }
    let before = get(&app, "/jwks", "").await.header("etag").unwrap().to_owned();
    keys::rotate(&app.app, &Origin::system(), Some(KeyAlg::Signing(SigningAlg::EdDsa)), false).await.unwrap();
    let page = get(&app, "/jwks", &before).await;
    assert_eq!(page.status, 200, "another key, another tag");
    assert_ne!(page.header("etag"), Some(before.as_str()));
}

on_both!(a_key_is_published_before_it_signs_and_until_its_last_token_is_dead, |app| {
    app.user("ada").await;
    let client = app.client("web", |metadata| {
        metadata.skip_consent = true;
        metadata.id_token_signed_response_alg = SigningAlg::Es256;
    });
    let rp = Rp::new(&app, &client.await);
    let mut browser = app.browser();
    let signs = async |app: &TestApp| {
        let mut browser = app.browser();
        kid(rp.tokens(&mut browser, "ada", "openid").await.access())
    };
    let old = signs(&app).await;
    let made = keys::rotate(&app.app, &Origin::system(), Some(KeyAlg::Signing(SigningAlg::Es256)), false)
        .await
        .unwrap();
    let new = made[0].as_str().to_owned();
    assert_eq!(published(&app).await.len(), 5, "published at once");
    assert_eq!(signs(&app).await, old, "but not used yet");
    app.advance(86_399);
    assert_eq!(signs(&app).await, old);
    let last = rp.tokens(&mut browser, "ada", "openid").await;
    assert_eq!(kid(last.access()), old);
    app.advance(1);
    assert_eq!(signs(&app).await, new);
    assert!(rp.is_active(last.access()).await, "what the former key signed counts on");
    let now = published(&app).await;
    assert!(now.contains(&old) && now.contains(&new), "RFC 7517: and can be verified");
    app.advance(299 + 60);
    assert!(published(&app).await.contains(&old));
    app.advance(1);
    assert!(!published(&app).await.contains(&old), "no token of it lives any more");
    // A hint may be old: ours stays recognisable.
    let hint = rp.authorization("openid", &[("prompt", "none"), ("id_token_hint", last.get("id_token"))]);
    assert!(browser.get(&hint).await.sent("code").is_some());
});

on_both!(a_revoked_key_takes_along_what_it_signed_at_once_and_on_every_node, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let opaque =
        app.client("opaque", |metadata| metadata.access_token_format = AccessTokenFormat::Opaque).await;
    let opaque = Rp::new(&app, &opaque);
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let untouched = opaque.tokens(&mut browser, "ada", "openid").await;
    let second = app.second_node().await;
    let there = rp.at(&second.router);
    assert_eq!(there.userinfo(tokens.access()).await.status, 200);

    let old = kid(tokens.access());
    keys::revoke(&app.app, &Origin::system(), &old).await.unwrap();
    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(rp.userinfo(tokens.access()).await.status, 401);
    assert!(!published(&app).await.contains(&old));
    assert!(!published(&second).await.contains(&old));
    assert_eq!(published(&app).await, published(&second).await);
    assert_eq!(there.userinfo(tokens.access()).await.status, 401);

    // The grant stands: the client refreshes, and its new token is signed by a key that both nodes know.
    let fresh = granted(&rp.refresh(tokens.refresh()).await);
    assert_ne!(kid(fresh.access()), old);
    assert_eq!(rp.userinfo(fresh.access()).await.status, 200);
    assert_eq!(there.userinfo(fresh.access()).await.status, 200);
    assert!(opaque.is_active(untouched.access()).await);
    assert!(keys::revoke(&app.app, &Origin::system(), &old).await.is_err(), "once");
    assert!(keys::revoke(&app.app, &Origin::system(), "no such key").await.is_err());
});

on_both!(the_first_client_of_an_algorithm_brings_its_key_about_once_for_all_nodes, |app| {
    let second = app.second_node().await;
    let nodes = [&app.app, &second.app];
    let signs = |app: &App, alg| app.keys.sign(alg, "JWT", &json!({}), app.clock.now());
    for alg in SigningAlg::ASYMMETRIC.iter().copied() {
        let from_the_start = SigningAlg::FROM_THE_START.contains(&alg);
        assert_eq!(signs(nodes[0], alg).is_ok(), from_the_start, "{alg}");
        at_once((0..8).map(|number: usize| {
            let app = nodes[number % 2].clone();
            async move { app.keys.ready(&app.store, alg, &app.clock).await.unwrap() }
        }))
        .await;
        let token = signs(nodes[0], alg).unwrap();
        assert_eq!(kid(&token), kid(&signs(nodes[1], alg).unwrap()), "{alg}: one key");
        for app in nodes {
            assert_eq!(app.keys.verify::<Value>(&token, "JWT").unwrap().claims, json!({}), "{alg}");
        }
    }
    for alg in SigningAlg::ALL.iter().copied().filter(|alg| !alg.is_asymmetric()) {
        nodes[0].keys.ready(&app.app.store, alg, &app.app.clock).await.unwrap();
        assert!(signs(nodes[0], alg).is_err(), "{alg} has no key of ours");
    }
    assert_eq!(published(&app).await.len(), SigningAlg::ASYMMETRIC.len());
    let log = app.audit_log().await;
    assert_eq!(log.iter().filter(|entry| *entry == "key.rotate alg:ES512").count(), 1);

    // And it is rotated as the others are.
    app.advance(90 * 86_400);
    for node in nodes {
        node.keys.rotate_when_due(&node.store, &node.clock).await.unwrap();
    }
    assert_eq!(published(&app).await.len(), 2 * SigningAlg::ASYMMETRIC.len());
});

on_both!(a_key_that_cannot_be_read_keeps_nobody_from_the_others, |app| {
    let second = app.second_node().await;
    let (alg, now) = (SigningAlg::Es256, app.app.clock.now());
    let sign = || app.app.keys.sign(alg, "JWT", &json!({}), app.app.clock.now()).unwrap();
    let old = sign();
    // One that was sealed under another secret, and one of a version that is newer than this one.
    for (name, alg, sequence) in [("other", "ES256", 2), ("newer", "ML-DSA-44", 1)] {
        let row = StoredKey {
            kid: name.into(),
            alg: alg.to_owned(),
            sequence,
            private_key: "nonsense".to_owned(),
            created_at: now,
            active_from: now,
            revoked_at: None,
        };
        let audit = crate::store_conformance::audit(&app, "test.key");
        assert!(app.app.store.insert_signing_key(&row, &audit).await.unwrap());
    }
    assert_eq!(published(&app).await.len(), 4);
    let made = keys::rotate(&app.app, &Origin::system(), Some(KeyAlg::Signing(alg)), true).await.unwrap();
    assert_eq!(made.len(), 1, "the number of the one that cannot be read is not taken again");
    assert_eq!(kid(&sign()), made[0].as_str());
    keys::revoke(&app.app, &Origin::system(), &kid(&old)).await.unwrap();
    for node in [&app, &second] {
        assert_eq!(published(node).await.len(), 4);
        assert!(node.app.keys.verify::<Value>(&old, "JWT").is_err());
        assert!(node.app.keys.verify::<Value>(&sign(), "JWT").is_ok());
    }
    // Whoever starts with it is told, before anything is signed.
    let config = (*app.app.config).clone();
    let refused =
        App::start(config, app.app.clock.clone(), Entropy::system()).await.err().unwrap().to_string();
    assert!(refused.contains("key other cannot be opened"), "{refused}");
});

on_both!(rfc7516_what_is_encrypted_to_this_server_is_read_until_its_key_is_revoked, |app| {
    let second = app.second_node().await;
    for node in [&app, &second] {
        node.app.keys.encryption_ready(&node.app.store, &app.app.clock).await.unwrap();
    }
    let jwks = get(&app, "/jwks", "").await.json();
    let set = jwks["keys"].as_array().unwrap();
    // One RSA key and one of a curve for all nodes; each once for each of its algorithms, under a name of its own.
    let (mut algs, mut numbers, mut members) = (Vec::new(), BTreeSet::new(), Vec::new());
    for key in &set[4..] {
        assert_eq!(key["use"], "enc");
        algs.push(key["alg"].as_str().unwrap());
        numbers.insert(key["n"].as_str().or(key["x"].as_str()).unwrap());
        members.extend(key.as_object().unwrap().keys().map(String::as_str));
    }
    algs.sort_unstable();
    assert_eq!(algs, ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP", "RSA-OAEP-256"]);
    assert_eq!(numbers.len(), 2);
    let names: BTreeSet<&str> = set.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(names.len(), set.len(), "RFC 7517 §4.5");
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(!members.contains(&private));
    }
    let clients = ClientKeys::parse(&jwks);
    let message = |alg| {
        let encryption = Encryption { alg, enc: ContentEncryption::A256Gcm };
        let key = clients.encryption_key(alg).unwrap();
        jwe::encrypt(encryption, key, Some("JWT"), b"to the server", &app.app.entropy).unwrap()
    };
    let messages: Vec<String> = KeyManagementAlg::ALL.iter().map(|alg| message(*alg)).collect();
    let nameless: Vec<String> = set[4..]
        .iter()
        .map(|key| {
            let mut key = key.clone();
            key.as_object_mut().unwrap().remove("kid");
            let alg: KeyManagementAlg = serde_json::from_value(key["alg"].clone()).unwrap();
            let keys = ClientKeys::parse(&json!({ "keys": [key] }));
            let encryption = Encryption { alg, enc: ContentEncryption::A128CbcHs256 };
            jwe::encrypt(
                encryption,
                keys.encryption_key(alg).unwrap(),
                None,
                b"to the server",
                &app.app.entropy,
            )
            .unwrap()
        })
        .collect();
    let all_read = |node: &TestApp| {
        messages
            .iter()
            .chain(&nameless)
            .all(|text| node.app.keys.decrypt(text).is_ok_and(|plain| plain == b"to the server"))
    };
    assert!(all_read(&app) && all_read(&second));
    for wrong in ["", "....", "a.b.c.d.e", &messages[0][1..], &format!("{}A", messages[1])] {
        assert_eq!(app.app.keys.decrypt(wrong), Err(DecryptError), "{wrong}");
    }

    // After both were replaced, and long after.
    for alg in KeyAlg::ENCRYPTION {
        keys::rotate(&app.app, &Origin::system(), Some(alg), true).await.unwrap();
    }
    assert!(all_read(&app));
    app.advance(86_400);
    assert_eq!(published(&app).await.len(), 9, "the old ones are published no more");
    assert_eq!(published(&second).await.len(), 9);
    assert!(all_read(&app) && all_read(&second));

    for alg in ["RSA-OAEP-256", "ECDH-ES"] {
        let key = set.iter().find(|key| key["alg"] == alg).unwrap();
        keys::revoke(&app.app, &Origin::system(), key["kid"].as_str().unwrap()).await.unwrap();
    }
    published(&second).await;
    for text in messages.iter().chain(&nameless) {
        for node in [&app, &second] {
            assert_eq!(node.app.keys.decrypt(text), Err(DecryptError));
        }
    }
    // Nothing that is encrypted counts as signed.
    assert!(app.app.keys.verify::<Value>(&messages[0], "JWT").is_err());
});

#[tokio::test]
async fn discovery_3_everything_that_is_advertised_works() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let every_type = |metadata: &mut ClientMetadata| {
        metadata.response_types = vec![ResponseType::Code, ResponseType::IdToken, ResponseType::CodeIdToken];
        metadata.grant_types.push(GrantType::Implicit);
        metadata.scope = Scope::parse("openid profile email address phone groups offline_access").unwrap();
    };
    let rp = Rp::new(&app, &app.client("web", every_type).await);
    let metadata = get(&app, METADATA[0], "").await.json();
    assert_eq!(get(&app, METADATA[1], "").await.json(), metadata);
    assert_eq!(metadata["issuer"], ISSUER);
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            let path = value.as_str().unwrap().strip_prefix(ISSUER).unwrap();
            assert_ne!(get(&app, path, "").await.status, 404, "{name}");
        }
    }
    let list = |name: &str| -> Vec<String> {
        let values = metadata[name].as_array().unwrap();
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    // What implicit means happens at the authorization endpoint.
    for grant_type in list("grant_types_supported").iter().filter(|grant_type| *grant_type != "implicit") {
        let page = rp.token(&[("grant_type", grant_type)]).await;
        assert!(!page.body.contains("unsupported_grant_type"), "{grant_type}");
    }
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    for (list_of, name) in [
        ("response_types_supported", "response_type"),
        ("response_modes_supported", "response_mode"),
        ("code_challenge_methods_supported", "code_challenge_method"),
        ("prompt_values_supported", "prompt"),
        ("acr_values_supported", "acr_values"),
        ("scopes_supported", "scope"),
    ] {
        for value in list(list_of) {
            let page = browser.get(&rp.authorization("openid", &[(name, &value)])).await;
            if value == "form_post" {
                let fields = page.form("https://web.example/cb");
                assert!(fields.iter().any(|(name, _)| name == "code"), "{fields:?}");
            } else {
                assert_eq!(page.sent("error"), None, "{name}={value}");
            }
        }
    }
    // tests/it/{front_channel_logout,back_channel_logout,claims}.rs show that each of these works.
    for (name, value) in [
        ("subject_types_supported", json!(["public", "pairwise"])),
        ("frontchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
    // tests/it/{request_objects,claims,client_assertions,response_types,token}.rs show that each of these works.
    for supported in ["claims_parameter", "request_parameter", "request_uri_parameter"] {
        assert_eq!(metadata[format!("{supported}_supported")], true);
    }
    let names = |algs: &[SigningAlg]| -> Value { algs.iter().map(|alg| json!(alg.as_str())).collect() };
    let but_none: Vec<_> = SigningAlg::ALL.iter().copied().filter(|alg| *alg != SigningAlg::None).collect();
    for (name, algs) in [
        ("id_token_signing_alg_values_supported", names(SigningAlg::ALL)),
        ("userinfo_signing_alg_values_supported", names(SigningAlg::ALL)),
        ("request_object_signing_alg_values_supported", names(&but_none)),
        ("token_endpoint_auth_signing_alg_values_supported", names(&but_none)),
    ] {
        assert_eq!(metadata[name], algs, "{name}");
    }
    assert_eq!(metadata.get("registration_endpoint"), None, "off");
    let open = app.configured(|config| config.registration.mode = RegistrationMode::Open);
    let metadata_of_open = get(&open, METADATA[0], "").await.json();
    assert_eq!(metadata_of_open["registration_endpoint"], format!("{ISSUER}/register"));
    let signing_up = app.configured(|config| config.sign_up = countersign::config::SignUpMode::Open);
    let metadata_of_it = get(&signing_up, METADATA[0], "").await.json();
    assert!(metadata_of_it["prompt_values_supported"].as_array().unwrap().contains(&json!("create")));
    // The other way round: every claim that is sent is advertised.
    let tokens = rp.tokens(&mut browser, "ada", "openid profile email").await;
    let userinfo = rp.userinfo(tokens.access()).await.json();
    let id_token = tokens.claims("id_token");
    for claim in userinfo.as_object().unwrap().keys().chain(id_token.as_object().unwrap().keys()) {
        assert!(list("claims_supported").contains(claim), "{claim}");
    }
}
