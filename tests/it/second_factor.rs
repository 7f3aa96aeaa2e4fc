//! Authenticator apps, recovery codes, and levels of assurance that applications ask for.

use std::sync::Arc;

use countersign::app::{Origin, Parts};
use countersign::config::Config;
use countersign::protocol::assurance::Level;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use countersign::store::StoredPasskey;
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::admin_api::{administrator, signed_in};
use crate::admin_pages::submit;
use crate::support::{Browser, Engine, ISSUER, Page, TestApp, at_once, filled, on_both};

const PASSWORD_ACR: &str = "urn:countersign:acr:password";
const TWO_FACTORS: &str = "urn:countersign:acr:two-factors";
const RESISTANT: &str = "urn:countersign:acr:phishing-resistant";

/// Somebody's phone.
pub struct Phone(Secret);

impl Phone {
    pub fn code(&self, app: &TestApp) -> String {
        let now = u64::try_from(app.app.clock.now().0).unwrap();
        Builder::new().with_secret(self.0.clone()).build().unwrap().generate(now).to_string()
    }
}

/// Sets an authenticator app up. Answers it and the recovery codes.
pub async fn set_up(app: &TestApp, browser: &mut Browser) -> (Phone, Vec<String>) {
    let page = browser.get("/account/sign-in/app").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let key =
        page.body.split("type in this key: <code dir=\"ltr\">").nth(1).unwrap().split('<').next().unwrap();
    let phone = Phone(Secret::try_from_base32(key.replace(' ', "")).unwrap());
    let wrong = browser
        .post("/account/sign-in/app", &filled(page.form("/account/sign-in/app"), &[("code", "000000")]))
        .await;
    assert_eq!(wrong.status, 422, "a wrong code turns nothing on");
    assert!(wrong.text().contains("That is not the code"));
    let form = filled(wrong.form("/account/sign-in/app"), &[("code", &phone.code(app))]);
    let page = browser.post("/account/sign-in/app", &form).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let codes: Vec<String> = page
        .body
        .split("<li><code dir=\"ltr\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (phone, codes)
}

/// Signs in with the password, up to the second page.
async fn up_to_second(browser: &mut Browser, address: &str) -> Page {
    let page = browser.open(address).await;
    let page = browser.sign_in(&page, "ada").await;
    assert!(page.text().contains("One more step"), "{}", page.body);
    page
}

pub async fn enter(browser: &mut Browser, page: &Page, code: &str) -> Page {
    let page = browser.post("/login/second", &filled(page.form("/login/second"), &[("code", code)])).await;
    browser.follow(page).await
}

on_both!(a_sign_in_below_what_the_account_can_prove_decides_nothing_about_who_comes_in_tomorrow, |app| {
    let ada = app.user("ada").await;
    let mut owner = signed_in(&app, "ada").await;
    // Of somebody who knows the password, and came in while that was all there was.
    let mut thief = signed_in(&app, "ada").await;
    let page = thief.get("/account/sign-in").await;
    let fields = filled(page.form("/account/sign-out"), &[]);
    let (phone, _) = set_up(&app, &mut owner).await;
    let forms = [
        "/account/sign-in/app",
        "/account/sign-in/app/remove",
        "/account/sign-in/recovery-codes",
        "/account/sign-in/passkeys",
        "/account/sign-in/passkeys/key/remove",
        "/account/profile/address",
        "/account/delete",
    ];
    for path in ["/account/sign-in/app", "/account/sign-in/passkeys", "/account/data.json"] {
        let sent = thief.get(path).await;
        assert!(sent.location().starts_with("/login/second?flow="), "{path}: {}", sent.location());
    }
    for path in forms {
        let refused = thief.post(path, &fields).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
    }
    // With the code they may.
    app.advance(30);
    let page = thief.open("/account/data").await;
    enter(&mut thief, &page, &phone.code(&app)).await;
    assert_eq!(thief.get("/account/sign-in/app").await.status, 200);
    // A passkey is surer than both: now those two do not do.
    let passkey = StoredPasskey {
        id: "key".to_owned(),
        user_id: ada.id.to_string(),
        name: "Key".to_owned(),
        credential: "{}".to_owned(),
        sign_count: 0,
        created_at: 0,
        last_used_at: 0,
    };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.add_passkey(&passkey, &audit).await.unwrap());
    let sent = owner.get("/account/sign-in/passkeys").await;
    assert!(sent.location().starts_with("/login/second?flow="), "{}", sent.location());
});

on_both!(of_two_passkeys_that_are_removed_at_once_one_stays_where_there_is_nothing_else, |app| {
    let mut user = app.user("grace").await;
    let audit = |app: &TestApp| app.app.audit(&Origin::system(), "test", String::new(), "");
    app.app.store.delete_user(&user.id, &audit(&app)).await.unwrap();
    user.password_hash = None;
    app.app.store.insert_user(&user, &audit(&app)).await.unwrap();
    for id in ["one", "two"] {
        let passkey = StoredPasskey {
            id: id.to_owned(),
            user_id: user.id.to_string(),
            name: id.to_owned(),
            credential: "{}".to_owned(),
            sign_count: 0,
            created_at: 0,
            last_used_at: 0,
        };
        assert!(app.app.store.add_passkey(&passkey, &audit(&app)).await.unwrap());
    }
    let remove = |id: &'static str| {
        let (store, user, audit) = (app.app.store.clone(), user.id.clone(), audit(&app));
        async move { store.remove_spare_passkey(&user, id, &["acme"], &audit).await.unwrap() }
    };
    let mut removed = at_once(vec![remove("one"), remove("two")]).await;
    removed.sort_unstable();
    assert_eq!(removed, [false, true]);
    assert_eq!(app.app.store.passkeys_of_user(&user.id).await.unwrap().len(), 1);
});

on_both!(a_password_alone_does_not_open_an_account_with_an_app, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut browser).await;
    let mut other = app.browser();
    let page = up_to_second(&mut other, &rp.authorization("openid", &[])).await;
    for way_round in ["/account", "/authorize", "/login/second", "/consent"] {
        let page = other.get(way_round).await;
        let sent = page.header("location").unwrap_or_default();
        assert!(!page.body.contains("Where you are signed in") && !sent.contains("code="), "{way_round}");
    }
    assert!(other.open("/account").await.body.contains("login-submit"));
    app.advance(30);
    let page = enter(&mut other, &page, &phone.code(&app)).await;
    let page = other.consent(&page, "allow").await;
    let code = page.sent("code").unwrap();
    let tokens = crate::support::granted(&rp.redeem(&code).await);
    let claims = tokens.claims("id_token");
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!(TWO_FACTORS), &json!(["pwd", "otp", "mfa"])));
});

on_both!(rfc6238_5_2_a_code_counts_once, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut browser).await;
    // The code that turned it on does not sign in.
    let mut first = app.browser();
    let page = up_to_second(&mut first, "/account").await;
    let refused = enter(&mut first, &page, &phone.code(&app)).await;
    assert_eq!((refused.status.as_u16(), refused.text().contains("used already")), (401, true));
    app.advance(30);
    // Of many who have seen it, one gets in.
    let code = phone.code(&app);
    let mut crowd = Vec::new();
    for _ in 0..8 {
        let mut browser = app.browser();
        let page = up_to_second(&mut browser, "/account").await;
        crowd.push((browser, page));
    }
    let attempts = crowd.into_iter().map(|(mut browser, page)| {
        let code = code.clone();
        async move { enter(&mut browser, &page, &code).await.text().contains("Where you are signed in") }
    });
    let inside = at_once(attempts).await;
    assert_eq!(inside.iter().filter(|inside| **inside).count(), 1);
});

on_both!(a_recovery_code_stands_in_once_and_new_ones_replace_all, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (_, codes) = set_up(&app, &mut browser).await;
    let try_code = async |code: &str| {
        let mut browser = app.browser();
        let page = up_to_second(&mut browser, "/account").await;
        let page = enter(&mut browser, &page, code).await;
        page.text().contains("Where you are signed in")
    };
    assert!(try_code(&codes[0].to_uppercase().replace('-', " ")).await);
    assert!(!try_code(&codes[0]).await, "it was used");
    assert!(!try_code("aaaa-bbbb-cccc-dddd").await);
    let page = browser.get("/account/sign-in").await;
    assert!(page.text().contains("9 left"), "{}", page.text());
    let form = page.form("/account/sign-in/recovery-codes");
    let page = browser.post("/account/sign-in/recovery-codes", &form).await;
    assert_eq!(page.status, 200);
    assert!(!try_code(&codes[1]).await, "the old ones stopped working");
    // Without the app there is nothing to recover.
    let form = browser.get("/account/sign-in").await.form("/account/sign-in/app/remove");
    assert_eq!(browser.post("/account/sign-in/app/remove", &form).await.status, 303);
    let mut other = app.browser();
    let page = other.open("/account").await;
    assert!(other.sign_in(&page, "ada").await.text().contains("Where you are signed in"));
    assert_eq!(browser.post("/account/sign-in/recovery-codes", &form).await.status, 404);
});

on_both!(cve_2025_64102_codes_are_not_guessed_and_a_right_password_grants_no_more_guesses, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut browser).await;
    app.advance(30);
    let mut looked_at = 0;
    for _ in 0..6 {
        // Each time anew with the right password, which lifts the password's limit and not this one.
        let mut attacker = app.browser();
        let mut page = up_to_second(&mut attacker, "/account").await;
        for guess in ["111111", "222222", "333333"] {
            let answer = enter(&mut attacker, &page, guess).await;
            if answer.status == 429 {
                continue;
            }
            assert_eq!(answer.status, 401);
            looked_at += 1;
            page = answer;
        }
    }
    assert_eq!(looked_at, 10, "as many as the limit allows");
    let mut owner = app.browser();
    let page = up_to_second(&mut owner, "/account").await;
    assert_eq!(enter(&mut owner, &page, &phone.code(&app)).await.status, 429);
    app.advance(900);
    let mut owner = app.browser();
    let page = up_to_second(&mut owner, "/account").await;
    assert!(enter(&mut owner, &page, &phone.code(&app)).await.text().contains("Where you are signed in"));
});

on_both!(a_first_proof_waits_ten_minutes_in_its_browser_for_its_user, |app| {
    let ada = app.user("ada").await;
    app.user("eve").await;
    let mut browser = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut browser).await;
    app.advance(30);
    // Too late.
    let mut late = app.browser();
    let page = up_to_second(&mut late, "/account").await;
    app.advance(600);
    let answer = enter(&mut late, &page, &phone.code(&app)).await;
    assert!(answer.body.contains("login-submit"), "{}", answer.body);
    // In another browser.
    let mut one = app.browser();
    let page = up_to_second(&mut one, "/account").await;
    let mut other = app.browser();
    other.open("/login").await;
    let mut form = filled(page.form("/login/second"), &[("code", &phone.code(&app))]);
    let csrf =
        other.open("/login").await.form("/login").into_iter().find(|(name, _)| name == "csrf").unwrap();
    form.retain(|(name, _)| name != "csrf");
    form.push(csrf);
    assert_eq!(other.post("/login/second", &form).await.status, 403);
    // After the account was changed.
    app.advance(30);
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let now = app.stored_user(&ada.id).await;
    let later = Timestamp(now.updated_at.0 + 1);
    let changed = User { name: Some("Ada".to_owned()), updated_at: later, ..now.clone() };
    assert!(app.app.store.update_user(&changed, now.updated_at, &audit).await.unwrap());
    let answer = enter(&mut one, &page, &phone.code(&app)).await;
    assert!(answer.body.contains("login-submit"), "{}", answer.body);
    // A sealed secret of somebody else turns on nothing.
    let mut eve = signed_in(&app, "eve").await;
    let mut ada_again = app.browser();
    app.advance(60);
    let page = up_to_second(&mut ada_again, "/account").await;
    enter(&mut ada_again, &page, &phone.code(&app)).await;
    let adas = ada_again.get("/account/sign-in/app").await.form("/account/sign-in/app");
    let secret = adas.iter().find(|(name, _)| name == "secret").unwrap().1.clone();
    let form = eve.get("/account/sign-in/app").await.form("/account/sign-in/app");
    for secret in [secret.as_str(), "", "nonsense"] {
        let form = filled(form.clone(), &[("secret", secret), ("code", "123456")]);
        assert_eq!(eve.post("/account/sign-in/app", &form).await.status, 400, "{secret}");
    }
});

on_both!(what_decides_who_can_sign_in_tomorrow_asks_for_a_sign_in_of_today, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let form = browser.get("/account/sign-in/app").await.form("/account/sign-in/app");
    app.advance(900);
    for path in ["/account/sign-in/app", "/account/sign-in/passkeys"] {
        let page = browser.get(path).await;
        assert!(page.location().starts_with("/login?flow="), "{path}");
    }
    for path in [
        "/account/sign-in/app",
        "/account/sign-in/app/remove",
        "/account/sign-in/recovery-codes",
        "/account/sign-in/passkeys",
        "/account/sign-in/passkeys/x/remove",
    ] {
        assert_eq!(browser.post(path, &form).await.status, 403, "{path}");
    }
    // And comes back to the page.
    let page = browser.open("/account/sign-in/app").await;
    let page = browser.sign_in(&page, "ada").await;
    assert!(page.text().contains("Scan this"), "{}", page.text());
});

on_both!(openid_core_3_1_2_1_acr_values_make_the_user_step_up, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let rp = app.rp("web").await;
    let mut browser = signed_in(&app, "ada").await;
    let essential =
        |acr: &str| json!({ "id_token": { "acr": { "essential": true, "values": [acr] } } }).to_string();
    let acr_of = async |browser: &mut Browser, page: Page| {
        let page =
            if page.body.contains("consent-allow") { browser.consent(&page, "allow").await } else { page };
        let code = page.sent("code").unwrap_or_else(|| panic!("{} {}", page.location(), page.body));
        crate::support::granted(&rp.redeem(&code).await).claims("id_token")["acr"].clone()
    };
    // Nothing more can be had: a wish is passed over, a demand refused.
    let wish = rp.authorization("openid", &[("acr_values", TWO_FACTORS)]);
    let page = browser.open(&wish).await;
    assert_eq!(acr_of(&mut browser, page).await, PASSWORD_ACR);
    let demand = rp.authorization("openid", &[("claims", &essential(TWO_FACTORS))]);
    assert_eq!(
        browser.open(&demand).await.sent("error").as_deref(),
        Some("unmet_authentication_requirements")
    );
    // With an app, both lead to the page that asks for its code, and only for that.
    for (address, username) in [(&wish, "ada"), (&demand, "bob")] {
        let mut browser = signed_in(&app, username).await;
        let (phone, _) = set_up(&app, &mut signed_in(&app, username).await).await;
        app.advance(30);
        let page = browser.open(address).await;
        assert!(page.body.contains("action=\"/login/second\""), "{}", page.body);
        let page = enter(&mut browser, &page, &phone.code(&app)).await;
        assert_eq!(acr_of(&mut browser, page).await, TWO_FACTORS);
        // Now it is a session of two factors: a lower wish is met by its own name.
        let page = browser.open(&rp.authorization("openid", &[("acr_values", PASSWORD_ACR)])).await;
        assert_eq!(acr_of(&mut browser, page).await, PASSWORD_ACR);
        let page = browser.open(&rp.authorization("openid", &[])).await;
        assert_eq!(acr_of(&mut browser, page).await, TWO_FACTORS);
        let none = rp.authorization("openid", &[("claims", &essential(RESISTANT)), ("prompt", "none")]);
        assert_eq!(
            browser.open(&none).await.sent("error").as_deref(),
            Some("unmet_authentication_requirements")
        );
    }
    let silent = rp.authorization("openid", &[("acr_values", TWO_FACTORS), ("prompt", "none")]);
    let page = app.browser().open(&silent).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));
});

on_both!(an_administrator_takes_a_lost_app_off_an_account, |app| {
    let ada = app.user("ada").await;
    let (_, mut root) = administrator(&app, "root").await;
    let path = format!("/admin/users/{}", ada.id);
    let remove = format!("{path}/app/remove");
    assert!(!root.get(&path).await.text().contains("recovery codes left"));
    let (_phone, codes) = set_up(&app, &mut signed_in(&app, "ada").await).await;
    let page = root.get(&path).await;
    assert!(page.text().contains("10 recovery codes left"), "{}", page.text());
    // Whoever was asked for the code when it was taken off has the password to enter once more.
    let mut waiting = app.browser();
    let asked = up_to_second(&mut waiting, "/account").await;
    assert_eq!(submit(&mut root, &path, &remove, &[]).await.status, 303);
    let page = enter(&mut waiting, &asked, &codes[0]).await;
    assert!(
        !page.text().contains("Where you are signed in"),
        "its recovery codes went with it: {}",
        page.text()
    );
    let form = root.get(&path).await.form(&format!("{path}/sessions/end"));
    assert_eq!(root.post(&remove, &form).await.status, 404, "there is none any more");
    signed_in(&app, "ada").await;
});

#[tokio::test]
async fn administrators_prove_it_as_surely_as_configured() {
    let app = TestApp::start(Engine::Sqlite).await;
    administrator(&app, "root").await;
    let mut config: Config = (*app.app.config).clone();
    config.assurance.administrators = Level::TwoFactors;
    let app = app.but(Parts { config: Arc::new(config), ..Parts::clone(&app.app) });
    let mut root = signed_in(&app, "root").await;
    let page = root.get("/admin").await;
    assert!(page.refusal(403).contains("another way to sign in"), "nothing was set up");
    let (phone, _) = set_up(&app, &mut signed_in(&app, "root").await).await;
    app.advance(30);
    let page = root.open("/admin").await;
    assert!(page.text().contains("One more step"), "{}", page.text());
    let page = enter(&mut root, &page, &phone.code(&app)).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Applications"), "{}", page.text());
}

#[tokio::test]
async fn password_managers_find_where_passkeys_are_made() {
    let app = TestApp::start(Engine::Sqlite).await;
    let page = app.browser().get("/.well-known/passkey-endpoints").await;
    assert_eq!(
        page.json(),
        json!({
            "enroll": format!("{ISSUER}/account/sign-in/passkeys"),
            "manage": format!("{ISSUER}/account/sign-in"),
        })
    );
}

on_both!(passkeys_that_are_none_are_refused_with_a_page, |app| {
    app.user("ada").await;
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    let form = page.form("/login/passkey");
    let challenge = form.iter().find(|(name, _)| name == "challenge").unwrap().1.clone();
    let elsewhere = app.browser().open("/login").await.form("/login/passkey");
    let foreign = elsewhere.iter().find(|(name, _)| name == "challenge").unwrap().1.clone();
    let answer = json!({
        "id": "AAAA", "rawId": "AAAA", "type": "public-key", "extensions": {},
        "response": { "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "AAAA" },
    })
    .to_string();
    for (challenge, credential) in [
        (challenge.as_str(), answer.as_str()),
        (&foreign, &answer),
        ("", &answer),
        ("nonsense", &answer),
        (&challenge, ""),
        (&challenge, "{}"),
        (&challenge, "[]"),
        (&challenge, &answer.replace("AAAA", "not base64!")),
    ] {
        let form = filled(form.clone(), &[("challenge", challenge), ("credential", credential)]);
        let page = browser.post("/login/passkey", &form).await;
        assert_eq!(page.status, 401, "{credential}");
        assert!(page.body.contains("login-submit"));
    }
    let mut ada = signed_in(&app, "ada").await;
    let form = ada.get("/account/sign-in/passkeys").await.form("/account/sign-in/passkeys");
    for credential in ["", "{}", &answer] {
        let form = filled(form.clone(), &[("credential", credential), ("name", "x")]);
        let page = ada.post("/account/sign-in/passkeys", &form).await;
        assert!(page.refusal(400).contains("This passkey was not added"), "{credential}");
    }
    for (path, field) in [("rename", "name"), ("remove", "x")] {
        let form = filled(form.clone(), &[(field, "y")]);
        assert_eq!(ada.post(&format!("/account/sign-in/passkeys/AAAA/{path}"), &form).await.status, 404);
    }
    let form = filled(form, &[("name", &"x".repeat(61))]);
    assert_eq!(ada.post("/account/sign-in/passkeys/AAAA/rename", &form).await.status, 422);
});

on_both!(a_step_up_ends_with_the_session_that_it_was_to_raise, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = signed_in(&app, "ada").await;
    let mut other = signed_in(&app, "ada").await;
    let (phone, _) = set_up(&app, &mut other).await;
    app.advance(30);
    let page = browser.open(&rp.authorization("openid", &[("acr_values", TWO_FACTORS)])).await;
    let form = filled(page.form("/login/second"), &[("code", &phone.code(&app))]);
    // Signed out from the other device, which leaves this browser as it is.
    let path = "/account/sessions/end-others";
    let out = other.get("/account").await.form(path);
    assert_eq!(other.post(path, &out).await.status, 303);
    // Whoever finds the page in the history, with the phone in hand, still needs the password.
    let page = browser.post("/login/second", &form).await;
    let page = browser.follow(page).await;
    assert!(page.body.contains("login-submit"));
    // And the password is enough to go on from there.
    let form = filled(page.form("/login"), &[("username", "ada"), ("password", crate::support::PASSWORD)]);
    let page = browser.post("/login", &form).await;
    assert!(page.location().starts_with("/login/second?"), "{}", page.location());
});

on_both!(a_device_that_is_remembered_stays_so_when_its_session_is_raised, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = filled(
        page.form("/login"),
        &[("username", "ada"), ("password", crate::support::PASSWORD), ("remember", "true")],
    );
    browser.post("/login", &form).await;
    let (phone, _) = set_up(&app, &mut signed_in(&app, "ada").await).await;
    app.advance(30);
    let page = browser.open(&rp.authorization("openid", &[("acr_values", TWO_FACTORS)])).await;
    let form = filled(page.form("/login/second"), &[("code", &phone.code(&app))]);
    let page = browser.post("/login/second", &form).await;
    let cookies: Vec<_> =
        page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(
        cookies.iter().any(|cookie| cookie.contains("session") && cookie.contains("Max-Age=")),
        "{cookies:?}"
    );
});

on_both!(whoever_signs_out_ends_the_sign_ins_in_progress_of_their_browser, |app| {
    app.user("ada").await;
    let mut browser = signed_in(&app, "ada").await;
    let (phone, codes) = set_up(&app, &mut browser).await;
    app.advance(30);
    let mut browser = app.browser();
    let page = up_to_second(&mut browser, "/account").await;
    let form = filled(page.form("/login/second"), &[("code", &phone.code(&app))]);
    let flow = form.iter().find(|(name, _)| name == "flow").unwrap().1.clone();
    assert_eq!(enter(&mut browser, &page, &phone.code(&app)).await.status, 200);
    let sign_out = browser.get("/account").await.form("/account/sign-out");
    assert_eq!(browser.post("/account/sign-out", &sign_out).await.status, 200);
    // The page in the history, with what would be right, and a token of a page of now.
    app.advance(30);
    let refused = browser.get(&format!("/login/second?flow={flow}")).await.refusal(403);
    assert!(refused.contains("before you signed out"), "{refused}");
    let csrf = browser.get("/login").await.form("/login").into_iter().find(|(name, _)| name == "csrf");
    let csrf = csrf.unwrap().1;
    for code in [phone.code(&app), codes[0].clone()] {
        let again = filled(form.clone(), &[("csrf", &csrf), ("code", &code)]);
        browser.post("/login/second", &again).await.refusal(403);
    }
    assert_eq!(browser.get("/account").await.status, 303);
});
