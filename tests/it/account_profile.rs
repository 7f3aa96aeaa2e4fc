//! One's own profile, and another e-mail address.

use countersign::app::Origin;
use countersign::protocol::user::User;

use crate::account::submit_on;
use crate::admin_api::signed_in;
use crate::support::{Engine, ISSUER, Mailbox, TestApp, on_both, on_both_engines};

const PROFILE: &str = "/account/profile";
const ADDRESS: &str = "/account/profile/address";

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
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
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
    let asked = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", " New@Example.com ")]).await;
    assert_eq!(asked.location(), "/account/profile?done=address-mailed");
    let page = browser.follow(asked).await;
    for words in
        ["ada@example.com confirmed", "new@example.com waits to be confirmed", "A mail is on its way"]
    {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    // Until then everything goes to the address that was.
    let now = app.stored_user(&ada.id).await;
    assert_eq!((now.email.as_deref(), now.email_verified), (Some("ada@example.com"), true));
    let link = next_link(&mut mailbox, "new@example.com").await;
    let page = browser.get(&link).await;
    assert!(page.text().contains("Is new@example.com your address?"), "{}", page.text());
    assert_eq!(browser.post("/verify-address", &page.form("/verify-address")).await.status, 303);
    let now = app.stored_user(&ada.id).await;
    assert_eq!((now.email.as_deref(), now.email_verified), (Some("new@example.com"), true));
    assert!(app.app.store.user_by_login("new@example.com").await.unwrap().is_some());
    let page = browser.get(PROFILE).await;
    assert!(page.text().contains("new@example.com confirmed") && !page.text().contains("waits"));
    let told: Vec<_> = mails(&app).await.into_iter().filter(|(kind, _)| kind == "address_changed").collect();
    assert_eq!(told, [("address_changed".to_owned(), "ada@example.com".to_owned())]);
    assert!(app.audit_log().await.contains(&format!("address.verify user:{}", ada.id)));
    // The same one again changes nothing, and nobody is written to.
    let (before, sent) = (app.stored_user(&ada.id).await, mails(&app).await.len());
    let same = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", "new@example.com")]).await;
    assert_eq!(same.status, 303);
    assert_eq!(
        (app.stored_user(&ada.id).await.updated_at, mails(&app).await.len()),
        (before.updated_at, sent)
    );
});

/// The path of the link in the next mail to an address, whatever else is sent before it.
async fn next_link(mailbox: &mut Mailbox, address: &str) -> String {
    loop {
        let mail = mailbox.any().await;
        if mail.to == address {
            return mail.link.as_str().strip_prefix(ISSUER).unwrap().to_owned();
        }
    }
}

on_both_engines!(by_another_address_nobody_learns_of_an_account_or_keeps_anybody_from_theirs, |engine| {
    let (app, mut mailbox) = Mailbox::with(engine, |_| {}).await;
    let ada = app.user("ada").await;
    let eve = app.user("eve").await;
    let claimant = app.user("bob").await;
    let unconfirmed = User { email_verified: false, ..claimant.clone() };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&unconfirmed, claimant.updated_at, &audit).await.unwrap());
    let mut browser = signed_in(&app, "ada").await;
    let mut answers = Vec::new();
    let mut links = Vec::new();
    for address in ["free@example.com", "eve@example.com", "bob@example.com"] {
        let asked = submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", address)]).await;
        let page = browser.get(asked.location()).await;
        let csrf = page.form(PROFILE).into_iter().find(|(name, _)| name == "csrf").unwrap().1;
        let body = page.body.replace(address, "(address)").replace(&csrf, "(csrf)");
        answers.push((asked.status, asked.location().to_owned(), body));
        links.push(next_link(&mut mailbox, address).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // A newer link is the one that works.
    browser.get(&links[0]).await.refusal(403);
    assert_eq!(app.stored_user(&ada.id).await.updated_at, ada.updated_at, "nothing has changed");
    // Who reads the mail of an address that nobody confirmed has it.
    let form = browser.get(&links[2]).await.form("/verify-address");
    assert_eq!(browser.post("/verify-address", &form).await.status, 303);
    assert_eq!(app.stored_user(&ada.id).await.email.as_deref(), Some("bob@example.com"));
    assert_eq!(app.stored_user(&claimant.id).await.email, None);
    // One that somebody confirmed stays theirs, which its reader is told.
    app.advance(3600);
    let mut browser = signed_in(&app, "ada").await;
    submit_on(&mut browser, ADDRESS, ADDRESS, &[("email", "eve@example.com")]).await;
    let link = next_link(&mut mailbox, "eve@example.com").await;
    let form = browser.get(&link).await.form("/verify-address");
    let refused = browser.post("/verify-address", &form).await.refusal(409);
    assert!(refused.contains("Another account has confirmed this address"), "{refused}");
    assert_eq!(app.stored_user(&eve.id).await.email, eve.email);
    // What an administrator gives in the meantime is not taken back.
    let before = app.stored_user(&ada.id).await;
    let mut given = User { email: Some("given@example.com".to_owned()), ..before.clone() };
    given.updated_at.0 += 1;
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&given, before.updated_at, &audit).await.unwrap());
    browser.get(&link).await.refusal(403);
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
