//! `countersign doctor`, and the completions: what each look finds, in a deployment that is well and in one that is not.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign::admin::webhooks;
use countersign::app::Origin;
use countersign::audit_chain::Chainer;
use countersign::clock::Clock;
use countersign::config::{Engine as ConfigEngine, MailTransport, Smtp, SmtpSecurity};
use countersign::doctor::{self, Finding, Status};
use countersign::protocol::webhook::{Webhook, WebhookInput};
use countersign::tls::Tls;

use crate::support::{Engine, Receiver, START, TestApp, on_both_engines};

/// What a look came to.
fn of<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    findings
        .iter()
        .rev()
        .find(|finding| finding.check == check)
        .unwrap_or_else(|| panic!("{check}: {findings:?}"))
}

async fn examine(app: &TestApp, seconds: i64) -> Vec<Finding> {
    let clock = Clock::from_fn(move || seconds * 1000);
    doctor::examine((*app.app.config).clone(), clock).await
}

on_both_engines!(a_database_that_is_well, |engine| {
    let app = TestApp::start(engine).await;
    let findings = examine(&app, START).await;
    assert_eq!(of(&findings, "database").status, Status::Ok, "{findings:?}");
    assert!(of(&findings, "database").found.contains("reachable, migrated, writable"));
    assert_eq!(of(&findings, "signing keys").status, Status::Ok, "{findings:?}");
    assert_eq!(of(&findings, "clock").status, Status::Ok);
    // Nobody serves there, and nobody told a mail server.
    assert_eq!(of(&findings, "issuer").status, Status::Problem);
    assert_eq!(of(&findings, "mail").status, Status::Warning);
    if engine == Engine::Postgres {
        // The tests' clock stands still, PostgreSQL's does not.
        assert_eq!(of(&findings, "clock difference").status, Status::Problem);
        let now = Clock::system().now().0;
        let findings = examine(&app, now).await;
        assert_eq!(of(&findings, "clock difference").status, Status::Ok, "{findings:?}");
    }
    // It wrote nothing that stays.
    let setting = app.app.store.setting_or_insert("doctor", "not there").await.unwrap();
    assert_eq!(setting, "not there");
    // Keys that nobody rotated, also where the look at today's time has begun with the next ones.
    let findings = examine(&app, START + 800 * 86_400).await;
    assert_eq!(of(&findings, "signing keys").status, Status::Warning, "{findings:?}");
    // A clock that went back: the newest entry is from the future.
    let user = app.user("ada").await;
    assert!(user.created_at.0 >= START);
    let findings = examine(&app, START - 3600).await;
    assert_eq!(of(&findings, "clock").status, Status::Warning, "{findings:?}");
    assert_eq!(examine(&app, 0).await[1].status, Status::Problem);
});

/// An endpoint at this address.
async fn webhook(app: &TestApp, url: &str, description: &str) -> Webhook {
    let input = WebhookInput {
        url: Some(url.to_owned()),
        description: Some(description.to_owned()),
        events: Some(vec!["user.created".to_owned()]),
        enabled: Some(true),
    };
    webhooks::create(&app.app, &Origin::cli(), &input).await.unwrap().webhook
}

on_both_engines!(webhooks_that_are_stopped_failing_or_not_there, |engine| {
    let app = TestApp::start(engine).await;
    let found = examine(&app, START).await;
    assert_eq!(
        (of(&found, "webhooks").status, of(&found, "webhooks").found.as_str()),
        (Status::Ok, "there are none")
    );

    let receiver = Receiver::open().await;
    let well = webhook(&app, &receiver.address, "Well").await;
    let found = examine(&app, START).await;
    assert_eq!(of(&found, "webhooks").found, "1 of 1 are told, and answer", "{found:?}");
    assert!(receiver.came().is_empty(), "nothing is posted");

    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = webhook(&app, &format!("http://{closed}/in/t0k3n"), "Dead").await;
    let found = examine(&app, START).await;
    let finding = of(&found, "webhooks");
    assert_eq!(finding.status, Status::Problem);
    assert!(finding.found.contains("Dead") && finding.found.contains("cannot be reached"), "{finding:?}");
    assert!(!finding.found.contains("t0k3n") && finding.advice.contains("is it running"), "{finding:?}");
    webhooks::delete(&app.app, &Origin::cli(), &dead).await.unwrap();

    // It refuses, and is stopped at last.
    receiver.answers(&[500]);
    app.user("ada").await;
    Chainer::new(app.app.clone()).chain().await.unwrap();
    countersign::webhooks::tell_all(&app.app).await.unwrap();
    let found = examine(&app, START).await;
    assert_eq!(of(&found, "webhooks").status, Status::Warning, "{found:?}");
    assert!(of(&found, "webhooks").found.contains("answered with status 500"), "{found:?}");
    app.advance(60);
    receiver.answers(&[410]);
    countersign::webhooks::tell_all(&app.app).await.unwrap();
    let found = examine(&app, START).await;
    let finding = of(&found, "webhooks");
    assert_eq!(finding.status, Status::Problem);
    assert!(finding.found.contains("is stopped") && finding.advice.contains(&well.id), "{finding:?}");
});

on_both_engines!(a_database_of_another_version, |engine| {
    let app = TestApp::start(engine).await;
    let path = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99990101000000, 'later', TRUE, 'x', 0)";
    execute(&app, path).await;
    let findings = examine(&app, START).await;
    assert_eq!(of(&findings, "database").status, Status::Problem);
    assert!(of(&findings, "database").found.contains("later version"), "{findings:?}");
    assert_eq!(of(&findings, "signing keys").status, Status::Warning, "not looked at");
    execute(&app, "DELETE FROM _sqlx_migrations WHERE version IN (99990101000000, 3)").await;
    let findings = examine(&app, START).await;
    assert!(of(&findings, "database").found.contains("1 migrations are to be made"), "{findings:?}");
});

async fn execute(app: &TestApp, sql: &'static str) {
    use sqlx::{Connection as _, Executor as _};
    match &app.app.config.database.engine {
        ConfigEngine::Sqlite(file) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        }
        ConfigEngine::Postgres(url) => {
            let sql = sql.replace("'x'", "'x'::bytea");
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_answer_takes_five_seconds_and_no_more() {
    let app = TestApp::start(Engine::Sqlite).await;
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let app = app.configured(|config| {
        config.mail.transport = MailTransport::Smtp(Smtp {
            host: "127.0.0.1".to_owned(),
            port,
            security: SmtpSecurity::Plain,
            credentials: None,
        });
    });
    let begun = Instant::now();
    let findings = examine(&app, START).await;
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert_eq!(of(&findings, "mail").status, Status::Problem);
    assert!(of(&findings, "mail").found.contains("within 5 s"), "{findings:?}");
    drop(silent);
    let findings = examine(&app, START).await;
    assert_eq!(of(&findings, "mail").status, Status::Problem, "refused at once");

    let nowhere = app.configured(|config| {
        config.database.engine = ConfigEngine::Postgres(format!("postgres://x@127.0.0.1:{port}/x"));
    });
    let findings = examine(&nowhere, START).await;
    assert_eq!(of(&findings, "database").status, Status::Problem);
    let missing = app.configured(|config| {
        config.database.engine = ConfigEngine::Sqlite("/nowhere/at/all.db".into());
    });
    let findings = examine(&missing, START).await;
    assert!(of(&findings, "database").found.contains("is not there"), "{findings:?}");
    assert!(!Path::new("/nowhere").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_answers_at_the_issuer_is_asked_who_they_are() {
    let app = TestApp::start(Engine::Sqlite).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let told = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let answer = std::sync::Arc::clone(&told);
    let router = axum::Router::new().route(
        "/.well-known/openid-configuration",
        axum::routing::get(move || std::future::ready(answer.lock().unwrap().clone())),
    );
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let app = app.configured(|config| config.issuer = countersign::config::Issuer::parse(&here).unwrap());
    for (document, status, words) in [
        (format!("{{\"issuer\": \"{here}\"}}"), Status::Ok, "answers as itself"),
        ("{\"issuer\": \"https://other.example\"}".to_owned(), Status::Problem, "https://other.example"),
        ("<html>".to_owned(), Status::Problem, "no discovery document"),
        ("[]".to_owned(), Status::Problem, "no discovery document"),
    ] {
        told.lock().unwrap().clone_from(&document);
        let findings = examine(&app, START).await;
        let found = of(&findings, "issuer");
        assert_eq!(found.status, status, "{document}: {found:?}");
        assert!(found.found.contains(words), "{found:?}");
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_and_open_folders() {
    let app = TestApp::start(Engine::Sqlite).await;
    let folder = tempfile::TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let write = |name: &str, days: i64| {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let at = |seconds: i64| time::OffsetDateTime::from_unix_timestamp(START + seconds).unwrap();
        params.not_before = at(-86_400);
        params.not_after = at(days * 86_400 + 60);
        let pair = rcgen::KeyPair::generate().unwrap();
        std::fs::write(&certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
    };
    let app = app.configured(|config| {
        config.listen.tls = Some(Tls { certificate: certificate.clone(), key: key.clone() });
    });
    for (name, days, status, words) in [
        ("localhost", 90, Status::Ok, "good for 90 days"),
        ("localhost", 9, Status::Warning, "expires in 9 days"),
        ("localhost", -1, Status::Problem, "expired"),
        ("other.example", 90, Status::Problem, "is not for localhost"),
    ] {
        write(name, days);
        let findings = examine(&app, START).await;
        let found = of(&findings, "TLS certificate");
        assert_eq!(found.status, status, "{name} {days}: {found:?}");
        assert!(found.found.contains(words), "{found:?}");
        assert!(status == Status::Ok || !found.advice.is_empty());
    }
    std::fs::write(&certificate, "nonsense").unwrap();
    let findings = examine(&app, START).await;
    assert!(of(&findings, "TLS certificate").found.contains("tls_certificate"), "{findings:?}");

    let ConfigEngine::Sqlite(file) = &app.app.config.database.engine else { panic!() };
    let folder = file.parent().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let findings = examine(&app, START).await;
    assert_eq!(of(&findings, "data directory").status, Status::Warning);
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let findings = examine(&app, START).await;
    assert_eq!(of(&findings, "data directory").status, Status::Ok, "{findings:?}");
}
