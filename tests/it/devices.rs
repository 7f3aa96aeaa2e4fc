//! Devices that are known: nobody who guesses elsewhere locks them out, they are bounded themselves, and a sign-in on any other
//! one is news.

use countersign::app::Origin;
use countersign::authn::device::{Devices, KNOWN_FOR};
use countersign::protocol::user::User;
use countersign::sealing::Purpose;

use crate::admin_api::signed_in;
use crate::second_factor::{enter, set_up};
use crate::support::{Browser, Engine, Mailbox, PASSWORD, Page, TestApp, filled, on_both, on_both_engines};

const SESSION: &str = "countersign-session";
const DEVICE: &str = "countersign-device";
const NEW: &str = "quiet violet harbour";

/// One attempt with the form of a sign-in page.
async fn attempt(browser: &mut Browser, username: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    browser
        .post("/login", &filled(page.form("/login"), &[("username", username), ("password", password)]))
        .await
}

/// A browser that brings this cookie along and nothing else.
fn with_cookie(app: &TestApp, cookie: &str) -> Browser {
    let mut browser = app.browser();
    browser.cookies.insert(DEVICE.to_owned(), cookie.to_owned());
    browser
}

/// A device that the user signed in on, and was signed out of.
async fn known(app: &TestApp, username: &str) -> String {
    let mut browser = app.browser();
    assert_eq!(attempt(&mut browser, username, PASSWORD).await.status, 303);
    let form = browser.get("/account").await.form("/account/sign-out");
    browser.post("/account/sign-out", &form).await;
    assert!(!browser.cookies.contains_key(SESSION), "signed out, and known still");
    browser.cookies[DEVICE].clone()
}

/// Somebody guesses until they are stopped.
async fn guess_at(app: &TestApp, username: &str) {
    for _ in 0..10 {
        assert_eq!(attempt(&mut app.browser(), username, "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut app.browser(), username, PASSWORD).await.status, 429);
}

on_both!(asvs_6_3_1_guesses_elsewhere_do_not_lock_a_known_device_out, |app| {
    app.user("ada").await;
    let laptop = known(&app, "ada").await;
    guess_at(&app, "ada").await;
    assert_eq!(attempt(&mut with_cookie(&app, &laptop), "ada", PASSWORD).await.status, 303);
    assert_eq!(attempt(&mut app.browser(), "ada", PASSWORD).await.status, 429, "which frees nobody else");
    // Nor from behind the same address, or with its password.
    app.advance(900);
    let strict = app.configured(|config| config.throttle.address_failures = 3);
    for name in ["a", "b", "c"] {
        attempt(&mut strict.browser(), name, "wrong").await;
    }
    assert_eq!(attempt(&mut strict.browser(), "ada", PASSWORD).await.status, 429);
    assert_eq!(attempt(&mut with_cookie(&strict, &laptop), "ada", PASSWORD).await.status, 303);
});

on_both!(a_device_is_known_by_its_own_cookie_for_its_own_account_as_long_as_that_is_guarded_alike, |app| {
    let ada = app.user("ada").await;
    app.user("bob").await;
    let [laptop, phone] = [known(&app, "ada").await, known(&app, "ada").await];
    let bobs = known(&app, "bob").await;
    guess_at(&app, "ada").await;
    let flipped = |at: usize| {
        let mut bytes = laptop.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let seal = |purpose| {
        let device = serde_json::json!([{
            "user": ada.id, "id": "x", "guards": "x", "expires_at": app.app.clock.now().0 + 1000,
        }]);
        app.app.seals.seal(purpose, &device, &app.app.entropy).unwrap()
    };
    let table = [
        ("none", String::new(), 429),
        ("another user's", bobs.clone(), 429),
        ("forged at its beginning", flipped(0), 429),
        ("forged in its middle", flipped(laptop.len() / 2), 429),
        ("cut", laptop[1..].to_owned(), 429),
        ("no cookie of ours", "ada".to_owned(), 429),
        ("sealed for another purpose", seal(Purpose::Flow), 429),
        ("without what guards the account", seal(Purpose::Device), 429),
        ("very long", "A".repeat(6000), 429),
        ("its own", laptop.clone(), 303),
        ("another one of its own", phone.clone(), 303),
    ];
    for (case, cookie, status) in &table {
        let page = attempt(&mut with_cookie(&app, cookie), "ada", PASSWORD).await;
        assert_eq!(page.status, *status, "{case}");
    }
    // Two cookies of the name, of which one may be planted, are none.
    let mut two = with_cookie(&app, &format!("{laptop}; {DEVICE}={bobs}"));
    assert_eq!(attempt(&mut two, "ada", PASSWORD).await.status, 429);

    // An authenticator app, and another password: where they are chosen, the device stays known; elsewhere it does not.
    app.advance(900);
    let mut here = with_cookie(&app, &laptop);
    attempt(&mut here, "ada", PASSWORD).await;
    set_up(&app, &mut here).await;
    guess_at(&app, "ada").await;
    assert_eq!(attempt(&mut with_cookie(&app, &phone), "ada", PASSWORD).await.status, 429, "another app");
    let mut known = with_cookie(&app, &here.cookies[DEVICE]);
    assert_eq!(attempt(&mut known, "ada", PASSWORD).await.status, 303);
    let before = here.cookies[DEVICE].clone();
    let form = here.get("/account").await.form("/account/password");
    let fields = filled(form, &[("current", PASSWORD), ("new", NEW)]);
    assert_eq!(here.post("/account/password", &fields).await.status, 303);
    for _ in 0..10 {
        assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut with_cookie(&app, &before), "ada", NEW).await.status, 429, "another password");
    let after = here.cookies[DEVICE].clone();
    assert_eq!(attempt(&mut with_cookie(&app, &after), "ada", NEW).await.status, 303);

    // Half a year later.
    app.advance(i64::try_from(KNOWN_FOR.as_secs()).unwrap());
    for _ in 0..10 {
        assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut with_cookie(&app, &after), "ada", NEW).await.status, 429, "too old");
});

on_both!(guesses_with_a_stolen_cookie_are_bounded_and_do_not_lock_its_owner_out_for_long, |app| {
    app.user("ada").await;
    let stolen = known(&app, "ada").await;
    for _ in 0..10 {
        assert_eq!(attempt(&mut with_cookie(&app, &stolen), "ada", "wrong").await.status, 401);
    }
    let refused = attempt(&mut with_cookie(&app, &stolen), "ada", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("900")));
    // They count by themselves.
    assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    assert_eq!(attempt(&mut app.browser(), "ada", PASSWORD).await.status, 303);
    app.advance(900);
    // The next sign-in on the device parts it from the copy.
    let mut owner = with_cookie(&app, &stolen);
    assert_eq!(attempt(&mut owner, "ada", PASSWORD).await.status, 303);
    let own = owner.cookies[DEVICE].clone();
    assert_ne!(own, stolen);
    for _ in 0..10 {
        assert_eq!(attempt(&mut with_cookie(&app, &stolen), "ada", "wrong").await.status, 401);
    }
    assert_eq!(attempt(&mut with_cookie(&app, &stolen), "ada", PASSWORD).await.status, 429);
    assert_eq!(attempt(&mut with_cookie(&app, &own), "ada", PASSWORD).await.status, 303);
});

on_both!(nor_do_guesses_at_the_second_factor, |app| {
    app.user("ada").await;
    let mut laptop = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut laptop).await;
    let known = laptop.cookies[DEVICE].clone();
    let mut thief = app.browser();
    let page = attempt(&mut thief, "ada", PASSWORD).await;
    let second = thief.follow(page).await;
    for _ in 0..10 {
        assert_eq!(enter(&mut thief, &second, "000000").await.status, 401);
    }
    app.advance(30);
    assert_eq!(enter(&mut thief, &second, &phone.code(&app)).await.status, 429);
    let mut laptop = with_cookie(&app, &known);
    let page = attempt(&mut laptop, "ada", PASSWORD).await;
    let second = laptop.follow(page).await;
    for _ in 0..9 {
        assert_eq!(enter(&mut laptop, &second, "000000").await.status, 401);
    }
    let page = enter(&mut laptop, &second, &phone.code(&app)).await;
    assert!(page.text().contains("Where you are signed in"), "{}", page.text());
});

#[tokio::test]
async fn a_browser_remembers_five_users_and_tells_nobody_whom() {
    let app = TestApp::start(Engine::Sqlite).await;
    let mut browser = app.browser();
    let mut users: Vec<User> = Vec::new();
    for number in 0..7 {
        let user = app.user(&format!("user{number}")).await;
        let page = attempt(&mut browser, &user.username, PASSWORD).await;
        let set = page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let [set] = set.filter(|set| set.starts_with(DEVICE)).collect::<Vec<_>>()[..] else { panic!() };
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=15552000"), "{set}");
        assert!(set.len() < 1500, "{}", set.len());
        users.push(user);
        let devices = Devices::open(&app.app.seals, &browser.cookies[DEVICE], app.app.clock.now());
        let known: Vec<bool> = users.iter().map(|user| devices.know(&user.id)).collect();
        assert_eq!(known, (0..=number).map(|user| number - user < 5).collect::<Vec<_>>());
    }
    // What a refused sign-in leaves behind is nothing.
    let page = attempt(&mut app.browser(), "user0", "wrong").await;
    assert!(!format!("{:?}", page.headers).contains(DEVICE));
}

on_both_engines!(users_hear_of_a_sign_in_on_a_device_that_is_new, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    app.user("ada").await;
    let bob = app.user("bob").await;
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let mut unconfirmed = User { email_verified: false, ..bob.clone() };
    unconfirmed.updated_at.0 += 1;
    assert!(app.app.store.update_user(&unconfirmed, bob.updated_at, &audit).await.unwrap());

    // The first of all is no news, nor is one on the same device, in a session or after it.
    let laptop = known(&app, "ada").await;
    let mut browser = with_cookie(&app, &laptop);
    attempt(&mut browser, "ada", PASSWORD).await;
    browser.cookies.remove(DEVICE);
    attempt(&mut browser, "ada", PASSWORD).await;
    // Whose address is not known to be theirs is not written to.
    for _ in 0..2 {
        signed_in(&app, "bob").await;
    }
    assert_eq!(attempt(&mut app.browser(), "ada", "wrong").await.status, 401);
    mailbox.is_empty(&app).await;

    let mut german = app.browser();
    german.cookies.insert("lang".to_owned(), "de".to_owned());
    attempt(&mut german, "ada", PASSWORD).await;
    let mail = mailbox.to("ada@example.com").await;
    assert_eq!(mail.subject, "Neue Anmeldung an Ihrem Konto bei localhost:8080");
    assert!(mail.link.as_str().ends_with("/account"));
    attempt(&mut german, "ada", PASSWORD).await;
    // Another password makes no device new.
    let form = german.get("/account").await.form("/account/password");
    let fields = filled(form, &[("current", PASSWORD), ("new", NEW)]);
    assert_eq!(german.post("/account/password", &fields).await.status, 303);
    mailbox.to("ada@example.com").await;
    attempt(&mut with_cookie(&app, &laptop), "ada", NEW).await;
    mailbox.is_empty(&app).await;

    // Whoever signs in again and again fills no outbox: what is beyond two an hour waits, and tells of the others, too.
    app.advance(3600);
    for _ in 0..2 {
        attempt(&mut app.browser(), "ada", NEW).await;
        mailbox.to("ada@example.com").await;
        mailbox.is_empty(&app).await;
    }
    for _ in 0..5 {
        assert_eq!(attempt(&mut app.browser(), "ada", NEW).await.status, 303);
    }
    let mails = app.app.store.mails(None, 100).await.unwrap();
    let news: Vec<_> = mails.iter().filter(|mail| mail.kind == "new_sign_in").collect();
    assert_eq!(news.len(), 4, "{news:?}");
    assert_eq!(news.iter().filter(|mail| mail.state == "waiting").count(), 1, "{news:?}");
});
