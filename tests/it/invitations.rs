//! Invitations: a link by which one person makes one account, once, at the address that it went to.

use std::process::Command;

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::admin::Refusal;
use countersign::admin::invitations::{self, InvitationInput};
use countersign::app::Origin;
use countersign::config::SignUpMode;
use countersign::i18n::Language;
use countersign::protocol::client::GrantType;
use countersign::protocol::scope::Scope;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::admin_api::{Caller, administrator, signed_in, token};
use crate::support::{
    Browser, Engine, ISSUER, Mailbox, PASSWORD, Page, Rp, SecurityKey, TestApp, at_once, filled, granted,
    on_both, on_both_engines,
};

const SESSION: &str = "countersign-session";

fn input(email: &str) -> InvitationInput {
    InvitationInput { email: email.to_owned(), ..InvitationInput::default() }
}

/// The path of a new invitation's link, where no mail is sent.
async fn invited(app: &TestApp, input: InvitationInput) -> String {
    let view = invitations::create(&app.app, &Origin::cli(), "", input).await.unwrap();
    view.link.unwrap().strip_prefix(crate::support::ISSUER).unwrap().to_owned()
}

/// The form of the page behind a link, filled in, with a password.
async fn with_password(browser: &mut Browser, link: &str, username: &str) -> Vec<(String, String)> {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.assert_inert();
    let form = page.form("/invitation");
    let of = |name: &str| form.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let (csrf, token) = (of("csrf"), of("token"));
    let fields = [("csrf", &*csrf), ("token", &token), ("username", username), ("password", PASSWORD)];
    filled(Vec::new(), &fields)
}

/// What is said about an input.
fn problem(page: &Page, field: &str) -> String {
    let said = Selector::parse(&format!("#{field}-problem")).unwrap();
    Html::parse_document(&page.body).select(&said).flat_map(|problem| problem.text()).collect()
}

on_both!(nobody_short_of_all_powers_ends_an_administrators_invitation, |app| {
    let robot = Caller::bearer(&app, &token(&app, "robot", "countersign:invitations:write").await);
    let path = "/admin/api/invitations";
    let wanted = InvitationInput { is_admin: true, ..input("ada@example.com") };
    let link = invited(&app, wanted).await;
    let id = robot.get(path).await.json()["invitations"][0]["id"].as_str().unwrap().to_owned();
    let other = robot.json(Method::POST, path, &json!({ "email": "Ada@example.com" })).await;
    assert_eq!(other.status, 403, "{}", other.body);
    assert_eq!(robot.send(&Method::DELETE, &format!("{path}/{id}"), "").await.status, 403);
    assert_eq!(app.browser().get(&link).await.status, 200, "it works");
    for nothing in ["nothing", "a\u{0}"] {
        let wrong = json!({ "email": "bob@example.com", "client_id": nothing });
        let page = robot.json(Method::POST, path, &wrong).await;
        assert_eq!(
            (page.status.as_u16(), page.body.contains("no such application")),
            (400, true),
            "{}",
            page.body
        );
    }
    let bob = robot.json(Method::POST, path, &json!({ "email": "bob@example.com" })).await;
    assert_eq!(bob.status, 201, "{}", bob.body);
});

on_both_engines!(an_administrator_invites_and_the_account_is_made_once, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    app.client("notes", |metadata| {
        metadata.initiate_login_uri = Some("https://notes.example/login".to_owned());
    })
    .await;
    let (admin, mut browser) = administrator(&app, "grace").await;
    assert!(browser.get("/admin/users").await.body.contains("href=\"/admin/invitations\""));
    let page = browser.get("/admin/invitations").await;
    let typed = [("email", "Ada@Example.com"), ("client_id", "notes"), ("language", "de"), ("admin", "true")];
    let sent = browser.post("/admin/invitations", &filled(page.form("/admin/invitations"), &typed)).await;
    assert_eq!(sent.location(), "/admin/invitations?done=invitation-sent", "{}", sent.text());
    let list = browser.open(sent.location()).await;
    assert!(list.text().contains("ada@example.com admin to notes"), "{}", list.text());

    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "Sie sind zu localhost:8080 eingeladen", "in the language that was chosen");
    let text = std::fs::read_to_string(&mail.file).unwrap();
    assert!(text.contains("grace of Example") && text.contains("7 Tage"), "{text}");
    let link = mail.link.as_str().strip_prefix(crate::support::ISSUER).unwrap();

    let mut ada = app.browser();
    for _ in 0..3 {
        let page = ada.get(link).await;
        assert_eq!(page.status, 200, "looking at it does not use it up");
        assert!(page.text().contains("Client notes") && page.text().contains("ada@example.com"));
        assert_eq!(page.attribute("#username", "value"), "ada", "what the address begins with");
        assert!(page.header("content-security-policy").unwrap().contains("form-action 'self' https:"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"), "the link is told to nobody");
    }
    assert!(app.app.store.user_by_login("ada").await.unwrap().is_none());
    let fields = filled(with_password(&mut ada, link, "ada").await, &[("name", "Ada L")]);
    let made = ada.post("/invitation", &fields).await;
    assert_eq!(made.location(), "https://notes.example/login?iss=http%3A%2F%2Flocalhost%3A8080");
    assert!(ada.get("/account").await.text().contains("Ada L"), "and signed in");
    let user = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert!(user.email_verified && user.is_admin && user.password_hash.is_some());

    ada.get(link).await.refusal(403);
    ada.post("/invitation", &fields).await.refusal(403);
    assert!(app.app.store.invitations(app.app.clock.now()).await.unwrap().is_empty());
    let rows = app.app.store.recent_audit(20).await.unwrap();
    let row = |action: &str| rows.iter().find(|row| row.action == action).unwrap();
    let created = row("invitation.create");
    assert_eq!(created.actor, format!("user:{}", admin.id));
    assert_eq!(created.detail, "ada@example.com is_admin=true");
    let made = rows.iter().find(|row| row.action == "user.create" && row.actor == "anonymous").unwrap();
    assert_eq!(made.detail, format!("ada, by {}", created.target.replace("invitation:", "invitation ")));
    let methods = ada.get("/account").await.text();
    assert!(methods.contains("with password"), "{methods}");
});

on_both!(of_8_who_open_a_link_at_once_one_makes_the_account, |app| {
    let link = invited(&app, input("ada@example.com")).await;
    let mut attempts = Vec::new();
    for number in 0..8 {
        let mut browser = app.browser();
        let fields = with_password(&mut browser, &link, &format!("ada{number}")).await;
        attempts.push(async move { browser.post("/invitation", &fields).await.status.as_u16() });
    }
    let mut statuses = at_once(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403, 403, 403, 403, 403, 403, 403]);
    assert_eq!(app.app.store.users("", 10).await.unwrap().len(), 1);
    assert_eq!(app.audit_log().await.iter().filter(|row| row.starts_with("user.create ")).count(), 1);
});

on_both!(without_mail_the_link_is_handed_on_and_proves_no_address, |app| {
    let (_, mut browser) = administrator(&app, "grace").await;
    let page = browser.get("/admin/invitations").await;
    assert!(page.text().contains("This server sends no mail"), "{}", page.text());
    let fields = filled(page.form("/admin/invitations"), &[("email", "ada@example.com")]);
    let page = browser.post("/admin/invitations", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let html = Html::parse_document(&page.body);
    let shown = Selector::parse("#invitation-link").unwrap();
    let link: String = html.select(&shown).flat_map(|link| link.text()).collect();
    let path = link.strip_prefix(crate::support::ISSUER).unwrap();
    assert!(!browser.get("/admin/invitations").await.body.contains(path), "shown once");
    let mut ada = app.browser();
    let fields = with_password(&mut ada, path, "ada").await;
    assert_eq!(ada.post("/invitation", &fields).await.location(), "/account");
    let user = app.app.store.user_by_login("ada").await.unwrap().unwrap();
    assert!(!user.email_verified && !user.is_admin);
});

on_both!(what_is_wrong_is_said_and_the_link_still_works, |app| {
    app.user("bob").await;
    let link =
        invited(&app, InvitationInput { username: Some("Lovelace".into()), ..input("ada@example.com") });
    let link = link.await;
    let mut browser = app.browser();
    assert_eq!(browser.get(&link).await.attribute("#username", "value"), "lovelace", "as was proposed");
    let fields = with_password(&mut browser, &link, "ada").await;
    let long = "x".repeat(2000);
    let (name, password) = ("A user name has 1 to 64", "A password has 8 to 1024 characters.");
    for (field, value, words) in [
        ("username", "", name),
        ("username", "a b", name),
        ("username", "ada@example.com", name),
        ("username", "\u{202e}ada", name),
        ("username", &long, name),
        ("username", "Bob", "This user name is already in use."),
        ("name", "a\u{202e}b", "A name has 1 to 128 characters"),
        ("name", &long, "A name has 1 to 128 characters"),
        ("password", "", password),
        ("password", "1234567", password),
        ("password", &long, password),
    ] {
        let page = browser.post("/invitation", &filled(fields.clone(), &[(field, value)])).await;
        assert_eq!(page.status, 422, "{field}={value:.20}: {}", page.text());
        assert!(problem(&page, field).starts_with(words), "{field}={value:.20}: {}", problem(&page, field));
        page.assert_inert();
        assert!(!page.body.contains(PASSWORD), "never");
        if field != "username" {
            assert_eq!(page.attribute("#username", "value"), "ada", "what was typed is kept");
        }
    }
    // A passkey that is none is said to be none, and is not kept.
    let page = browser.get(&link).await;
    let challenge = page.attribute("form[data-options] input[name=challenge]", "value");
    for (challenge, credential) in [
        (challenge.as_str(), "x"),
        (&challenge, "{}"),
        (&challenge, "null"),
        (&challenge, "{\"id\":\"x\",\"rawId\":\"eA\",\"type\":\"public-key\",\"response\":{}}"),
        ("x", "{}"),
        (&long, &long),
    ] {
        let typed = [("challenge", challenge), ("credential", credential)];
        let page = browser.post("/invitation", &filled(fields.clone(), &typed)).await;
        assert_eq!(page.status, 422, "{credential:.20}");
        assert!(page.text().contains("That did not work."), "{}", page.text());
        assert!(page.body.contains("data-options"), "and can be made again");
    }
    // Half of one is none: the password counts.
    assert!(app.app.store.user_by_login("ada").await.unwrap().is_none());
    // Nobody makes more of themselves than the invitation says.
    let more = [("email", "eve@example.com"), ("is_admin", "true"), ("id", "x")];
    assert_eq!(browser.post("/invitation", &filled(fields, &more)).await.status, 303);
    let ada = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert!(!ada.is_admin && ada.username == "ada" && ada.id.as_str() != "x");
});

on_both!(a_link_ends_when_it_is_withdrawn_replaced_too_old_or_not_wanted, |app| {
    let (_, mut admin) = administrator(&app, "grace").await;
    let dead = async |link: &str| {
        let text = app.browser().get(link).await.refusal(403);
        assert!(text.contains("was withdrawn"), "{text}");
    };
    // Withdrawn.
    let link = invited(&app, input("ada@example.com")).await;
    let fields = with_password(&mut app.browser(), &link, "ada").await;
    let page = admin.get("/admin/invitations").await;
    let id = app.app.store.invitations(app.app.clock.now()).await.unwrap()[0].id.clone();
    let path = format!("/admin/invitations/{id}/withdraw");
    assert_eq!(admin.post(&path, &page.form(&path)).await.status, 303);
    dead(&link).await;
    app.browser().post("/invitation", &fields).await.refusal(403);
    admin.post(&path, &page.form(&path)).await.refusal(404);
    // Replaced.
    let first = invited(&app, input("ada@example.com")).await;
    let second = invited(&app, input("ADA@example.com")).await;
    dead(&first).await;
    assert_eq!(app.browser().get(&second).await.status, 200);
    assert_eq!(app.app.store.invitations(app.app.clock.now()).await.unwrap().len(), 1);
    // Somebody else's stays.
    let other = invited(&app, input("bob@example.com")).await;
    assert_eq!(app.browser().get(&second).await.status, 200);
    // Not wanted any more.
    let closed = app.configured(|config| config.sign_up = SignUpMode::Closed);
    closed.browser().get(&second).await.refusal(403);
    let refused = invitations::create(&closed.app, &Origin::cli(), "", input("eve@example.com")).await;
    assert!(matches!(refused, Err(Refusal::Invalid(_))));
    // An account took its address meanwhile.
    let mut browser = app.browser();
    let fields = with_password(&mut browser, &second, "countess").await;
    app.user("ada").await;
    let page = browser.post("/invitation", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("This e-mail address is already in use."), "{}", page.text());
    // Too old: seven days.
    app.advance(7 * 86_400 - 1);
    assert_eq!(app.browser().get(&other).await.status, 200);
    app.advance(1);
    dead(&other).await;
    for token in ["", "x", "%00", "%22%3E%3Cscript%3E", &"x".repeat(8000)] {
        let status = if token == "%00" { 400 } else { 403 };
        app.browser().get(&format!("/invitation?token={token}")).await.refusal(status);
    }
    app.browser().get("/invitation").await.refusal(403);
});

on_both_engines!(an_address_is_written_to_three_times_an_hour_and_the_last_link_stays, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    let mut link = String::new();
    for _ in 0..3 {
        let view = invitations::create(&app.app, &Origin::cli(), "", input("ada@example.com")).await.unwrap();
        assert!(view.mailed && view.link.is_none(), "who asks cannot open it");
        link = mailbox.link_to("ada@example.com").await;
    }
    let refused = invitations::create(&app.app, &Origin::cli(), "", input("ada@example.com")).await;
    let Err(Refusal::Invalid(problems)) = refused else { panic!("a fourth mail") };
    assert_eq!(problems[0].field, "email");
    assert_eq!(app.browser().get(&link).await.status, 200, "nothing was changed");
});

#[tokio::test]
async fn by_the_api() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("bob").await;
    let robot = app.client("robot", |metadata| {
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.scope = Scope::parse("countersign:admin").unwrap();
    });
    let tokens = granted(&Rp::new(&app, &robot.await).token(&[("grant_type", "client_credentials")]).await);
    let call = async |method: &str, path: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", tokens.access()))
            .header("content-type", "application/json");
        app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let path = "/admin/api/invitations";
    for (body, status, field) in [
        (json!({}), 400, "email"),
        (json!({ "email": "ada" }), 400, "email"),
        (json!({ "email": "ada@example.com", "username": "a b" }), 400, "username"),
        (json!({ "email": "ada@example.com", "client_id": "nobody" }), 400, "client_id"),
        (json!({ "email": "ada@example.com", "language": "xx" }), 400, "language"),
        (json!({ "email": "ada@example.com", "expires_in": 1 }), 400, "expires_in"),
        (json!({ "email": "bob@example.com" }), 409, "this e-mail address is already in use"),
        (json!({ "email": "ada@example.com", "username": "BOB" }), 409, "this user name is already in use"),
        (json!({ "email": "ada@example.com", "password": "x" }), 400, "password"),
    ] {
        let page = call("POST", path, body.clone()).await;
        assert_eq!(page.status.as_u16(), status, "{body}: {}", page.body);
        assert!(page.body.contains(field), "{body}: {}", page.body);
    }
    assert_eq!(call("GET", path, json!({})).await.json(), json!({ "invitations": [], "next": null }));
    let body =
        json!({ "email": "Ada@example.com", "username": "ada", "client_id": "robot", "expires_in": 3600 });
    let page = call("POST", path, body).await;
    assert_eq!(page.status, 201, "{}", page.body);
    let made = page.json();
    let link = made["link"].as_str().unwrap().strip_prefix(crate::support::ISSUER).unwrap().to_owned();
    assert_eq!(app.browser().get(&link).await.status, 200);
    let listed = &call("GET", path, json!({})).await.json()["invitations"][0];
    assert_eq!(listed["link"], Value::Null, "never again");
    for name in ["id", "email", "username", "client_id", "is_admin", "mailed", "created_at", "expires_at"] {
        assert_eq!(listed[name], made[name], "{name}");
    }
    assert_eq!((&made["email"], &made["mailed"]), (&json!("ada@example.com"), &json!(false)));
    assert_eq!(made["expires_at"].as_i64(), Some(crate::support::START + 3600));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(call("DELETE", &one, json!({})).await.status, 204);
    assert_eq!(call("DELETE", &one, json!({})).await.status, 404);
    app.browser().get(&link).await.refusal(403);
}

#[tokio::test]
async fn an_application_that_is_gone_is_passed_over() {
    let app = TestApp::start(Engine::Sqlite).await;
    let home = |uri: Option<&str>| uri.map(str::to_owned);
    for (id, uri, leads_to) in [
        ("plain", None, "/account"),
        ("home", Some("https://home.example/"), "https://home.example/"),
        ("gone", Some("https://gone.example/"), "/account"),
    ] {
        app.client(id, |metadata| metadata.client_uri = home(uri)).await;
        let to = InvitationInput { client_id: Some(id.to_owned()), ..input(&format!("{id}@example.com")) };
        let link = invited(&app, to).await;
        if id == "gone" {
            let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
            assert!(app.app.store.delete_client(&"gone".into(), &audit).await.unwrap());
        }
        let mut browser = app.browser();
        let fields = with_password(&mut browser, &link, id).await;
        assert_eq!(browser.post("/invitation", &fields).await.location(), leads_to, "{id}");
        assert!(browser.cookies.contains_key(SESSION));
    }
}

#[tokio::test]
async fn the_page_speaks_every_language() {
    let app = TestApp::start(Engine::Sqlite).await;
    let link = invited(&app, input("ada@example.com")).await;
    for language in Language::ALL {
        let mut browser = app.browser();
        browser.cookies.insert("lang".to_owned(), language.tag().to_owned());
        let page = browser.get(&link).await;
        let words = countersign::i18n::Words::of(language);
        assert!(page.text().contains(&*words.text("invitation-title")), "{}", page.text());
        assert!(page.text().contains(&*words.text("invitation-passkey")), "{}", page.text());
    }
}

#[test]
fn from_the_command_line() {
    let folder = TempDir::new().unwrap();
    let config =
        "issuer = \"https://id.example.com\"\nsecret = \"kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=\"\n";
    std::fs::write(folder.path().join("countersign.toml"), config).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.current_dir(folder.path()).args(arguments).env_clear().output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, stdout, stderr) =
        run(&["user", "invite", "Ada@example.com", "--username", "ada", "--admin", "--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let made: Value = serde_json::from_str(&stdout).unwrap();
    assert!(made["link"].as_str().unwrap().starts_with("https://id.example.com/invitation?token="));
    assert_eq!((&made["email"], &made["is_admin"]), (&json!("ada@example.com"), &json!(true)));
    let (code, stdout, _) = run(&["user", "invite", "ada@example.com"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("give this link to ada@example.com; it works once, until "), "{stdout}");
    let (code, stdout, stderr) = run(&["user", "invite", "ada", "--language", "xx"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("--email:") && stderr.contains("--language: must be one of en, de"), "{stderr}");
}

on_both!(an_id_that_is_gone_does_not_come_back, |app| {
    let field = |page: &Page, form: &str, name: &str| {
        page.form(form).into_iter().find(|(known, _)| known == name).unwrap().1
    };
    // The page has a form for each way; this one is sent.
    let by_passkey = |page: &Page, username: &str, challenge: &str, credential: &str| {
        let (csrf, token) = (field(page, "/invitation", "csrf"), field(page, "/invitation", "token"));
        let fields = [("csrf", &*csrf), ("token", &*token), ("username", username)];
        filled(filled(Vec::new(), &fields), &[("challenge", challenge), ("credential", credential)])
    };
    // Of a page that adds a passkey to an account, left open while the account is deleted.
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let page = browser.get("/account/sign-in/passkeys").await;
    let (_, credential) = SecurityKey::create(&page.attribute("form[data-options]", "data-options"), ISSUER);
    let mut challenges = vec![(field(&page, "/account/sign-in/passkeys", "challenge"), credential)];
    let cookie = browser.cookies["countersign-browser"].clone();
    let leave = browser.get("/account/data").await.form("/account/delete");
    assert_eq!(browser.post("/account/delete", &filled(leave, &[("username", "ada")])).await.status, 200);
    // Whoever left keeps the cookie of their browser all the same.
    browser.cookies.insert("countersign-browser".to_owned(), cookie);

    // Of an invitation's own page, by which an account was made that is deleted since.
    let link = invited(&app, input("bob@example.com")).await;
    let page = browser.get(&link).await;
    let options = page.attribute("form[data-options]", "data-options");
    let (_, credential) = SecurityKey::create(&options, ISSUER);
    let challenge = field(&page, "/invitation", "challenge");
    let made = browser.post("/invitation", &by_passkey(&page, "bob", &challenge, &credential)).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let bob = app.app.store.user_by_login("bob").await.unwrap().unwrap();
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    app.app.store.delete_user(&bob.id, &audit).await.unwrap();
    challenges.push((challenge, credential));

    for (challenge, credential) in challenges {
        let link = invited(&app, input("eve@example.com")).await;
        let page = browser.get(&link).await;
        let form = by_passkey(&page, "eve", &challenge, &credential);
        let refused = browser.post("/invitation", &form).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        for gone in [&ada.id, &bob.id] {
            assert!(app.app.store.asked_anew().user(gone).await.unwrap().is_none());
        }
        assert!(app.app.store.user_by_login("eve").await.unwrap().is_none());
    }
});
