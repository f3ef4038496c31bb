//! Handing a machine over to another account. Its owner offers it and the other one accepts, within some days; who manages machines
//! moves it at once. The owner's side counts as a release: the same waiting time, the same number a year. The computer gets a new
//! number with its new owner, so that the history of the old one stays his; its code and its fingerprint go along, what was told
//! about it and its token do not.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::allowances::Most;
use super::binding;
use super::fingerprint;
use super::history::{self, Happened};
use super::machine::{self, Facts, Machine, MachineCode, MachineRow, MachineState, Released, ReleasedBy};
use super::releasing::{self, Parting};
use super::setup::{self, Setup};
use super::slots;
use super::terms::Terms;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::event::{Audience, OfferTurn, What};
use crate::event_log;
use crate::friends::blocks;
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_OFFER_LIFE_S, MACHINE_OFFERS_MAX};
use crate::page::Done;
use crate::schema::{MACHINE_BY_ID, MACHINES, OFFER_BY_MACHINE, OFFERS_BY_ACCOUNT, SETUP_BY_MACHINE};
use crate::server_roles::{self, ServerPermission};
use crate::settings::Machines;
use crate::{Core, Tx};

/// That a machine was offered to somebody, as stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// By whom.
    pub from: AccountId,
    /// To whom.
    pub to: AccountId,
    /// When.
    pub at: Stamp,
}

impl Row for Offer {}

impl Offer {
    /// When it can no longer be accepted.
    pub fn lapses_at(&self) -> Stamp {
        self.at.plus_seconds(MACHINE_OFFER_LIFE_S)
    }

    /// Whether it can no longer be accepted.
    pub fn has_lapsed(&self, now: Stamp) -> bool {
        now >= self.lapses_at()
    }
}

/// An offer as whom it is made to sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// Which machine.
    pub machine: MachineId,
    /// What its owner calls it.
    pub name: String,
    /// Its code.
    pub code: MachineCode,
    /// By whom, to whom, when.
    pub offer: Offer,
}

/// Offers a machine of one's own to somebody. Fails, in this order, with `NotFound(Machine)`, `Invalid(Account, Oneself)`,
/// `NotFound(Account)`, `Refused(Blocked)`, `Refused(MachineBanned)`, `Refused(MachineMarked)`, `TooFast` before one might release
/// it, `Exists(MachineOffer)` while another offer stands, `OverLimit(Requests)` when too many wait for that one. Both hear of it.
pub fn offer(core: &Core, caller: &Caller, machine: MachineId, to: AccountId) -> Result<Offered> {
    let (now, terms, caller_again) = (core.now(), Terms::of(&core.settings().machines), caller.clone());
    core.write(caller, move |tx| {
        let row = machine::own_bound(tx, &caller_again, machine)?;
        let from = row.account;
        if to == from {
            return Err(Error::Invalid(Field::Account, Flaw::Oneself));
        }
        machine::require_account(tx, to)?;
        if blocks::is_blocked(tx, to, from)? {
            return Err(Error::Refused(Reason::Blocked));
        }
        releasing::require_movable(tx, now, &row)?;
        terms.require_time(tx, now, &row)?;
        if standing(tx, now, machine)?.is_some() {
            return Err(Error::Exists(Thing::MachineOffer));
        }
        if waiting(tx, now, to)?.len() >= MACHINE_OFFERS_MAX {
            return Err(Error::OverLimit(Limit::Requests));
        }
        end(tx, machine)?;
        let offer = Offer { from, to, at: now };
        OFFER_BY_MACHINE.put(tx, &machine, &offer)?;
        OFFERS_BY_ACCOUNT.put(tx, &(to, machine), &())?;
        tell(tx, now, (machine, offer), OfferTurn::Made)?;
        Ok(Offered { machine, name: setup::of(tx, machine)?.name, code: row.code, offer })
    })
}

/// Takes an offer back; says whether there was one. Fails with `NotFound(Machine)` for any but one's own.
pub fn withdraw(core: &Core, caller: &Caller, machine: MachineId) -> Result<Done> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        machine::own_bound(tx, &caller_again, machine)?;
        let Some(offer) = end(tx, machine)? else { return Ok(Done::AlreadySo) };
        tell(tx, now, (machine, offer), OfferTurn::Withdrawn)?;
        Ok(Done::Done)
    })
}

/// Declines an offer. Fails with `NotFound(MachineOffer)` for any but one that was made to the caller.
pub fn decline(core: &Core, caller: &Caller, machine: MachineId) -> Result<()> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let offer = to_me(tx, &caller_again, machine)?;
        end(tx, machine)?;
        tell(tx, now, (machine, offer), OfferTurn::Declined)
    })
}

/// Accepts an offer: the machine is the caller's, under the number that is given back. Fails, in this order, with
/// `NotFound(MachineOffer)` for any but one that was made to the caller, `Refused(Expired)`, `Refused(MachineBanned)`,
/// `Refused(MachineMarked)`, `TooFast` when the owner has released another machine meanwhile, `OverLimit(..)` when the caller has
/// no room. Both hear of it.
pub fn accept(core: &Core, caller: &Caller, machine: MachineId) -> Result<Machine> {
    let (now, settings, caller_again) = (core.now(), core.settings(), caller.clone());
    core.write(caller, move |tx| {
        let offer = to_me(tx, &caller_again, machine)?;
        if offer.has_lapsed(now) {
            return Err(Error::Refused(Reason::Expired));
        }
        let row = MACHINE_BY_ID.get(tx, &machine)?.filter(|row| row.is_bound() && row.account == offer.from);
        let row = row.ok_or(Error::NotFound(Thing::MachineOffer))?;
        releasing::require_movable(tx, now, &row)?;
        Terms::of(&settings.machines).require_time(tx, now, &row)?;
        hand_over(tx, now, (&caller_again, &settings.machines), (machine, row), (offer.to, ReleasedBy::Owner))
    })
}

/// Moves a machine to another account at once. Fails with `Denied(..)` without the permission to manage machines or for accounts
/// that may more, `NotFound(Machine)`, `NotFound(Account)`, `Invalid(Account, Oneself)` when it is there already,
/// `Refused(MachineBanned)`, `Refused(MachineMarked)`, and `OverLimit(..)` when that account has no room. Both hear of it.
pub fn transfer(core: &Core, caller: &Caller, machine: MachineId, to: AccountId) -> Result<Machine> {
    let (now, settings, caller_again) = (core.now(), core.settings(), caller.clone());
    core.write(caller, move |tx| {
        let (row, by) = releasing::managed_by_number(tx, &caller_again, machine)?;
        machine::require_account(tx, to)?;
        server_roles::require_over(tx, &caller_again, ServerPermission::ManageMachines, to)?;
        if row.account == to {
            return Err(Error::Invalid(Field::Account, Flaw::Oneself));
        }
        releasing::require_movable(tx, now, &row)?;
        hand_over(tx, now, (&caller_again, &settings.machines), (machine, row), (to, by))
    })
}

/// Ends the old binding and begins the new one.
fn hand_over(
    tx: &mut Tx<'_>,
    now: Stamp,
    (caller, settings): (&Caller, &Machines),
    (old, row): (MachineId, MachineRow),
    (to, by): (AccountId, ReleasedBy),
) -> Result<Machine> {
    binding::require_room(tx, to)?;
    let (from, code, kept) = (row.account, row.code.clone(), fingerprint::of(tx, old)?);
    let released = Released { at: now, by, reason: String::new() };
    let row = MachineRow { state: MachineState::Released(released), ..row };
    releasing::free(tx, now, caller, (old, &row), Parting::Transferred { to })?;
    let id = MachineId::new(tx.count_up(&MACHINES)?);
    let row = MachineRow { account: to, code, bound_at: now, state: MachineState::Active };
    binding::put_rows(tx, id, &row, &Facts::default())?;
    SETUP_BY_MACHINE.put(tx, &id, &Setup { via: caller.dialect, ..Setup::default() })?;
    if let Some(kept) = kept {
        fingerprint::put(tx, id, &kept)?;
    }
    slots::take_and_tell(tx, now, caller, (to, id), Most::of(settings))?;
    history::note(tx, now, id, Happened::TransferredFrom { account: from })?;
    binding::tell(tx, now, caller, (to, id))?;
    Ok(Machine::of(id, row, Vec::new()))
}

/// The offer of a machine that can be accepted, if there is one.
pub fn standing(r: &impl Read, now: Stamp, machine: MachineId) -> Result<Option<Offer>> {
    Ok(OFFER_BY_MACHINE.get(r, &machine)?.filter(|offer| !offer.has_lapsed(now)))
}

/// The offers made to the caller that can be accepted, by number of machine.
pub fn offers(core: &Core, caller: &Caller) -> Result<Vec<Offered>> {
    let (now, account) = (core.now(), caller.require_account()?);
    core.read(|view| {
        let mut found = Vec::new();
        for (machine, offer) in waiting(view, now, account)? {
            let Some(row) = MACHINE_BY_ID.get(view, &machine)? else { continue };
            found.push(Offered { machine, name: setup::of(view, machine)?.name, code: row.code, offer });
        }
        Ok(found)
    })
}

fn waiting(r: &impl Read, now: Stamp, to: AccountId) -> Result<Vec<(MachineId, Offer)>> {
    let mut found = Vec::new();
    // Of those that lapsed some may not have been cleared away yet.
    for (_, machine) in OFFERS_BY_ACCOUNT.keys(r, &to, None, Order::Ascending, 2 * MACHINE_OFFERS_MAX)? {
        found.extend(standing(r, now, machine)?.map(|offer| (machine, offer)));
    }
    Ok(found)
}

fn to_me(r: &impl Read, caller: &Caller, machine: MachineId) -> Result<Offer> {
    let account = caller.require_account()?;
    let offer = OFFER_BY_MACHINE.get(r, &machine)?.filter(|offer| offer.to == account);
    offer.ok_or(Error::NotFound(Thing::MachineOffer))
}

fn tell(tx: &mut Tx<'_>, now: Stamp, (machine, offer): (MachineId, Offer), turn: OfferTurn) -> Result<()> {
    let what = What::MachineOffered { machine, from: offer.from, to: offer.to, turn };
    event_log::record(tx, now, Audience::accounts(vec![offer.from, offer.to]), what).map(drop)
}

/// Takes the offer of a machine away, if there is one, and gives it back.
pub(super) fn end(tx: &mut Tx<'_>, machine: MachineId) -> Result<Option<Offer>> {
    let Some(offer) = OFFER_BY_MACHINE.get(tx, &machine)? else { return Ok(None) };
    OFFER_BY_MACHINE.remove(tx, &machine)?;
    OFFERS_BY_ACCOUNT.remove(tx, &(offer.to, machine))?;
    Ok(Some(offer))
}

/// Takes an offer away that has lapsed.
pub(crate) fn clear(tx: &mut Tx<'_>, machine: &MachineId, _: &Offer) -> Result<()> {
    end(tx, *machine).map(drop)
}

/// Takes the offers away that were made to an account that goes; says how many.
pub(super) fn forget_some(tx: &mut Tx<'_>, to: AccountId, most: usize) -> Result<usize> {
    let keys = OFFERS_BY_ACCOUNT.keys(tx, &to, None, Order::Ascending, most)?;
    for (_, machine) in &keys {
        end(tx, *machine)?;
    }
    Ok(keys.len())
}
