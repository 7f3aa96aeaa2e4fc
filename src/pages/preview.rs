//! What a user would get in an application.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::{Map, Value};

use super::{Page, Problem, Shell};
use crate::admin::preview::Preview;
use crate::i18n::Words;
use crate::protocol::client::AccessTokenFormat;

/// `GET /admin/clients/{id}/preview?user=…&scope=…`; without a user, only the form.
#[derive(Template)]
#[template(path = "admin_client_preview.html")]
pub struct AdminClientPreview {
    /// The frame.
    pub shell: Shell,
    /// The application's id.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// Who was asked about.
    pub user: String,
    /// The scope that was asked for.
    pub scope: String,
    /// What they would get.
    pub preview: Option<Preview>,
    /// What is wrong with the question.
    pub problems: Vec<Problem>,
}

/// One token, or one answer.
struct Part {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    /// Name, value, and why it is there; that may be empty.
    claims: Vec<(String, String, String)>,
}

impl AdminClientPreview {
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn parts(&self, preview: &Preview) -> [Part; 3] {
        let claims = |claims: Option<&Map<String, Value>>, because: &BTreeMap<String, String>| {
            let claims = claims.into_iter().flatten();
            let why = |name: &String| because.get(name).cloned().unwrap_or_default();
            claims.map(|(name, value)| (name.clone(), readable(value), why(name))).collect()
        };
        let access_token = match preview.access_token_format {
            AccessTokenFormat::Jwt => "For APIs, which can read it.",
            AccessTokenFormat::Opaque => "Opaque: this stands behind it, and only this server can read it.",
        };
        [
            Part {
                id: "id-token",
                title: "ID token",
                about: "Tells the application who signed in. A nonce is added if the application sends one.",
                claims: claims(preview.id_token.as_ref(), &preview.because.id_token),
            },
            Part {
                id: "access-token",
                title: "Access token",
                about: access_token,
                claims: claims(Some(&preview.access_token), &preview.because.access_token),
            },
            Part {
                id: "userinfo",
                title: "UserInfo",
                about: "What the application reads with the access token.",
                claims: claims(preview.userinfo.as_ref(), &preview.because.userinfo),
            },
        ]
    }
}

/// A text as it is, anything else as JSON.
fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Page for AdminClientPreview {
    fn words(&self) -> Option<&Words> {
        Some(&self.shell.words)
    }
}
