//! One file per endpoint; `routes.rs` says which. Besides, what endpoints share: cookies and sessions, forms, errors.
#![expect(
    clippy::missing_errors_doc,
    reason = "an endpoint's errors are its answers, which its specification lists"
)]

pub mod access_token;
pub mod assets;
pub mod authorize;
pub mod browser;
pub mod check_session;
pub mod client_auth;
pub mod client_keys;
pub mod client_logo;
pub mod consent;
pub mod cookie;
pub mod cors;
pub mod device;
pub mod discovery;
pub mod edge;
pub mod email_code;
pub mod error;
pub mod extract;
pub mod failures;
pub mod flow;
pub mod forward_auth;
pub mod forward_auth_sign_in;
pub mod health;
pub mod id_token;
pub mod introspect;
pub mod invitation;
pub mod jwks;
pub mod language;
pub mod link;
pub mod locale;
pub mod login;
pub mod logout;
pub mod metrics;
pub mod new_password;
pub mod page;
pub mod par;
pub mod passkey;
pub mod passkey_endpoints;
pub mod published;
pub mod recover;
pub mod recover_password;
pub mod refresh_token;
pub mod register;
pub mod registered_client;
pub mod reply;
pub mod request_info;
pub mod request_object;
pub mod revoke;
pub mod second_factor;
pub mod session;
pub mod set_up;
pub mod setup;
pub mod sign_out;
pub mod sign_up;
pub mod subject;
pub mod token;
pub mod upstream;
pub mod user_claims;
pub mod userinfo;
pub mod verify_address;
pub mod webauthn;
pub mod webfinger;
