//! What differs between the files and the database, one sort of thing after the other.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::files::Entry;
use super::{
    Action, Complaint, Failure, FieldChange, Kind, Plan, Secret, Step, Unmanaged, Work, called, replaced,
};
use crate::admin::{Refusal, branding, clients, providers, scopes, webhooks};
use crate::app::App;
use crate::authn::upstream::Standing;
use crate::branding::{self as looks, BrandingInput, Choices, readable};
use crate::protocol::client::Client;
use crate::protocol::group::{self, Group, GroupInput};
use crate::protocol::provider::ProviderInput;
use crate::protocol::registration::{self, ClientInput, FieldProblem, Registration};
use crate::protocol::scope_definition::{self, Definitions, MOST_DEFINITIONS, ScopeDefinition, ScopeInput};
use crate::protocol::secret::{acceptable_client_secret, sha256_hex};
use crate::protocol::webhook::{Webhook, WebhookInput};
use crate::store::{MOST_UPSTREAMS, MOST_WEBHOOKS, StoredBranding};

/// A plan in the making.
pub(super) struct Comparison<'a> {
    pub app: &'a App,
    pub plan: Plan,
    /// What is wrong with the files.
    pub complaints: Vec<Complaint>,
    /// Is deleted what no file names?
    pub prune: bool,
}

/// What a step is about.
struct Thing {
    kind: Kind,
    id: String,
    place: String,
}

/// Where each thing stands that was met already.
type Places = BTreeMap<String, String>;

impl Comparison<'_> {
    pub async fn clients(
        &mut self,
        standing: Vec<Client>,
        wanted: Vec<Entry<ClientInput>>,
    ) -> Result<(), Failure> {
        let mut standing: BTreeMap<String, Client> =
            standing.into_iter().map(|client| (client.id.to_string(), client)).collect();
        let mut places = Places::new();
        for mut entry in wanted {
            let registration = registration::check(&entry.input, clients::policy(self.app));
            let Some(registration) = self.judged(&entry, registration) else { continue };
            let Some(id) = registration.client_id.as_ref().map(ToString::to_string) else {
                self.complain(&entry, "client_id: every client in a file needs one");
                continue;
            };
            if !self.is_first(&mut places, &entry, &id, &format!("client_id: {id}")) {
                continue;
            }
            let before = standing.remove(&id);
            if before.is_none() && self.app.store.asked_anew().client(&id.as_str().into()).await?.is_some() {
                self.complain(
                    &entry,
                    format_args!("client_id: {id} registered itself, and is not kept in files"),
                );
                continue;
            }
            if self.fits(before.as_ref(), &entry, &registration).await? {
                self.client(before, &mut entry, registration, id);
            }
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
        let stands = clients::may_stand(self.app, before, &wanted.metadata).await;
        Ok(self.allowed(entry, stands)?.is_some())
    }

    fn client(
        &mut self,
        before: Option<Client>,
        entry: &mut Entry<ClientInput>,
        wanted: Registration,
        id: String,
    ) {
        let secret = entry.secret.take();
        let thing = Thing { kind: Kind::Client, id, place: entry.place() };
        let Some(before) = before else {
            let told = secret.as_ref().map(secret_change);
            let work = Work::CreateClient(Box::new(wanted), secret);
            return self.is_new(thing, "client_id", &members(&entry.input), told, work);
        };
        let after = replaced(&before, &wanted);
        let said = [members(&ClientInput::from(&before)), members(&ClientInput::from(&after))];
        // The one that it has already is no change, unless it has to be known and only its hash is.
        let secret = secret.filter(|secret| {
            before.secret_hash.as_deref() != Some(sha256_hex(&secret.text).as_str())
                || after.metadata.needs_secret_as_key() && before.sealed_secret.is_none()
        });
        let told = secret.as_ref().map(secret_change);
        self.is_known(thing, &said, told, Work::ChangeClient(Box::new(before), Box::new(wanted), secret));
    }

    pub fn groups(&mut self, standing: Vec<Group>, wanted: Vec<Entry<GroupInput>>) {
        // A name is one group's in any case; names are ASCII.
        let mut standing: BTreeMap<String, Group> =
            standing.into_iter().map(|group| (group.name.to_ascii_lowercase(), group)).collect();
        let mut places = Places::new();
        for entry in wanted {
            let Some(wanted) = self.judged(&entry, group::check(&entry.input)) else { continue };
            let (key, id) = (wanted.name.to_ascii_lowercase(), wanted.name.clone());
            if !self.is_first(&mut places, &entry, &key, &format!("name: {id}")) {
                continue;
            }
            let thing = Thing { kind: Kind::Group, id, place: entry.place() };
            let Some(before) = standing.remove(&key) else {
                self.is_new(thing, "name", &members(&entry.input), None, Work::CreateGroup(wanted));
                continue;
            };
            let after = Group {
                name: wanted.name.clone(),
                description: wanted.description.clone(),
                least_acr: wanted.least_acr,
                ..before.clone()
            };
            let said = [members(&GroupInput::from(&before)), members(&GroupInput::from(&after))];
            self.is_known(thing, &said, None, Work::ChangeGroup(before, wanted));
        }
        for group in standing.into_values() {
            self.not_named(Kind::Group, group.name.clone(), Work::DeleteGroup(group));
        }
    }

    pub fn scopes(&mut self, standing: &Definitions, wanted: Vec<Entry<ScopeInput>>) {
        let mut known: BTreeMap<&str, &ScopeDefinition> =
            standing.iter().map(|scope| (scope.name.as_str(), scope)).collect();
        let mut places = Places::new();
        let mut newest = None;
        for entry in wanted {
            let id = entry.input.name.as_deref().unwrap_or_default().trim().to_owned();
            let before = known.remove(id.as_str()).cloned();
            let checked = scope_definition::check(&entry.input, before.as_ref());
            let Some(wanted) = self.judged(&entry, checked) else { continue };
            if !self.is_first(&mut places, &entry, &id, &format!("name: {id}")) {
                continue;
            }
            let thing = Thing { kind: Kind::Scope, id, place: entry.place() };
            let Some(before) = before else {
                newest = Some(too_many(&entry, MOST_DEFINITIONS, "scopes"));
                let work = Work::CreateScope(Box::new(wanted));
                self.is_new(thing, "name", &members(&entry.input), None, work);
                continue;
            };
            let after = scopes::changed(self.app, &before, wanted.clone());
            let said = [members(&ScopeInput::from(&before)), members(&ScopeInput::from(&after))];
            self.is_known(thing, &said, None, Work::ChangeScope(Box::new(before), Box::new(wanted)));
        }
        for scope in known.into_values() {
            self.not_named(Kind::Scope, scope.name.clone(), Work::DeleteScope(Box::new(scope.clone())));
        }
        self.bounded(Kind::Scope, standing.iter().count(), MOST_DEFINITIONS, newest);
    }

    pub fn webhooks(
        &mut self,
        standing: Vec<Webhook>,
        wanted: Vec<Entry<WebhookInput>>,
    ) -> Result<(), Failure> {
        let count = standing.len();
        let mut known: BTreeMap<String, Vec<Webhook>> = BTreeMap::new();
        for webhook in standing {
            known.entry(webhook.url.clone()).or_default().push(webhook);
        }
        let mut places = Places::new();
        let mut newest = None;
        for entry in wanted {
            let checked = webhooks::check(self.app, &entry.input);
            let Some(wanted) = self.allowed(&entry, checked)? else { continue };
            if !self.is_first(&mut places, &entry, &wanted.url, "url: the same one") {
                continue;
            }
            let mut same = known.remove(&wanted.url).unwrap_or_default();
            if same.len() > 1 {
                let message = "url: several webhooks have this address: which one is meant, no file can say";
                self.complain(&entry, message);
                continue;
            }
            let id = called(&wanted.url, &wanted.description);
            let thing = Thing { kind: Kind::Webhook, id, place: entry.place() };
            let Some(before) = same.pop() else {
                newest = Some(too_many(&entry, MOST_WEBHOOKS, "webhooks"));
                self.is_new(thing, "url", &members(&entry.input), None, Work::CreateWebhook(wanted));
                continue;
            };
            let after = webhooks::changed(self.app, &before, wanted.clone());
            let said = [members(&WebhookInput::from(&before)), members(&WebhookInput::from(&after))];
            self.is_known(thing, &said, None, Work::ChangeWebhook(Box::new(before), wanted));
        }
        for webhook in known.into_values().flatten() {
            let id = called(&webhook.url, &webhook.description);
            self.not_named(Kind::Webhook, id, Work::DeleteWebhook(Box::new(webhook)));
        }
        self.bounded(Kind::Webhook, count, MOST_WEBHOOKS, newest);
        Ok(())
    }

    pub fn branding(&mut self, standing: StoredBranding, wanted: Vec<Entry<BrandingInput>>) {
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
            self.complain(&another, format_args!("branding stands at {} already", entry.place()));
        }
        let Some(after) = self.judged(&entry, looks::check(&entry.input)) else { return };
        let thing = Thing { kind: Kind::Branding, id, place: entry.place() };
        let said = [shown_members(&before), shown_members(&after)];
        let work = Work::Rebrand(Box::new(standing), after);
        if before.is_empty() && !said[1].is_empty() {
            self.is_new(thing, "", &said[1], None, work);
        } else {
            self.is_known(thing, &said, None, work);
        }
    }

    pub async fn upstreams(
        &mut self,
        standing: Vec<Arc<Standing>>,
        wanted: Vec<Entry<ProviderInput>>,
    ) -> Result<(), Failure> {
        let count = standing.len();
        let mut standing: BTreeMap<String, Arc<Standing>> =
            standing.into_iter().map(|one| (one.row.id.clone(), one)).collect();
        let mut places = Places::new();
        let mut newest = None;
        for entry in wanted {
            let id = entry.input.id.clone().or_else(|| entry.input.preset.clone()).unwrap_or_default();
            if !self.is_first(&mut places, &entry, &id, &format!("id: {id}")) {
                continue;
            }
            let before = standing.remove(&id);
            let checked = match &before {
                Some(before) => providers::check_change(self.app, before, &entry.input, false),
                None => providers::check_new(self.app, &entry.input),
            };
            let Some(wanted) = self.allowed(&entry, checked)? else { continue };
            let kept = providers::keeps_links(self.app, &entry.input, &wanted.described, before.as_deref());
            if self.allowed(&entry, kept.await)?.is_none() {
                continue;
            }
            let secret = entry.secret.as_ref().filter(|_| wanted.new_proof).map(|secret| FieldChange {
                field: if entry.input.private_key.is_some() { "private_key" } else { "client_secret" }
                    .to_owned(),
                ..secret_change(secret)
            });
            let after = members(&ProviderInput::from(&wanted.described));
            let thing = Thing { kind: Kind::Upstream, id, place: entry.place() };
            match before {
                None => {
                    newest = Some(too_many(&entry, MOST_UPSTREAMS, "providers"));
                    self.is_new(thing, "id", &after, secret, Work::CreateUpstream(Box::new(wanted)));
                }
                Some(before) if wanted.is(&before) => self.plan.unchanged += 1,
                Some(before) => {
                    let said = [members(&before.input), after];
                    let work = Work::ChangeUpstream(before, Box::new(wanted));
                    self.differs(thing, &said, secret, work);
                }
            }
        }
        for (id, one) in standing {
            self.not_named(Kind::Upstream, id, Work::DeleteUpstream(one));
        }
        self.bounded(Kind::Upstream, count, MOST_UPSTREAMS, newest);
        Ok(())
    }

    fn complain<T>(&mut self, entry: &Entry<T>, message: impl Display) {
        self.complaints.push(entry.whole(message));
    }

    /// What a rule made of an entry; none where it is broken, which is complained about.
    fn judged<T, V>(&mut self, entry: &Entry<T>, judged: Result<V, Vec<FieldProblem>>) -> Option<V> {
        let complain = |problems: Vec<FieldProblem>| {
            self.complaints.extend(problems.iter().map(|problem| entry.complaint(problem)));
        };
        judged.map_err(complain).ok()
    }

    /// The same of what may fail otherwise, too.
    fn allowed<T, V>(&mut self, entry: &Entry<T>, allowed: Result<V, Refusal>) -> Result<Option<V>, Failure> {
        match allowed {
            Ok(value) => Ok(Some(value)),
            Err(Refusal::Invalid(problems)) => Ok(self.judged(entry, Err(problems))),
            Err(other) => Err(other.into()),
        }
    }

    /// Is it the first one that is called so?
    fn is_first<T>(&mut self, places: &mut Places, entry: &Entry<T>, key: &str, what: &str) -> bool {
        let known = places.insert(key.to_owned(), entry.place());
        if let Some(place) = &known {
            self.complain(entry, format_args!("{what} stands at {place} already"));
        }
        known.is_none()
    }

    /// Something of the files only. What it is called by is no field of it.
    fn is_new(
        &mut self,
        thing: Thing,
        called_by: &str,
        said: &Map<String, Value>,
        secret: Option<FieldChange>,
        work: Work,
    ) {
        let mut fields = difference(&Map::new(), said);
        fields.retain(|change| change.field != called_by);
        fields.extend(secret);
        self.step(Action::Create, thing, fields, work);
    }

    /// Something of both, and what each says.
    fn is_known(
        &mut self,
        thing: Thing,
        said: &[Map<String, Value>; 2],
        secret: Option<FieldChange>,
        work: Work,
    ) {
        if said[0] == said[1] && secret.is_none() {
            self.plan.unchanged += 1;
        } else {
            self.differs(thing, said, secret, work);
        }
    }

    fn differs(
        &mut self,
        thing: Thing,
        [before, after]: &[Map<String, Value>; 2],
        secret: Option<FieldChange>,
        work: Work,
    ) {
        let mut fields = difference(before, after);
        fields.extend(secret);
        self.step(Action::Change, thing, fields, work);
    }

    fn step(&mut self, action: Action, thing: Thing, fields: Vec<FieldChange>, work: Work) {
        let Thing { kind, id, place } = thing;
        self.plan.steps.push(Step { action, kind, id, place: Some(place), fields, work });
    }

    /// Something of the database only.
    fn not_named(&mut self, kind: Kind, id: String, work: Work) {
        if self.prune {
            let step = Step { action: Action::Delete, kind, id, place: None, fields: Vec::new(), work };
            self.plan.steps.push(step);
        } else {
            self.plan.unmanaged.push(Unmanaged { kind, id });
        }
    }

    /// Refuses more of a kind than there may be, with the complaint about the last one that would be made.
    fn bounded(&mut self, kind: Kind, standing: usize, most: i64, newest: Option<Complaint>) {
        let of =
            |action| self.plan.steps.iter().filter(|step| step.kind == kind && step.action == action).count();
        let count = (standing + of(Action::Create)).saturating_sub(of(Action::Delete));
        self.complaints.extend(newest.filter(|_| i64::try_from(count).is_ok_and(|count| count > most)));
    }
}

fn too_many<T>(entry: &Entry<T>, most: i64, what: &str) -> Complaint {
    entry.whole(format_args!("there may be {most} {what} at most"))
}

/// What is chosen, with an image by its kind and size.
fn shown_members(choices: &Choices) -> Map<String, Value> {
    let mut members = members(&BrandingInput::from(choices));
    if let (Some(member), Some(logo)) = (members.get_mut("logo"), &choices.logo) {
        *member = Value::String(branding::image(logo));
    }
    members
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
