//! Ways to prove who one is.

pub mod password;
pub mod throttle;
