//! A receiver of webhooks on loopback, which remembers what came and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub timestamp: i64,
    pub signatures: String,
    pub content_type: String,
    pub body: String,
}

impl Message {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Is it signed with this secret (Standard Webhooks 1.0.0, "Signature scheme")?
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        self.signatures.split(' ').any(|signature| {
            let code = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, signed.as_bytes(), &code).is_ok()
        })
    }
}

#[derive(Default)]
struct Inner {
    answers: VecDeque<u16>,
    otherwise: Option<u16>,
    delay: Duration,
    came: Vec<Message>,
}

/// Receives until it is dropped.
pub struct Receiver {
    pub address: String,
    inner: Arc<Mutex<Inner>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn open() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook?token=of-the-address", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inner, serving }
    }

    /// The next answers; afterwards 204 again.
    pub fn answers(&self, statuses: &[u16]) {
        self.inner.lock().unwrap().answers.extend(statuses);
    }

    /// Every answer that is not said otherwise.
    pub fn always(&self, status: u16) {
        self.inner.lock().unwrap().otherwise = Some(status);
    }

    /// Answers come so late.
    pub fn waits(&self, delay: Duration) {
        self.inner.lock().unwrap().delay = delay;
    }

    /// What came since this was asked last.
    pub fn came(&self) -> Vec<Message> {
        std::mem::take(&mut self.inner.lock().unwrap().came)
    }

    /// The types of what came.
    pub fn events(&self) -> Vec<String> {
        self.came().iter().map(Message::event).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    // Messages are posted; whoever only looks is told that.
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let text =
        |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let (status, delay) = {
        let mut inner = inner.lock().unwrap();
        inner.came.push(Message {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp").parse().unwrap(),
            signatures: text("webhook-signature"),
            content_type: text("content-type"),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        let otherwise = inner.otherwise.unwrap_or(204);
        (inner.answers.pop_front().unwrap_or(otherwise), inner.delay)
    };
    tokio::time::sleep(delay).await;
    StatusCode::from_u16(status).unwrap()
}
