//! The rules: pure functions that cite their section. No async, no IO, no clock, no randomness, and no knowledge of
//! HTTP or SQL.

pub mod client;
pub mod code;
pub mod grant;
pub mod ids;
pub mod pkce;
pub mod redirect_uri;
pub mod refresh;
pub mod scope;
pub mod session;
pub mod timestamp;
pub mod user;

#[cfg(test)]
pub(crate) mod samples;
