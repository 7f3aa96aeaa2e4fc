//! One's own profile, and another e-mail address.

use countersign::config::MailTransport;
use countersign::protocol::user::User;

use crate::account::submit_on;
use crate::admin_api::signed_in;
use crate::support::{Engine, START, TestApp, on_both, on_both_engines};

const PROFILE: &str = "/account/profile";
const ADDRESS: &str = "/account/profile/address";

/// The application where mail is written to a folder.
async fn with_mail(engine: Engine) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_path_buf();
    let app =
        TestApp::start_at(engine, START * 1000, |config| config.mail.transport = MailTransport::File(to))
            .await;
    (app, folder)
}

/// Kind and address of every mail that was written.
async fn mails(app: &TestApp) -> Vec<(String, String)> {
    let rows = app.app.store.mails(None, 100).await.unwrap();
    // Sign-ins in other browsers are news of their own.
    let about_the_profile = rows.into_iter().filter(|mail| mail.kind != "new_sign_in");
    about_the_profile.map(|mail| (mail.kind, mail.to_address)).collect()
}

on_both!(people_change_their_own_profile_and_nothing_else, |app| {
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    app.advance(3600);
    let wanted = [
        ("name", "Ada Lovelace"),
        ("given_name", " Ada "),
        ("phone_number", "+44 20 7946 0958"),
        ("picture", "https://pictures.example/ada.png"),
        ("locale", "en-GB"),
        ("zoneinfo", "Europe/London"),
        ("address.country", "UK"),
        // What the form does not have.
        ("username", "root"),
        ("email", "root@example.com"),
        ("email_verified", "true"),
        ("is_admin", "true"),
        ("disabled", "true"),
        ("phone_number_verified", "true"),
        ("password", "battery staple"),
    ];
    let saved = submit_on(&mut browser, PROFILE, PROFILE, &wanted).await;
    assert_eq!((saved.status.as_u16(), saved.location()), (303, "/account/profile?done=profile-saved"));
    assert!(browser.follow(saved).await.text().contains("Your profile is saved."));
    let now = app.stored_user(&ada.id).await;
    assert_eq!(now.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(now.claims.given_name.as_deref(), Some("Ada"));
    assert_eq!(now.claims.phone_number.as_deref(), Some("+442079460958"));
    assert_eq!(now.claims.phone_number_verified, Some(false));
    assert_eq!(now.claims.address.as_ref().unwrap().country.as_deref(), Some("UK"));
    let kept = |user: &User| {
        (user.username.clone(), user.email.clone(), user.email_verified, user.is_admin, user.disabled)
    };
    assert_eq!(kept(&now), kept(&ada));
    assert_eq!(now.password_hash, ada.password_hash);
    let log = app.app.store.recent_audit(1).await.unwrap();
    assert_eq!((log[0].action.as_str(), &log[0].actor), ("user.update", &format!("user:{}", ada.id)));

    // Everything may be left empty again.
    let emptied: Vec<_> = wanted[..7].iter().map(|(name, _)| (*name, "")).collect();
    assert_eq!(submit_on(&mut browser, PROFILE, PROFILE, &emptied).await.status, 303);
    let now = app.stored_user(&ada.id).await;
    assert_eq!((now.name, now.claims), (None, ada.claims));
});

#[tokio::test]
async fn what_is_wrong_with_a_profile_is_said_and_what_was_typed_is_kept() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let long = "x".repeat(200);
    for (field, wrong, said) in [
        ("name", "a\u{202e}b", "A name has 1 to 128 characters"),
        ("name", &long, "A name has 1 to 128 characters"),
        ("given_name", &long, "“Given names” is too long"),
        ("nickname", "a\u{200b}b", "“Nickname” is too long"),
        ("phone_number", "12345", "“Phone” is too long"),
        ("birthdate", "1990-02-30", "“Date of birth” is too long"),
        ("locale", "English!", "“Preferred language” is too long"),
        ("zoneinfo", "Europe/Paris?", "“Time zone” is too long"),
        ("picture", "javascript:alert(1)", "“Address of a picture” is too long"),
        ("picture", "https://user@pictures.example/", "“Address of a picture” is too long"),
        ("website", "\"><script>alert(1)</script>", "“Website” is too long"),
        ("address.formatted", "a\u{202e}", "“Address as on a letter” is too long"),
    ] {
        let page =
            submit_on(&mut browser, PROFILE, PROFILE, &[("family_name", "Lovelace"), (field, wrong)]).await;
        assert_eq!(page.status, 422, "{field} {wrong}");
        assert!(page.text().contains(said), "{field} {wrong}: {}", page.text());
        page.assert_inert();
        assert_eq!(page.attribute("#family_name", "value"), "Lovelace", "{field}");
        if !field.starts_with("address") {
            assert_eq!(page.attribute(&format!("#{field}"), "value"), wrong);
        }
    }
    let now = app.stored_user(&ada.id).await;
    assert_eq!((now.updated_at, now.name, now.claims), (ada.updated_at, ada.name, ada.claims));
}

on_both_engines!(asvs_7_5_1_another_address_needs_a_fresh_sign_in_and_the_former_one_is_told, |engine| {
    let (app, _folder) = with_mail(engine).await;
    let ada = app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let form = browser.get(ADDRESS).await.form(ADDRESS);
    app.advance(900);
    let asked = browser.get(ADDRESS).await;
    assert!(asked.location().starts_with("/login?flow="), "{}", asked.location());
    let stale: Vec<_> = form
        .into_iter()
        .map(|(name, value)| if name == "email" { (name, "new@example.com".into()) } else { (name, value) })
        .collect();
    assert_eq!(browser.post(ADDRESS, &stale).await.status, 403);
    assert_eq!(app.stored_user(&ada.id).await.email, ada.email, "nothing has changed");

    let mut browser = signed_in(&app, "ada").await;
    assert!(browser.get(ADDRESS).await.text().contains("ada@example.com is told"));
    let changed = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", " New@Example.com ")]).await;
    assert_eq!(changed.location(), "/account/profile?done=address-changed");
    let page = browser.follow(changed).await;
    assert!(page.text().contains("new@example.com not confirmed"), "{}", page.text());
    let now = app.stored_user(&ada.id).await;
    assert_eq!((now.email.as_deref(), now.email_verified), (Some("new@example.com"), false));
    assert_eq!(mails(&app).await, [("address_changed".to_owned(), "ada@example.com".to_owned())]);
    assert!(app.audit_log().await.contains(&format!("user.update user:{}", ada.id)));

    // An address that was never confirmed may be anybody's: it is not told.
    let changed = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", "newer@example.com")]).await;
    assert_eq!(changed.status, 303);
    assert_eq!(mails(&app).await.len(), 1);
    // The same one again changes nothing.
    let before = app.stored_user(&ada.id).await;
    let same = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", "newer@example.com")]).await;
    assert_eq!(same.status, 303);
    assert_eq!(app.stored_user(&ada.id).await.updated_at, before.updated_at);
});

on_both!(no_address_of_somebody_else_and_nothing_that_is_none, |app| {
    let ada = app.user("ada").await;
    app.user("eve").await;
    let mut browser = signed_in(&app, "ada").await;
    for (email, status, said) in [
        ("", 422, "An e-mail address looks like"),
        (" ", 422, "An e-mail address looks like"),
        ("ada", 422, "An e-mail address looks like"),
        ("ada@example.com\r\nBcc: all@example.com", 422, "An e-mail address looks like"),
        ("ädä@example.com", 422, "An e-mail address looks like"),
        ("\"><script>@example.com", 422, "An e-mail address looks like"),
        ("Eve@Example.com", 409, "already in use"),
    ] {
        let page = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", email)]).await;
        assert_eq!(page.status, status, "{email:?}");
        assert!(page.text().contains(said), "{email:?}: {}", page.text());
        page.assert_inert();
    }
    assert_eq!(app.stored_user(&ada.id).await.updated_at, ada.updated_at);
});

#[tokio::test]
async fn addresses_of_others_cannot_be_found_out_by_the_thousand() {
    let app = TestApp::start(Engine::Sqlite).await.configured(|config| config.throttle.address_failures = 3);
    app.user("ada").await;
    app.user("eve").await;
    let mut browser = signed_in(&app, "ada").await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let page = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", "eve@example.com")]).await;
        statuses.push(page.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[4]), (409, 429), "{statuses:?}");
}
