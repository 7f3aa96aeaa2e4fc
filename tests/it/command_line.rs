//! The program itself: what it prints, what it refuses, what it leaves behind.

use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const SECRET: &str = "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=";

/// The program in this folder, with no settings but these.
fn countersign(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).args(arguments).env_clear().envs(environment.iter().copied());
    command
}

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = countersign(folder, arguments, environment).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn write(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("countersign.toml"), text).unwrap();
}

#[test]
fn config_check_says_that_all_is_well_without_the_secret() {
    let folder = TempDir::new().unwrap();
    write(
        &folder,
        &format!(
            "issuer = \"https://id.example.com\"\nsecret = \"{SECRET}\"\n[database]\nurl = \
             \"postgres://id:s3cret@db.example/id\"\n"
        ),
    );
    let (code, stdout, stderr) = run(folder.path(), &["config", "check"], &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        stdout,
        "configuration is fine\n  issuer    https://id.example.com\n  listens   127.0.0.1:8080 (plain HTTP)\n  database  \
         PostgreSQL at db.example:5432/id\n  note: the issuer is https and this server speaks plain HTTP: put a TLS \
         proxy in front of it and name the proxy in listen.trusted_proxies, or set listen.tls_certificate and \
         listen.tls_key\n"
    );
}

#[test]
fn config_check_and_serve_tell_every_problem_and_end_with_1() {
    let folder = TempDir::new().unwrap();
    write(&folder, "issuer = \"http://id.example.com\"\nsecret = \"changeme\"\n[tokens]\ncode = \"1h\"\n");
    for command in [&["config", "check"][..], &["serve"]] {
        let (code, stdout, stderr) = run(folder.path(), command, &[]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert_eq!(
            stderr,
            "countersign: the configuration is not usable\n  - issuer = \"http://id.example.com\": it must begin with \
             https:// (http:// is accepted for localhost, 127.0.0.1 and [::1] only)\n  - secret: is an example, which \
             everybody knows; make one with: openssl rand -base64 32\n  - tokens.code = \"1h\": must be from 1s to 10m\n"
        );
    }
}

#[test]
fn a_typo_is_shown_where_it_stands() {
    let folder = TempDir::new().unwrap();
    write(&folder, "issuer = \"https://id.example.com\"\nsekret = \"x\"\n");
    let (code, _, stderr) = run(folder.path(), &["config", "check"], &[]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("line 2, column 1") && stderr.contains("sekret"), "{stderr}");
}

#[test]
fn serve_names_a_database_that_does_not_answer_but_not_its_password() {
    let folder = TempDir::new().unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://id:s3cret@127.0.0.1:{unused}/id");
    let (code, _, stderr) = run(
        folder.path(),
        &["serve"],
        &[
            ("COUNTERSIGN_ISSUER", "http://localhost:8080"),
            ("COUNTERSIGN_SECRET", SECRET),
            ("COUNTERSIGN_LISTEN_ADDRESS", "127.0.0.1:0"),
            ("COUNTERSIGN_DATABASE_URL", &url),
        ],
    );
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains(&format!("the database cannot be reached: PostgreSQL at 127.0.0.1:{unused}/id")),
        "{stderr}"
    );
    assert!(stderr.contains("COUNTERSIGN_DATABASE_URL"), "{stderr}");
    assert!(!stderr.contains("s3cret") && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn another_secret_than_the_databases_is_refused() {
    let folder = TempDir::new().unwrap();
    let environment = |secret| {
        [
            ("COUNTERSIGN_ISSUER", "http://localhost:8080"),
            ("COUNTERSIGN_SECRET", secret),
            ("COUNTERSIGN_LISTEN_ADDRESS", "127.0.0.1:0"),
        ]
    };
    let mut first =
        Running::begin(countersign(folder.path(), &["serve"], &environment(SECRET)).stderr(Stdio::piped()));
    read_until(&mut first.stderr.take().unwrap(), "listening");
    assert_eq!(terminate(&mut first), Some(0));
    let other = "Zk7XcV1bN9mQ3wE5rT8yU2iO4pA6sD0fGhJkLzXqWaE=";
    let (code, _, stderr) = run(folder.path(), &["serve"], &environment(other));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("the secret is not the one this database was made with"), "{stderr}");
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "not so: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Reads what a program prints until these words come.
fn read_until(output: &mut impl Read, words: &str) -> String {
    let mut printed = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        // What was read may end in the middle of a letter.
        let text = String::from_utf8_lossy(&printed);
        if text.contains(words) {
            return text.into_owned();
        }
        let length = output.read(&mut buffer).unwrap();
        assert!(length > 0, "it ended without {words}: {text}");
        printed.extend_from_slice(&buffer[..length]);
    }
}

/// A program that ends with its test, also when that fails: it would keep whoever waits for the tests' output waiting.
struct Running(Child);

impl Running {
    fn begin(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl Deref for Running {
    type Target = Child;
    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// SIGTERM, and what the process ends with.
fn terminate(child: &mut Child) -> Option<i32> {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let mut code = None;
    wait_until("it stops", || {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    code.unwrap().code()
}

/// A quickstart in this folder, from its start to its end: what it printed, and what `meanwhile` found.
fn quickstart<T>(folder: &Path, ports: (u16, u16), meanwhile: impl FnOnce() -> T) -> (String, T) {
    let arguments = ["quickstart", "--port", &ports.0.to_string(), "--demo-port", &ports.1.to_string()]
        .map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut child =
        Running::begin(countersign(folder, &arguments, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let printed = read_until(&mut child.stdout.take().unwrap(), "Ctrl-C");
    let found = meanwhile();
    assert_eq!(terminate(&mut child), Some(0));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "", "a quickstart is quiet");
    (printed, found)
}

fn free_ports() -> (u16, u16) {
    let (a, b) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    (a.local_addr().unwrap().port(), b.local_addr().unwrap().port())
}

#[test]
fn quickstart_makes_everything_once_for_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("countersign-data");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let ports = free_ports();
    let (printed, modes) = quickstart(folder.path(), ports, || {
        let files = ["secret", "countersign.db", "countersign.db-wal", "countersign.db-shm"];
        files.map(|name| mode(&data.join(name)))
    });
    assert_eq!(modes, [0o600; 4]);
    assert_eq!(mode(&data), 0o700);
    let secret = std::fs::read_to_string(data.join("secret")).unwrap();

    let link_of = |printed: &str| {
        let start = printed.find(&format!("http://localhost:{}/setup?token=", ports.0)).unwrap();
        printed[start..].lines().next().unwrap().to_owned()
    };
    for words in [
        format!("http://localhost:{}\n", ports.0),
        format!("http://localhost:{}\n", ports.1),
        "sign in as demo with the password countersign-demo".to_owned(),
    ] {
        assert!(printed.contains(&words), "{words}: {printed}");
    }
    assert!(!printed.contains(secret.trim()));

    let (again, ()) = quickstart(folder.path(), ports, || ());
    assert_ne!(link_of(&printed), link_of(&again), "a new link while there is no administrator");
    assert_eq!(std::fs::read_to_string(data.join("secret")).unwrap(), secret);

    let moved = free_ports();
    let (elsewhere, ()) = quickstart(folder.path(), moved, || ());
    assert!(elsewhere.contains(&format!("http://localhost:{}\n", moved.1)));
    // Commands beside it speak of the port that it has.
    let told =
        countersign(folder.path(), &["client", "settings", "acme-notes", "--json"], &[]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(&format!("http://localhost:{}", moved.0)), "{told}");
    assert!(!told.contains("localhost:8080"), "{told}");
}

#[test]
fn whoever_reads_and_has_had_enough_ends_a_command_quietly() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    let environment = [
        ("COUNTERSIGN_ISSUER", "http://localhost:8080"),
        ("COUNTERSIGN_SECRET", SECRET),
        ("COUNTERSIGN_DATA_DIR", data.as_str()),
    ];
    for arguments in [&["completions", "bash"][..], &["user", "list"], &["user", "list", "--json"]] {
        let mut child = countersign(folder.path(), arguments, &environment)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let outcome = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!((outcome.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_that_chooses_another() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let free = free_ports().0.to_string();
    for (arguments, option) in [
        (["quickstart", "--port", &port, "--demo-port", &free], "--port"),
        (["quickstart", "--port", &free, "--demo-port", &port], "--demo-port"),
    ] {
        let (code, stdout, stderr) = run(folder.path(), &arguments, &[]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        let start = format!(
            "countersign: port {port} of 127.0.0.1 is in use by another program; choose another one, such as {option} "
        );
        assert!(stderr.starts_with(&start), "{stderr}");
        assert_eq!(stderr.lines().count(), 1);
    }
}

#[test]
fn a_reader_of_the_log_that_stops_reading_or_goes_away_stops_nothing() {
    let folder = TempDir::new().unwrap();
    let environment = |port: u16| {
        [
            ("COUNTERSIGN_ISSUER", format!("http://localhost:{port}")),
            ("COUNTERSIGN_LISTEN_ADDRESS", format!("127.0.0.1:{port}")),
            ("COUNTERSIGN_SECRET", SECRET.to_owned()),
            ("COUNTERSIGN_LOG_FORMAT", "json".to_owned()),
        ]
    };
    for goes_away in [false, true] {
        let port = free_ports().0;
        let environment = environment(port);
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut server =
            Running::begin(countersign(folder.path(), &["serve"], &environment).stderr(Stdio::piped()));
        let mut log = server.stderr.take();
        let first = read_until(log.as_mut().unwrap(), "listening");
        let line: serde_json::Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
        assert_eq!(line["issuer"], format!("http://localhost:{port}"));
        if goes_away {
            log = None;
        }
        // Far more than a pipe holds.
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        for _ in 0..1000 {
            stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            read_until(&mut stream, "\"live\"}");
        }
        assert_eq!(terminate(&mut server), Some(0));
        drop(log);
    }
}

#[test]
fn no_secret_of_a_request_is_logged_even_with_everything_switched_on() {
    let folder = TempDir::new().unwrap();
    let port = free_ports().0;
    let (issuer, address) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    let mut server = Running::begin(
        countersign(
            folder.path(),
            &["serve"],
            &[
                ("COUNTERSIGN_ISSUER", &issuer),
                ("COUNTERSIGN_LISTEN_ADDRESS", &address),
                ("COUNTERSIGN_SECRET", SECRET),
                ("COUNTERSIGN_METRICS_TOKEN", "canary-of-the-scraper"),
                ("COUNTERSIGN_LOG_FILTER", "trace"),
            ],
        )
        .stderr(Stdio::piped()),
    );
    let mut log = server.stderr.take().unwrap();
    let mut logged = read_until(&mut log, "listening");
    let reader = std::thread::spawn(move || {
        let mut rest = Vec::new();
        log.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    });
    let form = "username=canary-user&password=canary-password&code=canary-code&code_verifier=canary-verifier\
                &refresh_token=canary-refresh&client_secret=canary-secret&token=canary-token&csrf=canary-csrf\
                &grant_type=authorization_code&client_id=x";
    for (method, path) in [
        ("POST", "/login?flow=canary-flow"),
        ("POST", "/token"),
        ("POST", "/revoke"),
        ("POST", "/introspect"),
        ("POST", "/par"),
        ("POST", "/consent"),
        ("POST", "/setup"),
        ("GET", "/setup?token=canary-token"),
        ("GET", "/authorize?state=canary-state&nonce=canary-nonce"),
        ("GET", "/logout?id_token_hint=canary-hint"),
        ("GET", "/userinfo?access_token=canary-token"),
        ("GET", "/account"),
        ("GET", "/metrics"),
        ("GET", "/canary-path"),
    ] {
        let body = if method == "POST" { form } else { "" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nOrigin: {issuer}\r\nConnection: close\r\nAuthorization: Bearer \
             canary-bearer\r\nCookie: session=canary-cookie\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 ") && !answer.starts_with("HTTP/1.1 5"), "{path}: {answer}");
    }
    assert_eq!(terminate(&mut server), Some(0));
    logged.push_str(&reader.join().unwrap());
    assert!(logged.contains("route=\"/token\""), "requests are logged");
    for secret in ["canary", SECRET] {
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

/// At a terminal, as `script` of every Debian makes one.
fn at_a_terminal(folder: &Path, command: &str) -> String {
    let shell = format!("{} {command}", env!("CARGO_BIN_EXE_countersign"));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &shell, "/dev/null"]).current_dir(folder).env_clear();
    let output = script.env("TERM", "xterm").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn long_work_has_a_bar_at_a_terminal_and_none_elsewhere() {
    let folder = TempDir::new().unwrap();
    write(&folder, &format!("issuer = \"http://localhost:8080\"\nsecret = \"{SECRET}\"\n"));
    let rows = (0..500).map(|number| format!("user{number},user{number}@example.com"));
    let file: Vec<String> = std::iter::once("username,email".to_owned()).chain(rows).collect();
    std::fs::write(folder.path().join("users.csv"), file.join("\n")).unwrap();
    let import = ["import", "csv", "users.csv", "--dry-run"];
    let seen = at_a_terminal(folder.path(), &import.join(" "));
    assert!(seen.contains("of 500 users") && seen.contains("500 users (0 with their password)"), "{seen}");
    let (code, stdout, stderr) = run(folder.path(), &import, &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("would be taken: 500 users"), "{stdout}");
}
