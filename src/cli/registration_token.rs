//! `countersign registration-token …`

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::{Place, output};
use crate::admin::registration_tokens::{self, RegistrationTokenInput};
use crate::app::{App, Origin};
use crate::config::{RegistrationMode, parse_duration};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token and print it, once: whoever has it may register clients
    Create {
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
        /// For how long it works: 90s, 10m, 12h, 30d
        #[arg(long, value_name = "TIME", default_value = "30d", value_parser = length)]
        expires: Duration,
        /// How many clients it may register [default: any number]
        #[arg(long, value_name = "NUMBER")]
        uses: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The tokens that still work
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; the clients that it registered stay
    Revoke {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Reads `--expires`.
fn length(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| "must be a whole number and one of s, m, h, d, such as 12h or 30d".to_owned())
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    match command {
        Command::Create { note, expires, uses, json } => {
            let input = RegistrationTokenInput { note, expires_in: Some(expires.as_secs()), uses };
            create(&app, input, json).await
        }
        Command::List { json } => list(&app, json).await,
        Command::Revoke { id, json } => {
            registration_tokens::revoke(&app, &Origin::cli(), &id).await.map_err(output::refused)?;
            let gone = json!({ "id": id, "revoked": true });
            output::done(json, &gone, &format!("registration token {id} is revoked"))
        }
    }
}

async fn create(app: &App, input: RegistrationTokenInput, json: bool) -> anyhow::Result<()> {
    let made = registration_tokens::create(app, &Origin::cli(), input).await.map_err(output::refused)?;
    if app.config.registration.mode == RegistrationMode::Off {
        eprintln!("note: registration.mode is off: the token works once it is \"token\"");
    }
    if json {
        return output::json(&made);
    }
    let token = made.token.map(|token| format!("{token}  (shown only this once)"));
    output::details([
        ("id", made.id),
        ("token", token.unwrap_or_default()),
        ("note", made.note),
        ("expires", output::date(made.expires_at)),
        ("clients", count(made.uses_left)),
    ]);
    Ok(())
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let tokens = registration_tokens::list(app).await.map_err(output::refused)?;
    if json {
        return output::json(&tokens);
    }
    let rows = tokens.into_iter().map(|token| {
        [
            token.id,
            token.note,
            output::date(token.created_at),
            output::date(token.expires_at),
            count(token.uses_left),
        ]
    });
    output::table(["id", "note", "made", "expires", "clients left"], rows);
    Ok(())
}

fn count(uses: Option<i64>) -> String {
    uses.map_or_else(|| "any number".to_owned(), |uses| uses.to_string())
}
