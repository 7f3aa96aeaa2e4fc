//! The static files behind `/assets/<name>`. Pages ask for them with `?v=<version>`, so that they may be cached for
//! ever.

use std::borrow::Cow;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};

/// One static file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// File name under `/assets/`.
    pub name: &'static str,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Cow<'static, [u8]>,
    /// Changes whenever the bytes do; also good as an entity tag.
    pub version: String,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

static ALL: LazyLock<[Asset; 12]> = LazyLock::new(|| {
    [
        Asset::new(
            "style.css",
            "text/css; charset=utf-8",
            without_comments(include_str!("../../static/style.css")),
        ),
        asset("mark.svg", "image/svg+xml", include_bytes!("../../static/mark.svg")),
        asset("globe.svg", "image/svg+xml", include_bytes!("../../static/globe.svg")),
        asset("check_session.js", JAVASCRIPT, include_bytes!("../../static/check_session.js")),
        asset("copy.js", JAVASCRIPT, include_bytes!("../../static/copy.js")),
        asset("form_post.js", JAVASCRIPT, include_bytes!("../../static/form_post.js")),
        asset("front_channel_logout.js", JAVASCRIPT, include_bytes!("../../static/front_channel_logout.js")),
        asset("passkey.js", JAVASCRIPT, include_bytes!("../../static/passkey.js")),
        asset("branding.css", "text/css; charset=utf-8", include_bytes!("../../static/branding.css")),
        asset("branding.js", JAVASCRIPT, include_bytes!("../../static/branding.js")),
        asset("demo.css", "text/css; charset=utf-8", include_bytes!("../../static/demo.css")),
        asset("demo.svg", "image/svg+xml", include_bytes!("../../static/demo.svg")),
    ]
});

/// Every static file.
#[must_use]
pub fn all() -> &'static [Asset] {
    &*ALL
}

/// The file of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.name == name)
}

/// The address under which pages refer to a file.
pub(super) fn url(name: &str) -> String {
    find(name).map_or_else(String::new, Asset::address)
}

/// The style sheet without what is written for its authors, comments and indentation: every page loads it.
fn without_comments(css: &str) -> Vec<u8> {
    let kept: String = css.split("*/").filter_map(|part| part.split("/*").next()).collect();
    let lines: Vec<&str> = kept.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n").into_bytes()
}

fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset::new(name, content_type, bytes)
}

impl Asset {
    /// A file with the version that its bytes have.
    pub fn new(name: &'static str, content_type: &'static str, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let bytes = bytes.into();
        let hash = digest(&SHA256, &bytes);
        let start = hash.as_ref().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Self { name, content_type, bytes, version: format!("{start:016x}") }
    }

    /// The address under which pages refer to it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.version)
    }
}
