//! `countersign mail …`

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Place, output};
use crate::admin::mails;
use crate::app::Origin;

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
    /// Try a mail that failed again at once
    Retry {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have a waiting mail not be sent
    Cancel {
        /// Its id
        id: String,
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

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let (state, limit, json) = match command {
        Command::List { state, limit, json } => (state, limit, json),
        Command::Retry { id, json } => {
            mails::hurry(&app, &Origin::cli(), &id).await.map_err(output::refused)?;
            let sentence = format!("mail {id} is tried now");
            return output::done(json, &json!({ "id": id, "retried": true }), &sentence);
        }
        Command::Cancel { id, json } => {
            mails::cancel(&app, &Origin::cli(), &id).await.map_err(output::refused)?;
            let sentence = format!("mail {id} is not sent");
            return output::done(json, &json!({ "id": id, "cancelled": true }), &sentence);
        }
    };
    let mails = mails::list(&app, state.map(State::name), "", limit).await.map_err(output::refused)?.mails;
    if json {
        return output::json(&mails);
    }
    let rows = mails.into_iter().map(|mail| {
        [
            mail.id,
            output::date(mail.created_at),
            mail.to,
            mail.kind,
            mail.state,
            mail.attempts.to_string(),
            mail.next_attempt_at.map(output::date).unwrap_or_default(),
            mail.cause,
        ]
    });
    output::table(["id", "made", "to", "kind", "state", "attempts", "next attempt", "last failure"], rows);
    Ok(())
}
