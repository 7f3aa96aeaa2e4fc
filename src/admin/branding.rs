//! How this server looks: what administrators chose, and where each part of what is shown comes from.

use serde::Serialize;
use utoipa::ToSchema;

use super::Refusal;
use super::access::allow;
use super::clients::next_version;
use crate::app::{App, Origin};
use crate::branding::{self, BrandingInput, Choices, OWN_DARK, OWN_LIGHT, PLAIN, readable};
use crate::pages::assets::{self, Asset};
use crate::protocol::colour::Colour;
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::store::StoredBranding;

/// In the audit log.
pub const TARGET: &str = "branding";

/// Where a part of what is shown comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Administrators chose it.
    Chosen,
    /// `[branding]` of countersign.toml.
    Configuration,
    /// It is the product's own.
    Product,
}

impl Layer {
    /// In words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Chosen => "chosen here",
            Self::Configuration => "from countersign.toml",
            Self::Product => "the product’s own",
        }
    }
}

/// A part of what is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Part {
    /// What is shown; of the logo, where it is served.
    pub value: String,
    /// Where it comes from.
    pub from: Layer,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shown {
    /// What the server is called.
    pub name: Part,
    /// Its logo.
    pub logo: Part,
    /// The colour of buttons and links where pages are light.
    pub accent_light: Part,
    /// The same where they are dark.
    pub accent_dark: Part,
}

/// Branding in answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BrandingView {
    /// What administrators chose: what is not here is as `countersign.toml` says, or else the product's own.
    pub chosen: BrandingInput,
    /// What is shown, and where it comes from.
    pub shown: Shown,
    /// When administrators last changed it (Unix seconds); 0 before they ever did.
    pub updated_at: i64,
}

/// What is stored, as answers have it.
#[must_use]
pub fn view(app: &App, stored: &StoredBranding) -> BrandingView {
    let chosen = readable(stored);
    BrandingView {
        shown: shown(&chosen, app.config.branding.choices()),
        chosen: BrandingInput::from(&chosen),
        updated_at: stored.updated_at.0,
    }
}

/// One layer over another, and both over the product's own.
#[must_use]
pub fn shown(chosen: &Choices, beneath: &Choices) -> Shown {
    fn part<T>(chosen: Option<T>, beneath: Option<T>, value: impl Fn(T) -> String, own: String) -> Part {
        match (chosen, beneath) {
            (Some(chosen), _) => Part { value: value(chosen), from: Layer::Chosen },
            (None, Some(beneath)) => Part { value: value(beneath), from: Layer::Configuration },
            (None, None) => Part { value: own, from: Layer::Product },
        }
    }
    let mark = assets::find("mark.svg").map_or_else(String::new, Asset::address);
    let colour = |colour: Colour| colour.to_string();
    Shown {
        name: part(chosen.name.clone(), beneath.name.clone(), |name| name, PLAIN.name().to_owned()),
        logo: part(chosen.logo.as_ref(), beneath.logo.as_ref(), Asset::address, mark),
        accent_light: part(chosen.accent_light, beneath.accent_light, colour, OWN_LIGHT.to_owned()),
        accent_dark: part(chosen.accent_dark, beneath.accent_dark, colour, OWN_DARK.to_owned()),
    }
}

/// Replaces what administrators chose, from what it was when it was read.
///
/// # Errors
/// It breaks a rule, or somebody else changed it meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &StoredBranding,
    input: &BrandingInput,
) -> Result<StoredBranding, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Branding)), TARGET).await?;
    let choices = branding::check(input).map_err(Refusal::Invalid)?;
    let after = changed(app, before, &choices);
    let audit = app.audit(origin, "branding.update", TARGET.to_owned(), told(before, &choices));
    if !app.store.update_branding(&after, before.updated_at, &audit).await? {
        return Err(Refusal::Changed(TARGET));
    }
    now_shown(app).await;
    Ok(after)
}

/// The row with other choices.
pub(super) fn changed(app: &App, before: &StoredBranding, choices: &Choices) -> StoredBranding {
    StoredBranding { input: choices.into(), updated_at: next_version(app, before.updated_at) }
}

/// Has this process show what was just committed. Should it fail, the one who follows the changes goes on trying.
pub(super) async fn now_shown(app: &App) {
    if let Err(error) = app.reload_branding().await {
        tracing::warn!(%error, "what was chosen for how this server looks is shown a little later");
    }
}

/// An image in words: its kind, its size, and what its address has as its version.
pub(super) fn image(logo: &Asset) -> String {
    format!("{} of {} bytes ({})", logo.content_type, logo.bytes.len(), logo.version)
}

/// What changed, for the audit log: from what to what, and of a logo its kind and size.
pub(super) fn told(before: &StoredBranding, after: &Choices) -> String {
    let before = readable(before);
    let logo = |choices: &Choices| choices.logo.as_ref().map(image);
    let quoted = |choices: &Choices| choices.name.as_ref().map(|name| format!("{name:?}"));
    let colour = |colour: Option<Colour>| colour.map(|colour| colour.to_string());
    let none = || "none".to_owned();
    let changes: Vec<String> = [
        ("name", quoted(&before), quoted(after)),
        ("logo", logo(&before), logo(after)),
        ("accent_light", colour(before.accent_light), colour(after.accent_light)),
        ("accent_dark", colour(before.accent_dark), colour(after.accent_dark)),
    ]
    .into_iter()
    .filter(|(_, before, after)| before != after)
    .map(|(field, before, after)| {
        format!("{field}: {} → {}", before.unwrap_or_else(none), after.unwrap_or_else(none))
    })
    .collect();
    if changes.is_empty() { "nothing changed".to_owned() } else { changes.join(", ") }
}
