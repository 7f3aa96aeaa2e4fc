//! Upstream providers that are registered at run time: by whom, with what, and what becomes of sign-ins.

use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::admin::{as_code, providers as admin};
use countersign::app::Origin;
use countersign::doctor;
use countersign::protocol::provider::{ProviderInput, SecretText};
use countersign::protocol::user::User;
use countersign::sealing::Purpose;
use serde_json::{Value, json};

use crate::admin_api::{Caller, administrator, problem, robot, signed_in, token};
use crate::admin_pages::submit;
use crate::support::provider::{Plan, Provider, nowhere};
use crate::support::{Browser, Engine, Page, START, TestApp, granted, on_both, on_both_engines, soon};
use crate::upstream::{is_inside, press, through};

const SECRET: &str = "s3cret & more";
const API: &str = "/admin/api/providers";

/// The provider on loopback as an administrator would register it.
fn acme(provider: &Provider) -> Value {
    json!({
        "id": "acme", "kind": "openid-connect", "name": "Acme", "issuer": provider.address,
        "client_id": "countersign", "client_secret": SECRET, "sign_up": true, "trust_email": true,
    })
}

async fn create(caller: &Caller, input: &Value) -> Page {
    caller.json(Method::POST, API, input).await
}

async fn patch(caller: &Caller, id: &str, input: &Value) -> Page {
    caller.json(Method::PATCH, &format!("{API}/{id}"), input).await
}

async fn created(caller: &Caller, input: &Value) -> Value {
    let page = create(caller, input).await;
    assert_eq!(page.status, 201, "{}", page.body);
    page.json()
}

/// The fields that an answer finds fault with.
fn faults(page: &Page) -> Vec<String> {
    let told = problem(page, 400);
    let fields = told["errors"].as_array().unwrap_or_else(|| panic!("{told}")).iter();
    fields.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

/// Is there a button for it?
async fn has_button(app: &TestApp, id: &str) -> bool {
    app.browser().open("/login").await.body.contains(&format!("formaction=\"/login/upstream/{id}\""))
}

fn private_key() -> (String, Vec<u8>) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let random = aws_lc_rs::rand::SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).unwrap();
    let text = STANDARD.encode(der.as_ref());
    (
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"),
        pair.public_key().as_ref().to_vec(),
    )
}

on_both!(people_sign_in_with_it_until_it_is_switched_off_and_their_links_outlast_it, |app| {
    let provider = Provider::open().await;
    let caller = robot(&app).await;
    assert!(!has_button(&app, "acme").await);
    let view = created(&caller, &acme(&provider)).await;
    assert_eq!(view["redirect_uri"], "http://localhost:8080/upstream/acme/callback");
    assert_eq!(
        (&view["source"], &view["proof"], &view["enabled"]),
        (&json!("database"), &json!("secret"), &json!(true))
    );
    assert!(has_button(&app, "acme").await);
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = through(&mut browser, &provider, &rp.authorization("openid email", &[])).await;
    let page = browser.consent(&page, "allow").await;
    let subject = granted(&rp.redeem(&page.sent("code").unwrap()).await).claims("id_token")["sub"].clone();
    let links = caller.get(&format!("{API}/acme/links")).await.json();
    assert_eq!(links, json!({ "accounts": 1, "only_way": 1 }));

    // Switched off in the middle of a sign-in: nobody comes in by it, the button is gone.
    let mut late = app.browser();
    let page = late.open("/account").await;
    let back = provider.approve(press(&mut late, &page, "acme").await.location());
    assert_eq!(patch(&caller, "acme", &json!({ "enabled": false })).await.status, 200);
    assert_eq!(late.get(&back).await.status, 404);
    assert_eq!(late.post("/login/upstream/acme", &page.form("/login")).await.status, 404);
    assert_eq!(provider.redeemed(), 1, "its code was not even sent on");
    assert!(!has_button(&app, "acme").await);

    // On again, it is the same account.
    assert_eq!(patch(&caller, "acme", &json!({ "enabled": true })).await.status, 200);
    let again = async |browser: &mut Browser| {
        let page = through(browser, &provider, &rp.authorization("openid email", &[])).await;
        granted(&rp.redeem(&page.sent("code").unwrap()).await).claims("id_token")["sub"].clone()
    };
    assert_eq!(again(&mut app.browser()).await, subject);

    // Deleted, the link stays. Whoever makes one of that id again says that it is the same.
    let delete = caller.send(&Method::DELETE, &format!("{API}/acme"), "").await;
    assert_eq!(delete.status, 204, "{}", delete.body);
    assert!(!has_button(&app, "acme").await);
    assert_eq!(app.app.store.identity("acme", "ada at acme").await.unwrap().unwrap().upstream, "acme");
    let page = create(&caller, &acme(&provider)).await;
    assert_eq!(faults(&page), ["keep_links"]);
    assert!(page.body.contains("1 account is linked"), "{}", page.body);
    let mut kept = acme(&provider);
    kept["keep_links"] = json!(true);
    created(&caller, &kept).await;
    assert_eq!(again(&mut app.browser()).await, subject);
    // Another that vouches is another provider, too. The secret was not meant for it.
    let other = json!({ "issuer": "https://login.other.example" });
    assert_eq!(faults(&patch(&caller, "acme", &other).await), ["client_secret"]);
    let page = patch(&caller, "acme", &merged(other, &json!({ "client_secret": "another" }))).await;
    assert_eq!(faults(&page), ["keep_links"]);
    let log = app.audit_log().await;
    for action in ["upstream.create", "upstream.update", "upstream.delete"] {
        assert!(log.contains(&format!("{action} upstream:acme")), "{action}: {log:?}");
    }
    let rows = app.app.store.recent_audit(100).await.unwrap();
    let row = rows.iter().find(|row| row.action == "upstream.update").unwrap();
    assert_eq!((row.actor.as_str(), row.detail.as_str()), ("client:robot", "enabled=true"));
});

on_both!(whoever_did_not_vouch_when_it_began_or_does_no_more_when_it_ends_signs_nobody_in, |app| {
    let (provider, other) = (Provider::open().await, Provider::open().await);
    let caller = robot(&app).await;
    created(&caller, &acme(&provider)).await;
    let begin = async || {
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        let out = press(&mut browser, &page, "acme").await;
        (browser, provider.approve(out.location()))
    };
    // Another one stands under the same id by the time that the browser is back.
    let (mut browser, back) = begin().await;
    let change = json!({ "issuer": other.address, "client_secret": SECRET, "keep_links": true });
    assert_eq!(patch(&caller, "acme", &change).await.status, 200);
    let page = browser.get(&back).await;
    assert!(!page.status.is_redirection(), "{}", page.location());
    assert_eq!((provider.redeemed(), other.redeemed()), (0, 0), "no code was sent on");
    let change = json!({ "issuer": provider.address, "client_secret": SECRET });
    assert_eq!(patch(&caller, "acme", &change).await.status, 200);
    // It is switched off while it is asked.
    let (mut browser, back) = begin().await;
    provider.plans(Plan { slow: Duration::from_millis(1500), ..Plan::default() });
    let asked = tokio::spawn(async move { browser.get(&back).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(patch(&caller, "acme", &json!({ "enabled": false })).await.status, 200);
    assert!(!asked.is_finished());
    assert_eq!(asked.await.unwrap().status, 404);
    assert_eq!(provider.redeemed(), 1);
    assert!(app.app.store.identity("acme", "ada at acme").await.unwrap().is_none());
});

on_both_engines!(a_key_signs_the_secret_of_a_registered_provider, |engine| {
    let app = TestApp::start(engine).await;
    let provider = Provider::open().await;
    let caller = robot(&app).await;
    let (pem, public) = private_key();
    let mut input = acme(&provider);
    input["client_secret"] = Value::Null;
    for (field, value) in [("team_id", "TEAM123456"), ("key_id", "KEY1234567"), ("private_key", pem.as_str())]
    {
        input[field] = json!(value);
    }
    assert_eq!(created(&caller, &input).await["proof"], "key");
    // As Apple publishes it.
    let metadata = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    provider.plans(Plan { secret_signed_by: Some(public), metadata, ..Plan::default() });
    assert!(is_inside(&through(&mut app.browser(), &provider, "/account").await));
    // Without the three together it is none.
    assert_eq!(faults(&patch(&caller, "acme", &json!({ "private_key": null })).await), ["private_key"]);
    let open = json!({ "private_key": null, "team_id": null, "key_id": null });
    let page = patch(&caller, "acme", &open).await;
    assert_eq!((page.status.as_u16(), &page.json()["proof"]), (200, &json!("none")), "{}", page.body);
});

/// What must not be registered, and which field says so. `null` leaves a field out.
fn wrong() -> Vec<(Value, &'static str)> {
    let google = |more: Value| merged(json!({ "preset": "google", "client_id": "g" }), &more);
    let oidc = |more: Value| {
        merged(
            json!({ "id": "a", "name": "A", "kind": "openid-connect", "client_id": "c", "issuer": "https://a.example" }),
            &more,
        )
    };
    let oauth2 = |more: Value| {
        merged(
            json!({ "id": "a", "name": "A", "kind": "oauth2", "client_id": "c",
                "authorization_endpoint": "https://a.example/", "token_endpoint": "https://a.example/t",
                "userinfo_endpoint": "https://a.example/u" }),
            &more,
        )
    };
    vec![
        (json!({}), "id"),
        (google(json!({ "id": "Google" })), "id"),
        (google(json!({ "id": "" })), "id"),
        (google(json!({ "id": "a|b" })), "id"),
        (google(json!({ "id": "a".repeat(33) })), "id"),
        (google(json!({ "id": "new" })), "id"),
        (google(json!({ "id": "of-file" })), "id"),
        (google(json!({ "preset": "orange" })), "preset"),
        (google(json!({ "client_id": null })), "client_id"),
        (google(json!({ "client_id": "a\u{202e}b" })), "client_id"),
        (google(json!({ "client_id": "c".repeat(600) })), "client_id"),
        (google(json!({ "client_secret": "" })), "client_secret"),
        (google(json!({ "client_secret": "s".repeat(5000) })), "client_secret"),
        (google(json!({ "client_secret": "s", "private_key": "k" })), "private_key"),
        (google(json!({ "private_key": "k" })), "private_key"),
        (google(json!({ "team_id": "T", "key_id": "K" })), "private_key"),
        (google(json!({ "team_id": "T", "key_id": "K", "private_key": "nonsense" })), "private_key"),
        (google(json!({ "team_id": "T T", "key_id": "K", "private_key": "nonsense" })), "team_id"),
        (google(json!({ "scopes": ["a b"] })), "scopes"),
        (google(json!({ "scopes": vec!["a"; 51] })), "scopes"),
        (google(json!({ "tenant": "consumers" })), "tenant"),
        (google(json!({ "name": "\u{202e}elgooG" })), "name"),
        (json!({ "preset": "microsoft", "client_id": "m", "tenant": "common" }), "tenant"),
        (json!({ "preset": "apple", "client_id": "m" }), "private_key"),
        (oidc(json!({ "kind": null })), "kind"),
        (oidc(json!({ "kind": "saml" })), "kind"),
        (oidc(json!({ "issuer": null })), "issuer"),
        (oidc(json!({ "issuer": "http://a.example" })), "issuer"),
        (oidc(json!({ "issuer": "https://a.example?x" })), "issuer"),
        (oidc(json!({ "issuer": "https://u:p@a.example" })), "issuer"),
        (oidc(json!({ "issuer": "https://a.exa\nmple" })), "issuer"),
        (oidc(json!({ "issuer": format!("https://a.example/{}", "a".repeat(3000)) })), "issuer"),
        // Nowhere that this server may not ask.
        (oidc(json!({ "issuer": "https://10.0.0.1" })), "issuer"),
        (oidc(json!({ "issuer": "http://localhost:8080" })), "issuer"),
        (oauth2(json!({ "userinfo_endpoint": null })), "userinfo_endpoint"),
        (oauth2(json!({ "token_endpoint": "ftp://a" })), "token_endpoint"),
        (oauth2(json!({ "token_endpoint": "https://192.168.1.1/" })), "token_endpoint"),
        (oauth2(json!({ "emails_endpoint": "javascript:alert(1)" })), "emails_endpoint"),
        (oauth2(json!({ "client_auth": "jwt" })), "client_auth"),
        (oauth2(json!({ "subject_claim": "" })), "subject_claim"),
    ]
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name.as_str()] = value.clone();
        if value.is_null() {
            base.as_object_mut().unwrap().remove(name);
        }
    }
    base
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_its_field_and_changes_nothing() {
    let app = TestApp::start_at(Engine::Sqlite, START * 1000, |config| {
        config.upstreams = vec![nowhere("of-file")];
    })
    .await;
    let caller = robot(&app).await;
    for (input, field) in wrong() {
        let page = create(&caller, &input).await;
        let faults = faults(&page);
        assert!(faults.iter().any(|fault| fault == field), "{input}: {field}: {}", page.body);
        assert!(!page.body.contains("nonsense"), "what is secret is not repeated");
    }
    assert!(app.app.store.upstreams().await.unwrap().0.is_empty());
    // Nor into what stands: the same rules for a change.
    created(&caller, &json!({ "preset": "google", "client_id": "g", "client_secret": "s" })).await;
    let before = app.app.store.upstreams().await.unwrap();
    for (change, field) in [
        (json!({ "id": "other" }), "id"),
        (json!({ "issuer": "http://a.example" }), "issuer"),
        (json!({ "kind": "oauth2" }), "token_endpoint"),
        (json!({ "name": null }), "name"),
        (json!({ "preset": "github" }), "id"),
        (json!({ "client_secret": "" }), "client_secret"),
        (json!({ "private_key": "nonsense" }), "private_key"),
    ] {
        let page = patch(&caller, "google", &change).await;
        if field == "id" && change.get("preset").is_some() {
            // What is said already stays: a preset fills in what is missing, which is nothing.
            assert_eq!(page.status, 200, "{}", page.body);
            assert_eq!(page.json()["issuer"], "https://accounts.google.com");
            continue;
        }
        assert!(faults(&page).iter().any(|fault| fault == field), "{change}: {}", page.body);
    }
    let after = app.app.store.upstreams().await.unwrap();
    assert_eq!(before.0[0].settings, after.0[0].settings);
    assert_eq!(before.0[0].secret, after.0[0].secret);
}

on_both!(rfc9110_13_1_1_versions_and_secrets_of_providers, |app| {
    let caller = robot(&app).await;
    let page =
        create(&caller, &json!({ "preset": "github", "client_id": "g", "client_secret": SECRET })).await;
    let tag = page.header("etag").unwrap().to_owned();
    let view = page.json();
    for (field, value) in [
        ("kind", json!("oauth2")),
        ("token_endpoint", json!("https://github.com/login/oauth/access_token")),
        ("subject_claim", json!("id")),
        ("trust_email", json!(true)),
        ("sign_up", json!(false)),
        ("name", json!("GitHub")),
    ] {
        assert_eq!(view[field], value, "{field}: {view}");
    }
    assert_eq!(
        problem(&create(&caller, &json!({ "preset": "github", "client_id": "g" })).await, 409)["status"],
        409
    );
    let shown = caller.get(&format!("{API}/github")).await;
    assert_eq!(shown.header("etag"), Some(tag.as_str()));
    let same = caller.clone().with("if-none-match", &tag).get(&format!("{API}/github")).await;
    assert_eq!(same.status, 304);
    let sealed = |app: &TestApp| {
        let store = app.app.store.clone();
        async move { store.upstreams().await.unwrap().0[0].secret.clone() }
    };
    let before = sealed(&app).await.unwrap();
    let opened: Value = app.app.seals.open(Purpose::UpstreamSecret, &before).unwrap();
    assert_eq!(opened, json!({ "upstream": "github", "secret": SECRET }));
    // A change that names no secret keeps it; of two at once, one is told that it was too late.
    app.advance(1);
    let once = caller.clone().with("if-match", &tag);
    let page = patch(&once, "github", &json!({ "name": "Our GitHub" })).await;
    assert_eq!((page.status.as_u16(), &page.json()["name"]), (200, &json!("Our GitHub")));
    assert_eq!(sealed(&app).await.unwrap(), before);
    problem(&patch(&once, "github", &json!({ "name": "x" })).await, 412);
    let path = format!("{API}/github");
    problem(&once.send(&Method::DELETE, &path, "").await, 412);
    // Nor does whoever may change addresses learn it from there.
    let elsewhere = json!({ "token_endpoint": "https://evil.example/login/oauth/access_token" });
    let page = patch(&caller, "github", &elsewhere).await;
    assert_eq!(faults(&page), ["client_secret"]);
    assert_eq!(sealed(&app).await.unwrap(), before);
    let near = json!({ "token_endpoint": "https://github.com/login/oauth/another" });
    assert_eq!(faults(&patch(&caller, "github", &near).await), ["client_secret"]);
    let given = merged(near, &json!({ "client_secret": SECRET }));
    assert_eq!(patch(&caller, "github", &given).await.status, 200);
    // Null takes it away.
    let page = patch(&caller, "github", &json!({ "client_secret": null })).await;
    assert_eq!((page.status.as_u16(), &page.json()["proof"]), (200, &json!("none")), "{}", page.body);
    assert_eq!(sealed(&app).await, None);
    let page = patch(&caller, "github", &json!({ "client_secret": "another" })).await;
    assert_eq!(page.json()["proof"], "secret");
    let rows = app.app.store.recent_audit(100).await.unwrap();
    let details: Vec<&str> = rows
        .iter()
        .filter(|row| row.action.starts_with("upstream."))
        .map(|row| row.detail.as_str())
        .collect();
    assert!(details.contains(&"client_secret"), "{details:?}");
    assert!(details.contains(&"secret removed"), "{details:?}");
    assert_eq!(caller.send(&Method::DELETE, &path, "").await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        problem(&caller.send(&method, &path, "").await, 404);
    }
    problem(&caller.send(&Method::POST, &format!("{path}/test"), "").await, 404);
});

on_both_engines!(the_file_wins_and_is_changed_there, |engine| {
    let provider = Provider::open().await;
    let app = TestApp::start(engine).await;
    let caller = robot(&app).await;
    created(&caller, &acme(&provider)).await;
    // The next start finds the same id in the file.
    let there = app
        .second_node_with(|config| {
            config.upstreams =
                vec![countersign::config::Upstream { name: "File".to_owned(), ..nowhere("acme") }];
        })
        .await;
    let page = there.browser().open("/login").await;
    assert!(page.text().contains("File") && !page.text().contains("Acme"), "{}", page.text());
    let list = Caller::bearer(&there, &token(&there, "reader", "countersign:providers:read").await)
        .get(API)
        .await
        .json();
    let told: Vec<_> =
        list["providers"].as_array().unwrap().iter().map(|one| (&one["source"], &one["hidden"])).collect();
    assert_eq!(told, [(&json!("file"), &json!(false)), (&json!("database"), &json!(true))]);
    let (_, mut root) = administrator(&there, "root").await;
    let page = root.get("/admin/providers").await;
    assert!(page.text().contains("countersign.toml has one of this ID"), "{}", page.text());
    let findings = doctor::examine((*there.app.config).clone(), there.app.clock.clone()).await;
    let about: Vec<_> = findings.iter().filter(|one| one.check == "upstream provider").collect();
    assert!(about.iter().any(|one| one.found.contains("registered at run time as well")), "{about:?}");
    assert!(
        about
            .iter()
            .any(|one| one.status == doctor::Status::Problem && one.found.starts_with("acme: discovery")),
        "{about:?}"
    );
    // What stands in the file alone is shown, and changed nowhere but there.
    let other = app.configured(|config| config.upstreams = vec![nowhere("x")]);
    let caller = robot_of(&other).await;
    assert_eq!(caller.get(&format!("{API}/x")).await.json()["source"], "file");
    for page in [
        patch(&caller, "x", &json!({ "enabled": false })).await,
        caller.send(&Method::DELETE, &format!("{API}/x"), "").await,
        create(&caller, &json!({ "id": "x", "preset": "google", "client_id": "g" })).await,
    ] {
        assert_eq!(faults(&page), ["id"]);
        assert!(page.body.contains("countersign.toml"), "{}", page.body);
    }
});

async fn robot_of(app: &TestApp) -> Caller {
    Caller::bearer(app, &token(app, "robot-of-another", "countersign:admin").await)
}

on_both!(every_node_knows_soon_and_the_way_back_at_once, |app| {
    let provider = Provider::open().await;
    let there = app.second_node().await;
    let caller = robot(&app).await;
    assert!(!has_button(&there, "acme").await);
    created(&caller, &acme(&provider)).await;
    soon("made", async || has_button(&there, "acme").await).await;
    let mut browser = there.browser();
    let page = browser.open("/account").await;
    let back = provider.approve(press(&mut browser, &page, "acme").await.location());
    assert_eq!(patch(&caller, "acme", &json!({ "enabled": false })).await.status, 200);
    // At once, whatever the node remembers.
    assert_eq!(browser.get(&back).await.status, 404);
    soon("switched off", async || !has_button(&there, "acme").await).await;
});

#[tokio::test]
async fn nothing_is_asked_of_the_database_where_nothing_changed() {
    let app = TestApp::start(Engine::Sqlite).await;
    let caller = robot(&app).await;
    created(&caller, &json!({ "preset": "google", "client_id": "g", "client_secret": "s" })).await;
    app.hears().await;
    let first = app.app.store.upstreams().await.unwrap();
    for _ in 0..3 {
        let again = app.app.store.upstreams().await.unwrap();
        assert!(std::sync::Arc::ptr_eq(&first, &again), "the very one that is remembered");
    }
    assert_eq!(app.app.providers().await.unwrap().ids(), ["google"]);
    patch(&caller, "google", &json!({ "name": "G" })).await;
    assert_eq!(app.app.providers().await.unwrap().name_of("google"), "G");
}

on_both!(a_test_says_what_is_wrong, |app| {
    let provider = Provider::open().await;
    let caller = robot(&app).await;
    created(&caller, &acme(&provider)).await;
    let test = async || {
        let page = caller.send(&Method::POST, &format!("{API}/acme/test"), "").await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    };
    let found = |told: &Value, check: &str| {
        let findings = told["findings"].as_array().unwrap().clone();
        let one = findings.into_iter().find(|one| one["check"] == check);
        one.unwrap_or_else(|| panic!("{check}: {told}"))
    };
    let told = test().await;
    assert_eq!(told["good"], true, "{told}");
    for check in ["discovery", "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "keys"] {
        assert_eq!(found(&told, check)["good"], true, "{check}: {told}");
    }
    for (metadata, check, words) in [
        (json!({ "issuer": "https://evil.example" }), "issuer", "they must be the same"),
        (json!({ "issuer": null }), "issuer", "names no issuer"),
        (
            json!({ "authorization_endpoint": null }),
            "authorization_endpoint",
            "has no authorization_endpoint",
        ),
        (
            json!({ "authorization_endpoint": "javascript:alert(1)" }),
            "authorization_endpoint",
            "is no address",
        ),
        (json!({ "token_endpoint": "https://10.0.0.1/" }), "token_endpoint", "not public"),
        (json!({ "jwks_uri": 7 }), "jwks_uri", "has no jwks_uri"),
        (json!({ "response_types_supported": "x" }), "discovery", "cannot be used"),
        (json!({ "id_token_signing_alg_values_supported": ["HS256"] }), "ID token", "no algorithm"),
        (json!({ "jwks_uri": format!("{}/nothing", provider.address) }), "keys", "status 404"),
    ] {
        provider.plans(Plan { metadata: metadata.clone(), ..Plan::default() });
        let told = test().await;
        assert_eq!(told["good"], false, "{metadata}: {told}");
        let wrong = told["findings"].as_array().unwrap().iter().find(|one| one["good"] == false).unwrap();
        assert_eq!(wrong["check"], check, "{metadata}: {told}");
        assert!(wrong["found"].as_str().unwrap().contains(words), "{metadata}: {told}");
    }
    provider.plans(Plan::default());
    // Of one without discovery, whether it answers.
    let at = |path: &str| format!("{}{path}", provider.address);
    let hub = json!({
        "id": "hub", "name": "Hub", "kind": "oauth2", "client_id": "countersign",
        "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "userinfo_endpoint": at("/userinfo"),
    });
    created(&caller, &hub).await;
    let told = caller.send(&Method::POST, &format!("{API}/hub/test"), "").await.json();
    assert_eq!(told["good"], true, "{told}");
    drop(provider);
    for (id, check) in [("acme", "discovery"), ("hub", "token_endpoint")] {
        let told = caller.send(&Method::POST, &format!("{API}/{id}/test"), "").await.json();
        assert_eq!((&told["good"], &found(&told, check)["good"]), (&json!(false), &json!(false)), "{told}");
        assert!(found(&told, check)["found"].as_str().unwrap().contains("cannot be reached"), "{told}");
    }
});

on_both!(who_has_no_other_way_in_is_counted, |app| {
    let caller = robot(&app).await;
    for preset in ["google", "github"] {
        created(&caller, &json!({ "preset": preset, "client_id": "c", "client_secret": "s" })).await;
    }
    let link = async |name: &str, upstreams: &[&str], password: bool| {
        let mut user = app.user(&format!("of-{name}")).await;
        if !password {
            let id = format!("bare-{name}");
            let email = Some(format!("{name}@bare.example"));
            user = User {
                id: id.as_str().into(),
                username: name.to_owned(),
                email,
                password_hash: None,
                ..user
            };
            let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
            app.app.store.insert_user(&user, &audit).await.unwrap();
        }
        for upstream in upstreams {
            crate::upstream::linked_by_hand(&app, &user.id, upstream, name).await;
        }
    };
    link("password", &["google"], true).await;
    link("alone", &["google"], false).await;
    link("both", &["google", "github"], false).await;
    link("elsewhere", &["github"], false).await;
    let of = async |id: &str| {
        let links = admin::links(&app.app, id).await.unwrap();
        (links.accounts, links.only_way)
    };
    assert_eq!((of("google").await, of("github").await, of("none").await), ((3, 1), (2, 1), (0, 0)));
    // A provider that is off is no other way.
    patch(&caller, "github", &json!({ "enabled": false })).await;
    assert_eq!(of("google").await, (3, 2));
    let mailing = app.configured(|config| config.sign_in.email_code = true);
    let links = admin::links(&mailing.app, "google").await.unwrap();
    assert_eq!(
        links.only_way,
        if app.app.store.user_by_login("alone").await.unwrap().unwrap().email_verified { 0 } else { 2 }
    );
});

on_both!(pages_register_change_test_and_delete_for_whoever_just_signed_in, |app| {
    let provider = Provider::open().await;
    let (_, mut root) = administrator(&app, "root").await;
    let new = "/admin/providers/new/openid-connect";
    let kinds = root.get("/admin/providers/new").await;
    for kind in ["google", "github", "microsoft", "apple", "openid-connect", "oauth2"] {
        assert!(kinds.body.contains(&format!("/admin/providers/new/{kind}")), "{kind}");
        let page = root.get(&format!("/admin/providers/new/{kind}")).await;
        assert_eq!(page.status, 200, "{kind}");
        assert!(
            page.text().contains(&format!(
                "/upstream/{}/callback",
                if kind.contains('2') || kind.contains('-') { "…" } else { kind }
            )),
            "{kind}: {}",
            page.text()
        );
    }
    assert_eq!(root.get("/admin/providers/new/saml").await.status, 404);
    // Wrong: everything is named, nothing is lost, no secret comes back.
    let typed = [
        ("name", "Acme"),
        ("id", "Acme!"),
        ("issuer", "http://a.example"),
        ("client_id", ""),
        ("client_secret", "t0ps3cret"),
    ];
    let page = submit(&mut root, new, new, &typed).await;
    assert_eq!(page.status, 400);
    for words in ["ID: must be 1 to 32", "Issuer: must be an address", "Client ID: is missing"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(
        page.body.contains("value=\"http://a.example\"") && !page.body.contains("t0ps3cret"),
        "{}",
        page.body
    );
    let typed = [
        ("name", "Acme"),
        ("id", "acme"),
        ("issuer", provider.address.as_str()),
        ("client_id", "countersign"),
        ("client_secret", SECRET),
        ("sign_up", "true"),
    ];
    let page = submit(&mut root, new, new, &typed).await;
    assert_eq!(page.location(), "/admin/providers/acme?done=provider-created", "{}", page.text());
    let page = root.get("/admin/providers/acme").await;
    assert!(page.text().contains("http://localhost:8080/upstream/acme/callback"), "{}", page.text());
    assert!(page.text().contains("No account here is linked to it"), "{}", page.text());
    assert!(
        is_inside(&through(&mut app.browser(), &provider, "/account").await),
        "the secret is the one that was typed"
    );
    let page = submit(&mut root, "/admin/providers/acme", "/admin/providers/acme/test", &[]).await;
    assert!(page.text().contains("It answers as it should"), "{}", page.text());
    let change = "/admin/providers/acme/change";
    let page = submit(&mut root, change, change, &[("name", "Acme Inc.")]).await;
    assert_eq!(page.location(), "/admin/providers/acme?done=provider-saved", "{}", page.text());
    assert!(is_inside(&through(&mut app.browser(), &provider, "/account").await), "the secret stays");
    // Somebody else was faster.
    let page = root.get(change).await;
    let form = page.form(change);
    app.advance(1);
    assert_eq!(patch(&robot(&app).await, "acme", &json!({ "name": "Acme Ltd." })).await.status, 200);
    let page = root.post(change, &form).await;
    assert_eq!(page.status, 412);
    assert!(page.body.contains("value=\"Acme Ltd.\""), "{}", page.body);
    // A while later they prove who they are first, and are asked whether they know whom it locks out.
    let delete = "/admin/providers/acme/delete";
    let page = root.get(delete).await;
    assert!(page.text().contains("1 account has no other way to sign in"), "{}", page.text());
    app.advance(1000);
    for path in [delete, change, new, "/admin/providers/new"] {
        let page = root.get(path).await;
        assert!(page.status == 303 && page.location().starts_with("/login"), "{path}: {}", page.status);
    }
    for path in [delete, change, new] {
        assert_eq!(root.post(path, &page.form(delete)).await.status, 403, "{path}");
    }
    assert_eq!(app.app.providers().await.unwrap().ids(), ["acme"]);
    let mut root = signed_in(&app, "root").await;
    let page = submit(&mut root, delete, delete, &[]).await;
    assert_eq!(page.location(), "/admin/providers?done=provider-deleted", "{}", page.text());
    assert!(root.get("/admin/providers").await.text().contains("No providers yet"));
    // Whoever registers one of that id again is asked.
    let again =
        [("name", "Other"), ("id", "acme"), ("issuer", provider.address.as_str()), ("client_id", "c")];
    let page = submit(&mut root, new, new, &again).await;
    assert!(page.status == 400 && page.body.contains("id=\"keep_links\""), "{}", page.text());
    let with = [again.as_slice(), &[("keep_links", "true")]].concat();
    assert_eq!(
        submit(&mut root, new, new, &with).await.location(),
        "/admin/providers/acme?done=provider-created"
    );
});

#[tokio::test]
async fn secrets_are_in_no_answer_page_log_or_row() {
    let app = TestApp::start(Engine::Sqlite).await;
    let caller = robot(&app).await;
    let (pem, _) = private_key();
    let inner = pem.lines().nth(1).unwrap()[40..80].to_owned();
    let secret = "a-secret-of-the-provider-7f3a";
    let mut seen = String::new();
    let google = json!({ "preset": "google", "client_id": "g", "client_secret": secret });
    seen += &create(&caller, &google).await.body;
    let apple =
        json!({ "preset": "apple", "client_id": "a", "team_id": "T1", "key_id": "K1", "private_key": pem });
    seen += &create(&caller, &apple).await.body;
    seen += &patch(&caller, "google", &json!({ "name": "G" })).await.body;
    let (_, mut root) = administrator(&app, "root").await;
    for id in ["google", "apple"] {
        seen += &caller.get(&format!("{API}/{id}")).await.body;
        for page in ["", "/change", "/delete"] {
            seen += &root.get(&format!("/admin/providers/{id}{page}")).await.body;
        }
    }
    seen += &caller.get(API).await.body;
    seen += &caller.get("/admin/api/audit").await.body;
    seen += &root.get("/admin/providers").await.body;
    seen.extend([
        format!("{:?}", app.app.providers().await.unwrap().registered()),
        format!("{:?}", app.app.store.upstreams().await.unwrap()),
    ]);
    for row in &app.app.store.upstreams().await.unwrap().0 {
        seen += &row.settings;
        seen += row.secret.as_deref().unwrap();
    }
    assert!(seen.contains("accounts.google.com"), "the search itself works");
    for text in [secret, inner.as_str()] {
        assert!(!seen.contains(text), "{text}");
    }
    // A row that was moved to another provider opens nothing there.
    let rows = app.app.store.upstreams().await.unwrap();
    let [apple, google] = rows.0.as_slice() else { panic!() };
    let audit = app.app.audit(&Origin::system(), "test", String::new(), "");
    let stolen = countersign::store::StoredUpstream { secret: apple.secret.clone(), ..google.clone() };
    let read_at = countersign::protocol::timestamp::Timestamp(google.updated_at);
    assert!(app.app.store.update_upstream(&stolen, read_at, &audit).await.unwrap());
    let providers = app.app.providers().await.unwrap();
    assert_eq!(providers.ids(), ["apple"]);
    assert!(providers.standing("google").unwrap().usable.is_err());
    let page = root.get("/admin/providers/google").await;
    assert!(page.text().contains("set it anew"), "{}", page.text());
}

on_both!(there_are_fifty_at_most_and_of_two_at_once_one, |app| {
    let input = |id: String| ProviderInput {
        id: Some(id),
        preset: Some("google".to_owned()),
        client_id: Some("g".to_owned()),
        client_secret: Some(SecretText::from("s".to_owned())),
        ..ProviderInput::default()
    };
    let attempts = (0..6).map(|_| {
        let app = app.app.clone();
        async move { admin::create(&app, &Origin::cli(), &input("same".to_owned())).await.is_ok() }
    });
    assert_eq!(crate::support::at_once(attempts).await.into_iter().filter(|made| *made).count(), 1);
    for number in 1..50 {
        admin::create(&app.app, &Origin::cli(), &input(format!("p{number}"))).await.unwrap();
    }
    let refused = admin::create(&app.app, &Origin::cli(), &input("more".to_owned())).await;
    assert!(refused.err().unwrap().to_string().contains("50 providers"));
    // From files, one may take another's place.
    let folder = tempfile::TempDir::new().unwrap();
    let ids = (2..50).map(|number| format!("p{number}")).chain(["same".to_owned(), "more".to_owned()]);
    let table = |id| format!("[[upstream]]\nid = \"{id}\"\npreset = \"google\"\nclient_id = \"g\"\n");
    std::fs::write(folder.path().join("upstreams.toml"), ids.map(table).collect::<String>()).unwrap();
    let plan = async |prune| as_code::plan(&app.app, folder.path(), &|_| None, prune).await;
    let refused = plan(false).await.err().unwrap().to_string();
    assert!(refused.contains("there may be 50 providers at most"), "{refused}");
    as_code::apply(&app.app, &Origin::cli(), plan(true).await.unwrap()).await.unwrap();
    assert_eq!(app.app.store.upstreams().await.unwrap().0.len(), 50);
});
