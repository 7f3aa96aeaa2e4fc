//! Configuration as code: the clients, groups, scopes, webhooks and upstream providers of a deployment, and how it looks, as files
//! in a folder. [`plan`] says what differs, which is also what drifted; [`apply()`] makes it so, all of it or nothing. Every rule
//! is that of the other ways in: the files only say the same inputs.
//!
//! A client that registered itself is its own: it is neither written out nor touched.

mod apply;
mod compare;
mod export;
mod files;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

pub use self::apply::apply;
use self::compare::Comparison;
pub use self::export::{Exported, export, texts, write};
pub use self::files::{Complaint, Environment, Secret};
use super::{Refusal, providers};
use crate::app::App;
use crate::authn::upstream::Standing;
use crate::branding::Choices;
use crate::protocol::client::Client;
use crate::protocol::group::{self, Group};
use crate::protocol::registration::Registration;
use crate::protocol::scope_definition::{self, ScopeDefinition};
use crate::protocol::webhook::{self, Webhook, host_of};
use crate::store::{StoreError, StoredBranding, StoredUpstream, Versions};

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
    let mut comparison = Comparison {
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
    comparison.clients(clients, wanted.clients).await?;
    comparison.groups(groups, wanted.groups);
    comparison.scopes(&scopes, wanted.scopes);
    comparison.webhooks(webhooks, wanted.webhooks)?;
    comparison.branding(branding, wanted.branding);
    comparison.upstreams(upstreams, wanted.upstreams).await?;
    if !comparison.complaints.is_empty() {
        return Err(Failure::Files(comparison.complaints));
    }
    let mut plan = comparison.plan;
    plan.steps.sort_by_key(|step| match step.action {
        Action::Delete => 0,
        Action::Change => 1,
        Action::Create => 2,
    });
    Ok(plan)
}

/// What people call a webhook: an address may be a secret.
fn called(url: &str, description: &str) -> String {
    let host = host_of(url);
    if description.is_empty() { host.to_owned() } else { format!("{host} ({description})") }
}

/// A client with another registration.
fn replaced(before: &Client, wanted: &Registration) -> Client {
    Client { disabled: wanted.disabled, metadata: wanted.metadata.clone(), ..before.clone() }
}
