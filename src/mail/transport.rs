//! Where mails leave: a mail server, a folder, or nowhere.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::messages::{Letter, Link};
use crate::config::{MailTransport, Sender, Smtp, SmtpSecurity};
use crate::files;
use crate::protocol::timestamp::Timestamp;

/// For getting a connection to a mail server.
const STEP_LIMIT: Duration = Duration::from_secs(15);
/// An attempt that takes longer has failed, and its connection is closed.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Announcements of written mails that wait for whoever prints them.
const ANNOUNCED: usize = 64;
/// Causes are cut after so many characters: a mail server can say what it likes.
const LONGEST_CAUSE: usize = 300;

/// The way out.
pub(super) enum Transport {
    /// No mail is sent.
    None,
    /// One file for each mail, and everybody who asked is told.
    File { folder: PathBuf, written: broadcast::Sender<Written> },
    /// A mail server.
    Smtp(Box<MailServer>),
}

/// A mail that was written to a file instead of being sent.
#[derive(Clone, Debug)]
pub struct Written {
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// What it asks to open.
    pub link: Link,
    /// What it asks to type, where it does.
    pub code: Option<String>,
    /// Where it is.
    pub file: PathBuf,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// It may be, another time.
    Later(String),
    /// It would not be, however often it is tried.
    Never(String),
}

/// The mail server cannot be spoken to as configured.
#[derive(Debug, thiserror::Error)]
#[error("[mail]: {0}")]
pub struct TransportError(String);

/// A letter with its addresses, ready to go.
pub(super) struct Parcel<'a> {
    /// The row's id, which names the message for all time.
    pub(super) id: &'a str,
    pub(super) from: &'a Sender,
    pub(super) to: &'a str,
    pub(super) created_at: Timestamp,
    pub(super) letter: &'a Letter,
    pub(super) language: &'static str,
    pub(super) link: &'a Link,
    pub(super) code: Option<&'a str>,
}

impl Parcel<'_> {
    /// RFC 5322. The same mail makes the same message, every time it is tried: a repeat is recognised by its Message-ID
    /// (§3.6.4).
    pub(super) fn message(&self) -> Result<Message, String> {
        let html = self.letter.html().map_err(|error| error.to_string())?;
        let text = self.letter.text().map_err(|error| error.to_string())?;
        let domain = self.from.address.rsplit('@').next().unwrap_or("localhost");
        let since_epoch = Duration::from_secs(self.created_at.0.unsigned_abs());
        let header = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let from = Mailbox::new(self.from.name.clone(), address(&self.from.address)?);
        Message::builder()
            .message_id(Some(format!("<{}@{domain}>", self.id)))
            .date(UNIX_EPOCH + since_epoch)
            .from(from)
            .to(Mailbox::new(None, address(self.to)?))
            .subject(&self.letter.subject)
            // RFC 3834 §5: nobody's absence notice answers it.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", self.language))
            .multipart(
                MultiPart::alternative()
                    .boundary(format!("countersign-{}", self.id))
                    .singlepart(SinglePart::plain(text))
                    .singlepart(SinglePart::html(html)),
            )
            .map_err(|error| error.to_string())
    }
}

/// RFC 5321 §4.1.2: may it stand in an envelope? Some that are in use otherwise (`a.@example.com`) may not.
pub(super) fn can_be_written_to(text: &str) -> bool {
    address(text).is_ok()
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{error}"))
}

impl Transport {
    /// What the configuration says. `authorities` are trusted beside the machine's.
    pub(super) fn new(config: &MailTransport, authorities: Option<&[u8]>) -> Result<Self, TransportError> {
        Ok(match config {
            MailTransport::None => Self::None,
            MailTransport::File(folder) => {
                Self::File { folder: folder.clone(), written: broadcast::Sender::new(ANNOUNCED) }
            }
            MailTransport::Smtp(smtp) => Self::Smtp(Box::new(MailServer::new(smtp, authorities)?)),
        })
    }

    /// Could a mail leave now? Nothing is sent.
    pub(super) async fn probe(&self) -> Result<Option<String>, String> {
        match self {
            Self::None => Ok(None),
            Self::File { folder, .. } => Ok(Some(format!("mails are written into {}", folder.display()))),
            Self::Smtp(server) => {
                let mut connection = server.connect().await.map_err(|error| brief(&error.to_string()))?;
                drop(connection.quit().await);
                Ok(Some(format!("{}:{} takes mail", server.host, server.port)))
            }
        }
    }

    /// One attempt.
    pub(super) async fn send(&self, parcel: &Parcel<'_>) -> Result<(), Unsent> {
        let message = parcel.message().map_err(Unsent::Never)?;
        match self {
            Self::None => Err(Unsent::Later("mail.transport is none".to_owned())),
            Self::File { folder, written } => {
                let file = folder.join(format!("{}.eml", parcel.id));
                let (target, bytes) = (file.clone(), message.formatted());
                let done = tokio::task::spawn_blocking(move || write(&target, &bytes)).await;
                let done = done.map_err(|error| Unsent::Later(error.to_string()))?;
                done.map_err(|error| Unsent::Later(format!("{error:#}")))?;
                // Where nobody asked, nobody is told.
                let _ = written.send(Written {
                    to: parcel.to.to_owned(),
                    subject: parcel.letter.subject.clone(),
                    link: parcel.link.clone(),
                    code: parcel.code.map(ToOwned::to_owned),
                    file,
                });
                Ok(())
            }
            Self::Smtp(server) => timeout(TIME_LIMIT, server.send(&message))
                .await
                .unwrap_or_else(|_| Err(Unsent::Later("the mail server did not answer in time".to_owned()))),
        }
    }
}

/// RFC 5321 §4.2.1: a permanent refusal, which repeating the same does not change. What is refused here is the recipient or
/// the mail (55x). A refusal of this server (53x: it may not send without credentials) or of a command (50x) is the
/// operator's to mend, and mails wait for that.
fn is_for_good(code: u16) -> bool {
    (550..560).contains(&code)
}

/// One line, and not a long one.
fn brief(cause: &str) -> String {
    let line = cause.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(LONGEST_CAUSE).collect::<String>().trim().to_owned()
}

/// A repeat overwrites what it repeats. It holds links and codes, so it is for its owner alone.
fn write(file: &Path, message: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        files::make_folder(folder)?;
    }
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
        file.write_all(message)
    };
    write().map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", file.display()))
}

/// A mail server, and how it is spoken to.
pub(super) struct MailServer {
    host: String,
    port: u16,
    security: SmtpSecurity,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    /// What this machine calls itself.
    hello: ClientId,
}

impl MailServer {
    fn new(smtp: &Smtp, authorities: Option<&[u8]>) -> Result<Self, TransportError> {
        let credentials = smtp
            .credentials
            .as_ref()
            .map(|known| Credentials::new(known.user.clone(), known.password.to_string()));
        Ok(Self {
            host: smtp.host.clone(),
            port: smtp.port,
            security: smtp.security,
            tls: parameters(&smtp.host, authorities)?,
            credentials,
            hello: ClientId::default(),
        })
    }

    /// RFC 5321 §3: one mail in a conversation of its own. Which step fails tells what is wrong: before the recipient is
    /// named, it is nothing about this mail.
    async fn send(&self, message: &Message) -> Result<(), Unsent> {
        let later = |error: smtp::Error| Unsent::Later(brief(&error.to_string()));
        let judged = |error: smtp::Error| {
            let cause = brief(&error.to_string());
            let for_good = error.status().is_some_and(|code| is_for_good(code.into()));
            if for_good { Unsent::Never(cause) } else { Unsent::Later(cause) }
        };
        let mut connection = self.connect().await.map_err(later)?;
        let envelope = message.envelope();
        connection.command(Mail::new(envelope.from().cloned(), Vec::new())).await.map_err(later)?;
        for recipient in envelope.to() {
            connection.command(Rcpt::new(recipient.clone(), Vec::new())).await.map_err(judged)?;
        }
        connection.command(Data).await.map_err(judged)?;
        connection.message(&message.formatted()).await.map_err(judged)?;
        // It has the mail; how it says good-bye changes nothing.
        drop(connection.quit().await);
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let wrapper = (self.security == SmtpSecurity::Tls).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(STEP_LIMIT), &self.hello, wrapper, None).await?;
        let upgrade = match self.security {
            SmtpSecurity::StartTls => true,
            SmtpSecurity::StartTlsIfOffered => connection.can_starttls(),
            SmtpSecurity::Tls | SmtpSecurity::Plain => false,
        };
        if upgrade {
            // Fails where it is not offered.
            connection.starttls(self.tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }
}

fn parameters(host: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    for certificate in CertificateDer::pem_slice_iter(authorities.unwrap_or_default()) {
        let der = certificate.map_err(|error| TransportError(format!("outgoing.ca_file: {error}")))?;
        let certificate = Certificate::from_der(der.to_vec())
            .map_err(|error| TransportError(format!("outgoing.ca_file: {error}")))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| TransportError(format!("mail.smtp_url: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{brief, is_for_good};

    #[test]
    fn rfc5321_4_2_1_the_mail_is_refused_for_good_but_not_its_sender() {
        for code in [550, 551, 552, 553, 554, 555, 556] {
            assert!(is_for_good(code), "{code}");
        }
        for code in [421, 450, 451, 452, 454, 500, 502, 503, 504, 521, 530, 534, 535, 538] {
            assert!(!is_for_good(code), "{code}");
        }
    }

    #[test]
    fn a_cause_is_one_short_line() {
        assert_eq!(brief("permanent error (550): no\r\nsuch user\n"), "permanent error (550): no  such user");
        assert_eq!(brief(&"x".repeat(1000)).len(), 300);
    }
}
