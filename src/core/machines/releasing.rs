//! Releasing a machine: its code is free again, what was told about it is forgotten, and the machine stays as history. Owners
//! wait between releases and have so many a year, or one computer would be passed round; who manages machines does not wait.

use chatelaine_store::{Order, Read, Text};

use super::history::{self, Happened};
use super::machine::{self, Machine, MachineCode, MachineRow, MachineState, Released, ReleasedBy};
use super::notices::{self, NewNotice, NoticeKind};
use super::room_alerts::{self, Told, Topic};
use super::terms::Terms;
use super::{
    allowances, bans, certificates, checks, find, fingerprint, heartbeats, marks, setup, slots, tokens, transfer,
};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Who};
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::schema::{
    FACTS_BY_MACHINE, ID_BY_MACHINE_CODE, MACHINE_BY_ID, MACHINES_BY_ACCOUNT, RELEASES_BY_ACCOUNT, SETUP_BY_MACHINE,
};
use crate::server_roles::{self, ServerPermission};
use crate::settings::Machines;
use crate::{Core, Tx};

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

impl Release {
    /// As its owner, as our own settings have it.
    pub const fn own(settings: &Machines) -> Self {
        let Terms { cooldown_days, per_year } = Terms::of(settings);
        Release::Own { cooldown_days, per_year }
    }

    fn reason(&self) -> Result<String> {
        match self {
            Release::Own { .. } => Ok(String::new()),
            Release::Managed { reason } => machine::check_reason(reason),
        }
    }
}

/// Releases a machine, so that its code can be bound again. As owner it fails with `NotFound(Machine)` for any but one's own,
/// and with `TooFast` before the time has come. As manager it fails with `Denied` without the permission to manage machines or
/// for the machine of somebody who has more rights, and with `NotFound(Machine)`. Both fail with `Refused(MachineBanned)`, and with
/// `Refused(MachineMarked)` while a mark in force names the machine. The account hears of it.
pub fn release(core: &Core, caller: &Caller, code: &MachineCode, how: Release) -> Result<Machine> {
    let (now, caller_again, code) = (core.now(), caller.clone(), code.clone());
    let reason = how.reason()?;
    core.write(caller, move |tx| {
        let (id, row, by) = match &how {
            Release::Own { .. } => {
                let (id, row) = own(tx, &caller_again, &code)?;
                (id, row, ReleasedBy::Owner)
            }
            Release::Managed { .. } => managed(tx, &caller_again, &code)?,
        };
        let released = Released { at: now, by, reason: reason.clone() };
        release_within(tx, now, (&caller_again, &how), (id, row), released)
    })
}

/// As [`release`], of a machine by its number.
pub fn release_by_number(core: &Core, caller: &Caller, id: MachineId, how: Release) -> Result<Machine> {
    let (now, caller_again, reason) = (core.now(), caller.clone(), how.reason()?);
    core.write(caller, move |tx| {
        let (row, by) = match &how {
            Release::Own { .. } => (machine::own_bound(tx, &caller_again, id)?, ReleasedBy::Owner),
            Release::Managed { .. } => managed_by_number(tx, &caller_again, id)?,
        };
        let released = Released { at: now, by, reason: reason.clone() };
        release_within(tx, now, (&caller_again, &how), (id, row), released)
    })
}

fn release_within(
    tx: &mut Tx<'_>,
    now: Stamp,
    (caller, how): (&Caller, &Release),
    (id, row): (MachineId, MachineRow),
    released: Released,
) -> Result<Machine> {
    require_movable(tx, now, &row)?;
    if let Release::Own { cooldown_days, per_year } = *how {
        Terms { cooldown_days, per_year }.require_time(tx, now, &row)?;
    }
    let row = MachineRow { state: MachineState::Released(released), ..row };
    free(tx, now, caller, (id, &row), Parting::Released)?;
    Ok(Machine::of(id, row, Vec::new()))
}

fn own(r: &impl Read, caller: &Caller, code: &MachineCode) -> Result<(MachineId, MachineRow)> {
    let account = caller.require_account()?;
    let found = machine::find(r, code)?.filter(|(_, row)| row.account == account);
    found.ok_or(Error::NotFound(Thing::Machine))
}

fn managed(r: &impl Read, caller: &Caller, code: &MachineCode) -> Result<(MachineId, MachineRow, ReleasedBy)> {
    server_roles::reach(r, caller, ServerPermission::ManageMachines)?;
    let (id, row) = machine::find(r, code)?.ok_or(Error::NotFound(Thing::Machine))?;
    let by = require_managed(r, caller, &row)?;
    Ok((id, row, by))
}

/// A bound machine by its number, for who manages machines and may no less than its owner. Fails with `Denied(..)` and
/// `NotFound(Machine)`.
pub(super) fn managed_by_number(r: &impl Read, caller: &Caller, id: MachineId) -> Result<(MachineRow, ReleasedBy)> {
    server_roles::reach(r, caller, ServerPermission::ManageMachines)?;
    let row = MACHINE_BY_ID.get(r, &id)?.filter(MachineRow::is_bound).ok_or(Error::NotFound(Thing::Machine))?;
    let by = require_managed(r, caller, &row)?;
    Ok((row, by))
}

fn require_managed(r: &impl Read, caller: &Caller, row: &MachineRow) -> Result<ReleasedBy> {
    server_roles::require_over(r, caller, ServerPermission::ManageMachines, row.account)?;
    Ok(match caller.who {
        Who::Account(account) => ReleasedBy::Manager(account),
        Who::Operator | Who::System | Who::Anonymous => ReleasedBy::Operator,
    })
}

/// Passes for a machine that may change hands. Fails with `Refused(MachineBanned)` and `Refused(MachineMarked)`.
pub(super) fn require_movable(r: &impl Read, now: Stamp, row: &MachineRow) -> Result<()> {
    if row.state == MachineState::Banned {
        return Err(Error::Refused(Reason::MachineBanned));
    }
    require_unmarked(r, now, row)
}

fn require_unmarked(r: &impl Read, now: Stamp, row: &MachineRow) -> Result<()> {
    if marks::names(r, row.account, &row.code, now)? { Err(Error::Refused(Reason::MachineMarked)) } else { Ok(()) }
}

/// How a machine leaves its account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parting {
    /// Its code is free.
    Released,
    /// Another account has it from now on.
    Transferred {
        /// Which.
        to: AccountId,
    },
    /// Another machine takes its place.
    Replaced {
        /// Which.
        by: MachineId,
    },
}

impl Parting {
    const fn words(self) -> (Verb, Happened, NoticeKind) {
        match self {
            Parting::Released => (Verb::MachineReleased, Happened::Released, NoticeKind::Released),
            Parting::Transferred { to } => {
                (Verb::MachineTransferred, Happened::TransferredTo { account: to }, NoticeKind::Transferred { to })
            }
            Parting::Replaced { by } => {
                (Verb::MachineReplaced, Happened::ReplacedBy { machine: by }, NoticeKind::Replaced { by })
            }
        }
    }

    /// What rooms hear.
    const fn told(self) -> &'static str {
        match self {
            Parting::Released => "released",
            Parting::Transferred { .. } => "handed to another account",
            Parting::Replaced { .. } => "replaced by another machine",
        }
    }

    fn detail(self, account: AccountId) -> String {
        match self {
            Parting::Released => format!("account {account}"),
            Parting::Transferred { to } => format!("account {account} to account {to}"),
            Parting::Replaced { by } => format!("account {account} by machine {by}"),
        }
    }
}

/// Ends the binding of a machine whose row says so already: its code is free, what was told about it is forgotten, everybody hears.
pub(super) fn free(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (id, row): (MachineId, &MachineRow),
    how: Parting,
) -> Result<()> {
    let (account, (verb, happened, kind)) = (row.account, how.words());
    room_alerts::tell(tx, now, Topic::Binding, Told { machine: id, what: how.told() })?;
    MACHINE_BY_ID.put(tx, &id, row)?;
    ID_BY_MACHINE_CODE.remove(tx, &Text(row.code.folded()))?;
    FACTS_BY_MACHINE.remove(tx, &id)?;
    MACHINES_BY_ACCOUNT.remove(tx, &(account, id))?;
    RELEASES_BY_ACCOUNT.put(tx, &(account, now, id), &())?;
    part(tx, account, id)?;
    setup::blank(tx, id)?;
    history::note(tx, now, id, happened)?;
    notices::tell(tx, now, NewNotice { machine: id, account, kind })?;
    audit::record(tx, now, caller, verb, &format!("machine {id}"), &how.detail(account))?;
    event_log::record(tx, now, Audience::account(account), What::MachineReleased { account, machine: id })?;
    Ok(())
}

/// What every machine loses that is no longer bound: its slot, what was measured of it, its signs of life, the offer of it. Its
/// token opens nothing any more but what the server has to say to it.
pub(super) fn part(tx: &mut Tx<'_>, account: AccountId, id: MachineId) -> Result<()> {
    slots::free(tx, account, id)?;
    heartbeats::forget(tx, id)?;
    transfer::end(tx, id)?;
    fingerprint::forget(tx, id)
}

/// Takes away all that is known of a machine of an account that goes away.
fn erase(tx: &mut Tx<'_>, account: AccountId, id: MachineId) -> Result<()> {
    part(tx, account, id)?;
    tokens::end(tx, id)?;
    if let Some(row) = MACHINE_BY_ID.get(tx, &id)? {
        find::forget(tx, id, &row.code)?;
    }
    bans::blank(tx, id)?;
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
    touched += transfer::forget_some(tx, account, most)?;
    Ok(touched + checks::forget_some(tx, account, most)? + marks::forget_some(tx, account, most)?)
}
