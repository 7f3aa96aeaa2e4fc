//! What this deployment says about itself: OpenID Connect Discovery §3, RFC 8414 §2. Every value listed works.

use serde_json::{Value, json};

use super::client::{AuthMethod, GrantType, SigningAlg};
use super::issuer::Issuer;
use super::pkce;

/// The metadata document.
#[must_use]
pub fn document(issuer: &Issuer) -> Value {
    json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.at("/authorize"),
        "token_endpoint": issuer.at("/token"),
        "userinfo_endpoint": issuer.at("/userinfo"),
        "jwks_uri": issuer.at("/jwks"),
        "introspection_endpoint": issuer.at("/introspect"),
        "revocation_endpoint": issuer.at("/revoke"),
        "end_session_endpoint": issuer.at("/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SigningAlg::ALL,
        "token_endpoint_auth_methods_supported": AuthMethod::ALL,
        "introspection_endpoint_auth_methods_supported":
            [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost],
        "revocation_endpoint_auth_methods_supported": AuthMethod::ALL,
        "code_challenge_methods_supported": [pkce::S256],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
            "name", "preferred_username", "updated_at", "email", "email_verified",
        ],
        "acr_values_supported": [crate::protocol::session::ACR_PASSWORD],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // Their defaults differ: left out, the second one would mean true (Discovery §3).
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}
