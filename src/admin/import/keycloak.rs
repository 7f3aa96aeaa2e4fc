//! A realm of Keycloak as it exports it (`kc.sh export --realm … --users realm_file`): users, groups, and clients where they can
//! be here. Read are the names of its `RealmRepresentation`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Found, FoundClient, FoundUser, Item, Unreadable, text_of};
use crate::authn::imported_hash::{Digest, ImportedHash, NotTaken};
use crate::protocol::profile::UserInput;
use crate::protocol::registration::ClientInput;
use crate::protocol::standard_claims::StandardClaims;

/// Clients that every realm has, for Keycloak's own pages.
const ITS_OWN: [&str; 6] =
    ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RealmRepresentation {
    realm: String,
    #[serde(default)]
    users: Vec<Value>,
    #[serde(default)]
    groups: Vec<GroupRepresentation>,
    #[serde(default)]
    clients: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupRepresentation {
    name: String,
    #[serde(default)]
    sub_groups: Vec<GroupRepresentation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRepresentation {
    id: Option<String>,
    username: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    enabled: Option<bool>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Milliseconds.
    created_timestamp: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: Map<String, Value>,
    #[serde(default)]
    credentials: Vec<CredentialRepresentation>,
    #[serde(default)]
    groups: Vec<String>,
    federation_link: Option<String>,
    service_account_client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialRepresentation {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// JSON in a text.
    secret_data: Option<String>,
    credential_data: Option<String>,
    // Before Keycloak 8.
    hashed_salted_value: Option<String>,
    salt: Option<String>,
    hash_iterations: Option<u32>,
    algorithm: Option<String>,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: Option<u32>,
    algorithm: String,
    #[serde(default, deserialize_with = "or_default")]
    additional_parameters: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own in Keycloak's")]
struct ClientRepresentation {
    client_id: String,
    name: Option<String>,
    enabled: Option<bool>,
    protocol: Option<String>,
    secret: Option<String>,
    #[serde(default)]
    public_client: bool,
    #[serde(default)]
    bearer_only: bool,
    standard_flow_enabled: Option<bool>,
    #[serde(default)]
    implicit_flow_enabled: bool,
    #[serde(default)]
    direct_access_grants_enabled: bool,
    #[serde(default)]
    service_accounts_enabled: bool,
    #[serde(default)]
    consent_required: bool,
    client_authenticator_type: Option<String>,
    root_url: Option<String>,
    base_url: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: Map<String, Value>,
}

/// `null` where there is nothing.
fn or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a file.
///
/// # Errors
/// It is no realm.
pub fn read(file: &Path) -> Result<Found, Unreadable> {
    let realm: RealmRepresentation = serde_json::from_str(&text_of(file)?)
        .map_err(|error| Unreadable::Format(format!("this is no realm as Keycloak exports it: {error}")))?;
    if realm.realm.is_empty() {
        return Err(Unreadable::Format("this realm has no name".to_owned()));
    }
    let mut found = Found::default();
    paths(&realm.groups, "", &mut found.groups);
    for client in realm.clients {
        let name = text(&client, "clientId");
        if ITS_OWN.contains(&name.as_str()) {
            continue;
        }
        let what = serde_json::from_value(client).map_err(|error| error.to_string()).and_then(here);
        found.clients.push(Item { place: "client".to_owned(), name, what });
    }
    for (at, user) in realm.users.into_iter().enumerate() {
        let name = text(&user, "username");
        let what = serde_json::from_value(user).map_err(|error| error.to_string()).and_then(somebody);
        found.users.push(Item { place: format!("user {}", at + 1), name, what });
    }
    Ok(found)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Every group by its path: `staff`, `staff/editors`.
fn paths(groups: &[GroupRepresentation], above: &str, names: &mut Vec<String>) {
    for group in groups {
        let path = if above.is_empty() { group.name.clone() } else { format!("{above}/{}", group.name) };
        names.push(path.clone());
        paths(&group.sub_groups, &path, names);
    }
}

fn somebody(user: UserRepresentation) -> Result<FoundUser, String> {
    if let Some(client) = user.service_account_client_id {
        return Err(format!("is the service account of the client {client}, which needs none here"));
    }
    if user.federation_link.is_some() {
        return Err("comes from a directory: connect that directory here".to_owned());
    }
    let attribute = |name: &str| match user.attributes.get(name) {
        Some(Value::Array(values)) => values.first().and_then(Value::as_str).map(str::to_owned),
        Some(Value::String(value)) => Some(value.clone()),
        _ => None,
    };
    let mut notes = Vec::new();
    let mut hash = None;
    for credential in &user.credentials {
        match credential.kind.as_deref() {
            Some("password") => hash = Some(credential.hash()),
            Some(other) => notes.push(format!("has to set up again: {other}")),
            None => {}
        }
    }
    let email = user.email.filter(|email| !email.is_empty());
    let names: Vec<&str> =
        [&user.first_name, &user.last_name].into_iter().flatten().map(|name| name.trim()).collect();
    let name = Some(names.join(" ").trim().to_owned()).filter(|name| !name.is_empty());
    let claims = StandardClaims {
        given_name: user.first_name,
        family_name: user.last_name,
        locale: attribute("locale"),
        phone_number: attribute("phoneNumber"),
        phone_number_verified: attribute("phoneNumber")
            .and(attribute("phoneNumberVerified"))
            .map(|is| is == "true"),
        ..StandardClaims::default()
    };
    Ok(FoundUser {
        id: user.id,
        input: UserInput {
            username: user.username,
            email_verified: Some(user.email_verified && email.is_some()),
            email,
            name,
            is_admin: None,
            disabled: user.enabled.map(|enabled| !enabled),
            password: None,
            claims,
        },
        hash,
        groups: user.groups.iter().map(|path| path.trim_start_matches('/').to_owned()).collect(),
        created_at: user.created_timestamp.map(|millis| millis / 1000),
        notes,
    })
}

impl CredentialRepresentation {
    fn hash(&self) -> Result<ImportedHash, NotTaken> {
        let broken = |_| NotTaken::Broken("secretData or credentialData does not read");
        let (secret, data) = if let (Some(secret), Some(data)) = (&self.secret_data, &self.credential_data) {
            (
                serde_json::from_str::<SecretData>(secret).map_err(broken)?,
                serde_json::from_str::<CredentialData>(data).map_err(broken)?,
            )
        } else {
            let missing = NotTaken::Broken("it has neither secretData nor hashedSaltedValue");
            (
                SecretData {
                    value: self.hashed_salted_value.clone().ok_or(missing)?,
                    salt: self.salt.clone(),
                },
                CredentialData {
                    hash_iterations: self.hash_iterations,
                    // What Keycloak began with.
                    algorithm: self.algorithm.clone().unwrap_or_else(|| "pbkdf2".to_owned()),
                    additional_parameters: Map::new(),
                },
            )
        };
        if data.algorithm == "bcrypt" {
            // As the extensions for it store it.
            return ImportedHash::parse(&secret.value);
        }
        let bytes =
            |text: &str| STANDARD.decode(text).map_err(|_| NotTaken::Broken("its base64 does not read"));
        let salt = bytes(secret.salt.as_deref().unwrap_or_default())?;
        let output = bytes(&secret.value)?;
        let iterations = data.hash_iterations.ok_or(NotTaken::Broken("it has no hashIterations"))?;
        if let Some(digest) = Digest::named(&data.algorithm) {
            return ImportedHash::pbkdf2(digest, iterations, salt, output);
        }
        if data.algorithm != "argon2" {
            return Err(NotTaken::Unknown);
        }
        let parameter = |name: &str, default: &str| match data.additional_parameters.get(name) {
            Some(Value::Array(values)) => {
                values.first().and_then(Value::as_str).unwrap_or(default).to_owned()
            }
            _ => default.to_owned(),
        };
        let version = match parameter("version", "1.3").as_str() {
            "1.3" => 19,
            "1.0" => 16,
            _ => return Err(NotTaken::Broken("argon2 has the version 1.0 or 1.3")),
        };
        let digits = |text: String| {
            text.parse::<u32>().map_err(|_| NotTaken::Broken("argon2's parameters do not read"))
        };
        ImportedHash::parse(&format!(
            "$argon2{}$v={version}$m={},t={iterations},p={}${}${}",
            parameter("type", "id"),
            digits(parameter("memory", "7168"))?,
            digits(parameter("parallelism", "1"))?,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(output)
        ))
    }
}

/// The client as it would be here.
fn here(client: ClientRepresentation) -> Result<FoundClient, String> {
    if client.protocol.as_deref().is_some_and(|protocol| protocol != "openid-connect") {
        return Err(format!("speaks {}", client.protocol.unwrap_or_default()));
    }
    if client.bearer_only {
        return Err("only checks tokens (bearerOnly), and needs no registration here".to_owned());
    }
    let mut notes = Vec::new();
    let attribute = |name: &str| client.attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let absolute = |address: &str| match (&client.root_url, address.starts_with('/')) {
        (Some(root), true) => format!("{}{address}", root.trim_end_matches('/')),
        _ => address.to_owned(),
    };
    let exact = |addresses: Vec<String>, notes: &mut Vec<String>, what: &str| -> Vec<String> {
        let (wild, exact): (Vec<String>, Vec<String>) = addresses
            .into_iter()
            .map(|address| absolute(&address))
            .partition(|address| address.contains('*'));
        if !wild.is_empty() {
            notes.push(format!("{what} are compared exactly here; left out: {}", wild.join(", ")));
        }
        exact
    };
    let code = client.standard_flow_enabled.unwrap_or(true);
    let redirect_uris = if code || client.implicit_flow_enabled {
        exact(client.redirect_uris.clone(), &mut notes, "redirect URIs")
    } else {
        Vec::new()
    };
    if code && redirect_uris.is_empty() && !client.service_accounts_enabled {
        return Err("has no redirect URI that could be compared exactly; register it by hand".to_owned());
    }
    let after_logout = match attribute("post.logout.redirect.uris").as_deref() {
        None | Some("" | "-") => Vec::new(),
        Some(text) => {
            let mut all = Vec::new();
            for address in text.split("##") {
                if address == "+" {
                    all.extend(redirect_uris.iter().cloned());
                } else {
                    all.extend(exact(vec![address.to_owned()], &mut notes, "addresses after sign-out"));
                }
            }
            all
        }
    };
    let grants = grants(&client, code && !redirect_uris.is_empty(), &mut notes);
    if grants.is_empty() {
        return Err("uses none of the flows that are here".to_owned());
    }
    let method = method(&client)?;
    let scope =
        if grants.contains(&"authorization_code") { "openid profile email offline_access" } else { "openid" };
    let input = ClientInput {
        client_id: Some(client.client_id.clone()),
        client_name: Some(
            client
                .name
                .filter(|name| !name.is_empty() && !name.starts_with("${"))
                .unwrap_or(client.client_id),
        ),
        redirect_uris: Some(redirect_uris),
        post_logout_redirect_uris: Some(after_logout),
        grant_types: Some(grants.iter().map(|grant| (*grant).to_owned()).collect()),
        token_endpoint_auth_method: Some(method.to_owned()),
        jwks_uri: attribute("jwks.url").filter(|_| method == "private_key_jwt"),
        scope: Some(scope.to_owned()),
        id_token_signed_response_alg: attribute("id.token.signed.response.alg"),
        backchannel_logout_uri: attribute("backchannel.logout.url").filter(|address| !address.is_empty()),
        require_pkce: Some(
            method == "none" || attribute("pkce.code.challenge.method").is_some_and(|is| !is.is_empty()),
        ),
        require_pushed_authorization_requests: Some(
            attribute("require.pushed.authorization.requests").is_some_and(|is| is == "true"),
        ),
        dpop_bound_access_tokens: Some(attribute("dpop.bound.access.tokens").is_some_and(|is| is == "true")),
        skip_consent: Some(!client.consent_required),
        client_uri: client
            .base_url
            .as_deref()
            .map(absolute)
            .filter(|address| address.starts_with("https://")),
        disabled: client.enabled.map(|enabled| !enabled),
        ..ClientInput::default()
    };
    // Exports may hide them.
    let secret = client.secret.filter(|secret| !secret.chars().all(|c| c == '*'));
    Ok(FoundClient { input, secret, notes })
}

/// Its flows, as far as they are here.
fn grants(client: &ClientRepresentation, code: bool, notes: &mut Vec<String>) -> Vec<&'static str> {
    let mut grants = Vec::new();
    if code {
        grants.extend(["authorization_code", "refresh_token"]);
    }
    if client.service_accounts_enabled {
        grants.push("client_credentials");
    }
    if client.implicit_flow_enabled {
        notes.push("the implicit flow was left out: use the code flow".to_owned());
    }
    if client.direct_access_grants_enabled {
        notes.push("the password grant (direct access grants) is not there: use the code flow".to_owned());
    }
    grants
}

/// How it proves who it is.
fn method(client: &ClientRepresentation) -> Result<&'static str, String> {
    Ok(match client.client_authenticator_type.as_deref() {
        _ if client.public_client => "none",
        Some("client-jwt") => "private_key_jwt",
        Some("client-secret-jwt") => "client_secret_jwt",
        None | Some("client-secret") => "client_secret_basic",
        Some(other) => return Err(format!("authenticates by {other}, which is not there")),
    })
}
