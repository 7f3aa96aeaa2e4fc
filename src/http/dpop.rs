//! Proofs of possession (RFC 9449), as they come: read, verified, and good once.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde::Serialize;
use tokio::sync::OnceCell;

use super::error::OAuthError;
use crate::app::App;
use crate::jose::{CarriedKeyError, Jws, base64url, verify_by_carried_key};
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::dpop::{
    KeyError, OLDEST, ProofClaims, ProofError, SCHEME, TYP, Target, Thumbprint, fits, judge, may_sign,
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

impl SentProof {
    fn text(&self) -> Result<Option<&str>, ProofError> {
        match self {
            Self::Nothing => Ok(None),
            Self::One(value) => value.to_str().map(Some).map_err(|_| ProofError::Malformed),
            Self::Several => Err(ProofError::Several),
        }
    }
}

/// A request's proof of possession.
pub struct Proven {
    /// The key.
    pub key: Thumbprint,
    once: OneTimeId,
    used: OnceCell<()>,
}

/// What a POST to this path is proven with (§4.3); none if it has no proof. Whether it was used before shows when it is used up.
///
/// # Errors
/// The proof is of no use.
pub fn proven(app: &App, proof: &SentProof, path: &str) -> Result<Option<Proven>, ProofError> {
    let Some(text) = proof.text()? else { return Ok(None) };
    let uri = app.config.issuer.at(path);
    let (key, once) = verified(app, text, Target { method: "POST", uri: &uri, token_hash: None })?;
    Ok(Some(Proven { key, once, used: OnceCell::new() }))
}

/// How an access token is used (RFC 6749 §7.1). Only [`token_type`] makes one, so that no grant forgets to use the proof up.
#[derive(Clone, Copy, Serialize)]
pub struct TokenType(&'static str);

/// Uses the proof up, if there is one, for all nodes (docs/decisions/0036-dpop.md). §5: "A `token_type` of `DPoP` MUST be
/// included".
///
/// # Errors
/// It was used before, or the database is unavailable.
pub async fn token_type(app: &App, proof: Option<&Proven>) -> Result<TokenType, OAuthError> {
    let Some(proof) = proof else { return Ok(TokenType("Bearer")) };
    let use_up = async || {
        if app.store.use_assertion(&proof.once).await? { Ok(()) } else { Err(ProofError::Used.into()) }
    };
    proof.used.get_or_try_init(use_up).await.map(|()| TokenType(SCHEME))
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
    let text = proof.text()?.ok_or(ProofError::MissingBesideToken)?;
    let (key, once) = verified(app, text, target)?;
    fits(Some(bound_to), Some(&key)).map_err(NotProven::Key)?;
    // Last: only whoever has the key uses anything up here.
    if app.proofs.is_first(&once) { Ok(()) } else { Err(ProofError::Used.into()) }
}

/// §4.3, but whether it was used before.
fn verified(app: &App, text: &str, target: Target<'_>) -> Result<(Thumbprint, OneTimeId), ProofError> {
    let jws = Jws::parse(text).map_err(|_| {
        if Jws::has_unknown_alg(text) { ProofError::Algorithm } else { ProofError::Malformed }
    })?;
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
        // §5 names a code for a proof that is of no use, and §5.2 none for one that is not there.
        let code = match error {
            ProofError::Missing => ErrorCode::InvalidRequest,
            _ => ErrorCode::InvalidDpopProof,
        };
        Self::broken(code, &error)
    }
}

/// Proofs that this node took a moment ago, where nothing else is written for a request (§11.1).
#[derive(Clone)]
pub struct UsedProofs(Cache<String, ()>);

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
        Self(cache)
    }

    /// Was it not used before? Of two requests with the same one, one is told so.
    fn is_first(&self, once: &OneTimeId) -> bool {
        let mut first = false;
        // Of those that come at once, `or_insert` may call two fresh; these come one after the other.
        self.0.entry_by_ref(&once.id).and_compute_with(|before| {
            first = before.is_none();
            if first { Op::Put(()) } else { Op::Nop }
        });
        first
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
