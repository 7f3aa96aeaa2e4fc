//! `/register` and `/register/{client_id}`: applications that register themselves, and what they may not.

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::admin::clients;
use countersign::admin::registration_tokens::{self, RegistrationTokenInput};
use countersign::app::Origin;
use countersign::config::{Config, RegistrationMode};
use countersign::protocol::client::AuthMethod;
use countersign::protocol::registration::ClientInput;
use countersign::protocol::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::admin_api::administrator;
use crate::support::{
    Engine, ISSUER, Page, Rp, START, TestApp, at_once, basic, granted, on_both, on_both_engines, refused,
};

async fn with_mode(engine: Engine, mode: RegistrationMode, change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::start_at(engine, START * 1000, |config| {
        config.registration.mode = mode;
        change(config);
    })
    .await
}

async fn open(engine: Engine) -> TestApp {
    with_mode(engine, RegistrationMode::Open, |_| {}).await
}

async fn ask(app: &TestApp, method: Method, path: &str, token: Option<&str>, body: &Value) -> Page {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    app.send(request.body(body).unwrap()).await
}

async fn register(app: &TestApp, body: &Value) -> Page {
    ask(app, Method::POST, "/register", None, body).await
}

/// The smallest registration that is taken.
fn smallest() -> Value {
    json!({"redirect_uris": ["https://app.example/cb"]})
}

fn registered(page: &Page) -> Value {
    assert_eq!(page.status, 201, "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("content-type"), Some("application/json"));
    page.json()
}

/// The error of an answer that says no as RFC 7591 §3.2.2 and RFC 6750 §3 want it, and its words.
fn no(page: &Page, status: u16) -> (String, String) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let body = page.json();
    assert_eq!(page.header("www-authenticate").is_some(), status == 401);
    (body["error"].as_str().unwrap().to_owned(), body["error_description"].as_str().unwrap().to_owned())
}

/// The client's own address, without the host, and its token.
fn own(client: &Value) -> (String, &str) {
    let address = client["registration_client_uri"].as_str().unwrap();
    (address.strip_prefix(ISSUER).unwrap().to_owned(), client["registration_access_token"].as_str().unwrap())
}

async fn clients(app: &TestApp) -> usize {
    app.app.store.clients().await.unwrap().len()
}

async fn initial_access_token(app: &TestApp, uses: Option<u32>) -> String {
    let input = RegistrationTokenInput { note: "partners".to_owned(), expires_in: Some(3600), uses };
    registration_tokens::create(&app.app, &Origin::cli(), input).await.unwrap().token.unwrap()
}

/// Every change of a client's life stands in the audit log, with who made it, and no secret of it.
async fn the_audit_log_tells(app: &TestApp, id: &str) {
    let rows = app.app.store.recent_audit(1000).await.unwrap();
    let itself = format!("client:{id}");
    let mut of_client: Vec<_> = rows
        .iter()
        .filter(|row| row.target == itself && row.action.starts_with("client."))
        .map(|row| (row.action.as_str(), row.actor.as_str()))
        .collect();
    of_client.sort_unstable();
    let [deleted, updated] = ["client.delete", "client.update"].map(|action| (action, itself.as_str()));
    assert_eq!(of_client, [deleted, ("client.register", "anonymous"), updated]);
    for row in rows {
        assert!(!format!("{row:?}").contains("cs_"), "no secret in the audit log: {row:?}");
    }
}

on_both_engines!(rfc7592_2_the_life_of_a_client_that_registers_itself, |engine| {
    let app = open(engine).await;
    app.user("ada").await;
    let page = register(
        &app,
        &json!({
            "redirect_uris": ["https://app.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "client_name": "App", "client_name#ja": "\u{30a2}\u{30d7}\u{30ea}", "contacts": ["ada@example.com"],
            "client_id": "chosen", "client_secret": "chosen", "skip_consent": true, "introspects_any_token": true,
            "unknown": {"members": "are ignored"},
        }),
    )
    .await;
    let client = registered(&page);
    let id = client["client_id"].as_str().unwrap();
    assert!(id.starts_with("c-") && id != "chosen");
    let secret = client["client_secret"].as_str().unwrap();
    assert!(secret.starts_with("cs_cs_") && secret.len() == 49);
    assert_eq!(
        (&client["client_secret_expires_at"], &client["client_id_issued_at"]),
        (&json!(0), &json!(START))
    );
    assert_eq!(client["registration_client_uri"], format!("{ISSUER}/register/{id}"));
    // What was sent, and what was filled in.
    for (name, value) in [
        ("client_name", json!("App")),
        ("client_name#ja", json!("\u{30a2}\u{30d7}\u{30ea}")),
        ("contacts", json!(["ada@example.com"])),
        ("redirect_uris", json!(["https://app.example/cb"])),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("id_token_signed_response_alg", json!("RS256")),
        ("scope", json!("openid profile email address phone offline_access")),
        ("require_pkce", json!(true)),
    ] {
        assert_eq!(client[name], value, "{name}");
    }
    for hidden in ["unknown", "skip_consent", "introspects_any_token", "localized", "software_statement"] {
        assert_eq!(client[hidden], Value::Null, "{hidden}");
    }
    let stored = app.stored_client(id).await;
    assert!(!stored.metadata.skip_consent && !stored.metadata.introspects_any_token && !stored.disabled);

    // It signs people in, with their consent.
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "https://app.example/cb");
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid email offline_access").await;
    assert_eq!(tokens.claims("id_token")["aud"], id);

    // It reads its registration: the secret is nowhere in the clear.
    let (address, token) = own(&client);
    assert!(token.starts_with("cs_rat_") && token.len() == 50);
    let page = ask(&app, Method::GET, &address, Some(token), &Value::Null).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-store")));
    let mut expected = client.clone();
    expected.as_object_mut().unwrap().retain(|name, _| !name.starts_with("client_secret"));
    assert_eq!(page.json(), expected, "the token stays the same too");

    // It replaces it as a whole.
    let page = ask(
        &app,
        Method::PUT,
        &address,
        Some(token),
        &json!({
            "client_id": id, "client_secret": secret, "client_name": "App 2", "contacts": null,
            "redirect_uris": ["https://two.example/cb"], "grant_types": ["authorization_code", "refresh_token"],
            "skip_consent": true,
        }),
    )
    .await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-store")));
    let replaced = page.json();
    assert_eq!(replaced["redirect_uris"], json!(["https://two.example/cb"]));
    assert_eq!((&replaced["client_name"], &replaced["client_name#ja"]), (&json!("App 2"), &Value::Null));
    assert_eq!((&replaced["contacts"], &replaced["client_secret"]), (&Value::Null, &Value::Null));
    assert_eq!(replaced["registration_access_token"], token);
    let page = ask(&app, Method::GET, &address, Some(token), &Value::Null).await;
    assert_eq!(page.json(), replaced);
    assert_eq!(refused(&rp.refresh(tokens.refresh()).await), "invalid_grant", "users are asked anew");
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "https://two.example/cb");
    let refreshed = rp.tokens(&mut app.browser(), "ada", "openid offline_access").await;

    // It takes itself away, with everything.
    let page = ask(&app, Method::DELETE, &address, Some(token), &Value::Null).await;
    assert_eq!((page.status.as_u16(), page.body.as_str()), (204, ""));
    assert_eq!(refused(&rp.refresh(refreshed.refresh()).await), "invalid_client");
    let userinfo =
        Request::get("/userinfo").header("authorization", format!("Bearer {}", refreshed.access()));
    assert_eq!(app.send(userinfo.body(Body::empty()).unwrap()).await.status, 401);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(no(&ask(&app, method, &address, Some(token), &Value::Null).await, 401).0, "invalid_token");
    }
    let body = json!({"client_id": id, "redirect_uris": ["https://two.example/cb"]});
    assert_eq!(no(&ask(&app, Method::PUT, &address, Some(token), &body).await, 401).0, "invalid_token");
    assert_eq!(clients(&app).await, 0);

    the_audit_log_tells(&app, id).await;
});

on_both_engines!(rfc7592_2_2_a_client_has_a_secret_exactly_while_it_needs_one, |engine| {
    let app = open(engine).await;
    app.user("ada").await;
    let refreshing = json!(["authorization_code", "refresh_token"]);
    let mut body = smallest();
    body["grant_types"] = refreshing.clone();
    let client = registered(&register(&app, &body).await);
    let (address, token) = own(&client);
    let id = client["client_id"].as_str().unwrap();
    let secret = client["client_secret"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "https://app.example/cb");
    let refreshed = rp.tokens(&mut app.browser(), "ada", "openid offline_access").await;
    let public = json!({"client_id": id, "redirect_uris": ["https://app.example/cb"],
                        "grant_types": refreshing, "token_endpoint_auth_method": "none"});
    let page = ask(&app, Method::PUT, &address, Some(token), &public).await;
    assert_eq!((page.status.as_u16(), &page.json()["client_secret"]), (200, &Value::Null));
    assert_eq!(refused(&rp.refresh(refreshed.refresh()).await), "invalid_client");
    let mut confidential = public.clone();
    confidential["token_endpoint_auth_method"] = json!("client_secret_post");
    let page = ask(&app, Method::PUT, &address, Some(token), &confidential).await;
    let fresh = page.json();
    assert_eq!(fresh["client_secret_expires_at"], 0);
    let secret = fresh["client_secret"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretPost, secret, "https://app.example/cb");
    granted(&rp.refresh(refreshed.refresh()).await);
});

#[tokio::test]
async fn rfc7591_3_registration_is_off_unless_the_operator_turns_it_on() {
    let app = TestApp::start(Engine::Sqlite).await;
    for body in [smallest(), json!([]), Value::Null] {
        let (error, words) = no(&register(&app, &body).await, 403);
        assert_eq!(error, "access_denied");
        assert!(words.contains("registration.mode"), "{words}");
    }
    assert_eq!(clients(&app).await, 0);
    // What registered itself before goes on looking after itself.
    let open = app.configured(|config| config.registration.mode = RegistrationMode::Open);
    let client = registered(&register(&open, &smallest()).await);
    let (address, token) = own(&client);
    assert_eq!(ask(&app, Method::GET, &address, Some(token), &Value::Null).await.status, 200);
    assert_eq!(ask(&app, Method::DELETE, &address, Some(token), &Value::Null).await.status, 204);
}

on_both_engines!(rfc7591_3_with_an_initial_access_token_only, |engine| {
    let app = with_mode(engine, RegistrationMode::Token, |_| {}).await;
    let twice = initial_access_token(&app, Some(2)).await;
    let any = initial_access_token(&app, None).await;
    let page = register(&app, &smallest()).await;
    let (error, words) = no(&page, 401);
    assert_eq!(error, "invalid_token");
    assert!(words.contains("initial access token"), "{words}");
    assert_eq!(page.header("www-authenticate"), Some("Bearer realm=\"countersign\""), "RFC 6750 §3.1");
    let by = async |token: &str, body: &Value| ask(&app, Method::POST, "/register", Some(token), body).await;
    for wrong in ["x", "", &twice[..49], &format!("{twice}x")] {
        let page = by(wrong, &smallest()).await;
        assert_eq!(no(&page, 401).0, "invalid_token", "{wrong}");
        assert!(page.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    // What is refused for another reason costs no use.
    for _ in 0..3 {
        assert_eq!(no(&by(&twice, &json!({})).await, 400).0, "invalid_redirect_uri");
    }
    let client = registered(&by(&twice, &smallest()).await);
    registered(&by(&twice, &smallest()).await);
    assert_eq!(no(&by(&twice, &smallest()).await, 401).0, "invalid_token", "used up");
    registered(&by(&any, &smallest()).await);
    // A client's own token is another one.
    let (address, own_token) = own(&client);
    assert_eq!(no(&by(own_token, &smallest()).await, 401).0, "invalid_token");
    let page = ask(&app, Method::GET, &address, Some(&any), &Value::Null).await;
    assert_eq!(no(&page, 401).0, "invalid_token");
    app.advance(3599);
    registered(&by(&any, &smallest()).await);
    app.advance(1);
    assert_eq!(no(&by(&any, &smallest()).await, 401).0, "invalid_token", "expired");
    let two = Request::post("/register")
        .header("authorization", format!("Bearer {any}"))
        .header("authorization", "Bearer x");
    assert_eq!(no(&app.send(two.body(Body::empty()).unwrap()).await, 400).0, "invalid_request");
});

on_both_engines!(rfc7591_3_a_token_registers_as_many_at_once_as_it_may, |engine| {
    let app = with_mode(engine, RegistrationMode::Token, |_| {}).await;
    let other = app.second_node().await;
    let token = initial_access_token(&app, Some(3)).await;
    let answers = at_once((0..24).map(|number| {
        let (app, token) = (if number % 2 == 0 { app.clone() } else { other.clone() }, token.clone());
        async move { ask(&app, Method::POST, "/register", Some(&token), &smallest()).await }
    }))
    .await;
    let registered = answers.iter().filter(|page| page.status == 201).count();
    assert_eq!((registered, clients(&app).await), (3, 3));
    for page in answers.iter().filter(|page| page.status != 201) {
        assert_eq!(no(page, 401).0, "invalid_token");
    }
});

on_both_engines!(never_more_unused_clients_than_allowed_also_at_once, |engine| {
    let app = with_mode(engine, RegistrationMode::Open, |config| config.registration.most_unused = 5).await;
    let other = app.second_node().await;
    app.client("made-by-an-administrator", |_| {}).await;
    let answers = at_once((0..24).map(|number| {
        let app = if number % 2 == 0 { app.clone() } else { other.clone() };
        async move { register(&app, &smallest()).await }
    }))
    .await;
    let taken: Vec<_> = answers.iter().filter(|page| page.status == 201).map(Page::json).collect();
    assert_eq!((taken.len(), clients(&app).await), (5, 6));
    for page in answers.iter().filter(|page| page.status != 201) {
        let (error, words) = no(page, 429);
        assert_eq!((error.as_str(), page.header("retry-after")), ("temporarily_unavailable", Some("3600")));
        assert!(words.contains("never used"), "{words}");
    }
    // One that is used makes room for another.
    let store = &app.app.store;
    let used = taken[0]["client_id"].as_str().unwrap();
    store.note_client_use(&used.into(), Timestamp(START)).await.unwrap();
    registered(&register(&app, &smallest()).await);
    assert_eq!(register(&app, &smallest()).await.status, 429);
    // The others expire.
    let expiry = app.app.config.registration.unused_expiry;
    app.advance(86_400);
    assert_eq!(store.delete_unused_clients(app.app.clock.now().minus(expiry)).await.unwrap(), 5);
    assert_eq!(clients(&app).await, 2);
    let page = ask(&app, Method::GET, &own(&taken[0]).0, Some(own(&taken[0]).1), &Value::Null).await;
    assert_eq!(page.status, 200);
    registered(&register(&app, &smallest()).await);
});

on_both_engines!(one_address_registers_so_many_in_a_while, |engine| {
    let app = with_mode(engine, RegistrationMode::Open, |config| config.throttle.address_failures = 2).await;
    for expected in [201, 201, 429] {
        let page = register(&app, &smallest()).await;
        assert_eq!(page.status, expected, "{}", page.body);
    }
    let page = register(&app, &json!({})).await;
    assert_eq!(no(&page, 429).0, "temporarily_unavailable");
    let wait: i64 = page.header("retry-after").unwrap().parse().unwrap();
    app.advance(wait);
    registered(&register(&app, &smallest()).await);
});

#[tokio::test]
async fn rfc7591_3_2_2_wrong_requests_are_refused_and_store_nothing() {
    let app = open(Engine::Sqlite).await.configured(|config| config.throttle.address_failures = 1000);
    let with = |name: &str, value: Value| {
        let mut body = smallest();
        body[name] = value;
        body
    };
    for (body, error, names) in [
        (json!({}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": []}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": ["http://app.example/"]}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": ["https://app.example/#x"]}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": "https://app.example/"}), "invalid_redirect_uri", "redirect_uris"),
        (with("jwks", json!({"keys": [{"kty": "oct", "k": "x"}]})), "invalid_client_metadata", "jwks"),
        (
            with("initiate_login_uri", json!("http://app.example/")),
            "invalid_client_metadata",
            "initiate_login_uri",
        ),
        (with("scope", json!("openid countersign:admin")), "invalid_client_metadata", "scope"),
        (with("grant_types", json!(["password"])), "invalid_client_metadata", "grant_types"),
        (with("response_types", json!(["token"])), "invalid_client_metadata", "response_types"),
        (with("response_types", json!(["code token"])), "invalid_client_metadata", "response_types"),
        (
            with("token_endpoint_auth_method", json!("tls_client_auth")),
            "invalid_client_metadata",
            "token_endpoint_auth_method",
        ),
        (with("client_name", json!("a\u{202e}b")), "invalid_client_metadata", "client_name"),
        (with("logo_uri#de", json!("javascript:x")), "invalid_client_metadata", "logo_uri"),
        (with("default_max_age", json!("1")), "invalid_client_metadata", "default_max_age"),
        (
            with("sector_identifier_uri", json!("https://nowhere.invalid/s")),
            "invalid_client_metadata",
            "sector_identifier_uri",
        ),
        (with("software_statement", json!(7)), "invalid_software_statement", "software_statement"),
        (with("software_statement", json!("x")), "unapproved_software_statement", "software_statement"),
    ] {
        let (found, words) = no(&register(&app, &body).await, 400);
        assert_eq!(found, error, "{body}: {words}");
        assert!(words.contains(names), "{body}: {words}");
    }
    for (kind, body) in [
        ("application/json", ""),
        ("application/json", "null"),
        ("application/json", "[]"),
        ("application/json", "{"),
        ("application/json", "{\"redirect_uris\":[\"https://app.example/cb\"]}x"),
        ("text/plain", "{\"redirect_uris\":[\"https://app.example/cb\"]}"),
        ("application/x-www-form-urlencoded", "redirect_uris=https%3A%2F%2Fapp.example%2Fcb"),
    ] {
        let request = Request::post("/register").header("content-type", kind).body(Body::from(body)).unwrap();
        assert_eq!(no(&app.send(request).await, 400).0, "invalid_client_metadata", "{kind} {body}");
    }
    assert_eq!(clients(&app).await, 0);
}

#[tokio::test]
async fn openid_registration_2_confidential_clients_may_be_excused_from_pkce_by_the_deployment() {
    let app = open(Engine::Sqlite).await.configured(|config| config.registration.require_pkce = false);
    assert_eq!(registered(&register(&app, &smallest()).await)["require_pkce"], false);
    let mut public = smallest();
    public["token_endpoint_auth_method"] = json!("none");
    let client = registered(&register(&app, &public).await);
    assert_eq!((&client["require_pkce"], &client["client_secret"]), (&json!(true), &Value::Null));
    assert_eq!(client["client_secret_expires_at"], Value::Null, "there is none that could expire");
}

on_both_engines!(openid_core_10_1_a_secret_that_is_a_key_is_kept_sealed, |engine| {
    let app = open(engine).await;
    let mut body = smallest();
    body["id_token_signed_response_alg"] = json!("HS256");
    let client = registered(&register(&app, &body).await);
    let stored = app.stored_client(client["client_id"].as_str().unwrap()).await;
    let secret = client["client_secret"].as_str().unwrap();
    assert!(stored.sealed_secret.is_some_and(|sealed| !sealed.contains(secret)));
    body["id_token_signed_response_alg"] = json!("ES512");
    registered(&register(&app, &body).await);
    let algs: Vec<_> = app.app.keys.view(app.app.clock.now()).iter().map(|key| key.alg.to_string()).collect();
    assert!(algs.contains(&"ES512".to_owned()), "its key is made when it is needed: {algs:?}");
});

on_both_engines!(rfc7592_2_a_registration_is_its_clients_alone, |engine| {
    let app = open(engine).await;
    let client = registered(&register(&app, &smallest()).await);
    let other = registered(&register(&app, &smallest()).await);
    app.client("made-by-an-administrator", |_| {}).await;
    let (address, token) = own(&client);
    let body = json!({"client_id": client["client_id"], "redirect_uris": ["https://evil.example/cb"]});
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let page = ask(&app, method.clone(), &address, None, &body).await;
        assert_eq!(no(&page, 401).0, "invalid_token");
        assert_eq!(page.header("www-authenticate"), Some("Bearer realm=\"countersign\""));
        for wrong in ["x", "", own(&other).1, client["client_secret"].as_str().unwrap(), &token[..49]] {
            let page = ask(&app, method.clone(), &address, Some(wrong), &body).await;
            assert_eq!(no(&page, 401).0, "invalid_token", "{method} {wrong}");
            assert!(page.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
        }
        for path in
            ["made-by-an-administrator", "nobody", "%00", "%ff", own(&other).0.rsplit('/').next().unwrap()]
        {
            let page = ask(&app, method.clone(), &format!("/register/{path}"), Some(token), &body).await;
            assert_eq!(no(&page, 401).0, "invalid_token", "{method} {path}");
        }
        let by_secret = Request::builder()
            .method(method.clone())
            .uri(&address)
            .header("authorization", basic(client["client_id"].as_str().unwrap()));
        assert_eq!(no(&app.send(by_secret.body(Body::empty()).unwrap()).await, 401).0, "invalid_token");
    }
    for method in [Method::POST, Method::PATCH] {
        assert_eq!(ask(&app, method, &address, Some(token), &body).await.status, 405);
    }
    assert_eq!(clients(&app).await, 3);
    let unchanged = ask(&app, Method::GET, &address, Some(token), &Value::Null).await.json();
    assert_eq!(unchanged["redirect_uris"], json!(["https://app.example/cb"]));

    // Switched off by an administrator.
    let id = client["client_id"].as_str().unwrap();
    let before = clients::find(&app.app, id).await.unwrap();
    let off = ClientInput { disabled: Some(true), ..ClientInput::from(&before) };
    clients::change(&app.app, &Origin::cli(), before, &off).await.unwrap();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(no(&ask(&app, method, &address, Some(token), &body).await, 403).0, "access_denied");
    }
});

#[tokio::test]
async fn rfc7592_2_2_wrong_replacements_are_refused_and_change_nothing() {
    let app = open(Engine::Sqlite).await;
    let client = registered(&register(&app, &smallest()).await);
    let (address, token) = own(&client);
    let good = json!({"client_id": client["client_id"], "redirect_uris": ["https://two.example/cb"]});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (body, error, names) in [
        (json!({"redirect_uris": ["https://two.example/cb"]}), "invalid_client_metadata", "client_id"),
        (with("client_id", json!("another")), "invalid_client_metadata", "client_id"),
        (with("client_id", json!(null)), "invalid_client_metadata", "client_id"),
        (with("client_secret", json!("chosen")), "invalid_client_metadata", "client_secret"),
        (with("client_secret", json!(7)), "invalid_client_metadata", "client_secret"),
        (
            with("registration_access_token", json!(token)),
            "invalid_client_metadata",
            "registration_access_token",
        ),
        (with("registration_client_uri", json!("x")), "invalid_client_metadata", "registration_client_uri"),
        (with("client_secret_expires_at", json!(0)), "invalid_client_metadata", "client_secret_expires_at"),
        (with("client_id_issued_at", json!(START)), "invalid_client_metadata", "client_id_issued_at"),
        (with("redirect_uris", json!([])), "invalid_redirect_uri", "redirect_uris"),
        (with("scope", json!("api")), "invalid_client_metadata", "scope"),
        (with("software_statement", json!("x")), "unapproved_software_statement", "software_statement"),
        (json!([]), "invalid_client_metadata", "JSON"),
        (Value::Null, "invalid_client_metadata", "JSON"),
    ] {
        let (found, words) = no(&ask(&app, Method::PUT, &address, Some(token), &body).await, 400);
        assert_eq!(found, error, "{body}");
        assert!(words.contains(names), "{body}: {words}");
    }
    let unchanged = ask(&app, Method::GET, &address, Some(token), &Value::Null).await.json();
    assert_eq!(unchanged["redirect_uris"], json!(["https://app.example/cb"]));
    assert_eq!(ask(&app, Method::PUT, &address, Some(token), &good).await.status, 200);
}

/// Somebody who vouches for software: their JWK set, and statements with these claims.
fn trust(kid: &str) -> (Value, impl Fn(&Value) -> String) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let point = key.public_key_raw().to_vec();
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    });
    let kid = kid.to_owned();
    let sign = move |claims: &Value| {
        let header = jsonwebtoken::Header {
            kid: Some(kid.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256)
        };
        let der = key.serialize_der();
        jsonwebtoken::encode(&header, claims, &jsonwebtoken::EncodingKey::from_ec_der(&der)).unwrap()
    };
    (jwk, sign)
}

on_both_engines!(rfc7591_2_3_software_statements, |engine| {
    let (jwk, sign) = trust("trusted");
    let (_, sign_as_another) = trust("another");
    let (_, forge) = trust("trusted");
    let app = with_mode(engine, RegistrationMode::Open, |config| {
        config.registration.software_statement_keys = Some(json!({"keys": [jwk]}));
    })
    .await;
    let with = |statement: &str| json!({"redirect_uris": ["https://app.example/cb"], "client_name": "mine", "software_statement": statement});
    let claims = json!({"iss": "https://trust.example", "client_name": "theirs", "software_id": "s",
                        "exp": START + 60, "aud": ISSUER, "client_id": "x", "skip_consent": true});
    let good = sign(&claims);
    let client = registered(&register(&app, &with(&good)).await);
    assert_eq!((&client["client_name"], &client["software_id"]), (&json!("theirs"), &json!("s")));
    assert_eq!(client["software_statement"], good, "as it was sent");
    assert_ne!(client["client_id"], "x");
    let expired = sign(&json!({"iss": "x", "exp": START}));
    let nobody = sign(&json!({"client_name": "theirs"}));
    let elsewhere = sign(&json!({"iss": "x", "aud": "https://other.example"}));
    let wrong_type = sign(&json!({"iss": "x", "client_name": 7}));
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let parts: Vec<_> = good.split('.').collect();
    let tampered = format!("{}.{}.{}", parts[0], expired.split('.').nth(1).unwrap(), parts[2]);
    for (statement, error) in [
        (sign_as_another(&claims), "unapproved_software_statement"),
        (forge(&claims), "invalid_software_statement"),
        (expired, "invalid_software_statement"),
        (nobody, "invalid_software_statement"),
        (elsewhere, "invalid_software_statement"),
        (unsigned, "invalid_software_statement"),
        (tampered, "invalid_software_statement"),
        (String::new(), "invalid_software_statement"),
        ("a.b.c".to_owned(), "invalid_software_statement"),
        (wrong_type, "invalid_client_metadata"),
    ] {
        let (found, words) = no(&register(&app, &with(&statement)).await, 400);
        assert_eq!(found, error, "{statement}: {words}");
    }
    assert_eq!(clients(&app).await, 1);
    // An administrator's edit keeps it, and a replacement without it drops it.
    let id = client["client_id"].as_str().unwrap();
    let before = clients::find(&app.app, id).await.unwrap();
    let input = ClientInput { client_name: Some("renamed".to_owned()), ..ClientInput::from(&before) };
    clients::change(&app.app, &Origin::cli(), before, &input).await.unwrap();
    let (address, token) = own(&client);
    let page = ask(&app, Method::GET, &address, Some(token), &Value::Null).await;
    assert_eq!(
        (&page.json()["client_name"], &page.json()["software_statement"]),
        (&json!("renamed"), &json!(good))
    );
    let body = json!({"client_id": id, "redirect_uris": ["https://app.example/cb"]});
    let page = ask(&app, Method::PUT, &address, Some(token), &body).await;
    assert_eq!((page.status.as_u16(), &page.json()["software_statement"]), (200, &Value::Null));
});

/// A document that a server on loopback answers every request with, and its address.
async fn published(document: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/sector", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(move || async move { document });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

on_both_engines!(openid_registration_5_the_sector_lists_every_redirect_uri, |engine| {
    let app = open(engine).await;
    let whole = published(r#"["https://a.example/cb", "https://b.example/cb"]"#).await;
    let body = |sector: &str| {
        json!({
            "redirect_uris": ["https://a.example/cb", "https://b.example/cb"], "subject_type": "pairwise",
            "sector_identifier_uri": sector,
        })
    };
    let client = registered(&register(&app, &body(&whole)).await);
    assert_eq!(client["sector_identifier_uri"], whole);
    for document in [r#"["https://a.example/cb"]"#, "[]", "{}", "not JSON", r#"["https://a.example/cb", 7]"#]
    {
        let sector = published(document).await;
        let (error, words) = no(&register(&app, &body(&sector)).await, 400);
        assert_eq!(error, "invalid_client_metadata", "{document}");
        assert!(words.contains("sector_identifier_uri"), "{words}");
        // The same for an administrator.
        let input: ClientInput = serde_json::from_value(json!({
            "client_name": "x", "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
            "sector_identifier_uri": sector,
        }))
        .unwrap();
        let refusal = clients::create(&app.app, &Origin::cli(), &input).await.err().unwrap();
        assert!(refusal.to_string().contains("sector_identifier_uri"), "{refusal}");
    }
    // A change of the addresses asks again.
    let (address, token) = own(&client);
    let mut changed = body(&whole);
    changed["client_id"] = client["client_id"].clone();
    changed["redirect_uris"] = json!(["https://c.example/cb"]);
    let page = ask(&app, Method::PUT, &address, Some(token), &changed).await;
    assert_eq!(no(&page, 400).0, "invalid_client_metadata");
});

#[tokio::test]
async fn fetch_3_2_browser_applications_may_register_where_everybody_may() {
    let app = open(Engine::Sqlite).await;
    let from_a_page = |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("origin", "https://spa.example");
        request.header("content-type", "application/json")
    };
    let preflight = || from_a_page(Method::OPTIONS, "/register").body(Body::empty()).unwrap();
    let page = app.send(preflight()).await;
    assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (204, Some("*")));
    assert!(page.header("access-control-allow-headers").unwrap().contains("content-type"));
    let post =
        |body: &Value| from_a_page(Method::POST, "/register").body(Body::from(body.to_string())).unwrap();
    for body in [smallest(), json!({})] {
        let page = app.send(post(&body)).await;
        assert_eq!(page.header("access-control-allow-origin"), Some("*"), "errors may be read too");
        assert_eq!(page.header("access-control-allow-credentials"), None);
        assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
    }
    for mode in [RegistrationMode::Off, RegistrationMode::Token] {
        let app = app.configured(|config| config.registration.mode = mode);
        for request in [preflight(), post(&smallest())] {
            let page = app.send(request).await;
            assert_eq!(page.header("access-control-allow-origin"), None, "{mode:?}");
        }
    }
}

on_both!(a_code_of_a_client_that_is_gone_is_worth_nothing, |app| {
    let app = app.configured(|config| config.registration.mode = RegistrationMode::Open);
    app.user("ada").await;
    let mut body = smallest();
    body["token_endpoint_auth_method"] = json!("none");
    let client = registered(&register(&app, &body).await);
    let id = client["client_id"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::None, "", "https://app.example/cb");
    let code = rp.code(&mut app.browser(), "ada", "openid").await;
    let (address, token) = own(&client);
    assert_eq!(ask(&app, Method::DELETE, &address, Some(token), &Value::Null).await.status, 204);
    assert_eq!(refused(&rp.redeem(&code).await), "invalid_client");
});

on_both_engines!(what_nobody_here_has_checked_is_told_to_people_in_words, |engine| {
    let app = open(engine).await;
    let (_, mut ada) = administrator(&app, "ada").await;
    let mut body = smallest();
    body["client_name"] = json!("Totally Your Bank");
    body["initiate_login_uri"] = json!("https://app.example/login");
    let client = registered(&register(&app, &body).await);
    let id = client["client_id"].as_str().unwrap();
    let secret = client["client_secret"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "https://app.example/cb");
    let warning = "This application registered itself. Nobody here has checked its name and links. Go on only if you \
                   expect to end up at app.example";
    let mut stranger = app.browser();
    let sign_in = stranger.open(&rp.authorization("openid", &[])).await;
    assert!(sign_in.text().contains(warning), "{}", sign_in.text());
    let consent = stranger.sign_in(&sign_in, "ada").await;
    assert!(consent.text().contains("Allow Totally Your Bank") && consent.text().contains(warning));
    stranger.consent(&consent, "allow").await;

    // Administrators and users see it among the others.
    let list = ada.get("/admin/clients").await.text();
    assert!(list.contains("Totally Your Bank registered itself"), "{list}");
    assert!(ada.get(&format!("/admin/clients/{id}")).await.text().contains("registered itself"));
    let account = ada.get("/account").await;
    let start = "https://app.example/login?iss=http%3A%2F%2Flocalhost%3A8080";
    assert!(
        account.body.contains(&format!("href=\"{start}\" target=\"_blank\" rel=\"noopener noreferrer\""))
    );

    // What an administrator registered needs no warning.
    let ours = app.rp("ours").await;
    let page = app.browser().open(&ours.authorization("openid", &[])).await;
    assert!(page.text().contains("Client ours") && !page.text().contains("registered itself"));
    assert!(!ada.get("/admin/clients/ours").await.text().contains("registered itself"));
});

/// Registers a public client, and signs `ada` in to it.
async fn public_rp(app: &TestApp, members: &Value) -> (Value, Rp) {
    let mut body = json!({
        "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let client = registered(&register(app, &body).await);
    let id = client["client_id"].as_str().unwrap();
    let rp = Rp::of(&app.router, id, AuthMethod::None, "", "https://app.example/cb");
    (client, rp)
}

/// What a client sends to change some members of its registration.
fn changed(client: &Value, members: &Value) -> Value {
    let mut body = client.clone();
    for issued in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
        "client_secret",
    ] {
        body.as_object_mut().unwrap().remove(issued);
    }
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

on_both_engines!(openid_core_8_1_a_client_cannot_change_the_sector_that_its_users_are_known_in, |engine| {
    let app = open(engine).await;
    app.user("ada").await;
    let (client, rp) = public_rp(&app, &json!({"subject_type": "pairwise"})).await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let sub = tokens.claims("id_token")["sub"].clone();
    let (address, token) = own(&client);
    for members in [
        json!({"redirect_uris": ["https://victim.example/cb"]}),
        json!({"subject_type": "public"}),
        json!({"subject_type": null}),
    ] {
        let page = ask(&app, Method::PUT, &address, Some(token), &changed(&client, &members)).await;
        assert_eq!(no(&page, 400).0, "invalid_client_metadata", "{members}");
    }
    let same_host = json!({"redirect_uris": ["https://app.example/other", "https://app.example/cb"]});
    let page = ask(&app, Method::PUT, &address, Some(token), &changed(&client, &same_host)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let again = rp.tokens(&mut app.browser(), "ada", "openid").await;
    assert_eq!(again.claims("id_token")["sub"], sub);
});

on_both_engines!(rfc7592_5_who_is_no_longer_what_users_were_shown_asks_them_again, |engine| {
    let app = open(engine).await;
    app.user("ada").await;
    let (client, rp) = public_rp(&app, &json!({"client_name": "Nice"})).await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let silently = rp.authorization("openid", &[("prompt", "none")]);
    let (address, token) = own(&client);
    let unseen = json!({"default_max_age": 9000});
    assert_eq!(ask(&app, Method::PUT, &address, Some(token), &changed(&client, &unseen)).await.status, 200);
    assert!(browser.get(&silently).await.sent("code").is_some(), "nothing that anybody was shown");
    for members in [
        json!({"client_name": "Your Bank"}),
        json!({"client_name": "Your Bank", "redirect_uris": ["https://app.example/cb", "https://evil.example/cb"]}),
    ] {
        let page = ask(&app, Method::PUT, &address, Some(token), &changed(&client, &members)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(
            browser.get(&silently).await.sent("error").as_deref(),
            Some("consent_required"),
            "{members}"
        );
        assert_eq!(rp.userinfo(tokens.access()).await.status, 401, "what rested on the consent is gone");
        rp.code(&mut browser, "ada", "openid").await;
    }
});

on_both_engines!(only_what_is_granted_counts_as_use, |engine| {
    let app = open(engine).await;
    app.user("ada").await;
    let (client, rp) = public_rp(&app, &json!({})).await;
    let id = client["client_id"].as_str().unwrap();
    let used = async || {
        let client = app.stored_client(id).await;
        client.self_registration.unwrap().used_at.is_some()
    };
    assert_eq!(refused(&rp.redeem("a code of nobody's").await), "invalid_grant");
    app.browser().get(&rp.authorization("openid", &[("prompt", "none")])).await;
    assert!(!used().await);
    rp.code(&mut app.browser(), "ada", "openid").await;
    assert!(used().await);
    app.advance(2 * 86_400);
    let floor = Timestamp(START + 86_400);
    assert_eq!(app.app.store.delete_unused_clients(floor).await.unwrap(), 0, "it is in use");
});

#[tokio::test]
async fn rp_initiated_logout_3_nobody_makes_this_server_redirect_by_registering_themselves() {
    let app = open(Engine::Sqlite).await;
    app.user("ada").await;
    let out = json!({"post_logout_redirect_uris": ["https://app.example/out"]});
    let (client, rp) = public_rp(&app, &out).await;
    let id = client["client_id"].as_str().unwrap();
    let address = format!("/logout?client_id={id}&post_logout_redirect_uri=https://app.example/out");
    let page = app.browser().get(&address).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (200, None));
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    let with_hint = browser.get(&format!("{address}&id_token_hint={}", tokens.get("id_token"))).await;
    assert_eq!(with_hint.location(), "https://app.example/out");
}

on_both_engines!(openid_core_4_a_client_reads_where_its_sign_ins_may_begin, |engine| {
    let app = open(engine).await;
    let mut body = smallest();
    body["initiate_login_uri"] = json!("https://app.example/initiate_login");
    let client = registered(&register(&app, &body).await);
    assert_eq!(client["initiate_login_uri"], body["initiate_login_uri"]);
    let (address, token) = own(&client);
    let page = ask(&app, Method::GET, &address, Some(token), &Value::Null).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("application/json")));
    assert_eq!(page.json()["initiate_login_uri"], body["initiate_login_uri"]);
});

#[tokio::test]
async fn openid_registration_2_logo_policy_and_terms_are_shown_where_people_sign_in() {
    let app = open(Engine::Sqlite).await;
    app.user("ada").await;
    let mut body = smallest();
    for (name, value) in [
        ("logo_uri", "https://images.example/logo.png"),
        ("policy_uri", "https://legal.example/policy"),
        ("tos_uri", "https://legal.example/terms"),
    ] {
        body[name] = json!(value);
    }
    let client = registered(&register(&app, &body).await);
    let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let rp = Rp::of(&app.router, id, AuthMethod::ClientSecretBasic, secret, "https://app.example/cb");
    let mut browser = app.browser();
    let sign_in = browser.open(&rp.authorization("openid", &[])).await;
    let consent = browser.sign_in(&sign_in, "ada").await;
    for page in [&sign_in, &consent] {
        assert!(page.body.contains(&format!("<img src=\"/apps/{id}/logo\"")), "{}", page.body);
        assert!(
            !page.body.contains("images.example"),
            "no page makes a browser ask somebody else: {}",
            page.body
        );
        for address in ["https://legal.example/policy", "https://legal.example/terms"] {
            assert!(page.body.contains(&format!("<a href=\"{address}\" target=\"_blank\"")), "{address}");
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("; img-src 'self';"), "{policy}");
    }
}
