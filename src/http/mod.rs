//! One file per endpoint; `routes.rs` says which.

pub mod request_info;
