//! Authenticator apps: codes that change every thirty seconds (RFC 6238), each of which counts once.

use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp, TotpError};

use super::{Check, SignInError};
use crate::app::App;
use crate::entropy::Entropy;
use crate::protocol::ids::UserId;
use crate::protocol::sign_in::Method;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::Purpose;

/// A code that somebody typed.
pub struct Typed<'a>(pub &'a str);

impl Check for Typed<'_> {
    fn method(&self) -> Method {
        Method::Totp
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let Some(user) = user else { return Ok(false) };
        let Some(stored) = app.store.authenticator_app(&user.id).await? else { return Ok(false) };
        let shared: Shared = app.seals.open(Purpose::AuthenticatorApp, &stored.sealed_secret)?;
        let now = app.clock.now();
        match shared.step_of(self.0, now) {
            Some(step) if shared.user == user.id => Ok(app.store.use_time_step(&user.id, step, now).await?),
            _ => Ok(false),
        }
    }
}

/// What a user's app and this server share. Sealed with its user, so that it opens nobody else's account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Shared {
    /// Whose.
    pub user: UserId,
    secret: String,
}

impl Shared {
    /// A new one, of 160 random bits (RFC 4226 §4, R6).
    #[must_use]
    pub fn new(user: UserId, entropy: &Entropy) -> Self {
        Self { user, secret: Secret::from(entropy.bytes::<20>()).to_base32() }
    }

    /// The secret as people type it into an app that reads no QR codes (RFC 4648 §6).
    #[must_use]
    pub fn base32(&self) -> &str {
        &self.secret
    }

    /// The address in the QR code, under which the app lists the account.
    ///
    /// # Errors
    /// A name that no such address can hold.
    pub fn address(&self, issuer: &str, account: &str) -> Result<String, TotpError> {
        // A colon parts the two.
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        Builder::new()
            .with_secret(Secret::try_from_base32(&self.secret).unwrap_or_default())
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()?
            .to_url()
    }

    /// The time step whose code this is: the current one, or one beside it.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let step = self.totp()?.check(&code, u64::try_from(now.0).ok()?)?;
        i64::try_from(step).ok()
    }

    fn totp(&self) -> Option<Totp> {
        let secret = Secret::try_from_base32(&self.secret).ok()?;
        Builder::new().with_secret(secret).build().ok()
    }
}

/// A QR code (ISO/IEC 18004) as the path of an SVG with one unit for each module, and the number of modules of a side.
#[must_use]
pub fn qr_path(text: &str) -> Option<(String, usize)> {
    use std::fmt::Write as _;
    let code = qrcode::QrCode::new(text).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (number, color) in code.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", number % width, number / width);
        }
    }
    Some((path, width))
}

#[cfg(test)]
mod tests {
    use super::{Shared, qr_path};
    use crate::protocol::timestamp::Timestamp;

    /// RFC 6238 appendix B: the secret "12345678901234567890".
    fn example() -> Shared {
        Shared { user: "ada".into(), secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned() }
    }

    #[test]
    fn rfc6238_appendix_b_codes_of_sha1() {
        // Its eight digits, of which apps show the last six.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = time / 30;
            for (now, found) in [
                (time, Some(step)),
                (time + 30, Some(step)),
                (time - 30, Some(step)),
                (time + 60, None),
                (time - 60, None),
            ] {
                assert_eq!(example().step_of(code, Timestamp(now)), found, "{code} at {now}");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        let at = Timestamp(59);
        assert!(example().step_of("287 082", at).is_some(), "as apps show it");
        for wrong in ["", "28708", "2870822", "28708x", "２８７０８２", "-87082", "287083", "+287082"] {
            assert_eq!(example().step_of(wrong, at), None, "{wrong}");
        }
        assert_eq!(example().step_of("287082", Timestamp(-1)), None);
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        let address = example().address("Example: Ltd", "a:da@example.org").unwrap();
        assert!(address.starts_with("otpauth://totp/Example%20%20Ltd:a%20da%40example.org?"), "{address}");
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{address}");
        let (path, width) = qr_path(&address).unwrap();
        assert!(path.starts_with("M0 0h1v1h-1z") && width > 20);
    }
}
