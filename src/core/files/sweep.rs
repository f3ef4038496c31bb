//! Clearing away: files of rooms that are gone, uploads that nobody continues, bodies that no file names.
//!
//! References are counted from rows. A body that got its name a moment ago stays whatever the setting says, because the row
//! that names it may be on its way; a body that is stored again is young again. Safe to repeat and to interrupt.
use std::time::Duration;

use chatelaine_store::{Order, Read};

use super::{pieces, record, rolling, uploads};
use crate::caller::Caller;
use crate::error::Result;
use crate::ids::{FileId, RoomId};
use crate::limits::{SWEEP_AGE_LEAST_S, SWEEP_FILES_PER_WRITE};
use crate::machines::evidence;
use crate::{Core, schema};

/// What a sweep cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files whose room is gone or whose time is over.
    pub files: u64,
    /// Uploads that nobody continued.
    pub uploads: u64,
    /// Bodies without a file.
    pub bodies: u64,
    /// The bytes of those bodies.
    pub bytes: u64,
}

/// Clears away what nobody needs; a job calls it now and then.
pub fn sweep(core: &Core) -> Result<Swept> {
    let mut swept = Swept { files: drop_roomless(core)?, ..Swept::default() };
    loop {
        match rolling::expire(core)? {
            0 => break,
            some => swept.files += some as u64,
        }
    }
    let given_up = uploads::expire(core)? + pieces::expire(core)?;
    swept.uploads = u64::try_from(given_up).unwrap_or(u64::MAX);
    let age = Duration::from_secs(core.settings().files.sweep_after_s.max(SWEEP_AGE_LEAST_S));
    let bodies = core.blobs().sweep(age, |blob| core.read(|view| record::is_referenced(view, blob)))?;
    swept.bodies = bodies.removed;
    swept.bytes = bodies.bytes;
    Ok(swept)
}

/// Deletes the files of rooms that are gone. Their members lost sight of them with the room. What a mark holds is its owner's
/// alone again.
fn drop_roomless(core: &Core) -> Result<u64> {
    let mut count = 0;
    let mut after = None;
    while let Some(room) = core.read(|view| next_room(view, after))? {
        after = Some(room);
        if core.read(|view| schema::ROOM_BY_ID.has(view, &room))? {
            continue;
        }
        loop {
            let dropped = core.write(&Caller::system(), move |tx| drop_some(tx, room))?;
            count += u64::try_from(dropped).unwrap_or(0);
            if dropped < SWEEP_FILES_PER_WRITE {
                break;
            }
        }
    }
    Ok(count)
}

/// The first room with files behind this one: one step per room, however many files each has.
fn next_room(r: &impl Read, after: Option<RoomId>) -> Result<Option<RoomId>> {
    let last_of = after.map(|room| (room, FileId::new(u64::MAX)));
    let keys = schema::FILES_BY_ROOM.keys(r, &(), last_of.as_ref(), Order::Ascending, 1)?;
    Ok(keys.first().map(|(room, _)| *room))
}

fn drop_some(tx: &mut crate::Tx<'_>, room: RoomId) -> Result<usize> {
    // A room number is never given twice, so a room that is gone stays gone.
    let keys = schema::FILES_BY_ROOM.keys(tx, &room, None, Order::Ascending, SWEEP_FILES_PER_WRITE)?;
    for (_, id) in &keys {
        match schema::FILE_BY_ID.get(tx, id)? {
            Some(file) if evidence::holds(tx, *id)? => record::take_back(tx, room, file)?,
            Some(file) => record::remove(tx, &file)?,
            None => schema::FILES_BY_ROOM.remove(tx, &(room, *id))?,
        }
    }
    Ok(keys.len())
}
