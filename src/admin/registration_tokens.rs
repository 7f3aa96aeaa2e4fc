//! Initial access tokens: make, list, revoke.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refusal;
use super::access::allow;
use crate::app::{App, Origin};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::registration::FieldProblem;
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::changes_the_text_around;
use crate::store::RegistrationToken;

/// A token works for so long unless something else is said.
const DEFAULT_LIFE: Duration = Duration::from_hours(30 * 24);
/// And at least and at most.
const SHORTEST_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 3650 * 86_400;
/// Clients that one token may register at most, where their number is limited.
const MOST_USES: u32 = 1_000_000;
/// Characters in a note at most.
const LONGEST_NOTE: usize = 200;

/// A token as an administrator wants it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationTokenInput {
    /// What it is for; 200 characters at most.
    #[schema(max_length = 200)]
    pub note: String,
    /// For how many seconds it works. Default: 30 days.
    #[schema(minimum = 60, maximum = 315_360_000)]
    pub expires_in: Option<u64>,
    /// How many clients it may register. Default: any number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub uses: Option<u32>,
}

/// A token in answers.
#[derive(Serialize, ToSchema)]
pub struct RegistrationTokenView {
    /// Its public name.
    pub id: String,
    /// The token, in the answer to the request that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What it is for.
    pub note: String,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it stops working (Unix seconds).
    pub expires_at: i64,
    /// How many clients it may still register; null for any number.
    pub uses_left: Option<i64>,
}

impl From<RegistrationToken> for RegistrationTokenView {
    fn from(token: RegistrationToken) -> Self {
        let RegistrationToken { id, note, created_at, expires_at, uses_left } = token;
        Self { id, token: None, note, created_at, expires_at, uses_left }
    }
}

/// Makes a token, which the answer holds: nobody can read it again.
///
/// # Errors
/// A field breaks a rule.
pub async fn create(
    app: &App,
    origin: &Origin,
    input: RegistrationTokenInput,
) -> Result<RegistrationTokenView, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::RegistrationTokens)), "registration_token:")
        .await?;
    let lifetime = check(&input).map_err(Refusal::Invalid)?;
    let now = app.clock.now();
    let row = RegistrationToken {
        id: app.entropy.ordered_id(&app.clock),
        note: input.note.trim().to_owned(),
        created_at: now.0,
        expires_at: now.plus(lifetime).0,
        uses_left: input.uses.map(i64::from),
    };
    // The beginning lets scanners recognise a leaked one.
    let token = format!("cs_iat_{}", app.entropy.secret());
    let audit = app.audit(origin, "registration_token.create", target(&row.id), row.note.as_str());
    app.store.insert_registration_token(&row, &sha256_hex(&token), &audit).await?;
    Ok(RegistrationTokenView { token: Some(token), ..row.into() })
}

/// The tokens that still work.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App) -> Result<Vec<RegistrationTokenView>, Refusal> {
    let tokens = app.store.registration_tokens(app.clock.now()).await?;
    Ok(tokens.into_iter().map(RegistrationTokenView::from).collect())
}

/// Revokes a token. The clients that it registered stay.
///
/// # Errors
/// There is none with this id.
pub async fn revoke(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::RegistrationTokens)), &target(id)).await?;
    let audit = app.audit(origin, "registration_token.revoke", target(id), "");
    if app.store.delete_registration_token(id, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("registration token"))
    }
}

/// For how long the token is to work.
fn check(input: &RegistrationTokenInput) -> Result<Duration, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    if input.note.chars().count() > LONGEST_NOTE || input.note.chars().any(changes_the_text_around) {
        let message = "200 characters at most, without control or direction characters";
        problems.push(FieldProblem::new("note", message));
    }
    let lifetime = input.expires_in.unwrap_or(DEFAULT_LIFE.as_secs());
    if !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&lifetime) {
        problems.push(FieldProblem::new("expires_in", "from a minute to ten years"));
    }
    if input.uses.is_some_and(|uses| !(1..=MOST_USES).contains(&uses)) {
        problems.push(FieldProblem::new("uses", format_args!("from 1 to {MOST_USES}")));
    }
    if problems.is_empty() { Ok(Duration::from_secs(lifetime)) } else { Err(problems) }
}

fn target(id: &str) -> String {
    format!("registration_token:{id}")
}

#[cfg(test)]
mod tests {
    use super::{RegistrationTokenInput, check};

    #[test]
    fn each_wrong_field_of_a_token_is_told() {
        let input = RegistrationTokenInput::default;
        for (field, bad) in [
            ("note", RegistrationTokenInput { note: "x".repeat(201), ..input() }),
            ("note", RegistrationTokenInput { note: "a\u{202e}b".to_owned(), ..input() }),
            ("note", RegistrationTokenInput { note: "a\0b".to_owned(), ..input() }),
            ("expires_in", RegistrationTokenInput { expires_in: Some(0), ..input() }),
            ("expires_in", RegistrationTokenInput { expires_in: Some(59), ..input() }),
            ("expires_in", RegistrationTokenInput { expires_in: Some(u64::MAX), ..input() }),
            ("uses", RegistrationTokenInput { uses: Some(0), ..input() }),
            ("uses", RegistrationTokenInput { uses: Some(1_000_001), ..input() }),
        ] {
            let problems = check(&bad).expect_err("a rule is broken");
            assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), [field], "{bad:?}");
        }
        assert_eq!(check(&input()).unwrap().as_secs(), 30 * 86_400);
    }
}
