//! The claims about a user that were asked for: those of the account, and the groups that it is in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::app::App;
use crate::protocol::claims::{GROUPS, is_asked_for, released};
use crate::protocol::claims_request::Wish;
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
