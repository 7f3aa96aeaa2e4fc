//! Reading requests strictly.

mod checked_form;
mod form;
mod query;

pub use checked_form::CheckedForm;
pub use form::{FormError, FormFields};
pub use query::QueryFields;
