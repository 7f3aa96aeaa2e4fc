//! Random walks over the pages by which one gets in: sign-in, second factor, step-up, codes by mail, recovery, sign-up and
//! invitation, in two browsers whose pages, addresses and forms are mixed with one another. Nobody gets in who knows no password
//! and reads no mail; that a walk does get in once it is given either shows that it could (CVE-2026-18963).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use countersign::admin::invitations::{self, InvitationInput};
use countersign::app::Origin;
use countersign::config::{Config, MailTransport, SignUpMode};
use countersign::mail::{Written, outbox};
use scraper::{Html, Selector};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinSet;

use crate::admin_api::signed_in;
use crate::second_factor::{Phone, set_up};
use crate::support::{Browser, ISSUER, PASSWORD, Page, Rp, START, TestApp, on_both_engines, rounds};

const SESSION: &str = "countersign-session";

/// What a walk is given.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    Nothing,
    Mail,
    /// The password of an account that asks for a second factor.
    Password,
    PasswordAndPhone,
}

/// A page's form: where it goes, and what it would send.
#[derive(Clone)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

/// Where the walks go.
struct Town {
    app: TestApp,
    rp: Rp,
    phone: Phone,
    inbox: Receiver<Written>,
    _folder: TempDir,
    _outbox: JoinSet<()>,
}

impl Town {
    /// With ada, who has an authenticator app; bob, who has none, unless `only_ada`; and carol, who is invited.
    async fn build(engine: crate::support::Engine, only_ada: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let app = TestApp::start_at(engine, START * 1000, |config: &mut Config| {
            config.mail.transport = MailTransport::File(folder.path().to_owned());
            config.sign_in.email_code = true;
            config.sign_up = SignUpMode::Open;
            // It is not the limits that are tried here.
            (config.throttle.account_failures, config.throttle.address_failures) = (100_000, 100_000);
        })
        .await;
        let inbox = app.app.mail.written();
        let mut work = JoinSet::new();
        work.spawn(outbox::run(app.app.clone()));
        app.user("ada").await;
        let (phone, _) = set_up(&app, &mut signed_in(&app, "ada").await).await;
        if !only_ada {
            app.user("bob").await;
            let carol =
                InvitationInput { email: "carol@example.com".to_owned(), ..InvitationInput::default() };
            invitations::create(&app.app, &Origin::cli(), "", carol).await.unwrap();
        }
        let rp = app.rp("web").await;
        Self { app, rp, phone, inbox, _folder: folder, _outbox: work }
    }
}

/// The same sequence for the same seed (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

/// A walk as far as it got.
struct Walk<'a> {
    town: &'a mut Town,
    given: Given,
    dice: Dice,
    browsers: [Browser; 2],
    addresses: Vec<String>,
    forms: Vec<Form>,
    /// What stood in a field of this name.
    values: BTreeMap<String, Vec<String>>,
    /// How often an address answered a form with a page or sent the browser on.
    taken: BTreeMap<String, usize>,
}

impl<'a> Walk<'a> {
    fn begin(town: &'a mut Town, given: Given, seed: u64) -> Self {
        let browsers = [town.app.browser(), town.app.browser()];
        let ask = |extra: &[(&str, &str)]| town.rp.authorization("openid", extra).replace(ISSUER, "");
        let addresses = [
            "/login",
            "/login/second",
            "/login/code",
            "/recover",
            "/recover/password?token=x",
            "/sign-up",
            "/invitation?token=x",
            "/verify-address?token=x",
            "/login/link",
            "/account",
            "/account/sign-in/app",
            "/admin",
        ];
        let mut addresses: Vec<String> = addresses.map(str::to_owned).to_vec();
        addresses.extend([
            ask(&[]),
            ask(&[("prompt", "create")]),
            ask(&[("prompt", "login"), ("max_age", "0")]),
            ask(&[("prompt", "select_account"), ("login_hint", "ada")]),
            ask(&[("acr_values", "urn:countersign:acr:two-factors")]),
        ]);
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut values = BTreeMap::from([
            ("username".to_owned(), texts(&["ada", "bob", "ada@example.com", "carol", "mallory"])),
            ("email".to_owned(), texts(&["ada@example.com", "carol@example.com", "mallory@example.com"])),
            ("password".to_owned(), texts(&["quiet violet harbour", "wrong", ""])),
            ("code".to_owned(), texts(&["000000", "00000000", "0000-0000-0000-0000", ""])),
            ("token".to_owned(), texts(&["x", ""])),
            ("name".to_owned(), texts(&["Mallory"])),
            ("decision".to_owned(), texts(&["allow"])),
        ]);
        if matches!(given, Given::Password | Given::PasswordAndPhone) {
            values.insert("username".to_owned(), texts(&["ada", "ada@example.com"]));
            values.insert("password".to_owned(), texts(&[PASSWORD, PASSWORD, "wrong"]));
        }
        let (dice, forms, taken) = (Dice(seed), Vec::new(), BTreeMap::new());
        Self { town, given, dice, browsers, addresses, forms, values, taken }
    }

    /// So many steps, or until somebody is in: answers what their account's page says then.
    async fn go(&mut self, steps: usize) -> Option<String> {
        for _ in 0..steps {
            self.learn().await;
            let at = self.dice.below(2);
            let page = if self.forms.is_empty() || self.dice.one_in(3) {
                let address = self.dice.of(&self.addresses).clone();
                self.request(at, Method::GET, &address, &[]).await
            } else {
                let form = self.filled_in(at).await;
                self.request(at, Method::POST, &form.action, &form.fields).await
            };
            self.follow(at, page).await;
            for browser in &mut self.browsers {
                if browser.cookies.contains_key(SESSION) {
                    let page = browser.get("/account").await;
                    if page.status == 200 {
                        return Some(page.text());
                    }
                }
            }
            self.town.app.advance(i64::try_from(self.dice.below(20)).unwrap());
        }
        None
    }

    /// Reads what it may.
    async fn learn(&mut self) {
        match self.given {
            Given::Nothing | Given::Password => {}
            Given::Mail => {
                // Mails are on their way for a moment.
                for _ in 0..40 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    if self.town.app.app.store.count_waiting_mails().await.unwrap() == 0 {
                        break;
                    }
                }
                while let Ok(mail) = self.town.inbox.try_recv() {
                    let path = mail.link.as_str().strip_prefix(ISSUER).unwrap();
                    self.addresses.extend(std::iter::repeat_n(path.to_owned(), 5));
                    if let Some(code) = mail.code {
                        self.values.entry("code".to_owned()).or_default().push(code);
                    }
                }
            }
            Given::PasswordAndPhone => {
                let code = self.town.phone.code(&self.town.app);
                self.values.insert("code".to_owned(), vec![code, "000000".to_owned()]);
            }
        }
    }

    /// A form that was seen in either browser, or parts of two of them, for this one.
    async fn filled_in(&mut self, at: usize) -> Form {
        let mut form = self.dice.of(&self.forms).clone();
        if self.dice.one_in(8) {
            form.action = self.dice.of(&self.forms).action.clone();
        }
        if self.dice.one_in(8) {
            let other = self.dice.of(&self.forms).fields.clone();
            for (name, value) in other {
                if self.dice.one_in(2) {
                    form.fields.retain(|(known, _)| *known != name);
                    form.fields.push((name, value));
                }
            }
        }
        for (name, value) in &mut form.fields {
            let typed =
                ["username", "email", "password", "code", "name", "decision"].contains(&name.as_str());
            let typed = typed && !self.dice.one_in(8) && (value.is_empty() || self.dice.one_in(2));
            if (typed || self.dice.one_in(16))
                && let Some(values) = self.values.get(name)
            {
                value.clone_from(self.dice.of(values));
            }
        }
        if !self.dice.one_in(8) {
            let csrf = self.browsers[at].get("/login").await.attribute("input[name=csrf]", "value");
            form.fields.retain(|(known, _)| known != "csrf");
            form.fields.push(("csrf".to_owned(), csrf));
        }
        form
    }

    async fn request(&mut self, at: usize, method: Method, path: &str, fields: &[(String, String)]) -> Page {
        let browser = &mut self.browsers[at];
        let page = match method {
            Method::GET => browser.get(path).await,
            _ => browser.post(path, fields).await,
        };
        assert!(page.status.as_u16() < 500, "{method} {path} {fields:?}: {}", page.text());
        if page.status.is_success() || page.status.is_redirection() {
            let path = path.split('?').next().unwrap();
            *self.taken.entry(format!("{method} {path}")).or_default() += 1;
        }
        self.look_at(&page);
        page
    }

    async fn follow(&mut self, at: usize, mut page: Page) {
        for _ in 0..5 {
            let Some(next) = page.header("location").filter(|next| next.starts_with('/')).map(str::to_owned)
            else {
                return;
            };
            self.addresses.push(next.clone());
            page = self.request(at, Method::GET, &next, &[]).await;
        }
    }

    /// Keeps what stands in a page. What is oldest is forgotten, so that a walk gets on.
    fn look_at(&mut self, page: &Page) {
        let html = Html::parse_document(&page.body);
        let select = |selector: &str| Selector::parse(selector).unwrap();
        for link in html.select(&select("a[href^='/']")) {
            let path = link.attr("href").unwrap();
            if path.contains("flow=") {
                self.addresses.push(path.to_owned());
            }
        }
        for form in html.select(&select("form[method=post]")) {
            let action = form.attr("action").unwrap_or_default();
            // The language is chosen by a form, too.
            if !action.starts_with('/') || action == "/language" {
                continue;
            }
            let mut fields = Vec::new();
            for field in form.select(&select("input[name], button[name]")) {
                let (name, value) = (field.attr("name").unwrap(), field.attr("value").unwrap_or_default());
                fields.push((name.to_owned(), value.to_owned()));
                if !value.is_empty() && name != "csrf" {
                    self.values.entry(name.to_owned()).or_default().push(value.to_owned());
                }
            }
            // A button may send the same fields elsewhere.
            for button in form.select(&select("button[formaction]")) {
                let action = button.attr("formaction").unwrap().to_owned();
                self.forms.push(Form { action, fields: fields.clone() });
            }
            // Also one that stands elsewhere in the page.
            if let Some(id) = form.attr("id") {
                for button in html.select(&select(&format!("button[form='{id}'][formaction]"))) {
                    let action = button.attr("formaction").unwrap().to_owned();
                    self.forms.push(Form { action, fields: fields.clone() });
                }
            }
            self.forms.push(Form { action: action.to_owned(), fields });
        }
        let fixed = 17;
        if self.addresses.len() > 60 {
            self.addresses.drain(fixed..self.addresses.len() - 40);
        }
        if self.forms.len() > 40 {
            self.forms.drain(..self.forms.len() - 30);
        }
        for values in self.values.values_mut() {
            if values.len() > 24 {
                values.drain(8..values.len() - 12);
            }
        }
    }
}

/// How many walks, each with a seed of its own.
fn seeds(usual: usize) -> std::ops::Range<u64> {
    1..1 + u64::try_from(rounds(usual)).unwrap()
}

const STEPS: usize = 120;

on_both_engines!(cve_2026_18963_no_walk_gets_in_that_reads_no_mail_and_knows_no_password, |engine| {
    let mut town = Town::build(engine, false).await;
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds(10) {
        let before = town.app.app.store.users("", 100).await.unwrap();
        let mut walk = Walk::begin(&mut town, Given::Nothing, seed);
        let inside = walk.go(STEPS).await;
        for (path, times) in std::mem::take(&mut walk.taken) {
            *taken.entry(path).or_default() += times;
        }
        assert_eq!(inside, None, "seed {seed}");
        let after = town.app.app.store.users("", 100).await.unwrap();
        let told = |users: &[countersign::protocol::user::User]| -> Vec<_> {
            users.iter().map(|user| (user.id.clone(), user.updated_at, user.password_hash.clone())).collect()
        };
        assert_eq!(told(&before), told(&after), "nobody is made or changed, seed {seed}");
        // A later hour, in which mails can be asked for again.
        town.app.advance(3600);
    }
    // They did try.
    for way in [
        "POST /login/email",
        "GET /login/code",
        "POST /recover",
        "POST /sign-up",
        "GET /login",
        "GET /authorize",
    ] {
        assert!(taken.contains_key(way), "{way}: {taken:?}");
    }
    let mails = town.app.app.store.mails(None, 1000).await.unwrap();
    for kind in ["reset_password", "sign_in_code", "sign_up", "invitation"] {
        assert!(mails.iter().any(|mail| mail.kind == kind), "{kind}");
    }
});

on_both_engines!(the_same_walks_get_in_once_they_read_the_mail, |engine| {
    let mut town = Town::build(engine, false).await;
    // Which of them does hangs on every link of every page.
    for seed in seeds(60) {
        if Walk::begin(&mut town, Given::Mail, seed).go(STEPS).await.is_some() {
            return;
        }
        town.app.advance(3600);
    }
    panic!("a walk that cannot get in shows nothing");
});

on_both_engines!(a_password_alone_gets_no_walk_past_the_second_factor, |engine| {
    let mut town = Town::build(engine, true).await;
    let mut second = 0;
    for seed in seeds(6) {
        let mut walk = Walk::begin(&mut town, Given::Password, seed);
        let inside = walk.go(STEPS).await;
        second += walk.taken.get("GET /login/second").copied().unwrap_or_default();
        assert_eq!(inside, None, "seed {seed}");
        town.app.advance(3600);
    }
    assert!(second > 0, "they came as far as that");
    for seed in seeds(60) {
        if Walk::begin(&mut town, Given::PasswordAndPhone, seed).go(STEPS).await.is_some() {
            return;
        }
        town.app.advance(3600);
    }
    panic!("a walk that cannot get in shows nothing");
});
