//! `countersign quickstart`: everything made on the spot.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{DEFAULT_DATA_DIR, Place, quickstart_configuration, start};
use crate::config::QUICKSTART_SECRET;
use crate::entropy::Entropy;
use crate::{files, serve, telemetry};

/// The provider's port unless an option says otherwise.
pub(super) const PORT: u16 = 8080;

/// The demo application's port unless an option says otherwise.
const DEMO_PORT: u16 = 8081;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Port of the provider
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Port of the demo application
    #[arg(long, default_value_t = DEMO_PORT)]
    demo_port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: PORT, demo_port: DEMO_PORT }
    }
}

pub(super) async fn run(place: &Place, options: &Options) -> anyhow::Result<()> {
    let data_dir = place.data_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
    make_secret(&data_dir)?;
    let config = quickstart_configuration(&data_dir, options.port)?;
    telemetry::start(&config.log);
    let listener = serve::bind(config.listen.address)?;
    let app = start(config).await?;
    serve::run(app, listener, serve::stop_signal()?).await
}

fn make_secret(data_dir: &Path) -> anyhow::Result<()> {
    files::make_folder(data_dir)?;
    files::secret_or_new(&data_dir.join(QUICKSTART_SECRET), &Entropy::system())?;
    Ok(())
}
