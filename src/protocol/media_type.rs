//! The `typ` of a JOSE header: RFC 7515 §4.1.9.

/// Is the type that a header names this one? Compared without regard to case, and with or without `application/`.
#[must_use]
pub fn is_typ(found: &str, wanted: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match found.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => found,
    };
    short.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::is_typ;

    #[test]
    fn rfc7515_4_1_9_types_are_media_types_with_or_without_application() {
        for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(is_typ(same, "at+jwt"), "{same}");
        }
        for other in ["", "jwt", "text/at+jwt", "application/", "application/application/at+jwt", "at+jwt "] {
            assert!(!is_typ(other, "at+jwt"), "{other}");
        }
    }
}
