//! Signing in with the password of an organisation's directory (LDAP), at a real one.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use countersign::app::{Origin, Parts};
use countersign::authn::device::Devices;
use countersign::authn::directory::{Directory, DirectoryError, Guesses};
use countersign::authn::means::account_of;
use countersign::authn::prove;
use countersign::config::{self, Bind};
use countersign::i18n::Language;
use countersign::protocol::assurance::Level;
use countersign::protocol::sign_in::Method;
use countersign::protocol::user::User;
use countersign::sealing::Purpose;
use countersign::store::AuthenticatorApp;

use crate::support::slapd::{GROUPS, PEOPLE, Slapd, THEIRS};
use crate::support::{Browser, Engine, PASSWORD, Page, START, TestApp, filled, on_both_engines};

async fn start(engine: Engine, settings: config::Directory) -> TestApp {
    TestApp::start_at(engine, START * 1000, |config| config.directory = Some(settings)).await
}

/// One attempt with the form of a sign-in page.
async fn attempt(app: &TestApp, username: &str, password: &str) -> (Browser, Page) {
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    let fields = filled(page.form("/login"), &[("username", username), ("password", password)]);
    let page = browser.post("/login", &fields).await;
    (browser, page)
}

async fn status(app: &TestApp, username: &str, password: &str) -> u16 {
    attempt(app, username, password).await.1.status.as_u16()
}

async fn user(app: &TestApp, login: &str) -> User {
    app.app.store.user_by_login(login).await.unwrap().unwrap()
}

async fn groups(app: &TestApp, user: &User) -> Vec<String> {
    app.app.store.directory_groups(&user.id).await.unwrap().names.clone()
}

fn audit(app: &TestApp) -> countersign::store::AuditEntry {
    app.app.audit(&Origin::system(), "test", String::new(), "")
}

on_both_engines!(the_first_sign_in_makes_an_account_and_later_ones_refresh_it, |engine| {
    let slapd = Slapd::start();
    let app = start(engine, slapd.settings()).await;
    let (mut browser, page) = attempt(&app, " Ada ", THEIRS).await;
    assert_eq!(page.status, 303, "{}", page.text());
    let account = browser.open("/account").await.text();
    assert!(account.contains("Ada Lovelace"), "{account}");

    let ada = user(&app, "ada").await;
    assert_eq!(ada.email.as_deref(), Some("ada@example.org"));
    assert!(ada.email_verified && !ada.is_admin && ada.password_hash.is_none());
    assert_eq!(groups(&app, &ada).await, ["staff"]);
    assert!(app.audit_log().await.contains(&format!("user.create user:{}", ada.id)));
    let sessions = app.app.store.sessions_of_user(&ada.id, app.app.clock.now()).await.unwrap();
    assert_eq!(sessions[0].methods, "pwd");

    // By the address too; nothing changed, and nothing is written.
    assert_eq!(status(&app, "ada@example.org", THEIRS).await, 303);
    assert_eq!(user(&app, "ada").await.updated_at, ada.updated_at);

    // Renamed, with another address, and out of the group: the account stays the same.
    slapd.set(&format!("cn=staff,{GROUPS}"), "member", &format!("uid=ghost,{PEOPLE}")).await;
    let mut administrator = slapd.administrator().await;
    let renamed = administrator.modifydn(&format!("uid=ada,{PEOPLE}"), "uid=countess", true, None).await;
    renamed.unwrap().success().unwrap();
    let dn = format!("uid=countess,{PEOPLE}");
    slapd.set(&dn, "mail", "countess@example.org").await;
    slapd.set(&dn, "cn", "Countess of Lovelace").await;
    assert_eq!(status(&app, "ada", THEIRS).await, 401, "her name of yesterday");
    assert_eq!(status(&app, "countess", THEIRS).await, 303);
    let countess = user(&app, "countess").await;
    assert_eq!(countess.id, ada.id);
    assert_eq!(countess.email.as_deref(), Some("countess@example.org"));
    assert_eq!(countess.name.as_deref(), Some("Countess of Lovelace"));
    assert_eq!(groups(&app, &countess).await, [""; 0]);
    // Applications behind a proxy know people by their names: nobody else is called as she was.
    let heir = User { id: "heir".into(), username: "ada".to_owned(), email: None, ..countess };
    let taken = app.app.store.insert_user(&heir, &audit(&app)).await.unwrap_err();
    assert!(taken.to_string().contains("user name"), "{taken}");
});

on_both_engines!(an_account_of_this_servers_own_is_never_taken_over, |engine| {
    let slapd = Slapd::start();
    let app = start(engine, slapd.settings()).await;
    let ada = app.user("ada").await;
    // The same name: only this server's password counts.
    assert_eq!(status(&app, "ada", THEIRS).await, 401);
    assert_eq!(status(&app, "ada", PASSWORD).await, 303);
    // The same name, by way of the address that only the directory knows.
    assert_eq!(status(&app, "ada@example.org", THEIRS).await, 401);
    assert!(app.audit_log().await.contains(&"directory.clash user:unknown".to_owned()));
    // The same address.
    let holder = User { email: Some("bob@example.org".to_owned()), ..ada.clone() };
    let holder =
        User { updated_at: countersign::protocol::timestamp::Timestamp(ada.updated_at.0 + 1), ..holder };
    assert!(app.app.store.update_user(&holder, ada.updated_at, &audit(&app)).await.unwrap());
    assert_eq!(status(&app, "bob", THEIRS).await, 401);
    assert!(app.app.store.user_by_login("bob").await.unwrap().is_none());
    assert_eq!(app.app.store.users("", 10).await.unwrap().len(), 1);

    // An address that becomes somebody else's is left out; the person gets in all the same, and so do their groups.
    assert_eq!(status(&app, "eve", THEIRS).await, 303);
    slapd.set(&format!("uid=eve,{PEOPLE}"), "mail", "bob@example.org").await;
    slapd.set(&format!("cn=staff,{GROUPS}"), "member", &format!("uid=eve,{PEOPLE}")).await;
    assert_eq!(status(&app, "eve", THEIRS).await, 303);
    let eve = user(&app, "eve").await;
    assert_eq!(eve.email.as_deref(), Some("eve@example.org"));
    assert_eq!(groups(&app, &eve).await, ["staff"]);
});

on_both_engines!(a_name_that_is_given_to_somebody_else_opens_nothing, |engine| {
    let slapd = Slapd::start();
    let app = start(engine, slapd.settings()).await;
    assert_eq!(status(&app, "ada", THEIRS).await, 303);
    let ada = user(&app, "ada").await;
    slapd.delete("ada").await;
    assert_eq!(status(&app, "ada", THEIRS).await, 401, "gone");
    slapd.add("ada", "other@example.org").await;
    assert_eq!(status(&app, "ada", THEIRS).await, 401, "another person of that name");
    assert!(app.audit_log().await.contains(&"directory.clash user:unknown".to_owned()));
    assert_eq!(user(&app, "ada").await.email, ada.email);
});

on_both_engines!(switched_off_and_throttled_as_every_account, |engine| {
    let slapd = Slapd::start();
    let app = start(engine, slapd.settings()).await;
    assert_eq!(status(&app, "ada", THEIRS).await, 303);
    let ada = user(&app, "ada").await;
    let mut off = User { disabled: true, ..ada.clone() };
    off.updated_at.0 += 1;
    assert!(app.app.store.update_user(&off, ada.updated_at, &audit(&app)).await.unwrap());
    assert_eq!(status(&app, "ada", THEIRS).await, 401);
    assert!(app.audit_log().await.contains(&format!("session.refused user:{}", ada.id)));

    for _ in 0..10 {
        assert_eq!(status(&app, "bob", "wrong").await, 401);
    }
    assert_eq!(status(&app, "bob", THEIRS).await, 429);
});

#[tokio::test]
async fn wrong_inputs_let_nobody_in() {
    let slapd = Slapd::start();
    let app = start(Engine::Sqlite, slapd.settings()).await;
    let app = app.configured(|config| config.throttle.address_failures = 1000);
    let directory = app.app.directory.clone().unwrap();
    let long = "x".repeat(300);
    let too_long = format!("{THEIRS}{}", "x".repeat(1100));
    for (login, password) in [
        ("ada", ""),
        ("ada", "wrong"),
        ("ada", &too_long),
        ("ada", "\0"),
        ("", THEIRS),
        ("*", THEIRS),
        ("ad*", THEIRS),
        ("*)(uid=*", THEIRS),
        ("ada)(objectClass=*", THEIRS),
        ("ada)(|(uid=*", THEIRS),
        ("\\61da", THEIRS),
        ("ada\0", THEIRS),
        // These are addresses as far as their form goes.
        ("ad*@example.org", THEIRS),
        ("*@example.org", THEIRS),
        ("\\61da@example.org", THEIRS),
        // Directories prepare names (RFC 4518) so that these would be ada's.
        ("\u{ff41}da", THEIRS),
        ("a\u{ad}da", THEIRS),
        ("uid=ada,ou=people,dc=example,dc=org", THEIRS),
        ("nobody", THEIRS),
        ("nobody", ""),
        ("ghost", THEIRS),
        ("ghost", ""),
        ("reader", "reads"),
        ("admin", "secret"),
        ("odd@example.org", THEIRS),
        (&long, THEIRS),
    ] {
        // No form holds a NUL.
        let expected = if login.contains('\0') || password.contains('\0') { 400 } else { 401 };
        assert_eq!(status(&app, login, password).await, expected, "{login} {password:.20}");
        let entry = directory.entry(&Guesses::Elsewhere, &login.to_lowercase(), password).await.unwrap();
        assert_eq!(entry, None, "{login} {password:.20}");
    }
    assert!(app.app.store.users("", 10).await.unwrap().is_empty());
    // What would be found by each of two entries is nobody's.
    let both = config::Directory { filter: "(|(uid={login})(uid=bob))".to_owned(), ..slapd.settings() };
    assert_eq!(Directory::new(both).unwrap().entry(&Guesses::Elsewhere, "ada", THEIRS).await.unwrap(), None);
    assert!(directory.entry(&Guesses::Elsewhere, "ada", THEIRS).await.unwrap().is_some());
}

#[tokio::test]
async fn the_way_there_is_protected_or_not_taken() {
    let slapd = Slapd::start();
    let stranger =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem().into_bytes();
    let by_tls = slapd.settings();
    let by_start_tls = slapd.by_start_tls();
    let at_address = |settings: &config::Directory| {
        let mut url = settings.url.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        config::Directory { url, ..settings.clone() }
    };
    let with_ca = |settings: &config::Directory, pem: Option<Vec<u8>>| config::Directory {
        ca_certificates: pem,
        ..settings.clone()
    };
    for (settings, reaches) in [
        (by_tls.clone(), true),
        (by_start_tls.clone(), true),
        (with_ca(&by_tls, None), false),
        (with_ca(&by_start_tls, None), false),
        (with_ca(&by_tls, Some(stranger.clone())), false),
        (with_ca(&by_start_tls, Some(stranger)), false),
        // The certificate is for a name.
        (at_address(&by_tls), false),
        (at_address(&by_start_tls), false),
    ] {
        let what = format!("{} {}", settings.url, settings.start_tls);
        let outcome = Directory::new(settings).unwrap().entry(&Guesses::Elsewhere, "ada", THEIRS).await;
        match outcome {
            Ok(entry) => assert!(reaches && entry.unwrap().username == "ada", "{what}"),
            Err(DirectoryError::Silent(_)) => assert!(!reaches, "{what}"),
            Err(other) => panic!("{what}: {other}"),
        }
    }
    let broken = Directory::new(with_ca(&by_tls, Some(b"no PEM".to_vec())));
    assert!(matches!(broken, Err(DirectoryError::Certificates(_))));
}

#[tokio::test]
async fn whoever_signs_in_may_look_themselves_up() {
    let slapd = Slapd::start();
    let as_user = config::Directory {
        bind: Bind::AsUser(format!("uid={{login}},{PEOPLE}")),
        filter: "(objectClass=inetOrgPerson)".to_owned(),
        ..slapd.settings()
    };
    let directory = Directory::new(as_user).unwrap();
    let entry = directory.entry(&Guesses::Elsewhere, "ada", THEIRS).await.unwrap().unwrap();
    assert_eq!((entry.username.as_str(), entry.name.as_deref()), ("ada", Some("Ada Lovelace")));
    for (login, password) in [
        ("ada", ""),
        ("ada", "wrong"),
        ("nobody", THEIRS),
        ("ada,ou=people", THEIRS),
        ("ada+sn=x@example.org", THEIRS),
        ("ghost", THEIRS),
    ] {
        assert_eq!(directory.entry(&Guesses::Elsewhere, login, password).await.unwrap(), None, "{login}");
    }
    // Its own name or password is wrong: that is the operator's matter, and nobody's attempt.
    let Bind::AsService { dn, .. } = slapd.settings().bind else { panic!() };
    let bind = Bind::AsService { dn, password: zeroize::Zeroizing::new("wrong".to_owned()) };
    let directory = Directory::new(config::Directory { bind, ..slapd.settings() }).unwrap();
    assert!(matches!(
        directory.entry(&Guesses::Elsewhere, "ada", THEIRS).await,
        Err(DirectoryError::Refused(_))
    ));
}

/// Something at a port that is no directory: it says this to everybody, and then nothing.
fn impostor(says: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            // Whoever has gone away hears nothing.
            let _ = stream.write_all(says);
            held.push(stream);
        }
    });
    port
}

on_both_engines!(a_directory_that_does_not_answer_keeps_nobody_else_out, |engine| {
    let slapd = Slapd::start();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut took = Vec::new();
    for port in [
        impostor(b""),
        impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        // A message without an id, which makes the parser panic.
        impostor(b"\x30\x02\x05\x00"),
        nobody,
    ] {
        let settings = config::Directory {
            url: format!("ldap://127.0.0.1:{port}").parse().unwrap(),
            start_tls: false,
            timeout: Duration::from_secs(1),
            ..slapd.settings()
        };
        let app = start(engine, settings).await;
        app.user("ada").await;
        let started = std::time::Instant::now();
        // It costs no attempts.
        for _ in 0..if port == nobody { 12 } else { 1 } {
            let (_, page) = attempt(&app, "bob", THEIRS).await;
            assert_eq!(page.status, 503, "{}", page.text());
            assert!(page.text().contains("The directory that knows your password does not answer"));
            assert!(page.headers.contains_key("retry-after"));
        }
        took.push(started.elapsed());
        let written = app.audit_log().await;
        assert!(
            !written.iter().any(|row| row.starts_with("session.refused")),
            "anybody could fill it: {written:?}"
        );
        assert_eq!(status(&app, "ada", PASSWORD).await, 303, "an account of this server's own");
    }
    assert!(took.iter().all(|time| *time < Duration::from_secs(5)), "{took:?}");
});

on_both_engines!(whoever_left_the_directory_does_not_come_in_by_a_passkey_of_theirs, |engine| {
    let slapd = Slapd::start();
    let settings = slapd.settings();
    let app = start(engine, settings.clone()).await;
    assert_eq!(status(&app, "ada", THEIRS).await, 303);
    let ada = user(&app, "ada").await;
    let comes_in = async |app: &TestApp| {
        let origin = Origin::system();
        let user = Some(ada.clone());
        prove(
            &app.app,
            &origin,
            &Devices::default(),
            Some("ada"),
            user,
            &crate::methods::Brought(Method::Passkey, true),
        )
        .await
        .unwrap()
        .is_ok()
    };
    assert!(comes_in(&app).await);
    // One that says nothing keeps nobody out.
    let silent =
        config::Directory { url: "ldap://127.0.0.1:9".parse().unwrap(), start_tls: false, ..settings };
    let silent = Some(Arc::new(Directory::new(silent).unwrap()));
    let silent = app.but(Parts { directory: silent, ..Parts::clone(&app.app) });
    slapd.delete("ada").await;
    assert!(comes_in(&silent).await);
    assert!(!comes_in(&app).await);
});

#[tokio::test]
async fn a_second_factor_goes_with_the_directorys_password() {
    let slapd = Slapd::start();
    let app = start(Engine::Sqlite, slapd.settings()).await;
    assert_eq!(status(&app, "ada", THEIRS).await, 303);
    let ada = user(&app, "ada").await;
    assert_eq!(account_of(&app.app, &ada).await.unwrap().attainable, Level::OneFactor);
    let shared = countersign::authn::totp::Shared::new(ada.id.clone(), &app.app.entropy);
    let sealed = app.app.seals.seal(Purpose::AuthenticatorApp, &shared, &app.app.entropy).unwrap();
    let stored = AuthenticatorApp { sealed_secret: sealed, last_step: 0, created_at: 0, last_used_at: 0 };
    app.app.store.set_authenticator_app(&ada.id, &stored, &[], &audit(&app)).await.unwrap();
    assert_eq!(account_of(&app.app, &ada).await.unwrap().attainable, Level::TwoFactors);
    let (browser, page) = attempt(&app, "ada", THEIRS).await;
    assert!(page.location().starts_with("/login/second?flow="), "{}", page.location());
    assert!(!browser.cookies.contains_key("countersign-session"));
}

#[tokio::test]
async fn its_password_is_changed_there() {
    let slapd = Slapd::start();
    let app = start(Engine::Sqlite, slapd.settings()).await;
    let (mut browser, _) = attempt(&app, "ada", THEIRS).await;
    let ada = user(&app, "ada").await;
    let page = browser.open("/account").await;
    let fields = filled(page.form("/account/sign-out"), &[("current", THEIRS), ("new", "another password")]);
    let answer = browser.post("/account/password", &fields).await;
    assert!(answer.refusal(403).contains("kept by your organisation’s directory"));
    let answer = browser.get("/account/profile/address").await;
    assert!(answer.refusal(403).contains("address of this account is kept by your organisation’s directory"));
    let answer = browser.post("/account/profile/address", &fields).await;
    assert!(answer.refusal(403).contains("address of this account is kept by your organisation’s directory"));
    let (system, new) = (Origin::system(), "another password".to_owned());
    let set = countersign::admin::users::set_password(&app.app, &system, &ada, new, Language::English).await;
    assert!(set.unwrap_err().to_string().contains("change it there"));
    assert_eq!(app.stored_user(&ada.id).await.password_hash, None);
    // Without the directory the account is there, and has no password.
    let without =
        app.but(countersign::app::Parts { directory: None, ..countersign::app::Parts::clone(&app.app) });
    assert_eq!(status(&without, "ada", THEIRS).await, 401);
    assert_eq!(status(&without, "ada", "").await, 401);
}

on_both_engines!(asvs_6_3_1_one_entry_has_ten_guesses_under_all_of_its_names, |engine| {
    let slapd = Slapd::start();
    slapd.set(&format!("uid=ada,{PEOPLE}"), "mail", "ada@example.org").await;
    let app = start(engine, slapd.settings()).await;
    // Nobody of this name has an account here yet: each of the names is counted by itself, and the entry is counted too.
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "ada@example.org" };
        assert_eq!(status(&app, name, "wrong").await, 401, "{number}");
    }
    for (name, password) in [("ada", "wrong"), ("ada@example.org", "wrong"), ("ADA", THEIRS)] {
        // Not told: that the two are one entry's is nobody's business who guesses.
        let (browser, page) = attempt(&app, name, password).await;
        assert_eq!(page.status, 401, "{name}: also by the right one");
        assert!(!browser.cookies.contains_key("countersign-session"), "{name}");
    }
    // Nobody else is kept out, and after the window everybody is let in; a right password forgets the wrong ones.
    assert_eq!(status(&app, "bob", THEIRS).await, 303);
    app.advance(900);
    for _ in 0..2 {
        for number in 0..9 {
            let name = if number % 2 == 0 { "ada" } else { "ada@example.org" };
            assert_eq!(status(&app, name, "wrong").await, 401, "{number}");
        }
        assert_eq!(status(&app, "ada", THEIRS).await, 303);
    }
});
