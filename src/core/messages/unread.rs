//! How far a member has read and received. Both marks only move forward and never beyond the newest message; reading past a
//! message that mentions somebody ends the mark of the mention, because that mark is compared with how far was read.

use crate::caller::Caller;
use crate::error::Result;
use crate::event::{Audience, What};
use crate::ids::{Offset, RoomId};
use crate::limits::READ_MARKS_ROOM_MEMBERS_MAX;
use crate::page::Done;
use crate::rooms::{MemberRow, members};
use crate::schema::MEMBER_BY_ROOM;
use crate::{Core, event_log};

/// Says that the caller has read up to a place; the room is told. What is read was received as well.
///
/// In rooms of more than [`READ_MARKS_ROOM_MEMBERS_MAX`] members the others hear it only if they are connected.
pub fn mark_read(core: &Core, caller: &Caller, room: RoomId, offset: Offset) -> Result<Done> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    let (done, in_passing) = core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        let (account, member) = (standing.account, standing.member);
        let offset = offset.min(members::log(tx, room)?.last_offset);
        if offset <= member.read_offset {
            return Ok((Done::AlreadySo, None));
        }
        let delivered_offset = member.delivered_offset.max(offset);
        let row = MemberRow { read_offset: offset, delivered_offset, ..member };
        MEMBER_BY_ROOM.put(tx, &(room, account), &row)?;
        let what = What::ReadMoved { room, account, offset };
        let is_small = members::counts(tx, room)?.members <= READ_MARKS_ROOM_MEMBERS_MAX;
        let audience = if is_small { Audience::room(room) } else { Audience::account(account) };
        event_log::record(tx, now, audience, what.clone())?;
        Ok((Done::Done, (!is_small).then_some(what)))
    })?;
    if let Some(what) = in_passing {
        core.publish_in_room(room, what);
    }
    Ok(done)
}

/// Says that a client of the caller has received up to a place. Nobody is told live: it is seen with the member's place.
pub fn mark_delivered(core: &Core, caller: &Caller, room: RoomId, offset: Offset) -> Result<Done> {
    let (settings, who) = (core.settings(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        let offset = offset.min(members::log(tx, room)?.last_offset);
        if offset <= standing.member.delivered_offset {
            return Ok(Done::AlreadySo);
        }
        let row = MemberRow { delivered_offset: offset, ..standing.member };
        MEMBER_BY_ROOM.put(tx, &(room, standing.account), &row)?;
        Ok(Done::Done)
    })
}
