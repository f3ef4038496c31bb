//! `chatelaine keys`: the keys by which the server signs certificates, notices, answers and heads of the audit trail.

use super::admin::command::Command;
use super::config::Place;
use super::{Failure, admin};

/// What to do with the keys, of which data folder.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine keys list                which keys there are and until when they are trusted
  chatelaine keys rotate              let a fresh key sign; the old one stays trusted until its certificates are over
  chatelaine keys rotate --distrust   the same, and nothing that the old one signed is good any more

Works while the server runs and while it does not. Clients take the public halves from
/.well-known/chatelaine-keys.json; the secret half never leaves the store.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// List the keys, newest first.
    List,
    /// Let a fresh key sign from now on.
    Rotate {
        /// Trust the old key no longer: for when somebody may have copied the store and server.key.
        #[arg(long)]
        distrust: bool,
    },
}

/// Lists or rotates.
pub fn run(args: &Args) -> Result<(), Failure> {
    let command = match args.what {
        What::List => Command::Keys,
        What::Rotate { distrust } => Command::KeyRotate { distrust },
    };
    let reply = admin::once(&args.place, command)?;
    super::say(&admin::printed(&reply, args.json))
}
