//! Which answers scripts of other origins may read.

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::app::Origin;
use countersign::protocol::client::Client;

use crate::support::{Engine, Page, TestApp, basic, encode, filled, on_both};

/// What an origin may read of an answer. With cookies only where it is registered, and where they count for nothing.
fn readable(page: &Page) -> Option<&str> {
    let origin = page.header("access-control-allow-origin");
    let registered = origin.is_some_and(|origin| origin != "*");
    assert_eq!(page.header("access-control-allow-credentials"), registered.then_some("true"));
    origin
}

async fn ask(
    app: &TestApp,
    method: Method,
    path: &str,
    origin: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Page {
    let mut request = Request::builder().method(method).uri(path).header("origin", origin);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

on_both!(rfc9700_2_6_applications_read_the_answers_to_their_own_requests, |app| {
    app.user("ada").await;
    let (spa, other) = (app.public_rp("spa").await, app.rp("other").await);
    let _ = other;
    let code = spa.code(&mut app.browser(), "ada", "openid").await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let redeem = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &code),
        ("redirect_uri", "https://spa.example/cb"),
        ("code_verifier", crate::support::VERIFIER),
    ];
    let redeem = encode(&filled(Vec::new(), &redeem));
    let own = "https://spa.example";
    let page = ask(&app, Method::POST, "/token", own, &[kind], &redeem).await;
    assert_eq!((page.status.as_u16(), readable(&page)), (200, Some(own)));
    assert!(page.header("vary").unwrap().contains("Origin"));
    let token = page.json()["access_token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");

    for (origin, expected) in [
        (own, Some(own)),
        ("https://other.example", None),
        ("https://evil.example", None),
        ("null", None),
        ("https://spa.example.evil.example", None),
        ("https://spa.example:8443", None),
        ("http://spa.example", None),
        ("HTTPS://SPA.EXAMPLE", None),
        ("https://spa.example/", None),
        ("*", None),
        ("", None),
    ] {
        let page =
            ask(&app, Method::POST, "/token", origin, &[kind], "grant_type=refresh_token&client_id=spa")
                .await;
        assert_eq!((page.status.as_u16(), readable(&page)), (400, expected), "{origin} reads an error");
        for method in [Method::GET, Method::POST] {
            let page = ask(&app, method, "/userinfo", origin, &[("authorization", &bearer)], "").await;
            assert_eq!((page.status.as_u16(), readable(&page)), (200, expected), "{origin} reads claims");
        }
        let page = ask(&app, Method::POST, "/revoke", origin, &[kind], "token=x&client_id=spa").await;
        assert_eq!((page.status.as_u16(), readable(&page)), (200, expected), "{origin} reads a revocation");
        let page = ask(&app, Method::POST, "/par", origin, &[kind], "scope=x&client_id=spa").await;
        assert_eq!((page.status.as_u16(), readable(&page)), (400, expected), "{origin} reads a refusal");
    }
    // Before the client is known, any client's developer may see what is wrong, and nobody else.
    for (origin, expected) in [
        (own, Some(own)),
        ("https://other.example", Some("https://other.example")),
        ("https://evil.example", None),
        ("null", None),
    ] {
        let page = ask(&app, Method::POST, "/token", origin, &[kind], "client_id=nobody").await;
        assert_eq!((page.status.as_u16(), readable(&page)), (401, expected), "{origin}");
        let page = ask(&app, Method::GET, "/userinfo", origin, &[], "").await;
        assert_eq!((page.status.as_u16(), readable(&page)), (401, expected), "{origin}");
        assert!(
            expected.is_none()
                || page.header("access-control-expose-headers").unwrap().contains("www-authenticate")
        );
    }
});

on_both!(fetch_3_2_preflights_are_answered_for_registered_origins, |app| {
    let client = app.client("spa", |_| {}).await;
    let wanted = [
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    for path in ["/token", "/userinfo", "/revoke", "/par"] {
        let page = ask(&app, Method::OPTIONS, path, "https://spa.example", &wanted, "").await;
        assert_eq!((page.status.as_u16(), readable(&page)), (204, Some("https://spa.example")), "{path}");
        assert!(page.header("access-control-allow-methods").unwrap().contains("POST"));
        assert_eq!(page.header("access-control-allow-headers"), Some("authorization, content-type, dpop"));
        for origin in ["https://evil.example", "null", "https://spa.example.evil.example"] {
            let page = ask(&app, Method::OPTIONS, path, origin, &wanted, "").await;
            assert_eq!(readable(&page), None, "{path} {origin}");
            assert!(!page.headers.contains_key("access-control-allow-methods"));
        }
    }
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let off = Client { disabled: true, ..client.clone() };
    assert!(app.app.store.update_client(&off, client.updated_at, &audit).await.unwrap());
    let page = ask(&app, Method::OPTIONS, "/token", "https://spa.example", &wanted, "").await;
    assert_eq!(readable(&page), None, "a client that is switched off has no origins");
});

#[tokio::test]
async fn rfc9700_2_6_pages_are_never_readable_from_elsewhere() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.rp("web").await;
    let wanted = [("access-control-request-method", "POST")];
    for path in [
        "/authorize",
        "/login",
        "/consent",
        "/logout",
        "/setup",
        "/introspect",
        "/metrics",
        "/admin/api/users",
        "/nowhere",
    ] {
        for origin in ["https://web.example", "https://evil.example", "null"] {
            for (method, headers) in [
                (Method::OPTIONS, &wanted[..]),
                (Method::GET, &[]),
                (Method::POST, &[("authorization", basic("web").as_str())]),
            ] {
                let page = ask(&app, method.clone(), path, origin, headers, "").await;
                assert_eq!(readable(&page), None, "{method} {path} {origin}");
                assert_eq!(
                    page.header("cross-origin-resource-policy"),
                    Some("same-origin"),
                    "{method} {path}"
                );
            }
        }
    }
    for path in ["/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        for origin in ["https://web.example", "https://evil.example", "null"] {
            let page = ask(&app, Method::GET, path, origin, &[], "").await;
            assert_eq!(readable(&page), Some("*"), "{path}: public");
            assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
        }
    }
}
