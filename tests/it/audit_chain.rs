//! The chain of the audit log: whatever is done to a row behind the server's back is found, and nothing else is.

use countersign::app::Origin;
use countersign::audit_chain::{
    ChainError, Chainer, Expected, Report, RestartError, forget, restart, verify,
};
use countersign::config;
use countersign::protocol::audit_chain::{ChainMark, Kind, Mark, Walk};
use countersign::protocol::timestamp::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::audit::{write, write_many};
use crate::support::{START, TestApp, at_once, on_both};

/// Changes the database itself, past the store.
async fn alter(app: &TestApp, sql: impl Into<String>) {
    let sql = sqlx::AssertSqlSafe(sql.into());
    match &app.app.config.database.engine {
        config::Engine::Sqlite(file) => {
            let mut raw = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            raw.execute(sqlx::raw_sql(sql)).await.unwrap();
        }
        config::Engine::Postgres(url) => {
            PgConnection::connect(url).await.unwrap().execute(sqlx::raw_sql(sql)).await.unwrap();
        }
    }
}

async fn chain(app: &TestApp) -> usize {
    Chainer::new(app.app.clone()).chain().await.unwrap()
}

async fn report(app: &TestApp) -> Report {
    verify(&app.app, None).await.unwrap()
}

/// In which way the chain does not hold, and where.
async fn verdict(app: &TestApp) -> Option<(Kind, i64)> {
    report(app).await.broken.map(|broken| (broken.kind, broken.seq))
}

/// A chain of a few rows of different seconds, and its length.
async fn chained(app: &TestApp, rows: usize) -> i64 {
    for number in 0..rows {
        app.advance(1);
        write(app, |entry| {
            entry.detail = format!("number {number}");
            "192.0.2.1".clone_into(&mut entry.ip);
        })
        .await;
    }
    chain(app).await;
    let report = report(app).await;
    assert_eq!((report.broken, report.waiting), (None, 0));
    assert_eq!(report.checked, u64::try_from(report.last - report.first + 1).unwrap());
    report.last
}

const SAVE: &str =
    "CREATE TABLE saved AS SELECT * FROM audit_log; CREATE TABLE marks AS SELECT * FROM audit_chain";
const RESTORE: &str = "DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM saved;
     DELETE FROM audit_chain; INSERT INTO audit_chain SELECT * FROM marks";

on_both!(whatever_is_done_to_any_row_is_found_and_named, |app| {
    let last = chained(&app, 4).await;
    assert!(last >= 5, "the rows, and that the chain was begun");
    alter(&app, SAVE).await;
    let columns = [
        "id = id || 'x'",
        "at = at + 1",
        "actor = actor || 'x'",
        "action = action || 'x'",
        "target = target || 'x'",
        "detail = detail || 'x'",
        "ip = ip || 'x'",
        "user_agent = user_agent || 'x'",
        "correlation_id = correlation_id || 'x'",
        "mac = 'x'",
    ];
    let made_up = "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent, seq, mac, link)
         SELECT '0made-up', at, actor, action, target, detail, ip, correlation_id, user_agent";
    for n in 1..=last {
        let mut attacks: Vec<(String, (Kind, i64))> = columns
            .iter()
            .map(|change| (format!("UPDATE audit_log SET {change} WHERE seq = {n}"), (Kind::Changed, n)))
            .collect();
        attacks.push((format!("UPDATE audit_log SET link = 'x' WHERE seq = {n}"), (Kind::OutOfPlace, n)));
        let gap = if n == last { Kind::CutOff } else { Kind::Removed };
        attacks.push((format!("DELETE FROM audit_log WHERE seq = {n}"), (gap, n)));
        attacks.push((
            format!("UPDATE audit_log SET seq = NULL, mac = NULL, link = NULL WHERE seq = {n}"),
            (gap, n),
        ));
        attacks.push((
            format!(
                "DELETE FROM audit_log WHERE seq = {n}; UPDATE audit_log SET seq = -seq WHERE seq > {n};
                 UPDATE audit_log SET seq = -seq - 1 WHERE seq < 0"
            ),
            (if n == last { Kind::CutOff } else { Kind::OutOfPlace }, n),
        ));
        attacks.push((
            format!(
                "UPDATE audit_log SET seq = -seq WHERE seq >= {n}; UPDATE audit_log SET seq = -seq + 1 WHERE seq < 0;
                 {made_up}, {n}, mac, link FROM audit_log WHERE seq = {n} + 1"
            ),
            (Kind::Inserted, n),
        ));
        attacks.push((
            format!("DROP INDEX audit_log_by_seq; {made_up}, {n}, mac, link FROM audit_log WHERE seq = {n}"),
            (Kind::Inserted, n),
        ));
        for m in n + 1..=last {
            attacks.push((
                format!(
                    "UPDATE audit_log SET seq = -1 WHERE seq = {n}; UPDATE audit_log SET seq = {n} WHERE seq = {m};
                     UPDATE audit_log SET seq = {m} WHERE seq = -1"
                ),
                (Kind::OutOfPlace, n),
            ));
        }
        for (attack, found) in attacks {
            alter(&app, &attack[..]).await;
            assert_eq!(verdict(&app).await, Some(found), "{attack}");
            alter(&app, RESTORE).await;
            alter(
                &app,
                "CREATE UNIQUE INDEX IF NOT EXISTS audit_log_by_seq ON audit_log (seq) WHERE seq IS NOT NULL",
            )
            .await;
        }
        assert_eq!(verdict(&app).await, None);
    }
    for (attack, found) in [
        (
            format!("{made_up}, {last} + 1, mac, link FROM audit_log WHERE seq = {last}"),
            (Kind::Inserted, last + 1),
        ),
        (
            format!(
                "DELETE FROM audit_log WHERE seq = {last}; UPDATE audit_chain SET seq = {last} - 1, link = (SELECT link
                 FROM audit_log WHERE seq = {last} - 1) WHERE name = 'head'"
            ),
            (Kind::Mark, last - 1),
        ),
        ("UPDATE audit_chain SET mac = 'x' WHERE name = 'anchor'".to_owned(), (Kind::Mark, 0)),
        ("DELETE FROM audit_chain".to_owned(), (Kind::Mark, 0)),
        ("DELETE FROM audit_chain WHERE name = 'anchor'".to_owned(), (Kind::Mark, 0)),
        ("DELETE FROM audit_log".to_owned(), (Kind::CutOff, 1)),
        ("DELETE FROM audit_log; DELETE FROM audit_chain WHERE name = 'head'".to_owned(), (Kind::Mark, 0)),
        ("UPDATE audit_chain SET seq = 2, link = (SELECT link FROM audit_log WHERE seq = 2) WHERE name = 'anchor'".to_owned(), (Kind::Mark, 2)),
    ] {
        alter(&app, &attack[..]).await;
        assert_eq!(verdict(&app).await, Some(found), "{attack}");
        alter(&app, RESTORE).await;
    }
});

on_both!(what_was_noted_down_elsewhere_finds_a_log_that_was_put_back, |app| {
    let last = chained(&app, 3).await;
    let mut chainer = Chainer::new(app.app.clone());
    chainer.chain().await.unwrap();
    alter(&app, SAVE).await;
    let longer = chained(&app, 2).await;
    chainer.chain().await.unwrap();
    let now = report(&app).await;
    let noted = Expected { seq: now.last, link: now.link };
    assert_eq!(verify(&app.app, Some(&noted)).await.unwrap().broken, None);
    // A whole older state is genuine in itself.
    alter(&app, RESTORE).await;
    assert_eq!(verdict(&app).await, None);
    let found = verify(&app.app, Some(&noted)).await.unwrap().broken.unwrap();
    assert_eq!((found.kind, found.seq), (Kind::CutOff, last + 1));
    let refused = chainer.chain().await;
    assert!(
        matches!(&refused, Err(ChainError::Broken(broken)) if broken.kind == Kind::Mark),
        "a running server saw more: {refused:?}"
    );
    // Gone on from there with other rows.
    chained(&app, 2).await;
    let found = verify(&app.app, Some(&noted)).await.unwrap().broken.unwrap();
    assert_eq!((found.kind, found.seq), (Kind::Unexpected, longer));
});

on_both!(nodes_that_chain_at_once_make_one_chain, |app| {
    let other = app.second_node().await;
    let nodes: Vec<_> = (0..4).map(|n| if n % 2 == 0 { app.clone() } else { other.clone() }).collect();
    at_once(nodes.into_iter().enumerate().map(|(number, node)| async move {
        let mut chainer = Chainer::new(node.app.clone());
        for _ in 0..6 {
            if number < 2 {
                write_many(&node, 30).await;
            }
            chainer.chain().await.unwrap();
        }
    }))
    .await;
    chain(&app).await;
    let report = report(&app).await;
    assert_eq!((report.broken, report.waiting), (None, 0));
    assert!(report.last > 2 * 6 * 30, "{}", report.last);
    assert_eq!(report.checked, u64::try_from(report.last).unwrap());
});

on_both!(a_row_that_is_committed_late_comes_behind_those_that_were_not, |app| {
    let late = "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent)
         VALUES ('00', 0, 'system', 'test.late', '', '', '', '', '')";
    // On PostgreSQL it is there, and not seen, while younger ones are chained.
    let mut open = match &app.app.config.database.engine {
        config::Engine::Postgres(url) => Some(PgConnection::connect(url).await.unwrap()),
        config::Engine::Sqlite(_) => None,
    };
    if let Some(open) = &mut open {
        open.execute("BEGIN").await.unwrap();
        open.execute(late).await.unwrap();
    }
    let before = chained(&app, 70).await;
    match &mut open {
        Some(open) => drop(open.execute("COMMIT").await.unwrap()),
        None => alter(&app, late).await,
    }
    assert_eq!(report(&app).await.waiting, 1);
    assert_eq!(chain(&app).await, 1);
    let after = report(&app).await;
    assert_eq!((after.broken, after.last, after.waiting), (None, before + 1, 0));
    let rows = app.app.store.audit_behind(before, 10).await.unwrap();
    assert_eq!(rows[0].action, "test.late");
});

on_both!(a_chain_is_gone_on_whole_or_not_at_all, |app| {
    let last = chained(&app, 2).await;
    write(&app, |_| {}).await;
    write(&app, |_| {}).await;
    let store = &app.app.store;
    let code = |part: &[u8]| app.app.seals.audit_code(part);
    let head = store.audit_mark(Mark::Head).await.unwrap().unwrap();
    let mut rows = store.audit_without_place(10).await.unwrap();
    let mut walk = Walk::from(&head);
    for row in &mut rows {
        walk.append(row, &code);
    }
    let next = ChainMark::new(Mark::Head, walk.seq(), walk.link(), &code);
    let mut gone = rows.clone();
    "gone".clone_into(&mut gone[1].id);
    assert!(!store.chain_audit(&head, &next, &gone).await.unwrap(), "a row is not there any more");
    assert_eq!(store.audit_mark(Mark::Head).await.unwrap().unwrap(), head, "nothing of it was written");
    assert_eq!((verdict(&app).await, report(&app).await.waiting), (None, 2));
    assert!(store.chain_audit(&head, &next, &rows).await.unwrap());
    assert!(!store.chain_audit(&head, &next, &rows).await.unwrap(), "only once");
    let after = report(&app).await;
    assert_eq!((after.broken, after.last, after.waiting), (None, last + 2, 0));
});

on_both!(retention_takes_the_beginning_and_the_rest_still_holds, |app| {
    // Rows of the seconds from START + 1 on; what was there before is of START.
    let last = chained(&app, 10).await;
    let first = last - 9;
    let first_young = first + 5;
    assert_eq!(forget(&app.app, Timestamp(START - 1)).await.unwrap(), 0);
    let gone = forget(&app.app, Timestamp(START + 5)).await.unwrap();
    // The row that says that the chain was begun came last, and has the id of that second: it may stand before or behind.
    let after = report(&app).await;
    assert_eq!((after.broken.clone(), after.last), (None, last), "{after:?}");
    assert_eq!(after.first, i64::try_from(gone).unwrap() + 1);
    assert!(after.first <= first_young && after.first >= 2, "{after:?}");
    // On it goes.
    let longer = chained(&app, 3).await;
    assert_eq!((verdict(&app).await, longer), (None, last + 3));
    // What is made to look old is not taken, and neither is anything with it.
    alter(&app, SAVE).await;
    alter(&app, format!("UPDATE audit_log SET at = 0 WHERE seq = {}", after.first)).await;
    let refused = forget(&app.app, Timestamp(START + 5)).await;
    assert!(
        matches!(&refused, Err(ChainError::Broken(broken)) if broken.kind == Kind::Changed),
        "{refused:?}"
    );
    assert_eq!(verdict(&app).await, Some((Kind::Changed, after.first)), "and it is still there to be found");
    alter(&app, RESTORE).await;
    // A row behind the cut cannot be given out as the beginning.
    alter(&app, format!("DELETE FROM audit_log WHERE seq <= {}", after.first)).await;
    assert_eq!(verdict(&app).await, Some((Kind::Removed, after.first)));
    alter(&app, RESTORE).await;
    assert!(forget(&app.app, Timestamp(START + 1000)).await.unwrap() > 0);
    let empty = report(&app).await;
    assert_eq!((empty.broken, empty.checked, empty.first), (None, 0, longer + 1));
    assert_eq!(chained(&app, 1).await, longer + 1);
});

on_both!(a_long_chain_holds_and_a_long_gap_in_it_is_found, |app| {
    write_many(&app, 2500).await;
    let last = chained(&app, 1).await;
    alter(&app, SAVE).await;
    for (attack, found) in [
        ("DELETE FROM audit_log WHERE seq BETWEEN 500 AND 2200", (Kind::Removed, 500)),
        ("DELETE FROM audit_log WHERE seq = 1001", (Kind::Removed, 1001)),
        ("DELETE FROM audit_log WHERE seq > 1000", (Kind::CutOff, 1001)),
        ("UPDATE audit_log SET detail = '' WHERE seq = 1000", (Kind::Changed, 1000)),
        ("UPDATE audit_log SET detail = '' WHERE seq = 2001", (Kind::Changed, 2001)),
    ] {
        alter(&app, attack).await;
        assert_eq!(verdict(&app).await, Some(found), "{attack}");
        alter(&app, RESTORE).await;
    }
    assert_eq!(forget(&app.app, Timestamp(START + 1)).await.unwrap(), u64::try_from(last).unwrap());
    assert_eq!(verdict(&app).await, None);
});

on_both!(a_broken_chain_is_started_anew_and_says_what_it_gave_up, |app| {
    assert!(matches!(restart(&app.app, &Origin::cli()).await, Err(RestartError::Holds)));
    let last = chained(&app, 10).await;
    assert!(matches!(restart(&app.app, &Origin::cli()).await, Err(RestartError::Holds)));
    alter(&app, SAVE).await;
    // Each of them stops retention, and each of them is mended.
    for (attack, kind, held) in [
        ("UPDATE audit_log SET detail = 'x' WHERE seq = 4", Kind::Changed, Some((1, 3))),
        ("DELETE FROM audit_log WHERE seq BETWEEN 2 AND 5", Kind::Removed, Some((1, 1))),
        ("DELETE FROM audit_log WHERE seq = 1", Kind::Removed, None),
        ("DELETE FROM audit_chain", Kind::Mark, None),
        ("UPDATE audit_chain SET seq = 1000, mac = 'x' WHERE name = 'head'", Kind::Mark, None),
        ("DELETE FROM audit_log WHERE seq > 8", Kind::CutOff, Some((1, 8))),
        (
            "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent, seq, mac, link)
             VALUES ('made up', 0, 'system', 'test.late', '', '', '', '', '', 5000, 'x', 'x')",
            Kind::Inserted,
            None,
        ),
    ] {
        alter(&app, attack).await;
        let broken = report(&app).await.broken.unwrap();
        assert_eq!(broken.kind, kind, "{attack}");
        let done = restart(&app.app, &Origin::cli()).await.unwrap();
        assert_eq!(done.broken, broken, "{attack}");
        if kind != Kind::Inserted {
            assert_eq!(done.held, held, "{attack}");
        }
        assert!(done.begins > last || kind == Kind::CutOff, "{attack}: numbers never go back");
        let after = report(&app).await;
        assert_eq!((after.broken, after.first, after.checked), (None, done.begins, 1), "{attack}");
        // The row that says so is in the log and in the chain.
        let first = app.app.store.audit_behind(done.begins - 1, 1).await.unwrap().remove(0);
        assert_eq!((&first.action[..], &first.actor[..]), ("audit_chain.restart", "cli"));
        assert!(first.detail.contains(&broken.to_string()), "{}", first.detail);
        // On it goes, and retention takes it; the rows of the old chain go with the first of the new one.
        write(&app, |_| {}).await;
        chain(&app).await;
        assert_eq!(verdict(&app).await, None, "{attack}");
        assert!(matches!(restart(&app.app, &Origin::cli()).await, Err(RestartError::Holds)));
        let gone = forget(&app.app, Timestamp(START + 100_000)).await.unwrap();
        assert!(gone > 8, "{attack}: {gone}");
        assert_eq!(verdict(&app).await, None);
        alter(&app, RESTORE).await;
    }
    // A row at the last number that there is leaves no place behind it.
    alter(
        &app,
        "INSERT INTO audit_log (id, at, actor, action, target, detail, ip, correlation_id, user_agent, seq, mac, link)
         VALUES ('made up', 0, 'system', 'test.late', '', '', '', '', '', 9223372036854775807, 'x', 'x')",
    )
    .await;
    assert!(matches!(restart(&app.app, &Origin::cli()).await, Err(RestartError::Occupied)));
});

on_both!(a_chain_is_started_anew_while_servers_chain, |app| {
    chained(&app, 5).await;
    alter(&app, "UPDATE audit_log SET detail = 'x' WHERE seq = 2").await;
    let other = app.second_node().await;
    let chaining = tokio::spawn(async move {
        let mut chainer = Chainer::new(other.app.clone());
        for _ in 0..20 {
            write(&other, |_| {}).await;
            // The marks may be gone for a moment, never forged.
            let _ = chainer.chain().await;
        }
    });
    restart(&app.app, &Origin::cli()).await.unwrap();
    chaining.await.unwrap();
    chain(&app).await;
    let report = report(&app).await;
    assert_eq!((report.broken, report.waiting), (None, 0));
});
