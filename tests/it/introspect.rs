//! `/introspect`: who may ask, and what is told about whose tokens.

use countersign::protocol::client::SubjectType;
use serde_json::json;

use crate::support::{Engine, Rp, START, TestApp, basic, form, on_both, refused};

on_both!(rfc7662_2_2_active_tokens_are_described_and_others_are_just_inactive, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid profile email").await;
    let jti = tokens.claims("access_token")["jti"].clone();
    let said = rp.introspect(tokens.access()).await;
    let expected = json!({
        "active": true, "token_type": "Bearer", "iss": "http://localhost:8080", "aud": "http://localhost:8080",
        "sub": user.id.as_str(), "client_id": "web", "username": "ada", "scope": "openid profile email",
        "iat": START, "exp": START + 300, "auth_time": START, "acr": "urn:countersign:acr:password", "jti": jti,
    });
    assert_eq!(said, expected);
    let said = rp.introspect(tokens.refresh()).await;
    assert_eq!(
        said,
        json!({
            "active": true, "iss": "http://localhost:8080", "sub": user.id.as_str(), "client_id": "web",
            "scope": "openid profile email", "iat": START, "exp": START + 43_200,
        })
    );
    let inactive = json!({ "active": false });
    for other in ["x", "cs_rt_x.0.y", "cs_at_x", tokens.get("id_token"), "\u{e4}", &"x".repeat(50_000)] {
        assert_eq!(rp.introspect(other).await, inactive);
    }
    for (hint, active) in [("access_token", true), ("refresh_token", true), ("nonsense", true)] {
        let page = rp.post("/introspect", &[("token", tokens.access()), ("token_type_hint", hint)]).await;
        assert_eq!(page.json()["active"], active, "{hint}: RFC 7662 §2.1 it is a hint");
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    app.advance(300);
    assert_eq!(rp.introspect(tokens.access()).await, inactive);
    assert!(rp.is_active(tokens.refresh()).await);
});

on_both!(cve_2024_47077_nobody_learns_about_another_clients_tokens, |app| {
    app.user("ada").await;
    let (rp, other) = (app.rp("web").await, app.rp("other").await);
    let resource = app.client("resource", |metadata| metadata.introspects_any_token = true).await;
    let resource = Rp::new(&app, &resource);
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
    for token in [tokens.access(), tokens.refresh()] {
        assert_eq!(other.introspect(token).await, json!({ "active": false }));
        assert!(resource.is_active(token).await);
        assert!(rp.is_active(token).await);
    }
});

#[tokio::test]
async fn rfc7662_2_1_only_clients_with_a_secret_may_ask() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.rp("web").await;
    app.public_rp("spa").await;
    for (authorization, body, status, error) in [
        ("", "token=x", 401, "invalid_client"),
        ("", "token=x&client_id=spa", 401, "invalid_client"),
        ("", "token=x&client_id=web", 401, "invalid_client"),
        ("", "token=x&client_id=web&client_secret=wrong", 401, "invalid_client"),
        ("Bearer x", "token=x", 401, "invalid_client"),
        (&basic("web"), "", 400, "invalid_request"),
        (&basic("web"), "token=", 400, "invalid_request"),
        (&basic("web"), "token=x&token=y", 400, "invalid_request"),
        (&basic("web"), "token=%00", 400, "invalid_request"),
        (&basic("web"), "token=x&client_secret=secret", 400, "invalid_request"),
    ] {
        let mut request = form("/introspect", body);
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        let page = app.send(request).await;
        assert_eq!(
            (page.status.as_u16(), refused(&page).as_str()),
            (status, error),
            "{authorization} {body}"
        );
        assert_eq!(page.headers.contains_key("www-authenticate"), status == 401);
    }
    let mut in_address = form("/introspect?token=x", "");
    in_address.headers_mut().insert("authorization", basic("web").parse().unwrap());
    assert_eq!(refused(&app.send(in_address).await), "invalid_request");
}

#[tokio::test]
async fn openid_core_8_1_the_user_name_is_for_those_who_may_know_it() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let pairwise = app.client("pairwise", |metadata| metadata.subject_type = SubjectType::Pairwise).await;
    let pairwise = Rp::new(&app, &pairwise);
    let server = app.client("api", |metadata| metadata.introspects_any_token = true).await;
    let server = Rp::new(&app, &server);
    for (rp, scope, knows) in
        [(&rp, "openid", false), (&rp, "openid profile", true), (&pairwise, "openid profile", false)]
    {
        let tokens = rp.tokens(&mut app.browser(), "ada", scope).await;
        let told = rp.introspect(tokens.access()).await;
        assert_eq!(told.get("username").is_some(), knows, "{} {scope}: {told}", rp.client_id);
        assert_eq!(server.introspect(tokens.access()).await["username"], "ada");
    }
}
