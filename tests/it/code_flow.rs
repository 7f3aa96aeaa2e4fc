//! The code flow from the button to the claims, and everything that ends a grant.

use std::time::Duration;

use countersign::app::Origin;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use serde_json::json;

use crate::support::{START, VERIFIER, granted, on_both, refused};

on_both!(openid_core_3_1_the_code_flow_brings_tokens_and_claims, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let answer = rp.answer(&mut browser, "ada", &rp.authorization("openid profile email", &[])).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("https://web.example/cb?code="));
    assert_eq!(answer.sent("state").as_deref(), Some("the state"));
    assert_eq!(answer.sent("iss").as_deref(), Some("http://localhost:8080"));

    let code = answer.sent("code").unwrap();
    assert!(code.len() >= 43, "256 random bits: {code}");
    let page = rp.redeem(&code).await;
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let tokens = granted(&page);
    assert_eq!(tokens.json["token_type"], "Bearer");
    assert_eq!(tokens.json["expires_in"], 300);
    assert_eq!(tokens.json["scope"], "openid profile email");

    let id_token = tokens.claims("id_token");
    assert_eq!(id_token["iss"], "http://localhost:8080");
    assert_eq!(id_token["sub"], user.id.as_str());
    assert_eq!(id_token["aud"], "web");
    assert_eq!(id_token["nonce"], "the nonce");
    assert_eq!(id_token["auth_time"], START);
    assert_eq!(id_token["exp"], START + 300);
    assert_eq!(id_token["amr"], json!(["pwd"]));
    assert_eq!(id_token["acr"], "urn:countersign:acr:password", "one of acr_values_supported");
    assert!(id_token.get("email").is_none(), "claims of scopes belong into UserInfo (Core §5.4)");

    let access_token = tokens.claims("access_token");
    assert_eq!(access_token["aud"], "http://localhost:8080");
    assert_eq!(access_token["client_id"], "web");

    let userinfo = rp.userinfo(tokens.access()).await;
    assert_eq!(
        userinfo.json(),
        json!({
            "sub": user.id.as_str(), "preferred_username": "ada", "name": "ada of Example", "updated_at": START,
            "email": "ada@example.com", "email_verified": true,
        })
    );
});

on_both!(rfc6749_4_1_2_a_code_works_once_and_its_replay_revokes_what_it_brought, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let tokens = granted(&rp.redeem(&code).await);
    assert!(rp.is_active(tokens.access()).await);

    assert_eq!(refused(&rp.redeem(&code).await), "invalid_grant");
    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(rp.userinfo(tokens.access()).await.status, 401);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("grant.code_replayed")));
});

on_both!(cve_2026_55672_wrong_requests_neither_use_a_code_up_nor_revoke_it, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let other = app.rp("other").await;
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let with = |redirect: &'static str, verifier: &'static str| {
        let (rp, code) = (rp.clone(), code.clone());
        async move {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", redirect),
                ("code_verifier", verifier),
            ];
            rp.token(&fields).await
        }
    };
    let redirect = "https://web.example/cb";
    assert_eq!(refused(&with(redirect, "").await), "invalid_grant");
    assert_eq!(
        refused(&with(redirect, "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong").await),
        "invalid_grant"
    );
    assert_eq!(refused(&with("https://web.example/cb/", VERIFIER).await), "invalid_grant");
    let mut thief = other;
    thief.redirect_uri = redirect.to_owned();
    assert_eq!(refused(&thief.redeem(&code).await), "invalid_grant");

    let tokens = granted(&rp.redeem(&code).await);
    assert!(rp.is_active(tokens.access()).await);
});

on_both!(rfc6749_4_1_2_a_code_dies_after_a_minute, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid").await;
    app.advance(59);
    granted(&rp.redeem(&code).await);
    let code = rp.code(&mut browser, "ada", "openid").await;
    app.advance(60);
    assert_eq!(refused(&rp.redeem(&code).await), "invalid_grant");
});

on_both!(rfc9700_4_14_2_refresh_tokens_rotate_and_reuse_revokes_the_grant, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let first = rp.tokens(&mut app.browser(), "ada", "openid").await;
    app.advance(10);
    let second = granted(&rp.refresh(first.refresh()).await);
    assert_ne!(first.refresh(), second.refresh());
    let (before, after) = (first.claims("id_token"), second.claims("id_token"));
    for kept in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(before[kept], after[kept], "{kept} (Core §12.2)");
    }
    assert!(after.get("nonce").is_none());

    assert_eq!(refused(&rp.refresh(first.refresh()).await), "invalid_grant");
    assert_eq!(refused(&rp.refresh(second.refresh()).await), "invalid_grant", "the whole family is revoked");
    assert!(!rp.is_active(second.access()).await);
});

on_both!(rfc9700_4_14_2_a_public_client_may_retry_and_gets_the_same_successor, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let first = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let second = granted(&rp.refresh(first.refresh()).await);
    app.advance(9);
    let retried = granted(&rp.refresh(first.refresh()).await);
    assert_eq!(second.refresh(), retried.refresh());
    app.advance(1);
    assert_eq!(
        refused(&rp.refresh(first.refresh()).await),
        "invalid_grant",
        "the window is counted from the first use"
    );
    assert_eq!(refused(&rp.refresh(second.refresh()).await), "invalid_grant");
});

on_both!(rfc6749_6_a_refresh_token_is_its_clients_and_stays_usable, |app| {
    app.user("ada").await;
    let (rp, other) = (app.rp("web").await, app.rp("other").await);
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid email").await;
    assert_eq!(refused(&other.refresh(tokens.refresh()).await), "invalid_grant");
    let forged = tokens.refresh().replace(".0.", ".1.");
    assert_eq!(refused(&rp.refresh(&forged).await), "invalid_grant");
    let wider =
        [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh()), ("scope", "openid profile")];
    assert_eq!(refused(&rp.token(&wider).await), "invalid_scope");
    let for_less = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh()), ("scope", "email")];
    let narrowed = granted(&rp.token(&for_less).await);
    assert_eq!(narrowed.json["scope"], "email");
    assert!(narrowed.json.get("id_token").is_none());
    assert_eq!(
        granted(&rp.refresh(narrowed.refresh()).await).json["scope"],
        "openid email",
        "the grant keeps its own"
    );
});

on_both!(cve_2026_43983_signing_out_ends_online_grants_and_spares_offline_ones, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let online = rp.tokens(&mut browser, "ada", "openid").await;
    let offline = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let sessions = app.app.store.sessions_of_user(&user.id, app.app.clock.now()).await.unwrap();
    let audit = app.app.audit(&Origin::system(), "session.end", String::new(), "");
    assert!(app.app.store.end_session(&user.id, &sessions[0].id, &audit).await.unwrap());

    assert!(!rp.is_active(online.access()).await);
    assert_eq!(refused(&rp.refresh(online.refresh()).await), "invalid_grant");
    assert!(rp.is_active(offline.access()).await);
    granted(&rp.refresh(offline.refresh()).await);
});

on_both!(cve_2026_43983_disabling_deleting_or_a_new_password_ends_every_grant, |app| {
    let store = &app.app.store;
    let rp = app.rp("web").await;
    for (name, how) in [("ada", "disable"), ("bob", "delete"), ("cyd", "password")] {
        let user = app.user(name).await;
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, name, "openid offline_access").await;
        let unredeemed = rp.code(&mut browser, name, "openid").await;
        let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
        match how {
            "disable" => {
                let disabled = User { disabled: true, ..user.clone() };
                assert!(store.update_user(&disabled, user.updated_at, &audit).await.unwrap());
            }
            "delete" => assert!(store.delete_user(&user.id, &audit).await.unwrap()),
            _ => assert!(store.set_password(&user.id, "x", None, app.app.clock.now(), &audit).await.unwrap()),
        }
        assert!(!rp.is_active(tokens.access()).await, "{how}");
        assert_eq!(rp.userinfo(tokens.access()).await.status, 401, "{how}");
        assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant", "{how}");
        assert_eq!(refused(&rp.redeem(&unredeemed).await), "invalid_grant", "{how}");
        let page = browser.open(&rp.authorization("openid", &[("prompt", "none")])).await;
        assert_eq!(page.sent("error").as_deref(), Some("login_required"), "{how}");
    }
});

on_both!(withdrawing_consent_ends_grants_for_good_and_codes_that_are_on_their_way, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    let unredeemed = rp.code(&mut browser, "ada", "openid").await;
    let audit = app.app.audit(&Origin::system(), "consent.withdraw", String::new(), "");
    assert!(app.app.store.withdraw(&user.id, &"web".into(), &audit).await.unwrap());

    assert!(!rp.is_active(tokens.access()).await);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
    let page = browser.open(&rp.authorization("openid", &[("prompt", "none")])).await;
    assert_eq!(page.sent("error").as_deref(), Some("consent_required"));

    // Allowing again makes another consent, on which the old code does not rest.
    rp.code(&mut browser, "ada", "openid").await;
    assert_eq!(refused(&rp.redeem(&unredeemed).await), "invalid_grant");
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant");
});

on_both!(rfc6749_4_1_2_a_replay_revokes_also_when_it_comes_after_the_codes_minute, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let tokens = granted(&rp.redeem(&code).await);
    app.advance(61);
    assert!(rp.is_active(tokens.access()).await);
    assert_eq!(refused(&rp.redeem(&code).await), "invalid_grant");
    assert!(!rp.is_active(tokens.access()).await);
});

on_both!(openid_core_3_1_2_1_signing_in_again_keeps_the_session_and_what_hangs_on_it, |app| {
    app.user("ada").await;
    let (rp, other) = (app.rp("web").await, app.rp("other").await);
    let mut browser = app.browser();
    let before = rp.tokens(&mut browser, "ada", "openid").await;
    let old_cookies = browser.cookies.clone();
    app.advance(100);
    let answer =
        other.answer(&mut browser, "ada", &other.authorization("openid", &[("prompt", "login")])).await;
    let after = granted(&other.redeem(&answer.sent("code").unwrap()).await);
    assert_eq!(after.claims("id_token")["sid"], before.claims("id_token")["sid"]);
    assert_eq!(after.claims("id_token")["auth_time"], START + 100);
    granted(&rp.refresh(before.refresh()).await);

    // The secret is another one: whoever had the old cookie is out (CVE-2026-7507).
    let mut thief = app.browser();
    thief.cookies = old_cookies;
    let page = thief.open(&rp.authorization("openid", &[("prompt", "none")])).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));

    // Another user's sign-in ends the session, and what hung on it.
    app.user("bob").await;
    let answer = rp.answer(&mut browser, "bob", &rp.authorization("openid", &[("prompt", "login")])).await;
    assert!(answer.sent("code").is_some());
    assert_eq!(refused(&other.refresh(after.refresh()).await), "invalid_grant");
});

on_both!(rfc6749_5_1_a_token_promises_no_more_than_its_session, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    for _ in 0..5 {
        app.advance(7_000);
        rp.code(&mut browser, "ada", "openid").await;
    }
    app.advance(43_200 - 35_000 - 7_000 - 100);
    rp.code(&mut browser, "ada", "openid").await;
    app.advance(7_000);
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    assert_eq!(tokens.json["expires_in"], 100);
    assert_eq!(tokens.claims("access_token")["exp"], START + 43_200);
    let lasting = rp.tokens(&mut browser, "ada", "openid offline_access").await;
    assert_eq!(lasting.json["expires_in"], 300);
});

on_both!(what_a_clients_registration_loses_its_next_refresh_loses_too, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid email offline_access").await;
    let mut client = app.stored_client("web").await;
    let read_at = client.updated_at;
    client.metadata.scope = Scope::parse("openid offline_access").unwrap();
    client.updated_at = read_at.plus(Duration::from_secs(1));
    let audit = app.app.audit(&Origin::system(), "client.update", String::new(), "");
    assert!(app.app.store.update_client(&client, read_at, &audit).await.unwrap());
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    assert_eq!(refreshed.json["scope"], "openid offline_access");
});
