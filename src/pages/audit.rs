//! The administrator's page about the audit log.

use askama::Template;

use super::{Page as _, Problem, Shell};

/// `GET /admin/audit` with the fields of its form, and `after` from its link to older entries.
#[derive(Template)]
#[template(path = "admin_audit.html")]
pub struct AdminAudit {
    /// The frame.
    pub shell: Shell,
    /// The form.
    pub fields: AuditFields,
    /// Every action that there is.
    pub actions: Vec<String>,
    /// Newest first.
    pub rows: Vec<AuditLine>,
    /// Down to this moment the log was looked through (unix seconds); none at its end.
    pub reached: Option<i64>,
    /// Where the older entries are; none at the end of the log.
    pub next: Option<String>,
    /// Where the same is to be had as CSV and as JSON lines; none when something is wrong with the form.
    pub exports: Option<(String, String)>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

/// The form, as text.
#[derive(Clone, Debug, Default)]
pub struct AuditFields {
    /// Text within any column.
    pub search: String,
    /// Who.
    pub actor: String,
    /// To what.
    pub target: String,
    /// What.
    pub action: String,
    /// Text within the details.
    pub cause: String,
    /// With which request.
    pub correlation_id: String,
    /// From when on, as an input for date and time has it.
    pub since: String,
    /// Until when.
    pub until: String,
}

impl AuditFields {
    /// Is anything but the search narrowed down?
    fn narrowed(&self) -> bool {
        [&self.actor, &self.target, &self.action, &self.cause, &self.correlation_id, &self.since, &self.until]
            .iter()
            .any(|text| !text.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.search.is_empty() && !self.narrowed()
    }
}

/// One entry of the audit log.
pub struct AuditLine {
    /// When (unix seconds).
    pub at: i64,
    /// Who.
    pub actor: Party,
    /// What.
    pub action: String,
    /// To what.
    pub target: Party,
    /// In which way, or why; may be empty.
    pub detail: String,
    /// From where; may be empty.
    pub ip: String,
    /// The request; may be empty.
    pub reference: String,
}

impl AuditLine {
    /// Enough of the reference to tell it from its neighbours.
    fn short_reference(&self) -> &str {
        self.reference.get(..8).unwrap_or(&self.reference)
    }
}

/// Who did something, or to what it was done.
pub struct Party {
    /// In words.
    pub name: String,
    /// Its page; none where it has none any more.
    pub link: Option<String>,
}
