//! What the store promises, on both engines: one winner of every race, nothing half done, nothing lost, and the audit
//! row there exactly when its change is.

use countersign::admin::{clients, groups, users};
use countersign::app::Origin;
use countersign::background;
use countersign::config;
use countersign::protocol::claims_request::ClaimsRequest;
use countersign::protocol::client::{Client, SelfRegistration};
use countersign::protocol::client_assertion::OneTimeId;
use countersign::protocol::code::{Code, GrantLifetimes, Redeem, RedeemRequest, may_redeem};
use countersign::protocol::grant::Footing;
use countersign::protocol::group::GroupInput;
use countersign::protocol::ids::{GrantId, SessionId, UserId};
use countersign::protocol::recovery::{Aim, MailedLink, may_reset, may_verify};
use countersign::protocol::refresh::{Decision, Presented, RefreshPolicy, Rotate, may_rotate};
use countersign::protocol::scope::Scope;
use countersign::protocol::session::Session;
use countersign::protocol::standard_claims::{Address, StandardClaims};
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use countersign::protocol::user_search::UserSearch;
use countersign::store::{
    AuditEntry, Bucket, Carried, Consent, MailLimit, NewMail, NewSession, NoticesOf, Opened,
    RegistrationToken, Rotated, SelfRegistered, Share, Store, StoreError, StoredKey, Unique,
};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

use crate::support::{Engine, START, TestApp, on_both};

pub const NOW: Timestamp = Timestamp(START);
pub const HOUR: i64 = 3_600;

pub fn later(seconds: i64) -> Timestamp {
    Timestamp(START + seconds)
}

pub fn audit(app: &TestApp, action: &'static str) -> AuditEntry {
    app.app.audit(&Origin::system(), action, "test".to_owned(), "")
}

/// How often an action stands in the audit log.
async fn audited(app: &TestApp, action: &str) -> usize {
    app.app.store.recent_audit(10_000).await.unwrap().iter().filter(|row| row.action == action).count()
}

/// An audit entry that cannot be written, because its id is in use: what happens to the change it belongs to?
async fn unwritable(app: &TestApp) -> AuditEntry {
    let entry = audit(app, "first of its id");
    app.app.store.audit(&entry).await.unwrap();
    AuditEntry { action: "never written", ..entry }
}

pub fn session(user: &User, id: &str) -> Session {
    Session {
        id: id.into(),
        secret_hash: "hash".to_owned(),
        user_id: user.id.clone(),
        active: true,
        auth_time: NOW,
        methods: "pwd".to_owned(),
        acr: "acr".to_owned(),
        remembered: false,
        ip: "192.0.2.1".to_owned(),
        user_agent: "browser".to_owned(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: later(12 * HOUR),
    }
}

pub async fn begin(app: &TestApp, user: &User, id: &str) -> SessionId {
    let audit = audit(app, "session.begin");
    assert!(app.app.store.begin_session(&session(user, id), user, None, &audit).await.unwrap());
    id.into()
}

pub fn consent(user: &User, client: &Client, id: &str, scope: &str) -> Consent {
    Consent {
        id: id.into(),
        user_id: user.id.clone(),
        client_id: client.id.clone(),
        scope: Scope::parse(scope).unwrap(),
        created_at: NOW,
    }
}

/// What is there.
pub fn stored<T: Clone>(found: Result<Option<Arc<T>>, StoreError>) -> T {
    Arc::unwrap_or_clone(found.unwrap().unwrap())
}

/// Proof that a code for this grant may be redeemed.
fn redeem(client: &Client, user: &User, session: &str, id: &str, scope: &str, now: Timestamp) -> Redeem {
    redeem_with(client, user, session, id, scope, now, None)
}

/// The same for one that rests on a consent.
pub fn redeem_with(
    client: &Client,
    user: &User,
    session: &str,
    id: &str,
    scope: &str,
    now: Timestamp,
    consent: Option<&str>,
) -> Redeem {
    let code = Code { consent_id: consent.map(Into::into), ..code(client, user, session, id, scope, now) };
    let lifetimes = GrantLifetimes {
        access_token: Duration::from_secs(300),
        refresh_absolute: Duration::from_secs(24 * 3_600),
    };
    // As it was when the request came in; the store is to notice what happened since.
    let footing =
        Footing { user_disabled: false, session_expires_at: Some(later(12 * HOUR)), consent_stands: true };
    let secret = "grant's secret".to_owned();
    may_redeem(client, RedeemRequest::default(), &code, &footing, secret, lifetimes, now).unwrap()
}

fn code(client: &Client, user: &User, session: &str, id: &str, scope: &str, now: Timestamp) -> Code {
    Code {
        grant_id: id.into(),
        client_id: client.id.clone(),
        redirect_uri: client.metadata.redirect_uris[0].clone(),
        redirect_uri_was_named: false,
        challenge: None,
        user_id: user.id.clone(),
        session_id: session.into(),
        consent_id: None,
        scope: Scope::parse(scope).unwrap(),
        claims: ClaimsRequest::default(),
        dpop_jkt: None,
        nonce: None,
        auth_time: Timestamp(START),
        acr: "acr".to_owned(),
        amr: "pwd".to_owned(),
        expires_at: Timestamp(now.0 + 60),
    }
}

/// Proof that the current refresh token of a grant may be redeemed.
pub async fn rotation(store: &Store, client: &Client, id: &str) -> Rotate {
    let (grant, footing) = store.asked_anew().grant(&id.into()).await.unwrap().unwrap();
    let policy = RefreshPolicy { idle: Duration::from_secs(3_600), grace: Duration::ZERO };
    let presented = Presented { generation: grant.generation, key: None };
    match may_rotate(client, &grant, &footing, presented, policy, NOW).unwrap() {
        Decision::Rotate(rotate) => rotate,
        Decision::Repeat { .. } => panic!("not current"),
    }
}

/// Runs 32 of them at once on two nodes.
async fn storm<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    app: &TestApp,
    attempt: impl Fn(usize, Store) -> F,
) -> Vec<T> {
    storm_on(&[app.clone(), app.second_node().await], attempt).await
}

async fn storm_on<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    nodes: &[TestApp; 2],
    attempt: impl Fn(usize, Store) -> F,
) -> Vec<T> {
    let mut attempts = JoinSet::new();
    for number in 0..32 {
        attempts.spawn(attempt(number, nodes[number % 2].app.store.clone()));
    }
    attempts.join_all().await
}

on_both!(of_32_redemptions_of_a_code_one_opens_the_grant, |app| {
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    for (id, scope) in [("online", "openid"), ("offline", "openid offline_access")] {
        let opened = storm(&app, |_, store| {
            let redeem = redeem(&client, &user, "s", id, scope, NOW);
            async move { store.open_grant(&redeem).await.unwrap() }
        })
        .await;
        let count = |wanted: fn(&Opened) -> bool| opened.iter().filter(|one| wanted(one)).count();
        assert_eq!(count(|one| matches!(one, Opened::Now)), 1, "{id}");
        assert_eq!(count(|one| matches!(one, Opened::AlreadyUsed)), 31, "{id}");
    }
});

on_both!(what_a_grant_says_and_rests_on_reads_back, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    let redeem = redeem(&client, &user, "s", "g", "openid email", NOW);
    assert!(matches!(store.open_grant(&redeem).await.unwrap(), Opened::Now));
    let (grant, footing) = store.grant(&"g".into()).await.unwrap().unwrap();
    assert_eq!(format!("{grant:?}"), format!("{:?}", redeem.grant()));
    assert!(grant.active && !grant.offline);
    assert!(!footing.user_disabled && !footing.consent_stands);
    assert_eq!(footing.session_expires_at, Some(later(12 * HOUR)));
    assert_eq!(
        format!(
            "{:?}",
            store.footing(&code(&client, &user, "s", "g", "openid email", NOW)).await.unwrap().unwrap()
        ),
        format!("{footing:?}")
    );

    store.revoke_token(&"t".into(), later(60)).await.unwrap();
    store.revoke_token(&"t".into(), later(60)).await.unwrap();
    assert!(store.token_is_revoked(&"t".into()).await.unwrap());
    assert!(!store.token_is_revoked(&"u".into()).await.unwrap());

    assert!(store.end_session(&user.id, &"s".into(), &audit(&app, "session.end")).await.unwrap());
    let (_, footing) = store.grant(&"g".into()).await.unwrap().unwrap();
    assert_eq!(footing.session_expires_at, None);
    assert!(store.grant(&"h".into()).await.unwrap().is_none());
});

on_both!(of_32_rotations_of_a_refresh_token_one_raises_the_generation, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    store.open_grant(&redeem(&client, &user, "s", "g", "openid", NOW)).await.unwrap();
    for generation in 0..3 {
        let mut proofs = Vec::new();
        for _ in 0..32 {
            proofs.push(rotation(store, &client, "g").await);
        }
        let proofs = std::sync::Mutex::new(proofs);
        let rotated = storm(&app, |_, store| {
            let rotate = proofs.lock().unwrap().pop().unwrap();
            async move { store.rotate(&rotate).await.unwrap() }
        })
        .await;
        assert_eq!(rotated.iter().filter(|one| **one == Rotated::Now).count(), 1);
        // What a node remembers may be a generation behind.
        let (grant, ..) = store.asked_anew().grant(&"g".into()).await.unwrap().unwrap();
        assert_eq!(grant.generation, generation + 1);
    }
});

on_both!(a_rotation_that_was_decided_before_a_revocation_is_lost_after_it, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    store.open_grant(&redeem(&client, &user, "s", "g", "openid", NOW)).await.unwrap();
    let decided = rotation(store, &client, "g").await;
    assert!(store.revoke_grant(&"g".into(), &audit(&app, "grant.revoke")).await.unwrap());
    assert!(!store.revoke_grant(&"g".into(), &audit(&app, "grant.revoke")).await.unwrap(), "only once");
    assert_eq!(audited(&app, "grant.revoke").await, 1);
    assert_eq!(store.rotate(&decided).await.unwrap(), Rotated::Lost);
    let (grant, ..) = store.grant(&"g".into()).await.unwrap().unwrap();
    assert!(!grant.active);
    assert_eq!(grant.generation, 0);
});

on_both!(an_offline_grant_does_not_open_behind_the_end_of_its_session, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    for (session, how) in [("s1", "end"), ("s2", "password"), ("s3", "disable"), ("s4", "missing")] {
        let user = stored(store.user(&user.id).await);
        if how != "missing" {
            begin(&app, &user, session).await;
        }
        // Decided while the session was live.
        let late = redeem(&client, &user, session, session, "openid offline_access", NOW);
        let entry = audit(&app, "test");
        match how {
            "end" => assert!(store.end_session(&user.id, &session.into(), &entry).await.unwrap()),
            "password" => assert!(store.set_password(&user.id, "x", None, NOW, &entry).await.unwrap()),
            "disable" => {
                let after = User { disabled: true, updated_at: later(100), ..user.clone() };
                assert!(store.update_user(&after, user.updated_at, &entry).await.unwrap());
                let again = User { disabled: false, updated_at: later(200), ..user.clone() };
                assert!(store.update_user(&again, later(100), &audit(&app, "test")).await.unwrap());
            }
            _ => {}
        }
        assert!(matches!(store.open_grant(&late).await.unwrap(), Opened::NotAnyMore), "{how}");
        assert!(store.grant(&session.into()).await.unwrap().is_none(), "{how}: nothing is written");
    }
});

/// Changes the database itself, past the store and all that it does besides.
async fn change_behind_its_back(app: &TestApp, sql: &'static str) {
    match &app.app.config.database.engine {
        config::Engine::Sqlite(file) => {
            let mut raw = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            raw.execute(sql).await.unwrap();
        }
        config::Engine::Postgres(url) => {
            PgConnection::connect(url).await.unwrap().execute(sql).await.unwrap();
        }
    }
}

/// What everything rests on, one at a time: how it ends, and how it is as before.
const FOOTINGS: [(&str, &str, &str); 5] = [
    ("client", "UPDATE clients SET disabled = TRUE", "UPDATE clients SET disabled = FALSE"),
    ("user", "UPDATE users SET disabled = TRUE", "UPDATE users SET disabled = FALSE"),
    ("session", "UPDATE sessions SET state = 'ended'", "UPDATE sessions SET state = 'active'"),
    (
        "session's end",
        "UPDATE sessions SET expires_at = 1767225600",
        "UPDATE sessions SET expires_at = 1767225600 + 3600",
    ),
    ("consent", "UPDATE consents SET id = 'another'", "UPDATE consents SET id = 'c'"),
];

/// A session and a consent, of ada's to a client.
async fn footing(app: &TestApp) -> (User, Client) {
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(app, &user, "s").await;
    let allowed = audit(app, "consent.allow");
    app.app.store.allow(&consent(&user, &client, "c", "openid"), NOW, &allowed).await.unwrap();
    (user, client)
}

on_both!(what_a_code_rests_on_is_asked_at_its_gate, |app| {
    let store = &app.app.store;
    let (user, client) = footing(&app).await;
    for scope in ["openid", "openid offline_access"] {
        for (what, end, restore) in FOOTINGS {
            let id = format!("{what} {scope}");
            let decided = redeem_with(&client, &user, "s", &id, scope, NOW, Some("c"));
            change_behind_its_back(&app, end).await;
            assert_eq!(store.open_grant(&decided).await.unwrap(), Opened::NotAnyMore, "{id}");
            change_behind_its_back(&app, restore).await;
            assert_eq!(store.open_grant(&decided).await.unwrap(), Opened::Now, "{id}: nothing was used up");
        }
    }
});

on_both!(what_a_refresh_token_rests_on_is_asked_at_its_gate, |app| {
    let store = &app.app.store;
    let (user, client) = footing(&app).await;
    let grants_end = (
        "grant's end",
        "UPDATE grants SET expires_at = 1767225600",
        "UPDATE grants SET expires_at = 1767225600 + 3600",
    );
    for (scope, needs_session) in [("openid", true), ("openid offline_access", false)] {
        let opened = redeem_with(&client, &user, "s", scope, scope, NOW, Some("c"));
        assert_eq!(store.open_grant(&opened).await.unwrap(), Opened::Now);
        for (what, end, restore) in FOOTINGS.into_iter().chain([grants_end]) {
            let decided = rotation(store, &client, scope).await;
            change_behind_its_back(&app, end).await;
            let expected =
                if what.starts_with("session") && !needs_session { Rotated::Now } else { Rotated::Lost };
            assert_eq!(store.rotate(&decided).await.unwrap(), expected, "{what} {scope}");
            change_behind_its_back(&app, restore).await;
            if expected == Rotated::Lost {
                assert_eq!(
                    store.rotate(&decided).await.unwrap(),
                    Rotated::Now,
                    "{what} {scope}: nothing was used up"
                );
            }
        }
    }
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offline_grant_waits_for_the_end_of_its_session_that_is_under_way() {
    // SQLite has one writer.
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start(Engine::Postgres).await;
    let (user, client) = footing(&app).await;
    let config::Engine::Postgres(url) = &app.app.config.database.engine else { panic!("not PostgreSQL") };
    let mut raw = PgConnection::connect(url).await.unwrap();
    let mut ending = raw.begin().await.unwrap();
    ending.execute("UPDATE sessions SET state = 'ended'").await.unwrap();
    let (store, late) =
        (app.app.store.clone(), redeem(&client, &user, "s", "g", "openid offline_access", NOW));
    let opening = tokio::spawn(async move { store.open_grant(&late).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!opening.is_finished(), "it did not wait");
    ending.commit().await.unwrap();
    assert_eq!(opening.await.unwrap(), Opened::NotAnyMore);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (user, client) = footing(&app).await;
    let config::Engine::Sqlite(file) = &app.app.config.database.engine else { panic!("not SQLite") };
    let mut locker = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let store = app.app.store.clone();
    // Redeemed by one statement, and by several.
    for scope in ["openid", "openid offline_access"] {
        let code = redeem(&client, &user, "s", scope, scope, NOW);
        locker.execute("BEGIN IMMEDIATE").await.unwrap();
        // It waits for the lock, and whoever asked hangs up meanwhile.
        let hung_up = tokio::time::timeout(Duration::from_millis(300), store.open_grant(&code)).await;
        assert!(hung_up.is_err(), "it did not wait");
        locker.execute("ROLLBACK").await.unwrap();
        assert_eq!(store.open_grant(&code).await.unwrap(), Opened::Now, "the code is unused: {scope}");
    }
}

on_both!(what_was_read_before_an_end_and_is_used_after_it_brings_nothing_back, |app| {
    let store = &app.app.store;
    let (user, client) = footing(&app).await;
    store.open_grant(&redeem(&client, &user, "s", "g", "openid", NOW)).await.unwrap();
    app.hears().await;
    let (session, rotate) =
        (store.session(&"s".into()).await.unwrap().unwrap(), rotation(store, &client, "g").await);
    assert_eq!(store.rotate(&rotate).await.unwrap(), Rotated::Now);
    assert!(store.end_session(&user.id, &session.id, &audit(&app, "session.end")).await.unwrap());
    // Somebody else asks meanwhile, so that it is in memory how things are.
    assert!(!store.session(&session.id).await.unwrap().unwrap().active);
    store.touch_session(&session, later(60));
    assert!(!store.session(&session.id).await.unwrap().unwrap().active, "it was ended");
});

on_both!(a_code_that_was_used_is_told_apart_from_one_whose_session_is_over, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    let redeem = redeem(&client, &user, "s", "g", "openid offline_access", NOW);
    assert!(matches!(store.open_grant(&redeem).await.unwrap(), Opened::Now));
    store.end_session(&user.id, &"s".into(), &audit(&app, "session.end")).await.unwrap();
    assert!(matches!(store.open_grant(&redeem).await.unwrap(), Opened::AlreadyUsed), "so it gets revoked");
});

on_both!(what_belongs_to_somebody_deleted_meanwhile_is_gone_and_no_outage, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    assert!(store.delete_client(&client.id, &audit(&app, "client.delete")).await.unwrap());
    assert!(!store.delete_client(&client.id, &audit(&app, "client.delete")).await.unwrap());
    assert_eq!(audited(&app, "client.delete").await, 1);
    let late = store.open_grant(&redeem(&client, &user, "s", "g", "openid", NOW)).await.unwrap();
    assert_eq!(late, Opened::NotAnyMore);
    let allowed = audit(&app, "consent.allow");
    let late = store.allow(&consent(&user, &client, "c", "openid"), NOW, &allowed).await;
    assert!(matches!(late, Err(StoreError::Gone)), "{late:?}");
    assert_eq!(audited(&app, "consent.allow").await, 0);

    assert!(store.delete_user(&user.id, &audit(&app, "user.delete")).await.unwrap());
    let begun = audit(&app, "session.begin");
    assert!(!store.begin_session(&session(&user, "t"), &user, None, &begun).await.unwrap());
});

on_both!(deleting_a_user_or_a_client_takes_what_is_theirs_and_spares_the_rest, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (web, tv) = (app.client("web", |_| {}).await, app.client("tv", |_| {}).await);
    for user in [&ada, &bob] {
        begin(&app, user, &format!("s {}", user.username)).await;
        for client in [&web, &tv] {
            let id = format!("{} {}", user.username, client.id);
            let session = format!("s {}", user.username);
            store.open_grant(&redeem(client, user, &session, &id, "openid", NOW)).await.unwrap();
            let allowed = audit(&app, "consent.allow");
            store.allow(&consent(user, client, &id, "openid"), NOW, &allowed).await.unwrap();
        }
    }
    assert!(store.delete_client(&tv.id, &audit(&app, "client.delete")).await.unwrap());
    assert!(store.delete_user(&bob.id, &audit(&app, "user.delete")).await.unwrap());
    for (id, stays) in [("ada web", true), ("ada tv", false), ("bob web", false), ("bob tv", false)] {
        assert_eq!(store.grant(&id.into()).await.unwrap().is_some(), stays, "{id}");
    }
    assert_eq!(store.consents_of_user(&ada.id).await.unwrap().len(), 1);
    assert!(store.consents_of_user(&bob.id).await.unwrap().is_empty());
    assert!(store.session(&"s ada".into()).await.unwrap().is_some());
    assert!(store.session(&"s bob".into()).await.unwrap().is_none());
    assert!(!store.origin_is_registered("https://tv.example", None).await.unwrap());
    assert!(store.origin_is_registered("https://web.example", None).await.unwrap());
});

on_both!(a_client_reads_back_and_its_id_is_taken_once, |app| {
    let store = &app.app.store;
    let web = app.client("web", |metadata| metadata.refresh_grace_seconds = Some(3)).await;
    let read = stored(store.client(&web.id).await);
    assert_eq!(format!("{read:?}"), format!("{web:?}"));
    assert!(store.client(&"nobody".into()).await.unwrap().is_none());
    let again = store.insert_client(&web, &audit(&app, "client.again")).await.unwrap_err();
    assert_eq!(again.to_string(), "this client_id is already in use");
    assert_eq!(audited(&app, "client.again").await, 0);

    app.advance(1);
    app.client("api", |_| {}).await;
    let ids: Vec<_> = store.clients().await.unwrap().into_iter().map(|client| client.id).collect();
    assert_eq!(ids, ["web".into(), "api".into()], "in the order of registration");
});

on_both!(an_edit_of_a_client_never_overwrites_another_one_unseen, |app| {
    let store = &app.app.store;
    let web = app.client("web", |_| {}).await;
    let mut mine = Client { updated_at: later(1), ..web.clone() };
    mine.metadata.redirect_uris = vec!["https://new.example/cb".to_owned()];
    let theirs = Client { updated_at: later(2), disabled: true, ..web.clone() };
    assert!(store.update_client(&mine, web.updated_at, &audit(&app, "client.update")).await.unwrap());
    assert!(!store.update_client(&theirs, web.updated_at, &audit(&app, "client.stale")).await.unwrap());
    assert_eq!((audited(&app, "client.update").await, audited(&app, "client.stale").await), (1, 0));
    let read = stored(store.client(&web.id).await);
    assert_eq!(read.metadata, mine.metadata);
    assert!(!read.disabled);

    // The origins went along with the redirect URIs; a disabled client's do not count.
    let is_registered = async |origin: &str, client: Option<&str>| {
        store.origin_is_registered(origin, client.map(Into::into).as_ref()).await.unwrap()
    };
    assert!(is_registered("https://new.example", None).await);
    assert!(is_registered("https://new.example", Some("web")).await);
    assert!(!is_registered("https://new.example", Some("other")).await);
    assert!(!is_registered("https://web.example", None).await);
    assert!(store.update_client(&theirs, later(1), &audit(&app, "client.update")).await.unwrap());
    assert!(!is_registered("https://web.example", None).await);
});

on_both!(of_32_edits_from_one_reading_one_is_written, |app| {
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    let origin = Origin::system();
    let clients = storm(&app, |number, store| {
        let mut after = Client { updated_at: later(1), ..client.clone() };
        after.metadata.client_name = format!("edit {number}");
        let (read_at, audit) =
            (client.updated_at, app.app.audit(&origin, "client.update", String::new(), ""));
        async move { store.update_client(&after, read_at, &audit).await.unwrap() }
    })
    .await;
    assert_eq!(clients.iter().filter(|written| **written).count(), 1);
    assert_eq!(audited(&app, "client.update").await, 1);
    let users = storm(&app, |number, store| {
        let name = Some(format!("edit {number}"));
        let after = User { name, updated_at: later(1), ..user.clone() };
        let (read_at, audit) = (user.updated_at, app.app.audit(&origin, "user.update", String::new(), ""));
        async move { store.update_user(&after, read_at, &audit).await.unwrap() }
    })
    .await;
    assert_eq!(users.iter().filter(|written| **written).count(), 1);
    assert_eq!(audited(&app, "user.update").await, 1);
});

on_both!(user_names_and_addresses_are_taken_once_and_the_refusal_says_which, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let new = User { id: "new".into(), ..ada.clone() };
    for (username, email, taken) in [
        ("ada", Some("new@example.com"), "this user name is already in use"),
        ("new", Some("ada@example.com"), "this e-mail address is already in use"),
    ] {
        let (username, email) = (username.to_owned(), email.map(str::to_owned));
        let user = User { username: username.clone(), email: email.clone(), ..new.clone() };
        let refused = store.insert_user(&user, &audit(&app, "user.twice")).await.unwrap_err();
        assert_eq!(refused.to_string(), taken);
        let user = User { username, email, updated_at: later(1), ..bob.clone() };
        let refused = store.update_user(&user, bob.updated_at, &audit(&app, "user.twice")).await.unwrap_err();
        assert_eq!(refused.to_string(), taken);
    }
    assert_eq!(audited(&app, "user.twice").await, 0);
    for name in ["cyd", "dan"] {
        let user = User { id: name.into(), username: name.to_owned(), email: None, ..ada.clone() };
        store.insert_user(&user, &audit(&app, "user.create")).await.unwrap();
    }

    let names = storm(&app, |number, store| {
        let user = User {
            id: format!("id {number}").into(),
            username: "eve".to_owned(),
            email: Some(format!("eve{number}@example.com")),
            ..ada.clone()
        };
        let audit = audit(&app, "user.create");
        async move { store.insert_user(&user, &audit).await }
    })
    .await;
    assert_eq!(names.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(names.iter().all(|one| matches!(one, Ok(()) | Err(StoreError::Taken(Unique::Username)))));
});

on_both!(a_users_claims_read_back_as_they_were_written_and_changed, |app| {
    let store = &app.app.store;
    let ada = app.user("ada").await;
    let claims = StandardClaims {
        given_name: Some("Ada \u{1f469}\u{200d}".to_owned()),
        phone_number: Some("+14255551212".to_owned()),
        phone_number_verified: Some(false),
        address: Some(Address { formatted: Some("\"1'\nLondon".to_owned()), ..Address::default() }),
        ..StandardClaims::default()
    };
    let whole = User { claims: claims.clone(), updated_at: later(1), ..ada.clone() };
    assert!(store.update_user(&whole, ada.updated_at, &audit(&app, "user.update")).await.unwrap());
    assert_eq!(stored(store.user(&ada.id).await).claims, claims);
    assert_eq!(store.user_by_login("ada").await.unwrap().unwrap().claims, claims);
    let bob = User {
        id: "bob".into(),
        username: "bob".to_owned(),
        email: None,
        claims: claims.clone(),
        ..ada.clone()
    };
    store.insert_user(&bob, &audit(&app, "user.create")).await.unwrap();
    let all = store.users("", 10).await.unwrap();
    assert!(all.len() == 2 && all.iter().all(|user| user.claims == claims));
    let bare = User { claims: StandardClaims::default(), updated_at: later(2), ..whole };
    assert!(store.update_user(&bare, later(1), &audit(&app, "user.update")).await.unwrap());
    assert_eq!(stored(store.user(&ada.id).await).claims, StandardClaims::default());
});

on_both!(users_are_found_by_id_login_and_search, |app| {
    let store = &app.app.store;
    let ada = app.user("ada").await;
    let wild = User {
        id: "wild".into(),
        username: "wild".to_owned(),
        email: None,
        name: Some("100%_Sure!".to_owned()),
        ..ada.clone()
    };
    store.insert_user(&wild, &audit(&app, "user.create")).await.unwrap();
    assert_eq!(format!("{:?}", stored(store.user(&ada.id).await)), format!("{ada:?}"));
    assert!(store.user(&"nobody".into()).await.unwrap().is_none());
    for login in ["ada", "ada@example.com"] {
        assert_eq!(store.user_by_login(login).await.unwrap().unwrap().id, ada.id, "{login}");
    }
    assert!(store.user_by_login("ADA").await.unwrap().is_none(), "canonical forms only");
    for (after, limit, found) in [("", 10, &["ada", "wild"][..]), ("", 1, &["ada"]), ("ada", 10, &["wild"])] {
        let names: Vec<_> =
            store.users(after, limit).await.unwrap().into_iter().map(|user| user.username).collect();
        assert_eq!(names, found, "after {after:?}");
    }
    // The same whether the words of the users are known yet or not.
    for words_known in [false, true] {
        for (query, found) in [
            ("DA@EXAMPLE", &["ada"][..]),
            ("of example", &["ada"]),
            ("0%_s", &["wild"]),
            ("SURE!", &["wild"]),
            ("a%a", &[]),
            ("_da", &[]),
        ] {
            let page = users::list(&app.app, query, "", 10).await.unwrap();
            let names: Vec<_> = page.users.into_iter().map(|user| user.username).collect();
            assert_eq!(names, found, "{query:?}, words known: {words_known}");
        }
        let written = background::user_words(store).await.unwrap();
        assert_eq!(written, if words_known { 0 } else { 2 });
    }
});

on_both!(a_user_is_found_by_the_words_of_today, |app| {
    let store = &app.app.store;
    let ada = User {
        name: Some("Ada Lovelace".to_owned()),
        email: Some("a.l@example.com".to_owned()),
        ..app.user("ada").await
    };
    assert!(store.update_user(&ada, ada.updated_at, &audit(&app, "user.update")).await.unwrap());
    let search = |text: &'static str| async move {
        let search = UserSearch::parse(text).unwrap();
        let rows = store.users_by_word((search.lead(), ""), &search.end(), 10).await.unwrap();
        rows.into_iter().filter(|(_, user)| search.means(user)).count()
    };
    assert_eq!(search("lov").await, 0, "not yet");
    assert_eq!(background::user_words(store).await.unwrap(), 1);
    assert_eq!((search("lov").await, search("a.l").await, search("king").await), (1, 1, 0));
    let renamed = User { name: Some("Ada King".to_owned()), updated_at: later(1), ..ada.clone() };
    assert!(store.update_user(&renamed, ada.updated_at, &audit(&app, "user.update")).await.unwrap());
    let page = users::list(&app.app, "king", "", 10).await.unwrap();
    assert_eq!(page.users.len(), 1, "found in the meantime, by looking through everybody");
    assert_eq!(background::user_words(store).await.unwrap(), 1);
    assert_eq!((search("lov").await, search("king").await), (0, 1));
    assert!(store.delete_user(&ada.id, &audit(&app, "user.delete")).await.unwrap());
    assert_eq!((search("king").await, background::user_words(store).await.unwrap()), (0, 0));
});

on_both!(a_search_finds_everybody_once_page_by_page, |app| {
    let store = &app.app.store;
    // Several words of each begin alike; of every third, the words are not written yet.
    for number in 0..60 {
        let user = app.user(&format!("kim{number:02}")).await;
        let name = if number % 2 == 0 { format!("Kim Kimura {number}") } else { format!("Xkim {number}") };
        let named = User { name: Some(name), ..user.clone() };
        store.update_user(&named, user.updated_at, &audit(&app, "user.update")).await.unwrap();
        if number == 40 {
            background::user_words(store).await.unwrap();
        }
    }
    for (query, all) in
        [("kim", 60), ("KIMURA", 30), ("imura", 30), ("xkim", 30), ("kim 17", 1), ("kimura xkim", 0)]
    {
        for limit in [1, 7, 30, 100] {
            let (mut names, mut after, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = users::list(&app.app, query, &after, limit).await.unwrap();
                assert!(page.users.len() <= limit as usize);
                names.extend(page.users.into_iter().map(|user| user.username));
                pages += 1;
                match page.next {
                    Some(next) => after = next,
                    None => break,
                }
            }
            let found = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!((found, names.len()), (all, all), "{query} by {limit}");
            assert!(pages <= all / limit as usize + 2, "{query} by {limit}: {pages} pages");
        }
    }
    for nowhere in ["x", "wx", "kim05"] {
        assert!(users::list(&app.app, "kim", nowhere, 1).await.is_err(), "{nowhere}");
    }
});

on_both!(a_large_group_is_read_in_the_order_of_its_index, |app| {
    let store = &app.app.store;
    let group = groups::create(
        &app.app,
        &Origin::cli(),
        &GroupInput { name: Some("all".to_owned()), ..GroupInput::default() },
    )
    .await
    .unwrap();
    for number in 0..5 {
        let user = app.user(&format!("user{number}")).await;
        store.add_member(&group.id, &user.id, &audit(&app, "group.add_member")).await.unwrap();
    }
    assert!(store.group_exceeds(&group.id, 4).await.unwrap());
    assert!(!store.group_exceeds(&group.id, 5).await.unwrap());
    let (mut names, mut after) = (Vec::new(), ":".to_owned());
    loop {
        let page = groups::members(&app.app, &group, &after, 2).await.unwrap();
        names.extend(page.users.into_iter().map(|user| user.username));
        let Some(next) = page.next else { break };
        assert!(next.starts_with(':'));
        after = next;
    }
    names.sort_unstable();
    assert_eq!(names, ["user0", "user1", "user2", "user3", "user4"]);
    let sorted = groups::members(&app.app, &group, "", 2).await.unwrap();
    assert_eq!(sorted.next.as_deref(), Some("user1"), "a small one by user name");
});

on_both!(applications_come_page_by_page, |app| {
    for number in 0..5 {
        app.client(&format!("app{number}"), |_| {}).await;
    }
    app.client("quoted", |metadata| "Bücher \"und\" mehr".clone_into(&mut metadata.client_name)).await;
    for (query, all) in
        [("", 6), ("APP", 5), ("3", 1), ("nothing", 0), ("BÜCHER", 1), ("\"und\"", 1), ("%", 0), ("_", 0)]
    {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let page = clients::list(&app.app, &Origin::cli(), query, &after, 2).await.unwrap();
            ids.extend(page.clients.into_iter().map(|client| client.id.to_string()));
            let Some(next) = page.next else { break };
            after = next;
        }
        assert_eq!(ids.len(), all, "{query}: {ids:?}");
        assert!(ids.is_sorted(), "{ids:?}");
    }
    assert!(clients::list(&app.app, &Origin::cli(), "", "0 app1", 2).await.is_err());
});

on_both!(counts_for_a_page_stop_where_they_say, |app| {
    let (user, store) = (app.user("ada").await, &app.app.store);
    for id in ["a", "b", "c"] {
        begin(&app, &user, id).await;
    }
    assert_eq!(store.count_few_sessions(NOW, 3).await.unwrap(), Some(3));
    assert_eq!(store.count_few_sessions(NOW, 2).await.unwrap(), None);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users, counts.clients), (1, 0));
});

on_both!(switching_a_user_off_ends_everything_for_good, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    let offline = redeem(&client, &user, "s", "g", "openid offline_access", NOW);
    store.open_grant(&offline).await.unwrap();
    let off = User { disabled: true, updated_at: later(1), ..user.clone() };
    let on = User { updated_at: later(2), ..user.clone() };
    assert!(!store.update_user(&off, later(9), &audit(&app, "user.stale")).await.unwrap());
    assert!(store.session(&"s".into()).await.unwrap().unwrap().active, "a stale edit does nothing at all");
    assert!(store.update_user(&off, user.updated_at, &audit(&app, "user.update")).await.unwrap());
    assert!(store.update_user(&on, later(1), &audit(&app, "user.update")).await.unwrap());
    assert!(!store.session(&"s".into()).await.unwrap().unwrap().active);
    assert!(!store.grant(&"g".into()).await.unwrap().unwrap().0.active);
});

on_both!(a_new_password_ends_everything_and_begins_the_session_of_whoever_set_it, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    let (scope, mut codes) = ("openid offline_access", Vec::new());
    for id in ["here", "there"] {
        begin(&app, &user, id).await;
        store.open_grant(&redeem(&client, &user, id, id, scope, NOW)).await.unwrap();
        codes.push(redeem(&client, &user, id, &format!("code {id}"), scope, NOW));
    }
    let next = |former: &str, id, action| NewSession {
        former: former.into(),
        session: session(&user, id),
        audit: audit(&app, action),
    };
    // Signed out while they chose.
    let over = begin(&app, &user, "over").await;
    assert!(store.end_session(&user.id, &over, &audit(&app, "session.end")).await.unwrap());
    let late = next("over", "late", "session.none");
    assert!(
        !store.set_password(&user.id, "late", Some(&late), NOW, &audit(&app, "user.none")).await.unwrap()
    );
    assert!(store.session(&"late".into()).await.unwrap().is_none());
    assert!(store.session(&"here".into()).await.unwrap().unwrap().active, "nothing ends by it");
    let next = next("here", "next", "session.next");
    let changed = audit(&app, "user.password");
    assert!(store.set_password(&user.id, "new", Some(&next), NOW, &changed).await.unwrap());
    let begun = store.session(&"next".into()).await.unwrap().unwrap();
    assert_eq!(format!("{begun:?}"), format!("{:?}", next.session));
    for id in ["here", "there"] {
        assert!(!store.session(&id.into()).await.unwrap().unwrap().active, "{id}");
        assert!(!store.grant(&id.into()).await.unwrap().unwrap().0.active, "{id}");
    }
    for code in &codes {
        assert_eq!(store.open_grant(code).await.unwrap(), Opened::NotAnyMore);
    }
    assert_eq!(stored(store.user(&user.id).await).password_hash.as_deref(), Some("new"));
    let nobody = UserId::from("nobody");
    let (former, audited_as) = ("next".into(), audit(&app, "session.none"));
    let other = NewSession { former, session: session(&user, "other"), audit: audited_as };
    let none = audit(&app, "user.none");
    assert!(!store.set_password(&nobody, "new", Some(&other), NOW, &none).await.unwrap());
    assert!(store.session(&"other".into()).await.unwrap().is_none());
    for (action, times) in [("user.password", 1), ("session.next", 1), ("user.none", 0), ("session.none", 0)]
    {
        assert_eq!(audited(&app, action).await, times, "{action}");
    }

    // The upgrade of a hash never brings an old password back.
    store.upgrade_password_hash(&user.id, "old", "old, upgraded").await.unwrap();
    assert_eq!(stored(store.user(&user.id).await).password_hash.as_deref(), Some("new"));
    store.upgrade_password_hash(&user.id, "new", "new, upgraded").await.unwrap();
    assert_eq!(stored(store.user(&user.id).await).password_hash.as_deref(), Some("new, upgraded"));
});

on_both!(a_sign_in_with_the_password_of_before_begins_no_session, |app| {
    let store = &app.app.store;
    let before = app.user("ada").await;
    // In the same second, so that the time alone does not tell.
    assert!(store.set_password(&before.id, "new", None, NOW, &audit(&app, "password")).await.unwrap());
    let begun = audit(&app, "session.begin");
    assert!(!store.begin_session(&session(&before, "s"), &before, None, &begun).await.unwrap());
    assert!(store.session(&"s".into()).await.unwrap().is_none());
    assert_eq!(audited(&app, "session.begin").await, 0);

    let user = stored(store.user(&before.id).await);
    begin(&app, &user, "t").await;
    let off = User { disabled: true, updated_at: later(9), ..user.clone() };
    assert!(store.update_user(&off, user.updated_at, &audit(&app, "user.update")).await.unwrap());
    let begun = audit(&app, "session.begin");
    assert!(!store.begin_session(&session(&off, "u"), &off, None, &begun).await.unwrap());
});

/// Declares tests on a single thread, where everything that is begun together is handed in before any of it is written,
/// and so written together.
macro_rules! on_one_thread {
    ($name:ident, |$app:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn scenario(engine: Engine) {
                let $app = TestApp::start(engine).await;
                $body
            }

            #[tokio::test]
            async fn on_sqlite() {
                scenario(Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                if Engine::postgres_is_there() {
                    scenario(Engine::Postgres).await;
                }
            }
        }
    };
}

on_one_thread!(what_is_handed_in_three_times_to_be_written_together_counts_once, |app| {
    let store = &app.app.store;
    let (user, client) = footing(&app).await;
    let code = redeem(&client, &user, "s", "g", "openid", NOW);
    let opened = tokio::join!(store.open_grant(&code), store.open_grant(&code), store.open_grant(&code));
    let opened = [opened.0, opened.1, opened.2].map(Result::unwrap);
    assert_eq!(opened, [Opened::Now, Opened::AlreadyUsed, Opened::AlreadyUsed]);

    let token = rotation(store, &client, "g").await;
    let rotated = tokio::join!(store.rotate(&token), store.rotate(&token), store.rotate(&token));
    let rotated = [rotated.0, rotated.1, rotated.2].map(Result::unwrap);
    assert_eq!(rotated, [Rotated::Now, Rotated::Lost, Rotated::Lost]);

    let once = OneTimeId { id: "jti".to_owned(), expires_at: later(60) };
    let first =
        tokio::join!(store.use_assertion(&once), store.use_assertion(&once), store.use_assertion(&once));
    assert_eq!([first.0, first.1, first.2].map(Result::unwrap), [true, false, false]);
});

on_one_thread!(beside_a_sign_in_with_the_new_password_the_old_one_begins_no_session, |app| {
    let store = &app.app.store;
    let before = app.user("ada").await;
    assert!(store.set_password(&before.id, "new", None, later(1), &audit(&app, "password")).await.unwrap());
    let after = stored(store.user(&before.id).await);
    let (old, new, again) = (session(&before, "old"), session(&after, "new"), session(&after, "again"));
    let begun = [1, 2, 3].map(|_| audit(&app, "session.begin"));
    let (old, new, again) = tokio::join!(
        store.begin_session(&old, &before, None, &begun[0]),
        store.begin_session(&new, &after, None, &begun[1]),
        store.begin_session(&again, &after, None, &begun[2]),
    );
    assert_eq!((old.unwrap(), new.unwrap(), again.unwrap()), (false, true, true));
    let is_there = async |id: &str| store.asked_anew().session(&id.into()).await.unwrap().is_some();
    assert_eq!((is_there("old").await, is_there("new").await, is_there("again").await), (false, true, true));
    assert_eq!(audited(&app, "session.begin").await, 2);
});

on_both!(a_sign_in_again_with_the_password_of_before_begins_no_session, |app| {
    let store = &app.app.store;
    let before = app.user("ada").await;
    let here = begin(&app, &before, "here").await;
    assert!(store.set_password(&before.id, "new", None, NOW, &audit(&app, "password")).await.unwrap());
    for id in ["here", "there"] {
        let begun = audit(&app, "session.again");
        assert!(!store.begin_session(&session(&before, id), &before, Some(&here), &begun).await.unwrap());
    }
    assert!(store.session(&"there".into()).await.unwrap().is_none());
    assert_eq!(audited(&app, "session.again").await, 0);
});

on_both!(a_session_that_was_ended_does_not_go_on, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (over, bobs) = (begin(&app, &ada, "over").await, begin(&app, &bob, "bob's").await);
    assert!(store.end_session(&ada.id, &over, &audit(&app, "session.end")).await.unwrap());
    for id in [over, bobs, "deleted since".into()] {
        let again = audit(&app, "session.again");
        let session = session(&ada, id.as_str());
        assert!(!store.begin_session(&session, &ada, Some(&id), &again).await.unwrap(), "{id}");
    }
    assert!(!store.session(&"over".into()).await.unwrap().unwrap().active);
    assert!(store.session(&"deleted since".into()).await.unwrap().is_none());
    assert_eq!(store.session(&"bob's".into()).await.unwrap().unwrap().user_id, bob.id);
});

on_both!(a_session_reads_back_replaces_its_predecessor_and_is_never_revived, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    begin(&app, &ada, "s1").await;
    let second = Session { created_at: later(1), last_seen_at: later(1), ..session(&ada, "s2") };
    let begun = audit(&app, "session.begin");
    assert!(store.begin_session(&second, &ada, Some(&"s1".into()), &begun).await.unwrap());
    let read = store.session(&"s2".into()).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{second:?}"));
    assert!(!store.session(&"s1".into()).await.unwrap().unwrap().active);

    let touch = async |id: &str, at| {
        store.touch_session(&store.session(&id.into()).await.unwrap().unwrap(), at);
        store.write_last_seen().await.unwrap();
    };
    touch("s1", later(60)).await;
    assert!(!store.session(&"s1".into()).await.unwrap().unwrap().active);
    touch("s2", later(60)).await;
    touch("s2", later(30)).await;
    assert_eq!(store.session(&"s2".into()).await.unwrap().unwrap().last_seen_at, later(60));

    let ended = audit(&app, "session.end");
    assert!(!store.end_session(&bob.id, &"s2".into(), &ended).await.unwrap(), "not bob's");
    begin(&app, &ada, "s3").await;
    let ids = async |now| {
        let sessions = store.sessions_of_user(&ada.id, now).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(NOW).await, ["s2".into(), "s3".into()], "the last used one first");
    assert!(ids(later(12 * HOUR)).await.is_empty());
    let all = audit(&app, "session.end_all");
    assert_eq!(store.end_sessions_of_user(&bob.id, None, &all).await.unwrap(), 0);
});

on_both!(ending_every_session_keeps_the_one_that_is_named, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for (user, id) in [(&ada, "s1"), (&ada, "s2"), (&ada, "s3"), (&bob, "s4")] {
        begin(&app, user, id).await;
    }
    let keep = SessionId::from("s2");
    let ended = store.end_sessions_of_user(&ada.id, Some(&keep), &audit(&app, "session.end_all")).await;
    assert_eq!(ended.unwrap(), 2);
    for (id, active) in [("s1", false), ("s2", true), ("s3", false), ("s4", true)] {
        assert_eq!(store.session(&id.into()).await.unwrap().unwrap().active, active, "{id}");
    }
});

on_both!(of_32_ends_of_a_session_one_is_told_that_it_was_active, |app| {
    let user = app.user("ada").await;
    begin(&app, &user, "s").await;
    let ended = storm(&app, |_, store| {
        let (user, audit) = (user.id.clone(), audit(&app, "session.end"));
        async move { store.end_session(&user, &"s".into(), &audit).await.unwrap() }
    })
    .await;
    assert_eq!(ended.iter().filter(|one| **one).count(), 1);
    assert_eq!(audited(&app, "session.end").await, 1);
});

on_both!(consents_that_are_given_at_once_are_all_kept, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    storm(&app, |number, store| {
        let consent = consent(&user, &client, &format!("c{number}"), &format!("openid scope{number}"));
        let audit = audit(&app, "consent.allow");
        async move { store.allow(&consent, NOW, &audit).await.unwrap() }
    })
    .await;
    let standing = store.consent(&user.id, &client.id).await.unwrap().unwrap();
    assert_eq!(standing.scope.iter().count(), 33);
    assert_eq!(store.consents_of_user(&user.id).await.unwrap().len(), 1);
    assert_eq!(audited(&app, "consent.allow").await, 32);

    let narrower = consent(&user, &client, "narrower", "openid");
    store.allow(&narrower, NOW, &audit(&app, "consent.allow")).await.unwrap();
    let after = store.consent(&user.id, &client.id).await.unwrap().unwrap();
    assert_eq!((&after.id, &after.scope), (&standing.id, &standing.scope), "never narrowed");
});

on_both!(withdrawing_revokes_the_grants_of_that_user_to_that_client, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (web, tv) = (app.client("web", |_| {}).await, app.client("tv", |_| {}).await);
    for (user, client, id) in [(&ada, &web, "g1"), (&ada, &tv, "g2"), (&bob, &web, "g3")] {
        begin(&app, user, id).await;
        store.open_grant(&redeem(client, user, id, id, "openid", NOW)).await.unwrap();
        let allowed = audit(&app, "consent.allow");
        store.allow(&consent(user, client, id, "openid"), NOW, &allowed).await.unwrap();
    }
    assert!(store.withdraw(&ada.id, &web.id, &audit(&app, "consent.withdraw")).await.unwrap());
    assert!(!store.withdraw(&ada.id, &web.id, &audit(&app, "consent.withdraw")).await.unwrap());
    assert_eq!(audited(&app, "consent.withdraw").await, 1);
    for (id, active) in [("g1", false), ("g2", true), ("g3", true)] {
        assert_eq!(store.grant(&id.into()).await.unwrap().unwrap().0.active, active, "{id}");
    }
    assert!(store.consent(&ada.id, &web.id).await.unwrap().is_none());

    let again = consent(&ada, &web, "again", "openid");
    store.allow(&again, NOW, &audit(&app, "consent.allow")).await.unwrap();
    assert_eq!(store.consent(&ada.id, &web.id).await.unwrap().unwrap().id, again.id, "another consent");
});

on_both!(attempts_at_once_are_all_counted_and_windows_turn_over, |app| {
    let store = &app.app.store;
    let window = |now: i64| later(now - 900);
    let bucket = |name| Bucket { name, most: 99 };
    let attempts = storm(&app, |_, store| async move {
        store.count_attempts(&[bucket("account:1")], NOW, later(-900)).await.unwrap()[0]
    })
    .await;
    let mut counts: Vec<_> = attempts.iter().map(|attempt| attempt.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=32).collect::<Vec<_>>());

    for (at, count, begun) in [(899, 33, 0), (900, 1, 900), (901, 2, 900)] {
        let attempt = store.count_attempts(&[bucket("account:1")], later(at), window(at)).await.unwrap()[0];
        assert_eq!((attempt.count, attempt.window_start), (count, later(begun)), "at {at}");
    }

    // A success forgets the account's failures, and takes one from the address.
    for _ in 0..3 {
        store.count_attempts(&[bucket("address:1")], NOW, window(0)).await.unwrap();
    }
    store.forgive_attempt(&["account:1"], Some("address:1")).await.unwrap();
    assert_eq!(store.count_attempts(&[bucket("account:1")], NOW, window(0)).await.unwrap()[0].count, 1);
    assert_eq!(store.count_attempts(&[bucket("address:1")], NOW, window(0)).await.unwrap()[0].count, 3);
    store.forgive_attempt(&["account:2"], Some("address:2")).await.unwrap();
    assert_eq!(
        store.count_attempts(&[bucket("address:2")], NOW, window(0)).await.unwrap()[0].count,
        1,
        "never below none"
    );

    // An attempt that was not looked at is taken back by itself.
    store.count_attempts(&[bucket("address:2")], NOW, window(0)).await.unwrap();
    for _ in 0..3 {
        store.take_back_attempt(&["address:2"]).await.unwrap();
    }
    assert_eq!(
        store.count_attempts(&[bucket("address:2")], NOW, window(0)).await.unwrap()[0].count,
        1,
        "never below none"
    );

    // Two at once, each by itself; and both are forgotten.
    let both = ["name:3", "account:3"];
    store.count_attempts(&[bucket("account:3")], NOW, window(0)).await.unwrap();
    let counts = async |most: [u32; 2]| {
        let buckets = [0, 1].map(|number| Bucket { name: both[number], most: most[number] });
        let attempts = store.count_attempts(&buckets, NOW, window(0)).await.unwrap();
        attempts.iter().map(|attempt| attempt.count).collect::<Vec<_>>()
    };
    assert_eq!(counts([9, 9]).await, [1, 2]);
    store.forgive_attempt(&both, None).await.unwrap();
    assert_eq!(counts([1, 1]).await, [1, 1]);
    // Whoever is beyond the first limit does not use up the second, and has nothing written down.
    for _ in 0..3 {
        assert_eq!(counts([1, 1]).await, [2]);
    }
    assert_eq!(counts([3, 1]).await, [2, 2], "and is counted where it is too much");
    store.take_back_attempt(&both).await.unwrap();
    assert_eq!(counts([9, 9]).await, [2, 2]);
});

on_both!(nodes_that_set_a_setting_at_once_get_the_same, |app| {
    let values = storm(&app, |number, store| async move {
        store.setting_or_insert("name", &format!("value {number}")).await.unwrap()
    })
    .await;
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    assert_eq!(app.app.store.setting_or_insert("name", "late").await.unwrap(), values[0]);
    assert_eq!(app.app.store.setting_or_insert("other", "late").await.unwrap(), "late");
});

on_both!(of_two_nodes_that_add_the_next_key_one_does, |app| {
    // A node that starts later could not open what stands for a sealed key here.
    let nodes = [app.clone(), app.second_node().await];
    let store = &app.app.store;
    let key = |number: usize| StoredKey {
        kid: format!("kid {number}").into(),
        alg: "ES256".to_owned(),
        sequence: 100,
        private_key: "sealed".to_owned(),
        created_at: NOW,
        active_from: later(60),
        revoked_at: None,
    };
    let before = store.signing_keys().await.unwrap().0.len();
    let inserted = storm_on(&nodes, |number, store| {
        let (key, audit) = (key(number), audit(&app, "key.race"));
        async move { store.insert_signing_key(&key, &audit).await.unwrap() }
    })
    .await;
    assert_eq!(inserted.iter().filter(|one| **one).count(), 1);
    assert_eq!(audited(&app, "key.race").await, 1);
    let keys = store.signing_keys().await.unwrap().0;
    assert_eq!(keys.len(), before + 1);
    let won = keys.iter().find(|key| key.sequence == 100).unwrap();
    assert_eq!((won.active_from, won.revoked_at), (later(60), None));

    // The same number of another algorithm is another key.
    let other = StoredKey { alg: "RS256".to_owned(), ..key(99) };
    assert!(store.insert_signing_key(&other, &audit(&app, "key.other")).await.unwrap());

    let revoked = storm_on(&nodes, |_, store| {
        let (kid, audit) = (won.kid.clone(), audit(&app, "key.revoke"));
        async move { store.revoke_signing_key(&kid, later(5), &audit).await.unwrap() }
    })
    .await;
    assert_eq!(revoked.iter().filter(|one| **one).count(), 1);
    assert_eq!(audited(&app, "key.revoke").await, 1);
    let keys = store.signing_keys().await.unwrap().0;
    assert_eq!(keys.iter().find(|key| key.kid == won.kid).unwrap().revoked_at, Some(later(5)));
});

on_both!(of_32_uses_of_a_set_up_link_one_makes_an_administrator, |app| {
    let store = &app.app.store;
    let template = app.user("ada").await;
    let administrator = |name: String| User {
        id: name.as_str().into(),
        email: Some(format!("{name}@example.com")),
        username: name,
        is_admin: true,
        ..template.clone()
    };
    assert!(!store.has_administrator().await.unwrap());
    store.offer_administrator_link("old", NOW, later(HOUR)).await.unwrap();
    store.offer_administrator_link("new", NOW, later(HOUR)).await.unwrap();
    assert!(!store.administrator_link_works("old", NOW).await.unwrap(), "a new one replaces it");
    assert!(store.administrator_link_works("new", later(HOUR - 1)).await.unwrap());
    assert!(!store.administrator_link_works("new", later(HOUR)).await.unwrap());

    let taken = audit(&app, "link.use");
    let refused = store.set_up_administrator("new", &administrator("ada".to_owned()), NOW, &taken).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    let (root, late) = (administrator("root".to_owned()), audit(&app, "link.use"));
    assert!(!store.set_up_administrator("new", &root, later(HOUR), &late).await.unwrap());
    assert!(store.administrator_link_works("new", NOW).await.unwrap(), "neither used it up");

    let used = storm(&app, |number, store| {
        let (user, audit) = (administrator(format!("root{number}")), audit(&app, "link.use"));
        async move { store.set_up_administrator("new", &user, NOW, &audit).await.unwrap() }
    })
    .await;
    assert_eq!(used.iter().filter(|one| **one).count(), 1);
    assert_eq!(audited(&app, "link.use").await, 1);
    let mut users = store.users("", 100).await.unwrap();
    users.retain(|user| user.username.starts_with("root"));
    assert_eq!(users.len(), 1);
    assert!(store.has_administrator().await.unwrap());
    let on = users.into_iter().next().unwrap();
    assert!(on.is_admin && !on.disabled);
});

on_both!(a_link_that_was_judged_before_a_change_does_nothing_after_it, |app| {
    let store = &app.app.store;
    for (name, may_choose, may_confirm) in [
        ("unchanged", true, true),
        ("password", false, true),
        ("address", false, false),
        ("off", false, false),
        ("late", false, false),
    ] {
        let user = app.user(name).await;
        let unverified = User { email_verified: false, ..user.clone() };
        let mut judged = Vec::new();
        for aim in [Aim::ResetPassword, Aim::VerifyAddress] {
            let token_hash = format!("{name} {}", aim.as_str());
            let of = if aim == Aim::ResetPassword { &user } else { &unverified };
            let link = MailedLink::for_user(aim, of, token_hash.clone(), NOW).unwrap();
            let limit = MailLimit { bucket: name.to_owned(), ..mail_limit() };
            let asked = Some(Carried::Link(&link, &audit(&app, "link.ask")));
            assert!(store.enqueue_mail(&new_mail(&token_hash), &limit, asked).await.unwrap());
            judged.push(link);
        }
        let reset = may_reset(&judged[0], &user, NOW).unwrap();
        let verification = may_verify(&judged[1], &user, NOW).unwrap();
        let changed = User { updated_at: later(1), ..user.clone() };
        let mut at = NOW;
        match name {
            "password" => {
                assert!(store.set_password(&user.id, "x", None, NOW, &audit(&app, "set")).await.unwrap());
            }
            "address" => {
                let user = User { email: Some("new@example.com".to_owned()), ..changed };
                assert!(store.update_user(&user, NOW, &audit(&app, "update")).await.unwrap());
            }
            "off" => {
                // Without another mark of a change than the switch.
                let user = User { disabled: true, ..user.clone() };
                assert!(store.update_user(&user, NOW, &audit(&app, "update")).await.unwrap());
            }
            "late" => at = later(86_400),
            _ => {}
        }
        // First the one that changes nothing which the other asks for: a reset counts as a change.
        let late = |action: &'static str| AuditEntry { at, ..audit(&app, action) };
        let before = app.stored_user(&user.id).await;
        let done = store.reset_password(&reset, "chosen", &late("reset")).await.unwrap();
        assert_eq!(done.is_some(), may_choose, "{name}");
        let after = app.stored_user(&user.id).await;
        assert_eq!(after.password_hash.as_deref() == Some("chosen"), may_choose, "{name}");
        assert_eq!(done.unwrap_or(before.updated_at), after.updated_at, "{name}");
        assert!(store.reset_password(&reset, "again", &late("reset")).await.unwrap().is_none(), "{name}");
        let done = store.verify_address(&verification, None, &late("verify")).await.unwrap();
        assert_eq!(done, may_confirm, "{name}");
        assert!(!store.verify_address(&verification, None, &late("verify")).await.unwrap(), "{name}");
    }
    assert_eq!((audited(&app, "reset").await, audited(&app, "verify").await), (1, 2));
});

on_both!(of_32_resets_by_one_link_one_sets_the_password, |app| {
    let store = &app.app.store;
    let ada = app.user("ada").await;
    begin(&app, &ada, "s").await;
    let link = MailedLink::for_user(Aim::ResetPassword, &ada, "hash".to_owned(), NOW).unwrap();
    let asked = Some(Carried::Link(&link, &audit(&app, "link.ask")));
    assert!(store.enqueue_mail(&new_mail("mail"), &mail_limit(), asked).await.unwrap());
    let reset = may_reset(&link, &ada, NOW).unwrap();
    let used = storm(&app, |number, store| {
        let (reset, audit) = (reset.clone(), audit(&app, "reset"));
        async move { store.reset_password(&reset, &format!("chosen {number}"), &audit).await.unwrap() }
    })
    .await;
    assert_eq!(used.iter().flatten().count(), 1);
    assert_eq!(audited(&app, "reset").await, 1);
    assert!(store.sessions_of_user(&ada.id, NOW).await.unwrap().is_empty());
});

fn new_mail(id: &str) -> NewMail {
    NewMail {
        id: id.to_owned(),
        to: "ada@example.com".to_owned(),
        kind: "reset_password",
        content: String::new(),
        created_at: NOW,
        ends_at: later(HOUR),
    }
}

fn mail_limit() -> MailLimit {
    MailLimit { bucket: "ada".to_owned(), window: HOUR, share: Share::Recovery }
}

on_both!(a_change_whose_audit_row_cannot_be_written_does_not_happen, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    begin(&app, &user, "s").await;
    store.open_grant(&redeem(&client, &user, "s", "g", "openid", NOW)).await.unwrap();
    let allowed = audit(&app, "consent.allow");
    store.allow(&consent(&user, &client, "c", "openid"), NOW, &allowed).await.unwrap();
    store.offer_administrator_link("link", NOW, later(HOUR)).await.unwrap();
    let over = begin(&app, &user, "over").await;
    for session in ["s", "over"] {
        store.note_session_client(&session.into(), &client.id, &user.id, NOW).await.unwrap();
    }
    assert!(store.end_session(&user.id, &over, &audit(&app, "session.end")).await.unwrap());
    let leased = store.lease_logout_notices(NoticesOf::Session(&over), NOW, later(45), 1).await.unwrap();
    let kid = store.signing_keys().await.unwrap().0[0].kid.clone();
    let unverified = User { email_verified: false, ..user.clone() };
    let link = |aim, hash: &str| {
        let of = if aim == Aim::ResetPassword { &user } else { &unverified };
        MailedLink::for_user(aim, of, hash.to_owned(), NOW).unwrap()
    };
    let (reset, verify) = (link(Aim::ResetPassword, "reset"), link(Aim::VerifyAddress, "verify"));
    for link in [&reset, &verify] {
        let asked = Some(Carried::Link(link, &audit(&app, "link.ask")));
        assert!(store.enqueue_mail(&new_mail(&link.token_hash), &mail_limit(), asked).await.unwrap());
    }
    let newer = link(Aim::ResetPassword, "newer");
    let may_reset = may_reset(&reset, &user, NOW).unwrap();
    let may_verify = may_verify(&verify, &user, NOW).unwrap();
    let state = || async {
        let grant: GrantId = "g".into();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            store.mailed_link(Aim::ResetPassword, "reset").await.unwrap().unwrap(),
            store.mailed_link(Aim::VerifyAddress, "verify").await.unwrap().unwrap(),
            store.mails(None, 10).await.unwrap(),
            store.users("", 10).await.unwrap(),
            store.clients().await.unwrap(),
            store.sessions_of_user(&user.id, NOW).await.unwrap(),
            store.consents_of_user(&user.id).await.unwrap(),
            store.grant(&grant).await.unwrap().unwrap(),
            store.signing_keys().await.unwrap().0,
            store.clients_with_due_notices(NOW, 10).await.unwrap(),
            store.clients_of_session(&over).await.unwrap(),
            store.administrator_link_works("link", NOW).await.unwrap(),
            audited(&app, "never written").await,
        )
    };
    let before = state().await;
    let u = unwritable(&app).await;
    let new_user = User {
        id: "new".into(),
        username: "new".to_owned(),
        email: None,
        updated_at: later(1),
        ..user.clone()
    };
    let off = User { disabled: true, updated_at: later(1), ..user.clone() };
    let changed = Client { disabled: true, updated_at: later(1), ..client.clone() };
    let new_client = Client { id: "new".into(), ..client.clone() };
    let key = StoredKey {
        kid: "new".into(),
        alg: "ES256".to_owned(),
        sequence: 100,
        private_key: String::new(),
        created_at: NOW,
        active_from: NOW,
        revoked_at: None,
    };
    let s: SessionId = "s".into();
    let outcomes = [
        ("audit", store.audit(&u).await),
        ("insert_user", store.insert_user(&new_user, &u).await),
        ("update_user", store.update_user(&off, user.updated_at, &u).await.map(drop)),
        ("set_password", store.set_password(&user.id, "x", None, NOW, &u).await.map(drop)),
        ("delete_user", store.delete_user(&user.id, &u).await.map(drop)),
        ("insert_client", store.insert_client(&new_client, &u).await),
        ("update_client", store.update_client(&changed, client.updated_at, &u).await.map(drop)),
        ("delete_client", store.delete_client(&client.id, &u).await.map(drop)),
        ("begin_session", store.begin_session(&session(&user, "t"), &user, Some(&s), &u).await.map(drop)),
        ("end_session", store.end_session(&user.id, &s, &u).await.map(drop)),
        ("end_sessions_of_user", store.end_sessions_of_user(&user.id, None, &u).await.map(drop)),
        ("settle_logout_notice", store.settle_logout_notice(&leased[0], Some(&u)).await.map(drop)),
        ("allow", store.allow(&consent(&user, &client, "d", "openid email"), NOW, &u).await),
        ("withdraw", store.withdraw(&user.id, &client.id, &u).await.map(drop)),
        ("revoke_grant", store.revoke_grant(&"g".into(), &u).await.map(drop)),
        ("insert_signing_key", store.insert_signing_key(&key, &u).await.map(drop)),
        ("revoke_signing_key", store.revoke_signing_key(&kid, NOW, &u).await.map(drop)),
        (
            "enqueue_mail",
            store
                .enqueue_mail(&new_mail("new"), &mail_limit(), Some(Carried::Link(&newer, &u)))
                .await
                .map(drop),
        ),
        ("reset_password", store.reset_password(&may_reset, "x", &u).await.map(drop)),
        ("verify_address", store.verify_address(&may_verify, None, &u).await.map(drop)),
        ("set_up_administrator", store.set_up_administrator("link", &new_user, NOW, &u).await.map(drop)),
    ];
    for (what, outcome) in outcomes {
        assert!(outcome.is_err(), "{what} answered as if it was done");
    }
    assert_eq!(state().await, before);
});

on_both!(clients_of_a_session_are_told_when_it_ends_and_not_before, |app| {
    let store = &app.app.store;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for id in ["mail", "shop"] {
        app.client(id, |_| {}).await;
    }
    for (user, session) in [(&ada, "s1"), (&ada, "s2"), (&ada, "s3"), (&bob, "b")] {
        begin(&app, user, session).await;
        for client in ["shop", "mail", "shop"] {
            store.note_session_client(&session.into(), &client.into(), &user.id, NOW).await.unwrap();
        }
    }
    let clients = store.clients_of_session(&"s1".into()).await.unwrap();
    let ids: Vec<_> = clients.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["mail", "shop"]);
    assert!(store.clients_with_due_notices(later(1_000_000), 10).await.unwrap().is_empty());

    assert!(!store.end_session(&bob.id, &"s1".into(), &audit(&app, "not his")).await.unwrap());
    assert!(store.clients_with_due_notices(later(1_000_000), 10).await.unwrap().is_empty());
    assert!(store.end_session(&ada.id, &"s1".into(), &audit(&app, "end")).await.unwrap());
    let due = store.clients_with_due_notices(NOW, 10).await.unwrap();
    assert_eq!(due, ["mail".into(), "shop".into()]);
    assert_eq!(store.clients_with_due_notices(NOW, 1).await.unwrap().len(), 1);

    // Only those of this session; and only once, until the lease ends.
    let lease = |of, at: i64| store.lease_logout_notices(of, later(at), later(at + 45), 10);
    let (s1, s2, b): (SessionId, SessionId, SessionId) = ("s1".into(), "s2".into(), "b".into());
    let mail_id = "mail".into();
    assert!(lease(NoticesOf::Session(&s2), 0).await.unwrap().is_empty());
    let mut leased = lease(NoticesOf::Session(&s1), 0).await.unwrap();
    leased.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    let [mail, shop] = leased.as_slice() else { panic!("{leased:?}") };
    assert_eq!((mail.client_id.as_str(), mail.session_id.as_str(), mail.attempts), ("mail", "s1", 1));
    assert_eq!(mail.user_id, ada.id);
    assert!(lease(NoticesOf::Client(&mail_id), 44).await.unwrap().is_empty());

    // Whose lease ran out has no say any more.
    let again = lease(NoticesOf::Client(&mail_id), 45).await.unwrap().remove(0);
    assert_eq!(again.attempts, 2);
    assert!(!store.put_off_logout_notice(mail, later(50)).await.unwrap());
    let late = audit(&app, "late");
    assert!(!store.settle_logout_notice(mail, Some(&late)).await.unwrap());
    assert_eq!(audited(&app, "late").await, 0);
    assert!(store.put_off_logout_notice(&again, later(50)).await.unwrap());
    assert!(!store.put_off_logout_notice(&again, later(51)).await.unwrap());
    let third = lease(NoticesOf::Client(&mail_id), 50).await.unwrap().remove(0);
    assert!(store.settle_logout_notice(&third, Some(&audit(&app, "given up"))).await.unwrap());
    assert_eq!(audited(&app, "given up").await, 1);
    assert!(store.settle_logout_notice(shop, None).await.unwrap());
    assert!(store.clients_of_session(&s1).await.unwrap().is_empty());

    // A session that is over gets no clients.
    for session in ["s1", "never"] {
        store.note_session_client(&session.into(), &"shop".into(), &ada.id, NOW).await.unwrap();
        assert!(store.clients_of_session(&session.into()).await.unwrap().is_empty(), "{session}");
    }
    let gone = store.note_session_client(&"s2".into(), &"nobody".into(), &ada.id, NOW).await;
    assert!(matches!(gone, Err(StoreError::Gone)), "{gone:?}");

    // All but one, by another user in the same browser, and with the user.
    let due = || async { store.clients_with_due_notices(NOW, 10).await.unwrap().len() };
    let settle = |session: &'static str| async move {
        for notice in
            store.lease_logout_notices(NoticesOf::Session(&session.into()), NOW, later(1), 10).await.unwrap()
        {
            assert!(store.settle_logout_notice(&notice, None).await.unwrap());
        }
    };
    store.end_sessions_of_user(&ada.id, Some(&s2), &audit(&app, "others")).await.unwrap();
    assert_eq!(due().await, 2);
    settle("s3").await;
    assert_eq!(due().await, 0, "the one that was kept");
    let taken_over = session(&bob, "b2");
    assert!(store.begin_session(&taken_over, &bob, Some(&s2), &audit(&app, "begin")).await.unwrap());
    assert_eq!(due().await, 2);
    settle("s2").await;
    assert_eq!(due().await, 0);
    assert!(store.delete_user(&bob.id, &audit(&app, "delete")).await.unwrap());
    let notices = lease(NoticesOf::Session(&b), 0).await.unwrap();
    assert_eq!(notices.len(), 2);
    assert!(notices.iter().all(|notice| notice.user_id == bob.id), "who is gone");
});

on_both!(no_client_slips_in_behind_the_end_of_its_session, |app| {
    let user = app.user("ada").await;
    app.client("shop", |_| {}).await;
    for round in 0..8 {
        let id: SessionId = format!("s{round}").into();
        begin(&app, &user, id.as_str()).await;
        storm(&app, |number, store| {
            let (id, user, audit) = (id.clone(), user.id.clone(), audit(&app, "end"));
            async move {
                if number == 7 {
                    store.end_session(&user, &id, &audit).await.map(drop).unwrap();
                } else {
                    store.note_session_client(&id, &"shop".into(), &user, NOW).await.unwrap();
                }
            }
        })
        .await;
        let noted = store_clients(&app, &id).await;
        let due =
            app.app.store.lease_logout_notices(NoticesOf::Session(&id), NOW, later(45), 10).await.unwrap();
        assert_eq!(noted, due.len(), "whoever was noted is told");
    }
});

async fn store_clients(app: &TestApp, session: &SessionId) -> usize {
    app.app.store.clients_of_session(session).await.unwrap().len()
}

on_both!(of_32_leases_each_notice_goes_to_one, |app| {
    let user = app.user("ada").await;
    app.client("shop", |_| {}).await;
    for number in 0..20 {
        let id = begin(&app, &user, &format!("s{number}")).await;
        app.app.store.note_session_client(&id, &"shop".into(), &user.id, NOW).await.unwrap();
    }
    app.app.store.end_sessions_of_user(&user.id, None, &audit(&app, "end")).await.unwrap();
    let answers = storm(&app, |_, store| async move {
        store.lease_logout_notices(NoticesOf::Client(&"shop".into()), NOW, later(45), 3).await.unwrap()
    })
    .await;
    let mut leased: Vec<_> = answers.iter().flatten().map(|notice| notice.session_id.clone()).collect();
    leased.sort();
    let all = leased.len();
    leased.dedup();
    assert_eq!(leased.len(), all, "none to two");
    assert!(answers.iter().all(|lease| lease.len() <= 3));
    while !app.app.store.clients_with_due_notices(NOW, 1).await.unwrap().is_empty() {
        let shop = "shop".into();
        let rest =
            app.app.store.lease_logout_notices(NoticesOf::Client(&shop), NOW, later(45), 3).await.unwrap();
        leased.extend(rest.into_iter().map(|notice| notice.session_id));
    }
    assert_eq!(leased.len(), 20);
});

on_both!(of_32_attempts_to_remove_the_last_two_administrators_one_succeeds, |app| {
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let store = &app.app.store;
    for round in 0..3 {
        let mut administrators = Vec::new();
        for user in [&ada, &bob] {
            let read = stored(store.user(&user.id).await);
            let updated_at = Timestamp(read.updated_at.0 + 1);
            let able = User { is_admin: true, disabled: false, updated_at, ..read.clone() };
            assert!(store.update_user(&able, read.updated_at, &audit(&app, "user.admin")).await.unwrap());
            administrators.push(able);
        }
        let removed = storm(&app, |number, store| {
            let before = administrators[number % 2].clone();
            let updated_at = Timestamp(before.updated_at.0 + 1);
            let after = if number % 4 < 2 {
                User { disabled: true, updated_at, ..before.clone() }
            } else {
                User { is_admin: false, updated_at, ..before.clone() }
            };
            let audit = audit(&app, "user.remove");
            async move { store.update_user(&after, before.updated_at, &audit).await }
        })
        .await;
        assert_eq!(removed.iter().filter(|one| matches!(one, Ok(true))).count(), 1, "{removed:?}");
        assert!(
            removed.iter().all(|one| matches!(one, Ok(_) | Err(StoreError::LastAdministrator))),
            "{removed:?}"
        );
        assert_eq!(audited(&app, "user.remove").await, round + 1);
        assert!(store.has_administrator().await.unwrap());
    }
});

on_both!(audit_rows_read_back_newest_first, |app| {
    let store = &app.app.store;
    for number in 0..3 {
        app.advance(1);
        let origin = Origin { ip: Some([192, 0, 2, number].into()), ..Origin::cli() };
        let entry = app.app.audit(&origin, "test", format!("target {number}"), "detail");
        store.audit(&entry).await.unwrap();
    }
    let rows = store.recent_audit(2).await.unwrap();
    let targets: Vec<_> = rows.iter().map(|row| row.target.as_str()).collect();
    assert_eq!(targets, ["target 2", "target 1"]);
    let newest = &rows[0];
    assert_eq!((newest.at, newest.actor.as_str(), newest.action.as_str()), (START + 3, "cli", "test"));
    assert_eq!((newest.detail.as_str(), newest.ip.as_str()), ("detail", "192.0.2.2"));
});

on_both!(clean_up_takes_what_is_dead_and_nothing_that_is_alive, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    // More than a batch of dead rows, and one of each kind on either side of the line.
    for number in 0..501 {
        store.revoke_token(&format!("dead {number}").into(), NOW).await.unwrap();
    }
    store.revoke_token(&"alive".into(), later(1)).await.unwrap();
    for (id, expires_at) in [("dead", NOW), ("alive", later(1))] {
        let session = Session { expires_at, ..session(&user, id) };
        assert!(store.begin_session(&session, &user, None, &audit(&app, "begin")).await.unwrap());
        store.note_session_client(&id.into(), &client.id, &user.id, NOW).await.unwrap();
    }
    // Its client is still to be told.
    let ended = Session { expires_at: NOW, ..session(&user, "ended") };
    assert!(store.begin_session(&ended, &user, None, &audit(&app, "begin")).await.unwrap());
    store.note_session_client(&ended.id, &client.id, &user.id, NOW).await.unwrap();
    assert!(store.end_session(&user.id, &ended.id, &audit(&app, "end")).await.unwrap());
    let day = 24 * HOUR;
    for (id, opened_at) in [("dead", later(-day)), ("alive", later(1 - day))] {
        store.open_grant(&redeem(&client, &user, "alive", id, "openid", opened_at)).await.unwrap();
    }
    store.offer_administrator_link("link", NOW, NOW).await.unwrap();

    assert_eq!(store.clean_up(later(HOUR - 1)).await.unwrap(), 0, "dead, but not for an hour yet");
    // Tokens, two sessions, the client of one of them, a grant and a link.
    assert_eq!(store.clean_up(later(HOUR)).await.unwrap(), 501 + 5);
    assert_eq!(audited(&app, "begin").await, 3);
    for (id, stays) in [("dead", false), ("alive", true), ("ended", true)] {
        assert_eq!(store_clients(&app, &id.into()).await, usize::from(stays), "{id}");
    }
    for (id, stays) in [("dead", false), ("alive", true)] {
        let store = store.asked_anew();
        assert_eq!(store.session(&id.into()).await.unwrap().is_some(), stays, "{id}");
        assert_eq!(store.grant(&id.into()).await.unwrap().is_some(), stays, "{id}");
    }
    let store = &store.asked_anew();
    assert!(store.token_is_revoked(&"alive".into()).await.unwrap());
    assert!(!store.token_is_revoked(&"dead 0".into()).await.unwrap());
    assert_eq!(store.clean_up(later(HOUR)).await.unwrap(), 0);
    assert!(store.user_by_login("ada").await.unwrap().is_some());
    assert!(store.client(&client.id).await.unwrap().is_some());
});

on_both!(clean_up_takes_what_ended_before_its_time_with_what_rests_on_it, |app| {
    let store = &app.app.store;
    let (user, client) = (app.user("ada").await, app.client("web", |_| {}).await);
    let (online, offline, just_now) = ("openid", "openid offline_access", later(1));
    // Sessions with the grants that were opened from them, as the session's scope and time say.
    let scene = [
        ("over", "online", online, NOW),
        ("over", "offline", offline, NOW),
        ("just over", "recent", online, just_now),
        ("on", "revoked", offline, NOW),
        ("on", "just revoked", offline, just_now),
        ("on", "kept", online, NOW),
        ("ran out", "with it", online, NOW),
    ];
    for id in ["over", "just over", "on", "ran out"] {
        let expires_at = if id == "ran out" { later(2) } else { later(9 * HOUR) };
        let session = Session { expires_at, ..session(&user, id) };
        assert!(store.begin_session(&session, &user, None, &audit(&app, "begin")).await.unwrap());
    }
    for (session, grant, scope, at) in scene {
        let code = redeem(&client, &user, session, grant, scope, at);
        assert_eq!(store.open_grant(&code).await.unwrap(), Opened::Now, "{grant}");
    }
    for id in ["over", "just over"] {
        assert!(store.end_session(&user.id, &id.into(), &audit(&app, "end")).await.unwrap());
    }
    for id in ["revoked", "just revoked"] {
        assert!(store.revoke_grant(&id.into(), &audit(&app, "revoke")).await.unwrap());
    }
    // More of them than go in one batch.
    for number in 0..501 {
        let id = format!("short {number}");
        let short = session(&user, &id);
        assert!(store.begin_session(&short, &user, None, &audit(&app, "begin")).await.unwrap());
        store.open_grant(&redeem(&client, &user, &id, &id, online, NOW)).await.unwrap();
        assert!(store.end_session(&user.id, &short.id, &audit(&app, "end")).await.unwrap());
    }

    let store = &store.asked_anew();
    let left = async || {
        let mut left = Vec::new();
        for (_, grant, _, _) in scene {
            if store.grant(&grant.into()).await.unwrap().is_some() {
                left.push(grant);
            }
        }
        for id in ["over", "just over", "on", "ran out"] {
            if store.session(&id.into()).await.unwrap().is_some() {
                left.push(id);
            }
        }
        left
    };
    assert_eq!(store.clean_up(later(HOUR - 1)).await.unwrap(), 0, "their codes may be tried again");
    assert_eq!(store.clean_up(later(HOUR)).await.unwrap(), 3 + 2 * 501);
    let all = ["offline", "recent", "just revoked", "kept", "with it", "just over", "on", "ran out"];
    assert_eq!(left().await, all);
    let again = redeem(&client, &user, "just over", "recent", online, just_now);
    assert_eq!(store.open_grant(&again).await.unwrap(), Opened::AlreadyUsed);
    assert_eq!(store.clean_up(later(HOUR + 2)).await.unwrap(), 5);
    assert_eq!(left().await, ["offline", "kept", "on"]);
    assert_eq!(store.clean_up(later(HOUR + 2)).await.unwrap(), 0);
    let (kept, _) = store.grant(&"offline".into()).await.unwrap().unwrap();
    assert!(kept.active);
});

on_both!(a_closed_store_is_unavailable_and_an_open_one_answers, |app| {
    let other = app.second_node().await;
    other.app.store.ping().await.unwrap();
    other.app.store.close().await;
    assert!(matches!(other.app.store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(other.app.store.user_by_login("ada").await.is_err());
    app.app.store.ping().await.unwrap();
});

/// A client that registered itself.
fn newcomer(id: &str, at: i64) -> Client {
    let mut client: Client = countersign_client(id);
    client.self_registration = Some(SelfRegistration { token_hash: format!("hash of {id}"), used_at: None });
    client.created_at = later(at);
    client
}

/// A client with hardly anything.
fn countersign_client(id: &str) -> Client {
    let metadata = json!({
        "client_name": id, "redirect_uris": [format!("https://{id}.example/cb")], "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none", "scope": "openid", "id_token_signed_response_alg": "RS256",
    });
    Client {
        id: id.into(),
        secret_hash: None,
        sealed_secret: None,
        old_secret: None,
        disabled: false,
        metadata: serde_json::from_value(metadata).unwrap(),
        self_registration: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn registration_token(id: &str, expires_at: Timestamp, uses_left: Option<i64>) -> RegistrationToken {
    RegistrationToken {
        id: id.to_owned(),
        note: format!("note of {id}"),
        created_at: START,
        expires_at: expires_at.0,
        uses_left,
    }
}

on_both!(registration_tokens_live_until_they_expire_are_used_up_or_revoked, |app| {
    let store = &app.app.store;
    let forever = registration_token("a", later(HOUR), None);
    let twice = registration_token("b", later(HOUR), Some(2));
    let short = registration_token("c", later(1), Some(1));
    for token in [&forever, &twice, &short] {
        let hash = format!("hash {}", token.id);
        store.insert_registration_token(token, &hash, &audit(&app, "token.create")).await.unwrap();
    }
    let unwritable = unwritable(&app).await;
    let another = registration_token("d", later(HOUR), None);
    assert!(store.insert_registration_token(&another, "hash d", &unwritable).await.is_err());
    assert_eq!(store.registration_tokens(NOW).await.unwrap(), [forever.clone(), twice.clone(), short]);
    assert_eq!(store.registration_tokens(later(1)).await.unwrap(), [forever.clone(), twice]);
    assert_eq!(store.live_registration_token("hash c", NOW).await.unwrap().as_deref(), Some("c"));
    assert_eq!(store.live_registration_token("hash c", later(1)).await.unwrap(), None, "expired");
    assert_eq!(store.live_registration_token("hash d", NOW).await.unwrap(), None, "never written");
    assert!(store.delete_registration_token("a", &unwritable).await.is_err());
    assert!(store.delete_registration_token("a", &audit(&app, "token.revoke")).await.unwrap());
    assert!(!store.delete_registration_token("a", &audit(&app, "token.revoke")).await.unwrap());
    assert_eq!(store.live_registration_token("hash a", NOW).await.unwrap(), None);
    assert_eq!((audited(&app, "token.create").await, audited(&app, "token.revoke").await), (3, 1));
    assert_eq!(store.clean_up(later(HOUR + 1)).await.unwrap(), 1, "the short one, an hour dead");
});

on_both!(a_registration_and_the_use_of_its_token_happen_together_or_not_at_all, |app| {
    let store = &app.app.store;
    let token = registration_token("t", later(HOUR), Some(2));
    store.insert_registration_token(&token, "hash", &audit(&app, "token.create")).await.unwrap();
    let left = async || store.registration_tokens(NOW).await.unwrap().first().map(|token| token.uses_left);
    let register = async |client: &Client, hash: Option<&str>, most: u32| {
        store.insert_self_registered(client, hash, most, &audit(&app, "client.register")).await.unwrap()
    };
    let one = newcomer("one", 0);
    assert_eq!(register(&one, Some("wrong"), 9).await, SelfRegistered::TokenRefused);
    assert_eq!(register(&newcomer("late", HOUR), Some("hash"), 9).await, SelfRegistered::TokenRefused);
    assert_eq!(register(&one, Some("hash"), 0).await, SelfRegistered::TooMany);
    assert_eq!(left().await, Some(Some(2)), "what is refused costs no use");
    let unwritable = unwritable(&app).await;
    assert!(store.insert_self_registered(&one, Some("hash"), 9, &unwritable).await.is_err());
    assert_eq!((left().await, store.clients().await.unwrap().len()), (Some(Some(2)), 0));
    assert_eq!(register(&one, Some("hash"), 9).await, SelfRegistered::Now);
    assert_eq!(left().await, Some(Some(1)));
    let stored = stored(store.client(&one.id).await);
    assert_eq!(
        (stored.self_registration, stored.metadata),
        (one.self_registration.clone(), one.metadata.clone())
    );
    assert!(store.origin_is_registered("https://one.example", None).await.unwrap());
    let again = store.insert_self_registered(&one, Some("hash"), 9, &audit(&app, "client.register")).await;
    assert!(matches!(again, Err(StoreError::Taken(Unique::ClientId))));
    assert_eq!(left().await, Some(Some(1)));
    assert_eq!(register(&newcomer("two", 0), None, 2).await, SelfRegistered::Now, "without a token");
    assert_eq!(register(&newcomer("three", 0), None, 2).await, SelfRegistered::TooMany);
    assert_eq!(audited(&app, "client.register").await, 2);
});

on_both!(of_32_registrations_by_one_token_as_many_succeed_as_it_has_uses, |app| {
    let token = registration_token("t", later(HOUR), Some(5));
    app.app.store.insert_registration_token(&token, "hash", &audit(&app, "token.create")).await.unwrap();
    let outcomes = storm(&app, |number, store| {
        let (client, audit) = (newcomer(&format!("c{number}"), 0), audit(&app, "client.register"));
        async move { store.insert_self_registered(&client, Some("hash"), 1000, &audit).await.unwrap() }
    })
    .await;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(SelfRegistered::Now), count(SelfRegistered::TokenRefused)), (5, 27));
    assert_eq!(app.app.store.clients().await.unwrap().len(), 5);
    assert_eq!(audited(&app, "client.register").await, 5);
});

on_both!(the_first_use_of_a_client_is_noted_once_and_saves_it, |app| {
    let store = &app.app.store;
    for (id, at) in [("used", 0), ("unused", 0), ("young", 1)] {
        let audit = audit(&app, "client.register");
        store.insert_self_registered(&newcomer(id, at), None, 9, &audit).await.unwrap();
    }
    store.insert_client(&countersign_client("ours"), &audit(&app, "client.create")).await.unwrap();
    let used_at =
        async |id: &str| stored(store.client(&id.into()).await).self_registration.and_then(|own| own.used_at);
    for (id, at) in [("used", 5), ("used", 6), ("ours", 5), ("nobody", 5)] {
        store.note_client_use(&id.into(), later(at)).await.unwrap();
    }
    assert_eq!((used_at("used").await, used_at("unused").await), (Some(later(5)), None));
    // A change by the client or an administrator does not forget it.
    let client = stored(store.client(&"used".into()).await);
    let changed = Client { updated_at: later(9), ..client.clone() };
    assert!(store.update_client(&changed, client.updated_at, &audit(&app, "client.update")).await.unwrap());
    assert_eq!(used_at("used").await, Some(later(5)));

    assert_eq!(store.delete_unused_clients(later(-1)).await.unwrap(), 0);
    assert_eq!(store.delete_unused_clients(NOW).await.unwrap(), 1);
    let left: Vec<_> =
        store.clients().await.unwrap().into_iter().map(|client| client.id.to_string()).collect();
    assert_eq!(left, ["ours", "used", "young"]);
});
