//! `countersign scope …`
#![expect(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "these comments are help texts, where backticks would be noise"
)]

use std::collections::BTreeMap;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::json;

use super::user::Print;
use super::{Place, output};
use crate::admin::Refusal;
use crate::admin::scopes::{self, ScopeView};
use crate::app::{App, Origin};
use crate::protocol::scope_definition::{MappingInput, ScopeDefinition, ScopeInput};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Define a scope
    Create {
        /// The word that applications ask for; it stays
        name: String,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// The scopes that are defined, by name
    List(Print),
    /// One scope, and the applications that may ask for it
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// Delete a definition; applications may go on asking for the word, which brings no claims any more
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub(super) struct Fields {
    /// What people are asked to allow, in a few words
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The same in a sentence; an empty text clears it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whether the discovery document names it
    #[arg(long, value_name = "BOOL")]
    published: Option<bool>,
    /// A text for people who read another language, as title#de=Ihre Notizen; may be repeated, and replaces those before
    #[arg(long, value_name = "MEMBER=TEXT")]
    localized: Vec<String>,
    /// A claim as JSON, as {"claim":"roles","from":"groups","prefix":"notes:","into":["id_token","access_token"]}; may be
    /// repeated, and replaces those before
    #[arg(long = "claim", value_name = "JSON", conflicts_with = "no_claims")]
    claims: Vec<String>,
    /// No claims
    #[arg(long)]
    no_claims: bool,
}

impl Fields {
    /// These fields on top of what there is.
    fn onto(self, base: ScopeInput) -> anyhow::Result<ScopeInput> {
        let mut localized = BTreeMap::new();
        for text in &self.localized {
            let (member, text) = text
                .split_once('=')
                .ok_or_else(|| anyhow!("--localized {text}: is like title#de=Ihre Notizen"))?;
            localized.insert(member.to_owned(), text.to_owned());
        }
        let claims: Vec<MappingInput> = self
            .claims
            .iter()
            .map(|text| serde_json::from_str(text).map_err(|error| anyhow!("--claim {text}: {error}")))
            .collect::<anyhow::Result<_>>()?;
        Ok(ScopeInput {
            name: base.name,
            title: self.title.or(base.title),
            description: self.description.or(base.description),
            published: self.published.or(base.published),
            localized: if localized.is_empty() { base.localized } else { Some(localized) },
            claims: if claims.is_empty() && !self.no_claims { base.claims } else { Some(claims) },
        })
    }
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let origin = Origin::cli();
    let find = async |name: &str| scopes::find(&app, name).await.map_err(output::refused);
    match command {
        Command::Create { name, fields, print } => {
            let input = fields.onto(ScopeInput { name: Some(name), ..ScopeInput::default() })?;
            let scope = scopes::create(&app, &origin, &input).await.map_err(output::refused)?;
            show(&app, &scope, &print).await
        }
        Command::List(print) => list(&app, &print).await.map_err(output::refused)?,
        Command::Show { name, print } => show(&app, &find(&name).await?, &print).await,
        Command::Update { name, fields, print } => {
            let before = find(&name).await?;
            let input = fields.onto(ScopeInput::from(&before))?;
            let scope = scopes::change(&app, &origin, &before, &input).await.map_err(output::refused)?;
            show(&app, &scope, &print).await
        }
        Command::Delete { name, print } => {
            let scope = find(&name).await?;
            scopes::delete(&app, &origin, &scope).await.map_err(output::refused)?;
            let gone = json!({ "name": scope.name, "deleted": true });
            output::done(print.json, &gone, &format!("{} is deleted", scope.name))
        }
    }
}

async fn list(app: &App, print: &Print) -> Result<anyhow::Result<()>, Refusal> {
    let all = scopes::list(app).await?;
    if print.json {
        return Ok(output::json(&all.iter().map(ScopeView::from).collect::<Vec<_>>()));
    }
    let rows = all.into_iter().map(|scope| {
        let claims: Vec<&str> = scope.claims.iter().map(|mapping| mapping.claim.as_str()).collect();
        let published = if scope.published { "yes" } else { "no" };
        [scope.name.clone(), scope.title.clone(), claims.join(" "), published.to_owned()]
    });
    output::table(["scope", "people read", "claims", "published"], rows);
    Ok(Ok(()))
}

async fn show(app: &App, scope: &ScopeDefinition, print: &Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&ScopeView::from(scope));
    }
    let (applications, more) = scopes::applications(app, &scope.name).await.map_err(output::refused)?;
    let mut names: Vec<String> = applications.into_iter().map(|(id, name)| format!("{id}  {name}")).collect();
    names.extend(more.then(|| "…".to_owned()));
    let localized: Vec<String> =
        scope.localized.iter().map(|(member, text)| format!("{member}: {text}")).collect();
    output::details([
        ("scope", scope.name.clone()),
        ("title", scope.title.clone()),
        ("description", scope.description.clone()),
        ("other languages", localized.join("\n")),
        ("claims", scopes::lines(scope).join("\n")),
        ("published", if scope.published { "yes" } else { "no" }.to_owned()),
        ("defined", output::date(scope.created_at.0)),
        ("changed", output::date(scope.updated_at.0)),
        ("applications", names.join("\n")),
    ]);
    Ok(())
}
