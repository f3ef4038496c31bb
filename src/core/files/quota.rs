//! What an account may keep, exactly: complete files and promised ones are counted in a row of the same transaction, bytes that
//! are streaming in are held in memory.
//!
//! A hold is taken under one lock that also reads the row, and given back only after the row counts the bytes. So parallel
//! uploads may be counted twice for a moment, but never not at all.
use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::caller::Caller;
use crate::error::{Error, Limit, Reason, Result};
use crate::files::file::Used;
use crate::files::rolling;
use crate::ids::{AccountId, UploadId};
use crate::limits::UPLOADS_STREAMING_MAX;
use crate::schema;
use crate::{Core, Tx};

/// What a caller keeps, against what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of complete files.
    pub bytes: u64,
    /// Bytes promised to uploads that are under way.
    pub reserved: u64,
    /// How many files.
    pub count: u64,
    /// How many bytes are allowed.
    pub quota_bytes: u64,
}

/// What is going on with files right now; lost on a restart, and rightly so.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    holds: Mutex<HashMap<AccountId, Held>>,
    pieces: Mutex<HashSet<UploadId>>,
    piece_done: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    bytes: u64,
    count: usize,
}

impl Desk {
    fn holds(&self) -> MutexGuard<'_, HashMap<AccountId, Held>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pieces(&self) -> MutexGuard<'_, HashSet<UploadId>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that are kept free for an upload until it is dropped.
pub(super) struct Hold {
    core: Core,
    account: AccountId,
    bytes: u64,
    rolls: bool,
}

impl Hold {
    /// Begins with this many bytes; files that give way count as free space for one that `rolls`. Fails with `OverLimit(Quota)`, or
    /// `OverLimit(Uploads)` when too many are streaming in.
    pub(super) fn take(core: &Core, account: AccountId, bytes: u64, rolls: bool) -> Result<Self> {
        {
            let mut holds = core.desk().holds();
            let held = holds.entry(account).or_default();
            if held.count >= UPLOADS_STREAMING_MAX {
                return Err(Error::OverLimit(Limit::Uploads));
            }
            held.count += 1;
        }
        // From here on dropping it gives everything back, also when growing fails.
        let mut hold = Self { core: core.clone(), account, bytes: 0, rolls };
        hold.grow(bytes)?;
        Ok(hold)
    }

    /// How much is held.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Holds this many bytes more. Fails with `OverLimit(Quota)` and holds what it held.
    pub(super) fn grow(&mut self, more: u64) -> Result<()> {
        self.grow_sparing(more, 0)
    }

    /// As `grow`, but leaves at least `spare` bytes of the quota to others.
    pub(super) fn grow_sparing(&mut self, more: u64, spare: u64) -> Result<()> {
        let quota = self.core.settings().files.quota_bytes;
        let mut holds = self.core.desk().holds();
        // Read under the lock: an upload that completes meanwhile shows in the row, in the hold or in both, never in none.
        let used = self.core.read(|view| schema::USED_BY_ACCOUNT.get(view, &self.account))?.unwrap_or_default();
        let rolled = if self.rolls { self.core.read(|view| rolling::bytes(view, self.account))? } else { 0 };
        let held = holds.entry(self.account).or_default();
        let wanted = [used.bytes.saturating_sub(rolled), used.reserved, held.bytes, more]
            .into_iter()
            .fold(0, u64::saturating_add);
        if wanted.saturating_add(spare) > quota {
            return Err(Error::OverLimit(Limit::Quota));
        }
        held.bytes = held.bytes.saturating_add(more);
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = self.core.desk().holds();
        if let Some(held) = holds.get_mut(&self.account) {
            held.bytes = held.bytes.saturating_sub(self.bytes);
            held.count = held.count.saturating_sub(1);
            if held.count == 0 {
                holds.remove(&self.account);
            }
        }
    }
}

/// The right to touch an upload's body; one at a time.
pub(super) struct Turn {
    core: Core,
    upload: UploadId,
}

impl Turn {
    /// Fails with `Refused(InUse)` while somebody else has it.
    pub(super) fn take(core: &Core, upload: UploadId) -> Result<Self> {
        if !core.desk().pieces().insert(upload) {
            return Err(Error::Refused(Reason::InUse));
        }
        Ok(Self { core: core.clone(), upload })
    }

    /// Waits until nobody else has it: for work that ends soon by itself and holds no other turn.
    pub(super) fn wait(core: &Core, upload: UploadId) -> Self {
        let desk = core.desk();
        let mut pieces = desk.pieces();
        while !pieces.insert(upload) {
            pieces = desk.piece_done.wait(pieces).unwrap_or_else(PoisonError::into_inner);
        }
        Self { core: core.clone(), upload }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.core.desk().pieces().remove(&self.upload);
        self.core.desk().piece_done.notify_all();
    }
}

/// What the caller keeps and may keep.
pub fn usage(core: &Core, caller: &Caller) -> Result<Usage> {
    let account = caller.require_account()?;
    let used = core.read(|view| schema::USED_BY_ACCOUNT.get(view, &account))?.unwrap_or_default();
    let held = core.desk().holds().get(&account).map_or(0, |held| held.bytes);
    Ok(Usage {
        bytes: used.bytes,
        reserved: used.reserved.saturating_add(held),
        count: used.count,
        quota_bytes: core.settings().files.quota_bytes,
    })
}

/// Changes an account's count. A count that would go below nothing is a fault of ours and stops at nothing.
pub(super) fn change(tx: &mut Tx<'_>, account: AccountId, change: impl FnOnce(Used) -> Used) -> Result<()> {
    let used = schema::USED_BY_ACCOUNT.get(tx, &account)?.unwrap_or_default();
    let used = change(used);
    if used == Used::default() {
        schema::USED_BY_ACCOUNT.remove(tx, &account)?;
    } else {
        schema::USED_BY_ACCOUNT.put(tx, &account, &used)?;
    }
    Ok(())
}

impl Used {
    /// With this many bytes more promised.
    pub(super) fn reserve(self, bytes: u64) -> Self {
        Self { reserved: self.reserved.saturating_add(bytes), ..self }
    }

    /// With this many bytes fewer promised.
    pub(super) fn release(self, bytes: u64) -> Self {
        Self { reserved: self.reserved.saturating_sub(bytes), ..self }
    }

    /// With one more file of this length.
    pub(super) fn with(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), count: self.count.saturating_add(1), ..self }
    }

    /// With one file of this length fewer.
    pub(super) fn without(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_sub(bytes), count: self.count.saturating_sub(1), ..self }
    }
}
