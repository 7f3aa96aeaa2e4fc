//! Parse arguments, build the application, serve.
fn main() {}
