//! What people see of their own account, take along, and have deleted.

use countersign::app::Origin;
use serde_json::Value;

use crate::account::submit_on;
use crate::admin_api::{administrator, signed_in};
use crate::support::{Engine, PASSWORD, Rp, TestApp, on_both, refused};

const DATA: &str = "/account/data";

on_both!(recent_activity_is_told_in_words_and_tells_of_nobody_else, |app| {
    let (root, _) = administrator(&app, "root").await;
    let ada = app.user("ada").await;
    let eve = app.user("eve").await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let wrong = browser.sign_in_with(&page, "ada", "wrong").await;
    assert_eq!(wrong.status, 401);
    let rp = app.rp("notes").await;
    rp.tokens(&mut browser, "ada", "openid").await;
    signed_in(&app, "eve").await;
    let by_root = |action| {
        let origin = Origin {
            actor: format!("user:{}", root.id),
            ip: Some([198, 51, 100, 66].into()),
            user_agent: "Mozilla/5.0 (Windows NT 10.0) Firefox/145.0".to_owned(),
            ..Origin::cli()
        };
        app.app.audit(&origin, action, format!("user:{}", ada.id), "a note of the administrator's")
    };
    for action in ["user.end_sessions", "something.new"] {
        app.advance(1);
        app.app.store.audit(&by_root(action)).await.unwrap();
    }

    let page = browser.get("/account/activity").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    let told =
        ["Something else: something.new by an administrator", "Devices were signed out by an administrator"];
    let mut rest = text.as_str();
    for words in told {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words}, in this order: {text}")).1;
    }
    for words in ["Client notes was given access", "Signed in", "A sign-in failed"] {
        assert!(rest.contains(words), "{words}, before that: {text}");
    }
    for foreign in ["198.51.100.66", "Windows", "note of", root.id.as_str(), eve.id.as_str(), "eve of"] {
        assert!(!page.body.contains(foreign), "{foreign}: {text}");
    }
    // The page of an account is of its last fifty rows.
    app.advance(1);
    for _ in 0..60 {
        app.app.store.audit(&by_root("user.end_sessions")).await.unwrap();
    }
    let page = browser.get("/account/activity").await;
    assert_eq!(page.text().matches("Devices were signed out").count(), 50);
});

#[tokio::test]
async fn activity_names_the_device_and_the_address() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let mut origin = Origin::system().by_user(&ada.id);
    origin.ip = Some([203, 0, 113, 7].into());
    origin.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0".to_owned();
    let entry = app.app.audit(&origin, "passkey.add", "passkey:x".to_owned(), "phone");
    app.app.store.audit(&entry).await.unwrap();
    let text = browser.get("/account/activity").await.text();
    assert!(text.contains("Passkey added just now · Firefox on Linux · 203.0.113.7"), "{text}");
}

on_both!(a_download_holds_everything_about_one_person_and_no_secret, |app| {
    let (root, _) = administrator(&app, "root").await;
    let ada = app.user("ada").await;
    app.user("eve").await;
    let rp = app.rp("notes").await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let eves = rp.tokens(&mut app.browser(), "eve", "openid").await;
    let audit =
        app.app.audit(&Origin::system().by_user(&root.id), "user.update", format!("user:{}", ada.id), "name");
    app.app.store.audit(&audit).await.unwrap();

    let answer = browser.get("/account/data.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"account.json\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let data: Value = answer.json();
    assert_eq!(data["account"]["username"], "ada");
    assert_eq!(data["account"]["email"], "ada@example.com");
    assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(data["consents"][0]["client_id"], "notes");
    assert_eq!(data["grants"][0]["state"], "active");
    assert!(data["activity"].as_array().unwrap().iter().any(|row| row["action"] == "session.begin"));
    assert!(data["activity"].as_array().unwrap().iter().any(|row| row["by"] == "administrator"));
    let user = app.stored_user(&ada.id).await;
    let cookie = browser.cookies.iter().find(|(name, _)| name.ends_with("session")).unwrap().1.clone();
    for secret in [
        user.password_hash.as_deref().unwrap(),
        cookie.split_once('.').unwrap().1,
        tokens.access(),
        tokens.refresh(),
        eves.access(),
        "secret",
        "password_hash",
        "eve",
        root.id.as_str(),
    ] {
        assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
    }
    app.advance(900);
    for path in ["/account/data.json", DATA] {
        let page = browser.get(path).await;
        assert!(page.location().starts_with("/login?flow="), "{path} asks for a fresh sign-in");
    }
});

on_both!(a_deleted_account_ends_everything_at_once_on_every_node, |app| {
    let ada = app.user("ada").await;
    let eve = app.user("eve").await;
    let other = app.second_node().await;
    let rp = app
        .client("notes", |metadata| {
            metadata.backchannel_logout_uri = Some("https://notes.example/logout".to_owned());
        })
        .await;
    let rp = Rp::new(&app, &rp);
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let mut phone = signed_in(&other, "ada").await;
    assert!(rp.is_active(tokens.access()).await);

    for wrong in ["", "eve", "ada lovelace", "<script>"] {
        let page = submit_on(&mut browser, DATA, "/account/delete", &[("username", wrong)]).await;
        assert_eq!(page.status, 422, "{wrong:?}");
        assert!(page.text().contains("That is not your user name. Nothing was deleted."), "{wrong:?}");
    }
    let form = browser.get(DATA).await.form("/account/delete");
    let page = submit_on(&mut browser, DATA, "/account/delete", &[("username", " Ada ")]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Your account is deleted"));
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=0"));

    assert!(app.app.store.asked_anew().user(&ada.id).await.unwrap().is_none());
    assert!(app.app.store.asked_anew().user(&eve.id).await.unwrap().is_some());
    other.hears().await;
    assert_eq!(phone.get("/account").await.status, 303, "on another node");
    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    let due = app.app.store.clients_with_due_notices(app.app.clock.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1, "the application is told");
    let page = browser.get("/login").await;
    let page = browser.sign_in_with(&page, "ada", PASSWORD).await;
    assert!(page.body.contains("login-submit"), "nobody signs in to it any more");
    assert_eq!(browser.post("/account/delete", &form).await.status, 403, "once more does nothing");

    // What is left of it in the audit log is the id.
    let row = app.app.store.recent_audit(100).await.unwrap();
    let row = row.iter().find(|row| row.action == "user.delete").unwrap();
    assert_eq!((&row.actor, &row.target), (&format!("user:{}", ada.id), &format!("user:{}", ada.id)));
    assert_eq!((row.ip.as_str(), row.user_agent.as_str(), row.detail.as_str()), ("", "", "by the user"));
});

on_both!(the_last_administrator_stays, |app| {
    let (root, mut browser) = administrator(&app, "root").await;
    let page = submit_on(&mut browser, DATA, "/account/delete", &[("username", "root")]).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("You are the only administrator"), "{}", page.text());
    assert!(app.stored_user(&root.id).await.is_admin);
    let (_, _) = administrator(&app, "second").await;
    let page = submit_on(&mut browser, DATA, "/account/delete", &[("username", "root")]).await;
    assert_eq!(page.status, 200, "{}", page.text());
});

on_both!(two_administrators_who_leave_at_once_do_not_both, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let (_, mut eve) = administrator(&app, "eve").await;
    let (first, second) = tokio::join!(
        submit_on(&mut ada, DATA, "/account/delete", &[("username", "ada")]),
        submit_on(&mut eve, DATA, "/account/delete", &[("username", "eve")]),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert!(app.app.store.has_administrator().await.unwrap());
});

#[tokio::test]
async fn failures_one_after_the_other_fill_one_line_and_a_right_password_before_them_is_told() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    let refused = async |detail: &str, device: &str| {
        let origin = Origin { user_agent: device.to_owned(), ..Origin::system() };
        let origin = Origin { actor: "anonymous".to_owned(), ..origin };
        let target = format!("user:{}", ada.id);
        let entry = app.app.audit(&origin, "session.refused", target, detail);
        app.app.store.audit(&entry).await.unwrap();
        app.advance(1);
    };
    let (firefox, safari) = ("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "");
    for device in [firefox, firefox, firefox, safari, firefox] {
        refused("password", device).await;
    }
    refused("authenticator app", firefox).await;
    let mut browser = signed_in(&app, "ada").await;
    let text = browser.get("/account/activity").await.text();
    let told = [
        "A wrong code after a right first step",
        "A sign-in failed ",
        "A sign-in failed ",
        "A sign-in failed 3 ×",
    ];
    let mut rest = text.as_str();
    for words in told {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words}, in this order: {text}")).1;
    }
    assert_eq!(text.matches("A sign-in failed").count(), 3, "{text}");
}
