//! `countersign provider …`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::user::Print;
use super::{Place, output};
use crate::admin::Refusal;
use crate::admin::providers::{self, Known, ProviderView};
use crate::app::{App, Origin};
use crate::protocol::provider::{ProviderInput, SecretText};
use crate::protocol::registration::FieldProblem;

/// Bytes of a file with a secret at most.
const LARGEST_SECRET: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a provider, and print the redirect URI that it must know
    Create {
        /// Its name in addresses [default: the preset's]
        #[arg(long)]
        id: Option<String>,
        /// google, github, microsoft or apple: fills in what is well known
        #[arg(long)]
        preset: Option<String>,
        /// With the preset microsoft: the directory's tenant ID, or consumers
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        fields: Box<Fields>,
        #[command(flatten)]
        print: Print,
    },
    /// All providers, those of the configuration file as well
    List(Print),
    /// One provider, and how many accounts sign in with it
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        /// Its id
        id: String,
        #[command(flatten)]
        fields: Box<Fields>,
        /// Forget the secret or key: this server is a public client there
        #[arg(long)]
        forget_secret: bool,
        #[command(flatten)]
        print: Print,
    },
    /// Ask a provider whether people could sign in with it: exit code 1 if not
    Test {
        /// Its id
        id: String,
        #[command(flatten)]
        print: Print,
    },
    /// Delete a provider; the accounts that are linked to it stay linked
    Delete {
        /// Its id
        id: String,
        /// Also where accounts have no other way to sign in
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        print: Print,
    },
}

/// What is said of a provider. An empty text takes away what may be left out.
#[derive(Args, Debug)]
pub(super) struct Fields {
    /// openid-connect or oauth2
    #[arg(long)]
    kind: Option<String>,
    /// What its button says
    #[arg(long)]
    name: Option<String>,
    /// Issuer identifier of an OpenID Connect provider, to the last character
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Who this server is there
    #[arg(long)]
    client_id: Option<String>,
    /// A file with the client secret
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// An environment variable with the client secret
    #[arg(long, value_name = "VARIABLE", conflicts_with = "client_secret_file")]
    client_secret_env: Option<String>,
    /// A file with the private key that signs secrets, as with Apple
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// With a private key: who signs
    #[arg(long)]
    team_id: Option<String>,
    /// With a private key: what the provider calls it
    #[arg(long)]
    key_id: Option<String>,
    /// What is asked for, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// Its answer comes by a form
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    form_post: Option<bool>,
    /// Whoever has an account there gets one here
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sign_up: Option<bool>,
    /// Its word on addresses is believed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    trust_email: Option<bool>,
    /// OAuth 2: where people are sent
    #[arg(long, value_name = "URL")]
    authorization_endpoint: Option<String>,
    /// OAuth 2: where a code becomes a token
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<String>,
    /// OAuth 2: answers a JSON object about the user
    #[arg(long, value_name = "URL")]
    userinfo_endpoint: Option<String>,
    /// OAuth 2: answers a list of the user's addresses
    #[arg(long, value_name = "URL")]
    emails_endpoint: Option<String>,
    /// OAuth 2: basic, or post for a secret that goes into the form
    #[arg(long, value_name = "METHOD")]
    client_auth: Option<String>,
    /// OAuth 2: what its document calls the user's id
    #[arg(long, value_name = "NAME")]
    subject_claim: Option<String>,
    /// OAuth 2: what its document calls the address
    #[arg(long, value_name = "NAME")]
    email_claim: Option<String>,
    /// OAuth 2: what its document calls that the address was checked
    #[arg(long, value_name = "NAME")]
    email_verified_claim: Option<String>,
    /// OAuth 2: what its document calls the name
    #[arg(long, value_name = "NAME")]
    name_claim: Option<String>,
    /// OAuth 2: what its document calls the user name
    #[arg(long, value_name = "NAME")]
    username_claim: Option<String>,
    /// Whether people can sign in with it
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Accounts are linked under its id already, and its users are the same people
    #[arg(long)]
    keep_links: bool,
}

impl Fields {
    /// What is said here over what was said before.
    fn onto(self, before: ProviderInput) -> anyhow::Result<ProviderInput> {
        let said = |new: Option<String>, old: Option<String>| match new {
            Some(text) if text.is_empty() => None,
            Some(text) => Some(text),
            None => old,
        };
        let client_secret = match (self.client_secret_file, self.client_secret_env) {
            (Some(file), _) => Some(secret_in(&file)?),
            (None, Some(name)) => Some(SecretText::from(
                std::env::var(&name)
                    .with_context(|| format!("the environment variable {name} is not set"))?,
            )),
            (None, None) => None,
        };
        Ok(ProviderInput {
            kind: said(self.kind, before.kind),
            name: said(self.name, before.name),
            issuer: said(self.issuer, before.issuer),
            client_id: said(self.client_id, before.client_id),
            client_secret,
            private_key: self.key_file.as_ref().map(secret_in).transpose()?,
            team_id: said(self.team_id, before.team_id),
            key_id: said(self.key_id, before.key_id),
            scopes: self
                .scope
                .map(|scope| scope.split_whitespace().map(str::to_owned).collect())
                .or(before.scopes),
            form_post: self.form_post.or(before.form_post),
            sign_up: self.sign_up.or(before.sign_up),
            trust_email: self.trust_email.or(before.trust_email),
            authorization_endpoint: said(self.authorization_endpoint, before.authorization_endpoint),
            token_endpoint: said(self.token_endpoint, before.token_endpoint),
            userinfo_endpoint: said(self.userinfo_endpoint, before.userinfo_endpoint),
            emails_endpoint: said(self.emails_endpoint, before.emails_endpoint),
            client_auth: said(self.client_auth, before.client_auth),
            subject_claim: said(self.subject_claim, before.subject_claim),
            email_claim: said(self.email_claim, before.email_claim),
            email_verified_claim: said(self.email_verified_claim, before.email_verified_claim),
            name_claim: said(self.name_claim, before.name_claim),
            username_claim: said(self.username_claim, before.username_claim),
            enabled: self.enabled.or(before.enabled),
            keep_links: self.keep_links.then_some(true),
            id: before.id,
            preset: before.preset,
            tenant: before.tenant,
        })
    }
}

fn secret_in(file: &PathBuf) -> anyhow::Result<SecretText> {
    let about = || format!("{} cannot be read", file.display());
    if std::fs::metadata(file).with_context(about)?.len() > LARGEST_SECRET {
        bail!("{} is larger than a secret or a key can be", file.display());
    }
    Ok(SecretText::from(std::fs::read_to_string(file).with_context(about)?))
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<ExitCode> {
    let app = place.app().await?;
    let (app, origin) = (&app, Origin::cli());
    match command {
        Command::Create { id, preset, tenant, fields, print } => {
            let before = ProviderInput { id, preset, tenant, ..ProviderInput::default() };
            let input = fields.onto(before)?;
            show(app, &providers::create(app, &origin, &input).await.map_err(refused)?, print).await?;
        }
        Command::List(print) => list(providers::list(app).await.map_err(refused)?, print)?,
        Command::Show { id, print } => {
            show(app, &providers::find(app, &id).await.map_err(refused)?, print).await?;
        }
        Command::Update { id, fields, forget_secret, print } => {
            let before = providers::find(app, &id).await.and_then(providers::registered).map_err(refused)?;
            let input = fields.onto(before.input.clone())?;
            let after = providers::change(app, &origin, &before, &input, forget_secret).await;
            show(app, &after.map_err(refused)?, print).await?;
        }
        Command::Test { id, print } => {
            let examined = providers::examine(app, &id).await.map_err(refused)?;
            if print.json {
                output::json(&examined)?;
            } else {
                let rows = examined.findings.iter().map(|one| {
                    let state = if one.good { "good" } else { "wrong" };
                    [one.check.to_owned(), state.to_owned(), one.found.clone()]
                });
                output::table(["check", "state", "found"], rows);
            }
            if !examined.good {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Delete { id, yes, print } => {
            let standing =
                providers::find(app, &id).await.and_then(providers::registered).map_err(refused)?;
            let links = providers::links(app, &id).await.map_err(refused)?;
            if links.only_way > 0 && !yes {
                bail!(
                    "{} of the {} accounts that are linked to it have no other way to sign in: say --yes to lock them out, \
                     or switch it off with --enabled false",
                    links.only_way,
                    links.accounts
                );
            }
            providers::delete(app, &origin, &standing).await.map_err(refused)?;
            let sentence = format!("provider {id} is deleted; {} accounts stay linked to it", links.accounts);
            output::done(print.json, &json!({ "id": id, "done": sentence }), &sentence)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(views: Vec<ProviderView>, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&views);
    }
    let rows = views.into_iter().map(|view| {
        let state = match (view.hidden, view.problems.is_empty(), view.settings.enabled) {
            (true, _, _) => "hidden by the file",
            (_, false, _) => "cannot be used",
            (_, _, Some(false)) => "off",
            _ => "on",
        };
        let ProviderInput { id, name, kind, issuer, authorization_endpoint, .. } = view.settings;
        [
            id.unwrap_or_default(),
            name.unwrap_or_default(),
            kind.unwrap_or_default(),
            issuer.or(authorization_endpoint).unwrap_or_default(),
            view.source.to_owned(),
            state.to_owned(),
        ]
    });
    output::table(["id", "name", "kind", "where", "from", "state"], rows);
    Ok(())
}

async fn show(app: &App, known: &Known, print: Print) -> anyhow::Result<()> {
    let view = providers::view(app, known);
    if print.json {
        return output::json(&view);
    }
    let links = providers::links(app, known.id()).await.map_err(refused)?;
    let ProviderView { settings, source, hidden, problems, proof, redirect_uri, .. } = view;
    let text = |text: Option<String>| text.unwrap_or_default();
    output::details([
        ("id", text(settings.id)),
        ("name", text(settings.name)),
        ("redirect URI, for the provider", redirect_uri),
        ("kind", text(settings.kind)),
        ("issuer", text(settings.issuer)),
        ("authorization endpoint", text(settings.authorization_endpoint)),
        ("token endpoint", text(settings.token_endpoint)),
        ("user endpoint", text(settings.userinfo_endpoint)),
        ("addresses endpoint", text(settings.emails_endpoint)),
        ("client id", text(settings.client_id)),
        ("proves itself by", proof.to_owned()),
        ("scopes", settings.scopes.unwrap_or_default().join(" ")),
        ("signs strangers up", output::flag(settings.sign_up == Some(true))),
        ("addresses believed", output::flag(settings.trust_email == Some(true))),
        ("enabled", if settings.enabled == Some(false) { "no" } else { "yes" }.to_owned()),
        ("from", source.to_owned()),
        ("hidden by the configuration file", output::flag(hidden)),
        ("cannot be used", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        ("accounts linked", links.accounts.to_string()),
        ("of these without another way in", links.only_way.to_string()),
    ]);
    Ok(())
}

/// Fields by the options that set them here.
fn refused(refusal: Refusal) -> anyhow::Error {
    let Refusal::Invalid(problems) = refusal else { return output::refused(refusal) };
    let named = |problem: FieldProblem| FieldProblem {
        field: match problem.field {
            "client_id" => "client-id",
            "client_secret" => "client-secret-file",
            "private_key" => "key-file",
            "scopes" => "scope",
            other => other,
        },
        ..problem
    };
    output::refused(Refusal::Invalid(problems.into_iter().map(named).collect()))
}
