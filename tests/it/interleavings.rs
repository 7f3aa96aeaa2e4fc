//! The store's statements in every order, against a model of a few lines: what each is told, and what is left.
//!
//! SQLite writes one transaction after the other (`BEGIN IMMEDIATE`), so the sequences are all the interleavings that it
//! has. On PostgreSQL one transaction is also held open in its midst while the other runs into it: each must then be told,
//! and leave behind, what one of the two orders would.

use countersign::config;
use countersign::protocol::client::Client;
use countersign::protocol::client_assertion::OneTimeId;
use countersign::protocol::code::Redeem;
use countersign::protocol::refresh::Rotate;
use countersign::protocol::user::User;
use countersign::store::{Opened, Rotated, Store};
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant};

use crate::store_conformance::{
    HOUR, NOW, audit, begin, consent, later, redeem_with, rotation, session, stored,
};
use crate::support::{Engine, TestApp, on_both};

/// What one transaction of the store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Rotate,
    UseAssertion,
    BeginSession,
    RevokeGrant,
    EndSession,
    Withdraw,
    ChangePassword,
    DisableUser,
    DisableClient,
}

const STEPS: [Step; 10] = [
    Step::Open,
    Step::Rotate,
    Step::UseAssertion,
    Step::BeginSession,
    Step::RevokeGrant,
    Step::EndSession,
    Step::Withdraw,
    Step::ChangePassword,
    Step::DisableUser,
    Step::DisableClient,
];

/// What a step is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    NotDone,
    UsedBefore,
}

impl From<bool> for Told {
    fn from(done: bool) -> Self {
        if done { Self::Done } else { Self::NotDone }
    }
}

// ---- the model -----------------------------------------------------------------------------------------------------

/// A grant `g` and a code for another one, `h`, of one user at one client, which rest on the session `s` and a consent;
/// and a sign-in that will be the session `t`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "every row there is, and whether it counts")]
struct Model {
    offline: bool,
    g: bool,
    generation: i64,
    h: Option<bool>,
    s: bool,
    t: Option<bool>,
    consent: bool,
    user: bool,
    user_is_as_read: bool,
    client: bool,
    assertion_used: bool,
}

impl Model {
    fn new(offline: bool) -> Self {
        Self {
            offline,
            g: true,
            generation: 0,
            h: None,
            s: true,
            t: None,
            consent: true,
            user: true,
            user_is_as_read: true,
            client: true,
            assertion_used: false,
        }
    }

    fn take(&mut self, step: Step) -> Told {
        let stands = self.client && self.user && self.consent;
        match step {
            Step::Open if self.h.is_some() => Told::UsedBefore,
            Step::Open => {
                self.h = (stands && self.s).then_some(true);
                self.h.is_some().into()
            }
            Step::Rotate => {
                let rotates = stands && self.g && self.generation == 0 && (self.offline || self.s);
                self.generation += i64::from(rotates);
                rotates.into()
            }
            Step::UseAssertion => (!std::mem::replace(&mut self.assertion_used, true)).into(),
            Step::BeginSession | Step::DisableUser if !self.user_is_as_read => Told::NotDone,
            // A real one would have another id.
            Step::BeginSession if self.t.is_some() => Told::UsedBefore,
            Step::BeginSession => {
                self.t = Some(true);
                Told::Done
            }
            Step::RevokeGrant => std::mem::replace(&mut self.g, false).into(),
            Step::EndSession => std::mem::replace(&mut self.s, false).into(),
            Step::Withdraw => {
                self.end_grants();
                std::mem::replace(&mut self.consent, false).into()
            }
            Step::ChangePassword => {
                self.end_everything();
                Told::Done
            }
            Step::DisableUser => {
                self.user = false;
                self.end_everything();
                Told::Done
            }
            Step::DisableClient => std::mem::replace(&mut self.client, false).into(),
        }
    }

    fn end_grants(&mut self) {
        self.g = false;
        self.h = self.h.map(|_| false);
    }

    fn end_everything(&mut self) {
        self.end_grants();
        self.s = false;
        self.t = self.t.map(|_| false);
        self.user_is_as_read = false;
    }

    /// What it comes to, also when user and client are switched on again: a grant counts only with what it rests on.
    fn comes_to(mut self) -> Self {
        let stands = self.consent && (self.offline || self.s);
        self.g &= stands;
        self.h = self.h.map(|active| active && stands);
        self
    }
}

// ---- the store -----------------------------------------------------------------------------------------------------

/// The same on a database, and what was decided before anything happened.
struct World {
    app: TestApp,
    name: String,
    offline: bool,
    user: User,
    client: Client,
    redeem: Redeem,
    rotate: Rotate,
}

impl World {
    async fn new(app: &TestApp, (user, client): &(User, Client), name: String, offline: bool) -> Self {
        let store = &app.app.store;
        let id = |what: &str| format!("{what} {name}");
        let user = User { id: id("user").as_str().into(), username: id("user"), email: None, ..user.clone() };
        let client = Client { id: id("client").as_str().into(), ..client.clone() };
        store.insert_user(&user, &audit(app, "user.create")).await.unwrap();
        store.insert_client(&client, &audit(app, "client.create")).await.unwrap();
        begin(app, &user, &id("s")).await;
        let allowed = consent(&user, &client, &id("consent"), "openid");
        store.allow(&allowed, NOW, &audit(app, "consent.allow")).await.unwrap();
        let scope = if offline { "openid offline_access" } else { "openid" };
        let code =
            |grant: &str| redeem_with(&client, &user, &id("s"), grant, scope, NOW, Some(&id("consent")));
        assert_eq!(store.open_grant(&code(&id("g"))).await.unwrap(), Opened::Now);
        let (redeem, rotate) = (code(&id("h")), rotation(store, &client, &id("g")).await);
        Self { app: app.clone(), name, offline, user, client, redeem, rotate }
    }

    fn id(&self, what: &str) -> String {
        format!("{what} {}", self.name)
    }

    async fn take(&self, step: Step, store: &Store) -> Told {
        let (user, client) = (&self.user, &self.client);
        let audit = audit(&self.app, "step");
        let done = match step {
            Step::Open => match store.open_grant(&self.redeem).await.unwrap() {
                Opened::Now => true,
                Opened::NotAnyMore => false,
                Opened::AlreadyUsed => return Told::UsedBefore,
            },
            Step::Rotate => store.rotate(&self.rotate).await.unwrap() == Rotated::Now,
            Step::UseAssertion => {
                let once = OneTimeId { id: self.id("assertion"), expires_at: later(60) };
                store.use_assertion(&once).await.unwrap()
            }
            Step::BeginSession => {
                match store.begin_session(&session(user, &self.id("t")), user, None, &audit).await {
                    Ok(begun) => begun,
                    Err(_) => return Told::UsedBefore,
                }
            }
            Step::RevokeGrant => store.revoke_grant(&self.id("g").as_str().into(), &audit).await.unwrap(),
            Step::EndSession => {
                store.end_session(&user.id, &self.id("s").as_str().into(), &audit).await.unwrap()
            }
            Step::Withdraw => store.withdraw(&user.id, &client.id, &audit).await.unwrap(),
            Step::ChangePassword => {
                store.set_password(&user.id, "new", None, later(20), &audit).await.unwrap()
            }
            Step::DisableUser => {
                let off = User { disabled: true, updated_at: later(50), ..user.clone() };
                store.update_user(&off, user.updated_at, &audit).await.unwrap()
            }
            Step::DisableClient => {
                let off = Client { disabled: true, updated_at: later(50), ..client.clone() };
                store.update_client(&off, client.updated_at, &audit).await.unwrap()
            }
        };
        done.into()
    }

    /// What the database says now.
    async fn is(&self, assertion_used: bool) -> Model {
        let store = self.app.app.store.asked_anew();
        let grant = async |id: &str| {
            let found = store.grant(&self.id(id).as_str().into()).await.unwrap();
            found.map(|(grant, _)| (grant.active, grant.generation))
        };
        let session = async |id: &str| {
            let found = store.session(&self.id(id).as_str().into()).await.unwrap();
            found.map(|session| session.active)
        };
        let user = stored(store.user(&self.user.id).await);
        let (g, generation) = grant("g").await.unwrap();
        Model {
            offline: self.offline,
            g,
            generation,
            h: grant("h").await.map(|(active, _)| active),
            s: session("s").await.unwrap(),
            t: session("t").await,
            consent: store.consent(&self.user.id, &self.client.id).await.unwrap().is_some(),
            user: !user.disabled,
            user_is_as_read: user.updated_at == self.user.updated_at,
            client: !stored(store.client(&self.client.id).await).disabled,
            assertion_used,
        }
    }

    /// A statement that another transaction holds a lock with, so that this step stops in its midst: a gate at what it
    /// writes last, a change after all that it changes, when it takes its number.
    fn hold(&self, step: Step) -> (&'static str, String) {
        match step {
            Step::Open => (
                "INSERT INTO grants (id, client_id, user_id, session_id, offline, scope, auth_time, acr, amr, secret,
                                     generation, rotated_at, state, created_at, expires_at)
                 SELECT $1, client_id, user_id, session_id, offline, scope, auth_time, acr, amr, secret,
                        generation, rotated_at, state, created_at, expires_at FROM grants LIMIT 1",
                self.id("h"),
            ),
            Step::Rotate => ("UPDATE grants SET secret = secret WHERE id = $1", self.id("g")),
            Step::UseAssertion => {
                ("INSERT INTO used_assertions (id, expires_at) VALUES ($1, 0)", self.id("assertion"))
            }
            Step::BeginSession => (
                "INSERT INTO sessions (id, secret_hash, user_id, state, auth_time, methods, acr, remembered, ip,
                                       user_agent, created_at, last_seen_at, expires_at)
                 SELECT $1, secret_hash, user_id, state, auth_time, methods, acr, remembered, ip,
                        user_agent, created_at, last_seen_at, expires_at FROM sessions LIMIT 1",
                self.id("t"),
            ),
            _ => ("UPDATE last_change SET id = id WHERE $1 <> ''", self.id("")),
        }
    }
}

async fn templates(app: &TestApp) -> (User, Client) {
    (app.user("ada").await, app.client("web", |_| {}).await)
}

on_both!(steps_one_after_the_other_do_what_the_model_does, |app| {
    let (templates, started) = (templates(&app).await, Instant::now());
    let mut worlds = 0;
    for (i, first) in STEPS.into_iter().enumerate() {
        for (j, second) in STEPS.into_iter().enumerate() {
            for (k, third) in STEPS.into_iter().enumerate() {
                // Each pair meets both kinds.
                let offline = k % 2 == 0;
                let world = World::new(&app, &templates, format!("{i}{j}{k}"), offline).await;
                let mut model = Model::new(offline);
                for step in [first, second, third] {
                    let told = world.take(step, &app.app.store).await;
                    let expected = model.take(step);
                    assert_eq!(told, expected, "{step:?} of {:?}, {model:?}", [first, second, third]);
                }
                let is = world.is(model.assertion_used).await;
                assert_eq!(is, model, "{:?}", [first, second, third]);
                worlds += 1;
            }
        }
    }
    eprintln!("{worlds} sequences in {:?}", started.elapsed());
});

/// Who in this database waits for a lock.
async fn waiting(watcher: &mut PgConnection) -> i64 {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(sql).fetch_one(watcher).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_runs_into_another_one_comes_before_or_after_it() {
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start(Engine::Postgres).await;
    let other = app.second_node().await;
    let config::Engine::Postgres(url) = &app.app.config.database.engine else { panic!("not PostgreSQL") };
    let mut holder = PgConnection::connect(url).await.unwrap();
    let mut watcher = PgConnection::connect(url).await.unwrap();
    let (templates, started) = (templates(&app).await, Instant::now());
    let (mut waited, mut passed) = (0, 0);
    for offline in [false, true] {
        for (i, first) in STEPS.into_iter().enumerate() {
            for (j, second) in STEPS.into_iter().enumerate() {
                let what = format!("{second:?} while {first:?} is under way, offline: {offline}");
                let world = World::new(&app, &templates, format!("{i}{j}{offline}"), offline).await;
                let mut hold = holder.begin().await.unwrap();
                let (sql, id) = world.hold(first);
                sqlx::query(sql).bind(id).execute(&mut *hold).await.unwrap();
                let one = world.take(first, &app.app.store);
                let two = async {
                    until(&what, async || waiting(&mut watcher).await == 1).await;
                    let two = world.take(second, &other.app.store);
                    tokio::pin!(two);
                    let ran_into_it = until(&what, async || waiting(&mut watcher).await == 2);
                    let early = tokio::select! {
                        told = &mut two => Some(told),
                        () = ran_into_it => None,
                    };
                    hold.rollback().await.unwrap();
                    match early {
                        Some(told) => (told, false),
                        None => (two.await, true),
                    }
                };
                let (one, (two, ran_into_it)) = tokio::join!(one, two);
                if ran_into_it {
                    waited += 1;
                } else {
                    passed += 1;
                }

                let (mut before, mut after) = (Model::new(offline), Model::new(offline));
                let told_before = (before.take(first), before.take(second));
                let told_after = (after.take(second), after.take(first));
                let orders = [(told_before, before), ((told_after.1, told_after.0), after)];
                let is = world.is(orders[0].1.assertion_used).await.comes_to();
                let explained =
                    orders.iter().any(|(told, left)| *told == (one, two) && left.clone().comes_to() == is);
                assert!(explained, "{what}: told {one:?} and {two:?}, left {is:?}; possible: {orders:#?}");
            }
        }
    }
    eprintln!("{waited} steps waited for one under way, {passed} went past it, in {:?}", started.elapsed());
    assert!(waited > 0 && passed > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clean_up_leaves_what_somebody_is_changing_for_the_next_time() {
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start(Engine::Postgres).await;
    let (store, config::Engine::Postgres(url)) = (&app.app.store, &app.app.config.database.engine) else {
        panic!("not PostgreSQL")
    };
    let tokens = ["first", "second", "third"];
    for token in tokens {
        store.revoke_token(&token.into(), NOW).await.unwrap();
    }
    store.use_assertion(&OneTimeId { id: "in another table".to_owned(), expires_at: NOW }).await.unwrap();
    let mut holder = PgConnection::connect(url).await.unwrap();
    let mut watcher = PgConnection::connect(url).await.unwrap();
    let mut hold = holder.begin().await.unwrap();
    let take = "UPDATE revoked_tokens SET expires_at = expires_at WHERE jti = $1";
    sqlx::query(take).bind("second").execute(&mut *hold).await.unwrap();
    let change = async {
        until("clean-up", async || waiting(&mut watcher).await == 1).await;
        // Whichever way it goes along them, it has taken one of these before it waited for the one between them.
        for token in ["first", "third"] {
            sqlx::query(take).bind(token).execute(&mut *hold).await.unwrap();
        }
    };
    let (cleaned, ()) = tokio::join!(store.clean_up(later(HOUR)), change);
    assert_eq!(cleaned.unwrap(), 1, "the other table's");
    hold.rollback().await.unwrap();
    assert_eq!(store.clean_up(later(HOUR)).await.unwrap(), 3);
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(4), "{what}: nobody waits");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
