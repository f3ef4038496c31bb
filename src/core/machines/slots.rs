//! Slots: each active machine holds one, of its account and of the account's role on the server. Counting, checking and taking are
//! parts of the caller's transaction, so that of any number at once as many succeed as may.

use chatelaine_store::Read;

use super::alerts::{self, Alert, AlertKind};
use super::allowances::{self, Most, Tolerance};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Result, Thing};
use crate::ids::{AccountId, MachineId, ServerRoleId};
use crate::limits::MACHINES_PER_ACCOUNT_MAX;
use crate::schema::{ALLOWANCE_BY_ROLE, SLOTS_BY_ACCOUNT, SLOTS_COUNT_BY_ROLE};
use crate::{Tx, accounts};

/// Whether a slot was taken beyond a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overage {
    /// It was not.
    None,
    /// It was, and that is tolerated.
    Tolerated,
}

/// Takes a slot for a machine; one that holds its slot keeps it. Fails with `OverLimit(Machines)` when the account has no room,
/// and with `OverLimit(GroupMachines)` when the accounts with its role have none together.
pub(super) fn take(tx: &mut Tx<'_>, account: AccountId, machine: MachineId, most: Most) -> Result<Overage> {
    if SLOTS_BY_ACCOUNT.has(tx, &(account, machine))? {
        return Ok(Overage::None);
    }
    let role = role_of(tx, account)?;
    let of_role = match role {
        Some(role) => ALLOWANCE_BY_ROLE.get(tx, &role)?,
        None => None,
    };
    let each = allowances::in_force(tx, account, of_role, most)?;
    let ours = room(held(tx, account)?, each.most, each.tolerance).ok_or(Error::OverLimit(Limit::Machines))?;
    let mut of_group = Overage::None;
    if let Some(role) = role {
        let held = held_by_role(tx, role)?;
        if let Some(group) = of_role {
            of_group = room(held, group.total, group.tolerance).ok_or(Error::OverLimit(Limit::GroupMachines))?;
        }
        SLOTS_COUNT_BY_ROLE.put(tx, &role, &held.saturating_add(1))?;
    }
    SLOTS_BY_ACCOUNT.put(tx, &(account, machine), &())?;
    Ok(if ours == Overage::Tolerated { ours } else { of_group })
}

/// Whether one more fits; none when it does not.
fn room(held: u64, most: Option<u32>, tolerance: Tolerance) -> Option<Overage> {
    let Some(most) = most.map(u64::from) else { return Some(Overage::None) };
    if held < most {
        return Some(Overage::None);
    }
    tolerance.stretched(most).is_none_or(|most| held < most).then_some(Overage::Tolerated)
}

/// As [`take`], and lets those know who look after machines when a limit was passed.
pub(super) fn take_and_tell(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (account, machine): (AccountId, MachineId),
    most: Most,
) -> Result<()> {
    if take(tx, account, machine, most)? == Overage::None {
        return Ok(());
    }
    let (target, detail) = (format!("machine {machine}"), format!("account {account}"));
    audit::record(tx, now, caller, Verb::MachineOverLimit, &target, &detail)?;
    alerts::raise(tx, now, Alert { kind: AlertKind::Overage, machine: Some(machine), account, other: None })
}

/// Gives the slot of a machine back; nothing changes when it holds none.
pub(super) fn free(tx: &mut Tx<'_>, account: AccountId, machine: MachineId) -> Result<()> {
    if !SLOTS_BY_ACCOUNT.has(tx, &(account, machine))? {
        return Ok(());
    }
    SLOTS_BY_ACCOUNT.remove(tx, &(account, machine))?;
    match role_of(tx, account)? {
        Some(role) => move_count(tx, role, Change::Less(1)),
        None => Ok(()),
    }
}

/// Gives the slot of one machine to another of the same account; nothing changes when it holds none.
pub(super) fn hand_on(tx: &mut Tx<'_>, account: AccountId, from: MachineId, to: MachineId) -> Result<()> {
    if !SLOTS_BY_ACCOUNT.has(tx, &(account, from))? {
        return Ok(());
    }
    SLOTS_BY_ACCOUNT.remove(tx, &(account, from))?;
    Ok(SLOTS_BY_ACCOUNT.put(tx, &(account, to), &())?)
}

/// How many machines of an account hold a slot.
pub(super) fn held(r: &impl Read, account: AccountId) -> Result<u64> {
    let held = SLOTS_BY_ACCOUNT.count(r, &account, MACHINES_PER_ACCOUNT_MAX)?;
    Ok(u64::try_from(held).unwrap_or(u64::MAX))
}

/// How many machines of all accounts with a role hold a slot.
pub(super) fn held_by_role(r: &impl Read, role: ServerRoleId) -> Result<u64> {
    Ok(SLOTS_COUNT_BY_ROLE.get(r, &role)?.unwrap_or(0))
}

/// The role of an account; none also for accounts that are not there.
pub(super) fn role_of(r: &impl Read, account: AccountId) -> Result<Option<ServerRoleId>> {
    match accounts::get(r, account) {
        Ok(account) => Ok(account.server_role),
        Err(Error::NotFound(Thing::Account)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Counts the slots of an account where its role now is. Nobody loses a machine by it, whatever the new role allows.
pub(crate) fn role_changed(
    tx: &mut Tx<'_>,
    account: AccountId,
    from: Option<ServerRoleId>,
    to: Option<ServerRoleId>,
) -> Result<()> {
    let held = held(tx, account)?;
    if from == to || held == 0 {
        return Ok(());
    }
    if let Some(role) = from {
        move_count(tx, role, Change::Less(held))?;
    }
    to.map_or(Ok(()), |role| move_count(tx, role, Change::More(held)))
}

/// In which direction a count moves.
enum Change {
    More(u64),
    Less(u64),
}

fn move_count(tx: &mut Tx<'_>, role: ServerRoleId, change: Change) -> Result<()> {
    let held = held_by_role(tx, role)?;
    match change {
        Change::More(more) => SLOTS_COUNT_BY_ROLE.put(tx, &role, &held.saturating_add(more))?,
        Change::Less(less) if less >= held => SLOTS_COUNT_BY_ROLE.remove(tx, &role)?,
        Change::Less(less) => SLOTS_COUNT_BY_ROLE.put(tx, &role, &held.saturating_sub(less))?,
    }
    Ok(())
}
