//! Codes by mail: to the verified address of an account, for the browser that asked and for no other, once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::device::Devices;
use super::{Check, SignInError};
use crate::app::App;
use crate::entropy::Entropy;
use crate::i18n::Language;
use crate::mail::{Link, Mail, MailError, Message};
use crate::protocol::secret::sha256_hex;
use crate::protocol::sign_in::Method;
use crate::protocol::user::User;
use crate::store::{Carried, SignInCode};

/// For how long a code works.
pub const WORKS_FOR: Duration = Duration::from_mins(10);

/// Digits of a code. With five guesses at each code and three mails an hour, who guesses at one account for a whole year gets
/// in with a chance of one in seven hundred; with six digits it would be one in eight.
const DIGITS: usize = 8;
const CODES: u64 = 100_000_000;

/// A code that a browser waits for. It is sealed into its sign-in, and the same whether or not there is such an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Awaited {
    /// Its name in the database.
    id: String,
    /// What nobody else has, so that neither the code alone nor the row alone is of use.
    secret: String,
    /// The user name or address that was typed.
    login: String,
}

impl Awaited {
    /// One for whoever this user name or address belongs to.
    #[must_use]
    pub fn new(login: String, entropy: &Entropy) -> Self {
        Self { id: entropy.opaque_id(), secret: entropy.secret(), login }
    }

    /// The user name or address that was typed.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    fn hash_of(&self, code: &str) -> String {
        sha256_hex(&format!("{code}.{}", self.secret))
    }
}

/// The digits of a code as somebody typed it; none if it cannot be one.
#[must_use]
pub fn digits_of(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// In two groups, as people copy it.
#[must_use]
pub fn grouped(code: &str) -> String {
    code.split_at_checked(DIGITS / 2)
        .map_or_else(|| code.to_owned(), |(left, right)| format!("{left} {right}"))
}

/// A code that somebody typed into the browser that waits for one.
pub struct Typed<'a> {
    /// What it waits for.
    pub awaited: &'a Awaited,
    /// As it was typed.
    pub code: &'a str,
}

impl Check for Typed<'_> {
    fn method(&self) -> Method {
        Method::EmailCode
    }

    /// The code is not used up, and can still be right when the window is over.
    async fn pretend(&self, app: &App) -> Result<(), SignInError> {
        app.store.guess_sign_in_code("", "", app.clock.now()).await?;
        Ok(())
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let Some(code) = digits_of(self.code) else { return Ok(false) };
        let hash = self.awaited.hash_of(&code);
        let right = app.store.guess_sign_in_code(&self.awaited.id, &hash, app.clock.now()).await?;
        // Of the account as it was when the code was sent: its address may be somebody else's now.
        Ok(user
            .zip(right)
            .is_some_and(|(user, right)| right.user == user.id && right.unchanged_since == user.updated_at))
    }
}

/// Mails a code, with a link that does the same in the same browser, if there is somebody to mail it to. `flow` is the
/// sign-in that waits for it, sealed, and `browser` the hash of the cookie of where it waits. To whoever asks on a device that their user is known on, a code goes like a link to a new
/// password: strangers who ask for codes do not use that up.
///
/// # Errors
/// The database is unavailable.
pub async fn send(
    app: &App,
    awaited: &Awaited,
    devices: &Devices,
    (flow, browser): (String, String),
    language: Language,
) -> Result<(), MailError> {
    let user = app.store.user_by_login(&awaited.login).await?;
    let Some(user) = user.filter(|user| user.email_verified && !user.disabled) else { return Ok(()) };
    let Some(to) = &user.email else { return Ok(()) };
    let number = u64::from_be_bytes(app.entropy.bytes()) % CODES;
    let code = format!("{number:0DIGITS$}");
    let link = Link::to(&app.config.issuer, &format!("/login/code?id={}&code={code}", awaited.id));
    let message = Message::SignInCode { code: grouped(&code), link, works_for: WORKS_FOR };
    let row = SignInCode {
        id: awaited.id.clone(),
        user: user.id,
        code_hash: awaited.hash_of(&code),
        unchanged_since: user.updated_at,
        flow,
        browser,
        expires_at: app.clock.now().plus(WORKS_FOR),
    };
    let (mail, carried) = (Mail { to, language, message }, Carried::SignInCode(&row));
    if devices.know(&row.user) {
        app.mail.send_to_recover(app, mail, carried).await?;
    } else {
        app.mail.send_with(app, mail, carried).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{digits_of, grouped};

    #[test]
    fn codes_are_read_as_people_copy_them() {
        for text in ["01234567", "0123 4567", " 0123-4567 ", "0123\u{a0}4567"] {
            assert_eq!(digits_of(text).as_deref(), Some("01234567"), "{text:?}");
        }
        for text in ["", "0123456", "012345678", "0123 456x", "０１２３４５６７", "-12345678-1"] {
            assert_eq!(digits_of(text), None, "{text:?}");
        }
        assert_eq!(grouped("01234567"), "0123 4567");
    }
}
