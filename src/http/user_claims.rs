//! The claims about a user that were asked for: those of the account, the groups that it is in, and those that defined scopes
//! bring. Every token and answer gets them here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access_token::Subject;
use super::subject::subject_of;
use crate::app::App;
use crate::protocol::claims::{GROUPS, is_asked_for, released};
use crate::protocol::claims_request::{ClaimsRequest, Wish};
use crate::protocol::client::Client;
use crate::protocol::grant::Grant;
use crate::protocol::scope::Scope;
use crate::protocol::scope_definition::{Chosen, Definitions, Facts, Place, values};
use crate::protocol::user::User;
use crate::store::StoreError;

/// Nothing is asked for one by one.
static NO_WISHES: BTreeMap<String, Wish> = BTreeMap::new();

/// The definitions that can matter to a token of this scope. Where it is of standard scopes alone, as most are, nobody is
/// asked for them.
///
/// # Errors
/// The database is unavailable.
pub async fn definitions_for(
    app: &App,
    scope: &Scope,
    claims: &ClaimsRequest,
) -> Result<Option<Arc<Definitions>>, StoreError> {
    if !Definitions::concern(scope) && !claims.concerns_definitions() {
        return Ok(None);
    }
    let defined = app.store.scope_definitions().await?;
    Ok(Some(defined).filter(|defined| !defined.is_empty()))
}

/// What one token or answer is asked for.
struct Asked<'a> {
    /// The scopes whose standard claims it gets (Core §5.4).
    standard: &'a Scope,
    /// Claims that it gets by their names (Core §5.5).
    wanted: &'a BTreeMap<String, Wish>,
    /// What defined scopes bring into it.
    chosen: &'a [Chosen<'a>],
}

impl Asked<'_> {
    /// Who is in no group is told to be in none.
    async fn about(&self, app: &App, user: &User) -> Result<Map<String, Value>, StoreError> {
        let mut claims = released(user, self.standard, self.wanted);
        let with_groups = is_asked_for(GROUPS, self.standard, self.wanted);
        let groups = if with_groups || self.chosen.iter().any(Chosen::needs_groups) {
            Some(app.store.group_names(&user.id).await?)
        } else {
            None
        };
        if !self.chosen.is_empty() {
            let facts = Facts { user: Some(user), groups: groups.as_deref() };
            // A standard claim that is here already says the same.
            for (name, value) in values(self.chosen, facts) {
                claims.entry(name).or_insert(value);
            }
        }
        if let Some(groups) = groups.filter(|_| with_groups) {
            claims.insert(GROUPS.to_owned(), groups.into());
        }
        Ok(claims)
    }
}

/// What defined scopes bring to these places is in an ID token; `by_scope`, as a client may be registered, it holds what `UserInfo` would tell.
#[must_use]
pub const fn places_of_id_token(by_scope: bool) -> &'static [Place] {
    if by_scope { &[Place::IdToken, Place::UserInfo] } else { &[Place::IdToken] }
}

/// Those in the ID tokens of a grant, of this scope: what was asked for one by one and is within the client's scope, and
/// what defined scopes bring into ID tokens. Where the client is registered so, they hold what its scopes bring to `UserInfo`,
/// too.
///
/// # Errors
/// The database is unavailable.
pub async fn in_id_token(
    app: &App,
    client: &Client,
    grant: &Grant,
    scope: &Scope,
) -> Result<Map<String, Value>, StoreError> {
    let defined = definitions_for(app, scope, &grant.claims).await?;
    let defined = defined.as_deref().unwrap_or_default();
    let registered = &client.metadata.scope;
    let wanted = grant.claims.clone().within(registered, defined).id_token;
    let by_scope = client.metadata.claims_in_id_token;
    let chosen = defined.select(scope, places_of_id_token(by_scope), &wanted, registered);
    if wanted.is_empty() && chosen.is_empty() && !by_scope {
        return Ok(Map::new());
    }
    match app.store.user(&grant.user_id).await? {
        Some(user) => {
            let none = Scope::default();
            let standard = if by_scope { scope } else { &none };
            Asked { standard, wanted: &wanted, chosen: &chosen }.about(app, &user).await
        }
        None => Ok(Map::new()),
    }
}

/// Those in an ID token that the authorization endpoint issues. Where it is all that is issued, it holds what `UserInfo` would
/// tell (Core §5.4); else it does where the client is registered so.
///
/// # Errors
/// The database is unavailable.
pub async fn in_id_token_at_once(
    app: &App,
    client: &Client,
    user: &User,
    scope: &Scope,
    claims: &ClaimsRequest,
    is_all: bool,
) -> Result<Map<String, Value>, StoreError> {
    let defined = definitions_for(app, scope, claims).await?;
    let defined = defined.as_deref().unwrap_or_default();
    let wanted = &claims.id_token;
    let by_scope = is_all || client.metadata.claims_in_id_token;
    let chosen = defined.select(scope, places_of_id_token(by_scope), wanted, &client.metadata.scope);
    let none = Scope::default();
    let standard = if by_scope { scope } else { &none };
    Asked { standard, wanted, chosen: &chosen }.about(app, user).await
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
    let defined = definitions_for(app, scope, &grant.claims).await?;
    let defined = defined.as_deref().unwrap_or_default();
    let registered = &client.metadata.scope;
    let wanted = grant.claims.clone().within(registered, defined).userinfo;
    let chosen = defined.select(scope, &[Place::UserInfo], &wanted, registered);
    let mut claims = Asked { standard: scope, wanted: &wanted, chosen: &chosen }.about(app, user).await?;
    claims.insert("sub".to_owned(), json!(subject_of(app, client, &user.id)));
    Ok(claims)
}

/// Those that defined scopes bring into an access token of this scope (RFC 9068 §2.2.2, §2.2.3.1), and into what
/// introspection says of one (RFC 7662 §2.2). A client's own token says nothing about users.
///
/// # Errors
/// The database is unavailable.
pub async fn in_access_token(
    app: &App,
    client: &Client,
    subject: Subject<'_>,
    scope: &Scope,
) -> Result<Map<String, Value>, StoreError> {
    if !Definitions::concern(scope) {
        return Ok(Map::new());
    }
    let defined = app.store.scope_definitions().await?;
    let chosen = defined.select(scope, &[Place::AccessToken], &NO_WISHES, &client.metadata.scope);
    if chosen.is_empty() {
        return Ok(Map::new());
    }
    let user = match subject {
        Subject::User(grant) if chosen.iter().any(Chosen::needs_user) => {
            app.store.user(&grant.user_id).await?
        }
        _ => None,
    };
    let groups = match &user {
        Some(user) if chosen.iter().any(Chosen::needs_groups) => Some(app.store.group_names(&user.id).await?),
        _ => None,
    };
    Ok(values(&chosen, Facts { user: user.as_deref(), groups: groups.as_deref() }))
}
