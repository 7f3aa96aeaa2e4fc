//! `/login`: who is let in, what an attempt costs, and what a sign-in leaves behind in the browser.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use countersign::app::{Origin, Parts};
use countersign::authn::password::PasswordHasher;
use countersign::config::{Issuer, Passwords};
use countersign::protocol::user::User;

use crate::support::{Browser, Engine, ISSUER, PASSWORD, Page, TestApp, encode, filled, form, on_both};

const SESSION: &str = "countersign-session";

/// One attempt with the form of a sign-in page.
async fn attempt(browser: &mut Browser, username: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    browser
        .post("/login", &filled(page.form("/login"), &[("username", username), ("password", password)]))
        .await
}

/// The `Set-Cookie` of a cookie in an answer, without its value.
fn attributes(page: &Page, name: &str) -> Option<String> {
    let mut found = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .filter(|value| value.starts_with(&format!("{name}=")));
    let only = found.next()?.split_once(';').map(|(_, attributes)| attributes.trim().to_owned());
    assert!(found.next().is_none());
    only
}

async fn is_signed_in(app: &TestApp, browser: &mut Browser) -> bool {
    let rp = crate::support::Rp::new(app, &app.stored_client("probe").await);
    let page = browser.get(&rp.authorization("openid", &[("prompt", "none")])).await;
    match page.sent("error").as_deref() {
        None => true,
        Some("login_required") => false,
        other => panic!("{other:?}"),
    }
}

/// A client whose answer to `prompt=none` tells whether somebody is signed in.
async fn probe(app: &TestApp) {
    app.client("probe", |metadata| metadata.skip_consent = true).await;
}

on_both!(cve_2026_7507_signing_in_makes_a_new_session_and_ends_the_one_before, |app| {
    app.user("ada").await;
    probe(&app).await;
    let mut browser = app.browser();
    browser.cookies.insert(SESSION.to_owned(), "planted.planted".to_owned());
    assert_eq!(attempt(&mut browser, "ada", PASSWORD).await.status, 303);
    let first = browser.cookies[SESSION].clone();
    assert_ne!(first, "planted.planted");
    assert!(is_signed_in(&app, &mut browser).await);

    let mut before = browser.clone();
    assert_eq!(attempt(&mut browser, "ada", PASSWORD).await.status, 303);
    assert_ne!(browser.cookies[SESSION], first);
    assert!(is_signed_in(&app, &mut browser).await);
    assert!(!is_signed_in(&app, &mut before).await, "the old cookie is dead");

    // Half a cookie is none: neither another secret nor another id will do.
    let (id, secret) =
        browser.cookies[SESSION].split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for forged in [
        format!("{id}."),
        format!("{id}.x"),
        format!(".{secret}"),
        id.clone(),
        secret.clone(),
        format!("{id}.{}", &secret[1..]),
        format!("{id}.{secret}x"),
        format!("x{id}.{secret}"),
        format!("{id}'--.{secret}"),
        "%00.%00".to_owned(),
        "x".repeat(8000),
    ] {
        let mut thief = browser.clone();
        thief.cookies.insert(SESSION.to_owned(), forged.clone());
        assert!(!is_signed_in(&app, &mut thief).await, "{forged}");
    }
});

#[tokio::test]
async fn cookies_are_kept_from_scripts_and_other_sites() {
    let test = TestApp::start(Engine::Sqlite).await;
    test.user("ada").await;
    let mut browser = test.browser();
    let page = browser.get("/login").await;
    assert_eq!(attributes(&page, "countersign-browser").unwrap(), "Path=/; HttpOnly; SameSite=Lax");
    let fields = filled(page.form("/login"), &[("username", "ada"), ("password", PASSWORD)]);
    let page = browser.post("/login", &fields).await;
    assert_eq!(attributes(&page, SESSION).unwrap(), "Path=/; HttpOnly; SameSite=Lax");
    let page = browser.post("/login", &filled(fields, &[("remember", "true")])).await;
    assert_eq!(attributes(&page, SESSION).unwrap(), "Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000");

    let https = test.configured(|config| config.issuer = Issuer::parse("https://id.example").unwrap());
    let page = https.browser().get("/login").await;
    assert_eq!(
        attributes(&page, "__Host-countersign-browser").unwrap(),
        "Path=/; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(page.header("strict-transport-security"), Some("max-age=63072000; includeSubDomains"));
}

on_both!(sessions_end_when_idle_and_whatever_happens_at_their_limit, |app| {
    app.user("ada").await;
    probe(&app).await;
    for (remember, idle, absolute) in [(false, 7_200, 43_200), (true, 1_209_600, 7_776_000)] {
        let sign_in = async |app: &TestApp| {
            let mut browser = app.browser();
            let page = browser.get("/login").await;
            let mut fields = filled(page.form("/login"), &[("username", "ada"), ("password", PASSWORD)]);
            if remember {
                fields.push(("remember".to_owned(), "true".to_owned()));
            }
            assert_eq!(browser.post("/login", &fields).await.status, 303);
            browser
        };
        let mut idler = sign_in(&app).await;
        app.advance(idle - 1);
        assert!(is_signed_in(&app, &mut idler).await);
        app.advance(idle);
        assert!(!is_signed_in(&app, &mut idler).await, "idle");

        let mut busy = sign_in(&app).await;
        let mut left = absolute;
        while left > idle {
            app.advance(idle - 1);
            left -= idle - 1;
            assert!(is_signed_in(&app, &mut busy).await, "{left} s left");
        }
        app.advance(left - 1);
        assert!(is_signed_in(&app, &mut busy).await);
        app.advance(1);
        assert!(!is_signed_in(&app, &mut busy).await, "used until its end");
    }
});

/// An answer without what is different every time.
fn comparable(page: &Page, username: &str) -> (u16, Vec<(String, String)>, String) {
    let mut body = page.body.clone();
    for name in ["csrf", "flow"] {
        let value = page.form("/login").into_iter().find(|(known, _)| known == name).unwrap().1;
        body = body.replace(&value, name);
    }
    // What is random in the passkey's form.
    let challenge =
        page.form("/login/passkey").into_iter().find(|(known, _)| known == "challenge").unwrap().1;
    let options = page.attribute("#passkey", "data-options");
    let options: serde_json::Value = serde_json::from_str(&options).unwrap();
    body = body.replace(&challenge, "challenge").replace(options["challenge"].as_str().unwrap(), "challenge");
    let body = body.replace(&format!("value=\"{username}\""), "(name)");
    let headers = page
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    (page.status.as_u16(), headers, body)
}

on_both!(cve_2026_23511_nobody_learns_which_accounts_there_are, |app| {
    app.user("ada").await;
    let off = app.user("off").await;
    let bare = app.user("bare").await;
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let disabled = User { disabled: true, ..off.clone() };
    assert!(app.app.store.update_user(&disabled, off.updated_at, &audit).await.unwrap());
    assert!(bare.password_hash.is_some());
    let mut answers = Vec::new();
    for (username, password) in [
        ("ada", "wrong"),
        ("off", PASSWORD),
        ("off", "wrong"),
        ("nobody", "wrong"),
        ("ada@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
    ] {
        let mut browser = app.browser();
        let page = attempt(&mut browser, username, password).await;
        assert_eq!(page.status, 401, "{username}");
        assert!(!browser.cookies.contains_key(SESSION));
        answers.push(comparable(&page, username));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
});

on_both!(wrong_passwords_are_refused_whatever_they_look_like, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let long = format!("{PASSWORD}{}", "x".repeat(1025 - PASSWORD.len()));
    for password in ["", " ", "correct", "CORRECT HORSE", "correct horse ", " correct horse", "%", "*", &long]
    {
        app.advance(900);
        let page = attempt(&mut app.browser(), "ada", password).await;
        assert_eq!(page.status, 401, "{password}");
        assert!(page.text().contains("do not go together"));
    }
    for username in
        ["", "ada%", "a_a", "*", "ada\u{0}", "' OR '1'='1", "ada\n", "\u{e0}da", "ada@example.com@"]
    {
        app.advance(900);
        let page = attempt(&mut app.browser(), username, PASSWORD).await;
        let expected = if username.contains('\0') {
            400
        } else if username == "ada\n" {
            303
        } else {
            401
        };
        assert_eq!(page.status, expected, "{username:?}");
    }
});

on_both!(names_and_addresses_sign_in_in_any_case, |app| {
    app.user("ada").await;
    for username in ["ada", "ADA", "Ada", " ada ", "ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"] {
        let page = attempt(&mut app.browser(), username, PASSWORD).await;
        assert_eq!(page.status, 303, "{username}");
        assert_eq!(page.location(), "/account");
    }
});

on_both!(asvs_6_3_1_an_account_is_guarded_until_its_window_is_over, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let mut browser = app.browser();
    for _ in 0..10 {
        assert_eq!(attempt(&mut browser, "ada", "wrong").await.status, 401);
    }
    app.advance(100);
    for password in ["wrong", PASSWORD] {
        let page = attempt(&mut browser, "ADA", password).await;
        assert_eq!(page.status, 429, "even with the right password");
        assert_eq!(page.header("retry-after"), Some("800"));
        assert!(page.text().contains("Too many attempts"));
        assert!(!browser.cookies.contains_key(SESSION));
    }
    assert_eq!(attempt(&mut browser, "bob", PASSWORD).await.status, 303, "others are not touched");
    app.advance(799);
    assert_eq!(attempt(&mut browser, "ada", PASSWORD).await.status, 429);
    app.advance(1);
    assert_eq!(attempt(&mut browser, "ada", PASSWORD).await.status, 303);

    // A success begins the count again.
    for _ in 0..9 {
        assert_eq!(attempt(&mut browser, "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut browser, "ada", PASSWORD).await.status, 303);
    for _ in 0..10 {
        assert_eq!(attempt(&mut browser, "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut browser, "ada", "wrong").await.status, 429);
    // Unknown names are counted alike.
    for _ in 0..10 {
        assert_eq!(attempt(&mut browser, "nobody", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut browser, "nobody", "wrong").await.status, 429);
});

async fn attempt_from(app: &TestApp, peer: &str, forwarded: &str, username: &str, password: &str) -> u16 {
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    let fields = filled(page.form("/login"), &[("username", username), ("password", password)]);
    let mut request = form("/login", encode(&fields));
    request.headers_mut().insert("origin", ISSUER.parse().unwrap());
    request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
    request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    browser.send(request).await.status.as_u16()
}

#[tokio::test]
async fn asvs_6_3_1_an_address_is_guarded_and_cannot_be_made_up() {
    let test = TestApp::start(Engine::Sqlite).await;
    test.user("ada").await;
    let app = test.configured(|config| config.throttle.address_failures = 5);
    for number in 0..5 {
        let claimed = format!("203.0.113.{number}");
        let name = format!("user{number}");
        assert_eq!(attempt_from(&app, "198.51.100.7:1000", &claimed, &name, "wrong").await, 401);
    }
    assert_eq!(attempt_from(&app, "198.51.100.7:1001", "203.0.113.99", "ada", PASSWORD).await, 429);
    assert_eq!(attempt_from(&app, "198.51.100.8:1000", "198.51.100.7", "ada", PASSWORD).await, 303);
    app.advance(900);
    assert_eq!(attempt_from(&app, "198.51.100.7:1000", "", "ada", PASSWORD).await, 303);
    // The success took its own count back and no other.
    for _ in 0..4 {
        assert_eq!(attempt_from(&app, "198.51.100.7:1000", "", "nobody", "wrong").await, 401);
        assert_eq!(attempt_from(&app, "198.51.100.7:1000", "", "ada", PASSWORD).await, 303);
    }
    assert_eq!(attempt_from(&app, "198.51.100.7:1000", "", "nobody", "wrong").await, 401);
    assert_eq!(attempt_from(&app, "198.51.100.7:1000", "", "ada", PASSWORD).await, 429);
}

on_both!(attempts_at_the_same_moment_do_not_outrun_the_limit, |app| {
    app.user("ada").await;
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    let fields = filled(page.form("/login"), &[("username", "ada"), ("password", "wrong")]);
    let attempts: Vec<_> = (0..24)
        .map(|_| {
            let (mut browser, fields) = (browser.clone(), fields.clone());
            tokio::spawn(async move { browser.post("/login", &fields).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(401), count(429)), (10, 14), "{statuses:?}");
});

#[tokio::test]
async fn forms_are_accepted_from_our_own_pages_in_the_same_browser_only() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let (mut browser, mut other) = (app.browser(), app.browser());
    let fields =
        filled(browser.get("/login").await.form("/login"), &[("username", "ada"), ("password", PASSWORD)]);
    let foreign = other.get("/login").await.form("/login");
    let foreign = &foreign.iter().find(|(name, _)| name == "csrf").unwrap().1;
    let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
    for tampered in
        [without, filled(fields.clone(), &[("csrf", foreign)]), filled(fields.clone(), &[("csrf", "x")])]
    {
        browser.post("/login", &tampered).await.refusal(403);
    }
    // A token without its cookie.
    app.browser().post("/login", &fields).await.refusal(403);
    for (name, value) in [
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:8081"),
        ("origin", "http://localhost:8080.evil.example"),
        ("origin", "https://localhost:8080"),
        ("origin", ""),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "\u{fc}"),
    ] {
        let mut request = form("/login", encode(&fields));
        request.headers_mut().insert(name, axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        browser.send(request).await.refusal(403);
    }
    assert!(!browser.cookies.contains_key(SESSION));
    assert!(app.audit_log().await.iter().all(|row| !row.starts_with("session.")), "not even tried");
    assert_eq!(browser.post("/login", &fields).await.status, 303);
}

#[tokio::test]
async fn malformed_forms_are_refused() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = app.browser();
    let fields =
        filled(browser.get("/login").await.form("/login"), &[("username", "ada"), ("password", PASSWORD)]);
    let body = encode(&fields);
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status) in [
        ("text/plain", body.clone(), 400),
        ("application/json", "{\"username\":\"ada\"}".to_owned(), 400),
        ("multipart/form-data; boundary=x", body.clone(), 400),
        (form, format!("{body}&username=ada"), 400),
        (form, format!("{body}&password=x"), 400),
        (form, format!("{body}&csrf="), 400),
        (form, format!("{body}&x=%ff"), 400),
        (form, format!("{body}&x=%00"), 400),
        (form, format!("{body}&x={}", "y".repeat(60_000)), 303),
        (form, (0..120).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&"), 400),
        (form, String::new(), 403),
    ] {
        let request = Request::post("/login")
            .header("content-type", kind)
            .header("origin", ISSUER)
            .body(Body::from(body.clone()))
            .unwrap();
        let page = browser.send(request).await;
        assert_eq!(page.status, status, "{kind} {}", &body[..body.len().min(80)]);
        browser.cookies.remove(SESSION);
    }
    let page = browser.post("/login", &filled(fields, &[("x", &"y".repeat(70_000))])).await;
    assert_eq!(page.status, 413);
}

#[tokio::test]
async fn cve_2024_39694_a_sign_in_leads_nowhere_that_the_address_names() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    for name in ["next", "return_to", "returnUrl", "redirect_uri", "flow"] {
        for target in [
            "//evil.example",
            "/\\evil.example",
            "/%09/evil.example",
            "https:evil.example",
            "javascript:alert(1)",
        ] {
            let mut browser = app.browser();
            let query = encode(&[(name.to_owned(), target.to_owned())]);
            let page = browser.get(&format!("/login?{query}")).await;
            if name == "flow" {
                page.refusal(400);
                continue;
            }
            page.assert_inert();
            let fields =
                filled(page.form("/login"), &[("username", "ada"), ("password", PASSWORD), (name, target)]);
            assert_eq!(browser.post("/login", &fields).await.location(), "/account");
        }
    }
}

#[tokio::test]
async fn cve_2026_42849_what_was_typed_comes_back_inert() {
    let app = TestApp::start(Engine::Sqlite).await;
    for username in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "{{7*7}}${7*7}",
        "</input><svg/onload=alert(1)>",
    ] {
        let page = attempt(&mut app.browser(), username, "wrong").await;
        page.assert_inert();
        let typed = page.form("/login").into_iter().find(|(name, _)| name == "username").unwrap().1;
        assert_eq!(typed, username);
        assert!(!page.body.contains("wrong"), "the password does not come back");
    }
}

on_both!(asvs_2_4_4_hashes_follow_the_parameters_at_sign_in, |test| {
    let user = test.user("ada").await;
    let before = user.password_hash.clone().unwrap();
    let stronger = Passwords { memory_kib: 16, iterations: 2, parallelism: 1, queue: 64 };
    let passwords = PasswordHasher::new(&stronger, 2, &test.app.entropy).unwrap();
    let app = test.but(Parts { passwords, ..Parts::clone(&test.app) });
    let stored = async || app.stored_user(&user.id).await;
    assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    assert_eq!(stored().await.password_hash.unwrap(), before, "not by a wrong password");
    assert_eq!(attempt(&mut app.browser(), "ada", PASSWORD).await.status, 303);
    let after = stored().await.password_hash.unwrap();
    assert!(after.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{after}");
    assert_eq!(attempt(&mut app.browser(), "ada", PASSWORD).await.status, 303);
    assert_eq!(stored().await.password_hash.unwrap(), after, "once is enough");
});

#[tokio::test]
async fn openid_core_3_1_2_1_going_on_is_as_the_account_that_the_page_named() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    app.user("bob").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    let choose = rp.authorization("openid", &[("prompt", "select_account")]);
    let page = browser.open(&choose).await;
    assert!(page.text().contains("Continue as ada of Example"), "{}", page.text());
    let form = page.form("/login/continue");
    let next = browser.post("/login/continue", &form).await;
    assert!(browser.follow(next).await.sent("code").is_some());

    // In another tab somebody else signs in: the first tab's page is about nobody who is here any more.
    let first_tab = browser.open(&choose).await;
    let second_tab = browser.open(&choose).await;
    browser.sign_in(&second_tab, "bob").await;
    let next = browser.post("/login/continue", &first_tab.form("/login/continue")).await;
    let page = browser.follow(next).await;
    assert!(page.text().contains("Continue as bob of Example"), "{} {}", page.status, page.text());

    // Nobody goes on by another site's form.
    let mut forged = first_tab.form("/login/continue");
    forged.retain(|(name, _)| name != "csrf");
    browser.post("/login/continue", &forged).await.refusal(403);
}

on_both!(nobody_locks_an_account_out_by_names_that_are_none, |app| {
    let ada = app.user("ada").await;
    let app = app.configured(|config| config.throttle.address_failures = 1000);
    // An application knows its users' `sub`, and what stands before a name in the counters is no secret.
    for prefix in [
        "",
        "account:",
        "passkey of ",
        "passkey ",
        "second factor of ",
        "upstream provider of ",
        "first factor:",
        "account:first factor:",
        "second factor:",
        "passkey:",
    ] {
        let name = format!("{prefix}{}", ada.id);
        for _ in 0..11 {
            attempt(&mut app.browser(), &name, "wrong").await;
        }
        assert_eq!(attempt(&mut app.browser(), &name, "wrong").await.status, 429, "{name}");
    }
    assert_eq!(attempt(&mut app.browser(), "ada", PASSWORD).await.status, 303);
});

on_both!(by_one_name_of_an_account_nobody_learns_of_another, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let mut known = app.browser();
    assert_eq!(attempt(&mut known, "ada", PASSWORD).await.status, 303);
    for _ in 0..10 {
        assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 429);
    // Its address answers like any other name: also to who has guessed right, who is not let in by it.
    let mut answers = Vec::new();
    for (username, password) in [
        ("ada@example.com", "wrong"),
        ("ada@example.com", PASSWORD),
        ("bob@example.com", "wrong"),
        ("ada@nowhere.example", "wrong"),
    ] {
        let mut browser = app.browser();
        let page = attempt(&mut browser, username, password).await;
        assert_eq!(page.status, 401, "{username}");
        assert!(!browser.cookies.contains_key(SESSION));
        answers.push(comparable(&page, username));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    // Who signed in there before is let in, and the limit of the name is the same for every name.
    let mut device = app.browser();
    device.cookies.insert("countersign-device".to_owned(), known.cookies["countersign-device"].clone());
    assert_eq!(attempt(&mut device, "ada@example.com", PASSWORD).await.status, 303);
    for name in ["ada@example.com", "ada@nowhere.example"] {
        let mut refused = 0;
        while attempt(&mut app.browser(), name, "wrong").await.status == 401 {
            refused += 1;
        }
        assert_eq!(refused, if name == "ada@example.com" { 8 } else { 9 }, "{name}");
    }
    app.advance(900);
    assert_eq!(attempt(&mut app.browser(), "ada@example.com", PASSWORD).await.status, 303);
});
