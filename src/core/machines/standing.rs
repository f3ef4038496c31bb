//! Whether a bound machine is active: it stops being so without a sign of life, and comes back with one if there is room.

use super::allowances::Most;
use super::history::{self, Happened};
use super::machine::{MachineRow, MachineState};
use super::{slots, watching};
use crate::Tx;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{Audience, MachineTurn, What, machine_topic};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::schema::MACHINE_BY_ID;

/// Makes an active machine inactive, as the server does by itself: its slot is free, it stays bound. Gives the row as it is then;
/// every other state stays. Its owner hears of it.
pub(super) fn deactivate(tx: &mut Tx<'_>, now: Stamp, id: MachineId, row: MachineRow) -> Result<MachineRow> {
    if row.state != MachineState::Active {
        return Ok(row);
    }
    let row = MachineRow { state: MachineState::Inactive(now), ..row };
    slots::free(tx, row.account, id)?;
    MACHINE_BY_ID.put(tx, &id, &row)?;
    history::note(tx, now, id, Happened::Inactive)?;
    let (target, detail) = (format!("machine {id}"), format!("account {}", row.account));
    audit::record(tx, now, &Caller::system(), Verb::MachineInactive, &target, &detail)?;
    tell(tx, now, (id, row.account), MachineTurn::Inactive)?;
    Ok(row)
}

/// Makes an inactive machine active again; where it is watched, it is waited for from now on. Gives the row as it is then; every
/// other state stays. Fails with `OverLimit(..)` when there is no room for it. Its owner hears of it.
pub(super) fn revive(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (id, row): (MachineId, MachineRow),
    most: Most,
) -> Result<MachineRow> {
    if !matches!(row.state, MachineState::Inactive(_)) {
        return Ok(row);
    }
    slots::take_and_tell(tx, now, caller, (row.account, id), most)?;
    let row = MachineRow { state: MachineState::Active, ..row };
    MACHINE_BY_ID.put(tx, &id, &row)?;
    watching::wait_from(tx, now, id)?;
    history::note(tx, now, id, Happened::Revived)?;
    let (target, detail) = (format!("machine {id}"), format!("account {}", row.account));
    audit::record(tx, now, caller, Verb::MachineRevived, &target, &detail)?;
    tell(tx, now, (id, row.account), MachineTurn::Revived)?;
    Ok(row)
}

/// Tells the owner of a machine, and its own connections, what became of it.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    now: Stamp,
    (machine, account): (MachineId, AccountId),
    turn: MachineTurn,
) -> Result<()> {
    let told = Audience::account(account).and_nearby(vec![machine_topic(machine)]);
    event_log::record(tx, now, told, What::MachineTurned { account, machine, turn }).map(drop)
}
