//! What clients learn about users, and under which name: OpenID Connect Core §5.5, §8, §10, §12.2.

use countersign::protocol::client::{ClientMetadata, GrantType, ResponseType, SigningAlg, SubjectType};
use countersign::protocol::jwa::KeyManagementAlg;
use serde_json::{Value, json};

use crate::support::client_key::ClientKey;
use crate::support::{Engine, ISSUER, Rp, Site, TestApp, claims, granted, on_both};

async fn registered(app: &TestApp, id: &str, change: impl FnOnce(&mut ClientMetadata)) -> Rp {
    Rp::new(app, &app.client(id, change).await)
}

/// Signs in with the `claims` parameter, and brings home the tokens.
async fn with_claims(app: &TestApp, rp: &Rp, wanted: &Value, scope: &str) -> crate::support::Tokens {
    let authorization = rp.authorization(scope, &[("claims", &wanted.to_string())]);
    let answer = rp.answer(&mut app.browser(), "ada", &authorization).await;
    granted(&rp.redeem(&answer.sent("code").unwrap_or_else(|| panic!("{}", answer.location()))).await)
}

on_both!(openid_core_5_5_claims_go_where_they_were_asked_for, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let wanted = json!({
        "userinfo": { "name": { "essential": true }, "nobody_has_this": null },
        "id_token": { "email": null, "auth_time": { "essential": true } },
    });
    let tokens = with_claims(&app, &rp, &wanted, "openid").await;
    let id_token = tokens.claims("id_token");
    assert_eq!(id_token["email"], "ada@example.com");
    assert_eq!(id_token.get("name"), None);
    let userinfo = rp.userinfo(tokens.access()).await.json();
    assert_eq!(userinfo["name"], "ada of Example");
    assert_eq!(userinfo.get("email"), None);
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    assert_eq!(refreshed.claims("id_token")["email"], "ada@example.com", "Core §12.2");
    assert_eq!(refreshed.claims("id_token")["auth_time"], id_token["auth_time"]);
    assert_eq!(rp.userinfo(refreshed.access()).await.json(), userinfo);
});

// Core §5.4 has them come from UserInfo, and §5.5 from wherever they are asked for: libraries that do neither are served too.
on_both!(openid_core_5_4_claims_of_scopes_are_in_id_tokens_where_that_is_registered, |app| {
    app.user("ada").await;
    let rp = registered(&app, "web", |metadata| {
        metadata.claims_in_id_token = true;
        metadata.response_types.push(ResponseType::CodeIdToken);
        metadata.grant_types.push(GrantType::Implicit);
    })
    .await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid email").await;
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    for told in [tokens.claims("id_token"), refreshed.claims("id_token")] {
        assert_eq!((&told["email"], &told["email_verified"]), (&json!("ada@example.com"), &json!(true)));
        assert_eq!(told.get("name"), None, "of the scopes that were granted, and no others");
    }
    let both = rp.authorization("openid profile", &[("response_type", "code id_token"), ("nonce", "n")]);
    let page = rp.answer(&mut browser, "ada", &both).await;
    let told = claims(&page.sent("id_token").unwrap());
    assert_eq!((told["name"].as_str(), told.get("email")), (Some("ada of Example"), None));
});

#[tokio::test]
async fn openid_core_5_5_claims_beyond_the_clients_scopes_are_not_given() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = registered(&app, "web", |metadata| {
        metadata.scope = countersign::protocol::scope::Scope::parse("openid email").unwrap();
    })
    .await;
    let wanted = json!({ "userinfo": { "name": { "essential": true }, "email": null } });
    let tokens = with_claims(&app, &rp, &wanted, "openid").await;
    let userinfo = rp.userinfo(tokens.access()).await.json();
    assert_eq!((userinfo.get("name"), &userinfo["email"]), (None, &json!("ada@example.com")));
}

#[tokio::test]
async fn openid_core_5_5_the_user_is_asked_about_claims_as_about_scopes() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    let asked = [("claims", "{\"userinfo\":{\"email\":null}}"), ("prompt", "none")];
    let page = browser.open(&rp.authorization("openid", &asked)).await;
    assert_eq!(page.sent("error").as_deref(), Some("consent_required"));
    let page = browser.open(&rp.authorization("openid", &asked[..1])).await;
    assert!(
        page.body.contains("consent-allow") && page.text().to_lowercase().contains("e-mail"),
        "{}",
        page.text()
    );
    assert!(browser.consent(&page, "allow").await.sent("code").is_some());
    let page = browser.open(&rp.authorization("openid", &asked)).await;
    assert!(page.sent("code").is_some(), "remembered");
}

on_both!(openid_core_8_1_pairwise_subjects_differ_by_sector_and_stay, |app| {
    app.user("ada").await;
    let pairwise = |metadata: &mut ClientMetadata| metadata.subject_type = SubjectType::Pairwise;
    let one = registered(&app, "one", pairwise).await;
    let two = registered(&app, "two", pairwise).await;
    let same = registered(&app, "same", |metadata| {
        metadata.subject_type = SubjectType::Pairwise;
        metadata.sector_identifier_uri = Some("https://one.example/uris".to_owned());
    })
    .await;
    let public = app.rp("web").await;
    let mut subjects = Vec::new();
    for rp in [&one, &two, &same, &public] {
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let sub = tokens.claims("id_token")["sub"].clone();
        assert_eq!(rp.userinfo(tokens.access()).await.json()["sub"], sub);
        assert_eq!(tokens.claims("access_token")["sub"], sub, "resource servers of one client know no other");
        assert_eq!(rp.introspect(tokens.access()).await["sub"], sub);
        assert_eq!(rp.introspect(tokens.refresh()).await["sub"], sub);
        let refreshed = granted(&rp.refresh(tokens.refresh()).await);
        assert_eq!(refreshed.claims("id_token")["sub"], sub);
        let hint = [("prompt", "none"), ("id_token_hint", tokens.get("id_token"))];
        assert!(browser.open(&rp.authorization("openid", &hint)).await.sent("code").is_some());
        let expected = format!("{{\"id_token\":{{\"sub\":{{\"value\":{sub}}}}}}}");
        let page =
            browser.open(&rp.authorization("openid", &[("prompt", "none"), ("claims", &expected)])).await;
        assert!(page.sent("code").is_some(), "{}", page.location());
        let another = "{\"id_token\":{\"sub\":{\"value\":\"somebody\"}}}";
        let page =
            browser.open(&rp.authorization("openid", &[("prompt", "none"), ("claims", another)])).await;
        assert_eq!(page.sent("error").as_deref(), Some("login_required"));
        subjects.push(sub);
    }
    assert_eq!(subjects[0], subjects[2], "one sector");
    assert!(subjects[0] != subjects[1] && subjects[0] != subjects[3] && subjects[1] != subjects[3]);
});

#[tokio::test]
async fn openid_core_10_1_id_tokens_under_the_clients_secret_are_good_hints_too() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    for alg in [SigningAlg::Hs256, SigningAlg::Hs384, SigningAlg::Hs512] {
        let rp = registered(&app, &alg.as_str().to_lowercase(), |metadata| {
            metadata.id_token_signed_response_alg = alg;
        })
        .await;
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let id_token = tokens.get("id_token");
        let key = jsonwebtoken::DecodingKey::from_secret(b"secret");
        let mut validation = jsonwebtoken::Validation::new(alg.as_str().parse().unwrap());
        validation.validate_exp = false;
        validation.set_audience(&[rp.client_id.as_str()]);
        let verified = jsonwebtoken::decode::<Value>(id_token, &key, &validation).unwrap();
        assert_eq!(verified.claims["iss"], ISSUER);
        let hint = [("prompt", "none"), ("id_token_hint", id_token)];
        assert!(browser.open(&rp.authorization("openid", &hint)).await.sent("code").is_some(), "{alg}");
        let forged = crate::support::client_key::sign_with_secret("another", &claims(id_token));
        let hint = [("prompt", "none"), ("id_token_hint", forged.as_str())];
        let page = browser.open(&rp.authorization("openid", &hint)).await;
        assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{alg}");
    }
}

#[tokio::test]
async fn openid_registration_2_unsigned_id_tokens_only_where_registered_and_never_as_hints() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp =
        registered(&app, "web", |metadata| metadata.id_token_signed_response_alg = SigningAlg::None).await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let id_token = tokens.get("id_token");
    assert!(id_token.ends_with('.') && tokens.claims("id_token")["sub"].is_string());
    let hint = [("prompt", "none"), ("id_token_hint", id_token)];
    let page = browser.open(&rp.authorization("openid", &hint)).await;
    assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "anybody could have written it");
}

on_both!(openid_core_5_3_2_userinfo_is_signed_where_that_is_registered, |app| {
    app.user("ada").await;
    for alg in SigningAlg::ASYMMETRIC {
        let rp = registered(&app, &alg.as_str().to_lowercase(), |metadata| {
            metadata.userinfo_signed_response_alg = Some(*alg);
            metadata.skip_consent = true;
        })
        .await;
        let tokens = rp.tokens(&mut app.browser(), "ada", "openid email").await;
        let page = rp.userinfo(tokens.access()).await;
        assert_eq!(page.header("content-type"), Some("application/jwt"), "{alg}");
        let told = claims(&page.body);
        assert_eq!((&told["iss"], &told["aud"]), (&json!(ISSUER), &json!(rp.client_id)), "{alg}");
        assert_eq!(told["email"], "ada@example.com");
        assert_eq!(told["sub"], tokens.claims("id_token")["sub"]);
        assert_eq!(told.get("nonce"), None);
        let jwks = app.browser().open("/jwks").await.json();
        let keys = countersign::jose::ClientKeys::parse(&jwks);
        keys.verify::<Value>(&countersign::jose::Jws::parse(&page.body).unwrap()).unwrap();
    }
});

#[tokio::test]
async fn openid_core_10_2_a_client_without_an_encryption_key_is_told_so() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let signing_only = ClientKey::new("k1");
    let rp = registered(&app, "web", |metadata| {
        metadata.jwks = Some(signing_only.jwks());
        metadata.response_types = vec![ResponseType::Code, ResponseType::IdToken];
        metadata.grant_types.push(GrantType::Implicit);
        metadata.id_token_encrypted_response_alg = Some(KeyManagementAlg::RsaOaep256);
    })
    .await;
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid").await;
    let page = rp.redeem(&code).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].as_str()), (400, Some("invalid_request")));
    assert!(page.body.contains("RSA-OAEP-256"), "{}", page.body);
    let page = browser.open(&rp.authorization("openid", &[("response_type", "id_token")])).await;
    assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{}", page.location());
}

#[tokio::test]
async fn openid_core_10_2_1_a_clients_new_encryption_key_is_looked_for_once_more() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    app.app.keys.encryption_ready(&app.app.store, &app.app.clock).await.unwrap();
    let site = Site::open().await;
    let address = site.put("/jwks", ClientKey::new("k1").jwks().to_string());
    let rp = registered(&app, "web", |metadata| {
        metadata.jwks_uri = Some(address);
        metadata.id_token_encrypted_response_alg = Some(KeyManagementAlg::EcdhEs);
    })
    .await;
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid").await;
    assert_eq!(rp.redeem(&code).await.status, 400);
    // The server's own keys, so that this test can decrypt.
    site.put("/jwks", app.browser().open("/jwks").await.body);
    app.advance(6);
    let tokens = granted(&rp.redeem(&code).await);
    let signed = app.app.keys.decrypt(tokens.get("id_token")).unwrap();
    assert_eq!(
        claims(std::str::from_utf8(&signed).unwrap())["nonce"],
        "the nonce",
        "the code was not used up"
    );
}
