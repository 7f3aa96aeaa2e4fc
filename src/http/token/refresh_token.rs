//! `grant_type=refresh_token`: RFC 6749 §6, with rotation (RFC 9700 §4.14.2).

use std::sync::Arc;

use super::{Granted, TokenRequest, invalid_grant};
use crate::http::access_token::{Life, Subject, issue};
use crate::http::error::OAuthError;
use crate::http::refresh_token::{derive, genuine};
use crate::protocol::error::ErrorCode;
use crate::protocol::grant::{Footing, Grant};
use crate::protocol::refresh::{
    Decision, Presented, RefreshError, RefreshPolicy, RefreshToken, may_rotate, narrowed_scope,
};
use crate::store::{Rotated, Store};

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let TokenRequest { app, form, .. } = *request;
    let text = form
        .get("refresh_token")
        .ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "refresh_token is missing"))?;
    let token = RefreshToken::parse(text).ok_or_else(not_ours)?;
    // What is remembered may say that the token is current; whether it is, its gate knows. Everything else is judged by
    // the database itself, and so is whoever loses the race for the gate: by what the winner left behind.
    for store in [&app.store, &app.store.asked_anew(), &app.store.asked_anew()] {
        let remembered = store.is_remembering();
        let (grant, footing, decision) = match decide(request, store, &token).await {
            Ok((.., Decision::Repeat { .. })) | Err(_) if remembered => continue,
            decided => decided?,
        };
        match decision {
            Decision::Repeat { successor } => return answer(request, &grant, &footing, successor).await,
            Decision::Rotate(rotate) => {
                // Made before the gate: after it, nothing may fail.
                let granted =
                    answer(request, &grant, &footing, rotate.generation().saturating_add(1)).await?;
                if store.rotate(&rotate).await? == Rotated::Now {
                    return Ok(granted);
                }
            }
        }
    }
    Err(invalid_grant("the refresh token was used by another request at the same time"))
}

/// Loads the grant and judges the token. Reuse revokes the grant before it is refused, if the database itself says so.
async fn decide(
    request: &TokenRequest<'_>,
    store: &Store,
    token: &RefreshToken,
) -> Result<(Arc<Grant>, Footing, Decision), OAuthError> {
    let TokenRequest { app, client, now, .. } = *request;
    let (grant, footing) = genuine(app, store, token).await?.ok_or_else(not_ours)?;
    let policy = RefreshPolicy {
        idle: app.config.tokens.refresh_idle,
        grace: client.refresh_grace(app.config.tokens.refresh_grace),
    };
    let presented = Presented { generation: token.generation, key: request.key() };
    match may_rotate(client, &grant, &footing, presented, policy, now) {
        Ok(decision) => Ok((grant, footing, decision)),
        Err(RefreshError::Reused) if !store.is_remembering() => {
            // RFC 9700 §4.14.2: "the authorization server cannot determine which party submitted the invalid refresh
            // token, but it will revoke the active refresh token."
            request.revoke_replayed(&grant.id, "grant.refresh_reused").await?;
            Err(invalid_grant(&RefreshError::Reused))
        }
        Err(error) => Err(invalid_grant(&error)),
    }
}

async fn answer(
    request: &TokenRequest<'_>,
    grant: &Grant,
    footing: &Footing,
    successor: i64,
) -> Result<Granted, OAuthError> {
    // What the client's registration lost since, its tokens lose too.
    let granted = grant.scope.within(&request.client.metadata.scope);
    let scope = narrowed_scope(&granted, request.form.get("scope"))
        .map_err(|error| OAuthError::broken(ErrorCode::InvalidScope, &error))?;
    let life = Life::of_access_token(request.app, request.now, grant.ends_at(footing));
    let access_token =
        issue(request.app, request.client, Subject::User(grant), &scope, life, request.key()).await?;
    Ok(Granted {
        expires_in: life.seconds(),
        refresh_token: Some(derive(request.app, grant, successor).format()),
        // Core §12.2: the same iss, sub, aud and auth_time as at first, and no nonce.
        id_token: request.id_token(grant, &scope, None, &access_token).await?,
        token_type: request.use_proof().await?,
        scope,
        access_token,
    })
}

fn not_ours() -> OAuthError {
    invalid_grant("the refresh token is not one that this server issued, or its grant is long over")
}
