//! Plots of the administrator's first page: shapes in an SVG that stretches, words beside it in HTML, so that they stay
//! readable on any screen; and the same numbers as a table.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::macros::format_description;

/// Units that a part of the time is wide, and the plot is high.
const WIDE: usize = 10;
const HIGH: f64 = 100.0;

/// Colours that are told apart; what is beyond them shares the last.
const COLOURS: usize = 4;

/// A plot over time.
pub struct Plot {
    /// Its heading's id.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// One sentence about it; may be empty.
    pub hint: &'static str,
    /// Its series, as they are drawn.
    pub layers: Vec<Layer>,
    /// What the upper edge stands for.
    pub top: String,
    /// When it begins, its middle and its end.
    pub times: [String; 3],
    /// Units that it is wide.
    pub width: usize,
    /// The numbers, in some parts: when, and the value of each series.
    pub rows: Vec<(String, Vec<String>)>,
}

/// One series.
pub struct Layer {
    /// Of what.
    pub name: String,
    /// Together, or at last.
    pub value: String,
    /// Its colour: 1 to [`COLOURS`], or `bad`.
    pub class: String,
    /// Its shape.
    pub path: String,
    /// Is the shape a line, and not an area?
    pub line: bool,
}

/// One series to draw.
pub struct Values {
    /// Of what.
    pub name: String,
    /// In each part; none where nothing is known.
    pub values: Vec<Option<f64>>,
    /// Is it something that should not be?
    pub bad: bool,
}

/// When the parts are.
#[derive(Clone, Copy)]
pub struct Axis {
    /// When the first begins (unix seconds).
    pub begin: i64,
    /// How long each is.
    pub step: i64,
    /// How many there are.
    pub parts: usize,
    /// Parts in one row of the table.
    pub in_row: usize,
}

impl Axis {
    fn at(self, part: usize) -> i64 {
        self.begin + self.step * i64::try_from(part).unwrap_or_default()
    }

    fn label(self, at: i64) -> String {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(at) else { return String::new() };
        let format = if self.step >= 43_200 {
            format_description!("[day padding:none] [month repr:short]")
        } else {
            format_description!("[hour]:[minute]")
        };
        at.format(format).unwrap_or_default()
    }

    fn times(self) -> [String; 3] {
        [self.label(self.begin), self.label(self.at(self.parts / 2)), "now".to_owned()]
    }
}

/// Bars for counts, one series on top of the other.
#[must_use]
pub fn bars(
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    axis: Axis,
    series: &[Values],
) -> Plot {
    let mut tops = vec![0.0; axis.parts];
    for values in series {
        for (top, value) in tops.iter_mut().zip(&values.values) {
            *top += value.unwrap_or_default();
        }
    }
    let most = nice(tops.iter().copied().fold(0.0, f64::max));
    let mut below = vec![0.0; axis.parts];
    let mut layers = Vec::new();
    for (number, values) in series.iter().enumerate() {
        let mut path = String::new();
        for (part, (below, value)) in below.iter_mut().zip(&values.values).enumerate() {
            let value = value.unwrap_or_default();
            if value > 0.0 {
                let (x, height) = (part * WIDE, HIGH * value / most);
                let top = HIGH - HIGH * *below / most - height;
                // Writing to a String cannot fail.
                let _ = write!(path, "M{} {top:.2}h{}v{height:.2}h-{}z", x + 1, WIDE - 2, WIDE - 2);
            }
            *below += value;
        }
        let total: f64 = values.values.iter().flatten().sum();
        layers.push(Layer {
            name: values.name.clone(),
            value: whole(total),
            class: class(number, values.bad),
            path,
            line: false,
        });
    }
    let rows = rows(axis, series, |values| values.iter().flatten().sum::<f64>(), whole);
    plot(id, title, hint, axis, layers, whole(most), rows)
}

/// Lines for what is measured.
#[must_use]
pub fn lines(
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    axis: Axis,
    series: &[Values],
    write: fn(f64) -> String,
) -> Plot {
    let all = series.iter().flat_map(|values| values.values.iter().flatten().copied());
    let most = nice(all.fold(0.0, f64::max));
    let mut layers = Vec::new();
    for (number, values) in series.iter().enumerate() {
        let mut path = String::new();
        let mut drawing = false;
        for (part, value) in values.values.iter().enumerate() {
            let Some(value) = value else {
                drawing = false;
                continue;
            };
            let (x, y) = (part * WIDE + WIDE / 2, HIGH - HIGH * value / most);
            // A point by itself is seen too.
            let begin = if drawing { "L" } else { "M" };
            let _ = write!(path, "{begin}{x} {y:.2}");
            if !drawing {
                path.push_str("h0.1");
            }
            drawing = true;
        }
        let last = values.values.iter().rev().flatten().next();
        layers.push(Layer {
            name: values.name.clone(),
            value: last.map_or_else(|| "none yet".to_owned(), |last| write(*last)),
            class: class(number, values.bad),
            path,
            line: true,
        });
    }
    let largest = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
    let rows = rows(axis, series, largest, write);
    plot(id, title, hint, axis, layers, write(most), rows)
}

fn plot(
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    axis: Axis,
    layers: Vec<Layer>,
    top: String,
    rows: Vec<(String, Vec<String>)>,
) -> Plot {
    Plot { id, title, hint, layers, top, times: axis.times(), width: axis.parts * WIDE, rows }
}

impl Plot {
    /// Is there nothing to draw?
    pub(super) fn is_empty(&self) -> bool {
        self.layers.iter().all(|layer| layer.path.is_empty())
    }
}

fn class(number: usize, bad: bool) -> String {
    if bad { "bad".to_owned() } else { format!("c{}", (number + 1).min(COLOURS)) }
}

fn rows(
    axis: Axis,
    series: &[Values],
    together: impl Fn(&[Option<f64>]) -> f64,
    write: impl Fn(f64) -> String,
) -> Vec<(String, Vec<String>)> {
    (0..axis.parts)
        .step_by(axis.in_row.max(1))
        .map(|first| {
            let some = |values: &Values| -> Vec<Option<f64>> {
                values.values.iter().copied().skip(first).take(axis.in_row).collect()
            };
            let cells = series.iter().map(|values| write(together(&some(values))));
            (axis.label(axis.at(first)), cells.collect())
        })
        .collect()
}

/// A round number that is no less: 1, 2 or 5 times a power of ten.
fn nice(most: f64) -> f64 {
    if !most.is_finite() || most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|round| round * power).find(|round| *round >= most).unwrap_or(most)
}

/// A count: `48,211`.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts for people to read")]
pub fn whole(number: f64) -> String {
    super::grouped(&(number.max(0.0).round() as u64))
}

/// A time: `0.4 ms`, `12 ms`, `1.5 s`.
#[must_use]
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms >= 1000.0 => format!("{:.1} s", ms / 1000.0),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{ms:.1} ms"),
    }
}

/// Causes and how often each was: the longest bar is the most frequent one.
pub struct Ranking {
    /// Its heading's id.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// One sentence about it.
    pub hint: &'static str,
    /// Name, count, and per cent of the longest bar; the most frequent first.
    pub rows: Vec<(String, String, i64)>,
    /// What to say when there is nothing.
    pub none: &'static str,
}

impl Ranking {
    /// The most frequent of these, up to ten of them.
    #[must_use]
    pub fn new(
        id: &'static str,
        title: &'static str,
        hint: &'static str,
        none: &'static str,
        mut counts: Vec<(String, i64)>,
    ) -> Self {
        counts.retain(|(_, count)| *count > 0);
        counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        counts.truncate(10);
        let most = counts.first().map_or(1, |(_, count)| *count);
        let row = |(name, count): (String, i64)| {
            // What there is can be seen.
            let share = (count.saturating_mul(100) / most).max(1);
            (name, super::grouped(&count.unsigned_abs()), share)
        };
        Self { id, title, hint, rows: counts.into_iter().map(row).collect(), none }
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Ranking, Values, bars, lines, millis, nice, whole};

    const AXIS: Axis = Axis { begin: 1_795_910_400, step: 60, parts: 4, in_row: 2 };

    fn values(name: &str, values: &[f64]) -> Values {
        Values {
            name: name.to_owned(),
            values: values.iter().map(|value| Some(*value)).collect(),
            bad: false,
        }
    }

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (most, edge) in
            [(0.0, 1.0), (1.0, 1.0), (3.0, 5.0), (5.1, 10.0), (11.0, 20.0), (0.3, 0.5), (f64::NAN, 1.0)]
        {
            assert!((nice(most) - edge).abs() < 1e-9, "{most}: {}", nice(most));
        }
    }

    #[test]
    fn bars_stand_on_each_other_within_the_plot() {
        let plot = bars(
            "p",
            "",
            "",
            AXIS,
            &[values("one", &[1.0, 0.0, 2.0, 0.0]), values("two", &[1.0, 0.0, 0.0, 2.0])],
        );
        assert_eq!(plot.top, "2");
        assert_eq!(plot.layers[0].path, "M1 50.00h8v50.00h-8zM21 0.00h8v100.00h-8z");
        assert_eq!(plot.layers[1].path, "M1 0.00h8v50.00h-8zM31 0.00h8v100.00h-8z");
        assert_eq!(plot.layers[0].value, "3");
        assert_eq!(
            plot.rows,
            [
                ("00:00".to_owned(), vec!["1".to_owned(), "1".to_owned()]),
                ("00:02".to_owned(), vec!["2".to_owned(), "2".to_owned()]),
            ]
        );
        assert!(!plot.is_empty());
        assert!(bars("p", "", "", AXIS, &[values("one", &[0.0; 4])]).is_empty());
        assert!(bars("p", "", "", AXIS, &[]).is_empty());
    }

    #[test]
    fn lines_stop_where_nothing_is_known() {
        let gap =
            Values { name: "one".to_owned(), values: vec![Some(1.0), None, Some(2.0), Some(0.0)], bad: true };
        let plot = lines("p", "", "", AXIS, &[gap], whole);
        assert_eq!(plot.layers[0].path, "M5 50.00h0.1M25 0.00h0.1L35 100.00");
        assert_eq!((&plot.layers[0].value[..], &plot.layers[0].class[..]), ("0", "bad"));
    }

    #[test]
    fn times_and_rankings_are_short() {
        assert_eq!([millis(0.04), millis(12.4), millis(1500.0)], ["0.0 ms", "12 ms", "1.5 s"]);
        let counts = (0..20).map(|number| (format!("cause {number:02}"), number)).collect();
        let ranking = Ranking::new("r", "", "", "", counts);
        assert_eq!(ranking.rows.len(), 10);
        assert_eq!(ranking.rows[0], ("cause 19".to_owned(), "19".to_owned(), 100));
    }
}
