//! Countersign: an OAuth 2 and OpenID Connect provider.

pub mod pages;
