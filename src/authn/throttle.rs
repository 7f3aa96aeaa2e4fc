//! Limits on failed sign-ins, per account, address and device, and on new accounts and self-registered clients per address, shared by every node
//! (OWASP ASVS 6.3.1).

use std::net::IpAddr;
use std::time::Duration;

use crate::config::Throttle;
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::{Timestamp, seconds};
use crate::protocol::user::User;
use crate::sealing::Seals;
use crate::store::{Attempt, Bucket, Store, StoreError};

/// An attempt that was counted; a sign-in that succeeds takes the count back.
pub struct CountedAttempt {
    /// What was typed.
    name: Option<String>,
    /// The account, or the account on one device.
    account: Option<String>,
    /// None for a known device, which nobody locks out by guessing from the address that they share.
    address: Option<String>,
}

impl CountedAttempt {
    fn of_account(bucket: String) -> Self {
        Self { name: None, account: Some(bucket), address: None }
    }

    fn of_address(bucket: String) -> Self {
        Self { name: None, account: None, address: Some(bucket) }
    }

    /// The address comes first: whoever is beyond its limit does not use up an account's.
    fn buckets(&self, config: &Throttle) -> impl Iterator<Item = Bucket<'_>> {
        let address = self.address.iter().map(|name| Bucket { name, most: config.address_failures });
        let own = self.name.iter().chain(&self.account);
        address.chain(own.map(|name| Bucket { name, most: config.account_failures }))
    }
}

/// The outcome of counting.
pub enum Counted {
    /// Within the limits.
    Allowed(CountedAttempt),
    /// Beyond one of them.
    TooMany {
        /// Seconds until the window is over.
        retry_after: i64,
    },
}

/// What is counted together. A right password does not lift the limit of the second factor; and whoever guesses at passwords
/// keeps nobody from what cannot be guessed. Their names are part of every bucket's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guessed {
    /// Passwords and mailed codes.
    FirstFactor,
    /// Codes of authenticator apps, and recovery codes.
    SecondFactor,
    /// Passkeys.
    Passkey,
    /// The word of an upstream provider.
    Upstream,
}

impl Guessed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::FirstFactor => "first factor",
            Self::SecondFactor => "second factor",
            Self::Passkey => "passkey",
            Self::Upstream => "upstream",
        }
    }

    /// Names, accounts and devices have kinds of buckets of their own, and what is guessed stands before a colon, after which may
    /// be any text that somebody types: nothing that is typed falls into the bucket of something else.
    fn bucket(self, seals: &Seals, kind: &str, subject: &str) -> String {
        seals.throttle_bucket(kind, &format!("{}:{subject}", self.as_str()))
    }

    fn of_name(self, seals: &Seals, name: &str) -> String {
        self.bucket(seals, "name", name)
    }

    /// An account has one limit, whichever of its names is typed. Where there is no account something else is counted, so that the
    /// time does not tell.
    fn of_account(self, seals: &Seals, account: Option<&UserId>, name: &str) -> String {
        match account {
            Some(account) => self.bucket(seals, "account", account.as_str()),
            None => self.bucket(seals, "nobody", name),
        }
    }
}

/// The outcome of counting an attempt to sign in.
pub enum CountedSignIn {
    /// Within the limits.
    Allowed(CountedAttempt),
    /// Beyond the account's limit, by a name that is not beyond its own: to be answered like a wrong password, since whoever
    /// guessed by one name of an account must not learn by another that the two are one account's.
    Hopeless(CountedAttempt),
    /// Beyond the limit of the address, of what was typed, or of an account that is named by nothing that was typed.
    TooMany {
        /// Seconds until the window is over.
        retry_after: i64,
    },
}

/// Counts an attempt from `address` to sign in to `account` by what somebody typed, `name`, before it is looked at.
///
/// # Errors
/// The database is unavailable.
pub async fn count(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    guessed: Guessed,
    (name, account): (Option<&str>, Option<&UserId>),
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<CountedSignIn, StoreError> {
    let attempt = CountedAttempt {
        name: name.map(|name| guessed.of_name(seals, name)),
        account: Some(guessed.of_account(seals, account, name.unwrap_or_default())),
        address: Some(seals.throttle_bucket("address", &address.map(network).unwrap_or_default())),
    };
    let buckets: Vec<Bucket<'_>> = attempt.buckets(config).collect();
    let counted = store.count_attempts(&buckets, now, now.minus(config.window)).await?;
    Ok(match one_too_many(config, &buckets, &counted, now) {
        None => CountedSignIn::Allowed(attempt),
        // Everything was counted: the account, which comes last, is beyond its limit, and the name is not.
        Some(_) if counted.len() == buckets.len() && name.is_some() => CountedSignIn::Hopeless(attempt),
        Some(retry_after) => CountedSignIn::TooMany { retry_after },
    })
}

/// Counts an attempt on a device that is known, of which `device` tells the account and the device: it has as many as an
/// account has, and shares them with nobody.
///
/// # Errors
/// The database is unavailable.
pub async fn count_on_device(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    guessed: Guessed,
    device: &str,
    now: Timestamp,
) -> Result<CountedSignIn, StoreError> {
    let bucket = guessed.bucket(seals, "device", device);
    Ok(match beyond(store, config, &bucket, config.account_failures, now).await? {
        Some(retry_after) => CountedSignIn::TooMany { retry_after },
        None => CountedSignIn::Allowed(CountedAttempt::of_account(bucket)),
    })
}

/// Counts an attempt from `address` to make an account. New accounts do not use up what an address may fail to sign in.
///
/// # Errors
/// The database is unavailable.
pub async fn count_new_account(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let bucket = seals.throttle_bucket("sign-up", &address.map(network).unwrap_or_default());
    Ok(match beyond(store, config, &bucket, config.address_failures, now).await? {
        Some(retry_after) => Counted::TooMany { retry_after },
        None => Counted::Allowed(CountedAttempt::of_address(bucket)),
    })
}

/// Counts a guess at the password of an entry of the directory, by its distinguished name: the same for all the names that find it.
///
/// # Errors
/// The database is unavailable.
pub async fn count_entry(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    dn: &str,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let bucket = seals.throttle_bucket("directory entry", &dn.to_lowercase());
    Ok(match beyond(store, config, &bucket, config.account_failures, now).await? {
        Some(retry_after) => Counted::TooMany { retry_after },
        None => Counted::Allowed(CountedAttempt::of_account(bucket)),
    })
}

/// Counts somebody who comes back from an upstream provider, before the provider is asked: nobody makes this server ask
/// without end. Whoever was signed in is [taken back](take_back).
///
/// # Errors
/// The database is unavailable.
pub async fn count_return(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    address: IpAddr,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let address = seals.throttle_bucket("upstream", &network(address));
    Ok(match beyond(store, config, &address, config.address_failures, now).await? {
        Some(retry_after) => Counted::TooMany { retry_after },
        None => Counted::Allowed(CountedAttempt::of_address(address)),
    })
}

/// Counts that an address did something of this kind. Answers the seconds to wait where it did so as often as it may fail to sign
/// in.
async fn count_from(
    address: IpAddr,
    kind: &str,
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let bucket = seals.throttle_bucket(kind, &network(address));
    beyond(store, config, &bucket, config.address_failures, now).await
}

/// Counts a client that somebody registers without a token. Answers the seconds to wait where one address registered
/// as many as it may fail to sign in.
///
/// # Errors
/// The database is unavailable.
pub async fn count_registration(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    address: IpAddr,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    count_from(address, "registration", store, seals, config, now).await
}

/// Counts a mail that somebody without a session asks for. Answers the seconds to wait where one address asked for as many
/// as it may fail to sign in. How often anybody is written to is limited besides.
///
/// # Errors
/// The database is unavailable.
pub async fn count_mail(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    address: IpAddr,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    count_from(address, "mail", store, seals, config, now).await
}

/// Counts a public client's request of a device (RFC 8628 §3.1): whoever asks is anonymous, and every one is a row for a while.
/// Answers the seconds to wait where one address asked as often as it may fail to sign in.
///
/// # Errors
/// The database is unavailable.
pub async fn count_device(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    address: IpAddr,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    count_from(address, "device authorization", store, seals, config, now).await
}

/// Counts a code of a device that a signed-in person typed, before it is looked up (RFC 8628 §5.1). A right one is
/// [taken back](take_back).
///
/// What that leaves to somebody who guesses: only accounts may, each `account_failures` times in a window and `address_failures`
/// times from one address. By default those are 10 and 100 in a quarter of an hour, so an address guesses 9,600 times a day. Of
/// 20⁸ codes [`MOST_WAITING`](crate::protocol::device::MOST_WAITING), 10,000, live at a time: one guess in 2.5 million finds one at
/// the very worst, for an address with ten accounts once in nine months; with a hundred that wait, once in 73 years. What it
/// finds is a device that somebody could sign in to their own account.
///
/// # Errors
/// The database is unavailable.
pub async fn count_user_code(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    user: &UserId,
    address: IpAddr,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let attempt = CountedAttempt {
        name: None,
        account: Some(seals.throttle_bucket("device code by", user.as_str())),
        address: Some(seals.throttle_bucket("device code from", &network(address))),
    };
    let buckets: Vec<Bucket<'_>> = attempt.buckets(config).collect();
    let counted = store.count_attempts(&buckets, now, now.minus(config.window)).await?;
    Ok(match one_too_many(config, &buckets, &counted, now) {
        None => Counted::Allowed(attempt),
        Some(retry_after) => Counted::TooMany { retry_after },
    })
}

/// Rows of the audit log that tell that somebody was refused, for each of them and window.
const REFUSALS_TOLD: u32 = 20;

/// Counts that somebody (a user or a client) was refused to administer something. Answers whether the audit log still tells of
/// it: nobody fills it.
///
/// # Errors
/// The database is unavailable.
pub async fn may_tell_of_refusal(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let bucket = seals.throttle_bucket("refused administration", actor);
    Ok(beyond(store, config, &bucket, REFUSALS_TOLD, now).await?.is_none())
}

/// Counts that something happened of which a user is told once within `window` at most. Answers whether they are told now.
///
/// # Errors
/// The database is unavailable.
pub async fn count_news(
    store: &Store,
    seals: &Seals,
    kind: &str,
    user: &UserId,
    now: Timestamp,
    window: Duration,
) -> Result<bool, StoreError> {
    let bucket = seals.throttle_bucket("news", &format!("{kind}:{user}"));
    let buckets = [Bucket { name: &bucket, most: 1 }];
    let counted = store.count_attempts(&buckets, now, now.minus(window)).await?;
    Ok(counted.first().is_some_and(|attempt| attempt.count == 1))
}

/// Counts one more in a bucket. Answers the seconds until its window is over, if it is one too many.
async fn beyond(
    store: &Store,
    config: &Throttle,
    bucket: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let buckets = [Bucket { name: bucket, most: limit }];
    let counted = store.count_attempts(&buckets, now, now.minus(config.window)).await?;
    Ok(one_too_many(config, &buckets, &counted, now))
}

/// The seconds until a window is over, if the attempt was one too many for the bucket that was counted last.
fn one_too_many(
    config: &Throttle,
    buckets: &[Bucket<'_>],
    counted: &[Attempt],
    now: Timestamp,
) -> Option<i64> {
    let (bucket, attempt) = buckets.iter().zip(counted).next_back()?;
    let left = seconds(config.window).saturating_sub(now.since(attempt.window_start)).max(1);
    (attempt.count > i64::from(bucket.most)).then_some(left)
}

/// The sign-in succeeded.
///
/// # Errors
/// The database is unavailable.
pub async fn forgive(store: &Store, attempt: &CountedAttempt) -> Result<(), StoreError> {
    let own: Vec<&String> = attempt.name.iter().chain(&attempt.account).collect();
    if own.is_empty() {
        return Ok(());
    }
    store.forgive_attempt(&own, attempt.address.as_deref()).await
}

/// The account got a new password: whoever guessed at the old one, by whichever of its names, does not lock the owner out.
///
/// # Errors
/// The database is unavailable.
pub async fn lift(store: &Store, seals: &Seals, user: &User) -> Result<(), StoreError> {
    let names = [Some(&user.username), user.email.as_ref()].into_iter().flatten();
    let mut own: Vec<String> =
        names.map(|name| Guessed::FirstFactor.of_name(seals, &name.to_lowercase())).collect();
    own.push(Guessed::FirstFactor.of_account(seals, Some(&user.id), ""));
    store.forgive_attempt(&own, None).await
}

/// The attempt was turned away before the password was looked at.
///
/// # Errors
/// The database is unavailable.
pub async fn take_back(store: &Store, attempt: &CountedAttempt) -> Result<(), StoreError> {
    let counted: Vec<&String> = attempt.address.iter().chain(&attempt.name).chain(&attempt.account).collect();
    store.take_back_attempt(&counted).await
}

/// One customer's network: an IPv4 address, or the /64 that an IPv6 host may choose its addresses from.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_ipv6_host_cannot_choose_its_way_around_the_limit() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
