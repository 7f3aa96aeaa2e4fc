//! Registering an application by its kind.

use askama::Template;

use super::{Page, Problem, Shell};
use crate::i18n::Words;
use crate::protocol::registration::Kind;

/// `GET /admin/clients/new`: which kind?
#[derive(Template)]
#[template(path = "admin_client_kinds.html")]
pub struct AdminClientKinds {
    /// The frame.
    pub shell: Shell,
}

/// `GET /admin/clients/new/{kind}`. The form goes to `POST /admin/clients/new/{kind}` with `csrf`, `id` and the inputs
/// named like the fields of [`WizardFields`]; with `check`, addresses are only judged.
#[derive(Template)]
#[template(path = "admin_client_wizard.html")]
pub struct AdminClientWizard {
    /// The frame.
    pub shell: Shell,
    /// The kind.
    pub kind: Kind,
    /// The form's contents.
    pub fields: WizardFields,
    /// What there is to say about its addresses, when that was asked for.
    pub findings: Option<Vec<Finding>>,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
}

/// As little as an application can be registered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WizardFields {
    /// The client id, made up beforehand.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Redirect URIs, one per line.
    pub redirect_uris: String,
    /// Allowed scope tokens.
    pub scope: String,
}

/// What there is to say about one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The address, as it was typed.
    pub uri: String,
    /// May it be registered?
    pub good: bool,
    /// What is wrong with it, or what may go wrong with it.
    pub messages: Vec<String>,
}

impl Page for AdminClientKinds {
    fn words(&self) -> Option<&Words> {
        Some(&self.shell.words)
    }
}

impl Page for AdminClientWizard {
    fn words(&self) -> Option<&Words> {
        Some(&self.shell.words)
    }
}

/// A kind in words.
pub(super) struct KindWords {
    pub(super) kind: Kind,
    pub(super) title: &'static str,
    /// By what one recognises it.
    pub(super) about: &'static str,
    /// An address that it could be sent to.
    pub(super) example: &'static str,
    /// What is set without asking.
    pub(super) set: &'static [&'static str],
}

const ROTATION: &str = "A refresh token is replaced at every use; one that was used twice ends the sign-in.";

/// Every kind, in the order in which they are offered.
pub(super) const KINDS: [KindWords; 6] = [
    KindWords {
        kind: Kind::Web,
        title: "Web application",
        about: "Runs on a server of yours, which can keep a secret: Django, Spring, Express, Rails, a wiki, a shop.",
        example: "https://shop.example/callback",
        set: &[
            "Code flow with PKCE; the code goes to your server, never to a page.",
            "It proves who it is with a secret, which you see once, on the next page.",
            ROTATION,
        ],
    },
    KindWords {
        kind: Kind::Spa,
        title: "Single-page application",
        about: "Runs in the browser alone, with no server of its own: React, Vue, Angular, Svelte.",
        example: "https://app.example/callback",
        set: &[
            "Code flow with PKCE, and no secret: nothing in a browser can keep one.",
            "Its access ends with the session: what a browser keeps, a script that gets in could take.",
            ROTATION,
        ],
    },
    KindWords {
        kind: Kind::Native,
        title: "Native application",
        about: "Runs on a phone, on a desktop or in a terminal.",
        example: "com.example.app:/callback or http://127.0.0.1/callback",
        set: &[
            "Code flow with PKCE, and no secret: whoever has the application could read it.",
            "People may stay connected, also when they are away (offline_access).",
            "On 127.0.0.1 and [::1] it may listen on any port.",
            ROTATION,
        ],
    },
    KindWords {
        kind: Kind::Device,
        title: "Device without a browser",
        about: "A television, a console, a printer, or a command line on a machine far away: it shows a code, which people type on \
                their phone or computer.",
        example: "",
        set: &[
            "Device code only (RFC 8628): no redirect, and no secret, which nothing that people take home can keep.",
            "People are asked every time, are shown the code to compare, and are warned of codes that somebody sent them.",
            "People may stay connected, also when they are away (offline_access).",
            ROTATION,
        ],
    },
    KindWords {
        kind: Kind::Machine,
        title: "Machine",
        about: "A service, a script or a job that acts for itself. Nobody signs in.",
        example: "",
        set: &[
            "Client credentials only: no sign-in, no redirect, no refresh token.",
            "It proves who it is with a secret, which you see once, on the next page.",
        ],
    },
    KindWords {
        kind: Kind::Agent,
        title: "Agent or MCP client",
        about: "Acts for a person, with the tools and APIs that they allow it.",
        example: "http://127.0.0.1/callback",
        set: &[
            "Code flow with PKCE, and no secret.",
            "People are always asked first, and find it among their connected applications.",
            "On 127.0.0.1 and [::1] it may listen on any port.",
            ROTATION,
        ],
    },
];

impl AdminClientWizard {
    fn about(&self) -> &'static KindWords {
        KINDS.iter().find(|words| words.kind == self.kind).unwrap_or(&KINDS[0])
    }

    fn all_good(findings: &[Finding]) -> bool {
        findings.iter().all(|finding| finding.good)
    }

    /// What it may do to APIs, only whoever registers it knows.
    fn asks_for_scope(&self) -> bool {
        matches!(self.kind, Kind::Machine | Kind::Agent)
    }

    fn redirect_hint(&self) -> String {
        format!(
            "The redirect URI, such as {}. One per line, compared character by character.",
            self.about().example
        )
    }

    fn scope_hint(&self) -> &'static str {
        match self.kind {
            Kind::Machine => "Scopes of your APIs, separated by spaces, such as orders:read orders:write.",
            _ => "Add the scopes of your APIs, separated by spaces, such as orders:read.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Kind};

    #[test]
    fn every_kind_is_offered_and_its_example_is_taken() {
        for kind in Kind::ALL {
            let words = KINDS.iter().find(|words| words.kind == *kind).expect("in words");
            for example in words.example.split(" or ").filter(|text| !text.is_empty()) {
                assert_eq!(kind.check_redirect_uri(example), Ok(Vec::new()), "{kind} {example}");
            }
        }
    }
}
