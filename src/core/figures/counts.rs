//! How many of something there are, kept in a row so that asking costs no walk. Data from before the row was kept is counted
//! once: by whoever asks, and for good with the next change.

use chatelaine_store::Read;

use crate::Tx;
use crate::error::Result;
use crate::schema::{ACCOUNT_BY_ID, KEPT_COUNT, ROOM_BY_ID};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Counted {
    /// Accounts, closed ones included.
    Accounts = 1,
    /// Rooms.
    Rooms = 2,
}

impl Counted {
    const fn key(self) -> u8 {
        self as u8
    }
}

/// How many there are.
pub(crate) fn count(r: &impl Read, of: Counted) -> Result<u64> {
    if let Some(kept) = KEPT_COUNT.get(r, &of.key())? {
        return Ok(kept);
    }
    let walked = match of {
        Counted::Accounts => ACCOUNT_BY_ID.count(r, &(), usize::MAX)?,
        Counted::Rooms => ROOM_BY_ID.count(r, &(), usize::MAX)?,
    };
    Ok(u64::try_from(walked).unwrap_or(u64::MAX))
}

/// Counts one more; to be called before its row is put.
pub(crate) fn up(tx: &mut Tx<'_>, of: Counted) -> Result<()> {
    let count = count(tx, of)?.saturating_add(1);
    Ok(KEPT_COUNT.put(tx, &of.key(), &count)?)
}

/// Counts one less; to be called before its row is removed.
pub(crate) fn down(tx: &mut Tx<'_>, of: Counted) -> Result<()> {
    let count = count(tx, of)?.saturating_sub(1);
    Ok(KEPT_COUNT.put(tx, &of.key(), &count)?)
}

/// Keeps the counts that are not kept yet.
pub(crate) fn settle(tx: &mut Tx<'_>) -> Result<()> {
    for of in [Counted::Accounts, Counted::Rooms] {
        if !KEPT_COUNT.has(tx, &of.key())? {
            let walked = count(tx, of)?;
            KEPT_COUNT.put(tx, &of.key(), &walked)?;
        }
    }
    Ok(())
}
