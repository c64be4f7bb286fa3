//! The program; everything is in the library.

/// Half a million small nodes and texts are made in parallel; the allocator of some C libraries serialises that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    billhook::cli::run(std::env::args_os())
}
