//! Clients: register, change, give a new secret, delete.

use std::sync::Arc;

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::access::{allow, client_facts, managed_by};
use super::{Refusal, changes, cut};
use crate::app::{App, Origin};
use crate::jose::ClientKeys;
use crate::protocol::client::{AuthMethod, Client, ClientMetadata, OldSecret, SelfRegistration, SigningAlg};
use crate::protocol::ids::ClientId;
use crate::protocol::powers::{Deed, Permission, Resource, reaches_administration, widened};
use crate::protocol::registration::{self, ClientInput, Kind, Registration, RegistrationPolicy, UriHint};
use crate::protocol::secret::sha256_hex;
use crate::protocol::timestamp::Timestamp;
use crate::sealing::{BadCursor, Purpose};

/// A client, and the secret that was just made for it: nobody can read it again.
pub struct Issued {
    /// As it is stored now.
    pub client: Client,
    /// In the clear.
    pub secret: Option<String>,
}

/// A client in answers, under the names of RFC 7591 §3.2.1.
#[derive(Serialize, ToSchema)]
pub struct ClientView {
    /// Its `client_id`.
    pub client_id: String,
    /// Its secret, in the answer to the request that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// When the secret expires: 0, never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    /// Until when the secret before this one works, or worked, beside it (Unix seconds); none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_secret_expires_at: Option<i64>,
    /// When it was registered (Unix seconds).
    pub client_id_issued_at: i64,
    /// When it last changed (Unix seconds).
    pub updated_at: i64,
    /// Switched off: every request of it is refused.
    pub disabled: bool,
    /// What it registered.
    #[serde(flatten)]
    pub metadata: ClientMetadata,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.id.to_string(),
            client_secret: None,
            client_secret_expires_at: None,
            old_secret_expires_at: client.old_secret.as_ref().map(|old| old.until.0),
            client_id_issued_at: client.created_at.0,
            updated_at: client.updated_at.0,
            disabled: client.disabled,
            metadata: client.metadata,
        }
    }
}

impl From<Issued> for ClientView {
    fn from(issued: Issued) -> Self {
        Self {
            client_secret_expires_at: issued.secret.is_some().then_some(0),
            client_secret: issued.secret,
            ..issued.client.into()
        }
    }
}

/// Some clients, and where the next ones begin.
pub struct Page {
    /// In the order of registration.
    pub clients: Vec<Client>,
    /// The place to go on after; none at the end.
    pub next: Option<String>,
}

/// Clients that somebody may see whose id or name holds `query` (all of them where it is empty), after the place `after`,
/// `limit` at most.
///
/// # Errors
/// There is no such place, or the database is unavailable.
pub async fn list(app: &App, origin: &Origin, query: &str, after: &str, limit: u32) -> Result<Page, Refusal> {
    let place = match after {
        // Nothing was registered before that.
        "" => Some((i64::MIN, "")),
        place => place.split_once(':').and_then(|(at, id)| Some((at.parse().ok()?, id))),
    };
    let place = place.ok_or_else(|| Refusal::field("after", BadCursor::Forged))?;
    let (wanted, asked) = (query.trim().to_lowercase(), limit.saturating_add(1));
    let found = if let Some(holder) = managed_by(origin, Permission::Read(Resource::Clients)) {
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        // As few as one holder manages at most.
        let mut theirs = app.store.clients_managed_by(&holder).await?;
        theirs.retain(|client| {
            (client.created_at.0, client.id.as_str()) > place
                && (holds(client.id.as_str()) || holds(&client.metadata.client_name))
        });
        theirs
    } else if wanted.is_empty() {
        app.store.clients_behind(place, asked).await?
    } else {
        app.store.clients_holding(&wanted, place, asked).await?
    };
    let (clients, more) = cut(found, limit);
    let next = clients.last().filter(|_| more).map(|last| format!("{}:{}", last.created_at.0, last.id));
    Ok(Page { clients, next })
}

/// An id that nobody has yet.
#[must_use]
pub fn new_id(app: &App) -> ClientId {
    // RFC 9700 §4.15: a user's id has no such beginning.
    format!("c-{}", app.entropy.opaque_id()).into()
}

/// What this deployment lets clients register.
#[must_use]
pub fn policy(app: &App) -> RegistrationPolicy {
    RegistrationPolicy {
        legacy_front_channel_tokens: app.config.legacy.front_channel_tokens,
        development: app.config.issuer.is_plain_http(),
    }
}

/// Registers a client.
///
/// # Errors
/// It breaks a rule, or its id is in use.
pub async fn create(app: &App, origin: &Origin, input: &ClientInput) -> Result<Issued, Refusal> {
    let wanted = registration::check(input, policy(app)).map_err(Refusal::Invalid)?;
    store_new(app, origin, wanted).await
}

/// Registers a client of a kind: what it does not say, its kind says.
///
/// # Errors
/// It breaks a rule, or one of its kind, or its id is in use.
pub async fn create_kind(
    app: &App,
    origin: &Origin,
    kind: Kind,
    input: ClientInput,
) -> Result<Issued, Refusal> {
    let wanted = kind.check(input, policy(app)).map_err(Refusal::Invalid)?;
    store_new(app, origin, wanted).await
}

/// What may go wrong with the redirect URIs of a client of this kind, each with its URI.
#[must_use]
pub fn hints(kind: Kind, client: &Client) -> Vec<(String, UriHint)> {
    let of = |uri: &String| {
        let hints = kind.check_redirect_uri(uri).unwrap_or_default();
        hints.into_iter().map(|hint| (uri.clone(), hint)).collect::<Vec<_>>()
    };
    client.metadata.redirect_uris.iter().flat_map(of).collect()
}

async fn store_new(app: &App, origin: &Origin, wanted: Registration) -> Result<Issued, Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Clients)), "client:").await?;
    if reaches_administration(&wanted.metadata.scope) {
        allow(app, origin, &Deed::Delegate, "client:").await?;
    }
    let issued = made(app, wanted, None).await?;
    let client = &issued.client;
    let audit = app.audit(origin, "client.create", target(&client.id), client.metadata.client_name.as_str());
    app.store.insert_client(client, &audit).await?;
    Ok(issued)
}

/// A client to be stored, and what else it needs.
///
/// # Errors
/// Its sector cannot be fetched or is another one, or a key could not be made.
pub(crate) async fn made(
    app: &App,
    wanted: Registration,
    self_registration: Option<SelfRegistration>,
) -> Result<Issued, Refusal> {
    may_stand(app, None, &wanted.metadata).await?;
    app.keys.ready_for(&app.store, &wanted.metadata, &app.clock).await?;
    let now = app.clock.now();
    let mut client = Client {
        id: wanted.client_id.unwrap_or_else(|| new_id(app)),
        secret_hash: None,
        sealed_secret: None,
        old_secret: None,
        disabled: wanted.disabled,
        self_registration,
        metadata: wanted.metadata,
        created_at: now,
        updated_at: now,
    };
    let secret = client.needs_secret().then(|| give_secret(app, &mut client)).transpose()?;
    Ok(Issued { client, secret })
}

/// The client with this id, for somebody who looks at it.
///
/// # Errors
/// It is not theirs to see, or there is none.
pub async fn seen(app: &App, origin: &Origin, id: &str) -> Result<Client, Refusal> {
    let client_id = ClientId::from(id);
    // Before it is looked for: whether there are others is nobody's business.
    allow(app, origin, &Deed::SeeClient(&client_id), &target(&client_id)).await?;
    find(app, id).await
}

/// The client with this id.
///
/// # Errors
/// There is none.
pub async fn find(app: &App, id: &str) -> Result<Client, Refusal> {
    let client = app.store.asked_anew().client(&id.into()).await?;
    client.map(Arc::unwrap_or_clone).ok_or(Refusal::NotFound("client"))
}

/// Changes a client from what it was when it was read to what it should be. One that comes to need a secret, or needs its
/// secret as a key for the first time, gets a new one; one that needs none any more loses it.
///
/// # Errors
/// The new registration breaks a rule, or somebody else changed or deleted the client meanwhile.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: Client,
    input: &ClientInput,
) -> Result<Issued, Refusal> {
    let mut wanted = registration::check(input, policy(app)).map_err(Refusal::Invalid)?;
    if wanted.client_id.as_ref().is_some_and(|id| *id != before.id) {
        return Err(Refusal::field("client_id", "cannot be changed"));
    }
    wanted.metadata.software_statement.clone_from(&before.metadata.software_statement);
    may_change(app, origin, &before, Some(&wanted)).await?;
    replace(app, origin, before, wanted).await
}

/// May somebody change this client to have this registration, or only its secret?
async fn may_change(
    app: &App,
    origin: &Origin,
    before: &Client,
    after: Option<&Registration>,
) -> Result<(), Refusal> {
    let mut widened =
        after.map(|after| widened(&before.id, &before.metadata, &after.metadata)).unwrap_or_default();
    if after.is_some_and(|after| before.disabled && !after.disabled) {
        widened.push("disabled");
    }
    let deed = Deed::ChangeClient {
        client: client_facts(app, origin, before).await?,
        powerful_after: after.is_some_and(|after| reaches_administration(&after.metadata.scope)),
        widened: &widened,
    };
    allow(app, origin, &deed, &target(&before.id)).await
}

/// Puts another registration in a client's place; its secret as in [`change`].
///
/// # Errors
/// Its sector cannot be fetched or is another one, or somebody else changed or deleted the client meanwhile.
pub(crate) async fn replace(
    app: &App,
    origin: &Origin,
    before: Client,
    wanted: Registration,
) -> Result<Issued, Refusal> {
    may_stand(app, Some(&before), &wanted.metadata).await?;
    app.keys.ready_for(&app.store, &wanted.metadata, &app.clock).await?;
    let mut after = Client {
        disabled: wanted.disabled,
        metadata: wanted.metadata,
        updated_at: next_version(app, before.updated_at),
        ..before.clone()
    };
    let secret = keep_or_give_secret(app, &mut after)?;
    // What users saw when they were asked: a client that registered itself could ask in one name and go on in another.
    let shown =
        |of: &ClientMetadata| (of.client_name.clone(), of.localized.clone(), of.redirect_uris.clone());
    let unseen = before.self_registration.is_some() && shown(&before.metadata) != shown(&after.metadata);
    let detail = changes(&ClientInput::from(&before), &ClientInput::from(&after));
    let audit = app.audit(origin, "client.update", target(&after.id), detail);
    let written = if unseen {
        app.store.update_client_unseen(&after, before.updated_at, &audit).await?
    } else {
        app.store.update_client(&after, before.updated_at, &audit).await?
    };
    if written { Ok(Issued { client: after, secret }) } else { Err(Refusal::Changed("client")) }
}

/// The rules that need more than the registration itself: keys by value do what they are registered for, and the sector,
/// if it is another than before, lists every redirect URI.
///
/// # Errors
/// A key is missing, or the sector cannot be fetched or is another one.
pub(super) async fn may_stand(
    app: &App,
    before: Option<&Client>,
    wanted: &ClientMetadata,
) -> Result<(), Refusal> {
    check_keys(wanted)?;
    let sector = |of: &ClientMetadata| (of.sector_identifier_uri.clone(), of.redirect_uris.clone());
    // Nobody's server elsewhere need answer for a client to be switched off.
    if before.is_none_or(|before| sector(&before.metadata) != sector(wanted)) {
        check_sector(app, wanted).await?;
    }
    Ok(())
}

/// For how long an old secret works at most: it is there for a change of settings, not for good.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 86_400);
/// For how long it works unless told otherwise.
pub const OVERLAP: Duration = Duration::from_secs(86_400);

/// Replaces a client's secret. The old one works beside the new one for as long as `overlap`; one before it stops at once,
/// and so does this one when there is no overlap.
///
/// # Errors
/// The client is public, the overlap is too long, or somebody else changed or deleted the client meanwhile.
pub async fn rotate_secret(
    app: &App,
    origin: &Origin,
    before: Client,
    overlap: Duration,
) -> Result<Issued, Refusal> {
    may_change(app, origin, &before, None).await?;
    if overlap > LONGEST_OVERLAP {
        return Err(Refusal::field("keep_old_seconds", "7 days (604800 seconds) at most"));
    }
    if !before.needs_secret() {
        return Err(Refusal::field("token_endpoint_auth_method", "this client has no secret"));
    }
    let mut after = Client { updated_at: next_version(app, before.updated_at), ..before.clone() };
    let secret = give_secret(app, &mut after)?;
    after.old_secret = before.secret_hash.clone().filter(|_| !overlap.is_zero()).map(|hash| OldSecret {
        hash,
        sealed: before.sealed_secret.clone(),
        until: app.clock.now().plus(overlap),
    });
    let detail = format!("old one works for {} s", overlap.as_secs());
    let audit = app.audit(origin, "client.rotate_secret", target(&after.id), detail);
    if app.store.update_client(&after, before.updated_at, &audit).await? {
        Ok(Issued { client: after, secret: Some(secret) })
    } else {
        Err(Refusal::Changed("client"))
    }
}

/// Ends a client's old secret before its time.
///
/// # Errors
/// There is none that works, or somebody else changed or deleted the client meanwhile.
pub async fn end_old_secret(app: &App, origin: &Origin, before: Client) -> Result<Client, Refusal> {
    may_change(app, origin, &before, None).await?;
    if before.old_secret_at(app.clock.now()).is_none() {
        return Err(Refusal::NotFound("old secret"));
    }
    let after =
        Client { old_secret: None, updated_at: next_version(app, before.updated_at), ..before.clone() };
    let audit = app.audit(origin, "client.end_old_secret", target(&after.id), "");
    if app.store.update_client(&after, before.updated_at, &audit).await? {
        Ok(after)
    } else {
        Err(Refusal::Changed("client"))
    }
}

/// Deletes a client with its consents and grants.
///
/// # Errors
/// There is none with this id.
pub async fn delete(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    let client = find(app, id).await?;
    may_delete(app, origin, &client).await?;
    remove(app, origin, &client.id).await
}

/// The same for a client that is as it was when it was read.
///
/// # Errors
/// There is none with this id, or somebody else changed it meanwhile.
pub async fn delete_unchanged(app: &App, origin: &Origin, read: &Client) -> Result<(), Refusal> {
    may_delete(app, origin, read).await?;
    let audit = app.audit(origin, "client.delete", target(&read.id), "");
    if app.store.delete_client_read(&read.id, Some(read.updated_at), &audit).await? {
        return Ok(());
    }
    find(app, read.id.as_str()).await?;
    Err(Refusal::Changed("client"))
}

async fn may_delete(app: &App, origin: &Origin, client: &Client) -> Result<(), Refusal> {
    let facts = client_facts(app, origin, client).await?;
    allow(app, origin, &Deed::DeleteClient(facts), &target(&client.id)).await
}

/// Deletes a client that asks for it itself.
///
/// # Errors
/// There is none with this id.
pub(crate) async fn remove(app: &App, origin: &Origin, id: &ClientId) -> Result<(), Refusal> {
    let audit = app.audit(origin, "client.delete", target(id), "");
    if app.store.delete_client(id, &audit).await? { Ok(()) } else { Err(Refusal::NotFound("client")) }
}

/// Keys by value must do what the client registered them for; those by reference show it when they are used.
fn check_keys(metadata: &ClientMetadata) -> Result<(), Refusal> {
    let Some(jwks) = &metadata.jwks else { return Ok(()) };
    let keys = ClientKeys::parse(jwks);
    let signs = |alg: Option<SigningAlg>| {
        let usable = keys.signing_algs();
        alg.map_or(!usable.is_empty(), |alg| usable.contains(&alg))
    };
    let by_key = metadata.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt;
    if by_key && !signs(metadata.token_endpoint_auth_signing_alg) {
        return Err(Refusal::field("jwks", "holds no key that private_key_jwt could be signed with"));
    }
    let object_alg = metadata.request_object_signing_alg.filter(|alg| alg.is_asymmetric());
    if object_alg.is_some() && !signs(object_alg) {
        return Err(Refusal::field("jwks", "holds no key for request_object_signing_alg"));
    }
    for encryption in [metadata.id_token_encryption(), metadata.userinfo_encryption()].into_iter().flatten() {
        if keys.encryption_key(encryption.alg).is_none() {
            let alg = encryption.alg;
            return Err(Refusal::field("jwks", format_args!("holds no key to encrypt to with {alg}")));
        }
    }
    Ok(())
}

/// OpenID Connect Registration §5: what stands at the sector identifier must list every redirect URI.
async fn check_sector(app: &App, metadata: &ClientMetadata) -> Result<(), Refusal> {
    let Some(address) = &metadata.sector_identifier_uri else { return Ok(()) };
    let document = app
        .outgoing
        .get(address)
        .await
        .map_err(|error| Refusal::field("sector_identifier_uri", format_args!("{address} {error}")))?;
    registration::check_sector(&document, &metadata.redirect_uris)
        .map_err(|problem| Refusal::Invalid(vec![problem]))
}

/// Random bits, of which the database learns only the hash, or, where they must serve as a key, the sealed text; the key
/// of HS512 needs 64 bytes (RFC 7518 §3.2). The beginning lets scanners recognise a leaked one.
fn give_secret(app: &App, client: &mut Client) -> Result<String, Refusal> {
    let more = if client.metadata.needs_secret_as_key() { app.entropy.secret() } else { String::new() };
    let secret = format!("cs_cs_{}{more}", app.entropy.secret());
    take_secret(app, client, &secret)?;
    Ok(secret)
}

/// Makes this text a client's secret.
pub(super) fn take_secret(app: &App, client: &mut Client, secret: &str) -> Result<(), Refusal> {
    client.secret_hash = Some(sha256_hex(secret));
    client.sealed_secret = if client.metadata.needs_secret_as_key() {
        Some(app.seals.seal(Purpose::ClientSecret, &secret, &app.entropy)?)
    } else {
        None
    };
    Ok(())
}

/// Makes a changed client's secret fit its metadata. Answers the new secret, if there is one.
pub(super) fn keep_or_give_secret(app: &App, client: &mut Client) -> Result<Option<String>, Refusal> {
    if !client.needs_secret() {
        (client.secret_hash, client.sealed_secret, client.old_secret) = (None, None, None);
        return Ok(None);
    }
    let needs_key = client.metadata.needs_secret_as_key();
    if client.secret_hash.is_none() || needs_key && client.sealed_secret.is_none() {
        client.old_secret = None;
        return give_secret(app, client).map(Some);
    }
    if !needs_key {
        client.sealed_secret = None;
    }
    Ok(None)
}

pub(super) fn target(id: &ClientId) -> String {
    format!("client:{id}")
}

/// `updated_at` doubles as the version that guards edits against each other, so it grows with every edit, also with
/// two in one second.
pub(super) fn next_version(app: &App, before: Timestamp) -> Timestamp {
    app.clock.now().max(before.plus(Duration::from_secs(1)))
}
