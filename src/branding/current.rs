//! What this server looks like now, in the memory of one process: pages ask no database.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{Branding, Choices, check};
use crate::store::{Store, StoreError, StoredBranding};

/// What administrators chose, over what countersign.toml says.
#[derive(Default)]
pub struct Current {
    /// None while they chose nothing.
    shown: ArcSwapOption<Branding>,
    /// Held from the read to the swap, so that of two who take it in the later one read what is newer.
    loading: tokio::sync::Mutex<()>,
}

impl Current {
    /// What pages show, if administrators chose anything.
    pub fn shown(&self) -> Option<Arc<Branding>> {
        self.shown.load_full()
    }

    /// Takes in what the database says, over the layer `beneath`.
    ///
    /// # Errors
    /// The database is unavailable; what is shown stays.
    pub async fn reload(&self, store: &Store, beneath: &Choices) -> Result<(), StoreError> {
        let _one_after_the_other = self.loading.lock().await;
        let stored = store.branding().await?;
        for problem in check(&stored.input).err().into_iter().flatten() {
            tracing::warn!(%problem, "a part of the stored branding is not shown");
        }
        let chosen = readable(&stored);
        let shown = (!chosen.is_empty()).then(|| Branding::from(chosen.over(beneath)));
        // One that is as it was keeps its place.
        if self.shown.load().as_deref() != shown.as_ref() {
            self.shown.store(shown.map(Arc::new));
        }
        Ok(())
    }
}

/// What is stored, without what this version would not take: that is no reason not to show the rest.
#[must_use]
pub fn readable(stored: &StoredBranding) -> Choices {
    let mut input = stored.input.clone();
    match check(&input) {
        Ok(choices) => choices,
        Err(problems) => {
            for problem in problems {
                match problem.field {
                    "name" => input.name = None,
                    "logo" => input.logo = None,
                    "accent_light" => input.accent_light = None,
                    _ => input.accent_dark = None,
                }
            }
            check(&input).unwrap_or_default()
        }
    }
}
