//! Releasing a machine: its code is free again, what was told about it is forgotten, and the machine stays as history. Owners
//! wait between releases and have so many a year, or one computer would be passed round; who manages machines does not wait.

use chatelaine_store::{Order, Read, Text};

use super::history::{self, Happened};
use super::machine::{self, Machine, MachineCode, MachineRow, MachineState, Released, ReleasedBy};
use super::notices::{self, NewNotice, NoticeKind};
use super::{allowances, certificates, checks, fingerprint, marks, setup, slots, tokens};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Who};
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_RELEASES_COUNTED_MAX, MACHINE_RELEASES_WINDOW_S};
use crate::schema::{
    FACTS_BY_MACHINE, ID_BY_MACHINE_CODE, MACHINE_BY_ID, MACHINES_BY_ACCOUNT, RELEASES_BY_ACCOUNT, SETUP_BY_MACHINE,
};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

const DAY_S: u64 = 24 * 3_600;

/// As whom somebody releases a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Release {
    /// As its owner.
    Own {
        /// Days that lie between a release and the one before, and between binding and releasing a machine.
        cooldown_days: u32,
        /// Releases within 365 days; 0 is as many as one likes.
        per_year: u32,
    },
    /// As somebody who manages machines.
    Managed {
        /// Why.
        reason: String,
    },
}

/// Releases a machine, so that its code can be bound again. As owner it fails with `NotFound(Machine)` for any but one's own,
/// and with `TooFast` before the time has come. As manager it fails with `Denied` without the permission to manage machines or
/// for the machine of somebody who has more rights, and with `NotFound(Machine)`. Both fail with `Refused(MachineMarked)` while a
/// mark in force names the machine. The account hears of it.
pub fn release(core: &Core, caller: &Caller, code: &MachineCode, how: Release) -> Result<Machine> {
    let reason = match &how {
        Release::Own { .. } => String::new(),
        Release::Managed { reason } => machine::check_reason(reason)?,
    };
    let (now, caller_again, code) = (core.now(), caller.clone(), code.clone());
    core.write(caller, move |tx| {
        let (id, row, by) = match how {
            Release::Own { cooldown_days, per_year } => {
                let (id, row) = own(tx, &caller_again, &code)?;
                require_unmarked(tx, now, &row)?;
                require_time(tx, now, &row, (cooldown_days, per_year))?;
                (id, row, ReleasedBy::Owner)
            }
            Release::Managed { .. } => {
                let (id, row, by) = managed(tx, &caller_again, &code)?;
                require_unmarked(tx, now, &row)?;
                (id, row, by)
            }
        };
        let released = Released { at: now, by, reason: reason.clone() };
        let row = MachineRow { state: MachineState::Released(released), ..row };
        free(tx, now, &caller_again, (id, &row))?;
        Ok(Machine::of(id, row, Vec::new()))
    })
}

fn own(r: &impl Read, caller: &Caller, code: &MachineCode) -> Result<(MachineId, MachineRow)> {
    let account = caller.require_account()?;
    let found = machine::find(r, code)?.filter(|(_, row)| row.account == account);
    found.ok_or(Error::NotFound(Thing::Machine))
}

fn managed(r: &impl Read, caller: &Caller, code: &MachineCode) -> Result<(MachineId, MachineRow, ReleasedBy)> {
    let permission = ServerPermission::ManageMachines;
    server_roles::require(r, caller, permission)?;
    let (id, row) = machine::find(r, code)?.ok_or(Error::NotFound(Thing::Machine))?;
    server_roles::require_over(r, caller, permission, row.account)?;
    let by = match caller.who {
        Who::Account(account) => ReleasedBy::Manager(account),
        Who::Operator | Who::System | Who::Anonymous => ReleasedBy::Operator,
    };
    Ok((id, row, by))
}

fn require_unmarked(r: &impl Read, now: Stamp, row: &MachineRow) -> Result<()> {
    if marks::names(r, row.account, &row.code, now)? { Err(Error::Refused(Reason::MachineMarked)) } else { Ok(()) }
}

/// Passes when the owner's time has come; else the error says how long it takes.
fn require_time(r: &impl Read, now: Stamp, row: &MachineRow, (cooldown_days, per_year): (u32, u32)) -> Result<()> {
    let cooldown_s = u64::from(cooldown_days).saturating_mul(DAY_S);
    let earlier = own_releases(r, row.account, now.minus_seconds(cooldown_s.max(MACHINE_RELEASES_WINDOW_S)))?;
    let last = earlier.first().map_or(row.bound_at, |last| row.bound_at.max(*last));
    let mut free_at = last.plus_seconds(cooldown_s);
    // The year of the release that used the last place up must be over.
    let oldest_counted = usize::try_from(per_year).ok().and_then(|most| earlier.get(most.checked_sub(1)?));
    if let Some(counted) = oldest_counted {
        free_at = free_at.max(counted.plus_seconds(MACHINE_RELEASES_WINDOW_S));
    }
    if now < free_at {
        // Rounded up, so that who waits as long as told does not come too early.
        return Err(Error::TooFast { retry_ms: free_at.millis_since(now).saturating_add(1) });
    }
    Ok(())
}

/// When the owner released machines since this moment, newest first.
fn own_releases(r: &impl Read, account: AccountId, since: Stamp) -> Result<Vec<Stamp>> {
    let keys = RELEASES_BY_ACCOUNT.keys(r, &account, None, Order::Descending, MACHINE_RELEASES_COUNTED_MAX)?;
    let mut found = Vec::new();
    for (_, at, id) in keys.into_iter().take_while(|(_, at, _)| *at > since) {
        let is_own =
            |row: MachineRow| matches!(row.state, MachineState::Released(Released { by: ReleasedBy::Owner, .. }));
        if MACHINE_BY_ID.get(r, &id)?.is_some_and(is_own) {
            found.push(at);
        }
    }
    Ok(found)
}

fn free(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (id, row): (MachineId, &MachineRow)) -> Result<()> {
    let account = row.account;
    MACHINE_BY_ID.put(tx, &id, row)?;
    ID_BY_MACHINE_CODE.remove(tx, &Text(row.code.folded()))?;
    FACTS_BY_MACHINE.remove(tx, &id)?;
    MACHINES_BY_ACCOUNT.remove(tx, &(account, id))?;
    RELEASES_BY_ACCOUNT.put(tx, &(account, now, id), &())?;
    part(tx, account, id)?;
    setup::blank(tx, id)?;
    history::note(tx, now, id, Happened::Released)?;
    notices::tell(tx, now, NewNotice { machine: id, account, kind: NoticeKind::Released })?;
    audit::record(tx, now, caller, Verb::MachineReleased, &format!("machine {id}"), &format!("account {account}"))?;
    event_log::record(tx, now, Audience::account(account), What::MachineReleased { account, machine: id })?;
    Ok(())
}

/// What every machine loses that is no longer bound: its slot, its token, what was measured of it.
pub(super) fn part(tx: &mut Tx<'_>, account: AccountId, id: MachineId) -> Result<()> {
    slots::free(tx, account, id)?;
    tokens::end(tx, id)?;
    fingerprint::forget(tx, id)
}

/// Takes away all that is known of a machine of an account that goes away.
fn erase(tx: &mut Tx<'_>, account: AccountId, id: MachineId) -> Result<()> {
    part(tx, account, id)?;
    FACTS_BY_MACHINE.remove(tx, &id)?;
    SETUP_BY_MACHINE.remove(tx, &id)?;
    history::forget(tx, id)?;
    certificates::forget(tx, id)?;
    Ok(MACHINE_BY_ID.remove(tx, &id)?)
}

/// Takes machines of an account that goes away, and what points to a person out of its checks and marks; says how many rows
/// were touched, at most `most` of each kind. Codes are free again.
pub(crate) fn forget_some(tx: &mut Tx<'_>, account: AccountId, most: usize) -> Result<usize> {
    let mut touched = 0;
    allowances::forget(tx, account)?;
    for (_, id) in MACHINES_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most)? {
        if let Some(row) = MACHINE_BY_ID.get(tx, &id)? {
            ID_BY_MACHINE_CODE.remove(tx, &Text(row.code.folded()))?;
        }
        // Whoever still holds a certificate of it shall learn that it ended.
        let now = event_log::head(tx)?.at;
        let kind = NoticeKind::Released;
        notices::tell_of_a_removed_account(tx, now, NewNotice { machine: id, account, kind })?;
        erase(tx, account, id)?;
        MACHINES_BY_ACCOUNT.remove(tx, &(account, id))?;
        touched += 1;
    }
    for (_, at, id) in RELEASES_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most)? {
        erase(tx, account, id)?;
        RELEASES_BY_ACCOUNT.remove(tx, &(account, at, id))?;
        touched += 1;
    }
    Ok(touched + checks::forget_some(tx, account, most)? + marks::forget_some(tx, account, most)?)
}
