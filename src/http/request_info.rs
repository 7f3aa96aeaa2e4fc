//! What the edge found out about a request before any endpoint saw it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::Origin;
use crate::protocol::powers::Powers;

/// Put into every request's extensions by the edge.
#[derive(Clone, Debug)]
pub struct RequestInfo {
    /// The correlation id: in the answer's `x-request-id`, in every log line and on every error page.
    pub correlation_id: String,
    /// The client's address; that of a proxy's client only where the configuration names the proxy.
    pub ip: IpAddr,
    /// Came by a proxy that the configuration names: what it says in `X-Forwarded-…` is believed.
    pub by_trusted_proxy: bool,
    /// `User-Agent`, cut to 256 characters, without control characters.
    pub user_agent: String,
}

impl RequestInfo {
    /// The origin of something an anonymous visitor does.
    #[must_use]
    pub fn anonymous(&self) -> Origin {
        Origin {
            actor: "anonymous".to_owned(),
            ip: Some(self.ip),
            user_agent: self.user_agent.clone(),
            correlation_id: self.correlation_id.clone(),
            powers: Powers::none(),
        }
    }
}

impl Default for RequestInfo {
    fn default() -> Self {
        Self {
            correlation_id: String::new(),
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            by_trusted_proxy: false,
            user_agent: String::new(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
