//! What a deployment looks like: its name, its logo, its colour.
//!
//! Pure. Only what was understood leaves this file: the name goes into pages as text, colours as the numbers that were read, in
//! a style sheet of variables. A logo is an image beside the pages and never a part of them.

use std::borrow::Cow;
use std::fmt;

use crate::pages::assets::Asset;
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
/// WCAG 2.2 §1.4.3: text against what is behind it.
const CONTRAST: f64 = 4.5;
/// What is behind text of the accent colour at worst (`static/style.css`: `--ground`, and `--sunken` in the dark).
const LIGHT_GROUND: Colour = Colour([0xf3, 0xf5, 0xf2]);
const DARK_GROUND: Colour = Colour([0x1f, 0x27, 0x25]);

/// Why something is no branding.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrandingProblem {
    /// Characters or length.
    #[error("must have 1 to {LONGEST_NAME} characters, without control or direction characters")]
    Name,
    /// Not six hexadecimal digits.
    #[error("must be a colour as in \"#0d6b60\"")]
    Colour,
    /// Text of this colour could not be read.
    #[error(
        "cannot be read on {ground}: its contrast is {found:.1}, and must be {CONTRAST} at least; take a {more} one"
    )]
    Contrast {
        /// What is behind it.
        ground: Colour,
        /// How far they differ (WCAG).
        found: f64,
        /// Darker or lighter.
        more: &'static str,
    },
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

/// A colour of the screen: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// The accent where it is light.
    ///
    /// # Errors
    /// No colour, or too light for text.
    pub fn on_light(text: &str) -> Result<Self, BrandingProblem> {
        Self::parse(text)?.readable(LIGHT_GROUND, "darker")
    }

    /// The accent where it is dark.
    ///
    /// # Errors
    /// No colour, or too dark for text.
    pub fn on_dark(text: &str) -> Result<Self, BrandingProblem> {
        Self::parse(text)?.readable(DARK_GROUND, "lighter")
    }

    fn parse(text: &str) -> Result<Self, BrandingProblem> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or(BrandingProblem::Colour)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    fn readable(self, ground: Self, more: &'static str) -> Result<Self, BrandingProblem> {
        let found = self.contrast(ground);
        let right_side = (self.luminance() < ground.luminance()) == (more == "darker");
        if found >= CONTRAST && right_side {
            Ok(self)
        } else {
            Err(BrandingProblem::Contrast { ground, found, more })
        }
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// A fifth of the way to another colour: what is pointed at.
    fn towards(self, other: Self) -> Self {
        let [red, green, blue] = self.0;
        let [to_red, to_green, to_blue] = other.0;
        let mixed = |from: u8, to: u8| {
            let sum = u16::from(from) * 4 + u16::from(to);
            u8::try_from(sum / 5).unwrap_or(u8::MAX)
        };
        Self([mixed(red, to_red), mixed(green, to_green), mixed(blue, to_blue)])
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Nothing but variables. What is written on the accent colour is white where that is dark enough for text on white, and else
/// black, so that it can be read as well.
fn style_sheet(light: Option<Colour>, dark: Option<Colour>) -> Option<Asset> {
    const WHITE: Colour = Colour([0xff; 3]);
    const BLACK: Colour = Colour([0; 3]);
    let variables = |accent: Colour, strong: Colour, on: Colour| {
        format!(":root{{--accent:{accent};--accent-strong:{strong};--on-accent:{on}}}")
    };
    let light = light.map(|accent| {
        format!("@media (prefers-color-scheme:light){{{}}}", variables(accent, accent.towards(BLACK), WHITE))
    });
    let dark = dark.map(|accent| {
        format!("@media (prefers-color-scheme:dark){{{}}}", variables(accent, accent.towards(WHITE), BLACK))
    });
    let text: String = [light, dark].into_iter().flatten().collect();
    (!text.is_empty()).then(|| Asset::new("brand.css", "text/css; charset=utf-8", text.into_bytes()))
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
    use super::{Branding, BrandingProblem, Colour, PLAIN, logo, name};

    #[test]
    fn hostile_colours_are_no_colours() {
        for bad in [
            "",
            "#",
            "red",
            "#fff",
            "#12345",
            "#1234567",
            "#12345g",
            "#+12345",
            "0d6b60",
            " #0d6b60",
            "#0d6b60;",
            "#0d6b60}*{display:none}",
            "#0d6b60;background:url(https://evil.example)",
            "url(javascript:alert(1))",
            "var(--bad)",
            "expression(alert(1))",
            "#0d6b60</style><script>",
            "#٠٠٠٠٠٠",
        ] {
            assert_eq!(Colour::on_light(bad), Err(BrandingProblem::Colour), "{bad}");
            assert_eq!(Colour::on_dark(bad), Err(BrandingProblem::Colour), "{bad}");
        }
    }

    #[test]
    fn wcag_1_4_3_colours_that_cannot_be_read_are_refused() {
        for (light, dark) in [("#0d6b60", "#6fd3c3"), ("#a52a22", "#ffa39b"), ("#000000", "#ffffff")] {
            assert!(Colour::on_light(light).is_ok(), "{light}");
            assert!(Colour::on_dark(dark).is_ok(), "{dark}");
            assert!(matches!(Colour::on_light(dark), Err(BrandingProblem::Contrast { .. })), "{dark}");
            assert!(matches!(Colour::on_dark(light), Err(BrandingProblem::Contrast { .. })), "{light}");
        }
        let white = Colour([0xff; 3]);
        assert!((white.contrast(Colour([0; 3])) - 21.0).abs() < 1e-9);
        assert!((Colour([0x76; 3]).contrast(white) - 4.54).abs() < 0.01);
    }

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
