//! Registration of clients: what may be asked for, and the defaults of what is left out. RFC 7591 §2 and §3.2.2, OpenID
//! Connect Registration §2.
//!
//! One function judges a new client and a changed one alike: a change is the old registration with some fields
//! replaced, so no rule can be walked around by an edit.

mod by_itself;
mod fields;
mod input;
mod kind;
pub mod software_statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

pub use self::by_itself::{by_itself, over_ridden};
pub use self::fields::is_a_language;
use self::fields::{
    MOST_URIS, client_id, client_name, default_response_types, grant_types, jwks, localized, request_uris,
    scope, server_address, short_text, short_texts, shortened, uris, values, web_page,
};
pub use self::input::ClientInput;
pub use self::kind::{Kind, UnfitForKind, UriHint};
use super::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, ClientMetadata, GrantType, ResponseType, SigningAlg,
    SubjectType,
};
use super::error::ErrorCode;
use super::ids::ClientId;
use super::powers::is_known;
use super::redirect_uri::is_loopback;
use super::scope::RESERVED;

/// Seconds of refresh grace at most: beyond this it hides replays rather than lost answers.
const LONGEST_GRACE: u32 = 300;

/// The members that may be sent once for each language, as `client_name#ja` (RFC 7591 §2.2).
const LOCALIZABLE: [&str; 5] = ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];

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
    pub fn code(&self) -> ErrorCode {
        if self.field == "redirect_uris" {
            ErrorCode::InvalidRedirectUri
        } else {
            ErrorCode::InvalidClientMetadata
        }
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
#[expect(clippy::too_many_lines, reason = "one line for each field")]
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
        claims_in_id_token: input.claims_in_id_token.unwrap_or(false),
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
        require_pushed_authorization_requests: input.require_pushed_authorization_requests.unwrap_or(false),
        dpop_bound_access_tokens: input.dpop_bound_access_tokens.unwrap_or(false),
        skip_consent: input.skip_consent.unwrap_or(false),
        least_acr: problems.optional("least_acr", input.least_acr.as_deref().filter(|text| !text.is_empty())),
        introspects_any_token: input.introspects_any_token.unwrap_or(false),
        refresh_grace_seconds: input.refresh_grace_seconds,
        client_uri: web_page(&mut problems, "client_uri", input.client_uri.as_deref()),
        logo_uri: web_page(&mut problems, "logo_uri", input.logo_uri.as_deref()),
        accent_color: problems.optional(
            "accent_color",
            input.accent_color.as_deref().map(str::trim).filter(|text| !text.is_empty()),
        ),
        policy_uri: web_page(&mut problems, "policy_uri", input.policy_uri.as_deref()),
        tos_uri: web_page(&mut problems, "tos_uri", input.tos_uri.as_deref()),
        contacts: short_texts(&mut problems, "contacts", input.contacts.as_deref()),
        software_id: short_text(&mut problems, "software_id", input.software_id.as_deref()),
        software_version: short_text(&mut problems, "software_version", input.software_version.as_deref()),
        software_statement: None,
        localized: localized(&mut problems, input.localized.as_ref()),
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
    if let Some(token) = metadata.scope.iter().find(|token| token.starts_with(RESERVED))
        && metadata.grant_types != [GrantType::ClientCredentials]
    {
        problems.add(
            "scope",
            format_args!("{token} is only for a client whose one grant type is client_credentials"),
        );
    }
    // What such a scope may mean one day, nobody should have been given before.
    if let Some(token) = metadata.scope.iter().find(|token| token.starts_with(RESERVED) && !is_known(token)) {
        problems.add("scope", format_args!("{token} is no scope of this server"));
    }
    problems.unless(
        metadata.refresh_grace_seconds.is_none_or(|seconds| seconds <= LONGEST_GRACE),
        "refresh_grace_seconds",
        "300 seconds at most",
    );
}

/// What is wrong where a client must prove its key for every access token and gets some from the authorization endpoint, where
/// nobody can prove anything (RFC 9449 §5.2).
#[must_use]
pub fn tokens_that_nobody_binds(metadata: &ClientMetadata) -> Option<FieldProblem> {
    let gets_some = metadata.response_types.iter().any(|response_type| response_type.has_token());
    (metadata.dpop_bound_access_tokens && gets_some).then(|| {
        FieldProblem::new(
            "dpop_bound_access_tokens",
            "access tokens from the authorization endpoint are bound to no key: leave the response types with token out",
        )
    })
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
        code || uses(GrantType::DeviceCode) || !uses(GrantType::RefreshToken),
        "grant_types",
        "refresh_token needs authorization_code or the device code, which the first refresh token comes from",
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
    problems.0.extend(tokens_that_nobody_binds(metadata));
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
    // OpenID Connect Registration §2, `application_type`: what the fragment carries, another program on the machine, or
    // whoever sees plain http, could take. A native application may have any of them (RFC 8252 §7).
    let implicit_on_the_web = metadata.application_type == ApplicationType::Web
        && metadata.grant_types.contains(&GrantType::Implicit);
    let fits = |uri: &String| {
        let local = Url::parse(uri).is_ok_and(|url| is_loopback(&url));
        uri.starts_with("https://") && !local || local && policy.development
    };
    problems.unless(
        !implicit_on_the_web || metadata.redirect_uris.iter().all(fits),
        "redirect_uris",
        "a web application with the grant type implicit needs https, and another host than localhost; or register \
         application_type native",
    );
}

/// OpenID Connect Registration §5: `sector_identifier_uri` "MUST point to a site that … is a JSON file containing an array
/// of `redirect_uri` values", in which every redirect URI of the client stands.
///
/// # Errors
/// The document is something else, or lacks one.
pub fn check_sector(document: &[u8], redirect_uris: &[String]) -> Result<(), FieldProblem> {
    let refused = |message: String| Err(FieldProblem::new("sector_identifier_uri", message));
    let Ok(listed) = serde_json::from_slice::<Vec<String>>(document) else {
        return refused("does not lead to a JSON array of redirect URIs".to_owned());
    };
    match redirect_uris.iter().find(|uri| !listed.contains(uri)) {
        None => Ok(()),
        Some(missing) => {
            refused(format!("the document there does not list the redirect URI {}", shortened(missing)))
        }
    }
}

/// The host of a web address.
fn host_of(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}
