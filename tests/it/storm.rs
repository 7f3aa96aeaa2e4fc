//! A history of everything that was tried at the same moment, checked afterwards: of what counts once, one attempt
//! succeeds ever, and nothing succeeds that began after its end was acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign::config;
use countersign::protocol::client::{AuthMethod, ClientMetadata, GrantType};
use serde_json::json;

use crate::support::client_key::ClientKey;
use crate::support::{Browser, ISSUER, Page, Rp, START, TestApp, at_once, on_both, rounds, successes};

/// Attempts at once at each one-time value.
const CROWD: usize = 64;

/// Within this time every node knows what another one ended.
const HEARD: Duration = Duration::from_secs(1);

// ---- the history and its checker -----------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Redeeming something that counts once.
    Redeem,
    /// Asking whether a token is good.
    Ask,
    /// Ending all that belongs together.
    End,
}

/// Something that was tried.
#[derive(Clone, Debug)]
struct Operation {
    what: What,
    /// The code, the refresh token, the assertion.
    value: String,
    /// What it belongs to, and ends with.
    family: String,
    node: usize,
    begun: Duration,
    answered: Duration,
    good: bool,
}

/// How often a one-time value must have succeeded in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Once,
    /// It may have been ended first.
    OnceAtMost,
}

/// What is wrong with a history.
fn faults(history: &[Operation], expected: &BTreeMap<String, Times>) -> Vec<String> {
    let mut faults = Vec::new();
    let good = |what: What| history.iter().filter(move |one| one.what == what && one.good);
    for (value, times) in expected {
        let successes = good(What::Redeem).filter(|one| one.value == *value).count();
        let right = match times {
            Times::Once => successes == 1,
            Times::OnceAtMost => successes <= 1,
        };
        if !right {
            faults.push(format!("{value} succeeded {successes} times"));
        }
    }
    for stray in good(What::Redeem).filter(|one| !expected.contains_key(&one.value)) {
        faults.push(format!("{} is not expected", stray.value));
    }
    for end in good(What::End) {
        for late in history.iter().filter(|one| one.family == end.family && one.good) {
            let known_at = match late.what {
                // The database decides, for every node.
                What::Redeem => end.answered,
                What::Ask if late.node == end.node => end.answered,
                What::Ask => end.answered + HEARD,
                What::End => continue,
            };
            if late.begun > known_at {
                let after = late.begun.saturating_sub(end.answered);
                faults.push(format!("{:?} of {} succeeded {after:?} after its end", late.what, late.value));
            }
        }
    }
    faults
}

#[test]
fn the_checker_finds_what_is_wrong_and_nothing_else() {
    let ms = Duration::from_millis;
    let operation = |what, value: &str, node, begun, answered, good| Operation {
        what,
        value: value.to_owned(),
        family: "f".to_owned(),
        node,
        begun: ms(begun),
        answered: ms(answered),
        good,
    };
    let redeem = |begun, good| operation(What::Redeem, "v", 0, begun, begun + 5, good);
    let ask = |node, begun| operation(What::Ask, "t", node, begun, begun + 5, true);
    let end = operation(What::End, "v", 0, 10, 20, true);
    for (name, times, history, found) in [
        ("one of two", Times::Once, vec![redeem(0, true), redeem(1, false)], 0),
        ("none", Times::Once, vec![redeem(0, false)], 1),
        ("none, ended first", Times::OnceAtMost, vec![end.clone(), redeem(21, false)], 0),
        ("two", Times::Once, vec![redeem(0, true), redeem(50, true)], 1),
        ("two, perhaps ended", Times::OnceAtMost, vec![redeem(0, true), redeem(1, true)], 1),
        ("during the end", Times::Once, vec![end.clone(), redeem(19, true)], 0),
        ("after the end", Times::Once, vec![end.clone(), redeem(21, true)], 1),
        ("asked where it ended", Times::OnceAtMost, vec![end.clone(), ask(0, 21)], 1),
        ("asked elsewhere at once", Times::OnceAtMost, vec![end.clone(), ask(1, 21)], 0),
        ("asked elsewhere late", Times::OnceAtMost, vec![end.clone(), ask(1, 1_021)], 1),
        ("an end that was refused", Times::Once, vec![Operation { good: false, ..end }, redeem(21, true)], 0),
    ] {
        let expected = BTreeMap::from([("v".to_owned(), times)]);
        let faults = faults(&history, &expected);
        assert_eq!(faults.len(), found, "{name}: {faults:?}");
    }
    assert_eq!(faults(&[redeem(0, true)], &BTreeMap::new()).len(), 1, "what nobody expected");
}

/// Writes the history.
#[derive(Clone)]
struct Recorder {
    epoch: Instant,
    history: Arc<Mutex<Vec<Operation>>>,
}

impl Recorder {
    fn new() -> Self {
        Self { epoch: Instant::now(), history: Arc::default() }
    }

    async fn record<T>(
        &self,
        what: What,
        (value, family): (&str, &str),
        node: usize,
        attempt: impl Future<Output = (T, bool)>,
    ) -> T {
        let begun = self.epoch.elapsed();
        let (answer, good) = attempt.await;
        let answered = self.epoch.elapsed();
        let (value, family) = (value.to_owned(), family.to_owned());
        self.history.lock().unwrap().push(Operation { what, value, family, node, begun, answered, good });
        answer
    }
}

// ---- the storm -----------------------------------------------------------------------------------------------------

/// One node on SQLite, two on PostgreSQL.
async fn nodes(app: &TestApp) -> Vec<TestApp> {
    match app.app.config.database.engine {
        config::Engine::Sqlite(_) => vec![app.clone()],
        config::Engine::Postgres(_) => vec![app.clone(), app.second_node().await],
    }
}

struct Storm {
    nodes: Vec<TestApp>,
    rp: Rp,
    watch: Rp,
    machine: Rp,
    key: ClientKey,
    recorder: Recorder,
    expected: BTreeMap<String, Times>,
}

/// Answers which value it was about, and the page.
type Attempt = std::pin::Pin<Box<dyn Future<Output = (String, Page)> + Send>>;

impl Storm {
    /// Many attempts at one thing, at each node in turn.
    fn attempts<F: Future<Output = (Page, bool)> + Send + 'static>(
        &self,
        what: What,
        (value, family): (&str, &str),
        number: usize,
        attempt: impl Fn(&TestApp) -> F,
    ) -> Vec<Attempt> {
        let one = |number: usize| {
            let node = number % self.nodes.len();
            let (recorder, attempt) = (self.recorder.clone(), attempt(&self.nodes[node]));
            let (value, family) = (value.to_owned(), family.to_owned());
            Box::pin(async move {
                let page = recorder.record(what, (&value, &family), node, attempt).await;
                (value, page)
            }) as Attempt
        };
        (0..number).map(one).collect()
    }

    fn redemptions(&self, names: (&str, &str), code: &str) -> Vec<Attempt> {
        self.attempts(What::Redeem, names, CROWD, |node| {
            let (rp, code) = (self.rp.at(&node.router), code.to_owned());
            async move { answered(rp.redeem(&code).await) }
        })
    }

    fn refreshes(&self, names: (&str, &str), token: &str) -> Vec<Attempt> {
        self.attempts(What::Redeem, names, CROWD, |node| {
            let (rp, token) = (self.rp.at(&node.router), token.to_owned());
            async move { answered(rp.refresh(&token).await) }
        })
    }

    fn assertions(&self, names: (&str, &str)) -> Vec<Attempt> {
        let claims = json!({
            "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": START + 60, "iat": START, "jti": names.0,
        });
        let assertion = self.key.sign(&claims);
        self.attempts(What::Redeem, names, CROWD, |node| {
            let (machine, assertion) = (self.machine.at(&node.router), assertion.clone());
            async move {
                answered(
                    machine
                        .token(&[
                            ("grant_type", "client_credentials"),
                            (
                                "client_assertion_type",
                                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                            ),
                            ("client_assertion", &assertion),
                        ])
                        .await,
                )
            }
        })
    }

    fn questions(&self, names: (&str, &str), token: &str, number: usize) -> Vec<Attempt> {
        self.attempts(What::Ask, names, number, |node| {
            let (watch, token) = (self.watch.at(&node.router), token.to_owned());
            async move {
                let page = watch.post("/introspect", &[("token", &token)]).await;
                let good = page.json()["active"] == true;
                (page, good)
            }
        })
    }

    /// One of each kind at the same moment, and one that is ended in the midst of it.
    async fn round(&mut self, round: usize, browser: &mut Browser) {
        let [code_name, reused, jti, ended] =
            ["code", "refresh token", "assertion", "ended"].map(|kind| format!("{kind} {round}"));
        for (name, times) in [
            (&code_name, Times::Once),
            (&reused, Times::Once),
            (&jti, Times::Once),
            (&ended, Times::OnceAtMost),
        ] {
            self.expected.insert(name.clone(), times);
        }
        let code = self.rp.code(browser, "ada", "openid").await;
        let first = self.rp.tokens(browser, "ada", "openid").await;
        let victim = self.rp.tokens(browser, "ada", "openid").await;
        let mut crowd = self.redemptions((&code_name, &code_name), &code);
        crowd.extend(self.refreshes((&reused, &reused), first.refresh()));
        crowd.extend(self.assertions((&jti, &jti)));
        // Its refresh token may be used twice before it is revoked, which revokes it as well.
        let names = (ended.as_str(), ended.as_str());
        let at = self.nodes[round % self.nodes.len()].router.clone();
        let (rp, token, number) = (self.rp.at(&at), victim.refresh().to_owned(), round % self.nodes.len());
        let (recorder, name) = (self.recorder.clone(), ended.clone());
        let delay = Duration::from_millis(5) * u32::try_from(round % 8).unwrap();
        crowd.push(Box::pin(async move {
            tokio::time::sleep(delay).await;
            let end = async { answered(rp.post("/revoke", &[("token", &token)]).await) };
            let page = recorder.record(What::End, (&name, &name), number, end).await;
            (name, page)
        }));
        crowd.extend(self.refreshes(names, victim.refresh()).into_iter().take(CROWD / 4));
        let mut asked = self.questions(names, victim.access(), CROWD);
        // Some among the others, some after them.
        let after = asked.split_off(CROWD / 2);
        crowd.extend(asked);
        let answers = at_once(crowd).await;
        at_once(after).await;

        // Whoever lost a code or a refresh token was told so after what it had brought was revoked.
        for name in [&code_name, &reused] {
            let over = std::future::ready(((), true));
            self.recorder.record(What::End, (name, name), 0, over).await;
            let pages = answers.iter().filter(|(value, _)| value == name).map(|(_, page)| page.clone());
            for tokens in successes(&pages.collect::<Vec<_>>()) {
                for (number, node) in self.nodes.iter().enumerate() {
                    node.hears().await;
                    let watch = self.watch.at(&node.router);
                    assert!(
                        !watch.is_active(tokens.access()).await,
                        "{name} outlives its replay at {number}"
                    );
                    assert!(
                        !watch.is_active(tokens.refresh()).await,
                        "{name} outlives its replay at {number}"
                    );
                }
            }
        }
        let late = self.refreshes(names, victim.refresh()).into_iter().take(2);
        at_once(late.chain(self.redemptions((&code_name, &code_name), &code).into_iter().take(2))).await;
    }
}

/// An answer, and whether it is a success.
fn answered(page: Page) -> (Page, bool) {
    assert!(!page.status.is_server_error(), "{} {}", page.status, page.body);
    let good = page.status == 200;
    (page, good)
}

on_both!(whatever_64_attempts_at_once_interleave_to_the_history_is_right, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let key = ClientKey::new("k1");
    let by_key = |metadata: &mut ClientMetadata| {
        metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        metadata.jwks = Some(key.jwks());
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.redirect_uris.clear();
    };
    let machine = Rp::new(&app, &app.client("machine", by_key).await);
    let watch = Rp::new(&app, &app.client("watch", |metadata| metadata.introspects_any_token = true).await);
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let mut storm =
        Storm { nodes, rp, watch, machine, key, recorder: Recorder::new(), expected: BTreeMap::new() };
    for round in 0..rounds(10) {
        storm.round(round, &mut browser).await;
        // Each round is judged by itself, so that a thousand of them fit.
        let history = std::mem::take(&mut *storm.recorder.history.lock().unwrap());
        let expected = std::mem::take(&mut storm.expected);
        let faults = faults(&history, &expected);
        assert!(faults.is_empty(), "round {round}: {faults:#?}");
        assert!(history.len() > 4 * CROWD);
    }
});
