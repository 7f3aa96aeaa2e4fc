//! `/userinfo`: how a token may be sent, and what it opens.

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::app::Origin;
use countersign::protocol::scope::Scope;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use serde_json::{Value, json};

use crate::support::{Browser, Engine, Rp, START, TestApp, form, on_both, refused};

on_both!(rfc6750_2_a_token_is_sent_in_one_way_and_never_in_the_address, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let token = tokens.access();
    let header = format!("Bearer {token}");
    let in_form = format!("access_token={token}");
    let (header, in_form) = (header.as_str(), in_form.as_str());
    let kind = "application/x-www-form-urlencoded";
    // (method, query, Authorization, content type, body) and the answer's status and error.
    let cases = [
        (Method::GET, "", vec![header], "", "", 200, ""),
        (Method::POST, "", vec![header], "", "", 200, ""),
        (Method::POST, "", vec![header], kind, "", 200, ""),
        (Method::POST, "", vec![header], "text/plain", "anything", 200, ""),
        (Method::POST, "", vec![], kind, in_form, 200, ""),
        (Method::GET, "", vec!["bearer x"], "", "", 401, "invalid_token"),
        (Method::GET, "", vec![], "", "", 401, ""),
        (Method::POST, "", vec![], "", "", 401, ""),
        (Method::POST, "", vec![], kind, "access_token=", 401, ""),
        (Method::POST, "", vec![], kind, "access_token=x", 401, "invalid_token"),
        (Method::POST, "", vec![], "text/plain", in_form, 401, ""),
        (Method::GET, "", vec![], kind, in_form, 401, ""),
        (Method::POST, "", vec![header], kind, in_form, 400, "invalid_request"),
        (Method::GET, in_form, vec![], "", "", 400, "invalid_request"),
        (Method::GET, in_form, vec![header], "", "", 400, "invalid_request"),
        (Method::GET, "x=1&x=2", vec![header], "", "", 400, "invalid_request"),
        (Method::GET, "", vec![header, header], "", "", 400, "invalid_request"),
        (Method::GET, "", vec!["Bearer"], "", "", 401, ""),
        (Method::GET, "", vec!["Bearer "], "", "", 400, "invalid_request"),
        (Method::GET, "", vec!["Basic d2ViOnNlY3JldA=="], "", "", 401, ""),
        (Method::GET, "", vec![token], "", "", 401, ""),
        (Method::POST, "", vec![], kind, "access_token=x&access_token=y", 400, "invalid_request"),
        (Method::POST, "", vec![header], kind, "x=1&x=2", 400, "invalid_request"),
        (Method::POST, "", vec![], kind, "access_token=%ff", 400, "invalid_request"),
    ];
    // A frequent mistake, by its name.
    let page = rp.userinfo(tokens.get("id_token")).await;
    assert_eq!((page.status.as_u16(), refused(&page).as_str()), (401, "invalid_token"));
    assert!(page.json()["error_description"].as_str().unwrap().contains("not the id_token"), "{}", page.body);
    for (method, query, authorization, kind, body, status, error) in cases {
        let mut request = Request::builder().method(&method).uri(format!("/userinfo?{query}"));
        for value in &authorization {
            request = request.header("authorization", *value);
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let page = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        let what = format!("{method} {query} {authorization:?} {kind} {body}");
        assert_eq!(page.status.as_u16(), status, "{what}: {}", page.body);
        assert_eq!(page.header("cache-control"), Some("no-store"), "{what}");
        let challenge = page.header("www-authenticate");
        match (status, error) {
            (200, _) => assert_eq!(challenge, None),
            (_, "") => assert_eq!(challenge, Some("Bearer realm=\"countersign\""), "RFC 6750 §3.1 {what}"),
            (_, error) => {
                assert_eq!(refused(&page), error, "{what}");
                assert!(challenge.unwrap().contains(&format!("error=\"{error}\"")), "{what}");
            }
        }
    }
});

on_both!(openid_core_5_4_claims_follow_the_scope, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    for (scope, names) in [
        ("openid", vec!["sub"]),
        ("openid email", vec!["email", "email_verified", "sub"]),
        ("openid profile", vec!["name", "preferred_username", "sub", "updated_at"]),
        ("openid address phone", vec!["sub"]),
    ] {
        let tokens = rp.tokens(&mut browser, "ada", scope).await;
        let claims = rp.userinfo(tokens.access()).await.json();
        let mut found: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, names, "{scope}");
    }
    let plain = rp.tokens(&mut browser, "ada", "api email").await;
    assert!(plain.json.get("id_token").is_none());
    let page = rp.userinfo(plain.access()).await;
    assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("insufficient_scope", 403));
});

on_both!(openid_core_5_1_every_standard_claim_of_the_account_is_told, |app| {
    let ada = app.user("ada").await;
    let whole = User {
        claims: serde_json::from_value(claims()).unwrap(),
        updated_at: Timestamp(START + 1),
        ..ada.clone()
    };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&whole, ada.updated_at, &audit).await.unwrap());
    let scope = "openid profile email address phone";
    let client = app.client("web", |metadata| metadata.scope = Scope::parse(scope).unwrap()).await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    let told = async |browser: &mut Browser, scope: &str| {
        let tokens = rp.tokens(browser, "ada", scope).await;
        rp.userinfo(tokens.access()).await.json()
    };

    let phone = told(&mut browser, "openid phone").await;
    let number = json!({ "sub": ada.id, "phone_number": "+14255551212", "phone_number_verified": false });
    assert_eq!(phone, number);
    let address = told(&mut browser, "openid address").await;
    assert_eq!(address, json!({ "sub": ada.id, "address": claims()["address"] }), "an object");
    let mut everything = claims();
    for (name, value) in [
        ("sub", json!(ada.id)),
        ("name", json!("ada of Example")),
        ("preferred_username", json!("ada")),
        ("updated_at", json!(START + 1)),
        ("email", json!("ada@example.com")),
        ("email_verified", json!(true)),
    ] {
        everything[name] = value;
    }
    assert_eq!(told(&mut browser, scope).await, everything);
});

/// What the form of a user holds beyond name and e-mail address.
fn claims() -> Value {
    json!({
        "given_name": "Augusta Ada",
        "family_name": "King",
        "middle_name": "Byron",
        "nickname": "Enchantress",
        "profile": "https://ada.example/about",
        "picture": "https://ada.example/ada.png",
        "website": "https://ada.example/",
        "gender": "female",
        "birthdate": "1815-12-10",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "phone_number": "+14255551212",
        "phone_number_verified": false,
        "address": { "formatted": "12 St James's Square\nLondon", "country": "United Kingdom" },
    })
}

#[tokio::test]
async fn methods_other_than_get_and_post_are_refused() {
    let app = TestApp::start(Engine::Sqlite).await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let request = Request::builder().method(method).uri("/userinfo").body(Body::empty()).unwrap();
        assert_eq!(app.send(request).await.status, 405);
    }
    assert_eq!(app.send(form("/userinfo", "x=".repeat(40_000))).await.status, 413);
}
