//! `/token`: the token endpoint (RFC 6749 §3.2), one fixed pipeline for every grant type:
//! read → authenticate the client → may it use this grant type → its proof of possession → the grant's own rules and gate →
//! answer.
//!
//! A grant answers with what it [`Granted`]; it cannot skip a step before, or answer in a form of its own.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::access_token::{self, IssueError, Life, Subject};
use super::client_auth::authenticate;
use super::dpop::{self, Proven, SentProof, TokenType};
use super::error::OAuthError;
use super::id_token::{self, Bound};
use super::refresh_token::derive;
use super::request_info::RequestInfo;
use super::user_claims;
use crate::app::{App, Origin};
use crate::protocol::client::{Client, GrantType};
use crate::protocol::code::{self, Code, CodeError, GrantLifetimes, RedeemRequest};
use crate::protocol::dpop::{ProofError, Thumbprint, is_required};
use crate::protocol::error::{ErrorCode, Rule};
use crate::protocol::grant::{DeadGrant, Footing, Grant};
use crate::protocol::ids::GrantId;
use crate::protocol::scope::{OPENID, Scope};
use crate::protocol::timestamp::Timestamp;
use crate::store::Opened;

mod authorization_code;
mod client_credentials;
mod device_code;
mod refresh_token;

pub use device_code::Paces;

/// A token request with its client, ready for a grant's rules.
struct TokenRequest<'a> {
    app: &'a App,
    client: &'a Client,
    form: &'a crate::protocol::params::Params,
    origin: Origin,
    /// Its proof of possession (RFC 9449 §5).
    proof: Option<Proven>,
    now: Timestamp,
}

/// What a grant came to: a successful answer (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
struct Granted {
    access_token: String,
    token_type: TokenType,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
}

/// The endpoint.
pub async fn post(
    State(app): State<App>,
    info: RequestInfo,
    request: Request,
) -> Result<Response, OAuthError> {
    let proof = dpop::sent(request.headers());
    let from = authenticate(&app, request).await?;
    let granted = grant(&app, &info, &from.client, &from.form, &proof).await;
    Ok(from.answer("token request", granted.map(answer)))
}

async fn grant(
    app: &App,
    info: &RequestInfo,
    client: &Client,
    form: &crate::protocol::params::Params,
    proof: &SentProof,
) -> Result<Granted, OAuthError> {
    let name = form
        .get("grant_type")
        .ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "grant_type is missing"))?;
    let grant_type: GrantType = name.parse().map_err(|_| unsupported_grant_type())?;
    if grant_type != GrantType::Implicit && !client.may_use(grant_type) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            &format!("the client is not registered for the grant type {grant_type}"),
        ));
    }
    let origin = info.anonymous().by_client(&client.id);
    let proof = dpop::proven(app, proof, "/token")?;
    if proof.is_none() && is_required(client) {
        return Err(ProofError::Missing.into());
    }
    let request = TokenRequest { app, client, form, origin, proof, now: app.clock.now() };
    let granted = match grant_type {
        GrantType::AuthorizationCode => authorization_code::grant(&request).await,
        GrantType::RefreshToken => refresh_token::grant(&request).await,
        GrantType::ClientCredentials => client_credentials::grant(&request).await,
        GrantType::DeviceCode => device_code::grant(&request).await,
        // Core §3.2: its tokens come from the authorization endpoint.
        GrantType::Implicit => Err(unsupported_grant_type()),
    }?;
    app.statistics.count(match grant_type {
        GrantType::AuthorizationCode => "token.authorization_code",
        GrantType::RefreshToken => "token.refresh_token",
        GrantType::ClientCredentials => "token.client_credentials",
        GrantType::DeviceCode => "token.device_code",
        GrantType::Implicit => "token.front_channel",
    });
    Ok(granted)
}

/// RFC 6749 §5.2, with those that there are.
fn unsupported_grant_type() -> OAuthError {
    let supported = GrantType::ALL.iter().filter(|known| **known != GrantType::Implicit);
    let supported: Vec<&str> = supported.map(|known| known.as_str()).collect();
    let words = format!("grant_type must be one of: {}", supported.join(", "));
    OAuthError::new(ErrorCode::UnsupportedGrantType, &words)
}

fn answer(granted: Granted) -> Response {
    let mut response = Json(granted).into_response();
    // RFC 6749 §5.1
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

impl TokenRequest<'_> {
    /// What access tokens are bound to.
    fn key(&self) -> Option<&Thumbprint> {
        self.proof.as_ref().map(|proof| &proof.key)
    }

    /// Uses the proof up, if there is one: right before the gate, so that nobody without a code or token of use has anything
    /// written.
    async fn use_proof(&self) -> Result<TokenType, OAuthError> {
        dpop::token_type(self.app, self.proof.as_ref()).await
    }

    /// How long what is opened now may live.
    fn lifetimes(&self) -> GrantLifetimes {
        let tokens = &self.app.config.tokens;
        GrantLifetimes { access_token: tokens.access_token, refresh_absolute: tokens.refresh_absolute }
    }

    /// Opens the grant that a person allowed, and answers with its tokens. The gate is the grant's id: whoever comes a second
    /// time is refused, after what the first time brought is revoked.
    async fn redeem(
        &self,
        code: &Code,
        sent: RedeemRequest<'_>,
        refused: impl Fn(CodeError) -> OAuthError,
    ) -> Result<Granted, OAuthError> {
        let Self { app, client, now, .. } = *self;
        let decide = |footing: &Footing| {
            code::may_redeem(client, sent, code, footing, app.entropy.secret(), self.lifetimes(), now)
        };
        let footing = app.store.footing(code).await?;
        let (footing, decision) = match footing.map(|footing| (decide(&footing), footing)) {
            Some((decision, footing)) if !matches!(decision, Err(CodeError::Dead(_))) => (footing, decision),
            // What is remembered may be a moment behind; nobody is refused by it.
            _ => {
                let footing = app.store.asked_anew().footing(code).await?;
                let footing = footing.ok_or_else(|| invalid_grant("the user is no more"))?;
                let decision = decide(&footing);
                (footing, decision)
            }
        };
        let redeem = match decision {
            Ok(redeem) => redeem,
            Err(error) => {
                // A replay may come late: what the code was used for is revoked then too.
                if error == CodeError::Expired && app.store.grant(&code.grant_id).await?.is_some() {
                    self.revoke_replayed(&code.grant_id, "grant.code_replayed").await?;
                }
                return Err(refused(error));
            }
        };
        let grant = redeem.grant();
        // Whoever makes proofs for a code that was used has none of them written down.
        if self.proof.is_some() && app.store.grant(&grant.id).await?.is_some() {
            self.revoke_replayed(&grant.id, "grant.code_replayed").await?;
            return Err(refused(CodeError::Used));
        }

        // Made before the gate: after it, nothing may fail.
        let life = Life::of_access_token(app, now, grant.ends_at(&footing));
        let access_token =
            access_token::issue(app, client, Subject::User(grant), &grant.scope, life, self.key()).await?;
        let granted = Granted {
            expires_in: life.seconds(),
            refresh_token: code::issues_refresh_tokens(client)
                .then(|| derive(app, grant, grant.generation).format()),
            id_token: self.id_token(grant, &grant.scope, code.nonce.as_deref(), &access_token).await?,
            token_type: self.use_proof().await?,
            scope: grant.scope.clone(),
            access_token,
        };
        match app.store.open_grant(&redeem).await? {
            Opened::Now => Ok(granted),
            Opened::NotAnyMore => {
                let footing = app.store.asked_anew().footing(code).await?;
                let why = footing.and_then(|footing| grant.standing(&footing, now).err());
                Err(refused(why.unwrap_or(DeadGrant::Revoked).into()))
            }
            Opened::AlreadyUsed => {
                // RFC 6749 §4.1.2: "the authorization server MUST deny the request and SHOULD revoke (when possible) all
                // tokens previously issued based on that authorization code".
                self.revoke_replayed(&grant.id, "grant.code_replayed").await?;
                Err(refused(CodeError::Used))
            }
        }
    }

    /// Revokes a grant whose code or refresh token was used twice. In a task of its own: whoever replays a token and
    /// hangs up at once must not get away with it.
    async fn revoke_replayed(&self, id: &GrantId, action: &'static str) -> Result<(), OAuthError> {
        let audit = self.app.audit(&self.origin, action, format!("grant:{id}"), "revoked");
        let (store, id) = (self.app.store.clone(), id.clone());
        let revoked = tokio::spawn(async move { store.revoke_grant(&id, &audit).await });
        match revoked.await {
            Ok(outcome) => outcome.map(drop).map_err(OAuthError::from),
            Err(error) => Err(OAuthError::unavailable(&error)),
        }
    }

    /// An ID token for the grant, if it is an OpenID Connect one.
    async fn id_token(
        &self,
        grant: &Grant,
        scope: &Scope,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<Option<String>, IssueError> {
        if !scope.contains(OPENID) {
            return Ok(None);
        }
        let claims = user_claims::in_id_token(self.app, self.client, grant, scope).await?;
        let bound = Bound { nonce, access_token: Some(access_token), ..Bound::default() };
        id_token::issue(self.app, self.client, grant.into(), bound, claims, self.now).await.map(Some)
    }
}

impl From<IssueError> for OAuthError {
    fn from(error: IssueError) -> Self {
        match error {
            // What the client registered cannot be done: its matter, and nothing is used up.
            IssueError::ClientKeys(_) => Self::new(ErrorCode::InvalidRequest, &error),
            error => Self::unavailable(&error),
        }
    }
}

/// `invalid_grant` with its reason (RFC 6749 §5.2).
fn invalid_grant(cause: &(impl Rule + ?Sized)) -> OAuthError {
    OAuthError::broken(ErrorCode::InvalidGrant, cause)
}
