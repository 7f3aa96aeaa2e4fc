//! `/logout`: who is asked first, where the browser may be sent, and what ends.

use std::fmt::Write as _;

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
