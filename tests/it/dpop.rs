//! Demonstrating proof of possession: RFC 9449.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::request::Builder as RequestBuilder;
use axum::http::{Method, Request};
use countersign::config::RegistrationMode;
use countersign::protocol::client::{AccessTokenFormat, GrantType};
use countersign::protocol::scope::Scope;
use serde_json::{Value, json};

use crate::admin_api::{Caller, problem, robot, token};
use crate::device;
use crate::par::{address, is_registered_in_every_way, object, taken};
use crate::support::client_key::{ClientKey, hash, sign_with_secret, signing_input};
use crate::support::{
    Engine, ISSUER, Page, Rp, TestApp, Tokens, VERIFIER, at_once, granted, on_both, refused,
};

/// Claims for the next request, with changes; null takes a claim out.
fn claims(app: &TestApp, method: &str, path: &str, changes: &Value) -> Value {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut claims = json!({
        "jti": format!("proof {number}"), "htm": method, "htu": format!("{ISSUER}{path}"),
        "iat": app.app.clock.now().0,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn header(key: &ClientKey) -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.bare_jwk() })
}

fn proof_with(app: &TestApp, key: &ClientKey, method: &str, path: &str, changes: &Value) -> String {
    key.sign_under(&header(key), &claims(app, method, path, changes))
}

/// A proof for the token endpoint.
fn proof(app: &TestApp, key: &ClientKey) -> String {
    proof_with(app, key, "POST", "/token", &json!({}))
}

async fn redeem(rp: &Rp, code: &str, proofs: &[&str]) -> Page {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("code_verifier", VERIFIER),
    ];
    rp.post_with("/token", &fields, &headers(proofs)).await
}

async fn refresh(rp: &Rp, token: &str, proofs: &[&str]) -> Page {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    rp.post_with("/token", &fields, &headers(proofs)).await
}

async fn own(rp: &Rp, proofs: &[&str]) -> Page {
    rp.post_with("/token", &[("grant_type", "client_credentials")], &headers(proofs)).await
}

fn headers<'a>(proofs: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    proofs.iter().map(|proof| ("dpop", *proof)).collect()
}

/// Tokens that must be bound to the key.
fn bound(page: &Page, key: &ClientKey) -> Tokens {
    let tokens = granted(page);
    assert_eq!(tokens.get("token_type"), "DPoP");
    if !tokens.access().starts_with("cs_at_") {
        assert_eq!(tokens.claims("access_token")["cnf"], json!({ "jkt": key.thumbprint() }));
    }
    tokens
}

/// Tokens that must not.
fn free(page: &Page) -> Tokens {
    let tokens = granted(page);
    assert_eq!(tokens.get("token_type"), "Bearer");
    if !tokens.access().starts_with("cs_at_") {
        assert!(tokens.claims("access_token").get("cnf").is_none());
    }
    tokens
}

async fn userinfo(app: &TestApp, method: &Method, scheme: &str, token: &str, proofs: &[&str]) -> Page {
    let mut request = Request::builder()
        .method(method)
        .uri("/userinfo")
        .header("authorization", format!("{scheme} {token}"));
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

fn proof_beside(app: &TestApp, key: &ClientKey, token: &str) -> String {
    proof_with(app, key, "GET", "/userinfo", &json!({ "ath": hash(token) }))
}

/// The error of a refusal, which stands in the challenge of this scheme too.
fn challenged(page: &Page, scheme: &str) -> String {
    let (error, challenge) = (refused(page), page.header("www-authenticate").unwrap());
    assert!(challenge.starts_with(&format!("{scheme} ")), "{challenge}");
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{challenge}");
    assert!(challenge.contains("algs=\"ES256 ") || scheme == "Bearer", "{challenge}");
    assert_eq!(page.status, 401, "{}", page.body);
    error
}

on_both!(rfc9449_5_a_public_application_from_its_sign_in_to_userinfo, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid email").await;
    let first = bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);

    let beside = proof_beside(&app, &key, first.access());
    let page = userinfo(&app, &Method::GET, "DPoP", first.access(), &[&beside]).await;
    assert_eq!((page.status.as_u16(), &page.json()["email"]), (200, &json!("ada@example.com")));
    let posted = proof_with(&app, &key, "POST", "/userinfo", &json!({ "ath": hash(first.access()) }));
    let page = userinfo(&app, &Method::POST, "dpop", first.access(), &[&posted]).await;
    assert_eq!(page.status, 200, "{}", page.body);

    // §7.2: it is no bearer token, whatever comes along.
    let beside = proof_beside(&app, &key, first.access());
    for proofs in [&[][..], &[beside.as_str()]] {
        let page = userinfo(&app, &Method::GET, "Bearer", first.access(), proofs).await;
        assert_eq!(challenged(&page, "Bearer"), "invalid_token");
    }
    let in_form = crate::support::form("/userinfo", format!("access_token={}", first.access()));
    assert_eq!(challenged(&app.send(in_form).await, "Bearer"), "invalid_token");

    // §5: neither is its refresh token, and whoever does not have the key uses nothing up.
    assert_eq!(refused(&refresh(&rp, first.refresh(), &[]).await), "invalid_grant");
    assert_eq!(refused(&refresh(&rp, first.refresh(), &[&proof(&app, &other)]).await), "invalid_grant");
    let second = bound(&refresh(&rp, first.refresh(), &[&proof(&app, &key)]).await, &key);
    for proofs in [vec![], vec![proof(&app, &other)]] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let page = refresh(&rp, first.refresh(), &proofs).await;
        assert_eq!(refused(&page), "invalid_grant", "nothing is repeated without the key");
    }
    app.advance(60);
    let third = bound(&refresh(&rp, second.refresh(), &[&proof(&app, &key)]).await, &key);
    let beside = proof_beside(&app, &key, third.access());
    assert_eq!(userinfo(&app, &Method::GET, "DPoP", third.access(), &[&beside]).await.status, 200);
    // Reuse by whoever has the key is reuse.
    assert_eq!(refused(&refresh(&rp, first.refresh(), &[&proof(&app, &key)]).await), "invalid_grant");
    assert_eq!(refused(&refresh(&rp, third.refresh(), &[&proof(&app, &key)]).await), "invalid_grant");
});

on_both!(rfc9700_4_14_2_a_thief_hides_no_reuse_by_a_key_of_their_own, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let thief = ClientKey::new("thief");
    let stolen = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let first = bound(&refresh(&rp, stolen.refresh(), &[&proof(&app, &thief)]).await, &thief);
    let second = bound(&refresh(&rp, first.refresh(), &[&proof(&app, &thief)]).await, &thief);
    assert_eq!(refused(&refresh(&rp, stolen.refresh(), &[]).await), "invalid_grant");
    let page = refresh(&rp, second.refresh(), &[&proof(&app, &thief)]).await;
    assert_eq!(refused(&page), "invalid_grant", "the owner came back with the old one");
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("grant.refresh_reused")));
});

on_both!(rfc9449_5_no_repeat_passes_for_bound_whose_first_answer_was_not, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let key = ClientKey::new("k");
    let first = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let second = free(&refresh(&rp, first.refresh(), &[]).await);
    let page = refresh(&rp, first.refresh(), &[&proof(&app, &key)]).await;
    assert_eq!(refused(&page), "invalid_grant");
    assert_eq!(free(&refresh(&rp, first.refresh(), &[]).await).refresh(), second.refresh());
    bound(&refresh(&rp, second.refresh(), &[&proof(&app, &key)]).await, &key);
});

on_both!(rfc9449_5_a_devices_tokens_are_bound_too, |app| {
    app.user("ada").await;
    let rp = device::tv(&app, "tv").await;
    let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
    let codes = device::ask(&rp, "openid offline_access").await;
    device::allow(&mut app.browser(), "ada", &codes).await;
    let poll = async |proofs: &[&str]| {
        let fields = [("grant_type", device::GRANT), ("device_code", codes.device.as_str())];
        rp.post_with("/token", &fields, &headers(proofs)).await
    };
    assert_eq!(refused(&poll(&["x"]).await), "invalid_dpop_proof");
    let first = bound(&poll(&[&proof(&app, &key)]).await, &key);
    assert_eq!(refused(&refresh(&rp, first.refresh(), &[]).await), "invalid_grant");
    assert_eq!(refused(&refresh(&rp, first.refresh(), &[&proof(&app, &other)]).await), "invalid_grant");
    let second = bound(&refresh(&rp, first.refresh(), &[&proof(&app, &key)]).await, &key);
    // A code that was used ends what it brought, and whoever tries it uses no proof up by it.
    let again = proof(&app, &key);
    for _ in 0..2 {
        assert_eq!(refused(&poll(&[&again]).await), "invalid_grant");
    }
    assert_eq!(refused(&refresh(&rp, second.refresh(), &[&proof(&app, &key)]).await), "invalid_grant");
});

on_both!(rfc9449_5_refresh_tokens_of_confidential_clients_are_not_bound, |app| {
    app.user("ada").await;
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        let id = format.to_string();
        let client = app.client(&id, |metadata| metadata.access_token_format = format).await;
        let rp = Rp::new(&app, &client);
        let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
        let code = rp.code(&mut app.browser(), "ada", "openid").await;
        let first = bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
        let second = free(&refresh(&rp, first.refresh(), &[]).await);
        assert_eq!(rp.userinfo(second.access()).await.status, 200);
        let third = bound(&refresh(&rp, second.refresh(), &[&proof(&app, &other)]).await, &other);

        // §6.2: whoever introspects is told.
        for (tokens, key) in [(&first, &key), (&third, &other)] {
            let told = rp.introspect(tokens.access()).await;
            assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("DPoP")), "{told}");
            assert_eq!(told["cnf"], json!({ "jkt": key.thumbprint() }));
        }
        let told = rp.introspect(second.access()).await;
        assert_eq!((&told["token_type"], told.get("cnf")), (&json!("Bearer"), None), "{told}");
        let page = userinfo(&app, &Method::GET, "DPoP", third.access(), &[]).await;
        assert_eq!(challenged(&page, "DPoP"), "invalid_dpop_proof", "§7.1");
    }
});

on_both!(rfc9449_5_a_public_client_may_begin_with_proofs_later, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let first = free(&redeem(&rp, &code, &[]).await);
    let second = free(&refresh(&rp, first.refresh(), &[]).await);
    let third = bound(&refresh(&rp, second.refresh(), &[&proof(&app, &key)]).await, &key);
    // On another node too, which has only the database.
    let node = app.second_node().await;
    let there = rp.at(&node.router);
    for at in [&rp, &there] {
        assert_eq!(refused(&refresh(at, third.refresh(), &[]).await), "invalid_grant");
        assert_eq!(refused(&refresh(at, third.refresh(), &[&proof(&app, &other)]).await), "invalid_grant");
    }
    let fourth = bound(&refresh(&there, third.refresh(), &[&proof(&app, &key)]).await, &key);
    bound(&refresh(&rp, fourth.refresh(), &[&proof(&app, &key)]).await, &key);
});

/// What is wrong with proofs for a request (§4.3), and what is said about it.
fn wrong(
    app: &TestApp,
    key: &ClientKey,
    method: &str,
    path: &str,
    more: &Value,
) -> Vec<(String, &'static str)> {
    let now = app.app.clock.now().0;
    let mut cases = Vec::new();
    for (changes, said) in [
        (json!({ "htm": "PUT" }), "htm"),
        (json!({ "htm": method.to_lowercase() }), "htm"),
        (json!({ "htm": null }), "jti, htm, htu and iat"),
        (json!({ "htu": format!("{ISSUER}/elsewhere") }), "htu"),
        (json!({ "htu": format!("https://other.example{path}") }), "htu"),
        (json!({ "htu": path }), "htu"),
        (json!({ "htu": null }), "jti, htm, htu and iat"),
        (json!({ "iat": now - 61 }), "older"),
        (json!({ "iat": now + 11 }), "ahead"),
        (json!({ "iat": now.to_string() }), "jti, htm, htu and iat"),
        (json!({ "iat": null }), "jti, htm, htu and iat"),
        (json!({ "jti": "" }), "jti"),
        (json!({ "jti": "j".repeat(257) }), "jti"),
        (json!({ "jti": null }), "jti, htm, htu and iat"),
    ] {
        let mut both = more.clone();
        both.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        cases.push((proof_with(app, key, method, path, &both), said));
    }
    let other = ClientKey::new("other");
    let private = {
        let mut jwk = key.bare_jwk();
        jwk["d"] = json!("AAAA");
        jwk
    };
    let set = |name: &str, value: Value| {
        let mut header = header(key);
        header[name] = value;
        header
    };
    let without = |name: &str| {
        let mut header = header(key);
        header.as_object_mut().unwrap().remove(name);
        header
    };
    for (header, said) in [
        (set("typ", json!("JWT")), "typ"),
        (set("typ", json!("at+jwt")), "typ"),
        (without("typ"), "typ"),
        (without("jwk"), "jwk"),
        (set("jwk", json!(null)), "jwk"),
        (set("jwk", json!("key")), "jwk"),
        (set("jwk", json!({ "kty": "EC" })), "jwk"),
        (set("jwk", json!({ "kty": "oct", "k": "AAAA" })), "private"),
        (set("jwk", private), "private"),
        (set("jwk", other.bare_jwk()), "signature"),
        (set("alg", json!("RS256")), "jwk"),
        (set("alg", json!("HS256")), "alg of"),
        (set("alg", json!("ES256K")), "alg of"),
        (set("alg", json!(7)), "signed JWT"),
        (set("alg", json!("none")), "signed JWT"),
        (set("crit", json!(["b64"])), "signed JWT"),
    ] {
        cases.push((key.sign_under(&header, &claims(app, method, path, more)), said));
    }
    let good = proof_with(app, key, method, path, more);
    let unsigned = signing_input(
        &json!({ "typ": "dpop+jwt", "alg": "none", "jwk": key.bare_jwk() }),
        &claims(app, method, path, more),
    );
    cases.extend([
        (String::new(), "signed JWT"),
        ("x".to_owned(), "signed JWT"),
        ("a.b.c".to_owned(), "signed JWT"),
        ("x".repeat(20_000), "signed JWT"),
        (format!("{good}, {good}"), "signed JWT"),
        (format!("{good}.{good}"), "signed JWT"),
        (good.replace('.', ".="), "signed JWT"),
        (good[..good.len() - 6].to_owned(), "signature"),
        (format!("{unsigned}."), "alg"),
        (sign_with_secret("secret", &claims(app, method, path, more)), "typ"),
    ]);
    cases
}

on_both!(rfc9449_4_3_wrong_proofs_at_the_token_endpoint, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let key = ClientKey::new("k");
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    for (wrong, said) in wrong(&app, &key, "POST", "/token", &json!({})) {
        let page = redeem(&rp, &code, &[&wrong]).await;
        assert_eq!((page.status.as_u16(), refused(&page).as_str()), (400, "invalid_dpop_proof"), "{wrong}");
        let description = page.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.contains(said), "{wrong}: {description}, not {said}");
    }
    let (one, two) = (proof(&app, &key), proof(&app, &key));
    let page = redeem(&rp, &code, &[&one, &two]).await;
    assert_eq!(refused(&page), "invalid_dpop_proof");
    assert!(page.body.contains("more than one DPoP header"), "{}", page.body);
    let strange = Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("dpop", &b"\xff\xfe"[..])
        .body(Body::from("grant_type=client_credentials&client_id=spa"));
    assert!(app.send(strange.unwrap()).await.status.is_client_error());
    // None of this used the code up; and at the edges of the window a proof is good.
    let now = app.app.clock.now().0;
    for iat in [now - 60, now + 10] {
        let code = rp.code(&mut app.browser(), "ada", "openid").await;
        let proof = proof_with(&app, &key, "POST", "/token", &json!({ "iat": iat }));
        bound(&redeem(&rp, &code, &[&proof]).await, &key);
    }
    // Anybody can make a proof: without a code or a token of use, none is written down.
    let good = proof(&app, &key);
    assert_eq!(refused(&redeem(&rp, "x", &[&good]).await), "invalid_grant");
    assert_eq!(refused(&refresh(&rp, "x", &[&good]).await), "invalid_grant");
    bound(&redeem(&rp, &code, &[&good]).await, &key);
});

on_both!(rfc9449_7_wrong_proofs_at_userinfo, |app| {
    app.user("ada").await;
    let rp = app.public_rp("spa").await;
    let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
    let mut browser = app.browser();
    let code = rp.code(&mut browser, "ada", "openid").await;
    let tokens = bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
    let token = tokens.access();
    let ask = async |proofs: &[&str]| userinfo(&app, &Method::GET, "DPoP", token, proofs).await;

    let more = json!({ "ath": hash(token) });
    let mut cases = wrong(&app, &key, "GET", "/userinfo", &more);
    for ath in [json!(null), json!(""), json!(hash("another")), json!(token)] {
        cases.push((proof_with(&app, &key, "GET", "/userinfo", &json!({ "ath": ath })), "ath"));
    }
    // One for the token endpoint, and one for a POST.
    cases.push((proof_with(&app, &key, "POST", "/token", &more), "htm"));
    cases.push((proof_with(&app, &key, "POST", "/userinfo", &more), "htm"));
    for (wrong, said) in cases {
        let page = ask(&[&wrong]).await;
        assert_eq!(challenged(&page, "DPoP"), "invalid_dpop_proof", "{wrong}");
        let description = page.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.contains(said), "{wrong}: {description}, not {said}");
    }
    let (one, two) = (proof_beside(&app, &key, token), proof_beside(&app, &key, token));
    assert_eq!(challenged(&ask(&[&one, &two]).await, "DPoP"), "invalid_dpop_proof");
    assert_eq!(challenged(&ask(&[]).await, "DPoP"), "invalid_dpop_proof");
    // §4.3, 12: another key, which is right in itself.
    let page = ask(&[&proof_beside(&app, &other, token)]).await;
    assert_eq!(challenged(&page, "DPoP"), "invalid_token");
    // Tokens of no use are so with any proof.
    for token in ["x", tokens.get("id_token"), tokens.refresh()] {
        let page = userinfo(&app, &Method::GET, "DPoP", token, &[&proof_beside(&app, &key, token)]).await;
        assert_eq!(challenged(&page, "DPoP"), "invalid_token", "{token}");
    }
    // A bearer token sent as DPoP; and as Bearer, with a proof that nobody asked for.
    let code = rp.code(&mut browser, "ada", "openid").await;
    let plain = free(&redeem(&rp, &code, &[]).await);
    let beside = proof_beside(&app, &key, plain.access());
    let page = userinfo(&app, &Method::GET, "DPoP", plain.access(), &[&beside]).await;
    assert_eq!(challenged(&page, "DPoP"), "invalid_token");
    assert_eq!(userinfo(&app, &Method::GET, "Bearer", plain.access(), &[&beside]).await.status, 200);
    // Without anything, both ways are named.
    let page = app.send(Request::get("/userinfo").body(Body::empty()).unwrap()).await;
    let challenges: Vec<_> = page.headers.get_all("www-authenticate").iter().collect();
    assert!(
        challenges.len() == 2 && challenges[1].to_str().unwrap().starts_with("DPoP algs=\""),
        "{challenges:?}"
    );
    // And nothing of all this used a proof up.
    assert_eq!(ask(&[&one]).await.status, 200);
});

on_both!(rfc9449_11_1_a_proof_is_good_once, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let node = app.second_node().await;
    let key = ClientKey::new("k");

    // At the token endpoint once, on whatever node.
    let at_token = proof(&app, &key);
    let attempts = (0..8).map(|number| {
        let (rp, proof) = (if number % 2 == 0 { rp.clone() } else { rp.at(&node.router) }, at_token.clone());
        async move { own(&rp, &[&proof]).await }
    });
    let pages = at_once(attempts).await;
    let good = pages.iter().filter(|page| page.status == 200).count();
    assert_eq!(good, 1, "{:?}", pages.iter().map(|page| &page.body).collect::<Vec<_>>());
    let page = pages.iter().find(|page| page.status != 200).unwrap();
    assert_eq!(refused(page), "invalid_dpop_proof");
    assert!(page.body.contains("was used before"), "{}", page.body);
    // Another key's jti is another's, and so is that of another address.
    let jti = json!({ "jti": "the same" });
    for key in [&key, &ClientKey::new("other")] {
        bound(&own(&rp, &[&proof_with(&app, key, "POST", "/token", &jti)]).await, key);
    }

    // At UserInfo once on a node.
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let tokens = bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
    let changes = json!({ "jti": "the same", "ath": hash(tokens.access()) });
    let beside = proof_with(&app, &key, "GET", "/userinfo", &changes);
    let ask = async || userinfo(&app, &Method::GET, "DPoP", tokens.access(), &[&beside]).await;
    assert_eq!(ask().await.status, 200);
    assert_eq!(challenged(&ask().await, "DPoP"), "invalid_dpop_proof");
    app.advance(61);
    assert!(ask().await.body.contains("older"), "whoever forgot it has no need to remember it");
});

on_both!(rfc9449_10_a_code_is_bound_in_advance, |app| {
    app.user("ada").await;
    let (key, other) = (ClientKey::new("k"), ClientKey::new("other"));
    let jkt = key.thumbprint();
    for rp in [app.rp("web").await, app.public_rp("spa").await] {
        let mut browser = app.browser();
        let pushed = async |fields: &[(&str, &str)], proofs: &[&str]| {
            let address = rp.authorization("openid", fields);
            let query = address.split_once('?').unwrap().1.to_owned();
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .filter(|(name, _)| name != "client_id")
                .collect();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            rp.post_with("/par", &fields, &headers(proofs)).await
        };
        let at_par = |key| proof_with(&app, key, "POST", "/par", &json!({}));
        let mut addresses = vec![rp.authorization("openid", &[("dpop_jkt", &jkt)])];
        // §10.1: by the parameter, by a proof, or both.
        for page in [
            pushed(&[("dpop_jkt", &jkt)], &[]).await,
            pushed(&[], &[&at_par(&key)]).await,
            pushed(&[("dpop_jkt", &jkt)], &[&at_par(&key)]).await,
        ] {
            assert_eq!(page.status, 201, "{}", page.body);
            let mut address = url::Url::parse("https://x.example/authorize").unwrap();
            address
                .query_pairs_mut()
                .append_pair("client_id", &rp.client_id)
                .append_pair("request_uri", page.json()["request_uri"].as_str().unwrap());
            addresses.push(format!("/authorize?{}", address.query().unwrap()));
        }
        for address in addresses {
            let answer = rp.answer(&mut browser, "ada", &address).await;
            let code = answer.sent("code").unwrap_or_else(|| panic!("{}", answer.body));
            assert_eq!(refused(&redeem(&rp, &code, &[]).await), "invalid_grant");
            assert_eq!(refused(&redeem(&rp, &code, &[&proof(&app, &other)]).await), "invalid_grant");
            // Which uses nothing up.
            bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
        }
        let page = pushed(&[("dpop_jkt", &jkt)], &[&at_par(&other)]).await;
        assert_eq!((page.status.as_u16(), refused(&page).as_str()), (400, "invalid_request"));
        // Judged as everywhere.
        for (wrong, _) in wrong(&app, &key, "POST", "/par", &json!({})) {
            assert_eq!(refused(&pushed(&[], &[&wrong]).await), "invalid_dpop_proof", "{wrong}");
        }
        assert_eq!(refused(&pushed(&[], &[&at_par(&key), &at_par(&key)]).await), "invalid_dpop_proof");
        for malformed in ["x", &jkt[1..], &format!("{jkt}="), &jkt.repeat(100)] {
            let page = browser.open(&rp.authorization("openid", &[("dpop_jkt", malformed)])).await;
            assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{malformed}");
            assert!(page.sent("error_description").unwrap().contains("dpop_jkt"), "{malformed}");
            assert_eq!(refused(&pushed(&[("dpop_jkt", malformed)], &[]).await), "invalid_request");
        }
    }
});

on_both!(rfc9449_10_1_a_proof_binds_a_pushed_request_object_too, |app| {
    app.user("ada").await;
    let (signer, key) = (ClientKey::new("signer"), ClientKey::new("k"));
    let client = app.client("web", |metadata| metadata.jwks = Some(signer.jwks())).await;
    let rp = Rp::new(&app, &client);
    let fields = [("request", &*signer.sign(&object()))];
    let beside = proof_with(&app, &key, "POST", "/par", &json!({}));
    let page = rp.post_with("/par", &fields, &headers(&[&beside])).await;
    let answer = rp.answer(&mut app.browser(), "ada", &address("web", &taken(&page))).await;
    let code = answer.sent("code").unwrap_or_else(|| panic!("{}", answer.body));
    assert_eq!(refused(&redeem(&rp, &code, &[]).await), "invalid_grant");
    bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
});

on_both!(rfc9449_5_2_who_must_prove_gets_nothing_without, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let key = ClientKey::new("k");
    let mut browser = app.browser();
    let before = rp.tokens(&mut browser, "ada", "openid").await;
    let code = rp.code(&mut browser, "ada", "openid").await;
    app.change_client("web", |client| client.metadata.dpop_bound_access_tokens = true).await;
    let robot = robot(&app).await;
    for page in
        [redeem(&rp, &code, &[]).await, refresh(&rp, before.refresh(), &[]).await, own(&rp, &[]).await]
    {
        assert_eq!((page.status.as_u16(), refused(&page).as_str()), (400, "invalid_request"));
        // "Why did this fail?"
        let reference = page.header("x-request-id").unwrap().to_owned();
        let found = robot.get(&format!("/admin/api/failures/{reference}")).await.json();
        assert_eq!(
            (&found["section"], &found["client_id"]),
            (&json!("RFC 9449 §5.2"), &json!("web")),
            "{found}"
        );
        assert!(found["advice"].as_str().unwrap().contains("Switch DPoP on"), "{found}");
    }
    bound(&redeem(&rp, &code, &[&proof(&app, &key)]).await, &key);
    bound(&refresh(&rp, before.refresh(), &[&proof(&app, &key)]).await, &key);
    bound(&own(&rp, &[&proof(&app, &key)]).await, &key);
    let wrong = own(&rp, &["x"]).await;
    let reference = wrong.header("x-request-id").unwrap().to_owned();
    let found = robot.get(&format!("/admin/api/failures/{reference}")).await.json();
    assert_eq!((&found["section"], &found["error"]), (&json!("RFC 9449 §4.3"), &json!("invalid_dpop_proof")));
});

on_both!(rfc9449_7_2_the_administration_api_takes_no_bound_token_as_bearer, |app| {
    let client = app.client("machine", |metadata| {
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.response_types.clear();
        metadata.redirect_uris.clear();
        metadata.scope = Scope::parse("countersign:admin").unwrap();
    });
    let rp = Rp::new(&app, &client.await);
    let key = ClientKey::new("k");
    let free = free(&own(&rp, &[]).await);
    assert_eq!(Caller::bearer(&app, free.access()).get("/admin/api/clients").await.status, 200);
    let bound = bound(&own(&rp, &[&proof(&app, &key)]).await, &key);
    problem(&Caller::bearer(&app, bound.access()).get("/admin/api/clients").await, 401);
});

#[tokio::test]
async fn rfc9449_5_1_the_discovery_document_names_the_algorithms() {
    let app = TestApp::start(Engine::Sqlite).await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let document = app.send(Request::get(path).body(Body::empty()).unwrap()).await.json();
        let algs = document["dpop_signing_alg_values_supported"].as_array().unwrap();
        assert!(algs.contains(&json!("ES256")) && algs.contains(&json!("EdDSA")), "{algs:?}");
        assert!(!algs.contains(&json!("HS256")) && !algs.contains(&json!("none")), "{algs:?}");
    }
}

on_both!(rfc9449_5_2_the_requirement_is_registered_in_every_way, |app| {
    const NAME: &str = "dpop_bound_access_tokens";
    is_registered_in_every_way(&app, NAME, |metadata| metadata.dpop_bound_access_tokens).await;

    // Not where tokens come from the authorization endpoint, which are bound to nothing.
    let legacy = app.configured(|config| config.legacy.front_channel_tokens = true);
    let wish = json!({
        "client_name": "Old", "redirect_uris": ["https://app.example/cb"], "grant_types": ["implicit"],
        "response_types": ["id_token token"], NAME: true,
    });
    let token = token(&app, "another", "countersign:admin").await;
    let page = Caller::bearer(&legacy, &token).json(Method::POST, "/admin/api/clients", &wish).await;
    assert_eq!(problem(&page, 400)["errors"][0]["field"], NAME, "{}", page.body);

    // Who must prove a key does not get them by another registration that leaves out that it must.
    let legacy = legacy.configured(|config| config.registration.mode = RegistrationMode::Open);
    let send = async |request: RequestBuilder, wish: &Value| {
        let request = request.header("content-type", "application/json").body(Body::from(wish.to_string()));
        legacy.send(request.unwrap()).await
    };
    let wish = json!({ "redirect_uris": ["https://app.example/cb"], NAME: true });
    let made = send(Request::post("/register"), &wish).await.json();
    let at = format!("/register/{}", made["client_id"].as_str().unwrap());
    let bearer = format!("Bearer {}", made["registration_access_token"].as_str().unwrap());
    for (types, status) in [(["code token"], 400), (["code id_token"], 200)] {
        let wish = json!({
            "client_id": made["client_id"], "redirect_uris": made["redirect_uris"], "response_types": types,
            "grant_types": ["authorization_code", "implicit"],
        });
        let page = send(Request::put(&at).header("authorization", &bearer), &wish).await;
        assert_eq!(page.status, status, "{}", page.body);
        assert!(page.body.contains(NAME), "{}", page.body);
    }
});
