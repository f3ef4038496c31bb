//! A file in numbered pieces that come in any order, with gaps and again: what some protocols need where a stream cannot be sent.
//! Each piece is appended to one part and is safe on disk before a row says where it lies; at the end they are joined by number.
//!
//! A piece that comes again takes the place of the earlier one, and only the difference is counted. Whoever finishes an upload uses it
//! up, whatever comes of it.

use chatelaine_store::{Body, Order, Row, UploadOptions};
use serde::{Deserialize, Serialize};

use super::file::{Digest, File, FileName, NewFile, Purpose, Second};
use super::quota::{self, Hold, Turn};
use super::record::{self, Draft};
use super::rolling::{self, Rolling};
use super::upload::{Terms, require_fitting, require_member};
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Result, Right, Thing};
use crate::ids::{AccountId, RoomId, UploadId};
use crate::limits::{
    FILE_HEAD_BYTES, PAGE_ITEMS_MAX, UPLOAD_HOLD_STEP_BYTES, UPLOAD_IDLE_S, UPLOAD_PIECES_MAX, UPLOADS_PER_ACCOUNT_MAX,
};
use crate::schema::{PIECE_BY_NUMBER, PIECED_BY_ID, UPLOADS, UPLOADS_BY_ACCOUNT};
use crate::{Core, Stamp, Tx};

/// How much is read at once while the pieces are joined.
const PORTION_BYTES: usize = 256 * 1024;

/// An upload in numbered pieces that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieced {
    /// Its number.
    pub id: UploadId,
    /// Who uploads.
    pub owner: AccountId,
    /// What the file will be called.
    pub name: FileName,
    /// How long it will be.
    pub size: u64,
    /// The room whose members shall read it.
    pub room: Option<RoomId>,
    /// The hash that it must have.
    pub sha3: Option<[u8; 32]>,
    /// How it gives way.
    pub rolling: Option<Rolling>,
    /// Bytes of its pieces, each number once.
    pub received: u64,
    /// Bytes of its part, replaced pieces included.
    pub stored: u64,
    /// How many pieces there are.
    pub pieces: u32,
    /// When it is given up unless another piece arrives.
    pub expires_at: Stamp,
}

impl Row for Pieced {}

/// Where a piece lies in the part of its upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its first byte.
    pub at: u64,
    /// Its length.
    pub bytes: u64,
}

impl Row for Piece {}

/// Begins an upload and promises its space. Fails like [`super::begin_with`], with `Invalid(Size, Empty)` without a length, with
/// `OverLimit(Uploads)` when too many are under way.
pub fn begin(core: &Core, caller: &Caller, new: NewFile, terms: Terms) -> Result<UploadId> {
    let owner = caller.require_account()?;
    let size = new.size.ok_or(Error::Invalid(Field::Size, Flaw::Empty))?;
    require_fitting(core, size, terms.rolling)?;
    core.read(|view| require_member(view, owner, new.room, core.now()))?;
    let hold = Hold::take(core, owner, size, terms.rolling.is_some())?;
    let now = core.now();
    let begun = core.write(caller, move |tx| {
        if UPLOADS_BY_ACCOUNT.count(tx, &owner, UPLOADS_PER_ACCOUNT_MAX)? >= UPLOADS_PER_ACCOUNT_MAX {
            return Err(Error::OverLimit(Limit::Uploads));
        }
        let id = UploadId::new(tx.count_up(&UPLOADS)?);
        let upload = Pieced {
            id,
            owner,
            name: new.name.clone(),
            size,
            room: new.room,
            sha3: terms.sha3,
            rolling: terms.rolling,
            received: 0,
            stored: 0,
            pieces: 0,
            expires_at: now.plus_seconds(UPLOAD_IDLE_S),
        };
        PIECED_BY_ID.put(tx, &id, &upload)?;
        UPLOADS_BY_ACCOUNT.put(tx, &(owner, id), &())?;
        quota::change(tx, owner, |used| used.reserve(size))?;
        Ok(id)
    });
    drop(hold);
    let id = begun?;
    // Row first: a part without a row is cleared away, and a row without a part is given up.
    if let Err(error) = core.blobs().begin_part(id.get()) {
        give_up(core, id)?;
        return Err(error.into());
    }
    Ok(id)
}

/// Takes a piece in; says how many bytes there are now, each number counted once.
///
/// Fails with `NotFound(Upload)`, `Denied(OtherAccount)`, `OverLimit(Uploads)` after too many pieces. More bytes than announced are
/// `Invalid(Size, Mismatch)` and the end of the upload.
pub fn put(core: &Core, caller: &Caller, id: UploadId, number: u64, bytes: &[u8]) -> Result<u64> {
    let turn = Turn::wait(core, id);
    let upload = own(core, caller, id)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let old = core.read(|view| PIECE_BY_NUMBER.get(view, &(id, number)))?;
    let received = upload.received.saturating_sub(old.map_or(0, |old| old.bytes)).saturating_add(length);
    if received > upload.size {
        give_up(core, id)?;
        return Err(Error::Invalid(Field::Size, Flaw::Mismatch));
    }
    if old.is_none() && upload.pieces >= UPLOAD_PIECES_MAX {
        return Err(Error::OverLimit(Limit::Uploads));
    }
    // Pieces that come again cost space until the end; some of that is a client's good right, more is not.
    let most = upload.size.saturating_mul(2).saturating_add(UPLOAD_HOLD_STEP_BYTES);
    core.blobs().cut_part(id.get(), upload.stored)?;
    let mut part = core.blobs().append_part(id.get(), upload.stored, most)?;
    part.write(bytes)?;
    part.done()?;
    let now = core.now();
    core.write(caller, move |tx| {
        let upload = PIECED_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::Upload))?;
        PIECE_BY_NUMBER.put(tx, &(id, number), &Piece { at: upload.stored, bytes: length })?;
        let pieces = upload.pieces.saturating_add(u32::from(old.is_none()));
        let stored = upload.stored.saturating_add(length);
        let expires_at = now.plus_seconds(UPLOAD_IDLE_S);
        PIECED_BY_ID.put(tx, &id, &Pieced { received, stored, pieces, expires_at, ..upload })?;
        Ok(())
    })?;
    drop(turn);
    Ok(received)
}

/// Joins the pieces to a file. Fails with `NotFound(Upload)` or `Denied(OtherAccount)`; with `Invalid(Size | Digest, Mismatch)` when they
/// are not what was announced, with `OverLimit(Quota)`, or like [`super::begin_with`] for the room. The upload is used up then, too.
pub fn finish(core: &Core, caller: &Caller, id: UploadId) -> Result<File> {
    let turn = Turn::wait(core, id);
    let upload = own(core, caller, id)?;
    let file = join(core, caller, &upload);
    match &file {
        Ok(_) => core.blobs().drop_part(id.get())?,
        Err(_) => give_up(core, id)?,
    }
    drop(turn);
    file
}

/// Gives an upload up and its space back. Fails with `NotFound(Upload)` or `Denied(OtherAccount)`.
pub fn cancel(core: &Core, caller: &Caller, id: UploadId) -> Result<()> {
    let turn = Turn::wait(core, id);
    own(core, caller, id)?;
    let gone = give_up(core, id);
    drop(turn);
    gone
}

/// Gives up what nobody continued; says how many. Safe to repeat.
pub(super) fn expire(core: &Core) -> Result<usize> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = core.read(|view| PIECED_BY_ID.list(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        after = Some(*last);
        for (id, _) in page.iter().filter(|(_, upload)| upload.expires_at <= core.now()) {
            // One that is being continued at this moment is not idle, whatever its row says.
            if let Ok(turn) = Turn::take(core, *id) {
                give_up(core, *id)?;
                count += 1;
                drop(turn);
            }
        }
    }
}

fn own(core: &Core, caller: &Caller, id: UploadId) -> Result<Pieced> {
    let (account, now) = (caller.require_account()?, core.now());
    let upload = core.read(|view| PIECED_BY_ID.get(view, &id))?;
    let upload = upload.filter(|upload| upload.expires_at > now).ok_or(Error::NotFound(Thing::Upload))?;
    if upload.owner == account { Ok(upload) } else { Err(Error::Denied(Right::OtherAccount)) }
}

fn join(core: &Core, caller: &Caller, upload: &Pieced) -> Result<File> {
    if upload.received != upload.size {
        return Err(Error::Invalid(Field::Size, Flaw::Mismatch));
    }
    core.read(|view| require_member(view, upload.owner, upload.room, core.now()))?;
    let second = Some(Second::Sha3_256);
    let options = UploadOptions { bytes_max: upload.size, second: super::upload::second_hash(second) };
    let mut whole = core.blobs().upload(options)?;
    let part = core.blobs().open_part(upload.id.get())?.ok_or(Error::NotFound(Thing::Upload))?;
    let head = copy(core, upload.id, &part, |bytes| Ok(whole.write(bytes)?))?;
    let body = match &upload.sha3 {
        Some(sha3) => whole.finish_expecting(sha3)?,
        None => whole.finish()?,
    };
    let draft = Draft {
        name: upload.name.clone(),
        owner: upload.owner,
        room: upload.room,
        purpose: Purpose::Plain,
        declared: None,
        blob: body.hash,
        size: body.bytes,
        digest: Digest::of(second, body.second),
        head,
        rolling: upload.rolling,
        quota_bytes: core.settings().files.quota_bytes,
    };
    if let Some(rolling) = upload.rolling {
        rolling::make_room(core, caller, upload.owner, (body.bytes, rolling))?;
    }
    let (id, now) = (upload.id, core.now());
    core.write(caller, move |tx| {
        let upload = PIECED_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::Upload))?;
        require_member(tx, draft.owner, draft.room, now)?;
        forget(tx, &upload)?;
        record::add(tx, &draft, now)
    })
}

/// Hands out all pieces by rising number; gives the beginning of the whole back.
fn copy(core: &Core, id: UploadId, part: &Body, mut to: impl FnMut(&[u8]) -> Result<()>) -> Result<Vec<u8>> {
    let (mut head, mut after) = (Vec::new(), None);
    loop {
        let page =
            core.read(|view| PIECE_BY_NUMBER.list(view, &id, after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some((last, _)) = page.last() else { return Ok(head) };
        after = Some(*last);
        for (_, piece) in &page {
            copy_piece(part, *piece, |bytes| {
                let room = FILE_HEAD_BYTES.saturating_sub(head.len()).min(bytes.len());
                head.extend_from_slice(bytes.get(..room).unwrap_or_default());
                to(bytes)
            })?;
        }
    }
}

fn copy_piece(part: &Body, piece: Piece, mut to: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let (mut at, end) = (piece.at, piece.at.saturating_add(piece.bytes));
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let portion = part.range(at, left.min(PORTION_BYTES))?;
        if portion.is_empty() {
            return Err(Error::internal(&"a part is shorter than its pieces"));
        }
        at = at.saturating_add(portion.len() as u64);
        to(&portion)?;
    }
    Ok(())
}

fn give_up(core: &Core, id: UploadId) -> Result<()> {
    core.write(&Caller::system(), move |tx| match PIECED_BY_ID.get(tx, &id)? {
        Some(upload) => forget(tx, &upload),
        None => Ok(()),
    })?;
    // Row first: a part without a row is cleared away later, a row without a part would lie.
    Ok(core.blobs().drop_part(id.get())?)
}

fn forget(tx: &mut Tx<'_>, upload: &Pieced) -> Result<()> {
    PIECED_BY_ID.remove(tx, &upload.id)?;
    UPLOADS_BY_ACCOUNT.remove(tx, &(upload.owner, upload.id))?;
    PIECE_BY_NUMBER.remove_all(tx, &upload.id, usize::MAX)?;
    quota::change(tx, upload.owner, |used| used.release(upload.size))
}
