//! `countersign key …`
#![expect(clippy::doc_markdown, reason = "these comments are help texts, where backticks would be noise")]

use clap::Subcommand;
use serde_json::json;

use super::{Place, output};
use crate::admin::keys;
use crate::app::{App, Origin};
use crate::jose::KeyAlg;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The server's keys and where each is in its life
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the next key of an algorithm; it is published first and signs later
    Rotate {
        /// ES256, RS256, PS256, EdDSA … or, of the keys that clients encrypt to, RSA-OAEP-256 or ECDH-ES [default: each that
        /// there are keys of]
        #[arg(long)]
        alg: Option<KeyAlg>,
        /// Let it sign at once: after a leak
        #[arg(long)]
        now: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key: nothing that it signed counts any more
    Revoke {
        /// Its kid
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    match command {
        Command::List { json } => list(&app, json),
        Command::Rotate { alg, now, json } => {
            keys::rotate(&app, &Origin::cli(), alg, now).await.map_err(output::refused)?;
            list(&app, json)
        }
        Command::Revoke { kid, json } => {
            keys::revoke(&app, &Origin::cli(), &kid).await.map_err(output::refused)?;
            let gone = json!({ "kid": kid, "state": "revoked" });
            output::done(json, &gone, &format!("key {kid} is revoked"))
        }
    }
}

fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let keys = app.keys.view(app.clock.now());
    if json {
        return output::json(&keys);
    }
    let rows = keys.into_iter().map(|key| {
        [
            key.kid.to_string(),
            key.alg.to_string(),
            key.state.as_str().to_owned(),
            output::date(key.active_from.0),
        ]
    });
    output::table(["kid", "algorithm", "state", "active from"], rows);
    Ok(())
}
