//! A database of its own for every test, copied from one that was migrated and given its keys once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::{self, Config, Issuer, MasterSecret};
use countersign::entropy::Entropy;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};
use zeroize::Zeroizing;

/// Names the PostgreSQL server that tests may make databases on; `make test` starts one.
const POSTGRES: &str = "COUNTERSIGN_TEST_POSTGRES";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Is there a PostgreSQL to test on? `make test` makes sure; a bare `cargo test` may go without.
    pub fn postgres_is_there() -> bool {
        let there = std::env::var_os(POSTGRES).is_some();
        if !there {
            eprintln!("not run on PostgreSQL: {POSTGRES} is not set (`make test` sets it)");
        }
        there
    }
}

/// A database that goes when the test is over.
pub struct Database {
    engine: config::Engine,
    _folder: Option<TempDir>,
}

static SQLITE_TEMPLATE: OnceCell<TempDir> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);
/// PostgreSQL copies a template only while nobody uses it.
static COPYING: Mutex<()> = Mutex::const_new(());

impl Database {
    pub async fn fresh(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let template = SQLITE_TEMPLATE.get_or_init(sqlite_template).await;
                let folder = TempDir::new().unwrap();
                let file = folder.path().join("countersign.db");
                std::fs::copy(template.path().join("countersign.db"), &file).unwrap();
                Self { engine: config::Engine::Sqlite(file), _folder: Some(folder) }
            }
            Engine::Postgres => {
                let template = POSTGRES_TEMPLATE.get_or_init(postgres_template).await;
                let name = unique_name();
                let _one_at_a_time = COPYING.lock().await;
                let server = postgres();
                execute(&server, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self { engine: config::Engine::Postgres(database_at(&server, &name)), _folder: None }
            }
        }
    }

    /// Without even its tables.
    pub async fn empty(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = TempDir::new().unwrap();
                let file = folder.path().join("countersign.db");
                Self { engine: config::Engine::Sqlite(file), _folder: Some(folder) }
            }
            Engine::Postgres => Self::empty_at(&postgres()).await,
        }
    }

    /// The same on this PostgreSQL server.
    pub async fn empty_at(server: &str) -> Self {
        let name = unique_name();
        execute(server, format!("CREATE DATABASE {name}")).await;
        Self { engine: config::Engine::Postgres(database_at(server, &name)), _folder: None }
    }

    /// As in `database.url`.
    pub fn url(&self) -> String {
        match &self.engine {
            config::Engine::Sqlite(file) => format!("sqlite:{}", file.display()),
            config::Engine::Postgres(url) => url.clone(),
        }
    }

    pub fn config(&self) -> config::Database {
        config::Database { engine: self.engine.clone(), max_connections: 8, memory_bytes: 8 << 20 }
    }
}

async fn sqlite_template() -> TempDir {
    let folder = TempDir::new().unwrap();
    prepare(config::Engine::Sqlite(folder.path().join("countersign.db"))).await;
    folder
}

async fn postgres_template() -> String {
    let (server, name) = (postgres(), unique_name());
    execute(&server, format!("CREATE DATABASE {name}")).await;
    prepare(config::Engine::Postgres(database_at(&server, &name))).await;
    name
}

/// Migrates a database and has its keys made, at the time when every test begins.
async fn prepare(engine: config::Engine) {
    let mut config = config(super::ISSUER);
    config.database.engine = engine;
    let clock = Clock::from_fn(|| super::START * 1000);
    let app = App::start(config, clock, Entropy::system()).await.unwrap();
    app.store.close().await;
}

fn unique_name() -> String {
    format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// The server that every test may use.
fn postgres() -> String {
    std::env::var(POSTGRES).unwrap()
}

fn database_at(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(database);
    url.into()
}

async fn execute(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The defaults of the product, but with hashing that costs next to nothing.
pub fn config(issuer: &str) -> Config {
    let seconds = Duration::from_secs;
    Config {
        issuer: Issuer::parse(issuer).unwrap(),
        secret: MasterSecret(Zeroizing::new(vec![7; 32])),
        data_dir: PathBuf::from("."),
        database: config::Database {
            engine: config::Engine::Sqlite(PathBuf::new()),
            max_connections: 4,
            memory_bytes: 8 << 20,
        },
        listen: config::Listen {
            address: ([127, 0, 0, 1], 0).into(),
            tls: None,
            trusted_proxies: Vec::new(),
        },
        sessions: config::Sessions {
            idle: seconds(7_200),
            absolute: seconds(43_200),
            remembered_idle: seconds(1_209_600),
            remembered_absolute: seconds(7_776_000),
        },
        tokens: config::Tokens {
            code: seconds(60),
            access_token: seconds(300),
            id_token: seconds(300),
            refresh_idle: seconds(2_592_000),
            refresh_absolute: seconds(15_552_000),
            refresh_grace: seconds(10),
        },
        passwords: config::Passwords { memory_kib: 8, iterations: 1, parallelism: 1, queue: 64 },
        throttle: config::Throttle { account_failures: 10, address_failures: 100, window: seconds(900) },
        keys: config::Keys { rotate_every: seconds(7_776_000), publish_before: seconds(86_400) },
        assurance: config::Assurance::default(),
        sign_up: config::SignUpMode::default(),
        keep_names_for: seconds(7_776_000),
        sign_in: config::SignIn::default(),
        branding: std::sync::Arc::default(),
        upstreams: Vec::new(),
        registration: config::Registration {
            mode: config::RegistrationMode::Off,
            require_pkce: true,
            unused_expiry: seconds(86_400),
            most_unused: 1000,
            software_statement_keys: None,
        },
        authorization: config::Authorization::default(),
        legacy: config::Legacy::default(),
        outgoing: config::Outgoing::default(),
        mail: config::Mail {
            transport: config::MailTransport::None,
            from: config::Sender { name: None, address: "no-reply@localhost".to_owned() },
        },
        directory: None,
        forward_auth: Vec::new(),
        places: None,
        log: config::Log { json: false, filter: "info".to_owned() },
        metrics: config::Metrics { token: None },
    }
}
