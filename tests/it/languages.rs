//! The languages of the pages: which one a page is in, and the switch at its foot.

use axum::body::Body;
use axum::http::Request;
use scraper::{Html, Selector};

use crate::support::{Browser, Engine, ISSUER, Page, TestApp, encode, filled, on_both};

/// A browser whose reader prefers a language, by its header and perhaps by a choice of before.
struct Reader {
    browser: Browser,
    accept: &'static str,
}

impl Reader {
    fn new(app: &TestApp, accept: &'static str) -> Self {
        Self { browser: app.browser(), accept }
    }

    async fn open(&mut self, address: &str) -> Page {
        let mut address = address.to_owned();
        for _ in 0..10 {
            let mut request = Request::get(&address).header("accept", "text/html");
            if !self.accept.is_empty() {
                request = request.header("accept-language", self.accept);
            }
            let page = self.browser.send(request.body(Body::empty()).unwrap()).await;
            match page.header("location").filter(|location| location.starts_with('/')) {
                Some(next) => next.clone_into(&mut address),
                None => return page,
            }
        }
        panic!("redirects go round in circles");
    }

    /// Uses the switch of a page.
    async fn switch(&mut self, page: &Page, language: &str) -> Page {
        let fields = filled(page.form("/language"), &[("language", language)]);
        let switched = self.browser.post("/language", &fields).await;
        assert_eq!(switched.status, 303, "{}", switched.text());
        assert!(switched.location().starts_with('/'), "{}", switched.location());
        let next = switched.location().to_owned();
        self.open(&next).await
    }
}

/// The language that a page is in, after checking that everything about it says the same.
fn spoken(page: &Page) -> String {
    let html = Html::parse_document(&page.body);
    let root = html.root_element();
    let tag = root.attr("lang").unwrap().to_owned();
    assert_eq!(root.attr("dir"), Some(if tag == "ar" { "rtl" } else { "ltr" }));
    assert_eq!(page.header("content-language"), Some(&*tag));
    assert_eq!(page.header("vary"), Some("Accept-Language, Cookie"));
    let current = Selector::parse("form[action='/language'] [aria-current]").unwrap();
    for button in html.select(&current) {
        assert_eq!(button.attr("value"), Some(&*tag));
    }
    tag
}

on_both!(openid_core_3_1_2_1_ui_locales_win_until_the_reader_chooses, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut reader = Reader::new(&app, "fr-CH, de;q=0.5");
    assert_eq!(spoken(&reader.open(&rp.authorization("openid", &[])).await), "fr");
    reader.browser.cookies.insert("lang".to_owned(), "es".to_owned());
    assert_eq!(spoken(&reader.open(&rp.authorization("openid", &[])).await), "es");

    let login = reader.open(&rp.authorization("openid", &[("ui_locales", "tlh ja-JP de")])).await;
    assert_eq!(spoken(&login), "ja");
    assert!(login.text().contains("Client web に進みます"), "{}", login.text());
    let refused = reader.browser.sign_in_with(&login, "ada", "wrong").await;
    assert_eq!((refused.status.as_u16(), &*spoken(&refused)), (401, "ja"));

    // The reader's own choice, for the rest of this sign-in and from then on.
    let login = reader.switch(&refused, "ar").await;
    assert_eq!(spoken(&login), "ar");
    let consent = reader.browser.sign_in(&login, "ada").await;
    assert_eq!(spoken(&consent), "ar");
    assert!(consent.text().contains("البقاء على اتصال") || consent.text().contains("معرفة أنك أنت"));
    let consent = reader.switch(&consent, "de").await;
    assert_eq!(spoken(&consent), "de");
    let answer = reader.browser.consent(&consent, "allow").await;
    assert_eq!(answer.sent("state").as_deref(), Some("the state"), "nothing else of the request has changed");
    assert!(answer.sent("code").is_some());

    let account = reader.open("/account").await;
    assert_eq!(spoken(&account), "de");
    assert!(account.text().contains("Wo Sie angemeldet sind"));
    assert_eq!(spoken(&reader.switch(&account, "zh-Hans").await), "zh-Hans");
    // And other applications' wishes still win.
    let other = rp.authorization("openid", &[("ui_locales", "pt-BR"), ("prompt", "login")]);
    assert_eq!(spoken(&reader.open(&other).await), "pt");
});

#[tokio::test]
async fn every_page_follows_the_browser() {
    let app = TestApp::start(Engine::Sqlite)
        .await
        .configured(|config| config.sign_up = countersign::config::SignUpMode::Open);
    app.user("ada").await;
    for (accept, tag) in [
        ("", "en"),
        ("de", "de"),
        ("fr-FR,fr;q=0.9", "fr"),
        ("es-MX", "es"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("ja", "ja"),
        ("zh-CN", "zh-Hans"),
        ("ar-EG", "ar"),
        ("tlh", "en"),
        ("\"', ;;q=,*", "en"),
    ] {
        let mut reader = Reader::new(&app, accept);
        for (path, status) in [
            ("/login", 200),
            ("/sign-up", 200),
            ("/logout", 200),
            ("/nowhere", 404),
            ("/login?flow=x", 400),
            ("/setup?token=x", 403),
            ("/authorize?client_id=nobody", 400),
        ] {
            let page = reader.open(path).await;
            assert_eq!((page.status.as_u16(), &*spoken(&page)), (status, tag), "{path} for {accept}");
            let english = page.text().contains("Sign in") || page.text().contains("How to fix it");
            assert_eq!(english, tag == "en", "{}", page.text());
        }
    }
}

#[tokio::test]
async fn error_pages_translate_their_frame_and_mark_what_is_english() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.client("web", |metadata| metadata.client_name = "Acme".to_owned()).await;
    let mut reader = Reader::new(&app, "fr");
    let page = reader.open("/authorize?client_id=web&redirect_uri=https://x.example&ui_locales=de").await;
    assert_eq!(spoken(&page), "de");
    let text = page.text();
    assert!(text.contains("Für die Entwickler von Acme:") && text.contains("Referenz"), "{text}");
    assert!(text.contains("redirect_uri is not registered for this client."), "{text}");
    let html = Html::parse_document(&page.body);
    let english = html.select(&Selector::parse("[lang=en][dir=ltr]:not(button)").unwrap()).count();
    assert_eq!(english, 2, "what is wrong and how to fix it");
    // Its switch leads back to it.
    let again = reader.switch(&page, "ja").await;
    assert_eq!(again.status, 400);

    // Machines are answered in English whatever they accept.
    let request = Request::get("/nowhere").header("accept-language", "de").body(Body::empty()).unwrap();
    let document = app.send(request).await;
    assert_eq!(document.json()["error"], "not_found");
    assert_eq!(document.header("content-language"), None);
}

#[tokio::test]
async fn mistakes_in_forms_are_told_in_the_readers_language() {
    let app = TestApp::start(Engine::Sqlite)
        .await
        .configured(|config| config.sign_up = countersign::config::SignUpMode::Open);
    app.user("ada").await;
    let mut browser = app.browser();
    browser.cookies.insert("lang".to_owned(), "de".to_owned());
    let page = browser.get("/sign-up").await;
    let wrong = filled(page.form("/sign-up"), &[("username", "a b"), ("email", "a"), ("password", "short")]);
    let refused = browser.post("/sign-up", &wrong).await;
    assert_eq!((refused.status.as_u16(), &*spoken(&refused)), (422, "de"));
    for words in
        ["Ein Benutzername besteht aus", "Eine E-Mail-Adresse sieht aus", "Ein Passwort hat 8 bis 1024"]
    {
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let page = browser.get("/sign-up").await;
    let taken = [("username", "ada"), ("email", "new@example.com"), ("password", "long enough for this")];
    let refused = browser.post("/sign-up", &filled(page.form("/sign-up"), &taken)).await;
    assert!(refused.text().contains("Dieser Benutzername ist schon vergeben."), "{}", refused.text());
}

#[tokio::test]
async fn rp_initiated_logout_2_ui_locales_are_those_of_its_pages() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let mut reader = Reader::new(&app, "fr");
    let login = reader.open("/login").await;
    reader.browser.sign_in(&login, "ada").await;
    let question = reader.open("/logout?ui_locales=es-AR").await;
    assert_eq!(spoken(&question), "es");
    let question = reader.switch(&question, "ja").await;
    assert_eq!(spoken(&question), "ja");
    let question = reader.open("/logout?ui_locales=es-AR").await;
    let out = reader.browser.post("/logout", &question.form("/logout")).await;
    assert_eq!((out.status.as_u16(), &*spoken(&out)), (200, "es"));
    assert_eq!(spoken(&reader.switch(&out, "ar").await), "ar");
}

#[tokio::test]
async fn form_post_mode_speaks_to_its_reader_on_the_way() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let asked = [("response_mode", "form_post"), ("ui_locales", "de")];
    let login = browser.open(&rp.authorization("openid", &asked)).await;
    let consent = browser.sign_in(&login, "ada").await;
    let page = browser.consent(&consent, "allow").await;
    assert_eq!(spoken(&page), "de");
    assert!(page.text().contains("Es geht zurück zu web.example"), "{}", page.text());
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
}

#[tokio::test]
async fn the_switch_takes_nothing_but_a_language_of_ours_and_leads_nowhere_else() {
    let app = TestApp::start(Engine::Sqlite).await;
    let post = async |fields: &[(&str, &str)], headers: &[(&'static str, &str)]| {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut request =
            Request::post("/language").header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.send(request.body(Body::from(encode(&fields))).unwrap()).await
    };
    for language in ["", "xx", "DE", "de-DE", "zh", "de; Domain=example", "../de", "<script>", "\u{0}"] {
        let page = post(&[("language", language), ("return_to", "/account")], &[]).await;
        assert_eq!(page.status, 400, "{language:?}");
        assert_eq!(page.header("set-cookie"), None, "{language:?}");
    }
    for elsewhere in [
        [("origin", "https://evil.example"), ("accept", "*/*")],
        [("origin", "null"), ("accept", "*/*")],
        [("origin", ISSUER), ("sec-fetch-site", "cross-site")],
        [("origin", ISSUER), ("sec-fetch-site", "same-site")],
    ] {
        let page = post(&[("language", "de"), ("return_to", "/account")], &elsewhere).await;
        page.refusal(403);
        assert_eq!(page.header("set-cookie"), None, "{elsewhere:?}");
    }
    for (return_to, location) in [
        ("/account", "/account"),
        ("/login?flow=not-one", "/login?flow=not-one"),
        ("/logout?state=%0d%0ax", "/logout?state=%0d%0ax"),
        ("", "/account"),
        ("//evil.example/", "/account"),
        ("/\\evil.example", "/account"),
        ("/.//evil.example", "/account"),
        ("/\t/evil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("http://localhost:8080.evil.example/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("account", "/account"),
    ] {
        let own = [("origin", ISSUER), ("sec-fetch-site", "same-origin")];
        let page = post(&[("language", "zh-Hans"), ("return_to", return_to)], &own).await;
        assert_eq!((page.status.as_u16(), page.location()), (303, location), "{return_to:?}");
        assert_eq!(
            page.header("set-cookie"),
            Some("lang=zh-Hans; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000")
        );
    }
}

#[tokio::test]
async fn openid_discovery_3_every_language_announced_is_spoken() {
    let app = TestApp::start(Engine::Sqlite).await;
    let mut browser = app.browser();
    let document = browser.get("/.well-known/openid-configuration").await.json();
    let announced = document["ui_locales_supported"].as_array().unwrap();
    assert_eq!(announced.len(), 8);
    let rp = app.rp("web").await;
    for tag in announced {
        let tag = tag.as_str().unwrap();
        let page = browser.open(&rp.authorization("openid", &[("ui_locales", tag)])).await;
        assert_eq!(spoken(&page), tag);
    }
}
