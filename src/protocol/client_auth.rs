//! Client authentication: RFC 6749 §2.3 and §3.2.1, OpenID Connect Core §9.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::{AuthMethod, Client};
use super::client_assertion::{AssertionError, JWT_BEARER};
use super::error::Rule;
use super::ids::ClientId;
use super::params::Params;
use crate::protocol::secret::{same_secret, sha256_hex};
use crate::protocol::timestamp::Timestamp;

/// What a request shows about its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Who it says it is; none when only an assertion says it.
    pub client_id: Option<ClientId>,
    /// With what it wants to prove that.
    pub proof: Proof,
}

/// What a client proves itself by.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: a public client only names itself.
    Nothing,
    /// Its secret, in the header or in the form.
    Secret {
        /// How it was sent.
        method: AuthMethod,
        /// The secret.
        secret: String,
    },
    /// A signed assertion (RFC 7523 §2.2).
    Assertion(String),
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Secret { method, .. } => method.as_str(),
            Self::Assertion(_) => "an assertion",
        })
    }
}

/// What is wrong with how a request authenticates its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthError {
    /// No client is named at all.
    #[error(
        "client_id is missing: authenticate with HTTP Basic or a client_assertion, or send client_id (and client_secret) \
         in the form"
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
    /// Nobody registered it, or it is switched off, or the secret is wrong: not told apart on the wire.
    #[error("the client is unknown, disabled, or its secret is wrong")]
    Refused(Unproven),
    /// It registered another method.
    #[error(
        "the client is registered with token_endpoint_auth_method {registered}, and this request is authenticated with \
         {used}"
    )]
    OtherMethod {
        /// The one that it registered.
        registered: AuthMethod,
        /// The one that this request used.
        used: AuthMethod,
    },
    /// RFC 7662 §2.1: "the endpoint MUST also require some form of authorization".
    #[error("this endpoint is for clients that authenticate, and the client is registered as public")]
    PublicClient,
    /// It only named itself, and has a secret or a key.
    #[error(
        "this client must authenticate: client_id alone is not enough. Send its secret by HTTP Basic or as client_secret, \
         or a client_assertion"
    )]
    NotAuthenticated,
    /// RFC 7521 §4.2, RFC 7523 §3.
    #[error("{0}")]
    Assertion(#[from] AssertionError),
}

/// Why a client is refused. Only whoever administers it is told: others would learn which clients there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// Nobody registered it.
    #[error("no client is registered with this client_id")]
    Unknown,
    /// It is switched off.
    #[error("the client is disabled")]
    Disabled,
    /// It registered a key.
    #[error("the client has no secret here, and a client_secret was sent")]
    NoSecret,
    /// The secret was its own once.
    #[error("the client_secret was replaced, and is good no more")]
    Replaced,
    /// The secret is its own, and something was copied along with it.
    #[error("the client_secret has blanks or line breaks around it")]
    Blanks,
    /// The secret is another.
    #[error("the client_secret is not the client's")]
    OtherSecret,
}

impl Unproven {
    fn advice(self) -> &'static str {
        match self {
            Self::Unknown => "Compare the application's client_id with the registered ones, or register it.",
            Self::Disabled => "Enable the client on its page, if it is to be used.",
            Self::NoSecret => {
                "Set the application's library to sign an assertion (private_key_jwt), or register a method with a secret."
            }
            Self::Replaced => {
                "Give the application the secret that was made last. If nobody has it, make another one on the client's page."
            }
            Self::Blanks => "Take them out of the application's configuration.",
            Self::OtherSecret => {
                "Copy the secret into the application's configuration again. If nobody has it, make another one on the client's \
                 page. With HTTP Basic, the secret is form-urlencoded first."
            }
        }
    }
}

impl Rule for ClientAuthError {
    fn cause(&self) -> Option<String> {
        match self {
            Self::Refused(why) => Some(why.to_string()),
            _ => None,
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::Missing | Self::MalformedBasic | Self::Refused(_) => "RFC 6749 §2.3.1",
            Self::NotAuthenticated => "RFC 6749 §3.2.1",
            Self::PublicClient => "RFC 7662 §2.1",
            Self::SeveralMethods | Self::TwoClients => "RFC 6749 §2.3",
            Self::OtherMethod { .. } => "OpenID Connect Core 1.0 §9",
            Self::Assertion(_) => "RFC 7523 §3",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Refused(why) => why.advice(),
            Self::Missing | Self::MalformedBasic => {
                "Give the application's library the client_id and the secret."
            }
            Self::SeveralMethods | Self::TwoClients => {
                "Switch one of the ways off by which the application authenticates itself."
            }
            Self::PublicClient => {
                "Register a client with a secret for the API that introspects tokens, and let it introspect every client's."
            }
            Self::NotAuthenticated => {
                "Give the application's library the secret. An application that cannot keep one, such as a page in a browser, \
                 is registered as public instead."
            }
            Self::OtherMethod { .. } => {
                "Register the method that the application uses, or set its library to the registered one."
            }
            Self::Assertion(_) => {
                "Check the application's key, its clock, and that iss, sub, aud, exp and jti are what the section asks for."
            }
        }
    }
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
        let form_id = form.get("client_id").map(ClientId::from);
        let (secret, assertion) = (form.get("client_secret"), form.get("client_assertion"));
        let methods = [authorization, secret, assertion].iter().filter(|method| method.is_some()).count();
        if methods > 1 {
            return Err(ClientAuthError::SeveralMethods);
        }
        if let Some(header) = authorization {
            let (id, secret) = parse_basic(header).ok_or(ClientAuthError::MalformedBasic)?;
            let id = ClientId::from(id);
            if form_id.is_some_and(|form_id| form_id != id) {
                return Err(ClientAuthError::TwoClients);
            }
            // §2.3.1: "The client MAY omit the parameter if the client secret is an empty string." Libraries that know no
            // public clients send such a secret for them.
            let proof = if secret.is_empty() {
                Proof::Nothing
            } else {
                Proof::Secret { method: AuthMethod::ClientSecretBasic, secret }
            };
            return Ok(Self { client_id: Some(id), proof });
        }
        if let Some(assertion) = assertion {
            // RFC 7521 §4.2: client_id is optional beside an assertion.
            return match form.get("client_assertion_type") {
                Some(JWT_BEARER) => {
                    Ok(Self { client_id: form_id, proof: Proof::Assertion(assertion.to_owned()) })
                }
                _ => Err(AssertionError::Type.into()),
            };
        }
        let id = form_id.ok_or(ClientAuthError::Missing)?;
        let proof = secret.map_or(Proof::Nothing, |secret| Proof::Secret {
            method: AuthMethod::ClientSecretPost,
            secret: secret.to_owned(),
        });
        Ok(Self { client_id: Some(id), proof })
    }
}

/// Does this secret, or the lack of one, prove that the request comes from `client`? Assertions are judged elsewhere.
///
/// # Errors
/// It does not.
pub fn prove_by_secret(client: &Client, proof: &Proof, now: Timestamp) -> Result<(), ClientAuthError> {
    if client.disabled {
        return Err(ClientAuthError::Refused(Unproven::Disabled));
    }
    let registered = client.metadata.token_endpoint_auth_method;
    match proof {
        Proof::Nothing if registered == AuthMethod::None => Ok(()),
        // Known to whoever knows the client_id: /authorize tells it too.
        Proof::Nothing => Err(ClientAuthError::NotAuthenticated),
        Proof::Secret { method, .. } if registered == AuthMethod::None => {
            Err(ClientAuthError::OtherMethod { registered, used: *method })
        }
        Proof::Secret { method, secret } => {
            let hash = sha256_hex(secret);
            let old = client.old_secret_at(now).map(|old| &old.hash);
            let right = client.secret_hash.iter().chain(old).any(|known| same_secret(&hash, known));
            // Only after the secret was right: whoever does not know it learns nothing about the registration.
            match (right, registered == *method) {
                (false, _) => Err(ClientAuthError::Refused(another_secret(client, secret))),
                (true, false) => Err(ClientAuthError::OtherMethod { registered, used: *method }),
                (true, true) => Ok(()),
            }
        }
        Proof::Assertion(_) => Err(ClientAuthError::Refused(Unproven::OtherSecret)),
    }
}

/// What is the matter with a secret that is not good.
fn another_secret(client: &Client, secret: &str) -> Unproven {
    let is = |known: Option<&String>, secret: &str| {
        known.is_some_and(|known| same_secret(&sha256_hex(secret), known))
    };
    match &client.secret_hash {
        None => Unproven::NoSecret,
        own if is(own.as_ref(), secret.trim()) => Unproven::Blanks,
        _ if is(client.old_secret.as_ref().map(|old| &old.hash), secret) => Unproven::Replaced,
        _ => Unproven::OtherSecret,
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

    use super::{ClientAuthError, Credentials, Proof, Timestamp, Unproven, prove_by_secret};
    use crate::protocol::client::{AuthMethod, OldSecret};
    use crate::protocol::client_assertion::AssertionError;
    use crate::protocol::error::Rule as _;
    use crate::protocol::params::Params;
    use crate::protocol::samples;
    use crate::protocol::secret::sha256_hex;

    fn read(authorization: Option<&str>, form: &str) -> Result<Credentials, ClientAuthError> {
        Credentials::from_request(authorization, &Params::parse(form.as_bytes()).unwrap())
    }

    fn prove(
        client: &crate::protocol::client::Client,
        credentials: &Result<Credentials, ClientAuthError>,
    ) -> Result<(), ClientAuthError> {
        prove_by_secret(client, &credentials.as_ref().unwrap().proof, Timestamp(0))
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn rfc6749_2_3_1_basic_credentials_are_form_urlencoded() {
        let credentials = read(Some(&basic("a%3Ab:s%2B%C3%A4+x")), "").unwrap();
        assert_eq!(credentials.client_id, Some("a:b".into()));
        let secret = "s+ä x".to_owned();
        assert_eq!(credentials.proof, Proof::Secret { method: AuthMethod::ClientSecretBasic, secret });
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
            (Some(header.as_str()), "client_assertion=x", ClientAuthError::SeveralMethods),
            (None, "client_secret=x&client_assertion=x", ClientAuthError::SeveralMethods),
            (None, "client_id=client&client_assertion=x", ClientAuthError::Assertion(AssertionError::Type)),
            (
                None,
                "client_assertion=x&client_assertion_type=saml2",
                ClientAuthError::Assertion(AssertionError::Type),
            ),
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
        assert_eq!(prove(&client, &read(Some(&header), "")), Ok(()));
        let by_post = read(None, "client_id=client&client_secret=secret");
        assert_eq!(
            prove(&client, &by_post),
            Err(ClientAuthError::OtherMethod {
                registered: AuthMethod::ClientSecretBasic,
                used: AuthMethod::ClientSecretPost
            })
        );
        let mut posting = client.clone();
        posting.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        assert_eq!(prove(&posting, &by_post), Ok(()));
    }

    #[test]
    fn rfc6749_3_2_1_nothing_but_the_secret_proves_a_confidential_client() {
        let client = samples::client("client");
        let public = samples::public_client("client");
        let none = read(None, "client_id=client");
        let wrong = read(Some(&basic("client:wrong")), "");
        let empty = read(Some(&basic("client:")), "");
        assert_eq!(prove(&client, &wrong), Err(ClientAuthError::Refused(Unproven::OtherSecret)));
        for credentials in [&none, &empty] {
            assert_eq!(
                prove(&client, credentials),
                Err(ClientAuthError::NotAuthenticated),
                "{credentials:?}"
            );
            assert_eq!(prove(&public, credentials), Ok(()), "{credentials:?}");
        }
        let not_public = ClientAuthError::OtherMethod {
            registered: AuthMethod::None,
            used: AuthMethod::ClientSecretBasic,
        };
        assert_eq!(prove(&public, &wrong), Err(not_public), "a public client has no secret");
        let mut by_key = samples::public_client("client");
        by_key.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        assert_eq!(
            prove(&by_key, &none),
            Err(ClientAuthError::NotAuthenticated),
            "no secret is not no proof"
        );
        assert_eq!(prove(&by_key, &wrong), Err(ClientAuthError::Refused(Unproven::NoSecret)));
        let mut disabled = client;
        disabled.disabled = true;
        for credentials in [none, read(Some(&basic("client:secret")), "")] {
            let refused = Err(ClientAuthError::Refused(Unproven::Disabled));
            assert_eq!(prove(&disabled, &credentials), refused, "{credentials:?}");
        }
    }

    #[test]
    fn whoever_administers_a_client_is_told_what_is_wrong_with_a_secret_and_nobody_else() {
        let mut client = samples::client("client");
        let hash = sha256_hex("before");
        client.old_secret = Some(OldSecret { hash, sealed: None, until: Timestamp(0) });
        for (sent, why) in [
            ("before", Unproven::Replaced),
            (" secret\n", Unproven::Blanks),
            ("Secret", Unproven::OtherSecret),
        ] {
            let proof = Proof::Secret { method: AuthMethod::ClientSecretBasic, secret: sent.to_owned() };
            let refused = prove_by_secret(&client, &proof, Timestamp(0)).unwrap_err();
            assert_eq!(refused, ClientAuthError::Refused(why), "{sent:?}");
            assert_eq!(refused.to_string(), ClientAuthError::Refused(Unproven::Unknown).to_string());
            assert_eq!(refused.cause(), Some(why.to_string()));
        }
    }
}
