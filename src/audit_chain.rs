//! Chains the rows of the audit log in the background, follows the chain to see whether it holds, and lets retention take
//! rows off its beginning. Whoever writes a row waits for none of it.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::{App, Origin};
use crate::protocol::audit_chain::{Break, ChainMark, ChainRow, Kind, Mark, Walk};
use crate::protocol::timestamp::Timestamp;
use crate::store::{MOST_CHAINED, StoreError};

/// How often rows are chained.
const EVERY: Duration = Duration::from_secs(1);

/// Rows that are read at once on the way along the chain.
const PAGE: u32 = 1000;

/// Rows that retention takes at once.
const BATCH: u32 = 500;

/// Why the chain was not gone along, or on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not hold.
    #[error("the chain of the audit log does not hold: {0}")]
    Broken(#[from] Break),
}

/// Chains rows for as long as the server runs.
pub async fn run(app: App) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut chainer = Chainer::new(app);
    let mut silent = false;
    loop {
        ticks.tick().await;
        match chainer.chain().await {
            Ok(_) => silent = false,
            // Said once: it is the same every second.
            Err(error) if !silent => {
                tracing::error!(%error, "the audit log is written, but not chained: see countersign audit verify");
                silent = true;
            }
            Err(_) => {}
        }
    }
}

/// Chains rows, and remembers how far the chain had come.
pub struct Chainer {
    app: App,
    /// The last place of the chain that was seen: it never goes back.
    seen: Option<i64>,
}

impl Chainer {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app, seen: None }
    }

    /// Gives every row a place that has none. Answers how many got one here.
    ///
    /// # Errors
    /// The database is unavailable; or a mark of the chain is not genuine, or went back: then nothing is chained to it.
    pub async fn chain(&mut self) -> Result<usize, ChainError> {
        let app = self.app.clone();
        let code = |bytes: &[u8]| app.seals.audit_code(bytes);
        let mut chained = 0;
        loop {
            let began = Instant::now();
            let head = match app.store.audit_mark(Mark::Head).await? {
                Some(head) => genuine(&app, Mark::Head, head)?,
                None if self.seen.is_none() => {
                    let (head, anchor) = (
                        ChainMark::new(Mark::Head, 0, "", &code),
                        ChainMark::new(Mark::Anchor, 0, "", &code),
                    );
                    let audit = app.audit(&Origin::system(), "audit_chain.begin", "audit_log".to_owned(), "");
                    if !app.store.begin_audit_chain(&head, &anchor, &audit).await?
                        && app.store.audit_mark(Mark::Head).await?.is_none()
                    {
                        return Err(no_mark().into());
                    }
                    continue;
                }
                None => return Err(no_mark().into()),
            };
            if self.seen.is_some_and(|seen| head.seq < seen) {
                return Err(Break { kind: Kind::Mark, seq: head.seq, id: String::new() }.into());
            }
            self.seen = Some(head.seq);
            let mut rows = app.store.audit_without_place(MOST_CHAINED).await?;
            if rows.is_empty() {
                return Ok(chained);
            }
            let mut walk = Walk::from(&head);
            for row in &mut rows {
                walk.append(row, &code);
            }
            let new_head = ChainMark::new(Mark::Head, walk.seq(), walk.link(), &code);
            if app.store.chain_audit(&head, &new_head, &rows).await? {
                chained += rows.len();
                self.seen = Some(new_head.seq);
            }
            if rows.len() < MOST_CHAINED {
                return Ok(chained);
            }
            // Of a long backlog, whoever signs in meanwhile has the writer for at least half of the time.
            sleep(began.elapsed()).await;
        }
    }
}

/// The marks are gone, and were there.
fn no_mark() -> Break {
    Break { kind: Kind::Mark, seq: 0, id: String::new() }
}

/// A mark that this server made.
fn genuine(app: &App, mark: Mark, at: ChainMark) -> Result<ChainMark, Break> {
    if at.is_genuine(mark, &|bytes| app.seals.audit_code(bytes)) {
        Ok(at)
    } else {
        Err(Break { kind: Kind::Mark, seq: at.seq, id: String::new() })
    }
}

/// Forgets rows of the audit log that were written until `floor`, from the beginning of the chain up to the first younger
/// one, in batches; the last link before the cut stays, as the anchor of what follows. Rows that do not fit the chain are
/// evidence, and stay. Answers how many went.
///
/// # Errors
/// The database is unavailable, or the chain does not hold.
pub async fn forget(app: &App, floor: Timestamp) -> Result<u64, ChainError> {
    let code = |bytes: &[u8]| app.seals.audit_code(bytes);
    let mut gone = 0;
    loop {
        let began = Instant::now();
        let Some(anchor) = app.store.audit_mark(Mark::Anchor).await? else { return Ok(gone) };
        let anchor = genuine(app, Mark::Anchor, anchor)?;
        let rows = app.store.audit_behind(anchor.seq, BATCH).await?;
        let mut walk = Walk::from(&anchor);
        let mut old = 0;
        for (index, row) in rows.iter().enumerate().take_while(|(_, row)| row.at <= floor.0) {
            walk.step(row, rows.get(index + 1), &code)?;
            old += 1;
        }
        if old == 0 {
            return Ok(gone);
        }
        let new_anchor = ChainMark::new(Mark::Anchor, walk.seq(), walk.link(), &code);
        match app.store.forget_audit(&anchor, &new_anchor).await? {
            Some(rows) => gone += rows,
            // Another node forgets as well.
            None => return Ok(gone),
        }
        if old < BATCH {
            return Ok(gone);
        }
        sleep(began.elapsed()).await;
    }
}

/// What starting the chain anew gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Where the old chain did not hold first.
    pub broken: Break,
    /// The rows of the old chain that held, before that: the first and the last; none where none did.
    pub held: Option<(i64, i64)>,
    /// The place of the row that says so, the first of the new chain. What stands before it is vouched for no more.
    pub begins: i64,
}

/// Why the chain was not started anew.
#[derive(Debug, thiserror::Error)]
pub enum RestartError {
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no reason to.
    #[error("the chain of the audit log holds: it goes on as it is")]
    Holds,
    /// Rows are chained to it faster than a new one begins, or a row was put in at the last place that there is.
    #[error(
        "the chain cannot be started anew: rows are placed behind it, or somebody put one in at the last place of all"
    )]
    Occupied,
}

/// How often a new beginning is looked for while servers go on chaining.
const ATTEMPTS: u32 = 10;

/// Starts a chain that does not hold anew, behind everything that has a place. The first row of the new chain says what was
/// given up. The rows of the old one stay as they are, and go when retention takes the first row of the new one.
///
/// # Errors
/// The chain holds, or the database is unavailable.
pub async fn restart(app: &App, origin: &Origin) -> Result<Restart, RestartError> {
    let code = |bytes: &[u8]| app.seals.audit_code(bytes);
    let report = verify(app, None).await?;
    let broken = report.broken.ok_or(RestartError::Holds)?;
    let checked = i64::try_from(report.checked).unwrap_or(i64::MAX);
    let intact = (checked > 0).then(|| (broken.seq.saturating_sub(checked), broken.seq.saturating_sub(1)));
    for _ in 0..ATTEMPTS {
        let mut last = app.store.last_audit_place().await?;
        for mark in [Mark::Head, Mark::Anchor] {
            // The numbers never go back; but what somebody else wrote there counts for nothing.
            if let Some(at) = app.store.audit_mark(mark).await?
                && let Ok(at) = genuine(app, mark, at)
            {
                last = last.max(at.seq);
            }
        }
        let begins = last.checked_add(1).ok_or(RestartError::Occupied)?;
        let anchor = ChainMark::new(Mark::Anchor, last, "", &code);
        let intact_words = intact.map_or_else(
            || "nothing before it was found as it was written".to_owned(),
            |(from, to)| format!("{from} to {to} held"),
        );
        let detail = format!("{broken}; {intact_words}; up to {last} nothing is vouched for any more");
        let audit = app.audit(origin, "audit_chain.restart", "audit_log".to_owned(), detail);
        let mut row = ChainRow {
            id: audit.id.clone(),
            at: audit.at.0,
            actor: audit.actor.clone(),
            action: audit.action.to_owned(),
            target: audit.target.clone(),
            detail: audit.detail.clone(),
            ip: audit.ip.clone(),
            user_agent: audit.user_agent.clone(),
            correlation_id: audit.correlation_id.clone(),
            seq: 0,
            mac: String::new(),
            link: String::new(),
        };
        let mut walk = Walk::from(&anchor);
        walk.append(&mut row, &code);
        let new_head = ChainMark::new(Mark::Head, walk.seq(), walk.link(), &code);
        if app.store.restart_audit_chain(&anchor, &new_head, &audit, &row).await? {
            return Ok(Restart { broken, held: intact, begins });
        }
    }
    Err(RestartError::Occupied)
}

/// What was found along the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The place of the first row that is there.
    pub first: i64,
    /// The place of the last row that was chained.
    pub last: i64,
    /// Its link: noted down elsewhere, it shows later that nothing before it has changed.
    pub link: String,
    /// Rows that were looked at.
    pub checked: u64,
    /// Rows that wait to be chained.
    pub waiting: i64,
    /// Where the chain does not hold first.
    pub broken: Option<Break>,
}

/// A place and its link as they were noted down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The place.
    pub seq: i64,
    /// The link of the row there.
    pub link: String,
}

/// Goes along the whole chain, also while rows are chained and forgotten.
///
/// # Errors
/// The database is unavailable. That the chain does not hold is in the report.
pub async fn verify(app: &App, expected: Option<&Expected>) -> Result<Report, StoreError> {
    verify_telling(app, expected, &mut |_, _| {}).await
}

/// The same, telling how many rows were checked, and of how many, on the way.
///
/// # Errors
/// The database is unavailable.
pub async fn verify_telling(
    app: &App,
    expected: Option<&Expected>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Report, StoreError> {
    let mut report = Report {
        first: 0,
        last: 0,
        link: String::new(),
        checked: 0,
        waiting: app.store.count_audit_without_place().await?,
        broken: None,
    };
    match follow(app, expected, &mut report, progress).await {
        Ok(()) => {}
        Err(ChainError::Broken(broken)) => report.broken = Some(broken),
        Err(ChainError::Store(error)) => return Err(error),
    }
    Ok(report)
}

async fn follow(
    app: &App,
    expected: Option<&Expected>,
    report: &mut Report,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), ChainError> {
    let code = |bytes: &[u8]| app.seals.audit_code(bytes);
    let (head, anchor) = (app.store.audit_mark(Mark::Head).await?, app.store.audit_mark(Mark::Anchor).await?);
    let (head, mut anchor) = match (head, anchor) {
        (Some(head), Some(anchor)) => (genuine(app, Mark::Head, head)?, genuine(app, Mark::Anchor, anchor)?),
        // Not begun yet: the server does that in its first second.
        (None, None) if app.store.audit_behind(0, 1).await?.is_empty() && expected.is_none() => return Ok(()),
        _ => return Err(no_mark().into()),
    };
    (report.first, report.last, report.link) = (anchor.seq + 1, head.seq, head.link.clone());
    if expected.is_some_and(|expected| expected.seq > head.seq) {
        return Err(Break { kind: Kind::CutOff, seq: head.seq + 1, id: String::new() }.into());
    }
    let mut walk = Walk::from(&anchor);
    let is_expected = |walk: &Walk| {
        expected.is_none_or(|expected| expected.seq != walk.seq() || expected.link == walk.link())
    };
    if !is_expected(&walk) {
        return Err(Break { kind: Kind::Unexpected, seq: walk.seq(), id: String::new() }.into());
    }
    while walk.seq() < head.seq {
        let left = u64::try_from(head.seq.saturating_sub(walk.seq())).unwrap_or_default();
        progress(report.checked, report.checked.saturating_add(left));
        let rows = app.store.audit_along(walk.seq(), PAGE).await?;
        // What is missing at the beginning, retention may have taken since.
        if rows.first().is_none_or(|row| row.seq != walk.seq() + 1) {
            let now = app.store.audit_mark(Mark::Anchor).await?.ok_or_else(no_mark)?;
            if now.seq > walk.seq() {
                anchor = genuine(app, Mark::Anchor, now)?;
                report.first = anchor.seq + 1;
                walk = Walk::from(&anchor);
                continue;
            }
        }
        if rows.is_empty() {
            let next = app.store.audit_behind(walk.seq(), 1).await?.pop().filter(|row| row.seq <= head.seq);
            let kind = if next.is_some() { Kind::Removed } else { Kind::CutOff };
            let id = next.map(|row| row.id).unwrap_or_default();
            return Err(Break { kind, seq: walk.seq() + 1, id }.into());
        }
        for (index, row) in rows.iter().enumerate() {
            // What was chained since this began is for the next time.
            if walk.seq() == head.seq && row.seq != head.seq {
                break;
            }
            walk.step(row, rows.get(index + 1), &code)?;
            report.checked += 1;
            if !is_expected(&walk) {
                return Err(Break { kind: Kind::Unexpected, seq: walk.seq(), id: row.id.clone() }.into());
            }
        }
    }
    if walk.seq() == head.seq && walk.link() != head.link {
        return Err(Break { kind: Kind::Mark, seq: head.seq, id: String::new() }.into());
    }
    // Rows behind the head: the server chains them and moves the head in one transaction, so that none is ever behind it.
    let behind = app.store.last_audit_place().await?;
    let head = app.store.audit_mark(Mark::Head).await?.ok_or_else(no_mark)?;
    let head = genuine(app, Mark::Head, head)?;
    if behind > head.seq {
        return Err(Break { kind: Kind::Inserted, seq: head.seq + 1, id: String::new() }.into());
    }
    Ok(())
}
