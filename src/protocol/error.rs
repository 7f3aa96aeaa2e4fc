//! OAuth error codes: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 6750 §3.1, RFC 7591 §3.2.2,
//! RFC 8628 §3.5.

use std::fmt;

/// A registered error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// The client is unknown, or did not prove who it is.
    InvalidClient,
    /// The code or refresh token is of no use.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// No such grant type here.
    UnsupportedGrantType,
    /// No such response type here.
    UnsupportedResponseType,
    /// The scope is malformed or beyond what is allowed.
    InvalidScope,
    /// The user said no.
    AccessDenied,
    /// `prompt=none`, but the user must sign in.
    LoginRequired,
    /// `prompt=none`, but the user must be asked.
    ConsentRequired,
    /// `prompt=none`, but the user must do something that no other code names.
    InteractionRequired,
    /// `prompt=none`, but the user must choose the account.
    AccountSelectionRequired,
    /// The user cannot sign in as well as is essential (Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements,
    /// The request object is of no use.
    InvalidRequestObject,
    /// The address of the request object is of no use.
    InvalidRequestUri,
    /// Registration within the request is not supported.
    RegistrationNotSupported,
    /// The access token is of no use.
    InvalidToken,
    /// The access token does not allow this.
    InsufficientScope,
    /// RFC 7591 §3.2.2: a redirect URI cannot be registered.
    InvalidRedirectUri,
    /// RFC 7591 §3.2.2: other metadata cannot be registered.
    InvalidClientMetadata,
    /// RFC 7591 §3.2.2: the software statement is malformed or not signed by whom it says.
    InvalidSoftwareStatement,
    /// RFC 7591 §3.2.2: nobody here believes whoever signed the software statement.
    UnapprovedSoftwareStatement,
    /// RFC 9449 §5, §7.1: the proof of possession is of no use.
    InvalidDpopProof,
    /// RFC 8628 §3.5: nobody has decided yet.
    AuthorizationPending,
    /// RFC 8628 §3.5: the same, and the device asks too often.
    SlowDown,
    /// RFC 8628 §3.5: the device code has expired.
    ExpiredToken,
    /// The server cannot answer now.
    TemporarilyUnavailable,
    /// The server failed.
    ServerError,
}

impl ErrorCode {
    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule that a request broke: what is said about it in public, where it stands, and what to do about it.
pub trait Rule: fmt::Display {
    /// Where the rule stands; empty where it goes without saying, by the endpoint.
    fn section(&self) -> &'static str {
        ""
    }

    /// What whoever administers the client is told, where that is more than what everybody may know.
    fn cause(&self) -> Option<String> {
        None
    }

    /// What whoever administers the client can do about it; may be empty.
    fn advice(&self) -> &'static str {
        ""
    }
}

/// Words say it all.
impl Rule for str {}
impl Rule for String {}

/// Turns a description into the characters that RFC 6749 §5.2 allows: `%x20-21 / %x23-5B / %x5D-7E`.
#[must_use]
pub fn description(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => '\'',
            ' '..='!' | '#'..='[' | ']'..='~' => c,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::description;

    #[test]
    fn rfc6749_5_2_descriptions_keep_to_the_alphabet() {
        assert_eq!(description("a \"b\" \\ ä\n§"), "a 'b' ? ???");
    }
}
