//! Real processes over real sockets: two of them on one database are one server, SIGTERM loses no answer, and
//! `kill -9` loses nothing that was answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::protocol::client::AuthMethod;
use tokio::task::JoinSet;

use crate::support::process::{Deployment, NO_ANSWER, Node};
use crate::support::{
    Browser, Engine, Page, Rp, Tokens, VERIFIER, at_once, encode, granted, number, on_both_engines,
    only_success, refused,
};

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
            // Four that sign, two to encrypt to.
            if same && keys == 6 {
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
                within_a_second("revoked", async || !at(number).is_active(tokens.access()).await).await;
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
        within_a_second("revoked", async || !there.is_active(tokens.access()).await).await;
        assert_eq!(there.userinfo(tokens.access()).await.status, 401);
        assert_eq!(there.is_active(tokens.refresh()).await, round % 2 == 0);
    }
    let tokens = here.tokens(&mut browser, "ada", "openid").await;
    let page = browser.get("/logout").await;
    assert_eq!(browser.post("/logout", &page.form("/logout")).await.status, 200);
    within_a_second("signed out", async || !there.is_active(tokens.access()).await).await;
    let mut elsewhere = browser.at(&nodes[nodes.len() - 1].router);
    let page = elsewhere.open(&there.authorization("openid", &[("prompt", "none")])).await;
    assert_eq!(page.sent("error").as_deref(), Some("login_required"));
});

/// What one process did, the others honour within a second.
async fn within_a_second(what: &str, condition: impl AsyncFn() -> bool) {
    let acknowledged = Instant::now();
    while !condition().await {
        assert!(acknowledged.elapsed() < Duration::from_secs(1), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the server answered, and so must not forget.
#[derive(Default)]
struct Acknowledged {
    /// The last refresh token of each chain.
    current: Vec<String>,
    /// Codes that were redeemed, with what they brought.
    redeemed: Vec<(String, Tokens)>,
    /// Tokens whose revocation was acknowledged.
    revoked: Vec<Tokens>,
    /// Codes that were never sent.
    unused: Vec<String>,
    /// Answers of the server, all in all.
    answers: usize,
}

/// Something to sign in, refresh and redeem with.
struct Cast {
    spa: Rp,
    web: Rp,
    browser: Browser,
}

impl Cast {
    fn new(deployment: &Deployment, node: &Node) -> Self {
        deployment.user("ada");
        let spa = deployment.rp(node, "spa", AuthMethod::None);
        let web = deployment.rp(node, "web", AuthMethod::ClientSecretBasic);
        Self { spa, web, browser: node.browser() }
    }

    /// The same, talking to this process.
    fn at(&self, node: &Node) -> Self {
        let router = &node.router;
        Self { spa: self.spa.at(router), web: self.web.at(router), browser: self.browser.at(router) }
    }

    /// Keeps the server busy until `end` is over and no request is answered any more.
    async fn load(&mut self, end: impl Future<Output = ()>) -> Acknowledged {
        let (mut chains, mut redeemers) = (JoinSet::new(), JoinSet::new());
        let mut stock = Vec::new();
        for _ in 0..3 {
            let mut codes = Vec::new();
            for _ in 0..12 {
                codes.push(self.web.code(&mut self.browser, "ada", "openid").await);
            }
            stock.push(codes);
        }
        for _ in 0..4 {
            let first = self.spa.tokens(&mut self.browser, "ada", "openid").await;
            chains.spawn(chain(self.spa.clone(), first.refresh().to_owned()));
        }
        for codes in stock {
            redeemers.spawn(redeem_and_revoke(self.web.clone(), codes));
        }
        end.await;
        let mut all = Acknowledged::default();
        for one in redeemers.join_all().await {
            all.redeemed.extend(one.redeemed);
            all.revoked.extend(one.revoked);
            all.unused.extend(one.unused);
            all.answers += one.answers;
        }
        for (current, answers) in chains.join_all().await {
            all.current.push(current);
            all.answers += answers;
        }
        all
    }

    /// Is everything there that was acknowledged?
    async fn check(&self, acknowledged: &Acknowledged) {
        for tokens in &acknowledged.revoked {
            assert!(!self.web.is_active(tokens.access()).await, "revoked stays revoked");
            assert_eq!(refused(&self.web.refresh(tokens.refresh()).await), "invalid_grant");
        }
        for token in &acknowledged.current {
            // Current, or used by the request that got no answer; then it gets the same successor.
            let next = granted(&self.spa.refresh(token).await);
            granted(&self.spa.refresh(next.refresh()).await);
        }
        for (code, tokens) in &acknowledged.redeemed {
            assert_eq!(self.web.userinfo(tokens.access()).await.status, 200, "issued stays issued");
            assert!(self.web.is_active(tokens.refresh()).await);
            assert_eq!(refused(&self.web.redeem(code).await), "invalid_grant", "redeemed stays redeemed");
            assert!(!self.web.is_active(tokens.access()).await);
        }
        for code in &acknowledged.unused {
            granted(&self.web.redeem(code).await);
        }
    }
}

/// Refreshes until nobody answers; the last token that was answered, and how many there were.
async fn chain(rp: Rp, mut current: String) -> (String, usize) {
    let mut answers = 0;
    loop {
        let page = rp.refresh(&current).await;
        if page.status == NO_ANSWER {
            return (current, answers);
        }
        granted(&page).refresh().clone_into(&mut current);
        answers += 1;
    }
}

/// Redeems one code after the other and revokes every second grant, until nobody answers.
async fn redeem_and_revoke(rp: Rp, codes: Vec<String>) -> Acknowledged {
    let mut done = Acknowledged::default();
    let mut codes = codes.into_iter();
    for code in codes.by_ref() {
        let page = rp.redeem(&code).await;
        if page.status == NO_ANSWER {
            break;
        }
        done.answers += 1;
        let tokens = granted(&page);
        if done.answers % 2 == 1 {
            done.redeemed.push((code, tokens));
            continue;
        }
        let page: Page = rp.post("/revoke", &[("token", tokens.refresh())]).await;
        if page.status == NO_ANSWER {
            break;
        }
        assert_eq!(page.status, 200);
        done.revoked.push(tokens);
    }
    done.unused = codes.collect();
    done
}

on_both_engines!(kill_9_loses_nothing_that_was_answered, |engine| {
    let deployment = Deployment::new(engine).await;
    let mut node = deployment.start().await;
    let mut cast = Cast::new(&deployment, &node);
    let usual = match engine {
        Engine::Sqlite => 10,
        Engine::Postgres => 5,
    };
    let rounds = number("COUNTERSIGN_KILLS").unwrap_or(usual);
    let (mut answers, mut longest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let acknowledged = cast
            .load(async {
                tokio::time::sleep(Duration::from_millis(20 + 25 * (round as u64 % 10))).await;
                node.kill();
            })
            .await;
        answers += acknowledged.answers;
        let restarted = Instant::now();
        node = deployment.start().await;
        longest = longest.max(restarted.elapsed());
        assert!(longest < Duration::from_secs(10), "it takes {longest:?}");
        cast = cast.at(&node);
        cast.check(&acknowledged).await;
    }
    eprintln!("{engine:?}: {rounds} kills, {answers} answers kept, back after {longest:?} at most");
    assert!(answers > 2 * rounds, "it was hardly busy: {answers}");
});

on_both_engines!(sigterm_finishes_what_was_begun_and_loses_nothing, |engine| {
    let deployment = Deployment::new(engine).await;
    let mut node = deployment.start().await;
    let mut cast = Cast::new(&deployment, &node);
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
    let mut begun = TcpStream::connect(("127.0.0.1", node.port)).unwrap();
    begun.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    begun.write_all(head.as_bytes()).unwrap();

    let signalled = std::cell::Cell::new(Instant::now());
    let acknowledged = cast
        .load(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            node.terminate();
            signalled.set(Instant::now());
            tokio::time::sleep(Duration::from_millis(300)).await;
        })
        .await;
    assert!(acknowledged.answers > 0);
    begun.write_all(second_half.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("cs_rt_"), "{answer}");
    assert_eq!(node.ended().await.code(), Some(0));
    assert!(signalled.get().elapsed() < Duration::from_secs(10), "{:?}", signalled.get().elapsed());

    node = deployment.start().await;
    cast.at(&node).check(&acknowledged).await;
    assert_eq!(refused(&cast.at(&node).spa.redeem(&code).await), "invalid_grant", "it was redeemed");
});
