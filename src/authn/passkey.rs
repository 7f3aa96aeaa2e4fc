//! Passkeys (Web Authentication Level 3): discoverable, with user verification, several for each account.
//!
//! The library draws its challenges from the operating system itself; what it has to remember between the two halves of a
//! ceremony is sealed into the page.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{Check, SignInError};
use crate::app::App;
use crate::entropy::Entropy;
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::ids::UserId;
use crate::protocol::issuer::Issuer;
use crate::protocol::secret::sha256;
use crate::protocol::sign_in::Method;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;
use crate::sealing::{Purpose, SealError, Seals};
use crate::store::StoredPasskey;

/// For how long a page's challenge can be answered.
const LONGEST: Duration = Duration::from_secs(3600);

/// This server as a relying party of passkeys.
pub struct RelyingParty(Option<Party>);

struct Party {
    webauthn: Webauthn,
    /// The RP ID.
    id: String,
}

/// Why a ceremony cannot begin, or a passkey is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// Browsers know no passkeys for addresses without a name.
    #[error("passkeys need a host name: the issuer's host is an IP address")]
    NoName,
    /// What the browser sent is not right.
    #[error("the browser's answer is not right: {0}")]
    Wrong(String),
    /// Not a challenge of this server for this user, or too old.
    #[error("the challenge is not one of this server's, or too old")]
    Challenge,
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        Self::Wrong(format!("{error:?}"))
    }
}

/// What a page hands to `navigator.credentials`, and what comes back with its answer.
pub struct Challenge {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (§5.1.8, §5.1.9).
    pub options: String,
    /// The server's half, sealed.
    pub sealed: String,
}

/// What a challenge is for, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Aim {
    SignIn,
    /// Another passkey of this account.
    Passkey(UserId),
    /// The first passkey of an account that is yet to be made with this id, by what was mailed (its hash) and works once: no id
    /// comes back that an account had which is deleted.
    Account {
        user: UserId,
        by: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Asked<S> {
    state: S,
    aim: Aim,
    /// Its name at the gate.
    id: String,
    browser: String,
    expires_at: Timestamp,
}

/// Which page in which browser asks.
pub struct Asking<'a> {
    /// What the browser is known by.
    pub browser: String,
    /// Sealing keys.
    pub seals: &'a Seals,
    /// Randomness.
    pub entropy: &'a Entropy,
    /// Now.
    pub now: Timestamp,
}

impl RelyingParty {
    /// The relying party of an issuer: its host is the RP ID. Its passkeys may be used on the pages of these origins, too
    /// (§5.11).
    #[must_use]
    pub fn new(issuer: &Issuer, name: &str, related_origins: &[String]) -> Self {
        let build = || -> Option<Party> {
            let origin = Url::parse(issuer.as_str()).ok()?;
            let id = origin.domain()?.to_owned();
            let builder = WebauthnBuilder::new(&id, &origin).ok()?.rp_name(name);
            let related = related_origins.iter().filter_map(|related| Url::parse(related).ok());
            let builder = related.fold(builder, |builder, related| builder.append_allowed_origin(&related));
            Some(Party { webauthn: builder.build().ok()?, id })
        };
        Self(build())
    }

    /// Can there be passkeys at all?
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn, PasskeyError> {
        self.0.as_ref().map(|party| &party.webauthn).ok_or(PasskeyError::NoName)
    }

    /// What a page has the browser told of a passkey that nobody has here: §5.1.10.2, `signalUnknownCredential`.
    #[must_use]
    pub fn signals_of_unknown(&self, credential_id: &str) -> Option<String> {
        let Party { id, .. } = self.0.as_ref()?;
        let unknown = json!({ "rpId": id, "credentialId": credential_id });
        Some(json!([["signalUnknownCredential", unknown]]).to_string())
    }

    /// What a page of a signed-in user has the browser told: which passkeys they have (§5.1.10.3,
    /// `signalAllAcceptedCredentials`), and what they are called (§5.1.10.4, `signalCurrentUserDetails`).
    #[must_use]
    pub fn signals_of_user(&self, user: &User, passkeys: &[StoredPasskey]) -> Option<String> {
        let Party { id, .. } = self.0.as_ref()?;
        let handle = crate::jose::base64url(handle_of(&user.id).as_bytes());
        let ids: Vec<&str> = passkeys.iter().map(|passkey| passkey.id.as_str()).collect();
        let accepted = json!({ "rpId": id, "userId": handle, "allAcceptedCredentialIds": ids });
        let names = json!({ "rpId": id, "userId": handle, "name": user.username, "displayName": user.display_name() });
        Some(
            json!([["signalAllAcceptedCredentials", accepted], ["signalCurrentUserDetails", names]])
                .to_string(),
        )
    }

    /// Begins to add a passkey to an account that has these already.
    ///
    /// # Errors
    /// There can be none here.
    pub fn begin_registration(
        &self,
        user: &User,
        existing: &[StoredPasskey],
        asking: &Asking<'_>,
    ) -> Result<Challenge, PasskeyError> {
        let known = existing.iter().filter_map(StoredPasskey::credential_id).collect();
        let aim = Aim::Passkey(user.id.clone());
        self.begin(&user.id, [&user.username, user.display_name()], known, aim, asking)
    }

    /// Begins to make the first passkey of an account that is yet to be made: it will have this id. `by` is the hash of the
    /// one-time link that it is made by. What the page is told of its name is a proposal.
    ///
    /// # Errors
    /// There can be none here.
    pub fn begin_account(
        &self,
        user: &UserId,
        by: String,
        username: &str,
        asking: &Asking<'_>,
    ) -> Result<Challenge, PasskeyError> {
        let aim = Aim::Account { user: user.clone(), by };
        self.begin(user, [username, username], Vec::new(), aim, asking)
    }

    fn begin(
        &self,
        user: &UserId,
        [username, display_name]: [&str; 2],
        known: Vec<Vec<u8>>,
        aim: Aim,
        asking: &Asking<'_>,
    ) -> Result<Challenge, PasskeyError> {
        let (options, state) = self.webauthn()?.start_passkey_registration(
            handle_of(user),
            username,
            display_name,
            Some(known),
        )?;
        let mut options = public_key_of(&options);
        // The library leaves it to the authenticator; a passkey that cannot be found without a user name is none.
        if let Some(selection) = options.get_mut("authenticatorSelection") {
            selection["residentKey"] = json!("required");
            selection["requireResidentKey"] = json!(true);
            selection["userVerification"] = json!("required");
        }
        seal(&options, state, aim, asking)
    }

    /// Ends it: the passkey to keep.
    ///
    /// # Errors
    /// The answer is not right, or not the challenge's.
    pub fn finish_registration(
        &self,
        user: &User,
        sealed: &str,
        answer: &str,
        asking: &Asking<'_>,
    ) -> Result<NewPasskey, PasskeyError> {
        let asked = open(sealed, asking)?;
        if asked.aim != Aim::Passkey(user.id.clone()) {
            return Err(PasskeyError::Challenge);
        }
        self.finish(&asked, answer)
    }

    /// Ends it for an account that is yet to be made by the one-time link with this hash: its id, and its passkey.
    ///
    /// # Errors
    /// The answer is not right, or not the challenge's.
    pub fn finish_account(
        &self,
        by: &str,
        sealed: &str,
        answer: &str,
        asking: &Asking<'_>,
    ) -> Result<(UserId, NewPasskey), PasskeyError> {
        let asked = open(sealed, asking)?;
        match &asked.aim {
            Aim::Account { user, by: link } if link == by => Ok((user.clone(), self.finish(&asked, answer)?)),
            _ => Err(PasskeyError::Challenge),
        }
    }

    fn finish(&self, asked: &Asked<PasskeyRegistration>, answer: &str) -> Result<NewPasskey, PasskeyError> {
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|error| PasskeyError::Wrong(error.to_string()))?;
        must_be_of_a_page(&answer.response.client_data_json)?;
        let passkey = self.webauthn()?.finish_passkey_registration(&answer, &asked.state)?;
        NewPasskey::of(&passkey)
    }

    /// Begins a sign-in with whichever passkey the browser's user chooses.
    ///
    /// # Errors
    /// There can be none here.
    pub fn begin_sign_in(&self, asking: &Asking<'_>) -> Result<Challenge, PasskeyError> {
        let (options, state) = self.webauthn()?.start_discoverable_authentication()?;
        seal(&public_key_of(&options), state, Aim::SignIn, asking)
    }
}

/// The `publicKey` member, as the browser's functions take it.
fn public_key_of(options: &impl Serialize) -> Value {
    let mut options = serde_json::to_value(options).unwrap_or_default();
    options.get_mut("publicKey").map(Value::take).unwrap_or_default()
}

fn seal<S: Serialize>(
    options: &Value,
    state: S,
    aim: Aim,
    asking: &Asking<'_>,
) -> Result<Challenge, PasskeyError> {
    let asked = Asked {
        state,
        aim,
        id: asking.entropy.secret(),
        browser: asking.browser.clone(),
        expires_at: asking.now.plus(LONGEST),
    };
    let sealed = asking.seals.seal(Purpose::Passkey, &asked, asking.entropy)?;
    Ok(Challenge { options: options.to_string(), sealed })
}

fn open<S: serde::de::DeserializeOwned>(sealed: &str, asking: &Asking<'_>) -> Result<Asked<S>, PasskeyError> {
    let asked: Asked<S> = asking.seals.open(Purpose::Passkey, sealed).map_err(|_| PasskeyError::Challenge)?;
    if asked.browser != asking.browser || asking.now.reached(asked.expires_at) {
        return Err(PasskeyError::Challenge);
    }
    Ok(asked)
}

/// What the browser says of where it was asked (§5.8.1), as far as the library leaves it to us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// §7.1, steps 10 and 11, §7.2, steps 13 and 14: no page of another site shows ours in a frame to have a passkey used there.
/// A related origin (§5.11) is a page of its own, and says nothing of the kind.
fn must_be_of_a_page(client_data: &[u8]) -> Result<(), PasskeyError> {
    let data: ClientData =
        serde_json::from_slice(client_data).map_err(|error| PasskeyError::Wrong(error.to_string()))?;
    if data.cross_origin || data.top_origin.is_some() {
        return Err(PasskeyError::Wrong("made in a frame of another site".to_owned()));
    }
    Ok(())
}

/// What authenticators know a user by (§5.4.3, user handle): nothing about them.
fn handle_of(user: &UserId) -> Uuid {
    let [bytes, _] = *sha256(user.as_str()).as_chunks::<16>().0 else { return Uuid::nil() };
    Uuid::from_bytes(bytes)
}

/// A passkey that was just made.
pub struct NewPasskey {
    /// The credential's id, base64url.
    pub id: String,
    /// As JSON.
    pub credential: String,
}

impl NewPasskey {
    fn of(passkey: &Passkey) -> Result<Self, PasskeyError> {
        let credential =
            serde_json::to_string(passkey).map_err(|error| PasskeyError::Wrong(error.to_string()))?;
        Ok(Self { id: crate::jose::base64url(passkey.cred_id()), credential })
    }
}

/// A sign-in's answer as far as it says whose it claims to be.
pub struct Assertion {
    answer: PublicKeyCredential,
    asked: Asked<DiscoverableAuthentication>,
    /// The credential's id, base64url.
    pub credential_id: String,
}

impl Assertion {
    /// Reads an answer.
    ///
    /// # Errors
    /// It is none, or its challenge is not this server's for this browser.
    pub fn read(sealed: &str, answer: &str, asking: &Asking<'_>) -> Result<Self, PasskeyError> {
        let asked: Asked<DiscoverableAuthentication> = open(sealed, asking)?;
        if asked.aim != Aim::SignIn {
            return Err(PasskeyError::Challenge);
        }
        let answer: PublicKeyCredential =
            serde_json::from_str(answer).map_err(|error| PasskeyError::Wrong(error.to_string()))?;
        must_be_of_a_page(&answer.response.client_data_json)?;
        let credential_id = crate::jose::base64url(answer.get_credential_id());
        Ok(Self { answer, asked, credential_id })
    }
}

/// An answer, and the stored passkey that it names.
pub struct Shown {
    /// The answer.
    pub assertion: Assertion,
    /// What is known of the passkey.
    pub stored: Option<StoredPasskey>,
}

impl Check for Shown {
    fn method(&self) -> Method {
        Method::Passkey
    }

    async fn is_right(&self, app: &App, user: Option<&User>) -> Result<bool, SignInError> {
        let (Some(user), Some(stored)) = (user, &self.stored) else { return Ok(false) };
        let Ok(mut passkey) = serde_json::from_str::<Passkey>(&stored.credential) else {
            return Ok(false);
        };
        let Ok(webauthn) = app.passkeys.webauthn() else { return Ok(false) };
        let Assertion { answer, asked, .. } = &self.assertion;
        // §7.2, step 6: the user handle is the owner's.
        let is_owners = answer.get_user_unique_id() == Some(handle_of(&user.id).as_bytes().as_slice());
        let verified = webauthn.finish_discoverable_authentication_v2(answer, asked.state.clone(), &passkey);
        let (true, Ok(verified)) = (is_owners && stored.user_id == user.id.as_str(), verified) else {
            return Ok(false);
        };
        if !verified.user_verified() {
            return Ok(false);
        }
        // §13.4.3: a challenge counts once; a counter that does not go up is another device's.
        let once = OneTimeId { id: format!("passkey {}", asked.id), expires_at: asked.expires_at };
        if !app.store.use_assertion(&once).await? {
            return Ok(false);
        }
        passkey.update_credential(&verified);
        let after = StoredPasskey {
            credential: serde_json::to_string(&passkey).unwrap_or_else(|_| stored.credential.clone()),
            sign_count: i64::from(verified.counter()),
            last_used_at: app.clock.now().0,
            ..stored.clone()
        };
        Ok(app.store.use_passkey(&after).await?)
    }
}
