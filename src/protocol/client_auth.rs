//! Client authentication: RFC 6749 §2.3 and §3.2.1, OpenID Connect Core §9.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::{AuthMethod, Client};
use super::ids::ClientId;
use super::params::Params;
use crate::protocol::secret::{same_secret, sha256_hex};

/// What a request shows about its client.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who it says it is.
    pub client_id: ClientId,
    /// How it wants to prove that.
    pub method: AuthMethod,
    /// With what; none for public clients.
    secret: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({} by {})", self.client_id, self.method)
    }
}

/// What is wrong with how a request authenticates its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthError {
    /// No client is named at all.
    #[error(
        "client_id is missing: authenticate with HTTP Basic, or send client_id (and client_secret) in the form"
    )]
    Missing,
    /// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
    #[error("more than one client authentication method in one request")]
    SeveralMethods,
    /// RFC 6749 §2.3.1, RFC 7617.
    #[error("the Authorization header is not HTTP Basic with form-urlencoded client_id and client_secret")]
    MalformedBasic,
    /// The header names one client and the form another.
    #[error("client_id in the form is not the client of the Authorization header")]
    TwoClients,
    /// Nobody registered it, or it is switched off, or the secret is wrong: not told apart.
    #[error("the client is unknown, disabled, or its secret is wrong")]
    Refused,
    /// It registered another method.
    #[error("the client is registered with token_endpoint_auth_method {0}")]
    OtherMethod(AuthMethod),
}

impl ClientAuthError {
    /// Is the request itself at fault (`invalid_request`), rather than who it comes from (`invalid_client`)?
    #[must_use]
    pub fn is_malformed_request(self) -> bool {
        matches!(self, Self::SeveralMethods | Self::TwoClients)
    }
}

impl Credentials {
    /// Reads the credentials of a request from its `Authorization` header and its form.
    ///
    /// # Errors
    /// None, several, or malformed ones.
    pub fn from_request(authorization: Option<&str>, form: &Params) -> Result<Self, ClientAuthError> {
        let (form_id, form_secret) = (form.get("client_id"), form.get("client_secret"));
        let Some(header) = authorization else {
            let id = form_id.ok_or(ClientAuthError::Missing)?;
            let method = if form_secret.is_some() { AuthMethod::ClientSecretPost } else { AuthMethod::None };
            return Ok(Self { client_id: id.into(), method, secret: form_secret.map(str::to_owned) });
        };
        if form_secret.is_some() {
            return Err(ClientAuthError::SeveralMethods);
        }
        let (id, secret) = parse_basic(header).ok_or(ClientAuthError::MalformedBasic)?;
        if form_id.is_some_and(|form_id| form_id != id) {
            return Err(ClientAuthError::TwoClients);
        }
        Ok(Self { client_id: id.into(), method: AuthMethod::ClientSecretBasic, secret: Some(secret) })
    }

    /// Does this prove that the request comes from `client`?
    ///
    /// # Errors
    /// It does not.
    pub fn prove(&self, client: &Client) -> Result<(), ClientAuthError> {
        if client.disabled {
            return Err(ClientAuthError::Refused);
        }
        match (&self.secret, &client.secret_hash) {
            (None, None) => Ok(()),
            (Some(shown), Some(hash)) if same_secret(&sha256_hex(shown), hash) => {
                // Only after the secret was right: whoever does not know it learns nothing about the registration.
                let registered = client.metadata.token_endpoint_auth_method;
                if registered == self.method { Ok(()) } else { Err(ClientAuthError::OtherMethod(registered)) }
            }
            _ => Err(ClientAuthError::Refused),
        }
    }
}

/// RFC 6749 §2.3.1: both halves are form-urlencoded before they are put into HTTP Basic. Clients that leave that out
/// send the same bytes, unless a half holds `%` or `+`.
fn parse_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |half: &str| {
        let spaced = half.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let (id, secret) = (decode(id)?, decode(secret)?);
    (!id.is_empty() && !id.contains('\0')).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{ClientAuthError, Credentials};
    use crate::protocol::client::AuthMethod;
    use crate::protocol::params::Params;
    use crate::protocol::samples;

    fn read(authorization: Option<&str>, form: &str) -> Result<Credentials, ClientAuthError> {
        Credentials::from_request(authorization, &Params::parse(form.as_bytes()).unwrap())
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn rfc6749_2_3_1_basic_credentials_are_form_urlencoded() {
        let credentials = read(Some(&basic("a%3Ab:s%2B%C3%A4+x")), "").unwrap();
        assert_eq!(credentials.client_id.as_str(), "a:b");
        assert_eq!(credentials.secret.as_deref(), Some("s+ä x"));
        let lower_case_scheme = basic("client:secret").replace("Basic", "basic");
        assert!(read(Some(&lower_case_scheme), "client_id=client").is_ok());
    }

    #[test]
    fn rfc6749_2_3_one_method_in_each_request() {
        let header = basic("client:secret");
        for (authorization, form, error) in [
            (None, "", ClientAuthError::Missing),
            (None, "client_secret=x", ClientAuthError::Missing),
            (Some(header.as_str()), "client_secret=secret", ClientAuthError::SeveralMethods),
            (Some(header.as_str()), "client_id=other", ClientAuthError::TwoClients),
            (Some("Bearer x"), "client_id=client", ClientAuthError::MalformedBasic),
            (Some("Basic"), "", ClientAuthError::MalformedBasic),
            (Some("Basic !!!"), "", ClientAuthError::MalformedBasic),
            (Some("Basic Y2xpZW50"), "", ClientAuthError::MalformedBasic),
            (Some("Basic OnNlY3JldA=="), "", ClientAuthError::MalformedBasic),
            (Some("Basic /////w=="), "", ClientAuthError::MalformedBasic),
        ] {
            assert_eq!(read(authorization, form), Err(error), "{authorization:?} {form}");
        }
    }

    #[test]
    fn openid_core_9_only_the_registered_method_counts() {
        let client = samples::client("client");
        let header = basic("client:secret");
        assert_eq!(read(Some(&header), "").unwrap().prove(&client), Ok(()));
        let by_post = read(None, "client_id=client&client_secret=secret").unwrap();
        assert_eq!(by_post.prove(&client), Err(ClientAuthError::OtherMethod(AuthMethod::ClientSecretBasic)));
        let mut posting = client.clone();
        posting.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        assert_eq!(by_post.prove(&posting), Ok(()));
    }

    #[test]
    fn rfc6749_3_2_1_nothing_but_the_secret_proves_a_confidential_client() {
        let client = samples::client("client");
        let public = samples::public_client("client");
        let none = read(None, "client_id=client").unwrap();
        let wrong = read(Some(&basic("client:wrong")), "").unwrap();
        let empty = read(Some(&basic("client:")), "").unwrap();
        for credentials in [&none, &wrong, &empty] {
            assert_eq!(credentials.prove(&client), Err(ClientAuthError::Refused), "{credentials:?}");
        }
        assert_eq!(none.prove(&public), Ok(()));
        assert_eq!(wrong.prove(&public), Err(ClientAuthError::Refused), "a public client has no secret");
        let mut disabled = client;
        disabled.disabled = true;
        assert_eq!(
            read(Some(&basic("client:secret")), "").unwrap().prove(&disabled),
            Err(ClientAuthError::Refused)
        );
    }
}
