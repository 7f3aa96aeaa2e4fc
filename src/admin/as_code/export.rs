//! Writes the folder.

use std::collections::BTreeMap;
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
use crate::protocol::scope_definition::{Definitions, MappingInput, ScopeDefinition, ScopeInput};
use crate::protocol::webhook::WebhookInput;

const CLIENTS: &str = "\
# Clients, one [[client]] each, under the names of RFC 7591 and OpenID Connect Registration.
# Secrets are not here and stay as they are. To set one from outside, name its source:
# client_secret_env = \"VARIABLE\" or client_secret_file = \"FILE\".
";
const GROUPS: &str = "\
# Groups, one [[group]] each: name, description, least_acr. Who is in them is not kept here.
";
const SCOPES: &str = "\
# Scopes, one [[scope]] each: name, title, description, published, localized, and a [[scope.claims]] for each
# claim: claim, from (attribute, groups, value), attribute, prefix or value, into.
";
const WEBHOOKS: &str = "\
# Webhooks, one [[webhook]] each: url, description, events, enabled. What messages are signed with is not here,
# and stays as it is. Where an address is a secret by itself, name its source instead of it:
# url_env = \"VARIABLE\" or url_file = \"FILE\".
";
const UPSTREAMS: &str = "\
# Providers elsewhere that people sign in with, one [[upstream]] each, as in countersign.toml; those of that file are
# not here. Secrets are not here either and stay as they are. To set one from outside, name its source:
# client_secret_env = \"VARIABLE\" or client_secret_file = \"FILE\"; for a private key, key_env or key_file.
";
const BRANDING: &str = "\
# What administrators chose for how this server looks, as [branding]: name, logo_file (beside this file),
# accent_light, accent_dark. What is left out is as countersign.toml says.
";

/// What a logo may be called.
const LOGOS: [&str; 2] = ["logo.svg", "logo.png"];

/// Branding as a file has it: the image is a file of its own.
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

/// The text of a file: what it is about, and the things of one sort, if there are any.
fn text<T: Serialize>(head: &str, table: &str, things: Option<T>) -> anyhow::Result<String> {
    let Some(things) = things else { return Ok(format!("{head}\n")) };
    let text = toml::to_string(&BTreeMap::from([(table, things)]));
    Ok(format!("{head}\n{}", text.with_context(|| format!("a {table} cannot be written as TOML"))?))
}

fn list<T: Serialize>(head: &str, table: &str, things: Vec<T>) -> anyhow::Result<String> {
    text(head, table, Some(things).filter(|things| !things.is_empty()))
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
    let clients = clients.iter().map(shortened).collect::<anyhow::Result<_>>()?;
    let groups = groups.iter().map(GroupInput::from).collect();
    let scope = |scope: &ScopeDefinition| ScopeInput {
        published: Some(false).filter(|_| !scope.published),
        claims: Some(scope.claims.iter().map(MappingInput::from).collect::<Vec<_>>())
            .filter(|claims| !claims.is_empty()),
        ..ScopeInput::from(scope)
    };
    Ok([
        ("clients.toml", list::<ClientInput>(CLIENTS, "client", clients)?),
        ("groups.toml", list::<GroupInput>(GROUPS, "group", groups)?),
        ("scopes.toml", list(SCOPES, "scope", scopes.iter().map(scope).collect())?),
    ])
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
/// The database is unavailable, or the folder is as [`write()`] wants none.
pub async fn export(app: &App, folder: &Path, force: bool) -> anyhow::Result<Exported> {
    let (clients, groups) = app.store.configuration().await?;
    let scopes = app.store.asked_anew().scope_definitions().await?;
    let (webhooks, chosen) = (app.store.webhooks().await?, readable(&app.store.branding().await?));
    let mut files: Vec<(&str, Vec<u8>)> = texts(&clients, &groups, &scopes)?
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    let inputs = webhooks.iter().map(WebhookInput::from).collect();
    files.push(("webhooks.toml", list::<WebhookInput>(WEBHOOKS, "webhook", inputs)?.into_bytes()));
    let providers = app.providers_anew().await?;
    let upstreams: Vec<ProviderInput> =
        providers.registered().iter().map(|standing| standing.input.clone().shortened()).collect();
    let count = upstreams.len();
    files.push(("upstreams.toml", list(UPSTREAMS, "upstream", upstreams)?.into_bytes()));
    files.extend(branding_files(&chosen)?);
    write(folder, &files, force)?;
    Ok(Exported {
        clients: clients.len(),
        groups: groups.len(),
        scopes: scopes.iter().count(),
        webhooks: webhooks.len(),
        upstreams: count,
        branding: !chosen.is_empty(),
    })
}

fn branding_files(chosen: &Choices) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let logo_file = chosen.logo.as_ref().map(|logo| {
        let [svg, png] = LOGOS;
        if logo.content_type == "image/png" { png } else { svg }
    });
    let BrandingInput { name, accent_light, accent_dark, .. } = BrandingInput::from(chosen);
    let look = Look { name, logo_file, accent_light, accent_dark };
    let text = text(BRANDING, "branding", Some(look).filter(|_| !chosen.is_empty()))?;
    let mut files = vec![("branding.toml", text.into_bytes())];
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
        Value::Null => false,
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
