//! Groups: who is in them, what applications hear of it, and what they ask of their members.

use axum::body::Body;
use axum::http::Request;
use countersign::admin::{clients, groups};
use countersign::app::Origin;
use countersign::config::RegistrationMode;
use countersign::protocol::assurance::Level;
use countersign::protocol::client::ClientMetadata;
use countersign::protocol::group::{Group, GroupInput};
use countersign::protocol::ids::UserId;
use countersign::protocol::registration::ClientInput;
use countersign::protocol::scope::Scope;
use countersign::store::{StoreError, Unique};
use serde_json::{Value, json};

use crate::admin_api::{administrator, signed_in};
use crate::admin_pages::submit;
use crate::second_factor::set_up;
use crate::store_conformance::audit;
use crate::support::{Browser, Engine, Rp, START, TestApp, filled, granted, on_both, soon};

/// Makes a group.
async fn group(app: &TestApp, name: &str, least_acr: Option<Level>) -> Group {
    let input = GroupInput {
        name: Some(name.to_owned()),
        description: None,
        least_acr: least_acr.map(|level| level.to_string()),
    };
    groups::create(&app.app, &Origin::system(), &input).await.unwrap()
}

/// Puts a user into a group.
async fn join(app: &TestApp, group: &Group, user: &UserId) {
    assert!(app.app.store.add_member(&group.id, user, &audit(app, "group.add_member")).await.unwrap());
}

async fn leave(app: &TestApp, group: &Group, user: &UserId) {
    let audit = audit(app, "group.remove_member");
    assert!(app.app.store.remove_member(&group.id, user, &audit).await.unwrap());
}

/// The groups of a user, as this node knows them.
async fn names(app: &TestApp, user: &UserId) -> Vec<String> {
    app.app.store.groups_of_user(user).await.unwrap().names().map(str::to_owned).collect()
}

/// A client that may ask for groups.
async fn with_groups(app: &TestApp, id: &str, change: impl FnOnce(&mut ClientMetadata)) -> Rp {
    let client = app.client(id, |metadata| {
        metadata.scope = Scope::parse("openid email groups offline_access").unwrap();
        metadata.skip_consent = true;
        change(metadata);
    });
    Rp::new(app, &client.await)
}

on_both!(a_group_reads_back_and_its_name_is_its_own_in_any_case, |app| {
    let store = &app.app.store;
    let editors = group(&app, "Editors", Some(Level::TwoFactors)).await;
    assert_eq!(store.group(&editors.id).await.unwrap(), Some(editors.clone()));
    assert_eq!(store.group_by_name("eDITORS").await.unwrap(), Some(editors.clone()));
    assert_eq!(store.group_by_name("editor").await.unwrap(), None);
    let admins = group(&app, "admins", None).await;
    let again = Group { id: "other".into(), name: "EDITORS".to_owned(), ..editors.clone() };
    let taken = store.insert_group(&again, &audit(&app, "group.create")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Taken(Unique::GroupName)), "{taken}");
    let renamed = Group { name: "ADMINS".to_owned(), ..editors.clone() };
    let taken = store.update_group(&renamed, editors.updated_at, &audit(&app, "group.update")).await;
    assert!(matches!(taken, Err(StoreError::Taken(Unique::GroupName))), "{taken:?}");
    assert_eq!(store.groups("", 10).await.unwrap(), [admins.clone(), editors.clone()], "by name");
    assert_eq!(store.groups("Admins", 10).await.unwrap(), [editors]);
    assert_eq!(store.groups("", 1).await.unwrap(), [admins]);
});

on_both!(members_come_and_go_and_leave_with_their_account_or_group, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (editors, staff) = (group(&app, "editors", None).await, group(&app, "Staff", None).await);
    for group in [&staff, &editors] {
        join(&app, group, &ada.id).await;
    }
    join(&app, &editors, &bob.id).await;
    assert_eq!(names(&app, &ada.id).await, ["editors", "Staff"], "by name, whatever its case");
    let members = async |after: &str, limit| {
        let members = store.members_of_group(&editors.id, after, limit).await.unwrap();
        members.into_iter().map(|user| user.username).collect::<Vec<_>>()
    };
    assert_eq!(members("", 10).await, ["ada", "bob"]);
    assert_eq!(
        (members("ada", 10).await, members("", 1).await),
        (vec!["bob".to_owned()], vec!["ada".to_owned()])
    );
    // Twice changes nothing, and is not written down.
    let before = app.audit_log().await.len();
    assert!(!store.add_member(&editors.id, &bob.id, &audit(&app, "group.add_member")).await.unwrap());
    leave(&app, &editors, &bob.id).await;
    assert!(!store.remove_member(&editors.id, &bob.id, &audit(&app, "group.remove_member")).await.unwrap());
    assert_eq!(app.audit_log().await.len(), before + 1);
    for (group, user) in [("none", ada.id.as_str()), (staff.id.as_str(), "nobody")] {
        let gone = store.add_member(&group.into(), &user.into(), &audit(&app, "group.add_member")).await;
        assert!(matches!(gone, Err(StoreError::Gone)), "{group} {user}: {gone:?}");
    }
    assert!(store.delete_group(&editors.id, None, &audit(&app, "group.delete")).await.unwrap());
    assert!(!store.delete_group(&editors.id, None, &audit(&app, "group.delete")).await.unwrap());
    assert_eq!(names(&app, &ada.id).await, ["Staff"]);
    join(&app, &staff, &bob.id).await;
    assert!(store.delete_user(&bob.id, &audit(&app, "user.delete")).await.is_ok());
    assert_eq!(names(&app, &bob.id).await, Vec::<String>::new());
    let left = store.members_of_group(&staff.id, "", 10).await.unwrap();
    assert_eq!(left.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["ada"]);
});

/// A change of who is in what, and what holds afterwards.
#[derive(Clone, Copy, Debug)]
enum Change {
    Leave,
    Join,
    Rename,
    Delete,
}

on_both!(a_membership_that_ends_is_gone_at_once_here_and_soon_on_another_node, |app| {
    let there = app.second_node().await;
    let rp = with_groups(&app, "web", |_| {}).await;
    for change in [Change::Leave, Change::Join, Change::Rename, Change::Delete] {
        let name = format!("{change:?}").to_lowercase();
        let user = app.user(&name).await;
        let theirs = group(&app, &name, None).await;
        if !matches!(change, Change::Join) {
            join(&app, &theirs, &user.id).await;
        }
        let tokens = rp.tokens(&mut app.browser(), &name, "openid groups").await;
        let told = async |node: &TestApp| {
            rp.at(&node.router).userinfo(tokens.access()).await.json()["groups"].clone()
        };
        // Both know it by heart.
        let before = if matches!(change, Change::Join) { json!([]) } else { json!([name]) };
        there.hears().await;
        for node in [&app, &there] {
            for _ in 0..2 {
                assert_eq!(told(node).await, before, "{name}");
            }
        }
        match change {
            Change::Leave => leave(&app, &theirs, &user.id).await,
            Change::Join => join(&app, &theirs, &user.id).await,
            Change::Rename => {
                let input = GroupInput { name: Some("renamed".to_owned()), ..GroupInput::from(&theirs) };
                groups::change(&app.app, &Origin::system(), &theirs, &input).await.unwrap();
            }
            Change::Delete => groups::delete(&app.app, &Origin::system(), &theirs).await.unwrap(),
        }
        let after = match change {
            Change::Leave | Change::Delete => json!([]),
            Change::Join => json!([name]),
            Change::Rename => json!(["renamed"]),
        };
        assert_eq!(told(&app).await, after, "{name}: at once where it was changed");
        soon(&name, async || told(&there).await == after).await;
        for node in [&app, &there] {
            assert_eq!(told(node).await, after, "{name}: and it stays so");
        }
    }
});

on_both!(the_claim_goes_where_scope_and_claims_ask_for_it, |app| {
    let ada = app.user("ada").await;
    for name in ["staff", "Editors"] {
        join(&app, &group(&app, name, None).await, &ada.id).await;
    }
    let rp = with_groups(&app, "web", |_| {}).await;
    let both = json!(["Editors", "staff"]);
    let tokens_of = async |scope: &str, extra: &[(&str, &str)]| {
        let answer = rp.answer(&mut app.browser(), "ada", &rp.authorization(scope, extra)).await;
        granted(&rp.redeem(&answer.sent("code").unwrap_or_else(|| panic!("{}", answer.body))).await)
    };
    let userinfo = async |access: &str| rp.userinfo(access).await.json().get("groups").cloned();
    // Core §5.4: with an access token, what scopes ask for is at UserInfo.
    let tokens = tokens_of("openid groups", &[]).await;
    assert_eq!(userinfo(tokens.access()).await.as_ref(), Some(&both));
    assert_eq!(tokens.claims("id_token").get("groups"), None);
    // §5.5: wherever it was asked for, and again after a refresh (§12.2).
    let asked = [("claims", r#"{"id_token":{"groups":{"essential":true}}}"#)];
    let tokens = tokens_of("openid", &asked).await;
    assert_eq!(tokens.claims("id_token")["groups"], both);
    assert_eq!(userinfo(tokens.access()).await, None);
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    assert_eq!(refreshed.claims("id_token")["groups"], both);
    let tokens = tokens_of("openid", &[("claims", r#"{"userinfo":{"groups":null}}"#)]).await;
    assert_eq!(userinfo(tokens.access()).await, Some(both));
    let tokens = tokens_of("openid email", &[]).await;
    assert_eq!(userinfo(tokens.access()).await, None, "nobody asked");
    // Nothing of it for who may not ask.
    let other = app.rp("other").await;
    let asked = [("claims", r#"{"userinfo":{"groups":null},"id_token":{"groups":null}}"#)];
    let answer = other.answer(&mut app.browser(), "ada", &other.authorization("openid", &asked)).await;
    let tokens = granted(&other.redeem(&answer.sent("code").unwrap()).await);
    assert_eq!(tokens.claims("id_token").get("groups"), None);
    assert_eq!(other.userinfo(tokens.access()).await.json().get("groups"), None);
});

#[tokio::test]
async fn who_is_in_no_group_is_told_to_be_in_none_and_discovery_says_that_there_are_groups() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = with_groups(&app, "web", |_| {}).await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid groups").await;
    assert_eq!(rp.userinfo(tokens.access()).await.json()["groups"], json!([]));
    let document = app.browser().get("/.well-known/openid-configuration").await.json();
    for list in ["scopes_supported", "claims_supported"] {
        assert!(document[list].as_array().unwrap().contains(&Value::from("groups")), "{list}");
    }
}

#[tokio::test]
async fn people_are_asked_before_an_application_hears_of_their_groups() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = with_groups(&app, "web", |metadata| metadata.skip_consent = false).await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    for asked in [("openid groups", ""), ("openid", r#"{"id_token":{"groups":null}}"#)] {
        let claims = (!asked.1.is_empty()).then_some(("claims", asked.1));
        let extra: Vec<_> = claims.into_iter().collect();
        let page = browser.open(&rp.authorization(asked.0, &extra)).await;
        assert!(page.text().contains("See the groups you are in"), "{asked:?}: {}", page.text());
    }
}

/// What a browser is told when it comes with this request.
async fn outcome(browser: &mut Browser, address: &str) -> String {
    let page = browser.open(address).await;
    if page.header("location").is_some() {
        return page.sent("error").unwrap_or_else(|| page.sent("code").map(|_| "code".to_owned()).unwrap());
    }
    match &page.body {
        body if body.contains("set-up-continue") => "set up".to_owned(),
        body if body.contains("action=\"/login/second\"") => "second".to_owned(),
        _ => page.text(),
    }
}

on_both!(what_a_client_or_a_group_asks_for_is_set_up_and_then_the_sign_in_goes_on, |app| {
    let staff = group(&app, "staff", None).await;
    let open = with_groups(&app, "open", |_| {}).await;
    let strict = with_groups(&app, "strict", |metadata| metadata.least_acr = Some(Level::TwoFactors)).await;
    for (name, rp) in [("ada", &strict), ("bob", &open)] {
        let user = app.user(name).await;
        let mut browser = signed_in(&app, name).await;
        assert_eq!(
            outcome(&mut browser, &open.authorization("openid", &[])).await,
            "code",
            "{name}: nobody asks"
        );
        join(&app, &staff, &user.id).await;
        if name == "bob" {
            let input = GroupInput { least_acr: Some("two-factors".to_owned()), ..GroupInput::from(&staff) };
            groups::change(&app.app, &Origin::system(), &staff, &input).await.unwrap();
        }
        // Without a page, the application is told that one is needed (Core §3.1.2.6).
        let silent = rp.authorization("openid", &[("prompt", "none")]);
        assert_eq!(outcome(&mut browser, &silent).await, "interaction_required", "{name}");
        let page = browser.open(&rp.authorization("openid", &[])).await;
        assert!(page.text().contains("authenticator app, or a passkey"), "{name}: {}", page.text());
        let (onward, set_up_at) =
            (page.attribute("#set-up-continue", "href"), page.attribute("#set-up-open", "href"));
        assert_eq!(
            outcome(&mut browser, &onward).await,
            "set up",
            "{name}: going on as before brings nobody on"
        );
        // The account's own pages ask for no more than they did.
        assert!(browser.get(&set_up_at).await.body.contains("/account/sign-in/app"), "{name}");
        // Whoever has just entered a code is not asked for another one.
        set_up(&app, &mut browser).await;
        let page = browser.open(&onward).await;
        let code = page.sent("code").unwrap_or_else(|| panic!("{name}: {}", page.text()));
        let tokens = granted(&rp.redeem(&code).await);
        assert_eq!(tokens.claims("id_token")["acr"], "urn:countersign:acr:two-factors", "{name}");
        assert_eq!(outcome(&mut browser, &silent).await, "code", "{name}");
    }
});

on_both!(a_group_that_asks_for_more_is_obeyed_at_once_and_one_that_was_left_is_not, |app| {
    let there = app.second_node().await;
    let user = app.user("ada").await;
    let admins = group(&app, "admins", Some(Level::PhishingResistant)).await;
    let rp = with_groups(&app, "web", |_| {}).await;
    let mut here = signed_in(&app, "ada").await;
    let mut elsewhere = here.at(&there.router);
    let address = rp.authorization("openid", &[]);
    there.hears().await;
    for _ in 0..2 {
        assert_eq!(outcome(&mut here, &address).await, "code");
        assert_eq!(outcome(&mut elsewhere, &address).await, "code");
    }
    join(&app, &admins, &user.id).await;
    assert_eq!(outcome(&mut here, &address).await, "set up");
    there.hears().await;
    assert_eq!(outcome(&mut elsewhere, &address).await, "set up");
    leave(&app, &admins, &user.id).await;
    assert_eq!(outcome(&mut here, &address).await, "code");
    // Nobody is turned away by what is remembered, whether or not the other node has heard.
    assert_eq!(outcome(&mut elsewhere, &address).await, "code");
});

on_both!(what_an_application_holds_stays_its_own_when_more_is_asked_for, |app| {
    let user = app.user("ada").await;
    let rp = with_groups(&app, "web", |_| {}).await;
    let mut browser = signed_in(&app, "ada").await;
    let tokens = rp.tokens(&mut browser, "ada", "openid groups offline_access").await;
    let admins = group(&app, "admins", Some(Level::TwoFactors)).await;
    join(&app, &admins, &user.id).await;
    let refreshed = granted(&rp.refresh(tokens.refresh()).await);
    assert_eq!(rp.userinfo(refreshed.access()).await.json()["groups"], json!(["admins"]), "and hears of it");
    assert_eq!(outcome(&mut browser, &rp.authorization("openid", &[])).await, "set up", "but not anew");
});

#[tokio::test]
async fn the_page_of_what_to_set_up_keeps_nobody_who_has_nothing_to_do_there() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let strict = with_groups(&app, "strict", |metadata| metadata.least_acr = Some(Level::TwoFactors)).await;
    let mut browser = signed_in(&app, "ada").await;
    let page = browser.get(&strict.authorization("openid", &[])).await;
    let address = page.location().to_owned();
    assert!(address.starts_with("/login/set-up?flow="), "{address}");
    assert_eq!(browser.get(&address).await.status, 200);
    // Another browser's, none at all, and one that nobody made.
    assert_eq!(app.browser().get(&address).await.status, 403);
    assert_eq!(browser.get("/login/set-up").await.location(), "/account");
    assert_eq!(browser.get("/login/set-up?flow=x").await.status, 400);
    set_up(&app, &mut browser).await;
    assert!(browser.get(&address).await.location().starts_with("/authorize?flow="));
}

#[tokio::test]
async fn rfc7592_2_2_a_client_cannot_take_back_what_an_administrator_asks_of_its_users() {
    let app = TestApp::start_at(Engine::Sqlite, START * 1000, |config| {
        config.registration.mode = RegistrationMode::Open;
    })
    .await;
    let json = |method: &str, path: &str, token: &str, body: &Value| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let wish = json!({ "redirect_uris": ["https://app.example/cb"], "least_acr": "two-factors" });
    let request = Request::post("/register").header("content-type", "application/json");
    let made = app.send(request.body(Body::from(wish.to_string())).unwrap()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let (id, token) =
        (made["client_id"].as_str().unwrap(), made["registration_access_token"].as_str().unwrap());
    assert_eq!((made.get("least_acr"), app.stored_client(id).await.metadata.least_acr), (None, None));
    let before = app.stored_client(id).await;
    let input = ClientInput { least_acr: Some("two-factors".to_owned()), ..ClientInput::from(&before) };
    clients::change(&app.app, &Origin::system(), before, &input).await.unwrap();
    let path = format!("/register/{id}");
    let wish =
        json!({ "client_id": id, "redirect_uris": ["https://app.example/cb"], "least_acr": "one-factor" });
    let replaced = app.send(json("PUT", &path, token, &wish)).await;
    assert_eq!(replaced.status, 200, "{}", replaced.body);
    assert_eq!(replaced.json().get("least_acr"), None, "an administrator's matter");
    assert_eq!(app.stored_client(id).await.metadata.least_acr, Some(Level::TwoFactors));
}

on_both!(an_administrator_makes_a_group_and_fills_it_in_the_browser, |app| {
    let ada = app.user("ada").await;
    let (_, mut root) = administrator(&app, "root").await;
    let list = "/admin/groups";
    assert!(root.get(list).await.text().contains("No groups yet"));
    let at = "/admin/groups/new";
    let odd = [("name", "<b>"), ("description", "Kept & shown")];
    let wrong = submit(&mut root, at, list, &odd).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.attribute("#name", "value"), "<b>");
    assert_eq!(wrong.attribute("#description", "value"), "Kept & shown");
    let made = submit(&mut root, at, list, &[("name", "Editors"), ("least_acr", "two-factors")]).await;
    let path = made.location().split('?').next().unwrap().to_owned();
    let taken = submit(&mut root, at, list, &[("name", "editors")]).await;
    assert_eq!(
        (taken.status.as_u16(), taken.text().contains("This group name is already in use")),
        (409, true)
    );
    assert!(root.get(list).await.text().contains("Two factors"));
    let members = format!("{path}/members");
    let nobody = submit(&mut root, &path, &members, &[("member", "<nobody>")]).await;
    assert_eq!((nobody.status.as_u16(), nobody.attribute("#member", "value")), (400, "<nobody>".to_owned()));
    for login in [" ADA@example.com ", "ada"] {
        assert_eq!(submit(&mut root, &path, &members, &[("member", login)]).await.status, 303, "{login}");
    }
    assert_eq!(names(&app, &ada.id).await, ["Editors"]);
    let user_page = root.get(&format!("/admin/users/{}", ada.id)).await;
    assert!(user_page.body.contains(&format!("href=\"{path}\"")), "{}", user_page.body);
    // Two edits at once: the later one is told.
    let stale = root.get(&path).await.form(&path);
    let renamed = submit(&mut root, &path, &path, &[("name", "Publishers")]).await;
    assert_eq!(renamed.status, 303, "{}", renamed.body);
    let overtaken = root.post(&path, &filled(stale, &[("name", "Readers")])).await;
    assert_eq!(
        (overtaken.status.as_u16(), overtaken.attribute("#name", "value")),
        (412, "Publishers".to_owned())
    );
    assert_eq!(names(&app, &ada.id).await, ["Publishers"]);
    let remove = format!("{members}/{}/remove", ada.id);
    let page = root.get(&path).await;
    assert_eq!(page.attribute("#least_acr option[selected]", "value"), "two-factors");
    let form = page.form(&remove);
    assert_eq!(root.post(&remove, &form).await.status, 303);
    assert_eq!(root.post(&remove, &form).await.status, 404, "not in it any more");
    assert_eq!(names(&app, &ada.id).await, Vec::<String>::new());
    assert_eq!(submit(&mut root, &path, &format!("{path}/delete"), &[]).await.status, 303);
    assert_eq!(root.get(&path).await.status, 404);
    let log = app.audit_log().await;
    for action in ["create", "update", "add_member", "remove_member", "delete"] {
        let entry = format!("group.{action} group:{}", path.rsplit('/').next().unwrap());
        assert_eq!(log.iter().filter(|row| **row == entry).count(), 1, "{entry}: {log:?}");
    }
});
