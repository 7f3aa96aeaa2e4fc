//! A registered client and its metadata, under the names of RFC 7591 §2 and OpenID Connect Registration §2.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

use super::assurance::Level;
use super::colour::Accent;
use super::ids::ClientId;
use super::issuer::Issuer;
pub use super::jwa::SigningAlg;
use super::jwa::{ContentEncryption, Encryption, KeyManagementAlg};
pub use super::response_type::ResponseType;
use super::scope::Scope;
use super::timestamp::Timestamp;
use super::wire::wire_enum;

/// A client as the server knows it. Its metadata comes from `registration`, or back from the store.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// SHA-256 of its secret, in hexadecimal; none for clients without one.
    pub secret_hash: Option<String>,
    /// The secret itself, sealed, where it must serve as a key (Core §10.1): see [`ClientMetadata::needs_secret_as_key`].
    pub sealed_secret: Option<String>,
    /// The secret before this one, while the application is being given the new one.
    pub old_secret: Option<OldSecret>,
    /// Switched off by an administrator: every request of it is refused.
    pub disabled: bool,
    /// What it registered.
    pub metadata: ClientMetadata,
    /// How it came here; none when an administrator registered it.
    pub self_registration: Option<SelfRegistration>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its metadata or secret last changed.
    pub updated_at: Timestamp,
}

/// A secret that was replaced, and is good for a while yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldSecret {
    /// SHA-256 of it, in hexadecimal.
    pub hash: String,
    /// Itself, sealed, where it served as a key.
    pub sealed: Option<String>,
    /// When it stops working.
    pub until: Timestamp,
}

/// What is kept about a client that registered itself (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfRegistration {
    /// SHA-256 of its registration access token (RFC 7592 §3), in hexadecimal.
    pub token_hash: String,
    /// When it was first used. One that never was is deleted after a while.
    pub used_at: Option<Timestamp>,
}

/// What a client registered.
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own in the standards")]
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
    /// Response types it may ask for.
    #[serde(default = "ResponseType::only_code")]
    pub response_types: Vec<ResponseType>,
    /// Web or native.
    #[serde(default = "ApplicationType::web")]
    pub application_type: ApplicationType,
    /// How it authenticates.
    pub token_endpoint_auth_method: AuthMethod,
    /// The one signature algorithm of its client assertions; without, any that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<SigningAlg>,
    /// Its public keys (RFC 7517 §5), by value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// Its public keys, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Scope values it may ask for.
    #[schema(value_type = String)]
    pub scope: Scope,
    /// Signature algorithm of its ID tokens.
    pub id_token_signed_response_alg: SigningAlg,
    /// Key management of its encrypted ID tokens; without, they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagementAlg>,
    /// Content encryption of its encrypted ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// Signature algorithm of its UserInfo answers; without, they are JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    /// Key management of its encrypted UserInfo answers; without, they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagementAlg>,
    /// Content encryption of its encrypted UserInfo answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// The one signature algorithm of its request objects; without, any but `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<SigningAlg>,
    /// Key management that it may encrypt request objects with; it need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagementAlg>,
    /// Content encryption that it may encrypt request objects with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryption>,
    /// Where its request objects may be fetched from; compared exactly, but for the fragment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Does it know users by the same `sub` as everybody, or by its own (Core §8)?
    #[serde(default = "SubjectType::public")]
    pub subject_type: SubjectType,
    /// Whose host is the sector that pairwise subjects are made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// `max_age` of requests without one, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Must its ID tokens tell `auth_time`? They always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    /// `acr_values` of requests without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Do its ID tokens hold the claims of its scopes too, beside what was asked for one by one? Core §5.4 has them come
    /// from `UserInfo`, which there are libraries that never ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claims_in_id_token: bool,
    /// Where a sign-in that begins here is sent (Core §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Loaded in a frame when its users sign out (Front-Channel Logout §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Must that address be told `iss` and `sid`?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    /// Where logout tokens are sent (Back-Channel Logout §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Must logout tokens hold `sid`? They always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_required: bool,
    /// Signed (RFC 9068) or opaque access tokens.
    #[serde(default = "AccessTokenFormat::jwt")]
    pub access_token_format: AccessTokenFormat,
    /// Signature algorithm of its access tokens, where they are signed.
    #[serde(default = "es256")]
    pub access_token_signed_response_alg: SigningAlg,
    /// Must it send a PKCE challenge? Public clients always must (RFC 9700 §2.1.1).
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Must its authorization requests be pushed (RFC 9126 §6)?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// Does it get only tokens that are bound to a key (RFC 9449 §5.2)?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    /// A first-party app, for which users are not asked.
    #[serde(default)]
    pub skip_consent: bool,
    /// How surely its users prove who they are, at least; without, as it asks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_acr: Option<Level>,
    /// A resource server that may introspect every client's tokens, not only its own.
    #[serde(default)]
    pub introspects_any_token: bool,
    /// For how many seconds a repeated refresh gets the same successor; without, the deployment's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_grace_seconds: Option<u32>,
    /// Home page, shown to users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Logo, shown to users; this server fetches it for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The colour of buttons and links where users sign in to it and are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub accent_color: Option<Accent>,
    /// How it uses personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// E-mail addresses of those who are responsible for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Which software it is (RFC 7591 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// The statement that its registration rests on (RFC 7591 §2.3), as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// Names and pages for people who read other languages, as `client_name#ja` (RFC 7591 §2.2).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
}

const fn yes() -> bool {
    true
}

const fn es256() -> SigningAlg {
    SigningAlg::Es256
}

impl ClientMetadata {
    /// How its ID tokens are encrypted, if they are.
    #[must_use]
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        encryption(self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc)
    }

    /// How its `UserInfo` answers are encrypted, if they are.
    #[must_use]
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        encryption(self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc)
    }

    /// Does something that it registered use its secret as a key (Core §10.1)? Then the secret must be known, and not
    /// only its hash.
    #[must_use]
    pub fn needs_secret_as_key(&self) -> bool {
        let signs = [
            Some(self.id_token_signed_response_alg),
            self.userinfo_signed_response_alg,
            self.request_object_signing_alg,
        ];
        self.token_endpoint_auth_method == AuthMethod::ClientSecretJwt
            || signs.into_iter().flatten().any(SigningAlg::is_symmetric)
    }

    /// Has it keys of its own?
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.jwks.is_some() || self.jwks_uri.is_some()
    }

    /// Where a sign-in begins that this server sets off (Core §4).
    #[must_use]
    pub fn start_of_sign_in(&self, issuer: &Issuer) -> Option<String> {
        let mut address = Url::parse(self.initiate_login_uri.as_deref()?).ok()?;
        address.query_pairs_mut().append_pair("iss", issuer.as_str());
        Some(address.into())
    }

    /// Is it told when its users sign out, one way or the other?
    #[must_use]
    pub fn is_told_of_logout(&self) -> bool {
        self.frontchannel_logout_uri.is_some() || self.backchannel_logout_uri.is_some()
    }
}

/// OpenID Connect Registration §2: `A128CBC-HS256` when only the key management is registered.
fn encryption(alg: Option<KeyManagementAlg>, enc: Option<ContentEncryption>) -> Option<Encryption> {
    alg.map(|alg| Encryption { alg, enc: enc.unwrap_or(ContentEncryption::A128CbcHs256) })
}

impl AuthMethod {
    /// Does the client have a secret for it?
    #[must_use]
    pub fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }
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

    /// Must it have a secret?
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        self.metadata.token_endpoint_auth_method.uses_secret() || self.metadata.needs_secret_as_key()
    }

    /// The old secret, if it still works. Nothing has to take it away: it counts until its time, and not after.
    #[must_use]
    pub fn old_secret_at(&self, now: Timestamp) -> Option<&OldSecret> {
        self.old_secret.as_ref().filter(|old| !now.reached(old.until))
    }

    /// Did it register itself, and has not been used since? Such a client is deleted after a while.
    #[must_use]
    pub fn was_never_used(&self) -> bool {
        self.self_registration.as_ref().is_some_and(|own| own.used_at.is_none())
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

wire_enum! {
    /// Grant types (RFC 7591 §2).
    GrantType {
        /// RFC 6749 §4.1
        AuthorizationCode = "authorization_code",
        /// Tokens from the authorization endpoint (Core §3.2); used at no other.
        Implicit = "implicit",
        /// RFC 6749 §6
        RefreshToken = "refresh_token",
        /// RFC 6749 §4.4
        ClientCredentials = "client_credentials",
        /// RFC 8628 §3.4
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
}
impl GrantType {
    /// Does somebody sign in for it?
    #[must_use]
    pub const fn signs_people_in(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Implicit | Self::DeviceCode)
    }
}
wire_enum! {
    /// Client authentication methods (OpenID Connect Core §9).
    AuthMethod {
        /// HTTP Basic (RFC 6749 §2.3.1).
        ClientSecretBasic = "client_secret_basic",
        /// In the form (RFC 6749 §2.3.1).
        ClientSecretPost = "client_secret_post",
        /// A JWT under the secret (RFC 7523).
        ClientSecretJwt = "client_secret_jwt",
        /// A JWT under a private key (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
        /// A public client, which only names itself.
        None = "none",
    }
}
wire_enum! {
    /// Kinds of applications (OpenID Connect Registration §2).
    ApplicationType {
        /// Runs on a server, or in a browser.
        Web = "web",
        /// Runs on the user's device.
        Native = "native",
    }
}
wire_enum! {
    /// Kinds of subject identifiers (Core §8).
    SubjectType {
        /// The same for every client.
        Public = "public",
        /// Another for every sector.
        Pairwise = "pairwise",
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

impl AccessTokenFormat {
    const fn jwt() -> Self {
        Self::Jwt
    }
}

impl ApplicationType {
    const fn web() -> Self {
        Self::Web
    }
}

impl SubjectType {
    const fn public() -> Self {
        Self::Public
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::issuer::Issuer;
    use crate::protocol::samples;

    #[test]
    fn openid_core_4_a_sign_in_from_here_tells_the_issuer() {
        let issuer = Issuer::parse("https://id.example").unwrap();
        let start = |address: Option<&str>| {
            let mut client = samples::client("app");
            client.metadata.initiate_login_uri = address.map(str::to_owned);
            client.metadata.start_of_sign_in(&issuer)
        };
        let iss = "iss=https%3A%2F%2Fid.example";
        assert_eq!(start(None), None);
        for (address, expected) in [
            ("https://app.example/login", format!("https://app.example/login?{iss}")),
            ("https://app.example/login?a=b", format!("https://app.example/login?a=b&{iss}")),
        ] {
            assert_eq!(start(Some(address)), Some(expected));
        }
    }
}
