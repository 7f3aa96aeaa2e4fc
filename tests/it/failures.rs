//! Why did this fail? From the reference on an error page to the cause, and to the change that mends it.

use axum::body::Body;
use axum::http::Method;
use countersign::app::Origin;
use countersign::protocol::client::AuthMethod;
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, signed_in};
use crate::admin_pages::submit;
use crate::support::{Browser, Page, Rp, TestApp, granted, on_both, refused};

/// What the administration API says about the request that got this answer.
async fn explained(caller: &Caller, answer: &Page) -> Value {
    let reference = answer.header("x-request-id").unwrap();
    let page = caller.get(&format!("/admin/api/failures/{reference}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()
}

async fn asks(app: &TestApp, query: &str) -> Page {
    app.browser().get(&format!("/authorize?{query}")).await
}

on_both!(the_reference_of_a_refused_sign_in_leads_to_the_audit_log, |app| {
    app.user("ada").await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = crate::support::filled(page.form("/login"), &[("username", "ada"), ("password", "wrong")]);
    let refused = browser.post("/login", &form).await;
    let reference = refused.header("x-request-id").unwrap().to_owned();
    let (_, mut root) = administrator(&app, "root").await;
    let found = root.get(&format!("/admin/failures/{reference}")).await;
    assert_eq!(found.location(), format!("/admin/audit?correlation_id={reference}"));
    assert!(root.get(found.location()).await.text().contains("session.refused"));
    assert_eq!(root.get("/admin/failures/never").await.status, 404);

    // Who may not read the audit log is not told that it knows the reference.
    app.user("dana").await;
    app.rp("notes").await;
    let delegation = json!({ "holder": "user:dana", "over": "client:notes" });
    let made = robot(&app).await.json(Method::POST, "/admin/api/delegations", &delegation).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let mut dana = signed_in(&app, "dana").await;
    assert_eq!(dana.get("/admin/failures").await.status, 200);
    assert_eq!(dana.get(&format!("/admin/failures/{reference}")).await.status, 404);
});

on_both!(a_wrong_redirect_uri_is_found_and_mended_from_its_reference_alone, |app| {
    app.rp("web").await;
    let registered = app.app.store.client(&"web".into()).await.unwrap().unwrap();
    let registered = registered.metadata.redirect_uris[0].clone();
    let wrong = format!("{registered}/");
    let encoded: String = url::form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
    let query = format!("client_id=web&response_type=code&scope=openid&state=s3cret&redirect_uri={encoded}");
    let page = asks(&app, &query).await;
    assert_eq!(page.status, 400);
    let reference = page.header("x-request-id").unwrap().to_owned();
    assert!(page.body.contains(&format!("/admin/failures/{reference}")), "developers' pages lead there");

    let (_, mut root) = administrator(&app, "root").await;
    let found = root.get(&format!("/admin/failures?reference={reference}")).await;
    assert_eq!(found.location(), format!("/admin/failures/{reference}"));
    let page = root.get(found.location()).await;
    let text = page.text();
    for words in [
        "redirect_uri is not registered for this client",
        "RFC 9700 §4.1.3",
        &wrong,
        &registered,
        "the slash at the end",
        "authorization request refused",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let at = format!("/admin/failures/{reference}");
    let mended = submit(&mut root, &at, &format!("{at}/register-redirect-uri"), &[]).await;
    assert_eq!(mended.location(), format!("{at}?done=redirect-uri-registered"));
    assert_eq!(asks(&app, &query).await.status, 303, "the same request goes through now");
    let page = root.get(&at).await;
    assert!(!page.body.contains("register-redirect-uri\""), "there is nothing left to mend");
    let log = app.app.store.recent_audit(50).await.unwrap();
    let row = log.iter().find(|row| row.action == "client.update").unwrap();
    assert_eq!((&row.target[..], row.detail.contains("redirect_uris")), ("client:web", true));
});

on_both!(nobody_gets_an_address_of_theirs_registered_by_an_administrators_click, |app| {
    app.rp("web").await;
    let robot = robot(&app).await;
    for address in
        ["https://evil.example/callback", "https://app.example.evil.example/", "javascript:alert(1)", "x"]
    {
        let encoded: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
        let page =
            asks(&app, &format!("client_id=web&response_type=code&scope=openid&redirect_uri={encoded}"))
                .await;
        let diagnosis = explained(&robot, &page).await;
        assert_eq!(diagnosis["redirect_uri"]["received"], address);
        assert_eq!(diagnosis["redirect_uri"]["can_be_registered"], false, "{address}");
        let reference = page.header("x-request-id").unwrap();
        let fix = format!("/admin/api/failures/{reference}/register-redirect-uri");
        problem(&robot.send(&Method::POST, &fix, Body::empty()).await, 400);
    }
    problem(&robot.get("/admin/api/failures/nobody-knows").await, 404);
    problem(&robot.get("/admin/api/failures?limit=0").await, 400);
    problem(&robot.get("/admin/api/failures?limit=201").await, 400);
    problem(&robot.get("/admin/api/failures?elsewhere=1").await, 400);
    let (_, mut browser) = administrator(&app, "root").await;
    assert_eq!(browser.get("/admin/failures/nobody-knows").await.status, 404);
    assert_eq!(
        browser.get("/admin/failures?reference=%22%3E%3Cscript%3E").await.location(),
        "/admin/failures/%22%3E%3Cscript%3E"
    );
});

on_both!(every_refused_request_tells_its_rule_and_keeps_no_secret, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let robot = robot(&app).await;
    let mut browser: Browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let code = rp.code(&mut browser, "ada", "openid").await;
    granted(&rp.redeem(&code).await);
    let replayed = rp.redeem(&code).await;
    let made_up = rp.redeem("s3cret").await;
    let unknown = rp.refresh("cs_rt_made-up.s3cret").await;
    let elsewhere =
        rp.token(&[("grant_type", "password"), ("username", "ada"), ("password", "s3cret")]).await;
    let wider = rp
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh()),
            ("scope", "openid everything"),
        ])
        .await;
    let mut stranger = rp.clone();
    "nobody".clone_into(&mut stranger.client_id);
    let stranger = stranger.redeem("s3cret").await;
    let authorization = |parameters: &[(&str, &str)]| rp.authorization("openid", parameters);
    let no_type = browser.get(&authorization(&[("response_type", "")])).await;
    let half_pkce = browser.get(&authorization(&[("code_challenge_method", "plain")])).await;
    let no_client = asks(&app, "response_type=code").await;
    for (answer, client, endpoint, error, section) in [
        (&replayed, "web", "/token", "invalid_grant", "RFC 6749 §4.1.2"),
        (&made_up, "web", "/token", "invalid_grant", "RFC 6749 §4.1.3"),
        (&unknown, "web", "/token", "invalid_grant", "RFC 6749 §5.2"),
        (&elsewhere, "web", "/token", "unsupported_grant_type", "RFC 6749 §5.2"),
        (&wider, "web", "/token", "invalid_scope", "RFC 6749 §6"),
        (&stranger, "nobody", "/token", "invalid_client", "RFC 6749 §2.3.1"),
        (&no_type, "web", "/authorize", "invalid_request", "RFC 6749 §4.1.1"),
        (&half_pkce, "web", "/authorize", "invalid_request", "RFC 7636 §4.4.1"),
        (&no_client, "", "/authorize", "invalid_request", "RFC 6749 §4.1.1"),
    ] {
        let diagnosis = explained(&robot, answer).await;
        let said =
            (&diagnosis["client_id"], &diagnosis["endpoint"], &diagnosis["error"], &diagnosis["section"]);
        assert_eq!(said, (&json!(client), &json!(endpoint), &json!(error), &json!(section)), "{diagnosis}");
        assert!(!diagnosis["cause"].as_str().unwrap().is_empty());
        let text = diagnosis.to_string();
        for secret in ["s3cret", &code, tokens.refresh()] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    // That nobody is signed in is an answer, and no failure.
    let silent = app.browser().get(&rp.authorization("openid", &[("prompt", "none")])).await;
    let reference = silent.header("x-request-id").unwrap();
    problem(&robot.get(&format!("/admin/api/failures/{reference}")).await, 404);
    let listed = robot.get("/admin/api/failures?client_id=web&limit=2").await.json();
    let rows = listed["failures"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let next = listed["next"].as_str().unwrap();
    let older = robot.get(&format!("/admin/api/failures?client_id=web&after={next}")).await.json();
    assert_eq!(older["failures"].as_array().unwrap().len(), 5, "{older}");
    assert_eq!(refused(&replayed), "invalid_grant");
});

on_both!(why_a_client_is_not_believed_is_told_to_administrators_alone, |app| {
    app.rp("web").await;
    let robot = robot(&app).await;
    let mut off = app.app.store.client(&"web".into()).await.unwrap().unwrap().as_ref().clone();
    let asked = async |id: &str, secret: &str| {
        let stranger = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "");
        stranger.token(&[("grant_type", "client_credentials")]).await
    };
    let mut answers = vec![
        ("no client is registered", asked("nobody", "x").await),
        ("is not the client's", asked("web", "x").await),
    ];
    off.disabled = true;
    let before = off.updated_at;
    off.updated_at.0 += 1;
    let audit = app.app.audit(&Origin::system(), "test.end", String::new(), "");
    assert!(app.app.store.update_client(&off, before, &audit).await.unwrap());
    answers.push(("is disabled", asked("web", "x").await));
    for (cause, answer) in &answers {
        assert_eq!(answer.body, answers[0].1.body, "nobody else tells them apart");
        let diagnosis = explained(&robot, answer).await;
        let told = diagnosis["cause"].as_str().unwrap();
        assert!(told.contains(cause) && !diagnosis["advice"].as_str().unwrap().is_empty(), "{diagnosis}");
    }
});

on_both!(what_is_kept_of_a_request_is_bounded_whatever_it_holds, |app| {
    app.rp("web").await;
    let robot = robot(&app).await;
    let long = "x".repeat(5000);
    for (query, client) in [
        (format!("client_id={long}"), long[..300].to_owned()),
        ("client_id=a%01b".to_owned(), "a\u{fffd}b".to_owned()),
        (format!("client_id=web&redirect_uri=https://web.example/{long}"), "web".to_owned()),
        (format!("client_id=web&redirect_uri=https://web.example/cb&response_type={long}"), "web".to_owned()),
        ("client_id=web&client_id=web".to_owned(), String::new()),
        ("client_id=a%00b".to_owned(), String::new()),
        ("client_id=%ff".to_owned(), String::new()),
    ] {
        let diagnosis = explained(&robot, &asks(&app, &query).await).await;
        assert_eq!(diagnosis["client_id"], client, "{query:.40}");
        assert!(diagnosis.to_string().len() < 2500, "{query:.40}: {diagnosis}");
    }
});

on_both!(a_flood_of_mistakes_does_not_fill_the_database, |app| {
    let robot = robot(&app).await;
    for _ in 0..100 {
        asks(&app, "client_id=nobody").await;
    }
    let listed = robot.get("/admin/api/failures?limit=200").await.json();
    let kept = listed["failures"].as_array().unwrap().len();
    assert!((1..=16).contains(&kept), "a sample is kept: {kept}");
});
