//! Proofs of possession (RFC 9449), as they come: read, verified, and good once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::error::OAuthError;
use crate::app::App;
use crate::jose::{CarriedKeyError, Jws, base64url, verify_by_carried_key};
use crate::protocol::client::Client;
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::dpop::{
    KeyError, OLDEST, ProofClaims, ProofError, TYP, Target, Thumbprint, fits, is_required, judge, may_sign,
};
use crate::protocol::error::ErrorCode;
use crate::protocol::secret::sha256;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What a request has for a proof.
pub enum SentProof {
    /// Nothing.
    Nothing,
    /// The value of its one `DPoP` header.
    One(HeaderValue),
    /// Several such headers.
    Several,
}

/// Takes the proof out of a request's headers, before its body is read.
#[must_use]
pub fn sent(headers: &HeaderMap) -> SentProof {
    let mut values = headers.get_all(DPOP).iter();
    match (values.next(), values.next()) {
        (None, _) => SentProof::Nothing,
        (Some(only), None) => SentProof::One(only.clone()),
        (Some(_), Some(_)) => SentProof::Several,
    }
}

/// A token request's proof of possession.
pub struct Proven {
    /// The key.
    pub key: Thumbprint,
    once: OneTimeId,
}

impl Proven {
    /// Uses the proof up, for all nodes: docs/decisions/0036-dpop.md.
    ///
    /// # Errors
    /// It was used before, or the database is unavailable.
    pub async fn use_up(&self, app: &App) -> Result<(), OAuthError> {
        if app.store.use_assertion(&self.once).await? { Ok(()) } else { Err(ProofError::Used.into()) }
    }
}

/// What a token request is proven with (§5); none if it has no proof and needs none. Whether it was used before shows when it is
/// used up.
///
/// # Errors
/// The proof is of no use, or missing where the client must send one.
pub fn proven_at_token_endpoint(
    app: &App,
    client: &Client,
    proof: &SentProof,
) -> Result<Option<Proven>, ProofError> {
    if matches!(proof, SentProof::Nothing) {
        return if is_required(client) { Err(ProofError::Missing) } else { Ok(None) };
    }
    let uri = app.config.issuer.at("/token");
    let target = Target { method: "POST", uri: &uri, token_hash: None };
    let (key, once) = verified(app, proof, ProofError::Missing, target)?;
    Ok(Some(Proven { key, once }))
}

/// The key that a pushed authorization request is proven with (§10.1); none if it has no proof. Nothing is remembered of it:
/// sent again, it gets a request that only the owner of the key can redeem.
///
/// # Errors
/// The proof is of no use.
pub fn proven_at_par(app: &App, proof: &SentProof) -> Result<Option<Thumbprint>, ProofError> {
    if matches!(proof, SentProof::Nothing) {
        return Ok(None);
    }
    let uri = app.config.issuer.at("/par");
    let target = Target { method: "POST", uri: &uri, token_hash: None };
    verified(app, proof, ProofError::Missing, target).map(|(key, _)| Some(key))
}

/// Why an access token that is bound to a key is of no use in a request (§7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// Its proof is of no use.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Its proof is another key's.
    #[error("the access token cannot be used so: {0}")]
    Key(KeyError),
}

impl NotProven {
    /// The code on the wire (§7.1).
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Proof(_) => ErrorCode::InvalidDpopProof,
            Self::Key(_) => ErrorCode::InvalidToken,
        }
    }
}

/// Checks that a request to a resource of ours proves the key that its access token is bound to (§7.1).
///
/// # Errors
/// It does not.
pub fn proven_with_token(
    app: &App,
    proof: &SentProof,
    (method, path): (&Method, &str),
    token: &str,
    bound_to: &Thumbprint,
) -> Result<(), NotProven> {
    let (uri, hash) = (app.config.issuer.at(path), base64url(sha256(token)));
    let target = Target { method: method.as_str(), uri: &uri, token_hash: Some(&hash) };
    let (key, once) = verified(app, proof, ProofError::MissingBesideToken, target)?;
    fits(Some(bound_to), Some(&key)).map_err(NotProven::Key)?;
    // Last: only whoever has the key uses anything up here.
    if app.proofs.is_first(&once) { Ok(()) } else { Err(ProofError::Used.into()) }
}

/// §4.3, but whether it was used before.
fn verified(
    app: &App,
    proof: &SentProof,
    missing: ProofError,
    target: Target<'_>,
) -> Result<(Thumbprint, OneTimeId), ProofError> {
    let text = match proof {
        SentProof::Nothing => return Err(missing),
        SentProof::Several => return Err(ProofError::Several),
        SentProof::One(value) => value.to_str().map_err(|_| ProofError::Malformed)?,
    };
    let jws = Jws::parse(text).map_err(|_| ProofError::Malformed)?;
    may_sign(jws.is_typ(TYP), jws.alg())?;
    let (claims, thumbprint) = verify_by_carried_key::<ProofClaims>(&jws)?;
    let key = Thumbprint::parse(&thumbprint).ok_or(ProofError::Key)?;
    let once = judge(&claims, &key, target, app.clock.now())?;
    Ok((key, once))
}

impl From<CarriedKeyError> for ProofError {
    fn from(error: CarriedKeyError) -> Self {
        match error {
            CarriedKeyError::NoKey => Self::Key,
            CarriedKeyError::Private => Self::PrivateKey,
            CarriedKeyError::Signature => Self::Signature,
            CarriedKeyError::Claims => Self::Malformed,
        }
    }
}

impl From<ProofError> for OAuthError {
    fn from(error: ProofError) -> Self {
        Self::broken(ErrorCode::InvalidDpopProof, &error)
    }
}

/// Proofs that this node took a moment ago, where nothing else is written for a request (§11.1).
#[derive(Clone)]
pub struct UsedProofs(Arc<Cache<String, ()>>);

impl UsedProofs {
    /// Remembers so many at most, the newest ones; each takes some 300 bytes.
    #[must_use]
    pub fn new(most: u64) -> Self {
        // By the clock of the machine; longer than any proof is good for, by whatever clock.
        let lifetime = OLDEST + Duration::from_secs(30);
        let cache = Cache::builder()
            .max_capacity(most)
            .time_to_live(lifetime)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self(Arc::new(cache))
    }

    /// Was it not used before? Of two requests with the same one, one is told so.
    fn is_first(&self, once: &OneTimeId) -> bool {
        self.0.entry_by_ref(&once.id).or_insert(()).is_fresh()
    }
}

#[cfg(test)]
mod tests {
    use super::UsedProofs;
    use crate::protocol::client_assertion::OneTimeId;
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn rfc9449_11_1_a_proof_counts_once_whoever_is_first() {
        let proofs = UsedProofs::new(1000);
        let once = |id: u32| OneTimeId { id: id.to_string(), expires_at: Timestamp(0) };
        let firsts: usize = std::thread::scope(|scope| {
            let race = || (0..200).filter(|id| proofs.is_first(&once(*id))).count();
            let racers = [(); 4].map(|()| scope.spawn(race));
            racers.map(|racer| racer.join().unwrap()).iter().sum()
        });
        assert_eq!(firsts, 200);
    }

    #[test]
    fn rfc9449_11_1_memory_is_bounded_and_keeps_the_newest() {
        let proofs = UsedProofs::new(100);
        let once = |id: u32| OneTimeId { id: id.to_string(), expires_at: Timestamp(0) };
        assert!((0..2000).all(|id| proofs.is_first(&once(id))));
        proofs.0.run_pending_tasks();
        assert!(proofs.0.entry_count() <= 100);
        assert!(!proofs.is_first(&once(1999)));
    }
}
