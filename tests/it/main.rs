//! All integration tests in one binary: endpoints in this process, on real databases.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod account;
mod admin_api;
mod admin_pages;
mod cli;
mod code_flow;
mod command_line;
mod demo;
mod edge;
mod outage;
mod processes;
mod races;
mod relying_party;
mod serve;
mod store_conformance;
mod support;
