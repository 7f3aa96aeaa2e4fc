//! `countersign client …`
#![expect(clippy::doc_markdown, reason = "these comments are help texts, where backticks would be noise")]

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{put, say};
use super::{Place, output};
use crate::admin::clients::{self, ClientView};
use crate::admin::settings::{self, Settings};
use crate::app::{App, Origin};
use crate::protocol::registration::{ClientInput, Kind};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a client and print its secret, once
    Create {
        #[command(flatten)]
        fields: Box<Fields>,
        /// Its client_id [default: made up]
        #[arg(long)]
        id: Option<String>,
        /// web, spa, native, machine, agent or device: has the defaults, and the redirect URIs, of such an app
        #[arg(long)]
        kind: Option<Kind>,
        #[command(flatten)]
        print: Print,
    },
    /// All clients
    List(Print),
    /// One client
    Show {
        /// Its client_id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        /// Its client_id
        id: String,
        #[command(flatten)]
        fields: Box<Fields>,
        #[command(flatten)]
        print: Print,
    },
    /// Settings to paste for the libraries that fit a client
    Settings {
        /// Its client_id
        id: String,
        /// Only for this library, and nothing else: openid-client, Authlib, …
        #[arg(long)]
        library: Option<String>,
        #[command(flatten)]
        print: Print,
    },
    /// Replace a client's secret and print the new one, once; the old one works beside it for a while
    RotateSecret {
        /// Its client_id
        id: String,
        /// For how many hours the old one goes on working: 0 for not at all, 168 at most
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=168))]
        keep_old: u64,
        #[command(flatten)]
        print: Print,
    },
    /// End a client's old secret before its time
    EndOldSecret {
        /// Its client_id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Delete a client with everybody's consent to it and all its tokens
    Delete {
        /// Its client_id
        id: String,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Print {
    /// Print JSON, under the names of RFC 7591
    #[arg(long)]
    json: bool,
}

/// What a registration says. An empty text clears a list or an address: `--redirect-uri ""`.
#[derive(Args, Debug)]
pub(super) struct Fields {
    /// Name to show to users
    #[arg(long)]
    name: Option<String>,
    /// An app that cannot keep a secret: on a phone, on a desktop, in the browser
    #[arg(long, conflicts_with = "auth_method")]
    public: bool,
    /// client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt or none [default: client_secret_basic]
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// Where authorization responses may be sent; may be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where a browser may be sent after sign-out; may be repeated
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// authorization_code, refresh_token, client_credentials, implicit or
    /// urn:ietf:params:oauth:grant-type:device_code; may be repeated [default: the first two, and what the response types need]
    #[arg(long, value_name = "TYPE")]
    grant_type: Vec<String>,
    /// "code", "id_token" or "code id_token", …; may be repeated [default: code]
    #[arg(long, value_name = "TYPE")]
    response_type: Vec<String>,
    /// Scope values it may ask for, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// RS256, ES256, PS256, EdDSA, HS256, … [default: RS256]
    #[arg(long, value_name = "ALG")]
    id_token_alg: Option<String>,
    /// jwt or opaque [default: jwt]
    #[arg(long, value_name = "FORMAT")]
    access_token_format: Option<String>,
    /// ES256, RS256, PS256, EdDSA, … [default: ES256]
    #[arg(long, value_name = "ALG")]
    access_token_alg: Option<String>,
    /// Refuse requests without PKCE [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_pkce: Option<bool>,
    /// Refuse authorization requests that were not pushed (RFC 9126) [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_pushed_authorization_requests: Option<bool>,
    /// Refuse token requests without a proof of possession (DPoP, RFC 9449) [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    dpop_bound_access_tokens: Option<bool>,
    /// An app of your own, for which users are not asked
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    skip_consent: Option<bool>,
    /// How surely its users prove who they are, at least: one-factor, two-factors, phishing-resistant; "" for as it asks
    #[arg(long, value_name = "LEVEL")]
    least_acr: Option<String>,
    /// An API that may introspect every client's tokens
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    introspects_any_token: Option<bool>,
    /// For how many seconds a repeated refresh gets the same tokens
    #[arg(long, value_name = "SECONDS")]
    refresh_grace_seconds: Option<u32>,
    /// Home page
    #[arg(long, value_name = "URI")]
    client_uri: Option<String>,
    /// Logo: a PNG, JPEG, GIF, WebP or SVG of 200 kB at most, which this server fetches
    #[arg(long, value_name = "URI")]
    logo_uri: Option<String>,
    /// Colour of buttons and links where people sign in to it, as in "#0d6b60"; "" for this server's own
    #[arg(long, value_name = "COLOUR")]
    accent_color: Option<String>,
    /// Privacy policy
    #[arg(long, value_name = "URI")]
    policy_uri: Option<String>,
    /// Terms of service
    #[arg(long, value_name = "URI")]
    tos_uri: Option<String>,
    /// Where the client publishes its keys
    #[arg(long, value_name = "URI")]
    jwks_uri: Option<String>,
    /// Loaded in a frame when its users sign out
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// Where logout tokens are sent
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// Anything else, as a JSON object under the names of RFC 7591 and OpenID Connect Registration
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<Box<ClientInput>>,
    /// Switched off: every request of it is refused
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disabled: Option<bool>,
}

impl Fields {
    /// These fields on top of what there is.
    fn onto(self, base: ClientInput) -> ClientInput {
        let list = |given: Vec<String>, base: Option<Vec<String>>| {
            let named = given.iter().any(|text| !text.is_empty());
            if given.is_empty() { base } else { Some(if named { given } else { Vec::new() }) }
        };
        let auth_method = if self.public { Some("none".to_owned()) } else { self.auth_method };
        let base = match self.metadata {
            Some(named) => named.over(&base),
            None => base,
        };
        ClientInput {
            client_name: self.name.or(base.client_name),
            redirect_uris: list(self.redirect_uri, base.redirect_uris),
            post_logout_redirect_uris: list(self.post_logout_redirect_uri, base.post_logout_redirect_uris),
            grant_types: list(self.grant_type, base.grant_types),
            token_endpoint_auth_method: auth_method.or(base.token_endpoint_auth_method),
            response_types: list(self.response_type, base.response_types),
            scope: self.scope.or(base.scope),
            id_token_signed_response_alg: self.id_token_alg.or(base.id_token_signed_response_alg),
            access_token_format: self.access_token_format.or(base.access_token_format),
            access_token_signed_response_alg: self.access_token_alg.or(base.access_token_signed_response_alg),
            require_pkce: self.require_pkce.or(base.require_pkce),
            require_pushed_authorization_requests: self
                .require_pushed_authorization_requests
                .or(base.require_pushed_authorization_requests),
            dpop_bound_access_tokens: self.dpop_bound_access_tokens.or(base.dpop_bound_access_tokens),
            skip_consent: self.skip_consent.or(base.skip_consent),
            least_acr: self.least_acr.or(base.least_acr),
            introspects_any_token: self.introspects_any_token.or(base.introspects_any_token),
            refresh_grace_seconds: self.refresh_grace_seconds.or(base.refresh_grace_seconds),
            client_uri: self.client_uri.or(base.client_uri),
            logo_uri: self.logo_uri.or(base.logo_uri),
            accent_color: self.accent_color.or(base.accent_color),
            policy_uri: self.policy_uri.or(base.policy_uri),
            tos_uri: self.tos_uri.or(base.tos_uri),
            jwks_uri: self.jwks_uri.or(base.jwks_uri),
            frontchannel_logout_uri: self.frontchannel_logout_uri.or(base.frontchannel_logout_uri),
            backchannel_logout_uri: self.backchannel_logout_uri.or(base.backchannel_logout_uri),
            disabled: self.disabled.or(base.disabled),
            ..base
        }
    }
}

/// Reads `--metadata`.
fn metadata(text: &str) -> Result<Box<ClientInput>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    match command {
        Command::Create { fields, id, kind, print } => {
            let input = fields.onto(ClientInput { client_id: id, ..ClientInput::default() });
            let created = match kind {
                Some(kind) => clients::create_kind(&app, &Origin::cli(), kind, input.clone()).await,
                None => clients::create(&app, &Origin::cli(), &input).await,
            };
            let issued = created.map_err(output::refused)?;
            if let Some(kind) = kind {
                for (uri, hint) in clients::hints(kind, &issued.client) {
                    eprintln!("note: {uri} {hint}");
                }
            }
            show(issued.into(), print)
        }
        Command::List(print) => list(&app, print).await,
        Command::Show { id, print } => {
            let client = clients::find(&app, &id).await.map_err(output::refused)?;
            show(client.into(), print)
        }
        Command::Update { id, fields, print } => {
            let before = clients::find(&app, &id).await.map_err(output::refused)?;
            let input = fields.onto(ClientInput::from(&before));
            let issued =
                clients::change(&app, &Origin::cli(), before, &input).await.map_err(output::refused)?;
            show(issued.into(), print)
        }
        Command::Settings { id, library, print } => {
            let client = clients::find(&app, &id).await.map_err(output::refused)?;
            let all_must_push = app.config.authorization.require_pushed_requests;
            let all = settings::of(&app.config.issuer, &client, None, all_must_push);
            print_settings(all, library.as_deref(), print)
        }
        Command::EndOldSecret { id, print } => {
            let before = clients::find(&app, &id).await.map_err(output::refused)?;
            clients::end_old_secret(&app, &Origin::cli(), before).await.map_err(output::refused)?;
            let sentence = format!("the old secret of {id} does not work any more");
            output::done(print.json, &json!({ "client_id": id, "old_secret": "ended" }), &sentence)
        }
        Command::RotateSecret { id, keep_old, print } => {
            let before = clients::find(&app, &id).await.map_err(output::refused)?;
            let issued =
                clients::rotate_secret(&app, &Origin::cli(), before, Duration::from_secs(keep_old * 3600))
                    .await
                    .map_err(output::refused)?;
            show(issued.into(), print)
        }
        Command::Delete { id, print } => {
            clients::delete(&app, &Origin::cli(), &id).await.map_err(output::refused)?;
            let gone = json!({ "client_id": id, "deleted": true });
            output::done(print.json, &gone, &format!("client {id} is deleted"))
        }
    }
}

fn print_settings(mut all: Vec<Settings>, library: Option<&str>, print: Print) -> anyhow::Result<()> {
    if let Some(library) = library {
        let known: Vec<_> = all.iter().map(|settings| settings.library).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        all.retain(|settings| settings.library.eq_ignore_ascii_case(library));
        anyhow::ensure!(!all.is_empty(), "library: there are settings for: {known}");
    }
    if print.json {
        return output::json(&all);
    }
    for (number, settings) in all.iter().enumerate() {
        if library.is_none() {
            let gap = if number == 0 { "" } else { "\n" };
            say!("{gap}── {} ({}), {} ──", settings.library, settings.platform, settings.file);
        }
        put(format_args!("{}", settings.text));
    }
    Ok(())
}

async fn list(app: &App, print: Print) -> anyhow::Result<()> {
    let views: Vec<ClientView> = app.store.clients().await?.into_iter().map(ClientView::from).collect();
    if print.json {
        return output::json(&views);
    }
    let rows = views.into_iter().map(|client| {
        [
            client.client_id,
            client.metadata.client_name,
            client.metadata.token_endpoint_auth_method.to_string(),
            output::date(client.client_id_issued_at),
            output::flag(client.disabled),
        ]
    });
    output::table(["client_id", "name", "authentication", "registered", "off"], rows);
    Ok(())
}

fn show(client: ClientView, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&client);
    }
    let metadata = client.metadata;
    let secret = client.client_secret.map(|secret| format!("{secret}  (shown only this once)"));
    // Devices and machines send nobody to the authorization endpoint.
    let pkce = match (metadata.redirect_uris.is_empty(), metadata.require_pkce) {
        (true, _) => "",
        (false, true) => "required",
        (false, false) => "optional",
    };
    output::details([
        ("client_id", client.client_id),
        ("client_secret", secret.unwrap_or_default()),
        ("name", metadata.client_name),
        ("authentication", metadata.token_endpoint_auth_method.to_string()),
        ("redirect URIs", metadata.redirect_uris.join("\n")),
        ("after sign-out", metadata.post_logout_redirect_uris.join("\n")),
        ("grant types", joined(&metadata.grant_types)),
        ("response types", joined(&metadata.response_types)),
        ("scope", metadata.scope.to_string()),
        ("ID tokens", metadata.id_token_signed_response_alg.to_string()),
        (
            "access tokens",
            format!("{} {}", metadata.access_token_format, metadata.access_token_signed_response_alg),
        ),
        ("PKCE", pkce.to_owned()),
        ("pushed requests only", output::flag(metadata.require_pushed_authorization_requests)),
        ("bound tokens only", output::flag(metadata.dpop_bound_access_tokens)),
        ("skips consent", output::flag(metadata.skip_consent)),
        ("at least", metadata.least_acr.map(|level| level.to_string()).unwrap_or_default()),
        ("introspects any token", output::flag(metadata.introspects_any_token)),
        ("refresh grace", metadata.refresh_grace_seconds.map(|s| format!("{s} s")).unwrap_or_default()),
        ("keys", metadata.jwks_uri.unwrap_or_default()),
        ("front-channel logout", metadata.frontchannel_logout_uri.unwrap_or_default()),
        ("back-channel logout", metadata.backchannel_logout_uri.unwrap_or_default()),
        ("home page", metadata.client_uri.unwrap_or_default()),
        ("logo", metadata.logo_uri.unwrap_or_default()),
        ("accent colour", metadata.accent_color.map(|accent| accent.to_string()).unwrap_or_default()),
        ("privacy policy", metadata.policy_uri.unwrap_or_default()),
        ("terms of service", metadata.tos_uri.unwrap_or_default()),
        ("old secret until", client.old_secret_expires_at.map(output::date).unwrap_or_default()),
        ("registered", output::date(client.client_id_issued_at)),
        ("changed", output::date(client.updated_at)),
        ("switched off", output::flag(client.disabled)),
    ]);
    Ok(())
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
