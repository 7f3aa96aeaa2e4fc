//! What the console and the administration API ask of the database is found by indexes: no statement of theirs reads the whole
//! of a table that grows with users, sign-ins or time. The statements are those that a real server logs.

use std::collections::BTreeSet;

use countersign::config;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _};

use crate::routes::paths;
use crate::support::process::Deployment;
use crate::support::{Browser, PASSWORD, on_both_engines};

/// Tables without a bound that is fixed in advance.
const GROWING: [&str; 13] = [
    "users",
    "user_words",
    "sessions",
    "grants",
    "consents",
    "audit_log",
    "session_clients",
    "passkeys",
    "recovery_codes",
    "identities",
    "directory_entries",
    "group_members",
    "mailed_links",
];

/// Indexes that hold what is looked for and nothing else.
const PARTIAL: [&str; 3] = ["audit_log_without_place", "users_administrators", "users_without_words"];

/// Rows that a page may read at most: what is looked through for one page of a search.
const MOST_ROWS: u64 = 6_000;

/// Everything that an administrator may look at, with what lists may be asked.
async fn look_at_everything(ada: &mut Browser) -> usize {
    let list = |page: &Value, name: &str| page[name].as_array().cloned().unwrap_or_default();
    let users = ada.get("/admin/api/users?limit=1").await.json();
    let user = list(&users, "users")[0]["id"].as_str().unwrap().to_owned();
    let groups = ada.get("/admin/api/groups").await.json();
    let group = list(&groups, "groups")[0]["id"].as_str().unwrap().to_owned();
    let failures = ada.get("/admin/api/failures").await.json();
    let failure = list(&failures, "failures")[0]["correlation_id"].as_str().unwrap().to_owned();
    let mut asked: Vec<String> = Vec::new();
    let shown = paths().into_iter().filter(|path| path.starts_with("/admin") && !path.contains('*'));
    for path in shown {
        let (id, queries): (&str, &[&str]) = if path.contains("/users") {
            (&user, &["query=user", "query=ser", "query=user+example", "query=%C3%A4", "after=user3"])
        } else if path.contains("/clients") {
            ("notes", &["query=o", "user=ada", "user=ada&scope=openid"])
        } else if path.contains("/groups") {
            (&group, &["after=a", "after=:a"])
        } else if path.contains("/failures") {
            (&failure, &["client_id=notes", "client=notes"])
        } else if path.contains("/audit") {
            let filters = [
                "actor=ada",
                "actor=cli&action=user.create",
                "target=client:notes",
                "action=session.begin",
                "cause=x",
                "search=ada",
                "correlation_id=x",
                "since=2026-01-01&until=2026-12-31",
                "actor=cli&since=2026-01-01&search=user",
            ];
            asked.extend(filters.map(|filter| format!("{path}?format=csv&{filter}")));
            ("x", &filters.map(|filter| filter))
        } else {
            ("x", &["span=hour", "span=day", "span=month"])
        };
        let path: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect();
        let path = path.join("/");
        asked.extend(queries.iter().map(|query| format!("{path}?{query}")));
        asked.push(path);
    }
    let mut answered = 0;
    for address in &asked {
        let mut page = ada.get(address).await;
        assert!(page.status.as_u16() < 500, "{address}: {}", page.body);
        answered += usize::from(page.status == 200);
        // On, where there is more.
        for _ in 0..2 {
            let next = serde_json::from_str::<Value>(&page.body)
                .ok()
                .and_then(|page| Some(page["next"].as_str()?.to_owned()));
            let Some(next) = next else { break };
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            let sign = if address.contains('?') { '&' } else { '?' };
            page = ada.get(&format!("{address}{sign}after={next}")).await;
        }
    }
    for list in
        ["users?limit=1&query=user", "clients?limit=1", "groups?limit=1", "audit?limit=1", "failures?limit=1"]
    {
        let mut after = String::new();
        for _ in 0..3 {
            let page = ada.get(&format!("/admin/api/{list}{after}")).await;
            assert_eq!(page.status, 200, "{list}: {}", page.body);
            let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            after = format!("&after={next}");
        }
    }
    answered
}

/// The statements that requests for these pages led to, and how many rows each returned at most.
fn statements_of(log: &str) -> BTreeSet<(String, bool)> {
    let mut statements = BTreeSet::new();
    for line in log.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if event["target"] != "sqlx::query" || event["span"]["name"] != "request" {
            continue;
        }
        let whole = event["db.statement"].as_str().unwrap_or_default().trim();
        let sql = if whole.is_empty() { event["summary"].as_str().unwrap_or_default() } else { whole };
        let few = event["rows_returned"].as_u64().unwrap_or_default() <= MOST_ROWS;
        statements.insert((sql.to_owned(), few));
    }
    statements
}

/// Is this word of a statement the name of a table that grows?
fn grows(word: &str) -> bool {
    GROWING.contains(&word)
}

/// How SQLite would carry a statement out; what reads a whole table that grows.
async fn scans_of_sqlite(raw: &mut sqlx::SqliteConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(raw).await.unwrap();
    // A name that the statement gives to a table stands for it.
    let aliased = |name: &str| {
        let words: Vec<&str> =
            sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|pair| grows(pair[0]) && pair[1] == name)
            || words
                .windows(3)
                .any(|three| grows(three[0]) && three[1].eq_ignore_ascii_case("as") && three[2] == name)
    };
    rows.iter()
        .map(|row| row.get::<String, _>("detail"))
        .filter(|step| {
            let mut words = step.split_whitespace();
            let partial = step.rsplit(' ').next().is_some_and(|index| PARTIAL.contains(&index));
            words.next() == Some("SCAN")
                && words.next().is_some_and(|table| grows(table) || aliased(table))
                && !partial
        })
        .collect()
}

/// The same for PostgreSQL: with sequential scans as the last resort, those that are left could not be helped.
async fn scans_of_postgres(raw: &mut PgConnection, sql: &str) -> Vec<String> {
    fn walk(plan: &Value, found: &mut Vec<String>) {
        let (kind, table) = (plan["Node Type"].as_str().unwrap_or_default(), plan["Relation Name"].as_str());
        if let Some(table) = table.filter(|table| grows(table)) {
            let by_index = ["Index Cond", "Recheck Cond"].iter().any(|cond| plan[*cond].is_string());
            let partial = plan["Index Name"].as_str().is_some_and(|index| PARTIAL.contains(&index));
            if !by_index && !partial && kind != "ModifyTable" {
                found.push(format!("{kind} of {table}"));
            }
        }
        for part in plan["Plans"].as_array().into_iter().flatten() {
            walk(part, found);
        }
    }
    let parameters = (1..20).filter(|number| sql.contains(&format!("${number}"))).count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let arguments = if parameters == 0 { String::new() } else { format!("({nulls})") };
    let prepared = sqlx::raw_sql(AssertSqlSafe(format!("PREPARE asked AS {sql}")));
    prepared.execute(&mut *raw).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE asked{arguments}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *raw).await.unwrap();
    sqlx::raw_sql("DEALLOCATE asked").execute(&mut *raw).await.unwrap();
    let plan: Value = rows[0].get(0);
    let mut found = Vec::new();
    walk(&plan[0]["Plan"], &mut found);
    found
}

/// docs/decisions/0037-how-sqlite-is-built.md says why.
#[tokio::test]
async fn sqlite_looks_at_large_tables_without_counting_them() {
    let mut db = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    let built: Vec<(String,)> = sqlx::query_as("PRAGMA compile_options").fetch_all(&mut db).await.unwrap();
    for left_out in ["ENABLE_STAT4", "ENABLE_MEMORY_MANAGEMENT", "ENABLE_API_ARMOR"] {
        assert!(!built.iter().any(|(option,)| option == left_out), "{left_out}: {built:?}");
    }
    assert!(built.iter().any(|(option,)| option == "DEFAULT_MEMSTATUS=0"), "{built:?}");
}

on_both_engines!(no_page_of_the_console_reads_a_whole_table, |engine| {
    let deployment = Deployment::that_logs_statements(engine).await;
    let node = deployment.start().await;
    deployment.run(&["user", "create", "--username", "ada", "--admin", "--password-stdin"], PASSWORD);
    for number in 0..6 {
        let (username, email) = (format!("user{number}"), format!("user{number}@example.org"));
        deployment
            .run(&["user", "create", "--username", &username, "--email", &email, "--name", "Ada User"], "");
        deployment.run(&["group", "create", "--name", &format!("group{number}")], "");
        deployment.run(&["group", "add", "group0", &username], "");
    }
    for id in ["notes", "other"] {
        deployment.run(
            &["client", "create", "--id", id, "--name", id, "--redirect-uri", "https://n.example/cb"],
            "",
        );
    }
    let mut ada = node.browser();
    let page = ada.open("/admin").await;
    assert_eq!(ada.sign_in(&page, "ada").await.status, 200);
    let wrong =
        ada.get("/authorize?client_id=notes&response_type=code&redirect_uri=https://n.example/wrong").await;
    assert_eq!(wrong.status, 400);
    // What is refused is written a moment later.
    while ada.get("/admin/api/failures").await.json()["failures"].as_array().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answered = look_at_everything(&mut ada).await;
    assert!(answered > 50, "{answered} pages");
    node.terminate();
    let mut node = node;
    node.ended().await;

    let statements = statements_of(&deployment.log(&node));
    let seen = |part: &str| statements.iter().any(|(sql, _)| sql.contains(part));
    for part in
        ["user_words", "looked_through", "group_members", "audit_log WHERE action", "some_users", "failures"]
    {
        assert!(seen(part), "{part} is asked for: {statements:#?}");
    }
    let mut wrong = Vec::new();
    let engine = deployment.engine();
    let mut sqlite = match &engine {
        config::Engine::Sqlite(file) => {
            let options = SqliteConnectOptions::new().filename(file);
            // What the server found out about these few rows says nothing about many.
            let mut raw = options.clone().connect().await.unwrap();
            let forget = "DROP TABLE IF EXISTS sqlite_stat1; DROP TABLE IF EXISTS sqlite_stat4";
            sqlx::raw_sql(forget).execute(&mut raw).await.unwrap();
            raw.close().await.unwrap();
            Some(options.connect().await.unwrap())
        }
        config::Engine::Postgres(_) => None,
    };
    let mut postgres = match &engine {
        config::Engine::Postgres(url) => {
            let mut raw = PgConnection::connect(url).await.unwrap();
            let settings = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
            sqlx::raw_sql(settings).execute(&mut raw).await.unwrap();
            Some(raw)
        }
        config::Engine::Sqlite(_) => None,
    };
    for (sql, few) in &statements {
        if !few {
            wrong.push(format!("returns more than {MOST_ROWS} rows: {sql}"));
        }
        if !["SELECT", "WITH"].iter().any(|verb| sql.starts_with(verb)) {
            continue;
        }
        let scans = match (&mut sqlite, &mut postgres) {
            (Some(raw), _) => scans_of_sqlite(raw, sql).await,
            (_, Some(raw)) => scans_of_postgres(raw, sql).await,
            _ => Vec::new(),
        };
        wrong.extend(scans.into_iter().map(|scan| format!("{scan}: {sql}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));

    // What it would find, were it there.
    for (sql, found) in [
        ("SELECT * FROM users WHERE name LIKE $1", true),
        ("SELECT COUNT(*) FROM sessions WHERE state = 'active'", true),
        ("SELECT u.id FROM group_members m JOIN users AS u ON u.id = m.user_id WHERE m.added_at > $1", true),
        ("SELECT * FROM audit_log WHERE detail = $1 ORDER BY id DESC LIMIT 10", true),
        ("SELECT * FROM users WHERE id = $1", false),
    ] {
        let scans = match (&mut sqlite, &mut postgres) {
            (Some(raw), _) => scans_of_sqlite(raw, sql).await,
            (_, Some(raw)) => scans_of_postgres(raw, sql).await,
            _ => Vec::new(),
        };
        assert_eq!(!scans.is_empty(), found, "{sql}: {scans:?}");
    }
});
