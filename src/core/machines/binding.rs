//! Binding a machine to an account, and who has which. Whether the code is free, whether the caller may, whether there is room
//! and the write are one transaction: of any number who bind at once, as many succeed as may.

use chatelaine_store::{Order, Read, Text};

use super::allowances::Most;
use super::bans::{self, Met};
use super::drift::Rules;
use super::enroll::{self, Desk};
use super::fingerprint::{self, Components};
use super::history::{self, Happened};
use super::machine::{self, Fact, Facts, Machine, MachineCode, MachineRow, MachineState};
use super::room_alerts::{self, Told, Topic};
use super::setup::Setup;
use super::{find, slots};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Who};
use crate::clock::Stamp;
use crate::error::{Error, Limit, Reason, Result, Right, Thing, Unique};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::limits::MACHINES_PER_ACCOUNT_MAX;
use crate::schema::{
    FACTS_BY_MACHINE, ID_BY_MACHINE_CODE, MACHINE_BY_ID, MACHINES, MACHINES_BY_ACCOUNT, RELEASES_BY_ACCOUNT,
    SETUP_BY_MACHINE,
};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// A machine to be bound.
#[derive(Clone, Debug)]
pub struct NewMachine {
    /// To whose account.
    pub account: AccountId,
    /// Its code.
    pub code: MachineCode,
    /// What its client tells about it, in its order.
    pub facts: Vec<Fact>,
    /// Of what it consists, as its client tells; none where nobody could tell.
    pub shown: Option<Components>,
    /// What holds where the wish was made.
    pub terms: BindTerms,
}

/// What holds for those who bind machines; each protocol has its own settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindTerms {
    /// How many active machines an account may have for which nothing else was set; 0 is as many as the server can keep.
    pub most: u32,
    /// What somebody who has not signed in may do.
    pub stranger: Stranger,
}

/// What somebody who has not signed in may bind to an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stranger {
    /// Any machine.
    Allow,
    /// The first machine that the account ever has.
    FirstOnly,
    /// None.
    Deny,
}

/// Binds a machine to an account. An account may for itself; who manages machines for those with no more rights than their own;
/// who has not signed in as the terms say. Fails, in this order, with `Denied(OtherAccount)`, `Refused(StrangersMayNot)`,
/// `NotFound(Account)` (also for a closed one), `Refused(MachineBanned)` as the rules say, `Exists(Machine)` when it is bound to this
/// account, `Taken(MachineCode)` when to another, `OverLimit(..)`, and with the reasons of the rules `Twin` and `Fingerprint` where
/// components are shown. The account hears of it.
///
/// What is shown is judged whoever shows it, and kept when the owner does who has signed in: if others could have it kept, they could
/// claim a computer for an account before its owner comes.
pub fn bind(core: &Core, caller: &Caller, new: NewMachine) -> Result<Machine> {
    Fact::check_all(&new.facts)?;
    let (now, caller_again) = (core.now(), caller.clone());
    let rules = Rules::of(&core.settings().machines);
    core.write(caller, move |tx| bind_within(tx, now, &caller_again, (&new, &rules)))?
}

/// As [`bind`]. The inner failure is one whose alert shall hold: the transaction goes on to commit, and has written nothing else.
pub(super) fn bind_within(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (new, rules): (&NewMachine, &Rules),
) -> Result<Result<Machine>> {
    require_may_bind(tx, caller, new)?;
    let nothing = Components::default();
    let shown = new.shown.as_ref().unwrap_or(&nothing);
    let met = bans::meet(tx, now, new.account, (Some(&new.code), shown), rules)?;
    if let Met::Refused(refused) = met {
        return Ok(Err(refused));
    }
    match (require_free(tx, new).and_then(|()| require_room(tx, new.account)), met) {
        (Err(refused), Met::Tolerated) => return Ok(Err(refused)),
        (refused, _) => refused?,
    }
    if new.shown.is_some() {
        let desk = Desk { now, caller, account: new.account, rules };
        if let Err(refused) = enroll::admit_by_code(tx, &desk, shown)? {
            return Ok(Err(refused));
        }
    }
    put(tx, now, caller, (new, shown)).map(Ok)
}

fn require_may_bind(r: &impl Read, caller: &Caller, new: &NewMachine) -> Result<()> {
    let account = new.account;
    let is_stranger = match caller.who {
        Who::Operator | Who::System => false,
        Who::Account(own) if own == account => false,
        Who::Account(_) => {
            // One refusal whether or not there is such an account, so that numbers cannot be tried.
            match server_roles::require_over(r, caller, ServerPermission::ManageMachines, account) {
                Err(Error::Denied(_)) => return Err(Error::Denied(Right::OtherAccount)),
                other => other?,
            }
            false
        }
        Who::Anonymous => true,
    };
    let refused = Err(Error::Refused(Reason::StrangersMayNot));
    if is_stranger && new.terms.stranger == Stranger::Deny {
        return refused;
    }
    machine::require_account(r, account)?;
    if is_stranger && new.terms.stranger == Stranger::FirstOnly && had_any(r, account)? {
        return refused;
    }
    Ok(())
}

/// Whether the account has a machine, or had one.
fn had_any(r: &impl Read, account: AccountId) -> Result<bool> {
    let has = MACHINES_BY_ACCOUNT.first(r, &account)?.is_some();
    Ok(has || RELEASES_BY_ACCOUNT.first(r, &account)?.is_some())
}

fn require_free(r: &impl Read, new: &NewMachine) -> Result<()> {
    match holder(r, &new.code)? {
        None => Ok(()),
        Some(holder) if holder == new.account => Err(Error::Exists(Thing::Machine)),
        Some(_) => Err(Error::Taken(Unique::MachineCode)),
    }
}

/// Passes while the account has fewer machines, active or not, than the server keeps.
pub(super) fn require_room(r: &impl Read, account: AccountId) -> Result<()> {
    let most = MACHINES_PER_ACCOUNT_MAX;
    if MACHINES_BY_ACCOUNT.count(r, &account, most)? >= most { Err(Error::OverLimit(Limit::Machines)) } else { Ok(()) }
}

fn put(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (new, shown): (&NewMachine, &Components)) -> Result<Machine> {
    let (id, account) = (MachineId::new(tx.count_up(&MACHINES)?), new.account);
    let row = MachineRow { account, code: new.code.clone(), bound_at: now, state: MachineState::Active };
    put_rows(tx, id, &row, &Facts(new.facts.clone()))?;
    SETUP_BY_MACHINE.put(tx, &id, &Setup { via: caller.dialect, ..Setup::default() })?;
    slots::take_and_tell(tx, now, caller, (account, id), Most::strict(new.terms.most))?;
    if !shown.is_empty() && caller.account_id() == Some(account) {
        fingerprint::keep(tx, now, id, shown, None)?;
    }
    tell(tx, now, caller, (account, id))?;
    Ok(Machine::of(id, row, new.facts.clone()))
}

/// The rows by which a bound machine is found.
pub(super) fn put_rows(tx: &mut Tx<'_>, id: MachineId, row: &MachineRow, facts: &Facts) -> Result<()> {
    MACHINE_BY_ID.put(tx, &id, row)?;
    FACTS_BY_MACHINE.put(tx, &id, facts)?;
    ID_BY_MACHINE_CODE.put(tx, &Text(row.code.folded()), &id)?;
    find::index(tx, id, &row.code)?;
    Ok(MACHINES_BY_ACCOUNT.put(tx, &(row.account, id), &())?)
}

/// Notes that a machine was bound, for everybody who is told.
pub(super) fn tell(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (account, id): (AccountId, MachineId)) -> Result<()> {
    history::note(tx, now, id, Happened::Bound)?;
    room_alerts::tell(tx, now, Topic::Binding, Told { machine: id, what: "bound" })?;
    audit::record(tx, now, caller, Verb::MachineBound, &format!("machine {id}"), &format!("account {account}"))?;
    event_log::record(tx, now, Audience::account(account), What::MachineBound { account, machine: id })?;
    Ok(())
}

/// Whose the machine of a code is, if it is bound; for protocols that tell whether one is.
pub fn holder(r: &impl Read, code: &MachineCode) -> Result<Option<AccountId>> {
    Ok(machine::find(r, code)?.map(|(_, row)| row.account))
}

/// All machines bound to an account, newest first; for protocols that have no pages.
pub fn list_of(r: &impl Read, account: AccountId) -> Result<Vec<Machine>> {
    let keys = MACHINES_BY_ACCOUNT.keys(r, &account, None, Order::Descending, MACHINES_PER_ACCOUNT_MAX)?;
    whole(r, keys.into_iter().map(|(_, id)| id).collect())
}

fn whole(r: &impl Read, ids: Vec<MachineId>) -> Result<Vec<Machine>> {
    // One that was released between two reads is no longer among those that are bound.
    let found = ids.into_iter().map(|id| machine::find_whole(r, id));
    let is_bound = |found: &Machine| !matches!(found.state, MachineState::Released(_));
    found.filter_map(|found| found.map(|machine| machine.filter(is_bound)).transpose()).collect()
}
