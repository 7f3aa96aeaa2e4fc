//! `session_state`: what a client keeps in order to notice that the browser's session has changed (OpenID Connect
//! Session Management 1.0 §2 and §3.2). `static/check_session.js` computes the same in the browser.

use super::ids::ClientId;
use super::secret::sha256_hex;

/// §3.2: "a salted cryptographic hash of Client ID, origin URL, and OP User Agent state". `origin` is that of the address
/// that the answer goes to; `browser_state` what the frame reads in the cookie, empty where nobody is signed in; `salt` is
/// random text without spaces or dots.
#[must_use]
pub fn session_state(client_id: &ClientId, origin: &str, browser_state: &str, salt: &str) -> String {
    format!("{}.{salt}", sha256_hex(&format!("{client_id} {origin} {browser_state} {salt}")))
}

#[cfg(test)]
mod tests {
    use super::session_state;

    #[test]
    fn session_management_3_2_a_salted_hash_that_differs_by_client_origin_and_state() {
        let of = |client: &str, origin, state, salt| session_state(&client.into(), origin, state, salt);
        // printf 'app https://app.example state salt' | sha256sum
        let expected = "4ca2b64cfe67e32414996d650625a011af070db696c62b72e0061ed618dabbbf.salt";
        let state = of("app", "https://app.example", "state", "salt");
        assert_eq!(state, expected);
        assert!(!state.contains(' '), "§2: MUST NOT contain the space character");
        for other in [
            of("other", "https://app.example", "state", "salt"),
            of("app", "https://other.example", "state", "salt"),
            of("app", "https://app.example", "", "salt"),
            of("app", "https://app.example", "state", "pepper"),
        ] {
            assert_ne!(state, other);
        }
    }
}
