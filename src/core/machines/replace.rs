//! Replacing a machine: an old computer goes and a new one of the same account comes in its place, in one transaction. The new one
//! takes the slot of the old one over, so that nobody else can take it in between, whatever the limit is by now. For its owner it
//! counts as a release; who manages machines does not wait.

use super::drift::Rules;
use super::enroll::{self, Desk, Enrolled, Enrolment};
use super::history::{self, Happened};
use super::machine::{self, MachineRow, MachineState, Released, ReleasedBy};
use super::releasing::{self, Parting};
use super::slots;
use super::terms::Terms;
use crate::caller::Caller;
use crate::error::Result;
use crate::ids::MachineId;
use crate::schema::MACHINES;
use crate::{Core, Tx};

/// Puts a new machine in the place of one of the caller's own. Fails with `NotFound(Machine)`, `Refused(MachineBanned)`,
/// `Refused(MachineMarked)`, `TooFast` before one might release the old one, `Exists(Machine)` when the new one is a machine that
/// the account has, and for all else as [`super::enroll::enroll`] does.
pub fn replace(core: &Core, caller: &Caller, old: MachineId, new: Enrolment) -> Result<Enrolled> {
    let new = enroll::checked(new)?;
    let (now, settings, caller_again) = (core.now(), core.settings(), caller.clone());
    let rules = Rules::of(&settings.machines);
    let account = caller.require_account()?;
    core.write(caller, move |tx| {
        let row = machine::own_bound(tx, &caller_again, old)?;
        releasing::require_movable(tx, now, &row)?;
        Terms::of(&settings.machines).require_time(tx, now, &row)?;
        let desk = Desk { now, caller: &caller_again, account, rules: &rules };
        swap(tx, &desk, (old, row, ReleasedBy::Owner), &new)
    })?
}

/// Puts a new machine in the place of somebody's at once; it is the same owner's. Needs the permission to manage machines and no
/// fewer rights than the owner has. Fails with `Denied(..)`, and as [`replace`] does but for the time.
pub fn replace_other(core: &Core, caller: &Caller, old: MachineId, new: Enrolment) -> Result<Enrolled> {
    let new = enroll::checked(new)?;
    let (now, caller_again, rules) = (core.now(), caller.clone(), Rules::of(&core.settings().machines));
    core.write(caller, move |tx| {
        let (row, by) = releasing::managed_by_number(tx, &caller_again, old)?;
        releasing::require_movable(tx, now, &row)?;
        let desk = Desk { now, caller: &caller_again, account: row.account, rules: &rules };
        swap(tx, &desk, (old, row, by), &new)
    })?
}

/// The inner failure is one whose alert or count shall hold.
fn swap(
    tx: &mut Tx<'_>,
    desk: &Desk<'_>,
    (old, row, by): (MachineId, MachineRow, ReleasedBy),
    new: &Enrolment,
) -> Result<Result<Enrolled>> {
    if let Err(refused) = enroll::require_new(tx, desk, new)? {
        return Ok(Err(refused));
    }
    let id = MachineId::new(tx.count_up(&MACHINES)?);
    slots::hand_on(tx, row.account, old, id)?;
    let released = Released { at: desk.now, by, reason: String::new() };
    let row = MachineRow { state: MachineState::Released(released), ..row };
    releasing::free(tx, desk.now, desk.caller, (old, &row), Parting::Replaced { by: id })?;
    let enrolled = enroll::bind_new(tx, desk, new, id)?;
    history::note(tx, desk.now, id, Happened::Replaces { machine: old })?;
    Ok(Ok(enrolled))
}
