//! Who manages which applications and groups without being an administrator.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::allow;
use super::{Refusal, cut};
use crate::app::{App, Origin};
use crate::protocol::powers::Deed;
use crate::protocol::registration::FieldProblem;
use crate::store::{Delegation, Holder, MOST_DELEGATED, Over};

/// What is to be delegated, and to whom.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationInput {
    /// To whom: `user:` and an id, a user name or an address; `group:` and an id or a name, for its members; `client:` and a
    /// `client_id`, for its tokens with the scope `countersign:delegated`.
    pub holder: String,
    /// What: `client:` and a `client_id`; `group:` and an id or a name, for the group and its members.
    pub over: String,
}

/// Something that is delegated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelegationView {
    /// Its id.
    pub id: String,
    /// To whom: `user:<id>`, `group:<id>` or `client:<id>`.
    pub holder: String,
    /// What: `client:<id>` or `group:<id>`.
    pub over: String,
    /// Since when (Unix seconds).
    pub created_at: i64,
}

impl From<Delegation> for DelegationView {
    fn from(delegation: Delegation) -> Self {
        Self {
            holder: match &delegation.holder {
                Holder::User(id) => format!("user:{id}"),
                Holder::Group(id) => format!("group:{id}"),
                Holder::Client(id) => format!("client:{id}"),
            },
            over: match &delegation.over {
                Over::Client(id) => format!("client:{id}"),
                Over::Group(id) => format!("group:{id}"),
            },
            id: delegation.id,
            created_at: delegation.created_at,
        }
    }
}

/// Some of what is delegated, and where the next begins.
pub struct Page {
    /// In the order in which it was.
    pub delegations: Vec<DelegationView>,
    /// The id to go on after; none at the end.
    pub next: Option<String>,
}

/// What is delegated, after the id `after`, `limit` at most.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App, after: &str, limit: u32) -> Result<Page, Refusal> {
    let (found, more) = cut(app.store.delegations(after, limit.saturating_add(1)).await?, limit);
    let next = found.last().filter(|_| more).map(|delegation| delegation.id.clone());
    Ok(Page { delegations: found.into_iter().map(DelegationView::from).collect(), next })
}

/// Delegates an application or a group to somebody.
///
/// # Errors
/// There is no such holder or thing, the holder needs or bears no more, or it was delegated before.
pub async fn create(app: &App, origin: &Origin, input: &DelegationInput) -> Result<DelegationView, Refusal> {
    allow(app, origin, &Deed::Delegate, "delegation:").await?;
    let (holder, over) = (holder(app, &input.holder).await?, over(app, &input.over).await?);
    let mut problems = Vec::new();
    let holder = holder.map_err(|problem| problems.push(FieldProblem::new("holder", problem))).ok();
    let over = over.map_err(|problem| problems.push(FieldProblem::new("over", problem))).ok();
    let (Some(holder), Some(over)) = (holder, over) else { return Err(Refusal::Invalid(problems)) };
    if let (Holder::Group(one), Over::Group(other)) = (&holder, &over)
        && one == other
    {
        return Err(Refusal::field("over", "members do not manage their own group"));
    }
    let delegation =
        Delegation { id: app.entropy.ordered_id(&app.clock), holder, over, created_at: app.clock.now().0 };
    let view = DelegationView::from(delegation.clone());
    let audit = app.audit(origin, "delegation.create", view.holder.clone(), format!("over {}", view.over));
    if app.store.delegate(&delegation, &audit).await? {
        Ok(view)
    } else {
        Err(Refusal::field("holder", format_args!("manages {MOST_DELEGATED} things already")))
    }
}

/// Takes something back that was delegated.
///
/// # Errors
/// There is none with this id.
pub async fn end(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Delegate, "delegation:").await?;
    let Some(delegation) = app.store.delegation(id).await? else {
        return Err(Refusal::NotFound("delegation"));
    };
    let view = DelegationView::from(delegation);
    let audit = app.audit(origin, "delegation.end", view.holder, format!("over {}", view.over));
    if app.store.end_delegation(id, &audit).await? { Ok(()) } else { Err(Refusal::NotFound("delegation")) }
}

async fn holder(app: &App, text: &str) -> Result<Result<Holder, &'static str>, Refusal> {
    // PostgreSQL takes no NUL in a text, not even to look for it.
    let text = text.trim().replace('\0', "\u{fffd}");
    Ok(match text.split_once(':') {
        Some(("user", name)) => {
            let user = match app.store.asked_anew().user(&name.into()).await? {
                Some(user) => Some((user.id.clone(), user.is_admin)),
                None => app
                    .store
                    .user_by_login(&name.trim().to_lowercase())
                    .await?
                    .map(|user| (user.id, user.is_admin)),
            };
            match user {
                Some((_, true)) => Err("is an administrator, who manages everything"),
                Some((id, false)) => Ok(Holder::User(id)),
                None => Err("there is no such user"),
            }
        }
        Some(("group", name)) => match group(app, name).await? {
            Some(id) => Ok(Holder::Group(id)),
            None => Err("there is no such group"),
        },
        Some(("client", id)) => match app.store.asked_anew().client(&id.into()).await? {
            Some(client) => Ok(Holder::Client(client.id.clone())),
            None => Err("there is no such application"),
        },
        _ => Err("is user:, group: or client: and a name or an id"),
    })
}

async fn over(app: &App, text: &str) -> Result<Result<Over, &'static str>, Refusal> {
    // PostgreSQL takes no NUL in a text, not even to look for it.
    let text = text.trim().replace('\0', "\u{fffd}");
    Ok(match text.split_once(':') {
        Some(("group", name)) => match group(app, name).await? {
            Some(id) => Ok(Over::Group(id)),
            None => Err("there is no such group"),
        },
        Some(("client", id)) => match app.store.asked_anew().client(&id.into()).await? {
            Some(client) => Ok(Over::Client(client.id.clone())),
            None => Err("there is no such application"),
        },
        _ => Err("is client: or group: and a name or an id"),
    })
}

async fn group(app: &App, name: &str) -> Result<Option<crate::protocol::ids::GroupId>, Refusal> {
    let found = match app.store.group(&name.into()).await? {
        Some(group) => Some(group),
        None => app.store.group_by_name(name.trim()).await?,
    };
    Ok(found.map(|group| group.id))
}
