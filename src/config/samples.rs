//! A configuration for tests.

use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{
    Assurance, Authorization, Config, Database, Engine, Issuer, Keys, Legacy, Listen, Log, Mail,
    MailTransport, MasterSecret, Metrics, Outgoing, Passwords, Registration, RegistrationMode, Sender,
    Sessions, SignIn, SignUpMode, Throttle, Tokens,
};

/// The defaults, but cheap to hash and in a file that nobody opens.
pub fn config(issuer: &str) -> Config {
    let seconds = Duration::from_secs;
    Config {
        issuer: Issuer::parse(issuer).unwrap(),
        secret: MasterSecret(Zeroizing::new(vec![7; 32])),
        data_dir: PathBuf::from("."),
        database: Database {
            engine: Engine::Sqlite(PathBuf::from("unused.db")),
            max_connections: 4,
            memory_bytes: 1 << 20,
        },
        listen: Listen { address: ([127, 0, 0, 1], 0).into(), tls: None, trusted_proxies: Vec::new() },
        sessions: Sessions {
            idle: seconds(7_200),
            absolute: seconds(43_200),
            remembered_idle: seconds(1_209_600),
            remembered_absolute: seconds(7_776_000),
        },
        tokens: Tokens {
            code: seconds(60),
            access_token: seconds(300),
            id_token: seconds(300),
            refresh_idle: seconds(2_592_000),
            refresh_absolute: seconds(15_552_000),
            refresh_grace: seconds(10),
        },
        passwords: Passwords { memory_kib: 8, iterations: 1, parallelism: 1, queue: 64 },
        throttle: Throttle { account_failures: 10, address_failures: 100, window: seconds(900) },
        keys: Keys { rotate_every: seconds(7_776_000), publish_before: seconds(86_400) },
        assurance: Assurance::default(),
        sign_up: SignUpMode::default(),
        keep_names_for: seconds(7_776_000),
        sign_in: SignIn::default(),
        branding: std::sync::Arc::default(),
        upstreams: Vec::new(),
        registration: Registration {
            mode: RegistrationMode::Off,
            require_pkce: true,
            unused_expiry: seconds(86_400),
            most_unused: 1000,
            software_statement_keys: None,
        },
        authorization: Authorization::default(),
        legacy: Legacy::default(),
        outgoing: Outgoing::default(),
        mail: Mail {
            transport: MailTransport::None,
            from: Sender { name: None, address: "no-reply@localhost".to_owned() },
        },
        directory: None,
        forward_auth: Vec::new(),
        places: None,
        log: Log { json: false, filter: "info".to_owned() },
        metrics: Metrics { token: None },
    }
}
