//! How long events stay. The log of events is for catching up; what it tells of has its own rows, which stay. So events older
//! than `events.keep_days` go, with their index rows, in bounded commands. An event that tells of a message or an announcement
//! stays as long as that does: it is how these are found by number and by time, and a client that asks by time gets them all.
//!
//! Invariant: the floor is made durable before the first event up to it goes. Whoever asks for what followed an event below
//! the floor is told to read anew (`push/replay.rs` looks at the floor *after* it read rows), so no gap goes unseen.

use std::ops::Bound;

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::clock::{DAY_S, Stamp};
use crate::error::Result;
use crate::event::What;
use crate::event_log;
use crate::ids::{EventId, RoomId};
use crate::limits::{EVENT_ROWS_REMOVED_PER_WRITE, EVENTS_SWEPT_PER_WRITE};
use crate::schema::{ANNOUNCEMENT_BY_ID, EVENT_BY_ID, EVENTS_BY_ROOM, EVENTS_SWEPT, ROOM_BY_ID};
use crate::{Core, Tx};

/// How far the log of events was cleared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Swept {
    /// Events up to here may be gone.
    pub floor: EventId,
    /// Events up to here were looked at: what is left of them stays. Never beyond the floor.
    pub done: EventId,
}

impl Row for Swept {}

fn swept(r: &impl Read) -> Result<Swept> {
    let start = EventId::new(0);
    Ok(EVENTS_SWEPT.get(r, &0)?.unwrap_or(Swept { floor: start, done: start }))
}

/// The last event that may be gone: the log is whole after it.
pub fn floor(r: &impl Read) -> Result<EventId> {
    Ok(swept(r)?.floor)
}

/// Removes events older than `events.keep_days`; says how many. Takes the writer for a moment at a time, and goes on where it
/// was after a stop in the middle.
pub fn sweep(core: &Core) -> Result<usize> {
    let keep_days = core.settings().events.keep_days;
    if keep_days > 0 {
        let age_s = u64::from(keep_days).saturating_mul(DAY_S);
        announce(core, core.now().minus_seconds(age_s))?;
    }
    let mut removed = 0;
    while let Some(some) = sweep_some(core)? {
        removed += some;
    }
    Ok(removed)
}

/// Moves the floor to the last event that is not newer than `horizon`. Returns when that is durable.
pub(crate) fn announce(core: &Core, horizon: Stamp) -> Result<()> {
    let floor = core.read(|view| event_log::last_until(view, horizon, event_log::head(view)?.id))?;
    if floor <= core.read(|view| swept(view))?.floor {
        return Ok(());
    }
    core.write(&Caller::system(), move |tx| {
        let old = swept(tx)?;
        Ok(EVENTS_SWEPT.put(tx, &0, &Swept { floor: floor.max(old.floor), ..old })?)
    })
}

/// One bounded command; says how many events it removed, or none when the floor is reached.
pub(crate) fn sweep_some(core: &Core) -> Result<Option<usize>> {
    // The common case costs the writer nothing.
    let now = core.read(|view| swept(view))?;
    if now.done >= now.floor {
        return Ok(None);
    }
    core.write(&Caller::system(), |tx| {
        let Swept { floor, done } = swept(tx)?;
        let most = EVENTS_SWEPT_PER_WRITE;
        let (from, to) = (Bound::Excluded(&done), Bound::Included(&floor));
        let rows = EVENT_BY_ID.range(tx, from, to, Order::Ascending, most)?;
        let mut done = if rows.len() < most { floor } else { done };
        let (mut removed, mut rows_left) = (0, EVENT_ROWS_REMOVED_PER_WRITE);
        for (id, event) in rows {
            if rows_left == 0 {
                done = EventId::new(id.get().saturating_sub(1));
                break;
            }
            done = done.max(id);
            if !is_lasting(tx, &event.what)? {
                rows_left = rows_left.saturating_sub(event_log::remove(tx, id, &event)?);
                removed += 1;
            }
        }
        EVENTS_SWEPT.put(tx, &0, &Swept { floor, done })?;
        Ok(Some(removed))
    })
}

/// Whether the event tells of something that stands and is found by it.
fn is_lasting(r: &impl Read, what: &What) -> Result<bool> {
    Ok(match what {
        What::MessageSent { room, .. } => ROOM_BY_ID.has(r, room)?,
        What::Announcement { id } => ANNOUNCEMENT_BY_ID.has(r, id)?,
        _ => false,
    })
}

/// Removes the events that stayed for these messages of a room that is going. What is newer goes in its time.
pub(crate) fn forget_messages(tx: &mut Tx<'_>, ids: impl IntoIterator<Item = EventId>) -> Result<()> {
    let done = swept(tx)?.done;
    for id in ids.into_iter().filter(|id| *id <= done) {
        if let Some(event) = EVENT_BY_ID.get(tx, &id)? {
            event_log::remove(tx, id, &event)?;
        }
    }
    Ok(())
}

/// Removes what older servers listed in the index of a room that is going, and the events that stayed for it; says how many.
/// What is newer goes in its time.
pub(crate) fn forget_room(tx: &mut Tx<'_>, room: RoomId, most: usize) -> Result<usize> {
    let done = swept(tx)?.done;
    let mut removed = 0;
    for (_, id) in EVENTS_BY_ROOM.keys(tx, &room, None, Order::Ascending, most)? {
        if id > done {
            break;
        }
        match EVENT_BY_ID.get(tx, &id)? {
            Some(event) => event_log::remove(tx, id, &event).map(drop)?,
            None => EVENTS_BY_ROOM.remove(tx, &(room, id))?,
        }
        removed += 1;
    }
    Ok(removed)
}
