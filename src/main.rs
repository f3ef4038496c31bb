//! The program: installs the allocator and the TLS provider, then hands over to the command line.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only if a provider is there already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    // The crash suite names failpoints in the environment; no shipped binary has them.
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    chatelaine::cli::main()
}
