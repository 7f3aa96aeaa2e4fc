//! All integration tests in one binary: endpoints in this process, on real databases.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod access;
mod account;
mod account_data;
mod account_profile;
mod admin_api;
mod admin_pages;
mod architecture;
mod as_code;
mod audit;
mod audit_chain;
mod authorize;
mod back_channel_logout;
mod branding;
mod check_session;
mod claims;
mod cli;
mod client_assertions;
mod code_flow;
mod coherence;
mod command_line;
mod consent;
mod cors;
mod crashes;
mod delegation;
mod demo;
mod devices;
mod directory;
mod doctor;
mod edge;
mod email_code;
mod failures;
mod forward_auth;
mod front_channel_logout;
mod geoip;
mod groups;
mod import;
mod interleavings;
mod introspect;
mod invitations;
mod keys;
mod languages;
mod logout;
mod mail;
mod matrix;
mod methods;
mod notices;
mod operations;
mod outage;
mod outgoing;
mod overview;
mod par;
mod passkeys;
mod plans;
mod processes;
mod providers;
mod races;
mod recovery;
mod register;
mod relying_party;
mod request_objects;
mod required_password;
mod response_types;
mod revoke;
mod routes;
mod scopes;
mod second_factor;
mod secrets;
mod serve;
mod setup;
mod sign_in;
mod sign_up;
mod store_conformance;
mod storm;
mod support;
mod token;
mod upstream;
mod userinfo;
mod walks;
mod webhooks;
mod wizard;
