//! Which requests a reverse proxy may let through to an application of its own: the rules of forward authentication. There is
//! no specification of it; nginx's `auth_request`, Traefik's `ForwardAuth` and Caddy's `forward_auth` agree on this much: a
//! status of 2xx lets the request through, and headers of the answer tell the application who asks.

use std::fmt::Write as _;

use super::assurance::Level;

/// An application behind a proxy, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedApp {
    /// Its host in canonical form, with the port where it is not the scheme's own.
    pub host: String,
    /// Members of any of these groups; everybody where there are none.
    pub groups: Vec<String>,
    /// How sure to be of who they are.
    pub level: Level,
    /// The scope of the access tokens that are let in; none where none are.
    pub scope: Option<String>,
    /// Are user name and password let in (RFC 7617)?
    pub basic: bool,
}

/// May this user in?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// Not before it is surer who they are.
    StepUp,
    /// No.
    Forbid,
}

impl ProtectedApp {
    /// What it asks of a user whose groups ask for this at least.
    #[must_use]
    pub fn level_for(&self, least_of_groups: Option<Level>) -> Level {
        self.level.max(least_of_groups.unwrap_or_default())
    }

    /// Judges a user who is in these groups, and is who they are as surely as this.
    #[must_use]
    pub fn judge(&self, groups: &[String], least_of_groups: Option<Level>, reached: Level) -> Verdict {
        let is_member = self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group));
        if !is_member {
            // First: nobody is asked to prove more for what they will not get.
            Verdict::Forbid
        } else if reached < self.level_for(least_of_groups) {
            Verdict::StepUp
        } else {
            Verdict::Allow
        }
    }
}

/// A host as browsers write it, in the one form that is compared: lower case, without the scheme's own port.
#[must_use]
pub fn canonical_host(text: &str, plain_http: bool) -> Option<String> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let bracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name_is_fine = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            name.len() <= 253
                && name.split('.').all(|label| {
                    !label.is_empty()
                        && !label.starts_with('-')
                        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                })
        }
    };
    let port = port.map(|port| port.parse::<u16>().ok().filter(|number| number.to_string() == port));
    let own = if plain_http { 80 } else { 443 };
    match port {
        _ if !name_is_fine => None,
        Some(None) => None,
        Some(Some(port)) if port != own => Some(format!("{}:{port}", name.to_ascii_lowercase())),
        _ => Some(name.to_ascii_lowercase()),
    }
}

/// A path of the application's host, with its query: put behind that host, it can lead nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PathOfApp(String);

/// The longest path that is gone back to.
const LONGEST_PATH: usize = 2048;

/// Where Countersign answers on the application's host.
pub const OWN_FOLDER: &str = "/.countersign/";

impl PathOfApp {
    /// The path of a request; the front page in place of one that no browser writes, or that is Countersign's own.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let fine = text.starts_with('/')
            && !text.starts_with(OWN_FOLDER)
            && text.len() <= LONGEST_PATH
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        Self(if fine { text.to_owned() } else { "/".to_owned() })
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text as the value of a header (RFC 9110 §5.5): what is not visible ASCII or a space is percent-encoded as UTF-8
/// (RFC 3986 §2.1), and so is the percent sign, so that decoding gives the text back.
#[must_use]
pub fn header_text(text: &str) -> String {
    encoded(text, "%")
}

/// Several of them, with commas between.
#[must_use]
pub fn header_list(texts: &[String]) -> String {
    texts.iter().map(|text| encoded(text, "%,")).collect::<Vec<_>>().join(",")
}

fn encoded(text: &str, besides: &str) -> String {
    let mut header = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = (byte == b' ' || byte.is_ascii_graphic()) && !besides.as_bytes().contains(&byte);
        if plain {
            header.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::{PathOfApp, ProtectedApp, Verdict, canonical_host, header_list, header_text};
    use crate::protocol::assurance::Level;

    #[test]
    fn membership_comes_before_assurance() {
        let app = |groups: &[&str], level| ProtectedApp {
            host: "app.example".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            level,
            scope: None,
            basic: false,
        };
        let (one, two) = (Level::OneFactor, Level::TwoFactors);
        for (app, groups, reached, expected) in [
            (app(&[], one), &[][..], one, Verdict::Allow),
            (app(&[], two), &[][..], one, Verdict::StepUp),
            (app(&[], two), &[][..], Level::PhishingResistant, Verdict::Allow),
            (app(&["staff"], one), &[][..], two, Verdict::Forbid),
            (app(&["staff"], two), &["guests"][..], one, Verdict::Forbid),
            (app(&["staff", "board"], two), &["board"][..], one, Verdict::StepUp),
            (app(&["staff", "board"], one), &["x", "board"][..], one, Verdict::Allow),
            // Names are compared as they are.
            (app(&["staff"], one), &["Staff", "staff ", "sta"][..], one, Verdict::Forbid),
        ] {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            assert_eq!(app.judge(&groups, None, reached), expected, "{app:?} {groups:?}");
        }
    }

    #[test]
    fn what_groups_ask_of_their_members_counts_beside_what_the_application_asks() {
        let app = |level| ProtectedApp {
            host: "app.example".to_owned(),
            groups: Vec::new(),
            level,
            scope: None,
            basic: false,
        };
        let (one, two, resistant) = (Level::OneFactor, Level::TwoFactors, Level::PhishingResistant);
        for (level, least, reached, expected) in [
            (one, Some(two), one, Verdict::StepUp),
            (one, Some(two), two, Verdict::Allow),
            (two, Some(one), one, Verdict::StepUp),
            (two, Some(resistant), two, Verdict::StepUp),
            (two, Some(resistant), resistant, Verdict::Allow),
            (one, None, one, Verdict::Allow),
        ] {
            assert_eq!(app(level).judge(&[], least, reached), expected, "{level:?} {least:?} {reached:?}");
        }
    }

    #[test]
    fn hosts_have_one_form() {
        for (text, https, http) in [
            ("App.Example", Some("app.example"), Some("app.example")),
            ("app.example:443", Some("app.example"), Some("app.example:443")),
            ("app.example:80", Some("app.example:80"), Some("app.example")),
            ("127.0.0.1:8080", Some("127.0.0.1:8080"), Some("127.0.0.1:8080")),
            ("[::1]:8080", Some("[::1]:8080"), Some("[::1]:8080")),
            ("[::1]", Some("[::1]"), Some("[::1]")),
        ] {
            assert_eq!(canonical_host(text, false).as_deref(), https, "{text}");
            assert_eq!(canonical_host(text, true).as_deref(), http, "{text}");
        }
        for wrong in [
            "",
            ".",
            "app.example.",
            ".app.example",
            "app..example",
            "app.example:",
            "app.example:x",
            "app.example:080",
            "app.example:65536",
            "app.example:-1",
            "app.example, evil.example",
            "app.example/",
            "app.example@evil.example",
            "app.example evil.example",
            "::1",
            "[::1",
            "[x]",
            "\u{e4}.example",
            "app.example\0",
            "-app.example",
        ] {
            assert_eq!(canonical_host(wrong, false), None, "{wrong}");
        }
    }

    #[test]
    fn a_path_stays_on_its_host() {
        let long = format!("/{}", "x".repeat(2047));
        for path in ["/", "/a?b=c&d=%20#e", "//evil.example/", "/@evil.example", "/a/.countersign/", &long] {
            assert_eq!(PathOfApp::of(path).as_str(), path);
            let whole = url::Url::parse(&format!("https://app.example{path}")).unwrap();
            assert_eq!(whole.host_str(), Some("app.example"), "{path}");
        }
        for wrong in [
            "",
            "x",
            "https://evil.example/",
            "@evil.example/",
            ".evil.example/",
            ":8443/",
            "/\\evil.example",
            "/a b",
            "/a\r\nLocation: x",
            "/\u{e4}",
            "/.countersign/start?path=/",
            &format!("{long}x"),
        ] {
            assert_eq!(PathOfApp::of(wrong).as_str(), "/", "{wrong:?}");
        }
    }

    #[test]
    fn rfc9110_5_5_every_text_fits_into_a_header_and_comes_back() {
        for (text, expected) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Zoë", "Zo%C3%AB"),
            ("100%", "100%25"),
            ("a\r\nRemote-User: root", "a%0D%0ARemote-User: root"),
            ("a\0b", "a%00b"),
            ("李", "%E6%9D%8E"),
        ] {
            assert_eq!(header_text(text), expected);
            let back = percent_encoding::percent_decode_str(expected).decode_utf8().unwrap();
            assert_eq!(back, text);
        }
        let groups = ["staff", "a,b", "CN=x,DC=y"].map(str::to_owned);
        assert_eq!(header_list(&groups), "staff,a%2Cb,CN=x%2CDC=y");
        assert_eq!(header_list(&[]), "");
    }
}
