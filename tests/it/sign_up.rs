//! `/sign-up`: accounts that people make themselves, where the operator lets them.

use std::time::Duration;

use countersign::app::{Origin, Parts};
use countersign::authn::password::PasswordHasher;
use countersign::config::{Passwords, SignUpMode};
use countersign::protocol::client::SelfRegistration;
use countersign::protocol::user::User;
use scraper::{Html, Selector};

use crate::support::{
    Browser, Engine, Mailbox, PASSWORD, Page, TestApp, at_once, encode, filled, form, on_both,
    on_both_engines,
};

const SESSION: &str = "countersign-session";

/// Where everybody may sign up.
fn open(app: &TestApp) -> TestApp {
    app.configured(|config| config.sign_up = SignUpMode::Open)
}

/// The form of a page, filled in for somebody of this name.
fn filled_in(page: &Page, username: &str) -> Vec<(String, String)> {
    let email = format!("{username}@example.com");
    filled(page.form("/sign-up"), &[("username", username), ("email", &email), ("password", PASSWORD)])
}

async fn sign_up(browser: &mut Browser, username: &str) -> Page {
    let page = browser.get("/sign-up").await;
    browser.post("/sign-up", &filled_in(&page, username)).await
}

/// Where the page's link with these words leads.
fn link(page: &Page, words: &str) -> String {
    let html = Html::parse_document(&page.body);
    let links = Selector::parse("a").unwrap();
    let found = html.select(&links).find(|link| link.text().collect::<String>() == words);
    found.unwrap_or_else(|| panic!("no {words:?} in {}", page.text())).attr("href").unwrap().to_owned()
}

on_both!(prompt_create_4_1_an_account_is_made_on_the_way_to_an_application, |app| {
    let app = open(&app);
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let login =
        browser.open(&rp.authorization("openid email profile", &[("login_hint", "ada@example.com")])).await;
    let page = browser.get(&link(&login, "Create an account")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.text().contains("to continue to Client web"), "{}", page.text());
    assert!(page.form("/sign-up").contains(&("email".to_owned(), "ada@example.com".to_owned())), "the hint");
    let back = browser.get(&link(&page, "Sign in")).await;
    assert!(back.text().contains("Sign in to continue to Client web"), "there and back");

    let fields = filled(filled_in(&page, " Ada "), &[("email", "Ada@Example.com"), ("name", "Ada L")]);
    let made = browser.post("/sign-up", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text());
    assert!(made.location().starts_with("/authorize?flow="), "the hub says what is next");
    let consent = browser.follow(made).await;
    let answer = browser.consent(&consent, "allow").await;
    assert_eq!(answer.sent("state").as_deref(), Some("the state"));
    let code = answer.sent("code").unwrap();
    let tokens = crate::support::granted(&rp.redeem(&code).await);
    let claims = rp.userinfo(tokens.access()).await.json();
    assert_eq!(claims["preferred_username"], "ada");
    assert_eq!((&claims["name"], &claims["email"]), (&"Ada L".into(), &"ada@example.com".into()));
    assert_eq!(claims["email_verified"], false, "nobody has shown that it is theirs");

    let user = app.app.store.user_by_login("ada").await.unwrap().unwrap();
    assert!(!user.is_admin && !user.disabled);
    let rows = app.app.store.recent_audit(10).await.unwrap();
    let row = rows.iter().find(|row| row.action == "user.create").unwrap();
    assert_eq!((row.actor.as_str(), row.target.clone()), ("anonymous", format!("user:{}", user.id)));
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("session.begin ")));
    // The password counts from now on.
    let page = app.browser().open("/login").await;
    assert_eq!(app.browser().sign_in(&page, "nobody").await.status, 403, "another browser's form");
    let mut another = app.browser();
    let page = another.open("/login").await;
    assert_eq!(another.sign_in(&page, "ada@example.com").await.status, 200);
});

on_both!(an_account_without_an_application_leads_to_its_own_page_in_place_of_who_was_signed_in, |app| {
    let app = open(&app);
    app.user("bob").await;
    let mut browser = app.browser();
    let login = browser.get("/login").await;
    browser.sign_in(&login, "bob").await;
    let before = browser.clone();
    let made = sign_up(&mut browser, "ada").await;
    assert_eq!(made.location(), "/account");
    assert_ne!(browser.cookies[SESSION], before.cookies[SESSION]);
    assert!(browser.get("/account").await.text().contains("ada@example.com"));
    assert_eq!(before.clone().get("/account").await.status, 303, "one browser, one account");
});

on_both!(what_is_wrong_is_said_and_nothing_is_made, |app| {
    let app = open(&app);
    app.user("ada").await;
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    let fields = filled_in(&page, "eve");
    let (long_name, long_password) = ("x".repeat(129), "x".repeat(1025));
    let name = "A user name has 1 to 64";
    let email = "An e-mail address looks like";
    let password = "A password has 8 to 1024 characters.";
    for (field, value, words) in [
        ("username", "", name),
        ("username", "a b", name),
        ("username", "a@b", name),
        ("username", "аda", name),
        ("username", "\u{202e}ada", name),
        ("username", &long_name, name),
        ("username", "ada", "This user name is already in use."),
        ("username", " ADA ", "This user name is already in use."),
        ("email", "", email),
        ("email", " ", email),
        ("email", "eve", email),
        ("email", "eve@example.com\r\nBcc: x@example.com", email),
        ("email", "ada@example.com", "This e-mail address is already in use."),
        ("email", "Ada@EXAMPLE.com", "This e-mail address is already in use."),
        ("name", "a\u{202e}b", "A name has 1 to 128 characters"),
        ("name", &long_name, "A name has 1 to 128 characters"),
        ("password", "", password),
        ("password", "1234567", password),
        ("password", &long_password, password),
    ] {
        let page = browser.post("/sign-up", &filled(fields.clone(), &[(field, value)])).await;
        assert_eq!(page.status, 422, "{field}={value:.20}: {}", page.text());
        let said = Selector::parse(&format!("#{field}-problem")).unwrap();
        let html = Html::parse_document(&page.body);
        let said: String = html.select(&said).flat_map(|problem| problem.text()).collect();
        assert!(said.starts_with(words), "{field}={value:.20}: {said}");
        page.assert_inert();
        for (name, typed) in filled(fields.clone(), &[(field, value)]) {
            let again = page.form("/sign-up").into_iter().find(|(known, _)| *known == name).unwrap().1;
            match name.as_str() {
                "password" => assert!(again.is_empty() && !page.body.contains(PASSWORD), "never"),
                // HTML knows one kind of line break.
                "username" | "email" | "name" => {
                    assert_eq!(again, typed.replace("\r\n", "\n"), "{name} is kept");
                }
                _ => {}
            }
        }
    }
    for missing in ["username", "email", "password"] {
        let fields: Vec<_> = fields.iter().filter(|(name, _)| name != missing).cloned().collect();
        assert_eq!(browser.post("/sign-up", &fields).await.status, 422, "without {missing}");
    }
    let everything = filled(fields.clone(), &[("username", "?"), ("email", ""), ("password", "")]);
    let page = browser.post("/sign-up", &everything).await;
    assert!([name, email, password].iter().all(|words| page.text().contains(words)), "{}", page.text());
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(app.app.store.users("", "", 10).await.unwrap().len(), 1);

    // Nobody makes more of themselves than the form offers.
    let more = [("is_admin", "true"), ("email_verified", "true"), ("disabled", "false"), ("id", "x")];
    assert_eq!(browser.post("/sign-up", &filled(fields, &more)).await.status, 303);
    let eve = app.app.store.user_by_login("eve").await.unwrap().unwrap();
    assert!(!eve.is_admin && !eve.email_verified && eve.id.as_str() != "x");
});

#[tokio::test]
async fn where_only_administrators_make_accounts_there_is_no_such_page() {
    let app = TestApp::start(Engine::Sqlite).await;
    let opened = open(&app);
    let mut browser = opened.browser();
    let fields = filled_in(&browser.get("/sign-up").await, "ada");
    assert!(browser.get("/login").await.text().contains("New here?"));

    let mut browser = browser.at(&app.router);
    assert!(!browser.get("/login").await.text().contains("New here?"));
    let text = browser.get("/sign-up").await.refusal(404);
    assert!(text.contains("accounts are made by an administrator"), "{text}");
    browser.post("/sign-up", &fields).await.refusal(404);
    assert!(app.app.store.users("", "", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_form_is_accepted_from_our_own_page_in_the_same_browser_only() {
    let app = open(&TestApp::start(Engine::Sqlite).await);
    let (mut browser, mut other) = (app.browser(), app.browser());
    let fields = filled_in(&browser.get("/sign-up").await, "ada");
    let foreign = other.get("/sign-up").await.form("/sign-up");
    let of = |name: &str| foreign.iter().find(|(known, _)| known == name).unwrap().1.clone();
    for tampered in [
        fields.iter().filter(|(name, _)| name != "csrf").cloned().collect(),
        filled(fields.clone(), &[("csrf", "x")]),
        filled(fields.clone(), &[("csrf", &of("csrf"))]),
        filled(fields.clone(), &[("flow", &of("flow"))]),
    ] {
        browser.post("/sign-up", &tampered).await.refusal(403);
    }
    app.browser().post("/sign-up", &fields).await.refusal(403);
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let mut request = form("/sign-up", encode(&fields));
        request.headers_mut().insert(name, value.parse().unwrap());
        browser.send(request).await.refusal(403);
    }
    for flow in ["x", "%00", &"A".repeat(1000)] {
        browser.get(&format!("/sign-up?flow={flow}")).await.refusal(400);
    }
    browser.post("/sign-up", &filled(fields.clone(), &[("flow", "x")])).await.refusal(400);
    app.advance(3600);
    assert!(browser.post("/sign-up", &fields).await.refusal(400).contains("within an hour"));
    assert!(app.app.store.users("", "", 10).await.unwrap().is_empty());
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn a_request_that_cannot_be_answered_any_more_ends_here() {
    let app = open(&TestApp::start(Engine::Sqlite).await);
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let login = browser.open(&rp.authorization("openid", &[])).await;
    let address = link(&login, "Create an account");
    let page = browser.get(&address).await;
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    assert!(app.app.store.delete_client(&"web".into(), &audit).await.unwrap());
    browser.get(&address).await.refusal(400);
    let fields = filled(filled_in(&page, "ada"), &[("password", "short")]);
    browser.post("/sign-up", &fields).await.refusal(400);
}

on_both!(of_16_who_want_a_name_at_once_one_gets_it, |app| {
    let app = open(&app);
    let mut attempts = Vec::new();
    for number in 0..16 {
        let mut browser = app.browser();
        let page = browser.get("/sign-up").await;
        let fields = filled(filled_in(&page, "ada"), &[("email", &format!("ada{number}@example.com"))]);
        attempts.push(async move { browser.post("/sign-up", &fields).await });
    }
    let answers = at_once(attempts).await;
    let with = |status: u16| answers.iter().filter(|page| page.status == status).count();
    assert_eq!((with(303), with(422)), (1, 15));
    for refused in answers.iter().filter(|page| page.status == 422) {
        assert!(refused.text().contains("This user name is already in use."));
    }
    assert_eq!(app.app.store.users("", "", 10).await.unwrap().len(), 1);
    let begun = app.audit_log().await.into_iter().filter(|row| row.starts_with("session.begin ")).count();
    assert_eq!(begun, 1);
});

on_both_engines!(asvs_6_3_1_an_address_makes_and_tries_so_many_accounts_and_no_more, |engine| {
    let app = TestApp::start(engine).await;
    let app = app.configured(|config| {
        config.sign_up = SignUpMode::Open;
        config.throttle.address_failures = 4;
    });
    let mut browser = app.browser();
    assert_eq!(sign_up(&mut browser, "ada").await.status, 303, "one that succeeds counts too");
    assert_eq!(sign_up(&mut browser, "ada").await.status, 422);
    assert_eq!(sign_up(&mut browser, "a b").await.status, 422);
    assert_eq!(sign_up(&mut browser, "a c").await.status, 422);
    app.advance(100);
    let page = sign_up(&mut browser, "bob").await;
    assert_eq!(page.status, 429);
    assert_eq!(page.header("retry-after"), Some("800"));
    assert!(page.text().contains("Too many attempts. Please wait 14 minutes"), "{}", page.text());
    assert!(page.form("/sign-up").contains(&("username".to_owned(), "bob".to_owned())));
    assert!(!page.body.contains(PASSWORD));
    app.advance(800);
    assert_eq!(sign_up(&mut browser, "bob").await.status, 303);
    assert_eq!(app.app.store.users("", "", 10).await.unwrap().len(), 2);
});

#[tokio::test]
async fn a_busy_server_says_so_and_holds_it_against_nobody() {
    let test = open(&TestApp::start(Engine::Sqlite).await).configured(|config| {
        config.throttle.address_failures = 40;
    });
    // So slow that the others find the queue full.
    let slow = Passwords { memory_kib: 65_536, iterations: 4, parallelism: 1, queue: 1 };
    let passwords = PasswordHasher::new(&slow, 1, &test.app.entropy).unwrap();
    let app = test.but(Parts { passwords, ..Parts::clone(&test.app) });
    let mut attempts = Vec::new();
    for number in 0..12 {
        let mut browser = app.browser();
        let page = browser.get("/sign-up").await;
        let fields = filled_in(&page, &format!("user{number}"));
        attempts.push(tokio::spawn(async move { browser.post("/sign-up", &fields).await }));
    }
    let (mut made, mut busy) = (0, 0);
    for attempt in attempts {
        let page = attempt.await.unwrap();
        match page.status.as_u16() {
            303 => made += 1,
            503 => {
                busy += 1;
                assert_eq!(page.header("retry-after"), Some("2"));
            }
            other => panic!("{other}: {}", page.text()),
        }
    }
    assert!(made > 0 && busy > 0, "{made} {busy}");
    // Of 40 attempts, those that were made are used up, and no other.
    for _ in made..40 {
        assert_eq!(sign_up(&mut test.browser(), "a b").await.status, 422);
    }
    assert_eq!(sign_up(&mut test.browser(), "a b").await.status, 429);
}

#[tokio::test]
async fn what_was_typed_comes_back_inert() {
    let app = open(&TestApp::start(Engine::Sqlite).await);
    for evil in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "</input><svg/onload=alert(1)>",
        "{{7*7}}${7*7}",
    ] {
        let mut browser = app.browser();
        let page = browser.get("/sign-up").await;
        let typed = [("username", evil), ("email", evil), ("name", evil)];
        let page = browser.post("/sign-up", &filled(filled_in(&page, "ada"), &typed)).await;
        assert_eq!(page.status, 422, "{evil}");
        page.assert_inert();
        for name in ["username", "email", "name"] {
            assert!(page.form("/sign-up").contains(&(name.to_owned(), evil.to_owned())), "{name}");
        }
    }
    // A name may hold anything that can be shown, and is text wherever it is shown.
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    let fields = filled(filled_in(&page, "eve"), &[("name", "<script>alert(1)</script>")]);
    let page = browser.post("/sign-up", &fields).await;
    assert_eq!(page.status, 303);
    browser.follow(page).await.assert_inert();
}

/// Where everybody may sign up, and is asked by mail.
async fn open_by_mail(engine: Engine) -> (TestApp, Mailbox) {
    Mailbox::with(engine, |config| config.sign_up = SignUpMode::Open).await
}

/// Gives an address at a page where one signs up.
async fn give(browser: &mut Browser, page: &Page, email: &str) -> Page {
    browser.post("/sign-up", &filled(page.form("/sign-up"), &[("email", email)])).await
}

/// The form of the page behind a link, filled in.
async fn accepting(browser: &mut Browser, link: &str, username: &str) -> Vec<(String, String)> {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let value = |name: &str| page.attribute(&format!("#by-password input[name={name}]"), "value");
    let (csrf, token) = (value("csrf"), value("token"));
    let typed = [("csrf", &*csrf), ("token", &token), ("username", username), ("password", PASSWORD)];
    filled(Vec::new(), &typed)
}

on_both_engines!(by_mail_an_address_is_proved_first_and_the_sign_in_goes_on, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let login = browser.open(&rp.authorization("openid email", &[("prompt", "create")])).await;
    assert!(login.text().contains("to continue to Client web"), "{}", login.text());
    let sent = give(&mut browser, &login, "Ada@Example.com").await;
    assert_eq!(sent.status, 200);
    assert!(sent.text().contains("We sent a mail to ada@example.com"), "{}", sent.text());
    assert!(app.app.store.users("", "", 10).await.unwrap().is_empty());
    let link = mailbox.link_to("ada@example.com").await;
    let made = browser.post("/invitation", &accepting(&mut browser.clone(), &link, "ada").await).await;
    assert!(made.location().starts_with("/authorize?flow="), "the sign-in goes on: {}", made.text());
    let consent = browser.follow(made).await;
    let answer = browser.consent(&consent, "allow").await;
    let tokens = crate::support::granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    let claims = rp.userinfo(tokens.access()).await.json();
    assert_eq!((&claims["email"], &claims["email_verified"]), (&"ada@example.com".into(), &true.into()));
    browser.get(&link).await.refusal(403);
});

on_both_engines!(by_mail_a_link_works_in_another_browser_and_leads_to_the_application, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    let client = app.client("web", |metadata| {
        metadata.initiate_login_uri = Some("https://web.example/login".to_owned());
    });
    let rp = crate::support::Rp::new(&app, &client.await);
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid", &[("prompt", "create")])).await;
    give(&mut browser, &page, "ada@example.com").await;
    let first = mailbox.link_to("ada@example.com").await;
    // Nobody ends a link by asking for another.
    let mut other = app.browser();
    let page = other.get("/sign-up").await;
    give(&mut other, &page, "ada@example.com").await;
    let second = mailbox.link_to("ada@example.com").await;
    let mut phone = app.browser();
    let fields = accepting(&mut phone, &first, "ada").await;
    let late = accepting(&mut other, &second, "ada2").await;
    let made = phone.post("/invitation", &fields).await;
    assert_eq!(made.location(), "https://web.example/login?iss=http%3A%2F%2Flocalhost%3A8080");
    // The account is made: every other link to the address is dead.
    other.post("/invitation", &late).await.refusal(403);
    // And an hour ends any.
    let page = other.get("/sign-up").await;
    give(&mut other, &page, "bob@example.com").await;
    let link = mailbox.link_to("bob@example.com").await;
    app.advance(3599);
    assert_eq!(other.get(&link).await.status, 200);
    app.advance(1);
    other.get(&link).await.refusal(403);
    // Where only those who are invited may have an account, what was asked for before is not wanted.
    let page = other.get("/sign-up").await;
    give(&mut other, &page, "bob@example.com").await;
    let link = mailbox.link_to("bob@example.com").await;
    let invited_only = app.configured(|config| config.sign_up = SignUpMode::Invitation);
    other.at(&invited_only.router).get(&link).await.refusal(403);
});

on_both_engines!(of_8_who_follow_a_link_at_once_one_makes_the_account, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    give(&mut browser, &page, "ada@example.com").await;
    let link = mailbox.link_to("ada@example.com").await;
    let mut attempts = Vec::new();
    for number in 0..8 {
        let mut browser = app.browser();
        let fields = accepting(&mut browser, &link, &format!("ada{number}")).await;
        attempts.push(async move { browser.post("/invitation", &fields).await.status.as_u16() });
    }
    let mut statuses = at_once(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403, 403, 403, 403, 403, 403, 403]);
    assert_eq!(app.app.store.users("", "", 10).await.unwrap().len(), 1);
});

on_both_engines!(by_mail_nobody_learns_which_addresses_have_accounts, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    app.user("ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "eve@example.com"] {
        let mut browser = app.browser();
        let page = browser.get("/sign-up").await;
        let answer = give(&mut browser, &page, email).await;
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        answers.push((answer.status, headers, answer.text().replace(email, "ADDRESS"), answer.body.len()));
    }
    assert_eq!(answers[0], answers[1]);
    let mut subjects = Vec::new();
    for _ in 0..2 {
        // Whichever comes first.
        let mail = mailbox.any().await;
        subjects.push((mail.to, mail.subject, mail.link.as_str().contains("/invitation?token=")));
    }
    subjects.sort();
    let text = str::to_owned;
    assert_eq!(
        subjects,
        [
            (text("ada@example.com"), text("You have an account at localhost:8080 already"), false),
            (text("eve@example.com"), text("Make your account at localhost:8080"), true),
        ]
    );
});

on_both_engines!(by_mail_whoever_reads_what_comes_to_an_address_gets_it_from_who_only_claims_it, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    let mallory = app.user("mallory").await;
    let ada = User { email: Some("ada@example.com".to_owned()), email_verified: false, ..mallory.clone() };
    let claiming = User { updated_at: mallory.updated_at.plus(Duration::from_secs(1)), ..ada };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&claiming, mallory.updated_at, &audit).await.unwrap());
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    give(&mut browser, &page, "ada@example.com").await;
    let link = mailbox.link_to("ada@example.com").await;
    assert!(link.starts_with("/invitation?token="), "no account of somebody else's is told as hers: {link}");
    let made = browser.post("/invitation", &accepting(&mut browser.clone(), &link, "ada").await).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let ada = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert_eq!((ada.username.as_str(), ada.email_verified), ("ada", true));
    assert_eq!(app.stored_user(&mallory.id).await.email, None);
    let log = app.audit_log().await;
    assert!(log.contains(&format!("user.update user:{}", mallory.id)), "{log:?}");
});

on_both_engines!(
    by_mail_a_stranger_does_not_lead_a_reader_to_an_application_of_the_strangers_own,
    |engine| {
        let (app, mut mailbox) = open_by_mail(engine).await;
        let client = app.client("web", |metadata| {
            metadata.initiate_login_uri = Some("https://evil.example/login".to_owned());
        });
        let mut client = client.await;
        client.id = "own".into();
        client.self_registration = Some(SelfRegistration { token_hash: "hash".to_owned(), used_at: None });
        let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
        app.app.store.insert_self_registered(&client, None, 10, &audit).await.unwrap();
        let rp = crate::support::Rp::new(&app, &client);
        let mut stranger = app.browser();
        let page = stranger.open(&rp.authorization("openid", &[("prompt", "create")])).await;
        give(&mut stranger, &page, "ada@example.com").await;
        let link = mailbox.link_to("ada@example.com").await;
        let mut phone = app.browser();
        let fields = accepting(&mut phone, &link, "ada").await;
        let made = phone.post("/invitation", &fields).await;
        assert_eq!(made.location(), "/account");
    }
);

on_both_engines!(by_mail_wrong_addresses_are_said_and_asking_is_limited, |engine| {
    let (app, mut mailbox) = open_by_mail(engine).await;
    let app = app.configured(|config| config.throttle.address_failures = 4);
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    let long = format!("{}@example.com", "x".repeat(300));
    for email in ["", " ", "eve", "eve@", "eve@example.com\r\nBcc: x@example.com", "\u{202e}@x", &long] {
        let answer = give(&mut browser, &page, email).await;
        assert_eq!(answer.status, 422, "{email:.20}");
        assert!(answer.text().contains("An e-mail address looks like"), "{email:.20}: {}", answer.text());
        answer.assert_inert();
    }
    for number in 0..4 {
        assert_eq!(give(&mut browser, &page, "ada@example.com").await.status, 200);
        if number < 2 {
            mailbox.to("ada@example.com").await;
        }
    }
    mailbox.is_empty(&app).await;
    let answer = give(&mut browser, &page, "bob@example.com").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("900")));
    assert_eq!(answer.attribute("#email", "value"), "bob@example.com");
});
