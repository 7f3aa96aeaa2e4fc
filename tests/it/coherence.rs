//! What one node was told to end, no node honours: the one that answered refuses at once, every other within a second,
//! whatever it had in memory and whether or not it was called.

use std::time::{Duration, Instant};

use countersign::admin::keys;
use countersign::app::Origin;
use countersign::config;
use countersign::jose::Jws;
use countersign::protocol::client::Client;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::outage::{Line, Link};
use crate::support::{Browser, Engine, Rp, START, TestApp, Tokens, on_both, rounds};

/// Another node has heard by then.
const HEARD: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
enum End {
    RefreshToken,
    AccessToken,
    SignOut,
    Account,
    Password,
    Consent,
    Client,
    Key,
}

const ENDS: [End; 8] = [
    End::RefreshToken,
    End::AccessToken,
    End::SignOut,
    End::Account,
    End::Password,
    End::Consent,
    End::Client,
    End::Key,
];

/// Somebody who is signed in at a client, and a client that watches.
struct Scene {
    node: TestApp,
    user: User,
    client: Client,
    rp: Rp,
    watch: Rp,
    browser: Browser,
    tokens: Tokens,
}

impl Scene {
    async fn of(node: &TestApp, name: &str, watch: &Rp) -> Self {
        let (user, client) = (node.user(name).await, node.client(&format!("client-{name}"), |_| {}).await);
        let (rp, mut browser) = (Rp::new(node, &client), node.browser());
        let tokens = rp.tokens(&mut browser, name, "openid").await;
        Self { node: node.clone(), user, client, rp, watch: watch.clone(), browser, tokens }
    }

    /// Does this node honour the access token?
    async fn is_honoured_at(&self, node: &TestApp) -> bool {
        let active = self.watch.at(&node.router).is_active(self.tokens.access()).await;
        let answers = self.rp.at(&node.router).userinfo(self.tokens.access()).await.status == 200;
        active || answers
    }

    /// Has this node know everything about the token before it ends.
    async fn warm_up(&self, node: &TestApp) {
        node.hears().await;
        for _ in 0..3 {
            assert!(self.is_honoured_at(node).await, "before");
        }
    }
}

impl End {
    /// Does it at the scene's node, until it is acknowledged.
    async fn happen(self, scene: &mut Scene) {
        let Scene { node, user, client, rp, browser, tokens, .. } = scene;
        let (app, store) = (&node.app, &node.app.store);
        let audit = app.audit(&Origin::system(), "test.end", String::new(), "");
        let later = |before: Timestamp| Timestamp(before.0 + 1);
        match self {
            Self::RefreshToken | Self::AccessToken => {
                let is_refresh = matches!(self, Self::RefreshToken);
                let token = if is_refresh { tokens.refresh() } else { tokens.access() };
                assert_eq!(rp.post("/revoke", &[("token", token)]).await.status, 200);
            }
            Self::SignOut => {
                let page = browser.get("/logout").await;
                assert_eq!(browser.post("/logout", &page.form("/logout")).await.status, 200);
            }
            Self::Account => {
                let off = User { disabled: true, updated_at: later(user.updated_at), ..user.clone() };
                assert!(store.update_user(&off, user.updated_at, &audit).await.unwrap());
            }
            Self::Password => {
                assert!(store.set_password(&user.id, "x", None, app.clock.now(), &audit).await.unwrap());
            }
            Self::Consent => assert!(store.withdraw(&user.id, &client.id, &audit).await.unwrap()),
            Self::Client => {
                let off = Client { disabled: true, updated_at: later(client.updated_at), ..client.clone() };
                assert!(store.update_client(&off, client.updated_at, &audit).await.unwrap());
            }
            Self::Key => {
                let kid = Jws::parse(tokens.access()).unwrap().kid().unwrap().to_owned();
                keys::revoke(app, &Origin::system(), &kid).await.unwrap();
            }
        }
    }
}

/// Two nodes on one database. On SQLite the other one is what the command line is to a server.
async fn two_nodes(app: &TestApp) -> [TestApp; 2] {
    [app.clone(), app.second_node().await]
}

/// A client that may ask about everybody's tokens.
async fn watcher(app: &TestApp) -> Rp {
    Rp::new(app, &app.client("watch", |metadata| metadata.introspects_any_token = true).await)
}

/// Polls a node until it refuses; says how long it took from the acknowledgement, and that it stays so.
async fn refusal(what: &str, scene: &Scene, node: &TestApp, acknowledged: Instant) -> Duration {
    let seen = loop {
        let asked = acknowledged.elapsed();
        if !scene.is_honoured_at(node).await {
            break asked;
        }
        assert!(asked < HEARD, "{what}: still honoured after {asked:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(!scene.is_honoured_at(node).await, "{what}: honoured again");
    }
    seen
}

/// Says what the times came to.
fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    eprintln!("{what}: {} times, median {:?}, p99 {:?}, longest {:?}", times.len(), at(50), at(99), at(100));
}

on_both!(what_one_node_ended_it_refuses_at_once_and_the_other_within_a_second, |app| {
    let nodes = two_nodes(&app).await;
    let watch = watcher(&app).await;
    let mut times = Vec::new();
    for round in 0..rounds(2).min(50) {
        for end in ENDS {
            let what = format!("{end:?}{round}").to_lowercase();
            let (here, there) = (&nodes[round % 2], &nodes[(round + 1) % 2]);
            let mut scene = Scene::of(here, &what, &watch).await;
            scene.warm_up(here).await;
            scene.warm_up(there).await;
            end.happen(&mut scene).await;
            let acknowledged = Instant::now();
            assert!(!scene.is_honoured_at(here).await, "{what}: honoured where it was ended");
            times.push(refusal(&what, &scene, there, acknowledged).await);
            assert!(!scene.is_honoured_at(here).await, "{what}");
        }
    }
    report("heard by the other node", times);
});

on_both!(a_key_that_one_node_revoked_no_other_publishes, |app| {
    let [here, there] = two_nodes(&app).await;
    let work = countersign::background::start(&there.app);
    let watch = watcher(&app).await;
    let mut scene = Scene::of(&here, "ada", &watch).await;
    let kid = Jws::parse(scene.tokens.access()).unwrap().kid().unwrap().to_owned();
    assert!(there.jwks().contains(&kid));
    End::Key.happen(&mut scene).await;
    let acknowledged = Instant::now();
    assert!(!here.jwks().contains(&kid));
    while there.jwks().contains(&kid) {
        assert!(acknowledged.elapsed() < HEARD);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(work);
});

/// A connection to a test's own database, past everything.
async fn database_of(app: &TestApp) -> PgConnection {
    let config::Engine::Postgres(url) = &app.app.config.database.engine else { panic!("not PostgreSQL") };
    PgConnection::connect(url).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_is_called_about_is_heard_within_a_second() {
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start(Engine::Postgres).await;
    let (watch, mut raw) = (watcher(&app).await, database_of(&app).await);
    let mut times = Vec::new();
    for round in 0..5 {
        let scene = Scene::of(&app, &format!("user{round}"), &watch).await;
        scene.warm_up(&app).await;
        // As the store does it, without NOTIFY.
        let mut tx = raw.begin().await.unwrap();
        let id = scene.user.id.as_str();
        let off = sqlx::query("UPDATE users SET disabled = TRUE WHERE id = $1").bind(id);
        assert_eq!(off.execute(&mut *tx).await.unwrap().rows_affected(), 1);
        tx.execute("UPDATE last_change SET id = id + 1").await.unwrap();
        let told = sqlx::query("INSERT INTO changes (id, topics) SELECT id, $1 FROM last_change");
        told.bind(format!("user:{id}")).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        times.push(refusal("nobody called", &scene, &app, Instant::now()).await);
    }
    report("heard without a call", times);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_line_breaks_again_and_again_refuses_within_a_second_all_the_same() {
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start(Engine::Postgres).await;
    let [here, there] = two_nodes(&app).await;
    let (watch, mut raw) = (watcher(&app).await, database_of(&app).await);
    let breaking = tokio::spawn(async move {
        let mut broken = 0;
        loop {
            let ended = raw
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'
                       AND (query LIKE 'SELECT id FROM last_change%' OR query LIKE 'LISTEN%')",
                )
                .await;
            broken += ended.unwrap().rows_affected();
            tokio::time::sleep(Duration::from_millis(if broken == 0 { 1 } else { 70 })).await;
        }
    });
    let mut times = Vec::new();
    for end in ENDS {
        let what = format!("{end:?}").to_lowercase();
        let mut scene = Scene::of(&here, &what, &watch).await;
        for node in [&here, &there] {
            for _ in 0..3 {
                assert!(scene.is_honoured_at(node).await, "before");
            }
        }
        end.happen(&mut scene).await;
        let acknowledged = Instant::now();
        assert!(!scene.is_honoured_at(&here).await, "{what}: honoured where it was ended");
        times.push(refusal(&what, &scene, &there, acknowledged).await);
    }
    breaking.abort();
    report("heard over a line that breaks", times);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_nothing_answers_nothing_from_memory_after_its_lease() {
    if !Engine::postgres_is_there() {
        return;
    }
    let app = TestApp::start_at(Engine::Postgres, START * 1000, |_| {}).await;
    let config::Engine::Postgres(url) = app.app.config.database.engine.clone() else {
        panic!("not PostgreSQL")
    };
    let line = Line::to_database(&url).await;
    let there = app.second_node_with(|config| config.database.engine = line.engine(&url)).await;
    let watch = watcher(&app).await;
    let links = [Link::Silent, Link::Down];
    for (link, end) in links.into_iter().flat_map(|link| [(link, End::Account), (link, End::Key)]) {
        let what = format!("{link:?}{end:?}").to_lowercase();
        let mut scene = Scene::of(&app, &what, &watch).await;
        scene.warm_up(&there).await;
        line.set(link);
        let cut = Instant::now();
        end.happen(&mut scene).await;
        // Whatever it says now, or does not say: not that the token is good, once the lease is over.
        while cut.elapsed() < 2 * HEARD {
            let asked = cut.elapsed();
            let watch = scene.watch.at(&there.router);
            let token = [("token", scene.tokens.access())];
            let introspected = watch.post("/introspect", &token);
            if let Ok(page) = tokio::time::timeout(Duration::from_millis(200), introspected).await {
                let honoured = page.status == 200 && page.json()["active"] == true;
                assert!(!honoured || asked < HEARD, "{what}: from memory after {asked:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        line.set(Link::Up);
        tokio::time::timeout(Duration::from_secs(10), async {
            while there.app.store.catch_up().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .unwrap();
        assert!(!scene.is_honoured_at(&there).await, "{what}: heard when the line is back");
    }
}
