//! Configuration as code: many clients, groups, scopes, webhooks and upstream providers written in one transaction, or none of them.

use std::collections::BTreeMap;

use super::audit::write_audit;
use super::branding::{StoredBranding, update_branding};
use super::changes::Topic;
use super::client::{ClientRow, insert_client, to_json, update_client, write_origins};
use super::group::{GroupRow, insert_group, update_group};
use super::scope::{delete_scope, insert_scope, update_scope};
use super::upstream::{StoredUpstream, delete_upstream, insert_upstream, update_upstream};
use super::webhook::{delete_webhook, insert_webhook, update_webhook};
use super::{AuditEntry, Store, StoreError, in_transaction, on_db};
use crate::protocol::client::Client;
use crate::protocol::group::Group;
use crate::protocol::ids::{ClientId, GroupId};
use crate::protocol::scope_definition::{Definitions, ScopeDefinition};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::Webhook;

/// One thing to be written, with what says in the audit log that it was.
#[derive(Debug)]
pub struct Edit {
    /// What.
    pub what: What,
    /// Committed with it.
    pub audit: AuditEntry,
}

/// What an [`Edit`] does.
#[derive(Debug)]
pub enum What {
    /// Registers a client.
    InsertClient(Box<Client>),
    /// Writes a client, unless it changed since.
    UpdateClient(Box<Client>, Timestamp),
    /// Deletes a client with its consents and grants, unless it changed since.
    DeleteClient(ClientId, Timestamp),
    /// Adds a group.
    InsertGroup(Group),
    /// Writes a group, unless it changed since.
    UpdateGroup(Group, Timestamp),
    /// Deletes a group, unless it changed since.
    DeleteGroup(GroupId, Timestamp),
    /// Defines a scope.
    InsertScope(Box<ScopeDefinition>),
    /// Writes a scope, unless it changed since.
    UpdateScope(Box<ScopeDefinition>, Timestamp),
    /// Deletes a scope, unless it changed since.
    DeleteScope(String, Timestamp),
    /// Adds a webhook.
    InsertWebhook(Box<Webhook>),
    /// Writes a webhook, unless it changed since.
    UpdateWebhook(Box<Webhook>, Timestamp),
    /// Deletes a webhook, unless it changed since.
    DeleteWebhook(String, Timestamp),
    /// Registers an upstream provider.
    InsertUpstream(StoredUpstream),
    /// Writes an upstream provider, unless it changed since.
    UpdateUpstream(StoredUpstream, Timestamp),
    /// Deletes an upstream provider, unless it changed since.
    DeleteUpstream(String, Timestamp),
    /// Writes what administrators chose for how this server looks, unless it changed since.
    UpdateBranding(Box<StoredBranding>, Timestamp),
}

/// The clients that administrators registered, the groups, the scopes, the webhooks and the upstream providers, each by its id, and when it last changed (Unix
/// seconds); and when the branding was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    clients: BTreeMap<String, i64>,
    groups: BTreeMap<String, i64>,
    scopes: BTreeMap<String, i64>,
    webhooks: BTreeMap<String, i64>,
    branding: i64,
    upstreams: BTreeMap<String, i64>,
}

impl Versions {
    /// Those of what was read.
    #[must_use]
    pub fn of(clients: &[Client], groups: &[Group]) -> Self {
        Self {
            clients: clients.iter().map(|client| (client.id.to_string(), client.updated_at.0)).collect(),
            groups: groups.iter().map(|group| (group.id.to_string(), group.updated_at.0)).collect(),
            ..Self::default()
        }
    }

    /// And of these.
    #[must_use]
    pub fn and_scopes(self, scopes: &Definitions) -> Self {
        Self { scopes: scopes.iter().map(|scope| (scope.name.clone(), scope.updated_at.0)).collect(), ..self }
    }

    /// And those of these.
    #[must_use]
    pub fn and(self, webhooks: &[Webhook], upstreams: &[StoredUpstream], branding: &StoredBranding) -> Self {
        let webhooks = webhooks.iter().map(|webhook| (webhook.id.clone(), webhook.updated_at.0)).collect();
        let upstreams = upstreams.iter().map(|row| (row.id.clone(), row.updated_at)).collect();
        Self { webhooks, upstreams, branding: branding.updated_at.0, ..self }
    }
}

impl Edit {
    fn topic(&self) -> Option<Topic<'_>> {
        match &self.what {
            What::InsertClient(_)
            | What::InsertGroup(_)
            | What::InsertWebhook(_)
            | What::UpdateWebhook(..)
            | What::DeleteWebhook(..) => None,
            What::UpdateBranding(..) => Some(Topic::Branding),
            What::UpdateClient(client, _) => Some((&client.id).into()),
            What::DeleteClient(id, _) => Some(id.into()),
            What::UpdateGroup(..) | What::DeleteGroup(..) => Some(Topic::Groups),
            // That there is none is remembered, too.
            What::InsertScope(_) | What::UpdateScope(..) | What::DeleteScope(..) => Some(Topic::Scopes),
            What::InsertUpstream(_) | What::UpdateUpstream(..) | What::DeleteUpstream(..) => {
                Some(Topic::Upstreams)
            }
        }
    }
}

impl Store {
    /// The clients that administrators registered, in the order of registration, and every group by name.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn configuration(&self) -> Result<(Vec<Client>, Vec<Group>), StoreError> {
        const CLIENTS: &str =
            "SELECT * FROM clients WHERE registration_token_hash IS NULL ORDER BY created_at, id";
        const GROUPS: &str = "SELECT * FROM groups ORDER BY LOWER(name)";
        let clients: Vec<ClientRow> = on_db!(self, |db| sqlx::query_as(CLIENTS).fetch_all(db).await)?;
        let groups: Vec<GroupRow> = on_db!(self, |db| sqlx::query_as(GROUPS).fetch_all(db).await)?;
        Ok((
            clients.into_iter().map(Client::try_from).collect::<Result<_, _>>()?,
            groups.into_iter().map(Group::try_from).collect::<Result<_, _>>()?,
        ))
    }

    /// Carries out all of these edits, or none: answers whether everything was still as it was `seen`. Of several who do
    /// this at once, one is first and the others see what it left.
    ///
    /// # Errors
    /// The database is unavailable, or an id or a name is in use. Nothing was changed.
    pub async fn apply_configuration(&self, seen: &Versions, edits: &[Edit]) -> Result<bool, StoreError> {
        let mut topics: Vec<Topic<'_>> = Vec::new();
        for topic in edits.iter().filter_map(Edit::topic) {
            let of_all = matches!(topic, Topic::Groups | Topic::Scopes | Topic::Upstreams);
            if !of_all || !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        in_transaction!(self, changing topics, |tx| {
            // One row that every such change writes: on PostgreSQL the second waits here until the first is over, and
            // then reads what that one left.
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('configuration lock', '')
                 ON CONFLICT (name) DO UPDATE SET value = ''",
            )
            .execute(&mut *tx)
            .await?;
            let clients: Vec<(String, i64)> =
                sqlx::query_as("SELECT id, updated_at FROM clients WHERE registration_token_hash IS NULL")
                    .fetch_all(&mut *tx)
                    .await?;
            let groups: Vec<(String, i64)> =
                sqlx::query_as("SELECT id, updated_at FROM groups").fetch_all(&mut *tx).await?;
            let scopes: Vec<(String, i64)> =
                sqlx::query_as("SELECT name, updated_at FROM scopes").fetch_all(&mut *tx).await?;
            let webhooks: Vec<(String, i64)> =
                sqlx::query_as("SELECT id, updated_at FROM webhooks").fetch_all(&mut *tx).await?;
            let (branding,): (i64,) =
                sqlx::query_as("SELECT updated_at FROM branding WHERE id = 1").fetch_one(&mut *tx).await?;
            let upstreams: Vec<(String, i64)> =
                sqlx::query_as("SELECT id, updated_at FROM upstreams").fetch_all(&mut *tx).await?;
            let standing = Versions {
                clients: clients.into_iter().collect(),
                groups: groups.into_iter().collect(),
                scopes: scopes.into_iter().collect(),
                webhooks: webhooks.into_iter().collect(),
                upstreams: upstreams.into_iter().collect(),
                branding,
            };
            if standing != *seen {
                return Ok(false);
            }
            for Edit { what, audit } in edits {
                let written = match what {
                    What::InsertClient(client) => {
                        let metadata = to_json(client)?;
                        insert_client!(tx, client, metadata);
                        1
                    }
                    What::UpdateClient(client, read_at) => {
                        let metadata = to_json(client)?;
                        update_client!(tx, client, read_at, metadata)
                    }
                    What::DeleteClient(id, read_at) => {
                        sqlx::query("DELETE FROM clients WHERE id = $1 AND updated_at = $2")
                            .bind(id.as_str())
                            .bind(read_at.0)
                            .execute(&mut *tx)
                            .await?
                            .rows_affected()
                    }
                    What::InsertGroup(group) => {
                        insert_group!(tx, group);
                        1
                    }
                    What::UpdateGroup(group, read_at) => update_group!(tx, group, read_at),
                    What::DeleteGroup(id, read_at) => {
                        sqlx::query("DELETE FROM groups WHERE id = $1 AND updated_at = $2")
                            .bind(id.as_str())
                            .bind(read_at.0)
                            .execute(&mut *tx)
                            .await?
                            .rows_affected()
                    }
                    What::InsertScope(scope) => insert_scope!(tx, scope),
                    What::UpdateScope(scope, read_at) => update_scope!(tx, scope, read_at),
                    What::DeleteScope(name, read_at) => delete_scope!(tx, name, read_at.0),
                    What::InsertWebhook(webhook) => insert_webhook!(tx, webhook),
                    What::UpdateWebhook(webhook, read_at) => update_webhook!(tx, webhook, read_at, audit),
                    What::DeleteWebhook(id, read_at) => delete_webhook!(tx, id, read_at),
                    What::UpdateBranding(stored, read_at) => update_branding!(tx, stored, read_at),
                    What::InsertUpstream(upstream) => insert_upstream!(tx, upstream),
                    What::UpdateUpstream(upstream, read_at) => update_upstream!(tx, upstream, read_at),
                    What::DeleteUpstream(id, read_at) => delete_upstream!(tx, id, read_at),
                };
                // An administrator's edit of this very object committed since the look above.
                if written != 1 {
                    return Ok(false);
                }
                write_audit!(tx, audit);
            }
        });
        Ok(true)
    }
}
