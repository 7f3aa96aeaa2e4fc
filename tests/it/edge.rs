//! What the edge does to every request and answer, whatever the endpoint.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use axum::routing::{get, post};
use countersign::app::{App, Parts};
use countersign::config::{Config, Issuer};
use countersign::http::edge;
use countersign::http::request_info::RequestInfo;
use tower::ServiceExt as _;

use crate::support::{Engine, Page, TestApp};

/// The peer of every request here.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9)), 40_000);

/// Endpoints that misbehave, behind the edge.
fn misbehaving(app: &App) -> Router {
    let router = Router::new()
        .route("/who", get(|info: RequestInfo| async move { format!("{} {}", info.ip, info.user_agent) }))
        .route("/echo", post(|body: String| async move { body }))
        .route("/panic/{word}", get(fail))
        .route("/never", get(|| async { std::future::pending::<()>().await }))
        .route(
            "/own",
            get(|| async { ([("cache-control", "public"), ("content-security-policy", "own")], "own") }),
        );
    edge::wrap_within(router, app, Duration::from_millis(200))
}

async fn fail() -> &'static str {
    panic!("on purpose")
}

fn configured(test: &TestApp, change: impl FnOnce(&mut Config)) -> App {
    let mut config = (*test.app.config).clone();
    change(&mut config);
    Parts { config: Arc::new(config), ..Parts::clone(&test.app) }.into()
}

fn trusting(test: &TestApp) -> App {
    configured(test, |config| {
        config.listen.trusted_proxies =
            vec!["10.0.0.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    })
}

async fn ask(router: &Router, mut request: Request<Body>) -> Page {
    request.extensions_mut().insert(ConnectInfo(PEER));
    Page::of(router.clone().oneshot(request).await.unwrap()).await
}

async fn ask_with(router: &Router, path: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(router, request.body(Body::empty()).unwrap()).await
}

const EVERYWHERE: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
];

#[tokio::test]
async fn no_answer_leaves_without_security_headers_and_an_id() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = misbehaving(&test.app);
    for (method, path, body, expected) in [
        (Method::GET, "/who", 0, StatusCode::OK),
        (Method::GET, "/nowhere", 0, StatusCode::NOT_FOUND),
        (Method::DELETE, "/who", 0, StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/echo", 65 * 1024, StatusCode::PAYLOAD_TOO_LARGE),
        (Method::GET, "/panic/x", 0, StatusCode::INTERNAL_SERVER_ERROR),
        (Method::GET, "/never", 0, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::from(vec![b'x'; body])).unwrap();
        let answer = ask(&router, request).await;
        assert_eq!(answer.status, expected, "{path}");
        for (name, value) in EVERYWHERE {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        assert_eq!(answer.header("strict-transport-security"), None, "not over plain HTTP");
        assert_eq!(answer.header("server"), None);
        assert_eq!(answer.header("x-request-id").unwrap().len(), 32, "{path}");
    }
    let page = ask_with(&router, "/nowhere", &[("accept", "text/html")]).await;
    assert!(page.header("permissions-policy").unwrap().contains("camera=()"));
    let document = ask_with(&router, "/nowhere", &[]).await;
    assert_eq!(document.header("permissions-policy"), None, "it is about pages");
    let own = ask_with(&router, "/own", &[]).await;
    assert_eq!(own.header("cache-control"), Some("public"));
    assert_eq!(own.header("content-security-policy"), Some("own"));
}

#[tokio::test]
async fn https_is_asked_for_for_two_years() {
    let test = TestApp::start(Engine::Sqlite).await;
    let app = configured(&test, |config| config.issuer = Issuer::parse("https://id.example.com").unwrap());
    let answer = ask_with(&misbehaving(&app), "/nowhere", &[]).await;
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000; includeSubDomains"));
}

#[tokio::test]
async fn errors_without_words_get_a_page_or_a_document() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = misbehaving(&test.app);
    for (path, status, title, error) in [
        ("/nowhere", 404, "Not found", "not_found"),
        ("/echo", 405, "Method not allowed", "method_not_allowed"),
        ("/panic/x", 500, "Internal error", "internal_error"),
        ("/never", 503, "Temporarily unavailable", "temporarily_unavailable"),
    ] {
        let page = ask_with(&router, path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]).await;
        assert_eq!(page.status.as_u16(), status);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text().contains(title), "{path}: {}", page.text());
        assert!(page.text().contains(page.header("x-request-id").unwrap()), "{path}");
        assert!(page.header("content-security-policy").unwrap().contains("style-src 'self'"));

        let document = ask_with(&router, path, &[("accept", "application/json")]).await;
        assert_eq!(document.status.as_u16(), status);
        assert_eq!(document.json()["error"], error);
        assert_eq!(document.json()["correlation_id"], document.header("x-request-id").unwrap());
        assert!(!document.body.contains("on purpose"), "the cause of a panic is nobody's business");
    }
    // Who joins an issuer with a slash at its end and the path of the metadata is told which issuer there is.
    for path in ["//.well-known/openid-configuration", "/realms/x/.well-known/openid-configuration"] {
        let document = ask_with(&router, path, &[]).await;
        let said = document.json()["error_description"].as_str().unwrap().to_owned();
        let issuer = crate::support::ISSUER;
        assert!(
            said.ends_with(&format!("The issuer here is {issuer}, without a slash at its end.")),
            "{said}"
        );
    }
    assert_eq!(ask_with(&router, "/echo", &[]).await.header("allow"), Some("POST"));
    assert_eq!(ask_with(&router, "/never", &[]).await.header("retry-after"), Some("5"));
}

#[tokio::test]
async fn a_body_is_limited_and_never_compressed() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = misbehaving(&test.app);
    let post = |length| Request::post("/echo").body(Body::from(vec![b'x'; length])).unwrap();
    assert_eq!(ask(&router, post(64 * 1024)).await.body.len(), 64 * 1024);
    assert_eq!(ask(&router, post(64 * 1024 + 1)).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    for (encoding, expected) in [("gzip", 415), ("br", 415), ("x", 415), ("identity", 200), ("IDENTITY", 200)]
    {
        let request =
            Request::post("/echo").header("content-encoding", encoding).body(Body::from("x")).unwrap();
        assert_eq!(ask(&router, request).await.status.as_u16(), expected, "{encoding}");
    }
}

#[tokio::test]
async fn the_clients_address_comes_from_named_proxies_only() {
    let test = TestApp::start(Engine::Sqlite).await;
    let (alone, proxied) = (misbehaving(&test.app), misbehaving(&trusting(&test)));
    for (forwarded, expected) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (&["6.6.6.6, 203.0.113.7, 10.0.0.3"], "203.0.113.7"),
        (&["6.6.6.6", "203.0.113.7, 10.0.0.3"], "203.0.113.7"),
        (&["10.0.0.5, 10.0.0.3"], "10.0.0.5"),
        (&["203.0.113.7:4711"], "203.0.113.7"),
        (&["[2001:db9::1]:4711"], "2001:db9::1"),
        (&["::ffff:203.0.113.7"], "203.0.113.7"),
        (&["6.6.6.6, nonsense"], "10.0.0.9"),
        (&["6.6.6.6, nonsense, 10.0.0.3"], "10.0.0.3"),
        (&[""], "10.0.0.9"),
        (&[], "10.0.0.9"),
    ] {
        let headers: Vec<_> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        assert_eq!(ask_with(&proxied, "/who", &headers).await.body.trim(), expected, "{forwarded:?}");
        assert_eq!(ask_with(&alone, "/who", &headers).await.body.trim(), "10.0.0.9", "{forwarded:?}");
    }
}

#[tokio::test]
async fn a_correlation_id_is_kept_from_a_named_proxy_if_it_is_one_word() {
    let test = TestApp::start(Engine::Sqlite).await;
    let (alone, proxied) = (misbehaving(&test.app), misbehaving(&trusting(&test)));
    let id = async |router: &Router, sent: &str| {
        let answer = ask_with(router, "/who", &[("x-request-id", sent)]).await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id(&proxied, "abc-DEF_123").await, "abc-DEF_123");
    assert_ne!(id(&alone, "abc-DEF_123").await, "abc-DEF_123");
    for bad in ["", "a b", "a\u{e9}", "a,b", "<x>", &"x".repeat(65)] {
        assert_ne!(id(&proxied, bad).await, bad);
    }
    assert_ne!(id(&alone, "x").await, id(&alone, "x").await);
}

#[tokio::test]
async fn a_user_agent_is_cut_and_cannot_hold_control_characters() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = misbehaving(&test.app);
    let mut request = Request::get("/who").body(Body::empty()).unwrap();
    let long = [b"Browser\t\xff ".as_slice(), &[b'x'; 300]].concat();
    request.headers_mut().insert("user-agent", long.as_slice().try_into().unwrap());
    let answer = ask(&router, request).await.body;
    let seen = answer.strip_prefix("10.0.0.9 ").unwrap();
    assert_eq!(seen.chars().count(), 256);
    assert!(seen.starts_with("Browser\u{fffd} xxx"), "{seen}");
}

#[tokio::test]
async fn malformed_paths_are_never_a_5xx() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = edge::wrap(countersign::routes::router(&test.app), &test.app);
    for path in [
        "/%ff",
        "/%",
        "/%zz",
        "/assets/%ff",
        "/assets/%00",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/a//b",
        "/./x",
        "/?%ff=%",
    ] {
        let answer = ask_with(&router, path, &[]).await;
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_version() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = edge::wrap(countersign::routes::router(&test.app), &test.app);
    let plain = ask_with(&router, "/assets/style.css", &[]).await;
    assert_eq!(plain.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    let etag = plain.header("etag").unwrap();
    let versioned = ask_with(&router, &format!("/assets/style.css?v={}", etag.trim_matches('"')), &[]).await;
    assert_eq!(versioned.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let other = ask_with(&router, "/assets/style.css?v=0000000000000000", &[]).await;
    assert_eq!(
        other.header("cache-control"),
        Some("no-cache"),
        "another version is not kept under this name"
    );
    for (tag, expected) in [
        (etag, 304),
        (&format!("W/{etag}"), 304),
        (&format!("\"x\", {etag}"), 304),
        ("*", 304),
        ("\"x\"", 200),
    ] {
        let answer = ask_with(&router, "/assets/style.css", &[("if-none-match", tag)]).await;
        assert_eq!(answer.status.as_u16(), expected, "{tag}");
        assert_eq!(answer.body.is_empty(), expected == 304);
        assert_eq!(answer.header("etag"), Some(etag));
    }
    assert_eq!(ask_with(&router, "/assets/nothing.css", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn metrics_are_for_loopback_or_for_whoever_has_the_token() {
    let test = TestApp::start(Engine::Sqlite).await;
    let scrape = async |app: &App, authorization: &str| {
        let router = edge::wrap(countersign::routes::router(app), app);
        ask_with(&router, "/health/live", &[]).await;
        ask_with(&router, "/metrics", &[("authorization", authorization)]).await
    };
    let on_loopback = scrape(&test.app, "").await;
    assert_eq!(on_loopback.status, StatusCode::OK);
    let live = on_loopback
        .body
        .lines()
        .find(|line| line.starts_with("countersign_http_requests_total") && line.contains("/health/live"))
        .unwrap();
    assert!(live.contains("{route=\"/health/live\",method=\"GET\",status=\"2xx\"}"), "{live}");

    let public = |config: &mut Config| config.issuer = Issuer::parse("https://id.example.com").unwrap();
    assert_eq!(scrape(&configured(&test, public), "").await.status, StatusCode::NOT_FOUND);
    let with_token = configured(&test, |config| {
        public(config);
        config.metrics.token = Some("scrapers-secret-token".to_owned());
    });
    for (authorization, expected) in [
        ("Bearer scrapers-secret-token", 200),
        ("Bearer scrapers-secret-tokem", 401),
        ("Bearer ", 401),
        ("Basic scrapers-secret-token", 401),
        ("", 401),
    ] {
        assert_eq!(scrape(&with_token, authorization).await.status.as_u16(), expected, "{authorization}");
    }
}

#[tokio::test]
async fn labels_are_the_routers_words_not_the_peers() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = edge::wrap(countersign::routes::router(&test.app), &test.app);
    for path in ["/made-up-by-a-peer", "/assets/made-up-by-a-peer"] {
        let request = Request::builder().method("MADEUP").uri(path).body(Body::empty()).unwrap();
        ask(&router, request).await;
    }
    let metrics = ask_with(&router, "/metrics", &[]).await.body;
    assert!(metrics.contains("{route=\"none\",method=\"OTHER\",status=\"4xx\"}"), "{metrics}");
    assert!(!metrics.to_lowercase().contains("made"), "{metrics}");
}

#[tokio::test]
async fn ready_is_not_said_without_a_database() {
    let test = TestApp::start(Engine::Sqlite).await;
    let router = edge::wrap(countersign::routes::router(&test.app), &test.app);
    assert_eq!(ask_with(&router, "/health/ready", &[]).await.json()["status"], "ready");
    test.app.store.close().await;
    let answer = ask_with(&router, "/health/ready", &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(ask_with(&router, "/health/live", &[]).await.status, StatusCode::OK);
    assert_eq!(ask_with(&router, "/jwks", &[]).await.status, StatusCode::OK, "out of memory");
}
