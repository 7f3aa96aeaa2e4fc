//! Countersign: an OAuth 2 and OpenID Connect provider.
//!
//! The map: [`routes`] lists every endpoint and the file it lives in. An endpoint parses a request, loads what it
//! needs from the [`store`], asks a pure rule in [`protocol`] for the decision, applies it with one statement, and
//! answers. [`jose`] signs and encrypts, [`outgoing`] is the one way out, [`logout_notices`] tells clients that a session is
//! over, [`mail`] writes to people; ARCHITECTURE.md has the rest.

pub mod account;
pub mod admin;
pub mod app;
pub mod audit_chain;
pub mod authn;
pub mod background;
pub mod branding;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod entropy;
pub mod failures;
pub mod files;
pub mod geoip;
pub mod http;
pub mod i18n;
pub mod jose;
pub mod logout_notices;
pub mod mail;
pub mod outgoing;
pub mod pages;
pub mod protocol;
pub mod routes;
pub mod sealing;
pub mod serve;
pub mod statistics;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod webhooks;
