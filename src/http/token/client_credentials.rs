//! `grant_type=client_credentials`: RFC 6749 §4.4. Opens no grant; the token can be revoked by its id. Writes
//! only the first use of a client that registered itself.

use super::{Granted, TokenRequest};
use crate::http::access_token::{Life, Subject, issue};
use crate::http::error::OAuthError;
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::client_scope;
use crate::protocol::timestamp::Timestamp;

pub(super) async fn grant(request: &TokenRequest<'_>) -> Result<Granted, OAuthError> {
    let scope = client_scope(&request.client.metadata.scope, request.form.get("scope"))
        .map_err(|error| OAuthError::new(ErrorCode::InvalidScope, &error))?;
    let life = Life::of_access_token(request.app, request.now, Timestamp(i64::MAX));
    let access_token =
        issue(request.app, request.client, Subject::Client, &scope, life, request.key()).await?;
    let token_type = request.use_proof().await?;
    // Whoever is granted something has used its registration.
    if request.client.was_never_used() {
        request.app.store.note_client_use(&request.client.id, request.now).await?;
    }
    Ok(Granted {
        access_token,
        token_type,
        expires_in: life.seconds(),
        // RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included."
        refresh_token: None,
        id_token: None,
        scope,
    })
}
