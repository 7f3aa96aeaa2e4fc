//! Writes the folder.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use crate::protocol::client::Client;
use crate::protocol::group::{Group, GroupInput};
use crate::protocol::provider::ProviderInput;
use crate::protocol::registration::ClientInput;

const CLIENTS: &str = "clients.toml";
const GROUPS: &str = "groups.toml";
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
struct Upstreams {
    upstream: Vec<ProviderInput>,
}

/// The same of the upstream providers that were registered at run time.
///
/// # Errors
/// Something cannot be said in TOML.
pub fn text_of_upstreams(upstreams: &[ProviderInput]) -> anyhow::Result<(&'static str, String)> {
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

/// The text of the files about clients and groups: name and content.
///
/// # Errors
/// Something cannot be said in TOML.
pub fn texts(clients: &[Client], groups: &[Group]) -> anyhow::Result<[(&'static str, String); 2]> {
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
    ])
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

/// Writes the files into a folder, which is made if it is missing. Files that are there are replaced only by `force`: they
/// may say where secrets come from.
///
/// # Errors
/// The folder cannot be written to, or holds such files.
pub fn write(folder: &Path, texts: &[(&str, String)], force: bool) -> anyhow::Result<()> {
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
