//! What this deployment says about itself: OpenID Connect Discovery §3, RFC 8414 §2. Every value listed works.

use serde_json::{Map, Value, json};

use super::assurance::Classes;
use super::claims::{ABOUT_THE_TOKEN, SUPPORTED};
use super::client::{AuthMethod, GrantType, ResponseType, SigningAlg, SubjectType};
use super::dpop;
use super::issuer::Issuer;
use super::jwa::{ContentEncryption, KeyManagementAlg};
use super::pkce;
use super::response_type::ResponseMode;
use super::scope::STANDARD;
use super::scope_definition::{Definitions, ScopeDefinition};

/// What differs between deployments.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the configuration")]
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The authentication context classes.
    pub classes: Classes,
    /// Clients may register themselves.
    pub registration: bool,
    /// Authorization requests must be pushed (RFC 9126 §5).
    pub require_pushed_requests: bool,
    /// The authorization endpoint issues access tokens.
    pub legacy_front_channel_tokens: bool,
    /// People may make accounts for themselves.
    pub sign_up: bool,
    /// Language tags of what the pages speak (BCP 47).
    pub ui_locales: &'static [&'static str],
}

/// The metadata document. Of the scopes that are defined, it names those that are to be published, with their claims.
#[must_use]
pub fn document(issuer: &Issuer, offer: &Offer, defined: &Definitions) -> Value {
    let mut document = Map::new();
    for part in [endpoints(issuer), requests(offer, defined), tokens(defined), logout(issuer)] {
        if let Value::Object(members) = part {
            document.extend(members);
        }
    }
    if offer.registration {
        document.insert("registration_endpoint".to_owned(), json!(issuer.at("/register")));
    }
    Value::Object(document)
}

fn endpoints(issuer: &Issuer) -> Value {
    let proving: Vec<_> = AuthMethod::ALL.iter().filter(|method| **method != AuthMethod::None).collect();
    let asserting: Vec<_> = SigningAlg::ALL.iter().filter(|alg| **alg != SigningAlg::None).collect();
    json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.at("/authorize"),
        "pushed_authorization_request_endpoint": issuer.at("/par"),
        "token_endpoint": issuer.at("/token"),
        "device_authorization_endpoint": issuer.at("/device_authorization"),
        "token_endpoint_auth_methods_supported": AuthMethod::ALL,
        "token_endpoint_auth_signing_alg_values_supported": asserting,
        "userinfo_endpoint": issuer.at("/userinfo"),
        "jwks_uri": issuer.at("/jwks"),
        "dpop_signing_alg_values_supported": dpop::ALGS,
        "introspection_endpoint": issuer.at("/introspect"),
        "introspection_endpoint_auth_methods_supported": proving,
        "introspection_endpoint_auth_signing_alg_values_supported": asserting,
        "revocation_endpoint": issuer.at("/revoke"),
        "revocation_endpoint_auth_methods_supported": AuthMethod::ALL,
        "revocation_endpoint_auth_signing_alg_values_supported": asserting,
    })
}

fn requests(offer: &Offer, defined: &Definitions) -> Value {
    let response_types: Vec<_> = ResponseType::ALL
        .iter()
        .filter(|response_type| offer.legacy_front_channel_tokens || !response_type.has_token())
        .collect();
    // Unsigned ones are for clients that register them, and are not for everybody to try.
    let object_algs: Vec<_> = SigningAlg::ALL.iter().filter(|alg| **alg != SigningAlg::None).collect();
    let mut prompts = vec!["none", "login", "consent", "select_account"];
    prompts.extend(offer.sign_up.then_some("create"));
    let scopes: Vec<&str> =
        STANDARD.into_iter().chain(published(defined).map(|scope| &*scope.name)).collect();
    json!({
        "scopes_supported": scopes,
        "response_types_supported": response_types,
        "response_modes_supported": ResponseMode::ALL,
        "grant_types_supported": GrantType::ALL,
        "code_challenge_methods_supported": [pkce::S256],
        "prompt_values_supported": prompts,
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "ui_locales_supported": offer.ui_locales,
        "acr_values_supported": offer.classes.0,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "require_pushed_authorization_requests": offer.require_pushed_requests,
        "request_object_signing_alg_values_supported": object_algs,
        "request_object_encryption_alg_values_supported": KeyManagementAlg::ALL,
        "request_object_encryption_enc_values_supported": ContentEncryption::ALL,
        "authorization_response_iss_parameter_supported": true,
    })
}

fn published(defined: &Definitions) -> impl Iterator<Item = &ScopeDefinition> {
    defined.iter().filter(|scope| scope.published)
}

fn tokens(defined: &Definitions) -> Value {
    let mut claims: Vec<&str> = ABOUT_THE_TOKEN.iter().chain(SUPPORTED).copied().collect();
    for mapping in published(defined).flat_map(|scope| &scope.claims) {
        if !claims.contains(&mapping.claim.as_str()) {
            claims.push(&mapping.claim);
        }
    }
    json!({
        "subject_types_supported": SubjectType::ALL,
        "id_token_signing_alg_values_supported": SigningAlg::ALL,
        "id_token_encryption_alg_values_supported": KeyManagementAlg::ALL,
        "id_token_encryption_enc_values_supported": ContentEncryption::ALL,
        "userinfo_signing_alg_values_supported": SigningAlg::ALL,
        "userinfo_encryption_alg_values_supported": KeyManagementAlg::ALL,
        "userinfo_encryption_enc_values_supported": ContentEncryption::ALL,
        "claim_types_supported": ["normal"],
        "claims_supported": claims,
    })
}

fn logout(issuer: &Issuer) -> Value {
    json!({
        "end_session_endpoint": issuer.at("/logout"),
        "check_session_iframe": issuer.at("/check-session"),
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}
