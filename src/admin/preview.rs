//! What would this user get in this application? The contents of its tokens, made by the same functions that make the
//! tokens. Nothing is signed or stored but the audit row: it is a look at somebody's personal data.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Refusal;
use super::access::{allow, user_facts};
use super::clients;
use crate::app::{App, Origin};
use crate::http::access_token::{self, Life, Subject};
use crate::http::id_token::{self, Bound};
use crate::http::user_claims;
use crate::protocol::access_token::WithClaims;
use crate::protocol::authorize::allowed_scope;
use crate::protocol::claims::{SUPPORTED, scope_of};
use crate::protocol::claims_request::ClaimsRequest;
use crate::protocol::client::{AccessTokenFormat, Client, GrantType, ResponseType};
use crate::protocol::code::issues_refresh_tokens;
use crate::protocol::grant::Grant;
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::scope::{OFFLINE_ACCESS, OPENID, Scope};
use crate::protocol::scope_definition::{Chosen, Definitions, Facts, Place, ScopeDefinition, values};
use crate::protocol::user::User;

/// Stands for what is another in every token.
pub const ANEW: &str = "(another every time)";
/// The claims that are.
const DIFFERENT: [&str; 4] = ["jti", "gid", "sid", "at_hash"];

/// What would be issued for a user who signed in now with a password and allowed everything, to a request without
/// `nonce` and `claims`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Preview {
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub username: String,
    /// The scope that would be granted.
    #[schema(value_type = String)]
    pub scope: Scope,
    /// What was asked for, and the client is not registered for.
    #[schema(value_type = String)]
    pub left_out: Scope,
    /// The claims of the ID token; none without `openid`.
    #[schema(value_type = Option<Object>)]
    pub id_token: Option<Map<String, Value>>,
    /// `jwt`: the client can read the access token; `opaque`: nobody but this server can.
    pub access_token_format: AccessTokenFormat,
    /// The claims of the access token, or what stands behind an opaque one.
    #[schema(value_type = Object)]
    pub access_token: Map<String, Value>,
    /// What `/userinfo` would answer; none without `openid`.
    #[schema(value_type = Option<Object>)]
    pub userinfo: Option<Map<String, Value>>,
    /// Would it get a refresh token?
    pub refresh_token: bool,
    /// Why claims about the user are there.
    pub because: Because,
}

/// Why claims about a user are in a token: by claim, the scope that asks for it, and where a defined scope takes it from. What
/// every token says has no reason here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Because {
    /// Of the claims of the ID token.
    #[schema(value_type = Object)]
    pub id_token: BTreeMap<String, String>,
    /// Of those of the access token.
    #[schema(value_type = Object)]
    pub access_token: BTreeMap<String, String>,
    /// Of those of `/userinfo`.
    #[schema(value_type = Object)]
    pub userinfo: BTreeMap<String, String>,
}

/// What somebody would get by one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct OfScope {
    /// The user's name.
    pub username: String,
    /// The claims of the scope that the account has something for.
    pub claims: Vec<ClaimOfScope>,
}

/// One claim of a scope.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimOfScope {
    /// Its name.
    pub claim: String,
    /// Its value.
    pub value: Value,
    /// Where that comes from.
    pub from: String,
    /// Which tokens it goes into.
    pub into: String,
}

/// Shows what a user would get by one scope, which is as it is stored.
///
/// # Errors
/// There is no such user, or it is not somebody's to see.
pub async fn of_scope(
    app: &App,
    origin: &Origin,
    scope: &ScopeDefinition,
    user: &str,
) -> Result<OfScope, Refusal> {
    let user = find(app, origin, user).await?;
    let detail = format!("user:{} {}", user.id, user.username);
    app.store.audit(&app.audit(origin, "scope.preview", format!("scope:{}", scope.name), detail)).await?;
    let groups = app.store.group_names(&user.id).await?;
    let facts = Facts { user: Some(&user), groups: Some(&groups) };
    let claims = scope.claims.iter().filter_map(|mapping| {
        let value = values(&[Chosen { scope, mapping }], facts).remove(&mapping.claim)?;
        let into: Vec<&str> = mapping.into.iter().map(|place| place.as_str()).collect();
        let (claim, from) = (mapping.claim.clone(), mapping.source.words());
        Some(ClaimOfScope { claim, value, from, into: into.join(", ") })
    });
    Ok(OfScope { username: user.username.clone(), claims: claims.collect() })
}

/// Shows what a user would get. The user is named by id, user name or address; without a scope it is all that the client
/// is registered for.
///
/// # Errors
/// There is no such client or user, or they would get nothing.
pub async fn of(
    app: &App,
    origin: &Origin,
    client_id: &str,
    user: &str,
    scope: Option<&str>,
) -> Result<Preview, Refusal> {
    let client = clients::seen(app, origin, client_id).await?;
    let user = find(app, origin, user).await?;
    let asked = match scope {
        Some(text) => Scope::parse(text).map_err(|error| Refusal::field("scope", error))?,
        None => client.metadata.scope.clone(),
    };
    let scope = granted(&client, &user, &asked)?;
    // It is on record before it is seen.
    let detail = format!("client:{} {scope}", client.id);
    app.store.audit(&app.audit(origin, "client.preview", format!("user:{}", user.id), detail)).await?;

    let grant = sample(app, &client, &user, scope);
    let life = Life::of_access_token(app, grant.created_at, grant.expires_at);
    let is_openid = grant.scope.contains(OPENID);
    let id_token = if is_openid {
        let claims = user_claims::in_id_token(app, &client, &grant, &grant.scope).await?;
        let bound = Bound { access_token: Some(""), ..Bound::default() };
        Some(id_token::content(app, &client, (&grant).into(), bound, claims, grant.created_at))
    } else {
        None
    };
    let access_token = access_token::content(app, &client, Subject::User(&grant), &grant.scope, life, None);
    let brought = user_claims::in_access_token(app, &client, Subject::User(&grant), &grant.scope).await?;
    let userinfo = if is_openid {
        Some(user_claims::in_userinfo(app, &client, &user, &grant, &grant.scope).await?)
    } else {
        None
    };
    let defined = user_claims::definitions_for(app, &grant.scope, &grant.claims).await?.unwrap_or_default();
    let id_token = id_token.map(|token| members(&token));
    let because = |places: &[Place], claims: Option<&Map<String, Value>>| {
        let mut reasons = reasons(&defined, &client, &grant.scope, places);
        // Of what the account does not have, nothing is there.
        reasons.retain(|claim, _| claims.is_some_and(|claims| claims.contains_key(claim)));
        reasons
    };
    Ok(Preview {
        because: Because {
            id_token: because(
                user_claims::places_of_id_token(client.metadata.claims_in_id_token),
                id_token.as_ref(),
            ),
            access_token: because(&[Place::AccessToken], Some(&brought)),
            userinfo: because(&[Place::UserInfo], userinfo.as_ref()),
        },
        user_id: user.id.to_string(),
        username: user.username,
        left_out: asked.beyond(&client.metadata.scope).into_iter().fold(Scope::default(), Scope::with),
        id_token,
        access_token_format: client.metadata.access_token_format,
        access_token: members(&WithClaims { token: &access_token, claims: &brought }),
        userinfo,
        refresh_token: issues_refresh_tokens(&client),
        scope: grant.scope,
    })
}

/// Why each claim is where what goes to these places is: by the standard scopes, which bring theirs into `UserInfo` (Core §5.4),
/// and by defined ones.
fn reasons(
    defined: &Definitions,
    client: &Client,
    granted: &Scope,
    places: &[Place],
) -> BTreeMap<String, String> {
    let mut reasons: BTreeMap<String, String> = BTreeMap::new();
    for chosen in defined.select(granted, places, &BTreeMap::new(), &client.metadata.scope) {
        let reason = format!("scope {}: {}", chosen.scope.name, chosen.mapping.source.words());
        reasons
            .entry(chosen.mapping.claim.clone())
            .and_modify(|known| {
                // Only lists of groups are joined.
                if chosen.needs_groups() {
                    known.push_str("; ");
                    known.push_str(&reason);
                }
            })
            .or_insert(reason);
    }
    if places.contains(&Place::UserInfo) {
        for claim in SUPPORTED {
            if let Some(scope) = scope_of(claim).filter(|scope| granted.contains(scope)) {
                reasons.insert((*claim).to_owned(), format!("scope {scope}"));
            }
        }
    }
    reasons
}

/// The user who is named, for somebody who may see them. Who may not see all users does not learn that there is none.
async fn find(app: &App, origin: &Origin, named: &str) -> Result<User, Refusal> {
    let user = named_user(app, named).await;
    match &user {
        Ok(user) => {
            let facts = user_facts(app, origin, user).await?;
            allow(app, origin, &Deed::SeeUser(&facts), &format!("user:{}", user.id)).await?;
        }
        Err(_) if !named.trim().is_empty() => {
            allow(app, origin, &Deed::Whole(Permission::Read(Resource::Users)), "user:").await?;
        }
        Err(_) => {}
    }
    user
}

async fn named_user(app: &App, named: &str) -> Result<User, Refusal> {
    if named.trim().is_empty() {
        return Err(Refusal::field("user", "name somebody"));
    }
    match super::users::find(app, named).await {
        Err(Refusal::NotFound(_)) => {
            let user = app.store.user_by_login(&named.trim().to_lowercase()).await?;
            user.ok_or_else(|| Refusal::field("user", "there is nobody with this user name, address or id"))
        }
        found => found,
    }
}

/// What would be granted, if anything.
fn granted(client: &Client, user: &User, asked: &Scope) -> Result<Scope, Refusal> {
    if !client.may_use(GrantType::AuthorizationCode) && !client.may_use(GrantType::DeviceCode) {
        return Err(Refusal::field(
            "user",
            "nobody signs in to this client with the code flow, or on a device",
        ));
    }
    if client.disabled {
        return Err(Refusal::field("user", "nobody gets anything: the client is switched off"));
    }
    if user.disabled {
        return Err(Refusal::field("user", "they get nothing: the account is switched off"));
    }
    allowed_scope(client, Some(&asked.to_string()), ResponseType::Code)
        .map_err(|_| Refusal::field("scope", "the client is registered for none of these"))
}

/// A grant as it is when a code was redeemed, which nobody can use: it is nowhere.
fn sample(app: &App, client: &Client, user: &User, scope: Scope) -> Grant {
    let now = app.clock.now();
    let level = client.metadata.least_acr.unwrap_or_default();
    Grant {
        id: ANEW.into(),
        client_id: client.id.clone(),
        user_id: user.id.clone(),
        session_id: ANEW.into(),
        consent_id: None,
        offline: scope.contains(OFFLINE_ACCESS),
        scope,
        claims: ClaimsRequest::default(),
        auth_time: now,
        acr: app.config.assurance.classes.name(level).to_owned(),
        amr: "pwd".to_owned(),
        secret: String::new(),
        dpop_jkt: None,
        generation: 0,
        rotated_at: now,
        active: false,
        created_at: now,
        expires_at: now.plus(app.config.tokens.refresh_absolute),
    }
}

fn members(token: &impl Serialize) -> Map<String, Value> {
    let mut members = match serde_json::to_value(token) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for name in DIFFERENT {
        if let Some(value) = members.get_mut(name) {
            *value = json!(ANEW);
        }
    }
    members
}
