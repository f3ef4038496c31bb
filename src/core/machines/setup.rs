//! How a machine is set up by its owner: what it is called, and whether it must show a sign of life now and then.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::history::{self, Happened};
use super::machine::{self, Machine};
use super::watching;
use crate::caller::{Caller, Dialect};
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::MachineId;
use crate::limits::MACHINE_NAME_CHARS_MAX;
use crate::schema::SETUP_BY_MACHINE;
use crate::{Core, Tx};

/// How a machine is set up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// What its owner calls it; empty where nobody said.
    pub name: String,
    /// The seconds within which it must show a sign of life; none: it need not.
    pub watch: Option<u32>,
    /// In which tongue it was bound.
    pub via: Dialect,
}

impl Row for Setup {}

impl Default for Setup {
    /// What holds for machines that were bound when only one tongue could.
    fn default() -> Self {
        Self { name: String::new(), watch: None, via: Dialect::Aegisspeed }
    }
}

/// Whether a machine must show a sign of life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// It must, as often as the settings say.
    On,
    /// It need not.
    Off,
}

/// What of a machine's setup changes; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SetupChange {
    /// Another name.
    pub name: Option<String>,
    /// Whether it must show a sign of life.
    pub watch: Option<Watch>,
}

/// How a machine is set up.
pub fn of(r: &impl Read, machine: MachineId) -> Result<Setup> {
    Ok(SETUP_BY_MACHINE.get(r, &machine)?.unwrap_or_default())
}

/// Changes the setup of a machine of one's own that is bound. Fails with `Invalid(MachineName, ..)` and `NotFound(Machine)`.
pub fn change(core: &Core, caller: &Caller, id: MachineId, change: SetupChange) -> Result<Machine> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let (now, caller_again, every_s) = (core.now(), caller.clone(), core.settings().machines.heartbeat_s);
    core.write(caller, move |tx| {
        let row = machine::own_bound(tx, &caller_again, id)?;
        let old = of(tx, id)?;
        let mut new = old.clone();
        if let Some(name) = &name {
            new.name.clone_from(name);
        }
        if let Some(watch) = change.watch {
            new.watch = watched(watch, every_s);
        }
        SETUP_BY_MACHINE.put(tx, &id, &new)?;
        if new.watch != old.watch {
            watching::wait_from(tx, now, id)?;
        }
        if new.name != old.name {
            history::note(tx, now, id, Happened::Renamed)?;
        }
        Ok(Machine::of(id, row, machine::facts_of(tx, id)?))
    })
}

/// What is kept of a wish to be watched.
pub(super) const fn watched(watch: Watch, every_s: u32) -> Option<u32> {
    match watch {
        Watch::On => Some(every_s),
        Watch::Off => None,
    }
}

/// A name, trimmed. Fails with `Invalid(MachineName, ..)`.
pub(super) fn check_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > MACHINE_NAME_CHARS_MAX {
        return Err(Error::Invalid(Field::MachineName, Flaw::TooLong));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::Invalid(Field::MachineName, Flaw::Malformed));
    }
    Ok(text.to_owned())
}

/// Forgets what a machine was called; in which tongue it was bound stays with its history.
pub(super) fn blank(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    let via = of(tx, machine)?.via;
    Ok(SETUP_BY_MACHINE.put(tx, &machine, &Setup { via, ..Setup::default() })?)
}
