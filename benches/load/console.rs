//! The console run (`--console`): every page, list and search that an administrator asks for, on a database such as a large
//! deployment has after a year. The chain of its audit log is valid: what is read is what a server would have written.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use comfy_table::{Cell, CellAlignment, Table, presets};
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::protocol::audit_chain::{ChainMark, ChainRow, Mark, Walk};
use countersign::protocol::standard_claims::StandardClaims;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;
use countersign::protocol::user_search::words;
use countersign::sealing::Seals;
use countersign::statistics::COUNTERS;
use hyper::StatusCode;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use url::form_urlencoded::Serializer;

use crate::driver::{Agent, Form, forms};
use crate::scenario::PASSWORD;
use crate::servers::{Countersign, Hashing};

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub users: u32,
    pub audit_rows: u32,
    pub clients: u32,
}

const TARGET_MS: f64 = 100.0;

/// How often each page is asked for; the first time counts as the others do.
const TIMES: usize = 11;

/// Rows that are handed to the database at once.
const PIECE: u32 = 2_000;

const ADMIN: &str = "console-admin";

/// Members of the largest group: every so many-th user.
const MEMBER: u32 = 10;

const GIVEN: [&str; 20] = [
    "Ada", "Grace", "Alan", "Barbara", "Edsger", "Frances", "Donald", "Hedy", "Ken", "Radia", "Dennis",
    "Margaret", "Tony", "Karen", "John", "Lynn", "Niklaus", "Shafi", "Leslie", "Anita",
];

const FAMILY: [&str; 25] = [
    "Lovelace",
    "Hopper",
    "Turing",
    "Liskov",
    "Dijkstra",
    "Allen",
    "Knuth",
    "Lamarr",
    "Thompson",
    "Perlman",
    "Ritchie",
    "Hamilton",
    "Hoare",
    "Jones",
    "Backus",
    "Conway",
    "Wirth",
    "Goldwasser",
    "Lamport",
    "Borg",
    "Müller",
    "O'Brien",
    "García-López",
    "Nakamura",
    "Szymański",
];

const ACTIONS: [&str; 10] = [
    "session.begin",
    "session.begin",
    "session.begin",
    "session.begin",
    "session.refused",
    "session.end",
    "consent.give",
    "user.update",
    "grant.revoke",
    "client.update",
];

fn pick<'a>(of: &[&'a str], number: u32) -> &'a str {
    of.get(number as usize % of.len().max(1)).copied().unwrap_or_default()
}

fn user_id(number: u32) -> String {
    // As ids are: nothing about them sorts by when they were made.
    format!("{:032x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn user(number: u32, now: i64) -> User {
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number / 20));
    let username = format!("{}.{number}", given.to_lowercase());
    User {
        new_password_required: false,
        id: user_id(number).into(),
        email: Some(format!("{username}@company{}.example", number % 300)),
        username,
        email_verified: true,
        name: Some(format!("{given} {family}")),
        claims: StandardClaims::default(),
        password_hash: None,
        is_admin: false,
        disabled: number.is_multiple_of(50),
        created_at: Timestamp(now - i64::from(number % 31_536_000)),
        updated_at: Timestamp(now),
    }
}

pub async fn run(size: Size) -> Result<()> {
    let mut ours = Countersign::set_up(Hashing::Cheap, None, 0)?;
    ours.run(&["user", "create", "--username", ADMIN, "--admin", "--password-stdin"], PASSWORD)?;
    let began = Instant::now();
    eprintln!("… {size:?}: filling the database");
    fill(&ours, size).await?;
    let file = ours.database_file();
    // What was filled in is on the disk before anybody waits for it: the first commit would wait for gigabytes else.
    std::fs::File::open(&file)?.sync_all()?;
    println!(
        "{} users, {} rows in the audit log, {} applications: {} MB, filled in {:.0} s",
        size.users,
        size.audit_rows,
        size.clients,
        std::fs::metadata(&file)?.len() / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    ours.start()?;
    let mut admin = sign_in(&ours).await?;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["asked for", "kB", "first ms", "median ms", "worst ms", "within 100 ms"]);
    let (mut within, mut all) = (0, 0);
    let mut targets = targets(size);
    targets.extend(deep(&mut admin).await?);
    for (title, target) in targets {
        let (kilobytes, times) = ask(&mut admin, &target).await?;
        let [first, median, worst] = summary(times)?;
        all += 1;
        within += usize::from(worst <= TARGET_MS);
        let verdict = if worst <= TARGET_MS { "yes" } else { "NO" }.to_owned();
        let figures =
            [format!("{kilobytes:.0}"), format!("{first:.1}"), format!("{median:.1}"), format!("{worst:.1}")];
        let mut row = vec![Cell::new(title)];
        row.extend(figures.into_iter().map(|figure| Cell::new(figure).set_alignment(CellAlignment::Right)));
        row.push(Cell::new(verdict));
        table.add_row(row);
    }
    println!("\n{table}\n");
    println!("within {TARGET_MS:.0} ms each of {TIMES} times: {within} of {all}");
    println!("resident: {:.0} MB", ours.process()?.resident_mb()?);
    let began = Instant::now();
    let report: Value = serde_json::from_str(&ours.run(&["audit", "verify", "--json"], "")?)?;
    let checked = report.get("checked").and_then(Value::as_u64).context("no report")?;
    ensure!(checked >= u64::from(size.audit_rows), "the chain is not as it was filled: {report}");
    println!("countersign audit verify: {checked} rows in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// First, middle and longest, in milliseconds.
fn summary(times: Vec<Duration>) -> Result<[f64; 3]> {
    let first = times.first().copied().context("never asked")?;
    let mut sorted = times;
    sorted.sort();
    let (median, worst) = (sorted.get(sorted.len() / 2).copied(), sorted.last().copied());
    Ok([first, median.unwrap_or_default(), worst.unwrap_or_default()].map(|time| time.as_secs_f64() * 1e3))
}

/// Asks again and again; answers how long each took until its last byte, of an export until its first.
async fn ask(admin: &mut Agent, target: &str) -> Result<(f64, Vec<Duration>)> {
    let (mut kilobytes, mut times) = (0.0, Vec::new());
    for _ in 0..TIMES {
        let began = Instant::now();
        let (status, bytes) = if target.contains("/export") {
            admin.begin(target).await?
        } else {
            let answer = admin.send(target, None, None).await?;
            (answer.status, answer.body.len())
        };
        times.push(began.elapsed());
        ensure!(status == StatusCode::OK, "{target}: {status}");
        kilobytes = f64::from(u32::try_from(bytes)?) / 1e3;
    }
    Ok((kilobytes, times))
}

/// As an administrator does, through the page.
async fn sign_in(ours: &Countersign) -> Result<Agent> {
    let mut agent = Agent::new(ours.server);
    let (mut target, mut form) = ("/admin".to_owned(), None);
    for _ in 0..12 {
        let answer = agent.send(&target, None, form.take()).await?;
        if answer.status.is_redirection() {
            let base = url::Url::parse(&format!("http://{}", ours.server))?;
            base.join(answer.location()?)?[url::Position::BeforePath..].clone_into(&mut target);
            continue;
        }
        ensure!(answer.status == StatusCode::OK, "{target}: {} {}", answer.status, answer.excerpt());
        let found = forms(&String::from_utf8_lossy(&answer.body));
        let Some(wanted) = found.into_iter().find(Form::has_password) else { return Ok(agent) };
        let mut sent = Serializer::new(String::new());
        for field in &wanted.fields {
            match field.kind.as_str() {
                "password" => sent.append_pair(&field.name, PASSWORD),
                "text" => sent.append_pair(&field.name, ADMIN),
                "hidden" => sent.append_pair(&field.name, &field.value),
                _ => &mut sent,
            };
        }
        target = wanted.action.unwrap_or(target);
        form = Some(sent.finish());
    }
    anyhow::bail!("no end of redirects and pages")
}

/// What is asked for, each with what it is.
fn targets(size: Size) -> Vec<(String, String)> {
    let middle = size.users / 2;
    let someone = user_id(middle);
    let mut targets: Vec<(String, String)> = Vec::new();
    let mut add = |title: &str, target: &str| targets.push((title.to_owned(), target.to_owned()));
    for span in ["hour", "day", "month"] {
        add(&format!("overview, {span}"), &format!("/admin?span={span}"));
        add(&format!("API: statistics, {span}"), &format!("/admin/api/statistics?span={span}"));
    }
    for (title, query) in [
        ("the first", ""),
        ("from the middle", &*format!("after=margaret.{middle}")),
        ("the last", "after=tony.99"),
        ("one user name", &*format!("query={}", user(middle, 0).username)),
        ("one address", &*format!("query={}", user(middle, 0).email.unwrap_or_default())),
        ("a given name that many have", "query=grace"),
        ("a letter", "query=a"),
        ("a family name", "query=lovelace"),
        ("both names", "query=hedy+nakamura"),
        ("a name beyond ASCII", "query=szyma%C5%84ski"),
        ("a company of many", "query=%40company7"),
        ("the middle of a word", "query=akamur"),
        ("nobody", "query=zzzz"),
        ("two words that nobody has together", "query=grace+zzzz"),
    ] {
        add(&format!("users: {title}"), &format!("/admin/users?{query}"));
        // The API takes no cursor but its own: how far in it gets is measured in `deep`.
        if !query.starts_with("after=") {
            add(&format!("API: users: {title}"), &format!("/admin/api/users?limit=200&{query}"));
        }
    }
    for part in ["", "/sessions", "/sign-in-methods", "/groups"] {
        add(&format!("API: a user{part}"), &format!("/admin/api/users/{someone}{part}"));
    }
    add("a user", &format!("/admin/users/{someone}"));
    for (title, query) in [("the first", ""), ("a word", "query=number+77"), ("nothing", "query=zzzz")] {
        add(&format!("applications: {title}"), &format!("/admin/clients?{query}"));
        add(&format!("API: applications: {title}"), &format!("/admin/api/clients?limit=200&{query}"));
    }
    for part in ["", "/preview?user=console-admin"] {
        add(&format!("an application{part}"), &format!("/admin/clients/client-7{part}"));
        add(&format!("API: an application{part}"), &format!("/admin/api/clients/client-7{part}"));
    }
    add("the wizard", "/admin/clients/new");
    add("invitations", "/admin/invitations");
    for (title, query) in [("the first", ""), ("from the middle", "after=group-5")] {
        add(&format!("groups: {title}"), &format!("/admin/groups?{query}"));
        if !query.starts_with("after=") {
            add(&format!("API: groups: {title}"), &format!("/admin/api/groups?limit=200&{query}"));
        }
    }
    add("a group of very many", "/admin/groups/group-0");
    add("a small group", "/admin/groups/group-1");
    add("API: members of very many", "/admin/api/groups/group-0/members?limit=200");
    add("API: keys", "/admin/api/keys");
    add("API: registration tokens", "/admin/api/registration-tokens");
    for (title, query) in [
        ("the newest", String::new()),
        ("one user did", format!("actor=user:{someone}")),
        ("one action", "action=grant.revoke".to_owned()),
        ("one application", "target=client:client-7".to_owned()),
        ("one day", days(100, 101)),
        ("a cause", "cause=wrong".to_owned()),
        ("text that is everywhere", "search=firefox".to_owned()),
        ("text that is nowhere", "search=zzzz".to_owned()),
        ("an action, a user and text", format!("action=session.begin&actor=user:{someone}&search=zzzz")),
        (
            "an action and text that is nowhere, of one day",
            format!("action=session.begin&search=zzzz&{}", days(100, 101)),
        ),
        ("one request", "correlation_id=00000000000000000000000000000001".to_owned()),
    ] {
        add(&format!("audit log: {title}"), &format!("/admin/audit?{query}"));
        add(&format!("API: audit log: {title}"), &format!("/admin/api/audit?limit=200&{query}"));
    }
    for form in ["csv", "jsonl"] {
        add(
            &format!("API: beginning of an export, {form}"),
            &format!("/admin/api/audit/export?format={form}"),
        );
    }
    for (title, query) in [("the newest", ""), ("of one application", "client=client-7")] {
        add(&format!("failures: {title}"), &format!("/admin/failures?{query}"));
    }
    add("API: failures", "/admin/api/failures");
    add("why one failed", "/admin/failures/failure-5000");
    targets
}

/// Deep in a list: as far as a patient administrator goes.
async fn deep(admin: &mut Agent) -> Result<Vec<(String, String)>> {
    let mut targets = Vec::new();
    for (title, list) in [
        ("users called grace", "/admin/api/users?limit=200&query=grace"),
        ("groups", "/admin/api/groups?limit=50"),
        ("members of very many", "/admin/api/groups/group-0/members?limit=200"),
        ("users who are nobody", "/admin/api/users?limit=200&query=zzzz"),
        ("the audit log", "/admin/api/audit?limit=200"),
        ("text in the audit log", "/admin/api/audit?limit=200&search=zzzz"),
        ("applications", "/admin/api/clients?limit=50"),
        ("failures", "/admin/api/failures?limit=50"),
    ] {
        let mut target = list.to_owned();
        for _ in 0..20 {
            let answer = admin.send(&target, None, None).await?;
            ensure!(answer.status == StatusCode::OK, "{target}: {}", answer.excerpt());
            let page: Value = serde_json::from_slice(&answer.body)?;
            let Some(next) = page.get("next").and_then(Value::as_str) else { break };
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            target = format!("{list}&after={next}");
        }
        targets.push((format!("API: the 20th page of {title}"), target));
    }
    Ok(targets)
}

/// From so many to so many days ago.
fn days(from: i64, to: i64) -> String {
    let now = Clock::system().now().0;
    format!("since={}&until={}", now - to * 86_400, now - from * 86_400)
}

async fn fill(ours: &Countersign, size: Size) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(ours.database_file())
        // Nothing here has to survive the machine.
        .synchronous(SqliteSynchronous::Off)
        .journal_mode(SqliteJournalMode::Off)
        .pragma("cache_size", "-2000000")
        .pragma("locking_mode", "EXCLUSIVE");
    let mut db = options.connect().await?;
    let now = Clock::system().now().0;
    fill_users(&mut db, size, now).await?;
    fill_clients(&mut db, size, now).await?;
    fill_statistics(&mut db, now).await?;
    let config = Config::load(Some(&ours.config_file()), std::iter::empty())?;
    let seals = Seals::derive(&config.secret).ok().context("no keys")?;
    fill_audit(&mut db, size, now, &seals).await?;
    // As a server leaves it.
    execute(&mut db, "PRAGMA journal_mode = WAL").await?;
    Ok(db.close().await?)
}

async fn execute(db: &mut SqliteConnection, sql: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await.with_context(|| sql.to_owned())?;
    Ok(())
}

/// Inserts rows, each an array of values.
async fn insert(db: &mut SqliteConnection, into: &str, columns: usize, rows: &[Value]) -> Result<()> {
    let values: Vec<String> = (0..columns).map(|column| format!("value ->> {column}")).collect();
    let sql = format!("INSERT INTO {into} SELECT {} FROM json_each(?)", values.join(", "));
    sqlx::query(AssertSqlSafe(sql)).bind(serde_json::to_string(rows)?).execute(db).await?;
    Ok(())
}

fn pieces(all: u32) -> impl Iterator<Item = std::ops::Range<u32>> {
    (0..all).step_by(PIECE as usize).map(move |from| from..(from + PIECE).min(all))
}

async fn fill_users(db: &mut SqliteConnection, size: Size, now: i64) -> Result<()> {
    let mut ids_by_word = BTreeSet::new();
    for piece in pieces(size.users) {
        let mut users = Vec::new();
        for number in piece {
            let user = user(number, now);
            let (id, created) = (user.id.to_string(), user.created_at.0);
            users.push(json!([id, user.username, user.email, user.name, user.disabled, created, now]));
            ids_by_word.extend(words(&user).into_iter().map(|word| (word, number)));
        }
        let into = "users (id, username, email, name, disabled, created_at, updated_at, email_verified, is_admin, words_known)";
        let values: Vec<String> = (0..7).map(|column| format!("value ->> {column}")).collect();
        let sql =
            format!("INSERT INTO {into} SELECT {}, TRUE, FALSE, TRUE FROM json_each(?)", values.join(", "));
        sqlx::query(AssertSqlSafe(sql)).bind(serde_json::to_string(&users)?).execute(&mut *db).await?;
    }
    // In the order of the key, as no tree likes better.
    execute(db, "DROP INDEX user_words_by_user").await?;
    let pairs: Vec<Value> =
        ids_by_word.into_iter().map(|(word, number)| json!([word, user_id(number)])).collect();
    for some in pairs.chunks(PIECE as usize) {
        insert(db, "user_words (word, user_id)", 2, some).await?;
    }
    execute(db, "CREATE INDEX user_words_by_user ON user_words (user_id)").await?;
    let expires = now + 30 * 86_400;
    for sql in [
        format!(
            "INSERT INTO sessions (id, secret_hash, user_id, state, auth_time, methods, acr, remembered, ip, user_agent,
                 created_at, last_seen_at, expires_at)
             SELECT lower(hex(randomblob(16))), hex(randomblob(32)), id, 'active', {now}, '[\"pwd\"]', '1', FALSE,
                 '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', {now}, {now}, {expires}
             FROM users"
        ),
        format!(
            "INSERT INTO groups (id, name, description, least_acr, created_at, updated_at)
             WITH RECURSIVE n(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM n WHERE n + 1 < 5000)
             SELECT printf('group-%d', n), printf('group-%d', n), 'One of many', NULL, {now}, {now} FROM n"
        ),
        format!(
            "INSERT INTO group_members (group_id, user_id, added_at)
             SELECT 'group-0', id, {now} FROM users WHERE rowid % {MEMBER} = 0 ORDER BY id"
        ),
        format!(
            "INSERT INTO group_members (group_id, user_id, added_at)
             SELECT printf('group-%d', 1 + rowid % 4999), id, {now} FROM users WHERE rowid % 20 = 1"
        ),
    ] {
        execute(db, &sql).await?;
    }
    Ok(())
}

/// Applications like the one that there is, and what went wrong with them.
async fn fill_clients(db: &mut SqliteConnection, size: Size, now: i64) -> Result<()> {
    let each = format!(
        "WITH RECURSIVE n(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM n WHERE n < {})",
        size.clients.max(1)
    );
    execute(
        db,
        &format!(
            "INSERT INTO clients (id, secret_hash, disabled, metadata, created_at, updated_at)
             {each} SELECT printf('client-%d', n), secret_hash, FALSE,
                 json_set(metadata, '$.client_name', printf('Application number %d', n)), {now} - 31536000 + n, {now}
             FROM n, (SELECT * FROM clients LIMIT 1)"
        ),
    )
    .await?;
    execute(
        db,
        &format!(
            "INSERT INTO failures (id, at, correlation_id, endpoint, client_id, error, cause, section, advice, request)
             WITH RECURSIVE n(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
             SELECT printf('%012x%020x', ({now} - 20000 + n) * 1000, n), {now} - 20000 + n, printf('failure-%d', n), '/authorize',
                 printf('client-%d', 1 + n % 50), 'invalid_request', 'redirect_uri is not registered', 'RFC 9700 §2.1',
                 'Register it.', '[[\"redirect_uri\",\"https://notes.example/callback/\"]]' FROM n"
        ),
    )
    .await
}

/// Every minute of a day and every hour of a month, of everything that is counted.
async fn fill_statistics(db: &mut SqliteConnection, now: i64) -> Result<()> {
    for (width, kept) in [(60, 26 * 3600), (3600, 33 * 86_400)] {
        let names: Vec<Value> = COUNTERS.iter().map(|name| json!(name)).collect();
        let newest = now - now.rem_euclid(width);
        let sql = format!(
            "INSERT INTO statistics (width, at, name, count)
             WITH RECURSIVE t(at) AS (VALUES({newest}) UNION ALL SELECT at - {width} FROM t WHERE at > {newest} - {kept})
             SELECT {width}, at, value, 1 + abs(random() % 1000) FROM t, json_each(?) ORDER BY at, value"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(serde_json::to_string(&names)?).execute(&mut *db).await?;
    }
    Ok(())
}

const AUDIT_INDEXES: [&str; 7] = [
    "audit_log_by_time",
    "audit_log_by_actor",
    "audit_log_by_target",
    "audit_log_by_action",
    "audit_log_by_correlation_id",
    "audit_log_by_seq",
    "audit_log_without_place",
];

/// A year of the audit log, chained.
async fn fill_audit(db: &mut SqliteConnection, size: Size, now: i64, seals: &Seals) -> Result<()> {
    // Sorting once is quicker than finding the place of each row in seven trees.
    let mut indexes = Vec::new();
    for name in AUDIT_INDEXES {
        let sql: (String,) = sqlx::query_as("SELECT sql FROM sqlite_master WHERE name = ?")
            .bind(name)
            .fetch_one(&mut *db)
            .await?;
        indexes.push(sql.0);
        execute(db, &format!("DROP INDEX {name}")).await?;
    }
    let code = |bytes: &[u8]| seals.audit_code(bytes);
    let anchor = ChainMark::new(Mark::Anchor, 0, "", &code);
    let mut walk = Walk::from(&anchor);
    let (begin, span) = (now - 360 * 86_400, 360 * 86_400 * 1000_i64);
    for piece in pieces(size.audit_rows) {
        let mut rows = Vec::new();
        for number in piece {
            let at_ms = begin * 1000 + span / i64::from(size.audit_rows.max(1)) * i64::from(number);
            let who = number.wrapping_mul(2_654_435_761) % size.users.max(1);
            let mut row = ChainRow {
                id: format!("{at_ms:012x}{number:020x}"),
                at: at_ms / 1000,
                actor: format!("user:{}", user_id(who)),
                action: pick(&ACTIONS, number.wrapping_mul(40_503) / 7).to_owned(),
                target: if number % 10 == 9 {
                    format!("client:client-{}", 1 + number % size.clients.max(1))
                } else {
                    format!("user:{}", user_id(who))
                },
                detail: if number.is_multiple_of(7) {
                    "wrong password".to_owned()
                } else {
                    "methods=pwd,totp acr=2".to_owned()
                },
                ip: format!("192.0.2.{}", number % 256),
                user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
                    .to_owned(),
                correlation_id: format!("{:032x}", u128::from(number)),
                seq: 0,
                mac: String::new(),
                link: String::new(),
            };
            walk.append(&mut row, &code);
            let ChainRow {
                id,
                at,
                actor,
                action,
                target,
                detail,
                ip,
                user_agent,
                correlation_id,
                seq,
                mac,
                link,
            } = row;
            rows.push(json!([
                id,
                at,
                actor,
                action,
                target,
                detail,
                ip,
                user_agent,
                correlation_id,
                seq,
                mac,
                link
            ]));
        }
        let into = "audit_log (id, at, actor, action, target, detail, ip, user_agent, correlation_id, seq, mac, link)";
        insert(db, into, 12, &rows).await?;
    }
    for sql in indexes {
        execute(db, &sql).await?;
    }
    let head = ChainMark::new(Mark::Head, walk.seq(), walk.link(), &code);
    for (mark, at) in [(Mark::Head, head), (Mark::Anchor, anchor)] {
        sqlx::query("INSERT INTO audit_chain (name, seq, link, mac) VALUES (?, ?, ?, ?)")
            .bind(mark.as_str())
            .bind(at.seq)
            .bind(&at.link)
            .bind(&at.mac)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
