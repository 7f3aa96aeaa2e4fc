//! Client authentication by signed assertions: RFC 7523, OpenID Connect Core §9.

use axum::Router;
use countersign::protocol::client::{AuthMethod, ClientMetadata, GrantType, SigningAlg};
use serde_json::{Value, json};

use crate::support::client_key::{ClientKey, sign_with_secret, unsigned};
use crate::support::{Engine, ISSUER, Page, START, Site, TestApp, at_once, form, on_both, refused};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The claims that every assertion needs.
fn assertion(jti: &str) -> Value {
    json!({ "iss": "web", "sub": "web", "aud": ISSUER, "exp": START + 60, "iat": START, "jti": jti })
}

fn by_key(metadata: &mut ClientMetadata, key: &ClientKey) {
    metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    metadata.jwks = Some(key.jwks());
    metadata.grant_types = vec![GrantType::ClientCredentials];
    metadata.redirect_uris.clear();
}

fn by_secret(metadata: &mut ClientMetadata) {
    metadata.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
    metadata.grant_types = vec![GrantType::ClientCredentials];
    metadata.redirect_uris.clear();
}

async fn ask(router: &Router, path: &str, assertion: &str, extra: &str) -> Page {
    use tower::ServiceExt as _;
    let body = format!(
        "grant_type=client_credentials&token=x&client_assertion_type={JWT_BEARER}&client_assertion={assertion}{extra}"
    );
    Page::of(router.clone().oneshot(form(path, body)).await.unwrap()).await
}

on_both!(openid_core_9_private_key_jwt_at_every_endpoint, |app| {
    let key = ClientKey::new("k1");
    let of_a_device = |metadata: &mut ClientMetadata| {
        by_key(metadata, &key);
        metadata.grant_types.push(GrantType::DeviceCode);
    };
    app.client("web", of_a_device).await;
    // tests/it/par.rs has /par.
    let paths = ["/token", "/introspect", "/revoke", "/device_authorization"];
    for (number, path) in paths.into_iter().enumerate() {
        for (kind, audience) in
            [json!(ISSUER), json!(format!("{ISSUER}/token")), json!([format!("{ISSUER}{path}"), ISSUER])]
                .into_iter()
                .enumerate()
        {
            let mut claims = assertion(&format!("{number}-{kind}"));
            claims["aud"] = audience;
            let extra = if path == "/device_authorization" { "&scope=openid" } else { "" };
            let page = ask(&app.router, path, &key.sign(&claims), extra).await;
            assert_eq!(page.status, 200, "{path} {claims}: {}", page.body);
        }
    }
    let named = ask(&app.router, "/token", &key.sign(&assertion("named")), "&client_id=web").await;
    assert_eq!(named.status, 200, "RFC 7521 §4.2: client_id may be sent beside it");
});

on_both!(cve_2020_5300_an_assertion_counts_once_on_every_node, |app| {
    let key = ClientKey::new("k1");
    app.client("web", |metadata| by_key(metadata, &key)).await;
    let nodes = [app.router.clone(), app.second_node().await.router];
    let once = key.sign(&assertion("once"));
    let tries = (0..16).map(|number: usize| {
        let (router, once) = (nodes[number % 2].clone(), once.clone());
        async move { ask(&router, "/token", &once, "").await }
    });
    let pages = at_once(tries).await;
    assert_eq!(pages.iter().filter(|page| page.status == 200).count(), 1);
    for page in pages.iter().filter(|page| page.status != 200) {
        assert_eq!(refused(page), "invalid_client");
        assert!(page.body.contains("used before"), "{}", page.body);
    }
});

#[tokio::test]
async fn rfc7523_3_whatever_is_wrong_with_an_assertion_is_invalid_client() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (key, other) = (ClientKey::new("k1"), ClientKey::new("k1"));
    app.client("web", |metadata| by_key(metadata, &key)).await;
    app.client("second", |metadata| by_key(metadata, &other)).await;
    let with = |name: &str, value: Value| {
        let mut claims = assertion(&format!("{name} {value}"));
        claims[name] = value;
        key.sign(&claims)
    };
    let mut tampered = key.sign(&assertion("tampered"));
    tampered.replace_range(tampered.len() - 4.., "AAAA");
    for (name, text) in [
        ("empty", "x".to_owned()),
        ("no JWT", "a.b.c".to_owned()),
        ("unsigned", unsigned(&assertion("unsigned"))),
        ("another client's key", other.sign(&assertion("other"))),
        ("with a secret", sign_with_secret("secret", &assertion("secret"))),
        // RFC 8725 §2.1: the public key is no secret.
        ("with the public key", sign_with_secret(&key.jwk().to_string(), &assertion("public"))),
        ("tampered", tampered),
        ("iss", with("iss", json!("second"))),
        ("sub", with("sub", json!("second"))),
        ("aud", with("aud", json!("https://other.example"))),
        ("aud", with("aud", json!([ISSUER, "https://other.example"]))),
        ("aud", with("aud", json!([]))),
        ("expired", with("exp", json!(START))),
        ("for ever", with("exp", json!(START + 100_000))),
        ("no exp", with("exp", Value::Null)),
        ("from the future", with("iat", json!(START + 61))),
        ("no jti", with("jti", Value::Null)),
        ("nobody", { key.sign(&json!({ "iss": "nobody", "sub": "nobody" })) }),
    ] {
        let page = ask(&app.router, "/token", &text, "").await;
        assert_eq!(refused(&page), "invalid_client", "{name}: {}", page.body);
        assert_eq!(page.status, 401, "{name}");
    }
    let alone = form("/token", "grant_type=client_credentials&client_id=web");
    assert_eq!(refused(&app.send(alone).await), "invalid_client", "a client_id proves nothing");
    let good = key.sign(&assertion("good"));
    for (extra, error) in
        [("&client_secret=secret", "invalid_request"), ("&client_id=second", "invalid_client")]
    {
        assert_eq!(refused(&ask(&app.router, "/token", &good, extra).await), error, "{extra}");
    }
    let wrong_type =
        format!("grant_type=client_credentials&client_assertion_type=saml&client_assertion={good}");
    assert_eq!(refused(&app.send(form("/token", wrong_type)).await), "invalid_client");
    assert_eq!(ask(&app.router, "/token", &good, "").await.status, 200, "none of these used it up");
}

#[tokio::test]
async fn openid_core_9_client_secret_jwt_and_the_algorithm_that_was_registered() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.client("web", by_secret).await;
    let good = ask(&app.router, "/token", &sign_with_secret("secret", &assertion("1")), "").await;
    assert_eq!(good.status, 200, "{}", good.body);
    let wrong = ask(&app.router, "/token", &sign_with_secret("another", &assertion("2")), "").await;
    assert_eq!(refused(&wrong), "invalid_client");

    let strict = TestApp::start(Engine::Sqlite).await;
    strict
        .client("web", |metadata| {
            by_secret(metadata);
            metadata.token_endpoint_auth_signing_alg = Some(SigningAlg::Hs512);
        })
        .await;
    let page = ask(&strict.router, "/token", &sign_with_secret("secret", &assertion("3")), "").await;
    assert_eq!(refused(&page), "invalid_client", "HS256 is not HS512");
}

#[tokio::test]
async fn openid_core_10_1_1_an_unknown_key_is_looked_for_once_more() {
    let app = TestApp::start(Engine::Sqlite).await;
    let site = Site::open().await;
    let (first, second) = (ClientKey::new("first"), ClientKey::new("second"));
    let address = site.put("/jwks", first.jwks().to_string());
    app.client("web", |metadata| {
        by_key(metadata, &first);
        metadata.jwks = None;
        metadata.jwks_uri = Some(address);
    })
    .await;
    for jti in ["1", "2", "3"] {
        assert_eq!(ask(&app.router, "/token", &first.sign(&assertion(jti)), "").await.status, 200);
    }
    assert_eq!(site.asked("/jwks"), 1, "kept");
    site.put("/jwks", second.jwks().to_string());
    app.advance(6);
    let page = ask(&app.router, "/token", &second.sign(&assertion("4")), "").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(site.asked("/jwks"), 2);
    for number in 0..10 {
        let unknown = ClientKey::new("unknown").sign(&assertion(&format!("u{number}")));
        assert_eq!(refused(&ask(&app.router, "/token", &unknown, "").await), "invalid_client");
    }
    assert!(site.asked("/jwks") <= 3, "nobody can make this server hammer a client: {}", site.asked("/jwks"));
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_no_server_error() {
    let app = TestApp::start(Engine::Sqlite).await;
    let site = Site::open().await;
    let key = ClientKey::new("k1");
    site.put("/nonsense", "no JSON");
    for path in ["/missing", "/nonsense"] {
        let id = path.trim_start_matches('/');
        app.client(id, |metadata| {
            by_key(metadata, &key);
            metadata.jwks = None;
            metadata.jwks_uri = Some(format!("{}{path}", site.address));
        })
        .await;
        let mut claims = assertion(path);
        (claims["iss"], claims["sub"]) = (json!(id), json!(id));
        assert_eq!(refused(&ask(&app.router, "/token", &key.sign(&claims), "").await), "invalid_client");
    }
}
