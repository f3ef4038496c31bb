//! Whether a bound machine is active: it stops being so without a sign of life, and comes back with one if there is room.

use super::allowances::Most;
use super::history::{self, Happened};
use super::machine::{MachineRow, MachineState};
use super::slots;
use crate::Tx;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::MachineId;
use crate::schema::MACHINE_BY_ID;

/// Makes an active machine inactive: its slot is free, it stays bound. Gives the row as it is then; every other state stays.
pub fn deactivate(tx: &mut Tx<'_>, now: Stamp, id: MachineId, row: MachineRow) -> Result<MachineRow> {
    if row.state != MachineState::Active {
        return Ok(row);
    }
    let row = MachineRow { state: MachineState::Inactive(now), ..row };
    slots::free(tx, row.account, id)?;
    MACHINE_BY_ID.put(tx, &id, &row)?;
    history::note(tx, now, id, Happened::Inactive)?;
    Ok(row)
}

/// Makes an inactive machine active again. Gives the row as it is then; every other state stays. Fails with `OverLimit(..)` when
/// there is no room for it.
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
    history::note(tx, now, id, Happened::Revived)?;
    Ok(row)
}
