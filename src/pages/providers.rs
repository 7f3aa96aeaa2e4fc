//! The administrator's pages about providers elsewhere that people sign in with.

use askama::Template;

use super::admin::in_one_language;
use super::{Notice, Page, Problem, Shell};
use crate::i18n::Words;

in_one_language!(AdminProviders, AdminProviderKinds, AdminProvider, AdminProviderForm, AdminProviderDelete);

/// `GET /admin/providers`.
#[derive(Template)]
#[template(path = "admin_providers.html")]
pub struct AdminProviders {
    /// The frame.
    pub shell: Shell,
    /// Those of the file, then those that were registered here.
    pub rows: Vec<ProviderRow>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One provider in the list.
#[expect(clippy::struct_excessive_bools, reason = "what the page shows, and nothing decides by it")]
pub struct ProviderRow {
    /// Its id.
    pub id: String,
    /// What its button says.
    pub name: String,
    /// How it is spoken to, in words.
    pub protocol: &'static str,
    /// The host that browsers are sent to.
    pub host: String,
    /// Does it stand in countersign.toml?
    pub of_file: bool,
    /// Can people sign in with it?
    pub enabled: bool,
    /// Has countersign.toml another one of the same id?
    pub hidden: bool,
    /// Can it not be used?
    pub broken: bool,
}

/// Which form a provider is described by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Google's accounts.
    Google,
    /// GitHub's.
    GitHub,
    /// Microsoft's.
    Microsoft,
    /// Apple's, where a key signs the secret.
    Apple,
    /// Any issuer with discovery.
    OpenIdConnect,
    /// OAuth 2 and a document about the user.
    OAuth2,
}

impl ProviderKind {
    /// In the order of the page.
    pub const ALL: [Self; 6] =
        [Self::Google, Self::GitHub, Self::Microsoft, Self::Apple, Self::OpenIdConnect, Self::OAuth2];

    /// Its word in addresses; of a preset, its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::GitHub => "github",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
            Self::OpenIdConnect => "openid-connect",
            Self::OAuth2 => "oauth2",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Is what it is called in addresses filled in?
    #[must_use]
    pub const fn is_preset(self) -> bool {
        !matches!(self, Self::OpenIdConnect | Self::OAuth2)
    }

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::GitHub => "GitHub",
            Self::Microsoft => "Microsoft",
            Self::Apple => "Apple",
            Self::OpenIdConnect => "OpenID Connect",
            Self::OAuth2 => "OAuth 2",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Google => "Google accounts, private ones and those of Google Workspace.",
            Self::GitHub => "GitHub accounts.",
            Self::Microsoft => "The accounts of one Entra ID directory, or private Microsoft accounts.",
            Self::Apple => "Apple accounts. A private key takes the place of the secret.",
            Self::OpenIdConnect => {
                "Any provider with an issuer and discovery: Keycloak, Okta, GitLab, another Countersign."
            }
            Self::OAuth2 => "A provider without discovery: its endpoints are written out.",
        }
    }

    /// Where this server is registered there, and under which name of theirs; none where that is the provider's own.
    const fn register_at(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Google => (
                "https://console.cloud.google.com/apis/credentials",
                "the Google Cloud console (OAuth client ID, Web application)",
            ),
            Self::GitHub => {
                ("https://github.com/settings/developers", "GitHub’s developer settings (OAuth Apps)")
            }
            Self::Microsoft => {
                ("https://entra.microsoft.com", "the Entra admin center (App registrations, Web)")
            }
            Self::Apple => (
                "https://developer.apple.com/account/resources",
                "Apple’s developer account (Services IDs, and a key for Sign in with Apple)",
            ),
            Self::OpenIdConnect | Self::OAuth2 => return None,
        })
    }

    const fn client_id_label(self) -> &'static str {
        match self {
            Self::Apple => "Services ID",
            Self::Microsoft => "Application (client) ID",
            _ => "Client ID",
        }
    }
}

/// `GET /admin/providers/new`: which one?
#[derive(Template)]
#[template(path = "admin_provider_kinds.html")]
pub struct AdminProviderKinds {
    /// The frame.
    pub shell: Shell,
}

/// `GET /admin/providers/{id}`. Form with `csrf`: `POST /admin/providers/{id}/test`, whose answer is this page with what was found.
#[derive(Template)]
#[template(path = "admin_provider.html")]
pub struct AdminProvider {
    /// The frame.
    pub shell: Shell,
    /// Its line in the list.
    pub row: ProviderRow,
    /// Where the provider sends browsers back to.
    pub redirect_uri: String,
    /// What is said of it: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// Why it cannot be used.
    pub broken: Vec<String>,
    /// How many accounts sign in with it; one more than 10,000 for more.
    pub accounts: i64,
    /// How many of them have no other way in.
    pub only_way: i64,
    /// What the test found, if it was just made.
    pub examined: Option<Vec<ExaminedRow>>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One finding of a test.
pub struct ExaminedRow {
    /// What was looked at.
    pub check: &'static str,
    /// Is it as it should be?
    pub good: bool,
    /// What was found.
    pub found: String,
}

impl AdminProvider {
    fn is_well(rows: &[ExaminedRow]) -> bool {
        rows.iter().all(|row| row.good)
    }
}

/// `GET /admin/providers/new/{kind}` and `GET /admin/providers/{id}/change`. The form goes to the same address, with `csrf`,
/// `version` where there is one, and inputs named like the fields of [`ProviderFields`].
#[derive(Template)]
#[template(path = "admin_provider_form.html")]
pub struct AdminProviderForm {
    /// The frame.
    pub shell: Shell,
    /// Which form.
    pub kind: ProviderKind,
    /// Whether it is yet to be registered.
    pub new: bool,
    /// Where the provider sends browsers back to, if it keeps the id that is filled in; with `…` for the id where none is.
    pub redirect_uri: String,
    /// The form's contents.
    pub fields: ProviderFields,
    /// Is something kept that proves who this server is there?
    pub has_proof: bool,
    /// Whether to ask that linked accounts be kept.
    pub asks_to_keep_links: bool,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
}

/// A provider as a form has it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what the page shows, and nothing decides by it")]
pub struct ProviderFields {
    /// Its id.
    pub id: String,
    /// What the form was filled in from.
    pub version: i64,
    /// What its button says.
    pub name: String,
    /// Issuer identifier.
    pub issuer: String,
    /// Microsoft's tenant.
    pub tenant: String,
    /// Who this server is there.
    pub client_id: String,
    /// Who signs secrets.
    pub team_id: String,
    /// What the provider calls the key.
    pub key_id: String,
    /// Scopes, separated by spaces.
    pub scopes: String,
    /// OAuth 2.
    pub authorization_endpoint: String,
    /// OAuth 2.
    pub token_endpoint: String,
    /// OAuth 2.
    pub userinfo_endpoint: String,
    /// OAuth 2.
    pub emails_endpoint: String,
    /// `basic` or `post`.
    pub client_auth: String,
    /// OAuth 2.
    pub subject_claim: String,
    /// OAuth 2.
    pub email_claim: String,
    /// OAuth 2.
    pub email_verified_claim: String,
    /// OAuth 2.
    pub name_claim: String,
    /// OAuth 2.
    pub username_claim: String,
    /// Does its answer come by a form?
    pub form_post: bool,
    /// May strangers get an account?
    pub sign_up: bool,
    /// Is its word on addresses believed?
    pub trust_email: bool,
    /// Can people sign in with it?
    pub enabled: bool,
}

/// `GET /admin/providers/{id}/delete`; the form, with `csrf` and `version`, goes to the same address.
#[derive(Template)]
#[template(path = "admin_provider_delete.html")]
pub struct AdminProviderDelete {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// What its button says.
    pub name: String,
    /// What the question was asked about.
    pub version: i64,
    /// How many accounts sign in with it.
    pub accounts: i64,
    /// How many of them have no other way in.
    pub only_way: i64,
}

/// So many accounts, in words.
fn accounts(number: i64) -> String {
    match number {
        0 => "No account".to_owned(),
        1 => "1 account".to_owned(),
        2..=10_000 => format!("{number} accounts"),
        _ => "More than 10,000 accounts".to_owned(),
    }
}

impl AdminProviderForm {
    fn secret_hint(&self) -> &'static str {
        if self.has_proof {
            "Left empty, the one that is kept stays."
        } else {
            "Kept sealed, and never shown again."
        }
    }

    fn key_hint(&self) -> &'static str {
        if self.has_proof {
            "Left empty, the one that is kept stays."
        } else {
            "The contents of the .p8 file, from -----BEGIN PRIVATE KEY----- on. Kept sealed, and never shown again."
        }
    }
}

macro_rules! counts_accounts {
    ($($page:ty),*) => {
        $(impl $page {
            fn linked(&self) -> String {
                accounts(self.accounts)
            }

            fn alone(&self) -> String {
                accounts(self.only_way)
            }
        })*
    };
}
counts_accounts!(AdminProvider, AdminProviderDelete);
