//! Who may call what: the table and the router name the same routes, and every kind of caller gets as far as it says, with what
//! is theirs and with what is somebody else's. What every route of the API has in common: cursors, entity tags, and the strict
//! reading of what comes.

use std::collections::BTreeSet;

use axum::http::Method;
use countersign::admin::access::{self, Role, TABLE};
use countersign::app::Origin;
use countersign::protocol::group::Group;
use countersign::protocol::powers::{Delegated, Permission, Powers};
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use countersign::store::{AuditRow, Delegation, Holder, Over};
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, signed_in, token};
use crate::support::{Engine, TestApp, on_both};

/// Every route of `src/routes.rs`, as method and path; `ANY` where it takes all methods.
fn routes() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for line in include_str!("../../src/routes.rs").split(".route(").skip(1) {
        let (path, handlers) = line.split_once('"').unwrap().1.split_once('"').unwrap();
        let handlers = handlers.split(".layer(").next().unwrap();
        let handlers = handlers.split(".route_layer(").next().unwrap();
        if path.contains('*') {
            continue;
        }
        let begins = |call: &str| {
            handlers
                .match_indices(call)
                .any(|(at, _)| at == 0 || !matches!(handlers.as_bytes()[at - 1], b'_' | b':' | b'a'..=b'z'))
        };
        let mut methods: Vec<&str> = ["get", "post", "put", "patch", "delete", "any"]
            .into_iter()
            .filter(|method| begins(&format!("{method}(")))
            .collect();
        if handlers.contains("discovery::endpoint(") {
            methods.push("get");
        }
        assert!(!methods.is_empty(), "no method found for {path}");
        found.extend(methods.into_iter().map(|method| (method.to_uppercase(), path.to_owned())));
    }
    found
}

#[test]
fn every_route_stands_in_the_table_and_the_table_names_no_other() {
    let mut named: Vec<_> =
        TABLE.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    named.sort();
    let routes: Vec<_> = routes().into_iter().collect();
    assert_eq!(named, routes, "src/admin/access.rs and src/routes.rs");
    for (method, path) in routes {
        let role = access::line(&method, &path).unwrap().role;
        let administers = path == "/admin" || path.starts_with("/admin/");
        assert_eq!(matches!(role, Role::Administration { .. }), administers, "{method} {path}");
        assert_eq!(role == Role::User, path.starts_with("/account"), "{method} {path}");
    }
}

/// `COUNTERSIGN_WRITE_DOCS=1 cargo test the_document_is_made` writes it anew.
#[test]
fn the_document_is_made_of_the_table() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/who-may-call-what.md");
    if std::env::var_os("COUNTERSIGN_WRITE_DOCS").is_some() {
        std::fs::write(file, access::document()).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).unwrap() == access::document(),
        "docs/who-may-call-what.md is another"
    );
}

/// What there is, once to be managed by Dana and once not.
struct Scene {
    app: TestApp,
    mine: Things,
    others: Things,
}

/// An application, a group, its member, and a refused request of the application.
struct Things {
    client: String,
    group: Group,
    member: User,
    reference: String,
}

impl Things {
    async fn make(app: &TestApp, name: &str) -> Self {
        app.client(&format!("app-{name}"), |_| {}).await;
        let group = Group {
            id: format!("group-{name}").as_str().into(),
            name: name.to_owned(),
            description: String::new(),
            least_acr: None,
            created_at: app.app.clock.now(),
            updated_at: app.app.clock.now(),
        };
        let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
        app.app.store.insert_group(&group, &audit).await.unwrap();
        let member = app.user(&format!("member-{name}")).await;
        let wrong = format!(
            "/authorize?client_id=app-{name}&redirect_uri=https://app-{name}.example/wrong&response_type=code"
        );
        let refused = app.browser().get(&wrong).await;
        let reference = refused.header("x-request-id").unwrap().to_owned();
        let things = Self { client: format!("app-{name}"), group, member, reference };
        things.restore(app).await;
        things
    }

    /// As it was, however a request before ended.
    async fn restore(&self, app: &TestApp) {
        let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
        app.app.store.add_member(&self.group.id, &self.member.id, &audit).await.unwrap();
    }

    /// A route with these things in it.
    fn path(&self, path: &str) -> String {
        let about = |prefix: &str| path.contains(&format!("{prefix}/{{id}}"));
        let id = if about("/clients") {
            self.client.as_str()
        } else if about("/users") {
            self.member.id.as_str()
        } else if about("/groups") {
            self.group.id.as_str()
        } else if about("/failures") {
            self.reference.as_str()
        } else {
            "nobody"
        };
        let path = path
            .replace("{id}", id)
            .replace("{user}", self.member.id.as_str())
            .replace("{kid}", "nobody")
            .replace("{kind}", if path.contains("/providers/") { "google" } else { "web" })
            .replace("{passkey}", "none")
            .replace("{name}", "list_users");
        if path.ends_with("/preview") { format!("{path}?user={}", self.member.id) } else { path }
    }
}

fn body(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("PATCH", "/admin/api/clients/{id}") => json!({ "client_name": "Another name" }),
        ("PATCH", "/admin/api/users/{id}") => json!({ "name": "Another name" }),
        ("PATCH", "/admin/api/groups/{id}") => json!({ "description": "Another one" }),
        ("PUT", "/admin/api/users/{id}/password") => json!({ "password": "correct horse battery staple" }),
        ("POST", "/admin/api/users/{id}/require-new-password") => json!({}),
        _ => return None,
    })
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start(Engine::Sqlite).await;
        let (mine, others) = (Things::make(&app, "mine").await, Things::make(&app, "others").await);
        Self { app, mine, others }
    }

    async fn delegate(&self, holder: Holder) {
        let app = &self.app.app;
        for over in [Over::Client(self.mine.client.as_str().into()), Over::Group(self.mine.group.id.clone())]
        {
            let audit = app.audit(&Origin::system(), "test", String::new(), "");
            let id = app.entropy.ordered_id(&app.clock);
            let delegation = Delegation { id, holder: holder.clone(), over, created_at: 0 };
            assert!(app.store.delegate(&delegation, &audit).await.unwrap());
        }
    }

    fn powers(&self) -> Delegated {
        Delegated {
            clients: [self.mine.client.as_str().into()].into(),
            groups: [self.mine.group.id.clone()].into(),
        }
    }

    /// Sends a request of this route about these things, and puts back what it took away.
    async fn send(&self, caller: &Caller, method: &str, path: &str, things: &Things) -> crate::support::Page {
        let target = things.path(path);
        let verb = Method::from_bytes(method.as_bytes()).unwrap();
        let page = match body(method, path) {
            Some(body) => caller.json(verb, &target, &body).await,
            None => caller.send(&verb, &target, "").await,
        };
        self.mine.restore(&self.app).await;
        self.others.restore(&self.app).await;
        page
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_gets_as_far_as_the_table_says_and_delegated_ones_to_what_is_theirs() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let dana = app.user("dana").await;
    scene.delegate(Holder::User(dana.id.clone())).await;
    app.user("eve").await;
    let page = |browser| Caller::cookies(app, browser).with("sec-fetch-site", "same-origin");
    let (_, root) = administrator(app, "root").await;
    let mut callers = vec![
        ("anonymous", Caller::anonymous(app), Powers::none()),
        ("a user", page(&signed_in(app, "eve").await), Powers::none()),
        ("a delegated user", page(&signed_in(app, "dana").await), Powers::of_user(&dana.id, scene.powers())),
        ("an administrator", page(&root), Powers::all()),
        ("a client with all", robot(app).await, Powers::all()),
    ];
    let helper = token(app, "helper", "countersign:delegated").await;
    scene.delegate(Holder::Client("helper".into())).await;
    let scope = Scope::parse("countersign:delegated").unwrap();
    let powers = Powers::of_client(&scope, scene.powers());
    callers.push(("a delegated client", Caller::bearer(app, &helper), powers));
    for permission in Permission::all() {
        let scope = permission.to_string();
        let name = scope.replace(':', "-");
        let caller = Caller::bearer(app, &token(app, &name, &scope).await);
        let powers = Powers::of_client(&Scope::parse(&scope).unwrap(), Delegated::default());
        callers.push((Box::leak(name.into_boxed_str()), caller, powers));
    }
    let mut seen = 0;
    for route in TABLE.iter().filter(|route| route.path.starts_with("/admin/api")) {
        // What ends the things that the others are to find.
        let ends = route.method == "DELETE"
            && ["/admin/api/clients/{id}", "/admin/api/users/{id}", "/admin/api/groups/{id}"]
                .contains(&route.path);
        for (name, caller, powers) in &callers {
            let admitted = route.role.admits(powers);
            if ends && admitted.is_ok() {
                continue;
            }
            for (whose, things) in [("own", &scene.mine), ("other's", &scene.others)] {
                seen += 1;
                let what = format!("{name}: {} {} ({whose})", route.method, route.path);
                let answer = scene.send(caller, route.method, route.path, things).await;
                let status = answer.status.as_u16();
                match &admitted {
                    Err(_) if *name == "anonymous" => {
                        problem(&answer, 401);
                        assert!(answer.header("www-authenticate").is_some(), "{what}");
                    }
                    Err(missing) => {
                        assert_eq!(status, 403, "{what}: {}", answer.body);
                        let told = problem(&answer, 403);
                        assert_eq!(told["missing"], missing.scope.as_str(), "{what}");
                        let challenge = answer.header("www-authenticate").unwrap();
                        assert!(challenge.contains("insufficient_scope"), "{what}: {challenge}");
                    }
                    Ok(())
                        if name.contains("delegated") && whose == "other's" && is_about_one(route.path) =>
                    {
                        assert_eq!(status, 403, "{what}: {}", answer.body);
                        let told = problem(&answer, 403);
                        assert!(told["missing"].as_str().unwrap().starts_with("countersign:"), "{what}");
                    }
                    Ok(()) if name.contains("delegated") && route.path.starts_with("/admin/api/audit") => {
                        assert_eq!(status, 403, "{what}: the whole log is not theirs");
                    }
                    // What is missing in this world, and what no body was made up for.
                    Ok(()) => assert!(
                        [200, 201, 204, 400, 404, 415].contains(&status),
                        "{what}: {status} {}",
                        answer.body
                    ),
                }
                if admitted.is_ok() && body(route.method, route.path).is_some() && whose == "own" {
                    assert!([200, 204].contains(&status), "{what}: {status} {}", answer.body);
                }
            }
        }
    }
    assert!(seen > 1500, "{seen} requests");
    // Refusals are on record, and no more of them than a few for everybody.
    let log = app.app.store.recent_audit(100_000).await.unwrap();
    let eve = log.iter().filter(|row| row.action == "administration.refuse" && row.actor.contains("helper"));
    assert!((1..=20).contains(&eve.count()));
}

on_both!(what_an_administrator_gets_wrong_is_refused_precisely_and_on_record, |app| {
    let robot = robot(&app).await;
    let rp = app.rp("web").await;
    let client = format!("/admin/api/clients/{}", rp.client_id);
    let stale = robot.clone().with("if-match", "\"1\"");
    let named = json!({ "client_name": "x" });
    let secret = json!({ "disabled": "hunter2" });
    let password = json!({ "password": 41_414_243 });
    for (answer, status, target, what) in [
        (
            robot.json(Method::PATCH, &client, &json!({ "nmae": 1 })).await,
            400,
            "PATCH",
            "unknown field `nmae`",
        ),
        (
            robot.json(Method::PATCH, &client, &json!({ "redirect_uris": ["x"] })).await,
            400,
            "PATCH",
            "redirect_uris",
        ),
        (robot.json(Method::PATCH, &client, &secret).await, 400, "PATCH", "invalid type"),
        (robot.json(Method::PUT, "/admin/api/users/x/password", &password).await, 400, "PUT", "invalid type"),
        (
            robot.json(Method::POST, "/admin/api/clients?kind=hunter2", &named).await,
            400,
            "POST",
            "unknown variant",
        ),
        (robot.get("/admin/api/users?after=forged").await, 400, "GET /admin/api/users", "break rules: after"),
        (robot.get("/admin/api/users?elsewhere=1").await, 400, "GET /admin/api/users", "`elsewhere`"),
        (stale.json(Method::PATCH, &client, &named).await, 412, "PATCH", "changed meanwhile"),
        (
            robot.get("/admin/api/users/somebody-elses").await,
            404,
            "GET /admin/api/users/somebody-elses",
            "404",
        ),
        (robot.send(&Method::POST, "/admin/api/groups", "{}").await, 415, "POST /admin/api/groups", "415"),
    ] {
        problem(&answer, status);
        let rows = app.app.store.recent_audit(1000).await.unwrap();
        let of_it = |row: &&AuditRow| answer.header("x-request-id") == Some(row.correlation_id.as_str());
        let row = rows.iter().find(of_it).unwrap_or_else(|| panic!("{status} {what}"));
        assert_eq!((row.actor.as_str(), row.action.as_str()), ("client:robot", "administration.mistake"));
        assert!(row.target.starts_with(target) && row.detail.contains(what), "{} {}", row.target, row.detail);
        for value in ["hunter2", "41414243"] {
            assert!(!row.detail.contains(value), "{}", row.detail);
        }
    }
    // Nobody fills the log, and nobody hides by it what they were refused.
    for _ in 0..30 {
        robot.get("/admin/api/users/nobody").await;
    }
    let count = async |action: &str| {
        let rows = app.app.store.recent_audit(1000).await.unwrap();
        rows.iter().filter(|row| row.action == action).count()
    };
    assert_eq!(count("administration.mistake").await, 20);
    let reader = Caller::bearer(&app, &token(&app, "reader", "countersign:users:read").await);
    for _ in 0..30 {
        reader.get("/admin/api/users/nobody").await;
    }
    problem(&reader.json(Method::PATCH, "/admin/api/users/nobody", &json!({})).await, 403);
    assert_eq!(count("administration.refuse").await, 1);
    // Whoever is nobody leaves nothing.
    let before = count("administration.mistake").await;
    problem(&Caller::anonymous(&app).get("/admin/api/users/nobody").await, 401);
    problem(&robot.get("/admin/api/nowhere").await, 404);
    assert_eq!(count("administration.mistake").await, before);
});

/// Is it about one application, group, user or failure?
fn is_about_one(path: &str) -> bool {
    ["/clients/{id}", "/users/{id}", "/groups/{id}", "/failures/{id}"].iter().any(|part| path.contains(part))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_admit_whom_the_table_admits() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let dana = app.user("dana").await;
    scene.delegate(Holder::User(dana.id.clone())).await;
    app.user("eve").await;
    let (_, mut root) = administrator(app, "root").await;
    let (mut dana_s, mut eve) = (signed_in(app, "dana").await, signed_in(app, "eve").await);
    for route in TABLE.iter().filter(|route| {
        route.method == "GET" && route.path.starts_with("/admin") && !route.path.starts_with("/admin/api")
    }) {
        let path = scene.mine.path(route.path);
        assert_eq!(app.browser().get(&path).await.status, 303, "{path}: strangers sign in first");
        assert_eq!(eve.get(&path).await.status, 403, "{path}");
        // There are keys, webhooks, providers, scopes and mails to look for, and none of this id.
        let missing = ["/admin/keys/{kid}/revoke", "/admin/webhooks/{id}", "/admin/scopes/edit/{name}"]
            .contains(&route.path)
            || route.path.starts_with("/admin/providers/{id}");
        assert_eq!(root.get(&path).await.status, if missing { 404 } else { 200 }, "{path}");
        let admitted = route.role.admits(&Powers::of_user(&dana.id, scene.powers())).is_ok();
        let status = dana_s.get(&path).await.status.as_u16();
        let expected = if route.path == "/admin" { 303 } else { 200 };
        assert_eq!(status, if admitted { expected } else { 403 }, "{path}");
        if admitted && is_about_one(route.path) {
            assert_eq!(dana_s.get(&scene.others.path(route.path)).await.status, 403, "{path}");
        }
    }
    // A route that the table does not name admits nobody, whatever its handler says.
    assert!(access::line("GET", "/admin/nowhere").is_none());
}

#[tokio::test]
async fn operations_say_which_scopes_they_need() {
    let app = TestApp::start(Engine::Sqlite).await;
    let document = robot(&app).await.get("/admin/api/openapi.json").await.json();
    for route in TABLE.iter().filter(|route| route.path.starts_with("/admin/api")) {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let told: Vec<Vec<String>> = operation["security"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["token"].as_array())
            .map(|scopes| scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect())
            .collect();
        assert_eq!(told, route.role.scopes(), "{} {}", route.method, route.path);
        let known =
            &document["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]["scopes"];
        for scope in told.iter().flatten() {
            assert!(known[scope].is_string(), "{scope}");
        }
    }
}

#[tokio::test]
async fn what_is_not_described_is_refused_with_a_problem_on_every_route() {
    let app = TestApp::start(Engine::Sqlite).await;
    let scene = Things::make(&app, "one").await;
    let robot = robot(&app).await;
    let document = robot.get("/admin/api/openapi.json").await.json();
    let (mut bodies, mut seen) = (0, 0);
    for route in TABLE.iter().filter(|route| route.path.starts_with("/admin/api")) {
        seen += 1;
        let what = format!("{} {}", route.method, route.path);
        let path = scene.path(route.path);
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let separator = if path.contains('?') { '&' } else { '?' };
        for query in ["nothing=1", "NOTHING", "=", "%00=1", "limit=1&nothing=%ff"] {
            let page = robot.send(&method, &format!("{path}{separator}{query}"), "").await;
            assert_eq!(page.status, 400, "{what} {query}: {}", page.body);
            problem(&page, 400);
        }
        if !document["paths"][route.path][route.method.to_lowercase()]["requestBody"].is_object() {
            continue;
        }
        bodies += 1;
        for body in [
            r#"{"nothing_of_the_kind":1}"#,
            "{",
            "",
            "null",
            "[]",
            "7",
            "\"text\"",
            r#"{"name":{"a":[]},"name":1}"#,
            "{\"name\":\"\u{0}\"}",
        ] {
            let page =
                robot.clone().with("content-type", "application/json").send(&method, &path, body).await;
            assert_eq!(page.status, 400, "{what} {body}: {}", page.body);
            problem(&page, 400);
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
        {
            let page = robot.clone().with("content-type", kind).send(&method, &path, "{}").await;
            problem(&page, 415);
        }
    }
    assert!(seen >= 45 && bodies >= 10, "{seen} routes, {bodies} with a body");
}

on_both!(cursors_are_good_for_their_own_list_alone, |app| {
    let (one, _two) = (Things::make(&app, "one").await, Things::make(&app, "two").await);
    let robot = robot(&app).await;
    let audit = || app.app.audit(&Origin::system(), "test", String::new(), "");
    let second = app.user("second").await;
    app.app.store.add_member(&one.group.id, &second.id, &audit()).await.unwrap();
    for holder in [Holder::User(one.member.id.clone()), Holder::User(second.id.clone())] {
        let id = app.app.entropy.ordered_id(&app.app.clock);
        let over = Over::Group(one.group.id.clone());
        assert!(
            app.app.store.delegate(&Delegation { id, holder, over, created_at: 0 }, &audit()).await.unwrap()
        );
    }
    for note in ["a", "b"] {
        let made = robot.json(Method::POST, "/admin/api/registration-tokens", &json!({ "note": note })).await;
        assert_eq!(made.status, 201);
    }
    for _ in 0..2 {
        signed_in(&app, "second").await;
    }
    let members = format!("/admin/api/groups/{}/members", one.group.id);
    let sessions = format!("/admin/api/users/{}/sessions", second.id);
    let lists = [
        ("/admin/api/clients", "clients"),
        ("/admin/api/users", "users"),
        ("/admin/api/users?query=member", "users"),
        ("/admin/api/groups", "groups"),
        (members.as_str(), "users"),
        (sessions.as_str(), "sessions"),
        ("/admin/api/delegations", "delegations"),
        ("/admin/api/registration-tokens", "tokens"),
        ("/admin/api/failures", "failures"),
        ("/admin/api/failures?client_id=app-one", "failures"),
        ("/admin/api/audit", "entries"),
        ("/admin/api/audit?action=test", "entries"),
    ];
    let with = |path: &str, more: &str| {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}{more}")
    };
    let mut cursors = Vec::new();
    for (path, field) in lists {
        let mut found = BTreeSet::new();
        let mut after = String::new();
        for _ in 0..200 {
            let page = robot.get(&with(path, &format!("limit=1&after={after}"))).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            let page = page.json();
            for row in page[field].as_array().unwrap() {
                assert!(found.insert(row.to_string()), "{path}: {row} comes twice");
            }
            match page["next"].as_str() {
                Some(next) => {
                    if after.is_empty() {
                        cursors.push((path, next.to_owned()));
                    }
                    next.clone_into(&mut after);
                }
                None => break,
            }
        }
        let whole = robot.get(&with(path, "limit=200")).await.json();
        assert_eq!(found.len(), whole[field].as_array().unwrap().len(), "{path}: every row comes once");
        for limit in ["0", "-1", "1001", "x", "", "99999999999999999999", "1&limit=2"] {
            problem(&robot.get(&with(path, &format!("limit={limit}"))).await, 400);
        }
    }
    assert!(cursors.len() >= 10, "{cursors:?}");
    for (path, _) in lists {
        for (of, cursor) in &cursors {
            let status = robot.get(&with(path, &format!("after={cursor}"))).await.status;
            assert_eq!(status, if path == *of { 200 } else { 400 }, "{path} with a cursor of {of}");
        }
        let own = cursors.iter().find(|(of, _)| *of == path).map(|(_, cursor)| cursor.clone());
        let changed = own.map(|cursor| format!("x{cursor}")).unwrap_or_default();
        for forged in ["x", "a.b.c", "0", "second", changed.as_str()] {
            if !forged.is_empty() {
                let told = problem(&robot.get(&with(path, &format!("after={forged}"))).await, 400);
                assert_eq!(told["errors"][0]["field"], "after", "{path} {forged}");
            }
        }
    }
});

on_both!(entity_tags_guard_every_change, |app| {
    let things = Things::make(&app, "one").await;
    let robot = robot(&app).await;
    let client = format!("/admin/api/clients/{}", things.client);
    let user = format!("/admin/api/users/{}", things.member.id);
    let group = format!("/admin/api/groups/{}", things.group.id);
    for (path, patch) in [
        (&client, json!({ "client_name": "New" })),
        (&user, json!({ "name": "New" })),
        (&group, json!({ "description": "New" })),
    ] {
        let shown = robot.get(path).await;
        let tag = shown.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let page = robot.clone().with("if-none-match", &known).get(path).await;
            assert_eq!((page.status.as_u16(), page.body.as_str()), (304, ""), "{known}");
            assert_eq!(page.header("etag"), Some(tag.as_str()));
        }
        assert_eq!(robot.clone().with("if-none-match", "\"x\"").get(path).await.status, 200);
        let changed = robot.clone().with("if-match", &tag).json(Method::PATCH, path, &patch).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let before = robot.get(path).await;
        assert_eq!(changed.header("etag"), before.header("etag"));
        let stale = robot.clone().with("if-match", &tag);
        problem(&stale.json(Method::PATCH, path, &patch).await, 412);
        problem(&stale.send(&Method::DELETE, path, "").await, 412);
        assert_eq!(robot.get(path).await.body, before.body, "nothing was changed");
    }
    let stale = robot.clone().with("if-match", "\"1\"");
    let hash = app.stored_user(&things.member.id).await.password_hash;
    let password = json!({ "password": "correct horse battery staple" });
    problem(&stale.json(Method::PUT, &format!("{user}/password"), &password).await, 412);
    assert_eq!(app.stored_user(&things.member.id).await.password_hash, hash);
    let secret = app.stored_client(&things.client).await.secret_hash;
    problem(&stale.send(&Method::POST, &format!("{client}/secret"), "").await, 412);
    problem(&stale.send(&Method::DELETE, &format!("{client}/old-secret"), "").await, 412);
    assert_eq!(app.stored_client(&things.client).await.secret_hash, secret);

    // A change and an end at the same moment, of the same version: one of them.
    for round in 0..8 {
        let name = format!("round{round}");
        let things = Things::make(&app, &name).await;
        for (path, patch) in [
            (format!("/admin/api/clients/{}", things.client), json!({ "client_name": "New" })),
            (format!("/admin/api/users/{}", things.member.id), json!({ "name": "New" })),
            (format!("/admin/api/groups/{}", things.group.id), json!({ "description": "New" })),
        ] {
            let tag = robot.get(&path).await.header("etag").unwrap().to_owned();
            let seen = robot.clone().with("if-match", &tag);
            let (changed, ended) =
                tokio::join!(seen.json(Method::PATCH, &path, &patch), seen.send(&Method::DELETE, &path, ""));
            let statuses = (changed.status.as_u16(), ended.status.as_u16());
            let there = robot.get(&path).await.status == 200;
            assert!(
                matches!((statuses, there), ((200, 412), true) | ((404 | 412, 204), false)),
                "{path}: {statuses:?} {there}"
            );
        }
    }
});
