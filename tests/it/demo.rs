//! The demonstration application, as a relying party that distrusts what comes back.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use countersign::app::{App, Parts};
use countersign::config::Issuer;
use countersign::demo::{self, Settings};
use countersign::entropy::Entropy;
use countersign::http::edge;
use countersign::protocol::client::{AuthMethod, GrantType};
use countersign::serve::{Patience, listen};
use url::Url;

use crate::support::{Browser, Engine, Page, TestApp, encode, filled};

/// Provider and application, and one person's browser at each of them.
struct Scene {
    issuer: String,
    provider: Browser,
    demo: Browser,
    _test: TestApp,
}

impl Scene {
    async fn set() -> Self {
        let test = TestApp::start(Engine::Sqlite).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let mut config = (*test.app.config).clone();
        config.issuer = Issuer::parse(&issuer).unwrap();
        // Its relying party reads the machine's clock.
        let clock = countersign::clock::Clock::system();
        let app = App::from(Parts { config: Arc::new(config), clock, ..Parts::clone(&test.app) });
        let router = edge::wrap(countersign::routes::router(&app), &app);
        let serving = router.clone();
        tokio::spawn(async move {
            listen(serving, listener, None, &Patience::default(), std::future::pending()).await
        });

        test.user("ada").await;
        let settings = settings(&issuer);
        test.client("acme", |metadata| {
            metadata.token_endpoint_auth_method = AuthMethod::None;
            metadata.grant_types = vec![GrantType::AuthorizationCode];
            metadata.redirect_uris = vec![settings.redirect_uri()];
            metadata.post_logout_redirect_uris = vec![settings.post_logout_redirect_uri()];
        })
        .await;
        let demo = demo::router(settings, Entropy::system()).unwrap();
        Self { issuer, provider: Browser::new(router), demo: Browser::new(demo), _test: test }
    }

    /// A form of the provider's, sent as its page would.
    async fn send(&mut self, page: &Page, action: &str, values: &[(&str, &str)]) -> Page {
        let request = Request::post(action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, &self.issuer)
            .body(Body::from(encode(&filled(page.form(action), values))))
            .unwrap();
        let page = self.provider.send(request).await;
        self.provider.follow(page).await
    }

    /// From the button to the provider's answer: the address that the browser is sent back to.
    async fn until_answer(&mut self, decision: &str) -> String {
        let begun = self.demo.get("/login").await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let address = begun.location().strip_prefix(&self.issuer).unwrap().to_owned();
        let mut page = self.provider.open(&address).await;
        if page.body.contains("login-submit") {
            page = self
                .send(&page, "/login", &[("username", "ada"), ("password", crate::support::PASSWORD)])
                .await;
        }
        if page.body.contains("consent-allow") {
            page = self.send(&page, "/consent", &[("decision", decision)]).await;
        }
        page.location().strip_prefix(ORIGIN).unwrap().to_owned()
    }
}

const ORIGIN: &str = "http://localhost:9";

fn settings(issuer: &str) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        origin: ORIGIN.to_owned(),
        client_id: "acme".to_owned(),
        try_with: None,
    }
}

/// The callback's address with one parameter changed.
fn with(answer: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse(ORIGIN).unwrap().join(answer).unwrap();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(value.map(|value| (name, value)));
    url.as_str().strip_prefix(ORIGIN).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_button_to_the_claims_and_out_again() {
    let mut scene = Scene::set().await;
    assert!(scene.demo.get("/").await.body.contains("demo-login"));
    let answer = scene.until_answer("allow").await;
    let before = scene.demo.cookies.clone();
    let signed_in = scene.demo.get(&answer).await;
    assert_eq!(signed_in.location(), "/", "{}", signed_in.body);
    assert_ne!(scene.demo.cookies, before, "the session's id changes at sign-in");

    let page = scene.demo.get("/").await;
    assert!(page.text().contains("Hello, ada of Example"), "{}", page.text());
    assert!(page.body.contains("ada@example.com"));

    let fields = page.form("/logout");
    let forged = filled(fields.clone(), &[("csrf", "made up")]);
    assert_eq!(scene.demo.post("/logout", &forged).await.status, StatusCode::FORBIDDEN);
    let left = scene.demo.post("/logout", &fields).await;
    let address = left.location().strip_prefix(&scene.issuer).unwrap().to_owned();
    let back = scene.provider.open(&address).await;
    assert!(back.location().starts_with("http://localhost:9/?state="), "{}", back.location());
    assert!(scene.demo.get("/").await.body.contains("demo-login"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_for_this_browser_signs_nobody_in() {
    let mut scene = Scene::set().await;
    let answer = scene.until_answer("allow").await;
    let stranger = scene.demo.cookies.clone();
    scene.demo.cookies.clear();
    let elsewhere = scene.demo.get(&answer).await;
    assert!(elsewhere.body.contains("unknown_state"), "another browser: {}", elsewhere.body);
    scene.demo.cookies = stranger;

    for (name, value, error) in [
        ("state", None, "unknown_state"),
        ("state", Some("made up"), "unknown_state"),
        ("iss", Some("https://evil.example"), "wrong_issuer"),
        ("iss", None, "wrong_issuer"),
        ("code", Some("made up"), "code_refused"),
        ("code", None, "no_code"),
    ] {
        let answer = scene.until_answer("allow").await;
        let page = scene.demo.get(&with(&answer, name, value)).await;
        assert!(page.body.contains(error), "{name} {value:?}: {}", page.body);
        assert!(scene.demo.get("/").await.body.contains("demo-login"), "{name} {value:?} signed in");
        if name != "state" {
            let again = scene.demo.get(&answer).await;
            assert!(again.body.contains("unknown_state"), "a state is answered once");
        }
    }
    let refused = scene.demo.get("/callback?state=a&state=b").await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_consent_is_shown() {
    let mut scene = Scene::set().await;
    let answer = scene.until_answer("deny").await;
    assert!(scene.demo.get(&answer).await.body.contains("access_denied"));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_to_be_unreachable() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let router: Router =
        demo::router(settings(&format!("http://localhost:{unused}")), Entropy::system()).unwrap();
    let mut browser = Browser::new(router);
    let answer = tokio::time::timeout(Duration::from_secs(30), browser.get("/login"));
    assert!(answer.await.unwrap().body.contains("provider_unreachable"));
}
