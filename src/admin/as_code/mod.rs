//! Configuration as code: the clients, groups, scopes, webhooks and upstream providers of a deployment, and how it looks, as files
//! in a folder. [`plan`] says what differs, which
//! is also what drifted; [`apply`] makes it so, all of it or nothing. Every rule is that of the other ways in: the files
//! only say the same [`ClientInput`], [`GroupInput`], [`ScopeInput`] and [`ProviderInput`].
//!
//! A client that registered itself is its own: it is neither written out nor touched.

mod export;
mod files;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::export::{Exported, export, texts, write};
use self::files::Entry;
pub use self::files::{Complaint, Environment, Secret};
use super::clients::{self, keep_or_give_secret, next_version, take_secret};
use super::{Refusal, branding, changes, groups, providers, scopes, webhooks};
use crate::app::{App, Origin};
use crate::authn::upstream::Standing;
use crate::branding::{self as looks, BrandingInput, Choices, readable};
use crate::protocol::client::Client;
use crate::protocol::group::{self, Group, GroupInput};
use crate::protocol::provider::ProviderInput;
use crate::protocol::registration::{self, ClientInput, Registration};
use crate::protocol::scope_definition::{self, Definitions, MOST_DEFINITIONS, ScopeDefinition, ScopeInput};
use crate::protocol::secret::{acceptable_client_secret, sha256_hex};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::{self, Webhook, WebhookInput, host_of};
use crate::store::{
    Edit, MOST_UPSTREAMS, MOST_WEBHOOKS, StoreError, StoredBranding, StoredUpstream, Versions, What,
};

/// Why there is no plan, or why it was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The files are wrong.
    #[error("{}", lines(.0))]
    Files(Vec<Complaint>),
    /// Somebody changed something since the plan was made.
    #[error("something was changed since this was planned: look at a new plan, then apply that")]
    Drifted,
    /// A rule or the database.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

fn lines(complaints: &[Complaint]) -> String {
    let mut lines = vec![String::new()];
    lines.extend(complaints.iter().map(Complaint::to_string));
    lines.join("\n  ")
}

/// What would happen to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is in the files only.
    Create,
    /// It differs.
    Change,
    /// It is in the database only.
    Delete,
}

/// Which sort of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A client, by its `client_id`.
    Client,
    /// A group, by its name.
    Group,
    /// A scope, by its name.
    Scope,
    /// A webhook, by its address; it is called by its host and what it is, for an address may be a secret.
    Webhook,
    /// How the server looks.
    Branding,
    /// An upstream provider, by its id.
    Upstream,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Group => "group",
            Self::Scope => "scope",
            Self::Webhook => "webhook",
            Self::Branding => "branding",
            Self::Upstream => "upstream",
        }
    }
}

/// One field that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// As it is; none where it is not said. Never a secret.
    pub before: Option<Value>,
    /// As it would be; none where it is not said any more. Of a secret, where it comes from.
    pub after: Option<Value>,
}

/// One thing that would change.
#[derive(Debug, Serialize)]
pub struct Step {
    /// How.
    pub action: Action,
    /// What sort.
    pub kind: Kind,
    /// Which.
    pub id: String,
    /// Where it stands in the files, as `clients.toml:12`; none for what is not in them.
    pub place: Option<String>,
    /// What of it; for a new one everything that it says, for a deleted one nothing.
    pub fields: Vec<FieldChange>,
    #[serde(skip)]
    work: Work,
}

/// A thing of the database that no file names.
#[derive(Debug, Serialize)]
pub struct Unmanaged {
    /// What sort.
    pub kind: Kind,
    /// Which.
    pub id: String,
}

/// What would change.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// Deletions first, then changes, then what is new.
    pub steps: Vec<Step>,
    /// What no file names and is left alone.
    pub unmanaged: Vec<Unmanaged>,
    /// How many things are as the files say.
    pub unchanged: usize,
    #[serde(skip)]
    seen: Versions,
}

impl Plan {
    /// Is a group to be made while another one is in no file? Renamed in a file, a group looks like that.
    #[must_use]
    pub fn may_rename_a_group(&self) -> bool {
        let of_groups =
            |action| self.steps.iter().any(|step| step.kind == Kind::Group && step.action == action);
        let left_alone = self.unmanaged.iter().any(|thing| thing.kind == Kind::Group);
        of_groups(Action::Create) && (left_alone || of_groups(Action::Delete))
    }

    /// How many steps there are of this action.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

#[derive(Debug)]
enum Work {
    CreateClient(Box<Registration>, Option<Secret>),
    ChangeClient(Box<Client>, Box<Registration>, Option<Secret>),
    DeleteClient(Box<Client>),
    CreateGroup(group::Wanted),
    ChangeGroup(Group, group::Wanted),
    DeleteGroup(Group),
    CreateScope(Box<scope_definition::Wanted>),
    ChangeScope(Box<ScopeDefinition>, Box<scope_definition::Wanted>),
    DeleteScope(Box<ScopeDefinition>),
    CreateWebhook(webhook::Wanted),
    ChangeWebhook(Box<Webhook>, webhook::Wanted),
    DeleteWebhook(Box<Webhook>),
    Rebrand(Box<StoredBranding>, Choices),
    CreateUpstream(Box<providers::Wanted>),
    ChangeUpstream(Arc<Standing>, Box<providers::Wanted>),
    DeleteUpstream(Arc<Standing>),
}

/// A secret that was made up while a plan was carried out: nobody can read it again.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum NewSecret {
    /// A client's.
    Client {
        /// Whose.
        client_id: String,
        /// In the clear.
        client_secret: String,
    },
    /// What a webhook's messages are signed with.
    Webhook {
        /// Its id.
        webhook_id: String,
        /// Its host and what it is.
        webhook: String,
        /// In the clear.
        webhook_secret: String,
    },
}

impl std::fmt::Display for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client { client_id, client_secret } => {
                write!(f, "client_secret of {client_id}: {client_secret}")
            }
            Self::Webhook { webhook, webhook_secret, .. } => {
                write!(f, "signing secret of {webhook}: {webhook_secret}")
            }
        }
    }
}

/// Compares a folder with the database. With `prune`, what no file names is to be deleted. Nothing is written.
///
/// # Errors
/// The files are wrong, something in them breaks a rule, or the database is unavailable.
pub async fn plan(
    app: &App,
    folder: &Path,
    environment: Environment<'_>,
    prune: bool,
) -> Result<Plan, Failure> {
    let wanted = files::read(folder, environment).map_err(Failure::Files)?;
    let (clients, groups) = app.store.configuration().await?;
    let scopes = app.store.asked_anew().scope_definitions().await?;
    let (webhooks, branding) = (app.store.webhooks().await?, app.store.branding().await?);
    let upstreams = app.providers_anew().await?.registered().to_vec();
    let rows: Vec<StoredUpstream> = upstreams.iter().map(|standing| standing.row.clone()).collect();
    let mut planning = Planning {
        app,
        plan: Plan {
            seen: Versions::of(&clients, &groups).and(&webhooks, &rows, &branding).and_scopes(&scopes),
            steps: Vec::new(),
            unmanaged: Vec::new(),
            unchanged: 0,
        },
        complaints: Vec::new(),
        prune,
    };
    planning.clients(clients, wanted.clients).await?;
    planning.groups(groups, wanted.groups);
    planning.scopes(&scopes, wanted.scopes);
    planning.webhooks(webhooks, wanted.webhooks);
    planning.branding(branding, wanted.branding);
    planning.upstreams(upstreams, wanted.upstreams).await?;
    if !planning.complaints.is_empty() {
        return Err(Failure::Files(planning.complaints));
    }
    let mut plan = planning.plan;
    plan.steps.sort_by_key(|step| match step.action {
        Action::Delete => 0,
        Action::Change => 1,
        Action::Create => 2,
    });
    Ok(plan)
}

struct Planning<'a> {
    app: &'a App,
    plan: Plan,
    complaints: Vec<Complaint>,
    prune: bool,
}

impl Planning<'_> {
    async fn clients(
        &mut self,
        standing: Vec<Client>,
        wanted: Vec<Entry<ClientInput>>,
    ) -> Result<(), Failure> {
        let mut standing: BTreeMap<String, Client> =
            standing.into_iter().map(|client| (client.id.to_string(), client)).collect();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for mut entry in wanted {
            let registration = match registration::check(&entry.input, clients::policy(self.app)) {
                Ok(registration) => registration,
                Err(problems) => {
                    self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                    continue;
                }
            };
            let Some(id) = registration.client_id.as_ref().map(ToString::to_string) else {
                self.complaints.push(entry.whole("client_id: every client in a file needs one"));
                continue;
            };
            if let Some(place) = places.insert(id.clone(), entry.place()) {
                self.complaints.push(entry.whole(format_args!("client_id: {id} stands at {place} already")));
                continue;
            }
            let before = standing.remove(&id);
            if before.is_none() && self.app.store.asked_anew().client(&id.as_str().into()).await?.is_some() {
                let message = format_args!("client_id: {id} registered itself, and is not kept in files");
                self.complaints.push(entry.whole(message));
                continue;
            }
            if !self.fits(before.as_ref(), &entry, &registration).await? {
                continue;
            }
            self.client(before, &mut entry, registration, id);
        }
        for (id, client) in standing {
            self.not_named(Kind::Client, id, Work::DeleteClient(Box::new(client)));
        }
        Ok(())
    }

    /// Everything that is asked of a client beyond its metadata by themselves.
    async fn fits(
        &mut self,
        before: Option<&Client>,
        entry: &Entry<ClientInput>,
        wanted: &Registration,
    ) -> Result<bool, Failure> {
        if let Some(secret) = &entry.secret {
            let as_key = wanted.metadata.needs_secret_as_key();
            if !as_key && !wanted.metadata.token_endpoint_auth_method.uses_secret() {
                self.complaints.push(entry.secret_complaint("this client has no secret"));
                return Ok(false);
            }
            if let Err(problem) = acceptable_client_secret(&secret.text, as_key) {
                self.complaints.push(entry.secret_complaint(format_args!("{}: {problem}", secret.source)));
                return Ok(false);
            }
        }
        match clients::may_stand(self.app, before, &wanted.metadata).await {
            Ok(()) => Ok(true),
            Err(Refusal::Invalid(problems)) => {
                self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                Ok(false)
            }
            Err(other) => Err(other.into()),
        }
    }

    fn client(
        &mut self,
        before: Option<Client>,
        entry: &mut Entry<ClientInput>,
        wanted: Registration,
        id: String,
    ) {
        let secret = entry.secret.take();
        let place = Some(entry.place());
        let Some(before) = before else {
            let mut fields = difference(&Map::new(), &members(&entry.input));
            fields.retain(|change| change.field != "client_id");
            fields.extend(secret.as_ref().map(secret_change));
            let work = Work::CreateClient(Box::new(wanted), secret);
            self.step(Action::Create, Kind::Client, id, place, fields, work);
            return;
        };
        let after = replaced(&before, &wanted);
        let mut fields =
            difference(&members(&ClientInput::from(&before)), &members(&ClientInput::from(&after)));
        // The one that it has already is no change, unless it has to be known and only its hash is.
        let secret = secret.filter(|secret| {
            before.secret_hash.as_deref() != Some(sha256_hex(&secret.text).as_str())
                || after.metadata.needs_secret_as_key() && before.sealed_secret.is_none()
        });
        fields.extend(secret.as_ref().map(secret_change));
        if fields.is_empty() {
            self.plan.unchanged += 1;
        } else {
            let work = Work::ChangeClient(Box::new(before), Box::new(wanted), secret);
            self.step(Action::Change, Kind::Client, id, place, fields, work);
        }
    }

    fn groups(&mut self, standing: Vec<Group>, wanted: Vec<Entry<GroupInput>>) {
        // A name is one group's in any case; names are ASCII.
        let mut standing: BTreeMap<String, Group> =
            standing.into_iter().map(|group| (group.name.to_ascii_lowercase(), group)).collect();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for entry in wanted {
            let wanted = match group::check(&entry.input) {
                Ok(wanted) => wanted,
                Err(problems) => {
                    self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                    continue;
                }
            };
            let (key, name) = (wanted.name.to_ascii_lowercase(), wanted.name.clone());
            if let Some(place) = places.insert(key.clone(), entry.place()) {
                self.complaints.push(entry.whole(format_args!("name: {name} stands at {place} already")));
                continue;
            }
            let place = Some(entry.place());
            let Some(before) = standing.remove(&key) else {
                let mut fields = difference(&Map::new(), &members(&entry.input));
                fields.retain(|change| change.field != "name");
                self.step(Action::Create, Kind::Group, name, place, fields, Work::CreateGroup(wanted));
                continue;
            };
            let after = Group {
                name: wanted.name.clone(),
                description: wanted.description.clone(),
                least_acr: wanted.least_acr,
                ..before.clone()
            };
            let fields =
                difference(&members(&GroupInput::from(&before)), &members(&GroupInput::from(&after)));
            if fields.is_empty() {
                self.plan.unchanged += 1;
            } else {
                self.step(
                    Action::Change,
                    Kind::Group,
                    name,
                    place,
                    fields,
                    Work::ChangeGroup(before, wanted),
                );
            }
        }
        for group in standing.into_values() {
            self.not_named(Kind::Group, group.name.clone(), Work::DeleteGroup(group));
        }
    }

    fn scopes(&mut self, standing: &Definitions, wanted: Vec<Entry<ScopeInput>>) {
        let mut standing: BTreeMap<&str, &ScopeDefinition> =
            standing.iter().map(|scope| (scope.name.as_str(), scope)).collect();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        let mut count = how_many(standing.len());
        let mut last = None;
        for entry in wanted {
            let name = entry.input.name.as_deref().unwrap_or_default().trim().to_owned();
            let before = standing.remove(name.as_str()).cloned();
            let wanted = match scope_definition::check(&entry.input, before.as_ref()) {
                Ok(wanted) => wanted,
                Err(problems) => {
                    self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                    continue;
                }
            };
            if let Some(place) = places.insert(name.clone(), entry.place()) {
                self.complaints.push(entry.whole(format_args!("name: {name} stands at {place} already")));
                continue;
            }
            let place = Some(entry.place());
            let Some(before) = before else {
                count += 1;
                let mut fields = difference(&Map::new(), &members(&entry.input));
                fields.retain(|change| change.field != "name");
                let work = Work::CreateScope(Box::new(wanted));
                self.step(Action::Create, Kind::Scope, name, place, fields, work);
                last = Some(entry);
                continue;
            };
            let after = scopes::changed(self.app, &before, wanted.clone());
            let fields =
                difference(&members(&ScopeInput::from(&before)), &members(&ScopeInput::from(&after)));
            if fields.is_empty() {
                self.plan.unchanged += 1;
            } else {
                let work = Work::ChangeScope(Box::new(before), Box::new(wanted));
                self.step(Action::Change, Kind::Scope, name, place, fields, work);
            }
        }
        for scope in standing.into_values() {
            count -= i64::from(self.prune);
            self.not_named(Kind::Scope, scope.name.clone(), Work::DeleteScope(Box::new(scope.clone())));
        }
        self.bounded(count, MOST_DEFINITIONS, last.as_ref(), "scopes");
    }

    fn webhooks(&mut self, standing: Vec<Webhook>, wanted: Vec<Entry<WebhookInput>>) {
        let mut known: BTreeMap<String, Vec<Webhook>> = BTreeMap::new();
        let mut count = how_many(standing.len());
        for webhook in standing {
            known.entry(webhook.url.clone()).or_default().push(webhook);
        }
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        let mut last = None;
        for entry in wanted {
            let wanted = match webhooks::check(self.app, &entry.input) {
                Ok(wanted) => wanted,
                Err(Refusal::Invalid(problems)) => {
                    self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                    continue;
                }
                Err(other) => {
                    self.complaints.push(entry.whole(other));
                    continue;
                }
            };
            if let Some(place) = places.insert(wanted.url.clone(), entry.place()) {
                self.complaints
                    .push(entry.whole(format_args!("url: the same one stands at {place} already")));
                continue;
            }
            let (place, id) = (Some(entry.place()), called(&wanted.url, &wanted.description));
            let mut same = known.remove(&wanted.url).unwrap_or_default();
            if same.len() > 1 {
                let message = "url: several webhooks have this address: which one is meant, no file can say";
                self.complaints.push(entry.whole(message));
                continue;
            }
            let Some(before) = same.pop() else {
                count += 1;
                let mut fields = difference(&Map::new(), &members(&entry.input));
                fields.retain(|change| change.field != "url");
                self.step(Action::Create, Kind::Webhook, id, place, fields, Work::CreateWebhook(wanted));
                last = Some(entry);
                continue;
            };
            let after = webhooks::changed(self.app, &before, wanted.clone());
            let fields =
                difference(&members(&WebhookInput::from(&before)), &members(&WebhookInput::from(&after)));
            if fields.is_empty() {
                self.plan.unchanged += 1;
            } else {
                let work = Work::ChangeWebhook(Box::new(before), wanted);
                self.step(Action::Change, Kind::Webhook, id, place, fields, work);
            }
        }
        for webhook in known.into_values().flatten() {
            count -= i64::from(self.prune);
            let id = called(&webhook.url, &webhook.description);
            self.not_named(Kind::Webhook, id, Work::DeleteWebhook(Box::new(webhook)));
        }
        self.bounded(count, MOST_WEBHOOKS, last.as_ref(), "webhooks");
    }

    fn branding(&mut self, standing: StoredBranding, wanted: Vec<Entry<BrandingInput>>) {
        let (before, id) = (readable(&standing), "branding".to_owned());
        let mut wanted = wanted.into_iter();
        let Some(entry) = wanted.next() else {
            if standing.input != BrandingInput::default() {
                let work = Work::Rebrand(Box::new(standing), Choices::default());
                self.not_named(Kind::Branding, id, work);
            }
            return;
        };
        for another in wanted {
            self.complaints.push(another.whole(format_args!("branding stands at {} already", entry.place())));
        }
        let after = match looks::check(&entry.input) {
            Ok(after) => after,
            Err(problems) => {
                self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                return;
            }
        };
        let fields = difference(&shown_members(&before), &shown_members(&after));
        if fields.is_empty() {
            self.plan.unchanged += 1;
            return;
        }
        let action = if before.is_empty() { Action::Create } else { Action::Change };
        let work = Work::Rebrand(Box::new(standing), after);
        self.step(action, Kind::Branding, id, Some(entry.place()), fields, work);
    }

    async fn upstreams(
        &mut self,
        standing: Vec<Arc<Standing>>,
        wanted: Vec<Entry<ProviderInput>>,
    ) -> Result<(), Failure> {
        let mut standing: BTreeMap<String, Arc<Standing>> =
            standing.into_iter().map(|one| (one.row.id.clone(), one)).collect();
        let mut count = how_many(standing.len());
        let mut last = None;
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for entry in wanted {
            let id = entry.input.id.clone().or_else(|| entry.input.preset.clone()).unwrap_or_default();
            if let Some(place) = places.insert(id.clone(), entry.place()) {
                self.complaints.push(entry.whole(format_args!("id: {id} stands at {place} already")));
                continue;
            }
            let before = standing.remove(&id);
            let checked = match &before {
                Some(before) => providers::check_change(self.app, before, &entry.input, false),
                None => providers::check_new(self.app, &entry.input),
            };
            let checked = match checked {
                Ok(wanted) => {
                    let kept =
                        providers::keeps_links(self.app, &entry.input, &wanted.described, before.as_deref());
                    kept.await.map(|()| wanted)
                }
                Err(refusal) => Err(refusal),
            };
            let wanted = match checked {
                Ok(wanted) => wanted,
                Err(Refusal::Invalid(problems)) => {
                    self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            let secret = entry.secret.as_ref().filter(|_| wanted.new_proof).map(|secret| FieldChange {
                field: if entry.input.private_key.is_some() { "private_key" } else { "client_secret" }
                    .to_owned(),
                ..secret_change(secret)
            });
            let (place, after) = (Some(entry.place()), members(&ProviderInput::from(&wanted.described)));
            let Some(before) = before else {
                count += 1;
                let mut fields = difference(&Map::new(), &after);
                fields.retain(|change| change.field != "id");
                fields.extend(secret);
                let work = Work::CreateUpstream(Box::new(wanted));
                self.step(Action::Create, Kind::Upstream, id, place, fields, work);
                last = Some(entry);
                continue;
            };
            if wanted.is(&before) {
                self.plan.unchanged += 1;
                continue;
            }
            let mut fields = difference(&members(&before.input), &after);
            fields.extend(secret);
            let work = Work::ChangeUpstream(before, Box::new(wanted));
            self.step(Action::Change, Kind::Upstream, id, place, fields, work);
        }
        for (id, one) in standing {
            count -= i64::from(self.prune);
            self.not_named(Kind::Upstream, id, Work::DeleteUpstream(one));
        }
        self.bounded(count, MOST_UPSTREAMS, last.as_ref(), "providers");
        Ok(())
    }

    /// Refuses more of a kind than there may be, at the last entry that would make one.
    fn bounded<T>(&mut self, count: i64, most: i64, last: Option<&Entry<T>>, what: &str) {
        if let Some(entry) = last.filter(|_| count > most) {
            self.complaints.push(entry.whole(format_args!("there may be {most} {what} at most")));
        }
    }

    fn not_named(&mut self, kind: Kind, id: String, work: Work) {
        if self.prune {
            self.step(Action::Delete, kind, id, None, Vec::new(), work);
        } else {
            self.plan.unmanaged.push(Unmanaged { kind, id });
        }
    }

    fn step(
        &mut self,
        action: Action,
        kind: Kind,
        id: String,
        place: Option<String>,
        fields: Vec<FieldChange>,
        work: Work,
    ) {
        self.plan.steps.push(Step { action, kind, id, place, fields, work });
    }
}

fn how_many(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// What people call a webhook: an address may be a secret.
fn called(url: &str, description: &str) -> String {
    let host = host_of(url);
    if description.is_empty() { host.to_owned() } else { format!("{host} ({description})") }
}

/// What is chosen, with an image by its kind and size.
fn shown_members(choices: &Choices) -> Map<String, Value> {
    let mut members = members(&BrandingInput::from(choices));
    if let (Some(member), Some(logo)) = (members.get_mut("logo"), &choices.logo) {
        *member = Value::String(branding::image(logo));
    }
    members
}

/// A client with another registration.
fn replaced(before: &Client, wanted: &Registration) -> Client {
    Client { disabled: wanted.disabled, metadata: wanted.metadata.clone(), ..before.clone() }
}

/// Where a secret comes from is all that is told of it.
fn secret_change(secret: &Secret) -> FieldChange {
    FieldChange {
        field: "client_secret".to_owned(),
        before: None,
        after: Some(Value::String(format!("from the {}", secret.source))),
    }
}

/// What an input says; what is empty says nothing.
fn members<T: Serialize>(input: &T) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(input) else { return Map::new() };
    members.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    });
    members
}

fn difference(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

/// Carries a plan out: all of it in one transaction, each step with its entry in the audit log. Answers the secrets that
/// were made up: for clients that came to need one and whose files name none, and for webhooks.
///
/// # Errors
/// [`Failure::Drifted`] when anything changed since the plan was made; else as any other edit.
#[expect(clippy::too_many_lines, reason = "one arm for each sort of step")]
pub async fn apply(app: &App, origin: &Origin, plan: Plan) -> Result<Vec<NewSecret>, Failure> {
    let mut edits = Vec::new();
    let mut secrets = Vec::new();
    for step in plan.steps {
        let edit = match step.work {
            Work::CreateClient(wanted, secret) => {
                let mut issued = clients::made(app, *wanted, None).await?;
                if let Some(secret) = secret {
                    take_secret(app, &mut issued.client, &secret.text)?;
                    issued.secret = None;
                }
                remember(&mut secrets, &issued.client, issued.secret);
                let client = issued.client;
                let name = format!("{} (from files)", client.metadata.client_name);
                let audit = app.audit(origin, "client.create", clients::target(&client.id), name);
                Edit { what: What::InsertClient(Box::new(client)), audit }
            }
            Work::ChangeClient(before, wanted, secret) => {
                app.keys.ready_for(&app.store, &wanted.metadata, &app.clock).await.map_err(Refusal::from)?;
                let mut after =
                    Client { updated_at: next_version(app, before.updated_at), ..replaced(&before, &wanted) };
                let told = if secret.is_some() { " client_secret" } else { "" };
                if let Some(secret) = secret {
                    take_secret(app, &mut after, &secret.text)?;
                } else {
                    let made = keep_or_give_secret(app, &mut after)?;
                    remember(&mut secrets, &after, made);
                }
                let detail = changes(&ClientInput::from(&*before), &ClientInput::from(&after));
                let detail = format!("{detail}{told} (from files)");
                let audit = app.audit(origin, "client.update", clients::target(&after.id), detail);
                Edit { what: What::UpdateClient(Box::new(after), before.updated_at), audit }
            }
            Work::DeleteClient(client) => {
                let audit = app.audit(origin, "client.delete", clients::target(&client.id), "(from files)");
                Edit { what: What::DeleteClient(client.id, client.updated_at), audit }
            }
            Work::CreateGroup(wanted) => {
                let group = groups::made(app, wanted);
                let detail = format!("{} (from files)", groups::summary(&group));
                let audit = app.audit(origin, "group.create", groups::target(&group.id), detail);
                Edit { what: What::InsertGroup(group), audit }
            }
            Work::ChangeGroup(before, wanted) => {
                let after = groups::changed(app, &before, wanted);
                let detail = format!("{} (from files)", groups::difference(&before, &after));
                let audit = app.audit(origin, "group.update", groups::target(&after.id), detail);
                Edit { what: What::UpdateGroup(after, before.updated_at), audit }
            }
            Work::DeleteGroup(group) => {
                let detail = format!("{} (from files)", group.name);
                let audit = app.audit(origin, "group.delete", groups::target(&group.id), detail);
                Edit { what: What::DeleteGroup(group.id, group.updated_at), audit }
            }
            Work::CreateScope(wanted) => {
                let scope = scopes::made(app, *wanted);
                let detail = format!("{} (from files)", scopes::summary(&scope));
                let audit = app.audit(origin, "scope.create", scopes::target(&scope.name), detail);
                Edit { what: What::InsertScope(Box::new(scope)), audit }
            }
            Work::ChangeScope(before, wanted) => {
                let after = scopes::changed(app, &before, *wanted);
                let detail = format!("{} (from files)", scopes::difference(&before, &after));
                let audit = app.audit(origin, "scope.update", scopes::target(&after.name), detail);
                Edit { what: What::UpdateScope(Box::new(after), before.updated_at), audit }
            }
            Work::DeleteScope(scope) => {
                let detail = format!("{} (from files)", scopes::summary(&scope));
                let audit = app.audit(origin, "scope.delete", scopes::target(&scope.name), detail);
                Edit { what: What::DeleteScope(scope.name, scope.updated_at), audit }
            }
            Work::CreateWebhook(wanted) => {
                let webhooks::Issued { webhook, secret } = webhooks::made(app, wanted).await?;
                let name = called(&webhook.url, &webhook.description);
                let detail = format!("{} (from files)", host_of(&webhook.url));
                let audit = app.audit(origin, "webhook.create", webhooks::target(&webhook.id), detail);
                secrets.extend(secret.map(|webhook_secret| NewSecret::Webhook {
                    webhook_id: webhook.id.clone(),
                    webhook: name,
                    webhook_secret,
                }));
                Edit { what: What::InsertWebhook(Box::new(webhook)), audit }
            }
            Work::ChangeWebhook(before, wanted) => {
                let after = webhooks::changed(app, &before, wanted);
                let detail = changes(&WebhookInput::from(&*before), &WebhookInput::from(&after));
                let detail = format!("{detail} (from files)");
                let audit = app.audit(origin, "webhook.update", webhooks::target(&after.id), detail);
                Edit { what: What::UpdateWebhook(Box::new(after), before.updated_at), audit }
            }
            Work::DeleteWebhook(webhook) => {
                let detail = format!("{} (from files)", host_of(&webhook.url));
                let audit = app.audit(origin, "webhook.delete", webhooks::target(&webhook.id), detail);
                Edit { what: What::DeleteWebhook(webhook.id, webhook.updated_at), audit }
            }
            Work::Rebrand(before, choices) => {
                let detail = format!("{} (from files)", branding::told(&before, &choices));
                let audit = app.audit(origin, "branding.update", branding::TARGET.to_owned(), detail);
                let after = branding::changed(app, &before, &choices);
                Edit { what: What::UpdateBranding(Box::new(after), before.updated_at), audit }
            }
            Work::CreateUpstream(wanted) => {
                let row = providers::new_row(app, &wanted)?;
                let detail = format!("{} (from files)", providers::summary(&wanted.described));
                let audit = app.audit(origin, "upstream.create", providers::target(&row.id), detail);
                Edit { what: What::InsertUpstream(row), audit }
            }
            Work::ChangeUpstream(before, wanted) => {
                let (row, detail) = providers::changed_row(app, &before, &wanted)?;
                let detail = format!("{detail} (from files)");
                let audit = app.audit(origin, "upstream.update", providers::target(&row.id), detail);
                Edit { what: What::UpdateUpstream(row, Timestamp(before.row.updated_at)), audit }
            }
            Work::DeleteUpstream(before) => {
                let detail = format!("{} (from files)", providers::name_of(&before));
                let audit = app.audit(origin, "upstream.delete", providers::target(&before.row.id), detail);
                let read_at = Timestamp(before.row.updated_at);
                Edit { what: What::DeleteUpstream(before.row.id.clone(), read_at), audit }
            }
        };
        edits.push(edit);
    }
    if edits.is_empty() {
        return Ok(secrets);
    }
    match app.store.apply_configuration(&plan.seen, &edits).await {
        Ok(true) => {
            if edits.iter().any(|edit| matches!(edit.what, What::UpdateBranding(..))) {
                branding::now_shown(app).await;
            }
            Ok(secrets)
        }
        // Somebody took the id or the name in between.
        Ok(false) | Err(StoreError::Taken(_)) => Err(Failure::Drifted),
        Err(error) => Err(error.into()),
    }
}

fn remember(secrets: &mut Vec<NewSecret>, client: &Client, secret: Option<String>) {
    secrets.extend(
        secret.map(|client_secret| NewSecret::Client { client_id: client.id.to_string(), client_secret }),
    );
}
