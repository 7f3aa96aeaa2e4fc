//! `countersign audit …`

use std::io::{self, ErrorKind, Write as _};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Place, output};
use crate::admin::audit::{self, Export, Format};
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

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List { filter, limit, after, json } => list(place, filter.into(), limit, after, json).await,
        Command::Export { filter, format } => export(place, filter.into(), format).await,
        Command::Verify { expect, json } => verify(place, expect, json).await,
    }
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
        println!("older ones: --after {cursor}");
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
    let mut out = io::stdout().lock();
    while let Some(piece) = export.piece().await.map_err(output::refused)? {
        match out.write_all(piece.as_bytes()).and_then(|()| out.flush()) {
            // `| head` has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

async fn verify(place: &Place, expect: Option<Expected>, as_json: bool) -> anyhow::Result<()> {
    let app = place.app().await?;
    let report = audit_chain::verify(&app, expect.as_ref()).await?;
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
    if let Some(broken) = report.broken {
        anyhow::bail!("the audit log is not as it was written: {broken}");
    }
    if forgotten {
        anyhow::bail!(
            "the row that is expected is older than what is kept: the first one is number {}",
            report.first
        );
    }
    if !as_json {
        output::details([
            ("holds", "yes".to_owned()),
            ("rows", format!("{} checked: number {} to {}", report.checked, report.first, report.last)),
            ("waiting", format!("{}, which a running server chains within a second", report.waiting)),
            ("head", format!("{}:{}", report.last, report.link)),
        ]);
    }
    Ok(())
}
