//! The deployment's name, logo and colours on its pages; nothing of it breaks a page or runs in one.

use countersign::branding::{Branding, Colour, PLAIN, logo};

use crate::admin_api::administrator;
use crate::support::{Engine, TestApp};

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
