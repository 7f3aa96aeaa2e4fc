//! Passkeys without a browser: where they are used, and what a password manager is told of them. The rest is tried in a real
//! browser.

use serde_json::{Value, json};

use crate::admin_api::signed_in;
use crate::support::{
    Browser, Engine, ISSUER, Page, START, SecurityKey, TestApp, filled, in_a_frame, on_both,
};

const RELATED: &str = "https://a.example";

/// Adds a passkey on a page of this origin.
async fn add(browser: &mut Browser, origin: &str) -> (SecurityKey, Page) {
    let page = browser.get("/account/sign-in/passkeys").await;
    let (key, answer) = SecurityKey::create(&page.attribute("form[data-options]", "data-options"), origin);
    let form = page.form("/account/sign-in/passkeys");
    let added = browser.post("/account/sign-in/passkeys", &filled(form, &[("credential", &answer)])).await;
    (key, added)
}

/// Signs in with a passkey, on a page of this origin.
async fn use_key(app: &TestApp, key: &mut SecurityKey, origin: &str) -> (Browser, Page) {
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    let answer = key.answer(&page.attribute("#passkey", "data-options"), origin);
    let form = filled(page.form("/login/passkey"), &[("credential", &answer)]);
    let page = browser.post("/login/passkey", &form).await;
    (browser, page)
}

fn signals(page: &Page) -> Value {
    serde_json::from_str(&page.attribute("[data-signals]", "data-signals")).unwrap()
}

#[tokio::test]
async fn webauthn_5_11_passkeys_are_used_at_the_issuer_and_at_related_origins() {
    for (related, origin, works) in [
        (vec![], ISSUER, true),
        (vec![], RELATED, false),
        (vec![RELATED], RELATED, true),
        (vec![RELATED], ISSUER, true),
        (vec![RELATED], "https://b.example", false),
        (vec![RELATED], "https://x.a.example", false),
        (vec![RELATED], "http://a.example", false),
        (vec![RELATED], "https://a.example:8443", false),
        (vec![RELATED], "null", false),
    ] {
        let case = format!("{origin} with {related:?}");
        let app = TestApp::start_at(Engine::Sqlite, START * 1000, |config| {
            config.sign_in.related_origins = related.into_iter().map(str::to_owned).collect();
        })
        .await;
        app.user("ada").await;
        let mut browser = signed_in(&app, "ada").await;
        let (_, added) = add(&mut browser, origin).await;
        assert_eq!(added.status, if works { 303 } else { 400 }, "{case}: {}", added.text());
        let (mut key, added) = add(&mut browser, ISSUER).await;
        assert_eq!(added.status, 303, "{case}: {}", added.text());
        let (mut browser, page) = use_key(&app, &mut key, origin).await;
        assert_eq!(page.status, if works { 303 } else { 401 }, "{case}");
        assert_eq!(browser.get("/account").await.status, if works { 200 } else { 303 }, "{case}");
    }
}

#[tokio::test]
async fn webauthn_5_11_1_browsers_find_the_related_origins() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.browser().get("/.well-known/webauthn").await.refusal(404);
    let origins = [RELATED, "https://b.example:8443"];
    let app = app.configured(|config| config.sign_in.related_origins = origins.map(str::to_owned).to_vec());
    let page = app.browser().get("/.well-known/webauthn").await;
    assert_eq!((page.status.as_u16(), page.json()), (200, json!({ "origins": origins })));
    assert_eq!(page.header("content-type"), Some("application/json"));
    assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
}

on_both!(webauthn_5_1_10_password_managers_are_told_what_an_account_has, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (first, _) = add(&mut browser, ISSUER).await;
    let (mut second, _) = add(&mut browser, ISSUER).await;
    let page = browser.get("/account/sign-in").await;
    page.assert_inert();
    let told = signals(&page);
    assert_eq!(told[0][0], "signalAllAcceptedCredentials");
    let mut ids: Vec<&str> = told[0][1]["allAcceptedCredentialIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    ids.sort_unstable();
    let mut both = [first.id.as_str(), second.id.as_str()];
    both.sort_unstable();
    assert_eq!(ids, both);
    assert_eq!(told[1][0], "signalCurrentUserDetails");
    assert_eq!((&told[1][1]["name"], &told[1][1]["displayName"]), (&json!("ada"), &json!("ada of Example")));
    for about in [&told[0][1], &told[1][1]] {
        assert_eq!(about["rpId"], "localhost");
        assert_eq!(about["userId"].as_str().unwrap().len(), 22, "sixteen bytes that say nothing of the user");
    }
    let (_, page) = use_key(&app, &mut second, ISSUER).await;
    assert_eq!(page.status, 303);

    // Removed: it is told of no more, and whoever tries it is told that it is unknown.
    let path = format!("/account/sign-in/passkeys/{}/remove", second.id);
    let form = browser.get("/account/sign-in").await.form(&path);
    let page = browser.post(&path, &form).await;
    let page = browser.follow(page).await;
    assert_eq!(signals(&page)[0][1]["allAcceptedCredentialIds"], json!([first.id]));
    let (_, page) = use_key(&app, &mut second, ISSUER).await;
    assert_eq!(page.status, 401);
    assert_eq!(
        signals(&page),
        json!([["signalUnknownCredential", { "rpId": "localhost", "credentialId": second.id }]])
    );
    // One that is known, and was not right, is not called unknown: nobody has it deleted by that.
    let mut first = first;
    let (_, page) = use_key(&app, &mut first, "https://evil.example").await;
    assert_eq!((page.status.as_u16(), page.body.contains("data-signals")), (401, false));
    assert!(!app.browser().get("/login").await.body.contains("data-signals"));
});

#[tokio::test]
async fn webauthn_7_1_and_7_2_nothing_is_made_or_used_in_a_frame_of_another_site() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (mut key, _) = add(&mut browser, ISSUER).await;
    for members in [
        json!({ "crossOrigin": true }),
        json!({ "crossOrigin": true, "topOrigin": "https://evil.example" }),
        json!({ "topOrigin": ISSUER }),
    ] {
        let page = browser.get("/account/sign-in/passkeys").await;
        let options = page.attribute("form[data-options]", "data-options");
        let (_, answer) = SecurityKey::create(&options, ISSUER);
        let form = page.form("/account/sign-in/passkeys");
        let framed = filled(form, &[("credential", &in_a_frame(&answer, &members))]);
        browser.post("/account/sign-in/passkeys", &framed).await.refusal(400);

        let mut stranger = app.browser();
        let page = stranger.get("/login").await;
        let options = page.attribute("#passkey", "data-options");
        let answer = key.answer_in_a_frame(&options, ISSUER, &members);
        let form = filled(page.form("/login/passkey"), &[("credential", &answer)]);
        assert_eq!(stranger.post("/login/passkey", &form).await.status, 401, "{members}");
        assert_eq!(stranger.get("/account").await.status, 303, "{members}");
    }
    // What says that it is none, or says nothing of it, is fine.
    for members in [json!({ "crossOrigin": false }), json!({ "crossOrigin": false, "topOrigin": null })] {
        let mut ada = app.browser();
        let page = ada.get("/login").await;
        let answer = key.answer_in_a_frame(&page.attribute("#passkey", "data-options"), ISSUER, &members);
        let form = filled(page.form("/login/passkey"), &[("credential", &answer)]);
        assert_eq!(ada.post("/login/passkey", &form).await.status, 303, "{members}");
    }
}
