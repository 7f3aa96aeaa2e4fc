//! A registered client and its metadata, under the names of RFC 7591 §2 and OpenID Connect Registration §2.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::ClientId;
use super::scope::Scope;
use super::timestamp::Timestamp;

/// A client as the server knows it. Its metadata comes from `registration`, or back from the store.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// SHA-256 of its secret, in hexadecimal; none for public clients.
    pub secret_hash: Option<String>,
    /// Switched off by an administrator: every request of it is refused.
    pub disabled: bool,
    /// What it registered.
    pub metadata: ClientMetadata,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its metadata or secret last changed.
    pub updated_at: Timestamp,
}

/// What a client registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientMetadata {
    /// Name to show to users.
    pub client_name: String,
    /// Where authorization responses may be sent; compared exactly.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after sign-out; compared exactly.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Grant types it may use.
    pub grant_types: Vec<GrantType>,
    /// How it authenticates.
    pub token_endpoint_auth_method: AuthMethod,
    /// Scope values it may ask for.
    #[schema(value_type = String)]
    pub scope: Scope,
    /// Signature algorithm of its ID tokens.
    pub id_token_signed_response_alg: SigningAlg,
    /// Signed (RFC 9068) or opaque access tokens.
    #[serde(default = "AccessTokenFormat::jwt")]
    pub access_token_format: AccessTokenFormat,
    /// Signature algorithm of its access tokens, where they are signed.
    #[serde(default = "SigningAlg::es256")]
    pub access_token_signed_response_alg: SigningAlg,
    /// Must it send a PKCE challenge? Public clients always must (RFC 9700 §2.1.1).
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// A first-party app, for which users are not asked.
    #[serde(default)]
    pub skip_consent: bool,
    /// A resource server that may introspect every client's tokens, not only its own.
    #[serde(default)]
    pub introspects_any_token: bool,
    /// For how many seconds a repeated refresh gets the same successor; without, the deployment's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_grace_seconds: Option<u32>,
    /// Home page, shown to users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Logo, shown to users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// How it uses personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Client {
    /// A client that cannot keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.metadata.token_endpoint_auth_method == AuthMethod::None
    }

    /// Must its authorization requests carry a PKCE challenge?
    #[must_use]
    pub fn must_use_pkce(&self) -> bool {
        self.is_public() || self.metadata.require_pkce
    }

    /// May it use this grant type?
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant_type)
    }

    /// For how long a repeated refresh gets the same successor. Confidential clients are expected not to lose
    /// answers, so theirs is zero unless registered otherwise.
    #[must_use]
    pub fn refresh_grace(&self, default_for_public: Duration) -> Duration {
        match self.metadata.refresh_grace_seconds {
            Some(seconds) => Duration::from_secs(u64::from(seconds)),
            None if self.is_public() => default_for_public,
            None => Duration::ZERO,
        }
    }
}

/// Declares an enum of registered values with its wire names, once.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The registered name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $name {
            type Err = UnknownValue;
            fn from_str(text: &str) -> Result<Self, UnknownValue> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownValue { supported: &[$($text),+] }),
                }
            }
        }
    };
}

/// A value that is not among the supported ones.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of: {}", supported.join(", "))]
pub struct UnknownValue {
    supported: &'static [&'static str],
}

wire_enum! {
    /// Grant types (RFC 7591 §2).
    GrantType {
        /// RFC 6749 §4.1
        AuthorizationCode = "authorization_code",
        /// RFC 6749 §6
        RefreshToken = "refresh_token",
        /// RFC 6749 §4.4
        ClientCredentials = "client_credentials",
    }
}
wire_enum! {
    /// Client authentication methods (OpenID Connect Core §9).
    AuthMethod {
        /// HTTP Basic (RFC 6749 §2.3.1).
        ClientSecretBasic = "client_secret_basic",
        /// In the form (RFC 6749 §2.3.1).
        ClientSecretPost = "client_secret_post",
        /// A public client, which only names itself.
        None = "none",
    }
}
wire_enum! {
    /// Signature algorithms of tokens (RFC 7518 §3.1, RFC 8037).
    SigningAlg {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}
wire_enum! {
    /// Forms of access tokens.
    AccessTokenFormat {
        /// Signed, for resource servers that verify by themselves (RFC 9068).
        Jwt = "jwt",
        /// Sealed: says nothing to anybody but this server (RFC 7662 introspection).
        Opaque = "opaque",
    }
}

impl SigningAlg {
    const fn es256() -> Self {
        Self::Es256
    }
}

impl AccessTokenFormat {
    const fn jwt() -> Self {
        Self::Jwt
    }
}
