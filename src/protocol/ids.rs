//! Newtypes for every identifier, so that a session's id can never stand where a grant's is meant.

/// Declares a string newtype with the conversions every identifier needs.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier as it is stored and sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// A registered client's `client_id` (RFC 6749 §2.2).
    ClientId
}
identifier! {
    /// A user; doubles as the public `sub` (OpenID Connect Core §2), so it is random and says nothing.
    UserId
}
identifier! {
    /// A browser session; the public name of it (`sid`), not the secret in the cookie.
    SessionId
}
identifier! {
    /// A grant: what one authorization code, its refresh tokens and its access tokens share.
    GrantId
}
identifier! {
    /// A user's remembered consent to one client.
    ConsentId
}
identifier! {
    /// A signing key's `kid` (RFC 7517 §4.5).
    KeyId
}
identifier! {
    /// One access token's `jti` (RFC 7519 §4.1.7).
    TokenId
}
identifier! {
    /// A group of users.
    GroupId
}
