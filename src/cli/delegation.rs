//! `countersign delegation …`

use clap::Subcommand;

use serde_json::json;

use super::output::say;
use super::user::Print;
use super::{Place, output};
use crate::admin::delegations::{self, DelegationInput, DelegationView};
use crate::app::{App, Origin};

/// Rows read from the database at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let somebody manage an application, or a group and its members
    Add {
        /// To whom: user:NAME, group:NAME (its members) or client:ID (its tokens with countersign:delegated)
        holder: String,
        /// What: client:ID or group:NAME
        over: String,
        #[command(flatten)]
        print: Print,
    },
    /// What is delegated, and to whom
    List {
        #[command(flatten)]
        print: Print,
    },
    /// Take back what was delegated
    Remove {
        /// Its id, as in the list
        id: String,
        #[command(flatten)]
        print: Print,
    },
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let origin = Origin::cli();
    match command {
        Command::Add { holder, over, print } => {
            let input = DelegationInput { holder, over };
            let made = delegations::create(&app, &origin, &input).await.map_err(output::refused)?;
            if print.json {
                return output::json(&made);
            }
            say!("{} manages {} (delegation {})", made.holder, made.over, made.id);
            Ok(())
        }
        Command::List { print } => list(&app, print).await,
        Command::Remove { id, print } => {
            delegations::end(&app, &origin, &id).await.map_err(output::refused)?;
            let sentence = format!("delegation {id} is taken back");
            output::done(print.json, &json!({ "id": id, "removed": true }), &sentence)
        }
    }
}

async fn list(app: &App, print: Print) -> anyhow::Result<()> {
    let mut views: Vec<DelegationView> = Vec::new();
    let mut after = String::new();
    loop {
        let page = delegations::list(app, &after, PAGE).await.map_err(output::refused)?;
        views.extend(page.delegations);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    if print.json {
        return output::json(&views);
    }
    let rows = views.into_iter().map(|view| [view.holder, view.over, output::date(view.created_at), view.id]);
    output::table(["who", "manages", "since", "id"], rows);
    Ok(())
}
