//! `countersign webhook …`

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::user::Print;
use super::{Place, output};
use crate::admin::webhooks::{self, Issued, WebhookView};
use crate::app::{App, Origin};
use crate::protocol::webhook::{EVENTS, WebhookInput};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The events that there are
    Events(Print),
    /// Add an endpoint and print the secret that messages are signed with, once
    Create {
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// All endpoints and how each stands
    List(Print),
    /// One endpoint
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        /// Its id
        id: String,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// Replace the secret and print the new one, once; messages are signed with both for a while
    RotateSecret {
        /// Its id
        id: String,
        /// For how many hours messages are signed with the old one as well: 0 for not at all, 168 at most
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=168))]
        keep_old: u64,
        #[command(flatten)]
        print: Print,
    },
    /// End the old secret before its time
    EndOldSecret {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Have the running server send a test
    Test {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// What became of the latest messages
    Deliveries {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Have the running server send a message once more
    Redeliver {
        /// Its id
        id: String,
        /// The webhook-id of the message
        delivery: String,
        #[command(flatten)]
        print: Print,
    },
    /// Leave out everything that it was not told yet
    Skip {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Delete an endpoint
    Delete {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub(super) struct Fields {
    /// Where events are posted to: an https address
    #[arg(long)]
    url: Option<String>,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// An event that it is told of; may be repeated, and replaces those before
    #[arg(long, value_name = "EVENT")]
    events: Vec<String>,
    /// Whether it is told
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
}

impl Fields {
    fn onto(self, before: WebhookInput) -> WebhookInput {
        WebhookInput {
            url: self.url.or(before.url),
            description: self.description.or(before.description),
            events: if self.events.is_empty() { before.events } else { Some(self.events) },
            enabled: self.enabled.or(before.enabled),
        }
    }
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    if let Command::Events(print) = command {
        if print.json {
            let events = EVENTS.iter().map(|event| json!({ "event": event.name, "means": event.means }));
            return output::json(&events.collect::<Vec<_>>());
        }
        output::table(
            ["event", "means"],
            EVENTS.iter().map(|event| [event.name, event.means].map(str::to_owned)),
        );
        return Ok(());
    }
    let app = place.app().await?;
    carry_out(&app, command).await.map_err(output::refused)?
}

async fn carry_out(app: &App, command: Command) -> Result<anyhow::Result<()>, crate::admin::Refusal> {
    let origin = Origin::cli();
    let said = |print: Print, id: &str, sentence: String| {
        Ok(output::done(print.json, &json!({ "id": id, "done": sentence }), &sentence))
    };
    match command {
        Command::Events(_) => Ok(Ok(())),
        Command::Create { fields, print } => {
            let issued = webhooks::create(app, &origin, &fields.onto(WebhookInput::default())).await?;
            show(app, issued, print).await
        }
        Command::List(print) => Ok(list(webhooks::list(app).await?, print)),
        Command::Show { id, print } => show(app, webhooks::find(app, &id).await?, print).await,
        Command::Update { id, fields, print } => {
            let before = webhooks::find(app, &id).await?;
            let input = fields.onto(WebhookInput::from(&before));
            show(app, webhooks::change(app, &origin, &before, &input).await?, print).await
        }
        Command::RotateSecret { id, keep_old, print } => {
            let before = webhooks::find(app, &id).await?;
            let overlap = Duration::from_secs(keep_old * 3600);
            show(app, webhooks::rotate_secret(app, &origin, &before, overlap).await?, print).await
        }
        Command::EndOldSecret { id, print } => {
            webhooks::end_old_secret(app, &origin, &webhooks::find(app, &id).await?).await?;
            said(print, &id, "nothing is signed with the old secret any more".to_owned())
        }
        Command::Test { id, print } => {
            let asked = webhooks::test(app, &origin, &webhooks::find(app, &id).await?).await?;
            said(print, &id, format!("{} is on its way: see countersign webhook deliveries {id}", asked.id))
        }
        Command::Deliveries { id, print } => {
            let found = webhooks::deliveries(app, &webhooks::find(app, &id).await?).await?;
            if print.json {
                return Ok(output::json(&found));
            }
            let rows = found.into_iter().map(|row| {
                [
                    output::date(row.tried_at),
                    row.id,
                    row.event,
                    row.state,
                    row.attempts.to_string(),
                    row.status.map(|status| status.to_string()).unwrap_or_default(),
                    row.cause,
                ]
            });
            output::table(
                ["tried", "webhook-id", "event", "state", "attempts", "status", "last failure"],
                rows,
            );
            Ok(Ok(()))
        }
        Command::Redeliver { id, delivery, print } => {
            let webhook = webhooks::find(app, &id).await?;
            webhooks::redeliver(app, &origin, &webhook, &delivery).await?;
            said(print, &id, format!("{delivery} is on its way: see countersign webhook deliveries {id}"))
        }
        Command::Skip { id, print } => {
            webhooks::skip(app, &origin, &webhooks::find(app, &id).await?).await?;
            said(print, &id, "it is told of what happens from now on".to_owned())
        }
        Command::Delete { id, print } => {
            webhooks::delete(app, &origin, &webhooks::find(app, &id).await?).await?;
            said(print, &id, format!("webhook {id} is deleted"))
        }
    }
}

fn list(webhooks: Vec<WebhookView>, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&webhooks);
    }
    let rows = webhooks.into_iter().map(|webhook| {
        let WebhookView { id, url, description, events, state, cause, .. } = webhook;
        [id, url, description, events.join(" "), state.to_owned(), cause]
    });
    output::table(["id", "url", "what it is", "events", "state", "last failure"], rows);
    Ok(())
}

async fn show(
    app: &App,
    issued: impl Into<Issued>,
    print: Print,
) -> Result<anyhow::Result<()>, crate::admin::Refusal> {
    let webhook = webhooks::shown(app, issued).await?;
    if print.json {
        return Ok(output::json(&webhook));
    }
    let date = |at: Option<i64>| at.map(output::date).unwrap_or_default();
    output::details([
        ("id", webhook.id),
        ("secret (shown only now)", webhook.secret.unwrap_or_default()),
        ("old secret signs until", date(webhook.old_secret_expires_at)),
        ("url", webhook.url),
        ("what it is", webhook.description),
        ("events", webhook.events.join(" ")),
        ("state", webhook.state.to_owned()),
        ("last failure", webhook.cause),
        ("failing since", date(webhook.failing_since)),
        ("next attempt", date(webhook.next_attempt_at)),
        ("rows of the audit log behind", webhook.behind.to_string()),
        ("made", output::date(webhook.created_at)),
    ]);
    Ok(Ok(()))
}
