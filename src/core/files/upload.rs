//! A file in one stream: bytes in, hashed and counted on the way, a file at the end.
//!
//! Order: the body is durable under its name, then the row goes through the commit line. Dropping the handle before `finish` leaves
//! nothing behind. Everything here blocks; a dialect feeds it from a blocking thread.
use chatelaine_store::{Read, SecondHash, Upload as Body, UploadOptions};

use super::file::{Digest, File, NewFile, Second};
use super::quota::Hold;
use super::record::{self, Draft};
use super::rolling::{self, Rolling};
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Result};
use crate::ids::{AccountId, RoomId};
use crate::limits::{FILE_HEAD_BYTES, UPLOAD_HOLD_STEP_BYTES};
use crate::{Stamp, rooms, schema};

/// What a file is held to that comes by a protocol with rules of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The SHA3-256 that it must have; the second hash must be that one then.
    pub sha3: Option<[u8; 32]>,
    /// How it gives way to later ones.
    pub rolling: Option<Rolling>,
}

/// A file that is being received.
pub struct Receiving {
    core: Core,
    caller: Caller,
    owner: AccountId,
    new: NewFile,
    terms: Terms,
    body: Body,
    head: Vec<u8>,
    received: u64,
    hold: Hold,
}

/// Begins to receive a file.
///
/// Fails with `OverLimit(FileBytes)` or `OverLimit(Quota)` when its stated length cannot fit, with `Refused(NotAMember)` when the
/// caller is not in the room.
pub fn begin(core: &Core, caller: &Caller, new: NewFile) -> Result<Receiving> {
    begin_with(core, caller, new, Terms::default())
}

/// As [`begin`], on these terms. Fails with `OverLimit(Quota)` also when it is longer than all that gives way together.
pub fn begin_with(core: &Core, caller: &Caller, new: NewFile, terms: Terms) -> Result<Receiving> {
    let owner = caller.require_account()?;
    let size = new.size.unwrap_or(0);
    require_fitting(core, size, terms.rolling)?;
    core.read(|view| require_member(view, owner, new.room, core.now()))?;
    let hold = Hold::take(core, owner, size, terms.rolling.is_some())?;
    let options = UploadOptions { bytes_max: core.settings().files.upload_bytes, second: second_hash(new.second) };
    let body = core.blobs().upload(options)?;
    let (core, caller) = (core.clone(), caller.clone());
    Ok(Receiving { core, caller, owner, new, terms, body, head: Vec::new(), received: 0, hold })
}

/// Fails with `OverLimit(FileBytes | Quota)` when a file of this length could never be kept.
pub(super) fn require_fitting(core: &Core, size: u64, rolling: Option<Rolling>) -> Result<()> {
    let files = &core.settings().files;
    if size > files.upload_bytes {
        return Err(Error::OverLimit(Limit::FileBytes));
    }
    if rolling.is_some_and(|rolling| size > rolling.bytes.min(files.quota_bytes)) {
        return Err(Error::OverLimit(Limit::Quota));
    }
    Ok(())
}

impl Receiving {
    /// Takes the next bytes. After a failure the upload can only be dropped.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let received = self.received.saturating_add(length);
        if self.new.size.is_some_and(|size| received > size) {
            return Err(Error::Invalid(Field::Size, Flaw::Mismatch));
        }
        let most = self.core.settings().files.upload_bytes;
        if received > most {
            return Err(Error::OverLimit(Limit::FileBytes));
        }
        self.hold_for(received)?;
        let room = FILE_HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.body.write(bytes)?;
        self.received = received;
        Ok(())
    }

    /// Completes the file. Fails with `Invalid(Size, Mismatch)` when fewer bytes came than were announced, with
    /// `Invalid(Digest, Mismatch)` when they are others.
    pub fn finish(self) -> Result<File> {
        let Self { core, caller, owner, new, terms, body, head, received, hold } = self;
        if new.size.is_some_and(|size| received != size) {
            return Err(Error::Invalid(Field::Size, Flaw::Mismatch));
        }
        // From here on the body is young, so the sweep leaves it alone until its row stands.
        let body = match &terms.sha3 {
            Some(sha3) => body.finish_expecting(sha3)?,
            None => body.finish()?,
        };
        let draft = Draft {
            name: new.name,
            owner,
            room: new.room,
            purpose: new.purpose,
            declared: new.declared,
            blob: body.hash,
            size: body.bytes,
            digest: Digest::of(new.second, body.second),
            head,
            rolling: terms.rolling,
            quota_bytes: core.settings().files.quota_bytes,
        };
        if let Some(rolling) = terms.rolling {
            rolling::make_room(&core, &caller, owner, (draft.size, rolling))?;
        }
        let now = core.now();
        let file = core.write(&caller, move |tx| {
            // Asked again: the caller may have left the room while the bytes came in.
            require_member(tx, draft.owner, draft.room, now)?;
            record::add(tx, &draft, now)
        });
        drop(hold);
        file
    }

    /// Holds more of the quota when the length was not announced: in steps while there is plenty, exactly when it runs short,
    /// so that one upload keeps no other out with bytes that never come.
    fn hold_for(&mut self, received: u64) -> Result<()> {
        let missing = received.saturating_sub(self.hold.bytes());
        if missing == 0 {
            return Ok(());
        }
        let step = UPLOAD_HOLD_STEP_BYTES.max(missing);
        let plenty = step.saturating_mul(8);
        self.hold.grow_sparing(step, plenty).or_else(|_| self.hold.grow(missing))
    }
}

/// Fails with `Refused(NotAMember)`, `NotFound(Room)` or `Refused(Muted)` unless the account may bring a file into this room.
pub(super) fn require_member(r: &impl Read, account: AccountId, room: Option<RoomId>, now: Stamp) -> Result<()> {
    let Some(room) = room else { return Ok(()) };
    if !schema::ROOMS_BY_ACCOUNT.has(r, &(account, room))? {
        return Err(rooms::members::outsider(r, room));
    }
    rooms::require_may_speak(r, now, room, account)
}

/// The store's word for a second hash.
pub(super) fn second_hash(second: Option<Second>) -> SecondHash {
    match second {
        None => SecondHash::Off,
        Some(Second::Sha256) => SecondHash::Sha256,
        Some(Second::Sha3_256) => SecondHash::Sha3,
    }
}
