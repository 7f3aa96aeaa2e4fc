//! This server's keys: rotate, revoke.

use super::Refusal;
use super::access::allow;
use crate::app::{App, Origin};
use crate::jose::KeyAlg;
use crate::protocol::ids::KeyId;
use crate::protocol::powers::{Deed, Permission, Resource};

/// Makes the next key of one algorithm, or of each that is in use. It signs after it was published for as long as the configuration
/// says, or `at_once`. Answers the new keys; fewer than asked for when another node was first.
///
/// # Errors
/// The database is unavailable, or no key could be made.
pub async fn rotate(
    app: &App,
    origin: &Origin,
    alg: Option<KeyAlg>,
    at_once: bool,
) -> Result<Vec<KeyId>, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Keys)), "key:").await?;
    let in_use = app.keys.algorithms();
    let algs = alg.as_ref().map_or(in_use.as_slice(), std::slice::from_ref);
    let mut made = Vec::with_capacity(algs.len());
    for &alg in algs {
        let detail = if at_once { "at once" } else { "" };
        let audit = app.audit(origin, "key.rotate", format!("alg:{alg}"), detail);
        made.extend(app.keys.rotate(&app.store, alg, at_once, audit).await?);
    }
    Ok(made)
}

/// Revokes a key: nothing that it signed counts from now on, and it decrypts nothing. Where none of its algorithm is left, another one is made.
///
/// # Errors
/// There is no such key, or it was revoked before.
pub async fn revoke(app: &App, origin: &Origin, kid: &str) -> Result<(), Refusal> {
    let kid = KeyId::from(kid);
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Keys)), &format!("key:{kid}")).await?;
    let audit = app.audit(origin, "key.revoke", format!("key:{kid}"), "");
    if app.keys.revoke(&app.store, &app.clock, &kid, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("key (or it is revoked already)"))
    }
}
