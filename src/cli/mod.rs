//! The command line: one file per command, one place that prints failures.
//!
//! A command returns `Ok` or a [`Failure`]; only [`main`] turns that into a line on standard
//! error and an exit code.

mod address;
mod admin;
mod audit;
mod bench;
mod completions;
mod config;
mod control;
mod data_dir;
mod keys;
mod open;
mod serve;
mod server_key;
mod store;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use chatelaine_agent::Door;
use chatelaine_program::{ended, plain, qr, say, unread};
use clap::{CommandFactory, Parser, Subcommand};

pub use chatelaine_program::{Exit, Failure};

const ABOUT: &str = "The server for a place: its people, its machines and its sensors, in one binary.";

const EXAMPLES: &str = "\
Examples:
  chatelaine serve --data ./data                  start here; the first start says what to do
  chatelaine serve --set accounts.sign_up=invite  the same, with one setting changed
  chatelaine admin list --data ./data             who has an account
  chatelaine config show                          every setting and where its value came from
  chatelaine help admin                           more about one command

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 settings, 4 address in use, 5 data folder,
6 data in use, 7 newer or other data, 8 damaged data, 9 certificate files, 10 gave up,
11 not bound, 12 server not reached, 13 certificate of a machine does not hold.";

#[derive(Parser, Debug)]
#[command(name = "chatelaine", version, about = ABOUT, after_help = EXAMPLES, propagate_version = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server until it is told to stop.
    Serve(serve::Args),
    /// Look after accounts, run-time settings and invites, while the server runs or not.
    Admin(admin::Args),
    /// Verify or export the audit trail, whose rows are chained.
    Audit(audit::Args),
    /// List or rotate the keys by which the server signs.
    Keys(keys::Args),
    /// Read every row and hash every file body: is everything in order?
    Verify(verify::Args),
    /// Write all rows into one file, or make a new folder from such a file.
    Store(store::Args),
    /// Check or show settings, or print an example file.
    Config(config::Args),
    /// Bind this computer to an account at a server, keep its heartbeat, prove it without a network.
    Machine(chatelaine_agent::Args),
    /// Measure this machine: the server's hot paths beside their physical limits.
    Bench(bench::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => return unread(&error),
    };
    let done = match line.command {
        Command::Serve(args) => serve::run(&args),
        Command::Admin(args) => admin::run(args),
        Command::Audit(args) => audit::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Machine(args) => chatelaine_agent::run(args, Door::Whole),
        Command::Bench(args) => bench::run(&args).map_err(Failure::from),
        Command::Completions(args) => completions::run(&args, &mut Line::command()),
    };
    ended("chatelaine", done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }
}
