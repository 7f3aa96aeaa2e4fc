//! `countersign group …`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::user::{Print, Who};
use super::{Place, output};
use crate::admin::groups::{self, GroupView};
use crate::app::{App, Origin};
use crate::protocol::group::{Group, GroupInput};
use crate::protocol::user::User;

/// Groups or members read from the database at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a group
    Create {
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// Groups by name
    List {
        #[command(flatten)]
        print: Print,
    },
    /// One group and its members
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// Put a user into a group
    Add {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Take a user out of a group
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Delete a group; its members stay users
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub(super) struct Which {
    /// Name or id of the group
    group: String,
}

/// What a group says. An empty text clears a description or a level: `--least-acr ""`.
#[derive(Args, Debug)]
pub(super) struct Fields {
    /// Its name, which applications are told in the claim groups
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// How surely its members prove who they are, at least: one-factor, two-factors, phishing-resistant
    #[arg(long, value_name = "LEVEL")]
    least_acr: Option<String>,
}

impl Fields {
    /// These fields on top of what there is.
    fn onto(self, base: GroupInput) -> GroupInput {
        GroupInput {
            name: self.name.or(base.name),
            description: self.description.or(base.description),
            least_acr: self.least_acr.or(base.least_acr),
        }
    }
}

impl Which {
    /// The group that is meant.
    async fn find(&self, app: &App) -> anyhow::Result<Group> {
        match app.store.group_by_name(self.group.trim()).await? {
            Some(group) => Ok(group),
            None => groups::find(app, &self.group).await.map_err(output::refused),
        }
    }
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let origin = Origin::cli();
    match command {
        Command::Create { fields, print } => {
            let input = fields.onto(GroupInput::default());
            let group = groups::create(&app, &origin, &input).await.map_err(output::refused)?;
            show(&app, group, print).await
        }
        Command::List { print } => list(&app, print).await,
        Command::Show { which, print } => show(&app, which.find(&app).await?, print).await,
        Command::Update { which, fields, print } => {
            let before = which.find(&app).await?;
            let input = fields.onto(GroupInput::from(&before));
            let group = groups::change(&app, &origin, &before, &input).await.map_err(output::refused)?;
            show(&app, group, print).await
        }
        Command::Add { which, who, print } => {
            let (group, user) = (which.find(&app).await?, who.find(&app).await?);
            groups::add(&app, &origin, &group, &user).await.map_err(output::refused)?;
            let sentence = format!("{} is in {}", user.username, group.name);
            output::done(print.json, &membership(&group, &user, true), &sentence)
        }
        Command::Remove { which, who, print } => {
            let (group, user) = (which.find(&app).await?, who.find(&app).await?);
            groups::remove(&app, &origin, &group, &user).await.map_err(output::refused)?;
            let sentence = format!("{} is not in {} any more", user.username, group.name);
            output::done(print.json, &membership(&group, &user, false), &sentence)
        }
        Command::Delete { which, print } => {
            let group = which.find(&app).await?;
            groups::delete(&app, &origin, &group).await.map_err(output::refused)?;
            let gone = json!({ "id": group.id.to_string(), "name": group.name, "deleted": true });
            output::done(print.json, &gone, &format!("{} is deleted", group.name))
        }
    }
}

fn membership(group: &Group, user: &User, is_member: bool) -> Value {
    let (id, user_id) = (group.id.to_string(), user.id.to_string());
    json!({ "id": id, "name": group.name, "user_id": user_id, "username": user.username, "member": is_member })
}

async fn list(app: &App, print: Print) -> anyhow::Result<()> {
    let mut views: Vec<GroupView> = Vec::new();
    let mut after = String::new();
    loop {
        let page = groups::list(app, &after, PAGE).await.map_err(output::refused)?;
        views.extend(page.groups.into_iter().map(GroupView::from));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    if print.json {
        return output::json(&views);
    }
    let rows = views.into_iter().map(|group| {
        let least = group.least_acr.map(|level| level.to_string()).unwrap_or_default();
        [group.name, group.description, least, group.id]
    });
    output::table(["name", "what for", "at least", "id"], rows);
    Ok(())
}

async fn show(app: &App, group: Group, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&GroupView::from(group));
    }
    let mut members = Vec::new();
    let mut after = String::new();
    loop {
        let page = groups::members(app, &group, &after, PAGE).await.map_err(output::refused)?;
        members.extend(page.users.into_iter().map(|user| user.username));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let group = GroupView::from(group);
    output::details([
        ("id", group.id),
        ("name", group.name),
        ("what for", group.description),
        ("at least", group.least_acr.map(|level| level.to_string()).unwrap_or_default()),
        ("created", output::date(group.created_at)),
        ("changed", output::date(group.updated_at)),
        ("members", members.join("\n")),
    ]);
    Ok(())
}
