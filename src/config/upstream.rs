//! `[[upstream]]`, resolved: what is well known of a provider is filled in, the rest must be written.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::resolve::{Checks, read_secret_file};
use super::{ClaimNames, OAuth2Provider, SignedSecret, Upstream, UpstreamProtocol, UpstreamSecret, raw};
use crate::jose::SigningKey;
use crate::protocol::client::SigningAlg;
use crate::protocol::issuer::Issuer;
use crate::protocol::linking::Policy;
use crate::protocol::user::display_name;

/// Accounts that belong to no organisation are in a tenant of their own at Microsoft.
const MICROSOFT_CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// How a provider is named, at the end of every refusal of a name.
const IDS: &str =
    "must be 1 to 32 small letters, digits and hyphens, such as id = \"google\": it is part of addresses";

impl Checks<'_> {
    pub(super) fn upstreams(&mut self, raw: Vec<raw::Upstream>, issuer: Option<&Issuer>) -> Vec<Upstream> {
        let development = issuer.is_some_and(Issuer::is_plain_http);
        let mut ids = BTreeSet::new();
        let mut upstreams = Vec::new();
        for upstream in raw {
            let Some(id) = self.upstream_id(&upstream) else { continue };
            if !ids.insert(id.clone()) {
                self.refuse_value(
                    "upstream.id",
                    format!("{id:?}"),
                    "is used twice; each provider needs its own",
                );
            }
            upstreams.extend(self.upstream(id, upstream, development));
        }
        upstreams
    }

    fn upstream_id(&mut self, raw: &raw::Upstream) -> Option<String> {
        let Some(id) = raw.id.clone().or_else(|| raw.preset.clone()) else {
            self.refuse("upstream.id", format!("is missing; it {IDS}"));
            return None;
        };
        let fine = (1..=32).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fine {
            self.refuse_value("upstream.id", format!("{id:?}"), IDS);
        }
        fine.then_some(id)
    }

    fn upstream(&mut self, id: String, raw: raw::Upstream, development: bool) -> Option<Upstream> {
        let key = |name: &str| format!("upstream.{id}.{name}");
        let mut raw = self.with_preset(&id, raw)?;
        let protocol = match raw.kind.as_deref() {
            Some("openid-connect") => self.openid_connect(&id, &raw, development),
            Some("oauth2") => self.oauth2(&id, &mut raw, development),
            Some(other) => {
                self.refuse_value(
                    &key("kind"),
                    format!("{other:?}"),
                    "must be \"openid-connect\" or \"oauth2\"",
                );
                None
            }
            None => {
                self.refuse(
                    &key("kind"),
                    "is missing; write kind = \"openid-connect\" or a preset such as preset = \"google\"",
                );
                None
            }
        };
        let name = raw.name.unwrap_or_default();
        let name = display_name(&name)
            .map_err(|_| {
                self.refuse(
                    &key("name"),
                    "is missing or unusable; write what the button says, such as name = \"Acme\"",
                );
            })
            .ok();
        let client_id = raw.client_id.filter(|client_id| !client_id.trim().is_empty());
        if client_id.is_none() {
            self.refuse(
                &key("client_id"),
                "is missing; the provider gave you one when you registered this server",
            );
        }
        let signed = self.signed_secret(&id, raw.team_id, raw.key_id, raw.key_file)?;
        let client_secret = self.client_secret(&id, raw.client_secret, raw.client_secret_file)?;
        if signed.is_some() && client_secret.is_some() {
            self.refuse(&key("key_file"), "is set beside client_secret; keep one of the two");
        }
        if signed.is_some() && !matches!(protocol, Some(UpstreamProtocol::OpenIdConnect { .. }) | None) {
            self.refuse(&key("key_file"), "goes with kind = \"openid-connect\" only");
        }
        let scopes = raw.scopes.unwrap_or_default();
        let is_a_scope = |scope: &String| {
            !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        if !scopes.iter().all(is_a_scope) {
            self.refuse(
                &key("scopes"),
                "holds a scope that is none; write scopes = [\"email\", \"profile\"]",
            );
        }
        Some(Upstream {
            protocol: protocol?,
            name: name?,
            client_id: client_id?,
            client_secret: signed.or(client_secret),
            scopes,
            form_post: raw.form_post.unwrap_or(false),
            policy: Policy { sign_up: raw.sign_up, trust_email: raw.trust_email.unwrap_or(false) },
            id,
        })
    }

    /// Fills in what is well known, where nothing else was written.
    fn with_preset(&mut self, id: &str, mut raw: raw::Upstream) -> Option<raw::Upstream> {
        let preset = raw.preset.take();
        if raw.tenant.is_some() && preset.as_deref() != Some("microsoft") {
            self.refuse(&format!("upstream.{id}.tenant"), "goes with preset = \"microsoft\" only");
            return None;
        }
        let Some(preset) = preset else {
            if raw.kind.as_deref() == Some("openid-connect") {
                raw.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
            }
            return Some(raw);
        };
        let fill = |field: &mut Option<String>, value: &str| {
            field.get_or_insert_with(|| value.to_owned());
        };
        match preset.as_str() {
            "google" => {
                fill(&mut raw.name, "Google");
                fill(&mut raw.kind, "openid-connect");
                fill(&mut raw.issuer, "https://accounts.google.com");
                raw.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
                raw.trust_email.get_or_insert(true);
            }
            "microsoft" => {
                let tenant = self.tenant(id, raw.tenant.as_deref())?;
                fill(&mut raw.name, "Microsoft");
                fill(&mut raw.kind, "openid-connect");
                fill(&mut raw.issuer, &format!("https://login.microsoftonline.com/{tenant}/v2.0"));
                raw.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
            }
            "github" => {
                fill(&mut raw.name, "GitHub");
                fill(&mut raw.kind, "oauth2");
                fill(&mut raw.authorization_endpoint, "https://github.com/login/oauth/authorize");
                fill(&mut raw.token_endpoint, "https://github.com/login/oauth/access_token");
                fill(&mut raw.userinfo_endpoint, "https://api.github.com/user");
                fill(&mut raw.emails_endpoint, "https://api.github.com/user/emails");
                fill(&mut raw.client_auth, "post");
                fill(&mut raw.subject_claim, "id");
                fill(&mut raw.username_claim, "login");
                raw.scopes.get_or_insert_with(|| texts(&["read:user", "user:email"]));
                raw.trust_email.get_or_insert(true);
            }
            // https://developer.apple.com/documentation/signinwithapple: the secret is signed by a key, and whoever asks for
            // name or address gets the answer by a form.
            "apple" => {
                if raw.key_file.is_none() {
                    self.refuse(
                        &format!("upstream.{id}.key_file"),
                        "is missing; preset = \"apple\" needs team_id, key_id and key_file",
                    );
                    return None;
                }
                fill(&mut raw.name, "Apple");
                fill(&mut raw.kind, "openid-connect");
                fill(&mut raw.issuer, "https://appleid.apple.com");
                raw.scopes.get_or_insert_with(|| texts(&["name", "email"]));
                raw.trust_email.get_or_insert(true);
                raw.form_post.get_or_insert(true);
            }
            other => {
                self.refuse_value(
                    &format!("upstream.{id}.preset"),
                    format!("{other:?}"),
                    "must be \"google\", \"github\", \"microsoft\" or \"apple\"; other providers are written out with kind",
                );
                return None;
            }
        }
        Some(raw)
    }

    /// Of many tenants at once each would be an issuer of its own, and whoever administers one can claim any address in it.
    fn tenant(&mut self, id: &str, tenant: Option<&str>) -> Option<String> {
        let tenant = match tenant {
            Some("consumers") => return Some(MICROSOFT_CONSUMERS.to_owned()),
            Some(tenant) => tenant.to_ascii_lowercase(),
            None => String::new(),
        };
        let lengths: Vec<usize> = tenant.split('-').map(str::len).collect();
        let is_guid =
            lengths == [8, 4, 4, 4, 12] && tenant.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if !is_guid {
            self.refuse_value(
                &format!("upstream.{id}.tenant"),
                format!("{tenant:?}"),
                "must be your directory's tenant ID, as in \"11111111-2222-3333-4444-555555555555\", or \"consumers\" \
                 for private accounts; all tenants at once (\"common\", \"organizations\") are not supported",
            );
        }
        is_guid.then_some(tenant)
    }

    fn openid_connect(
        &mut self,
        id: &str,
        raw: &raw::Upstream,
        development: bool,
    ) -> Option<UpstreamProtocol> {
        let key = format!("upstream.{id}.issuer");
        let Some(issuer) = &raw.issuer else {
            self.refuse(&key, "is missing; write issuer = \"https://login.example.com\", exactly as the provider calls itself");
            return None;
        };
        let url = self.provider_url(&key, issuer, development)?;
        if url.query().is_some() || url.fragment().is_some() {
            self.refuse_value(&key, format!("{issuer:?}"), "must have no query and no fragment");
            return None;
        }
        Some(UpstreamProtocol::OpenIdConnect { issuer: issuer.clone() })
    }

    fn oauth2(&mut self, id: &str, raw: &mut raw::Upstream, development: bool) -> Option<UpstreamProtocol> {
        let key = |name: &str| format!("upstream.{id}.{name}");
        let mut endpoint = |name: &str, text: &Option<String>| {
            let Some(text) = text else {
                self.refuse(
                    &key(name),
                    "is missing; an oauth2 provider has no discovery, so that it must be written",
                );
                return None;
            };
            self.provider_url(&key(name), text, development)
        };
        let authorization = endpoint("authorization_endpoint", &raw.authorization_endpoint);
        let token = endpoint("token_endpoint", &raw.token_endpoint);
        let userinfo = endpoint("userinfo_endpoint", &raw.userinfo_endpoint);
        let emails = match &raw.emails_endpoint {
            Some(_) => Some(endpoint("emails_endpoint", &raw.emails_endpoint)?),
            None => None,
        };
        let secret_in_body = match raw.client_auth.as_deref() {
            None | Some("basic") => false,
            Some("post") => true,
            Some(other) => {
                self.refuse_value(&key("client_auth"), format!("{other:?}"), "must be \"basic\" or \"post\"");
                return None;
            }
        };
        let claim = |name: &mut Option<String>, usual: &str| name.take().unwrap_or_else(|| usual.to_owned());
        Some(UpstreamProtocol::OAuth2(Box::new(OAuth2Provider {
            authorization: authorization?,
            token: token?,
            userinfo: userinfo?,
            emails,
            secret_in_body,
            claims: ClaimNames {
                subject: claim(&mut raw.subject_claim, "sub"),
                email: claim(&mut raw.email_claim, "email"),
                email_verified: claim(&mut raw.email_verified_claim, "email_verified"),
                name: claim(&mut raw.name_claim, "name"),
                username: claim(&mut raw.username_claim, "preferred_username"),
            },
        })))
    }

    /// `https`; in development `http` on loopback, too.
    fn provider_url(&mut self, key: &str, text: &str, development: bool) -> Option<Url> {
        let url = Url::parse(text).ok().filter(|url| url.username().is_empty() && url.password().is_none());
        let loopback = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let url = url
            .filter(|url| url.scheme() == "https" || development && url.scheme() == "http" && loopback(url));
        if url.is_none() {
            self.refuse_value(key, format!("{text:?}"), "must be an address that begins with https://");
        }
        url
    }

    /// The inner `None`: it signs no secrets.
    #[expect(clippy::option_option, reason = "refused, or none, or some")]
    fn signed_secret(
        &mut self,
        id: &str,
        team_id: Option<String>,
        key_id: Option<String>,
        file: Option<std::path::PathBuf>,
    ) -> Option<Option<UpstreamSecret>> {
        let (team_id, key_id, file) = match (team_id, key_id, file) {
            (None, None, None) => return Some(None),
            (Some(team_id), Some(key_id), Some(file)) => (team_id, key_id, file),
            _ => {
                self.refuse(
                    &format!("upstream.{id}.key_file"),
                    "goes with team_id and key_id: write all three, or none",
                );
                return None;
            }
        };
        for (name, text) in [("team_id", &team_id), ("key_id", &key_id)] {
            if text.is_empty() || text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                self.refuse_value(
                    &format!("upstream.{id}.{name}"),
                    format!("{text:?}"),
                    "must be letters and digits",
                );
                return None;
            }
        }
        let key = format!("upstream.{id}.key_file");
        let file = (self.path)(&key, file);
        let text = match read_secret_file(&file) {
            Ok(text) => text,
            Err(what) => {
                self.refuse_value(&key, file.display(), what);
                return None;
            }
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok();
        let signing =
            der.and_then(|der| SigningKey::from_pkcs8(SigningAlg::Es256, der.secret_pkcs8_der()).ok());
        let Some(signing) = signing else {
            self.refuse_value(
                &key,
                file.display(),
                "holds no key of P-256 (-----BEGIN PRIVATE KEY-----), as in the provider's .p8 file",
            );
            return None;
        };
        let signed = SignedSecret { team_id, key: signing.named(&key_id) };
        Some(Some(UpstreamSecret::Signed(Arc::new(signed))))
    }

    /// The inner `None`: there is none, as with public clients.
    #[expect(clippy::option_option, reason = "refused, or none, or some")]
    fn client_secret(
        &mut self,
        id: &str,
        text: Option<String>,
        file: Option<std::path::PathBuf>,
    ) -> Option<Option<UpstreamSecret>> {
        let text = match (text, file) {
            (None, None) => return Some(None),
            (Some(_), Some(_)) => {
                self.refuse(
                    &format!("upstream.{id}.client_secret"),
                    "is set beside client_secret_file; keep one of the two",
                );
                return None;
            }
            (Some(text), None) => Zeroizing::new(text),
            (None, Some(file)) => {
                let key = format!("upstream.{id}.client_secret_file");
                let file = (self.path)(&key, file);
                match read_secret_file(&file) {
                    Ok(text) => Zeroizing::new(text.trim().to_owned()),
                    Err(what) => {
                        self.refuse_value(&key, file.display(), what);
                        return None;
                    }
                }
            }
        };
        if text.is_empty() {
            self.refuse(
                &format!("upstream.{id}.client_secret"),
                "is empty; leave it out if the provider gave you none",
            );
            return None;
        }
        Some(Some(UpstreamSecret::Text(text)))
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
