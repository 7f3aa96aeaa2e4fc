//! What the server does by itself, as administrators see it: the outbox, the keys, registrations.

use std::time::Duration;

use axum::http::Method;
use countersign::config::{MailTransport, RegistrationMode};
use countersign::i18n::Language;
use countersign::mail::{Link, Mail, Message};
use serde_json::json;

use crate::admin_api::{administrator, problem, robot};
use crate::admin_pages::submit;
use crate::support::{Engine, START, TestApp, on_both, on_both_engines};

/// An application that would send mail, if its outbox were worked off.
async fn with_mail(engine: Engine) -> TestApp {
    let folder = std::env::temp_dir().join("countersign-test-mail-that-is-never-sent");
    TestApp::start_at(engine, START * 1000, |config| config.mail.transport = MailTransport::File(folder))
        .await
}

async fn write_to(app: &TestApp, to: &str) -> String {
    let message = Message::ResetPassword {
        account: "ada".to_owned(),
        link: Link::to(&app.app.config.issuer, "/recover/password?token=t0ps3cret"),
        works_for: Duration::from_mins(30),
    };
    app.app.mail.send(&app.app, Mail { to, language: Language::English, message }).await.unwrap();
    app.app.store.mails_to(to).await.unwrap().remove(0).id
}

/// One attempt that fails, after which the next one is `wait` seconds away.
async fn fails_once(app: &TestApp, wait: u64) {
    let now = app.app.clock.now();
    for mail in app.app.store.lease_mails(now, now.plus(Duration::from_secs(120)), 10).await.unwrap() {
        let again = now.plus(Duration::from_secs(wait));
        assert!(app.app.store.put_off_mail(&mail, again, "the mail server does not answer").await.unwrap());
    }
}

on_both_engines!(mails_are_tried_at_once_and_cancelled_and_never_read, |engine| {
    let app = with_mail(engine).await;
    let (_, mut root) = administrator(&app, "root").await;
    let caller = robot(&app).await;
    let late = write_to(&app, "ada@example.org").await;
    fails_once(&app, 3600).await;
    let new = write_to(&app, "bob@example.org").await;

    let listed = caller.get("/admin/api/mails").await;
    assert_eq!(listed.json()["mails"].as_array().unwrap().len(), 2, "{}", listed.body);
    assert!(!listed.body.contains("t0ps3cret") && !listed.body.contains("content"));
    let page = root.get("/admin/mails").await;
    for words in ["ada@example.org", "the mail server does not answer", "reset password"] {
        assert!(page.body.contains(words), "{words}: {}", page.text());
    }
    assert!(!page.body.contains("t0ps3cret"));
    let first = caller.get("/admin/api/mails?limit=1").await.json();
    assert_eq!(first["mails"][0]["to"], "bob@example.org");
    let next = first["next"].as_str().unwrap();
    let second = caller.get(&format!("/admin/api/mails?limit=1&after={next}")).await.json();
    assert_eq!((&second["mails"][0]["to"], &second["next"]), (&json!("ada@example.org"), &json!(null)));
    for bad in
        ["state=lost", "limit=0", "limit=201", "limit=x", "x=1", "state=waiting&state=sent", "after=zzzz"]
    {
        problem(&caller.get(&format!("/admin/api/mails?{bad}")).await, 400);
    }
    assert!(root.get("/admin/mails?state=lost").await.status.is_client_error());
    assert!(root.get("/admin/mails?state=sent").await.text().contains("None."));

    // One that was never tried may wait for its address; one that failed is tried when somebody says so.
    problem(&caller.send(&Method::POST, &format!("/admin/api/mails/{new}/retry"), "").await, 400);
    let retry = format!("/admin/mails/{late}/retry");
    let page = submit(&mut root, "/admin/mails", &retry, &[]).await;
    assert_eq!(page.location(), "/admin/mails?done=mail-hurried");
    let now = app.app.clock.now();
    assert_eq!(app.app.store.mails_to("ada@example.org").await.unwrap()[0].due_at, Some(now.0));
    // And not while somebody may be trying it.
    assert_eq!(
        app.app.store.lease_mails(now, now.plus(Duration::from_secs(120)), 10).await.unwrap().len(),
        2
    );
    problem(&caller.send(&Method::POST, &format!("/admin/api/mails/{late}/retry"), "").await, 400);

    let cancel = format!("/admin/mails/{new}/cancel");
    let page = submit(&mut root, "/admin/mails", &cancel, &[]).await;
    assert_eq!(page.location(), "/admin/mails?done=mail-cancelled");
    assert_eq!(caller.send(&Method::DELETE, &format!("/admin/api/mails/{late}"), "").await.status, 204);
    let later = now.plus(Duration::from_secs(7200));
    assert!(
        app.app.store.lease_mails(later, later.plus(Duration::from_secs(120)), 10).await.unwrap().is_empty()
    );
    for (id, address) in [(&late, "ada@example.org"), (&new, "bob@example.org")] {
        let row = app.app.store.mails_to(address).await.unwrap().remove(0);
        assert_eq!((row.state.as_str(), row.cause.as_str()), ("failed", "cancelled by an administrator"));
        problem(&caller.send(&Method::DELETE, &format!("/admin/api/mails/{id}"), "").await, 400);
        assert!(app.audit_log().await.contains(&format!("mail.cancel mail:{id}")));
    }
    for method in [Method::POST, Method::DELETE] {
        let path =
            if method == Method::POST { "/admin/api/mails/none/retry" } else { "/admin/api/mails/none" };
        problem(&caller.send(&method, path, "").await, 404);
    }
});

on_both!(keys_are_rotated_and_revoked_after_a_fresh_sign_in_only, |app| {
    let (_, mut root) = administrator(&app, "root").await;
    let page = root.get("/admin/keys").await;
    let kid = app.app.keys.view(app.app.clock.now())[0].kid.to_string();
    assert!(page.body.contains(&kid) && page.text().contains("active"), "{}", page.text());

    let before = app.app.keys.view(app.app.clock.now()).len();
    let made = submit(&mut root, "/admin/keys/rotate", "/admin/keys/rotate", &[]).await;
    assert_eq!(made.location(), "/admin/keys?done=key-made");
    assert!(app.app.keys.view(app.app.clock.now()).len() > before);
    let revoke = format!("/admin/keys/{kid}/revoke");
    let asked = root.get(&revoke).await;
    assert!(asked.text().contains("This cannot be undone"));
    let form = asked.form(&revoke);
    let rotate_form = root.get("/admin/keys/rotate").await.form("/admin/keys/rotate");

    // A quarter of an hour later the forms that are still open do nothing.
    app.advance(901);
    let count = app.app.keys.view(app.app.clock.now()).len();
    assert_eq!(root.get("/admin/keys").await.status, 200, "looking is allowed");
    assert_eq!(root.post(&revoke, &form).await.status, 403);
    assert_eq!(root.post("/admin/keys/rotate", &rotate_form).await.status, 403);
    assert_eq!(app.app.keys.view(app.app.clock.now()).len(), count);
    assert!(root.get(&revoke).await.location().starts_with("/login?flow="));
    let page = root.open(&revoke).await;
    let page = root.sign_in(&page, "root").await;
    assert!(page.text().contains("This cannot be undone"), "back to the question: {}", page.text());
    let done = submit(&mut root, &revoke, &revoke, &[]).await;
    assert_eq!(done.location(), "/admin/keys?done=key-revoked");
    assert!(app.audit_log().await.contains(&format!("key.revoke key:{kid}")));
    assert_eq!(root.get(&revoke).await.status, 404, "once");
    assert_eq!(root.get("/admin/keys/nobody/revoke").await.status, 404);
    let wrong = submit(&mut root, "/admin/keys/rotate", "/admin/keys/rotate", &[("alg", "none")]).await;
    assert_eq!(wrong.status, 400);
});

on_both!(registrations_are_shown_with_what_allowed_them, |app| {
    let app = app.configured(|config| config.registration.mode = RegistrationMode::Token);
    let (_, mut root) = administrator(&app, "root").await;
    let at = "/admin/registration";
    for bad in
        [[("uses", "0")], [("days", "0")], [("days", "-1")], [("uses", "many")], [("days", "99999999999")]]
    {
        let page = submit(&mut root, at, at, &bad).await;
        assert_eq!(page.status, 400, "{bad:?}");
    }
    let page = submit(&mut root, at, at, &[("note", "Conference"), ("uses", "1"), ("days", "2")]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("#registration-token").unwrap();
    let token: String = html.select(&selector).next().unwrap().text().collect();
    assert!(token.starts_with("cs_iat_"));
    assert!(!root.get(at).await.body.contains(&token), "once");

    let wish = json!({ "client_name": "Lighthouse", "redirect_uris": ["https://app.example/cb"] });
    let request = axum::http::Request::post("/register")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(wish.to_string().into())
        .unwrap();
    let registered = app.send(request).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    let id = registered.json()["client_id"].as_str().unwrap().to_owned();
    let page = root.get(at).await;
    for words in ["Lighthouse", "never used", "Whoever has an initial access token"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(page.body.contains(&format!("/admin/clients/{id}")));
    // Used up, the token is in no list any more; and one that is revoked registers nothing.
    let page = submit(&mut root, at, at, &[("note", "Another")]).await;
    let id = app.app.store.registration_tokens(app.app.clock.now()).await.unwrap()[0].id.clone();
    assert!(page.text().contains("Another"));
    let revoke = format!("{at}/{id}/revoke");
    let page = submit(&mut root, at, &revoke, &[]).await;
    assert_eq!(page.location(), "/admin/registration?done=registration-token-revoked");
    assert!(app.app.store.registration_tokens(app.app.clock.now()).await.unwrap().is_empty());
});

on_both!(a_webhook_is_made_tested_and_deleted_by_forms, |app| {
    let (_, mut root) = administrator(&app, "root").await;
    let receiver = crate::support::Receiver::open().await;
    let (new, list) = ("/admin/webhooks/new", "/admin/webhooks");
    let page = submit(&mut root, new, list, &[("url", "https://10.0.0.1/"), ("description", "<b>")]).await;
    assert_eq!(page.status, 400);
    for words in ["Address: leads to an address that is not public", "Events: choose at least one"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(page.body.contains("https://10.0.0.1/"), "what was typed is kept");
    let wish = [("url", receiver.address.as_str()), ("description", "SIEM"), ("event_user.created", "true")];
    let made = submit(&mut root, new, list, &wish).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let webhook = app.app.store.webhooks().await.unwrap().remove(0);
    assert_eq!(
        (webhook.events.as_slice(), webhook.description.as_str()),
        (&["user.created".to_owned()][..], "SIEM")
    );
    let html = scraper::Html::parse_document(&made.body);
    let selector = scraper::Selector::parse("#webhook-secret").unwrap();
    let secret: String = html.select(&selector).next().unwrap().text().collect();
    let path = format!("/admin/webhooks/{}", webhook.id);
    assert!(!root.get(&path).await.body.contains(&secret), "once");
    let listed = root.get(list).await;
    assert!(!listed.body.contains("of-the-address"), "lists name the host alone");

    let page = submit(&mut root, &path, &format!("{path}/test"), &[]).await;
    assert_eq!(page.location(), format!("{path}?done=webhook-asked"));
    countersign::webhooks::tell_all(&app.app).await.unwrap();
    let came = receiver.came();
    assert!(came[0].is_signed_with(&secret) && came[0].event() == "webhook.test");
    let page = submit(&mut root, &path, &format!("{path}/deliveries/{}/redeliver", came[0].id), &[]).await;
    assert_eq!(page.location(), format!("{path}?done=webhook-asked"));

    let stale = root.get(&path).await.form(&path);
    let page = submit(&mut root, &path, &path, &[("description", "Chat")]).await;
    assert_eq!(page.location(), format!("{path}?done=webhook-saved"));
    assert_eq!(root.post(&path, &stale).await.status, 412, "changed meanwhile");
    let rotated = submit(&mut root, &path, &format!("{path}/rotate-secret"), &[]).await;
    assert_eq!(rotated.status, 200);
    let page = submit(&mut root, &path, &format!("{path}/end-old-secret"), &[]).await;
    assert_eq!(page.location(), format!("{path}?done=webhook-old-secret-ended"));
    let page = submit(&mut root, &path, &format!("{path}/skip"), &[]).await;
    assert_eq!(page.location(), format!("{path}?done=webhook-skipped"));
    let page = submit(&mut root, &path, &format!("{path}/delete"), &[]).await;
    assert_eq!(page.location(), "/admin/webhooks?done=webhook-deleted");
    assert_eq!(root.get(&path).await.status, 404);
});
