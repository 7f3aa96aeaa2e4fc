//! The audit log for whoever reads it: filtered, page by page, or as a whole.

use std::fmt::Write as _;
use std::str::FromStr;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::Refusal;
use super::access::{allow, user_facts};
use crate::app::{App, Origin};
use crate::protocol::audit::{self, AuditFilter, AuditInput, csv_cell};
use crate::protocol::powers::{About, Deed, Permission, Resource};
use crate::store::AuditRow;

/// Who does things without being a user or a client.
const NOBODY: [&str; 3] = ["cli", "system", "anonymous"];

/// Rows that an export reads, and hands on, at once.
const PIECE: u32 = 500;

/// One entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Its id; sorts by time.
    pub id: String,
    /// When (Unix seconds).
    pub at: i64,
    /// Who: `user:<id>`, `client:<id>`, `cli`, `system` or `anonymous`.
    pub actor: String,
    /// What, as `<thing>.<verb>`.
    pub action: String,
    /// To what.
    pub target: String,
    /// In which way, or why.
    pub detail: String,
    /// From where; empty for the command line and for background work.
    pub ip: String,
    /// With which browser, as it calls itself; empty where there is none.
    pub user_agent: String,
    /// With which request.
    pub correlation_id: String,
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            detail: row.detail,
            ip: row.ip,
            user_agent: row.user_agent,
            correlation_id: row.correlation_id,
        }
    }
}

/// Some entries, and where the next ones begin.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The cursor that leads on; none at the end of the log.
    pub next: Option<String>,
    /// Down to this moment the log was looked through (Unix seconds); none at its end.
    pub reached: Option<i64>,
}

/// The newest entries that a filter means, from the cursor `after` on, `limit` at most. A search for text looks through a
/// part of the log at a time: a page may be empty and yet lead on.
///
/// # Errors
/// The filter breaks a rule, the cursor was not given out for this filter, or the database is unavailable.
pub async fn list(app: &App, input: &AuditInput, after: &str, limit: u32) -> Result<Page, Refusal> {
    let filter = filter(app, input).await?;
    let list = describe(&filter);
    let before = if after.is_empty() {
        String::new()
    } else {
        app.seals.open_cursor(&list, after).map_err(|problem| Refusal::field("after", problem))?
    };
    let page = app.store.audit_page(&filter, &before, limit).await?;
    Ok(Page {
        entries: page.rows.into_iter().map(Entry::from).collect(),
        reached: page.next.as_deref().and_then(time_of),
        next: page.next.map(|id| app.seals.cursor(&list, &id)),
    })
}

/// May somebody see what this filter means? Who may not see all of the log asks about one thing that is theirs.
///
/// # Errors
/// They may not, or the filter breaks a rule.
pub async fn may_see(app: &App, origin: &Origin, input: &AuditInput) -> Result<(), Refusal> {
    if origin.powers.has(Permission::Read(Resource::Audit)) {
        return Ok(());
    }
    // Whether there is somebody of that name is for those who may see everybody.
    if !input.actor.is_empty() && !input.actor.contains(':') {
        return Err(Refusal::field(
            "actor",
            "is user:… or client:… for those who may not see all of the log",
        ));
    }
    let filter = filter(app, input).await?;
    let target = filter.target.as_str();
    let told = format!("audit {target}");
    match target.split_once(':') {
        Some(("client", id)) => allow(app, origin, &Deed::SeeAudit(About::Client(&id.into())), &told).await,
        Some(("group", id)) => allow(app, origin, &Deed::SeeAudit(About::Group(&id.into())), &told).await,
        Some(("user", id)) => match app.store.asked_anew().user(&id.into()).await? {
            Some(user) => {
                let facts = user_facts(app, origin, &user).await?;
                allow(app, origin, &Deed::SeeAudit(About::User(&facts)), &told).await
            }
            None => allow(app, origin, &Deed::SeeAudit(About::Anything), &told).await,
        },
        _ => allow(app, origin, &Deed::SeeAudit(About::Anything), &told).await,
    }
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180), for spreadsheets.
    Csv,
    /// One JSON object a line, exactly as it is stored.
    JsonLines,
}

impl Format {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl",
        }
    }

    /// The ending of its files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

impl FromStr for Format {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::JsonLines),
            _ => Err(Refusal::field("format", "is csv or jsonl")),
        }
    }
}

/// An export on its way: as many rows as a filter means, in pieces.
pub struct Export {
    app: App,
    filter: AuditFilter,
    format: Format,
    /// Before which row to go on; none at the end.
    before: Option<String>,
    begun: bool,
}

impl Export {
    /// An export of what a filter means, newest first.
    ///
    /// # Errors
    /// The filter breaks a rule, or the database is unavailable.
    pub async fn new(app: &App, input: &AuditInput, format: Format) -> Result<Self, Refusal> {
        let filter = filter(app, input).await?;
        Ok(Self { app: app.clone(), filter, format, before: Some(String::new()), begun: false })
    }

    /// The next piece, which may be empty; none at the end.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn piece(&mut self) -> Result<Option<String>, Refusal> {
        let Some(before) = self.before.take() else { return Ok(None) };
        let page = self.app.store.audit_page(&self.filter, &before, PIECE).await?;
        self.before = page.next;
        let mut piece = String::new();
        if !self.begun && self.format == Format::Csv {
            piece.push_str("time,actor,action,target,detail,ip,user_agent,correlation_id,id\r\n");
        }
        self.begun = true;
        for row in page.rows {
            self.format.write(&mut piece, row.into());
        }
        Ok(Some(piece))
    }
}

impl Format {
    fn write(self, piece: &mut String, entry: Entry) {
        match self {
            Self::JsonLines => {
                // Texts and numbers always are JSON.
                piece.push_str(&serde_json::to_string(&entry).unwrap_or_default());
                piece.push('\n');
            }
            Self::Csv => {
                let Entry { id, at, actor, action, target, detail, ip, user_agent, correlation_id } = entry;
                let time = rfc3339(at);
                let cells = [time, actor, action, target, detail, ip, user_agent, correlation_id, id]
                    .map(|text| csv_cell(&text));
                // Writing to a String cannot fail.
                let _ = write!(piece, "{}\r\n", cells.join(","));
            }
        }
    }
}

/// A moment in RFC 3339; its number where that has no word for it.
fn rfc3339(at: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(at).ok().and_then(|at| at.format(&Rfc3339).ok());
    moment.unwrap_or_else(|| at.to_string())
}

/// Reads a filter, and takes a user name for its user.
async fn filter(app: &App, input: &AuditInput) -> Result<AuditFilter, Refusal> {
    let mut filter = audit::check(input).map_err(Refusal::Invalid)?;
    if !filter.actor.is_empty() && !filter.actor.contains(':') && !NOBODY.contains(&filter.actor.as_str()) {
        filter.actor = user(app, &filter.actor).await?.ok_or_else(|| {
            Refusal::field(
                "actor",
                "is no user name, no user:…, no client:…, and neither cli, system nor anonymous",
            )
        })?;
    }
    if !filter.target.is_empty()
        && !filter.target.contains(':')
        && let Some(target) = user(app, &filter.target).await?
    {
        filter.target = target;
    }
    Ok(filter)
}

async fn user(app: &App, login: &str) -> Result<Option<String>, Refusal> {
    let login = login.to_lowercase();
    Ok(app.store.user_by_login(&login).await?.map(|user| format!("user:{}", user.id)))
}

/// The list that a cursor belongs to: every field of its filter.
fn describe(filter: &AuditFilter) -> String {
    let AuditFilter { actor, target, action, cause, correlation_id, search, since, until } = filter;
    // Texts and numbers always are JSON.
    let fields = (actor, target, action, cause, correlation_id, search, since, until);
    format!("audit {}", serde_json::to_string(&fields).unwrap_or_default())
}

/// The time in an id.
fn time_of(id: &str) -> Option<i64> {
    let millis = i64::from_str_radix(id.get(..12)?, 16).ok()?;
    Some(millis / 1000)
}
