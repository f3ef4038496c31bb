//! The agent on a computer that is bound to somebody's account at a server: `chatelaine machine`, and alone `chatelaine-machine`.
//! It needs no data folder and no server on the same computer, only a small folder of its own for what it must not forget.
//!
//! It is written for Linux, Windows and macOS; what differs between them is in `platform.rs` alone.

mod certificate;
mod check;
mod client;
mod components;
mod door;
mod heartbeat;
mod keeping;
mod live;
mod notices;
mod pace;
mod platform;
mod register;
mod release;
mod state;
mod status;
mod trust;

use std::future::Future;
use std::path::PathBuf;

use chatelaine_core::clock::{Clock, Stamp, SystemClock};
use chatelaine_program::{Exit, Failure, plain, qr, say};
use serde_json::Value;

use client::{Server, Site};
use state::{Binding, Place};

pub use door::{Door, main};

const EXAMPLES: &str = "\
Examples:
  chatelaine machine status                                    what is known of this computer
  chatelaine machine register --server https://chat.example.org --ca ca.pem
  chatelaine machine heartbeat                                 keep it bound; for a service
  chatelaine machine certificate --hours 720 --out desk.cert   proof for times without a network
  chatelaine machine certificate --check desk.cert             verify it, without a network
  chatelaine machine release                                   let go of it

Only digests of components leave this computer. The state lies in /var/lib/chatelaine-machine for root and in the
folder of the platform for others, or where --state says.";

/// What to do with the binding of this computer.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The folder that keeps the state.
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Show which components are found, whether this computer is bound, and how it stands.
    Status(status::Args),
    /// Bind this computer to your account.
    Register(register::Args),
    /// Keep the heartbeat until it is told to stop or the computer is no longer bound.
    Heartbeat(heartbeat::Args),
    /// Get a certificate, ask for one from a computer without a network, or verify one.
    Certificate(certificate::Args),
    /// Let go of this computer.
    Release(release::Args),
}

/// Does it.
pub fn run(args: Args, door: Door) -> Result<(), Failure> {
    let here = Here { place: Place::of(args.state)?, json: args.json, door };
    match args.what {
        What::Status(args) => status::run(&here, &args),
        What::Register(args) => register::run(&here, &args),
        What::Heartbeat(args) => heartbeat::run(&here, &args),
        What::Certificate(args) => certificate::run(&here, &args),
        What::Release(args) => release::run(&here, &args),
    }
}

/// What every subject needs: where the state is, and how to speak.
#[derive(Clone, Debug)]
struct Here {
    place: Place,
    json: bool,
    door: Door,
}

impl Here {
    /// Says something that is no answer, where only people look.
    fn warn(&self, text: &str) {
        eprintln!("{}: {text}", self.door.program());
    }

    /// Says one thing: a text for people, or one object on one line for scripts.
    fn tell(&self, text: &str, object: &Value) -> Result<(), Failure> {
        if self.json { say(&format!("{object}\n")) } else { say(&format!("{}\n", text.trim_end())) }
    }
}

/// The server of a binding.
fn server_of(binding: &Binding) -> Result<Server, Failure> {
    Server::new(Site::parse(&binding.server, binding.insecure_http)?, binding.ca.as_deref())
}

/// Adds a member to an object.
fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// What this computer's clock shows.
fn now() -> Stamp {
    SystemClock.now()
}

/// Runs what waits for the network.
fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
