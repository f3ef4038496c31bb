//! What happened to a machine, for who looks at it: a bounded list, oldest entries make room. It names numbers only.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::machine;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::{AccountId, MachineId};
use crate::limits::MACHINE_HISTORY_MAX;
use crate::page::{Ask, Page};
use crate::schema::HISTORY_BY_MACHINE;
use crate::{Core, Tx};

/// What happened. Kinds are only ever added at the end, because rows hold their number.
#[expect(missing_docs, reason = "the text of each kind says what its fields are")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Happened {
    /// It was bound.
    Bound,
    /// Its components changed, and so much was there again.
    Drifted { percent: u8 },
    /// It showed no sign of life in time.
    Inactive,
    /// It showed one again.
    Revived,
    /// It was released.
    Released,
    /// It was banned.
    Banned,
    /// Its ban was lifted.
    Unbanned,
    /// Another account took it over.
    TransferredTo { account: AccountId },
    /// It came from another account.
    TransferredFrom { account: AccountId },
    /// Another machine took its place.
    ReplacedBy { machine: MachineId },
    /// It took the place of another machine.
    Replaces { machine: MachineId },
    /// A certificate was issued for it.
    Certified { serial: u64 },
    /// It is called otherwise.
    Renamed,
    /// It was bound by its components or its code once more, and got another token.
    Recognised { percent: u8 },
}

impl Happened {
    /// Its name on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Happened::Bound => "bound",
            Happened::Drifted { .. } => "drifted",
            Happened::Inactive => "inactive",
            Happened::Revived => "revived",
            Happened::Released => "released",
            Happened::Banned => "banned",
            Happened::Unbanned => "unbanned",
            Happened::TransferredTo { .. } => "transferred_to",
            Happened::TransferredFrom { .. } => "transferred_from",
            Happened::ReplacedBy { .. } => "replaced_by",
            Happened::Replaces { .. } => "replaces",
            Happened::Certified { .. } => "certified",
            Happened::Renamed => "renamed",
            Happened::Recognised { .. } => "recognised",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct History {
    /// When.
    pub at: Stamp,
    /// What.
    pub what: Happened,
}

impl Row for History {}

/// An entry and its number among those of the machine.
pub type Entry = (u64, History);

/// Notes that something happened to a machine.
pub(super) fn note(tx: &mut Tx<'_>, now: Stamp, machine: MachineId, what: Happened) -> Result<()> {
    let number = HISTORY_BY_MACHINE.last(tx, &machine)?.map_or(1, |((_, last), _)| last.saturating_add(1));
    HISTORY_BY_MACHINE.put(tx, &(machine, number), &History { at: now, what })?;
    if let Some(old) = number.checked_sub(MACHINE_HISTORY_MAX) {
        HISTORY_BY_MACHINE.remove(tx, &(machine, old))?;
    }
    Ok(())
}

/// What happened to a machine, newest first. For its owner, also after its release, and for who manages machines. Fails with
/// `NotFound(Machine)` for everybody else.
pub fn list(core: &Core, caller: &Caller, machine: MachineId, ask: Ask<u64>) -> Result<Page<Entry, u64>> {
    core.read(|view| {
        machine::require_seen(view, caller, machine)?;
        page(view, machine, ask)
    })
}

fn page(r: &impl Read, machine: MachineId, ask: Ask<u64>) -> Result<Page<Entry, u64>> {
    let (wanted, after) = (ask.items(), ask.after.map(|number| (machine, number)));
    let rows = HISTORY_BY_MACHINE.list(r, &machine, after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
    let rows = rows.into_iter().map(|((_, number), row)| (number, row)).collect();
    Ok(Page::of(rows, wanted, |(number, _)| *number))
}

/// Forgets what happened to a machine that goes away for good.
pub(super) fn forget(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    let most = usize::try_from(MACHINE_HISTORY_MAX).unwrap_or(usize::MAX);
    HISTORY_BY_MACHINE.remove_all(tx, &machine, most)?;
    Ok(())
}
