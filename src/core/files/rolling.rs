//! Files that give way: those of protocols where a new file pushes the oldest ones out, and where some end by themselves. They are
//! counted on their own, so that nothing that was kept in another way ever goes to make room for them.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::file::{File, Used};
use super::record;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Result};
use crate::ids::AccountId;
use crate::lapsing::due;
use crate::limits::SWEEP_FILES_PER_WRITE;
use crate::schema::{FILE_BY_ID, FILES_BY_END, ROLLED_BY_ACCOUNT, ROLLING_BY_ACCOUNT, USED_BY_ACCOUNT};
use crate::{Core, Tx};

/// How a file gives way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rolling {
    /// Bytes that such files of one account take together; beyond, the oldest of them are removed.
    pub bytes: u64,
    /// Seconds after which it is removed in any case.
    pub life_s: Option<u64>,
}

/// What is kept of a file that gives way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rolled {
    /// Its length.
    pub bytes: u64,
    /// When it ends.
    pub ends_at: Option<Stamp>,
}

impl Row for Rolled {}

/// Bytes of an account's files that give way.
pub(super) fn bytes(r: &impl Read, account: AccountId) -> Result<u64> {
    Ok(ROLLED_BY_ACCOUNT.get(r, &account)?.unwrap_or_default().bytes)
}

/// Makes room for so many bytes ahead of the write that needs it, in bounded steps: a large file can push out thousands.
pub(super) fn make_room(core: &Core, caller: &Caller, owner: AccountId, (size, rolling): (u64, Rolling)) -> Result<()> {
    let place = (size, rolling.bytes);
    if core.read(|view| bytes(view, owner))?.saturating_add(size) <= rolling.bytes {
        return Ok(());
    }
    while core.write(caller, move |tx| remove_oldest(tx, owner, place, SWEEP_FILES_PER_WRITE))? {}
    Ok(())
}

/// Counts a new file among those that give way, and removes the oldest until it fits. Fails with `OverLimit(Quota)` when what is kept
/// in other ways leaves no room.
pub(super) fn add(tx: &mut Tx<'_>, file: &File, rolling: Rolling, quota: u64) -> Result<()> {
    let most = most(tx, file.owner, rolling, quota)?;
    if file.size > most {
        return Err(Error::OverLimit(Limit::Quota));
    }
    remove_oldest(tx, file.owner, (file.size, most), usize::MAX)?;
    let ends_at = rolling.life_s.map(|life| file.created_at.plus_seconds(life));
    ROLLING_BY_ACCOUNT.put(tx, &(file.owner, file.id), &Rolled { bytes: file.size, ends_at })?;
    if let Some(at) = ends_at {
        FILES_BY_END.put(tx, &(at, file.id), &())?;
    }
    count(tx, file.owner, |used| used.with(file.size))
}

/// Stops counting a file, if it is one that gives way.
pub(super) fn forget(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    let Some(rolled) = ROLLING_BY_ACCOUNT.get(tx, &(file.owner, file.id))? else { return Ok(()) };
    ROLLING_BY_ACCOUNT.remove(tx, &(file.owner, file.id))?;
    if let Some(at) = rolled.ends_at {
        FILES_BY_END.remove(tx, &(at, file.id))?;
    }
    count(tx, file.owner, |used| used.without(rolled.bytes))
}

/// Removes files whose time is over, as many as one command may; says how many. Safe to repeat until it says 0.
pub(super) fn expire(core: &Core) -> Result<usize> {
    let now = core.now();
    let ended = core.read(|view| due(view, &FILES_BY_END, now, 1))?;
    if ended.is_empty() {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        let ended = due(tx, &FILES_BY_END, now, SWEEP_FILES_PER_WRITE)?;
        for (at, id) in &ended {
            match FILE_BY_ID.get(tx, id)? {
                Some(file) => record::remove(tx, &file)?,
                None => FILES_BY_END.remove(tx, &(*at, *id))?,
            }
        }
        Ok(ended.len())
    })
}

/// Bytes that files which give way may take: their own limit, or what the others leave of the quota.
fn most(r: &impl Read, owner: AccountId, rolling: Rolling, quota: u64) -> Result<u64> {
    let used = USED_BY_ACCOUNT.get(r, &owner)?.unwrap_or_default();
    let others = used.bytes.saturating_sub(bytes(r, owner)?).saturating_add(used.reserved);
    Ok(rolling.bytes.min(quota.saturating_sub(others)))
}

/// Removes the oldest until `size` more bytes fit into `most`, at most so many of them; says whether it had to stop before.
fn remove_oldest(tx: &mut Tx<'_>, owner: AccountId, (size, most): (u64, u64), at_once: usize) -> Result<bool> {
    let mut left = at_once;
    while bytes(tx, owner)?.saturating_add(size) > most {
        let Some(((_, oldest), _)) = ROLLING_BY_ACCOUNT.first(tx, &owner)? else { return Ok(false) };
        if left == 0 {
            return Ok(true);
        }
        left -= 1;
        match FILE_BY_ID.get(tx, &oldest)? {
            Some(file) => record::remove(tx, &file)?,
            None => ROLLING_BY_ACCOUNT.remove(tx, &(owner, oldest))?,
        }
    }
    Ok(false)
}

fn count(tx: &mut Tx<'_>, owner: AccountId, change: impl FnOnce(Used) -> Used) -> Result<()> {
    let used = change(ROLLED_BY_ACCOUNT.get(tx, &owner)?.unwrap_or_default());
    if used == Used::default() {
        return Ok(ROLLED_BY_ACCOUNT.remove(tx, &owner)?);
    }
    Ok(ROLLED_BY_ACCOUNT.put(tx, &owner, &used)?)
}
