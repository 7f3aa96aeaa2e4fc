//! Groups of users: what they may be called, and what they ask of their members.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::assurance::Level;
use super::ids::{GroupId, UserId};
use super::registration::FieldProblem;
use super::timestamp::Timestamp;
use super::user::changes_the_text_around;

/// The longest name, in characters.
const LONGEST_NAME: usize = 64;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 500;

/// A group as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id, which stays when its name changes.
    pub id: GroupId,
    /// Its name: the value in the claim `groups`.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// How surely its members prove who they are to applications, at least.
    pub least_acr: Option<Level>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed. Its members are not counted among its changes.
    pub updated_at: Timestamp,
}

/// A group as somebody wants it to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupInput {
    /// Its name, which applications are told; 1 to 64 of ASCII letters, digits, spaces within and `. _ - + : / @`.
    pub name: Option<String>,
    /// What it is for, 500 characters at most.
    pub description: Option<String>,
    /// How surely its members prove who they are to applications, at least. Default: as applications want it.
    #[schema(value_type = Option<Level>)]
    pub least_acr: Option<String>,
}

impl From<&Group> for GroupInput {
    fn from(group: &Group) -> Self {
        Self {
            name: Some(group.name.clone()),
            description: Some(group.description.clone()).filter(|text| !text.is_empty()),
            least_acr: group.least_acr.map(|level| level.to_string()),
        }
    }
}

/// What a group may be: only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it asks of its members.
    pub least_acr: Option<Level>,
}

/// Judges a group.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(input: &GroupInput) -> Result<Wanted, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let name = input.name.as_deref().unwrap_or_default().trim();
    if !is_name(name) {
        problems.push(FieldProblem::new(
            "name",
            "a group's name has 1 to 64 of: ASCII letters, digits, spaces within and . _ - + : / @",
        ));
    }
    let description = input.description.as_deref().unwrap_or_default().trim();
    if description.chars().count() > LONGEST_DESCRIPTION || description.chars().any(changes_the_text_around) {
        problems.push(FieldProblem::new(
            "description",
            "one line of 500 characters at most, without control or direction characters",
        ));
    }
    let level =
        input.least_acr.as_deref().filter(|text| !text.is_empty()).map(str::parse::<Level>).transpose();
    let least_acr = level.map_err(|problem| problems.push(FieldProblem::new("least_acr", problem)));
    match (least_acr, problems.is_empty()) {
        (Ok(least_acr), true) => {
            Ok(Wanted { name: name.to_owned(), description: description.to_owned(), least_acr })
        }
        _ => Err(problems),
    }
}

/// ASCII only: applications compare names byte by byte, and these have one spelling each.
fn is_name(text: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '+' | ':' | '/' | '@');
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(allowed) && !text.contains("  ")
}

/// The groups of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memberships {
    /// Whose.
    pub user_id: UserId,
    /// By name.
    pub groups: Vec<Membership>,
}

/// One group of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it asks of its members.
    pub least_acr: Option<Level>,
}

impl Memberships {
    /// The names, as in the claim `groups`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// The highest of what these groups ask for.
    #[must_use]
    pub fn least_acr(&self) -> Option<Level> {
        self.groups.iter().filter_map(|group| group.least_acr).max()
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupInput, Membership, Memberships, Wanted, check};
    use crate::protocol::assurance::Level;

    fn input(name: &str, description: &str, least_acr: &str) -> GroupInput {
        let text = |text: &str| Some(text.to_owned());
        GroupInput { name: text(name), description: text(description), least_acr: text(least_acr) }
    }

    #[test]
    fn a_group_is_what_was_asked_for_without_the_space_around_it() {
        let wanted = check(&input(" Domain Admins ", " Who may do anything ", "phishing-resistant"));
        assert_eq!(
            wanted,
            Ok(Wanted {
                name: "Domain Admins".to_owned(),
                description: "Who may do anything".to_owned(),
                least_acr: Some(Level::PhishingResistant),
            })
        );
        for name in ["a", "role:editor", "team/eu-west_1", "ops@example.com", "C++", "x.y", &"n".repeat(64)] {
            let wanted = check(&GroupInput { name: Some(name.to_owned()), ..GroupInput::default() }).unwrap();
            assert_eq!((wanted.name.as_str(), wanted.least_acr), (name, None));
        }
        assert_eq!(check(&input("a", "", "")).unwrap().least_acr, None, "as a form sends it");
    }

    #[test]
    fn whatever_else_is_refused_by_its_field() {
        let fields = |input: &GroupInput| {
            let problems = check(input).unwrap_err();
            problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        for name in [
            "",
            "  ",
            "a  b",
            "a\tb",
            "a\nb",
            "a,b",
            "a\"b",
            "<b>",
            "Prüfer",
            "а",
            "a\u{202e}b",
            "a\0",
            &"n".repeat(65),
        ] {
            assert_eq!(fields(&input(name, "", "")), ["name"], "{name:?}");
        }
        for description in ["a\nb", "a\u{202e}b", "\0", &"é".repeat(501)] {
            assert_eq!(fields(&input("a", description, "")), ["description"], "{description:?}");
        }
        for level in ["2", "none", "Two-Factors", "two-factors ", "urn:countersign:acr:two-factors"] {
            assert_eq!(fields(&input("a", "", level)), ["least_acr"], "{level:?}");
        }
        assert_eq!(fields(&GroupInput::default()), ["name"]);
        assert_eq!(fields(&input("", "\0", "x")), ["name", "description", "least_acr"], "all at once");
    }

    #[test]
    fn several_groups_ask_for_the_highest_of_what_each_asks_for() {
        let of = |levels: &[Option<Level>]| Memberships {
            user_id: "u".into(),
            groups: levels
                .iter()
                .map(|least| Membership { id: "g".into(), name: "g".to_owned(), least_acr: *least })
                .collect(),
        };
        let [one, two, three] = [Level::OneFactor, Level::TwoFactors, Level::PhishingResistant].map(Some);
        assert_eq!(of(&[]).least_acr(), None);
        assert_eq!(of(&[None, None]).least_acr(), None);
        assert_eq!(of(&[None, two, one]).least_acr(), two);
        assert_eq!(of(&[three, two]).least_acr(), three);
    }
}
