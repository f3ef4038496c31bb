//! "Somebody writes": told to the other members of a room, at most once in a while, never stored.
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Reason, Result};
use crate::event::{Audience, What, room_topic};
use crate::ids::RoomId;
use crate::limits::PRESENCE_ROOM_CONNECTIONS_MAX;
use crate::page::Done;
use crate::schema;

/// Tells the room that the caller writes. `AlreadySo` when that was told a moment ago or the room is too large to be told.
/// Fails with `Refused(NotAMember)`.
pub fn type_in(core: &Core, caller: &Caller, room: RoomId) -> Result<Done> {
    let account = caller.require_account()?;
    if !core.read(|view| schema::ROOMS_BY_ACCOUNT.has(view, &(account, room)))? {
        return Err(Error::Refused(Reason::NotAMember));
    }
    let is_crowd = core.store().bus().followers_count(room_topic(room)) > PRESENCE_ROOM_CONNECTIONS_MAX;
    if is_crowd || !core.board().may_type(account, room, core.now()) {
        return Ok(Done::AlreadySo);
    }
    core.publish(Audience::room(room), What::Typing { room, account });
    Ok(Done::Done)
}
