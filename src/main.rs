//! The `countersign` program: everything is in the library.

/// Small pieces come and go with every request; this allocator hands them out quickly and gives back what lies idle.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    countersign::cli::run()
}
