//! The administration API: who gets in, what it takes, what it says.

use axum::body::Body;
use axum::http::{Method, Request, header};
use countersign::app::Origin;
use countersign::protocol::client::GrantType;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use countersign::store::StoredPasskey;
use serde_json::{Value, json};

use crate::support::{Browser, Engine, ISSUER, Page, TestApp, on_both};

/// The text of the route table: what is tested here follows from it.
const ROUTES: &str = include_str!("../../src/routes.rs");

/// Every route that begins with `prefix`, with its methods.
pub fn routes(prefix: &str) -> Vec<(String, Vec<Method>)> {
    let known = [
        ("get(", Method::GET),
        ("post(", Method::POST),
        ("put(", Method::PUT),
        ("patch(", Method::PATCH),
        ("delete(", Method::DELETE),
    ];
    let mut found = Vec::new();
    for line in ROUTES.split(".route(").skip(1) {
        let path = line.split('"').nth(1).unwrap();
        if !path.starts_with(prefix) || path.contains('*') {
            continue;
        }
        let handlers = line.split_once('"').unwrap().1.split_once('"').unwrap().1;
        let handlers = handlers.split(".layer(").next().unwrap();
        let methods: Vec<_> = known
            .iter()
            .filter(|(call, _)| {
                handlers.match_indices(call).any(|(at, _)| {
                    // `delete(` begins a method, `delete_user(` or `clients::delete)` does not.
                    at == 0 || !matches!(handlers.as_bytes()[at - 1], b'_' | b':' | b'a'..=b'z')
                })
            })
            .map(|(_, method)| method.clone())
            .collect();
        assert!(!methods.is_empty(), "no method found for {path}");
        found.push((path.to_owned(), methods));
    }
    assert!(!found.is_empty(), "no route begins with {prefix}");
    found
}

/// A path with somebody who does not exist.
pub fn filled_in(path: &str) -> String {
    path.replace("{id}", "nobody")
        .replace("{kid}", "nobody")
        .replace("{kind}", "web")
        .replace("{passkey}", "none")
        .replace("{user}", "nobody")
        .replace("{delivery}", "none")
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Caller {
    app: TestApp,
    headers: Vec<(&'static str, String)>,
}

impl Caller {
    pub fn anonymous(app: &TestApp) -> Self {
        Self { app: app.clone(), headers: Vec::new() }
    }

    pub fn bearer(app: &TestApp, token: &str) -> Self {
        Self { app: app.clone(), headers: vec![("authorization", format!("Bearer {token}"))] }
    }

    /// A browser's cookies, and nothing else.
    pub fn cookies(app: &TestApp, browser: &Browser) -> Self {
        let pairs: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self { app: app.clone(), headers: vec![("cookie", pairs.join("; "))] }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub async fn send(&self, method: &Method, path: &str, body: impl Into<Body>) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.app.send(request.body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(&Method::GET, path, Body::empty()).await
    }

    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Page {
        let caller = self.clone().with("content-type", "application/json");
        caller.send(&method, path, body.to_string()).await
    }
}

/// An administrator, and their browser.
pub async fn administrator(app: &TestApp, username: &str) -> (User, Browser) {
    let user = app.user(username).await;
    let admin = User { is_admin: true, ..user.clone() };
    let audit = app.app.audit(&Origin::system(), "user.update", String::new(), "");
    assert!(app.app.store.update_user(&admin, user.updated_at, &audit).await.unwrap());
    (admin, signed_in(app, username).await)
}

pub async fn signed_in(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, username).await;
    assert_eq!(page.status, 200, "{}", page.text());
    browser
}

/// A client's token for itself, with this scope.
pub async fn token(app: &TestApp, client: &str, scope: &str) -> String {
    let created = app.client(client, |metadata| {
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.response_types.clear();
        metadata.redirect_uris.clear();
        metadata.scope = Scope::parse(scope).unwrap();
    });
    let rp = crate::support::Rp::new(app, &created.await);
    let page = rp.token(&[("grant_type", "client_credentials"), ("scope", scope)]).await;
    crate::support::granted(&page).access().to_owned()
}

pub async fn robot(app: &TestApp) -> Caller {
    Caller::bearer(app, &token(app, "robot", "countersign:admin").await)
}

pub fn problem(page: &Page, status: u16) -> Value {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("content-type"), Some("application/problem+json"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let problem = page.json();
    assert_eq!(problem["status"], status);
    problem
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn ghsa_4r87_w2cx_fr3f_every_route_and_method_is_for_administrators_only() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("eve").await;
    let (_, admin) = administrator(&app, "ada").await;
    let nobody = Caller::anonymous(&app);
    let eve = Caller::cookies(&app, &signed_in(&app, "eve").await).with("sec-fetch-site", "same-origin");
    let narrow = Caller::bearer(&app, &token(&app, "narrow", "api").await);
    let user_token = {
        let rp = app.rp("app").await;
        let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
        Caller::bearer(&app, tokens.access())
    };
    let forged = Caller::bearer(&app, "forged");
    let admin = Caller::cookies(&app, &admin);
    let own_page = admin.clone().with("sec-fetch-site", "same-origin");
    let robot = robot(&app).await;
    let mut seen = 0;
    for (path, methods) in routes("/admin/api") {
        let path = filled_in(&path);
        for method in methods {
            seen += 1;
            let what = format!("{method} {path}");
            for (caller, status) in
                [(&nobody, 401), (&forged, 401), (&eve, 403), (&narrow, 403), (&user_token, 403)]
            {
                let page = caller.send(&method, &path, "{}").await;
                assert_eq!(page.status, status, "{what}: {}", page.body);
                problem(&page, status);
                assert_eq!(
                    page.header("www-authenticate").is_some(),
                    !page.body.contains("for administrators")
                );
            }
            for caller in [&own_page, &robot] {
                let page = caller.send(&method, &path, "").await;
                assert!(
                    [200, 404, 415].contains(&page.status.as_u16()),
                    "{what}: {} {}",
                    page.status,
                    page.body
                );
            }
            if method != Method::GET {
                for (name, value) in [
                    ("accept", "*/*"),
                    ("origin", "null"),
                    ("origin", "https://evil.example"),
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-site", "same-site"),
                    ("sec-fetch-site", "none"),
                ] {
                    let page = admin.clone().with(name, value).send(&method, &path, "{}").await;
                    assert_eq!(page.status, 403, "{what} {name}: {value}");
                }
            }
        }
    }
    assert!(seen >= 18, "only {seen} routes were found");
}

#[tokio::test]
async fn the_description_names_every_route_and_no_other() {
    let app = TestApp::start(Engine::Sqlite).await;
    let robot = robot(&app).await;
    let document = robot.get("/admin/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let routes = routes("/admin/api");
    let documented = document["paths"].as_object().unwrap();
    assert_eq!(documented.len(), routes.len());
    for (path, _) in routes {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let page = robot.send(&method, &filled_in(&path), "").await;
            let answered = page.status != 405;
            let operation = &documented[&path][method.as_str().to_lowercase()];
            assert_eq!(operation.is_object(), answered, "{method} {path}");
            if answered {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            } else {
                problem(&page, 405);
                assert!(page.header("allow").is_some(), "{method} {path}");
            }
        }
    }
    for schema in ["ClientView", "ClientInput", "UserView", "UserInput", "Problem", "Entry", "Key"] {
        assert!(document["components"]["schemas"][schema].is_object(), "{schema}");
    }
    for path in ["/admin/api", "/admin/api/nothing", "/admin/api/clients/a/b/c"] {
        assert_eq!(robot.get(path).await.status, 404, "{path}");
    }
    problem(&robot.get("/admin/api/nothing").await, 404);
}

on_both!(a_client_from_its_registration_to_its_end, |app| {
    let robot = robot(&app).await;
    let wish = json!({
        "client_id": "notes",
        "client_name": "<script>alert(1)</script>",
        "redirect_uris": ["https://notes.example/cb"],
    });
    let made = robot.json(Method::POST, "/admin/api/clients", &wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let view = made.json();
    let secret = view["client_secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("cs_cs_") && secret.len() == 49);
    assert_eq!(view["client_secret_expires_at"], 0);
    assert_eq!(view["id_token_signed_response_alg"], "RS256");
    problem(&robot.json(Method::POST, "/admin/api/clients", &wish).await, 409);

    let shown = robot.get("/admin/api/clients/notes").await;
    let version = shown.header("etag").unwrap().to_owned();
    assert!(!shown.body.contains("secret\":"), "{}", shown.body);
    assert_eq!(shown.json()["client_name"], "<script>alert(1)</script>");

    let path = "/admin/api/clients/notes";
    let edit = json!({ "client_name": "Notes", "logo_uri": "https://notes.example/logo.png" });
    let seen = robot.clone().with("if-match", &version);
    let changed = seen.json(Method::PATCH, path, &edit).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_ne!(changed.header("etag").unwrap(), version, "also within one second");
    assert_eq!(changed.json()["redirect_uris"], wish["redirect_uris"]);
    assert!(changed.json()["client_secret"].is_null());
    problem(&seen.json(Method::PATCH, path, &edit).await, 412);
    problem(&seen.send(&Method::DELETE, path, "").await, 412);
    let removed = robot.json(Method::PATCH, path, &json!({ "logo_uri": null })).await;
    assert!(removed.json()["logo_uri"].is_null());

    for (body, expected) in [
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "redirect_uris"),
        (json!({ "redirect_uris": [] }), "redirect_uris"),
        (json!({ "scope": "countersign:admin" }), "scope"),
        (json!({ "client_id": "other" }), "client_id"),
        (json!({ "access_token_signed_response_alg": "none" }), "access_token_signed_response_alg"),
        (json!({ "access_token_signed_response_alg": "HS256" }), "access_token_signed_response_alg"),
    ] {
        let page = robot.json(Method::PATCH, path, &body).await;
        assert_eq!(fields(&problem(&page, 400)), [expected], "{body}");
    }

    let public = robot.json(Method::PATCH, path, &json!({ "token_endpoint_auth_method": "none" })).await;
    assert_eq!(public.status, 200, "{}", public.body);
    problem(&robot.send(&Method::POST, &format!("{path}/secret"), "").await, 400);
    let confidential =
        robot.json(Method::PATCH, path, &json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
    let second = confidential.json()["client_secret"].as_str().unwrap().to_owned();
    let rotated = robot.send(&Method::POST, &format!("{path}/secret"), "").await.json();
    let third = rotated["client_secret"].as_str().unwrap().to_owned();
    assert!(secret != second && second != third);
    // The key is published before the client's first token is signed with it.
    assert!(!app.jwks().contains("ES384"));
    let other =
        json!({ "id_token_signed_response_alg": "ES384", "request_object_encryption_alg": "RSA-OAEP" });
    assert_eq!(robot.json(Method::PATCH, path, &other).await.status, 200);
    for published in ["ES384", "enc"] {
        assert!(app.jwks().contains(&format!("\"{published}\"")), "{published}");
    }

    for page in [path, "/admin/api/clients", "/admin/api/audit"] {
        let body = robot.get(page).await.body;
        for secret in [&secret, &second, &third, &countersign::protocol::secret::sha256_hex(&third)] {
            assert!(!body.contains(secret.as_str()), "{page} shows a secret");
        }
    }
    assert_eq!(robot.send(&Method::DELETE, path, "").await.status, 204);
    problem(&robot.get(path).await, 404);
    problem(&robot.send(&Method::DELETE, path, "").await, 404);
    let log = robot.get("/admin/api/audit?limit=30").await.json();
    let mut entries: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["target"] == "client:notes")
        .map(|entry| {
            assert_eq!(entry["actor"], "client:robot");
            entry["action"].as_str().unwrap()
        })
        .collect();
    // The clock stands still, so that their order says nothing.
    entries.sort_unstable();
    let updates = ["client.update"; 5];
    let expected = [&["client.create", "client.delete", "client.rotate_secret"][..], &updates].concat();
    assert_eq!(entries, expected);
});

on_both!(a_registration_token_is_made_shown_once_and_revoked, |app| {
    let robot = robot(&app).await;
    let path = "/admin/api/registration-tokens";
    let wish = json!({"note": "partners", "expires_in": 3600, "uses": 2});
    let page = robot.json(Method::POST, path, &wish).await;
    assert_eq!(
        (page.status.as_u16(), page.header("cache-control")),
        (201, Some("no-store")),
        "{}",
        page.body
    );
    let made = page.json();
    assert!(made["token"].as_str().unwrap().starts_with("cs_iat_"));
    let now = app.app.clock.now().0;
    assert_eq!((&made["created_at"], &made["expires_at"]), (&json!(now), &json!(now + 3600)));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("token");
    assert_eq!(robot.get(path).await.json(), json!({"tokens": [shown], "next": null}));
    let any = robot.json(Method::POST, path, &json!({})).await.json();
    assert_eq!((&any["uses_left"], &any["expires_at"]), (&Value::Null, &json!(now + 30 * 86_400)));
    for (wrong, field) in [
        (json!({"note": "x".repeat(201)}), "note"),
        (json!({"expires_in": 1}), "expires_in"),
        (json!({"expires_in": 315_360_001}), "expires_in"),
        (json!({"uses": 0}), "uses"),
    ] {
        let page = robot.json(Method::POST, path, &wrong).await;
        assert_eq!(fields(&problem(&page, 400)), [field]);
    }
    for unreadable in [
        json!({"uses": -1}),
        json!({"uses": "2"}),
        json!({"token": "chosen"}),
        json!({"note": "a\u{0}"}),
        json!([]),
        json!(null),
    ] {
        problem(&robot.json(Method::POST, path, &unreadable).await, 400);
    }
    let own = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(robot.send(&Method::DELETE, &own, "").await.status, 204);
    problem(&robot.send(&Method::DELETE, &own, "").await, 404);
    assert_eq!(robot.get(path).await.json()["tokens"].as_array().unwrap().len(), 1);
    let log = app.audit_log().await;
    for action in ["create", "revoke"] {
        let entry =
            format!("registration_token.{action} registration_token:{}", made["id"].as_str().unwrap());
        assert!(log.contains(&entry), "{entry}: {log:?}");
    }
});

on_both!(a_user_from_the_first_day_to_the_last, |app| {
    let robot = robot(&app).await;
    let wish = json!({ "username": "Ada", "email": "Ada@Example.com", "password": "correct horse" });
    let made = robot.json(Method::POST, "/admin/api/users", &wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let ada = made.json();
    assert_eq!((&ada["username"], &ada["email"]), (&json!("ada"), &json!("ada@example.com")));
    assert_eq!((&ada["has_password"], &ada["is_admin"]), (&json!(true), &json!(false)));
    let path = format!("/admin/api/users/{}", ada["id"].as_str().unwrap());
    problem(&robot.json(Method::POST, "/admin/api/users", &json!({ "username": "ADA" })).await, 409);

    let browser = signed_in(&app, "ada").await;
    let sessions = robot.get(&format!("{path}/sessions")).await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    let body =
        robot.get(&path).await.body + &robot.get("/admin/api/users").await.body + &sessions.to_string();
    assert!(!body.contains("argon2") && !body.contains("hash"), "{body}");
    for cookie in browser.cookies.values() {
        assert!(!body.contains(cookie.as_str()));
    }

    let changed = robot.json(Method::PATCH, &path, &json!({ "name": "Ada", "email_verified": true })).await;
    assert_eq!(changed.json()["email_verified"], true);
    let moved = robot.json(Method::PATCH, &path, &json!({ "email": "ada@example.org" })).await;
    assert_eq!(moved.json()["email_verified"], false, "a new address is not a verified one");
    let version = moved.header("etag").unwrap().to_owned();
    let stale = robot.clone().with("if-match", "\"1\"");
    problem(&stale.json(Method::PATCH, &path, &json!({ "name": "x" })).await, 412);
    let seen = robot.clone().with("if-match", &version);
    assert_eq!(seen.json(Method::PATCH, &path, &json!({ "email": null })).await.json()["email"], Value::Null);

    let password = format!("{path}/password");
    let short = robot.json(Method::PUT, &password, &json!({ "password": "short" })).await;
    assert_eq!(fields(&problem(&short, 400)), ["password"]);
    let set = robot.json(Method::PUT, &password, &json!({ "password": "another horse" })).await;
    assert_eq!(set.status, 204);
    let gone = browser.clone().get("/account").await;
    assert_eq!(gone.status, 303, "a new password ends every session");

    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in_with(&page, "ada", "another horse").await;
    assert_eq!(page.status, 200);
    assert_eq!(robot.send(&Method::DELETE, &format!("{path}/sessions"), "").await.status, 204);
    assert_eq!(browser.get("/account").await.status, 303);

    assert_eq!(robot.json(Method::PATCH, &path, &json!({ "disabled": true })).await.status, 200);
    let page = browser.open("/account").await;
    let page = browser.sign_in_with(&page, "ada", "another horse").await;
    assert!(page.body.contains("login-submit"), "a user who is switched off does not get in");
    assert_eq!(robot.send(&Method::DELETE, &path, "").await.status, 204);
    problem(&robot.get(&path).await, 404);

    let target = format!("user:{}", ada["id"].as_str().unwrap());
    let log = app.audit_log().await;
    for action in ["user.create", "user.update", "user.set_password", "user.end_sessions", "user.delete"] {
        assert!(log.contains(&format!("{action} {target}")), "{action} is not in {log:?}");
    }
});

on_both!(one_device_is_signed_out_and_the_others_stay, |app| {
    let robot = robot(&app).await;
    let ada = app.user("ada").await;
    let bob = app.user("bob").await;
    let (mut lost, mut kept) = (signed_in(&app, "ada").await, signed_in(&app, "ada").await);
    let rp = app.rp("web").await;
    let tokens = rp.tokens(&mut lost, "ada", "openid").await;
    let path = format!("/admin/api/users/{}/sessions", ada.id);
    let sid = tokens.claims("id_token")["sid"].as_str().unwrap().to_owned();
    let other_users = format!("/admin/api/users/{}/sessions/{sid}", bob.id);
    for wrong in [&format!("{path}/none"), &other_users, &"/admin/api/users/nobody/sessions/x".to_owned()] {
        problem(&robot.send(&Method::DELETE, wrong, "").await, 404);
    }
    assert!(rp.is_active(tokens.access()).await);
    let one = format!("{path}/{sid}");
    assert_eq!(robot.send(&Method::DELETE, &one, "").await.status, 204);
    problem(&robot.send(&Method::DELETE, &one, "").await, 404);
    assert!(!rp.is_active(tokens.access()).await, "what it held by that session is gone");
    assert_eq!(lost.get("/account").await.status, 303);
    assert_eq!(kept.get("/account").await.status, 200);
    assert_eq!(robot.get(&path).await.json()["sessions"].as_array().unwrap().len(), 1);
    assert!(app.audit_log().await.contains(&format!("session.end session:{sid}")));
});

on_both!(a_group_from_its_beginning_to_its_end, |app| {
    let robot = robot(&app).await;
    let ada = app.user("ada").await;
    let wish = json!({ "name": "Editors", "least_acr": "two-factors" });
    let made = robot.json(Method::POST, "/admin/api/groups", &wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let etag = made.header("etag").unwrap().to_owned();
    let group = made.json();
    assert_eq!((&group["name"], &group["least_acr"]), (&json!("Editors"), &json!("two-factors")));
    let path = format!("/admin/api/groups/{}", group["id"].as_str().unwrap());
    let again = json!({ "name": "EDITORS" });
    let taken = robot.json(Method::POST, "/admin/api/groups", &again).await;
    assert_eq!(
        (taken.status.as_u16(), taken.body.contains("this group name")),
        (409, true),
        "{}",
        taken.body
    );
    for (wrong, status) in [
        (json!({}), 400),
        (json!({ "name": "" }), 400),
        (json!({ "name": "a\nb" }), 400),
        (json!({ "name": "x", "least_acr": "high" }), 400),
        (json!({ "name": "x", "description": "a\u{202e}b" }), 400),
        (json!({ "name": 7 }), 400),
        (json!({ "name": "x", "members": [] }), 400),
        (json!([]), 400),
    ] {
        let page = robot.json(Method::POST, "/admin/api/groups", &wrong).await;
        assert_eq!(page.status, status, "{wrong}: {}", page.body);
        problem(&page, status);
    }
    for query in ["limit=0", "limit=201", "limit=x", "page=2"] {
        problem(&robot.get(&format!("/admin/api/groups?{query}")).await, 400);
        problem(&robot.get(&format!("{path}/members?{query}")).await, 400);
    }
    // RFC 7396: what is named replaces, null removes, the rest stays.
    let seen = robot.clone().with("if-match", &etag);
    let changed = seen
        .json(Method::PATCH, &path, &json!({ "description": "Who may publish", "least_acr": null }))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["least_acr"], Value::Null);
    assert_eq!(changed.json()["name"], "Editors");
    problem(&seen.json(Method::PATCH, &path, &json!({ "name": "Lost" })).await, 412);
    problem(&seen.send(&Method::DELETE, &path, "").await, 412);
    assert_eq!(robot.get(&path).await.json(), changed.json(), "as it is stored");

    let member = format!("{path}/members/{}", ada.id);
    for _ in 0..2 {
        assert_eq!(robot.send(&Method::PUT, &member, "").await.status, 204, "in it, however often");
    }
    let members = robot.get(&format!("{path}/members")).await.json();
    assert_eq!((&members["users"][0]["username"], &members["next"]), (&json!("ada"), &Value::Null));
    let theirs = robot.get(&format!("/admin/api/users/{}/groups", ada.id)).await.json();
    assert_eq!(theirs["groups"][0]["name"], "Editors");
    problem(&robot.send(&Method::PUT, &format!("{path}/members/nobody"), "").await, 404);
    problem(&robot.send(&Method::PUT, &member.replace("/groups/", "/groups/no"), "").await, 404);
    assert_eq!(robot.send(&Method::DELETE, &member, "").await.status, 204);
    problem(&robot.send(&Method::DELETE, &member, "").await, 404);
    let two = json!({ "name": "authors" });
    assert_eq!(robot.json(Method::POST, "/admin/api/groups", &two).await.status, 201);
    let first = robot.get("/admin/api/groups?limit=1").await.json();
    assert_eq!(first["groups"][0]["name"], "authors");
    let next = first["next"].as_str().unwrap();
    let rest = robot.get(&format!("/admin/api/groups?limit=1&after={next}")).await.json();
    assert_eq!((&rest["groups"][0]["name"], &rest["next"]), (&json!("Editors"), &Value::Null));
    assert_eq!(robot.send(&Method::DELETE, &path, "").await.status, 204);
    problem(&robot.get(&path).await, 404);
});

on_both!(openid_core_5_1_a_users_claims_are_fields_by_their_names, |app| {
    let robot = robot(&app).await;
    let wish = json!({
        "username": "ada",
        "given_name": "Ada",
        "locale": "en-GB",
        "phone_number": "+1 (425) 555-1212",
        "phone_number_verified": true,
        "address": { "formatted": "1 Street\r\nLondon", "locality": "London", "country": "UK" },
    });
    let made = robot.json(Method::POST, "/admin/api/users", &wish).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/admin/api/users/{}", made.json()["id"].as_str().unwrap());
    let told = async |patch: Value| {
        let page = robot.json(Method::PATCH, &path, &patch).await;
        assert_eq!(page.status, 200, "{patch}: {}", page.body);
        assert_eq!(robot.get(&path).await.json(), page.json(), "as it is stored");
        page.json()
    };
    let ada = told(json!({})).await;
    assert_eq!((&ada["given_name"], &ada["locale"]), (&json!("Ada"), &json!("en-GB")));
    assert_eq!((&ada["phone_number"], &ada["phone_number_verified"]), (&json!("+14255551212"), &json!(true)));
    assert_eq!(
        ada["address"],
        json!({ "formatted": "1 Street\nLondon", "locality": "London", "country": "UK" })
    );

    // RFC 7396 §2: member by member, also within the address.
    let moved = told(json!({ "address": { "formatted": null, "locality": "Paris" }, "locale": "fr" })).await;
    assert_eq!(moved["address"], json!({ "locality": "Paris", "country": "UK" }));
    assert_eq!((&moved["given_name"], &moved["locale"]), (&json!("Ada"), &json!("fr")));
    let bare = told(json!({ "address": null, "given_name": null, "nickname": " " })).await;
    for name in ["address", "given_name", "nickname"] {
        assert!(bare.get(name).is_none(), "{name}: {bare}");
    }
    let same = told(json!({ "phone_number": "+1 425 555 1212" })).await;
    assert_eq!(same["phone_number_verified"], true);
    let other = told(json!({ "phone_number": "+4721234567" })).await;
    assert_eq!(other["phone_number_verified"], false, "a new number is not a verified one");
    let vouched = told(json!({ "phone_number_verified": true })).await;
    assert_eq!(vouched["phone_number_verified"], true);
    let none = told(json!({ "phone_number": null })).await;
    assert!(none.get("phone_number").is_none() && none.get("phone_number_verified").is_none(), "{none}");

    for (patch, field) in [
        (json!({ "picture": "javascript:alert(1)" }), "picture"),
        (json!({ "website": "ftp://ada.example/" }), "website"),
        (json!({ "birthdate": "1990-02-30" }), "birthdate"),
        (json!({ "zoneinfo": "../etc" }), "zoneinfo"),
        (json!({ "locale": "en_GB" }), "locale"),
        (json!({ "phone_number": "12" }), "phone_number"),
        (json!({ "phone_number_verified": true }), "phone_number_verified"),
        (json!({ "family_name": "a\u{202e}b" }), "family_name"),
        (json!({ "address": { "country": "x".repeat(129) } }), "address.country"),
    ] {
        let page = robot.json(Method::PATCH, &path, &patch).await;
        assert_eq!(fields(&problem(&page, 400)), [field], "{patch}");
    }
    for patch in [
        json!({ "address": "London" }),
        json!({ "address": { "planet": "Earth" } }),
        json!({ "address": { "country": ["UK"] } }),
        json!({ "claims": { "given_name": "Ada" } }),
        json!({ "phone_number_verified": "yes" }),
        json!({ "locale": 1 }),
    ] {
        problem(&robot.json(Method::PATCH, &path, &patch).await, 400);
    }
    assert_eq!(robot.get(&path).await.json(), none, "nothing was changed");

    let log = app.app.store.recent_audit(100).await.unwrap();
    let details: Vec<_> =
        log.iter().filter(|row| row.action == "user.update").map(|row| row.detail.as_str()).collect();
    for expected in [
        "nothing changed",
        "address locale",
        "address given_name",
        "phone_number phone_number_verified=false",
        "phone_number_verified=true",
        "phone_number phone_number_verified",
    ] {
        assert!(details.contains(&expected), "{expected} is not in {details:?}");
    }
    let document = robot.get("/admin/api/openapi.json").await.body;
    assert!(document.contains("StandardClaims") && document.contains("postal_code"));
});

#[tokio::test]
async fn cve_2026_49448_what_is_not_offered_cannot_be_set() {
    let app = TestApp::start(Engine::Sqlite).await;
    let robot = robot(&app).await;
    let user = app.user("ada").await;
    let (client, user) = ("/admin/api/clients/robot".to_owned(), format!("/admin/api/users/{}", user.id));
    for (method, path, body) in [
        (Method::PATCH, &client, r#"{"secret_hash":"x"}"#),
        (Method::PATCH, &client, r#"{"client_secret":"chosen"}"#),
        (Method::PATCH, &client, r#"{"created_at":0}"#),
        (Method::PATCH, &client, r#"{"updated_at":0}"#),
        (Method::PATCH, &client, r#"{"client_name":"a","client_name":"b"}"#),
        (Method::PATCH, &client, r#"{"redirect_uris":"https://a.example"}"#),
        (Method::PATCH, &client, "[]"),
        (Method::PATCH, &client, "null"),
        (Method::PATCH, &client, "{"),
        (Method::PATCH, &client, ""),
        (Method::PATCH, &user, r#"{"password_hash":"x"}"#),
        (Method::PATCH, &user, r#"{"password":"by the side door"}"#),
        (Method::PATCH, &user, r#"{"id":"0123456789abcdef0123456789abcdef"}"#),
        (Method::PATCH, &user, r#"{"is_admin":"true"}"#),
        (Method::PATCH, &user, r#"{"username":null}"#),
        (Method::PUT, &format!("{user}/password"), r#"{"password":"long enough","keep":true}"#),
        (Method::PUT, &format!("{user}/password"), "{}"),
        (Method::POST, &"/admin/api/clients".to_owned(), r#"{"jwks_uri":"http://169.254.169.254/"}"#),
        (Method::POST, &"/admin/api/users".to_owned(), r#"{"username":"eve","roles":["admin"]}"#),
        (Method::POST, &"/admin/api/keys".to_owned(), r#"{"alg":"HS256"}"#),
        (
            Method::POST,
            &"/admin/api/keys".to_owned(),
            &format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000)),
        ),
    ] {
        let caller = robot.clone().with("content-type", "application/json");
        let page = caller.send(&method, path, body.to_owned()).await;
        let start: String = body.chars().take(60).collect();
        assert_eq!(page.status, 400, "{method} {path} {start}: {}", page.body);
        problem(&page, 400);
    }
    let untouched = app.app.store.clients().await.unwrap();
    assert_eq!(untouched.len(), 1);
    assert_eq!(
        untouched[0].secret_hash.as_deref(),
        Some(countersign::protocol::secret::sha256_hex("secret").as_str())
    );
}

on_both!(bodies_queries_and_paths_are_read_strictly, |app| {
    let robot = robot(&app).await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let caller = robot.clone().with("content-type", kind);
        problem(&caller.send(&Method::POST, "/admin/api/users", r#"{"username":"a"}"#).await, 415);
    }
    let caller = robot.clone().with("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(caller.send(&Method::POST, "/admin/api/users", r#"{"username":"a"}"#).await.status, 201);
    // Beyond the limit of all endpoints, whose answer it is.
    let huge = format!(r#"{{"username":"{}"}}"#, "a".repeat(3 << 20));
    assert_eq!(caller.send(&Method::POST, "/admin/api/users", huge).await.status, 413);
    for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1&limit=2", "order=name", "query=%ff"]
    {
        problem(&robot.get(&format!("/admin/api/users?{query}")).await, 400);
    }
    for query in ["limit=0", "limit=1001", "since=x"] {
        problem(&robot.get(&format!("/admin/api/audit?{query}")).await, 400);
    }
    for id in ["%ff", "%00", "..%2f..", "'%20OR%201=1--", &"x".repeat(5000)] {
        problem(&robot.get(&format!("/admin/api/users/{id}")).await, 404);
        problem(&robot.get(&format!("/admin/api/clients/{id}")).await, 404);
    }
});

on_both!(users_come_page_by_page, |app| {
    let robot = robot(&app).await;
    for name in ["ann", "bob", "cy", "dan", "e_e"] {
        app.user(name).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap();
        users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    let first = robot.get("/admin/api/users?limit=3").await.json();
    assert_eq!(names(&first), ["ann", "bob", "cy"]);
    let next = first["next"].as_str().unwrap();
    let second = robot.get(&format!("/admin/api/users?limit=3&after={next}")).await.json();
    assert_eq!((names(&second), &second["next"]), (vec!["dan".into(), "e_e".into()], &Value::Null));
    for (query, found) in [("BOB", vec!["bob"]), ("_", vec!["e_e"]), ("%25", vec![]), ("'", vec![])] {
        assert_eq!(
            names(&robot.get(&format!("/admin/api/users?query={query}")).await.json()),
            found,
            "{query}"
        );
    }
});

on_both!(the_last_administrator_stays, |app| {
    let robot = robot(&app).await;
    let (ada, _) = administrator(&app, "ada").await;
    let ada = format!("/admin/api/users/{}", ada.id);
    for patch in [json!({ "disabled": true }), json!({ "is_admin": false }), json!({ "is_admin": null })] {
        let refused = problem(&robot.json(Method::PATCH, &ada, &patch).await, 409);
        assert!(refused["detail"].as_str().unwrap().contains("last administrator"), "{patch}");
    }
    problem(&robot.send(&Method::DELETE, &ada, "").await, 409);
    assert_eq!(robot.json(Method::PATCH, &ada, &json!({ "name": "Still here" })).await.status, 200);

    // Two administrators who switch each other off at the same moment: one of them stays.
    let (bob, _) = administrator(&app, "bob").await;
    let bob = format!("/admin/api/users/{}", bob.id);
    for round in 0..10 {
        let off = json!({ "disabled": true });
        let (a, b) =
            tokio::join!(robot.json(Method::PATCH, &ada, &off), robot.json(Method::PATCH, &bob, &off));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}");
        for user in [&ada, &bob] {
            assert_eq!(robot.json(Method::PATCH, user, &json!({ "disabled": false })).await.status, 200);
        }
    }
});

on_both!(two_edits_at_once_do_not_undo_each_other, |app| {
    let robot = robot(&app).await;
    app.client("notes", |_| {}).await;
    let path = "/admin/api/clients/notes";
    for round in 0..10 {
        let (name, scope) =
            (json!({ "client_name": format!("N{round}") }), json!({ "scope": format!("s{round}") }));
        let seen = robot.clone().with("if-match", robot.get(path).await.header("etag").unwrap());
        let (a, b) =
            tokio::join!(seen.json(Method::PATCH, path, &name), seen.json(Method::PATCH, path, &scope));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
});

on_both!(what_was_lost_is_taken_off_an_account, |app| {
    let robot = robot(&app).await;
    let ada = app.user("ada").await;
    let audit = app.app.audit(&Origin::system(), "passkey.add", String::new(), "");
    let passkey = StoredPasskey {
        id: "cHJldHR5".to_owned(),
        user_id: ada.id.to_string(),
        name: "Blue phone".to_owned(),
        credential: "{}".to_owned(),
        sign_count: 0,
        created_at: 1,
        last_used_at: 2,
    };
    assert!(app.app.store.add_passkey(&passkey, &audit).await.unwrap());
    let path = format!("/admin/api/users/{}/sign-in-methods", ada.id);
    let methods = robot.get(&path).await;
    assert_eq!(methods.status, 200);
    let expected = json!({
        "password": true, "directory": false, "authenticator_app": null, "recovery_codes": 0,
        "linked_accounts": [],
        "passkeys": [{ "id": "cHJldHR5", "name": "Blue phone", "created_at": 1, "last_used_at": 2 }],
    });
    assert_eq!(methods.json(), expected, "and no key of it");

    let bob = app.user("bob").await;
    for (path, missing) in [
        ("/admin/api/users/nobody/sign-in-methods/app".to_owned(), "user"),
        ("/admin/api/users/nobody/sign-in-methods/passkeys/cHJldHR5".to_owned(), "user"),
        (format!("{path}/app"), "authenticator app"),
        (format!("{path}/passkeys/other"), "passkey"),
        (format!("/admin/api/users/{}/sign-in-methods/passkeys/cHJldHR5", bob.id), "passkey"),
    ] {
        let refused = problem(&robot.send(&Method::DELETE, &path, Body::empty()).await, 404);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("no such {missing}")), "{path}: {detail}");
    }
    let own = format!("{path}/passkeys/cHJldHR5");
    assert_eq!(robot.send(&Method::DELETE, &own, Body::empty()).await.status, 204);
    problem(&robot.send(&Method::DELETE, &own, Body::empty()).await, 404);
    assert_eq!(robot.get(&path).await.json()["passkeys"], json!([]));
    let log = app.app.store.recent_audit(20).await.unwrap();
    let row = log.iter().find(|row| row.action == "passkey.remove").unwrap();
    assert_eq!((&row.target[..], &row.detail[..]), ("passkey:cHJldHR5", "ada"));
    assert_eq!(row.actor, "client:robot");
});

#[tokio::test]
async fn keys_are_rotated_and_revoked() {
    let app = TestApp::start(Engine::Sqlite).await;
    let robot = robot(&app).await;
    let active = |keys: &Value, alg: &str| -> Vec<String> {
        let keys = keys["keys"].as_array().unwrap();
        let chosen = keys.iter().filter(|key| key["alg"] == alg && key["state"] == "active");
        chosen.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let before = robot.get("/admin/api/keys").await.json();
    let old = active(&before, "EdDSA");
    let made = robot.json(Method::POST, "/admin/api/keys", &json!({ "alg": "EdDSA", "now": true })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let new = made.json()["kids"][0].as_str().unwrap().to_owned();
    let after = robot.get("/admin/api/keys").await.json();
    assert_eq!(active(&after, "EdDSA"), std::slice::from_ref(&new));
    assert!(app.jwks().contains(&old[0]), "a retired key stays published");

    assert_eq!(robot.send(&Method::DELETE, &format!("/admin/api/keys/{new}"), "").await.status, 204);
    problem(&robot.send(&Method::DELETE, &format!("/admin/api/keys/{new}"), "").await, 404);
    assert!(!app.jwks().contains(&new));
    let log = app.audit_log().await;
    assert!(log.contains(&"key.rotate alg:EdDSA".to_owned()));
    assert!(log.contains(&format!("key.revoke key:{new}")));
    assert!(!robot.get("/admin/api/keys").await.body.contains("private"));

    for (alg, words) in [
        ("HS256", "HS256 has no key of this server"),
        ("none", "none has no key of this server"),
        ("RSA-OAEP", "must be one of: ES256, "),
        ("es256", "must be one of: ES256, "),
    ] {
        let refused = robot.json(Method::POST, "/admin/api/keys", &json!({ "alg": alg })).await;
        let detail = problem(&refused, 400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(active(&robot.get("/admin/api/keys").await.json(), "ECDH-ES"), [""; 0]);
    for alg in ["ECDH-ES", "RSA-OAEP-256", "ES512"] {
        let made = robot.json(Method::POST, "/admin/api/keys", &json!({ "alg": alg, "now": true })).await;
        assert_eq!(
            active(&robot.get("/admin/api/keys").await.json(), alg),
            [made.json()["kids"][0].as_str().unwrap()]
        );
    }
}

#[tokio::test]
async fn a_problem_names_the_request_as_the_logs_do() {
    let app = TestApp::start(Engine::Sqlite).await;
    let page = Caller::anonymous(&app).get("/admin/api/clients").await;
    let id = page.header("x-request-id").unwrap();
    assert!(!id.is_empty());
    assert_eq!(problem(&page, 401)["correlation_id"], id);
}

#[tokio::test]
async fn cve_2025_64521_a_token_stops_with_its_client() {
    let app = TestApp::start(Engine::Sqlite).await;
    let robot = robot(&app).await;
    assert_eq!(robot.get("/admin/api/clients").await.status, 200);
    let off = robot.json(Method::PATCH, "/admin/api/clients/robot", &json!({ "disabled": true })).await;
    assert_eq!(off.status, 200, "{}", off.body);
    problem(&robot.get("/admin/api/clients").await, 401);
}

#[tokio::test]
async fn an_administrators_page_may_use_the_api_and_is_named_in_the_log() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (ada, browser) = administrator(&app, "ada").await;
    app.advance(1);
    let page = Caller::cookies(&app, &browser).with(header::ORIGIN.as_str(), ISSUER);
    let page = page.json(Method::POST, "/admin/api/users", &json!({ "username": "bob" })).await;
    assert_eq!(page.status, 201, "{}", page.body);
    let newest = app.app.store.recent_audit(1).await.unwrap();
    assert_eq!(
        (newest[0].action.as_str(), newest[0].actor.clone()),
        ("user.create", format!("user:{}", ada.id))
    );
}
