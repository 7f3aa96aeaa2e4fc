//! Scopes that are defined here: what they bring into which token, who may define them, and what people read.

use axum::http::Method;
use countersign::admin::{groups, scopes};
use countersign::app::Origin;
use countersign::protocol::client::{AccessTokenFormat, AuthMethod, ClientMetadata, GrantType, ResponseType};
use countersign::protocol::group::GroupInput;
use countersign::protocol::scope::Scope;
use countersign::protocol::scope_definition::{MOST_DEFINITIONS, ScopeDefinition, ScopeInput};
use countersign::protocol::user::User;
use countersign::store::{StoreError, Unique};
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, token};
use crate::admin_pages::submit;
use crate::support::process::Deployment;
use crate::support::{Engine, Page, Rp, TestApp, claims, granted, on_both, soon};

const API: &str = "/admin/api/scopes";
const DISCOVERY: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

async fn define(app: &TestApp, scope: Value) -> ScopeDefinition {
    let input = serde_json::from_value(scope).unwrap();
    scopes::create(&app.app, &Origin::system(), &input).await.unwrap()
}

/// A scope with a claim of every source, for every place.
async fn define_notes(app: &TestApp) -> ScopeDefinition {
    let notes = json!({
        "name": "notes", "title": "Your notes", "description": "Read and change them.",
        "localized": { "title#de": "Ihre Notizen" },
        "claims": [
            { "claim": "roles", "from": "groups", "prefix": "notes:", "into": ["id_token", "access_token"] },
            { "claim": "https://notes.example/tenant", "from": "value", "value": { "id": 7 },
              "into": ["access_token", "userinfo"] },
            { "claim": "login", "from": "attribute", "attribute": "username", "into": ["userinfo"] },
            { "claim": "email", "from": "attribute", "attribute": "email", "into": ["access_token"] },
            { "claim": "nick", "from": "attribute", "attribute": "nickname", "into": ["id_token", "userinfo"] },
        ],
    });
    define(app, notes).await
}

async fn registered(app: &TestApp, id: &str, scope: &str, change: impl FnOnce(&mut ClientMetadata)) -> Rp {
    let client = app.client(id, |metadata| {
        metadata.scope = Scope::parse(scope).unwrap();
        change(metadata);
    });
    Rp::new(app, &client.await)
}

async fn join(app: &TestApp, user: &User, names: &[&str]) {
    for name in names {
        let group = if let Some(group) = app.app.store.group_by_name(name).await.unwrap() {
            group
        } else {
            let input = GroupInput { name: Some((*name).to_owned()), ..GroupInput::default() };
            groups::create(&app.app, &Origin::system(), &input).await.unwrap()
        };
        groups::add(&app.app, &Origin::system(), &group, user).await.unwrap();
    }
}

const TENANT: &str = "https://notes.example/tenant";

on_both!(openid_core_5_4_and_rfc9068_2_2_claims_go_into_the_tokens_that_they_are_mapped_to, |app| {
    let ada = app.user("ada").await;
    join(&app, &ada, &["notes:editor", "notes:reader", "staff"]).await;
    define_notes(&app).await;
    let rp = registered(&app, "web", "openid email notes offline_access", |_| {}).await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid notes offline_access").await;
    for tokens in [&tokens, &granted(&rp.refresh(tokens.refresh()).await)] {
        let id_token = tokens.claims("id_token");
        assert_eq!(id_token["roles"], json!(["editor", "reader"]));
        for absent in [TENANT, "login", "email", "nick", "groups"] {
            assert_eq!(id_token.get(absent), None, "{absent} in {id_token}");
        }
        let access = tokens.claims("access_token");
        assert_eq!((&access["roles"], &access[TENANT]), (&json!(["editor", "reader"]), &json!({ "id": 7 })));
        assert_eq!((&access["email"], access.get("login")), (&json!("ada@example.com"), None));
        assert_eq!(access["sub"], ada.id.as_str());
        let userinfo = rp.userinfo(tokens.access()).await.json();
        assert_eq!(
            userinfo,
            json!({ "sub": ada.id.as_str(), "login": "ada", TENANT: { "id": 7 } }),
            "and nothing of a scope that was not granted"
        );
        let said = rp.introspect(tokens.access()).await;
        assert_eq!((&said["roles"], &said[TENANT]), (&access["roles"], &access[TENANT]));
        assert_eq!((&said["active"], &said["email"]), (&json!(true), &json!("ada@example.com")));
        assert_eq!(rp.introspect(tokens.refresh()).await.get("roles"), None);
    }
    // Without the scope, none of it; a scope that nobody defined brings nothing and is granted all the same.
    let other = registered(&app, "other", "openid undefined", |_| {}).await;
    let tokens = other.tokens(&mut app.browser(), "ada", "openid undefined").await;
    let access = tokens.claims("access_token");
    assert_eq!((&access["scope"], access.as_object().unwrap().len()), (&json!("openid undefined"), 11));
    assert_eq!(other.userinfo(tokens.access()).await.json(), json!({ "sub": ada.id.as_str() }));
});

on_both!(clients_that_never_ask_userinfo_get_its_claims_in_id_tokens, |app| {
    app.user("ada").await;
    define_notes(&app).await;
    let in_id_token = |metadata: &mut ClientMetadata| {
        metadata.claims_in_id_token = true;
        metadata.response_types.push(ResponseType::CodeIdToken);
        metadata.grant_types.push(GrantType::Implicit);
    };
    let rp = registered(&app, "web", "openid email notes", in_id_token).await;
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid email notes").await;
    let narrower =
        [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh()), ("scope", "openid notes")];
    let narrower = granted(&rp.token(&narrower).await).claims("id_token");
    let told = tokens.claims("id_token");
    for (told, email) in [(&told, json!("ada@example.com")), (&narrower, Value::Null)] {
        assert_eq!((&told["login"], &told[TENANT]), (&json!("ada"), &json!({ "id": 7 })));
        assert_eq!((&told["roles"], &told["email"]), (&json!([]), &email), "of this token's scope");
    }
    let both = rp.authorization("openid notes", &[("response_type", "code id_token"), ("nonce", "n")]);
    let page = rp.answer(&mut browser, "ada", &both).await;
    let told = claims(&page.sent("id_token").unwrap());
    assert_eq!((&told["login"], told.get("email")), (&json!("ada"), None));
});

on_both!(opaque_tokens_are_as_short_as_before_and_introspection_tells, |app| {
    let ada = app.user("ada").await;
    join(&app, &ada, &["notes:editor"]).await;
    let opaque = |metadata: &mut ClientMetadata| metadata.access_token_format = AccessTokenFormat::Opaque;
    let rp = registered(&app, "web", "openid notes", opaque).await;
    let before = rp.tokens(&mut app.browser(), "ada", "openid notes").await;
    let scope = define_notes(&app).await;
    let after = granted(&rp.refresh(before.refresh()).await);
    assert_eq!(before.access().len(), after.access().len());
    for token in [before.access(), after.access()] {
        let said = rp.introspect(token).await;
        assert_eq!((&said["roles"], &said[TENANT]), (&json!(["editor"]), &json!({ "id": 7 })));
        assert_eq!(said["username"], Value::Null, "a claim of the protocol is not shadowed");
    }
    scopes::delete(&app.app, &Origin::system(), &scope).await.unwrap();
    let said = rp.introspect(before.access()).await;
    assert_eq!((&said["active"], &said["scope"]), (&json!(true), &json!("openid notes")), "the word stays");
    assert_eq!(said.get("roles"), None);
});

on_both!(a_clients_own_token_says_nothing_about_users, |app| {
    define_notes(&app).await;
    let rp = registered(&app, "machine", "notes", |_| {}).await;
    let tokens = granted(&rp.token(&[("grant_type", "client_credentials")]).await);
    let access = tokens.claims("access_token");
    assert_eq!((&access["sub"], &access[TENANT]), (&json!("machine"), &json!({ "id": 7 })));
    for absent in ["roles", "email", "login"] {
        assert_eq!(access.get(absent), None, "{absent}");
    }
    assert_eq!(rp.introspect(tokens.access()).await[TENANT], json!({ "id": 7 }));
});

on_both!(
    openid_core_5_5_mapped_claims_are_asked_for_one_by_one_and_people_are_asked_about_their_scope,
    |app| {
        let ada = app.user("ada").await;
        join(&app, &ada, &["notes:editor"]).await;
        define_notes(&app).await;
        let rp = registered(&app, "web", "openid notes", |_| {}).await;
        let wanted = json!({ "id_token": { "login": null }, "userinfo": { "roles": null, "nobodys": null } })
            .to_string();
        let mut browser = app.browser();
        rp.code(&mut browser, "ada", "openid").await;
        let asked = [("claims", wanted.as_str())];
        let page = browser.open(&rp.authorization("openid", &[asked[0], ("prompt", "none")])).await;
        assert_eq!(page.sent("error").as_deref(), Some("consent_required"));
        let page = browser.open(&rp.authorization("openid", &asked)).await;
        assert!(page.text().contains("Your notes"), "{}", page.text());
        let code = browser.consent(&page, "allow").await.sent("code").unwrap();
        let tokens = granted(&rp.redeem(&code).await);
        let id_token = tokens.claims("id_token");
        assert_eq!((&id_token["login"], id_token.get("roles")), (&json!("ada"), None));
        let userinfo = rp.userinfo(tokens.access()).await.json();
        assert_eq!((&userinfo["roles"], userinfo.get("login")), (&json!(["editor"]), None));
        // A client that is not registered for the scope gets none of it, and its users are not asked.
        let other = registered(&app, "other", "openid", |_| {}).await;
        let answer = other.answer(&mut app.browser(), "ada", &other.authorization("openid", &asked)).await;
        let tokens = granted(&other.redeem(&answer.sent("code").unwrap()).await);
        assert_eq!(tokens.claims("id_token").get("login"), None);
        assert_eq!(other.userinfo(tokens.access()).await.json().get("roles"), None);
    }
);

#[tokio::test]
async fn openid_core_5_4_an_id_token_that_comes_alone_has_what_userinfo_would_tell() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.user("ada").await;
    join(&app, &ada, &["notes:editor"]).await;
    define_notes(&app).await;
    let rp = registered(&app, "web", "openid notes", |metadata| {
        metadata.response_types = vec![ResponseType::Code, ResponseType::IdToken, ResponseType::CodeIdToken];
        metadata.grant_types.push(GrantType::Implicit);
    })
    .await;
    let mut browser = app.browser();
    for (response_type, with_userinfo) in [("id_token", true), ("code id_token", false)] {
        let asked = [("response_type", response_type)];
        let page = rp.answer(&mut browser, "ada", &rp.authorization("openid notes", &asked)).await;
        let told =
            crate::support::claims(&page.sent("id_token").unwrap_or_else(|| panic!("{}", page.location())));
        assert_eq!(told["roles"], json!(["editor"]), "{response_type}");
        assert_eq!(told.get("login").is_some(), with_userinfo, "{response_type}");
        assert_eq!(told.get(TENANT).is_some(), with_userinfo, "{response_type}");
    }
}

on_both!(a_change_counts_at_once_here_and_soon_on_another_node, |app| {
    let there = app.second_node().await;
    app.user("ada").await;
    let rp = registered(&app, "web", "openid notes", |_| {}).await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid notes").await;
    let told = async |node: &TestApp| {
        let node = rp.at(&node.router);
        let userinfo = node.userinfo(tokens.access()).await.json()[TENANT].clone();
        [userinfo, node.introspect(tokens.access()).await[TENANT].clone()]
    };
    let advertised = async |node: &TestApp| {
        let document = node.browser().get(DISCOVERY[0]).await.json();
        document["scopes_supported"].as_array().unwrap().contains(&json!("notes"))
    };
    there.hears().await;
    let mut scope: Option<ScopeDefinition> = None;
    for step in ["define", "change", "delete"] {
        let before = told(&app).await;
        // Both know by heart how it was.
        for _ in 0..3 {
            assert_eq!(
                (told(&there).await, advertised(&there).await),
                (before.clone(), scope.is_some()),
                "{step}"
            );
        }
        let origin = Origin::system();
        let after = match (step, scope.take()) {
            ("define", None) => {
                scope = Some(define_notes(&app).await);
                json!({ "id": 7 })
            }
            ("change", Some(known)) => {
                let mut input = serde_json::to_value(ScopeInput::from(&known)).unwrap();
                input["claims"][1]["value"] = json!("other");
                let input = serde_json::from_value(input).unwrap();
                scope = Some(scopes::change(&app.app, &origin, &known, &input).await.unwrap());
                json!("other")
            }
            (_, known) => {
                scopes::delete(&app.app, &origin, &known.unwrap()).await.unwrap();
                Value::Null
            }
        };
        let expected = ([after.clone(), after], scope.is_some());
        assert_eq!((told(&app).await, advertised(&app).await), expected, "{step}");
        soon(step, async || (told(&there).await, advertised(&there).await) == expected).await;
    }
});

on_both!(discovery_names_what_is_published_and_is_the_same_bytes_until_that_changes, |app| {
    let mut anybody = app.browser();
    let plain = anybody.get(DISCOVERY[0]).await;
    let scope = define_notes(&app).await;
    let hidden = json!({
        "name": "hidden", "title": "Hidden", "published": false,
        "claims": [{ "claim": "secret_claim", "from": "value", "value": 1, "into": ["id_token"] }],
    });
    define(&app, hidden).await;
    for path in DISCOVERY {
        let page = anybody.get(path).await;
        let document = page.json();
        let of = |name: &str| -> Vec<String> { serde_json::from_value(document[name].clone()).unwrap() };
        assert_eq!(of("scopes_supported").last().unwrap(), "notes");
        let claims = of("claims_supported");
        for claim in ["roles", TENANT, "login", "nick"] {
            assert_eq!(claims.iter().filter(|known| *known == claim).count(), 1, "{claim}");
        }
        assert_eq!(claims.iter().filter(|known| *known == "email").count(), 1);
        assert!(!page.body.contains("hidden") && !page.body.contains("secret_claim"));
        assert_ne!(page.header("etag"), plain.header("etag"));
        assert_eq!(anybody.get(path).await.body, page.body);
    }
    scopes::delete(&app.app, &Origin::system(), &scope).await.unwrap();
    let again = anybody.get(DISCOVERY[0]).await;
    assert_eq!((&again.body, again.header("etag")), (&plain.body, plain.header("etag")));
});

on_both!(people_read_the_words_of_a_scope_and_not_its_name, |app| {
    app.user("ada").await;
    define_notes(&app).await;
    let evil =
        json!({ "name": "evil", "title": "<b>Bold</b> & \"quoted\"", "description": "<script>x</script>" });
    define(&app, evil).await;
    let rp = registered(&app, "web", "openid notes evil raw.word", |_| {}).await;
    let mut browser = app.browser();
    let page = browser.open(&rp.authorization("openid notes evil raw.word", &[])).await;
    let page = browser.sign_in(&page, "ada").await;
    let text = page.text();
    for words in ["Your notes", "Read and change them.", "<b>Bold</b>", "raw.word"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    page.assert_inert();
    assert!(browser.consent(&page, "allow").await.sent("code").is_some());
    let account = browser.get("/account").await;
    assert!(
        account.text().contains("Your notes") && account.text().contains("raw.word"),
        "{}",
        account.text()
    );
    account.assert_inert();
    // In German, in its words.
    let german =
        browser.open(&rp.authorization("openid notes", &[("prompt", "consent"), ("ui_locales", "de")])).await;
    assert!(
        german.text().contains("Ihre Notizen") && !german.text().contains("Read and change"),
        "{}",
        german.text()
    );
});

on_both!(scopes_are_defined_changed_and_deleted_by_the_api, |app| {
    let robot = robot(&app).await;
    let notes = json!({
        "name": "https://api.example/notes", "title": "Notes",
        "claims": [{ "claim": "roles", "from": "groups", "into": ["id_token"] }],
    });
    let made = robot.json(Method::POST, API, &notes).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!((&made.json()["published"], &made.json()["claims"]), (&json!(true), &notes["claims"]));
    problem(&robot.json(Method::POST, API, &notes).await, 409);
    let path = format!("{API}/https%3A%2F%2Fapi.example%2Fnotes");
    let seen = robot.get(&path).await;
    let tag = seen.header("etag").unwrap().to_owned();
    let stale = |tag: &str| {
        let caller = robot.clone().with("if-match", tag);
        let path = path.clone();
        async move { caller.json(Method::PATCH, &path, &json!({ "title": "Other" })).await }
    };
    assert_eq!(stale("\"7\"").await.status, 412);
    assert_eq!(stale(&tag).await.json()["title"], "Other");
    assert_eq!(stale(&tag).await.status, 412);
    // What is not named stays; null removes.
    let patched = robot
        .json(Method::PATCH, &path, &json!({ "localized": { "title#de": "Notizen" }, "description": "All." }))
        .await
        .json();
    assert_eq!((&patched["title"], &patched["claims"]), (&json!("Other"), &notes["claims"]));
    let patched =
        robot.json(Method::PATCH, &path, &json!({ "localized": null, "description": null })).await.json();
    assert_eq!((&patched["localized"], &patched["description"]), (&json!({}), &json!("")));
    let told = problem(&robot.json(Method::PATCH, &path, &json!({ "name": "other" })).await, 400);
    assert!(told["errors"][0]["message"].as_str().unwrap().contains("keeps its name"), "{told}");
    for bad in
        [json!({ "titel": "x" }), json!({ "claims": [{ "clam": "x" }] }), json!({ "claims": "x" }), json!([])]
    {
        problem(&robot.json(Method::PATCH, &path, &bad).await, 400);
    }
    let told = problem(
        &robot
            .json(
                Method::PATCH,
                &path,
                &json!({ "claims": [{ "claim": "sub", "from": "groups", "into": ["id_token"] }] }),
            )
            .await,
        400,
    );
    assert_eq!(told["errors"][0]["field"], "claims");
    assert!(told["errors"][0]["message"].as_str().unwrap().contains("RFC 7519 section 4.1.2"), "{told}");
    assert_eq!(robot.get(&path).await.json()["title"], "Other", "nothing was changed");
    // Page by page.
    for name in ["b", "a", "c"] {
        define(&app, json!({ "name": name, "title": name })).await;
    }
    let first = robot.get(&format!("{API}?limit=2")).await.json();
    let names = |page: &Value| -> Vec<String> {
        page["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    let rest = robot.get(&format!("{API}?limit=2&after={next}")).await.json();
    assert_eq!(
        (names(&rest), &rest["next"]),
        (vec!["c".to_owned(), "https://api.example/notes".to_owned()], &Value::Null)
    );
    for bad in ["limit=0", "limit=201", "after=zzzz", "x=1", "limit=1&limit=2"] {
        problem(&robot.get(&format!("{API}?{bad}")).await, 400);
    }
    assert_eq!(robot.send(&Method::DELETE, &path, "").await.status, 204);
    problem(&robot.send(&Method::DELETE, &path, "").await, 404);
    problem(&robot.get(&format!("{API}/%00")).await, 404);
    let log = app.audit_log().await;
    for action in ["scope.create", "scope.update", "scope.delete"] {
        assert!(log.contains(&format!("{action} scope:https://api.example/notes")), "{action}: {log:?}");
    }
    let rows = app.app.store.recent_audit(100).await.unwrap();
    let created =
        rows.iter().find(|row| row.action == "scope.create" && row.target.contains("notes")).unwrap();
    assert_eq!(created.detail, "roles = all groups -> id_token");
});

on_both!(a_definition_that_was_overtaken_or_is_one_too_many_is_refused, |app| {
    let store = &app.app.store;
    let scope = define_notes(&app).await;
    let audit = || app.app.audit(&Origin::system(), "test", String::new(), "");
    assert_eq!(store.scope_definitions().await.unwrap().get("notes"), Some(&scope));
    let taken = store.insert_scope(&scope, &audit()).await.unwrap_err();
    assert!(matches!(taken, StoreError::Taken(Unique::ScopeName)), "{taken}");
    let input = ScopeInput { title: Some("Other".to_owned()), ..ScopeInput::from(&scope) };
    let changed = scopes::change(&app.app, &Origin::system(), &scope, &input).await.unwrap();
    assert!(changed.updated_at > scope.updated_at, "also within a second");
    assert!(scopes::change(&app.app, &Origin::system(), &scope, &input).await.is_err());
    assert!(scopes::delete(&app.app, &Origin::system(), &scope).await.is_err());
    assert!(!store.update_scope(&scope, scope.updated_at, &audit()).await.unwrap());
    // Where the audit log cannot be written, nothing is changed.
    let unwritable = audit();
    store.audit(&unwritable).await.unwrap();
    let other = ScopeDefinition { name: "other".to_owned(), ..changed.clone() };
    assert!(store.insert_scope(&other, &unwritable).await.is_err());
    let renamed = ScopeDefinition { title: "Never".to_owned(), ..changed.clone() };
    assert!(store.update_scope(&renamed, changed.updated_at, &unwritable).await.is_err());
    assert!(store.delete_scope("notes", None, &unwritable).await.is_err());
    assert_eq!(scopes::list(&app.app).await.unwrap(), [changed]);
    assert!(!store.delete_scope("notes", Some(scope.updated_at), &audit()).await.unwrap());
    assert!(store.delete_scope("notes", None, &audit()).await.unwrap());
    assert!(!store.delete_scope("notes", None, &audit()).await.unwrap());
    for number in 0..MOST_DEFINITIONS {
        let one = ScopeDefinition { name: format!("s{number}"), ..scope.clone() };
        assert!(store.insert_scope(&one, &audit()).await.unwrap(), "{number}");
    }
    let audits = app.audit_log().await.len();
    let refused = scopes::create(&app.app, &Origin::system(), &ScopeInput::from(&scope)).await.unwrap_err();
    assert!(refused.to_string().contains("200 scopes are defined"), "{refused}");
    assert_eq!((app.audit_log().await.len(), scopes::list(&app.app).await.unwrap().len()), (audits, 200));
    // All of them at once are still remembered: the largest that there can be.
    assert!(store.scope_definitions().await.is_ok() && store.remembered_scope_definitions().is_some());
});

on_both!(whoever_may_write_scopes_reaches_no_administration_by_it, |app| {
    let scopes_writer = token(&app, "writer", "countersign:scopes:write").await;
    let writer = Caller::bearer(&app, &scopes_writer);
    let robot = robot(&app).await;
    for name in ["countersign:admin", "countersign:clients:write", "COUNTERSIGN:admin", "openid", "groups"] {
        let input = json!({ "name": name, "title": "x" });
        for caller in [&writer, &robot] {
            problem(&caller.json(Method::POST, API, &input).await, 400);
        }
    }
    // A claim by whatever name makes no power of it: the server reads its own tokens' scope and grant, which no claim can be.
    let claims = ["powers", "is_admin", "permissions", "scopes", "delegated"].map(|claim| {
        json!({ "claim": claim, "from": "value", "value": "countersign:admin", "into": ["access_token", "id_token"] })
    });
    let input = json!({ "name": "notes", "title": "x", "claims": claims });
    assert_eq!(writer.json(Method::POST, API, &input).await.status, 201);
    let mixed = token(&app, "mixed", "countersign:scopes:read notes").await;
    assert_eq!(crate::support::claims(&mixed)["powers"], "countersign:admin");
    let mixed = Caller::bearer(&app, &mixed);
    assert_eq!(mixed.get(API).await.status, 200);
    problem(&mixed.json(Method::POST, API, &json!({ "name": "x", "title": "x" })).await, 403);
    for path in ["/admin/api/clients", "/admin/api/users", "/admin/api/audit"] {
        problem(&mixed.get(path).await, 403);
        problem(&writer.get(path).await, 403);
    }
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("administration.refuse")));
});

on_both!(scopes_are_defined_changed_and_deleted_by_forms, |app| {
    let (_, mut root) = administrator(&app, "root").await;
    let ada = app.user("ada").await;
    join(&app, &ada, &["notes:editor"]).await;
    let (new, list) = ("/admin/scopes/new", "/admin/scopes");
    assert!(root.get(list).await.text().contains("No scopes of your own yet"));
    let wish = [
        ("name", "https://api.example/notes"),
        ("title", "Notes"),
        ("localized", "title#de: Ihre Notizen\r\n\r\ndescription#de: Lesen: und ändern"),
        ("claim_0", "roles"),
        ("source_0", "groups"),
        ("detail_0", "notes:"),
        ("id_token_0", "true"),
        ("claim_2", "tenant"),
        ("source_2", "value"),
        ("detail_2", "acme"),
        ("access_token_2", "true"),
    ];
    let made = submit(&mut root, new, list, &wish).await;
    let path = "/admin/scopes/edit/https%3A%2F%2Fapi.example%2Fnotes";
    assert_eq!(made.location(), format!("{path}?done=scope-created"));
    let scope = scopes::find(&app.app, "https://api.example/notes").await.unwrap();
    assert_eq!(scope.localized["description#de"], "Lesen: und ändern");
    assert_eq!(
        scopes::lines(&scope),
        [
            "roles = groups that begin with notes: -> id_token",
            "tenant = fixed value \"acme\" -> access_token",
        ]
    );
    let unchanged = submit(&mut root, path, path, &[]).await;
    assert_eq!(unchanged.location(), format!("{path}?done=scope-saved"));
    let again = scopes::find(&app.app, "https://api.example/notes").await.unwrap();
    assert_eq!((&again.claims, &again.localized), (&scope.claims, &scope.localized));
    assert!(root.get(list).await.text().contains("https://api.example/notes"));

    // What somebody would get, on record.
    let seen = root.get(&format!("{path}?user=ADA@example.com")).await;
    for words in ["[\"editor\"]", "groups that begin with notes:", "acme"] {
        assert!(seen.text().contains(words), "{words}: {}", seen.text());
    }
    assert!(app.audit_log().await.contains(&"scope.preview scope:https://api.example/notes".to_owned()));
    assert_eq!(root.get(&format!("{path}?user=nobody")).await.status, 400);

    // Who may ask for it is said before it is deleted.
    registered(&app, "web", "openid https://api.example/notes", |_| {}).await;
    registered(&app, "similar", "openid https://api.example/notes2", |_| {}).await;
    let text = root.get(path).await.text();
    assert!(text.contains("Client web") && !text.contains("Client similar"), "{text}");
    // A form that was overtaken deletes nothing.
    let stale = root.get(path).await.form(&format!("{path}/delete"));
    let other = submit(&mut root, path, path, &[("title", "Other")]).await;
    assert_eq!(other.status, 303);
    assert_eq!(root.post(&format!("{path}/delete"), &stale).await.status, 409);
    let gone = submit(&mut root, path, &format!("{path}/delete"), &[]).await;
    assert_eq!(gone.location(), "/admin/scopes?done=scope-deleted");
    assert_eq!(root.get(path).await.status, 404);
});

#[tokio::test]
async fn what_is_wrong_in_a_form_is_said_and_what_was_typed_is_kept() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (_, mut root) = administrator(&app, "root").await;
    let (new, list) = ("/admin/scopes/new", "/admin/scopes");
    let fine: [(&str, &str); 2] = [("name", "notes"), ("title", "Notes")];
    for (wrong, words) in [
        (&[("name", "a b")][..], "Scope: a scope's name"),
        (&[("name", "openid")], "Scope: openid is a scope of this server already"),
        (&[("name", "countersign:x")], "this server's own APIs"),
        (&[("title", "")], "Title: one line"),
        (&[("localized", "nonsense")], "each line is like"),
        (&[("localized", "title#de: a\ntitle#de: b")], "stands there twice"),
        (&[("localized", "titel#de: a")], "In other languages: titel#de"),
        (
            &[("claim_0", "sub"), ("id_token_0", "true")],
            "(1, sub) claim: sub is a claim of the protocol itself",
        ),
        (&[("claim_1", "x")], "(1, x) into: names one or more"),
        (&[("id_token_1", "true")], "(1) claim: a claim's name"),
        (&[("detail_2", "x")], "(1) claim: a claim's name"),
        (&[("claim_0", "x"), ("source_0", "value"), ("id_token_0", "true")], "(1, x) value: is missing"),
        (
            &[("claim_0", "x"), ("source_0", "value"), ("detail_0", "{"), ("id_token_0", "true")],
            "value: is no JSON",
        ),
        (
            &[("claim_0", "x"), ("source_0", "value"), ("detail_0", "null"), ("id_token_0", "true")],
            "(1, x) value:",
        ),
        (&[("claim_0", "x"), ("source_0", "id"), ("id_token_0", "true")], "(1, x) attribute: is one of"),
        (
            &[("claim_0", "x"), ("source_0", "email"), ("detail_0", "x"), ("id_token_0", "true")],
            "neither prefix nor value",
        ),
        (
            &[("claim_0", "x"), ("source_0", "nonsense"), ("id_token_0", "true")],
            "(1, x) attribute: is one of",
        ),
    ] {
        let wish: Vec<(&str, &str)> = fine.iter().chain(wrong).copied().collect();
        let page: Page = submit(&mut root, new, list, &wish).await;
        assert_eq!(page.status, 400, "{wrong:?}");
        assert!(page.text().contains(words), "{wrong:?}: {}", page.text());
        page.assert_inert();
        if let Some((_, typed)) =
            wrong.iter().find(|(name, typed)| name.starts_with("claim_") && !typed.is_empty())
        {
            assert!(page.body.contains(&format!("value=\"{typed}\"")), "{wrong:?}: what was typed is kept");
        }
    }
    assert!(scopes::list(&app.app).await.unwrap().is_empty(), "nothing was changed");
}

on_both!(the_preview_says_what_a_code_flow_then_brings_and_why, |app| {
    let ada = app.user("ada").await;
    join(&app, &ada, &["notes:editor", "staff"]).await;
    define_notes(&app).await;
    let rp = registered(&app, "web", "openid email groups notes", |_| {}).await;
    let caller = robot(&app).await;
    let seen = caller.get("/admin/api/clients/web/preview?user=ada").await.json();
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid email groups notes").await;
    assert_eq!(seen["id_token"]["roles"], tokens.claims("id_token")["roles"]);
    let access = tokens.claims("access_token");
    for claim in ["roles", TENANT, "email"] {
        assert_eq!(seen["access_token"][claim], access[claim], "{claim}");
    }
    assert_eq!(seen["userinfo"], rp.userinfo(tokens.access()).await.json());
    assert_eq!(
        seen["because"],
        json!({
            "id_token": { "roles": "scope notes: groups that begin with notes:" },
            "access_token": {
                "roles": "scope notes: groups that begin with notes:", TENANT: "scope notes: fixed value",
                "email": "scope notes: attribute email",
            },
            "userinfo": {
                "email": "scope email", "email_verified": "scope email", "groups": "scope groups",
                TENANT: "scope notes: fixed value", "login": "scope notes: attribute username",
            },
        })
    );
    let (_, mut root) = administrator(&app, "root").await;
    let page = root.get("/admin/clients/web/preview?user=ada").await;
    assert!(page.text().contains("scope notes: groups that begin with notes:"), "{}", page.text());
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_cost_no_query_about_scopes() {
    let deployment = Deployment::that_logs_statements(Engine::Sqlite).await;
    let node = deployment.start().await;
    let claim = r#"{"claim":"tenant","from":"value","value":"acme","into":["access_token"]}"#;
    deployment.run(&["scope", "create", "notes", "--title", "Notes", "--claim", claim], "");
    let machine =
        ["client", "create", "--json", "--kind", "machine", "--id", "m", "--name", "M", "--scope", "notes"];
    let made: Value = serde_json::from_str(&deployment.run(&machine, "")).unwrap();
    let secret = made["client_secret"].as_str().unwrap();
    let rp = Rp::of(&node.router, "m", AuthMethod::ClientSecretBasic, secret, "");
    for _ in 0..100 {
        let tokens = granted(&rp.token(&[("grant_type", "client_credentials")]).await);
        assert_eq!(tokens.claims("access_token")["tenant"], "acme");
        assert_eq!(node.browser().get(DISCOVERY[0]).await.status, 200);
    }
    let mut node = node;
    node.terminate();
    node.ended().await;
    let log = deployment.log(&node);
    let asked = log.lines().filter(|line| line.contains("FROM scopes")).count();
    // Once, and perhaps once more where its memory was not trusted for a moment on a machine that is busy.
    assert!((1..10).contains(&asked), "{asked} times for 100 tokens and 100 documents");
}
