//! Registration of clients: what may be asked for, and the defaults of what is left out. RFC 7591 §2 and §3.2.2, OpenID
//! Connect Registration §2.
//!
//! One function judges a new client and a changed one alike: a change is the old registration with some fields
//! replaced, so no rule can be walked around by an edit.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

use super::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, Client, ClientMetadata, GrantType, ResponseType,
    SigningAlg, SubjectType,
};
use super::ids::ClientId;
use super::jwa::{ContentEncryption, KeyManagementAlg};
use super::redirect_uri::{self, is_loopback};
use super::scope::{ADMIN, OFFLINE_ACCESS, Scope};
use super::user::changes_the_text_around;

/// URIs in one list at most.
const MOST_URIS: usize = 50;
/// Bytes in a URI, and in a list of scope values, at most.
const LONGEST: usize = 2048;
/// Bytes in a text that is only kept, at most.
const LONGEST_TEXT: usize = 256;
/// Bytes in a JWK set by value, at most.
const LONGEST_JWKS: usize = 32 * 1024;
/// Values in a list of names, at most.
const MOST_VALUES: usize = 20;
/// Seconds of refresh grace at most: beyond this it hides replays rather than lost answers.
const LONGEST_GRACE: u32 = 300;

/// A client as somebody wants it to be. Everything that is left out has a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientInput {
    /// Its `client_id`; made up when left out. Cannot be changed later.
    pub client_id: Option<String>,
    /// Name to show to users; 1 to 64 characters.
    pub client_name: Option<String>,
    /// Where authorization responses may be sent; compared exactly.
    pub redirect_uris: Option<Vec<String>>,
    /// Where a browser may be sent after sign-out; compared exactly.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Grant types it may use. Default: `authorization_code` and `refresh_token`, and what the response types need.
    #[schema(value_type = Option<Vec<GrantType>>)]
    pub grant_types: Option<Vec<String>>,
    /// Response types it may ask for. Default: `code`, if the grant types allow it.
    #[schema(value_type = Option<Vec<ResponseType>>)]
    pub response_types: Option<Vec<String>>,
    /// `web` or `native`. Default: `web`.
    #[schema(value_type = Option<ApplicationType>)]
    pub application_type: Option<String>,
    /// How it authenticates. Default: `client_secret_basic`.
    #[schema(value_type = Option<AuthMethod>)]
    pub token_endpoint_auth_method: Option<String>,
    /// The one signature algorithm of its client assertions. Default: any that fits the method.
    #[schema(value_type = Option<SigningAlg>)]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Its public keys (RFC 7517), by value.
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// Its public keys, by reference.
    pub jwks_uri: Option<String>,
    /// Scope values it may ask for, separated by spaces.
    pub scope: Option<String>,
    /// Signature algorithm of its ID tokens. Default: `RS256`.
    #[schema(value_type = Option<SigningAlg>)]
    pub id_token_signed_response_alg: Option<String>,
    /// Key management of its ID tokens. Default: they are not encrypted.
    #[schema(value_type = Option<KeyManagementAlg>)]
    pub id_token_encrypted_response_alg: Option<String>,
    /// Content encryption of its ID tokens. Default, where they are encrypted: `A128CBC-HS256`.
    #[schema(value_type = Option<ContentEncryption>)]
    pub id_token_encrypted_response_enc: Option<String>,
    /// Signature algorithm of its UserInfo answers. Default: plain JSON.
    #[schema(value_type = Option<SigningAlg>)]
    pub userinfo_signed_response_alg: Option<String>,
    /// Key management of its UserInfo answers. Default: they are not encrypted.
    #[schema(value_type = Option<KeyManagementAlg>)]
    pub userinfo_encrypted_response_alg: Option<String>,
    /// Content encryption of its UserInfo answers. Default, where they are encrypted: `A128CBC-HS256`.
    #[schema(value_type = Option<ContentEncryption>)]
    pub userinfo_encrypted_response_enc: Option<String>,
    /// The one signature algorithm of its request objects. Default: any but `none`.
    #[schema(value_type = Option<SigningAlg>)]
    pub request_object_signing_alg: Option<String>,
    /// Key management that it may encrypt request objects with.
    #[schema(value_type = Option<KeyManagementAlg>)]
    pub request_object_encryption_alg: Option<String>,
    /// Content encryption that it may encrypt request objects with.
    #[schema(value_type = Option<ContentEncryption>)]
    pub request_object_encryption_enc: Option<String>,
    /// Where its request objects may be fetched from.
    pub request_uris: Option<Vec<String>>,
    /// `public` or `pairwise`. Default: `public`.
    #[schema(value_type = Option<SubjectType>)]
    pub subject_type: Option<String>,
    /// A JSON array of redirect URIs, whose host is the sector of pairwise subjects.
    pub sector_identifier_uri: Option<String>,
    /// `max_age` of requests without one, in seconds.
    pub default_max_age: Option<u32>,
    /// Must its ID tokens tell `auth_time`? They always do.
    pub require_auth_time: Option<bool>,
    /// `acr_values` of requests without any.
    pub default_acr_values: Option<Vec<String>>,
    /// Where a sign-in that begins here is sent.
    pub initiate_login_uri: Option<String>,
    /// Loaded in a frame when its users sign out.
    pub frontchannel_logout_uri: Option<String>,
    /// Must that address be told `iss` and `sid`? Default: no.
    pub frontchannel_logout_session_required: Option<bool>,
    /// Where logout tokens are sent.
    pub backchannel_logout_uri: Option<String>,
    /// Must logout tokens hold `sid`? They always do.
    pub backchannel_logout_session_required: Option<bool>,
    /// Signed (RFC 9068) or opaque access tokens. Default: `jwt`.
    #[schema(value_type = Option<AccessTokenFormat>)]
    pub access_token_format: Option<String>,
    /// Signature algorithm of its access tokens, where they are signed. Default: `ES256`.
    #[schema(value_type = Option<SigningAlg>)]
    pub access_token_signed_response_alg: Option<String>,
    /// Must it send a PKCE challenge? Default: yes.
    pub require_pkce: Option<bool>,
    /// A first-party app, for which users are not asked. Default: no.
    pub skip_consent: Option<bool>,
    /// A resource server that may introspect every client's tokens. Default: no.
    pub introspects_any_token: Option<bool>,
    /// For how many seconds a repeated refresh gets the same successor, 300 at most; without, the server's default.
    pub refresh_grace_seconds: Option<u32>,
    /// Home page, shown to users.
    pub client_uri: Option<String>,
    /// Logo, shown to users.
    pub logo_uri: Option<String>,
    /// How it uses personal data.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// E-mail addresses of those who are responsible for it.
    pub contacts: Option<Vec<String>>,
    /// Which software it is.
    pub software_id: Option<String>,
    /// Which version of it.
    pub software_version: Option<String>,
    /// Switched off: every request of it is refused. Default: no.
    pub disabled: Option<bool>,
}

/// What this deployment allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegistrationPolicy {
    /// Access tokens from the authorization endpoint, which RFC 9700 §2.1.2 advises against.
    pub legacy_front_channel_tokens: bool,
    /// A development server: its clients may listen on plain http on loopback.
    pub development: bool,
}

/// A registration that keeps every rule. Only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The `client_id` that was asked for.
    pub client_id: Option<ClientId>,
    /// The metadata, with every default filled in.
    pub metadata: ClientMetadata,
    /// Switched off.
    pub disabled: bool,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name in the request.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldProblem {
    /// A problem with `field`.
    pub fn new(field: &'static str, message: impl fmt::Display) -> Self {
        Self { field, message: message.to_string() }
    }

    /// The error code of RFC 7591 §3.2.2.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.field == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" }
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Collects every problem, so that the asker learns all of them at once.
#[derive(Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, field: &'static str, message: impl fmt::Display) {
        self.0.push(FieldProblem::new(field, message));
    }

    fn unless(&mut self, holds: bool, field: &'static str, message: &'static str) {
        if !holds {
            self.add(field, message);
        }
    }

    /// The value of a text that names one, or its default.
    fn value<T: FromStr<Err: fmt::Display>>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        default: T,
    ) -> T {
        match text.map(T::from_str) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.add(field, error);
                default
            }
        }
    }

    /// The value of a text that names one, if there is a text.
    fn optional<T: FromStr<Err: fmt::Display>>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
    ) -> Option<T> {
        text.and_then(|text| T::from_str(text).map_err(|error| self.add(field, error)).ok())
    }
}

/// Judges a registration and fills in its defaults.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(input: &ClientInput, policy: RegistrationPolicy) -> Result<Registration, Vec<FieldProblem>> {
    let mut problems = Problems::default();
    let client_id = input.client_id.as_deref().and_then(|id| client_id(&mut problems, id));
    let redirect_uris = uris(&mut problems, "redirect_uris", input.redirect_uris.as_deref());
    // OpenID Connect RP-Initiated Logout §3.1: of the same form.
    let post_logout_redirect_uris =
        uris(&mut problems, "post_logout_redirect_uris", input.post_logout_redirect_uris.as_deref());
    let token_endpoint_auth_method = problems.value(
        "token_endpoint_auth_method",
        input.token_endpoint_auth_method.as_deref(),
        AuthMethod::ClientSecretBasic,
    );
    let named_types =
        values(&mut problems, "response_types", input.response_types.as_deref(), ResponseType::parse);
    let grant_types = grant_types(&mut problems, input.grant_types.as_deref(), named_types.as_deref());
    let response_types = named_types.unwrap_or_else(|| default_response_types(&grant_types));
    let address = |problems: &mut Problems, field, text: &Option<String>| {
        server_address(problems, field, text.as_deref(), policy)
    };
    let metadata = ClientMetadata {
        client_name: client_name(&mut problems, input.client_name.as_deref()),
        scope: scope(&mut problems, input.scope.as_deref(), &grant_types),
        redirect_uris,
        post_logout_redirect_uris,
        grant_types,
        response_types,
        application_type: problems.value(
            "application_type",
            input.application_type.as_deref(),
            ApplicationType::Web,
        ),
        token_endpoint_auth_method,
        token_endpoint_auth_signing_alg: problems
            .optional("token_endpoint_auth_signing_alg", input.token_endpoint_auth_signing_alg.as_deref()),
        jwks: jwks(&mut problems, input.jwks.as_ref()),
        jwks_uri: address(&mut problems, "jwks_uri", &input.jwks_uri),
        // OpenID Connect Registration §2: RS256 when left out.
        id_token_signed_response_alg: problems.value(
            "id_token_signed_response_alg",
            input.id_token_signed_response_alg.as_deref(),
            SigningAlg::Rs256,
        ),
        id_token_encrypted_response_alg: problems
            .optional("id_token_encrypted_response_alg", input.id_token_encrypted_response_alg.as_deref()),
        id_token_encrypted_response_enc: problems
            .optional("id_token_encrypted_response_enc", input.id_token_encrypted_response_enc.as_deref()),
        userinfo_signed_response_alg: problems
            .optional("userinfo_signed_response_alg", input.userinfo_signed_response_alg.as_deref()),
        userinfo_encrypted_response_alg: problems
            .optional("userinfo_encrypted_response_alg", input.userinfo_encrypted_response_alg.as_deref()),
        userinfo_encrypted_response_enc: problems
            .optional("userinfo_encrypted_response_enc", input.userinfo_encrypted_response_enc.as_deref()),
        request_object_signing_alg: problems
            .optional("request_object_signing_alg", input.request_object_signing_alg.as_deref()),
        request_object_encryption_alg: problems
            .optional("request_object_encryption_alg", input.request_object_encryption_alg.as_deref()),
        request_object_encryption_enc: problems
            .optional("request_object_encryption_enc", input.request_object_encryption_enc.as_deref()),
        request_uris: request_uris(&mut problems, input.request_uris.as_deref(), policy),
        subject_type: problems.value("subject_type", input.subject_type.as_deref(), SubjectType::Public),
        sector_identifier_uri: address(&mut problems, "sector_identifier_uri", &input.sector_identifier_uri),
        default_max_age: input.default_max_age,
        require_auth_time: input.require_auth_time.unwrap_or(false),
        default_acr_values: short_texts(
            &mut problems,
            "default_acr_values",
            input.default_acr_values.as_deref(),
        ),
        initiate_login_uri: address(&mut problems, "initiate_login_uri", &input.initiate_login_uri),
        frontchannel_logout_uri: address(
            &mut problems,
            "frontchannel_logout_uri",
            &input.frontchannel_logout_uri,
        ),
        frontchannel_logout_session_required: input.frontchannel_logout_session_required.unwrap_or(false),
        backchannel_logout_uri: address(
            &mut problems,
            "backchannel_logout_uri",
            &input.backchannel_logout_uri,
        ),
        backchannel_logout_session_required: input.backchannel_logout_session_required.unwrap_or(false),
        access_token_format: problems.value(
            "access_token_format",
            input.access_token_format.as_deref(),
            AccessTokenFormat::Jwt,
        ),
        access_token_signed_response_alg: problems.value(
            "access_token_signed_response_alg",
            input.access_token_signed_response_alg.as_deref(),
            SigningAlg::Es256,
        ),
        require_pkce: input.require_pkce.unwrap_or(true),
        skip_consent: input.skip_consent.unwrap_or(false),
        introspects_any_token: input.introspects_any_token.unwrap_or(false),
        refresh_grace_seconds: input.refresh_grace_seconds,
        client_uri: web_page(&mut problems, "client_uri", input.client_uri.as_deref()),
        logo_uri: web_page(&mut problems, "logo_uri", input.logo_uri.as_deref()),
        policy_uri: web_page(&mut problems, "policy_uri", input.policy_uri.as_deref()),
        tos_uri: web_page(&mut problems, "tos_uri", input.tos_uri.as_deref()),
        contacts: short_texts(&mut problems, "contacts", input.contacts.as_deref()),
        software_id: short_text(&mut problems, "software_id", input.software_id.as_deref()),
        software_version: short_text(&mut problems, "software_version", input.software_version.as_deref()),
        software_statement: None,
    };
    // What stands in for a value that cannot be read would only lead to misleading messages.
    if problems.0.is_empty() {
        fits_together(&mut problems, &metadata, policy);
    }
    if problems.0.is_empty() {
        Ok(Registration { client_id, metadata, disabled: input.disabled.unwrap_or(false) })
    } else {
        Err(problems.0)
    }
}

/// The rules between fields.
fn fits_together(problems: &mut Problems, metadata: &ClientMetadata, policy: RegistrationPolicy) {
    grants_fit_together(problems, metadata, policy);
    secrets_fit_together(problems, metadata);
    encryption_fits_together(problems, metadata);
    addresses_fit_together(problems, metadata, policy);
    // No user can hand on what only administrators have.
    problems.unless(
        !metadata.scope.contains(ADMIN) || metadata.grant_types == [GrantType::ClientCredentials],
        "scope",
        "countersign:admin is only for a client whose one grant type is client_credentials",
    );
    problems.unless(
        metadata.refresh_grace_seconds.is_none_or(|seconds| seconds <= LONGEST_GRACE),
        "refresh_grace_seconds",
        "300 seconds at most",
    );
}

/// Grant types, response types and redirect URIs.
fn grants_fit_together(problems: &mut Problems, metadata: &ClientMetadata, policy: RegistrationPolicy) {
    let uses = |grant| metadata.grant_types.contains(&grant);
    let (code, implicit) = (uses(GrantType::AuthorizationCode), uses(GrantType::Implicit));
    // RFC 7591 §5: a client that is sent responses must say where to.
    problems.unless(
        !(code || implicit) || !metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "name at least one, or leave authorization_code and implicit out of grant_types",
    );
    problems.unless(
        code || implicit || metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "only a client with the grant type authorization_code or implicit is sent anywhere",
    );
    problems.unless(
        code || !uses(GrantType::RefreshToken),
        "grant_types",
        "refresh_token needs authorization_code, which the first refresh token comes from",
    );
    // RFC 7591 §2.1, OpenID Connect Registration §2: response types and grant types correspond.
    for response_type in &metadata.response_types {
        if response_type.has_code() && !code {
            problems.add(
                "grant_types",
                format_args!("the response type {response_type} needs authorization_code"),
            );
        }
        if response_type.is_implicit() && !implicit {
            problems.add("grant_types", format_args!("the response type {response_type} needs implicit"));
        }
        if response_type.has_token() && !policy.legacy_front_channel_tokens {
            problems.add(
                "response_types",
                format_args!(
                    "{response_type}: this deployment issues no access tokens from the authorization endpoint"
                ),
            );
        }
    }
    problems.unless(
        !code || metadata.response_types.iter().any(|response_type| response_type.has_code()),
        "response_types",
        "the grant type authorization_code needs a response type with code",
    );
    problems.unless(
        !implicit || metadata.response_types.iter().any(|response_type| response_type.is_implicit()),
        "response_types",
        "the grant type implicit needs a response type with id_token or token",
    );
}

/// Client authentication, and what needs a secret or a key.
fn secrets_fit_together(problems: &mut Problems, metadata: &ClientMetadata) {
    let method = metadata.token_endpoint_auth_method;
    let public = method == AuthMethod::None;
    // RFC 6749 §4.4: "MUST only be used by confidential clients".
    problems.unless(
        !public || !metadata.grant_types.contains(&GrantType::ClientCredentials),
        "grant_types",
        "client_credentials needs a client that can prove who it is",
    );
    // RFC 9700 §2.1.1: public clients MUST use PKCE.
    problems.unless(!public || metadata.require_pkce, "require_pkce", "a public client always needs PKCE");
    // RFC 7662 §2.1: the endpoint MUST require authorization.
    problems.unless(
        !public || !metadata.introspects_any_token,
        "introspects_any_token",
        "only a client that can prove who it is may introspect tokens of others",
    );
    // OpenID Connect Registration §2: "The jwks_uri and jwks parameters MUST NOT be used together."
    problems.unless(
        metadata.jwks.is_none() || metadata.jwks_uri.is_none(),
        "jwks",
        "send jwks or jwks_uri, not both",
    );
    problems.unless(
        method != AuthMethod::PrivateKeyJwt || metadata.has_keys(),
        "jwks_uri",
        "private_key_jwt needs jwks_uri or jwks",
    );
    let assertion_alg_fits = metadata.token_endpoint_auth_signing_alg.is_none_or(|alg| match method {
        AuthMethod::ClientSecretJwt => alg.is_symmetric(),
        AuthMethod::PrivateKeyJwt => alg.is_asymmetric(),
        _ => alg != SigningAlg::None,
    });
    problems.unless(
        assertion_alg_fits,
        "token_endpoint_auth_signing_alg",
        "must fit token_endpoint_auth_method: HS256 to HS512 for client_secret_jwt, the others but none for \
         private_key_jwt",
    );
    // Core §10.1: a key that everybody has proves nothing.
    for (field, alg) in [
        ("id_token_signed_response_alg", Some(metadata.id_token_signed_response_alg)),
        ("userinfo_signed_response_alg", metadata.userinfo_signed_response_alg),
        ("request_object_signing_alg", metadata.request_object_signing_alg),
    ] {
        problems.unless(
            !(public && alg.is_some_and(SigningAlg::is_symmetric)),
            field,
            "a public client has no secret to sign with",
        );
    }
    // OpenID Connect Registration §2: "none … MUST NOT be used … unless the Client uses only Response Types that return
    // no ID Token from the Authorization Endpoint".
    problems.unless(
        metadata.id_token_signed_response_alg != SigningAlg::None
            || !metadata.response_types.iter().any(|response_type| response_type.has_id_token()),
        "id_token_signed_response_alg",
        "none is only for ID tokens from the token endpoint",
    );
    problems.unless(
        metadata.access_token_signed_response_alg.is_asymmetric(),
        "access_token_signed_response_alg",
        "resource servers verify access tokens by public keys",
    );
    problems.unless(
        metadata.request_object_signing_alg.is_none_or(|alg| !alg.is_asymmetric()) || metadata.has_keys(),
        "request_object_signing_alg",
        "needs jwks_uri or jwks",
    );
}

/// Encryption needs both algorithms, and a key of the client's.
fn encryption_fits_together(problems: &mut Problems, metadata: &ClientMetadata) {
    let pairs = [
        (
            "id_token_encrypted_response_enc",
            metadata.id_token_encrypted_response_alg,
            metadata.id_token_encrypted_response_enc,
        ),
        (
            "userinfo_encrypted_response_enc",
            metadata.userinfo_encrypted_response_alg,
            metadata.userinfo_encrypted_response_enc,
        ),
        (
            "request_object_encryption_enc",
            metadata.request_object_encryption_alg,
            metadata.request_object_encryption_enc,
        ),
    ];
    for (field, alg, enc) in pairs {
        // OpenID Connect Registration §2: "When … enc is included, … alg MUST also be provided."
        problems.unless(alg.is_some() || enc.is_none(), field, "needs the alg beside it");
    }
    for (field, encrypted) in [
        ("id_token_encrypted_response_alg", metadata.id_token_encrypted_response_alg.is_some()),
        ("userinfo_encrypted_response_alg", metadata.userinfo_encrypted_response_alg.is_some()),
    ] {
        problems.unless(
            !encrypted || metadata.has_keys(),
            field,
            "needs jwks_uri or jwks with an encryption key",
        );
    }
}

/// What is said about one host by another address.
fn addresses_fit_together(problems: &mut Problems, metadata: &ClientMetadata, policy: RegistrationPolicy) {
    // Core §8.1: "If there are multiple hostnames in the registered redirect_uris, the Client MUST register a
    // sector_identifier_uri."
    let hosts: BTreeSet<Option<String>> = metadata.redirect_uris.iter().map(|uri| host_of(uri)).collect();
    problems.unless(
        metadata.subject_type == SubjectType::Public
            || metadata.sector_identifier_uri.is_some()
            || hosts.len() == 1 && !hosts.contains(&None),
        "sector_identifier_uri",
        "pairwise subjects need it, because the redirect URIs are not all of one host",
    );
    // Front-Channel Logout §2: "the domain, port, and scheme of this URL MUST be the same as that of a registered
    // Redirection URI value".
    let origin = |uri: &str| Url::parse(uri).ok().map(|url| url.origin());
    problems.unless(
        metadata.frontchannel_logout_uri.as_deref().is_none_or(|logout| {
            metadata.redirect_uris.iter().any(|redirect| origin(redirect) == origin(logout))
        }),
        "frontchannel_logout_uri",
        "must have the scheme, host and port of a redirect URI",
    );
    // OpenID Connect Registration §2: what the fragment carries, plain http or another program could take.
    let implicit = metadata.grant_types.contains(&GrantType::Implicit);
    let in_the_clear = metadata.redirect_uris.iter().any(|uri| uri.starts_with("http://"));
    problems.unless(
        !(implicit && metadata.application_type == ApplicationType::Web && in_the_clear)
            || policy.development,
        "redirect_uris",
        "a web application with the grant type implicit needs https, also on localhost; or register \
         application_type native",
    );
}

/// The host of a web address.
fn host_of(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

/// RFC 9700 §4.15: a client must not be able to pass for a user, whose `sub` is 32 hexadecimal digits.
fn client_id(problems: &mut Problems, text: &str) -> Option<ClientId> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let looks_like_a_user = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if text.len() > 64 || !begins_well || !text.bytes().all(allowed) {
        problems.add("client_id", "1 to 64 of: letters, digits and . _ -, beginning with a letter or digit");
        return None;
    }
    if looks_like_a_user {
        problems.add("client_id", "must not look like the identifier of a user (32 hexadecimal digits)");
        return None;
    }
    // The page that registers a client is /admin/clients/new.
    if text == "new" {
        problems.add("client_id", "new is reserved");
        return None;
    }
    Some(text.into())
}

fn client_name(problems: &mut Problems, text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(changes_the_text_around) {
        problems.add("client_name", "1 to 64 characters, without control, direction or invisible characters");
    }
    text.to_owned()
}

/// A list of redirect URIs, each once.
fn uris(problems: &mut Problems, field: &'static str, uris: Option<&[String]>) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        problems.add(field, format_args!("{MOST_URIS} at most"));
        return Vec::new();
    }
    for uri in uris {
        if let Err(unfit) = redirect_uri::check_for_registration(uri) {
            problems.add(field, format_args!("{} {unfit}", shortened(uri)));
        }
    }
    let mut seen = BTreeSet::new();
    uris.iter().filter(|uri| seen.insert(uri.as_str())).cloned().collect()
}

/// A list of values, each once, in their own order; none when the field was left out.
fn values<T: Ord, E: fmt::Display>(
    problems: &mut Problems,
    field: &'static str,
    texts: Option<&[String]>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let texts = texts?;
    let mut found = BTreeSet::new();
    // More than there are can only be repetitions or mistakes; a handful of messages is enough.
    for text in texts.iter().take(MOST_VALUES) {
        match parse(text) {
            Ok(value) => {
                found.insert(value);
            }
            Err(error) => problems.add(field, format_args!("{} {error}", shortened(text))),
        }
    }
    if texts.len() > MOST_VALUES {
        problems.add(field, format_args!("{MOST_VALUES} at most"));
    }
    Some(found.into_iter().collect())
}

/// The grant types that were named, or those that the response types need, with refresh tokens.
fn grant_types(
    problems: &mut Problems,
    texts: Option<&[String]>,
    response_types: Option<&[ResponseType]>,
) -> Vec<GrantType> {
    if let Some(named) = values(problems, "grant_types", texts, GrantType::from_str) {
        return named;
    }
    let response_types = response_types.unwrap_or(&[ResponseType::Code]);
    let mut needed = BTreeSet::new();
    if response_types.iter().any(|response_type| response_type.has_code()) {
        needed.extend([GrantType::AuthorizationCode, GrantType::RefreshToken]);
    }
    if response_types.iter().any(|response_type| response_type.is_implicit()) {
        needed.insert(GrantType::Implicit);
    }
    needed.into_iter().collect()
}

/// OpenID Connect Registration §2: `code` when left out; nothing for a client that is sent nowhere.
fn default_response_types(grant_types: &[GrantType]) -> Vec<ResponseType> {
    if grant_types.contains(&GrantType::AuthorizationCode) {
        vec![ResponseType::Code]
    } else if grant_types.contains(&GrantType::Implicit) {
        vec![ResponseType::IdToken]
    } else {
        Vec::new()
    }
}

/// A JWK set with public keys only (RFC 7517 §5). Whether a key can be used shows when it is.
fn jwks(problems: &mut Problems, value: Option<&Value>) -> Option<Value> {
    let value = value.filter(|value| !value.is_null())?;
    let keys = value.get("keys").and_then(Value::as_array);
    let well_formed =
        keys.is_some_and(|keys| keys.iter().all(|key| key.get("kty").is_some_and(Value::is_string)));
    if !well_formed || value.to_string().len() > LONGEST_JWKS {
        problems.add("jwks", "must be a JWK set, {\"keys\": […]}, of 32 kB at most");
        return None;
    }
    // RFC 7517 §9.3: whoever hands out a private key has none any more.
    let is_secret = |key: &Value| ["d", "p", "q", "k"].iter().any(|member| key.get(member).is_some());
    if keys.is_some_and(|keys| keys.iter().any(is_secret)) {
        problems.add("jwks", "must hold public keys only; a private key was sent: make new ones");
        return None;
    }
    Some(value.clone())
}

/// Addresses of request objects (Core §6.2), each once.
fn request_uris(problems: &mut Problems, uris: Option<&[String]>, policy: RegistrationPolicy) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        problems.add("request_uris", format_args!("{MOST_URIS} at most"));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    uris.iter()
        .filter(|uri| seen.insert(uri.as_str()))
        .filter_map(|uri| server_address(problems, "request_uris", Some(uri), policy))
        .collect()
}

/// An address that this server fetches, calls or sends browsers to: https, or, for a development server, http on
/// loopback.
fn server_address(
    problems: &mut Problems,
    field: &'static str,
    text: Option<&str>,
    policy: RegistrationPolicy,
) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    // Only the address of a request object has a use for a fragment (Core §6.2).
    let fragment = text.contains('#') && field != "request_uris";
    if fragment || !is_web_page(text) || text.starts_with("http://") && !policy.development {
        let shown = shortened(text);
        problems.add(
            field,
            format_args!("{shown} must be an https:// address, in ASCII, without user name or fragment"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// A text that is kept and shown as it is.
fn short_text(problems: &mut Problems, field: &'static str, text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if text.len() > LONGEST_TEXT || text.chars().any(changes_the_text_around) {
        problems.add(
            field,
            format_args!("{LONGEST_TEXT} bytes at most, without control or direction characters"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn short_texts(problems: &mut Problems, field: &'static str, texts: Option<&[String]>) -> Vec<String> {
    let texts = texts.unwrap_or_default();
    if texts.len() > MOST_VALUES {
        problems.add(field, format_args!("{MOST_VALUES} at most"));
    }
    texts.iter().take(MOST_VALUES).filter_map(|text| short_text(problems, field, Some(text))).collect()
}

fn scope(problems: &mut Problems, text: Option<&str>, grant_types: &[GrantType]) -> Scope {
    let code = grant_types.contains(&GrantType::AuthorizationCode);
    let refresh = grant_types.contains(&GrantType::RefreshToken);
    let default = match (code, refresh) {
        (true, true) => "openid profile email offline_access",
        (true, false) => "openid profile email",
        (false, _) => "",
    };
    let text = text.unwrap_or(default);
    if text.len() > LONGEST {
        problems.add("scope", format_args!("{LONGEST} bytes at most"));
        return Scope::default();
    }
    match Scope::parse(text) {
        Ok(scope) => {
            // OpenID Connect Core §11: offline access is a refresh token.
            problems.unless(
                refresh || !scope.contains(OFFLINE_ACCESS),
                "scope",
                "offline_access needs the grant type refresh_token",
            );
            scope
        }
        Err(error) => {
            problems.add("scope", error);
            Scope::default()
        }
    }
}

/// A page that users are led to: https (http on loopback), and nothing that reads like another host.
fn web_page(problems: &mut Problems, field: &'static str, text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if !is_web_page(text) {
        problems.add(
            field,
            "must be an https:// address (http:// only for localhost, 127.0.0.1 and [::1]), in ASCII, without user name",
        );
        return None;
    }
    Some(text.to_owned())
}

fn is_web_page(text: &str) -> bool {
    let characters = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let Ok(url) = Url::parse(text) else { return false };
    let scheme = text.starts_with("https://") || text.starts_with("http://") && is_loopback(&url);
    let authority = text.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    characters && scheme && authority.is_some_and(|authority| !authority.contains('@'))
}

/// Enough of a text to recognise it by.
fn shortened(text: &str) -> String {
    let mut start: String =
        text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// The registration as it stands: what an edit begins with.
impl From<&Client> for ClientInput {
    fn from(client: &Client) -> Self {
        let metadata = client.metadata.clone();
        // What follows from the grant types goes on following from them.
        let follows = metadata.response_types == default_response_types(&metadata.grant_types);
        Self {
            client_id: Some(client.id.to_string()),
            client_name: Some(metadata.client_name),
            redirect_uris: Some(metadata.redirect_uris),
            post_logout_redirect_uris: Some(metadata.post_logout_redirect_uris),
            grant_types: Some(texts(&metadata.grant_types)),
            response_types: (!follows).then(|| texts(&metadata.response_types)),
            application_type: Some(metadata.application_type.to_string()),
            token_endpoint_auth_method: Some(metadata.token_endpoint_auth_method.to_string()),
            token_endpoint_auth_signing_alg: text(metadata.token_endpoint_auth_signing_alg),
            jwks: metadata.jwks,
            jwks_uri: metadata.jwks_uri,
            scope: Some(metadata.scope.to_string()),
            id_token_signed_response_alg: Some(metadata.id_token_signed_response_alg.to_string()),
            id_token_encrypted_response_alg: text(metadata.id_token_encrypted_response_alg),
            id_token_encrypted_response_enc: text(metadata.id_token_encrypted_response_enc),
            userinfo_signed_response_alg: text(metadata.userinfo_signed_response_alg),
            userinfo_encrypted_response_alg: text(metadata.userinfo_encrypted_response_alg),
            userinfo_encrypted_response_enc: text(metadata.userinfo_encrypted_response_enc),
            request_object_signing_alg: text(metadata.request_object_signing_alg),
            request_object_encryption_alg: text(metadata.request_object_encryption_alg),
            request_object_encryption_enc: text(metadata.request_object_encryption_enc),
            request_uris: Some(metadata.request_uris),
            subject_type: Some(metadata.subject_type.to_string()),
            sector_identifier_uri: metadata.sector_identifier_uri,
            default_max_age: metadata.default_max_age,
            require_auth_time: Some(metadata.require_auth_time),
            default_acr_values: Some(metadata.default_acr_values),
            initiate_login_uri: metadata.initiate_login_uri,
            frontchannel_logout_uri: metadata.frontchannel_logout_uri,
            frontchannel_logout_session_required: Some(metadata.frontchannel_logout_session_required),
            backchannel_logout_uri: metadata.backchannel_logout_uri,
            backchannel_logout_session_required: Some(metadata.backchannel_logout_session_required),
            access_token_format: Some(metadata.access_token_format.to_string()),
            access_token_signed_response_alg: Some(metadata.access_token_signed_response_alg.to_string()),
            require_pkce: Some(metadata.require_pkce),
            skip_consent: Some(metadata.skip_consent),
            introspects_any_token: Some(metadata.introspects_any_token),
            refresh_grace_seconds: metadata.refresh_grace_seconds,
            client_uri: metadata.client_uri,
            logo_uri: metadata.logo_uri,
            policy_uri: metadata.policy_uri,
            tos_uri: metadata.tos_uri,
            contacts: Some(metadata.contacts),
            software_id: metadata.software_id,
            software_version: metadata.software_version,
            disabled: Some(client.disabled),
        }
    }
}

fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::{ClientInput, FieldProblem, Registration, RegistrationPolicy};
    use crate::protocol::client::{AccessTokenFormat, AuthMethod, GrantType, SigningAlg};
    use crate::protocol::samples;

    #[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
    fn texts(texts: &[&str]) -> Option<Vec<String>> {
        Some(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn check(input: &ClientInput) -> Result<Registration, Vec<FieldProblem>> {
        super::check(input, RegistrationPolicy::default())
    }

    /// The smallest registration that is taken.
    fn app() -> ClientInput {
        ClientInput {
            client_name: text("App"),
            redirect_uris: texts(&["https://app.example/cb"]),
            ..ClientInput::default()
        }
    }

    fn service() -> ClientInput {
        ClientInput {
            client_name: text("Service"),
            grant_types: texts(&["client_credentials"]),
            ..ClientInput::default()
        }
    }

    fn problems(input: &ClientInput) -> Vec<FieldProblem> {
        check(input).expect_err("a rule is broken")
    }

    fn fields(input: &ClientInput) -> Vec<&'static str> {
        problems(input).iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn openid_registration_2_defaults_of_what_is_left_out() {
        let metadata = check(&app()).unwrap().metadata;
        assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!(metadata.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(metadata.id_token_signed_response_alg, SigningAlg::Rs256);
        assert_eq!(metadata.access_token_format, AccessTokenFormat::Jwt);
        assert_eq!(metadata.access_token_signed_response_alg, SigningAlg::Es256);
        assert_eq!(metadata.scope.to_string(), "openid profile email offline_access");
        assert!(metadata.require_pkce && !metadata.skip_consent && !metadata.introspects_any_token);
        assert_eq!(check(&service()).unwrap().metadata.scope.to_string(), "");
        let once = ClientInput { grant_types: texts(&["authorization_code"]), ..app() };
        assert_eq!(check(&once).unwrap().metadata.scope.to_string(), "openid profile email");
    }

    #[test]
    fn rfc7591_3_2_2_every_problem_is_told_at_once_with_its_code() {
        let input = ClientInput {
            client_name: None,
            redirect_uris: texts(&["javascript:alert(1)", "http://app.example/"]),
            grant_types: texts(&["authorization_code", "password"]),
            token_endpoint_auth_method: text("private_key_jwt"),
            id_token_signed_response_alg: text("none"),
            logo_uri: text("data:image/png,x"),
            ..ClientInput::default()
        };
        let found: Vec<_> = problems(&input).iter().map(|p| (p.field, p.code())).collect();
        assert_eq!(
            found,
            [
                ("redirect_uris", "invalid_redirect_uri"),
                ("redirect_uris", "invalid_redirect_uri"),
                ("token_endpoint_auth_method", "invalid_client_metadata"),
                ("grant_types", "invalid_client_metadata"),
                ("client_name", "invalid_client_metadata"),
                ("id_token_signed_response_alg", "invalid_client_metadata"),
                ("logo_uri", "invalid_client_metadata"),
            ]
        );
    }

    #[test]
    fn rfc7591_5_redirect_uris_and_the_code_grant_go_together() {
        assert_eq!(fields(&ClientInput { redirect_uris: None, ..app() }), ["redirect_uris"]);
        assert_eq!(
            fields(&ClientInput { redirect_uris: texts(&["https://app.example/cb"]), ..service() }),
            ["redirect_uris"]
        );
    }

    #[test]
    fn rfc6749_3_1_2_no_unfit_uri_is_registered_in_either_list() {
        for bad in [
            "",
            "/cb",
            "https://app.example/cb#x",
            "https://*.example/cb",
            "https://user@app.example/cb",
            "http://app.example/cb",
            "https://app.example/cb?code=1",
            "data:text/html,x",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            assert_eq!(
                fields(&ClientInput { redirect_uris: texts(&[bad]), ..app() }),
                ["redirect_uris"],
                "{bad}"
            );
            let after = ClientInput { post_logout_redirect_uris: texts(&[bad]), ..app() };
            assert_eq!(fields(&after), ["post_logout_redirect_uris"], "{bad}");
        }
        let many: Vec<String> = (0..51).map(|n| format!("https://app.example/{n}")).collect();
        let input = ClientInput { redirect_uris: Some(many.clone()), ..app() };
        assert!(fields(&input).contains(&"redirect_uris"));
        assert!(check(&ClientInput { redirect_uris: Some(many[..50].to_vec()), ..app() }).is_ok());
    }

    #[test]
    fn a_uri_named_twice_is_registered_once() {
        let uris = ["https://b.example/", "https://a.example/", "https://b.example/"];
        let metadata = check(&ClientInput { redirect_uris: texts(&uris), ..app() }).unwrap().metadata;
        assert_eq!(metadata.redirect_uris, uris[..2]);
    }

    #[test]
    fn rfc6749_6_refresh_tokens_come_from_codes() {
        let input = ClientInput { grant_types: texts(&["refresh_token", "client_credentials"]), ..service() };
        assert_eq!(fields(&input), ["grant_types"]);
    }

    #[test]
    fn openid_core_11_offline_access_needs_refresh_tokens() {
        let input = ClientInput {
            grant_types: texts(&["authorization_code"]),
            scope: text("openid offline_access"),
            ..app()
        };
        assert_eq!(fields(&input), ["scope"]);
    }

    #[test]
    fn rfc6749_4_4_client_credentials_are_for_confidential_clients() {
        let input = ClientInput { token_endpoint_auth_method: text("none"), ..service() };
        assert_eq!(fields(&input), ["grant_types"]);
    }

    #[test]
    fn rfc9700_2_1_1_public_clients_cannot_be_excused_from_pkce() {
        let public = ClientInput { token_endpoint_auth_method: text("none"), ..app() };
        assert!(check(&public).unwrap().metadata.require_pkce);
        assert_eq!(fields(&ClientInput { require_pkce: Some(false), ..public }), ["require_pkce"]);
        assert!(check(&ClientInput { require_pkce: Some(false), ..app() }).is_ok());
    }

    #[test]
    fn rfc7662_2_1_public_clients_introspect_nothing_of_others() {
        let input = ClientInput {
            token_endpoint_auth_method: text("none"),
            introspects_any_token: Some(true),
            ..app()
        };
        assert_eq!(fields(&input), ["introspects_any_token"]);
    }

    #[test]
    fn the_administration_scope_is_for_clients_that_act_on_their_own_and_nothing_else() {
        let scope = text("countersign:admin");
        assert!(check(&ClientInput { scope: scope.clone(), ..service() }).is_ok());
        assert_eq!(fields(&ClientInput { scope: scope.clone(), ..app() }), ["scope"]);
        let both =
            ClientInput { grant_types: texts(&["authorization_code", "client_credentials"]), scope, ..app() };
        assert_eq!(fields(&both), ["scope"]);
    }

    #[test]
    fn rfc9700_4_15_a_client_id_cannot_pass_for_a_user() {
        for good in ["a", "my-app", "App.2_x", &"x".repeat(64), "c-0123456789abcdef0123456789abcdef"] {
            assert!(check(&ClientInput { client_id: text(good), ..app() }).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-x",
            "new",
            "a b",
            "a/b",
            "a:b",
            "é",
            "a\0",
            "0123456789abcdef0123456789ABCDEF",
            &"x".repeat(65),
        ] {
            assert_eq!(fields(&ClientInput { client_id: text(bad), ..app() }), ["client_id"], "{bad:?}");
        }
    }

    #[test]
    fn names_cannot_change_the_text_around_them() {
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{e0041}", &"x".repeat(65)] {
            assert_eq!(fields(&ClientInput { client_name: text(bad), ..app() }), ["client_name"], "{bad:?}");
        }
        let name = check(&ClientInput { client_name: text(" <b>Größe</b> "), ..app() }).unwrap();
        assert_eq!(name.metadata.client_name, "<b>Größe</b>", "markup is text, which pages escape");
    }

    #[test]
    fn openid_registration_9_1_pages_of_a_client_are_https_and_hide_no_host() {
        for good in ["https://app.example", "https://app.example/p?q#f", "http://localhost:3000/", " "] {
            assert!(check(&ClientInput { tos_uri: text(good), ..app() }).is_ok(), "{good}");
        }
        for bad in [
            "app.example",
            "http://app.example/",
            "javascript:alert(1)",
            "https:app.example",
            "https://good.example@evil.example/",
            "https://@evil.example/",
            "https://good.example\\@evil.example/",
            "https://äpp.example/",
            "https://app.example/a b",
            "https://",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            for (field, input) in [
                ("client_uri", ClientInput { client_uri: text(bad), ..app() }),
                ("logo_uri", ClientInput { logo_uri: text(bad), ..app() }),
                ("policy_uri", ClientInput { policy_uri: text(bad), ..app() }),
                ("tos_uri", ClientInput { tos_uri: text(bad), ..app() }),
            ] {
                assert_eq!(fields(&input), [field], "{bad}");
            }
        }
    }

    #[test]
    fn bounds_hold() {
        let grace = |seconds| ClientInput { refresh_grace_seconds: Some(seconds), ..app() };
        assert!(check(&grace(300)).is_ok());
        assert_eq!(fields(&grace(301)), ["refresh_grace_seconds"]);
        assert_eq!(fields(&ClientInput { scope: Some("x".repeat(2049)), ..app() }), ["scope"]);
        assert_eq!(fields(&ClientInput { scope: text("a\"b"), ..app() }), ["scope"]);
        let grants = vec!["authorization_code".to_owned(); 11];
        assert_eq!(fields(&ClientInput { grant_types: Some(grants), ..app() }), ["grant_types"]);
    }

    #[test]
    fn a_registration_survives_being_edited_without_a_change() {
        let mut client = samples::client("sample");
        client.disabled = true;
        client.metadata.logo_uri = text("https://app.example/logo.png");
        let again = check(&ClientInput::from(&client)).unwrap();
        assert_eq!(again.metadata, client.metadata);
        assert_eq!((again.client_id, again.disabled), (Some(client.id), true));
    }

    #[test]
    fn unknown_and_repeated_fields_are_refused() {
        for bad in [
            r#"{"client_name":"a","secret_hash":"x"}"#,
            r#"{"client_name":"a","client_name":"b"}"#,
            r#"{"redirect_uris":"https://app.example/cb"}"#,
            r#"{"client_secret":"chosen"}"#,
            r#"{"refresh_grace_seconds":-1}"#,
        ] {
            assert!(serde_json::from_str::<ClientInput>(bad).is_err(), "{bad}");
        }
    }
}
