//! Writes the folder.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::branding::{BrandingInput, Choices, readable};
use crate::protocol::client::Client;
use crate::protocol::group::{Group, GroupInput};
use crate::protocol::provider::ProviderInput;
use crate::protocol::registration::ClientInput;
use crate::protocol::scope_definition::{Definitions, MappingInput, ScopeInput};
use crate::protocol::webhook::{Webhook, WebhookInput};

const CLIENTS: &str = "clients.toml";
const GROUPS: &str = "groups.toml";
const SCOPES: &str = "scopes.toml";
const UPSTREAMS: &str = "upstreams.toml";

#[derive(Serialize)]
struct Clients {
    client: Vec<ClientInput>,
}

#[derive(Serialize)]
struct Groups {
    group: Vec<GroupInput>,
}

#[derive(Serialize)]
struct Scopes {
    scope: Vec<ScopeInput>,
}

#[derive(Serialize)]
struct Upstreams {
    upstream: Vec<ProviderInput>,
}

/// The same of the upstream providers that were registered at run time.
///
/// # Errors
/// Something cannot be said in TOML.
fn text_of_upstreams(upstreams: &[ProviderInput]) -> anyhow::Result<(&'static str, String)> {
    let upstream: Vec<ProviderInput> = upstreams.iter().cloned().map(ProviderInput::shortened).collect();
    let text = if upstream.is_empty() {
        String::new()
    } else {
        toml::to_string(&Upstreams { upstream }).context("a provider cannot be written as TOML")?
    };
    Ok((
        UPSTREAMS,
        format!(
            "# Providers elsewhere that people sign in with, one [[upstream]] each, as in countersign.toml; those of that file are\n\
             # not here. Secrets are not here either and stay as they are. To set one from outside, name its source:\n\
             # client_secret_env = \"VARIABLE\" or client_secret_file = \"FILE\"; for a private key, key_env or key_file.\n\n{text}"
        ),
    ))
}

/// The text of the files about clients, groups and scopes: name and content.
///
/// # Errors
/// Something cannot be said in TOML.
pub fn texts(
    clients: &[Client],
    groups: &[Group],
    scopes: &Definitions,
) -> anyhow::Result<[(&'static str, String); 3]> {
    let clients: Vec<ClientInput> = clients.iter().map(shortened).collect::<anyhow::Result<_>>()?;
    let clients_text = if clients.is_empty() {
        String::new()
    } else {
        toml::to_string(&Clients { client: clients }).context("a client cannot be written as TOML")?
    };
    let groups: Vec<GroupInput> = groups.iter().map(GroupInput::from).collect();
    let groups_text = if groups.is_empty() {
        String::new()
    } else {
        toml::to_string(&Groups { group: groups }).context("a group cannot be written as TOML")?
    };
    let scopes: Vec<ScopeInput> = scopes
        .iter()
        .map(|scope| ScopeInput {
            published: Some(false).filter(|_| !scope.published),
            claims: Some(scope.claims.iter().map(MappingInput::from).collect::<Vec<_>>())
                .filter(|claims| !claims.is_empty()),
            ..ScopeInput::from(scope)
        })
        .collect();
    let scopes_text = if scopes.is_empty() {
        String::new()
    } else {
        toml::to_string(&Scopes { scope: scopes }).context("a scope cannot be written as TOML")?
    };
    Ok([
        (
            CLIENTS,
            format!(
                "# Clients, one [[client]] each, under the names of RFC 7591 and OpenID Connect Registration.\n\
                 # Secrets are not here and stay as they are. To set one from outside, name its source:\n\
                 # client_secret_env = \"VARIABLE\" or client_secret_file = \"FILE\".\n\n{clients_text}"
            ),
        ),
        (
            GROUPS,
            format!(
                "# Groups, one [[group]] each: name, description, least_acr. Who is in them is not kept here.\n\n\
                 {groups_text}"
            ),
        ),
        (
            SCOPES,
            format!(
                "# Scopes, one [[scope]] each: name, title, description, published, localized, and a [[scope.claims]] for each\n\
                 # claim: claim, from (attribute, groups, value), attribute, prefix or value, into.\n\n{scopes_text}"
            ),
        ),
    ])
}

const WEBHOOKS: &str = "webhooks.toml";
const BRANDING: &str = "branding.toml";
/// What a logo may be called.
const LOGOS: [&str; 2] = ["logo.svg", "logo.png"];

#[derive(Serialize)]
struct Webhooks {
    webhook: Vec<WebhookInput>,
}

#[derive(Serialize)]
struct Branding {
    branding: Look,
}

/// As a file has it: the image is a file of its own.
#[derive(Serialize)]
struct Look {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_file: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent_light: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent_dark: Option<String>,
}

/// What was written, for whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Clients.
    pub clients: usize,
    /// Groups.
    pub groups: usize,
    /// Scopes that are defined.
    pub scopes: usize,
    /// Webhooks.
    pub webhooks: usize,
    /// Upstream providers that were registered at run time.
    pub upstreams: usize,
    /// Did administrators choose anything for how the server looks?
    pub branding: bool,
}

/// Writes all that there is into a folder.
///
/// # Errors
/// The database is unavailable, or the folder is as [`write`] wants none.
pub async fn export(app: &App, folder: &Path, force: bool) -> anyhow::Result<Exported> {
    let (clients, groups) = app.store.configuration().await?;
    let scopes = app.store.asked_anew().scope_definitions().await?;
    let (webhooks, chosen) = (app.store.webhooks().await?, readable(&app.store.branding().await?));
    let mut files: Vec<(&str, Vec<u8>)> = texts(&clients, &groups, &scopes)?
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    files.push((WEBHOOKS, webhooks_text(&webhooks)?.into_bytes()));
    let upstreams: Vec<ProviderInput> =
        app.providers_anew().await?.registered().iter().map(|standing| standing.input.clone()).collect();
    let (name, text) = text_of_upstreams(&upstreams)?;
    files.push((name, text.into_bytes()));
    files.extend(branding_files(&chosen)?);
    write(folder, &files, force)?;
    Ok(Exported {
        clients: clients.len(),
        groups: groups.len(),
        scopes: scopes.iter().count(),
        webhooks: webhooks.len(),
        upstreams: upstreams.len(),
        branding: !chosen.is_empty(),
    })
}

fn webhooks_text(webhooks: &[Webhook]) -> anyhow::Result<String> {
    let inputs: Vec<WebhookInput> = webhooks.iter().map(WebhookInput::from).collect();
    let text = if inputs.is_empty() {
        String::new()
    } else {
        toml::to_string(&Webhooks { webhook: inputs }).context("a webhook cannot be written as TOML")?
    };
    Ok(format!(
        "# Webhooks, one [[webhook]] each: url, description, events, enabled. What messages are signed with is not here,\n\
         # and stays as it is. Where an address is a secret by itself, name its source instead of it:\n\
         # url_env = \"VARIABLE\" or url_file = \"FILE\".\n\n{text}"
    ))
}

fn branding_files(chosen: &Choices) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let logo_file = chosen.logo.as_ref().map(|logo| {
        let [svg, png] = LOGOS;
        if logo.content_type == "image/png" { png } else { svg }
    });
    let text = if chosen.is_empty() {
        String::new()
    } else {
        let BrandingInput { name, accent_light, accent_dark, .. } = BrandingInput::from(chosen);
        let look = Look { name, logo_file, accent_light, accent_dark };
        toml::to_string(&Branding { branding: look }).context("the branding cannot be written as TOML")?
    };
    let head = "# What administrators chose for how this server looks, as [branding]: name, logo_file (beside this file),\n\
                # accent_light, accent_dark. What is left out is as countersign.toml says.\n\n";
    let mut files = vec![(BRANDING, format!("{head}{text}").into_bytes())];
    if let (Some(name), Some(logo)) = (logo_file, &chosen.logo) {
        files.push((name, logo.bytes.to_vec()));
    }
    Ok(files)
}

/// Without what is left out as well: no, none, empty.
fn shortened(client: &Client) -> anyhow::Result<ClientInput> {
    let input = ClientInput::from(client);
    let Value::Object(mut members) = serde_json::to_value(&input)? else { return Ok(input) };
    members.retain(|name, value| match value {
        Value::Bool(false) => name == "require_pkce",
        Value::Array(items) => !items.is_empty() || name == "grant_types",
        Value::Object(members) => !members.is_empty() || name == "jwks",
        _ => true,
    });
    if let Some(jwks) = members.get_mut("jwks")
        && has_null(jwks)
    {
        *jwks = Value::String(jwks.to_string());
    }
    Ok(serde_json::from_value(Value::Object(members))?)
}

/// TOML has no null.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// Writes files into a folder, which is made if it is missing. Files that are there are replaced only by `force`: they
/// may say where secrets come from.
///
/// # Errors
/// The folder cannot be written to, or holds such files.
pub fn write(folder: &Path, texts: &[(&str, impl AsRef<[u8]>)], force: bool) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let name = entry?.file_name();
        let ours = texts.iter().any(|(ours, _)| name == *ours);
        if ours && !force {
            bail!("{} is there already: name another folder, or replace it with --force", name.display());
        }
        if !ours && Path::new(&name).extension().is_some_and(|end| end == "toml") {
            bail!(
                "{} is there already and would be read with the exported files: name an empty folder",
                name.display()
            );
        }
    }
    for (name, text) in texts {
        let (file, draft) = (folder.join(name), folder.join(format!(".{name}.draft")));
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &file))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}
