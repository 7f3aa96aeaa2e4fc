//! The growth run (`--growth`): the same work on a database that grows from a thousand users to a million, with ten live
//! grants each, and at last with a tenth of all grants dead and being cleaned up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use comfy_table::{Table, presets};
use countersign::clock::Clock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::USERS;
use crate::measure::{Pace, measure};
use crate::scenario::{CLIENT_ID, Provider, Scenario};
use crate::servers::{Countersign, Hashing};

const STEPS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
const GRANTS_EACH: u32 = 10;
const CONNECTIONS: usize = 16;

pub async fn run(length: Duration) -> Result<()> {
    let mut ours = Countersign::set_up(Hashing::Cheap, None, USERS)?;
    ours.start()?; // the first makes the keys
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "users",
        "grants",
        "file MB",
        "start ms",
        "code flow/s",
        "p99 ms",
        "refresh/s",
        "p99 ms",
        "resident MB",
    ]);
    let mut users = 0;
    for step in STEPS {
        ours.stop()?;
        fill(&ours.database_file(), users..step).await?;
        users = step;
        let grants = u64::from(users) * u64::from(GRANTS_EACH);
        table.add_row(row(&mut ours, users.to_string(), grants.to_string(), length).await?);
    }
    ours.stop()?;
    let dead = expire_a_tenth(&ours.database_file()).await?;
    let what = format!("while {dead} are deleted");
    table.add_row(row(&mut ours, users.to_string(), what, length).await?);
    println!("\n{table}\n");
    Ok(())
}

async fn row(ours: &mut Countersign, users: String, grants: String, length: Duration) -> Result<[String; 9]> {
    let start = ours.start()?;
    let provider = Arc::new(Provider::discover(ours.server, &ours.client_secret).await?);
    let mut measured = Vec::new();
    for scenario in [Scenario::CodeFlow, Scenario::Refresh] {
        eprintln!("… {} with {users} users and {grants} grants", scenario.title());
        let at = measure(&provider, ours.process()?, scenario, CONNECTIONS, Pace::Flat, length).await?;
        if let Some(failure) = &at.first_failure {
            eprintln!("failed {} times: {failure}", at.failures);
        }
        measured.extend([format!("{:.0}", at.per_second), format!("{:.1}", at.p99_ms)]);
    }
    let [code_flow, code_flow_p99, refresh, refresh_p99] =
        <[String; 4]>::try_from(measured).unwrap_or_default();
    Ok([
        users,
        grants,
        (std::fs::metadata(ours.database_file())?.len() / 1_000_000).to_string(),
        format!("{:.0}", start.as_secs_f64() * 1e3),
        code_flow,
        code_flow_p99,
        refresh,
        refresh_p99,
        format!("{:.0}", ours.process()?.resident_mb()?),
    ])
}

async fn open(file: &Path) -> Result<SqliteConnection> {
    // Nothing here has to survive the machine.
    let options = SqliteConnectOptions::new().filename(file).synchronous(SqliteSynchronous::Off);
    Ok(options.connect().await?)
}

/// Users nobody signs in as and nobody looks for, each with a live session and grants of it. That they have no words to be found
/// by spares the server the writing of them, which would go on beside what is measured.
async fn fill(file: &Path, users: std::ops::Range<u32>) -> Result<()> {
    let now = Clock::system().now().0;
    let expires = now + 30 * 86_400;
    let numbers = format!(
        "WITH RECURSIVE n(n) AS (VALUES({}) UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {})",
        users.start, users.end
    );
    let each =
        format!("{numbers}, g(g) AS (VALUES(0) UNION ALL SELECT g + 1 FROM g WHERE g + 1 < {GRANTS_EACH})");
    let mut connection = open(file).await?;
    for sql in [
        format!(
            "INSERT INTO users (id, username, email, email_verified, name, password_hash, is_admin, disabled,
                 created_at, updated_at, words_known)
             {numbers} SELECT printf('%012x-filler-user', n), printf('filler%d', n), printf('filler%d@example.org', n),
                 TRUE, printf('Filler %d', n), NULL, FALSE, FALSE, {now}, {now}, TRUE FROM n"
        ),
        format!(
            "INSERT INTO sessions (id, secret_hash, user_id, state, auth_time, methods, acr, remembered, ip, user_agent,
                 created_at, last_seen_at, expires_at)
             {numbers} SELECT printf('%012x-filler-session', n), hex(randomblob(32)), printf('%012x-filler-user', n),
                 'active', {now}, '[\"pwd\"]', '1', FALSE, '192.0.2.1', 'filler', {now}, {now}, {expires} FROM n"
        ),
        format!(
            "INSERT INTO grants (id, client_id, user_id, session_id, consent_id, offline, scope, auth_time, acr, amr,
                 secret, generation, rotated_at, state, created_at, expires_at)
             {each} SELECT printf('%012x%08x-filler', n, g), '{CLIENT_ID}', printf('%012x-filler-user', n),
                 printf('%012x-filler-session', n), NULL, FALSE, 'openid api', {now}, '1', '[\"pwd\"]',
                 hex(randomblob(16)), 0, {now}, 'active', {now}, {expires} + n FROM n, g"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

async fn expire_a_tenth(file: &Path) -> Result<u64> {
    let mut connection = open(file).await?;
    let expired = sqlx::query("UPDATE grants SET expires_at = 0 WHERE id LIKE '%00000003-filler'")
        .execute(&mut connection)
        .await?
        .rows_affected();
    connection.close().await?;
    Ok(expired)
}
