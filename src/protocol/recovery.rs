//! Links that are mailed to the address of an account: what each may do, and until when. A link opens nothing by itself. It
//! lets its holder do one thing to one account, for as long as that account is what it was when the link was made.

use std::time::Duration;

use super::ids::UserId;
use super::timestamp::Timestamp;
use super::user::User;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Choosing a new password without the old one.
    ResetPassword,
    /// Showing that the address is the user's, who may have another one until then.
    VerifyAddress,
}

impl Aim {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::VerifyAddress => "verify_address",
        }
    }

    /// For how long a link works. One for a new password: for the hour within which an address is written to a limited number of
    /// times, so that nobody is ever refused another without having one that works (docs/decisions/0026-mails-kept-for-recovery.md).
    #[must_use]
    pub const fn works_for(self) -> Duration {
        match self {
            Self::ResetPassword => Duration::from_hours(1),
            Self::VerifyAddress => Duration::from_hours(24),
        }
    }
}

/// A link as the database has it. An account has one of each kind at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailedLink {
    /// SHA-256 of the secret in the link.
    pub token_hash: String,
    /// What it is for.
    pub aim: Aim,
    /// Whose it is.
    pub user: UserId,
    /// Where it went.
    pub address: String,
    /// The address that the account had then.
    pub former: Option<String>,
    /// When the account had last been changed.
    pub unchanged_since: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl MailedLink {
    /// The link to mail to a user who asks for one; none where there is nothing that it could do. An account without a
    /// password is not given one this way: its owner signs in by what a mailbox is no match for. Nor does a mailbox open an
    /// account that nobody showed it to belong to: the address may be mistyped, or somebody else's on purpose.
    #[must_use]
    pub fn for_user(aim: Aim, user: &User, token_hash: String, now: Timestamp) -> Option<Self> {
        let of_use = match aim {
            Aim::ResetPassword => user.password_hash.is_some() && user.email_verified,
            Aim::VerifyAddress => !user.email_verified,
        };
        let address = user.email.clone().filter(|_| of_use && !user.disabled)?;
        Some(Self {
            token_hash,
            aim,
            user: user.id.clone(),
            former: Some(address.clone()),
            address,
            unchanged_since: user.updated_at,
            expires_at: now.plus(aim.works_for()),
        })
    }

    /// The link to mail to another address that a user says is theirs, and that becomes theirs when they open it. Until then the
    /// account has the one that it had, and nobody is kept from theirs by a claim.
    #[must_use]
    pub fn for_another_address(
        user: &User,
        address: String,
        token_hash: String,
        now: Timestamp,
    ) -> Option<Self> {
        (!user.disabled).then(|| Self {
            token_hash,
            aim: Aim::VerifyAddress,
            user: user.id.clone(),
            address,
            former: user.email.clone(),
            unchanged_since: user.updated_at,
            expires_at: now.plus(Aim::VerifyAddress.works_for()),
        })
    }

    fn is_alive(&self, aim: Aim, user: &User, now: Timestamp) -> bool {
        self.aim == aim
            && self.user == user.id
            && user.email == self.former
            && !user.disabled
            && !now.reached(self.expires_at)
    }
}

/// That a new password may be chosen for an account. Only [`may_reset`] makes one, and only the store's gate takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    token_hash: String,
    user: UserId,
    unchanged_since: Timestamp,
}

impl Reset {
    /// The link that it uses up.
    #[must_use]
    pub fn token_hash(&self) -> &str {
        &self.token_hash
    }

    /// Whose password.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The state of the account that the link was made for.
    #[must_use]
    pub fn unchanged_since(&self) -> Timestamp {
        self.unchanged_since
    }
}

/// May whoever holds this link choose a password for this user? Not once the account was changed in any way: another
/// password, another address, switched off (OWASP ASVS 6.4.3; CVE-2023-26481, CVE-2026-18963). The second factor is not its
/// matter: the new password is a first proof and no more, see [`sign_in`](super::sign_in).
#[must_use]
pub fn may_reset(link: &MailedLink, user: &User, now: Timestamp) -> Option<Reset> {
    let may = link.is_alive(Aim::ResetPassword, user, now)
        && user.updated_at == link.unchanged_since
        && user.password_hash.is_some()
        && user.email_verified;
    may.then(|| Reset {
        token_hash: link.token_hash.clone(),
        user: user.id.clone(),
        unchanged_since: link.unchanged_since,
    })
}

/// That an address is its user's. Only [`may_verify`] makes one, and only the store's gate takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    token_hash: String,
    user: UserId,
    address: String,
    former: Option<String>,
}

impl Verification {
    /// The link that it uses up.
    #[must_use]
    pub fn token_hash(&self) -> &str {
        &self.token_hash
    }

    /// Whose address.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Which.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The one that the account has until then.
    #[must_use]
    pub fn former(&self) -> Option<&str> {
        self.former.as_deref()
    }

    /// Does the account get another address by it?
    #[must_use]
    pub fn moves(&self) -> bool {
        self.former.as_deref() != Some(&*self.address)
    }
}

/// Does this link show that the address is the user's, who is signed in as `user`? Whoever opens the link alone shows nothing:
/// an account that somebody else made with their address would be confirmed by its owner's click (GHSA-xhpr-465j-7p9q).
#[must_use]
pub fn may_verify(link: &MailedLink, user: &User, now: Timestamp) -> Option<Verification> {
    link.is_alive(Aim::VerifyAddress, user, now).then(|| Verification {
        token_hash: link.token_hash.clone(),
        user: user.id.clone(),
        address: link.address.clone(),
        former: link.former.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Aim, MailedLink, may_reset, may_verify};
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;
    use crate::protocol::user::User;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn ada() -> User {
        User {
            email: Some("ada@example.com".to_owned()),
            email_verified: false,
            password_hash: Some("hash".to_owned()),
            ..samples::user("ada")
        }
    }

    fn confirmed(user: User) -> User {
        User { email_verified: true, ..user }
    }

    fn link(aim: Aim, user: &User) -> Option<MailedLink> {
        MailedLink::for_user(aim, user, "hash of the secret".to_owned(), NOW)
    }

    /// What may have become of the account, and whether a password may still be chosen, and the address confirmed.
    fn changes() -> Vec<(&'static str, User, [bool; 2])> {
        let later = ada().updated_at.plus(std::time::Duration::from_secs(1));
        let changed = User { updated_at: later, ..ada() };
        vec![
            ("nothing", ada(), [true, true]),
            ("another password", changed.clone(), [false, true]),
            (
                "another address",
                User { email: Some("eve@example.com".to_owned()), ..changed.clone() },
                [false; 2],
            ),
            (
                "another address at the same moment",
                User { email: Some("a@b.example".to_owned()), ..ada() },
                [false; 2],
            ),
            ("no address", User { email: None, ..changed }, [false; 2]),
            ("switched off", User { disabled: true, ..ada() }, [false; 2]),
            ("no password any more", User { password_hash: None, ..ada() }, [false, true]),
            ("somebody else", User { id: "eve".into(), ..ada() }, [false; 2]),
        ]
    }

    #[test]
    fn a_link_is_good_for_one_thing_while_the_account_is_what_it_was() {
        let reset = link(Aim::ResetPassword, &confirmed(ada())).unwrap();
        let verify = link(Aim::VerifyAddress, &ada()).unwrap();
        assert_eq!(may_reset(&reset, &ada(), NOW), None, "an address that is confirmed no more");
        for (what, user, [may_choose, may_confirm]) in changes() {
            assert_eq!(may_reset(&reset, &confirmed(user.clone()), NOW).is_some(), may_choose, "{what}");
            assert_eq!(may_verify(&verify, &user, NOW).is_some(), may_confirm, "{what}");
            assert_eq!(may_reset(&verify, &user, NOW), None, "{what}: not what it is for");
            assert_eq!(may_verify(&reset, &user, NOW), None, "{what}: not what it is for");
        }
    }

    #[test]
    fn another_address_is_the_users_once_it_is_confirmed_and_while_nobody_gave_them_one() {
        let link = |user: &User| {
            MailedLink::for_another_address(user, "new@example.com".to_owned(), "hash".to_owned(), NOW)
        };
        assert_eq!(link(&User { disabled: true, ..ada() }), None);
        for user in [confirmed(ada()), ada(), User { email: None, ..ada() }] {
            let asked = link(&user).unwrap();
            let verification = may_verify(&asked, &user, NOW).unwrap();
            assert_eq!(
                (verification.address(), verification.former()),
                ("new@example.com", user.email.as_deref())
            );
            assert!(verification.moves());
            // It opens nothing else, and is worth nothing once the account has another address.
            assert_eq!(may_reset(&asked, &user, NOW), None);
            let given = User { email: Some("given@example.com".to_owned()), ..user.clone() };
            assert_eq!(may_verify(&asked, &given, NOW), None);
        }
        let verify = MailedLink::for_user(Aim::VerifyAddress, &ada(), "hash".to_owned(), NOW).unwrap();
        assert!(!may_verify(&verify, &ada(), NOW).unwrap().moves());
    }

    #[test]
    fn owasp_asvs_6_5_5_a_link_ends_on_time() {
        for (aim, seconds) in [(Aim::ResetPassword, 3600), (Aim::VerifyAddress, 86_400)] {
            let user = match aim {
                Aim::ResetPassword => confirmed(ada()),
                Aim::VerifyAddress => ada(),
            };
            let link = link(aim, &user).unwrap();
            let works = |at: Timestamp| match aim {
                Aim::ResetPassword => may_reset(&link, &user, at).is_some(),
                Aim::VerifyAddress => may_verify(&link, &user, at).is_some(),
            };
            assert!(works(Timestamp(NOW.0 + seconds - 1)));
            assert!(!works(Timestamp(NOW.0 + seconds)));
        }
    }

    #[test]
    fn no_link_is_made_that_could_do_nothing() {
        let asked =
            |user: &User| [Aim::ResetPassword, Aim::VerifyAddress].map(|aim| link(aim, user).is_some());
        assert_eq!(asked(&ada()), [false, true], "the address may be anybody's");
        assert_eq!(asked(&User { email: None, ..ada() }), [false, false]);
        assert_eq!(asked(&User { disabled: true, ..ada() }), [false, false]);
        assert_eq!(asked(&User { password_hash: None, ..ada() }), [false, true]);
        assert_eq!(asked(&confirmed(ada())), [true, false]);
        assert_eq!(asked(&User { password_hash: None, ..confirmed(ada()) }), [false, false]);
    }
}
