//! `/setup`: the one-time link that makes the first administrator.

use countersign::protocol::secret::sha256_hex;
use countersign::protocol::timestamp::Timestamp;

use crate::support::{Engine, Page, START, TestApp, filled, on_both};

const TOKEN: &str = "a-link-token-of-sufficient-length";

async fn offer(app: &TestApp) {
    let (now, end) = (app.app.clock.now(), Timestamp(START + 3600));
    app.app.store.offer_administrator_link(&sha256_hex(TOKEN), now, end).await.unwrap();
}

fn filled_in(page: &Page) -> Vec<(String, String)> {
    filled(
        page.form("/setup"),
        &[("username", "root"), ("email", "root@example.com"), ("password", "long enough for this")],
    )
}

on_both!(the_link_works_once, |app| {
    offer(&app).await;
    let mut browser = app.browser();
    for _ in 0..3 {
        let page = browser.get(&format!("/setup?token={TOKEN}")).await;
        assert_eq!(page.status, 200, "looking at it does not use it up");
        page.assert_inert();
    }
    let page = browser.get(&format!("/setup?token={TOKEN}")).await;
    let fields = filled_in(&page);
    let attempts: Vec<_> = (0..6)
        .map(|number| {
            let mut browser = browser.clone();
            let name = format!("root{number}");
            let mail = format!("{name}@example.com");
            let fields = filled(fields.clone(), &[("username", &name), ("email", &mail)]);
            tokio::spawn(async move { browser.post("/setup", &fields).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403, 403, 403]);
    let users = app.app.store.users("", 10).await.unwrap();
    assert_eq!(users.len(), 1);
    assert!(users[0].is_admin);
    browser.get(&format!("/setup?token={TOKEN}")).await.refusal(403);
    browser.post("/setup", &fields).await.refusal(403);
});

#[tokio::test]
async fn no_other_link_works() {
    let app = TestApp::start(Engine::Sqlite).await;
    let mut browser = app.browser();
    let hash = sha256_hex(TOKEN);
    for token in ["", "x", "%00", TOKEN, "%22%3E%3Cscript%3E", &"x".repeat(8000), &hash] {
        let status = if token == "%00" { 400 } else { 403 };
        browser.get(&format!("/setup?token={token}")).await.refusal(status);
    }
    browser.get("/setup").await.refusal(403);
    offer(&app).await;
    browser.get(&format!("/setup?token={hash}")).await.refusal(403);
    let page = browser.get(&format!("/setup?token={TOKEN}")).await;
    let fields = filled_in(&page);
    app.browser().post("/setup", &fields).await.refusal(403);
    browser.post("/setup", &filled(fields.clone(), &[("csrf", "x")])).await.refusal(403);
    browser.post("/setup", &filled(fields.clone(), &[("token", "x")])).await.refusal(403);
    app.advance(3600);
    browser.post("/setup", &fields).await.refusal(403);
    browser.get(&format!("/setup?token={TOKEN}")).await.refusal(403);
    assert!(!app.app.store.has_administrator().await.unwrap());
}

on_both!(a_refused_form_leaves_the_link_as_it_is, |app| {
    app.user("ada").await;
    offer(&app).await;
    let mut browser = app.browser();
    let page = browser.get(&format!("/setup?token={TOKEN}")).await;
    let fields = filled_in(&page);
    let long = "x".repeat(1025);
    for (name, value) in [
        ("username", ""),
        ("username", "a b"),
        ("username", "\"><script>alert(1)</script>"),
        ("username", "ada"),
        ("username", "\u{202e}evil"),
        ("email", "no address"),
        ("email", "ada@example.com"),
        ("password", ""),
        ("password", "short"),
        ("password", &long),
    ] {
        let page = browser.post("/setup", &filled(fields.clone(), &[(name, value)])).await;
        assert_eq!(page.status, 422, "{name}={value:.20}: {}", page.text());
        page.assert_inert();
        assert!(!page.body.contains("long enough for this"), "the password does not come back");
    }
    assert!(!app.app.store.has_administrator().await.unwrap());
    assert_eq!(browser.post("/setup", &fields).await.status, 200);
});
