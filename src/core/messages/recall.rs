//! Taking a message back: one's own, or anybody's with the permission for it. The words, their former versions, foreign
//! content and reactions are gone from the store; the place stays, with who took it back and when.

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::event::{Audience, What};
use crate::ids::{EventId, MessageId, Offset, RoomId};
use crate::limits::ROOM_BATCH_ROWS;
use crate::messages::edit::{remove_edits, require_open};
use crate::messages::history::{find_at, require_row};
use crate::messages::message::{MessageRow, MessageView, Recalled, Segment, Spill};
use crate::messages::text::remove_spill;
use crate::roles::{self, Permission};
use crate::schema::{MESSAGE_BY_PLACE, REACTION_BY_ACCOUNT, REACTIONS_BY_PLACE};
use crate::settings::Settings;
use crate::{Core, Tx, event_log, files};

/// Takes a message back; gives what is left of it and the number of the event that tells so. For one's own message the
/// window `messages.recall_window_s` holds, for others' the permission to recall and no window.
/// Fails with `NotFound(Message)`, `Denied(Room(2))`, `Refused(Recalled | TooLate)`.
pub fn recall(core: &Core, caller: &Caller, room: RoomId, offset: Offset) -> Result<(MessageView, EventId)> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| take_back(tx, &settings, now, &who, (room, offset)))
}

/// As [`recall`], for protocols that name a message by its number and a room it must be in: whether there is such a message
/// that was not taken back is asked before any right. Fails with `NotFound(Message)`, and as [`recall`] does.
pub fn recall_by_id(core: &Core, caller: &Caller, room: RoomId, id: MessageId) -> Result<(MessageView, EventId)> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let gone = Error::NotFound(Thing::Message);
        let offset = match event_log::find(tx, id)?.map(|event| event.what) {
            Some(What::MessageSent { room: there, offset }) if there == room => offset,
            _ => return Err(gone),
        };
        match require_row(tx, room, offset)?.recalled {
            Some(_) => Err(gone),
            None => take_back(tx, &settings, now, &who, (room, offset)),
        }
    })
}

fn take_back(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    who: &Caller,
    place: (RoomId, Offset),
) -> Result<(MessageView, EventId)> {
    let (room, offset) = place;
    let acting = roles::require_seen(tx, settings, who, room)?;
    let row = require_row(tx, room, offset)?;
    let is_own = acting.by == Some(row.sender);
    if !is_own && !acting.permissions.has(Permission::RecallOthers) {
        return Err(Permission::RecallOthers.denied());
    }
    require_open(&row, now, if is_own { settings.messages.recall_window_s } else { 0 })?;
    let what = What::MessageRecalled { room, offset, by: acting.by };
    let head = event_log::record(tx, now, Audience::room(room), what)?;
    empty(tx, place, row, Recalled { by: acting.by, at: head.at })?;
    if !is_own {
        let target = format!("room {room}");
        audit::record(tx, now, who, Verb::MessageRecalled, &target, &format!("message {offset}"))?;
    }
    let left = find_at(tx, room, offset)?.ok_or_else(|| Error::internal(&"a recalled message is gone"))?;
    Ok((left, head.id))
}

pub(super) fn empty(tx: &mut Tx<'_>, place: (RoomId, Offset), row: MessageRow, recalled: Recalled) -> Result<()> {
    remove_spill(tx, place, row.spill)?;
    remove_edits(tx, place.0, place.1)?;
    for file in row.segments.iter().filter_map(Segment::file) {
        files::drop_use(tx, file, place.0, place.1)?;
    }
    REACTIONS_BY_PLACE.remove(tx, &place)?;
    // Names behind the first few hundred reactions stay until the room goes: nothing reads them any more.
    REACTION_BY_ACCOUNT.remove_all(tx, &place, ROOM_BATCH_ROWS)?;
    let bare = MessageRow {
        text: String::new(),
        spill: Spill::default(),
        segments: Vec::new(),
        mentions: Vec::new(),
        reply_to: None,
        recalled: Some(recalled),
        ..row
    };
    MESSAGE_BY_PLACE.put(tx, &place, &bare)?;
    Ok(())
}
