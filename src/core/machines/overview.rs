//! All that is known of one machine, put together for who looks at it. What belongs to a part of it is read by that part's file.

use chatelaine_store::{Order, Read};

use super::bans::{self, Ban};
use super::certificates::{self, CertificateRow};
use super::fingerprint::{self, Fingerprint};
use super::heartbeats::{self, BeatRow};
use super::machine::{self, Machine};
use super::setup::{self, Setup};
use super::terms::{Terms, Waiting};
use super::transfer::Offer;
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::ids::{CertificateId, MachineId};
use crate::page::{Ask, Page};
use crate::schema::{MACHINES_BY_ACCOUNT, OFFER_BY_MACHINE, RELEASES_BY_ACCOUNT};
use crate::server_roles::{self, ServerPermission};

/// A machine with its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overview {
    /// The machine itself.
    pub machine: Machine,
    /// How it is set up.
    pub setup: Setup,
    /// What is kept of its components; none where none were told, or it was released.
    pub fingerprint: Option<Fingerprint>,
    /// When it was last heard, and when it is expected to be heard again.
    pub beats: BeatRow,
    /// To whom it is offered, also where that has lapsed.
    pub offer: Option<Offer>,
    /// How long its owner waits who would let it go; none where others look.
    pub waiting: Option<Waiting>,
    /// Its newest certificate, also one that is over; none where that ended early.
    pub certificate: Option<(CertificateId, CertificateRow)>,
    /// Its ban, while it is banned.
    pub ban: Option<Ban>,
}

/// Puts a machine together; none where there is none of this number.
pub(super) fn of(r: &impl Read, id: MachineId) -> Result<Option<Overview>> {
    let Some(machine) = machine::find_whole(r, id)? else { return Ok(None) };
    Ok(Some(Overview {
        machine,
        setup: setup::of(r, id)?,
        fingerprint: fingerprint::of(r, id)?,
        beats: heartbeats::of(r, id)?,
        offer: OFFER_BY_MACHINE.get(r, &id)?,
        waiting: None,
        certificate: certificates::latest(r, id)?,
        ban: bans::of(r, id)?,
    }))
}

/// A machine of the caller's own, also one that was released. Fails with `NotFound(Machine)` for any other.
pub fn get(core: &Core, caller: &Caller, id: MachineId) -> Result<Overview> {
    let (now, terms) = (core.now(), Terms::of(&core.settings().machines));
    core.read(|view| {
        let row = machine::own(view, caller, id)?;
        let waiting = if row.is_bound() { Some(terms.waiting(view, now, row.account)?) } else { None };
        Ok(Overview { waiting, ..found(view, id)? })
    })
}

/// Any machine, for who manages machines. Fails with `NotFound(Machine)`, also for who looks after an organisation to which its
/// account does not belong.
pub fn get_any(core: &Core, caller: &Caller, id: MachineId) -> Result<Overview> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ManageMachines)?;
        let found = found(view, id)?;
        if reach.takes_in(view, found.machine.account)? { Ok(found) } else { Err(Error::NotFound(Thing::Machine)) }
    })
}

fn found(r: &impl Read, id: MachineId) -> Result<Overview> {
    of(r, id)?.ok_or(Error::NotFound(Thing::Machine))
}

/// The machines bound to the caller's account, newest first.
pub fn list(core: &Core, caller: &Caller, ask: Ask<MachineId>) -> Result<Page<Overview, MachineId>> {
    let (account, wanted) = (caller.require_account()?, ask.items());
    let (now, terms) = (core.now(), Terms::of(&core.settings().machines));
    core.read(|view| {
        let waiting = Some(terms.waiting(view, now, account)?);
        let after = ask.after.map(|id| (account, id));
        let keys =
            MACHINES_BY_ACCOUNT.keys(view, &account, after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
        let page = Page::of(keys, wanted, |(_, id)| *id);
        let items = whole(view, page.items.into_iter().map(|(_, id)| id))?;
        // One that was released between two reads is no longer among those that are bound.
        let bound = items.into_iter().filter(|one| one.machine.is_bound());
        let bound = bound.map(|one| Overview { waiting, ..one }).collect();
        Ok(Page { items: bound, next: page.next })
    })
}

/// The machines that the caller's account had, the last released first.
pub fn list_released(
    core: &Core,
    caller: &Caller,
    ask: Ask<(Stamp, MachineId)>,
) -> Result<Page<Overview, (Stamp, MachineId)>> {
    let (account, wanted) = (caller.require_account()?, ask.items());
    core.read(|view| {
        let after = ask.after.map(|(at, id)| (account, at, id));
        let keys =
            RELEASES_BY_ACCOUNT.keys(view, &account, after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
        let page = Page::of(keys, wanted, |(_, at, id)| (*at, *id));
        Ok(Page { items: whole(view, page.items.into_iter().map(|(_, _, id)| id))?, next: page.next })
    })
}

fn whole(r: &impl Read, ids: impl Iterator<Item = MachineId>) -> Result<Vec<Overview>> {
    ids.filter_map(|id| of(r, id).transpose()).collect()
}
