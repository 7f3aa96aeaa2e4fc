//! `grant_type=authorization_code`: RFC 6749 §4.1.3.

use super::{Granted, TokenRequest, invalid_grant};
use crate::http::access_token::{Life, Subject, issue};
use crate::http::error::OAuthError;
use crate::http::refresh_token::derive;
use crate::protocol::code::{self, Code, CodeError, GrantLifetimes, RedeemRequest};
use crate::protocol::error::ErrorCode;
use crate::protocol::grant::{DeadGrant, Footing};
use crate::sealing::Purpose;
use crate::store::Opened;

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let TokenRequest { app, client, form, now, .. } = *request;
    let text =
        form.get("code").ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "code is missing"))?;
    let code: Code = app.seals.open(Purpose::Code, text).map_err(|_| invalid_grant(&CodeError::Unknown))?;
    let decide = |footing: &Footing| {
        code::may_redeem(
            client,
            RedeemRequest {
                redirect_uri: form.get("redirect_uri"),
                code_verifier: form.get("code_verifier"),
                key: request.key(),
            },
            &code,
            footing,
            app.entropy.secret(),
            GrantLifetimes {
                access_token: app.config.tokens.access_token,
                refresh_absolute: app.config.tokens.refresh_absolute,
            },
            now,
        )
    };
    let footing = app.store.footing(&code).await?;
    let (footing, decision) = match footing.map(|footing| (decide(&footing), footing)) {
        Some((decision, footing)) if !matches!(decision, Err(CodeError::Dead(_))) => (footing, decision),
        // What is remembered may be a moment behind; nobody is refused by it.
        _ => {
            let footing = app.store.asked_anew().footing(&code).await?;
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
                request.revoke_replayed(&code.grant_id, "grant.code_replayed").await?;
            }
            return Err(invalid_grant(&error));
        }
    };
    let grant = redeem.grant();

    // Made before the gate: after it, nothing may fail.
    let life = Life::of_access_token(app, now, grant.ends_at(&footing));
    let access_token = issue(app, client, Subject::User(grant), &grant.scope, life, request.key()).await?;
    let granted = Granted {
        expires_in: life.seconds(),
        refresh_token: code::issues_refresh_tokens(client)
            .then(|| derive(app, grant, grant.generation).format()),
        id_token: request.id_token(grant, &grant.scope, code.nonce.as_deref(), &access_token).await?,
        token_type: request.use_proof().await?,
        scope: grant.scope.clone(),
        access_token,
    };
    match app.store.open_grant(&redeem).await? {
        Opened::Now => Ok(granted),
        Opened::NotAnyMore => {
            let footing = app.store.asked_anew().footing(&code).await?;
            let why = footing.and_then(|footing| grant.standing(&footing, now).err());
            Err(invalid_grant(&why.unwrap_or(DeadGrant::Revoked)))
        }
        Opened::AlreadyUsed => {
            // RFC 6749 §4.1.2: "the authorization server MUST deny the request and SHOULD revoke (when possible) all
            // tokens previously issued based on that authorization code".
            request.revoke_replayed(&grant.id, "grant.code_replayed").await?;
            Err(invalid_grant(&CodeError::Used))
        }
    }
}
