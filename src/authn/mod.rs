//! Ways to prove who one is.

pub mod password;
pub mod sign_in;
pub mod throttle;
