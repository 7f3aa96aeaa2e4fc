//! The authorization code and its redemption: RFC 6749 §4.1.2–4.1.3, RFC 7636 §4.6.
//!
//! A code is a sealed [`Code`]: nothing is stored when it is issued. Redeeming it inserts the grant whose id it has
//! carried from the start, so the second redemption meets the first one's row.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::claims_request::ClaimsRequest;
use super::client::{Client, GrantType};
use super::dpop::{self, KeyError, Thumbprint};
use super::error::Rule;
use super::grant::{DeadGrant, Footing, Grant};
use super::ids::{ClientId, ConsentId, GrantId, SessionId, UserId};
use super::pkce::{self, CodeChallenge, PkceError};
use super::scope::{self, Scope};
use super::timestamp::Timestamp;

/// What a code says, to this server only. It travels in an address that some applications keep short, so each name is a letter
/// there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// The grant that redeeming it opens.
    #[serde(rename = "g")]
    pub grant_id: GrantId,
    /// To whom it was issued.
    #[serde(rename = "c")]
    pub client_id: ClientId,
    /// Where it was sent.
    #[serde(rename = "r")]
    pub redirect_uri: String,
    /// Did the authorization request name that address? Then the token request must repeat it (RFC 6749 §4.1.3), unless
    /// PKCE protects the code (OAuth 2.1 §10.2).
    #[serde(rename = "w")]
    pub redirect_uri_was_named: bool,
    /// The PKCE challenge.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    /// Who signed in.
    #[serde(rename = "u")]
    pub user_id: UserId,
    /// In which session.
    #[serde(rename = "s")]
    pub session_id: SessionId,
    /// The consent it rests on.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<ConsentId>,
    /// What was allowed.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// Claims that were asked for one by one.
    #[serde(rename = "i", default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// The key that it is bound to (RFC 9449 §10).
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<Thumbprint>,
    /// The request's nonce (Core §3.1.2.1).
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// When the user had proved who they are.
    #[serde(rename = "t")]
    pub auth_time: Timestamp,
    /// Authentication context class.
    #[serde(rename = "l")]
    pub acr: String,
    /// Authentication methods.
    #[serde(rename = "m")]
    pub amr: String,
    /// When it dies.
    #[serde(rename = "e")]
    pub expires_at: Timestamp,
}

/// The token request's side of the redemption.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedeemRequest<'a> {
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// The key that the request is proven with (RFC 9449 §5).
    pub key: Option<&'a Thumbprint>,
}

/// Why a code is not redeemed. Each is `invalid_grant` (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// RFC 6749 §4.1.3: "verify that the authorization code is valid".
    #[error("the code is not one that this server issued")]
    Unknown,
    /// RFC 6749 §4.1.2: "The client MUST NOT use the authorization code more than once."
    #[error("the code was used before; what it was used for is revoked")]
    Used,
    /// RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated … client".
    #[error("the code was issued to another client")]
    OtherClient,
    /// RFC 6749 §4.1.2.
    #[error("the code has expired")]
    Expired,
    /// RFC 6749 §4.1.3.
    #[error("redirect_uri is required: the authorization request named it")]
    RedirectUriMissing,
    /// RFC 6749 §4.1.3: "ensure … that their values are identical".
    #[error("redirect_uri is not the one of the authorization request")]
    RedirectUriDiffers,
    /// RFC 7636 §4.6.
    #[error(transparent)]
    Pkce(#[from] PkceError),
    /// RFC 9449 §10: "If they do not match, it MUST reject the request."
    #[error("the code cannot be redeemed so: {0}")]
    Key(KeyError),
    /// The user signed out, was switched off or withdrew the consent since the code was sent.
    #[error(transparent)]
    Dead(#[from] DeadGrant),
}

impl Rule for CodeError {
    fn section(&self) -> &'static str {
        match self {
            Self::Unknown | Self::OtherClient | Self::RedirectUriMissing | Self::RedirectUriDiffers => {
                "RFC 6749 §4.1.3"
            }
            Self::Used | Self::Expired => "RFC 6749 §4.1.2",
            Self::Pkce(error) => error.section(),
            Self::Key(_) => "RFC 9449 §10",
            Self::Dead(error) => error.section(),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Unknown => {
                "Send the code as it came in the redirect, whole and decoded once, to the server that sent it."
            }
            Self::Used => {
                "Redeem each code once: a page that is loaded again, or a request that is sent again, must not redeem it \
                 anew. If the application did not, somebody else has seen the code."
            }
            Self::OtherClient => {
                "Compare the client_id of the authorization request with the one of the token request."
            }
            Self::Expired => "Redeem the code as soon as it arrives: it lives for a minute and counts once.",
            Self::RedirectUriMissing | Self::RedirectUriDiffers => {
                "Send the same redirect_uri in both requests, byte for byte."
            }
            Self::Pkce(error) => error.advice(),
            Self::Key(error) => error.advice(),
            Self::Dead(error) => error.advice(),
        }
    }
}

/// Proof that a grant may be opened: by a code or what a device was allowed ([`may_redeem`]), or at the authorization endpoint
/// itself ([`may_open_at_once`]). Accepted by the ledger only.
#[derive(Debug)]
pub struct Redeem(Arc<Grant>);

impl Redeem {
    /// The grant to open.
    #[must_use]
    pub fn grant(&self) -> &Arc<Grant> {
        &self.0
    }
}

/// How long what a code opens may live.
#[derive(Clone, Copy, Debug)]
pub struct GrantLifetimes {
    /// Without refresh tokens: as long as the access token.
    pub access_token: Duration,
    /// With them.
    pub refresh_absolute: Duration,
}

/// May this client redeem this code now? Everything that can be known without the ledger is checked here, so that a
/// wrong request never uses a code up.
///
/// # Errors
/// The rule that forbids it.
pub fn may_redeem(
    client: &Client,
    request: RedeemRequest<'_>,
    code: &Code,
    footing: &Footing,
    grant_secret: String,
    lifetimes: GrantLifetimes,
    now: Timestamp,
) -> Result<Redeem, CodeError> {
    // RFC 6749 §4.1.3
    if code.client_id != client.id {
        return Err(CodeError::OtherClient);
    }
    match request.redirect_uri {
        // OAuth 2.1 §10.2: a client that uses PKCE need not repeat it.
        None if code.redirect_uri_was_named && code.challenge.is_none() => {
            return Err(CodeError::RedirectUriMissing);
        }
        Some(repeated) if repeated != code.redirect_uri => {
            return Err(CodeError::RedirectUriDiffers);
        }
        _ => {}
    }
    // RFC 7636 §4.6
    pkce::verify(code.challenge.as_ref(), request.code_verifier)?;
    dpop::fits(code.dpop_jkt.as_ref(), request.key).map_err(CodeError::Key)?;
    // After everything else: whoever gets this far with an old code had the right one.
    if now.reached(code.expires_at) {
        return Err(CodeError::Expired);
    }
    let lifetime =
        if issues_refresh_tokens(client) { lifetimes.refresh_absolute } else { lifetimes.access_token };
    let mut grant = grant_of(code, grant_secret, lifetime, now);
    grant.standing(footing, now)?;
    // RFC 9449 §5: refresh tokens of public clients "MUST be bound"; others are by their client's credentials.
    grant.dpop_jkt = request.key.filter(|_| client.is_public()).cloned();
    Ok(Redeem(Arc::new(grant)))
}

/// Core §3.2.2.5 and §3.3.2.5: the grant of an access token that the authorization endpoint sends. It lives as long as
/// that token, has no refresh tokens, and is none of the grant that a code beside it opens: redeeming the code must not
/// depend on it.
///
/// # Errors
/// The user signed out, was switched off or withdrew the consent at this moment.
pub fn may_open_at_once(
    code: &Code,
    footing: &Footing,
    grant_secret: String,
    access_token: Duration,
    now: Timestamp,
) -> Result<Redeem, DeadGrant> {
    let mut grant = grant_of(code, grant_secret, access_token, now);
    grant.offline = false;
    grant.standing(footing, now)?;
    Ok(Redeem(Arc::new(grant)))
}

fn grant_of(code: &Code, secret: String, lifetime: Duration, now: Timestamp) -> Grant {
    Grant {
        id: code.grant_id.clone(),
        client_id: code.client_id.clone(),
        user_id: code.user_id.clone(),
        session_id: code.session_id.clone(),
        consent_id: code.consent_id.clone(),
        offline: code.scope.contains(scope::OFFLINE_ACCESS),
        scope: code.scope.clone(),
        claims: code.claims.clone(),
        auth_time: code.auth_time,
        acr: code.acr.clone(),
        amr: code.amr.clone(),
        secret,
        dpop_jkt: None,
        generation: 0,
        rotated_at: now,
        active: true,
        created_at: now,
        expires_at: now.plus(lifetime),
    }
}

/// RFC 6749 §1.5: refresh tokens are for clients that registered the grant type. Without `offline_access` (Core §11)
/// they live as long as the user's session.
#[must_use]
pub fn issues_refresh_tokens(client: &Client) -> bool {
    client.may_use(GrantType::RefreshToken)
}

#[cfg(test)]
mod tests {
    use super::{Code, CodeError, GrantLifetimes, RedeemRequest, may_open_at_once, may_redeem};
    use crate::protocol::claims_request::ClaimsRequest;
    use crate::protocol::client::AuthMethod;
    use crate::protocol::dpop::{KeyError, Thumbprint};
    use crate::protocol::grant::{DeadGrant, Footing};
    use crate::protocol::pkce::{CodeChallenge, PkceError};
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use crate::protocol::timestamp::Timestamp;
    use std::time::Duration;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const NOW: Timestamp = Timestamp(1_000);
    const LIFETIMES: GrantLifetimes = GrantLifetimes {
        access_token: Duration::from_secs(300),
        refresh_absolute: Duration::from_secs(9_000),
    };
    const GOOD: RedeemRequest<'static> = RedeemRequest {
        redirect_uri: Some("https://app.example/cb"),
        code_verifier: Some(VERIFIER),
        key: None,
    };

    fn code() -> Code {
        Code {
            grant_id: "grant".into(),
            client_id: "client".into(),
            redirect_uri: "https://app.example/cb".to_owned(),
            redirect_uri_was_named: true,
            challenge: CodeChallenge::from_request(Some(CHALLENGE), Some("S256"), true).unwrap(),
            user_id: "user".into(),
            session_id: "session".into(),
            consent_id: None,
            scope: Scope::parse("openid offline_access").unwrap(),
            claims: ClaimsRequest::default(),
            dpop_jkt: None,
            nonce: None,
            auth_time: Timestamp(900),
            acr: "1".to_owned(),
            amr: "pwd".to_owned(),
            expires_at: Timestamp(1_001),
        }
    }

    fn redeem(request: RedeemRequest<'_>, code: &Code, now: Timestamp) -> Result<super::Redeem, CodeError> {
        may_redeem(&samples::client("client"), request, code, &footing(), "secret".to_owned(), LIFETIMES, now)
    }

    fn footing() -> Footing {
        Footing { user_disabled: false, session_expires_at: Some(Timestamp(9_999)), consent_stands: false }
    }

    #[test]
    fn rfc6749_4_1_3_the_code_opens_the_grant_it_was_issued_for() {
        let redeem = redeem(GOOD, &code(), NOW).unwrap();
        let grant = redeem.grant();
        assert_eq!(grant.id.as_str(), "grant");
        assert_eq!((grant.generation, grant.offline), (0, true));
        assert_eq!(grant.expires_at, NOW.plus(LIFETIMES.refresh_absolute));
        assert_eq!(grant.auth_time, Timestamp(900));
    }

    #[test]
    fn rfc9449_10_a_bound_code_needs_its_key_and_5_only_public_clients_grants_are_bound() {
        let [key, other] =
            ["0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]
                .map(|text| Thumbprint::parse(text).unwrap());
        let bound = Code { dpop_jkt: Some(key.clone()), ..code() };
        assert_eq!(redeem(GOOD, &bound, NOW).unwrap_err(), CodeError::Key(KeyError::NoProof));
        let with = |key| RedeemRequest { key: Some(key), ..GOOD };
        assert_eq!(redeem(with(&other), &bound, NOW).unwrap_err(), CodeError::Key(KeyError::OtherKey));
        assert_eq!(
            redeem(with(&key), &bound, NOW).unwrap().grant().dpop_jkt,
            None,
            "a confidential client's"
        );
        let mut public = samples::client("client");
        public.metadata.token_endpoint_auth_method = AuthMethod::None;
        for code in [code(), bound] {
            let opened =
                may_redeem(&public, with(&key), &code, &footing(), String::new(), LIFETIMES, NOW).unwrap();
            assert_eq!(opened.grant().dpop_jkt, Some(key.clone()));
        }
    }

    #[test]
    fn rfc6749_4_1_3_code_of_another_client_is_invalid_grant() {
        let other =
            may_redeem(&samples::client("other"), GOOD, &code(), &footing(), String::new(), LIFETIMES, NOW);
        assert_eq!(other.unwrap_err(), CodeError::OtherClient);
    }

    #[test]
    fn cve_2026_43983_whatever_ended_since_the_code_was_sent_stops_its_redemption() {
        let online = Code { scope: Scope::parse("openid").unwrap(), consent_id: Some("k".into()), ..code() };
        let consented = Footing { consent_stands: true, ..footing() };
        let refused = |footing: Footing| {
            let client = samples::client("client");
            may_redeem(&client, GOOD, &online, &footing, String::new(), LIFETIMES, NOW).unwrap_err()
        };
        assert_eq!(refused(footing()), CodeError::Dead(DeadGrant::ConsentWithdrawn));
        let disabled = Footing { user_disabled: true, ..consented.clone() };
        assert_eq!(refused(disabled), CodeError::Dead(DeadGrant::UserDisabled));
        let signed_out = Footing { session_expires_at: None, ..consented };
        assert_eq!(refused(signed_out), CodeError::Dead(DeadGrant::SessionEnded));
    }

    #[test]
    fn rfc6749_4_1_2_expired_code_is_invalid_grant() {
        assert_eq!(redeem(GOOD, &code(), Timestamp(1_001)).unwrap_err(), CodeError::Expired);
    }

    #[test]
    fn rfc6749_4_1_3_redirect_uri_must_be_repeated_exactly() {
        let with = |redirect_uri| RedeemRequest { redirect_uri, ..GOOD };
        assert!(redeem(with(None), &code(), NOW).is_ok(), "OAuth 2.1 §10.2: PKCE protects it");
        let unprotected = Code { challenge: None, ..code() };
        let bare = RedeemRequest::default();
        assert_eq!(redeem(bare, &unprotected, NOW).unwrap_err(), CodeError::RedirectUriMissing);
        for other in ["https://app.example/cb/", "https://app.example/other", ""] {
            assert_eq!(redeem(with(Some(other)), &code(), NOW).unwrap_err(), CodeError::RedirectUriDiffers);
        }
        let unnamed = Code { redirect_uri_was_named: false, ..code() };
        assert!(redeem(with(None), &unnamed, NOW).is_ok());
        assert_eq!(
            redeem(with(Some("https://x.example/")), &unnamed, NOW).unwrap_err(),
            CodeError::RedirectUriDiffers
        );
    }

    #[test]
    fn cve_2023_48228_missing_verifier_is_invalid_grant() {
        let with = |code_verifier| RedeemRequest { code_verifier, ..GOOD };
        let refused = |request| redeem(request, &code(), NOW).unwrap_err();
        assert_eq!(refused(with(None)), CodeError::Pkce(PkceError::VerifierMissing));
        assert_eq!(refused(with(Some(&"x".repeat(43)))), CodeError::Pkce(PkceError::Mismatch));
        let unprotected = Code { challenge: None, ..code() };
        assert_eq!(
            redeem(GOOD, &unprotected, NOW).unwrap_err(),
            CodeError::Pkce(PkceError::VerifierUnexpected)
        );
    }

    #[test]
    fn openid_core_3_2_2_5_a_grant_at_once_lives_as_long_as_its_token() {
        let footing = Footing {
            user_disabled: false,
            session_expires_at: Some(Timestamp(9_999)),
            consent_stands: true,
        };
        let open = |footing: &Footing| {
            may_open_at_once(&code(), footing, String::new(), Duration::from_secs(300), NOW)
        };
        let opened = open(&footing).unwrap();
        assert!(!opened.grant().offline, "it has no refresh token that could outlive the session");
        assert_eq!(opened.grant().expires_at, Timestamp(1_300));
        let over = Footing { session_expires_at: None, ..footing };
        assert_eq!(open(&over).unwrap_err(), DeadGrant::SessionEnded);
    }
}
