//! A web site of a client's on loopback: documents that can be replaced, and a memory of what was asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A site that serves until it is dropped.
pub struct Site {
    pub address: String,
    state: Arc<Mutex<Documents>>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Documents {
    bodies: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
}

impl Site {
    pub async fn open() -> Self {
        let state = Arc::new(Mutex::new(Documents::default()));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state, serving }
    }

    /// Puts a document in place, and answers its address.
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> String {
        self.state.lock().unwrap().bodies.insert(path.to_owned(), body.into());
        format!("{}{path}", self.address)
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(State(state): State<Arc<Mutex<Documents>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut documents = state.lock().unwrap();
    documents.asked.push(path.clone());
    match documents.bodies.get(&path) {
        Some(body) => body.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
