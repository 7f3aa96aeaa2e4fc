//! `countersign statistics`

use clap::{Args, ValueEnum};

use super::output::say;
use super::{Place, output};
use crate::admin::overview::{self, Overview, Series, Span};

/// Of which time.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// How far back
    #[arg(long, value_enum, default_value_t = Back::Day)]
    span: Back,
    /// Print JSON, with the counts of each part of the time
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Back {
    Hour,
    Day,
    Month,
}

pub(super) async fn run(place: &Place, options: Options) -> anyhow::Result<()> {
    let app = place.app().await?;
    let span = match options.span {
        Back::Hour => Span::Hour,
        Back::Day => Span::Day,
        Back::Month => Span::Month,
    };
    let overview = overview::load(&app, span).await.map_err(output::refused)?;
    if options.json {
        return output::json(&overview);
    }
    let Overview { sign_ins, refused, failures, tokens, sessions, errors, warnings, .. } = overview;
    let mut rows = vec![["sign-ins".to_owned(), sign_ins.iter().sum::<i64>().to_string()]];
    let mut add = |what: &str, series: &[Series]| {
        rows.extend(
            series.iter().map(|series| [format!("{what}: {}", series.name), series.total().to_string()]),
        );
    };
    add("refused sign-ins", &refused);
    add("refused requests", &failures);
    add("tokens", &tokens);
    if let Some(last) = sessions.iter().rev().flatten().next() {
        rows.push(["live sessions".to_owned(), last.to_string()]);
    }
    rows.push(["failures of the server".to_owned(), errors.iter().sum::<i64>().to_string()]);
    output::table(["what", "how many"], rows.into_iter());
    for warning in warnings {
        say!("{warning}");
    }
    Ok(())
}
