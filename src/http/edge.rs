//! What happens to every request before and after its endpoint: one correlation id, one log line, one measurement,
//! and limits on size and time; no answer leaves without its security headers, and no panic without an answer.

use std::any::Any;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    USER_AGENT, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::error::{self, Reader};
use super::failures;
use super::locale::Locale;
use super::metrics;
use super::page::{self, Csp, html};
use super::reply;
use super::request_info::RequestInfo;
use crate::app::App;
use crate::i18n::{Phrase, key};
use crate::pages::ErrorPage;
use crate::protocol::issuer::Issuer;
use crate::protocol::user::changes_the_text_around;

/// No request of any endpoint is larger.
const BODY_LIMIT: usize = 64 * 1024;

/// A request must be read within this time, and then answered within this time.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Routes whose answers say nothing about how quickly people are served.
const NOT_WORK: [&str; 5] = ["/health/live", "/health/ready", "/metrics", "/assets/{name}", "none"];

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
pub(super) const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// On every answer, unless its endpoint said otherwise.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not no-referrer: under that one browsers send our own forms with `Origin: null`.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// All of them, and what is said over TLS.
static OVER_TLS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let always = HeaderValue::from_static("max-age=63072000; includeSubDomains");
    SECURITY_HEADERS.into_iter().chain([(STRICT_TRANSPORT_SECURITY, always)]).collect()
});
static OVER_PLAIN_HTTP: LazyLock<HeaderMap> = LazyLock::new(|| SECURITY_HEADERS.into_iter().collect());

/// On every page. Nothing else does anything that it is about, and it is the longest of all.
const PERMISSIONS_POLICY: (HeaderName, HeaderValue) = (
    HeaderName::from_static("permissions-policy"),
    HeaderValue::from_static(
        "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), display-capture=(), fullscreen=(), \
         geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), \
         usb=(), screen-wake-lock=(), xr-spatial-tracking=(), publickey-credentials-create=(self), \
         publickey-credentials-get=(self)",
    ),
);

/// What the edge needs to know.
#[derive(Clone)]
struct Edge {
    app: App,
    time_limit: Duration,
}

/// Puts the edge around every route, the missing ones included.
pub fn wrap(router: Router, app: &App) -> Router {
    wrap_within(router, app, TIME_LIMIT)
}

/// The same with another limit on time.
pub fn wrap_within(router: Router, app: &App, time_limit: Duration) -> Router {
    metrics::describe();
    let edge = Edge { app: app.clone(), time_limit };
    router.layer(CatchPanicLayer::custom(after_panic)).layer(from_fn_with_state(edge, handle))
}

/// Security headers for an answer that has none of its own.
pub fn add_security_headers(headers: &mut HeaderMap, https: bool) {
    // To copy them all and put the endpoint's own over them takes half as long as to look for each among its own.
    let all = if https { &OVER_TLS } else { &OVER_PLAIN_HTTP };
    let own = std::mem::replace(headers, HeaderMap::clone(all));
    headers.extend(own);
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        let (name, value) = PERMISSIONS_POLICY;
        headers.entry(name).or_insert(value);
    }
    // It knows no value for this.
    if headers.get(CONTENT_SECURITY_POLICY).is_some_and(page::allows_any_frame) {
        headers.remove(X_FRAME_OPTIONS);
    }
}

async fn handle(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let info = edge.request_info(&request);
    let span = tracing::info_span!("request", correlation_id = info.correlation_id);
    async {
        let asked = Asked::of(&request, started);
        let locale = Locale::of(&edge.app, request.headers());
        let (address, by_get) = (request.uri().clone(), request.method() == Method::GET);
        request.extensions_mut().insert(info.clone());
        let mut response = match within_limits(request, edge.time_limit).await {
            Ok(request) => tokio::time::timeout(edge.time_limit, next.run(request))
                .await
                .unwrap_or_else(|_| too_slow(asked.route())),
            Err(refusal) => refusal.answer(asked.version),
        };
        failures::note(&edge.app, asked.route(), &info, &mut response);
        let reader = Reader { info: &info, locale: &locale, address: &address, by_get };
        response = reply::render(error::render(response, &reader), &reader);
        dress(&mut response, &asked, &reader, &edge.app.config.issuer);
        let headers = response.headers_mut();
        add_security_headers(headers, !edge.app.config.issuer.is_plain_http());
        if let Ok(id) = HeaderValue::from_str(&info.correlation_id) {
            headers.insert(X_REQUEST_ID, id);
        }
        asked.record(&edge.app, response.status(), &info);
        response
    }
    .instrument(span)
    .await
}

impl Edge {
    fn request_info(&self, request: &Request) -> RequestInfo {
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
        let headers = request.headers();
        RequestInfo {
            correlation_id: self
                .proxys_correlation_id(peer, headers)
                .unwrap_or_else(|| self.app.entropy.opaque_id()),
            ip: self.client_address(peer, headers),
            by_trusted_proxy: self.trusts(peer),
            user_agent: headers.get(USER_AGENT).map(kept_of_user_agent).unwrap_or_default(),
        }
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.app.config.listen.trusted_proxies.iter().any(|net| net.contains(&peer))
    }

    /// Only a proxy may choose the id, and only one that stays one word in a log.
    fn proxys_correlation_id(&self, peer: IpAddr, headers: &HeaderMap) -> Option<String> {
        let id = headers.get(X_REQUEST_ID).filter(|_| self.trusts(peer))?.to_str().ok()?;
        let good = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        good.then(|| id.to_owned())
    }

    /// The last address in `X-Forwarded-For` that no trusted proxy has: whatever stands before it is only a claim.
    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let forwarded = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        for hop in hops.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = parse_hop(hop.trim()) else { break };
            client = address;
        }
        client
    }
}

fn kept_of_user_agent(value: &HeaderValue) -> String {
    const MOST: usize = 256;
    match value.to_str() {
        // Nearly every one: visible characters alone.
        Ok(text) if text.len() <= MOST && !text.contains('\t') => text.to_owned(),
        _ => String::from_utf8_lossy(value.as_bytes())
            .chars()
            .filter(|c| !changes_the_text_around(*c))
            .take(MOST)
            .collect(),
    }
}

/// An address, with or without a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// Why a request is not even shown to its endpoint.
#[derive(Debug)]
enum Refusal {
    TooLarge,
    TooSlow,
    Compressed,
    Broken,
}

impl Refusal {
    fn answer(&self, version: Version) -> Response {
        let status = match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken => StatusCode::BAD_REQUEST,
        };
        let mut response = status.into_response();
        // What is left of the body is not worth waiting for.
        if version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Reads the body, so that no endpoint waits for a peer that takes its time.
async fn within_limits(request: Request, time_limit: Duration) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if parts.headers.get(CONTENT_ENCODING).is_some_and(encoded) {
        return Err(Refusal::Compressed);
    }
    let announced =
        parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT) {
        return Err(Refusal::TooLarge);
    }
    if body.is_end_stream() {
        return Ok(Request::from_parts(parts, Body::empty()));
    }
    let bytes = tokio::time::timeout(time_limit, read(body)).await.map_err(|_| Refusal::TooSlow)??;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn read(mut body: Body) -> Result<Bytes, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return Err(Refusal::Broken) };
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > BODY_LIMIT {
                return Err(Refusal::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}

fn too_slow(route: &str) -> Response {
    tracing::error!(route, "no answer in time");
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
}

fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    metrics::count_panic();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// What was asked, as far as logs and metrics may know it: no query, no body, no name that a peer made up.
struct Asked {
    started: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    version: Version,
    html: bool,
}

impl Asked {
    fn of(request: &Request, started: Instant) -> Self {
        let known = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];
        Self {
            started,
            method: known.into_iter().find(|name| *name == request.method().as_str()).unwrap_or("OTHER"),
            route: request.extensions().get().cloned(),
            version: request.version(),
            html: request
                .headers()
                .get_all(ACCEPT)
                .iter()
                .any(|value| value.to_str().is_ok_and(|accept| accept.contains("text/html"))),
        }
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }

    fn record(&self, app: &App, status: StatusCode, info: &RequestInfo) {
        let took = self.started.elapsed();
        tracing::info!(
            method = self.method,
            route = self.route(),
            status = status.as_u16(),
            ms = took.as_millis(),
            ip = %info.ip,
            "answered"
        );
        metrics::count_request(self.route(), self.method, status, took);
        if !NOT_WORK.contains(&self.route()) {
            app.statistics.count_answer(took, status.is_server_error());
        }
    }
}

/// Gives an error that has only a status a page or a document that says what is wrong.
fn dress(response: &mut Response, asked: &Asked, reader: &Reader<'_>, issuer: &Issuer) {
    let status = response.status();
    let bare = !response.headers().contains_key(CONTENT_TYPE) && response.body().is_end_stream();
    let Some([title, what, how_to_fix]) = words(status).filter(|_| bare) else { return };
    // Whoever asks for metadata elsewhere was told of another issuer, perhaps of one with a slash at its end.
    let hint = status == StatusCode::NOT_FOUND && reader.address.path().contains("/.well-known/o");
    let hint = hint.then(|| format!("The issuer here is {}, without a slash at its end.", issuer.as_str()));
    let dressed = if asked.html {
        let page = ErrorPage {
            words: reader.words(),
            status: status.as_u16(),
            title,
            what,
            for_whom: None,
            how_to_fix,
            facts: Vec::new(),
            error_code: None,
            correlation_id: reader.info.correlation_id.clone(),
            here: reader.here(),
        };
        html(&page, &Csp::default())
    } else {
        let error = title.to_string().to_ascii_lowercase().replace(' ', "_");
        Json(json!({
            "error": error,
            "error_description": hint.into_iter().fold(format!("{what} {how_to_fix}"), |said, hint| said + " " + &hint),
            "correlation_id": reader.info.correlation_id,
        }))
        .into_response()
    };
    let (parts, body) = dressed.into_parts();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
}

/// Title, what is wrong, how to fix it; in English where it is a developer's matter.
fn words(status: StatusCode) -> Option<[Phrase; 3]> {
    let english = |texts: [&'static str; 3]| texts.map(Phrase::english);
    Some(match status {
        StatusCode::BAD_REQUEST => [key("status-400-title"), key("status-400"), key("status-400-fix")],
        StatusCode::NOT_FOUND => [key("status-404-title"), key("status-404"), key("status-404-fix")],
        StatusCode::METHOD_NOT_ALLOWED => english([
            "Method not allowed",
            "This address does not answer this HTTP method.",
            "Use one of the methods in the Allow header.",
        ]),
        StatusCode::REQUEST_TIMEOUT => [key("status-408-title"), key("status-408"), key("status-408-fix")],
        StatusCode::PAYLOAD_TOO_LARGE => {
            english(["Too large", "The request's body is larger than 64 KiB.", "Send a smaller one."])
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => english([
            "Unsupported encoding",
            "The request's body is compressed or of a type that this address does not take.",
            "Send it uncompressed, without Content-Encoding.",
        ]),
        StatusCode::INTERNAL_SERVER_ERROR => {
            [key("status-500-title"), key("status-500"), key("status-500-fix")]
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            [key("status-503-title"), key("status-503"), key("status-503-fix")]
        }
        _ => return None,
    })
}
