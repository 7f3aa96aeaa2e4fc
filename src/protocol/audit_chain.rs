//! The chain of the audit log: each row has a place, a keyed code over its columns, and a link that covers its place, the
//! link before and that code. Whoever may write to the database but does not have the server's secret can make none of
//! them: what they change, remove, put in or move is found.
//!
//! The codes themselves (HMAC-SHA-256 under a key for this purpose) are made by whoever has the key; what they are made
//! over, and what follows from them, is here.

use std::fmt;

/// A row of the audit log with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub struct ChainRow {
    /// Row id.
    pub id: String,
    /// Unix time.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// In which way.
    pub detail: String,
    /// From where.
    pub ip: String,
    /// With which browser.
    pub user_agent: String,
    /// With which request.
    pub correlation_id: String,
    /// Its place: 1, 2, 3 …; 0 while it waits for one.
    pub seq: i64,
    /// The code over the columns above; empty while it waits.
    pub mac: String,
    /// The code over place, link before and `mac`; empty while it waits.
    pub link: String,
}

/// A place in the chain that is written down by itself: the last row (head), or the last one that retention took (anchor).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMark {
    /// The place; 0 before the first row.
    pub seq: i64,
    /// The link of that row; empty before the first one.
    pub link: String,
    /// The code over both, and which mark it is.
    pub mac: String,
}

/// Which mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The last row that was chained.
    Head,
    /// The last row that is not there any more, because its time was over.
    Anchor,
}

impl Mark {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Anchor => "anchor",
        }
    }
}

/// Makes codes: HMAC under the key of the chain, as text.
pub type Code<'a> = &'a dyn Fn(&[u8]) -> String;

impl ChainMark {
    /// The mark at this place.
    #[must_use]
    pub fn new(mark: Mark, seq: i64, link: &str, code: Code<'_>) -> Self {
        let mac = code(&Encoding::of("mark").text(mark.as_str()).number(seq).text(link).0);
        Self { seq, link: link.to_owned(), mac }
    }

    /// Was it made with this key, as this mark?
    #[must_use]
    pub fn is_genuine(&self, mark: Mark, code: Code<'_>) -> bool {
        *self == Self::new(mark, self.seq, &self.link, code)
    }
}

/// What a code is made over: a word for its kind, then every part with its length in front, so that no two rows have the
/// same encoding, however their texts are shifted between columns.
struct Encoding(Vec<u8>);

impl Encoding {
    fn of(kind: &str) -> Self {
        Self(Vec::with_capacity(512)).text(kind)
    }

    fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn number(mut self, number: i64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }
}

impl ChainRow {
    fn own_code(&self, code: Code<'_>) -> String {
        let Self { id, at, actor, action, target, detail, ip, user_agent, correlation_id, .. } = self;
        let texts = [id, actor, action, target, detail, ip, user_agent, correlation_id];
        code(&texts.into_iter().fold(Encoding::of("row").number(*at), |encoding, text| encoding.text(text)).0)
    }

    fn own_link(&self, seq: i64, before: &str, code: Code<'_>) -> String {
        code(&Encoding::of("link").number(seq).text(before).text(&self.mac).0)
    }
}

/// A way along the chain.
#[derive(Clone, Debug)]
pub struct Walk {
    seq: i64,
    link: String,
}

impl Walk {
    /// From behind this mark on.
    #[must_use]
    pub fn from(mark: &ChainMark) -> Self {
        Self { seq: mark.seq, link: mark.link.clone() }
    }

    /// The place reached.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Its link.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Gives the next place to a row that has none.
    pub fn append(&mut self, row: &mut ChainRow, code: Code<'_>) {
        row.seq = self.seq + 1;
        row.mac = row.own_code(code);
        row.link = row.own_link(row.seq, &self.link, code);
        self.seq = row.seq;
        self.link.clone_from(&row.link);
    }

    /// Goes on to a row. The one behind it tells a row that was put in from one that was changed.
    ///
    /// # Errors
    /// It does not belong there: in which way.
    pub fn step(&mut self, row: &ChainRow, behind: Option<&ChainRow>, code: Code<'_>) -> Result<(), Break> {
        let place = self.seq + 1;
        let broken = |kind| Break { kind, seq: place, id: row.id.clone() };
        if row.seq > place {
            return Err(broken(Kind::Removed));
        }
        if row.seq < place {
            // Two rows at one place.
            return Err(Break { kind: Kind::Inserted, seq: row.seq, id: row.id.clone() });
        }
        if row.mac != row.own_code(code) {
            let stood_here = |next: &ChainRow| {
                next.mac == next.own_code(code) && next.link == next.own_link(place, &self.link, code)
            };
            return Err(broken(if behind.is_some_and(stood_here) { Kind::Inserted } else { Kind::Changed }));
        }
        if row.link != row.own_link(place, &self.link, code) {
            return Err(broken(Kind::OutOfPlace));
        }
        self.seq = place;
        self.link.clone_from(&row.link);
        Ok(())
    }
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {seq}{} {kind}", named(.id))]
pub struct Break {
    /// In which way.
    pub kind: Kind,
    /// The first place that is not as it was.
    pub seq: i64,
    /// The id of the row that stands there now, or behind the gap; empty where there is none.
    pub id: String,
}

fn named(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!(" ({id})") }
}

/// In which way the chain does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The row at this place is gone; the id is that of the next one.
    Removed,
    /// A column of the row has another value than when it was chained.
    Changed,
    /// The row was not made by this server.
    Inserted,
    /// The row is as it was written, but does not follow the one before it.
    OutOfPlace,
    /// The rows from here on are gone, up to the last one that was chained.
    CutOff,
    /// The mark of the chain's end or beginning was not made by this server, or is older than one that was seen.
    Mark,
    /// The row that was noted down elsewhere is another one now.
    Unexpected,
}

impl Kind {
    /// A word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Inserted => "inserted",
            Self::OutOfPlace => "out_of_place",
            Self::CutOff => "cut_off",
            Self::Mark => "mark",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Removed => "is the first behind a gap: what stood at this place was removed",
            Self::Changed => "was changed, or put in by somebody else",
            Self::Inserted => "was put in by somebody else",
            Self::OutOfPlace => {
                "is as it was written, but does not follow the one before it: rows were reordered, or some before it removed"
            }
            Self::CutOff => "and what follows was removed, up to the end of the chain",
            Self::Mark => "is where a mark of the chain stands that this server did not make, or that was put back",
            Self::Unexpected => "is not the one that was expected there",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainMark, ChainRow, Kind, Mark, Walk};
    use crate::protocol::secret::hex;

    /// Tells encodings apart as well as any code does.
    fn code(bytes: &[u8]) -> String {
        hex(bytes)
    }

    fn chain(rows: usize) -> Vec<ChainRow> {
        let mut walk = Walk::from(&ChainMark::new(Mark::Anchor, 0, "", &code));
        let mut chain: Vec<ChainRow> =
            (0..rows).map(|number| ChainRow { id: format!("id {number}"), ..ChainRow::default() }).collect();
        for row in &mut chain {
            walk.append(row, &code);
        }
        chain
    }

    fn verdict(rows: &[ChainRow]) -> Option<(Kind, i64)> {
        let mut walk = Walk::from(&ChainMark::new(Mark::Anchor, 0, "", &code));
        for (index, row) in rows.iter().enumerate() {
            if let Err(broken) = walk.step(row, rows.get(index + 1), &code) {
                return Some((broken.kind, broken.seq));
            }
        }
        None
    }

    #[test]
    fn whatever_is_done_to_any_row_is_found_at_its_place() {
        type Change = fn(&mut ChainRow);
        const ROWS: usize = 5;
        assert_eq!(verdict(&chain(ROWS)), None);
        let columns: [Change; 9] = [
            |row| row.id.push('x'),
            |row| row.at += 1,
            |row| row.actor.push('x'),
            |row| row.action.push('x'),
            |row| row.target.push('x'),
            |row| row.detail.push('x'),
            |row| row.ip.push('x'),
            |row| row.user_agent.push('x'),
            |row| row.correlation_id.push('x'),
        ];
        for index in 0..ROWS {
            let place = i64::try_from(index).unwrap() + 1;
            for change in columns {
                let mut rows = chain(ROWS);
                change(&mut rows[index]);
                assert_eq!(verdict(&rows), Some((Kind::Changed, place)));
            }
            let mut rows = chain(ROWS);
            rows.remove(index);
            let last = index == ROWS - 1;
            // That the last one is gone, the head tells.
            assert_eq!(verdict(&rows), (!last).then_some((Kind::Removed, place)));
            // With the gap closed.
            for row in &mut rows[index..] {
                row.seq -= 1;
            }
            assert_eq!(verdict(&rows), (!last).then_some((Kind::OutOfPlace, place)));
            // With room made for one that somebody made up.
            let mut rows = chain(ROWS);
            let made_up = ChainRow { id: "made up".to_owned(), ..rows[index].clone() };
            for row in &mut rows[index..] {
                row.seq += 1;
            }
            rows.insert(index, made_up);
            assert_eq!(verdict(&rows), Some((Kind::Inserted, place)));
            for other in index + 1..ROWS {
                let mut rows = chain(ROWS);
                rows.swap(index, other);
                let (first, second) = (rows[index].seq, rows[other].seq);
                (rows[index].seq, rows[other].seq) = (second, first);
                assert_eq!(verdict(&rows), Some((Kind::OutOfPlace, place)));
            }
        }
    }

    #[test]
    fn no_text_moves_from_one_column_to_the_next_unnoticed() {
        let one = ChainRow { actor: "ab".to_owned(), action: "c".to_owned(), ..ChainRow::default() };
        let two = ChainRow { actor: "a".to_owned(), action: "bc".to_owned(), ..ChainRow::default() };
        assert_ne!(one.own_code(&code), two.own_code(&code));
    }

    #[test]
    fn a_mark_is_of_its_kind_and_place() {
        let head = ChainMark::new(Mark::Head, 7, "link", &code);
        assert!(head.is_genuine(Mark::Head, &code));
        assert!(!head.is_genuine(Mark::Anchor, &code));
        assert!(!ChainMark { seq: 8, ..head.clone() }.is_genuine(Mark::Head, &code));
        assert!(!ChainMark { link: "other".to_owned(), ..head }.is_genuine(Mark::Head, &code));
    }
}
