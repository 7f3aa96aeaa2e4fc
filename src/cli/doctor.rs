//! `countersign doctor`

use std::process::ExitCode;

use clap::Args;

use super::output::say;
use super::{Place, output};
use crate::clock::Clock;
use crate::doctor::{self, Finding, Status};
use crate::telemetry;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(place: &Place, options: Options) -> anyhow::Result<ExitCode> {
    telemetry::start_quiet();
    let findings = match place.deployment() {
        Ok(config) => Box::pin(doctor::examine(config, Clock::system())).await,
        Err(error) => doctor::no_configuration(&format!("{error:#}")),
    };
    if options.json {
        output::json(&findings)?;
    } else {
        findings.iter().for_each(show);
    }
    let well = findings.iter().all(|finding| finding.status < Status::Problem);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(finding: &Finding) {
    say!("{:<8} {}: {}", finding.status.as_str(), finding.check, finding.found);
    if !finding.advice.is_empty() {
        say!("{:<8}   → {}", "", finding.advice);
    }
}
