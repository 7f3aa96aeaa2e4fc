//! The device authorization grant: RFC 8628. A device that has no browser shows a code; a person types it on another device and
//! decides there; the first device asks at the token endpoint until it is told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::assurance::{Classes, Lack, Level, Wanted, lack};
use super::client::{Client, GrantType};
use super::code::CodeError;
use super::error::{ErrorCode, Rule};
use super::grant::DeadGrant;
use super::ids::{ClientId, SessionId};
use super::prompt::LONGEST_SINCE_SIGN_IN;
use super::scope::Scope;
use super::session::Session;
use super::timestamp::Timestamp;
use super::wire::wire_enum;

/// RFC 8628 §3.2 `expires_in`: how long both codes count, in which somebody finds a phone, signs in and decides.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// RFC 8628 §3.2 `interval`: the seconds that a device waits between two polls.
pub const INTERVAL: i64 = 5;

/// RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
const SLOWER_BY: i64 = 5;

/// No device is made to wait longer than this, in seconds, however often it came too soon.
const SLOWEST: i64 = 60;

/// Requests that may wait at a time, for everybody together: whoever asks is anonymous where the client is public.
pub const MOST_WAITING: i64 = 10_000;

/// Requests of one client that may wait at a time, so that whoever floods one leaves room for the others.
pub const MOST_OF_CLIENT: i64 = 5_000;

/// RFC 8628 §6.1, the base-20 character set: A to Z without vowels, so that no words come about by chance.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// RFC 8628 §6.1: eight of twenty letters are 34.5 bits.
const LETTERS: usize = 8;

/// No text that means a code is longer, in bytes.
const LONGEST_TYPED: usize = 64;

/// The code that a person types (RFC 8628 §3.2 `user_code`), in its canonical form: eight letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserCode(String);

impl UserCode {
    /// One made of 128 random bits. What the remainder prefers is less than one part in 2⁹³.
    #[must_use]
    pub fn of_random(bytes: [u8; 16]) -> Self {
        let mut rest = u128::from_be_bytes(bytes);
        let letters = (0..LETTERS).map(|_| {
            let letter = usize::try_from(rest % 20).ok().and_then(|at| ALPHABET.get(at));
            rest /= 20;
            letter.map_or('B', |letter| char::from(*letter))
        });
        Self(letters.collect())
    }

    /// Reads what somebody typed, as RFC 8628 §6.1 has it: in capitals, and without the "characters outside the chosen
    /// character set".
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        if typed.len() > LONGEST_TYPED {
            return None;
        }
        let letters =
            typed.bytes().map(|byte| byte.to_ascii_uppercase()).filter(|byte| ALPHABET.contains(byte));
        let letters: String = letters.map(char::from).collect();
        (letters.len() == LETTERS).then_some(Self(letters))
    }

    /// The eight letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it: `WDJB-MJHT`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(LETTERS / 2).unwrap_or((&self.0, ""));
        format!("{first}-{second}")
    }
}

/// The code that a device polls with (RFC 8628 §3.2 `device_code`), sealed: what is made up, another client's or expired is
/// known without asking the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceCode {
    /// The request.
    pub id: String,
    /// Whose.
    pub client_id: ClientId,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

wire_enum! {
    /// How far a request came.
    State {
        /// Nobody decided yet.
        Pending = "pending",
        /// Somebody allowed it.
        Allowed = "allowed",
        /// Somebody said no.
        Denied = "denied",
    }
}

/// Why a poll brings no tokens (RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// RFC 6749 §5.2.
    #[error("the device_code is not one that this server issued")]
    Unknown,
    /// RFC 6749 §5.2: "or was issued to another client".
    #[error("the device_code was issued to another client")]
    OtherClient,
    /// RFC 8628 §3.5: "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps".
    #[error("nobody has decided yet: ask again after the interval")]
    Pending,
    /// RFC 8628 §3.5: "the authorization request is still pending and polling should continue, but the interval MUST be increased
    /// by 5 seconds".
    #[error("the interval between two requests was too short: make it 5 seconds longer from now on")]
    TooSoon,
    /// RFC 8628 §3.5.
    #[error("the person said no")]
    Denied,
    /// RFC 8628 §3.5: the `device_code` "has expired, and the device authorization session has concluded".
    #[error("the device_code has expired")]
    Expired,
    /// It brought tokens before. As with a code of RFC 6749 §4.1.2, what it brought is revoked.
    #[error("the device_code was used before; what it was used for is revoked")]
    Used,
    /// The person signed out, was switched off or withdrew the consent since.
    #[error(transparent)]
    Dead(#[from] DeadGrant),
}

impl DeviceError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Pending => ErrorCode::AuthorizationPending,
            Self::TooSoon => ErrorCode::SlowDown,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Expired => ErrorCode::ExpiredToken,
            Self::Unknown | Self::OtherClient | Self::Used | Self::Dead(_) => ErrorCode::InvalidGrant,
        }
    }
}

impl Rule for DeviceError {
    fn section(&self) -> &'static str {
        match self {
            Self::Unknown | Self::OtherClient => "RFC 6749 §5.2",
            Self::Used => "RFC 6749 §4.1.2",
            Self::Pending | Self::TooSoon | Self::Denied | Self::Expired => "RFC 8628 §3.5",
            Self::Dead(error) => error.section(),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Unknown => "Send the device_code whole, as /device_authorization answered it.",
            Self::OtherClient => "Send the same client_id to /device_authorization and to /token.",
            Self::Pending | Self::TooSoon => {
                "Wait for the interval of the answer of /device_authorization before each request, and add 5 seconds to it \
                 at every slow_down."
            }
            Self::Denied => "Tell the person that it was not allowed, and begin anew only when they want to.",
            Self::Expired => {
                "Show the code, and the address where it is typed, until expires_in is over; then offer to begin anew."
            }
            Self::Used => {
                "Stop asking after the first answer with tokens, and send no two requests at once. If the application did \
                 not, somebody else has the device_code."
            }
            Self::Dead(error) => error.advice(),
        }
    }
}

/// May this client ask about this code now? All that can be known without the request itself.
///
/// # Errors
/// The rule that forbids it. Whose code it is comes before whether it counts: nobody learns anything of somebody else's.
pub fn may_ask(client: &Client, code: &DeviceCode, now: Timestamp) -> Result<(), DeviceError> {
    if code.client_id != client.id {
        return Err(DeviceError::OtherClient);
    }
    if now.reached(code.expires_at) {
        return Err(DeviceError::Expired);
    }
    Ok(())
}

/// When a device asked last, and how long it should have waited since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// When.
    pub asked_at: Timestamp,
    /// The interval that it was told of, in seconds.
    pub interval: i64,
}

impl Pace {
    /// RFC 8628 §3.5: the pace after one more request while nobody has decided, and what is answered. Times are whole seconds and
    /// answers take a while to arrive: whoever waits for the interval is never too soon.
    #[must_use]
    pub fn after(before: Option<Self>, now: Timestamp) -> (Self, DeviceError) {
        let Some(before) = before else {
            return (Self { asked_at: now, interval: INTERVAL }, DeviceError::Pending);
        };
        if now.since(before.asked_at).saturating_add(1) >= before.interval {
            return (Self { asked_at: now, ..before }, DeviceError::Pending);
        }
        let interval = before.interval.saturating_add(SLOWER_BY).min(SLOWEST);
        (Self { asked_at: now, interval }, DeviceError::TooSoon)
    }
}

/// What a person allowed a device is redeemed as an authorization code is that was sent by no redirect (RFC 8628 §3.5).
impl From<CodeError> for DeviceError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::OtherClient => Self::OtherClient,
            CodeError::Expired => Self::Expired,
            CodeError::Used => Self::Used,
            CodeError::Dead(dead) => Self::Dead(dead),
            // They are of redirects, which there are none of.
            CodeError::Unknown
            | CodeError::RedirectUriMissing
            | CodeError::RedirectUriDiffers
            | CodeError::Pkce(_)
            | CodeError::Key(_) => Self::Unknown,
        }
    }
}

/// What is known of whoever typed a code.
pub struct Situation<'a> {
    /// Whose code it is.
    pub client: &'a Client,
    /// The browser's live session.
    pub session: &'a Session,
    /// The session that began while they were at it.
    pub signed_in: Option<&'a SessionId>,
    /// What the levels of assurance are called.
    pub classes: &'a Classes,
    /// What the groups of the session's user ask for, at least.
    pub least_of_groups: Option<Level>,
    /// The highest level that the session's user can reach; none where that was not looked up.
    pub attainable: Option<Level>,
    /// Now.
    pub now: Timestamp,
}

/// What comes before the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sign in again: OpenID Connect Registration §2 `default_max_age`.
    Login,
    /// Prove it by something more.
    StepUp(Level),
    /// Set something up to prove it by.
    SetUp(Level),
    /// Nothing: they are asked. RFC 8628 §3.3.1 and §5.4: everybody always is, whatever they allowed before and whatever the
    /// client skips elsewhere, since somebody else may have sent them the code.
    Ask,
}

/// What the client asks for: the request names no `acr_values` of its own (RFC 8628 §3.1 has no such parameter), so those that
/// were registered.
#[must_use]
pub fn wanted(classes: &Classes, client: &Client) -> Wanted {
    classes.preferred(&client.metadata.default_acr_values)
}

/// The level that is asked for at once of whoever signs in again.
#[must_use]
pub fn level_of_sign_in(classes: &Classes, client: &Client) -> Level {
    let preferred = wanted(classes, client).level().map(|(level, _)| level);
    preferred.max(client.metadata.least_acr).unwrap_or_default()
}

/// Decides what comes before the question. As [`prompt::next_step`](super::prompt::next_step), for a request with none of the
/// parameters that only an authorization request has.
#[must_use]
pub fn next_step(situation: &Situation<'_>) -> Step {
    let Situation { client, session, now, .. } = situation;
    let age = now.since(session.auth_time);
    let just_now = age < LONGEST_SINCE_SIGN_IN && situation.signed_in == Some(&session.id);
    let too_old = client.metadata.default_max_age.is_some_and(|most| most == 0 || age > i64::from(most));
    if too_old && !just_now {
        return Step::Login;
    }
    let reached = situation.classes.level_of_session(&session.acr);
    let preferred = wanted(situation.classes, client).level().map(|(level, _)| level);
    let required = client.metadata.least_acr.max(situation.least_of_groups);
    match lack(reached, required, preferred, situation.attainable) {
        None => Step::Ask,
        Some(Lack::Means(level)) => Step::SetUp(level),
        Some(Lack::Proof(level)) => Step::StepUp(level),
    }
}

/// May this request still be decided by somebody, and is its client still one that may ask (RFC 8628 §3.3)?
#[must_use]
pub fn may_be_decided(client: &Client, state: State, expires_at: Timestamp, now: Timestamp) -> bool {
    !client.disabled
        && client.may_use(GrantType::DeviceCode)
        && state == State::Pending
        && !now.reached(expires_at)
}

/// What may be allowed now: what was asked for, as far as the client may still have it.
#[must_use]
pub fn scope_now(client: &Client, asked: &Scope) -> Scope {
    asked.within(&client.metadata.scope)
}

#[cfg(test)]
mod tests {
    use super::{
        ALPHABET, DeviceCode, DeviceError, INTERVAL, Pace, SLOWEST, Situation, Step, UserCode,
        level_of_sign_in, may_ask, next_step,
    };
    use crate::protocol::assurance::{Classes, Level};
    use crate::protocol::claims_request::ClaimsRequest;
    use crate::protocol::code::{Code, GrantLifetimes, RedeemRequest, may_redeem};
    use crate::protocol::error::{ErrorCode, Rule as _};
    use crate::protocol::grant::{DeadGrant, Footing};
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use crate::protocol::session::Session;
    use crate::protocol::timestamp::Timestamp;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(10_000);

    #[test]
    fn rfc8628_6_1_a_code_is_eight_consonants_and_every_one_can_come_up() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..2_000_u128 {
            let code = UserCode::of_random(
                seed.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes(),
            );
            assert_eq!(code.as_str().len(), 8);
            assert!(code.as_str().bytes().all(|letter| ALPHABET.contains(&letter)));
            assert_eq!(UserCode::read(&code.shown()), Some(code.clone()));
            seen.extend(code.as_str().char_indices());
        }
        assert_eq!(seen.len(), 8 * 20, "every letter at every place");
        assert_eq!(UserCode::of_random([0; 16]).shown(), "BBBB-BBBB");
        assert_eq!(UserCode::of_random([255; 16]).as_str().len(), 8);
    }

    #[test]
    fn rfc8628_6_1_a_code_is_read_as_people_type_it() {
        for typed in [
            "WDJB-MJHT",
            "wdjbmjht",
            " wdjb mjht ",
            "WdJb–MjHt",
            "W.D.J.B M/J/H/T",
            "WDJB\u{a0}-\u{200b}MJHT",
            "\tWDJB_MJHT\n",
            "WDJB-MJHT1",
            "aWDJBMJHTé",
        ] {
            assert_eq!(UserCode::read(typed).unwrap().shown(), "WDJB-MJHT", "{typed}");
        }
        for typed in [
            "",
            "-",
            "WDJB-MJH",
            "WDJB-MJHTB",
            "WDJB-MJHA",
            "WDJB-MJH1",
            "ＷDJBMJHT",
            "12345678",
            &"WDJB-MJHT".repeat(9),
            &format!("WDJB-MJHT{}", " ".repeat(100)),
        ] {
            assert_eq!(UserCode::read(typed), None, "{typed}");
        }
    }

    #[test]
    fn rfc8628_3_5_whoever_waits_is_never_too_soon_and_whoever_does_not_is_made_to_wait_longer() {
        // Seconds since the request before, what is answered, and the interval from then on.
        let walks: [&[(i64, DeviceError, i64)]; 4] = [
            &[(0, DeviceError::Pending, 5), (5, DeviceError::Pending, 5), (4, DeviceError::Pending, 5)],
            &[
                (0, DeviceError::Pending, 5),
                (3, DeviceError::TooSoon, 10),
                (5, DeviceError::TooSoon, 15),
                (15, DeviceError::Pending, 15),
                (14, DeviceError::Pending, 15),
                (5, DeviceError::TooSoon, 20),
            ],
            // The clock of another node may be a moment behind.
            &[(0, DeviceError::Pending, 5), (-2, DeviceError::TooSoon, 10)],
            &[(0, DeviceError::Pending, 5), (i64::MAX / 2, DeviceError::Pending, 5)],
        ];
        for walk in walks {
            let (mut pace, mut now) = (None, NOW);
            for (wait, expected, interval) in walk {
                now = Timestamp(now.0 + wait);
                let (after, answer) = Pace::after(pace, now);
                assert_eq!((answer, after.interval, after.asked_at), (*expected, *interval, now), "{walk:?}");
                pace = Some(after);
            }
        }
        let mut pace = Pace { asked_at: NOW, interval: INTERVAL };
        for _ in 0..100 {
            pace = Pace::after(Some(pace), NOW).0;
        }
        assert_eq!(pace.interval, SLOWEST);
    }

    #[test]
    fn rfc8628_3_5_each_refusal_has_its_code_on_the_wire() {
        for (error, code) in [
            (DeviceError::Unknown, ErrorCode::InvalidGrant),
            (DeviceError::OtherClient, ErrorCode::InvalidGrant),
            (DeviceError::Pending, ErrorCode::AuthorizationPending),
            (DeviceError::TooSoon, ErrorCode::SlowDown),
            (DeviceError::Denied, ErrorCode::AccessDenied),
            (DeviceError::Expired, ErrorCode::ExpiredToken),
            (DeviceError::Used, ErrorCode::InvalidGrant),
            (DeviceError::Dead(DeadGrant::UserDisabled), ErrorCode::InvalidGrant),
        ] {
            assert_eq!(error.code(), code, "{error}");
            assert!(!error.advice().is_empty(), "{error}");
        }
        assert_eq!(ErrorCode::AuthorizationPending.as_str(), "authorization_pending");
        assert_eq!(ErrorCode::SlowDown.as_str(), "slow_down");
        assert_eq!(ErrorCode::ExpiredToken.as_str(), "expired_token");
    }

    #[test]
    fn rfc8628_3_5_a_code_is_its_clients_until_it_expires() {
        let code = DeviceCode { id: "d".to_owned(), client_id: "tv".into(), expires_at: Timestamp(10_600) };
        let (own, other) = (samples::client("tv"), samples::client("other"));
        assert_eq!(may_ask(&own, &code, NOW), Ok(()));
        assert_eq!(may_ask(&own, &code, Timestamp(10_599)), Ok(()));
        assert_eq!(may_ask(&own, &code, Timestamp(10_600)), Err(DeviceError::Expired));
        assert_eq!(may_ask(&other, &code, NOW), Err(DeviceError::OtherClient));
        assert_eq!(may_ask(&other, &code, Timestamp(10_600)), Err(DeviceError::OtherClient), "even then");
    }

    #[test]
    fn rfc8628_3_5_what_was_allowed_is_redeemed_as_a_code_is() {
        let allowed = Code {
            grant_id: "grant".into(),
            client_id: "tv".into(),
            redirect_uri: String::new(),
            redirect_uri_was_named: false,
            challenge: None,
            user_id: "user".into(),
            session_id: "session".into(),
            consent_id: Some("consent".into()),
            scope: Scope::parse("openid").unwrap(),
            claims: ClaimsRequest::default(),
            dpop_jkt: None,
            nonce: None,
            auth_time: Timestamp(9_000),
            acr: "1".to_owned(),
            amr: "pwd".to_owned(),
            expires_at: Timestamp(10_600),
        };
        let stands = Footing {
            user_disabled: false,
            session_expires_at: Some(Timestamp(99_999)),
            consent_stands: true,
        };
        let lifetimes = GrantLifetimes {
            access_token: Duration::from_secs(300),
            refresh_absolute: Duration::from_secs(9_000),
        };
        let redeem = |client: &str, footing: &Footing, now| {
            let (client, sent) = (samples::client(client), RedeemRequest::default());
            may_redeem(&client, sent, &allowed, footing, String::new(), lifetimes, now)
                .map_err(DeviceError::from)
        };
        let grant = redeem("tv", &stands, NOW).unwrap();
        assert_eq!((grant.grant().id.as_str(), grant.grant().auth_time), ("grant", Timestamp(9_000)));
        let disabled = Footing { user_disabled: true, ..stands.clone() };
        let signed_out = Footing { session_expires_at: None, ..stands.clone() };
        let withdrawn = Footing { consent_stands: false, ..stands.clone() };
        for (client, footing, now, expected) in [
            ("other", &stands, NOW, DeviceError::OtherClient),
            ("tv", &stands, Timestamp(10_600), DeviceError::Expired),
            ("tv", &disabled, NOW, DeviceError::Dead(DeadGrant::UserDisabled)),
            ("tv", &signed_out, NOW, DeviceError::Dead(DeadGrant::SessionEnded)),
            ("tv", &withdrawn, NOW, DeviceError::Dead(DeadGrant::ConsentWithdrawn)),
        ] {
            assert_eq!(redeem(client, footing, now).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_the_deployment_and_the_client_ask_for_comes_before_the_question() {
        let classes = Classes::default();
        let [one, two, three] = [Level::OneFactor, Level::TwoFactors, Level::PhishingResistant];
        let fresh = Some("s");
        let mut judged = 0;
        // The client's least level, its preferred one, its greatest age; the groups'; the session's level, age and whether it began
        // here; what can be reached.
        for (least, prefers, max_age, groups, reached, age, began, attainable, expected) in [
            (None, None, None, None, one, 9_000, None, None, Step::Ask),
            (None, None, Some(60), None, one, 61, None, None, Step::Login),
            (None, None, Some(60), None, one, 60, None, None, Step::Ask),
            (None, None, Some(60), None, one, 61, fresh, None, Step::Ask),
            (None, None, Some(60), None, one, 601, fresh, None, Step::Login),
            (None, None, Some(60), None, one, 61, Some("other"), None, Step::Login),
            (None, None, Some(0), None, one, 0, None, None, Step::Login),
            (None, None, Some(0), None, one, 0, fresh, None, Step::Ask),
            (Some(two), None, None, None, one, 9, None, None, Step::StepUp(two)),
            (Some(two), None, None, None, two, 9, None, None, Step::Ask),
            (None, None, None, Some(three), two, 9, None, None, Step::StepUp(three)),
            (Some(two), None, None, Some(three), two, 9, None, Some(two), Step::SetUp(three)),
            (Some(two), None, None, None, one, 9, None, Some(one), Step::SetUp(two)),
            (None, Some(two), None, None, one, 9, None, None, Step::StepUp(two)),
            (None, Some(two), None, None, one, 9, None, Some(one), Step::Ask),
            (None, Some(three), None, None, one, 9, None, Some(two), Step::StepUp(two)),
            (Some(two), Some(three), None, None, one, 9, None, Some(three), Step::StepUp(three)),
        ] {
            let mut client = samples::client("tv");
            client.metadata.least_acr = least;
            client.metadata.default_acr_values =
                prefers.map(|level| classes.name(level).to_owned()).into_iter().collect();
            client.metadata.default_max_age = max_age;
            // What is skipped elsewhere is not skipped here.
            client.metadata.skip_consent = true;
            let session = Session {
                acr: classes.name(reached).to_owned(),
                ..samples::session("s", "u", Timestamp(NOW.0 - age))
            };
            assert_eq!(level_of_sign_in(&classes, &client), least.max(prefers).unwrap_or_default());
            let began = began.map(Into::into);
            let step = next_step(&Situation {
                client: &client,
                session: &session,
                signed_in: began.as_ref(),
                classes: &classes,
                least_of_groups: groups,
                attainable,
                now: NOW,
            });
            assert_eq!(
                step, expected,
                "{least:?} {prefers:?} {max_age:?} {groups:?} {reached:?} {age} {began:?}"
            );
            judged += 1;
        }
        assert_eq!(judged, 17);
    }
}
