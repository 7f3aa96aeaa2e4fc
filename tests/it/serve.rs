//! The listener over real sockets: nobody holds a connection for ever, and TLS follows its files.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use countersign::config::Tls;
use countersign::http::edge;
use countersign::serve::{Patience, listen};
use rcgen::CertifiedKey;
use reqwest::Version;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{Engine, TestApp};

/// Short enough for a test, long enough for a slow machine to do honest work in.
const PATIENCE: Duration = Duration::from_millis(600);

/// Beyond any doubt closed by the server, not by the test.
const BOUND: Duration = Duration::from_secs(5);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    fn start(test: &TestApp, tls: Option<Tls>) -> Self {
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/echo", post(|body: String| async move { body.len().to_string() }))
            .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(300)).await }));
        let router = edge::wrap_within(router, &test.app, PATIENCE);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let patience = Patience {
            head: PATIENCE,
            drain: Duration::from_secs(2),
            certificate: Duration::from_millis(30),
        };
        let ended = tokio::spawn(async move {
            listen(router, listener, tls.as_ref(), &patience, async { drop(stopped.await) }).await
        });
        Self { address, stop, ended }
    }

    /// Sends bytes, keeps the connection open, and reads until the server closes it.
    fn talk(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_to_end(&mut stream)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream
    }
}

/// Everything until the server closes; fails if it does not.
fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => {
                panic!("not closed by the server: {error}; so far {}", String::from_utf8_lossy(&answer))
            }
        }
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_nothing_or_half_a_head_is_hung_up_on() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    for silence in ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Half: "] {
        let started = Instant::now();
        let answer = server.talk(silence.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{silence:?}: {answer}");
        assert!(started.elapsed() >= PATIENCE / 2, "{silence:?} was not given its time");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_in_is_hung_up_on() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let mut stream = server.connect();
    let started = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    while started.elapsed() < BOUND {
        std::thread::sleep(Duration::from_millis(50));
        if stream.write_all(b"X: y\r\n").is_err() {
            break;
        }
    }
    assert!(started.elapsed() < BOUND, "every header line bought more time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_kept_alive_is_closed_when_idle() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let answer = server.talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("here"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_answered_408_and_the_connection_closed() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";
    for sent in [head.to_owned(), format!("{head}half")] {
        let answer = server.talk(sent.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1);
    }
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let started = Instant::now();
    for byte in 0..9 {
        std::thread::sleep(PATIENCE / 4);
        if stream.write_all(&[b'0' + byte]).is_err() {
            break;
        }
    }
    assert!(read_to_end(&mut stream).starts_with("HTTP/1.1 408"), "every byte bought more time");
    assert!(started.elapsed() < BOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_length_is_limited_too() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let chunked = |chunks: usize| {
        let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
        format!(
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            chunk.repeat(chunks)
        )
    };
    let answer = server.talk(chunked(4).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("65536"), "{answer}");
    let answer = server.talk(chunked(5).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");

    let announced = "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n";
    let answer = server.talk(announced.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "it is not asked to go on: {answer}");
    let broken = server.talk(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n");
    assert!(broken.starts_with("HTTP/1.1 400"), "{broken}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_limited() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(120_000));
    for (what, head) in [("many", many), ("long", long)] {
        let answer = server.talk(head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 431"), "{what}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_running_requests_finish_and_takes_no_new_ones() {
    let test = TestApp::start(Engine::Sqlite).await;
    let server = Server::start(&test, None);
    let mut running = server.connect();
    running.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut idle = server.connect();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();

    let address = server.address;
    server.stop.send(()).unwrap();
    let ended = tokio::time::timeout(BOUND, server.ended);
    assert!(read_to_end(&mut running).starts_with("HTTP/1.1 200"), "what ran was finished");
    read_to_end(&mut idle);
    ended.await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err(), "the port is free");
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn write(folder: &Path, certificate: &CertifiedKey<rcgen::KeyPair>) {
    std::fs::write(folder.join("key.pem"), certificate.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.cert.pem()).unwrap();
}

/// A client that trusts this certificate alone, with a connection of its own.
fn client(trusted: &CertifiedKey<rcgen::KeyPair>) -> reqwest::ClientBuilder {
    let root = reqwest::Certificate::from_pem(trusted.cert.pem().as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).no_proxy().timeout(BOUND)
}

async fn over_tls(server: &Server, client: reqwest::ClientBuilder) -> reqwest::Result<Version> {
    let url = format!("https://localhost:{}/", server.address.port());
    Ok(client.build().unwrap().get(url).send().await?.version())
}

fn start_tls(test: &TestApp, folder: &TempDir) -> Server {
    let tls = Tls { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    Server::start(test, Some(tls))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_with_http_1_and_2() {
    let test = TestApp::start(Engine::Sqlite).await;
    let (folder, ours) = (TempDir::new().unwrap(), certificate());
    write(folder.path(), &ours);
    let server = start_tls(&test, &folder);
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let only = || client(&ours).tls_version_min(version).tls_version_max(version);
        assert_eq!(over_tls(&server, only()).await.unwrap(), Version::HTTP_2, "{version:?}");
        assert_eq!(over_tls(&server, only().http1_only()).await.unwrap(), Version::HTTP_11, "{version:?}");
    }
    assert!(over_tls(&server, client(&certificate())).await.is_err(), "the client does check certificates");
    let plain = server.talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice());
    assert!(!plain.contains("200"), "plain HTTP gets nothing: {plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let test = TestApp::start(Engine::Sqlite).await;
    let (folder, first, second) = (TempDir::new().unwrap(), certificate(), certificate());
    write(folder.path(), &first);
    let server = start_tls(&test, &folder);
    over_tls(&server, client(&first)).await.unwrap();

    // Half a replacement: a certificate whose key has not come yet, then garbage.
    std::fs::write(folder.path().join("cert.pem"), second.cert.pem()).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    over_tls(&server, client(&first)).await.expect("the former pair stays in use");
    std::fs::write(folder.path().join("key.pem"), "garbage").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    over_tls(&server, client(&first)).await.expect("the former pair stays in use");
    std::fs::remove_file(folder.path().join("key.pem")).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    over_tls(&server, client(&first)).await.expect("the former pair stays in use");

    write(folder.path(), &second);
    let started = Instant::now();
    while over_tls(&server, client(&second)).await.is_err() {
        assert!(started.elapsed() < BOUND, "the new pair is not taken up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(over_tls(&server, client(&first)).await.is_err(), "the former one is gone");
}
