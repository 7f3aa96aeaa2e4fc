//! The issuer identifier: one exact text, compared byte for byte by relying parties.

use std::fmt;

use url::{Host, Url};

/// The issuer (OpenID Connect Discovery §3): an `https` URL without query or fragment, or, for development,
/// `http` on a loopback host.
#[derive(Clone, Debug)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a text cannot be an issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// It is no URL.
    #[error("it is not an absolute URL ({0})")]
    NotAUrl(#[from] url::ParseError),
    /// It names the wrong scheme.
    #[error("it must begin with https:// (http:// is accepted for localhost, 127.0.0.1 and [::1] only)")]
    NotHttps,
    /// It has parts an issuer must not have.
    #[error("it must have no user name, query or fragment")]
    ExtraParts,
    /// It has a path.
    #[error("it must have no path: the cookies and the well-known documents live at the root of the host")]
    Path,
}

impl Issuer {
    /// Parses and checks an issuer; a slash at the end is dropped, so that `issuer + path` is always right.
    ///
    /// # Errors
    /// Says which rule of OpenID Connect Discovery §3 or of this server the text breaks.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text)?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(IssuerError::NotHttps);
        }
        let extra = url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some();
        if extra {
            return Err(IssuerError::ExtraParts);
        }
        if url.path() != "/" {
            return Err(IssuerError::Path);
        }
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), url })
    }

    /// The identifier, as it stands in tokens and documents.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The absolute URL of a path (which begins with a slash) on this server.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The host, with the port where it is not the scheme's own: what people know the server by.
    #[must_use]
    pub fn host(&self) -> String {
        let origin = self.origin();
        origin.split_once("://").map_or(origin.clone(), |(_, host)| host.to_owned())
    }

    /// Is this a development server, reached by plain HTTP on the same machine?
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The web origin (RFC 6454) that browsers send in `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Issuer;

    #[test]
    fn openid_discovery_3_issuer_is_https_without_query_or_fragment() {
        for good in [
            "https://id.example.com",
            "https://id.example.com:8443",
            "http://localhost:8080",
            "http://127.0.0.1",
        ] {
            assert_eq!(Issuer::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Issuer::parse("https://id.example.com/").unwrap().as_str(), "https://id.example.com");
        for bad in [
            "id.example.com",
            "http://id.example.com",
            "http://localhost.example.com",
            "ftp://id.example.com",
            "https://id.example.com/tenant",
            "https://id.example.com?x=1",
            "https://id.example.com#x",
            "https://user@id.example.com",
            "",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }
}
