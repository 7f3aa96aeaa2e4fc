//! A registration as somebody wants it to be, and as it stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::default_response_types;
use crate::protocol::assurance::Level;
use crate::protocol::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, Client, GrantType, ResponseType, SigningAlg, SubjectType,
};
use crate::protocol::jwa::{ContentEncryption, KeyManagementAlg};

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
    /// Do ID tokens hold the claims of the scopes, as `UserInfo` does? For libraries that never ask `UserInfo`. Default: no.
    pub claims_in_id_token: Option<bool>,
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
    /// Must its authorization requests be pushed to `/par` first (RFC 9126)? Default: no.
    pub require_pushed_authorization_requests: Option<bool>,
    /// Does it get only tokens that are bound to a key of its own (`DPoP`, RFC 9449)? Default: no.
    pub dpop_bound_access_tokens: Option<bool>,
    /// A first-party app, for which users are not asked. Default: no.
    pub skip_consent: Option<bool>,
    /// How surely its users prove who they are, at least, whatever it asks for itself. Default: as it asks for itself.
    #[schema(value_type = Option<Level>)]
    pub least_acr: Option<String>,
    /// A resource server that may introspect every client's tokens. Default: no.
    pub introspects_any_token: Option<bool>,
    /// For how many seconds a repeated refresh gets the same successor, 300 at most; without, the server's default.
    pub refresh_grace_seconds: Option<u32>,
    /// Home page, shown to users.
    pub client_uri: Option<String>,
    /// Logo, shown to users: a PNG, JPEG, GIF, WebP or SVG of 200 kB at most, which this server fetches for them.
    pub logo_uri: Option<String>,
    /// The colour of buttons and links where users sign in to it and are asked, such as `#0d6b60`: dark enough to be read on a
    /// light page. What is shown on a dark one is made from it. Default: this server's own.
    pub accent_color: Option<String>,
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
    /// The same for people who read other languages: `client_name#ja`, `tos_uri#de-CH` … (RFC 7591 §2.2).
    pub localized: Option<BTreeMap<String, String>>,
    /// Switched off: every request of it is refused. Default: no.
    pub disabled: Option<bool>,
}

impl ClientInput {
    /// What is named here, and for the rest what `base` says.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let members = |input: &Self| match serde_json::to_value(input) {
            Ok(Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let mut merged = members(base);
        merged.extend(members(&self).into_iter().filter(|(_, value)| !value.is_null()));
        // What was written by this type is read by it.
        serde_json::from_value(Value::Object(merged)).unwrap_or(self)
    }
}

/// The registration as it stands: what an edit begins with.
impl From<&Client> for ClientInput {
    fn from(client: &Client) -> Self {
        let metadata = client.metadata.clone();
        // What follows from the grant types goes on following from them. Registrations from before there were response
        // types read as `code`, whatever their grant types.
        let follows = metadata.response_types == default_response_types(&metadata.grant_types)
            || metadata.response_types == ResponseType::only_code();
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
            claims_in_id_token: Some(metadata.claims_in_id_token),
            default_acr_values: Some(metadata.default_acr_values),
            initiate_login_uri: metadata.initiate_login_uri,
            frontchannel_logout_uri: metadata.frontchannel_logout_uri,
            frontchannel_logout_session_required: Some(metadata.frontchannel_logout_session_required),
            backchannel_logout_uri: metadata.backchannel_logout_uri,
            backchannel_logout_session_required: Some(metadata.backchannel_logout_session_required),
            access_token_format: Some(metadata.access_token_format.to_string()),
            access_token_signed_response_alg: Some(metadata.access_token_signed_response_alg.to_string()),
            require_pkce: Some(metadata.require_pkce),
            require_pushed_authorization_requests: Some(metadata.require_pushed_authorization_requests),
            dpop_bound_access_tokens: Some(metadata.dpop_bound_access_tokens),
            skip_consent: Some(metadata.skip_consent),
            least_acr: text(metadata.least_acr),
            introspects_any_token: Some(metadata.introspects_any_token),
            refresh_grace_seconds: metadata.refresh_grace_seconds,
            client_uri: metadata.client_uri,
            logo_uri: metadata.logo_uri,
            accent_color: text(metadata.accent_color),
            policy_uri: metadata.policy_uri,
            tos_uri: metadata.tos_uri,
            contacts: Some(metadata.contacts),
            software_id: metadata.software_id,
            software_version: metadata.software_version,
            localized: Some(metadata.localized),
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
