//! `countersign config check`

use clap::Subcommand;
use serde_json::json;

use super::{Place, output};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration is fine, and what is wrong with it
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(place: &Place, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check { json: as_json } => {
            let config = place.configuration()?;
            let facts = json!({
                "issuer": config.issuer.as_str(),
                "listens": config.listen.address.to_string(),
                "tls": config.listen.tls.is_some(),
                "database": config.database.engine.to_string(),
                "notes": config.notes(),
            });
            output::done(*as_json, &facts, &summary(&config))
        }
    }
}

/// What the server would do, in a few lines; never the secret.
fn summary(config: &Config) -> String {
    let tls = if config.listen.tls.is_some() { "TLS" } else { "plain HTTP" };
    let mut text = format!(
        "configuration is fine\n  issuer    {}\n  listens   {} ({tls})\n  database  {}",
        config.issuer, config.listen.address, config.database.engine
    );
    for note in config.notes() {
        text.push_str("\n  note: ");
        text.push_str(&note);
    }
    text
}
