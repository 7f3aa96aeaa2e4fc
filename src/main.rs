//! The `countersign` program: everything is in the library.

/// Small pieces come and go with every request, and this allocator hands them out quickest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    countersign::cli::run()
}
