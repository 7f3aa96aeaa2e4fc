//! `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: what this deployment can do
//! (OpenID Connect Discovery §4, RFC 8414 §3), from memory. It is made anew when the scopes that it names were changed, and
//! without the database it is what it was.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::{MethodRouter, get};

use super::published::published;
use crate::app::App;
use crate::config::RegistrationMode;
use crate::i18n::Language;
use crate::protocol::discovery::{Offer, document};
use crate::protocol::issuer::Issuer;
use crate::protocol::scope_definition::Definitions;
use crate::protocol::secret::sha256_hex;

/// How long clients may keep it.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// How long the database may take to say which scopes there are, where nobody remembers it. After that the document goes out
/// as it was made last.
const PATIENCE: Duration = Duration::from_millis(250);

/// The metadata document.
pub fn endpoint(app: &App) -> MethodRouter<App> {
    let offer = Offer {
        classes: app.config.assurance.classes.clone(),
        registration: app.config.registration.mode != RegistrationMode::Off,
        require_pushed_requests: app.config.authorization.require_pushed_requests,
        legacy_front_channel_tokens: app.config.legacy.front_channel_tokens,
        sign_up: app.config.sign_up.is_open(),
        ui_locales: &Language::TAGS,
    };
    let maker = Arc::new(Maker::new(app.config.issuer.clone(), offer));
    get(async move |State(app): State<App>, headers: HeaderMap| {
        let made = maker.current(&app).await;
        published(&headers, "application/json", &made.etag, made.body.clone(), KEPT)
    })
}

/// A document as it goes out, and what it was made from.
struct Made {
    defined: Arc<Definitions>,
    etag: String,
    body: Bytes,
}

/// Makes the document, and keeps the last one.
struct Maker {
    issuer: Issuer,
    offer: Offer,
    last: ArcSwap<Made>,
}

impl Maker {
    fn new(issuer: Issuer, offer: Offer) -> Self {
        let last = ArcSwap::from_pointee(made(&issuer, &offer, Arc::default()));
        Self { issuer, offer, last }
    }

    async fn current(&self, app: &App) -> Arc<Made> {
        let last = self.last.load_full();
        let defined = match app.store.remembered_scope_definitions() {
            Some(defined) => Some(defined),
            None => {
                tokio::time::timeout(PATIENCE, app.store.scope_definitions()).await.ok().and_then(Result::ok)
            }
        };
        match defined {
            Some(defined) if !Arc::ptr_eq(&defined, &last.defined) => self.renewed(&last, defined),
            _ => last,
        }
    }

    fn renewed(&self, last: &Made, defined: Arc<Definitions>) -> Arc<Made> {
        // Read again, they are mostly the same.
        let new = if *defined == *last.defined {
            Made { defined, etag: last.etag.clone(), body: last.body.clone() }
        } else {
            made(&self.issuer, &self.offer, defined)
        };
        let new = Arc::new(new);
        self.last.store(Arc::clone(&new));
        new
    }
}

fn made(issuer: &Issuer, offer: &Offer, defined: Arc<Definitions>) -> Made {
    let text = document(issuer, offer, &defined).to_string();
    Made { etag: format!("\"{}\"", sha256_hex(&text)), body: Bytes::from(text), defined }
}
