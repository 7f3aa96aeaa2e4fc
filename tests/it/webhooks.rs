//! Webhooks: what is sent, signed how, tried again when, and to whom never.

use std::time::Duration;

use axum::http::Method;
use countersign::admin::webhooks::{self as admin, Issued};
use countersign::app::{Origin, Parts};
use countersign::audit_chain::Chainer;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::webhook::{EVENTS, Webhook, WebhookInput, event_of};
use countersign::store::WebhookStanding;
use countersign::webhooks::tell_all;
use serde_json::{Value, json};

use crate::admin_api::{Caller, robot};
use crate::support::{Engine, Message, Receiver, START, TestApp, on_both};

/// The administration API.
struct Api(Caller);

impl Api {
    /// Status and JSON of the answer.
    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method: Method = method.parse().unwrap();
        let page = match body {
            Some(body) => self.0.json(method, path, body).await,
            None => self.0.send(&method, path, "").await,
        };
        let answer = if page.body.is_empty() { Value::Null } else { page.json() };
        (page.status.as_u16(), answer)
    }
}

/// What the chaining of a running server and its teller do each second.
async fn pass(app: &TestApp) {
    Chainer::new(app.app.clone()).chain().await.unwrap();
    tell_all(&app.app).await.unwrap();
}

fn wanting(url: &str, events: &[&str]) -> WebhookInput {
    WebhookInput {
        url: Some(url.to_owned()),
        events: Some(events.iter().map(|event| (*event).to_owned()).collect()),
        ..WebhookInput::default()
    }
}

/// An endpoint that is told of what happens after this.
async fn made(app: &TestApp, url: &str, events: &[&str]) -> (Webhook, String) {
    Chainer::new(app.app.clone()).chain().await.unwrap();
    let Issued { webhook, secret } =
        admin::create(&app.app, &Origin::cli(), &wanting(url, events)).await.unwrap();
    (webhook, secret.unwrap())
}

async fn stored(app: &TestApp, webhook: &Webhook) -> Webhook {
    app.app.store.webhook(&webhook.id).await.unwrap().unwrap()
}

/// Something that happens: `action` with this in the details.
async fn happens(app: &TestApp, action: &'static str, detail: &str) {
    let audit = app.app.audit(&Origin::cli(), action, "user:x".to_owned(), detail);
    app.app.store.audit(&audit).await.unwrap();
}

on_both!(events_arrive_once_in_order_and_signed, |app| {
    let receiver = Receiver::open().await;
    let (webhook, secret) = made(&app, &receiver.address, &["user.created", "user.disabled"]).await;
    // Moments of their own: within one, the log has no order.
    app.user("ada").await;
    for (action, detail) in
        [("user.update", "name"), ("user.update", "disabled=true name"), ("session.begin", "password")]
    {
        app.advance(1);
        happens(&app, action, detail).await;
    }
    app.advance(1);
    app.user("bob").await;
    tell_all(&app.app).await.unwrap();
    assert!(receiver.came().is_empty(), "what has no place in the chain has no order yet");
    pass(&app).await;
    let came = receiver.came();
    let events: Vec<_> = came.iter().map(Message::event).collect();
    assert_eq!(events, ["user.created", "user.disabled", "user.created"]);
    for message in &came {
        assert!(message.is_signed_with(&secret), "{message:?}");
        assert!(!message.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        assert_eq!((message.timestamp, message.content_type.as_str()), (START + 4, "application/json"));
        assert!(!message.body.contains("correct horse") && !message.body.contains(&secret));
    }
    let told = came[1].json();
    assert_eq!(told["timestamp"], "2026-01-01T00:00:02Z");
    assert_eq!(told["data"]["detail"], "disabled=true name");
    assert_eq!(told["data"]["actor"], "cli");
    assert_eq!(came[1].id, format!("msg_{}", told["data"]["id"].as_str().unwrap()));
    pass(&app).await;
    assert!(receiver.came().is_empty(), "once");
    let deliveries = admin::deliveries(&app.app, &webhook).await.unwrap();
    assert_eq!(deliveries.len(), 3);
    assert!(deliveries.iter().all(|row| row.state == "delivered" && row.status == Some(204)));
});

on_both!(what_fails_is_tried_again_with_the_same_id_and_nothing_overtakes_it, |app| {
    let receiver = Receiver::open().await;
    let (webhook, secret) = made(&app, &receiver.address, &["user.created", "key.revoked"]).await;
    receiver.answers(&[500, 503, 302]);
    app.user("ada").await;
    app.advance(1);
    happens(&app, "key.revoke", "").await;
    let mut ids = Vec::new();
    for wait in [6, 19, 76] {
        pass(&app).await;
        let came = receiver.came();
        assert_eq!(came.len(), 1, "the second waits for the first");
        ids.push(came[0].id.clone());
        assert_eq!(came[0].event(), "user.created");
        pass(&app).await;
        assert!(receiver.came().is_empty(), "not at once");
        app.advance(wait);
    }
    let failing = stored(&app, &webhook).await;
    assert_eq!((failing.attempts, failing.failing_since.map(|since| since.0)), (3, Some(START + 1)));
    assert!(failing.cause.contains("redirect"), "{}", failing.cause);
    pass(&app).await;
    let came = receiver.came();
    assert_eq!(came.iter().map(Message::event).collect::<Vec<_>>(), ["user.created", "key.revoked"]);
    assert!(ids.iter().all(|id| *id == came[0].id), "{ids:?}");
    // The time of the attempt, not of the event.
    assert_eq!(came[0].timestamp, START + 1 + 6 + 19 + 76);
    assert!(came[0].is_signed_with(&secret));
    let well = stored(&app, &webhook).await;
    assert_eq!((well.attempts, well.failing_since, well.cause.as_str()), (0, None, ""));
});

on_both!(who_answers_too_late_is_asked_again, |app| {
    let receiver = Receiver::open().await;
    let hasty = app.but(Parts {
        outgoing: app.app.outgoing.clone().within(Duration::from_millis(200)),
        ..Parts::clone(&app.app)
    });
    let (webhook, _) = made(&hasty, &receiver.address, &["user.created"]).await;
    receiver.waits(Duration::from_secs(2));
    app.user("ada").await;
    pass(&hasty).await;
    let late = stored(&hasty, &webhook).await;
    assert_eq!((late.attempts, late.cause.as_str()), (1, "did not answer in time"));
    assert_eq!(admin::deliveries(&hasty.app, &webhook).await.unwrap()[0].state, "retrying");
    receiver.waits(Duration::ZERO);
    receiver.came();
    app.advance(10);
    pass(&hasty).await;
    assert_eq!(receiver.events(), ["user.created"]);
});

on_both!(what_the_receiver_refuses_is_left_out_after_six_times, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.created"]).await;
    receiver.answers(&[400; 6]);
    app.user("ada").await;
    app.user("bob").await;
    for _ in 0..6 {
        pass(&app).await;
        app.advance(2 * 3600 / 6);
    }
    assert_eq!(receiver.came().len(), 6);
    pass(&app).await;
    let came = receiver.came();
    assert_eq!(came.len(), 1, "bob's gets through");
    let deliveries = admin::deliveries(&app.app, &webhook).await.unwrap();
    let states: Vec<_> = deliveries.iter().map(|row| (row.state.as_str(), row.attempts)).collect();
    assert_eq!(states, [("delivered", 1), ("failed", 6)]);
    // By hand, once more, with its own id.
    let failed = &deliveries[1].id;
    admin::redeliver(&app.app, &Origin::cli(), &stored(&app, &webhook).await, failed).await.unwrap();
    pass(&app).await;
    let again = receiver.came();
    assert_eq!((again.len(), &again[0].id), (1, failed));
});

on_both!(who_takes_nothing_for_a_day_is_stopped_and_goes_on_when_switched_on, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.created"]).await;
    receiver.always(500);
    app.user("ada").await;
    for _ in 0..60 {
        pass(&app).await;
        app.advance(1800);
    }
    let stopped = stored(&app, &webhook).await;
    assert_eq!(stopped.state.as_str(), "stopped");
    assert_eq!(stopped.cause, "answered with status 500");
    assert!(app.audit_log().await.contains(&format!("webhook.stop webhook:{}", webhook.id)));
    let tries = receiver.came().len();
    assert!((20..=40).contains(&tries), "{tries} attempts in a day");
    receiver.always(204);
    app.user("bob").await;
    pass(&app).await;
    assert!(receiver.came().is_empty());
    let refused = admin::test(&app.app, &Origin::cli(), &stopped).await;
    assert!(refused.unwrap_err().to_string().contains("switch it on"));
    let on = WebhookInput { enabled: Some(true), ..WebhookInput::from(&stopped) };
    admin::change(&app.app, &Origin::cli(), &stopped, &on).await.unwrap();
    pass(&app).await;
    assert_eq!(receiver.events(), ["user.created", "user.created"], "nothing is lost");
});

on_both!(gone_means_gone, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.created"]).await;
    receiver.answers(&[410]);
    app.user("ada").await;
    pass(&app).await;
    assert_eq!(stored(&app, &webhook).await.state.as_str(), "stopped");
});

on_both!(what_was_changed_since_it_was_read_is_not_deleted, |app| {
    let (webhook, _) = made(&app, "https://siem.example/in", &["user.created"]).await;
    let api = Api(robot(&app).await);
    let path = format!("/admin/api/webhooks/{}", webhook.id);
    // Somebody else is quicker, between the look and the statement.
    let off = WebhookInput { enabled: Some(false), ..WebhookInput::from(&webhook) };
    admin::change(&app.app, &Origin::cli(), &webhook, &off).await.unwrap();
    let refused = admin::delete(&app.app, &Origin::cli(), &webhook).await.unwrap_err();
    assert!(refused.to_string().contains("was changed meanwhile"), "{refused}");
    assert_eq!(stored(&app, &webhook).await.state.as_str(), "paused");
    assert!(!app.audit_log().await.iter().any(|row| row.starts_with("webhook.delete")));
    let stale = format!("\"{}\"", webhook.updated_at.0);
    let caller = api.0.clone().with("if-match", &stale);
    assert_eq!(caller.send(&Method::DELETE, &path, "").await.status, 412);
    assert_eq!(api.call("DELETE", &path, None).await.0, 204);
    let gone = admin::delete(&app.app, &Origin::cli(), &webhook).await.unwrap_err();
    assert!(gone.to_string().contains("there is no such webhook"), "{gone}");
});

on_both!(how_they_stand_is_counted_and_measured, |app| {
    let store = &app.app.store;
    assert_eq!(store.webhook_standing().await.unwrap(), WebhookStanding::default());
    let receiver = Receiver::open().await;
    let (failing, _) = made(&app, &receiver.address, &["user.created"]).await;
    let (paused, _) = made(&app, &receiver.address, &["user.created"]).await;
    let off = WebhookInput { enabled: Some(false), ..WebhookInput::from(&paused) };
    admin::change(&app.app, &Origin::cli(), &paused, &off).await.unwrap();
    receiver.answers(&[500]);
    app.user("ada").await;
    pass(&app).await;
    let standing = store.webhook_standing().await.unwrap();
    assert_eq!((standing.active, standing.failing, standing.paused, standing.stopped), (0, 1, 1, 0));
    assert!(standing.behind >= 1, "{standing:?}");
    app.advance(60);
    receiver.answers(&[410]);
    pass(&app).await;
    assert_eq!(stored(&app, &failing).await.state.as_str(), "stopped");
    let standing = store.webhook_standing().await.unwrap();
    assert_eq!((standing.failing, standing.stopped, standing.behind), (0, 1, 0));
    let counted = app.browser().get("/metrics").await.body;
    for outcome in ["delivered", "refused", "given_up", "stopped"] {
        assert!(
            counted.contains(&format!("countersign_webhook_messages_total{{outcome=\"{outcome}\"}}")),
            "{counted}"
        );
    }
});

on_both!(one_that_is_switched_off_or_deleted_hears_nothing, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.created"]).await;
    let (other, _) = made(&app, &receiver.address, &["user.created"]).await;
    let off = WebhookInput { enabled: Some(false), ..WebhookInput::from(&webhook) };
    let paused = admin::change(&app.app, &Origin::cli(), &webhook, &off).await.unwrap();
    admin::delete(&app.app, &Origin::cli(), &other).await.unwrap();
    app.user("ada").await;
    pass(&app).await;
    assert!(receiver.came().is_empty());
    // What it waits for may be left out.
    admin::skip(&app.app, &Origin::cli(), &paused).await.unwrap();
    let on = WebhookInput { enabled: Some(true), ..WebhookInput::from(&paused) };
    admin::change(&app.app, &Origin::cli(), &paused, &on).await.unwrap();
    pass(&app).await;
    assert!(receiver.came().is_empty());
    app.user("bob").await;
    pass(&app).await;
    assert_eq!(receiver.events(), ["user.created"]);
});

on_both!(a_new_secret_signs_beside_the_old_one_for_a_while, |app| {
    let receiver = Receiver::open().await;
    let (webhook, old) = made(&app, &receiver.address, &["user.created"]).await;
    let Issued { webhook, secret } =
        admin::rotate_secret(&app.app, &Origin::cli(), &webhook, Duration::from_secs(3600)).await.unwrap();
    let new = secret.unwrap();
    app.user("ada").await;
    pass(&app).await;
    let message = &receiver.came()[0];
    assert!(message.is_signed_with(&old) && message.is_signed_with(&new));
    app.advance(3600);
    app.user("bob").await;
    pass(&app).await;
    let message = &receiver.came()[0];
    assert!(!message.is_signed_with(&old) && message.is_signed_with(&new), "{message:?}");
    let old_version = Webhook { updated_at: Timestamp(0), ..webhook.clone() };
    let stale = admin::rotate_secret(&app.app, &Origin::cli(), &old_version, Duration::ZERO).await;
    assert!(stale.is_err(), "changed meanwhile");
    let too_long = Duration::from_secs(604_801);
    assert!(admin::rotate_secret(&app.app, &Origin::cli(), &webhook, too_long).await.is_err());
    // At once.
    let Issued { secret, .. } =
        admin::rotate_secret(&app.app, &Origin::cli(), &webhook, Duration::ZERO).await.unwrap();
    app.user("cy").await;
    pass(&app).await;
    let message = &receiver.came()[0];
    assert!(!message.is_signed_with(&new) && message.is_signed_with(&secret.unwrap()));
});

on_both!(a_node_that_ends_in_the_middle_loses_nothing, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.created"]).await;
    app.user("ada").await;
    Chainer::new(app.app.clone()).chain().await.unwrap();
    receiver.waits(Duration::from_secs(60));
    let first = app.app.clone();
    let telling = tokio::spawn(async move { tell_all(&first).await });
    while receiver.came().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    telling.abort();
    assert!(telling.await.unwrap_err().is_cancelled());
    receiver.waits(Duration::ZERO);
    let second = app.second_node().await;
    pass(&second).await;
    assert!(receiver.came().is_empty(), "its lease goes on");
    app.advance(60);
    pass(&second).await;
    assert_eq!(receiver.events(), ["user.created"]);
    assert_eq!(stored(&app, &webhook).await.attempts, 0);
});

on_both!(of_many_nodes_one_tells, |app| {
    let receiver = Receiver::open().await;
    made(&app, &receiver.address, &["user.created"]).await;
    let nodes = [app.clone(), app.second_node().await, app.second_node().await];
    for number in 0..40 {
        app.user(&format!("user{number}")).await;
    }
    Chainer::new(app.app.clone()).chain().await.unwrap();
    receiver.waits(Duration::from_millis(5));
    for _ in 0..20 {
        let telling = nodes.iter().map(|node| {
            let app = node.app.clone();
            tokio::spawn(async move { tell_all(&app).await })
        });
        for told in telling.collect::<Vec<_>>() {
            told.await.unwrap().unwrap();
        }
    }
    let ids: Vec<_> = receiver.came().into_iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), 40);
    assert!(ids.is_sorted(), "in order");
});

on_both!(a_test_arrives_and_does_not_wait_for_what_failed, |app| {
    let receiver = Receiver::open().await;
    let (webhook, secret) = made(&app, &receiver.address, &["user.created"]).await;
    receiver.answers(&[500]);
    app.user("ada").await;
    pass(&app).await;
    receiver.came();
    admin::test(&app.app, &Origin::cli(), &webhook).await.unwrap();
    pass(&app).await;
    let came = receiver.came();
    assert_eq!(came.iter().map(Message::event).collect::<Vec<_>>(), ["webhook.test", "user.created"]);
    assert!(came.iter().all(|message| message.is_signed_with(&secret)));
    let unknown = admin::redeliver(&app.app, &Origin::cli(), &webhook, "msg_none").await;
    assert!(unknown.is_err());
});

on_both!(no_more_deliveries_are_kept_than_can_be_shown, |app| {
    let receiver = Receiver::open().await;
    let (webhook, _) = made(&app, &receiver.address, &["user.updated"]).await;
    for _ in 0..130 {
        happens(&app, "user.update", "name").await;
    }
    pass(&app).await;
    while stored(&app, &webhook).await.place < app.app.store.last_audit_place().await.unwrap() {
        pass(&app).await;
    }
    assert_eq!(receiver.came().len(), 130);
    assert_eq!(admin::deliveries(&app.app, &webhook).await.unwrap().len(), 100);
});

/// Outside development nothing but public addresses is reached, whatever the name leads to.
#[tokio::test]
async fn private_addresses_are_never_reached() {
    let app = TestApp::start(Engine::Sqlite).await;
    let guarded = countersign::outgoing::Outgoing::new(&app.app.config.outgoing, false).unwrap();
    let app = app.but(Parts { outgoing: guarded, ..Parts::clone(&app.app) });
    let receiver = Receiver::open().await;
    for url in [
        receiver.address.as_str(),
        "http://siem.example/",
        "https://127.0.0.1:8443/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://user:pass@siem.example/",
        "https://siem.example:22/",
        "ftp://siem.example/",
        "siem.example",
        "javascript:alert(1)",
    ] {
        let refused = admin::create(&app.app, &Origin::cli(), &wanting(url, &["user.created"])).await;
        assert!(refused.unwrap_err().to_string().starts_with("url: "), "{url}");
    }
    // A name is judged when it is resolved.
    let (webhook, _) = made(&app, "https://hook.localhost/", &["user.created"]).await;
    app.user("ada").await;
    pass(&app).await;
    let refused = stored(&app, &webhook).await;
    assert_eq!(refused.attempts, 1);
    assert!(refused.cause.contains("not public"), "{}", refused.cause);
    assert!(receiver.came().is_empty());
}

#[tokio::test]
async fn there_are_not_endlessly_many() {
    let app = TestApp::start(Engine::Sqlite).await;
    for number in 0..50 {
        made(&app, &format!("https://a{number}.example/"), &["user.created"]).await;
    }
    let one_more = wanting("https://b.example/", &["user.created"]);
    let refused = admin::create(&app.app, &Origin::cli(), &one_more).await.unwrap_err();
    assert!(refused.to_string().contains("50 webhooks"), "{refused}");
}

/// Actions of the audit log that nobody can choose, and why: steps on the way to something that can be chosen, reading, and
/// the upkeep of the log and of this.
const NOT_EVENTS: [&str; 14] = [
    "administration.mistake",
    "sign_up.ask",
    "recovery.ask",
    "address.ask",
    "client.preview",
    "scope.preview",
    "directory.clash",
    "audit_chain.begin",
    "audit_chain.restart",
    "user_name.free",
    "webhook.test",
    "webhook.redeliver",
    "mail.cancel",
    "mail.hurry",
];

/// Every text of the form that `app.audit` is called with, wherever that is.
#[test]
fn every_action_is_an_event_or_known_not_to_be_one() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for (_, rest) in text.match_indices(".audit(").map(|(at, _)| text.split_at(at)) {
                let call: String = rest.chars().take(160).collect();
                let Some(action) = call.split('"').nth(1) else { continue };
                let is_action = action.split_once('.').is_some_and(|(thing, verb)| {
                    [thing, verb].iter().all(|part| {
                        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                    })
                });
                if is_action {
                    seen += 1;
                    assert!(
                        event_of(action, "").is_some() || NOT_EVENTS.contains(&action),
                        "{action} in {} is neither an event nor known not to be one",
                        path.display()
                    );
                }
            }
        }
    }
    assert!(seen > 50, "{seen} actions are found");
    let documented = include_str!("../../docs/webhooks.md");
    for event in EVENTS {
        assert!(documented.contains(&format!("`{}`", event.name)), "docs/webhooks.md lacks {}", event.name);
    }
}

on_both!(rfc9457_the_api_refuses_what_is_wrong_and_shows_secrets_once, |app| {
    let receiver = Receiver::open().await;
    let api = Api(robot(&app).await);
    let good = json!({ "url": receiver.address, "events": ["user.created"], "description": "SIEM" });
    for (what, field) in [
        (json!({}), "url"),
        (json!({ "url": "http://10.0.0.1/", "events": ["user.created"] }), "url"),
        (json!({ "url": receiver.address, "events": [] }), "events"),
        (json!({ "url": receiver.address, "events": ["nothing"] }), "events"),
        (
            json!({ "url": receiver.address, "events": ["user.created"], "description": "a\u{202e}b" }),
            "description",
        ),
    ] {
        let (status, answer) = api.call("POST", "/admin/api/webhooks", Some(&what)).await;
        assert_eq!(status, 400, "{what}");
        let fields: Vec<_> =
            answer["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        assert!(fields.contains(&json!(field)), "{what} {answer}");
    }
    for what in
        [json!({ "secret": "x" }), json!({ "url": 1 }), json!({ "events": "user.created" }), json!([])]
    {
        assert_eq!(api.call("POST", "/admin/api/webhooks", Some(&what)).await.0, 400, "{what}");
    }
    let (status, made) = api.call("POST", "/admin/api/webhooks", Some(&good)).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/admin/api/webhooks/{}", made["id"].as_str().unwrap());
    let (_, shown) = api.call("GET", &path, None).await;
    assert_eq!((shown.get("secret"), &shown["state"]), (None, &json!("active")));
    let (status, changed) = api.call("PATCH", &path, Some(&json!({ "enabled": false }))).await;
    assert_eq!(
        (status, &changed["state"], &changed["url"]),
        (200, &json!("paused"), &json!(receiver.address))
    );
    assert_eq!(api.call("POST", &format!("{path}/test"), None).await.0, 400, "it is switched off");
    assert_eq!(api.call("PATCH", &path, Some(&json!({ "enabled": null }))).await.1["state"], "active");
    assert_eq!(api.call("POST", &format!("{path}/test"), None).await.0, 202);
    let (_, deliveries) = api.call("GET", &format!("{path}/deliveries"), None).await;
    assert_eq!(deliveries["deliveries"][0]["state"], "waiting");
    pass(&app).await;
    let (_, deliveries) = api.call("GET", &format!("{path}/deliveries"), None).await;
    assert_eq!(
        (&deliveries["deliveries"][0]["state"], &deliveries["deliveries"][0]["status"]),
        (&json!("delivered"), &json!(204))
    );
    let test = deliveries["deliveries"][0]["id"].as_str().unwrap();
    assert_eq!(api.call("POST", &format!("{path}/deliveries/{test}/redeliver"), None).await.0, 202);
    assert_eq!(api.call("POST", &format!("{path}/deliveries/msg_x/redeliver"), None).await.0, 404);
    let (status, rotated) = api.call("POST", &format!("{path}/secret?keep_old_seconds=60"), None).await;
    assert_eq!(status, 200);
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["old_secret_expires_at"], START + 60);
    assert_eq!(api.call("POST", &format!("{path}/secret?keep_old_seconds=604801"), None).await.0, 400);
    assert_eq!(api.call("DELETE", &format!("{path}/old-secret"), None).await.0, 204);
    assert_eq!(api.call("DELETE", &format!("{path}/old-secret"), None).await.0, 404);
    assert_eq!(api.call("POST", &format!("{path}/skip"), None).await.0, 204);
    assert_eq!(api.call("DELETE", &path, None).await.0, 204);
    for (method, path) in [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/test"))]
    {
        assert_eq!(api.call(method, &path, None).await.0, 404, "{method} {path}");
    }
    let log = app.app.store.recent_audit(100).await.unwrap();
    assert!(
        log.iter().all(|row| !row.detail.contains("of-the-address")),
        "no address of a receiver is logged"
    );
});
