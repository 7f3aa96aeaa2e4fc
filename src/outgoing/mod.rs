//! Requests that this server makes: to addresses of clients, upstream providers and webhooks. All of them go through
//! one client, which reaches what is public and what the operator allows, and nothing else (RFC 9101 §10.4 says what
//! else would happen). `docs/decisions/0009-outgoing-requests.md` says why the rules are as they are.

mod address;
mod documents;
mod error;
mod resolve;
mod rules;
mod trust;

use std::error::Error;
use std::io;
use std::iter::successors;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{self, Request};
use bytes::Bytes;
use moka::future::Cache;
use reqwest::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use serde_json::Value;
use tokio::sync::Semaphore;

pub use documents::Freshness;
pub use error::{FetchError, OutgoingError};
pub use resolve::{Lookup, Resolver};
pub(crate) use trust::client_config;

use crate::branding;
use crate::clock::Clock;
use crate::config;
use crate::pages::assets::Asset;
use documents::{Documents, Fetched};
use resolve::{Guarded, SystemResolver};
use rules::{Rules, Target};

/// Bytes of a document that are read. A JWK set with certificate chains has a tenth of it.
const LARGEST: usize = 256 * 1024;

/// Time to connect, TLS included.
const CONNECT: Duration = Duration::from_secs(2);

/// Time for everything, from the name to the last byte: a user may be waiting for the answer.
const TOTAL: Duration = Duration::from_secs(5);

/// Requests to one host at once. More wait, within their time.
const AT_ONCE: usize = 8;

/// Hosts whose requests are counted.
const HOSTS: u64 = 10_000;

/// Says who asks, and not which release.
const USER_AGENT: &str = "Countersign";

/// The one client that every outgoing request goes through. Cloning it is cheap.
#[derive(Clone)]
pub struct Outgoing {
    client: Client,
    rules: Arc<Rules>,
    /// This server's own origin, which it does not ask.
    own: Option<Arc<str>>,
    hosts: Cache<String, Arc<Semaphore>>,
    documents: Documents<Value>,
    images: Documents<Asset>,
    clock: Clock,
    total: Duration,
}

/// An answer that was read to its end.
struct Document {
    text: Bytes,
    max_age: Option<Duration>,
}

/// What went wrong: in public, and for the log.
struct Failure {
    error: FetchError,
    cause: String,
}

impl Outgoing {
    /// A client by this configuration; `development` also reaches loopback, by plain http too.
    ///
    /// # Errors
    /// The certificates or a host name in the configuration are of no use.
    pub fn new(config: &config::Outgoing, development: bool) -> Result<Self, OutgoingError> {
        Self::with_resolver(config, development, Arc::new(SystemResolver::default()))
    }

    /// The same, with names resolved by `resolver`. Its answers are judged like every other's.
    ///
    /// # Errors
    /// The certificates or a host name in the configuration are of no use.
    pub fn with_resolver(
        config: &config::Outgoing,
        development: bool,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, OutgoingError> {
        let rules = Arc::new(Rules::new(config, development)?);
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .dns_resolver(Guarded { rules: rules.clone(), resolver })
            .tls_backend_preconfigured(trust::tls(config.ca_certificates.as_deref())?)
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            // Whatever features another crate turns on: what was not asked for is not unpacked.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .http1_only()
            // Every request resolves, judges and connects anew, and no host keeps a connection that nobody uses.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self {
            client,
            rules,
            own: None,
            hosts: Cache::new(HOSTS),
            documents: Documents::new(),
            images: Documents::new(),
            clock: Clock::system(),
            total: TOTAL,
        })
    }

    /// The clock that kept documents age by, instead of the machine's.
    #[must_use]
    pub fn told_time_by(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// This server's own origin (RFC 6454), which it will not ask: a client could make it talk to itself.
    #[must_use]
    pub fn except(self, origin: &str) -> Self {
        Self { own: Some(origin.into()), ..self }
    }

    /// Another time for a whole request than five seconds.
    #[must_use]
    pub fn within(self, total: Duration) -> Self {
        Self { total, ..self }
    }

    /// A document, as it is now; 256 kB of it at most. A fragment in the address is not sent.
    ///
    /// # Errors
    /// It cannot be had; says why in words for whoever registered the address.
    pub async fn get(&self, address: &str) -> Result<Bytes, FetchError> {
        let target = self.judge(address)?;
        Ok(self.document(target).await?.text)
    }

    /// A JSON document, which may be a copy: good for five minutes, or for as long as `max-age` says between ten seconds
    /// and that. However many ask, one request is made; an address that failed is left alone for five seconds.
    ///
    /// # Errors
    /// It cannot be had; says why in words for whoever registered the address.
    pub async fn json(&self, address: &str, freshness: Freshness<Value>) -> Result<Arc<Value>, FetchError> {
        let target = self.judge(address)?;
        let this = self.clone();
        let ask = move || async move {
            let document = this.document(target).await?;
            let value = serde_json::from_slice(&document.text).map_err(|_| FetchError::NotJson)?;
            Ok(Fetched { value, length: document.text.len(), max_age: document.max_age })
        };
        self.documents.get(address, freshness, &self.clock, ask).await
    }

    /// A logo, which may be a copy, as with [`json`](Self::json); only one that shows itself and does nothing else.
    ///
    /// # Errors
    /// It cannot be had, or may not be shown.
    pub async fn image(&self, address: &str) -> Result<Arc<Asset>, FetchError> {
        let target = self.judge(address)?;
        let this = self.clone();
        let ask = move || async move {
            let document = this.document(target).await?;
            let length = document.text.len();
            let value = branding::app_logo(document.text.to_vec()).ok_or(FetchError::NotAnImage)?;
            Ok(Fetched { value, length, max_age: document.max_age })
        };
        self.images.get(address, Freshness::Any, &self.clock, ask).await
    }

    /// Posts a form and answers the status, whatever it is; a redirect is an error. The body of the answer is not read.
    ///
    /// # Errors
    /// It did not arrive, or nobody knows whether it did.
    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Result<u16, FetchError> {
        let Target { url, host } = self.judge(address)?;
        let request = self.client.post(url).form(fields);
        self.logged("POST", &host, async {
            let status = self.send(&host, request).await?.status().as_u16();
            Ok((status, status))
        })
        .await
    }

    /// Says whether a request may be made to this address, as far as can be told before its name is resolved.
    ///
    /// # Errors
    /// Why not, in words for whoever registers it.
    pub fn may(&self, address: &str) -> Result<(), FetchError> {
        self.judge(address).map(drop)
    }

    /// Posts JSON with headers and answers the status, whatever it is; a redirect is an error. The body of the answer is not
    /// read.
    ///
    /// # Errors
    /// It did not arrive, or nobody knows whether it did.
    pub async fn post_json(
        &self,
        address: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<u16, FetchError> {
        let Target { url, host } = self.judge(address)?;
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.logged("POST", &host, async {
            let status = self.send(&host, request).await?.status().as_u16();
            Ok((status, status))
        })
        .await
    }

    /// Sends a request as it stands and answers what comes back, whatever its status; 256 kB of it at most. A redirect is an
    /// error.
    ///
    /// # Errors
    /// Nothing came back, or too much.
    pub async fn exchange(&self, request: Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, FetchError> {
        let Target { url, host } = self.judge(&request.uri().to_string())?;
        let method = request.method().clone();
        let mut request = reqwest::Request::try_from(request).map_err(|_| FetchError::NotAUrl)?;
        *request.url_mut() = url;
        let request = RequestBuilder::from_parts(self.client.clone(), request);
        self.logged(method.as_str(), &host, async {
            let response = self.send(&host, request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let mut answer = http::Response::new(read(response).await?.text.to_vec());
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok((status.as_u16(), answer))
        })
        .await
    }

    fn judge(&self, address: &str) -> Result<Target, FetchError> {
        let target = self.rules.judge(address)?;
        let origin = target.url.origin().ascii_serialization();
        if self.own.as_deref() == Some(&*origin) { Err(FetchError::Own) } else { Ok(target) }
    }

    async fn document(&self, Target { url, host }: Target) -> Result<Document, FetchError> {
        let request = self.client.get(url);
        self.logged("GET", &host, async {
            let response = self.send(&host, request).await?;
            let status = response.status();
            if !status.is_success() {
                return Err(FetchError::Status(status.as_u16()).into());
            }
            Ok((status.as_u16(), read(response).await?))
        })
        .await
    }

    /// Sends a request and looks at who answered before anything of the answer is used.
    async fn send(&self, host: &str, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await?;
        let connected = response.remote_addr().map(|address| address.ip());
        if !connected.is_some_and(|address| self.rules.may_reach(host, address)) {
            return Err(FetchError::NotPublic.into());
        }
        let status = response.status();
        if status.is_redirection() { Err(FetchError::Redirect(status.as_u16()).into()) } else { Ok(response) }
    }

    /// Waits for its turn at this host and does the work, in limited time; writes one line about it. Path, query and
    /// bodies stay out: they may hold what is secret.
    async fn logged<T>(
        &self,
        method: &str,
        host: &str,
        work: impl Future<Output = Result<(u16, T), Failure>>,
    ) -> Result<T, FetchError> {
        let began = Instant::now();
        let turns = self.hosts.get_with_by_ref(host, async { Arc::new(Semaphore::new(AT_ONCE)) }).await;
        let in_turn = async {
            let _turn = turns.acquire().await.map_err(|_| FetchError::Unreachable)?;
            work.await
        };
        // Boxed, so that endpoints that seldom ask anybody do not carry the room for it along.
        let outcome = tokio::time::timeout(self.total, Box::pin(in_turn)).await;
        let took = began.elapsed().as_millis();
        match outcome.unwrap_or_else(|_| Err(FetchError::TimedOut.into())) {
            Ok((status, value)) => {
                tracing::info!(method, host, status, ms = took, "outgoing request");
                Ok(value)
            }
            Err(Failure { error, cause }) => {
                tracing::info!(method, host, %error, cause, ms = took, "outgoing request");
                Err(error)
            }
        }
    }
}

/// Reads a document, and stops where it is larger than it may be.
async fn read(mut response: Response) -> Result<Document, Failure> {
    if response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(FetchError::Compressed.into());
    }
    if response.content_length().is_some_and(|length| length > LARGEST as u64) {
        return Err(FetchError::TooLarge.into());
    }
    let cache_control = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let max_age = cache_control.and_then(documents::max_age);
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if text.len() + chunk.len() > LARGEST {
            return Err(FetchError::TooLarge.into());
        }
        text.extend_from_slice(&chunk);
    }
    Ok(Document { text: text.into(), max_age })
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { error, cause: String::new() }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold what is secret in its query.
        let error = error.without_url();
        let causes: Vec<&(dyn Error + 'static)> =
            successors(error.source(), |cause| within(*cause)).collect();
        let public = if error.is_timeout() { FetchError::TimedOut } else { FetchError::Unreachable };
        Self {
            error: causes.iter().find_map(|cause| named(*cause)).unwrap_or(public),
            cause: causes.last().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// The next cause. An I/O error leaves out of its sources what it wraps, which is where TLS says what is wrong.
fn within<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| cause.source())
}

/// Causes that say more than that there was no answer.
fn named(cause: &(dyn Error + 'static)) -> Option<FetchError> {
    let certificate = |error: &rustls::Error| matches!(error, rustls::Error::InvalidCertificate(_));
    cause
        .downcast_ref::<FetchError>()
        .copied()
        .or_else(|| cause.downcast_ref().is_some_and(certificate).then_some(FetchError::Untrusted))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::{Client, FetchError, Outgoing};
    use crate::config;

    /// Resolved addresses are judged in `resolve`. Should anything come between, the connection itself is looked at.
    #[tokio::test]
    async fn the_address_that_was_connected_to_is_judged_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        });
        let guarded = Outgoing::new(&config::Outgoing::default(), false).unwrap();
        let client = Client::builder().no_proxy().resolve("rp.example.com", address).build().unwrap();
        let request = client.get(format!("http://rp.example.com:{}/", address.port()));
        let refused = guarded.send("rp.example.com", request).await.err().unwrap();
        assert_eq!(refused.error, FetchError::NotPublic);
        server.join().unwrap();
    }
}
