//! The deployment's name, logo and colours on its pages; nothing of it breaks a page or runs in one.

use axum::http::Method;
use countersign::branding::{Branding, PLAIN, logo};
use countersign::protocol::colour::Colour;
use serde_json::{Value, json};

use crate::admin_api::{administrator, robot};
use crate::support::{Engine, Rp, Site, TestApp, on_both};

const SVG: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 1\"><path d=\"M0 0h2v1z\"/></svg>";

async fn branded(name: &str) -> TestApp {
    let (light, dark) = (Colour::on_light("#a52a22").ok(), Colour::on_dark("#ffa39b").ok());
    let logo = logo(SVG.as_bytes().to_vec()).unwrap();
    let branding = Branding::new(Some(name.to_owned()), Some(logo), light, dark);
    let branding = Box::leak(Box::new(branding));
    TestApp::start(Engine::Sqlite).await.configured(|config| config.branding = branding)
}

#[tokio::test]
async fn pages_show_the_name_the_logo_and_the_colours() {
    let app = branded("Example & <b>Co</b>").await;
    let (_, mut ada) = administrator(&app, "ada").await;
    let mut visitor = app.browser();
    let pages = [
        visitor.open("/login").await,
        visitor.get("/authorize?client_id=nobody").await,
        ada.get("/account").await,
        ada.get("/account/profile").await,
        ada.get("/admin").await,
        ada.get("/logout").await,
    ];
    for page in &pages {
        page.assert_inert();
        let text = page.text();
        assert!(text.contains("· Example & <b>Co</b>"), "the title: {text}");
        assert!(!text.contains("Countersign") && !page.body.contains("<b>"), "{text}");
        assert!(page.attribute(".brand img", "src").starts_with("/assets/brand.svg?v="));
        assert_eq!(page.attribute(".brand img", "alt"), "");
        assert!(page.attribute("link[rel=icon]", "href").starts_with("/assets/brand.svg?v="));
    }
    assert!(pages[5].text().contains("signs you out of Example"));

    let style = pages[0].attribute("link[rel=stylesheet][href*=brand]", "href");
    let answer = visitor.get(&style).await;
    assert_eq!(answer.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(answer.header("cache-control").unwrap().contains("immutable"));
    assert!(answer.body.contains("--accent:#a52a22") && answer.body.contains("--accent:#ffa39b"));
}

#[tokio::test]
async fn a_logo_opened_by_itself_can_do_nothing() {
    let app = branded("Example").await;
    let mut browser = app.browser();
    let page = browser.open("/login").await;
    let answer = browser.get(&page.attribute(".brand img", "src")).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, SVG));
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
}

#[tokio::test]
async fn a_server_without_branding_asks_for_no_more_than_before() {
    let app = TestApp::start(Engine::Sqlite).await;
    assert_eq!(app.app.config.branding, &PLAIN);
    let page = app.browser().open("/login").await;
    assert!(page.text().contains("Countersign") && !page.body.contains("/assets/brand"));
    for name in ["brand.svg", "brand.png", "brand.css"] {
        assert_eq!(app.browser().get(&format!("/assets/{name}")).await.status, 404);
    }
}

async fn with_branding(app: &TestApp, id: &str, logo: Option<String>, accent: Option<&str>) -> Rp {
    let accent = accent.map(|accent| accent.parse().unwrap());
    let client = app.client(id, |metadata| (metadata.logo_uri, metadata.accent_color) = (logo, accent)).await;
    Rp::new(app, &client)
}

on_both!(a_client_has_a_colour_where_people_sign_in_and_are_asked, |app| {
    app.user("ada").await;
    let rp = with_branding(&app, "shop", None, Some("#a52a22")).await;
    let plain = with_branding(&app, "plain", None, None).await;
    let mut browser = app.browser();
    let sign_in = browser.open(&rp.authorization("openid", &[])).await;
    let consent = browser.sign_in(&sign_in, "ada").await;
    for page in [&sign_in, &consent] {
        page.assert_inert();
        let style = page.attribute("link[rel=stylesheet][href*=accent]", "href");
        assert!(style.starts_with("/assets/accent-a52a22.css?v="), "{style}");
        let answer = browser.get(&style).await;
        assert_eq!(answer.header("content-type"), Some("text/css; charset=utf-8"));
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
        assert!(
            answer.body.contains("(prefers-color-scheme:light){:root{--accent:#a52a22;"),
            "{}",
            answer.body
        );
        assert!(answer.body.contains("(prefers-color-scheme:dark){:root{--accent:"), "{}", answer.body);
    }
    let other = browser.open(&plain.authorization("openid", &[])).await;
    assert!(!other.body.contains("/assets/accent"), "one application's colour is no other's");
    for none in ["accent-ffff00.css", "accent-red.css", "accent-.css", "accent-a52a22;x.css"] {
        assert_eq!(browser.get(&format!("/assets/{none}")).await.status, 404, "{none}");
    }
});

on_both!(administrators_choose_a_colour_that_can_be_read_or_are_told_why_not, |app| {
    app.client("shop", |_| {}).await;
    let robot = robot(&app).await;
    let path = "/admin/api/clients/shop";
    let set = robot.json(Method::PATCH, path, &json!({ "accent_color": "#A52A22" })).await;
    assert_eq!((set.status.as_u16(), &set.json()["accent_color"]), (200, &json!("#a52a22")), "{}", set.body);
    for (bad, why) in [
        ("#ffcc00", "its contrast is"),
        ("#ffffff", "take a darker one"),
        ("red", "must be a colour as in"),
        ("#fff", "must be a colour as in"),
        ("#a52a22;}*{display:none}", "must be a colour as in"),
        ("url(https://evil.example)", "must be a colour as in"),
    ] {
        let refused = robot.json(Method::PATCH, path, &json!({ "accent_color": bad })).await;
        assert_eq!(refused.status, 400, "{bad}");
        assert!(
            refused.body.contains(why) && refused.body.contains("accent_color"),
            "{bad}: {}",
            refused.body
        );
    }
    let wrong_type = robot.json(Method::PATCH, path, &json!({ "accent_color": 7 })).await;
    assert_eq!(wrong_type.status, 400);
    assert_eq!(app.stored_client("shop").await.metadata.accent_color, "#a52a22".parse().ok(), "nothing lost");
    let removed = robot.json(Method::PATCH, path, &json!({ "accent_color": Value::Null })).await;
    assert_eq!(removed.status, 200);
    assert_eq!(app.stored_client("shop").await.metadata.accent_color, None);
});

#[tokio::test]
async fn a_clients_logo_is_fetched_and_served_here_and_nothing_else_is() {
    let app = TestApp::start(Engine::Sqlite).await;
    let site = Site::open().await;
    let mut browser = app.browser();
    let fine = site.put("/logo.svg", SVG);
    with_branding(&app, "fine", Some(fine.clone()), None).await;
    for _ in 0..3 {
        let answer = browser.get("/apps/fine/logo").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, SVG));
        assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    }
    assert_eq!(site.asked("/logo.svg"), 1, "however many look at it");
    let hostile = [
        (
            "script",
            site.put(
                "/script.svg",
                "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            ),
        ),
        ("html", site.put("/page.html", "<html><body>not an image</body></html>")),
        ("large", site.put("/large.svg", format!("<svg>{}</svg>", " ".repeat(30_000)))),
        ("missing", format!("{}/missing.svg", site.address)),
        ("private", "https://10.0.0.1/logo.svg".to_owned()),
        ("nowhere", "https://logo.invalid/logo.svg".to_owned()),
        ("self", format!("{}/assets/mark.svg", app.app.config.issuer)),
    ];
    for (id, uri) in hostile {
        with_branding(&app, id, Some(uri), None).await;
        let answer = browser.get(&format!("/apps/{id}/logo")).await;
        assert_eq!(answer.status, 404, "{id}");
        assert!(!answer.header("content-type").unwrap_or_default().starts_with("image/"), "{id}");
    }
    with_branding(&app, "none", None, None).await;
    let off = app.client("off", |metadata| metadata.logo_uri = Some(fine)).await;
    let mut switched_off = off.clone();
    switched_off.disabled = true;
    let audit = app.app.audit(&countersign::app::Origin::system(), "client.update", String::new(), "");
    app.app.store.update_client(&switched_off, off.updated_at, &audit).await.unwrap();
    for id in ["none", "off", "nobody", "%00", "..%2f..", &"x".repeat(300)] {
        let status = browser.get(&format!("/apps/{id}/logo")).await.status;
        assert!(status == 404 || status == 400, "{id}: {status}");
    }
}
