//! The program itself: real processes on a database of their own, spoken to over real sockets.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use countersign::config;
use countersign::protocol::client::AuthMethod;
use reqwest::redirect::Policy;
use serde_json::json;
use tempfile::TempDir;

use super::client_key::ClientKey;
use super::database::Database;
use super::fragile::Fragile;
use super::{Browser, Engine, ISSUER, PASSWORD, Rp};

/// How long a process may take to come up or to go down, on a slow machine.
const BOUND: Duration = Duration::from_secs(20);

/// What a request to a process that is not there, or goes away meanwhile, is answered by the test itself.
pub const NO_ANSWER: StatusCode = StatusCode::IM_A_TEAPOT;

/// A configured deployment without a process yet.
pub struct Deployment {
    folder: TempDir,
    database: Database,
}

/// One process of it.
pub struct Node {
    child: Child,
    pub port: u16,
    pub router: Router,
}

impl Deployment {
    /// On an empty database.
    pub async fn new(engine: Engine) -> Self {
        Self::on(Database::empty(engine).await)
    }

    /// On an empty database of a server that may crash.
    pub async fn on_fragile(postgres: &Fragile) -> Self {
        Self::on(Database::empty_at(&postgres.url).await)
    }

    /// On an empty database; every statement is logged, as JSON, with the request that it belongs to.
    pub async fn that_logs_statements(engine: Engine) -> Self {
        Self::logging(
            Database::empty(engine).await,
            "filter = \"warn,countersign=info,sqlx::query=debug\"\nformat = \"json\"",
        )
    }

    fn on(database: Database) -> Self {
        Self::logging(database, "filter = \"warn\"")
    }

    fn logging(database: Database, log: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = format!(
            "issuer = \"{ISSUER}\"\nsecret = \"kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=\"\ndata_dir = \"data\"\n\
             [database]\nurl = \"{}\"\nmax_connections = 8\n[passwords]\nmemory_kib = 8\niterations = 1\n\
             [throttle]\naddress_failures = 1000\n[tokens]\nrefresh_grace = \"1m\"\n[log]\n{log}\n",
            database.url()
        );
        std::fs::write(folder.path().join("countersign.toml"), config).unwrap();
        Self { folder, database }
    }

    /// Where its data are.
    pub fn engine(&self) -> config::Engine {
        self.database.config().engine
    }

    /// What a process has logged.
    pub fn log(&self, node: &Node) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("{}.log", node.port))).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(&self.folder).args(arguments).env_clear();
        command
    }

    /// Starts a process; [`Node::is_ready`] waits for it.
    pub fn spawn(&self) -> Node {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(self.folder.path().join(format!("{port}.log"))).unwrap();
        let child = self
            .command(&["serve"])
            .env("COUNTERSIGN_LISTEN_ADDRESS", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Node { child, port, router: over_http(port) }
    }

    /// Starts a process and waits until it can do its work.
    pub async fn start(&self) -> Node {
        let mut node = self.spawn();
        node.is_ready(self.folder.path()).await;
        node
    }

    /// Starts two at the same moment.
    pub async fn start_two(&self) -> [Node; 2] {
        let mut nodes = [self.spawn(), self.spawn()];
        for node in &mut nodes {
            node.is_ready(self.folder.path()).await;
        }
        nodes
    }

    /// Runs a command to its end, beside whatever is running.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Adds a user at the command line.
    pub fn user(&self, username: &str) {
        self.run(&["user", "create", "--username", username, "--password-stdin"], PASSWORD);
    }

    /// Registers a client at the command line; answers it as its relying party.
    pub fn rp(&self, node: &Node, id: &str, method: AuthMethod) -> Rp {
        let redirect_uri = format!("https://{id}.example/cb");
        let arguments = [
            "client",
            "create",
            "--json",
            "--name",
            id,
            "--id",
            id,
            "--auth-method",
            method.as_str(),
            "--redirect-uri",
            &redirect_uri,
            "--grant-type",
            "authorization_code",
            "--grant-type",
            "refresh_token",
            "--scope",
            "openid offline_access",
        ];
        let more: &[&str] =
            if method == AuthMethod::None { &[] } else { &["--introspects-any-token", "--skip-consent"] };
        let printed = self.run(&[&arguments[..], more].concat(), "");
        let client: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let secret = client["client_secret"].as_str().unwrap_or_default();
        Rp::of(&node.router, id, method, secret, &redirect_uri)
    }

    /// Registers a client that acts for itself and signs its assertions with this key.
    pub fn machine(&self, node: &Node, id: &str, key: &ClientKey) -> Rp {
        let metadata = json!({
            "client_name": id, "token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(),
            "grant_types": ["client_credentials"], "response_types": [],
        });
        self.run(&["client", "create", "--json", "--id", id, "--metadata", &metadata.to_string()], "");
        Rp::of(&node.router, id, AuthMethod::PrivateKeyJwt, "", "")
    }
}

impl Node {
    async fn is_ready(&mut self, folder: &Path) {
        let started = Instant::now();
        loop {
            if self.browser().get("/health/ready").await.status == 200 {
                return;
            }
            let log = || std::fs::read_to_string(folder.join(format!("{}.log", self.port)));
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended by itself, {status}: {}", log().unwrap());
            }
            assert!(started.elapsed() < BOUND, "it does not come up: {}", log().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// As the operator's service manager would.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Stands still, without knowing it, as a machine does that is moved or out of memory.
    pub fn fall_asleep(&self) {
        self.signal("-STOP");
    }

    pub fn wake_up(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// As nobody would: `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < BOUND, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server at a port, as if it was in this process.
pub fn over_http(port: u16) -> Router {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    Router::new().fallback(move |request: Request| async move {
        forward(&client, port, request).await.unwrap_or_else(|_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = NO_ANSWER;
            response
        })
    })
}

async fn forward(client: &reqwest::Client, port: u16, request: Request) -> reqwest::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let url = format!("http://127.0.0.1:{port}{}", parts.uri);
    let answer = client.request(parts.method, url).headers(parts.headers).body(body).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
