//! The administrator's first page in numbers: what is counted, where it is kept, and how it is shown.

use countersign::protocol::timestamp::Timestamp;
use countersign::statistics::note_sessions;
use countersign::store::{Measure, Sum};
use serde_json::{Value, json};

use crate::admin_api::{administrator, problem, robot};
use crate::support::{START, TestApp, granted, on_both};

/// What was counted of a name in a span, over all its parts.
fn total(overview: &Value, group: &str, name: &str) -> i64 {
    let found = overview[group].as_array().unwrap().iter().find(|series| series["name"] == name);
    found.map_or(0, |series| sum(&series["counts"]))
}

fn sum(counts: &Value) -> i64 {
    counts.as_array().unwrap().iter().map(|count| count.as_i64().unwrap()).sum()
}

async fn stored(app: &TestApp, width: i64) -> Vec<Sum> {
    app.app.store.statistics(width, Timestamp(0), Timestamp(START * 2), START * 2).await.unwrap()
}

on_both!(what_happens_is_counted_on_every_node_and_shown_together, |app| {
    let node = app.second_node().await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.tokens(&mut browser, "ada", "openid").await;
    let code = rp.code(&mut browser, "ada", "openid").await;
    granted(&rp.redeem(&code).await);
    rp.redeem(&code).await;
    // On the other node somebody mistypes their password, and a machine works.
    let mut elsewhere = node.browser();
    let page = elsewhere.open("/login").await;
    assert_eq!(elsewhere.sign_in_with(&page, "ada", "wrong").await.status, 401);
    let machine = crate::support::Rp::new(&node, &node.client("machine", |_| {}).await);
    granted(&machine.token(&[("grant_type", "client_credentials")]).await);
    node.app.statistics.write(&node.app.store, node.app.clock.now()).await.unwrap();
    note_sessions(&app.app).await.unwrap();

    let robot = robot(&app).await;
    for span in ["hour", "day", "month"] {
        let shown = robot.get(&format!("/admin/api/statistics?span={span}")).await.json();
        assert_eq!(sum(&shown["sign_ins"]), 1, "{span}: {shown}");
        assert_eq!(total(&shown, "refused", "password"), 1, "{span}");
        assert_eq!(total(&shown, "tokens", "authorization_code"), 2, "{span}");
        assert!(total(&shown, "tokens", "client_credentials") >= 1, "{span}");
        assert_eq!(total(&shown, "failures", "invalid_grant"), 1, "{span}");
        assert_eq!(shown["sessions"].as_array().unwrap().last().unwrap(), &json!(1), "{span}");
        assert_eq!(sum(&shown["errors"]), 0);
        let p95 = shown["p95_ms"].as_array().unwrap().iter().rev().find_map(Value::as_f64).unwrap();
        let median = shown["median_ms"].as_array().unwrap().iter().rev().find_map(Value::as_f64).unwrap();
        assert!(median > 0.0 && p95 >= median, "{median} {p95}");
        assert_eq!(shown["warnings"], json!([]));
    }
    for bad in ["span=year", "span=", "span=HOUR", "elsewhere=1", "span=day&span=day"] {
        problem(&robot.get(&format!("/admin/api/statistics?{bad}")).await, 400);
    }
});

on_both!(the_rows_are_few_whatever_visitors_send_and_old_ones_go, |app| {
    for number in 0..40 {
        app.browser().get(&format!("/authorize?client_id=evil{number}&response_type=made-up{number}")).await;
        app.browser().get(&format!("/no/such/page/{number}")).await;
    }
    let write = async || app.app.statistics.write(&app.app.store, app.app.clock.now()).await.unwrap();
    write().await;
    let minute = stored(&app, 60).await;
    assert!(
        minute.iter().all(|sum| countersign::statistics::COUNTERS.contains(&sum.name.as_str())),
        "{minute:?}"
    );
    assert!(minute.len() < 20, "{minute:?}");
    assert_eq!(minute, stored(&app, 3600).await);
    write().await;
    assert_eq!(minute, stored(&app, 60).await, "what was written once is not written again");

    let clean_up = async || app.app.store.clean_up(app.app.clock.now()).await.unwrap();
    app.advance(26 * 3600 - 60);
    assert_eq!(clean_up().await, 0, "a day of minutes is shown");
    app.advance(180);
    assert_eq!(clean_up().await, minute.len() as u64);
    assert_eq!((stored(&app, 60).await, stored(&app, 3600).await), (vec![], minute.clone()));
    app.advance(33 * 24 * 3600);
    assert_eq!(clean_up().await, minute.len() as u64, "and a month of hours");
});

on_both!(what_is_counted_on_two_nodes_at_once_adds_up, |app| {
    let node = app.second_node().await;
    let nodes = (0..16).map(|number| (if number % 2 == 0 { app.clone() } else { node.clone() }, number));
    crate::support::at_once(nodes.map(|(node, _)| async move {
        let measures = [Measure { name: "sign_in", count: 3 }, Measure { name: "error", count: 1 }];
        node.app.store.add_statistics(Timestamp(START + 61), &measures).await.unwrap();
    }))
    .await;
    let sums: Vec<(String, i64)> =
        stored(&app, 60).await.into_iter().map(|sum| (sum.name, sum.total)).collect();
    assert_eq!(sums, [("error".to_owned(), 16), ("sign_in".to_owned(), 48)]);
});

on_both!(the_page_draws_it_and_says_what_to_look_at, |app| {
    let (_, mut root) = administrator(&app, "root").await;
    let now = app.app.clock.now();
    let attack = [Measure { name: "refused.password", count: 40 }, Measure { name: "error", count: 2 }];
    app.app.store.add_statistics(now, &attack).await.unwrap();
    for (address, current) in
        [("/admin", "Last Hour"), ("/admin?span=day", "Last Day"), ("/admin?span=month", "Last Month")]
    {
        let page = root.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(!page.body.contains("<script") && !page.body.contains("style="), "{address}");
        let text = page.text();
        for words in [
            "Sign-ins",
            "Tokens by grant",
            "Active sessions",
            "Time to answer",
            "wrong password, or no such user",
            "40 sign-ins were refused",
            "2 answers were failures of this server",
        ] {
            assert!(text.contains(words), "{address}: {words}: {text}");
        }
        assert!(page.body.contains("aria-current=\"true\"><span class=\"vh\">Last "), "{current}");
    }
    assert_eq!(root.get("/admin?span=year").await.status, 400);
    // A key that nobody replaced.
    app.advance(200 * 24 * 3600);
    let (_, mut root) = administrator(&app, "later").await;
    let text = root.get("/admin").await.text();
    assert!(text.contains("days old, and was to be replaced after 90 days"), "{text}");
});
