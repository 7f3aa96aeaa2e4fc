//! Token introspection: RFC 7662.

use serde_json::{Map, Value, json};

use super::access_token::AccessToken;
use super::client::{Client, SubjectType};
use super::grant::Grant;
use super::ids::ClientId;
use super::scope::Scope;
use super::timestamp::Timestamp;

/// RFC 7662 §2.2: "the authorization server MAY respond differently to different protected resources": a client learns
/// about its own tokens, a resource server about everybody's.
#[must_use]
pub fn may_introspect(caller: &Client, token_of: &ClientId) -> bool {
    caller.metadata.introspects_any_token || caller.id == *token_of
}

/// Does this caller learn the user name? A resource server that is trusted with everybody's tokens does; a client only what
/// its user let it know, and nothing by which it could compare users with others (Core §8.1).
#[must_use]
pub fn may_see_username(caller: &Client, scope: &Scope) -> bool {
    let known_to_it = scope.contains("profile") && caller.metadata.subject_type == SubjectType::Public;
    caller.metadata.introspects_any_token || known_to_it
}

/// RFC 7662 §2.2: everything that is not active looks the same.
#[must_use]
pub fn inactive() -> Value {
    json!({ "active": false })
}

/// An active access token, with what defined scopes bring into it now.
#[must_use]
pub fn access_token(token: &AccessToken, username: Option<&str>, claims: Map<String, Value>) -> Value {
    // First, so that whatever they are called, what follows counts.
    let mut answer = claims;
    answer.insert("active".to_owned(), json!(true));
    // RFC 9449 §6.2: "it MUST contain the value DPoP".
    answer.insert("token_type".to_owned(), json!(token.token_type()));
    if let Ok(Value::Object(claims)) = serde_json::to_value(token) {
        // The grant's id is a matter between our tokens and ourselves.
        answer.extend(claims.into_iter().filter(|(name, _)| name != "gid"));
    }
    if let Some(username) = username {
        answer.insert("username".to_owned(), json!(username));
    }
    Value::Object(answer)
}

/// An active refresh token; `subject` is the `sub` by which its client knows the user. `token_type` is left out: it is
/// about access tokens (RFC 6749 §5.1).
#[must_use]
pub fn refresh_token(grant: &Grant, subject: &str, issuer: &str, expires_at: Timestamp) -> Value {
    json!({
        "active": true,
        "iss": issuer,
        "sub": subject,
        "client_id": grant.client_id,
        "scope": grant.scope,
        "iat": grant.rotated_at,
        "exp": expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::may_introspect;
    use crate::protocol::samples;

    #[test]
    fn cve_2024_47077_a_client_learns_about_its_own_tokens_only() {
        let mut caller = samples::client("b");
        assert!(may_introspect(&caller, &"b".into()));
        assert!(!may_introspect(&caller, &"a".into()));
        caller.metadata.introspects_any_token = true;
        assert!(may_introspect(&caller, &"a".into()));
    }
}
