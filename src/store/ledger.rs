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
    AuditEntry, Db, LOCK_PAUSE, LOCK_TIMEOUT, Opened, Rotated, StoreError, in_time, in_transaction,
    is_locked, on_db,
};
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::dpop::Thumbprint;
use crate::protocol::grant::Grant;
use crate::protocol::ids::ConsentId;
use crate::protocol::session::Session;
use crate::protocol::timestamp::Timestamp;

/// Entries that are committed together at most.
pub(super) const MOST_ROWS: usize = 64;

/// How often a page lets everybody else go on for a moment at most, for as long as somebody comes along.
const MOST_WAITS: usize = 4;

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

/// What the statements of a page wrote, by the ids that came back from its gates.
#[derive(Default)]
struct Written {
    opened: HashSet<String>,
    rotated: HashSet<String>,
    used: HashSet<String>,
    begun: HashSet<String>,
}

/// Runs a write of one statement on whichever engine there is: it is committed when all of its answer was read. On SQLite it
/// fails at once while another connection has the lock, and may be tried again ([`is_locked`]).
macro_rules! on_writer {
    ($clerk:expr, |$connection:ident| $body:expr) => {
        match &$clerk.db {
            Db::Sqlite { writer, .. } => {
                let mut $connection = Box::pin(writer.acquire()).await?;
                $body
            }
            Db::Postgres(pool) => {
                let mut $connection = Box::pin(in_time::acquire(pool)).await?;
                $body
            }
        }
    };
}

/// Asks a gate who went through.
macro_rules! through {
    ($tx:ident, $query:expr) => {{
        let mut ids = HashSet::new();
        for row in $query.fetch_all(&mut *$tx).await? {
            ids.insert(row.try_get::<String, _>(0)?);
        }
        ids
    }};
}

/// Opens grants. Says which.
macro_rules! open_grants {
    ($self:expr, $tx:ident, $opens:expr, $claims:expr) => {{
        let opens: &[Asked<Arc<Grant>, Opened>] = $opens;
        let mut query = sqlx::query(OPEN.of(&$self.db, opens.len()));
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
        through!($tx, query)
    }};
}

/// Begins the sessions of those users who were not changed meanwhile, inside the caller's transaction. Says which.
macro_rules! begin_sessions {
    ($self:expr, $tx:ident, $beginnings:expr) => {{
        let beginnings: &[Asked<Box<Beginning>, bool>] = $beginnings;
        // Whoever changes a user ends their sessions in the same transaction. This write waits for that one, or
        // that one for this, so that no session slips in between.
        let mut query = sqlx::query(UNCHANGED_USERS.of(&$self.db, beginnings.len()));
        for Asked { what: begin, .. } in beginnings {
            query = query.bind(begin.session.user_id.as_str()).bind(begin.user_unchanged_since.0);
        }
        let unchanged = through!($tx, query);
        let good: Vec<&Beginning> = beginnings
            .iter()
            .map(|begin| &*begin.what)
            .filter(|begin| unchanged.contains(&begin.user_as_they_were()))
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

/// Has the entries of a page go through their gates. Says which did.
macro_rules! through_gates {
    ($self:expr, $tx:ident, $page:expr, $claims:expr) => {{
        let page: &Page = $page;
        let mut written = Written::default();
        if !page.opens.is_empty() {
            written.opened = open_grants!($self, $tx, &page.opens, $claims);
        }
        if !page.rotations.is_empty() {
            let mut query = sqlx::query(ROTATE.of(&$self.db, page.rotations.len()));
            for Asked { what: rotation, .. } in &page.rotations {
                query = query
                    .bind(&rotation.id)
                    .bind(rotation.generation)
                    .bind(rotation.at.0)
                    .bind(rotation.key.as_ref().map(Thumbprint::as_str));
            }
            written.rotated = through!($tx, query);
        }
        if !page.uses.is_empty() {
            let mut query = sqlx::query(USE.of(&$self.db, page.uses.len()));
            for Asked { what: once, .. } in &page.uses {
                query = query.bind(&once.id).bind(once.expires_at.0);
            }
            written.used = through!($tx, query);
        }
        written
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
        let asked = Instant::now();
        loop {
            page.forget_who_left();
            if page.is_empty() {
                return;
            }
            match self.write(&page).await {
                Ok(Some(written)) => {
                    let unopened = page.answer(&written);
                    return self.tell_apart(unopened).await;
                }
                // Told after a long wait that it failed, somebody may try again: then it must not have happened.
                Ok(None) => {}
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

    /// Writes a page, or nothing of it: none where somebody left before it was begun.
    async fn write(&self, page: &Page) -> Result<Option<Written>, StoreError> {
        let mut claims = Vec::with_capacity(page.opens.len());
        for open in &page.opens {
            claims.push(claims_to_json(&open.what.claims)?);
        }
        if page.is_one_statement() {
            return on_writer!(self, |connection| {
                if page.somebody_left() {
                    return Ok(None);
                }
                Ok(Some(through_gates!(self, connection, page, &claims)))
            });
        }
        let lasting: Vec<&str> = page.lasting().map(session_of).collect();
        let mut audits: Vec<&AuditEntry> = page.notes.iter().map(|note| &note.what).collect();
        Ok(in_transaction!(self, |tx| {
            if page.somebody_left() {
                return Ok(None);
            }
            // Users, sessions, grants: in the order in which a change of a user takes them.
            let mut begun = HashSet::new();
            if !page.beginnings.is_empty() {
                let good = begin_sessions!(self, tx, &page.beginnings);
                audits.extend(good.iter().map(|begin| &begin.audit));
                begun = good.iter().map(|begin| begin.session.id.as_str().to_owned()).collect();
            }
            if !lasting.is_empty() {
                // A grant for online access asks about its session at every use. One for offline access never asks
                // again, so it must not slip in behind a password change or a switched-off account that found no grant
                // to revoke yet: both end the session first, and this write waits for theirs, or theirs for this one.
                let mut query = sqlx::query(HOLD_SESSIONS.of(&self.db, lasting.len()));
                for session in &lasting {
                    query = query.bind(*session);
                }
                query.execute(&mut *tx).await?;
            }
            let written = Written { begun, ..through_gates!(self, tx, page, &claims) };
            if !audits.is_empty() {
                write_audits!(self, tx, &audits);
            }
            Some(written)
        }))
    }

    /// Tells those whose grant was not opened whether it was before.
    async fn tell_apart(&self, unopened: Vec<Asked<Arc<Grant>, Opened>>) {
        if unopened.is_empty() {
            return;
        }
        let known = self.known_of(&unopened).await;
        for open in unopened {
            let outcome = match &known {
                Ok(known) if known.contains(open.what.id.as_str()) => Ok(Opened::AlreadyUsed),
                Ok(_) => Ok(Opened::NotAnyMore),
                Err(error) => Err(for_one_more(error)),
            };
            open.answer(outcome);
        }
    }

    async fn known_of(&self, opens: &[Asked<Arc<Grant>, Opened>]) -> Result<HashSet<String>, StoreError> {
        let known: Vec<(String,)> = on_db!(self, |db| {
            let mut query = sqlx::query_as(KNOWN.of(&self.db, opens.len()));
            for open in opens {
                query = query.bind(open.what.id.as_str());
            }
            query.fetch_all(db).await
        })?;
        Ok(known.into_iter().map(|(id,)| id).collect())
    }
}

/// What is handed in now, [`MOST_ROWS`] at most. Whoever has little more to do than to hand something in comes along: it is
/// all written for the price of one commit.
async fn entries_of_now(inbox: &tokio::sync::Mutex<mpsc::Receiver<Entry>>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(MOST_ROWS);
    let mut inbox = inbox.lock().await;
    if inbox.recv_many(&mut entries, MOST_ROWS).await > 0 {
        for _ in 0..MOST_WAITS {
            let before = entries.len();
            tokio::task::yield_now().await;
            while entries.len() < MOST_ROWS
                && let Ok(entry) = inbox.try_recv()
            {
                entries.push(entry);
            }
            if entries.len() == before {
                break;
            }
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

    fn is_empty(&self) -> bool {
        self.opens.is_empty()
            && self.rotations.is_empty()
            && self.uses.is_empty()
            && self.beginnings.is_empty()
            && self.notes.is_empty()
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

    /// Tells everybody what became of theirs, but for those whose grant was not opened: they come back.
    fn answer(self, written: &Written) -> Vec<Asked<Arc<Grant>, Opened>> {
        let opened = |open: &Asked<Arc<Grant>, Opened>| written.opened.contains(open.what.id.as_str());
        let (opened, unopened): (Vec<_>, Vec<_>) = self.opens.into_iter().partition(opened);
        for open in opened {
            open.answer(Ok(Opened::Now));
        }
        for rotation in self.rotations {
            let raised = written.rotated.contains(&rotation.what.id);
            rotation.answer(Ok(if raised { Rotated::Now } else { Rotated::Lost }));
        }
        for once in self.uses {
            let first = written.used.contains(&once.what.id);
            once.answer(Ok(first));
        }
        for begin in self.beginnings {
            let begun = written.begun.contains(begin.what.session.id.as_str());
            begin.answer(Ok(begun));
        }
        for note in self.notes {
            note.answer(Ok(()));
        }
        unopened
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

/// A statement about any number of rows. Its text is made once for each number, so that the database seldom prepares it anew.
pub(super) struct ManyRows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: [[OnceLock<String>; MOST_ROWS + 1]; 2],
}

impl ManyRows {
    pub const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        let texts = [const { [const { OnceLock::new() }; MOST_ROWS + 1] }; 2];
        Self { before, columns, after, texts }
    }

    /// The statement with so many rows, [`MOST_ROWS`] at most. The same on both engines but for one thing: SQLite looks for a
    /// numbered parameter among all of them each time, which takes longer than the rows do, and knows nameless ones too.
    pub fn of(&'static self, db: &Db, rows: usize) -> &'static str {
        let numbered = matches!(db, Db::Postgres(_));
        let [nameless, with_numbers] = &self.texts;
        let texts = if numbered { with_numbers } else { nameless };
        #[expect(clippy::indexing_slicing, reason = "no page has more rows")]
        texts[rows].get_or_init(|| {
            let parameter = |number: usize| if numbered { format!("${number}") } else { "?".to_owned() };
            let row = |row: usize| {
                let columns = (1..=self.columns).map(|column| parameter(row * self.columns + column));
                format!("({})", columns.collect::<Vec<_>>().join(", "))
            };
            let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
            format!("{} {rows} {}", self.before, self.after)
        })
    }
}

static HOLD_SESSIONS: ManyRows =
    ManyRows::new("UPDATE sessions SET state = 'active' WHERE state = 'active' AND id IN (VALUES", 1, ")");

/// Redeems codes: an id that does not come back was used before, or what it rests on is no more.
static OPEN: ManyRows = ManyRows::new(
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
     ON CONFLICT (id) DO NOTHING RETURNING id",
);

static KNOWN: ManyRows = ManyRows::new("SELECT id FROM grants WHERE id IN (VALUES", 1, ")");

/// Redeems refresh tokens: an id that does not come back has another generation, or what it rests on is no more.
static ROTATE: ManyRows = ManyRows::new(
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
       AND (grants.consent_id IS NULL OR EXISTS (SELECT 1 FROM consents WHERE consents.id = grants.consent_id))
     RETURNING grants.id",
);

static USE: ManyRows = ManyRows::new(
    "INSERT INTO used_assertions (id, expires_at) VALUES",
    2,
    "ON CONFLICT (id) DO NOTHING RETURNING id",
);

static UNCHANGED_USERS: ManyRows = ManyRows::new(
    "WITH v (id, updated_at) AS (VALUES",
    2,
    ")
     UPDATE users SET updated_at = users.updated_at FROM v
     WHERE users.id = v.id AND users.updated_at = v.updated_at AND NOT users.disabled
     RETURNING users.id || ' ' || users.updated_at",
);

pub(super) static BEGIN: ManyRows = ManyRows::new(
    "WITH v (id, secret_hash, user_id, auth_time, methods, acr, remembered, ip, user_agent, created_at, last_seen_at,
             expires_at) AS (VALUES",
    12,
    ")
     INSERT INTO sessions (id, secret_hash, user_id, auth_time, methods, acr, remembered, ip, user_agent, created_at,
                           last_seen_at, expires_at, state)
     SELECT v.*, 'active' FROM v",
);
