//! `countersign export|plan|apply DIR`

use std::io::{IsTerminal as _, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use dialoguer::Confirm;
use serde_json::{Value, json};

use super::output::{put, say};
use super::{Place, output};
use crate::admin::as_code::{self, Action, Exported, FieldChange, Kind, Plan, Step};
use crate::app::Origin;

/// What `plan` answers when there is something to do.
const CHANGES: u8 = 2;

#[derive(Args, Debug)]
pub(super) struct ExportOptions {
    /// Where to; made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Replace what an earlier export wrote there
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct PlanOptions {
    /// The files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Count what no file names as to be deleted
    #[arg(long)]
    prune: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct ApplyOptions {
    /// The files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Delete what no file names
    #[arg(long)]
    prune: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON: the plan, and the secrets that were made; needs --yes
    #[arg(long, requires = "yes")]
    json: bool,
}

pub(super) async fn export(place: &Place, options: ExportOptions) -> anyhow::Result<()> {
    let app = place.app().await?;
    let exported = as_code::export(&app, &options.folder, options.force).await?;
    let folder = options.folder.display().to_string();
    let Exported { clients, groups, scopes, webhooks, upstreams, branding } = exported;
    let written = json!({
        "clients": clients, "groups": groups, "scopes": scopes, "webhooks": webhooks, "upstreams": upstreams,
        "branding": branding, "folder": folder,
    });
    let and_branding = if branding { ", and the branding," } else { "" };
    let sentence = format!(
        "{clients} clients, {groups} groups, {scopes} scopes, {webhooks} webhooks and {upstreams} upstream providers{and_branding} are in {folder}"
    );
    output::done(options.json, &written, &sentence)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(super) async fn plan(place: &Place, options: PlanOptions) -> anyhow::Result<ExitCode> {
    let app = place.app().await?;
    let plan = as_code::plan(&app, &options.folder, &environment, options.prune).await?;
    if options.json {
        output::json(&plan)?;
    } else {
        put(format_args!("{}", readable(&plan)));
    }
    Ok(if plan.steps.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

pub(super) async fn apply(place: &Place, options: ApplyOptions) -> anyhow::Result<()> {
    let app = place.app().await?;
    let plan = as_code::plan(&app, &options.folder, &environment, options.prune).await?;
    let planned = if options.json { serde_json::to_value(&plan)? } else { Value::Null };
    if !options.json {
        put(format_args!("{}", readable(&plan)));
    }
    if !plan.steps.is_empty() && !options.yes {
        if !(stdin().is_terminal() && stdout().is_terminal()) {
            bail!("nobody is there to be asked: look at the plan, then say --yes");
        }
        if !Confirm::new().with_prompt("Apply this?").default(false).interact()? {
            bail!("nothing was changed");
        }
    }
    let done = plan.steps.len();
    let secrets = as_code::apply(&app, &Origin::cli(), plan).await?;
    if options.json {
        return output::json(&json!({ "plan": planned, "secrets": secrets }));
    }
    for secret in secrets {
        say!("{secret}  (shown only this once)");
    }
    if done > 0 {
        say!("Applied.");
    }
    Ok(())
}

/// A plan for people.
fn readable(plan: &Plan) -> String {
    let steps: String = plan.steps.iter().map(step).collect();
    let to_do = if plan.steps.is_empty() {
        "Nothing to do".to_owned()
    } else {
        let [create, change, delete] =
            [Action::Create, Action::Change, Action::Delete].map(|action| plan.count(action));
        format!("{create} to create, {change} to change, {delete} to delete")
    };
    let left_alone = if plan.unmanaged.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = plan.unmanaged.iter().map(|thing| called(thing.kind, &thing.id)).collect();
        format!("In no file, left alone and not counted (--prune would delete): {}\n", names.join(", "))
    };
    let renamed = if plan.may_rename_a_group() {
        "A group is known by its name: one that was renamed in a file is made anew, without its members.\n\
         Rename it in the pages first, or with `countersign group update`.\n"
    } else {
        ""
    };
    format!("{steps}{to_do}; {} as the files say.\n{left_alone}{renamed}", plan.unchanged)
}

fn step(step: &Step) -> String {
    let sign = match step.action {
        Action::Create => '+',
        Action::Change => '~',
        Action::Delete => '-',
    };
    let place = step.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
    let fields: String = step.fields.iter().map(|change| field(step.action, change)).collect();
    format!("{sign} {}{place}\n{fields}", called(step.kind, &step.id))
}

/// There is one branding, and it is called so.
fn called(kind: Kind, id: &str) -> String {
    let kind = kind.as_str();
    if kind == id { id.to_owned() } else { format!("{kind} {id}") }
}

fn field(action: Action, change: &FieldChange) -> String {
    let name = &change.field;
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    match (&change.before, &change.after) {
        // Of a list, what comes and goes.
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if action == Action::Change
                && (before.iter().any(|item| !after.contains(item))
                    || after.iter().any(|item| !before.contains(item))) =>
        {
            let gone =
                before.iter().filter(|item| !after.contains(item)).map(|item| format!("      - {item}\n"));
            let come =
                after.iter().filter(|item| !before.contains(item)).map(|item| format!("      + {item}\n"));
            format!("    {name}:\n{}", gone.chain(come).collect::<String>())
        }
        (_, Some(Value::String(source))) if name == "client_secret" => format!("    {name}: {source}\n"),
        _ if action == Action::Create => format!("    {name} = {}\n", shown(&change.after)),
        (before, after) => format!("    {name}: {} → {}\n", shown(before), shown(after)),
    }
}
