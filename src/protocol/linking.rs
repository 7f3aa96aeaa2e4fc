//! Whose account an identity at an upstream provider opens. `docs/decisions/0018-account-linking.md` says why so.
//!
//! Nobody gets into an account because a provider mentions its address: an address alone links where both sides are known
//! to have checked it, and the operator trusts the provider's word. Else whoever has both accounts shows that they do.

use serde::{Deserialize, Serialize};

use super::ids::{SessionId, UserId};
use super::sign_in::LONGEST_BETWEEN_PROOFS;
use super::timestamp::Timestamp;
use super::user::{User, canonical_email, canonical_username, changes_the_text_around, display_name};

/// An account holds so many identities at most.
pub const MOST_IDENTITIES: i64 = 20;

/// Longer subjects are nobody's (OpenID Connect Core §2: "It MUST NOT exceed 255 ASCII characters in length").
const LONGEST_SUBJECT: usize = 255;

/// Somebody, as a provider vouches for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider, by its id in the configuration.
    pub upstream: String,
    /// What it knows them by, for ever.
    pub subject: String,
    /// Their address in canonical form.
    pub email: Option<String>,
    /// Does the provider say that it checked the address?
    pub email_verified: bool,
    /// Their name.
    pub name: Option<String>,
    /// What they would like to be called.
    pub username: Option<String>,
}

/// What a provider says of somebody, before any of it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `sub`.
    pub subject: String,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: bool,
    /// `name`.
    pub name: Option<String>,
    /// `preferred_username`.
    pub username: Option<String>,
    /// `auth_time`.
    pub auth_time: Option<Timestamp>,
}

impl Identity {
    /// Takes over what is of use here: an address or a name that no account could have is left out. None where the subject is
    /// none.
    #[must_use]
    pub fn of(upstream: &str, told: Told) -> Option<Self> {
        let subject = told.subject;
        let fine = !subject.is_empty()
            && subject.len() <= LONGEST_SUBJECT
            && !subject.contains(changes_the_text_around);
        let email = told.email.and_then(|email| canonical_email(&email).ok());
        fine.then(|| Self {
            upstream: upstream.to_owned(),
            subject,
            email_verified: told.email_verified && email.is_some(),
            email,
            name: told.name.and_then(|name| display_name(&name).ok()),
            username: told.username,
        })
    }

    /// What its owner recognises it by.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email.as_deref().or(self.name.as_deref()).unwrap_or(&self.subject)
    }

    /// A user name for a new account, which may be taken: what they are called elsewhere, as far as a user name can hold it.
    fn user_name(&self) -> String {
        let local_part = self.email.as_deref().and_then(|email| email.split('@').next());
        let wishes = [
            self.username.as_deref().and_then(|name| name.split('@').next()),
            local_part,
            self.name.as_deref(),
        ];
        let possible = |wish: &str| {
            let spaced = wish.trim().replace(char::is_whitespace, ".");
            let kept: String = spaced
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
                .take(48)
                .collect();
            canonical_username(kept.trim_matches(['.', '_', '-'])).ok()
        };
        wishes.into_iter().flatten().find_map(possible).unwrap_or_else(|| "user".to_owned())
    }
}

/// What the operator decided about a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// May somebody without an account here get one?
    pub sign_up: bool,
    /// Is its word on addresses believed?
    pub trust_email: bool,
}

/// What is known here when somebody comes back from a provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation<'a> {
    /// Whose the identity is.
    pub linked_to: Option<&'a UserId>,
    /// Who, having just signed in, asked on their account's page for it to be linked.
    pub asked_by: Option<&'a UserId>,
    /// Whose account has the same address.
    pub same_address: Option<&'a User>,
    /// Can an address be confirmed by mail?
    pub mails: bool,
}

/// That an identity becomes somebody's. Made by [`decide`] and [`confirm`] and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    user: UserId,
    identity: Identity,
}

impl Link {
    /// Whose.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// What.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// That somebody gets an account. Made by [`decide`] and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    identity: Identity,
    user_name: String,
    email_verified: bool,
    waits: bool,
    claimant: Option<UserId>,
}

impl NewAccount {
    /// Theirs from the beginning.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A user name, which may be taken; then it needs something after it.
    #[must_use]
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// Is the address known to be theirs?
    #[must_use]
    pub fn email_verified(&self) -> bool {
        self.email_verified
    }

    /// Is the address theirs only once they confirm it by mail?
    #[must_use]
    pub fn address_waits(&self) -> bool {
        self.waits
    }

    /// An account that has the address without having shown that it is its own: it loses it.
    #[must_use]
    pub fn claimant(&self) -> Option<&UserId> {
        self.claimant.as_ref()
    }
}

/// What becomes of somebody who comes back from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are this user.
    SignIn(UserId),
    /// It becomes this user's.
    Link(Link),
    /// They get an account.
    Create(NewAccount),
    /// Somebody here has the same address: whoever has both signs in as they are used to, and says that it is theirs too.
    SignInFirst,
    /// It belongs to another account than the one that asks for it.
    SomebodyElses,
    /// They have no account, and get none.
    NoAccount,
}

/// Decides it.
#[must_use]
pub fn decide(identity: Identity, policy: Policy, situation: Situation<'_>) -> Decision {
    match (situation.linked_to, situation.asked_by) {
        (Some(owner), Some(asking)) if owner != asking => return Decision::SomebodyElses,
        (Some(owner), _) => return Decision::SignIn(owner.clone()),
        (None, Some(asking)) => return Decision::Link(Link { user: asking.clone(), identity }),
        (None, None) => {}
    }
    let believed = policy.trust_email && identity.email_verified;
    // Anybody may have typed an address there that nobody checked: they are not told that there is an account with it.
    let same_address = situation.same_address.filter(|_| identity.email_verified || !situation.mails);
    let new = |identity, claimant| new_account(identity, believed, situation.mails && !believed, claimant);
    match same_address {
        // Nobody administers this server on a provider's word alone.
        Some(user) if believed && user.email_verified && !user.disabled && !user.is_admin => {
            Decision::Link(Link { user: user.id.clone(), identity })
        }
        // Whoever types somebody else's address into their account keeps nobody from it who shows that it is theirs, as with a
        // sign-up by mail. Of an administrator's account nothing is taken on a provider's word.
        Some(user) if believed && policy.sign_up && !user.email_verified && !user.is_admin => {
            Decision::Create(new(identity, Some(user.id.clone())))
        }
        Some(_) => Decision::SignInFirst,
        None if policy.sign_up => Decision::Create(new(identity, None)),
        None => Decision::NoAccount,
    }
}

fn new_account(
    identity: Identity,
    email_verified: bool,
    waits: bool,
    claimant: Option<UserId>,
) -> NewAccount {
    let user_name = identity.user_name();
    let waits = waits && identity.email.is_some();
    NewAccount { identity, user_name, email_verified, waits, claimant }
}

/// An identity that waits for its owner to sign in and say that it is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What was shown to be theirs at the provider.
    pub identity: Identity,
    /// Who vouched for it.
    pub voucher: String,
    /// When.
    pub at: Timestamp,
}

impl Offer {
    /// Does it still count?
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        (0..LONGEST_BETWEEN_PROOFS).contains(&now.since(self.at))
    }
}

/// The owner says so: signed in since, in the same flow and browser, to the account that the page named. An older session might
/// be somebody else's who used the same computer.
#[must_use]
pub fn confirm(
    offer: &Offer,
    begun: Option<&SessionId>,
    live: &SessionId,
    user: &UserId,
    now: Timestamp,
) -> Option<Link> {
    (begun == Some(live) && offer.counts(now))
        .then(|| Link { user: user.clone(), identity: offer.identity.clone() })
}

#[cfg(test)]
mod tests {
    use super::{Decision, Identity, Offer, Policy, Situation, Told, confirm, decide};
    use crate::protocol::ids::UserId;
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;
    use crate::protocol::user::User;

    fn told() -> Told {
        Told {
            auth_time: None,
            subject: "42".to_owned(),
            email: Some("Ada@Example.com".to_owned()),
            email_verified: true,
            name: Some("Ada Lovelace".to_owned()),
            username: None,
        }
    }

    fn identity(email_verified: bool) -> Identity {
        Identity::of("acme", Told { email_verified, ..told() }).unwrap()
    }

    fn user(change: impl FnOnce(&mut User)) -> User {
        let mut user = samples::user("owner");
        user.email_verified = true;
        user.is_admin = false;
        user.disabled = false;
        change(&mut user);
        user
    }

    /// What was decided, in a word.
    fn said(decision: &Decision) -> String {
        match decision {
            Decision::SignIn(user) => format!("sign in {user}"),
            Decision::Link(link) => format!("link {}", link.user()),
            Decision::Create(new) => match new.claimant() {
                None => format!("create {}", new.email_verified()),
                Some(claimant) => format!("create {}, from {claimant}", new.email_verified()),
            },
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn who_is_linked_already_is_that_user_whatever_the_address_says() {
        let (owner, other) = (UserId::from("owner"), UserId::from("other"));
        let stranger = user(|user| user.id = "stranger".into());
        for (sign_up, trust_email, verified) in every() {
            let policy = Policy { sign_up, trust_email };
            let known =
                Situation { linked_to: Some(&owner), same_address: Some(&stranger), ..Situation::default() };
            let said = |situation| said(&decide(identity(verified), policy, situation));
            assert_eq!(said(known), "sign in owner");
            assert_eq!(said(Situation { asked_by: Some(&owner), ..known }), "sign in owner");
            assert_eq!(said(Situation { asked_by: Some(&other), ..known }), "SomebodyElses");
            // Asked for by somebody who is signed in, it needs nobody's word.
            let asked = Situation { linked_to: None, asked_by: Some(&other), ..known };
            assert_eq!(said(asked), "link other");
        }
    }

    fn every() -> impl Iterator<Item = (bool, bool, bool)> {
        (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0))
    }

    #[test]
    fn an_address_links_only_where_both_sides_checked_it_and_the_provider_is_trusted() {
        for (sign_up, trust_email, verified) in every() {
            for (locally_verified, disabled, is_admin) in every() {
                let account = user(|user| {
                    user.email_verified = locally_verified;
                    user.disabled = disabled;
                    user.is_admin = is_admin;
                });
                let situation = Situation { same_address: Some(&account), ..Situation::default() };
                let decision = decide(identity(verified), Policy { sign_up, trust_email }, situation);
                let believed = trust_email && verified;
                let expected = match (believed && !is_admin, locally_verified) {
                    (true, true) if !disabled => "link owner",
                    // A claim that nobody showed to be true keeps its true owner out of nothing.
                    (true, false) if sign_up => "create true, from owner",
                    _ => "SignInFirst",
                };
                assert_eq!(
                    said(&decision),
                    expected,
                    "{trust_email} {verified} {locally_verified} {disabled} {is_admin}"
                );
            }
        }
    }

    #[test]
    fn an_address_that_nobody_checked_tells_of_no_account_and_waits_to_be_confirmed() {
        let account = user(|_| {});
        for (sign_up, trust_email, verified) in every() {
            let policy = Policy { sign_up, trust_email };
            let mails = Situation { mails: true, ..Situation::default() };
            let taken = Situation { same_address: Some(&account), ..mails };
            let (free, taken) = [mails, taken].map(|known| decide(identity(verified), policy, known)).into();
            if !verified {
                assert_eq!(free, taken, "whoever has it");
            }
            if let Decision::Create(new) = free {
                assert_eq!(new.address_waits(), !(trust_email && verified));
            }
        }
    }

    #[test]
    fn a_stranger_gets_an_account_where_the_operator_says_so() {
        for (sign_up, trust_email, verified) in every() {
            let decision = decide(identity(verified), Policy { sign_up, trust_email }, Situation::default());
            let expected =
                if sign_up { format!("create {}", trust_email && verified) } else { "NoAccount".to_owned() };
            assert_eq!(said(&decision), expected);
        }
    }

    #[test]
    fn what_no_account_could_have_is_left_out() {
        let of = |told| Identity::of("acme", told);
        for subject in ["", "a\0b", &"x".repeat(256)] {
            assert_eq!(of(Told { subject: subject.to_owned(), ..told() }), None, "{subject:?}");
        }
        let odd =
            Told { email: Some("no address".to_owned()), name: Some("a\u{202e}b".to_owned()), ..told() };
        let identity = of(odd).unwrap();
        assert_eq!((identity.email.as_deref(), identity.email_verified), (None, false));
        assert_eq!((identity.name.as_deref(), identity.label()), (None, "42"));
        assert_eq!(of(told()).unwrap().label(), "ada@example.com");
    }

    #[test]
    fn user_names_are_what_a_user_name_can_hold() {
        let named = |username: &str, email: &str, name: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let told = Told { username: text(username), email: text(email), name: text(name), ..told() };
            Identity::of("acme", told).unwrap().user_name()
        };
        assert_eq!(named("Ada.L", "x@example.com", "X"), "ada.l");
        assert_eq!(named("ada@corp.example", "", ""), "ada");
        assert_eq!(named("", "Ada+news@example.com", ""), "adanews");
        assert_eq!(named("", "", "Ada King Lovelace"), "ada.king.lovelace");
        assert_eq!(named("阿达", "", "阿达"), "user");
        assert_eq!(named("--", "", "  "), "user");
        assert_eq!(named(&"x".repeat(300), "", "").len(), 48);
    }

    #[test]
    fn cve_2026_9087_an_offer_is_confirmed_in_its_own_flow_by_who_signed_in_there_and_soon() {
        let voucher = "https://acme.example".to_owned();
        let offer = Offer { identity: identity(false), voucher, at: Timestamp(1000) };
        let (live, other, user) = ("s".into(), "t".into(), UserId::from("ada"));
        let link = confirm(&offer, Some(&live), &live, &user, Timestamp(1599)).unwrap();
        assert_eq!((link.user(), link.identity()), (&user, &offer.identity));
        for (begun, now) in [(None, 1000), (Some(&other), 1000), (Some(&live), 1600), (Some(&live), 999)] {
            assert_eq!(confirm(&offer, begun, &live, &user, Timestamp(now)), None);
        }
    }
}
