//! The device authorization grant (RFC 8628): a device that shows a code, a person who types it elsewhere, and everybody who would
//! like to be one of the two.

use axum::body::Body;
use axum::http::{Request, header};
use countersign::app::Origin;
use countersign::config;
use countersign::protocol::assurance::Level;
use countersign::protocol::client::{AuthMethod, Client, ClientMetadata, GrantType};
use countersign::protocol::device::{LIFETIME, State};
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use countersign::store::{DeviceRequest, MostWaiting, Waits};
use serde_json::{Value, json};

use crate::admin_api::robot;
use crate::support::process::Deployment;
use crate::support::{
    Browser, Engine, ISSUER, Page, Rp, START, TestApp, at_once, filled, form, granted, on_both, only_success,
    refused,
};

pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What every television is registered with.
fn as_device(metadata: &mut ClientMetadata) {
    metadata.token_endpoint_auth_method = AuthMethod::None;
    metadata.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    metadata.redirect_uris.clear();
    metadata.post_logout_redirect_uris.clear();
}

pub async fn tv(app: &TestApp, id: &str) -> Rp {
    Rp::new(app, &app.client(id, as_device).await)
}

/// What a device is told (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct Codes {
    pub device: String,
    pub user: String,
}

pub async fn ask(rp: &Rp, scope: &str) -> Codes {
    let answer = rp.post("/device_authorization", &[("scope", scope)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    Codes { device: text("device_code"), user: text("user_code") }
}

pub async fn poll(rp: &Rp, codes: &Codes) -> Page {
    rp.token(&[("grant_type", GRANT), ("device_code", &codes.device)]).await
}

async fn type_code(browser: &mut Browser, page: &Page, code: &str) -> Page {
    let page = browser.post("/device", &filled(page.form("/device"), &[("user_code", code)])).await;
    browser.follow(page).await
}

/// Signs in, as far as need be, and types the code: up to the question.
async fn question(browser: &mut Browser, username: &str, code: &str) -> Page {
    let mut page = browser.open("/device").await;
    if page.body.contains("id=\"login-submit\"") {
        page = browser.sign_in(&page, username).await;
    }
    let page = type_code(browser, &page, code).await;
    assert!(is_asked(&page), "{} {}", page.status, page.text());
    page
}

fn is_asked(page: &Page) -> bool {
    page.body.contains("id=\"device-allow\"")
}

fn is_done(page: &Page) -> bool {
    page.body.contains("id=\"device-done\"")
}

async fn decide(browser: &mut Browser, page: &Page, decision: &str) -> Page {
    let page = browser.post("/device", &filled(page.form("/device"), &[("decision", decision)])).await;
    browser.follow(page).await
}

pub async fn allow(browser: &mut Browser, username: &str, codes: &Codes) {
    let page = question(browser, username, &codes.user).await;
    let page = decide(browser, &page, "allow").await;
    assert!(is_done(&page), "{}", page.text());
}

/// One node on SQLite, two on PostgreSQL.
async fn nodes(app: &TestApp) -> Vec<TestApp> {
    match app.app.config.database.engine {
        config::Engine::Sqlite(_) => vec![app.clone()],
        config::Engine::Postgres(_) => vec![app.clone(), app.second_node().await],
    }
}

on_both!(rfc8628_3_from_the_code_on_the_screen_to_the_tokens, |app| {
    let ada = app.user("ada").await;
    let rp = tv(&app, "tv").await;
    let answer =
        rp.post("/device_authorization", &[("scope", "openid profile offline_access unknown")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    let told = answer.json();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let codes = Codes { device: text("device_code"), user: text("user_code") };
    assert_eq!((told["expires_in"].as_i64(), told["interval"].as_i64()), (Some(600), Some(5)));
    assert_eq!(text("verification_uri"), format!("{ISSUER}/device"));
    assert_eq!(text("verification_uri_complete"), format!("{ISSUER}/device?user_code={}", codes.user));
    let letters = codes.user.as_bytes();
    assert_eq!((letters.len(), letters[4]), (9, b'-'));
    assert!(codes.user.replace('-', "").bytes().all(|letter| b"BCDFGHJKLMNPQRSTVWXZ".contains(&letter)));

    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");

    // The address that a QR code holds saves the typing, and nothing else.
    let mut browser = app.browser();
    let page = browser.open(&text("verification_uri_complete")).await;
    assert!(page.body.contains("id=\"login-submit\""), "whoever is not signed in signs in first");
    let page = browser.sign_in(&page, "ada").await;
    assert_eq!(page.attribute("#user_code", "value"), codes.user);
    let page = type_code(&mut browser, &page, &codes.user).await;
    let words = page.text();
    for said in
        ["Client tv", "ada of Example", &codes.user, "they would get into your account", "See your profile"]
    {
        assert!(words.contains(said), "{said}: {words}");
    }
    page.assert_inert();
    app.advance(5);
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending", "typing decides nothing");
    app.advance(5);
    let page = decide(&mut browser, &page, "allow").await;
    assert!(is_done(&page) && page.text().contains("go back to your device"), "{}", page.text());

    let answer = poll(&rp, &codes).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = granted(&answer);
    assert_eq!(tokens.json["scope"], "openid profile offline_access", "what it is registered for");
    assert_eq!(
        (tokens.json["token_type"].as_str(), tokens.json["expires_in"].is_i64()),
        (Some("Bearer"), true)
    );
    let claims = tokens.claims("id_token");
    assert_eq!((claims["sub"].as_str(), claims["aud"].as_str()), (Some(ada.id.as_str()), Some("tv")));
    assert_eq!(claims["auth_time"], START);
    assert_eq!(claims["acr"], "urn:countersign:acr:password");
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert!(claims.get("nonce").is_none(), "{claims}");
    assert_eq!(rp.userinfo(tokens.access()).await.json()["name"], "ada of Example");
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    assert_eq!(rp.userinfo(refreshed.access()).await.status, 200);
    let page = browser.open("/account").await;
    browser.post("/account/sign-out", &page.form("/account/sign-out")).await;
    granted(&rp.refresh(refreshed.refresh()).await);
    let page = browser.open("/account").await;
    browser.sign_in(&page, "ada").await;

    let log = app.audit_log().await;
    for action in ["device.allow client:tv", "consent.allow client:tv"] {
        assert_eq!(log.iter().filter(|row| *row == action).count(), 1, "{log:?}");
    }
    let page = browser.open("/account").await;
    assert!(page.text().contains("Client tv"), "it stands among the connected applications");
    assert!(browser.open("/account/activity").await.text().contains("A device was let into Client tv"));

    // What was allowed is remembered, and asked again all the same.
    let again = ask(&rp, "openid").await;
    allow(&mut browser, "ada", &again).await;
    granted(&poll(&rp, &again).await);
    let log = app.audit_log().await;
    assert_eq!(log.iter().filter(|row| *row == "consent.allow client:tv").count(), 1, "it stands already");
});

on_both!(a_confidential_device_proves_who_it_is_at_both_endpoints, |app| {
    app.user("ada").await;
    let confidential = |metadata: &mut ClientMetadata| {
        as_device(metadata);
        metadata.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
        metadata.grant_types = vec![GrantType::DeviceCode];
        metadata.skip_consent = true;
    };
    let rp = Rp::new(&app, &app.client("box", confidential).await);
    let nobody = form("/device_authorization", "client_id=box&scope=openid");
    assert_eq!(refused(&app.send(nobody).await), "invalid_client");
    let codes = ask(&rp, "openid email").await;
    let mut browser = app.browser();
    // Whatever it skips elsewhere: somebody may have sent the code.
    allow(&mut browser, "ada", &codes).await;
    let body = format!("grant_type={GRANT}&client_id=box&device_code={}", codes.device);
    assert_eq!(refused(&app.send(form("/token", body)).await), "invalid_client");
    let tokens = granted(&poll(&rp, &codes).await);
    assert!(tokens.json.get("refresh_token").is_none(), "it is not registered for any");
    let log = app.audit_log().await;
    assert!(!log.iter().any(|row| row.starts_with("consent.allow")), "{log:?}");
});

on_both!(rfc8628_3_5_each_answer_to_a_poll, |app| {
    app.user("ada").await;
    let (rp, other) = (tv(&app, "tv").await, tv(&app, "other").await);
    let mut browser = app.browser();

    let codes = ask(&rp, "openid").await;
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
    assert_eq!(refused(&poll(&rp, &codes).await), "slow_down", "at once again");
    app.advance(5);
    assert_eq!(refused(&poll(&rp, &codes).await), "slow_down", "the interval is 10 seconds by now");
    app.advance(15);
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
    assert_eq!(refused(&poll(&other, &codes).await), "invalid_grant", "another client's");
    assert_eq!(poll(&rp, &codes).await.status, 400);

    let page = question(&mut browser, "ada", &codes.user).await;
    let page = decide(&mut browser, &page, "deny").await;
    assert!(is_done(&page) && page.text().contains("not connected"), "{}", page.text());
    assert_eq!(refused(&poll(&rp, &codes).await), "access_denied", "however soon");
    assert_eq!(refused(&poll(&other, &codes).await), "invalid_grant", "which is none of its business");
    assert!(app.audit_log().await.contains(&"device.deny client:tv".to_owned()));
    assert!(!app.audit_log().await.iter().any(|row| row.starts_with("consent.")), "nothing is remembered");

    // Too soon matters only until somebody has decided.
    let codes = ask(&rp, "openid").await;
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
    allow(&mut browser, "ada", &codes).await;
    assert_eq!(refused(&poll(&other, &codes).await), "invalid_grant");
    let tokens = granted(&poll(&rp, &codes).await);
    assert_eq!(refused(&poll(&rp, &codes).await), "invalid_grant", "once");
    assert_eq!(rp.userinfo(tokens.access()).await.status, 401, "and what it brought is revoked");
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("grant.code_replayed")));

    for allowed in [false, true] {
        let codes = ask(&rp, "openid").await;
        if allowed {
            allow(&mut browser, "ada", &codes).await;
        }
        app.advance(599);
        if !allowed {
            assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
        }
        app.advance(1);
        assert_eq!(refused(&poll(&rp, &codes).await), "expired_token", "{allowed}");
        assert_eq!(refused(&poll(&other, &codes).await), "invalid_grant");
    }
});

on_both!(wrong_requests_are_refused_where_they_are_made, |app| {
    app.user("ada").await;
    let rp = tv(&app, "tv").await;
    let web = app.public_rp("web").await;
    let _ = &web;
    for (body, error) in [
        ("", "invalid_client"),
        ("scope=openid", "invalid_client"),
        ("client_id=nobody&scope=openid", "invalid_client"),
        ("client_id=web&scope=openid", "unauthorized_client"),
        ("client_id=tv", "invalid_scope"),
        ("client_id=tv&scope=", "invalid_scope"),
        ("client_id=tv&scope=unknown", "invalid_scope"),
        ("client_id=tv&scope=openid,profile", "invalid_scope"),
        ("client_id=tv&scope=%22", "invalid_scope"),
        ("client_id=tv&scope=openid&scope=openid", "invalid_request"),
        ("client_id=tv&client_id=tv&scope=openid", "invalid_request"),
        ("client_id=tv&scope=openid&other=1&other=2", "invalid_request"),
        ("client_id=tv&scope=%ff", "invalid_request"),
        ("client_id=tv&scope=%00", "invalid_request"),
        ("client_id=tv&client_secret=x&scope=openid", "invalid_client"),
    ] {
        let answer = app.send(form("/device_authorization", body)).await;
        assert_eq!(refused(&answer), error, "{body}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{body}");
    }
    let in_address =
        Request::post("/device_authorization?client_id=tv&scope=openid").body(Body::empty()).unwrap();
    assert_eq!(refused(&app.send(in_address).await), "invalid_request");
    let json = Request::post("/device_authorization").header(header::CONTENT_TYPE, "application/json");
    let json = json.body(Body::from("{\"client_id\":\"tv\",\"scope\":\"openid\"}")).unwrap();
    assert_eq!(refused(&app.send(json).await), "invalid_request");
    // What nobody asks for does no harm.
    let extra = form("/device_authorization", "client_id=tv&scope=openid&nonce=n&max_age=0&claims=%7B");
    assert_eq!(app.send(extra).await.status, 200);

    let codes = ask(&rp, "openid").await;
    let sealed = app.app.seals.seal(countersign::sealing::Purpose::Code, &"x", &app.app.entropy).unwrap();
    let long = "A".repeat(50_000);
    for (fields, error) in [
        (vec![("grant_type", GRANT)], "invalid_request"),
        (vec![("grant_type", GRANT), ("device_code", "")], "invalid_request"),
        (vec![("grant_type", GRANT), ("device_code", "made up")], "invalid_grant"),
        (vec![("grant_type", GRANT), ("device_code", &codes.user)], "invalid_grant"),
        (vec![("grant_type", GRANT), ("device_code", &sealed)], "invalid_grant"),
        (vec![("grant_type", GRANT), ("device_code", &long)], "invalid_grant"),
        (vec![("grant_type", GRANT), ("device_code", &codes.device[1..])], "invalid_grant"),
        (vec![("grant_type", "device_code"), ("device_code", &codes.device)], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code"), ("code", &codes.device)], "unauthorized_client"),
    ] {
        assert_eq!(refused(&rp.token(&fields).await), error, "{fields:.60?}");
    }
    let fields = [("grant_type", GRANT), ("device_code", codes.device.as_str())];
    assert_eq!(refused(&web.token(&fields).await), "unauthorized_client");
    let twice = format!("client_id=tv&grant_type={GRANT}&device_code=x&device_code=x");
    assert_eq!(refused(&app.send(form("/token", twice)).await), "invalid_request");

    let mut browser = app.browser();
    let page = browser.open("/device?user_code=%3Cscript%3E").await;
    let page = browser.sign_in(&page, "ada").await;
    assert_eq!(page.attribute("#user_code", "value"), "<script>");
    page.assert_inert();
    browser.get("/device?user_code=a&user_code=b").await.refusal(400);
    browser.get("/device?flow=x").await.refusal(400);
    for typed in ["", "-", "AEIO-UUUU", "1234", "WDJB-MJHTB", "\u{1f600}", &long, "%00"] {
        let answer = type_code(&mut browser, &page, typed).await;
        assert_eq!(answer.status, 400, "{typed:.20}");
        assert!(answer.text().contains("A code has eight letters"), "{typed:.20}: {}", answer.text());
        answer.assert_inert();
    }
    let answer = type_code(&mut browser, &page, "BBBB-BBBB").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("No device waits for this code"), "{}", answer.text());
    for fields in [
        vec![("decision", "allow")],
        vec![("decision", "deny")],
        vec![("decision", "maybe")],
        vec![("flow", "")],
        vec![("flow", "x")],
    ] {
        browser.post("/device", &filled(page.form("/device"), &fields)).await.refusal(400);
    }
    for fields in [vec![("csrf", "x")], vec![("csrf", "")]] {
        browser.post("/device", &filled(page.form("/device"), &fields)).await.refusal(403);
    }
    let asked = question(&mut browser, "ada", &codes.user).await;
    browser.post("/device", &filled(asked.form("/device"), &[("decision", "maybe")])).await.refusal(400);
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending", "nothing was decided");
});

on_both!(rfc8628_6_1_the_code_is_found_however_it_is_typed, |app| {
    app.user("ada").await;
    let rp = tv(&app, "tv").await;
    let codes = ask(&rp, "openid").await;
    let mut browser = app.browser();
    let plain = codes.user.replace('-', "");
    for typed in [codes.user.to_lowercase(), plain.clone(), format!(" {} {} ", &plain[..4], &plain[4..])] {
        let page = question(&mut browser, "ada", &typed).await;
        assert!(page.text().contains(&codes.user), "shown as the device shows it: {}", page.text());
    }
});

on_both!(of_64_polls_after_the_approval_exactly_one_gets_tokens, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let rp = tv(&app, "tv").await;
    let mut browser = app.browser();
    for _ in 0..3 {
        let codes = ask(&rp, "openid offline_access").await;
        allow(&mut browser, "ada", &codes).await;
        let answers = at_once((0..64).map(|number| {
            let (rp, codes) = (rp.at(&nodes[number % nodes.len()].router), codes.clone());
            async move { poll(&rp, &codes).await }
        }))
        .await;
        let tokens = only_success(&answers);
        for node in &nodes {
            node.hears().await;
            assert_eq!(rp.at(&node.router).userinfo(tokens.access()).await.status, 401, "as for a code");
        }
    }
});

on_both!(of_many_who_decide_at_once_one_does, |app| {
    let nodes = nodes(&app).await;
    let rp = tv(&app, "tv").await;
    for round in 0..3 {
        let codes = ask(&rp, "openid").await;
        let mut asked = Vec::new();
        for number in 0..4 {
            let name = format!("user{round}{number}");
            app.user(&name).await;
            let mut browser = app.browser().at(&nodes[number % nodes.len()].router);
            let page = question(&mut browser, &name, &codes.user).await;
            asked.push((browser, page, if number % 2 == 0 { "allow" } else { "deny" }));
        }
        let polled = {
            let (rp, codes) = (rp.clone(), codes.clone());
            tokio::spawn(async move { poll(&rp, &codes).await })
        };
        let pages = at_once(asked.into_iter().map(|(mut browser, page, decision)| async move {
            (decision, decide(&mut browser, &page, decision).await)
        }))
        .await;
        polled.await.unwrap();
        let winners: Vec<_> = pages.iter().filter(|(_, page)| is_done(page)).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        for (_, page) in pages.iter().filter(|(_, page)| !is_done(page)) {
            assert_eq!(page.status, 400);
            assert!(page.text().contains("No device waits for this code"), "{}", page.text());
        }
        let expected = if winners[0].0 == "deny" { "access_denied" } else { "" };
        app.advance(60);
        let answer = poll(&rp, &codes).await;
        match expected {
            "" => drop(granted(&answer)),
            error => assert!([error, "invalid_grant"].contains(&refused(&answer).as_str())),
        }
        let decided = app.audit_log().await;
        let decided = decided.iter().filter(|row| row.starts_with("device.")).count();
        assert_eq!(decided, round + 1, "one row for every decision");
    }
});

on_both!(what_ends_between_the_approval_and_the_tokens_ends_them, |app| {
    let (rp, store) = (tv(&app, "tv").await, &app.app.store);
    let audit = || app.app.audit(&Origin::system(), "test", String::new(), "");
    for ended in
        ["nothing", "session", "session, offline", "user", "user deleted", "consent", "client", "grant type"]
    {
        let name = ended.replace([' ', ','], "");
        let user = app.user(&name).await;
        let offline = ended == "session, offline";
        let codes = ask(&rp, if offline { "openid offline_access" } else { "openid" }).await;
        let mut browser = app.browser();
        allow(&mut browser, &name, &codes).await;
        let client = app.stored_client("tv").await;
        match ended {
            "session" | "session, offline" => {
                let page = browser.open("/account").await;
                browser.post("/account/sign-out", &page.form("/account/sign-out")).await;
            }
            "user" => {
                let user = app.stored_user(&user.id).await;
                let disabled = User { disabled: true, ..user.clone() };
                assert!(store.update_user(&disabled, user.updated_at, &audit()).await.unwrap());
            }
            "user deleted" => {
                assert!(store.delete_user(&user.id, &audit()).await.unwrap());
            }
            "consent" => assert!(store.withdraw(&user.id, &"tv".into(), &audit()).await.unwrap()),
            "client" | "grant type" => {
                let mut changed = client.clone();
                changed.disabled = ended == "client";
                if ended == "grant type" {
                    changed.metadata.grant_types = vec![GrantType::RefreshToken];
                }
                assert!(store.update_client(&changed, client.updated_at, &audit()).await.unwrap());
            }
            _ => {}
        }
        let answer = poll(&rp, &codes).await;
        match ended {
            "nothing" => drop(granted(&answer)),
            "client" => assert_eq!(refused(&answer), "invalid_client", "{ended}"),
            "grant type" => assert_eq!(refused(&answer), "unauthorized_client", "{ended}"),
            // As for a code: what is fetched later may outlive the session, the fetching may not.
            _ => assert_eq!(refused(&answer), "invalid_grant", "{ended}"),
        }
        if ["client", "grant type"].contains(&ended) {
            let read = app.stored_client("tv").await;
            let restored = Client { updated_at: read.updated_at, ..client };
            assert!(store.update_client(&restored, read.updated_at, &audit()).await.unwrap());
        }
    }
});

on_both!(what_ends_before_the_approval_leaves_nothing_to_decide, |app| {
    app.user("ada").await;
    let (rp, store) = (tv(&app, "tv").await, &app.app.store);
    let audit = || app.app.audit(&Origin::system(), "test", String::new(), "");
    let mut browser = app.browser();
    for ended in ["expired", "client", "grant type", "scope", "decided elsewhere"] {
        let codes = ask(&rp, "openid").await;
        let page = question(&mut browser, "ada", &codes.user).await;
        let client = app.stored_client("tv").await;
        let mut changed = client.clone();
        match ended {
            "expired" => app.advance(600),
            "client" => changed.disabled = true,
            "grant type" => changed.metadata.grant_types = vec![GrantType::RefreshToken],
            "scope" => changed.metadata.scope = Scope::parse("email").unwrap(),
            _ => {
                let mut elsewhere = app.browser();
                let page = question(&mut elsewhere, "ada", &codes.user).await;
                assert!(is_done(&decide(&mut elsewhere, &page, "deny").await));
            }
        }
        assert!(store.update_client(&changed, client.updated_at, &audit()).await.unwrap());
        for decision in ["allow", "deny"] {
            let page = decide(&mut browser, &page, decision).await;
            assert_eq!(page.status, 400, "{ended} {decision}");
            assert!(page.text().contains("No device waits for this code"), "{ended}: {}", page.text());
        }
        // Nor does the code lead anywhere any more.
        let form_again = browser.open("/device").await;
        assert_eq!(type_code(&mut browser, &form_again, &codes.user).await.status, 400, "{ended}");
        let read = app.stored_client("tv").await;
        let restored = Client { updated_at: read.updated_at, ..client };
        assert!(store.update_client(&restored, read.updated_at, &audit()).await.unwrap());
    }
    assert!(!app.audit_log().await.contains(&"device.allow client:tv".to_owned()));
    // What a client may still have of what it asked for is named, and no more is granted.
    let codes = ask(&rp, "openid email profile").await;
    let client = app.stored_client("tv").await;
    let mut narrowed = client.clone();
    narrowed.metadata.scope = Scope::parse("openid email").unwrap();
    assert!(store.update_client(&narrowed, client.updated_at, &audit()).await.unwrap());
    let page = question(&mut browser, "ada", &codes.user).await;
    assert!(!page.text().contains("See your profile"));
    // Widened again meanwhile: nobody was asked about that.
    let read = app.stored_client("tv").await;
    let restored = Client { updated_at: read.updated_at, ..client };
    assert!(store.update_client(&restored, read.updated_at, &audit()).await.unwrap());
    let page = decide(&mut browser, &page, "allow").await;
    assert!(is_asked(&page) && page.text().contains("See your profile"), "{}", page.text());
});

on_both!(rfc8628_5_4_nobody_decides_but_whoever_was_asked, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let rp = tv(&app, "tv").await;
    let codes = ask(&rp, "openid").await;
    let mut browser = app.browser();
    let asked = question(&mut browser, "ada", &codes.user).await;
    let yes = filled(asked.form("/device"), &[("decision", "allow")]);

    // Another site, or a link, decides nothing.
    let foreign = Request::post("/device")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(crate::support::encode(&yes)))
        .unwrap();
    browser.send(foreign).await.refusal(403);
    let query = crate::support::encode(&yes);
    let page = browser.open(&format!("/device?{query}")).await;
    assert!(is_asked(&page), "a link only asks");

    // Another browser, signed in or not.
    let mut stranger = app.browser();
    stranger.open("/login").await;
    stranger.post("/device", &yes).await.refusal(403);
    let flow = asked.form("/device").into_iter().find(|(name, _)| name == "flow").unwrap().1;
    stranger.get(&format!("/device?flow={flow}")).await.refusal(403);

    // Somebody else who signed in meanwhile, in another tab.
    let page = browser.open("/login").await;
    browser.sign_in(&page, "bob").await;
    browser.post("/device", &yes).await.refusal(403);
    let page = browser.open(&format!("/device?flow={flow}")).await;
    assert!(page.text().contains("bob of Example"), "and is asked themselves");
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
    assert!(is_done(&decide(&mut browser, &page, "deny").await));

    // Signing out ends the question.
    let codes = ask(&rp, "openid").await;
    let asked = question(&mut browser, "bob", &codes.user).await;
    let page = browser.open("/account").await;
    browser.post("/account/sign-out", &page.form("/account/sign-out")).await;
    let yes = filled(asked.form("/device"), &[("decision", "allow")]);
    browser.post("/device", &yes).await.refusal(403);
    assert_eq!(refused(&poll(&rp, &codes).await), "authorization_pending");
});

on_both!(the_clients_level_and_age_come_before_the_question, |app| {
    app.user("ada").await;
    let strict = |metadata: &mut ClientMetadata| {
        as_device(metadata);
        metadata.least_acr = Some(Level::TwoFactors);
    };
    let rp = Rp::new(&app, &app.client("strict", strict).await);
    let codes = ask(&rp, "openid").await;
    let mut browser = app.browser();
    let page = browser.open("/device").await;
    let page = browser.sign_in(&page, "ada").await;
    let sent = browser.post("/device", &filled(page.form("/device"), &[("user_code", &codes.user)])).await;
    let page = browser.follow(sent).await;
    assert!(page.body.contains("id=\"set-up-open\""), "{}", page.text());
    let next = page.attribute("#set-up-continue", "href");
    assert!(next.starts_with("/device?flow="), "{next}");
    assert!(browser.open(&next).await.body.contains("id=\"set-up-open\""), "there is no way around");

    let fresh = |metadata: &mut ClientMetadata| {
        as_device(metadata);
        metadata.default_max_age = Some(60);
    };
    let rp = Rp::new(&app, &app.client("fresh", fresh).await);
    app.advance(61);
    let codes = ask(&rp, "openid").await;
    let page = browser.open("/device").await;
    let page = type_code(&mut browser, &page, &codes.user).await;
    assert!(page.body.contains("id=\"login-submit\""), "{}", page.text());
    let page = browser.sign_in(&page, "ada").await;
    assert!(is_asked(&page), "the code is not typed again: {}", page.text());
    assert!(is_done(&decide(&mut browser, &page, "allow").await));
    let tokens = granted(&poll(&rp, &codes).await);
    assert_eq!(tokens.claims("id_token")["auth_time"], START + 61);
});

on_both!(rfc8628_5_1_guesses_are_counted_and_right_codes_are_not, |app| {
    app.user("ada").await;
    app.user("bob").await;
    let rp = tv(&app, "tv").await;
    let mut browser = app.browser();
    for _ in 0..12 {
        let codes = ask(&rp, "openid").await;
        question(&mut browser, "ada", &codes.user).await;
    }
    let codes = ask(&rp, "openid").await;
    let page = browser.open("/device").await;
    for _ in 0..10 {
        assert_eq!(type_code(&mut browser, &page, "BBBB-BBBB").await.status, 400);
        // What cannot be a code is no guess.
        assert_eq!(type_code(&mut browser, &page, "BBBB").await.status, 400);
    }
    let answer = type_code(&mut browser, &page, &codes.user).await;
    assert_eq!(answer.status, 429, "also the right one");
    assert!(answer.header("retry-after").unwrap().parse::<i64>().unwrap() > 0);
    assert!(answer.text().contains("Too many attempts"), "{}", answer.text());
    // It is this account that guessed.
    let mut bobs = app.browser();
    question(&mut bobs, "bob", &codes.user).await;
    app.advance(901);
    let codes = ask(&rp, "openid").await;
    question(&mut browser, "ada", &codes.user).await;
});

on_both!(one_address_guesses_only_so_often_with_however_many_accounts, |app| {
    let app = app.configured(|config| {
        config.throttle.account_failures = 2;
        config.throttle.address_failures = 5;
    });
    let mut refusals = Vec::new();
    for number in 0..3 {
        let name = format!("user{number}");
        app.user(&name).await;
        let mut browser = app.browser();
        let page = browser.open("/device").await;
        let page = browser.sign_in(&page, &name).await;
        for _ in 0..2 {
            refusals.push(type_code(&mut browser, &page, "CCCC-CCCC").await.status.as_u16());
        }
    }
    assert_eq!(refusals, [400, 400, 400, 400, 400, 429]);
});

on_both!(strangers_do_not_fill_the_database, |app| {
    let rp = tv(&app, "tv").await;
    let waiting = ask(&rp, "openid").await;
    for _ in 1..100 {
        ask(&rp, "openid").await;
    }
    let answer = rp.post("/device_authorization", &[("scope", "openid")]).await;
    assert_eq!((answer.status.as_u16(), refused(&answer).as_str()), (429, "temporarily_unavailable"));
    assert!(answer.header("retry-after").unwrap().parse::<i64>().unwrap() > 0);
    // A confidential client answers for itself.
    let confidential = |metadata: &mut ClientMetadata| {
        as_device(metadata);
        metadata.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
    };
    let known = Rp::new(&app, &app.client("box", confidential).await);
    ask(&known, "openid").await;

    // However many addresses there are: the statement counts what waits.
    let (store, now) = (&app.app.store, app.app.clock.now());
    let request = |number: i64, client: &str| DeviceRequest {
        id: format!("r{number}"),
        user_code_hash: format!("h{number}"),
        client_id: client.into(),
        scope: Scope::parse("openid").unwrap(),
        state: State::Pending,
        grant_code: String::new(),
        created_at: now,
        expires_at: now.plus(LIFETIME),
    };
    let most = |of_all, of_client| MostWaiting { of_all, of_client };
    for (number, client, most, expected) in [
        (1, "tv", most(101, 200), Waits::TooMany),
        (2, "tv", most(200, 100), Waits::TooMany),
        (3, "box", most(102, 100), Waits::Now),
        (4, "tv", most(103, 101), Waits::Now),
        (4, "tv", most(200, 200), Waits::CodeTaken),
        (5, "box", most(103, 103), Waits::TooMany),
    ] {
        let waits = store.insert_device_request(&request(number, client), most).await.unwrap();
        assert_eq!(waits, expected, "{number}");
    }
    let stored = store.device_request("r3").await.unwrap().unwrap();
    assert_eq!(stored, request(3, "box"));
    // What is decided waits no more.
    app.user("ada").await;
    let most_now = most(104, 104);
    assert_eq!(store.insert_device_request(&request(8, "box"), most_now).await.unwrap(), Waits::Now);
    assert_eq!(store.insert_device_request(&request(9, "box"), most_now).await.unwrap(), Waits::TooMany);
    allow(&mut app.browser(), "ada", &waiting).await;
    assert_eq!(store.insert_device_request(&request(9, "box"), most_now).await.unwrap(), Waits::Now);
    assert_eq!(store.insert_device_request(&request(10, "box"), most_now).await.unwrap(), Waits::TooMany);
    let nobodys = store.insert_device_request(&request(6, "nobody"), most(999, 999)).await;
    assert!(nobodys.is_err(), "of no client");

    // What has expired makes room at once, and is gone an hour later.
    app.advance(600);
    let later = DeviceRequest { created_at: app.app.clock.now(), ..request(7, "tv") };
    assert_eq!(store.insert_device_request(&later, most(1, 1)).await.unwrap(), Waits::Now);
    app.advance(3600);
    assert!(store.clean_up(app.app.clock.now()).await.unwrap() >= 103);
    assert!(store.device_request("r3").await.unwrap().is_none());
});

on_both!(what_went_wrong_is_explained_and_waiting_is_not, |app| {
    app.user("ada").await;
    let rp = tv(&app, "tv").await;
    let codes = ask(&rp, "openid").await;
    let mut waiting = Vec::new();
    for error in ["authorization_pending", "slow_down"] {
        let answer = poll(&rp, &codes).await;
        assert_eq!(refused(&answer), error);
        waiting.push(answer);
    }
    let mut browser = app.browser();
    let page = question(&mut browser, "ada", &codes.user).await;
    decide(&mut browser, &page, "deny").await;
    let denied = poll(&rp, &codes).await;
    let codes = ask(&rp, "openid").await;
    app.advance(600);
    let expired = poll(&rp, &codes).await;
    let no_scope = rp.post("/device_authorization", &[]).await;
    let caller = robot(&app).await;
    let explained = async |answer: &Page| {
        let reference = answer.header("x-request-id").unwrap().to_owned();
        caller.get(&format!("/admin/api/failures/{reference}")).await
    };
    for (answer, error, section, endpoint) in [
        (&denied, "access_denied", "RFC 8628 §3.5", "/token"),
        (&expired, "expired_token", "RFC 8628 §3.5", "/token"),
        (&no_scope, "invalid_scope", "RFC 6749 §3.3", "/device_authorization"),
    ] {
        let found = explained(answer).await;
        assert_eq!(found.status, 200, "{error}: {}", found.body);
        let found = found.json();
        assert_eq!(
            (found["error"].as_str(), found["section"].as_str()),
            (Some(error), Some(section)),
            "{found}"
        );
        assert_eq!((found["endpoint"].as_str(), found["client_id"].as_str()), (Some(endpoint), Some("tv")));
        assert!(!found["advice"].as_str().unwrap().is_empty(), "{found}");
        assert!(!found.to_string().contains(&codes.device), "{found}");
    }
    for answer in &waiting {
        assert_eq!(explained(answer).await.status, 404, "an answer, and no failure: {}", answer.body);
    }
});

on_both!(it_can_be_registered_and_is_announced, |app| {
    let app = app.configured(|config| config.registration.mode = config::RegistrationMode::Open);
    let document: Value =
        serde_json::from_str(&app.browser().get("/.well-known/openid-configuration").await.body).unwrap();
    assert_eq!(document["device_authorization_endpoint"], format!("{ISSUER}/device_authorization"));
    assert!(document["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    let register = async |body: Value| {
        let request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
        app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let wish = json!({"client_name": "TV", "grant_types": [GRANT, "refresh_token"], "token_endpoint_auth_method": "none"});
    let made = register(wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    assert_eq!((&made["response_types"], &made["redirect_uris"]), (&json!([]), &json!([])), "{made}");
    let id = made["client_id"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::None, "", "");
    let codes = ask(&rp, "openid").await;
    app.user("ada").await;
    let mut browser = app.browser();
    let page = question(&mut browser, "ada", &codes.user).await;
    assert!(page.body.contains("id=\"unverified\""), "nobody has looked at what it says of itself");
    assert!(is_done(&decide(&mut browser, &page, "allow").await));
    granted(&poll(&rp, &codes).await);
    assert!(!app.stored_client(id).await.was_never_used(), "it is kept");
    for wish in [
        json!({"client_name": "TV", "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none"}),
        json!({"client_name": "TV", "grant_types": [GRANT], "redirect_uris": ["https://tv.example/cb"]}),
    ] {
        assert_eq!(register(wish.clone()).await.status, 400, "{wish}");
    }
});

/// RFC 8628 §3.5: devices poll for minutes, and many do at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_writes_nothing() {
    let deployment = Deployment::that_logs_statements(Engine::Sqlite).await;
    let node = deployment.start().await;
    let tv = ["client", "create", "--json", "--kind", "device", "--id", "tv", "--name", "TV"];
    let made: Value = serde_json::from_str(&deployment.run(&tv, "")).unwrap();
    assert_eq!(made["grant_types"], json!(["refresh_token", GRANT]), "{made}");
    let rp = Rp::of(&node.router, "tv", AuthMethod::None, "", "");
    let codes = ask(&rp, "openid").await;
    for number in 0..100 {
        let error = refused(&poll(&rp, &codes).await);
        assert_eq!(error, if number == 0 { "authorization_pending" } else { "slow_down" });
    }
    let made_up = Codes { device: "x".repeat(200), ..codes.clone() };
    for _ in 0..20 {
        assert_eq!(refused(&poll(&rp, &made_up).await), "invalid_grant");
    }
    let mut node = node;
    node.terminate();
    node.ended().await;
    let log = deployment.log(&node);
    let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count("INSERT INTO device_requests"), 1);
    assert_eq!(count("FROM device_requests WHERE id = $1"), 100, "one read for each that could be real");
    assert_eq!(count("UPDATE device_requests"), 0);
    // The request itself was counted once; nothing is counted, audited or issued at a poll.
    for (table, writes) in [("throttle", 1), ("grants", 0), ("revoked_tokens", 0)] {
        assert_eq!(count(&format!("INSERT INTO {table} ")), writes, "{table}");
    }
    // Of what came before there was a poll, and of keys.
    assert!(count("INSERT INTO audit_log ") < 20);
}
