//! Sealing: what the server hands out and must recognise when it comes back, kept in nobody's database.
//!
//! Every use has a key of its own, derived from the master secret (HKDF, RFC 5869), so that a sealed code can never be
//! opened as a sign-in flow. AES-256-GCM-SIV (RFC 8452) keeps its promises with random nonces however many are sealed.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::MasterSecret;
use crate::entropy::Entropy;
use crate::protocol::secret::hex;

/// What is sealed.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// An authorization request while its user signs in.
    Flow,
    /// An authorization request that was pushed.
    PushedRequest,
    /// An authorization code.
    Code,
    /// A device code (RFC 8628).
    DeviceCode,
    /// What a person allowed a device, in the database, until the device asks for it.
    DeviceGrant,
    /// An opaque access token.
    AccessToken,
    /// A private signing key in the database.
    SigningKey,
    /// A client's secret in the database, where it must serve as a key.
    ClientSecret,
    /// A mail in the database, while it waits to be sent.
    Mail,
    /// The secret of an authenticator app.
    AuthenticatorApp,
    /// A passkey's challenge.
    Passkey,
    /// What a proxy's request is let through by, and the way there.
    ForwardAuth,
    /// A sign-in that went out to an upstream provider.
    Upstream,
    /// Whose sign-ins a browser has seen.
    Device,
    /// The secret of a webhook in the database.
    Webhook,
    /// The secret or private key for an upstream provider in the database.
    UpstreamSecret,
}

/// What is sealed is seldom longer, in bytes.
const USUAL_LENGTH: usize = 1024;

/// The text is not something this server sealed for this purpose.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this server for this purpose")]
pub struct NotSealedHere;

/// The keys of every purpose.
pub struct Seals {
    flow: LessSafeKey,
    pushed_request: LessSafeKey,
    code: LessSafeKey,
    device_code: LessSafeKey,
    device_grant: LessSafeKey,
    access_token: LessSafeKey,
    signing_key: LessSafeKey,
    client_secret: LessSafeKey,
    mail: LessSafeKey,
    authenticator_app: LessSafeKey,
    passkey: LessSafeKey,
    forward_auth: LessSafeKey,
    upstream: LessSafeKey,
    device: LessSafeKey,
    webhook: LessSafeKey,
    upstream_secret: LessSafeKey,
    refresh: hmac::Key,
    csrf: hmac::Key,
    throttle: hmac::Key,
    mailed_address: hmac::Key,
    kept_name: hmac::Key,
    user_code: hmac::Key,
    pairwise: hmac::Key,
    browser_state: hmac::Key,
    cursor: hmac::Key,
    audit_chain: hmac::Key,
    fingerprint: String,
}

impl Seals {
    /// Derives every key from the master secret.
    ///
    /// # Errors
    /// Never for a secret of sensible length; aws-lc says no more.
    pub fn derive(secret: &MasterSecret) -> Result<Self, Unspecified> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign").extract(&secret.0);
        let derive = |label: &str| -> Result<[u8; 32], Unspecified> {
            let mut key = [0; 32];
            root.expand(&[label.as_bytes()], hkdf::HKDF_SHA256)?.fill(&mut key)?;
            Ok(key)
        };
        let sealing = |label: &str| -> Result<LessSafeKey, Unspecified> {
            Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &derive(label)?)?))
        };
        let signing = |label: &str| -> Result<hmac::Key, Unspecified> {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &derive(label)?))
        };
        Ok(Self {
            flow: sealing("flow")?,
            pushed_request: sealing("pushed request")?,
            code: sealing("code")?,
            device_code: sealing("device code")?,
            device_grant: sealing("device grant")?,
            access_token: sealing("access token")?,
            signing_key: sealing("signing key")?,
            client_secret: sealing("client secret")?,
            mail: sealing("mail")?,
            authenticator_app: sealing("authenticator app")?,
            passkey: sealing("passkey challenge")?,
            forward_auth: sealing("forward auth")?,
            upstream: sealing("upstream")?,
            device: sealing("device")?,
            webhook: sealing("webhook")?,
            upstream_secret: sealing("upstream secret")?,
            refresh: signing("refresh token")?,
            csrf: signing("csrf token")?,
            throttle: signing("throttle bucket")?,
            mailed_address: signing("mailed address")?,
            kept_name: signing("kept name")?,
            user_code: signing("user code")?,
            pairwise: signing("pairwise subject")?,
            browser_state: signing("browser state")?,
            cursor: signing("cursor")?,
            audit_chain: signing("audit chain")?,
            fingerprint: hex(&derive("fingerprint")?),
        })
    }

    /// Tells two master secrets apart without telling anything about them.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn key(&self, purpose: Purpose) -> &LessSafeKey {
        match purpose {
            Purpose::Flow => &self.flow,
            Purpose::PushedRequest => &self.pushed_request,
            Purpose::Code => &self.code,
            Purpose::DeviceCode => &self.device_code,
            Purpose::DeviceGrant => &self.device_grant,
            Purpose::AccessToken => &self.access_token,
            Purpose::SigningKey => &self.signing_key,
            Purpose::ClientSecret => &self.client_secret,
            Purpose::Mail => &self.mail,
            Purpose::AuthenticatorApp => &self.authenticator_app,
            Purpose::Passkey => &self.passkey,
            Purpose::ForwardAuth => &self.forward_auth,
            Purpose::Upstream => &self.upstream,
            Purpose::Device => &self.device,
            Purpose::Webhook => &self.webhook,
            Purpose::UpstreamSecret => &self.upstream_secret,
        }
    }

    /// Seals a value as URL-safe text.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn seal<T: Serialize>(
        &self,
        purpose: Purpose,
        value: &T,
        entropy: &Entropy,
    ) -> Result<String, SealError> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        bytes.extend_from_slice(&nonce);
        serde_json::to_writer(&mut bytes, value)?;
        let (_, plain) = bytes.split_at_mut(NONCE_LEN);
        let tag = self
            .key(purpose)
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), plain)
            .map_err(|_| SealError::TooLarge)?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens what [`Seals::seal`] made for the same purpose.
    ///
    /// # Errors
    /// Anything else, without saying what is wrong with it.
    pub fn open<T: DeserializeOwned>(&self, purpose: Purpose, text: &str) -> Result<T, NotSealedHere> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotSealedHere)?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>().ok_or(NotSealedHere)?;
        let plain = self
            .key(purpose)
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), sealed)
            .map_err(|_| NotSealedHere)?;
        serde_json::from_slice(plain).map_err(|_| NotSealedHere)
    }

    /// The code that makes generation `generation` of a grant's refresh token unforgeable: keyed by the server's
    /// secret and the grant's own, so that neither a stolen database nor a stolen configuration suffices.
    #[must_use]
    pub fn refresh_mac(&self, grant_id: &str, grant_secret: &str, generation: i64) -> String {
        let message = format!("{grant_id}.{grant_secret}.{generation}");
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.refresh, message.as_bytes()).as_ref())
    }

    /// The CSRF token of a browser: what its cookie alone does not tell another site.
    #[must_use]
    pub fn csrf_token(&self, browser: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.csrf, browser.as_bytes()).as_ref())
    }

    /// The `sub` by which the clients of a sector know a user (OpenID Connect Core §8.1): nobody else can compute it, and
    /// nobody but this server can tell whose it is.
    #[must_use]
    pub fn pairwise_subject(&self, sector: &str, user: &str) -> String {
        // A host name holds no line break, so no two pairs make the same text.
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.pairwise, format!("{sector}\n{user}").as_bytes()).as_ref())
    }

    /// What the frame of OpenID Connect Session Management §3.2 may read in a cookie: changes with the session, and says
    /// nothing about it.
    #[must_use]
    pub fn browser_state(&self, session: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.browser_state, session.as_bytes()).as_ref())
    }

    /// One of a million throttle buckets of a kind; which one, an outsider cannot compute.
    #[must_use]
    pub fn throttle_bucket(&self, kind: &str, subject: &str) -> String {
        let tag = hmac::sign(&self.throttle, format!("{kind}:{subject}").as_bytes());
        format!("{kind}:{:.5}", hex(tag.as_ref()))
    }

    /// What an address is known by where its mails are counted: nobody else can tell whose it is, and no two share it,
    /// since one person's mail must not use up another's.
    #[must_use]
    pub fn mailed_address(&self, address: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.mailed_address, address.as_bytes()).as_ref())
    }

    /// What a user name that was given up, or whose it was, is known by: without the secret, neither can be told from it.
    #[must_use]
    pub fn kept_name(&self, kind: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.kept_name, format!("{kind}:{text}").as_bytes()).as_ref())
    }

    /// What the code that a device shows (RFC 8628 §3.2 `user_code`) is known by in the database: who has the row cannot find it,
    /// few as there are.
    #[must_use]
    pub fn user_code(&self, code: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.user_code, code.as_bytes()).as_ref())
    }

    /// The code over a part of the audit log's chain: whoever writes to the database without the secret cannot make one.
    #[must_use]
    pub fn audit_code(&self, part: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.audit_chain, part).as_ref())
    }

    /// A cursor: the place `at`, a row's id, in the list that `list` describes, in a form that nobody else can make.
    #[must_use]
    pub fn cursor(&self, list: &str, at: &str) -> String {
        // No place holds a space.
        let of = hex(hmac::sign(&self.cursor, format!("list {list}").as_bytes()).as_ref());
        let place = format!("{at}.{of:.16}");
        let tag = hmac::sign(&self.cursor, place.as_bytes());
        format!("{place}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// The place that a cursor of this list stands for.
    ///
    /// # Errors
    /// [`Seals::cursor`] did not make it, or for another list.
    pub fn open_cursor(&self, list: &str, cursor: &str) -> Result<String, BadCursor> {
        let (place, tag) = cursor.rsplit_once('.').ok_or(BadCursor::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| BadCursor::Forged)?;
        hmac::verify(&self.cursor, place.as_bytes(), &tag).map_err(|_| BadCursor::Forged)?;
        let (at, _) = place.rsplit_once('.').ok_or(BadCursor::Forged)?;
        if self.cursor(list, at) == cursor { Ok(at.to_owned()) } else { Err(BadCursor::OfAnotherList) }
    }
}

/// Why a cursor leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCursor {
    /// It was made up, or changed.
    #[error("is not a cursor that this server gave out")]
    Forged,
    /// It belongs to another list.
    #[error("is the cursor of another filter: begin again without it")]
    OfAnotherList,
}

/// Why a value could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No JSON.
    #[error("a value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Beyond 64 GiB.
    #[error("a value is too large to be sealed")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{BadCursor, NotSealedHere, Purpose, Seals};
    use crate::config::MasterSecret;
    use crate::entropy::Entropy;

    fn seals(secret: &[u8]) -> Seals {
        Seals::derive(&MasterSecret(Zeroizing::new(secret.to_vec()))).unwrap()
    }

    #[test]
    fn opens_only_what_was_sealed_here_for_the_same_purpose() {
        let (ours, theirs) = (seals(&[1; 32]), seals(&[2; 32]));
        let sealed = ours.seal(Purpose::Code, &"value", &Entropy::system()).unwrap();
        assert_eq!(ours.open::<String>(Purpose::Code, &sealed).unwrap(), "value");
        assert_eq!(ours.open::<String>(Purpose::Flow, &sealed), Err(NotSealedHere));
        assert_eq!(theirs.open::<String>(Purpose::Code, &sealed), Err(NotSealedHere));
        assert_eq!(ours.open::<i64>(Purpose::Code, &sealed), Err(NotSealedHere), "another shape");
    }

    #[test]
    fn any_other_text_is_refused() {
        let ours = seals(&[1; 32]);
        let sealed = ours.seal(Purpose::Code, &"value", &Entropy::system()).unwrap();
        for position in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character may hold bits that no byte has; a decoder that ignored them would accept it.
            assert_eq!(ours.open::<String>(Purpose::Code, &forged), Err(NotSealedHere), "at {position}");
        }
        for garbage in ["", "A", "AAAAAAAAAAAAAAAA", "é", &sealed[1..], &"A".repeat(100_000)] {
            assert_eq!(ours.open::<String>(Purpose::Code, garbage), Err(NotSealedHere));
        }
    }

    #[test]
    fn a_cursor_leads_to_its_place_in_its_own_list_and_cannot_be_made_up() {
        let (ours, theirs) = (seals(&[1; 32]), seals(&[2; 32]));
        let cursor = ours.cursor("list", "0123abc");
        assert_eq!(ours.open_cursor("list", &cursor).unwrap(), "0123abc");
        assert_eq!(ours.open_cursor("another", &cursor), Err(BadCursor::OfAnotherList));
        assert_eq!(theirs.open_cursor("list", &cursor), Err(BadCursor::Forged));
        for position in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(ours.open_cursor("list", &forged), Err(BadCursor::Forged), "at {position}");
        }
        for garbage in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c",
            "é.é.é",
            &cursor[1..],
            &format!("0{cursor}"),
            &"A.".repeat(50_000),
        ] {
            assert_eq!(ours.open_cursor("list", garbage), Err(BadCursor::Forged), "{garbage:.20}");
        }
    }

    #[test]
    fn refresh_macs_differ_by_grant_secret_and_generation() {
        let ours = seals(&[1; 32]);
        let mac = ours.refresh_mac("g", "s", 1);
        assert_eq!(mac, ours.refresh_mac("g", "s", 1));
        for other in
            [ours.refresh_mac("h", "s", 1), ours.refresh_mac("g", "t", 1), ours.refresh_mac("g", "s", 2)]
        {
            assert_ne!(mac, other);
        }
    }
}
