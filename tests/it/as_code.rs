//! Configuration as code: files in, one transaction out, on both engines; and what files are refused.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::admin::as_code::{self, Action, Failure, Plan};
use countersign::admin::{branding, clients, groups, webhooks};
use countersign::app::Origin;
use countersign::branding::BrandingInput;
use countersign::protocol::client::AuthMethod;
use countersign::protocol::group::GroupInput;
use countersign::protocol::jwa::SigningAlg;
use countersign::protocol::registration::ClientInput;
use countersign::protocol::scope_definition::{Definitions, ScopeInput};
use countersign::protocol::secret::sha256_hex;
use countersign::protocol::webhook::WebhookInput;
use countersign::sealing::Purpose;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{TestApp, at_once, on_both};

const NOTHING: as_code::Environment<'static> = &|_| None;
const SECRET: &str = "an-operator-chose-these-64-characters-for-a-client-and-not-fewer";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

async fn export(app: &TestApp, to: &Path) {
    as_code::export(&app.app, to, true).await.unwrap();
}

/// Every scope that is defined.
async fn scopes(app: &TestApp) -> Arc<Definitions> {
    app.app.store.asked_anew().scope_definitions().await.unwrap()
}

pub fn secret_of(secret: &as_code::NewSecret) -> &str {
    match secret {
        as_code::NewSecret::Client { client_secret, .. } => client_secret,
        as_code::NewSecret::Webhook { webhook_secret, .. } => webhook_secret,
    }
}

async fn plan(app: &TestApp, folder: &Path, prune: bool) -> Plan {
    as_code::plan(&app.app, folder, NOTHING, prune).await.unwrap()
}

async fn apply(app: &TestApp, plan: Plan) -> Vec<as_code::NewSecret> {
    as_code::apply(&app.app, &Origin::cli(), plan).await.unwrap()
}

/// What a plan does, in short.
fn steps(plan: &Plan) -> Vec<String> {
    let step = |step: &as_code::Step| {
        let fields: Vec<&str> = step.fields.iter().map(|change| change.field.as_str()).collect();
        format!("{:?} {} {} {}", step.action, step.kind.as_str(), step.id, fields.join(","))
    };
    plan.steps.iter().map(step).collect()
}

/// Clients and groups of every sort.
async fn furnished(app: &TestApp) {
    app.client("rs.example", |_| {}).await;
    app.client("public", |metadata| {
        metadata.token_endpoint_auth_method = AuthMethod::None;
        metadata.grant_types.truncate(2);
        metadata.require_pkce = true;
        metadata.require_pushed_authorization_requests = true;
        metadata.dpop_bound_access_tokens = true;
        metadata.least_acr = Some("two-factors".parse().unwrap());
    })
    .await;
    let keys_with_null = json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "kid": "\u{1}\"'", "x-note": null, "x-n": [1, { "a": 1.5 }],
          "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" },
    ] });
    app.client("odd", |metadata| {
        metadata.jwks = Some(keys_with_null);
        metadata.client_name = "A 'name' with \"quotes\" \\ and 日本".into();
        metadata.localized.insert("client_name#ja".to_owned(), "名前".to_owned());
        metadata.default_max_age = Some(0);
        metadata.contacts = vec!["a@example.com".to_owned()];
    })
    .await;
    let keys = json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1",
          "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" },
    ] });
    app.client("keys", |metadata| {
        metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        metadata.jwks = Some(keys);
    })
    .await;
    app.client("machine", |metadata| metadata.id_token_signed_response_alg = SigningAlg::Hs256).await;
    for (name, least) in [("Domain Admins", Some("phishing-resistant")), ("editors", None)] {
        let input = GroupInput {
            name: Some(name.to_owned()),
            description: Some("Who \"publishes\"".to_owned()),
            least_acr: least.map(str::to_owned),
        };
        groups::create(&app.app, &Origin::system(), &input).await.unwrap();
    }
    for scope in [
        json!({ "name": "plain", "title": "Plain" }),
        json!({
            "name": "https://api.example/notes?a=%20", "title": "A 'title' with \"quotes\" \\ and 日本",
            "description": "All of them.", "published": false, "localized": { "title#de": "Notizen" },
            "claims": [
                { "claim": "roles", "from": "groups", "prefix": "notes: ", "into": ["id_token", "access_token"] },
                { "claim": "urn:all", "from": "groups", "into": ["userinfo"] },
                { "claim": "tenant", "from": "value", "into": ["access_token"],
                  "value": { "id": 7, "of": [1.5, true, "x", [{}]], "deep": { "er": [] } } },
                { "claim": "mail", "from": "attribute", "attribute": "email", "into": ["userinfo"] },
            ],
        }),
    ] {
        let input = serde_json::from_value(scope).unwrap();
        countersign::admin::scopes::create(&app.app, &Origin::system(), &input).await.unwrap();
    }
}

on_both!(what_was_exported_changes_nothing_when_it_is_applied, |app| {
    furnished(&app).await;
    let folder = TempDir::new().unwrap();
    export(&app, folder.path()).await;
    let (before, defined) = (app.app.store.configuration().await.unwrap(), scopes(&app).await);
    let audit = app.audit_log().await;
    let text = std::fs::read_to_string(folder.path().join("clients.toml")).unwrap();
    assert!(!text.contains(&sha256_hex("secret")) && !text.contains("secret_hash"), "{text}");

    let plan = plan(&app, folder.path(), true).await;
    assert_eq!((steps(&plan), plan.unchanged, plan.unmanaged.len()), (vec![], 9, 0), "{text}");
    assert_eq!(apply(&app, plan).await.len(), 0);
    let after = app.app.store.configuration().await.unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(app.audit_log().await, audit);

    // Nor where there was nothing: the same clients and groups come to be on an empty deployment.
    let empty = TestApp::start(crate::support::Engine::Sqlite).await;
    let plan = as_code::plan(&empty.app, folder.path(), NOTHING, true).await.unwrap();
    assert_eq!(plan.count(Action::Create), 9);
    apply(&empty, plan).await;
    let inputs = |defined: &Arc<Definitions>| defined.iter().map(ScopeInput::from).collect::<Vec<_>>();
    assert_eq!(inputs(&scopes(&empty).await), inputs(&defined));
    let copied = empty.app.store.configuration().await.unwrap();
    let of = |clients: &[countersign::protocol::client::Client]| {
        let mut all: Vec<String> = clients.iter().map(|c| format!("{:?} {:?}", c.id, c.metadata)).collect();
        all.sort();
        all
    };
    assert_eq!(of(&copied.0), of(&before.0));
    // Files that may say where secrets are are not overwritten unasked.
    let texts = as_code::texts(&before.0, &before.1, &defined).unwrap();
    let refused = as_code::write(folder.path(), &texts, false).unwrap_err();
    assert!(refused.to_string().contains("is there already"), "{refused}");
    std::fs::write(folder.path().join("more.toml"), "").unwrap();
    assert!(as_code::write(folder.path(), &texts, true).is_err(), "they would be read together");
});

const LOGO: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 1\"><path d=\"M0 0h2v1z\"/></svg>";

/// Two webhooks, one of which is switched off, and a look of its own.
async fn told_and_dressed(app: &TestApp) -> Vec<String> {
    let mut secrets = Vec::new();
    for (url, description, enabled) in
        [("https://siem.example/in/t0k3n", Some("SIEM"), true), ("https://chat.example/", None, false)]
    {
        let input = WebhookInput {
            url: Some(url.to_owned()),
            description: description.map(str::to_owned),
            events: Some(vec!["user.created".to_owned(), "key.revoked".to_owned()]),
            enabled: Some(enabled),
        };
        // Ids of one moment are in no order.
        app.advance(1);
        let issued = webhooks::create(&app.app, &Origin::system(), &input).await.unwrap();
        secrets.push(issued.secret.unwrap());
        secrets.push(issued.webhook.secret);
    }
    let input = BrandingInput {
        name: Some("Bookshop \"&\" Co".to_owned()),
        logo: Some(STANDARD.encode(LOGO)),
        accent_light: Some("#a52a22".to_owned()),
        accent_dark: None,
    };
    let before = app.app.store.branding().await.unwrap();
    branding::change(&app.app, &Origin::system(), &before, &input).await.unwrap();
    secrets
}

on_both!(webhooks_and_the_look_go_out_and_come_back_without_secrets, |app| {
    let secrets = told_and_dressed(&app).await;
    let out = TempDir::new().unwrap();
    export(&app, out.path()).await;
    let text = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let all = ["clients.toml", "groups.toml", "webhooks.toml", "branding.toml"].map(text).concat();
    for secret in &secrets {
        assert!(!all.contains(secret.as_str()) && !all.contains("whsec_"), "{all}");
    }
    assert_eq!(text("logo.svg"), LOGO);
    assert!(all.contains("logo_file = \"logo.svg\""), "{all}");
    let same = plan(&app, out.path(), true).await;
    assert_eq!((steps(&same), same.unchanged, same.unmanaged.len()), (vec![], 3, 0), "{all}");

    // Where there was nothing: the same webhooks, with secrets of their own, and the same look.
    let empty = TestApp::start(crate::support::Engine::Sqlite).await;
    let first = plan(&empty, out.path(), true).await;
    assert_eq!(
        steps(&first),
        [
            "Create webhook siem.example (SIEM) description,enabled,events",
            "Create webhook chat.example enabled,events",
            "Create branding branding accent_light,logo,name",
        ]
    );
    let shown = serde_json::to_string(&first).unwrap();
    assert!(!shown.contains("t0k3n") && !shown.contains(&STANDARD.encode(LOGO)), "{shown}");
    let made = apply(&empty, first).await;
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|new| secret_of(new).starts_with("whsec_")));
    assert!(made[0].to_string().starts_with("signing secret of siem.example (SIEM): whsec_"), "{}", made[0]);
    let mut stored = empty.app.store.webhooks().await.unwrap();
    stored.sort_by_key(|one| one.url.contains("chat"));
    let seen: Vec<_> = stored.iter().map(|one| (one.url.as_str(), one.state.as_str())).collect();
    assert_eq!(seen, [("https://siem.example/in/t0k3n", "active"), ("https://chat.example/", "paused")]);
    assert_eq!(empty.app.branding().name(), "Bookshop \"&\" Co", "shown at once");
    assert_eq!(empty.app.branding().choices(), app.app.branding().choices());
    assert_eq!(steps(&plan(&empty, out.path(), true).await), Vec::<String>::new());

    // A change, and what is left out.
    let changed = text("webhooks.toml").replace("SIEM", "Logs").replace("enabled = false", "enabled = true");
    std::fs::write(out.path().join("webhooks.toml"), changed).unwrap();
    std::fs::write(out.path().join("branding.toml"), "[branding]\nname = 'Other'\n").unwrap();
    let second = plan(&app, out.path(), false).await;
    assert_eq!(
        steps(&second),
        [
            "Change webhook siem.example (Logs) description",
            "Change webhook chat.example enabled",
            "Change branding branding accent_light,logo,name",
        ]
    );
    let old = plan(&app, out.path(), false).await;
    assert_eq!(apply(&app, second).await.len(), 0, "secrets stay");
    assert!(matches!(as_code::apply(&app.app, &Origin::cli(), old).await, Err(Failure::Drifted)));
    let after = app.app.store.webhooks().await.unwrap();
    assert_eq!((after[0].description.as_str(), after[1].state.as_str()), ("Logs", "active"));
    assert_eq!(after[0].secret, secrets[1], "what it is signed with stays");
    assert_eq!((app.app.branding().name(), app.app.branding().logo()), ("Other", None));
    let log = app.app.store.recent_audit(20).await.unwrap();
    let told = |action: &str, detail: &str| {
        log.iter().any(|row| row.action == action && row.detail.contains(detail) && row.actor == "cli")
    };
    assert!(
        told("webhook.update", "description (from files)")
            && told("webhook.update", "enabled=true (from files)")
    );
    assert!(told("branding.update", "→ \"Other\""), "{log:?}");

    // In no file: left alone, or deleted.
    let nothing = folder(&[("a.toml", "")]);
    let kept = plan(&app, nothing.path(), false).await;
    assert_eq!((kept.steps.len(), kept.unmanaged.len()), (0, 3));
    let pruned = plan(&app, nothing.path(), true).await;
    assert_eq!(pruned.count(Action::Delete), 3);
    apply(&app, pruned).await;
    assert!(app.app.store.webhooks().await.unwrap().is_empty());
    assert_eq!(app.app.branding().name(), "Countersign");
});

on_both!(a_webhook_that_changed_after_the_plan_is_not_overwritten, |app| {
    told_and_dressed(&app).await;
    let nothing = folder(&[("a.toml", "")]);
    let old = plan(&app, nothing.path(), true).await;
    let webhook = app.app.store.webhooks().await.unwrap().remove(0);
    let off = WebhookInput { enabled: Some(false), ..WebhookInput::from(&webhook) };
    webhooks::change(&app.app, &Origin::system(), &webhook, &off).await.unwrap();
    assert!(matches!(as_code::apply(&app.app, &Origin::cli(), old).await, Err(Failure::Drifted)));
    assert_eq!(app.app.store.webhooks().await.unwrap().len(), 2);
    // One whose address is a secret comes from outside; two of the same address are nobody's.
    let from_outside = |name: &str| (name == "HOOK").then(|| "https://chat.example/".to_owned());
    let file = "[[webhook]]\nurl_env = 'HOOK'\nevents = ['user.created', 'key.revoked']\nenabled = false\n";
    let files = folder(&[("a.toml", file)]);
    let same = as_code::plan(&app.app, files.path(), &from_outside, false).await.unwrap();
    assert_eq!((steps(&same), same.unchanged), (vec![], 1));
    let twin = WebhookInput { url: Some("https://chat.example/".to_owned()), ..off };
    webhooks::create(&app.app, &Origin::system(), &twin).await.unwrap();
    let refused = as_code::plan(&app.app, files.path(), &from_outside, false).await.unwrap_err().to_string();
    assert!(refused.contains("several webhooks have this address"), "{refused}");
});

on_both!(a_plan_creates_changes_and_deletes_in_one_go, |app| {
    furnished(&app).await;
    let unmanaged_before = app.app.store.configuration().await.unwrap().0.len();
    let files = folder(&[
        (
            "apps/notes.toml",
            "[[client]]\nclient_id = 'notes'\nclient_name = 'Notes'\nredirect_uris = ['https://n.example/cb']\n",
        ),
        (
            "public.toml",
            "[[client]]\nclient_id = 'public'\nclient_name = 'Renamed'\ntoken_endpoint_auth_method = 'none'\n\
             redirect_uris = ['https://public.example/cb', 'https://two.example/cb']\n\n\
             [[group]]\nname = 'Editors'\nleast_acr = 'two-factors'\n\n[[group]]\nname = 'new'\n",
        ),
        (".hidden/x.toml", "nonsense"),
        ("README.md", "nonsense"),
    ]);
    let first = plan(&app, files.path(), false).await;
    let shown = steps(&first);
    assert!(shown[0].starts_with("Change client public ") && shown[0].contains("client_name"), "{shown:?}");
    assert!(shown[0].contains("redirect_uris") && shown[0].contains("least_acr"), "{shown:?}");
    assert_eq!(
        shown[1..],
        [
            "Change group Editors description,least_acr,name",
            "Create client notes client_name,redirect_uris",
            "Create group new ",
        ]
    );
    assert_eq!(first.unmanaged.len(), unmanaged_before - 1 + 1 + 2, "without prune nothing is deleted");
    let change = first.steps[0].fields.iter().find(|change| change.field == "client_name").unwrap();
    assert_eq!(change.before, Some(Value::from("Client public")));
    assert_eq!(change.after, Some(Value::from("Renamed")));
    let as_json = serde_json::to_value(&first).unwrap();
    assert_eq!(as_json["steps"][0]["action"], "change");
    assert_eq!(as_json["steps"][0]["place"], "public.toml:1");

    let first = plan(&app, files.path(), true).await;
    assert_eq!(first.count(Action::Delete), 7);
    let secrets = apply(&app, first).await;
    assert_eq!(secrets.len(), 1, "of the new confidential client");
    let (clients, groups) = app.app.store.configuration().await.unwrap();
    let ids: Vec<&str> = clients.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["notes", "public"]);
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Editors", "new"]);
    assert_eq!(clients[0].secret_hash, Some(sha256_hex(secret_of(&secrets[0]))));
    // What other nodes remember is told them with it.
    assert_eq!(
        app.app.store.client(&"public".into()).await.unwrap().unwrap().metadata.client_name,
        "Renamed"
    );
    let log = app.audit_log().await;
    for entry in ["client.create client:notes", "client.update client:public", "client.delete client:keys"] {
        assert!(log.iter().any(|row| row == entry), "{entry}: {log:?}");
    }
    for (action, times) in [("group.create", 3), ("group.update", 1), ("group.delete", 1)] {
        assert_eq!(log.iter().filter(|row| row.starts_with(action)).count(), times, "{action}");
    }
    assert!(plan(&app, files.path(), true).await.steps.is_empty(), "and then there is nothing to do");
});

on_both!(a_plan_that_is_old_is_refused_whole, |app| {
    furnished(&app).await;
    let files = TempDir::new().unwrap();
    export(&app, files.path()).await;
    std::fs::write(files.path().join("groups.toml"), "[[group]]\nname = 'editors'\ndescription = 'New'\n")
        .unwrap();
    let file = files.path().join("clients.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("Client public", "Planned")).unwrap();

    // Of what it would change, of what it leaves alone, of what is new or gone.
    let edits: [&str; 5] = ["public", "keys", "scope", "+", "-"];
    for edit in edits {
        let old = plan(&app, files.path(), true).await;
        assert_eq!(steps(&old).len(), if edit == "-" { 4 } else { 3 });
        let origin = Origin::system();
        match edit {
            "+" => {
                let input = GroupInput { name: Some("meanwhile".to_owned()), ..GroupInput::default() };
                groups::create(&app.app, &origin, &input).await.unwrap();
            }
            "-" => {
                let group = app.app.store.group_by_name("meanwhile").await.unwrap().unwrap();
                groups::delete(&app.app, &origin, &group).await.unwrap();
                let old = plan(&app, files.path(), true).await;
                clients::delete(&app.app, &origin, "machine").await.unwrap();
                let refused = as_code::apply(&app.app, &Origin::cli(), old).await;
                assert!(matches!(refused, Err(Failure::Drifted)), "gone");
                continue;
            }
            "scope" => {
                let before = countersign::admin::scopes::find(&app.app, "plain").await.unwrap();
                let input = ScopeInput { title: Some("Other".to_owned()), ..ScopeInput::from(&before) };
                countersign::admin::scopes::change(&app.app, &origin, &before, &input).await.unwrap();
                // As the files have it again, for the rounds that follow.
                let now = countersign::admin::scopes::find(&app.app, "plain").await.unwrap();
                let input = ScopeInput::from(&before);
                countersign::admin::scopes::change(&app.app, &origin, &now, &input).await.unwrap();
            }
            id => {
                let before = app.stored_client(id).await;
                let input = ClientInput { disabled: Some(true), ..ClientInput::from(&before) };
                clients::change(&app.app, &origin, before, &input).await.unwrap();
                let before = app.stored_client(id).await;
                let input = ClientInput { disabled: Some(false), ..ClientInput::from(&before) };
                clients::change(&app.app, &origin, before, &input).await.unwrap();
            }
        }
        if edit == "+" {
            // It would be deleted, and nobody was shown that.
            assert_eq!(steps(&plan(&app, files.path(), true).await).len(), 4);
        }
        let audits = app.audit_log().await.len();
        let refused = as_code::apply(&app.app, &Origin::cli(), old).await;
        assert!(matches!(refused, Err(Failure::Drifted)), "{edit}");
        assert_eq!(app.stored_client("public").await.metadata.client_name, "Client public");
        assert_eq!(app.audit_log().await.len(), audits, "nothing is half done");
    }
});

on_both!(of_8_who_apply_at_once_one_wins, |app| {
    furnished(&app).await;
    let mut plans = Vec::new();
    for node in 0..8 {
        // Each wants something else, about other things.
        let text = format!(
            "[[client]]\nclient_id = 'of-{node}'\nclient_name = 'Of {node}'\nredirect_uris = ['https://n.example/cb']\n"
        );
        let files = folder(&[("a.toml", &text)]);
        plans.push(plan(&app, files.path(), false).await);
    }
    let app = Arc::new(app);
    let attempts = plans.into_iter().map(|plan| {
        let app = Arc::clone(&app);
        async move { as_code::apply(&app.app, &Origin::cli(), plan).await }
    });
    let outcomes = at_once(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Failure::Drifted))));
    let (clients, _) = app.app.store.configuration().await.unwrap();
    assert_eq!(clients.iter().filter(|client| client.id.as_str().starts_with("of-")).count(), 1);
});

on_both!(a_secret_stays_or_comes_from_outside, |app| {
    let text = |more: &str| {
        format!(
            "[[client]]\nclient_id = 'a'\nclient_name = 'A'\nredirect_uris = ['https://a.example/cb']\n{more}\n"
        )
    };
    let files = folder(&[("a.toml", &text("client_secret_env = 'A_SECRET'")), ("b.secret", "")]);
    let first: as_code::Environment<'_> = &|name| (name == "A_SECRET").then(|| SECRET.to_owned());
    let plan_with = async |environment: as_code::Environment<'_>| {
        as_code::plan(&app.app, files.path(), environment, false).await
    };
    let planned = plan_with(first).await.unwrap();
    assert!(!serde_json::to_string(&planned).unwrap().contains(SECRET));
    assert!(!format!("{planned:?}").contains(SECRET));
    assert!(apply(&app, planned).await.is_empty(), "nothing was made up");
    assert_eq!(app.stored_client("a").await.secret_hash, Some(sha256_hex(SECRET)));
    assert!(plan_with(first).await.unwrap().steps.is_empty(), "it is the one that it has");

    // As a key it must be known, and not only its hash.
    let hs = "id_token_signed_response_alg = 'HS256'\nclient_secret_file = 'b.secret'";
    std::fs::write(files.path().join("a.toml"), text(hs)).unwrap();
    std::fs::write(files.path().join("b.secret"), format!("{SECRET}\n")).unwrap();
    let planned = plan(&app, files.path(), false).await;
    assert_eq!(steps(&planned), ["Change client a id_token_signed_response_alg,client_secret"]);
    assert!(apply(&app, planned).await.is_empty());
    let sealed = app.stored_client("a").await.sealed_secret.unwrap();
    let opened: String = app.app.seals.open(Purpose::ClientSecret, &sealed).unwrap();
    assert_eq!(opened, SECRET);
    // Without a reference it stays.
    std::fs::write(files.path().join("a.toml"), text("id_token_signed_response_alg = 'HS256'")).unwrap();
    assert!(plan(&app, files.path(), false).await.steps.is_empty());

    for (more, complaint) in [
        (
            "client_secret_env = 'A_SECRET'",
            "a.toml:5: client_secret_env: the environment variable A_SECRET is not set",
        ),
        ("client_secret_env = 1", "a.toml:5: client_secret_env: must be a text"),
        ("client_secret_file = 'none'", "none cannot be read"),
        ("client_secret_file = 'short'", "a.toml:5: file short: a secret has 32 to 512"),
        ("client_secret_file = 'b.secret'\nclient_secret_env = 'X'", "name one of"),
        (
            "client_secret_file = 'b.secret'\ntoken_endpoint_auth_method = 'none'",
            "a.toml:5: this client has no secret",
        ),
        ("client_secret = 'x'", "a.toml:5: client_secret: files hold no secrets"),
    ] {
        std::fs::write(files.path().join("a.toml"), text(more)).unwrap();
        std::fs::write(files.path().join("short"), "too-short").unwrap();
        let refused = plan_with(NOTHING).await.unwrap_err().to_string();
        assert!(refused.contains(complaint), "{more}: {refused}");
        assert!(!refused.contains("too-short"), "{refused}");
    }
});

on_both!(wrong_files_are_refused_with_file_and_line, |app| {
    let own = {
        let mut client = app.client("own", |_| {}).await;
        client.id = "self".into();
        client.self_registration = Some(countersign::protocol::client::SelfRegistration {
            token_hash: "x".to_owned(),
            used_at: None,
        });
        client
    };
    let audit = app.app.audit(&Origin::system(), "client.register", String::new(), "");
    app.app.store.insert_self_registered(&own, None, 10, &audit).await.unwrap();
    let fine = "[[client]]\nclient_id = 'a'\nclient_name = 'A'\nredirect_uris = ['https://a.example/cb']\n";
    for (text, complaints) in [
        ("", &[][..]),
        ("[[client]\n", &["a.toml:1: "][..]),
        ("x = 1\n", &["a.toml:1: unknown: x"]),
        ("\n[client]\nclient_id = 'a'\n", &["a.toml:2: write [[client]], with two brackets"]),
        ("client = [1]\n", &["a.toml:1: write [[client]], and its fields"]),
        ("[[client]]\nclient_id = 'a'\nclient_id = 'b'\n", &["a.toml:3: "]),
        (
            "[[client]]\nclient_name = 'A'\nredirect_uris = ['https://a.example/cb']\n",
            &["a.toml:1: client_id: every client"],
        ),
        (
            "[[client]]\nclient_id = 'a'\nclient_nmae = 'A'\nredirect_uris = 'https://a.example/cb'\nskip_consent = 'yes'\n",
            &["a.toml:3: unknown: client_nmae", "a.toml:4: redirect_uris: ", "a.toml:5: skip_consent: "],
        ),
        (
            "[[client]]\nclient_id = 'a b'\nclient_name = ''\nredirect_uris = ['http://a.example/cb']\n",
            &[
                "a.toml:2: client_id: ",
                "a.toml:3: client_name: ",
                "a.toml:4: redirect_uris: http://a.example/cb must use https",
            ],
        ),
        (
            "[[client]]\nclient_id = 'a'\nclient_name = 1979-05-27\n",
            &["a.toml:3: client_name: write a time in quotes"],
        ),
        (
            "[[client]]\nclient_id = 'a'\ndefault_max_age = 99999999999999999999\n",
            &["a.toml:3: default_max_age: "],
        ),
        ("[[client]]\nclient_id = 'a'\ndefault_max_age = -1\n", &["a.toml:3: default_max_age: "]),
        (
            "[[client]]\nclient_id = 'a'\ndefault_max_age = inf\n",
            &["a.toml:3: default_max_age: this is no finite number"],
        ),
        ("[[client]]\nclient_id = 'a'\njwks = '{'\n", &["a.toml:3: jwks: is no JSON"]),
        (&[fine, "\n", fine].concat(), &["a.toml:6: client_id: a stands at a.toml:1 already"]),
        (&fine.replace("'a'", "'self'"), &["a.toml:1: client_id: self registered itself"]),
        ("[[group]]\nname = 'a,b'\nleast_acr = 'high'\n", &["a.toml:2: name: ", "a.toml:3: least_acr: "]),
        (
            "[[scope]]\nname = 'openid'\ntitle = ''\n\n[[scope.claims]]\nclaim = 'sub'\nfrom = 'groups'\ninto = ['id_token']\n",
            &[
                "a.toml:2: name: openid is a scope of this server already",
                "a.toml:3: title: one line",
                "a.toml:5: claims: (1, sub) claim: sub is a claim of the protocol itself (RFC 7519 section 4.1.2)",
            ],
        ),
        (
            "[[scope]]\nname = 'countersign:admin'\ntitle = 'x'\ncalims = []\n[[scope.claims]]\nclaim = 'x'\nfrm = 'groups'\n",
            &["a.toml:4: unknown: calims", "a.toml:5: claims: unknown field `frm`"],
        ),
        ("[[scope]]\nname = 'countersign:admin'\ntitle = 'x'\n", &["a.toml:2: name: scopes that begin with"]),
        (
            "[[scope]]\nname = 'a'\ntitle = 'x'\n[scope.localized]\ntitle = 'x'\n",
            &["a.toml:4: localized: title: is no title or description with a language tag"],
        ),
        (
            "[[scope]]\nname = 'a'\ntitle = 'x'\n[[scope]]\nname = 'a'\ntitle = 'y'\n",
            &["a.toml:4: name: a stands at a.toml:1 already"],
        ),
        ("[scope]\nname = 'a'\n", &["a.toml:1: write [[scope]], with two brackets"]),
        ("[[branding]]\nname = 'a'\n", &["a.toml:1: write [branding], with one bracket"]),
        ("[branding]\nnmae = 'a'\n", &["a.toml:2: unknown: nmae"]),
        ("[branding]\nlogo = 'PHN2Zy8+'\n", &["a.toml:2: logo: name its file: logo_file"]),
        ("[branding]\nlogo_file = 'none.svg'\n", &["a.toml:2: logo_file: "]),
        ("[branding]\nlogo_file = 7\n", &["a.toml:2: logo_file: must be a text"]),
        ("[branding]\nname = 'a'\nlogo_file = 'a.toml'\n", &["a.toml:3: logo: must be a PNG or an SVG"]),
        (
            "[branding]\nname = ''\naccent_light = 'red'\naccent_dark = '#000000'\n",
            &[
                "a.toml:2: name: ",
                "a.toml:3: accent_light: must be a colour",
                "a.toml:4: accent_dark: cannot be read",
            ],
        ),
        ("[[webhook]]\nurl = 'https://a.example/'\n", &["a.toml:1: events: choose at least one"]),
        (
            "[[webhook]]\nurl = 'http://a.example/'\nevents = ['user.lost']\nsecrte = 'x'\n",
            &["a.toml:4: unknown: secrte"],
        ),
        (
            "[[webhook]]\nurl = 'https://10.0.0.1/'\nevents = ['user.lost']\n",
            &["a.toml:2: url: ", "a.toml:3: events: there is no event"],
        ),
        (
            "[[webhook]]\nurl = 'https://a.example/'\nsecret = 'whsec_x'\nevents = ['user.created']\n",
            &["a.toml:3: secret: this server makes the secret"],
        ),
        (
            "[[webhook]]\nurl = 'https://a.example/'\nurl_env = 'X'\nevents = ['user.created']\n",
            &["a.toml:3: url_env: name one of url, url_env and url_file"],
        ),
        ("[[webhook]]\nurl_env = 'X'\nevents = ['user.created']\n", &["a.toml:2: url_env: the environment"]),
        (
            "[[webhook]]\nurl_env = 'X'\nurl_file = 'y'\n",
            &["a.toml:2: url_env: name one of url_env and url_file"],
        ),
        (
            "[[webhook]]\nurl = 'https://a.example/'\nevents = ['user.created']\n\
             [[webhook]]\nurl = 'https://a.example/'\nevents = ['user.created']\n",
            &["a.toml:4: url: the same one stands at a.toml:1 already"],
        ),
        ("[[group]]\nname = 'a'\nmembers = ['ada']\n", &["a.toml:3: unknown: members"]),
        ("[[group]]\nname = 'a'\n[[group]]\nname = 'A'\n", &["a.toml:3: name: A stands at a.toml:1 already"]),
        (
            "[[client]]\nclient_id = 'a'\nredirect_uris = ['https://a.example/cb']\nclient_name = 'A'\n\
          token_endpoint_auth_method = 'private_key_jwt'\njwks = { keys = [] }\n",
            &["a.toml:6: jwks: "],
        ),
    ] {
        let files = folder(&[("a.toml", text)]);
        let outcome = as_code::plan(&app.app, files.path(), NOTHING, true).await;
        if complaints.is_empty() {
            assert_eq!(steps(&outcome.unwrap()), ["Delete client own "], "an empty file is a wish");
            continue;
        }
        let Err(Failure::Files(found)) = outcome else { panic!("{text:?} was taken") };
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), complaints.len(), "{text:?}: {found:?}");
        for complaint in complaints {
            assert!(
                found.iter().any(|line| line.starts_with(complaint)),
                "{text:?}: {complaint} in {found:?}"
            );
        }
    }
    // The same id in two files.
    let files = folder(&[("a.toml", fine), ("b/c.toml", fine)]);
    let Err(Failure::Files(found)) = as_code::plan(&app.app, files.path(), NOTHING, true).await else {
        panic!()
    };
    assert_eq!(found[0].to_string(), "b/c.toml:1: client_id: a stands at a.toml:1 already");
    for (files, words) in [
        (folder(&[]), "there are no .toml files"),
        (folder(&[("README", "")]), "there are no .toml files"),
        (folder(&[("a.toml", &"#".repeat((4 << 20) + 1))]), "a.toml: is longer than 4194304 bytes"),
    ] {
        let refused = as_code::plan(&app.app, files.path(), NOTHING, true).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let nowhere = as_code::plan(&app.app, Path::new("/nowhere/at/all"), NOTHING, true).await;
    assert!(nowhere.unwrap_err().to_string().contains("cannot be read"));
    assert_eq!(app.app.store.configuration().await.unwrap().0.len(), 1);
});

on_both!(providers_are_planned_applied_and_exported_without_their_secrets, |app| {
    let secret: as_code::Environment<'static> =
        &|name| (name == "SECRET").then(|| "an0ther s3cret".to_owned());
    let google = "[[upstream]]\npreset = \"google\"\nclient_id = \"g\"\nclient_secret_env = \"SECRET\"\nsign_up = true\n";
    let files = folder(&[("providers.toml", google)]);
    let planned = as_code::plan(&app.app, files.path(), secret, false).await.unwrap();
    let told = steps(&planned);
    assert!(told.len() == 1 && told[0].starts_with("Create upstream google "), "{told:?}");
    let json = serde_json::to_string(&planned).unwrap();
    assert!(json.contains("from the environment variable SECRET") && !json.contains("an0ther"), "{json}");
    apply(&app, planned).await;
    let providers = app.app.providers().await.unwrap();
    assert_eq!(providers.ids(), ["google"]);
    let sealed = app.app.store.upstreams().await.unwrap().0[0].secret.clone().unwrap();
    let opened: Value = app.app.seals.open(Purpose::UpstreamSecret, &sealed).unwrap();
    assert_eq!(opened["secret"], "an0ther s3cret");
    // What is there is no drift, with the source of the secret or without it; and neither is what was exported.
    let again = as_code::plan(&app.app, files.path(), secret, true).await.unwrap();
    assert_eq!((steps(&again), again.unchanged), (vec![], 1));
    let exported = TempDir::new().unwrap();
    export(&app, exported.path()).await;
    let text = std::fs::read_to_string(exported.path().join("upstreams.toml")).unwrap();
    assert!(text.contains("issuer = \"https://accounts.google.com\"") && !text.contains("an0ther"), "{text}");
    assert!(!text.contains(&sealed), "{text}");
    let from_export = plan(&app, exported.path(), true).await;
    assert_eq!((steps(&from_export), from_export.unchanged), (vec![], 1), "{text}");
    // Somebody changes it in the console: that is drift, and is put back; the secret stays.
    let caller = crate::admin_api::robot(&app).await;
    let off = json!({ "enabled": false, "trust_email": false });
    let path = "/admin/api/providers/google";
    assert_eq!(caller.json(axum::http::Method::PATCH, path, &off).await.status, 200);
    let drifted = plan(&app, exported.path(), true).await;
    assert!(
        steps(&drifted).contains(&"Change upstream google enabled,trust_email".to_owned()),
        "{:?}",
        steps(&drifted)
    );
    // Of two who apply, the second is told; nothing is done then.
    let late = plan(&app, exported.path(), false).await;
    let back = plan(&app, exported.path(), false).await;
    apply(&app, back).await;
    let refused = as_code::apply(&app.app, &Origin::cli(), late).await.unwrap_err();
    assert!(matches!(refused, Failure::Drifted), "{refused}");
    assert_eq!(app.app.store.upstreams().await.unwrap().0[0].secret.as_ref(), Some(&sealed));
    assert_eq!(app.app.providers().await.unwrap().ids(), ["google"]);
    // Pruned, it goes.
    let nothing = folder(&[("empty.toml", "")]);
    let pruned = plan(&app, nothing.path(), true).await;
    assert!(steps(&pruned).contains(&"Delete upstream google ".to_owned()), "{:?}", steps(&pruned));
    assert_eq!(plan(&app, nothing.path(), false).await.unmanaged.len(), 2, "the robot, and it");
    let only = as_code::plan(&app.app, &nothing.path().join("."), NOTHING, true).await.unwrap();
    apply(&app, only).await;
    assert!(app.app.providers().await.unwrap().is_empty());
    let rows = app.app.store.recent_audit(100).await.unwrap();
    for action in ["upstream.create", "upstream.update", "upstream.delete"] {
        let row = rows.iter().find(|row| row.action == action && row.actor == "cli").unwrap();
        assert!(row.detail.ends_with("(from files)"), "{}", row.detail);
    }
});

#[tokio::test]
async fn wrong_providers_in_files_are_refused_with_their_line() {
    let app = TestApp::start(crate::support::Engine::Sqlite).await;
    let app = app.configured(|config| config.upstreams = vec![crate::support::provider::nowhere("of-file")]);
    let oidc = "[[upstream]]\nid = \"a\"\nname = \"A\"\nkind = \"openid-connect\"\nclient_id = \"c\"\n";
    for (text, said) in [
        ("[[upstream]]\npreset = \"google\"\n".to_owned(), "x.toml:1: client_id: is missing"),
        (format!("{oidc}issuer = \"http://a.example\"\n"), "x.toml:6: issuer: must be an address"),
        (
            format!("{oidc}issuer = \"https://a.example\"\nclient_secret = \"s3cret\"\n"),
            "x.toml:7: client_secret: files hold no secrets",
        ),
        (
            format!("{oidc}issuer = \"https://a.example\"\nprivate_key = \"k\"\n"),
            "private_key: files hold no secrets",
        ),
        (format!("{oidc}issuer = \"https://a.example\"\ncolour = \"red\"\n"), "x.toml:7: unknown: colour"),
        (format!("{oidc}issuer = \"https://a.example\"\nclient_secret_env = \"NO\"\n"), "NO is not set"),
        (
            format!("{oidc}issuer = \"https://a.example\"\nclient_secret_env = \"NO\"\nkey_file = \"k\"\n"),
            "name one of client_secret_env and key_file",
        ),
        (
            format!("{oidc}issuer = \"https://a.example\"\n{oidc}issuer = \"https://a.example\"\n"),
            "id: a stands at x.toml:1 already",
        ),
        (
            "[[upstream]]\nid = \"of-file\"\npreset = \"google\"\nclient_id = \"g\"\n".to_owned(),
            "x.toml:2: id: is used in countersign.toml already",
        ),
        ("[[provider]]\nid = \"x\"\n".to_owned(), "unknown: provider"),
    ] {
        let files = folder(&[("x.toml", text.as_str())]);
        let refused = as_code::plan(&app.app, files.path(), NOTHING, false).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{text}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
