//! Back-channel logout: whatever ends a session, its clients get a logout token each, once, however often it takes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::app::Origin;
use countersign::jose::Jws;
use countersign::logout_notices;
use countersign::protocol::client::{Client, GrantType, SigningAlg, SubjectType};
use countersign::protocol::ids::ClientId;
use countersign::protocol::jwa::KeyManagementAlg;
use countersign::protocol::logout_token::{LogoutToken, TYP};
use countersign::protocol::scope::Scope;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use countersign::sealing::Purpose;
use countersign::store::AuditEntry;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{Browser, PASSWORD, Rp, START, TestApp, claims, encode, filled, on_both};

/// How long to wait for what must come.
const BOUND: Duration = Duration::from_secs(20);

/// What an application does with a logout token.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    Status(u16),
    Redirect,
    Silence,
}

/// What an application was sent.
#[derive(Clone, Debug)]
struct Received {
    query: String,
    content_type: String,
    fields: Vec<(String, String)>,
}

impl Received {
    fn token(&self) -> &str {
        assert_eq!(self.fields.len(), 1, "{:?}", self.fields);
        assert_eq!(self.fields[0].0, "logout_token");
        &self.fields[0].1
    }

    fn head(&self) -> Value {
        let head = self.token().split('.').next().unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()
    }

    fn claims(&self) -> Value {
        claims(self.token())
    }

    fn sid(&self) -> String {
        self.claims()["sid"].as_str().unwrap().to_owned()
    }
}

/// An application's server on this machine.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// For the next tokens, in turn; after them, 200.
    conduct: Arc<Mutex<VecDeque<Conduct>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            conduct: Arc::default(),
        };
        let router = Router::new()
            .route("/out", post(receive))
            .route("/elsewhere", post(receive))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn uri(&self) -> String {
        format!("http://{}/out?tenant=a%20b", self.address)
    }

    fn behaves(&self, conduct: impl IntoIterator<Item = Conduct>) {
        *self.conduct.lock().unwrap() = conduct.into_iter().collect();
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_until(&format!("{count} tokens at {}", self.address), async || self.all().len() >= count).await;
        let all = self.all();
        assert_eq!(all.len(), count);
        all
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    receiver.received.lock().unwrap().push(Received {
        query: query.unwrap_or_default(),
        content_type: headers[header::CONTENT_TYPE].to_str().unwrap().to_owned(),
        fields: url::form_urlencoded::parse(body.as_bytes()).into_owned().collect(),
    });
    let conduct = receiver.conduct.lock().unwrap().pop_front().unwrap_or(Conduct::Status(200));
    match conduct {
        Conduct::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Conduct::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Conduct::Silence => std::future::pending().await,
    }
}

async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(BOUND, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// A client that wants logout tokens, and its relying party.
async fn told(app: &TestApp, id: &str, uri: &str) -> Rp {
    let uri = Some(uri.to_owned());
    Rp::new(app, &app.client(id, |metadata| metadata.backchannel_logout_uri = uri).await)
}

/// The work in the background of a node, until this is dropped.
fn background(app: &TestApp) -> JoinSet<()> {
    let mut work = JoinSet::new();
    work.spawn(logout_notices::run(app.app.clone()));
    work
}

/// How long is waited after each attempt that failed.
const WAITS: [i64; 6] = [10, 60, 300, 1_800, 7_200, 28_800];

/// Will nobody be told of anything up to this time?
async fn is_quiet(app: &TestApp, until: Timestamp) -> bool {
    app.app.store.clients_with_due_notices(until, 10).await.unwrap().is_empty()
}

/// Waits until it is written down that the next attempt comes in exactly `wait` seconds, and lets them pass.
async fn pass_time_to_next_attempt(app: &TestApp, wait: i64) {
    let next = Timestamp(app.app.clock.now().0 + wait);
    let planned = async || is_quiet(app, Timestamp(next.0 - 1)).await && !is_quiet(app, next).await;
    wait_until(&format!("an attempt in {wait} s"), planned).await;
    app.advance(wait);
}

/// Is there nothing left, and nothing to come?
async fn all_is_told(app: &TestApp) -> bool {
    is_quiet(app, Timestamp(i64::MAX)).await
}

/// Signs a browser in at a client; answers the session's id.
async fn sign_in(rp: &Rp, browser: &mut Browser, username: &str) -> String {
    let tokens = rp.tokens(browser, username, "openid").await;
    tokens.claims("id_token")["sid"].as_str().unwrap().to_owned()
}

fn audit(app: &TestApp) -> AuditEntry {
    app.app.audit(&Origin::system(), "test", String::new(), "")
}

/// Signs out on the page that asks.
async fn sign_out(browser: &mut Browser) {
    let page = browser.get("/logout").await;
    let page = browser.post("/logout", &page.form("/logout")).await;
    assert_eq!(page.status, 200);
}

on_both!(back_channel_logout_2_5_a_sign_out_tells_every_client_before_the_browser_goes_on, |app| {
    let ada = app.user("ada").await;
    let (shop, mail) = (Receiver::start().await, Receiver::start().await);
    let rp = told(&app, "shop", &shop.uri()).await;
    let (other, quiet) = (told(&app, "mail", &mail.uri()).await, app.rp("quiet").await);
    let mut browser = app.browser();
    let tokens = rp.tokens(&mut browser, "ada", "openid").await;
    for rp in [&other, &quiet, &rp] {
        rp.tokens(&mut browser, "ada", "openid").await;
    }
    app.advance(5);
    let fields = [
        ("id_token_hint", tokens.get("id_token")),
        ("post_logout_redirect_uri", "https://shop.example/out"),
        ("state", "s"),
    ];
    let page = browser.get(&format!("/logout?{}", encode(&filled(Vec::new(), &fields)))).await;
    assert_eq!(page.location(), "https://shop.example/out?state=s");

    let hint = tokens.claims("id_token");
    for (receiver, client) in [(&shop, "shop"), (&mail, "mail")] {
        let received = receiver.all();
        assert_eq!(received.len(), 1, "{client}: told before the browser went on, and once");
        let received = &received[0];
        assert_eq!(received.query, "tenant=a%20b", "§2.2: the query is retained");
        assert_eq!(received.content_type, "application/x-www-form-urlencoded");
        let head = received.head();
        assert_eq!((&head["typ"], &head["alg"]), (&json!("logout+jwt"), &json!("RS256")));
        assert!(app.app.keys.verify::<LogoutToken>(received.token(), TYP).is_ok());
        let mut claims = received.claims();
        assert!(!claims["jti"].as_str().unwrap().is_empty());
        claims["jti"].take();
        assert_eq!(
            claims,
            json!({
                "iss": hint["iss"], "sub": ada.id, "aud": client, "sid": hint["sid"], "jti": null,
                "iat": START + 5, "exp": START + 125,
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            })
        );
    }
    assert_ne!(shop.all()[0].claims()["jti"], mail.all()[0].claims()["jti"]);
    assert!(all_is_told(&app).await);

    // A new session is another one, and its end is told again.
    let sid = sign_in(&rp, &mut browser, "ada").await;
    sign_out(&mut browser).await;
    assert_eq!(shop.wait_for(2).await[1].sid(), sid);
    assert_eq!(mail.all().len(), 1, "which was not signed in to this time");
});

on_both!(back_channel_logout_2_6_tokens_are_protected_as_the_clients_id_tokens_are, |app| {
    app.user("ada").await;
    for (registered, used) in [
        (SigningAlg::Es256, SigningAlg::Es256),
        (SigningAlg::Ps384, SigningAlg::Ps384),
        (SigningAlg::EdDsa, SigningAlg::EdDsa),
        (SigningAlg::None, SigningAlg::Rs256),
    ] {
        let (receiver, mut browser) = (Receiver::start().await, app.browser());
        let id = format!("signed-{registered}");
        let client = app.client(&id, |metadata| {
            metadata.backchannel_logout_uri = Some(receiver.uri());
            metadata.id_token_signed_response_alg = registered;
            // By a name of its own for the user, too.
            metadata.subject_type = SubjectType::Pairwise;
        });
        let rp = Rp::new(&app, &client.await);
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        sign_out(&mut browser).await;
        let first = receiver.wait_for(1).await.remove(0);
        assert_eq!(first.head()["alg"], json!(used.as_str()));
        assert!(app.app.keys.verify::<LogoutToken>(first.token(), TYP).is_ok());
        assert_eq!(first.claims()["sub"], tokens.claims("id_token")["sub"]);
    }

    // Under the client's secret.
    let (receiver, mut browser) = (Receiver::start().await, app.browser());
    let client = app.client("secret", |metadata| {
        metadata.backchannel_logout_uri = Some(receiver.uri());
        metadata.id_token_signed_response_alg = SigningAlg::Hs256;
    });
    let client = client.await;
    let sealed = app.app.seals.seal(Purpose::ClientSecret, &"secret", &app.app.entropy).unwrap();
    let keyed = Client { sealed_secret: Some(sealed), ..client.clone() };
    assert!(app.app.store.update_client(&keyed, client.updated_at, &audit(&app)).await.unwrap());
    sign_in(&Rp::new(&app, &keyed), &mut browser, "ada").await;
    sign_out(&mut browser).await;
    let first = receiver.wait_for(1).await.remove(0);
    assert_eq!((&first.head()["alg"], &first.head()["typ"]), (&json!("HS256"), &json!(TYP)));
    assert!(Jws::parse(first.token()).unwrap().verify_with_secret::<LogoutToken>("secret").is_ok());

    // Encrypted; here to a key that this test can decrypt with, because it is the server's.
    app.app.keys.encryption_ready(&app.app.store, &app.app.clock).await.unwrap();
    let (receiver, mut browser) = (Receiver::start().await, app.browser());
    let client = app.client("encrypted", |metadata| {
        metadata.backchannel_logout_uri = Some(receiver.uri());
        metadata.jwks = Some(serde_json::from_str(&app.jwks()).unwrap());
        metadata.id_token_encrypted_response_alg = Some(KeyManagementAlg::EcdhEs);
    });
    let rp = Rp::new(&app, &client.await);
    rp.tokens(&mut browser, "ada", "openid").await;
    sign_out(&mut browser).await;
    let first = receiver.wait_for(1).await.remove(0);
    assert_eq!(first.head()["alg"], json!("ECDH-ES"));
    let signed = String::from_utf8(app.app.keys.decrypt(first.token()).unwrap()).unwrap();
    assert!(app.app.keys.verify::<LogoutToken>(&signed, TYP).is_ok());
});

on_both!(a_token_that_cannot_be_made_is_tried_again_as_one_that_does_not_arrive, |app| {
    app.user("ada").await;
    let (receiver, mut browser) = (Receiver::start().await, app.browser());
    let rp = told(&app, "shop", &receiver.uri()).await;
    sign_in(&rp, &mut browser, "ada").await;
    // There is no key to encrypt for, until the client registers one.
    let read = app.stored_client("shop").await;
    let mut without_key = read.clone();
    without_key.metadata.jwks = Some(json!({ "keys": [] }));
    without_key.metadata.id_token_encrypted_response_alg = Some(KeyManagementAlg::RsaOaep256);
    without_key.updated_at = Timestamp(read.updated_at.0 + 1);
    assert!(app.app.store.update_client(&without_key, read.updated_at, &audit(&app)).await.unwrap());
    sign_out(&mut browser).await;
    pass_time_to_next_attempt(&app, WAITS[0]).await;
    let mended = Client { updated_at: Timestamp(without_key.updated_at.0 + 1), ..read };
    assert!(app.app.store.update_client(&mended, without_key.updated_at, &audit(&app)).await.unwrap());
    let _work = background(&app);
    receiver.wait_for(1).await;
});

/// What ends sessions. Each of them ends ada's session at `client`, and none the one in `kept`.
#[derive(Clone, Copy, Debug)]
enum End {
    AccountSignOut,
    AnotherDevice,
    AllOtherDevices,
    PasswordChange,
    AnotherUserInThisBrowser,
    AdministratorsApi(&'static str, &'static str, &'static str),
    AdministratorsPage(&'static str),
}

impl End {
    const ALL: [Self; 11] = [
        Self::AccountSignOut,
        Self::AnotherDevice,
        Self::AllOtherDevices,
        Self::PasswordChange,
        Self::AnotherUserInThisBrowser,
        Self::AdministratorsApi("DELETE", "/sessions", ""),
        Self::AdministratorsApi("PUT", "/password", r#"{"password":"another long password"}"#),
        Self::AdministratorsApi("PATCH", "", r#"{"disabled":true}"#),
        Self::AdministratorsApi("DELETE", "", ""),
        Self::AdministratorsPage("/sessions/end"),
        Self::AdministratorsPage("/delete"),
    ];

    /// Do all of the user's sessions end by it?
    fn is_for_all(self) -> bool {
        matches!(self, Self::PasswordChange | Self::AdministratorsApi(..) | Self::AdministratorsPage(_))
    }

    async fn happen(self, app: &TestApp, user: &User, browser: &mut Browser, kept: &mut Browser, sid: &str) {
        let (path, mut fields) = match self {
            Self::AccountSignOut => ("/account/sign-out".to_owned(), vec![]),
            Self::AnotherDevice => (format!("/account/sessions/{sid}/end"), vec![]),
            Self::AllOtherDevices => ("/account/sessions/end-others".to_owned(), vec![]),
            Self::PasswordChange => {
                let fields = [("current", PASSWORD), ("new", "another long password")];
                ("/account/password".to_owned(), filled(vec![], &fields))
            }
            Self::AnotherUserInThisBrowser => {
                let page = browser.open("/login").await;
                assert_eq!(browser.sign_in(&page, "root").await.status, 200);
                return;
            }
            Self::AdministratorsApi(method, path, body) => {
                api(app, method, &format!("/admin/api/users/{}{path}", user.id), body).await;
                return;
            }
            Self::AdministratorsPage(path) => {
                *kept = app.browser();
                let page = kept.open("/login").await;
                kept.sign_in(&page, "root").await;
                (format!("/admin/users/{}{path}", user.id), vec![])
            }
        };
        let who = if matches!(self, Self::AccountSignOut) { browser } else { kept };
        let csrf = who.get("/account").await.form("/account/sign-out");
        fields.extend(csrf);
        let page = who.post(&path, &fields).await;
        assert!(page.status.as_u16() < 400, "{self:?}: {} {}", page.status, page.text());
    }
}

/// A request of a client that may administer.
async fn api(app: &TestApp, method: &str, path: &str, body: &str) {
    let robot: ClientId = "robot".into();
    let client = match app.app.store.client(&robot).await.unwrap() {
        Some(client) => Client::clone(&client),
        None => {
            app.client("robot", |metadata| {
                metadata.grant_types = vec![GrantType::ClientCredentials];
                metadata.scope = Scope::parse("countersign:admin").unwrap();
            })
            .await
        }
    };
    let tokens = Rp::new(app, &client).token(&[("grant_type", "client_credentials")]).await.json();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", tokens["access_token"].as_str().unwrap()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let page = app.send(request).await;
    assert!(page.status.is_success(), "{method} {path}: {} {}", page.status, page.body);
}

on_both!(rp_initiated_logout_2_whatever_ends_a_session_reaches_its_clients, |app| {
    let root = app.user("root").await;
    let administrator = User { is_admin: true, ..root.clone() };
    assert!(app.app.store.update_user(&administrator, root.updated_at, &audit(&app)).await.unwrap());
    let receiver = Receiver::start().await;
    let rp = told(&app, "shop", &receiver.uri()).await;
    let _work = background(&app);
    for (round, end) in End::ALL.into_iter().enumerate() {
        let username = format!("user{round}");
        let user = app.user(&username).await;
        let (mut browser, mut kept) = (app.browser(), app.browser());
        let sid = sign_in(&rp, &mut browser, &username).await;
        let mut expected = vec![sid.clone()];
        let kept_sid = sign_in(&rp, &mut kept, &username).await;
        if end.is_for_all() {
            expected.push(kept_sid);
        }
        let before = receiver.all().len();
        end.happen(&app, &user, &mut browser, &mut kept, &sid).await;
        let tokens = receiver.wait_for(before + expected.len()).await;
        let mut told: Vec<_> = tokens[before..].iter().map(Received::sid).collect();
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{end:?}");
        assert!(tokens[before..].iter().all(|one| one.claims()["sub"] == json!(user.id)), "{end:?}");
        wait_until("the notices to be settled", async || all_is_told(&app).await).await;
    }
});

on_both!(a_session_that_runs_out_is_not_announced_and_forgotten_with_its_clients, |app| {
    app.user("ada").await;
    let receiver = Receiver::start().await;
    let rp = told(&app, "shop", &receiver.uri()).await;
    let mut browser = app.browser();
    let sid = sign_in(&rp, &mut browser, "ada").await;
    app.advance(50_000);
    assert!(browser.get("/logout").await.text().contains("signed out"), "nobody is signed in");
    assert!(all_is_told(&app).await);
    assert_eq!(app.app.store.clients_of_session(&sid.as_str().into()).await.unwrap().len(), 1);
    let now = app.app.clock.now();
    app.app.store.clean_up(now).await.unwrap();
    assert!(app.app.store.clients_of_session(&sid.as_str().into()).await.unwrap().is_empty());
    assert!(receiver.all().is_empty());
});

on_both!(back_channel_logout_2_5_whatever_goes_wrong_is_tried_again_later_across_restarts, |app| {
    app.user("ada").await;
    let failures = [
        Conduct::Status(500),
        Conduct::Status(400),
        Conduct::Status(404),
        Conduct::Status(202),
        Conduct::Redirect,
    ];
    let receiver = Receiver::start().await;
    let rp = told(&app, "shop", &receiver.uri()).await;
    let mut browser = app.browser();
    sign_in(&rp, &mut browser, "ada").await;
    receiver.behaves(failures);
    sign_out(&mut browser).await;

    let mut work = JoinSet::new();
    for (number, wait) in WAITS.into_iter().take(failures.len()).enumerate() {
        receiver.wait_for(number + 1).await;
        pass_time_to_next_attempt(&app, wait).await;
        // Another process takes over every time.
        work.shutdown().await;
        work = background(&app.second_node().await);
    }
    receiver.wait_for(failures.len() + 1).await;
    wait_until("the notice to be settled", async || all_is_told(&app).await).await;
    let tokens = receiver.all();
    assert_eq!(tokens.len(), 6, "five failures, and then it arrived");
    let mut ids: Vec<_> = tokens.iter().map(|one| one.claims()["jti"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "every attempt is a token of its own");
    assert_eq!(tokens[5].claims()["iat"], json!(app.app.clock.now()));
    assert!(!app.audit_log().await.iter().any(|row| row.starts_with("logout_token")));
});

on_both!(back_channel_logout_2_5_it_is_given_up_after_seven_attempts_with_an_audit_row, |app| {
    app.user("ada").await;
    let receiver = Receiver::start().await;
    let rp = told(&app, "shop", &receiver.uri()).await;
    let mut browser = app.browser();
    let sid = sign_in(&rp, &mut browser, "ada").await;
    receiver.behaves([Conduct::Status(503); 20]);
    sign_out(&mut browser).await;
    let _work = background(&app);
    for (number, wait) in WAITS.into_iter().enumerate() {
        receiver.wait_for(number + 1).await;
        pass_time_to_next_attempt(&app, wait).await;
    }
    receiver.wait_for(7).await;
    wait_until("it to be given up", async || all_is_told(&app).await).await;
    let rows = app.app.store.recent_audit(100).await.unwrap();
    let row = rows.iter().find(|row| row.action == "logout_token.give_up").unwrap();
    assert_eq!((row.actor.as_str(), row.target.as_str()), ("system", "client:shop"));
    assert!(row.detail.contains(&sid) && row.detail.contains("answered 503"), "{}", row.detail);
    assert_eq!(receiver.all().len(), 7);
});

on_both!(two_nodes_deliver_each_notice_once, |app| {
    let ada = app.user("ada").await;
    let receiver = Receiver::start().await;
    let rp = told(&app, "shop", &receiver.uri()).await;
    let mut expected = Vec::new();
    for _ in 0..40 {
        expected.push(sign_in(&rp, &mut app.browser(), "ada").await);
    }
    let nodes = [app.second_node().await, app.second_node().await];
    let _work = nodes.each_ref().map(background);
    assert_eq!(app.app.store.end_sessions_of_user(&ada.id, None, &audit(&app)).await.unwrap(), 40);
    wait_until("all to be told", async || all_is_told(&app).await).await;
    let mut told: Vec<_> = receiver.all().iter().map(Received::sid).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "each once");
});

on_both!(a_client_that_does_not_answer_holds_up_nobody_else, |app| {
    let ada = app.user("ada").await;
    let (silent, lively) = (Receiver::start().await, Receiver::start().await);
    let dead = told(&app, "dead", &silent.uri()).await;
    // By another name: requests to one host wait for each other.
    let live = told(&app, "live", &lively.uri().replace("127.0.0.1", "localhost")).await;
    silent.behaves([Conduct::Silence; 100]);
    let _work = background(&app);
    for _ in 0..20 {
        sign_in(&dead, &mut app.browser(), "ada").await;
    }
    assert_eq!(app.app.store.end_sessions_of_user(&ada.id, None, &audit(&app)).await.unwrap(), 20);
    wait_until("the silent one to be asked", async || !silent.all().is_empty()).await;

    let mut browser = app.browser();
    for rp in [&dead, &live] {
        sign_in(rp, &mut browser, "ada").await;
    }
    let started = std::time::Instant::now();
    sign_out(&mut browser).await;
    assert!(started.elapsed() < Duration::from_secs(6), "nor the browser");
    assert_eq!(lively.all().len(), 1);
    sign_in(&live, &mut browser, "ada").await;
    assert_eq!(app.app.store.end_sessions_of_user(&ada.id, None, &audit(&app)).await.unwrap(), 1);
    lively.wait_for(2).await;
});

on_both!(clients_that_cannot_or_may_not_be_told_are_forgotten, |app| {
    app.user("ada").await;
    let receiver = Receiver::start().await;
    let off = told(&app, "off", &receiver.uri()).await;
    let deleted = told(&app, "deleted", &receiver.uri()).await;
    let in_frames = app.client("frames", |metadata| {
        metadata.frontchannel_logout_uri = Some("https://frames.example/out".to_owned());
    });
    let in_frames = Rp::new(&app, &in_frames.await);
    let changed = told(&app, "changed", &receiver.uri()).await;
    let mut browser = app.browser();
    for rp in [&off, &deleted, &in_frames, &changed] {
        sign_in(rp, &mut browser, "ada").await;
    }
    api(&app, "DELETE", "/admin/api/clients/deleted", "").await;
    api(&app, "PATCH", "/admin/api/clients/off", r#"{"disabled":true}"#).await;
    api(&app, "PATCH", "/admin/api/clients/changed", r#"{"backchannel_logout_uri":null}"#).await;
    sign_out(&mut browser).await;
    assert!(!all_is_told(&app).await, "it is the background's work to forget them");
    let _work = background(&app);
    wait_until("all to be forgotten", async || all_is_told(&app).await).await;
    assert!(receiver.all().is_empty());
});
