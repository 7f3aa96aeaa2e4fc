//! What an access token says: RFC 9068 for signed ones, the same content sealed for opaque ones.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::dpop::{self, Confirmation, Thumbprint};
use super::ids::{ClientId, GrantId, TokenId};
use super::scope::Scope;
use super::timestamp::Timestamp;

/// RFC 9068 §2.1.
pub const TYP: &str = "at+jwt";

/// The claims (RFC 9068 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The issuer.
    pub iss: String,
    /// The user; for a client's own token, the client.
    pub sub: String,
    /// Who may accept it: this issuer, for `UserInfo` and for resource servers that introspect.
    pub aud: String,
    /// When it dies.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// Its id.
    pub jti: TokenId,
    /// To whom it was issued.
    pub client_id: ClientId,
    /// What it allows.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When the user had proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// Authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The grant it belongs to, by which it is revoked; none for a client's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<GrantId>,
    /// The key that it is bound to (RFC 9449 §6); none for a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// What a signed access token says with what defined scopes bring. When it comes back those are not read: what they are by
/// then, whoever introspects is told.
#[derive(Debug, Serialize)]
pub struct WithClaims<'a> {
    /// What every access token says.
    #[serde(flatten)]
    pub token: &'a AccessToken,
    /// What scopes bring; none of the names above is among them.
    #[serde(flatten)]
    pub claims: &'a Map<String, Value>,
}

impl AccessToken {
    /// Does it count by what it says itself? Whether it was revoked is another question.
    #[must_use]
    pub fn is_current(&self, issuer: &str, now: Timestamp) -> bool {
        self.iss == issuer && self.aud == issuer && !now.reached(self.exp)
    }

    /// How it is used (RFC 6749 §7.1).
    #[must_use]
    pub fn token_type(&self) -> &'static str {
        if self.cnf.is_some() { dpop::SCHEME } else { "Bearer" }
    }

    /// The key without which it is of no use: as a bearer token it "MUST" be rejected (RFC 9449 §7.2).
    #[must_use]
    pub fn bound_to(&self) -> Option<&Thumbprint> {
        self.cnf.as_ref().map(|confirmation| &confirmation.jkt)
    }
}

#[cfg(test)]
mod tests {
    use super::AccessToken;
    use crate::protocol::scope::Scope;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn rfc9068_4_issuer_audience_and_expiry_are_judged() {
        let token = AccessToken {
            iss: "https://id.example".to_owned(),
            sub: "u".to_owned(),
            aud: "https://id.example".to_owned(),
            exp: Timestamp(100),
            iat: Timestamp(50),
            jti: "t".into(),
            client_id: "c".into(),
            scope: Scope::default(),
            auth_time: None,
            acr: None,
            gid: None,
            cnf: None,
        };
        assert!(token.is_current("https://id.example", Timestamp(99)));
        assert!(!token.is_current("https://id.example", Timestamp(100)));
        assert!(!token.is_current("https://id.example/", Timestamp(99)));
        let elsewhere = AccessToken { aud: "https://api.example".to_owned(), ..token };
        assert!(!elsewhere.is_current("https://id.example", Timestamp(99)));
    }
}
