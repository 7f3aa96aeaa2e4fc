//! Upstream providers: register, change, switch off, delete, and look whether they are well. Those of countersign.toml are
//! shown beside them, and changed there.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::access::allow;
use super::clients::next_version;
use super::{Refusal, changes};
use crate::app::{App, Origin};
use crate::authn::upstream::{self, Examined, Looked, Providers, Standing};
use crate::config::{KeptProof, Upstream, UpstreamSecret};
use crate::protocol::powers::Deed;
use crate::protocol::provider::{Complaint, Described, ProviderInput, check};
use crate::protocol::registration::FieldProblem;
use crate::protocol::timestamp::Timestamp;
use crate::store::{LinksOfUpstream, MOST_COUNTED, MOST_UPSTREAMS, StoredUpstream};

/// The part of addresses of this console that would be a provider's.
const RESERVED: &str = "new";

/// A provider in answers.
#[derive(Serialize, ToSchema)]
pub struct ProviderView {
    /// Everything that is said of it, presets filled in.
    #[serde(flatten)]
    pub settings: ProviderInput,
    /// `file` for one of countersign.toml, which is changed there; `database` for one that was registered here.
    pub source: &'static str,
    /// Has countersign.toml one of the same id, which is used in its place?
    pub hidden: bool,
    /// Why it cannot be used; empty if it can.
    pub problems: Vec<FieldProblem>,
    /// What this server proves itself by there: `secret`, `key` or `none`.
    pub proof: &'static str,
    /// Where the provider sends browsers back to: to be registered there.
    pub redirect_uri: String,
    /// When it was registered (Unix seconds); none in the file.
    pub created_at: Option<i64>,
    /// When it last changed (Unix seconds); none in the file.
    pub updated_at: Option<i64>,
}

/// Whose accounts are linked to a provider.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct LinksView {
    /// Accounts here that sign in with it; 10001 for more than 10000.
    pub accounts: i64,
    /// Those among them that have no other way to sign in.
    pub only_way: i64,
}

/// A provider that there is.
pub enum Known {
    /// Registered here.
    Registered(Arc<Standing>),
    /// In countersign.toml.
    OfFile(Box<Upstream>),
}

impl Known {
    /// Its version; the same always in the file.
    #[must_use]
    pub fn version(&self) -> Timestamp {
        match self {
            Self::Registered(standing) => Timestamp(standing.row.updated_at),
            Self::OfFile(_) => Timestamp(0),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Registered(standing) => &standing.row.id,
            Self::OfFile(upstream) => &upstream.id,
        }
    }
}

/// A provider as answers have it.
#[must_use]
pub fn view(app: &App, known: &Known) -> ProviderView {
    let redirect_uri = upstream::redirect_uri(app, known.id());
    match known {
        Known::Registered(standing) => ProviderView {
            settings: standing.input.clone(),
            source: "database",
            hidden: app.config.upstreams.iter().any(|upstream| upstream.id == standing.row.id),
            problems: problems_of(standing),
            proof: match standing.proof {
                Some(KeptProof::Secret(_)) => "secret",
                Some(KeptProof::Key(_)) => "key",
                None => "none",
            },
            redirect_uri,
            created_at: Some(standing.row.created_at),
            updated_at: Some(standing.row.updated_at),
        },
        Known::OfFile(upstream) => ProviderView {
            settings: ProviderInput::from(&upstream.described()),
            source: "file",
            hidden: false,
            problems: Vec::new(),
            proof: match upstream.client_secret {
                Some(UpstreamSecret::Text(_)) => "secret",
                Some(UpstreamSecret::Signed(_)) => "key",
                None => "none",
            },
            redirect_uri,
            created_at: None,
            updated_at: None,
        },
    }
}

fn problems_of(standing: &Standing) -> Vec<FieldProblem> {
    match &standing.usable {
        Ok(_) => Vec::new(),
        Err(complaints) => complaints.iter().cloned().map(FieldProblem::from).collect(),
    }
}

/// Every provider: those of the file in its order, then those that were registered by id.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App) -> Result<Vec<ProviderView>, Refusal> {
    let providers = app.providers_anew().await?;
    let of_file = providers.of_file().iter().map(|upstream| Known::OfFile(Box::new(upstream.clone())));
    let registered = providers.registered().iter().map(|standing| Known::Registered(Arc::clone(standing)));
    Ok(of_file.chain(registered).map(|known| view(app, &known)).collect())
}

/// The provider with this id; of two, the one that can be changed here.
///
/// # Errors
/// There is none.
pub async fn find(app: &App, id: &str) -> Result<Known, Refusal> {
    let providers = app.providers_anew().await?;
    if let Some(standing) = providers.standing(id) {
        return Ok(Known::Registered(Arc::clone(standing)));
    }
    let of_file = providers.of_file().iter().find(|upstream| upstream.id == id);
    of_file.map(|upstream| Known::OfFile(Box::new(upstream.clone()))).ok_or(Refusal::NotFound("provider"))
}

/// The same, if it was registered here.
///
/// # Errors
/// It stands in the file.
pub fn registered(known: Known) -> Result<Arc<Standing>, Refusal> {
    match known {
        Known::Registered(standing) => Ok(standing),
        Known::OfFile(_) => {
            Err(Refusal::field("id", "this provider is in countersign.toml: change it there"))
        }
    }
}

/// Whose accounts are linked to it.
///
/// # Errors
/// The database is unavailable.
pub async fn links(app: &App, id: &str) -> Result<LinksView, Refusal> {
    let providers = app.providers_anew().await?;
    let LinksOfUpstream { accounts, only_way } =
        app.store.links_of_upstream(id, &providers.ids(), app.config.sign_in.email_code).await?;
    Ok(LinksView { accounts, only_way })
}

/// Registers a provider.
///
/// # Errors
/// It breaks a rule, its id is in use, there are too many, or accounts are linked under its id already.
pub async fn create(app: &App, origin: &Origin, input: &ProviderInput) -> Result<Known, Refusal> {
    allow(app, origin, &Deed::ChangeProvider, "upstream:").await?;
    let wanted = check_new(app, input)?;
    keeps_links(app, input, &wanted.described, None).await?;
    let row = new_row(app, &wanted)?;
    let audit = app.audit(origin, "upstream.create", target(&row.id), summary(&wanted.described));
    if !app.store.insert_upstream(&row, &audit).await? {
        let what = format_args!("there are {MOST_UPSTREAMS} providers, and may be no more");
        return Err(Refusal::field("id", what));
    }
    find(app, &row.id).await
}

/// Changes a provider from what it was when it was read to what it should be. Its secret stays where none is said; with
/// `forget_secret` it goes.
///
/// # Errors
/// It breaks a rule, somebody else changed or deleted it meanwhile, or it would be another that vouches for the accounts that
/// are linked to it.
pub async fn change(
    app: &App,
    origin: &Origin,
    before: &Standing,
    input: &ProviderInput,
    forget_secret: bool,
) -> Result<Known, Refusal> {
    allow(app, origin, &Deed::ChangeProvider, &target(&before.row.id)).await?;
    let wanted = check_change(app, before, input, forget_secret)?;
    keeps_links(app, input, &wanted.described, Some(before)).await?;
    let (row, detail) = changed_row(app, before, &wanted)?;
    let audit = app.audit(origin, "upstream.update", target(&row.id), detail);
    if !app.store.update_upstream(&row, Timestamp(before.row.updated_at), &audit).await? {
        return Err(Refusal::Changed("provider"));
    }
    find(app, &row.id).await
}

/// Deletes a provider. The accounts that are linked to it stay linked: they are its users' again should it come back.
///
/// # Errors
/// Somebody else changed or deleted it meanwhile.
pub async fn delete(app: &App, origin: &Origin, before: &Standing) -> Result<(), Refusal> {
    allow(app, origin, &Deed::ChangeProvider, &target(&before.row.id)).await?;
    let audit = app.audit(origin, "upstream.delete", target(&before.row.id), name_of(before));
    if app.store.delete_upstream(&before.row.id, Timestamp(before.row.updated_at), &audit).await? {
        Ok(())
    } else {
        Err(Refusal::Changed("provider"))
    }
}

/// Asks a provider, as far as can be without signing in, whether people could sign in with it.
///
/// # Errors
/// There is none.
pub async fn examine(app: &App, id: &str) -> Result<Examined, Refusal> {
    match find(app, id).await? {
        Known::OfFile(upstream) => Ok(upstream::examine(app, &upstream).await),
        Known::Registered(standing) => Ok(match &standing.usable {
            Ok((_, upstream)) => upstream::examine(app, upstream).await,
            Err(complaints) => {
                let of = |complaint: &Complaint| Looked {
                    check: complaint.field,
                    good: false,
                    found: complaint.what.clone(),
                };
                Examined { good: false, findings: complaints.iter().map(of).collect() }
            }
        }),
    }
}

/// A description that keeps every rule, and what proves who this server is there.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) described: Described,
    proof: Option<KeptProof>,
    /// Is the proof another than before?
    pub(super) new_proof: bool,
}

impl Wanted {
    /// Is this what a stored provider is already?
    pub(super) fn is(&self, before: &Standing) -> bool {
        !self.new_proof && before.usable.as_ref().is_ok_and(|(described, _)| *described == self.described)
    }
}

/// Checks a description of a provider that is yet to be registered.
pub(super) fn check_new(app: &App, input: &ProviderInput) -> Result<Wanted, Refusal> {
    let wanted = checked(app, input, None)?;
    let id = wanted.described.id.as_str();
    if id == RESERVED {
        return Err(Refusal::field("id", "is a part of this server's own addresses: choose another"));
    }
    if app.config.upstreams.iter().any(|upstream| upstream.id == id) {
        return Err(Refusal::field("id", "is used in countersign.toml already"));
    }
    Ok(wanted)
}

/// Checks a description of a provider in place of what it was.
pub(super) fn check_change(
    app: &App,
    before: &Standing,
    input: &ProviderInput,
    forget_secret: bool,
) -> Result<Wanted, Refusal> {
    let kept = before.proof.clone().filter(|proof| match proof {
        // Whoever signs no secrets any more has no use for the key.
        KeptProof::Key(_) => input.team_id.is_some() || input.key_id.is_some(),
        KeptProof::Secret(_) => true,
    });
    let kept = if forget_secret { None } else { kept };
    let keeps_a_secret = matches!(kept, Some(KeptProof::Secret(_))) && input.client_secret.is_none();
    let mut wanted = checked(app, input, kept)?;
    let confidant = wanted.described.protocol.confidant();
    let is_shown_to = |described: &Described| described.protocol.confidant() == confidant;
    // Whoever may change where the secret goes is not thereby to learn it.
    if keeps_a_secret && !before.usable.as_ref().is_ok_and(|(described, _)| is_shown_to(described)) {
        return Err(Refusal::field(
            "client_secret",
            "must be given anew: the one that is kept here is shown to nobody but whom it was given for",
        ));
    }
    if wanted.described.id != before.row.id {
        return Err(Refusal::field(
            "id",
            "cannot be changed: register another provider, and delete this one",
        ));
    }
    wanted.new_proof |= before.proof.is_some() != wanted.proof.is_some()
        // Sealed under another secret, say.
        || before.row.secret.is_some() != wanted.proof.is_some();
    Ok(wanted)
}

fn checked(app: &App, input: &ProviderInput, kept: Option<KeptProof>) -> Result<Wanted, Refusal> {
    let text = |text: &crate::protocol::provider::SecretText| Zeroizing::new(text.expose().trim().to_owned());
    let given = match (&input.client_secret, &input.private_key) {
        (Some(_), Some(_)) => {
            return Err(Refusal::field("private_key", "is set beside client_secret; keep one of the two"));
        }
        (Some(secret), None) => Some(KeptProof::Secret(text(secret))),
        (None, Some(key)) => Some(KeptProof::Key(text(key))),
        (None, None) => None,
    };
    let given = given.filter(|given| kept.as_ref() != Some(given));
    let new_proof = given.is_some();
    let proof = given.or(kept);
    let refused = |complaints: Vec<Complaint>| {
        Refusal::Invalid(complaints.into_iter().map(FieldProblem::from).collect())
    };
    let development = app.config.issuer.is_plain_http();
    let described = check(input, KeptProof::of(proof.as_ref()), development).map_err(refused)?;
    described.clone().with(proof.as_ref()).map_err(|complaint| refused(vec![complaint]))?;
    may_be_asked(app, &described)?;
    Ok(Wanted { described, proof, new_proof })
}

/// What can be told of addresses before their names are resolved.
fn may_be_asked(app: &App, described: &Described) -> Result<(), Refusal> {
    use crate::protocol::provider::UpstreamProtocol::{OAuth2, OpenIdConnect};
    let addresses = match &described.protocol {
        OpenIdConnect { issuer } => vec![("issuer", issuer.as_str())],
        OAuth2(provider) => {
            let mut addresses = vec![
                ("token_endpoint", provider.token.as_str()),
                ("userinfo_endpoint", provider.userinfo.as_str()),
            ];
            addresses.extend(provider.emails.as_ref().map(|emails| ("emails_endpoint", emails.as_str())));
            addresses
        }
    };
    let problems: Vec<FieldProblem> = addresses
        .into_iter()
        .filter_map(|(field, address)| {
            app.outgoing.may(address).err().map(|error| FieldProblem::new(field, error))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Invalid(problems)) }
}

/// Accounts that are linked under an id are whoever's the provider says. So that it is not another one's by mistake, whoever
/// registers one under such an id, or has another vouch, says that the people are the same.
pub(super) async fn keeps_links(
    app: &App,
    input: &ProviderInput,
    wanted: &Described,
    before: Option<&Standing>,
) -> Result<(), Refusal> {
    if input.keep_links == Some(true) {
        return Ok(());
    }
    if let Some(before) = before
        && before
            .usable
            .as_ref()
            .is_ok_and(|(described, _)| described.protocol.voucher() == wanted.protocol.voucher())
    {
        return Ok(());
    }
    let accounts = links(app, &wanted.id).await?.accounts;
    if accounts == 0 {
        return Ok(());
    }
    let many = if accounts > MOST_COUNTED {
        format!("more than {MOST_COUNTED} accounts are")
    } else if accounts == 1 {
        "1 account is".to_owned()
    } else {
        format!("{accounts} accounts are")
    };
    Err(Refusal::field(
        "keep_links",
        format_args!(
            "{many} linked to a provider of this id already, and whoever this one calls by the same names gets in to them: \
             choose another id, or say true here if its users are the same people"
        ),
    ))
}

pub(super) fn new_row(app: &App, wanted: &Wanted) -> Result<StoredUpstream, Refusal> {
    let now = app.clock.now().0;
    Ok(StoredUpstream {
        id: wanted.described.id.clone(),
        settings: written(&wanted.described),
        secret: sealed(app, wanted)?,
        enabled: wanted.described.enabled,
        created_at: now,
        updated_at: now,
    })
}

/// The row, and what of it is new.
pub(super) fn changed_row(
    app: &App,
    before: &Standing,
    wanted: &Wanted,
) -> Result<(StoredUpstream, String), Refusal> {
    let row = StoredUpstream {
        settings: written(&wanted.described),
        secret: if wanted.new_proof { sealed(app, wanted)? } else { before.row.secret.clone() },
        enabled: wanted.described.enabled,
        updated_at: next_version(app, Timestamp(before.row.updated_at)).0,
        ..before.row.clone()
    };
    let proof = match &wanted.proof {
        _ if !wanted.new_proof => None,
        Some(KeptProof::Secret(_)) => Some("client_secret"),
        Some(KeptProof::Key(_)) => Some("private_key"),
        None => Some("secret removed"),
    };
    let after = ProviderInput::from(&wanted.described);
    let fields = (before.input != after || proof.is_none()).then(|| changes(&before.input, &after));
    let detail: Vec<&str> = fields.as_deref().into_iter().chain(proof).collect();
    Ok((row, detail.join(" ")))
}

fn written(described: &Described) -> String {
    let input = ProviderInput { enabled: None, ..ProviderInput::from(described) };
    // Texts and switches alone always are JSON.
    serde_json::to_string(&input).unwrap_or_default()
}

fn sealed(app: &App, wanted: &Wanted) -> Result<Option<String>, Refusal> {
    let seal = |proof: &KeptProof| proof.seal(&app.seals, &app.entropy, &wanted.described.id);
    Ok(wanted.proof.as_ref().map(seal).transpose()?)
}

/// What the audit log has of a new one: who vouches, and what its word counts for.
pub(super) fn summary(described: &Described) -> String {
    format!(
        "{} {} sign_up={} trust_email={} enabled={}",
        described.name,
        described.protocol.voucher(),
        described.policy.sign_up,
        described.policy.trust_email,
        described.enabled
    )
}

pub(super) fn name_of(standing: &Standing) -> String {
    standing.input.name.clone().unwrap_or_default()
}

pub(super) fn target(id: &str) -> String {
    format!("upstream:{id}")
}

/// The ids of providers that stand in both places, where the file's is used.
#[must_use]
pub fn in_both_places(providers: &Providers) -> Vec<&str> {
    let ids = providers.registered().iter().map(|standing| standing.row.id.as_str());
    ids.filter(|id| providers.is_hidden(id)).collect()
}
