//! What the caller sees of rooms: one, or all of his by newest activity.
//!
//! The list has no tree in the order of activity. Such a tree would have to be rewritten for every member with every message:
//! a thousand rows for one line in a room of a thousand. So activity stands once per room, in the hot row that a message
//! writes anyway, and the list reads that small row for each of the caller's rooms (at most `ROOMS_PER_ACCOUNT_MAX`), sorts,
//! and looks at messages only for the page it shows. Reading costs the number of one's rooms; writing costs nothing.

use std::cmp::Reverse;

use chatelaine_store::{Order, Read};

use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result, Thing};
use crate::ids::{AccountId, RoomId};
use crate::limits::READ_MARKS_ROOM_MEMBERS_MAX;
use crate::messages;
use crate::page::{Ask, Page};
use crate::roles;
use crate::rooms::members;
use crate::rooms::restrictions::muted_until;
use crate::rooms::room::MemberRow;
use crate::rooms::views::{Marks, MyRoom, Place, RoomView};
use crate::schema::{LOG_BY_ROOM, MEMBER_BY_ROOM};
use crate::settings::Settings;

/// Where a page of one's rooms ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RoomCursor {
    /// When something was last said in the last one shown.
    pub active_at: Stamp,
    /// Which that is.
    pub room: RoomId,
}

/// The room as everybody sees it who may. Fails with `NotFound(Room)`.
pub(crate) fn room_view(r: &impl Read, room: RoomId) -> Result<RoomView> {
    let row = members::room_row(r, room)?;
    Ok(row.view(room, members::log(r, room)?, members::counts(r, room)?))
}

/// A room. Outsiders see groups that are listed or can be asked for; of others they learn not even that they exist.
pub fn get(core: &Core, caller: &Caller, room: RoomId) -> Result<RoomView> {
    caller.require_account()?;
    let settings = core.settings();
    core.read(|view| {
        match roles::require_seen(view, &settings, caller, room) {
            Ok(_) => {}
            // Said of rooms that everybody may know of, and of those alone.
            Err(Error::Refused(Reason::NotAMember)) => {}
            Err(other) => return Err(other),
        }
        room_view(view, room)
    })
}

/// One of the caller's rooms. Fails with `NotFound(Room)` or `Refused(NotAMember)`.
pub fn get_mine(core: &Core, caller: &Caller, room: RoomId) -> Result<MyRoom> {
    let account = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    core.read(|view| my_room(view, &settings, now, account, room))
}

/// The caller's rooms, newest activity first.
pub fn list_mine(core: &Core, caller: &Caller, ask: Ask<RoomCursor>) -> Result<Page<MyRoom, RoomCursor>> {
    let account = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    core.read(|view| {
        let mut all = Vec::new();
        for room in members::rooms_of(view, account)? {
            // A room that is just being deleted may lack its row.
            let Some(log) = LOG_BY_ROOM.get(view, &room)? else { continue };
            all.push(RoomCursor { active_at: log.last_at, room });
        }
        all.sort_unstable_by_key(|cursor| Reverse(*cursor));
        let behind = all.into_iter().filter(|cursor| ask.after.is_none_or(|after| *cursor < after));
        let page = Page::of(behind.take(ask.items() + 1).collect(), ask.items(), |cursor| *cursor);
        let mut items = Vec::with_capacity(page.items.len());
        for cursor in page.items {
            match my_room(view, &settings, now, account, cursor.room) {
                Ok(room) => items.push(room),
                Err(Error::NotFound(Thing::Room) | Error::Refused(Reason::NotAMember)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Page { items, next: page.next })
    })
}

/// The room with the account's place in it.
pub(crate) fn my_room(
    r: &impl Read,
    settings: &Settings,
    now: Stamp,
    account: AccountId,
    room: RoomId,
) -> Result<MyRoom> {
    let row = members::room_row(r, room)?;
    let member = members::find(r, room, account)?.ok_or_else(|| row.refusal())?;
    let (log, counts) = (members::log(r, room)?, members::counts(r, room)?);
    let me = Place {
        role: member.role,
        permissions: roles::held_by(r, settings, (room, &row), &member)?,
        joined_at: member.joined_at,
        notify: member.notify,
        muted_until: muted_until(r, now, room, account)?,
        read_offset: member.read_offset,
        delivered_offset: member.delivered_offset,
    };
    Ok(MyRoom {
        me,
        unread: member.unread(&log),
        mentioned: member.is_mentioned(),
        last_message: messages::find_at(r, room, log.last_offset)?,
        peer: row.peer_of(account),
        active_at: log.last_at,
        others: marks_of_others(r, (room, counts.members), account)?,
        room: row.view(room, log, counts),
    })
}

/// Exact, and one short range of small rows: nothing is kept for it, so sending and reading write nothing more. Where a mark is
/// not stored as an event for everybody, nobody is shown marks either; that bounds the range too.
fn marks_of_others(r: &impl Read, room: (RoomId, u32), account: AccountId) -> Result<Option<Marks>> {
    if room.1 > READ_MARKS_ROOM_MEMBERS_MAX {
        return Ok(None);
    }
    let most = READ_MARKS_ROOM_MEMBERS_MAX as usize;
    let members = MEMBER_BY_ROOM.list(r, &room.0, None, Order::Ascending, most)?;
    let others = members.into_iter().filter(|((_, who), _)| *who != account);
    let marks =
        others.map(|(_, MemberRow { read_offset, delivered_offset, .. })| Marks { read_offset, delivered_offset });
    Ok(marks.reduce(Marks::furthest))
}
