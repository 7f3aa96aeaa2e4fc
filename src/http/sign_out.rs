//! What every sign-out in a browser comes to: the session ends, the applications that it was used for are told, and the
//! browser goes on.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Redirect, Response};

use super::page::{Csp, html};
use super::session;
use crate::app::{App, Origin};
use crate::i18n::Words;
use crate::logout_notices;
use crate::pages::{self, ReturnTo};
use crate::protocol::client::Client;
use crate::protocol::logout::frames;
use crate::protocol::session::Session;
use crate::store::StoreError;

/// Where the browser goes afterwards.
#[derive(Clone, Debug)]
pub enum Next {
    /// Back to an application, at an address that it registered.
    Address(String),
    /// To the page that says so; with a way back to the application that asked, if it has a home page.
    Page(Option<Arc<Client>>),
}

/// Signs a browser out; what it shows then is in these words.
///
/// # Errors
/// The database is unavailable: nobody is signed out then.
pub async fn sign_out(
    app: &App,
    words: Words,
    origin: &Origin,
    session: Option<&Session>,
    next: Next,
) -> Result<Response, StoreError> {
    let framed = match session {
        Some(session) => end(app, origin, session).await?,
        None => Vec::new(),
    };
    let mut response =
        if framed.is_empty() { go_on(words, next) } else { tell_in_frames(words, framed, &next) };
    if session.is_some() {
        session::forget(app, &mut response);
    } else {
        session::forget_ended(app, &mut response);
    }
    Ok(response)
}

/// Ends the session, and has its clients told over the back channel. Answers whom the browser is to tell.
async fn end(app: &App, origin: &Origin, session: &Session) -> Result<Vec<pages::LogoutFrame>, StoreError> {
    // Read first: whoever was told over the back channel is forgotten.
    let clients = app.store.clients_of_session(&session.id).await?;
    let audit = app.audit(origin, "session.end", format!("session:{}", session.id), "sign-out");
    app.store.end_session(&session.user_id, &session.id, &audit).await?;
    if clients.iter().any(|client| client.metadata.backchannel_logout_uri.is_some()) {
        logout_notices::tell_now(app, &session.id).await;
    }
    Ok(frames(&clients, app.config.issuer.as_str(), &session.id))
}

fn go_on(words: Words, next: Next) -> Response {
    match next {
        Next::Address(address) => Redirect::to(&address).into_response(),
        Next::Page(client) => {
            let client_id = client.as_ref().map(|client| client.id.to_string());
            let return_to = client.and_then(|client| {
                let Client { metadata, .. } = Arc::unwrap_or_clone(client);
                Some(ReturnTo { name: metadata.client_name, uri: metadata.client_uri? })
            });
            html(&pages::SignedOut { words, return_to, client_id }, &Csp::default())
        }
    }
}

/// Front-Channel Logout §3: the page with a frame for every application, which then goes on by itself.
fn tell_in_frames(words: Words, frames: Vec<pages::LogoutFrame>, next: &Next) -> Response {
    let csp = frames.iter().fold(Csp::default().script(), |csp, frame| csp.frame(&frame.csp_source));
    let next = match next {
        Next::Address(address) => address.clone(),
        // Nobody is signed in there any more, so that it says so.
        Next::Page(client) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            if let Some(client) = client {
                query.append_pair("client_id", client.id.as_str());
            }
            format!("/logout?{}", query.append_pair("ui_locales", words.tag()).finish())
        }
    };
    html(&pages::SigningOut { words, frames, next }, &csp)
}
