//! What every test here stands on: the whole application in this process, on a real database of its own, with a clock
//! that stands still and randomness from a seed; and a browser and a relying party to use it.

mod browser;
pub mod client_key;
mod crowd;
mod database;
pub mod fragile;
pub mod load;
mod mailbox;
pub mod mmdb;
pub mod process;
pub mod provider;
mod receiver;
mod rp;
mod security_key;
mod site;
pub mod slapd;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use countersign::app::{App, Origin, Parts};
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::entropy::Entropy;
use countersign::http::edge;
use countersign::protocol::client::{AuthMethod, Client, ClientMetadata, GrantType};
use countersign::protocol::ids::UserId;
use countersign::protocol::registration::{self, ClientInput, RegistrationPolicy};
use countersign::protocol::secret::sha256_hex;
use countersign::protocol::standard_claims::StandardClaims;
use countersign::protocol::user::User;
use countersign::sealing::Purpose;
use tower::ServiceExt as _;

pub use browser::{Browser, Page, encode, filled};
pub use crowd::{at_once, number, only_success, rounds, successes};
pub use database::{Engine, config};
pub use mailbox::Mailbox;
pub use receiver::{Message, Receiver};
pub use rp::{CHALLENGE, Rp, Tokens, VERIFIER, basic, claims, granted, refused};
pub use security_key::{SecurityKey, in_a_frame};
pub use site::Site;

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;
pub const ISSUER: &str = "http://localhost:8080";
pub const PASSWORD: &str = "correct horse";

/// Waits for what another node is to hear of. How soon it does is measured in `coherence`; a busy machine has longer.
pub async fn soon(what: &str, condition: impl AsyncFn() -> bool) {
    let acknowledged = Instant::now();
    while !condition().await {
        assert!(acknowledged.elapsed() < Duration::from_secs(10), "{what}: the other node has not heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The application under test.
#[derive(Clone)]
pub struct TestApp {
    pub app: App,
    pub router: Router,
    millis: Arc<AtomicI64>,
    _database: Arc<database::Database>,
}

impl TestApp {
    /// The application on a fresh database of this engine.
    pub async fn start(engine: Engine) -> Self {
        Self::start_at(engine, START * 1000, |_| {}).await
    }

    /// The same at another time (Unix milliseconds), after `change` had its way with the configuration.
    pub async fn start_at(engine: Engine, millis: i64, change: impl FnOnce(&mut Config)) -> Self {
        let database = database::Database::fresh(engine).await;
        let mut config = config(ISSUER);
        config.database = database.config();
        change(&mut config);
        let millis = Arc::new(AtomicI64::new(millis));
        let app = App::start(config, clock(&millis), seeded_entropy()).await.unwrap();
        Self::with(app, millis, database)
    }

    /// Another node on the same database, with the same clock.
    pub async fn second_node(&self) -> Self {
        self.second_node_with(|_| {}).await
    }

    /// The same after `change` had its way with its configuration.
    pub async fn second_node_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let entropy = Entropy::system();
        let mut config = (*self.app.config).clone();
        change(&mut config);
        let app = App::start(config, clock(&self.millis), entropy).await.unwrap();
        listen(&app);
        Self { router: whole(&app), app, ..self.clone() }
    }

    /// The same application with another configuration.
    pub fn configured(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.app.config).clone();
        change(&mut config);
        self.but(Parts { config: Arc::new(config), ..Parts::clone(&self.app) })
    }

    /// Another application on the same database, with the same clock.
    pub fn but(&self, parts: Parts) -> Self {
        let app = App::from(parts);
        Self { router: whole(&app), app, ..self.clone() }
    }

    fn with(app: App, millis: Arc<AtomicI64>, database: database::Database) -> Self {
        listen(&app);
        Self { router: whole(&app), app, millis, _database: Arc::new(database) }
    }

    /// Waits until this node has heard of everything that another one did.
    pub async fn hears(&self) {
        self.app.store.catch_up().await.unwrap();
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: i64) {
        self.millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Sends one request past the network.
    pub async fn send(&self, request: Request<Body>) -> Page {
        Page::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// A browser that has been nowhere yet.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// Adds a user with [`PASSWORD`].
    pub async fn user(&self, username: &str) -> User {
        let app = &self.app;
        let hash = app.passwords.hash(PASSWORD.to_owned().into()).await.unwrap();
        let now = app.clock.now();
        let user = User {
            id: UserId::from(app.entropy.opaque_id()),
            username: username.to_owned(),
            email: Some(format!("{username}@example.com")),
            email_verified: true,
            name: Some(format!("{username} of Example")),
            claims: StandardClaims::default(),
            password_hash: Some(hash),
            is_admin: false,
            new_password_required: false,
            disabled: false,
            created_at: now,
            updated_at: now,
        };
        let audit = app.audit(&Origin::system(), "user.create", String::new(), "");
        app.store.insert_user(&user, &audit).await.unwrap();
        user
    }

    /// Registers a client after `change` had its way with the metadata; its secret is `secret`.
    pub async fn client(&self, id: &str, change: impl FnOnce(&mut ClientMetadata)) -> Client {
        let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
        let input = ClientInput {
            client_name: Some(format!("Client {id}")),
            redirect_uris: texts(&["https://app.example/cb"]),
            grant_types: texts(&["authorization_code", "refresh_token", "client_credentials"]),
            scope: Some("openid profile email offline_access api".to_owned()),
            ..ClientInput::default()
        };
        let mut metadata = registration::check(&input, RegistrationPolicy::default()).unwrap().metadata;
        // Tests name clients as no registration would let them.
        metadata.redirect_uris = vec![format!("https://{id}.example/cb")];
        metadata.post_logout_redirect_uris = vec![format!("https://{id}.example/out")];
        change(&mut metadata);
        // As registration would have it.
        if !metadata.grant_types.contains(&GrantType::AuthorizationCode) {
            metadata.response_types.retain(|response_type| !response_type.has_code());
        }
        let public = metadata.token_endpoint_auth_method == AuthMethod::None;
        let now = self.app.clock.now();
        let sealed = metadata
            .needs_secret_as_key()
            .then(|| self.app.seals.seal(Purpose::ClientSecret, &"secret", &self.app.entropy).unwrap());
        let client = Client {
            id: id.into(),
            secret_hash: (!public).then(|| sha256_hex("secret")),
            sealed_secret: sealed,
            old_secret: None,
            disabled: false,
            self_registration: None,
            metadata,
            created_at: now,
            updated_at: now,
        };
        let audit = self.app.audit(&Origin::system(), "client.create", String::new(), "");
        self.app.keys.ready_for(&self.app.store, &client.metadata, &self.app.clock).await.unwrap();
        self.app.store.insert_client(&client, &audit).await.unwrap();
        client
    }

    /// A confidential client with everything switched on, as its relying party.
    pub async fn rp(&self, id: &str) -> Rp {
        Rp::new(self, &self.client(id, |_| {}).await)
    }

    /// A public client, as its relying party.
    pub async fn public_rp(&self, id: &str) -> Rp {
        let public = |metadata: &mut ClientMetadata| {
            metadata.token_endpoint_auth_method = AuthMethod::None;
            metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        };
        Rp::new(self, &self.client(id, public).await)
    }

    /// The JWKS as it is published.
    pub fn jwks(&self) -> String {
        String::from_utf8(self.app.keys.jwks().body.to_vec()).unwrap()
    }

    /// A client as the database has it.
    pub async fn stored_client(&self, id: &str) -> Client {
        let client = self.app.store.asked_anew().client(&id.into()).await.unwrap().unwrap();
        Arc::unwrap_or_clone(client)
    }

    /// Changes a client behind its back.
    pub async fn change_client(&self, id: &str, change: impl FnOnce(&mut Client)) {
        let before = self.stored_client(id).await;
        let mut client = before.clone();
        change(&mut client);
        let audit = self.app.audit(&Origin::system(), "test", String::new(), "");
        assert!(self.app.store.update_client(&client, before.updated_at, &audit).await.unwrap());
    }

    /// A user as the database has them.
    pub async fn stored_user(&self, id: &UserId) -> User {
        Arc::unwrap_or_clone(self.app.store.asked_anew().user(id).await.unwrap().unwrap())
    }

    /// What the audit log says, newest first, as `action target`.
    pub async fn audit_log(&self) -> Vec<String> {
        let rows = self.app.store.recent_audit(1000).await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.action, row.target)).collect()
    }
}

/// Has a node hear of changes, as a server does: without it nothing would be remembered, and no test would meet what is.
fn listen(app: &App) {
    let store = app.store.clone();
    tokio::spawn(async move { store.listen().await });
}

/// The endpoints as they are served, behind the edge.
fn whole(app: &App) -> Router {
    edge::wrap(countersign::routes::router(app), app)
}

/// A form without cookies or origin, as a machine sends it.
pub fn form(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/x-www-form-urlencoded").body(body.into()).unwrap()
}

fn clock(millis: &Arc<AtomicI64>) -> Clock {
    let millis = Arc::clone(millis);
    Clock::from_fn(move || millis.load(Ordering::SeqCst))
}

/// SHA-256 of a counter: the same sequence in every run.
fn seeded_entropy() -> Entropy {
    let counter = AtomicU64::new(0);
    Entropy::from_fn(move |bytes| {
        for chunk in bytes.chunks_mut(32) {
            let block =
                digest::digest(&digest::SHA256, &counter.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    })
}

/// Declares tests that run on both engines and start the application by themselves.
macro_rules! on_both_engines {
    ($name:ident, |$engine:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn scenario($engine: crate::support::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                scenario(crate::support::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if crate::support::Engine::postgres_is_there() {
                    scenario(crate::support::Engine::Postgres).await;
                }
            }
        }
    };
}
pub(crate) use on_both_engines;

/// The same for tests of the application as it is in most of them: `on_both!(name, |app| { … });`
macro_rules! on_both {
    ($name:ident, |$app:ident| $body:block) => {
        crate::support::on_both_engines!($name, |engine| {
            let $app = crate::support::TestApp::start(engine).await;
            $body
        });
    };
}
pub(crate) use on_both;
