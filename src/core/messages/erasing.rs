//! Taking back all that an account said in a room, when the account goes: words, former versions, foreign content, reactions. The
//! places stay, as after any recall. Page by page, because a year of messages in one command would hold the only writer.

use std::ops::Bound;

use chatelaine_store::{Order, Read};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{Audience, What};
use crate::ids::{AccountId, Offset, RoomId};
use crate::limits::{ACCOUNT_BATCH_MESSAGES, PAGE_ITEMS_MAX};
use crate::messages::message::{MessageRow, Recalled};
use crate::messages::{reactions, recall};
use crate::schema::{MESSAGE_BY_PLACE, REACTIONS_BY_PLACE, ROOM_BY_ID};
use crate::{Core, Tx, event_log};

/// Takes back whatever the account said in a room, and its reactions to others. Asks for no right. Safe to break off and to repeat.
pub(crate) fn erase_of(core: &Core, account: AccountId, room: RoomId) -> Result<()> {
    let mut after = None;
    while let Some((found, last)) = core.read(|view| touched(view, account, (room, after)))? {
        for part in found.chunks(ACCOUNT_BATCH_MESSAGES) {
            let (part, now) = (part.to_vec(), core.now());
            core.write(&Caller::system(), move |tx| {
                part.iter().try_for_each(|offset| erase(tx, now, account, (room, *offset)))
            })?;
        }
        after = Some(last);
    }
    Ok(())
}

/// The places of one page of the log at which the account left something, and the last place of the page; none at the end.
fn touched(
    r: &impl Read,
    account: AccountId,
    (room, after): (RoomId, Option<Offset>),
) -> Result<Option<(Vec<Offset>, Offset)>> {
    let after = after.map(|after| (room, after));
    let rows = MESSAGE_BY_PLACE.list(r, &room, after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX)?;
    let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else { return Ok(None) };
    let mut found: Vec<Offset> = rows.iter().filter(|(_, row)| is_said_by(row, account)).map(|(at, _)| at.1).collect();
    let (from, to) = (Bound::Included(first), Bound::Included(last));
    for (place, row) in REACTIONS_BY_PLACE.range(r, from, to, Order::Ascending, rows.len())? {
        if reactions::is_by(r, place, &row, account)? {
            found.push(place.1);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(Some((found, last.1)))
}

fn is_said_by(row: &MessageRow, account: AccountId) -> bool {
    row.sender == account && row.recalled.is_none()
}

fn erase(tx: &mut Tx<'_>, now: Stamp, account: AccountId, place: (RoomId, Offset)) -> Result<()> {
    let (room, offset) = place;
    // Of a room that is on its way out everything goes anyway.
    if !ROOM_BY_ID.has(tx, &room)? {
        return Ok(());
    }
    reactions::remove_of(tx, now, place, account)?;
    let Some(row) = MESSAGE_BY_PLACE.get(tx, &place)?.filter(|row| is_said_by(row, account)) else { return Ok(()) };
    let head = event_log::record(tx, now, Audience::room(room), What::MessageRecalled { room, offset, by: None })?;
    recall::empty(tx, place, row, Recalled { by: None, at: head.at })
}
