//! `countersign audit …`

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use dialoguer::Confirm;
use indicatif::ProgressBar;
use serde_json::json;

use super::output::say;
use super::{Place, output};
use crate::admin::audit::{self, Export, Format};
use crate::app::Origin;
use crate::audit_chain::{self, Expected};
use crate::protocol::audit::AuditInput;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Entries, the newest first
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Go on after these: the cursor that was printed with the same filter
        #[arg(long, value_name = "CURSOR", default_value = "")]
        after: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// All entries to standard output, the newest first
    Export {
        #[command(flatten)]
        filter: Filter,
        /// csv for spreadsheets, jsonl exactly as it is stored
        #[arg(long, value_enum, default_value_t = Form::Csv)]
        format: Form,
        /// The same as --format jsonl
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Is the log as it was written? Goes along its chain, and names the first row that was changed, removed, put in or moved
    Verify {
        /// What an earlier run printed as head, and was noted down elsewhere: what was chained until then must still be there
        #[arg(long, value_name = "NUMBER:LINK", value_parser = expected)]
        expect: Option<Expected>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Start a chain that does not hold anew: what is before is vouched for no more, which the first row of the new one says
    RestartChain {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON; needs --yes
        #[arg(long, requires = "yes")]
        json: bool,
    },
}

fn expected(text: &str) -> Result<Expected, String> {
    let wrong = "is not NUMBER:LINK, as countersign audit verify prints it";
    let (seq, link) = text.split_once(':').ok_or(wrong)?;
    let seq = seq.parse().ok().filter(|seq| *seq >= 0).ok_or(wrong)?;
    Ok(Expected { seq, link: link.to_owned() })
}

/// Which entries.
#[derive(Args, Debug)]
pub(super) struct Filter {
    /// Only what was done by this one: a user name, client:ID, cli, system or anonymous
    #[arg(long, default_value = "")]
    actor: String,
    /// Only what was done to this: a user name, client:ID, group:ID …
    #[arg(long, default_value = "")]
    target: String,
    /// Only this action, such as session.begin
    #[arg(long, default_value = "")]
    action: String,
    /// Only with this text within the details
    #[arg(long, value_name = "TEXT", default_value = "")]
    cause: String,
    /// Only what came with this request
    #[arg(long, value_name = "REFERENCE", default_value = "")]
    correlation_id: String,
    /// Only with this text within any column
    #[arg(long, value_name = "TEXT", default_value = "")]
    search: String,
    /// From this moment on: 2026-11-29, 2026-11-29T14:30 (UTC), RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", default_value = "")]
    since: String,
    /// Until before this moment; a date means the end of its day
    #[arg(long, value_name = "TIME", default_value = "")]
    until: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Form {
    Csv,
    Jsonl,
}

impl From<Filter> for AuditInput {
    fn from(filter: Filter) -> Self {
        let Filter { actor, target, action, cause, correlation_id, search, since, until } = filter;
        Self { actor, target, action, cause, correlation_id, search, since, until }
    }
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { filter, limit, after, json } => {
            list(place, filter.into(), limit, after, json).await?;
        }
        Command::Export { filter, format, json } => {
            export(place, filter.into(), if json { Form::Jsonl } else { format }).await?;
        }
        Command::Verify { expect, json } => return verify(place, expect, json).await,
        Command::RestartChain { yes, json } => restart_chain(place, yes, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(
    place: &Place,
    filter: AuditInput,
    limit: u32,
    after: String,
    json: bool,
) -> anyhow::Result<()> {
    let app = place.app().await?;
    let mut page = audit::list(&app, &filter, &after, limit).await.map_err(output::refused)?;
    // Nobody at a terminal wants to go on by hand because a part of the log held nothing.
    while let Some(cursor) = page.next.take_if(|_| page.entries.is_empty()) {
        page = audit::list(&app, &filter, &cursor, limit).await.map_err(output::refused)?;
    }
    if json {
        return output::json(&json!({ "entries": page.entries, "next": page.next }));
    }
    let rows = page.entries.into_iter().map(|entry| {
        [
            output::date(entry.at),
            entry.actor,
            entry.action,
            entry.target,
            entry.detail,
            entry.ip,
            entry.correlation_id,
        ]
    });
    output::table(["when", "who", "what", "to what", "details", "from", "request"], rows);
    if let Some(cursor) = page.next {
        say!("older ones: --after {cursor}");
    }
    Ok(())
}

async fn export(place: &Place, filter: AuditInput, format: Form) -> anyhow::Result<()> {
    let app = place.app().await?;
    let format = match format {
        Form::Csv => Format::Csv,
        Form::Jsonl => Format::JsonLines,
    };
    let mut export = Export::new(&app, &filter, format).await.map_err(output::refused)?;
    // Not in the way of rows on the same terminal.
    let bar = if io::stdout().is_terminal() {
        ProgressBar::hidden()
    } else {
        output::progress_without_end("rows written")
    };
    let mut out = io::stdout().lock();
    while let Some(piece) = export.piece().await.map_err(output::refused)? {
        bar.inc(piece.lines().count() as u64);
        match out.write_all(piece.as_bytes()).and_then(|()| out.flush()) {
            // `| head` has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    bar.finish_and_clear();
    Ok(())
}

async fn verify(place: &Place, expect: Option<Expected>, as_json: bool) -> anyhow::Result<ExitCode> {
    let app = place.app().await?;
    let bar = output::progress(0, "rows");
    let mut progress = |checked: u64, of: u64| {
        bar.set_length(of);
        bar.set_position(checked);
    };
    let report = audit_chain::verify_telling(&app, expect.as_ref(), &mut progress).await?;
    bar.finish_and_clear();
    let forgotten = expect.is_some_and(|expect| report.broken.is_none() && expect.seq < report.first - 1);
    if as_json {
        let broken = report.broken.as_ref().map(|broken| {
            json!({ "kind": broken.kind.as_str(), "number": broken.seq, "id": broken.id, "says": broken.to_string() })
        });
        output::json(&json!({
            "holds": report.broken.is_none() && !forgotten,
            "first": report.first,
            "last": report.last,
            "head": format!("{}:{}", report.last, report.link),
            "checked": report.checked,
            "waiting": report.waiting,
            "broken": broken,
        }))?;
    }
    let wrong = match &report.broken {
        Some(broken) => Some(format!(
            "the audit log is not as it was written: {broken}\n  Until it is started anew (countersign audit restart-chain), \
             nothing of it is deleted when its time is over."
        )),
        None if forgotten => Some(format!(
            "the row that is expected is older than what is kept: the first one is number {}",
            report.first
        )),
        None => None,
    };
    if let Some(wrong) = wrong {
        // The answer to what was asked: in JSON it is there already.
        eprintln!("countersign: {wrong}");
        return Ok(ExitCode::FAILURE);
    }
    if !as_json {
        output::details([
            ("holds", "yes".to_owned()),
            ("rows", format!("{} checked: number {} to {}", report.checked, report.first, report.last)),
            ("waiting", format!("{}, which a running server chains within a second", report.waiting)),
            ("head", format!("{}:{}", report.last, report.link)),
        ]);
    }
    Ok(ExitCode::SUCCESS)
}

async fn restart_chain(place: &Place, yes: bool, as_json: bool) -> anyhow::Result<()> {
    let app = place.app().await?;
    if !yes {
        let Some(broken) = audit_chain::verify(&app, None).await?.broken else {
            return Err(audit_chain::RestartError::Holds.into());
        };
        say!(
            "{broken}.\nA copy of the database taken now is the evidence of that: a new chain says nothing of what was before."
        );
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            anyhow::bail!("nobody is there to be asked: say --yes");
        }
        if !Confirm::new().with_prompt("Start the chain anew?").default(false).interact()? {
            anyhow::bail!("nothing was changed");
        }
    }
    let done = audit_chain::restart(&app, &Origin::cli()).await?;
    let facts = json!({
        "broken": { "kind": done.broken.kind.as_str(), "number": done.broken.seq, "id": done.broken.id,
            "says": done.broken.to_string() },
        "held": done.held.map(|(first, last)| json!({ "first": first, "last": last })),
        "begins": done.begins,
    });
    let held =
        done.held.map_or_else(|| "none held".to_owned(), |(first, last)| format!("{first} to {last} held"));
    let sentence = format!(
        "the chain begins anew at row {begins}, which says why: {broken}\nof the rows before it, {held}; none is vouched for any \
         more, and they go when row {begins} is a year old",
        begins = done.begins,
        broken = done.broken
    );
    output::done(as_json, &facts, &sentence)
}
