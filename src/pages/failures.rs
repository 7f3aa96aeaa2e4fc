//! The administrator's pages about refused requests.

use askama::Template;

use super::{Notice, Page as _, Problem, Shell};
use crate::protocol::diagnosis::{FlowStep, Outcome, Party};

/// `GET /admin/failures`, with `client` or `reference` from its forms.
#[derive(Template)]
#[template(path = "admin_failures.html")]
pub struct AdminFailures {
    /// The frame.
    pub shell: Shell,
    /// The client that is looked at; empty for all.
    pub client: String,
    /// Newest first.
    pub rows: Vec<FailureLine>,
    /// The id to go on before; none at the end.
    pub next: Option<String>,
}

/// A refused request.
pub struct FailureLine {
    /// When (unix seconds).
    pub at: i64,
    /// The correlation id.
    pub reference: String,
    /// Where it was sent.
    pub endpoint: String,
    /// By which client; may be empty.
    pub client: String,
    /// The error code.
    pub error: String,
    /// The rule that was broken.
    pub cause: String,
}

/// `GET /admin/failures/{reference}`; the form goes to `POST …/register-redirect-uri`.
#[derive(Template)]
#[template(path = "admin_failure.html")]
pub struct AdminFailure {
    /// The frame.
    pub shell: Shell,
    /// The request.
    pub failure: FailureLine,
    /// The client's name; none if nobody registered it.
    pub client_name: Option<String>,
    /// Where the rule stands.
    pub section: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// What was asked for.
    pub request: Vec<(String, String)>,
    /// Of a redirect URI that is not registered.
    pub redirect_uri: Option<FailedRedirectUri>,
    /// How far the flow had come.
    pub flow: Vec<FlowStep>,
    /// Why the fix was not made.
    pub problems: Vec<Problem>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// What is wrong with a redirect URI.
pub struct FailedRedirectUri {
    /// As it came.
    pub received: String,
    /// The registered one most like it.
    pub nearest: Option<String>,
    /// What they differ in.
    pub difference: Option<&'static str>,
    /// May it be registered with one click?
    pub can_be_registered: bool,
}

/// Where the lines of the diagram stand, and how far apart its steps are, in its own units.
const COLUMNS: [(Party, usize, &str); 3] = [
    (Party::Application, 90, "Application"),
    (Party::Browser, 320, "Browser"),
    (Party::Server, 550, "Countersign"),
];
const FIRST_STEP: usize = 76;
const STEP: usize = 46;

impl AdminFailure {
    /// Where a party's line stands, and its name.
    fn columns() -> impl Iterator<Item = (usize, &'static str)> {
        COLUMNS.into_iter().map(|(_, x, name)| (x, name))
    }

    /// The height of the diagram.
    fn height(&self) -> usize {
        FIRST_STEP + self.flow.len() * STEP
    }

    /// The arrows: from where, to where, at which height, with which words, and how far they came.
    fn arrows(&self) -> impl Iterator<Item = Arrow> {
        self.flow.iter().enumerate().map(|(number, step)| {
            let column =
                |party: Party| COLUMNS.iter().find(|column| column.0 == party).map_or(0, |column| column.1);
            let (from, to) = (column(step.from), column(step.to));
            // Up to the line's edge, so that the head is seen.
            let tip = if to > from { to - 8 } else { to + 8 };
            Arrow {
                from,
                tip,
                middle: usize::midpoint(from, to),
                y: FIRST_STEP + number * STEP,
                back: if to > from { tip - 8 } else { tip + 8 },
                what: step.what,
                from_name: name(step.from),
                to_name: name(step.to),
                class: match step.outcome {
                    Outcome::Done => "done",
                    Outcome::Failed => "failed",
                    Outcome::NotReached => "not-reached",
                    Outcome::NotKnown => "not-known",
                },
                outcome: match step.outcome {
                    Outcome::Done => "done",
                    Outcome::Failed => "refused",
                    Outcome::NotReached => "not reached",
                    Outcome::NotKnown => "not known",
                },
            }
        })
    }
}

fn name(party: Party) -> &'static str {
    COLUMNS.iter().find(|column| column.0 == party).map_or("", |column| column.2)
}

/// An arrow of the diagram.
struct Arrow {
    from: usize,
    tip: usize,
    back: usize,
    middle: usize,
    y: usize,
    what: &'static str,
    from_name: &'static str,
    to_name: &'static str,
    class: &'static str,
    outcome: &'static str,
}
