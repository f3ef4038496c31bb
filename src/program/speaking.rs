//! Speaking to whoever started the program: answers on standard output, the reason of a failure on standard error.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use crate::{Exit, Failure};

/// Writes a command's answer to standard output. A reader that left early is no failure.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// What strangers wrote, so that nothing in it can steer the terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The end of the program of this name: a failure is told on one line.
pub fn ended(program: &str, done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{program}: {failure}");
            failure.into()
        }
    }
}

/// The end of a program whose command line was not understood, or only asked for help.
pub fn unread(error: &clap::Error) -> ExitCode {
    // Help and version are "errors" for clap; a closed pipe is nobody's concern.
    let _printed = error.print();
    if error.use_stderr() { ExitCode::from(Exit::Usage.number()) } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\r\nc\u{9b}d"), "a?[31mb??c?d");
    }
}
