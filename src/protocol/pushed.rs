//! Pushed authorization requests: RFC 9126.
//!
//! What a client pushes is judged by the rules of [`authorize`](super::authorize) and of
//! [`request_object`](super::request_object), as at the authorization endpoint. Here is what there is besides: what may be
//! pushed, what is handed out for it, and whose that is, for how long and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorize::RequestError;
use super::client::Client;
use super::client_assertion::OneTimeId;
use super::dpop::Thumbprint;
use super::error::{ErrorCode, Rule};
use super::ids::ClientId;
use super::params::Params;
use super::timestamp::Timestamp;

/// What the `request_uri` of every pushed request begins with (§2.2).
pub const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// How long a `request_uri` is good. §2.2: "typically … relatively short (e.g., between 5 and 600 seconds)". Long enough
/// for whoever is first asked by a phone whether the app may open a page; it holds no place of anybody's meanwhile.
pub const LIFETIME: Duration = Duration::from_secs(300);

/// The longest reference, in bytes. The longest `state` and `nonce` fit in, with claims of some kilobytes; and what it
/// becomes on its way through a sign-in fits into an address of ours.
pub const LONGEST_REFERENCE: usize = 32 * 1024;

/// §2.1: "relied upon only for client authentication and … not germane to the authorization request itself".
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// A request that was pushed and found good, as it is handed out sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// Random: no two are the same, and nobody can guess one (§7.1).
    id: String,
    client_id: ClientId,
    /// Its parameters, those of a request object unfolded.
    params: Vec<(String, String)>,
    expires_at: Timestamp,
}

/// Why a request cannot be pushed, beside what would be wrong with it at the authorization endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// §2.1.
    #[error("request_uri must not be pushed: push the parameters themselves, or a request object as request")]
    RequestUri,
    /// §3.
    #[error("client_id in a request object that is pushed must be the client that pushes it")]
    ObjectOfAnother,
    /// §2.3: "beyond the upper bound that the authorization server allows".
    #[error("the request is too large to be pushed: what is made of it has more than 32 KiB")]
    TooLarge,
}

impl PushError {
    /// The code on the wire (§2.3).
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::RequestUri | Self::TooLarge => ErrorCode::InvalidRequest,
            Self::ObjectOfAnother => ErrorCode::InvalidRequestObject,
        }
    }
}

impl Rule for PushError {
    fn section(&self) -> &'static str {
        match self {
            Self::RequestUri => "RFC 9126 §2.1",
            Self::ObjectOfAnother => "RFC 9126 §3",
            Self::TooLarge => "RFC 9126 §2.3",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::RequestUri => "",
            Self::ObjectOfAnother => "Put client_id into the request object, beside all other parameters.",
            Self::TooLarge => "Keep what state stands for in the application, and send a short one.",
        }
    }
}

/// Why the request that a `request_uri` of this server's stands for is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushedError {
    /// It was made up, changed, or made with another master secret.
    #[error("request_uri is not one that this server gave out")]
    Unknown,
    /// §2.2: "MUST be bound to the client that posted the authorization request".
    #[error("request_uri was given to another client")]
    OtherClient,
    /// §4: "An expired `request_uri` MUST be rejected as invalid".
    #[error("request_uri has expired: it is good for five minutes")]
    Expired,
    /// §4, §7.3: "SHOULD treat `request_uri` values as one-time use".
    #[error("request_uri was used before: its request was answered already")]
    Used,
    /// Core §6: "If one of these parameters is used, the other MUST NOT be used in the same request."
    #[error("request and request_uri must not be used together")]
    WithObject,
}

impl Rule for PushedError {
    fn section(&self) -> &'static str {
        match self {
            Self::Unknown | Self::OtherClient => "RFC 9126 §2.2",
            Self::Expired | Self::Used => "RFC 9126 §4",
            Self::WithObject => "OpenID Connect Core §6",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Unknown => {
                "Send the request_uri exactly as the pushed_authorization_request_endpoint answered it, percent-encoded."
            }
            Self::OtherClient => "Send the client_id of the client that pushed the request.",
            Self::Expired | Self::Used => {
                "Push a new request for every sign-in, right before the browser is sent here."
            }
            Self::WithObject => "Push the request object, and send client_id and request_uri only.",
        }
    }
}

/// The reference in a `request_uri`; none if it is no `request_uri` of a pushed request.
#[must_use]
pub fn reference(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(URN)
}

/// Must this client's requests be pushed (§4, §6)? Everybody's, where the server is set so.
#[must_use]
pub fn is_required(client: &Client, of_everybody: bool) -> bool {
    of_everybody || client.metadata.require_pushed_authorization_requests
}

/// What a form asks for, whose client is known. Beside a request object, nothing counts but that (§3: "All other request
/// parameters … MUST appear as claims of the JWT"; RFC 9101 §6.3: "MUST only use the parameters in the Request Object").
///
/// # Errors
/// §2.1: "Reject the request if the `request_uri` authorization request parameter is provided."
pub fn asked_for(form: &Params, client: &ClientId) -> Result<Params, PushError> {
    if form.get("request_uri").is_some() {
        return Err(PushError::RequestUri);
    }
    if let Some(object) = form.get("request") {
        return Ok(Params::from_pairs(vec![("request".to_owned(), object.to_owned())]));
    }
    Ok(of_client(germane(form), client))
}

/// What a request object asks for that was unfolded.
///
/// # Errors
/// §3: "reject the request if the authenticated `client_id` does not match the `client_id` claim".
pub fn asked_for_by_object(unfolded: &Params, client: &ClientId) -> Result<Params, PushError> {
    if unfolded.get("client_id") != Some(client.as_str()) {
        return Err(PushError::ObjectOfAnother);
    }
    Ok(of_client(germane(unfolded), client))
}

/// A request that is proven to come from whoever has a key, "as if the contained public key's thumbprint was provided using
/// `dpop_jkt`" (RFC 9449 §10.1).
///
/// # Errors
/// It names another key.
pub fn bound_to_key(params: Params, key: &Thumbprint) -> Result<Params, RequestError> {
    match params.get("dpop_jkt") {
        Some(named) if named == key.as_str() => Ok(params),
        Some(_) => Err(RequestError::OtherDpopKey),
        None => {
            let named = ("dpop_jkt".to_owned(), key.to_string());
            Ok(Params::from_pairs(params.pairs().iter().cloned().chain([named]).collect()))
        }
    }
}

/// Without what says who sends the request.
fn germane(params: &Params) -> Vec<(String, String)> {
    let pairs = params.pairs().iter();
    pairs.filter(|(name, _)| name != "client_id" && !CREDENTIALS.contains(&name.as_str())).cloned().collect()
}

/// The client is the one that proved who it is, whether the form names it again or not.
fn of_client(mut pairs: Vec<(String, String)>, client: &ClientId) -> Params {
    pairs.insert(0, ("client_id".to_owned(), client.to_string()));
    Params::from_pairs(pairs)
}

impl PushedRequest {
    /// A request that was found good, under a random `id`.
    #[must_use]
    pub fn new(id: String, client: &ClientId, params: &Params, now: Timestamp) -> Self {
        Self { id, client_id: client.clone(), params: germane(params), expires_at: now.plus(LIFETIME) }
    }

    /// May this client use it now? Answers its parameters, which are judged anew (§4, §7.4), and the id by which it is used
    /// once; that must be remembered until a sign-in of this length, begun at the last moment, is over.
    ///
    /// # Errors
    /// It may not.
    pub fn may_be_used(
        self,
        client: &ClientId,
        longest_sign_in: Duration,
        now: Timestamp,
    ) -> Result<(Params, OneTimeId), PushedError> {
        if self.client_id != *client {
            return Err(PushedError::OtherClient);
        }
        if now.reached(self.expires_at) {
            return Err(PushedError::Expired);
        }
        // No other id that is used once begins like this.
        let once = OneTimeId {
            id: format!("pushed {}", self.id),
            expires_at: self.expires_at.plus(longest_sign_in),
        };
        Ok((of_client(self.params, client), once))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LIFETIME, PushError, PushedError, PushedRequest, asked_for, asked_for_by_object, reference};
    use crate::protocol::params::Params;
    use crate::protocol::timestamp::Timestamp;

    fn params(text: &str) -> Params {
        Params::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn rfc9126_2_1_what_authenticates_the_client_is_no_part_of_its_request() {
        let form = "client_secret=s&scope=openid&client_assertion=a&client_assertion_type=t&state=x";
        for named in ["", "&client_id=c"] {
            let asked = asked_for(&params(&format!("{form}{named}")), &"c".into()).unwrap();
            assert_eq!(asked, params("client_id=c&scope=openid&state=x"));
        }
        let refused = asked_for(&params("scope=openid&request_uri=https://app.example/r"), &"c".into());
        assert_eq!(refused, Err(PushError::RequestUri));
    }

    #[test]
    fn rfc9126_3_of_a_request_object_only_what_is_inside_counts_and_it_names_its_client() {
        let outside = params("client_id=c&client_secret=s&request=jwt&scope=openid&prompt=none");
        assert_eq!(asked_for(&outside, &"c".into()).unwrap(), params("request=jwt"));
        for inside in ["scope=openid", "client_id=d&scope=openid"] {
            assert_eq!(asked_for_by_object(&params(inside), &"c".into()), Err(PushError::ObjectOfAnother));
        }
        let good = asked_for_by_object(&params("scope=openid&client_id=c&client_secret=s"), &"c".into());
        assert_eq!(good.unwrap(), params("client_id=c&scope=openid"));
    }

    #[test]
    fn rfc9126_2_2_it_is_its_clients_for_its_time() {
        const NOW: Timestamp = Timestamp(1_000);
        let hour = Duration::from_secs(3600);
        let asked = params("client_id=c&scope=openid&state=x");
        let pushed = PushedRequest::new("id".to_owned(), &"c".into(), &asked, NOW);
        let last = NOW.plus(LIFETIME).minus(Duration::from_secs(1));
        let (given, once) = pushed.clone().may_be_used(&"c".into(), hour, last).unwrap();
        assert_eq!(given, asked);
        assert!(last.plus(hour) < once.expires_at, "a sign-in that begins at the last moment ends before");
        let at_its_end = pushed.clone().may_be_used(&"c".into(), hour, NOW.plus(LIFETIME));
        assert_eq!(at_its_end, Err(PushedError::Expired));
        assert_eq!(pushed.may_be_used(&"d".into(), hour, NOW), Err(PushedError::OtherClient));
    }

    #[test]
    fn rfc9126_2_2_the_form_of_a_request_uri() {
        assert_eq!(reference("urn:ietf:params:oauth:request_uri:abc"), Some("abc"));
        assert_eq!(reference("urn:ietf:params:oauth:request_uri:"), Some(""));
        for other in ["https://app.example/r", "urn:ietf:params:oauth:token-type:jwt", "abc", ""] {
            assert_eq!(reference(other), None, "{other}");
        }
    }
}
