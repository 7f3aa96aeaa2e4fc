//! Why nothing was fetched, in fixed words that follow the name of the field: "`jwks_uri` must begin with https://".
//! They go to whoever registered the address, so none repeats a byte of an answer or an address that a name leads to.

/// Why nothing was fetched, or nothing arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It cannot be parsed, or has no host.
    #[error("is not a URL with a host")]
    NotAUrl,
    /// Another scheme, or plain http to somewhere else than loopback in development.
    #[error("must begin with https://")]
    NotHttps,
    /// `https://user:password@host`.
    #[error("must have no user name and no password")]
    UserInfo,
    /// A port that other services than web servers listen on.
    #[error("names a port that is not used for web servers: use 443 or one from 1024")]
    Port,
    /// The address is this server's own.
    #[error("leads to this server itself")]
    Own,
    /// The host is, or its name leads to, an address of special use (RFC 6890).
    #[error(
        "leads to an address that is not public; the operator of this server can allow it (outgoing.allowed_hosts)"
    )]
    NotPublic,
    /// The name has no address.
    #[error("names a host that cannot be found")]
    UnknownHost,
    /// No connection, or it broke.
    #[error("cannot be reached")]
    Unreachable,
    /// The certificate is another host's, expired, or of an authority that is not trusted.
    #[error("shows a certificate that is not trusted for its host name")]
    Untrusted,
    /// It took longer than a request may.
    #[error("did not answer in time")]
    TimedOut,
    /// A redirect, with its status.
    #[error("answers with a redirect (status {0}), and redirects are not followed")]
    Redirect(u16),
    /// A status outside 200–299.
    #[error("answers with status {0}")]
    Status(u16),
    /// `Content-Encoding`, although none was offered.
    #[error("answers with compressed content, which was not asked for")]
    Compressed,
    /// More bytes than are read.
    #[error("is larger than {} kB", super::LARGEST / 1024)]
    TooLarge,
    /// The document is no JSON.
    #[error("is not JSON")]
    NotJson,
    /// The document is no image that may be shown.
    #[error("is not a PNG, JPEG, GIF, WebP or plain SVG of 200 kB at most")]
    NotAnImage,
}

impl FetchError {
    /// Did nobody answer, or was nobody asked? Else there was an answer, if not the one that was hoped for.
    #[must_use]
    pub const fn nobody_answered(self) -> bool {
        !matches!(
            self,
            Self::Redirect(_)
                | Self::Status(_)
                | Self::Compressed
                | Self::TooLarge
                | Self::NotJson
                | Self::NotAnImage
        )
    }
}

/// Why the client cannot be made, in words for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The certificates.
    #[error("outgoing.ca_file: {0}")]
    Certificates(String),
    /// A host name.
    #[error("outgoing.allowed_hosts: {0:?} is not a host name such as rp.example.internal")]
    Host(String),
    /// The HTTP client.
    #[error("the client of outgoing requests cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}
