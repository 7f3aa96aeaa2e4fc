//! What commands print: tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::admin::Refusal;

/// Prints a value as JSON.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints rows under their headings.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings);
    table.add_rows(rows);
    println!("{table}");
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
    println!("{table}");
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
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| format!("\n  {}: {}", option_of(problem.field), problem.message))
                .collect();
            anyhow::anyhow!("nothing was changed:{}", lines.concat())
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
