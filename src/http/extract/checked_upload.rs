//! A form with files, which is known to come from a page of ours, in the same browser.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::form::FormError;
use super::{FormFields, OwnForm};
use crate::app::App;
use crate::http::browser::Browser;
use crate::http::error::PageError;
use crate::protocol::params::Params;

/// As [`OwnForm`], and the files that were chosen. All of it is within the limit on bodies.
#[derive(Clone, Debug)]
pub struct CheckedUpload {
    /// What was typed.
    pub fields: FormFields,
    files: Vec<(String, Bytes)>,
}

impl CheckedUpload {
    /// The file of this input; none where none was chosen.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, bytes)| &**bytes)
    }
}

impl FromRequest<App> for CheckedUpload {
    type Rejection = PageError;
    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let browser = match Browser::from_request_parts(&mut parts, app).await {
            Ok(browser) => browser,
            Err(never) => match never {},
        };
        let headers = parts.headers.clone();
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let with_files = kind.split(';').next().unwrap_or_default().trim();
        let request = Request::from_parts(parts, body);
        // A browser that has no file to send may as well send the other kind.
        let (form, files) = if with_files.eq_ignore_ascii_case("multipart/form-data") {
            read(request).await?
        } else {
            (FormFields::read(request).await?, Vec::new())
        };
        let OwnForm(fields) = OwnForm::check(app, &browser, &headers, form)?;
        Ok(Self { fields, files })
    }
}

/// RFC 7578: each part is a field, or a file if it has a name of one. Fields are read as strictly as those of other forms.
async fn read(request: Request) -> Result<(FormFields, Vec<(String, Bytes)>), FormError> {
    let mut parts =
        Multipart::from_request(request, &()).await.map_err(|error| FormError::Multipart(error.status()))?;
    let (mut text, mut files) = (String::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|error| FormError::Multipart(error.status()))? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(|error| FormError::Multipart(error.status()))?;
        let value = if is_file { &b""[..] } else { &bytes };
        let encode = |bytes| percent_encode(bytes, NON_ALPHANUMERIC);
        // Writing to a String cannot fail.
        let _ = write!(text, "&{}={}", encode(name.as_bytes()), encode(value));
        // An input in which nothing was chosen is sent as an empty file.
        if is_file && !bytes.is_empty() {
            files.push((name, bytes));
        }
    }
    Ok((FormFields(Params::parse(text.as_bytes())?), files))
}
