//! Everybody's mailbox: what the application under test writes to people.

use std::time::Duration;

use countersign::config::{Config, MailTransport};
use countersign::mail::{Written, outbox};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;

use super::{Engine, START, TestApp};

/// How long to wait for what must come.
const BOUND: Duration = Duration::from_secs(20);

/// The mails of one application, as they are written.
pub struct Mailbox {
    written: Receiver<Written>,
    outbox: JoinHandle<()>,
    _folder: TempDir,
}

impl Mailbox {
    /// An application that sends mail, after `change` had its way with its configuration.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut Config)) -> (TestApp, Self) {
        let folder = TempDir::new().unwrap();
        let mails = folder.path().join("mail");
        let app = TestApp::start_at(engine, START * 1000, |config| {
            config.mail.transport = MailTransport::File(mails);
            change(config);
        })
        .await;
        let written = app.app.mail.written();
        let outbox = tokio::spawn(outbox::run(app.app.clone()));
        (app, Self { written, outbox, _folder: folder })
    }

    /// The next mail.
    pub async fn any(&mut self) -> Written {
        tokio::time::timeout(BOUND, self.written.recv()).await.unwrap().unwrap()
    }

    /// The next mail, which must be to this address.
    pub async fn to(&mut self, address: &str) -> Written {
        let mail = self.any().await;
        assert_eq!(mail.to, address, "{}", mail.subject);
        mail
    }

    /// The path of the link in the next mail, which must be to this address.
    pub async fn link_to(&mut self, address: &str) -> String {
        let mail = self.to(address).await;
        mail.link.as_str().strip_prefix(super::ISSUER).unwrap().to_owned()
    }

    /// That nothing else was written. Whatever was asked for before is given a moment.
    pub async fn is_empty(&mut self, app: &TestApp) {
        tokio::time::sleep(Duration::from_millis(150)).await;
        while app.app.store.count_waiting_mails().await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if let Ok(mail) = self.written.try_recv() {
            panic!("{} went to {}", mail.subject, mail.to);
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.outbox.abort();
    }
}
