//! `/consent`: what the user said, who said it, and how long it holds.

use crate::support::{Engine, ISSUER, Page, Rp, TestApp, filled, granted, on_both};

fn asks(page: &Page) -> bool {
    page.body.contains("id=\"consent-allow\"")
}

on_both!(rfc6749_4_1_2_1_a_no_is_access_denied_and_nothing_is_kept, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid", &[])).await;
    let page = browser.sign_in(&page, "ada").await;
    let answer = browser.consent(&page, "deny").await;
    assert!(answer.location().starts_with("https://web.example/cb?error=access_denied&"));
    assert_eq!(answer.sent("state").as_deref(), Some("the state"));
    assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER));
    assert!(asks(&browser.open(&rp.authorization("openid", &[])).await), "asked again the next time");
    assert!(app.audit_log().await.iter().all(|row| !row.starts_with("consent.")));
});

on_both!(openid_core_3_1_2_4_consent_is_remembered_for_what_was_asked_and_no_more, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let (rp, other) = (app.rp("web").await, app.rp("other").await);
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid email").await;
    for (scope, asked) in [
        ("openid email", false),
        ("email openid", false),
        ("openid", false),
        ("openid profile", true),
        ("openid email profile", true),
        ("openid offline_access", true),
        ("openid address", false),
    ] {
        assert_eq!(asks(&browser.open(&rp.authorization(scope, &[])).await), asked, "{scope}");
    }
    assert!(asks(&browser.open(&other.authorization("openid", &[])).await), "another client");
    let mut bobs = app.browser();
    let page = bobs.open(&rp.authorization("openid", &[])).await;
    assert!(asks(&bobs.sign_in(&page, "bob").await), "another user");

    // A new yes adds to what was allowed before.
    rp.code(&mut browser, "ada", "openid profile").await;
    assert!(!asks(&browser.open(&rp.authorization("openid email profile", &[])).await));
    // And in another browser of the same user too.
    let mut elsewhere = app.browser();
    let page = elsewhere.open(&rp.authorization("openid email profile", &[])).await;
    assert!(elsewhere.sign_in(&page, "ada").await.sent("code").is_some());
});

#[tokio::test]
async fn first_party_clients_do_not_ask_unless_they_want_to() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = Rp::new(&app, &app.client("web", |metadata| metadata.skip_consent = true).await);
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid email", &[])).await;
    assert!(browser.sign_in(&page, "ada").await.sent("code").is_some());
    let page = browser.open(&rp.authorization("openid email", &[("prompt", "consent")])).await;
    assert!(asks(&page));
    assert_eq!(browser.consent(&page, "deny").await.sent("error").as_deref(), Some("access_denied"));
}

on_both!(hydra_0_11_a_consent_counts_in_the_browser_that_was_asked, |app| {
    app.user("ada").await;
    app.user("mallory").await;
    let rp = app.rp("web").await;
    let (mut victim, mut attacker) = (app.browser(), app.browser());
    let page = attacker.open(&rp.authorization("openid", &[])).await;
    let attackers_question = attacker.sign_in(&page, "mallory").await;
    let page = victim.open(&rp.authorization("openid", &[])).await;
    let victims_question = victim.sign_in(&page, "ada").await;

    let stolen = filled(attackers_question.form("/consent"), &[("decision", "allow")]);
    victim.post("/consent", &stolen).await.refusal(403);
    let own = victims_question.form("/consent");
    let csrf = &own.iter().find(|(name, _)| name == "csrf").unwrap().1;
    victim.post("/consent", &filled(stolen, &[("csrf", csrf)])).await.refusal(403);
    let theirs = filled(victims_question.form("/consent"), &[("decision", "allow")]);
    attacker.post("/consent", &theirs).await.refusal(403);
    assert!(app.audit_log().await.iter().all(|row| !row.starts_with("consent.")));
});

on_both!(a_yes_binds_only_the_user_who_was_asked, |app| {
    let ada = app.user("ada").await;
    let bob = app.user("bob").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid", &[])).await;
    let question = browser.sign_in(&page, "ada").await;
    assert!(question.text().contains("ada of Example"));
    // Meanwhile, in another tab, somebody else signs in.
    let page = browser.open("/login").await;
    browser
        .post(
            "/login",
            &filled(page.form("/login"), &[("username", "bob"), ("password", crate::support::PASSWORD)]),
        )
        .await;
    let page = browser.consent(&question, "allow").await;
    assert!(asks(&page), "bob is asked, too: {}", page.status);
    assert!(page.text().contains("bob of Example"));
    for user in [&ada, &bob] {
        assert!(app.app.store.consents_of_user(&user.id).await.unwrap().is_empty());
    }
    let answer = browser.consent(&page, "allow").await;
    let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    assert_eq!(tokens.claims("id_token")["sub"], bob.id.as_str());
});

#[tokio::test]
async fn cve_2026_49443_no_step_is_skipped_by_an_empty_or_strange_answer() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let login = browser.get(&rp.authorization("openid", &[])).await;
    let flow = login.location().split_once("flow=").unwrap().1.to_owned();
    let fields = browser.get(login.location()).await.form("/login");

    // Before anybody signed in, consent leads back to the sign-in.
    let page = browser.get(&format!("/consent?flow={flow}")).await;
    assert!(browser.follow(page).await.body.contains("id=\"login-submit\""));
    let page = browser.post("/consent", &filled(fields.clone(), &[("decision", "allow")])).await;
    assert!(browser.follow(page).await.body.contains("id=\"login-submit\""));
    let page = browser.get(&format!("/authorize?flow={flow}")).await;
    assert!(browser.follow(page).await.body.contains("id=\"login-submit\""));
    assert_eq!(browser.post("/login", &fields).await.status, 401);

    let login = browser.get(login.location()).await;
    let question = browser.sign_in(&login, "ada").await;
    for decision in ["", "yes", "ALLOW", "allow deny", "true", "<script>"] {
        let fields = filled(question.form("/consent"), &[("decision", decision)]);
        assert!(
            browser.post("/consent", &fields).await.refusal(400).contains("decision must be allow or deny")
        );
    }
    let fields = question.form("/consent");
    browser.post("/consent", &filled(fields.clone(), &[("flow", "")])).await.refusal(400);
    browser
        .post("/consent", &filled(fields.clone(), &[("decision", "allow"), ("csrf", "")]))
        .await
        .refusal(403);
    let mut repeated = filled(fields, &[("decision", "allow")]);
    repeated.push(("decision".to_owned(), "deny".to_owned()));
    browser.post("/consent", &repeated).await.refusal(400);
    assert!(app.audit_log().await.iter().all(|row| !row.starts_with("consent.")));
    assert!(browser.consent(&question, "allow").await.sent("code").is_some());
}

#[tokio::test]
async fn a_question_names_who_asks_and_for_what_and_where_the_answer_goes() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let client = app
        .client("web", |metadata| {
            metadata.client_name = "<b>Notes</b> \"><script>alert(1)</script>".to_owned();
        })
        .await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid email", &[])).await;
    page.assert_inert();
    let page = browser.sign_in(&page, "ada").await;
    page.assert_inert();
    let text = page.text();
    for words in ["<b>Notes</b>", "ada of Example", "web.example"] {
        assert!(text.contains(words), "{text}");
    }
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.ends_with("form-action 'self' https:"), "{csp}");
}
