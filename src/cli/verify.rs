//! `chatelaine verify`: is every row readable and every file body what its name says?

use super::admin::command::{Command, Reply};
use super::config::Place;
use super::{Exit, Failure, admin, say, server_key};

/// Which data folder.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: chatelaine verify --data ./data

Works while the server runs and while it does not. Ends with code 0 if everything is in order, else with 8
and one line for each finding on standard output.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

/// Verifies and prints what came of it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let verified = admin::once(&args.place, Command::Verify)?;
    // A running server has the key in memory and would not miss it before its next start.
    if server_key::read(&args.place.data)?.is_none() {
        return Err(server_key::missing(&args.place.data));
    }
    match verified {
        Reply::Verified { said, troubles } if !troubles.is_empty() => {
            for trouble in troubles {
                say(&format!("{trouble}\n"))?;
            }
            Err(Failure::new(Exit::Damaged, said))
        }
        Reply::Verified { said, .. } | Reply::Said(said) => say(&format!("{said}\n")),
        Reply::Link { .. } | Reply::Table(_) => {
            Err(Failure::failed("the running server gave another answer than asked for"))
        }
    }
}
