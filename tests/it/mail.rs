//! Mail: what is put into the outbox arrives, once, at the address it was meant for, whatever goes wrong on the way; and
//! nobody's address is written to more than three times an hour.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::config::{self, Config, MailTransport, Sender, Smtp, SmtpCredentials, SmtpSecurity};
use countersign::i18n::Language;
use countersign::mail::{Fate, Happened, Link, Mail, Message, outbox};
use countersign::store::{MailRow, Store};
use mail_parser::MessageParser;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::support::{Engine, START, TestApp, on_both_engines};

/// How long to wait for what must come.
const BOUND: Duration = Duration::from_secs(20);

/// What a mail server does with the next conversation.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    /// Takes the mail.
    Take,
    /// Answers the sender with this.
    Sender(u16),
    /// Answers the recipient with this.
    Recipient(u16),
    /// Answers the whole mail with this.
    Data(u16),
    /// Answers the password with this.
    Password(u16),
    /// Greets with this.
    Greeting(u16),
    /// Goes away in the midst of the mail.
    HangUpInMail,
    /// Takes the mail, and goes away before it says so.
    HangUpAfterMail,
    /// Accepts, and says nothing.
    Silence,
}

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Received {
    from: String,
    to: String,
    raw: Vec<u8>,
    encrypted: bool,
}

impl Received {
    fn message(&self) -> mail_parser::Message<'_> {
        MessageParser::default().parse(&self.raw).unwrap()
    }

    fn id(&self) -> String {
        self.message().message_id().unwrap().to_owned()
    }
}

/// A mail server on this machine, as much of one as it takes (RFC 5321).
#[derive(Clone)]
struct MailServer {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    /// From the first byte, or when asked for?
    from_first_byte: bool,
    /// The certificate, to be trusted.
    pem: String,
    received: Arc<Mutex<Vec<Received>>>,
    conduct: Arc<Mutex<VecDeque<Conduct>>>,
    conversations: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    async fn start() -> Self {
        Self::start_with(false, false).await
    }

    async fn start_with(tls: bool, from_first_byte: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![pair.cert.der().clone()], key)
            .unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            tls: tls.then(|| TlsAcceptor::from(Arc::new(config))),
            from_first_byte,
            pem: pair.cert.pem(),
            received: Arc::default(),
            conduct: Arc::default(),
            conversations: Arc::default(),
        };
        let running = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = running.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        server
    }

    /// What this server's owner would configure.
    fn config(&self) -> config::Mail {
        config::Mail {
            transport: MailTransport::Smtp(Smtp {
                host: "127.0.0.1".to_owned(),
                port: self.address.port(),
                security: SmtpSecurity::Plain,
                credentials: None,
            }),
            from: Sender { name: Some("Exämple".to_owned()), address: "no-reply@example.org".to_owned() },
        }
    }

    fn behaves(&self, conduct: impl IntoIterator<Item = Conduct>) {
        *self.conduct.lock().unwrap() = conduct.into_iter().collect();
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Every command of every conversation.
    fn heard(&self) -> String {
        self.conversations.lock().unwrap().join("\n")
    }

    async fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_until(&format!("{count} mails"), async || self.all().len() >= count).await;
        let all = self.all();
        assert_eq!(all.len(), count);
        all
    }

    async fn serve(&self, stream: TcpStream) {
        let conduct = self.conduct.lock().unwrap().pop_front().unwrap_or(Conduct::Take);
        match &self.tls {
            Some(tls) if self.from_first_byte => {
                let Ok(stream) = tls.accept(stream).await else { return };
                drop(self.converse(BufStream::new(stream), conduct, true, true).await);
            }
            Some(tls) => {
                let plain = self.converse(BufStream::new(stream), conduct, false, true).await;
                let Some(plain) = plain else { return };
                let Ok(stream) = tls.accept(plain.into_inner()).await else { return };
                drop(self.converse(BufStream::new(stream), conduct, true, false).await);
            }
            None => drop(self.converse(BufStream::new(stream), conduct, false, true).await),
        }
    }

    /// One conversation. Answers the stream where the other side wants to go on in TLS.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: BufStream<S>,
        conduct: Conduct,
        encrypted: bool,
        greet: bool,
    ) -> Option<BufStream<S>> {
        let say = async |stream: &mut BufStream<S>, line: String| {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
            stream.flush().await.ok()
        };
        match conduct {
            Conduct::Silence => std::future::pending().await,
            Conduct::Greeting(code) => return say(&mut stream, format!("{code} go away")).await.and(None),
            _ if greet => say(&mut stream, "220 mail.example.org ESMTP".to_owned()).await?,
            _ => {}
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            self.conversations.lock().unwrap().push(line.to_owned());
            let upper = line.to_ascii_uppercase();
            let answer = if upper.starts_with("EHLO") {
                let starttls = if self.tls.is_some() && !encrypted { "250-STARTTLS\r\n" } else { "" };
                format!("250-mail.example.org\r\n{starttls}250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
            } else if upper == "STARTTLS" {
                say(&mut stream, "220 go ahead".to_owned()).await?;
                return Some(stream);
            } else if upper.starts_with("AUTH") {
                let code = if let Conduct::Password(code) = conduct { code } else { 235 };
                format!("{code} said")
            } else if let Some(address) = line.strip_prefix("MAIL FROM:") {
                address.clone_into(&mut from);
                let code = if let Conduct::Sender(code) = conduct { code } else { 250 };
                format!("{code} said")
            } else if let Some(address) = line.strip_prefix("RCPT TO:") {
                address.clone_into(&mut to);
                let code = if let Conduct::Recipient(code) = conduct { code } else { 250 };
                format!("{code} said\tthe\u{7f}mailbox")
            } else if upper == "DATA" {
                say(&mut stream, "354 go on".to_owned()).await?;
                if matches!(conduct, Conduct::HangUpInMail) {
                    stream.read_line(&mut String::new()).await.ok()?;
                    return None;
                }
                let raw = read_mail(&mut stream).await?;
                let code = if let Conduct::Data(code) = conduct { code } else { 250 };
                if code == 250 {
                    let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                    self.received.lock().unwrap().push(Received { from, to, raw, encrypted });
                }
                if matches!(conduct, Conduct::HangUpAfterMail) {
                    return None;
                }
                format!("{code} said")
            } else if upper == "QUIT" {
                return say(&mut stream, "221 bye".to_owned()).await.and(None);
            } else {
                "250 fine".to_owned()
            };
            say(&mut stream, answer).await?;
        }
    }
}

/// RFC 5321 §4.5.2: up to a lone dot; a dot more at the beginning of a line is taken away.
async fn read_mail<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(BOUND, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// The application, sending its mail there.
async fn app_with(engine: Engine, server: &MailServer) -> TestApp {
    let mail = server.config();
    TestApp::start_at(engine, START * 1000, |config| config.mail = mail).await
}

/// The work in the background of a node, until this is dropped.
fn background(app: &TestApp) -> JoinSet<()> {
    let mut work = JoinSet::new();
    work.spawn(outbox::run(app.app.clone()));
    work
}

fn link(app: &TestApp, path: &str) -> Link {
    Link::to(&app.app.config.issuer, path)
}

fn code(app: &TestApp) -> Message {
    Message::SignInCode {
        code: "493027".to_owned(),
        link: link(app, "/sign-in/code?token=t0ps3cret"),
        works_for: Duration::from_mins(10),
    }
}

fn reset(app: &TestApp) -> Message {
    Message::ResetPassword {
        account: "ada".to_owned(),
        link: link(app, "/reset?token=t0ps3cret"),
        works_for: Duration::from_mins(30),
    }
}

fn news(app: &TestApp) -> Message {
    Message::PasswordChanged {
        account: "ada".to_owned(),
        happened: Happened {
            at: app.app.clock.now(),
            device: "Firefox on Linux".to_owned(),
            ip: Some([192, 0, 2, 7].into()),
        },
        link: link(app, "/reset"),
    }
}

async fn send(app: &TestApp, to: &str, message: Message) -> Fate {
    app.app.mail.send(&app.app, Mail { to, language: Language::English, message }).await.unwrap()
}

async fn rows(store: &Store) -> Vec<MailRow> {
    store.mails(None, 1000).await.unwrap()
}

async fn row(app: &TestApp) -> MailRow {
    let mut rows = rows(&app.app.store).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

async fn row_to(app: &TestApp, address: &str) -> MailRow {
    rows(&app.app.store).await.into_iter().find(|row| row.to_address == address).unwrap()
}

async fn is(app: &TestApp, state: &str) -> bool {
    rows(&app.app.store).await.iter().all(|row| row.state == state)
}

/// Waits until it is written down that the next attempt comes in exactly `wait` seconds.
async fn next_attempt_is_in(app: &TestApp, wait: i64) {
    let next = app.app.clock.now().0 + wait;
    let planned = async || row(app).await.due_at == Some(next);
    wait_until(&format!("an attempt in {wait} s"), planned).await;
}

/// The same, and lets them pass.
async fn pass_time_to_next_attempt(app: &TestApp, wait: i64) {
    next_attempt_is_in(app, wait).await;
    app.advance(wait);
}

/// Runs a statement past the store.
async fn execute(app: &TestApp, sql: &'static str) {
    match &app.app.config.database.engine {
        config::Engine::Sqlite(file) => {
            let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        }
        config::Engine::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

on_both_engines!(a_mail_arrives_in_text_and_html_and_nothing_of_it_stays, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let _work = background(&app);
    let mail = Mail { to: " Ada@Example.COM ", language: Language::German, message: reset(&app) };
    assert_eq!(app.app.mail.send(&app.app, mail).await.unwrap(), Fate::Queued);
    let received = server.wait_for(1).await.remove(0);
    assert_eq!(
        (received.from.as_str(), received.to.as_str()),
        ("<no-reply@example.org>", "<ada@example.com>")
    );
    let message = received.message();
    assert_eq!(message.subject(), Some("Wählen Sie ein neues Passwort für localhost:8080"));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Exämple"));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    let link = "http://localhost:8080/reset?token=t0ps3cret";
    assert!(text.contains(&format!("Neues Passwort wählen:\r\n{link}\r\n")), "{text}");
    assert!(html.contains(&format!("href=\"{link}\"")) && html.contains("lang=\"de\""), "{html}");
    wait_until("it to be settled", async || is(&app, "sent").await).await;
    let row = row(&app).await;
    assert_eq!(
        (row.kind.as_str(), row.to_address.as_str(), row.attempts),
        ("reset_password", "ada@example.com", 1)
    );
    assert_eq!((row.due_at, row.cause.as_str()), (None, ""));
    // A row that had kept its content would fail this.
    execute(&app, "UPDATE mails SET attempts = attempts / (CASE WHEN content IS NULL THEN 1 ELSE 0 END)")
        .await;
    assert_eq!(rows(&app.app.store).await[0].attempts, 1);
});

#[tokio::test]
async fn neither_link_nor_code_can_be_read_in_the_database_while_a_mail_waits() {
    let server = MailServer::start().await;
    let app = app_with(Engine::Sqlite, &server).await;
    send(&app, "ada@example.com", code(&app)).await;
    let config::Engine::Sqlite(file) = &app.app.config.database.engine else { panic!("not SQLite") };
    let mut bytes = std::fs::read(file).unwrap();
    bytes.extend(std::fs::read(format!("{}-wal", file.display())).unwrap());
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("ada@example.com") && holds("sign_in_code"), "the search itself works");
    for secret in ["493027", "t0ps3cret", "/sign-in/code"] {
        assert!(!holds(secret), "{secret}");
    }
}

on_both_engines!(a_message_cannot_be_moved_to_another_address, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    send(&app, "ada@example.com", reset(&app)).await;
    execute(&app, "UPDATE mails SET to_address = 'mallory@example.net'").await;
    let _work = background(&app);
    assert_eq!(server.wait_for(1).await[0].to, "<ada@example.com>");
});

on_both_engines!(a_mail_survives_a_restart_and_arrives_once, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    for number in 0..5 {
        send(&app, &format!("user{number}@example.com"), reset(&app)).await;
    }
    app.app.store.close().await;
    let after = app.second_node().await;
    let work = background(&after);
    server.wait_for(5).await;
    wait_until("all to be settled", async || is(&after, "sent").await).await;
    drop(work);
    // And once more, with nothing left to do.
    let third = app.second_node().await;
    let _work = background(&third);
    third.advance(10_000);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut recipients: Vec<_> = server.wait_for(5).await.into_iter().map(|one| one.to).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 5);
});

on_both_engines!(two_nodes_send_each_mail_once, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    for number in 0..60 {
        assert_eq!(send(&app, &format!("user{number}@example.com"), reset(&app)).await, Fate::Queued);
    }
    let nodes = [app.second_node().await, app.second_node().await];
    let _work = nodes.each_ref().map(background);
    wait_until("all to be settled", async || is(&app, "sent").await).await;
    let mut ids: Vec<_> = server.wait_for(60).await.iter().map(Received::id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    assert!(rows(&app.app.store).await.iter().all(|row| row.attempts == 1));
});

on_both_engines!(an_address_gets_three_mails_an_hour_however_many_are_asked_for_at_once, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let other = app.second_node().await;
    let mut asking = JoinSet::new();
    for number in 0..20 {
        let node = if number % 2 == 0 { app.clone() } else { other.clone() };
        let to = if number % 3 == 0 { "ada@example.com" } else { "ADA@example.com" };
        asking.spawn(async move { send(&node, to, reset(&node)).await });
    }
    let fates = asking.join_all().await;
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::Queued).count(), 3, "{fates:?}");
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::TooMany).count(), 17, "{fates:?}");
    assert_eq!(rows(&app.app.store).await.len(), 3);
    assert_eq!(send(&app, "grace@example.com", reset(&app)).await, Fate::Queued, "nobody else's business");
});

on_both_engines!(the_hour_of_the_limit_slides, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    // Seconds from the start, and what becomes of a mail that is asked for then.
    for (at, fate) in [
        (0, Fate::Queued),
        (3000, Fate::Queued),
        (3500, Fate::Queued),
        (3599, Fate::TooMany),
        // The first one is an hour old.
        (3600, Fate::Queued),
        (3601, Fate::TooMany),
        (6599, Fate::TooMany),
        (6600, Fate::Queued),
        (6601, Fate::TooMany),
        (7100, Fate::Queued),
        (7101, Fate::TooMany),
        (20_000, Fate::Queued),
        (20_000, Fate::Queued),
        (20_000, Fate::Queued),
        (20_000, Fate::TooMany),
    ] {
        app.advance(START + at - app.app.clock.now().0);
        assert_eq!(send(&app, "ada@example.com", reset(&app)).await, fate, "at {at}");
    }
});

on_both_engines!(news_wait_for_the_limit_instead_of_being_lost_to_it, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    // Somebody uses the limit up before they change the password.
    for at in [0, 10, 20] {
        app.advance(START + at - app.app.clock.now().0);
        assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::Queued);
    }
    let mut due = Vec::new();
    for _ in 0..30 {
        if send(&app, "ada@example.com", news(&app)).await == Fate::Queued {
            // Each later than the one before.
            let latest = rows(&app.app.store).await.iter().filter_map(|row| row.due_at).max();
            due.push(latest.unwrap() - START);
        }
    }
    // Two an hour: the third is kept for whoever lost their password.
    assert_eq!(due[..4], [3600, 3610, 7200, 7210]);
    assert!(
        due.len() == 24 && due.iter().all(|at| *at <= 12 * 3600 + 20),
        "no longer than half a day: {due:?}"
    );
    assert!(due.windows(3).all(|three| three[2] - three[0] >= 3600), "never more than two an hour: {due:?}");
    assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::TooMany, "three were sent");
    let _work = background(&app);
    server.wait_for(3).await;
    app.advance(3580);
    server.wait_for(4).await;
    // However many news wait, a new password can be asked for as soon as the hour has room.
    app.advance(19);
    assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::TooMany);
    app.advance(1);
    assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::Queued);
});

on_both_engines!(a_mail_server_that_is_busy_or_broken_is_asked_again_less_and_less_often, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    server.behaves([
        Conduct::Recipient(450),
        Conduct::Data(452),
        Conduct::Greeting(421),
        // These say nothing about this mail, although nothing is more permanent.
        Conduct::Greeting(554),
        Conduct::Sender(553),
        Conduct::HangUpInMail,
        Conduct::Recipient(530),
        Conduct::Recipient(451),
    ]);
    send(&app, "ada@example.com", news(&app)).await;
    let mut work = background(&app);
    for (number, wait) in [10, 30, 90, 270, 810, 2430, 3600, 3600].into_iter().enumerate() {
        next_attempt_is_in(&app, wait).await;
        let row = row(&app).await;
        assert_eq!((row.attempts, row.state.as_str()), (i64::try_from(number).unwrap() + 1, "waiting"));
        assert!(!row.cause.is_empty(), "{row:?}");
        // Another process takes over every time.
        work.shutdown().await;
        work = background(&app.second_node().await);
        app.advance(wait);
    }
    server.wait_for(1).await;
    wait_until("it to be settled", async || is(&app, "sent").await).await;
    assert_eq!(row(&app).await.attempts, 9);
    assert!(!app.audit_log().await.iter().any(|row| row.starts_with("mail.")));
});

on_both_engines!(rfc5321_4_2_1_what_is_refused_for_good_is_given_up_with_an_audit_row, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let _work = background(&app);
    for (number, conduct) in [Conduct::Recipient(550), Conduct::Data(554)].into_iter().enumerate() {
        server.behaves([conduct]);
        send(&app, &format!("nobody{number}@example.com"), code(&app)).await;
        wait_until("it to be given up", async || is(&app, "failed").await).await;
    }
    let first = row_to(&app, "nobody0@example.com").await;
    assert!(first.cause.contains("550") && !first.cause.contains(char::is_control), "{first:?}");
    let second = row_to(&app, "nobody1@example.com").await;
    assert!(second.cause.contains("554"), "{second:?}");
    assert_eq!([first.attempts, second.attempts], [1, 1]);
    assert_eq!([first.due_at, second.due_at], [None, None]);
    let audits = app.app.store.recent_audit(10).await.unwrap();
    let target = format!("mail:{}", first.id);
    let audit = audits.iter().find(|row| row.target == target).unwrap();
    assert_eq!((audit.actor.as_str(), audit.action.as_str()), ("system", "mail.give_up"));
    assert!(
        audit.detail.starts_with("sign_in_code: ") && !audit.detail.contains("493027"),
        "{}",
        audit.detail
    );
    execute(&app, "UPDATE mails SET attempts = attempts / (CASE WHEN content IS NULL THEN 1 ELSE 0 END)")
        .await;
    assert!(server.all().is_empty());
});

on_both_engines!(a_wrong_password_at_the_mail_server_loses_no_mail, |engine| {
    let server = MailServer::start().await;
    let mut mail = server.config();
    let MailTransport::Smtp(smtp) = &mut mail.transport else { panic!() };
    smtp.credentials =
        Some(SmtpCredentials { user: "id".to_owned(), password: "pässword".to_owned().into() });
    let app = TestApp::start_at(engine, START * 1000, |config| config.mail = mail).await;
    server.behaves([Conduct::Password(535)]);
    send(&app, "ada@example.com", reset(&app)).await;
    let _work = background(&app);
    pass_time_to_next_attempt(&app, 10).await;
    server.wait_for(1).await;
    let sent = STANDARD.encode("\0id\0pässword");
    assert!(server.heard().contains(&format!("AUTH PLAIN {sent}")), "{}", server.heard());
});

on_both_engines!(a_repeat_has_the_same_message_id_and_is_the_same_mail, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    server.behaves([Conduct::HangUpAfterMail]);
    send(&app, "ada@example.com", reset(&app)).await;
    let _work = background(&app);
    pass_time_to_next_attempt(&app, 10).await;
    let received = server.wait_for(2).await;
    assert_eq!(received[0], received[1], "at least once; who gets it twice can tell");
    assert_eq!(received[0].id(), format!("{}@example.org", row(&app).await.id));
});

on_both_engines!(a_node_that_dies_in_the_midst_leaves_its_mail_to_the_others, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    server.behaves([Conduct::Silence]);
    send(&app, "ada@example.com", reset(&app)).await;
    let mut work = background(&app);
    wait_until("it to be leased", async || row(&app).await.attempts == 1).await;
    work.shutdown().await;
    let other = app.second_node().await;
    let _work = background(&other);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(server.all().is_empty(), "while the lease holds, nobody else tries");
    app.advance(120);
    server.wait_for(1).await;
});

on_both_engines!(a_mail_that_is_of_no_use_any_more_is_not_sent, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    send(&app, "ada@example.com", code(&app)).await;
    send(&app, "grace@example.com", news(&app)).await;
    // The code works for ten minutes; news are news for a day.
    app.advance(600);
    let work = background(&app);
    assert_eq!(server.wait_for(1).await[0].to, "<grace@example.com>");
    let given_up = async |to| row_to(&app, to).await.state == "failed";
    wait_until("the other to be given up", async || given_up("ada@example.com").await).await;
    assert_eq!(row_to(&app, "ada@example.com").await.cause, "it could not be sent in time");
    drop(work);
    send(&app, "joan@example.com", news(&app)).await;
    app.advance(86_400);
    let _work = background(&app);
    wait_until("it to be given up", async || given_up("joan@example.com").await).await;
    server.wait_for(1).await;
});

on_both_engines!(a_request_does_not_wait_for_a_mail_server, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    server.behaves([Conduct::Silence; 100]);
    let _work = background(&app);
    let started = Instant::now();
    for number in 0..20 {
        assert_eq!(send(&app, &format!("user{number}@example.com"), reset(&app)).await, Fate::Queued);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let nobody = MailServer { address: ([127, 0, 0, 1], 1).into(), ..server.clone() };
    let app = app_with(engine, &nobody).await;
    let _work = background(&app);
    assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::Queued);
    pass_time_to_next_attempt(&app, 10).await;
    assert!(row(&app).await.cause.to_lowercase().contains("connection"), "{:?}", row(&app).await);
});

on_both_engines!(what_is_no_address_gets_no_mail, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let _work = background(&app);
    let (long_local, long) = (format!("{}@example.com", "a".repeat(65)), format!("a@{}", "b.".repeat(200)));
    for to in [
        "",
        "ada",
        "ada@example.com\r\nBcc: victim@example.com",
        "ada@example.com\nDATA",
        "ada@example.com, victim@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "ada@example.com>\r\nRCPT TO:<victim@example.com",
        "ada@exämple.com",
        "адa@example.com",
        "ada\u{0}@example.com",
        "ada@example.com\u{2028}x",
        "\"a\r\n b\"@example.com",
        "a b@example.com",
        "ada@[127.0.0.1]",
        "ada@example..com",
        "ada.@example.com",
        ".ada@example.com",
        "a..da@example.com",
        &long_local,
        &long,
    ] {
        assert_eq!(send(&app, to, reset(&app)).await, Fate::NoAddress, "{to:?}");
    }
    assert_eq!(rows(&app.app.store).await.len(), 0);
    // The longest and strangest that are addresses.
    let longest = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(63));
    let strange = "!#$%&'*+-/=?^_`{|}~@xn--exmple-cua.com";
    for (number, to) in [longest.as_str(), strange].into_iter().enumerate() {
        assert_eq!(send(&app, to, reset(&app)).await, Fate::Queued, "{to}");
        let last = server.wait_for(number + 1).await.remove(number);
        assert_eq!(last.to, format!("<{to}>"));
        assert_eq!(last.message().to().unwrap().first().unwrap().address(), Some(to));
    }
    assert_eq!(server.heard().matches("RCPT TO").count(), 2);
});

on_both_engines!(a_name_cannot_add_a_header_or_a_recipient, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let _work = background(&app);
    let hostile = [
        "Ada\r\nBcc: victim@example.com\r\n\r\nhello",
        "Ada\r\n.\r\nMAIL FROM:<x@example.com>\r\n",
        "<img src=x onerror=alert(1)>",
        "\u{202e}live\u{2066}",
    ];
    for (number, name) in hostile.into_iter().enumerate() {
        let message = Message::Invitation {
            inviter: name.to_owned(),
            link: link(&app, "/invitation"),
            works_for: Duration::from_hours(24),
        };
        send(&app, &format!("user{number}@example.com"), message).await;
        let received = server.wait_for(number + 1).await.remove(number);
        let message = received.message();
        assert_eq!(message.headers().len(), 9, "{name:?}");
        assert_eq!(message.parts.len(), 3, "{name:?}");
        let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
        assert!(!html.contains("<img") && !text.contains('\u{202e}') && !html.contains('\u{202e}'), "{html}");
        assert!(text.contains("invites you to make an account at localhost:8080."), "{text}");
    }
    assert_eq!(server.heard().matches("RCPT TO").count(), hostile.len());
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc8314_links_and_codes_leave_encrypted_or_not_at_all() {
    use SmtpSecurity::{Plain, StartTls, StartTlsIfOffered, Tls};
    // Does the server speak TLS, from the first byte, is its certificate trusted; what is asked of it; how it arrives.
    for (tls, from_first_byte, trusted, security, arrives_encrypted) in [
        (true, true, true, Tls, Some(true)),
        (true, true, false, Tls, None),
        (false, false, true, Tls, None),
        (true, false, true, StartTls, Some(true)),
        (true, false, false, StartTls, None),
        (false, false, true, StartTls, None),
        (true, false, true, StartTlsIfOffered, Some(true)),
        (true, false, false, StartTlsIfOffered, None),
        (false, false, true, StartTlsIfOffered, Some(false)),
        (false, false, true, Plain, Some(false)),
    ] {
        let server = MailServer::start_with(tls, from_first_byte).await;
        let mut mail = server.config();
        let MailTransport::Smtp(smtp) = &mut mail.transport else { panic!() };
        smtp.security = security;
        let password = "the mail server's password".to_owned();
        smtp.credentials = Some(SmtpCredentials { user: "id".to_owned(), password: password.into() });
        let change = |config: &mut Config| {
            config.mail = mail;
            config.outgoing.ca_certificates = trusted.then(|| server.pem.clone().into_bytes());
        };
        let app = TestApp::start_at(Engine::Sqlite, START * 1000, change).await;
        let _work = background(&app);
        send(&app, "ada@example.com", code(&app)).await;
        let what = format!("{tls} {from_first_byte} {trusted} {security:?}");
        if let Some(encrypted) = arrives_encrypted {
            assert_eq!(server.wait_for(1).await[0].encrypted, encrypted, "{what}");
        } else {
            let next = START + 10;
            wait_until(&what, async || row(&app).await.due_at == Some(next)).await;
            assert!(!row(&app).await.cause.is_empty(), "{what}");
            assert!(
                server.all().is_empty() && !server.heard().contains("AUTH"),
                "{what}: {}",
                server.heard()
            );
        }
    }
}

on_both_engines!(without_a_transport_nothing_is_written_down, |engine| {
    let app = TestApp::start(engine).await;
    assert!(!app.app.mail.is_on());
    assert_eq!(send(&app, "ada@example.com", reset(&app)).await, Fate::SwitchedOff);
    assert!(rows(&app.app.store).await.is_empty());
    assert!(app.app.mail.written().recv().await.is_err(), "and nothing to wait for");
});

on_both_engines!(into_a_folder_each_mail_is_a_file_for_its_owner_and_announced, |engine| {
    let folder = TempDir::new().unwrap();
    let mails = folder.path().join("data/mail");
    let app = TestApp::start_at(engine, START * 1000, |config| {
        config.mail.transport = MailTransport::File(mails.clone());
    })
    .await;
    let mut written = app.app.mail.written();
    let _work = background(&app);
    send(&app, "ada@example.com", code(&app)).await;
    let announced = tokio::time::timeout(BOUND, written.recv()).await.unwrap().unwrap();
    assert_eq!(announced.to, "ada@example.com");
    assert_eq!(announced.subject, "Your code to sign in to localhost:8080");
    assert_eq!(announced.link.as_str(), "http://localhost:8080/sign-in/code?token=t0ps3cret");
    assert_eq!(announced.code.as_deref(), Some("493027"));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&mails), mode(&announced.file)), (0o700, 0o600));
    let raw = std::fs::read(&announced.file).unwrap();
    let message = MessageParser::default().parse(&raw).unwrap();
    assert!(message.body_text(0).unwrap().contains("493027"));
    wait_until("it to be settled", async || is(&app, "sent").await).await;
    assert_eq!(announced.file, mails.join(format!("{}.eml", row(&app).await.id)));
    // A folder that is gone is made again; one that cannot be made keeps the mails waiting.
    std::fs::remove_dir_all(&mails).unwrap();
    std::fs::write(&mails, "in the way").unwrap();
    send(&app, "ada@example.com", code(&app)).await;
    let failed = async || rows(&app.app.store).await.iter().any(|row| !row.cause.is_empty());
    wait_until("a failure", failed).await;
    std::fs::remove_file(&mails).unwrap();
    app.advance(10);
    tokio::time::timeout(BOUND, written.recv()).await.unwrap().unwrap();
});

on_both_engines!(what_is_over_is_forgotten, |engine| {
    let server = MailServer::start().await;
    let app = app_with(engine, &server).await;
    let work = background(&app);
    send(&app, "ada@example.com", code(&app)).await;
    wait_until("it to be settled", async || is(&app, "sent").await).await;
    drop(work);
    let clean_up = async || {
        let now = app.app.clock.now();
        app.app.store.clean_up(now).await.unwrap();
        rows(&app.app.store).await.len()
    };
    app.advance(7 * 86_400);
    send(&app, "grace@example.com", code(&app)).await;
    assert_eq!(clean_up().await, 2, "for a week it can be looked up");
    app.advance(3_600);
    assert_eq!(clean_up().await, 1);
    app.advance(601);
    assert_eq!(clean_up().await, 0, "nor does one stay that nobody tried in time");
    // The limit forgot them too, and works on.
    for fate in [Fate::Queued, Fate::Queued, Fate::TooMany] {
        assert_eq!(send(&app, "grace@example.com", code(&app)).await, fate);
    }
    clean_up().await;
    assert_eq!(send(&app, "grace@example.com", code(&app)).await, Fate::TooMany);
});
