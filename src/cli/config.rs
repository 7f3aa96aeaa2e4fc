//! `countersign config check`

use clap::Subcommand;

use super::Place;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration is fine, and what is wrong with it
    Check,
}

pub(super) fn run(place: &Place, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check => println!("{}", summary(&place.configuration()?)),
    }
    Ok(())
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
