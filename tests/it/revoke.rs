//! `/revoke`: what ends with a token, and what does not.

use crate::support::{Engine, TestApp, basic, form, granted, on_both, refused};

on_both!(rfc7009_2_1_a_refresh_token_takes_its_grant_along_and_an_access_token_goes_alone, |app| {
    app.user("ada").await;
    for rp in [app.rp("web").await, app.public_rp("spa").await] {
        let observer = app
            .client(&format!("for-{}", rp.client_id), |metadata| metadata.introspects_any_token = true)
            .await;
        let observer = crate::support::Rp::new(&app, &observer);
        let mut browser = app.browser();
        let tokens = rp.tokens(&mut browser, "ada", "openid").await;
        let other = rp.tokens(&mut browser, "ada", "openid").await;
        let refreshed = granted(&rp.refresh(tokens.refresh()).await);

        assert_eq!(rp.post("/revoke", &[("token", tokens.access())]).await.status, 200);
        assert!(!observer.is_active(tokens.access()).await);
        assert_eq!(rp.userinfo(tokens.access()).await.status, 401);
        assert!(observer.is_active(refreshed.access()).await);
        assert!(observer.is_active(refreshed.refresh()).await);

        for _ in 0..2 {
            let page = rp
                .post("/revoke", &[("token", refreshed.refresh()), ("token_type_hint", "access_token")])
                .await;
            assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "{}"), "again is fine");
            // Clients that read JSON from every answer (simple-oauth2) read this one too.
            assert_eq!(page.header("content-type"), Some("application/json"));
        }
        assert!(!observer.is_active(refreshed.access()).await);
        assert_eq!(rp.userinfo(refreshed.access()).await.status, 401);
        assert_eq!(refused(&rp.refresh(refreshed.refresh()).await), "invalid_grant");
        assert!(observer.is_active(other.access()).await, "another grant");
        granted(&rp.refresh(other.refresh()).await);
    }
});

on_both!(rfc7009_2_1_a_former_refresh_token_ends_the_grant_too, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let first = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let second = granted(&rp.refresh(first.refresh()).await);
    assert_eq!(rp.post("/revoke", &[("token", first.refresh())]).await.status, 200);
    assert!(!rp.is_active(second.access()).await);
});

on_both!(rfc7009_2_1_another_clients_tokens_are_out_of_reach, |app| {
    app.user("ada").await;
    let (rp, other, public) = (app.rp("web").await, app.rp("other").await, app.public_rp("spa").await);
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
    for token in [tokens.access(), tokens.refresh()] {
        for thief in [&other, &public] {
            assert_eq!(refused(&thief.post("/revoke", &[("token", token)]).await), "invalid_grant");
        }
        assert!(rp.is_active(token).await);
    }
});

#[tokio::test]
async fn rfc7009_2_2_1_wrong_requests() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let tokens = rp.tokens(&mut app.browser(), "ada", "openid").await;
    let forged = tokens.refresh().rsplit_once('.').unwrap().0;
    let forged = format!("{forged}.{}", "A".repeat(43));
    for harmless in ["x", "cs_rt_a.0.b", "cs_at_x", &forged, tokens.get("id_token"), &"x".repeat(50_000)] {
        assert_eq!(rp.post("/revoke", &[("token", harmless)]).await.status, 200, "RFC 7009 §2.2");
    }
    for (authorization, body, status, error) in [
        ("", format!("token={}", tokens.access()), 401, "invalid_client"),
        ("", format!("token={}&client_id=web", tokens.access()), 401, "invalid_client"),
        ("", format!("token={}&client_id=web&client_secret=x", tokens.access()), 401, "invalid_client"),
        (&basic("web"), String::new(), 400, "invalid_request"),
        (&basic("web"), "token=".to_owned(), 400, "invalid_request"),
        (&basic("web"), format!("token={0}&token={0}", tokens.access()), 400, "invalid_request"),
        (&basic("web"), format!("token={}&x=%ff", tokens.access()), 400, "invalid_request"),
    ] {
        let mut request = form("/revoke", body.clone());
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        let page = app.send(request).await;
        assert_eq!(
            (page.status.as_u16(), refused(&page).as_str()),
            (status, error),
            "{authorization} {body}"
        );
    }
    assert!(rp.is_active(tokens.access()).await, "nothing of this revoked anything");
    assert!(rp.is_active(tokens.refresh()).await);
}
