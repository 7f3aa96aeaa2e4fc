//! `countersign why …`

use clap::Args;

use super::output::say;
use super::{Place, output};
use crate::admin::failures::{self, Diagnosis};

/// Which failed request.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// The reference on the error page, or the header X-Request-Id of the answer; without it, the newest ones are listed
    reference: Option<String>,
    /// Only those of this client
    #[arg(long, value_name = "CLIENT_ID", default_value = "", conflicts_with = "reference")]
    client: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Failed requests in a list.
const NEWEST: u32 = 50;

pub(super) async fn run(place: &Place, options: Options) -> anyhow::Result<()> {
    let app = place.app().await?;
    if let Some(reference) = options.reference {
        let diagnosis = failures::find(&app, &reference).await.map_err(output::refused)?;
        if options.json {
            return output::json(&diagnosis);
        }
        show(diagnosis);
        return Ok(());
    }
    let failures = failures::list(&app, &options.client, "", NEWEST).await.map_err(output::refused)?;
    if options.json {
        return output::json(&failures);
    }
    let rows = failures.into_iter().map(|failure| {
        [
            output::date(failure.at),
            failure.correlation_id,
            failure.client_id,
            failure.endpoint,
            failure.error,
            failure.cause,
        ]
    });
    output::table(["when", "reference", "client", "request to", "error", "why"], rows);
    Ok(())
}

fn show(diagnosis: Diagnosis) {
    let Diagnosis { failure, client_name, redirect_uri, .. } = diagnosis;
    let client = client_name.map_or_else(|| "nobody registered it".to_owned(), |name| format!("“{name}”"));
    let mut details = vec![
        ("when", output::date(failure.at)),
        ("request to", failure.endpoint),
        ("client", format!("{} ({client})", failure.client_id)),
        ("error", failure.error),
        ("why", failure.cause),
        ("rule", failure.section),
        ("what to do", failure.advice),
    ];
    if let Some(uri) = redirect_uri {
        details.push(("received", uri.received));
        details.extend(uri.nearest.map(|nearest| ("registered", nearest)));
        details.extend(uri.difference.map(|difference| ("they differ in", difference.to_owned())));
    }
    output::details(details.into_iter().filter(|(_, text)| !text.is_empty()));
    for (name, value) in failure.request {
        say!("  {name} = {value}");
    }
}
