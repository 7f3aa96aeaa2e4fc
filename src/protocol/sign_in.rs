//! Signing in, as one machine. What somebody proved goes in, one proof at a time; what comes out is what to ask for next, or
//! [`Authenticated`], which nothing else can make and without which no session begins.
//!
//! The machine knows no pages and no order of them: a proof may come from any page, in any tab, and every page returns
//! here. A page that is left out is a proof that is missing.

use serde::{Deserialize, Serialize};

use super::assurance::Level;
use super::ids::{SessionId, UserId};
use super::session::Session;
use super::timestamp::Timestamp;

/// For how many seconds a proof waits for the next one.
pub const LONGEST_BETWEEN_PROOFS: i64 = 600;

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Method {
    /// Something one knows.
    Password,
    /// A key on a device that made sure who holds it ("user verification", `WebAuthn` Level 3 §1.3).
    Passkey,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A code that was mailed to the account's address, or the link beside it.
    EmailCode,
    /// One of the codes that were written down for the day when the app is lost.
    RecoveryCode,
    /// The word of an upstream provider. How its user was made sure of there is not known here.
    Upstream,
}

/// What kind of thing a method proves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Known, here or at the provider that vouches.
    Known,
    /// Whoever reads somebody's mail may do so by a password, or with the device that holds everything else: it opens an
    /// account, and adds to nothing.
    Reached,
    Held,
    /// Held, and told apart from whoever else might hold it.
    KnownAndHeld,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 6] =
        [Self::Password, Self::Passkey, Self::Totp, Self::EmailCode, Self::RecoveryCode, Self::Upstream];

    /// Its name in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Totp => "authenticator app",
            Self::EmailCode => "mailed code",
            Self::RecoveryCode => "recovery code",
            Self::Upstream => "upstream provider",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Password | Self::Upstream => Kind::Known,
            Self::Passkey => Kind::KnownAndHeld,
            Self::EmailCode => Kind::Reached,
            Self::Totp | Self::RecoveryCode => Kind::Held,
        }
    }

    /// May one begin with it? A second factor alone says nothing: it is short, or was never meant to be enough.
    #[must_use]
    pub fn comes_first(self) -> bool {
        matches!(self, Self::Password | Self::Passkey | Self::EmailCode | Self::Upstream)
    }

    /// Does it count as the second factor of an account that has one?
    #[must_use]
    pub fn comes_second(self) -> bool {
        matches!(self, Self::Passkey | Self::Totp | Self::RecoveryCode)
    }

    /// Its names in `amr` (RFC 8176 §2). `otp` names the specifications of authenticators (RFC 4226, RFC 6238), which a mailed
    /// code follows none of; what there is of it is `mca`: "communication over more than one distinct communication channel".
    /// For somebody else's word there is none.
    fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Passkey => &["pop", "user"],
            Self::EmailCode => &["mca"],
            Self::Totp | Self::RecoveryCode => &["otp"],
            Self::Upstream => &["fed"],
        }
    }

    fn of_amr(name: &str) -> Option<Self> {
        match name {
            "pwd" => Some(Self::Password),
            "pop" => Some(Self::Passkey),
            "otp" => Some(Self::Totp),
            "mca" => Some(Self::EmailCode),
            "fed" => Some(Self::Upstream),
            _ => None,
        }
    }
}

/// That somebody proved who they are. Made by the check of a method (`crate::authn`) and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    user: UserId,
    method: Method,
    at: Timestamp,
    /// When the account was last changed before it was checked: another password or a switched-off account voids it.
    unchanged_since: Timestamp,
    /// When its user did what it tells of, if that was not when it was checked.
    #[serde(default)]
    done_at: Option<Timestamp>,
}

impl Proof {
    /// For `crate::authn`.
    pub(crate) fn new(user: UserId, method: Method, at: Timestamp, unchanged_since: Timestamp) -> Self {
        Self { user, method, at, unchanged_since, done_at: None }
    }

    /// The same of what was done earlier.
    #[must_use]
    pub fn of_earlier(self, done_at: Timestamp) -> Self {
        Self { done_at: Some(done_at.min(self.at)), ..self }
    }

    /// Whose.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// By what.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }
}

/// A sign-in as far as it got. All its proofs are of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    proofs: Vec<Proof>,
    /// The session that is to be raised. What it was begun with counts for as long as it is live in this browser.
    #[serde(default)]
    raises: Option<SessionId>,
}

/// What an account asks of whoever signs in to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// When it was last changed.
    pub unchanged_since: Timestamp,
    /// A second factor was set up: nobody gets in without one.
    pub has_second_factor: bool,
    /// The highest level that its user can reach.
    pub attainable: Level,
    /// The password opens nothing until another one was chosen.
    pub new_password_required: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Somebody says who they are, and proves it.
    First,
    /// The same user proves it by something else as well.
    Second {
        /// Nothing less than this will do.
        level: Level,
    },
    /// Everything is proved, but by a password that is to be replaced first.
    NewPassword(Required),
    /// A session may begin.
    Done(Authenticated),
}

/// That a user who proved everything else must choose another password, and may do so now. Made by [`SignIn::next`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    user: UserId,
    unchanged_since: Timestamp,
}

impl Required {
    /// Who.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The state of the account that this is true of.
    #[must_use]
    pub fn unchanged_since(&self) -> Timestamp {
        self.unchanged_since
    }
}

/// Who was authenticated, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    user: UserId,
    methods: Vec<Method>,
    level: Level,
    unchanged_since: Timestamp,
    auth_time: Timestamp,
}

impl Authenticated {
    /// Who.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// How surely.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The state of the account that this is true of.
    #[must_use]
    pub fn unchanged_since(&self) -> Timestamp {
        self.unchanged_since
    }

    /// When its user last did something for it (OpenID Connect Core §2 `auth_time`: "Time when the End-User authentication
    /// occurred").
    #[must_use]
    pub fn auth_time(&self) -> Timestamp {
        self.auth_time
    }

    /// By what.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// `amr` (RFC 8176), space-delimited.
    #[must_use]
    pub fn amr(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for name in self.methods.iter().flat_map(|method| method.amr()) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        if self.level >= Level::TwoFactors {
            names.push("mfa");
        }
        names.join(" ")
    }
}

impl SignIn {
    /// Raises a live session: its user is known, and what they proved then counts on.
    #[must_use]
    pub fn raising(session: &Session, unchanged_since: Timestamp, now: Timestamp) -> Self {
        let methods = session.methods.split(' ').filter_map(Method::of_amr);
        let proof = |method| {
            Proof::new(session.user_id.clone(), method, now, unchanged_since).of_earlier(session.auth_time)
        };
        Self { proofs: methods.map(proof).collect(), raises: Some(session.id.clone()) }
    }

    /// Whose it is, as far as it got.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        self.proofs.first().map(|proof| &proof.user)
    }

    /// Was this proved?
    #[must_use]
    pub fn has(&self, method: Method) -> bool {
        self.proofs.iter().any(|proof| proof.method == method)
    }

    /// Begins anew where it was to raise a session that is not the browser's live one any more, as after another password was
    /// chosen: what stood on that one counts no more, and must not keep whoever signs in again from it.
    pub fn without_ended(&mut self, live: Option<&SessionId>) {
        if self.raises.is_some() && self.raises.as_ref() != live {
            *self = Self::default();
        }
    }

    /// Adds a proof. Another user's begins anew: nobody's second factor completes somebody else's first.
    pub fn proved(&mut self, proof: Proof) {
        if self.user().is_some_and(|user| *user != proof.user) {
            *self = Self::default();
        }
        self.proofs.retain(|known| known.method != proof.method);
        self.proofs.push(proof);
    }

    /// Another password was chosen, as was required: what was proved of the account as it was then counts for the account as
    /// it is since `changed_at`. Answers the proof that the new password is.
    #[must_use]
    pub fn chosen(&mut self, required: &Required, now: Timestamp, changed_at: Timestamp) -> Proof {
        for proof in &mut self.proofs {
            if proof.user == required.user && proof.unchanged_since == required.unchanged_since {
                proof.unchanged_since = changed_at;
            }
        }
        Proof::new(required.user.clone(), Method::Password, now, changed_at)
    }

    /// What comes next, for the account that [`user`](Self::user) names, if this level is wanted. `live` is the browser's live
    /// session: whoever signed out, or was signed out, left nothing standing that a page in the history could go on from.
    #[must_use]
    pub fn next(&self, account: &Account, live: Option<&SessionId>, wanted: Level, now: Timestamp) -> Next {
        if self.raises.is_some() && self.raises.as_ref() != live {
            return Next::First;
        }
        let counts = |proof: &&Proof| {
            (0..LONGEST_BETWEEN_PROOFS).contains(&now.since(proof.at))
                && proof.unchanged_since == account.unchanged_since
        };
        let proofs: Vec<&Proof> = self.proofs.iter().filter(counts).collect();
        let Some(user) = proofs.iter().find(|proof| proof.method.comes_first()).map(|proof| &proof.user)
        else {
            return Next::First;
        };
        let reached = level_of(&proofs);
        let second_is_missing =
            account.has_second_factor && !proofs.iter().any(|proof| proof.method.comes_second());
        // What nobody can reach is not asked for; whether less will do is the hub's matter.
        let needed = wanted.min(account.attainable);
        let has = |kind: Kind| proofs.iter().any(|proof| proof.method.kind() == kind);
        if needed == Level::TwoFactors && reached < needed && has(Kind::Held) && !second_is_missing {
            // More of the same would not do: what is missing is what one begins with, a password or a passkey.
            return Next::First;
        }
        if second_is_missing || reached < needed {
            let level = if second_is_missing { needed.max(Level::TwoFactors) } else { needed };
            return Next::Second { level };
        }
        // Whatever else was proved: a password that others may know is no proof for long. What does not use it is not held up.
        if account.new_password_required && proofs.iter().any(|proof| proof.method == Method::Password) {
            return Next::NewPassword(Required {
                user: user.clone(),
                unchanged_since: account.unchanged_since,
            });
        }
        Next::Done(Authenticated {
            user: user.clone(),
            methods: proofs.iter().map(|proof| proof.method).collect(),
            level: reached,
            unchanged_since: account.unchanged_since,
            auth_time: proofs
                .iter()
                .map(|proof| proof.done_at.unwrap_or(proof.at))
                .max()
                .unwrap_or(Timestamp(0)),
        })
    }
}

fn level_of(proofs: &[&Proof]) -> Level {
    let has = |kind: Kind| proofs.iter().any(|proof| proof.method.kind() == kind);
    if has(Kind::KnownAndHeld) {
        Level::PhishingResistant
    } else if has(Kind::Known) && has(Kind::Held) {
        Level::TwoFactors
    } else {
        Level::OneFactor
    }
}

#[cfg(test)]
mod tests;
