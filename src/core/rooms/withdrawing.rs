//! What an account that goes has open at the doors of rooms: requests to be let in, invitations by it and of it.
//!
//! Requests and what somebody sent out have no index by account. These trees hold what is open and little else, so a walk over
//! them, page by page and outside the writer, costs less than a second row for each of their rows would.

use chatelaine_store::Order;

use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::ids::{AccountId, InviteId, RoomId};
use crate::limits::PAGE_ITEMS_MAX;
use crate::rooms::{invites, joining};
use crate::schema::{INVITE_BY_ID, REQUEST_BY_ROOM};

/// Takes all of it back. Safe to break off and to repeat.
pub(crate) fn withdraw_all(core: &Core, account: AccountId) -> Result<()> {
    withdraw_requests(core, account)?;
    withdraw_invites(core, account)
}

fn withdraw_requests(core: &Core, account: AccountId) -> Result<()> {
    let mut after = None;
    loop {
        let keys =
            core.read(|view| REQUEST_BY_ROOM.keys(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some(last) = keys.last() else { return Ok(()) };
        after = Some(*last);
        let own: Vec<RoomId> = keys.into_iter().filter(|(_, by)| *by == account).map(|(room, _)| room).collect();
        if !own.is_empty() {
            core.write(&Caller::system(), move |tx| {
                own.iter().try_for_each(|room| joining::remove_request(tx, *room, account))
            })?;
        }
    }
}

fn withdraw_invites(core: &Core, account: AccountId) -> Result<()> {
    let mut after = None;
    loop {
        let rows = core.read(|view| INVITE_BY_ID.list(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(*last);
        let own = rows.into_iter().filter(|(_, row)| row.inviter == account || row.invitee == account);
        let own: Vec<InviteId> = own.map(|(id, _)| id).collect();
        if !own.is_empty() {
            core.write(&Caller::system(), move |tx| {
                own.iter().try_for_each(|invite| invites::remove(tx, *invite).map(drop))
            })?;
        }
    }
}
