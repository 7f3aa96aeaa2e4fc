//! The account page: one's own sessions, applications and password.

use axum::body::Body;
use axum::http::{Method, Request, header};
use scraper::{Html, Selector};

use crate::admin_api::{administrator, filled_in, routes, signed_in};
use crate::device;
use crate::support::{Browser, Engine, ISSUER, PASSWORD, Page, TestApp, encode, filled, on_both, refused};

/// Sends the form of the account page to `action`, filled in.
async fn submit(browser: &mut Browser, action: &str, values: &[(&str, &str)]) -> Page {
    submit_on(browser, "/account", action, values).await
}

/// The same on another page.
pub async fn submit_on(browser: &mut Browser, path: &str, action: &str, values: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await;
    let form = page.form(action);
    assert!(!form.is_empty(), "no form to {action}: {}", page.body);
    browser.post(action, &filled(form, values)).await
}

/// The actions of all forms of a page.
fn actions(page: &Page) -> Vec<String> {
    let html = Html::parse_document(&page.body);
    let forms = Selector::parse("form[method='post']").unwrap();
    html.select(&forms).map(|form| form.attr("action").unwrap().to_owned()).collect()
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

on_both!(asvs_7_5_2_people_see_and_end_their_own_sessions, |app| {
    app.user("ada").await;
    app.user("eve").await;
    let mut laptop = signed_in(&app, "ada").await;
    let mut phone = signed_in(&app, "ada").await;
    let mut tablet = signed_in(&app, "ada").await;
    let mut eve = signed_in(&app, "eve").await;
    let page = laptop.get("/account").await;
    let ends: Vec<_> = actions(&page).into_iter().filter(|action| action.ends_with("/end")).collect();
    assert_eq!(ends.len(), 3);
    assert!(page.body.find("This device").unwrap() < page.body.find("Sign out all other").unwrap());

    // Somebody else's session is nobody's business.
    let eves_form = eve.get("/account").await.form("/account/sign-out");
    for end in &ends {
        assert_eq!(eve.post(end, &eves_form).await.status, 404, "{end}");
    }
    // The first is the one that asks; the others are the phone's and the tablet's, in some order.
    let ended = submit(&mut laptop, &ends[1], &[]).await;
    assert_eq!((ended.status.as_u16(), ended.location()), (303, "/account?done=session-ended"));
    let (phone_is_in, tablet_is_in) = (is_signed_in(&mut phone).await, is_signed_in(&mut tablet).await);
    assert!(phone_is_in != tablet_is_in, "one of them was signed out");

    let ended = submit(&mut laptop, "/account/sessions/end-others", &[]).await;
    assert_eq!(ended.status, 303, "{}", ended.text());
    assert!(!is_signed_in(&mut phone).await && !is_signed_in(&mut tablet).await);
    assert!(is_signed_in(&mut laptop).await && is_signed_in(&mut eve).await);
    let notice = laptop.follow(ended).await;
    assert!(notice.text().contains("All your other devices are signed out."));

    // Ending this very session signs out here.
    let own = submit(&mut laptop, &ends[0], &[]).await;
    assert_eq!(own.status, 200);
    assert!(own.text().contains("You are signed out"));
    assert!(!is_signed_in(&mut laptop).await);
    let log = app.audit_log().await;
    assert_eq!(log.iter().filter(|line| line.starts_with("session.end session:")).count(), 2);
    assert_eq!(log.iter().filter(|line| line.starts_with("user.end_sessions user:")).count(), 1);
});

on_both!(access_of_an_application_is_withdrawn_with_its_tokens, |app| {
    app.user("ada").await;
    let rp = app.rp("notes").await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    assert!(rp.is_active(tokens.access()).await);
    let page = browser.get("/account").await;
    assert!(page.text().contains("Client notes") && page.text().contains("Stay connected"));
    let revoked = submit(&mut browser, "/account/apps/notes/revoke", &[]).await;
    assert_eq!(revoked.location(), "/account?done=app-revoked");
    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(crate::support::refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    assert!(!browser.get("/account").await.text().contains("Client notes"));
    assert!(app.audit_log().await.contains(&"consent.withdraw client:notes".to_owned()));
    let form = browser.get("/account").await.form("/account/sign-out");
    assert_eq!(browser.post("/account/apps/notes/revoke", &form).await.status, 404);
});

on_both!(no_address_is_too_strange, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let form = ada.get("/account").await.form("/account/sign-out");
    for id in ["%00", "%ff", "a%2fb", "..", "'%20OR%201=1--", &"x".repeat(5000)] {
        for path in ["/admin/clients/{}", "/admin/users/{}"] {
            let page = ada.get(&path.replace("{}", id)).await;
            assert_eq!(page.status, 404, "{path} {id}: {}", page.text());
        }
        for path in ["/account/sessions/{}/end", "/account/apps/{}/revoke", "/admin/users/{}/delete"] {
            let page = ada.post(&path.replace("{}", id), &form).await;
            assert_eq!(page.status, 404, "{path} {id}: {}", page.text());
        }
    }
});

on_both!(asvs_7_4_3_a_new_password_ends_whatever_began_with_the_old_one, |app| {
    app.user("ada").await;
    let rp = app.rp("notes").await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let code = rp.code(&mut browser, "ada", "openid offline_access").await;
    let tv = device::tv(&app, "tv").await;
    let codes = device::ask(&tv, "openid").await;
    device::allow(&mut browser, "ada", &codes).await;
    let mut other = signed_in(&app, "ada").await;
    let stolen = browser.clone();
    for (current, new, words) in [
        ("wrong", "long enough", "The current password is not right"),
        ("", "long enough", "The current password is not right"),
        (PASSWORD, "short", "at least 8"),
        (PASSWORD, &"x".repeat(1025), "at most 1"),
        (PASSWORD, "", "at least 8"),
    ] {
        let page = submit(&mut browser, "/account/password", &[("current", current), ("new", new)]).await;
        assert_eq!(page.status, 400);
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(is_signed_in(&mut other).await, "nothing has changed yet");

    let page =
        submit(&mut browser, "/account/password", &[("current", PASSWORD), ("new", "battery staple")]).await;
    assert_eq!(page.location(), "/account?done=password-changed");
    assert!(is_signed_in(&mut browser).await, "whoever changed it stays signed in");
    assert!(!is_signed_in(&mut other).await);
    assert!(!is_signed_in(&mut stolen.clone()).await, "in another session");
    assert_eq!(refused(&rp.redeem(&code).await), "invalid_grant", "sent before");
    assert_eq!(refused(&device::poll(&tv, &codes).await), "invalid_grant", "allowed before");
    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    rp.tokens(&mut browser, "ada", "openid offline_access").await;
    for (password, works) in [(PASSWORD, false), ("battery staple", true)] {
        let mut fresh = app.browser();
        let page = fresh.open("/account").await;
        let page = fresh.sign_in_with(&page, "ada", password).await;
        assert_eq!(!page.body.contains("login-submit"), works, "{password}");
    }
    assert!(app.audit_log().await.iter().any(|line| line.starts_with("user.set_password user:")));
});

#[tokio::test]
async fn asvs_6_3_1_the_current_password_cannot_be_guessed_here_either() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let mut last = None;
    for _ in 0..30 {
        let wrong = [("current", "wrong"), ("new", "battery staple")];
        let page = submit(&mut browser, "/account/password", &wrong).await;
        last = Some(page.status.as_u16());
        if last == Some(429) {
            assert!(page.text().contains("Too many attempts"));
            break;
        }
    }
    assert_eq!(last, Some(429));
    let right = [("current", PASSWORD), ("new", "battery staple")];
    assert_eq!(submit(&mut browser, "/account/password", &right).await.status, 429);
}

#[tokio::test]
async fn signing_out_forgets_the_session_here_and_on_the_server() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let before = browser.clone();
    let page = submit(&mut browser, "/account/sign-out", &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(!is_signed_in(&mut before.clone()).await, "a kept cookie is worth nothing");
}

#[tokio::test]
async fn forms_work_in_a_remembered_session_after_the_browser_was_closed() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    browser.cookies.remove("countersign-browser").unwrap();
    let page = submit(&mut browser, "/account/sign-out", &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
}

/// Every page of `/account` and `/admin` that takes a form, for anybody and from anywhere but our own pages.
#[tokio::test]
async fn every_form_is_for_the_signed_in_and_comes_from_our_own_pages() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("eve").await;
    let (_, ada) = administrator(&app, "ada").await;
    let eve = signed_in(&app, "eve").await;
    let token = |browser: &Browser| {
        let mut browser = browser.clone();
        async move { browser.get("/account").await.form("/account/sign-out")[0].1.clone() }
    };
    let (adas_token, eves_token) = (token(&ada).await, token(&eve).await);
    let mut seen = 0;
    for (path, methods) in [routes("/account"), routes("/admin")].concat() {
        if path.starts_with("/admin/api") {
            continue;
        }
        let address = filled_in(&path);
        for method in methods {
            seen += 1;
            let what = format!("{method} {address}");
            let anonymous = app.browser().send(request(&method, &address, &[], "")).await;
            if method == Method::GET {
                assert_eq!(anonymous.status, 303, "{what}");
                assert!(anonymous.location().starts_with("/login?flow="), "{what}");
                let page = ada.clone().get(&address).await;
                assert!([200, 404].contains(&page.status.as_u16()), "{what}: {}", page.status);
                let expected = if path.starts_with("/admin") { 403 } else { 200 };
                assert_eq!(eve.clone().get(&address).await.status, expected, "{what}");
                continue;
            }
            assert_eq!(anonymous.status, 403, "{what}");
            let own = [("origin", ISSUER), ("sec-fetch-site", "same-origin")];
            if path.starts_with("/admin") {
                let page = eve.clone().send(request(&method, &address, &own, &eves_token)).await;
                assert_eq!(page.status, 403, "{what}");
                assert!(page.text().contains("administrators"), "{what}");
            }
            // Of a page in this browser, but of no session, or of one that is over or somebody else's.
            let of_browser = adas_token.split('.').next().unwrap();
            for stale in [of_browser.to_owned(), format!("{of_browser}.x"), {
                format!("{of_browser}.{}", eves_token.split('.').nth(1).unwrap())
            }] {
                let page = ada.clone().send(request(&method, &address, &own, &stale)).await;
                assert_eq!(page.status, 403, "{what} with token {stale:?}");
                assert!(page.text().contains("This page is out of date"), "{what}: {}", page.text());
            }
            for csrf in ["", "wrong", &eves_token] {
                let page = ada.clone().send(request(&method, &address, &own, csrf)).await;
                assert_eq!(page.status, 403, "{what} with token {csrf:?}");
            }
            for foreign in [
                ("origin", "null"),
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                let page = ada.clone().send(request(&method, &address, &[foreign], &adas_token)).await;
                assert_eq!(page.status, 403, "{what} {foreign:?}");
                assert!(page.text().contains("did not come from a page of this server"), "{what}");
            }
        }
    }
    assert!(seen >= 22, "only {seen} routes were found");
    assert!(is_signed_in(&mut ada.clone()).await, "none of it did anything");
}

fn request(method: &Method, path: &str, headers: &[(&str, &str)], csrf: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let fields =
        if csrf.is_empty() { String::new() } else { encode(&[("csrf".to_owned(), csrf.to_owned())]) };
    request.body(Body::from(fields)).unwrap()
}

on_both!(a_page_left_open_changes_nothing_for_whoever_signed_in_since, |app| {
    app.user("ada").await;
    let eve = app.user("eve").await;
    let mut browser = signed_in(&app, "ada").await;
    let stale = browser.get("/account/profile").await.form("/account/profile");
    let password = browser.get("/account").await.form("/account/password");
    // Eve signs in in another tab; the form was filled in for ada's account.
    let page = browser.open("/login").await;
    assert_eq!(browser.sign_in(&page, "eve").await.status, 200);
    for (path, form) in [
        ("/account/profile", filled(stale.clone(), &[("name", "Meant for Ada")])),
        ("/account/password", filled(password, &[("current", PASSWORD), ("new", "tulip-barge-52-otter")])),
    ] {
        let refused = browser.post(path, &form).await.refusal(403);
        assert!(refused.contains("This page is out of date"), "{refused}");
    }
    let now = app.stored_user(&eve.id).await;
    assert_eq!((now.updated_at, now.name), (eve.updated_at, eve.name), "nothing was changed");
    // Nor after a sign-out, whoever signs in then.
    submit(&mut browser, "/account/sign-out", &[]).await;
    let page = browser.open("/login").await;
    assert_eq!(browser.sign_in(&page, "ada").await.status, 200);
    browser.post("/account/profile", &filled(stale, &[("name", "Too late")])).await.refusal(403);
    // The same person signing in once more goes on with the page that they have.
    let own = browser.get("/account/profile").await.form("/account/profile");
    let page = browser.open("/login").await;
    assert_eq!(browser.sign_in(&page, "ada").await.status, 200);
    assert_eq!(browser.post("/account/profile", &filled(own, &[("name", "Ada")])).await.status, 303);
});

on_both!(the_same_password_is_no_new_one, |app| {
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let same = [("current", PASSWORD), ("new", PASSWORD)];
    let page = submit(&mut browser, "/account/password", &same).await;
    assert_eq!(page.status, 400);
    assert!(page.text().contains("Choose another password than the one you have."), "{}", page.text());
    // That it is the same is told to nobody who does not know it.
    let guessed = [("current", "not the password"), ("new", "not the password")];
    let page = submit(&mut browser, "/account/password", &guessed).await;
    assert!(!page.text().contains("Choose another password"), "{}", page.text());
    assert_eq!(app.stored_user(&ada.id).await.password_hash, ada.password_hash);
});
