//! Claims about the user: the ID token (OpenID Connect Core §2) and `UserInfo` (§5.3), by scope (§5.4).

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::claims_request::Wish;
use super::client::SigningAlg;
use super::ids::{ClientId, SessionId};
use super::scope::Scope;
use super::timestamp::Timestamp;
use super::user::User;

/// Claims that no scope asks for, but the `claims` parameter may.
const WITHOUT_SCOPE: [&str; 4] = ["sub", "auth_time", "acr", "amr"];

/// Claims of ID tokens that are not about who the user is.
pub const ABOUT_THE_TOKEN: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
];

/// Does this server know such a claim?
#[must_use]
pub fn is_supported(claim: &str) -> bool {
    scope_of(claim).is_some() || WITHOUT_SCOPE.contains(&claim)
}

/// The type of ID tokens in the header (RFC 7519 §5.1).
pub const ID_TOKEN_TYP: &str = "JWT";

/// An ID token (Core §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    /// The issuer.
    pub iss: String,
    /// The user, as this client knows them (§8).
    pub sub: String,
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
    /// Binds the code that came along (§3.3.2.11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// Binds the `state` that came along (Financial-grade API 1.0 Part 2 §5.1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s_hash: Option<String>,
    /// Claims about the user that were asked for here.
    #[serde(flatten)]
    pub claims: Map<String, Value>,
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

/// The standard claims about users that this server can tell (Core §5.1), besides `sub`.
pub const SUPPORTED: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
    GROUPS,
];

/// The names of the groups that a user is in: a scope and its claim, of no standard, which many applications know.
pub const GROUPS: &str = "groups";

/// Core §5.4: the scope value that asks for a claim; none for a claim that is not among the [`SUPPORTED`] ones.
#[must_use]
pub fn scope_of(claim: &str) -> Option<&'static str> {
    match claim {
        "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "preferred_username"
        | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale"
        | "updated_at" => Some("profile"),
        "email" | "email_verified" => Some("email"),
        "address" => Some("address"),
        "phone_number" | "phone_number_verified" => Some("phone"),
        GROUPS => Some(GROUPS),
        _ => None,
    }
}

/// Every standard claim about a user except `sub`, which depends on who asks. What the account does not have is left
/// out, never null. Groups are no part of the account.
#[must_use]
pub fn all_claims(user: &User) -> Map<String, Value> {
    let mut claims = match serde_json::to_value(&user.claims) {
        Ok(Value::Object(claims)) => claims,
        _ => Map::new(),
    };
    claims.insert("preferred_username".to_owned(), json!(user.username));
    claims.insert("updated_at".to_owned(), json!(user.updated_at));
    if let Some(name) = &user.name {
        claims.insert("name".to_owned(), json!(name));
    }
    if let Some(email) = &user.email {
        claims.insert("email".to_owned(), json!(email));
        claims.insert("email_verified".to_owned(), json!(user.email_verified));
    }
    claims
}

/// The claims about a user that were asked for, by scope (Core §5.4) or one by one (§5.5).
#[must_use]
pub fn released(user: &User, scope: &Scope, wanted: &BTreeMap<String, Wish>) -> Map<String, Value> {
    all_claims(user).into_iter().filter(|(claim, _)| is_asked_for(claim, scope, wanted)).collect()
}

/// Was a claim asked for, by scope (Core §5.4) or by its name (§5.5)?
#[must_use]
pub fn is_asked_for(claim: &str, scope: &Scope, wanted: &BTreeMap<String, Wish>) -> bool {
    wanted.contains_key(claim) || scope_of(claim).is_some_and(|token| scope.contains(token))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{GROUPS, SUPPORTED, all_claims, half_hash, released, scope_of};
    use crate::protocol::claims_request::Wish;
    use crate::protocol::client::SigningAlg;
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use crate::protocol::standard_claims::StandardClaims;
    use serde_json::{Value, json};

    #[test]
    fn openid_core_3_1_3_6_at_hash_is_half_of_the_algorithms_hash() {
        // Core appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(SigningAlg::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(SigningAlg::EdDsa, token).len(), 43, "32 of 64 bytes");
    }

    #[test]
    fn openid_core_5_5_claims_are_asked_for_one_by_one_too() {
        let wanted = BTreeMap::from([("name".to_owned(), Wish::default())]);
        let scope = Scope::parse("openid email").unwrap();
        let claims = released(&samples::user("u"), &scope, &wanted);
        assert_eq!(claims.keys().collect::<Vec<_>>(), ["email", "email_verified", "name"]);
    }

    #[test]
    fn openid_core_5_4_scopes_ask_for_claims() {
        let user = samples::user("u");
        let of = |scope: &str| {
            let mut claims = released(&user, &Scope::parse(scope).unwrap(), &BTreeMap::new());
            claims.insert("sub".to_owned(), json!("u"));
            Value::Object(claims)
        };
        assert_eq!(of("openid"), json!({ "sub": "u" }));
        assert_eq!(of("openid api offline_access"), json!({ "sub": "u" }));
        assert_eq!(
            of("openid email"),
            json!({ "sub": "u", "email": "ada@example.com", "email_verified": true })
        );
        assert_eq!(
            of("openid profile"),
            json!({
                "sub": "u",
                "name": "Ada",
                "given_name": "Augusta Ada",
                "family_name": "King",
                "middle_name": "Byron",
                "nickname": "Enchantress",
                "preferred_username": "ada",
                "profile": "https://ada.example/about",
                "picture": "https://ada.example/ada.png",
                "website": "https://ada.example/",
                "gender": "female",
                "birthdate": "1815-12-10",
                "zoneinfo": "Europe/London",
                "locale": "en-GB",
                "updated_at": 7,
            })
        );
        assert_eq!(
            of("openid address"),
            json!({
                "sub": "u",
                "address": {
                    "formatted": "12 St James's Square\nLondon SW1Y 4JH\nUnited Kingdom",
                    "street_address": "12 St James's Square",
                    "locality": "London",
                    "region": "Greater London",
                    "postal_code": "SW1Y 4JH",
                    "country": "United Kingdom",
                },
            })
        );
        assert_eq!(
            of("openid phone"),
            json!({ "sub": "u", "phone_number": "+16045551234;ext=5678", "phone_number_verified": true })
        );
    }

    #[test]
    fn openid_core_5_3_2_what_the_account_does_not_have_is_left_out() {
        let mut bare = samples::user("u");
        (bare.name, bare.email, bare.claims) = (None, None, StandardClaims::default());
        let every = Scope::parse("openid profile email address phone").unwrap();
        assert_eq!(
            Value::Object(released(&bare, &every, &BTreeMap::new())),
            json!({ "preferred_username": "ada", "updated_at": 7 })
        );
    }

    #[test]
    fn openid_core_5_1_every_claim_of_a_whole_account_is_supported_and_has_its_scope() {
        let mut told: Vec<String> =
            all_claims(&samples::user("u")).into_iter().map(|(name, _)| name).collect();
        told.push(GROUPS.to_owned());
        let mut supported = SUPPORTED.to_vec();
        told.sort_unstable();
        supported.sort_unstable();
        assert_eq!(told, supported);
        assert!(SUPPORTED.iter().all(|claim| scope_of(claim).is_some()));
        for other in ["sub", "iss", "address.country", "street_address", "Email", "", "claims"] {
            assert_eq!(scope_of(other), None, "{other}");
        }
    }
}
