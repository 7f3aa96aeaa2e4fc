//! Scopes: what people are told about them, and which claims they bring.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::access::allow;
use super::clients::next_version;
use super::{Refusal, changes};
use crate::app::{App, Origin};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::scope_definition::{
    self, MOST_DEFINITIONS, MappingInput, ScopeDefinition, ScopeInput, Wanted,
};

/// Applications that are named before a scope is deleted.
pub const MOST_NAMED: usize = 20;

/// A scope in answers.
#[derive(Serialize, ToSchema)]
pub struct ScopeView {
    /// The scope token.
    pub name: String,
    /// What people are asked to allow.
    pub title: String,
    /// The same in a sentence; may be empty.
    pub description: String,
    /// Both for people who read other languages.
    #[schema(value_type = Object)]
    pub localized: std::collections::BTreeMap<String, String>,
    /// Does the discovery document name it?
    pub published: bool,
    /// The claims that it brings.
    pub claims: Vec<MappingInput>,
    /// When it was defined (Unix seconds).
    pub created_at: i64,
    /// When it last changed (Unix seconds).
    pub updated_at: i64,
}

impl From<&ScopeDefinition> for ScopeView {
    fn from(scope: &ScopeDefinition) -> Self {
        Self {
            name: scope.name.clone(),
            title: scope.title.clone(),
            description: scope.description.clone(),
            localized: scope.localized.clone(),
            published: scope.published,
            claims: scope.claims.iter().map(MappingInput::from).collect(),
            created_at: scope.created_at.0,
            updated_at: scope.updated_at.0,
        }
    }
}

/// Every scope that is defined, by name.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App) -> Result<Vec<ScopeDefinition>, Refusal> {
    Ok(app.store.asked_anew().scope_definitions().await?.iter().cloned().collect())
}

/// The scope of this name.
///
/// # Errors
/// Nobody defined it.
pub async fn find(app: &App, name: &str) -> Result<ScopeDefinition, Refusal> {
    let defined = app.store.asked_anew().scope_definitions().await?;
    defined.get(name).cloned().ok_or(Refusal::NotFound("scope"))
}

/// Defines a scope. Whoever was allowed it before, while it was a word only, gets its claims from now on.
///
/// # Errors
/// It breaks a rule, its name is in use, or there are too many.
pub async fn create(app: &App, origin: &Origin, input: &ScopeInput) -> Result<ScopeDefinition, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Scopes)), "scope:").await?;
    let scope = made(app, scope_definition::check(input, None).map_err(Refusal::Invalid)?);
    let audit = app.audit(origin, "scope.create", target(&scope.name), summary(&scope));
    if app.store.insert_scope(&scope, &audit).await? { Ok(scope) } else { Err(too_many()) }
}

/// There may be no more.
pub(super) fn too_many() -> Refusal {
    Refusal::field("name", format_args!("{MOST_DEFINITIONS} scopes are defined, and there may be no more"))
}

/// A scope to be stored.
pub(super) fn made(app: &App, wanted: Wanted) -> ScopeDefinition {
    let now = app.clock.now();
    ScopeDefinition {
        name: wanted.name,
        title: wanted.title,
        description: wanted.description,
        localized: wanted.localized,
        claims: wanted.claims,
        published: wanted.published,
        created_at: now,
        updated_at: now,
    }
}

/// A scope as it shall be.
pub(super) fn changed(app: &App, before: &ScopeDefinition, wanted: Wanted) -> ScopeDefinition {
    ScopeDefinition {
        created_at: before.created_at,
        updated_at: next_version(app, before.updated_at),
        ..made(app, wanted)
    }
}

/// What a change did, for the audit log.
pub(super) fn difference(before: &ScopeDefinition, after: &ScopeDefinition) -> String {
    let changed = changes(&ScopeInput::from(before), &ScopeInput::from(after));
    if before.claims == after.claims { changed } else { format!("{changed}: {}", summary(after)) }
}

/// Changes a scope from what it was when it was read to what it should be. What was issued already stays as it is.
///
/// # Errors
/// It breaks a rule, or somebody else changed or deleted it meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &ScopeDefinition,
    input: &ScopeInput,
) -> Result<ScopeDefinition, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Scopes)), &target(&before.name)).await?;
    let wanted = scope_definition::check(input, Some(before)).map_err(Refusal::Invalid)?;
    let after = changed(app, before, wanted);
    let audit = app.audit(origin, "scope.update", target(&after.name), difference(before, &after));
    if app.store.update_scope(&after, before.updated_at, &audit).await? {
        Ok(after)
    } else {
        Err(Refusal::Changed("scope"))
    }
}

/// Deletes what is defined of a scope. Applications may ask for it as before, and it brings no claims any more.
///
/// # Errors
/// Somebody else changed or deleted it meanwhile.
pub async fn delete(app: &App, origin: &Origin, scope: &ScopeDefinition) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Scopes)), &target(&scope.name)).await?;
    let audit = app.audit(origin, "scope.delete", target(&scope.name), summary(scope));
    if app.store.delete_scope(&scope.name, Some(scope.updated_at), &audit).await? {
        return Ok(());
    }
    find(app, &scope.name).await?;
    Err(Refusal::Changed("scope"))
}

/// The applications that may ask for a scope, the first of them, by id and name; and whether there are more.
///
/// # Errors
/// The database is unavailable.
pub async fn applications(app: &App, name: &str) -> Result<(Vec<(String, String)>, bool), Refusal> {
    let mut clients = app.store.clients_registered_for(name, MOST_NAMED + 1).await?;
    let more = clients.len() > MOST_NAMED;
    clients.truncate(MOST_NAMED);
    let named = clients.into_iter().map(|client| (client.id.to_string(), client.metadata.client_name));
    Ok((named.collect(), more))
}

/// Which claim from where into what: whoever reads the audit log wants to know, and so what a fixed value was.
pub(super) fn summary(scope: &ScopeDefinition) -> String {
    let claims = lines(scope);
    if claims.is_empty() { "no claims".to_owned() } else { claims.join("; ") }
}

/// The claims of a scope, a line each.
#[must_use]
pub fn lines(scope: &ScopeDefinition) -> Vec<String> {
    let claims = scope.claims.iter().map(|mapping| {
        let into: Vec<&str> = mapping.into.iter().map(|place| place.as_str()).collect();
        let value = match &mapping.source {
            scope_definition::Source::Value { value } => format!(" {}", shortened(value)),
            _ => String::new(),
        };
        format!("{} = {}{value} -> {}", mapping.claim, mapping.source.words(), into.join("+"))
    });
    claims.collect()
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

pub(super) fn target(name: &str) -> String {
    format!("scope:{name}")
}
