//! The authorization request: RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1 and §3.1.2.2.
//!
//! In two steps, because an error may only be sent to an address that is known to be the client's: first who asks and
//! where the answer goes ([`answer_address`]), then everything else ([`AuthorizationRequest::validate`]).

use std::time::Duration;

use super::client::{Client, GrantType};
use super::error::ErrorCode;
use super::params::{MalformedParams, Params};
use super::pkce::{CodeChallenge, PkceError};
use super::redirect_uri::{self, RedirectUriError, SafeRedirect};
use super::scope::{self, Scope};

/// The longest `state` that comes back byte for byte; a longer one is refused.
pub const LONGEST_STATE: usize = 8192;
/// The longest `nonce`.
pub const LONGEST_NONCE: usize = 2048;

/// A request that may be acted upon.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub redirect: SafeRedirect,
    /// Was the address named in the request?
    pub redirect_uri_was_named: bool,
    /// What is asked for, as far as the client may have it.
    pub scope: Scope,
    /// PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// To be put into the ID token.
    pub nonce: Option<String>,
    /// Which pages the client wants or does not want.
    pub prompt: Prompt,
    /// How old the user's proof of identity may be.
    pub max_age: Option<Duration>,
    /// An ID token of the user that the client expects.
    pub id_token_hint: Option<String>,
    /// What the user might type as user name.
    pub login_hint: Option<String>,
}

/// Core §3.1.2.1 `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of four values, each there or not")]
pub struct Prompt {
    /// No page at all.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask again.
    pub consent: bool,
    /// Let the user choose the account, which here is: sign in.
    pub select_account: bool,
}

/// Why a request ends on a page of ours: who asks, or where the answer goes, is not certain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShowToUser {
    /// The parameters cannot be read.
    #[error("{0}")]
    Malformed(#[from] MalformedParams),
    /// RFC 6749 §4.1.1: required.
    #[error("client_id is missing")]
    NoClientId,
    /// Nobody registered it.
    #[error("client_id is not registered here")]
    UnknownClient,
    /// An administrator switched it off.
    #[error("the client is disabled")]
    DisabledClient,
    /// Core §3.1.2.1: required in OpenID Connect requests.
    #[error("redirect_uri is missing: an OpenID Connect request must name it")]
    NoRedirectUri,
    /// RFC 6749 §3.1.2.4: "SHOULD inform the resource owner of the error and MUST NOT automatically redirect".
    #[error("{0}")]
    RedirectUri(#[from] RedirectUriError),
}

/// Why a request is answered with an error at the client's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// RFC 6749 §4.1.1.
    #[error("response_type is missing")]
    NoResponseType,
    /// Only the code flow.
    #[error("response_type must be code")]
    UnsupportedResponseType,
    /// OAuth 2.0 Multiple Response Type Encoding Practices §2.1.
    #[error("response_mode must be query")]
    UnsupportedResponseMode,
    /// The client is not registered for codes.
    #[error("the client is not registered for the grant type authorization_code")]
    NotForCodes,
    /// Core §6.1.
    #[error("request objects are not supported: send the parameters themselves")]
    RequestObject,
    /// Core §6.2.
    #[error("request_uri is not supported: send the parameters themselves")]
    RequestUri,
    /// Core §7.2.1.
    #[error("the registration parameter is not supported")]
    Registration,
    /// RFC 6749 §3.3.
    #[error("scope has a character that RFC 6749 section 3.3 does not allow")]
    MalformedScope,
    /// RFC 6749 §3.3.
    #[error("scope is missing or holds nothing that the client is registered for")]
    EmptyScope,
    /// RFC 7636.
    #[error("{0}")]
    Pkce(#[from] PkceError),
    /// Too long to be carried along.
    #[error("state is longer than 8192 bytes")]
    LongState,
    /// Too long to be carried along.
    #[error("nonce is longer than 2048 bytes")]
    LongNonce,
    /// Core §3.1.2.1.
    #[error("prompt=none cannot be combined with other values")]
    Prompt,
    /// Core §3.1.2.1.
    #[error("max_age must be a number of seconds")]
    MaxAge,
    /// Core §3.1.2.1 `id_token_hint`.
    #[error("id_token_hint is not an ID token of this issuer")]
    IdTokenHint,
}

impl RequestError {
    /// The code on the wire (RFC 6749 §4.1.2.1, Core §3.1.2.6).
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnsupportedResponseType => ErrorCode::UnsupportedResponseType,
            Self::NotForCodes => ErrorCode::UnauthorizedClient,
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::Registration => ErrorCode::RegistrationNotSupported,
            Self::MalformedScope | Self::EmptyScope => ErrorCode::InvalidScope,
            Self::NoResponseType
            | Self::UnsupportedResponseMode
            | Self::Pkce(_)
            | Self::LongState
            | Self::LongNonce
            | Self::Prompt
            | Self::MaxAge
            | Self::IdTokenHint => ErrorCode::InvalidRequest,
        }
    }
}

/// Finds the address that every answer to this request goes to, errors included.
///
/// # Errors
/// It is not certain: nothing may be sent anywhere.
pub fn answer_address(client: &Client, params: &Params) -> Result<SafeRedirect, ShowToUser> {
    if client.disabled {
        return Err(ShowToUser::DisabledClient);
    }
    let named = params.get("redirect_uri");
    let is_openid =
        params.get("scope").is_some_and(|scope| scope.split(' ').any(|token| token == scope::OPENID));
    if named.is_none() && is_openid {
        return Err(ShowToUser::NoRedirectUri);
    }
    Ok(redirect_uri::resolve(&client.metadata.redirect_uris, named)?)
}

/// The `state` to send back, byte for byte (RFC 6749 §4.1.2).
#[must_use]
pub fn state(params: &Params) -> Option<&str> {
    params.get("state").filter(|state| state.len() <= LONGEST_STATE)
}

impl AuthorizationRequest {
    /// Checks everything about a request but who signs in.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(client: &Client, params: &Params, redirect: SafeRedirect) -> Result<Self, RequestError> {
        if params.get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(RequestError::LongState);
        }
        // Core §6: a server that does not support request objects must say so, never ignore them.
        for (name, error) in [
            ("request", RequestError::RequestObject),
            ("request_uri", RequestError::RequestUri),
            ("registration", RequestError::Registration),
        ] {
            if params.get(name).is_some() {
                return Err(error);
            }
        }
        match params.get("response_type") {
            None => return Err(RequestError::NoResponseType),
            Some("code") => {}
            Some(_) => return Err(RequestError::UnsupportedResponseType),
        }
        if params.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(RequestError::UnsupportedResponseMode);
        }
        if !client.may_use(GrantType::AuthorizationCode) {
            return Err(RequestError::NotForCodes);
        }
        let challenge = CodeChallenge::from_request(
            params.get("code_challenge"),
            params.get("code_challenge_method"),
            client.must_use_pkce(),
        )?;
        let nonce = params.get("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
            return Err(RequestError::LongNonce);
        }
        Ok(Self {
            redirect,
            redirect_uri_was_named: params.get("redirect_uri").is_some(),
            scope: allowed_scope(client, params.get("scope"))?,
            challenge,
            nonce: nonce.map(str::to_owned),
            prompt: Prompt::parse(params.get("prompt"))?,
            max_age: params.get("max_age").map(parse_max_age).transpose()?,
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
            login_hint: params.get("login_hint").map(|hint| hint.chars().take(128).collect()),
        })
    }
}

/// RFC 6749 §3.3: "The authorization server MAY fully or partially ignore the scope requested by the client". What
/// the client is not registered for is left out, as Core §3.1.2.1 wants it for unknown values; the token response
/// names what remains.
fn allowed_scope(client: &Client, requested: Option<&str>) -> Result<Scope, RequestError> {
    let requested = Scope::parse(requested.unwrap_or_default()).map_err(|_| RequestError::MalformedScope)?;
    let allowed = requested.within(&client.metadata.scope);
    if allowed.is_empty() { Err(RequestError::EmptyScope) } else { Ok(allowed) }
}

impl Prompt {
    fn parse(text: Option<&str>) -> Result<Self, RequestError> {
        let mut prompt = Self::default();
        for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                // Core §3.1.2.1: ignoring what is not understood "will help facilitate phased deployment".
                _ => {}
            }
        }
        // Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(RequestError::Prompt);
        }
        Ok(prompt)
    }
}

fn parse_max_age(text: &str) -> Result<Duration, RequestError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RequestError::MaxAge);
    }
    // A number beyond any session's age asks for nothing, which is what the largest one does too.
    Ok(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::{AuthorizationRequest, Prompt, RequestError, ShowToUser, answer_address};
    use crate::protocol::client::{Client, GrantType};
    use crate::protocol::params::Params;
    use crate::protocol::pkce::PkceError;
    use crate::protocol::redirect_uri::RedirectUriError;
    use crate::protocol::samples;

    const CHALLENGE: &str =
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn validate(client: &Client, query: &str) -> Result<AuthorizationRequest, RequestError> {
        let params = Params::parse(query.as_bytes()).unwrap();
        let redirect = answer_address(client, &params).unwrap();
        AuthorizationRequest::validate(client, &params, redirect)
    }

    fn good(extra: &str) -> String {
        format!("response_type=code&scope=openid&redirect_uri=https://app.example/cb&{CHALLENGE}{extra}")
    }

    #[test]
    fn openid_core_3_1_2_1_a_plain_request_is_understood() {
        let request =
            validate(&samples::client("c"), &good("&nonce=n&max_age=5&prompt=login+consent&x=y")).unwrap();
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(request.nonce.as_deref(), Some("n"));
        assert_eq!(request.max_age.map(|age| age.as_secs()), Some(5));
        assert_eq!(request.prompt, Prompt { login: true, consent: true, ..Prompt::default() });
    }

    #[test]
    fn openid_core_3_1_2_2_each_rule_has_its_error() {
        let client = samples::client("c");
        let long_state = good(&format!("&state={}", "s".repeat(8193)));
        let long_nonce = good(&format!("&nonce={}", "n".repeat(2049)));
        for (query, error) in [
            (good("").replace("response_type=code&", ""), RequestError::NoResponseType),
            (good("").replace("=code&", "=token&"), RequestError::UnsupportedResponseType),
            (good("").replace("=code&", "=code+id_token&"), RequestError::UnsupportedResponseType),
            (good("&response_mode=fragment"), RequestError::UnsupportedResponseMode),
            (good("&request=x"), RequestError::RequestObject),
            (good("&request_uri=https://x.example/"), RequestError::RequestUri),
            (good("&registration={}"), RequestError::Registration),
            (good("").replace("scope=openid", "scope=openid%22"), RequestError::MalformedScope),
            (good("").replace("scope=openid", "scope=admin"), RequestError::EmptyScope),
            (good("").replace("scope=openid", "scope="), RequestError::EmptyScope),
            (good("").replace(CHALLENGE, ""), RequestError::Pkce(PkceError::ChallengeMissing)),
            (good("").replace("S256", "plain"), RequestError::Pkce(PkceError::Method)),
            (good("&prompt=none+login"), RequestError::Prompt),
            (good("&max_age=-1"), RequestError::MaxAge),
            (good("&max_age=1.5"), RequestError::MaxAge),
            (long_state, RequestError::LongState),
            (long_nonce, RequestError::LongNonce),
        ] {
            assert_eq!(validate(&client, &query).unwrap_err(), error, "{query}");
        }
        let mut machine = samples::client("c");
        machine.metadata.grant_types = vec![GrantType::ClientCredentials];
        assert_eq!(validate(&machine, &good("")).unwrap_err(), RequestError::NotForCodes);
    }

    #[test]
    fn rfc6749_3_1_2_4_an_uncertain_address_is_never_redirected_to() {
        let client = samples::client("c");
        let of =
            |client: &Client, query: &str| answer_address(client, &Params::parse(query.as_bytes()).unwrap());
        let unregistered = ShowToUser::RedirectUri(RedirectUriError::NotRegistered);
        assert_eq!(of(&client, "redirect_uri=https://evil.example/"), Err(unregistered.clone()));
        assert_eq!(of(&client, "redirect_uri=https://evil.example/&prompt=none"), Err(unregistered));
        assert_eq!(of(&client, "scope=openid"), Err(ShowToUser::NoRedirectUri));
        assert!(of(&client, "scope=email").is_ok(), "plain OAuth may leave the only one out");
        let mut disabled = client;
        disabled.disabled = true;
        assert_eq!(of(&disabled, "redirect_uri=https://app.example/cb"), Err(ShowToUser::DisabledClient));
    }

    #[test]
    fn openid_core_3_1_2_1_scope_the_client_may_not_have_is_left_out() {
        let query = good("").replace("scope=openid", "scope=openid+address+email+countersign:admin");
        assert_eq!(validate(&samples::client("c"), &query).unwrap().scope.to_string(), "openid email");
    }

    #[test]
    fn cve_2024_22258_pkce_cannot_be_left_out_by_whoever_must_use_it() {
        let without = good("").replace(CHALLENGE, "");
        let mut exempt = samples::client("c");
        exempt.metadata.require_pkce = false;
        assert!(validate(&exempt, &without).unwrap().challenge.is_none());
        let mut public = samples::public_client("c");
        public.metadata.require_pkce = false;
        assert_eq!(validate(&public, &without).unwrap_err(), RequestError::Pkce(PkceError::ChallengeMissing));
    }
}
