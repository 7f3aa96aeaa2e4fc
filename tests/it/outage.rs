//! The database goes away and comes back: everything that needs it answers 503 with Retry-After and says nothing about
//! it, the rest keeps answering, and no token is used up by a request that failed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use countersign::config;
use countersign::http::edge;
use countersign::routes;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Browser, Engine, PASSWORD, Page, Rp, START, TestApp, Tokens, filled, granted};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Up,
    /// Nothing gets through, and nobody is told.
    Silent,
    /// Connections break, and new ones are not answered.
    Down,
}

/// A line to the database that can be cut.
pub struct Line {
    address: SocketAddr,
    link: watch::Sender<Link>,
    lost: watch::Sender<()>,
}

impl Line {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (link, watched) = watch::channel(Link::Up);
        let lost = watch::Sender::new(());
        let losing = lost.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *watched.borrow() != Link::Down {
                    let far = TcpStream::connect(&server).await.unwrap();
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::spawn(carry(near_in, far_out, watched.clone(), losing.subscribe()));
                    tokio::spawn(carry(far_in, near_out, watched.clone(), losing.subscribe()));
                }
            }
        });
        Self { address, link, lost }
    }

    /// A line to the server that this URL names.
    pub async fn to_database(url: &str) -> Self {
        let url = url::Url::parse(url).unwrap();
        Self::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))).await
    }

    /// The database of this URL, by this line.
    pub fn engine(&self, url: &str) -> config::Engine {
        let mut through = url::Url::parse(url).unwrap();
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(self.address.port())).unwrap();
        config::Engine::Postgres(through.into())
    }

    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// The connections of now carry nothing any more, and nobody is told. New ones are not affected.
    pub fn lose_connections(&self) {
        self.lost.send_replace(());
    }
}

/// Carries bytes one way until either side ends or the link goes down; none any more when the connection is lost.
async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut link: watch::Receiver<Link>,
    mut lost: watch::Receiver<()>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if link.wait_for(|link| *link != Link::Silent).await.is_err() || *link.borrow() == Link::Down {
            return;
        }
        tokio::select! {
            changed = link.changed() => if changed.is_err() { return },
            _ = lost.changed() => return std::future::pending().await,
            read = from.read(&mut buffer) => match read {
                Ok(length) if length > 0 && to.write_all(&buffer[..length]).await.is_ok() => {}
                _ => return,
            }
        }
    }
}

/// Everything that was begun before the outage.
struct Begun {
    app: TestApp,
    router: Router,
    rp: Rp,
    tokens: Tokens,
    code: String,
    browser: Browser,
    login: (Browser, Page),
    consent: (Browser, Page),
}

impl Begun {
    async fn before(app: TestApp, time_limit: Duration) -> Self {
        let router = edge::wrap_within(routes::router(&app.app), &app.app, time_limit);
        app.user("ada").await;
        let rp = app.rp("web").await.at(&router);
        let mut browser = Browser::new(router.clone());
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let code = rp.code(&mut browser, "ada", "openid").await;
        let mut visitor = Browser::new(router.clone());
        let login = visitor.open(&rp.authorization("openid", &[])).await;
        let mut asked = browser.clone();
        let consent = asked.open(&rp.authorization("openid email", &[])).await;
        assert!(consent.body.contains("consent-allow"));
        Self { app, router, rp, tokens, code, browser, login: (visitor, login), consent: (asked, consent) }
    }

    fn login_form(&self) -> Vec<(String, String)> {
        filled(self.login.1.form("/login"), &[("username", "ada"), ("password", PASSWORD)])
    }

    fn consent_form(&self) -> Vec<(String, String)> {
        filled(self.consent.1.form("/consent"), &[("decision", "allow")])
    }

    /// Requests that write.
    async fn writes(&self) -> Vec<(&'static str, Page)> {
        let (mut visitor, mut asked) = (self.login.0.clone(), self.consent.0.clone());
        let mut leaving = self.browser.clone();
        let (login_form, consent_form) = (self.login_form(), self.consent_form());
        let revoked = [("token", self.tokens.refresh())];
        let access_token = [("token", self.tokens.access())];
        let hint = [("id_token_hint", self.tokens.get("id_token"))];
        let logout =
            url::form_urlencoded::Serializer::new(String::from("/logout?")).extend_pairs(hint).finish();
        let (redeem, refresh, revoke, one_token, login, consent, logout) = tokio::join!(
            self.rp.redeem(&self.code),
            self.rp.refresh(self.tokens.refresh()),
            self.rp.post("/revoke", &revoked),
            self.rp.post("/revoke", &access_token),
            visitor.post("/login", &login_form),
            asked.post("/consent", &consent_form),
            leaving.get(&logout),
        );
        vec![
            ("redeem", redeem),
            ("refresh", refresh),
            ("revoke", revoke),
            ("revoke access token", one_token),
            ("login", login),
            ("consent", consent),
            ("logout", logout),
        ]
    }

    /// Requests that only read.
    async fn reads(&self) -> Vec<(&'static str, Page)> {
        let (mut asked, mut visitor, mut back) =
            (self.browser.clone(), self.login.0.clone(), self.consent.0.clone());
        let mut signed_in = self.browser.clone();
        let authorization = self.rp.authorization("openid", &[]);
        let introspected = [("token", self.tokens.access())];
        let flow = |form: Vec<(String, String)>| {
            form.into_iter().find(|(name, _)| name == "flow").map(|(_, flow)| flow).unwrap()
        };
        let login = format!("/login?flow={}", flow(self.login_form()));
        let consent = format!("/consent?flow={}", flow(self.consent_form()));
        let (authorize, userinfo, introspect, login, consent, account, client) = tokio::join!(
            asked.get(&authorization),
            self.rp.userinfo(self.tokens.access()),
            self.rp.post("/introspect", &introspected),
            visitor.get(&login),
            back.get(&consent),
            signed_in.get("/account"),
            self.rp.token(&[("grant_type", "client_credentials")]),
        );
        vec![
            ("authorize", authorize),
            ("userinfo", userinfo),
            ("introspect", introspect),
            ("login page", login),
            ("consent page", consent),
            ("account", account),
            ("client credentials", client),
        ]
    }

    /// What needs no database answers all the same.
    async fn assert_alive(&self) {
        let mut anybody = Browser::new(self.router.clone());
        for path in [
            "/jwks",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/health/live",
        ] {
            assert_eq!(anybody.get(path).await.status, 200, "{path}");
        }
    }

    /// Everything works again, and nothing was used up or half done meanwhile.
    async fn assert_unharmed(mut self) {
        assert!(self.rp.is_active(self.tokens.access()).await, "the revocation that failed did not happen");
        let refreshed = granted(&self.rp.refresh(self.tokens.refresh()).await);
        let redeemed = granted(&self.rp.redeem(&self.code).await);
        for tokens in [&refreshed, &redeemed] {
            assert_eq!(self.rp.userinfo(tokens.access()).await.status, 200);
        }
        let (login, consent) = (self.login_form(), self.consent_form());
        assert_eq!(self.login.0.post("/login", &login).await.status, 303);
        assert_eq!(self.consent.0.post("/consent", &consent).await.status, 303);
        assert!(self.browser.open(&self.rp.authorization("openid", &[])).await.sent("code").is_some());
        let replays: Vec<_> =
            self.app.audit_log().await.into_iter().filter(|row| row.contains("replayed")).collect();
        assert!(replays.is_empty(), "{replays:?}");
    }
}

fn assert_unavailable(what: &str, page: &Page) {
    assert_eq!(page.status, 503, "{what}: {}", page.body);
    let seconds: u32 = page.header("retry-after").unwrap_or_else(|| panic!("{what}")).parse().unwrap();
    assert!((1..=60).contains(&seconds), "{what}: {seconds}");
    let body = page.body.to_lowercase();
    for detail in [
        "sqlx",
        "postgres",
        "sqlite",
        "127.0.0.1",
        "countersign.db",
        "os error",
        "pool",
        "select ",
        "insert ",
    ] {
        assert!(!body.contains(detail), "{what} tells {detail}: {body}");
    }
}

/// The application on PostgreSQL, by a line that can be cut.
async fn on_a_line() -> (TestApp, Line) {
    let line = Line::to_database(&std::env::var("COUNTERSIGN_TEST_POSTGRES").unwrap()).await;
    let app = TestApp::start_at(Engine::Postgres, START * 1000, |config| {
        if let config::Engine::Postgres(url) = &config.database.engine {
            config.database.engine = line.engine(url);
        }
    })
    .await;
    (app, line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgresql_everything_that_needs_it_answers_503_and_nothing_is_used_up() {
    if !Engine::postgres_is_there() {
        return;
    }
    for (link, time_limit) in [(Link::Down, Duration::from_secs(10)), (Link::Silent, Duration::from_secs(1))]
    {
        let (app, line) = on_a_line().await;
        let begun = Begun::before(app, time_limit).await;
        line.set(link);
        // For half a second what is remembered may still be used.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let started = Instant::now();
        let answers = [begun.writes().await, begun.reads().await].concat();
        assert!(started.elapsed() < Duration::from_secs(15), "{link:?}: {:?}", started.elapsed());
        for (what, page) in &answers {
            assert_unavailable(&format!("{what} ({link:?})"), page);
        }
        let ready = Browser::new(begun.router.clone()).get("/health/ready").await;
        assert_unavailable("ready", &ready);
        begun.assert_alive().await;

        line.set(Link::Up);
        begun.assert_unharmed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_postgresql_that_are_lost_without_a_word_are_given_up() {
    if !Engine::postgres_is_there() {
        return;
    }
    let (app, line) = on_a_line().await;
    let begun = Begun::before(app, Duration::from_secs(10)).await;
    // Used just now, so that nobody asks them first whether they are well.
    begun.reads().await;
    line.lose_connections();
    let lost = Instant::now();
    let background = async {
        // In a transaction of its own, as the work is that nobody waits for.
        let work = begun.app.app.store.clean_up(begun.app.app.clock.now());
        drop(tokio::time::timeout(Duration::from_secs(20), work).await.expect("it fails, or it is done"));
    };
    let foreground = async {
        // The ledger writes for everybody: where it waits, everybody does.
        while begun.rp.refresh(begun.tokens.refresh()).await.status != 200 {
            assert!(lost.elapsed() < Duration::from_secs(30), "everybody still waits");
        }
    };
    tokio::join!(background, foreground);
    for _ in 0..3 {
        for (what, page) in begun.reads().await {
            assert!(page.status.is_success() || page.status.is_redirection(), "{what}: {}", page.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sqlite_is_locked_writes_answer_503_reads_go_on_and_nothing_is_used_up() {
    let app = TestApp::start(Engine::Sqlite).await;
    let config::Engine::Sqlite(file) = app.app.config.database.engine.clone() else { panic!("not SQLite") };
    let begun = Begun::before(app, Duration::from_secs(10)).await;
    let mut locker = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    locker.execute("BEGIN IMMEDIATE").await.unwrap();
    for (what, page) in begun.writes().await {
        assert_unavailable(what, &page);
    }
    for (what, page) in begun.reads().await {
        assert!(page.status.is_success() || page.status.is_redirection(), "{what}: {}", page.status);
    }
    begun.assert_alive().await;

    locker.execute("ROLLBACK").await.unwrap();
    begun.assert_unharmed().await;
}
