//! A user, and the canonical forms under which two spellings are the same account.

use super::ids::UserId;
use super::standard_claims::StandardClaims;
use super::timestamp::Timestamp;

/// A user as the server knows it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct User {
    /// Doubles as `sub`.
    pub id: UserId,
    /// Canonical user name.
    pub username: String,
    /// Canonical e-mail address.
    pub email: Option<String>,
    /// Was the address shown to be the user's?
    pub email_verified: bool,
    /// Name to show.
    pub name: Option<String>,
    /// What else the standard claims tell.
    pub claims: StandardClaims,
    /// Argon2 hash in PHC form, or that of another system where it was imported; none while no password is set.
    pub password_hash: Option<String>,
    /// May administer this server.
    pub is_admin: bool,
    /// Switched off: every sign-in, session and token is refused.
    pub disabled: bool,
    /// The password opens nothing until another one was chosen: an administrator wants it so.
    pub new_password_required: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// What to call the user on a page.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.username)
    }
}

/// What is wrong with a new user name, e-mail address, name or password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserProblem {
    /// Characters or length.
    #[error("a user name has 1 to 64 of: letters, digits and . _ - +")]
    Username,
    /// Not an address.
    #[error("an e-mail address looks like name@example.com, in ASCII, 254 characters at most")]
    Email,
    /// Control characters or length.
    #[error("a name has 1 to 128 characters, without control or direction characters")]
    Name,
    /// Length.
    #[error("a password has 8 to 1024 characters")]
    Password,
}

/// The canonical user name: lower case.
///
/// # Errors
/// A name that is empty, longer than 64, or has other characters than ASCII letters, digits and `. _ - +`.
pub fn canonical_username(text: &str) -> Result<String, UserProblem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let text = text.trim();
    if text.is_empty() || text.len() > 64 || !text.chars().all(allowed) {
        return Err(UserProblem::Username);
    }
    Ok(text.to_ascii_lowercase())
}

/// The canonical address: lower case.
///
/// # Errors
/// Text that cannot be a mailbox.
pub fn canonical_email(text: &str) -> Result<String, UserProblem> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(UserProblem::Email)?;
    let local_is_fine = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|b| {
            b.is_ascii_graphic()
                && !matches!(
                    b,
                    b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'@' | b'[' | b'\\' | b']'
                )
        });
    let label_is_fine = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if text.len() > 254 || !local_is_fine || !domain.split('.').all(label_is_fine) {
        return Err(UserProblem::Email);
    }
    Ok(text.to_ascii_lowercase())
}

/// A name that can be shown on any page.
///
/// # Errors
/// Empty, too long, or with characters that change how the text around it reads.
pub fn display_name(text: &str) -> Result<String, UserProblem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 128 || text.chars().any(changes_the_text_around) {
        return Err(UserProblem::Name);
    }
    Ok(text.to_owned())
}

/// Control, direction and invisible characters (Unicode's `Bidi_Control` and `Default_Ignorable_Code_Point`, but for the
/// choice between text and emoji), which let one text pass for another or for none.
#[must_use]
pub fn changes_the_text_around(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{fe00}'..='\u{fe0d}' | '\u{e0080}'..='\u{e0fff}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

/// Shorter ones are guessed too easily (NIST SP 800-63B §5.1.1.2).
pub const SHORTEST_PASSWORD: usize = 8;

/// Longer texts are no password of anybody, and hashing would pay for them.
pub const LONGEST_PASSWORD: usize = 1024;

/// A new password: length only, no rules of composition (NIST SP 800-63B §5.1.1.2). Never cut or re-cased.
///
/// # Errors
/// Shorter than 8 characters, or longer than 1024, which nobody types and hashing would pay for.
pub fn acceptable_password(text: &str) -> Result<&str, UserProblem> {
    if (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(UserProblem::Password)
    }
}

#[cfg(test)]
mod tests {
    use super::{acceptable_password, canonical_email, canonical_username, display_name};

    #[test]
    fn canonical_forms_fold_case_and_refuse_the_rest() {
        assert_eq!(canonical_username(" Ada.Lovelace ").unwrap(), "ada.lovelace");
        assert_eq!(canonical_email("Ada@Example.COM").unwrap(), "ada@example.com");
        for bad in ["", " ", "a b", "ada@home", "аda", "a\u{202e}b", &"a".repeat(65)] {
            assert!(canonical_username(bad).is_err(), "{bad:?}");
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@-x.com",
            "ada@ex ample.com",
            "a\r\nb@x.com",
            "a@b@c.com x",
        ] {
            assert!(canonical_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_cannot_change_the_text_around_them() {
        assert_eq!(display_name(" Ada Lovelace ").unwrap(), "Ada Lovelace");
        for bad in [
            "\u{3164}",
            "\u{2800}",
            "a\u{61c}b",
            "a\u{ad}b",
            "a\u{e0100}",
            "",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            &"x".repeat(129),
        ] {
            assert!(display_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nist_800_63b_5_1_1_2_length_is_the_only_rule() {
        assert!(acceptable_password("12345678").is_ok());
        assert!(acceptable_password(&"x".repeat(1024)).is_ok());
        assert!(acceptable_password("1234567").is_err());
        assert!(acceptable_password(&"x".repeat(1025)).is_err());
    }
}
