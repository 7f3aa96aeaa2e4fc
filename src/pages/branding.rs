//! The administrator's pages about how this server looks, and what holds on it.

use askama::Template;

use super::admin::in_one_language;
use super::{Notice, Page, Problem, Shell};
use crate::admin::policies::Policies;
use crate::i18n::Words;

in_one_language!(AdminBranding, AdminPolicies);

/// `GET /admin/policies`.
#[derive(Template)]
#[template(path = "admin_policies.html")]
pub struct AdminPolicies {
    /// The frame.
    pub shell: Shell,
    /// All of them.
    pub policies: Policies,
}

/// `GET /admin/branding`. Forms, each with `csrf` and `version`: `POST /admin/branding` with `name`, `accent_light`,
/// `accent_dark`, a file `logo`, `logo_kept` and a checkbox `remove_logo`; `POST /admin/branding/reset`.
#[derive(Template)]
#[template(path = "admin_branding.html")]
pub struct AdminBranding {
    /// The frame.
    pub shell: Shell,
    /// What the form was filled in from.
    pub version: i64,
    /// The form's contents.
    pub fields: BrandingFields,
    /// The name in the sample.
    pub sample_name: String,
    /// The style sheet of the sample's colours; none where they are the product's own.
    pub sample_style: Option<String>,
    /// Was a logo chosen here?
    pub has_logo: bool,
    /// Was anything chosen here?
    pub chosen: bool,
    /// Does countersign.toml say anything?
    pub in_file: bool,
    /// The name that is shown.
    pub name: BrandingPart,
    /// The logo that is shown.
    pub logo: BrandingPart,
    /// The colour that is shown where pages are light.
    pub accent_light: BrandingPart,
    /// The same where they are dark.
    pub accent_dark: BrandingPart,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// A part of what is shown.
pub struct BrandingPart {
    /// What; of the logo, its address.
    pub value: String,
    /// Where it comes from, in words.
    pub from: &'static str,
    /// What would be shown if nothing was chosen here.
    pub beneath: String,
}

/// The form's contents.
#[derive(Default)]
pub struct BrandingFields {
    /// Name.
    pub name: String,
    /// Colour where pages are light.
    pub accent_light: String,
    /// Colour where pages are dark.
    pub accent_dark: String,
    /// An image that was sent with a form that was refused for something else, in base64.
    pub logo_kept: String,
    /// Whether the logo is to go.
    pub remove_logo: bool,
}
