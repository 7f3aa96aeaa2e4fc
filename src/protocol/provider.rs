//! Upstream providers as they are described: in `[[upstream]]` of countersign.toml, by administrators at run time, and in
//! files. What is well known of a provider is filled in, the rest must be said; every way in has the same rules and words.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::linking::Policy;
use super::registration::FieldProblem;
use super::user::{changes_the_text_around, display_name};

/// Accounts that belong to no organisation are in a tenant of their own at Microsoft.
const MICROSOFT_CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// How a provider is named, at the end of every refusal of a name.
const IDS: &str =
    "must be 1 to 32 small letters, digits and hyphens, such as \"google\": it is part of addresses";

/// The longest address, in bytes.
const LONGEST_URL: usize = 2048;

/// The longest `client_id` and the longest name of a scope or claim, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest secret or private key, in bytes.
const LONGEST_SECRET: usize = 4096;

/// Scopes at most.
const MOST_SCOPES: usize = 50;

/// What a provider's document about a user calls things, where nothing else is said.
const USUAL_CLAIMS: [&str; 5] = ["sub", "email", "email_verified", "name", "preferred_username"];

/// A provider as somebody wants it to be: the fields of `[[upstream]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderInput {
    /// Its name in addresses: 1 to 32 small letters, digits and hyphens. The preset's if left out; it cannot be changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `google`, `github`, `microsoft` or `apple`: fills in what is well known of it, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// `openid-connect` or `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What its button says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// OpenID Connect: the issuer identifier, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// With the preset `microsoft`: the directory's tenant ID, or `consumers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who this server is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What this server proves it by. Never shown again; null takes it away.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>, write_only)]
    pub client_secret: Option<SecretText>,
    /// In its place the private key (PEM, PKCS#8, P-256) that secrets are signed by, as with Apple. Never shown again.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>, write_only)]
    pub private_key: Option<SecretText>,
    /// With a private key: who signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// With a private key: what the provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// What is asked for, besides `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Does its answer come by a form (OAuth 2.0 Form Post Response Mode)?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_post: Option<bool>,
    /// May somebody without an account here get one?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_up: Option<bool>,
    /// Is its word on addresses believed? Then whoever has a checked address there gets in to the account here that has it, unless
    /// that is an administrator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_email: Option<bool>,
    /// OAuth 2: where browsers are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// OAuth 2: where codes are exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// OAuth 2: answers a JSON object about the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// OAuth 2: answers a list of the user's addresses, as GitHub's does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emails_endpoint: Option<String>,
    /// OAuth 2: `basic`, or `post` for a secret that goes into the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<String>,
    /// OAuth 2: what its document calls the user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_claim: Option<String>,
    /// OAuth 2: what its document calls the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_claim: Option<String>,
    /// OAuth 2: what its document calls that the address was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified_claim: Option<String>,
    /// OAuth 2: what its document calls the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_claim: Option<String>,
    /// OAuth 2: what its document calls the user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_claim: Option<String>,
    /// Can people sign in with it? True if left out. Not for providers in countersign.toml.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Accounts are linked under this id already: true says that it is the same provider's users whose they are. Said with one
    /// change, and not kept.
    #[serde(skip_serializing)]
    pub keep_links: Option<bool>,
}

/// A secret on its way in. Neither printed nor written out.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// How a provider is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// OpenID Connect, by discovery.
    OpenIdConnect {
        /// The issuer identifier, byte for byte.
        issuer: String,
    },
    /// OAuth 2 (RFC 6749), and a document about who is signed in.
    OAuth2(Box<OAuth2Provider>),
}

impl UpstreamProtocol {
    /// Who it is that vouches for people here, as far as the settings tell. Where this is another one, the people whom it
    /// calls by the names of before may be others.
    #[must_use]
    pub fn voucher(&self) -> String {
        match self {
            Self::OpenIdConnect { issuer } => issuer.clone(),
            Self::OAuth2(provider) => format!("{} {}", provider.userinfo, provider.claims.subject),
        }
    }

    /// Whom this server's secret is shown to.
    #[must_use]
    pub fn confidant(&self) -> String {
        match self {
            Self::OpenIdConnect { issuer } => format!("issuer {issuer}"),
            Self::OAuth2(provider) => format!("token endpoint {}", provider.token),
        }
    }
}

/// A provider without discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2Provider {
    /// Authorization endpoint.
    pub authorization: Url,
    /// Token endpoint.
    pub token: Url,
    /// Answers a JSON object about the user.
    pub userinfo: Url,
    /// Answers a list of their addresses, as GitHub's does: objects with `email`, `primary` and `verified`.
    pub emails: Option<Url>,
    /// Does the secret go into the form, instead of HTTP Basic (RFC 6749 §2.3.1)?
    pub secret_in_body: bool,
    /// What its document calls things.
    pub claims: ClaimNames,
}

/// What a provider's document about a user calls things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// What identifies the user for ever: a text or a number.
    pub subject: String,
    /// Address.
    pub email: String,
    /// Was the address checked?
    pub email_verified: String,
    /// Name to show.
    pub name: String,
    /// User name.
    pub username: String,
}

/// Who signs the secrets of this server at a provider, and by which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// This server's owner, as the provider knows them.
    pub team_id: String,
    /// The provider's name for the key.
    pub key_id: String,
}

/// A provider that keeps every rule, with what was filled in. What proves who this server is there is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name in addresses and in the database.
    pub id: String,
    /// What its button says.
    pub name: String,
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
    /// Who this server is there.
    pub client_id: String,
    /// Who signs its secrets, where a key does.
    pub signer: Option<Signer>,
    /// What is asked for, besides `openid`.
    pub scopes: Vec<String>,
    /// Does its answer come by a form?
    pub form_post: bool,
    /// What its word counts for.
    pub policy: Policy,
    /// Can people sign in with it?
    pub enabled: bool,
}

/// What was filled in is said, and nothing that is secret.
impl From<&Described> for ProviderInput {
    fn from(described: &Described) -> Self {
        let Described { id, name, protocol, client_id, signer, scopes, form_post, policy, enabled } =
            described;
        let text = |text: &str| Some(text.to_owned());
        let mut input = Self {
            id: text(id),
            name: text(name),
            client_id: text(client_id),
            team_id: signer.as_ref().map(|signer| signer.team_id.clone()),
            key_id: signer.as_ref().map(|signer| signer.key_id.clone()),
            scopes: Some(scopes.clone()),
            form_post: Some(*form_post),
            sign_up: Some(policy.sign_up),
            trust_email: Some(policy.trust_email),
            enabled: Some(*enabled),
            ..Self::default()
        };
        match protocol {
            UpstreamProtocol::OpenIdConnect { issuer } => {
                input.kind = text("openid-connect");
                input.issuer = text(issuer);
            }
            UpstreamProtocol::OAuth2(provider) => {
                let ClaimNames { subject, email, email_verified, name, username } = &provider.claims;
                input.kind = text("oauth2");
                input.authorization_endpoint = text(provider.authorization.as_str());
                input.token_endpoint = text(provider.token.as_str());
                input.userinfo_endpoint = text(provider.userinfo.as_str());
                input.emails_endpoint = provider.emails.as_ref().map(ToString::to_string);
                input.client_auth = text(if provider.secret_in_body { "post" } else { "basic" });
                input.subject_claim = text(subject);
                input.email_claim = text(email);
                input.email_verified_claim = text(email_verified);
                input.name_claim = text(name);
                input.username_claim = text(username);
            }
        }
        input
    }
}

impl ProviderInput {
    /// Without what is so when it is left out.
    #[must_use]
    pub fn shortened(self) -> Self {
        let [subject, email, email_verified, name, username] = USUAL_CLAIMS;
        let unless = |value: Option<String>, usual: &str| value.filter(|value| value != usual);
        Self {
            form_post: self.form_post.filter(|on| *on),
            sign_up: self.sign_up.filter(|on| *on),
            trust_email: self.trust_email.filter(|on| *on),
            enabled: self.enabled.filter(|on| !*on),
            client_auth: unless(self.client_auth, "basic"),
            subject_claim: unless(self.subject_claim, subject),
            email_claim: unless(self.email_claim, email),
            email_verified_claim: unless(self.email_verified_claim, email_verified),
            name_claim: unless(self.name_claim, name),
            username_claim: unless(self.username_claim, username),
            ..self
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The field.
    pub field: &'static str,
    /// What it says, where that may be repeated.
    pub value: Option<String>,
    /// What is wrong and what would be right.
    pub what: String,
}

impl From<Complaint> for FieldProblem {
    fn from(complaint: Complaint) -> Self {
        Self { field: complaint.field, message: complaint.what }
    }
}

/// What proves who this server is at a provider, as far as the rules need to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proof {
    /// Is there a secret?
    pub secret: bool,
    /// Is there a private key that signs secrets?
    pub key: bool,
}

/// Checks a description. `development` allows plain http on loopback.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(input: &ProviderInput, proof: Proof, development: bool) -> Result<Described, Vec<Complaint>> {
    let mut checks = Checks { complaints: Vec::new(), development };
    let described = checks.provider(input.clone(), proof);
    match described {
        Some(described) if checks.complaints.is_empty() => Ok(described),
        _ => Err(checks.complaints),
    }
}

/// Is a secret one that can be used? Says why not.
///
/// # Errors
/// What is wrong with it.
pub fn usable_secret(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("is empty; leave it out if the provider gave you none");
    }
    if text.len() > LONGEST_SECRET {
        return Err("is longer than 4096 bytes");
    }
    Ok(())
}

struct Checks {
    complaints: Vec<Complaint>,
    development: bool,
}

impl Checks {
    fn refuse(&mut self, field: &'static str, what: impl fmt::Display) {
        self.complaints.push(Complaint { field, value: None, what: what.to_string() });
    }

    /// Refuses a value that may be shown.
    fn refuse_value(&mut self, field: &'static str, value: impl fmt::Debug, what: impl fmt::Display) {
        let value = Some(format!("{value:?}"));
        self.complaints.push(Complaint { field, value, what: what.to_string() });
    }

    fn provider(&mut self, input: ProviderInput, proof: Proof) -> Option<Described> {
        let id = self.id(&input);
        let mut input = self.with_preset(input, proof)?;
        let protocol = match input.kind.as_deref() {
            Some("openid-connect") => self.openid_connect(&input),
            Some("oauth2") => self.oauth2(&mut input),
            Some(other) => {
                self.refuse_value("kind", other, "must be \"openid-connect\" or \"oauth2\"");
                None
            }
            None => {
                self.refuse(
                    "kind",
                    "is missing; it is \"openid-connect\" or \"oauth2\", or follows from a preset",
                );
                None
            }
        };
        let name = display_name(&input.name.unwrap_or_default())
            .map_err(|_| {
                self.refuse("name", "is missing or unusable; it is what the button says, such as \"Acme\"");
            })
            .ok();
        let client_id = input.client_id.filter(|client_id| !client_id.trim().is_empty());
        match &client_id {
            None => self
                .refuse("client_id", "is missing; the provider gave you one when you registered this server"),
            Some(client_id)
                if client_id.len() > LONGEST_NAME || client_id.contains(changes_the_text_around) =>
            {
                self.refuse("client_id", "is longer than 512 bytes, or holds characters that cannot be seen");
            }
            Some(_) => {}
        }
        let signer = self.signer(input.team_id, input.key_id, proof)?;
        if signer.is_some() && !matches!(protocol, Some(UpstreamProtocol::OpenIdConnect { .. }) | None) {
            self.refuse("private_key", "goes with kind \"openid-connect\" only");
        }
        let scopes = input.scopes.unwrap_or_default();
        let is_a_scope = |scope: &String| {
            !scope.is_empty()
                && scope.len() <= LONGEST_NAME
                && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        if !scopes.iter().all(is_a_scope) {
            self.refuse("scopes", "holds a scope that is none; such as [\"email\", \"profile\"]");
        }
        if scopes.len() > MOST_SCOPES {
            self.refuse("scopes", format_args!("are more than {MOST_SCOPES}"));
        }
        Some(Described {
            id: id?,
            name: name?,
            protocol: protocol?,
            client_id: client_id?,
            signer,
            scopes,
            form_post: input.form_post.unwrap_or(false),
            policy: Policy {
                sign_up: input.sign_up.unwrap_or(false),
                trust_email: input.trust_email.unwrap_or(false),
            },
            enabled: input.enabled.unwrap_or(true),
        })
    }

    fn id(&mut self, input: &ProviderInput) -> Option<String> {
        let Some(id) = input.id.clone().or_else(|| input.preset.clone()) else {
            self.refuse("id", format_args!("is missing; it {IDS}"));
            return None;
        };
        let fine = (1..=32).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fine {
            self.refuse_value("id", &id, IDS);
        }
        fine.then_some(id)
    }

    /// Fills in what is well known, where nothing else was said.
    fn with_preset(&mut self, mut input: ProviderInput, proof: Proof) -> Option<ProviderInput> {
        let preset = input.preset.take();
        if input.tenant.is_some() && preset.as_deref() != Some("microsoft") {
            self.refuse("tenant", "goes with preset \"microsoft\" only");
            return None;
        }
        let Some(preset) = preset else {
            if input.kind.as_deref() == Some("openid-connect") {
                input.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
            }
            return Some(input);
        };
        let fill = |field: &mut Option<String>, value: &str| {
            field.get_or_insert_with(|| value.to_owned());
        };
        match preset.as_str() {
            "google" => {
                fill(&mut input.name, "Google");
                fill(&mut input.kind, "openid-connect");
                fill(&mut input.issuer, "https://accounts.google.com");
                input.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
                input.trust_email.get_or_insert(true);
            }
            "microsoft" => {
                let tenant = self.tenant(input.tenant.take().as_deref())?;
                fill(&mut input.name, "Microsoft");
                fill(&mut input.kind, "openid-connect");
                fill(&mut input.issuer, &format!("https://login.microsoftonline.com/{tenant}/v2.0"));
                input.scopes.get_or_insert_with(|| texts(&["profile", "email"]));
            }
            "github" => {
                fill(&mut input.name, "GitHub");
                fill(&mut input.kind, "oauth2");
                fill(&mut input.authorization_endpoint, "https://github.com/login/oauth/authorize");
                fill(&mut input.token_endpoint, "https://github.com/login/oauth/access_token");
                fill(&mut input.userinfo_endpoint, "https://api.github.com/user");
                fill(&mut input.emails_endpoint, "https://api.github.com/user/emails");
                fill(&mut input.client_auth, "post");
                fill(&mut input.subject_claim, "id");
                fill(&mut input.username_claim, "login");
                input.scopes.get_or_insert_with(|| texts(&["read:user", "user:email"]));
                input.trust_email.get_or_insert(true);
            }
            // https://developer.apple.com/documentation/signinwithapple: the secret is signed by a key, and whoever asks for
            // name or address gets the answer by a form.
            "apple" => {
                if !proof.key {
                    self.refuse(
                        "private_key",
                        "is missing; preset \"apple\" needs the team ID, the key ID and the private key",
                    );
                    return None;
                }
                fill(&mut input.name, "Apple");
                fill(&mut input.kind, "openid-connect");
                fill(&mut input.issuer, "https://appleid.apple.com");
                input.scopes.get_or_insert_with(|| texts(&["name", "email"]));
                input.trust_email.get_or_insert(true);
                input.form_post.get_or_insert(true);
            }
            other => {
                self.refuse_value(
                    "preset",
                    other,
                    "must be \"google\", \"github\", \"microsoft\" or \"apple\"; other providers are written out with kind",
                );
                return None;
            }
        }
        Some(input)
    }

    /// Of many tenants at once each would be an issuer of its own, and whoever administers one can claim any address in it.
    fn tenant(&mut self, tenant: Option<&str>) -> Option<String> {
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
                "tenant",
                &tenant,
                "must be your directory's tenant ID, as in \"11111111-2222-3333-4444-555555555555\", or \"consumers\" \
                 for private accounts; all tenants at once (\"common\", \"organizations\") are not supported",
            );
        }
        is_guid.then_some(tenant)
    }

    fn openid_connect(&mut self, input: &ProviderInput) -> Option<UpstreamProtocol> {
        let Some(issuer) = &input.issuer else {
            self.refuse(
                "issuer",
                "is missing; such as \"https://login.example.com\", exactly as the provider calls itself",
            );
            return None;
        };
        let url = self.url("issuer", issuer)?;
        if url.query().is_some() || url.fragment().is_some() {
            self.refuse_value("issuer", issuer, "must have no query and no fragment");
            return None;
        }
        Some(UpstreamProtocol::OpenIdConnect { issuer: issuer.clone() })
    }

    fn oauth2(&mut self, input: &mut ProviderInput) -> Option<UpstreamProtocol> {
        let authorization = self.endpoint("authorization_endpoint", input.authorization_endpoint.as_deref());
        let token = self.endpoint("token_endpoint", input.token_endpoint.as_deref());
        let userinfo = self.endpoint("userinfo_endpoint", input.userinfo_endpoint.as_deref());
        let emails = match &input.emails_endpoint {
            Some(address) => Some(self.url("emails_endpoint", address)?),
            None => None,
        };
        let secret_in_body = match input.client_auth.as_deref() {
            None | Some("basic") => false,
            Some("post") => true,
            Some(other) => {
                self.refuse_value("client_auth", other, "must be \"basic\" or \"post\"");
                return None;
            }
        };
        let [subject, email, email_verified, name, username] = USUAL_CLAIMS;
        let claims = ClaimNames {
            subject: self.claim("subject_claim", input.subject_claim.take(), subject),
            email: self.claim("email_claim", input.email_claim.take(), email),
            email_verified: self.claim(
                "email_verified_claim",
                input.email_verified_claim.take(),
                email_verified,
            ),
            name: self.claim("name_claim", input.name_claim.take(), name),
            username: self.claim("username_claim", input.username_claim.take(), username),
        };
        Some(UpstreamProtocol::OAuth2(Box::new(OAuth2Provider {
            authorization: authorization?,
            token: token?,
            userinfo: userinfo?,
            emails,
            secret_in_body,
            claims,
        })))
    }

    fn claim(&mut self, field: &'static str, name: Option<String>, usual: &str) -> String {
        let name = name.unwrap_or_else(|| usual.to_owned());
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(changes_the_text_around) {
            self.refuse(field, format_args!("is no name of a claim, such as {usual:?}"));
        }
        name
    }

    fn endpoint(&mut self, field: &'static str, text: Option<&str>) -> Option<Url> {
        let Some(text) = text else {
            self.refuse(field, "is missing; an oauth2 provider has no discovery, so that it must be written");
            return None;
        };
        self.url(field, text)
    }

    /// `https`; in development `http` on loopback, too.
    fn url(&mut self, field: &'static str, text: &str) -> Option<Url> {
        let loopback = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let allowed = |url: &Url| {
            let plain = self.development && url.scheme() == "http" && loopback(url);
            (url.scheme() == "https" || plain) && url.username().is_empty() && url.password().is_none()
        };
        // What the parser would mend, such as a line break, is no address that anybody means.
        let readable = text.len() <= LONGEST_URL
            && !text.contains(|c: char| changes_the_text_around(c) || c.is_whitespace());
        let url = readable.then(|| Url::parse(text).ok()).flatten().filter(allowed);
        if url.is_none() {
            let shown: String = text.chars().take(200).collect();
            self.refuse_value(field, shown, "must be an address that begins with https://");
        }
        url
    }

    /// The inner `None`: no key signs its secrets.
    #[expect(clippy::option_option, reason = "refused, or none, or some")]
    fn signer(
        &mut self,
        team_id: Option<String>,
        key_id: Option<String>,
        proof: Proof,
    ) -> Option<Option<Signer>> {
        let (team_id, key_id) = match (team_id, key_id, proof.key) {
            (None, None, false) => return Some(None),
            (Some(team_id), Some(key_id), true) => (team_id, key_id),
            _ => {
                self.refuse("private_key", "goes with team_id and key_id: all three, or none");
                return None;
            }
        };
        for (field, text) in [("team_id", &team_id), ("key_id", &key_id)] {
            if text.is_empty() || text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                self.refuse_value(field, text, "must be letters and digits");
                return None;
            }
        }
        if proof.secret {
            self.refuse("private_key", "is set beside client_secret; keep one of the two");
        }
        Some(Some(Signer { team_id, key_id }))
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Proof, ProviderInput, check};

    fn input(json: serde_json::Value) -> ProviderInput {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_was_filled_in_reads_back_as_the_same_provider() {
        let secret = Proof { secret: true, key: false };
        let key = Proof { secret: false, key: true };
        for (description, proof) in [
            (serde_json::json!({ "preset": "google", "client_id": "g" }), secret),
            (serde_json::json!({ "preset": "github", "client_id": "g", "enabled": false }), secret),
            (serde_json::json!({ "preset": "microsoft", "tenant": "consumers", "client_id": "m" }), secret),
            (serde_json::json!({ "preset": "apple", "client_id": "a", "team_id": "T", "key_id": "K" }), key),
            (
                serde_json::json!({ "id": "acme", "name": "Acme", "kind": "openid-connect", "client_id": "c",
                    "issuer": "https://login.acme.example/", "sign_up": true }),
                Proof::default(),
            ),
        ] {
            let described = check(&input(description), proof, false).unwrap();
            for again in [ProviderInput::from(&described), ProviderInput::from(&described).shortened()] {
                // As they are kept, and as they are exported.
                let again = input(serde_json::to_value(&again).unwrap());
                assert_eq!(check(&again, proof, false).unwrap(), described);
            }
        }
    }

    #[test]
    fn secrets_are_neither_printed_nor_written_out() {
        let wanted = input(serde_json::json!({ "client_secret": "s3cret", "private_key": "k3y" }));
        for text in [format!("{wanted:?}"), serde_json::to_string(&wanted).unwrap()] {
            assert!(!text.contains("s3cret") && !text.contains("k3y"), "{text}");
        }
    }
}
