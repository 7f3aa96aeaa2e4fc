//! Why a request of an application failed, and what to change.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Refusal;
use super::access::{allow, managed_by};
use super::clients;
use crate::app::{App, Origin};
use crate::protocol::client::Client;
use crate::protocol::diagnosis::{FlowStep, flow, is_safe_to_register, nearest};
use crate::protocol::ids::ClientId;
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::redirect_uri::matches;
use crate::protocol::registration::ClientInput;
use crate::store::FailureRow;

/// A refused request.
#[derive(Clone, Serialize, ToSchema)]
pub struct FailureView {
    /// Names it in a list; sorts by time.
    pub id: String,
    /// When (Unix seconds).
    pub at: i64,
    /// The request, as in the logs and on the page or answer that it got.
    pub correlation_id: String,
    /// Where it was sent.
    pub endpoint: String,
    /// By which client, as far as it said.
    pub client_id: String,
    /// The error code that was answered.
    pub error: String,
    /// The rule that was broken.
    pub cause: String,
    /// Where the rule stands.
    pub section: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// What was asked for. Secrets and what is about a person are not kept, only that they came.
    pub request: BTreeMap<String, String>,
}

impl From<FailureRow> for FailureView {
    fn from(row: FailureRow) -> Self {
        let pairs: Vec<(String, String)> = serde_json::from_str(&row.request).unwrap_or_default();
        Self {
            id: row.id,
            at: row.at,
            correlation_id: row.correlation_id,
            endpoint: row.endpoint,
            client_id: row.client_id,
            error: row.error,
            cause: row.cause,
            section: row.section,
            advice: row.advice,
            request: pairs.into_iter().collect(),
        }
    }
}

/// A refused request, and what was found out about it.
#[derive(Serialize, ToSchema)]
pub struct Diagnosis {
    /// The request.
    #[serde(flatten)]
    pub failure: FailureView,
    /// The client's name; none if nobody registered it.
    pub client_name: Option<String>,
    /// Of a redirect URI that is not registered: what is.
    pub redirect_uri: Option<RedirectUriDiagnosis>,
    /// How far the flow had come.
    #[serde(skip)]
    pub flow: Vec<FlowStep>,
}

/// What is wrong with a redirect URI.
#[derive(Serialize, ToSchema)]
pub struct RedirectUriDiagnosis {
    /// As it came.
    pub received: String,
    /// The registered one that is most like it; none if none is registered.
    pub nearest: Option<String>,
    /// What the two differ in.
    pub difference: Option<&'static str>,
    /// May it be registered as it is, by `POST …/register-redirect-uri`?
    pub can_be_registered: bool,
}

/// The newest refused requests, of one client or of all, newest first, before the one with the id `before`.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App, client_id: &str, before: &str, limit: u32) -> Result<Vec<FailureView>, Refusal> {
    // What this node refused a moment ago is of interest first of all.
    app.failures.write(&app.store).await?;
    let rows = app.store.failures(client_id, before, limit).await?;
    Ok(rows.into_iter().map(FailureView::from).collect())
}

/// The same as far as somebody may see them: without a client, those of all that they manage.
///
/// # Errors
/// The client is not theirs to see, or the database is unavailable.
pub async fn list_for(
    app: &App,
    origin: &Origin,
    client_id: &str,
    before: &str,
    limit: u32,
) -> Result<Vec<FailureView>, Refusal> {
    if let Some(holder) = managed_by(origin, Permission::Read(Resource::Failures))
        && client_id.is_empty()
        && origin.powers.is_delegated()
    {
        app.failures.write(&app.store).await?;
        let rows = app.store.failures_managed_by(&holder, before, limit).await?;
        return Ok(rows.into_iter().map(FailureView::from).collect());
    }
    allow(app, origin, &Deed::SeeFailures(client_id), &format!("client:{client_id:.200}")).await?;
    list(app, client_id, before, limit).await
}

/// The same as [`find`], for somebody who looks at it.
///
/// # Errors
/// It is not theirs to see, there is none, or it is forgotten.
pub async fn seen(app: &App, origin: &Origin, correlation_id: &str) -> Result<Diagnosis, Refusal> {
    let diagnosis = find(app, correlation_id).await?;
    let client_id = &diagnosis.failure.client_id;
    allow(app, origin, &Deed::SeeFailures(client_id), &format!("failure:{correlation_id}")).await?;
    Ok(diagnosis)
}

/// The refused request of a correlation id, and what was found out about it.
///
/// # Errors
/// There is none, or it is forgotten.
pub async fn find(app: &App, correlation_id: &str) -> Result<Diagnosis, Refusal> {
    app.failures.write(&app.store).await?;
    let row = app.store.failure(correlation_id).await?.ok_or(Refusal::NotFound("failed request"))?;
    let failure = FailureView::from(row);
    let client = app.store.asked_anew().client(&ClientId::from(failure.client_id.as_str())).await?;
    let grant_type = failure.request.get("grant_type").map(String::as_str);
    Ok(Diagnosis {
        flow: flow(&failure.endpoint, grant_type, &failure.error, &failure.cause),
        redirect_uri: client.as_deref().and_then(|client| redirect_uri(&failure, client)),
        client_name: client.map(|client| client.metadata.client_name.clone()),
        failure,
    })
}

/// Registers the redirect URI that a request failed for, where that is safe. Answers the client.
///
/// # Errors
/// There is no such request, or it is not safe, or somebody else changed the client meanwhile.
pub async fn register_redirect_uri(
    app: &App,
    origin: &Origin,
    correlation_id: &str,
) -> Result<Client, Refusal> {
    let diagnosis = seen(app, origin, correlation_id).await?;
    let wanted = diagnosis.redirect_uri.filter(|uri| uri.can_be_registered).ok_or_else(|| {
        Refusal::field("redirect_uri", "cannot be registered with one click: look at the application")
    })?;
    let before = clients::find(app, &diagnosis.failure.client_id).await?;
    let mut input = ClientInput::from(&before);
    input.redirect_uris.get_or_insert_default().push(wanted.received);
    Ok(clients::change(app, origin, before, &input).await?.client)
}

/// What is wrong with the redirect URI of an authorization request, if that is what is wrong with it.
fn redirect_uri(failure: &FailureView, client: &Client) -> Option<RedirectUriDiagnosis> {
    let asks = matches!(failure.endpoint.as_str(), "/authorize" | "/par");
    let received = failure.request.get("redirect_uri").filter(|_| asks)?;
    let registered = &client.metadata.redirect_uris;
    if registered.iter().any(|known| matches(known, received)) {
        return None;
    }
    let near = nearest(registered, received);
    Some(RedirectUriDiagnosis {
        nearest: near.map(|(uri, _)| uri.to_owned()),
        difference: near.map(|(_, difference)| difference.words()),
        can_be_registered: is_safe_to_register(registered, received),
        received: received.clone(),
    })
}
