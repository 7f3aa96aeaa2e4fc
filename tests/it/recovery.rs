//! A forgotten password, an address that is confirmed, passwords that are too easy to guess, and what users are told by mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign::app::Origin;
use countersign::config::{Config, MailTransport, SignUpMode};
use countersign::mail::{Written, outbox};
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinSet;

use crate::admin_api::{administrator, signed_in};
use crate::second_factor::{enter, set_up};
use crate::support::{
    Browser, Engine, ISSUER, PASSWORD, Page, START, TestApp, at_once, filled, on_both_engines,
};

const NEW: &str = "quiet violet harbour";

/// The application, whose mail is written to files; and who reads it.
struct Office {
    app: TestApp,
    inbox: Receiver<Written>,
    _folder: TempDir,
    _work: JoinSet<()>,
}

impl Office {
    async fn open(engine: Engine) -> Self {
        Self::open_with(engine, |_| {}).await
    }

    async fn open_with(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let app = TestApp::start_at(engine, START * 1000, |config| {
            config.mail.transport = MailTransport::File(folder.path().to_owned());
            change(config);
        })
        .await;
        let mut work = JoinSet::new();
        work.spawn(outbox::run(app.app.clone()));
        Self { inbox: app.app.mail.written(), app, _folder: folder, _work: work }
    }

    /// The next mail that is not news of a device, of which tests here use many.
    async fn mail(&mut self) -> Written {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.inbox.recv());
            let mail = next.await.unwrap_or_else(|_| panic!("no mail is written")).unwrap();
            if !mail.subject.starts_with("New sign-in to your account") {
                return mail;
            }
        }
    }

    /// The next mail to this address with this subject, as the path of its link.
    async fn link(&mut self, to: &str, subject: &str) -> String {
        let mail = self.mail().await;
        assert_eq!(mail.to, to);
        assert!(mail.subject.starts_with(&format!("{subject} localhost:8080")), "{}", mail.subject);
        mail.link.as_str().strip_prefix(ISSUER).unwrap().to_owned()
    }

    /// The path of the link that is mailed to somebody who says that they forgot their password.
    async fn reset_link(&mut self, username: &str) -> String {
        let page = ask(&mut self.app.browser(), username).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let link = self.link(&format!("{username}@example.com"), "Choose a new password for").await;
        assert!(link.starts_with("/recover/password?token="), "{link}");
        link
    }

    /// How many mails of a kind there were.
    async fn mails(&self, kind: &str) -> usize {
        let mails = self.app.app.store.mails(None, 1000).await.unwrap();
        mails.iter().filter(|mail| mail.kind == kind).count()
    }

    /// Writes a user anew.
    async fn change(&self, user: &User, change: impl FnOnce(&mut User)) -> User {
        let before = self.app.stored_user(&user.id).await;
        let mut after = User { updated_at: before.updated_at.plus(Duration::from_secs(1)), ..before.clone() };
        change(&mut after);
        let audit = self.app.app.audit(&Origin::system(), "test", String::new(), "");
        assert!(self.app.app.store.update_user(&after, before.updated_at, &audit).await.unwrap());
        after
    }

    /// Does this password open the account's page?
    async fn opens(&self, username: &str, password: &str) -> bool {
        let mut browser = self.app.browser();
        let page = browser.open("/account").await;
        browser.sign_in_with(&page, username, password).await.text().contains("Where you are signed in")
    }
}

/// Says that one has forgotten the password.
async fn ask(browser: &mut Browser, login: &str) -> Page {
    let page = browser.get("/recover").await;
    assert_eq!(page.status, 200, "{}", page.text());
    browser.post("/recover", &filled(page.form("/recover"), &[("username", login)])).await
}

/// Chooses a password by a link.
async fn choose(browser: &mut Browser, link: &str, password: &str) -> Page {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    browser
        .post("/recover/password", &filled(page.form("/recover/password"), &[("password", password)]))
        .await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

on_both_engines!(
    a_forgotten_password_is_replaced_by_mail_and_ends_everything_that_the_old_one_opened,
    |engine| {
        let mut office = Office::open(engine).await;
        let ada = office.app.user("ada").await;
        let rp = office.app.rp("web").await;
        let mut laptop = office.app.browser();
        let tokens = rp.tokens(&mut laptop, "ada", "openid offline_access").await;
        let mut phone = signed_in(&office.app, "ada").await;

        // From the sign-in page of an application, by the address, however it is spelled.
        let mut browser = office.app.browser();
        let login = browser.open(&rp.authorization("openid", &[("login_hint", "ada")])).await;
        let way = login.attribute("a[href^='/recover']", "href");
        let page = browser.get(&way).await;
        assert!(page.form("/recover").contains(&("username".to_owned(), "ada".to_owned())), "the hint");
        let sent = browser
            .post("/recover", &filled(page.form("/recover"), &[("username", " Ada@Example.COM ")]))
            .await;
        assert!(sent.text().contains("a mail is on its way"), "{}", sent.text());
        let back = browser.get(&sent.attribute("a[href^='/login']", "href")).await;
        assert!(back.text().contains("to continue to Client web"), "and back to the application's");
        let link = office.link("ada@example.com", "Choose a new password for").await;

        // Mail programs look at links, and so do people, more than once.
        for _ in 0..3 {
            let page = office.app.browser().get(&link).await;
            assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-store")));
            assert_eq!(page.header("referrer-policy"), Some("same-origin"), "the link is told to nobody");
            assert!(page.text().contains("for the account ada"), "{}", page.text());
            page.assert_inert();
        }
        assert!(
            is_signed_in(&mut laptop).await && rp.is_active(tokens.access()).await,
            "asking changes nothing"
        );

        let mut stranger = office.app.browser();
        let chosen = choose(&mut stranger, &link, NEW).await;
        let page = stranger.follow(chosen).await;
        assert!(
            page.text().contains("Where you are signed in") && page.text().contains("password is changed")
        );
        assert!(!office.opens("ada", PASSWORD).await, "the old one");
        assert!(office.opens("ada", NEW).await);
        assert!(!is_signed_in(&mut laptop).await && !is_signed_in(&mut phone).await);
        assert!(!rp.is_active(tokens.access()).await);
        assert_eq!(rp.refresh(tokens.refresh()).await.status, 400);

        // It was used.
        let mut browser = office.app.browser();
        assert!(browser.get(&link).await.refusal(403).contains("does not work any more"));
        let form = stranger.get("/recover").await.form("/recover");
        let token = link.split("token=").nth(1).unwrap();
        let again = filled(form, &[("token", token), ("password", "another quiet violet harbour")]);
        stranger.post("/recover/password", &again).await.refusal(403);
        assert!(office.opens("ada", NEW).await);

        let link = office.link("ada@example.com", "Your password for").await;
        assert_eq!(link, "/recover", "where a new one is asked for if that was somebody else");
        let log = office.app.audit_log().await;
        for action in ["recovery.ask", "user.reset_password"] {
            assert!(log.contains(&format!("{action} user:{}", ada.id)), "{action}: {log:?}");
        }
    }
);

on_both_engines!(asvs_6_4_3_the_second_factor_stays_and_is_asked_for, |engine| {
    let mut office = Office::open(engine).await;
    office.app.user("ada").await;
    let mut owner = signed_in(&office.app, "ada").await;
    let (phone, codes) = set_up(&office.app, &mut owner).await;
    assert!(office.mail().await.subject.starts_with("An authenticator app was set up"));
    let link = office.reset_link("ada").await;
    // In the owner's own browser too, where a session was (keycloak#12759).
    for browser in [&mut owner.clone(), &mut office.app.browser()] {
        let page = browser.get(&link).await;
        assert!(page.status == 200, "{}", page.text());
    }
    let chosen = choose(&mut owner, &link, NEW).await;
    assert!(chosen.location().starts_with("/login/second?flow="), "{}", chosen.location());
    assert!(!is_signed_in(&mut owner).await, "neither the old session nor a new one");
    let second = owner.follow(chosen).await;
    for way_round in ["/account", "/account/sign-in", "/admin", "/account/sign-in/app"] {
        assert!(owner.open(way_round).await.body.contains("login-submit"), "{way_round}");
    }
    assert_eq!(enter(&mut owner, &second, "000000").await.status, 401);
    office.app.advance(30);
    let page = enter(&mut owner, &second, &phone.code(&office.app)).await;
    assert!(page.text().contains("Where you are signed in"), "{}", page.text());
    // The new password alone does not, and the recovery codes are still good.
    let mut other = office.app.browser();
    let page = other.open("/account").await;
    let second = other.sign_in_with(&page, "ada", NEW).await;
    assert!(second.text().contains("One more step"), "{}", second.text());
    assert!(enter(&mut other, &second, &codes[0]).await.text().contains("Where you are signed in"));
});

on_both_engines!(asvs_6_3_8_nobody_learns_who_has_an_account, |engine| {
    let mut office = Office::open_with(engine, |config| config.throttle.address_failures = 1000).await;
    for name in ["ada", "off", "nomail", "nopassword", "unconfirmed"] {
        office.app.user(name).await;
    }
    let user = async |name: &str| office.app.app.store.user_by_login(name).await.unwrap().unwrap();
    office.change(&user("off").await, |user| user.disabled = true).await;
    office.change(&user("nomail").await, |user| user.email = None).await;
    // Whose address may be mistyped, or somebody else's on purpose.
    office.change(&user("unconfirmed").await, |user| user.email_verified = false).await;
    let mut nopassword = user("nopassword").await;
    let audit = office.app.app.audit(&Origin::system(), "test", String::new(), "");
    office.app.app.store.delete_user(&nopassword.id, &audit).await.unwrap();
    nopassword.password_hash = None;
    let audit = office.app.app.audit(&Origin::system(), "test", String::new(), "");
    office.app.app.store.insert_user(&nopassword, &audit).await.unwrap();

    let mut browser = office.app.browser();
    let long = "x".repeat(5000);
    let mut answers = BTreeSet::new();
    for login in [
        "ada",
        "ada@example.com",
        "nobody",
        "nobody@example.com",
        "off",
        "off@example.com",
        "nomail",
        "nopassword",
        "nopassword@example.com",
        "unconfirmed",
        "unconfirmed@example.com",
        "ada\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "' OR 1=1 --",
        "\"><script>alert(1)</script>",
        "\u{202e}ada",
        "%00",
        &long,
    ] {
        let page = ask(&mut browser, login).await;
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &page.headers {
            headers.insert(name.to_string(), value.to_str().unwrap().to_owned());
        }
        headers.remove("x-request-id");
        // The sealed sign-in is another one each time, and as long.
        let flow = page.attribute("a[href^='/login']", "href");
        let body = page.body.replace(flow.split("flow=").nth(1).unwrap(), "");
        page.assert_inert();
        answers.insert((page.status.as_u16(), headers, body));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    for _ in 0..2 {
        office.link("ada@example.com", "Choose a new password for").await;
    }
    let mails = office.app.app.store.mails(None, 100).await.unwrap();
    assert_eq!(mails.len(), 2, "to nobody else: {mails:?}");
});

on_both_engines!(guessing_names_is_limited_and_nobody_is_flooded, |engine| {
    let office = Office::open_with(engine, |config| config.throttle.address_failures = 5).await;
    office.app.user("ada").await;
    let mut browser = office.app.browser();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(ask(&mut browser, "ada").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let refused = ask(&mut browser, "nobody").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("900")));
    assert!(refused.text().contains("Too many attempts") && !refused.form("/recover").is_empty());
    office.app.advance(900);
    assert_eq!(ask(&mut browser, "nobody").await.status, 200);
    // The outbox takes three to one address. They are put there after the answers.
    for _ in 0..1000 {
        if office.mails("reset_password").await >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(office.mails("reset_password").await, 3);
});

on_both_engines!(of_many_who_use_one_link_at_once_one_does, |engine| {
    let mut office = Office::open(engine).await;
    office.app.user("ada").await;
    let link = office.reset_link("ada").await;
    let mut crowd = Vec::new();
    for number in 0..6 {
        let mut browser = office.app.browser();
        let page = browser.get(&link).await;
        let password = format!("{NEW} number {number}");
        let form = filled(page.form("/recover/password"), &[("password", &password)]);
        crowd.push(async move { (browser.post("/recover/password", &form).await.status.as_u16(), password) });
    }
    let answers = at_once(crowd).await;
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 303).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| [303, 403].contains(status)), "{answers:?}");
    for (_, password) in &answers {
        assert_eq!(office.opens("ada", password).await, *password == won[0].1);
    }
    let resets = office.app.audit_log().await.iter().filter(|row| row.starts_with("user.reset")).count();
    assert_eq!((resets, office.mails("password_changed").await), (1, 1));
});

on_both_engines!(a_link_ends_with_what_it_was_made_for, |engine| {
    let mut office = Office::open(engine).await;
    // What happens meanwhile, and whether the link works afterwards.
    for (name, still_works) in [
        ("nothing", true),
        ("time", true),
        ("too-much-time", false),
        ("newer", false),
        ("password", false),
        ("address", false),
        ("off-and-on", false),
        ("deleted", false),
    ] {
        let user = office.app.user(name).await;
        let link = office.reset_link(name).await;
        // Somebody looks at the form just before, and sends it after.
        let mut browser = office.app.browser();
        let form = browser.get(&link).await.form("/recover/password");
        let audit = office.app.app.audit(&Origin::system(), "test", String::new(), "");
        match name {
            "nothing" => {}
            "time" => office.app.advance(3599),
            "too-much-time" => office.app.advance(3600),
            "newer" => drop(office.reset_link(name).await),
            "password" => {
                let now = office.app.app.clock.now();
                assert!(office.app.app.store.set_password(&user.id, "x", None, now, &audit).await.unwrap());
            }
            "address" => drop(office.change(&user, |user| user.email = Some("new@example.com".into())).await),
            "off-and-on" => {
                office.change(&user, |user| user.disabled = true).await;
                browser.get(&link).await.refusal(403);
                office.change(&user, |user| user.disabled = false).await;
            }
            _ => assert!(office.app.app.store.delete_user(&user.id, &audit).await.unwrap()),
        }
        let answer = browser.post("/recover/password", &filled(form, &[("password", NEW)])).await;
        if still_works {
            assert_eq!(answer.status, 303, "{name}: {}", answer.text());
            office.link(&format!("{name}@example.com"), "Your password for").await;
        } else {
            assert!(answer.refusal(403).contains("Ask for a new one"), "{name}");
            office.app.browser().get(&link).await.refusal(403);
            assert!(!office.opens(name, NEW).await, "{name}");
        }
    }
});

on_both_engines!(asking_too_often_does_not_end_the_link_that_was_mailed, |engine| {
    let mut office = Office::open(engine).await;
    office.app.user("ada").await;
    for _ in 0..2 {
        office.reset_link("ada").await;
    }
    let link = office.reset_link("ada").await;
    let asked = ask(&mut office.app.browser(), "ada").await;
    assert_eq!(asked.status, 200, "whoever asks is not told");
    // What asking set off is over when another one's mail is there.
    office.app.user("bob").await;
    office.reset_link("bob").await;
    assert_eq!(choose(&mut office.app.browser(), &link, NEW).await.status, 303);
});

on_both_engines!(
    ghsa_93m4_mfpg_c3xf_the_link_is_to_the_configured_issuer_whatever_a_request_says,
    |engine| {
        let mut office = Office::open(engine).await;
        office.app.user("ada").await;
        let mut browser = office.app.browser();
        let page = browser.get("/recover").await;
        let body = crate::support::encode(&filled(page.form("/recover"), &[("username", "ada")]));
        let mut request = crate::support::form("/recover", body);
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "192.0.2.66"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-host", "evil.example"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        assert_eq!(browser.send(request).await.status, 200);
        let mail = office.mail().await;
        assert!(mail.link.as_str().starts_with("http://localhost:8080/recover/password?token="));
        let letter = std::fs::read_to_string(&mail.file).unwrap();
        assert!(!letter.contains("evil.example"), "{letter}");
    }
);

on_both_engines!(wrong_forms_are_refused_and_use_nothing_up, |engine| {
    let mut office = Office::open(engine).await;
    let ada = office.app.user("ada").await;
    let eve = office.app.user("eve").await;
    let before = office.app.stored_user(&eve.id).await.password_hash;
    let link = office.reset_link("ada").await;
    let mut browser = office.app.browser();
    let page = browser.get(&link).await;
    let form = filled(page.form("/recover/password"), &[("password", NEW)]);
    let token = form.iter().find(|(name, _)| name == "token").unwrap().1.clone();
    let hash = countersign::protocol::secret::sha256_hex(&token);
    let long = "x ".repeat(513);
    for (name, value, status) in [
        ("csrf", "x", 403),
        ("csrf", "", 403),
        ("token", "", 403),
        ("token", "x", 403),
        ("token", &hash, 403),
        ("token", &token.to_uppercase(), 403),
        ("token", &token[1..], 403),
        ("token", &format!("{token}x"), 403),
        ("password", "", 422),
        ("password", "short", 422),
        ("password", &long, 422),
        ("password", "password1", 422),
        ("password", "ada@example.com", 422),
    ] {
        let answer = browser.post("/recover/password", &filled(form.clone(), &[(name, value)])).await;
        assert_eq!(answer.status, status, "{name}={value:.20}: {}", answer.text());
        answer.assert_inert();
        if status == 422 {
            assert!(answer.form("/recover/password").contains(&("token".to_owned(), token.clone())));
            assert!(
                value.is_empty() || !answer.body.contains(&format!("value=\"{value}\"")),
                "never the password"
            );
        }
    }
    // Twice the same field, another content type, another browser.
    let twice: Vec<_> = form.iter().cloned().chain([("token".to_owned(), "x".to_owned())]).collect();
    assert_eq!(browser.post("/recover/password", &twice).await.status, 400);
    office.app.browser().post("/recover/password", &form).await.refusal(403);
    for (address, status) in [
        ("/recover/password", 403),
        ("/recover/password?token=", 403),
        ("/recover/password?token=%00", 400),
        ("/recover/password?token=x&token=y", 400),
        ("/recover?flow=x", 400),
        ("/verify-address?token=x", 403),
        (&format!("/verify-address?token={token}"), 403),
    ] {
        browser.get(address).await.refusal(status);
    }
    let empty = browser.get("/recover").await.form("/recover");
    for login in ["", "   "] {
        let answer = browser.post("/recover", &filled(empty.clone(), &[("username", login)])).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    // CVE-2023-26481, GHSA-qgqp-xh8r-v73r: whose link it is, the link says.
    let others = [("username", "eve"), ("user", eve.id.as_str()), ("email", "eve@example.com"), ("sub", "x")];
    assert_eq!(browser.post("/recover/password", &filled(form, &others)).await.status, 303);
    assert!(office.opens("ada", NEW).await);
    assert_eq!(office.app.stored_user(&eve.id).await.password_hash, before);
    assert_ne!(office.app.stored_user(&ada.id).await.password_hash, before);
});

// Endpoints in any order, with anything that a browser could be made to send, without anybody reading the mail.
on_both_engines!(cve_2026_18963_no_order_of_steps_changes_a_password_without_the_mail, |engine| {
    let office = Office::open_with(engine, |config| config.throttle.address_failures = 10_000).await;
    let ada = office.app.user("ada").await;
    office.app.user("eve").await;
    let mut browsers = [signed_in(&office.app, "eve").await, office.app.browser()];
    let mut seen: Vec<Vec<(String, String)>> = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    let paths = ["/recover", "/recover/password", "/verify-address", "/login", "/login/second", "/sign-up"];
    for _ in 0..rounds() {
        let browser = &mut browsers[pick(2)];
        let path = paths[pick(paths.len())];
        let page = browser.get(path).await;
        for form in paths.map(|path| page.form(path)).into_iter().filter(|form| !form.is_empty()) {
            seen.push(form);
        }
        let Some(form) = seen.get(pick(seen.len().max(1))) else { continue };
        let mut form = form.clone();
        // The parts of different forms together, and of this browser.
        for (name, value) in &seen[pick(seen.len())] {
            if pick(2) == 0 {
                form.retain(|(known, _)| known != name);
                form.push((name.clone(), value.clone()));
            }
        }
        let csrf = browser.get("/recover").await.form("/recover");
        let csrf = &csrf.iter().find(|(name, _)| name == "csrf").unwrap().1;
        let values = ["ada", "ada@example.com", ada.id.as_str(), NEW, "", "1", "true", "recover", "null"];
        let names = ["username", "password", "token", "code", "step", "user", "email", "new", "flow"];
        let mut guess: Vec<(&str, &str)> = vec![("csrf", csrf), ("username", "ada"), ("password", NEW)];
        for _ in 0..pick(3) {
            guess.push((names[pick(names.len())], values[pick(values.len())]));
        }
        let answer = browser.post(paths[pick(paths.len())], &filled(form, &guess)).await;
        assert!(answer.status.as_u16() < 500, "{}", answer.text());
        if answer.status.is_redirection() && answer.location().starts_with('/') {
            browser.get(answer.location()).await;
        }
        office.app.advance(20);
    }
    assert_eq!(office.app.stored_user(&ada.id).await.password_hash, ada.password_hash);
    assert!(office.mails("reset_password").await > 0, "it did ask");
    for browser in &mut browsers {
        assert!(!browser.get("/account").await.text().contains("ada of Example"));
    }
});

fn rounds() -> usize {
    crate::support::rounds(60)
}

on_both_engines!(an_address_is_confirmed_by_its_user_where_they_are_signed_in, |engine| {
    let mut office = Office::open(engine).await;
    let ada = office.app.user("ada").await;
    office.app.user("eve").await;
    let before = office.change(&ada, |user| user.email_verified = false).await;
    let mut browser = signed_in(&office.app, "ada").await;
    let page = browser.get("/account").await;
    assert!(page.text().contains("Nobody has confirmed yet that ada@example.com"), "{}", page.text());
    let asked = browser.post("/account/verify-address", &page.form("/account/verify-address")).await;
    assert_eq!(asked.location(), "/account?done=address-mailed");
    let link = office.link("ada@example.com", "Confirm your e-mail address for").await;
    assert!(link.starts_with("/verify-address?token="), "{link}");

    // GHSA-xhpr-465j-7p9q: whoever opens it elsewhere, mail programs too, confirms nothing.
    let mut stranger = office.app.browser();
    let login = stranger.open(&link).await;
    assert!(login.body.contains("login-submit"), "{}", login.text());
    let mut eve = signed_in(&office.app, "eve").await;
    assert!(eve.get(&link).await.refusal(403).contains("another account"));
    let token = link.split("token=").nth(1).unwrap();
    let form = eve.get("/account").await.form("/account/sign-out");
    eve.post("/verify-address", &filled(form.clone(), &[("token", token)])).await.refusal(403);
    let csrf = stranger.get("/login").await.form("/login");
    stranger.post("/verify-address", &filled(csrf, &[("token", token)])).await.refusal(403);
    let page = browser.get(&link).await;
    assert!(page.text().contains("Is ada@example.com your address?"), "{}", page.text());
    page.assert_inert();
    let form = page.form("/verify-address");
    browser.post("/verify-address", &filled(form.clone(), &[("csrf", "x")])).await.refusal(403);
    browser.post("/verify-address", &filled(form.clone(), &[("token", "x")])).await.refusal(403);
    assert!(!office.app.stored_user(&ada.id).await.email_verified);

    // In another browser the sign-in leads to it.
    let page = stranger.sign_in(&login, "ada").await;
    assert!(page.text().contains("Is ada@example.com your address?"), "{}", page.text());
    let attempts = (0..6).map(|_| {
        let (mut browser, form) = (browser.clone(), form.clone());
        async move { browser.post("/verify-address", &form).await.status.as_u16() }
    });
    let mut statuses = at_once(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403, 403, 403, 403, 403]);
    let after = office.app.stored_user(&ada.id).await;
    assert!(after.email_verified && after.updated_at > before.updated_at);
    let page = browser.get("/account?done=address-verified").await;
    assert!(
        page.text().contains("Your address is confirmed.") && page.form("/account/verify-address").is_empty()
    );
    browser.get(&link).await.refusal(403);
    let rp = office.app.rp("web").await;
    let tokens = rp.tokens(&mut browser, "ada", "openid email").await;
    assert_eq!(rp.userinfo(tokens.access()).await.json()["email_verified"], json!(true));
    let log = office.app.audit_log().await;
    for action in ["address.ask", "address.verify"] {
        assert_eq!(
            log.iter().filter(|row| **row == format!("{action} user:{}", ada.id)).count(),
            1,
            "{log:?}"
        );
    }
    // There is nothing left to confirm.
    let form = browser.get("/account").await.form("/account/sign-out");
    browser.post("/account/verify-address", &form).await.refusal(404);
});

on_both_engines!(a_link_confirms_the_address_it_went_to_for_a_day, |engine| {
    let mut office = Office::open(engine).await;
    let ada = office.app.user("ada").await;
    let mut browser = signed_in(&office.app, "ada").await;
    for case in ["renamed", "late", "other-address", "newer"] {
        office
            .change(&ada, |user| (user.email_verified, user.email) = (false, Some("ada@example.com".into())))
            .await;
        // Nobody is written to more than three times within the hour.
        office.app.advance(3600);
        let form = browser.get("/account").await.form("/account/verify-address");
        assert_eq!(browser.post("/account/verify-address", &form).await.status, 303, "{case}");
        let link = office.link("ada@example.com", "Confirm your e-mail address for").await;
        let page = browser.get(&link).await.form("/verify-address");
        let status = match case {
            "renamed" => {
                office.change(&ada, |user| user.name = Some("Ada".into())).await;
                303
            }
            "late" => {
                office.app.advance(86_400);
                let login = browser.open("/account").await;
                browser.sign_in(&login, "ada").await;
                403
            }
            "other-address" => {
                office.change(&ada, |user| user.email = Some("new@example.com".into())).await;
                403
            }
            _ => {
                browser.post("/account/verify-address", &form).await;
                office.link("ada@example.com", "Confirm your e-mail address for").await;
                403
            }
        };
        assert_eq!(browser.post("/verify-address", &page).await.status, status, "{case}");
        assert_eq!(office.app.stored_user(&ada.id).await.email_verified, status == 303, "{case}");
    }
    // The third within the hour that recovers no account is not sent, and its asker is told.
    let form = browser.get("/account").await.form("/account/verify-address");
    browser.post("/account/verify-address", &form).await;
    let refused = browser.post("/account/verify-address", &form).await.refusal(429);
    assert!(refused.contains("as often as we do within an hour"), "{refused}");
});

on_both_engines!(
    asvs_6_3_7_users_hear_of_another_password_if_their_address_is_known_to_be_theirs,
    |engine| {
        let mut office = Office::open(engine).await;
        office.app.user("ada").await;
        let bob = office.app.user("bob").await;
        office.change(&bob, |user| user.email_verified = false).await;
        for (name, heard) in [("bob", 0), ("ada", 1)] {
            let mut browser = signed_in(&office.app, name).await;
            let form = browser.get("/account").await.form("/account/password");
            let fields = filled(form, &[("current", PASSWORD), ("new", NEW)]);
            assert_eq!(browser.post("/account/password", &fields).await.status, 303);
            assert_eq!(office.mails("password_changed").await, heard, "{name}");
        }
        let mail = office.mail().await;
        assert_eq!(mail.to, "ada@example.com");
        let (_, mut root) = administrator(&office.app, "root").await;
        let ada = office.app.app.store.user_by_login("ada").await.unwrap().unwrap();
        let path = format!("/admin/users/{}", ada.id);
        let form = root.get(&path).await.form(&format!("{path}/password"));
        let set = root
            .post(&format!("{path}/password"), &filled(form, &[("password", "violet harbour quiet")]))
            .await;
        assert_eq!(set.status, 303, "{}", set.text());
        let mail = office.mail().await;
        let letter = std::fs::read_to_string(&mail.file).unwrap();
        assert!(mail.subject.starts_with("Your password for") && !letter.contains("IP address"), "{letter}");
    }
);

#[tokio::test]
async fn without_mail_nothing_is_offered_that_needs_it() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    let mut after = User { email_verified: false, ..ada.clone() };
    after.updated_at = Timestamp(ada.updated_at.0 + 1);
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&after, ada.updated_at, &audit).await.unwrap());
    let mut browser = app.browser();
    let login = browser.open("/login").await;
    assert!(!login.body.contains("/recover") && !login.text().contains("Forgot"));
    assert!(browser.get("/recover").await.refusal(404).contains("sends no mail"));
    browser.post("/recover", &filled(login.form("/login"), &[("username", "ada")])).await.refusal(404);
    let page = browser.sign_in(&login, "ada").await;
    assert!(page.form("/account/verify-address").is_empty());
    browser.post("/account/verify-address", &page.form("/account/sign-out")).await.refusal(404);
    assert!(app.app.store.mails(None, 10).await.unwrap().is_empty());
}

on_both_engines!(asvs_6_2_4_easy_passwords_are_refused_wherever_one_is_chosen, |engine| {
    let app = TestApp::start(engine).await.configured(|config| config.sign_up = SignUpMode::Open);
    app.user("ada").await;
    let (_, mut root) = administrator(&app, "root").await;
    let mut browser = signed_in(&app, "ada").await;
    for (password, why) in [
        ("password1", "among the first that are tried"),
        ("qwertyuiop", "among the first that are tried"),
        ("ada@example.com", "made of your name"),
        ("localhost:8080", "made of your name"),
        ("abcdefghijkl", "easy to guess"),
        ("handkerchief", "too easy to guess"),
    ] {
        let form = filled(
            browser.get("/account").await.form("/account/password"),
            &[("current", PASSWORD), ("new", password)],
        );
        let page = browser.post("/account/password", &form).await;
        assert!(
            page.status == 400 && page.text().contains(why),
            "{password}: {} {}",
            page.status,
            page.text()
        );
        let mut new = app.browser();
        let form = new.get("/sign-up").await.form("/sign-up");
        let fields =
            [("username", "ada2"), ("email", "ada@example.com"), ("name", "Ada"), ("password", password)];
        let page = new.post("/sign-up", &filled(form, &fields)).await;
        assert!(
            page.status == 422 && page.text().contains(why),
            "{password}: {} {}",
            page.status,
            page.text()
        );
        let form = root.get("/admin/users/new").await.form("/admin/users");
        let fields = [("username", "ada2"), ("email", "ada@example.com"), ("password", password)];
        let page = root.post("/admin/users", &filled(form, &fields)).await;
        assert_eq!(page.status, 400, "{password}: {}", page.text());
    }
    assert!(app.app.store.user_by_login("ada2").await.unwrap().is_none());
});
