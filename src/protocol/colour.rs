//! Colours that text can be read in: WCAG 2.2 §1.4.3, "Contrast (Minimum)".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// WCAG 2.2 §1.4.3: text against what is behind it.
const CONTRAST: f64 = 4.5;
/// What is behind text of the accent colour at worst (`static/style.css`: `--ground`, and `--sunken` in the dark).
const LIGHT_GROUND: Colour = Colour([0xf3, 0xf5, 0xf2]);
const DARK_GROUND: Colour = Colour([0x1f, 0x27, 0x25]);

/// Why something is no colour for text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ColourProblem {
    /// Not six hexadecimal digits.
    #[error("must be a colour as in \"#0d6b60\"")]
    NoColour,
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
}

/// A colour of the screen: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// `#ffffff`
    pub const WHITE: Self = Self([0xff; 3]);
    /// `#000000`
    pub const BLACK: Self = Self([0; 3]);

    /// The accent where it is light.
    ///
    /// # Errors
    /// No colour, or too light for text.
    pub fn on_light(text: &str) -> Result<Self, ColourProblem> {
        Self::parse(text)?.readable(LIGHT_GROUND, "darker")
    }

    /// The accent where it is dark.
    ///
    /// # Errors
    /// No colour, or too dark for text.
    pub fn on_dark(text: &str) -> Result<Self, ColourProblem> {
        Self::parse(text)?.readable(DARK_GROUND, "lighter")
    }

    fn parse(text: &str) -> Result<Self, ColourProblem> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or(ColourProblem::NoColour)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    fn readable(self, ground: Self, more: &'static str) -> Result<Self, ColourProblem> {
        let found = self.contrast(ground);
        let right_side = (self.luminance() < ground.luminance()) == (more == "darker");
        if found >= CONTRAST && right_side {
            Ok(self)
        } else {
            Err(ColourProblem::Contrast { ground, found, more })
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
    #[must_use]
    pub fn towards(self, other: Self) -> Self {
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

/// The colour of one application: as it was chosen where pages are light, and as much lighter as it must be where they are
/// dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Accent(Colour);

impl Accent {
    /// Where it is light.
    #[must_use]
    pub fn on_light(self) -> Colour {
        self.0
    }

    /// Where it is dark: the first of its tints that can be read there. White can.
    #[must_use]
    pub fn on_dark(self) -> Colour {
        let mut tint = self.0;
        while tint.contrast(DARK_GROUND) < CONTRAST {
            let lighter = tint.towards(Colour::WHITE);
            // A fifth of less than five steps rounds to nothing.
            tint = if lighter == tint { Colour::WHITE } else { lighter };
        }
        tint
    }
}

impl FromStr for Accent {
    type Err = ColourProblem;

    fn from_str(text: &str) -> Result<Self, ColourProblem> {
        Colour::on_light(text).map(Self)
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Accent> for String {
    fn from(accent: Accent) -> Self {
        accent.to_string()
    }
}

impl TryFrom<String> for Accent {
    type Error = ColourProblem;

    fn try_from(text: String) -> Result<Self, ColourProblem> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Accent, CONTRAST, Colour, ColourProblem, DARK_GROUND};

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
            assert_eq!(Colour::on_light(bad), Err(ColourProblem::NoColour), "{bad}");
            assert_eq!(Colour::on_dark(bad), Err(ColourProblem::NoColour), "{bad}");
        }
    }

    #[test]
    fn wcag_1_4_3_colours_that_cannot_be_read_are_refused() {
        for (light, dark) in [("#0d6b60", "#6fd3c3"), ("#a52a22", "#ffa39b"), ("#000000", "#ffffff")] {
            assert!(Colour::on_light(light).is_ok(), "{light}");
            assert!(Colour::on_dark(dark).is_ok(), "{dark}");
            assert!(matches!(Colour::on_light(dark), Err(ColourProblem::Contrast { .. })), "{dark}");
            assert!(matches!(Colour::on_dark(light), Err(ColourProblem::Contrast { .. })), "{light}");
        }
        let white = Colour([0xff; 3]);
        assert!((white.contrast(Colour([0; 3])) - 21.0).abs() < 1e-9);
        assert!((Colour([0x76; 3]).contrast(white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn wcag_1_4_3_every_accent_can_be_read_in_the_dark_too() {
        let mut accents = 0;
        for number in (0_u32..=0xff_ffff).step_by(4_099).chain([0, 0x0d_6b60, 0x00_00ff]) {
            let Ok(accent) = format!("#{number:06x}").parse::<Accent>() else { continue };
            accents += 1;
            let dark = accent.on_dark();
            assert!(dark.contrast(DARK_GROUND) >= CONTRAST, "{accent} becomes {dark}");
            assert!(
                accent.on_light().contrast(Colour::WHITE) >= CONTRAST,
                "what is written on {accent} is white"
            );
            assert!(dark.contrast(Colour::BLACK) >= CONTRAST, "what is written on {dark} is black");
        }
        assert!(accents > 500, "{accents}");
        assert_eq!("#0D6B60".parse::<Accent>().unwrap().to_string(), "#0d6b60");
        assert!(matches!("#ffcc00".parse::<Accent>(), Err(ColourProblem::Contrast { more: "darker", .. })));
    }
}
