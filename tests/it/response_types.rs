//! Every response type by every response mode: OpenID Connect Core §3, OAuth 2.0 Multiple Response Types, Form Post
//! Response Mode.

use countersign::protocol::claims::half_hash;
use countersign::protocol::client::{AuthMethod, GrantType, ResponseType, SigningAlg};
use countersign::protocol::session_state::session_state;
use serde_json::Value;

use crate::support::{Engine, Page, Rp, TestApp, VERIFIER, claims, granted, on_both_engines, refused};

/// An application that allows everything, and a client that registered everything.
async fn everything(engine: Engine) -> (TestApp, Rp) {
    let app = TestApp::start(engine).await.configured(|config| config.legacy.front_channel_tokens = true);
    let client = app
        .client("web", |metadata| {
            metadata.response_types = ResponseType::ALL.to_vec();
            metadata.grant_types.push(GrantType::Implicit);
        })
        .await;
    let rp = Rp::new(&app, &client);
    (app, rp)
}

/// Fetches what an answer brought, by whatever way it travels; and checks that it travels by no other.
fn sent(page: &Page, mode: &str) -> std::collections::BTreeMap<String, String> {
    let pairs: Vec<(String, String)> = if mode == "form_post" {
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.header("location"), None);
        page.form("https://web.example/cb")
    } else {
        assert_eq!(page.status, 303, "{}", page.body);
        let url = url::Url::parse(page.location()).unwrap();
        let (used, unused) = match mode {
            "query" => (url.query(), url.fragment()),
            _ => (url.fragment(), url.query()),
        };
        assert_eq!(unused, None, "{}", page.location());
        url::form_urlencoded::parse(used.unwrap().as_bytes()).into_owned().collect()
    };
    let mut found = std::collections::BTreeMap::new();
    for (name, value) in pairs {
        assert_eq!(found.insert(name.clone(), value), None, "{name} is sent twice");
    }
    found
}

on_both_engines!(openid_core_3_each_response_type_brings_what_it_names, |engine| {
    let (app, rp) = everything(engine).await;
    app.user("ada").await;
    let mut browser = app.browser();
    for response_type in ResponseType::ALL {
        for mode in ["query", "fragment", "form_post"] {
            if mode == "query" && *response_type != ResponseType::Code {
                continue;
            }
            let asked = [("response_type", response_type.as_str()), ("response_mode", mode)];
            let authorization = rp.authorization("openid email", &asked);
            let answer = sent(&rp.answer(&mut browser, "ada", &authorization).await, mode);
            let at = format!("{response_type} by {mode}: {answer:?}");
            assert_eq!(answer["state"], "the state", "{at}");
            assert_eq!(answer["iss"], "http://localhost:8080", "{at}");
            let (_, salt) = answer["session_state"].split_once('.').unwrap();
            let seen = session_state(
                &"web".into(),
                "https://web.example",
                &browser.cookies["countersign-state"],
                salt,
            );
            assert_eq!(answer["session_state"], seen, "Session Management §2: {at}");
            assert_eq!(answer.contains_key("code"), response_type.has_code(), "{at}");
            assert_eq!(answer.contains_key("id_token"), response_type.has_id_token(), "{at}");
            assert_eq!(answer.contains_key("access_token"), response_type.has_token(), "{at}");
            if let Some(id_token) = answer.get("id_token") {
                let token = claims(id_token);
                assert_eq!(token["nonce"], "the nonce", "{at}");
                let half = |name: &str| answer.get(name).map(|text| half_hash(SigningAlg::Rs256, text));
                assert_eq!(token.get("c_hash").and_then(Value::as_str), half("code").as_deref(), "{at}");
                assert_eq!(
                    token.get("at_hash").and_then(Value::as_str),
                    half("access_token").as_deref(),
                    "{at}"
                );
                assert_eq!(token["s_hash"], half("state").unwrap(), "{at}");
                // Core §5.4: without an access token, the scopes' claims are in the ID token.
                assert_eq!(token.get("email").is_some(), *response_type == ResponseType::IdToken, "{at}");
            }
            if let Some(access_token) = answer.get("access_token") {
                assert_eq!(answer["token_type"], "Bearer", "{at}");
                assert_eq!(answer["expires_in"], "300", "{at}");
                assert_eq!(rp.userinfo(access_token).await.json()["email"], "ada@example.com", "{at}");
            }
            if let Some(code) = answer.get("code") {
                let tokens = granted(&rp.redeem(code).await);
                let sub = tokens.claims("id_token")["sub"].clone();
                if let Some(id_token) = answer.get("id_token") {
                    assert_eq!(claims(id_token)["sub"], sub, "{at}");
                }
            }
            if let Some(access_token) = answer.get("access_token") {
                assert_eq!(rp.userinfo(access_token).await.status, 200, "after the code was redeemed: {at}");
                assert_eq!(rp.post("/revoke", &[("token", access_token)]).await.status, 200);
                assert_eq!(rp.userinfo(access_token).await.status, 401, "revoked: {at}");
            }
        }
    }
});

#[tokio::test]
async fn rfc9700_2_1_2_a_front_channel_access_token_ends_with_its_session() {
    let (app, rp) = everything(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    let mut browser = app.browser();
    let authorization = rp.authorization("openid offline_access", &[("response_type", "id_token token")]);
    let answer = sent(&rp.answer(&mut browser, "ada", &authorization).await, "fragment");
    assert_eq!(answer["scope"], "openid", "Core §11: no offline access without a code");
    assert!(rp.is_active(&answer["access_token"]).await);
    let audit = app.app.audit(&countersign::app::Origin::system(), "session.end", String::new(), "");
    app.app.store.end_sessions_of_user(&ada.id, None, &audit).await.unwrap();
    assert!(!rp.is_active(&answer["access_token"]).await);
    assert_eq!(rp.userinfo(&answer["access_token"]).await.status, 401);
}

#[tokio::test]
async fn openid_core_3_2_2_6_errors_travel_the_way_of_the_answer() {
    let (app, rp) = everything(Engine::Sqlite).await;
    for response_type in ResponseType::ALL {
        for mode in ["", "query", "fragment", "form_post"] {
            let code_alone = *response_type == ResponseType::Code;
            let expected = match mode {
                "" | "query" if code_alone => "query",
                "" | "query" => "fragment",
                mode => mode,
            };
            let asked = [
                ("response_type", response_type.as_str()),
                ("response_mode", mode),
                ("prompt", "none"),
                ("state", "a&b=c#d\"<é>"),
            ];
            let answer = sent(&app.browser().open(&rp.authorization("openid", &asked)).await, expected);
            let at = format!("{response_type} by {mode:?}: {answer:?}");
            let error = if mode == "query" && !code_alone { "invalid_request" } else { "login_required" };
            assert_eq!(answer["error"], error, "{at}");
            assert_eq!(answer["state"], "a&b=c#d\"<é>", "{at}");
            assert_eq!(answer["iss"], "http://localhost:8080", "{at}");
            let description = &answer["error_description"];
            assert!(description.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\'), "{at}");
            assert!(!answer.contains_key("code") && !answer.contains_key("id_token"), "{at}");
        }
        if response_type.has_id_token() {
            for (mode, expected) in [("", "fragment"), ("form_post", "form_post")] {
                let asked =
                    [("response_type", response_type.as_str()), ("response_mode", mode), ("nonce", "")];
                let answer = sent(&app.browser().open(&rp.authorization("openid", &asked)).await, expected);
                assert_eq!(answer["error"], "invalid_request", "{response_type}: {answer:?}");
            }
        }
    }
    for (mode, expected) in
        [("", "query"), ("query", "query"), ("fragment", "fragment"), ("form_post", "form_post")]
    {
        let asked = [("response_type", ""), ("response_mode", mode)];
        let answer = sent(&app.browser().open(&rp.authorization("openid", &asked)).await, expected);
        assert_eq!(answer["error"], "invalid_request", "no response type at all, {mode}: {answer:?}");
        assert_eq!(answer["state"], "the state");
    }
}

#[tokio::test]
async fn openid_registration_2_the_query_of_a_redirect_uri_stays_whatever_way_the_answer_travels() {
    let (app, _) = everything(Engine::Sqlite).await;
    app.user("ada").await;
    let client = app
        .client("shop", |metadata| {
            metadata.redirect_uris = vec!["https://shop.example/cb?bar=foo".to_owned()];
            metadata.response_types = ResponseType::ALL.to_vec();
            metadata.grant_types.push(GrantType::Implicit);
            metadata.skip_consent = true;
        })
        .await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    for response_type in ResponseType::ALL {
        for (mode, prompt) in [("", ""), ("form_post", ""), ("", "none"), ("form_post", "none")] {
            let asked =
                [("response_type", response_type.as_str()), ("response_mode", mode), ("prompt", prompt)];
            let authorization = rp.authorization("openid", &asked);
            // Success with a session, and an error without.
            let page = match prompt {
                "" => rp.answer(&mut browser, "ada", &authorization).await,
                _ => app.browser().open(&authorization).await,
            };
            if mode == "form_post" {
                assert_eq!(page.form("https://shop.example/cb"), [], "{response_type}");
                let fields = page.form("https://shop.example/cb?bar=foo");
                assert!(fields.contains(&("state".to_owned(), "the state".to_owned())), "{response_type}");
            } else {
                let joint = if *response_type == ResponseType::Code { '&' } else { '#' };
                let start = format!("https://shop.example/cb?bar=foo{joint}");
                assert!(page.location().starts_with(&start), "{response_type}: {}", page.location());
            }
        }
    }
}

#[tokio::test]
async fn openid_discovery_3_what_is_not_allowed_is_neither_advertised_nor_answered() {
    let (allowing, rp) = everything(Engine::Sqlite).await;
    allowing.user("ada").await;
    let app = allowing.configured(|config| config.legacy.front_channel_tokens = false);
    let rp = rp.at(&app.router);
    let advertised = |page: Page| page.json()["response_types_supported"].clone();
    let document = "/.well-known/openid-configuration";
    let names: Vec<&str> = ResponseType::ALL.iter().map(|response_type| response_type.as_str()).collect();
    assert_eq!(advertised(allowing.browser().open(document).await), serde_json::json!(names));
    let here = advertised(app.browser().open(document).await);
    assert_eq!(here, serde_json::json!(["code", "id_token", "code id_token"]));
    for response_type in ResponseType::ALL.iter().filter(|response_type| response_type.has_token()) {
        let asked = [("response_type", response_type.as_str())];
        let answer = sent(&app.browser().open(&rp.authorization("openid", &asked)).await, "fragment");
        assert_eq!(answer["error"], "unsupported_response_type", "{response_type}");
    }
}

#[tokio::test]
async fn rfc9700_2_1_1_a_code_from_the_front_channel_still_needs_its_verifier() {
    let (app, rp) = everything(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = app.browser();
    let authorization = rp.authorization("openid", &[("response_type", "code id_token")]);
    let answer = sent(&rp.answer(&mut browser, "ada", &authorization).await, "fragment");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", answer["code"].as_str()),
        ("redirect_uri", "https://web.example/cb"),
    ];
    assert_eq!(refused(&rp.token(&fields).await), "invalid_grant");
    let mut with_verifier = fields.to_vec();
    with_verifier.push(("code_verifier", VERIFIER));
    assert_eq!(rp.token(&with_verifier).await.status, 200);

    let public = app
        .client("spa", |metadata| {
            metadata.token_endpoint_auth_method = AuthMethod::None;
            metadata.response_types = vec![ResponseType::CodeIdToken, ResponseType::IdToken];
            metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
            metadata.require_pkce = false;
        })
        .await;
    let public = Rp::new(&app, &public);
    let no_challenge = |response_type| {
        let asked = [("response_type", response_type), ("code_challenge", ""), ("code_challenge_method", "")];
        public.authorization("openid", &asked)
    };
    let page = app.browser().open(&no_challenge("code id_token")).await;
    assert_eq!(sent(&page, "fragment")["error"], "invalid_request", "a public client always needs PKCE");
    let answer = public.answer(&mut browser, "ada", &no_challenge("id_token")).await;
    assert!(sent(&answer, "fragment").contains_key("id_token"), "no code, nothing to protect");
}

#[tokio::test]
async fn cve_2024_21637_cve_2026_42849_a_form_post_page_runs_nothing_but_its_own_script() {
    let (app, rp) = everything(Engine::Sqlite).await;
    let evil = "\"><img src=x onerror=alert(1)></form><script>alert(1)</script>";
    let asked = [("response_mode", "form_post"), ("prompt", "none"), ("state", evil)];
    let page = app.browser().open(&rp.authorization("openid", &asked)).await;
    assert_eq!(sent(&page, "form_post")["state"], evil);
    assert_eq!(page.body.matches("<script").count(), 1, "{}", page.body);
    assert!(!page.body.contains("<img src=x"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("form-action 'self' https:"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
}
