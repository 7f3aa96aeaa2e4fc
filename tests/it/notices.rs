//! Whose ways to sign in change is told so by mail, in the commit of the change; and neither that nor what strangers ask for keeps
//! anybody from recovering their account.

use countersign::admin::{sign_in_methods, users};
use countersign::app::Origin;
use countersign::i18n::Language;
use countersign::mail::to_users::{Event, news};
use countersign::mail::{Change, Fate, Link, Mail, Message};
use countersign::protocol::profile::UserInput;
use countersign::protocol::user::User;
use countersign::store::{MailLimit, NewMail, Share};
use serde_json::json;

use crate::account::submit_on;
use crate::admin_api::signed_in;
use crate::second_factor::{enter, set_up};
use crate::support::provider::Provider;
use crate::support::{Engine, ISSUER, Mailbox, SecurityKey, TestApp, filled, on_both_engines};

/// The kinds of mail that an address was to get, the oldest first; but for new devices, which are not the matter here.
async fn kinds(app: &TestApp, to: &str) -> Vec<String> {
    let rows = app.app.store.mails_to(to).await.unwrap();
    rows.into_iter().rev().map(|row| row.kind).filter(|kind| kind != "new_sign_in").collect()
}

on_both_engines!(every_change_of_how_one_signs_in_is_told_once, |engine| {
    let provider = Provider::open().await;
    let mut acme = provider.openid_connect();
    acme.policy.sign_up = false;
    let (app, mut mailbox) = Mailbox::with(engine, |config| config.upstreams = vec![acme]).await;
    let ada = app.user("ada").await;
    provider.person(json!({ "sub": "42", "email": "private@example.org", "email_verified": true }));
    let mut browser = signed_in(&app, "ada").await;
    let mut told = Vec::new();
    let mut tell = async |what: &str| {
        told.push(what.to_owned());
        assert_eq!(kinds(&app, "ada@example.com").await, told);
        // What comes after it has a later id.
        app.advance(1);
    };

    let (phone, codes) = set_up(&app, &mut browser).await;
    tell("app_added").await;
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "An authenticator app was set up for your account at localhost:8080");
    assert!(mail.link.as_str().ends_with("/account"));

    // A code that is wrong tells that somebody knows the password: once a day, and not of a device that is known.
    let mut other = app.browser();
    let page = other.open("/account").await;
    let page = other.sign_in(&page, "ada").await;
    let page = enter(&mut other, &page, "aaaa-bbbb-cccc-dddd").await;
    tell("second_factor_refused").await;
    let page = enter(&mut other, &page, "aaaa-bbbb-cccc-eeee").await;
    enter(&mut other, &page, &codes[0]).await;
    tell("recovery_code_used").await;
    let mut again = app.browser();
    let page = again.open("/account").await;
    let page = again.sign_in(&page, "ada").await;
    enter(&mut again, &page, &codes[0]).await;
    assert_eq!(kinds(&app, "ada@example.com").await.len(), 3, "nor of one that was used");

    let fields = browser.get("/account/sign-in").await.form("/account/sign-in/recovery-codes");
    assert_eq!(browser.post("/account/sign-in/recovery-codes", &fields).await.status, 200);
    tell("recovery_codes_made").await;

    let action = "/account/linked/acme";
    let fields = browser.get("/account/linked").await.form(action);
    for _ in 0..2 {
        let out = browser.post(action, &fields).await;
        let page = browser.get(&provider.approve(out.location())).await;
        assert!(browser.follow(page).await.text().contains("The account is linked"));
    }
    // Twice, of which the second changed nothing.
    tell("account_linked").await;
    let page = browser.get("/account/linked").await;
    let action = page.attribute("details form", "action");
    assert_eq!(browser.post(&action, &page.form(&action)).await.status, 303);
    tell("account_unlinked").await;
    assert_eq!(browser.post(&action, &page.form(&action)).await.status, 404);

    let page = browser.get("/account/sign-in/passkeys").await;
    let options = page.attribute("form[data-options]", "data-options");
    let (_, answer) = SecurityKey::create(&options, ISSUER);
    let path = "/account/sign-in/passkeys";
    let form = filled(page.form(path), &[("credential", &answer), ("name", "Key")]);
    assert_eq!(browser.post(path, &form).await.status, 303);
    tell("passkey_added").await;
    let id = app.app.store.passkeys_of_user(&ada.id).await.unwrap().remove(0).id;
    let action = format!("{path}/{id}/remove");
    let fields = browser.get("/account/sign-in").await.form(&action);
    assert_eq!(browser.post(&action, &fields).await.status, 303);
    tell("passkey_removed").await;
    assert_eq!(browser.post(&action, &fields).await.status, 404);

    let fields = browser.get("/account/sign-in").await.form("/account/sign-in/app/remove");
    assert_eq!(browser.post("/account/sign-in/app/remove", &fields).await.status, 303);
    tell("app_removed").await;
    assert_eq!(browser.post("/account/sign-in/app/remove", &fields).await.status, 404);
    drop(phone);

    let fields = [("current", crate::support::PASSWORD), ("new", "correct horse battery")];
    assert_eq!(submit_on(&mut browser, "/account", "/account/password", &fields).await.status, 303);
    tell("password_changed").await;
    let path = "/account/profile/address";
    assert_eq!(submit_on(&mut browser, path, path, &[("email", "new@example.com")]).await.status, 303);
    let link = loop {
        let mail = mailbox.any().await;
        if mail.to == "new@example.com" {
            break mail.link.as_str().strip_prefix(ISSUER).unwrap().to_owned();
        }
    };
    let form = browser.get(&link).await.form("/verify-address");
    assert_eq!(browser.post("/verify-address", &form).await.status, 303);
    tell("address_changed").await;

    // From then on the new one is told.
    set_up(&app, &mut browser).await;
    assert_eq!(kinds(&app, "new@example.com").await, ["verify_address", "app_added"]);
    assert_eq!(kinds(&app, "ada@example.com").await.len(), told.len());
});

on_both_engines!(what_administrators_change_is_told_too_without_their_device, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    set_up(&app, &mut browser).await;
    mailbox.to("ada@example.com").await;
    let administrator = Origin { user_agent: "Firefox".to_owned(), ..Origin::cli() };
    sign_in_methods::remove_authenticator_app(&app.app, &administrator, &ada).await.unwrap();
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "The authenticator app of your account at localhost:8080 was turned off");
    app.advance(3600);
    let wanted = UserInput { email: Some("other@example.com".to_owned()), ..UserInput::from(&ada) };
    users::change(&app.app, &administrator, &ada, &wanted, Language::English).await.unwrap();
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "The e-mail address of your account at localhost:8080 was changed");
});

on_both_engines!(news_of_a_change_that_was_not_made_are_not_sent, |engine| {
    let (app, _mailbox) = Mailbox::with(engine, |_| {}).await;
    let ada = app.user("ada").await;
    let told = |user: &User| {
        news(&app.app, &Origin::cli(), user, Language::English, Event::Methods(Change::AppRemoved))
    };
    let news = told(&ada);
    assert!(news.is_some());
    let audit = app.app.audit(&Origin::cli(), "app.remove", String::new(), "");
    let noted = audit.telling(news.as_ref());
    assert!(!app.app.store.remove_authenticator_app(&ada.id, noted).await.unwrap(), "there is none");
    assert!(kinds(&app, "ada@example.com").await.is_empty());
    // To an address that may be anybody's, or to none, there are no news.
    assert!(told(&User { email_verified: false, ..ada.clone() }).is_none());
    assert!(told(&User { email: None, ..ada }).is_none());
});

/// What became of a mail to ada.
async fn send(app: &TestApp, message: Message) -> Fate {
    let mail = Mail { to: "ada@example.com", language: Language::English, message };
    app.app.mail.send(&app.app, mail).await.unwrap()
}

on_both_engines!(strangers_who_ask_for_codes_keep_nobody_from_a_new_password, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |config| config.sign_in.email_code = true).await;
    let ada = app.user("ada").await;
    // Ada's own browser was signed in to before.
    let mut known = signed_in(&app, "ada").await;
    let device = known.cookies["countersign-device"].clone();
    known.cookies.retain(|name, _| name == "countersign-device");
    let ask_for_code = async |browser: &mut crate::support::Browser| {
        let page = browser.get("/login").await;
        let form = filled(page.form("/login"), &[("username", "ada")]);
        assert_eq!(browser.post("/login/email", &form).await.status, 303);
    };
    for minutes in 0..90 {
        // Strangers: every minute three codes, and somebody signs up with her address.
        for _ in 0..3 {
            ask_for_code(&mut app.browser()).await;
        }
        let link = Link::to(&app.app.config.issuer, "/login");
        send(&app, Message::AccountExists { account: "ada".to_owned(), link }).await;
        if minutes % 60 == 59 {
            let mut browser = app.browser();
            let page = browser.get("/recover").await;
            let asked = filled(page.form("/recover"), &[("username", "ada")]);
            let answer = browser.post("/recover", &asked).await;
            assert!(answer.status.is_success() || answer.status.is_redirection(), "{}", answer.body);
            // The mail is there, within what was asked for before it.
            loop {
                let mail = mailbox.to("ada@example.com").await;
                if mail.subject.starts_with("Choose a new password") {
                    break;
                }
            }
        }
        app.advance(60);
    }
    // An hour later, with two codes of strangers, one to the device that is known goes all the same.
    app.advance(3600);
    for _ in 0..3 {
        ask_for_code(&mut app.browser()).await;
    }
    let before = loop {
        let rows = app.app.store.mails_to("ada@example.com").await.unwrap();
        let floor = app.app.clock.now().0;
        let new = rows.iter().filter(|row| row.created_at == floor).count();
        if new >= 2 {
            break new;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(before, 2, "two for strangers");
    known.cookies.insert("countersign-device".to_owned(), device);
    ask_for_code(&mut known).await;
    let floor = app.app.clock.now().0;
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            let rows = app.app.store.mails_to("ada@example.com").await.unwrap();
            if rows.iter().filter(|row| row.created_at == floor).count() == 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert!(!ada.disabled);
});

/// The rule, said once more in another way: all the times of before, instead of five numbers.
#[derive(Default)]
struct Model {
    recovery: Vec<i64>,
    rest: Vec<i64>,
}

impl Model {
    const WINDOW: i64 = 3600;

    fn after(times: &[i64], floor: i64) -> usize {
        times.iter().filter(|at| **at > floor).count()
    }

    fn recovery(&mut self, now: i64) -> Option<i64> {
        let floor = now - Self::WINDOW;
        let room = Self::after(&self.recovery, floor) + Self::after(&self.rest, floor).min(2) <= 2;
        room.then(|| self.recovery.push(now));
        room.then_some(now)
    }

    fn rest(&mut self, now: i64, may_wait: i64) -> Option<i64> {
        let at = (now..=now + may_wait).find(|at| {
            let floor = at - Self::WINDOW;
            let rest = Self::after(&self.rest, floor);
            rest <= 1 && rest + Self::after(&self.recovery, floor) <= 2
        })?;
        self.rest.push(at);
        Some(at)
    }
}

on_both_engines!(of_any_hour_three_mails_two_of_them_other_than_recovery, |engine| {
    let app = TestApp::start(engine).await;
    let store = &app.app.store;
    for seed in 1..=if engine == Engine::Sqlite { 12_u64 } else { 4 } {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut model = Model::default();
        let mut last_recovery = i64::MIN / 2;
        for step in 0..120 {
            app.advance([0, 1, 7, 600, 1800, 3599, 3600][usize::try_from(random(7)).unwrap()]);
            let now = app.app.clock.now();
            let share = match random(4) {
                0 => Share::Recovery,
                1 => Share::Rest { may_wait: 0 },
                _ => Share::Rest { may_wait: 6 * 3600 },
            };
            let expected = match share {
                Share::Recovery => model.recovery(now.0),
                Share::Rest { may_wait } => model.rest(now.0, may_wait),
            };
            let id = format!("{seed} {step:04}");
            let to = format!("user{seed}@example.com");
            let mail = NewMail {
                id: id.clone(),
                to: to.clone(),
                kind: "test",
                content: String::new(),
                created_at: now,
                ends_at: now.plus(std::time::Duration::from_hours(1000)),
            };
            let limit = MailLimit { bucket: to.clone(), window: 3600, share };
            let queued = store.enqueue_mail(&mail, &limit, None).await.unwrap();
            let rows = store.mails_to(&to).await.unwrap();
            let due = rows.iter().find(|row| row.id == id).and_then(|row| row.due_at);
            assert_eq!((queued, due), (expected.is_some(), expected), "{seed}, step {step}, {share:?}");
            if share == Share::Recovery {
                assert!(queued || now.0 - last_recovery < 3600, "one of each hour is kept for recovery");
                if queued {
                    last_recovery = now.0;
                }
            }
        }
        for (times, most) in [(&model.rest, 2), (&[&model.rest[..], &model.recovery].concat(), 3)] {
            let mut times = times.clone();
            times.sort_unstable();
            assert!(times.windows(most + 1).all(|some| some[most] - some[0] >= 3600), "{times:?}");
            assert!(times.len() > 20, "it was tried");
        }
    }
});

on_both_engines!(who_knows_the_password_and_not_the_second_factor_is_told_of, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    app.user("ada").await;
    let mut known = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut known).await;
    mailbox.to("ada@example.com").await;
    let told = async || {
        let kinds = kinds(&app, "ada@example.com").await;
        kinds.iter().filter(|kind| *kind == "second_factor_refused").count()
    };
    let wrong = async |browser: &mut crate::support::Browser| {
        let page = browser.open("/account/data").await;
        let page =
            if page.body.contains("login-submit") { browser.sign_in(&page, "ada").await } else { page };
        enter(browser, &page, "000000").await;
    };
    // On the owner's own device everybody mistypes.
    let sign_out = known.get("/account").await.form("/account/sign-out");
    known.post("/account/sign-out", &sign_out).await;
    wrong(&mut known).await;
    assert_eq!(told().await, 0);
    let mut stranger = app.browser();
    wrong(&mut stranger).await;
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "A sign-in to your account at localhost:8080 stopped at the second step");
    assert!(mail.link.as_str().ends_with("/recover"));
    for _ in 0..3 {
        wrong(&mut app.browser()).await;
    }
    assert_eq!(told().await, 1, "once a day");
    // A wrong password is nothing that anybody is written to about.
    app.advance(86_400);
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    browser.sign_in_with(&page, "ada", "wrong").await;
    assert_eq!(told().await, 1);
    wrong(&mut app.browser()).await;
    assert_eq!(told().await, 2, "another day");
    drop(phone);
});

on_both_engines!(the_end_of_an_account_is_told, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    app.user("root").await;
    app.user("ada").await;
    let bob = app.user("bob").await;
    let mut browser = signed_in(&app, "ada").await;
    let page = "/account/data";
    let gone = submit_on(&mut browser, page, "/account/delete", &[("username", "ada")]).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "Your account at localhost:8080 was deleted");
    users::delete(&app.app, &Origin::cli(), &bob).await.unwrap();
    assert_eq!(mailbox.to("bob@example.com").await.subject, "Your account at localhost:8080 was deleted");
    assert_eq!(kinds(&app, "bob@example.com").await, ["account_deleted"], "and nothing else is kept");
});
