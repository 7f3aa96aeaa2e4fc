//! Names become addresses here, and every address is judged before anything connects to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::error::FetchError;
use super::rules::{Rules, is_localhost};

/// Names looked up at once. Each takes a thread until the system's resolver gives up, even when nobody waits any more,
/// and password hashing needs threads of the same pool.
const LOOKUPS: usize = 32;

/// The addresses of a host, to come.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of hosts. Tests give one of their own.
pub trait Resolver: Send + Sync {
    /// All addresses of this host; none where it has none.
    fn addresses(&self, host: &str) -> Lookup;
}

/// The resolver of the operating system.
pub(super) struct SystemResolver(Arc<Semaphore>);

impl Default for SystemResolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Resolver for SystemResolver {
    fn addresses(&self, host: &str) -> Lookup {
        let (host, lookups) = (host.to_owned(), self.0.clone());
        Box::pin(async move {
            let place = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let lookup = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), 0).to_socket_addrs();
                // Given back by the thread, not by the one who waits for it.
                drop(place);
                found
            });
            Ok(lookup.await.map_err(io::Error::other)??.map(|address| address.ip()).collect())
        })
    }
}

/// Answers with addresses that may be reached, or not at all: one that must not be refuses the whole answer. Using the
/// others would make it a matter of luck whether a mistake is noticed, and who mixes the two is more likely up to
/// something than public.
pub(super) struct Guarded {
    pub(super) rules: Arc<Rules>,
    pub(super) resolver: Arc<dyn Resolver>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.rules.clone();
        let loopback = is_localhost(name.as_str());
        let lookup = (!loopback).then(|| self.resolver.addresses(name.as_str()));
        Box::pin(async move {
            let found = match lookup {
                None => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
                Some(lookup) => lookup.await.map_err(|_| FetchError::UnknownHost)?,
            };
            if found.is_empty() {
                return Err(FetchError::UnknownHost.into());
            }
            if !found.iter().all(|address| rules.may_reach(name.as_str(), *address)) {
                return Err(FetchError::NotPublic.into());
            }
            // Port 0 stands for the one in the URL.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
