//! The claims about a user that were asked for: those of the account, and the groups that it is in.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::subject::subject_of;
use crate::app::App;
use crate::protocol::claims::{GROUPS, is_asked_for, released};
use crate::protocol::claims_request::Wish;
use crate::protocol::client::Client;
use crate::protocol::grant::Grant;
use crate::protocol::scope::Scope;
use crate::protocol::user::User;
use crate::store::StoreError;

/// By scope (Core §5.4) or one by one (§5.5). Who is in no group is told to be in none.
///
/// # Errors
/// The database is unavailable.
pub async fn about(
    app: &App,
    user: &User,
    scope: &Scope,
    wanted: &BTreeMap<String, Wish>,
) -> Result<Map<String, Value>, StoreError> {
    let mut claims = released(user, scope, wanted);
    if is_asked_for(GROUPS, scope, wanted) {
        claims.insert(GROUPS.to_owned(), app.store.group_names(&user.id).await?.into());
    }
    Ok(claims)
}

/// Those in the ID tokens of a grant: what was asked for one by one, and is within the client's scope; and those of its
/// scopes, where the client is registered so.
///
/// # Errors
/// The database is unavailable.
pub async fn in_id_token(
    app: &App,
    client: &Client,
    grant: &Grant,
) -> Result<Map<String, Value>, StoreError> {
    let wanted = grant.claims.clone().within(&client.metadata.scope).id_token;
    let by_scope = client.metadata.claims_in_id_token;
    if wanted.is_empty() && !by_scope {
        return Ok(Map::new());
    }
    let scope = if by_scope { grant.scope.clone() } else { Scope::default() };
    match app.store.user(&grant.user_id).await? {
        Some(user) => about(app, &user, &scope, &wanted).await,
        None => Ok(Map::new()),
    }
}

/// Those of the `UserInfo` endpoint for an access token of this scope, with the user's `sub` (Core §5.3.2).
///
/// # Errors
/// The database is unavailable.
pub async fn in_userinfo(
    app: &App,
    client: &Client,
    user: &User,
    grant: &Grant,
    scope: &Scope,
) -> Result<Map<String, Value>, StoreError> {
    let wanted = grant.claims.clone().within(&client.metadata.scope).userinfo;
    let mut claims = about(app, user, scope, &wanted).await?;
    claims.insert("sub".to_owned(), json!(subject_of(app, client, &user.id)));
    Ok(claims)
}
