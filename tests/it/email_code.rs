//! Codes by mail: for the browser that asked and no other, once, and nobody learns which accounts there are.

use countersign::app::Origin;
use countersign::protocol::user::User;
use countersign::store::{Carried, MailLimit, NewMail, Share, SignInCode, StoreError};
use serde_json::json;
use totp_rs::{Builder, Secret};
use url::Url;

use crate::support::{Browser, Engine, Mailbox, Page, TestApp, at_once, filled, granted, on_both_engines};

const SESSION: &str = "countersign-session";

async fn with_codes(engine: Engine) -> (TestApp, Mailbox) {
    Mailbox::with(engine, |config| config.sign_in.email_code = true).await
}

/// Asks for a code, up to the page where it is typed.
async fn ask(browser: &mut Browser, page: &Page, name: &str) -> Page {
    let fields = filled(page.form("/login"), &[("username", name)]);
    let asked = browser.post("/login/email", &fields).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    browser.follow(asked).await
}

async fn ask_at_login(browser: &mut Browser, name: &str) -> Page {
    let page = browser.open("/login").await;
    ask(browser, &page, name).await
}

fn with_code(page: &Page, code: &str) -> Vec<(String, String)> {
    filled(page.form("/login/code"), &[("code", code)])
}

async fn enter(browser: &mut Browser, page: &Page, code: &str) -> Page {
    browser.post("/login/code", &with_code(page, code)).await
}

async fn code_to(mailbox: &mut Mailbox, address: &str) -> String {
    mailbox.to(address).await.code.unwrap()
}

/// Another one.
fn wrong(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

async fn is_refused(browser: &mut Browser, page: &Page, code: &str) -> bool {
    let page = enter(browser, page, code).await;
    let refused = page.status == 401;
    assert_eq!(
        refused,
        page.text().contains("That code is not right, or does not work any more."),
        "{}",
        page.text()
    );
    assert_eq!(refused, !browser.cookies.contains_key(SESSION));
    refused
}

on_both_engines!(a_code_signs_in_to_an_application_as_one_factor_that_is_no_otp, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid", &[])).await;
    assert!(page.text().contains("Send me a code by mail"));
    let page = ask(&mut browser, &page, " Ada ").await;
    assert!(
        page.text().contains("to continue to Client web") && page.text().contains("ada"),
        "{}",
        page.text()
    );
    page.assert_inert();
    let code = code_to(&mut mailbox, "ada@example.com").await;
    assert_eq!(code.len(), 9, "eight digits in two groups: {code}");
    // Guessing wrong costs a guess and nothing more.
    assert!(is_refused(&mut browser, &page, &wrong(&code)).await);
    let entered = enter(&mut browser, &page, &code).await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    let consent = browser.follow(entered).await;
    let answer = browser.consent(&consent, "allow").await;
    let claims = granted(&rp.redeem(&answer.sent("code").unwrap()).await).claims("id_token");
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:countersign:acr:password"), &json!(["mca"])));
    assert!(browser.get("/account").await.text().contains("with code by mail"));
    // It is used up.
    let again = enter(&mut browser.clone(), &page, &code).await;
    assert_eq!(again.status, 401, "{}", again.text());
});

on_both_engines!(of_8_at_once_one_gets_in, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    app.user("ada").await;
    let mut browser = app.browser();
    let page = ask_at_login(&mut browser, "ada").await;
    let code = code_to(&mut mailbox, "ada@example.com").await;
    let fields = with_code(&page, &code);
    let attempts = (0..8).map(|_| {
        let (mut browser, fields) = (browser.clone(), fields.clone());
        async move { browser.post("/login/code", &fields).await.status.as_u16() }
    });
    let mut statuses = at_once(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401, 401, 401, 401, 401, 401, 401]);
    assert_eq!(app.audit_log().await.iter().filter(|row| row.starts_with("session.begin ")).count(), 1);
});

on_both_engines!(five_guesses_ten_minutes_one_account_as_it_was, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    let app = app.configured(|config| config.throttle.account_failures = 100);
    // Five wrong ones, and the right one comes too late.
    app.user("ada").await;
    let mut browser = app.browser();
    let page = ask_at_login(&mut browser, "ada@example.com").await;
    let code = code_to(&mut mailbox, "ada@example.com").await;
    // What cannot be a code is not counted as a guess.
    for typed in ["", "1234567", "123456789", "abcdefgh", "１２３４５６７８", "%00", &"1".repeat(5000)]
    {
        assert!(is_refused(&mut browser, &page, typed).await, "{typed:.20}");
    }
    for _ in 0..5 {
        assert!(is_refused(&mut browser, &page, &wrong(&code)).await);
    }
    assert!(is_refused(&mut browser, &page, &code).await);
    // Four, and it counts.
    app.user("bob").await;
    let page = ask_at_login(&mut browser, "bob").await;
    let code = code_to(&mut mailbox, "bob@example.com").await;
    for _ in 0..4 {
        assert!(is_refused(&mut browser, &page, &wrong(&code)).await);
    }
    // However people copy it.
    assert!(!is_refused(&mut browser, &page, &format!(" {}", code.replace(' ', "-"))).await);
    // Ten minutes.
    for (seconds, late) in [(599, false), (600, true)] {
        let name = format!("user{seconds}");
        app.user(&name).await;
        let mut browser = app.browser();
        let page = ask_at_login(&mut browser, &name).await;
        let code = code_to(&mut mailbox, &format!("{name}@example.com")).await;
        app.advance(seconds);
        assert_eq!(is_refused(&mut browser, &page, &code).await, late, "{seconds}");
    }
    // A changed account, whose address may be somebody else's.
    let user = app.user("carol").await;
    let mut browser = app.browser();
    let page = ask_at_login(&mut browser, "carol").await;
    let code = code_to(&mut mailbox, "carol@example.com").await;
    let changed = User {
        name: Some("C".to_owned()),
        updated_at: user.updated_at.plus(std::time::Duration::from_secs(1)),
        ..user.clone()
    };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&changed, user.updated_at, &audit).await.unwrap());
    assert!(is_refused(&mut browser, &page, &code).await);
});

on_both_engines!(a_code_is_of_use_in_the_browser_that_asked_only, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid", &[])).await;
    let page = ask(&mut browser, &page, "ada").await;
    let mail = mailbox.to("ada@example.com").await;
    let (code, link) = (mail.code.unwrap(), mail.link.as_str().to_owned());
    assert!(Url::parse(&link).unwrap().query_pairs().all(|(name, _)| name == "id" || name == "code"));

    // Elsewhere the link says what to type where, and signs nobody in.
    let mut phone = app.browser();
    for _ in 0..2 {
        let elsewhere = phone.get(&link).await;
        assert_eq!(elsewhere.status, 200);
        assert!(elsewhere.text().contains("in another browser") && elsewhere.text().contains(&code));
        assert!(elsewhere.form("/login/code").is_empty() && !phone.cookies.contains_key(SESSION));
        elsewhere.assert_inert();
    }
    // Nor does the code, in a sign-in that did not ask for it, or asked for another.
    let theirs = phone.open("/login").await;
    let fields = filled(theirs.form("/login"), &[("code", &code)]);
    let sent = phone.post("/login/code", &fields).await;
    assert!(sent.location().starts_with("/login?flow="), "nothing was asked for");
    phone.post("/login/code", &filled(with_code(&page, &code), &[("csrf", "x")])).await.refusal(403);
    let csrf = theirs.form("/login").into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    phone.post("/login/code", &filled(with_code(&page, &code), &[("csrf", &csrf)])).await.refusal(403);
    let theirs = ask(&mut phone, &theirs, "ada").await;
    assert!(is_refused(&mut phone, &theirs, &code).await, "a code of another asking");

    // In the same browser it is the form, filled in; looking does not use it up.
    for _ in 0..2 {
        let same = browser.get(&link).await;
        assert_eq!(same.attribute("#code", "value"), code);
        assert!(same.text().contains("to continue to Client web"));
    }
    let same = browser.get(&link).await;
    let entered = browser.post("/login/code", &same.form("/login/code")).await;
    let consent = browser.follow(entered).await;
    assert!(browser.consent(&consent, "allow").await.sent("code").is_some(), "the sign-in goes on");
    // Then it is dead, everywhere.
    for browser in [&mut browser, &mut phone] {
        assert!(browser.get(&link).await.refusal(403).contains("This link was used already"));
    }
    let (address, _) = link.split_once("code=").unwrap();
    for bad in ["", "x", "1234567", "%3Cscript%3E", "%00"] {
        let status = if bad == "%00" { 400 } else { 403 };
        browser.get(&format!("{address}code={bad}")).await.refusal(status);
        browser.get(&format!("/login/code?id=x{bad}&code=12345678")).await.refusal(status);
    }
});

/// An answer without what is new in every answer. The flow is sealed: only its length could tell anything.
fn comparable(page: &Page, name: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = page
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(header, value)| {
            let value = value.to_str().unwrap();
            let value = value
                .split_once("flow=")
                .map_or(value.to_owned(), |(path, flow)| format!("{path}{}", flow.len()));
            (header.to_string(), value)
        })
        .collect();
    (page.status.as_u16(), headers, page.text().replace(name, "NAME"))
}

on_both_engines!(asvs_6_3_8_nobody_learns_which_accounts_there_are, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    app.user("real").await;
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    for change in [
        User { disabled: true, ..app.user("idle").await },
        User { email_verified: false, ..app.user("mere").await },
        User { email: None, email_verified: false, ..app.user("bare").await },
    ] {
        let audit = countersign::store::AuditEntry { id: change.id.to_string(), ..audit.clone() };
        assert!(app.app.store.update_user(&change, change.updated_at, &audit).await.unwrap());
    }
    let mut answers = Vec::new();
    // Of one length, so that the answers can be compared.
    for name in ["real", "idle", "mere", "bare", "none", "nils"] {
        let mut browser = app.browser();
        let login = browser.get("/login").await;
        let fields = filled(login.form("/login"), &[("username", name)]);
        let asked = browser.post("/login/email", &fields).await;
        let page = browser.follow(asked.clone()).await;
        let wrong = enter(&mut browser, &page, "1234 5678").await;
        assert_eq!(wrong.status, 401);
        answers.push((name, [asked, page, wrong].map(|page| comparable(&page, name))));
    }
    for (name, answer) in &answers {
        assert_eq!(answer, &answers[0].1, "{name}");
    }
    code_to(&mut mailbox, "real@example.com").await;
    mailbox.is_empty(&app).await;
});

on_both_engines!(a_second_factor_is_still_asked_for, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let secret = countersign::authn::totp::Shared::new(user.id.clone(), &app.app.entropy);
    let sealed =
        app.app.seals.seal(countersign::sealing::Purpose::AuthenticatorApp, &secret, &app.app.entropy);
    let authenticator = countersign::store::AuthenticatorApp {
        sealed_secret: sealed.unwrap(),
        last_step: 0,
        created_at: 0,
        last_used_at: 0,
    };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    app.app.store.set_authenticator_app(&user.id, &authenticator, &[], &audit).await.unwrap();
    let mut browser = app.browser();
    let page = ask_at_login(&mut browser, "ada").await;
    let code = code_to(&mut mailbox, "ada@example.com").await;
    let entered = enter(&mut browser, &page, &code).await;
    assert!(entered.location().starts_with("/login/second?flow="));
    assert!(!browser.cookies.contains_key(SESSION));
    let second = browser.follow(entered).await;
    assert!(second.text().contains("One more step"), "{}", second.text());
    // Nor does another mailed code stand in for it, in the same sign-in.
    let flow = second.form("/login/second").into_iter().find(|(name, _)| name == "flow").unwrap().1;
    let login = browser.get(&format!("/login?flow={flow}")).await;
    let page = ask(&mut browser, &login, "ada").await;
    let code = code_to(&mut mailbox, "ada@example.com").await;
    let entered = enter(&mut browser, &page, &code).await;
    assert!(entered.location().starts_with("/login/second?flow="));
    assert!(!browser.cookies.contains_key(SESSION));
    // The app's code does, and both together are one factor.
    let second = browser.follow(entered).await;
    let key = Secret::try_from_base32(secret.base32()).unwrap();
    let now = u64::try_from(app.app.clock.now().0).unwrap();
    let code = Builder::new().with_secret(key).build().unwrap().generate(now).to_string();
    let fields = filled(second.form("/login/second"), &[("code", &code)]);
    assert_eq!(browser.post("/login/second", &fields).await.location(), "/account");
    // Who wants two asks for a password, and then has them.
    let two = "urn:countersign:acr:two-factors";
    let wanted = json!({ "id_token": { "acr": { "essential": true, "value": two } } }).to_string();
    let login = browser.open(&rp.authorization("openid", &[("claims", &wanted)])).await;
    assert!(login.body.contains("login-submit"), "{}", login.text());
    let consent = browser.sign_in(&login, "ada").await;
    let answer = browser.consent(&consent, "allow").await;
    let claims = granted(&rp.redeem(&answer.sent("code").unwrap()).await).claims("id_token");
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!(two), &json!(["mca", "otp", "pwd", "mfa"])));
});

on_both_engines!(who_asks_too_often_waits_and_nobody_is_sent_more_than_two_codes, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    let app = app.configured(|config| config.throttle.address_failures = 5);
    app.user("ada").await;
    let mut browser = app.browser();
    for number in 0..5 {
        let page = ask_at_login(&mut browser, "ada").await;
        assert_eq!(page.status, 200, "{number}");
        if number < 2 {
            code_to(&mut mailbox, "ada@example.com").await;
        }
    }
    mailbox.is_empty(&app).await;
    app.advance(100);
    let page = browser.open("/login").await;
    let fields = filled(page.form("/login"), &[("username", "ada"), ("remember", "true")]);
    let refused = browser.post("/login/email", &fields).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("800")));
    assert!(refused.text().contains("Too many attempts."));
    assert_eq!(refused.attribute("#username", "value"), "ada");
    assert!(
        refused.form("/login/email").contains(&("remember".to_owned(), "true".to_owned())),
        "nothing is lost"
    );
    // Whose password is right still gets in.
    assert_eq!(browser.sign_in(&page, "ada").await.status, 200);
});

#[tokio::test]
async fn without_a_name_the_page_asks_for_one() {
    let (app, _mailbox) = with_codes(Engine::Sqlite).await;
    let mut browser = app.browser();
    let login = browser.get("/login").await;
    for typed in ["", "   "] {
        let page = browser.post("/login/email", &filled(login.form("/login"), &[("username", typed)])).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("The code goes to the confirmed address"), "{}", page.text());
        let fields = filled(page.form("/login/email"), &[("username", "ada")]);
        assert_eq!(browser.post("/login/email", &fields).await.status, 303);
    }
    let long = "x".repeat(5000);
    for typed in ["a b", "\u{202e}", "<script>alert(1)</script>", "'; --", &long] {
        let page = ask(&mut browser, &login, typed).await;
        assert_eq!(page.status, 200, "{typed:.20}");
        page.assert_inert();
        assert_eq!(enter(&mut browser, &page, "12345678").await.status, 401, "{typed:.20}");
    }
    for flow in ["x", "%00"] {
        browser.get(&format!("/login/code?flow={flow}")).await.refusal(400);
    }
    assert!(browser.get("/login/code").await.location().starts_with("/login?flow="), "nothing was asked for");
}

#[tokio::test]
async fn where_it_is_not_wanted_or_no_mail_is_sent_there_is_none() {
    let (on, _mailbox) = with_codes(Engine::Sqlite).await;
    let mut browser = on.browser();
    let login = browser.get("/login").await;
    let fields = filled(login.form("/login"), &[("username", "ada")]);
    let without_mail = TestApp::start(Engine::Sqlite).await;
    for app in [
        on.configured(|config| config.sign_in.email_code = false),
        without_mail.configured(|config| config.sign_in.email_code = true),
    ] {
        let mut browser = browser.at(&app.router);
        assert!(!browser.get("/login").await.body.contains("/login/email"));
        assert!(browser.get("/login/code").await.refusal(404).contains("mails no codes"));
        if app.app.mail.is_on() {
            browser.post("/login/email", &fields).await.refusal(404);
            browser.post("/login/code", &fields).await.refusal(404);
        }
    }
    assert!(on.browser().get("/login").await.body.contains("/login/email"));
}

on_both_engines!(the_store_forgets_a_code_with_its_account_and_when_it_is_old, |engine| {
    let app = TestApp::start(engine).await;
    let user = app.user("ada").await;
    let now = app.app.clock.now();
    let code = |id: &str, seconds: i64| SignInCode {
        id: id.to_owned(),
        user: user.id.clone(),
        code_hash: "hash".to_owned(),
        unchanged_since: user.updated_at,
        flow: "flow".to_owned(),
        browser: id.to_owned(),
        expires_at: countersign::protocol::timestamp::Timestamp(now.0 + seconds),
    };
    let store = &app.app.store;
    let send = async |code: SignInCode| {
        let id = code.id.clone();
        let mail = NewMail {
            to: "ada@example.com".to_owned(),
            kind: "sign_in_code",
            content: String::new(),
            created_at: now,
            ends_at: code.expires_at,
            id: id.clone(),
        };
        let limit = MailLimit { bucket: id, window: 3600, share: Share::Recovery };
        store.enqueue_mail(&mail, &limit, Some(Carried::SignInCode(&code))).await
    };
    assert!(send(code("a", 600)).await.unwrap());
    assert!(send(code("b", 6000)).await.unwrap());
    assert_eq!(store.sign_in_code("a", now).await.unwrap(), Some((user.id.clone(), "flow".to_owned())));
    app.advance(600 + 3600);
    store.clean_up(app.app.clock.now()).await.unwrap();
    assert_eq!(store.sign_in_code("a", now).await.unwrap(), None);
    assert!(store.sign_in_code("b", now).await.unwrap().is_some());
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(store.delete_user(&user.id, &audit).await.is_ok());
    assert_eq!(store.sign_in_code("b", now).await.unwrap(), None);
    assert!(matches!(send(code("c", 6000)).await, Err(StoreError::Gone)), "of nobody");
    assert!(store.mails_to("ada@example.com").await.unwrap().is_empty(), "nor is it mailed");
});

on_both_engines!(another_code_ends_the_one_before_in_the_same_browser_and_nobody_elses, |engine| {
    let (app, mut mailbox) = with_codes(engine).await;
    app.user("ada").await;
    let mut browser = app.browser();
    let first_page = ask_at_login(&mut browser, "ada").await;
    let first = code_to(&mut mailbox, "ada@example.com").await;
    let second_page = ask_at_login(&mut browser, "ada@example.com").await;
    let second = code_to(&mut mailbox, "ada@example.com").await;
    for (page, code) in [(&first_page, &first), (&second_page, &first), (&first_page, &second)] {
        assert!(is_refused(&mut browser, page, code).await);
    }
    assert!(!is_refused(&mut browser, &second_page, &second).await);

    // Somebody else who asks takes nobody's code away.
    app.advance(3600);
    let mut browser = app.browser();
    let page = ask_at_login(&mut browser, "ada").await;
    let code = code_to(&mut mailbox, "ada@example.com").await;
    ask_at_login(&mut app.browser(), "ada").await;
    mailbox.to("ada@example.com").await;
    assert!(!is_refused(&mut browser, &page, &code).await);
});
