//! Real processes over real sockets: two of them on one database are one server, SIGTERM loses no answer, and
//! `kill -9` loses nothing that was answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::protocol::client::AuthMethod;

use crate::support::load::{Cast, at_random};
use crate::support::process::{Deployment, Node};
use crate::support::{
    Engine, VERIFIER, at_once, encode, number, on_both_engines, only_success, refused, soon,
};

/// A process is back within this time.
const RESTART: Duration = Duration::from_secs(2);

/// One process on SQLite, two on PostgreSQL, on an empty database.
async fn start(engine: Engine) -> (Deployment, Vec<Node>) {
    let deployment = Deployment::new(engine).await;
    let nodes = match engine {
        Engine::Sqlite => vec![deployment.start().await],
        Engine::Postgres => deployment.start_two().await.into(),
    };
    (deployment, nodes)
}

on_both_engines!(processes_that_start_at_once_on_an_empty_database_have_the_same_keys, |engine| {
    for _ in 0..3 {
        let deployment = Deployment::new(engine).await;
        let [one, other] = deployment.start_two().await;
        // The one that came second to a key takes it over within a second.
        let started = Instant::now();
        loop {
            let jwks = [one.browser().get("/jwks").await.json(), other.browser().get("/jwks").await.json()];
            let (keys, same) = (jwks[0]["keys"].as_array().unwrap().len(), jwks[0] == jwks[1]);
            // Four that sign; one to encrypt to by two algorithms, and one by three.
            if same && keys == 9 {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(5), "{jwks:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
});

on_both_engines!(of_64_requests_over_all_processes_one_succeeds_every_time, |engine| {
    let (deployment, nodes) = start(engine).await;
    deployment.user("ada");
    let rp = deployment.rp(&nodes[0], "web", AuthMethod::ClientSecretBasic);
    let mut browser = nodes[0].browser();
    let at = |number: usize| rp.at(&nodes[number % nodes.len()].router);
    for _ in 0..4 {
        let code: Arc<str> = rp.code(&mut browser, "ada", "openid").await.into();
        let answers = at_once((0..64).map(|number| {
            let (rp, code) = (at(number), Arc::clone(&code));
            async move { rp.redeem(&code).await }
        }))
        .await;
        let replayed = only_success(&answers);

        let first = rp.tokens(&mut browser, "ada", "openid").await;
        let token: Arc<str> = first.refresh().into();
        let answers = at_once((0..64).map(|number| {
            let (rp, token) = (at(number), Arc::clone(&token));
            async move { rp.refresh(&token).await }
        }))
        .await;
        let reused = only_success(&answers);
        for number in 0..nodes.len() {
            for tokens in [&replayed, &first, &reused] {
                soon("revoked", async || !at(number).is_active(tokens.access()).await).await;
                assert_eq!(at(number).userinfo(tokens.access()).await.status, 401);
                assert!(!at(number).is_active(tokens.refresh()).await);
            }
        }
    }
});

on_both_engines!(what_one_process_revokes_no_process_accepts, |engine| {
    let (deployment, nodes) = start(engine).await;
    deployment.user("ada");
    let here = deployment.rp(&nodes[0], "web", AuthMethod::ClientSecretPost);
    let there = here.at(&nodes[nodes.len() - 1].router);
    let mut browser = nodes[0].browser();
    for round in 0..10 {
        let tokens = here.tokens(&mut browser, "ada", "openid").await;
        assert!(there.is_active(tokens.access()).await && there.is_active(tokens.refresh()).await);
        let token = if round % 2 == 0 { tokens.access() } else { tokens.refresh() };
        assert_eq!(here.post("/revoke", &[("token", token)]).await.status, 200);
        soon("revoked", async || !there.is_active(tokens.access()).await).await;
        assert_eq!(there.userinfo(tokens.access()).await.status, 401);
        assert_eq!(there.is_active(tokens.refresh()).await, round % 2 == 0);
    }
    let tokens = here.tokens(&mut browser, "ada", "openid").await;
    let page = browser.get("/logout").await;
    assert_eq!(browser.post("/logout", &page.form("/logout")).await.status, 200);
    soon("signed out", async || !there.is_active(tokens.access()).await).await;
    let mut elsewhere = browser.at(&nodes[nodes.len() - 1].router);
    let page = elsewhere.open(&there.authorization("openid", &[("prompt", "none")])).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));
});

on_both_engines!(kill_9_loses_nothing_that_was_answered, |engine| {
    let deployment = Deployment::new(engine).await;
    let mut nodes = [deployment.start().await];
    let mut cast = Cast::new(&deployment, &nodes).await;
    // Two hundred on both together.
    let usual = match engine {
        Engine::Sqlite => 130,
        Engine::Postgres => 70,
    };
    let rounds = number("COUNTERSIGN_KILLS").unwrap_or(usual);
    let (mut answers, mut times, mut again) = (0, Vec::new(), 0);
    for round in 0..rounds {
        let delay = at_random(Duration::from_millis(300));
        // Kept by the test's harness, and shown if this round fails.
        println!("{engine:?}: kill {round} after {delay:?}");
        let acknowledged = cast
            .load(1, Duration::ZERO, async {
                tokio::time::sleep(delay).await;
                nodes[0].kill();
            })
            .await;
        assert_eq!(acknowledged.unavailable, 0, "the database was there all the time");
        answers += acknowledged.answers;
        let restarted = Instant::now();
        nodes = [deployment.start().await];
        let mut time = restarted.elapsed();
        if time > RESTART {
            // The machine may have been busy with something else; not twice, though.
            eprintln!("{engine:?}: back after {time:?}; measured again");
            again += 1;
            nodes[0].kill();
            let restarted = Instant::now();
            nodes = [deployment.start().await];
            time = restarted.elapsed();
        }
        assert!(time <= RESTART, "it takes {time:?}");
        times.push(time);
        cast = cast.at(&nodes);
        cast.check(acknowledged).await;
    }
    times.sort_unstable();
    eprintln!(
        "{engine:?}: {rounds} kills, {answers} answers kept, back after {:?} in the median and {:?} at most \
         ({again} measured again)",
        times[times.len() / 2],
        times[times.len() - 1],
    );
    assert!(answers > 2 * rounds, "it was hardly busy: {answers}");
});

on_both_engines!(sigterm_finishes_what_was_begun_and_loses_nothing, |engine| {
    let deployment = Deployment::new(engine).await;
    let mut nodes = [deployment.start().await];
    let mut cast = Cast::new(&deployment, &nodes).await;
    let code = cast.spa.code(&mut cast.browser, "ada", "openid").await;
    let redirect_uri = cast.spa.redirect_uri.clone();

    // A request that has begun but not ended when the signal comes.
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = encode(&fields);
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{first_half}",
        body.len()
    );
    let mut begun = TcpStream::connect(("127.0.0.1", nodes[0].port)).unwrap();
    begun.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    begun.write_all(head.as_bytes()).unwrap();

    let signalled = std::cell::Cell::new(Instant::now());
    let acknowledged = cast
        .load(1, Duration::ZERO, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            nodes[0].terminate();
            signalled.set(Instant::now());
            tokio::time::sleep(Duration::from_millis(300)).await;
        })
        .await;
    assert!(acknowledged.answers > 0);
    assert_eq!(acknowledged.unavailable, 0);
    begun.write_all(second_half.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("cs_rt_"), "{answer}");
    assert_eq!(nodes[0].ended().await.code(), Some(0));
    assert!(signalled.get().elapsed() < Duration::from_secs(10), "{:?}", signalled.get().elapsed());

    nodes = [deployment.start().await];
    cast = cast.at(&nodes);
    cast.check(acknowledged).await;
    assert_eq!(refused(&cast.spa.redeem(&code).await), "invalid_grant", "it was redeemed");
});
