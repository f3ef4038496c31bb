//! Reading the log: pages by place, single messages by place or number, each whole: body, reactions, state. A page costs one
//! range over the messages and one over their reactions, and further rows only for long texts.

use chatelaine_store::{Order, Read};
use std::ops::Bound;

use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result, Thing};
use crate::event::What;
use crate::event_log;
use crate::ids::{MessageId, Offset, RoomId};
use crate::limits::PAGE_ITEMS_MAX;
use crate::messages::message::{MessageRow, MessageView, ReactionRow, ReactionView, ReactionsRow};
use crate::messages::text::{PRESENT, join_foreign, join_text};
use crate::roles;
use crate::rooms::members;
use crate::schema::{MESSAGE_BY_PLACE, REACTIONS_BY_PLACE};

/// Which part of a log is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// The end.
    Newest,
    /// What stands before this place, nearest to it.
    Before(Offset),
    /// What stands behind this place, nearest to it.
    After(Offset),
    /// This place, with what stands on both sides.
    Around(Offset),
}

/// A part of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History {
    /// Messages in the order of their places, recalled ones included.
    pub items: Vec<MessageView>,
    /// The first place of the room: 1, or 0 when nothing was said yet.
    pub first_offset: Offset,
    /// The newest place of the room.
    pub last_offset: Offset,
}

/// A part of a room's log, at most `limit` messages. Members only, and whoever looks after all rooms.
pub fn history(core: &Core, caller: &Caller, room: RoomId, place: Where, limit: usize) -> Result<History> {
    let settings = core.settings();
    let limit = limit.clamp(1, PAGE_ITEMS_MAX);
    core.read(|view| {
        roles::require_seen(view, &settings, caller, room)?;
        // The newest place is read before the messages: behind it there may be one more than told, never one less.
        let last_offset = members::log(view, room)?.last_offset;
        let items = page(view, room, place, limit)?;
        let first_offset = if last_offset == Offset::START { last_offset } else { Offset::START.next() };
        Ok(History { items, first_offset, last_offset })
    })
}

type Placed = ((RoomId, Offset), MessageRow);

fn page(r: &impl Read, room: RoomId, place: Where, limit: usize) -> Result<Vec<MessageView>> {
    let after = |offset: Offset, limit| -> Result<Vec<Placed>> {
        Ok(MESSAGE_BY_PLACE.list(r, &room, Some(&(room, offset)), Order::Ascending, limit)?)
    };
    let before = |offset: Option<Offset>, limit| -> Result<Vec<Placed>> {
        let key = offset.map(|offset| (room, offset));
        let mut rows = MESSAGE_BY_PLACE.list(r, &room, key.as_ref(), Order::Descending, limit)?;
        rows.reverse();
        Ok(rows)
    };
    let rows = match place {
        Where::Newest => before(None, limit)?,
        Where::Before(offset) => before(Some(offset), limit)?,
        Where::After(offset) => after(offset, limit)?,
        Where::Around(offset) => {
            let mut rows = before(Some(offset), limit / 2)?;
            let wanted = limit - rows.len();
            rows.extend(after(Offset::new(offset.get().saturating_sub(1)), wanted)?);
            rows
        }
    };
    assemble(r, rows)
}

fn assemble(r: &impl Read, rows: Vec<Placed>) -> Result<Vec<MessageView>> {
    let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let (from, to) = (Bound::Included(first), Bound::Included(last));
    let reactions = REACTIONS_BY_PLACE.range(r, from, to, Order::Ascending, rows.len())?;
    let mut reactions = reactions.into_iter().peekable();
    let mut items = Vec::with_capacity(rows.len());
    for ((room, offset), row) in rows {
        let mut message = whole(r, room, offset, row)?;
        // Both ranges are in the order of places, so one walk brings them together.
        if let Some((_, reactions)) = reactions.next_if(|((_, place), _)| *place == offset) {
            message.reactions = reactions.view();
        }
        items.push(message);
    }
    Ok(items)
}

impl ReactionsRow {
    pub(super) fn view(self) -> Vec<ReactionView> {
        let view = |ReactionRow { emoji, count, accounts }| ReactionView { emoji, count, accounts };
        self.list.into_iter().map(view).collect()
    }
}

/// The message with its whole body, without reactions.
fn whole(r: &impl Read, room: RoomId, offset: Offset, mut row: MessageRow) -> Result<MessageView> {
    let text = join_text(r, (room, offset, PRESENT), std::mem::take(&mut row.text), row.spill.text_parts)?;
    let foreign = join_foreign(r, (room, offset), row.spill)?;
    Ok(MessageView { text, foreign, ..view_of(room, offset, row) })
}

/// What the message row alone tells.
pub(super) fn view_of(room: RoomId, offset: Offset, row: MessageRow) -> MessageView {
    MessageView {
        id: row.id,
        room,
        offset,
        sender: row.sender,
        sent_at: row.sent_at,
        from: row.from,
        text: row.text,
        segments: row.segments,
        foreign: None,
        encrypted: row.encrypted,
        reply_to: row.reply_to,
        mentions: row.mentions,
        client_key: row.client_key,
        edited: row.edited,
        recalled: row.recalled,
        reactions: Vec::new(),
    }
}

/// The whole message at a place, without asking for rights; none when there is none.
pub(crate) fn find_at(r: &impl Read, room: RoomId, offset: Offset) -> Result<Option<MessageView>> {
    let Some(row) = MESSAGE_BY_PLACE.get(r, &(room, offset))? else { return Ok(None) };
    let mut message = whole(r, room, offset, row)?;
    if let Some(reactions) = REACTIONS_BY_PLACE.get(r, &(room, offset))? {
        message.reactions = reactions.view();
    }
    Ok(Some(message))
}

/// The stored row of a message that is to be changed. Fails with `NotFound(Message)`.
pub(super) fn require_row(r: &impl Read, room: RoomId, offset: Offset) -> Result<MessageRow> {
    MESSAGE_BY_PLACE.get(r, &(room, offset))?.ok_or(Error::NotFound(Thing::Message))
}

/// The message at a place. Fails with `NotFound(Message)`; recalled ones are found, without a body.
pub fn get(core: &Core, caller: &Caller, room: RoomId, offset: Offset) -> Result<MessageView> {
    let settings = core.settings();
    core.read(|view| {
        roles::require_seen(view, &settings, caller, room)?;
        find_at(view, room, offset)?.ok_or(Error::NotFound(Thing::Message))
    })
}

/// The message of that number, in whichever room. Fails with `NotFound(Message)`, also where the caller is no member, so
/// that numbers cannot be probed.
pub fn find_by_id(core: &Core, caller: &Caller, id: MessageId) -> Result<MessageView> {
    let settings = core.settings();
    core.read(|view| {
        let gone = Error::NotFound(Thing::Message);
        let Some(What::MessageSent { room, offset }) = event_log::find(view, id)?.map(|event| event.what) else {
            return Err(gone);
        };
        match roles::require_seen(view, &settings, caller, room) {
            Err(Error::Refused(_) | Error::NotFound(_)) => return Err(gone),
            other => other?,
        };
        find_at(view, room, offset)?.ok_or(gone)
    })
}

/// The message that an event is about, for whoever got that event: who may see it was decided when it was delivered.
pub fn shown(core: &Core, room: RoomId, offset: Offset) -> Result<Option<MessageView>> {
    core.read(|view| find_at(view, room, offset))
}
