//! Changing one's own words. The text of before is kept, numbered, for members to look at; the new one stands at the old
//! place. Content of a foreign client goes with the first change, for it no longer says what the message says.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Right};
use crate::event::{Audience, What};
use crate::ids::{Offset, RoomId};
use crate::limits::MESSAGE_EDITS_MAX;
use crate::messages::history::{find_at, require_row};
use crate::messages::message::{Edited, MessageRow, MessageView, Spill, require_length};
use crate::messages::send::require_may_send;
use crate::messages::text::{PRESENT, join_text, put_text, remove_spill, remove_text};
use crate::roles;
use crate::rooms::members;
use crate::schema::{EDIT_BY_PLACE, MESSAGE_BY_PLACE};
use crate::{Core, Tx, event_log};

/// A former text of a message, as stored under the number of the change that replaced it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EditRow {
    /// Since when it stood there.
    pub at: Stamp,
    /// The text, or its first piece.
    pub text: String,
    /// Continuation rows.
    pub parts: u8,
}

impl Row for EditRow {}

/// A former text of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditView {
    /// The text.
    pub text: String,
    /// Since when it stood there.
    pub at: Stamp,
}

/// Replaces the text of one's own message; the same text again changes nothing. Whoever may not send may not edit either.
/// Fails with `Denied(Owner)` for messages of others, `Refused(Recalled | TooLate)`, `OverLimit(Edits)`.
pub fn edit(core: &Core, caller: &Caller, room: RoomId, offset: Offset, text: String) -> Result<MessageView> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    require_length(&text, settings.messages.text_bytes)?;
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        let row = require_row(tx, room, offset)?;
        if row.sender != standing.account {
            return Err(Error::Denied(Right::Owner));
        }
        require_may_send(tx, now, &standing)?;
        require_open(&row, now, settings.messages.edit_window_s)?;
        if text.trim().is_empty() && row.segments.is_empty() {
            return Err(Error::Invalid(Field::Text, Flaw::Empty));
        }
        replace(tx, now, (room, offset, row), &text)?;
        find_at(tx, room, offset)?.ok_or_else(|| Error::internal(&"an edited message is gone"))
    })
}

/// Fails with `Refused(Recalled)`, or with `Refused(TooLate)` behind the window, which has no end when it is 0.
pub(super) fn require_open(row: &MessageRow, now: Stamp, window_s: u64) -> Result<()> {
    if row.recalled.is_some() {
        return Err(Error::Refused(Reason::Recalled));
    }
    if window_s != 0 && now >= row.sent_at.plus_seconds(window_s) {
        return Err(Error::Refused(Reason::TooLate));
    }
    Ok(())
}

fn replace(tx: &mut Tx<'_>, now: Stamp, of: (RoomId, Offset, MessageRow), text: &str) -> Result<()> {
    let (room, offset, mut row) = of;
    let former = join_text(tx, (room, offset, PRESENT), row.text, row.spill.text_parts)?;
    if former == text {
        return Ok(());
    }
    let count = row.edited.map_or(0, |edited| edited.count) + 1;
    if count > MESSAGE_EDITS_MAX {
        return Err(Error::OverLimit(Limit::Edits));
    }
    let since = row.edited.map_or(row.sent_at, |edited| edited.at);
    let (first, parts) = put_text(tx, (room, offset, count), &former)?;
    EDIT_BY_PLACE.put(tx, &(room, offset, count), &EditRow { at: since, text: first, parts })?;
    remove_spill(tx, (room, offset), row.spill)?;
    let (first, text_parts) = put_text(tx, (room, offset, PRESENT), text)?;
    let head = event_log::record(tx, now, Audience::room(room), What::MessageEdited { room, offset })?;
    row.text = first;
    row.spill = Spill { text_parts, foreign: None };
    row.edited = Some(Edited { count, at: head.at });
    MESSAGE_BY_PLACE.put(tx, &(room, offset), &row)?;
    Ok(())
}

/// The former texts of a message, oldest first; none for a recalled one. Members only.
pub fn list_edits(core: &Core, caller: &Caller, room: RoomId, offset: Offset) -> Result<Vec<EditView>> {
    let settings = core.settings();
    core.read(|view| {
        roles::require_seen(view, &settings, caller, room)?;
        require_row(view, room, offset)?;
        let rows = rows(view, room, offset)?;
        let whole = |((_, _, number), row): ((RoomId, Offset, u32), EditRow)| {
            let text = join_text(view, (room, offset, number), row.text, row.parts)?;
            Ok(EditView { text, at: row.at })
        };
        rows.into_iter().map(whole).collect()
    })
}

type Numbered = ((RoomId, Offset, u32), EditRow);

fn rows(r: &impl Read, room: RoomId, offset: Offset) -> Result<Vec<Numbered>> {
    let most = usize::try_from(MESSAGE_EDITS_MAX).unwrap_or(usize::MAX);
    Ok(EDIT_BY_PLACE.list(r, &(room, offset), None, Order::Ascending, most)?)
}

/// Removes every former text.
pub(super) fn remove_edits(tx: &mut Tx<'_>, room: RoomId, offset: Offset) -> Result<()> {
    for (key, row) in rows(tx, room, offset)? {
        remove_text(tx, key, row.parts)?;
        EDIT_BY_PLACE.remove(tx, &key)?;
    }
    Ok(())
}
