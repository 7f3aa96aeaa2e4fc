//! `/authorize`: what is refused, in which words and where to; what is asked again; whose flow it is.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::{
    Browser, CHALLENGE, Engine, ISSUER, PASSWORD, Page, Rp, START, TestApp, claims, filled, form, granted,
    on_both,
};

/// A code, without asking for consent.
async fn first_party(app: &TestApp, id: &str) -> Rp {
    Rp::new(app, &app.client(id, |metadata| metadata.skip_consent = true).await)
}

/// The error that an answer at the client's address brings, after checking the rest of the answer.
fn error_at_client(page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.body);
    let sent = page.location().strip_prefix("https://web.example/cb").unwrap();
    assert!(sent.starts_with("?error=") || sent.starts_with("#error="), "{}", page.location());
    assert_eq!(page.sent("iss").as_deref(), Some(ISSUER), "RFC 9207 §2");
    assert_eq!(page.sent("code"), None);
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    assert!(page.sent("error_description").unwrap().chars().all(allowed), "RFC 6749 §4.1.2.1");
    page.sent("error").unwrap()
}

#[tokio::test]
async fn rfc6749_4_1_2_1_the_description_says_what_a_developer_got_wrong() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    let wrong: &[(&[(&str, &str)], &str)] = &[
        (&[("scope", "")], "scope is missing"),
        (&[("scope", "nothing")], "scope holds nothing that the client is registered for"),
        (&[("scope", "openid,profile")], "separated by spaces, not by commas"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "this client must use PKCE"),
        (&[("code_challenge_method", "")], "without it, plain is meant"),
        (&[("code_challenge_method", "plain")], "code_challenge_method must be S256"),
        (&[("code_challenge", &"a".repeat(64))], "the 43 characters of BASE64URL(SHA256(code_verifier))"),
    ];
    for (extra, words) in wrong {
        let page = app.browser().get(&rp.authorization("openid", extra)).await;
        error_at_client(&page);
        let description = page.sent("error_description").unwrap();
        assert!(description.contains(words), "{extra:?}: {description}");
    }
}

/// Another site's form: no `SameSite=Lax` cookie comes along.
async fn post_from_elsewhere(browser: &mut Browser, query: &str) -> Page {
    let mut request = form("/authorize", query.to_owned());
    request.headers_mut().insert("origin", "https://web.example".parse().unwrap());
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let cookies = std::mem::take(&mut browser.cookies);
    let page = browser.send(request).await;
    browser.cookies = cookies;
    page
}

#[tokio::test]
async fn rfc6749_4_1_2_1_errors_reach_the_client_with_state_and_issuer() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    let long = "x".repeat(129);
    let nonce = "n".repeat(2049);
    let wrong: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code token")], "unsupported_response_type"),
        (&[("response_type", "id_token")], "unauthorized_client"),
        (&[("response_type", "code id_token")], "unauthorized_client"),
        (&[("response_type", "CODE")], "unsupported_response_type"),
        (&[("response_mode", "web_message")], "invalid_request"),
        (&[("response_mode", "Query")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "countersign:admin")], "invalid_scope"),
        (&[("scope", "open\"id")], "invalid_scope"),
        (&[("scope", "openid\u{e4}")], "invalid_scope"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge", &CHALLENGE[1..])], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")], "invalid_request"),
        (&[("nonce", &nonce)], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "1.5")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("id_token_hint", "garbage")], "invalid_request"),
        (&[("claims", "name")], "invalid_request"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("request", "eyJhbGciOiJub25lIn0.e30.")], "invalid_request_object"),
        (&[("request", "e30.e30.e30")], "invalid_request_object"),
        (&[("request", "a.b.c.d.e")], "invalid_request_object"),
        (&[("request_uri", "https://web.example/r")], "invalid_request_uri"),
        (&[("request", "x"), ("request_uri", "https://web.example/r")], "invalid_request"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("prompt", "none")], "login_required"),
        (&[("prompt", "none"), ("max_age", "0")], "login_required"),
    ];
    for (extra, error) in wrong {
        let authorization = rp.authorization("openid", extra);
        let mut browser = app.browser();
        let by_get = browser.get(&authorization).await;
        assert_eq!(error_at_client(&by_get), *error, "{extra:?}");
        assert_eq!(by_get.sent("state").as_deref(), Some("the state"), "{extra:?}");
        let by_post = post_from_elsewhere(&mut browser, authorization.split_once('?').unwrap().1).await;
        assert_eq!(by_post.status, 303);
        let by_post = browser.follow(by_post).await;
        assert_eq!(error_at_client(&by_post), *error, "POST {extra:?}");
    }
    let client = app
        .client("machine", |metadata| {
            metadata.redirect_uris = vec!["https://web.example/cb".to_owned()];
            metadata.grant_types = vec![countersign::protocol::client::GrantType::ClientCredentials];
        })
        .await;
    let page = app.browser().get(&Rp::new(&app, &client).authorization("openid", &[])).await;
    assert_eq!(error_at_client(&page), "unauthorized_client");
}

#[tokio::test]
async fn cve_2019_9837_nothing_is_sent_to_an_address_that_nobody_registered() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.rp("web").await;
    let disabled = app.client("off", |_| {}).await;
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    let off = countersign::protocol::client::Client { disabled: true, ..disabled.clone() };
    assert!(app.app.store.update_client(&off, disabled.updated_at, &audit).await.unwrap());
    app.client("bare", |metadata| metadata.redirect_uris = Vec::new()).await;
    app.client("machine", |metadata| {
        metadata.redirect_uris = Vec::new();
        metadata.grant_types = vec![countersign::protocol::client::GrantType::ClientCredentials];
    })
    .await;
    app.client("two", |metadata| metadata.redirect_uris.push("https://two.example/other".to_owned())).await;

    let evil = "redirect_uri=https%3A%2F%2Fevil.example%2F";
    let good = "redirect_uri=https%3A%2F%2Fweb.example%2Fcb";
    let cases = [
        (String::new(), "client_id is missing"),
        (evil.to_owned(), "client_id is missing"),
        (format!("client_id=nobody&{evil}"), "client_id is not registered here"),
        (
            format!("client_id=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&{evil}"),
            "client_id is not registered here",
        ),
        (format!("client_id=WEB&{good}"), "client_id is not registered here"),
        ("client_id=web&scope=openid".to_owned(), "redirect_uri is missing"),
        ("client_id=web&scope=openid&redirect_uri=".to_owned(), "redirect_uri is missing"),
        ("client_id=two".to_owned(), "redirect_uri is missing"),
        ("client_id=bare".to_owned(), "redirect_uri is missing"),
        (format!("client_id=web&{evil}"), "redirect_uri is not registered for this client"),
        (format!("client_id=bare&{evil}"), "redirect_uri is not registered for this client"),
        (format!("client_id=machine&{evil}"), "this client signs nobody in"),
        // What developers get wrong most, and where to look.
        (format!("client_id=web&{good}%2F"), "the registered one differs in the slash at the end"),
        (
            "client_id=web&redirect_uri=http%3A%2F%2Fweb.example%2Fcb".to_owned(),
            "the registered one differs in the scheme (http or https)",
        ),
        (
            "client_id=web&redirect_uri=https%253A%252F%252Fweb.example%252Fcb".to_owned(),
            "the registered one differs in the encoding (one is percent-encoded twice)",
        ),
        (format!("client_id=web&{good}%20"), "the registered one differs in blanks at an end"),
        (
            "client_id=web&redirect_uri=javascript:alert(1)".to_owned(),
            "redirect_uri is not registered for this client",
        ),
        (
            "client_id=web&redirect_uri=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E".to_owned(),
            "redirect_uri is not registered for this client",
        ),
        ("client_id=off&redirect_uri=https%3A%2F%2Foff.example%2Fcb".to_owned(), "the client is disabled"),
        (format!("client_id=web&client_id=web&{good}"), "the parameter client_id is sent more than once"),
        (format!("client_id=web&{good}&{good}"), "the parameter redirect_uri is sent more than once"),
        (format!("client_id=web&{good}&{evil}"), "the parameter redirect_uri is sent more than once"),
        (format!("client_id=web&{good}&state=a&state=b"), "the parameter state is sent more than once"),
        (format!("client_id=web&{good}&x=&x="), "the parameter x is sent more than once"),
        (format!("client_id=web&{good}&state=%ff"), "not application/x-www-form-urlencoded in UTF-8"),
        (format!("client_id=web&{good}&state=%00"), "the parameter state holds a NUL character"),
    ];
    let mut transcript = String::new();
    for (query, words) in cases {
        let text = app.browser().get(&format!("/authorize?{query}")).await.refusal(400);
        writeln!(transcript, "{query}\n    {}", text.split(" Reference ").next().unwrap()).unwrap();
        for prompt in ["", "&prompt=none", "&response_type=token", "&id_token_hint=x"] {
            let mut browser = app.browser();
            let page = browser.get(&format!("/authorize?{query}{prompt}")).await;
            let text = page.refusal(400);
            assert!(text.contains(words), "{query}: {text}");
            let posted = post_from_elsewhere(&mut browser, &format!("{query}{prompt}")).await;
            let posted = browser.follow(posted).await;
            assert!(posted.refusal(400).contains(words), "POST {query}");
        }
    }
    insta::assert_snapshot!("authorize_pages", transcript);
}

#[tokio::test]
async fn cve_2024_52289_cve_2026_3872_cve_2026_28512_redirect_uris_are_compared_byte_for_byte() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app
        .client("web", |metadata| {
            metadata.redirect_uris =
                vec!["https://good.example/cb".to_owned(), "https://good.example/q?tenant=1".to_owned()];
        })
        .await;
    let rp = Rp::new(&app, &client);
    let other = [
        "https://good.example@evil.example/cb",
        "https://good.example%40evil.example/cb",
        "https://evil.example\\@good.example/cb",
        "https://goodaexample/cb",
        "https://good.example.evil.example/cb",
        "https://good.example/cb/..;/x",
        "https://good.example/cb/%2e%2e/x",
        "https://good.example/cb/..%2f",
        "https://good.example/cb//",
        "https://good.example/cb/",
        "https://good.example/cb/.",
        "https://good.example/./cb",
        "https://good.example//cb",
        "https://good.example/CB",
        "https://GOOD.example/cb",
        "HTTPS://good.example/cb",
        "http://good.example/cb",
        "https://good.example:443/cb",
        "https://good.example:8443/cb",
        "https://good.example/cb#",
        "https://good.example/cb#x",
        "https://good.example/cb?",
        "https://good.example/cb?x=1",
        "https://good.example/cb?code=stolen",
        "https://good.example/c%62",
        " https://good.example/cb",
        "https://good.example/cb ",
        "https://good.example/cb\n",
        "https:good.example/cb",
        "//good.example/cb",
        "/cb",
        "https://good.example/q",
        "https://good.example/q?tenant=2",
        "https://good.example/q?tenant=1&x=2",
        "https://good.example./cb",
        "https://g\u{3bf}od.example/cb",
        "*",
    ];
    for uri in other {
        let page = app.browser().get(&rp.authorization("openid", &[("redirect_uri", uri)])).await;
        assert!(page.refusal(400).contains("redirect_uri is not registered"), "{uri}");
    }
    let with_query = rp
        .authorization("openid", &[("redirect_uri", "https://good.example/q?tenant=1"), ("prompt", "none")]);
    let page = app.browser().get(&with_query).await;
    assert!(
        page.location().starts_with("https://good.example/q?tenant=1&error=login_required&"),
        "{}",
        page.location()
    );
}

#[tokio::test]
async fn rfc8252_7_3_only_the_port_of_a_loopback_address_may_differ() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let client = app
        .client("native", |metadata| {
            metadata.redirect_uris =
                vec!["http://127.0.0.1/cb".to_owned(), "http://localhost:4000/cb".to_owned()];
            metadata.skip_consent = true;
        })
        .await;
    let mut rp = Rp::new(&app, &client);
    rp.redirect_uri = "http://127.0.0.1:51004/cb".to_owned();
    let answer = rp.answer(&mut app.browser(), "ada", &rp.authorization("openid", &[])).await;
    assert!(answer.location().starts_with("http://127.0.0.1:51004/cb?code="));
    granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    for uri in [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x",
        "http://127.0.0.1:51004/cb#x",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.2:80/cb",
        "http://[::1]:80/cb",
        "http://localhost/cb",
        "http://localhost:4001/cb",
        "http://0x7f.1:80/cb",
    ] {
        let page = app.browser().get(&rp.authorization("openid", &[("redirect_uri", uri)])).await;
        assert!(page.refusal(400).contains("redirect_uri is not registered"), "{uri}");
    }
}

#[tokio::test]
async fn rfc6749_4_1_2_state_comes_back_byte_for_byte() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = first_party(&app, "web").await;
    let mut signed_in = app.browser();
    rp.code(&mut signed_in, "ada", "openid").await;
    let states = [
        "x".to_owned(),
        " ".to_owned(),
        "a+b c%20d&e=f#g?h/i;j,k".to_owned(),
        "\"><img src=x onerror=alert(1)>'`\\".to_owned(),
        "{\"a\":[1,null],\"b\":\"\\u0000\"}".to_owned(),
        "line\r\nSet-Cookie: a=b\r\n\r\n".to_owned(),
        "%0d%0a%00%ff".to_owned(),
        "\u{e4}\u{6f22}\u{1f600}\u{202e}\u{feff}e\u{301}".to_owned(),
        "\u{7f}\u{1}\u{1f}\t".to_owned(),
        "x".repeat(8192),
        "\"".repeat(8192),
        "\u{6f22}".repeat(2730),
        "\u{1}".repeat(6000),
    ];
    for state in states {
        let short: String = state.chars().take(40).collect();
        let success = signed_in.get(&rp.authorization("openid", &[("state", &state)])).await;
        assert!(success.sent("code").is_some(), "{short}");
        assert_eq!(success.sent("state").as_deref(), Some(state.as_str()));
        assert_eq!(success.sent("iss").as_deref(), Some(ISSUER));

        let error = signed_in
            .get(&rp.authorization("openid", &[("state", &state), ("response_type", "token")]))
            .await;
        assert_eq!(error_at_client(&error), "unsupported_response_type");
        assert_eq!(error.sent("state").as_deref(), Some(state.as_str()));

        // Through the sign-in, where it is carried along.
        let answer =
            rp.answer(&mut app.browser(), "ada", &rp.authorization("openid", &[("state", &state)])).await;
        assert!(answer.sent("code").is_some(), "{short}");
        assert_eq!(answer.sent("state").as_deref(), Some(state.as_str()));
        assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER));
    }
    let without = signed_in.get(&rp.authorization("openid", &[("state", "")])).await;
    assert!(without.sent("code").is_some());
    assert_eq!(without.sent("state"), None);
    let too_long = signed_in.get(&rp.authorization("openid", &[("state", &"x".repeat(8193))])).await;
    assert_eq!(error_at_client(&too_long), "invalid_request");
    assert_eq!(too_long.sent("state"), None);
}

#[tokio::test]
async fn a_request_too_long_to_be_carried_along_is_refused_with_a_page() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    for junk in ["x".repeat(50_000), "\u{1}".repeat(15_000)] {
        let authorization = rp.authorization("openid", &[("junk", &junk)]);
        let mut browser = app.browser();
        let text = browser.get(&authorization).await.refusal(400);
        assert!(text.contains("too long to be carried"), "{text}");
        let page = post_from_elsewhere(&mut browser, authorization.split_once('?').unwrap().1).await;
        let page = browser.follow(page).await;
        assert!(page.refusal(400).contains("too long to be carried"));
    }
}

on_both!(openid_core_3_1_2_1_a_request_by_post_works_to_the_end, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let authorization = rp.authorization("openid", &[]);
    for _ in 0..2 {
        // The second time with a session, whose cookie does not come along either.
        let page = post_from_elsewhere(&mut browser, authorization.split_once('?').unwrap().1).await;
        assert_eq!(page.status, 303);
        assert!(page.location().starts_with("/authorize?"));
        let mut page = browser.follow(page).await;
        if page.body.contains("id=\"login-submit\"") {
            page = browser.sign_in(&page, "ada").await;
            page = browser.consent(&page, "allow").await;
        }
        granted(&rp.redeem(&page.sent("code").unwrap()).await);
    }
});

#[tokio::test]
async fn a_post_that_is_no_form_is_refused() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    let query = rp.authorization("openid", &[]).split_once('?').unwrap().1.to_owned();
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json", ""] {
        let request =
            Request::post("/authorize").header("content-type", kind).body(Body::from(query.clone()));
        let text = app.send(request.unwrap()).await.refusal(400);
        assert!(text.contains("application/x-www-form-urlencoded"), "{kind}: {text}");
    }
}

on_both!(openid_core_3_1_2_1_prompt_none_never_shows_a_page, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let none = rp.authorization("openid", &[("prompt", "none")]);
    let mut browser = app.browser();
    assert_eq!(error_at_client(&browser.get(&none).await), "login_required");
    let page = browser.open("/login").await;
    browser
        .post("/login", &filled(page.form("/login"), &[("username", "ada"), ("password", PASSWORD)]))
        .await;
    assert_eq!(error_at_client(&browser.get(&none).await), "consent_required");
    rp.code(&mut browser, "ada", "openid").await;
    assert!(browser.get(&none).await.sent("code").is_some());
    let wider = rp.authorization("openid email", &[("prompt", "none")]);
    assert_eq!(error_at_client(&browser.get(&wider).await), "consent_required");
    let stale = rp.authorization("openid", &[("prompt", "none"), ("max_age", "60")]);
    app.advance(60);
    assert!(browser.get(&stale).await.sent("code").is_some());
    app.advance(1);
    assert_eq!(error_at_client(&browser.get(&stale).await), "login_required");
});

on_both!(openid_core_3_1_2_1_prompt_and_max_age_ask_again, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let first = rp.tokens(&mut browser, "ada", "openid").await.claims("id_token");
    assert_eq!(first["auth_time"], START);
    app.advance(61);
    for (name, value) in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("max_age", "60"),
        ("max_age", "0"),
        ("prompt", "login consent"),
    ] {
        let before = browser.cookies["countersign-session"].clone();
        let page = browser.open(&rp.authorization("openid", &[(name, value)])).await;
        assert!(page.body.contains("id=\"login-submit\""), "{name}={value}");
        let mut page = browser.sign_in(&page, "ada").await;
        if value.contains("consent") {
            page = browser.consent(&page, "allow").await;
        }
        let id_token = granted(&rp.redeem(&page.sent("code").unwrap()).await).claims("id_token");
        assert!(id_token["auth_time"].as_i64() > first["auth_time"].as_i64(), "{name}={value}");
        assert_ne!(browser.cookies["countersign-session"], before);
        app.advance(61);
    }
    let silent = browser.open(&rp.authorization("openid", &[("max_age", "3600")])).await;
    let kept = granted(&rp.redeem(&silent.sent("code").unwrap()).await).claims("id_token");
    assert_eq!(kept["auth_time"], app.app.clock.now().0 - 61, "no new proof, no new time");

    let page = browser.open(&rp.authorization("openid", &[("prompt", "consent")])).await;
    assert!(page.body.contains("id=\"consent-allow\""), "remembered, but asked again");
    assert!(browser.consent(&page, "allow").await.sent("code").is_some());
});

on_both!(openid_core_3_1_2_1_id_token_hint_names_the_user_that_must_be_signed_in, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let rp = first_party(&app, "web").await;
    let (mut of_ada, mut of_bob) = (app.browser(), app.browser());
    let tokens = rp.tokens(&mut of_ada, "ada", "openid").await;
    let hint = tokens.get("id_token");
    let bobs = rp.tokens(&mut of_bob, "bob", "openid").await;
    app.advance(301);
    let silently = |hint: &str| rp.authorization("openid", &[("prompt", "none"), ("id_token_hint", hint)]);
    assert!(of_ada.get(&silently(hint)).await.sent("code").is_some(), "expired is fine");
    assert_eq!(error_at_client(&of_bob.get(&silently(hint)).await), "login_required");

    // With pages allowed, somebody else's session leads to the sign-in page; signing in as somebody else, to an error.
    let page = of_bob.open(&rp.authorization("openid", &[("id_token_hint", hint)])).await;
    assert!(page.body.contains("id=\"login-submit\""));
    let page = of_bob.sign_in(&page, "bob").await;
    assert_eq!(error_at_client(&page), "login_required");
    let page = of_bob.open(&rp.authorization("openid", &[("id_token_hint", hint)])).await;
    assert!(of_bob.sign_in(&page, "ada").await.sent("code").is_some());

    let (head, rest) = hint.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let (bobs_head_and_body, _) = bobs.get("id_token").rsplit_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for forged in [
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{head}.{body}."),
        format!("{bobs_head_and_body}.{signature}"),
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"sub":"x"}"#)),
        tokens.access().to_owned(),
        tokens.refresh().to_owned(),
        claims(hint).to_string(),
    ] {
        assert_eq!(error_at_client(&of_ada.get(&silently(&forged)).await), "invalid_request", "{forged}");
    }
});

#[tokio::test]
async fn openid_core_3_1_2_1_login_hint_is_filled_in_and_inert() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    for hint in ["ada@example.com", "\"><script>alert(1)</script>", "{{7*7}}"] {
        let page = app.browser().open(&rp.authorization("openid", &[("login_hint", hint)])).await;
        let fields = page.form("/login");
        let username = fields.iter().find(|(name, _)| name == "username").unwrap();
        assert_eq!(username.1, hint);
        page.assert_inert();
    }
}

#[tokio::test]
async fn openid_core_3_1_2_1_what_this_server_does_not_know_is_ignored() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = first_party(&app, "web").await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    for (name, value) in [
        ("acr_values", "urn:example:phr 3"),
        ("ui_locales", "fr-CA fr xx"),
        ("claims_locales", "de"),
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("prompt", "nonsense"),
        ("display", "nonsense"),
        ("login_hint", "bob"),
        ("claims", "{\"id_token\":{}}"),
        ("claims", "{\"userinfo\":{\"nobody_has_this\":{\"essential\":true}}}"),
        ("resource", "https://api.example"),
        ("extra", "foobar"),
        ("constructor", "x"),
        ("__proto__", "x"),
    ] {
        let page = browser.get(&rp.authorization("openid", &[(name, value)])).await;
        assert!(page.sent("code").is_some(), "{name}={value}: {}", page.location());
        assert_eq!(page.sent(name), None);
    }
}

#[tokio::test]
async fn openid_core_3_1_2_1_neither_parameters_nor_scopes_have_an_order() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let authorization = rp.authorization("email openid", &[]);
    let (path, query) = authorization.split_once('?').unwrap();
    let turned_round: Vec<&str> = query.split('&').rev().collect();
    for query in [query, &turned_round.join("&")] {
        let answer = rp.answer(&mut app.browser(), "ada", &format!("{path}?{query}")).await;
        let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "the nonce");
        assert_eq!(rp.userinfo(tokens.access()).await.json()["email"], "ada@example.com");
    }
}

on_both!(two_tabs_of_a_browser_have_their_own_flows, |app| {
    app.user("ada").await;
    let (one, other) = (app.rp("web").await, app.rp("other").await);
    let mut browser = app.browser();
    let first_tab = browser.open(&one.authorization("openid", &[("state", "1")])).await;
    let second_tab = browser.open(&other.authorization("openid email", &[("state", "2")])).await;
    let first_tab = browser.sign_in(&first_tab, "ada").await;
    // The sign-in page of the second tab is still open, and still works.
    let second_tab = browser.sign_in(&second_tab, "ada").await;
    let second = browser.consent(&second_tab, "allow").await;
    assert!(second.location().starts_with("https://other.example/cb?code="));
    assert_eq!(second.sent("state").as_deref(), Some("2"));
    // The session of the first tab's question was replaced by the second tab's: the hub asks what is still open.
    let first = browser.consent(&first_tab, "allow").await;
    let first = if first.status == 200 { browser.consent(&first, "allow").await } else { first };
    assert!(first.location().starts_with("https://web.example/cb?code="));
    assert_eq!(first.sent("state").as_deref(), Some("1"));
    assert_eq!(granted(&one.redeem(&first.sent("code").unwrap()).await).json["scope"], "openid");
    assert_eq!(granted(&other.redeem(&second.sent("code").unwrap()).await).json["scope"], "openid email");
});

on_both!(cve_2022_39222_cve_2026_7507_a_flow_is_of_no_use_in_another_browser, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let (mut victim, mut attacker) = (app.browser(), app.browser());
    let attackers = attacker.get(&rp.authorization("openid", &[])).await;
    let flow = attackers.location().split_once("flow=").unwrap().1.to_owned();
    victim.open("/login").await;
    for with_session in [false, true] {
        if with_session {
            rp.code(&mut victim, "ada", "openid").await;
        }
        for path in ["/login", "/consent", "/authorize"] {
            let page = victim.get(&format!("{path}?flow={flow}")).await;
            assert!(page.refusal(403).contains("another browser"), "{path}");
            let page = app.browser().get(&format!("{path}?flow={flow}")).await;
            assert!(page.refusal(403).contains("another browser"), "{path} without cookies");
        }
        let own = victim.open("/login").await.form("/login");
        let csrf = own.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
        for (path, field) in [("/login", "username"), ("/consent", "decision")] {
            let fields = [("flow", flow.as_str()), ("csrf", &csrf), (field, "allow"), ("password", "x")];
            let fields = filled(Vec::new(), &fields);
            assert!(victim.post(path, &fields).await.refusal(403).contains("another browser"), "{path}");
        }
    }
});

#[tokio::test]
async fn a_flow_ends_after_an_hour_and_nothing_else_is_one() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid").await;
    let tokens = granted(&rp.redeem(&code).await);
    let flow = app.browser().get(&rp.authorization("openid", &[])).await;
    let flow = flow.location().split_once("flow=").unwrap().1.to_owned();
    for garbage in [
        "x",
        "%22%3E%3Cscript%3E",
        "..%2f..",
        &flow[1..],
        &flow[..flow.len() - 1],
        &format!("{flow}A"),
        &code,
        tokens.access(),
        tokens.refresh(),
        &"A".repeat(20_000),
    ] {
        for path in ["/authorize", "/login", "/consent"] {
            let text = browser.get(&format!("{path}?flow={garbage}")).await.refusal(400);
            assert!(text.contains("not one that this server made"), "{path} {garbage}: {text}");
        }
    }
    assert!(browser.get("/consent").await.refusal(400).contains("flow parameter is missing"));

    let page = browser.get(&rp.authorization("openid", &[("prompt", "login")])).await;
    let flow = page.location().split_once("flow=").unwrap().1.to_owned();
    app.advance(3599);
    assert_eq!(browser.get(&format!("/login?flow={flow}")).await.status, 200);
    app.advance(1);
    for path in ["/authorize", "/login", "/consent"] {
        let text = browser.get(&format!("{path}?flow={flow}")).await.refusal(400);
        assert!(text.contains("took too long"), "{path}: {text}");
    }
}

#[tokio::test]
async fn cve_2026_7571_a_flow_cannot_be_given_other_parameters() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = first_party(&app, "web").await;
    let mut browser = app.browser();
    let login = browser.get(&rp.authorization("openid", &[])).await;
    let flow = login.location().split_once("flow=").unwrap().1.to_owned();
    let forged =
        "redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=token&scope=openid+email&state=forged";
    let page = browser.get(&format!("/login?flow={flow}&{forged}")).await;
    let page = browser.sign_in(&page, "ada").await;
    assert!(page.location().starts_with("https://web.example/cb?code="));
    assert_eq!(page.sent("state").as_deref(), Some("the state"));
    let page = browser.get(&format!("/authorize?flow={flow}&{forged}")).await;
    assert!(page.location().starts_with("https://web.example/cb?code="));
    assert_eq!(granted(&rp.redeem(&page.sent("code").unwrap()).await).json["scope"], "openid");
}

#[tokio::test]
async fn methods_other_than_get_and_post_are_refused() {
    let app = TestApp::start(Engine::Sqlite).await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/authorize").body(Body::empty()).unwrap();
        let page = app.send(request).await;
        assert_eq!(page.status, 405);
        assert!(page.header("allow").unwrap().contains("GET"));
    }
}
