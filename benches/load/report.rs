//! The table.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::measure::Measured;
use crate::scenario::Scenario;

/// What a figure is divided by, and what should come out.
pub enum Target {
    /// So many times the peer.
    Times(f64),
    /// This part of what is possible.
    Part(f64),
}

impl Scenario {
    pub fn title(self) -> &'static str {
        match self {
            Self::SignIn => "password sign-in",
            Self::CodeFlow => "code flow",
            Self::Refresh => "refresh",
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
            Self::UserInfo => "UserInfo",
            Self::Jwks => "JWKS",
            Self::Discovery => "discovery",
        }
    }

    /// On so many connections.
    pub fn target(self, connections: usize) -> Target {
        let times = |few, many| Target::Times(if connections < 64 { few } else { many });
        match self {
            Self::CodeFlow | Self::Refresh => times(7.0, 10.0),
            Self::ClientCredentials => times(4.0, 5.0),
            Self::Introspection | Self::UserInfo => times(5.0, 6.0),
            Self::Jwks | Self::Discovery => Target::Part(0.8),
            Self::SignIn => Target::Part(0.9),
        }
    }

    /// Is it something that the peer does too?
    pub fn has_peer(self) -> bool {
        !matches!(self, Self::SignIn | Self::Jwks | Self::Discovery)
    }
}

pub struct Row {
    pub scenario: Scenario,
    pub connections: usize,
    pub ours: Measured,
    /// At half the rate.
    pub at_half: Option<Measured>,
    pub other: Option<Other>,
}

/// What it is compared with.
#[derive(Clone)]
pub struct Other {
    pub name: String,
    pub per_second: f64,
    /// Which part of the server's core it used.
    pub core: f64,
    pub sets_target: bool,
}

/// `at half` is the 99th percentile at half the rate, and `stolen` what the machine's host took of its cores meanwhile. `ratio` compares answers per second; `by CPU` compares answers per second of the server's processor time, which holds
/// also where the driver, the disk or other work on the machine was the bound.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let headers = [
        "scenario",
        "conn.",
        "Countersign/s",
        "p50 ms",
        "p99 ms",
        "at half",
        "stolen",
        "core",
        "compared with",
        "its /s",
        "its core",
        "ratio",
        "by CPU",
        "target",
        "met",
    ];
    table.set_header(headers);
    for row in rows {
        let (target, least) = match row.scenario.target(row.connections) {
            Target::Times(least) => (format!("{least}x"), least),
            Target::Part(part) => (format!("{:.0} %", part * 100.0), part),
        };
        let other = row.other.as_ref();
        let sets_target = other.is_none_or(|other| other.sets_target);
        let ratio = other.map(|other| row.ours.per_second / other.per_second);
        let by_cpu = other.zip(ratio).map(|(other, ratio)| ratio * other.core / row.ours.core);
        let as_text = |ratio: f64| match row.scenario.target(row.connections) {
            Target::Times(_) => format!("{ratio:.1}x"),
            Target::Part(_) => format!("{:.0} %", ratio * 100.0),
        };
        let absent = || "-".to_owned();
        let numbers = [
            row.connections.to_string(),
            format!("{:.0}", row.ours.per_second),
            format!("{:.2}", row.ours.p50_ms),
            format!("{:.2}", row.ours.p99_ms),
            row.at_half.as_ref().map_or_else(absent, |half| format!("{:.2}", half.p99_ms)),
            row.at_half.as_ref().map_or_else(absent, |half| format!("{} ms", half.stolen.as_millis())),
            format!("{:.0} %", row.ours.core * 100.0),
        ];
        let compared = [
            other.map_or_else(absent, |other| format!("{:.0}", other.per_second)),
            other.map_or_else(absent, |other| format!("{:.0} %", other.core * 100.0)),
            ratio.map_or_else(absent, as_text),
            by_cpu.map_or_else(absent, as_text),
            if sets_target { target } else { absent() },
            ratio
                .filter(|_| sets_target)
                .map_or_else(absent, |ratio| if ratio >= least { "yes" } else { "no" }.to_owned()),
        ];
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let mut cells = vec![Cell::new(row.scenario.title())];
        cells.extend(numbers.map(right));
        cells.push(Cell::new(other.map_or("-", |other| other.name.as_str())));
        cells.extend(compared.map(right));
        table.add_row(cells);
    }
    table
}

/// A figure that must stay below its target.
pub fn at_most(title: &str, figure: f64, target: f64, unit: &str) {
    let met = if figure <= target { "met" } else { "not met" };
    println!("{title}: {figure:.0} {unit} (target {target:.0} {unit}: {met})");
}
