//! Refresh tokens: derived, and recognised when they come back.

use std::sync::Arc;

use crate::app::App;
use crate::protocol::grant::{Footing, Grant};
use crate::protocol::refresh::RefreshToken;
use crate::protocol::secret::same_secret;
use crate::store::{Store, StoreError};

/// The refresh token of this generation of a grant.
#[must_use]
pub fn derive(app: &App, grant: &Grant, generation: i64) -> RefreshToken {
    let mac = app.seals.refresh_mac(grant.id.as_str(), &grant.secret, generation);
    RefreshToken { grant_id: grant.id.clone(), generation, mac }
}

/// The grant that a token is of, and what it rests on, whatever became of it since; none when this server did not
/// derive the token.
///
/// # Errors
/// The database is unavailable.
pub async fn genuine(
    app: &App,
    store: &Store,
    token: &RefreshToken,
) -> Result<Option<(Arc<Grant>, Footing)>, StoreError> {
    let loaded = store.grant(&token.grant_id).await?;
    Ok(loaded.and_then(|(grant, footing)| {
        same_secret(&derive(app, &grant, token.generation).mac, &token.mac).then_some((grant, footing))
    }))
}
