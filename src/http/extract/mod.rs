//! Reading requests strictly.

mod checked_form;
mod form;
mod path;
mod query;

pub use checked_form::CheckedForm;
pub use form::{FormError, FormFields};
pub use path::PathPart;
pub use query::QueryFields;
