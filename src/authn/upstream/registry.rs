//! The providers that people can sign in with: those of countersign.toml, and those that administrators registered. Where
//! both have an id, the file's counts (`docs/decisions/0030-providers-in-two-places.md`).

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::config::{Config, KeptProof, Upstream};
use crate::entropy::Entropy;
use crate::protocol::provider::{Complaint, Described, Proof, ProviderInput, check};
use crate::sealing::{Purpose, SealError, Seals};
use crate::store::{StoreError, StoredUpstream, StoredUpstreams};

/// What proves who this server is at a provider, as it is sealed: bound to the provider, so that no row's does for another.
#[derive(Serialize, Deserialize)]
struct SealedProof {
    upstream: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl KeptProof {
    /// Seals it for the database.
    ///
    /// # Errors
    /// Never for what fits into a request.
    pub fn seal(&self, seals: &Seals, entropy: &Entropy, upstream: &str) -> Result<String, SealError> {
        let (secret, key) = match self {
            Self::Secret(text) => (Some(text.to_string()), None),
            Self::Key(pem) => (None, Some(pem.to_string())),
        };
        let sealed = SealedProof { upstream: upstream.to_owned(), secret, key };
        let text = seals.seal(Purpose::UpstreamSecret, &sealed, entropy);
        let SealedProof { secret, key, .. } = sealed;
        drop([secret, key].map(Option::unwrap_or_default).map(Zeroizing::new));
        text
    }

    /// Opens what was sealed for this provider.
    fn open(seals: &Seals, text: &str, upstream: &str) -> Option<Self> {
        let sealed: SealedProof = seals.open(Purpose::UpstreamSecret, text).ok()?;
        let SealedProof { upstream: whose, secret, key } = sealed;
        let secret = secret.map(|text| Self::Secret(Zeroizing::new(text)));
        let key = key.map(|pem| Self::Key(Zeroizing::new(pem)));
        secret.or(key).filter(|_| whose == upstream)
    }

    /// As the rules need to know it.
    #[must_use]
    pub fn of(proof: Option<&Self>) -> Proof {
        Proof { secret: matches!(proof, Some(Self::Secret(_))), key: matches!(proof, Some(Self::Key(_))) }
    }
}

/// A provider that an administrator registered, read back.
#[derive(Debug)]
pub struct Standing {
    /// The row.
    pub row: StoredUpstream,
    /// What is said of it; empty but for the id where it cannot be read.
    pub input: ProviderInput,
    /// What proves who this server is there.
    pub proof: Option<KeptProof>,
    /// The provider, or why it cannot be used.
    pub usable: Result<(Described, Upstream), Vec<Complaint>>,
}

impl Standing {
    fn of(row: &StoredUpstream, seals: &Seals, development: bool) -> Self {
        let row = row.clone();
        let unreadable = |field, what: &str| vec![Complaint { field, value: None, what: what.to_owned() }];
        let only_id = || ProviderInput { id: Some(row.id.clone()), ..ProviderInput::default() };
        let input = serde_json::from_str::<ProviderInput>(&row.settings);
        let mut unsealed = Ok(None);
        if let Some(sealed) = &row.secret {
            unsealed = KeptProof::open(seals, sealed, &row.id).map(Some).ok_or_else(|| {
                unreadable("client_secret", "cannot be opened with this server's secret: set it anew")
            });
        }
        let (input, proof, usable) = match (input, unsealed) {
            (Err(_), _) => (only_id(), None, Err(unreadable("id", "the stored settings cannot be read"))),
            (Ok(input), Err(complaint)) => (input, None, Err(complaint)),
            (Ok(input), Ok(proof)) => {
                let usable =
                    check(&input, KeptProof::of(proof.as_ref()), development).and_then(|described| {
                        let described = Described { enabled: row.enabled, ..described };
                        let upstream =
                            described.clone().with(proof.as_ref()).map_err(|complaint| vec![complaint])?;
                        Ok((described, upstream))
                    });
                (input, proof, usable)
            }
        };
        let input = ProviderInput { enabled: Some(row.enabled), ..input };
        Self { row, input, proof, usable }
    }
}

/// What the stored providers come to, for the rows that it was made of.
struct Resolved {
    rows: Arc<StoredUpstreams>,
    standing: Vec<Arc<Standing>>,
}

/// The stored providers as they were resolved last.
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<Option<Arc<Resolved>>>>);

impl Registry {
    /// Opens secrets and reads keys only when a row is another than before.
    fn resolved(&self, rows: Arc<StoredUpstreams>, seals: &Seals, development: bool) -> Arc<Resolved> {
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.rows == rows) {
            return Arc::clone(known);
        }
        let standing: Vec<Arc<Standing>> =
            rows.0.iter().map(|row| Arc::new(Standing::of(row, seals, development))).collect();
        for one in &standing {
            if let Err(complaints) = &one.usable {
                let why: Vec<String> = complaints
                    .iter()
                    .map(|complaint| format!("{}: {}", complaint.field, complaint.what))
                    .collect();
                tracing::error!(
                    upstream = one.row.id,
                    why = why.join("; "),
                    "a registered provider cannot be used"
                );
            }
        }
        let resolved = Arc::new(Resolved { rows, standing });
        *last = Some(Arc::clone(&resolved));
        resolved
    }
}

/// Every provider, as of a moment.
#[derive(Clone)]
pub struct Providers {
    config: Arc<Config>,
    stored: Arc<Resolved>,
}

impl Providers {
    /// Those that people can sign in with, in the order of the file and then by id.
    pub fn iter(&self) -> impl Iterator<Item = &Upstream> {
        let stored =
            self.stored.standing.iter().filter(|one| one.row.enabled && !self.is_hidden(&one.row.id));
        self.config
            .upstreams
            .iter()
            .chain(stored.filter_map(|one| one.usable.as_ref().ok().map(|(_, upstream)| upstream)))
    }

    /// The one with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Upstream> {
        self.iter().find(|upstream| upstream.id == id)
    }

    /// The one with this id, if it is still this one that vouches for people there.
    #[must_use]
    pub fn vouching(&self, id: &str, voucher: &str) -> Option<&Upstream> {
        self.get(id).filter(|upstream| upstream.protocol.voucher() == voucher)
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The ids of those that people can sign in with.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.iter().map(|upstream| upstream.id.as_str()).collect()
    }

    /// What people know it by: also of one that is switched off; its id where it is gone.
    #[must_use]
    pub fn name_of(&self, id: &str) -> String {
        let registered = || self.standing(id).and_then(|one| one.input.name.clone());
        self.get(id)
            .map(|upstream| upstream.name.clone())
            .or_else(registered)
            .unwrap_or_else(|| id.to_owned())
    }

    /// Those of the file.
    #[must_use]
    pub fn of_file(&self) -> &[Upstream] {
        &self.config.upstreams
    }

    /// Those that administrators registered, usable or not.
    #[must_use]
    pub fn registered(&self) -> &[Arc<Standing>] {
        &self.stored.standing
    }

    /// The registered one with this id.
    #[must_use]
    pub fn standing(&self, id: &str) -> Option<&Arc<Standing>> {
        self.stored.standing.iter().find(|one| one.row.id == id)
    }

    /// Has the file a provider of this id?
    #[must_use]
    pub fn is_hidden(&self, id: &str) -> bool {
        self.config.upstreams.iter().any(|upstream| upstream.id == id)
    }
}

impl App {
    /// Every provider, from memory where nothing changed.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn providers(&self) -> Result<Providers, StoreError> {
        Ok(self.providers_of(self.store.upstreams().await?))
    }

    /// The same as the database has it now: for whoever is about to refuse somebody, or to let them in by one.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn providers_anew(&self) -> Result<Providers, StoreError> {
        Ok(self.providers_of(self.store.asked_anew().upstreams().await?))
    }

    fn providers_of(&self, rows: Arc<StoredUpstreams>) -> Providers {
        let development = self.config.issuer.is_plain_http();
        let stored = self.registry.resolved(rows, &self.seals, development);
        Providers { config: Arc::clone(&self.config), stored }
    }
}
