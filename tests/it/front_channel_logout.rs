//! Front-channel logout: the page with a frame for every application, and where it leads.

use scraper::{Html, Selector};

use crate::support::{Browser, Engine, ISSUER, Page, Rp, TestApp, encode, filled, on_both};

/// The values of an attribute of all elements that match.
fn attributes(page: &Page, selector: &str, attribute: &str) -> Vec<String> {
    let html = Html::parse_document(&page.body);
    html.select(&Selector::parse(selector).unwrap())
        .map(|element| element.attr(attribute).unwrap().to_owned())
        .collect()
}

async fn framed(app: &TestApp, id: &str, uri: &str) -> Rp {
    let uri = Some(uri.to_owned());
    Rp::new(app, &app.client(id, |metadata| metadata.frontchannel_logout_uri = uri).await)
}

async fn sign_in(rp: &Rp, browser: &mut Browser) -> (String, String) {
    let tokens = rp.tokens(browser, "ada", "openid").await;
    let sid = tokens.claims("id_token")["sid"].as_str().unwrap().to_owned();
    (tokens.get("id_token").to_owned(), sid)
}

on_both!(front_channel_logout_3_every_application_of_the_session_gets_a_frame, |app| {
    app.user("ada").await;
    let shop = framed(&app, "shop", "https://shop.example:8443/out?a=%7e&b").await;
    let mail = framed(&app, "mail", "https://mail.example/out").await;
    let (quiet, unused) = (app.rp("quiet").await, framed(&app, "unused", "https://unused.example/out").await);
    let off = framed(&app, "off", "https://off.example/out").await;
    let mut elsewhere = app.browser();
    unused.tokens(&mut elsewhere, "ada", "openid").await;
    let mut browser = app.browser();
    let (hint, sid) = sign_in(&shop, &mut browser).await;
    for rp in [&mail, &quiet, &off, &mail] {
        rp.tokens(&mut browser, "ada", "openid").await;
    }
    let mut switched_off = app.stored_client("off").await;
    switched_off.disabled = true;
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    let read_at = switched_off.updated_at;
    assert!(app.app.store.update_client(&switched_off, read_at, &audit).await.unwrap());

    let state = "a b&c=\u{1f600}\"<'";
    let fields = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", "https://shop.example/out"),
        ("state", state),
    ];
    let asked = format!("/logout?{}", encode(&filled(Vec::new(), &fields)));
    let page = browser.get(&asked).await;
    assert_eq!(page.status, 200);
    let query = format!("iss=http%3A%2F%2Flocalhost%3A8080&sid={sid}");
    assert_eq!(
        attributes(&page, "iframe", "src"),
        [
            format!("https://mail.example/out?{query}"),
            format!("https://shop.example:8443/out?a=%7e&b&{query}")
        ],
        "§2: the registered query is kept, and both iss and sid are there"
    );
    assert!(page.text().contains("Client shop") && page.text().contains("Client mail"), "{}", page.text());
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("; frame-src https://mail.example https://shop.example:8443;"), "{policy}");
    assert!(policy.contains("; script-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let next = attributes(&page, "#next", "href");
    let url = url::Url::parse(&next[0]).unwrap();
    assert!(next[0].starts_with("https://shop.example/out?state="), "{next:?}");
    assert_eq!(url.query_pairs().next().unwrap().1, state);
    // Without scripts the browser goes there by itself, too.
    let html = page.body.replace("<noscript>", "").replace("</noscript>", "");
    let refresh = attributes(&Page { body: html, ..page.clone() }, "meta[http-equiv=refresh]", "content");
    assert_eq!(refresh, [format!("3; url={}", next[0])]);
    for script in attributes(&page, "script", "src") {
        assert!(script.starts_with("/assets/front_channel_logout.js?v="), "{script}");
        let script = browser.get(&script).await;
        assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    }

    // The session is over: nobody is framed a second time.
    assert!(!browser.cookies.contains_key("countersign-session"));
    assert_eq!(browser.get(&asked).await.location(), next[0]);
    let mut copy = browser.clone();
    assert!(copy.get(&mail.authorization("openid", &[("prompt", "none")])).await.sent("code").is_none());
});

on_both!(without_an_address_to_go_to_it_leads_to_the_page_that_says_signed_out, |app| {
    app.user("ada").await;
    let rp = framed(&app, "a&b", "http://127.0.0.1:9/out").await;
    let mut browser = app.browser();

    // The account page's own sign-out.
    sign_in(&rp, &mut browser).await;
    let account = browser.get("/account").await;
    let page = browser.post("/account/sign-out", &account.form("/account/sign-out")).await;
    assert_eq!(attributes(&page, "iframe", "src").len(), 1);
    assert!(page.header("content-security-policy").unwrap().contains("frame-src http://127.0.0.1:9;"));
    assert_eq!(attributes(&page, "#next", "href"), ["/logout?ui_locales=en"]);

    // A client's request, after the question.
    sign_in(&rp, &mut browser).await;
    let question = browser.get("/logout?client_id=a%26b").await;
    let page = browser.post("/logout", &question.form("/logout")).await;
    assert_eq!(attributes(&page, "iframe", "src").len(), 1);
    let next = attributes(&page, "#next", "href");
    assert_eq!(next, ["/logout?client_id=a%26b&ui_locales=en"]);
    assert!(browser.get(&next[0]).await.text().contains("You are signed out"));
});

#[tokio::test]
async fn pages_without_frames_run_no_scripts() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("quiet").await;
    let mut browser = app.browser();
    sign_in(&rp, &mut browser).await;
    let question = browser.get("/logout").await;
    let page = browser.post("/logout", &question.form("/logout")).await;
    assert_eq!(page.status, 200);
    page.assert_inert();
    for page in [question, page] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("script-src") && !policy.contains("frame-src"), "{policy}");
    }
    assert_eq!(ISSUER, app.app.config.issuer.as_str());
}
