//! Telling the machines of all accounts with a role that the limits of the role were changed. These can be many: the transaction of
//! the change tells the first ones and leaves a row that says how far it came; a job goes on from there, so many in one command.
//!
//! Invariant: what was told and how far it came are one transaction, and machines are walked in the order of their accounts and
//! numbers. So each machine that was bound at the change is told once of each change, whatever stops in between.

use chatelaine_store::{Order, Row};
use serde::{Deserialize, Serialize};

use super::notices::{self, NoticeKind};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, MachineId, ServerRoleId};
use crate::limits::{ROLE_NOTICES_PER_WRITE, ROLE_NOTICES_WAITING_MAX};
use crate::schema::{
    ACCOUNTS_BY_SERVER_ROLE, ALLOWANCE_BY_ACCOUNT, MACHINES, MACHINES_BY_ACCOUNT, ROLE_NOTICES, TOKEN_BY_MACHINE,
};
use crate::{Core, Tx};

/// Whom a change reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reach {
    /// Every account with the role.
    All,
    /// Those that have no allowance of their own, which comes before what the role allows each.
    WithoutOwn,
}

/// A change of which not all machines have been told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleNotice {
    role: ServerRoleId,
    reach: Reach,
    /// The last machine at the change: later ones were bound under what holds since.
    newest: MachineId,
    /// The account that was reached; those before it are done.
    account: AccountId,
    /// The last machine of it that was reached; none when it is done.
    machine: Option<MachineId>,
}

impl Row for RoleNotice {}

/// How far a walk came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walked {
    Part,
    All,
}

/// Tells the first machines of a change, and has the job tell the others. Fails with `Busy` when too many changes wait for it.
pub(super) fn begin(tx: &mut Tx<'_>, now: Stamp, role: ServerRoleId, reach: Reach) -> Result<()> {
    let newest = MachineId::new(MACHINES.last(tx)?);
    let mut told = RoleNotice { role, reach, newest, account: AccountId::new(0), machine: None };
    if walk(tx, now, &mut told)? == Walked::All {
        return Ok(());
    }
    if ROLE_NOTICES.count(tx, &(), ROLE_NOTICES_WAITING_MAX)? >= ROLE_NOTICES_WAITING_MAX {
        return Err(Error::Busy);
    }
    let last = ROLE_NOTICES.last(tx, &())?.map_or(0, |(number, _)| number);
    Ok(ROLE_NOTICES.put(tx, &last.saturating_add(1), &told)?)
}

/// Goes on with the oldest change that waits, by one bounded command; says how many changes it went on with, one or none.
pub fn go_on(core: &Core) -> Result<usize> {
    let now = core.now();
    // The common case costs the writer nothing.
    if core.read(|view| ROLE_NOTICES.first(view, &()))?.is_none() {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        let Some((number, mut told)) = ROLE_NOTICES.first(tx, &())? else { return Ok(0) };
        match walk(tx, now, &mut told)? {
            Walked::Part => ROLE_NOTICES.put(tx, &number, &told)?,
            Walked::All => ROLE_NOTICES.remove(tx, &number)?,
        }
        Ok(1)
    })
}

/// Walks on over accounts and machines, a bounded number of both together.
fn walk(tx: &mut Tx<'_>, now: Stamp, told: &mut RoleNotice) -> Result<Walked> {
    let mut left = ROLE_NOTICES_PER_WRITE;
    while left > 1 {
        let Some(account) = next_account(tx, told)? else { return Ok(Walked::All) };
        left -= 1;
        let after = told.machine.map(|machine| (account, machine));
        let machines = MACHINES_BY_ACCOUNT.keys(tx, &account, after.as_ref(), Order::Ascending, left)?;
        let is_reached = told.reach == Reach::All || !ALLOWANCE_BY_ACCOUNT.has(tx, &account)?;
        let machines: Vec<_> = machines.into_iter().map(|(_, machine)| machine).collect();
        for machine in machines.iter().filter(|machine| is_reached && **machine <= told.newest) {
            if TOKEN_BY_MACHINE.has(tx, machine)? {
                notices::tell_one(tx, now, (account, *machine), NoticeKind::LimitChanged)?;
            }
        }
        told.account = account;
        told.machine = machines.last().copied().filter(|_| machines.len() == left);
        left -= machines.len();
    }
    Ok(Walked::Part)
}

/// The account that was begun, if it has the role still, else the next one with the role.
fn next_account(tx: &mut Tx<'_>, told: &mut RoleNotice) -> Result<Option<AccountId>> {
    let at = (told.role, told.account);
    if told.machine.is_some() && ACCOUNTS_BY_SERVER_ROLE.has(tx, &at)? {
        return Ok(Some(told.account));
    }
    told.machine = None;
    let next = ACCOUNTS_BY_SERVER_ROLE.keys(tx, &told.role, Some(&at), Order::Ascending, 1)?;
    Ok(next.first().map(|(_, account)| *account))
}
