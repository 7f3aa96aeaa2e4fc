//! Every route × every method × malformed input: never a 5xx, and never an answer without its security headers.
//! The routes are read from `src/routes.rs`, so that a new one cannot be forgotten.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use countersign::app::Origin;
use countersign::protocol::client::GrantType;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use tower::ServiceExt as _;

use crate::support::provider::nowhere;
use crate::support::{Engine, Rp, TestApp, granted, on_both};

/// Every path of the table of contents.
pub fn paths() -> BTreeSet<&'static str> {
    let source = include_str!("../../src/routes.rs");
    let mut rest = source;
    let mut paths = BTreeSet::new();
    while let Some((_, after)) = rest.split_once(".route(") {
        let text = after.trim_start().strip_prefix('"').unwrap();
        let (path, after) = text.split_once('"').unwrap();
        paths.insert(path);
        rest = after;
    }
    assert_eq!(paths.len(), source.matches(".route(").count());
    assert!(paths.len() > 20 && paths.contains("/token"));
    paths
}

/// A path with something else in place of its parameters.
fn filled(path: &str, value: &str) -> String {
    let mut filled = String::new();
    for part in path.split('/').skip(1) {
        filled.push('/');
        filled.push_str(if part.starts_with('{') { value } else { part });
    }
    filled
}

const METHODS: [&str; 9] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"];
/// What must not change anything (RFC 9110 §9.2.1).
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

const IDS: [&str; 7] =
    ["x", "%00", "%ff", "..%2f..%2fetc%2fpasswd", "'%20OR%201=1--", "%F0%9F%98%80", "%22%3E%3Cscript%3E"];

fn queries() -> Vec<String> {
    let mut queries: Vec<String> = [
        "",
        "=",
        "&&&",
        "a=1&a=2",
        "%ff=%fe",
        "%00=%00",
        "flow=%00",
        "flow=x",
        "token=x&token=y",
        "client_id=%00",
        "client_id=x&redirect_uri=x",
        "page=-1&limit=99999999999999999999",
        "query=%25%27&after=%ff",
        "q=%u0041",
    ]
    .map(str::to_owned)
    .into();
    queries.push("x".repeat(20_000));
    queries.push(format!("flow={}", "A".repeat(20_000)));
    queries.push((0..200).map(|i| format!("p{i}=x")).collect::<Vec<_>>().join("&"));
    queries
}

/// Content type and body.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("", text("")),
        ("", text("x=y")),
        (form, text("")),
        (form, text("x=%ff&y=\u{e4}")),
        (form, vec![0xff, 0xfe, b'=', 0x80]),
        (form, text("username=%00&password=%00&flow=%00&csrf=%00&token=%00&decision=%00")),
        (form, text("csrf=x&csrf=x")),
        (form, text("csrf=x&flow=x&token=x&username=x&password=x&decision=allow")),
        (form, text("grant_type=authorization_code&code=x&client_id=x&client_secret=x")),
        (form, "&".repeat(60_000).into_bytes()),
        (form, "x".repeat(100_000).into_bytes()),
        (json, text("")),
        (json, text("{")),
        (json, text("null")),
        (json, text("[]")),
        (json, text("{\"username\":\"a\",\"username\":\"b\"}")),
        (json, text("{\"username\":{\"a\":[1e999]},\"client_name\":-0}")),
        (json, text("{\"username\":\"\\u0000\",\"client_name\":\"\\ud800\"}")),
        (json, text("\"\\ud800\"")),
        (json, [text("{\"username\":\""), vec![0xff, 0xfe], text("\"}")].concat()),
        (json, "[".repeat(30_000).into_bytes()),
        (json, "{\"a\":".repeat(10_000).into_bytes()),
        (json, "[".repeat(100_000).into_bytes()),
        (
            "multipart/form-data; boundary=x",
            text("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--"),
        ),
        ("text/plain", text("csrf=x")),
        ("application/x-www-form-urlencoded; charset=utf-16", text("x=y")),
        ("\u{fc};;;=", text("x")),
    ]
}

/// Headers that nobody means.
fn oddities() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("cookie", text("countersign-session=%00.%00; countersign-browser=x")),
        ("cookie", text("countersign-session=a.b; countersign-session=c.d; =; ;;; a")),
        ("cookie", vec![0xff, 0xfe, b'=', b'x']),
        ("cookie", format!("countersign-session={}", "x".repeat(8000)).into_bytes()),
        ("authorization", text("Basic")),
        ("authorization", text("Basic /////w==")),
        ("authorization", text("Bearer \u{e4}")),
        ("authorization", text("Bearer ..")),
        ("authorization", text("Bearer eyJhbGciOiJub25lIn0.e30.")),
        ("origin", text("\u{e4}")),
        ("if-none-match", vec![0xff]),
        ("if-match", text("\"x\"")),
        ("content-length", text("-1")),
        ("content-encoding", text("gzip")),
        ("accept", text("text/html;q=x, */*;q=9")),
        ("x-http-method-override", text("DELETE")),
        ("x-forwarded-for", vec![0xff, b',', b',', 0x80]),
        ("range", text("bytes=0-0,-1,x")),
        ("host", text("evil.example")),
        ("expect", text("x")),
        ("user-agent", vec![0x80, 0xff]),
    ]
}

/// Sends a request and checks what holds for every answer.
async fn check(app: &TestApp, method: &str, target: &str, headers: &HeaderMap, body: Vec<u8>) {
    let mut request = Request::builder().method(method).uri(target).body(Body::from(body)).unwrap();
    *request.headers_mut() = headers.clone();
    let answer = app.router.clone().oneshot(request).await.unwrap();
    let what = || format!("{method} {target:.200} {headers:?}");
    assert!(answer.status().as_u16() < 500, "{} {}", answer.status(), what());
    // The one page that others may show in a frame, and that runs a script.
    let in_frames = target.starts_with("/check-session") && answer.status() == 200;
    if in_frames {
        assert!(!answer.headers().contains_key("x-frame-options"), "{}", what());
    }
    for (name, expected) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", if in_frames { "frame-ancestors *" } else { "frame-ancestors 'none'" }),
        ("content-security-policy", "base-uri 'none'"),
        ("x-content-type-options", "nosniff"),
        if in_frames { ("x-request-id", "") } else { ("x-frame-options", "DENY") },
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", ""),
        ("cross-origin-resource-policy", ""),
        ("cache-control", ""),
        ("x-request-id", ""),
    ] {
        let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}: {}", what()));
        assert!(value.to_str().unwrap().contains(expected), "{name}: {value:?} {}", what());
    }
    let is_page =
        answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let permissions = answer.headers().get("permissions-policy").map(|value| value.to_str().unwrap());
    assert_eq!(permissions.is_some_and(|value| value.contains("camera=()")), is_page, "{}", what());
    for name in ["server", "x-powered-by"] {
        assert!(!answer.headers().contains_key(name), "{name} {}", what());
    }
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    let scripts = policy.split_once("script-src").map(|(_, sources)| sources);
    assert!(scripts.is_some() || !in_frames, "{}", what());
    assert!(scripts.is_none_or(|sources| sources.starts_with(" 'self';")), "{policy} {}", what());
    assert!(!policy.contains("unsafe"), "{}", what());
}

fn header(headers: &HeaderMap, name: &'static str, value: &[u8]) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    headers
}

/// Everything, as somebody whose requests have these headers.
async fn storm(app: &TestApp, headers: &HeaderMap, methods: &[&str]) {
    let queries = queries();
    for path in paths() {
        let parameters = if path.contains('{') { &IDS[..] } else { &IDS[..1] };
        for method in methods {
            for id in parameters {
                check(app, method, &filled(path, id), headers, Vec::new()).await;
            }
            let target = filled(path, "x");
            // Handlers of other methods read neither query nor cookies in a way of their own.
            if ["GET", "POST"].contains(method) {
                for query in &queries {
                    check(app, method, &format!("{target}?{query}"), headers, Vec::new()).await;
                }
                for (name, value) in oddities() {
                    check(app, method, &target, &header(headers, name, &value), Vec::new()).await;
                }
            }
            if !SAFE.contains(method) {
                for (kind, body) in bodies() {
                    let typed = if kind.is_empty() {
                        headers.clone()
                    } else {
                        header(headers, "content-type", kind.as_bytes())
                    };
                    check(app, method, &target, &typed, body).await;
                }
            }
        }
    }
}

/// The headers of a client that may administer.
async fn robot(app: &TestApp) -> HeaderMap {
    let client = app.client("robot", |metadata| {
        metadata.grant_types = vec![GrantType::ClientCredentials];
        metadata.scope = Scope::parse("countersign:admin").unwrap();
    });
    let tokens = granted(&Rp::new(app, &client.await).token(&[("grant_type", "client_credentials")]).await);
    header(&HeaderMap::new(), "authorization", format!("Bearer {}", tokens.access()).as_bytes())
}

/// The headers of an administrator's browser.
async fn administrator(app: &TestApp) -> HeaderMap {
    let user = app.user("root").await;
    let admin = User { is_admin: true, ..user.clone() };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&admin, user.updated_at, &audit).await.unwrap());
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    let page = browser.sign_in(&page, "root").await;
    assert_eq!(page.status, 200, "the account page");
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers = header(&HeaderMap::new(), "cookie", cookies.join("; ").as_bytes());
    let headers = header(&headers, "origin", crate::support::ISSUER.as_bytes());
    header(&headers, "sec-fetch-site", b"same-origin")
}

on_both!(no_request_of_a_stranger_is_answered_5xx, |app| {
    // Also where strangers may make accounts, here or by a provider's word.
    let app = app.configured(|config| {
        config.sign_up = countersign::config::SignUpMode::Open;
        config.upstreams = vec![nowhere("x")];
    });
    storm(&app, &HeaderMap::new(), &METHODS).await;
    assert!(app.app.store.users("", 10).await.unwrap().is_empty());
    assert!(app.app.store.clients().await.unwrap().is_empty());
});

on_both!(no_request_of_an_administrator_is_answered_5xx_and_reading_changes_nothing, |app| {
    let app = app.configured(|config| config.upstreams = vec![nowhere("x")]);
    let (robot, administrator) = (robot(&app).await, administrator(&app).await);
    // What was asked for wrongly is on record.
    let changes = async || {
        let log = app.audit_log().await;
        log.into_iter().filter(|row| !row.starts_with("administration.mistake")).collect::<Vec<_>>()
    };
    let before = changes().await;
    storm(&app, &robot, &SAFE).await;
    storm(&app, &administrator, &SAFE).await;
    assert_eq!(changes().await, before, "GET never changes anything");
    storm(&app, &robot, &["POST", "PUT", "PATCH", "DELETE"]).await;
    storm(&app, &administrator, &["POST", "PUT", "PATCH", "DELETE"]).await;
});

#[tokio::test]
async fn what_is_no_route_is_404_with_the_same_headers() {
    let app = TestApp::start(Engine::Sqlite).await;
    for path in [
        "/nowhere",
        "//",
        "//evil.example/",
        "/./token",
        "/token/",
        "/TOKEN",
        "/token;x=1",
        "/admin/../token",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%00",
        "/.well-known/",
        "/.git/config",
        "/%ff",
        "/*",
    ] {
        for method in METHODS {
            check(&app, method, path, &HeaderMap::new(), Vec::new()).await;
        }
        let page = app.browser().get(path).await;
        assert_eq!(page.status, 404, "{path}");
    }
}
