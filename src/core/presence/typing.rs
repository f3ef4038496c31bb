//! "Somebody writes": told to the other members of a room, at most once in a while, never stored.
use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::event::What;
use crate::ids::RoomId;
use crate::page::Done;
use crate::rooms::members;
use crate::schema;

/// Tells the room that the caller writes. `AlreadySo` when that was told a moment ago or the room is too large to be told.
/// Fails with `Refused(NotAMember)` or `NotFound(Room)`.
pub fn type_in(core: &Core, caller: &Caller, room: RoomId) -> Result<Done> {
    let account = caller.require_account()?;
    if !core.read(|view| schema::ROOMS_BY_ACCOUNT.has(view, &(account, room)))? {
        return Err(core.read(|view| members::outsider(view, room)));
    }
    if !core.board().may_type(account, room, core.now()) {
        return Ok(Done::AlreadySo);
    }
    Ok(core.publish_in_room(room, What::Typing { room, account }))
}
