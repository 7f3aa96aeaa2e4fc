//! The administrator's pages about delegation, and about the API.

use askama::Template;

use super::{Notice, Page, Party, Problem, Shell};
use crate::i18n::Words;

/// `GET /admin/delegations?after=…`; the form goes to `POST /admin/delegations` with `csrf` and the inputs named like the fields
/// of [`DelegationFields`]; `POST /admin/delegations/{id}/end` with `csrf`.
#[derive(Template)]
#[template(path = "admin_delegations.html")]
pub struct AdminDelegations {
    /// The frame.
    pub shell: Shell,
    /// This page's rows.
    pub rows: Vec<DelegationRow>,
    /// Cursor of the next page; none on the last one.
    pub next: Option<String>,
    /// The form's contents.
    pub fields: DelegationFields,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// Who manages what.
pub struct DelegationRow {
    /// Its id.
    pub id: String,
    /// `user`, `group` or `application`.
    pub holder_kind: &'static str,
    /// Who.
    pub holder: Party,
    /// `group` or `application`.
    pub over_kind: &'static str,
    /// What.
    pub over: Party,
    /// Since when (unix seconds).
    pub created: i64,
}

/// The form, as text.
#[derive(Clone, Debug, Default)]
pub struct DelegationFields {
    /// `user`, `group` or `client`.
    pub holder_kind: String,
    /// A name or an id.
    pub holder: String,
    /// `client` or `group`.
    pub over_kind: String,
    /// A name or an id.
    pub over: String,
}

/// `GET /admin/reference`.
#[derive(Template)]
#[template(path = "admin_reference.html")]
pub struct AdminReference {
    /// The frame.
    pub shell: Shell,
    /// What holds for all of it.
    pub about: String,
    /// Where clients get their tokens.
    pub token_endpoint: String,
    /// Every scope, and what it allows.
    pub scopes: Vec<(String, String)>,
    /// The operations.
    pub tags: Vec<RefTag>,
    /// Status, its words, and when.
    pub problems: Vec<(u16, &'static str, &'static str)>,
}

/// `GET /admin/reference/{name}`: an operation or a schema.
#[derive(Template)]
#[template(path = "admin_reference_part.html")]
pub struct AdminReferencePart {
    /// The frame.
    pub shell: Shell,
    /// Its id or name.
    pub name: String,
    /// The operation of this id.
    pub operation: Option<RefOperation>,
    /// The schema of this name.
    pub schema: Option<RefSchema>,
}

/// Operations about one thing.
pub struct RefTag {
    /// Its name.
    pub name: String,
    /// By path and method.
    pub operations: Vec<RefOperation>,
}

/// One operation.
pub struct RefOperation {
    /// Its name for programs.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// What it does.
    pub summary: String,
    /// And further; may be empty.
    pub about: String,
    /// Sets of scopes, one of which it takes.
    pub scopes: Vec<String>,
    /// In path, query and headers.
    pub parameters: Vec<RefField>,
    /// The schema of the body.
    pub body: Option<String>,
    /// What is answered when it works, and some of what may go wrong.
    pub answers: Vec<RefAnswer>,
}

/// A parameter, or a field of a body.
pub struct RefField {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`; empty for a field.
    pub place: String,
    /// Its type.
    pub kind: String,
    /// The schema that its type is made of.
    pub of: Option<String>,
    /// May it not be left out?
    pub required: bool,
    /// What it means.
    pub about: String,
}

/// An answer.
pub struct RefAnswer {
    /// HTTP status.
    pub status: String,
    /// When, or what; may be empty.
    pub about: String,
    /// The schema of its body.
    pub schema: Option<String>,
}

/// What a body holds.
pub struct RefSchema {
    /// Its name.
    pub name: String,
    /// What it is; may be empty.
    pub about: String,
    /// Of an enumeration: its values.
    pub values: Vec<String>,
    /// Its fields.
    pub fields: Vec<RefField>,
    /// Schemas whose fields it has as well.
    pub with: Vec<String>,
}

super::admin::in_one_language!(AdminDelegations, AdminReference, AdminReferencePart);
