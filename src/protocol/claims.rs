//! Claims about the user: the ID token (OpenID Connect Core §2) and `UserInfo` (§5.3), by scope (§5.4).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::client::SigningAlg;
use super::ids::{ClientId, SessionId, UserId};
use super::scope::Scope;
use super::timestamp::Timestamp;
use super::user::User;

/// The type of ID tokens in the header (RFC 7519 §5.1).
pub const ID_TOKEN_TYP: &str = "JWT";

/// An ID token (Core §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    /// The issuer.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The client.
    pub aud: ClientId,
    /// When it stops being fit to sign somebody in with.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// When the user proved who they are.
    pub auth_time: Timestamp,
    /// From the authorization request; never in an ID token that a refresh brings (Core §12.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How well.
    pub acr: String,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// In which session.
    pub sid: SessionId,
    /// Binds the access token that came along (§3.1.3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
}

/// Core §3.1.3.6: the left half of the hash that the signature algorithm uses, of the token's ASCII.
#[must_use]
pub fn half_hash(alg: SigningAlg, token: &str) -> String {
    use SigningAlg::{EdDsa, Es384, Es512, Hs384, Hs512, Ps384, Ps512, Rs384, Rs512};
    let hash = match alg {
        Es384 | Hs384 | Ps384 | Rs384 => &digest::SHA384,
        // Ed25519 hashes with SHA-512.
        EdDsa | Es512 | Hs512 | Ps512 | Rs512 => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(hash, token.as_bytes());
    let bytes = hash.as_ref();
    URL_SAFE_NO_PAD.encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}

/// Core §5.3.2: the claims that these scopes ask for. What the account does not have is left out, never null.
#[must_use]
pub fn user_info(user: &User, scope: &Scope) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(user.id));
    if scope.contains("profile") {
        claims.insert("preferred_username".to_owned(), json!(user.username));
        claims.insert("updated_at".to_owned(), json!(user.updated_at));
        if let Some(name) = &user.name {
            claims.insert("name".to_owned(), json!(name));
        }
    }
    if let Some(email) = user.email.as_ref().filter(|_| scope.contains("email")) {
        claims.insert("email".to_owned(), json!(email));
        claims.insert("email_verified".to_owned(), json!(user.email_verified));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::{half_hash, user_info};
    use crate::protocol::client::SigningAlg;
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use serde_json::{Value, json};

    #[test]
    fn openid_core_3_1_3_6_at_hash_is_half_of_the_algorithms_hash() {
        // Core appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(SigningAlg::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(SigningAlg::EdDsa, token).len(), 43, "32 of 64 bytes");
    }

    #[test]
    fn openid_core_5_4_scopes_ask_for_claims() {
        let user = samples::user("u");
        let of = |scope: &str| Value::Object(user_info(&user, &Scope::parse(scope).unwrap()));
        assert_eq!(of("openid"), json!({ "sub": "u" }));
        assert_eq!(
            of("openid email"),
            json!({ "sub": "u", "email": "ada@example.com", "email_verified": true })
        );
        assert_eq!(
            of("openid profile"),
            json!({ "sub": "u", "preferred_username": "ada", "name": "Ada", "updated_at": 7 })
        );
        let mut bare = user.clone();
        (bare.name, bare.email) = (None, None);
        assert_eq!(
            Value::Object(user_info(&bare, &Scope::parse("openid email").unwrap())),
            json!({ "sub": "u" })
        );
    }
}
