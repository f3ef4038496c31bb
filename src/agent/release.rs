//! Letting go of this computer: asks, then releases. The server may want it to wait, and says until when.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use http::Method;
use serde_json::{Value, json};

use super::state::Ended;
use super::{Exit, Failure, Here, now, plain, server_of, wait};

/// Whether to ask.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Release without asking.
    #[arg(long)]
    yes: bool,
}

/// Releases this computer.
pub fn run(here: &Here, args: &Args) -> Result<(), Failure> {
    let state = here.place.read()?;
    let binding = state.bound(here.door)?;
    if !args.yes {
        confirm(&binding.name, &binding.server)?;
    }
    let server = server_of(binding)?;
    wait(async {
        let _released: Value = server.ask(Method::POST, "/machine/release", Some(&binding.token.0), None).await?;
        Ok(())
    })?;
    let at = now();
    here.place.change(|state| {
        if let Some(binding) = &mut state.binding {
            binding.ended = Some(Ended { why: "released".to_owned(), at });
        }
    })?;
    let text = format!("This computer is released; machine {} at {} is history.", binding.machine, binding.server);
    here.tell(&text, &json!({ "released": binding.machine, "server": binding.server, "at": at }))
}

fn confirm(name: &str, server: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "there is no terminal to ask at: add --yes"));
    }
    eprint!("Release this computer, \"{}\", at {}? [y/N] ", plain(name), plain(server));
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().take(16).read_line(&mut line)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::failed("nothing was released")),
    }
}
