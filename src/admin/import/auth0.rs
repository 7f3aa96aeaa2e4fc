//! Users of Auth0: a JSON array as its bulk import takes it, or one JSON object a line as its exports are. Known are the names
//! of both (`password_hash`, `custom_password_hash`; `passwordHash`, `phone_verified`).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::{Found, FoundUser, Item, Unreadable, text_of};
use crate::authn::imported_hash::{ImportedHash, NotTaken, ScryptParams};
use crate::protocol::profile::UserInput;
use crate::protocol::standard_claims::StandardClaims;

#[derive(Deserialize)]
struct Row {
    user_id: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    username: Option<String>,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    nickname: Option<String>,
    picture: Option<String>,
    phone_number: Option<String>,
    phone_verified: Option<bool>,
    blocked: Option<bool>,
    #[serde(alias = "passwordHash")]
    password_hash: Option<String>,
    custom_password_hash: Option<Custom>,
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct Custom {
    algorithm: String,
    hash: Encoded,
    salt: Option<Encoded>,
    keylen: Option<usize>,
    cost: Option<u64>,
    #[serde(rename = "blockSize")]
    block_size: Option<u32>,
    parallelization: Option<u32>,
}

#[derive(Deserialize)]
struct Encoded {
    value: String,
    encoding: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// It is neither a JSON array nor a JSON object a line.
pub fn read(file: &Path) -> Result<Found, Unreadable> {
    let text = text_of(file)?;
    let mut found = Found::default();
    if text.trim_start().starts_with('[') {
        let rows: Vec<Value> = serde_json::from_str(&text)
            .map_err(|error| Unreadable::Format(format!("this is no JSON array of users: {error}")))?;
        found.users = rows
            .into_iter()
            .enumerate()
            .map(|(at, row)| item(format!("user {}", at + 1), serde_json::from_value(row)))
            .collect();
        return Ok(found);
    }
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if at == 0 && !line.trim_start().starts_with('{') {
            return Err(Unreadable::Format(
                "this is neither a JSON array nor a JSON object a line".to_owned(),
            ));
        }
        found.users.push(item(format!("line {}", at + 1), serde_json::from_str(line)));
    }
    Ok(found)
}

fn item(place: String, row: Result<Row, serde_json::Error>) -> Item<FoundUser> {
    match row {
        Ok(row) => {
            let name = row.email.clone().or_else(|| row.username.clone()).unwrap_or_default();
            Item { place, name, what: Ok(user(row)) }
        }
        Err(error) => Item { place, name: String::new(), what: Err(error.to_string()) },
    }
}

fn user(row: Row) -> FoundUser {
    let hash = match (row.password_hash, row.custom_password_hash) {
        (Some(text), _) => Some(ImportedHash::parse(&text)),
        (None, Some(custom)) => Some(custom.hash()),
        (None, None) => None,
    };
    let email = row.email.filter(|email| !email.is_empty());
    let created_at = row.created_at.and_then(|text| {
        let format = time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(&text, &format).ok().map(time::OffsetDateTime::unix_timestamp)
    });
    FoundUser {
        id: row.user_id,
        input: UserInput {
            username: row.username,
            email_verified: Some(row.email_verified.unwrap_or(false) && email.is_some()),
            // Where nothing else is known, Auth0 has the address for a name.
            name: row.name.filter(|name| Some(name) != email.as_ref()),
            email,
            disabled: row.blocked,
            is_admin: None,
            password: None,
            claims: StandardClaims {
                given_name: row.given_name,
                family_name: row.family_name,
                nickname: row.nickname,
                picture: row.picture,
                phone_number_verified: row.phone_number.as_ref().and(row.phone_verified),
                phone_number: row.phone_number,
                ..StandardClaims::default()
            },
        },
        hash,
        created_at,
        ..FoundUser::default()
    }
}

impl Encoded {
    fn bytes(&self) -> Result<Vec<u8>, NotTaken> {
        match self.encoding.as_deref() {
            None | Some("utf8") => Ok(self.value.clone().into_bytes()),
            Some("base64") => {
                STANDARD.decode(&self.value).map_err(|_| NotTaken::Broken("its base64 does not read"))
            }
            Some("hex") => unhex(&self.value).ok_or(NotTaken::Broken("its hexadecimal does not read")),
            Some(_) => Err(NotTaken::Broken("its encoding is none of base64, hex and utf8")),
        }
    }
}

impl Custom {
    fn hash(&self) -> Result<ImportedHash, NotTaken> {
        match self.algorithm.as_str() {
            // In the form of crypt or PHC.
            "bcrypt" | "argon2" | "pbkdf2" => {
                let text =
                    String::from_utf8(self.hash.bytes()?).map_err(|_| NotTaken::Broken("it is no text"))?;
                ImportedHash::parse(&text)
            }
            "scrypt" => {
                let output = self.hash.bytes()?;
                if self.keylen.is_some_and(|length| length != output.len()) {
                    return Err(NotTaken::Broken("it is not as long as its keylen"));
                }
                let salt = self.salt.as_ref().ok_or(NotTaken::Broken("it has no salt"))?.bytes()?;
                let cost = self.cost.unwrap_or(16_384);
                if !cost.is_power_of_two() || cost < 2 {
                    return Err(NotTaken::Broken("its cost is no power of two"));
                }
                let log_n = u8::try_from(cost.ilog2()).unwrap_or(u8::MAX);
                let params = ScryptParams {
                    log_n,
                    r: self.block_size.unwrap_or(8),
                    p: self.parallelization.unwrap_or(1),
                };
                ImportedHash::scrypt(params, salt, output)
            }
            _ => Err(NotTaken::Unknown),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
