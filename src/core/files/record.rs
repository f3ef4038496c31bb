//! The rows of a file: all of them are written and removed here, so that the references of a body, the lists and the count of
//! the account cannot disagree.
use chatelaine_store::{BlobHash, Order, Read};

use super::file::{Digest, File, FileName, Purpose, Second};
use super::kind;
use super::quota;
use super::rolling::{self, Rolling};
use super::sha3;
use crate::error::{Error, Result, Thing};
use crate::ids::{AccountId, FileId, Offset, RoomId};
use crate::limits::FILE_USES_REMOVED_MAX;
use crate::machines::evidence;
use crate::schema;
use crate::{Stamp, Tx, accounts};

/// A received body and everything said about it, on its way to becoming a file.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: FileName,
    pub(super) owner: AccountId,
    pub(super) room: Option<RoomId>,
    pub(super) purpose: Purpose,
    pub(super) declared: Option<String>,
    pub(super) blob: BlobHash,
    pub(super) size: u64,
    pub(super) digest: Option<Digest>,
    /// The first bytes of the body, from which its type is told.
    pub(super) head: Vec<u8>,
    /// How it gives way, if it does.
    pub(super) rolling: Option<Rolling>,
    /// What the owner may keep; asked for only where it gives way.
    pub(super) quota_bytes: u64,
}

/// Writes the rows of a new file and counts it. Fails with `NotFound(Account)` or `Refused(AccountClosed)` when its owner went
/// while the bytes came in.
pub(super) fn add(tx: &mut Tx<'_>, draft: &Draft, now: Stamp) -> Result<File> {
    accounts::get_open(tx, draft.owner)?;
    let id = FileId::new(tx.count_up(&schema::FILES)?);
    let media_type = kind::decide(&draft.head, draft.declared.as_deref());
    let file = File {
        id,
        blob: draft.blob,
        digest: draft.digest,
        size: draft.size,
        name: draft.name.clone(),
        pixels: kind::pixels(&media_type, &draft.head),
        media_type,
        owner: draft.owner,
        room: draft.room,
        purpose: draft.purpose,
        created_at: now,
    };
    schema::FILE_BY_ID.put(tx, &id, &file)?;
    schema::FILES_BY_ACCOUNT.put(tx, &(file.owner, id), &())?;
    schema::FILES_BY_BLOB.put(tx, &(file.blob, id), &())?;
    if let Some(room) = file.room {
        schema::FILES_BY_ROOM.put(tx, &(room, id), &())?;
    }
    if let Some(digest) = file.digest.filter(|digest| digest.kind == Second::Sha3_256) {
        schema::SHA3_BY_BLOB.put(tx, &file.blob, &digest)?;
    }
    if let Some(rolling) = draft.rolling {
        rolling::add(tx, &file, rolling, draft.quota_bytes)?;
    }
    quota::change(tx, file.owner, |used| used.with(file.size))?;
    Ok(file)
}

/// Removes some files of an account that goes; says how many.
pub(crate) fn remove_some(tx: &mut Tx<'_>, owner: AccountId, most: usize) -> Result<usize> {
    let keys = schema::FILES_BY_ACCOUNT.keys(tx, &owner, None, Order::Ascending, most)?;
    for (_, id) in &keys {
        match schema::FILE_BY_ID.get(tx, id)? {
            Some(file) => remove(tx, &file)?,
            None => schema::FILES_BY_ACCOUNT.remove(tx, &(owner, *id))?,
        }
    }
    Ok(keys.len())
}

/// Removes the rows of a file and stops counting it; the body goes with the sweep when nothing else needs it.
pub(super) fn remove(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    schema::FILE_BY_ID.remove(tx, &file.id)?;
    schema::FILES_BY_ACCOUNT.remove(tx, &(file.owner, file.id))?;
    schema::FILES_BY_BLOB.remove(tx, &(file.blob, file.id))?;
    if let Some(room) = file.room {
        schema::FILES_BY_ROOM.remove(tx, &(room, file.id))?;
    }
    // A file sent more often than this leaves rows that nobody reads: its number is never given again.
    schema::MESSAGES_BY_FILE.remove_all(tx, &file.id, FILE_USES_REMOVED_MAX)?;
    evidence::forget_file(tx, file.id)?;
    sha3::forget(tx, file)?;
    rolling::forget(tx, file)?;
    quota::change(tx, file.owner, |used| used.without(file.size))
}

/// Gives a file that its owner sends into a room to the members of that room, and says what it is.
///
/// Fails with `NotFound(File)` when it is not the sender's own or belongs to another room already.
pub fn attach(tx: &mut Tx<'_>, sender: AccountId, room: RoomId, id: FileId) -> Result<File> {
    let hidden = Error::NotFound(Thing::File);
    let mut file = schema::FILE_BY_ID.get(tx, &id)?.filter(|file| file.owner == sender).ok_or(hidden)?;
    match file.room {
        Some(bound) if bound == room => Ok(file),
        Some(_) => Err(hidden),
        None => {
            file.room = Some(room);
            schema::FILE_BY_ID.put(tx, &id, &file)?;
            schema::FILES_BY_ROOM.put(tx, &(room, id), &())?;
            Ok(file)
        }
    }
}

/// Notes that a message shows a file, once the file was attached to its room.
pub fn note_use(tx: &mut Tx<'_>, id: FileId, room: RoomId, offset: Offset) -> Result<()> {
    Ok(schema::MESSAGES_BY_FILE.put(tx, &(id, room, offset), &())?)
}

/// Notes that a message shows a file no more. After the last one the file is its owner's alone again: what was taken back
/// shall not be fetched by its number.
pub fn drop_use(tx: &mut Tx<'_>, id: FileId, room: RoomId, offset: Offset) -> Result<()> {
    schema::MESSAGES_BY_FILE.remove(tx, &(id, room, offset))?;
    if schema::MESSAGES_BY_FILE.first(tx, &(id, room))?.is_some() {
        return Ok(());
    }
    match schema::FILE_BY_ID.get(tx, &id)?.filter(|file| file.room == Some(room)) {
        Some(file) => take_back(tx, room, file),
        None => Ok(()),
    }
}

/// Takes a file from the members of a room: it is its owner's alone again.
pub(super) fn take_back(tx: &mut Tx<'_>, room: RoomId, file: File) -> Result<()> {
    schema::FILES_BY_ROOM.remove(tx, &(room, file.id))?;
    Ok(schema::FILE_BY_ID.put(tx, &file.id, &File { room: None, ..file })?)
}

/// Removes a file by its number, if there is one.
pub(crate) fn remove_one(tx: &mut Tx<'_>, id: FileId) -> Result<()> {
    match schema::FILE_BY_ID.get(tx, &id)? {
        Some(file) => remove(tx, &file),
        None => Ok(()),
    }
}

/// From now on a file gives way to no other and does not end by itself.
pub(crate) fn keep_for_good(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    rolling::forget(tx, file)
}

/// Whether any file has this body.
pub(super) fn is_referenced(r: &impl Read, blob: &BlobHash) -> Result<bool> {
    Ok(schema::FILES_BY_BLOB.first(r, blob)?.is_some())
}

impl Digest {
    /// The digest of the wanted kind.
    pub(super) fn of(second: Option<Second>, bytes: Option<[u8; 32]>) -> Option<Self> {
        Some(Self { kind: second?, bytes: bytes? })
    }
}
