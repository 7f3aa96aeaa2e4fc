//! What an administrator may say about a user.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registration::FieldProblem;
use super::standard_claims::{self, StandardClaims};
use super::user::{
    User, UserProblem, acceptable_password, canonical_email, canonical_username, display_name,
};

/// A user as somebody wants it to be.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserInput {
    /// User name to sign in with; 1 to 64 of letters, digits and `. _ - +`.
    pub username: Option<String>,
    /// E-mail address to sign in with.
    pub email: Option<String>,
    /// Was the address shown to be the user's? When left out, a new address is not.
    pub email_verified: Option<bool>,
    /// Name to show.
    pub name: Option<String>,
    /// May administer this server. Default: no.
    pub is_admin: Option<bool>,
    /// Switched off: every sign-in, session and token is refused. Default: no.
    pub disabled: Option<bool>,
    /// First password, 8 to 1024 characters; only for a new user.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub password: Option<String>,
    /// What else the standard claims tell, each by its name.
    #[serde(flatten)]
    pub claims: StandardClaims,
}

/// A profile that keeps every rule. Only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Canonical user name.
    pub username: String,
    /// Canonical address.
    pub email: Option<String>,
    /// Was it shown to be the user's?
    pub email_verified: bool,
    /// Name to show.
    pub name: Option<String>,
    /// May administer this server.
    pub is_admin: bool,
    /// Switched off.
    pub disabled: bool,
    /// What else the standard claims tell.
    pub claims: StandardClaims,
}

/// Judges a new user, or, with `before`, a changed one.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(input: &UserInput, before: Option<&User>) -> Result<Profile, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut note =
        |field: &'static str, problem: UserProblem| problems.push(FieldProblem::new(field, problem));
    let username = canonical_username(input.username.as_deref().unwrap_or_default())
        .map_err(|problem| note("username", problem))
        .unwrap_or_default();
    let email = optional(input.email.as_deref(), canonical_email).map_err(|problem| note("email", problem));
    let name = optional(input.name.as_deref(), display_name).map_err(|problem| note("name", problem));
    if let Some(password) = &input.password {
        if before.is_some() {
            problems.push(FieldProblem::new("password", "is set by itself, not with the profile"));
        } else if let Err(problem) = acceptable_password(password) {
            note("password", problem);
        }
    }
    let email = email.unwrap_or_default();
    let same_email = before.is_some_and(|user| user.email == email && user.email_verified);
    let email_verified = input.email_verified.unwrap_or(same_email);
    if email_verified && email.is_none() && input.email_verified == Some(true) {
        problems.push(FieldProblem::new("email_verified", "there is no address that could be verified"));
    }
    let claims = standard_claims::check(&input.claims, before.map(|user| &user.claims))
        .map_err(|more| problems.extend(more))
        .unwrap_or_default();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Profile {
        email_verified: email_verified && email.is_some(),
        username,
        email,
        name: name.unwrap_or_default(),
        is_admin: input.is_admin.unwrap_or(false),
        disabled: input.disabled.unwrap_or(false),
        claims,
    })
}

/// Nothing, or a text that keeps its rule.
fn optional(
    text: Option<&str>,
    rule: impl Fn(&str) -> Result<String, UserProblem>,
) -> Result<Option<String>, UserProblem> {
    text.filter(|text| !text.trim().is_empty()).map(rule).transpose()
}

/// The profile as it stands: what an edit begins with. Whether the address and the number were verified follows them
/// and is left out.
impl From<&User> for UserInput {
    fn from(user: &User) -> Self {
        Self {
            username: Some(user.username.clone()),
            email: user.email.clone(),
            email_verified: None,
            name: user.name.clone(),
            is_admin: Some(user.is_admin),
            disabled: Some(user.disabled),
            password: None,
            claims: StandardClaims { phone_number_verified: None, ..user.claims.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{UserInput, check};
    use crate::protocol::samples;
    use crate::protocol::standard_claims::StandardClaims;
    use crate::protocol::timestamp::Timestamp;
    use crate::protocol::user::User;

    fn ada() -> User {
        User {
            id: "1".into(),
            username: "ada".to_owned(),
            email: Some("ada@example.com".to_owned()),
            email_verified: true,
            name: None,
            claims: samples::claims(),
            password_hash: None,
            is_admin: false,
            disabled: false,
            new_password_required: false,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let input = UserInput {
            username: text("a b"),
            email: text("nowhere"),
            name: text("a\u{202e}b"),
            password: text("short"),
            claims: StandardClaims { website: text("javascript:alert(1)"), ..StandardClaims::default() },
            ..UserInput::default()
        };
        let fields: Vec<_> = check(&input, None).unwrap_err().iter().map(|p| p.field).collect();
        assert_eq!(fields, ["username", "email", "name", "password", "website"]);
        assert_eq!(check(&UserInput::default(), None).unwrap_err()[0].field, "username");
    }

    #[test]
    fn a_new_address_is_not_a_verified_one() {
        let same = check(&UserInput::from(&ada()), Some(&ada())).unwrap();
        assert!(same.email_verified);
        let moved = UserInput { email: text("ada@example.org"), ..UserInput::from(&ada()) };
        assert!(!check(&moved, Some(&ada())).unwrap().email_verified);
        let vouched = UserInput { email_verified: Some(true), ..moved };
        assert!(check(&vouched, Some(&ada())).unwrap().email_verified);
        let gone = UserInput { email: None, ..UserInput::from(&ada()) };
        assert!(!check(&gone, Some(&ada())).unwrap().email_verified);
        let nothing = UserInput { email_verified: Some(true), ..gone };
        assert_eq!(check(&nothing, Some(&ada())).unwrap_err()[0].field, "email_verified");
    }

    #[test]
    fn a_new_number_is_not_a_verified_one() {
        let same = check(&UserInput::from(&ada()), Some(&ada())).unwrap();
        assert_eq!(same.claims, ada().claims);
        let mut moved = UserInput::from(&ada());
        moved.claims.phone_number = text("+4721234567");
        assert_eq!(check(&moved, Some(&ada())).unwrap().claims.phone_number_verified, Some(false));
    }

    #[test]
    fn openid_core_5_1_the_claims_stand_beside_the_other_fields_by_their_names() {
        let json = r#"{"username":"ada","given_name":"Ada","phone_number_verified":false,"address":{"country":"UK"}}"#;
        let input: UserInput = serde_json::from_str(json).unwrap();
        assert_eq!(input.claims.given_name, text("Ada"));
        assert_eq!(input.claims.phone_number_verified, Some(false));
        assert_eq!(input.claims.address.as_ref().unwrap().country, text("UK"));
        let written = serde_json::to_value(&input).unwrap();
        assert_eq!((&written["given_name"], &written["address"]["country"]), (&"Ada".into(), &"UK".into()));
        assert_eq!(serde_json::from_value::<UserInput>(written).unwrap().claims, input.claims);
    }

    #[test]
    fn a_password_does_not_ride_along_with_a_profile() {
        let input = UserInput { password: text("long enough"), ..UserInput::from(&ada()) };
        assert_eq!(check(&input, Some(&ada())).unwrap_err()[0].field, "password");
        assert!(!serde_json::to_string(&input).unwrap().contains("long enough"));
    }

    #[test]
    fn unknown_fields_are_refused() {
        for bad in [
            r#"{"username":"a","password_hash":"x"}"#,
            r#"{"id":"1"}"#,
            r#"{"is_admin":"yes"}"#,
            r#"{"claims":{}}"#,
            r#"{"given_name":"a","given_name":"b"}"#,
            r#"{"given_name":1}"#,
            r#"{"phone_number_verified":"yes"}"#,
            r#"{"address":"x"}"#,
            r#"{"address":{"planet":"x"}}"#,
            r#"{"address":{"country":"a","country":"b"}}"#,
            r#"{"surname":"x"}"#,
        ] {
            assert!(serde_json::from_str::<UserInput>(bad).is_err(), "{bad}");
        }
    }
}
