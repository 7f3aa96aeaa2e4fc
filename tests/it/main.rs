//! All integration tests in one binary: endpoints in this process, on real databases.
#![expect(clippy::indexing_slicing, reason = "a test may fail by panicking")]

mod code_flow;
mod command_line;
mod edge;
mod serve;
mod support;
