//! `/token`: what is refused and how; which token is good for what; and how tokens are signed.

use std::fmt::Write as _;

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use aws_lc_rs::{digest, hmac};
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::app::Origin;
use countersign::protocol::client::{AccessTokenFormat, AuthMethod, Client, GrantType, SigningAlg};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::{
    CHALLENGE, Engine, Page, Rp, TestApp, VERIFIER, basic, claims, encode, form, granted, on_both, refused,
};

async fn ask(app: &TestApp, authorization: &str, body: &str) -> Page {
    let mut request = form("/token", body.to_owned());
    if !authorization.is_empty() {
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
    }
    app.send(request).await
}

async fn switch_off(app: &TestApp, id: &str) {
    let client = app.stored_client(id).await;
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let off = Client { disabled: true, ..client.clone() };
    assert!(app.app.store.update_client(&off, client.updated_at, &audit).await.unwrap());
}

/// Every wrong request, and the whole answer to each.
#[expect(clippy::too_many_lines, reason = "a table")]
#[tokio::test]
async fn rfc6749_5_2_wrong_requests_are_told_what_is_wrong() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.rp("web").await;
    app.public_rp("spa").await;
    app.client("poster", |metadata| metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost).await;
    app.client("machine", |metadata| metadata.grant_types = vec![GrantType::ClientCredentials]).await;
    app.client("off", |_| {}).await;
    switch_off(&app, "off").await;
    let web = basic("web");
    let machine = basic("machine");
    let encoded = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let wrong_secret = encoded("web:wrong");
    let cases: Vec<(String, &str, &str, u16)> = vec![
        // Who asks.
        (String::new(), "", "invalid_client", 401),
        (String::new(), "grant_type=client_credentials", "invalid_client", 401),
        (String::new(), "grant_type=client_credentials&client_id=", "invalid_client", 401),
        (String::new(), "grant_type=client_credentials&client_secret=secret", "invalid_client", 401),
        (String::new(), "grant_type=client_credentials&client_id=nobody", "invalid_client", 401),
        (
            String::new(),
            "grant_type=client_credentials&client_id=nobody&client_secret=x",
            "invalid_client",
            401,
        ),
        (String::new(), "grant_type=client_credentials&client_id=web", "invalid_client", 401),
        (String::new(), "grant_type=client_credentials&client_id=web&client_secret=", "invalid_client", 401),
        (
            String::new(),
            "grant_type=client_credentials&client_id=web&client_secret=wrong",
            "invalid_client",
            401,
        ),
        (
            String::new(),
            "grant_type=client_credentials&client_id=web&client_secret=secret",
            "invalid_client",
            401,
        ),
        (
            String::new(),
            "grant_type=client_credentials&client_id=WEB&client_secret=secret",
            "invalid_client",
            401,
        ),
        (
            String::new(),
            "grant_type=client_credentials&client_id=poster&client_secret=Secret",
            "invalid_client",
            401,
        ),
        (
            String::new(),
            "grant_type=refresh_token&refresh_token=x&client_id=spa&client_secret=secret",
            "invalid_client",
            401,
        ),
        (
            String::new(),
            "grant_type=client_credentials&client_id=off&client_secret=secret",
            "invalid_client",
            401,
        ),
        (basic("off"), "grant_type=client_credentials", "invalid_client", 401),
        (basic("poster"), "grant_type=client_credentials", "invalid_client", 401),
        (basic("spa"), "grant_type=refresh_token&refresh_token=x", "invalid_client", 401),
        // RFC 6749 §2.3.1: libraries that know no public clients send an empty secret for them.
        (encoded("spa:"), "grant_type=refresh_token&refresh_token=x", "invalid_grant", 400),
        (encoded("spa:"), "grant_type=refresh_token&refresh_token=x&client_id=spa", "invalid_grant", 400),
        (encoded("spa:"), "grant_type=refresh_token&refresh_token=x&client_id=web", "invalid_request", 400),
        (basic("nobody"), "grant_type=client_credentials", "invalid_client", 401),
        (encoded("nobody:"), "grant_type=client_credentials", "invalid_client", 401),
        (encoded("off:"), "grant_type=client_credentials", "invalid_client", 401),
        (wrong_secret, "grant_type=client_credentials", "invalid_client", 401),
        (encoded("web:"), "grant_type=client_credentials", "invalid_client", 401),
        (encoded(":secret"), "grant_type=client_credentials", "invalid_client", 401),
        (encoded("web"), "grant_type=client_credentials", "invalid_client", 401),
        (encoded("web%00:secret"), "grant_type=client_credentials", "invalid_client", 401),
        ("Basic".to_owned(), "grant_type=client_credentials", "invalid_client", 401),
        ("Basic !".to_owned(), "grant_type=client_credentials", "invalid_client", 401),
        ("Bearer x".to_owned(), "grant_type=client_credentials&client_id=web", "invalid_client", 401),
        (web.clone(), "grant_type=client_credentials&client_secret=secret", "invalid_request", 400),
        (
            web.clone(),
            "grant_type=client_credentials&client_id=web&client_secret=secret",
            "invalid_request",
            400,
        ),
        (web.clone(), "grant_type=client_credentials&client_id=other", "invalid_request", 400),
        // Which grant.
        (web.clone(), "", "invalid_request", 400),
        (web.clone(), "grant_type=", "invalid_request", 400),
        (web.clone(), "grant_type=password&username=ada&password=x", "unsupported_grant_type", 400),
        (web.clone(), "grant_type=implicit", "unsupported_grant_type", 400),
        (web.clone(), "grant_type=AUTHORIZATION_CODE&code=x", "unsupported_grant_type", 400),
        (
            web.clone(),
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange",
            "unsupported_grant_type",
            400,
        ),
        (web.clone(), "grant_type=%22%3E%3Cscript%3E%C3%A4%0D%0A", "unsupported_grant_type", 400),
        (machine.clone(), "grant_type=authorization_code&code=x", "unauthorized_client", 400),
        (machine.clone(), "grant_type=refresh_token&refresh_token=x", "unauthorized_client", 400),
        (String::new(), "grant_type=client_credentials&client_id=spa", "unauthorized_client", 400),
        // Codes.
        (web.clone(), "grant_type=authorization_code", "invalid_request", 400),
        (web.clone(), "grant_type=authorization_code&code=", "invalid_request", 400),
        (web.clone(), "grant_type=authorization_code&code=x", "invalid_grant", 400),
        (web.clone(), "grant_type=authorization_code&code=%C3%A4", "invalid_grant", 400),
        // Refresh tokens.
        (web.clone(), "grant_type=refresh_token", "invalid_request", 400),
        (web.clone(), "grant_type=refresh_token&refresh_token=", "invalid_request", 400),
        (web.clone(), "grant_type=refresh_token&refresh_token=x", "invalid_grant", 400),
        (web.clone(), "grant_type=refresh_token&refresh_token=cs_rt_a.0.b", "invalid_grant", 400),
        (web.clone(), "grant_type=refresh_token&refresh_token=cs_rt_a.-1.b", "invalid_grant", 400),
        (
            web.clone(),
            "grant_type=refresh_token&refresh_token=cs_rt_a.9223372036854775808.b",
            "invalid_grant",
            400,
        ),
        // Scopes of clients.
        (machine.clone(), "grant_type=client_credentials&scope=other", "invalid_scope", 400),
        (machine.clone(), "grant_type=client_credentials&scope=api+other", "invalid_scope", 400),
        (machine.clone(), "grant_type=client_credentials&scope=countersign:admin", "invalid_scope", 400),
        (machine.clone(), "grant_type=client_credentials&scope=%22", "invalid_scope", 400),
        // Forms.
        (web.clone(), "grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        (web.clone(), "grant_type=client_credentials&scope=&scope=", "invalid_request", 400),
        (web.clone(), "grant_type=client_credentials&x=1&x=2", "invalid_request", 400),
        (web.clone(), "grant_type=client_credentials&x=%ff", "invalid_request", 400),
        (web.clone(), "grant_type=client_credentials&x=%00", "invalid_request", 400),
    ];
    let mut transcript = String::new();
    for (authorization, body, error, status) in &cases {
        let page = ask(&app, authorization, body).await;
        let described = page.json();
        let credentials = authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
        let who =
            credentials.map_or_else(|| authorization.clone(), |bytes| String::from_utf8(bytes).unwrap());
        writeln!(transcript, "[{who}] [{body}]\n    {} {described}", page.status.as_u16()).unwrap();
        assert_eq!(
            (refused(&page).as_str(), page.status.as_u16()),
            (*error, *status),
            "{authorization} {body}"
        );
        assert_eq!(described.as_object().unwrap().len(), 2, "{described}");
        assert_eq!(page.header("content-type"), Some("application/json"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let challenge = page.header("www-authenticate");
        assert_eq!(challenge.is_some_and(|text| text.starts_with("Basic ")), *status == 401, "RFC 6749 §5.2");
        let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        assert!(described["error_description"].as_str().unwrap().chars().all(allowed));
    }
    insta::assert_snapshot!("token_errors", transcript);
    // What is ignored.
    granted(&ask(&app, &machine, "grant_type=client_credentials&x=1&scope=&code=x&resource=y").await);
}

#[tokio::test]
async fn rfc6749_3_2_only_forms_by_post_and_nothing_in_the_address() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.rp("web").await;
    let body = "grant_type=client_credentials";
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", "x", ""] {
        let request =
            Request::post("/token").header("authorization", basic("web")).header("content-type", kind);
        let page = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_request", 400), "{kind}");
        let named = kind.split(';').next().unwrap();
        let description = page.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.ends_with(&format!("Content-Type says {named}")), "{description}");
    }
    for query in ["client_id=web&client_secret=secret", "grant_type=client_credentials", "x", "code=x"] {
        let mut request = form(&format!("/token?{query}"), body);
        request.headers_mut().insert("authorization", basic("web").parse().unwrap());
        assert_eq!(refused(&app.send(request).await), "invalid_request", "{query}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let request = Request::builder().method(method).uri("/token?grant_type=client_credentials");
        let page = app.send(request.header("authorization", basic("web")).body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, 405);
        assert!(page.header("allow").unwrap().contains("POST"));
    }
    let mut request = form("/token", body);
    for _ in 0..2 {
        request.headers_mut().append("authorization", basic("web").parse().unwrap());
    }
    assert_eq!(refused(&app.send(request).await), "invalid_request", "two headers are two methods");
    let page = ask(&app, &basic("web"), "grant_type=client_credentials; charset=UTF-8").await;
    assert_eq!(refused(&page), "unsupported_grant_type");
    let request = Request::post("/token")
        .header("authorization", basic("web"))
        .header("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    granted(&app.send(request.body(Body::from(body)).unwrap()).await);
}

#[tokio::test]
async fn every_client_authenticates_the_way_it_registered() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    // tests/it/client_assertions.rs has the two that sign.
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None] {
        let client =
            app.client(method.as_str(), |metadata| metadata.token_endpoint_auth_method = method).await;
        let rp = Rp::new(&app, &client);
        let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
        granted(&rp.refresh(tokens.refresh()).await);
    }
}

on_both!(cve_2023_48228_rfc7636_4_6_the_verifier_belongs_to_the_challenge, |app| {
    app.user("ada").await;
    let client = app
        .client("web", |metadata| {
            metadata.require_pkce = false;
            metadata.skip_consent = true;
        })
        .await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    let redeem = async |code: &str, verifier: Option<&str>| {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https://web.example/cb"),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        rp.token(&fields).await
    };
    let with = browser.get(&rp.authorization("openid", &[])).await.sent("code").unwrap();
    let wrong = VERIFIER.replace('d', "e");
    let long = "a".repeat(129);
    for verifier in [
        None,
        Some(""),
        Some(&wrong),
        Some(CHALLENGE),
        Some(&VERIFIER[1..]),
        Some(&long),
        Some("x"),
        Some("dBjftJeZ4CVP+mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk="),
        Some("\u{e4}BjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ] {
        let page = redeem(&with, verifier).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_grant", 400), "{verifier:?}");
    }
    granted(&redeem(&with, Some(VERIFIER)).await);

    let bare = [("code_challenge", ""), ("code_challenge_method", "")];
    let without = browser.get(&rp.authorization("openid", &bare)).await.sent("code").unwrap();
    assert_eq!(refused(&redeem(&without, Some(VERIFIER)).await), "invalid_grant", "RFC 9700 §4.8.2");
    granted(&redeem(&without, None).await);
});

on_both!(rfc6749_4_1_3_the_redirect_uri_is_the_one_that_was_asked_for, |app| {
    app.user("ada").await;
    let client = app
        .client("web", |metadata| {
            metadata.redirect_uris = vec!["https://web.example/cb".to_owned()];
            metadata.skip_consent = true;
            metadata.require_pkce = false;
        })
        .await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    let redeem = async |code: &str, redirect_uri: &str| {
        rp.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ])
        .await
    };
    let named = browser.get(&rp.authorization("openid", &[])).await.sent("code").unwrap();
    for uri in [
        "https://web.example/cb/",
        "https://web.example/",
        "https://evil.example/cb",
        "https://web.example/cb?x",
    ] {
        assert_eq!(refused(&redeem(&named, uri).await), "invalid_grant", "{uri}");
    }
    granted(&redeem(&named, "https://web.example/cb").await);
    let bare = [("code_challenge", ""), ("code_challenge_method", "")];
    let unprotected = browser.get(&rp.authorization("openid", &bare)).await.sent("code").unwrap();
    let fields = [("grant_type", "authorization_code"), ("code", unprotected.as_str())];
    assert_eq!(refused(&rp.token(&fields).await), "invalid_grant", "without PKCE it must be repeated");
    let unnamed = browser.get(&rp.authorization("api", &[("redirect_uri", "")])).await.sent("code").unwrap();
    assert_eq!(refused(&redeem(&unnamed, "https://evil.example/cb").await), "invalid_grant");
    granted(&redeem(&unnamed, "").await);
});

on_both!(rfc6749_4_4_clients_get_tokens_for_themselves, |app| {
    let client = app
        .client("machine", |metadata| {
            metadata.scope =
                countersign::protocol::scope::Scope::parse("openid email api api.write").unwrap();
            metadata.grant_types = vec![GrantType::ClientCredentials];
        })
        .await;
    let rp = Rp::new(&app, &client);
    for (scope, given) in [
        ("", Some("api api.write")),
        ("api", Some("api")),
        ("api.write api", Some("api.write api")),
        ("api openid", Some("api")),
        ("openid", None),
    ] {
        let tokens = granted(&rp.token(&[("grant_type", "client_credentials"), ("scope", scope)]).await);
        assert_eq!(tokens.json.get("scope").and_then(Value::as_str), given, "{scope}");
        assert!(tokens.json.get("refresh_token").is_none() && tokens.json.get("id_token").is_none());
        let said = tokens.claims("access_token");
        assert_eq!((&said["sub"], &said["client_id"]), (&json!("machine"), &json!("machine")));
        let page = rp.userinfo(tokens.access()).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("insufficient_scope", 403));
        assert!(rp.is_active(tokens.access()).await);
    }
    // CVE-2023-0091: revocation counts for them too. CVE-2025-64521: and switching the client off.
    let tokens = granted(&rp.token(&[("grant_type", "client_credentials")]).await);
    assert_eq!(rp.post("/revoke", &[("token", tokens.access())]).await.status, 200);
    assert!(!rp.is_active(tokens.access()).await);
    let page = rp.userinfo(tokens.access()).await;
    assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_token", 401));
    let others = app.client("resource", |metadata| metadata.introspects_any_token = true).await;
    let resource = Rp::new(&app, &others);
    let tokens = granted(&rp.token(&[("grant_type", "client_credentials")]).await);
    assert!(resource.is_active(tokens.access()).await);
    switch_off(&app, "machine").await;
    assert!(!resource.is_active(tokens.access()).await);
    for path in ["/token", "/introspect", "/revoke"] {
        let page = rp.post(path, &[("grant_type", "client_credentials"), ("token", tokens.access())]).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_client", 401), "{path}");
    }
});

/// Verifies a token the way a relying party does: with nothing but the published keys, and with another library than the
/// server's own.
async fn verified(app: &TestApp, token: &str, alg: SigningAlg, typ: &str) -> Value {
    let jwks = app.browser().get("/jwks").await.json();
    let header = part(token, 0);
    assert_eq!((&header["alg"], &header["typ"]), (&json!(alg), &json!(typ)));
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!((&key["alg"], &key["use"]), (&json!(alg), &json!("sig")));
    if alg == SigningAlg::Es512 {
        // jsonwebtoken does not know it.
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], number("x"), number("y")].concat();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point)
            .verify(message.as_bytes(), &signature)
            .unwrap();
        return part(token, 1);
    }
    let key: Jwk = serde_json::from_value(key.clone()).unwrap();
    let mut validation = Validation::new(alg.as_str().parse().unwrap());
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode(token, &DecodingKey::from_jwk(&key).unwrap(), &validation).unwrap().claims
}

/// A part of a token, as JSON.
fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

on_both!(rfc9068_openid_core_2_tokens_verify_against_the_published_keys, |app| {
    app.user("ada").await;
    for alg in SigningAlg::ASYMMETRIC {
        for format in AccessTokenFormat::ALL {
            let client = app
                .client(&format!("{alg}-{format}").to_lowercase(), |metadata| {
                    metadata.id_token_signed_response_alg = *alg;
                    metadata.access_token_signed_response_alg = *alg;
                    metadata.access_token_format = *format;
                })
                .await;
            let rp = Rp::new(&app, &client);
            let tokens = rp.tokens(&mut app.browser(), "ada", "openid email").await;
            let id_token = verified(&app, tokens.get("id_token"), *alg, "JWT").await;
            let hash = match alg.as_str() {
                "EdDSA" | "ES512" | "RS512" | "PS512" => &digest::SHA512,
                "ES384" | "RS384" | "PS384" => &digest::SHA384,
                _ => &digest::SHA256,
            };
            let hash = digest::digest(hash, tokens.access().as_bytes());
            let half = &hash.as_ref()[..hash.as_ref().len() / 2];
            assert_eq!(id_token["at_hash"], URL_SAFE_NO_PAD.encode(half), "Core §3.1.3.6");
            match format {
                AccessTokenFormat::Jwt => {
                    let access = verified(&app, tokens.access(), *alg, "at+jwt").await;
                    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
                        assert!(access.get(claim).is_some(), "RFC 9068 §2.2 {claim}");
                    }
                }
                AccessTokenFormat::Opaque => {
                    assert!(tokens.access().starts_with("cs_at_") && !tokens.access().contains('.'));
                }
            }
            assert_eq!(rp.userinfo(tokens.access()).await.json()["email"], "ada@example.com");
            let said = rp.introspect(tokens.access()).await;
            assert_eq!((&said["active"], &said["client_id"]), (&json!(true), &json!(rp.client_id)));
            app.advance(300);
            assert!(!rp.is_active(tokens.access()).await, "expired");
            assert_eq!(rp.userinfo(tokens.access()).await.status, 401, "expired");
        }
    }
});

/// Forgeries of a token that anybody can make who knows the published keys.
fn forgeries(token: &str, jwks: &Value) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let other = |change: &[(&str, Value)]| {
        let mut header = header.clone();
        for (name, value) in change {
            header[*name] = value.clone();
        }
        URL_SAFE_NO_PAD.encode(header.to_string())
    };
    let mut forged = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let head = other(&[("alg", json!(none))]);
        forged.extend([
            format!("{head}.{body}."),
            format!("{head}.{body}.{signature}"),
            format!("{head}.{body}"),
        ]);
    }
    for key in jwks["keys"].as_array().unwrap() {
        let secrets = [key["n"].as_str(), key["x"].as_str(), key["y"].as_str()];
        let mut secrets: Vec<Vec<u8>> = secrets
            .into_iter()
            .flatten()
            .flat_map(|text| [URL_SAFE_NO_PAD.decode(text).unwrap(), text.into()])
            .collect();
        secrets.push(key.to_string().into_bytes());
        secrets.push(Vec::new());
        for secret in secrets {
            let head = other(&[("alg", json!("HS256")), ("kid", key["kid"].clone())]);
            let tag =
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), format!("{head}.{body}").as_bytes());
            forged.push(format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())));
        }
        for alg in ["ES256", "RS256", "PS256", "EdDSA", "RS512", "ES384"] {
            if header["alg"] != alg || header["kid"] != key["kid"] {
                forged.push(format!(
                    "{}.{body}.{signature}",
                    other(&[("alg", json!(alg)), ("kid", key["kid"].clone())])
                ));
            }
        }
    }
    for change in [
        &[("kid", json!("../../dev/null"))][..],
        &[("kid", Value::Null)],
        &[("kid", json!("' OR 1=1 --"))],
        &[("jku", json!("https://evil.example/jwks"))],
        &[("jwk", jwks["keys"][0].clone())],
        &[("crit", json!(["exp"]))],
        &[("typ", json!("secevent+jwt"))],
    ] {
        forged.push(format!("{}.{body}.{signature}", other(change)));
    }
    let mut claims = claims(token);
    claims["exp"] = json!(9_999_999_999_i64);
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[7] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(flipped);
    forged.extend([
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string())),
        format!("{head}.{body}.{flipped}"),
        format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        "...".to_owned(),
        "e30.e30.e30".to_owned(),
    ]);
    forged
}

#[tokio::test]
async fn rfc8725_3_1_the_key_decides_the_algorithm_never_the_token() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    for alg in SigningAlg::ASYMMETRIC {
        let client = app
            .client(&alg.as_str().to_lowercase(), |metadata| {
                metadata.id_token_signed_response_alg = *alg;
                metadata.access_token_signed_response_alg = *alg;
                metadata.skip_consent = true;
            })
            .await;
        let rp = Rp::new(&app, &client);
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let jwks = app.browser().get("/jwks").await.json();
        for forged in forgeries(tokens.access(), &jwks) {
            assert_eq!(rp.userinfo(&forged).await.status, 401, "{forged}");
            assert_eq!(rp.introspect(&forged).await, json!({ "active": false }), "{forged}");
            assert_eq!(rp.post("/revoke", &[("token", &forged)]).await.status, 200);
        }
        assert!(rp.is_active(tokens.access()).await, "no forgery revoked it");
        for forged in forgeries(tokens.get("id_token"), &jwks) {
            let hint = [("prompt", "none"), ("id_token_hint", forged.as_str())];
            let page = browser.get(&rp.authorization("openid", &hint)).await;
            assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{forged}");
            let query = encode(&[("id_token_hint".to_owned(), forged.clone())]);
            browser.get(&format!("/logout?{query}")).await.refusal(400);
        }
        assert_eq!(rp.userinfo(tokens.access()).await.status, 200);
    }
}

on_both!(rfc8725_3_12_every_kind_of_token_is_good_for_one_thing, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let opaque =
        app.client("opaque", |metadata| metadata.access_token_format = AccessTokenFormat::Opaque).await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let opaque = Rp::new(&app, &opaque).tokens(&mut browser, "ada", "openid").await;
    let code = rp.code(&mut browser, "ada", "openid").await;
    let login = app.browser().get(&rp.authorization("openid", &[])).await;
    let flow = login.location().split_once("flow=").unwrap().1.to_owned();
    let bare = [code.clone(), flow.clone(), opaque.access()["cs_at_".len()..].to_owned()];
    let prefixed: Vec<String> =
        bare.iter().flat_map(|text| [format!("cs_at_{text}"), format!("cs_rt_{text}")]).collect();
    let mut kinds: Vec<(&str, String)> = vec![
        ("id_token", tokens.get("id_token").to_owned()),
        ("access_token", tokens.access().to_owned()),
        ("access_token", opaque.access().to_owned()),
        ("refresh_token", tokens.refresh().to_owned()),
        ("code", code.clone()),
        ("flow", flow),
        ("bare", bare[2].clone()),
        ("cookie", browser.cookies["countersign-session"].clone()),
        ("cookie", browser.cookies["countersign-browser"].clone()),
        ("secret", "secret".to_owned()),
    ];
    kinds.extend(prefixed.into_iter().filter(|text| text != opaque.access()).map(|text| ("prefixed", text)));
    for (kind, text) in &kinds {
        if *kind != "access_token" {
            assert_eq!(rp.userinfo(text).await.status, 401, "{kind} as access token");
        }
        if !["access_token", "refresh_token"].contains(kind) {
            assert!(!rp.is_active(text).await, "{kind}");
            assert_eq!(rp.post("/revoke", &[("token", text)]).await.status, 200);
        }
        if *kind != "code" {
            let page = rp.redeem(text).await;
            assert_eq!(refused(&page), "invalid_grant", "{kind} as code");
        }
        if *kind != "refresh_token" {
            assert_eq!(refused(&rp.refresh(text).await), "invalid_grant", "{kind} as refresh token");
        }
        if *kind != "id_token" {
            let hint = [("prompt", "none"), ("id_token_hint", text.as_str())];
            let page = browser.get(&rp.authorization("openid", &hint)).await;
            assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{kind} as hint");
        }
        if *kind != "flow" {
            browser
                .get(&format!("/login?{}", encode(&[("flow".to_owned(), text.clone())])))
                .await
                .refusal(400);
        }
    }
    // None of this did any harm.
    assert!(rp.is_active(tokens.access()).await);
    granted(&rp.redeem(&code).await);
    granted(&rp.refresh(tokens.refresh()).await);
});
