//! The authorization request: RFC 6749 §4.1.1, OpenID Connect Core §3.1.2, §3.2.2 and §3.3.2.
//!
//! In two steps, because an error may only be sent to an address that is known to be the client's: first who asks and
//! where the answer goes ([`answer_address`]), then everything else ([`AuthorizationRequest::validate`]).

use std::time::Duration;

use serde_json::Value;

use super::claims_request::{ClaimsRequest, MalformedClaims};
use super::client::{Client, GrantType};
use super::dpop::Thumbprint;
use super::error::{ErrorCode, Rule};
use super::params::{MalformedParams, Params};
use super::pkce::{CodeChallenge, PkceError};
use super::pushed::PushedError;
use super::redirect_uri::{self, RedirectUriError, SafeRedirect};
use super::request_object::ObjectError;
use super::response_type::{ResponseMode, ResponseType};
use super::scope::{self, Scope};
use super::scope_definition::Definitions;

/// The longest `state` that comes back byte for byte; a longer one is refused.
pub const LONGEST_STATE: usize = 8192;
/// The longest `nonce`.
pub const LONGEST_NONCE: usize = 2048;

/// A request that may be acted upon.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// What is answered.
    pub response_type: ResponseType,
    /// Where the answer goes.
    pub redirect: SafeRedirect,
    /// Was the address named in the request?
    pub redirect_uri_was_named: bool,
    /// What is asked for, as far as the client may have it.
    pub scope: Scope,
    /// Claims that are asked for one by one, as far as the client may have them.
    pub claims: ClaimsRequest,
    /// What the user is asked about: the scope, and the scopes that cover those claims.
    pub consent_scope: Scope,
    /// PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// The key that the code is bound to (RFC 9449 §10).
    pub dpop_jkt: Option<Thumbprint>,
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
    /// The authentication context classes that are wanted, the preferred one first.
    pub acr_values: Vec<String>,
}

/// Core §3.1.2.1 `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of five values, each there or not")]
pub struct Prompt {
    /// No page at all.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask again.
    pub consent: bool,
    /// Let the user choose the account.
    pub select_account: bool,
    /// Let the user make an account (Initiating User Registration §4).
    pub create: bool,
}

/// What this deployment allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestPolicy<'a> {
    /// Access tokens from the authorization endpoint (RFC 9700 §2.1.2 advises against them).
    pub legacy_front_channel_tokens: bool,
    /// May people make accounts for themselves?
    pub sign_up: bool,
    /// The scopes that are defined, for the claims that are asked for one by one.
    pub defined: &'a Definitions,
}

/// Where an answer goes, and how: good or bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The client's address.
    pub redirect: SafeRedirect,
    /// How the parameters travel.
    pub mode: ResponseMode,
    /// The `state` to send back, byte for byte (RFC 6749 §4.1.2).
    pub state: Option<String>,
    /// Core §3.1.2.1: the languages for a page on the way.
    pub ui_locales: Option<String>,
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
    /// OpenID Connect Registration §2: a service that acts for itself, say.
    #[error("this client signs nobody in: it has neither of the grant types authorization_code and implicit")]
    NoSignIns,
    /// RFC 6749 §3.1.2.4: "SHOULD inform the resource owner of the error and MUST NOT automatically redirect".
    #[error("{0}")]
    RedirectUri(#[from] RedirectUriError),
    /// RFC 9126 §4: as [`RequestError::NotPushed`], where it is not certain to whom that could be said.
    #[error("{NOT_PUSHED}")]
    NotPushed,
    /// RFC 9126 §4: what is known of the request is not enough to send anybody anywhere.
    #[error("{0}")]
    Pushed(#[from] PushedError),
}

/// Why a request is refused that was not pushed.
const NOT_PUSHED: &str = "authorization requests must be pushed first, to the pushed_authorization_request_endpoint of \
                          the discovery document, and be sent here by their request_uri";

/// Why a request is answered with an error at the client's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// RFC 6749 §4.1.1.
    #[error("response_type is missing")]
    NoResponseType,
    /// RFC 6749 §3.1.1; or one that this deployment does not allow.
    #[error("this response_type is not supported: see response_types_supported in the discovery document")]
    UnsupportedResponseType,
    /// OpenID Connect Registration §2.
    #[error("the client is not registered for the response_type {0}")]
    NotRegistered(ResponseType),
    /// Form Post Response Mode, Multiple Response Types §2.1.
    #[error("response_mode must be query, fragment or form_post")]
    UnsupportedResponseMode,
    /// Multiple Response Types §5: what grants access must not be seen in logs and histories.
    #[error("response_mode query is for the response_type code only: use fragment or form_post")]
    TokensInQuery,
    /// Core §6.1.
    #[error("{0}")]
    RequestObject(ObjectError),
    /// Core §6.2.
    #[error("{0}")]
    FetchedObject(ObjectError),
    /// Core §6.2.1: only registered addresses are fetched.
    #[error("request_uri is not registered for this client")]
    RequestUriNotRegistered,
    /// Core §6.2.3.
    #[error("request_uri {0}")]
    RequestUriUnreachable(String),
    /// Core §6: "If one of these parameters is used, the other MUST NOT be used in the same request."
    #[error("request and request_uri must not be used together")]
    TwoRequestObjects,
    /// RFC 9126 §4, §6: "the only means … the client is allowed to use".
    #[error("{NOT_PUSHED}")]
    NotPushed,
    /// Core §7.2.1.
    #[error("the registration parameter is not supported")]
    Registration,
    /// RFC 6749 §3.3.
    #[error("scope has a character that RFC 6749 section 3.3 does not allow")]
    MalformedScope,
    /// RFC 6749 §3.3.
    #[error("scope is missing: an OpenID Connect request asks for openid, and perhaps for more")]
    NoScope,
    /// RFC 6749 §3.3.
    #[error("scope holds nothing that the client is registered for")]
    EmptyScope,
    /// RFC 6749 §3.3: "a list of space-delimited, case-sensitive strings".
    #[error(
        "scope holds nothing that the client is registered for: its values are separated by spaces, not by commas"
    )]
    ScopeWithCommas,
    /// Core §3.2.2.1: an ID token is asked for.
    #[error("this response_type needs the scope openid")]
    NotOpenId,
    /// RFC 7636.
    #[error("{0}")]
    Pkce(#[from] PkceError),
    /// RFC 9449 §10.
    #[error("dpop_jkt must be the SHA-256 thumbprint of a key (RFC 7638): 43 characters of base64url")]
    DpopJkt,
    /// RFC 9449 §10.1: "MUST reject the request if the JWK Thumbprint … does not match".
    #[error("dpop_jkt is not the thumbprint of the key that the DPoP proof is signed with")]
    OtherDpopKey,
    /// Too long to be carried along.
    #[error("state is longer than 8192 bytes")]
    LongState,
    /// Core §3.2.2.1, §3.3.2.11: REQUIRED where an ID token comes from the authorization endpoint.
    #[error("nonce is required: an ID token from the authorization endpoint is bound to its request by it")]
    NoNonce,
    /// Too long to be carried along.
    #[error("nonce is longer than 2048 bytes")]
    LongNonce,
    /// Core §3.1.2.1.
    #[error("prompt=none cannot be combined with other values")]
    Prompt,
    /// Initiating User Registration §4.1.
    #[error("prompt=create is not supported: nobody can make an account here by themselves")]
    NoSignUp,
    /// Core §3.1.2.1.
    #[error("max_age must be a number of seconds")]
    MaxAge,
    /// Core §5.5.
    #[error(transparent)]
    Claims(#[from] MalformedClaims),
    /// Core §3.1.2.1 `id_token_hint`.
    #[error("id_token_hint is not an ID token of this issuer")]
    IdTokenHint,
}

/// What to do about it.
const NOT_PUSHED_ADVICE: &str = "Switch pushed authorization requests (PAR) on in the application's library. If it knows none, \
                                 take the requirement off the client, or out of countersign.toml.";

impl ShowToUser {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownClient => ErrorCode::InvalidClient,
            Self::DisabledClient => ErrorCode::UnauthorizedClient,
            Self::Pushed(PushedError::WithObject)
            | Self::Malformed(_)
            | Self::NoClientId
            | Self::NoRedirectUri
            | Self::NoSignIns
            | Self::RedirectUri(_)
            | Self::NotPushed => ErrorCode::InvalidRequest,
            // RFC 9101 §7.
            Self::Pushed(_) => ErrorCode::InvalidRequestUri,
        }
    }
}

impl RequestError {
    /// The code on the wire (RFC 6749 §4.1.2.1, Core §3.1.2.6).
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnsupportedResponseType => ErrorCode::UnsupportedResponseType,
            Self::NotRegistered(_) => ErrorCode::UnauthorizedClient,
            Self::RequestObject(_) => ErrorCode::InvalidRequestObject,
            Self::FetchedObject(_) | Self::RequestUriNotRegistered | Self::RequestUriUnreachable(_) => {
                ErrorCode::InvalidRequestUri
            }
            Self::Registration => ErrorCode::RegistrationNotSupported,
            Self::MalformedScope | Self::NoScope | Self::EmptyScope | Self::ScopeWithCommas => {
                ErrorCode::InvalidScope
            }
            Self::NoResponseType
            | Self::UnsupportedResponseMode
            | Self::TokensInQuery
            | Self::TwoRequestObjects
            | Self::NotPushed
            | Self::NotOpenId
            | Self::Pkce(_)
            | Self::DpopJkt
            | Self::OtherDpopKey
            | Self::LongState
            | Self::NoNonce
            | Self::LongNonce
            | Self::Prompt
            | Self::NoSignUp
            | Self::MaxAge
            | Self::Claims(_)
            | Self::IdTokenHint => ErrorCode::InvalidRequest,
        }
    }
}

impl Rule for RequestError {
    fn section(&self) -> &'static str {
        match self {
            Self::NoResponseType => "RFC 6749 §4.1.1",
            Self::UnsupportedResponseType => "RFC 6749 §3.1.1",
            Self::NotRegistered(_) => "OpenID Connect Dynamic Client Registration 1.0 §2",
            Self::UnsupportedResponseMode => "OAuth 2.0 Multiple Response Types §2.1",
            Self::TokensInQuery => "OAuth 2.0 Multiple Response Types §5",
            Self::RequestObject(_) => "OpenID Connect Core 1.0 §6.1",
            Self::FetchedObject(_) => "OpenID Connect Core 1.0 §6.2",
            Self::RequestUriNotRegistered | Self::TwoRequestObjects => "OpenID Connect Core 1.0 §6.2.1",
            Self::RequestUriUnreachable(_) => "OpenID Connect Core 1.0 §6.2.3",
            Self::NotPushed => "RFC 9126 §4",
            Self::Registration => "OpenID Connect Core 1.0 §7.2.1",
            Self::MalformedScope | Self::NoScope | Self::EmptyScope | Self::ScopeWithCommas => {
                "RFC 6749 §3.3"
            }
            Self::NotOpenId | Self::NoNonce => "OpenID Connect Core 1.0 §3.2.2.1",
            Self::Pkce(error) => error.section(),
            Self::DpopJkt => "RFC 9449 §10",
            Self::OtherDpopKey => "RFC 9449 §10.1",
            Self::NoSignUp => "Initiating User Registration via OpenID Connect 1.0 §4.1",
            Self::LongState | Self::LongNonce | Self::Prompt | Self::MaxAge | Self::IdTokenHint => {
                "OpenID Connect Core 1.0 §3.1.2.1"
            }
            Self::Claims(_) => "OpenID Connect Core 1.0 §5.5",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::NotRegistered(_) => {
                "Register this response_type for the client, or use response_type=code."
            }
            Self::UnsupportedResponseType | Self::NoResponseType => "Send response_type=code.",
            Self::NoScope => "Send scope=openid.",
            Self::ScopeWithCommas => {
                "Send the values with spaces between them, as in scope=openid%20profile."
            }
            Self::EmptyScope => {
                "Add the scope to those that the client is registered for, or ask for openid."
            }
            Self::NotPushed => NOT_PUSHED_ADVICE,
            Self::Pkce(error) => error.advice(),
            Self::NoNonce => "Switch the nonce on in the application's library.",
            Self::NoSignUp => "Switch sign-up on under [accounts], or leave prompt=create out.",
            _ => "",
        }
    }
}

impl Rule for ShowToUser {
    fn section(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "RFC 6749 §3.1",
            Self::NoClientId | Self::UnknownClient | Self::DisabledClient => "RFC 6749 §4.1.1",
            Self::NoRedirectUri => "OpenID Connect Core 1.0 §3.1.2.1",
            Self::NoSignIns => "OpenID Connect Dynamic Client Registration 1.0 §2",
            Self::RedirectUri(RedirectUriError::Missing) => "RFC 6749 §3.1.2.3",
            Self::RedirectUri(RedirectUriError::NotRegistered) => "RFC 9700 §4.1.3",
            Self::NotPushed => "RFC 9126 §4",
            Self::Pushed(error) => error.section(),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Send every parameter once, as application/x-www-form-urlencoded in UTF-8.",
            Self::NoClientId => "Add client_id to the authorization request.",
            Self::UnknownClient => {
                "Compare client_id with the one shown by “countersign client list”, or register the application."
            }
            Self::DisabledClient => "An administrator of this server can enable the client again.",
            Self::NoRedirectUri => "Add redirect_uri to the authorization request.",
            Self::NoSignIns => {
                "Use a client that is registered for sign-ins, or give this one the grant type authorization_code and a \
                 redirect_uri."
            }
            Self::RedirectUri(_) => {
                "Send a redirect_uri exactly as it is registered, byte for byte, or register this one: an administrator \
                 can add it under Admin, or with “countersign client update”."
            }
            Self::NotPushed => NOT_PUSHED_ADVICE,
            Self::Pushed(error) => error.advice(),
        }
    }
}

/// Finds the address that every answer to this request goes to, errors included.
///
/// # Errors
/// It is not certain: nothing may be sent anywhere.
pub fn answer_address(client: &Client, params: &Params) -> Result<ReplyTo, ShowToUser> {
    if client.disabled {
        return Err(ShowToUser::DisabledClient);
    }
    let signs_in = client.may_use(GrantType::AuthorizationCode) || client.may_use(GrantType::Implicit);
    if !signs_in && client.metadata.redirect_uris.is_empty() {
        return Err(ShowToUser::NoSignIns);
    }
    let named = params.get("redirect_uri");
    let is_openid =
        params.get("scope").is_some_and(|scope| scope.split(' ').any(|token| token == scope::OPENID));
    if named.is_none() && is_openid {
        return Err(ShowToUser::NoRedirectUri);
    }
    Ok(ReplyTo {
        redirect: redirect_uri::resolve(&client.metadata.redirect_uris, named)?,
        mode: reply_mode(params),
        state: params.get("state").filter(|state| state.len() <= LONGEST_STATE).map(str::to_owned),
        ui_locales: params.get("ui_locales").map(str::to_owned),
    })
}

/// How the answer travels: the way that was asked for, if it may, else the response type's own; an error that is about
/// one of the two must travel too.
fn reply_mode(params: &Params) -> ResponseMode {
    let response_type = params.get("response_type").and_then(|text| ResponseType::parse(text).ok());
    let names = |word: &str| matches!(word, "token" | "id_token");
    let default = match response_type {
        Some(response_type) => response_type.default_mode(),
        // Multiple Response Types §2.1: the way of the type that was meant, although there is none like it here.
        None if params.get("response_type").is_some_and(|text| text.split(' ').any(names)) => {
            ResponseMode::Fragment
        }
        None => ResponseMode::Query,
    };
    let asked = params.get("response_mode").and_then(|text| text.parse().ok());
    asked
        .filter(|mode| response_type.is_none_or(|response_type| response_type.may_travel_by(*mode)))
        .unwrap_or(default)
}

impl AuthorizationRequest {
    /// Checks everything about a request but who signs in. Its request object, if it had one, was unfolded before.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(
        client: &Client,
        params: &Params,
        redirect: SafeRedirect,
        policy: RequestPolicy<'_>,
    ) -> Result<Self, RequestError> {
        if params.get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(RequestError::LongState);
        }
        if params.get("registration").is_some() {
            return Err(RequestError::Registration);
        }
        let response_type = response_type(client, params, policy)?;
        let scope = allowed_scope(client, params.get("scope"), response_type)?;
        let claims = match params.get("claims") {
            Some(text) => {
                ClaimsRequest::parse(text, policy.defined)?.within(&client.metadata.scope, policy.defined)
            }
            None => ClaimsRequest::default(),
        };
        let acr_values = acr_values(client, params.get("acr_values"), &claims);
        Ok(Self {
            response_type,
            redirect,
            redirect_uri_was_named: params.get("redirect_uri").is_some(),
            consent_scope: scope.union(&claims.scopes(&client.metadata.scope, policy.defined)),
            scope,
            claims,
            challenge: CodeChallenge::from_request(
                params.get("code_challenge"),
                params.get("code_challenge_method"),
                response_type.has_code() && client.must_use_pkce(),
            )?,
            dpop_jkt: params
                .get("dpop_jkt")
                .map(|text| Thumbprint::parse(text).ok_or(RequestError::DpopJkt))
                .transpose()?,
            nonce: nonce(response_type, params.get("nonce"))?,
            prompt: Prompt::parse(params.get("prompt"), policy)?,
            max_age: max_age(client, params.get("max_age"))?,
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
            login_hint: params.get("login_hint").map(|hint| hint.chars().take(128).collect()),
            acr_values,
        })
    }

    /// The authentication context classes of which one is essential (Core §5.5.1.1); none when any will do.
    #[must_use]
    pub fn essential_acr(&self) -> Option<&[Value]> {
        self.claims.essential_acr()
    }
}

/// Core §3.1.2.1: "in order of preference"; else those that `claims` names without insisting (§5.5.1.1), else those that
/// the client registered (Registration §2).
fn acr_values(client: &Client, values: Option<&str>, claims: &ClaimsRequest) -> Vec<String> {
    let named: Vec<String> = match values {
        Some(values) => values.split(' ').filter(|value| !value.is_empty()).map(str::to_owned).collect(),
        None => claims.preferred_acr().iter().filter_map(|value| value.as_str()).map(str::to_owned).collect(),
    };
    if named.is_empty() { client.metadata.default_acr_values.clone() } else { named }
}

/// The response type, if this deployment and this client have it, and the mode fits it.
fn response_type(
    client: &Client,
    params: &Params,
    policy: RequestPolicy<'_>,
) -> Result<ResponseType, RequestError> {
    let text = params.get("response_type").ok_or(RequestError::NoResponseType)?;
    let response_type = ResponseType::parse(text).map_err(|_| RequestError::UnsupportedResponseType)?;
    if response_type.has_token() && !policy.legacy_front_channel_tokens {
        return Err(RequestError::UnsupportedResponseType);
    }
    if !client.metadata.response_types.contains(&response_type) {
        return Err(RequestError::NotRegistered(response_type));
    }
    match params.get("response_mode").map(str::parse) {
        Some(Err(_)) => Err(RequestError::UnsupportedResponseMode),
        Some(Ok(mode)) if !response_type.may_travel_by(mode) => Err(RequestError::TokensInQuery),
        _ => Ok(response_type),
    }
}

/// RFC 6749 §3.3: "The authorization server MAY fully or partially ignore the scope requested by the client". What
/// the client is not registered for is left out, as Core §3.1.2.1 wants it for unknown values; the token response
/// names what remains.
///
/// # Errors
/// The scope is malformed, or nothing of it remains.
pub fn allowed_scope(
    client: &Client,
    requested: Option<&str>,
    response_type: ResponseType,
) -> Result<Scope, RequestError> {
    let text = requested.ok_or(RequestError::NoScope)?;
    let requested = Scope::parse(text).map_err(|_| RequestError::MalformedScope)?;
    let allowed = requested.within(&client.metadata.scope);
    if allowed.is_empty() {
        let commas = text.contains(',');
        return Err(if commas { RequestError::ScopeWithCommas } else { RequestError::EmptyScope });
    }
    if response_type.is_implicit() && !allowed.contains(scope::OPENID) {
        return Err(RequestError::NotOpenId);
    }
    // Core §11: "MUST ignore the offline_access request unless the Client is using a response_type value that would
    // result in an Authorization Code being returned".
    Ok(if response_type.has_code() { allowed } else { allowed.without(scope::OFFLINE_ACCESS) })
}

fn nonce(response_type: ResponseType, nonce: Option<&str>) -> Result<Option<String>, RequestError> {
    match nonce {
        None if response_type.has_id_token() => Err(RequestError::NoNonce),
        Some(nonce) if nonce.len() > LONGEST_NONCE => Err(RequestError::LongNonce),
        nonce => Ok(nonce.map(str::to_owned)),
    }
}

impl Prompt {
    fn parse(text: Option<&str>, policy: RequestPolicy<'_>) -> Result<Self, RequestError> {
        let mut prompt = Self::default();
        for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" if policy.sign_up => prompt.create = true,
                // Initiating User Registration §4: "If the OpenID Provider receives a prompt value that it does not
                // support … the OP SHOULD respond with … an "error" value of "invalid_request"".
                "create" => return Err(RequestError::NoSignUp),
                // As other parameters that are not understood (Core §3.1.2.1).
                _ => {}
            }
        }
        // Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account || prompt.create) {
            return Err(RequestError::Prompt);
        }
        Ok(prompt)
    }
}

/// `max_age`, or what the client registered as `default_max_age` (OpenID Connect Registration §2).
fn max_age(client: &Client, text: Option<&str>) -> Result<Option<Duration>, RequestError> {
    let Some(text) = text else {
        return Ok(client.metadata.default_max_age.map(|seconds| Duration::from_secs(u64::from(seconds))));
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RequestError::MaxAge);
    }
    // A number beyond any session's age asks for nothing, which is what the largest one does too.
    Ok(Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::{AuthorizationRequest, Prompt, RequestError, RequestPolicy, ShowToUser, answer_address};
    use crate::protocol::claims_request::MalformedClaims;
    use crate::protocol::client::Client;
    use crate::protocol::params::Params;
    use crate::protocol::pkce::PkceError;
    use crate::protocol::redirect_uri::RedirectUriError;
    use crate::protocol::response_type::{ResponseMode, ResponseType};
    use crate::protocol::samples;

    const CHALLENGE: &str =
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn validate(client: &Client, query: &str) -> Result<AuthorizationRequest, RequestError> {
        let params = Params::parse(query.as_bytes()).unwrap();
        let reply_to = answer_address(client, &params).unwrap();
        AuthorizationRequest::validate(client, &params, reply_to.redirect, RequestPolicy::default())
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
            (good("").replace("=code&", "=code+token&"), RequestError::UnsupportedResponseType),
            (
                good("").replace("=code&", "=code+id_token&"),
                RequestError::NotRegistered(ResponseType::CodeIdToken),
            ),
            (good("&response_mode=jwt"), RequestError::UnsupportedResponseMode),
            (good("&registration={}"), RequestError::Registration),
            (good("&claims=x"), RequestError::Claims(MalformedClaims)),
            (good("&prompt=create"), RequestError::NoSignUp),
            (good("").replace("scope=openid", "scope=openid%22"), RequestError::MalformedScope),
            (good("").replace("scope=openid", "scope=admin"), RequestError::EmptyScope),
            (good("").replace("scope=openid", "scope="), RequestError::NoScope),
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
        machine.metadata.response_types.clear();
        assert_eq!(
            validate(&machine, &good("")).unwrap_err(),
            RequestError::NotRegistered(ResponseType::Code)
        );
    }

    /// Registered for every response type, in a deployment that allows all of them.
    fn front_channel(query: &str) -> Result<AuthorizationRequest, RequestError> {
        let mut client = samples::client("c");
        client.metadata.response_types = ResponseType::ALL.to_vec();
        let params = Params::parse(query.as_bytes()).unwrap();
        let redirect = answer_address(&client, &params).unwrap().redirect;
        let policy =
            RequestPolicy { legacy_front_channel_tokens: true, sign_up: true, ..RequestPolicy::default() };
        AuthorizationRequest::validate(&client, &params, redirect, policy)
    }

    #[test]
    fn openid_core_3_2_2_1_3_3_2_11_nonce_is_required_where_an_id_token_comes_at_once() {
        for response_type in ResponseType::ALL {
            let query =
                good("").replace("=code&", &format!("={}&", response_type.as_str().replace(' ', "+")));
            let outcome = front_channel(&query).map(|request| request.response_type);
            let expected =
                if response_type.has_id_token() { Err(RequestError::NoNonce) } else { Ok(*response_type) };
            assert_eq!(outcome, expected, "{response_type}");
            assert_eq!(front_channel(&format!("{query}&nonce=n")).unwrap().response_type, *response_type);
            let plain_oauth = format!("{}&nonce=n", query.replace("scope=openid", "scope=email"));
            assert_eq!(front_channel(&plain_oauth).is_err(), response_type.is_implicit(), "{response_type}");
        }
    }

    #[test]
    fn multiple_response_types_5_the_mode_of_each_answer() {
        let mode = |response_type: &str, asked: &str| {
            let query = good("").replace("=code&", &format!("={response_type}&")) + asked;
            let params = Params::parse(query.as_bytes()).unwrap();
            answer_address(&samples::client("c"), &params).unwrap().mode
        };
        for (response_type, asked, expected) in [
            ("code", "", ResponseMode::Query),
            ("code", "&response_mode=fragment", ResponseMode::Fragment),
            ("code", "&response_mode=form_post", ResponseMode::FormPost),
            ("code", "&response_mode=jwt", ResponseMode::Query),
            ("code+id_token", "", ResponseMode::Fragment),
            ("id_token", "&response_mode=query", ResponseMode::Fragment),
            ("id_token", "&response_mode=form_post", ResponseMode::FormPost),
            ("unknown", "", ResponseMode::Query),
            ("token", "", ResponseMode::Fragment),
            ("unknown", "&response_mode=form_post", ResponseMode::FormPost),
        ] {
            assert_eq!(mode(response_type, asked), expected, "{response_type}{asked}");
        }
        let in_query = good("&nonce=n&response_mode=query").replace("=code&", "=id_token&");
        assert_eq!(front_channel(&in_query).unwrap_err(), RequestError::TokensInQuery);
    }

    #[test]
    fn openid_core_5_5_claims_that_are_asked_for_are_consented_to_by_their_scope() {
        let query = good("&claims={\"userinfo\":{\"name\":null,\"phone_number\":null}}");
        let request = validate(&samples::client("c"), &query).unwrap();
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(request.consent_scope.to_string(), "openid profile");
        assert!(
            !request.claims.userinfo.contains_key("phone_number"),
            "the client may not have the scope phone"
        );
    }

    #[test]
    fn openid_core_11_offline_access_needs_a_code() {
        let query = good("&nonce=n").replace("scope=openid", "scope=openid+offline_access");
        assert_eq!(front_channel(&query).unwrap().scope.to_string(), "openid offline_access");
        let without_code = query.replace("=code&", "=id_token&");
        assert_eq!(front_channel(&without_code).unwrap().scope.to_string(), "openid");
    }

    #[test]
    fn openid_registration_2_default_max_age_stands_in() {
        let mut client = samples::client("c");
        client.metadata.default_max_age = Some(7);
        assert_eq!(validate(&client, &good("")).unwrap().max_age.map(|age| age.as_secs()), Some(7));
        assert_eq!(validate(&client, &good("&max_age=9")).unwrap().max_age.map(|age| age.as_secs()), Some(9));
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
