//! The audit log as it is read: filters, pages, cursors, exports.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use countersign::app::Origin;
use countersign::protocol::client::Client;
use countersign::store::AuditEntry;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::admin_api::{Caller, administrator, problem, robot, token};
use crate::support::{START, TestApp, encode, on_both};

/// Writes an entry that differs from others in these fields.
pub async fn write(app: &TestApp, change: impl FnOnce(&mut AuditEntry)) {
    let mut entry = crate::store_conformance::audit(app, "test.note");
    change(&mut entry);
    app.app.store.audit(&entry).await.unwrap();
}

/// Writes many at once, each with its number as detail.
pub async fn write_many(app: &TestApp, count: usize) {
    let mut numbers = 0..count;
    loop {
        let some: Vec<_> = numbers
            .by_ref()
            .take(512)
            .map(|number| {
                let (store, mut entry) =
                    (app.app.store.clone(), crate::store_conformance::audit(app, "test.many"));
                entry.detail = format!("number {number};");
                async move { store.audit(&entry).await.unwrap() }
            })
            .collect();
        if some.is_empty() {
            return;
        }
        crate::support::at_once(some).await;
    }
}

fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    encode(&pairs)
}

async fn page(caller: &Caller, pairs: &[(&str, &str)]) -> Value {
    let page = caller.get(&format!("/admin/api/audit?{}", query(pairs))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()
}

/// The details of every entry that a filter means, page by page.
async fn all(caller: &Caller, filter: &[(&str, &str)], limit: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    for _ in 0..1000 {
        let one = page(caller, &[filter, &[("limit", limit), ("after", &after)]].concat()).await;
        let entries = one["entries"].as_array().unwrap();
        assert!(entries.len() <= limit.parse().unwrap());
        found.extend(entries.iter().map(|entry| entry["detail"].as_str().unwrap().to_owned()));
        match one["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return found,
        }
    }
    panic!("no end of {filter:?}")
}

on_both!(every_filter_finds_its_rows_and_pages_hold_each_once, |app| {
    let ada = app.user("ada").await;
    let user = format!("user:{}", ada.id);
    app.advance(1000);
    for number in 0..7 {
        app.advance(60);
        write(&app, |entry| {
            entry.actor.clone_from(&user);
            entry.action = if number % 2 == 0 { "test.even" } else { "test.odd" };
            entry.target = format!("thing:{}", number % 3);
            entry.detail = format!("Détail {number} 100%_!");
            "192.0.2.7".clone_into(&mut entry.ip);
            entry.correlation_id = format!("request-{number}");
        })
        .await;
    }
    let robot = robot(&app).await;
    let numbers = |wanted: &[u32]| -> Vec<String> {
        wanted.iter().map(|number| format!("Détail {number} 100%_!")).collect()
    };
    let moment = |number: i64| (START + 1000 + 60 * (number + 1)).to_string();
    let newest_first = [6, 5, 4, 3, 2, 1, 0];
    for (filter, wanted) in [
        (&[("actor", "ada")][..], &newest_first[..]),
        (&[("actor", "ADA")], &newest_first),
        (&[("actor", &user)], &newest_first),
        (&[("action", "test.even")], &[6, 4, 2, 0]),
        (&[("action", "test.even"), ("actor", "ada"), ("target", "thing:0")], &[6, 0]),
        (&[("target", "thing:1")], &[4, 1]),
        (&[("correlation_id", "request-3")], &[3]),
        (&[("correlation_id", "request-3"), ("action", "test.even")], &[]),
        (&[("cause", "détail 5")], &[5]),
        (&[("cause", "DéTAIL 5")], &[5]),
        (&[("cause", "100%_!")], &newest_first),
        (&[("cause", "100__!")], &[]),
        (&[("cause", "192.0.2.7")], &[]),
        (&[("search", "192.0.2.7")], &newest_first),
        (&[("search", "REQUEST-4")], &[4]),
        (&[("search", "test.odd thing:2")], &[5]),
        (&[("actor", "ada"), ("since", &moment(2)), ("until", &moment(5))], &[4, 3, 2]),
        (&[("target", "thing:0"), ("since", &moment(6))], &[6]),
        (&[("actor", "ada"), ("until", &moment(0))], &[]),
        (&[("actor", "ada"), ("since", "2026-01-01"), ("until", "2026-01-01")], &newest_first),
        (&[("actor", "ada"), ("since", "2026-01-02")], &[]),
        (&[("actor", "ada"), ("since", "2026-01-01T00:17:40Z"), ("until", "2026-01-01T00:18:40")], &[0]),
        (&[("action", "no.such")], &[]),
    ] {
        for limit in ["1", "2", "3", "100"] {
            assert_eq!(all(&robot, filter, limit).await, numbers(wanted), "{filter:?} by {limit}");
        }
    }
});

on_both!(what_is_no_filter_and_no_cursor_of_it_is_refused_by_name, |app| {
    let robot = robot(&app).await;
    write_many(&app, 5).await;
    let many = [("action", "test.many"), ("limit", "2")];
    let cursor = page(&robot, &many).await["next"].as_str().unwrap().to_owned();
    page(&robot, &[&many[..], &[("after", &cursor)]].concat()).await;
    // A page may have another size, and an empty field is none.
    page(&robot, &[("action", "test.many"), ("limit", "3"), ("after", &cursor), ("actor", "")]).await;
    let cut = &cursor[..cursor.len() - 1];
    let (long, moved) = ("x".repeat(301), cursor.replacen(cursor.chars().next().unwrap(), "f", 1));
    for (pairs, field, says) in [
        (&[("after", cursor.as_str())][..], "after", "another filter"),
        (&[("action", "test.note"), ("after", &cursor)], "after", "another filter"),
        (&[("action", "test.many"), ("search", "x"), ("after", &cursor)], "after", "another filter"),
        (&[("action", "test.many"), ("after", cut)], "after", "not a cursor"),
        (&[("action", "test.many"), ("after", &moved)], "after", "not a cursor"),
        (&[("action", "test.many"), ("after", "zzzz.0000.AAAA")], "after", "not a cursor"),
        (&[("action", "test.many"), ("after", "é")], "after", "not a cursor"),
        (&[("since", "yesterday")], "since", "is not a time"),
        (&[("since", "2026-02-30")], "since", "is not a time"),
        (&[("until", "99999999999999999999")], "until", "is not a time"),
        (&[("until", "253402300800")], "until", "after 9999"),
        (&[("since", "2026-01-02"), ("until", "2026-01-01")], "until", "not later"),
        (&[("search", &long)], "search", "300"),
        (&[("cause", "a\u{7}b")], "cause", "control character"),
        (&[("actor", "nobody-of-this-name")], "actor", "is no user name"),
    ] {
        let answer = robot.get(&format!("/admin/api/audit?{}", query(pairs))).await;
        let answer = problem(&answer, 400);
        let error = &answer["errors"][0];
        assert_eq!(error["field"], field, "{pairs:?} {answer}");
        assert!(error["message"].as_str().unwrap().contains(says), "{pairs:?} {answer}");
        if field != "after" {
            problem(&robot.get(&format!("/admin/api/audit/export?{}", query(pairs))).await, 400);
        }
    }
    for pairs in
        ["limit=0", "limit=1001", "limit=x", "elsewhere=1", "actor=a&actor=b", "search=%00", "cause=%ff"]
    {
        problem(&robot.get(&format!("/admin/api/audit?{pairs}")).await, 400);
    }
    for pairs in ["format=xml", "format=CSV", "after=x", "limit=5", "format=csv&format=csv"] {
        problem(&robot.get(&format!("/admin/api/audit/export?{pairs}")).await, 400);
    }
});

on_both!(exports_hold_every_row_once_and_no_formula, |app| {
    let robot = robot(&app).await;
    write_many(&app, 1201).await;
    let formula = "=HYPERLINK(\"https://evil.example\")\r\n+cmd";
    write(&app, |entry| {
        formula.clone_into(&mut entry.detail);
        entry.action = "test.evil";
    })
    .await;

    let lines = robot.get("/admin/api/audit/export?format=jsonl&action=test.many").await;
    assert_eq!(
        (lines.status, lines.header("content-type")),
        (200.try_into().unwrap(), Some("application/jsonl"))
    );
    let details: Vec<String> = lines
        .body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["detail"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(details.len(), 1201);
    assert_eq!(details.iter().collect::<BTreeSet<_>>().len(), 1201);

    let csv = robot.get("/admin/api/audit/export?action=test.many").await;
    assert!(csv.header("content-disposition").unwrap().contains("audit.csv"));
    assert_eq!(csv.body.matches("\r\n").count(), 1202, "a head and a line for each");
    assert!(
        csv.body.starts_with("time,actor,action,target,detail,ip,user_agent,correlation_id,id\r\n\"2026-")
    );
    let evil = robot.get("/admin/api/audit/export?action=test.evil").await;
    assert!(evil.body.contains("\"'=HYPERLINK(\"\"https://evil.example\"\")\r\n+cmd\""), "{}", evil.body);
    let evil = robot.get("/admin/api/audit/export?format=jsonl&action=test.evil").await;
    assert_eq!(evil.json()["detail"], json!(formula), "JSON lines are exact");
    let nothing = robot.get("/admin/api/audit/export?format=jsonl&action=no.such").await;
    assert_eq!((nothing.status.as_u16(), nothing.body.as_str()), (200, ""));
    let all = robot.get("/admin/api/audit/export?format=jsonl&search=number+77%3B").await;
    assert_eq!(all.body.lines().count(), 1, "a search goes through the whole log");
});

on_both!(an_export_breaks_off_when_whoever_asked_is_signed_out, |app| {
    write_many(&app, 2_600).await;
    for signed_out in [false, true] {
        let robot = format!("robot-{signed_out}");
        let token = token(&app, &robot, "countersign:admin").await;
        let request = Request::get("/admin/api/audit/export?format=jsonl&action=test.many")
            .header("authorization", format!("Bearer {token}"));
        let answer = app.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        if signed_out {
            let client = app.stored_client(&robot).await;
            let off = Client { disabled: true, ..client.clone() };
            let audit = crate::store_conformance::audit(&app, "test.off");
            assert!(app.app.store.update_client(&off, client.updated_at, &audit).await.unwrap());
        }
        let whole = to_bytes(answer.into_body(), usize::MAX).await;
        assert_eq!(whole.is_err(), signed_out, "{whole:?}");
    }
});

on_both!(a_search_in_a_long_log_goes_on_until_its_end, |app| {
    let caller = robot(&app).await;
    write(&app, |entry| "needle".clone_into(&mut entry.detail)).await;
    app.advance(1);
    write_many(&app, 5_050).await;
    let one = page(&caller, &[("search", "NEEDLE")]).await;
    assert_eq!(one["entries"], json!([]), "five thousand rows are looked through at a time");
    assert_eq!(all(&caller, &[("search", "needle")], "100").await, ["needle"]);
    let (_, mut root) = administrator(&app, "root").await;
    let empty = root.get("/admin/audit?search=needle").await;
    assert!(empty.text().contains("what is older was not looked through yet"), "{}", empty.text());
    let next = empty.attribute("p.more a", "href");
    let shown = root.get(&next).await;
    assert!(shown.text().contains("needle"), "{}", shown.text());
});

on_both!(the_page_shows_who_did_what_by_name_and_says_what_is_wrong, |app| {
    let (_, mut root) = administrator(&app, "root").await;
    app.rp("web").await;
    let evil = "<script>alert(1)</script>";
    write(&app, |entry| {
        "client:web".clone_into(&mut entry.target);
        evil.clone_into(&mut entry.detail);
        "0123456789abcdef".clone_into(&mut entry.correlation_id);
    })
    .await;
    let shown = root.get("/admin/audit").await;
    assert_eq!(shown.status, 200);
    shown.assert_inert();
    let text = shown.text();
    for words in ["Client web", "root", "session.begin", evil, "01234567"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let shown = root.get("/admin/audit?actor=root&action=session.begin").await;
    assert!(shown.text().contains("session.begin") && !shown.text().contains("Client web"));
    assert!(shown.body.contains("/admin/api/audit/export?actor=root"), "{}", shown.body);
    for (bad, says) in [
        ("since=yesterday", "From: is not a time"),
        ("actor=nobody-at-all", "Who: is no user name"),
        ("after=x", "is not a cursor"),
        ("since=2026-01-02&until=2026-01-01", "Until: is not later"),
    ] {
        let shown = root.get(&format!("/admin/audit?{bad}")).await;
        assert_eq!(shown.status, 400, "{bad}");
        assert!(shown.text().contains(says), "{bad}: {}", shown.text());
        assert!(!shown.body.contains("/admin/api/audit/export"), "nothing to export");
    }
    for _ in 0..60 {
        write(&app, |_| {}).await;
    }
    let first = root.get("/admin/audit?action=test.note").await;
    let second = root.get(&first.attribute("p.more a", "href")).await;
    assert_eq!(first.body.matches("<tr>").count() + second.body.matches("<tr>").count(), 2 + 61);
});

on_both!(what_strangers_chose_commands_no_terminal_that_shows_the_log, |app| {
    let (_, mut browser) = administrator(&app, "root").await;
    let detail = "a\u{1b}[2J\nb\u{202e}";
    let entry = app.app.audit(&Origin::system(), "test.note", "user:\r".to_owned(), detail);
    app.app.store.audit(&entry).await.unwrap();
    let shown = browser.get("/admin/audit").await.body;
    assert!(shown.contains("a\u{fffd}[2J\u{fffd}b\u{fffd}") && shown.contains("user:\u{fffd}"), "{shown}");
});
