//! What somebody looks for in the audit log.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::registration::FieldProblem;
use super::timestamp::Timestamp;

/// No name, id or text that is looked for is longer.
const LONGEST: usize = 300;

/// 9999-12-31T23:59:59Z: the last moment that every notation of time can write.
const LAST_SECOND: i64 = 253_402_300_799;

const DAY: i64 = 86_400;

/// A filter as it was typed in; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditInput {
    /// Who did it.
    pub actor: String,
    /// To what.
    pub target: String,
    /// What was done.
    pub action: String,
    /// Text within the details.
    pub cause: String,
    /// With which request.
    pub correlation_id: String,
    /// Text within any column.
    pub search: String,
    /// From this moment on.
    pub since: String,
    /// Until before this moment; a date means the end of its day.
    pub until: String,
}

/// A filter of the audit log; what is empty or none does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Exactly this actor.
    pub actor: String,
    /// Exactly this target.
    pub target: String,
    /// Exactly this action.
    pub action: String,
    /// Text within the details, in capitals or not.
    pub cause: String,
    /// Exactly this request.
    pub correlation_id: String,
    /// Text within any column, in capitals or not.
    pub search: String,
    /// The first moment.
    pub since: Option<Timestamp>,
    /// The first moment that is too late.
    pub until: Option<Timestamp>,
}

/// Reads a filter.
///
/// # Errors
/// What is wrong with each field: too long, holds control characters, is no time; or the span ends before it begins.
pub fn check(input: &AuditInput) -> Result<AuditFilter, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut text = |field, text: &str| {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            problems.push(FieldProblem::new(field, format!("has more than {LONGEST} characters")));
        } else if text.chars().any(char::is_control) {
            problems.push(FieldProblem::new(field, "holds a control character"));
        }
        text.to_owned()
    };
    let mut filter = AuditFilter {
        actor: text("actor", &input.actor),
        target: text("target", &input.target),
        action: text("action", &input.action),
        cause: text("cause", &input.cause),
        correlation_id: text("correlation_id", &input.correlation_id),
        search: text("search", &input.search),
        since: None,
        until: None,
    };
    let mut moment = |field, text: &str, whole_day| match parse_moment(text.trim(), whole_day) {
        Ok(moment) => moment,
        Err(message) => {
            problems.push(FieldProblem::new(field, message));
            None
        }
    };
    filter.since = moment("since", &input.since, false);
    filter.until = moment("until", &input.until, true);
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && until <= since
    {
        problems.push(FieldProblem::new("until", "is not later than since"));
    }
    if problems.is_empty() { Ok(filter) } else { Err(problems) }
}

/// A moment as people and programs write it: `2026-11-29`, `2026-11-29T14:30` (UTC both), RFC 3339, or Unix seconds. None
/// for nothing.
fn parse_moment(text: &str, whole_day: bool) -> Result<Option<Timestamp>, &'static str> {
    const NO_TIME: &str =
        "is not a time: write 2026-11-29, 2026-11-29T14:30 (UTC) or 2026-11-29T14:30:00Z, or Unix seconds";
    if text.is_empty() {
        return Ok(None);
    }
    let seconds = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<i64>().ok()
    } else {
        of_date(text, whole_day)
            .or_else(|| of_minute(text))
            .or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp))
    };
    match seconds {
        Some(seconds) if (0..=LAST_SECOND).contains(&seconds) => Ok(Some(Timestamp(seconds))),
        Some(_) => Err("is before 1970 or after 9999"),
        None => Err(NO_TIME),
    }
}

fn of_date(text: &str, whole_day: bool) -> Option<i64> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    let begin = PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc().unix_timestamp();
    Some(if whole_day { begin + DAY } else { begin })
}

/// As a browser's own input for date and time sends it.
fn of_minute(text: &str) -> Option<i64> {
    let minute = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let second = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let moment = PrimitiveDateTime::parse(text, minute).or_else(|_| PrimitiveDateTime::parse(text, second));
    Some(moment.ok()?.assume_utc().unix_timestamp())
}

/// A cell of a CSV file (RFC 4180 §2) that no spreadsheet takes for a formula: what begins like one gets an apostrophe in
/// front, which spreadsheets show as text.
#[must_use]
pub fn csv_cell(text: &str) -> String {
    let like_a_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    // Spreadsheets pass over spaces, and over what cannot be seen.
    let first = text.chars().find(|c| !matches!(c, ' ' | '\u{a0}' | '\u{200b}' | '\u{feff}'));
    let guard = if first.is_some_and(like_a_formula) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{AuditInput, check, csv_cell, parse_moment};
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn times_are_read_in_four_notations_and_nothing_else() {
        for (text, begin, end) in [
            ("2026-11-29", 1_795_910_400, 1_795_996_800),
            ("2026-11-29T14:30", 1_795_962_600, 1_795_962_600),
            ("2026-11-29T14:30:05", 1_795_962_605, 1_795_962_605),
            ("2026-11-29T14:30:05Z", 1_795_962_605, 1_795_962_605),
            ("2026-11-29T14:30:05.9+01:00", 1_795_959_005, 1_795_959_005),
            ("1795962605", 1_795_962_605, 1_795_962_605),
            ("0", 0, 0),
        ] {
            assert_eq!(parse_moment(text, false), Ok(Some(Timestamp(begin))), "{text}");
            assert_eq!(parse_moment(text, true), Ok(Some(Timestamp(end))), "{text}");
        }
        assert_eq!(parse_moment("", false), Ok(None));
        for bad in [
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "2026-11-29T25:00",
            "2026-11-29 14:30",
            "29.11.2026",
            "-1",
            "1e9",
            "99999999999999999999",
            "253402300800",
            "1969-12-31",
            "9999-12-31T23:59:59-01:00",
            "\u{661}",
        ] {
            assert!(parse_moment(bad, false).is_err(), "{bad}");
        }
        assert!(parse_moment("9999-12-31", true).is_err(), "its end is in another millennium");
    }

    #[test]
    fn every_field_that_breaks_a_rule_is_named() {
        let input = AuditInput {
            actor: "x".repeat(301),
            target: "a\u{0}b".to_owned(),
            since: "soon".to_owned(),
            ..AuditInput::default()
        };
        let fields: Vec<_> = check(&input).unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["actor", "target", "since"]);
        let backwards = AuditInput {
            since: "2026-11-29T14:30".to_owned(),
            until: "2026-11-29T14:30".to_owned(),
            ..AuditInput::default()
        };
        assert_eq!(check(&backwards).unwrap_err()[0].field, "until");
        let day = AuditInput {
            since: "2026-11-29".to_owned(),
            until: "2026-11-29".to_owned(),
            search: " é ".to_owned(),
            ..AuditInput::default()
        };
        assert_eq!(check(&day).unwrap().search, "é");
    }

    #[test]
    fn no_cell_is_a_formula_and_every_cell_reads_back() {
        for (text, cell) in [
            ("", "\"\""),
            ("user:1", "\"user:1\""),
            ("a \"b\", c\r\nd", "\"a \"\"b\"\", c\r\nd\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "\"'  =1\""),
            ("\u{feff}=1", "\"'\u{feff}=1\""),
            ("＝1", "\"'＝1\""),
            ("\"=1", "\"\"\"=1\""),
            ("2026-11-29T00:00:00Z", "\"2026-11-29T00:00:00Z\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
