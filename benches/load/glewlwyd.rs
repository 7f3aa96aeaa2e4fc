//! Debian's glewlwyd, the second peer, set up through its own administration API. Where there is a choice it gets what costs it
//! less: a log of errors alone, a client secret that is not hashed, a write-ahead log.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use hyper::{Method, StatusCode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::driver::Agent;
use crate::measure::username;
use crate::scenario::{CLIENT_ID, PASSWORD, Provider, REDIRECT_URI};
use crate::servers::{Peer, PeerKind, Process, free_port, scratch};

/// Where Debian's package has the tables and the first administrator.
const TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

const SIGN_IN: &str = "/api/auth/";

/// Starts and fills one that signs with this algorithm.
pub async fn start(algorithm: &str, users: usize) -> Result<Peer> {
    let tables = fs::read_to_string(TABLES).ok().context("not installed: apt-get install glewlwyd")?;
    let folder = scratch()?;
    let server = free_port()?;
    create_database(&folder.path().join("glewlwyd.db"), tables).await?;
    fs::write(folder.path().join("glewlwyd.conf"), configuration(server))?;

    let log = folder.path().join("log");
    let file = File::create(&log)?;
    let also = file.try_clone()?;
    let mut process = Process::start(Path::new("glewlwyd"), |command| {
        command.args(["--config-file", "glewlwyd.conf"]).current_dir(&folder).stdout(file).stderr(also);
    })?;
    let up = process.wait_for_path(server, "/config");
    up.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;

    set_up(server, algorithm, users).await?;
    let discovery = "/api/oidc/.well-known/openid-configuration";
    let provider = Provider::discover_at(server, discovery, Peer::SECRET).await?;
    let provider = provider.with_scripted_sign_in(SIGN_IN, "g_continue");
    Ok(Peer::new(PeerKind::Glewlwyd, algorithm, process, provider, Some(folder)))
}

async fn create_database(file: &Path, tables: String) -> Result<()> {
    // The file remembers that it has a write-ahead log.
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.journal_mode(SqliteJournalMode::Wal).connect().await?;
    sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

fn configuration(server: SocketAddr) -> String {
    let modules = "/usr/lib/glewlwyd";
    format!(
        "port = {}\nbind_address = \"{}\"\nexternal_url = \"http://{server}\"\n\
         login_url = \"login.html\"\napi_prefix = \"api\"\ncookie_secure = 0\n\
         log_mode = \"console\"\nlog_level = \"ERROR\"\n\
         user_module_path = \"{modules}/user\"\nclient_module_path = \"{modules}/client\"\n\
         user_auth_scheme_module_path = \"{modules}/scheme\"\nplugin_module_path = \"{modules}/plugin\"\n\
         database = {{ type = \"sqlite3\"; path = \"glewlwyd.db\"; }};\n",
        server.port(),
        server.ip(),
    )
}

/// The same client and the same users as Countersign's, who have all agreed to it.
async fn set_up(server: SocketAddr, algorithm: &str, users: usize) -> Result<()> {
    let mut administrator = Agent::new(server);
    let first = json!({ "username": "admin", "password": "password" });
    send(&mut administrator, Method::POST, SIGN_IN, &first).await?;
    for (target, entry) in [
        ("/api/mod/plugin/", plugin(server, algorithm)?),
        ("/api/scope", json!({ "name": "api", "display_name": "api", "password_required": false })),
        ("/api/client/", client()),
    ] {
        send(&mut administrator, Method::POST, target, &entry).await?;
    }
    for number in 0..users {
        let name = username(number);
        let scopes = ["openid", "api", "g_profile"];
        let user = json!({ "username": name, "password": PASSWORD, "enabled": true, "scope": scopes });
        send(&mut administrator, Method::POST, "/api/user/", &user).await?;
        let mut browser = Agent::new(server);
        let credentials = json!({ "username": name, "password": PASSWORD });
        send(&mut browser, Method::POST, SIGN_IN, &credentials).await?;
        let agreed = json!({ "scope": "openid api" });
        send(&mut browser, Method::PUT, &format!("/api/auth/grant/{CLIENT_ID}"), &agreed).await?;
    }
    Ok(())
}

fn plugin(server: SocketAddr, algorithm: &str) -> Result<Value> {
    let (key_type, key) = match algorithm {
        "RS256" => ("rsa", KeyPair::generate_for(&PKCS_RSA_SHA256)?),
        _ => ("ecdsa", KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?),
    };
    Ok(json!({
        "module": "oidc",
        "name": "oidc",
        "display_name": "oidc",
        "enabled": true,
        "parameters": {
            "iss": format!("http://{server}/api/oidc"),
            "jwt-type": key_type,
            "jwt-key-size": "256",
            "key": key.serialize_pem(),
            "cert": key.public_key_pem(),
            "jwks-show": true,
            // Where these are left to their defaults, it later takes its own access tokens for invalid.
            "code-duration": 600,
            "refresh-token-duration": 1_209_600,
            "access-token-duration": 3_600,
            "allow-non-oidc": true,
            "auth-type-code-enabled": true,
            "auth-type-client-enabled": true,
            "auth-type-refresh-enabled": true,
            "refresh-token-one-use": "always",
            "pkce-allowed": true,
            "introspection-revocation-allowed": true,
            "introspection-revocation-allow-target-client": true,
        },
    }))
}

fn client() -> Value {
    json!({
        "client_id": CLIENT_ID,
        "name": "Bench",
        "enabled": true,
        "confidential": true,
        // As its `password` it would be hashed, and that again for each request.
        "client_secret": Peer::SECRET,
        "token_endpoint_auth_method": ["client_secret_basic"],
        "redirect_uri": [REDIRECT_URI],
        "authorization_type": ["code", "refresh_token", "client_credentials"],
        "scope": ["api"],
    })
}

async fn send(agent: &mut Agent, method: Method, target: &str, body: &Value) -> Result<()> {
    let answer = agent.send_json(method, target, body).await?;
    ensure!(answer.status == StatusCode::OK, "{target}: {} {}", answer.status, answer.excerpt());
    Ok(())
}
