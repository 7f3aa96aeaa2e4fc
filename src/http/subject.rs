//! By which name a client knows a user.

use crate::app::App;
use crate::protocol::client::Client;
use crate::protocol::ids::UserId;
use crate::protocol::subject::sector;

/// The `sub` of this user in everything that this client gets (OpenID Connect Core §8).
#[must_use]
pub fn subject_of(app: &App, client: &Client, user: &UserId) -> String {
    match sector(&client.id, &client.metadata) {
        None => user.to_string(),
        Some(sector) => app.seals.pairwise_subject(&sector, user.as_str()),
    }
}
