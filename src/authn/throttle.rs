//! Limits on failed sign-ins, per account, address and device, and on new accounts and self-registered clients per address, shared by every node
//! (OWASP ASVS 6.3.1).

use std::net::IpAddr;

use crate::config::Throttle;
use crate::protocol::ids::UserId;
use crate::protocol::timestamp::{Timestamp, seconds};
use crate::sealing::Seals;
use crate::store::{Attempt, Store, StoreError};

/// An attempt that was counted; a sign-in that succeeds takes the count back.
pub struct CountedAttempt {
    /// The account, or the account on one device.
    account: Option<String>,
    /// None for a known device, which nobody locks out by guessing from the address that they share.
    address: Option<String>,
}

impl CountedAttempt {
    /// The address comes first: whoever is beyond its limit does not use up an account's.
    fn buckets(&self) -> impl Iterator<Item = &String> {
        self.address.iter().chain(&self.account)
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

/// Counts an attempt from `address` to sign in to `account` (a user's id, or the name that was typed), before the
/// password is looked at; or, without an account, to make one.
///
/// # Errors
/// The database is unavailable.
pub async fn count(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    account: Option<&str>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let attempt = CountedAttempt {
        account: account.map(|account| account_bucket(seals, account)),
        // New accounts do not use up what an address may fail to sign in.
        address: Some(seals.throttle_bucket(
            if account.is_some() { "address" } else { "sign-up" },
            &address.map(network).unwrap_or_default(),
        )),
    };
    for (bucket, limit) in attempt.buckets().zip([config.address_failures, config.account_failures]) {
        if let Some(retry_after) = beyond(store, config, bucket, limit, now).await? {
            return Ok(Counted::TooMany { retry_after });
        }
    }
    Ok(Counted::Allowed(attempt))
}

/// Counts an attempt on a device that is known, of which `subject` tells the account and the device: it has as many as an
/// account has, and shares them with nobody.
///
/// # Errors
/// The database is unavailable.
pub async fn count_on_device(
    store: &Store,
    seals: &Seals,
    config: &Throttle,
    subject: &str,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let bucket = seals.throttle_bucket("device", subject);
    Ok(match beyond(store, config, &bucket, config.account_failures, now).await? {
        Some(retry_after) => Counted::TooMany { retry_after },
        None => Counted::Allowed(CountedAttempt { account: Some(bucket), address: None }),
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
        None => Counted::Allowed(CountedAttempt { account: Some(bucket), address: None }),
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
        None => Counted::Allowed(CountedAttempt { account: None, address: Some(address) }),
    })
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
    let bucket = seals.throttle_bucket("registration", &network(address));
    beyond(store, config, &bucket, config.address_failures, now).await
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
    let bucket = seals.throttle_bucket("mail", &network(address));
    beyond(store, config, &bucket, config.address_failures, now).await
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

/// Counts one more in a bucket. Answers the seconds until its window is over, if it is one too many.
async fn beyond(
    store: &Store,
    config: &Throttle,
    bucket: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let Attempt { count, window_start } = store.count_attempt(bucket, now, now.minus(config.window)).await?;
    let left = seconds(config.window).saturating_sub(now.since(window_start)).max(1);
    Ok((count > i64::from(limit)).then_some(left))
}

/// The sign-in succeeded.
///
/// # Errors
/// The database is unavailable.
pub async fn forgive(store: &Store, attempt: &CountedAttempt) -> Result<(), StoreError> {
    match (&attempt.account, &attempt.address) {
        (Some(account), Some(address)) => store.forgive_attempt(account, address).await,
        (Some(account), None) => store.forget_attempts(account).await,
        (None, _) => Ok(()),
    }
}

/// An administrator gave the account a new password: whoever guessed at the old one does not lock the owner out.
///
/// # Errors
/// The database is unavailable.
pub async fn lift(store: &Store, seals: &Seals, account: &UserId) -> Result<(), StoreError> {
    store.forget_attempts(&account_bucket(seals, account.as_str())).await
}

fn account_bucket(seals: &Seals, account: &str) -> String {
    seals.throttle_bucket("account", account)
}

/// The attempt was turned away before the password was looked at.
///
/// # Errors
/// The database is unavailable.
pub async fn take_back(store: &Store, attempt: &CountedAttempt) -> Result<(), StoreError> {
    for bucket in attempt.buckets() {
        store.take_back_attempt(bucket).await?;
    }
    Ok(())
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
