//! What an admin command asks for at the terminal, and how it reads its arguments.

use std::io::{self, BufRead, IsTerminal, Read};

use chatelaine_core::secrets::Secret;

use super::super::Failure;
use super::command::Password;
use crate::config::units;

const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Where a password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Asked for twice at the terminal.
    Terminal,
    /// The first line of standard input.
    Stdin,
}

impl Source {
    /// What the flag `--stdin` says.
    pub fn of(stdin: bool) -> Source {
        if stdin { Source::Stdin } else { Source::Terminal }
    }
}

/// Gets a password.
pub fn password(source: Source) -> Result<Password, Failure> {
    match source {
        Source::Stdin => {
            let mut line = String::new();
            io::stdin().lock().take(PASSWORD_BYTES_MAX).read_line(&mut line)?;
            Ok(Password(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned())))
        }
        Source::Terminal if !io::stdin().is_terminal() => Err(Failure::failed(
            "there is no terminal to ask for the password at: add --stdin and write it to standard input",
        )),
        Source::Terminal => {
            let first = Secret::new(rpassword::prompt_password("New password: ")?);
            let again = Secret::new(rpassword::prompt_password("Once more: ")?);
            if first.reveal() == again.reveal() {
                Ok(Password(first))
            } else {
                Err(Failure::failed("the two passwords differ; nothing was changed"))
            }
        }
    }
}

/// Reads a time like `7d` as seconds.
pub fn seconds(text: &str) -> Result<u64, String> {
    let span = units::span(text).filter(|span| span.as_secs() > 0);
    span.map(|span| span.as_secs()).ok_or_else(|| "a time like 30m, 2h or 7d is needed".to_owned())
}

/// Reads `KEY=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a setting and a value are needed, like accounts.sign_up=invite")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}
