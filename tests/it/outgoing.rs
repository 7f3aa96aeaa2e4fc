//! The client of outgoing requests against servers that mean well and servers that do not.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use countersign::clock::Clock;
use countersign::config;
use countersign::outgoing::{FetchError, Freshness, Lookup, Outgoing, Resolver};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;

/// Shorter than the five seconds of the product, where a test waits for the end of patience.
const SHORT: Duration = Duration::from_millis(600);

trait Channel: Read + Write {}
impl<T: Read + Write> Channel for T {}

/// A server on loopback that answers each request as a test says, and remembers what it was sent.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` is given the connection and how many requests came before.
    fn start(answer: impl Fn(&mut dyn Channel, usize) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::listen(None, answer)
    }

    /// One whole answer, always the same: status line and headers, then the body.
    fn answering(head: &str, body: impl Into<Vec<u8>>) -> Self {
        let answer = whole(head, &body.into());
        Self::start(move |stream, _| stream.write_all(&answer))
    }

    fn listen(
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: impl Fn(&mut dyn Channel, usize) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, requests, answer) = (tls.clone(), requests.clone(), answer.clone());
                thread::spawn(move || -> io::Result<()> {
                    let mut stream: Box<dyn Channel> = match tls {
                        None => Box::new(stream?),
                        Some(config) => Box::new(rustls::StreamOwned::new(
                            rustls::ServerConnection::new(config).map_err(io::Error::other)?,
                            stream?,
                        )),
                    };
                    let request = read_request(&mut *stream)?;
                    let before = {
                        let mut requests = requests.lock().unwrap();
                        requests.push(request);
                        requests.len() - 1
                    };
                    answer(&mut *stream, before)?;
                    stream.flush()
                });
            }
        });
        server
    }

    fn http(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn https(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn whole(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A request with its body, which is as long as it says.
fn read_request(stream: &mut dyn Channel) -> io::Result<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Ok(String::from_utf8_lossy(&request).into_owned());
            }
        }
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&buffer[..length]);
    }
}

/// Names and their addresses: one answer after another, the last one for ever. Other names have none.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>);

impl Names {
    fn with(self, host: &str, answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.0.lock().unwrap().insert(host.to_owned(), answers.iter().map(parse).collect());
        self
    }
}

impl Resolver for Names {
    fn addresses(&self, host: &str) -> Lookup {
        let mut names = self.0.lock().unwrap();
        let answer = names.get_mut(host).map(|answers| {
            if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() }
        });
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// As in production, with these names and nothing allowed.
fn strict(names: Names) -> Outgoing {
    Outgoing::with_resolver(&config::Outgoing::default(), false, Arc::new(names)).unwrap()
}

/// As on a developer's machine.
fn lenient() -> Outgoing {
    Outgoing::new(&config::Outgoing::default(), true).unwrap()
}

/// An authority and a certificate from it for this name, valid or not any more.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn serve(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Server {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Self::serve_with(&params.signed_by(&key, &self.0).unwrap(), &key)
    }

    /// A server that shows the authority itself, which names no host.
    fn serve_itself(&self) -> Server {
        Self::serve_with(self.0.as_ref(), self.0.key())
    }

    fn serve_with(certificate: &Certificate, key: &KeyPair) -> Server {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Server::listen(Some(Arc::new(tls)), |stream, _| stream.write_all(&whole("200 OK", b"{}")))
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }
}

/// A company's configuration: its authority, a host and networks.
fn company(authority: &Authority, hosts: &[&str], networks: &[&str]) -> config::Outgoing {
    config::Outgoing {
        ca_certificates: Some(authority.pem()),
        allowed_hosts: hosts.iter().map(ToString::to_string).collect(),
        allowed_networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
    }
}

#[tokio::test]
async fn a_request_says_little_and_keeps_nothing() {
    let server = Server::answering("200 OK\r\nset-cookie: a=b", "{}");
    let outgoing = lenient();
    for _ in 0..2 {
        assert_eq!(outgoing.get(&server.http("/jwks?v=1#fragment")).await.unwrap(), "{}");
    }
    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!(first, second, "the cookie does not come back");
    let mut lines: Vec<&str> = first.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", server.port);
    assert_eq!(lines, ["GET /jwks?v=1 HTTP/1.1", "accept: */*", &host, "user-agent: Countersign"]);
}

#[tokio::test]
async fn a_form_is_posted_and_its_status_answered() {
    for status in [200, 204, 400, 404, 500, 501] {
        let server = Server::answering(&format!("{status} Whatever"), "");
        let posted =
            lenient().post_form(&server.http("/logout"), &[("logout_token", "a b&c"), ("x", "ü")]).await;
        assert_eq!(posted, Ok(status));
        let requests = server.requests();
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /logout HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
        assert_eq!(body, "logout_token=a+b%26c&x=%C3%BC");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let inside = Server::answering("200 OK", "{}");
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let head = format!("{status} Elsewhere\r\nlocation: {}", inside.http("/"));
        let server = Server::answering(&head, "");
        let outgoing = lenient();
        let error = Err(FetchError::Redirect(status));
        assert_eq!(outgoing.get(&server.http("/")).await, error.clone());
        assert_eq!(outgoing.json(&server.http("/"), Freshness::Any).await, Err(FetchError::Redirect(status)));
        assert_eq!(outgoing.post_form(&server.http("/"), &[]).await, Err(FetchError::Redirect(status)));
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn what_is_answered_without_success_is_no_document() {
    for status in [400, 401, 404, 410, 429, 500, 503] {
        let server = Server::answering(&format!("{status} No"), "{\"keys\":[]}");
        assert_eq!(lenient().get(&server.http("/")).await, Err(FetchError::Status(status)));
    }
}

#[tokio::test]
async fn a_document_has_a_largest_size() {
    let largest = 256 * 1024;
    let endless = |head: &'static str| {
        Server::start(move |stream, _| {
            stream.write_all(head.as_bytes())?;
            let kilobyte = [b' '; 1024];
            loop {
                if head.contains("chunked") {
                    stream.write_all(b"400\r\n")?;
                }
                stream.write_all(&kilobyte)?;
                if head.contains("chunked") {
                    stream.write_all(b"\r\n")?;
                }
            }
        })
    };
    for (what, server, expected) in [
        ("all of it", Server::answering("200 OK", vec![b' '; largest]), None),
        ("a byte more", Server::answering("200 OK", vec![b' '; largest + 1]), Some(FetchError::TooLarge)),
        (
            "ten gigabytes, announced and never sent",
            Server::start(|stream, _| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n")?;
                stream.flush()?;
                thread::sleep(Duration::from_secs(10));
                Ok(())
            }),
            Some(FetchError::TooLarge),
        ),
        (
            "endless chunks",
            endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
            Some(FetchError::TooLarge),
        ),
        ("endless without a length", endless("HTTP/1.1 200 OK\r\n\r\n"), Some(FetchError::TooLarge)),
        (
            "endless headers",
            Server::start(|stream, _| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                loop {
                    stream.write_all(b"x: y\r\n")?;
                }
            }),
            Some(FetchError::Unreachable),
        ),
    ] {
        let began = Instant::now();
        let found = lenient().get(&server.http("/")).await;
        assert_eq!(found.as_ref().err(), expected.as_ref(), "{what}");
        assert!(found.is_err() || found.unwrap().len() == largest, "{what}");
        assert!(began.elapsed() < Duration::from_secs(4), "{what} was found out by its size");
    }
}

/// So no answer is larger inside than outside, and a bomb is just a small document that is no JSON.
#[tokio::test]
async fn nothing_is_unpacked() {
    // `{}`
    let gzip: &[u8] = &[31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0];
    for encoding in ["gzip", "br", "deflate", "zstd", "x-unknown", "identity, gzip"] {
        let server = Server::answering(&format!("200 OK\r\ncontent-encoding: {encoding}"), gzip);
        assert_eq!(lenient().get(&server.http("/")).await, Err(FetchError::Compressed), "{encoding}");
    }
    let server = Server::answering("200 OK\r\ncontent-encoding: identity", "{}");
    assert_eq!(lenient().get(&server.http("/")).await.unwrap(), "{}");
    let server = Server::answering("200 OK\r\ncontent-type: application/json", gzip);
    assert_eq!(lenient().json(&server.http("/"), Freshness::Any).await, Err(FetchError::NotJson));
}

#[tokio::test]
async fn slow_servers_do_not_keep_a_request_waiting() {
    let drip = |head: &'static [u8], drop: &'static [u8]| {
        Server::start(move |stream, _| {
            stream.write_all(head)?;
            loop {
                stream.write_all(drop)?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(50));
            }
        })
    };
    let body = (&b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"[..], &b" "[..]);
    let all = [
        ("says nothing", drip(b"", b""), SHORT),
        ("drips its head", drip(b"HTTP/1.1 200 OK\r\nx: ", b"x"), SHORT),
        ("drips its body", drip(body.0, body.1), SHORT),
        (
            "drips chunks",
            drip(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            SHORT,
        ),
        ("drips its body, and nobody set a time", drip(body.0, body.1), Duration::from_secs(5)),
    ]
    .map(|(what, server, time)| {
        let outgoing = if time == SHORT { lenient().within(SHORT) } else { lenient() };
        tokio::spawn(async move {
            let began = Instant::now();
            assert_eq!(outgoing.get(&server.http("/")).await, Err(FetchError::TimedOut), "{what}");
            assert!(began.elapsed() >= time && began.elapsed() < time * 4, "{what}: {:?}", began.elapsed());
        })
    });
    for one in all {
        one.await.unwrap();
    }
}

/// The name is looked up within the time of the request, too.
#[tokio::test]
async fn a_resolver_that_does_not_answer_is_not_waited_for() {
    struct Silent;
    impl Resolver for Silent {
        fn addresses(&self, _: &str) -> Lookup {
            Box::pin(std::future::pending())
        }
    }
    let outgoing =
        Outgoing::with_resolver(&config::Outgoing::default(), false, Arc::new(Silent)).unwrap().within(SHORT);
    assert_eq!(outgoing.get("https://rp.example.com/").await, Err(FetchError::TimedOut));
}

#[tokio::test]
async fn broken_answers_are_errors() {
    for (what, answer) in [
        ("nothing", &b""[..]),
        ("no HTTP", b"220 mail.example.com ESMTP\r\n"),
        ("half a body", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}"),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    ] {
        let server = Server::start(move |stream, _| stream.write_all(answer));
        assert_eq!(lenient().get(&server.http("/")).await, Err(FetchError::Unreachable), "{what}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(lenient().get(&format!("http://{nobody}/")).await, Err(FetchError::Unreachable));
    assert_eq!(strict(Names::default()).get("https://rp.example.com/").await, Err(FetchError::UnknownHost));
    let empty = Names::default().with("rp.example.com", &[&[]]);
    assert_eq!(strict(empty).get("https://rp.example.com/").await, Err(FetchError::UnknownHost));
}

#[tokio::test]
async fn json_is_json() {
    for text in ["", "{", "<!doctype html>", "{} {}", "\u{feff}{}", "{'keys':[]}", &"[".repeat(200_000)] {
        let server = Server::answering("200 OK\r\ncontent-type: application/json", text);
        let found = lenient().json(&server.http("/"), Freshness::Any).await;
        assert_eq!(found, Err(FetchError::NotJson), "{}", text.chars().take(20).collect::<String>());
    }
    // Whoever keeps a file on a plain web server cannot always choose its media type.
    for head in
        ["200 OK", "200 OK\r\ncontent-type: text/plain", "200 OK\r\ncontent-type: application/jwk-set+json"]
    {
        let server = Server::answering(head, "{\"keys\":[]}");
        let found = lenient().json(&server.http("/"), Freshness::Any).await.unwrap();
        assert_eq!(*found, json!({"keys": []}), "{head}");
    }
}

#[tokio::test]
async fn a_certificate_must_be_for_the_host_and_from_a_trusted_authority() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let names =
        Names::default().with("rp.internal", &[&["127.0.0.1"]]).with("other.internal", &[&["127.0.0.1"]]);
    let config = company(&ours, &["rp.internal", "other.internal"], &[]);
    let outgoing = Outgoing::with_resolver(&config, false, Arc::new(names)).unwrap();

    let good = ours.serve("rp.internal", |_| {});
    assert_eq!(outgoing.get(&good.https("rp.internal")).await.unwrap(), "{}");
    assert_eq!(outgoing.get(&good.https("RP.Internal")).await.unwrap(), "{}");

    let expired = ours.serve("rp.internal", |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let later = ours.serve("rp.internal", |params| params.not_before = rcgen::date_time_ymd(2999, 1, 1));
    for (what, address) in [
        ("another host's", good.https("other.internal")),
        ("a foreign authority's", foreign.serve("rp.internal", |_| {}).https("rp.internal")),
        ("expired", expired.https("rp.internal")),
        ("not yet valid", later.https("rp.internal")),
    ] {
        assert_eq!(outgoing.get(&address).await, Err(FetchError::Untrusted), "{what}");
    }
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://rp.internal:{}/", plain.local_addr().unwrap().port());
    thread::spawn(move || plain.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_eq!(outgoing.get(&address).await, Err(FetchError::Unreachable), "no TLS at all");
}

/// `openssl req -x509` makes an authority that stands for itself.
#[tokio::test]
async fn a_server_may_show_the_operators_own_authority_itself() {
    let expired = Authority::with(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    for (what, own, shown, trusted) in [
        ("its own", Authority::new(), None, true),
        ("another one", Authority::new(), Some(Authority::new()), false),
        ("one that expired", expired, None, false),
    ] {
        let names = Names::default().with("rp.internal", &[&["127.0.0.1"]]);
        let config = company(&own, &["rp.internal"], &[]);
        let outgoing = Outgoing::with_resolver(&config, false, Arc::new(names)).unwrap();
        let server = shown.as_ref().unwrap_or(&own).serve_itself();
        let expected = if trusted { Ok("{}".into()) } else { Err(FetchError::Untrusted) };
        assert_eq!(outgoing.get(&server.https("rp.internal")).await, expected, "{what}");
    }
}

/// What a name may lead to, however it is written, and whatever stands beside it.
#[tokio::test]
async fn names_that_lead_inside_are_refused_before_anything_connects() {
    let server = Server::answering("200 OK", "{}");
    for answer in [
        &["127.0.0.1"][..],
        &["::1"],
        &["0.0.0.0"],
        &["10.0.0.1"],
        &["100.64.0.1"],
        &["169.254.169.254"],
        &["172.16.0.1"],
        &["192.0.0.192"],
        &["192.168.1.1"],
        &["198.18.0.1"],
        &["224.0.0.1"],
        &["255.255.255.255"],
        &["::"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["2001:0:7f00:1::"],
        &["fe80::1"],
        &["fc00::1"],
        &["fd00:ec2::254"],
        // A and AAAA mixed: one of them is enough, in either place.
        &["8.8.8.8", "127.0.0.1"],
        &["127.0.0.1", "8.8.8.8"],
        &["8.8.8.8", "::1"],
        &["2606:4700::1111", "10.0.0.1"],
        &["8.8.8.8", "9.9.9.9", "1.1.1.1", "192.168.0.1"],
    ] {
        let outgoing = strict(Names::default().with("rp.example.com", &[answer]));
        let found = outgoing.get(&server.https("rp.example.com")).await;
        assert_eq!(found, Err(FetchError::NotPublic), "{answer:?}");
        let posted = outgoing.post_form(&server.https("rp.example.com"), &[("logout_token", "x")]).await;
        assert_eq!(posted, Err(FetchError::NotPublic), "{answer:?}");
    }
    for host in [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "rp.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "①②⑦.⓪.⓪.①",
    ] {
        // Even if a resolver has been talked into something else.
        let outgoing = strict(Names::default().with("localhost", &[&["8.8.8.8"]]));
        assert_eq!(outgoing.get(&server.https(host)).await, Err(FetchError::NotPublic), "{host}");
    }
    assert_eq!(server.connections(), 0);
}

/// DNS rebinding: the name is looked up once for each connection, and the connection goes to what was looked at.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_refused_when_it_does() {
    let authority = Authority::new();
    let server = authority.serve("rp.internal", |_| {});
    let names =
        Names::default().with("rp.internal", &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1", "127.0.0.2"]]);
    let config = company(&authority, &[], &["127.0.0.1/32"]);
    let outgoing = Outgoing::with_resolver(&config, false, Arc::new(names)).unwrap();
    let address = server.https("rp.internal");
    assert_eq!(outgoing.get(&address).await.unwrap(), "{}");
    assert_eq!(outgoing.get(&address).await, Err(FetchError::NotPublic));
    assert_eq!(outgoing.get(&address).await, Err(FetchError::NotPublic));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_the_operator_allows_is_reached_by_https_alone() {
    let authority = Authority::new();
    let server = authority.serve("rp.internal", |_| {});
    let names =
        || Names::default().with("rp.internal", &[&["127.0.0.1"]]).with("x.internal", &[&["127.0.0.1"]]);
    for (hosts, networks, expected) in [
        (&[][..], &[][..], Err(FetchError::NotPublic)),
        (&["rp.internal"], &[], Ok(())),
        (&["rp.internal."], &[], Ok(())),
        (&["x.internal"], &[], Err(FetchError::NotPublic)),
        (&["internal"], &[], Err(FetchError::NotPublic)),
        (&[], &["127.0.0.0/8"], Ok(())),
        (&[], &["10.0.0.0/8", "::1/128"], Err(FetchError::NotPublic)),
    ] {
        let config = company(&authority, hosts, networks);
        let outgoing = Outgoing::with_resolver(&config, false, Arc::new(names())).unwrap();
        let found = outgoing.get(&server.https("rp.internal")).await;
        assert_eq!(found.map(drop), expected, "{hosts:?} {networks:?}");
        let plain = format!("http://rp.internal:{}/", server.port);
        assert_eq!(outgoing.get(&plain).await, Err(FetchError::NotHttps));
    }
}

#[tokio::test]
async fn in_development_localhost_is_reached_without_a_resolver() {
    let server = Server::answering("200 OK", "{}");
    let nobody =
        Outgoing::with_resolver(&config::Outgoing::default(), true, Arc::new(Names::default())).unwrap();
    for host in ["localhost", "rp.localhost", "127.0.0.1", "LOCALHOST"] {
        assert_eq!(nobody.get(&format!("http://{host}:{}/", server.port)).await.unwrap(), "{}", "{host}");
    }
    assert_eq!(lenient().get(&format!("http://localhost:{}/", server.port)).await.unwrap(), "{}");
    assert_eq!(lenient().get("http://rp.example.com/").await, Err(FetchError::NotHttps));
}

#[tokio::test]
async fn this_server_does_not_ask_itself() {
    let server = Server::answering("200 OK", "{}");
    let outgoing = lenient().except(&format!("http://localhost:{}", server.port));
    for address in ["/jwks", "/authorize?request_uri=x", ""] {
        let address = format!("http://LOCALHOST:{}{address}", server.port);
        assert_eq!(outgoing.get(&address).await, Err(FetchError::Own));
        assert_eq!(outgoing.json(&address, Freshness::Any).await, Err(FetchError::Own));
        assert_eq!(outgoing.post_form(&address, &[]).await, Err(FetchError::Own));
    }
    assert_eq!(server.connections(), 0);
    assert!(outgoing.get(&server.http("/")).await.is_ok());
}

#[tokio::test]
async fn configuration_that_is_of_no_use_says_so() {
    let certificates = config::Outgoing { ca_certificates: Some(b"no PEM".to_vec()), ..Default::default() };
    let hosts =
        config::Outgoing { allowed_hosts: vec!["https://rp.internal".to_owned()], ..Default::default() };
    for (config, words) in [
        (certificates, "outgoing.ca_file: holds no certificate (-----BEGIN CERTIFICATE-----)"),
        (
            hosts,
            "outgoing.allowed_hosts: \"https://rp.internal\" is not a host name such as rp.example.internal",
        ),
    ] {
        assert_eq!(Outgoing::new(&config, false).err().unwrap().to_string(), words);
    }
}

/// Answers after a while, with how many requests came before.
fn counting() -> Server {
    Server::start(|stream, before| {
        thread::sleep(Duration::from_millis(150));
        stream.write_all(&whole("200 OK", format!("{{\"copy\":{before}}}").as_bytes()))
    })
}

#[tokio::test]
async fn however_many_ask_one_request_is_made() {
    let server = counting();
    let outgoing = lenient();
    let all: Vec<_> = (0..60)
        .map(|_| {
            let (outgoing, address) = (outgoing.clone(), server.http("/jwks"));
            tokio::spawn(async move { outgoing.json(&address, Freshness::Any).await })
        })
        .collect();
    for one in all {
        assert_eq!(*one.await.unwrap().unwrap(), json!({"copy": 0}));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_unknown_key_asks_once_more_for_all_who_miss_it() {
    let server = counting();
    let millis = Arc::new(AtomicI64::new(1_000));
    let time = millis.clone();
    let outgoing = lenient().told_time_by(Clock::from_fn(move || time.load(Ordering::SeqCst)));
    let address = server.http("/jwks");
    let first = outgoing.json(&address, Freshness::Any).await.unwrap();
    let newer = || {
        let missing = Freshness::NewerThan(first.clone());
        let (outgoing, address) = (outgoing.clone(), address.clone());
        tokio::spawn(async move { outgoing.json(&address, missing).await.unwrap() })
    };
    assert_eq!(*newer().await.unwrap(), json!({"copy": 0}), "within five seconds of the first");
    millis.fetch_add(5_000, Ordering::SeqCst);
    let all: Vec<_> = (0..20).map(|_| newer()).collect();
    for one in all {
        assert_eq!(*one.await.unwrap(), json!({"copy": 1}));
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_address_that_failed_is_left_alone_for_a_while() {
    let server = Server::start(|stream, before| match before {
        0 => stream.write_all(&whole("500 No", b"")),
        _ => stream.write_all(&whole("200 OK\r\ncache-control: max-age=60", b"{}")),
    });
    let millis = Arc::new(AtomicI64::new(1_000));
    let time = millis.clone();
    let outgoing = lenient().told_time_by(Clock::from_fn(move || time.load(Ordering::SeqCst)));
    let address = server.http("/jwks");
    for _ in 0..5 {
        assert_eq!(outgoing.json(&address, Freshness::Any).await, Err(FetchError::Status(500)));
    }
    assert_eq!(server.connections(), 1);
    millis.fetch_add(5_000, Ordering::SeqCst);
    assert!(outgoing.json(&address, Freshness::Any).await.is_ok());
    millis.fetch_add(59_999, Ordering::SeqCst);
    assert!(outgoing.json(&address, Freshness::Any).await.is_ok());
    assert_eq!(server.connections(), 2);
    millis.fetch_add(1, Ordering::SeqCst);
    assert!(outgoing.json(&address, Freshness::Any).await.is_ok());
    assert_eq!(server.connections(), 3, "max-age was over");
}

#[tokio::test]
async fn one_host_is_asked_by_eight_at_once() {
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (inside, highest) = (now.clone(), most.clone());
    let server = Server::start(move |stream, _| {
        highest.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(100));
        inside.fetch_sub(1, Ordering::SeqCst);
        stream.write_all(&whole("200 OK", b"{}"))
    });
    let outgoing = lenient();
    let all: Vec<_> = (0..40)
        .map(|number| {
            let (outgoing, address) = (outgoing.clone(), server.http(&format!("/{number}")));
            tokio::spawn(async move { outgoing.get(&address).await })
        })
        .collect();
    for one in all {
        assert!(one.await.unwrap().is_ok());
    }
    assert!((2..=8).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

/// Bytes that a subscriber wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_is_one_log_line_without_what_may_be_secret() {
    let server = Server::answering("200 OK", "secret-answer");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outgoing = lenient();
    // Whether anybody listens to a line is remembered when it is first reached, and other tests, which nobody listens to, may
    // reach these at the same moment: so that is over before anybody listens here.
    outgoing.get(&server.http("/")).await.unwrap();
    outgoing.get(&format!("http://{nobody}/")).await.unwrap_err();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    outgoing.get(&server.http("/secret-path?secret-query#secret-fragment")).await.unwrap();
    outgoing.post_form(&server.http("/secret-path"), &[("logout_token", "secret-body")]).await.unwrap();
    outgoing.get(&format!("http://{nobody}/secret-path?secret-query")).await.unwrap_err();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("outgoing request")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, parts) in lines.iter().zip([
        ["method=\"GET\"", "status=200"],
        ["method=\"POST\"", "status=200"],
        ["method=\"GET\"", "error=cannot be reached"],
    ]) {
        assert!(
            line.contains("INFO") && line.contains("host=\"127.0.0.1\"") && line.contains(" ms="),
            "{line}"
        );
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    assert!(lines[2].contains("cause=\"Connection refused"), "{}", lines[2]);
    assert!(!text.contains("secret"), "{text}");
}

/// The words end up in answers of registration and in logs of operators, and say what to do.
#[test]
fn every_error_has_its_words() {
    for (error, words) in [
        (FetchError::NotAUrl, "is not a URL with a host"),
        (FetchError::NotHttps, "must begin with https://"),
        (FetchError::UserInfo, "must have no user name and no password"),
        (FetchError::Port, "names a port that is not used for web servers: use 443 or one from 1024"),
        (FetchError::Own, "leads to this server itself"),
        (
            FetchError::NotPublic,
            "leads to an address that is not public; the operator of this server can allow it \
             (outgoing.allowed_hosts)",
        ),
        (FetchError::UnknownHost, "names a host that cannot be found"),
        (FetchError::Unreachable, "cannot be reached"),
        (FetchError::Untrusted, "shows a certificate that is not trusted for its host name"),
        (FetchError::TimedOut, "did not answer in time"),
        (FetchError::Redirect(302), "answers with a redirect (status 302), and redirects are not followed"),
        (FetchError::Status(404), "answers with status 404"),
        (FetchError::Compressed, "answers with compressed content, which was not asked for"),
        (FetchError::TooLarge, "is larger than 256 kB"),
        (FetchError::NotJson, "is not JSON"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
