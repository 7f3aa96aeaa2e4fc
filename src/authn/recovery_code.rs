//! Recovery codes: written down once, each good for one sign-in in place of the authenticator app.

use super::{Check, SignInError};
use crate::app::{App, Origin};
use crate::entropy::Entropy;
use crate::i18n::Language;
use crate::mail::Change;
use crate::mail::to_users::{Event, news};
use crate::protocol::secret::sha256_hex;
use crate::protocol::sign_in::Method;
use crate::protocol::user::User;

/// So many are made at a time.
pub const HOW_MANY: usize = 10;

/// Crockford's base 32: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A code that somebody typed.
pub struct Typed<'a> {
    /// As it was typed.
    pub code: &'a str,
    /// From where. Whose code it is hears of its use.
    pub origin: &'a Origin,
    /// Theirs, unless their profile says another one.
    pub language: Language,
}

impl Check for Typed<'_> {
    fn method(&self) -> Method {
        Method::RecoveryCode
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let Some(user) = user else { return Ok(false) };
        let origin = self.origin.clone().by_user(&user.id);
        let news = news(app, &origin, user, self.language, Event::Methods(Change::RecoveryCodeUsed));
        let hash = hash_of(self.code);
        Ok(app.store.use_recovery_code(&user.id, &hash, news.as_ref(), app.clock.now()).await?)
    }
}

/// New codes, of 80 random bits each, in four groups; and what the database is to know of them.
#[must_use]
pub fn make(entropy: &Entropy) -> (Vec<String>, Vec<String>) {
    let code = || {
        let letters = entropy.bytes::<16>().map(letter);
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    };
    let codes: Vec<String> = (0..HOW_MANY).map(|_| code()).collect();
    let hashes = codes.iter().map(|code| hash_of(code)).collect();
    (codes, hashes)
}

/// The letter for the low five bits.
fn letter(byte: u8) -> char {
    char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0'))
}

/// What the database knows of a code. Case, spaces and dashes do not matter, nor the letters that look like digits.
#[must_use]
pub fn hash_of(code: &str) -> String {
    let canonical: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    sha256_hex(&canonical)
}

#[cfg(test)]
mod tests {
    use super::{HOW_MANY, hash_of, make};
    use crate::entropy::Entropy;

    #[test]
    fn codes_are_long_different_and_easy_to_copy() {
        let (codes, _) = make(&Entropy::system());
        assert_eq!(codes.len(), HOW_MANY);
        for code in &codes {
            assert_eq!(code.len(), 19, "{code}");
            assert_eq!(codes.iter().filter(|other| *other == code).count(), 1);
        }
        assert_eq!(hash_of("0a1b-2c3d"), hash_of(" OA1B 2c3D "));
        assert_eq!(hash_of("1111"), hash_of("1lIi"));
        assert_ne!(hash_of("0a1b-2c3d"), hash_of("0a1b-2c3e"));
    }
}
