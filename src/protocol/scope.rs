//! Scope values: RFC 6749 §3.3.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The scope that makes an OAuth request an OpenID Connect one (Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// Access while the user is away (Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// All of the administration API; only ever granted to a client for itself.
pub const ADMIN: &str = "countersign:admin";
/// What was delegated to a client, by the administration API; only ever granted to a client for itself.
pub const DELEGATED: &str = "countersign:delegated";
/// How every scope of this server's own APIs begins. Scopes of other APIs begin otherwise.
pub const RESERVED: &str = "countersign:";

/// A set of scope tokens in the order they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Scope(Vec<String>);

/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope value has a character that RFC 6749 section 3.3 does not allow")]
pub struct MalformedScope;

impl Scope {
    /// Parses a space-delimited list; order kept, repetitions dropped.
    ///
    /// # Errors
    /// A character outside the `scope-token` alphabet.
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        let mut tokens: Vec<String> = Vec::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if !token.bytes().all(allowed) {
                return Err(MalformedScope);
            }
            if !tokens.iter().any(|known| known == token) {
                tokens.push(token.to_owned());
            }
        }
        Ok(Self(tokens))
    }

    /// Is this token in the set?
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|known| known == token)
    }

    /// Does this set hold every token of the other?
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|token| self.contains(token))
    }

    /// The tokens that both sets hold, in this one's order.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|token| other.contains(token)).cloned().collect())
    }

    /// The tokens of this set that the other does not hold.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<&str> {
        self.iter().filter(|token| !other.contains(token)).collect()
    }

    /// This set and one token more, which must be well-formed.
    #[must_use]
    pub fn with(mut self, token: &str) -> Self {
        if !self.contains(token) {
            self.0.push(token.to_owned());
        }
        self
    }

    /// This set without one token.
    #[must_use]
    pub fn without(mut self, token: &str) -> Self {
        self.0.retain(|known| known != token);
        self
    }

    /// Every token of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let added = other.0.iter().filter(|token| !self.contains(token));
        Self(self.0.iter().chain(added).cloned().collect())
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = MalformedScope;
    fn try_from(text: String) -> Result<Self, MalformedScope> {
        Self::parse(&text)
    }
}

/// The scopes that have a meaning here by themselves (Core §5.4, §11, and `groups`). All say something about a user, and so
/// nothing in a client's own token.
pub const STANDARD: [&str; 7] = [OPENID, "profile", "email", "address", "phone", "groups", OFFLINE_ACCESS];

/// Is this one of the [`STANDARD`] scopes?
#[must_use]
pub fn is_standard(token: &str) -> bool {
    STANDARD.contains(&token)
}

/// Why a client does not get a scope for itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientScopeError {
    /// RFC 6749 §3.3.
    #[error(transparent)]
    Malformed(#[from] MalformedScope),
    /// Not registered.
    #[error("the client is not registered for the scope: {0}")]
    NotRegistered(String),
}

/// RFC 6749 §4.4.2: the scope of a client's own token; without a request, all that it is registered for. What only
/// means something for users is left out.
///
/// # Errors
/// The request is malformed, or asks for what the client is not registered for.
pub fn client_scope(registered: &Scope, requested: Option<&str>) -> Result<Scope, ClientScopeError> {
    let requested = match requested {
        Some(text) => Scope::parse(text)?,
        None => registered.clone(),
    };
    let beyond = requested.beyond(registered);
    if !beyond.is_empty() {
        return Err(ClientScopeError::NotRegistered(beyond.join(" ")));
    }
    Ok(Scope(requested.0.into_iter().filter(|token| !is_standard(token)).collect()))
}

#[cfg(test)]
mod tests {
    use super::{ClientScopeError, MalformedScope, Scope, client_scope};

    #[test]
    fn cve_2024_52287_a_client_gets_what_it_is_registered_for_and_no_more() {
        let registered = Scope::parse("openid api:read api:write").unwrap();
        let of = |requested| client_scope(&registered, requested).map(|scope| scope.to_string());
        assert_eq!(of(None).unwrap(), "api:read api:write");
        assert_eq!(of(Some("api:read openid")).unwrap(), "api:read");
        assert_eq!(of(Some("api:read admin")), Err(ClientScopeError::NotRegistered("admin".to_owned())));
        assert_eq!(of(Some("a\"b")), Err(ClientScopeError::Malformed(MalformedScope)));
    }

    #[test]
    fn rfc6749_3_3_scope_is_a_set_of_printable_tokens() {
        let scope = Scope::parse("openid  email openid").unwrap();
        assert_eq!(scope.to_string(), "openid email");
        for bad in ["a\"b", "a\\b", "a\tb", "é", "a\u{0}b"] {
            assert_eq!(Scope::parse(bad), Err(MalformedScope), "{bad:?}");
        }
    }

    #[test]
    fn covers_and_beyond_agree() {
        let (wide, narrow) = (Scope::parse("a b c").unwrap(), Scope::parse("b").unwrap());
        assert!(wide.covers(&narrow) && !narrow.covers(&wide));
        assert_eq!(wide.beyond(&narrow), ["a", "c"]);
        assert_eq!(narrow.union(&wide).to_string(), "b a c");
        assert_eq!(wide.within(&Scope::parse("c d b").unwrap()).to_string(), "b c");
    }
}
