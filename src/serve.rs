//! The listener: HTTP/1.1 and HTTP/2, plain or over TLS, with a limit on everything a peer may take its time with.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::app::App;
use crate::http::edge;
use crate::tls::{self, Tls};
use crate::{background, routes};

/// How long peers may take. Requests themselves are limited by the [`edge`].
#[derive(Clone, Debug)]
pub struct Patience {
    /// For the first request of a connection, and for the head of every later one: an idle connection is closed then.
    pub head: Duration,
    /// For running requests after the signal to stop.
    pub drain: Duration,
    /// Between two looks at the certificate's files.
    pub certificate: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            certificate: Duration::from_secs(5),
        }
    }
}

/// Takes the port.
///
/// # Errors
/// Says which port, and who has it.
pub fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("port {} of {} is in use by another program", address.port(), address.ip())
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// Ctrl-C or SIGTERM.
///
/// # Errors
/// The operating system does not deliver signals.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be caught")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Serves the application until `stop`: then takes no new connections, finishes running requests, stops the work in
/// the background and closes the database.
///
/// # Errors
/// The listener or the certificate is of no use.
pub async fn run(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = edge::wrap(routes::router(&app), &app);
    // Before the first client looks for a key to encrypt to.
    app.keys.encryption_ready(&app.store, &app.clock).await.context("keys cannot be made")?;
    tracing::info!(issuer = %app.config.issuer, address = %listener.local_addr()?, "listening");
    let mut work = background::start(&app);
    let served = listen(router, listener, app.config.listen.tls.as_ref(), &Patience::default(), stop).await;
    work.shutdown().await;
    if let Err(error) = app.store.write_last_seen().await {
        tracing::warn!(%error, "last-seen times cannot be written");
    }
    if let Err(error) = app.statistics.write(&app.store, app.clock.now()).await {
        tracing::warn!(%error, "statistics cannot be written");
    }
    app.store.close().await;
    served
}

/// Serves a router until `stop`, and drains.
///
/// # Errors
/// The listener or the certificate is of no use.
pub async fn listen(
    router: Router,
    listener: TcpListener,
    certificate: Option<&Tls>,
    patience: &Patience,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let handle = Handle::new();
    let drain = patience.drain;
    let stopping = tokio::spawn({
        let handle = handle.clone();
        async move {
            stop.await;
            tracing::info!("stopping");
            handle.graceful_shutdown(Some(drain));
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let outcome = match certificate {
        None => limit(axum_server::from_tcp(listener)?.handle(handle), patience).serve(service).await,
        Some(files) => {
            let live = RustlsConfig::from_config(tls::load(files)?);
            let mut following = JoinSet::new();
            following.spawn(tls::follow(files.clone(), live.clone(), patience.certificate));
            limit(axum_server::from_tcp_rustls(listener, live)?.handle(handle), patience).serve(service).await
        }
    };
    stopping.abort();
    Ok(outcome?)
}

/// A request's line and headers: the longest `state`, percent-encoded, and then sealed, fits in.
const LONGEST_HEAD: usize = 64 * 1024;
const LONGEST_HEAD_H2: u32 = 64 * 1024;

/// The limits of a connection.
fn limit<A: axum_server::Address, T>(mut server: Server<A, T>, patience: &Patience) -> Server<A, T> {
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        // Most answers are small: to copy one behind its head takes less than to hand over both.
        .writev(false)
        .max_headers(100)
        .max_buf_size(LONGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(LONGEST_HEAD_H2)
        .keep_alive_interval(patience.head)
        .keep_alive_timeout(patience.head);
    let server = server.accept_error_handler(|peer, error| {
        if peer.is_some() {
            // Whoever does not get through the TLS handshake is no news.
            tracing::debug!(%error, "a connection was not established");
        } else {
            tracing::error!(%error, "connections cannot be accepted");
        }
    });
    // hyper's own timer starts with the first byte; this one starts with the connection.
    server.first_request_timeout(patience.head)
}
