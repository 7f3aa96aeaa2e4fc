//! `/check-session` and the cookie that its script reads.

use axum::http::header;
use countersign::config::Issuer;

use crate::support::{Browser, Engine, Page, TestApp, on_both};

const STATE: &str = "countersign-state";

/// What an answer does with the browser's state.
fn set_cookie<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    let cookies = page.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    cookies.into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")))
}

async fn sign_in(browser: &mut Browser, username: &str, remember: bool) -> Page {
    let page = browser.open("/login").await;
    let mut fields = page.form("/login");
    fields.retain(|(name, _)| !["username", "password", "remember"].contains(&name.as_str()));
    for (name, value) in [("username", username), ("password", crate::support::PASSWORD)] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    if remember {
        fields.push(("remember".to_owned(), "true".to_owned()));
    }
    let page = browser.post("/login", &fields).await;
    assert_eq!(page.status, 303);
    page
}

#[tokio::test]
async fn session_management_3_2_the_frame_is_everybodys_and_runs_one_script() {
    let app = TestApp::start(Engine::Sqlite).await;
    let page = app.browser().get("/check-session").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors *", "base-uri 'none'"] {
        assert!(policy.split("; ").any(|found| found == rule), "{rule}: {policy}");
    }
    assert_eq!(page.header("x-frame-options"), None);
    assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(page.header("cache-control"), Some("public, max-age=300"));
    assert!(page.header("set-cookie").is_none(), "it is the same for everybody");
    assert!(page.body.contains("data-cookie=\"countersign-state\""), "{}", page.body);
    let script = page.body.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = app.browser().get(script).await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));

    // Nothing else may be framed.
    for path in ["/login", "/logout", "/check-session/", "/account"] {
        let page = app.browser().get(path).await;
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{path}");
    }
    assert_eq!(app.browser().post("/check-session", &[]).await.status, 405);

    let secure = app.configured(|config| config.issuer = Issuer::parse("https://id.example").unwrap());
    let page = secure.browser().get("/check-session").await;
    assert!(page.body.contains("data-cookie=\"__Host-countersign-state\""), "{}", page.body);
}

on_both!(session_management_3_2_the_state_comes_and_goes_with_the_session, |app| {
    for user in ["ada", "bob"] {
        app.user(user).await;
    }
    let mut browser = app.browser();
    let page = sign_in(&mut browser, "ada", false).await;
    let set = set_cookie(&page, STATE).unwrap();
    assert!(!set.contains("HttpOnly") && !set.contains("Max-Age"), "{set}");
    assert!(set.ends_with("; Path=/; SameSite=Lax"), "{set}");
    assert!(set_cookie(&page, "countersign-session").unwrap().contains("HttpOnly"));
    let first = browser.cookies[STATE].clone();
    let session = &browser.cookies["countersign-session"];
    let (sid, secret) = session.split_once('.').unwrap();
    assert!(!first.contains(sid) && !first.contains(secret), "it says nothing about the session");

    // The same session goes on, and so does its state, for as long as the session.
    let page = sign_in(&mut browser, "ada", true).await;
    assert_eq!(browser.cookies[STATE], first);
    assert!(set_cookie(&page, STATE).unwrap().contains("Max-Age=7776000"));

    // Another user's is another one.
    sign_in(&mut browser, "bob", false).await;
    let second = browser.cookies[STATE].clone();
    assert_ne!(second, first);

    for path in ["/logout", "/account/sign-out"] {
        let page = browser.get(if path == "/logout" { path } else { "/account" }).await;
        let page = browser.post(path, &page.form(path)).await;
        assert!(set_cookie(&page, STATE).unwrap().contains("Max-Age=0"), "{path}");
        assert!(!browser.cookies.contains_key(STATE), "{path}");
        sign_in(&mut browser, "bob", false).await;
        assert_ne!(browser.cookies[STATE], second, "{path}: a new session");
    }

    // On TLS, frames of other sites get it as well.
    let secure = app.configured(|config| config.issuer = Issuer::parse("https://id.example").unwrap());
    let mut browser = secure.browser();
    "https://id.example".clone_into(&mut browser.origin);
    let page = sign_in(&mut browser, "ada", false).await;
    let set = set_cookie(&page, "__Host-countersign-state").unwrap();
    assert!(set.ends_with("; Path=/; SameSite=None; Secure"), "{set}");
});

on_both!(session_management_3_2_the_state_is_set_right_where_the_browser_comes_by, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.tokens(&mut browser, "ada", "openid").await;
    let silently = rp.authorization("openid", &[("prompt", "none")]);
    let state = browser.cookies[STATE].clone();
    assert_eq!(set_cookie(&browser.get(&silently).await, STATE), None, "it is right already");

    // From before there was such a cookie, or planted.
    for wrong in [None, Some("planted")] {
        browser.cookies.remove(STATE);
        browser.cookies.extend(wrong.map(|wrong| (STATE.to_owned(), wrong.to_owned())));
        assert!(browser.get(&silently).await.sent("code").is_some());
        assert_eq!(browser.cookies[STATE], state);
    }

    // In another site's frame, where the session's cookie does not come along, nothing is known and nothing changed.
    let mut in_a_frame = browser.clone();
    in_a_frame.cookies.remove("countersign-session");
    let page = in_a_frame.get(&silently).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));
    assert_eq!(set_cookie(&page, STATE), None);

    // Ended elsewhere.
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    app.app.store.end_sessions_of_user(&user.id, None, &audit).await.unwrap();
    let page = browser.get(&silently).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));
    assert!(!browser.cookies.contains_key(STATE));
});
