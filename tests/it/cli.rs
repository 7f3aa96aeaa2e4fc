//! `countersign client|user|key|mail …`: the binary itself, on a database of its own, beside a running server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

/// The deployment that the commands work on.
struct Terminal {
    folder: TempDir,
}

/// What a command did.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Outcome {
    /// The output of a command that must have been carried out.
    fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    fn json(self) -> Value {
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON but {text}"))
    }

    /// The message of a command that must have been refused.
    fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let in_json = serde_json::from_str::<Value>(&self.out).is_ok_and(|said| said["error"].is_string());
        assert!(self.out.is_empty() || in_json, "a refusal speaks on standard error: {}", self.out);
        self.err
    }
}

impl Terminal {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut process = self.command(arguments).spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(arguments)
            .env_clear()
            .env("COUNTERSIGN_ISSUER", "http://localhost:8080")
            .env("COUNTERSIGN_SECRET", "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=")
            .env("COUNTERSIGN_DATA_DIR", self.folder.path())
            .env("COUNTERSIGN_PASSWORDS_MEMORY_KIB", "8")
            .env("COUNTERSIGN_PASSWORDS_ITERATIONS", "1")
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

#[test]
fn clients_at_the_terminal() {
    let terminal = Terminal::new();
    let create =
        ["client", "create", "--name", "Notes", "--id", "notes", "--redirect-uri", "https://n.example/cb"];
    let two = [&create[..], &["--redirect-uri", "http://localhost:1/cb", "--json"]].concat();
    let made = terminal.run(&two).json();
    let secret = made["client_secret"].as_str().unwrap().to_owned();
    assert_eq!((&made["client_id"], &made["client_secret_expires_at"]), (&"notes".into(), &0.into()));
    assert_eq!(made["redirect_uris"], serde_json::json!(["https://n.example/cb", "http://localhost:1/cb"]));
    assert!(terminal.run(&create).refused(1).contains("this client_id is already in use"));

    for show in
        [&["client", "show", "notes"][..], &["client", "show", "notes", "--json"], &["client", "list"]]
    {
        let text = terminal.run(show).done();
        assert!(text.contains("Notes") && !text.contains(&secret), "{text}");
    }
    let update =
        ["client", "update", "notes", "--scope", "openid", "--redirect-uri", "https://n.example/2", "--json"];
    let updated = terminal.run(&update).json();
    assert_eq!((&updated["scope"], &updated["client_name"]), (&"openid".into(), &"Notes".into()));
    assert_eq!(updated["redirect_uris"], serde_json::json!(["https://n.example/2"]));
    let off = terminal.run(&["client", "update", "notes", "--disabled", "--json"]).json();
    assert_eq!(off["disabled"], true);
    let on = terminal.run(&["client", "update", "notes", "--disabled=false", "--json"]).json();
    assert_eq!(on["disabled"], false);
    let option = "--require-pushed-authorization-requests";
    let pushed = terminal.run(&["client", "update", "notes", option, "--json"]).json();
    assert_eq!(pushed["require_pushed_authorization_requests"], true);
    assert!(terminal.run(&["client", "show", "notes"]).done().contains("pushed requests only"));
    let free = terminal.run(&["client", "update", "notes", &format!("{option}=false"), "--json"]).json();
    assert!(free["require_pushed_authorization_requests"].is_null());
    let bound = terminal.run(&["client", "update", "notes", "--dpop-bound-access-tokens", "--json"]).json();
    assert_eq!(bound["dpop_bound_access_tokens"], true);
    let free =
        terminal.run(&["client", "update", "notes", "--dpop-bound-access-tokens=false", "--json"]).json();
    assert!(free["dpop_bound_access_tokens"].is_null());
    let rotated = terminal.run(&["client", "rotate-secret", "notes"]).done();
    assert!(rotated.contains("cs_cs_") && !rotated.contains(&secret) && rotated.contains("only this once"));

    let public = ["client", "create", "--name", "App", "--public", "--redirect-uri", "com.example.app:/cb"];
    let public = terminal.run(&[&public[..], &["--json"]].concat()).json();
    assert!(public["client_secret"].is_null() && public["client_id"].as_str().unwrap().starts_with("c-"));

    let message = terminal
        .run(&["client", "create", "--name", " ", "--redirect-uri", "http://x.example/", "--id", "a b"])
        .refused(1);
    for option in ["--name: ", "--redirect-uri: http://x.example/ must use https", "--id: "] {
        assert!(message.contains(option), "{message}");
    }
    terminal.run(&["client", "delete", "notes"]).done();
    for gone in [
        &["client", "show", "notes"][..],
        &["client", "delete", "notes"],
        &["client", "rotate-secret", "notes"],
    ] {
        assert!(terminal.run(gone).refused(1).contains("there is no such client"));
    }
    for usage in [&["client"][..], &["client", "show"], &["client", "create", "--nmae", "x"]] {
        terminal.run(usage).refused(2);
    }
    for (alg, words) in [
        ("none", "none has no key of this server"),
        ("HS512", "HS512 has no key of this server"),
        ("RSA-OAEP", "must be one of: ES256, "),
        ("", "must be one of: ES256, "),
    ] {
        let message = terminal.run(&["key", "rotate", "--alg", alg]).refused(2);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn registration_tokens_at_the_terminal() {
    let terminal = Terminal::new();
    let create = ["registration-token", "create", "--note", "partners", "--expires", "12h", "--uses", "3"];
    let Outcome { code, out, err } = terminal.run(&[&create[..], &["--json"]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("registration.mode is off"), "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert!(token.starts_with("cs_iat_") && token.len() == 50);
    assert_eq!((&made["note"], &made["uses_left"]), (&"partners".into(), &3.into()));
    let lifetime = made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap();
    assert_eq!(lifetime, 12 * 3600);
    let forever = terminal.run(&["registration-token", "create"]).done();
    assert!(forever.contains("only this once") && forever.contains("any number"), "{forever}");
    for list in [&["registration-token", "list"][..], &["registration-token", "list", "--json"]] {
        let text = terminal.run(list).done();
        assert!(text.contains(id) && text.contains("partners") && !text.contains("cs_iat_"), "{text}");
    }
    terminal.run(&["registration-token", "revoke", id]).done();
    assert!(!terminal.run(&["registration-token", "list"]).done().contains(id));
    let again = terminal.run(&["registration-token", "revoke", id]).refused(1);
    assert!(again.contains("there is no such registration token"), "{again}");
    for (option, value) in [("--expires", "30s"), ("--uses", "0"), ("--note", "a\u{202e}b")] {
        let message = terminal.run(&["registration-token", "create", option, value]).refused(1);
        assert!(message.contains(&format!("{option}: ")), "{message}");
    }
    for usage in [["--expires", "x"], ["--expires", "-1d"], ["--uses", "-1"], ["--uses", "many"]] {
        terminal.run(&[&["registration-token", "create"][..], &usage].concat()).refused(2);
    }
}

#[tokio::test]
async fn mails_at_the_terminal() {
    let terminal = Terminal::new();
    assert_eq!(terminal.run(&["mail", "list", "--json"]).json(), serde_json::json!([]));
    let file = terminal.folder.path().join("countersign.db");
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let columns = "id, to_address, kind, content, state, cause, created_at, due_at, attempts, ends_at";
    let rows = "('a', 'ada@example.com', 'invitation', 'sealed-content', 'waiting', '451 later', 1767225600, 1767225630, 2, 9),
        ('b', 'bob@example.com', 'new_sign_in', NULL, 'sent', '', 1767225601, NULL, 1, 9)";
    let insert = format!("INSERT INTO mails ({columns}) VALUES {rows}");
    connection.execute(sqlx::AssertSqlSafe(insert)).await.unwrap();
    connection.close().await.unwrap();

    let listed = terminal.run(&["mail", "list", "--json"]).json();
    let waiting = serde_json::json!({
        "id": "a", "to": "ada@example.com", "kind": "invitation", "state": "waiting", "attempts": 2,
        "created_at": 1_767_225_600, "next_attempt_at": 1_767_225_630, "cause": "451 later",
    });
    let sent = serde_json::json!({
        "id": "b", "to": "bob@example.com", "kind": "new_sign_in", "state": "sent", "attempts": 1,
        "created_at": 1_767_225_601,
    });
    assert_eq!(listed, serde_json::json!([sent, waiting]), "newest first");
    let one = terminal.run(&["mail", "list", "--state", "waiting", "--json"]).json();
    assert_eq!(one, serde_json::json!([waiting]));
    assert_eq!(terminal.run(&["mail", "list", "--limit", "1", "--json"]).json(), serde_json::json!([sent]));
    let table = terminal.run(&["mail", "list"]).done();
    assert!(table.contains("ada@example.com") && table.contains("451 later"), "{table}");
    assert!(!table.contains("sealed-content"), "{table}");
    terminal.run(&["mail", "list", "--state", "lost"]).refused(2);
}

#[test]
fn delegation_at_the_terminal() {
    let terminal = Terminal::new();
    terminal.run(&["user", "create", "--username", "ada"]).done();
    terminal.run(&["group", "create", "--name", "Editors"]).done();
    let made = terminal.run(&["delegation", "add", "user:ada", "group:editors", "--json"]).json();
    let id = made["id"].as_str().unwrap();
    assert!(made["over"].as_str().unwrap().starts_with("group:"));
    for (holder, over, words) in [
        ("user:nobody", "group:editors", "HOLDER: there is no such user"),
        ("user:ada", "client:nothing", "OVER: there is no such application"),
        ("ada", "group:editors", "HOLDER: is user:"),
        ("user:ada", "group:editors", "this delegation"),
    ] {
        assert!(terminal.run(&["delegation", "add", holder, over]).refused(1).contains(words), "{words}");
    }
    assert_eq!(terminal.run(&["delegation", "list", "--json"]).json()[0]["id"], id);
    assert!(terminal.run(&["delegation", "list"]).done().contains(id));
    terminal.run(&["delegation", "remove", id]).done();
    terminal.run(&["delegation", "remove", id]).refused(1);
}

#[test]
fn groups_at_the_terminal() {
    let terminal = Terminal::new();
    let ada = terminal.run(&["user", "create", "--username", "ada", "--json"]).json();
    let create = ["group", "create", "--name", "Editors", "--least-acr", "two-factors", "--json"];
    let made = terminal.run(&create).json();
    assert_eq!((&made["name"], &made["least_acr"]), (&"Editors".into(), &"two-factors".into()));
    assert!(terminal.run(&create).refused(1).contains("already in use"));
    for (wrong, words) in [
        (&["--name", ""][..], "--name: "),
        (&["--name", "a,b"], "--name: "),
        (&["--name", "x", "--least-acr", "high"], "--least-acr: must be one of: one-factor"),
    ] {
        assert!(
            terminal.run(&[&["group", "create"], wrong].concat()).refused(1).contains(words),
            "{wrong:?}"
        );
    }
    let id = made["id"].as_str().unwrap();
    terminal.run(&["group", "add", "editors", "ada"]).done();
    for which in ["editors", "Editors", id] {
        let shown = terminal.run(&["group", "show", which]).done();
        assert!(shown.contains(id) && shown.contains("ada") && shown.contains("two-factors"), "{shown}");
    }
    let clear =
        ["group", "update", "editors", "--least-acr", "", "--description", "Who may publish", "--json"];
    let changed = terminal.run(&clear).json();
    assert_eq!((&changed["least_acr"], &changed["name"]), (&Value::Null, &"Editors".into()));
    assert!(terminal.run(&["group", "list"]).done().contains("Who may publish"));
    assert_eq!(terminal.run(&["group", "list", "--json"]).json()[0]["id"], id);
    assert!(terminal.run(&["group", "add", "editors", "nobody"]).refused(1).contains("no such user"));
    assert!(terminal.run(&["group", "show", "nothing"]).refused(1).contains("no such group"));
    terminal.run(&["group", "remove", id, ada["id"].as_str().unwrap()]).done();
    assert!(terminal.run(&["group", "remove", "editors", "ada"]).refused(1).contains("no such member"));
    terminal.run(&["group", "delete", "editors"]).done();
    assert!(terminal.run(&["group", "delete", "editors"]).refused(1).contains("no such group"));

    let asks = ["client", "create", "--name", "Safe", "--redirect-uri", "https://safe.example/cb", "--json"];
    let made = terminal.run(&[&asks[..], &["--least-acr", "phishing-resistant"]].concat()).json();
    assert_eq!(made["least_acr"], "phishing-resistant");
    let client = made["client_id"].as_str().unwrap();
    let update = |level: &str| terminal.run(&["client", "update", client, "--least-acr", level, "--json"]);
    assert!(update("high").refused(1).contains("must be one of: one-factor"));
    assert_eq!(update("").json().get("least_acr"), None);
}

#[test]
fn files_at_the_terminal() {
    let terminal = Terminal::new();
    terminal
        .run(&[
            "client",
            "create",
            "--name",
            "Notes",
            "--id",
            "notes",
            "--redirect-uri",
            "https://n.example/cb",
        ])
        .done();
    terminal.run(&["group", "create", "--name", "editors"]).done();
    assert!(terminal.run(&["export", "files"]).done().contains("1 clients, 1 groups, 0 scopes, 0 webhooks"));
    assert!(terminal.run(&["export", "files"]).refused(1).contains("--force"));
    assert!(terminal.run(&["plan", "files"]).done().contains("Nothing to do; 2 as the files say"));
    let file = terminal.folder.path().join("files/clients.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("https://n.example/cb", "https://n.example/2")).unwrap();
    let plan = terminal.run(&["plan", "files"]);
    assert_eq!(plan.code, 2, "{}", plan.err);
    for line in [
        "~ client notes",
        "- \"https://n.example/cb\"",
        "+ \"https://n.example/2\"",
        "0 to create, 1 to change",
    ] {
        assert!(plan.out.contains(line), "{}", plan.out);
    }
    let json = terminal.run(&["plan", "files", "--json"]);
    assert_eq!(json.code, 2);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["steps"][0]["id"], &json["unchanged"]), (&"notes".into(), &1.into()));
    // Without a terminal nobody can be asked.
    let asked = terminal.run(&["apply", "files"]);
    assert_eq!(asked.code, 1);
    assert!(asked.err.contains("--yes") && asked.out.contains("~ client notes"), "{}", asked.err);
    assert!(terminal.run(&["apply", "files", "--yes"]).done().contains("Applied."));
    assert!(terminal.run(&["client", "show", "notes"]).done().contains("https://n.example/2"));
    std::fs::write(&file, "").unwrap();
    let unmanaged = terminal.run(&["plan", "files"]).done();
    assert!(
        unmanaged.contains("left alone and not counted (--prune would delete): client notes"),
        "{unmanaged}"
    );
    assert!(!unmanaged.contains("without its members"), "{unmanaged}");
    let groups = terminal.folder.path().join("files/groups.toml");
    let text = std::fs::read_to_string(&groups).unwrap();
    std::fs::write(&groups, text.replace("editors", "writers")).unwrap();
    for prune in [&[][..], &["--prune"]] {
        let renamed = terminal.run(&[&["plan", "files"], prune].concat());
        assert!(renamed.code == 2 && renamed.out.contains("without its members"), "{}", renamed.out);
    }
    std::fs::write(&groups, text).unwrap();
    assert_eq!(terminal.run(&["plan", "files", "--prune"]).code, 2);
    let applied = terminal.run(&["apply", "files", "--prune", "--yes", "--json"]).json();
    assert_eq!(applied["plan"]["steps"][0]["action"], "delete");
    assert_eq!(terminal.run(&["client", "list", "--json"]).json(), serde_json::json!([]));
    std::fs::write(&file, "[[client]]\nclient_id = 'x'\nname = 'X'\n").unwrap();
    assert!(terminal.run(&["plan", "files"]).refused(1).contains("clients.toml:3: unknown: name"));
    // 2 means changes here, so a wrong option must not be 2.
    terminal.run(&["plan", "files", "--nmae"]).refused(1);
    terminal.run(&["apply"]).refused(2);
}

#[test]
fn users_of_other_systems_at_the_terminal() {
    let terminal = Terminal::new();
    let file = terminal.folder.path().join("users.csv");
    let hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    std::fs::write(&file, format!("username,password_hash,groups\nada,{hash},editors\nb b,,\n")).unwrap();
    let tried = terminal.run(&["import", "csv", "users.csv", "--dry-run"]).done();
    assert!(
        tried.contains("would be taken: 1 users (1 with their password), 0 clients, 1 groups"),
        "{tried}"
    );
    assert_eq!(terminal.run(&["user", "list", "--json"]).json(), serde_json::json!([]));
    let taken = terminal.run(&["import", "csv", "users.csv"]).done();
    assert!(taken.contains("taken: 1 users") && taken.contains("line 3 \"b b\": username: "), "{taken}");
    assert!(!taken.contains(hash), "{taken}");
    assert_eq!(terminal.run(&["user", "list", "--json"]).json()[0]["username"], "ada");
    let again = terminal.run(&["import", "csv", "users.csv", "--json"]).json();
    assert_eq!(again["taken"]["users"], 0);
    let reasons = again["skipped"].to_string();
    assert!(reasons.contains("this user name is already in use"), "{reasons}");
    assert!(terminal.run(&["import", "keycloak", "users.csv"]).refused(1).contains("no realm"));
    assert!(terminal.run(&["import", "auth0", "nowhere"]).refused(1).contains("nowhere"));
    terminal.run(&["import", "ldif", "users.csv"]).refused(2);
}

#[test]
fn the_doctor_and_completions_at_the_terminal() {
    let terminal = Terminal::new();
    let nothing_yet = terminal.run(&["doctor"]);
    assert_eq!(nothing_yet.code, 1);
    assert!(nothing_yet.out.contains("problem  database: "), "{}{}", nothing_yet.out, nothing_yet.err);
    assert!(!terminal.folder.path().join("countersign.db").exists(), "it makes no database");
    terminal.run(&["user", "list"]).done();
    let nobody_serves = terminal.run(&["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&nobody_serves.out).unwrap();
    let problems: Vec<&str> = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "problem")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!((nobody_serves.code, problems.as_slice()), (1, &["issuer"][..]), "{}", nobody_serves.out);
    let wrong = terminal.command(&["doctor"]).env("COUNTERSIGN_ISSUER", "nonsense").output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8(wrong.stdout).unwrap().starts_with("problem  configuration: "));

    for (shell, words) in [
        ("bash", "complete -F _countersign"),
        ("zsh", "#compdef countersign"),
        ("fish", "complete -c countersign"),
    ] {
        let script = terminal.run(&["completions", shell]).done();
        assert!(script.contains(words) && script.contains("doctor") && script.contains("prune"), "{shell}");
    }
    terminal.run(&["completions", "tcsh"]).refused(2);
}

#[test]
fn failed_requests_at_the_terminal() {
    let terminal = Terminal::new();
    assert_eq!(terminal.run(&["why", "--json"]).json(), serde_json::json!([]));
    assert!(terminal.run(&["why"]).done().contains("reference"));
    assert!(terminal.run(&["why", "made-up"]).refused(1).contains("no such failed request"));
    terminal.run(&["why", "made-up", "--client", "web"]).refused(2);
}

#[test]
fn users_at_the_terminal() {
    let terminal = Terminal::new();
    let create =
        ["user", "create", "--username", "Ada", "--email", "ada@example.com", "--password-stdin", "--admin"];
    let made = terminal.run_with(&[&create[..], &["--json"]].concat(), "correct horse\n").json();
    assert_eq!(
        (&made["username"], &made["is_admin"], &made["has_password"]),
        (&"ada".into(), &true.into(), &true.into())
    );
    assert!(terminal.run_with(&create, "correct horse\n").refused(1).contains("already in use"));
    let short = ["user", "create", "--username", "bob", "--password-stdin"];
    assert!(terminal.run_with(&short, "short\n").refused(1).contains("password"));
    let bob = terminal.run(&["user", "create", "--username", "bob", "--json"]).json();
    assert_eq!(bob["has_password"], false);

    let id = made["id"].as_str().unwrap();
    for name in ["ada", "ADA", "ada@example.com", id] {
        assert!(terminal.run(&["user", "show", name]).done().contains(id), "{name}");
    }
    assert_eq!(terminal.run(&["user", "sessions", "ada", "--json"]).json(), Value::Array(Vec::new()));
    assert!(terminal.run(&["user", "sessions", "ada"]).done().contains("last used"));
    assert_eq!(terminal.run(&["user", "sign-out", "ada", "--json"]).json()["ended"], 0);
    assert!(
        terminal
            .run(&["user", "sign-out", "ada", "--session", "none"])
            .refused(1)
            .contains("no such session")
    );
    let methods = terminal.run(&["user", "sign-in-methods", "ada", "--json"]).json();
    assert_eq!((&methods["password"], &methods["passkeys"]), (&true.into(), &Value::Array(vec![])));
    assert!(terminal.run(&["user", "sign-in-methods", "ada"]).done().contains("password"));
    assert!(terminal.run(&["user", "remove-app", "ada"]).refused(1).contains("no such authenticator app"));
    assert!(terminal.run(&["user", "remove-passkey", "ada", "x"]).refused(1).contains("no such passkey"));
    for last in [
        &["user", "disable", "ada"][..],
        &["user", "delete", "ada"],
        &["user", "update", "ada", "--admin=false"],
    ] {
        assert!(terminal.run(last).refused(1).contains("last administrator"));
    }
    terminal.run(&["user", "update", "bob", "--admin", "--name", "Bob B"]).done();
    let update =
        |arguments: &[&str]| terminal.run(&[&["user", "update", "bob", "--json"], arguments].concat());
    let claims = r#"{"given_name": "Robert", "locale": "en-US", "address": {"locality": "Oslo", "country": "Norway"}}"#;
    let bob =
        update(&["--claims", claims, "--given-name", "Bob", "--phone-number", "+1 425 555 1212"]).json();
    assert_eq!((&bob["given_name"], &bob["phone_number"]), (&"Bob".into(), &"+14255551212".into()));
    let bob = update(&["--claims", r#"{"address": {"locality": null}}"#, "--given-name", ""]).json();
    assert_eq!(bob["address"], serde_json::json!({ "country": "Norway" }));
    assert_eq!((&bob["given_name"], &bob["locale"]), (&Value::Null, &"en-US".into()));
    assert!(terminal.run(&["user", "show", "bob"]).done().contains("+14255551212"));
    for (wrong, code, words) in [
        (["--claims", "{"], 2, "--claims"),
        (["--claims", "[]"], 2, "--claims"),
        (["--claims", r#"{"is_admin": true}"#], 2, "unknown field `is_admin`"),
        (["--claims", r#"{"locale": "en", "locale": "fr"}"#], 2, "duplicate field `locale`"),
        (["--claims", r#"{"picture": "javascript:alert(1)"}"#], 1, "--claims picture: must be an https://"),
        (["--claims", r#"{"address": {"planet": "Earth"}}"#], 2, "unknown field `planet`"),
        (["--phone-number", "911"], 1, "--phone-number: must be a number with its country code"),
        (["--family-name", "a\u{202e}b"], 1, "--family-name: "),
    ] {
        let said = update(&wrong).refused(code);
        assert!(said.contains(words), "{wrong:?}: {said}");
    }
    terminal.run(&["user", "disable", "ada"]).done();
    let list = terminal.run(&["user", "list", "--json"]).json();
    assert_eq!((&list[0]["disabled"], &list[1]["name"]), (&true.into(), &"Bob B".into()));
    assert!(!terminal.run(&["user", "list", "--query", "bob b"]).done().contains("ada@"));
    terminal.run(&["user", "enable", "ada"]).done();
    terminal.run_with(&["user", "set-password", "bob", "--password-stdin"], "battery staple\r\n").done();
    assert!(terminal.run(&["user", "set-password", "bob"]).refused(1).contains("--password-stdin"));
    terminal.run(&["user", "delete", "bob"]).done();
    assert!(terminal.run(&["user", "show", "bob"]).refused(1).contains("there is no such user"));
}

#[test]
fn keys_at_the_terminal() {
    let terminal = Terminal::new();
    let keys = terminal.run(&["key", "list", "--json"]).json();
    assert_eq!(keys.as_array().unwrap().len(), 4);
    terminal.run(&["key", "rotate", "--alg", "ES256", "--now"]).done();
    let text = terminal.run(&["key", "list"]).done();
    assert!(text.contains("retired") && text.contains("active"), "{text}");
    let kid = keys[1]["kid"].as_str().unwrap();
    terminal.run(&["key", "revoke", kid]).done();
    for unknown in [kid, "-FWhvJ0", "--now"] {
        assert!(terminal.run(&["key", "revoke", unknown]).refused(1).contains("no such key"), "{unknown}");
    }
    let after = terminal.run(&["key", "list", "--json"]).json();
    let alg = &keys[1]["alg"];
    let states: Vec<_> =
        after.as_array().unwrap().iter().filter(|key| &key["alg"] == alg).map(|key| &key["state"]).collect();
    assert_eq!(states, ["revoked", "active"], "another one signs in its place");
    assert!(!terminal.run(&["key", "list"]).done().contains("RSA-OAEP"), "until a server starts");
    let list = terminal.run(&["key", "rotate", "--alg", "RSA-OAEP-256", "--now"]).done();
    assert!(list.contains("RSA-OAEP-256"), "{list}");
}

/// A server of its own process; ended when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(terminal: &Terminal) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = terminal.command(&["serve"]);
        command.env("COUNTERSIGN_LISTEN_ADDRESS", format!("127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().unwrap(), port }
    }

    /// The answer to a GET; empty while nobody listens.
    fn get(&self, path: &str) -> String {
        let mut answer = String::new();
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            if connection.write_all(request.as_bytes()).is_ok() {
                let _ = connection.read_to_string(&mut answer);
            }
        }
        answer
    }

    /// Waits until the key set holds this text, or holds it no more.
    fn wait_for_key(&self, text: &str, there: bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.get("/jwks");
            if answer.contains(" 200 ") && answer.contains(text) == there {
                return;
            }
            assert!(Instant::now() < deadline, "{text}: {answer}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_running_server_takes_what_the_terminal_does() {
    let terminal = Terminal::new();
    let server = Server::start(&terminal);
    server.wait_for_key("\"keys\"", true);
    terminal.run(&["key", "rotate", "--alg", "EdDSA", "--now"]).done();
    let keys = terminal.run(&["key", "list", "--json"]).json();
    let state = |state: &str| -> String {
        let mut keys = keys.as_array().unwrap().iter();
        let key = keys.find(|key| key["alg"] == "EdDSA" && key["state"] == state).unwrap();
        key["kid"].as_str().unwrap().to_owned()
    };
    server.wait_for_key(&state("active"), true);
    terminal.run(&["key", "revoke", &state("retired")]).done();
    server.wait_for_key(&state("retired"), false);
}

#[test]
fn the_audit_log_at_the_terminal() {
    let terminal = Terminal::new();
    let create =
        ["client", "create", "--name", "=Notes", "--id", "notes", "--redirect-uri", "https://n.example/cb"];
    terminal.run(&create).done();
    for _ in 0..3 {
        terminal.run(&["client", "rotate-secret", "notes"]).done();
    }
    let rotations = ["audit", "list", "--action", "client.rotate_secret", "--limit", "2"];
    let first = terminal.run(&[&rotations[..], &["--json"]].concat()).json();
    assert_eq!(first["entries"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&first["entries"][0]["actor"], &first["entries"][0]["target"]),
        (&"cli".into(), &"client:notes".into())
    );
    let next = first["next"].as_str().unwrap();
    let second = terminal.run(&[&rotations[..], &["--after", next, "--json"]].concat()).json();
    assert_eq!((second["entries"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
    assert!(terminal.run(&rotations).done().contains("older ones: --after "));
    let other = terminal.run(&["audit", "list", "--after", next]).refused(1);
    assert!(other.contains("--after: is the cursor of another filter"), "{other}");
    assert!(
        terminal.run(&["audit", "list", "--since", "soon"]).refused(1).contains("--since: is not a time")
    );
    assert!(
        terminal.run(&["audit", "list", "--actor", "nobody"]).refused(1).contains("--actor: is no user name")
    );
    terminal.run(&["audit", "list", "--limit", "0"]).refused(2);
    terminal.run(&["audit", "export", "--format", "xml"]).refused(2);
    let csv = terminal.run(&["audit", "export", "--target", "client:notes"]).done();
    assert_eq!(csv.matches("\r\n").count(), 5, "{csv}");
    let lines = terminal.run(&["audit", "export", "--format", "jsonl", "--action", "client.create"]).done();
    assert_eq!(serde_json::from_str::<Value>(lines.trim_end()).unwrap()["target"], "client:notes");
    // No server has run here, and chained anything.
    let report = terminal.run(&["audit", "verify", "--json"]).json();
    assert_eq!((&report["holds"], &report["checked"]), (&true.into(), &0.into()));
    assert!(report["waiting"].as_i64().unwrap() >= 4);
    assert!(terminal.run(&["audit", "verify"]).done().contains("waiting"));
    assert!(
        terminal.run(&["audit", "verify", "--expect", "7:link"]).refused(1).contains("not as it was written")
    );
    for bad in ["7", "x:link", "-1:link", ""] {
        terminal.run(&["audit", "verify", "--expect", bad]).refused(2);
    }
}

#[test]
fn statistics_at_the_terminal() {
    let terminal = Terminal::new();
    let shown = terminal.run(&["statistics", "--span", "month", "--json"]).json();
    assert_eq!((shown["sign_ins"].as_array().unwrap().len(), &shown["step"]), (62, &43_200.into()));
    assert!(terminal.run(&["statistics"]).done().contains("failures of the server"));
    terminal.run(&["statistics", "--span", "year"]).refused(2);
}

#[test]
fn clients_of_a_kind_at_the_terminal() {
    let terminal = Terminal::new();
    let of_kind = |kind: &str, more: &[&str]| {
        let name = ["client", "create", "--json", "--name", kind, "--id", kind, "--kind", kind];
        terminal.run(&[&name[..], more].concat())
    };
    let spa = of_kind("spa", &["--redirect-uri", "https://n.example/"]);
    assert!(spa.err.contains("note: https://n.example/ ends with a slash"), "{}", spa.err);
    let spa = spa.json();
    assert_eq!(
        (&spa["token_endpoint_auth_method"], &spa["scope"]),
        (&"none".into(), &"openid profile email".into())
    );
    let machine = of_kind("machine", &["--scope", "orders:read"]).json();
    assert_eq!(machine["grant_types"], serde_json::json!(["client_credentials"]));
    assert!(of_kind("web", &["--redirect-uri", "myapp://cb"]).refused(1).contains("native applications"));
    assert!(of_kind("toaster", &[]).refused(2).contains("web, spa, native, machine, agent"));

    let text = terminal.run(&["client", "settings", "machine", "--library", "authlib"]).done();
    assert!(text.contains("client_id=\"machine\"") && text.contains("http://localhost:8080/token"), "{text}");
    let all = terminal.run(&["client", "settings", "spa", "--json"]).json();
    assert_eq!(all[0]["library"], "oidc-client-ts");
    let unknown = terminal.run(&["client", "settings", "spa", "--library", "Authlib"]).refused(1);
    assert!(unknown.contains("oidc-client-ts"), "{unknown}");
    assert!(terminal.run(&["client", "settings", "nobody"]).refused(1).contains("no such client"));
}

/// Every command that has `--json`, with arguments that work on a deployment with the client `notes`, the user `ada` and the
/// group `staff`, in an order in which each finds what it needs; and with arguments that it refuses.
const WITH_JSON: &[(&str, Option<&str>)] = &[
    ("config check", None),
    (
        "client create --name Notes --id notes --redirect-uri https://n.example/cb",
        Some("client create --name x --auth-method x"),
    ),
    ("client list", None),
    ("client show notes", Some("client show nobody")),
    ("client update notes --name Notebook", Some("client update notes --scope \u{1}")),
    ("client settings notes", Some("client settings notes --library nothing")),
    ("client rotate-secret notes", Some("client rotate-secret nobody")),
    ("client end-old-secret notes", Some("client end-old-secret nobody")),
    ("user create --username ada --email ada@example.org", Some("user create --username ada")),
    ("user list", None),
    ("user list --query ada", None),
    ("user show ada", Some("user show nobody")),
    ("user update ada --name Ada", Some("user update ada --email nonsense")),
    ("user set-password ada --password-stdin", Some("user set-password nobody --password-stdin")),
    ("user sign-in-methods ada", Some("user sign-in-methods nobody")),
    ("user sessions ada", Some("user sessions nobody")),
    ("user sign-out ada", Some("user sign-out ada --session none")),
    ("user require-new-password ada", Some("user require-new-password nobody")),
    ("user disable ada", Some("user disable nobody")),
    ("user enable ada", Some("user enable nobody")),
    ("user invite grace@example.org", Some("user invite nonsense")),
    ("group create --name staff", Some("group create --name staff")),
    ("group list", None),
    ("group show staff", Some("group show nothing")),
    ("group update staff --description Us", Some("group update nothing --description Us")),
    ("group add staff ada", Some("group add staff nobody")),
    ("group remove staff ada", Some("group remove staff ada")),
    (
        "scope create notes.read --title Notes --claim {\"claim\":\"roles\",\"from\":\"groups\",\"into\":[\"id_token\"]}",
        Some("scope create notes.write --title Notes --claim {\"claim\":\"sub\"}"),
    ),
    ("scope list", None),
    ("scope show notes.read", Some("scope show nothing")),
    (
        "scope update notes.read --localized title#de=Notizen --no-claims --published false",
        Some("scope update notes.read --localized nonsense"),
    ),
    ("scope delete notes.read", Some("scope delete notes.read")),
    ("delegation add user:ada client:notes", Some("delegation add user:nobody client:notes")),
    ("delegation list", None),
    ("webhook events", None),
    (
        "webhook create --url https://hooks.example/in --events user.created",
        Some("webhook create --url https://hooks.example/in --events nothing"),
    ),
    ("webhook list", None),
    ("provider create --preset google --client-id g", Some("provider create --preset google --client-id h")),
    ("provider list", None),
    ("provider show google", Some("provider show nothing")),
    ("provider update google --enabled false", Some("provider update google --issuer http://x")),
    ("key list", None),
    ("key rotate --alg ES256", Some("key rotate --alg nothing")),
    ("why", Some("why nothing")),
    ("audit list", Some("audit list --since soon")),
    ("audit verify", Some("audit verify --expect 7:link")),
    ("statistics", Some("statistics --span year")),
    ("mail list", Some("mail list --state nothing")),
    ("registration-token create", Some("registration-token create --expires soon")),
    ("registration-token list", None),
    ("export files", Some("export files")),
    ("plan files", Some("plan nowhere")),
    ("apply files --yes", Some("apply nowhere --yes")),
    ("import csv users.csv --dry-run", Some("import csv nowhere.csv")),
    ("import auth0 users.json --dry-run", Some("import auth0 users.csv")),
    ("import keycloak realm.json --dry-run", Some("import keycloak users.csv")),
    ("doctor", None),
    ("provider delete google", Some("provider delete google")),
    ("group delete staff", Some("group delete staff")),
    ("user delete ada", Some("user delete ada")),
    ("client delete notes", Some("client delete notes")),
];

/// Those that need something that is made up on the way, or have nothing to give but a refusal here.
const REFUSED_WITH_JSON: &[&str] = &[
    "user free-name nobody",
    "user remove-app ada",
    "user remove-passkey ada nothing",
    "delegation remove nothing",
    "mail retry nothing",
    "mail cancel nothing",
    "provider show nothing",
    "provider update nothing",
    "provider test nothing",
    "provider delete nothing",
    "webhook show nothing",
    "webhook update nothing",
    "webhook rotate-secret nothing",
    "webhook end-old-secret nothing",
    "webhook test nothing",
    "webhook deliveries nothing",
    "webhook redeliver nothing nothing",
    "webhook skip nothing",
    "webhook delete nothing",
    "key revoke nothing",
    "registration-token revoke nothing",
    "audit restart-chain --yes",
    "audit export --since soon",
];

/// What gives no answer, or one that is a script.
const WITHOUT_JSON: [&str; 3] = ["quickstart", "serve", "completions"];

/// Every command there is, as the help of each tells.
fn all_commands(terminal: &Terminal, under: &[&str]) -> Vec<String> {
    let help = terminal.run(&[under, &["--help"]].concat()).done();
    let Some((_, listed)) = help.split_once("\nCommands:\n") else { return vec![under.join(" ")] };
    let names: Vec<&str> = listed
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    names.into_iter().flat_map(|name| all_commands(terminal, &[under, &[name]].concat())).collect()
}

#[test]
fn every_command_answers_in_json_whether_it_works_or_not() {
    let terminal = Terminal::new();
    let folder = terminal.folder.path();
    std::fs::write(folder.join("users.csv"), "username,email\nbob,bob@example.org\n").unwrap();
    std::fs::write(folder.join("users.json"), r#"[{"user_id":"auth0|1","email":"cy@example.org"}]"#).unwrap();
    std::fs::write(folder.join("realm.json"), r#"{"realm":"x","users":[{"username":"dan","enabled":true}]}"#)
        .unwrap();
    let words =
        |line: &str| line.split(' ').map(str::to_owned).chain(["--json".to_owned()]).collect::<Vec<_>>();
    let run = |line: &str| {
        let words = words(line);
        let input = if line.contains("--password-stdin") { "a long enough passphrase\n" } else { "" };
        terminal.run_with(&words.iter().map(String::as_str).collect::<Vec<_>>(), input)
    };
    let parsed = |line: &str, outcome: &Outcome| -> Value {
        serde_json::from_str(&outcome.out)
            .unwrap_or_else(|error| panic!("{line}: {error}: {:?} {:?}", outcome.out, outcome.err))
    };
    let refused = |line: &str| {
        let outcome = run(line);
        assert!(outcome.code != 0, "{line} is refused");
        let value = parsed(line, &outcome);
        // What was asked for and is not well is an answer of its own.
        let answer = value["holds"] == false;
        assert!(answer || value["error"].as_str().is_some_and(|error| !error.is_empty()), "{line}: {value}");
        assert!(
            outcome.err.contains("countersign: ") || outcome.err.contains("error: "),
            "{line}: for people too"
        );
    };
    for (good, bad) in WITH_JSON {
        let outcome = run(good);
        let value = parsed(good, &outcome);
        assert!(outcome.code == 0 || *good == "doctor", "{good}: {value} {}", outcome.err);
        assert!(value.get("error").is_none(), "{good}: {value}");
        if let Some(bad) = bad {
            refused(bad);
        }
        // What is not understood is said in it as well.
        refused(&format!("{good} --no-such-option"));
    }
    for line in REFUSED_WITH_JSON {
        refused(line);
    }
    // An export is a line for each row.
    let export = run("audit export");
    assert!(export.out.lines().count() > 10);
    export.out.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
    let problems = parsed("", &run("client update nobody")).clone();
    assert_eq!(problems["problems"], Value::Null);

    let tried: Vec<&str> =
        WITH_JSON.iter().map(|(line, _)| *line).chain(REFUSED_WITH_JSON.iter().copied()).collect();
    let missing: Vec<String> = all_commands(&terminal, &[])
        .into_iter()
        .filter(|command| !WITHOUT_JSON.contains(&command.as_str()))
        .filter(|command| {
            !tried.iter().any(|line| line == command || line.starts_with(&format!("{command} ")))
        })
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

#[test]
fn a_chain_is_started_anew_at_the_terminal() {
    let terminal = Terminal::new();
    terminal.run(&["group", "create", "--name", "staff"]).done();
    let holds = terminal.run(&["audit", "restart-chain"]).refused(1);
    assert!(holds.contains("holds"), "{holds}");
    terminal.run(&["audit", "restart-chain", "--json"]).refused(2);
}
