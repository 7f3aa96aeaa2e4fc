//! The deployment's name, logo and colours on its pages; nothing of it breaks a page or runs in one.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::background::follow_branding;
use countersign::branding::{BrandingInput, Choices, PLAIN, logo};
use countersign::protocol::colour::Colour;
use countersign::protocol::timestamp::Timestamp;
use countersign::store::StoredBranding;
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, token};
use crate::admin_pages::submit;
use crate::support::{Browser, Engine, Page, Rp, Site, TestApp, filled, on_both, soon};

const SVG: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 1\"><path d=\"M0 0h2v1z\"/></svg>";

async fn branded(name: &str) -> TestApp {
    let (light, dark) = (Colour::on_light("#a52a22").ok(), Colour::on_dark("#ffa39b").ok());
    let logo = logo(SVG.as_bytes().to_vec()).unwrap();
    let choices =
        Choices { name: Some(name.to_owned()), logo: Some(logo), accent_light: light, accent_dark: dark };
    TestApp::start(Engine::Sqlite).await.configured(|config| config.branding = Arc::new(choices.into()))
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
    assert_eq!(*app.app.branding(), PLAIN);
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
    let mut large = b"GIF89a".to_vec();
    large.resize(200_000, 0);
    with_branding(&app, "photo", Some(site.put("/photo", large.clone())), None).await;
    let photo = browser.get("/apps/photo/logo").await;
    assert_eq!((photo.status.as_u16(), photo.header("content-type")), (200, Some("image/gif")));
    large.push(0);
    let hostile = [
        (
            "script",
            site.put(
                "/script.svg",
                "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            ),
        ),
        ("html", site.put("/page.html", "<html><body>not an image</body></html>")),
        ("large", site.put("/large.svg", format!("<svg>{}</svg>", " ".repeat(200_000)))),
        ("large-photo", site.put("/large-photo", large)),
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

const API: &str = "/admin/api/branding";
const PAGE: &str = "/admin/branding";

async fn put(caller: &Caller, body: &Value) -> Page {
    caller.json(Method::PUT, API, body).await
}

/// What the audit log says, with who and why.
async fn log_of(app: &TestApp) -> String {
    let rows = app.app.store.recent_audit(1000).await.unwrap().into_iter();
    let lines = rows.map(|row| format!("{} {} {} {}\n", row.actor, row.action, row.target, row.detail));
    lines.collect()
}

/// The name on a page that anybody sees.
async fn shown_by(app: &TestApp) -> String {
    let page = app.browser().open("/login").await;
    page.assert_inert();
    page.attribute("link[rel=icon]", "href") + " " + page.text().split_once(" · ").unwrap().1
}

/// Sends the page's form as a browser does, with a file; `None` for an input in which nothing was chosen.
async fn upload(browser: &mut Browser, values: &[(&str, &str)], file: Option<&[u8]>) -> Page {
    let page = browser.get(PAGE).await;
    send_upload(browser, &page, values, file).await
}

async fn send_upload(
    browser: &mut Browser,
    page: &Page,
    values: &[(&str, &str)],
    file: Option<&[u8]>,
) -> Page {
    let mut body = Vec::new();
    let fields = filled(page.form(PAGE), values);
    for (name, value) in fields.iter().filter(|(name, _)| name != "logo") {
        let part = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let name = if file.is_some() { "logo.svg" } else { "" };
    let head = format!("--x\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"{name}\"\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file.unwrap_or_default());
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = Request::post(PAGE)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ORIGIN, &browser.origin)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

on_both!(administrators_choose_by_the_api_and_every_page_shows_it_at_once, |app| {
    let caller = robot(&app).await;
    let first = caller.get(API).await;
    assert_eq!(first.header("etag"), Some("\"0\""));
    assert_eq!(first.json()["chosen"], json!({}));
    assert_eq!(first.json()["shown"]["name"], json!({ "value": "Countersign", "from": "product" }));
    assert_eq!(first.json()["shown"]["accent_dark"], json!({ "value": "#6fd3c3", "from": "product" }));

    let wanted = json!({ "name": " Bücher & Co ", "logo": STANDARD.encode(SVG), "accent_light": "#A52A22" });
    let set = put(&caller, &wanted).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let answer = set.json();
    assert_eq!(answer["chosen"]["name"], "Bücher & Co");
    assert_eq!(
        (&answer["chosen"]["accent_light"], &answer["shown"]["accent_light"]["from"]),
        (&json!("#a52a22"), &json!("chosen"))
    );
    assert_eq!(answer["shown"]["accent_dark"]["from"], "product");
    let seen = shown_by(&app).await;
    assert!(seen.contains("Bücher & Co") && seen.starts_with("/assets/brand.svg?v="), "{seen}");
    let address = seen.split_once(' ').unwrap().0;
    let logo = app.browser().get(address).await;
    assert_eq!((logo.status.as_u16(), logo.body.as_str()), (200, SVG));
    assert!(logo.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(answer["shown"]["logo"]["value"], address);

    // What was seen is what is replaced.
    let etag = set.header("etag").unwrap().to_owned();
    assert_eq!(caller.get(API).await.header("etag"), Some(etag.as_str()));
    let stale = caller.clone().with("if-match", "\"0\"");
    problem(&stale.json(Method::PUT, API, &json!({ "name": "Late" })).await, 412);
    let fresh = caller.clone().with("if-match", &etag);
    let other = fresh.json(Method::PUT, API, &json!({ "name": "Other" })).await;
    assert_eq!(other.status, 200, "{}", other.body);
    assert_ne!(other.header("etag"), Some(etag.as_str()));
    let same = other.header("etag").unwrap().to_owned();
    assert_eq!(caller.clone().with("if-none-match", &same).get(API).await.status, 304);
    let seen = shown_by(&app).await;
    assert!(seen.contains("Other") && seen.starts_with("/assets/mark.svg"), "all of it is replaced: {seen}");
    // An address is for ever of one image: this one is nobody's any more.
    assert_eq!(app.browser().get(address).await.status, 404);

    assert_eq!(put(&caller, &json!({})).await.status, 200);
    let seen = shown_by(&app).await;
    assert!(seen.contains("Countersign") && seen.starts_with("/assets/mark.svg"), "{seen}");
    let log = log_of(&app).await;
    let image = format!("image/svg+xml of {} bytes (", SVG.len());
    for told in [
        &format!("client:robot branding.update branding name: none → \"Bücher & Co\", logo: none → {image}"),
        &format!("name: \"Bücher & Co\" → \"Other\", logo: {image}"),
        "accent_light: #a52a22 → none",
        "name: \"Other\" → none",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
});

on_both!(what_would_break_a_page_or_run_in_one_is_refused_and_nothing_is_lost, |app| {
    let caller = robot(&app).await;
    let base = json!({ "name": "Example", "logo": STANDARD.encode(SVG), "accent_dark": "#ffa39b" });
    assert_eq!(put(&caller, &base).await.status, 200);
    let image = |text: &str| STANDARD.encode(text);
    let table = [
        ("name", json!(""), "1 to 32 characters"),
        ("name", json!("x".repeat(33)), "1 to 32 characters"),
        ("name", json!("a\u{202e}b"), "1 to 32 characters"),
        ("name", json!("a\nb"), "1 to 32 characters"),
        ("name", json!("a\u{0}b"), "1 to 32 characters"),
        ("logo", json!("not base64"), "base64"),
        ("logo", json!(""), "PNG or an SVG"),
        ("logo", json!(image("<svg onload='alert(1)'/>")), "could do more than show itself"),
        ("logo", json!(image("<svg><script>alert(1)</script></svg>")), "could do more than show itself"),
        ("logo", json!(image("<html><body>")), "PNG or an SVG"),
        ("logo", json!(image("GIF89a")), "PNG or an SVG"),
        ("logo", json!(image(&format!("<svg>{}</svg>", " ".repeat(20_000)))), "20000 bytes at most"),
        ("accent_light", json!("#ffcc00"), "take a darker one"),
        ("accent_light", json!("red;}*{display:none}"), "must be a colour as in"),
        ("accent_dark", json!("#0d6b60"), "take a lighter one"),
        ("accent_dark", json!("url(https://evil.example)"), "must be a colour as in"),
    ];
    for (field, value, why) in table {
        let mut body = base.clone();
        body[field] = value.clone();
        let refused = put(&caller, &body).await;
        let told = problem(&refused, 400);
        assert_eq!(told["errors"][0]["field"], field, "{value}: {told}");
        assert!(told["errors"][0]["message"].as_str().unwrap().contains(why), "{value}: {told}");
    }
    for body in [
        json!({ "nickname": "x" }),
        json!({ "name": 7 }),
        json!({ "logo": [1, 2] }),
        json!({ "accent_light": { "r": 1 } }),
        json!({ "logo_file": "/etc/passwd" }),
    ] {
        problem(&put(&caller, &body).await, 400);
    }
    for (method, body, status) in [
        (Method::PUT, "{\"name\":\"a\",\"name\":\"b\"}", 400),
        (Method::PUT, "[]", 400),
        (Method::PUT, "{", 400),
        (Method::PATCH, "{}", 405),
        (Method::DELETE, "", 405),
    ] {
        let page = caller.clone().with("content-type", "application/json").send(&method, API, body).await;
        assert_eq!(page.status, status, "{method} {body}: {}", page.body);
    }
    assert_eq!(caller.send(&Method::PUT, API, "{}").await.status, 415, "no media type");
    assert_eq!(caller.get(&format!("{API}?x=1")).await.status, 400);
    let stored = caller.get(API).await.json();
    assert_eq!(stored["chosen"], base, "nothing lost");
});

on_both!(administrators_choose_in_the_console_with_a_file_and_take_it_back, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let page = ada.get(PAGE).await;
    page.assert_inert();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self' blob:;") && policy.contains("script-src 'self';"), "{policy}");
    assert!(page.text().contains("the product’s own") && !page.text().contains("chosen here"));

    let saved =
        upload(&mut ada, &[("name", "Bookshop <b>"), ("accent_dark", "#FFA39B")], Some(SVG.as_bytes())).await;
    assert_eq!(saved.location(), "/admin/branding?done=branding-saved", "{}", saved.body);
    let page = ada.get(saved.location()).await;
    page.assert_inert();
    assert!(
        page.text().contains("Bookshop <b> chosen here") && !page.body.contains("<b>"),
        "{}",
        page.text()
    );
    assert!(page.body.contains("/assets/sample-own-ffa39b.css?v="), "the sample has the colour");
    assert_eq!(page.attribute("#accent_dark", "value"), "#ffa39b");
    let sample = page.attribute("link[href*=sample]", "href");
    assert!(ada.get(&sample).await.body.starts_with(".scheme-dark{--accent:#ffa39b;"));

    // Without another file, the image stays; a form that is older than a change changes nothing.
    let old = page.clone();
    let saved = upload(&mut ada, &[("name", "Other")], None).await;
    assert_eq!(saved.location(), "/admin/branding?done=branding-saved");
    assert!(shown_by(&app).await.starts_with("/assets/brand.svg"));
    let late = send_upload(&mut ada, &old, &[("name", "Late")], None).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert_eq!(late.attribute("#name", "value"), "Other", "what is stored is shown");

    // What is wrong is named at its input; what was typed and the image are kept.
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 100]].concat();
    let refused = upload(&mut ada, &[("name", "Third"), ("accent_light", "#ffff00")], Some(&png)).await;
    assert_eq!(refused.status, 400);
    refused.assert_inert();
    assert!(refused.text().contains("The image that you chose is kept"), "{}", refused.text());
    assert_eq!(refused.attribute("#name", "value"), "Third");
    assert_eq!(refused.attribute("#accent_light", "aria-invalid"), "true");
    let mended = send_upload(&mut ada, &refused, &[("accent_light", "#a52a22")], None).await;
    assert_eq!(mended.location(), "/admin/branding?done=branding-saved", "{}", mended.body);
    assert!(shown_by(&app).await.starts_with("/assets/brand.png"), "the kept image");

    let removed = upload(&mut ada, &[("remove_logo", "true")], None).await;
    assert_eq!(removed.location(), "/admin/branding?done=branding-saved");
    assert!(shown_by(&app).await.starts_with("/assets/mark.svg"));
    let back = submit(&mut ada, PAGE, "/admin/branding/reset", &[]).await;
    assert_eq!(back.location(), "/admin/branding?done=branding-reset");
    assert!(shown_by(&app).await.contains("Countersign"));
    let page = ada.get(back.location()).await;
    assert!(!page.body.contains("/admin/branding/reset"), "there is nothing to take back");
    let log = log_of(&app).await;
    assert!(log.contains("branding.update branding name: \"Third\" → none"), "{log}");
});

on_both!(wrong_forms_are_answered_with_what_is_wrong, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    for (values, file, input) in [
        (&[("name", "a\u{202e}b")][..], None, "name"),
        (&[("name", "123456789012345678901234567890123")], None, "name"),
        (&[("accent_light", "red")], None, "accent_light"),
        (&[("accent_dark", "#000000")], None, "accent_dark"),
        (&[], Some(&b"<svg onload='alert(1)'/>"[..]), "logo"),
        (&[], Some(b"<html>"), "logo"),
        (&[], Some(&[0xff; 200]), "logo"),
        (&[], Some(&vec![b' '; 20_001]), "logo"),
        (&[("logo_kept", "no base64")], None, "logo"),
        (&[("logo_kept", "PHN2ZyBvbmxvYWQ9JzEnLz4=")], None, "logo"),
    ] {
        let refused = upload(&mut ada, values, file).await;
        assert_eq!(refused.status, 400, "{values:?}: {}", refused.body);
        refused.assert_inert();
        assert_eq!(refused.attribute(&format!("#{input}"), "aria-invalid"), "true", "{values:?}");
    }
    // Not a form at all, not ours, or more than fits.
    let page = ada.get(PAGE).await;
    let csrf = page.attribute("#branding input[name=csrf]", "value");
    let field = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let (token, end) = (field("csrf", &csrf), "--x--\r\n");
    for (body, status) in [
        (String::new(), 400),
        ("--y\r\n".to_owned(), 400),
        (format!("{token}--x"), 400),
        (format!("{}{end}", field("csrf", "x")), 403),
        (format!("{}{end}", field("name", "x")), 403),
        (format!("{token}{token}{end}"), 400),
        (format!("{token}{}{}{end}", field("name", "a"), field("name", "b")), 400),
        (format!("{token}{}{end}", field("name", "\0")), 400),
        (format!("{token}{}{end}", field("name", &"x".repeat(70_000))), 413),
        (format!("{token}{}{end}", "--x\r\n\r\n\r\n".repeat(200)), 400),
        (format!("{token}{}{end}", field("version", "1")), 412),
    ] {
        let request = Request::post(PAGE)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header(header::ORIGIN, &ada.origin)
            .body(Body::from(body.clone()))
            .unwrap();
        let page = ada.send(request).await;
        assert_eq!(page.status, status, "{:.200}: {}", body, page.text());
    }
    let elsewhere = Request::post(PAGE)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::from(format!("{token}{end}")))
        .unwrap();
    assert_eq!(ada.send(elsewhere).await.status, 403);
    assert_eq!(app.app.store.branding().await.unwrap().updated_at, Timestamp(0), "nothing was changed");
});

#[tokio::test]
async fn what_is_chosen_wins_over_the_file_part_by_part() {
    let app = branded("From File").await;
    let (_, mut ada) = administrator(&app, "ada").await;
    let caller = robot(&app).await;
    let text = ada.get(PAGE).await.text();
    assert!(text.contains("From File from countersign.toml"), "{text}");
    assert_eq!(put(&caller, &json!({ "accent_light": "#0d6b60" })).await.status, 200);
    let shown = caller.get(API).await.json()["shown"].clone();
    let from = |part: &str| shown[part]["from"].as_str().unwrap().to_owned();
    assert_eq!(
        ["name", "logo", "accent_light", "accent_dark"].map(from).join(" "),
        "configuration configuration chosen configuration"
    );
    let page = app.browser().open("/login").await;
    assert!(page.text().contains("From File") && page.body.contains("/assets/brand.svg"));
    let style = app.browser().get(&page.attribute("link[rel=stylesheet][href*=brand]", "href")).await;
    assert!(
        style.body.contains("--accent:#0d6b60") && style.body.contains("--accent:#ffa39b"),
        "{}",
        style.body
    );
    let page = ada.get(PAGE).await;
    assert!(page.text().contains("Back to what countersign.toml says"));
    // One that starts later reads it.
    let other = app.second_node().await;
    assert_eq!(other.app.branding().choices().accent_light, Colour::on_light("#0d6b60").ok());
}

on_both!(every_node_shows_it_soon_and_asks_nothing_meanwhile, |app| {
    let there = app.second_node().await;
    tokio::spawn(follow_branding(there.app.clone()));
    let caller = robot(&app).await;
    there.hears().await;
    for round in 0..5 {
        let name = format!("Round {round}");
        assert_eq!(put(&caller, &json!({ "name": name })).await.status, 200);
        assert_eq!(app.app.branding().name(), name, "at once where it was chosen");
        soon(&name, async || there.app.branding().name() == name).await;
    }
    // What did not change is the same in memory: nobody read it again.
    let before = there.app.branding();
    app.user("somebody").await;
    there.hears().await;
    assert!(Arc::ptr_eq(&before, &there.app.branding()));
});

on_both!(of_many_who_change_it_at_once_one_does, |app| {
    let store = &app.app.store;
    let before = store.branding().await.unwrap();
    assert_eq!(before, StoredBranding { input: BrandingInput::default(), updated_at: Timestamp(0) });
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..16 {
        let app = app.app.clone();
        let input = BrandingInput { name: Some(format!("Name {number}")), ..BrandingInput::default() };
        let after = StoredBranding { input, updated_at: Timestamp(number + 1) };
        let audit = app.audit(&countersign::app::Origin::system(), "branding.update", String::new(), "");
        attempts.spawn(async move {
            app.store.update_branding(&after, Timestamp(0), &audit).await.unwrap().then_some(after)
        });
    }
    let winners: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.branding().await.unwrap(), winners[0]);
    assert_eq!(log_of(&app).await.matches("branding.update").count(), 1, "what was not done is not told");
});

#[tokio::test]
async fn a_stored_part_that_is_not_understood_is_left_out_and_the_rest_shown() {
    let app = TestApp::start(Engine::Sqlite).await;
    let input = BrandingInput {
        name: Some("Example".to_owned()),
        logo: Some("!".to_owned()),
        accent_light: Some("#ffffff".to_owned()),
        accent_dark: Some("#ffa39b".to_owned()),
    };
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    let stored = StoredBranding { input, updated_at: Timestamp(1) };
    assert!(app.app.store.update_branding(&stored, Timestamp(0), &audit).await.unwrap());
    let other = app.second_node().await;
    let branding = other.app.branding();
    assert_eq!(branding.name(), "Example");
    assert!(branding.logo().is_none() && branding.choices().accent_light.is_none());
    assert!(branding.choices().accent_dark.is_some());
}

on_both!(asvs_6_2_11_the_name_that_was_chosen_makes_no_password, |app| {
    let caller = robot(&app).await;
    let user = |username| json!({ "username": username, "password": "Qorvexalune77" });
    assert_eq!(caller.json(Method::POST, "/admin/api/users", &user("ada")).await.status, 201);
    assert_eq!(put(&caller, &json!({ "name": "Qorvexalune" })).await.status, 200);
    let refused = caller.json(Method::POST, "/admin/api/users", &user("bob")).await;
    assert_eq!(problem(&refused, 400)["errors"][0]["field"], "password");
});

on_both!(policies_are_shown_in_one_place_with_where_they_are_changed, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    app.client("bank/1", |metadata| metadata.least_acr = "phishing-resistant".parse().ok()).await;
    app.client("blog", |_| {}).await;
    let input = countersign::protocol::group::GroupInput {
        name: Some("editors".to_owned()),
        description: None,
        least_acr: Some("two-factors".to_owned()),
    };
    let origin = countersign::app::Origin::system();
    let group = countersign::admin::groups::create(&app.app, &origin, &input).await.unwrap();
    let provider = countersign::protocol::provider::ProviderInput {
        preset: Some("google".to_owned()),
        client_id: Some("g".to_owned()),
        sign_up: Some(true),
        ..Default::default()
    };
    countersign::admin::providers::create(&app.app, &origin, &provider).await.unwrap();
    let page = ada.get("/admin/policies").await;
    page.assert_inert();
    let text = page.text();
    for told in [
        "Sign-up Whom an administrator invites may make an account. invitation sign_up.mode",
        "Group editors Whoever is in this group signs in with two factors at least, wherever they do. two-factors",
        "Whoever comes from this application signs in with a passkey at least. phishing-resistant",
        "Sign-up by providers Everybody whom these providers vouch for gets an account. Google",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("blog"), "it asks for nothing");
    for address in ["/admin/clients/bank%2F1".to_owned(), format!("/admin/groups/{}", group.id)] {
        assert!(page.body.contains(&format!("href=\"{address}")), "{address}: {}", page.body);
        assert_eq!(ada.get(&address).await.status, 200);
    }
    let scope = "countersign:policies:read countersign:clients:read countersign:groups:read";
    let reader = Caller::bearer(&app, &token(&app, "reader", scope).await);
    let answer = reader.get("/admin/api/policies").await.json();
    let all: Vec<&Value> = answer["sections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["policies"].as_array().unwrap())
        .collect();
    assert!(all.iter().all(|one| one["key"].is_string() != one["page"].is_string()), "{answer}");
    assert!(
        all.iter().any(|one| one["key"] == "tokens.code" && one["value"] == "60s" || one["value"] == "1m")
    );
    assert_eq!(answer["more"], false);
    let less = Caller::bearer(&app, &token(&app, "less", "countersign:policies:read").await);
    problem(&less.get("/admin/api/policies").await, 403);
    let other = app.configured(|config| config.sign_up = countersign::config::SignUpMode::Closed);
    let caller = robot(&other).await;
    assert!(caller.get("/admin/api/policies").await.body.contains("Administrators make every account."));
});

on_both!(who_may_read_it_may_not_change_it, |app| {
    let reader = Caller::bearer(&app, &token(&app, "reader", "countersign:branding:read").await);
    let writer = Caller::bearer(&app, &token(&app, "writer", "countersign:branding:write").await);
    let other = Caller::bearer(&app, &token(&app, "other", "countersign:clients:write").await);
    assert_eq!(reader.get(API).await.status, 200);
    problem(&put(&reader, &json!({ "name": "x" })).await, 403);
    assert_eq!(put(&writer, &json!({ "name": "Written" })).await.status, 200);
    problem(&other.get(API).await, 403);
    let log = log_of(&app).await;
    assert!(log.contains("client:writer branding.update branding name: none → \"Written\""), "{log}");
    assert!(log.contains("client:reader administration.refuse"), "{log}");
});
