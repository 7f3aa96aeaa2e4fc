//! `countersign import keycloak|auth0|csv FILE`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::say;
use super::{Place, output};
use crate::admin::import::{self, Found, Note, Report, Unreadable};
use crate::app::Origin;

/// Notes that are printed; `--json` has them all.
const MOST_SHOWN: usize = 50;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A realm that Keycloak exported with its users: users, groups, clients
    Keycloak(Options),
    /// Users of Auth0: a JSON array, or a JSON object a line
    Auth0(Options),
    /// Users of a table, whose first line names the columns
    Csv(Options),
}

#[derive(Args, Debug)]
pub(super) struct Options {
    file: PathBuf,
    /// Change nothing, and say what would be taken
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads a file of one of the forms.
type Reader = fn(&Path) -> Result<Found, Unreadable>;

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let (options, read): (_, Reader) = match command {
        Command::Keycloak(options) => (options, import::read_keycloak),
        Command::Auth0(options) => (options, import::read_auth0),
        Command::Csv(options) => (options, import::read_csv),
    };
    let found = read(&options.file)?;
    let app = place.app().await?;
    let bar = output::progress(found.users.len() as u64, "users");
    let mut progress = |done: usize| bar.set_position(done as u64);
    let report = import::run(&app, &Origin::cli(), found, options.dry_run, &mut progress)
        .await
        .map_err(output::refused);
    bar.finish_and_clear();
    let report = report?;
    if options.json {
        return output::json(&report);
    }
    show(&report);
    Ok(())
}

fn show(report: &Report) {
    let taken = &report.taken;
    say!(
        "{}: {} users ({} with their password), {} clients, {} groups",
        if report.dry_run { "would be taken" } else { "taken" },
        taken.users,
        taken.with_password,
        taken.clients,
        taken.groups
    );
    list("skipped", &report.skipped);
    list("with a note", &report.notes);
    for secret in &report.secrets {
        say!("{secret}  (shown only this once)");
    }
}

fn list(heading: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    say!("\n{heading}: {}", notes.len());
    for note in notes.iter().take(MOST_SHOWN) {
        // A file may say anything; the terminal is not to do it.
        let reason = note.reason.replace(char::is_control, " ");
        say!("  {} {:?}: {}", note.place, note.name, reason.trim());
    }
    if notes.len() > MOST_SHOWN {
        say!("  … and {} more: --json lists them all", notes.len() - MOST_SHOWN);
    }
}
