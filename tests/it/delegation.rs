//! Delegated administrators: what they may, and that no sequence of it ends in more than it began with.

use axum::http::Method;
use countersign::app::Origin;
use countersign::protocol::client::GrantType;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, signed_in, token};
use crate::support::{TestApp, on_both};

const CLIENTS: &str = "/admin/api/clients";
const USERS: &str = "/admin/api/users";
const GROUPS: &str = "/admin/api/groups";
const DELEGATIONS: &str = "/admin/api/delegations";

/// A session's requests, as a page of ours sends them.
async fn session(app: &TestApp, name: &str) -> Caller {
    Caller::cookies(app, &signed_in(app, name).await).with("sec-fetch-site", "same-origin")
}

/// Who and what there is: Dana manages the application `notes` and the group `editors`, which Ed and Both are in; Both is in
/// `finance` as well, with Fin; Olga is in nothing; Root may do everything.
struct Office {
    root: Caller,
    dana: Caller,
    users: Vec<(&'static str, User)>,
    groups: Vec<(&'static str, String)>,
}

impl Office {
    async fn open(app: &TestApp) -> Self {
        app.client("notes", |_| {}).await;
        app.client("payroll", |_| {}).await;
        let root = robot(app).await;
        let mut users = Vec::new();
        for name in ["dana", "ed", "both", "fin", "olga"] {
            users.push((name, app.user(name).await));
        }
        users.push(("root", administrator(app, "root").await.0));
        let mut groups = Vec::new();
        for name in ["editors", "finance", "leads"] {
            let made = root.json(Method::POST, GROUPS, &json!({ "name": name })).await.json();
            groups.push((name, made["id"].as_str().unwrap().to_owned()));
        }
        let office = Self { root, dana: session(app, "dana").await, users, groups };
        for (user, group) in [("ed", "editors"), ("both", "editors"), ("both", "finance"), ("fin", "finance")]
        {
            assert_eq!(office.root.send(&Method::PUT, &office.member(group, user), "").await.status, 204);
        }
        for (holder, over) in [("user:dana", "client:notes"), ("user:Dana@example.com", "group:Editors")] {
            let made =
                office.root.json(Method::POST, DELEGATIONS, &json!({ "holder": holder, "over": over })).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        office
    }

    fn id(&self, name: &str) -> &str {
        self.users.iter().find(|(known, _)| *known == name).unwrap().1.id.as_str()
    }

    fn user(&self, name: &str) -> String {
        format!("{USERS}/{}", self.id(name))
    }

    fn group(&self, name: &str) -> String {
        format!("{GROUPS}/{}", self.groups.iter().find(|(known, _)| *known == name).unwrap().1)
    }

    fn member(&self, group: &str, user: &str) -> String {
        format!("{}/members/{}", self.group(group), self.id(user))
    }
}

fn names(page: &Value, list: &str, field: &str) -> Vec<String> {
    page[list].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

on_both!(somebody_manages_what_was_delegated_and_nothing_else, |app| {
    let office = Office::open(&app).await;
    let dana = &office.dana;
    let get = async |path: &str| dana.get(path).await.json();
    assert_eq!(names(&get(CLIENTS).await, "clients", "client_id"), ["notes"]);
    assert_eq!(names(&get(GROUPS).await, "groups", "name"), ["editors"]);
    assert_eq!(names(&get(USERS).await, "users", "username"), ["both", "ed"]);
    assert_eq!(names(&get(&format!("{USERS}?query=FIN")).await, "users", "username"), [""; 0]);
    assert_eq!(
        names(&get(&format!("{}/members", office.group("editors"))).await, "users", "username"),
        ["both", "ed"]
    );

    // The application: all that is ordinary.
    let edit = json!({ "client_name": "Notes 2", "redirect_uris": ["https://notes.example/new"] });
    let changed = dana.json(Method::PATCH, &format!("{CLIENTS}/notes"), &edit).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let secret = dana.send(&Method::POST, &format!("{CLIENTS}/notes/secret"), "").await;
    assert!(secret.json()["client_secret"].is_string());
    assert_eq!(dana.send(&Method::DELETE, &format!("{CLIENTS}/notes/old-secret"), "").await.status, 204);
    let preview = format!("{CLIENTS}/notes/preview?user=");
    assert_eq!(dana.get(&format!("{preview}both")).await.status, 200);
    for nobody in ["fin", "root", "dana", "nobody"] {
        problem(&dana.get(&format!("{preview}{nobody}")).await, 403);
    }
    for (patch, missing) in [
        (json!({ "scope": "openid payments" }), "countersign:clients:write"),
        (json!({ "skip_consent": true }), "countersign:clients:write"),
        (json!({ "introspects_any_token": true }), "countersign:clients:write"),
        (json!({ "require_pkce": false }), "countersign:clients:write"),
        (json!({ "subject_type": "pairwise" }), "countersign:clients:write"),
        (
            json!({ "scope": "countersign:admin", "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [], "response_types": null }),
            "countersign:admin",
        ),
        (
            json!({ "scope": "countersign:delegated", "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [] }),
            "countersign:admin",
        ),
    ] {
        let refused = dana.json(Method::PATCH, &format!("{CLIENTS}/notes"), &patch).await;
        assert_eq!(problem(&refused, 403)["missing"], missing, "{patch}: {}", refused.body);
    }

    // The group and who is in it.
    assert_eq!(
        dana.json(Method::PATCH, &office.group("editors"), &json!({ "description": "Us" })).await.status,
        200
    );
    for patch in [json!({ "name": "finance2" }), json!({ "least_acr": "two-factors" })] {
        problem(&dana.json(Method::PATCH, &office.group("editors"), &patch).await, 403);
    }
    for user in ["dana", "olga", "fin", "both", "root"] {
        problem(&dana.send(&Method::PUT, &office.member("editors", user), "").await, 403);
        problem(&dana.send(&Method::PUT, &office.member("finance", user), "").await, 403);
    }
    assert_eq!(dana.send(&Method::PUT, &office.member("editors", "ed"), "").await.status, 204);

    // Users: whoever is in her groups alone.
    let password = json!({ "password": "correct horse battery staple" });
    let set = dana.json(Method::PUT, &format!("{}/password", office.user("ed")), &password).await;
    assert_eq!(set.status, 204, "{}", set.body);
    assert_eq!(dana.json(Method::PATCH, &office.user("ed"), &json!({ "name": "Edward" })).await.status, 200);
    assert_eq!(dana.get(&office.user("both")).await.status, 200, "a member's profile");
    assert_eq!(dana.get(&format!("{}/sessions", office.user("ed"))).await.status, 200);
    problem(&dana.get(&format!("{}/sessions", office.user("both"))).await, 403);
    for patch in [
        json!({ "is_admin": true }),
        json!({ "username": "fin2" }),
        json!({ "email": "cfo@example.com" }),
        json!({ "email_verified": true, "email": "x@example.com" }),
        json!({ "email_verified": false }),
    ] {
        problem(&dana.json(Method::PATCH, &office.user("ed"), &patch).await, 403);
    }
    for user in ["dana", "both", "fin", "olga", "root"] {
        problem(&dana.json(Method::PUT, &format!("{}/password", office.user(user)), &password).await, 403);
        problem(&dana.json(Method::PATCH, &office.user(user), &json!({ "name": "X" })).await, 403);
        problem(&dana.send(&Method::DELETE, &format!("{}/sessions", office.user(user)), "").await, 403);
        problem(
            &dana.send(&Method::DELETE, &format!("{}/sign-in-methods/app", office.user(user)), "").await,
            403,
        );
    }
    let unknown = problem(&dana.get(&format!("{USERS}/nobody")).await, 403);
    let known = problem(&dana.get(&office.user("olga")).await, 403);
    assert_eq!(unknown["missing"], known["missing"], "whether there is somebody is nobody's business");

    // What is about it in the log, and no more.
    for (target, status) in [
        ("client:notes", 200),
        ("ed", 200),
        ("client:payroll", 403),
        ("both", 403),
        ("root", 403),
        ("dana", 403),
        ("nobody", 403),
        ("", 403),
    ] {
        for path in ["/admin/api/audit", "/admin/api/audit/export"] {
            let page = dana.get(&format!("{path}?target={target}")).await;
            assert_eq!(page.status, status, "{path} {target}: {}", page.body);
        }
    }
    for path in ["/admin/api/keys", "/admin/api/statistics", DELEGATIONS, "/admin/api/invitations"] {
        problem(&dana.get(path).await, 403);
    }
    let more = json!({ "holder": "user:dana", "over": "client:payroll" });
    assert_eq!(
        problem(&dana.json(Method::POST, DELEGATIONS, &more).await, 403)["missing"],
        "countersign:admin"
    );

    // What was refused is on record, with what it would have taken, and does not fill the log.
    let rows = app.app.store.recent_audit(10_000).await.unwrap();
    let refusals: Vec<_> = rows.iter().filter(|row| row.action == "administration.refuse").collect();
    assert!((5..=20).contains(&refusals.len()), "{}", refusals.len());
    assert!(refusals.iter().all(|row| row.actor == format!("user:{}", office.id("dana"))));
    assert!(refusals.iter().all(|row| row.detail.contains("countersign:")));
});

on_both!(what_was_switched_off_is_switched_on_by_administrators, |app| {
    let office = Office::open(&app).await;
    let notes = format!("{CLIENTS}/notes");
    for path in [&notes, &office.user("ed")] {
        let off = office.dana.json(Method::PATCH, path, &json!({ "disabled": true })).await;
        assert_eq!(off.status, 200, "{path}: {}", off.body);
        let on = json!({ "disabled": false });
        problem(&office.dana.json(Method::PATCH, path, &on).await, 403);
        assert_eq!(office.dana.get(path).await.json()["disabled"], true, "{path}");
        assert_eq!(office.root.json(Method::PATCH, path, &on).await.status, 200, "{path}");
    }
});

on_both!(whether_there_is_somebody_is_for_those_who_see_everybody, |app| {
    let office = Office::open(&app).await;
    for (actor, status) in [("olga", 400), ("nobody", 400), ("user:nobody", 200)] {
        let page = office.dana.get(&format!("/admin/api/audit?target=client:notes&actor={actor}")).await;
        assert_eq!(page.status, status, "{actor}: {}", page.body);
    }
    let mut dana = signed_in(&app, "dana").await;
    let editors = office.groups[0].1.as_str();
    let (shown, target) = (format!("/admin/groups/{editors}"), format!("/admin/groups/{editors}/members"));
    for member in ["olga", "nobody", "nobody@example.com"] {
        let form = dana.get(&shown).await.form(&target);
        let page = dana.post(&target, &crate::support::filled(form, &[("member", member)])).await;
        assert_eq!(page.status, 403, "{member}");
    }
    // A password that is easy to guess is called that, the right one as well as any other.
    let ed = format!("{}/password", office.user("ed"));
    app.app
        .store
        .set_password(
            &office.id("ed").into(),
            &app.app.passwords.hash("password1".to_owned().into()).await.unwrap(),
            None,
            app.app.clock.now(),
            &app.app.audit(&Origin::system(), "user.set_password", String::new(), ""),
        )
        .await
        .unwrap();
    let required = format!("{}/require-new-password", office.user("ed"));
    assert_eq!(office.dana.json(Method::POST, &required, &json!({})).await.status, 200);
    let guess = async |password: &str| {
        problem(&office.dana.json(Method::PUT, &ed, &json!({ "password": password })).await, 400)["errors"]
            .clone()
    };
    assert_eq!(guess("password1").await, guess("password2").await);
    let unknown =
        office.dana.json(Method::POST, &format!("{USERS}/nobody/require-new-password"), &json!({})).await;
    problem(&unknown, 403);
});

on_both!(what_was_delegated_ends_with_its_holder_its_group_and_its_object, |app| {
    let office = Office::open(&app).await;
    let olga = session(&app, "olga").await;
    problem(&olga.get(CLIENTS).await, 403);
    let lead = json!({ "holder": "group:leads", "over": "client:payroll" });
    let made = office.root.json(Method::POST, DELEGATIONS, &lead).await;
    assert_eq!(made.status, 201, "{}", made.body);
    problem(&office.root.json(Method::POST, DELEGATIONS, &lead).await, 409);
    assert_eq!(office.root.send(&Method::PUT, &office.member("leads", "olga"), "").await.status, 204);
    assert_eq!(names(&olga.get(CLIENTS).await.json(), "clients", "client_id"), ["payroll"]);
    // Nobody but an administrator lets others in.
    for caller in [&olga, &office.dana] {
        problem(&caller.send(&Method::PUT, &office.member("leads", "ed"), "").await, 403);
        problem(&caller.send(&Method::DELETE, &office.member("leads", "olga"), "").await, 403);
    }
    let narrow = Caller::bearer(
        &app,
        &token(&app, "narrow", "countersign:groups:write countersign:users:write").await,
    );
    assert_eq!(narrow.send(&Method::PUT, &office.member("finance", "ed"), "").await.status, 204);
    assert_eq!(narrow.send(&Method::DELETE, &office.member("finance", "ed"), "").await.status, 204);
    problem(&narrow.send(&Method::PUT, &office.member("leads", "ed"), "").await, 403);
    problem(&narrow.send(&Method::PUT, &office.member("editors", "root"), "").await, 403);
    let password = json!({ "password": "correct horse battery staple" });
    for user in ["root", "dana", "olga"] {
        let path = format!("{}/password", office.user(user));
        assert_eq!(
            problem(&narrow.json(Method::PUT, &path, &password).await, 403)["missing"],
            "countersign:admin"
        );
    }
    let promoted = narrow.json(Method::PATCH, &office.user("ed"), &json!({ "is_admin": true })).await;
    problem(&promoted, 403);
    let made_one = narrow.json(Method::POST, USERS, &json!({ "username": "boss", "is_admin": true })).await;
    problem(&made_one, 403);

    assert_eq!(office.root.send(&Method::DELETE, &office.member("leads", "olga"), "").await.status, 204);
    problem(&olga.get(CLIENTS).await, 403);

    // Another application of the same name is another application.
    assert_eq!(office.root.send(&Method::DELETE, &format!("{CLIENTS}/notes"), "").await.status, 204);
    let wish = json!({ "client_id": "notes", "client_name": "N", "redirect_uris": ["https://n.example/cb"] });
    assert_eq!(office.root.json(Method::POST, CLIENTS, &wish).await.status, 201);
    problem(&office.dana.get(&format!("{CLIENTS}/notes")).await, 403);
    assert_eq!(office.root.send(&Method::DELETE, &office.group("editors"), "").await.status, 204);
    problem(&office.dana.get(USERS).await, 403);

    for (wrong, field) in [
        (json!({ "holder": "user:nobody", "over": "client:payroll" }), "holder"),
        (json!({ "holder": "user:root", "over": "client:payroll" }), "holder"),
        (json!({ "holder": "dana", "over": "client:payroll" }), "holder"),
        (json!({ "holder": "user:dana\u{0}", "over": "client:payroll" }), "holder"),
        (json!({ "holder": "user:dana", "over": "user:olga" }), "over"),
        (json!({ "holder": "user:dana", "over": "client:nothing" }), "over"),
        (json!({ "holder": "group:leads", "over": "group:leads" }), "over"),
    ] {
        let told = problem(&office.root.json(Method::POST, DELEGATIONS, &wrong).await, 400);
        assert_eq!(told["errors"][0]["field"], field, "{wrong}");
    }
    let listed = office.root.get(DELEGATIONS).await.json();
    let rows = listed["delegations"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    let path = format!("{DELEGATIONS}/{}", rows[0]["id"].as_str().unwrap());
    assert_eq!(office.root.send(&Method::DELETE, &path, "").await.status, 204);
    problem(&office.root.send(&Method::DELETE, &path, "").await, 404);
});

on_both!(a_client_manages_what_was_delegated_to_it_with_the_scope_for_it, |app| {
    let office = Office::open(&app).await;
    let text = token(&app, "bot", "countersign:delegated").await;
    let bot = Caller::bearer(&app, &text);
    problem(&bot.get(CLIENTS).await, 403);
    let wish = json!({ "holder": "client:bot", "over": "client:notes" });
    assert_eq!(office.root.json(Method::POST, DELEGATIONS, &wish).await.status, 201);
    assert_eq!(names(&bot.get(CLIENTS).await.json(), "clients", "client_id"), ["notes"], "at once");
    let edit = json!({ "client_name": "By a bot" });
    assert_eq!(bot.json(Method::PATCH, &format!("{CLIENTS}/notes"), &edit).await.status, 200);
    problem(&bot.json(Method::PATCH, &format!("{CLIENTS}/payroll"), &edit).await, 403);
    problem(&bot.json(Method::PATCH, &format!("{CLIENTS}/bot"), &edit).await, 403);
    // Whoever manages applications does not come to manage the bot.
    let wish = json!({ "holder": "user:dana", "over": "client:bot" });
    assert_eq!(office.root.json(Method::POST, DELEGATIONS, &wish).await.status, 201);
    for (method, path) in
        [(Method::POST, format!("{CLIENTS}/bot/secret")), (Method::DELETE, format!("{CLIENTS}/bot"))]
    {
        let refused = office.dana.send(&method, &path, "").await;
        problem(&refused, 403);
    }
    let narrow = Caller::bearer(&app, &token(&app, "narrow", "countersign:clients:write").await);
    for id in ["bot", "robot", "narrow"] {
        let refused = narrow.send(&Method::POST, &format!("{CLIENTS}/{id}/secret"), "").await;
        assert_eq!(problem(&refused, 403)["missing"], "countersign:admin", "{id}");
    }
    let wide = json!({ "client_name": "W", "grant_types": ["client_credentials"], "scope": "countersign:users:read" });
    assert_eq!(
        problem(&narrow.json(Method::POST, CLIENTS, &wide).await, 403)["missing"],
        "countersign:admin"
    );
    let unknown = json!({ "client_name": "W", "grant_types": ["client_credentials"], "scope": "countersign:everything" });
    problem(&office.root.json(Method::POST, CLIENTS, &unknown).await, 400);
    // What is taken from a client is taken from its tokens.
    let less = json!({ "scope": "" });
    assert_eq!(office.root.json(Method::PATCH, &format!("{CLIENTS}/bot"), &less).await.status, 200);
    problem(&bot.get(CLIENTS).await, 403);
});

on_both!(no_random_walk_of_a_delegated_administrator_ends_in_more_power, |app| {
    let office = Office::open(&app).await;
    app.client("machine", |metadata| {
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.response_types.clear();
        metadata.redirect_uris.clear();
        metadata.scope = Scope::parse("api").unwrap();
    })
    .await;
    let wish = json!({ "holder": "user:dana", "over": "client:machine" });
    assert_eq!(office.root.json(Method::POST, DELEGATIONS, &wish).await.status, 201);
    let hashes = async |names: &[&str]| {
        let mut hashes = Vec::new();
        for name in names {
            let user = app.stored_user(&office.id(name).into()).await;
            hashes.push((user.username, user.password_hash, user.is_admin, user.email));
        }
        hashes
    };
    let strangers = ["dana", "both", "fin", "olga", "root"];
    let before = hashes(&strangers).await;
    let delegations = office.root.get(DELEGATIONS).await.body;
    let finance = office.root.get(&format!("{}/members", office.group("finance"))).await.body;

    let (mut seed, mut done) = (20_261_130_u64, 0);
    let mut pick = |number: usize| {
        // Knuth's multiplier: any sequence will do, as long as it is the same in every run.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % number
    };
    let users = ["dana", "ed", "both", "fin", "olga", "root"];
    let groups = ["editors", "finance", "leads"];
    let clients = ["notes", "payroll", "machine", "robot"];
    let scopes = ["", "openid", "api", "openid api email", "countersign:admin", "countersign:users:write"];
    for _ in 0..250 {
        let (user, group, client) = (users[pick(6)], groups[pick(3)], clients[pick(4)]);
        let (method, path, body) = match pick(10) {
            0 => (Method::PUT, office.member(group, user), None),
            1 => (Method::DELETE, office.member(group, user), None),
            2 => (Method::PATCH, office.user(user), Some(json!({ "is_admin": pick(2) == 0, "name": "N" }))),
            3 => (Method::PATCH, office.user(user), Some(json!({ "disabled": false }))),
            4 => (Method::PATCH, format!("{CLIENTS}/{client}"), Some(json!({ "scope": scopes[pick(6)] }))),
            5 => {
                (Method::PATCH, format!("{CLIENTS}/{client}"), Some(json!({ "skip_consent": pick(2) == 0 })))
            }
            6 => (Method::PATCH, office.group(group), Some(json!({ "name": format!("g{}", pick(9)) }))),
            7 => {
                let over = format!("client:{client}");
                (
                    Method::POST,
                    DELEGATIONS.to_owned(),
                    Some(json!({ "holder": format!("user:{user}"), "over": over })),
                )
            }
            8 => (Method::POST, format!("{CLIENTS}/{client}/secret"), None),
            _ => {
                let password = json!({ "password": "correct horse battery staple" });
                (Method::PUT, format!("{}/password", office.user(user)), Some(password))
            }
        };
        let page = match &body {
            Some(body) => office.dana.json(method.clone(), &path, body).await,
            None => office.dana.send(&method, &path, "").await,
        };
        let status = page.status.as_u16();
        assert!([200, 204, 400, 403, 404, 409].contains(&status), "{method} {path} {body:?}: {}", page.body);
        done += u32::from(status < 300);
    }
    assert!(done > 10, "{done} of the steps were permitted");
    assert_eq!(hashes(&strangers).await, before);
    assert_eq!(office.root.get(DELEGATIONS).await.body, delegations);
    assert_eq!(office.root.get(&format!("{}/members", office.group("finance"))).await.body, finance);
    for (id, most) in [
        ("notes", "openid profile email offline_access api"),
        ("machine", "api"),
        ("robot", "countersign:admin"),
    ] {
        let client = app.stored_client(id).await;
        assert!(
            Scope::parse(most).unwrap().covers(&client.metadata.scope),
            "{id}: {}",
            client.metadata.scope
        );
        assert!(!client.metadata.skip_consent);
    }
    assert_eq!(
        app.stored_client("robot").await.secret_hash.as_deref(),
        app.stored_client("payroll").await.secret_hash.as_deref()
    );
    assert!(!app.stored_user(&office.id("ed").into()).await.is_admin);
});

on_both!(the_pages_show_a_delegated_administrator_what_is_theirs, |app| {
    let office = Office::open(&app).await;
    let mut dana = signed_in(&app, "dana").await;
    let account = dana.get("/account").await;
    assert!(account.body.contains("href=\"/admin\""), "the way there is shown");
    let first = dana.get("/admin").await;
    assert_eq!((first.status.as_u16(), first.location()), (303, "/admin/clients"));
    let page = dana.get("/admin/clients").await;
    assert!(page.body.contains("Client notes") && !page.body.contains("payroll"), "{}", page.text());
    for hidden in ["Register an application", "Overview", ">Delegation<"] {
        assert!(!page.body.contains(hidden), "{hidden}");
    }
    let page = dana.get("/admin/users").await;
    assert!(page.body.contains("both@example.com") && !page.body.contains("fin@example.com"));
    assert!(!page.body.contains("Add a user"));
    let page = dana.get(&format!("/admin/users/{}", office.id("ed"))).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("Delete this user") && !page.body.contains("name=\"admin\""));
    assert_eq!(dana.get(&format!("/admin/users/{}", office.id("both"))).await.status, 403);
    // By the form as well.
    let path = format!("/admin/users/{}", office.id("ed"));
    let fields = crate::support::filled(page.form(&path), &[("name", "Ed of Editors")]);
    assert_eq!(dana.post(&path, &fields).await.status, 303);
    let page = dana.get(&path).await;
    let fields = crate::support::filled(page.form(&path), &[("admin", "true")]);
    assert_eq!(dana.post(&path, &fields).await.status, 403);
    assert!(!app.stored_user(&office.id("ed").into()).await.is_admin);
    let audit = dana.get("/admin/audit").await;
    assert_eq!(audit.status, 200);
    assert!(audit.body.contains("of what you manage"), "{}", audit.text());
    assert_eq!(dana.get("/admin/audit?target=client:notes").await.status, 200);
    assert_eq!(dana.get("/admin/audit?target=client:payroll").await.status, 403);

    // What an administrator sees of it, and does.
    let mut root = signed_in(&app, "root").await;
    let page = root.get("/admin/delegations").await;
    assert!(page.body.contains("dana") && page.body.contains("editors"), "{}", page.text());
    let empty = crate::support::filled(
        page.form("/admin/delegations"),
        &[("holder_kind", "group"), ("holder", "leads"), ("over_kind", "group"), ("over", "finance")],
    );
    assert_eq!(root.post("/admin/delegations", &empty).await.status, 303);
    let again = root.post("/admin/delegations", &empty).await;
    assert_eq!(again.status, 409, "{}", again.text());
    let wrong = crate::support::filled(page.form("/admin/delegations"), &[("holder", "<b>"), ("over", "x")]);
    let wrong = root.post("/admin/delegations", &wrong).await;
    assert_eq!(wrong.status, 400);
    wrong.assert_inert();
    let reference = dana.get("/admin/reference").await;
    assert_eq!(reference.status, 200);
    for said in ["/admin/api/clients/{id}", "countersign:clients:write", "Precondition Failed"] {
        assert!(reference.body.contains(said), "{said}");
    }
    // Every part has its page, and every link there leads to one; all of them are small.
    assert!(reference.body.len() < 40_000, "{} bytes", reference.body.len());
    let parts = |page: &str| -> Vec<String> {
        let links = page.split("href=\"/admin/reference/").skip(1);
        links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
    };
    let mut ahead = parts(&reference.body);
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = ahead.pop() {
        if seen.insert(name.clone()) {
            let page = dana.get(&format!("/admin/reference/{name}")).await;
            assert_eq!(page.status, 200, "{name}");
            assert!(page.body.len() < 30_000, "{name}: {} bytes", page.body.len());
            ahead.extend(parts(&page.body));
        }
    }
    assert!(seen.contains("ClientInput") && seen.len() > 100, "{seen:?}");
    assert_eq!(dana.get("/admin/reference/nothing").await.status, 404);
});
