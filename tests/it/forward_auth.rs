//! `/forward-auth`: what reverse proxies let through to applications of their own.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::admin::groups;
use countersign::app::Origin;
use countersign::config::Issuer;
use countersign::protocol::assurance::Level;
use countersign::protocol::client::GrantType;
use countersign::protocol::forward_auth::ProtectedApp;
use countersign::protocol::group::GroupInput;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use url::Url;

use crate::support::client_key::ClientKey;
use crate::support::{Browser, Engine, ISSUER, PASSWORD, Page, Rp, TestApp, granted, on_both};

const PROXY: [u8; 4] = [10, 0, 0, 9];
const HOST: &str = "app.example";
const COOKIE: &str = "countersign-app";

fn protected(host: &str) -> ProtectedApp {
    ProtectedApp {
        host: host.to_owned(),
        groups: Vec::new(),
        level: Level::OneFactor,
        scope: None,
        basic: false,
    }
}

/// With an application of everybody's, and one of each special kind.
fn configured(test: &TestApp) -> TestApp {
    test.configured(|config| {
        config.listen.trusted_proxies = vec!["10.0.0.0/24".parse().unwrap()];
        config.forward_auth = vec![
            protected(HOST),
            protected("other.example"),
            ProtectedApp { groups: vec!["staff".to_owned()], ..protected("staff.example") },
            ProtectedApp { level: Level::TwoFactors, ..protected("vault.example") },
            ProtectedApp { basic: true, scope: Some("api".to_owned()), ..protected("api.example") },
        ];
    })
}

/// A browser on an application's host, behind the proxy: the issuer's cookies are not sent there.
struct AtApp {
    host: &'static str,
    browser: Browser,
}

impl AtApp {
    fn new(app: &TestApp, host: &'static str) -> Self {
        Self { host, browser: app.browser() }
    }

    /// What the proxy asks for a page of the application.
    async fn ask(&mut self, endpoint: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::get(endpoint)
            .header("x-forwarded-host", self.host)
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-uri", "/page?a=b&c=d");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.browser.send(from(PROXY, request.body(Body::empty()).unwrap())).await
    }

    async fn page(&mut self) -> Page {
        self.ask("/forward-auth", &[("accept", "text/html")]).await
    }

    /// A request that the proxy hands on, below Countersign's own folder.
    async fn open(&mut self, address: &str) -> Page {
        let url = Url::parse(address).unwrap();
        assert_eq!(url.host_str(), Some(self.host));
        let target = &url[url::Position::BeforePath..];
        let request = Request::get(target).header("x-forwarded-host", self.host);
        self.browser.send(from(PROXY, request.body(Body::empty()).unwrap())).await
    }

    /// From a page of the application to the ticket, by a browser that is signed in at the issuer.
    async fn ticket(&mut self, at_issuer: &mut Browser) -> String {
        let start = self.page().await;
        assert_eq!(start.status, 303);
        let off = self.open(start.location()).await;
        let back = at_issuer.open(off.location().strip_prefix(ISSUER).unwrap()).await;
        back.location().to_owned()
    }

    async fn enter(&mut self, at_issuer: &mut Browser) {
        let ticket = self.ticket(at_issuer).await;
        let page = self.open(&ticket).await;
        assert_eq!(page.location(), format!("http://{}/page?a=b&c=d", self.host));
        assert!(self.browser.cookies.contains_key(COOKIE));
    }
}

fn from(peer: [u8; 4], mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 40_000))));
    request
}

async fn signed_in(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    assert_eq!(browser.sign_in(&page, username).await.status, 200);
    browser
}

/// Changes a user as an administrator would.
async fn change(app: &TestApp, user: &User, change: impl FnOnce(&mut User)) -> User {
    let before = app.stored_user(&user.id).await;
    let mut after = before.clone();
    change(&mut after);
    after.updated_at.0 += 1;
    let audit = app.app.audit(&Origin::system(), "user.update", String::new(), "");
    assert!(app.app.store.update_user(&after, before.updated_at, &audit).await.unwrap());
    after
}

on_both!(a_session_opens_an_application_and_its_end_closes_it_at_once, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    change(&app, &ada, |user| user.name = Some("Zoë, 100%".to_owned())).await;
    let mut at_app = AtApp::new(&app, HOST);
    let mut at_issuer = app.browser();

    // From the page to the sign-in and back to the page.
    let start = at_app.page().await;
    assert_eq!(start.location(), "http://app.example/.countersign/start?path=%2Fpage%3Fa%3Db%26c%3Dd");
    let off = at_app.open(start.location()).await;
    let form = at_issuer.open(off.location().strip_prefix(ISSUER).unwrap()).await;
    let policy = form.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https: http://app.example"), "{policy}");
    let back = at_issuer.sign_in(&form, "ada").await;
    let page = at_app.open(back.location()).await;
    assert_eq!(page.location(), "http://app.example/page?a=b&c=d");

    for endpoint in ["/forward-auth", "/forward-auth/nginx"] {
        // What the browser claims to be is nowhere in the answer.
        let answer = at_app.ask(endpoint, &[("remote-user", "root"), ("remote-groups", "admins")]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("remote-user"), Some("ada"));
        assert_eq!(answer.header("remote-email"), Some("ada@example.com"));
        assert_eq!(answer.header("remote-name"), Some("Zo%C3%AB, 100%25"));
        assert_eq!(answer.header("remote-groups"), Some(""));
        assert_eq!(answer.header("set-cookie"), None);
    }
    // All methods are asked about, by whatever method.
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/forward-auth").header("x-forwarded-host", HOST);
        let request = from(PROXY, request.body(Body::empty()).unwrap());
        assert_eq!(at_app.browser.send(request).await.status, 200, "{method}");
    }

    let account = at_issuer.open("/account").await;
    at_issuer.post("/account/sign-out", &account.form("/account/sign-out")).await;
    assert_eq!(at_app.page().await.status, 303, "signed out");
});

on_both!(what_ends_a_session_ends_its_passes, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    assert_eq!(at_app.page().await.status, 200);

    // Another node hears of it.
    let node = app.second_node().await;
    let mut there = AtApp { host: HOST, browser: at_app.browser.at(&node.router) };
    assert_eq!(there.page().await.status, 200);

    // Signing in again gives the session another secret: the pass goes, and comes back without a question.
    let page = at_issuer.open("/login").await;
    assert_eq!(at_issuer.sign_in(&page, "ada").await.status, 200);
    assert_eq!(at_app.page().await.status, 303, "the former secret");
    at_app.enter(&mut at_issuer).await;
    assert_eq!(at_app.page().await.status, 200);

    change(&app, &ada, |user| user.disabled = true).await;
    assert_eq!(at_app.page().await.status, 303, "switched off");
    node.hears().await;
    there.browser.cookies.clone_from(&at_app.browser.cookies);
    assert_eq!(there.page().await.status, 303, "on every node");
});

on_both!(sessions_end_behind_a_proxy_as_they_do_elsewhere, |test| {
    let app = configured(&test);
    app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    // Use of the application is use of the session.
    app.advance(7_000);
    assert_eq!(at_app.page().await.status, 200);
    app.advance(7_000);
    assert_eq!(at_app.page().await.status, 200);
    app.advance(7_200);
    assert_eq!(at_app.page().await.status, 303, "idle");
});

#[tokio::test]
async fn wrong_inputs_open_nothing() {
    let test = TestApp::start(Engine::Sqlite).await;
    let app = configured(&test);
    app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    let pass = at_app.browser.cookies[COOKIE].clone();

    // Cookies: those of the issuer, forged ones, another host's.
    let session = at_issuer.cookies["countersign-session"].clone();
    let (stem, last) = pass.split_at(pass.len() - 1);
    let forged = format!("{stem}{}", if last == "A" { "B" } else { "A" });
    for cookies in [
        String::new(),
        format!("countersign-session={session}"),
        format!("{COOKIE}={session}"),
        format!("{COOKIE}={forged}"),
        format!("{COOKIE}={stem}"),
        format!("{COOKIE}=%00"),
        format!("{COOKIE}={pass}; {COOKIE}={pass}"),
        format!("{COOKIE}={}", "x".repeat(8000)),
    ] {
        let mut thief = AtApp::new(&app, HOST);
        let answer = thief.ask("/forward-auth", &[("cookie", &cookies), ("accept", "text/html")]).await;
        assert_eq!(answer.status, 303, "{cookies:.80}");
        assert_eq!(answer.header("remote-user"), None);
    }
    let cookie = format!("{COOKIE}={pass}");
    let mut elsewhere = AtApp::new(&app, "other.example");
    let answer = elsewhere.ask("/forward-auth/nginx", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, 401, "a pass opens one host");

    // Peers and hosts.
    for (peer, host) in [
        ([10, 0, 1, 9], Some(HOST)),
        ([127, 0, 0, 1], Some(HOST)),
        (PROXY, None),
        (PROXY, Some("evil.example")),
        (PROXY, Some("app.example.evil.example")),
        (PROXY, Some("app.example, other.example")),
        (PROXY, Some("app.example:8443")),
        (PROXY, Some("app.example/")),
        (PROXY, Some("")),
    ] {
        for endpoint in
            ["/forward-auth", "/forward-auth/nginx", "/.countersign/start", "/.countersign/callback?ticket=x"]
        {
            let mut request = Request::get(endpoint).header("cookie", &cookie).header("host", HOST);
            if let Some(host) = host {
                request = request.header("x-forwarded-host", host);
            }
            let answer = app.send(from(peer, request.body(Body::empty()).unwrap())).await;
            assert_eq!(answer.status, 403, "{peer:?} {host:?} {endpoint}");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    let twice = Request::get("/forward-auth")
        .header("cookie", &cookie)
        .header("x-forwarded-host", HOST)
        .header("x-forwarded-host", "other.example");
    assert_eq!(app.send(from(PROXY, twice.body(Body::empty()).unwrap())).await.status, 403);

    // Addresses to go back to.
    for (method, uri, expected) in [
        ("GET", "https://evil.example/", "%2F"),
        ("GET", "//evil.example/", "%2F%2Fevil.example%2F"),
        ("GET", ".evil.example", "%2F"),
        ("GET", "/\\evil.example", "%2F"),
        ("GET", "/.countersign/start?path=/x", "%2F"),
        ("POST", "/form?a=b", "%2F"),
        ("HEAD", "/x", "%2Fx"),
    ] {
        let request = Request::get("/forward-auth/nginx")
            .header("x-forwarded-host", HOST)
            .header("x-forwarded-method", method)
            .header("x-forwarded-uri", uri);
        let answer = app.send(from(PROXY, request.body(Body::empty()).unwrap())).await;
        assert_eq!(answer.status, 401);
        let address = format!("http://app.example/.countersign/start?path={expected}");
        assert_eq!(answer.location(), address, "{method} {uri}");
    }
    // A program gets no page.
    let answer = AtApp::new(&app, HOST).ask("/forward-auth", &[("accept", "application/json")]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"app.example\""));
}

#[tokio::test]
async fn a_ticket_is_for_one_browser_one_host_one_minute_and_one_time() {
    let test = TestApp::start(Engine::Sqlite).await;
    let app = configured(&test);
    app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);

    // A link that signs somebody else in to one's own account (login CSRF).
    let ticket = at_app.ticket(&mut at_issuer).await;
    let mut victim = AtApp::new(&app, HOST);
    assert_eq!(victim.open(&ticket).await.status, 403);
    victim.page().await;
    assert_eq!(victim.open(&ticket).await.status, 403);
    assert!(!victim.browser.cookies.contains_key(COOKIE));

    // It is no pass.
    let cookie = format!("{COOKIE}={}", ticket.split_once("ticket=").unwrap().1);
    let answer = AtApp::new(&app, HOST).ask("/forward-auth/nginx", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, 401);

    // Another host.
    let elsewhere = ticket.replace(HOST, "other.example");
    let mut other = AtApp { host: "other.example", browser: at_app.browser.clone() };
    assert_eq!(other.open(&elsewhere).await.status, 400);

    // Once: whoever has the cookie stays in, and nobody gets another.
    assert!(at_app.open(&ticket).await.header("set-cookie").is_some());
    let again = at_app.open(&ticket).await;
    assert_eq!((again.status.as_u16(), again.header("set-cookie")), (303, None));

    // A minute.
    at_app.browser.cookies.remove(COOKIE);
    let ticket = at_app.ticket(&mut at_issuer).await;
    app.advance(60);
    assert_eq!(at_app.open(&ticket).await.status, 400);
    // An hour for the sign-in.
    let start = at_app.page().await;
    let off = at_app.open(start.location()).await;
    app.advance(3600);
    assert_eq!(at_issuer.get(off.location().strip_prefix(ISSUER).unwrap()).await.status, 400);

    // What is no ticket.
    let pass = {
        let mut entered = AtApp::new(&app, HOST);
        let mut at_issuer = signed_in(&app, "ada").await;
        entered.enter(&mut at_issuer).await;
        entered.browser.cookies[COOKIE].clone()
    };
    let to = off.sent("to").unwrap();
    for text in ["", "x", "%00", &pass, &to, &"A".repeat(20_000)] {
        let answer = at_app.open(&format!("http://app.example/.countersign/callback?ticket={text}")).await;
        assert_eq!(answer.status, 400, "{text:.40}");
        assert_eq!(
            at_issuer.get(&format!("/forward-auth/start?to={}", text.replace(&to, "y"))).await.status,
            400
        );
    }
}

on_both!(a_session_that_ends_on_the_way_back_opens_nothing, |test| {
    let app = configured(&test);
    app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    let ticket = at_app.ticket(&mut at_issuer).await;
    let account = at_issuer.open("/account").await;
    at_issuer.post("/account/sign-out", &account.form("/account/sign-out")).await;
    let answer = at_app.open(&ticket).await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (303, None));
});

on_both!(an_application_may_be_for_some_and_ask_for_more, |test| {
    let app = configured(&test);
    app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    for (host, words) in [("staff.example", "among those"), ("vault.example", "surer way")] {
        let mut at_app = AtApp::new(&app, host);
        let start = at_app.page().await;
        let off = at_app.open(start.location()).await;
        let page = at_issuer.open(off.location().strip_prefix(ISSUER).unwrap()).await;
        assert!(page.refusal(403).contains(words), "{host}");
    }
    // Whoever holds a pass and is in the group no more.
    let audit = app.app.audit(&Origin::system(), "user.create", String::new(), "");
    let user = User { id: "eve".into(), username: "eve".to_owned(), email: None, ..app.user("grace").await };
    app.app.store.insert_directory_user(&user, "entry", &["staff".to_owned()], &audit).await.unwrap();
    let mut at_issuer = signed_in(&app, "eve").await;
    let mut at_app = AtApp::new(&app, "staff.example");
    at_app.enter(&mut at_issuer).await;
    let answer = at_app.page().await;
    assert_eq!((answer.status.as_u16(), answer.header("remote-groups")), (200, Some("staff")));
    assert_eq!(answer.header("remote-email"), Some(""));
    let mut changed = user.clone();
    changed.updated_at.0 += 1;
    let audit = app.app.audit(&Origin::system(), "user.update", String::new(), "");
    let groups = ["a,b".to_owned()];
    assert!(app.app.store.update_directory_user(&changed, user.updated_at, &groups, &audit).await.unwrap());
    assert_eq!(at_app.page().await.status, 403);
    assert_eq!(at_app.ask("/forward-auth/nginx", &[]).await.status, 403);
});

on_both!(groups_made_here_and_those_of_the_directory_are_one_list, |test| {
    let app = configured(&test);
    let audit = |action| app.app.audit(&Origin::system(), action, String::new(), "");
    let eve = User { id: "eve".into(), username: "eve".to_owned(), email: None, ..app.user("grace").await };
    app.app
        .store
        .insert_directory_user(&eve, "entry", &["board".to_owned()], &audit("user.create"))
        .await
        .unwrap();
    let mut at_issuer = signed_in(&app, "eve").await;
    let staff = GroupInput { name: Some("staff".to_owned()), description: None, least_acr: None };
    let staff = groups::create(&app.app, &Origin::system(), &staff).await.unwrap();
    assert!(app.app.store.add_member(&staff.id, &eve.id, &audit("group.add_member")).await.unwrap());
    let mut at_app = AtApp::new(&app, "staff.example");
    at_app.enter(&mut at_issuer).await;
    assert_eq!(at_app.page().await.header("remote-groups"), Some("staff,board"));
    assert!(app.app.store.remove_member(&staff.id, &eve.id, &audit("group.remove_member")).await.unwrap());
    assert_eq!(at_app.page().await.status, 403, "the directory's alone do not do");
});

on_both!(what_a_group_asks_of_its_members_counts_at_every_application, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    assert_eq!(at_app.page().await.status, 200);
    let strict = GroupInput {
        name: Some("board".to_owned()),
        description: None,
        least_acr: Some("phishing-resistant".to_owned()),
    };
    let board = groups::create(&app.app, &Origin::system(), &strict).await.unwrap();
    let audit = app.app.audit(&Origin::system(), "group.add_member", String::new(), "");
    assert!(app.app.store.add_member(&board.id, &ada.id, &audit).await.unwrap());
    // At once, with the pass in hand; and on the way to another one.
    let again = at_app.page().await;
    assert_eq!(again.status, 303);
    let off = at_app.open(again.location()).await;
    let page = at_issuer.open(off.location().strip_prefix(ISSUER).unwrap()).await;
    assert!(page.refusal(403).contains("surer way"));
    let basic = STANDARD.encode(format!("ada:{PASSWORD}"));
    let mut program = AtApp::new(&app, "api.example");
    let answer = program.ask("/forward-auth", &[("authorization", &format!("Basic {basic}"))]).await;
    assert_eq!(answer.status, 401);
});

#[tokio::test]
async fn addresses_that_were_not_verified_are_not_told() {
    let test = TestApp::start(Engine::Sqlite).await;
    let app = configured(&test);
    let ada = app.user("ada").await;
    change(&app, &ada, |user| user.email_verified = false).await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    assert_eq!(at_app.page().await.header("remote-email"), Some(""));
}

fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

on_both!(user_name_and_password_open_what_is_configured_so, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    let ask = async |host: &'static str, authorization: &str| {
        AtApp::new(&app, host).ask("/forward-auth", &[("authorization", authorization)]).await
    };
    let right = basic("ada", PASSWORD);
    let answer = ask("api.example", &right).await;
    assert_eq!((answer.status.as_u16(), answer.header("remote-user")), (200, Some("ada")));
    assert_eq!(ask(HOST, &right).await.status, 401, "not configured there");

    for wrong in [
        basic("ada", "wrong"),
        basic("nobody", PASSWORD),
        basic("ada", ""),
        basic("", ""),
        basic("ada\0", PASSWORD),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic /////w==".to_owned(),
        format!("Basic {}", STANDARD.encode("ada")),
        format!("Digest {}", STANDARD.encode(format!("ada:{PASSWORD}"))),
    ] {
        let answer = ask("api.example", &wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(
            challenges,
            ["Bearer realm=\"api.example\"", "Basic realm=\"api.example\", charset=\"UTF-8\""]
        );
    }
    assert!(app.audit_log().await.contains(&format!("session.refused user:{}", ada.id)));

    // Counted like any other sign-in.
    app.user("bob").await;
    for _ in 0..10 {
        assert_eq!(ask("api.example", &basic("bob", "wrong")).await.status, 401);
    }
    let answer = ask("api.example", &basic("bob", PASSWORD)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("900")));
    let for_nginx = AtApp::new(&app, "api.example")
        .ask("/forward-auth/nginx", &[("authorization", &basic("bob", PASSWORD))])
        .await;
    assert_eq!(for_nginx.status, 403, "nginx knows no 429");

    change(&app, &ada, |user| user.disabled = true).await;
    assert_eq!(ask("api.example", &right).await.status, 401, "switched off");
});

on_both!(half_of_two_factors_opens_nothing, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    let shared = countersign::authn::totp::Shared::new(ada.id.clone(), &app.app.entropy);
    let stored = countersign::store::AuthenticatorApp {
        sealed_secret: app
            .app
            .seals
            .seal(countersign::sealing::Purpose::AuthenticatorApp, &shared, &app.app.entropy)
            .unwrap(),
        last_step: 0,
        created_at: 0,
        last_used_at: 0,
    };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    app.app.store.set_authenticator_app(&ada.id, &stored, &[], &audit).await.unwrap();
    let right = AtApp::new(&app, "api.example")
        .ask("/forward-auth", &[("authorization", &basic("ada", PASSWORD))])
        .await;
    let wrong = AtApp::new(&app, "api.example")
        .ask("/forward-auth", &[("authorization", &basic("ada", "wrong"))])
        .await;
    assert_eq!(right.status, 401);
    let told = |page: &Page| page.headers.get_all("www-authenticate").iter().cloned().collect::<Vec<_>>();
    assert_eq!(told(&right), told(&wrong), "a right password shows nothing");
});

on_both!(access_tokens_open_what_asks_for_their_scope, |test| {
    let app = configured(&test);
    let ada = app.user("ada").await;
    let rp = app.rp("robot").await;
    let mut browser = signed_in(&app, "ada").await;
    let tokens = {
        let page = browser.open(&rp.authorization("openid api", &[])).await;
        let page = browser.consent(&page, "allow").await;
        granted(&rp.redeem(&page.sent("code").unwrap()).await)
    };
    let ask = async |host: &'static str, token: &str| {
        AtApp::new(&app, host).ask("/forward-auth", &[("authorization", &format!("Bearer {token}"))]).await
    };
    let answer = ask("api.example", tokens.access()).await;
    assert_eq!((answer.status.as_u16(), answer.header("remote-user")), (200, Some("ada")));
    assert_eq!(ask(HOST, tokens.access()).await.status, 401, "no scope is configured there");

    let client = app
        .client("machine", |metadata| {
            metadata.grant_types = vec![GrantType::ClientCredentials];
            metadata.scope = Scope::parse("api").unwrap();
        })
        .await;
    let own = granted(&Rp::new(&app, &client).token(&[("grant_type", "client_credentials")]).await);
    let narrow = {
        let page = browser.open(&rp.authorization("openid profile", &[])).await;
        let page = if page.status == 200 { browser.consent(&page, "allow").await } else { page };
        granted(&rp.redeem(&page.sent("code").unwrap()).await)
    };
    for (token, error) in [
        ("", "invalid_token"),
        ("x", "invalid_token"),
        ("eyJhbGciOiJub25lIn0.e30.", "invalid_token"),
        (tokens.refresh(), "invalid_token"),
        (own.access(), "insufficient_scope"),
        (narrow.access(), "insufficient_scope"),
    ] {
        let answer = ask("api.example", token).await;
        assert_eq!(answer.status, 401, "{token}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.ends_with(&format!("error=\"{error}\"")), "{challenge}");
    }
    // RFC 9449 §7.2: one that is bound to a key is no bearer token.
    let proof = ClientKey::new("k").proof(&format!("{ISSUER}/token"), app.app.clock.now().0);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh())];
    let bound = granted(&rp.post_with("/token", &fields, &[("dpop", &proof)]).await);
    assert_eq!(bound.get("token_type"), "DPoP");
    let answer = ask("api.example", bound.access()).await;
    assert!(answer.header("www-authenticate").unwrap().ends_with("error=\"invalid_token\""));
    assert_eq!(answer.status, 401);

    change(&app, &ada, |user| user.disabled = true).await;
    assert_eq!(ask("api.example", tokens.access()).await.status, 401, "switched off");
});

#[tokio::test]
async fn with_tls_the_cookie_is_the_hosts_own() {
    let test = TestApp::start(Engine::Sqlite).await;
    let app = configured(&test);
    let app = app.configured(|config| config.issuer = Issuer::parse("https://id.example").unwrap());
    let mut at_app = AtApp::new(&app, HOST);
    let start = at_app.page().await;
    assert_eq!(start.location().split('?').next(), Some("https://app.example/.countersign/start"));
    let off = at_app.open(start.location()).await;
    assert!(off.location().starts_with("https://id.example/forward-auth/start?to="));
    let cookie = off.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-countersign-browser=")
            && cookie.ends_with("HttpOnly; SameSite=Lax; Secure")
    );
}

/// What Traefik's `ForwardAuth` does with a browser's request, with `trustForwardHeader` off: it asks by a GET without a body that
/// has all of the request's headers but those of the connection; `X-Forwarded-For`, `-Method`, `-Proto`, `-Host` and `-Uri` are
/// its own, whatever the request had; others, `X-Forwarded-Port` among them, are handed on as they came.
async fn asked_by_traefik(browser: &mut Browser, method: &str, uri: &str, sent: &[(&str, &str)]) -> Page {
    const OWN: [&str; 5] =
        ["x-forwarded-for", "x-forwarded-method", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"];
    let hop =
        ["connection", "keep-alive", "te", "trailers", "transfer-encoding", "upgrade", "content-length"];
    let mut request = Request::get("/forward-auth")
        .header("host", "10.0.0.1:8080")
        .header("x-forwarded-for", "198.51.100.7")
        .header("x-forwarded-method", method)
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", HOST)
        .header("x-forwarded-uri", uri);
    for (name, value) in sent.iter().filter(|(name, _)| !OWN.contains(name) && !hop.contains(name)) {
        request = request.header(*name, *value);
    }
    browser.send(from(PROXY, request.body(Body::empty()).unwrap())).await
}

/// What the application sees of it: of the headers that Traefik copies, the browser's own are dropped first.
fn copied_by_traefik(answer: &Page, sent: &[(&str, &str)]) -> Vec<(String, String)> {
    const COPIED: [&str; 4] = ["remote-user", "remote-email", "remote-name", "remote-groups"];
    let others = sent.iter().filter(|(name, _)| !COPIED.contains(name));
    let others = others.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let copied =
        COPIED.into_iter().filter_map(|name| Some((name.to_owned(), answer.header(name)?.to_owned())));
    others.chain(copied).filter(|(name, _)| name.starts_with("remote")).collect()
}

on_both!(traefik_asks_by_its_own_headers_and_hands_on_what_it_is_told, |test| {
    let app = configured(&test);
    app.user("ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    let spoofed = [
        ("accept", "text/html,*/*;q=0.8"),
        ("remote-user", "root"),
        ("remote-groups", "admins"),
        ("x-forwarded-host", "vault.example"),
        ("x-forwarded-uri", "//evil.example/"),
        ("x-forwarded-method", "POST"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/evil"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9;host=evil.example"),
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
    ];
    // Nobody yet: the answer goes to the browser as it is, so it must lead somewhere by itself.
    let uri = "/page?a=b&c=d";
    let refused = asked_by_traefik(&mut at_app.browser, "GET", uri, &spoofed).await;
    assert_eq!(refused.status, 303);
    assert_eq!(refused.location(), "http://app.example/.countersign/start?path=%2Fpage%3Fa%3Db%26c%3Dd");
    // What a form sent is gone then: that leads to the first page.
    let refused = asked_by_traefik(&mut at_app.browser, "POST", uri, &[("accept", "text/html")]).await;
    assert_eq!(refused.location(), "http://app.example/.countersign/start?path=%2F");
    // A program is not led anywhere.
    for (method, accept) in [("POST", "application/json"), ("GET", "application/json"), ("PUT", "*/*")] {
        let refused = asked_by_traefik(&mut at_app.browser, method, uri, &[("accept", accept)]).await;
        assert_eq!((refused.status.as_u16(), refused.header("location")), (401, None), "{method} {accept}");
    }
    // The way in goes by the router for /.countersign/, and from then on every method is let through.
    let mut at_issuer = signed_in(&app, "ada").await;
    at_app.enter(&mut at_issuer).await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer = asked_by_traefik(&mut at_app.browser, method, uri, &spoofed).await;
        assert_eq!(answer.status, 200, "{method}");
        let seen = copied_by_traefik(&answer, &spoofed);
        let expected = [
            ("remote-user", "ada"),
            ("remote-email", "ada@example.com"),
            ("remote-name", "ada of Example"),
            ("remote-groups", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(seen, expected, "{method}");
        assert_eq!(answer.body, "", "nothing is read of it");
    }
    // The address that Traefik saw is the one that counts.
    let log = app.app.store.recent_audit(100).await.unwrap();
    assert!(log.iter().all(|row| row.ip != "203.0.113.9"));
});

on_both!(the_name_of_a_deleted_account_means_nobody_else_behind_the_proxy, |test| {
    use countersign::admin::users::{self, create, delete, free_name};
    use countersign::i18n::Language;

    let app = configured(&test);
    let ada = app.user("ada").await;
    let mut at_issuer = signed_in(&app, "ada").await;
    let mut at_app = AtApp::new(&app, HOST);
    at_app.enter(&mut at_issuer).await;
    let system = Origin::system();
    delete(&app.app, &system, &ada).await.unwrap();
    assert_eq!(at_app.page().await.status, 303);
    let input = |name: &str| countersign::protocol::profile::UserInput {
        username: Some(name.to_owned()),
        ..Default::default()
    };
    // In every spelling, for ninety days.
    for name in ["ada", "ADA"] {
        assert!(create(&app.app, &system, input(name)).await.is_err(), "{name}");
    }
    let eve = create(&app.app, &system, input("eve")).await.unwrap();
    assert!(users::change(&app.app, &system, &eve, &input("ada"), Language::English).await.is_err());
    app.advance(90 * 86_400 - 1);
    assert!(create(&app.app, &system, input("ada")).await.is_err());
    app.advance(1);
    let another = create(&app.app, &system, input("ada")).await.unwrap();
    // A name that is changed is kept too, but not from its owner.
    let eva = users::change(&app.app, &system, &eve, &input("eva"), Language::English).await.unwrap();
    assert!(create(&app.app, &system, input("eve")).await.is_err());
    let eve = users::change(&app.app, &system, &eva, &input("eve"), Language::English).await.unwrap();
    assert_eq!(eve.username, "eve");
    // An administrator may give it free.
    delete(&app.app, &system, &another).await.unwrap();
    assert!(free_name(&app.app, &system, "nobody").await.is_err());
    assert!(free_name(&app.app, &system, "no name").await.is_err());
    free_name(&app.app, &system, "Ada").await.unwrap();
    create(&app.app, &system, input("ada")).await.unwrap();
    assert!(app.audit_log().await.iter().any(|row| row.starts_with("user_name.free ")));
    // Nothing is left of it in the end.
    app.advance(90 * 86_400 + 3600);
    app.app.store.clean_up(app.app.clock.now()).await.unwrap();
    assert!(free_name(&app.app, &system, "eva").await.is_err());
});
