//! What commands print: tables for people, JSON for programs.

use std::fmt;
use std::io::{self, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::admin::Refusal;
use crate::protocol::registration::FieldProblem;

/// Prints a text. Whoever reads and has had enough (`| head`) ends the program, and that is no failure.
pub(super) fn put(text: fmt::Arguments<'_>) {
    if io::stdout().write_fmt(text).is_err() {
        std::process::exit(0);
    }
}

/// Prints a line, as [`put`] does.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::output::put(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(super) use say;

/// Prints a value as JSON.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    say!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints what was done: as JSON where that is asked for, else a sentence.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn done(as_json: bool, value: &Value, sentence: &str) -> anyhow::Result<()> {
    if as_json {
        return json(value);
    }
    say!("{sentence}");
    Ok(())
}

/// Was JSON asked for? Asked of the arguments themselves: also what clap refuses is answered in it.
pub(super) fn is_json() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}

/// What a command that failed prints to standard output where JSON is asked for; the sentence goes to standard error besides.
#[derive(Serialize)]
struct Failure {
    error: String,
    /// What is wrong with each option or part of a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<OptionProblem>,
}

/// What is wrong with an option.
#[derive(Clone, Debug, Serialize)]
struct OptionProblem {
    option: String,
    message: String,
}

/// A refusal, option by option.
#[derive(Debug)]
struct Refused(Vec<OptionProblem>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was changed:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.option, problem.message))
    }
}

impl std::error::Error for Refused {}

/// Prints why a command failed, as JSON.
pub(super) fn failure(error: &anyhow::Error) {
    let refused = error.downcast_ref::<Refused>();
    failed(&Failure {
        error: refused.map_or_else(|| format!("{error:#}"), |_| "nothing was changed".to_owned()),
        problems: refused.map(|refused| refused.0.clone()).unwrap_or_default(),
    });
}

/// Prints why a command was not understood, as JSON.
pub(super) fn misunderstood(error: &clap::Error) {
    let text = error.to_string();
    let said = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    failed(&Failure { error: said.trim().to_owned(), problems: Vec::new() });
}

fn failed(failure: &Failure) {
    // Texts always are JSON; where nobody listens, the exit code says it.
    let text = serde_json::to_string_pretty(failure).unwrap_or_default();
    let _ = writeln!(io::stdout(), "{text}");
}

/// A bar for work that takes its time, on standard error; none where that is no terminal.
pub(super) fn progress(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} {msg}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// The same where nobody knows how much there is.
pub(super) fn progress_without_end(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Prints rows under their headings.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings);
    table.add_rows(rows);
    say!("{table}");
}

/// Prints names and values, without those that are empty.
pub(super) fn details<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for (name, value) in rows {
        if !value.is_empty() {
            table.add_row([name, &value]);
        }
    }
    say!("{table}");
}

/// Unix seconds as people and programs read them.
pub(super) fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.to_string())
}

/// `yes`, or nothing.
pub(super) fn flag(on: bool) -> String {
    if on { "yes".to_owned() } else { String::new() }
}

/// A refusal in the words of the command line: fields are named by the options that set them.
pub(super) fn refused(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Invalid(problems) => {
            let of = |problem: FieldProblem| OptionProblem {
                option: option_of(problem.field),
                message: problem.message,
            };
            Refused(problems.into_iter().map(of).collect()).into()
        }
        other => other.into(),
    }
}

fn option_of(field: &str) -> String {
    match field {
        "client_id" => "--id".to_owned(),
        "client_name" => "--name".to_owned(),
        "redirect_uris" => "--redirect-uri".to_owned(),
        "post_logout_redirect_uris" => "--post-logout-redirect-uri".to_owned(),
        "grant_types" => "--grant-type".to_owned(),
        "token_endpoint_auth_method" => "--auth-method".to_owned(),
        "id_token_signed_response_alg" => "--id-token-alg".to_owned(),
        "access_token_signed_response_alg" => "--access-token-alg".to_owned(),
        "expires_in" => "--expires".to_owned(),
        "claims" => "--claim".to_owned(),
        "is_admin" => "--admin".to_owned(),
        "password" => "password".to_owned(),
        "holder" | "over" => field.to_uppercase(),
        // Claims without an option of their own.
        "middle_name"
        | "nickname"
        | "profile"
        | "picture"
        | "website"
        | "gender"
        | "birthdate"
        | "zoneinfo"
        | "locale"
        | "phone_number_verified" => format!("--claims {field}"),
        part if part.starts_with("address.") => format!("--claims {part}"),
        other => format!("--{}", other.replace('_', "-")),
    }
}
