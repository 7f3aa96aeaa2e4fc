//! Reading requests strictly.

mod checked_form;
mod checked_upload;
mod form;
mod path;
mod query;

pub(crate) use checked_form::came_from_elsewhere;
pub use checked_form::{CheckedForm, OwnForm};
pub use checked_upload::CheckedUpload;
pub use form::{FormError, FormFields};
pub use path::{PathPair, PathPart};
pub use query::QueryFields;
