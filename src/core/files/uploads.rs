//! A file in pieces, for lines that break: each piece is appended exactly where the last one ended and is safe on disk before
//! its arrival is recorded. After a crash the body is cut back to what was recorded, so a piece counts whole or not at all.
//!
//! The space of the whole file is promised at the beginning. An upload that nobody continues is given up after
//! `UPLOAD_IDLE_S`; one upload is touched by one caller at a time.
use chatelaine_store::{BlobError, Order, PartWriter};

use super::file::{Digest, File, NewFile, Upload};
use super::quota::{self, Hold, Turn};
use super::record::{self, Draft};
use super::upload::{require_member, second_hash};
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::ids::{AccountId, UploadId};
use crate::limits::{FILE_HEAD_BYTES, PAGE_ITEMS_MAX, UPLOAD_IDLE_S, UPLOADS_PER_ACCOUNT_MAX};
use crate::{Stamp, Tx, schema};

/// A piece that is being received.
pub struct Chunk {
    core: Core,
    caller: Caller,
    upload: Upload,
    part: PartWriter,
    length: u64,
    turn: Turn,
}

/// Begins an upload and promises its space.
///
/// Fails with `Invalid(Size, Empty)` without a length, `OverLimit` of `FileBytes`, `Quota` or `Uploads`, `Refused(NotAMember)` for a
/// room that the caller is not in, `Refused(Muted)` for one where he may not speak.
pub fn begin(core: &Core, caller: &Caller, new: NewFile) -> Result<Upload> {
    let owner = caller.require_account()?;
    core.read(|view| require_member(view, owner, new.room, core.now()))?;
    let size = new.size.ok_or(Error::Invalid(Field::Size, Flaw::Empty))?;
    if size > core.settings().files.upload_bytes {
        return Err(Error::OverLimit(Limit::FileBytes));
    }
    // The hold stands in for the promise until the promise is a row.
    let hold = Hold::take(core, owner, size, false)?;
    let now = core.now();
    let upload = core.write(caller, move |tx| {
        let open = schema::UPLOADS_BY_ACCOUNT.count(tx, &owner, UPLOADS_PER_ACCOUNT_MAX)?;
        if open >= UPLOADS_PER_ACCOUNT_MAX {
            return Err(Error::OverLimit(Limit::Uploads));
        }
        let upload = Upload {
            id: UploadId::new(tx.count_up(&schema::UPLOADS)?),
            owner,
            name: new.name.clone(),
            size,
            received: 0,
            room: new.room,
            purpose: new.purpose,
            declared: new.declared.clone().filter(|word| word.len() <= crate::limits::MEDIA_TYPE_BYTES_MAX),
            second: new.second,
            created_at: now,
            expires_at: now.plus_seconds(UPLOAD_IDLE_S),
        };
        schema::UPLOAD_BY_ID.put(tx, &upload.id, &upload)?;
        schema::UPLOADS_BY_ACCOUNT.put(tx, &(owner, upload.id), &())?;
        quota::change(tx, owner, |used| used.reserve(size))?;
        Ok(upload)
    });
    drop(hold);
    let upload = upload?;
    // Row first: a part without a row is cleared away, and a row without a part has received nothing yet.
    if let Err(error) = core.blobs().begin_part(upload.id.get()) {
        give_up(core, upload.id)?;
        return Err(error.into());
    }
    Ok(upload)
}

/// How far an upload has come. Fails with `NotFound(Upload)` also for somebody else's.
pub fn get(core: &Core, caller: &Caller, id: UploadId) -> Result<Upload> {
    let account = caller.require_account()?;
    let upload = core.read(|view| Ok::<_, Error>(schema::UPLOAD_BY_ID.get(view, &id)?))?;
    own(upload, account, core.now())
}

/// Begins to receive the next piece. Fails with `Invalid(Offset, Mismatch)` unless it begins where the last one ended, with
/// `Refused(InUse)` while another piece of the same upload is coming in.
pub fn chunk(core: &Core, caller: &Caller, id: UploadId, offset: u64) -> Result<Chunk> {
    let turn = Turn::take(core, id)?;
    let upload = get(core, caller, id)?;
    if upload.received != offset {
        return Err(Error::Invalid(Field::Offset, Flaw::Mismatch));
    }
    // Bytes beyond the recorded length belong to a piece that never completed; they are cut off here.
    match core.blobs().cut_part(id.get(), upload.received) {
        // A crash came between the row and its part.
        Err(BlobError::NoPart) if upload.received == 0 => core.blobs().begin_part(id.get())?,
        cut => cut?,
    }
    let part = core.blobs().append_part(id.get(), upload.received, upload.size)?;
    Ok(Chunk { core: core.clone(), caller: caller.clone(), upload, part, length: 0, turn })
}

impl Chunk {
    /// Takes the next bytes of the piece. Fails with `Invalid(Size, Mismatch)` when the file would become longer than announced.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.upload.received.saturating_add(length) > self.upload.size {
            return Err(Error::Invalid(Field::Size, Flaw::Mismatch));
        }
        self.part.write(bytes)?;
        self.length = length;
        Ok(())
    }

    /// Makes the piece durable and records it. Call it also when the line broke: what came is kept.
    pub fn finish(self) -> Result<Upload> {
        let Self { core, caller, upload, part, length, turn } = self;
        part.done()?;
        let now = core.now();
        let (id, before) = (upload.id, upload.received);
        let recorded = core.write(&caller, move |tx| {
            let mut upload = schema::UPLOAD_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::Upload))?;
            if upload.received != before {
                return Err(Error::Invalid(Field::Offset, Flaw::Mismatch));
            }
            upload.received = before.saturating_add(length);
            upload.expires_at = now.plus_seconds(UPLOAD_IDLE_S);
            schema::UPLOAD_BY_ID.put(tx, &id, &upload)?;
            Ok(upload)
        });
        drop(turn);
        recorded
    }
}

/// Turns a complete upload into a file. Fails with `Refused(Incomplete)` while bytes are missing; may be repeated after a crash.
pub fn finish(core: &Core, caller: &Caller, id: UploadId) -> Result<File> {
    let turn = Turn::take(core, id)?;
    let upload = get(core, caller, id)?;
    if upload.received != upload.size {
        return Err(Error::Refused(Reason::Incomplete));
    }
    // Asked before the body is read through once more, and again when the row is written.
    core.read(|view| require_member(view, upload.owner, upload.room, core.now()))?;
    // The part stays until the row stands, so a crash in between costs nothing.
    let body = core.blobs().finish_part(id.get(), second_hash(upload.second))?;
    if body.bytes != upload.size {
        return Err(Error::internal(&"the part of an upload has another length than its row"));
    }
    let head = core.blobs().get(&body.hash)?.ok_or(Error::NotFound(Thing::Upload))?.range(0, FILE_HEAD_BYTES)?;
    let draft = Draft {
        name: upload.name,
        owner: upload.owner,
        room: upload.room,
        purpose: upload.purpose,
        declared: upload.declared,
        blob: body.hash,
        size: upload.size,
        digest: Digest::of(upload.second, body.second),
        head,
        rolling: None,
        quota_bytes: 0,
    };
    let now = core.now();
    let file = core.write(caller, move |tx| {
        let upload = schema::UPLOAD_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::Upload))?;
        require_member(tx, draft.owner, draft.room, now)?;
        forget(tx, &upload)?;
        record::add(tx, &draft, now)
    });
    if file.is_ok() {
        core.blobs().drop_part(id.get())?;
    }
    drop(turn);
    file
}

/// Gives an upload up and its space back. Fails with `Refused(InUse)` while a piece is coming in.
pub fn cancel(core: &Core, caller: &Caller, id: UploadId) -> Result<()> {
    let turn = Turn::take(core, id)?;
    get(core, caller, id)?;
    let gone = give_up(core, id);
    drop(turn);
    gone
}

/// Gives up what nobody continued; says how many. Safe to repeat.
pub fn expire(core: &Core) -> Result<usize> {
    let mut after = None;
    let mut count = 0;
    loop {
        let page =
            core.read(|view| schema::UPLOAD_BY_ID.list(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (id, upload) in &page {
            // One that is being continued at this moment is not idle, whatever its row says.
            if upload.expires_at <= core.now()
                && let Ok(turn) = Turn::take(core, *id)
            {
                give_up(core, *id)?;
                count += 1;
                drop(turn);
            }
        }
    }
    Ok(count)
}

fn give_up(core: &Core, id: UploadId) -> Result<()> {
    core.write(&Caller::system(), move |tx| match schema::UPLOAD_BY_ID.get(tx, &id)? {
        Some(upload) => forget(tx, &upload),
        None => Ok(()),
    })?;
    // Row first: a body without a row is cleared away later, a row without a body would lie.
    core.blobs().drop_part(id.get())?;
    Ok(())
}

fn forget(tx: &mut Tx<'_>, upload: &Upload) -> Result<()> {
    schema::UPLOAD_BY_ID.remove(tx, &upload.id)?;
    schema::UPLOADS_BY_ACCOUNT.remove(tx, &(upload.owner, upload.id))?;
    quota::change(tx, upload.owner, |used| used.release(upload.size))
}

fn own(upload: Option<Upload>, account: AccountId, now: Stamp) -> Result<Upload> {
    upload.filter(|upload| upload.owner == account && upload.expires_at > now).ok_or(Error::NotFound(Thing::Upload))
}
