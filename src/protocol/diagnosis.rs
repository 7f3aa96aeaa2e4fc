//! Why a request failed, for whoever administers the application that sent it: what is kept of a refused request, how its
//! redirect URI differs from the registered ones, and how far the flow had come.

use percent_encoding::percent_decode_str;
use strsim::normalized_levenshtein;
use url::Url;

use super::client::GrantType;
use super::code::CodeError;
use super::device::DeviceError;
use super::error::ErrorCode;
use super::params::Params;
use super::redirect_uri::{check_for_registration, matches};

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The client that sent it, as far as it said so.
    pub client_id: Option<String>,
    /// What was answered.
    pub error: ErrorCode,
    /// The rule that was broken, in words.
    pub cause: String,
    /// Where the rule stands; empty if that goes without saying at its endpoint.
    pub section: &'static str,
    /// What to do about it; may be empty.
    pub advice: String,
    /// What was asked for: see [`of_interest`].
    pub request: Vec<(String, String)>,
}

impl Failure {
    /// Is it worth keeping? `prompt=none` is how applications ask whether somebody is signed in: that nobody is, is an
    /// answer (OpenID Connect Core §3.1.2.6); so is it that nobody has decided yet about a device (RFC 8628 §3.5).
    #[must_use]
    pub fn is_one(&self) -> bool {
        !matches!(
            self.error,
            ErrorCode::LoginRequired
                | ErrorCode::ConsentRequired
                | ErrorCode::InteractionRequired
                | ErrorCode::AccountSelectionRequired
                | ErrorCode::AuthorizationPending
                | ErrorCode::SlowDown
        )
    }
}

/// Parameters that are kept as they came.
const SHOWN: [&str; 14] = [
    "client_id",
    "redirect_uri",
    "post_logout_redirect_uri",
    "response_type",
    "response_mode",
    "grant_type",
    "scope",
    "prompt",
    "max_age",
    "acr_values",
    "code_challenge_method",
    "dpop_jkt",
    "display",
    "resource",
];

/// Parameters of which it is kept that they came: they are secrets, or somebody's affair.
const HIDDEN: [&str; 17] = [
    "state",
    "nonce",
    "code",
    "code_challenge",
    "code_verifier",
    "device_code",
    "user_code",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "id_token_hint",
    "login_hint",
    "request",
    "request_uri",
    "token",
    "registration",
    "claims",
];

/// A value that is longer is cut, in characters.
const LONGEST: usize = 300;

/// A text from outside as it is kept: cut, and with a mark in place of what cannot be seen.
#[must_use]
pub fn kept(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What is kept of a request: no secret, nothing about a person, and nothing that nobody knows the meaning of.
#[must_use]
pub fn of_interest(params: &Params) -> Vec<(String, String)> {
    let kept = params.pairs().iter().filter_map(|(name, value)| {
        if SHOWN.contains(&name.as_str()) {
            Some((name.clone(), kept(value)))
        } else if HIDDEN.contains(&name.as_str()) {
            Some((name.clone(), "(sent)".to_owned()))
        } else {
            None
        }
    });
    kept.collect()
}

/// Where the rules of an endpoint's errors stand, when nothing more precise is known.
#[must_use]
pub fn section_of_endpoint(endpoint: &str) -> &'static str {
    match endpoint {
        "/authorize" | "/consent" => "RFC 6749 §4.1.2.1",
        "/par" => "RFC 9126 §2.3",
        "/token" => "RFC 6749 §5.2",
        "/device_authorization" => "RFC 8628 §3.1",
        "/introspect" => "RFC 7662 §2.3",
        "/revoke" => "RFC 7009 §2.2.1",
        "/logout" => "OpenID Connect RP-Initiated Logout 1.0 §4",
        _ => "",
    }
}

/// How a redirect URI differs from a registered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A slash at the end.
    TrailingSlash,
    /// Capital letters.
    Case,
    /// `http` and `https`.
    Scheme,
    /// Another host.
    Host,
    /// Another port.
    Port,
    /// Another path.
    Path,
    /// Another query.
    Query,
    /// Blanks at an end.
    Blanks,
    /// Percent-encoded once more than it should be.
    EncodedTwice,
    /// More than one of these, or no URI at all.
    Several,
}

impl Difference {
    /// In words, after "they differ in".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TrailingSlash => "the slash at the end",
            Self::Case => "capital letters",
            Self::Scheme => "the scheme (http or https)",
            Self::Host => "the host",
            Self::Port => "the port",
            Self::Path => "the path",
            Self::Query => "the query",
            Self::Blanks => "blanks at an end",
            Self::EncodedTwice => "the encoding (one is percent-encoded twice)",
            Self::Several => "more than one place",
        }
    }

    fn between(one: &str, other: &str) -> Self {
        if one != other && one.trim() == other.trim() {
            return Self::Blanks;
        }
        if percent_decode_str(other).decode_utf8().is_ok_and(|decoded| decoded == one) {
            return Self::EncodedTwice;
        }
        if one.trim_end_matches('/') == other.trim_end_matches('/') {
            return Self::TrailingSlash;
        }
        if one.eq_ignore_ascii_case(other) {
            return Self::Case;
        }
        let (Ok(one), Ok(other)) = (Url::parse(one), Url::parse(other)) else { return Self::Several };
        let mut found = [
            (one.scheme() != other.scheme(), Self::Scheme),
            (one.host_str() != other.host_str(), Self::Host),
            (one.port() != other.port(), Self::Port),
            (one.path() != other.path(), Self::Path),
            (one.query() != other.query(), Self::Query),
        ]
        .into_iter()
        .filter_map(|(differs, difference)| differs.then_some(difference));
        match (found.next(), found.next()) {
            (Some(only), None) => only,
            _ => Self::Several,
        }
    }
}

/// The registered URI that is most like the one that was received, and how the two differ; none if nothing is registered.
#[must_use]
pub fn nearest<'a>(registered: &'a [String], received: &str) -> Option<(&'a str, Difference)> {
    let likeness = |known: &&String| normalized_levenshtein(known, received);
    let nearest = registered.iter().rev().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    Some((nearest, Difference::between(nearest, received)))
}

/// May a redirect URI that was received be registered with one click? It must be fit to be registered at all, and on a
/// host that the client has already: whoever made somebody look at this failure could have sent any other.
#[must_use]
pub fn is_safe_to_register(registered: &[String], received: &str) -> bool {
    let host = |uri: &str| {
        Url::parse(uri).ok().and_then(|url| Some((url.scheme().to_owned(), url.host_str()?.to_owned())))
    };
    let known =
        |known: &String| host(known).is_some_and(|host_of_known| Some(host_of_known) == host(received));
    received.len() < LONGEST
        && check_for_registration(received).is_ok()
        && !registered.iter().any(|known| matches(known, received))
        && registered.iter().any(known)
}

/// Somebody who takes part in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The person's browser.
    Browser,
    /// The application.
    Application,
    /// This server.
    Server,
}

/// How far a step came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Done,
    /// It was refused.
    Failed,
    /// The flow did not come this far.
    NotReached,
    /// Nothing tells whether it was taken.
    NotKnown,
}

/// A step of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowStep {
    /// Whose step.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// What it is.
    pub what: &'static str,
    /// How far it came.
    pub outcome: Outcome,
}

/// RFC 6749 §4.1: the code flow.
const CODE_FLOW: [(Party, Party, &str); 6] = [
    (Party::Application, Party::Browser, "sends the browser to sign in"),
    (Party::Browser, Party::Server, "authorization request"),
    (Party::Server, Party::Browser, "asks who it is, and for consent"),
    (Party::Server, Party::Browser, "sends a code back"),
    (Party::Browser, Party::Application, "delivers the code"),
    (Party::Application, Party::Server, "token request with the code"),
];

/// RFC 8628 §1: the device flow.
const DEVICE_FLOW: [(Party, Party, &str); 6] = [
    (Party::Application, Party::Server, "device authorization request"),
    (Party::Server, Party::Application, "gives the device a code to show"),
    (Party::Browser, Party::Server, "types the code, on another device"),
    (Party::Server, Party::Browser, "asks who it is, and for consent"),
    (Party::Application, Party::Server, "token request with the device code"),
    (Party::Server, Party::Application, "answers with tokens"),
];

/// A flow up to the step that failed. Of those before it, `is_known` says which are known to have been gone.
fn until(
    flow: [(Party, Party, &'static str); 6],
    failed: usize,
    is_known: impl Fn(usize) -> bool,
) -> Vec<FlowStep> {
    let steps = flow.into_iter().enumerate().map(|(number, (from, to, what))| {
        let outcome = match number.cmp(&failed) {
            std::cmp::Ordering::Less if is_known(number) => Outcome::Done,
            std::cmp::Ordering::Less => Outcome::NotKnown,
            std::cmp::Ordering::Equal => Outcome::Failed,
            std::cmp::Ordering::Greater => Outcome::NotReached,
        };
        FlowStep { from, to, what, outcome }
    });
    steps.collect()
}

/// How far a device came, by the error that it was told of at the token endpoint.
fn device_flow(endpoint: &str, error: &str, cause: &str) -> Vec<FlowStep> {
    let denied = error == ErrorCode::AccessDenied.as_str();
    // Its own code shows that it asked for one. Whether somebody typed it, only what they said or did tells.
    let is_by_code = denied
        || error == ErrorCode::ExpiredToken.as_str()
        || error == ErrorCode::InvalidGrant.as_str() && cause != DeviceError::Unknown.to_string();
    let decided = denied
        || is_by_code
            && error == ErrorCode::InvalidGrant.as_str()
            && cause != DeviceError::OtherClient.to_string();
    let failed = match endpoint {
        "/device_authorization" => 0,
        _ if denied => 3,
        _ => 4,
    };
    until(DEVICE_FLOW, failed, |number| decided || number < 2 && is_by_code)
}

/// The flow that a failed request belongs to, and where in it the failure is, by its error and cause.
#[must_use]
pub fn flow(endpoint: &str, grant_type: Option<&str>, error: &str, cause: &str) -> Vec<FlowStep> {
    // Whoever sends a code of this server's came by the steps before. Of others, and of who was not let in with it, nobody knows.
    let is_by_code = error == ErrorCode::InvalidGrant.as_str() && cause != CodeError::Unknown.to_string();
    let code_flow_until = |failed| until(CODE_FLOW, failed, |_| endpoint != "/token" || is_by_code);
    let one =
        |what| vec![FlowStep { from: Party::Application, to: Party::Server, what, outcome: Outcome::Failed }];
    match (endpoint, grant_type) {
        ("/consent", _) => code_flow_until(2),
        ("/authorize", _) if error == ErrorCode::UnmetAuthenticationRequirements.as_str() => {
            code_flow_until(2)
        }
        ("/authorize", _) => code_flow_until(1),
        // RFC 9126 §1: what is pushed comes before all that.
        ("/par", _) => {
            let reached = code_flow_until(0);
            let rest = reached.into_iter().map(|step| FlowStep { outcome: Outcome::NotReached, ..step });
            one("pushes its authorization request").into_iter().chain(rest).collect()
        }
        ("/token", Some(name)) if name == GrantType::AuthorizationCode.as_str() => code_flow_until(5),
        ("/device_authorization", _) => device_flow(endpoint, error, cause),
        ("/token", Some(name)) if name == GrantType::DeviceCode.as_str() => {
            device_flow(endpoint, error, cause)
        }
        ("/token", Some(name)) if name == GrantType::RefreshToken.as_str() => {
            one("token request with a refresh token")
        }
        ("/token", _) => one("token request"),
        ("/introspect", _) => one("introspection request"),
        ("/revoke", _) => one("revocation request"),
        _ => one("request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_holds_no_secret() {
        let pairs = [
            ("client_id", "web"),
            ("redirect_uri", "https://app.example/cb\r\n"),
            ("state", "s3cret"),
            ("code", "s3cret"),
            ("client_secret", "s3cret"),
            ("login_hint", "ada@example.com"),
            ("password", "s3cret"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let kept = of_interest(&Params::from_pairs(pairs.to_vec()));
        let kept: Vec<(&str, &str)> =
            kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("client_id", "web"),
            // Not made to look like another one.
            ("redirect_uri", "https://app.example/cb\u{fffd}\u{fffd}"),
            ("state", "(sent)"),
            ("code", "(sent)"),
            ("client_secret", "(sent)"),
            ("login_hint", "(sent)"),
        ];
        assert_eq!(kept, expected);
        let long = vec![("scope".to_owned(), "x".repeat(5000))];
        assert_eq!(of_interest(&Params::from_pairs(long))[0].1.len(), LONGEST);
    }

    #[test]
    fn the_nearest_redirect_uri_and_what_is_different_about_it() {
        let registered = ["https://app.example/callback", "https://staging.app.example/callback?x=1"];
        let registered = registered.map(str::to_owned);
        for (received, near, difference) in [
            ("https://app.example/callback/", 0, Difference::TrailingSlash),
            ("http://app.example/callback", 0, Difference::Scheme),
            ("https://app.example:8443/callback", 0, Difference::Port),
            ("https://app.example/Callback", 0, Difference::Case),
            ("https://app.example/callbacks", 0, Difference::Path),
            ("https://app.example/callback?x=1", 0, Difference::Query),
            ("https://www.app.example/callback", 0, Difference::Host),
            ("https://staging.app.example/callback?x=2", 1, Difference::Query),
            ("http://127.0.0.1/callback", 0, Difference::Several),
            (" https://app.example/callback", 0, Difference::Blanks),
            ("https%3A%2F%2Fapp.example%2Fcallback", 0, Difference::EncodedTwice),
            ("myapp://callback", 0, Difference::Several),
            ("", 0, Difference::Several),
        ] {
            assert_eq!(
                nearest(&registered, received),
                Some((&registered[near][..], difference)),
                "{received}"
            );
        }
        assert_eq!(nearest(&[], "https://app.example/"), None);
    }

    #[test]
    fn only_an_address_of_the_applications_own_host_is_registered_by_a_click() {
        let registered = ["https://app.example/callback".to_owned(), "http://localhost:3000/cb".to_owned()];
        for (received, safe) in [
            ("https://app.example/callback/", true),
            ("https://app.example:8443/callback", true),
            ("http://localhost:4000/cb", true),
            ("https://app.example/callback", false),
            ("http://app.example/callback", false),
            ("https://evil.example/callback", false),
            ("https://app.example.evil.example/callback", false),
            ("https://app.example@evil.example/callback", false),
            ("https://app.example/callback#x", false),
            ("https://app.example/*", false),
            ("https://localhost/cb", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_safe_to_register(&registered, received), safe, "{received}");
        }
        let long = format!("https://app.example/{}", "x".repeat(LONGEST));
        assert!(!is_safe_to_register(&registered, &long), "it may have been cut");
    }

    #[test]
    fn rfc8628_1_the_failure_of_a_device_is_where_its_flow_ended() {
        use Outcome::{Done, Failed, NotKnown, NotReached};
        let grant_type = Some(GrantType::DeviceCode.as_str());
        let used = DeviceError::Used.to_string();
        let unknown = DeviceError::Unknown.to_string();
        let others = DeviceError::OtherClient.to_string();
        for (endpoint, grant_type, error, cause, expected) in [
            (
                "/device_authorization",
                None,
                "invalid_scope",
                "",
                [Failed, NotReached, NotReached, NotReached, NotReached],
            ),
            ("/token", grant_type, "access_denied", "", [Done, Done, Done, Failed, NotReached]),
            ("/token", grant_type, "expired_token", "", [Done, Done, NotKnown, NotKnown, Failed]),
            ("/token", grant_type, "invalid_grant", &used, [Done, Done, Done, Done, Failed]),
            ("/token", grant_type, "invalid_grant", &others, [Done, Done, NotKnown, NotKnown, Failed]),
            (
                "/token",
                grant_type,
                "invalid_grant",
                &unknown,
                [NotKnown, NotKnown, NotKnown, NotKnown, Failed],
            ),
            ("/token", grant_type, "invalid_client", "", [NotKnown, NotKnown, NotKnown, NotKnown, Failed]),
        ] {
            let flow = flow(endpoint, grant_type, error, cause);
            let outcomes: Vec<Outcome> = flow.iter().map(|step| step.outcome).collect();
            assert_eq!(outcomes[..5], expected, "{endpoint} {error} {cause}");
            assert_eq!(outcomes[5], NotReached);
        }
    }

    #[test]
    fn the_failure_is_where_the_flow_ended() {
        let code = Some("authorization_code");
        for (endpoint, grant_type, error, cause, steps, failed, before) in [
            ("/authorize", None, "invalid_request", "", 6, 1, Outcome::Done),
            ("/authorize", None, "unmet_authentication_requirements", "", 6, 2, Outcome::Done),
            ("/consent", None, "access_denied", "", 6, 2, Outcome::Done),
            ("/par", None, "invalid_request", "", 7, 0, Outcome::Done),
            ("/token", code, "invalid_grant", "the code has expired", 6, 5, Outcome::Done),
            ("/token", code, "invalid_grant", &CodeError::Unknown.to_string(), 6, 5, Outcome::NotKnown),
            ("/token", code, "invalid_client", "the client is disabled", 6, 5, Outcome::NotKnown),
            ("/token", Some("refresh_token"), "invalid_grant", "", 1, 0, Outcome::Done),
            ("/token", None, "invalid_client", "", 1, 0, Outcome::Done),
            ("/logout", None, "invalid_request", "", 1, 0, Outcome::Done),
        ] {
            let flow = flow(endpoint, grant_type, error, cause);
            assert_eq!(flow.len(), steps, "{endpoint}");
            for (number, step) in flow.iter().enumerate() {
                assert_eq!(step.outcome == Outcome::Failed, number == failed, "{endpoint}");
                assert_eq!(step.outcome == before, number < failed, "{endpoint} {cause}");
            }
        }
    }
}
