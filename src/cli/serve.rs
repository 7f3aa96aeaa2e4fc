//! `countersign serve`

use super::{Place, start};
use crate::{serve, telemetry};

pub(super) async fn run(place: &Place) -> anyhow::Result<()> {
    let config = place.configuration()?;
    telemetry::start(&config.log);
    for note in config.notes() {
        tracing::warn!("{note}");
    }
    let listener = serve::bind(config.listen.address)?;
    let app = start(config).await?;
    serve::run(app, listener, serve::stop_signal()?).await
}
