//! Group commit: what sign-ins, redemptions and refreshes write at the same moment is written by one statement for each
//! kind and committed once. Everybody is answered after their own commit. What was begun goes on when whoever asked for it
//! hangs up; what was not is never begun then.
//!
//! Each statement is a gate. It asks the database about everything that what it writes rests on, so that neither a memory
//! that is a moment behind nor another node can open it twice, or open it for somebody whose access has ended.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use sqlx::Row as _;
use tokio::sync::{mpsc, oneshot};

use super::audit::write_audits;
use super::grant::claims_to_json;
use super::session::bind_session;
use super::{
    AuditEntry, Db, LOCK_PAUSE, LOCK_TIMEOUT, Opened, Rotated, StoreError, in_transaction, is_locked, on_db,
    on_writer,
};
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::dpop::Thumbprint;
use crate::protocol::grant::Grant;
use crate::protocol::ids::ConsentId;
use crate::protocol::session::Session;
use crate::protocol::timestamp::Timestamp;

/// Entries that are committed together at most.
pub(super) const MOST_ROWS: usize = 64;

/// Entries that wait for their turn at most; whoever comes then waits for a place.
const MOST_WAITING: usize = 1024;

/// Where entries are handed in. On PostgreSQL a second clerk writes while the first one waits for its commit.
#[derive(Clone)]
pub(super) struct Ledger(mpsc::Sender<Entry>);

/// What somebody wants to have written.
pub(super) enum Entry {
    Open(Asked<Arc<Grant>, Opened>),
    Rotate(Asked<Rotation, Rotated>),
    Use(Asked<OneTimeId, bool>),
    Begin(Asked<Box<Beginning>, bool>),
    Note(Asked<AuditEntry, ()>),
}

/// An entry's content, and who waits for what became of it.
pub(super) struct Asked<Q, A> {
    what: Q,
    answer: oneshot::Sender<Result<A, StoreError>>,
}

impl<Q, A> Asked<Q, A> {
    /// Nobody waits for it any more.
    fn is_forsaken(&self) -> bool {
        self.answer.is_closed()
    }

    fn answer(self, outcome: Result<A, StoreError>) {
        // Nobody may wait for it any more.
        let _ = self.answer.send(outcome);
    }
}

/// A refresh token to redeem.
pub(super) struct Rotation {
    pub id: String,
    pub generation: i64,
    pub at: Timestamp,
    pub key: Option<Thumbprint>,
}

/// A session to begin, for a user as they were when their password was checked.
pub(super) struct Beginning {
    pub session: Session,
    pub user_unchanged_since: Timestamp,
    pub audit: AuditEntry,
}

impl Beginning {
    /// As [`UNCHANGED_USERS`] names them. By their id alone, whoever knew the old password would come in beside somebody
    /// who signs in at the same moment with the new one.
    fn user_as_they_were(&self) -> String {
        format!("{} {}", self.session.user_id, self.user_unchanged_since.0)
    }
}

impl Ledger {
    pub fn open(db: &Db) -> Self {
        let (desk, inbox) = mpsc::channel(MOST_WAITING);
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        let clerks = match db {
            Db::Sqlite { .. } => 1,
            Db::Postgres(_) => 2,
        };
        for _ in 0..clerks {
            tokio::spawn(Clerk { db: db.clone() }.work(Arc::clone(&inbox)));
        }
        Self(desk)
    }

    /// Hands an entry in and waits until it is committed, or known not to be.
    pub async fn write<Q, A>(
        &self,
        what: Q,
        entry: impl FnOnce(Asked<Q, A>) -> Entry,
    ) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::from(sqlx::Error::PoolClosed);
        self.0.send(entry(Asked { what, answer })).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

struct Clerk {
    db: Db,
}

/// Entries of each kind that do not get into each other's way.
#[derive(Default)]
struct Page {
    opens: Vec<Asked<Arc<Grant>, Opened>>,
    rotations: Vec<Asked<Rotation, Rotated>>,
    uses: Vec<Asked<OneTimeId, bool>>,
    beginnings: Vec<Asked<Box<Beginning>, bool>>,
    notes: Vec<Asked<AuditEntry, ()>>,
    rows: HashSet<String>,
}

/// What gates are asked. One by itself says at once who went through. Of several in a transaction, who went through is only
/// counted at first: only when somebody is missing, everything is undone and done again with the ids.
#[derive(Clone, Copy, PartialEq)]
enum Question {
    HowMany,
    Which,
}

/// Who went through a gate.
#[derive(Default)]
enum Through {
    #[default]
    Everybody,
    These(HashSet<String>),
}

impl Through {
    fn has(&self, id: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// What the statements of a page wrote.
#[derive(Default)]
struct Written {
    opened: Through,
    rotated: Through,
    used: Through,
    begun: Through,
}

/// What became of a page.
enum Attempt {
    Written(Box<Written>),
    /// Nothing was written: somebody left before.
    SomebodyLeft,
    /// Nothing was written: not everybody went through a gate.
    NotEverybody,
}

/// Puts a question to a gate inside the caller's transaction. Leaves the caller if it must be asked more closely.
macro_rules! through {
    ($tx:ident, $question:expr, $query:expr, $rows:expr) => {
        match $question {
            Question::HowMany => {
                let through = $query.execute(&mut *$tx).await?.rows_affected();
                if through != $rows as u64 {
                    return Ok(Attempt::NotEverybody);
                }
                Through::Everybody
            }
            Question::Which => {
                let mut ids = HashSet::new();
                for row in $query.fetch_all(&mut *$tx).await? {
                    ids.insert(row.try_get::<String, _>(0)?);
                }
                Through::These(ids)
            }
        }
    };
}

/// Opens grants inside the caller's transaction. Says which.
macro_rules! open_grants {
    ($self:expr, $tx:ident, $question:expr, $opens:expr, $claims:expr) => {{
        let opens: &[Asked<Arc<Grant>, Opened>] = $opens;
        let mut query = sqlx::query(OPEN.asking($question, &$self.db, opens.len()));
        for (Asked { what: grant, .. }, claims) in opens.iter().zip($claims) {
            query = query
                .bind(grant.id.as_str())
                .bind(grant.client_id.as_str())
                .bind(grant.user_id.as_str())
                .bind(grant.session_id.as_str())
                .bind(grant.consent_id.as_ref().map(ConsentId::as_str))
                .bind(grant.offline)
                .bind(grant.scope.to_string())
                .bind(claims)
                .bind(grant.auth_time.0)
                .bind(&grant.acr)
                .bind(&grant.amr)
                .bind(&grant.secret)
                .bind(grant.generation)
                .bind(grant.rotated_at.0)
                .bind(grant.created_at.0)
                .bind(grant.expires_at.0)
                .bind(grant.dpop_jkt.as_ref().map(Thumbprint::as_str));
        }
        through!($tx, $question, query, opens.len())
    }};
}

/// Begins the sessions of those users who were not changed meanwhile, inside the caller's transaction. Says which.
macro_rules! begin_sessions {
    ($self:expr, $tx:ident, $question:expr, $beginnings:expr) => {{
        let beginnings: &[Asked<Box<Beginning>, bool>] = $beginnings;
        // Whoever changes a user ends their sessions in the same transaction. This write waits for that one, or
        // that one for this, so that no session slips in between.
        let mut query = sqlx::query(UNCHANGED_USERS.asking($question, &$self.db, beginnings.len()));
        for Asked { what: begin, .. } in beginnings {
            query = query.bind(begin.session.user_id.as_str()).bind(begin.user_unchanged_since.0);
        }
        let unchanged = through!($tx, $question, query, beginnings.len());
        let good: Vec<&Beginning> = beginnings
            .iter()
            .map(|begin| &*begin.what)
            .filter(|begin| unchanged.has(&begin.user_as_they_were()))
            .collect();
        if !good.is_empty() {
            let mut query = sqlx::query(BEGIN.of(&$self.db, good.len()));
            for Beginning { session, .. } in &good {
                query = bind_session!(query, session);
            }
            query.execute(&mut *$tx).await?;
        }
        good
    }};
}

/// Writes what is on a page by the caller's connection, or leaves the caller.
macro_rules! write_page {
    ($self:expr, $tx:ident, $question:expr, $page:expr, $columns:expr) => {{
        let page: &Page = $page;
        let mut written = Written::default();
        if page.somebody_left() {
            return Ok(Attempt::SomebodyLeft);
        }
        let lasting: Vec<&str> = page.lasting().map(session_of).collect();
        if !lasting.is_empty() {
            // A grant for online access asks about its session at every use. One for offline access never asks
            // again, so it must not slip in behind a password change or a switched-off account that found no grant
            // to revoke yet: both end the session first, and this write waits for theirs, or theirs for this one.
            let mut query = sqlx::query(HOLD_SESSIONS.of(&$self.db, lasting.len()));
            for session in &lasting {
                query = query.bind(*session);
            }
            query.execute(&mut *$tx).await?;
        }
        if !page.opens.is_empty() {
            written.opened = open_grants!($self, $tx, $question, &page.opens, $columns);
        }
        if !page.rotations.is_empty() {
            let mut query = sqlx::query(ROTATE.asking($question, &$self.db, page.rotations.len()));
            for Asked { what: rotation, .. } in &page.rotations {
                query = query
                    .bind(&rotation.id)
                    .bind(rotation.generation)
                    .bind(rotation.at.0)
                    .bind(rotation.key.as_ref().map(Thumbprint::as_str));
            }
            written.rotated = through!($tx, $question, query, page.rotations.len());
        }
        if !page.uses.is_empty() {
            let mut query = sqlx::query(USE.asking($question, &$self.db, page.uses.len()));
            for Asked { what: once, .. } in &page.uses {
                query = query.bind(&once.id).bind(once.expires_at.0);
            }
            written.used = through!($tx, $question, query, page.uses.len());
        }
        let mut audits: Vec<&AuditEntry> = page.notes.iter().map(|note| &note.what).collect();
        if !page.beginnings.is_empty() {
            let good = begin_sessions!($self, $tx, $question, &page.beginnings);
            audits.extend(good.iter().map(|begin| &begin.audit));
            let begun = good.iter().map(|begin| begin.session.id.as_str().to_owned());
            written.begun = Through::These(begun.collect());
        }
        if !audits.is_empty() {
            write_audits!($self, $tx, &audits);
        }
        Attempt::Written(Box::new(written))
    }};
}

impl Clerk {
    async fn work(self, inbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Entry>>>) {
        loop {
            let entries = entries_of_now(&inbox).await;
            if entries.is_empty() {
                return;
            }
            let mut page = Page::default();
            let mut late = Vec::new();
            for entry in entries {
                late.extend(page.add(entry));
            }
            self.settle(page).await;
            // The same token again: its turn comes when it is known what became of the first.
            for entry in late {
                self.settle(Page::of(entry)).await;
            }
        }
    }

    async fn settle(&self, mut page: Page) {
        let mut question = Question::HowMany;
        let asked = Instant::now();
        loop {
            page.forget_who_left();
            match self.write(&page, question).await {
                Ok(Attempt::Written(written)) => {
                    let known = self.known_of(&page, &written.opened).await;
                    return page.answer(&written, &known);
                }
                // Told after a long wait that it failed, somebody may try again: then it must not have happened.
                Ok(Attempt::SomebodyLeft) => {}
                Ok(Attempt::NotEverybody) => question = Question::Which,
                Err(StoreError::Unavailable(error))
                    if is_locked(&error) && asked.elapsed() < LOCK_TIMEOUT =>
                {
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                // Of many rows one was bad, or two nodes wanted the same rows in different order: each by itself, then.
                Err(error) if page.rows.len() > 1 && is_about_rows(&error) => {
                    for entry in page.into_entries() {
                        Box::pin(self.settle(Page::of(entry))).await;
                    }
                    return;
                }
                Err(error) => return page.refuse(&error),
            }
        }
    }

    /// Of the grants that were not opened: those that there are.
    async fn known_of(&self, page: &Page, opened: &Through) -> Result<HashSet<String>, StoreError> {
        let ids = page.opens.iter().map(|open| open.what.id.as_str()).filter(|id| !opened.has(id));
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let known: Vec<(String,)> = on_db!(self, |db| {
            let mut query = sqlx::query_as(KNOWN.of(&self.db, ids.len()));
            for id in ids {
                query = query.bind(id);
            }
            query.fetch_all(db).await
        })?;
        Ok(known.into_iter().map(|(id,)| id).collect())
    }

    /// Writes a page, or nothing of it. One statement is a transaction by itself, and is told at once which rows it wrote;
    /// several are asked as the question says.
    async fn write(&self, page: &Page, question: Question) -> Result<Attempt, StoreError> {
        let mut columns = Vec::with_capacity(page.opens.len());
        for open in &page.opens {
            columns.push(claims_to_json(&open.what.claims)?);
        }
        if page.is_one_statement() {
            return Ok(on_writer!(self, |connection| write_page!(
                self,
                connection,
                Question::Which,
                page,
                &columns
            )));
        }
        Ok(in_transaction!(self, |tx| write_page!(self, tx, question, page, &columns)))
    }
}

/// Everything that is handed in now. Whoever has no more to do than to hand something in comes along: it is all written for the
/// price of one commit.
async fn entries_of_now(inbox: &tokio::sync::Mutex<mpsc::Receiver<Entry>>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(MOST_ROWS);
    let mut inbox = inbox.lock().await;
    if inbox.recv_many(&mut entries, MOST_ROWS).await > 0 {
        tokio::task::yield_now().await;
        while entries.len() < MOST_ROWS
            && let Ok(entry) = inbox.try_recv()
        {
            entries.push(entry);
        }
    }
    entries
}

fn session_of(open: &Asked<Arc<Grant>, Opened>) -> &str {
    open.what.session_id.as_str()
}

/// Something is wrong with one of the rows, and nothing with the database.
fn is_about_rows(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(cause) => {
            // PostgreSQL's class 40: a deadlock, or a transaction that was rolled back for another one.
            matches!(&**cause, sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code.starts_with("40")))
        }
        _ => true,
    }
}

impl Page {
    fn of(entry: Entry) -> Self {
        let mut page = Self::default();
        // The first entry is in nobody's way.
        let _ = page.add(entry);
        page
    }

    /// Puts an entry on the page, or gives it back if the page has one about the same row.
    fn add(&mut self, entry: Entry) -> Option<Entry> {
        let row = match &entry {
            Entry::Open(open) => format!("grant {}", open.what.id),
            Entry::Rotate(rotation) => format!("grant {}", rotation.what.id),
            Entry::Use(once) => format!("once {}", once.what.id),
            Entry::Begin(begin) => format!("session {}", begin.what.session.id),
            Entry::Note(note) => format!("note {}", note.what.id),
        };
        if !self.rows.insert(row) {
            return Some(entry);
        }
        match entry {
            Entry::Open(open) => self.opens.push(open),
            Entry::Rotate(rotation) => self.rotations.push(rotation),
            Entry::Use(once) => self.uses.push(once),
            Entry::Begin(begin) => self.beginnings.push(begin),
            Entry::Note(note) => self.notes.push(note),
        }
        None
    }

    /// Grants that outlive their session.
    fn lasting(&self) -> impl Iterator<Item = &Asked<Arc<Grant>, Opened>> {
        self.opens.iter().filter(|open| open.what.offline)
    }

    /// Do all go through the same gate, which asks about everything by itself?
    fn is_one_statement(&self) -> bool {
        let gates = [!self.opens.is_empty(), !self.rotations.is_empty(), !self.uses.is_empty()];
        let others = !self.beginnings.is_empty() || !self.notes.is_empty() || self.lasting().next().is_some();
        gates.into_iter().filter(|gate| *gate).count() == 1 && !others
    }

    fn somebody_left(&self) -> bool {
        self.opens.iter().any(Asked::is_forsaken)
            || self.rotations.iter().any(Asked::is_forsaken)
            || self.uses.iter().any(Asked::is_forsaken)
            || self.beginnings.iter().any(Asked::is_forsaken)
    }

    /// Takes off what nobody waits for any more. What happened is noted whoever left.
    fn forget_who_left(&mut self) {
        self.opens.retain(|open| !open.is_forsaken());
        self.rotations.retain(|rotation| !rotation.is_forsaken());
        self.uses.retain(|once| !once.is_forsaken());
        self.beginnings.retain(|begin| !begin.is_forsaken());
    }

    fn into_entries(self) -> impl Iterator<Item = Entry> {
        let opens = self.opens.into_iter().map(Entry::Open);
        let uses = self.uses.into_iter().map(Entry::Use);
        opens
            .chain(self.rotations.into_iter().map(Entry::Rotate))
            .chain(uses)
            .chain(self.beginnings.into_iter().map(Entry::Begin))
            .chain(self.notes.into_iter().map(Entry::Note))
    }

    /// Tells everybody what became of theirs. Of what was not opened, it must be known whether it was before.
    fn answer(self, written: &Written, known: &Result<HashSet<String>, StoreError>) {
        for open in self.opens {
            let id = open.what.id.as_str();
            let outcome = match known {
                _ if written.opened.has(id) => Ok(Opened::Now),
                Ok(known) if known.contains(id) => Ok(Opened::AlreadyUsed),
                Ok(_) => Ok(Opened::NotAnyMore),
                Err(error) => Err(for_one_more(error)),
            };
            open.answer(outcome);
        }
        for rotation in self.rotations {
            let raised = written.rotated.has(&rotation.what.id);
            rotation.answer(Ok(if raised { Rotated::Now } else { Rotated::Lost }));
        }
        for once in self.uses {
            let first = written.used.has(&once.what.id);
            once.answer(Ok(first));
        }
        for begin in self.beginnings {
            let begun = written.begun.has(begin.what.session.id.as_str());
            begin.answer(Ok(begun));
        }
        for note in self.notes {
            note.answer(Ok(()));
        }
    }

    /// Tells everybody that nothing was written.
    fn refuse(self, error: &StoreError) {
        for entry in self.into_entries() {
            let error = for_one_more(error);
            match entry {
                Entry::Open(open) => open.answer(Err(error)),
                Entry::Rotate(rotation) => rotation.answer(Err(error)),
                Entry::Use(once) => once.answer(Err(error)),
                Entry::Begin(begin) => begin.answer(Err(error)),
                Entry::Note(note) => note.answer(Err(error)),
            }
        }
    }
}

/// The same error, for somebody else.
fn for_one_more(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(cause) => StoreError::Unavailable(Arc::clone(cause)),
        StoreError::Gone => StoreError::Gone,
        other => StoreError::from(sqlx::Error::Protocol(other.to_string())),
    }
}

/// A statement about any number of rows. Its text is made once for each number, so that the database prepares it once.
pub(super) struct ManyRows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    naming: &'static str,
    texts: [[OnceLock<String>; MOST_ROWS + 1]; 4],
}

impl ManyRows {
    pub const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self::gate(before, columns, after, "")
    }

    /// A statement that can be asked which rows it wrote, by what is `naming` them.
    const fn gate(before: &'static str, columns: usize, after: &'static str, naming: &'static str) -> Self {
        let texts = [const { [const { OnceLock::new() }; MOST_ROWS + 1] }; 4];
        Self { before, columns, after, naming, texts }
    }

    /// The statement with so many rows, [`MOST_ROWS`] at most.
    pub fn of(&'static self, db: &Db, rows: usize) -> &'static str {
        self.asking(Question::HowMany, db, rows)
    }

    /// The same, with a question. The same on both engines but for one thing: SQLite looks for a numbered parameter among
    /// all of them each time, which takes longer than the rows do, and knows nameless ones too.
    fn asking(&'static self, question: Question, db: &Db, rows: usize) -> &'static str {
        let numbered = matches!(db, Db::Postgres(_));
        let naming = if question == Question::Which { self.naming } else { "" };
        let [sqlite, sqlite_naming, postgres, postgres_naming] = &self.texts;
        let texts = match (numbered, question) {
            (false, Question::HowMany) => sqlite,
            (false, Question::Which) => sqlite_naming,
            (true, Question::HowMany) => postgres,
            (true, Question::Which) => postgres_naming,
        };
        #[expect(clippy::indexing_slicing, reason = "no page has more rows")]
        texts[rows].get_or_init(|| {
            let parameter = |number: usize| if numbered { format!("${number}") } else { "?".to_owned() };
            let row = |row: usize| {
                let columns = (1..=self.columns).map(|column| parameter(row * self.columns + column));
                format!("({})", columns.collect::<Vec<_>>().join(", "))
            };
            let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
            format!("{} {rows} {} {naming}", self.before, self.after)
        })
    }
}

static HOLD_SESSIONS: ManyRows =
    ManyRows::new("UPDATE sessions SET state = 'active' WHERE state = 'active' AND id IN (VALUES", 1, ")");

/// Redeems codes: an id that does not come back was used before, or what it rests on is no more.
static OPEN: ManyRows = ManyRows::gate(
    "WITH v (id, client_id, user_id, session_id, consent_id, offline, scope, claims, auth_time, acr, amr, secret,
             generation, rotated_at, created_at, expires_at, dpop_jkt) AS (VALUES",
    17,
    ")
     INSERT INTO grants (id, client_id, user_id, session_id, consent_id, offline, scope, claims, auth_time, acr, amr,
                         secret, generation, rotated_at, created_at, expires_at, dpop_jkt, state)
     SELECT v.*, 'active' FROM v
     WHERE EXISTS (SELECT 1 FROM clients WHERE clients.id = v.client_id AND NOT clients.disabled)
       AND EXISTS (SELECT 1 FROM users WHERE users.id = v.user_id AND NOT users.disabled)
       AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = v.session_id AND sessions.state = 'active'
                      AND sessions.expires_at > v.created_at)
       AND (v.consent_id IS NULL OR EXISTS (SELECT 1 FROM consents WHERE consents.id = v.consent_id))
     ON CONFLICT (id) DO NOTHING",
    "RETURNING id",
);

static KNOWN: ManyRows = ManyRows::new("SELECT id FROM grants WHERE id IN (VALUES", 1, ")");

/// Redeems refresh tokens: an id that does not come back has another generation, or what it rests on is no more.
static ROTATE: ManyRows = ManyRows::gate(
    "WITH v (id, generation, at, dpop_jkt) AS (VALUES",
    4,
    ")
     UPDATE grants SET generation = grants.generation + 1, rotated_at = v.at,
                       dpop_jkt = COALESCE(grants.dpop_jkt, v.dpop_jkt) FROM v
     WHERE grants.id = v.id AND grants.generation = v.generation AND grants.state = 'active'
       AND grants.expires_at > v.at
       AND EXISTS (SELECT 1 FROM clients WHERE clients.id = grants.client_id AND NOT clients.disabled)
       AND EXISTS (SELECT 1 FROM users WHERE users.id = grants.user_id AND NOT users.disabled)
       AND (grants.offline OR EXISTS (SELECT 1 FROM sessions WHERE sessions.id = grants.session_id
                                         AND sessions.state = 'active' AND sessions.expires_at > v.at))
       AND (grants.consent_id IS NULL OR EXISTS (SELECT 1 FROM consents WHERE consents.id = grants.consent_id))",
    "RETURNING grants.id",
);

static USE: ManyRows = ManyRows::gate(
    "INSERT INTO used_assertions (id, expires_at) VALUES",
    2,
    "ON CONFLICT (id) DO NOTHING",
    "RETURNING id",
);

static UNCHANGED_USERS: ManyRows = ManyRows::gate(
    "WITH v (id, updated_at) AS (VALUES",
    2,
    ")
     UPDATE users SET updated_at = users.updated_at FROM v
     WHERE users.id = v.id AND users.updated_at = v.updated_at AND NOT users.disabled",
    "RETURNING users.id || ' ' || users.updated_at",
);

static BEGIN: ManyRows = ManyRows::new(
    "WITH v (id, secret_hash, user_id, auth_time, methods, acr, remembered, ip, user_agent, created_at, last_seen_at,
             expires_at) AS (VALUES",
    12,
    ")
     INSERT INTO sessions (id, secret_hash, user_id, auth_time, methods, acr, remembered, ip, user_agent, created_at,
                           last_seen_at, expires_at, state)
     SELECT v.*, 'active' FROM v",
);
