//! How this computer stands: which components are found, where it is bound, and what the server and the certificate say. Values of
//! components are shown only when asked for, and stay here.

use std::fmt::Write;

use http::Method;
use serde_json::{Value, json};

use super::check::{self, Verdict};
use super::components::{self, Found, Outcome};
use super::state::{Binding, State};
use super::{Failure, Here, plain, put, server_of, wait};

/// What to show.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Show the values of components too; they can point to this computer and its owner.
    #[arg(long)]
    show_values: bool,
    /// Do not ask the server.
    #[arg(long)]
    offline: bool,
}

/// What the server says.
enum Asked {
    /// It was not asked.
    Not,
    /// The machine, as it sees it.
    Machine(Value),
    /// It says nothing, or refuses.
    Trouble(String),
}

/// Shows how it stands.
pub fn run(here: &Here, args: &Args) -> Result<(), Failure> {
    let state = here.place.read()?;
    let found = components::measure();
    let asked = match &state.binding {
        Some(binding) if !args.offline && binding.ended.is_none() => ask(binding)?,
        Some(_) | None => Asked::Not,
    };
    let certificate = state.certificate.as_deref().map(|text| check::kept(&state, text, &components::counting(&found)));
    let object = json!({
        "components": found.iter().map(|found| component(found, args.show_values)).collect::<Value>(),
        "recognisable": components::counting(&found).tell_apart(),
        "binding": state.binding.as_ref().map(binding),
        "server": told(&asked),
        "last_heartbeat": state.beat.as_ref().map(|beat| json!({ "at": beat.at, "every_s": beat.every_s })),
        "certificate": certificate.as_ref().map(Verdict::json),
        "latest_time": state.latest_time,
        "state_file": here.place.file(),
    });
    let text =
        text(&state, &found, &asked, args.show_values) + &certificate.map_or(String::new(), |verdict| verdict.words());
    here.tell(&text, &object)
}

fn ask(binding: &Binding) -> Result<Asked, Failure> {
    let server = server_of(binding)?;
    wait(async {
        let machine = server.ask::<Value>(Method::GET, "/machine", Some(&binding.token.0), None).await;
        Ok(machine.map_or_else(|trouble| Asked::Trouble(trouble.words()), Asked::Machine))
    })
}

fn told(asked: &Asked) -> Value {
    match asked {
        Asked::Not => Value::Null,
        Asked::Machine(machine) => {
            json!({ "reached": true, "why": null, "state": machine["state"], "heartbeat": machine["heartbeat"], "release": machine["release"] })
        }
        Asked::Trouble(why) => {
            json!({ "reached": false, "why": why, "state": null, "heartbeat": null, "release": null })
        }
    }
}

fn component(found: &Found, show: bool) -> Value {
    let Found { kind, outcome } = found;
    let (state, why, value) = match outcome {
        Outcome::Told { value, .. } => ("found", None, Some(value)),
        Outcome::Void(value) => ("void", None, Some(value)),
        Outcome::Unreadable(why) => ("unreadable", Some(why), None),
    };
    let mut row = json!({ "kind": kind.name(), "weight": kind.weight(), "state": state, "why": why });
    if show {
        put(&mut row, "value", value.cloned());
    }
    row
}

fn binding(binding: &Binding) -> Value {
    json!({
        "server": binding.server, "machine": binding.machine, "account": binding.account, "name": binding.name,
        "registered_at": binding.registered_at, "ended": binding.ended,
    })
}

fn text(state: &State, found: &[Found], asked: &Asked, show: bool) -> String {
    let mut out = String::from("Components:\n");
    for Found { kind, outcome } in found {
        let (word, value) = match outcome {
            Outcome::Told { value, .. } => ("found".to_owned(), value.as_str()),
            Outcome::Void(value) => ("void: a placeholder, or not the hardware's own".to_owned(), value.as_str()),
            Outcome::Unreadable(why) => (why.clone(), ""),
        };
        let value = if show && !value.is_empty() { format!("  {value}") } else { String::new() };
        let _ = writeln!(out, "  {:15}{}{}", kind.name(), plain(&word), plain(&value));
    }
    if !components::counting(found).tell_apart() {
        out.push_str("These do not tell this computer from others; more may be readable as root.\n");
    }
    match &state.binding {
        None => out.push_str("Not bound from here.\n"),
        Some(Binding { server, machine, name, ended, .. }) => {
            let _ = writeln!(out, "Bound at {server} as machine {machine}, \"{}\".", plain(name));
            if let Some(ended) = ended {
                let _ = writeln!(out, "{}.", ended.failure());
            }
        }
    }
    match asked {
        Asked::Not => {}
        Asked::Machine(machine) => {
            let _ =
                writeln!(out, "The server says: {}.", plain(machine["state"].as_str().unwrap_or("something strange")));
        }
        Asked::Trouble(why) => {
            let _ = writeln!(out, "The server cannot say how it stands: {}.", plain(why));
        }
    }
    if let Some(beat) = &state.beat {
        let _ = writeln!(out, "Last heartbeat: {}, one each {} s.", beat.at, beat.every_s);
    }
    out
}
