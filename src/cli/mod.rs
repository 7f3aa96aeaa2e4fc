//! The command line: one file per sub-command.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::{Args, Parser, Subcommand};

use crate::app::{App, StartError};
use crate::clock::Clock;
use crate::config::{Config, QUICKSTART_PORT, QUICKSTART_SECRET};
use crate::entropy::Entropy;
use crate::store::StoreError;
use crate::{files, telemetry};

mod as_code;
mod audit;
mod client;
mod completions;
mod config;
mod delegation;
mod doctor;
mod group;
mod import;
mod key;
mod mail;
mod output;
mod provider;
mod quickstart;
mod registration_token;
mod scope;
mod serve;
mod statistics;
mod user;
mod webhook;
mod why;

/// Where the configuration is looked for when no option names it.
const DEFAULT_CONFIG: &str = "countersign.toml";

/// Where a quickstart keeps its data when no option names a folder.
const DEFAULT_DATA_DIR: &str = "countersign-data";

/// An OAuth 2 and OpenID Connect provider. Without a command: quickstart.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done; 1 refused, failed, or not well (doctor, audit verify); 2 the command line was not \
                  understood; of plan: 2 there is something to do, 1 everything else that went wrong.\nWith --json, \
                  standard output is one JSON value, also on failure: an object with error."
)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which deployment a command works on.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Configuration file [default: ./countersign.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of a quickstart's data: the command works on that deployment
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: everything made on the spot, with a demo application and a demo user
    Quickstart(quickstart::Options),
    /// Run the server
    Serve,
    /// Applications that sign people in here
    #[command(subcommand)]
    Client(client::Command),
    /// People who sign in here
    #[command(subcommand)]
    User(user::Command),
    /// Groups of people, which applications are told of
    #[command(subcommand)]
    Group(group::Command),
    /// What scopes mean to people, and which claims they bring
    #[command(subcommand)]
    Scope(scope::Command),
    /// Who manages which applications and groups without being an administrator
    #[command(subcommand)]
    Delegation(delegation::Command),
    /// Keys that tokens are signed with
    #[command(subcommand)]
    Key(key::Command),
    /// Why did this request fail?
    Why(why::Options),
    /// Who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// What went on lately, in numbers
    Statistics(statistics::Options),
    /// Mail on its way out
    #[command(subcommand)]
    Mail(mail::Command),
    /// Endpoints elsewhere that are told of events
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Providers elsewhere that people sign in with
    #[command(subcommand)]
    Provider(provider::Command),
    /// Initial access tokens, by which others may register applications
    #[command(subcommand)]
    RegistrationToken(registration_token::Command),
    /// Write the clients, groups, scopes, webhooks, providers and branding of this deployment into files
    Export(as_code::ExportOptions),
    /// Say what differs between files and the deployment: exit code 0 nothing to do, 2 something, 1 an error
    Plan(as_code::PlanOptions),
    /// Make the deployment what the files say, all of it or nothing
    Apply(as_code::ApplyOptions),
    /// Take users, and from Keycloak clients and groups, from another system
    #[command(subcommand)]
    Import(import::Command),
    /// Say whether this deployment is well: exit code 1 if there is a problem
    Doctor(doctor::Options),
    /// Print the script that completes commands in a shell
    Completions(completions::Options),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let Cli { place, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let outcome = match command.unwrap_or(Command::Quickstart(quickstart::Options::default())) {
        Command::Quickstart(options) => done(block_on(quickstart::run(&place, &options))),
        Command::Serve => done(block_on(serve::run(&place))),
        Command::Client(command) => done(block_on(client::run(&place, command))),
        Command::User(command) => done(block_on(user::run(&place, command))),
        Command::Group(command) => done(block_on(group::run(&place, command))),
        Command::Scope(command) => done(block_on(scope::run(&place, command))),
        Command::Delegation(command) => done(block_on(delegation::run(&place, command))),
        Command::RegistrationToken(command) => done(block_on(registration_token::run(&place, command))),
        Command::Why(options) => done(block_on(why::run(&place, options))),
        Command::Audit(command) => block_on(audit::run(&place, command)),
        Command::Statistics(options) => done(block_on(statistics::run(&place, options))),
        Command::Mail(command) => done(block_on(mail::run(&place, command))),
        Command::Webhook(command) => done(block_on(webhook::run(&place, command))),
        Command::Provider(command) => block_on(provider::run(&place, command)),
        Command::Key(command) => done(block_on(key::run(&place, command))),
        Command::Export(options) => done(block_on(as_code::export(&place, options))),
        Command::Plan(options) => block_on(as_code::plan(&place, options)),
        Command::Apply(options) => done(block_on(as_code::apply(&place, options))),
        Command::Import(command) => done(block_on(import::run(&place, command))),
        Command::Doctor(options) => block_on(doctor::run(&place, options)),
        Command::Completions(options) => done(completions::run(&options)),
        Command::Config(command) => done(config::run(&place, &command)),
    };
    telemetry::finish();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            if output::is_json() {
                output::failure(&error);
            }
            // Where nobody listens, the exit code says it.
            let _ = writeln!(io::stderr(), "countersign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn done(outcome: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Says how a command is used. Where 2 is an answer of the command, a mistake is 1.
fn misunderstood(error: &clap::Error) -> ExitCode {
    if output::is_json() && error.use_stderr() {
        output::misunderstood(error);
    }
    let _ = error.print();
    let two_is_an_answer = std::env::args_os().any(|argument| argument == "plan");
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if two_is_an_answer => ExitCode::FAILURE,
        code => ExitCode::from(u8::try_from(code).unwrap_or(1)),
    }
}

fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to work with")?
        .block_on(command)
}

impl Place {
    /// The configuration that `serve` runs with: a file, or the environment alone.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn configuration(&self) -> anyhow::Result<Config> {
        if let Some(data_dir) = &self.data_dir {
            return quickstart_configuration(data_dir, quickstart_port(data_dir));
        }
        let default = Some(Path::new(DEFAULT_CONFIG)).filter(|file| file.exists());
        Ok(Config::load(self.config.as_deref().or(default), std::env::vars_os())?)
    }

    /// The deployment that a command at the terminal works on: where nothing is configured but a quickstart was run
    /// here, that one.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    fn deployment(&self) -> anyhow::Result<Config> {
        let quickstart = Path::new(DEFAULT_DATA_DIR);
        let nothing_is_configured = self.config.is_none()
            && self.data_dir.is_none()
            && !Path::new(DEFAULT_CONFIG).exists()
            && std::env::var_os("COUNTERSIGN_ISSUER").is_none()
            && quickstart.join(QUICKSTART_SECRET).exists();
        if nothing_is_configured {
            quickstart_configuration(quickstart, quickstart_port(quickstart))
        } else {
            self.configuration()
        }
    }

    /// That deployment, opened.
    ///
    /// # Errors
    /// Says what is wrong with the configuration or the database.
    pub async fn app(&self) -> anyhow::Result<App> {
        let config = self.deployment()?;
        telemetry::start_quiet();
        start(config).await
    }
}

/// The port that a quickstart was started on last in this folder.
fn quickstart_port(data_dir: &Path) -> u16 {
    let kept = std::fs::read_to_string(data_dir.join(QUICKSTART_PORT));
    kept.ok().and_then(|port| port.trim().parse().ok()).unwrap_or(quickstart::PORT)
}

fn quickstart_configuration(data_dir: &Path, port: u16) -> anyhow::Result<Config> {
    Ok(Config::quickstart(data_dir, port, std::env::vars_os())?)
}

/// Opens the deployment.
async fn start(config: Config) -> anyhow::Result<App> {
    files::prepare(&config)?;
    let engine = config.database.engine.to_string();
    App::start(config, Clock::system(), Entropy::system()).await.map_err(|error| match error {
        StartError::Store(StoreError::Unavailable(cause)) => anyhow!(
            "the database cannot be reached: {engine}: {cause}\n  Is it running, and is url under [database] (or \
             COUNTERSIGN_DATABASE_URL) right?"
        ),
        other => anyhow!(other),
    })
}
