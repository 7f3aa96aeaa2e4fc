//! Administration. The services here ([`clients`], [`users`], [`groups`], [`scopes`], [`delegations`], [`sign_in_methods`], [`invitations`], [`keys`],
//! [`mails`], [`providers`], [`registration_tokens`], [`failures`], [`audit`], [`overview`], [`webhooks`], [`branding`], [`policies`], [`as_code`], [`import`]) hold every rule of
//! it once, and ask [`access`] who may do what; the API, the pages and the command line only translate to and from them.

pub mod access;
pub mod api;
pub mod as_code;
pub mod audit;
pub mod branding;
pub mod clients;
pub mod delegations;
pub mod failures;
pub mod groups;
pub mod import;
pub mod invitations;
pub mod keys;
pub mod mails;
pub mod overview;
pub mod pages;
pub mod policies;
pub mod preview;
pub mod providers;
pub mod registration_tokens;
pub mod scopes;
pub mod settings;
pub mod sign_in_methods;
pub mod users;
pub mod webhooks;

use serde::Serialize;
use serde_json::Value;

use crate::authn::SignInError;
use crate::authn::password::HashingError;
use crate::jose::KeyringError;
use crate::mail::MailError;
use crate::protocol::password_strength::Weakness;
use crate::protocol::powers::Missing;
use crate::protocol::registration::FieldProblem;
use crate::sealing::SealError;
use crate::store::StoreError;

/// Why an administrator's wish was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// These fields break rules.
    #[error("{}", lines(.0))]
    Invalid(Vec<FieldProblem>),
    /// The password is too easy to guess.
    #[error("password: {0}")]
    WeakPassword(#[from] Weakness),
    /// It takes more than they have.
    #[error("{0}")]
    Forbidden(Missing),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Somebody else changed it since it was read.
    #[error("the {0} was changed meanwhile: look at it again, then repeat the change")]
    Changed(&'static str),
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked at the moment: try again in a second")]
    Busy,
    /// The database, or a rule that it keeps.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signing keys.
    #[error(transparent)]
    Keys(KeyringError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(HashingError),
    /// A secret could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealError),
}

impl Refusal {
    /// One field breaks a rule.
    pub fn field(field: &'static str, message: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }
}

impl From<MailError> for Refusal {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            MailError::Seal(error) => Self::Sealing(error),
        }
    }
}

impl From<HashingError> for Refusal {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::Busy,
            error @ HashingError::Argon2(_) => Self::Hashing(error),
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => Self::Store(error),
            SignInError::Hashing(error) => error.into(),
            // Of what an administrator does, nothing is proved by these.
            SignInError::Sealed(_) | SignInError::Directory(_) => Self::Busy,
        }
    }
}

impl From<KeyringError> for Refusal {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Store(error) => Self::Store(error),
            error => Self::Keys(error),
        }
    }
}

fn lines(problems: &[FieldProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What an edit changed, for the audit log: the names of the fields, and the new position of a switch.
fn changes<T: Serialize>(before: &T, after: &T) -> String {
    let fields = |input| match serde_json::to_value(input) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, mut after) = (fields(before), fields(after));
    // What is gone may be left out.
    for name in before.keys() {
        after.entry(name.as_str()).or_insert(Value::Null);
    }
    let changed: Vec<String> = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, value)| match value {
            Value::Bool(on) => format!("{name}={on}"),
            _ => name.clone(),
        })
        .collect();
    if changed.is_empty() { "nothing changed".to_owned() } else { changed.join(" ") }
}

/// A page of what was found, and whether there is more: one more than its length was asked for.
fn cut<T>(mut found: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    (found, more)
}

#[cfg(test)]
mod tests {
    use super::changes;
    use crate::protocol::registration::ClientInput;

    #[test]
    fn the_audit_log_names_what_changed_and_shows_switches_only() {
        let before = ClientInput { scope: Some("a".to_owned()), ..ClientInput::default() };
        let after =
            ClientInput { scope: Some("b".to_owned()), disabled: Some(true), ..ClientInput::default() };
        assert_eq!(changes(&before, &after), "disabled=true scope");
        assert_eq!(changes(&after, &after), "nothing changed");
    }
}
