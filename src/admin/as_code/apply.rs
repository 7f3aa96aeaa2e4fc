//! Carries a plan out.

use super::{Failure, NewSecret, Plan, Secret, Work, called, replaced};
use crate::admin::clients::{self, keep_or_give_secret, next_version, take_secret};
use crate::admin::{Refusal, branding, changes, groups, providers, scopes, webhooks};
use crate::app::{App, Origin};
use crate::protocol::client::Client;
use crate::protocol::registration::{ClientInput, Registration};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::{self, WebhookInput, host_of};
use crate::store::{AuditEntry, Edit, StoreError, What};

/// Carries a plan out: all of it in one transaction, each step with its entry in the audit log. Answers the secrets that
/// were made up: for clients that came to need one and whose files name none, and for webhooks.
///
/// # Errors
/// [`Failure::Drifted`] when anything changed since the plan was made; else as any other edit.
pub async fn apply(app: &App, origin: &Origin, plan: Plan) -> Result<Vec<NewSecret>, Failure> {
    let mut editor = Editor { app, origin, secrets: Vec::new() };
    let mut edits = Vec::new();
    for step in plan.steps {
        edits.push(editor.edit(step.work).await?);
    }
    if edits.is_empty() {
        return Ok(editor.secrets);
    }
    match app.store.apply_configuration(&plan.seen, &edits).await {
        Ok(true) => {
            if edits.iter().any(|edit| matches!(edit.what, What::UpdateBranding(..))) {
                branding::now_shown(app).await;
            }
            Ok(editor.secrets)
        }
        // Somebody took the id or the name in between.
        Ok(false) | Err(StoreError::Taken(_)) => Err(Failure::Drifted),
        Err(error) => Err(error.into()),
    }
}

/// Turns steps into edits of the database.
struct Editor<'a> {
    app: &'a App,
    origin: &'a Origin,
    /// Those that were made up so far.
    secrets: Vec<NewSecret>,
}

impl Editor<'_> {
    async fn edit(&mut self, work: Work) -> Result<Edit, Failure> {
        let app = self.app;
        let (what, audit) = match work {
            Work::CreateClient(wanted, secret) => self.create_client(*wanted, secret).await?,
            Work::ChangeClient(before, wanted, secret) => {
                self.change_client(&before, &wanted, secret).await?
            }
            Work::DeleteClient(client) => {
                let name = &client.metadata.client_name;
                let audit = self.audit("client.delete", clients::target(&client.id), name);
                (What::DeleteClient(client.id, client.updated_at), audit)
            }
            Work::CreateGroup(wanted) => {
                let group = groups::made(app, wanted);
                let audit = self.audit("group.create", groups::target(&group.id), &groups::summary(&group));
                (What::InsertGroup(group), audit)
            }
            Work::ChangeGroup(before, wanted) => {
                let after = groups::changed(app, &before, wanted);
                let detail = groups::difference(&before, &after);
                let audit = self.audit("group.update", groups::target(&after.id), &detail);
                (What::UpdateGroup(after, before.updated_at), audit)
            }
            Work::DeleteGroup(group) => {
                let audit = self.audit("group.delete", groups::target(&group.id), &group.name);
                (What::DeleteGroup(group.id, group.updated_at), audit)
            }
            Work::CreateScope(wanted) => {
                let scope = scopes::made(app, *wanted);
                let audit = self.audit("scope.create", scopes::target(&scope.name), &scopes::summary(&scope));
                (What::InsertScope(Box::new(scope)), audit)
            }
            Work::ChangeScope(before, wanted) => {
                let after = scopes::changed(app, &before, *wanted);
                let detail = scopes::difference(&before, &after);
                let audit = self.audit("scope.update", scopes::target(&after.name), &detail);
                (What::UpdateScope(Box::new(after), before.updated_at), audit)
            }
            Work::DeleteScope(scope) => {
                let audit = self.audit("scope.delete", scopes::target(&scope.name), &scopes::summary(&scope));
                (What::DeleteScope(scope.name, scope.updated_at), audit)
            }
            Work::CreateWebhook(wanted) => self.create_webhook(wanted).await?,
            Work::ChangeWebhook(before, wanted) => {
                let after = webhooks::changed(app, &before, wanted);
                let detail = changes(&WebhookInput::from(&*before), &WebhookInput::from(&after));
                let audit = self.audit("webhook.update", webhooks::target(&after.id), &detail);
                (What::UpdateWebhook(Box::new(after), before.updated_at), audit)
            }
            Work::DeleteWebhook(webhook) => {
                let audit =
                    self.audit("webhook.delete", webhooks::target(&webhook.id), host_of(&webhook.url));
                (What::DeleteWebhook(webhook.id, webhook.updated_at), audit)
            }
            Work::Rebrand(before, choices) => {
                let detail = branding::told(&before, &choices);
                let audit = self.audit("branding.update", branding::TARGET.to_owned(), &detail);
                let after = branding::changed(app, &before, &choices);
                (What::UpdateBranding(Box::new(after), before.updated_at), audit)
            }
            Work::CreateUpstream(wanted) => {
                let row = providers::new_row(app, &wanted)?;
                let detail = providers::summary(&wanted.described);
                let audit = self.audit("upstream.create", providers::target(&row.id), &detail);
                (What::InsertUpstream(row), audit)
            }
            Work::ChangeUpstream(before, wanted) => {
                let (row, detail) = providers::changed_row(app, &before, &wanted)?;
                let audit = self.audit("upstream.update", providers::target(&row.id), &detail);
                (What::UpdateUpstream(row, Timestamp(before.row.updated_at)), audit)
            }
            Work::DeleteUpstream(before) => {
                let (id, read_at) = (before.row.id.clone(), Timestamp(before.row.updated_at));
                let audit =
                    self.audit("upstream.delete", providers::target(&id), &providers::name_of(&before));
                (What::DeleteUpstream(id, read_at), audit)
            }
        };
        Ok(Edit { what, audit })
    }

    async fn create_client(
        &mut self,
        wanted: Registration,
        secret: Option<Secret>,
    ) -> Result<(What, AuditEntry), Failure> {
        let mut issued = clients::made(self.app, wanted, None).await?;
        if let Some(secret) = secret {
            take_secret(self.app, &mut issued.client, &secret.text)?;
            issued.secret = None;
        }
        self.remember(&issued.client, issued.secret);
        let client = issued.client;
        let name = &client.metadata.client_name;
        let audit = self.audit("client.create", clients::target(&client.id), name);
        Ok((What::InsertClient(Box::new(client)), audit))
    }

    async fn change_client(
        &mut self,
        before: &Client,
        wanted: &Registration,
        secret: Option<Secret>,
    ) -> Result<(What, AuditEntry), Failure> {
        let app = self.app;
        app.keys.ready_for(&app.store, &wanted.metadata, &app.clock).await.map_err(Refusal::from)?;
        let mut after =
            Client { updated_at: next_version(app, before.updated_at), ..replaced(before, wanted) };
        let told = if secret.is_some() { " client_secret" } else { "" };
        if let Some(secret) = secret {
            take_secret(app, &mut after, &secret.text)?;
        } else {
            let made = keep_or_give_secret(app, &mut after)?;
            self.remember(&after, made);
        }
        let detail = changes(&ClientInput::from(before), &ClientInput::from(&after));
        let audit = self.audit("client.update", clients::target(&after.id), &format!("{detail}{told}"));
        Ok((What::UpdateClient(Box::new(after), before.updated_at), audit))
    }

    async fn create_webhook(&mut self, wanted: webhook::Wanted) -> Result<(What, AuditEntry), Failure> {
        let webhooks::Issued { webhook, secret } = webhooks::made(self.app, wanted).await?;
        let audit = self.audit("webhook.create", webhooks::target(&webhook.id), host_of(&webhook.url));
        self.secrets.extend(secret.map(|webhook_secret| NewSecret::Webhook {
            webhook_id: webhook.id.clone(),
            webhook: called(&webhook.url, &webhook.description),
            webhook_secret,
        }));
        Ok((What::InsertWebhook(Box::new(webhook)), audit))
    }

    fn audit(&self, action: &'static str, target: String, detail: &str) -> AuditEntry {
        self.app.audit(self.origin, action, target, format!("{detail} (from files)"))
    }

    fn remember(&mut self, client: &Client, secret: Option<String>) {
        let client_id = client.id.to_string();
        self.secrets.extend(secret.map(|client_secret| NewSecret::Client { client_id, client_secret }));
    }
}
