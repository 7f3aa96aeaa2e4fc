//! A deployment that is kept busy until something happens to it, and what it answered: of that nothing may be lost,
//! nothing that was ended may come back, and what counts once was granted once at most.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use countersign::clock::Clock;
use countersign::protocol::client::AuthMethod;
use serde_json::json;
use tokio::task::JoinSet;

use super::client_key::ClientKey;
use super::process::{Deployment, NO_ANSWER, Node};
use super::{Browser, ISSUER, Page, Rp, Tokens, at_once, granted, refused};

/// Attempts at once at each one-time value.
const CROWD: usize = 64;

/// A moment that nobody chose, before `most` is over.
pub fn at_random(most: Duration) -> Duration {
    Duration::from_micros(random() % u64::try_from(most.as_micros()).unwrap())
}

/// Another number every time.
fn random() -> u64 {
    RandomState::new().hash_one("")
}

/// No answer that says anything: the process or its database was not there.
fn is_silence(page: &Page) -> bool {
    page.status == NO_ANSWER || page.status == 503
}

/// What the deployment answered, and so must not forget.
#[derive(Default)]
pub struct Acknowledged {
    /// The last refresh token of each chain.
    current: Vec<String>,
    /// Codes that were redeemed, with what they brought.
    redeemed: Vec<(String, Tokens)>,
    /// Tokens whose revocation was acknowledged.
    revoked: Vec<Tokens>,
    /// Codes that were never sent.
    unused: Vec<String>,
    /// What many wanted at once, or somebody got no answer about.
    contested: Vec<Contested>,
    /// Answers, all in all.
    pub answers: usize,
    /// And answers that there is none at the moment.
    pub unavailable: usize,
}

impl Acknowledged {
    fn add(&mut self, other: Self) {
        self.current.extend(other.current);
        self.redeemed.extend(other.redeemed);
        self.revoked.extend(other.revoked);
        self.unused.extend(other.unused);
        self.contested.extend(other.contested);
        self.answers += other.answers;
        self.unavailable += other.unavailable;
    }
}

/// Something that counts once.
#[derive(Clone, Debug)]
enum OneTime {
    Code(String),
    RefreshToken(String),
    Assertion(String),
}

/// A one-time value, what came of it, and whether somebody was told that it is of no use (any more).
struct Contested {
    value: OneTime,
    granted: Vec<Tokens>,
    refused: bool,
}

impl Contested {
    fn note(&mut self, page: &Page) {
        match (page.status.as_u16(), &self.value) {
            (200, _) => self.granted.push(granted(page)),
            (_, OneTime::Assertion(_)) => assert_eq!(refused(page), "invalid_client"),
            _ => assert_eq!(refused(page), "invalid_grant"),
        }
        self.refused |= page.status != 200;
    }
}

/// Clients and a browser that is signed in, at one node or several.
#[derive(Clone)]
pub struct Cast {
    pub spa: Rp,
    pub web: Rp,
    machine: Rp,
    key: Arc<ClientKey>,
    pub browser: Browser,
    /// Answers that its visitors had, ever.
    pub heard: Arc<AtomicUsize>,
    nodes: Vec<Router>,
}

impl Cast {
    pub async fn new(deployment: &Deployment, nodes: &[Node]) -> Self {
        deployment.user("ada");
        let key = ClientKey::new("k1");
        let mut cast = Self {
            spa: deployment.rp(&nodes[0], "spa", AuthMethod::None),
            web: deployment.rp(&nodes[0], "web", AuthMethod::ClientSecretBasic),
            machine: deployment.machine(&nodes[0], "machine", &key),
            key: Arc::new(key),
            browser: nodes[0].browser(),
            heard: Arc::default(),
            nodes: nodes.iter().map(|node| node.router.clone()).collect(),
        };
        // From now on neither sign-in nor consent is asked for.
        cast.spa.tokens(&mut cast.browser, "ada", "openid").await;
        cast
    }

    /// The same, talking to these processes.
    pub fn at(&self, nodes: &[Node]) -> Self {
        let nodes = nodes.iter().map(|node| node.router.clone()).collect();
        Self { nodes, ..self.clone() }.by(0)
    }

    /// The same, talking to one node; to each in turn, by number.
    fn by(&self, number: usize) -> Self {
        let node = &self.nodes[number % self.nodes.len()];
        Self {
            spa: self.spa.at(node),
            web: self.web.at(node),
            machine: self.machine.at(node),
            browser: self.browser.at(node),
            ..self.clone()
        }
    }

    /// Keeps every node busy until `end` is over. In the midst of it many want the same code, refresh token and assertion;
    /// of these three, so many.
    pub async fn load(
        &mut self,
        kinds: usize,
        pause: Duration,
        end: impl Future<Output = ()>,
    ) -> Acknowledged {
        let tokens = self.web.tokens(&mut self.browser, "ada", "openid").await;
        let mut values = vec![
            OneTime::RefreshToken(tokens.refresh().to_owned()),
            OneTime::Code(self.web.code(&mut self.browser, "ada", "openid").await),
            OneTime::Assertion(self.assertion()),
        ];
        let any = random() % 3;
        values.rotate_left(usize::try_from(any).unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let mut busy = JoinSet::new();
        for number in 0..3 {
            for rp in [|cast: &Self| cast.spa.clone(), |cast: &Self| cast.web.clone()] {
                let cast = self.by(number);
                let visitor = Visitor {
                    rp: rp(&cast),
                    browser: cast.browser,
                    pause,
                    over: Arc::clone(&over),
                    heard: Arc::clone(&cast.heard),
                    done: Acknowledged::default(),
                };
                if visitor.rp.client_id == "spa" {
                    busy.spawn(visitor.refreshes());
                } else {
                    busy.spawn(visitor.redeems_and_revokes());
                }
            }
        }
        for value in values.into_iter().take(kinds) {
            busy.spawn(self.clone().crowd(value));
        }
        end.await;
        over.store(true, Ordering::SeqCst);
        let mut all = Acknowledged::default();
        for one in busy.join_all().await {
            all.add(one);
        }
        all
    }

    fn assertion(&self) -> String {
        let now = Clock::system().millis();
        let claims = json!({
            "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": now / 1000 + 60, "iat": now / 1000,
            "jti": random().to_string(),
        });
        self.key.sign(&claims)
    }

    async fn use_up(&self, value: &OneTime) -> Page {
        match value {
            OneTime::Code(code) => self.web.redeem(code).await,
            OneTime::RefreshToken(token) => self.web.refresh(token).await,
            OneTime::Assertion(assertion) => {
                let fields = [
                    ("grant_type", "client_credentials"),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", assertion),
                ];
                self.machine.token(&fields).await
            }
        }
    }

    /// Wants the same value many times at once, at every node.
    async fn crowd(self, value: OneTime) -> Acknowledged {
        let attempts = (0..CROWD).map(|number| {
            let (cast, value) = (self.by(number), value.clone());
            async move { cast.use_up(&value).await }
        });
        let pages = at_once(attempts).await;
        let (mut contested, mut done) =
            (Contested { value, granted: Vec::new(), refused: false }, Acknowledged::default());
        for page in &pages {
            if is_silence(page) {
                done.unavailable += usize::from(page.status == 503);
            } else {
                contested.note(page);
                done.answers += 1;
            }
        }
        done.contested.push(contested);
        done
    }

    /// Is everything there that was acknowledged, and nothing that was ended?
    pub async fn check(&self, acknowledged: Acknowledged) {
        for (number, tokens) in acknowledged.revoked.iter().enumerate() {
            let web = self.by(number).web;
            assert!(!web.is_active(tokens.access()).await, "revoked stays revoked");
            assert_eq!(refused(&web.refresh(tokens.refresh()).await), "invalid_grant");
        }
        for (number, token) in acknowledged.current.iter().enumerate() {
            let spa = self.by(number).spa;
            // Current, or used by the request that got no answer; then it gets the same successor.
            let next = granted(&spa.refresh(token).await);
            granted(&spa.refresh(next.refresh()).await);
        }
        for (number, (code, tokens)) in acknowledged.redeemed.iter().enumerate() {
            let web = self.by(number).web;
            assert_eq!(web.userinfo(tokens.access()).await.status, 200, "issued stays issued");
            assert!(web.is_active(tokens.refresh()).await);
            assert_eq!(refused(&web.redeem(code).await), "invalid_grant", "redeemed stays redeemed");
            assert!(!web.is_active(tokens.access()).await);
        }
        for (number, code) in acknowledged.unused.iter().enumerate() {
            granted(&self.by(number).web.redeem(code).await);
        }
        for (number, contested) in acknowledged.contested.into_iter().enumerate() {
            self.by(number).check_contested(contested).await;
        }
    }

    async fn check_contested(&self, mut contested: Contested) {
        // Whoever was refused was told so after what the value had brought was revoked.
        if contested.refused {
            self.assert_over(&contested).await;
        }
        // The first of these may be the one that counts, if nobody's did; the second never.
        contested.note(&self.use_up(&contested.value).await);
        let late = self.use_up(&contested.value).await;
        assert_ne!(late.status, 200, "{:?}", contested.value);
        contested.note(&late);
        assert!(
            contested.granted.len() <= 1,
            "{:?} counted {} times",
            contested.value,
            contested.granted.len()
        );
        self.assert_over(&contested).await;
    }

    async fn assert_over(&self, contested: &Contested) {
        if matches!(contested.value, OneTime::Assertion(_)) {
            return;
        }
        for tokens in &contested.granted {
            assert!(!self.web.is_active(tokens.access()).await, "{:?} outlives its replay", contested.value);
            assert!(!self.web.is_active(tokens.refresh()).await, "{:?} outlives its replay", contested.value);
        }
    }
}

/// One of those who keep a node busy. Asks again after a while when there is no answer, as a client would.
struct Visitor {
    rp: Rp,
    browser: Browser,
    /// Between two turns.
    pause: Duration,
    over: Arc<AtomicBool>,
    heard: Arc<AtomicUsize>,
    done: Acknowledged,
}

impl Visitor {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    async fn is_answer(&mut self, page: &Page) -> bool {
        if is_silence(page) {
            self.done.unavailable += usize::from(page.status == 503);
            tokio::time::sleep(Duration::from_millis(20)).await;
            return false;
        }
        self.done.answers += 1;
        self.heard.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// A new code; none when it is over.
    async fn code(&mut self) -> Option<String> {
        tokio::time::sleep(self.pause).await;
        while !self.is_over() {
            let page = self.browser.get(&self.rp.authorization("openid", &[])).await;
            if self.is_answer(&page).await {
                let code = page.sent("code");
                return Some(code.unwrap_or_else(|| panic!("no code: {}", page.location())));
            }
        }
        None
    }

    /// What a code brings; nothing if that was not heard.
    async fn redeem(&mut self, code: &str) -> Option<Tokens> {
        let mut in_doubt = false;
        while !self.is_over() {
            let page = self.rp.redeem(code).await;
            if self.is_answer(&page).await {
                if in_doubt && page.status == 400 {
                    assert_eq!(refused(&page), "invalid_grant", "it was redeemed, which went unheard");
                    break;
                }
                return Some(granted(&page));
            }
            in_doubt = true;
        }
        if in_doubt {
            let value = OneTime::Code(code.to_owned());
            self.done.contested.push(Contested { value, granted: Vec::new(), refused: false });
        } else {
            self.done.unused.push(code.to_owned());
        }
        None
    }

    /// Refreshes all the time.
    async fn refreshes(mut self) -> Acknowledged {
        let mut current = None;
        while current.is_none() && !self.is_over() {
            if let Some(code) = self.code().await {
                current = self.redeem(&code).await.map(|tokens| tokens.refresh().to_owned());
            }
        }
        let Some(mut current) = current else { return self.forget_codes() };
        while !self.is_over() {
            let page = self.rp.refresh(&current).await;
            if self.is_answer(&page).await {
                granted(&page).refresh().clone_into(&mut current);
            }
            tokio::time::sleep(self.pause / 4).await;
        }
        self.done.current.push(current);
        self.forget_codes()
    }

    /// The codes of a chain are another client's than those that are looked at afterwards.
    fn forget_codes(mut self) -> Acknowledged {
        self.done.unused.clear();
        self.done.contested.clear();
        self.done
    }

    /// Of each three codes, leaves one alone, redeems one, and redeems one and revokes what it brought.
    async fn redeems_and_revokes(mut self) -> Acknowledged {
        for turn in 0.. {
            let Some(code) = self.code().await else { break };
            if turn % 3 == 0 {
                self.done.unused.push(code);
                continue;
            }
            let Some(tokens) = self.redeem(&code).await else { continue };
            if turn % 3 == 1 {
                self.done.redeemed.push((code, tokens));
                continue;
            }
            while !self.is_over() {
                let page = self.rp.post("/revoke", &[("token", tokens.refresh())]).await;
                if self.is_answer(&page).await {
                    assert_eq!(page.status, 200);
                    self.done.revoked.push(tokens);
                    break;
                }
            }
        }
        self.done
    }
}
