//! The rules: pure functions that cite their section. No async, no IO, no clock, no randomness, and no knowledge of
//! HTTP or SQL.

pub mod access_token;
pub mod assurance;
pub mod audit;
pub mod audit_chain;
pub mod authorize;
pub mod claims;
pub mod claims_request;
pub mod client;
pub mod client_assertion;
pub mod client_auth;
pub mod code;
pub mod colour;
pub mod diagnosis;
pub mod discovery;
pub mod error;
pub mod forward_auth;
pub mod grant;
pub mod group;
pub mod ids;
pub mod introspection;
pub mod issuer;
pub mod jwa;
pub mod linking;
pub mod logout;
pub mod logout_token;
pub mod media_type;
pub mod merge_patch;
pub mod params;
pub mod password_strength;
pub mod pkce;
pub mod powers;
pub mod profile;
pub mod prompt;
pub mod recovery;
pub mod redirect_uri;
pub mod refresh;
pub mod registration;
pub mod request_object;
pub mod response_type;
pub mod scope;
pub mod secret;
pub mod session;
pub mod session_state;
pub mod sign_in;
pub mod standard_claims;
pub mod subject;
pub mod timestamp;
pub mod upstream;
pub mod user;
pub mod webfinger;
pub mod wire;

#[cfg(test)]
pub(crate) mod samples;
