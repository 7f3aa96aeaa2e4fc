//! Reading requests strictly.

mod checked_form;
mod form;
mod own_upload;
mod path;
mod query;

pub(crate) use checked_form::came_from_elsewhere;
pub use checked_form::{CheckedForm, OwnForm};
pub use form::{FormError, FormFields};
pub use own_upload::OwnUpload;
pub use path::{PathPair, PathPart};
pub use query::QueryFields;
