//! `/logout`: who is asked first, where the browser may be sent, and what ends.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::app::Origin;
use countersign::jose::KeyAlg;
use countersign::protocol::client::SigningAlg;

use crate::support::{Browser, Engine, Page, Rp, TestApp, encode, filled, form, on_both, refused};

const SESSION: &str = "countersign-session";

fn request(parameters: &[(&str, &str)]) -> String {
    format!("/logout?{}", encode(&filled(Vec::new(), parameters)))
}

async fn is_signed_in(browser: &mut Browser, rp: &Rp) -> bool {
    browser.get(&rp.authorization("openid", &[("prompt", "none")])).await.sent("code").is_some()
}

fn asks(page: &Page) -> bool {
    page.status == 200 && page.body.contains("id=\"logout-confirm\"")
}

on_both!(rp_initiated_logout_2_without_proof_the_user_is_asked_and_get_changes_nothing, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let rp = app.rp("web").await;
    let (mut browser, mut of_bob) = (app.browser(), app.browser());
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let bobs = rp.tokens(&mut of_bob, "bob", "openid").await;
    let mut elsewhere = app.browser();
    let other_session = rp.tokens(&mut elsewhere, "ada", "openid").await;
    let out = "https://web.example/out";
    for parameters in [
        &[][..],
        &[("client_id", "web")],
        &[("post_logout_redirect_uri", out)],
        &[("client_id", "web"), ("post_logout_redirect_uri", out)],
        &[("id_token_hint", bobs.get("id_token"))],
        &[("id_token_hint", other_session.get("id_token")), ("post_logout_redirect_uri", out)],
        &[("post_logout_redirect_uri", out), ("client_id", "web"), ("state", "\"><script>alert(1)</script>")],
    ] {
        let page = browser.get(&request(parameters)).await;
        assert!(asks(&page), "{parameters:?}");
        page.assert_inert();
        assert!(is_signed_in(&mut browser, &rp).await, "{parameters:?}");
    }
    // A form without our token is a client's request, and asks too.
    let page = browser.post("/logout", &filled(Vec::new(), &[("client_id", "web")])).await;
    assert_eq!(page.location(), "/logout?client_id=web");
    assert!(asks(&browser.follow(page).await));
    // A form with a wrong one is refused.
    let question = browser.get("/logout").await;
    browser.post("/logout", &filled(question.form("/logout"), &[("csrf", "x")])).await.refusal(403);
    let mut cross_site = form("/logout", encode(&question.form("/logout")));
    cross_site.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    browser.send(cross_site).await.refusal(403);
    assert!(is_signed_in(&mut browser, &rp).await);

    // Whose registration should the address be looked up in? Nobody is sent anywhere.
    let question = browser.get(&request(&[("post_logout_redirect_uri", "https://evil.example/")])).await;
    let page = browser.post("/logout", &question.form("/logout")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("signed out"), "{}", page.text());
    assert!(!browser.cookies.contains_key(SESSION));
    assert!(!is_signed_in(&mut browser, &rp).await);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    assert!(is_signed_in(&mut elsewhere, &rp).await, "the other session stands");
});

on_both!(rp_initiated_logout_3_the_client_gets_its_user_back_with_state, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let state = "a b&c=\u{1f600}\"<\r\n%00";
    for expired in [0, 301] {
        let mut browser = app.browser();
        let hint = rp.tokens(&mut browser, "ada", "openid").await.get("id_token").to_owned();
        let before = browser.clone();
        app.advance(expired);
        let out = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", "https://web.example/out"),
            ("state", state),
        ];
        let page = browser.get(&request(&out)).await;
        assert_eq!(page.status, 303);
        assert!(page.location().starts_with("https://web.example/out?state="), "{}", page.location());
        assert_eq!(page.sent("state").as_deref(), Some(state));
        assert!(!browser.cookies.contains_key(SESSION));
        assert!(!is_signed_in(&mut before.clone(), &rp).await, "the session itself is over");
        // Nobody is signed in any more: there is nothing to ask.
        let again = browser.get(&request(&out[..2])).await;
        assert_eq!(again.location(), "https://web.example/out");
        assert!(browser.get("/logout").await.text().contains("signed out"));
    }
});

#[tokio::test]
async fn cve_2021_29456_nobody_is_sent_to_an_address_that_is_not_registered() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let (rp, other) = (app.rp("web").await, app.rp("other").await);
    let mut browser = app.browser();
    let hint = rp.tokens(&mut browser, "ada", "openid").await.get("id_token").to_owned();
    let _ = other;
    let hint = hint.as_str();
    for uri in [
        "https://evil.example/",
        "https://web.example/out/",
        "https://web.example/out?x",
        "https://web.example/out#x",
        "https://web.example/OUT",
        "https://web.example/cb",
        "https://other.example/out",
        "https://web.example@evil.example/out",
        "https://web.example.evil.example/out",
        "//evil.example/out",
        "/out",
        "javascript:alert(1)",
        "http://web.example/out",
    ] {
        for (name, value) in [("id_token_hint", hint), ("client_id", "web")] {
            for state in ["", "x"] {
                let page = browser
                    .get(&request(&[(name, value), ("post_logout_redirect_uri", uri), ("state", state)]))
                    .await;
                assert!(page.refusal(400).contains("is not registered"), "{uri}");
            }
        }
    }
    let registered = ("post_logout_redirect_uri", "https://web.example/out");
    let mut transcript = String::new();
    for parameters in [
        &[registered, ("client_id", "nobody")][..],
        &[registered, ("client_id", "other")],
        &[("id_token_hint", hint), ("client_id", "other")],
        &[("id_token_hint", "garbage")],
        &[("id_token_hint", &hint[..hint.len() - 4]), registered],
        &[("client_id", "\"><script>alert(1)</script>")],
    ] {
        let text = browser.get(&request(parameters)).await.refusal(400);
        let names: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value:.24}")).collect();
        writeln!(transcript, "{}\n    {}", names.join(" "), text.split(" Reference ").next().unwrap())
            .unwrap();
    }
    insta::assert_snapshot!("logout_pages", transcript.replace(&hint[..24], "(ID token)"));
    for query in ["state=a&state=b", "state=%ff", "client_id=%00"] {
        browser.get(&format!("/logout?{query}")).await.refusal(400);
    }
    assert!(is_signed_in(&mut browser, &rp).await, "nothing of this signed anybody out");
}

#[tokio::test]
async fn rp_initiated_logout_2_hints_that_are_not_ours_are_shown_and_never_redirected() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let ours = tokens.get("id_token");
    let [head, claims, signature] = ours.split('.').collect::<Vec<_>>()[..] else { panic!("{ours}") };
    let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let foreign = TestApp::start(Engine::Sqlite).await;
    let audit = foreign.app.audit(&Origin::system(), "key.rotate", String::new(), "");
    foreign
        .app
        .keys
        .rotate(&foreign.app.store, KeyAlg::Signing(SigningAlg::Rs256), true, audit)
        .await
        .unwrap();
    foreign.user("ada").await;
    let foreign = foreign.rp("web").await.tokens(&mut foreign.browser(), "ada", "openid").await;
    let access_token = tokens.access();
    let other_user = tokens.claims("id_token").to_string().replace("\"sub\"", "\"x\"");
    let logout_token = app
        .app
        .keys
        .sign(SigningAlg::Rs256, "logout+jwt", &tokens.claims("id_token"), app.app.clock.now())
        .unwrap();
    for (what, hint) in [
        ("unsigned", format!("{none}.{claims}.")),
        ("unsigned, with a signature", format!("{none}.{claims}.{signature}")),
        ("without its signature", format!("{head}.{claims}.")),
        ("with other claims", format!("{head}.{}.{signature}", encode(&other_user))),
        ("another issuer's", foreign.get("id_token").to_owned()),
        ("an access token", access_token.to_owned()),
        ("a logout token", logout_token),
        ("cut off", ours[..ours.len() - 5].to_owned()),
        ("two parts", format!("{head}.{claims}")),
        ("something else", "x".repeat(10_000)),
    ] {
        for state in ["", "x"] {
            let parameters = [
                ("id_token_hint", hint.as_str()),
                ("post_logout_redirect_uri", "https://web.example/out"),
                ("client_id", "web"),
                ("state", state),
            ];
            let text = browser.get(&request(&parameters)).await.refusal(400);
            assert!(text.contains("id_token_hint is not an ID token of this issuer"), "{what}: {text}");
        }
    }
    assert!(is_signed_in(&mut browser, &rp).await, "nothing of this signed anybody out");
}

on_both!(rp_initiated_logout_2_3_after_the_question_the_browser_goes_where_it_was_asked_to, |app| {
    for user in ["ada", "bob"] {
        app.user(user).await;
    }
    let rp = app.rp("web").await;
    let bobs = rp.tokens(&mut app.browser(), "bob", "openid").await;
    let hint_of_another = ("id_token_hint", bobs.get("id_token"));
    // Hints about the user and languages nobody knows are no errors, and change nothing.
    let ignored = [("logout_hint", "bob"), ("ui_locales", "tlh fr-CA"), ("unheard_of", "x")];
    for parameters in
        [&[("client_id", "web")][..], &[hint_of_another], &[hint_of_another, ("client_id", "web")]]
    {
        for by_post in [false, true] {
            let mut browser = app.browser();
            rp.tokens(&mut browser, "ada", "openid").await;
            let out = ("post_logout_redirect_uri", "https://web.example/out");
            let fields = [parameters, &[out, ("state", "a+b%20&\"")], &ignored].concat();
            let page = if by_post {
                let page = browser.post("/logout", &filled(Vec::new(), &fields)).await;
                assert_eq!(page.status, 303);
                browser.follow(page).await
            } else {
                browser.get(&request(&fields)).await
            };
            assert!(asks(&page), "{parameters:?}");
            assert!(page.text().contains("ada of Example"), "who would be signed out: {}", page.text());
            let page = browser.post("/logout", &page.form("/logout")).await;
            assert_eq!(page.status, 303);
            assert_eq!(page.location(), "https://web.example/out?state=a%2Bb%2520%26%22");
            assert!(!is_signed_in(&mut browser, &rp).await);
        }
    }
});

on_both!(rp_initiated_logout_2_everything_but_the_hint_may_be_left_out, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let out = ("post_logout_redirect_uri", "https://web.example/out");

    // Without state, none comes back.
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let hint = ("id_token_hint", tokens.get("id_token"));
    let before = browser.clone();
    assert_eq!(browser.get(&request(&[hint, out])).await.location(), "https://web.example/out");
    assert!(!is_signed_in(&mut before.clone(), &rp).await);

    // Without an address, it ends on a page of ours.
    for state in ["", "x"] {
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let before = browser.clone();
        let page =
            browser.get(&request(&[("id_token_hint", tokens.get("id_token")), ("state", state)])).await;
        let page = if page.status == 303 { browser.follow(page).await } else { page };
        assert_eq!(page.status, 200);
        assert!(page.text().contains("You are signed out"), "{}", page.text());
        assert!(!is_signed_in(&mut before.clone(), &rp).await, "without a question");
    }

    // With nothing but state, the user is asked, and then it is over.
    let mut browser = app.browser();
    rp.tokens(&mut browser, "ada", "openid").await;
    let question = browser.get(&request(&[("state", "x")])).await;
    assert!(asks(&question));
    let page = browser.post("/logout", &question.form("/logout")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("You are signed out"), "{}", page.text());
    assert!(!is_signed_in(&mut browser, &rp).await);
});
