//! Sign-out at a client's request (OpenID Connect RP-Initiated Logout §2 and §3), and the frames that tell other clients
//! (Front-Channel Logout §2 and §3).

use super::claims::IdToken;
use super::client::Client;
use super::ids::SessionId;
use super::redirect_uri::{SafeRedirect, csp_source, with_query};
use super::session::Session;

/// What a request brought, after its parts were looked up.
pub struct LogoutRequest<'a> {
    /// The hint, if it is an ID token of ours (expired or not).
    pub hint: Option<&'a IdToken>,
    /// The client that the hint or `client_id` names.
    pub client: Option<&'a Client>,
    /// `post_logout_redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// The browser's live session.
    pub session: Option<&'a Session>,
}

/// What to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct LogoutPlan {
    /// Ask first? §2: "the OP SHOULD ask the End-User whether to log out … MUST ask … if an `id_token_hint` was not
    /// provided or if the supplied ID Token does not belong to the current OP session".
    pub ask: bool,
    /// Where to send the browser afterwards.
    pub redirect: Option<SafeRedirect>,
}

/// What is wrong with a request: it is shown, never redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutError {
    /// Tampered with, or another issuer's.
    #[error("id_token_hint is not an ID token of this issuer")]
    Hint,
    /// §2: "the OP MUST verify that the Client Identifier matches the one used when issuing the ID Token".
    #[error("client_id is not the client that the id_token_hint was issued to")]
    ClientDiffers,
    /// `client_id` names nobody.
    #[error("client_id is not registered here")]
    UnknownClient,
    /// §3: "MUST NOT perform post-logout redirection if the … value … does not exactly match".
    #[error("post_logout_redirect_uri is not registered for this client")]
    RedirectNotRegistered,
}

/// Decides whether to ask, and where the browser goes afterwards.
///
/// # Errors
/// The rule that the request breaks.
pub fn plan(request: &LogoutRequest<'_>) -> Result<LogoutPlan, LogoutError> {
    let redirect = match (request.redirect_uri, request.client) {
        // Without a client there is no registration to look the address up in: nobody is redirected (§3), but the
        // user is asked all the same, and not left signed in against their will.
        (None, _) | (Some(_), None) => None,
        // §3: without a hint "MUST NOT perform post-logout redirection unless the OP has other means of confirming the
        // legitimacy": what a client registered about itself is none, or anybody could make this server redirect.
        (Some(_), Some(client)) if request.hint.is_none() && client.self_registration.is_some() => None,
        (Some(uri), Some(client)) => Some(
            SafeRedirect::after_logout(&client.metadata.post_logout_redirect_uris, uri)
                .ok_or(LogoutError::RedirectNotRegistered)?,
        ),
    };
    let ask = match (request.session, request.hint) {
        // Nobody is signed in: there is nothing to ask about.
        (None, _) => false,
        // A session has one user, whatever they are called at this client.
        (Some(session), Some(hint)) => hint.sid != session.id,
        (Some(_), None) => true,
    };
    Ok(LogoutPlan { ask, redirect })
}

/// A client that is told of a sign-out by a frame in the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutFrame {
    /// The client's name.
    pub name: String,
    /// What the frame loads.
    pub address: String,
    /// What the page's policy must allow for it.
    pub csp_source: String,
}

/// Front-Channel Logout §3: the frames of those of a session's clients that registered one. §2: the registered address,
/// whose query "MUST be retained", with `iss` and `sid`, whether or not the client asked for them.
#[must_use]
pub fn frames(clients: &[Client], issuer: &str, session: &SessionId) -> Vec<LogoutFrame> {
    clients
        .iter()
        .filter_map(|client| {
            let address = client.metadata.frontchannel_logout_uri.as_deref()?;
            Some(LogoutFrame {
                name: client.metadata.client_name.clone(),
                address: with_query(address, &[("iss", issuer), ("sid", session.as_str())]),
                csp_source: csp_source(address),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LogoutError, LogoutRequest, frames, plan};
    use crate::protocol::claims::IdToken;
    use crate::protocol::samples;
    use crate::protocol::timestamp::Timestamp;

    fn hint(sub: &str, sid: &str) -> IdToken {
        IdToken {
            iss: String::new(),
            sub: sub.into(),
            aud: "c".into(),
            exp: Timestamp(0),
            iat: Timestamp(0),
            auth_time: Timestamp(0),
            nonce: None,
            acr: String::new(),
            amr: Vec::new(),
            sid: sid.into(),
            at_hash: None,
            c_hash: None,
            s_hash: None,
            claims: serde_json::Map::new(),
        }
    }

    #[test]
    fn rp_initiated_logout_2_only_a_hint_of_this_very_session_spares_the_question() {
        let session = samples::session("s", "u", Timestamp(0));
        let ask = |hint: Option<&IdToken>| {
            plan(&LogoutRequest { hint, client: None, redirect_uri: None, session: Some(&session) })
                .unwrap()
                .ask
        };
        assert!(ask(None));
        assert!(ask(Some(&hint("u", "earlier"))));
        assert!(!ask(Some(&hint("u", "s"))));
    }

    #[test]
    fn front_channel_logout_2_the_registered_address_is_kept_and_iss_and_sid_are_added() {
        let frame = |uri: &str| {
            let mut client = samples::client("c");
            client.metadata.frontchannel_logout_uri = Some(uri.to_owned());
            frames(&[samples::client("untold"), client], "https://id.example", &"s 1".into()).remove(0)
        };
        let added = "iss=https%3A%2F%2Fid.example&sid=s+1";
        for (uri, address, source) in [
            ("https://rp.example/out", format!("https://rp.example/out?{added}"), "https://rp.example"),
            (
                "https://rp.example:8443/o%75t?a=%7e+b&a=",
                format!("https://rp.example:8443/o%75t?a=%7e+b&a=&{added}"),
                "https://rp.example:8443",
            ),
            ("http://localhost:1/?", format!("http://localhost:1/?{added}"), "http://localhost:1"),
            ("http://[::1]:1/", format!("http://[::1]:1/?{added}"), "http:"),
        ] {
            let frame = frame(uri);
            assert_eq!((frame.address, frame.csp_source.as_str()), (address, source), "{uri}");
            assert_eq!(frame.name, "Sample");
        }
        assert_eq!(frames(&[samples::client("untold")], "https://id.example", &"s".into()), []);
    }

    #[test]
    fn rp_initiated_logout_3_only_a_registered_address_is_redirected_to() {
        let client = samples::client("c");
        let to = |redirect_uri, client| {
            plan(&LogoutRequest { hint: None, client, redirect_uri: Some(redirect_uri), session: None })
        };
        let sent = to("https://app.example/out", Some(&client)).unwrap().redirect.unwrap();
        assert_eq!(sent.as_str(), "https://app.example/out");
        assert_eq!(to("https://app.example/out", None).unwrap().redirect, None);
        for other in
            ["https://app.example/out/", "https://app.example/out?x", "https://app.example/cb", "//evil"]
        {
            assert_eq!(to(other, Some(&client)), Err(LogoutError::RedirectNotRegistered), "{other}");
        }
    }
}
