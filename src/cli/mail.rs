//! `countersign mail …`

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::{Place, output};
use crate::store::MailRow;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The newest mails of the last seven days: what waits, what was sent, what could not be
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATE")]
        state: Option<State>,
        /// How many at most
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum State {
    Waiting,
    Sent,
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A mail, for programs. What it says is in no list.
#[derive(Serialize)]
struct Listed {
    id: String,
    to: String,
    kind: String,
    state: String,
    attempts: i64,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    cause: String,
}

impl From<MailRow> for Listed {
    fn from(row: MailRow) -> Self {
        Self {
            id: row.id,
            to: row.to_address,
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: row.due_at,
            cause: row.cause,
        }
    }
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let Command::List { state, limit, json } = command;
    let mails = app.store.mails(state.map(State::name), limit).await?.into_iter().map(Listed::from);
    if json {
        return output::json(&mails.collect::<Vec<_>>());
    }
    let rows = mails.map(|mail| {
        [
            output::date(mail.created_at),
            mail.to,
            mail.kind,
            mail.state,
            mail.attempts.to_string(),
            mail.next_attempt_at.map(output::date).unwrap_or_default(),
            mail.cause,
        ]
    });
    output::table(["made", "to", "kind", "state", "attempts", "next attempt", "last failure"], rows);
    Ok(())
}
