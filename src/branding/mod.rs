//! What a deployment looks like: its name, its logo, its colour.
//!
//! Pure, but for [`Current`]. Only what was understood leaves this file: the name goes into pages as text, colours as the numbers
//! that were read, in a style sheet of variables. A logo is an image beside the pages and never a part of them.
//!
//! There are three layers: the product's own, what `[branding]` of countersign.toml says, and what administrators chose at run
//! time. Of each part, the uppermost layer that says something is shown (decision 31).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::current::{Current, readable};
use crate::pages::assets::Asset;
use crate::protocol::colour::{Accent, Colour, ColourProblem};
use crate::protocol::registration::FieldProblem;
use crate::protocol::user::display_name;

mod current;

/// What one layer says; what it says nothing about is as in the layer beneath.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// What the server is called.
    pub name: Option<String>,
    /// Its logo.
    pub logo: Option<Asset>,
    /// The colour of buttons and links where pages are light.
    pub accent_light: Option<Colour>,
    /// The same where they are dark.
    pub accent_dark: Option<Colour>,
}

/// What pages show.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Branding {
    choices: Choices,
    /// Its colours as a style sheet, if it has some of its own.
    pub style: Option<Asset>,
}

/// The product's own colours, as in `static/style.css`.
pub const OWN_LIGHT: &str = "#0d6b60";
/// The same where pages are dark.
pub const OWN_DARK: &str = "#6fd3c3";

/// The product's own name.
const PRODUCT: &str = "Countersign";

/// The product as it comes.
pub static PLAIN: Branding = Branding {
    choices: Choices { name: None, logo: None, accent_light: None, accent_dark: None },
    style: None,
};

/// Branding as it is written by administrators: all of it may be left out, and is then as in the layer beneath.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandingInput {
    /// What the server is called: 1 to 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A PNG or a plain SVG of 20 kB at most, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The colour of buttons and links where pages are light, as in `#0d6b60`; text of it must be readable there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_light: Option<String>,
    /// The same where pages are dark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_dark: Option<String>,
}

impl From<&Choices> for BrandingInput {
    fn from(choices: &Choices) -> Self {
        Self {
            name: choices.name.clone(),
            logo: choices.logo.as_ref().map(|logo| STANDARD.encode(&logo.bytes)),
            accent_light: choices.accent_light.map(|colour| colour.to_string()),
            accent_dark: choices.accent_dark.map(|colour| colour.to_string()),
        }
    }
}

/// Reads what administrators wrote.
///
/// # Errors
/// Every field that breaks a rule, and which.
pub fn check(input: &BrandingInput) -> Result<Choices, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let choices = Choices {
        name: read(&mut problems, "name", input.name.as_deref(), name),
        logo: read(&mut problems, "logo", input.logo.as_deref(), |text| {
            // Not even decoded: four characters are three bytes.
            if text.len() > LARGEST_LOGO.div_ceil(3) * 4 {
                return Err(BrandingProblem::LogoSize);
            }
            logo(STANDARD.decode(text).map_err(|_| BrandingProblem::Base64)?)
        }),
        accent_light: read(&mut problems, "accent_light", input.accent_light.as_deref(), Colour::on_light),
        accent_dark: read(&mut problems, "accent_dark", input.accent_dark.as_deref(), Colour::on_dark),
    };
    if problems.is_empty() { Ok(choices) } else { Err(problems) }
}

fn read<T, E: std::fmt::Display>(
    problems: &mut Vec<FieldProblem>,
    field: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    parse(text?).map_err(|problem| problems.push(FieldProblem::new(field, problem))).ok()
}

/// A name is as long as this at most, in characters: it stands beside the logo on a phone.
const LONGEST_NAME: usize = 32;
/// A logo has so many bytes at most: it is a part of every page.
pub const LARGEST_LOGO: usize = 20_000;

/// An application's logo has so many at most: few pages show it, and only those of one application.
pub const LARGEST_APP_LOGO: usize = 200_000;

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
    /// Not the base64 of a file.
    #[error("must be the file in base64 (RFC 4648 §4)")]
    Base64,
    /// Neither of the two formats.
    #[error("must be a PNG or an SVG image")]
    LogoFormat,
    /// An SVG that does more than show itself.
    #[error("holds {0:?}, and could do more than show itself; save it as a plain SVG")]
    LogoActive(&'static str),
}

impl Choices {
    /// Does it say anything?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This layer over another one.
    #[must_use]
    pub fn over(&self, beneath: &Self) -> Self {
        Self {
            name: self.name.clone().or_else(|| beneath.name.clone()),
            logo: self.logo.clone().or_else(|| beneath.logo.clone()),
            accent_light: self.accent_light.or(beneath.accent_light),
            accent_dark: self.accent_dark.or(beneath.accent_dark),
        }
    }
}

impl From<Choices> for Branding {
    fn from(choices: Choices) -> Self {
        let style = style_sheet("brand.css", ROOT, choices.accent_light, choices.accent_dark);
        Self { choices, style }
    }
}

impl Branding {
    /// What the server is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.choices.name.as_deref().unwrap_or(PRODUCT)
    }

    /// Its logo, if it has one of its own.
    #[must_use]
    pub fn logo(&self) -> Option<&Asset> {
        self.choices.logo.as_ref()
    }

    /// What was chosen in place of the product's own.
    #[must_use]
    pub fn choices(&self) -> &Choices {
        &self.choices
    }

    /// Its file of this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Asset> {
        [&self.choices.logo, &self.style].into_iter().flatten().find(|asset| asset.name == name)
    }
}

/// A name that fits beside the logo.
///
/// # Errors
/// Empty, too long, or with characters that change how the text around it reads.
pub fn name(text: &str) -> Result<String, BrandingProblem> {
    display_name(text).ok().filter(|name| name.chars().count() <= LONGEST_NAME).ok_or(BrandingProblem::Name)
}

/// Where the variables of each scheme count: what stands before and behind them.
type Places = [(&'static str, &'static str); 2];

/// On the whole page, as the reader's system is.
const ROOT: Places = [
    ("@media (prefers-color-scheme:light){:root{", "}}"),
    ("@media (prefers-color-scheme:dark){:root{", "}}"),
];

/// In samples, which show both.
const SAMPLES: Places = [(".scheme-light{", "}"), (".scheme-dark{", "}")];

/// Nothing but variables. What is written on the accent colour is white where that is dark enough for text on white, and else
/// black, so that it can be read as well.
fn style_sheet(
    name: &'static str,
    [in_light, in_dark]: Places,
    light: Option<Colour>,
    dark: Option<Colour>,
) -> Option<Asset> {
    let rule = |(before, behind): (&str, &str), accent: Colour, strong: Colour, on: Colour| {
        format!("{before}--accent:{accent};--accent-strong:{strong};--on-accent:{on}{behind}")
    };
    let light = light.map(|accent| rule(in_light, accent, accent.towards(Colour::BLACK), Colour::WHITE));
    let dark = dark.map(|accent| rule(in_dark, accent, accent.towards(Colour::WHITE), Colour::BLACK));
    let text: String = [light, dark].into_iter().flatten().collect();
    (!text.is_empty()).then(|| Asset::new(name, "text/css; charset=utf-8", text.into_bytes()))
}

/// Begins the name of a style sheet of samples.
const SAMPLE: &str = "sample-";
/// In such a name: the product's own.
const OWN: &str = "own";

/// The address of the style sheet of samples in these colours; none where they are the product's own.
#[must_use]
pub fn sample_address(choices: &Choices) -> Option<String> {
    let (light, dark) = (choices.accent_light, choices.accent_dark);
    let style = style_sheet("sample.css", SAMPLES, light, dark)?;
    let digits = |colour: Option<Colour>| {
        colour.map_or_else(|| OWN.to_owned(), |colour| colour.to_string().trim_start_matches('#').to_owned())
    };
    Some(format!("/assets/{SAMPLE}{}-{}.css?v={}", digits(light), digits(dark), style.version))
}

/// The style sheet behind a name that [`sample_address`] has given out.
#[must_use]
pub fn sample_file(name: &str) -> Option<Asset> {
    let (light, dark) = name.strip_prefix(SAMPLE)?.strip_suffix(".css")?.split_once('-')?;
    let colour = |digits: &str, parse: fn(&str) -> Result<Colour, ColourProblem>| match digits {
        OWN => Some(None),
        digits => parse(&format!("#{digits}")).ok().map(Some),
    };
    style_sheet("sample.css", SAMPLES, colour(light, Colour::on_light)?, colour(dark, Colour::on_dark)?)
}

/// The style sheet of one application's colour.
#[must_use]
pub fn accent_style(accent: Accent) -> Option<Asset> {
    style_sheet("brand.css", ROOT, Some(accent.on_light()), Some(accent.on_dark()))
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
    match picture_type(&bytes) {
        Some(png @ "image/png") => Ok(Asset::new("brand.png", png, bytes)),
        _ => plain_svg(bytes),
    }
}

/// The logo of an application, which is somebody else's and comes as it is: of what browsers show, or an SVG as above. Nothing
/// where it is another file, or too large.
#[must_use]
pub fn app_logo(bytes: Vec<u8>) -> Option<Asset> {
    if bytes.len() > LARGEST_APP_LOGO {
        return None;
    }
    match picture_type(&bytes) {
        Some(content_type) => Some(Asset::new("logo", content_type, bytes)),
        None => plain_svg(bytes).ok(),
    }
}

/// What a picture of pixels is, by how it begins (WHATWG MIME Sniffing §6.1).
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn plain_svg(bytes: Vec<u8>) -> Result<Asset, BrandingProblem> {
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
    use super::{
        Branding, BrandingInput, BrandingProblem, Choices, Colour, OWN_DARK, OWN_LIGHT, PLAIN,
        accent_address, accent_file, app_logo, check, logo, name, sample_address, sample_file,
    };

    #[test]
    fn mime_sniffing_6_1_pictures_are_known_by_how_they_begin() {
        for (begins, expected) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("image/png")),
            (b"\xff\xd8\xff", Some("image/jpeg")),
            (b"GIF87a", Some("image/gif")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("image/svg+xml")),
            (b"<svg onload='alert(1)'/>", None),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"GIF88a", None),
            (b"\xff\xd8", None),
            (b"BM", None),
            (b"%PDF-1.7", None),
            (b"<html>", None),
            (b"", None),
        ] {
            let found = app_logo(begins.to_vec()).map(|logo| logo.content_type);
            assert_eq!(found, expected, "{}", begins.escape_ascii());
        }
    }

    #[test]
    fn colours_become_variables_and_nothing_else() {
        let style = Branding::from(coloured()).style.unwrap();
        assert_eq!(
            std::str::from_utf8(&style.bytes).unwrap(),
            "@media (prefers-color-scheme:light){:root{--accent:#a52a22;--accent-strong:#84211b;--on-accent:#ffffff}}\
             @media (prefers-color-scheme:dark){:root{--accent:#ffa39b;--accent-strong:#ffb5af;--on-accent:#000000}}"
        );
        assert_eq!(Branding::from(Choices::default()), PLAIN);
    }

    fn coloured() -> Choices {
        let (accent_light, accent_dark) = (Colour::on_light("#A52A22").ok(), Colour::on_dark("#ffa39b").ok());
        Choices { accent_light, accent_dark, ..Choices::default() }
    }

    #[test]
    fn samples_show_both_schemes_by_an_address_that_names_nothing_but_colours() {
        let address = sample_address(&coloured()).unwrap();
        let name = address.strip_prefix("/assets/").and_then(|rest| rest.split_once("?v=")).unwrap().0;
        assert_eq!(name, "sample-a52a22-ffa39b.css");
        let style = sample_file(name).unwrap();
        assert!(address.ends_with(&style.version), "{address}");
        assert_eq!(
            std::str::from_utf8(&style.bytes).unwrap(),
            ".scheme-light{--accent:#a52a22;--accent-strong:#84211b;--on-accent:#ffffff}\
             .scheme-dark{--accent:#ffa39b;--accent-strong:#ffb5af;--on-accent:#000000}"
        );
        let dark = Choices { accent_light: None, ..coloured() };
        assert!(sample_address(&dark).unwrap().starts_with("/assets/sample-own-ffa39b.css?v="));
        assert_eq!(sample_address(&Choices::default()), None);
        for none in [
            "sample-.css",
            "sample-own-own.css",
            "sample-a52a22.css",
            "sample-ffa39b-a52a22.css",
            "sample-a52a22-ffa39b-x.css",
            "sample-a52a22;}-ffa39b.css",
            "sample-#a52a22-#ffa39b.css",
        ] {
            assert_eq!(sample_file(none), None, "{none}");
        }
    }

    #[test]
    fn samples_have_the_variables_of_the_pages() {
        let variables = |text: &str, from: &str| -> Vec<String> {
            let rest = text.split_once(from).unwrap().1;
            let block = rest.split_once('}').unwrap().0;
            block.lines().map(|line| line.trim().to_owned()).filter(|line| line.starts_with("--")).collect()
        };
        let (style, samples) =
            (include_str!("../../static/style.css"), include_str!("../../static/branding.css"));
        for (from, scheme, own) in
            [(":root {", ".scheme-light {", OWN_LIGHT), ("  :root {", ".scheme-dark {", OWN_DARK)]
        {
            let (of_pages, of_samples) = (variables(style, from), variables(samples, scheme));
            assert!(of_samples.len() > 10 && of_samples.contains(&format!("--accent: {own};")));
            for line in of_samples {
                assert!(of_pages.contains(&line), "{scheme} {line}");
            }
        }
    }

    #[test]
    fn of_each_part_the_uppermost_layer_that_says_something_counts() {
        let file = Choices { name: Some("File".to_owned()), ..coloured() };
        let light = Colour::on_light("#0d6b60").ok();
        let own = Choices { name: Some("Own".to_owned()), accent_light: light, ..Choices::default() };
        let shown = own.over(&file);
        assert_eq!((shown.name.as_deref(), shown.accent_light), (Some("Own"), light));
        assert_eq!(shown.accent_dark, file.accent_dark);
        assert_eq!(Choices::default().over(&file), file);
        assert_eq!(Branding::from(Choices::default().over(&Choices::default())).name(), "Countersign");
    }

    #[test]
    fn what_administrators_write_reads_back_and_every_wrong_field_is_named() {
        let logo = logo(include_bytes!("../../static/mark.svg").to_vec()).ok();
        let choices = Choices { name: Some("Example".to_owned()), logo, ..coloured() };
        assert_eq!(check(&BrandingInput::from(&choices)), Ok(choices));
        assert_eq!(check(&BrandingInput::default()), Ok(Choices::default()));
        let text = |text: &str| Some(text.to_owned());
        let wrong = BrandingInput {
            name: text(""),
            logo: text("no base64!"),
            accent_light: text("red"),
            accent_dark: text("#0d6b60"),
        };
        let problems = check(&wrong).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["name", "logo", "accent_light", "accent_dark"]);
        let large = BrandingInput { logo: Some("A".repeat(30_000)), ..BrandingInput::default() };
        assert!(check(&large).unwrap_err()[0].message.contains("20000 bytes"));
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
        assert!(logo(include_bytes!("../../static/mark.svg").to_vec()).is_ok());
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
