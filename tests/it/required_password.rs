//! An administrator wants a user to choose another password: nothing that uses the old one leads past it.

use axum::http::Method;
use countersign::admin::users;
use countersign::app::Origin;
use countersign::protocol::user::User;
use serde_json::json;

use crate::admin_api::{administrator, problem, robot, signed_in};
use crate::admin_pages::submit;
use crate::support::{Browser, PASSWORD, Page, TestApp, on_both};

const NEW: &str = "another battery staple";

async fn required(app: &TestApp, user: &User) {
    let user = app.stored_user(&user.id).await;
    users::require_new_password(&app.app, &Origin::cli(), &user, false).await.unwrap();
}

/// Signs in with this password as far as that goes.
async fn with_password(browser: &mut Browser, username: &str, password: &str) -> Page {
    let page = browser.open("/login").await;
    let mut form = page.form("/login");
    form.retain(|(name, _)| !["username", "password"].contains(&name.as_str()));
    form.extend([("username", username), ("password", password)].map(|(n, v)| (n.to_owned(), v.to_owned())));
    let page = browser.post("/login", &form).await;
    if page.status == 303 { browser.open(page.location()).await } else { page }
}

/// Fills the form in that asks for another password.
async fn choose(browser: &mut Browser, page: &Page, password: &str) -> Page {
    let mut form = page.form("/login/new-password");
    assert!(!form.is_empty(), "no form: {}", page.text());
    form.retain(|(name, _)| name != "password");
    form.push(("password".to_owned(), password.to_owned()));
    browser.post("/login/new-password", &form).await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

on_both!(nobody_gets_in_by_the_old_password_before_another_one_was_chosen, |app| {
    let ada = app.user("ada").await;
    let mut before = signed_in(&app, "ada").await;
    let rp = app.rp("app").await;
    let tokens = rp.tokens(&mut before, "ada", "openid offline_access").await;
    required(&app, &ada).await;
    assert!(!is_signed_in(&mut before).await, "signed out everywhere");
    assert_eq!(rp.userinfo(tokens.access()).await.status, 401);

    let mut browser = app.browser();
    let page = with_password(&mut browser, "ada", PASSWORD).await;
    assert!(page.text().contains("Choose a new password"), "{}", page.text());
    assert!(!is_signed_in(&mut browser).await);
    for (bad, words) in
        [(PASSWORD, "another password than the one you have"), ("short", "8"), ("password1", "guess")]
    {
        let refused = choose(&mut browser, &page, bad).await;
        assert_eq!(refused.status, 422, "{bad}");
        assert!(refused.text().contains(words) || bad == "password1", "{bad}: {}", refused.text());
        assert!(!is_signed_in(&mut browser).await);
    }
    // A second tab, and another browser that is half in.
    let mut other = app.browser();
    let others = with_password(&mut other, "ada", PASSWORD).await;
    let done = choose(&mut browser, &page, NEW).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&mut browser).await);
    let late = choose(&mut other, &others, "yet another horse").await;
    assert_eq!(late.status, 303);
    assert!(late.location().starts_with("/login?flow="), "{}", late.location());
    assert!(!is_signed_in(&mut other).await);
    assert_eq!(with_password(&mut app.browser(), "ada", PASSWORD).await.status, 401, "the old one is gone");
    let mut again = app.browser();
    with_password(&mut again, "ada", NEW).await;
    assert!(is_signed_in(&mut again).await, "and nothing more is asked");
    assert!(!app.stored_user(&ada.id).await.new_password_required);
    let log = app.audit_log().await;
    for action in ["user.require_password", "user.set_password"] {
        assert!(log.contains(&format!("{action} user:{}", ada.id)), "{action}");
    }
});

on_both!(what_was_proved_before_it_was_required_leads_nowhere, |app| {
    let ada = app.user("ada").await;
    let mut browser = app.browser();
    required(&app, &ada).await;
    let half = with_password(&mut browser, "ada", PASSWORD).await;
    // Required once more: the account has changed since.
    required(&app, &ada).await;
    let refused = choose(&mut browser, &half, NEW).await;
    assert!(refused.location().starts_with("/login?flow="), "{}", refused.location());
    assert!(!is_signed_in(&mut browser).await);
    // No flow, somebody else's, or one in which nothing was proved: the sign-in page.
    for path in ["/login/new-password", "/login/new-password?flow="] {
        let page = browser.get(path).await;
        assert!([303, 400].contains(&page.status.as_u16()), "{path}: {}", page.status);
        assert!(page.form("/login/new-password").is_empty(), "{path}");
    }
    let mut stranger = app.browser();
    let stolen = half.form("/login/new-password").into_iter().find(|(name, _)| name == "flow").unwrap().1;
    let page = stranger.get(&format!("/login/new-password?flow={stolen}")).await;
    assert_eq!(page.status, 403, "another browser's");
});

on_both!(an_administrator_requires_it_by_page_and_api, |app| {
    let (me, mut root) = administrator(&app, "root").await;
    let ada = app.user("ada").await;
    let path = format!("/admin/users/{}", ada.id);
    let require = format!("{path}/password/require");
    let page = submit(&mut root, &path, &require, &[]).await;
    assert_eq!(page.location(), format!("{path}?done=password-required"));
    assert!(app.stored_user(&ada.id).await.new_password_required);
    assert!(root.get(&path).await.text().contains("opens nothing until ada has chosen another one"));
    // One that an administrator sets will do, and another than the old one.
    let set = format!("{path}/password");
    let same = submit(&mut root, &path, &set, &[("password", PASSWORD)]).await;
    assert_eq!(same.status, 400, "{}", same.text());
    let page = submit(&mut root, &path, &set, &[("password", NEW)]).await;
    assert_eq!(page.location(), format!("{path}?done=password-set"));
    assert!(!app.stored_user(&ada.id).await.new_password_required);

    let caller = robot(&app).await;
    let api = format!("/admin/api/users/{}/require-new-password", ada.id);
    for bad in [json!({ "by_mail": 1 }), json!({ "x": true }), json!([])] {
        problem(&caller.json(Method::POST, &api, &bad).await, 400);
    }
    let answer = caller.json(Method::POST, &api, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "mailed": false })));
    let shown = caller.get(&format!("/admin/api/users/{}", ada.id)).await.json();
    assert_eq!(shown["new_password_required"], true);
    let nobody = caller.json(Method::POST, "/admin/api/users/nobody/require-new-password", &json!({})).await;
    problem(&nobody, 404);
    // An administrator may be required as well, and keeps the rights.
    let own = format!("/admin/users/{}/password/require", me.id);
    let own_page = format!("/admin/users/{}", me.id);
    submit(&mut root, &own_page, &own, &[]).await;
    assert!(!is_signed_in(&mut root).await);
    assert!(app.stored_user(&me.id).await.is_admin);
});
