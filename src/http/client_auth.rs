//! Who a request of a machine comes from: the same steps at every endpoint.

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;

use super::error::OAuthError;
use super::extract::FormFields;
use crate::app::App;
use crate::protocol::client::Client;
use crate::protocol::client_auth::{ClientAuthError, Credentials};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;

/// A form from a client that proved who it is.
pub struct ClientForm {
    /// The client; enabled.
    pub client: Client,
    /// The form.
    pub form: Params,
}

/// Reads a form and authenticates its client.
///
/// # Errors
/// The request is malformed, or the client did not prove who it is.
pub async fn authenticate(app: &App, request: Request) -> Result<ClientForm, OAuthError> {
    // RFC 6749 §2.3.1: "The parameters … MUST NOT be included in the request URI."
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            "parameters belong into the body, not into the address",
        ));
    }
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let authorization = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(only), None) => Some(only.to_str().map_err(|_| ClientAuthError::MalformedBasic)?.to_owned()),
        (Some(_), Some(_)) => return Err(ClientAuthError::SeveralMethods.into()),
    };
    let FormFields(form) = FormFields::read(request).await?;
    let credentials = Credentials::from_request(authorization.as_deref(), &form)?;
    let client = app.store.client(&credentials.client_id).await?.ok_or(ClientAuthError::Refused)?;
    credentials.prove(&client).inspect_err(|error| {
        tracing::info!(client_id = %client.id, cause = %error, "client authentication refused");
    })?;
    Ok(ClientForm { client, form })
}
