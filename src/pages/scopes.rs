//! The administrator's pages about scopes.

use askama::Template;

use super::admin::in_one_language;
use super::{Notice, Page, Problem, Shell};
use crate::i18n::Words;

in_one_language!(AdminScopes, AdminScopeForm);

/// `GET /admin/scopes`.
#[derive(Template)]
#[template(path = "admin_scopes.html")]
pub struct AdminScopes {
    /// The frame.
    pub shell: Shell,
    /// All that are defined, by name.
    pub rows: Vec<ScopeRow>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One scope in the list.
pub struct ScopeRow {
    /// The scope token.
    pub name: String,
    /// What people are asked to allow.
    pub title: String,
    /// The names of the claims that it brings.
    pub claims: Vec<String>,
    /// Does the discovery document name it?
    pub published: bool,
}

/// `GET /admin/scopes/new` and `GET /admin/scopes/edit/{name}?user=…`. Forms, each with `csrf`: `POST /admin/scopes` (new) or
/// `POST /admin/scopes/edit/{name}` with `name` (new), `title`, `description`, `published` (a checkbox), `localized` (lines) and,
/// for each row of the table by its number, `claim_0`, `source_0`, `detail_0` and the checkboxes `id_token_0`, `userinfo_0`,
/// `access_token_0`; `…/delete`.
#[derive(Template)]
#[template(path = "admin_scope_form.html")]
pub struct AdminScopeForm {
    /// The frame.
    pub shell: Shell,
    /// Whether it is yet to be defined.
    pub new: bool,
    /// The form's contents.
    pub scope: ScopeFields,
    /// The rows of the table: its claims, and empty rows for more.
    pub rows: Vec<MappingFields>,
    /// Where a claim's value may come from.
    pub sources: Vec<SourceGroup>,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// The first applications that may ask for it: id and name.
    pub applications: Vec<(String, String)>,
    /// Are there more of them?
    pub more: bool,
    /// Who was asked about.
    pub user: String,
    /// What they would get.
    pub preview: Option<ScopePreview>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// A scope as a form has it.
#[derive(Clone, Debug, Default)]
pub struct ScopeFields {
    /// The scope token.
    pub name: String,
    /// What the form was filled in from.
    pub version: i64,
    /// What people are asked to allow.
    pub title: String,
    /// The same in a sentence.
    pub description: String,
    /// Does the discovery document name it?
    pub published: bool,
    /// Both in other languages, a line each.
    pub localized: String,
}

/// A row of the table: one claim.
#[derive(Clone, Debug)]
pub struct MappingFields {
    /// The number in the names of its inputs.
    pub number: usize,
    /// The claim's name.
    pub claim: String,
    /// `groups`, `value` or the name of an attribute.
    pub source: String,
    /// A prefix, or a value as JSON.
    pub detail: String,
    /// Into ID tokens?
    pub id_token: bool,
    /// Into `UserInfo`?
    pub userinfo: bool,
    /// Into access tokens?
    pub access_token: bool,
}

impl MappingFields {
    /// Where it may go: the name of the input, its label, and whether it is ticked.
    fn places(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("id_token", "ID token", self.id_token),
            ("userinfo", "UserInfo", self.userinfo),
            ("access_token", "Access token", self.access_token),
        ]
    }
}

/// An empty row.
#[must_use]
pub fn blank_mapping(number: usize) -> MappingFields {
    MappingFields {
        number,
        claim: String::new(),
        source: "groups".to_owned(),
        detail: String::new(),
        id_token: false,
        userinfo: false,
        access_token: false,
    }
}

/// Choices under one heading: value and label.
pub struct SourceGroup {
    /// The heading.
    pub label: &'static str,
    /// The choices.
    pub options: Vec<(String, String)>,
}

/// What somebody would get.
pub struct ScopePreview {
    /// Who.
    pub username: String,
    /// Claim, value, where from, into what.
    pub rows: Vec<(String, String, String, String)>,
}
