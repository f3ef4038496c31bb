//! The two doors to the agent: the command `chatelaine machine` of the whole program, and `chatelaine-machine`, which is the agent
//! alone and builds for other operating systems too. Behind them is the same code; they differ in how they call themselves.

use std::process::ExitCode;

use chatelaine_program::{ended, unread};
use clap::{Args as _, FromArgMatches};

use super::{Args, EXAMPLES, run};

const EXIT_CODES: &str = "
Exit codes: 0 done, 1 failed, 2 wrong usage, 5 state folder, 6 state in use, 7 newer state, 8 damaged state,
9 certificate files, 11 not bound, 12 server not reached, 13 certificate of a machine does not hold.";

/// By which program the agent is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// By the whole program, which is a server too.
    Whole,
    /// By the agent alone.
    Alone,
}

impl Door {
    /// What the program is called.
    pub const fn program(self) -> &'static str {
        match self {
            Door::Whole => "chatelaine",
            Door::Alone => "chatelaine-machine",
        }
    }

    /// What people write before a subcommand.
    pub const fn command(self) -> &'static str {
        match self {
            Door::Whole => "chatelaine machine",
            Door::Alone => "chatelaine-machine",
        }
    }
}

fn line() -> clap::Command {
    let examples = EXAMPLES.replace(Door::Whole.command(), Door::Alone.command());
    Args::augment_args(clap::Command::new(Door::Alone.program()))
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .about("Binds this computer to an account at a server, keeps its heartbeat, proves it without a network")
        .after_help(examples + "\n" + EXIT_CODES)
}

/// Runs the command line of a process that is the agent alone.
pub fn main() -> ExitCode {
    let read = line().try_get_matches_from(std::env::args_os()).and_then(|found| Args::from_arg_matches(&found));
    match read {
        Ok(args) => ended(Door::Alone.program(), run(args, Door::Alone)),
        Err(error) => unread(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_calls_itself_by_its_own_name() {
        let mut line = line();
        line.clone().debug_assert();
        let help = line.render_long_help().to_string();
        assert!(help.contains("chatelaine-machine register") && !help.contains("chatelaine machine"), "{help}");
    }
}
