//! How the program ends: exit codes, and the one line that says why.
//!
//! Scripts depend on the numbers; `docs/commands.md` lists them and a test compares.

use std::fmt;
use std::process::ExitCode;

/// Why the program ended, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command could not be done.
    Failed,
    /// The command line could not be understood.
    Usage,
    /// A setting or the settings file is wrong.
    Settings,
    /// The address cannot be listened on.
    Address,
    /// The data folder cannot be used.
    Folder,
    /// Another process has the data folder open.
    Locked,
    /// The data were written by a newer program or another engine, or are sealed with another key.
    Foreign,
    /// The data are damaged.
    Damaged,
    /// The certificate files cannot be used.
    Certificate,
    /// The running server had to give up.
    Broken,
    /// This computer is not bound, or no longer.
    Unbound,
    /// The server cannot be reached, or is not the one it should be.
    Server,
    /// A certificate of a machine does not hold.
    Proof,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Exit; 13] = [
        Exit::Failed,
        Exit::Usage,
        Exit::Settings,
        Exit::Address,
        Exit::Folder,
        Exit::Locked,
        Exit::Foreign,
        Exit::Damaged,
        Exit::Certificate,
        Exit::Broken,
        Exit::Unbound,
        Exit::Server,
        Exit::Proof,
    ];

    /// The number the shell sees.
    pub const fn number(self) -> u8 {
        match self {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Settings => 3,
            Exit::Address => 4,
            Exit::Folder => 5,
            Exit::Locked => 6,
            Exit::Foreign => 7,
            Exit::Damaged => 8,
            Exit::Certificate => 9,
            Exit::Broken => 10,
            Exit::Unbound => 11,
            Exit::Server => 12,
            Exit::Proof => 13,
        }
    }

    /// What the number means, for the help and the documentation.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Failed => "the command could not be done; the line on standard error says why",
            Exit::Usage => "the command line could not be understood",
            Exit::Settings => "a setting or the settings file is wrong",
            Exit::Address => "the address cannot be listened on",
            Exit::Folder => "the data folder cannot be used (not there, not writable, disk full)",
            Exit::Locked => "another process has the data folder open",
            Exit::Foreign => {
                "the data were written by a newer version or another engine, or their key is another one or missing"
            }
            Exit::Damaged => "the data are damaged",
            Exit::Certificate => "the certificate files cannot be used",
            Exit::Broken => "the running server had to give up, for instance because the disk failed",
            Exit::Unbound => "this computer is not bound, or no longer: released, replaced, handed over or banned",
            Exit::Server => {
                "the server cannot be reached, its certificate is not trusted, or its keys are not those it had"
            }
            Exit::Proof => {
                "a certificate of a machine does not hold: changed, expired, revoked, of another computer, or the clock was set back"
            }
        }
    }
}

/// A command that ended badly: a code, and one line (settings: one line for each flaw).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code the process ends with.
    pub exit: Exit,
    /// What went wrong and what to do about it.
    pub line: String,
}

impl Failure {
    /// A failure with a line.
    pub fn new(exit: Exit, line: impl Into<String>) -> Failure {
        Failure { exit, line: line.into() }
    }

    /// A command that could not be done.
    pub fn failed(line: impl Into<String>) -> Failure {
        Failure::new(Exit::Failed, line)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::failed(error.to_string())
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> ExitCode {
        ExitCode::from(failure.exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_commands_lists_every_exit_code() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md")).unwrap();
        let listed =
            page.lines().skip_while(|line| *line != "## Exit codes").filter(|line| line.starts_with("| ")).skip(2);
        let expected = Exit::ALL.map(|exit| format!("| {} | {} |", exit.number(), exit.meaning()));
        assert_eq!(listed.collect::<Vec<_>>(), expected);
    }
}
