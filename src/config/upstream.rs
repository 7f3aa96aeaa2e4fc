//! `[[upstream]]`, resolved by the rules of [`provider`](crate::protocol::provider).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::resolve::{Checks, read_secret_file};
use super::{SignedSecret, Upstream, UpstreamSecret, raw};
use crate::jose::SigningKey;
use crate::protocol::client::SigningAlg;
use crate::protocol::issuer::Issuer;
use crate::protocol::provider::{Complaint, Described, Proof, ProviderInput, Signer, check, usable_secret};

/// What proves who this server is at a provider, as it is kept. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptProof {
    /// A text that both know.
    Secret(Zeroizing<String>),
    /// A private key (PEM) that signs such texts.
    Key(Zeroizing<String>),
}

impl std::fmt::Debug for KeptProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptProof(…)")
    }
}

impl Described {
    /// The provider, with what proves who this server is there.
    ///
    /// # Errors
    /// The secret or the key cannot be used.
    pub fn with(self, proof: Option<&KeptProof>) -> Result<Upstream, Complaint> {
        let complaint = |field, what: &str| Complaint { field, value: None, what: what.to_owned() };
        let client_secret = match proof {
            None => None,
            Some(KeptProof::Secret(text)) => {
                usable_secret(text).map_err(|what| complaint("client_secret", what))?;
                Some(UpstreamSecret::Text(text.clone()))
            }
            Some(KeptProof::Key(pem)) => {
                usable_secret(pem).map_err(|what| complaint("private_key", what))?;
                let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok();
                let signing = der
                    .and_then(|der| SigningKey::from_pkcs8(SigningAlg::Es256, der.secret_pkcs8_der()).ok());
                let (Some(signing), Some(Signer { team_id, key_id })) = (signing, self.signer) else {
                    return Err(complaint(
                        "private_key",
                        "holds no key of P-256 (-----BEGIN PRIVATE KEY-----), as in the provider's .p8 file",
                    ));
                };
                Some(UpstreamSecret::Signed(Arc::new(SignedSecret { team_id, key: signing.named(&key_id) })))
            }
        };
        Ok(Upstream {
            id: self.id,
            name: self.name,
            protocol: self.protocol,
            client_id: self.client_id,
            client_secret,
            scopes: self.scopes,
            form_post: self.form_post,
            policy: self.policy,
        })
    }
}

impl Upstream {
    /// The same without what is secret.
    #[must_use]
    pub fn described(&self) -> Described {
        let signer = match &self.client_secret {
            Some(UpstreamSecret::Signed(signed)) => {
                Some(Signer { team_id: signed.team_id.clone(), key_id: signed.key.kid.to_string() })
            }
            Some(UpstreamSecret::Text(_)) | None => None,
        };
        Described {
            id: self.id.clone(),
            name: self.name.clone(),
            protocol: self.protocol.clone(),
            client_id: self.client_id.clone(),
            signer,
            scopes: self.scopes.clone(),
            form_post: self.form_post,
            policy: self.policy,
            enabled: true,
        }
    }
}

impl Checks<'_> {
    pub(super) fn upstreams(&mut self, raw: Vec<raw::Upstream>, issuer: Option<&Issuer>) -> Vec<Upstream> {
        let development = issuer.is_some_and(Issuer::is_plain_http);
        let mut ids = BTreeSet::new();
        let mut upstreams = Vec::new();
        for upstream in raw {
            let id = upstream.id.clone().or_else(|| upstream.preset.clone());
            if let Some(id) = id
                && !ids.insert(id.clone())
            {
                self.refuse_value(
                    "upstream.id",
                    format!("{id:?}"),
                    "is used twice; each provider needs its own",
                );
            }
            upstreams.extend(self.upstream(upstream, development));
        }
        upstreams
    }

    fn upstream(&mut self, raw: raw::Upstream, development: bool) -> Option<Upstream> {
        let id = raw.id.clone().or_else(|| raw.preset.clone()).unwrap_or_default();
        let key = |name: &str| format!("upstream.{id}.{name}");
        let given = Proof {
            secret: raw.client_secret.is_some() || raw.client_secret_file.is_some(),
            key: raw.key_file.is_some(),
        };
        let (text, text_file, key_file) =
            (raw.client_secret.clone(), raw.client_secret_file.clone(), raw.key_file.clone());
        // The names of the file for what is said otherwise elsewhere.
        let in_file = |field: &'static str| if field == "private_key" { "key_file" } else { field };
        let described = match check(&ProviderInput::from(raw), given, development) {
            Ok(described) => described,
            Err(complaints) => {
                for Complaint { field, value, what } in complaints {
                    let key = if field == "id" { "upstream.id".to_owned() } else { key(in_file(field)) };
                    match value {
                        Some(value) => self.refuse_value(&key, value, what),
                        None => self.refuse(&key, what),
                    }
                }
                return None;
            }
        };
        let proof = match (text, text_file, key_file) {
            (None, None, None) => None,
            (Some(_), Some(_), _) => {
                self.refuse(&key("client_secret"), "is set beside client_secret_file; keep one of the two");
                return None;
            }
            (Some(text), None, _) => Some(KeptProof::Secret(Zeroizing::new(text))),
            (None, Some(file), _) => {
                let text = self.secret_file(&key("client_secret_file"), file)?;
                Some(KeptProof::Secret(Zeroizing::new(text.trim().to_owned())))
            }
            (None, None, Some(file)) => {
                let (key, file) = (key("key_file"), file);
                let text = self.secret_file(&key, file.clone())?;
                return described
                    .with(Some(&KeptProof::Key(text)))
                    .map_err(|complaint| self.refuse_value(&key, file.display(), complaint.what))
                    .ok();
            }
        };
        described
            .with(proof.as_ref())
            .map_err(|complaint| self.refuse(&key(complaint.field), complaint.what))
            .ok()
    }

    fn secret_file(&mut self, key: &str, file: PathBuf) -> Option<Zeroizing<String>> {
        let file = (self.path)(key, file);
        read_secret_file(&file).map_err(|what| self.refuse_value(key, file.display(), what)).ok()
    }
}

impl From<raw::Upstream> for ProviderInput {
    fn from(raw: raw::Upstream) -> Self {
        Self {
            id: raw.id,
            preset: raw.preset,
            kind: raw.kind,
            name: raw.name,
            issuer: raw.issuer,
            tenant: raw.tenant,
            client_id: raw.client_id,
            client_secret: None,
            private_key: None,
            team_id: raw.team_id,
            key_id: raw.key_id,
            scopes: raw.scopes,
            form_post: raw.form_post,
            sign_up: Some(raw.sign_up),
            trust_email: raw.trust_email,
            authorization_endpoint: raw.authorization_endpoint,
            token_endpoint: raw.token_endpoint,
            userinfo_endpoint: raw.userinfo_endpoint,
            emails_endpoint: raw.emails_endpoint,
            client_auth: raw.client_auth,
            subject_claim: raw.subject_claim,
            email_claim: raw.email_claim,
            email_verified_claim: raw.email_verified_claim,
            name_claim: raw.name_claim,
            username_claim: raw.username_claim,
            enabled: None,
            keep_links: None,
        }
    }
}
