//! `users.csv`: a heading, then a user a line (RFC 4180).

use std::path::Path;

use super::{Found, FoundUser, Item, Unreadable, text_of};
use crate::authn::imported_hash::ImportedHash;
use crate::protocol::profile::UserInput;
use crate::protocol::standard_claims::StandardClaims;

/// Columns beside the standard claims.
const COLUMNS: [&str; 10] = [
    "id",
    "username",
    "email",
    "email_verified",
    "name",
    "is_admin",
    "disabled",
    "password_hash",
    "groups",
    "phone_number_verified",
];

/// Reads a file.
///
/// # Errors
/// It is no CSV, or its heading names a column that is not known.
pub fn read(file: &Path) -> Result<Found, Unreadable> {
    let text = text_of(file)?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let format = |error: csv::Error| Unreadable::Format(error.to_string());
    let heading = reader.headers().map_err(format)?.clone();
    let claims = StandardClaims::default().texts().map(|(name, _)| name);
    for (at, column) in heading.iter().enumerate() {
        let known = COLUMNS.contains(&column) || claims.contains(&column);
        if !known {
            let all: Vec<&str> = COLUMNS.iter().chain(&claims).copied().collect();
            return Err(Unreadable::Format(format!(
                "line 1: unknown column {column:?}; known are: {}",
                all.join(", ")
            )));
        }
        if heading.iter().take(at).any(|earlier| earlier == column) {
            return Err(Unreadable::Format(format!("line 1: the column {column} is there twice")));
        }
    }
    if !heading.iter().any(|column| matches!(column, "username" | "email")) {
        return Err(Unreadable::Format("line 1: there must be a column username or email".to_owned()));
    }
    let mut found = Found::default();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                found.users.push(Item {
                    place: format!("line {line}"),
                    name: String::new(),
                    what: Err(error.to_string()),
                });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: &str| {
            let at = heading.iter().position(|name| name == column)?;
            record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let name = cell("username").or_else(|| cell("email")).unwrap_or_default();
        let what = if record.len() == heading.len() {
            user(&cell)
        } else {
            Err(format!("has {} cells where the heading has {}", record.len(), heading.len()))
        };
        if let Ok(user) = &what {
            found.groups.extend(user.groups.iter().cloned());
        }
        found.users.push(Item { place: format!("line {line}"), name, what });
    }
    found.groups.sort();
    found.groups.dedup();
    Ok(found)
}

fn user(cell: &impl Fn(&str) -> Option<String>) -> Result<FoundUser, String> {
    let flag = |column: &str| match cell(column).map(|text| text.to_ascii_lowercase()).as_deref() {
        None => Ok(None),
        Some("true" | "yes" | "1") => Ok(Some(true)),
        Some("false" | "no" | "0") => Ok(Some(false)),
        Some(_) => Err(format!("{column}: must be true or false")),
    };
    let claims = StandardClaims {
        phone_number_verified: flag("phone_number_verified")?,
        ..StandardClaims::from_texts(cell)
    };
    let groups = cell("groups").unwrap_or_default();
    Ok(FoundUser {
        id: cell("id"),
        input: UserInput {
            username: cell("username"),
            email: cell("email"),
            email_verified: flag("email_verified")?,
            name: cell("name"),
            is_admin: flag("is_admin")?,
            disabled: flag("disabled")?,
            password: None,
            claims,
        },
        hash: cell("password_hash").map(|text| ImportedHash::parse(&text)),
        groups: groups.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        ..FoundUser::default()
    })
}
