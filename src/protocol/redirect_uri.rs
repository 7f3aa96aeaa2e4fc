//! Redirect URIs: what may be registered, and which one a request means. RFC 6749 §3.1.2, RFC 9700 §2.1 and §4.1.
//!
//! A [`SafeRedirect`] is the only thing a response can be sent to, and only [`resolve`] makes one for an
//! authorization request, so an error can never travel to an address that nobody registered.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// An address that its client registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeRedirect(String);

/// Why a redirect URI is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// RFC 6749 §3.1.2.3: which one is meant?
    #[error("redirect_uri is missing, and the client has registered none or several")]
    Missing,
    /// RFC 9700 §4.1.3: compared exactly.
    #[error("redirect_uri is not registered for this client")]
    NotRegistered,
}

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitUri {
    /// Relative, or no URI at all.
    #[error("must be an absolute URI")]
    NotAbsolute,
    /// RFC 6749 §3.1.2: no fragment.
    #[error("must not have a fragment (#)")]
    Fragment,
    /// `user:password@`, which reads like another host.
    #[error("must not have a user name or password")]
    UserInfo,
    /// A pattern, or characters that parsers read differently.
    #[error("must be one exact URI: no * and no spaces, backslashes or control characters")]
    Characters,
    /// Response parameters of our own would then stand twice.
    #[error("must not hold OAuth response parameters (code, state, iss, error …) in its query")]
    ResponseParameters,
    /// Plain http sends the code in the clear.
    #[error("must use https (http only for localhost, 127.0.0.1 and [::1])")]
    PlainHttp,
    /// RFC 8252 §7.1: private-use schemes are reversed domain names.
    #[error(
        "a private-use scheme must be a reversed domain name with a dot, such as com.example.app:/callback"
    )]
    Scheme,
}

/// Parameters of authorization responses (RFC 6749 §4.1.2, RFC 9207, OpenID Connect Session Management, JARM).
const RESPONSE_PARAMETERS: [&str; 11] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "access_token",
    "token_type",
    "id_token",
    "session_state",
    "response",
];

/// Checks a redirect URI for registration.
///
/// # Errors
/// The rule that it breaks.
pub fn check_for_registration(text: &str) -> Result<(), UnfitUri> {
    let unsafe_character =
        |c: char| c.is_control() || c.is_whitespace() || matches!(c, '*' | '\\' | '"' | '<' | '>' | '`');
    if text.len() > 2048 || !text.is_ascii() || text.chars().any(unsafe_character) {
        return Err(UnfitUri::Characters);
    }
    let url = Url::parse(text).map_err(|_| UnfitUri::NotAbsolute)?;
    if text.contains('#') {
        return Err(UnfitUri::Fragment);
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(UnfitUri::UserInfo);
    }
    match url.scheme() {
        // `https:/host` and `https:host` are mended by URL parsers, each in its own way.
        "https" if text.starts_with("https://") => {}
        "http" if text.starts_with("http://") && is_loopback(&url) => {}
        "http" => return Err(UnfitUri::PlainHttp),
        "https" => return Err(UnfitUri::NotAbsolute),
        scheme if scheme.contains('.') => {}
        _ => return Err(UnfitUri::Scheme),
    }
    // Host names hold nothing else, and what they hold is put into headers.
    let in_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if !authority(text).bytes().all(in_a_host) {
        return Err(UnfitUri::Characters);
    }
    if url.query_pairs().any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref())) {
        return Err(UnfitUri::ResponseParameters);
    }
    Ok(())
}

/// What stands between `//` and the next `/`, `?` or the end.
fn authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// `localhost`, `127.0.0.1` or `[::1]`, where plain http leaves no machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// Finds the registered URI that a request means.
///
/// RFC 6749 §3.1.2.3: a client with exactly one may leave it out of a plain OAuth request; OpenID Connect requests
/// must name it (Core §3.1.2.1), which their parser checks.
///
/// # Errors
/// None is named where several are registered, or the named one is not registered.
pub fn resolve(registered: &[String], requested: Option<&str>) -> Result<SafeRedirect, RedirectUriError> {
    match (requested, registered) {
        (None, [only]) => Ok(SafeRedirect(only.clone())),
        (None, _) => Err(RedirectUriError::Missing),
        (Some(requested), _) if registered.iter().any(|known| matches(known, requested)) => {
            Ok(SafeRedirect(requested.to_owned()))
        }
        (Some(_), _) => Err(RedirectUriError::NotRegistered),
    }
}

/// RFC 9700 §4.1.3: simple string comparison, byte for byte; RFC 8252 §7.3: on a loopback address of a native app the
/// port may differ, and only the port.
#[must_use]
pub fn matches(registered: &str, requested: &str) -> bool {
    registered == requested
        || match (without_loopback_port(registered), without_loopback_port(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
}

/// Splits `http://127.0.0.1:port/rest` into host and rest; nothing for any other URI. Works on the text, because a
/// parser that mends one of the two sides would make unequal texts equal.
fn without_loopback_port(text: &str) -> Option<(&str, &str)> {
    let after_scheme = text.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| after_scheme.starts_with(host))?;
    let rest = after_scheme.get(host.len()..)?;
    let rest = match rest.strip_prefix(':') {
        Some(with_port) => {
            let digits = with_port.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = with_port.split_at(digits);
            port.parse::<u16>().ok()?;
            rest
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with('/') || rest.starts_with('?')).then_some((host, rest))
}

/// A registered address with parameters added to its query; its own text stays as it is, byte for byte.
pub(super) fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let encoded = form_urlencoded(parameters);
    let separator = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{address}{separator}{encoded}")
}

/// As `application/x-www-form-urlencoded` (RFC 6749 appendix B). Most of what is sent is random: to look each character up in a
/// table takes a fifth of the time of comparing it with ranges, whose outcome no processor predicts.
fn form_urlencoded(parameters: &[(&str, &str)]) -> String {
    const ENCODED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b' ').remove(b'*').remove(b'-').remove(b'.').remove(b'_');
    let room = parameters.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    let mut text = String::with_capacity(room);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, ENCODED));
        text.push('=');
        text.extend(utf8_percent_encode(value, ENCODED));
    }
    if text.contains(' ') { text.replace(' ', "+") } else { text }
}

/// The source expression that allows an address (CSP Level 3 §2.3.1): its origin, or its scheme.
pub(super) fn csp_source(address: &str) -> String {
    match Url::parse(address) {
        // The grammar has no IPv6 addresses: browsers ignore a source with one.
        Ok(url) if matches!(url.host(), Some(Host::Ipv6(_))) => format!("{}:", url.scheme()),
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

impl SafeRedirect {
    /// For a signed-out browser: the post-logout URI, if exactly this text is registered (RP-Initiated Logout §3).
    #[must_use]
    pub fn after_logout(registered: &[String], requested: &str) -> Option<Self> {
        registered.iter().any(|known| known == requested).then(|| Self(requested.to_owned()))
    }

    /// The registered text, untouched.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI with parameters added to its query (RFC 6749 §4.1.2). The registered text stays as it is, byte for
    /// byte, with its own query.
    #[must_use]
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        with_query(&self.0, parameters)
    }

    /// The URI with parameters as its fragment (Multiple Response Types §2.1). No registered URI has one of its own.
    #[must_use]
    pub fn with_fragment(&self, parameters: &[(&str, &str)]) -> String {
        format!("{}#{}", self.0, form_urlencoded(parameters))
    }

    /// Where this leads, as a person should read it: host and port, or the private-use scheme.
    #[must_use]
    pub fn destination(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => match (url.host_str(), url.port()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                (Some(host), None) => host.to_owned(),
                (None, _) => format!("{}:", url.scheme()),
            },
            Err(_) => self.0.clone(),
        }
    }

    /// The web origin (RFC 6454) that this leads to; none for private-use schemes.
    #[must_use]
    pub fn web_origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(url.origin().ascii_serialization())
    }

    /// The source expression that lets a form's answer lead there (CSP Level 3 §2.3.1): origin, or scheme.
    #[must_use]
    pub fn csp_source(&self) -> String {
        csp_source(&self.0)
    }
}

/// The web origins (RFC 6454) among redirect URIs: where a browser application of this client runs.
#[must_use]
pub fn web_origins(redirect_uris: &[String]) -> BTreeSet<String> {
    redirect_uris
        .iter()
        .filter_map(|uri| Url::parse(uri).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| url.origin().ascii_serialization())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        RedirectUriError, SafeRedirect, UnfitUri, check_for_registration, matches, resolve, web_origins,
    };

    fn registered(uris: &[&str]) -> Vec<String> {
        uris.iter().map(|uri| (*uri).to_owned()).collect()
    }

    #[test]
    fn rfc9700_4_1_3_redirect_uris_are_compared_byte_for_byte() {
        let known = registered(&["https://good.example/cb"]);
        assert!(resolve(&known, Some("https://good.example/cb")).is_ok());
        for other in [
            "https://good.example/cb/",
            "https://good.example/cb?",
            "https://good.example/cb?x=1",
            "https://good.example/CB",
            "https://GOOD.example/cb",
            "https://good.example:443/cb",
            "https://good.example//cb",
            "https://good.example/cb/..;/x",
            "https://good.example/cb/%2e%2e/x",
            "https://good.example/./cb",
            "https://good.example/cb#",
            "https://good.example@evil.example/cb",
            "https://good.example%40evil.example/cb",
            "https://evil.example\\@good.example/cb",
            "https://good.example.evil.example/cb",
            "https://goodaexample/cb",
            "http://good.example/cb",
            " https://good.example/cb",
            "https://good.example/cb ",
            "",
        ] {
            assert_eq!(resolve(&known, Some(other)), Err(RedirectUriError::NotRegistered), "{other}");
        }
    }

    #[test]
    fn rfc8252_7_3_only_the_port_of_a_loopback_address_may_differ() {
        for (known, given, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:2/cb?x=1", true),
            ("http://[::1]/cb", "http://[::1]:61023/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/other", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.2:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://[::1]:1/cb", false),
            ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1", "http://127.0.0.1evil.example", false),
            ("http://localhost:1/cb", "http://localhost:2/cb", false),
        ] {
            assert_eq!(matches(known, given), same, "{known} {given}");
        }
    }

    #[test]
    fn rfc6749_3_1_2_3_redirect_uri_may_be_left_out_only_when_one_is_registered() {
        assert_eq!(
            resolve(&registered(&["https://a.example/"]), None).unwrap().as_str(),
            "https://a.example/"
        );
        assert_eq!(
            resolve(&registered(&["https://a.example/", "https://b.example/"]), None),
            Err(RedirectUriError::Missing)
        );
        assert_eq!(resolve(&[], None), Err(RedirectUriError::Missing));
        assert_eq!(resolve(&[], Some("https://a.example/")), Err(RedirectUriError::NotRegistered));
    }

    #[test]
    fn rfc6749_3_1_2_unfit_uris_are_refused_at_registration() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?tenant=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
            "com.example.app:/callback",
            "com.example.app://callback",
        ] {
            assert_eq!(check_for_registration(good), Ok(()), "{good}");
        }
        for (bad, error) in [
            ("/cb", UnfitUri::NotAbsolute),
            ("app.example/cb", UnfitUri::NotAbsolute),
            ("https:app.example/cb", UnfitUri::NotAbsolute),
            ("https:/app.example/cb", UnfitUri::NotAbsolute),
            ("https://app.example/cb#x", UnfitUri::Fragment),
            ("https://app.example/cb#", UnfitUri::Fragment),
            ("https://user@app.example/cb", UnfitUri::UserInfo),
            ("https://@app.example/cb", UnfitUri::UserInfo),
            ("https://app.example/*", UnfitUri::Characters),
            ("https://*.example/cb", UnfitUri::Characters),
            ("https://a;script-src/cb", UnfitUri::Characters),
            ("https://a,b/cb", UnfitUri::Characters),
            ("https://app.example\\cb", UnfitUri::Characters),
            ("https://app.example/c b", UnfitUri::Characters),
            ("https://äpp.example/cb", UnfitUri::Characters),
            ("https://app.example/cb?code=1", UnfitUri::ResponseParameters),
            ("https://app.example/cb?a=1&iss=x", UnfitUri::ResponseParameters),
            ("http://app.example/cb", UnfitUri::PlainHttp),
            ("http://localhost.example/cb", UnfitUri::PlainHttp),
            ("http://10.0.0.1/cb", UnfitUri::PlainHttp),
            ("javascript:alert(1)", UnfitUri::Scheme),
            ("data:text/html,x", UnfitUri::Scheme),
            ("vbscript:x", UnfitUri::Scheme),
            ("file:///etc/passwd", UnfitUri::Scheme),
            ("myapp:/cb", UnfitUri::Scheme),
        ] {
            assert_eq!(check_for_registration(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn rfc6749_4_1_2_parameters_are_added_to_the_registered_query() {
        for (uri, expected) in [
            ("https://a.example/cb", "https://a.example/cb?code=a%26b&state=%C3%A4"),
            ("https://a.example/cb?x=%41", "https://a.example/cb?x=%41&code=a%26b&state=%C3%A4"),
            ("https://a.example/cb?", "https://a.example/cb?code=a%26b&state=%C3%A4"),
            ("com.example.app:/cb", "com.example.app:/cb?code=a%26b&state=%C3%A4"),
        ] {
            let redirect = resolve(&registered(&[uri]), None).unwrap();
            assert_eq!(redirect.with_query(&[("code", "a&b"), ("state", "ä")]), expected);
        }
    }

    #[test]
    fn rfc6749_appendix_b_every_character_is_written_as_a_form_writes_it() {
        let all: String = (0..0x250).filter_map(char::from_u32).chain("€ 🦀".chars()).collect();
        let expected = url::form_urlencoded::Serializer::new(String::new()).append_pair(&all, &all).finish();
        assert_eq!(super::form_urlencoded(&[(&all, &all)]), expected);
        assert_eq!(super::form_urlencoded(&[("a", ""), ("b", "c d")]), "a=&b=c+d");
    }

    #[test]
    fn destinations_and_origins_are_what_a_browser_makes_of_them() {
        let of = |uri: &str| SafeRedirect(uri.to_owned());
        assert_eq!(of("https://a.example:8443/cb").destination(), "a.example:8443");
        assert_eq!(of("com.example.app:/cb").destination(), "com.example.app:");
        assert_eq!(of("https://a.example/cb").csp_source(), "https://a.example");
        assert_eq!(of("com.example.app:/cb").csp_source(), "com.example.app:");
        assert_eq!(of("http://127.0.0.1:9/cb").csp_source(), "http://127.0.0.1:9");
        assert_eq!(of("http://[::1]:9/cb").csp_source(), "http:");
        let origins =
            web_origins(&registered(&["https://a.example/1", "https://a.example/2", "com.example.app:/cb"]));
        assert_eq!(origins.into_iter().collect::<Vec<_>>(), ["https://a.example"]);
    }

    proptest! {
        /// CVE-2023-6291 and its family: whatever is accepted is what was registered, byte for byte, or differs from
        /// it by the port of a loopback address.
        #[test]
        fn cve_2023_6291_accepted_means_equal_or_loopback_port(
            host in "(127\\.0\\.0\\.1|\\[::1\\]|a\\.example)", port in "(:[0-9]{0,6})?", path in "[/a@:.?#%\\\\]{0,6}",
            given_port in "(:[0-9]{0,6})?", given_path in "[/a@:.?#%\\\\]{0,6}",
        ) {
            let known = format!("http://{host}{port}{path}");
            let given = format!("http://{host}{given_port}{given_path}");
            if matches(&known, &given) && known != given {
                prop_assert_ne!(host, "a.example");
                prop_assert_eq!(path, given_path);
            }
        }
    }
}
