//! The servers that are measured, each on the server's core and ended when it goes out of scope.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::glewlwyd;
use crate::measure::username;
use crate::scenario::{CLIENT_ID, DISCOVERY, PASSWORD, Provider, REDIRECT_URI, SCOPE, Scenario};

const SERVER_CORE: &str = "0";
const DRIVER_CORE: &str = "1";

/// For a server to come up.
const BOUND: Duration = Duration::from_secs(30);

/// Keeps this process off the server's core. Where that is not possible the figures say less.
pub fn take_the_drivers_core() {
    let own = std::process::id().to_string();
    let done = Command::new("taskset")
        .args(["--cpu-list", "--pid", DRIVER_CORE, &own])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !done {
        eprintln!("No second core for the driver: it shares the server's.");
    }
}

/// For one to end.
const GRACE: Duration = Duration::from_secs(3);

/// A process on the server's core.
pub struct Process(Child);

/// What times in `/proc` are counted in (proc(5)).
const TICK: Duration = Duration::from_millis(10);

/// For how long all cores together stood still so far because the machine's host gave them to others; nothing where it does not
/// tell.
pub fn stolen_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks = stat.split_whitespace().nth(8).context("no steal in /proc/stat")?;
    Ok(TICK * ticks.parse()?)
}

impl Process {
    pub fn start(program: &Path, prepare: impl FnOnce(&mut Command)) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", SERVER_CORE]).arg(program).stdin(Stdio::null());
        prepare(&mut command);
        Ok(Self(command.spawn().with_context(|| format!("cannot start {}", program.display()))?))
    }

    /// Asks it to end, and waits for that, but not forever: dropping it kills it.
    fn end(mut self) -> Result<()> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
        let asked = Instant::now();
        while self.0.try_wait()?.is_none() {
            if asked.elapsed() > GRACE {
                eprintln!("It does not end when asked to, and is killed.");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// User and system time so far.
    pub fn cpu_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The program's name, in brackets, may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Ok(TICK * ticks.sum::<Result<_, _>>()?)
    }

    pub fn resident_mb(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u32 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(f64::from(kib) * 1024.0 / 1e6)
    }

    fn wait_for(&mut self, server: SocketAddr) -> Result<()> {
        self.wait_for_path(server, DISCOVERY)
    }

    pub fn wait_for_path(&mut self, server: SocketAddr, path: &str) -> Result<()> {
        let start = Instant::now();
        while !answers(server, path) {
            if let Some(status) = self.0.try_wait()? {
                bail!("it ended by itself: {status}");
            }
            ensure!(start.elapsed() < BOUND, "it does not come up");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does it answer a request? Blocking and without a client, so that the time is the server's alone.
fn answers(server: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(BOUND))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}

pub fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A folder that goes with its owner, on the disk of the build and not in a memory file system.
pub fn scratch() -> Result<TempDir> {
    let parent = env!("CARGO_TARGET_TMPDIR");
    fs::create_dir_all(parent)?;
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?)
}

/// Whether passwords cost what they should, or next to nothing where sign-in is not what is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    Default,
    Cheap,
}

/// Countersign: a configured folder, a client and users.
pub struct Countersign {
    program: PathBuf,
    folder: TempDir,
    pub server: SocketAddr,
    pub client_secret: String,
    process: Option<Process>,
}

impl Countersign {
    pub fn set_up(hashing: Hashing, database: Option<&str>, users: usize) -> Result<Self> {
        let built = env!("CARGO_BIN_EXE_countersign");
        // Another build of the same server, to compare two.
        let program = std::env::var_os("COUNTERSIGN_BENCH_SERVER").unwrap_or_else(|| built.into()).into();
        let folder = scratch()?;
        let server = free_port()?;
        let database = database.map_or_else(String::new, |url| format!("[database]\nurl = \"{url}\"\n"));
        let passwords = match hashing {
            Hashing::Default => "",
            Hashing::Cheap => "[passwords]\nmemory_kib = 8\niterations = 1\n",
        };
        let config = format!(
            "issuer = \"http://{server}\"\nsecret = \"kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=\"\n\
             data_dir = \"data\"\n{database}{passwords}[listen]\naddress = \"{server}\"\n\
             [throttle]\naddress_failures = 1000000\n"
        );
        fs::write(folder.path().join("countersign.toml"), config)?;
        let mut new = Self { program, folder, server, client_secret: String::new(), process: None };
        new.add_client()?;
        for number in 0..users {
            new.run(&["user", "create", "--username", &username(number), "--password-stdin"], PASSWORD)?;
        }
        Ok(new)
    }

    fn add_client(&mut self) -> Result<()> {
        let mut arguments = vec!["client", "create", "--json", "--name", "Bench", "--id", CLIENT_ID];
        arguments.extend(["--auth-method", "client_secret_basic", "--redirect-uri", REDIRECT_URI]);
        for grant_type in ["authorization_code", "refresh_token", "client_credentials"] {
            arguments.extend(["--grant-type", grant_type]);
        }
        arguments.extend(["--scope", SCOPE, "--skip-consent", "--introspects-any-token"]);
        arguments.extend(["--id-token-alg", "ES256"]);
        let client: Value = serde_json::from_str(&self.run(&arguments, "")?)?;
        let secret = client.get("client_secret").and_then(Value::as_str);
        secret.context("a client without a secret")?.clone_into(&mut self.client_secret);
        Ok(())
    }

    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{arguments:?}: {}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts it; answers how long the first answer took.
    pub fn start(&mut self) -> Result<Duration> {
        let log = self.folder.path().join("log");
        let file = File::create(&log)?;
        let also = file.try_clone()?;
        let started = Instant::now();
        // `env_clear` would take the path to taskset away: the names that the server reads go instead.
        let mut process = Process::start(&self.program, |command| {
            command.arg("serve").current_dir(&self.folder).stdout(file).stderr(also);
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("COUNTERSIGN_") {
                    command.env_remove(name);
                }
            }
        })?;
        let up = process.wait_for(self.server);
        up.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        let took = started.elapsed();
        self.process = Some(process);
        Ok(took)
    }

    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::end)
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("countersign.toml")
    }

    /// Its SQLite database.
    pub fn database_file(&self) -> PathBuf {
        self.folder.path().join("data/countersign.db")
    }

    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("not started")
    }
}

/// What the peers are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PeerKind {
    /// node oidc-provider.
    OidcProvider,
    /// Debian's glewlwyd.
    Glewlwyd,
}

impl PeerKind {
    pub const ALL: [Self; 2] = [Self::OidcProvider, Self::Glewlwyd];

    pub fn name(self) -> &'static str {
        match self {
            Self::OidcProvider => "oidc-provider",
            Self::Glewlwyd => "glewlwyd",
        }
    }

    /// Are targets set beside it?
    pub fn sets_targets(self) -> bool {
        self == Self::OidcProvider
    }

    /// Does it sign anything? The access tokens of glewlwyd are JWTs, those of the other are opaque.
    pub fn signs(self, scenario: Scenario) -> bool {
        match scenario {
            Scenario::CodeFlow | Scenario::Refresh => true,
            Scenario::ClientCredentials => self == Self::Glewlwyd,
            _ => false,
        }
    }
}

/// Another provider.
pub struct Peer {
    pub kind: PeerKind,
    /// What it signs with.
    pub signs: String,
    pub process: Process,
    pub provider: Arc<Provider>,
    /// Gone after the process.
    _stored: Option<TempDir>,
}

impl Peer {
    pub const SECRET: &str = "bench-secret-bench-secret-bench-secret";

    pub fn new(
        kind: PeerKind,
        algorithm: &str,
        process: Process,
        provider: Provider,
        stored: Option<TempDir>,
    ) -> Self {
        let (signs, provider) = (algorithm.to_owned(), Arc::new(provider));
        Self { kind, signs, process, provider, _stored: stored }
    }

    /// An error says why it cannot be compared with here.
    pub async fn start(kind: PeerKind, algorithm: &str, users: usize) -> Result<Self> {
        match kind {
            PeerKind::OidcProvider => Self::start_oidc_provider(algorithm).await,
            PeerKind::Glewlwyd => glewlwyd::start(algorithm, users).await,
        }
    }

    async fn start_oidc_provider(algorithm: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/oidc-provider");
        if !folder.join("node_modules/oidc-provider").exists() {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).stdout(Stdio::null());
            ensure!(npm.status().context("there is no npm")?.success(), "npm ci failed");
        }
        Command::new("node").arg("--version").output().context("there is no node")?;
        let server = free_port()?;
        let mut process = Process::start(Path::new("node"), |command| {
            let port = server.port().to_string();
            command.args(["server.mjs", &port, Self::SECRET, algorithm]).current_dir(&folder);
            command.env("NODE_ENV", "production").stdout(Stdio::null()).stderr(Stdio::null());
        })?;
        process.wait_for(server)?;
        let provider = Provider::discover(server, Self::SECRET).await?;
        Ok(Self::new(PeerKind::OidcProvider, algorithm, process, provider, None))
    }
}

/// The cheapest server there is on the same stack: this program again, answering constants.
pub struct Bare {
    pub process: Process,
    pub server: SocketAddr,
}

impl Bare {
    /// Its first argument.
    pub const ARGUMENT: &str = "--bare-handler";

    /// Answers the text in this file at any of the two paths.
    pub fn start(folder: &Path, jwks: (&str, &[u8]), discovery: &[u8]) -> Result<Self> {
        let files = [folder.join("jwks"), folder.join("discovery")];
        let [keys, metadata] = &files;
        fs::write(keys, jwks.1)?;
        fs::write(metadata, discovery)?;
        let mut process = Process::start(&std::env::current_exe()?, |command| {
            command.args([Self::ARGUMENT, jwks.0]).args(&files).stdout(Stdio::piped());
        })?;
        let stdout = process.0.stdout.take().context("no stdout")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let server = address.trim().parse().context("the bare handler does not come up")?;
        process.wait_for(server)?;
        Ok(Self { process, server })
    }

    /// The other side: what the process does.
    #[tokio::main]
    pub async fn serve(arguments: Vec<String>) -> Result<()> {
        let [path, jwks, discovery] = <[String; 3]>::try_from(arguments)
            .map_err(|arguments| anyhow::anyhow!("not three arguments: {arguments:?}"))?;
        let constant = |file: String| -> Result<_> {
            let body = bytes::Bytes::from(fs::read(file)?);
            Ok(get(move || async move { ([(CONTENT_TYPE, "application/json")], body) }))
        };
        let router = Router::new().route(&path, constant(jwks)?).route(DISCOVERY, constant(discovery)?);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        Ok(axum::serve(listener, router).await?)
    }
}

/// A database on a PostgreSQL server, dropped at the end.
pub struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    pub async fn create(server: &str, suffix: &str) -> Result<Self> {
        let name = format!("countersign_bench_{}_{suffix}", std::process::id());
        let new = Self { server: server.to_owned(), name };
        new.execute(format!("CREATE DATABASE {}", new.name)).await?;
        Ok(new)
    }

    pub fn url(&self) -> Result<String> {
        let mut url = url::Url::parse(&self.server)?;
        url.set_path(&self.name);
        Ok(url.into())
    }

    pub async fn drop(self) -> Result<()> {
        self.execute(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }

    async fn execute(&self, sql: String) -> Result<()> {
        let mut connection = PgConnection::connect(&self.server).await?;
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}
