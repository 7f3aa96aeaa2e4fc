//! Two real processes, and what no process is asked about: PostgreSQL crashes, or one of them stands still for a while.
//! Neither brings back what was ended, loses what was answered, or has a one-time value count twice.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use countersign::protocol::client::AuthMethod;

use crate::support::fragile::Fragile;
use crate::support::load::{Cast, at_random};
use crate::support::process::{Deployment, Node};
use crate::support::{
    Browser, Engine, PASSWORD, Page, Rp, Tokens, at_once, granted, number, refused, rounds,
};

/// Another node has heard by then.
const HEARD: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_postgresql_loses_nothing_that_was_answered_and_everything_goes_on() {
    let Some(postgres) = Fragile::take().await else { return };
    let deployment = Deployment::on_fragile(&postgres).await;
    let nodes = deployment.start_two().await;
    let mut cast = Cast::new(&deployment, &nodes).await;
    // A crash takes seconds where the end of a process takes none.
    let crashes = number("COUNTERSIGN_KILLS").map_or(3, |kills| kills / 20);
    let (mut answers, mut unavailable, mut longest) = (0, 0, Duration::ZERO);
    for crash in 0..crashes {
        let delay = at_random(Duration::from_millis(300));
        println!("crash {crash} after {delay:?}");
        let heard = Arc::clone(&cast.heard);
        let acknowledged = cast
            .load(3, Duration::from_millis(40), async {
                tokio::time::sleep(delay).await;
                let began = Instant::now();
                postgres.crash().await;
                longest = longest.max(began.elapsed());
                // However long a busy machine takes: its visitors are served again.
                let before = heard.load(Ordering::SeqCst);
                let served = async {
                    while heard.load(Ordering::SeqCst) < before + 40 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                };
                let patience = Duration::from_secs(60);
                tokio::time::timeout(patience, served).await.expect("nobody is served any more");
                tokio::time::sleep(HEARD).await;
            })
            .await;
        answers += acknowledged.answers;
        unavailable += acknowledged.unavailable;
        // What one node revoked at the very end, the other one has heard of now.
        tokio::time::sleep(HEARD).await;
        cast.check(acknowledged).await;
    }
    eprintln!(
        "{crashes} crashes of PostgreSQL, back after {longest:?} at most: {answers} answers kept, {unavailable} times 503"
    );
}

// ---- what was ended meanwhile --------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
enum End {
    Grant,
    Session,
    Account,
    Password,
    Client,
}

const ENDS: [End; 5] = [End::Grant, End::Session, End::Account, End::Password, End::Client];

/// Somebody who is signed in at a client of their own.
#[derive(Clone)]
struct Scene {
    name: String,
    rp: Rp,
    watch: Rp,
    browser: Browser,
    tokens: Tokens,
}

impl Scene {
    async fn of(deployment: &Deployment, node: &Node, watch: &Rp, name: String) -> Self {
        deployment.user(&name);
        let rp = deployment.rp(node, &format!("client-{name}"), AuthMethod::ClientSecretBasic);
        let mut browser = node.browser();
        let tokens = rp.tokens(&mut browser, &name, "openid").await;
        Self { name, rp, watch: watch.clone(), browser, tokens }
    }

    /// The same, asked of another node.
    fn at(&self, node: &Node) -> Self {
        let router = &node.router;
        Self {
            rp: self.rp.at(router),
            watch: self.watch.at(router),
            browser: self.browser.at(router),
            ..self.clone()
        }
    }

    /// Has the node know everything about it.
    async fn warm_up(&self) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..3 {
            assert!(self.watch.is_active(self.tokens.access()).await, "before");
            assert_eq!(self.rp.userinfo(self.tokens.access()).await.status, 200, "before");
            assert!(self.asks_for_a_code().await.sent("code").is_some(), "before");
        }
    }

    async fn asks_for_a_code(&self) -> Page {
        self.browser.clone().get(&self.rp.authorization("openid", &[("prompt", "none")])).await
    }

    async fn asks_about_the_token(&self) -> Page {
        self.watch.post("/introspect", &[("token", self.tokens.access())]).await
    }

    /// None of it is honoured, whatever is asked first.
    async fn assert_over(&self, end: End) {
        let questions = (0..12).map(|number| {
            let scene = self.clone();
            async move {
                match number % 3 {
                    0 => assert_eq!(scene.asks_about_the_token().await.json()["active"], false, "{end:?}"),
                    1 => assert_eq!(scene.rp.userinfo(scene.tokens.access()).await.status, 401, "{end:?}"),
                    _ => {
                        // A grant may end without its session, and a client without anybody's.
                        if !matches!(end, End::Grant | End::Client) {
                            let sent = scene.asks_for_a_code().await.sent("error");
                            assert_eq!(sent.as_deref(), Some("login_required"), "{end:?}");
                        }
                    }
                }
            }
        });
        at_once(questions).await;
        let expected = if matches!(end, End::Client) { "invalid_client" } else { "invalid_grant" };
        assert_eq!(refused(&self.rp.refresh(self.tokens.refresh()).await), expected, "{end:?}");
    }
}

impl End {
    /// Does it, by the scene's node or at the command line, until it is acknowledged.
    async fn happen(self, deployment: &Deployment, scene: &mut Scene) {
        let Scene { name, rp, browser, tokens, .. } = scene;
        match self {
            Self::Grant => {
                assert_eq!(rp.post("/revoke", &[("token", tokens.refresh())]).await.status, 200);
            }
            Self::Session => {
                let page = browser.clone().get("/logout").await;
                assert_eq!(browser.clone().post("/logout", &page.form("/logout")).await.status, 200);
            }
            Self::Account => drop(deployment.run(&["user", "disable", name], "")),
            Self::Password => {
                drop(deployment.run(&["user", "set-password", name, "--password-stdin"], PASSWORD));
            }
            Self::Client => {
                drop(deployment.run(&["client", "update", &rp.client_id, "--disabled=true"], ""));
            }
        }
    }
}

/// A client that may ask about everybody's tokens.
fn watcher(deployment: &Deployment, node: &Node) -> Rp {
    deployment.rp(node, "watch", AuthMethod::ClientSecretPost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_slept_honours_nothing_that_was_ended_meanwhile() {
    if !Engine::postgres_is_there() {
        return;
    }
    let deployment = Deployment::new(Engine::Postgres).await;
    let [here, there] = deployment.start_two().await;
    let watch = watcher(&deployment, &here);
    for round in 0..rounds(1).min(50) {
        for end in ENDS {
            let name = format!("{end:?}{round}").to_lowercase();
            let mut scene = Scene::of(&deployment, &here, &watch, name).await;
            let there_too = scene.at(&there);
            there_too.warm_up().await;
            there.fall_asleep();
            end.happen(&deployment, &mut scene).await;
            let sleep = HEARD + at_random(Duration::from_millis(500));
            println!("{end:?}, asleep for {sleep:?} more");
            tokio::time::sleep(sleep).await;
            // The questions wait at its door, so that they are the first thing that it meets.
            let asked = tokio::spawn(async move { there_too.assert_over(end).await });
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(!asked.is_finished(), "it was awake");
            there.wake_up();
            asked.await.unwrap();
            scene.at(&there).assert_over(end).await;
            scene.assert_over(end).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_ended_before_a_crash_of_postgresql_no_node_honours_after_it() {
    let Some(postgres) = Fragile::take().await else { return };
    let deployment = Deployment::on_fragile(&postgres).await;
    let [here, there] = deployment.start_two().await;
    let watch = watcher(&deployment, &here);
    for round in 0..rounds(1).min(20) {
        for end in ENDS {
            let name = format!("{end:?}{round}").to_lowercase();
            let mut scene = Scene::of(&deployment, &here, &watch, name).await;
            let there_too = scene.at(&there);
            there_too.warm_up().await;
            end.happen(&deployment, &mut scene).await;
            let (ended, over) = (Instant::now(), Cell::new(false));
            let crash = async {
                postgres.crash().await;
                println!("{end:?}: PostgreSQL is back after {:?}", ended.elapsed());
                tokio::time::sleep(HEARD).await;
                over.set(true);
            };
            // Whatever it says meanwhile, or does not say: not that the token is good, once a second is over.
            let questions = async {
                while !over.get() {
                    let asked = ended.elapsed();
                    let page = there_too.asks_about_the_token().await;
                    if page.status == 200 {
                        let honoured = page.json()["active"] == true;
                        assert!(!honoured || asked < HEARD, "{end:?}: honoured after {asked:?}");
                    } else {
                        assert_eq!(page.status, 503, "{end:?}");
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::join!(crash, questions);
            for scene in [&scene, &scene.at(&there)] {
                scene.assert_over(end).await;
            }
        }
    }
    // And life goes on.
    let scene = Scene::of(&deployment, &here, &watch, "late".to_owned()).await;
    scene.at(&there).warm_up().await;
    granted(&scene.at(&there).rp.refresh(scene.tokens.refresh()).await);
}
