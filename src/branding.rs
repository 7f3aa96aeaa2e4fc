//! What a deployment looks like: its name, its logo, its colour.
//!
//! Pure. Only what was understood leaves this file: the name goes into pages as text, colours as the numbers that were read, in
//! a style sheet of variables. A logo is an image beside the pages and never a part of them.

use std::borrow::Cow;

use crate::pages::assets::Asset;
use crate::protocol::colour::{Accent, Colour, ColourProblem};
use crate::protocol::user::display_name;

/// What pages show.
#[derive(Debug, PartialEq, Eq)]
pub struct Branding {
    /// What the server is called.
    pub name: Cow<'static, str>,
    /// Its logo, if it has one of its own.
    pub logo: Option<Asset>,
    /// Its colours as a style sheet, if it has some of its own.
    pub style: Option<Asset>,
}

/// The product as it comes.
pub static PLAIN: Branding = Branding { name: Cow::Borrowed("Countersign"), logo: None, style: None };

/// A name is as long as this at most, in characters: it stands beside the logo on a phone.
const LONGEST_NAME: usize = 32;
/// A logo has so many bytes at most: it is a part of every page.
const LARGEST_LOGO: usize = 20_000;

/// Why something is no branding.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrandingProblem {
    /// Characters or length.
    #[error("must have 1 to {LONGEST_NAME} characters, without control or direction characters")]
    Name,
    /// A colour that is none, or that could not be read.
    #[error(transparent)]
    Colour(#[from] ColourProblem),
    /// Too large.
    #[error("must have {LARGEST_LOGO} bytes at most: every page shows it")]
    LogoSize,
    /// Neither of the two formats.
    #[error("must be a PNG or an SVG image")]
    LogoFormat,
    /// An SVG that does more than show itself.
    #[error("holds {0:?}, and could do more than show itself; save it as a plain SVG")]
    LogoActive(&'static str),
}

impl Branding {
    /// What was chosen in place of the product's own; `style` of the colours for light and dark.
    #[must_use]
    pub fn new(
        name: Option<String>,
        logo: Option<Asset>,
        light: Option<Colour>,
        dark: Option<Colour>,
    ) -> Self {
        Self { name: name.map_or(PLAIN.name.clone(), Cow::Owned), logo, style: style_sheet(light, dark) }
    }

    /// Its file of this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Asset> {
        [&self.logo, &self.style].into_iter().flatten().find(|asset| asset.name == name)
    }
}

/// A name that fits beside the logo.
///
/// # Errors
/// Empty, too long, or with characters that change how the text around it reads.
pub fn name(text: &str) -> Result<String, BrandingProblem> {
    display_name(text).ok().filter(|name| name.chars().count() <= LONGEST_NAME).ok_or(BrandingProblem::Name)
}

/// Nothing but variables. What is written on the accent colour is white where that is dark enough for text on white, and else
/// black, so that it can be read as well.
fn style_sheet(light: Option<Colour>, dark: Option<Colour>) -> Option<Asset> {
    let variables = |accent: Colour, strong: Colour, on: Colour| {
        format!(":root{{--accent:{accent};--accent-strong:{strong};--on-accent:{on}}}")
    };
    let light = light.map(|accent| {
        format!(
            "@media (prefers-color-scheme:light){{{}}}",
            variables(accent, accent.towards(Colour::BLACK), Colour::WHITE)
        )
    });
    let dark = dark.map(|accent| {
        format!(
            "@media (prefers-color-scheme:dark){{{}}}",
            variables(accent, accent.towards(Colour::WHITE), Colour::BLACK)
        )
    });
    let text: String = [light, dark].into_iter().flatten().collect();
    (!text.is_empty()).then(|| Asset::new("brand.css", "text/css; charset=utf-8", text.into_bytes()))
}

/// The style sheet of one application's colour.
#[must_use]
pub fn accent_style(accent: Accent) -> Option<Asset> {
    style_sheet(Some(accent.on_light()), Some(accent.on_dark()))
}

/// The address of that style sheet: the colour is all that it depends on.
#[must_use]
pub fn accent_address(accent: Accent) -> Option<String> {
    let style = accent_style(accent)?;
    let digits = accent.on_light().to_string();
    Some(format!("/assets/accent-{}.css?v={}", digits.trim_start_matches('#'), style.version))
}

/// The style sheet behind a name that [`accent_address`] has given out.
#[must_use]
pub fn accent_file(name: &str) -> Option<Asset> {
    let digits = name.strip_prefix("accent-")?.strip_suffix(".css")?;
    format!("#{digits}").parse().ok().and_then(accent_style)
}

/// What an SVG must not hold. As an image it would not run, and the content security policy of its address lets nothing run
/// either; but no operator means to serve it.
const ACTIVE: [&str; 9] = [
    "<script",
    "<foreignobject",
    "<iframe",
    "<!entity",
    "<!doctype",
    "<?xml-stylesheet",
    "javascript:",
    "data:text",
    "@import",
];

/// A logo: a PNG, or an SVG that shows itself and does nothing else.
///
/// # Errors
/// It is neither, too large, or does more.
pub fn logo(bytes: Vec<u8>) -> Result<Asset, BrandingProblem> {
    if bytes.len() > LARGEST_LOGO {
        return Err(BrandingProblem::LogoSize);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Asset::new("brand.png", "image/png", bytes));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| BrandingProblem::LogoFormat)?.to_ascii_lowercase();
    if !text.contains("<svg") || !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return Err(BrandingProblem::LogoFormat);
    }
    if let Some(active) = ACTIVE.into_iter().find(|active| text.contains(active)) {
        return Err(BrandingProblem::LogoActive(active));
    }
    // Attributes that are handlers of events.
    let handler = text.match_indices("on").any(|(at, _)| {
        let (before, name) = text.split_at(at);
        let value = name.trim_start_matches(|c: char| c.is_ascii_lowercase()).trim_start();
        before.ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/'))
            && value.starts_with('=')
    });
    if handler {
        return Err(BrandingProblem::LogoActive("on…="));
    }
    Ok(Asset::new("brand.svg", "image/svg+xml", bytes))
}

#[cfg(test)]
mod tests {
    use super::{Branding, BrandingProblem, Colour, PLAIN, accent_address, accent_file, logo, name};

    #[test]
    fn colours_become_variables_and_nothing_else() {
        let (light, dark) = (Colour::on_light("#A52A22").ok(), Colour::on_dark("#ffa39b").ok());
        let style = Branding::new(None, None, light, dark).style.unwrap();
        assert_eq!(
            std::str::from_utf8(&style.bytes).unwrap(),
            "@media (prefers-color-scheme:light){:root{--accent:#a52a22;--accent-strong:#84211b;--on-accent:#ffffff}}\
             @media (prefers-color-scheme:dark){:root{--accent:#ffa39b;--accent-strong:#ffb5af;--on-accent:#000000}}"
        );
        assert_eq!(Branding::new(None, None, None, None), PLAIN);
    }

    #[test]
    fn an_accent_has_an_address_that_names_nothing_but_the_colour() {
        let address = accent_address("#A52A22".parse().unwrap()).unwrap();
        let name = address.strip_prefix("/assets/").and_then(|rest| rest.split_once("?v=")).unwrap().0;
        assert_eq!(name, "accent-a52a22.css");
        let style = accent_file(name).unwrap();
        assert!(address.ends_with(&style.version), "{address}");
        for none in [
            "accent-.css",
            "accent-a52a22",
            "a52a22.css",
            "accent-ffff00.css",
            "accent-a52a22}.css",
            "accent-#a52a22.css",
        ] {
            assert_eq!(accent_file(none), None, "{none}");
        }
    }

    #[test]
    fn names_stay_beside_the_logo() {
        assert_eq!(name(" Example & <Co> ").unwrap(), "Example & <Co>");
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(33)] {
            assert_eq!(name(bad), Err(BrandingProblem::Name), "{bad:?}");
        }
    }

    #[test]
    fn a_logo_shows_itself_and_does_nothing_else() {
        let svg =
            |inner: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inner}</svg>").into_bytes();
        let fine = logo(svg("<path d=\"M0 0\"/><text>on and on, x=y</text>")).unwrap();
        assert_eq!((fine.name, fine.content_type), ("brand.svg", "image/svg+xml"));
        assert!(logo(include_bytes!("../static/mark.svg").to_vec()).is_ok());
        assert_eq!(logo(b"\x89PNG\r\n\x1a\n...".to_vec()).unwrap().content_type, "image/png");
        for active in [
            "<script>alert(1)</script>",
            "<SCRIPT href='x'/>",
            "<foreignObject><body/></foreignObject>",
            "<a href=\"javascript:alert(1)\"/>",
            "<image href=\"data:text/html,x\"/>",
            "<path onload=\"alert(1)\"/>",
            "<path d=''onclick = 'x'/>",
            "<path\nONFOCUS='x'/>",
            "<style>@import 'https://evil.example'</style>",
        ] {
            assert!(matches!(logo(svg(active)), Err(BrandingProblem::LogoActive(_))), "{active}");
        }
        let entity = b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>".to_vec();
        assert!(matches!(logo(entity), Err(BrandingProblem::LogoActive(_))));
        for other in ["", "GIF89a", "<html><body/></html>", "alert(1)//<svg", "\u{7f}ELF<svg"] {
            assert_eq!(logo(other.as_bytes().to_vec()), Err(BrandingProblem::LogoFormat), "{other}");
        }
        assert_eq!(logo(vec![0xff, 0xd8]), Err(BrandingProblem::LogoFormat));
        assert_eq!(logo(svg(&" ".repeat(20_000))), Err(BrandingProblem::LogoSize));
    }
}
