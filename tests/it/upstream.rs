//! Signing in with accounts at providers elsewhere: providers that mean well, and providers and browsers that do not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use countersign::app::{Origin, Parts};
use countersign::config::{Issuer, SignedSecret, Upstream, UpstreamProtocol, UpstreamSecret};
use countersign::http::edge;
use countersign::jose::SigningKey;
use countersign::protocol::client::SigningAlg;
use countersign::protocol::user::User;
use countersign::routes;
use serde_json::{Value, json};

use crate::admin_api::signed_in;
use crate::support::process::over_http;
use crate::support::provider::{Plan, Provider, Signed};
use crate::support::{
    Browser, Engine, Mailbox, Page, START, TestApp, at_once, encode, filled, granted, on_both_engines,
};

/// The application with both kinds of a provider.
async fn with_provider(engine: Engine) -> (TestApp, Provider) {
    with(engine, |_| {}).await
}

async fn with(engine: Engine, change: impl FnOnce(&mut Upstream)) -> (TestApp, Provider) {
    let provider = Provider::open().await;
    let (mut acme, hub) = (provider.openid_connect(), provider.oauth2());
    change(&mut acme);
    let app = TestApp::start_at(engine, START * 1000, |config| config.upstreams = vec![acme, hub]).await;
    (app, provider)
}

/// Presses a provider's button on a sign-in page, and answers where that leads.
pub async fn press(browser: &mut Browser, page: &Page, id: &str) -> Page {
    assert!(page.body.contains(&format!("formaction=\"/login/upstream/{id}\"")), "{}", page.body);
    browser.post(&format!("/login/upstream/{id}"), &page.form("/login")).await
}

/// Goes out and comes back: the first page after the way through the provider.
pub async fn through(browser: &mut Browser, provider: &Provider, address: &str) -> Page {
    let page = browser.open(address).await;
    let out = press(browser, &page, "acme").await;
    let page = browser.get(&provider.approve(out.location())).await;
    browser.follow(page).await
}

async fn users(app: &TestApp) -> Vec<User> {
    app.app.store.users("", 100).await.unwrap()
}

/// Links an account elsewhere as if its owner had come by it.
pub async fn linked_by_hand(
    app: &TestApp,
    user: &countersign::protocol::ids::UserId,
    upstream: &str,
    subject: &str,
) {
    use countersign::protocol::linking::{Decision, Identity, Policy, Situation, Told, decide};
    let told = Told { subject: subject.to_owned(), ..Told::default() };
    let identity = Identity::of(upstream, told).unwrap();
    let policy = Policy { sign_up: false, trust_email: false };
    let asked = Situation { asked_by: Some(user), ..Situation::default() };
    let Decision::Link(link) = decide(identity, policy, asked) else { panic!("not linked") };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    app.app
        .store
        .link_identity(&app.app.entropy.opaque_id(), &link, app.app.clock.now(), &audit)
        .await
        .unwrap();
}

pub fn is_inside(page: &Page) -> bool {
    page.text().contains("Where you are signed in")
}

/// Nobody is signed in, and the page says why.
fn assert_refused(page: &Page, why: &str) {
    assert_eq!(page.status, 401, "{why}: {}", page.text());
    assert!(page.text().contains(why), "{why}: {}", page.text());
    assert!(page.body.contains("id=\"login-submit\"") && page.header("location").is_none());
    page.assert_inert();
}

on_both_engines!(a_stranger_gets_an_account_and_comes_back_to_it, |engine| {
    let (app, provider) = with_provider(engine).await;
    let rp = app.rp("web").await;
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, &rp.authorization("openid email", &[])).await;
        let page =
            if page.body.contains("consent-allow") { browser.consent(&page, "allow").await } else { page };
        let tokens = granted(&rp.redeem(&page.sent("code").unwrap()).await);
        let claims = tokens.claims("id_token");
        assert_eq!(
            (&claims["amr"], &claims["acr"]),
            (&json!(["fed"]), &json!("urn:countersign:acr:password"))
        );
        subjects.push(claims["sub"].clone());
        let page = browser.open("/account").await;
        assert!(page.text().contains("with another service"), "{}", page.text());
        app.advance(60);
    }
    assert_eq!(subjects[0], subjects[1]);
    let users = users(&app).await;
    let [user] = users.as_slice() else { panic!("{users:?}") };
    assert_eq!((user.username.as_str(), user.email.as_deref()), ("ada.lovelace", Some("ada@example.com")));
    assert_eq!((user.email_verified, user.name.as_deref()), (true, Some("Ada Lovelace")));
    assert!(user.password_hash.is_none() && !user.is_admin);
    let log = app.audit_log().await;
    assert!(log.contains(&format!("user.create user:{}", user.id)), "{log:?}");
});

on_both_engines!(a_taken_user_name_gets_an_ending_and_an_untrusted_address_stays_unverified, |engine| {
    let (app, provider) = with(engine, |acme| acme.policy.trust_email = false).await;
    let taken = app.user("ada.lovelace").await;
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
    let users = users(&app).await;
    let user = users.iter().find(|user| user.id != taken.id).unwrap();
    assert!(user.username.starts_with("ada.lovelace-"), "{}", user.username);
    assert!(!user.email_verified);
});

on_both_engines!(nobody_gets_an_account_where_the_operator_wants_none, |engine| {
    let (app, provider) = with(engine, |acme| acme.policy.sign_up = false).await;
    let mut browser = app.browser();
    let page = through(&mut browser, &provider, "/account").await;
    assert_refused(&page, "No account here belongs to your Acme account");
    assert!(users(&app).await.is_empty());
});

on_both_engines!(one_identity_in_many_browsers_at_once_is_one_account, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut crowd = Vec::new();
    for _ in 0..6 {
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        let out = press(&mut browser, &page, "acme").await;
        crowd.push((browser, provider.approve(out.location())));
    }
    let attempts = crowd.into_iter().map(|(mut browser, back)| async move {
        let page = browser.get(&back).await;
        is_inside(&browser.follow(page).await)
    });
    assert!(at_once(attempts).await.into_iter().all(|inside| inside));
    assert_eq!(users(&app).await.len(), 1);
});

/// What a provider sends that must not be believed, what it is, and what the page says.
fn lies() -> Vec<(&'static str, Plan, &'static str)> {
    let plan = Plan::default;
    let claims = |claims: Value| Plan { claims, ..plan() };
    let signed = |signed| Plan { signed, ..plan() };
    let token = |status, body: &str| Plan { token: Some((status, body.to_owned())), ..plan() };
    let unbelieved = "could not be verified";
    let unreachable = "cannot be reached at the moment";
    vec![
        ("another nonce", claims(json!({ "nonce": "x" })), unbelieved),
        ("no nonce", claims(json!({ "nonce": null })), unbelieved),
        ("another audience", claims(json!({ "aud": "somebody" })), unbelieved),
        ("no audience", claims(json!({ "aud": null })), unbelieved),
        ("one audience too many", claims(json!({ "aud": ["countersign", "somebody"] })), unbelieved),
        ("another party", claims(json!({ "azp": "somebody" })), unbelieved),
        ("another issuer", claims(json!({ "iss": "https://evil.example" })), unbelieved),
        ("expired", claims(json!({ "exp": START })), unbelieved),
        ("no expiry", claims(json!({ "exp": null })), unbelieved),
        ("from the future", claims(json!({ "iat": START + 1000 })), unbelieved),
        ("no subject", claims(json!({ "sub": "" })), unbelieved),
        ("a NUL", claims(json!({ "sub": "a\0b" })), unbelieved),
        ("a subject that reads as another", claims(json!({ "sub": "ada\u{202e}" })), unbelieved),
        ("another access token", claims(json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })), unbelieved),
        ("alg none", signed(Signed::Not), unbelieved),
        ("signed with our secret", signed(Signed::WithTheSecret), unbelieved),
        ("signed by a key of the same name", signed(Signed::ByAKeyOfTheSameName), unbelieved),
        ("no ID token", Plan { no_id_token: true, ..plan() }, unbelieved),
        ("no JSON", token(200, "<html>"), unbelieved),
        ("too large", token(200, &format!("\"{}\"", "x".repeat(300_000))), unbelieved),
        ("redirected", Plan { redirects: true, ..plan() }, unbelieved),
        ("refused", token(400, "{\"error\":\"invalid_grant\"}"), "refused the sign-in"),
        ("broken", token(500, ""), unbelieved),
        ("slow", Plan { slow: Duration::from_secs(2), ..plan() }, unreachable),
    ]
}

on_both_engines!(cve_2026_55669_nothing_that_does_not_check_out_is_believed, |engine| {
    let (app, provider) = with_provider(engine).await;
    let outgoing = app.app.outgoing.clone().within(Duration::from_millis(700));
    let app = app.but(Parts { outgoing, ..Parts::clone(&app.app) });
    let mut browser = app.browser();
    for (what, plan, said) in lies() {
        provider.plans(plan);
        let page = browser.open("/account").await;
        let out = press(&mut browser, &page, "acme").await;
        let page = browser.get(&provider.approve(out.location())).await;
        assert!(page.status == 401 && page.text().contains(said), "{what}: {} {}", page.status, page.text());
        assert_refused(&page, said);
    }
    assert!(users(&app).await.is_empty());
    let log = app.audit_log().await;
    assert_eq!(log.iter().filter(|line| line.starts_with("upstream.refused")).count(), lies().len());
    // And the same browser gets in once the provider has come to its senses.
    provider.plans(Plan::default());
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
});

on_both_engines!(rfc9207_2_4_and_rfc6749_4_1_2_1_what_the_browser_brings_is_looked_at_first, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut browser = app.browser();
    let changes: [(&str, &str, &str); 6] = [
        ("iss", "https://evil.example", "came from another service than Acme"),
        ("iss", "", "came from another service than Acme"),
        ("error", "access_denied", "did not allow the sign-in at Acme"),
        ("error", "temporarily_unavailable", "refused the sign-in"),
        ("code", "", "refused the sign-in"),
        ("code", "guessed", "refused the sign-in"),
    ];
    for (name, value, said) in changes {
        let page = browser.open("/account").await;
        let out = press(&mut browser, &page, "acme").await;
        let back = provider.approve(out.location());
        assert_refused(&browser.get(&with_parameter(&back, name, value)).await, said);
    }
    assert!(users(&app).await.is_empty());
    assert_eq!(provider.redeemed(), 0);
});

/// An address with one of its parameters replaced, added, or, by an empty one, taken away.
fn with_parameter(address: &str, name: &str, value: &str) -> String {
    let (path, query) = address.split_once('?').unwrap();
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .filter(|(known, _)| known != name)
        .collect();
    if !value.is_empty() {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    format!("{path}?{}", crate::support::encode(&pairs))
}

on_both_engines!(cve_2025_46815_the_way_back_is_taken_once_in_its_browser_in_time, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut browser = app.browser();
    let back_of = async |browser: &mut Browser| {
        let page = browser.open("/login").await;
        provider.approve(press(browser, &page, "acme").await.location())
    };
    // Twice.
    let back = back_of(&mut browser).await;
    assert_eq!(browser.get(&back).await.status, 303);
    assert_refused(&browser.get(&back).await, "was used already");
    assert_eq!(provider.redeemed(), 1, "the code is not even sent again");
    // Twice at the same moment.
    let back = back_of(&mut browser).await;
    let attempts = (0..8).map(|_| {
        let (mut browser, back) = (browser.clone(), back.clone());
        async move { browser.get(&back).await.status == 303 }
    });
    assert_eq!(at_once(attempts).await.into_iter().filter(|inside| *inside).count(), 1);
    // In another browser: whoever sends somebody such an address signs them in to nothing (RFC 6749 §10.12).
    let back = back_of(&mut browser).await;
    let mut other = app.browser();
    other.open("/login").await;
    assert!(other.get(&back).await.refusal(403).contains("another browser"));
    assert_eq!(app.browser().get(&back).await.status, 403);
    // At another provider's address.
    let elsewhere = back.replace("/upstream/acme/", "/upstream/hub/");
    assert_refused(&browser.get(&elsewhere).await, "belongs to no sign-in that was begun here");
    assert_eq!(browser.get(&back.replace("/upstream/acme/", "/upstream/none/")).await.status, 404);
    // With a state that is none.
    for state in ["", "x", &"A".repeat(4000)] {
        let page = browser.get(&with_parameter(&back, "state", state)).await;
        assert_refused(&page, "belongs to no sign-in that was begun here");
    }
    // Too late, and much too late.
    app.advance(600);
    assert_refused(&browser.get(&back).await, "took too long");
    app.advance(3600);
    assert_eq!(browser.get(&back).await.status, 400);
});

on_both_engines!(several_tabs_each_go_on_with_what_they_were_for, |engine| {
    let (app, provider) = with_provider(engine).await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let one = browser.open(&rp.authorization("openid", &[("state", "one")])).await;
    let two = browser.open(&rp.authorization("openid", &[("state", "two")])).await;
    let out_of_one = press(&mut browser, &one, "acme").await;
    let out_of_two = press(&mut browser, &two, "acme").await;
    for (out, state) in [(out_of_two, "two"), (out_of_one, "one")] {
        let page = browser.get(&provider.approve(out.location())).await;
        let mut page = browser.follow(page).await;
        if page.body.contains("consent-allow") {
            page = browser.consent(&page, "allow").await;
        }
        assert_eq!(page.sent("state").as_deref(), Some(state));
        assert!(page.sent("code").is_some());
    }
});

on_both_engines!(a_new_key_is_looked_for_and_user_info_is_asked_for_what_is_missing, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
    app.advance(6);
    provider.plans(Plan { signed: Signed::ByANewKey, ..Plan::default() });
    let mut other = app.browser();
    assert!(is_inside(&through(&mut other, &provider, "/account").await));
    // An address that UserInfo alone tells; of the same person only.
    app.advance(400);
    provider.person(json!({ "sub": "grace" }));
    for (sub, inside) in [("somebody", false), ("grace", true)] {
        let told = json!({ "sub": sub, "email": "grace@example.com", "email_verified": true });
        provider.plans(Plan { userinfo: Some(told), ..Plan::default() });
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, "/account").await;
        assert_eq!(is_inside(&page), inside, "{}", page.text());
    }
    let user = app.app.store.user_by_login("grace@example.com").await.unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.email_verified), ("grace", true));
});

on_both_engines!(providers_that_cannot_be_asked_or_say_they_are_others_are_told_on_the_page, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    provider.plans(Plan { metadata: json!({ "issuer": "https://evil.example" }), ..Plan::default() });
    assert_refused(&press(&mut browser, &page, "acme").await, "could not be verified");
    drop(provider);
    app.advance(400);
    assert_refused(&press(&mut browser, &page, "acme").await, "cannot be reached at the moment");
    assert_eq!(browser.post("/login/upstream/none", &page.form("/login")).await.status, 404);
    let forged = filled(page.form("/login"), &[("csrf", "x")]);
    assert_eq!(browser.post("/login/upstream/acme", &forged).await.status, 403);
});

on_both_engines!(oauth2_providers_tell_by_a_document_who_is_signed_in, |engine| {
    let (app, provider) = with_provider(engine).await;
    let sign_in = async || {
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        let out = press(&mut browser, &page, "hub").await;
        let page = browser.get(&provider.approve(out.location())).await;
        browser.follow(page).await
    };
    provider.person(json!({ "id": 42, "login": "Octo-Ada", "name": null, "email": "shown@example.com",
                            "mail": "Octo@Example.com", "mail_is_verified": true }));
    assert!(is_inside(&sign_in().await));
    let [user] = users(&app).await.try_into().unwrap();
    assert_eq!((user.username.as_str(), user.email.as_deref()), ("octo-ada", Some("octo@example.com")));
    assert!(user.email_verified);
    let identity = app.app.store.identity("hub", "42").await.unwrap().unwrap();
    assert_eq!((identity.user_id.as_str(), identity.label.as_str()), (user.id.as_str(), "octo@example.com"));
    // The address changed hands there; the subject did not.
    provider.person(json!({ "id": 42, "mail": "new@example.com", "mail_is_verified": true }));
    assert!(is_inside(&sign_in().await));
    for document in [
        json!({}),
        json!({ "id": null }),
        json!({ "id": true }),
        json!({ "id": [42] }),
        json!({ "id": 42.0 }),
        json!({ "id": 1e30 }),
        json!([]),
    ] {
        provider.plans(Plan { userinfo: Some(document), ..Plan::default() });
        assert_refused(&sign_in().await, "could not be verified");
    }
    assert_eq!(users(&app).await.len(), 1);
});

on_both_engines!(cve_2026_9092_an_account_is_not_opened_by_an_address_that_nobody_checked, |engine| {
    let (app, provider) = with_provider(engine).await;
    let ada = app.user("ada").await;
    for (claims, locally_verified) in [
        (json!({ "email_verified": false }), true),
        (json!({ "email_verified": null }), true),
        (json!({ "email_verified": false }), false),
    ] {
        provider.plans(Plan { claims: claims.clone(), ..Plan::default() });
        set(&app, &ada, |user| user.email_verified = locally_verified).await;
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, "/account").await;
        assert!(page.text().contains("There is an account with this address already"), "{}", page.text());
        assert!(browser.open("/account").await.body.contains("login-submit"), "{claims}");
    }
    assert!(app.app.store.identity("acme", "ada at acme").await.unwrap().is_none());
    // Nor an administrator's or a switched-off one by any address.
    provider.plans(Plan::default());
    let root = app.user("root").await;
    set(&app, &root, |user| user.is_admin = true).await;
    for (is_admin, disabled) in [(true, false), (false, true)] {
        let user = |user: &mut User| {
            user.email_verified = true;
            user.is_admin = is_admin;
            user.disabled = disabled;
        };
        set(&app, &ada, user).await;
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, "/account").await;
        assert!(page.text().contains("There is an account with this address already"), "{}", page.text());
    }
    assert!(app.app.store.identity("acme", "ada at acme").await.unwrap().is_none());
});

async fn set(app: &TestApp, user: &User, change: impl FnOnce(&mut User)) {
    let before = app.stored_user(&user.id).await;
    let mut after = before.clone();
    change(&mut after);
    after.updated_at = countersign::protocol::timestamp::Timestamp(before.updated_at.0 + 1);
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&after, before.updated_at, &audit).await.unwrap());
}

on_both_engines!(an_address_that_both_sides_checked_links_where_the_provider_is_trusted, |engine| {
    let (app, provider) = with_provider(engine).await;
    let ada = app.user("ada").await;
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
    let identity = app.app.store.identity("acme", "ada at acme").await.unwrap().unwrap();
    assert_eq!(identity.user_id, ada.id.as_str());
    assert_eq!(users(&app).await.len(), 1);
});

on_both_engines!(a_claim_that_nobody_confirmed_keeps_nobody_from_their_address, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mallory = app.user("mallory").await;
    set(&app, &mallory, |user| {
        (user.email, user.email_verified) = (Some("ada@example.com".to_owned()), false);
    })
    .await;
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
    let ada = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert!(ada.id != mallory.id && ada.email_verified);
    let identity = app.app.store.identity("acme", "ada at acme").await.unwrap().unwrap();
    assert_eq!(identity.user_id, ada.id.as_str());
    assert_eq!(app.stored_user(&mallory.id).await.email, None, "it was never theirs");
    let told = format!("user.update user:{}", mallory.id);
    assert!(app.audit_log().await.contains(&told), "{told}");

    // Of an administrator's account nothing is taken on a provider's word.
    let (app, provider) = with_provider(engine).await;
    app.user("root").await;
    let mallory = app.user("ada").await;
    set(&app, &mallory, |user| (user.is_admin, user.email_verified) = (true, false)).await;
    let page = through(&mut app.browser(), &provider, "/account").await;
    assert!(page.text().contains("There is an account with this address already"), "{}", page.text());
    assert!(app.stored_user(&mallory.id).await.email.is_some());
});

on_both_engines!(an_address_that_nobody_checked_tells_of_no_account_and_waits_for_its_mail, |engine| {
    let provider = Provider::open().await;
    let acme = provider.openid_connect();
    let (app, mut mailbox) = Mailbox::with(engine, |config| config.upstreams = vec![acme]).await;
    app.user("ada").await;
    let mut pages = Vec::new();
    for address in ["ada@example.com", "free@example.com"] {
        let claims = json!({ "email": address, "email_verified": false });
        let sub = format!("sub of {address}");
        provider.person(json!({ "sub": sub, "email": address, "email_verified": false }));
        provider.plans(Plan { claims, ..Plan::default() });
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, "/account").await;
        assert!(is_inside(&page), "{address}: {}", page.text());
        let identity = app.app.store.identity("acme", &sub).await.unwrap().unwrap();
        let made = app.stored_user(&identity.user_id.as_str().into()).await;
        assert_eq!((made.email.as_deref(), made.email_verified), (None, false), "{address}");
        let link = mailbox.link_to(address).await;
        let form = browser.get(&link).await.form("/verify-address");
        pages.push(browser.post("/verify-address", &form).await.status.as_u16());
        let made = app.stored_user(&made.id).await;
        assert_eq!(made.email.as_deref(), Some(address).filter(|address| *address == "free@example.com"));
    }
    assert_eq!(pages, [409, 303], "who reads the mail may know");
});

on_both_engines!(whoever_has_both_accounts_signs_in_and_says_so, |engine| {
    let (app, provider) = with(engine, |acme| acme.policy.trust_email = false).await;
    let ada = app.user("ada").await;
    let rp = app.rp("web").await;
    let linked = async || app.app.store.identity("acme", "ada at acme").await.unwrap().is_some();
    for (decision, expected) in [("skip", false), ("link", true)] {
        let mut browser = app.browser();
        let page = through(&mut browser, &provider, &rp.authorization("openid", &[])).await;
        // The note stays after a wrong password.
        let page = browser.sign_in_with(&page, "ada", "wrong").await;
        assert!(page.text().contains("There is an account with this address already"), "{}", page.text());
        let page = browser.sign_in(&page, "ada").await;
        assert!(page.text().contains("Link your Acme account?"), "{}", page.text());
        assert!(page.text().contains("ada@example.com") && !linked().await);
        let wrong =
            browser.post("/login/link", &filled(page.form("/login/link"), &[("decision", "x")])).await;
        assert_eq!(wrong.status, 400);
        // Not in somebody else's browser, nor by a session that did not begin with it.
        let mut eve = signed_in(&app, "ada").await;
        let stolen = page.attribute("input[name=flow]", "value");
        assert_eq!(eve.get(&format!("/login/link?flow={stolen}")).await.status, 403);
        let form = filled(page.form("/login/link"), &[("decision", decision)]);
        let page = browser.post("/login/link", &form).await;
        let mut page = browser.follow(page).await;
        if page.body.contains("consent-allow") {
            page = browser.consent(&page, "allow").await;
        }
        assert!(page.sent("code").is_some(), "on the way to the application");
        assert_eq!(linked().await, expected);
    }
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await), "from now on at once");
    let identity = app.app.store.identity("acme", "ada at acme").await.unwrap().unwrap();
    assert_eq!(identity.user_id, ada.id.as_str());
});

on_both_engines!(an_offer_is_for_who_signs_in_with_it_and_for_ten_minutes, |engine| {
    let (app, provider) = with(engine, |acme| acme.policy.trust_email = false).await;
    app.user("ada").await;
    // Somebody is signed in already on this computer: their session confirms nothing.
    let mut browser = signed_in(&app, "ada").await;
    let page = through(&mut browser, &provider, "/login").await;
    let flow = page.attribute("input[name=flow]", "value");
    assert_eq!(browser.get(&format!("/login/link?flow={flow}")).await.location(), "/account");
    // Too late.
    let mut browser = app.browser();
    let page = through(&mut browser, &provider, "/account").await;
    app.advance(600);
    let page = browser.sign_in(&page, "ada").await;
    assert!(is_inside(&page), "{}", page.text());
    assert!(app.app.store.identity("acme", "ada at acme").await.unwrap().is_none());
});

/// Presses the page's button that links an account.
async fn link(browser: &mut Browser, provider: &Provider, id: &str) -> Page {
    let action = format!("/account/linked/{id}");
    let page = browser.get("/account/linked").await;
    let out = browser.post(&action, &page.form(&action)).await;
    let page = browser.get(&provider.approve(out.location())).await;
    browser.follow(page).await
}

async fn unlink(browser: &mut Browser) -> Page {
    let page = browser.get("/account/linked").await;
    let action = page.attribute("details form", "action");
    let page = browser.post(&action, &page.form(&action)).await;
    browser.follow(page).await
}

on_both_engines!(accounts_are_linked_and_unlinked_on_their_page, |engine| {
    // No word of the provider's is needed where the owner is there.
    let (app, provider) = with(engine, |acme| {
        acme.policy.sign_up = false;
        acme.policy.trust_email = false;
    })
    .await;
    app.user("ada").await;
    app.user("eve").await;
    provider.person(json!({ "sub": "42", "email": "private@example.org", "email_verified": true }));
    let mut browser = signed_in(&app, "ada").await;
    assert!(browser.get("/account/sign-in").await.body.contains("href=\"/account/linked\""));
    assert!(browser.get("/account/linked").await.text().contains("None yet"));
    let page = link(&mut browser, &provider, "acme").await;
    assert!(page.text().contains("The account is linked") && page.text().contains("private@example.org"));
    // Again: it is there, and stays one.
    assert!(link(&mut browser, &provider, "acme").await.text().contains("The account is linked"));
    let mut other = app.browser();
    assert!(is_inside(&through(&mut other, &provider, "/account").await));
    // Nobody else takes it over.
    let mut eve = signed_in(&app, "eve").await;
    let page = link(&mut eve, &provider, "acme").await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("was not linked"), "{}", page.text());
    // Or takes it away.
    let row = browser.get("/account/linked").await.attribute("details form", "action");
    let form = eve.get("/account/linked").await.form("/account/linked/acme");
    assert_eq!(eve.post(&row, &form).await.status, 404);
    // What goes wrong at the provider is said on the page it began on.
    provider.plans(Plan { signed: Signed::Not, ..Plan::default() });
    let page = link(&mut eve, &provider, "acme").await;
    assert!(page.status == 409 && page.text().contains("could not be verified"), "{}", page.text());
    provider.plans(Plan::default());
    assert!(unlink(&mut browser).await.text().contains("The account is unlinked"));
    let mut other = app.browser();
    assert_refused(&through(&mut other, &provider, "/account").await, "No account here belongs");
    let log = app.audit_log().await;
    assert!(log.iter().any(|line| line.starts_with("identity.link identity:")), "{log:?}");
    assert!(log.iter().any(|line| line.starts_with("identity.unlink identity:")), "{log:?}");
    // An older sign-in does not change what opens the account.
    app.advance(900);
    assert!(browser.get("/account/linked").await.location().starts_with("/login"));
    let form = form_of_language_switch(&mut browser).await;
    assert_eq!(browser.post("/account/linked/acme", &form).await.status, 403);
});

/// A form of this browser with its token.
async fn form_of_language_switch(browser: &mut Browser) -> Vec<(String, String)> {
    let page = browser.get("/account").await;
    page.form("/account/sign-out")
}

on_both_engines!(a_link_needs_the_session_that_asked_for_it, |engine| {
    let (app, provider) = with_provider(engine).await;
    app.user("ada").await;
    app.user("eve").await;
    provider.person(json!({ "sub": "42" }));
    let mut browser = signed_in(&app, "ada").await;
    let page = browser.get("/account/linked").await;
    let out = browser.post("/account/linked/acme", &page.form("/account/linked/acme")).await;
    let back = provider.approve(out.location());
    // Somebody else signed in meanwhile.
    let page = browser.open("/login").await;
    browser.sign_in(&page, "eve").await;
    let page = browser.get("/account").await;
    assert!(page.text().contains("eve"), "{}", page.text());
    let refused = browser.clone().get(&back).await;
    // Who signed out ended it altogether.
    let mut gone = browser.clone();
    gone.post("/account/sign-out", &page.form("/account/sign-out")).await;
    assert!(gone.get(&back).await.refusal(403).contains("before you signed out"));
    assert_refused(&refused, "was not linked");
    assert!(app.app.store.identity("acme", "42").await.unwrap().is_none());
});

on_both_engines!(the_last_way_to_sign_in_stays, |engine| {
    let (app, provider) = with_provider(engine).await;
    let mut browser = app.browser();
    assert!(is_inside(&through(&mut browser, &provider, "/account").await));
    let page = unlink(&mut browser).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("your only way to sign in"), "{}", page.text());
    // With another one, one of the two may go: one, and not both at the same moment.
    provider.person(json!({ "id": 42, "mail": "octo@example.com", "mail_is_verified": true }));
    assert!(link(&mut browser, &provider, "hub").await.text().contains("The account is linked"));
    let user = users(&app).await.remove(0);
    let page = browser.get("/account/linked").await;
    let form = page.form("/account/linked/acme");
    let identities = app.app.store.identities_of_user(&user.id).await.unwrap();
    let attempts =
        identities.into_iter().map(|identity| {
            let (mut browser, form) = (browser.clone(), form.clone());
            async move {
                browser.post(&format!("/account/linked/{}/remove", identity.id), &form).await.status == 303
            }
        });
    assert_eq!(at_once(attempts).await.into_iter().filter(|gone| *gone).count(), 1);
    // One at a provider that is no more opens nothing.
    let rest = app.app.store.identities_of_user(&user.id).await.unwrap();
    assert_eq!(rest.len(), 1);
});

on_both_engines!(
    cve_2025_53942_a_switched_off_account_stays_out_and_a_second_factor_is_asked_for,
    |engine| {
        let (app, provider) = with_provider(engine).await;
        let ada = app.user("ada").await;
        let mut browser = app.browser();
        // Whoever signed in there just now may set something up here.
        provider.plans(Plan { claims: json!({ "auth_time": START }), ..Plan::default() });
        assert!(is_inside(&through(&mut browser, &provider, "/account").await));
        provider.plans(Plan::default());
        crate::second_factor::set_up(&app, &mut browser).await;
        let mut other = app.browser();
        let page = through(&mut other, &provider, "/account").await;
        assert!(page.text().contains("One more step"), "{}", page.text());
        assert!(other.open("/account").await.body.contains("login-submit"));
        set(&app, &ada, |user| user.disabled = true).await;
        let mut other = app.browser();
        let page = through(&mut other, &provider, "/account").await;
        assert_refused(&page, "opens no account here");
    }
);

on_both_engines!(an_address_that_comes_back_too_often_waits, |engine| {
    let (app, provider) = with_provider(engine).await;
    let app = app.configured(|config| config.throttle.address_failures = 3);
    let mut browser = app.browser();
    // Those who get in do not count.
    for _ in 0..4 {
        assert!(is_inside(&through(&mut browser.clone(), &provider, "/account").await));
    }
    provider.plans(Plan { signed: Signed::Not, ..Plan::default() });
    for _ in 0..3 {
        assert_refused(&through(&mut browser, &provider, "/account").await, "could not be verified");
    }
    let redeemed = provider.redeemed();
    let page = through(&mut browser, &provider, "/account").await;
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").is_some() && page.text().contains("Too many attempts"));
    assert_eq!(provider.redeemed(), redeemed, "the provider is not asked");
    let written = app.audit_log().await;
    let refused = written.iter().filter(|row| row.starts_with("upstream.refused")).count();
    assert_eq!(refused, 3, "whoever waits writes nothing: {written:?}");
});

/// Like Apple: the secret is signed anew each time, and the answer comes by a form of the provider's page.
fn like_apple(upstream: &mut Upstream, pkcs8: &[u8]) {
    let key = SigningKey::from_pkcs8(SigningAlg::Es256, pkcs8).unwrap().named("KEY1234567");
    let signed = SignedSecret { team_id: "TEAM123456".to_owned(), key };
    upstream.client_secret = Some(UpstreamSecret::Signed(Arc::new(signed)));
    upstream.form_post = true;
    upstream.scopes = vec!["name".to_owned(), "email".to_owned()];
}

/// What the provider's page has the browser post, across sites: without the cookies of this one.
async fn posted(app: &TestApp, provider: &Provider, out: &Page, more: &[(&str, &str)]) -> Page {
    assert_eq!(out.sent("response_mode").as_deref(), Some("form_post"));
    let back = url::Url::parse(&provider.approve(out.location())).unwrap();
    let answer: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    let request = crate::support::form(back.path(), encode(&filled(answer, more)));
    app.send(request).await
}

on_both_engines!(apples_secret_is_signed_each_time_and_its_answer_comes_by_a_form, |engine| {
    let provider = Provider::open().await;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let mut acme = provider.openid_connect();
    like_apple(&mut acme, pkcs8.as_ref());
    let app =
        TestApp::start_at(engine, START * 1000, |config| config.upstreams = vec![acme, provider.oauth2()])
            .await;
    let plan = || Plan {
        secret_signed_by: Some(pair.public_key().as_ref().to_vec()),
        metadata: json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }),
        // As Apple writes it, and without a name.
        claims: json!({ "email_verified": "true", "name": null, "preferred_username": null }),
        ..Plan::default()
    };
    provider.plans(plan());
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    let out = press(&mut browser, &page, "acme").await;
    let user = r#"{"name":{"firstName":"Ada","lastName":"King"},"email":"evil@example.com"}"#;
    let back = posted(&app, &provider, &out, &[("user", user), ("id_token", "x"), ("other", "x")]).await;
    assert_eq!(back.status, 303, "{}", back.text());
    assert!(back.headers.get("set-cookie").is_none());
    let way = back.location().to_owned();
    assert!(
        way.starts_with("/upstream/acme/callback?") && !way.contains("id_token") && !way.contains("other")
    );
    // Whoever follows it in another browser is nobody.
    app.browser().get(&way).await.refusal(403);
    let page = browser.get(&way).await;
    let page = browser.follow(page).await;
    assert!(is_inside(&page), "{}", page.text());
    let [made] = &users(&app).await[..] else { panic!() };
    assert_eq!((made.email.as_deref(), made.email_verified), (Some("ada@example.com"), true));
    assert_eq!(made.name.as_deref(), Some("Ada King"));
    assert_refused(&browser.get(&way).await, "used");

    // A year later the secret is another one.
    app.advance(365 * 86_400);
    provider.plans(Plan {
        claims: json!({ "exp": START + 400 * 86_400, "iat": START + 365 * 86_400 }),
        ..plan()
    });
    let mut later = app.browser();
    let page = later.open("/login").await;
    let out = press(&mut later, &page, "acme").await;
    let back = posted(&app, &provider, &out, &[]).await;
    let page = later.get(back.location()).await;
    assert!(is_inside(&later.follow(page).await));
    // Another key's is refused.
    provider.plans(Plan { secret_signed_by: Some(vec![4; 65]), ..plan() });
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    let out = press(&mut browser, &page, "acme").await;
    let back = posted(&app, &provider, &out, &[]).await;
    assert_eq!(browser.get(back.location()).await.status, 401);
    // Whoever cancels there comes back by a form, too.
    let page = browser.open("/login").await;
    let out = press(&mut browser, &page, "acme").await;
    let state = out.sent("state").unwrap();
    let cancelled = [("state", state.as_str()), ("error", "user_cancelled_authorize")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
    let back = app.send(crate::support::form("/upstream/acme/callback", encode(&cancelled))).await;
    let page = browser.get(back.location()).await;
    assert_eq!(page.status, 401);

    // What comes by a form that nobody asked for, or is none, is refused.
    for (path, body, status) in [
        ("/upstream/hub/callback", "code=x&state=x".to_owned(), 400),
        ("/upstream/none/callback", "code=x".to_owned(), 404),
        ("/upstream/acme/callback", "code=a&code=b".to_owned(), 400),
        ("/upstream/acme/callback", format!("code=x&state={}", "x".repeat(60_000)), 400),
    ] {
        let page = app.send(crate::support::form(path, body.clone())).await;
        assert_eq!(page.status, status, "{path} {body:.40}");
    }
    for (body, why) in [("", "nothing"), ("code=x", "no state"), ("state=x&user={", "neither")] {
        let back = app.send(crate::support::form("/upstream/acme/callback", body)).await;
        assert_eq!(browser.get(back.location()).await.status, 401, "{why}");
    }
});

on_both_engines!(one_countersign_signs_in_with_another, |engine| {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let issuer = format!("http://localhost:{port}");
    let upper =
        TestApp::start_at(engine, START * 1000, |config| config.issuer = Issuer::parse(&issuer).unwrap())
            .await;
    let router = edge::wrap(routes::router(&upper.app), &upper.app);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    upper.user("ada").await;
    let lower = TestApp::start_at(engine, START * 1000, |config| {
        config.upstreams = vec![Upstream {
            id: "upper".to_owned(),
            name: "Upper".to_owned(),
            protocol: UpstreamProtocol::OpenIdConnect { issuer: issuer.clone() },
            client_id: "lower".to_owned(),
            client_secret: Some(UpstreamSecret::Text("secret".to_owned().into())),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            form_post: false,
            policy: countersign::protocol::linking::Policy { sign_up: true, trust_email: true },
        }];
    })
    .await;
    for alg in [SigningAlg::Rs256, SigningAlg::Es256, SigningAlg::EdDsa] {
        let id = format!("lower-{alg}");
        upper
            .client(&id, |metadata| {
                metadata.redirect_uris = vec!["http://localhost:8080/upstream/upper/callback".to_owned()];
                metadata.id_token_signed_response_alg = alg;
                metadata.skip_consent = true;
            })
            .await;
        let lower = lower.configured(|config| config.upstreams[0].client_id.clone_from(&id));
        let (mut here, mut there) = (lower.browser(), Browser::new(over_http(port)));
        there.origin.clone_from(&issuer);
        let page = here.open("/account").await;
        let out = press(&mut here, &page, "upper").await;
        let page = there.open(out.location()).await;
        let page = there.sign_in(&page, "ada").await;
        let page = here.get(page.location()).await;
        let page = here.follow(page).await;
        assert!(is_inside(&page), "{alg}: {}", page.text());
    }
    let [user] = users(&lower).await.try_into().unwrap();
    assert_eq!((user.email.as_deref(), user.email_verified), (Some("ada@example.com"), true));
});

/// A page that asks for a sign-in of the last minutes.
const SENSITIVE: &str = "/account/profile/address";

/// A client's demand for a fresh sign-in, or a page of the account's that asks for one.
async fn press_again(browser: &mut Browser, address: &str, id: &str) -> String {
    let page = browser.open(address).await;
    press(browser, &page, id).await.location().to_owned()
}

fn parameter(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

on_both_engines!(core_3_1_2_1_a_session_that_is_open_at_a_provider_is_no_fresh_sign_in_here, |engine| {
    let (app, provider) = with_provider(engine).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    provider.person(json!({ "sub": "42", "id": "42" }));
    let mut owner = signed_in(&app, "ada").await;
    for id in ["acme", "hub"] {
        assert!(link(&mut owner, &provider, id).await.text().contains("The account is linked"));
    }
    app.advance(5000);
    let now = app.app.clock.now().0;
    provider.time(now);

    // Whoever is signed in there comes in without a question, and when they signed in there is not known.
    let mut browser = app.browser();
    let out = press_again(&mut browser, "/account", "acme").await;
    assert_eq!((parameter(&out, "max_age"), parameter(&out, "prompt")), (None, None));
    let page = browser.get(&provider.approve(&out)).await;
    assert!(is_inside(&browser.follow(page).await));
    let asked = browser.get(SENSITIVE).await;
    assert!(asked.location().starts_with("/login?flow="), "{}", asked.location());

    // To change something they are asked there, and the provider has to say that they were.
    for (auth_time, is_fresh) in
        [(json!(now - 31), false), (json!(0), false), (Value::Null, false), (json!(now - 30), true)]
    {
        let out = press_again(&mut browser, SENSITIVE, "acme").await;
        assert_eq!(parameter(&out, "max_age").as_deref(), Some("0"));
        assert_eq!(parameter(&out, "prompt").as_deref(), Some("login"));
        provider.plans(Plan { claims: json!({ "auth_time": auth_time }), ..Plan::default() });
        let page = browser.get(&provider.approve(&out)).await;
        if is_fresh {
            assert_eq!(page.location(), SENSITIVE, "{auth_time}");
        } else {
            assert_eq!(page.status, 401, "{auth_time}");
            assert!(page.text().contains("did not confirm that you signed in"), "{}", page.text());
        }
        assert_eq!(browser.get(SENSITIVE).await.status == 200, is_fresh, "{auth_time}");
    }
    // One that never says when does not do, as there is a password.
    let mut browser = app.browser();
    let out = press_again(&mut browser, "/account", "hub").await;
    let page = browser.get(&provider.approve(&out)).await;
    assert!(is_inside(&browser.follow(page).await));
    let out = press_again(&mut browser, SENSITIVE, "hub").await;
    let page = browser.get(&provider.approve(&out)).await;
    assert!(page.text().contains("did not confirm that you signed in"), "{}", page.text());
    let page = browser.open(SENSITIVE).await;
    assert_eq!(browser.sign_in(&page, "ada").await.status, 200, "but the password does");
    assert_eq!(browser.get(SENSITIVE).await.status, 200);

    // Nor does it for an application that asks for a fresh sign-in, or for one of a short while ago.
    for demand in [("prompt", "login"), ("max_age", "0"), ("max_age", "60")] {
        let request = rp.authorization("openid", &[demand]);
        provider.plans(Plan { claims: json!({ "auth_time": now - 100 }), ..Plan::default() });
        let mut browser = app.browser();
        let out = press_again(&mut browser, &request, "acme").await;
        assert_eq!(parameter(&out, "max_age").as_deref(), Some("0"), "{demand:?}");
        let page = browser.get(&provider.approve(&out)).await;
        assert_eq!(page.status, 401, "{demand:?}");
        provider.plans(Plan::default());
        let out = press_again(&mut browser, &request, "acme").await;
        let page = browser.get(&provider.approve(&out)).await;
        let page = browser.follow(page).await;
        // What was allowed once is not asked for again.
        let asks = page.body.contains("action=\"/consent\"");
        let page = if asks { browser.consent(&page, "allow").await } else { page };
        assert!(page.sent("code").is_some(), "{demand:?}");
    }
});

on_both_engines!(
    whoever_has_nothing_but_a_provider_that_never_says_when_can_still_change_their_account,
    |engine| {
        let (app, provider) = with_provider(engine).await;
        let rp = app.rp("web").await;
        provider.person(json!({ "id": "7", "login": "grace", "mail": "grace@example.com" }));
        let mut browser = app.browser();
        let out = press_again(&mut browser, "/account", "hub").await;
        let page = browser.get(&provider.approve(&out)).await;
        assert!(is_inside(&browser.follow(page).await));
        assert_eq!(browser.get("/account/sign-in/passkeys").await.status, 200, "such as adding a better way");
        // An application's demand is not met by it.
        let out = press_again(&mut browser, &rp.authorization("openid", &[("prompt", "login")]), "hub").await;
        let page = browser.get(&provider.approve(&out)).await;
        assert!(page.status == 401 && page.text().contains("did not confirm"), "{}", page.text());
    }
);
