//! A PostgreSQL that tests may crash, which nobody else uses; `make test` starts one.

use std::process::{Command, Stdio};

use tokio::sync::{Mutex, MutexGuard};

/// Its URL, and the command that crashes it and starts it again.
const URL: &str = "COUNTERSIGN_TEST_FRAGILE_POSTGRES";
const CRASH: &str = "COUNTERSIGN_TEST_CRASH_POSTGRES";

/// One test at a time.
static TAKEN: Mutex<()> = Mutex::const_new(());

pub struct Fragile {
    pub url: String,
    command: String,
    _taken: MutexGuard<'static, ()>,
}

impl Fragile {
    /// The server, if there is one: a bare `cargo test` may go without.
    pub async fn take() -> Option<Self> {
        let variable = |name: &str| {
            let value = std::env::var(name).ok();
            if value.is_none() {
                eprintln!("not run on a PostgreSQL that crashes: {name} is not set (`make test` sets it)");
            }
            value
        };
        let (url, command) = (variable(URL)?, variable(CRASH)?);
        Some(Self { url, command, _taken: TAKEN.lock().await })
    }

    /// All of its processes end at once and save nothing; it recovers from its log, and is back when this is over.
    pub async fn crash(&self) {
        let mut crash = Command::new("sh");
        crash.args(["-c", &self.command]);
        crash.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = tokio::task::spawn_blocking(move || crash.status()).await.unwrap().unwrap();
        assert!(status.success(), "{}", self.command);
    }
}
