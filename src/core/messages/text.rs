//! Long bodies in several rows: written with the message, read with it, removed with it. The first piece of a text stands in
//! the row of its message or edit; the rest lies under the place, the version (0 for the present text, else the number of
//! the edit) and the part.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::Tx;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{Offset, RoomId};
use crate::limits::MESSAGE_FOREIGN_BYTES_MAX;
use crate::messages::message::{Foreign, Spill};
use crate::schema::{FOREIGN_BY_PLACE, TEXT_BY_PLACE};
use crate::split::{split_bytes, split_text};

/// The version under which the present text of a message lies.
pub(crate) const PRESENT: u32 = 0;

/// One piece of foreign content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ForeignRow(
    /// The bytes.
    pub Vec<u8>,
);

impl Row for ForeignRow {}

/// Writes the continuation rows of a text; gives the first piece and the number of rows.
pub(crate) fn put_text(tx: &mut Tx<'_>, place: (RoomId, Offset, u32), text: &str) -> Result<(String, u8)> {
    let (first, parts) = split_text(text);
    let count = u8::try_from(parts.len()).map_err(|_| Error::Invalid(Field::Text, Flaw::TooLong))?;
    for (part, piece) in (0..count).zip(parts) {
        TEXT_BY_PLACE.put(tx, &(place.0, place.1, place.2, part), &piece.to_owned())?;
    }
    Ok((first.to_owned(), count))
}

/// The whole text, given its first piece.
pub(crate) fn join_text(r: &impl Read, place: (RoomId, Offset, u32), first: String, parts: u8) -> Result<String> {
    if parts == 0 {
        return Ok(first);
    }
    let rows = TEXT_BY_PLACE.list(r, &place, None, Order::Ascending, usize::from(parts))?;
    Ok(rows.into_iter().fold(first, |text, (_, piece)| text + &piece))
}

/// Removes the continuation rows of a text.
pub(crate) fn remove_text(tx: &mut Tx<'_>, place: (RoomId, Offset, u32), parts: u8) -> Result<()> {
    for part in 0..parts {
        TEXT_BY_PLACE.remove(tx, &(place.0, place.1, place.2, part))?;
    }
    Ok(())
}

/// Writes foreign content; gives what the message row says of it.
pub(crate) fn put_foreign(
    tx: &mut Tx<'_>,
    place: (RoomId, Offset),
    foreign: Option<&Foreign>,
) -> Result<Option<(crate::Dialect, u8, u8)>> {
    let Some(foreign) = foreign else { return Ok(None) };
    let pieces = split_bytes(&foreign.bytes);
    let count = u8::try_from(pieces.len()).map_err(|_| Error::Invalid(Field::Text, Flaw::TooLong))?;
    for (part, piece) in (0..count).zip(pieces) {
        FOREIGN_BY_PLACE.put(tx, &(place.0, place.1, part), &ForeignRow(piece.to_vec()))?;
    }
    Ok(Some((foreign.dialect, foreign.kind, count)))
}

/// The foreign content of a message.
pub(crate) fn join_foreign(r: &impl Read, place: (RoomId, Offset), spill: Spill) -> Result<Option<Foreign>> {
    let Some((dialect, kind, parts)) = spill.foreign else { return Ok(None) };
    let rows = FOREIGN_BY_PLACE.list(r, &place, None, Order::Ascending, usize::from(parts))?;
    let mut bytes =
        Vec::with_capacity(rows.iter().map(|(_, row)| row.0.len()).sum::<usize>().min(MESSAGE_FOREIGN_BYTES_MAX));
    for (_, row) in rows {
        bytes.extend(row.0);
    }
    Ok(Some(Foreign { dialect, kind, bytes }))
}

/// Removes what a message row says lies elsewhere.
pub(crate) fn remove_spill(tx: &mut Tx<'_>, place: (RoomId, Offset), spill: Spill) -> Result<()> {
    remove_text(tx, (place.0, place.1, PRESENT), spill.text_parts)?;
    let (_, _, parts) = spill.foreign.unwrap_or((crate::Dialect::Web, 0, 0));
    for part in 0..parts {
        FOREIGN_BY_PLACE.remove(tx, &(place.0, place.1, part))?;
    }
    Ok(())
}
