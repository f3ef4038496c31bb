//! `chatelaine completions`: completion scripts for shells.

use clap_complete::{Shell, generate};

use super::{Failure, say};

/// Which shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: chatelaine completions bash > /etc/bash_completion.d/chatelaine")]
pub struct Args {
    /// The shell that is to complete.
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args, command: &mut clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, command, "chatelaine", &mut script);
    say(&String::from_utf8_lossy(&script))
}
