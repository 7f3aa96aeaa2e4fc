//! What the authorization endpoint answers with, and how: OAuth 2.0 Multiple Response Type Encoding Practices, Form Post
//! Response Mode, OpenID Connect Core §3.

use super::wire::{UnknownValue, wire_enum};

wire_enum! {
    /// Response types. The order of the words in a request means nothing (RFC 6749 §3.1.1): see [`ResponseType::parse`].
    ResponseType {
        /// RFC 6749 §4.1.
        Code = "code",
        /// Core §3.2.
        IdToken = "id_token",
        /// Core §3.3.
        CodeIdToken = "code id_token",
        /// Core §3.2, with an access token.
        IdTokenToken = "id_token token",
        /// Core §3.3, with an access token.
        CodeToken = "code token",
        /// Core §3.3, with an access token.
        CodeIdTokenToken = "code id_token token",
    }
}
wire_enum! {
    /// Ways to send the answer.
    ResponseMode {
        /// In the query of the redirect URI.
        Query = "query",
        /// In its fragment, which no server sees.
        Fragment = "fragment",
        /// As a form that the browser posts.
        FormPost = "form_post",
    }
}

impl ResponseType {
    /// Reads a space-delimited list in any order.
    ///
    /// # Errors
    /// Another response type, or a word twice.
    pub fn parse(text: &str) -> Result<Self, UnknownValue> {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        // The wire names are in alphabetical order.
        words.join(" ").parse()
    }

    /// What a client has that says nothing about it.
    #[must_use]
    pub fn only_code() -> Vec<Self> {
        vec![Self::Code]
    }

    /// Does it bring a code?
    #[must_use]
    pub fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Does it bring an ID token from the authorization endpoint?
    #[must_use]
    pub fn has_id_token(self) -> bool {
        matches!(self, Self::IdToken | Self::CodeIdToken | Self::IdTokenToken | Self::CodeIdTokenToken)
    }

    /// Does it bring an access token from the authorization endpoint (RFC 9700 §2.1.2: "SHOULD NOT")?
    #[must_use]
    pub fn has_token(self) -> bool {
        matches!(self, Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Does it need the grant type `implicit` (OpenID Connect Registration §2, `response_types`)?
    #[must_use]
    pub fn is_implicit(self) -> bool {
        self != Self::Code
    }

    /// Multiple Response Types §2.1 and §5: the query for a code alone, else the fragment.
    #[must_use]
    pub fn default_mode(self) -> ResponseMode {
        if self.is_implicit() { ResponseMode::Fragment } else { ResponseMode::Query }
    }

    /// Multiple Response Types §5: tokens never travel in a query.
    #[must_use]
    pub fn may_travel_by(self, mode: ResponseMode) -> bool {
        mode != ResponseMode::Query || !self.is_implicit()
    }
}

#[cfg(test)]
mod tests {
    use super::{ResponseMode, ResponseType};

    #[test]
    fn multiple_response_types_5_words_in_any_order_but_each_once() {
        for (text, expected) in [
            ("code", ResponseType::Code),
            ("id_token code", ResponseType::CodeIdToken),
            ("token id_token", ResponseType::IdTokenToken),
            ("token code id_token", ResponseType::CodeIdTokenToken),
        ] {
            assert_eq!(ResponseType::parse(text), Ok(expected), "{text}");
        }
        for bad in ["", "token", "code code", "code  id_token", "Code", "none", "code,id_token"] {
            assert!(ResponseType::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn multiple_response_types_5_tokens_never_travel_in_a_query() {
        for &response_type in ResponseType::ALL {
            let code_alone = response_type == ResponseType::Code;
            assert_eq!(response_type.may_travel_by(ResponseMode::Query), code_alone);
            assert!(response_type.may_travel_by(response_type.default_mode()));
            assert!(response_type.may_travel_by(ResponseMode::FormPost));
        }
    }
}
