//! Request parameters, read strictly: RFC 6749 §3.1 and §3.2.
//!
//! "Parameters sent without a value MUST be treated as if they were omitted … Request and response parameters MUST
//! NOT be included more than once." Parameters that nobody asks for are ignored.

use percent_encoding::percent_decode;

/// More parameters than any request has.
const MOST_PARAMETERS: usize = 100;

/// The parameters of one request, each at most once, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Why a query or form is not readable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedParams {
    /// RFC 6749 §3.1.
    #[error("the parameter {0} is sent more than once")]
    Repeated(String),
    /// RFC 6749 appendix B: UTF-8, percent-encoded.
    #[error("the parameters are not application/x-www-form-urlencoded in UTF-8")]
    NotUtf8,
    /// No text of this protocol holds one, and not every database can keep it.
    #[error("the parameter {0} holds a NUL character")]
    Nul(String),
    /// Nobody means this.
    #[error("there are more than 100 parameters")]
    TooMany,
}

impl Params {
    /// Reads a query string or a form body.
    ///
    /// # Errors
    /// A repeated parameter, text that is no UTF-8, a NUL, or too many parameters.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedParams> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if params.len() >= MOST_PARAMETERS {
                return Err(MalformedParams::TooMany);
            }
            if name.contains('\0') || value.contains('\0') {
                return Err(MalformedParams::Nul(printable(&name)));
            }
            if params.iter().any(|(known, _)| *known == name) {
                return Err(MalformedParams::Repeated(printable(&name)));
            }
            params.push((name, value));
        }
        // Only now: an empty one that is repeated is still repeated.
        params.retain(|(_, value)| !value.is_empty());
        Ok(Self(params))
    }

    /// Parameters that were read before (from a sealed flow).
    #[must_use]
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The value of a parameter; none when it is missing or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every parameter, in the order sent.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// RFC 6749 appendix B.
fn decode(bytes: &[u8]) -> Result<String, MalformedParams> {
    // Nearly every value is sent as it is.
    if !bytes.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return String::from_utf8(bytes.to_vec()).map_err(|_| MalformedParams::NotUtf8);
    }
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| MalformedParams::NotUtf8)
}

/// A parameter's name for an error description, which allows no quotes, backslashes or other alphabets
/// (RFC 6749 §5.2).
fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::{MalformedParams, Params};

    #[test]
    fn rfc6749_3_1_repeated_parameters_are_refused() {
        for text in ["a=1&a=2", "a=1&b=2&a=1", "a=&a=", "%61=1&a=2", "a=1&a"] {
            assert_eq!(
                Params::parse(text.as_bytes()),
                Err(MalformedParams::Repeated("a".to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn rfc6749_3_1_empty_equals_absent() {
        let params = Params::parse(b"a=&b&c=1").unwrap();
        assert_eq!((params.get("a"), params.get("b"), params.get("c")), (None, None, Some("1")));
    }

    #[test]
    fn rfc6749_appendix_b_values_are_utf8_byte_for_byte() {
        let params = Params::parse("state=a+b%2Bc%26d%3D%C3%A4%zz&%C3%A4=x".as_bytes()).unwrap();
        assert_eq!(params.get("state"), Some("a b+c&d=ä%zz"));
        assert_eq!(params.get("ä"), Some("x"));
        for bad in [b"a=%ff".as_slice(), b"a=\xff", b"%c3=1", b"a=%ed%a0%80"] {
            assert_eq!(Params::parse(bad), Err(MalformedParams::NotUtf8));
        }
        assert_eq!(Params::parse(b"a=x%00y"), Err(MalformedParams::Nul("a".to_owned())));
        assert_eq!(Params::parse("a&".repeat(3).as_bytes()), Err(MalformedParams::Repeated("a".to_owned())));
        let many = (0..101).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(Params::parse(many.as_bytes()), Err(MalformedParams::TooMany));
    }
}
